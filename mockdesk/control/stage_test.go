package control_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"deskcheck/mockdesk/control"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/control/serving/servingtest"
	"deskcheck/mockdesk/tenant"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	token    = "a-token-for-the-tests"
	patience = time.Minute
	idOne    = "conversation-0001"
	idTwo    = "conversation-0002"
)

// stage is a server with its wire, and a client whose every exchange is held against the document.
type stage struct {
	t        *testing.T
	ctx      context.Context
	tenants  *tenant.Registry
	server   *control.Server
	base     string
	wire     string
	client   *client.Client
	exchange *servingtest.Checked
	metrics  *control.Metrics
}

func open(t *testing.T, change ...func(*control.Options)) *stage {
	t.Helper()
	s := &stage{t: t, metrics: control.NewMetrics()}
	s.tenants = tenant.NewRegistry(tenant.Options{Addresses: func(name string) api.WireAddresses {
		at := strings.TrimSuffix(s.wire+"/@"+name, "/@"+tenant.Default)
		return api.WireAddresses{URL: at, SocketURL: strings.Replace(at, "http", "ws", 1)}
	}, Observe: s.metrics.Observe, Played: s.metrics.Played})
	wire := httptest.NewUnstartedServer(s.tenants)
	wire.Config.SetKeepAlivesEnabled(false)
	wire.Start()
	s.wire = wire.URL
	_, err := s.tenants.Create(api.NewTenant{Name: tenant.Default})
	require.NoError(t, err)
	options := control.Options{Tenants: s.tenants, Access: serving.Access{Token: token, OpenConsole: true}, Version: "test", Metrics: s.metrics, Wire: func() api.WireAddresses {
		return api.WireAddresses{URL: s.wire, SocketURL: s.wire}
	}}
	for _, f := range change {
		f(&options)
	}
	s.server, err = control.New(options)
	require.NoError(t, err)
	s.server.SetReady(true)
	listening := httptest.NewServer(s.server)
	s.base = listening.URL
	doc, err := document()
	require.NoError(t, err)
	s.exchange = servingtest.NewChecked(t, doc, s.base)
	s.exchange.Unread = []string{"sendFile", "putScript"}
	s.client = client.New(s.base, token, &http.Client{Transport: s.exchange})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.ctx = ctx
	t.Cleanup(func() {
		cancel()
		s.tenants.Close()
		listening.Close()
		wire.Close()
	})
	return s
}

var document = sync.OnceValues(func() (*openapi3.T, error) { return servingtest.Parse(control.Document()) })

// raw sends a request past the client. Headers come in pairs; Host is one of them.
func (s *stage) raw(method, address, body string, header ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.ctx, method, address, strings.NewReader(body))
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

// user sends a request over the wire of a tenant.
func (s *stage) user(tenantName, method, path, body string) (int, string) {
	s.t.Helper()
	response, raw := s.raw(method, s.wire+"/@"+tenantName+path, body)
	return response.StatusCode, raw
}

// begin opens a conversation in a tenant.
func (s *stage) begin(tenantName, id, body string) {
	s.t.Helper()
	status, raw := s.user(tenantName, "PUT", "/v1/conversations/"+id, body)
	require.Equal(s.t, http.StatusCreated, status, raw)
}

// take makes a tenant.
func (s *stage) take(spec api.NewTenant) *client.Tenant {
	s.t.Helper()
	one, _, err := s.client.CreateTenant(s.ctx, spec)
	require.NoError(s.t, err)
	return one
}

// problem says that an error is a problem document of a status.
func problem(t *testing.T, err error, status int, detail string) *api.Problem {
	t.Helper()
	var p *api.Problem
	require.ErrorAs(t, err, &p)
	assert.Equal(t, status, p.Status, p.Detail)
	assert.Contains(t, p.Detail, detail)
	return p
}
