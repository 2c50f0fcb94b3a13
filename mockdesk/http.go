package mockdesk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"deskcheck/mockdesk/journal"
)

const (
	// maxRecorded is how much of a body the journal keeps, in bytes.
	maxRecorded = 16 << 10
	clientGone  = "the client had gone before the desk answered"
	problemType = "application/problem+json"
)

// What the desk grants to the pages of other origins, in the words of its preflight answers.
const (
	AllowedMethods = "GET, PUT, DELETE, OPTIONS"
	AllowedHeaders = "content-type"
)

// exchange is one request on its way to an answer.
type exchange struct {
	w    http.ResponseWriter
	r    *http.Request
	op   Operation
	name string
	body []byte
	// upload is what was read where the body is a file.
	upload uploaded
	// request is the Seq of the journal entry of the request.
	request int
}

// reply is what the desk answers; one with upgrade set opens a socket instead.
type reply struct {
	status      int
	contentType string
	body        []byte
	allow       string
	upgrade     func(*exchange)
	// ready says, with Desk.mu held, whether the reply may go out; nil is always.
	ready func() bool
	// after is called with Desk.mu held when the reply went out or was lost.
	after func()
}

// problem is an RFC 9457 problem document.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
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

func problemReply(r *http.Request, status int, kind, title, detail string) reply {
	raw := journal.Payload(problem{Type: "urn:deskcheck:problem:" + kind, Title: title, Status: status, Detail: detail, Instance: r.URL.Path})
	return reply{status: status, contentType: problemType, body: raw}
}

func jsonReply(status int, v any) reply {
	return reply{status: status, contentType: "application/json", body: journal.Payload(v)}
}

// handler is the desk's HTTP side: what is the same for every route, around the routes.
func (d *Desk) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, methods := range d.routes() {
		mux.Handle(pattern, d.resource(pattern, methods))
	}
	mux.HandleFunc("/", d.unknownRoute)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.enter() {
			abort(w)
			return
		}
		defer d.leave()
		crossOrigin(w, r)
		switch {
		case r.Method == http.MethodOptions:
			_, pattern := mux.Handler(r)
			d.preflight(w, r, pattern)
		case path.Clean(r.URL.Path) != r.URL.Path && r.URL.Path != "/":
			// Left to itself the mux would redirect, which no client of this wire expects.
			d.unknownRoute(w, r)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

func (d *Desk) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.work.Add(1)
	d.inFlight++
	d.broadcast()
	return true
}

func (d *Desk) leave() {
	d.mu.Lock()
	d.inFlight--
	d.broadcast()
	d.mu.Unlock()
	d.work.Done()
}

// crossOrigin lets pages of every origin read the answer.
func crossOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
}

// preflight answers for every path, known or not: only then does a page get to see the problem document of the request that it is about to make.
func (d *Desk) preflight(w http.ResponseWriter, r *http.Request, pattern string) {
	if pattern == "/" {
		pattern = r.URL.Path
	}
	x := &exchange{w: w, r: r, name: r.Method + " " + pattern}
	d.recordRequest(x, "")
	w.Header().Set("Access-Control-Allow-Methods", AllowedMethods)
	w.Header().Set("Access-Control-Allow-Headers", AllowedHeaders)
	w.Header().Set("Access-Control-Max-Age", "600")
	d.answer(x, reply{status: http.StatusNoContent})
}

func (d *Desk) unknownRoute(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r, name: r.Method + " " + r.URL.Path}
	d.recordRequest(x, "No route of the native wire.")
	d.answer(x, problemReply(r, http.StatusNotFound, "unknown-route", "There is no such route", "The routes are "+routeList+"."))
}

// resource serves one path with the methods that it has.
func (d *Desk) resource(pattern string, methods map[string]method) http.Handler {
	var known []string
	for _, name := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		if _, has := methods[name]; has {
			known = append(known, name)
		}
	}
	allow := strings.Join(append(known, http.MethodOptions), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{w: w, r: r, name: r.Method + " " + pattern}
		m, has := methods[r.Method]
		if !has {
			d.recordRequest(x, "The route has no such method.")
			rep := problemReply(r, http.StatusMethodNotAllowed, "method-not-allowed", "The route has no such method", "It takes "+allow+".")
			rep.allow = allow
			d.answer(x, rep)
			return
		}
		x.op = m.op
		read := (*exchange).read
		if m.read != nil {
			read = m.read
		}
		if err := read(x); err != nil {
			d.refuseBody(x, err)
			return
		}
		// Requests, their reactions and their effects share one order: the one in which they pass here.
		d.mu.Lock()
		d.recordRequest(x, "")
		if m.arrived != nil {
			m.arrived(x)
		}
		d.play(x, d.take(x), func() reply { return m.effect(x) })
	})
}

// read takes the body in before anything else happens: only then does the server notice a client that goes away.
func (x *exchange) read() error {
	var err error
	x.body, err = io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	return err
}

func (d *Desk) refuseBody(x *exchange, err error) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); !ok {
		d.recordRequest(x, "The body never came to its end.")
		d.lose(x, "the connection broke while the desk was reading")
		return
	}
	most := int64(maxBody)
	if x.op == OpAttachment {
		most = mostUpload
	}
	d.recordRequest(x, fmt.Sprintf("The body is over %d bytes.", most))
	d.answer(x, problemReply(x.r, http.StatusRequestEntityTooLarge, "too-large", "The body is too large", fmt.Sprintf("A body may have %d bytes at most; send less.", most)))
}

// answer writes the reply, or opens the socket that it stands for.
func (d *Desk) answer(x *exchange, rep reply) {
	if rep.upgrade != nil {
		rep.upgrade(x)
		return
	}
	if rep.ready != nil && d.await(x.r.Context(), rep.ready) != nil {
		// Either the client has gone, and the answer is lost either way, or the desk closes.
		d.lose(x, clientGone)
		d.afterReply(rep)
		return
	}
	note := ""
	if x.r.Context().Err() != nil {
		note = clientGone
	}
	header := x.w.Header()
	if rep.contentType != "" {
		header.Set("Content-Type", rep.contentType)
	}
	if rep.allow != "" {
		header.Set("Allow", rep.allow)
	}
	if bodyAllowed(rep.status) {
		header.Set("Content-Length", strconv.Itoa(len(rep.body)))
	}
	// Recorded before the client can know, so that nothing it does in return seems to have come first.
	d.recordResponse(x, rep, note)
	x.w.WriteHeader(rep.status)
	if bodyAllowed(rep.status) {
		_, _ = x.w.Write(rep.body)
	}
	if rep.after != nil {
		_ = http.NewResponseController(x.w).Flush()
		d.afterReply(rep)
	}
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
	x.request = d.record(journal.Entry{Kind: journal.Request, From: journal.Integration, To: journal.Desk, Name: x.name, Note: note}, time.Now(),
		requestData{Host: d.foreignOrigin(x.r), Method: x.r.Method, Path: x.r.URL.Path, Query: x.r.URL.RawQuery, Body: capped(x.body),
			Headers: chosen(x.r.Header, "Origin", "Content-Type", "Upgrade", "Sec-Websocket-Protocol", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Sec-Fetch-Mode")})
}

func (d *Desk) recordResponse(x *exchange, rep reply, note string) {
	d.recordResponseAt(x, rep, note, time.Now())
}

// recordResponseAt records the answer; a status of 0 stands for no answer at all, and the note says why.
func (d *Desk) recordResponseAt(x *exchange, rep reply, note string, at time.Time) {
	d.record(journal.Entry{Kind: journal.Response, From: journal.Desk, To: journal.Integration, Name: x.name, Ref: x.request, Note: note}, at,
		responseData{Method: x.r.Method, Path: x.r.URL.Path, Status: rep.status, Body: capped(rep.body), Headers: chosen(x.w.Header(), "Content-Type", "Allow")})
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
