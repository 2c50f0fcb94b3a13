package mockdesk

import (
	"container/heap"
	"sync"
	"sync/atomic"
	"time"
)

// Clock is what the desk tells time by: the current moment, and a function called later.
type Clock interface {
	// Now is the current moment of this clock.
	Now() time.Time
	// AfterFunc calls f once d has passed on this clock. The returned stop reports whether it kept f from being called.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// AdvancingClock is real time plus an offset that only grows: timers fire by themselves as on a real clock, and Advance makes any amount of time pass at once.
// It is safe for use by many goroutines. Make one with NewAdvancingClock or NewManualClock.
type AdvancingClock struct {
	// firing lets one goroutine at a time call timer functions, so that they run in the order of their due moments, whoever makes time pass.
	firing sync.Mutex

	mu     sync.Mutex
	real   func() time.Time
	manual bool
	// ahead is how far it was advanced, in nanoseconds. It is changed with mu held and read without: what time it is is asked several times for every line that is said.
	ahead  atomic.Int64
	timers timerHeap
	serial int
	// wake is the one real timer behind all timers of this clock; armed is the moment that it is set for, zero if it is not set.
	wake  *time.Timer
	armed time.Time
}

var _ Clock = (*AdvancingClock)(nil)

// NewAdvancingClock returns a clock that shows the real time until it is advanced.
func NewAdvancingClock() *AdvancingClock { return &AdvancingClock{real: time.Now} }

// NewManualClock returns a clock that stands still at the given moment and moves only by Advance.
func NewManualClock(start time.Time) *AdvancingClock {
	return &AdvancingClock{real: func() time.Time { return start }, manual: true}
}

// Now is the real time plus everything the clock was advanced by.
func (c *AdvancingClock) Now() time.Time {
	return c.real().Add(time.Duration(c.ahead.Load()))
}

// AfterFunc calls f once d has passed, by itself or by Advance. Functions due at the same moment are called in the order in which they were asked for, one at a time.
// f must not call Advance. The returned stop reports whether it kept f from being called.
func (c *AdvancingClock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serial++
	t := &timer{at: c.Now().Add(max(d, 0)), serial: c.serial, f: f}
	heap.Push(&c.timers, t)
	c.arm()
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		if t.index < 0 {
			return false
		}
		heap.Remove(&c.timers, t.index)
		c.arm()
		return true
	}
}

// Advance lets d pass at once. Before it returns it has called every function that falls due on the way, in order, each with Now at its due moment.
// A d below zero does nothing: time does not go back.
func (c *AdvancingClock) Advance(d time.Duration) {
	if d < 0 {
		return
	}
	c.firing.Lock()
	defer c.firing.Unlock()
	c.mu.Lock()
	ahead := c.ahead.Load() + int64(d)
	until := c.Now().Add(d)
	for len(c.timers) > 0 && !c.timers[0].at.After(until) {
		t, _ := heap.Pop(&c.timers).(*timer) // The heap holds nothing else.
		// Stepping from one due moment to the next lets a function that sets itself again fall due as often as it would have in life.
		if until := t.at.Sub(c.Now()); until > 0 {
			c.ahead.Add(int64(until))
		}
		c.mu.Unlock()
		t.f()
		c.mu.Lock()
	}
	c.ahead.Store(ahead)
	c.armed = time.Time{}
	c.arm()
	c.mu.Unlock()
}

// fireDue runs on the real timer.
func (c *AdvancingClock) fireDue() {
	c.firing.Lock()
	defer c.firing.Unlock()
	c.mu.Lock()
	for len(c.timers) > 0 && !c.timers[0].at.After(c.Now()) {
		t, _ := heap.Pop(&c.timers).(*timer) // The heap holds nothing else.
		c.mu.Unlock()
		t.f()
		c.mu.Lock()
	}
	c.armed = time.Time{}
	c.arm()
	c.mu.Unlock()
}

// arm sets the real timer for the first timer that is due; c.mu is held.
func (c *AdvancingClock) arm() {
	if c.manual {
		return
	}
	if len(c.timers) == 0 {
		if c.wake != nil {
			c.wake.Stop()
		}
		c.armed = time.Time{}
		return
	}
	first := c.timers[0].at
	if first.Equal(c.armed) {
		return
	}
	c.armed = first
	wait := max(first.Sub(c.Now()), 0)
	if c.wake == nil {
		c.wake = time.AfterFunc(wait, c.fireDue)
		return
	}
	c.wake.Reset(wait)
}

type timer struct {
	at     time.Time
	serial int
	f      func()
	// index is the place in the heap, below zero once the timer has fired or was stopped.
	index int
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].serial < h[j].serial
	}
	return h[i].at.Before(h[j].at)
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t, _ := x.(*timer) // The heap holds nothing else.
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
