package talkdesk_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/control/serving/servingtest"
	"deskcheck/mockdesk/control/talkdesk"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/standing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	token      = "a-token-for-the-tests"
	secret     = "kit_secret-canary"
	touchpoint = "3f0c1c1e-0000-4000-8000-000000000001"
	patience   = time.Minute
)

var document = sync.OnceValues(func() (*openapi3.T, error) { return servingtest.Parse(talkdesk.Document()) })

// stage is Talkdesk with its control API, a client whose every exchange is held against the document, and a connector that is nothing but a webhook.
type stage struct {
	t        *testing.T
	ctx      context.Context
	desk     *standing.Desk
	server   *talkdesk.Server
	base     string
	wire     string
	bearer   string
	client   *client.Client
	talkdesk *client.Talkdesk
	exchange *servingtest.Checked
	// events are what the connector was told.
	events chan map[string]any
}

func open(t *testing.T, change ...func(*talkdesk.Options)) *stage {
	t.Helper()
	s := &stage{t: t, events: make(chan map[string]any, 100)}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		_ = json.NewDecoder(r.Body).Decode(&event) // What is no event is heard as none.
		s.events <- event
		w.WriteHeader(http.StatusNoContent)
	}))
	source, err := fixtures.ReadFile("connectors/account.yaml")
	require.NoError(t, err)
	account, err := digitalconnect.ParseAccount("account.yaml", []byte(strings.Replace(string(source), "http://127.0.0.1:9080/hook", hook.URL+"/hook", 1)))
	require.NoError(t, err)
	metrics := talkdesk.NewMetrics()
	wire := httptest.NewUnstartedServer(nil)
	s.wire = "http://" + wire.Listener.Addr().String()
	s.desk, err = standing.New(standing.Options{Account: account, Addresses: digitalconnect.Addresses{Identity: s.wire, API: s.wire, Storage: s.wire}, Observe: metrics.Observe})
	require.NoError(t, err)
	wire.Config.Handler = s.desk
	wire.Start()
	options := talkdesk.Options{Access: serving.Access{Token: token, OpenConsole: true}, Desk: s.desk, Metrics: metrics, Version: "test"}
	for _, f := range change {
		f(&options)
	}
	s.server, err = talkdesk.New(options)
	require.NoError(t, err)
	s.server.SetReady(true)
	listening := httptest.NewServer(s.server)
	s.base = listening.URL
	doc, err := document()
	require.NoError(t, err)
	s.exchange = servingtest.NewChecked(t, doc, s.base)
	s.exchange.Unread = []string{"sendFile"}
	s.client = client.New(s.base, token, &http.Client{Transport: s.exchange})
	s.talkdesk = s.client.Talkdesk()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	s.ctx = ctx
	t.Cleanup(func() {
		cancel()
		s.desk.Close()
		for _, server := range []*httptest.Server{listening, wire, hook} {
			server.CloseClientConnections()
			server.Close()
		}
	})
	return s
}

// calls has the connector call Talkdesk, and gives the status and the body of the answer.
func (s *stage) calls(path, body string) (status int, answer map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.ctx, http.MethodPost, s.wire+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.bearer)
	if path == "/oauth/token" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("kit-client", secret)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	_ = json.Unmarshal(raw, &answer) // Not every answer has a body.
	return response.StatusCode, answer
}

// signsIn has the connector get a token.
func (s *stage) signsIn() {
	s.t.Helper()
	status, answer := s.calls("/oauth/token", "grant_type=client_credentials")
	require.Equal(s.t, http.StatusOK, status)
	s.bearer, _ = answer["access_token"].(string)
}

// asks has a user of the connector ask for an agent, and gives the conversation's id.
func (s *stage) asks(email string) string {
	s.t.Helper()
	status, answer := s.calls("/digital-connect/conversations", `{"touchpoint_id":"`+touchpoint+`","contact_person":{"email":"`+email+`"},"subject":"Lamp",
		"context_parameters":{"Intent":"billing","Reason":"broken","Colour":"red"},"previous_messages":[{"type":"USER","content":"hi","created_at":"2025-01-01T00:00:00.000Z"}]}`)
	require.Equal(s.t, http.StatusCreated, status)
	id, _ := answer["id"].(string)
	return id
}

// hears gives the next event, which is to be of a type.
func (s *stage) hears(kind string) map[string]any {
	s.t.Helper()
	select {
	case event := <-s.events:
		require.Equal(s.t, kind, event["event_type"])
		return event
	case <-s.ctx.Done():
		s.t.Fatalf("the connector was not told %s", kind)
		return nil
	}
}

// problem says that an error is a problem document of a status.
func problem(t *testing.T, err error, status int, detail string) {
	t.Helper()
	var p *api.Problem
	require.ErrorAs(t, err, &p)
	assert.Equal(t, status, p.Status, p.Detail)
	assert.Contains(t, p.Detail, detail)
}

// refused sends a request past the client, and wants it refused. Headers come in pairs; Host is one of them.
func (s *stage) refused(status int, method, path, body string, header ...string) api.Problem {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.ctx, method, s.base+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	var p api.Problem
	require.NoError(s.t, json.NewDecoder(response.Body).Decode(&p), "%s %s: %s", method, path, response.Status)
	assert.Equal(s.t, status, response.StatusCode, "%s %s: %s", method, path, p.Detail)
	assert.Equal(s.t, "application/problem+json", response.Header.Get("Content-Type"))
	return p
}
