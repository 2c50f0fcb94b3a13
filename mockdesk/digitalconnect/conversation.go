package digitalconnect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"deskcheck/mockdesk/digitalconnect/files"
	"deskcheck/mockdesk/digitalconnect/rules"
)

// State is that of a conversation.
type State string

// The states of a conversation: it is open from its start, and once it has ended it stays so.
const (
	Open  State = "open"
	Ended State = "ended"
)

// Side is one of the two sides of a conversation.
type Side string

// The sides: the contact is the end user, for whom the connector speaks.
const (
	FromContact Side = "contact"
	FromAgent   Side = "agent"
)

// Conversation is one conversation, from an agent's side. Its methods are safe for use by many goroutines.
type Conversation struct {
	t  *Talkdesk
	id string
	// outbound says that an agent has started it.
	outbound   bool
	touchpoint *Touchpoint
	email      string
	subject    *string
	variables  map[string]any
	exposed    map[string]any
	unmapped   []string
	previous   []rules.Previous

	// What follows is guarded by Talkdesk.mu.
	lines   []Line
	state   State
	endedBy Side
	// deliveries are those of the conversation's events, in order.
	deliveries []*Delivery
}

// Line is a message of a conversation.
type Line struct {
	// ID is that of the message: message_id to the connector that sent it, payload.id in the event of an agent's.
	ID   string
	From Side
	// Author is who wrote it, of messages from the agent's side.
	Author Author
	// Text is nil for a message of files only.
	Text *string
	// Files are those that were taken, Partial says why others were not.
	Files   []files.Attachment
	Partial string
	// CreatedAt is the moment as the API writes it.
	CreatedAt string
}

// Author is who wrote a message of the agent's side.
type Author struct{ Name, Type string }

// Snapshot is what an agent sees of a conversation, and beside it what only the account knows.
type Snapshot struct {
	ID    string
	State State
	// EndedBy is the side that ended it, empty while it is open.
	EndedBy Side
	// Outbound says that an agent has started it.
	Outbound   bool
	Touchpoint string
	// Email and Subject are the contact's.
	Email   string
	Subject *string
	// Exposed are the arguments that the agent sees, by their names (DC-ARG-04).
	Exposed map[string]any
	// Variables are all variables of the flow that were set, exposed or not; Unmapped are keys that no argument of the flow has (DC-ARG-05).
	Variables map[string]any
	Unmapped  []string
	// Previous is the dialogue before the hand-over, Messages what came after, of both sides and in order.
	Previous []rules.Previous
	Messages []Line
}

// open makes a conversation; t.mu is held.
func (t *Talkdesk) open(touchpoint *Touchpoint, email string, subject *string) *Conversation {
	c := &Conversation{t: t, id: t.newConversationID(), touchpoint: touchpoint, email: email, subject: subject, state: Open, variables: map[string]any{}, exposed: map[string]any{}}
	t.conversations = append(t.conversations, c)
	t.byID[c.id] = c
	return c
}

// newID is an id that says nothing.
func newID() string { return uuid.NewString() }

// Ids of conversations are opaque texts of 1 to 255 characters, to be escaped for a path. The awkward ones become something else if they are not: %41 is read as A, %2F as a slash.
const (
	awkwardStart  = "C~1:%41%2Fb;"
	longestID     = 255
	awkwardFiller = "x~Y:%25"
)

// newConversationID is an id as the settings have it.
func (t *Talkdesk) newConversationID() string {
	switch t.settings.ConversationIDs {
	case idsAwkward:
		return awkwardStart + newID()
	case idsLong:
		id := awkwardStart + newID() + ";"
		return (id + strings.Repeat(awkwardFiller, longestID))[:longestID]
	}
	return newID()
}

// assign has the arguments set the variables of the flow (DC-ARG-04); t.mu is held.
func (c *Conversation) assign(arguments map[string]any) {
	flow := c.t.account.flow(c.touchpoint.Flow)
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		var argument *Argument
		if flow != nil {
			argument = find(flow.Arguments, func(a *Argument) bool { return a.Name == name })
		}
		if argument == nil {
			c.unmapped = append(c.unmapped, name)
			continue
		}
		c.variables[argument.Variable] = arguments[name]
		if argument.Expose {
			c.exposed[name] = arguments[name]
		}
	}
}

// close ends a conversation; t.mu is held.
func (c *Conversation) close(by Side) { c.state, c.endedBy = Ended, by }

// Conversations are those that were started, from either side, in the order of their starts.
func (t *Talkdesk) Conversations() []*Conversation {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.conversations)
}

// Conversation finds a conversation by its id, nil if there is none.
func (t *Talkdesk) Conversation(id string) *Conversation {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byID[id]
}

// ID is what the connector knows the conversation by.
func (c *Conversation) ID() string { return c.id }

// Deliveries are those of the conversation's events so far, in the order of the events; events that were not sent are among them.
func (c *Conversation) Deliveries() []*Delivery {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	return slices.Clone(c.deliveries)
}

// Snapshot is what is known of the conversation now.
func (c *Conversation) Snapshot() Snapshot {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	lines := slices.Clone(c.lines)
	for i := range lines {
		lines[i].Files = slices.Clone(lines[i].Files)
	}
	return Snapshot{
		ID: c.id, State: c.state, EndedBy: c.endedBy, Outbound: c.outbound, Touchpoint: c.touchpoint.ID, Email: c.email, Subject: c.subject, Exposed: maps.Clone(c.exposed),
		Variables: maps.Clone(c.variables), Unmapped: slices.Clone(c.unmapped), Previous: slices.Clone(c.previous), Messages: lines,
	}
}

// File finds the bytes of a file in a conversation, as the agent opens it. The error says that there are none.
func (t *Talkdesk) File(id string) ([]byte, error) {
	content, there := t.store.Content(id)
	if !there {
		return nil, fmt.Errorf("%w: an attachment %q", ErrUnknown, id)
	}
	return content, nil
}
