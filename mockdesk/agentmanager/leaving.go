package agentmanager

import "slices"

// The reasons of topicUnsubscription that the public desks know; others are shown as they are.
const (
	reasonLeft        = "UNSUBSCRIBED"
	reasonTransferred = "CHAT TRANSFERRED"
	reasonNoWrapUp    = "choosing leave without Wrap Up"
	reasonWrapUp      = "Wrap Up applied"
	reasonExpired     = "wrap Up Timer Expired"
	reasonUnmonitored = "PRIMARY_AGENT_LEFT"
)

// What an agent breaks by an event for a conversation that the agent has left, or has handed over.
const (
	afterLeaving  = "AM-LEAVE-04"
	afterTransfer = "AM-REROUTE-06"
)

// leaving is the payload of topicUnsubscription from a desk.
type leaving struct {
	ConversationID string `json:"conversationId"`
}

// leave is topicUnsubscription: the agent leaves the conversation, or is given time to choose a wrap-up.
func (s *Socket) leave(in leaving) *refusal {
	c, p, r := s.place(in.ConversationID, "AM-CIM-09")
	if r != nil {
		return r
	}
	switch {
	case p.role == RoleWrapUp:
		p.release(reasonNoWrapUp, WrapUpNotApplied)
	case p.role == RolePrimary && c.manager.switches.WrapUp:
		p.beginWrapUp()
	default:
		p.release(reasonLeft, Done)
	}
	if c.participant(s.agent) == nil {
		c.departed[s.agent] = afterLeaving
	}
	c.settle()
	return nil
}

// release ends an agent's part in the conversation: the task is closed, the desk told, and then everyone else. m.mu is held.
func (p *participant) release(reason string, why Reason) {
	c := p.task.conversation
	p.agent.emit("topicUnsubscription", c.id, map[string]any{"task": "topicUnsubscription", "conversationId": c.id, "reason": reason, "statusCode": 200})
	c.departed[p.agent] = ""
	c.drop(p, reason)
	p.task.move(Closed, why)
	c.taskChanged(p.task)
	c.manager.routeAll()
}

// settle looks at who is left: without a primary agent nobody is monitored, and a conversation that the customer has left is closed with its last agent. m.mu is held.
func (c *Conversation) settle() {
	if !c.has(RolePrimary) {
		for _, p := range slices.Clone(c.participants) {
			if p.monitors && p.role != RoleWrapUp {
				p.release(reasonUnmonitored, Done)
			}
		}
	}
	if c.stage != StageCustomerLeft && c.stage != StageWrapUp {
		return
	}
	if len(c.participants) == 0 {
		c.stage = StageClosed
	}
}

// lose takes the conversation from an agent who has signed out, and looks for another if nobody else looks after the customer; m.mu is held.
func (c *Conversation) lose(p *participant) {
	c.departed[p.agent] = ""
	c.drop(p, string(AgentLogout))
	p.task.move(Closed, AgentLogout)
	c.settle()
	if p.role == RolePrimary && !c.has(RolePrimary) && (c.stage == StageActive || c.stage == StageHold) && c.routing == PushMode {
		c.manager.look(&request{conversation: c, direction: Inbound, queue: c.queue}, c.manager.options.Timing.TTL)
	}
}

// end ends the conversation for everyone, for a reason that desks may show: offers are taken back, agents are out of it or choose a wrap-up. m.mu is held.
func (c *Conversation) end(reason string) {
	m := c.manager
	for _, r := range slices.Clone(m.requests) {
		if r.conversation == c {
			r.end(Cancelled)
		}
	}
	m.unlist(c)
	c.stopHold()
	for _, p := range slices.Clone(c.participants) {
		if p.role == RolePrimary && m.switches.WrapUp {
			p.beginWrapUp()
			continue
		}
		if p.role == RoleWrapUp {
			continue
		}
		p.release(reason, Done)
		if !m.switches.NoTopicClosed {
			p.agent.emit("topicClosed", c.id, map[string]any{"task": "topicClosed", "conversationId": c.id, "statusCode": 200})
		}
	}
	if c.stage = StageWrapUp; len(c.participants) == 0 {
		c.stage = StageClosed
	}
	m.routeAll()
}

// Close ends the conversation as the system would, for a reason that desks may show. The error wraps ErrOver.
func (c *Conversation) Close(reason string) error {
	return c.act("close", "The conversation is closed: "+reason+".", func() { c.end(reason) })
}

// act plays something that the system does in a conversation that is not closed.
func (c *Conversation) act(name, note string, do func()) error {
	return c.manager.actIn(c, PartyManager, name, note, func() error {
		if c.stage == StageClosed {
			return ErrOver
		}
		return nil
	}, do)
}
