package agentmanager

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// request looks for an agent for a conversation until its time to live ends: offers go to one agent after the other.
type request struct {
	conversation *Conversation
	direction    Direction
	// queue is where it waits; wanted is the one agent that it is for, nil for any.
	queue  *Queue
	wanted *Agent
	// by is the agent who asked for another, nil for a customer's own request; note is what that agent said.
	by   *Agent
	note string
	// tried are those who let an offer run out since everyone last had a chance.
	tried map[*Agent]bool
	// task is the one that is queued or offered now: each offer has a task of its own.
	task    *task
	told    bool
	stopTTL func() bool
}

// mode is how the protocol says whether an agent was asked for by name.
func (r *request) mode() string {
	if r.wanted != nil {
		return "AGENT"
	}
	return "QUEUE"
}

// look begins to look for an agent; m.mu is held.
func (m *Manager) look(r *request, ttl time.Duration) {
	r.tried = map[*Agent]bool{}
	r.task = r.newTask()
	m.requests = append(m.requests, r)
	r.stopTTL = m.after(ttl, r.fail)
	m.route(r)
}

func (r *request) newTask() *task {
	t := r.conversation.newTask(r.direction, r.mode(), r.queue)
	t.request = r
	return t
}

// routeAll lets every request that waits see who is available now; m.mu is held.
func (m *Manager) routeAll() {
	for _, r := range slices.Clone(m.requests) {
		m.route(r)
	}
}

// route offers what a request has queued to the next agent, or says that it waits; m.mu is held.
func (m *Manager) route(r *request) {
	if r.task.state != Queued || !slices.Contains(m.requests, r) {
		return
	}
	a := m.nextAgent(r)
	if a == nil && len(r.tried) > 0 {
		// Everyone had a chance: whoever is still there gets another.
		clear(r.tried)
		a = m.nextAgent(r)
	}
	if a != nil {
		r.offer(a)
		return
	}
	if !r.told {
		r.told = true
		r.conversation.happened("TASK_ENQUEUED", map[string]any{"task": r.task.wire(), "queue": r.queue.wire()})
	}
}

// nextAgent is the agent who has waited longest for an offer, of those to whom one can be made; m.mu is held.
func (m *Manager) nextAgent(r *request) *Agent {
	var free []*Agent
	for _, a := range m.agents {
		if r.suits(a) {
			free = append(free, a)
		}
	}
	if len(free) == 0 {
		return nil
	}
	return slices.MinFunc(free, func(a, b *Agent) int {
		return cmp.Or(cmp.Compare(a.offered, b.offered), strings.Compare(a.user.Username, b.user.Username))
	})
}

// suits says whether an offer can be made to an agent: ready, with room, of the queue, reachable, and neither tried nor in the conversation; m.mu is held.
func (r *request) suits(a *Agent) bool {
	d := a.domain(r.conversation.domain())
	return a.state == Ready && d != nil && d.routable() && a.reachable() && !r.tried[a] && r.conversation.participant(a) == nil &&
		(r.wanted == a || r.wanted == nil && r.queue.serves(a))
}

// wireOffer is the payload of taskRequest.
type wireOffer struct {
	ConversationID string            `json:"conversationId"`
	Session        wireSession       `json:"channelSession"`
	User           ccUser            `json:"ccUser"`
	Room           roomInfo          `json:"roomInfo"`
	TaskID         string            `json:"taskId"`
	State          map[string]string `json:"taskState"`
	Direction      Direction         `json:"taskDirection"`
	Queue          *wireQueue        `json:"queue"`
	Note           *string           `json:"note"`
	RequestedBy    *string           `json:"requestedBy"`
}

// taskRequest is the offer of a task to its agent; m.mu is held.
func (t *task) taskRequest() wireOffer {
	c := t.conversation
	o := wireOffer{
		ConversationID: c.id, Session: c.session().wire(), User: t.agent.ccUser(), Room: c.room, TaskID: t.wireID(), State: map[string]string{"name": string(t.state)},
		Direction: t.direction, Queue: t.queue.wire(),
	}
	if r := t.request; r != nil && r.by != nil {
		by := r.by.user.Username
		o.RequestedBy = &by
		if r.note != "" {
			o.Note = &r.note
		}
	}
	return o
}

// offer makes the offer to an agent and starts the RONA timer; m.mu is held.
func (r *request) offer(a *Agent) {
	m, t := r.conversation.manager, r.task
	t.agent, a.offered = a, m.next()
	t.move(Reserved, "")
	t.stopRONA = m.after(m.options.Timing.RONA, func() { r.ranOut(t) })
	a.emit("taskRequest", t.conversation.id, t.taskRequest())
	t.conversation.taskChanged(t)
}

// ranOut takes an offer back that nobody has answered, and makes the next, as a task of its own; m.mu is held.
func (r *request) ranOut(t *task) {
	if t.state != Reserved {
		return
	}
	r.tried[t.agent] = true
	r.withdraw(t, RONA)
	if a := t.agent; t.conversation.manager.switches.NotReadyOnRONA && a.state == Ready {
		a.change(func() { a.enter(NotReady, &ReasonCode{ID: "rona", Name: string(RONA), Type: "NOT_READY"}) })
	}
	r.again()
}

// again queues the request under a new task, and lets others have what the last offer took up; m.mu is held.
func (r *request) again() {
	if r.wanted != nil && r.tried[r.wanted] {
		r.fail()
		return
	}
	r.task = r.newTask()
	r.conversation.manager.route(r)
	r.conversation.manager.routeAll()
}

// withdraw closes an offer that stands and takes it back from the desk. The request has its task replaced, or ends, before anything else is routed. m.mu is held.
func (r *request) withdraw(t *task, reason Reason) {
	revoke := map[string]any{"conversationId": t.conversation.id}
	if !t.conversation.manager.switches.BareRevoke {
		revoke["taskId"], revoke["reason"] = t.wireID(), reason
	}
	t.move(Closed, reason)
	t.agent.emit("revokeTask", t.conversation.id, revoke)
	t.conversation.taskChanged(t)
}

// fail gives the request up, because its time to live is over or the one agent it is for did not answer, and tells the conversation that nobody was found; m.mu is held.
func (r *request) fail() {
	r.end(NoAgent)
	r.conversation.happened("NO_AGENT_AVAILABLE", map[string]any{"requestType": taskType{Direction: r.direction, Mode: r.mode(), Metadata: map[string]any{}}})
}

// end takes the request out of the routing: an offer that stands is withdrawn, a task that waits is closed. m.mu is held.
func (r *request) end(reason Reason) {
	r.settled()
	switch r.task.state {
	case Reserved:
		r.withdraw(r.task, reason)
	case Queued:
		r.task.move(Closed, reason)
	case Begun, Active, WrapUp, Closed:
	}
}

// settled takes the request out of the routing, whatever came of it; m.mu is held.
func (r *request) settled() {
	m := r.conversation.manager
	r.stopTTL()
	m.requests = slices.DeleteFunc(m.requests, func(other *request) bool { return other == r })
}

// giveUpTasks takes everything from an agent who has signed out: offers go to others, and conversations are looked after by others. m.mu is held.
func (a *Agent) giveUpTasks() {
	m := a.manager
	for _, r := range slices.Clone(m.requests) {
		if t := r.task; t.state == Reserved && t.agent == a {
			t.move(Closed, AgentLogout)
			r.again()
		}
	}
	for _, t := range m.tasks {
		if t.state == Begun && t.agent == a {
			t.move(Closed, AgentLogout)
		}
	}
	for _, c := range m.open() {
		if p := c.participant(a); p != nil {
			c.lose(p)
		}
	}
}
