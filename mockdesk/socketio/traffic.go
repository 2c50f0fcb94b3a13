package socketio

import (
	"context"
	"net/http"
	"sync"
)

// Traffic is what a server knows of what is on its way between it and its clients at one moment.
type Traffic struct {
	// Frames is how many WebSocket frames have gone to the sockets that are open now, or are about to go, and Sockets how many of these there are.
	Frames, Sockets int
	// Taken is how many have come from these sockets and been dealt with.
	Taken int
	// Held are the polls that wait because there is nothing to tell: method and address of each, such as "GET http://127.0.0.1:40123/socket.io/?EIO=4&…".
	Held []string
	// Moves is another number whenever a socket was opened or closed, a frame of it taken, or a poll came or was answered.
	Moves int
}

// motion counts the changes of the traffic other than frames to clients, and wakes who waits for one. Its lock is taken last.
type motion struct {
	mu      sync.Mutex
	moves   int
	changed chan struct{}
}

func (m *motion) moved() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moves++
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
}

// now is the number of changes so far, and what is closed at the next.
func (m *motion) now() (moves int, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.changed == nil {
		m.changed = make(chan struct{})
	}
	return m.moves, m.changed
}

// Traffic is what is on its way now.
func (s *Server) Traffic() Traffic {
	moves, _ := s.motion.now()
	t := Traffic{Moves: moves}
	for _, session := range s.Sessions() {
		session.addTo(&t)
	}
	return t
}

// Moved waits until the traffic has changed since t, in other ways than by a frame to a client. Its error is the context's.
func (s *Server) Moved(ctx context.Context, t Traffic) error {
	for {
		moves, changed := s.motion.now()
		if moves != t.Moves {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// addTo adds what is on its way in a session. A link that is about to close counts as closed, since its client may know by now.
func (s *Session) addTo(t *Traffic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range []*link{s.link, s.probe} {
		if l != nil && !l.closing && !l.over {
			t.Sockets++
			t.Frames += l.frames
			t.Taken += l.taken
		}
	}
	if s.poll != nil && !s.answerable(s.poll) {
		t.Held = append(t.Held, s.poll.address)
	}
}

// addressOf is how the client of a request knows it.
func addressOf(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return r.Method + " " + scheme + r.Host + r.URL.RequestURI()
}
