package mockdesk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

const (
	// garbled is what the journal calls a frame that is no frame of the wire.
	garbled = "garbled"
	// maxUnsent bounds what a client that floods the desk with frames and never reads can make it remember: the desk reads no more until the client does.
	maxUnsent = 64
)

// socket is one WebSocket. One goroutine reads it, one writes it; the fields below the line are guarded by Desk.mu.
type socket struct {
	desk   *Desk
	conn   *websocket.Conn
	wire   *wire.Wire
	route  *wire.Route
	number int
	// source is the request that opened it.
	source wire.Source
	opened int
	// wake has room for one token: there may be something to write. gone is closed when the socket is no longer the desk's.
	wake chan struct{}
	gone chan struct{}

	// framesSent counts the hello, the events, the answers to frames and what Garble sends, as far as their write has finished.
	framesSent int
	// c is the conversation whose events the socket brings, nil until a frame says which.
	c        *Conversation
	closed   bool
	broken   bool // nothing more can be written
	next     int  // index in the conversation's log of the event to be written next
	written  int  // cursor up to which events were written
	asides   []aside
	ping     bool
	stopPing func() bool
	stopBeat func() bool
	stopWait func() bool
}

// aside is a frame that is no event: it belongs to one socket and is sent once.
type aside struct {
	name string
	raw  json.RawMessage
	// counted says that a page is to have it before it counts as at rest. What a client provoked by a mistake of its own is not.
	counted bool
	// mark is that of the latest change that the frame may rest on.
	mark int
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

// subprotocol says what is wrong with the subprotocols that a client offers.
func (x *exchange) subprotocol() (outcome, bool) {
	taken := x.route.Socket.Subprotocols
	offered := websocket.Subprotocols(x.r)
	if len(taken) == 0 || len(offered) == 0 || slices.ContainsFunc(offered, func(one string) bool { return slices.Contains(taken, one) }) {
		return outcome{}, false
	}
	return invalid(`The header "Sec-WebSocket-Protocol" must name ` + strings.Join(taken, " or ") + ` or be left out.`), true
}

// upgrade answers a request by opening a socket. If the sockets of its conversation were cut since it was let pass, this one, which was on its way, is cut as well.
func (d *Desk) upgrade(x *exchange) {
	if x.r.Context().Err() != nil {
		d.lose(x, clientGone)
		return
	}
	upgrader := websocket.Upgrader{
		// Integrations live on the origin of the page that loads them, never on the desk's.
		CheckOrigin:  func(*http.Request) bool { return true },
		Subprotocols: x.route.Socket.Subprotocols,
		Error: func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
			d.mu.Lock()
			rep := d.word(x, outcome{name: string(wire.Handshake), status: status, title: "The WebSocket handshake is not complete", detail: reason.Error()})
			d.mu.Unlock()
			d.answer(x, rep)
		},
	}
	// Taken before the client can know, so that nothing it does in return seems to have come first.
	at := time.Now()
	conn, err := upgrader.Upgrade(x.w, x.r, nil)
	if err != nil {
		return
	}
	conn.SetReadLimit(x.wire.FrameLimit)
	d.recordResponseAt(x, reply{Reply: wire.Reply{Status: http.StatusSwitchingProtocols}}, "", at)
	s := &socket{desk: d, conn: conn, wire: x.wire, route: x.route, wake: make(chan struct{}, 1), gone: make(chan struct{}), source: x.source}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		reset(conn.NetConn())
		return
	}
	d.serial++
	d.changedItself()
	s.number = d.serial
	s.source.Socket = s.number
	opened := socketData{Conversation: x.about(), Socket: s.number, Subprotocol: conn.Subprotocol(), Origin: x.r.Header.Get("Origin")}
	if x.c != nil {
		opened.Cursor = &x.next
	}
	s.opened = d.record(journal.Entry{Kind: journal.Opened, From: journal.Integration, To: journal.Desk, Name: "socket", Ref: x.request}, at, opened)
	d.sockets[s] = struct{}{}
	cut := false
	if x.c != nil {
		cut = x.c.cuts != x.cuts
		s.bind(x.c, x.next)
	}
	s.begin()
	d.moved()
	if cut {
		s.cut()
		d.mu.Unlock()
		reset(conn.NetConn())
		return
	}
	d.work.Go(s.write)
	d.work.Go(s.read)
	d.mu.Unlock()
}

// bind has the socket bring the events of a conversation after a cursor; d.mu is held.
func (s *socket) bind(c *Conversation, after int) {
	if s.closed {
		return
	}
	if s.c != nil && s.c != c {
		delete(s.c.sockets, s)
		s.c.watch()
	}
	s.c, s.next, s.written = c, after, after
	c.sockets[s] = struct{}{}
	c.stopWatching()
	s.look()
}

// begin says hello and sets what the socket does from time to time; d.mu is held.
func (s *socket) begin() {
	kind := s.route.Socket
	for _, hello := range kind.Hello {
		s.speak("hello", hello)
	}
	s.stopPing, s.stopBeat, s.stopWait = never, never, never
	if kind.Ping > 0 {
		s.setPing(kind.Ping)
	}
	if s.route.Pulse != nil {
		s.setBeat(s.route.Every)
	}
	s.setSilence()
}

func never() bool { return false }

// speak says something that no frame asked for; d.mu is held.
func (s *socket) speak(name string, said *wire.Said) {
	x := &exchange{s: s, wire: s.wire, c: s.c, scope: s.scope()}
	x.know()
	x.scope.Set("cursor", s.next)
	raw, err := said.Write(x.scope)
	x.scope.Release()
	if err != nil {
		s.desk.record(journal.Entry{Kind: journal.Frame, From: journal.Desk, To: journal.Desk, Name: name, Note: x.broken(reply{}, err).note}, time.Now(),
			socketData{Conversation: s.conversation(), Socket: s.number})
		return
	}
	s.queue(aside{name: name, raw: raw, counted: true, mark: s.desk.saving.changes})
}

// queue has a frame written; d.mu is held.
func (s *socket) queue(a aside) {
	if s.closed {
		return
	}
	s.asides = append(s.asides, a)
	s.look()
}

// look implements listener.
func (s *socket) look() { nudge(s.wake) }

// scope has what is known to every frame of the socket.
func (s *socket) scope() *wire.Scope {
	scope := wire.NewScope()
	scope.From(&s.source)
	scope.Clock(s.desk.clock.Now())
	return scope
}

// conversation is the id of the conversation, empty for none; d.mu is held.
func (s *socket) conversation() string {
	if s.c == nil {
		return ""
	}
	return s.c.id
}

// every calls do again and again while the socket is open, with d.mu held; it is called with d.mu held.
func (s *socket) every(d time.Duration, stop *func() bool, do func()) {
	*stop = s.desk.clock.AfterFunc(d, func() {
		s.desk.mu.Lock()
		defer s.desk.mu.Unlock()
		if s.closed {
			return
		}
		do()
		s.every(d, stop, do)
	})
}

// setPing has pings written when they are due; d.mu is held.
func (s *socket) setPing(every time.Duration) {
	s.every(every, &s.stopPing, func() {
		s.ping = true
		nudge(s.wake)
	})
}

// setBeat has heartbeats written when they are due, but no more than the client takes; d.mu is held.
func (s *socket) setBeat(every time.Duration) {
	s.every(every, &s.stopBeat, func() {
		if len(s.asides) < maxUnsent {
			s.speak("heartbeat", s.route.Pulse)
		}
	})
}

// setSilence has the socket closed if the client is silent for too long from now on; d.mu is held.
func (s *socket) setSilence() {
	kind := s.route.Socket
	if kind.Silence == 0 {
		return
	}
	s.stopWait()
	s.stopWait = s.desk.clock.AfterFunc(kind.Silence, func() {
		// A client that takes nothing must not hold up the clock.
		s.desk.mu.Lock()
		defer s.desk.mu.Unlock()
		if s.closed {
			return
		}
		s.desk.work.Go(func() {
			reason := websocket.FormatCloseMessage(kind.SilenceCode, "silence")
			_ = s.conn.WriteControl(websocket.CloseMessage, reason, time.Now().Add(time.Second))
			s.drop(journal.Desk, kind.SilenceCode, "silence", "Nothing was heard of the client for "+kind.Silence.String()+".")
		})
	})
}

// caughtUp says whether everything there is was written; d.mu is held.
func (s *socket) caughtUp() bool {
	return len(s.asides) == 0 && (s.c == nil || s.written >= len(s.c.log))
}

// detach takes the socket out of the desk's books; d.mu is held. Whoever detaches it must close the connection.
func (s *socket) detach() {
	s.closed = true
	close(s.gone)
	s.stopPing()
	s.stopBeat()
	s.stopWait()
	delete(s.desk.sockets, s)
	if s.c != nil {
		delete(s.c.sockets, s)
		s.c.watch()
	}
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
		socketData{Conversation: s.conversation(), Socket: s.number, Code: code, Reason: reason})
}

// CutSockets resets the TCP connections of all sockets open on the conversation, as a failing network does, and of those whose request the desk has already let pass; polls that
// are held and streams of server-sent events break with them. They do not count as open when it returns; what they had not been sent is kept for those that resume.
func (c *Conversation) CutSockets() {
	c.desk.mu.Lock()
	var cut []*socket
	for s := range c.sockets {
		cut = append(cut, s)
	}
	for _, s := range cut {
		s.cut()
	}
	var streams []*stream
	for s := range c.streams {
		streams = append(streams, s)
	}
	for _, s := range streams {
		s.detach()
	}
	c.cuts++
	c.desk.mu.Unlock()
	for _, s := range cut {
		reset(s.conn.NetConn())
	}
	for _, s := range streams {
		reset(connectionOf(s.x.r))
	}
}

// cut takes the socket out of the desk's books as one whose connection broke; d.mu is held. Whoever cuts it must reset the connection.
func (s *socket) cut() {
	s.recordClosed(journal.Desk, websocket.CloseAbnormalClosure, "", "The connection is cut.")
	s.detach()
}

// outgoing is one thing to write: a ping, an aside, or an event, which may be several frames.
type outgoing struct {
	ping   bool
	name   string
	frames [][]byte
	// cursor is that of an event, 0 for anything else.
	cursor int
	// conversation is the id to record.
	conversation string
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
		if s.put(out) != nil {
			// The reader notices too, and it knows whether the client had said goodbye; it must not wait for what will never be written.
			d.mu.Lock()
			s.broken = true
			d.broadcast()
			d.mu.Unlock()
			return
		}
		s.sent(out)
	}
}

func (s *socket) put(out outgoing) error {
	if out.ping {
		return s.conn.WriteControl(websocket.PingMessage, nil, time.Time{})
	}
	for _, raw := range out.frames {
		s.desk.record(journal.Entry{Kind: journal.Frame, From: journal.Desk, To: journal.Integration, Name: out.name}, time.Now(),
			socketData{Conversation: out.conversation, Socket: s.number, Body: capped(raw)})
		if err := s.conn.WriteMessage(websocket.TextMessage, raw); err != nil {
			return err
		}
	}
	return nil
}

// choose picks what to write next, if anything, and whether there is any; d.mu is held. What rests on something that is not saved yet has to wait, and so does what comes after it.
func (s *socket) choose() (outgoing, bool) {
	if s.closed {
		return outgoing{}, false
	}
	if len(s.asides) > 0 && s.desk.mayGoOut(s.asides[0].mark, s) {
		return outgoing{name: s.asides[0].name, frames: [][]byte{s.asides[0].raw}, conversation: s.conversation()}, true
	}
	if s.c != nil && len(s.asides) == 0 {
		before := s.next
		for ; s.next < len(s.c.log) && s.desk.mayGoOut(s.c.log[s.next].mark, s); s.next++ {
			e := s.c.log[s.next]
			if frames := e.on(s.route.Feed); len(frames) > 0 {
				return outgoing{name: e.name, frames: frames, cursor: s.next + 1, conversation: s.c.id}, true
			}
			// The socket has nothing to say of it.
			s.written = s.next + 1
		}
		if s.next != before {
			s.desk.broadcast()
		}
	}
	if s.ping {
		// Taken back now and not when the write has finished: the next ping may fall due meanwhile.
		s.ping = false
		return outgoing{ping: true}, true
	}
	return outgoing{}, false
}

// on is what is said of the event on a feed.
func (k kept) on(feed int) [][]byte {
	if len(k.frames) == 1 && k.frames[0].Feed == feed {
		return [][]byte{k.frames[0].Raw}
	}
	var raws [][]byte
	for _, f := range k.frames {
		if f.Feed == feed {
			raws = append(raws, f.Raw)
		}
	}
	return raws
}

// sent notes that a write has finished.
func (s *socket) sent(out outgoing) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	switch {
	case out.ping:
		return
	case out.cursor > 0:
		// A frame may have had the socket begin anew meanwhile.
		if s.c != nil && s.c.id == out.conversation && s.next == out.cursor-1 {
			s.next, s.written = out.cursor, out.cursor
		}
		s.framesSent += len(out.frames)
	default:
		if s.asides[0].counted {
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
				s.drop(journal.Desk, websocket.CloseMessageTooBig, "", "A frame of more than "+size(s.wire.FrameLimit)+" came.")
			default:
				s.drop(journal.Integration, websocket.CloseAbnormalClosure, "", "The connection ended without a close frame.")
			}
			return
		}
		if full := s.receive(kind, data); full {
			// The error is that the desk closes, which the next read notices too.
			_ = s.desk.await(context.Background(), func() bool { return len(s.asides) < maxUnsent || s.broken || s.closed })
		}
	}
}

// size words a number of bytes.
func size(bytes int64) string {
	if bytes%1024 == 0 {
		return strconv.FormatInt(bytes/1024, 10) + " KiB"
	}
	return strconv.FormatInt(bytes, 10) + " bytes"
}
