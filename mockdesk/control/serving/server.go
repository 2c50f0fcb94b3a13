// Package serving is what control APIs have in common, whatever they control: who may call, bodies that are held against an OpenAPI document, answers and problem documents, and
// the operations on a journal. An API is its document, and its operations as data.
package serving

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/control/api"
)

// mostBody is the largest JSON body, in bytes.
const mostBody = 1 << 20

// Access says who may call.
type Access struct {
	// Token is what a request must carry, at least 16 characters.
	Token string
	// Hosts are the names by which clients may call the server besides those of the loopback, without ports.
	Hosts []string
	// OpenConsole lets the console's own page call without a token where everything is on the loopback.
	OpenConsole bool
}

// Options are what a Server is made with.
type Options struct {
	Access

	// Document describes the API.
	Document *Document
	// Operations are those of the document, besides those that Server has itself: health, readiness and the document.
	Operations []Operation
	// Console serves what is neither of the API nor of its health: the console's page. Nil serves nothing.
	Console http.Handler
	// Beside are handlers for all that is below a path, such as "/driver", for those who carry the token. What is handed to them has the path taken away.
	Beside map[string]http.Handler
	// ProblemOf words errors of the operations that are neither an *api.Problem nor an *api.Refusal; it returns nil for those that it does not know. Nil knows none.
	ProblemOf func(error) *api.Problem
	// Log receives what happens; nil is silent.
	Log *slog.Logger
}

// Server is a control API as an http.Handler. Make one with New.
type Server struct {
	Options

	token   [sha256.Size]byte
	ready   atomic.Bool
	schemas map[string]*document.Schema
	mux     *http.ServeMux
}

// New makes a server. The error is one of the program: the document lacks a schema.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Console == nil {
		o.Console = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { noRoute(w, r) })
	}
	s := &Server{Options: o, token: sha256.Sum256([]byte(o.Token)), schemas: map[string]*document.Schema{}, mux: http.NewServeMux()}
	for _, op := range slices.Concat(s.own(), o.Operations) {
		if op.Schema != "" && s.schemas[op.Schema] == nil {
			schema, err := o.Document.schema(op.Schema)
			if err != nil {
				return nil, err
			}
			s.schemas[op.Schema] = schema
		}
		s.mux.HandleFunc(op.Method+" "+op.Path, s.serve(op))
	}
	for at, handler := range o.Beside {
		s.mux.Handle(at+"/", http.StripPrefix(at, handler))
	}
	s.mux.HandleFunc("/", s.elsewhere)
	return s, nil
}

// own are the operations that every API has.
func (s *Server) own() []Operation {
	return []Operation{
		Get("getHealth", "/healthz", func(*Call) (*Answer, error) { return OK(api.Health{Status: "ok"}) }),
		Get("getReadiness", "/readyz", s.getReadiness),
		Get("getDocument", "/openapi.yaml", written("application/yaml", s.Document.YAML)),
		Get("getDocumentAsJSON", "/openapi.json", written("application/json", s.Document.JSON)),
	}
}

func (s *Server) getReadiness(*Call) (*Answer, error) {
	if !s.ready.Load() {
		return nil, Problem(http.StatusServiceUnavailable, "not-ready", "The desks take no requests", "The server is starting or stopping; ask again, or start it.")
	}
	return OK(api.Health{Status: "ready"})
}

// written answers with a text.
func written(contentType string, text func() ([]byte, error)) func(*Call) (*Answer, error) {
	return func(*Call) (*Answer, error) {
		raw, err := text()
		if err != nil {
			return nil, err
		}
		return &Answer{Status: http.StatusOK, ContentType: contentType, Raw: raw}, nil
	}
}

// SetReady says whether the wire takes requests.
func (s *Server) SetReady(ready bool) { s.ready.Store(ready) }

// Operation is one of the document's.
type Operation struct {
	// ID, Method and Path are as the document has them.
	ID, Method, Path string
	// Schema is the name of that of the body, empty where the body is none or no JSON; Optional says that the body may be left out.
	Schema   string
	Optional bool
	// Handle carries the operation out.
	Handle func(*Call) (*Answer, error)
	// Stream is in place of Handle where an operation writes its answer itself.
	Stream func(*Call) error
}

// Get makes an operation of the method GET.
func Get(id, path string, handle func(*Call) (*Answer, error)) Operation {
	return Operation{ID: id, Method: http.MethodGet, Path: path, Handle: handle}
}

// Remove makes an operation of the method DELETE.
func Remove(id, path string, handle func(*Call) (*Answer, error)) Operation {
	return Operation{ID: id, Method: http.MethodDelete, Path: path, Handle: handle}
}

// Post makes an operation whose body is of a schema; an empty one takes no JSON.
func Post(id, path, schema string, optional bool, handle func(*Call) (*Answer, error)) Operation {
	return Operation{ID: id, Method: http.MethodPost, Path: path, Schema: schema, Optional: optional, Handle: handle}
}

// Put makes an operation of the method PUT.
func Put(id, path, schema string, handle func(*Call) (*Answer, error)) Operation {
	return Operation{ID: id, Method: http.MethodPut, Path: path, Schema: schema, Handle: handle}
}

// Call is a request with what was found out about it.
type Call struct {
	*http.Request

	// Raw is the body, once it was found to be as its schema says.
	Raw []byte
	// Writer is for who needs to bound the body, or streams.
	Writer http.ResponseWriter
}

// Answer is what an operation answers: a value, which goes as JSON, or something raw of a content type.
type Answer struct {
	Status      int
	ContentType string
	Location    string
	Value       any
	Raw         []byte
}

// OK answers with a value.
func OK(v any) (*Answer, error) { return &Answer{Status: http.StatusOK, Value: v}, nil }

// Reply makes an answer of what a method returned.
func Reply[T any](v T, err error) (*Answer, error) {
	if err != nil {
		return nil, err
	}
	return OK(v)
}

// Created answers with something that was made, and where it is; an empty location is left out.
func Created(location string, v any) (*Answer, error) {
	return &Answer{Status: http.StatusCreated, Location: location, Value: v}, nil
}

// NoContent answers with nothing if there is no error.
func NoContent(err error) (*Answer, error) {
	if err != nil {
		return nil, err
	}
	return &Answer{Status: http.StatusNoContent}, nil
}

// ServeHTTP checks who calls before anything else.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	seen := &watched{ResponseWriter: w}
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	if problem := s.admit(r); problem != nil {
		s.Log.Warn("refused", "method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr, "why", problem.Title)
		if problem.Status == http.StatusUnauthorized {
			header.Set("WWW-Authenticate", `Bearer realm="deskcheck desk"`)
		}
		writeProblem(seen, r, problem)
		return
	}
	if escaped := r.URL.EscapedPath(); path.Clean(escaped) != escaped && escaped != "/" {
		// Left to itself the mux would redirect, which no client of this API expects.
		noRoute(seen, r)
		return
	}
	s.mux.ServeHTTP(seen, r)
	s.Log.Debug("served", "method", r.Method, "path", r.URL.Path, "status", seen.status, "took", time.Since(began))
}

// watched remembers the status.
type watched struct {
	http.ResponseWriter

	status int
}

// WriteHeader remembers the status.
func (w *watched) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets an http.ResponseController find the connection.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// free are the paths that need no token.
var free = []string{"/healthz", "/readyz", "/openapi.yaml", "/openapi.json"}

// ofAPI says whether a path belongs to the API and not to the console.
func (s *Server) ofAPI(path string) bool {
	for at := range s.Beside {
		if strings.HasPrefix(path, at+"/") {
			return true
		}
	}
	return strings.HasPrefix(path, "/v1/") || path == "/v1" || path == "/metrics" || slices.Contains(free, path)
}

// admit says why a request is refused, nil if it is not.
func (s *Server) admit(r *http.Request) *api.Problem {
	host := hostOf(r.Host)
	if !isLoopback(host) && !slices.Contains(s.Hosts, host) {
		return Problem(http.StatusForbidden, "foreign-host", "The host is foreign", fmt.Sprintf("The request is addressed to %q, which is no name of this server; call it by localhost or 127.0.0.1, or start it with that name among its hosts.", r.Host))
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != scheme(r)+"://"+r.Host {
		return Problem(http.StatusForbidden, "foreign-origin", "The origin is foreign", fmt.Sprintf("A page of %s may not call this API; only its own console may.", origin))
	}
	site := r.Header.Get("Sec-Fetch-Site")
	visit := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && !s.ofAPI(r.URL.Path)
	if (site == "cross-site" || site == "same-site") && !visit {
		return Problem(http.StatusForbidden, "foreign-origin", "The origin is foreign", "A page of another site may not call this API; only its own console may.")
	}
	if !s.ofAPI(r.URL.Path) || slices.Contains(free, r.URL.Path) {
		return nil
	}
	if s.OpenConsole && site == "same-origin" && isLoopback(host) && isLoopback(hostOf(r.RemoteAddr)) {
		// No page can forge that header, and what is not a page is a program of somebody on this machine.
		return nil
	}
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(given))
	if !bearer || subtle.ConstantTimeCompare(sum[:], s.token[:]) != 1 {
		return Problem(http.StatusUnauthorized, "unauthorized", "The token is missing or wrong", "Send the header Authorization: Bearer TOKEN with the token that was printed when the desk was started.")
	}
	return nil
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	return strings.ToLower(strings.Trim(address, "[]"))
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// serve makes a handler of an operation.
func (s *Server) serve(op Operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		done, err := s.run(op, &Call{Request: r, Writer: w})
		switch {
		case err != nil:
			writeProblem(w, r, s.problemOf(err))
		case done != nil:
			s.write(w, op, done)
		}
		switch {
		case err != nil:
			s.Log.Info("declined", "operation", op.ID, "path", r.URL.Path, "why", err)
		case r.Method != http.MethodGet:
			s.Log.Info("done", "operation", op.ID, "path", r.URL.Path)
		}
	}
}

// run carries an operation out; without an answer it has written it itself.
func (s *Server) run(op Operation, c *Call) (*Answer, error) {
	if op.Schema != "" {
		if err := s.readBody(op, c); err != nil {
			return nil, err
		}
	}
	if op.Stream != nil {
		return nil, op.Stream(c)
	}
	return op.Handle(c)
}

// readBody reads a JSON body and holds it against its schema.
func (s *Server) readBody(op Operation, c *Call) error {
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Body, mostBody))
	if err != nil {
		return TooLarge(err, mostBody)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		if !op.Optional {
			return Invalid("The body is missing; it must be a JSON object.")
		}
		raw = []byte("{}")
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return Invalid("The body is not JSON: " + err.Error() + ".")
	}
	if _, isObject := value.(map[string]any); !isObject {
		return Invalid("The body must be a JSON object.")
	}
	problems, err := s.schemas[op.Schema].Problems(value)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return mistakes(problems)
	}
	c.Raw = raw
	return nil
}

// TooLarge is the problem of a body that could not be read: it is larger than so many bytes, or broke off.
func TooLarge(err error, most int) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Problem(http.StatusRequestEntityTooLarge, "too-large", "The body is too large", fmt.Sprintf("A body may have %d bytes at most here; send less.", most))
	}
	return Invalid("The body broke off: " + err.Error() + ".")
}

// Invalid is the problem of a request that is not as the document describes it.
func Invalid(detail string) *api.Problem {
	return Problem(http.StatusBadRequest, "invalid", "The request is not as the document describes it", detail)
}

// mistakes words what the schema says.
func mistakes(problems []document.Problem) error {
	p := Invalid("")
	var lines []string
	for _, one := range problems {
		if one.Message == "" && one.Expected == "" {
			one.Expected = "a value as the document describes it"
		}
		lines = append(lines, one.String())
		field := one.Key
		one.Key = ""
		p.Errors = append(p.Errors, api.Mistake{Field: field, Detail: one.String()})
	}
	p.Detail = strings.Join(lines[:min(len(lines), document.MostProblems)], "; ")
	return p
}

// Into reads a body that was found to be as its schema says.
func Into[T any](c *Call) (T, error) {
	var v T
	if err := json.Unmarshal(c.Raw, &v); err != nil {
		return v, Invalid("The body cannot be read: " + err.Error() + ".")
	}
	return v, nil
}

func (s *Server) write(w http.ResponseWriter, op Operation, a *Answer) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if a.Location != "" {
		header.Set("Location", a.Location)
	}
	if a.Status == http.StatusNoContent {
		w.WriteHeader(a.Status)
		return
	}
	raw := a.Raw
	if raw == nil {
		a.ContentType = "application/json"
		var err error
		if raw, err = json.Marshal(a.Value); err != nil {
			s.Log.Error("an answer cannot be encoded", "operation", op.ID, "err", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		raw = append(raw, '\n')
	}
	header.Set("Content-Type", a.ContentType)
	w.WriteHeader(a.Status)
	_, _ = w.Write(raw) // Who does not read the answer has gone.
}

// elsewhere answers for what is no operation: with the methods that a path has, or by the console.
func (s *Server) elsewhere(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	switch {
	case len(allowed) > 0:
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeProblem(w, r, Problem(http.StatusMethodNotAllowed, "method-not-allowed", "The path has no such method", "It takes "+strings.Join(allowed, ", ")+"."))
	case s.ofAPI(r.URL.Path):
		noRoute(w, r)
	default:
		s.Console.ServeHTTP(w, r)
	}
}

func noRoute(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, Problem(http.StatusNotFound, "unknown-path", "There is no such path", "The document at /openapi.yaml has them all."))
}

// Problem is a problem document of a kind.
func Problem(status int, kind, title, detail string) *api.Problem {
	return &api.Problem{Type: "urn:deskcheck:problem:" + kind, Title: title, Status: status, Detail: detail}
}

// refusals are how refusals are told.
var refusals = map[api.RefusalKind]struct {
	status int
	title  string
}{
	api.Unknown:  {http.StatusNotFound, "What is named is not there"},
	api.Conflict: {http.StatusConflict, "The state of things does not allow it"},
	api.Invalid:  {http.StatusBadRequest, "The request is not as it must be"},
	api.TooMuch:  {http.StatusConflict, "A bound is reached"},
	api.Closed:   {http.StatusGone, "The tenant has ended"},
}

// problemOf makes a problem document of an error.
func (s *Server) problemOf(err error) *api.Problem {
	if p, ok := errors.AsType[*api.Problem](err); ok {
		return p
	}
	if r, ok := errors.AsType[*api.Refusal](err); ok {
		how := refusals[r.Kind]
		p := Problem(how.status, string(r.Kind), how.title, r.Detail)
		p.Errors = r.Mistakes
		return p
	}
	if s.ProblemOf != nil {
		if p := s.ProblemOf(err); p != nil {
			return p
		}
	}
	return Problem(http.StatusInternalServerError, "failed", "The server failed", err.Error()+"; please report it.")
}

func writeProblem(w http.ResponseWriter, r *http.Request, p *api.Problem) {
	told := *p
	told.Instance = r.URL.Path
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(&told) // Who does not read the answer has gone.
}
