package agentmanager

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
)

// The parties of the journal, beside journal.Kit.
const (
	PartyDesk     journal.Party = "agent-desk"    // the desk under test
	PartyManager  journal.Party = "agent-manager" // the manager
	PartyCustomer journal.Party = "customer"      // a customer, played by the kit
)

// Manager is a running Agent Manager. All its methods are safe for use by many goroutines. Make one with New.
type Manager struct {
	options  Options
	switches Switches
	clock    Clock
	journal  *journal.Journal

	mu      sync.Mutex
	closed  bool
	agents  []*Agent
	byLogin map[string]*Agent
	byID    map[string]*Agent
	queues  []*Queue
	lists   []*List
	// serial orders what has no other order: sockets, offers, acts of getting ready.
	serial int

	conversations []*Conversation
	tasks         map[string]*task
	requests      []*request
	announcements []Announcement

	loginFailure  *LoginFailure
	refusal       *Refusal
	refusesStates bool
	// withheld are the events that are kept back, and heldBack what of them waits to be sent.
	withheld map[string]bool
	heldBack []held
	// added are fields that events to desks have besides their own.
	added map[string]any
	// participantIDs are those that desks have called their agents by in a conversation.
	participantIDs map[string]bool
}

// New makes a manager without agents, queues and customers. The error names what is wrong with the options.
func New(o Options) (*Manager, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	return &Manager{
		options: o, switches: *o.Switches, clock: o.Clock, journal: o.Journal, byLogin: map[string]*Agent{}, byID: map[string]*Agent{},
		tasks: map[string]*task{}, withheld: map[string]bool{}, participantIDs: map[string]bool{},
	}, nil
}

// Close ends all sockets and lets no timer have an effect any more.
func (m *Manager) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, a := range m.agents {
		if a.socket != nil {
			a.socket.close()
		}
	}
}

// after calls f with the lock held once d has passed, unless the manager is closed by then. The returned stop reports whether it kept f from being called.
func (m *Manager) after(d time.Duration, f func()) (stop func() bool) {
	return m.clock.AfterFunc(d, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.closed {
			f()
		}
	})
}

// act plays something that the kit does, with the lock held, if it is allowed; nil allows it. It is written down before it has any effect.
func (m *Manager) act(name, note string, allowed func() error, do func()) error {
	return m.actIn(nil, PartyManager, name, note, allowed, do)
}

// actIn is act for what a party does in a conversation, or before there is one.
func (m *Manager) actIn(c *Conversation, from journal.Party, name, note string, allowed func() error, do func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	if allowed != nil {
		if err := allowed(); err != nil {
			return err
		}
	}
	e := journal.Entry{Kind: journal.Act, From: from, To: PartyManager, Name: name, Note: note}
	if c != nil {
		e.Conversation = c.id
	}
	m.record(e, nil)
	do()
	return nil
}

// record appends an entry to the journal, if there is one, and returns its Seq, 0 without a journal.
func (m *Manager) record(e journal.Entry, data any) int {
	if m.journal == nil {
		return 0
	}
	if data != nil {
		e.Data = journal.Payload(data)
	}
	return m.journal.Append(e).Seq
}

// next numbers the things that have no other order; m.mu is held.
func (m *Manager) next() int {
	m.serial++
	return m.serial
}

// now is the clock's moment as the protocol writes it: milliseconds since 1970.
func (m *Manager) now() int64 { return m.clock.Now().UnixMilli() }

// newID is a fresh id for anything.
func newID() string { return uuid.NewString() }

// checkOwn holds what is about to leave against its schema; m.mu is held.
func (m *Manager) checkOwn(name string, payload json.RawMessage) {
	breaches := fixtures.CheckAgentManager(string(m.options.Dialect), name, payload)
	if len(breaches) == 0 {
		return
	}
	b := breaches[0]
	m.record(journal.Entry{Kind: journal.Violation, From: PartyManager, To: journal.Kit, Name: name, Requirement: b.Requirement, Note: "This is a mistake of the kit: " + b.String()}, b)
	if m.options.Mistake != nil {
		m.options.Mistake(fmt.Errorf("what leaves as %s is not as its schema has it: %s; %s", name, b, payload))
	}
}

// Queue is where requests wait for an agent.
type Queue struct {
	id, name string
	// members are the agents who work for it; none means all.
	members []*Agent
}

// AddQueue makes a queue for which the named agents work, all if none is named. The error names a queue that there is already, or an agent that there is not.
func (m *Manager) AddQueue(name string, usernames ...string) (*Queue, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name == "" || m.queueNamed(name) != nil {
		return nil, fmt.Errorf("there is a queue %q already, or the name is empty; give each a name of its own", name)
	}
	q := &Queue{id: newID(), name: name}
	for _, u := range usernames {
		a := m.byLogin[u]
		if a == nil {
			return nil, fmt.Errorf("queue %q: there is no agent %q; add the agent first", name, u)
		}
		q.members = append(q.members, a)
	}
	m.queues = append(m.queues, q)
	return q, nil
}

// ID is how the protocol knows the queue.
func (q *Queue) ID() string { return q.id }

// Name is how people know the queue.
func (q *Queue) Name() string { return q.name }

// queueNamed finds a queue by its name or its id, nil if there is none; m.mu is held.
func (m *Manager) queueNamed(name string) *Queue {
	i := slices.IndexFunc(m.queues, func(q *Queue) bool { return q.name == name || q.id == name })
	if i < 0 {
		return nil
	}
	return m.queues[i]
}

func (q *Queue) wire() *wireQueue {
	if q == nil {
		return nil
	}
	return &wireQueue{ID: q.id, Name: q.name}
}

// serves says whether an agent works for the queue; for no queue everyone does.
func (q *Queue) serves(a *Agent) bool {
	return q == nil || len(q.members) == 0 || slices.Contains(q.members, a)
}
