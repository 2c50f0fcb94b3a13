package agentmanager

import "strconv"

// beginWrapUp lets the agent choose a wrap-up, for a while: the role is WRAP_UP until closeWrapup, or until the time is over. m.mu is held.
func (p *participant) beginWrapUp() {
	c := p.task.conversation
	m := c.manager
	p.role = RoleWrapUp
	p.task.move(WrapUp, "")
	c.taskChanged(p.task)
	c.happened("PARTICIPANT_ROLE_CHANGED", map[string]any{"conversationParticipant": p.wire(c.id), "metadata": map[string]any{}})
	var duration any = int(m.options.Timing.WrapUp.Seconds())
	if m.switches.WrapUpUnit == Milliseconds {
		duration = strconv.FormatInt(m.options.Timing.WrapUp.Milliseconds(), 10)
	}
	p.agent.emit("wrapupTimerStarted", c.id, map[string]any{"task": "wrapupTimerStarted", "duration": duration, "conversationId": c.id, "roomInfo": c.room, "statusCode": 200})
	p.stopWrapUp = m.after(m.options.Timing.WrapUp, func() { p.endWrapUp(reasonExpired, WrapUpExpired) })
}

// endWrapUp ends the agent's part, with the reason that says what came of the wrap-up; m.mu is held.
func (p *participant) endWrapUp(reason string, why Reason) {
	p.stopWrapUp()
	p.release(reason, why)
	p.task.conversation.settle()
}

// closeWrapUp is closeWrapup: the agent has chosen a wrap-up, or none.
func (s *Socket) closeWrapUp(in publishing) *refusal {
	c, p, r := s.place(in.ConversationID, "AM-CIM-21")
	if r != nil {
		return r
	}
	if p.role != RoleWrapUp {
		return refuse(409, "AM-CIM-21", "no wrap-up is being asked for in conversation %s", c.id)
	}
	if in.Event == nil {
		p.endWrapUp(reasonNoWrapUp, WrapUpNotApplied)
	} else {
		c.spread(c.finish(in.Event, s.agent, c.session()))
		p.endWrapUp(reasonWrapUp, WrapUpApplied)
	}
	c.departed[s.agent] = afterLeaving
	return nil
}
