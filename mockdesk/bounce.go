package mockdesk

import (
	"encoding/json"
	"errors"
	"net/http"

	"deskcheck/mockdesk/journal"
)

// ErrNoLine says that no line of the user has the text that was named.
var ErrNoLine = errors.New("the user has said no such thing")

// Bounce says of a line of the user, the newest with that text, that it could not be delivered after all, with a reason to show or an empty one, and returns the event's
// cursor; ErrNoLine if there is none, ErrEnded after the end.
func (c *Conversation) Bounce(text, reason string) (int, error) {
	key := ""
	allowed := func() error {
		for l := range c.lines.from(0) {
			if l.Role == RoleUser && l.Text == text {
				key = l.Key
			}
		}
		if key == "" {
			return ErrNoLine
		}
		return c.mustGoOn()
	}
	return c.act(journal.Desk, "message.failed", "The desk could not deliver a line of the user after all.", allowed, func() fields {
		told := plainFields{"key": key}
		if reason != "" {
			told["reason"] = reason
		}
		return told
	})
}

// Garble sends something that is no event of the wire to whoever listens to the conversation: as a frame to every socket that is open, or where there is none as the
// answer to the next poll. It has no cursor and is not kept.
func (c *Conversation) Garble(raw string) {
	d := c.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range c.streams {
		s.garbled = append(s.garbled, raw)
		s.look()
	}
	if len(c.sockets)+len(c.streams) == 0 {
		d.ReactNext(OpEvents, 1, Body(http.StatusOK, "application/json", raw))
		return
	}
	for _, s := range c.sockets {
		s.queue(aside{name: garbled, raw: json.RawMessage(raw), counted: true})
	}
}
