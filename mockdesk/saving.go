package mockdesk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"deskcheck/mockdesk/fault"
)

// Saving is how whoever opens a desk saves it, for it to survive the process. Such a desk says nothing to a client that rests on a change which is not saved: an answer to a
// request and an answer to a frame wait for every change up to the moment at which they were worded (Desk.answer, Desk.faulty, socket.give), an event waits for the change that
// it came of (socket.give, stream.choose, and the answer of a poll like every other). Clients may be told again what they were told already, but nothing that they were told is
// missing. A desk without Saving waits for nothing.
type Saving struct {
	// Changed is called when there is something for Changes to give. The desk is locked, so it must neither block nor call the desk.
	Changed func()
	// Read gives a conversation that is saved, by its id, with all of its events. The desk calls it without holding a lock.
	Read func(id string) (Record, error)
}

// Bounds are how much a desk keeps of what is over. The zero value keeps everything.
type Bounds struct {
	// Ended is how many conversations that have ended are in memory whole, the newest of them; of those that are older a desk that is saved reads back what it is asked for, any
	// other forgets them. It bounds ids that were withdrawn and availability queries, too.
	Ended int
	// Saved is how many conversations that have ended a desk that is saved keeps in all, Age for how long, by the clock of the machine; 0 is without end.
	Saved int
	Age   time.Duration
}

// Record is a conversation as it is saved, or what has changed of one.
type Record struct {
	// ID is what the client called it, Ordinal its place among all conversations of the desk, from 1.
	ID      string
	Ordinal int
	// Over says that it has ended.
	Over bool
	// State is all but its events and its note, as JSON; nil if it has not changed.
	State json.RawMessage
	// Note is what SetNote was given; nil if it has not changed.
	Note []byte
	// Events are its events, or those that are new.
	Events []SavedEvent
}

// SavedEvent is one event of a conversation as it is saved.
type SavedEvent struct {
	// Cursor is its place in the stream, from 1, and Name its type.
	Cursor int
	Name   string
	// Body is how the client is told of it, and what was said.
	Body []byte
}

// SavedMedium is a file of an agent's as it is saved; its content never changes.
type SavedMedium struct {
	// ID is that of its address, Type its media type.
	ID, Type string
	Content  []byte
}

// Changes are what has changed at a desk since it was asked last. They are valid until it is asked again.
type Changes struct {
	// Mark is what Saved is to be told once they are saved.
	Mark int
	// Desk is the state of the desk itself, as JSON; nil if it has not changed.
	Desk json.RawMessage
	// Records are the conversations that have changed, Forgotten the ids of those that are not to be kept any longer.
	Records   []Record
	Forgotten []string
	// Media are the files that are new.
	Media []SavedMedium

	// itself, states, logs and lines are what Encode makes Desk and Records of; the states and what follows belong to the last of the records.
	itself *savedDesk
	states []*savedConversation
	logs   []rest[kept]
	lines  []rest[Line]
	// events and bodies are room for those of the records, piece for what is on its way there.
	events        []SavedEvent
	bodies, piece []byte
}

// mostBodies is how much room for bodies is kept for the next time, in bytes.
const mostBodies = 1 << 20

// begin empties it and keeps its room: there are hundreds a second.
func (c *Changes) begin() {
	clear(c.Records)
	clear(c.states)
	clear(c.logs)
	clear(c.lines)
	clear(c.events)
	if cap(c.bodies) > mostBodies {
		c.bodies = nil
	}
	*c = Changes{
		Records: c.Records[:0], states: c.states[:0], logs: c.logs[:0], lines: c.lines[:0], events: c.events[:0], bodies: c.bodies[:0], piece: c.piece[:0],
	}
}

// Encode fills in Desk, and State and Events of the records. The error says what cannot be written as JSON.
func (c *Changes) Encode() error {
	var err error
	if c.itself != nil {
		if c.Desk, err = json.Marshal(c.itself); err != nil {
			return fmt.Errorf("encode the desk: %w", err)
		}
	}
	records := c.Records[len(c.Records)-len(c.states):]
	for i, state := range c.states {
		if err := c.encode(&records[i], state, c.logs[i], c.lines[i]); err != nil {
			return fmt.Errorf("encode the conversation %s: %w", records[i].ID, err)
		}
	}
	return nil
}

// saving is what the desk knows of how far it is saved; Desk.mu guards it. The zero value belongs to a desk that is not.
type saving struct {
	Saving

	// changes counts the changes, safe is how many of them are saved. taken is how many Changes has given.
	changes, taken, safe int
	// lost is why nothing can be saved any more, nil while all is well.
	lost error
	// current is closed when the changes that Changes has given last are saved, or cannot be; next when those are that come after.
	current, next chan struct{}
	// held are the listeners that have something to say which is not saved yet, each with the mark of what it waits for.
	held map[listener]int

	// touched are the conversations that have changed, each with what of it has beside its events.
	touched map[*Conversation]extent
	// plan is how far the plan of faults had come when the desk's own state was given last, desk that it has changed otherwise.
	plan int
	desk bool
	// faults is the plan as it was when the desk closed, which clears it; nil before.
	faults    *fault.Memory
	withdrawn []Record
	forgotten []string
	media     []SavedMedium
	// given is what Changes gives.
	given Changes
}

// listener writes to a client what is to be said to it.
type listener interface {
	// look has it look for something to say; it does not block. The desk's lock is held.
	look()
}

// isSaved says whether the desk is saved; d.mu is held.
func (d *Desk) isSaved() bool { return d.saving.Changed != nil }

// extent is what has changed of a conversation beside its events.
type extent uint8

const (
	itsNote  extent = 1 << iota // what SetNote has set
	itsState                    // all the rest
)

// touch notes a change of a conversation, of more than its events if whole is set; d.mu is held.
func (d *Desk) touch(c *Conversation, whole bool) {
	if whole {
		d.touchSome(c, itsState)
		return
	}
	d.touchSome(c, 0)
}

// touchSome notes a change of a conversation; d.mu is held. One that is not in memory whole is over for everyone: what is left to say of it is not saved.
func (d *Desk) touchSome(c *Conversation, of extent) {
	if !d.isSaved() || c.dropped || c.shelf != nil {
		return
	}
	d.saving.touched[c] |= of
	c.mark = d.change()
}

// changedItself notes a change of the desk's own state; d.mu is held.
func (d *Desk) changedItself() {
	if d.isSaved() {
		d.saving.desk = true
		d.change()
	}
}

// change counts a change; d.mu is held and the desk is saved.
func (d *Desk) change() (mark int) {
	d.saving.changes++
	d.saving.Changed()
	return d.saving.changes
}

// mayGoOut says whether what rests on the changes up to a mark may be said to a client; if not yet, the listener is told to look again once it may. d.mu is held.
func (d *Desk) mayGoOut(mark int, l listener) bool {
	if mark <= d.saving.safe {
		return true
	}
	d.hold(mark, l)
	return false
}

// hold has the listener told to look once the changes up to a mark are saved; d.mu is held. What a listener waits for already comes first.
func (d *Desk) hold(mark int, l listener) {
	if before, held := d.saving.held[l]; !held || mark < before {
		d.saving.held[l] = mark
	}
}

// offer tells a listener that there is something to say which rests on the changes up to a mark, as soon as it may be said; d.mu is held. Waking it before would be for nothing.
func (d *Desk) offer(mark int, l listener) {
	if mark > d.saving.safe {
		d.hold(mark, l)
		return
	}
	l.look()
}

// awaitSaved returns when the changes up to a mark are saved. Its error is the context's, ErrClosed, or says why they cannot be.
func (d *Desk) awaitSaved(ctx context.Context, mark int) error {
	for {
		d.mu.Lock()
		s := &d.saving
		safe, lost, wait := mark <= s.safe, s.lost, s.next
		if mark <= s.taken {
			wait = s.current
		}
		d.mu.Unlock()
		switch {
		case safe:
			return nil
		case lost != nil:
			return lost
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		case <-d.done:
			return ErrClosed
		}
	}
}

// Changes gives what has changed since it was called last, all as it was at one moment, for the caller to Encode. It is called by one goroutine at a time, and not again before
// Saved.
func (d *Desk) Changes() *Changes {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &d.saving
	given := &s.given
	given.begin()
	given.Mark, given.Forgotten, given.Media = s.changes, s.forgotten, s.media
	given.Records = append(given.Records, s.withdrawn...)
	for c, of := range s.touched {
		given.add(c, of)
	}
	clear(s.touched)
	if plan := d.plan.Changes(); s.desk || plan != s.plan {
		s.plan = plan
		given.itself = d.toSave()
	}
	s.desk, s.forgotten, s.media, s.withdrawn = false, nil, nil, nil
	s.taken, s.current, s.next = s.changes, s.next, make(chan struct{})
	return given
}

// add adds what has changed of a conversation; the desk's lock is held.
func (c *Changes) add(one *Conversation, of extent) {
	r := Record{ID: one.id, Ordinal: one.ordinal, Over: one.state == Ended}
	if of&itsNote != 0 {
		r.Note = one.note
	}
	c.Records = append(c.Records, r)
	var state *savedConversation
	if of&itsState != 0 {
		state = one.toSave()
	}
	c.states = append(c.states, state)
	c.logs, c.lines = append(c.logs, rest[kept]{one.log, one.taken}), append(c.lines, rest[Line]{one.lines, one.linesUpTo(one.taken)})
	one.taken = one.log.length
}

// Saved says that the changes up to a mark are saved, and lets go out what rests on them; with an error that they cannot be, nor any that follow. It is called by the goroutine that
// calls Changes.
func (d *Desk) Saved(mark int, err error) {
	d.mu.Lock()
	d.outbox.holds++
	d.safe(mark, err)
	d.deliver()
}

// safe is Saved, with d.mu held; those who are to say something are posted.
func (d *Desk) safe(mark int, err error) {
	s := &d.saving
	s.lost = err
	close(s.current)
	if err != nil {
		close(s.next)
		s.next = s.current
		return
	}
	if s.changes-s.safe > mostUnsaved {
		d.broadcast() // Sockets may be read again.
	}
	s.safe = mark
	for l, waits := range s.held {
		if waits <= mark {
			delete(s.held, l)
			l.look()
		}
	}
	d.trim()
}

// SetNote keeps a note of whoever plays the conversation with it, which is not empty; the desk makes nothing of it.
func (c *Conversation) SetNote(note []byte) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	c.note = note
	c.desk.touchSome(c, itsNote)
}

// Note is what SetNote was given last, nil if it never was.
func (c *Conversation) Note() []byte {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.note
}

// toSave is the desk's own state as it is saved; d.mu is held.
func (d *Desk) toSave() *savedDesk {
	itself := &savedDesk{Serial: d.serial, Opened: d.opened}
	if d.saving.faults != nil {
		itself.Faults = *d.saving.faults
	} else {
		itself.Faults = d.plan.Remember()
	}
	return itself
}

// toSave is the conversation as it is saved, apart from its events; the desk's lock is held.
func (c *Conversation) toSave() *savedConversation {
	s := &savedConversation{
		Queue: c.queue, Context: c.context, User: c.user, OpenedAt: c.openedAt, EndedAt: c.endedAt, State: c.state, EndedBy: c.endedBy, Echo: c.echo, Owed: c.owed, Closures: c.closures,
		Agents: maps.Clone(c.agents), TransferFrom: c.transferFrom, UserRead: c.userRead, Acknowledged: c.acknowledged, Uploads: c.uploads, Attachments: slices.Clone(c.attachments),
		Values: maps.Clone(c.values), Lines: c.lines.length, Withdrawn: c.desk.withdrawn[c.id],
	}
	for _, screen := range c.screens {
		one := *screen
		one.Said = slices.Clone(screen.Said)
		s.Screens = append(s.Screens, &one)
	}
	return s
}
