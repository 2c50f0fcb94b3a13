package socketio_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/socketio"
	"deskcheck/mockdesk/socketio/codec"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJoining(t *testing.T) {
	asked := make(chan *socketio.Joining, 9)
	s := start(t, socketio.Options{Namespaces: []string{"/", "/admin"}, Connect: func(j *socketio.Joining) { asked <- j }})
	w := s.dial("")
	w.id = sidOf(t, w.hear())
	w.say(`40/admin,{"token":"a"}`)
	j := came(t, asked)
	assert.Equal(t, "/admin", j.Namespace)
	assert.JSONEq(t, `{"token":"a"}`, string(j.Auth))
	assert.Equal(t, w.id, j.Session().ID())
	_, there := s.session(w.id).Socket("/admin")
	assert.False(t, there, "not before it was accepted")
	require.NoError(t, j.Refuse("not you", map[string]any{"code": 7}))
	assert.Equal(t, `44/admin,{"message":"not you","data":{"code":7}}`, w.hear())
	_, err := j.Accept()
	require.ErrorIs(t, err, socketio.ErrEnded)
	require.ErrorIs(t, j.Refuse("again", nil), socketio.ErrEnded)

	w.say("40/admin")
	j = came(t, asked)
	assert.Nil(t, j.Auth)
	require.ErrorContains(t, j.Refuse("no", make(chan int)), "refuse a client in /admin: json")
	socket, err := j.Accept()
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf(`40/admin,{"sid":%q}`, socket.ID()), w.hear())
	assert.Equal(t, "/admin", socket.Namespace())
	found, there := s.session(w.id).Socket("/admin")
	assert.True(t, there)
	assert.Same(t, socket, found)

	w.say("40/elsewhere,")
	assert.Equal(t, `44/elsewhere,{"message":"Invalid namespace"}`, w.hear())
	s.broken(socketio.UnknownNamespace)

	w.say("40")
	j = came(t, asked)
	w.say("41", "40")
	gone := j
	j = came(t, asked)
	_, err = gone.Accept()
	require.ErrorIs(t, err, socketio.ErrEnded, "the client has gone meanwhile")
	_, err = j.Accept()
	require.NoError(t, err)
	assert.Contains(t, w.hear(), `40{"sid"`)
}

func TestPacketsBeforeJoining(t *testing.T) {
	for _, say := range []string{`42["echo"]`, "41", "430[]", `451-["a"]`, `40"token"`, "40null", `40["token"]`, "4abc"} {
		s := start(t, socketio.Options{})
		w := s.dial("")
		id := sidOf(t, w.hear())
		w.say(say)
		if strings.HasPrefix(say, "45") {
			require.NoError(t, w.WriteMessage(websocket.BinaryMessage, []byte{1}))
		}
		assert.Equal(t, websocket.CloseProtocolError, w.closes(), say)
		assert.Equal(t, socketio.ForBreach, s.until(1, ends(id))[0].Reason)
		rule := socketio.NotJoined
		if say[0:2] == "40" || say == "4abc" {
			rule = socketio.MalformedMessage
		}
		s.broken(rule)
	}
}

func TestAPacketWhileJoining(t *testing.T) {
	s := start(t, socketio.Options{Connect: func(*socketio.Joining) {}})
	w := s.dial("")
	w.hear()
	w.say("40", `42["early"]`)
	assert.Equal(t, websocket.CloseProtocolError, w.closes())
	s.broken(socketio.NotJoined)
}

func TestAClientThatJoinsNothing(t *testing.T) {
	s := start(t, socketio.Options{PingInterval: time.Hour})
	w := s.dial("")
	w.hear()
	joined := s.speaks()
	s.clock.Advance(45*time.Second - 1)
	assert.Len(t, s.server.Sessions(), 2)
	s.clock.Advance(1)
	assert.Equal(t, websocket.CloseProtocolError, w.closes())
	assert.Contains(t, s.broken(socketio.NoNamespace).Note, "45s")
	joined.say(`420["echo"]`)
	assert.Equal(t, "430[]", joined.hear())
}

func TestEventsAndAcknowledgements(t *testing.T) {
	events := make(chan *socketio.Event, 9)
	s := start(t, socketio.Options{Event: func(e *socketio.Event) { events <- e }})
	w := s.speaks()
	w.say(`42["plain",{"n":9007199254740993}]`, `427["asking",1,"2"]`)
	e := came(t, events)
	assert.Equal(t, "plain", e.Name)
	assert.Equal(t, `{"n":9007199254740993}`, string(e.Args.Items[0]), "as the client has written it")
	assert.False(t, e.Asks())
	require.ErrorContains(t, e.Acknowledge(), `acknowledge "plain": the client did not ask for it`)
	e = came(t, events)
	assert.True(t, e.Asks())
	assert.Equal(t, []any{1.0, "2"}, e.Args.Values())
	require.ErrorContains(t, e.Acknowledge(make(chan int)), "value 1 cannot be said in JSON")
	require.NoError(t, e.Acknowledge("a", nil, codec.Binary("b")))
	require.ErrorContains(t, e.Acknowledge(), "it was acknowledged before")
	assert.Equal(t, `461-7["a",null,{"_placeholder":true,"num":0}]`, w.hear())
	kind, data, err := w.ReadMessage()
	require.NoError(t, err)
	assert.Equal(t, websocket.BinaryMessage, kind)
	assert.Equal(t, "b", string(data))

	socket, _ := s.session(w.id).Socket("/")
	replies := make(chan string, 9)
	reply := func(name string) func(codec.Payload, error) {
		return func(args codec.Payload, err error) { replies <- fmt.Sprint(name, " ", args.Values(), " ", err) }
	}
	require.NoError(t, socket.Ask("first", []any{1}, reply("first")))
	require.NoError(t, socket.Ask("second", nil, reply("second")))
	require.NoError(t, socket.Ask("third", nil, reply("third")))
	assert.Equal(t, `420["first",1]`, w.hear())
	assert.Equal(t, `421["second"]`, w.hear())
	assert.Equal(t, `422["third"]`, w.hear())
	w.say(`431["yes"]`, `430[]`, `431["again"]`)
	assert.Equal(t, "second [yes] <nil>", came(t, replies))
	assert.Equal(t, "first [] <nil>", came(t, replies))
	assert.Contains(t, s.broken(socketio.UnknownAck).Note, "id 1")
	require.ErrorContains(t, socket.Emit("a", make(chan int)), `emit "a": value 2 cannot be said in JSON`)

	w.say(`42["x"]`)
	e = came(t, events)
	w.say("41")
	assert.Equal(t, "third [] there is no connection any more", came(t, replies), "who waits for a reply is told")
	require.ErrorIs(t, socket.Emit("a"), socketio.ErrEnded)
	require.ErrorIs(t, socket.Ask("a", nil, reply("none")), socketio.ErrEnded)
	assert.Equal(t, "x", e.Name)
	w.say("40")
	assert.Contains(t, w.hear(), `40{"sid"`, "the session went on, and can be joined again")
}

func TestAnAcknowledgementAfterTheClientLeft(t *testing.T) {
	events := make(chan *socketio.Event, 9)
	s := start(t, socketio.Options{Event: func(e *socketio.Event) { events <- e }})
	w := s.speaks()
	w.say(`421["asking"]`)
	e := came(t, events)
	s.session(w.id).Kill()
	require.ErrorIs(t, e.Acknowledge(), socketio.ErrEnded)
}

func TestTheServerDisconnects(t *testing.T) {
	s := start(t, socketio.Options{Namespaces: []string{"/", "/admin"}})
	w := s.speaks()
	w.say("40/admin,")
	w.hear()
	socket, _ := s.session(w.id).Socket("/admin")
	socket.Disconnect()
	socket.Disconnect()
	assert.Equal(t, "41/admin,", w.hear())
	w.say(`42/admin,["on its way"]`, "41/admin,", `420["echo"]`)
	assert.Equal(t, "430[]", w.hear(), "what was on its way is no breach")
	assert.Empty(t, s.crossings(func(c socketio.Crossing) bool { return c.Kind == socketio.Breached }))
	require.ErrorIs(t, socket.Emit("late"), socketio.ErrEnded)
	w.say("40/admin,")
	assert.Contains(t, w.hear(), "40/admin,{")
	w.say("41/admin,", `42/admin,["late"]`)
	assert.Equal(t, websocket.CloseProtocolError, w.closes(), "but not after it has left by itself")
	s.broken(socketio.NotJoined)
	s.until(1, ends(w.id))
	s.server.Close()
	assert.Equal(t, []socketio.Reason{socketio.Disconnected, socketio.LeftByClient, socketio.ForBreach}, s.left)
}

func TestWithheldAcknowledgements(t *testing.T) {
	s := start(t, socketio.Options{})
	w := s.speaks()
	session := s.session(w.id)
	session.WithholdAcks(2)
	w.say(`420["echo",0]`, `421["echo",1]`, `422["echo",2]`)
	assert.Equal(t, "432[2]", w.hear())
	session.WithholdAcks(-1)
	w.say(`423["echo",3]`, `424["echo",4]`, `425["echo",5]`)
	kept := s.until(5, func(c socketio.Crossing) bool { return c.Kind == socketio.Withheld })
	assert.Equal(t, uint64(5), *kept[4].ID)
	assert.Equal(t, "echo", kept[4].Event)
	session.WithholdAcks(0)
	w.say(`426["echo",6]`)
	assert.Equal(t, "436[6]", w.hear())
}

func TestRawFrames(t *testing.T) {
	s := start(t, socketio.Options{})
	w, p := s.speaks(), s.joins()
	require.NoError(t, s.session(w.id).SendRaw(codec.Frame{Data: []byte("nonsense")}, codec.Frame{Binary: true, Data: []byte{1}}, codec.Frame{}))
	for _, want := range []string{"nonsense", "\x01", ""} {
		assert.Equal(t, want, w.hear())
	}
	require.NoError(t, s.session(p.id).SendRaw(codec.Frame{Data: []byte("nonsense")}, codec.Frame{Binary: true, Data: []byte{1}}))
	assert.Equal(t, "nonsense\x1ebAQ==", p.hear())
	assert.Len(t, s.crossings(func(c socketio.Crossing) bool { return c.Frame != nil }), 5)
}

func TestAttachmentsThatNeverCome(t *testing.T) {
	s := start(t, socketio.Options{})
	w := s.speaks()
	w.say(`452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	require.NoError(t, w.WriteMessage(websocket.BinaryMessage, []byte{1}))
	w.say("1")
	s.until(1, ends(w.id))
	assert.Contains(t, s.broken(socketio.MissingAttachments).Note, "BINARY_EVENT in / has 1 of 2 attachments")
	assert.Empty(t, s.crossings(func(c socketio.Crossing) bool { return c.Event == "echo" }), "it is no event without them")
}

func TestWatch(t *testing.T) {
	s := start(t, socketio.Options{Namespaces: []string{"/admin"}})
	w := s.dial("")
	w.id = sidOf(t, w.hear())
	w.say("40/admin,")
	w.hear()
	w.say(`451-/admin,3["echo",{"_placeholder":true,"num":0}]`)
	require.NoError(t, w.WriteMessage(websocket.BinaryMessage, []byte{9}))
	w.hear()
	w.hear()
	w.say("1")
	s.until(1, ends(w.id))
	socket := ""
	var told []string
	for _, c := range s.crossings(func(socketio.Crossing) bool { return true }) {
		assert.Equal(t, morning, c.At)
		assert.Equal(t, w.id, c.Session)
		assert.Equal(t, socketio.WebSocket, c.Transport)
		line := fmt.Sprintf("%s %s", c.Kind, c.Direction)
		if c.Kind == socketio.Packet {
			line += " " + c.Engine.String()
		}
		if c.Packet != nil {
			line += fmt.Sprintf(" %s %s %q %v", c.Packet.Type, c.Namespace, c.Event, c.Args.Values())
		}
		if c.ID != nil {
			line += fmt.Sprint(" id ", *c.ID)
		}
		if c.Socket != "" {
			socket = c.Socket
			line += " by socket"
		}
		told = append(told, strings.TrimSpace(line+" "+string(c.Reason)))
	}
	assert.NotEmpty(t, socket)
	assert.Equal(t, []string{
		"opened",
		"packet out open",
		"packet in message CONNECT /admin \"\" []",
		"packet out message CONNECT /admin \"\" [] by socket",
		"packet in message BINARY_EVENT /admin \"echo\" [[9]] id 3 by socket",
		"packet out message BINARY_ACK /admin \"\" [[9]] id 3 by socket",
		"packet in close",
		"ended  closed by the client",
	}, told)
}

// TestAServerWithoutOptions takes every client in the main namespace, and answers nothing.
func TestAServerWithoutOptions(t *testing.T) {
	o := socketio.Options{Event: func(*socketio.Event) {}}
	s := start(t, o)
	w := s.speaks()
	w.say(`420["asking"]`)
	socket, ok := s.session(w.id).Socket("/")
	require.True(t, ok)
	require.NoError(t, socket.Emit("hello", json.RawMessage(`{"a":1}`)))
	assert.Equal(t, `42["hello",{"a":1}]`, w.hear())
}

// TestHostileClientsLeaveNothingBehind has clients do what they should not, many times, and counts the goroutines.
func TestHostileClientsLeaveNothingBehind(t *testing.T) {
	s := start(t, socketio.Options{})
	s.speaks().Close()
	s.until(1, ends(""))
	s.http.CloseIdleConnections()
	before := runtime.NumGoroutine()
	rounds := 60
	for round := range rounds {
		// One that reconnects in a loop, one that opens and is never heard of again, one that opens ten sockets at once.
		w := s.speaks()
		w.say(`42["echo"]`, "nonsense")
		assert.Equal(t, websocket.CloseProtocolError, w.closes())
		_ = w.Close()
		s.polls()
		if round%10 != 0 {
			continue
		}
		var ten []*speaker
		for range 10 {
			ten = append(ten, s.speaks())
		}
		for _, w := range ten {
			require.NoError(t, w.NetConn().Close())
		}
	}
	// Those that are never heard of again do not answer their ping.
	s.clock.Advance(45 * time.Second)
	s.until(1+rounds+rounds+rounds/10*10, ends(""))
	assert.Empty(t, s.server.Sessions())
	require.Eventually(t, func() bool {
		s.http.CloseIdleConnections()
		return runtime.NumGoroutine() <= before+1 // This function has a goroutine of its own.
	}, patience, 10*time.Millisecond, "goroutines: %d before", before)
}

// TestAFloodWaitsForTheHandler shows that a client that says more than is handled is read no further, and loses nothing.
func TestAFloodWaitsForTheHandler(t *testing.T) {
	release := make(chan struct{})
	names := make(chan string, 2000)
	s := start(t, socketio.Options{Event: func(e *socketio.Event) {
		<-release
		names <- e.Name
	}})
	p := s.joins()
	all := make([]string, 1000)
	for i := range all {
		all[i] = fmt.Sprintf(`42["%d"]`, i)
	}
	posted := make(chan struct{})
	go func() {
		defer close(posted)
		status, _ := p.post(strings.Join(all, "\x1e"))
		assert.Equal(t, 200, status)
	}()
	in := func(c socketio.Crossing) bool { return c.Direction == socketio.In && c.Event != "" }
	s.until(64, in)
	close(release)
	for i := range all {
		assert.Equal(t, strconv.Itoa(i), came(t, names))
	}
	came(t, posted)
	assert.Len(t, s.crossings(in), len(all))
}
