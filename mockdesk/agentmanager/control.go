package agentmanager

import (
	"encoding/json"
	"fmt"
	"slices"
)

// What follows is for scenarios: what a manager does that is out of order, and what happens in a conversation beside what people say.

// RefuseStates has every changeAgentState refused, or no more.
func (m *Manager) RefuseStates(refuse bool) error {
	return m.act("refuse states", fmt.Sprintf("Changes of state are refused: %t.", refuse), nil, func() { m.refusesStates = refuse })
}

// Withhold keeps back every event of a name, such as agentPresence or onCimEvent, until Release.
func (m *Manager) Withhold(event string) error {
	return m.act("withhold", event+" is withheld.", nil, func() { m.withheld[event] = true })
}

// Release sends the events of a name that were withheld, in their order, and withholds it no more.
func (m *Manager) Release(event string) error {
	return m.act("release", event+" is withheld no more.", nil, func() {
		delete(m.withheld, event)
		kept := m.heldBack
		m.heldBack = nil
		for _, h := range kept {
			h.socket.send(h) // What is still withheld is kept again.
		}
	})
}

// AddFields has every event that is an object carry fields besides its own, as those of a later version may. A field that the event has stays as it is. Nil ends that.
func (m *Manager) AddFields(fields map[string]any) error {
	return m.act("add fields", "What events carry besides their own fields changes.", nil, func() { m.added = fields })
}

// enriched is a payload with the fields that were added; m.mu is held.
func (m *Manager) enriched(payload json.RawMessage) json.RawMessage {
	var own map[string]json.RawMessage
	if len(m.added) == 0 || json.Unmarshal(payload, &own) != nil || own == nil {
		return payload
	}
	for name, value := range m.added {
		if _, has := own[name]; !has {
			own[name] = encode(value)
		}
	}
	return encode(own)
}

// Emit sends an agent's desk an event that is held against no schema: one that is malformed on purpose, or of a name that there is not. It
// is sent also while its name is withheld. The error wraps ErrAway.
func (a *Agent) Emit(event string, payload json.RawMessage) error {
	return a.manager.act("emit", event+" is sent to "+a.name()+" as it is.", a.mustBeConnected, func() {
		a.socket.deliver(held{socket: a.socket, event: event, payload: slices.Clone(payload)})
	})
}

// Disconnect ends the agent's socket from the manager's side, without a word before. The error wraps ErrAway.
func (a *Agent) Disconnect() error {
	return a.manager.act("disconnect", "The manager ends the socket of "+a.name()+".", a.mustBeConnected, func() { a.socket.close() })
}

// Cut breaks the connection of the agent's desk without a word, as a network does. The error wraps ErrAway.
func (a *Agent) Cut() error {
	return a.manager.act("cut", "The connection of "+a.name()+" is cut.", a.mustBeConnected, func() { a.socket.link.Cut() })
}

// mustBeConnected is ErrAway for an agent whose desk has no socket; m.mu is held.
func (a *Agent) mustBeConnected() error {
	if a.socket == nil {
		return ErrAway
	}
	return nil
}

// Give has an agent's desk take the conversation unasked, by a task that is STARTED. The error wraps ErrAway, or says that the agent is in the conversation.
func (c *Conversation) Give(a *Agent) error {
	allowed := func() error {
		if c.participant(a) != nil {
			return fmt.Errorf("%s is in conversation %s already", a.name(), c.id)
		}
		return a.mustBeConnected()
	}
	return c.manager.actIn(c, PartyManager, "give", "The conversation is given to "+a.name()+".", allowed, func() {
		t := c.newTask(Inbound, "AGENT", nil)
		t.agent = a
		t.move(Begun, "")
		a.emit("taskRequest", c.id, t.taskRequest())
	})
}

// Announcement is what a supervisor tells a team.
type Announcement struct {
	ID         string `json:"id"`
	Supervisor string `json:"supervisorId"`
	Text       string `json:"announcementText"`
}

// Announce tells everyone who is signed in something in a supervisor's name.
func (m *Manager) Announce(supervisor *Agent, text string) (made Announcement, err error) {
	err = m.act("announce", supervisor.name()+" announces something.", nil, func() {
		made = Announcement{ID: newID(), Supervisor: supervisor.user.ID, Text: text}
		m.announcements = append(m.announcements, made)
		m.everyone("ANNOUNCEMENT_CREATED", made)
	})
	return made, err
}

// Withdraw takes an announcement back. The error says that there is none of that id.
func (m *Manager) Withdraw(id string) error {
	i := -1
	allowed := func() error {
		if i = slices.IndexFunc(m.announcements, func(a Announcement) bool { return a.ID == id }); i < 0 {
			return fmt.Errorf("there is no announcement %q", id)
		}
		return nil
	}
	return m.act("withdraw", "An announcement is taken back.", allowed, func() {
		m.everyone("ANNOUNCEMENT_DELETED", m.announcements[i])
		m.announcements = slices.Delete(m.announcements, i, i+1)
	})
}

// everyone tells all whose socket is open; m.mu is held.
func (m *Manager) everyone(event string, payload any) {
	for _, a := range m.agents {
		if a.socket != nil {
			a.emit(event, "", payload)
		}
	}
}

// SetData changes what is known of the conversation: agents hear of it.
func (c *Conversation) SetData(data map[string]any) error {
	return c.act("set data", "What is known of the conversation changes.", func() {
		c.data = data
		c.happened("CONVERSATION_DATA_CHANGED", data)
	})
}

// StartSLA starts the time within which an agent should answer, in seconds; action is what desks do with it, such as start_timer or change_color.
func (c *Conversation) StartSLA(seconds int, action string) error {
	return c.act("start SLA", "The time to answer begins.", func() {
		c.sla = map[string]any{"totalDuration": seconds, "action": action, "startTime": c.manager.now()}
		c.happened("AGENT_SLA_STARTED", c.sla)
	})
}

// StopSLA ends that time.
func (c *Conversation) StopSLA() error {
	return c.act("stop SLA", "The time to answer is over.", func() {
		c.sla = nil
		c.happened("AGENT_SLA_STOPPED", map[string]any{})
	})
}

// Suggest has a bot suggest answers to the agents.
func (c *Conversation) Suggest(answers ...Body) error {
	return c.act("suggest", "A bot suggests answers.", func() {
		suggestions := []any{}
		for _, b := range answers {
			suggestions = append(suggestions, map[string]any{"messageBody": b, "confidenceLevel": 0.9})
		}
		c.happened("BOT_SUGGESTION", map[string]any{"id": newID(), "header": map[string]any{}, "suggestions": suggestions, "requestedMessage": nil})
	})
}
