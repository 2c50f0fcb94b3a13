package agentmanager

import "encoding/json"

// wireTopic is the payload of onTopicData.
type wireTopic struct {
	Data           topicData `json:"topicData"`
	ConversationID string    `json:"conversationId"`
	Room           roomInfo  `json:"roomInfo"`
	TaskID         string    `json:"taskId"`
}

type topicData struct {
	ID           string            `json:"id"`
	Customer     wireCustomer      `json:"customer"`
	Session      wireSession       `json:"channelSession"`
	Conversation map[string]any    `json:"conversationData"`
	Stage        Stage             `json:"state"`
	Participants []wireParticipant `json:"participants"`
	Agents       []wireParticipant `json:"agentParticipants"`
	SLA          map[string]any    `json:"agentSla"`
	Hold         map[string]any    `json:"holdTimerDetails"`
	Seconds      int               `json:"durationInSeconds"`
	Suggestions  []any             `json:"customerSuggestions"`
	Events       []json.RawMessage `json:"topicEvents"`
	HandRaise    map[string]any    `json:"agentHandRaise"`
	Gadgets      []any             `json:"externalGadgets"`
	WrapUps      []any             `json:"wrapUps"`
	Own          wireParticipant   `json:"topicParticipant"`
}

// topic is everything that an agent who comes in has to know; m.mu is held.
func (c *Conversation) topic(p *participant) wireTopic {
	d := topicData{
		ID: c.id, Customer: c.customer.wire(), Session: c.session().wire(), Conversation: c.data, Stage: c.stage, Participants: []wireParticipant{}, Agents: []wireParticipant{},
		SLA: map[string]any{}, Hold: map[string]any{}, Seconds: int((c.manager.now() - c.sessions[0].since) / 1000), Suggestions: []any{}, Events: append([]json.RawMessage{}, c.history...),
		HandRaise: map[string]any{"handRaised": false, "agentNames": []string{}}, Gadgets: []any{}, WrapUps: []any{}, Own: p.wire(c.id),
	}
	if c.sla != nil {
		d.SLA = c.sla
	}
	if c.hold != nil {
		d.Hold = c.hold.details()
	}
	for _, s := range c.sessions {
		d.Participants = append(d.Participants, s.participant())
	}
	for _, other := range c.participants {
		w := other.wire(c.id)
		d.Participants, d.Agents = append(d.Participants, w), append(d.Agents, w)
	}
	return wireTopic{Data: d, ConversationID: c.id, Room: c.room, TaskID: p.task.wireID()}
}

// open gives an agent the conversation, and wants it acknowledged with status ok; m.mu is held.
func (c *Conversation) openFor(p *participant) {
	s := p.agent.socket
	p.agent.tell("onTopicData", c.id, c.topic(p), func(reply json.RawMessage) {
		var ack struct {
			Status string `json:"status"`
		}
		if err := json.Unmarshal(reply, &ack); (err != nil || ack.Status != "ok") && s != nil {
			s.violation("onTopicData", c.id, "AM-TASK-11", "The acknowledgement has no status ok: "+string(reply), nil)
		}
	})
}

// admit puts an agent into the conversation: the agent gets it, and everyone in it hears so. m.mu is held.
func (c *Conversation) admit(a *Agent, id string, role Role, t *task) *participant {
	p := c.join(a, id, role, t)
	t.agent = a
	t.move(Active, "")
	c.openFor(p)
	c.happened("AGENT_SUBSCRIBED", map[string]any{"agentParticipant": p.wire(c.id), "reason": nil})
	c.taskChanged(t)
	return p
}

// restore gives an agent who has connected again the conversations and the lists that the agent still has; m.mu is held.
func (a *Agent) restore() {
	for _, c := range a.manager.open() {
		if p := c.participant(a); p != nil {
			c.openFor(p)
		}
	}
	if len(a.lists) > 0 {
		a.emit("onPullModeSubscribedList", "", a.subscribed())
		a.emit("pullModeSubscribedListRequests", "", a.pullable())
	}
}
