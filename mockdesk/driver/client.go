package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// mostAnswer is the largest answer of a driver that is read, in bytes.
	mostAnswer = 16 << 20
	// hidden stands where a driver has said the token that it was sent.
	hidden = "[token]"
)

// Patience is how long a driver may take to answer, beside what it was asked to wait.
const Patience = 10 * time.Second

// Client speaks to a driver. It is safe for use by many goroutines. Make one with NewClient.
type Client struct {
	base, token string
	patience    time.Duration
	http        *http.Client
}

// NewClient speaks to the driver at a base URL such as "https://sandbox.vendor.example/deskcheck". The token goes with each request as Authorization: Bearer, and is hidden wherever
// the driver says it back; an empty one is not sent. patience is as Patience, which 0 stands for.
func NewClient(base, token string, patience time.Duration) *Client {
	if patience == 0 {
		patience = Patience
	}
	return &Client{
		base: strings.TrimSuffix(base, "/"), token: token, patience: patience,
		// A driver that sends on elsewhere would have the token go there.
		http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// CheckAddress says what is wrong with the address of a driver, nil if nothing is.
func CheckAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("expected an address that begins with http:// or https://, such as https://sandbox.vendor.example/deskcheck")
	case u.User != nil:
		return errors.New("the address must not hold a name or a password, which reports would show: put a token into an environment variable")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("the address must end with its path: what follows ? or # would stand in reports")
	}
	return nil
}

// Capabilities asks what the driver can do and tell. The error is an *Error: the driver is Broken, also where it keeps another contract.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	var found Capabilities
	if err := c.ask(ctx, "capabilities", http.MethodGet, "/capabilities", nil, 0, &found); err != nil {
		return found, err
	}
	broken := func(format string, args ...any) error {
		return &Error{Kind: Broken, What: "capabilities", Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case found.Contract != Contract:
		return found, broken("contract: expected %q, found %q: is this the address of a driver?", Contract, found.Contract)
	case found.Version != Version:
		return found, broken("version: expected %d, found %d: this deskcheck plays drivers of version %d", Version, found.Version, Version)
	case found.Name == "":
		return found, broken("name: expected what the desk is called")
	case !found.Tells(Sessions):
		return found, broken("reads: expected at least %s, without which nothing can be played", Sessions)
	}
	for verb := range found.Verbs {
		if _, known := variants[verb]; !known {
			return found, broken("verbs: there is no verb %q in version %d of the contract", verb, Version)
		}
	}
	return found, nil
}

// Begin begins a scenario and follows its state. The context is for the beginning alone. The error is an *Error.
func (c *Client) Begin(ctx context.Context, can Capabilities, name string) (*Remote, error) {
	var begun Begun
	if err := c.ask(ctx, "begin", http.MethodPost, "/scenarios", Beginning{Name: name}, 0, &begun); err != nil {
		return nil, err
	}
	r := &Remote{client: c, can: can, begun: begun, changed: make(chan struct{}), ended: make(chan struct{})}
	if err := begun.check(); err != nil {
		_ = r.finish() // There is nothing to play.
		return nil, err
	}
	now, err := r.ask(ctx, -1, 0)
	if err != nil {
		_ = r.finish() // As above.
		return nil, err
	}
	r.state = now
	follow, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop = stop
	go r.follow(follow)
	return r, nil
}

func (b Begun) check() error {
	at, err := url.Parse(b.Desk.URL)
	switch {
	case b.ID == "":
		return &Error{Kind: Broken, What: "begin", Detail: "id: expected what the scenario is called"}
	case err != nil || at.Host == "":
		return &Error{Kind: Broken, What: "begin", Detail: fmt.Sprintf("desk.url: expected the address of the desk, found %q", b.Desk.URL)}
	}
	return nil
}

// ask makes a request and reads its answer into a value, nil for one without content. wait is how long the driver was asked to wait.
func (c *Client) ask(ctx context.Context, what, method, path string, body any, wait time.Duration, into any) error {
	bound := c.patience + wait
	bounded, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	broken := func(format string, args ...any) *Error {
		return &Error{Kind: Broken, What: what, Detail: c.hide(fmt.Sprintf(format, args...))}
	}
	var content io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return broken("the request cannot be encoded: %v", err)
		}
		content = bytes.NewReader(raw)
	}
	request, err := http.NewRequestWithContext(bounded, method, c.base+path, content)
	if err != nil {
		return broken("%v", err)
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err == nil {
		defer func() { _ = response.Body.Close() }() // It was read as far as it is of use.
	}
	var raw []byte
	if err == nil {
		raw, err = io.ReadAll(io.LimitReader(response.Body, mostAnswer+1))
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return broken("it gave no answer to %s %s within %s", method, path, bound)
	case err != nil:
		return broken("%v", err)
	case len(raw) > mostAnswer:
		return broken("its answer to %s %s is over %d bytes", method, path, mostAnswer)
	}
	raw = []byte(c.hide(string(raw)))
	if wrong := c.wrong(what, method, path, response, raw); wrong != nil {
		return wrong
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return broken("its answer to %s %s is not as the contract says: %v", method, path, err)
	}
	return nil
}

// hide takes the token out of a text.
func (c *Client) hide(text string) string {
	if c.token == "" {
		return text
	}
	return strings.ReplaceAll(text, c.token, hidden)
}

// wrong says what an answer is that is none, nil if it is one.
func (c *Client) wrong(what, method, path string, response *http.Response, raw []byte) error {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	succeeded := response.StatusCode >= 200 && response.StatusCode < 300
	if succeeded && (kind == "application/json" || response.StatusCode == http.StatusNoContent) {
		return nil
	}
	var told problem
	if kind == "application/problem+json" {
		_ = json.Unmarshal(raw, &told) // One that cannot be read says nothing.
	}
	switch {
	case told.Type == problemType+string(Cannot):
		return &Error{Kind: Cannot, What: what, Detail: "it claims to have it, and says that it has not"}
	case told.Type == problemType+string(Refused):
		return &Error{Kind: Refused, What: what, Detail: told.Detail}
	case told.Detail != "":
		return &Error{Kind: Broken, What: what, Detail: fmt.Sprintf("%s %s was answered %d: %s", method, path, response.StatusCode, told.Detail)}
	}
	if kind == "" {
		kind = "nothing that says what it is"
	}
	return &Error{Kind: Broken, What: what, Detail: fmt.Sprintf("%s %s was answered %d with %s: %s", method, path, response.StatusCode, kind, beginning(raw))}
}

// beginning is how an answer begins that is none, in a line.
func beginning(raw []byte) string {
	const most = 80
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "?")), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	if text == "" {
		return "no content"
	}
	return text
}
