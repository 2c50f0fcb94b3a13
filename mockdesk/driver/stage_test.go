package driver_test

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/wire"
)

const token = "a-token-of-the-sandbox"

// stage is a driver of the mock desk, at an address of its own.
type stage struct {
	t      *testing.T
	base   string
	server *driver.Server
	client *driver.Client
	seen   *seen
}

// open starts a driver. What it is asked and answers is held against the document.
func open(t *testing.T, forget time.Duration) *stage {
	t.Helper()
	s := &stage{t: t, seen: &seen{operations: map[string]bool{}}}
	s.server = driver.NewServer(driver.MockCapabilities("test", driver.RoutesOf(wire.Native())), func(string) (*driver.Mock, error) {
		desk, err := mockdesk.Open(mockdesk.Options{})
		if err != nil {
			return nil, err
		}
		return driver.NewMock(desk, nil), nil
	}, forget)
	listening := httptest.NewUnstartedServer(nil)
	listening.Config.Handler = checked(t, "http://"+listening.Listener.Addr().String(), s.server, s.seen)
	listening.Start()
	s.base = listening.URL
	s.client = driver.NewClient(s.base, token, 0)
	t.Cleanup(func() {
		s.server.Close()
		listening.Close()
	})
	return s
}

// begin begins a scenario, which ends with the test.
func (s *stage) begin() *driver.Remote {
	s.t.Helper()
	can, err := s.client.Capabilities(s.t.Context())
	require.NoError(s.t, err)
	r, err := s.client.Begin(s.t.Context(), can, "stage")
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = r.Close() })
	return r
}

// do plays an act and wants it to succeed.
func do(t *testing.T, d driver.Desk, act driver.Act) driver.Done {
	t.Helper()
	done, err := d.Do(t.Context(), act)
	require.NoError(t, err, "%s", act)
	return done
}

// session opens a conversation with a line of the user in it.
func session(t *testing.T, d driver.Desk) string {
	t.Helper()
	do(t, d, driver.Act{Verb: driver.OpenSession, Text: "Hello?"})
	all := d.State().Sessions
	require.NotEmpty(t, all)
	return all[len(all)-1].ID
}

func ann() *driver.Agent { return &driver.Agent{ID: "agent-ann-73", Name: "Ann"} }

// raw sends a request past the client.
func (s *stage) raw(method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, bytes.NewReader([]byte(body)))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response.StatusCode, string(text)
}

var document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(driver.Document())
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// seen remembers which operations have succeeded.
type seen struct {
	mu         sync.Mutex
	operations map[string]bool
}

// checked holds what a handler is asked and answers against the document.
func checked(t *testing.T, base string, h http.Handler, saw *seen) http.Handler {
	t.Helper()
	doc, err := document()
	require.NoError(t, err)
	here := *doc
	here.Servers = openapi3.Servers{{URL: base}}
	router, err := gorillamux.NewRouter(&here)
	require.NoError(t, err)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		asked := r.Clone(r.Context())
		asked.Body = io.NopCloser(bytes.NewReader(body))
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, r)
		route, params, err := router.FindRoute(asked)
		if err == nil {
			hold(t, saw, route, params, asked, recorder)
		}
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	})
}

func hold(t *testing.T, saw *seen, route *routers.Route, params map[string]string, asked *http.Request, answered *httptest.ResponseRecorder) {
	t.Helper()
	input := &openapi3filter.RequestValidationInput{
		Request: asked, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if answered.Code < 300 {
		assert.NoError(t, openapi3filter.ValidateRequest(context.Background(), input), "%s %s", asked.Method, asked.URL)
		saw.mu.Lock()
		saw.operations[route.Operation.OperationID] = true
		saw.mu.Unlock()
	}
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answered.Code, Header: answered.Header()}
	output.SetBodyBytes(answered.Body.Bytes())
	assert.NoError(t, openapi3filter.ValidateResponse(context.Background(), output), "%s %s answered %d %s", asked.Method, asked.URL, answered.Code, answered.Body)
}
