package standing

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/named"
	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
)

// Account is what a connector is configured with, without a secret.
func (s *Shift) Account() talkdeskapi.Account {
	a, at := s.desk.options.Account, s.talkdesk.Addresses()
	v := talkdeskapi.Account{
		Account: a.Name, Region: a.Region, IdentityURL: at.Identity, APIURL: at.API, StorageURL: at.Storage, Clients: []talkdeskapi.Client{}, Integrations: []talkdeskapi.Integration{}, Touchpoints: []talkdeskapi.Touchpoint{}, Remarks: a.Remarks(),
	}
	for _, c := range a.Clients {
		one := talkdeskapi.Client{ID: c.ID, Secret: c.Secret != "", Keys: []string{}, Scopes: append([]string{}, c.Scopes...)}
		for _, k := range c.Keys {
			one.Keys = append(one.Keys, k.ID)
		}
		v.Clients = append(v.Clients, one)
	}
	for _, i := range a.Integrations {
		v.Integrations = append(v.Integrations, talkdeskapi.Integration{Name: i.Name, BasePath: i.BasePath, Auth: cmp.Or(string(i.Auth.Type), "none"), Actions: i.Actions})
	}
	for i := range a.Touchpoints {
		v.Touchpoints = append(v.Touchpoints, s.touchpointOf(&a.Touchpoints[i]))
	}
	return v
}

func (s *Shift) touchpointOf(t *digitalconnect.Touchpoint) talkdeskapi.Touchpoint {
	s.mu.Lock()
	active := !s.inactive[t.ID]
	s.mu.Unlock()
	v := talkdeskapi.Touchpoint{
		ID: t.ID, Name: t.FriendlyName, Integration: t.Integration, Active: active, Arguments: []talkdeskapi.Argument{},
		Files: talkdeskapi.Files{AgentCanSend: t.Attachments.AgentCanSend, MaxKB: t.Attachments.MaxKB, Extensions: append([]string{}, t.Attachments.Extensions...)},
	}
	for _, f := range s.desk.options.Account.Flows {
		if f.ID != t.Flow {
			continue
		}
		for _, a := range f.Arguments {
			v.Arguments = append(v.Arguments, talkdeskapi.Argument{Name: a.Name, Exposed: a.Expose})
		}
	}
	return v
}

// SetStatus turns a touchpoint on or off.
func (s *Shift) SetStatus(name string, to talkdeskapi.Status) (talkdeskapi.Touchpoint, error) {
	all := s.desk.options.Account.Touchpoints
	i := slices.IndexFunc(all, func(t digitalconnect.Touchpoint) bool { return t.ID == name || t.FriendlyName == name })
	if i < 0 {
		return talkdeskapi.Touchpoint{}, api.Refuse(api.Unknown, "there is no touchpoint %q; the account lists those that there are", name)
	}
	if err := s.talkdesk.SetStatus(all[i].ID, to.Active); err != nil {
		return talkdeskapi.Touchpoint{}, refused(err)
	}
	s.mu.Lock()
	s.inactive[all[i].ID] = !to.Active
	s.mu.Unlock()
	is := digitalconnect.StatusInactive
	if to.Active {
		is = digitalconnect.StatusActive
	}
	s.note("touchpoint "+is, "The touchpoint "+all[i].ID+" is "+is+".")
	return s.touchpointOf(&all[i]), nil
}

// note writes down what was changed from outside.
func (s *Shift) note(name, words string) {
	s.journal.Append(journal.Entry{Kind: journal.Act, From: journal.Kit, To: digitalconnect.API, Name: name, Note: words})
}

// RevokeTokens takes back every token that is good now.
func (s *Shift) RevokeTokens() talkdeskapi.Revoked {
	revoked := talkdeskapi.Revoked{Revoked: s.talkdesk.RevokeTokens()}
	s.note("tokens revoked", fmt.Sprintf("So many tokens are good no more: %d.", revoked.Revoked))
	return revoked
}

// FailFiles has the files of the next message not taken.
func (s *Shift) FailFiles(f talkdeskapi.FileFailure) {
	s.talkdesk.FailFilesOfNextMessage(f.Reason)
	s.note("files fail", "The files of the next message are not taken: "+f.Reason)
}

// conversation finds one of the conversations.
func (s *Shift) conversation(name string) (*digitalconnect.Conversation, error) {
	email := func(c *digitalconnect.Conversation) string { return c.Snapshot().Email }
	return named.Pick("conversation", "have a user of the connector ask for an agent, or start one", name, s.talkdesk.Conversations(), (*digitalconnect.Conversation).ID, email)
}

// Conversations are all conversations, the newest first if that is wanted; state is empty for any.
func (s *Shift) Conversations(state string, newest bool, limit int) []talkdeskapi.Summary {
	all := s.talkdesk.Conversations()
	if newest {
		slices.Reverse(all)
	}
	list := []talkdeskapi.Summary{}
	for _, c := range all {
		if len(list) == limit {
			break
		}
		if one := summaryOf(c.Snapshot()); state == "" || one.State == state {
			list = append(list, one)
		}
	}
	return list
}

// Conversation is one of the conversations, by id, an unambiguous beginning of it, the contact's e-mail address, or @last.
func (s *Shift) Conversation(name string) (talkdeskapi.Conversation, error) {
	c, err := s.conversation(name)
	if err != nil {
		return talkdeskapi.Conversation{}, err
	}
	return viewOf(c), nil
}

// Start has an agent start a conversation.
func (s *Shift) Start(given talkdeskapi.NewConversation) (talkdeskapi.Conversation, error) {
	if given.Touchpoint == "" {
		for _, t := range s.Account().Touchpoints {
			if t.Active {
				given.Touchpoint = t.ID
				break
			}
		}
	}
	if given.Touchpoint == "" {
		return talkdeskapi.Conversation{}, api.Refuse(api.Conflict, "no touchpoint is active; turn one on")
	}
	c, err := s.talkdesk.StartOutward(digitalconnect.Outward{Touchpoint: given.Touchpoint, Email: given.Email, User: given.User, Subject: given.Subject})
	if err != nil {
		return talkdeskapi.Conversation{}, refused(err)
	}
	return viewOf(c), nil
}

// Say has an agent say something.
func (s *Shift) Say(name string, words talkdeskapi.Words) (talkdeskapi.Acted, error) {
	return s.say(name, words, nil)
}

// SendFile has an agent send a file, with words to go with it.
func (s *Shift) SendFile(name string, words talkdeskapi.Words, file digitalconnect.File) (talkdeskapi.Acted, error) {
	return s.say(name, words, []digitalconnect.File{file})
}

func (s *Shift) say(name string, words talkdeskapi.Words, files []digitalconnect.File) (talkdeskapi.Acted, error) {
	c, err := s.conversation(name)
	if err != nil {
		return talkdeskapi.Acted{}, err
	}
	sent, err := c.Say(digitalconnect.Message{Text: words.Text, Author: digitalconnect.Author{Name: words.Author, Type: words.AuthorType}, Files: files})
	if err != nil {
		return talkdeskapi.Acted{}, refused(err)
	}
	return talkdeskapi.Acted{Conversation: c.ID(), Message: sent.ID, Files: filesOf(sent.Files), Delivery: deliveryOf(sent.Delivery, digitalconnect.MessageCreated, c.ID())}, nil
}

// End has the agent end a conversation.
func (s *Shift) End(name string) (talkdeskapi.Conversation, error) {
	return s.ending(name, func(c *digitalconnect.Conversation) error { return c.End() })
}

// EndSilently ends a conversation without an event.
func (s *Shift) EndSilently(name string) (talkdeskapi.Conversation, error) {
	return s.ending(name, (*digitalconnect.Conversation).EndSilently)
}

func (s *Shift) ending(name string, end func(*digitalconnect.Conversation) error) (talkdeskapi.Conversation, error) {
	c, err := s.conversation(name)
	if err != nil {
		return talkdeskapi.Conversation{}, err
	}
	if err := end(c); err != nil {
		return talkdeskapi.Conversation{}, refused(err)
	}
	return viewOf(c), nil
}

// File is the content of one that was taken.
func (s *Shift) File(id string) ([]byte, error) {
	content, err := s.talkdesk.File(id)
	return content, refused(err)
}

// emitted is a call that was made by hand.
type emitted struct {
	delivery     *digitalconnect.Delivery
	conversation string
}

// Emit makes a webhook call that nothing is checked of.
func (s *Shift) Emit(e talkdeskapi.Emission) (talkdeskapi.Delivery, error) {
	if len(e.Body) > 0 && e.Text != nil {
		return talkdeskapi.Delivery{}, api.Refuse(api.Invalid, "expected one of body and text, found both")
	}
	known := func(i digitalconnect.Integration) bool { return i.Name == e.Integration }
	if e.Integration != "" && !slices.ContainsFunc(s.desk.options.Account.Integrations, known) {
		return talkdeskapi.Delivery{}, api.Refuse(api.Unknown, "there is no integration %q; the account lists those that there are", e.Integration)
	}
	raw := digitalconnect.Raw{Body: e.Body, Header: http.Header{}, Method: e.Method, Path: e.Path, Integration: e.Integration, Conversation: e.Conversation}
	if e.Text != nil {
		raw.Body = []byte(*e.Text)
	}
	for name, value := range e.Headers {
		raw.Header[http.CanonicalHeaderKey(name)] = nil
		if value != nil {
			raw.Header.Set(name, *value)
		}
	}
	one := &emitted{conversation: e.Conversation}
	s.mu.Lock()
	defer s.mu.Unlock()
	one.delivery = s.talkdesk.Emit(raw)
	if s.emitted = append(s.emitted, one); len(s.emitted) > mostEmitted {
		s.emitted = slices.Delete(s.emitted, 0, 1)
	}
	return deliveryOf(one.delivery, rawAction, e.Conversation), nil
}
