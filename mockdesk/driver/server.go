package driver

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// mostBody is the largest body of a request, in bytes: a file that the desk is to serve, in base64.
	mostBody = 8 << 20
	// longestWait is the longest that a request may wait for something to change.
	longestWait = 30 * time.Second
)

// Opener makes the desk of one more scenario, of which it is told what it is called. An *Error of the kind Refused says that there can be no more.
type Opener func(name string) (*Mock, error)

// Server offers mock desks by the contract, a desk for each scenario. It checks no tokens: whoever serves it does. Make one with NewServer, and Close it.
type Server struct {
	capabilities Capabilities
	open         Opener
	forget       time.Duration
	mux          *http.ServeMux

	mu        sync.Mutex
	scenarios map[string]*played
	closed    bool
}

// played is a scenario that is played here.
type played struct {
	id    string
	desk  *Mock
	alive *time.Timer
	// ended is closed when the scenario ends, for whoever waits.
	ended chan struct{}

	mu sync.Mutex
	// shown is the state that was told last, without its number; revision is that number.
	shown    []byte
	revision int
	// acted is closed and replaced at every act: not everything that the desk is told to do is a change that it tells of.
	acted chan struct{}
}

// NewServer offers what open makes. A scenario that nobody asks after is ended once forget has passed.
func NewServer(capabilities Capabilities, open Opener, forget time.Duration) *Server {
	s := &Server{capabilities: capabilities, open: open, forget: forget, mux: http.NewServeMux(), scenarios: map[string]*played{}}
	s.mux.HandleFunc("GET /capabilities", func(w http.ResponseWriter, _ *http.Request) { give(w, http.StatusOK, s.capabilities) })
	s.mux.HandleFunc("POST /scenarios", s.begin)
	s.mux.HandleFunc("DELETE /scenarios/{scenario}", s.end)
	s.mux.HandleFunc("GET /scenarios/{scenario}/state", s.about(s.state))
	s.mux.HandleFunc("GET /scenarios/{scenario}/traffic", s.about(s.traffic))
	s.mux.HandleFunc("POST /scenarios/{scenario}/acts/{verb}", s.about(s.act))
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		tell(w, r, http.StatusNotFound, "unknown", "there is no such path; the contract has them all: deskcheck driver print")
	})
	return s
}

// ServeHTTP serves one request; its path begins at the driver's address.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close ends all scenarios.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	all := s.scenarios
	s.scenarios = map[string]*played{}
	s.mu.Unlock()
	for _, p := range all {
		p.end()
	}
}

// problem is what goes wrong, by RFC 9457.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance,omitempty"`
}

// problemType begins the type of every problem; the kind of the Error follows, or another word.
const problemType = "urn:deskcheck:driver:"

var titles = map[string]string{
	string(Cannot): "The driver has no such verb", string(Refused): "The state of things does not allow it", "invalid": "The request is not as the contract says",
	"unknown": "What is named is not there",
}

func tell(w http.ResponseWriter, r *http.Request, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	// Who does not read the answer has gone.
	_ = json.NewEncoder(w).Encode(problem{Type: problemType + kind, Title: titles[kind], Status: status, Detail: detail, Instance: r.URL.Path})
}

func give(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // As in tell.
}

// Begun is what is told of a scenario that has begun.
type Begun struct {
	ID   string `json:"id"`
	Desk Place  `json:"desk"`
}

// Beginning is what a scenario is begun with.
type Beginning struct {
	// Name is what the scenario is called, such as "requesting/42".
	Name string `json:"name"`
}

func (s *Server) begin(w http.ResponseWriter, r *http.Request) {
	var with Beginning
	if err := readBody(w, r, &with); err != nil {
		tell(w, r, http.StatusBadRequest, "invalid", err.Error())
		return
	}
	desk, err := s.open(with.Name)
	if err != nil {
		tell(w, r, http.StatusConflict, string(Refused), err.Error())
		return
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // It never fails.
	p := &played{id: hex.EncodeToString(random[:]), desk: desk, ended: make(chan struct{}), acted: make(chan struct{})}
	p.alive = time.AfterFunc(s.forget, func() { s.drop(p.id) })
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.scenarios[p.id] = p
	}
	s.mu.Unlock()
	if closed {
		p.end()
		tell(w, r, http.StatusConflict, string(Refused), "the desk ends")
		return
	}
	give(w, http.StatusCreated, Begun{ID: p.id, Desk: desk.Place()})
}

// end is called once, by whoever has taken the scenario off the list.
func (p *played) end() {
	p.alive.Stop()
	close(p.ended)
	_ = p.desk.Close() // Nobody is left to be told.
}

// drop ends a scenario, and says whether there was one.
func (s *Server) drop(id string) bool {
	s.mu.Lock()
	p := s.scenarios[id]
	delete(s.scenarios, id)
	s.mu.Unlock()
	if p == nil {
		return false
	}
	p.end()
	return true
}

func (s *Server) end(w http.ResponseWriter, r *http.Request) {
	if !s.drop(r.PathValue("scenario")) {
		unknownScenario(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func unknownScenario(w http.ResponseWriter, r *http.Request) {
	tell(w, r, http.StatusNotFound, "unknown", fmt.Sprintf("there is no scenario %q: it has ended, or nobody has asked after it for too long", r.PathValue("scenario")))
}

// about finds the scenario of a request, and keeps it from being forgotten.
func (s *Server) about(serve func(*played, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		p := s.scenarios[r.PathValue("scenario")]
		s.mu.Unlock()
		if p == nil {
			unknownScenario(w, r)
			return
		}
		p.alive.Reset(s.forget + longestWait)
		serve(p, w, r)
	}
}

// now is the state as it is, with its revision.
func (p *played) now() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.desk.State()
	// Plain values always marshal.
	shown, _ := json.Marshal(state)
	if !bytes.Equal(shown, p.shown) {
		p.shown = shown
		p.revision++
	}
	state.Revision = p.revision
	return state
}

// until waits until there is something to tell, the time is over or the client has gone, and says which: done is asked again after every change.
func (p *played) until(ctx context.Context, wait time.Duration, done func() bool) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		p.mu.Lock()
		acted := p.acted
		p.mu.Unlock()
		changed := p.desk.desk.Changed()
		if done() {
			return
		}
		select {
		case <-changed:
		case <-acted:
		case <-p.ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

// number reads a query parameter; without one it is otherwise.
func number(r *http.Request, name string, otherwise int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s: expected a whole number, found %q", name, text)
	}
	return n, nil
}

// waiting reads from where on something is news, and how long to wait for it.
func waiting(r *http.Request) (after int, wait time.Duration, err error) {
	after, err = number(r, "after", -1)
	if err != nil {
		return 0, 0, err
	}
	seconds, err := number(r, "wait", 0)
	if err != nil {
		return 0, 0, err
	}
	if wait = time.Duration(seconds) * time.Second; wait < 0 || wait > longestWait {
		return 0, 0, fmt.Errorf("wait: expected 0 to %d seconds, found %d", int(longestWait.Seconds()), seconds)
	}
	return after, wait, nil
}

func (s *Server) state(p *played, w http.ResponseWriter, r *http.Request) {
	after, wait, err := waiting(r)
	if err != nil {
		tell(w, r, http.StatusBadRequest, "invalid", err.Error())
		return
	}
	var now State
	p.until(r.Context(), wait, func() bool {
		now = p.now()
		return now.Revision > after
	})
	give(w, http.StatusOK, now)
}

func (s *Server) traffic(p *played, w http.ResponseWriter, r *http.Request) {
	after, wait, err := waiting(r)
	if err != nil {
		tell(w, r, http.StatusBadRequest, "invalid", err.Error())
		return
	}
	if after >= 0 {
		p.until(r.Context(), wait, func() bool { return p.desk.desk.Traffic().Moves() != after })
	}
	ctx, cancel := context.WithTimeout(r.Context(), longestWait)
	defer cancel()
	now, _ := p.desk.Traffic(ctx) // A mock desk always tells.
	give(w, http.StatusOK, now)
}

func (s *Server) act(p *played, w http.ResponseWriter, r *http.Request) {
	act := Act{}
	if err := readBody(w, r, &act); err != nil {
		tell(w, r, http.StatusBadRequest, "invalid", err.Error())
		return
	}
	act.Verb = Verb(r.PathValue("verb"))
	if act.Verb == PassTime && act.Ms < 0 {
		tell(w, r, http.StatusBadRequest, "invalid", "ms: expected 0 or more")
		return
	}
	done, err := p.desk.Do(r.Context(), act)
	if mistake, wrong := errors.AsType[*Error](err); wrong {
		status := map[Kind]int{Cannot: http.StatusNotImplemented, Refused: http.StatusConflict}[mistake.Kind]
		detail := act.String()
		if mistake.Err != nil {
			detail = mistake.Err.Error()
		}
		tell(w, r, status, string(mistake.Kind), detail)
		return
	}
	done.Revision = p.now().Revision
	p.mu.Lock()
	close(p.acted)
	p.acted = make(chan struct{})
	p.mu.Unlock()
	give(w, http.StatusOK, done)
}

// readBody reads a JSON object; what the contract does not name is a mistake.
func readBody(w http.ResponseWriter, r *http.Request, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		return fmt.Errorf("the body cannot be read: %w", err)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("the body is not as the contract says: %w", err)
	}
	return nil
}
