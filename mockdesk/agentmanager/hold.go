package agentmanager

import "time"

// hold is a pause of a conversation.
type hold struct {
	since   int64
	seconds int
	stop    func() bool
}

func (h *hold) details() map[string]any {
	return map[string]any{"startTime": h.since, "totalDuration": h.seconds}
}

// holding is the payload of pauseConversation and resumeConversation.
type holding struct {
	ParticipantID  string `json:"participantId"`
	ConversationID string `json:"conversationId"`
	Seconds        int    `json:"duration"`
}

// longestHold is how many seconds a conversation can be on hold at most: a day.
const longestHold = 24 * 60 * 60

// pause is pauseConversation: the conversation is on hold until it is resumed, or until the time is over.
func (s *Socket) pause(in holding) *refusal {
	c, r := s.holding(in, StageActive)
	if r != nil {
		return r
	}
	if in.Seconds > longestHold {
		return refuse(400, "AM-CIM-23", "duration is %d seconds; the longest is %d", in.Seconds, longestHold)
	}
	c.stage = StageHold
	c.hold = &hold{since: c.manager.now(), seconds: in.Seconds, stop: c.manager.after(time.Duration(in.Seconds)*time.Second, c.goOn)}
	c.happened("CONVERSATION_PAUSED", map[string]any{"holdTimerDetails": c.hold.details()})
	return nil
}

// resume is resumeConversation.
func (s *Socket) resume(in holding) *refusal {
	c, r := s.holding(in, StageHold)
	if r != nil {
		return r
	}
	c.goOn()
	return nil
}

// goOn ends the hold; m.mu is held.
func (c *Conversation) goOn() {
	if c.stopHold() {
		c.stage = StageActive
		c.happened("CONVERSATION_RESUMED", map[string]any{})
	}
}

// stopHold takes the hold away, and says whether there was one; m.mu is held.
func (c *Conversation) stopHold() bool {
	if c.hold == nil {
		return false
	}
	c.hold.stop()
	c.hold = nil
	return true
}

// holding finds the conversation of a pause or its end, which has to be at a stage; m.mu is held.
func (s *Socket) holding(in holding, at Stage) (*Conversation, *refusal) {
	c, p, r := s.place(in.ConversationID, "AM-CIM-23")
	if r != nil {
		return nil, r
	}
	switch {
	case in.ParticipantID != s.agent.user.ID && in.ParticipantID != p.id:
		return nil, refuse(400, "AM-CIM-23", "participantId is %q, and the agent who has signed in is %q", in.ParticipantID, s.agent.user.ID)
	case p.role != RolePrimary:
		return nil, refuse(403, "", "a participant who is %s cannot hold or resume conversation %s", p.role, c.id)
	case c.stage != at:
		return nil, refuse(409, "", "conversation %s is %s, not %s", c.id, c.stage, at)
	}
	return c, nil
}
