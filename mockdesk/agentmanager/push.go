package agentmanager

import (
	"encoding/json"

	"deskcheck/mockdesk/journal"
)

// Push is a message to a token. No document gives its envelope: this one is the kit's own convention, described by the schema manager/push.
type Push struct {
	// Token is where it goes.
	Token string `json:"-"`
	Data  struct {
		// Event is agentPresence or taskRequest, Payload the JSON text of its payload.
		Event          string `json:"event"`
		ConversationID string `json:"conversationId,omitempty"`
		Payload        string `json:"payload"`
	} `json:"data"`
}

// pushed are the events that are pushed while a socket is down.
var pushed = map[string]bool{"agentPresence": true, "taskRequest": true}

// push sends an event to the tokens of an agent without a socket, if it is one that is pushed; m.mu is held.
func (a *Agent) push(event, conversation string, payload json.RawMessage) {
	if !pushed[event] {
		return
	}
	m := a.manager
	for _, token := range a.tokens {
		p := Push{Token: token}
		p.Data.Event, p.Data.ConversationID, p.Data.Payload = event, conversation, string(payload)
		raw := encode(p)
		m.checkOwn("manager/push", raw)
		m.record(journal.Entry{Kind: journal.Frame, From: PartyManager, To: a.party, Name: "push", Conversation: conversation, Note: event + " is pushed to " + token + "."},
			frame{Agent: a.user.ID, Payload: raw})
		if m.options.Push != nil {
			m.options.Push(p)
		}
	}
}

// reachable says whether an offer gets to the agent's desk, over its socket or as a push; m.mu is held.
func (a *Agent) reachable() bool { return a.socket != nil || len(a.tokens) > 0 }
