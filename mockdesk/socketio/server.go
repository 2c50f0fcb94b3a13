package socketio

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/gorilla/websocket"
)

// Server is a Socket.IO server. It is an http.Handler for the one path that its caller gives it, which clients take to be /socket.io/. Make one with New, and Close it.
type Server struct {
	o     Options
	clock Clock
	// work is every goroutine that is not a request's, and every socket's request.
	work sync.WaitGroup

	mu       sync.Mutex
	sessions map[string]*Session
	order    []*Session
	links    map[*link]struct{}
	closed   bool

	motion motion
}

var _ http.Handler = (*Server)(nil)

// New returns a server that waits for requests.
func New(o Options) *Server {
	o = o.filled()
	return &Server{o: o, clock: o.Clock, sessions: map[string]*Session{}, links: map[*link]struct{}{}}
}

// Session is the open session with an id; ok is false if there is none.
func (s *Server) Session(id string) (session *Session, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok = s.sessions[id]
	return session, ok
}

// Sessions are the open sessions, in the order in which they were opened.
func (s *Server) Sessions() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.order)
}

// Close kills all sessions, lets no other be opened, and waits until nothing of the server is left running; requests of polls end by themselves. It must not be called from
// within the functions of Options.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	sessions := slices.Clone(s.order)
	s.mu.Unlock()
	for _, session := range sessions {
		session.Kill()
	}
	s.mu.Lock()
	for l := range s.links {
		reset(l.conn.NetConn())
	}
	s.mu.Unlock()
	s.work.Wait()
}

// ServeHTTP serves one request, which may last as long as a poll or a socket does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.allow(w, r)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	session, rule, note := s.verify(r)
	switch {
	case session == nil && rule == "" && s.isClosed():
		gone(w)
	case rule != "":
		s.refuse(w, r, rule, note)
	case websocket.IsWebSocketUpgrade(r):
		s.serveSocket(w, r, session)
	case session == nil:
		s.openPolling(w, r)
	case r.Method == http.MethodPost:
		session.servePost(w, r)
	default:
		session.servePoll(w, r)
	}
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// allow lets pages of other origins read the answer, with credentials.
func (s *Server) allow(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || s.o.AllowOrigin != nil && !s.o.AllowOrigin(origin) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	if r.Method != http.MethodOptions {
		return
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "600")
}

// verify finds the session that a request belongs to, nil if it would open one, or the rule that it breaks.
func (s *Server) verify(r *http.Request) (session *Session, rule Rule, note string) {
	query := r.URL.Query()
	transport, upgrade := Transport(query.Get("transport")), websocket.IsWebSocketUpgrade(r)
	if !slices.Contains(s.o.Transports, transport) {
		return nil, UnknownTransport, "The transport is " + strconv.Quote(string(transport)) + "."
	}
	if version := query.Get("EIO"); version != "4" {
		return nil, WrongVersion, "The version of Engine.IO is " + strconv.Quote(version) + ", and 4 is spoken."
	}
	if upgrade != (transport == WebSocket) {
		return nil, WrongTransport, "The transport " + string(transport) + " does not fit the request, which is no upgrade to a WebSocket or is one."
	}
	id := query.Get("sid")
	if query.Has("sid") {
		session, known := s.Session(id)
		switch {
		case !known:
			return nil, UnknownSession, "There is no session " + strconv.Quote(id) + "."
		case r.Method != http.MethodGet && r.Method != http.MethodPost:
			return session, WrongMethod, "The method is " + r.Method + "."
		}
		return session, "", ""
	}
	if r.Method != http.MethodGet {
		return nil, WrongMethod, "The method is " + r.Method + ", and a session is opened with GET."
	}
	if s.o.Admit != nil {
		if err := s.o.Admit(r); err != nil {
			return nil, Forbidden, err.Error()
		}
	}
	return nil, "", ""
}

// refuse answers a request that breaks a rule, and touches no session.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, rule Rule, note string) {
	answer, status := refusals[rule], http.StatusBadRequest
	if rule == Forbidden {
		status, answer.message = http.StatusForbidden, note
	}
	s.watch(Crossing{
		Kind: Breached, Rule: rule, Status: status, Note: note, Session: r.URL.Query().Get("sid"), Transport: Transport(r.URL.Query().Get("transport")),
	})
	body, _ := json.Marshal(map[string]any{"code": answer.code, "message": answer.message})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// watch tells of a crossing.
func (s *Server) watch(c Crossing) {
	if s.o.Watch != nil {
		c.At = s.clock.Now()
		s.o.Watch(c)
	}
}

// open begins a session; it is nil if the server was closed.
func (s *Server) open(r *http.Request, transport Transport) *Session {
	session := &Session{
		server: s, id: rand.Text(), transport: transport, handshake: handshakeOf(r), gone: make(chan struct{}),
		sockets: map[string]*Socket{}, late: map[string]bool{}, jobWake: make(chan struct{}, 1), jobRoom: make(chan struct{}, 1),
	}
	session.assembler.MaxAttachments, session.assembler.MaxBytes = maxAttachments, attachmentFactor*s.o.MaxPayload
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.sessions[session.id] = session
	s.order = append(s.order, session)
	s.work.Go(session.doJobs)
	s.mu.Unlock()
	s.watch(Crossing{Kind: Opened, Session: session.id, Transport: transport})
	session.begin()
	return session
}

// forget takes a session out of the books.
func (s *Server) forget(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.motion.moved()
	delete(s.sessions, session.id)
	s.order = slices.DeleteFunc(s.order, func(other *Session) bool { return other == session })
}

// opening is the handshake that a client of a new session is given.
func (s *Server) opening(session *Session) []byte {
	upgrades := []Transport{}
	if session.Transport() == Polling && slices.Contains(s.o.Transports, WebSocket) {
		upgrades = append(upgrades, WebSocket)
	}
	data, _ := json.Marshal(struct {
		SID          string      `json:"sid"`
		Upgrades     []Transport `json:"upgrades"`
		PingInterval int64       `json:"pingInterval"`
		PingTimeout  int64       `json:"pingTimeout"`
		MaxPayload   int         `json:"maxPayload"`
	}{session.id, upgrades, s.o.PingInterval.Milliseconds(), s.o.PingTimeout.Milliseconds(), s.o.MaxPayload})
	return data
}

// gone answers a request that would open a session at a server that was closed.
func gone(w http.ResponseWriter) {
	http.Error(w, "the server was closed", http.StatusServiceUnavailable)
}
