package mockdesk_test

import (
	"encoding/json"
	"slices"
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
