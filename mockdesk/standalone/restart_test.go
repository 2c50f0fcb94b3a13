package standalone_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/standalone"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lasting is a desk that is saved, and can be started again at the addresses that it had.
type lasting struct {
	t      *testing.T
	config standalone.Config
	desk   *standalone.Server
	client *client.Client
	log    *slog.Logger
}

func openLasting(t *testing.T, c standalone.Config) *lasting {
	t.Helper()
	c.Store.File = filepath.Join(t.TempDir(), "desk.db")
	c.TLS.Off, c.Control.TokenEnv = true, "TOKEN"
	c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
	l := &lasting{t: t, config: c}
	l.start()
	l.config.Listen.Wire = strings.TrimPrefix(l.desk.Wire("default").URL, "http://")
	l.config.Listen.Control = strings.TrimPrefix(l.desk.ControlURL(), "http://")
	t.Cleanup(l.stop)
	return l
}

func (l *lasting) start() {
	l.t.Helper()
	var err error
	l.desk, err = standalone.Start(l.config, standalone.Options{Environment: func(string) string { return "a-token-of-the-environment" }, Log: l.log})
	require.NoError(l.t, err)
	l.client = client.New(l.desk.ControlURL(), "a-token-of-the-environment", nil)
}

func (l *lasting) stop() {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(l.t, l.desk.Stop(ctx))
}

func (l *lasting) again() {
	l.t.Helper()
	l.stop()
	l.start()
}

func (l *lasting) user(tenant, method, path, body string) (status int) {
	l.t.Helper()
	r, err := http.NewRequest(method, l.desk.Wire(tenant).URL+path, strings.NewReader(body))
	require.NoError(l.t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(l.t, err)
	require.NoError(l.t, response.Body.Close())
	return response.StatusCode
}

// events follows a conversation over a socket.
func (l *lasting) events(id string, cursor int) *websocket.Conn {
	l.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(fmt.Sprintf("%s/v1/conversations/%s/events?cursor=%d", l.desk.Wire("default").SocketURL, id, cursor), nil)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(l.t, conn.SetReadDeadline(time.Now().Add(patience)))
	return conn
}

// cursors gives those of the events that come next.
func (l *lasting) cursors(conn *websocket.Conn, n int) []int {
	l.t.Helper()
	var found []int
	for len(found) < n {
		var e struct {
			Type   string `json:"type"`
			Cursor int    `json:"cursor"`
		}
		require.NoError(l.t, conn.ReadJSON(&e))
		if e.Type != "hello" {
			found = append(found, e.Cursor)
		}
	}
	return found
}

// entriesUpTo gives the journal of the tenant default up to the first entry of that name, once it is there.
func (l *lasting) entriesUpTo(name string) []api.Entry {
	l.t.Helper()
	desk := l.client.Tenant("default")
	found, err := desk.Wait(l.t.Context(), api.Wait{Match: fmt.Sprintf("name == %q", name), Timeout: api.Duration(patience)})
	require.NoError(l.t, err)
	require.NotEmpty(l.t, found.Entries)
	page, err := desk.Journal(l.t.Context(), client.JournalQuery{Limit: found.Entries[0].Seq})
	require.NoError(l.t, err)
	return page.Entries
}

const talk = "conversation-0001"

// TestConversationsGoOnAfterARestart stops a desk in the middle of conversations, on the native wire and on one of sockets, and starts it again.
func TestConversationsGoOnAfterARestart(t *testing.T) {
	ctx := t.Context()
	l := openLasting(t, standalone.Config{})
	source, err := os.ReadFile(filepath.Join("..", "testdata", "sockets.wire.yaml"))
	require.NoError(t, err)
	_, _, err = l.client.CreateTenant(ctx, api.NewTenant{Name: "rooms", Wire: string(source)})
	require.NoError(t, err)
	require.Equal(t, 201, l.user("default", "PUT", "/v1/conversations/"+talk, `{"user":{"name":"Mia"}}`))
	desk := l.client.Tenant("default")
	conn := l.events(talk, 0)
	say := func(text string) {
		t.Helper()
		_, err := l.client.Tenant("default").Say(ctx, talk, api.SayAct{Text: text})
		require.NoError(t, err)
	}
	_, err = desk.Join(ctx, talk, api.AgentAct{})
	require.NoError(t, err)
	say("one")
	assert.Equal(t, []int{1, 2}, l.cursors(conn, 2))
	address := l.desk.Wire("rooms").SocketURL
	room := enterRoom(t, address, `{}`)
	require.Equal(t, 1, room.says(t, "k1"))
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte("{\n  \"type\": \"typing\",\r\n  \"typing\": true\n}")))
	before := l.entriesUpTo("typing")

	l.again()
	_, _, err = conn.ReadMessage()
	require.Error(t, err, "the socket is gone")
	say("two")
	require.Equal(t, 200, l.user("default", "PUT", "/v1/conversations/"+talk, `{}`), "it is open already")
	require.Equal(t, 201, l.user("default", "PUT", "/v1/conversations/"+talk+"/messages/k1", `{"text":"three"}`))
	assert.Equal(t, []int{3, 4}, l.cursors(l.events(talk, 2), 2), "no gap, and nothing twice")
	back := enterRoom(t, address, fmt.Sprintf(`{"ticket":%q,"after":0}`, room.ticket))
	assert.Equal(t, room.name, back.name, "it comes back with its ticket")
	assert.Equal(t, 1, back.says(t, "k1"), "the line is there already")
	assert.Equal(t, 2, back.says(t, "k2"))
	page, err := l.client.Tenant("default").Journal(ctx, client.JournalQuery{Limit: 1000})
	require.NoError(t, err)
	for i, e := range page.Entries {
		require.Equal(t, i+1, e.Seq, "the journal goes on")
	}
	assert.Equal(t, 1, page.First)
	assert.Equal(t, before, page.Entries[:len(before)], "what the file has of them is what memory had")
	sockets, err := l.client.Tenant("default").Count(ctx, api.Count{Match: `kind == "opened" && data.socket == 2`})
	require.NoError(t, err)
	assert.Equal(t, 1, sockets.Count, "numbers are not given out twice")
}

// chatRoom is a client of the wire of sockets.
type chatRoom struct {
	conn         *websocket.Conn
	name, ticket string
}

func enterRoom(t *testing.T, address, connect string) *chatRoom {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(address+"/chat", nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	r := &chatRoom{conn: conn}
	var inner struct{ Room, Ticket string }
	r.asks(t, "connect", connect, &inner)
	r.name, r.ticket = inner.Room, inner.Ticket
	return r
}

// asks sends a frame and reads what its acknowledgement says.
func (r *chatRoom) asks(t *testing.T, op, data string, answer any) {
	t.Helper()
	require.NoError(t, r.conn.WriteJSON(map[string]any{"op": op, "id": 1, "data": data}))
	require.NoError(t, r.conn.SetReadDeadline(time.Now().Add(patience)))
	for {
		var f struct{ Op, Data string }
		require.NoError(t, r.conn.ReadJSON(&f))
		require.NotEqual(t, "nack", f.Op, f.Data)
		if f.Op == "ack" {
			require.NoError(t, json.Unmarshal([]byte(f.Data), answer))
			return
		}
	}
}

func (r *chatRoom) says(t *testing.T, key string) (cursor int) {
	t.Helper()
	var stored struct{ N int }
	r.asks(t, "say", fmt.Sprintf(`{"key":%q,"text":"a line"}`, key), &stored)
	return stored.N
}

// TestTenantsAreAsTheyWere changes everything there is to change of a tenant, and starts the desk again.
func TestTenantsAreAsTheyWere(t *testing.T) {
	ctx := t.Context()
	l := openLasting(t, standalone.Config{Tenants: []standalone.Tenant{{NewTenant: api.NewTenant{Name: "shop", Availability: "online"}}, {NewTenant: api.NewTenant{Name: "dropped"}}}})
	_, _, err := l.client.CreateTenant(ctx, api.NewTenant{Name: "made", Clock: api.NewClock{Mode: api.ManualClock}, Journal: api.JournalSettings{Limit: 100}})
	require.NoError(t, err)
	one := l.client.Tenant("made")
	_, err = one.Advance(ctx, api.Duration(time.Hour))
	require.NoError(t, err)
	_, err = one.PutAgent(ctx, "eve", api.AgentProfile{Name: "Eve", Queues: []string{"billing"}})
	require.NoError(t, err)
	_, err = one.Offline(ctx, "ada")
	require.NoError(t, err)
	_, err = one.SetAvailability(ctx, api.AvailabilityRule{Mode: api.ByAgents, Queues: map[string]api.AvailabilityMode{"sales": "offline"}})
	require.NoError(t, err)
	_, err = one.SetUploads(ctx, api.UploadSettings{UploadRules: api.UploadRules{Allowed: false}, Check: true})
	require.NoError(t, err)
	_, err = one.AddFault(ctx, api.NewFault{Kind: "refuse", Operation: "message", When: &api.When{Next: 3}})
	require.NoError(t, err)
	_, err = one.PutScript(ctx, "greets", "steps:\n  - join\n  - say: Hello\n  - wait: 10s\n  - say: Still here\n  - answer:\n      - say: I see\n      - done: true\n")
	require.NoError(t, err)
	require.Equal(t, 201, l.user("made", "PUT", "/v1/conversations/"+talk, `{"user":{"name":"Mia"}}`))
	require.Equal(t, 503, l.user("made", "PUT", "/v1/conversations/"+talk+"/messages/k1", `{"text":"lost"}`))
	_, err = one.SendFile(ctx, talk, client.File{Name: "photo.png", Type: "image/png", Content: strings.NewReader("png")})
	require.NoError(t, err)
	require.NoError(t, l.client.Tenant("dropped").Drop(ctx))
	chance := fault.ChaosOptions{Seed: 7, Share: 0.5, Faults: []fault.Weighted{{Weight: 1, Fault: fault.Fault{Kind: fault.Reset}}}, Scope: fault.Scope{Operation: "end"}}
	_, err = one.StartChaos(ctx, chance)
	require.NoError(t, err)
	_, err = l.client.Tenant("shop").SetAvailability(ctx, api.AvailabilityRule{Mode: "offline"})
	require.NoError(t, err)
	look := func() string {
		t.Helper()
		one := l.client.Tenant("made")
		var all []any
		see := func(v any, err error) {
			t.Helper()
			require.NoError(t, err)
			all = append(all, v)
		}
		d, err := one.Describe(ctx)
		d.Journal = api.JournalState{} // It goes on.
		see(d, err)
		agents, err := one.Agents(ctx)
		see(agents, err)
		uploads, err := one.Uploads(ctx)
		see(uploads, err)
		faults, err := one.Faults(ctx)
		see(faults, err)
		scripts, err := one.Scripts(ctx)
		see(scripts, err)
		chaos, err := one.Chaos(ctx)
		see(chaos, err)
		clock, err := one.Clock(ctx)
		see(clock, err)
		c, err := one.Conversation(ctx, talk)
		see(c, err)
		raw, err := json.Marshal(all)
		require.NoError(t, err)
		return string(raw)
	}
	before := look()
	l.config.Tenants = l.config.Tenants[:1]
	l.again()
	assert.JSONEq(t, before, look())
	_, err = l.client.Tenant("dropped").Describe(ctx)
	require.ErrorContains(t, err, "no tenant")
	shop, err := l.client.Tenant("shop").Availability(ctx)
	require.NoError(t, err)
	assert.Equal(t, "offline", shop.Says, "what is changed over the API outlives a restart")

	one = l.client.Tenant("made")
	_, err = one.Advance(ctx, api.Duration(10*time.Second))
	require.NoError(t, err)
	for range 2 {
		require.Equal(t, 503, l.user("made", "PUT", "/v1/conversations/"+talk+"/messages/k1", `{"text":"lost"}`))
	}
	require.Equal(t, 201, l.user("made", "PUT", "/v1/conversations/"+talk+"/messages/k1", `{"text":"Are you?"}`))
	_, err = one.Wait(ctx, api.Wait{Match: `name == "message" && from == "agent" && data.event.text == "I see"`, Timeout: api.Duration(patience)})
	require.NoError(t, err)
	said, err := one.Lines(ctx, talk, 0, 100)
	require.NoError(t, err)
	var texts []string
	for _, line := range said.Lines {
		if !strings.Contains(line.Text, "photo") {
			texts = append(texts, line.Text)
		}
	}
	assert.Equal(t, []string{"Hello", "Still here", "Are you?", "I see"}, texts, "the script goes on with the step that it had come to")

	l.config.Tenants[0].Availability = "unknown"
	l.again()
	shop, err = l.client.Tenant("shop").Availability(ctx)
	require.NoError(t, err)
	assert.Equal(t, "unknown", shop.Says, "what the file says by now comes first")
	_, err = l.client.Tenant("made").Reset(ctx)
	require.NoError(t, err)
	l.again()
	_, err = l.client.Tenant("made").Conversation(ctx, talk)
	require.ErrorContains(t, err, "there is no conversation")
	page, err := l.client.Tenant("made").Journal(ctx, client.JournalQuery{})
	require.NoError(t, err)
	assert.Empty(t, page.Entries)
}

// TestTheLogCountsAllTenants starts a desk again that has a tenant more than its configuration says.
func TestTheLogCountsAllTenants(t *testing.T) {
	l := openLasting(t, standalone.Config{})
	_, _, err := l.client.CreateTenant(t.Context(), api.NewTenant{Name: "made"})
	require.NoError(t, err)
	logged := make(chan string, 10)
	l.log = slog.New(slog.NewTextHandler(lines(logged), nil))
	l.again()
	for line := range logged {
		if strings.Contains(line, "the desk is open") {
			assert.Contains(t, line, "tenants=2")
			return
		}
	}
}

// TestWhatMemoryNoLongerHoldsIsRead has more conversations end, and more entries recorded, than are to be in memory or on disk.
func TestWhatMemoryNoLongerHoldsIsRead(t *testing.T) {
	ctx := t.Context()
	l := openLasting(t, standalone.Config{Memory: standalone.Memory{Conversations: 2}, Store: standalone.Store{Conversations: 4}})
	_, _, err := l.client.CreateTenant(ctx, api.NewTenant{Name: "short", Journal: api.JournalSettings{Limit: 100}})
	require.NoError(t, err)
	for n := range 6 {
		id := fmt.Sprintf("conversation-%04d", n)
		for _, tenant := range []string{"default", "short"} {
			require.Equal(t, 201, l.user(tenant, "PUT", "/v1/conversations/"+id, `{}`))
			require.Equal(t, 201, l.user(tenant, "PUT", "/v1/conversations/"+id+"/messages/k1", `{"text":"one"}`))
			_, err := l.client.Tenant(tenant).Join(ctx, id, api.AgentAct{})
			require.NoError(t, err)
			_, err = l.client.Tenant(tenant).End(ctx, id, api.EndAct{})
			require.NoError(t, err)
		}
	}
	check := func() {
		t.Helper()
		desk := l.client.Tenant("default")
		for n := 2; n < 6; n++ {
			said, err := desk.Lines(ctx, fmt.Sprintf("conversation-%04d", n), 0, 10)
			require.NoError(t, err)
			assert.Len(t, said.Lines, 1)
		}
		_, err := desk.Conversation(ctx, "conversation-0001")
		require.ErrorContains(t, err, "of those that have ended the newest 4 are kept")
	}
	check()
	l.again()
	check()
	// A file keeps a few more than it is told.
	for n := range 1300 {
		require.Equal(t, 200, l.user("short", "GET", "/v1/availability", ""), n)
	}
	short := l.client.Tenant("short")
	counted, err := short.Count(ctx, api.Count{Match: `kind == "request"`})
	require.NoError(t, err)
	d, err := short.Describe(ctx)
	require.NoError(t, err)
	assert.Equal(t, 100, d.Journal.Limit)
	assert.Greater(t, d.Journal.First, 1000)
	assert.Greater(t, d.Journal.Last, 2600)
	assert.Equal(t, (d.Journal.Last-d.Journal.First+1)/2, counted.Count, "half of all that are kept, which memory does not hold; the last is a response, the first may be one")
	assert.Greater(t, counted.Count, 50)
	first, err := short.Entry(ctx, d.Journal.First)
	require.NoError(t, err)
	assert.Equal(t, d.Journal.First, first.Seq)
	_, err = short.Entry(ctx, 1)
	require.ErrorContains(t, err, "The journal has no entry 1 by now")
}

// TestWhatCannotBeSavedIsAnError has the file refuse the next event: neither the control API nor the wire says that it has happened, and the desk ends.
func TestWhatCannotBeSavedIsAnError(t *testing.T) {
	l := openLasting(t, standalone.Config{})
	require.Equal(t, 201, l.user("default", "PUT", "/v1/conversations/"+talk, `{}`))
	db, err := sql.Open("sqlite", l.config.Store.File)
	require.NoError(t, err)
	_, err = db.Exec("PRAGMA busy_timeout = 5000; CREATE TRIGGER full BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	desk := l.client.Tenant("default")
	_, err = desk.Notice(t.Context(), talk, api.NoticeAct{Text: "a notice"})
	var p *api.Problem
	require.ErrorAs(t, err, &p)
	assert.Equal(t, http.StatusInsufficientStorage, p.Status)
	assert.Contains(t, p.Detail, "takes no more, make room or choose another: ")
	require.ErrorContains(t, <-l.desk.Failed(), "the disk is full")
	_, err = desk.Conversation(t.Context(), talk)
	require.ErrorAs(t, err, &p, "what could not be saved is not shown either")
	r, err := http.NewRequest(http.MethodPut, l.desk.Wire("default").URL+"/v1/conversations/"+talk+"/messages/k1", strings.NewReader(`{"text":"lost"}`))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(r)
	if !assert.Error(t, err) {
		require.NoError(t, response.Body.Close())
	}
}

// TestWhatAnEarlierVersionTookGoesOn has a wire and a script in the file that are refused by now, because of a word that stands for nothing.
func TestWhatAnEarlierVersionTookGoesOn(t *testing.T) {
	const spoken = "wire: 1\nname: quick\nroutes:\n  - on: GET /staff\n    means: availability\n    answers:\n      told: {json: {is: \"${result.status}\"}}\nevents: {}\n"
	l := openLasting(t, standalone.Config{})
	_, _, err := l.client.CreateTenant(t.Context(), api.NewTenant{Name: "old", Wire: spoken})
	require.NoError(t, err)
	old := l.client.Tenant("old")
	_, err = old.PutScript(t.Context(), "answers", "steps: [{answer: [{pattern: 'order (?P<number>[0-9]+)', say: 'order ${number}'}]}]")
	require.NoError(t, err)
	l.stop()
	db, err := sql.Open("sqlite", l.config.Store.File)
	require.NoError(t, err)
	for right, wrong := range map[string]string{"{result.status}": "{result.sttus}", "order ${number}": "order ${nummer}"} {
		changed, err := db.Exec("UPDATE tenant SET state = CAST(replace(CAST(state AS TEXT), ?, ?) AS BLOB) WHERE name = 'old' AND instr(CAST(state AS TEXT), ?)", right, wrong, right)
		require.NoError(t, err)
		rows, err := changed.RowsAffected()
		require.NoError(t, err)
		require.EqualValues(t, 1, rows)
	}
	require.NoError(t, db.Close())
	l.start()
	old = l.client.Tenant("old")
	w, err := old.Wire(t.Context())
	require.NoError(t, err)
	assert.Contains(t, w.Source, "result.sttus")
	assert.Equal(t, http.StatusOK, l.user("old", "GET", "/staff", ""))
	scripts, err := old.Scripts(t.Context())
	require.NoError(t, err)
	assert.Len(t, scripts, 1)
	_, err = old.SetWire(t.Context(), w.Source)
	require.ErrorContains(t, err, "did you mean status?", "what is said now is held to what there is")
}

// TestAFileIsOneDesks has desks refuse files that are not theirs.
func TestAFileIsOneDesks(t *testing.T) {
	l := openLasting(t, standalone.Config{})
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	require.NoError(t, err)
	_, err = db.Exec("CREATE TABLE theirs (x)")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	for file, want := range map[string]string{
		l.config.Store.File: "is in use by another process",
		foreign:             "is a SQLite file of something else",
		filepath.Join(t.TempDir(), "nowhere", "desk.db"): "choose a folder that can be written to",
	} {
		_, err := standalone.Start(standalone.Config{Store: standalone.Store{File: file}, Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}}, standalone.Options{})
		var wrong *standalone.Mistake
		require.ErrorAs(t, err, &wrong)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, file)
		assert.Contains(t, wrong.Fix, "--ephemeral")
		var refused *standalone.Mistake
		require.ErrorAs(t, standalone.RemoveStore(file), &refused)
	}
	removed := filepath.Join(t.TempDir(), "desk.db")
	other, err := standalone.Start(standalone.Config{Store: standalone.Store{File: removed}, Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}}, standalone.Options{})
	require.NoError(t, err)
	assert.Equal(t, removed, other.File())
	require.NoError(t, other.Stop(t.Context()))
	require.NoError(t, standalone.RemoveStore(removed))
	left, err := os.ReadDir(filepath.Dir(removed))
	require.NoError(t, err)
	assert.Empty(t, left)
}
