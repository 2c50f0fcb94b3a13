package talkdesk_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/talkdesk"
	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/fault"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryOperation exercises the whole document through the client, whose every exchange is held against it, with a connector that calls and is told.
func TestEveryOperation(t *testing.T) {
	s := open(t)
	s.serverTells()
	s.accountIsShown()
	s.conversationIsHeld()
	s.agentStarts()
	s.anythingIsEmitted()
	s.accountIsBent()
	s.faultsArePlayed()
	s.timePasses()
	s.journalIsRead()
	s.allBeginsAnew()
	s.exchange.Covers()
}

func (s *stage) serverTells() {
	t := s.t
	require.NoError(t, s.client.Health(s.ctx))
	require.NoError(t, s.client.Ready(s.ctx))
	served, err := s.client.Document(s.ctx)
	require.NoError(t, err)
	written, err := talkdesk.Document()
	require.NoError(t, err)
	assert.Equal(t, string(written), string(served))
	_, err = s.client.DocumentJSON(s.ctx)
	require.NoError(t, err)
	what, err := s.client.Server(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, "digital-connect", what.Contract)
	assert.Equal(t, s.wire, what.Wire.URL)
	tenants, err := s.client.Accounts(s.ctx)
	require.NoError(t, err)
	require.Len(t, tenants, 1)
	one, err := s.talkdesk.Describe(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, "acme", one.Account)
	assert.Zero(t, one.Conversations)
	_, err = s.client.Tenant("other").Describe(s.ctx)
	problem(t, err, http.StatusNotFound, `no tenant "other"`)
}

func (s *stage) accountIsShown() {
	t := s.t
	a, err := s.talkdesk.Account(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{"acme", "US", s.wire, s.wire, s.wire}, []string{a.Account, a.Region, a.IdentityURL, a.APIURL, a.StorageURL})
	assert.Equal(t, []talkdeskapi.Client{{ID: "kit-client", Secret: true, Keys: []string{}, Scopes: []string{"digital-connect:read", "digital-connect:write"}}}, a.Clients)
	assert.Equal(t, []talkdeskapi.Argument{{Name: "Intent", Exposed: true}, {Name: "Reason"}}, a.Touchpoints[0].Arguments)
	assert.True(t, a.Touchpoints[0].Active)
	assert.Len(t, a.Remarks, 1, "the client has no scopes for files")
}

// conversationIsHeld goes from the question to the end.
func (s *stage) conversationIsHeld() {
	t := s.t
	_, err := s.talkdesk.Conversation(s.ctx, "@last")
	problem(t, err, http.StatusNotFound, "there is no conversation yet; have a user of the connector ask for an agent, or start one")
	s.signsIn()
	id := s.asks("ann@example.test")
	c, err := s.talkdesk.Conversation(s.ctx, "ANN@example.test")
	require.NoError(t, err)
	assert.Equal(t, talkdeskapi.Summary{ID: id, State: "open", Touchpoint: touchpoint, Email: "ann@example.test", Subject: new("Lamp")}, c.Summary)
	assert.Equal(t, map[string]any{"Intent": "billing"}, c.Exposed)
	assert.Equal(t, map[string]any{"intent": "billing", "reason": "broken"}, c.Variables)
	assert.Equal(t, []string{"Colour"}, c.Unmapped)
	assert.Equal(t, []talkdeskapi.Previous{{Type: "USER", Content: "hi", CreatedAt: "2025-01-01T00:00:00.000Z"}}, c.Previous)
	status, _ := s.calls("/digital-connect/conversations/"+id+"/messages", `{"content":"My lamp is broken"}`)
	require.Equal(t, http.StatusCreated, status)
	said, err := s.talkdesk.Say(s.ctx, id[:8], talkdeskapi.Words{Text: new("Which <b>one</b>?"), Author: "Dana"})
	require.NoError(t, err)
	event := s.hears("MESSAGE_CREATED")
	payload, _ := event["payload"].(map[string]any)
	assert.Equal(t, said.Message, payload["id"])
	assert.Equal(t, "Which <b>one</b>?", payload["content"])
	sent, err := s.talkdesk.SendFile(s.ctx, id, client.File{Name: "bill.pdf", Type: "application/pdf", Agent: "Dana", Text: "Look", Content: strings.NewReader("12345")})
	require.NoError(t, err)
	require.Len(t, sent.Files, 1)
	assert.Equal(t, "bill.pdf", sent.Files[0].Name)
	s.hears("MESSAGE_CREATED")
	content, err := s.talkdesk.File(s.ctx, sent.Files[0].ID)
	require.NoError(t, err)
	assert.Equal(t, "12345", string(content))
	_, err = s.talkdesk.File(s.ctx, "none")
	problem(t, err, http.StatusNotFound, `an attachment "none"`)
	_, err = s.talkdesk.SendFile(s.ctx, id, client.File{Name: "bill.exe", Content: strings.NewReader("12345")})
	problem(t, err, http.StatusConflict, `The extension of the file "bill.exe" is not allowed`)
	_, err = s.talkdesk.Say(s.ctx, "nobody", talkdeskapi.Words{})
	problem(t, err, http.StatusNotFound, `there is no conversation "nobody"`)
	over, err := s.talkdesk.End(s.ctx, id)
	require.NoError(t, err)
	assert.Equal(t, "ended", over.State)
	assert.Equal(t, "agent", over.EndedBy)
	s.hears("CONVERSATION_ENDED")
	assert.Equal(t, []string{"contact", "agent", "agent"}, []string{over.Said[0].From, over.Said[1].From, over.Said[2].From})
	_, err = s.talkdesk.Say(s.ctx, id, talkdeskapi.Words{Text: new("Hello?")})
	problem(t, err, http.StatusConflict, "the conversation has ended")
	silent := s.asks("bob@example.test")
	_, err = s.talkdesk.EndSilently(s.ctx, silent)
	require.NoError(t, err)
	status, answer := s.calls("/digital-connect/conversations/"+silent+"/messages", `{"content":"Hello?"}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "3016011", answer["code"])
	assert.Empty(t, s.events, "nobody was told")
	s.deliveriesAreTold(id)
}

// deliveriesAreTold looks at what became of the three events of a conversation.
func (s *stage) deliveriesAreTold(id string) {
	t := s.t
	_, err := s.talkdesk.Wait(s.ctx, api.Wait{Match: `kind == "response" && to == "webhook"`, Count: 3, Timeout: api.Duration(patience)})
	require.NoError(t, err)
	list, err := s.talkdesk.Deliveries(s.ctx, id, 0)
	require.NoError(t, err)
	require.Len(t, list, 3)
	var actions []string
	for _, d := range list {
		assert.Equal(t, []any{"answered", http.StatusNoContent, id}, []any{d.State, d.Status, d.Conversation})
		assert.True(t, json.Valid([]byte(d.Body)))
		actions = append(actions, d.Action)
	}
	assert.Equal(t, []string{"message_created", "message_created", "conversation_ended"}, actions)
	last, err := s.talkdesk.Deliveries(s.ctx, "", 1)
	require.NoError(t, err)
	assert.Equal(t, list[2:], last)
	_, err = s.talkdesk.Deliveries(s.ctx, "nobody", 0)
	problem(t, err, http.StatusNotFound, `there is no conversation "nobody"`)
}

func (s *stage) agentStarts() {
	t := s.t
	made, err := s.talkdesk.Start(s.ctx, talkdeskapi.NewConversation{Email: "cyd@example.test", User: "Dana"})
	require.NoError(t, err)
	assert.True(t, made.Outbound)
	event := s.hears("CONVERSATION_STARTED")
	assert.Equal(t, made.ID, event["conversation_id"])
	_, err = s.talkdesk.Start(s.ctx, talkdeskapi.NewConversation{Email: "cyd@example.test", Touchpoint: "none"})
	problem(t, err, http.StatusNotFound, `a touchpoint "none"`)
	open, err := s.talkdesk.Conversations(s.ctx, client.StateQuery{State: "open", Newest: true, Limit: 1})
	require.NoError(t, err)
	require.Len(t, open, 1)
	assert.Equal(t, made.ID, open[0].ID)
	ended, err := s.talkdesk.Conversations(s.ctx, client.StateQuery{State: "ended"})
	require.NoError(t, err)
	assert.Len(t, ended, 2)
	_, err = s.talkdesk.Conversations(s.ctx, client.StateQuery{State: "lost"})
	problem(t, err, http.StatusBadRequest, "state: expected one of")
}

func (s *stage) anythingIsEmitted() {
	t := s.t
	body := `{"event_type":"PIGEON", "event_type":"MESSAGE_CREATED"}`
	d, err := s.talkdesk.Emit(s.ctx, talkdeskapi.Emission{Body: json.RawMessage(body), Headers: map[string]*string{"X-Mine": new("yes"), "content-type": nil}, Path: "/"})
	require.NoError(t, err)
	assert.Equal(t, "raw", d.Action)
	s.hears("MESSAGE_CREATED")
	_, err = s.talkdesk.Emit(s.ctx, talkdeskapi.Emission{Text: new("no JSON"), Method: "PUT", Conversation: "nobody"})
	require.NoError(t, err)
	assert.Nil(t, <-s.events)
	_, err = s.talkdesk.Wait(s.ctx, api.Wait{Match: `kind == "response" && name == "PUT raw"`, Timeout: api.Duration(patience)})
	require.NoError(t, err)
	list, err := s.talkdesk.Deliveries(s.ctx, "", 2)
	require.NoError(t, err)
	assert.Equal(t, []string{"raw", "raw", "no JSON", "nobody"}, []string{list[0].Action, list[1].Action, list[1].Body, list[1].Conversation})
	_, err = s.talkdesk.Emit(s.ctx, talkdeskapi.Emission{Integration: "none"})
	problem(t, err, http.StatusNotFound, `there is no integration "none"`)
	_, err = s.talkdesk.Emit(s.ctx, talkdeskapi.Emission{Body: json.RawMessage(`{}`), Text: new("")})
	problem(t, err, http.StatusBadRequest, "found both")
}

func (s *stage) accountIsBent() {
	t := s.t
	off, err := s.talkdesk.SetStatus(s.ctx, "Web", false)
	require.NoError(t, err)
	assert.False(t, off.Active)
	status, _ := s.calls("/digital-connect/conversations", `{"touchpoint_id":"`+touchpoint+`","contact_person":{"email":"a@b.test"}}`)
	assert.Equal(t, http.StatusConflict, status)
	_, err = s.talkdesk.Start(s.ctx, talkdeskapi.NewConversation{Email: "a@b.test"})
	problem(t, err, http.StatusConflict, "no touchpoint is active")
	_, err = s.talkdesk.SetStatus(s.ctx, touchpoint, true)
	require.NoError(t, err)
	_, err = s.talkdesk.SetStatus(s.ctx, "none", true)
	problem(t, err, http.StatusNotFound, `there is no touchpoint "none"`)
	revoked, err := s.talkdesk.RevokeTokens(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, revoked.Revoked)
	status, _ = s.calls("/digital-connect/conversations", "{}")
	assert.Equal(t, http.StatusUnauthorized, status)
	s.signsIn()
	id := s.asks("eve@example.test")
	require.NoError(t, s.talkdesk.FailFiles(s.ctx, "It could not be scanned."))
	status, answer := s.calls("/digital-connect/conversations/"+id+"/messages", `{"content":"Here it is"}`)
	assert.Equal(t, http.StatusPartialContent, status)
	assert.Equal(t, "It could not be scanned.", answer["partial_fail_reason"])
}

func (s *stage) faultsArePlayed() {
	t := s.t
	f, err := s.talkdesk.AddFault(s.ctx, api.NewFault{Kind: "refuse", Operation: "message", Status: 503, When: &api.When{Next: 1}})
	require.NoError(t, err)
	assert.Equal(t, `answer 503, for the next 1 of "message"`, f.Says)
	status, _ := s.calls("/digital-connect/conversations/x/messages", `{"content":"a"}`)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	spent, err := s.talkdesk.Fault(s.ctx, f.ID)
	require.NoError(t, err)
	assert.Equal(t, 0, *spent.Left)
	added, err := s.talkdesk.AddRules(s.ctx, fault.Rule{Fault: fault.Fault{Kind: fault.TooMany, For: 30 * time.Second}, Scope: fault.Scope{Operation: "token"}}, fault.Rule{Fault: fault.Fault{Kind: fault.Hang}, Scope: fault.Scope{Operation: "upload"}})
	require.NoError(t, err)
	require.Len(t, added, 2)
	status, _ = s.calls("/oauth/token", "grant_type=client_credentials")
	assert.Equal(t, http.StatusTooManyRequests, status)
	_, err = s.talkdesk.AddRules(s.ctx, fault.Rule{Fault: fault.Fault{Kind: fault.NoCORS}})
	require.Error(t, err)
	list, err := s.talkdesk.Faults(s.ctx)
	require.NoError(t, err)
	assert.Len(t, list.Faults, 2)
	require.NoError(t, s.talkdesk.RemoveFault(s.ctx, added[0].ID))
	problem(t, s.talkdesk.RemoveFault(s.ctx, added[0].ID), http.StatusNotFound, "there is no fault")
	_, err = s.talkdesk.AddFault(s.ctx, api.NewFault{Kind: "hold-reply", Operation: "token"})
	require.NoError(t, err)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		s.signsIn()
	}()
	_, err = s.talkdesk.Wait(s.ctx, api.Wait{Match: `name == "fault.played" && data.kind == "hold-reply"`, Timeout: api.Duration(patience)})
	require.NoError(t, err)
	released, err := s.talkdesk.ReleaseFaults(s.ctx, "token")
	require.NoError(t, err)
	assert.Len(t, released.Removed, 1)
	<-answered
	cleared, err := s.talkdesk.ClearFaults(s.ctx)
	require.NoError(t, err)
	assert.Len(t, cleared.Removed, 1)
}

func (s *stage) timePasses() {
	t := s.t
	before, err := s.talkdesk.Clock(s.ctx)
	require.NoError(t, err)
	after, err := s.talkdesk.Advance(s.ctx, api.Duration(time.Hour))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, after.Now.Sub(before.Now), time.Hour)
	status, _ := s.calls("/digital-connect/conversations", "{}")
	assert.Equal(t, http.StatusUnauthorized, status, "the token has grown old")
	_, err = s.talkdesk.Advance(s.ctx, api.Duration(1000*time.Hour))
	problem(t, err, http.StatusBadRequest, "from 0 to 720h")
}

func (s *stage) journalIsRead() {
	t := s.t
	page, err := s.talkdesk.Journal(s.ctx, client.JournalQuery{Match: `from == "connector" && to == "identity"`})
	require.NoError(t, err)
	require.NotEmpty(t, page.Entries)
	assert.Contains(t, string(page.Entries[0].Data), `"Basic [redacted]"`)
	whole, err := s.talkdesk.Journal(s.ctx, client.JournalQuery{Limit: 1000})
	require.NoError(t, err)
	for _, e := range whole.Entries {
		assert.NotContains(t, string(e.Data)+e.Note, secret)
		assert.NotContains(t, string(e.Data)+e.Note, s.bearer)
	}
	one, err := s.talkdesk.Entry(s.ctx, page.Entries[0].Seq)
	require.NoError(t, err)
	assert.Equal(t, page.Entries[0], one)
	count, err := s.talkdesk.Count(s.ctx, api.Count{Match: `from == "agent" && name == "say"`})
	require.NoError(t, err)
	assert.Equal(t, 2, count.Count)
	outcome, err := s.talkdesk.Verify(s.ctx, api.Verify{Match: `name == "touchpoint inactive"`})
	require.NoError(t, err)
	assert.True(t, outcome.OK, outcome.Says)
	enough := errors.New("enough")
	seen := 0
	err = s.talkdesk.Follow(s.ctx, client.Follow{FromStart: true}, func(api.Entry) error {
		if seen++; seen == 3 {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	figures, err := s.client.Metrics(s.ctx)
	require.NoError(t, err)
	for _, want := range []string{"deskcheck_conversations_open 2\n", `deskcheck_webhooks_total{status="204"} 6`, `deskcheck_wire_requests_total{party="identity",status="200"} 3`, "deskcheck_violations_total"} {
		assert.Contains(t, string(figures), want)
	}
}

func (s *stage) allBeginsAnew() {
	t := s.t
	began := make(chan struct{})
	followed := make(chan error, 1)
	go func() {
		followed <- s.talkdesk.Follow(s.ctx, client.Follow{Began: func() { close(began) }}, func(api.Entry) error { return nil })
	}()
	<-began
	fresh, err := s.talkdesk.Reset(s.ctx)
	require.NoError(t, err)
	assert.Zero(t, fresh.Conversations)
	assert.Zero(t, fresh.Journal.Last)
	require.ErrorContains(t, <-followed, "the tenant was reset")
	s.signsIn()
	s.asks("ann@example.test")
}
