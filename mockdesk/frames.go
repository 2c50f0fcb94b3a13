package mockdesk

import (
	"context"
	"sync"
	"time"

	"deskcheck/mockdesk/fault"
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

// unknownFrame is what the journal, and rules, call a frame that is none of the wire.
const unknownFrame = "unknown"

// name is the type of a frame of the client.
func (s *socket) name(m fault.Message) string {
	scope := s.scope()
	defer scope.Release()
	if take, _, err := s.route.Socket.Hear(scope, !m.Binary, m.Data); err == nil {
		return take.Name
	}
	return unknownFrame
}

// receive reads a frame of the client.
func (s *socket) receive(m fault.Message) *exchange {
	x, _ := exchanges.Get().(*exchange) // The pool holds nothing else.
	*x = exchange{s: s, wire: s.wire, name: unknownFrame, body: m.Data, scope: s.scope()}
	x.take, x.problem, x.unread = s.route.Socket.Hear(x.scope, !m.Binary, m.Data)
	return x
}

// happen finds out what a frame of the client means and has the desk do it, as it does with a request; d.mu is held. heard says that the user has said something, and whoever was given to
// OnUser counts on what OnTurn was given. rest is what is left to be done without the lock, nil if nothing is.
func (s *socket) happen(x *exchange) (heard bool, rest func()) {
	d := s.desk
	if s.closed {
		return false, nil
	}
	s.setSilence()
	x.scope.Clock(d.clock.Now()) // It may have been read long ago.
	if x.unread != nil {
		x.take, x.c = &s.route.Socket.Unfit, s.c
		d.recordFrame(x, sentence(x.unread))
		s.say(x, d.word(x, failed(x.problem, "The desk does not know this frame", sentence(x.unread))))
		return false, nil
	}
	x.name, x.isJSON = x.take.Name, s.route.Socket.ReadsJSON()
	if !x.fetched {
		d.lookUp(x)
	}
	d.arrived(x)
	if decision := d.decide(x.arrival(fault.Ask)); decision.Fault.Kind != fault.Accept {
		d.recordFrame(x, "")
		return false, s.play(x, decision)
	}
	x.turns = d.onTurn != nil
	o := d.mean(x)
	d.recordFrame(x, o.detail)
	rep := d.word(x, o)
	x.scope.Release()
	waits := rep.ready != nil
	s.say(x, rep)
	heard = x.heard
	if !waits {
		*x = exchange{}
		exchanges.Put(x)
	}
	return heard, nil
}

// done has the next frame of the client taken: what was to be done with the one before is, and what there is to say of it is on its way. d.mu is held.
func (s *socket) done() {
	s.full = s.isFull()
	<-s.frames
}

// exchanges are those that are over, of frames that nothing went wrong with: there is one for every line that a client says.
var exchanges = sync.Pool{New: func() any { return &exchange{} }}

// recordFrame writes a frame of the client down, with what is wrong with it; d.mu is held.
func (d *Desk) recordFrame(x *exchange, wrong string) {
	e := journal.Entry{Kind: journal.Frame, From: journal.Integration, To: journal.Desk, Name: x.name, Operation: x.operation()}
	if wrong != "" {
		e.Note = "Not a frame of the wire " + x.wire.Name + ": " + wrong
	}
	if d.isSaved() {
		// The journal is saved with everything else, and a client that floods the desk must not run ahead of that.
		d.change()
	}
	body := capped
	if x.isJSON {
		body = cappedObject
	}
	d.recordSocket(e, time.Time{}, socketData{Conversation: x.s.conversation(), Socket: x.s.number, Body: body(x.body)})
}

// play carries a frame through the fault that was decided on, as Desk.play does a request; d.mu is held. What it gives is the rest of it, which is done without.
func (s *socket) play(x *exchange, decision fault.Decision) (rest func()) {
	d := s.desk
	// locked does something with d.mu held, unless the desk has closed.
	locked := func(do func()) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !d.closed {
			do()
		}
	}
	say := func(rep reply) func() { return func() { locked(func() { s.say(x, rep) }) } }
	effect := func() (answer func()) {
		answer = func() {}
		locked(func() { answer = say(d.effect(x)) })
		return answer
	}
	if decision.AtOnce() {
		answer := say(d.effect(x))
		effect = func() func() { return answer }
	}
	return func() {
		decision.Answer(fault.Question{
			Effect: effect,
			Refuse: func(status int, title string) { locked(func() { s.say(x, d.refusal(x, status, title)) }) },
			Say:    func(text string) { locked(func() { s.queue(aside{name: x.name, raw: []byte(text), counted: true}) }) },
			Break:  s.breakOff,
		})
		if decision.Fault.Kind == fault.Hold || decision.Fault.Kind == fault.HoldReply {
			locked(d.broadcast)
		}
	}
}

// breakOff cuts the socket.
func (s *socket) breakOff() {
	s.desk.mu.Lock()
	if !s.closed {
		s.cut()
	}
	s.desk.mu.Unlock()
	s.pump.Cut()
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
		s.queue(aside{name: name, raw: rep.Body, counted: !rep.problem, mark: rep.mark})
	}
	if rep.after != nil {
		rep.after()
	}
}
