package digitalconnect

import (
	"encoding/json"
	"fmt"
	"strings"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect/files"
	"deskcheck/mockdesk/digitalconnect/webhook"
)

// moment is how Talkdesk writes one: UTC with milliseconds, 24 characters (DC-MSG-17).
const moment = "2006-01-02T15:04:05.000Z"

// timestamp is now as Talkdesk writes it.
func (t *Talkdesk) timestamp() string { return t.clock.Now().UTC().Format(moment) }

// emit sends an event of a conversation, where its action is published; t.mu is held, so that events leave in the order in which things happened. An event that is not as its schema has it does not leave,
// and is the mock's own mistake (DC-ACTION-07).
func (t *Talkdesk) emit(c *Conversation, action string, payload map[string]any) *Delivery {
	e := webhook.Event{Conversation: c.id, Action: action, Body: t.eventBody(c.id, action, payload)}
	integration := t.account.integration(c.touchpoint.Integration)
	var why string
	switch {
	case integration == nil:
		why = "the touchpoint is linked to no integration"
	case integration.Actions[action] != ActionActive:
		why = "the action " + action + " is not published (DC-ACTION-02)"
	default:
		why = t.unsound(integration, e)
	}
	if why != "" {
		t.recordUndelivered(e, why)
		c.deliveries = append(c.deliveries, webhook.NotMade(e, why))
	} else {
		e.Target = integration.target(t.settings.ActionTimeout)
		c.deliveries = append(c.deliveries, t.sender.Send(e))
	}
	return c.deliveries[len(c.deliveries)-1]
}

// eventBody is an event as it is sent.
func (t *Talkdesk) eventBody(conversation, action string, payload map[string]any) []byte {
	event := map[string]any{"event_type": t.eventType(action), "conversation_id": conversation, "timestamp": t.timestamp()}
	if payload != nil {
		event["payload"] = payload
	}
	body, err := json.Marshal(event)
	if err != nil {
		// It is made of texts and numbers.
		panic("an event cannot be written as JSON: " + err.Error())
	}
	return body
}

// eventType is the name of an action as events spell it (G-01).
func (t *Talkdesk) eventType(action string) string {
	if t.settings.EventTypeCase == wordLower {
		return action
	}
	return strings.ToUpper(action)
}

// unsound says why an event must not leave, empty if it may: it breaks the schema of its action or bears the name of another, which the schema does not see; t.mu is held.
func (t *Talkdesk) unsound(integration *Integration, e webhook.Event) string {
	breaches := fixtures.CheckDigitalConnect(e.Action, e.Body)
	var named struct {
		EventType string `json:"event_type"`
	}
	err := json.Unmarshal(e.Body, &named)
	switch {
	case len(breaches) > 0:
		err = fmt.Errorf("the event %s is not as its schema has it (DC-ACTION-07): %s", e.Action, breaches[0])
	case err == nil && !strings.EqualFold(named.EventType, e.Action):
		err = fmt.Errorf("the event %s is called %s (DC-ACTION-07)", e.Action, named.EventType)
	}
	if err != nil {
		if t.err == nil {
			t.err = err
		}
		return err.Error()
	}
	return integration.disallows(e)
}

// messagePayload is the payload of message_created.
func messagePayload(line Line) map[string]any {
	payload := map[string]any{"id": line.ID, "created_at": line.CreatedAt, "author": map[string]string{"name": line.Author.Name, "type": line.Author.Type}}
	if line.Text != nil {
		payload["content"] = *line.Text
	}
	if len(line.Files) > 0 {
		payload["attachments"] = attachmentItems(line.Files)
	}
	return payload
}

func attachmentItems(all []files.Attachment) []map[string]any {
	items := make([]map[string]any, 0, len(all))
	for _, a := range all {
		items = append(items, map[string]any{"id": a.ID, "name": a.Name, "type": a.Type, "size": a.Size})
	}
	return items
}

// echo tells the connector of the contact's own message (DC-MSG-14).
func (t *Talkdesk) echo(c *Conversation, line Line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line.Author = Author{Name: c.email, Type: "USER"}
	if !t.closed {
		t.emit(c, MessageCreated, messagePayload(line))
	}
}

// emitEnded tells the connector of the end that it has brought about itself (DC-END-08).
func (t *Talkdesk) emitEnded(c *Conversation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.emit(c, ConversationEnded, nil)
	}
}
