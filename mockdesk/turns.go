package mockdesk

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// framesAtOnce is how many frames are done with the desk's lock taken once, and before what there is to say of them is said.
const framesAtOnce = 16

// turns has the desk do what came in frames, in the order in which they came. Thousands of sockets are read side by side, and nearly all that a desk does it does with its lock held: if all
// who read waited for it, each would hold up the next, whenever the system has one of them pause. So whoever reads a frame leaves it here. Who finds nobody at it does it at once; what others
// leave meanwhile is done by a goroutine of its own.
type turns struct {
	mu sync.Mutex
	// waiting are the frames that nobody does yet, spare is room for more of them. busy says that somebody is at it.
	waiting, spare []*exchange
	busy           bool
	// left is how many frames were left here so far.
	left int

	// done is how many of them are done; slow is how many are being done by themselves, because something has to be read for them first. Desk.mu guards both.
	done, slow int
}

// begin leaves a frame, and gives it back if nobody is at it: then the caller is, until next gives nothing.
func (t *turns) begin(x *exchange) []*exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, x)
	t.left++
	if t.busy {
		return nil
	}
	return t.take()
}

// next gives what was left since, and takes back the room of what is done.
func (t *turns) next(done []*exchange) []*exchange {
	clear(done)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spare = done[:0]
	return t.take()
}

// take is called with t.mu held.
func (t *turns) take() []*exchange {
	batch := t.waiting
	t.waiting, t.spare, t.busy = t.spare, nil, len(batch) > 0
	return batch
}

// takeTurn has the desk do what came in a frame, at once or later; it waits for nobody.
func (d *Desk) takeTurn(x *exchange) {
	batch := d.turns.begin(x)
	if len(batch) == 0 {
		return
	}
	d.doFrames(batch)
	if batch = d.turns.next(batch); len(batch) == 0 {
		return
	}
	// The caller has a socket of its own to read.
	d.work.Go(func() {
		for ; len(batch) > 0; batch = d.turns.next(batch) {
			for some := range slices.Chunk(batch, framesAtOnce) {
				d.doFrames(some)
			}
		}
	})
}

// doFrames does what came in frames, and has said what there is to say of it.
func (d *Desk) doFrames(frames []*exchange) {
	d.mu.Lock()
	d.doSome(frames)
}

// mustRead says whether a frame is about a conversation that has to be read back first; d.mu is held.
func (d *Desk) mustRead(x *exchange) bool {
	return !x.fetched && x.unread == nil && !x.s.closed && d.find(x) == nil && x.c != nil && x.c.shelf != nil
}

// doSlowly does what came in a frame that is about such a conversation, for which nobody else is to wait; d.mu is held.
func (d *Desk) doSlowly(x *exchange) {
	d.turns.slow++
	d.work.Go(func() {
		d.mu.Lock()
		x.fetched, x.unreadable = true, d.fetch(x.c)
		d.doSome([]*exchange{x})
		d.mu.Lock()
		defer d.mu.Unlock()
		d.turns.slow--
		d.broadcast()
	})
}

// doSome is doFrames; it is called with d.mu held, which it gives up.
func (d *Desk) doSome(frames []*exchange) {
	var turn func()
	var rests []func()
	var room [framesAtOnce]*socket
	sockets := room[:0]
	d.outbox.holds++
	for _, x := range frames {
		if d.mustRead(x) {
			d.doSlowly(x)
			continue
		}
		sockets = append(sockets, x.s) // A frame that is done is another's.
		heard, rest := x.s.happen(x)
		if heard {
			turn = d.onTurn
		}
		if rest != nil {
			rests = append(rests, rest)
		}
	}
	d.mu.Unlock()
	for _, rest := range rests {
		rest()
	}
	if turn != nil {
		turn()
	}
	d.mu.Lock()
	d.deliver()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range sockets {
		s.done()
	}
	d.turns.done += len(sockets)
	d.broadcast()
}

// WaitDone waits until what clients have said in frames that were read before is done, and whoever was given to OnTurn has heard it. Its error wraps the context's, or is ErrClosed.
func (d *Desk) WaitDone(ctx context.Context) error {
	d.turns.mu.Lock()
	left := d.turns.left
	d.turns.mu.Unlock()
	if err := d.await(ctx, func() bool { return d.turns.done >= left && d.turns.slow == 0 }); err != nil {
		return fmt.Errorf("waiting for the desk to do what clients have said: %w", err)
	}
	return nil
}

// outbox has the sockets that are to look for something to say to their clients. Desk.mu guards it.
type outbox struct {
	// sockets wait from the index first on, each once; those before it are taken.
	sockets []*socket
	first   int
	// holds counts those who deliver in a moment, working the goroutines that deliver.
	holds, working int
}

const (
	// fewPosted is how many sockets are served by whoever has cause to, who has other things to do.
	fewPosted = 4
	// manyPosted is how many sockets a goroutine takes at once; where more wait there may be another.
	manyPosted = 32
	// deliverers is how many goroutines deliver at most. Most of the time is the system's, which they need no lock for; more than these would wait for the desk's.
	deliverers = 2
)

func (o *outbox) waiting() int { return len(o.sockets) - o.first }

func (o *outbox) add(s *socket) {
	if len(o.sockets) == cap(o.sockets) && 2*o.first >= len(o.sockets) {
		// There is room before the first, and may be for ever where somebody always waits.
		n := copy(o.sockets, o.sockets[o.first:])
		clear(o.sockets[n:])
		o.sockets, o.first = o.sockets[:n], 0
	}
	s.posted = true
	o.sockets = append(o.sockets, s)
}

// take gives the first of those who wait, as many as there is room for.
func (o *outbox) take(room []*socket) []*socket {
	some := o.sockets[o.first:]
	some = some[:min(len(some), len(room))]
	copy(room, some)
	clear(some)
	if o.first += len(some); o.first == len(o.sockets) {
		o.sockets, o.first = o.sockets[:0], 0
	}
	for _, s := range room[:len(some)] {
		s.posted = false
	}
	return room[:len(some)]
}

// post has a socket look for something to say, in a moment; d.mu is held.
func (d *Desk) post(s *socket) {
	if s.posted {
		return
	}
	d.outbox.add(s)
	if d.outbox.holds == 0 {
		d.startDelivering()
	}
}

// deliver has those look who were posted since the caller added itself to those who hold; it is called with d.mu held, which it gives up.
func (d *Desk) deliver() {
	o := &d.outbox
	o.holds--
	var room [fewPosted]*socket
	var here []*socket
	switch {
	case o.holds > 0: // Somebody else does.
	case o.working > 0, o.waiting() > fewPosted:
		d.startDelivering()
	default:
		here = o.take(room[:])
	}
	d.mu.Unlock()
	for _, s := range here {
		s.pump.Write()
	}
}

// startDelivering has another goroutine deliver, if too few do for those who wait; d.mu is held.
func (d *Desk) startDelivering() {
	o := &d.outbox
	if d.closed || o.working >= deliverers || o.working*manyPosted >= o.waiting() {
		return
	}
	o.working++
	d.work.Go(func() {
		var room [manyPosted]*socket
		for some := d.posted(room[:]); len(some) > 0; some = d.posted(room[:]) {
			for _, s := range some {
				s.pump.Write()
			}
		}
	})
}

// posted gives some of those who are to look now.
func (d *Desk) posted(room []*socket) []*socket {
	d.mu.Lock()
	defer d.mu.Unlock()
	some := d.outbox.take(room)
	if len(some) == 0 {
		d.outbox.working--
	}
	d.startDelivering()
	return some
}
