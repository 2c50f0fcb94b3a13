package standing

import (
	"cmp"
	"slices"

	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/files"
)

// rawAction is what the mock calls an event that was made by hand.
const rawAction = "raw"

func summaryOf(c digitalconnect.Snapshot) talkdeskapi.Summary {
	return talkdeskapi.Summary{
		ID: c.ID, State: string(c.State), EndedBy: string(c.EndedBy), Outbound: c.Outbound, Touchpoint: c.Touchpoint, Email: c.Email, Subject: c.Subject, Messages: len(c.Messages),
	}
}

func viewOf(one *digitalconnect.Conversation) talkdeskapi.Conversation {
	c := one.Snapshot()
	v := talkdeskapi.Conversation{
		Summary: summaryOf(c), Exposed: c.Exposed, Variables: c.Variables, Unmapped: append([]string{}, c.Unmapped...), Previous: []talkdeskapi.Previous{}, Said: []talkdeskapi.Line{}, Deliveries: []talkdeskapi.Delivery{},
	}
	for _, p := range c.Previous {
		v.Previous = append(v.Previous, talkdeskapi.Previous(p))
	}
	for _, l := range c.Messages {
		v.Said = append(v.Said, talkdeskapi.Line{
			ID: l.ID, From: string(l.From), Author: l.Author.Name, AuthorType: l.Author.Type, Text: l.Text, Files: filesOf(l.Files), Partial: l.Partial, At: l.CreatedAt,
		})
	}
	for _, d := range one.Deliveries() {
		v.Deliveries = append(v.Deliveries, deliveryOf(d, "", c.ID))
	}
	return v
}

func filesOf(all []files.Attachment) []talkdeskapi.File {
	list := []talkdeskapi.File{}
	for _, a := range all {
		list = append(list, talkdeskapi.File{ID: a.ID, Name: a.Name, Type: a.Type, Size: a.Size, SHA256: a.SHA256})
	}
	return list
}

// The states of a delivery.
const (
	deliveryWaiting     = "waiting"
	deliveryAnswered    = "answered"
	deliveryFailed      = "failed"
	deliveryUndelivered = "undelivered"
)

// deliveryOf is a delivery whose action and conversation are known also while it is on its way; an empty action is not known then.
func deliveryOf(d *digitalconnect.Delivery, action, conversation string) talkdeskapi.Delivery {
	x, known := d.Exchange()
	v := talkdeskapi.Delivery{State: deliveryWaiting, Action: cmp.Or(x.Event.Action, action), Conversation: conversation}
	if !known {
		return v
	}
	v.Status, v.Ms, v.Body, v.Answer = x.Status, float64(x.Latency.Microseconds())/1000, string(x.Event.Body), string(x.Answer)
	switch {
	case x.Undelivered != "":
		v.State, v.Why = deliveryUndelivered, x.Undelivered
	case x.Err != nil:
		v.State, v.Why = deliveryFailed, x.Err.Error()
	default:
		v.State, v.Why = deliveryAnswered, x.Note
	}
	return v
}

// Deliveries are those of a conversation, or of all conversations one after the other and then those that were made by hand, the newest of each at the end; at most the last limit of them.
func (s *Shift) Deliveries(conversation string, limit int) ([]talkdeskapi.Delivery, error) {
	all := s.talkdesk.Conversations()
	if conversation != "" {
		one, err := s.conversation(conversation)
		if err != nil {
			return nil, err
		}
		all = []*digitalconnect.Conversation{one}
		conversation = one.ID()
	}
	list := []talkdeskapi.Delivery{}
	for _, c := range all {
		for _, d := range c.Deliveries() {
			list = append(list, deliveryOf(d, "", c.ID()))
		}
	}
	s.mu.Lock()
	byHand := slices.Clone(s.emitted)
	s.mu.Unlock()
	for _, one := range byHand {
		if conversation == "" || one.conversation == conversation {
			list = append(list, deliveryOf(one.delivery, rawAction, one.conversation))
		}
	}
	return list[max(0, len(list)-limit):], nil
}
