// Package floortest plays an agent desk for tests: a small one, over the real protocol.
package floortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// Object is a payload, or a part of one.
type Object = map[string]any

// patience is how long anything may take.
const patience = 30 * time.Second

// Desk is an agent desk that has signed in. Make one with SignIn.
type Desk struct {
	tb   testing.TB
	user Object
	conn *websocket.Conn
	// writing keeps frames apart.
	writing sync.Mutex

	mu      sync.Mutex
	heard   []event
	changed chan struct{}
	// taken is up to where Await has looked.
	taken map[string]int
	over  chan struct{}
}

type event struct {
	name    string
	payload Object
}

// Login posts a user name and a password to the manager at a base address, and gives the status and the body of the answer.
func Login(tb testing.TB, base, username, password string) (int, Object) {
	tb.Helper()
	raw, err := json.Marshal(Object{"username": username, "password": password})
	require.NoError(tb, err)
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, base+"/agent/login", bytes.NewReader(raw))
	require.NoError(tb, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, response.Body.Close()) }()
	var body Object
	require.NoError(tb, json.NewDecoder(response.Body).Decode(&body))
	return response.StatusCode, body
}

// SignIn signs a person in at the manager at a base address, and connects.
func SignIn(tb testing.TB, base, username, password string) *Desk {
	tb.Helper()
	d, refusal := Connect(tb, base, username, password)
	require.Empty(tb, refusal)
	return d
}

// Connect is SignIn, for a handshake that may be refused; the refusal is empty if it was taken.
func Connect(tb testing.TB, base, username, password string) (*Desk, string) {
	tb.Helper()
	status, body := Login(tb, base, username, password)
	require.Equal(tb, http.StatusOK, status, "%v", body)
	user := at(body, "data", "keycloak_User")
	conn, response, err := websocket.DefaultDialer.DialContext(tb.Context(), "ws"+strings.TrimPrefix(base, "http")+"/socket.io/?EIO=4&transport=websocket", nil)
	require.NoError(tb, err)
	require.NoError(tb, response.Body.Close())
	tb.Cleanup(func() { _ = conn.Close() }) // The manager may have closed it before.
	d := &Desk{tb: tb, user: user, conn: conn, changed: make(chan struct{}), taken: map[string]int{}, over: make(chan struct{})}
	raw, err := json.Marshal(Object{"agent": user, "fcm": ""})
	require.NoError(tb, err)
	require.Equal(tb, "0", d.read()[:1])
	d.write("40" + string(raw))
	if answer := d.read(); !strings.HasPrefix(answer, "40") {
		return nil, answer
	}
	go d.listen()
	d.Await("agentPresence")
	return d, ""
}

// at is what stands within a payload.
func at(o Object, path ...string) Object {
	for _, name := range path {
		o, _ = o[name].(Object)
	}
	return o
}

func (d *Desk) read() string {
	d.tb.Helper()
	require.NoError(d.tb, d.conn.SetReadDeadline(time.Now().Add(patience)))
	_, text, err := d.conn.ReadMessage()
	require.NoError(d.tb, err)
	return string(text)
}

func (d *Desk) write(text string) {
	d.writing.Lock()
	defer d.writing.Unlock()
	_ = d.conn.WriteMessage(websocket.TextMessage, []byte(text)) // A socket that was closed is told by Gone.
}

// listen takes what comes until the socket ends.
func (d *Desk) listen() {
	defer close(d.over)
	_ = d.conn.SetReadDeadline(time.Time{}) // It takes as long as the test.
	for {
		_, raw, err := d.conn.ReadMessage()
		if err != nil {
			return
		}
		switch text := string(raw); {
		case text == "2":
			d.write("3")
		case strings.HasPrefix(text, "41"):
			return
		case strings.HasPrefix(text, "42"):
			d.take(text[2:])
		}
	}
}

// take keeps an event, and acknowledges one that asks for it.
func (d *Desk) take(text string) {
	open := strings.IndexByte(text, '[')
	if open > 0 {
		d.write("43" + text[:open] + `[{"status":"ok"}]`)
	}
	var args []json.RawMessage
	var e event
	if json.Unmarshal([]byte(text[max(open, 0):]), &args) != nil || len(args) == 0 || json.Unmarshal(args[0], &e.name) != nil {
		return
	}
	if len(args) > 1 {
		_ = json.Unmarshal(args[1], &e.payload) // What is malformed on purpose has no fields.
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard = append(d.heard, e)
	close(d.changed)
	d.changed = make(chan struct{})
}

// Await gives the payload of the next event of a name that was not given before.
func (d *Desk) Await(name string) Object {
	d.tb.Helper()
	deadline := time.After(patience)
	for {
		d.mu.Lock()
		for i := d.taken[name]; i < len(d.heard); i++ {
			if e := d.heard[i]; e.name == name {
				d.taken[name] = i + 1
				d.mu.Unlock()
				return e.payload
			}
		}
		changed := d.changed
		d.mu.Unlock()
		select {
		case <-changed:
		case <-deadline:
			require.FailNow(d.tb, name+" never came", "%v", d.names())
		}
	}
}

// names are those of all events so far.
func (d *Desk) names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, e := range d.heard {
		all = append(all, e.name)
	}
	return all
}

// Gone waits for the end of the socket.
func (d *Desk) Gone() {
	d.tb.Helper()
	select {
	case <-d.over:
	case <-time.After(patience):
		require.FailNow(d.tb, "the socket never ended")
	}
}

// Leave closes the socket.
func (d *Desk) Leave() { _ = d.conn.Close() }

// Send sends an event.
func (d *Desk) Send(name string, payload any) {
	d.tb.Helper()
	raw, err := json.Marshal([]any{name, payload})
	require.NoError(d.tb, err)
	d.write("42" + string(raw))
}

// Goes asks for another state, and waits for it.
func (d *Desk) Goes(state string) {
	d.tb.Helper()
	d.Send("changeAgentState", Object{"agentId": d.user["id"], "action": "agentState", "state": Object{"name": state, "reasonCode": nil}})
	for at(d.Await("agentPresence"), "agentPresence", "state")["name"] != state {
		continue
	}
}

// Take takes the next offer, and gives the topic that comes of it.
func (d *Desk) Take() Object {
	d.tb.Helper()
	offer := d.Await("taskRequest")
	id := fmt.Sprint(offer["conversationId"])
	d.Send("topicSubscription", Object{
		"conversationId": id, "taskId": offer["taskId"], "agentId": d.user["id"], "roomInfo": offer["roomInfo"], "topicParticipant": Object{
			"id": uuid.NewString(), "type": "AGENT", "role": "PRIMARY", "conversationId": id, "state": "SUBSCRIBED", "token": nil,
			"participant": Object{"participantType": "CCUser", "id": d.user["id"], "keycloakUser": d.user},
		},
	})
	return d.Await("onTopicData")
}

// Says publishes a text in the conversation of a topic, and gives the id of its message.
func (d *Desk) Says(topic Object, text string) string {
	d.tb.Helper()
	session, id := at(topic, "topicData", "channelSession"), uuid.NewString()
	d.Send("publishCimEvent", Object{"agentId": d.user["id"], "conversationId": topic["conversationId"], "roomInfo": topic["roomInfo"], "cimEvent": Object{
		"id": uuid.NewString(), "name": "AGENT_MESSAGE", "type": "MESSAGE", "timestamp": time.Now().UnixMilli(), "conversationId": topic["conversationId"],
		"data": Object{"id": id, "body": Object{"type": "PLAIN", "markdownText": text}, "header": Object{
			"sender":         Object{"id": d.user["id"], "type": "AGENT", "senderName": d.user["username"], "additionalDetail": Object{}},
			"conversationId": topic["conversationId"], "channelSessionId": session["id"], "channelData": session["channelData"], "customer": at(topic, "topicData", "customer"), "intent": nil,
		}},
	}})
	return id
}

// Leaves leaves the conversation of a topic.
func (d *Desk) Leaves(topic Object) {
	d.tb.Helper()
	d.Send("topicUnsubscription", Object{"conversationId": topic["conversationId"], "agentId": d.user["id"], "roomInfo": topic["roomInfo"]})
	d.Await("topicUnsubscription")
}

// AwaitCIM gives the next onCimEvent whose event has a name.
func (d *Desk) AwaitCIM(name string) Object {
	d.tb.Helper()
	for {
		e := d.Await("onCimEvent")["cimEvent"]
		if text, isText := e.(string); isText {
			var decoded Object
			require.NoError(d.tb, json.Unmarshal([]byte(text), &decoded))
			e = decoded
		}
		if o, _ := e.(Object); o["name"] == name {
			return o
		}
	}
}
