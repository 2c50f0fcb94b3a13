package mockdesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

const (
	// maxRecorded is how much of a body the journal keeps, in bytes.
	maxRecorded = 16 << 10
	clientGone  = "the client had gone before the desk answered"
)

// exchange is one request, or one frame, on its way to an answer.
type exchange struct {
	w http.ResponseWriter
	r *http.Request
	// s is the socket of a frame, nil for a request.
	s *socket
	// wire is the protocol that it came in, take what it means there, scope what it says; route is nil for a frame.
	wire  *wire.Wire
	route *wire.Route
	take  *wire.Take
	scope *wire.Scope
	// source is where it comes from.
	source wire.Source
	// unread is what keeps the body or the frame from being understood; problem is what the wire calls that of a frame.
	unread  error
	problem wire.Problem
	// unreadable is what keeps the conversation from being read back; fetched says of a frame that this was tried.
	unreadable error
	fetched    bool
	// c is the conversation that it is about, nil if there is none; called is what the client calls it, by which value (empty for the id).
	c          *Conversation
	by, called string
	given      wire.Given
	// isJSON says that body was read as JSON.
	isJSON bool
	// turns says that what OnTurn was given is called next, heard that it has something to do.
	turns, heard bool
	// next is how many events of the conversation the client has seen, cuts how often its sockets had been cut when it asked for one.
	next, cuts int

	name string
	body []byte
	// upload is what was read where the body is a file, or has one.
	upload uploaded
	// alters is what was decided to be wrong with an answer that is yet to come, nil if nothing is.
	alters *fault.Decision
	// request is the Seq of the journal entry of the request.
	request int
}

// reply is what the desk answers; one with serve set goes on instead: as a socket, a stream of events, or a poll that is held.
type reply struct {
	wire.Reply

	// silent says that the wire has no words for the outcome, problem that it is none of success, note what the journal is to say of it.
	silent, problem bool
	note            string
	serve           func(*exchange)
	// ready says, with Desk.mu held, whether the reply may go out; nil is always.
	ready func() bool
	// mark is that of the latest change that the reply may rest on: it goes out once that is saved.
	mark int
	// after is called with Desk.mu held when the reply went out or was lost.
	after func()
}

type requestData struct {
	// Host is the scheme and the name under which the client found the desk, if that is not the desk's own address.
	Host    string            `json:"host,omitempty"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   string            `json:"query,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

type responseData struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// handler is the desk's HTTP side: what is the same for every route, around the routes.
func (d *Desk) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		spoken, ok := d.enter()
		if !ok {
			abort(w)
			return
		}
		defer d.leave()
		x := &exchange{w: w, r: r, wire: spoken, scope: wire.NewScope()}
		d.crossOrigin(x)
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, publishedUnder) && spoken.Address(OpMedium, "x") == "" {
			d.servePublished(x)
			return
		}
		method := r.Method
		if websocket.IsWebSocketUpgrade(r) {
			method = wire.SocketMethod
		}
		match := spoken.Match(method, r.URL)
		x.name = r.Method + " " + match.Pattern
		if match.Pattern == "" {
			x.name = r.Method + " " + r.URL.Path
		}
		x.source = wire.Source{Request: r, Path: match.Path, Base: d.nowhere.Base}
		x.scope.From(&x.source)
		x.scope.Clock(d.clock.Now())
		switch {
		case r.Method == http.MethodOptions:
			d.preflight(x)
		case len(match.Routes) == 0:
			d.unrouted(x, method, match)
		default:
			d.route(x, method, match)
		}
	})
}

// enter counts a request and gives the wire that it is heard in; false says that the desk is closed.
func (d *Desk) enter() (*wire.Wire, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, false
	}
	d.work.Add(1)
	d.inFlight++
	d.broadcast()
	return d.wire, true
}

func (d *Desk) leave() {
	d.mu.Lock()
	d.inFlight--
	d.broadcast()
	d.mu.Unlock()
	d.work.Done()
}

// crossOrigin lets pages of every origin read the answer.
func (d *Desk) crossOrigin(x *exchange) {
	header := x.w.Header()
	header.Set("Vary", "Origin")
	origin := x.r.Header.Get("Origin")
	if origin == "" {
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	if x.wire.Credentials {
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	if x.wire.Expose != "" {
		header.Set("Access-Control-Expose-Headers", x.wire.Expose)
	}
}

// preflight answers for every path, known or not: only then does a page get to see the answer to the request that it is about to make.
func (d *Desk) preflight(x *exchange) {
	d.recordRequest(x, "")
	header := x.w.Header()
	header.Set("Access-Control-Allow-Methods", x.wire.Methods())
	if x.wire.Headers != "" {
		header.Set("Access-Control-Allow-Headers", x.wire.Headers)
	}
	header.Set("Access-Control-Max-Age", "600")
	rep := reply{Reply: wire.Reply{Status: http.StatusNoContent}}
	d.misplay(x, d.foresee(x), func() reply { return rep })
}

// foresee decides about a preflight as one for the request that is to follow it.
func (d *Desk) foresee(x *exchange) fault.Decision {
	to := *x
	if match := x.wire.Match(x.r.Header.Get("Access-Control-Request-Method"), x.r.URL); len(match.Routes) > 0 {
		to.take = &match.Routes[0].Take
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if to.take != nil {
		_ = d.find(&to)
	}
	return d.decide(to.arrival(fault.Preflight))
}

// Allowed is what the desk's wire grants to the pages of other origins, in the words of its preflight answers: methods and headers, as lists with commas.
func (d *Desk) Allowed() (methods, headers string) {
	w := d.Wire()
	return w.Methods(), w.Headers
}

// unrouted answers a request that no route takes, with what came closest to it.
func (d *Desk) unrouted(x *exchange, method string, match wire.Match) {
	x.take = x.wire.Unrouted()
	if match.Allow != "" && len(match.Routes) == 0 && !strings.Contains(match.Allow, x.r.Method) {
		d.recordRequest(x, "The route has no such method.")
		x.scope.Set("allow", match.Allow)
		rep := d.problem(x, wire.MethodNotAllowed, "The route has no such method", "It takes "+match.Allow+".")
		rep.Header.Set("Allow", match.Allow)
		d.unmeant(x, rep)
		return
	}
	var closest []string
	for _, miss := range x.wire.Explain(method, match, x.r.URL) {
		closest = append(closest, miss.String())
	}
	why := "Closest: " + strings.Join(closest, "; ") + "."
	d.recordRequest(x, "No route of the wire "+x.wire.Name+". "+why)
	routes := x.wire.RouteList()
	x.scope.Set("closest", plainList(closest))
	x.scope.Set("routes", plainList(routes))
	d.unmeant(x, d.problem(x, wire.UnknownRoute, "There is no such route", why+" The routes are "+strings.Join(routes, ", ")+"."))
}

// unmeant answers a request that no route takes. Faults are played on it as on others, but for those that name an operation.
func (d *Desk) unmeant(x *exchange, rep reply) {
	d.mu.Lock()
	decision := d.plan.Next(x.arrival(fault.Request))
	d.mu.Unlock()
	if decision.Fault.Kind == fault.Accept {
		d.answer(x, rep)
		return
	}
	d.misplay(x, decision, func() reply { return rep })
}

// plainList is a list as expressions know it.
func plainList(words []string) []any {
	all := make([]any, len(words))
	for i, word := range words {
		all[i] = word
	}
	return all
}

// route reads the body, finds out which of the routes with this method and path is meant, and has the desk do it.
func (d *Desk) route(x *exchange, method string, match wire.Match) {
	x.route = match.Routes[0]
	x.take = &x.route.Take
	if err := d.read(x); err != nil {
		d.refuseBody(x, err)
		return
	}
	if !x.choose(match.Routes) {
		d.unrouted(x, method, match)
		return
	}
	// Requests, the faults that are played on them and their effects share one order: the one in which they pass here.
	d.mu.Lock()
	d.lookUp(x)
	d.recordRequest(x, "")
	d.arrived(x)
	d.play(x, d.decide(x.arrival(fault.Request)))
}

// read takes the body in, as slowly as the plan has it. What only the body tells is not known yet.
func (d *Desk) read(x *exchange) error {
	d.mu.Lock()
	early := *x
	_ = d.find(&early)
	decision := d.decide(early.arrival(fault.Upload))
	d.mu.Unlock()
	if decision.Fault.Kind == fault.Accept {
		return x.read()
	}
	d.keeping(x, true)
	defer d.keeping(x, false)
	x.r.Body = decision.Reads(x.r, d.done)
	return x.read()
}

// choose finds the first of the routes that is meant, if any is. Where one cannot tell for what is wrong with the request, it is that one which says so.
func (x *exchange) choose(routes []*wire.Route) bool {
	for _, r := range routes {
		applies, err := r.Applies(x.scope)
		if !applies && err == nil {
			continue
		}
		if err != nil && x.unread == nil {
			x.unread = err
		}
		x.route, x.take = r, &r.Take
		return true
	}
	return false
}

// read takes the body in before anything else happens: only then does the server notice a client that goes away.
func (x *exchange) read() error {
	switch x.route.Body {
	case wire.FileBody:
		return x.readFile()
	case wire.MultipartBody:
		return x.readMultipart()
	default:
	}
	var err error
	if x.body, err = io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, x.wire.BodyLimit)); err != nil {
		return err
	}
	body, unread := wire.ReadBody(x.route.Body, x.body)
	if unread != nil {
		x.unread = fmt.Errorf("the body cannot be read: %w", unread)
	}
	x.scope.Set("body", body)
	return nil
}

func (d *Desk) refuseBody(x *exchange, err error) {
	tooLarge, ok := errors.AsType[*http.MaxBytesError](err)
	if !ok {
		d.recordRequest(x, "The body never came to its end.")
		d.lose(x, "the connection broke while the desk was reading")
		return
	}
	d.recordRequest(x, fmt.Sprintf("The body is over %d bytes.", tooLarge.Limit))
	d.answer(x, d.problem(x, wire.TooLarge, "The body is too large", fmt.Sprintf("A body may have %d bytes at most; send less.", tooLarge.Limit)))
}

// answer writes the reply, or goes on as it says.
func (d *Desk) answer(x *exchange, rep reply) {
	if rep.serve != nil {
		rep.serve(x)
		return
	}
	if err := d.settled(x.r.Context(), rep); err != nil {
		d.lose(x, lostFor(err))
		d.afterReply(rep)
		return
	}
	if x.r.Context().Err() != nil {
		rep.note = clientGone
	}
	header := x.w.Header()
	maps.Copy(header, rep.Header)
	if bodyAllowed(rep.Status) {
		header.Set("Content-Length", strconv.Itoa(len(rep.Body)))
	}
	// Recorded before the client can know, so that nothing it does in return seems to have come first.
	d.recordResponse(x, rep, rep.note)
	x.w.WriteHeader(rep.Status)
	if bodyAllowed(rep.Status) {
		_, _ = x.w.Write(rep.Body)
	}
	if rep.after != nil {
		_ = http.NewResponseController(x.w).Flush()
		d.afterReply(rep)
	}
}

// settled waits until the reply may go out. Its error is that the client has gone, that the desk closes, or why what was asked cannot be saved.
func (d *Desk) settled(ctx context.Context, rep reply) error {
	if rep.ready != nil {
		if err := d.await(ctx, rep.ready); err != nil {
			return err
		}
	}
	if rep.mark == 0 {
		return nil
	}
	return d.awaitSaved(ctx, rep.mark)
}

// lostFor says for the journal why a reply did not go out.
func lostFor(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, ErrClosed) {
		// Either the client has gone, and the answer is lost either way, or the desk closes.
		return clientGone
	}
	return "what was asked could not be saved: " + err.Error()
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

func (d *Desk) afterReply(rep reply) {
	if rep.after == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		rep.after()
	}
}

func (d *Desk) recordRequest(x *exchange, note string) {
	x.request = d.record(journal.Entry{Kind: journal.Request, From: journal.Integration, To: journal.Desk, Name: x.name, Conversation: x.about(), Operation: x.operation(), Note: note}, time.Now(),
		requestData{Host: d.foreignOrigin(x.r), Method: x.r.Method, Path: x.r.URL.Path, Query: x.r.URL.RawQuery, Body: capped(x.body),
			Headers: chosen(x.r.Header, "Origin", "Content-Type", "Upgrade", "Sec-Websocket-Protocol", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Sec-Fetch-Mode")})
}

func (d *Desk) recordResponse(x *exchange, rep reply, note string) {
	d.recordResponseAt(x, rep, note, time.Now())
}

// recordResponseAt records the answer; a status of 0 stands for no answer at all, and the note says why.
func (d *Desk) recordResponseAt(x *exchange, rep reply, note string, at time.Time) {
	d.record(journal.Entry{Kind: journal.Response, From: journal.Desk, To: journal.Integration, Name: x.name, Ref: x.request, Conversation: x.about(), Operation: x.operation(), Note: note}, at,
		responseData{Method: x.r.Method, Path: x.r.URL.Path, Status: rep.Status, Body: capped(rep.Body), Headers: chosen(x.w.Header(), "Content-Type", "Allow")})
}

func chosen(h http.Header, names ...string) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		if v := h.Get(name); v != "" {
			found[name] = v
		}
	}
	return found
}

// capped is a body as the journal keeps it: JSON as it is, other text as a string, and of what is too long the beginning, as a string that says so.
func capped(body []byte) json.RawMessage {
	switch {
	case len(body) == 0:
		return nil
	case len(body) > maxRecorded:
		end := maxRecorded
		for end > maxRecorded-utf8.UTFMax && !utf8.RuneStart(body[end]) {
			end--
		}
		return journal.Payload(string(body[:end]) + "… (" + strconv.Itoa(len(body)) + " bytes in all)")
	case json.Valid(body) && utf8.Valid(body):
		return body
	}
	return journal.Payload(string(body))
}

// cappedObject is capped for a body that was read, or made, as JSON: of an object as whole as its braces that need not be looked at again.
func cappedObject(body []byte) json.RawMessage {
	if last := len(body) - 1; last > 0 && last < maxRecorded && body[0] == '{' && body[last] == '}' && utf8.Valid(body) {
		return body
	}
	return capped(body)
}
