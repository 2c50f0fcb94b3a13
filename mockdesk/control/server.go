// Package control is the API by which a desk standing alone is programmed, watched and broken. openapi.yaml describes it; the server checks what it is sent by that very document.
package control

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
	"deskcheck/mockdesk/tenant"
)

const (
	// mostBody is the largest JSON body, mostScript the largest script, in bytes.
	mostBody   = 1 << 20
	mostScript = 128 << 10
	// mostWaits and mostFollowers are how many requests may wait, and how many may follow a journal, at once.
	mostWaits     = 2000
	mostFollowers = 200
)

// DriverPath is where drivers find the desk.
const DriverPath = "/driver"

// Options are what a Server is made with.
type Options struct {
	// Tenants are the desks.
	Tenants *tenant.Registry
	// Token is what a request must carry, at least 16 characters.
	Token string
	// Hosts are the names by which clients may call the server besides those of the loopback, without ports.
	Hosts []string
	// OpenConsole lets the console's own page call without a token where everything is on the loopback.
	OpenConsole bool
	// Console serves what is neither of the API nor of its health: the console's page. Nil serves nothing.
	Console http.Handler
	// Driver serves what is below DriverPath, for those who carry the token; nil serves nothing there.
	Driver http.Handler
	// Metrics serves the metrics, and is told of the server's; nil makes ones of its own.
	Metrics *Metrics
	// Log receives what happens; nil is silent.
	Log *slog.Logger
	// Version is that of deskcheck.
	Version string
	// Wire says where clients find the default tenant.
	Wire func() api.WireAddresses
}

// Server is the control API as an http.Handler. Make one with New.
type Server struct {
	Options

	token    [sha256.Size]byte
	started  time.Time
	ready    atomic.Bool
	waits    atomic.Int64
	follows  atomic.Int64
	schemas  map[string]*document.Schema
	mux      *http.ServeMux
	patterns []string
}

// New makes a server. The error is one of the program: the embedded document is none.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	if o.Console == nil {
		o.Console = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { noRoute(w, r) })
	}
	s := &Server{Options: o, token: sha256.Sum256([]byte(o.Token)), started: time.Now(), schemas: map[string]*document.Schema{}, mux: http.NewServeMux()}
	for _, op := range s.operations() {
		if op.schema != "" && s.schemas[op.schema] == nil {
			schema, err := bodySchema(op.schema)
			if err != nil {
				return nil, err
			}
			s.schemas[op.schema] = schema
		}
		s.patterns = append(s.patterns, op.method+" "+op.path)
		s.mux.HandleFunc(op.method+" "+op.path, s.serve(op))
	}
	if o.Driver != nil {
		s.mux.Handle(DriverPath+"/", http.StripPrefix(DriverPath, o.Driver))
	}
	s.mux.HandleFunc("/", s.elsewhere)
	o.Metrics.gauges(s)
	return s, nil
}

// SetReady says whether the wire takes requests.
func (s *Server) SetReady(ready bool) { s.ready.Store(ready) }

// operation is one of the document's.
type operation struct {
	id, method, path string
	// schema is the name of that of the body, empty where the body is none or no JSON; optional says that the body may be left out.
	schema   string
	optional bool
	handle   func(*call) (*answer, error)
	// stream writes the answer itself.
	stream func(w http.ResponseWriter, c *call) error
}

// call is a request with what was found out about it.
type call struct {
	*http.Request

	body   []byte
	tenant *tenant.Tenant
	// w is for who needs to bound the body.
	w http.ResponseWriter
}

// answer is what an operation answers.
type answer struct {
	status      int
	contentType string
	location    string
	value       any
	raw         []byte
}

func ok(v any) (*answer, error) { return &answer{status: http.StatusOK, value: v}, nil }

// reply makes an answer of what a method of a tenant returned.
func reply[T any](v T, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	return ok(v)
}

func noContent(err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusNoContent}, nil
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
func ofAPI(path string) bool {
	return strings.HasPrefix(path, "/v1/") || path == "/v1" || strings.HasPrefix(path, DriverPath+"/") || path == "/metrics" || slices.Contains(free, path)
}

// admit says why a request is refused, nil if it is not.
func (s *Server) admit(r *http.Request) *api.Problem {
	host := hostOf(r.Host)
	if !isLoopback(host) && !slices.Contains(s.Hosts, host) {
		return problem(http.StatusForbidden, "foreign-host", "The host is foreign", fmt.Sprintf("The request is addressed to %q, which is no name of this server; call it by localhost or 127.0.0.1, or start it with that name among its hosts.", r.Host))
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != scheme(r)+"://"+r.Host {
		return problem(http.StatusForbidden, "foreign-origin", "The origin is foreign", fmt.Sprintf("A page of %s may not call this API; only its own console may.", origin))
	}
	site := r.Header.Get("Sec-Fetch-Site")
	visit := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && !ofAPI(r.URL.Path)
	if (site == "cross-site" || site == "same-site") && !visit {
		return problem(http.StatusForbidden, "foreign-origin", "The origin is foreign", "A page of another site may not call this API; only its own console may.")
	}
	if !ofAPI(r.URL.Path) || slices.Contains(free, r.URL.Path) {
		return nil
	}
	if s.OpenConsole && site == "same-origin" && isLoopback(host) && isLoopback(hostOf(r.RemoteAddr)) {
		// No page can forge that header, and what is not a page is a program of somebody on this machine.
		return nil
	}
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(given))
	if !bearer || subtle.ConstantTimeCompare(sum[:], s.token[:]) != 1 {
		return problem(http.StatusUnauthorized, "unauthorized", "The token is missing or wrong", "Send the header Authorization: Bearer TOKEN with the token that was printed when the desk was started.")
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
func (s *Server) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r, w: w}
		done, err := s.run(op, w, c)
		switch {
		case err != nil:
			writeProblem(w, r, problemOf(err))
		case done != nil:
			s.write(w, op, done)
		}
		switch {
		case err != nil:
			s.Log.Info("declined", "operation", op.id, "path", r.URL.Path, "why", err)
		case r.Method != http.MethodGet:
			s.Log.Info("done", "operation", op.id, "path", r.URL.Path)
		}
	}
}

// run carries an operation out; without an answer it has written it itself.
func (s *Server) run(op operation, w http.ResponseWriter, c *call) (*answer, error) {
	if op.schema != "" {
		if err := s.readBody(op, c); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(op.path, "/v1/tenants/{tenant}") {
		var err error
		if c.tenant, err = s.Tenants.Get(c.PathValue("tenant")); err != nil {
			return nil, err
		}
	}
	if op.stream != nil {
		return nil, op.stream(w, c)
	}
	done, err := op.handle(c)
	if err != nil || c.tenant == nil {
		return done, err
	}
	// Nothing that the API has said is missing after the process was killed.
	return done, c.tenant.Saved(c.Context())
}

// readBody reads a JSON body and holds it against its schema.
func (s *Server) readBody(op operation, c *call) error {
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, mostBody))
	if err != nil {
		return tooLarge(err, mostBody)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		if !op.optional {
			return invalid("The body is missing; it must be a JSON object.")
		}
		raw = []byte("{}")
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return invalid("The body is not JSON: " + err.Error() + ".")
	}
	if _, isObject := value.(map[string]any); !isObject {
		return invalid("The body must be a JSON object.")
	}
	problems, err := s.schemas[op.schema].Problems(value)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return mistakes(problems)
	}
	c.body = raw
	return nil
}

func tooLarge(err error, most int) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem(http.StatusRequestEntityTooLarge, "too-large", "The body is too large", fmt.Sprintf("A body may have %d bytes at most here; send less.", most))
	}
	return invalid("The body broke off: " + err.Error() + ".")
}

func invalid(detail string) *api.Problem {
	return problem(http.StatusBadRequest, "invalid", "The request is not as the document describes it", detail)
}

// mistakes words what the schema says.
func mistakes(problems []document.Problem) error {
	p := invalid("")
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

// into reads a body that was found to be as its schema says.
func into[T any](c *call) (T, error) {
	var v T
	if err := json.Unmarshal(c.body, &v); err != nil {
		return v, invalid("The body cannot be read: " + err.Error() + ".")
	}
	return v, nil
}

func (s *Server) write(w http.ResponseWriter, op operation, a *answer) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if a.location != "" {
		header.Set("Location", a.location)
	}
	if a.status == http.StatusNoContent {
		w.WriteHeader(a.status)
		return
	}
	raw := a.raw
	if raw == nil {
		a.contentType = "application/json"
		var err error
		if raw, err = json.Marshal(a.value); err != nil {
			s.Log.Error("an answer cannot be encoded", "operation", op.id, "err", err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		raw = append(raw, '\n')
	}
	header.Set("Content-Type", a.contentType)
	w.WriteHeader(a.status)
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
		writeProblem(w, r, problem(http.StatusMethodNotAllowed, "method-not-allowed", "The path has no such method", "It takes "+strings.Join(allowed, ", ")+"."))
	case ofAPI(r.URL.Path):
		noRoute(w, r)
	default:
		s.Console.ServeHTTP(w, r)
	}
}

func noRoute(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, problem(http.StatusNotFound, "unknown-path", "There is no such path", "The document at /openapi.yaml has them all."))
}

func problem(status int, kind, title, detail string) *api.Problem {
	return &api.Problem{Type: "urn:deskcheck:problem:" + kind, Title: title, Status: status, Detail: detail}
}

// refusals are how the refusals of tenants are told.
var refusals = map[tenant.Kind]struct {
	status int
	title  string
}{
	tenant.Unknown:  {http.StatusNotFound, "What is named is not there"},
	tenant.Conflict: {http.StatusConflict, "The state of things does not allow it"},
	tenant.Invalid:  {http.StatusBadRequest, "The request is not as it must be"},
	tenant.TooMuch:  {http.StatusConflict, "A bound is reached"},
	tenant.Closed:   {http.StatusGone, "The tenant has ended"},
}

// problemOf makes a problem document of an error.
func problemOf(err error) *api.Problem {
	if p, ok := errors.AsType[*api.Problem](err); ok {
		return p
	}
	if r, ok := errors.AsType[*tenant.Refusal](err); ok {
		how := refusals[r.Kind]
		p := problem(how.status, string(r.Kind), how.title, r.Detail)
		p.Errors = r.Mistakes
		return p
	}
	if errors.Is(err, tenant.ErrNotSaved) {
		return problem(http.StatusInsufficientStorage, "not-saved", "The desk cannot save any more", err.Error())
	}
	return problem(http.StatusInternalServerError, "failed", "The server failed", err.Error()+"; please report it.")
}

func writeProblem(w http.ResponseWriter, r *http.Request, p *api.Problem) {
	told := *p
	told.Instance = r.URL.Path
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(&told) // Who does not read the answer has gone.
}
