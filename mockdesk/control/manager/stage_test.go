package manager_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/manager"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/control/serving/servingtest"
	"deskcheck/mockdesk/floor"
	"deskcheck/mockdesk/floor/floortest"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	token    = "a-token-for-the-tests"
	patience = time.Minute
)

var document = sync.OnceValues(func() (*openapi3.T, error) { return servingtest.Parse(manager.Document()) })

// stage is an agent manager with its API, and a client whose every exchange is held against the document.
type stage struct {
	t        *testing.T
	ctx      context.Context
	floor    *floor.Floor
	server   *manager.Server
	base     string
	wire     string
	client   *client.Client
	manager  *client.Manager
	exchange *servingtest.Checked
}

func open(t *testing.T, c floor.Config, change ...func(*manager.Options)) *stage {
	t.Helper()
	s := &stage{t: t}
	metrics := manager.NewMetrics()
	address := func() api.WireAddresses {
		return api.WireAddresses{URL: s.wire, SocketURL: "ws" + strings.TrimPrefix(s.wire, "http") + "/socket.io/"}
	}
	var err error
	s.floor, err = floor.New(c, floor.Options{Observe: metrics.Observe, Address: address})
	require.NoError(t, err)
	wire := httptest.NewServer(s.floor)
	s.wire = wire.URL + c.Base
	options := manager.Options{Access: serving.Access{Token: token, OpenConsole: true}, Floor: s.floor, Metrics: metrics, Version: "test", Wire: address}
	for _, f := range change {
		f(&options)
	}
	s.server, err = manager.New(options)
	require.NoError(t, err)
	s.server.SetReady(true)
	listening := httptest.NewServer(s.server)
	s.base = listening.URL
	doc, err := document()
	require.NoError(t, err)
	s.exchange = servingtest.NewChecked(t, doc, s.base)
	s.client = client.New(s.base, token, &http.Client{Transport: s.exchange})
	s.manager = s.client.Manager()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	s.ctx = ctx
	t.Cleanup(func() {
		cancel()
		s.floor.Close()
		listening.CloseClientConnections()
		listening.Close()
		wire.CloseClientConnections()
		wire.Close()
	})
	return s
}

// desk signs a person in.
func (s *stage) desk(username string) *floortest.Desk {
	s.t.Helper()
	return floortest.SignIn(s.t, s.wire, username, username+"-secret")
}

// send sends a request past the client. Headers come in pairs; Host is one of them.
func (s *stage) send(method, path, body string, header ...string) (*http.Response, string) {
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
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response, string(raw)
}

// problem says that an error is a problem document of a status.
func problem(t *testing.T, err error, status int, detail string) {
	t.Helper()
	var p *api.Problem
	require.ErrorAs(t, err, &p)
	assert.Equal(t, status, p.Status, p.Detail)
	assert.Contains(t, p.Detail, detail)
}
