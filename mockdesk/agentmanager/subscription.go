package agentmanager

// subscription is the payload of topicSubscription.
type subscription struct {
	ConversationID string         `json:"conversationId"`
	TaskID         string         `json:"taskId"`
	Participant    ownParticipant `json:"topicParticipant"`
}

// roleFor is the role in which a task is taken.
func roleFor(d Direction) Role {
	switch d {
	case Consult:
		return RoleAssistant
	case SilentMonitoring:
		return RoleMonitor
	case Inbound, Outbound, ConsultTransfer, ConsultConference, DirectTransfer, DirectConference:
	}
	return RolePrimary
}

// subscribe is topicSubscription: the agent takes what was offered. What is late, unknown or another's is refused with 409.
func (s *Socket) subscribe(in subscription) *refusal {
	t := s.manager.tasks[in.TaskID]
	switch {
	case t == nil:
		return refuse(409, "AM-TASK-02", "there is no task %q", in.TaskID)
	case t.agent != s.agent:
		return refuse(409, "AM-TASK-02", "task %q was not offered to this agent", in.TaskID)
	case t.conversation.id != in.ConversationID:
		return refuse(409, "AM-TASK-02", "task %q belongs to conversation %s, not to %s", in.TaskID, t.conversation.id, in.ConversationID)
	case t.state == Active || t.state == WrapUp:
		return refuse(409, "AM-TASK-02", "task %q has been taken already", in.TaskID)
	case t.state != Reserved && t.state != Begun:
		return refuse(409, "", "task %q is not offered any more: %s", in.TaskID, t.reason)
	}
	if r := s.checkParticipant(in.Participant, in.ConversationID, "AM-TASK-04"); r != nil {
		return r
	}
	role := roleFor(t.direction)
	if in.Participant.Role != role {
		return refuse(400, "AM-TASK-05", "the role is %s; a task of direction %s is taken as %s", in.Participant.Role, t.direction, role)
	}
	if t.direction == SilentMonitoring {
		if r := t.conversation.mayBeMonitored(s.agent); r != nil {
			return r // Things have changed since it was granted.
		}
	}
	if s.manager.participantIDs[in.Participant.ID] {
		return refuse(400, "AM-TASK-04", "the participant's id %q was used before; each is new", in.Participant.ID)
	}
	s.manager.participantIDs[in.Participant.ID] = true
	if t.request != nil {
		t.request.settled()
	}
	p := t.conversation.admit(s.agent, in.Participant.ID, role, t)
	if t.direction == Consult {
		t.request.answered(p)
	}
	return nil
}

// checkParticipant holds a participant that a desk sends against the session and the conversation; m.mu is held.
func (s *Socket) checkParticipant(p ownParticipant, conversation, requirement string) *refusal {
	if id := s.agent.user.ID; p.Who.ID != id || p.Who.KeycloakUser.ID != id {
		return refuse(400, requirement, "the participant is %q with user %q, and the agent who has signed in is %q", p.Who.ID, p.Who.KeycloakUser.ID, id)
	}
	if p.conversation() != conversation {
		return refuse(400, requirement, "the participant is of conversation %q, not of %s", p.conversation(), conversation)
	}
	return nil
}
