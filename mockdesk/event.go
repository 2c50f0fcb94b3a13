package mockdesk

import (
	"encoding/json"
	"fmt"

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
	name string
	// raw is the event in the desk's own words, frames what the wire makes of it.
	raw    json.RawMessage
	frames []wire.Frame
}

type actData struct {
	Conversation string          `json:"conversation"`
	Event        json.RawMessage `json:"event"`
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
	return c.act(journal.Desk, e.Type, "The desk is made to send this, whatever the state.", always, func() map[string]any { return e.Data })
}

// encode words the event that is about to be kept, and remarks on what the wire has no words for; d.mu is held. The error says that the fields are no plain JSON values.
func (c *Conversation) encode(name string, fields map[string]any) (k kept, remark string, err error) {
	at, cursor := c.desk.clock.Now(), len(c.log)+1
	head, err := json.Marshal(struct {
		Cursor int    `json:"cursor"`
		Type   string `json:"type"`
		At     string `json:"at"`
	}{cursor, name, wire.Stamp(at)})
	if err != nil {
		return k, "", fmt.Errorf("cannot encode the event %q: %w", name, err)
	}
	rest := []byte("{}")
	if len(fields) > 0 {
		if rest, err = json.Marshal(fields); err != nil {
			return k, "", fmt.Errorf("cannot encode the event %q, give its fields as plain JSON values: %w", name, err)
		}
		// Cursor, type and time come first, for those who read the frames.
		head = append(append(head[:len(head)-1], ','), rest[1:]...)
	}
	k = kept{name: name, raw: head}
	spoken := c.desk.wire
	switch spoken.Speaks(name) {
	case wire.Silent:
		return k, "", nil
	case wire.NoWords:
		return k, " The wire " + spoken.Name + " has no words for it: the client is not told.", nil
	case wire.Told:
	}
	s := wire.NewScope()
	defer s.Release()
	s.Set("event", &eventView{fields: fields, raw: rest})
	s.Set("type", name)
	s.Set("cursor", cursor)
	s.Clock(at)
	s.From(&c.desk.nowhere)
	s.Set("conversation", view{c})
	s.Set("values", c.values)
	if k.frames, err = spoken.Frames(s, name, c.keepValues); err != nil {
		remark = " The wire " + spoken.Name + " is at fault, and the client is not told: " + err.Error() + "."
	}
	return k, remark, nil
}

// keep appends an encoded event to the stream and has everyone who listens told; d.mu is held.
func (c *Conversation) keep(k kept) {
	c.log = append(c.log, k)
	for s := range c.sockets {
		s.pump.Wake()
	}
	for s := range c.streams {
		nudge(s.wake)
	}
	c.desk.broadcast()
}

// append encodes and keeps an event that comes of a client's request; d.mu is held.
func (c *Conversation) append(name string, fields map[string]any) {
	// The fields are the desk's own strings and numbers: they always encode. Who has caused the event knows of it without being told.
	if k, _, err := c.encode(name, fields); err == nil {
		c.keep(k)
	}
}

// userEnd is the effect of an end by the user that is granted; d.mu is held.
func (c *Conversation) userEnd(o outcome) outcome {
	fields := c.end(ByUser, "")
	echo := func() { c.append("conversation.ended", fields) }
	switch c.echo {
	case Before:
		echo()
		cursor := len(c.log)
		o.ready = func() bool { return c.toldUpTo(cursor) }
	case After:
		o.after = echo
	case Never:
	}
	return o
}

// toldUpTo says whether every socket and every stream has taken the events up to a cursor; d.mu is held.
func (c *Conversation) toldUpTo(cursor int) bool {
	for s := range c.sockets {
		if s.written < cursor {
			return false
		}
	}
	for s := range c.streams {
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
