package mockdesk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

const (
	// garbled is what the journal calls a frame that is no frame of the wire.
	garbled = "garbled"
	// maxUnsent bounds what a client that floods the desk with frames and never reads can make it remember: the desk reads no more until the client does.
	maxUnsent = 64
	// mostUnsaved bounds how many changes may be waiting to be saved for the desk to read more from sockets.
	mostUnsaved = 20_000
)

// socketBuffer is how much of a frame is read or written at a time, in bytes; most frames are smaller.
const socketBuffer = 1 << 10

// unused are the buffers for writing that no socket writes with at the moment.
var unused sync.Pool

// socket is one WebSocket. Its pump reads and writes it, and plays the faults of its frames; the fields below the line are guarded by Desk.mu.
type socket struct {
	desk   *Desk
	pump   *fault.Pump
	wire   *wire.Wire
	route  *wire.Route
	number int
	// source is the request that opened it.
	source wire.Source
	opened int

	// framesSent counts the hello, the events, the answers to frames and what Garble sends, as far as their write has finished.
	framesSent int
	// c is the conversation whose events the socket brings, nil until a frame says which.
	c      *Conversation
	closed bool
	// next is the index in the conversation's log of the event to be written next, and part that of its frame; written is the cursor up to which events were written.
	next, part, written int
	asides              []aside
	// frames has room for the frame that is being done; full is whether the client has to read before another is, and belongs to who has that room.
	frames chan struct{}
	full   bool
	// posted says that the socket is to look for something to say.
	posted bool
	// busy is whether the pump has a frame that it is not done with, and reaches the cursor up to which events are written then, 0 if that does not change; about is the id of
	// the conversation as it was when the pump got the frame.
	busy    bool
	reaches int
	about   string
	// finished says that the pump is done with the frame, and counted how many frames it has written for it that a page is to have. They are the pump's, which tells them when it asks for
	// the next frame.
	finished bool
	counted  int
	// worded is the event that the pump got last, if it is JSON.
	worded []byte
	// delayed is whether a fault has the socket write nothing until the clock has gone on.
	delayed  bool
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

// payload is the data as JSON. There is one for every frame, so that of a frame is made without the detour that would read its body again.
func (s socketData) payload() json.RawMessage {
	if s.Body == nil || s.Cursor != nil || s.Code != 0 || s.Subprotocol+s.Origin+s.Reason != "" {
		return journal.Payload(s)
	}
	raw := make([]byte, 0, len(`{"conversation":"","socket":12345678,"body":}`)+len(s.Conversation)+len(s.Body))
	raw = wire.AppendString(append(raw, `{"conversation":`...), s.Conversation)
	raw = strconv.AppendInt(append(raw, `,"socket":`...), int64(s.Socket), 10)
	raw = append(append(raw, `,"body":`...), s.Body...)
	return append(raw, '}')
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
		// Those of the server are four times as large, one each way, and a socket keeps them although nothing happens on it for most of its time.
		ReadBufferSize: socketBuffer, WriteBufferSize: socketBuffer, WriteBufferPool: &unused,
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
	d.open(1)
	defer d.open(-1)
	// Taken before the client can know, so that nothing it does in return seems to have come first.
	at := time.Now()
	conn, err := upgrader.Upgrade(x.w, x.r, nil)
	if err != nil {
		return
	}
	d.recordResponseAt(x, reply{Reply: wire.Reply{Status: http.StatusSwitchingProtocols}}, "", at)
	s := &socket{desk: d, wire: x.wire, route: x.route, source: x.source, frames: make(chan struct{}, 1)}
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
	s.opened = d.recordSocket(journal.Entry{Kind: journal.Opened, From: journal.Integration, To: journal.Desk, Name: "socket", Ref: x.request}, at, opened)
	d.sockets[s] = struct{}{}
	s.start(conn, x.about())
	cut := false
	if x.c != nil {
		cut = x.c.cuts != x.cuts
		s.bind(x.c, x.next)
	}
	s.begin()
	if cut {
		s.cut()
	}
	d.moved()
	departing := d.departing
	d.mu.Unlock()
	switch {
	case cut:
		s.pump.Cut()
	case departing:
		s.pump.Goodbye(departure)
	}
}

// open counts the handshakes that are being answered.
func (d *Desk) open(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opening += n
	d.broadcast()
}

// start has a pump read and write the socket; d.mu is held.
func (s *socket) start(conn *websocket.Conn, conversation string) {
	s.desk.work.Add(1)
	s.pump = fault.Start(fault.PumpOptions{
		Conn: conn, Limit: s.wire.FrameLimit, Plan: s.desk.plan, Where: fault.Arrival{Conversation: conversation, Connection: s.number},
		Name: s.name, Next: s.give, Receive: s.take, Settle: s.settle, Sending: s.sending, Sent: s.sent, Delayed: s.delay, Ended: s.ended, Gone: s.gone,
	})
}

// bind has the socket bring the events of a conversation after a cursor; d.mu is held.
func (s *socket) bind(c *Conversation, after int) {
	if s.closed {
		return
	}
	if s.c != nil && s.c != c {
		s.c.sockets.remove(s)
		s.c.watch()
	}
	s.c, s.next, s.part, s.written, s.reaches = c, after, 0, after, 0
	c.sockets.add(s)
	c.broadcast()
	c.stopWatching()
	s.pump.Concern(c.id)
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
		s.desk.recordSocket(journal.Entry{Kind: journal.Frame, From: journal.Desk, To: journal.Desk, Name: name, Note: x.broken(reply{}, err).note}, time.Now(),
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
	s.desk.offer(a.mark, s)
}

// look implements listener.
func (s *socket) look() { s.desk.post(s) }

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
	s.every(every, &s.stopPing, s.pump.Ping)
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
		s.pump.Goodbye(fault.End{Code: kind.SilenceCode, Reason: "silence", Note: "nothing was heard of the client for " + kind.Silence.String()})
	})
}

// caughtUp says whether everything there is was written that no fault holds up; d.mu is held.
func (s *socket) caughtUp() bool {
	return s.delayed || !s.busy && len(s.asides) == 0 && (s.c == nil || s.next >= s.c.log.length)
}

// detach takes the socket out of the desk's books; d.mu is held. Whoever detaches it must have the pump end it.
func (s *socket) detach() {
	s.closed = true
	s.stopPing()
	s.stopBeat()
	s.stopWait()
	delete(s.desk.sockets, s)
	s.desk.leaving[s] = struct{}{}
	if s.c != nil {
		s.c.sockets.remove(s)
		s.c.watch()
	}
	s.desk.moved()
}

// ended notes that the socket has ended, unless the desk has detached it.
func (s *socket) ended(e fault.End) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	if s.closed {
		return
	}
	from, note := journal.Desk, ""
	if e.ByClient {
		from = journal.Integration
	}
	if e.Note != "" {
		note = sentence(errors.New(e.Note))
	}
	s.recordClosed(from, e.Code, e.Reason, note)
	s.detach()
}

// gone notes that nothing of the socket is left.
func (s *socket) gone() {
	s.desk.mu.Lock()
	s.finish()
	delete(s.desk.leaving, s)
	s.desk.broadcast()
	s.desk.mu.Unlock()
	s.desk.work.Done()
}

// recordClosed is called with d.mu held.
func (s *socket) recordClosed(from journal.Party, code int, reason, note string) {
	to := journal.Desk
	if from == journal.Desk {
		to = journal.Integration
	}
	s.desk.recordSocket(journal.Entry{Kind: journal.Closed, From: from, To: to, Name: "socket", Ref: s.opened, Note: note}, time.Now(),
		socketData{Conversation: s.conversation(), Socket: s.number, Code: code, Reason: reason})
}

// CutSockets resets the TCP connections of all sockets open on the conversation, as a failing network does, and of those whose request the desk has already let pass; polls that
// are held and streams of server-sent events break with them. They do not count as open when it returns; what they had not been sent is kept for those that resume.
func (c *Conversation) CutSockets() {
	c.desk.mu.Lock()
	var cut []*socket
	for _, s := range c.sockets {
		cut = append(cut, s)
	}
	for _, s := range cut {
		s.cut()
	}
	var streams []*stream
	for _, s := range c.streams {
		streams = append(streams, s)
	}
	for _, s := range streams {
		s.detach()
	}
	c.cuts++
	c.desk.mu.Unlock()
	for _, s := range cut {
		s.pump.Cut()
	}
	for _, s := range streams {
		reset(connectionOf(s.x.r))
	}
}

// cut takes the socket out of the desk's books as one whose connection broke; d.mu is held. Whoever cuts it must have the pump do so too, without d.mu.
func (s *socket) cut() {
	s.recordClosed(journal.Desk, websocket.CloseAbnormalClosure, "", "The connection is cut.")
	s.detach()
}

// give is what is to be written next, if there is anything. What rests on something that is not saved yet has to wait, and so does what comes after it.
func (s *socket) give() (fault.Message, bool) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	s.finish()
	if s.closed {
		return fault.Message{}, false
	}
	s.about = s.conversation()
	// What is said of one event stays together.
	if len(s.asides) > 0 && s.part == 0 {
		a := s.asides[0]
		if !s.desk.mayGoOut(a.mark, s) {
			return fault.Message{}, false
		}
		s.asides = s.asides[1:]
		s.busy = true
		return fault.Message{Name: a.name, Data: a.raw, Tag: a.counted}, true
	}
	return s.event()
}

// event is the next frame of the next event of which the socket has something to say; d.mu is held.
func (s *socket) event() (fault.Message, bool) {
	if s.c == nil {
		return fault.Message{}, false
	}
	before := s.next
	for ; s.next < s.c.log.length && s.desk.mayGoOut(s.c.log.at(s.next).mark, s); s.next++ {
		e := s.c.log.at(s.next)
		frames := e.on(s.route.Feed)
		if len(frames) == 0 {
			s.written = s.next + 1
			continue
		}
		f := frames[s.part]
		m := fault.Message{Name: e.name, Data: f.Raw, Tag: true}
		if s.worded = nil; f.IsJSON() {
			s.worded = f.Raw
		}
		if s.part++; s.part == len(frames) {
			s.next, s.part = s.next+1, 0
			s.reaches = s.next
		}
		s.busy = true
		return m, true
	}
	if s.next != before {
		s.desk.broadcast()
	}
	return fault.Message{}, false
}

// passOver has the socket be done with the latest event if it has nothing to say of it and is done with all others, and says whether it is; d.mu is held. What is not said need not be saved.
func (s *socket) passOver(latest kept) bool {
	if s.busy || s.part != 0 || s.next != latest.cursor-1 || slices.ContainsFunc(latest.frames, func(f wire.Frame) bool { return f.Feed == s.route.Feed }) {
		return false
	}
	s.next, s.written = latest.cursor, latest.cursor
	return true
}

// on is what is said of the event on a feed.
func (k *kept) on(feed int) []wire.Frame {
	if len(k.frames) == 1 && k.frames[0].Feed == feed {
		return k.frames
	}
	var frames []wire.Frame
	for _, f := range k.frames {
		if f.Feed == feed {
			frames = append(frames, f)
		}
	}
	return frames
}

// sending records what is written.
func (s *socket) sending(m fault.Message) {
	s.desk.recordSocket(journal.Entry{Kind: journal.Frame, From: journal.Desk, To: journal.Integration, Name: m.Name}, time.Time{},
		socketData{Conversation: s.about, Socket: s.number, Body: s.recorded(m.Data)})
}

// recorded is a frame that is written, as the journal keeps it. One that the wire has made as JSON is that, unless a fault has made another of it.
func (s *socket) recorded(data []byte) json.RawMessage {
	if len(data) > 0 && len(data) == len(s.worded) && &data[0] == &s.worded[0] {
		return cappedObject(data)
	}
	return capped(data)
}

// sent notes what came of the frame that the pump was given. The pump asks for the next one at once, so that the lock, which is wanted for every frame, need be taken only once.
func (s *socket) sent(written []fault.Message) {
	s.finished = true
	for _, m := range written {
		if m.Tag == true {
			s.counted++
		}
	}
}

// finish notes that the pump is done with a frame, if it is; d.mu is held. It is called by the pump.
func (s *socket) finish() {
	if !s.finished {
		return
	}
	s.framesSent += s.counted
	s.finished, s.counted, s.busy = false, 0, false
	// A frame may have had the socket begin anew meanwhile.
	if s.reaches > 0 {
		s.written, s.reaches = s.reaches, 0
	}
	s.desk.broadcast()
}

// delay notes whether a fault holds up what is to be written.
func (s *socket) delay(delayed bool) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	s.delayed = delayed
	s.desk.broadcast()
}

// take takes a frame of the client. Those of one socket happen one after the other, each once there is nothing that the client has to read first.
func (s *socket) take(m fault.Message) {
	x := s.receive(m)
	s.frames <- struct{}{}
	if s.full {
		// The error is that the desk closes, which ends the socket too.
		_ = s.desk.await(context.Background(), func() bool { return !s.isFull() || s.closed })
	}
	s.desk.takeTurn(x)
}

// settle returns once the frames of the client that were taken are done.
func (s *socket) settle() {
	s.frames <- struct{}{}
	<-s.frames
}

// isFull says whether the desk has to remember too much before it can take another frame of the client; d.mu is held.
func (s *socket) isFull() bool {
	return len(s.asides) >= maxUnsent || s.desk.saving.changes-s.desk.saving.safe > mostUnsaved
}
