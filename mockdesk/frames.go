package mockdesk

import (
	"context"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/journal"
)

// User is what the desk knows of the user; what the client never told is empty.
type User struct {
	// Name is what the client called the user.
	Name string `json:"name"`
	// ID and Session are the client's own ids of the user and of the session, Locale the language that the user reads, such as de or pt-br.
	ID      string `json:"id"`
	Session string `json:"session"`
	Locale  string `json:"locale"`
}

// User is who the client said it speaks for, by the latest word.
func (c *Conversation) User() User {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.user
}

// UserTypes is whether the agents see the user type: since the client said so, and until it says otherwise or sends a line, or the conversation ends.
func (c *Conversation) UserTypes() bool {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.userTypes
}

// UserRead is the cursor up to which the user has read, 0 as long as the client did not say.
func (c *Conversation) UserRead() int {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.userRead
}

// receive takes a frame of the client: it finds out what the frame means and has the desk do it, as it does with a request. full says that the client has to read first.
func (s *socket) receive(kind int, data []byte) (full bool) {
	d := s.desk
	x := &exchange{s: s, wire: s.wire, name: "unknown", body: data, scope: s.scope()}
	take, problem, err := s.route.Socket.Hear(x.scope, kind == websocket.TextMessage, data)
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.closed {
		return false
	}
	s.setSilence()
	if err != nil {
		x.take, x.c = &s.route.Socket.Unfit, s.c
		d.recordFrame(x, sentence(err))
		s.say(x, d.word(x, failed(problem, "The desk does not know this frame", sentence(err))))
		return len(s.asides) >= maxUnsent
	}
	x.take, x.name = take, take.Name
	d.arrived(x)
	s.play(x, d.take(x))
	return len(s.asides) >= maxUnsent
}

// recordFrame writes a frame of the client down, with what is wrong with it; d.mu is held.
func (d *Desk) recordFrame(x *exchange, wrong string) {
	e := journal.Entry{Kind: journal.Frame, From: journal.Integration, To: journal.Desk, Name: x.name, Operation: x.operation()}
	if wrong != "" {
		e.Note = "Not a frame of the wire " + x.wire.Name + ": " + wrong
	}
	d.record(e, time.Now(), socketData{Conversation: x.s.conversation(), Socket: x.s.number, Body: capped(x.body)})
}

// play carries a frame through its reaction, as Desk.play does a request; d.mu is held. What takes its time does not hold up the frames that follow.
func (s *socket) play(x *exchange, r Reaction) {
	d := s.desk
	if r.kind != accept {
		d.recordFrame(x, "")
	}
	effect := func() reply { return d.effect(x) }
	switch r.kind {
	case accept:
		o := d.mean(x)
		d.recordFrame(x, o.detail)
		rep := d.word(x, o)
		x.scope.Release()
		s.say(x, rep)
	case hold, holdReply:
		p := &parked{effect: effect, done: make(chan struct{}), then: func(rep reply) { s.say(x, rep) }}
		if r.kind == holdReply {
			rep := effect()
			p.effect = func() reply { return rep }
		}
		g := d.gate(x.take.Means)
		g.parked = append(g.parked, p)
		d.broadcast()
	case delay:
		d.clock.AfterFunc(r.wait, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if !d.closed {
				s.say(x, effect())
			}
		})
	case blackhole:
	case loseReply:
		rep := effect()
		s.breakOff()
		if rep.after != nil {
			rep.after()
		}
	case cut:
		s.breakOff()
	case refuse:
		s.say(x, d.refusal(x, r))
	case body:
		s.queue(aside{name: x.name, raw: []byte(r.body), counted: true})
	}
}

// breakOff cuts the socket where d.mu is held.
func (s *socket) breakOff() {
	if s.closed {
		return
	}
	s.cut()
	reset(s.conn.NetConn())
}

// say answers a frame, if the wire has words for what came of it; d.mu is held.
func (s *socket) say(x *exchange, rep reply) {
	if rep.ready != nil && !rep.ready() {
		ready := rep.ready
		rep.ready = nil
		s.desk.work.Go(func() {
			if s.desk.await(context.Background(), func() bool { return s.closed || ready() }) != nil {
				return
			}
			s.desk.mu.Lock()
			defer s.desk.mu.Unlock()
			s.say(x, rep)
		})
		return
	}
	if !rep.silent && rep.Body != nil {
		name := x.name + ".answer"
		if rep.problem {
			name = "error"
		}
		s.queue(aside{name: name, raw: rep.Body, counted: !rep.problem})
	}
	if rep.after != nil {
		rep.after()
	}
}
