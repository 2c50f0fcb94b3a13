package control_test

import (
	"bytes"
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
	"deskcheck/mockdesk/tenant"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
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
	exchange *checked
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
	options := control.Options{Tenants: s.tenants, Token: token, OpenConsole: true, Version: "test", Metrics: s.metrics, Wire: func() api.WireAddresses {
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
	transport := &http.Transport{}
	s.exchange = &checked{t: t, to: transport, router: router(t, s.base), seen: map[string]bool{}}
	s.client = client.New(s.base, token, &http.Client{Transport: s.exchange})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.ctx = ctx
	t.Cleanup(func() {
		cancel()
		s.tenants.Close()
		transport.CloseIdleConnections()
		listening.Close()
		wire.Close()
	})
	return s
}

var document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(control.Document())
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

func router(t *testing.T, base string) routers.Router {
	t.Helper()
	doc, err := document()
	require.NoError(t, err)
	here := *doc
	here.Servers = openapi3.Servers{{URL: base}}
	r, err := gorillamux.NewRouter(&here)
	require.NoError(t, err)
	return r
}

// checked holds what is sent and what comes back against the document, and remembers the operations.
type checked struct {
	t      *testing.T
	to     http.RoundTripper
	router routers.Router
	mu     sync.Mutex
	seen   map[string]bool
}

func (c *checked) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	copied := r.Clone(r.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	response, err := c.to.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	route, params, err := c.router.FindRoute(copied)
	if !assert.NoError(c.t, err, "%s %s is not in the document", r.Method, r.URL.Path) {
		return response, nil
	}
	input := &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if response.StatusCode < 300 {
		// A request that succeeds is one that the document allows, or the server takes what the document does not tell of.
		if route.Operation.OperationID != "sendFile" && route.Operation.OperationID != "putScript" {
			assert.NoError(c.t, openapi3filter.ValidateRequest(r.Context(), input), "%s %s", r.Method, r.URL.Path)
		}
		c.mu.Lock()
		c.seen[route.Operation.OperationID] = true
		c.mu.Unlock()
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/") && !strings.Contains(response.Header.Get("Content-Type"), "yaml") {
		raw, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		response.Body = io.NopCloser(bytes.NewReader(raw))
		output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: response.StatusCode, Header: response.Header}
		output.SetBodyBytes(raw)
		assert.NoError(c.t, openapi3filter.ValidateResponse(r.Context(), output), "%s %s answered %d %s", r.Method, r.URL.Path, response.StatusCode, raw)
	}
	return response, nil
}

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
