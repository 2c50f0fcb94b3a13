package manager_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/manager"
	"deskcheck/mockdesk/control/managerapi"
	"deskcheck/mockdesk/floor"
	"deskcheck/mockdesk/floor/floortest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryOperation exercises the whole document through the client, whose every exchange is held against it, with desks that are signed in.
func TestEveryOperation(t *testing.T) {
	s := open(t, floor.Config{Base: "/agent-manager"})
	s.serverTells()
	s.peopleAndPlaces()
	s.customersAreServed()
	s.customersComeByEveryWay()
	s.systemActs()
	s.agentsAreMovedFromOutside()
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
	s.server.SetReady(false)
	problem(t, s.client.Ready(s.ctx), http.StatusServiceUnavailable, "starting or stopping")
	s.server.SetReady(true)
	served, err := s.client.Document(s.ctx)
	require.NoError(t, err)
	written, err := manager.Document()
	require.NoError(t, err)
	assert.Equal(t, string(written), string(served))
	_, err = s.client.DocumentJSON(s.ctx)
	require.NoError(t, err)
	what, err := s.client.Server(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, "agent-manager", what.Contract)
	assert.Equal(t, s.wire, what.Wire.URL)
	tenants, err := s.client.Managers(s.ctx)
	require.NoError(t, err)
	require.Len(t, tenants, 1)
	one, err := s.manager.Describe(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, "cx-2024", one.Dialect)
	assert.Equal(t, api.Duration(5*time.Second), one.Timing.RONA)
	assert.Equal(t, 3, one.Agents)
	_, err = s.client.Tenant("other").Describe(s.ctx)
	problem(t, err, http.StatusNotFound, `no tenant "other"`)
}

func (s *stage) peopleAndPlaces() {
	t := s.t
	people, err := s.manager.Agents(s.ctx)
	require.NoError(t, err)
	require.Len(t, people, 3)
	assert.Equal(t, managerapi.Agent{
		Username: "amy", ID: people[0].ID, Name: "Amy Adams", Team: "team-one", Supervises: []string{}, State: "AWAY",
		Domains: []managerapi.AgentDomain{{ID: "mrd-chat", Name: "CHAT", State: "LOGOUT", MaxTasks: 5}}, Offers: []string{}, Conversations: []string{},
	}, people[0])
	assert.Equal(t, []string{"team-one"}, people[2].Supervises)
	cat, err := s.manager.AddAgent(s.ctx, managerapi.NewAgent{Username: "cat", Password: "cat-secret", FirstName: "Cat", LastName: "Cole", Team: "team-two"})
	require.NoError(t, err)
	again, err := s.manager.Agent(s.ctx, "cat")
	require.NoError(t, err)
	assert.Equal(t, cat, again)
	_, err = s.manager.AddAgent(s.ctx, managerapi.NewAgent{Username: "cat", Password: "x"})
	problem(t, err, http.StatusConflict, `there is an agent "cat" already`)
	_, err = s.manager.Agent(s.ctx, "nobody")
	problem(t, err, http.StatusNotFound, `there is no agent "nobody"`)
	support, err := s.manager.AddQueue(s.ctx, managerapi.NewQueue{Name: "support", Agents: []string{"cat"}})
	require.NoError(t, err)
	_, err = s.manager.AddQueue(s.ctx, managerapi.NewQueue{Name: "support"})
	problem(t, err, http.StatusConflict, `a queue "support" already`)
	_, err = s.manager.AddQueue(s.ctx, managerapi.NewQueue{Name: "garden", Agents: []string{"nobody"}})
	problem(t, err, http.StatusBadRequest, `agents: there is no agent "nobody"`)
	queues, err := s.manager.Queues(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, support, queues[1])
	_, err = s.manager.AddList(s.ctx, managerapi.NewList{Name: "later", Description: "For later"})
	require.NoError(t, err)
	_, err = s.manager.AddList(s.ctx, managerapi.NewList{Name: "later"})
	problem(t, err, http.StatusConflict, `a list "later" already`)
	lists, err := s.manager.Lists(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, "For later", lists[1].Description)
	domains, err := s.manager.Domains(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, []managerapi.Domain{{ID: "mrd-chat", Name: "CHAT", Description: "Text channels", Interruptible: true, MaxTasks: 5}}, domains)
	channels, err := s.manager.Channels(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, managerapi.Channel{Name: "WEB", Domain: "mrd-chat"}, channels[0])
}

// customersAreServed holds a conversation from the question to the farewell, with a desk on the real protocol.
func (s *stage) customersAreServed() {
	t := s.t
	amy := s.desk("amy")
	amy.Goes("READY")
	kim, err := s.manager.AddCustomer(s.ctx, managerapi.NewCustomer{Person: managerapi.Person{FirstName: "Kim"}, Request: managerapi.Request{Queue: "sales", Says: &managerapi.Words{Text: "Where is my lamp?"}}})
	require.NoError(t, err)
	offered, err := s.manager.Conversation(s.ctx, "@last")
	require.NoError(t, err)
	assert.Equal(t, []string{"amy"}, offered.Offered)
	assert.True(t, offered.Waits)
	assert.Equal(t, "sales", offered.Queue)
	person, err := s.manager.Agent(s.ctx, "amy")
	require.NoError(t, err)
	assert.Equal(t, "READY", person.State)
	assert.True(t, person.Connected)
	assert.Equal(t, []string{kim.Conversation}, person.Offers)
	topic := amy.Take()
	_, err = s.manager.Type(s.ctx, "kim")
	require.NoError(t, err)
	amy.AwaitCIM("TYPING_INDICATOR")
	said := amy.Says(topic, "On its way.")
	heard, err := s.manager.Wait(s.ctx, api.Wait{Match: `to == "customer" && name == "AGENT_MESSAGE"`, Timeout: api.Duration(patience)})
	require.NoError(t, err)
	assert.Equal(t, kim.Conversation, heard.Entries[0].Conversation)
	kim, err = s.manager.Customer(s.ctx, kim.ID[:8])
	require.NoError(t, err)
	require.Len(t, kim.Received, 1)
	assert.Equal(t, "On its way.", kim.Received[0].Text)
	for _, status := range []string{"DELIVERED", "READ", "FAILED"} {
		done, err := s.manager.Deliver(s.ctx, "kim", managerapi.Delivery{Status: status})
		require.NoError(t, err)
		assert.Equal(t, said, done.Message)
		receipt := amy.AwaitCIM("MESSAGE_DELIVERY_NOTIFICATION")
		assert.Equal(t, status, receipt["data"].(floortest.Object)["body"].(floortest.Object)["status"])
	}
	_, err = s.manager.Deliver(s.ctx, "kim", managerapi.Delivery{Message: "none", Status: "READ"})
	problem(t, err, http.StatusBadRequest, `no agent's message "none"`)
	_, err = s.manager.Reply(s.ctx, "kim", managerapi.Reply{To: "@last", Words: managerapi.Words{Text: "Thank you!"}})
	require.NoError(t, err)
	reply := amy.AwaitCIM("CUSTOMER_MESSAGE")
	assert.Equal(t, said, reply["data"].(floortest.Object)["header"].(floortest.Object)["originalMessageId"])
	_, err = s.manager.Open(s.ctx, "kim", "WHATSAPP")
	require.NoError(t, err)
	amy.AwaitCIM("CHANNEL_SESSION_STARTED")
	_, err = s.manager.Open(s.ctx, "kim", "PIGEON")
	problem(t, err, http.StatusBadRequest, `no channel "PIGEON"`)
	_, err = s.manager.Identify(s.ctx, "kim", managerapi.Person{FirstName: "Kimberly", LastName: "Vale"})
	require.NoError(t, err)
	amy.AwaitCIM("ASSOCIATED_CUSTOMER_CHANGED")
	now, err := s.manager.Conversation(s.ctx, kim.Conversation)
	require.NoError(t, err)
	assert.Equal(t, []managerapi.Participant{{Agent: "amy", Role: "PRIMARY", Task: "ACTIVE"}}, now.Agents)
	assert.Equal(t, "Kimberly", now.Customer.FirstName)
	assert.Len(t, now.Sessions, 2)
	s.everythingIsSaid(amy, now.Customer.ID)
	s.transcriptIsPaged(now.ID)
	_, err = s.manager.Start(s.ctx, "kimberly", managerapi.Request{})
	problem(t, err, http.StatusConflict, "have the customer leave it first")
	_, err = s.manager.Leave(s.ctx, "kimberly")
	require.NoError(t, err)
	amy.Await("topicUnsubscription")
	_, err = s.manager.Say(s.ctx, "kimberly", managerapi.Words{Text: "Too late"})
	problem(t, err, http.StatusConflict, "the conversation is over")
	again, err := s.manager.Start(s.ctx, "kimberly", managerapi.Request{Says: &managerapi.Words{Text: "One more thing."}})
	require.NoError(t, err)
	assert.NotEqual(t, now.ID, again.Conversation)
	amy.Take()
	_, err = s.manager.Leave(s.ctx, "kimberly")
	require.NoError(t, err)
	amy.Leave()
}

// everythingIsSaid has a customer say a message of every type, and what cannot be said.
func (s *stage) everythingIsSaid(amy *floortest.Desk, customer string) {
	t := s.t
	samples, err := s.manager.Samples(s.ctx)
	require.NoError(t, err)
	require.Greater(t, len(samples), 20)
	for _, one := range samples {
		_, err := s.manager.Say(s.ctx, customer, managerapi.Words{Sample: one.Type})
		require.NoError(t, err)
		heard := amy.AwaitCIM("CUSTOMER_MESSAGE")
		assert.Equal(t, one.Type, heard["data"].(floortest.Object)["body"].(floortest.Object)["type"])
	}
	_, err = s.manager.Say(s.ctx, customer, managerapi.Words{Body: json.RawMessage(`{"type":"PLAIN","markdownText":"By its body"}`)})
	require.NoError(t, err)
	_, err = s.manager.Say(s.ctx, customer, managerapi.Words{Body: json.RawMessage(`{"type":"IMAGE"}`)})
	problem(t, err, http.StatusBadRequest, "the body cannot be said")
	_, err = s.manager.Say(s.ctx, customer, managerapi.Words{Sample: "SONG"})
	problem(t, err, http.StatusBadRequest, `sample: there is no message type "SONG"`)
	_, err = s.manager.Say(s.ctx, customer, managerapi.Words{})
	problem(t, err, http.StatusBadRequest, "expected one of text, body and sample, found 0")
	_, err = s.manager.Say(s.ctx, customer, managerapi.Words{Text: "a", Sample: "PLAIN"})
	problem(t, err, http.StatusBadRequest, "found 2")
	_, err = s.manager.Say(s.ctx, "nobody", managerapi.Words{Text: "a"})
	problem(t, err, http.StatusNotFound, `there is no customer "nobody"`)
}

func (s *stage) transcriptIsPaged(conversation string) {
	t := s.t
	var all []managerapi.Event
	for after := 0; ; {
		page, err := s.manager.Events(s.ctx, conversation, after, 10)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Events), 10)
		all = append(all, page.Events...)
		if after = page.Next; after == 0 {
			break
		}
	}
	texts := map[string]string{}
	for i, e := range all {
		assert.Equal(t, i+1, e.Number)
		texts[e.Text] = e.Sender
	}
	assert.Equal(t, "amy", texts["On its way."])
	assert.Equal(t, "Kim", texts["Where is my lamp?"])
	now, err := s.manager.Conversation(s.ctx, conversation)
	require.NoError(t, err)
	assert.Len(t, all, now.Events)
}

func (s *stage) customersComeByEveryWay() {
	t := s.t
	lee, err := s.manager.AddCustomer(s.ctx, managerapi.NewCustomer{Person: managerapi.Person{FirstName: "Lee", Anonymous: true}, Request: managerapi.Request{Routing: "PULL", List: "callbacks", Channel: "WHATSAPP"}})
	require.NoError(t, err)
	lists, err := s.manager.Lists(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, lists[0].Waiting)
	_, err = s.manager.AddCustomer(s.ctx, managerapi.NewCustomer{Person: managerapi.Person{FirstName: "Max"}, Request: managerapi.Request{Routing: "EXTERNAL"}})
	require.NoError(t, err)
	all, err := s.manager.Customers(s.ctx)
	require.NoError(t, err)
	assert.Len(t, all, 3)
	for want, r := range map[string]managerapi.Request{
		`there is no queue "attic"`: {Queue: "attic"}, `there is no list "attic"`: {Routing: "PULL", List: "attic"}, "list: a request of the routing PULL": {Routing: "PULL"}, `there is no channel "PIGEON"`: {Channel: "PIGEON"},
	} {
		_, err := s.manager.AddCustomer(s.ctx, managerapi.NewCustomer{Person: managerapi.Person{FirstName: "Max"}, Request: r})
		problem(t, err, http.StatusBadRequest, want)
	}
	open, err := s.manager.Conversations(s.ctx, client.StageQuery{Stage: "open", Newest: true})
	require.NoError(t, err)
	require.Len(t, open, 2)
	assert.Equal(t, lee.Conversation, open[1].ID)
	closed, err := s.manager.Conversations(s.ctx, client.StageQuery{Stage: "CLOSED", Limit: 1})
	require.NoError(t, err)
	assert.Len(t, closed, 1)
	_, err = s.manager.Conversations(s.ctx, client.StageQuery{Stage: "lost"})
	problem(t, err, http.StatusBadRequest, "stage: expected one of")
}

func (s *stage) systemActs() {
	t := s.t
	ben := s.desk("ben")
	ben.Goes("READY")
	nan, err := s.manager.AddCustomer(s.ctx, managerapi.NewCustomer{Person: managerapi.Person{FirstName: "Nan"}})
	require.NoError(t, err)
	ben.Take()
	now, err := s.manager.SetData(s.ctx, nan.Conversation, map[string]any{"order": 7})
	require.NoError(t, err)
	assert.JSONEq(t, `{"order":7}`, string(now.Data))
	ben.AwaitCIM("CONVERSATION_DATA_CHANGED")
	now, err = s.manager.StartSLA(s.ctx, nan.Conversation, managerapi.SLA{Seconds: 60})
	require.NoError(t, err)
	assert.Contains(t, string(now.SLA), `"totalDuration":60`)
	ben.AwaitCIM("AGENT_SLA_STARTED")
	now, err = s.manager.StopSLA(s.ctx, nan.Conversation)
	require.NoError(t, err)
	assert.Empty(t, now.SLA)
	ben.AwaitCIM("AGENT_SLA_STOPPED")
	_, err = s.manager.Suggest(s.ctx, nan.Conversation, managerapi.Words{Text: "It is on its way."}, managerapi.Words{Sample: "IMAGE"})
	require.NoError(t, err)
	ben.AwaitCIM("BOT_SUGGESTION")
	sue := s.desk("sue")
	made, err := s.manager.Announce(s.ctx, managerapi.NewAnnouncement{Supervisor: "sue", Text: "We close at five."})
	require.NoError(t, err)
	assert.Equal(t, "sue", made.Supervisor)
	assert.Equal(t, "We close at five.", sue.Await("ANNOUNCEMENT_CREATED")["announcementText"])
	list, err := s.manager.Announcements(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, []managerapi.Announcement{made}, list)
	require.NoError(t, s.manager.Withdraw(s.ctx, made.ID))
	sue.Await("ANNOUNCEMENT_DELETED")
	problem(t, s.manager.Withdraw(s.ctx, made.ID), http.StatusNotFound, "there is no announcement")
	_, err = s.manager.Announce(s.ctx, managerapi.NewAnnouncement{Supervisor: "amy", Text: "No."})
	problem(t, err, http.StatusConflict, "amy supervises no team")
	over, err := s.manager.CloseConversation(s.ctx, nan.Conversation, "NIGHT")
	require.NoError(t, err)
	assert.Equal(t, "CLOSED", over.Stage)
	assert.Equal(t, "NIGHT", ben.Await("topicUnsubscription")["reason"])
	_, err = s.manager.CloseConversation(s.ctx, nan.Conversation, "")
	problem(t, err, http.StatusConflict, "the conversation is over")
	ben.Leave()
	sue.Leave()
}

func (s *stage) agentsAreMovedFromOutside() {
	t := s.t
	cat := s.desk("cat")
	cat.Goes("READY")
	now, err := s.manager.SetDomain(s.ctx, "cat", managerapi.DomainState{Domain: "mrd-chat", State: "INTERRUPTED"})
	require.NoError(t, err)
	assert.Equal(t, "INTERRUPTED", now.Domains[0].State)
	cat.Await("agentPresence")
	now, err = s.manager.SetDomain(s.ctx, "cat", managerapi.DomainState{Domain: "mrd-chat", State: ""})
	require.NoError(t, err)
	assert.Equal(t, "READY", now.Domains[0].State)
	_, err = s.manager.SetDomain(s.ctx, "cat", managerapi.DomainState{Domain: "mrd-voice", State: "UNKNOWN"})
	problem(t, err, http.StatusBadRequest, `no media routing domain "mrd-voice"`)
	_, err = s.manager.Emit(s.ctx, "cat", managerapi.Emission{Event: "marvel", Payload: json.RawMessage(`{"a":[1]}`)})
	require.NoError(t, err)
	assert.Equal(t, floortest.Object{"a": []any{1.0}}, cat.Await("marvel"))
	_, err = s.manager.Disconnect(s.ctx, "cat")
	require.NoError(t, err)
	cat.Gone()
	cat = s.desk("cat")
	_, err = s.manager.Cut(s.ctx, "cat")
	require.NoError(t, err)
	cat.Gone()
	cat = s.desk("cat")
	_, err = s.manager.ForceOut(s.ctx, "cat")
	require.NoError(t, err)
	state := cat.Await("agentPresence")["agentPresence"].(floortest.Object)["state"].(floortest.Object)
	assert.Equal(t, "LOGOUT", state["name"])
	cat.Leave()
	_, err = s.manager.Wait(s.ctx, api.Wait{Match: `kind == "closed" && name == "socket"`, Count: 5, Timeout: api.Duration(patience)})
	require.NoError(t, err)
	_, err = s.manager.ForceOut(s.ctx, "cat")
	problem(t, err, http.StatusConflict, "the agent is not signed in")
}

func (s *stage) faultsArePlayed() {
	t := s.t
	for _, status := range []int{400, 401, 408, 412, 500} {
		now, err := s.manager.FailLogins(s.ctx, status)
		require.NoError(t, err)
		assert.Equal(t, status, now.Logins)
		_, body := floortest.Login(t, s.wire, "amy", "amy-secret")
		assert.InDelta(t, status, body["statusCode"], 0)
	}
	_, err := s.manager.FailLogins(s.ctx, 418)
	problem(t, err, http.StatusBadRequest, "status: expected one of 400, 401, 408, 412, 500")
	now, err := s.manager.FailLogins(s.ctx, 0)
	require.NoError(t, err)
	assert.Zero(t, now.Logins)
	now, err = s.manager.RefuseHandshakes(s.ctx, &managerapi.Handshakes{Licence: "EXPIRED"})
	require.NoError(t, err)
	assert.Equal(t, "EXPIRED", now.Handshakes.Licence)
	_, refusal := floortest.Connect(t, s.wire, "amy", "amy-secret")
	assert.Contains(t, refusal, `"licStatus":"EXPIRED"`)
	_, err = s.manager.RefuseHandshakes(s.ctx, &managerapi.Handshakes{Licence: "EXPIRED", Message: "no"})
	problem(t, err, http.StatusBadRequest, "licence:")
	_, err = s.manager.RefuseHandshakes(s.ctx, &managerapi.Handshakes{Data: json.RawMessage(`{"content":{"msg":"no"}}`)})
	require.NoError(t, err)
	_, refusal = floortest.Connect(t, s.wire, "amy", "amy-secret")
	assert.Contains(t, refusal, `"message":"login-failed"`)
	_, err = s.manager.RefuseHandshakes(s.ctx, nil)
	require.NoError(t, err)
	_, err = s.manager.RefuseStates(s.ctx, true)
	require.NoError(t, err)
	_, err = s.manager.RefuseStates(s.ctx, false)
	require.NoError(t, err)
	amy := s.desk("amy")
	now, err = s.manager.Withhold(s.ctx, "agentPresence")
	require.NoError(t, err)
	assert.Equal(t, []managerapi.Withheld{{Event: "agentPresence"}}, now.Withheld)
	_, err = s.manager.SetDomain(s.ctx, "amy", managerapi.DomainState{Domain: "mrd-chat", State: "UNKNOWN"})
	require.NoError(t, err)
	now, err = s.manager.Faults(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, []managerapi.Withheld{{Event: "agentPresence", Kept: 1}}, now.Withheld)
	_, err = s.manager.Release(s.ctx, "agentPresence")
	require.NoError(t, err)
	amy.Await("agentPresence")
	_, err = s.manager.Release(s.ctx, "agentPresence")
	problem(t, err, http.StatusNotFound, `"agentPresence" is not withheld`)
	for _, set := range []error{
		second(s.manager.FailLogins(s.ctx, 500)), second(s.manager.RefuseHandshakes(s.ctx, &managerapi.Handshakes{})), second(s.manager.RefuseStates(s.ctx, true)), second(s.manager.Withhold(s.ctx, "errors")),
	} {
		require.NoError(t, set)
	}
	now, err = s.manager.Heal(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, managerapi.Faults{Withheld: []managerapi.Withheld{}}, now)
	amy.Leave()
}

func second[T any](_ T, err error) error { return err }

func (s *stage) timePasses() {
	t := s.t
	// A socket that was closed here has not ended there yet, and only who is gone is away after an hour.
	require.Eventually(t, func() bool {
		people, err := s.manager.Agents(s.ctx)
		return err == nil && !slices.ContainsFunc(people, func(a managerapi.Agent) bool { return a.Connected })
	}, 10*time.Second, time.Millisecond, "somebody is still there")
	before, err := s.manager.Clock(s.ctx)
	require.NoError(t, err)
	after, err := s.manager.Advance(s.ctx, api.Duration(time.Hour))
	require.NoError(t, err)
	assert.Equal(t, before.Advanced+api.Duration(time.Hour), after.Advanced)
	people, err := s.manager.Agents(s.ctx)
	require.NoError(t, err)
	for _, a := range people {
		assert.Equal(t, "AWAY", a.State, "%s has been away for an hour", a.Username)
	}
	_, err = s.manager.Advance(s.ctx, api.Duration(10000*time.Hour))
	problem(t, err, http.StatusBadRequest, "from 0 to 720h")
}

func (s *stage) journalIsRead() {
	t := s.t
	page, err := s.manager.Journal(s.ctx, client.JournalQuery{Match: `kind == "request"`, Limit: 1})
	require.NoError(t, err)
	require.Len(t, page.Entries, 1)
	assert.NotContains(t, string(page.Entries[0].Data), "amy-secret", "a password is nobody's business")
	entry, err := s.manager.Entry(s.ctx, page.Entries[0].Seq)
	require.NoError(t, err)
	assert.Equal(t, "POST /agent/login", entry.Name)
	status, _ := floortest.Login(t, s.wire, "amy", "wrong")
	assert.Equal(t, http.StatusUnauthorized, status)
	counted, err := s.manager.Count(s.ctx, api.Count{Match: `kind == "response" && data.status == 401`})
	require.NoError(t, err)
	assert.Equal(t, 2, counted.Count, "one was played, one is the password's")
	verified, err := s.manager.Verify(s.ctx, api.Verify{Match: `kind == "violation" && requirement startsWith "AM-"`, Most: new(0)})
	require.NoError(t, err)
	assert.True(t, verified.OK, verified.Says)
	_, err = s.manager.Wait(s.ctx, api.Wait{Match: "false", Timeout: api.Duration(10 * time.Millisecond)})
	problem(t, err, http.StatusGatewayTimeout, "waited 10ms for at least 1 entry")
	enough := errors.New("enough")
	seen := 0
	err = s.manager.Follow(s.ctx, client.Follow{FromStart: true}, func(api.Entry) error {
		if seen++; seen == 10 {
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	figures, err := s.client.Metrics(s.ctx)
	require.NoError(t, err)
	assert.Contains(t, string(figures), `deskcheck_wire_requests_total{status="412"} 1`)
	assert.Contains(t, string(figures), "deskcheck_conversations_open 2\n")
}

// allBeginsAnew resets the manager while a desk is connected and someone waits.
func (s *stage) allBeginsAnew() {
	t := s.t
	amy := s.desk("amy")
	began, waited := make(chan struct{}), make(chan error, 1)
	go func() {
		waited <- s.manager.Follow(s.ctx, client.Follow{Began: func() { close(began) }}, func(api.Entry) error { return nil })
	}()
	<-began
	fresh, err := s.manager.Reset(s.ctx)
	require.NoError(t, err)
	require.ErrorContains(t, <-waited, "the tenant was reset")
	amy.Gone()
	assert.Equal(t, managerapi.StageCounts{}, fresh.Conversations)
	assert.Equal(t, 3, fresh.Agents, "who was added later is gone")
	assert.Zero(t, fresh.Journal.Last)
	_, err = s.manager.Conversation(s.ctx, "@last")
	problem(t, err, http.StatusNotFound, "there is no conversation yet")
	s.desk("amy").Goes("READY")
}
