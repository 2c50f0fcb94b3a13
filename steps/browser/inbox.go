package browser

import "sync"

// inbox is an ordered queue without a limit between the goroutine that reads from the browser, which must never wait, and the one that hands messages over. What fills it
// is limited in the page.
type inbox struct {
	mu     sync.Mutex
	items  []func()
	busy   bool
	closed bool
	wake   chan struct{}
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put adds work; it is dropped after close.
func (b *inbox) put(work func()) {
	b.mu.Lock()
	if !b.closed {
		b.items = append(b.items, work)
	}
	b.mu.Unlock()
	b.poke()
}

func (b *inbox) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// passed answers a channel that is closed when everything that is in the inbox now has been done.
func (b *inbox) passed() <-chan struct{} {
	done := make(chan struct{})
	b.mu.Lock()
	if b.closed || (len(b.items) == 0 && !b.busy) {
		close(done)
	} else {
		b.items = append(b.items, func() { close(done) })
	}
	b.mu.Unlock()
	b.poke()
	return done
}

// run does the work in order until close, and then what is left.
func (b *inbox) run() {
	for {
		b.mu.Lock()
		items, closed := b.items, b.closed
		b.items = nil
		b.busy = len(items) > 0
		b.mu.Unlock()
		for _, work := range items {
			work()
		}
		if len(items) > 0 {
			continue
		}
		if closed {
			return
		}
		<-b.wake
	}
}

func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.poke()
}
