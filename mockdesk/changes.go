package mockdesk

import "context"

// changes wakes whoever waits for something to change. It costs next to nothing while nobody waits, which is nearly always. The zero value will do; Desk.mu guards it.
type changes struct {
	// changed is closed at the next change, nil while nobody waits.
	changed chan struct{}
}

// tell wakes everyone who waits; d.mu is held.
func (c *changes) tell() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// next is closed at the next change; d.mu is held.
func (c *changes) next() <-chan struct{} {
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// broadcast wakes those who wait for something of the desk; d.mu is held.
func (d *Desk) broadcast() { d.changes.tell() }

// await returns once done says so; done is asked with d.mu held, again after every change at the desk.
func (d *Desk) await(ctx context.Context, done func() bool) error {
	return d.awaitOf(ctx, &d.changes, done)
}

// broadcast wakes those who wait for something of the conversation, and of the desk; d.mu is held.
func (c *Conversation) broadcast() {
	c.changes.tell()
	c.desk.broadcast()
}

// await returns once done says so; done is asked with the desk's lock held, again after every change of the conversation. Others change far more often at a desk of thousands.
func (c *Conversation) await(ctx context.Context, done func() bool) error {
	return c.desk.awaitOf(ctx, &c.changes, done)
}

// awaitOf returns once done says so; done is asked with d.mu held, again after each of the changes. Close is one of all.
func (d *Desk) awaitOf(ctx context.Context, of *changes, done func() bool) error {
	for {
		d.mu.Lock()
		if done() {
			d.mu.Unlock()
			return nil
		}
		if d.closed {
			d.mu.Unlock()
			return ErrClosed
		}
		changed := of.next()
		d.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
