package mockdesk

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// Event is what Emit plays: any type with any fields.
type Event struct {
	// Type is the event's type on the wire, one that the wire knows or another.
	Type string
	// Data are the fields beside cursor, type and at, which the desk sets and Data must not hold.
	Data map[string]any
}

// kept is an event of a conversation's stream; its cursor is its place there, counted from 1.
type kept struct {
	name   string
	cursor int
	// frames are what the wire makes of it.
	frames []wire.Frame
	// mark is that of the change that it came of.
	mark int
}

type actData struct {
	Conversation string
	// Event is nil for none.
	Event json.RawMessage
}

// payload is the data as JSON, without the detour that would read the event again: there is one for everything that is said.
func (a actData) payload() json.RawMessage {
	event := a.Event
	if event == nil {
		event = json.RawMessage("null")
	}
	raw := make([]byte, 0, len(`{"conversation":"","event":}`)+len(a.Conversation)+len(event))
	raw = wire.AppendString(append(raw, `{"conversation":`...), a.Conversation)
	raw = append(append(raw, `,"event":`...), event...)
	return append(raw, '}')
}

// Emit writes an event of any kind to every socket that is open on the conversation and keeps it for those that resume, whatever the state of the conversation,
// and returns its cursor. It changes neither the state nor the transcript: it is how a scenario plays what a desk should not do, or does too late.
// The error says which field cannot be sent.
func (c *Conversation) Emit(e Event) (int, error) {
	for _, reserved := range []string{"cursor", "type", "at"} {
		if _, given := e.Data[reserved]; given {
			return 0, fmt.Errorf("cannot emit %q: the field %q is set by the desk, leave it out of Data", e.Type, reserved)
		}
	}
	always := func() error { return nil }
	return c.act(journal.Desk, e.Type, "The desk is made to send this, whatever the state.", always, func() fields { return plainFields(e.Data) })
}

// encode words the event that is about to be kept, and remarks on what the wire has no words for; raw is the event in the desk's own words. d.mu is held. The error says that the fields
// are no plain JSON values.
func (c *Conversation) encode(name string, told fields) (k kept, raw json.RawMessage, remark string, err error) {
	view := &eventView{fields: told}
	if view.raw, err = told.encode(); err != nil {
		return k, nil, "", fmt.Errorf("cannot encode the event %q, give its fields as plain JSON values: %w", name, err)
	}
	at := c.desk.clock.Now()
	raw = whole(len(c.log)+1, name, at, view.raw)
	k, remark = c.word(name, at, view)
	return k, raw, remark, nil
}

// word is what the wire makes of an event that is about to be kept, and a remark if that is nothing; d.mu is held.
func (c *Conversation) word(name string, at time.Time, event *eventView) (k kept, remark string) {
	k = kept{name: name, cursor: len(c.log) + 1}
	spoken := c.desk.wire
	switch spoken.Speaks(name) {
	case wire.Silent:
		return k, ""
	case wire.NoWords:
		return k, " The wire " + spoken.Name + " has no words for it: the client is not told."
	case wire.Told:
	}
	s := wire.NewScope()
	defer s.Release()
	s.Set("event", event)
	s.Set("type", name)
	s.Set("cursor", len(c.log)+1)
	s.Clock(at)
	s.From(&c.desk.nowhere)
	s.Set("conversation", view{c})
	s.Set("values", c.values)
	var err error
	if k.frames, err = spoken.Frames(s, name, c.keepValues); err != nil {
		remark = " The wire " + spoken.Name + " is at fault, and the client is not told: " + err.Error() + "."
	}
	return k, remark
}

// whole is an event in the desk's own words, of its fields as JSON. Cursor, type and time come first, for those who read the frames.
func whole(cursor int, name string, at time.Time, fields json.RawMessage) json.RawMessage {
	const names = `{"cursor":,"type":"","at":"2006-01-02T15:04:05.000Z"`
	raw := make([]byte, 0, len(names)+len(name)+len(fields)+8)
	raw = strconv.AppendInt(append(raw, `{"cursor":`...), int64(cursor), 10)
	raw = wire.AppendString(append(raw, `,"type":`...), name)
	raw = wire.AppendString(append(raw, `,"at":`...), wire.Stamp(at))
	if len(fields) > len("{}") {
		raw = append(raw, ',')
	}
	return append(raw, fields[1:]...)
}

// keep appends an encoded event to the stream and has everyone who listens told; d.mu is held.
func (c *Conversation) keep(k kept) {
	c.desk.touch(c, false)
	k.mark = c.mark
	c.log = append(c.log, k)
	for _, s := range c.sockets {
		if !s.passOver(k) {
			c.desk.offer(k.mark, s)
		}
	}
	for _, s := range c.streams {
		s.look()
	}
	c.broadcast()
}

// append keeps an event that comes of a client's request; d.mu is held. Who has caused the event knows of it without being told.
func (c *Conversation) append(name string, told fields) {
	k, _ := c.word(name, c.desk.clock.Now(), &eventView{fields: told})
	c.keep(k)
}

// userEnd is the effect of an end by the user that is granted; d.mu is held.
func (c *Conversation) userEnd(o outcome) outcome {
	c.end(ByUser, "")
	switch c.echo {
	case Before:
		c.tellEnd()
		cursor := len(c.log)
		o.ready = func() bool { return c.toldUpTo(cursor) }
	case After:
		c.owed = true
		o.after = c.tellEnd
	case Never:
	}
	return o
}

// tellEnd tells the client of the user's own end; d.mu is held.
func (c *Conversation) tellEnd() {
	c.owed = false
	c.desk.touch(c, true)
	c.append("conversation.ended", plainFields{"by": ByUser})
}

// toldUpTo says whether every socket and every stream has taken the events up to a cursor; d.mu is held.
func (c *Conversation) toldUpTo(cursor int) bool {
	for _, s := range c.sockets {
		if s.written < cursor {
			return false
		}
	}
	for _, s := range c.streams {
		if !s.held && s.next < cursor {
			return false
		}
	}
	return true
}

// nudge tells whoever writes to look; it never blocks.
func nudge(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
