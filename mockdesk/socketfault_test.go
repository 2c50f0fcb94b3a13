package mockdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

// The moments of the tables below, each with the direction where it has one.
const (
	onOpen = "open"
	onAsk  = "ask"
	onPing = "ping"
	onIn   = "frame in"
	onOut  = "frame out"
)

// What the client sends when the user types, or has stopped.
const (
	typesOn  = `{"type":"typing","typing":true}`
	typesOff = `{"type":"typing","typing":false}`
)

var (
	spoken = fault.Scope{On: fault.Frame, Frame: "message", Direction: fault.Out}
	typed  = fault.Scope{On: fault.Frame, Frame: "typing", Direction: fault.In}
	asked  = fault.Scope{On: fault.Ask, Operation: "typing"}
	opened = fault.Scope{On: fault.Open}
)

// line is a desk with a conversation and a client that listens to it.
type line struct {
	*stage

	c  *mockdesk.Conversation
	st *stream
}

func openLine(t *testing.T) *line {
	t.Helper()
	s := open(t)
	return &line{stage: s, c: s.start(idOne), st: s.listen(idOne, "0")}
}

// says has the desk say so many lines, "1", "2" and so on.
func (l *line) says(n int) {
	l.t.Helper()
	for i := range n {
		l.act(l.c.Notice(strconv.Itoa(i + 1)))
	}
}

// types has the client say whether the user types.
func (l *line) types(on ...bool) {
	l.t.Helper()
	for _, one := range on {
		frame := typesOff
		if one {
			frame = typesOn
		}
		require.NoError(l.t, l.st.conn.WriteMessage(websocket.TextMessage, []byte(frame)))
	}
}

// mark has the client send a frame that is none, whose answer shows that what came before it was taken.
func (l *line) mark() {
	l.t.Helper()
	require.NoError(l.t, l.st.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"mark"}`)))
	got := l.st.next()
	for strings.Contains(fmt.Sprint(got["detail"]), "cannot be read") {
		got = l.st.next() // That was about a frame before it, which was broken on its way.
	}
	assert.Equal(l.t, "error", got["type"])
}

// taken are the frames of the client that the desk took, as their bodies.
func (l *line) taken(n int) []string {
	l.t.Helper()
	mine := func(e journal.Entry) bool { return e.Kind == journal.Frame && e.From == journal.Integration }
	require.NoError(l.t, l.journal.WaitUntil(l.ctx, func() bool { return len(l.journal.All(0, mine)) >= n }))
	var bodies []string
	for _, e := range l.journal.All(0, mine) {
		var frame struct {
			Body json.RawMessage `json:"body"`
		}
		require.NoError(l.t, json.Unmarshal(e.Data, &frame))
		bodies = append(bodies, string(frame.Body))
	}
	return bodies
}

// texts reads so many lines of the desk.
func (st *stream) texts(n int) []string {
	st.s.t.Helper()
	var all []string
	for range n {
		text, _ := st.next()["text"].(string)
		all = append(all, text)
	}
	return all
}

// raw reads one frame as it came.
func (st *stream) raw() (kind int, data []byte) {
	st.s.t.Helper()
	require.NoError(st.s.t, st.conn.SetReadDeadline(time.Now().Add(patience)))
	kind, data, err := st.conn.ReadMessage()
	require.NoError(st.s.t, err)
	return kind, data
}

// closes reads until the socket is closed, and gives the code and the reason.
func (st *stream) closes() (int, string) {
	st.s.t.Helper()
	err := st.broken()
	closed := &websocket.CloseError{}
	require.ErrorAs(st.s.t, err, &closed)
	return closed.Code, closed.Text
}

// sees plays a fault on the second of three lines of the desk, and says what the client sees and how many frames the desk counts for it.
func sees(f fault.Fault, want ...string) func(*testing.T, *line) {
	return func(t *testing.T, l *line) {
		t.Helper()
		l.play(f, "only 2", spoken)
		l.says(3)
		assert.Equal(t, want, l.st.texts(len(want)))
		require.NoError(t, l.desk.WaitSent(l.ctx))
		assert.Equal(t, 1+len(want), l.desk.Traffic().Frames, "the hello, and what the page is to see dispatched")
	}
}

// second plays a fault on the second line of the desk, and gives that frame.
func second(t *testing.T, l *line, f fault.Fault) (kind int, data []byte) {
	t.Helper()
	l.play(f, "only 2", spoken)
	l.says(3)
	assert.Equal(t, []string{"1"}, l.st.texts(1))
	kind, data = l.st.raw()
	assert.Equal(t, []string{"3"}, l.st.texts(1))
	require.NoError(t, l.desk.WaitSent(l.ctx))
	assert.Equal(t, 4, l.desk.Traffic().Frames)
	return kind, data
}

// breaks plays a fault that ends the socket on the second line of the desk; a client that resumes misses nothing.
func breaks(f fault.Fault, ends func(*testing.T, *line)) func(*testing.T, *line) {
	return func(t *testing.T, l *line) {
		t.Helper()
		l.play(f, "only 2", spoken)
		l.says(3)
		assert.Equal(t, []string{"1"}, l.st.texts(1))
		ends(t, l)
		assert.Equal(t, []string{"2", "3"}, l.listen(idOne, "1").texts(2))
	}
}

// ended waits until no socket is open, and compares how the journal says that the last one ended.
func (l *line) ended(by journal.Party, code int) {
	l.t.Helper()
	require.NoError(l.t, l.desk.WaitSockets(l.ctx, 0))
	closed := l.entry(journal.Closed, "socket")
	assert.Equal(l.t, by, closed.From)
	assert.EqualValues(l.t, code, data(l.t, closed)["code"])
}

// silent asserts that the desk says nothing any more, though it has something to say and counts nothing as left to be said.
func (l *line) silent() {
	l.t.Helper()
	require.NoError(l.t, l.desk.WaitSent(l.ctx))
	before := len(l.journal.All(0, fromDesk))
	l.says(1)
	require.NoError(l.t, l.st.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience)))
	require.NoError(l.t, l.st.conn.WriteMessage(websocket.TextMessage, []byte("{")))
	require.NoError(l.t, l.desk.WaitSent(l.ctx))
	assert.Len(l.t, l.journal.All(0, fromDesk), before)
	assert.Equal(l.t, 1, l.desk.Sockets(), "nobody has ended it")
	l.st.conn.SetPongHandler(func(string) error {
		assert.Fail(l.t, "a silent desk answers no ping")
		return nil
	})
	l.c.CutSockets()
	_, _, err := l.st.conn.ReadMessage()
	assert.True(l.t, reset(err), "nothing came: %v", err)
}

func fromDesk(e journal.Entry) bool { return e.Kind == journal.Frame && e.From == journal.Desk }

// hears plays a fault on the second of three frames of the client, and says what the desk takes.
func hears(f fault.Fault, want ...string) func(*testing.T, *line) {
	return func(t *testing.T, l *line) {
		t.Helper()
		l.play(f, "only 2", typed)
		l.types(true, false, true)
		assert.Equal(t, want, l.taken(len(want)))
		l.mark()
		assert.Len(t, l.taken(0), len(want)+1)
	}
}

// closesOnFrame plays a fault on the second frame of the client, by which the desk closes the socket.
func closesOnFrame(f fault.Fault, code int, reason string) func(*testing.T, *line) {
	return func(t *testing.T, l *line) {
		t.Helper()
		l.play(f, "only 2", typed)
		l.types(true, false)
		got, why := l.st.closes()
		assert.Equal(t, code, got)
		assert.Equal(t, reason, why)
		l.ended(journal.Desk, code)
		assert.True(t, l.c.UserTypes(), "the second frame had no effect")
	}
}

// TestRulesKnowTheSocketAndTheConversation plays on one of two sockets of one of two conversations.
func TestRulesKnowTheSocketAndTheConversation(t *testing.T) {
	t.Parallel()
	l := openLine(t)
	again := l.listen(idOne, "0")
	other := l.start(idTwo)
	third := l.listen(idTwo, "0")
	l.play(fault.Fault{Kind: fault.Drop}, "next 1", fault.Scope{Connection: 2, Direction: fault.Out})
	l.says(2)
	assert.Equal(t, []string{"1", "2"}, l.st.texts(2))
	assert.Equal(t, []string{"2"}, again.texts(1))
	l.play(fault.Fault{Kind: fault.Drop}, "next 1", fault.Scope{Conversation: idTwo, Frame: "message"})
	l.says(1)
	l.act(other.Notice("a"))
	l.act(other.Notice("b"))
	assert.Equal(t, []string{"b"}, third.texts(1))
	assert.Equal(t, []string{"1"}, l.st.texts(1))
}

// TestASocketLearnsItsConversation plays in the conversation of a socket on which the client opened it.
func TestASocketLearnsItsConversation(t *testing.T) {
	t.Parallel()
	s := openWire(t, "sockets")
	chat := s.talk("/chat")
	chat.hear()
	chat.send(`{"op":"connect","id":1,"data":"{}"}`)
	c := s.next()
	assert.Equal(t, "ack", chat.hear()["op"])
	s.play(fault.Fault{Kind: fault.Drop}, "only 1", fault.Scope{Conversation: c.ID(), Frame: "typing", Direction: fault.In})
	s.play(fault.Fault{Kind: fault.Duplicate}, "only 1", fault.Scope{Conversation: c.ID(), Frame: "read.answer"})
	chat.send(`{"op":"typing","id":2,"data":"{\"on\":true}"}`)
	chat.send(`{"op":"read","id":3,"data":"{\"n\":0}"}`)
	chat.hears(`{"op":"ack","id":3}`)
	chat.hears(`{"op":"ack","id":3}`)
	assert.False(t, c.UserTypes())
}

// TestASilentSocketIsForgottenWithItsClient ends the connection on which the desk is silent.
func TestASilentSocketIsForgottenWithItsClient(t *testing.T) {
	t.Parallel()
	l := openLine(t)
	l.play(fault.Fault{Kind: fault.Silence}, "only 1", spoken)
	l.says(1)
	require.NoError(t, l.desk.WaitSent(l.ctx))
	l.clock.Advance(time.Hour)
	assert.Equal(t, 1, l.desk.Sockets())
	require.NoError(t, l.st.conn.Close())
	require.NoError(t, l.desk.WaitSockets(l.ctx, 0))
	assert.Contains(t, l.entry(journal.Closed, "socket").Note, "silent")
}

// TestWhatIsHeldBackIsNoneOfWhatIsLeft lets a frame wait for another that has not come yet.
func TestWhatIsHeldBackIsNoneOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	l := openLine(t)
	l.play(fault.Fault{Kind: fault.Reorder}, "only 1", spoken)
	l.says(1)
	require.NoError(t, l.desk.WaitSent(l.ctx))
	assert.Equal(t, 1, l.desk.Traffic().Frames)
	l.says(1)
	require.NoError(t, l.desk.WaitSent(l.ctx))
	assert.Equal(t, 3, l.desk.Traffic().Frames)
	assert.Equal(t, []string{"1", "1"}, l.st.texts(2))
}

// TestAFloodIsReadAsItsAnswersAre has a client send many frames that are answered while nothing can be written to it.
func TestAFloodIsReadAsItsAnswersAre(t *testing.T) {
	t.Parallel()
	const flood, answersThatWait = 200, 64
	l := openLine(t)
	l.play(fault.Fault{Kind: fault.Delay, For: time.Hour}, "only 1", fault.Scope{Frame: "error", Direction: fault.Out})
	for range flood {
		require.NoError(t, l.st.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"mark"}`)))
	}
	assert.Len(t, l.taken(answersThatWait+1), answersThatWait+1, "one answer is being written, the others wait, and the desk reads no more")
	l.clock.Advance(time.Hour)
	for range flood {
		assert.Equal(t, "error", l.st.next()["type"])
	}
	assert.Len(t, l.taken(flood), flood)
}

// TestShutdownSaysGoodbye closes a desk in order: one client answers, one does not, one is told nothing.
func TestShutdownSaysGoodbye(t *testing.T) {
	t.Parallel()
	l := openLine(t)
	l.says(1)
	polite := make(chan []string, 1)
	go func() {
		var seen []string
		for {
			_, raw, err := l.st.conn.ReadMessage()
			if err != nil {
				polite <- append(seen, err.Error())
				return
			}
			seen = append(seen, string(raw[:len(`{"cursor":1`)]))
		}
	}()
	require.NoError(t, l.desk.WaitSent(l.ctx))
	require.NoError(t, l.desk.Shutdown(l.ctx))
	assert.Equal(t, []string{`{"cursor":1`, "websocket: close 1001 (going away): the desk closes"}, <-polite)
	closed := l.entry(journal.Closed, "socket")
	assert.Equal(t, journal.Desk, closed.From)
	assert.EqualValues(t, 1001, data(t, closed)["code"])

	l = openLine(t)
	deaf := l.st
	l.play(fault.Fault{Kind: fault.Silence}, "always", opened)
	silent, _, err := l.dial("/v1/conversations/" + idOne + "/events")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	require.Eventually(t, func() bool { return l.desk.Faults().List()[0].Played == 1 }, patience, time.Millisecond)
	ctx, cancel := context.WithTimeout(l.ctx, 50*time.Millisecond)
	defer cancel()
	require.NoError(t, l.desk.Shutdown(ctx))
	require.Error(t, ctx.Err(), "it has waited for the one that does not answer")
	_, _, err = silent.ReadMessage()
	assert.True(t, reset(err), "%v", err)
	assert.Contains(t, deaf.broken().Error(), "1001")
	require.NoError(t, l.desk.Shutdown(l.ctx), "again")
}
