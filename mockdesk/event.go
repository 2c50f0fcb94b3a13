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

// beginAct begins what the journal has of an act: the conversation, and the event that comes of it, which takes about so many bytes.
func beginAct(conversation string, length int) []byte {
	const names = `{"conversation":"","event":}`
	return append(wire.AppendString(append(make([]byte, 0, len(names)+len(conversation)+length), `{"conversation":`...), conversation), `,"event":`...)
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

// encode words the event that is about to be kept, and remarks on what the wire has no words for; act is what the journal has of it, with the event in the desk's own words. d.mu is held.
// The error says that the fields are no plain JSON values.
func (c *Conversation) encode(name string, told fields) (k kept, act json.RawMessage, remark string, err error) {
	at := c.desk.clock.Now()
	act = beginEvent(beginAct(c.id, eventLength+len(name)+told.length()), c.log.length+1, name, at)
	began := len(act)
	if act, err = told.encode(act); err != nil {
		return k, nil, "", fmt.Errorf("cannot encode the event %q, give its fields as plain JSON values: %w", name, err)
	}
	k, remark = c.word(name, at, &eventView{fields: told, raw: act[began:]})
	// The fields go on where the event began.
	if act[began] = ','; len(act) == began+len("{}") {
		act = append(act[:began], '}')
	}
	return k, append(act, '}'), remark, nil
}

// word is what the wire makes of an event that is about to be kept, and a remark if that is nothing; d.mu is held.
func (c *Conversation) word(name string, at time.Time, event *eventView) (k kept, remark string) {
	k = kept{name: name, cursor: c.log.length + 1}
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
	s.Set("cursor", c.log.length+1)
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

// eventLength is what an event takes beside its fields and its name, in bytes.
const eventLength = len(`{"cursor":12345678,"type":"","at":"2006-01-02T15:04:05.000Z",`)

// beginEvent begins an event in the desk's own words. Cursor, type and time come first, for those who read the frames.
func beginEvent(dst []byte, cursor int, name string, at time.Time) []byte {
	dst = strconv.AppendInt(append(dst, `{"cursor":`...), int64(cursor), 10)
	dst = wire.AppendString(append(dst, `,"type":`...), name)
	return append(wire.AppendStamp(append(dst, `,"at":"`...), at), '"')
}

// keep appends an encoded event to the stream and has everyone who listens told; d.mu is held.
func (c *Conversation) keep(k kept) {
	c.desk.touch(c, false)
	k.mark = c.mark
	c.log.add(k)
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
		cursor := c.log.length
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
