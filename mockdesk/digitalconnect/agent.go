package digitalconnect

import (
	"cmp"
	"fmt"
	"net/http"

	"deskcheck/mockdesk/digitalconnect/files"
	"deskcheck/mockdesk/digitalconnect/webhook"
)

// Message is what an agent says: a text, files, both, or neither, which the schema allows as well.
type Message struct {
	Text *string
	// Author is by default {Agent AGENT}; the type is a free text (G-13).
	Author Author
	Files  []File
}

// File is a file that an agent sends.
type File struct {
	Name, Type string
	Bytes      []byte
}

// Sent is a message that was said.
type Sent struct {
	// ID is payload.id of its event; Files are the attachments that its files became.
	ID    string
	Files []files.Attachment
	// Delivery is that of its event.
	Delivery *Delivery
}

// Delivery is an event on its way to the connector, or one that was not sent at all.
type Delivery = webhook.Delivery

// Say has the agent say something, which the connector is told of. The error wraps ErrOver, ErrRefused or ErrClosed; nothing was said then, and nobody is told.
func (c *Conversation) Say(m Message) (Sent, error) {
	t := c.t
	m.Author = Author{Name: cmp.Or(m.Author.Name, "Agent"), Type: cmp.Or(m.Author.Type, "AGENT")}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := c.mayAct(); err != nil {
		return Sent{}, fmt.Errorf("saying something: %w", err)
	}
	for _, f := range m.Files {
		if !c.touchpoint.Attachments.AgentCanSend {
			return Sent{}, fmt.Errorf("sending %q: %w: agents may send no files (DC-TOUCH-06)", f.Name, ErrRefused)
		}
		if why := c.touchpoint.forbids(f.Name, int64(len(f.Bytes)), t.settings.KB); why != "" {
			return Sent{}, fmt.Errorf("sending %q: %w: %s", f.Name, ErrRefused, why)
		}
	}
	line := Line{ID: newID(), From: FromAgent, Author: m.Author, Text: m.Text, CreatedAt: t.timestamp()}
	for _, f := range m.Files {
		line.Files = append(line.Files, t.store.Put(f.Name, f.Type, f.Bytes))
	}
	c.lines = append(c.lines, line)
	t.act("say", c.id, map[string]any{"id": line.ID, "text": line.Text, "author": map[string]string{"name": m.Author.Name, "type": m.Author.Type}, "files": names(m.Files, func(f File) string { return f.Name })})
	return Sent{ID: line.ID, Files: line.Files, Delivery: t.emit(c, MessageCreated, messagePayload(line))}, nil
}

// mayAct says why nothing can be done in a conversation; t.mu is held.
func (c *Conversation) mayAct() error {
	switch {
	case c.t.closed:
		return ErrClosed
	case c.state == Ended:
		return ErrOver
	}
	return nil
}

// End has the agent end the conversation, which the connector is told of. The error wraps ErrOver or ErrClosed.
func (c *Conversation) End() error {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if err := c.mayAct(); err != nil {
		return fmt.Errorf("ending the conversation: %w", err)
	}
	c.close(FromAgent)
	c.t.act("end", c.id, nil)
	c.t.emit(c, ConversationEnded, nil)
	return nil
}

// EndSilently ends the conversation without an event, as when that is lost: the connector learns of it by its next message (DC-MSG-08). The error is as that of End.
func (c *Conversation) EndSilently() error {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if err := c.mayAct(); err != nil {
		return fmt.Errorf("ending the conversation: %w", err)
	}
	c.close(FromAgent)
	c.t.act("end silently", c.id, nil)
	return nil
}

// Outward is a conversation that an agent starts.
type Outward struct {
	// Touchpoint is its id, Email the contact's, User the agent's name.
	Touchpoint, Email, User string
	// Subject is nil for null, which the event then says.
	Subject *string
}

// StartOutward has an agent start a conversation, which the connector is told of (DC-CONV-17). The error wraps ErrUnknown, ErrInactive (DC-TOUCH-01) or ErrClosed; nobody is told then.
func (t *Talkdesk) StartOutward(o Outward) (*Conversation, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	touchpoint := t.account.touchpoint(o.Touchpoint)
	switch {
	case t.closed:
		return nil, fmt.Errorf("starting a conversation: %w", ErrClosed)
	case touchpoint == nil:
		return nil, fmt.Errorf("starting a conversation: %w: a touchpoint %q", ErrUnknown, o.Touchpoint)
	case t.inactive[touchpoint.ID]:
		return nil, fmt.Errorf("starting a conversation: %w: %s", ErrInactive, touchpoint.ID)
	}
	c := t.open(touchpoint, o.Email, o.Subject)
	c.outbound = true
	user := cmp.Or(o.User, "Agent")
	t.act("start", c.id, map[string]any{"touchpoint": touchpoint.ID, "email": o.Email, "user": user, "subject": o.Subject})
	t.emit(c, ConversationStarted, map[string]any{
		"contact_person": map[string]string{"email": o.Email}, "user": map[string]string{"name": user}, "touchpoint": map[string]string{"id": touchpoint.ID}, "subject": o.Subject,
	})
	return c, nil
}

// Raw is a webhook call that nothing is checked of: bodies that break the schemas, duplicates, foreign ids, wrong credentials, other methods.
type Raw struct {
	// Body is sent as it is.
	Body []byte
	// Header is set over what a regular event has; a name without values takes that header away, so that {"Authorization": nil} is a call without credentials.
	Header http.Header
	// Method is POST if empty. Path is put behind the base path as it is, such as "/".
	Method, Path string
	// Integration is the name of the one whose base path is called; empty is the account's first.
	Integration string
	// Conversation is whose events this one goes in order with; empty goes with none.
	Conversation string
	// Action is what the journal is to call it; empty is "raw".
	Action string
}

// Emit makes a call that nothing is checked of. It is delivered even where the action is a draft.
func (t *Talkdesk) Emit(raw Raw) *Delivery {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := webhook.Event{
		Conversation: raw.Conversation, Action: cmp.Or(raw.Action, "raw"), Body: raw.Body, Header: raw.Header, Method: raw.Method, Path: raw.Path,
	}
	integration := t.account.integration(raw.Integration)
	if raw.Integration == "" && len(t.account.Integrations) > 0 {
		integration = &t.account.Integrations[0]
	}
	why := ""
	switch {
	case t.closed:
		why = ErrClosed.Error()
	case integration == nil:
		why = fmt.Sprintf("the account has no integration %q", raw.Integration)
	}
	if why != "" {
		t.recordUndelivered(e, why)
		return webhook.NotMade(e, why)
	}
	if e.Conversation == "" {
		e.Conversation = "raw " + newID() // an order of its own
	}
	e.Target = integration.target(t.settings.ActionTimeout)
	return t.sender.Send(e)
}
