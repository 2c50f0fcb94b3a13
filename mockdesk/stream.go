package mockdesk

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// stream is an answer that goes on: a poll that is held, or server-sent events. Its fields below the line are guarded by Desk.mu.
type stream struct {
	desk *Desk
	x    *exchange
	c    *Conversation
	// wake has room for one token: there may be something to say. gone is closed when the stream is no longer the desk's.
	wake chan struct{}
	gone chan struct{}

	// out is what server-sent events are written to.
	out io.Writer
	// delayed is whether a fault holds up what is written until the clock has gone on.
	delayed bool
	// next is how many events were told; held says that it is a poll, which tells them in one go when it ends.
	next     int
	held     bool
	closed   bool
	beat     bool
	garbled  []string
	timedOut bool
	stopHold func() bool
	opened   int
}

// stream makes the answer to a request for events go on; d.mu is held. While it does, a page has a request in flight although nothing is going to happen.
func (d *Desk) stream(x *exchange) *stream {
	s := &stream{desk: d, x: x, c: x.c, next: x.next, held: x.route.As == wire.LongPoll, wake: make(chan struct{}, 1), gone: make(chan struct{})}
	d.streams[s] = struct{}{}
	x.c.streams.add(s)
	x.c.stopWatching()
	if s.held {
		// Set before anybody can know of the poll: what the clock is advanced by from then on counts.
		s.stopHold = s.later(x.route.Hold, func() { s.timedOut = true })
	}
	d.keep(x)
	return s
}

// detach takes the stream out of the desk's books; d.mu is held. Doing so again does nothing.
func (s *stream) detach() {
	if s.closed {
		return
	}
	s.closed = true
	close(s.gone)
	delete(s.desk.streams, s)
	s.c.streams.remove(s)
	s.c.watch()
	s.desk.letGo(s.x)
}

// end is called when the request is over.
func (s *stream) end() {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	s.detach()
}

// look implements listener.
func (s *stream) look() { nudge(s.wake) }

// caughtUp says whether everything there is was told that no fault holds up; d.mu is held. A poll that is held has nothing to tell, or is about to end.
func (s *stream) caughtUp() bool {
	return s.held || s.delayed || s.next >= s.c.log.length && len(s.garbled) == 0
}

// delay notes whether a fault holds up what is to be told.
func (s *stream) delay(delayed bool) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	s.delayed = delayed
	s.desk.broadcast()
}

// wait comes back when there may be something to say, and false if the stream is over.
func (s *stream) wait() bool {
	select {
	case <-s.wake:
		return true
	case <-s.gone:
	case <-s.x.r.Context().Done():
	case <-s.desk.done:
	}
	return false
}

// later calls do once d has passed on the desk's clock, with d.mu held, unless the stream is over, and wakes it.
func (s *stream) later(d time.Duration, do func()) (stop func() bool) {
	return s.desk.clock.AfterFunc(d, func() {
		s.desk.mu.Lock()
		defer s.desk.mu.Unlock()
		if !s.closed {
			do()
			s.look()
		}
	})
}

// poll holds a poll until there is something to tell, or for as long as the wire says.
func (s *stream) poll(x *exchange) {
	defer s.end()
	defer s.stopHold()
	for s.wait() {
		if rep, ready := s.result(); ready {
			s.desk.conclude(x, rep)
			return
		}
	}
	s.desk.lose(x, "the poll ended before there was anything to tell")
}

// conclude answers a poll that was held, with what was decided to be wrong with the answer when the poll came.
func (d *Desk) conclude(x *exchange, rep reply) {
	if x.alters == nil {
		d.answer(x, rep)
		return
	}
	d.misplay(x, *x.alters, func() reply { return rep })
}

// altering is what was decided to be wrong with an answer that goes on, nothing if nothing is.
func (x *exchange) altering() fault.Decision {
	if x.alters == nil {
		return fault.Decision{}
	}
	return *x.alters
}

// result is the answer to a poll that is held, once there is one.
func (s *stream) result() (reply, bool) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	if s.closed {
		return reply{}, false
	}
	if len(s.garbled) > 0 {
		s.detach()
		return reply{Reply: wire.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(s.garbled[0])}}, true
	}
	found := s.c.framesFrom(s.next, s.x.route.Feed)
	name := "events"
	switch {
	case len(found) > 0:
	case s.timedOut && s.x.take.Answers("nothing"):
		name = "nothing"
	case !s.timedOut && s.c.state != Ended:
		return reply{}, false
	}
	s.detach()
	return s.desk.word(s.x, outcome{name: name, events: found}), true
}

// events writes server-sent events until either side has enough.
func (s *stream) events(x *exchange) {
	defer s.end()
	stop := func() bool { return false }
	if x.route.Pulse != nil {
		var again func()
		again = func() {
			s.beat = true
			stop = s.later(x.route.Every, again)
		}
		s.desk.mu.Lock()
		stop = s.later(x.route.Every, again)
		s.desk.mu.Unlock()
	}
	defer func() {
		s.desk.mu.Lock()
		defer s.desk.mu.Unlock()
		stop()
	}()
	header := x.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	s.out = x.altering().Writes(fault.Stream{W: x.w, R: x.r, Delayed: s.delay, Done: s.desk.done})
	s.desk.recordResponse(x, reply{Reply: wire.Reply{Status: http.StatusOK}}, "")
	s.opened = s.desk.recordSocket(journal.Entry{Kind: journal.Opened, From: journal.Integration, To: journal.Desk, Name: "stream", Ref: x.request}, time.Now(),
		socketData{Conversation: s.c.id, Cursor: &x.next})
	x.w.WriteHeader(http.StatusOK)
	if http.NewResponseController(x.w).Flush() == nil {
		s.look()
		for s.wait() && s.tell() {
		}
	}
	s.desk.recordSocket(journal.Entry{Kind: journal.Closed, From: journal.Integration, To: journal.Desk, Name: "stream", Ref: s.opened}, time.Now(), socketData{Conversation: s.c.id})
}

// tell writes what there is to be told, and says whether it could.
func (s *stream) tell() bool {
	for {
		text, name, cursor := s.choose()
		if name == "" {
			return true
		}
		s.desk.recordSocket(journal.Entry{Kind: journal.Frame, From: journal.Desk, To: journal.Integration, Name: name}, time.Now(),
			socketData{Conversation: s.c.id, Body: capped(text)})
		if _, err := s.out.Write(text); err != nil {
			return false
		}
		s.desk.mu.Lock()
		s.next = max(s.next, cursor)
		s.desk.broadcast()
		s.desk.mu.Unlock()
	}
}

// choose picks what to tell next, with its name and its cursor if it is an event; without a name there is nothing.
func (s *stream) choose() (text []byte, name string, cursor int) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	if s.closed {
		return nil, "", 0
	}
	if len(s.garbled) > 0 {
		text = sseField(nil, "data", []byte(s.garbled[0]))
		s.garbled = s.garbled[1:]
		return append(text, '\n'), garbled, 0
	}
	for ; s.next < s.c.log.length && s.desk.mayGoOut(s.c.log.at(s.next).mark, s); s.next++ {
		e := s.c.log.at(s.next)
		for _, f := range e.frames {
			if f.Feed == s.x.route.Feed {
				text = appendSSE(text, f, s.next+1)
			}
		}
		if text != nil {
			return text, e.name, s.next + 1
		}
	}
	if s.beat {
		s.beat = false
		s.x.scope.Clock(s.desk.clock.Now())
		said, err := s.x.route.Pulse.Write(s.x.scope)
		if err != nil {
			return []byte(": the wire is at fault: " + sentence(err) + "\n\n"), "heartbeat", 0
		}
		return append(sseField(nil, "", said), '\n'), "heartbeat", 0
	}
	return nil, "", 0
}

// appendSSE writes an event as a server sends it; its id is the cursor unless the wire has another.
func appendSSE(dst []byte, f wire.Frame, cursor int) []byte {
	id := []byte(f.ID)
	if f.ID == "" {
		id = strconv.AppendInt(nil, int64(cursor), 10)
	}
	dst = sseField(dst, "id", id)
	if f.Event != "" {
		dst = sseField(dst, "event", []byte(f.Event))
	}
	return append(sseField(dst, "data", f.Raw), '\n')
}

// sseField writes a field, a line for each of its value's; without a name it is a comment.
func sseField(dst []byte, name string, value []byte) []byte {
	for line := range bytes.SplitSeq(bytes.ReplaceAll(value, []byte("\r"), nil), []byte("\n")) {
		dst = append(dst, name...)
		dst = append(dst, ": "...)
		dst = append(append(dst, line...), '\n')
	}
	return dst
}

// connection is the key under which a request has its connection.
type connection struct{}

// WithConnection is the ConnContext of a server that serves desks (New): it lets a desk break off an answer that has begun.
func WithConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connection{}, conn)
}

// connectionOf is the connection on which a request came.
func connectionOf(r *http.Request) net.Conn {
	conn, _ := r.Context().Value(connection{}).(net.Conn) // Every request of a server with WithConnection has one.
	return conn
}
