package mockdesk

import (
	"fmt"
	"slices"
	"time"
)

// shelf stands for what is not in memory of a conversation that has ended.
type shelf struct {
	// lines is how many lines were said.
	lines int
}

// trim keeps the desk within its bounds; d.mu is held.
func (d *Desk) trim() {
	most := d.bounds.Ended
	if most == 0 {
		return
	}
	if d.isSaved() && d.bounds.Saved > 0 {
		most = min(most, d.bounds.Saved)
	}
	for range len(d.ended) - most {
		c := d.ended[0]
		d.ended = d.ended[1:]
		switch {
		case !d.isSaved():
			d.drop(c)
		case c.owed || c.mark > d.saving.safe || !c.isTold():
			// Its turn comes again.
			d.ended = append(d.ended, c)
		default:
			d.putAway(c)
		}
	}
	for len(d.shelved) > 0 && d.isTooOld(d.shelved[0]) {
		c := d.shelved[0]
		d.shelved = d.shelved[1:]
		d.drop(c)
		d.saving.forgotten = append(d.saving.forgotten, c.id)
		d.change()
	}
}

// isTooOld says whether the oldest of the conversations that have ended is one too many, or is not to be kept any longer; d.mu is held.
func (d *Desk) isTooOld(c *Conversation) bool {
	b := d.bounds
	return b.Saved > 0 && len(d.ended)+len(d.shelved) > b.Saved || b.Age > 0 && time.Since(c.endedAt) > b.Age
}

// isTold says whether all who listen to the conversation have been told everything; d.mu is held.
func (c *Conversation) isTold() bool { return c.toldUpTo(c.log.length) }

// putAway takes out of memory what can be read back of a conversation; d.mu is held.
func (d *Desk) putAway(c *Conversation) {
	c.shelf = &shelf{lines: c.lines.length}
	c.log, c.lines = series[kept]{}, series[Line]{}
	c.keys, c.context, c.attachments, c.screens = nil, nil, nil, nil
	d.shelved = append(d.shelved, c)
}

// drop forgets a conversation; d.mu is held. Who has hold of it can go on looking at it.
func (d *Desk) drop(c *Conversation) {
	c.dropped = true
	delete(d.saving.touched, c)
	delete(d.byID, c.id)
	delete(d.withdrawn, c.id)
	for by, conversations := range d.found {
		if value := fmt.Sprint(c.values[by]); conversations[value] == c {
			delete(conversations, value)
		}
	}
	if at, found := slices.BinarySearchFunc(d.conversations, c.ordinal, func(one *Conversation, ordinal int) int { return one.ordinal - ordinal }); found {
		d.conversations = slices.Delete(d.conversations, at, at+1)
	}
}

// Fetch reads back what is not in memory of a conversation that has ended. The error says why it cannot be read.
func (d *Desk) Fetch(c *Conversation) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fetch(c)
}

// fetch is called with d.mu held, which it gives up while it reads.
func (d *Desk) fetch(c *Conversation) error {
	if c.shelf == nil {
		return nil
	}
	d.mu.Unlock()
	r, err := d.saving.Read(c.id)
	var s *savedConversation
	if err == nil {
		s, err = r.decode()
	}
	d.mu.Lock()
	if err != nil {
		return fmt.Errorf("cannot read the conversation %s back: %w", c.id, err)
	}
	if c.shelf == nil {
		return nil // Another has read it meanwhile.
	}
	if err := c.recallEvents(r.Events); err != nil {
		return err
	}
	c.take(s)
	c.shelf = nil
	if at := slices.Index(d.shelved, c); at >= 0 {
		d.shelved = slices.Delete(d.shelved, at, at+1)
	}
	d.ended = append(d.ended, c)
	d.trim()
	return nil
}

// withdraw notes that no conversation can be opened under an id any more; d.mu is held.
func (d *Desk) withdraw(id string) {
	if d.withdrawn[id] {
		return
	}
	d.withdrawn[id] = true
	d.withdrawals = append(d.withdrawals, id)
	if most := d.bounds.Ended; most > 0 && len(d.withdrawals) > most {
		oldest := d.withdrawals[0]
		d.withdrawals = d.withdrawals[1:]
		delete(d.withdrawn, oldest)
		if d.isSaved() {
			d.saving.forgotten = append(d.saving.forgotten, oldest)
		}
	}
	if d.isSaved() {
		d.opened++
		d.saving.withdrawn = append(d.saving.withdrawn, Record{ID: id, Ordinal: d.opened, Over: true, State: []byte(`{"withdrawn":true}`)})
		d.change()
	}
}

// lineCount is how many lines were said; d.mu is held.
func (c *Conversation) lineCount() int {
	if c.shelf != nil {
		return c.shelf.lines
	}
	return c.lines.length
}
