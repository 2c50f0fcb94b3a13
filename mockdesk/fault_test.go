package mockdesk_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

// play adds a rule to the desk's plan.
func (s *stage) play(f fault.Fault, when string, where fault.Scope) fault.ID {
	s.t.Helper()
	schedule, err := fault.ParseSchedule(when)
	require.NoError(s.t, err)
	id, err := s.desk.Faults().Add(fault.Rule{Fault: f, Schedule: schedule, Scope: where})
	require.NoError(s.t, err)
	return id
}

// TestEveryFaultOfARequest plays each kind on an operation of its own, in the words of each wire.
func TestEveryFaultOfARequest(t *testing.T) {
	t.Parallel()
	type try struct {
		f    fault.Fault
		want func(*testing.T, answer)
		// opens says that the desk did as asked.
		opens bool
	}
	broken := func(t *testing.T, got answer) {
		t.Helper()
		require.Error(t, got.err)
	}
	tries := []try{
		{fault.Fault{Kind: fault.Status, Status: 507, Title: "Full"}, func(t *testing.T, got answer) {
			t.Helper()
			assert.Equal(t, 507, got.status)
			assert.Equal(t, "Full", got.json(t)["title"])
		}, false},
		{fault.Fault{Kind: fault.Body, Status: 502, ContentType: "text/html", Text: "<h1>Proxy</h1>"}, func(t *testing.T, got answer) {
			t.Helper()
			assert.Equal(t, 502, got.status)
			assert.Equal(t, "<h1>Proxy</h1>", got.raw)
		}, false},
		{fault.Fault{Kind: fault.Reset}, broken, false},
		{fault.Fault{Kind: fault.ResetAfter}, broken, true},
		{fault.Fault{Kind: fault.Truncate, Bytes: 3}, broken, true},
		{fault.Fault{Kind: fault.Malformed}, func(t *testing.T, got answer) {
			t.Helper()
			assert.True(t, strings.HasSuffix(got.raw, "\xff"), got.raw)
		}, true},
		{fault.Fault{Kind: fault.ContentType, ContentType: "text/csv"}, func(t *testing.T, got answer) {
			t.Helper()
			assert.Equal(t, "text/csv", got.header.Get("Content-Type"))
		}, true},
		{fault.Fault{Kind: fault.TooMany, For: 1500 * time.Millisecond}, func(t *testing.T, got answer) {
			t.Helper()
			assert.Equal(t, 429, got.status)
			assert.Equal(t, "2", got.header.Get("Retry-After"))
		}, false},
		{fault.Fault{Kind: fault.Redirect, Status: 303, Location: "http://127.0.0.1:1/"}, broken, false},
		{fault.Fault{Kind: fault.NoCORS}, func(t *testing.T, got answer) {
			t.Helper()
			assert.Equal(t, 201, got.status)
			assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
		}, true},
	}
	for name, path := range map[string]string{"": "/v1/conversations/" + idOne, "polling": "/api/cases"} {
		for _, one := range tries {
			t.Run(name+" "+string(one.f.Kind), func(t *testing.T) {
				t.Parallel()
				s, method := open(t), "PUT"
				if name != "" {
					s, method = openWire(t, name), "POST"
				}
				s.play(one.f, "next 1", fault.Scope{Operation: "start", On: fault.Request})
				if name != "" && one.f.Kind == fault.Status {
					one.want = func(t *testing.T, got answer) {
						t.Helper()
						assert.JSONEq(t, `{"ok":false,"code":507,"reason":"refused","message":"The desk declines this request; nothing has changed."}`, got.raw)
					}
				}
				one.want(t, s.send(s.ctx, method, path, `{}`, "Origin", "https://page.example"))
				assert.Equal(t, one.opens, len(s.desk.Conversations()) == 1)
				assert.Equal(t, 1, s.desk.Faults().List()[0].Played)
			})
		}
	}
}

func TestAPreflightForesees(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.play(fault.Fault{Kind: fault.NoCORS}, "next 1", fault.Scope{Operation: "message", Conversation: idOne})
	ask := func(path string) string {
		return s.do("OPTIONS", path, "", "Origin", "https://page.example", "Access-Control-Request-Method", "PUT").header.Get("Access-Control-Allow-Origin")
	}
	s.start(idOne)
	assert.Equal(t, "https://page.example", ask("/v1/conversations/"+idOne))
	assert.Empty(t, ask("/v1/conversations/"+idOne+"/messages/k1"))
	assert.Equal(t, "https://page.example", ask("/v1/conversations/"+idOne+"/messages/k1"))
}

// TestExceptionsCountRequests holds an exception to what it says: a request with a body is one, though the plan is asked before the body is read and after.
func TestExceptionsCountRequests(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.play(fault.Fault{Kind: fault.Status, Status: 503}, "always", fault.Scope{Operation: "start"})
	s.play(fault.Fault{Kind: fault.Accept}, "next 1", fault.Scope{Operation: "start"})
	assert.Equal(t, 201, s.do("PUT", "/v1/conversations/"+idOne, `{}`).status)
	assert.Equal(t, 503, s.do("PUT", "/v1/conversations/"+idTwo, `{}`).status)
}

func TestSlowBodiesTakeTheirTime(t *testing.T) {
	t.Parallel()
	line := `{"text":"` + strings.Repeat("x", 3000) + `"}`
	for kind, ask := range map[fault.Kind]func(*stage) <-chan answer{
		fault.SlowUpload:   func(s *stage) <-chan answer { return s.later("PUT", "/v1/conversations/"+idOne+"/messages/k2", line) },
		fault.SlowDownload: func(s *stage) <-chan answer { return s.later("GET", "/v1/conversations/"+idOne+"/events?cursor=0", "") },
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.start(idOne)
			s.do("PUT", "/v1/conversations/"+idOne+"/messages/k1", line)
			began := s.clock.Now()
			s.play(fault.Fault{Kind: kind, Rate: 1000}, "next 1", fault.Scope{Conversation: idOne})
			got := ask(s)
			kept := func() int { return len(s.desk.Traffic().Kept) }
			require.Eventually(t, func() bool { return kept() == 1 }, patience, time.Millisecond, "whoever waits for the page to rest need not wait for it")
			var answered answer
			require.Eventually(t, func() bool {
				select {
				case answered = <-got:
					return true
				default:
					s.clock.Advance(50 * time.Millisecond)
					return false
				}
			}, patience, time.Millisecond)
			require.NoError(t, answered.err)
			assert.Less(t, answered.status, 300)
			assert.GreaterOrEqual(t, s.clock.Now().Sub(began), 2*time.Second, "3000 bytes at 1000 in a second")
			require.Eventually(t, func() bool { return kept() == 0 }, patience, time.Millisecond)
		})
	}
}

// TestAHeldPollIsSpoiltWhenItEnds plays a fault of the answer on a poll that has none yet.
func TestAHeldPollIsSpoiltWhenItEnds(t *testing.T) {
	t.Parallel()
	s := openWire(t, "longpoll")
	cookie, _, _ := strings.Cut(s.do("POST", "/chat", form("action", "open", "nick", "Mia", "queue", "sales")).header.Get("Set-Cookie"), ";")
	c := s.next()
	poll := func(seq string) answer { return s.send(s.ctx, "GET", "/poll", "", "Cookie", cookie, "X-Seq", seq) }
	s.play(fault.Fault{Kind: fault.Malformed}, "next 1", fault.Scope{Operation: "events"})
	s.play(fault.Fault{Kind: fault.ResetAfter}, "next 1", fault.Scope{Operation: "events"})
	require.Error(t, poll("0").err)
	require.Eventually(t, func() bool { return len(s.desk.Traffic().Kept) == 0 }, patience, time.Millisecond, "the poll that was lost is not held")
	got := make(chan answer, 1)
	go func() { got <- poll("0") }()
	require.Eventually(t, func() bool { return len(s.desk.Traffic().Kept) == 1 }, patience, time.Millisecond)
	place := 3
	s.act(c.QueueUpdate(mockdesk.QueueInfo{Position: &place}))
	spoilt := s.get(got)
	assert.Equal(t, 200, spoilt.status)
	assert.True(t, strings.HasSuffix(spoilt.raw, "\xff"), spoilt.raw)
	assert.NotContains(t, poll("0").raw, "\xff")
}

// TestFaultsOfFramesThatAsk plays on the frames of a socket what can be played on what asks for an operation.
func TestFaultsOfFramesThatAsk(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	here := fault.Scope{Operation: "typing", On: fault.Ask, Conversation: idOne}
	types := func(st *stream, on bool) {
		require.NoError(t, st.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"typing","typing":%t}`, on)))
	}
	st := s.listen(idOne, "0")
	id := s.play(fault.Fault{Kind: fault.Hold}, "next 1", here)
	types(st, true)
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpTyping, 1))
	assert.False(t, c.UserTypes())
	require.NoError(t, s.desk.Faults().Release(id))
	assert.True(t, c.UserTypes(), "the effect has happened when the release returns")
	s.play(fault.Fault{Kind: fault.Status, Status: 503, Title: "Busy"}, "next 1", here)
	types(st, false)
	assert.Equal(t, "error", st.next()["type"])
	assert.True(t, c.UserTypes())
	s.play(fault.Fault{Kind: fault.Body, Status: 200, Text: `{"type":"surprise"}`}, "next 1", here)
	types(st, false)
	assert.Equal(t, "surprise", st.next()["type"])
	s.play(fault.Fault{Kind: fault.ResetAfter}, "next 1", here)
	types(st, false)
	require.Error(t, st.broken())
	assert.False(t, c.UserTypes())
	s.play(fault.Fault{Kind: fault.Reset}, "next 1", here)
	again := s.listen(idOne, "0")
	types(again, true)
	require.Error(t, again.broken())
	assert.False(t, c.UserTypes())
	assert.Len(t, s.entries(journal.Closed, "socket"), 2)
}

func TestWhatIsPlayedIsTold(t *testing.T) {
	t.Parallel()
	var told bytes.Buffer
	s := openWith(t, mockdesk.Options{Played: func(p fault.Played) { fmt.Fprintln(&told, p) }})
	s.play(fault.Fault{Kind: fault.Hang}, "only 2", fault.Scope{Operation: "state"})
	s.play(fault.Fault{Kind: fault.Status, Status: 503}, "next 1", fault.Scope{Route: "GET /v1/availability"})
	assert.Equal(t, 503, s.do("GET", "/v1/availability", "").status)
	assert.Equal(t, http.StatusOK, s.do("GET", "/v1/availability", "").status)
	assert.Equal(t, "rule 2, play 1: answer 503 (request availability)\n", told.String())
	played := s.entry(journal.Act, "fault.played")
	assert.Equal(t, "On purpose: answer 503 (request availability).", played.Note)
	assert.Equal(t, map[string]any{"fault": "f2", "kind": "status", "moment": "request", "operation": "availability"}, data(t, played))
	assert.Less(t, s.entries(journal.Request, "GET /v1/availability")[0].Seq, played.Seq)
	assert.Less(t, played.Seq, s.entries(journal.Response, "GET /v1/availability")[0].Seq)
	c := s.start(idOne)
	st := s.listen(idOne, "0")
	s.play(fault.Fault{Kind: fault.Drop}, "only 1", fault.Scope{Direction: fault.Out, Conversation: idOne})
	s.act(c.Notice("lost"))
	s.act(c.Notice("found"))
	assert.Equal(t, "found", st.next()["text"])
	lost := s.entries(journal.Act, "fault.played")[1]
	assert.Equal(t, idOne, lost.Conversation)
	assert.Equal(t, "On purpose: lose the frame (frame message going out in conversation conversation-0001 on socket 1).", lost.Note)
	assert.Len(t, s.entries(journal.Frame, "message"), 1)
}

// TestRequestsThatNoRouteTakesMeetFaults plays on a path and a method that the wire does not know, and on a file for which it has no route.
func TestRequestsThatNoRouteTakesMeetFaults(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.play(fault.Fault{Kind: fault.Status, Status: 503}, "next 2", fault.Scope{})
	s.play(fault.Fault{Kind: fault.Hang}, "always", fault.Scope{Operation: "state"})
	assert.Equal(t, 503, s.do("GET", "/nowhere", "").status)
	assert.Equal(t, 503, s.do("POST", "/v1/availability", "").status)
	assert.Equal(t, 404, s.do("GET", "/nowhere", "").status)
	s.play(fault.Fault{Kind: fault.Truncate, Bytes: 2}, "next 1", fault.Scope{})
	require.Error(t, s.send(s.ctx, "PATCH", "/v1/availability", "").err)
	s.play(fault.Fault{Kind: fault.Hold}, "next 1", fault.Scope{})
	held := s.later("GET", "/desk-media/none", "")
	require.NoError(t, s.desk.Faults().WaitParked(s.ctx, fault.Scope{On: fault.Request}, 1))
	s.desk.Faults().Clear()
	assert.Equal(t, 404, s.get(held).status)
	polling := openWire(t, "polling")
	polling.play(fault.Fault{Kind: fault.ResetAfter}, "always", fault.Scope{})
	require.Error(t, polling.send(polling.ctx, "GET", "/desk-media/none", "").err)
}

// TestStreamsMeetFaultsOfAnswers plays the faults that alter an answer on server-sent events.
func TestStreamsMeetFaultsOfAnswers(t *testing.T) {
	t.Parallel()
	const first = "id: 1\nevent: queue\ndata: 2\n\n"
	for _, one := range []struct {
		f    fault.Fault
		want string
	}{
		{fault.Fault{Kind: fault.Truncate, Bytes: 9}, first[:9]},
		{fault.Fault{Kind: fault.Truncate, Bytes: len(first) + 3}, first + "id:"},
		{fault.Fault{Kind: fault.Malformed}, first[:len(first)/2] + "\xff\n\n"},
		{fault.Fault{Kind: fault.ContentType, ContentType: "text/csv"}, first},
		{fault.Fault{Kind: fault.NoCORS}, first},
		{fault.Fault{Kind: fault.SlowDownload, Rate: 10}, first},
	} {
		t.Run(one.f.String(), func(t *testing.T) {
			t.Parallel()
			s := openWire(t, "sse")
			session := s.do("POST", "/sessions", `{"name":"Mia"}`).json(t)["session"].(string)
			c := s.next()
			s.play(one.f, "next 1", fault.Scope{Operation: "events"})
			r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.desk.URL()+"/sessions/"+session+"/stream", nil)
			require.NoError(t, err)
			r.Header.Set("Origin", "https://page.example")
			response, err := s.http.Do(r)
			require.NoError(t, err)
			t.Cleanup(func() { _ = response.Body.Close() })
			assert.Equal(t, one.f.Kind == fault.ContentType, response.Header.Get("Content-Type") == "text/csv")
			assert.Equal(t, one.f.Kind == fault.NoCORS, response.Header.Get("Access-Control-Allow-Origin") == "")
			place := 2
			s.act(c.QueueUpdate(mockdesk.QueueInfo{Position: &place}))
			s.act(c.QueueUpdate(mockdesk.QueueInfo{Position: &place}))
			read := make(chan string, 1)
			go func() {
				got := make([]byte, len(one.want))
				n, _ := io.ReadFull(response.Body, got)
				read <- string(got[:n])
			}()
			if one.f.Kind == fault.SlowDownload {
				require.NoError(t, s.desk.WaitSent(s.ctx), "nothing is going to happen until the clock goes on")
				s.clock.Advance(time.Second)
				require.NoError(t, s.desk.WaitSent(s.ctx))
				assert.Empty(t, read, "ten bytes of what is longer")
				for range 5 {
					s.clock.Advance(time.Second)
					require.NoError(t, s.desk.WaitSent(s.ctx))
				}
			}
			assert.Equal(t, one.want, <-read)
			if one.f.Kind == fault.Truncate {
				_, err = response.Body.Read(make([]byte, 1))
				require.ErrorIs(t, err, syscall.ECONNRESET)
			}
		})
	}
}

// TestRulesThatCannotBePlayed holds what is said of a rule against the wire.
func TestRulesThatCannotBePlayed(t *testing.T) {
	t.Parallel()
	native, polling, sockets := open(t).desk, openWire(t, "polling").desk, openWire(t, "sockets").desk
	for _, one := range []struct {
		desk  *mockdesk.Desk
		f     fault.Fault
		where fault.Scope
		field string
	}{
		{native, fault.Fault{Kind: fault.Drop}, fault.Scope{Frame: "message"}, ""},
		{native, fault.Fault{Kind: fault.Reset}, fault.Scope{Operation: "typing"}, ""},
		{native, fault.Fault{Kind: fault.Truncate, Bytes: 1}, fault.Scope{Operation: "typing"}, "scope.operation"},
		{native, fault.Fault{Kind: fault.Reset}, fault.Scope{Operation: "acknowledge"}, "scope.operation"},
		{native, fault.Fault{Kind: fault.Reset}, fault.Scope{Route: "GET /v1/availability"}, ""},
		{native, fault.Fault{Kind: fault.Reset}, fault.Scope{Route: "GET /v1/conversations/{id}/events", On: fault.Upgrade}, ""},
		{native, fault.Fault{Kind: fault.NoCORS}, fault.Scope{Route: "OPTIONS /v1/availability"}, ""},
		{native, fault.Fault{Kind: fault.Reset}, fault.Scope{Route: "GET /v1/available"}, "scope.route"},
		{native, fault.Fault{Kind: fault.Reset}, fault.Scope{Tenant: "one"}, "scope.tenant"},
		{polling, fault.Fault{Kind: fault.Delay, For: 1}, fault.Scope{}, ""},
		{polling, fault.Fault{Kind: fault.Delay, For: 1}, fault.Scope{On: fault.Frame}, "fault.kind"},
		{polling, fault.Fault{Kind: fault.Delay, For: 1}, fault.Scope{Connection: 1}, "fault.kind"},
		{polling, fault.Fault{Kind: fault.NoPong}, fault.Scope{}, "fault.kind"},
		{sockets, fault.Fault{Kind: fault.Hold}, fault.Scope{Operation: "message"}, ""},
		{sockets, fault.Fault{Kind: fault.Truncate, Bytes: 1}, fault.Scope{Operation: "message"}, "scope.operation"},
	} {
		rule := fault.Rule{Fault: one.f, Scope: one.where}
		require.NoError(t, rule.Validate())
		err := one.desk.CheckRule(rule)
		if one.field == "" {
			require.NoError(t, err, rule.String())
			continue
		}
		wrong := &fault.FieldError{}
		require.ErrorAs(t, err, &wrong, rule.String())
		assert.Equal(t, one.field, wrong.Field, rule.String())
	}
}
