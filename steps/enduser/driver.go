package enduser

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
)

const (
	// Patience is how long a driver may take to answer, beside what it was asked to wait.
	Patience = 10 * time.Second
	// Wait is how long it is asked to wait for something to tell.
	Wait = 20 * time.Second
	// mostAnswer is the largest answer of a driver that is read, in bytes.
	mostAnswer = 8 << 20
	// pause is before a driver is asked again that did not wait though it had nothing to tell.
	pause = 50 * time.Millisecond
)

// Driver lets users in through the HTTP interface of a connector. Its methods are safe for use by many goroutines.
type Driver struct {
	// Base is its base URL, such as "http://127.0.0.1:9080/driver".
	Base string
	// Journal is what the users see entered into; Life ends what goes on for them.
	Journal *journal.Journal
	Life    context.Context
	// Transport is what requests go through; nil for the network without a proxy. Links is the same for the links of files, which may lead elsewhere.
	Transport, Links http.RoundTripper
	// Wait and Patience are as the constants of these names, which 0 stands for.
	Wait, Patience time.Duration
}

// driven is a user of a Driver.
type driven struct {
	sights

	driver *Driver
	name   string
	// path is that of the user below the base.
	path   string
	cancel context.CancelFunc
	over   chan struct{}
	// last is the seq of the last event that was told; it is of whoever follows, and of Interrupt and Resume while nobody does.
	last int
}

// Open implements Opener. The user's events are followed until Life ends or the user is closed.
func (d *Driver) Open(ctx context.Context, name, email string) (User, error) {
	user, err := d.letIn(ctx, name, email)
	if err != nil {
		return nil, blamed("let "+name+" in", err)
	}
	u := &driven{driver: d, name: name, path: "/users/" + url.PathEscape(user), sights: sights{journal: d.Journal, party: journal.Party(name)}}
	u.begin()
	return u, nil
}

// letIn has a new user come, and gives what the driver calls the user.
func (d *Driver) letIn(ctx context.Context, name, email string) (string, error) {
	asked := map[string]string{"name": name}
	if email != "" {
		asked["email"] = email
	}
	raw, err := d.ask(ctx, http.MethodPost, "/users", asked, 0, http.StatusCreated)
	if err != nil {
		return "", err
	}
	var made struct {
		User string `json:"user"`
	}
	if err = json.Unmarshal(raw, &made); err == nil && made.User == "" {
		err = errors.New("it has no user")
	}
	if err != nil {
		return "", fmt.Errorf("the answer to POST /users is not as the contract says: %w", plainly(err))
	}
	return made.User, nil
}

// begin has the user's events be followed.
func (u *driven) begin() {
	following, cancel := context.WithCancel(u.driver.Life)
	u.cancel, u.over = cancel, make(chan struct{})
	go u.follow(following)
}

// blamed is the error of an act that a driver did not do: it does not have it, or it is at fault, which says nothing of the connector.
func blamed(doing string, err error) error {
	if of, is := errors.AsType[*Refused](err); is && of.Status == http.StatusNotImplemented {
		return &steps.NotApplicable{Why: "the connector's user driver has no such thing: " + of.Error()}
	}
	return &steps.HarnessError{Doing: doing, Err: fmt.Errorf("the connector's user driver: %w", err)}
}

// act has the user do something.
func (u *driven) act(ctx context.Context, doing, what string, body any) error {
	if _, err := u.driver.ask(ctx, http.MethodPost, u.path+"/"+what, body, 0, http.StatusNoContent); err != nil {
		return blamed("have "+u.name+" "+doing, err)
	}
	return nil
}

// Say implements User.
func (u *driven) Say(ctx context.Context, text string) error {
	return u.act(ctx, "say something", "say", map[string]string{"text": text})
}

// RequestAgent implements User.
func (u *driven) RequestAgent(ctx context.Context, arguments map[string]string) error {
	if arguments == nil {
		arguments = map[string]string{}
	}
	return u.act(ctx, "ask for an agent", "agent", map[string]any{"arguments": arguments})
}

// Upload implements User.
func (u *driven) Upload(ctx context.Context, f File) error {
	return u.act(ctx, "send "+f.Name, "files", f)
}

// End implements User.
func (u *driven) End(ctx context.Context) error {
	return u.act(ctx, "end the conversation", "end", nil)
}

// Drop implements User.
func (u *driven) Drop(ctx context.Context) error {
	err := u.act(ctx, "vanish", "drop", nil)
	u.cancel() // Whoever is gone asks for nothing any more.
	return err
}

// Interrupt implements Interruptible: the user asks for nothing.
func (u *driven) Interrupt(context.Context) error {
	u.Close()
	return nil
}

// Resume implements Interruptible: the user asks for what came after the last that was told.
func (u *driven) Resume(context.Context) error {
	u.begin()
	return nil
}

// Shows implements User: a driver tells where the conversation stands.
func (u *driven) Shows(string) bool { return true }

// Close implements User.
func (u *driven) Close() {
	u.cancel()
	<-u.over
}

// Fetch implements User.
func (u *driven) Fetch(ctx context.Context, f FileSight) (Fetched, error) {
	return fetch(ctx, u.driver.Links, u.driver.Base, f, u.name)
}

// at is where a path of the contract is. The base may end with a slash.
func (d *Driver) at(path string) string { return strings.TrimSuffix(d.Base, "/") + path }

// ask makes a request and gives the body of its answer. The error is a *Refused for every status but the one that is wanted.
func (d *Driver) ask(ctx context.Context, method, path string, body any, wait time.Duration, wanted int) ([]byte, error) {
	ctx, cancel := bound.WithTimeoutCause(ctx, cmp.Or(d.Patience, Patience)+wait, fmt.Errorf("%s %s was not answered within %v", method, path, cmp.Or(d.Patience, Patience)+wait))
	defer cancel()
	content, kind, err := encoded(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, d.at(path), content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	client := http.Client{Transport: orDirect(d.Transport), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	var raw []byte
	if err == nil {
		defer func() { _ = response.Body.Close() }() // It was read as far as it is of use.
		raw, err = io.ReadAll(io.LimitReader(response.Body, mostAnswer+1))
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case len(raw) > mostAnswer:
		return nil, fmt.Errorf("the answer to %s %s is over %d bytes", method, path, mostAnswer)
	case response.StatusCode != wanted:
		return nil, &Refused{Method: method, Path: path, Status: response.StatusCode, Body: beginning(raw)}
	}
	return raw, nil
}

// encoded is a body as it is sent, with its media type: a File as a form with one part, nothing for nil, all else as JSON.
func encoded(body any) (io.Reader, string, error) {
	if body == nil {
		return nil, "", nil
	}
	f, is := body.(File)
	if !is {
		raw, err := json.Marshal(body)
		return bytes.NewReader(raw), "application/json", err
	}
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	header := textproto.MIMEHeader{}
	header.Set("Content-Disposition", multipart.FileContentDisposition("file", f.Name))
	header.Set("Content-Type", cmp.Or(f.Type, "application/octet-stream"))
	part, err := writer.CreatePart(header)
	if err == nil {
		_, err = part.Write(f.Content)
	}
	if err == nil {
		err = writer.Close()
	}
	return &form, writer.FormDataContentType(), err
}

// beginning is how an answer begins that is not the one that was wanted, in a line.
func beginning(raw []byte) string {
	const most = 200
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(raw), "?")), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	if text == "" {
		return "no content"
	}
	return text
}

// direct is the network without a proxy: a connector's user is on this machine, and a link leads where it says.
var direct = &http.Transport{}

func orDirect(t http.RoundTripper) http.RoundTripper {
	if t == nil {
		return direct
	}
	return t
}

// fetch gets a file by its link, which may be relative to a base.
func fetch(ctx context.Context, through http.RoundTripper, base string, f FileSight, name string, cookies ...*http.Cookie) (Fetched, error) {
	doing := "have " + name + " open " + f.Name
	if f.URL == "" {
		return Fetched{}, &steps.HarnessError{Doing: doing, Err: errors.New("it was seen without a link")}
	}
	at, err := url.Parse(strings.TrimSuffix(base, "/") + "/")
	if err == nil {
		at, err = at.Parse(f.URL)
	}
	if err != nil {
		return Fetched{}, &steps.HarnessError{Doing: doing, Err: fmt.Errorf("its link is none: %w", err)}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return Fetched{}, &steps.HarnessError{Doing: doing, Err: err}
	}
	// What is asked for here must not be taken for the connector's doing.
	request.Header.Set("User-Agent", UserAgent)
	for _, one := range cookies {
		request.AddCookie(one)
	}
	response, err := (&http.Client{Transport: orDirect(through)}).Do(request)
	var raw []byte
	if err == nil {
		defer func() { _ = response.Body.Close() }() // As in ask.
		raw, err = io.ReadAll(io.LimitReader(response.Body, mostFetched+1))
	}
	if err == nil && len(raw) > mostFetched {
		err = fmt.Errorf("it is larger than %d bytes", mostFetched)
	}
	if err != nil {
		return Fetched{}, &steps.HarnessError{Doing: doing, Err: err}
	}
	return Fetched{URL: response.Request.URL.String(), Status: response.StatusCode, Type: response.Header.Get("Content-Type"), Disposition: response.Header.Get("Content-Disposition"), Content: raw}, nil
}

// UserAgent is how a user who opens the link of a file names the browser, so that whoever is asked can tell the user from the connector.
const UserAgent = "deskcheck-end-user"
