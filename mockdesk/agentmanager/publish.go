package agentmanager

import (
	"encoding/json"
	"reflect"
)

// publishing is the payload of publishCimEvent.
type publishing struct {
	ConversationID string         `json:"conversationId"`
	Event          map[string]any `json:"cimEvent"`
}

// publication is a message of an agent that was published.
type publication struct {
	agent *Agent
	body  any
}

// published is what counts of an event that an agent publishes.
type published struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Data struct {
		ID     string `json:"id"`
		Header struct {
			Sender struct {
				ID  string `json:"id"`
				Who *named `json:"participant"`
			} `json:"sender"`
			ConversationID string `json:"conversationId"`
			SessionID      string `json:"channelSessionId"`
			Customer       struct {
				ID string `json:"_id"` //nolint:tagliatelle // The protocol writes it so.
			} `json:"customer"`
			Intent     string `json:"intent"`
			OriginalID string `json:"originalMessageId"`
		} `json:"header"`
		Body json.RawMessage `json:"body"`
	} `json:"data"`
}

// publish is publishCimEvent: what an agent says comes to everyone in the conversation, its sender among them.
func (s *Socket) publish(in publishing) *refusal {
	c, p, r := s.place(in.ConversationID, "AM-CIM-09")
	if r != nil {
		return r
	}
	return s.publishTo(c, p, in.Event)
}

// place finds the conversation of an event and the agent's part in it. One that the agent has never been in, or has left, breaks the requirement; one that was taken away may
// have crossed with the event. m.mu is held.
func (s *Socket) place(conversation, requirement string) (*Conversation, *participant, *refusal) {
	c := s.manager.conversation(conversation)
	if c == nil {
		return nil, nil, refuse(404, requirement, "there is no conversation %q", conversation)
	}
	if p := c.participant(s.agent); p != nil {
		return c, p, nil
	}
	if breaks, departed := c.departed[s.agent]; departed {
		return nil, nil, refuse(409, breaks, "the agent is in conversation %s no more", conversation)
	}
	return nil, nil, refuse(403, requirement, "the agent is not in conversation %s", conversation)
}

// publishTo publishes an event into a conversation that the agent is in; m.mu is held.
func (s *Socket) publishTo(c *Conversation, p *participant, event map[string]any) *refusal {
	var e published
	if err := json.Unmarshal(encode(event), &e); err != nil {
		return refuse(400, "AM-CIM-02", "the event cannot be read: %v", err)
	}
	if r := c.may(p, e.Name); r != nil {
		return r
	}
	if e.Name == "RESET_AGENT_SLA" {
		c.spread(c.finish(event, s.agent, c.session()))
		return nil
	}
	if r := c.checkHeader(s.agent, e); r != nil {
		return r
	}
	repeated, r := c.checkIDs(s.agent, e)
	if r != nil {
		return r
	}
	c.events[e.ID] = true
	raw := c.finish(event, s.agent, c.sessionOf(e.Data.Header.SessionID))
	if repeated {
		c.send(s.agent, raw)
		return nil
	}
	c.published[e.Data.ID] = publication{agent: s.agent, body: bodyOf(e.Data.Body)}
	c.spread(raw)
	if e.Name != "WHISPER_MESSAGE" {
		c.customer.got(e.Name, raw)
	}
	return nil
}

func bodyOf(raw json.RawMessage) any {
	var body any
	_ = json.Unmarshal(raw, &body) // It was read once before.
	return body
}

// checkHeader holds the header of a message against the session and the conversation; m.mu is held.
func (c *Conversation) checkHeader(a *Agent, e published) *refusal {
	h := e.Data.Header
	from := h.Sender.ID
	if h.Sender.Who != nil {
		from = h.Sender.Who.ID
	}
	switch {
	case from != a.user.ID:
		return refuse(400, "AM-CIM-06", "the sender is %q, and the agent who has signed in is %q", from, a.user.ID)
	case h.ConversationID != c.id:
		return refuse(400, "AM-CIM-07", "the header is of conversation %q, the event of %s", h.ConversationID, c.id)
	case c.sessionOf(h.SessionID) == nil:
		return refuse(400, "AM-CIM-07", "the conversation has no channel session %q", h.SessionID)
	case h.Customer.ID != c.customer.id:
		return refuse(400, "AM-CIM-07", "the customer is %q, and that of the conversation is %q", h.Customer.ID, c.customer.id)
	case h.Intent == "REPLY_TO" && !c.said(h.OriginalID):
		return refuse(400, "AM-CIM-12", "the message that is answered, %q, was never said in this conversation", h.OriginalID)
	}
	return nil
}

// checkIDs sees to it that ids are new. A message whose id was there before is a reply, if another said that one; a message that is sent again, if it says the same; and
// anything else is a mistake. m.mu is held.
func (c *Conversation) checkIDs(a *Agent, e published) (repeated bool, r *refusal) {
	before, twice := c.published[e.Data.ID]
	if twice && before.agent == a {
		if !reflect.DeepEqual(before.body, bodyOf(e.Data.Body)) {
			return false, refuse(400, "AM-CIM-05", "the message's id %q was used before, for something else", e.Data.ID)
		}
		return true, nil
	}
	if c.events[e.ID] {
		return false, refuse(400, "AM-CIM-05", "the event's id %q was used before", e.ID)
	}
	return false, nil
}

// said says whether a message of that id was said in the conversation; m.mu is held.
func (c *Conversation) said(id string) bool {
	if _, there := c.published[id]; there {
		return true
	}
	return c.customer.said[id]
}

// finish is an event of an agent as it goes out to everyone: with what the manager knows better than the desk; m.mu is held.
func (c *Conversation) finish(event map[string]any, a *Agent, in *session) json.RawMessage {
	event["conversationId"], event["roomInfo"], event["eventEmitter"], event["channelSession"] = c.id, c.room, a.sender(), in.wire()
	data, isObject := event["data"].(map[string]any)
	if !isObject {
		event["data"] = map[string]any{}
		return encode(event)
	}
	if h, there := data["header"].(map[string]any); there {
		h["sender"], h["channelData"], h["customer"] = a.sender(), in.wire().Data, c.customer.wire()
		switch h["timestamp"].(type) {
		case float64, string:
		default:
			h["timestamp"] = c.manager.now()
		}
		for _, key := range []string{"intent", "originalMessageId", "roomId"} {
			if _, isText := h[key].(string); !isText {
				delete(h, key)
			}
		}
	}
	return encode(event)
}
