package control_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/control"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryOperation exercises the whole document through the client, whose every exchange is held against it.
func TestEveryOperation(t *testing.T) {
	s := open(t)
	s.serverTells()
	s.tenantsComeAndGo()
	s.agentsAreThere()
	s.agentsAct()
	s.deskActs()
	s.filesAreChecked()
	s.screensAreShared()
	s.faultsArePlayed()
	s.rulesArePlayed()
	s.rulesArePlayedOnSockets()
	s.chanceIsReplayed()
	s.journalIsRead()
	s.wiresAreSpoken()
	s.scriptsArePlayed()
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
	written, err := control.Document()
	require.NoError(t, err)
	assert.Equal(t, string(written), string(served))
	asJSON, err := s.client.DocumentJSON(s.ctx)
	require.NoError(t, err)
	assert.Contains(t, string(asJSON), `"openapi": "3.1.0"`)
	what, err := s.client.Server(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, "test", what.Version)
	figures, err := s.client.Metrics(s.ctx)
	require.NoError(t, err)
	assert.Contains(t, string(figures), "deskcheck_tenants 1\n")
}

func (s *stage) tenantsComeAndGo() {
	t := s.t
	start := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	one, made, err := s.client.CreateTenant(s.ctx, api.NewTenant{
		Name: "one", Queues: []string{"billing"}, Agents: []api.NewAgent{{ID: "cy", AgentProfile: api.AgentProfile{Name: "Cy", Queues: []string{"sales"}}}},
		Clock: api.NewClock{Mode: api.ManualClock, Start: &start}, Journal: api.JournalSettings{Limit: 500, Redact: []string{"pin"}}, Uploads: &api.UploadSettings{UploadRules: api.UploadRules{Allowed: false}},
	})
	require.NoError(t, err)
	assert.Equal(t, s.wire+"/@one", made.Wire.URL)
	assert.Equal(t, 500, made.Journal.Limit)
	assert.Equal(t, start, made.Clock.Now)
	assert.Equal(t, api.AvailabilityState{Mode: "agents", Says: "online", Queues: []api.QueueState{{Name: "billing", Mode: "agents", Says: "offline"}, {Name: "sales", Mode: "agents", Says: "online"}}}, made.Availability)
	_, _, err = s.client.CreateTenant(s.ctx, api.NewTenant{Name: "one"})
	problem(t, err, http.StatusConflict, `there is a tenant "one" already`)
	_, nameless, err := s.client.CreateTenant(s.ctx, api.NewTenant{})
	require.NoError(t, err)
	assert.Regexp(t, "^t-[0-9a-f]{16}$", nameless.Name)
	var names []string
	for page := (client.Page{Limit: 1}); ; {
		list, err := s.client.Tenants(s.ctx, page)
		require.NoError(t, err)
		require.Len(t, list.Tenants, 1)
		names = append(names, list.Tenants[0].Name)
		if page.Cursor = list.Next; page.Cursor == "" {
			break
		}
	}
	assert.Equal(t, []string{"default", "one", nameless.Name}, names)
	clock, err := one.Advance(s.ctx, api.Duration(90*time.Second))
	require.NoError(t, err)
	assert.Equal(t, start.Add(90*time.Second), clock.Now)
	s.begin("one", idOne, `{}`)
	before, err := one.Describe(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, api.StateCounts{Waiting: 1}, before.Conversations)
	after, err := one.Reset(s.ctx)
	require.NoError(t, err)
	assert.Zero(t, after.Conversations)
	assert.Equal(t, made.Wire, after.Wire)
	clock, err = one.Clock(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, api.Clock{Now: start, Mode: api.ManualClock}, clock)
	_, err = one.Advance(s.ctx, api.Duration(10000*time.Hour))
	problem(t, err, http.StatusBadRequest, "from 0 to 720h")
	require.NoError(t, one.Drop(s.ctx))
	problem(t, one.Drop(s.ctx), http.StatusNotFound, `no tenant "one"`)
	problem(t, s.client.Tenant("default").Drop(s.ctx), http.StatusConflict, "reset it")
	status, _ := s.user("one", "GET", "/v1/availability", "")
	assert.Equal(t, http.StatusNotFound, status)
}

func (s *stage) agentsAreThere() {
	t := s.t
	one := s.take(api.NewTenant{Name: "agents"})
	list, err := one.Agents(s.ctx)
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, "ada", list[0].ID)
	cy, err := one.PutAgent(s.ctx, "cy", api.AgentProfile{AvatarURL: "https://desk.example/cy.png", Queues: []string{"billing"}, Online: new(false)})
	require.NoError(t, err)
	assert.Equal(t, api.Agent{ID: "cy", Name: "cy", AvatarURL: "https://desk.example/cy.png", Queues: []string{"billing"}, Conversations: []string{}}, cy)
	for _, id := range []string{"ada", "ben"} {
		gone, err := one.Offline(s.ctx, id)
		require.NoError(t, err)
		assert.False(t, gone.Online)
	}
	says := func(want string) {
		t.Helper()
		_, raw := s.user("agents", "GET", "/v1/availability", "")
		assert.JSONEq(t, `{"status":"`+want+`","waiting":0}`, raw)
	}
	says("offline")
	came, err := one.Online(s.ctx, "cy")
	require.NoError(t, err)
	assert.True(t, came.Online)
	says("online")
	set, err := one.SetAvailability(s.ctx, api.AvailabilityRule{Mode: "unknown", Queues: map[string]api.AvailabilityMode{"sales": "agents"}})
	require.NoError(t, err)
	says("unknown")
	got, err := one.Availability(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, set, got)
	assert.Equal(t, []api.QueueState{{Name: "billing", Mode: "unknown", Says: "unknown"}, {Name: "sales", Mode: "agents", Says: "offline"}}, got.Queues)
	require.NoError(t, one.RemoveAgent(s.ctx, "ben"))
	_, err = one.Agent(s.ctx, "ben")
	problem(t, err, http.StatusNotFound, `no agent "ben"`)
	_, err = one.Agent(s.ctx, "cy")
	require.NoError(t, err)
	rules, err := one.Uploads(s.ctx)
	require.NoError(t, err)
	assert.True(t, rules.Allowed && *rules.Enforce)
	_, err = one.SetUploads(s.ctx, api.UploadSettings{UploadRules: api.UploadRules{Allowed: true, MaxBytes: 3, Types: ".txt"}})
	require.NoError(t, err)
	s.begin("agents", idOne, `{"queue":"billing","user":{"name":"Mia"},"context":{"summary":"x"}}`)
	c, err := one.Conversation(s.ctx, idOne)
	require.NoError(t, err)
	assert.Equal(t, int64(3), c.Uploads.MaxBytes)
	assert.JSONEq(t, `{"summary":"x"}`, string(c.Context))
	_, err = one.Join(s.ctx, idOne, api.AgentAct{Agent: "ada"})
	problem(t, err, http.StatusConflict, "come online first")
	acted, err := one.Join(s.ctx, idOne, api.AgentAct{})
	require.NoError(t, err)
	assert.Equal(t, "cy", acted.Agent, "who is online and serves the queue")
	problem(t, one.RemoveAgent(s.ctx, "cy"), http.StatusConflict, "have them leave first")
}

func (s *stage) agentsAct() {
	t := s.t
	one := s.take(api.NewTenant{Name: "acts"})
	s.begin("acts", idOne, `{"queue":"billing","user":{"name":"Mia"}}`)
	s.begin("acts", idTwo, `{}`)
	for _, id := range []string{idOne[:3], "nowhere", "conversation-0001/../x", "a/b"} {
		_, err := one.Conversation(s.ctx, id)
		problem(t, err, http.StatusNotFound, "or @last for the newest")
	}
	_, err := one.Conversation(s.ctx, "conversation")
	problem(t, err, http.StatusConflict, "2 conversations begin with")
	last, err := one.Conversation(s.ctx, "@last")
	require.NoError(t, err)
	assert.Equal(t, idTwo, last.ID)
	_, err = one.Say(s.ctx, "@last", api.SayAct{Text: "hello"})
	problem(t, err, http.StatusConflict, "have one join")
	const c = "conversation-0001"
	acts := func(acted api.Acted, err error) {
		t.Helper()
		require.NoError(t, err)
		assert.Equal(t, idOne, acted.Conversation)
	}
	acts(one.Join(s.ctx, c, api.AgentAct{}))
	acts(one.Say(s.ctx, c, api.SayAct{Text: "Hello, Mia"}))
	acts(one.Say(s.ctx, c, api.SayAct{Agent: "ada", Items: []api.Item{{Kind: "choice", Text: "Which?", Choices: []string{"a", "b"}}}}))
	acts(one.Type(s.ctx, c, api.TypeAct{}))
	acts(one.Type(s.ctx, c, api.TypeAct{Typing: new(false)}))
	status, _ := s.user("acts", "PUT", "/v1/conversations/"+idOne+"/messages/k1", `{"text":"Hi"}`)
	require.Equal(t, http.StatusCreated, status)
	acts(one.Read(s.ctx, c, api.AgentAct{}))
	acts(one.Transfer(s.ctx, c, api.TransferAct{To: "ben"}))
	view, err := one.Conversation(s.ctx, c)
	require.NoError(t, err)
	assert.Equal(t, "ada", view.TransferringFrom)
	acts(one.FailTransfer(s.ctx, c, api.ReasonAct{Reason: "Ben is busy"}))
	acts(one.Join(s.ctx, c, api.AgentAct{Agent: "ben"}))
	_, err = one.Say(s.ctx, c, api.SayAct{Text: "who?"})
	problem(t, err, http.StatusConflict, "name who acts")
	acts(one.Leave(s.ctx, c, api.AgentAct{Agent: "ada"}))
	sent, err := one.SendFile(s.ctx, c, client.File{Name: "../../etc/passwd.TXT", Type: "text/plain", Text: "Here you are", Content: strings.NewReader("content")})
	acts(sent, err)
	assert.Regexp(t, `/@acts/v1/media/1-[0-9a-f]{16}\.txt$`, sent.File, "kept under a generated name")
	served, content := s.raw("GET", sent.File, "")
	assert.Equal(t, "content", content)
	assert.Equal(t, "text/plain", served.Header.Get("Content-Type"))
	page, err := one.Lines(s.ctx, c, 0, 2)
	require.NoError(t, err)
	require.Len(t, page.Lines, 2)
	assert.Equal(t, "Hello, Mia", page.Lines[0].Text)
	page, err = one.Lines(s.ctx, c, page.Next, 100)
	require.NoError(t, err)
	assert.Len(t, page.Lines, 2)
	assert.Zero(t, page.Next)
	acts(one.End(s.ctx, c, api.EndAct{}))
	_, err = one.End(s.ctx, c, api.EndAct{Agent: "ben"})
	problem(t, err, http.StatusConflict, "has ended")
	newest, err := one.Conversations(s.ctx, client.ConversationQuery{Newest: true, Page: client.Page{Limit: 1}})
	require.NoError(t, err)
	assert.Equal(t, idTwo, newest.Conversations[0].ID)
	newest, err = one.Conversations(s.ctx, client.ConversationQuery{Newest: true, Page: client.Page{Limit: 1, Cursor: newest.Next}})
	require.NoError(t, err)
	assert.Equal(t, idOne, newest.Conversations[0].ID)
	assert.Empty(t, newest.Next)
	ended, err := one.Conversations(s.ctx, client.ConversationQuery{State: "ended", Queue: "billing"})
	require.NoError(t, err)
	require.Len(t, ended.Conversations, 1)
	assert.Equal(t, "agent", ended.Conversations[0].EndedBy)
	assert.Equal(t, "Mia", ended.Conversations[0].User)
}

func (s *stage) deskActs() {
	t := s.t
	one := s.take(api.NewTenant{Name: "desk"})
	s.begin("desk", idOne, `{}`)
	const c = idOne
	socket, _, err := websocket.DefaultDialer.DialContext(s.ctx, strings.Replace(s.wire, "http", "ws", 1)+"/@desk/v1/conversations/"+c+"/events", nil)
	require.NoError(t, err)
	defer socket.Close()
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(patience)))
	next := func(want string) {
		t.Helper()
		_, raw, err := socket.ReadMessage()
		require.NoError(t, err)
		assert.Contains(t, string(raw), want)
	}
	next("hello")
	acts := func(acted api.Acted, err error) {
		t.Helper()
		require.NoError(t, err)
		assert.Equal(t, idOne, acted.Conversation)
	}
	_, err = one.QueueUpdate(s.ctx, c, api.QueueUpdateAct{})
	require.EqualError(t, err, "expected an object with some of notice, position, wait, found no keys")
	acts(one.QueueUpdate(s.ctx, c, api.QueueUpdateAct{Position: new(2), Wait: new(api.Duration(90 * time.Second)), Notice: "Soon"}))
	next(`"waitSeconds":90`)
	acts(one.Reroute(s.ctx, c, api.RerouteAct{Queue: "sales"}))
	next(`"queue":"sales"`)
	acts(one.CloseQueue(s.ctx, c, api.ReasonAct{Reason: "Night"}))
	next("queue.closed")
	acts(one.Notice(s.ctx, c, api.NoticeAct{Text: "We are closed"}))
	next("We are closed")
	acts(one.Emit(s.ctx, c, api.EmitAct{Type: "agent.joined", Data: map[string]any{"agent": map[string]any{"id": "x"}}}))
	next(`"agent":{"id":"x"}`)
	_, err = one.Emit(s.ctx, c, api.EmitAct{Type: "x", Data: map[string]any{"cursor": 1}})
	problem(t, err, http.StatusConflict, "leave it out of Data")
	acts(one.Garble(s.ctx, c, api.GarbleAct{Raw: "<garbage>"}))
	next("<garbage>")
	status, _ := s.user("desk", "PUT", "/v1/conversations/"+c+"/messages/k1", `{"text":"Hi"}`)
	require.Equal(t, http.StatusCreated, status)
	next("Hi")
	acts(one.Bounce(s.ctx, c, api.BounceAct{Text: "Hi", Reason: "No way"}))
	next("message.failed")
	acts(one.EchoEnd(s.ctx, c, api.EchoEndAct{Mode: "never"}))
	acts(one.ChangeUploads(s.ctx, c, api.UploadRules{Allowed: false}))
	next("uploads.changed")
	acts(one.CutSockets(s.ctx, c, api.NoAct{}))
	_, _, err = socket.ReadMessage()
	require.Error(t, err)
	acts(one.End(s.ctx, c, api.EndAct{By: "desk", Reason: "Night"}))
	s.begin("desk", idTwo, `{}`)
	_, err = one.Expire(s.ctx, idTwo, api.NoAct{})
	require.NoError(t, err)
	status, _ = s.user("desk", "GET", "/v1/conversations/"+idTwo, "")
	assert.Equal(t, http.StatusGone, status)
}

func (s *stage) filesAreChecked() {
	t := s.t
	one := s.take(api.NewTenant{Name: "files", Uploads: &api.UploadSettings{UploadRules: api.UploadRules{Allowed: true}, Check: true}})
	s.begin("files", idOne, `{}`)
	status, _ := s.user("files", "PUT", "/v1/conversations/"+idOne+"/attachments/f1?name=a.txt", "content")
	require.Equal(t, http.StatusAccepted, status)
	c, err := one.Conversation(s.ctx, idOne)
	require.NoError(t, err)
	require.Len(t, c.Attachments, 1)
	assert.Equal(t, "checking", c.Attachments[0].Outcome)
	_, err = one.FinishCheck(s.ctx, idOne, api.FinishCheckAct{Key: "f1", Reason: "A virus"})
	require.NoError(t, err)
	_, err = one.FinishCheck(s.ctx, idOne, api.FinishCheckAct{Key: "f1"})
	problem(t, err, http.StatusConflict, "is being checked")
}

func (s *stage) screensAreShared() {
	t := s.t
	one := s.take(api.NewTenant{Name: "screens"})
	s.begin("screens", idOne, `{}`)
	_, err := one.Join(s.ctx, idOne, api.AgentAct{})
	require.NoError(t, err)
	_, err = one.StopScreen(s.ctx, idOne, api.AgentAct{})
	problem(t, err, http.StatusConflict, "no request to see the screen")
	asked, err := one.AskScreen(s.ctx, idOne, api.AgentAct{})
	require.NoError(t, err)
	assert.Equal(t, 2, asked.Cursor)
	status, _ := s.user("screens", "PUT", "/v1/conversations/"+idOne+"/screens/s.2", `{"state":"accepted"}`)
	require.Equal(t, http.StatusOK, status)
	_, err = one.StopScreen(s.ctx, idOne, api.AgentAct{})
	require.NoError(t, err)
	_, err = one.AskScreen(s.ctx, idOne, api.AgentAct{})
	require.NoError(t, err)
	_, err = one.WithdrawScreen(s.ctx, idOne, api.AgentAct{})
	require.NoError(t, err)
	c, err := one.Conversation(s.ctx, idOne)
	require.NoError(t, err)
	assert.Equal(t, []api.Screen{{ID: "s.2", Agent: "ada", State: "ended", Said: []string{"accepted"}}, {ID: "s.4", Agent: "ada", State: "withdrawn", Said: []string{}}}, c.Screens)
}

func (s *stage) journalIsRead() {
	t := s.t
	one := s.take(api.NewTenant{Name: "journal"})
	s.begin("journal", idOne, `{"context":{"data":{"password":"geheim"}}}`)
	page, err := one.Journal(s.ctx, client.JournalQuery{Limit: 1})
	require.NoError(t, err)
	assert.Equal(t, 1, page.Next)
	assert.Equal(t, idOne, page.Entries[0].Conversation)
	assert.NotContains(t, string(page.Entries[0].Data), "geheim")
	assert.Contains(t, string(page.Entries[0].Data), "[redacted]")
	page, err = one.Journal(s.ctx, client.JournalQuery{Match: `kind == "response"`, Conversation: idOne})
	require.NoError(t, err)
	require.Len(t, page.Entries, 1)
	e, err := one.Entry(s.ctx, page.Entries[0].Seq)
	require.NoError(t, err)
	assert.Equal(t, page.Entries[0], e)
	_, err = one.Entry(s.ctx, 99)
	problem(t, err, http.StatusNotFound, "no entry 99")
	counted, err := one.Count(s.ctx, api.Count{Match: `data.path startsWith "/v1/conversations/"`})
	require.NoError(t, err)
	assert.Equal(t, api.Counted{Count: 2, Last: 2}, counted)
	waited, err := one.Wait(s.ctx, api.Wait{Match: `kind == "request"`})
	require.NoError(t, err)
	assert.Equal(t, 1, waited.Last)
	yes, err := one.Verify(s.ctx, api.Verify{Match: `data.status == 201`, Most: new(1)})
	require.NoError(t, err)
	assert.True(t, yes.OK)
	no, err := one.Verify(s.ctx, api.Verify{Match: `kind == "response" && data.status == 200`, Least: new(1)})
	require.NoError(t, err)
	assert.False(t, no.OK)
	assert.Equal(t, `expected at least 1 entry matching kind == "response" && data.status == 200, found 0; closest is #2 (response PUT /v1/conversations/{id}), which meets 1 of 2 conditions: data.status == 200 does not hold: data.status is 201`, no.Says)
	require.Len(t, no.NearMisses, 1)
	assert.JSONEq(t, `201`, string(no.NearMisses[0].Failed[0].Found[0].Value))
	var seen []int
	done := errors.New("that was enough")
	err = one.Follow(s.ctx, client.Follow{FromStart: true}, func(e api.Entry) error {
		if seen = append(seen, e.Seq); len(seen) == 2 {
			return done
		}
		return nil
	})
	require.ErrorIs(t, err, done)
	assert.Equal(t, []int{1, 2}, seen)
}

const shoutWire = `wire: 1
name: shout
routes:
  - on: GET /anyone
    means: availability
    answers:
      told: {json: {anyone: "${result.status}"}}
events:
  agent.joined: {json: {type: here}}
`

func (s *stage) wiresAreSpoken() {
	t := s.t
	asks := func(path string) string {
		response, err := http.Get(s.wire + "/@wires" + path)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return strconv.Itoa(response.StatusCode) + " " + string(body)
	}
	one := s.take(api.NewTenant{Name: "wires", Wire: shoutWire})
	spoken, err := one.Wire(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, api.Wire{Name: "shout", Source: shoutWire}, spoken)
	assert.Equal(t, `200 {"anyone":"online"}`, asks("/anyone"))

	native, err := one.SetWire(s.ctx, "")
	require.NoError(t, err)
	assert.Equal(t, "native", native.Name)
	assert.Contains(t, native.Source, "name: native")
	assert.Contains(t, asks("/v1/availability"), "200 ")
	assert.Contains(t, asks("/anyone"), "404 ")

	_, err = one.SetWire(s.ctx, "wire: 1\nname: x\nrouts: []\n")
	p := problem(t, err, http.StatusBadRequest, "the wire is wrong")
	assert.True(t, slices.ContainsFunc(p.Errors, func(m api.Mistake) bool { return m.Line == 3 && m.Field == "routs" }), "%v", p.Errors)
	assert.Contains(t, asks("/v1/availability"), "200 ", "what is wrong changes nothing")
	_, err = one.SetWire(s.ctx, strings.Repeat("# a comment\n", 50000))
	problem(t, err, http.StatusRequestEntityTooLarge, "send less")

	_, err = one.Reset(s.ctx)
	require.NoError(t, err)
	assert.Contains(t, asks("/anyone"), "200 ", "a reset brings back the first")
	_, _, err = s.client.CreateTenant(s.ctx, api.NewTenant{Name: "mute", Wire: "wire: 1\n"})
	problem(t, err, http.StatusBadRequest, "the wire is wrong")
}

func (s *stage) scriptsArePlayed() {
	t := s.t
	one := s.take(api.NewTenant{Name: "scripts"})
	put, err := one.PutScript(s.ctx, "greeter", "agent: ada\nsteps:\n  - join\n  - say: Hello\n")
	require.NoError(t, err)
	assert.Equal(t, []string{"ada"}, put.Agents)
	assert.Equal(t, 2, put.Steps)
	got, err := one.Script(s.ctx, "greeter")
	require.NoError(t, err)
	assert.Equal(t, put, got)
	list, err := one.Scripts(s.ctx)
	require.NoError(t, err)
	assert.Len(t, list, 1)
	require.NoError(t, one.RemoveScript(s.ctx, "greeter"))
	_, err = one.Script(s.ctx, "greeter")
	problem(t, err, http.StatusNotFound, "no script")
	_, err = one.PutScript(s.ctx, "wrong", "steps:\n  - joyn\n  - say: x\n    wait: 2s\n  - wait: soon\n")
	p := problem(t, err, http.StatusBadRequest, "wrong:2:5")
	require.NotEmpty(t, p.Errors)
	assert.Equal(t, api.Mistake{Field: "steps[0]", Line: 2, Column: 5, Detail: p.Errors[0].Detail}, p.Errors[0])
	_, err = one.PutScript(s.ctx, "large", strings.Repeat("# a comment\n", 20000))
	problem(t, err, http.StatusRequestEntityTooLarge, "send less")
	_, err = one.SendFile(s.ctx, "@last", client.File{Name: "x", Content: bytes.NewReader(nil)})
	problem(t, err, http.StatusNotFound, "no conversation yet")
}
