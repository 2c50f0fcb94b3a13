package agentmanager

import "slices"

// mostAgents is how many agents a conversation can have.
const mostAgents = 4

// monitoring is the payload of JoinAsSilentMonitor.
type monitoring struct {
	Participant ownParticipant `json:"topicParticipant"`
	Session     named          `json:"channelSession"`
}

// A supervisor's part in a conversation is this machine; leaving ends it from every state:
//
//	none → SILENT_MONITOR → ASSISTANT → PRIMARY   JoinAsSilentMonitor, joinAsWhisper, JoinAsBargin
//	       SILENT_MONITOR → PRIMARY               JoinAsBargin

// monitor is JoinAsSilentMonitor: a supervisor listens to a conversation of an agent of a supervised team.
func (s *Socket) monitor(in monitoring) *refusal {
	c := s.manager.conversation(in.Session.ConversationID)
	if c == nil {
		return refuse(404, "AM-MON-02", "there is no conversation %q", in.Session.ConversationID)
	}
	if c.sessionOf(in.Session.ID) == nil {
		return refuse(400, "AM-MON-01", "conversation %s has no channel session %q", c.id, in.Session.ID)
	}
	if r := s.checkParticipant(in.Participant, c.id, "AM-MON-02"); r != nil {
		return r
	}
	if r := c.mayBeMonitored(s.agent); r != nil {
		return r
	}
	t := c.newTask(SilentMonitoring, "AGENT", nil)
	t.agent = s.agent
	if s.manager.switches.MonitorFlow == Direct {
		c.admit(s.agent, in.Participant.ID, RoleMonitor, t)
		return nil
	}
	t.move(Begun, "")
	s.agent.emit("taskRequest", c.id, t.taskRequest())
	return nil
}

// mayBeMonitored says why a person may not monitor the conversation, nil if it may be; m.mu is held.
func (c *Conversation) mayBeMonitored(by *Agent) *refusal {
	switch {
	case len(by.user.SupervisedTeams) == 0:
		return refuse(403, "AM-MON-04", "the agent supervises no team")
	case c.routing != PushMode:
		return refuse(409, "", "conversation %s was not pushed to its agent (%s), so it cannot be monitored", c.id, c.routing)
	case c.stage != StageActive || !c.has(RolePrimary):
		return refuse(409, "", "conversation %s is not active (%s)", c.id, c.stage)
	case !slices.ContainsFunc(c.participants, func(p *participant) bool { return p.role == RolePrimary && by.supervises(p.agent) }):
		return refuse(403, "", "no agent of conversation %s is of a team that is supervised", c.id)
	case c.participant(by) != nil:
		return refuse(409, "", "the agent is in conversation %s already", c.id)
	case c.has(RoleMonitor):
		return refuse(409, "", "conversation %s is monitored already", c.id)
	case len(c.participants) >= mostAgents:
		return refuse(409, "", "conversation %s has %d agents, and cannot have more", c.id, mostAgents)
	}
	return nil
}

// joining is the payload of JoinAsBargin and joinAsWhisper.
type joining struct {
	ParticipantID  string `json:"participantId"`
	ConversationID string `json:"conversationId"`
}

// whisper is joinAsWhisper: the monitor goes on to whisper.
func (s *Socket) whisper(in joining) *refusal {
	c, p, r := s.monitoring(in, "AM-MON-12", RoleMonitor)
	if r != nil {
		return r
	}
	c.promote(p, RoleAssistant, SilentMonitoring)
	return nil
}

// bargeIn is JoinAsBargin: the monitor steps in, and can say everything from then on.
func (s *Socket) bargeIn(in joining) *refusal {
	c, p, r := s.monitoring(in, "AM-MON-09", RoleMonitor, RoleAssistant)
	if r != nil {
		return r
	}
	c.promote(p, RolePrimary, "BARGE_IN")
	return nil
}

// monitoring finds the monitor's part in the conversation; one who does not monitor it in one of the roles breaks the requirement. m.mu is held.
func (s *Socket) monitoring(in joining, requirement string, roles ...Role) (*Conversation, *participant, *refusal) {
	c, p, r := s.place(in.ConversationID, requirement)
	if r != nil {
		return nil, nil, r
	}
	if in.ParticipantID != s.agent.user.ID && in.ParticipantID != p.id {
		return nil, nil, refuse(400, "AM-MON-08", "participantId is %q, and the agent who has signed in is %q", in.ParticipantID, s.agent.user.ID)
	}
	if !p.monitors || !slices.Contains(roles, p.role) {
		return nil, nil, refuse(409, requirement, "the agent does not monitor conversation %s, but is %s in it", c.id, p.role)
	}
	return c, p, nil
}
