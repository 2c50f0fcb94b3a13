package agentmanager

import "fmt"

// TaskState is how far a task is, as a desk sees it: the state of its media, and WRAP_UP.
type TaskState string

// The states of a task.
const (
	Queued   TaskState = "QUEUED"   // nobody has been offered it yet
	Reserved TaskState = "RESERVED" // it is offered, and the RONA timer runs
	Begun    TaskState = "STARTED"  // it is given to an agent whose desk takes it unasked
	Active   TaskState = "ACTIVE"   // the agent has it
	WrapUp   TaskState = "WRAP_UP"  // the conversation is over for the agent, who chooses a wrap-up
	Closed   TaskState = "CLOSED"   // it is over, for a Reason
)

// Reason is why a task was closed.
type Reason string

// The reasons.
const (
	RONA             Reason = "RONA"
	Done             Reason = "DONE"
	NoAgent          Reason = "NO_AGENT_AVAILABLE"
	Cancelled        Reason = "CANCELLED"
	AgentLogout      Reason = "AGENT_LOGOUT"
	Transferred      Reason = "TRANSFERRED"
	WrapUpApplied    Reason = "WRAP_UP_APPLIED"
	WrapUpNotApplied Reason = "WRAP_UP_NOT_APPLIED"
	WrapUpExpired    Reason = "WRAP_UP_EXPIRED"
)

// Direction is what a task is for.
type Direction string

// The directions of tasks that the manager makes.
const (
	Inbound           Direction = "INBOUND"
	Outbound          Direction = "OUTBOUND"
	Consult           Direction = "CONSULT"
	ConsultTransfer   Direction = "CONSULT_TRANSFER"
	ConsultConference Direction = "CONSULT_CONFERENCE"
	DirectTransfer    Direction = "DIRECT_TRANSFER"
	DirectConference  Direction = "DIRECT_CONFERENCE"
	SilentMonitoring  Direction = "SILENT_MONITOR"
)

// offerable are the directions of tasks that can be offered.
var offerable = []Direction{Inbound, Outbound, Consult, ConsultTransfer, ConsultConference, DirectTransfer, DirectConference}

// taskMoves is the whole machine: where a task can go to from each state.
//
//	QUEUED → RESERVED → ACTIVE → CLOSED   offered, taken in time, left
//	         RESERVED → CLOSED            for RONA, or because the customer left
//	QUEUED → STARTED → ACTIVE             given to a desk that takes it unasked
//	         ACTIVE → WRAP_UP → CLOSED    where wrap-ups are asked for
//	QUEUED → ACTIVE                       pulled out of a list, or taken over
var taskMoves = map[TaskState][]TaskState{
	Queued:   {Reserved, Begun, Active, Closed},
	Reserved: {Active, Closed},
	Begun:    {Active, Closed},
	Active:   {WrapUp, Closed},
	WrapUp:   {Closed},
}

// task is the work of one agent on one conversation. Its id on the wire is that of the task and that of its media, joined by a colon.
type task struct {
	id, media    string
	conversation *Conversation
	direction    Direction
	// mode is QUEUE or AGENT, as the request for an agent was.
	mode  string
	queue *Queue
	// request is what looks for an agent, nil for a task that nobody is looked for.
	request *request
	// agent is whose it is, nil while it is QUEUED.
	agent  *Agent
	state  TaskState
	reason Reason
	// stopRONA stops the timer of an offer.
	stopRONA func() bool
}

// newTask makes a task that nobody has; m.mu is held.
func (c *Conversation) newTask(direction Direction, mode string, queue *Queue) *task {
	t := &task{id: newID(), media: newID(), conversation: c, direction: direction, mode: mode, queue: queue, state: Queued}
	c.manager.tasks[t.wireID()] = t
	return t
}

// wireID is the id of the task as offers and subscriptions have it.
func (t *task) wireID() string { return t.id + ":" + t.media }

// counts says whether the task takes room in its agent's domain: one that only listens does not.
func (t *task) counts() bool { return t.direction != SilentMonitoring && t.direction != Consult }

// move takes the task to another state, and the agent's domain with it. That a move is impossible is a mistake of this package. m.mu is held.
func (t *task) move(to TaskState, reason Reason) {
	possible := false
	for _, s := range taskMoves[t.state] {
		possible = possible || s == to
	}
	if !possible {
		panic(fmt.Sprintf("task %s cannot go from %s to %s", t.wireID(), t.state, to))
	}
	from := t.state
	t.state, t.reason = to, reason
	if from == Reserved && t.stopRONA != nil {
		t.stopRONA()
	}
	if t.agent == nil {
		return
	}
	t.agent.change(func() {
		d := t.agent.domain(t.conversation.domain())
		if d == nil || !t.counts() {
			return
		}
		if from == Reserved {
			d.reserved--
		}
		if to == Reserved {
			d.reserved++
		}
		held := func(s TaskState) bool { return s == Active || s == WrapUp }
		if held(to) && !held(from) {
			d.tasks++
		}
		if held(from) && !held(to) {
			d.tasks--
		}
	})
}

// wire is the task as events describe it.
func (t *task) wire() wireTask {
	w := wireTask{ID: t.id, ConversationID: t.conversation.id, State: wireTaskState{Name: "ACTIVE"}}
	if t.state == WrapUp || t.state == Closed {
		w.State.Name = string(t.state)
	}
	if t.reason != "" {
		w.State.Reason = &t.reason
	}
	if t.agent != nil {
		w.AssignedTo = &assignee{ID: t.agent.user.ID, Name: t.agent.user.Username}
	}
	media := wireMedia{
		ID: t.media, Domain: t.conversation.domain(), TaskID: t.id, Queue: t.queue.wire(), Priority: 1, State: t.state, Request: t.conversation.session().wire(),
		Type: taskType{Direction: t.direction, Mode: t.mode, Metadata: map[string]any{}}, Sessions: []wireSession{},
	}
	if t.state == WrapUp {
		media.State = Active
	}
	for _, s := range t.conversation.sessions {
		media.Sessions = append(media.Sessions, s.wire())
	}
	w.Media = []wireMedia{media}
	return w
}
