// Package servingtest holds what crosses a control API against its document, for tests.
package servingtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Checked is a transport that holds what is sent and what comes back against a document, and remembers the operations. Make one with NewChecked.
type Checked struct {
	// Unread are the operations whose requests are not held against the document: their bodies are of any type.
	Unread []string

	tb     testing.TB
	doc    *openapi3.T
	to     http.RoundTripper
	router routers.Router
	mu     sync.Mutex
	seen   map[string]bool
}

// Parse reads a document and sees to it that it is valid.
func Parse(text []byte, err error) (*openapi3.T, error) {
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
}

// NewChecked makes a transport for a server at a base URL.
func NewChecked(tb testing.TB, doc *openapi3.T, base string) *Checked {
	tb.Helper()
	here := *doc
	here.Servers = openapi3.Servers{{URL: base}}
	router, err := gorillamux.NewRouter(&here)
	require.NoError(tb, err)
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	return &Checked{tb: tb, doc: doc, to: transport, router: router, seen: map[string]bool{}}
}

// Covers says that every operation of the document has succeeded at least once.
func (c *Checked) Covers() {
	c.tb.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			assert.True(c.tb, c.seen[op.OperationID], "no test has exercised %s, %s %s", op.OperationID, method, path)
		}
	}
}

// RoundTrip implements http.RoundTripper.
func (c *Checked) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	sent, copied := r.Clone(r.Context()), r.Clone(r.Context())
	sent.Body, copied.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	response, err := c.to.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	route, params, err := c.router.FindRoute(copied)
	if !assert.NoError(c.tb, err, "%s %s is not in the document", r.Method, r.URL.Path) {
		return response, nil
	}
	input := &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if response.StatusCode < http.StatusMultipleChoices {
		c.succeeded(input, route.Operation.OperationID)
	}
	return response, c.holdAnswer(input, response)
}

// succeeded holds a request that was taken against the document: otherwise the server takes what the document does not tell of.
func (c *Checked) succeeded(input *openapi3filter.RequestValidationInput, id string) {
	unread := false
	for _, one := range c.Unread {
		unread = unread || one == id
	}
	if !unread {
		assert.NoError(c.tb, openapi3filter.ValidateRequest(input.Request.Context(), input), "%s %s", input.Request.Method, input.Request.URL.Path)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[id] = true
}

// holdAnswer holds an answer in JSON against the document, and leaves it to be read again.
func (c *Checked) holdAnswer(input *openapi3filter.RequestValidationInput, response *http.Response) error {
	kind := response.Header.Get("Content-Type")
	if !strings.HasPrefix(kind, "application/") || strings.Contains(kind, "yaml") {
		return nil
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(raw))
	output := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: response.StatusCode, Header: response.Header}
	output.SetBodyBytes(raw)
	r := input.Request
	assert.NoError(c.tb, openapi3filter.ValidateResponse(r.Context(), output), "%s %s answered %d %s", r.Method, r.URL.Path, response.StatusCode, raw)
	return nil
}
