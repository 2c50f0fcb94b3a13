package agentmanager

import (
	"encoding/json"
	"slices"
)

// What follows is how things are at a moment, for those who watch a manager.

// AgentSnapshot is how a person is.
type AgentSnapshot struct {
	// User is what a login gives for the person.
	User User
	// State is the person's own state, and Reason why it was chosen, nil if none was given.
	State  State
	Reason *ReasonCode
	// Connected says that a desk of the person has a socket.
	Connected bool
	// Domains are the states in each domain, Offers the conversations that are offered at the moment, Conversations those that the person is in, by their ids.
	Domains               []DomainSnapshot
	Offers, Conversations []string
}

// DomainSnapshot is how a person is in one domain.
type DomainSnapshot struct {
	Domain

	State DomainState
	// Tasks are how many the person has, of the MaxTasks that are possible.
	Tasks int
}

// ConversationSnapshot is how a conversation is.
type ConversationSnapshot struct {
	ID      string
	Stage   Stage
	Routing Routing
	// Queue is the name of the queue that it came by, empty for none.
	Queue string
	// Began is the moment of its start by the manager's clock, in milliseconds since 1970.
	Began int64
	// Customer is who it is about.
	Customer *Customer
	// Person is who the customer is known to be.
	Person Person
	// Sessions are the channels that the customer has used.
	Sessions []SessionSnapshot
	// Participants are the agents who are in it.
	Participants []ParticipantSnapshot
	// Offered are the user names of those to whom it is offered at the moment; Waits says that it looks for an agent, or lies in a list.
	Offered []string
	Waits   bool
	// Events is how many there were so far.
	Events int
	// Data is what is known of it, SLA the time in which an agent should answer, nil for none.
	Data, SLA map[string]any
}

// SessionSnapshot is one of the channels that a customer uses.
type SessionSnapshot struct {
	ID, Channel string
	Active      bool
}

// ParticipantSnapshot is an agent in a conversation.
type ParticipantSnapshot struct {
	Username string
	Role     Role
	Task     TaskState
}

// Agents are all people, in the order in which they were added.
func (m *Manager) Agents() []*Agent {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.agents)
}

// Snapshot is how the person is now.
func (a *Agent) Snapshot() AgentSnapshot {
	m := a.manager
	m.mu.Lock()
	defer m.mu.Unlock()
	s := AgentSnapshot{User: a.user, State: a.state, Reason: a.reason, Connected: a.socket != nil}
	for _, d := range a.domains {
		s.Domains = append(s.Domains, DomainSnapshot{Domain: d.Domain, State: d.follows(a.state), Tasks: d.tasks})
	}
	for _, c := range m.conversations {
		if slices.Contains(c.offered(), a) {
			s.Offers = append(s.Offers, c.id)
		}
		if c.participant(a) != nil {
			s.Conversations = append(s.Conversations, c.id)
		}
	}
	return s
}

// Snapshot is how the conversation is now.
func (c *Conversation) Snapshot() ConversationSnapshot {
	m := c.manager
	m.mu.Lock()
	defer m.mu.Unlock()
	s := ConversationSnapshot{
		ID: c.id, Stage: c.stage, Routing: c.routing, Began: c.sessions[0].since, Customer: c.customer, Person: c.customer.person, Waits: c.waits(), Events: len(c.history), Data: c.data, SLA: c.sla,
	}
	if c.queue != nil {
		s.Queue = c.queue.name
	}
	for _, one := range c.sessions {
		s.Sessions = append(s.Sessions, SessionSnapshot{ID: one.id, Channel: one.kind.Name, Active: one.active})
	}
	for _, p := range c.participants {
		s.Participants = append(s.Participants, ParticipantSnapshot{Username: p.agent.user.Username, Role: p.role, Task: p.task.state})
	}
	for _, a := range c.offered() {
		s.Offered = append(s.Offered, a.user.Username)
	}
	return s
}

// offered are those to whom the conversation is offered; m.mu is held.
func (c *Conversation) offered() []*Agent {
	var all []*Agent
	for _, r := range c.manager.requests {
		if r.conversation == c && r.task.state == Reserved {
			all = append(all, r.task.agent)
		}
	}
	return all
}

// waits says whether the conversation looks for an agent, or lies in a list; m.mu is held.
func (c *Conversation) waits() bool {
	if slices.ContainsFunc(c.manager.requests, func(r *request) bool { return r.conversation == c }) {
		return true
	}
	return slices.ContainsFunc(c.manager.lists, func(l *List) bool {
		return slices.ContainsFunc(l.requests, func(p *pullable) bool { return p.conversation == c })
	})
}

// History are the events of the conversation after the first so many, as they were sent.
func (c *Conversation) History(after int) []json.RawMessage {
	c.manager.mu.Lock()
	defer c.manager.mu.Unlock()
	return slices.Clone(c.history[min(max(after, 0), len(c.history)):])
}

// QueueSnapshot is a queue with those who work for it; none is everyone.
type QueueSnapshot struct {
	ID, Name string
	Members  []string
	// Waiting is how many requests wait in it or are offered.
	Waiting int
}

// Queues are all queues, in the order in which they were added.
func (m *Manager) Queues() []QueueSnapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]QueueSnapshot, 0, len(m.queues))
	for _, q := range m.queues {
		s := QueueSnapshot{ID: q.id, Name: q.name}
		for _, a := range q.members {
			s.Members = append(s.Members, a.user.Username)
		}
		for _, r := range m.requests {
			if r.queue == q {
				s.Waiting++
			}
		}
		all = append(all, s)
	}
	return all
}

// ListSnapshot is a list, and how many requests lie in it.
type ListSnapshot struct {
	ID, Name, Description string
	Waiting               int
}

// Lists are all lists, in the order in which they were added.
func (m *Manager) Lists() []ListSnapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]ListSnapshot, 0, len(m.lists))
	for _, l := range m.lists {
		all = append(all, ListSnapshot{ID: l.id, Name: l.name, Description: l.description, Waiting: len(l.requests)})
	}
	return all
}

// Announcements are those that were not taken back.
func (m *Manager) Announcements() []Announcement {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.announcements)
}

// Options are those that the manager was made with, filled with what they left out.
func (m *Manager) Options() Options { return m.options }

// Refusing is what a manager does that is out of order.
type Refusing struct {
	// Logins is the refusal that every login gets, 0 for none; Handshakes that of handshakes, nil for none.
	Logins     LoginFailure
	Handshakes *Refusal
	// States says that changes of state are refused.
	States bool
	// Withheld are the names of the events that are kept back, and Kept how many of each wait to be sent.
	Withheld []string
	Kept     map[string]int
}

// Refusing is what the manager does out of order now.
func (m *Manager) Refusing() Refusing {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := Refusing{Handshakes: m.refusal, States: m.refusesStates, Kept: map[string]int{}}
	if m.loginFailure != nil {
		r.Logins = *m.loginFailure
	}
	for event := range m.withheld {
		r.Withheld = append(r.Withheld, event)
	}
	slices.Sort(r.Withheld)
	for _, h := range m.heldBack {
		r.Kept[h.event]++
	}
	return r
}
