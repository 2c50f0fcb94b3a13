package agentmanager

import (
	"encoding/json"
	"slices"
)

// Routing is how a conversation gets to its agents.
type Routing string

// The ways of routing.
const (
	PushMode     Routing = "PUSH"     // the router offers it
	PullMode     Routing = "PULL"     // agents take it out of a list
	ExternalMode Routing = "EXTERNAL" // another system decides
)

// Stage is how far a conversation is.
type Stage string

// The stages of a conversation.
const (
	StageActive       Stage = "ACTIVE"
	StageHold         Stage = "ON_HOLD"
	StageCustomerLeft Stage = "CUSTOMER_LEFT"
	StageWrapUp       Stage = "WRAP_UP"
	StageClosed       Stage = "CLOSED"
)

// Conversation is a customer, the agents who look after the customer, and all that was said. Its fields are guarded by the manager's lock.
type Conversation struct {
	manager  *Manager
	id       string
	room     roomInfo
	routing  Routing
	queue    *Queue
	customer *Customer
	sessions []*session
	// participants are the agents who are in it.
	participants []*participant
	// history is every event so far, as it was sent.
	history []json.RawMessage
	stage   Stage
	// published are the messages of agents by their id, events the ids of the events that carried them.
	published map[string]publication
	events    map[string]bool
	// departed are the agents who are in it no more, with the requirement that they break by an event for it: empty for one from whom it was taken, whose events may have crossed.
	departed map[*Agent]string
	data     map[string]any
	// hold is what the pause is, nil while there is none.
	hold *hold
	sla  map[string]any
}

// participant is an agent who is in a conversation.
type participant struct {
	id    string
	agent *Agent
	role  Role
	// monitors says that the role came from monitoring.
	monitors bool
	task     *task
	joined   int64
	// stopWrapUp stops the timer of a wrap-up.
	stopWrapUp func() bool
}

// ID is the id of the conversation.
func (c *Conversation) ID() string { return c.id }

// Stage is how far the conversation is.
func (c *Conversation) Stage() Stage {
	c.manager.mu.Lock()
	defer c.manager.mu.Unlock()
	return c.stage
}

// RoleOf is the role of an agent in the conversation, empty for one who is not in it.
func (c *Conversation) RoleOf(a *Agent) Role {
	c.manager.mu.Lock()
	defer c.manager.mu.Unlock()
	if p := c.participant(a); p != nil {
		return p.role
	}
	return ""
}

// SessionIDs are the ids of the customer's channel sessions, in the order in which they began.
func (c *Conversation) SessionIDs() []string {
	c.manager.mu.Lock()
	defer c.manager.mu.Unlock()
	ids := make([]string, 0, len(c.sessions))
	for _, s := range c.sessions {
		ids = append(ids, s.id)
	}
	return ids
}

// Conversations are all conversations so far, in the order in which they began.
func (m *Manager) Conversations() []*Conversation {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.conversations)
}

// open are the conversations that are not closed; m.mu is held.
func (m *Manager) open() []*Conversation {
	return slices.DeleteFunc(slices.Clone(m.conversations), func(c *Conversation) bool { return c.stage == StageClosed })
}

// conversation finds a conversation by its id, nil if there is none; m.mu is held.
func (m *Manager) conversation(id string) *Conversation {
	for _, c := range m.conversations {
		if c.id == id {
			return c
		}
	}
	return nil
}

// participant is an agent's part in the conversation, nil for one who is not in it; m.mu is held.
func (c *Conversation) participant(a *Agent) *participant {
	for _, p := range c.participants {
		if p.agent == a {
			return p
		}
	}
	return nil
}

// has says whether anyone is in the conversation in a role; m.mu is held.
func (c *Conversation) has(role Role) bool {
	return slices.ContainsFunc(c.participants, func(p *participant) bool { return p.role == role })
}

// session is the channel session that is in use: the last one that is active, or the last; m.mu is held.
func (c *Conversation) session() *session {
	for _, s := range slices.Backward(c.sessions) {
		if s.active {
			return s
		}
	}
	return c.sessions[len(c.sessions)-1]
}

// sessionOf finds a channel session by its id, nil if it is not one of the conversation's; m.mu is held.
func (c *Conversation) sessionOf(id string) *session {
	for _, s := range c.sessions {
		if s.id == id {
			return s
		}
	}
	return nil
}

// domain is the id of the media routing domain that the conversation's tasks count in.
func (c *Conversation) domain() string { return c.sessions[0].kind.Domain }

// wire is the participant as events describe it.
func (p *participant) wire(conversation string) wireParticipant {
	return wireParticipant{ID: p.id, Type: "AGENT", Role: p.role, Who: p.agent.ccUser(), ConversationID: conversation, State: "SUBSCRIBED", JoiningTime: p.joined, Active: true}
}

// join puts an agent into the conversation; id is what the desk calls the participant, or a fresh one. m.mu is held.
func (c *Conversation) join(a *Agent, id string, role Role, t *task) *participant {
	p := &participant{id: id, agent: a, role: role, task: t, joined: c.manager.now(), monitors: role == RoleMonitor}
	c.participants = append(c.participants, p)
	delete(c.departed, a)
	return p
}

// drop takes an agent out of the conversation and tells those who stay; m.mu is held.
func (c *Conversation) drop(p *participant, reason string) {
	if p.stopWrapUp != nil {
		p.stopWrapUp()
	}
	c.participants = slices.DeleteFunc(c.participants, func(other *participant) bool { return other == p })
	gone := p.wire(c.id)
	gone.State, gone.Active = "UNSUBSCRIBED", false
	c.happened("AGENT_UNSUBSCRIBED", map[string]any{"agentParticipant": gone, "reason": reason})
}
