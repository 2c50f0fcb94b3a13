package mockdesk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// Operation is a kind of request that a client makes, by what it means; faults are set for each on its own.
type Operation = wire.Meaning

// The operations, and where the native wire has them.
const (
	OpAvailability = wire.Availability // GET /v1/availability
	OpStart        = wire.Start        // PUT /v1/conversations/{id}
	OpMessage      = wire.Message      // PUT /v1/conversations/{id}/messages/{key}
	OpAttachment   = wire.Attachment   // PUT /v1/conversations/{id}/attachments/{key}
	OpScreen       = wire.Screen       // PUT /v1/conversations/{id}/screens/{screen}
	OpEnd          = wire.End          // DELETE /v1/conversations/{id}
	OpState        = wire.State        // GET /v1/conversations/{id}
	OpMedium       = wire.Medium       // GET /v1/media/{id}
	OpEvents       = wire.Events       // GET /v1/conversations/{id}/events, as a socket or as a poll
	OpTyping       = wire.Typing       // the frame typing
	OpRead         = wire.Read         // the frame read
	OpUser         = wire.User         // the frame user
	OpAcknowledge  = wire.Acknowledge  // none
	OpNothing      = wire.Nothing      // none
)

// Reaction is what the desk does with a request that is well enough formed to be of an Operation: a fault, of which the zero value is Accept().
type Reaction = fault.Fault

// Accept handles the request as a healthy desk does.
func Accept() Reaction { return Reaction{Kind: fault.Accept} }

// Hold parks the request before it has any effect, until Release. On release the effect happens even if the client is gone.
func Hold() Reaction { return Reaction{Kind: fault.Hold} }

// HoldReply lets the effect happen at once and parks only the reply, until Release.
func HoldReply() Reaction { return Reaction{Kind: fault.HoldReply} }

// Refuse answers with the HTTP status, from 400, and the wire's own words for the title, and has no effect.
func Refuse(status int, title string) Reaction {
	return Reaction{Kind: fault.Status, Status: status, Title: title}
}

// Blackhole has no effect and never answers: the request ends when the client gives up or the desk closes.
func Blackhole() Reaction { return Reaction{Kind: fault.Hang} }

// LoseReply lets the effect happen, then resets the TCP connection in place of a reply.
func LoseReply() Reaction { return Reaction{Kind: fault.ResetAfter} }

// Delay handles the request as Accept does once d has passed on the desk's clock; at once if d is not above zero.
func Delay(d time.Duration) Reaction {
	if d <= 0 {
		return Accept()
	}
	return Reaction{Kind: fault.Delay, For: d}
}

// Cut resets the TCP connection at once, with no effect.
func Cut() Reaction { return Reaction{Kind: fault.Reset} }

// Body answers with an arbitrary status, from 200, content type and body, and has no effect: how a scenario plays a proxy's error page or a desk that breaks its own wire.
func Body(status int, contentType, text string) Reaction {
	return Reaction{Kind: fault.Body, Status: status, ContentType: contentType, Text: text}
}

// Faults is the plan of what the desk does wrong on purpose. The methods React, ReactNext, ReactSequence and Release of the desk are short for rules of it that name an
// operation and nothing else. Nothing that is called back by the plan may call the desk.
func (d *Desk) Faults() *fault.Plan { return d.plan }

// FaultName is what the journal, and those who list faults, call a rule of the plan; 0 is chaos.
func FaultName(rule fault.ID) string {
	if rule == 0 {
		return "chaos"
	}
	return "f" + strconv.Itoa(int(rule))
}

type playedData struct {
	Fault        string          `json:"fault"`
	Kind         fault.Kind      `json:"kind"`
	Moment       fault.Moment    `json:"moment"`
	Operation    string          `json:"operation,omitempty"`
	Frame        string          `json:"frame,omitempty"`
	Direction    fault.Direction `json:"direction,omitempty"`
	Conversation string          `json:"conversation,omitempty"`
	Socket       int             `json:"socket,omitempty"`
}

func (p playedData) conversation() string { return p.Conversation }

// notePlayed gives what writes a play of a fault down, as an entry of its own before those of its effects, and passes it on.
func (d *Desk) notePlayed(further func(fault.Played)) func(fault.Played) {
	return func(p fault.Played) {
		a := p.Arrival
		d.record(journal.Entry{Kind: journal.Act, From: journal.Desk, To: journal.Desk, Name: "fault.played", Note: "On purpose: " + p.Fault.String() + " (" + a.String() + ")."}, time.Now(), playedData{
			Fault: FaultName(p.Rule), Kind: p.Fault.Kind, Moment: a.Moment, Operation: a.Operation, Frame: a.Frame, Direction: a.Direction, Conversation: a.Conversation, Socket: a.Connection,
		})
		if further != nil {
			further(p)
		}
	}
}

// React sets what the desk does with every request of the operation from now on; what ReactNext or ReactSequence had set for it is dropped. It panics, as its sisters do, if
// the reaction is one that cannot be played, such as Refuse(200, "").
func (d *Desk) React(op Operation, r Reaction) {
	d.forget(op)
	d.set(rule(op, r, fault.Schedule{}))
}

// ReactNext sets what the desk does with the next n requests of the operation; after them, what was set before holds again.
func (d *Desk) ReactNext(op Operation, n int, r Reaction) {
	if n > 0 {
		d.set(rule(op, r, fault.Schedule{Next: n}))
	}
}

// ReactSequence sets a reaction for each of the coming requests of the operation in turn; all after them are accepted.
func (d *Desk) ReactSequence(op Operation, rs ...Reaction) {
	d.forget(op)
	rules := make([]fault.Rule, 0, len(rs)+1)
	for _, r := range rs {
		rules = append(rules, rule(op, r, fault.Schedule{Next: 1}))
	}
	d.set(append(rules, rule(op, Accept(), fault.Schedule{}))...)
}

func rule(op Operation, r Reaction, when fault.Schedule) fault.Rule {
	if r.Kind == "" {
		r = Accept()
	}
	return fault.Rule{Fault: r, Schedule: when, Scope: fault.Scope{Operation: string(op)}}
}

// set adds rules that the program itself has made.
func (d *Desk) set(rules ...fault.Rule) {
	if _, err := d.plan.AddScript(rules...); err != nil {
		panic(fmt.Sprintf("a reaction that cannot be played: %v", err))
	}
}

// about are the rules that name the operation and nothing else.
func (d *Desk) about(op Operation) []fault.Standing {
	return slices.DeleteFunc(d.plan.List(), func(s fault.Standing) bool { return s.Rule.Scope != fault.Scope{Operation: string(op)} })
}

// forget removes the rules about the operation, except those that hold requests, which wait for Release.
func (d *Desk) forget(op Operation) {
	d.remove(slices.DeleteFunc(d.about(op), func(s fault.Standing) bool { return len(s.Parked) > 0 }))
}

// remove takes rules out of the plan.
func (d *Desk) remove(rules []fault.Standing) {
	ids := make([]fault.ID, len(rules))
	for i, s := range rules {
		ids[i] = s.ID
	}
	// The error is that someone else has removed one meanwhile; then the others are removed one by one.
	if d.plan.Remove(ids...) != nil {
		for _, id := range ids {
			_ = d.plan.Remove(id)
		}
	}
}

// Release lets all parked requests of the operation go on, in the order in which they arrived, and accepts every request from now on.
// When it returns, the effects of the released requests have happened; it returns how many there were.
func (d *Desk) Release(op Operation) int {
	rules := d.about(op)
	d.remove(rules)
	waiting := 0
	for _, s := range rules {
		waiting += len(s.Parked)
	}
	return waiting
}

// Held is the number of requests of the operation that are parked now by Hold or HoldReply.
func (d *Desk) Held(op Operation) int {
	held := 0
	for _, s := range d.plan.List() {
		for _, a := range s.Parked {
			if a.Operation == string(op) {
				held++
			}
		}
	}
	return held
}

// WaitHeld waits until at least n requests of the operation are parked by Hold or HoldReply. Its error wraps the context's, or is ErrClosed.
func (d *Desk) WaitHeld(ctx context.Context, op Operation, n int) error {
	held := 0
	err := d.await(ctx, func() bool {
		held = d.Held(op)
		return held >= n
	})
	if err != nil {
		return fmt.Errorf("waiting for %d held requests of %q, there are %d: %w", n, op, held, err)
	}
	return nil
}

// decide asks the plan what becomes of an arrival; d.mu is held. What the plan counts is saved like everything else.
func (d *Desk) decide(a fault.Arrival) fault.Decision {
	if !d.isSaved() {
		return d.plan.Next(a)
	}
	before := d.plan.Changes()
	decision := d.plan.Next(a)
	if d.plan.Changes() != before {
		d.changedItself()
	}
	return decision
}

// arrival is the request or the frame as rules know it.
func (x *exchange) arrival(moment fault.Moment) fault.Arrival {
	a := fault.Arrival{Moment: moment, Operation: x.operation(), Conversation: x.about()}
	if x.s != nil {
		a.Connection, a.Frame = x.s.number, x.name
		return a
	}
	a.Route = x.name
	if moment == fault.Request && websocket.IsWebSocketUpgrade(x.r) {
		a.Moment = fault.Upgrade
	}
	return a
}

// play carries a request through what the plan has decided on it. It is called with d.mu held, which it gives up.
func (d *Desk) play(x *exchange, decision fault.Decision) {
	if decision.Fault.Kind == fault.Accept {
		rep := d.effect(x)
		d.mu.Unlock()
		d.answer(x, rep)
		x.scope.Release()
		return
	}
	if !decision.AtOnce() {
		d.mu.Unlock()
		d.misplay(x, decision, func() reply {
			d.mu.Lock()
			defer d.mu.Unlock()
			return d.effect(x)
		})
		return
	}
	rep := d.effect(x)
	d.mu.Unlock()
	if rep.serve != nil && x.route.Socket == nil && decision.Alters() {
		// There is no answer yet, or it has no end: what is wrong with it is for when it comes.
		x.alters = &decision
		rep.serve(x)
		return
	}
	d.misplay(x, decision, func() reply { return rep })
}

// misplay answers a request as the fault has it that was decided on.
func (d *Desk) misplay(x *exchange, decision fault.Decision, effect func() reply) {
	note := ""
	decision.Serve(fault.Exchange{
		W: x.w, R: x.r, Done: d.done,
		Effect: func() fault.Reply {
			rep := effect()
			note = rep.note
			return d.faulty(x, rep)
		},
		Refusal: func(status int, title string) fault.Reply {
			d.mu.Lock()
			defer d.mu.Unlock()
			rep := d.refusal(x, status, title)
			return fault.Reply{Status: rep.Status, Header: rep.Header, Body: rep.Body}
		},
		Answering: func(o fault.Outcome) {
			if o.Note != "" {
				note = o.Note
			}
			d.recordResponse(x, reply{Reply: wire.Reply{Status: o.Status, Body: o.Body}}, note)
		},
		Keeping: func(kept bool) { d.keeping(x, kept) },
	})
}

// faulty is the reply as faults take it.
func (d *Desk) faulty(x *exchange, rep reply) fault.Reply {
	f := fault.Reply{Status: rep.Status, Header: rep.Header, Body: rep.Body}
	if rep.serve != nil {
		f.Upgrade = func() { rep.serve(x) }
	}
	if rep.ready != nil || rep.mark > 0 {
		f.Ready = func(ctx context.Context) error { return d.settled(ctx, rep) }
	}
	if rep.after != nil {
		f.After = func() { d.afterReply(rep) }
	}
	return f
}

// refusal words a refusal of what the client asks for; d.mu is held.
func (d *Desk) refusal(x *exchange, status int, title string) reply {
	return d.word(x, outcome{name: string(wire.Refused), status: status, title: title, detail: "The desk declines this request; nothing has changed."})
}

// keeping notes that the request begins to wait for an answer, or no longer does.
func (d *Desk) keeping(x *exchange, kept bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if kept {
		d.keep(x)
	} else {
		d.letGo(x)
	}
}

// keep notes that the request gets no answer for now; d.mu is held.
func (d *Desk) keep(x *exchange) {
	d.kept = append(d.kept, address(x.r))
	d.moved()
}

// letGo notes that the request no longer waits; d.mu is held.
func (d *Desk) letGo(x *exchange) {
	if at := slices.Index(d.kept, address(x.r)); at >= 0 {
		d.kept = slices.Delete(d.kept, at, at+1)
	}
	d.moved()
}

// address is how the client that made the request calls it: the method, and the address with the scheme that it was given.
func address(r *http.Request) string {
	scheme := "http"
	if websocket.IsWebSocketUpgrade(r) {
		scheme = "ws"
	}
	return r.Method + " " + origin(r, scheme) + r.RequestURI
}

// lose records that the request gets no answer, and breaks its connection.
func (d *Desk) lose(x *exchange, why string) {
	d.recordResponse(x, reply{}, why)
	abort(x.w)
}

// abort resets the connection of a request: the client sees neither a status nor an orderly end.
func abort(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// Only a server that cannot hijack ends here; its own way of breaking off is the next best thing.
		panic(http.ErrAbortHandler)
	}
	reset(conn)
}
