package agentmanager_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// object is a payload, or a part of one.
type object = map[string]any

// stage is a manager on a clock that stands still, with a journal, where every mistake of the manager's own is a panic.
type stage struct {
	*agentmanager.Manager

	t       *testing.T
	clock   *mockdesk.AdvancingClock
	journal *journal.Journal
	pushes  []agentmanager.Push
}

// Two agents of one team, one of another, and their supervisor work on every stage; its queues are sales (everyone's) and support (ben's and cat's).
func newStage(t *testing.T, change ...func(*agentmanager.Options)) *stage {
	t.Helper()
	s := &stage{t: t, clock: mockdesk.NewManualClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)), journal: journal.New()}
	o := agentmanager.Options{Journal: s.journal, Clock: s.clock, Mistake: func(err error) { panic(err) }, Push: func(p agentmanager.Push) { s.pushes = append(s.pushes, p) }}
	for _, f := range change {
		f(&o)
	}
	m, err := agentmanager.New(o)
	require.NoError(t, err)
	s.Manager = m
	t.Cleanup(m.Close)
	for _, a := range []agentmanager.Account{
		{Username: "amy", Password: "amy-secret", FirstName: "Amy", LastName: "Adams", Team: "team-1"},
		{Username: "ben", Password: "ben-secret", FirstName: "Ben", LastName: "Brown", Team: "team-1", Token: "ben-token"},
		{Username: "cat", Password: "cat-secret", FirstName: "Cat", LastName: "Cole", Team: "team-2"},
		{Username: "sue", Password: "sue-secret", FirstName: "Sue", LastName: "Shaw", Supervises: []string{"team-1"}},
	} {
		_, err := m.AddAgent(a)
		require.NoError(t, err)
	}
	_, err = m.AddQueue("sales")
	require.NoError(t, err)
	_, err = m.AddQueue("support", "ben", "cat")
	require.NoError(t, err)
	return s
}

// switched changes the switches of a stage.
func switched(f func(*agentmanager.Switches)) func(*agentmanager.Options) {
	return func(o *agentmanager.Options) {
		s := agentmanager.SwitchesOf(o.Dialect)
		f(&s)
		o.Switches = &s
	}
}

// violations are the requirements that were broken, in order.
func (s *stage) violations() []string {
	broken := []string{}
	for _, e := range s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Violation }) {
		broken = append(broken, e.Requirement)
	}
	return broken
}

// login signs a person in, and gives the user.
func (s *stage) login(username string) object {
	s.t.Helper()
	status, body := s.post(object{"username": username, "password": username + "-secret"})
	require.Equal(s.t, http.StatusOK, status)
	return body["data"].(object)["keycloak_User"].(object)
}

// post sends a login body.
func (s *stage) post(body any) (int, object) {
	s.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(s.t, err)
	r := httptest.NewRequest(http.MethodPost, agentmanager.LoginPath, bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeLogin(w, r)
	var answer object
	require.NoError(s.t, json.Unmarshal(w.Body.Bytes(), &answer))
	return w.Code, answer
}

// heard is an event that came to a desk.
type heard struct {
	event   string
	payload any
	replied func(json.RawMessage)
}

// desk plays an agent desk that keeps the contract, unless a test has it do otherwise. It is a Link without a network.
type desk struct {
	stage  *stage
	t      *testing.T
	user   object
	agent  *agentmanager.Agent
	socket *agentmanager.Socket
	heard  []heard
	closed bool
}

func (d *desk) Emit(event string, payload json.RawMessage) { d.Ask(event, payload, nil) }

func (d *desk) Ask(event string, payload json.RawMessage, replied func(json.RawMessage)) {
	var v any
	if err := json.Unmarshal(payload, &v); err != nil {
		panic(err)
	}
	d.heard = append(d.heard, heard{event, v, replied})
}

func (d *desk) Open() error { return nil }

func (d *desk) Close() { d.closed = true }

func (d *desk) Cut() { d.closed = true }

// connect signs a person in and opens a socket.
func (s *stage) connect(username string) *desk {
	s.t.Helper()
	return s.reconnect(s.login(username), "")
}

// reconnect opens a socket with a user that is there already.
func (s *stage) reconnect(user object, token string) *desk {
	s.t.Helper()
	d := &desk{stage: s, t: s.t, user: user, agent: s.Agent(user["username"].(string))}
	auth, err := json.Marshal(object{"agent": user, "fcm": token})
	require.NoError(s.t, err)
	socket, refusal := s.Connect(auth, d)
	require.Nil(s.t, refusal)
	d.socket = socket
	return d
}

// ready opens a socket and has the agent go READY.
func (s *stage) ready(username string) *desk {
	s.t.Helper()
	d := s.connect(username)
	d.goes("READY")
	require.Equal(s.t, "READY", d.presence()["state"].(object)["name"])
	return d
}

// id is the id of the user.
func (d *desk) id() string { return d.user["id"].(string) }

// send sends an event.
func (d *desk) send(event string, payload any) {
	d.t.Helper()
	raw, err := json.Marshal(payload)
	require.NoError(d.t, err)
	d.socket.Receive(event, []json.RawMessage{raw}, nil)
}

// goes asks for another state of the agent.
func (d *desk) goes(state string) {
	d.t.Helper()
	d.send("changeAgentState", object{"agentId": d.id(), "action": "agentState", "state": object{"name": state, "reasonCode": nil}})
}

// domain asks for another state in the domain of text channels.
func (d *desk) domain(state string) {
	d.t.Helper()
	d.send("changeAgentState", object{"agentId": d.id(), "action": "agentMRDState", "state": state, "mrdId": "mrd-chat"})
}

// all are the payloads of an event so far.
func (d *desk) all(event string) []any {
	var all []any
	for _, h := range d.heard {
		if h.event == event {
			all = append(all, h.payload)
		}
	}
	return all
}

// last is the payload of the last such event, which must have come.
func (d *desk) last(event string) object {
	d.t.Helper()
	all := d.all(event)
	require.NotEmpty(d.t, all, "%s never came; there were %v", event, d.events())
	return all[len(all)-1].(object)
}

// events are the names of all events so far.
func (d *desk) events() []string {
	names := []string{}
	for _, h := range d.heard {
		names = append(names, h.event)
	}
	return names
}

// forget drops what was heard so far.
func (d *desk) forget() { d.heard = nil }

// presence is the body of the last agentPresence.
func (d *desk) presence() object {
	d.t.Helper()
	return d.last("agentPresence")["agentPresence"].(object)
}

// domainState is the state of the domain of text channels in the last presence.
func (d *desk) domainState() string {
	d.t.Helper()
	return d.presence()["agentMrdStates"].([]any)[0].(object)["state"].(string)
}

// failure is the last errors: its status and its words.
func (d *desk) failure() (status int, message string) {
	d.t.Helper()
	e := d.last("errors")
	return int(e["statusCode"].(float64)), e["msg"].(string)
}

// participant is what the desk says of its agent.
func (d *desk) participant(conversation, role string) object {
	return object{
		"id": uuid.NewString(), "type": "AGENT", "role": role, "conversationId": conversation, "state": "SUBSCRIBED", "token": nil,
		"participant": object{"participantType": "CCUser", "id": d.id(), "keycloakUser": d.user},
	}
}

// subscription is what takes an offer.
func (d *desk) subscription(offer object) object {
	role := map[string]string{"CONSULT": "ASSISTANT", "SILENT_MONITOR": "SILENT_MONITOR"}[offer["taskDirection"].(string)]
	if role == "" {
		role = "PRIMARY"
	}
	id := offer["conversationId"].(string)
	return object{"conversationId": id, "taskId": offer["taskId"], "agentId": d.id(), "roomInfo": offer["roomInfo"], "topicParticipant": d.participant(id, role)}
}

// take takes the last offer, and gives the topic that comes of it.
func (d *desk) take() object {
	d.t.Helper()
	d.send("topicSubscription", d.subscription(d.last("taskRequest")))
	return d.last("onTopicData")
}

// message is an event with a message of the agent in it.
func (d *desk) message(topic object, name string, body object) object {
	data := topic["topicData"].(object)
	session := data["channelSession"].(object)
	kind := "MESSAGE"
	if !slices.Contains([]string{"AGENT_MESSAGE", "WHISPER_MESSAGE"}, name) {
		kind = "NOTIFICATION"
	}
	return object{
		"id": uuid.NewString(), "name": name, "type": kind, "timestamp": d.stage.clock.Now().UnixMilli(), "conversationId": topic["conversationId"],
		"data": object{"id": uuid.NewString(), "body": body, "header": object{
			"sender":         object{"id": d.id(), "type": "AGENT", "senderName": d.user["username"], "additionalDetail": object{}},
			"conversationId": topic["conversationId"], "channelSessionId": session["id"], "channelData": session["channelData"], "customer": data["customer"], "intent": nil,
		}},
	}
}

// publish publishes an event, and gives the id of its message.
func (d *desk) publish(topic, event object) string {
	d.t.Helper()
	d.send("publishCimEvent", object{"cimEvent": event, "agentId": d.id(), "conversationId": topic["conversationId"], "roomInfo": topic["roomInfo"]})
	data, _ := event["data"].(object)
	id, _ := data["id"].(string)
	return id
}

// says publishes a text, and gives the id of its message.
func (d *desk) says(topic object, text string) string {
	d.t.Helper()
	return d.publish(topic, d.message(topic, "AGENT_MESSAGE", object{"type": "PLAIN", "markdownText": text}))
}

// leave leaves a conversation.
func (d *desk) leave(topic object) {
	d.t.Helper()
	d.send("topicUnsubscription", object{"conversationId": topic["conversationId"], "agentId": d.id(), "roomInfo": topic["roomInfo"]})
}

// cim are the events of conversations so far, decoded from either form.
func (d *desk) cim(names ...string) []object {
	d.t.Helper()
	var all []object
	for _, p := range d.all("onCimEvent") {
		e := p.(object)["cimEvent"]
		if text, isText := e.(string); isText {
			var decoded any
			require.NoError(d.t, json.Unmarshal([]byte(text), &decoded))
			e = decoded
		}
		if len(names) == 0 || slices.Contains(names, e.(object)["name"].(string)) {
			all = append(all, e.(object))
		}
	}
	return all
}

// request is what asks for another agent.
func (d *desk) request(topic object, more object) object {
	data := topic["topicData"].(object)
	r := object{"channelSession": data["channelSession"], "agentParticipant": data["topicParticipant"], "note": nil}
	maps.Copy(r, more)
	return r
}

// customer starts a conversation with a question in a queue.
func (s *stage) customer(queue string) (*agentmanager.Customer, *agentmanager.Conversation) {
	s.t.Helper()
	kim := s.Customer(agentmanager.Person{FirstName: "Kim"})
	c, err := kim.Start(agentmanager.Request{Queue: queue, Says: agentmanager.Plain("Where is my lamp?")})
	require.NoError(s.t, err)
	return kim, c
}

func TestStage(t *testing.T) {
	s := newStage(t)
	amy := s.ready("amy")
	kim, c := s.customer("sales")
	topic := amy.take()
	amy.says(topic, "On its way.")
	require.Len(t, kim.Received(), 1)
	assert.Equal(t, "On its way.", kim.Received()[0].Body["markdownText"])
	amy.leave(topic)
	assert.Equal(t, "UNSUBSCRIBED", amy.last("topicUnsubscription")["reason"])
	assert.Equal(t, agentmanager.StageActive, c.Stage())
	assert.Empty(t, s.violations())
	assert.Empty(t, amy.all("errors"))
}
