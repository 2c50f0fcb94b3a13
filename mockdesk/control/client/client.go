// Package client speaks the control API of a desk standing alone: it takes tenants, plays agents, sets faults, moves clocks, and reads and waits for entries of journals.
//
// What the server refuses is an *api.Problem, which says what is wrong and what to do; a server that cannot be reached is an *Unreachable, an address that is
// none a *Misaddressed, and an empty name a *Nameless.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"deskcheck/mockdesk/control/api"
)

// Client speaks to one server. It is safe for use by many goroutines. Make one with New.
type Client struct {
	base, token string
	http        *http.Client
}

// Unreachable says that there was no answer.
type Unreachable struct {
	// Address is the server's.
	Address string
	// Err is why.
	Err error
}

// Error names the address.
func (u *Unreachable) Error() string {
	return fmt.Sprintf("the desk's control API at %s does not answer: %v", u.Address, u.Err)
}

// Unwrap returns the error below.
func (u *Unreachable) Unwrap() error { return u.Err }

// Nameless says that something was to be named and the name is empty: what would be asked then is another thing.
type Nameless struct {
	// Among is what it would be one of, such as "conversations".
	Among string
}

// Error says what has no name.
func (n *Nameless) Error() string {
	return n.Among + ": expected the name of one, found an empty text"
}

// named returns a *Nameless for a path in which a name is empty.
func named(path string) error {
	if before, _, found := strings.Cut(path+"/", "//"); found {
		return &Nameless{before[strings.LastIndexByte(before, '/')+1:]}
	}
	return nil
}

// Misaddressed says that what was given as the server's address is none.
type Misaddressed struct {
	// Address is what was given.
	Address string
}

// Error says what an address looks like.
func (m *Misaddressed) Error() string {
	return fmt.Sprintf("%q is no address of a desk's control API: expected one such as http://127.0.0.1:8471", m.Address)
}

// New returns a client of the server at a base URL such as "http://127.0.0.1:8471". An empty token is not sent; a nil HTTP client is one without a deadline of its own.
func New(base, token string, with *http.Client) *Client {
	if with == nil {
		with = &http.Client{}
	}
	return &Client{base: strings.TrimSuffix(base, "/"), token: token, http: with}
}

// request is one to be made.
type request struct {
	method, path string
	query        url.Values
	contentType  string
	body         io.Reader
	header       http.Header
}

// send makes a request; its answer is one that succeeded.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	if base, err := url.Parse(c.base); err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Hostname() == "" {
		return nil, &Misaddressed{c.base}
	}
	if err := named(r.path); err != nil {
		return nil, err
	}
	address := c.base + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	built, err := http.NewRequestWithContext(ctx, r.method, address, r.body)
	if err != nil {
		return nil, &Unreachable{c.base, err}
	}
	maps.Copy(built.Header, r.header)
	if r.contentType != "" {
		built.Header.Set("Content-Type", r.contentType)
	}
	if c.token != "" {
		built.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(built)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &Unreachable{c.base, err}
	}
	if response.StatusCode < http.StatusMultipleChoices {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }() // It was read as far as it is of use.
	return nil, problemOf(response)
}

func problemOf(response *http.Response) error {
	p := &api.Problem{Status: response.StatusCode}
	raw, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || json.Unmarshal(raw, p) != nil || p.Detail == "" {
		p.Title, p.Detail = response.Status, fmt.Sprintf("the answer is %s and no problem document; is this the control API of a desk?", response.Status)
	}
	return p
}

// exchange makes a request and reads the answer's JSON into a T.
func exchange[T any](ctx context.Context, c *Client, r request) (T, error) {
	var v T
	response, err := c.send(ctx, r)
	if err != nil {
		return v, err
	}
	defer func() { _ = response.Body.Close() }() // It was read to its end.
	if response.StatusCode == http.StatusNoContent {
		return v, nil
	}
	if err := json.NewDecoder(response.Body).Decode(&v); err != nil {
		return v, fmt.Errorf("the answer to %s %s is not what the API describes: %w", r.method, r.path, err)
	}
	return v, nil
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	return exchange[T](ctx, c, request{method: http.MethodGet, path: path, query: query})
}

func write[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	var none T
	raw, err := json.Marshal(body)
	if err != nil {
		return none, fmt.Errorf("encode the body of %s %s: %w", method, path, err)
	}
	return exchange[T](ctx, c, request{method: method, path: path, contentType: "application/json", body: bytes.NewReader(raw)})
}

func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	return write[T](ctx, c, http.MethodPost, path, body)
}

func put[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	return write[T](ctx, c, http.MethodPut, path, body)
}

func remove(ctx context.Context, c *Client, path string) error {
	_, err := exchange[struct{}](ctx, c, request{method: http.MethodDelete, path: path})
	return err
}

// text reads an answer that is no JSON, or is wanted as it is.
func (c *Client) text(ctx context.Context, path string) ([]byte, error) {
	response, err := c.send(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // It was read to its end.
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, &Unreachable{c.base, err}
	}
	return raw, nil
}

// Health returns nil if the process lives.
func (c *Client) Health(ctx context.Context) error {
	_, err := get[api.Health](ctx, c, "/healthz", nil)
	return err
}

// Ready returns nil if the desks take requests.
func (c *Client) Ready(ctx context.Context) error {
	_, err := get[api.Health](ctx, c, "/readyz", nil)
	return err
}

// Metrics are the server's figures in the text format of Prometheus.
func (c *Client) Metrics(ctx context.Context) ([]byte, error) { return c.text(ctx, "/metrics") }

// Document is the OpenAPI document as YAML, DocumentJSON as JSON.
func (c *Client) Document(ctx context.Context) ([]byte, error) { return c.text(ctx, "/openapi.yaml") }

// DocumentJSON is the OpenAPI document as JSON.
func (c *Client) DocumentJSON(ctx context.Context) ([]byte, error) {
	return c.text(ctx, "/openapi.json")
}

// Server is what runs.
func (c *Client) Server(ctx context.Context) (api.Server, error) {
	return get[api.Server](ctx, c, "/v1/server", nil)
}

// Page says which part of a list is wanted.
type Page struct {
	// Cursor is the Next of the page before, empty for the first.
	Cursor string
	// Limit is how many at most, 0 for the server's choice.
	Limit int
}

func (p Page) query() url.Values {
	q := url.Values{}
	setText(q, "cursor", p.Cursor)
	setNumber(q, "limit", p.Limit)
	return q
}

func setText(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func setNumber(q url.Values, name string, value int) {
	if value != 0 {
		q.Set(name, strconv.Itoa(value))
	}
}

// Tenants lists tenants by name.
func (c *Client) Tenants(ctx context.Context, page Page) (api.TenantPage, error) {
	return get[api.TenantPage](ctx, c, "/v1/tenants", page.query())
}

// CreateTenant makes a tenant, and returns it with what it is.
func (c *Client) CreateTenant(ctx context.Context, spec api.NewTenant) (*Tenant, api.Tenant, error) {
	made, err := post[api.Tenant](ctx, c, "/v1/tenants", spec)
	return c.Tenant(made.Name), made, err
}

// Tenant is the tenant of a name, whether or not there is one; its methods tell.
func (c *Client) Tenant(name string) *Tenant {
	return &Tenant{Faulty{c.recorded(name)}}
}
