package mockdesk

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/journal"
)

const (
	// subprotocol names the native wire in the WebSocket handshake.
	subprotocol = "deskcheck.native.v1"
	// pingEvery is how often a socket is pinged, by the desk's clock.
	pingEvery = 25 * time.Second
	// maxBody is the largest request body and the largest frame that the desk takes, in bytes.
	maxBody = 64 << 10
	// garbled is what the journal calls a frame that is no frame of the wire.
	garbled = "garbled"
	// maxUnsentErrors bounds what a client that floods the desk with bad frames and never reads can make it remember.
	maxUnsentErrors = 64
)

// socket is one open event stream. One goroutine reads it, one writes it; the fields below the line are guarded by Desk.mu.
type socket struct {
	// framesSent counts the hello, the events and what Garble sends, as far as their write has finished.
	framesSent int
	desk       *Desk
	c          *Conversation
	conn       *websocket.Conn
	number     int
	from       int
	opened     int
	// wake has room for one token: there may be something to write. gone is closed when the socket is no longer the desk's.
	wake chan struct{}
	gone chan struct{}

	closed   bool
	greeted  bool
	next     int // index in the conversation's log of the event to be written next
	written  int // cursor up to which events were written
	asides   []aside
	ping     bool
	stopPing func() bool
}

// aside is a frame without a cursor: it belongs to one socket and is sent once.
type aside struct {
	name string
	raw  json.RawMessage
}

type socketData struct {
	Conversation string          `json:"conversation"`
	Socket       int             `json:"socket"`
	Cursor       *int            `json:"cursor,omitempty"`
	Subprotocol  string          `json:"subprotocol,omitempty"`
	Origin       string          `json:"origin,omitempty"`
	Code         int             `json:"code,omitempty"`
	Reason       string          `json:"reason,omitempty"`
	Body         json.RawMessage `json:"body,omitempty"`
}

// upgrade answers a request for an event stream by opening a socket that begins after the cursor. If the conversation's sockets were cut since there were `cuts` of them,
// this one, which was on its way, is cut as well.
func (d *Desk) upgrade(x *exchange, c *Conversation, cursor, cuts int) {
	if x.r.Context().Err() != nil {
		d.lose(x, clientGone)
		return
	}
	upgrader := websocket.Upgrader{
		// Integrations live on the origin of the page that loads them, never on the desk's.
		CheckOrigin:  func(*http.Request) bool { return true },
		Subprotocols: []string{subprotocol},
		Error: func(_ http.ResponseWriter, r *http.Request, status int, reason error) {
			d.answer(x, problemReply(r, status, "handshake", "The WebSocket handshake is not complete", reason.Error()))
		},
	}
	// Taken before the client can know, so that nothing it does in return seems to have come first.
	at := time.Now()
	conn, err := upgrader.Upgrade(x.w, x.r, nil)
	if err != nil {
		return
	}
	conn.SetReadLimit(maxBody)
	d.recordResponseAt(x, reply{status: http.StatusSwitchingProtocols}, "", at)
	s := &socket{desk: d, c: c, conn: conn, from: cursor, next: cursor, written: cursor, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		reset(conn.NetConn())
		return
	}
	d.serial++
	s.number = d.serial
	s.opened = d.record(journal.Entry{Kind: journal.Opened, From: journal.Integration, To: journal.Desk, Name: "socket", Ref: x.request}, at,
		socketData{Conversation: c.id, Socket: s.number, Cursor: &cursor, Subprotocol: conn.Subprotocol(), Origin: x.r.Header.Get("Origin")})
	d.sockets[s] = struct{}{}
	c.sockets[s] = struct{}{}
	c.stopWatching()
	s.setPing()
	d.moved()
	if c.cuts != cuts {
		s.cut()
		d.mu.Unlock()
		reset(conn.NetConn())
		return
	}
	d.work.Go(s.write)
	d.work.Go(s.read)
	d.mu.Unlock()
}

// setPing has the next ping written when it is due; d.mu is held.
func (s *socket) setPing() {
	s.stopPing = s.desk.clock.AfterFunc(pingEvery, func() {
		s.desk.mu.Lock()
		defer s.desk.mu.Unlock()
		if s.closed {
			return
		}
		s.ping = true
		s.nudge()
		s.setPing()
	})
}

// nudge tells the writer to look; it never blocks.
func (s *socket) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// caughtUp says whether everything there is was written; d.mu is held.
func (s *socket) caughtUp() bool {
	return s.greeted && s.written >= len(s.c.log) && len(s.asides) == 0
}

// detach takes the socket out of the desk's books; d.mu is held. Whoever detaches it must close the connection.
func (s *socket) detach() {
	s.closed = true
	close(s.gone)
	s.stopPing()
	delete(s.desk.sockets, s)
	delete(s.c.sockets, s)
	s.c.watch()
	s.desk.moved()
}

// drop ends the socket from the side that noticed; only the first to notice is recorded.
func (s *socket) drop(from journal.Party, code int, reason, note string) {
	d := s.desk
	d.mu.Lock()
	if s.closed {
		d.mu.Unlock()
		return
	}
	s.recordClosed(from, code, reason, note)
	s.detach()
	d.mu.Unlock()
	_ = s.conn.Close()
}

// recordClosed is called with d.mu held.
func (s *socket) recordClosed(from journal.Party, code int, reason, note string) {
	to := journal.Desk
	if from == journal.Desk {
		to = journal.Integration
	}
	s.desk.record(journal.Entry{Kind: journal.Closed, From: from, To: to, Name: "socket", Ref: s.opened, Note: note}, time.Now(),
		socketData{Conversation: s.c.id, Socket: s.number, Code: code, Reason: reason})
}

// CutSockets resets the TCP connections of all sockets open on the conversation, as a failing network does, and of those whose request the desk has already let pass. They
// do not count as open when it returns; what they had not been sent is kept for those that resume.
func (c *Conversation) CutSockets() {
	c.desk.mu.Lock()
	var cut []*socket
	for s := range c.sockets {
		cut = append(cut, s)
	}
	for _, s := range cut {
		s.cut()
	}
	c.cuts++
	c.desk.mu.Unlock()
	for _, s := range cut {
		reset(s.conn.NetConn())
	}
}

// cut takes the socket out of the desk's books as one whose connection broke; d.mu is held. Whoever cuts it must reset the connection.
func (s *socket) cut() {
	s.recordClosed(journal.Desk, websocket.CloseAbnormalClosure, "", "The connection is cut.")
	s.detach()
}

// outgoing is one thing to write.
type outgoing struct {
	kind   int
	name   string
	raw    json.RawMessage
	cursor int
}

// write is the socket's writer goroutine.
func (s *socket) write() {
	d := s.desk
	for {
		d.mu.Lock()
		out, something := s.choose()
		d.mu.Unlock()
		if !something {
			select {
			case <-s.wake:
				continue
			case <-s.gone:
				return
			}
		}
		var err error
		if out.kind == websocket.PingMessage {
			err = s.conn.WriteControl(websocket.PingMessage, nil, time.Time{})
		} else {
			d.record(journal.Entry{Kind: journal.Frame, From: journal.Desk, To: journal.Integration, Name: out.name}, time.Now(),
				socketData{Conversation: s.c.id, Socket: s.number, Body: capped(out.raw)})
			err = s.conn.WriteMessage(websocket.TextMessage, out.raw)
		}
		if err != nil {
			// The reader notices too, and it knows whether the client had said goodbye.
			return
		}
		s.sent(out)
	}
}

// choose picks what to write next, if anything, and whether there is any; d.mu is held.
func (s *socket) choose() (outgoing, bool) {
	switch {
	case s.closed:
	case !s.greeted:
		return outgoing{kind: websocket.TextMessage, name: "hello", raw: journal.Payload(struct {
			Type         string `json:"type"`
			Conversation string `json:"conversation"`
			Cursor       int    `json:"cursor"`
		}{"hello", s.c.id, s.from})}, true
	case len(s.asides) > 0:
		return outgoing{kind: websocket.TextMessage, name: s.asides[0].name, raw: s.asides[0].raw}, true
	case s.next < len(s.c.log):
		e := s.c.log[s.next]
		return outgoing{kind: websocket.TextMessage, name: e.name, raw: e.raw, cursor: s.next + 1}, true
	case s.ping:
		// Taken back now and not when the write has finished: the next ping may fall due meanwhile.
		s.ping = false
		return outgoing{kind: websocket.PingMessage}, true
	}
	return outgoing{}, false
}

// sent notes that a write has finished.
func (s *socket) sent(out outgoing) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	switch {
	case out.kind == websocket.PingMessage:
		return
	case out.cursor > 0:
		s.next, s.written = out.cursor, out.cursor
		s.framesSent++
	case !s.greeted:
		s.greeted = true
		s.framesSent++
	default:
		// What a client provoked itself is not counted; what a scenario has the desk send is waited for like an event.
		if s.asides[0].name == garbled {
			s.framesSent++
		}
		s.asides = s.asides[1:]
	}
	s.desk.broadcast()
}

// read is the socket's reader goroutine.
func (s *socket) read() {
	for {
		kind, data, err := s.conn.ReadMessage()
		if err != nil {
			var closing *websocket.CloseError
			switch {
			case errors.As(err, &closing) && closing.Code != websocket.CloseAbnormalClosure:
				s.drop(journal.Integration, closing.Code, closing.Text, "")
			case errors.Is(err, websocket.ErrReadLimit):
				s.drop(journal.Desk, websocket.CloseMessageTooBig, "", "A frame of more than 64 KiB came.")
			default:
				s.drop(journal.Integration, websocket.CloseAbnormalClosure, "", "The connection ended without a close frame.")
			}
			return
		}
		s.receive(kind, data)
	}
}
