package digitalconnect_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/features"
	"deskcheck/fixtures/connectors/reference"
	"deskcheck/steps"
)

// tellsSlowly is the variable that has the reference connector tell its users one thing at a time.
const tellsSlowly = "DESKCHECK_TEST_SLOW"

// lag is how long the slow connector takes for each thing that it tells a user.
const lag = 60 * time.Millisecond

// slow plays the reference connector behind a server that passes on one thing at a time of what its users are told: what belongs to one event comes in several pieces, as a page
// shows a notice and then that the chat is over. It is used as reference.Main is.
func slow(ctx context.Context, env func(string) string, _, stderr io.Writer) int {
	outlet, inlet := io.Pipe()
	behindIt := func(name string) string {
		if name == "CONNECTOR_LISTEN" {
			return "127.0.0.1:0"
		}
		return env(name)
	}
	go func() {
		lines := bufio.NewScanner(outlet)
		for lines.Scan() {
			_, address, found := strings.Cut(lines.Text(), "listens on ")
			behind, err := url.Parse(address)
			if !found || err != nil {
				continue
			}
			front, err := net.Listen("tcp", env("CONNECTOR_LISTEN"))
			if err != nil {
				_, _ = fmt.Fprintln(stderr, err)
				continue
			}
			proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind) }, ModifyResponse: oneAtATime}
			go func() { _ = (&http.Server{Handler: proxy, ReadHeaderTimeout: lag * 100}).Serve(front) }() // It ends with the process.
		}
	}()
	return reference.Main(ctx, behindIt, inlet, stderr)
}

// oneAtATime leaves the first of several events in an answer to who follows a user's, and takes its time for it.
func oneAtATime(r *http.Response) error {
	if r.Request.Method != http.MethodGet || !strings.HasSuffix(r.Request.URL.Path, "/events") || r.StatusCode != http.StatusOK {
		return nil
	}
	var news struct {
		Events []json.RawMessage `json:"events"`
	}
	if err := json.NewDecoder(r.Body).Decode(&news); err != nil {
		return err
	}
	if len(news.Events) > 0 {
		news.Events = news.Events[:1]
		taken := time.NewTimer(lag)
		defer taken.Stop()
		select {
		case <-taken.C:
		case <-r.Request.Context().Done():
		}
	}
	body, err := json.Marshal(news)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return err
}

// TestASlowTellerIsNotBlamed plays what has nothing be told with a connector that takes its time to tell what came before.
func TestASlowTellerIsNotBlamed(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "digital-connect")
	require.NoError(t, err)
	on := stage(t)
	on.Connector.Program.Env[tellsSlowly] = "1"
	played := 0
	for _, s := range scenarios {
		wantsNothing := func(step steps.Step) bool {
			return strings.HasSuffix(step.Text, " is told nothing more") || strings.HasSuffix(step.Text, " has seen nothing of it")
		}
		if !slices.ContainsFunc(s.Steps, wantsNothing) {
			continue
		}
		played++
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			if err := on.Perform(t.Context(), nil, s, steps.Default.InRealTime()).Err(); err != nil && !needsPage(err) {
				assert.NoError(t, err)
			}
		})
	}
	assert.Greater(t, played, 10)
}
