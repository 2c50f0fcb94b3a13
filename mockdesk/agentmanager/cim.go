package agentmanager

import "encoding/json"

// eventTypes are the types of the events that the manager sends; all others are a NOTIFICATION.
var eventTypes = map[string]string{
	"CUSTOMER_MESSAGE": "MESSAGE", "AGENT_MESSAGE": "MESSAGE", "BOT_MESSAGE": "MESSAGE", "WHISPER_MESSAGE": "MESSAGE", "BOT_SUGGESTION": "SUGGESTION",
}

// event is an event of the conversation that happens now; m.mu is held.
func (c *Conversation) event(name string, emitter *sender, data any) cimEvent {
	kind := eventTypes[name]
	if kind == "" {
		kind = "NOTIFICATION"
	}
	s := c.session().wire()
	return cimEvent{ID: newID(), Name: name, Type: kind, Timestamp: c.manager.now(), ConversationID: c.id, Room: c.room, Emitter: emitter, Session: &s, Data: data}
}

// system is who sends what nobody has said.
func system() *sender {
	return &sender{ID: "agent-manager", Type: "SYSTEM", Name: "Agent Manager", Detail: map[string]any{}}
}

// happened tells everyone in the conversation of a system event; m.mu is held.
func (c *Conversation) happened(name string, data any) {
	c.spread(encode(c.event(name, system(), data)))
}

// taskChanged tells everyone in the conversation that a task has another state; m.mu is held.
func (c *Conversation) taskChanged(t *task) {
	c.happened("TASK_STATE_CHANGED", map[string]any{"task": t.wire(), "taskStateChanged": t.state == Closed || t.state == WrapUp, "mediaStateChanges": []string{t.media}})
}

// wireCIM is the payload of onCimEvent. Event is the event, or its text.
type wireCIM struct {
	Event          any      `json:"cimEvent"`
	ConversationID string   `json:"conversationId"`
	Room           roomInfo `json:"roomInfo"`
}

// spread keeps an event as history and sends it to every agent in the conversation; m.mu is held.
func (c *Conversation) spread(event json.RawMessage) {
	c.manager.checkOwn("shapes/cim-event", event)
	c.history = append(c.history, event)
	for _, p := range c.participants {
		c.send(p.agent, event)
	}
}

// send sends an event of the conversation to one agent, in the encoding that the switches say; m.mu is held.
func (c *Conversation) send(a *Agent, event json.RawMessage) {
	w := wireCIM{Event: event, ConversationID: c.id, Room: c.room}
	if c.manager.switches.CIMEncoding == Text {
		w.Event = string(event)
	}
	a.emit("onCimEvent", c.id, w)
}
