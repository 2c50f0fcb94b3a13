package traffic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect/rules"
)

// actions are the events of a conversation, by the names of their schemas.
var actions = []string{"conversation_started", "message_created", "conversation_ended"}

// said counts what a webhook says that no document tells: how its event is spelled, what kinds of authors there are, and where it is not as its schema has it. A recording from life answers that.
func (j *Judgement) said(x *exchange) {
	var e struct {
		EventType string `json:"event_type"`
		Payload   struct {
			Author struct {
				Type string `json:"type"`
			} `json:"author"`
		} `json:"payload"`
	}
	if !isEvent(x.Method, x.Body) || json.Unmarshal(x.Body, &e, evidence) != nil {
		return
	}
	j.Events["event_type "+e.EventType]++
	if e.Payload.Author.Type != "" {
		j.Events["author.type "+e.Payload.Author.Type]++
	}
	action := strings.ToLower(e.EventType)
	if rules.Action(x.Body) != "" || !slices.Contains(actions, action) {
		return
	}
	for _, b := range fixtures.CheckDigitalConnect(action, x.Body) {
		j.Events[fmt.Sprintf("%s not as its schema at %q", action, b.Pointer)]++
	}
}
