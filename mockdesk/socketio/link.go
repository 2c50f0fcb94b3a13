package socketio

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/socketio/codec"
)

// closeNoStatus and the others are codes of WebSocket's close frames: without a code, for a broken rule, for a frame over the limit.
const (
	closeNoStatus = websocket.CloseNoStatusReceived
	closeBreach   = websocket.CloseProtocolError
	closeTooLarge = websocket.CloseMessageTooBig
)

// link is a WebSocket of a session: the one that carries it, or one that probes whether it could. One goroutine reads, the request's, and one writes.
type link struct {
	session *Session
	conn    *websocket.Conn
	// wake has room for one token: there may be something to write. done is closed when the connection is no longer of use.
	// written is closed when nothing more is written.
	wake, done, written chan struct{}

	// The session's lock guards the rest. out is what is still to be written, code the close frame behind it once closing is set.
	out     []outgoing
	closing bool
	code    int
	// frames is how many were ever queued, taken how many that came were dealt with, and over is set once the reader has ended.
	frames, taken int
	over          bool
	// probed is whether the probe came, and stop stops the timer that waits for the upgrade, or for the client to end the connection.
	probed bool
	stop   func() bool
}

// serveSocket opens a WebSocket, and reads it to its end. A session of nil means that the socket opens one.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request, session *Session) {
	if session != nil && !session.canProbe() {
		s.refuse(w, r, WrongTransport, "The session has its WebSocket already.")
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }, Error: func(w http.ResponseWriter, r *http.Request, _ int, err error) {
		s.refuse(w, r, WrongTransport, sentence(err))
	}}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	conn.SetReadLimit(int64(s.o.MaxPayload))
	l := &link{conn: conn, wake: make(chan struct{}, 1), done: make(chan struct{}), written: make(chan struct{})}
	if !s.adopt(l) {
		reset(conn.NetConn())
		return
	}
	defer s.drop(l)
	var first []outgoing
	if session == nil {
		if session = s.open(r, WebSocket); session == nil {
			reset(conn.NetConn())
			return
		}
		first = append(first, control(codec.Open, string(s.opening(session))))
	}
	if !l.enter(session, first) {
		_ = conn.Close()
		return
	}
	l.read()
}

// adopt takes a link into the books, unless the server was closed.
func (s *Server) adopt(l *link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.links[l] = struct{}{}
	s.work.Add(1)
	return true
}

// drop takes a link out of the books, when its reader has ended.
func (s *Server) drop(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, l)
	s.motion.moved()
	s.work.Done()
}

// canProbe says whether a WebSocket may take over the session.
func (s *Session) canProbe() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transport == Polling && s.probe == nil && !s.closing && !s.ended
}

// enter begins to write: first, in a session that the link has opened, or else the answers to its probe. It says whether the session takes the link.
func (l *link) enter(s *Session, first []outgoing) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.session = s
	switch {
	case s.ended:
		return false
	case len(first) > 0:
		s.link = l
		l.queue(first...)
		l.queue(s.out...)
		s.out = nil
	case s.transport == Polling && s.probe == nil && !s.closing:
		s.probe = l
		bound := s.server.o.UpgradeTimeout
		l.stop = s.server.clock.AfterFunc(bound, func() { l.failProbe("No upgrade came within " + bound.String() + " of the request for it.") })
	default:
		return false
	}
	s.server.work.Go(l.write)
	s.server.motion.moved()
	return true
}

// queue has frames written; the session's lock is held.
func (l *link) queue(all ...outgoing) {
	if !l.closing {
		l.out = append(l.out, all...)
		l.frames += len(all)
		nudge(l.wake)
	}
}

// close has the connection closed behind what is queued; the session's lock is held. A code of 0 needs cut.
func (l *link) close(code int) {
	if l.closing {
		return
	}
	l.closing, l.code = true, code
	l.session.server.motion.moved()
	if l.stop != nil {
		l.stop()
	}
	l.stop = l.session.server.clock.AfterFunc(farewell, func() { _ = l.conn.NetConn().Close() })
	nudge(l.wake)
}

// cut resets the connection; the session's lock is held.
func (l *link) cut() {
	l.closing = true
	l.session.server.motion.moved()
	reset(l.conn.NetConn())
	nudge(l.wake)
}

// write is the writer goroutine. A failed write ends it without a word: the reader notices too.
func (l *link) write() {
	defer close(l.written)
	for {
		all, closing, code := l.choose()
		for _, o := range all {
			if l.put(o) != nil {
				return
			}
		}
		switch {
		case len(all) > 0:
			continue
		case closing:
			// The reader reads on until the client has ended the connection: an end with something left unread would be a reset, which overtakes the goodbye.
			_ = l.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Time{})
			return
		}
		select {
		case <-l.wake:
		case <-l.done:
			return
		}
	}
}

// choose takes what is to be written next, and how the link ends once there is nothing more.
func (l *link) choose() (all []outgoing, closing bool, code int) {
	l.session.mu.Lock()
	defer l.session.mu.Unlock()
	all, l.out = l.out, nil
	return all, l.closing, l.code
}

// put writes a frame.
func (l *link) put(o outgoing) error {
	l.session.telling(o, WebSocket)
	kind := websocket.TextMessage
	if o.frame.Binary {
		kind = websocket.BinaryMessage
	}
	return l.conn.WriteMessage(kind, o.frame.Data)
}

// read is the reader: it takes what comes until the connection ends.
func (l *link) read() {
	defer func() {
		close(l.done)
		l.session.mu.Lock()
		l.over = true
		if l.stop != nil {
			l.stop()
		}
		l.session.mu.Unlock()
		_ = l.conn.Close()
	}()
	// The goodbye is said by the writer, like everything else that is written.
	l.conn.SetCloseHandler(func(int, string) error { return nil })
	for {
		kind, data, err := l.conn.ReadMessage()
		if err != nil {
			l.readFailed(err)
			return
		}
		l.take(codec.Frame{Binary: kind == websocket.BinaryMessage, Data: data})
		l.session.mu.Lock()
		l.session.job(l.took) // behind what the frame asks for
		l.session.mu.Unlock()
	}
}

// took counts a frame that was dealt with.
func (l *link) took() {
	l.session.mu.Lock()
	l.taken++
	l.session.mu.Unlock()
	l.session.server.motion.moved()
}

// role says whether the link carries its session, and whether it ends.
func (l *link) role() (carries, closing bool) {
	l.session.mu.Lock()
	defer l.session.mu.Unlock()
	return l.session.link == l, l.closing
}

// take takes a frame that came. What comes behind the end of the link has no effect.
func (l *link) take(f codec.Frame) {
	carries, closing := l.role()
	switch {
	case closing:
	case carries:
		l.session.take(f, WebSocket)
	default:
		l.takeProbe(f)
	}
}

// takeProbe takes what comes before the upgrade: the probe, and then the upgrade itself.
func (l *link) takeProbe(f codec.Frame) {
	s := l.session
	p, err := codec.DecodeEngine(f)
	if err != nil {
		l.failProbe(sentence(err))
		return
	}
	s.tell(Crossing{Kind: Packet, Direction: In, Engine: p.Type, Note: noteOf(p)}, WebSocket)
	s.mu.Lock()
	probed := l.probed
	s.mu.Unlock()
	switch {
	case !probed && p.Type == codec.Ping && string(p.Data) == "probe":
		s.mu.Lock()
		l.probed = true
		l.queue(control(codec.Pong, "probe"))
		if s.poll != nil {
			s.poll.nudge()
		}
		s.mu.Unlock()
	case probed && p.Type == codec.Upgrade:
		l.takeOver()
	default:
		l.failProbe("A packet " + p.Type.String() + " came where the probe or the upgrade is expected.")
	}
}

// takeOver has the link carry its session. A POST that is being taken is taken first.
func (l *link) takeOver() {
	s := l.session
	s.taking.Lock()
	defer s.taking.Unlock()
	s.mu.Lock()
	if s.probe != l || s.ended {
		s.mu.Unlock()
		return
	}
	l.stop()
	l.stop, s.probe, s.link, s.transport = nil, nil, l, WebSocket
	l.queue(s.out...)
	s.out = nil
	if s.closing {
		s.server.work.Go(func() { s.end(ByServer, codec.Close, closeNoStatus) })
	}
	if s.poll != nil {
		s.poll.nudge()
	}
	s.mu.Unlock()
	s.tell(Crossing{Kind: Upgraded}, WebSocket)
}

// failProbe closes a link that does not become the one that carries the session; the session stays with polling.
func (l *link) failProbe(note string) {
	s := l.session
	s.mu.Lock()
	failed := s.probe == l
	if failed {
		s.probe = nil
		l.close(closeNoStatus)
	}
	s.mu.Unlock()
	if failed {
		s.tell(Crossing{Kind: Breached, Rule: FailedProbe, Note: note}, WebSocket)
	}
}

// readFailed ends what the link carried, for the reason that the reader was given.
func (l *link) readFailed(err error) {
	s := l.session
	closing, said := errors.AsType[*websocket.CloseError](err)
	_, broken := errors.AsType[*net.OpError](err)
	if said && closing.Code == websocket.CloseAbnormalClosure {
		said, broken = false, true
	}
	carries, _ := l.role()
	switch {
	case !carries:
		l.failProbe("The connection ended before the upgrade: " + err.Error() + ".")
	case said:
		s.end(ByClient, codec.Noop, closeNoStatus)
	case broken:
		s.lost("The connection ended without a close frame.")
	case errors.Is(err, websocket.ErrReadLimit):
		s.fail(TooLarge, 0, "A frame is larger than maxPayload.")
	default:
		s.fail(MalformedPacket, 0, "What came is no frame of a WebSocket: "+err.Error()+".")
	}
	switch {
	case said:
		<-l.written
	case !broken:
		// The goodbye must not be overtaken by the reset that an end with something unread is.
		_, _ = io.Copy(io.Discard, l.conn.NetConn())
	}
}
