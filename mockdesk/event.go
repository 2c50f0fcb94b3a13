package mockdesk

import (
	"encoding/json"
	"fmt"
	"time"

	"deskcheck/mockdesk/journal"
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
	raw  json.RawMessage
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

// encode is the frame of the event that is about to be kept; d.mu is held.
func (c *Conversation) encode(name string, fields map[string]any) (json.RawMessage, error) {
	head, err := json.Marshal(struct {
		Cursor int    `json:"cursor"`
		Type   string `json:"type"`
		At     string `json:"at"`
	}{len(c.log) + 1, name, stamp(c.desk.clock.Now())})
	if err != nil {
		return nil, fmt.Errorf("cannot encode the event %q: %w", name, err)
	}
	if len(fields) == 0 {
		return head, nil
	}
	rest, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the event %q, give its fields as plain JSON values: %w", name, err)
	}
	// Cursor, type and time come first, for those who read the frames.
	return append(append(head[:len(head)-1], ','), rest[1:]...), nil
}

// keep appends an encoded event to the stream and has every open socket send it; d.mu is held.
func (c *Conversation) keep(name string, raw json.RawMessage) {
	c.log = append(c.log, kept{name: name, raw: raw})
	for s := range c.sockets {
		s.nudge()
	}
	c.desk.broadcast()
}

// append encodes and keeps an event that comes of a client's request; d.mu is held.
func (c *Conversation) append(name string, fields map[string]any) {
	// The fields are the desk's own strings and numbers: they always encode.
	if raw, err := c.encode(name, fields); err == nil {
		c.keep(name, raw)
	}
}

// userEnd is the effect of a DELETE that is granted; d.mu is held.
func (c *Conversation) userEnd(rep reply) reply {
	fields := c.end(ByUser, "")
	echo := func() { c.append("conversation.ended", fields) }
	switch c.echo {
	case Before:
		echo()
		cursor := len(c.log)
		rep.ready = func() bool {
			for s := range c.sockets {
				if s.written < cursor {
					return false
				}
			}
			return true
		}
	case After:
		rep.after = echo
	case Never:
	}
	return rep
}

// stamp is a moment as the desk's own documents write it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
