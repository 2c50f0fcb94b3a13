// Package bound holds the kit's own waits to the time that the machine had. On a shared machine the hypervisor takes the processors away for seconds, and who then waits
// by the clock on the wall blames a page that was never run. What a contract measures is not the kit's own wait, and is not held here.
package bound

import (
	"context"
	"sync"
	"time"
)

// longest bounds how many times its length a wait may take: a machine that is taken away for good ends it, too.
const longest = 20

// WithTimeout is context.WithTimeout in the machine's own time: time in which a processor was taken away does not count, up to 20 times d. The error of the context is
// context.DeadlineExceeded when d is over, as there; its Deadline is that of parent, since nobody can tell when d will be over.
func WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return host.withTimeout(parent, d)
}

// WithTimeoutCause is WithTimeout with a cause of the caller's own, which context.Cause gives when d is over; the error of the context is then context.Canceled.
func WithTimeoutCause(parent context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	return host.withTimeoutCause(parent, d, cause)
}

// machine tells what was taken of the time.
type machine struct {
	// taken is how long the processor that was away longest has been away since some moment, never less than before: at this moment, or a little earlier if that will do.
	taken func(now bool) time.Duration
}

var host = machine{taken: stolen}

func (m machine) withTimeoutCause(parent context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	stop := m.after(d, func() { cancel(cause) })
	return ctx, func() {
		stop()
		cancel(context.Canceled)
	}
}

func (m machine) withTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	c := &timed{Context: parent, done: make(chan struct{})}
	if err := parent.Err(); err != nil {
		c.end(err)
		return c, func() {}
	}
	stop := m.after(d, func() { c.end(context.DeadlineExceeded) })
	forget := context.AfterFunc(parent, func() { c.end(parent.Err()) })
	return c, func() {
		stop()
		forget()
		c.end(context.Canceled)
	}
}

// after calls f once d of the machine's time is over, in a goroutine of its own, unless it is stopped before.
func (m machine) after(d time.Duration, f func()) (stop func()) {
	began, before := time.Now(), m.taken(false)
	var mu sync.Mutex
	var timer *time.Timer
	stopped := false
	look := func() {
		mu.Lock()
		if stopped {
			mu.Unlock()
			return
		}
		elapsed := time.Since(began)
		if left := d - (elapsed - (m.taken(true) - before)); left > 0 && elapsed < longest*d {
			timer.Reset(min(left, longest*d-elapsed))
			mu.Unlock()
			return
		}
		stopped = true
		mu.Unlock()
		f()
	}
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(d, look)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		timer.Stop()
	}
}

// timed is a context that ends by itself. It is none of those of package context, which have their own clock.
type timed struct {
	context.Context

	mu       sync.Mutex
	done     chan struct{}
	err      error
	children map[*child]bool
}

// child is what is to be done at the end, by identity.
type child struct{ do func() }

func (c *timed) Done() <-chan struct{} { return c.done }

func (c *timed) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// AfterFunc has package context end what is derived from this one without a goroutine for each.
func (c *timed) AfterFunc(do func()) (stop func() bool) {
	one := &child{do}
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		go do()
		return func() bool { return false }
	}
	if c.children == nil {
		c.children = make(map[*child]bool)
	}
	c.children[one] = true
	c.mu.Unlock()
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		waiting := c.children[one]
		delete(c.children, one)
		return waiting
	}
}

func (c *timed) end(err error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = err
	close(c.done)
	children := c.children
	c.children = nil
	c.mu.Unlock()
	for one := range children {
		go one.do()
	}
}
