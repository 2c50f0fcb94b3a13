package mockdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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

// onSockets are the faults that are played on sockets, by kind and moment.
var onSockets = map[fault.Kind]map[string]func(*testing.T, *line){
	fault.Accept: {
		onOut: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Drop}, "always", spoken)
			l.play(fault.Fault{Kind: fault.Accept}, "only 2", spoken)
			l.says(3)
			assert.Equal(t, []string{"2"}, l.st.texts(1))
		},
		onIn: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Drop}, "always", typed)
			l.play(fault.Fault{Kind: fault.Accept}, "only 2", typed)
			l.types(false, true, false)
			l.mark()
			assert.Len(t, l.taken(0), 2)
			assert.True(t, l.c.UserTypes())
		},
		onOpen: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Reset}, "always", opened)
			l.play(fault.Fault{Kind: fault.Accept}, "only 1", opened)
			l.listen(idOne, "0")
		},
		onPing: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.NoPong}, "always", fault.Scope{})
			l.play(fault.Fault{Kind: fault.Accept}, "only 2", fault.Scope{On: fault.Ping})
			assert.Equal(t, []string{"b"}, l.pongs("a", "b", "c"))
		},
		onAsk: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Hang}, "always", asked)
			l.play(fault.Fault{Kind: fault.Accept}, "only 2", asked)
			l.types(false, true, false)
			l.mark()
			assert.True(t, l.c.UserTypes())
		},
	},
	fault.Status: {onAsk: func(t *testing.T, l *line) {
		t.Helper()
		l.play(fault.Fault{Kind: fault.Status, Status: 503, Title: "Busy"}, "next 1", asked)
		l.types(true)
		assert.Equal(t, "error", l.st.next()["type"])
		assert.False(t, l.c.UserTypes())
	}},
	fault.Body: {onAsk: func(t *testing.T, l *line) {
		t.Helper()
		l.play(fault.Fault{Kind: fault.Body, Status: 200, Text: `{"type":"surprise"}`}, "next 1", asked)
		l.types(true)
		assert.Equal(t, "surprise", l.st.next()["type"])
	}},
	fault.Hold: {onAsk: func(t *testing.T, l *line) {
		t.Helper()
		id := l.play(fault.Fault{Kind: fault.Hold}, "next 1", asked)
		l.types(true)
		require.NoError(t, l.desk.WaitHeld(l.ctx, mockdesk.OpTyping, 1))
		assert.False(t, l.c.UserTypes())
		require.NoError(t, l.desk.Faults().Release(id))
		assert.True(t, l.c.UserTypes())
	}},
	fault.HoldReply: {onAsk: func(t *testing.T, l *line) {
		t.Helper()
		id := l.play(fault.Fault{Kind: fault.HoldReply}, "next 1", asked)
		l.types(true)
		require.NoError(t, l.desk.WaitHeld(l.ctx, mockdesk.OpTyping, 1))
		assert.True(t, l.c.UserTypes(), "the effect does not wait")
		require.NoError(t, l.desk.Faults().Release(id))
	}},
	fault.Hang: {onAsk: func(t *testing.T, l *line) {
		t.Helper()
		l.play(fault.Fault{Kind: fault.Hang}, "next 1", asked)
		l.types(true)
		l.mark()
		assert.False(t, l.c.UserTypes())
	}},
	fault.ResetAfter: {onAsk: func(t *testing.T, l *line) {
		t.Helper()
		l.play(fault.Fault{Kind: fault.ResetAfter}, "next 1", asked)
		l.types(true)
		assert.True(t, reset(l.st.broken()))
		assert.True(t, l.c.UserTypes())
	}},
	fault.Delay: {
		onAsk: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Delay, For: time.Minute}, "next 1", asked)
			l.types(true)
			l.mark()
			assert.False(t, l.c.UserTypes())
			l.clock.Advance(time.Minute)
			assert.True(t, l.c.UserTypes())
		},
		onOut: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Delay, For: time.Minute}, "only 2", spoken)
			l.says(3)
			assert.Equal(t, []string{"1"}, l.st.texts(1))
			require.NoError(t, l.desk.WaitSent(l.ctx), "nothing is going to happen until the clock goes on")
			assert.Equal(t, 2, l.desk.Traffic().Frames)
			l.clock.Advance(time.Minute)
			require.NoError(t, l.desk.WaitSent(l.ctx))
			assert.Equal(t, 4, l.desk.Traffic().Frames, "what has fallen due counts as left to be sent as soon as the clock has gone on")
			assert.Equal(t, []string{"2", "3"}, l.st.texts(2))
		},
		onIn: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Delay, For: time.Minute}, "only 2", typed)
			l.types(true, false)
			l.taken(1)
			require.Eventually(t, func() bool { return l.desk.Faults().List()[0].Played == 1 }, patience, time.Millisecond)
			assert.True(t, l.c.UserTypes())
			l.clock.Advance(time.Minute)
			assert.Len(t, l.taken(2), 2)
		},
	},
	fault.Reset: {
		onOut: breaks(fault.Fault{Kind: fault.Reset}, func(t *testing.T, l *line) {
			t.Helper()
			assert.True(t, reset(l.st.broken()))
			l.ended(journal.Desk, 1006)
		}),
		onIn: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Reset}, "only 1", typed)
			l.types(true)
			assert.True(t, reset(l.st.broken()))
			l.ended(journal.Desk, 1006)
			assert.False(t, l.c.UserTypes())
		},
		onOpen: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Reset}, "next 1", opened)
			assert.True(t, reset(l.dials()))
		},
		onAsk: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Reset}, "next 1", asked)
			l.types(true)
			assert.True(t, reset(l.st.broken()))
			assert.False(t, l.c.UserTypes())
		},
	},
	fault.Close: {
		onOut: breaks(fault.Fault{Kind: fault.Close, Code: 4001, Reason: "enough"}, func(t *testing.T, l *line) {
			t.Helper()
			code, reason := l.st.closes()
			assert.Equal(t, 4001, code)
			assert.Equal(t, "enough", reason)
			l.ended(journal.Desk, 4001)
		}),
		onIn: closesOnFrame(fault.Fault{Kind: fault.Close, Code: 1013, Reason: "later"}, 1013, "later"),
		onOpen: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Close, Code: 1008}, "next 1", opened)
			assert.True(t, websocket.IsCloseError(l.dials(), 1008))
		},
	},
	fault.Silence: {
		onOut: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Silence}, "only 2", spoken)
			l.says(3)
			assert.Equal(t, []string{"1"}, l.st.texts(1))
			l.silent()
			assert.Equal(t, []string{"2", "3"}, l.listen(idOne, "1").texts(2))
		},
		onIn: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Silence}, "only 1", typed)
			l.types(true)
			require.Eventually(t, func() bool { return l.desk.Faults().List()[0].Played == 1 }, patience, time.Millisecond)
			l.silent()
			assert.False(t, l.c.UserTypes())
		},
		onOpen: func(t *testing.T, l *line) {
			t.Helper()
			require.NoError(t, l.st.conn.Close())
			require.NoError(t, l.desk.WaitSockets(l.ctx, 0))
			l.play(fault.Fault{Kind: fault.Silence}, "next 1", opened)
			conn, _, err := l.dial("/v1/conversations/" + idOne + "/events")
			require.NoError(t, err)
			t.Cleanup(func() { _ = conn.Close() })
			l.st = &stream{s: l.stage, conn: conn}
			require.NoError(t, l.desk.WaitSockets(l.ctx, 1))
			l.silent()
		},
	},
	fault.NoPong: {onPing: func(t *testing.T, l *line) {
		t.Helper()
		l.play(fault.Fault{Kind: fault.NoPong}, "only 2", fault.Scope{Conversation: idOne})
		assert.Equal(t, []string{"a", "c"}, l.pongs("a", "b", "c"))
	}},
	fault.Drop: {
		onOut: sees(fault.Fault{Kind: fault.Drop}, "1", "3"),
		onIn:  hears(fault.Fault{Kind: fault.Drop}, typesOn, typesOn),
	},
	fault.Duplicate: {
		onOut: sees(fault.Fault{Kind: fault.Duplicate}, "1", "2", "2", "3"),
		onIn:  hears(fault.Fault{Kind: fault.Duplicate}, typesOn, typesOff, typesOff, typesOn),
	},
	fault.Reorder: {
		onOut: sees(fault.Fault{Kind: fault.Reorder}, "1", "3", "2"),
		onIn:  hears(fault.Fault{Kind: fault.Reorder}, typesOn, typesOn, typesOff),
	},
	fault.Corrupt: {
		onOut: func(t *testing.T, l *line) {
			t.Helper()
			kind, got := second(t, l, fault.Fault{Kind: fault.Corrupt})
			assert.Equal(t, websocket.TextMessage, kind)
			assert.True(t, utf8.Valid(got) && !json.Valid(got), "%q", got)
			assert.True(t, strings.HasPrefix(string(got), `{"cursor":2,`), "%q", got)
		},
		onOut + " " + fault.HowUTF8: func(t *testing.T, l *line) {
			t.Helper()
			_, got := second(t, l, fault.Fault{Kind: fault.Corrupt, How: fault.HowUTF8})
			assert.False(t, utf8.Valid(got), "%q", got)
		},
		onOut + " " + fault.HowHeader: breaks(fault.Fault{Kind: fault.Corrupt, How: fault.HowHeader}, func(t *testing.T, l *line) {
			t.Helper()
			require.ErrorContains(t, l.st.broken(), "RSV1")
			l.ended(journal.Integration, 1002)
		}),
		onIn:                         hears(fault.Fault{Kind: fault.Corrupt}, typesOn, `"{\"type\":\"typing\"`+"\ufffd"+`"`, typesOn),
		onIn + " " + fault.HowUTF8:   hears(fault.Fault{Kind: fault.Corrupt, How: fault.HowUTF8}, typesOn, `"{\"type\":\"typing\"`+`\ufffd`+`"`, typesOn),
		onIn + " " + fault.HowHeader: closesOnFrame(fault.Fault{Kind: fault.Corrupt, How: fault.HowHeader}, 1002, ""),
	},
	fault.Oversize: {
		onOut: func(t *testing.T, l *line) {
			t.Helper()
			_, got := second(t, l, fault.Fault{Kind: fault.Oversize, Bytes: 100_000})
			assert.Len(t, got, 100_000)
			assert.True(t, json.Valid(got))
		},
		onIn: closesOnFrame(fault.Fault{Kind: fault.Oversize, Bytes: 100_000}, 1009, ""),
	},
	fault.Binary: {
		onOut: func(t *testing.T, l *line) {
			t.Helper()
			kind, got := second(t, l, fault.Fault{Kind: fault.Binary})
			assert.Equal(t, websocket.BinaryMessage, kind)
			assert.True(t, json.Valid(got))
		},
		onIn: func(t *testing.T, l *line) {
			t.Helper()
			l.play(fault.Fault{Kind: fault.Binary}, "only 1", typed)
			l.types(true)
			assert.Contains(t, l.st.next()["detail"], "binary")
			assert.False(t, l.c.UserTypes())
		},
	},
}

// pongs pings with each payload and gives those that were answered.
func (l *line) pongs(payloads ...string) []string {
	l.t.Helper()
	var answered []string
	l.st.conn.SetPongHandler(func(payload string) error {
		answered = append(answered, payload)
		return nil
	})
	for _, one := range payloads {
		require.NoError(l.t, l.st.conn.WriteControl(websocket.PingMessage, []byte(one), time.Now().Add(patience)))
		l.mark()
	}
	return answered
}

// dials opens one more socket and gives the error with which it ends: of the first read, or of the handshake if the reset overtakes its answer.
func (l *line) dials() error {
	conn, _, err := l.dial("/v1/conversations/" + idOne + "/events")
	if err != nil {
		return err
	}
	defer conn.Close()
	_, _, err = conn.ReadMessage()
	return err
}

// onRequests are the faults that are played on requests alone; the others are tried on requests elsewhere.
var onRequests = map[fault.Kind]func(*testing.T, *line){
	fault.Truncate:    spoils(fault.Fault{Kind: fault.Truncate, Bytes: 3}, func(got answer) bool { return got.err != nil }),
	fault.Malformed:   spoils(fault.Fault{Kind: fault.Malformed}, func(got answer) bool { return !utf8.ValidString(got.raw) }),
	fault.ContentType: spoils(fault.Fault{Kind: fault.ContentType, ContentType: "text/csv"}, func(got answer) bool { return got.header.Get("Content-Type") == "text/csv" }),
	fault.NoCORS:      spoils(fault.Fault{Kind: fault.NoCORS}, func(got answer) bool { return got.header.Get("Access-Control-Allow-Origin") == "" }),
	fault.TooMany:     spoils(fault.Fault{Kind: fault.TooMany, For: 30 * time.Second}, func(got answer) bool { return got.header.Get("Retry-After") == "30" }),
	fault.Redirect:    spoils(fault.Fault{Kind: fault.Redirect, Location: "/v1/availability"}, func(got answer) bool { return strings.Contains(got.raw, `"status"`) }),
	fault.SlowDownload: func(t *testing.T, l *line) {
		t.Helper()
		l.slow(fault.SlowDownload, "GET", "")
	},
	fault.SlowUpload: func(t *testing.T, l *line) {
		t.Helper()
		l.slow(fault.SlowUpload, "PUT", `{"text":"Hello"}`)
	},
}

func spoils(f fault.Fault, seen func(answer) bool) func(*testing.T, *line) {
	return func(t *testing.T, l *line) {
		t.Helper()
		l.play(f, "next 1", fault.Scope{Operation: "state"})
		ask := func() answer {
			return l.send(l.ctx, "GET", "/v1/conversations/"+idOne, "", "Origin", "https://page.example")
		}
		assert.True(t, seen(ask()))
		assert.False(t, seen(ask()), "the next one is healthy")
	}
}

// slow plays a fault that lets bytes pass slowly, and says that it takes desk time.
func (l *line) slow(kind fault.Kind, method, body string) {
	l.t.Helper()
	l.play(fault.Fault{Kind: kind, Rate: 1}, "next 1", fault.Scope{Conversation: idOne})
	path := "/v1/conversations/" + idOne
	if method == "PUT" {
		path += "/messages/k1"
	}
	got, began := l.later(method, path, body), l.clock.Now()
	require.Eventually(l.t, func() bool {
		l.clock.Advance(time.Second)
		return len(got) > 0
	}, patience, time.Millisecond)
	require.NoError(l.t, l.get(got).err)
	assert.Greater(l.t, l.clock.Now().Sub(began), 10*time.Second)
}

// TestEveryFault plays every kind at every moment at which a socket knows it, or on a request, and looks from a client. A kind without a case fails.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	directions := map[fault.Moment][]string{fault.Open: {onOpen}, fault.Ask: {onAsk}, fault.Ping: {onPing}, fault.Frame: {onIn, onOut}}
	for _, kind := range fault.Kinds() {
		var wanted []string
		for _, m := range kind.Moments() {
			wanted = append(wanted, directions[m]...)
		}
		if len(wanted) == 0 {
			require.NotNil(t, onRequests[kind], "no case for %s", kind)
			t.Run(string(kind), func(t *testing.T) {
				t.Parallel()
				onRequests[kind](t, openLine(t))
			})
		}
		for _, moment := range wanted {
			assert.NotNil(t, onSockets[kind][moment], "no case for %s on %s", kind, moment)
		}
		for moment, try := range onSockets[kind] {
			assert.True(t, slices.ContainsFunc(wanted, func(m string) bool { return strings.HasPrefix(moment, m) }), "%s is not played on %s", kind, moment)
			t.Run(string(kind)+" on "+moment, func(t *testing.T) {
				t.Parallel()
				try(t, openLine(t))
			})
		}
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
