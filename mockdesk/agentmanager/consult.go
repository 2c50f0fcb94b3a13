package agentmanager

// answered tells the agent who asked for advice that another has come to give it; m.mu is held.
func (r *request) answered(p *participant) {
	if r.by != nil && r.conversation.participant(r.by) != nil {
		r.by.emit("agentAssignedForAssistance", r.conversation.id, map[string]any{"conversationId": r.conversation.id, "task": p.task.wire(), "type": "consult"})
	}
}

// adviser finds the agent who gives advice in the conversation: the one that is asked for, or the only one; m.mu is held.
func (c *Conversation) adviser(id string) *participant {
	for _, p := range c.participants {
		if p.role == RoleAssistant && !p.monitors && (id == "" || p.agent.user.ID == id) {
			return p
		}
	}
	return nil
}

// consultTransfer is consultTransferRequest: the agent who gave advice takes over, under a task of its own, and the one who asked is out of the conversation.
func (s *Socket) consultTransfer(in rerouting) *refusal {
	c, p, r := s.asking(in)
	if r != nil {
		return r
	}
	adviser := c.adviser(in.AgentID)
	if p.role != RolePrimary || adviser == nil {
		return refuse(409, "AM-REROUTE-10", "nobody gives this agent advice in conversation %s; ask with consultRequest first", c.id)
	}
	adviser.task.move(Closed, Done)
	t := c.newTask(ConsultTransfer, "AGENT", nil)
	t.agent, adviser.task = adviser.agent, t
	t.move(Active, "")
	w := t.wire()
	adviser.agent.emit("consulTransferRequestSuccess", c.id, map[string]any{"conversationId": c.id, "newTask": w, "task": w, "agentId": adviser.agent.user.ID})
	c.promote(adviser, RolePrimary, ConsultTransfer)
	p.release(reasonTransferred, Transferred)
	c.departed[s.agent] = afterTransfer
	return nil
}

// consultConference is consultConferenceRequest: the agent who gave advice becomes a full participant beside the one who asked.
func (s *Socket) consultConference(in rerouting) *refusal {
	c, p, r := s.asking(in)
	if r != nil {
		return r
	}
	adviser := c.adviser(in.AgentID)
	if p.role != RolePrimary || adviser == nil {
		return refuse(409, "AM-REROUTE-10", "nobody gives this agent advice in conversation %s; ask with consultRequest first", c.id)
	}
	s.agent.emit("agentAssistanceRequestPlaced", c.id, map[string]any{"requestAction": "conference", "mode": in.Mode})
	c.promote(adviser, RolePrimary, ConsultConference)
	return nil
}

// promote gives a participant another role and tells everyone; m.mu is held.
func (c *Conversation) promote(p *participant, to Role, by Direction) {
	p.role = to
	c.happened("PARTICIPANT_ROLE_CHANGED", map[string]any{"conversationParticipant": p.wire(c.id), "metadata": map[string]any{"direction": by}})
}
