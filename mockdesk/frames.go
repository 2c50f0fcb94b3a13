package mockdesk

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/journal"
)

// User is what the desk knows of the user; what the client never told is empty.
type User struct {
	// Name is what the client called the user.
	Name string `json:"name"`
	// ID and Session are the client's own ids of the user and of the session, Locale the language that the user reads, such as de or pt-br.
	ID      string `json:"id"`
	Session string `json:"session"`
	Locale  string `json:"locale"`
}

// User is who the client said it speaks for, by the latest word.
func (c *Conversation) User() User {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.user
}

// UserTypes is whether the agents see the user type: since the client said so, and until it says otherwise or sends a line, or the conversation ends.
func (c *Conversation) UserTypes() bool {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.userTypes
}

// UserRead is the cursor up to which the user has read, 0 as long as the client did not say.
func (c *Conversation) UserRead() int {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.userRead
}

// frame is what a client may send on a socket. Take it apart by type: the fields of the other types are absent.
type frame struct {
	Type   string `json:"type"`
	Typing *bool  `json:"typing"`
	UpTo   *int   `json:"upTo"`
}

// takes are the frames that a client may send, by type: each has its effect on the conversation, or says in a sentence what is wrong with it. They are called with d.mu held.
var takes = map[string]func(c *Conversation, f frame, data []byte) string{
	"typing": func(c *Conversation, f frame, _ []byte) string {
		if f.Typing == nil {
			return `The field "typing" must be true or false.`
		}
		c.userTypes = *f.Typing && c.state != Ended
		return ""
	},
	"read": func(c *Conversation, f frame, _ []byte) string {
		if f.UpTo == nil || *f.UpTo < 0 || *f.UpTo > len(c.log) {
			return fmt.Sprintf(`The field "upTo" must be a whole number from 0 to %d, the last cursor of this conversation.`, len(c.log))
		}
		c.userRead = max(c.userRead, *f.UpTo)
		return ""
	},
	"user": func(c *Conversation, _ frame, data []byte) string {
		// What the frame leaves out stays as it was.
		known := c.user
		if err := decode(data, &known); err != nil {
			return "The frame does not say who the user is: " + err.Error() + "."
		}
		c.user = known
		return ""
	},
}

// receive takes a frame of the client; one that the native wire does not know is answered with an error and has no effect.
func (s *socket) receive(kind int, data []byte) {
	var f frame
	detail := ""
	switch err := json.Unmarshal(data, &f); {
	case kind != websocket.TextMessage:
		detail = "The frame is binary; send a text frame that holds a JSON object."
	case err != nil:
		detail = "The frame is not a JSON object as the wire describes it: " + err.Error() + "."
	case takes[f.Type] == nil:
		detail = `The frames that a client may send have the type "typing", "read" or "user"; everything else goes over HTTP.`
	}
	name := f.Type
	if name == "" {
		name = "unknown"
	}
	d := s.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	if detail == "" {
		detail = takes[f.Type](s.c, f, data)
	}
	e := journal.Entry{Kind: journal.Frame, From: journal.Integration, To: journal.Desk, Name: name}
	if detail != "" {
		e.Note = "Not a frame of the native wire: " + detail
	}
	d.record(e, time.Now(), socketData{Conversation: s.c.id, Socket: s.number, Body: capped(data)})
	d.broadcast()
	if detail == "" || len(s.asides) >= maxUnsentErrors {
		return
	}
	s.asides = append(s.asides, aside{name: "error", raw: journal.Payload(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}{"error", "The desk does not know this frame", detail})})
	s.nudge()
}
