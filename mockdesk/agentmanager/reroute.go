package agentmanager

// rerouting is the payload of the events that ask for another agent.
type rerouting struct {
	ConversationID string         `json:"conversationId"`
	Session        named          `json:"channelSession"`
	Participant    ownParticipant `json:"agentParticipant"`
	Mode           string         `json:"mode"`
	QueueName      string         `json:"queueName"`
	QueueID        string         `json:"queueId"`
	AgentID        string         `json:"requestedAgentId"`
	Note           string         `json:"note"`
}

// transfer is directTransferRequest: the agent is out of the conversation at once, and another is looked for.
func (s *Socket) transfer(in rerouting) *refusal {
	c, p, r := s.reroute(in, DirectTransfer, "transfer")
	if r != nil {
		return r
	}
	p.release(reasonTransferred, Transferred)
	c.departed[s.agent] = afterTransfer
	c.settle()
	c.manager.lookFor(c, in, DirectTransfer, s.agent)
	return nil
}

// conference is directConferenceRequest: another agent is looked for, and the agent stays.
func (s *Socket) conference(in rerouting) *refusal {
	c, _, r := s.reroute(in, DirectConference, "conference")
	if r != nil {
		return r
	}
	c.manager.lookFor(c, in, DirectConference, s.agent)
	return nil
}

// consult is consultRequest: another agent is looked for, who comes to give advice.
func (s *Socket) consult(in rerouting) *refusal {
	c, _, r := s.reroute(in, Consult, "consult")
	if r != nil {
		return r
	}
	c.manager.lookFor(c, in, Consult, s.agent)
	return nil
}

// lookFor begins to look for the agent that an agent asks for; m.mu is held.
func (m *Manager) lookFor(c *Conversation, in rerouting, d Direction, by *Agent) {
	r := &request{conversation: c, direction: d, by: by, note: in.Note}
	if in.Mode == "agent" {
		r.wanted = m.byID[in.AgentID]
	} else {
		r.queue = m.queueNamed(in.queue())
	}
	m.look(r, m.options.Timing.TTL)
}

// queue is the name or, of an older desk, the id of the queue.
func (in rerouting) queue() string {
	if in.QueueName != "" {
		return in.QueueName
	}
	return in.QueueID
}

// reroute holds a request for another agent against the conversation, and says that it was placed; m.mu is held.
func (s *Socket) reroute(in rerouting, d Direction, action string) (*Conversation, *participant, *refusal) {
	c, p, r := s.asking(in)
	if r != nil {
		return nil, nil, r
	}
	m := s.manager
	for _, other := range m.requests {
		if other.conversation == c && other.by == s.agent {
			return nil, nil, refuse(409, "AM-REROUTE-05", "another request of this agent for conversation %s is under way: %s", c.id, other.direction)
		}
	}
	switch {
	case p.role != RolePrimary:
		return nil, nil, refuse(403, "", "a participant who is %s cannot ask for another agent", p.role)
	case d != DirectTransfer && len(c.participants) >= mostAgents:
		return nil, nil, refuse(409, "", "conversation %s has %d agents, and cannot have more", c.id, mostAgents)
	case in.Mode == "agent" && (m.byID[in.AgentID] == nil || m.byID[in.AgentID] == s.agent):
		return nil, nil, refuse(404, "", "there is no other agent %q", in.AgentID)
	case in.Mode == "queue" && m.queueNamed(in.queue()) == nil:
		return nil, nil, refuse(404, requirementOf(d), "there is no queue %q", in.queue())
	}
	s.agent.emit("agentAssistanceRequestPlaced", c.id, map[string]any{"requestAction": action, "mode": in.Mode})
	return c, p, nil
}

// requirementOf is the requirement that says what a request of a direction holds.
func requirementOf(d Direction) string {
	switch d {
	case DirectConference:
		return "AM-REROUTE-01"
	case DirectTransfer:
		return "AM-REROUTE-02"
	case Inbound, Outbound, Consult, ConsultTransfer, ConsultConference, SilentMonitoring:
	}
	return "AM-REROUTE-10"
}

// asking finds the conversation of a request for another agent, by the participant that asks; m.mu is held.
func (s *Socket) asking(in rerouting) (*Conversation, *participant, *refusal) {
	c, p, r := s.place(in.Participant.conversation(), "AM-REROUTE-03")
	if r != nil {
		return nil, nil, r
	}
	switch {
	case in.Participant.ID != p.id || in.Participant.Who.ID != s.agent.user.ID:
		return nil, nil, refuse(400, "AM-REROUTE-03", "agentParticipant is %q of user %q; in this conversation the agent is %q of user %q", in.Participant.ID, in.Participant.Who.ID, p.id, s.agent.user.ID)
	case c.sessionOf(in.Session.ID) == nil:
		return nil, nil, refuse(400, "AM-REROUTE-03", "conversation %s has no channel session %q", c.id, in.Session.ID)
	}
	return c, p, nil
}
