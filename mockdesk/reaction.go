package mockdesk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/wire"
)

// Operation is a kind of request that a client makes, by what it means; reactions are set for each on its own.
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

type reactionKind int

const (
	accept reactionKind = iota
	hold
	holdReply
	refuse
	blackhole
	loseReply
	delay
	cut
	body
)

// Reaction is what the desk does with a request that is well enough formed to be of an Operation. The zero value is Accept().
type Reaction struct {
	kind        reactionKind
	status      int
	title       string
	wait        time.Duration
	contentType string
	body        string
}

// Accept handles the request as a healthy desk does.
func Accept() Reaction { return Reaction{} }

// Hold parks the request before it has any effect, until Release. On release the effect happens even if the client is gone.
func Hold() Reaction { return Reaction{kind: hold} }

// HoldReply lets the effect happen at once and parks only the reply, until Release.
func HoldReply() Reaction { return Reaction{kind: holdReply} }

// Refuse answers with the HTTP status and a problem document with the title, and has no effect.
func Refuse(status int, title string) Reaction {
	return Reaction{kind: refuse, status: status, title: title}
}

// Blackhole has no effect and never answers: the request ends when the client gives up or the desk closes.
func Blackhole() Reaction { return Reaction{kind: blackhole} }

// LoseReply lets the effect happen, then resets the TCP connection in place of a reply.
func LoseReply() Reaction { return Reaction{kind: loseReply} }

// Delay handles the request as Accept does once d has passed on the desk's clock.
func Delay(d time.Duration) Reaction { return Reaction{kind: delay, wait: d} }

// Cut resets the TCP connection at once, with no effect.
func Cut() Reaction { return Reaction{kind: cut} }

// Body answers with an arbitrary status, content type and body, and has no effect: how a scenario plays a proxy's error page or a desk that breaks its own wire.
func Body(status int, contentType, text string) Reaction {
	return Reaction{kind: body, status: status, contentType: contentType, body: text}
}

// gate is what the desk was told about one operation. Its fields are guarded by Desk.mu.
type gate struct {
	next   []Reaction
	base   Reaction
	parked []*parked
}

// parked is a request whose effect or reply is yet to come. Whoever lets it go on runs the effect, so that effects happen in the order of arrival and have happened
// when Release or Advance returns.
type parked struct {
	effect func() reply
	reply  reply
	done   chan struct{}
	// then is called with the reply to a frame, with Desk.mu held; a request has a goroutine that waits for done.
	then func(reply)
}

// settle runs the effect and wakes the request's goroutine; Desk.mu is held.
func (p *parked) settle() {
	p.reply = p.effect()
	close(p.done)
	if p.then != nil {
		p.then(p.reply)
	}
}

func (d *Desk) gate(op Operation) *gate {
	g := d.gates[op]
	if g == nil {
		g = &gate{}
		d.gates[op] = g
	}
	return g
}

// React sets what the desk does with every request of the operation from now on; what ReactNext or ReactSequence had set for it is dropped.
func (d *Desk) React(op Operation, r Reaction) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.gate(op)
	g.next, g.base = nil, r
}

// ReactNext sets what the desk does with the next n requests of the operation; after them, what was set before holds again.
func (d *Desk) ReactNext(op Operation, n int, r Reaction) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.gate(op)
	g.next = append(slices.Repeat([]Reaction{r}, max(n, 0)), g.next...)
}

// ReactSequence sets a reaction for each of the coming requests of the operation in turn; all after them are accepted.
func (d *Desk) ReactSequence(op Operation, rs ...Reaction) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.gate(op)
	g.next, g.base = slices.Clone(rs), Accept()
}

// Release lets all parked requests of the operation go on, in the order in which they arrived, and accepts every request from now on.
// When it returns, the effects of the released requests have happened; it returns how many there were.
func (d *Desk) Release(op Operation) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.gate(op)
	waiting := g.parked
	g.next, g.base, g.parked = nil, Accept(), nil
	for _, p := range waiting {
		p.settle()
	}
	d.broadcast()
	return len(waiting)
}

// Held is the number of requests of the operation that are parked now by Hold or HoldReply.
func (d *Desk) Held(op Operation) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.gate(op).parked)
}

// WaitHeld waits until at least n requests of the operation are parked by Hold or HoldReply. Its error wraps the context's, or is ErrClosed.
func (d *Desk) WaitHeld(ctx context.Context, op Operation, n int) error {
	held := 0
	err := d.await(ctx, func() bool {
		held = len(d.gate(op).parked)
		return held >= n
	})
	if err != nil {
		return fmt.Errorf("waiting for %d held requests of %q, there are %d: %w", n, op, held, err)
	}
	return nil
}

// take picks the reaction to a request that has just arrived; d.mu is held.
func (d *Desk) take(x *exchange) Reaction {
	if d.faults != nil {
		if r, plays := d.faults(x.take.Means, x.about()); plays {
			return r
		}
	}
	g := d.gate(x.take.Means)
	if len(g.next) == 0 {
		return g.base
	}
	r := g.next[0]
	g.next = g.next[1:]
	return r
}

// play carries a request through its reaction. It is called with d.mu held, which it gives up.
func (d *Desk) play(x *exchange, r Reaction, effect func() reply) {
	switch r.kind {
	case accept:
		rep := effect()
		d.mu.Unlock()
		d.answer(x, rep)
		x.scope.Release()
	case hold, holdReply:
		p := &parked{effect: effect, done: make(chan struct{})}
		if r.kind == holdReply {
			rep := effect()
			p.effect = func() reply { return rep }
		}
		g := d.gate(x.take.Means)
		g.parked = append(g.parked, p)
		d.keep(x)
		d.mu.Unlock()
		d.answerLater(x, p)
	case delay:
		p := &parked{effect: effect, done: make(chan struct{})}
		stop := d.clock.AfterFunc(r.wait, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if !d.closed {
				p.settle()
			}
		})
		defer stop()
		d.keep(x)
		d.mu.Unlock()
		d.answerLater(x, p)
	case blackhole:
		d.keep(x)
		d.mu.Unlock()
		select {
		case <-x.r.Context().Done():
			d.noLongerKept(x)
			d.lose(x, "the client gave up: the desk was told never to answer")
		case <-d.done:
			abort(x.w)
		}
	case loseReply:
		rep := effect()
		d.mu.Unlock()
		d.lose(x, fmt.Sprintf("the desk did as asked, then the connection was cut in place of the answer %d", rep.Status))
		d.afterReply(rep)
	case cut:
		d.mu.Unlock()
		d.lose(x, "the connection was cut before the desk did anything")
	case refuse:
		rep := d.refusal(x, r)
		d.mu.Unlock()
		d.answer(x, rep)
	case body:
		d.mu.Unlock()
		d.answer(x, reply{Reply: wire.Reply{Status: r.status, Header: http.Header{"Content-Type": {r.contentType}}, Body: []byte(r.body)}})
	}
}

// refusal words the reaction Refuse; d.mu is held.
func (d *Desk) refusal(x *exchange, r Reaction) reply {
	return d.word(x, outcome{name: string(wire.Refused), status: r.status, title: r.title, detail: "The desk declines this request; nothing has changed."})
}

// answerLater waits until the parked request was settled and answers it. The client's own context plays no part: a desk does what reached it.
func (d *Desk) answerLater(x *exchange, p *parked) {
	select {
	case <-p.done:
		d.noLongerKept(x)
	case <-x.r.Context().Done():
		d.noLongerKept(x)
		select {
		case <-p.done:
		case <-d.done:
		}
	case <-d.done:
	}
	select {
	case <-p.done:
		d.answer(x, p.reply)
	default:
		abort(x.w)
	}
}

// keep notes that the request gets no answer for now; d.mu is held.
func (d *Desk) keep(x *exchange) {
	d.kept = append(d.kept, address(x.r))
	d.moved()
}

func (d *Desk) noLongerKept(x *exchange) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.letGo(x)
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
