package traffic

import (
	"github.com/go-json-experiment/json"

	"deskcheck/mockdesk/digitalconnect/rules"
)

// said counts what a webhook says that no document tells: how its event is spelled, and what kinds of authors there are. A recording from life answers that.
func (j *Judgement) said(x *exchange) {
	var e struct {
		EventType string `json:"event_type"`
		Payload   struct {
			Author struct {
				Type string `json:"type"`
			} `json:"author"`
		} `json:"payload"`
	}
	if rules.Action(x.Body) == "" || json.Unmarshal(x.Body, &e) != nil {
		return
	}
	j.Events["event_type "+e.EventType]++
	if e.Payload.Author.Type != "" {
		j.Events["author.type "+e.Payload.Author.Type]++
	}
}
