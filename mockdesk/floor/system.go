package floor

import (
	"cmp"
	"encoding/json"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/managerapi"
)

// within does something in a conversation, and gives how it is then.
func (s *Shift) within(name string, act func(*agentmanager.Conversation) error) (managerapi.Conversation, error) {
	c, err := s.conversation(name)
	if err != nil {
		return managerapi.Conversation{}, err
	}
	if err := act(c); err != nil {
		return managerapi.Conversation{}, refused(err)
	}
	return conversationOf(c.Snapshot()), nil
}

// CloseConversation closes a conversation as the system would.
func (s *Shift) CloseConversation(name string, why managerapi.Closing) (managerapi.Conversation, error) {
	return s.within(name, func(c *agentmanager.Conversation) error { return c.Close(cmp.Or(why.Reason, "CLOSED_BY_SYSTEM")) })
}

// SetData changes what is known of a conversation.
func (s *Shift) SetData(name string, data map[string]any) (managerapi.Conversation, error) {
	return s.within(name, func(c *agentmanager.Conversation) error { return c.SetData(data) })
}

// StartSLA starts the time within which an agent should answer.
func (s *Shift) StartSLA(name string, sla managerapi.SLA) (managerapi.Conversation, error) {
	return s.within(name, func(c *agentmanager.Conversation) error {
		return c.StartSLA(sla.Seconds, cmp.Or(sla.Action, "start_timer"))
	})
}

// StopSLA ends that time.
func (s *Shift) StopSLA(name string) (managerapi.Conversation, error) {
	return s.within(name, (*agentmanager.Conversation).StopSLA)
}

// Suggest has a bot suggest answers.
func (s *Shift) Suggest(name string, given managerapi.Suggestions) (managerapi.Conversation, error) {
	var answers []agentmanager.Body
	for _, w := range given.Answers {
		body, err := bodyOf(w)
		if err != nil {
			return managerapi.Conversation{}, err
		}
		answers = append(answers, body)
	}
	return s.within(name, func(c *agentmanager.Conversation) error { return c.Suggest(answers...) })
}

// Faults are what the manager does out of order.
func (s *Shift) Faults() managerapi.Faults {
	now := s.manager.Refusing()
	f := managerapi.Faults{Logins: int(now.Logins), States: now.States, Withheld: []managerapi.Withheld{}}
	if r := now.Handshakes; r != nil {
		raw, _ := json.Marshal(r.Data) // It came as JSON.
		f.Handshakes = &managerapi.Handshakes{Message: r.Message, Data: raw, Licence: licenceOf(raw)}
	}
	for _, event := range now.Withheld {
		f.Withheld = append(f.Withheld, managerapi.Withheld{Event: event, Kept: now.Kept[event]})
	}
	return f
}

// licenceOf is the status of a licence in the data of a refusal, empty if it is about something else.
func licenceOf(data json.RawMessage) string {
	var d struct {
		Content struct {
			Key    string `json:"key"`
			Status string `json:"licStatus"`
		} `json:"content"`
	}
	if json.Unmarshal(data, &d) != nil || d.Content.Key != "LM" {
		return ""
	}
	return d.Content.Status
}

// changing changes what is out of order, and gives what then is.
func (s *Shift) changing(err error) (managerapi.Faults, error) {
	if err != nil {
		return managerapi.Faults{}, refused(err)
	}
	return s.Faults(), nil
}

// FailLogins has every login refused with a status; 0 ends that.
func (s *Shift) FailLogins(status int) (managerapi.Faults, error) {
	return s.changing(s.manager.FailLogins(agentmanager.LoginFailure(status)))
}

// RefuseHandshakes has every handshake refused; nil ends that.
func (s *Shift) RefuseHandshakes(h *managerapi.Handshakes) (managerapi.Faults, error) {
	if h == nil {
		return s.changing(s.manager.RefuseHandshakes(nil))
	}
	if h.Licence != "" {
		if h.Message != "" || len(h.Data) > 0 {
			return managerapi.Faults{}, api.Refuse(api.Invalid, "licence: it has a message and data of its own; leave these out")
		}
		return s.changing(s.manager.RefuseHandshakes(agentmanager.LicenceRefusal(h.Licence)))
	}
	refusal := &agentmanager.Refusal{Message: cmp.Or(h.Message, agentmanager.LoginFailed), Data: map[string]any{}}
	if len(h.Data) > 0 {
		refusal.Data = h.Data
	}
	return s.changing(s.manager.RefuseHandshakes(refusal))
}

// RefuseStates has every change of state refused, or no more.
func (s *Shift) RefuseStates(refuse bool) (managerapi.Faults, error) {
	return s.changing(s.manager.RefuseStates(refuse))
}

// Withhold keeps back every event of a name, until Release.
func (s *Shift) Withhold(event string) (managerapi.Faults, error) {
	return s.changing(s.manager.Withhold(event))
}

// Release sends what was withheld of an event.
func (s *Shift) Release(event string) (managerapi.Faults, error) {
	for _, w := range s.Faults().Withheld {
		if w.Event == event {
			return s.changing(s.manager.Release(event))
		}
	}
	return managerapi.Faults{}, api.Refuse(api.Unknown, "the event %q is not withheld; list the faults", event)
}

// Heal ends everything that is out of order.
func (s *Shift) Heal() (managerapi.Faults, error) {
	now := s.Faults()
	for _, heal := range []struct {
		needed bool
		work   func() error
	}{
		{now.Logins != 0, func() error { return s.manager.FailLogins(0) }},
		{now.Handshakes != nil, func() error { return s.manager.RefuseHandshakes(nil) }},
		{now.States, func() error { return s.manager.RefuseStates(false) }},
	} {
		if heal.needed {
			if err := heal.work(); err != nil {
				return managerapi.Faults{}, refused(err)
			}
		}
	}
	for _, w := range now.Withheld {
		if err := s.manager.Release(w.Event); err != nil {
			return managerapi.Faults{}, refused(err)
		}
	}
	return s.Faults(), nil
}
