package mockdesk_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
)

const (
	pathOne   = "/v1/conversations/" + idOne
	messageOf = pathOne + "/messages/"
)

func TestHoldParksBeforeTheEffect(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.desk.React(mockdesk.OpStart, mockdesk.Hold())
	got := s.later("PUT", pathOne, "{}")
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpStart, 1))
	assert.Equal(t, 1, s.desk.Held(mockdesk.OpStart))
	assert.Equal(t, 1, s.desk.Requests())
	assert.Empty(t, s.desk.Conversations())
	assert.Equal(t, http.StatusOK, s.do("GET", "/v1/availability", "").status, "other operations go on")

	s.desk.Release(mockdesk.OpStart)
	assert.Len(t, s.desk.Conversations(), 1, "the effect has happened when Release returns")
	assert.Equal(t, http.StatusCreated, s.get(got).status)
	assert.Zero(t, s.desk.Held(mockdesk.OpStart))
	assert.Equal(t, http.StatusCreated, s.do("PUT", "/v1/conversations/"+idTwo, "{}").status, "accepted from then on")
}

func TestAHeldRequestTakesEffectThoughTheClientIsGone(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.React(mockdesk.OpMessage, mockdesk.Hold())
	ctx, giveUp := context.WithCancel(s.ctx)
	got := s.laterIn(ctx, "PUT", messageOf+"k1", `{"text":"Hello"}`)
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpMessage, 1))
	giveUp()
	require.ErrorIs(t, s.get(got).err, context.Canceled)
	assert.Equal(t, 1, s.desk.Held(mockdesk.OpMessage))
	assert.Empty(t, c.Transcript())
	s.desk.Release(mockdesk.OpMessage)
	require.Len(t, c.Transcript(), 1)
	assert.Equal(t, http.StatusOK, s.do("PUT", messageOf+"k1", `{"text":"Hello"}`).status, "the client's repetition finds it stored")
}

func TestReleaseKeepsTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.React(mockdesk.OpMessage, mockdesk.Hold())
	keys := []string{"e", "d", "c", "b", "a"}
	for i, key := range keys {
		s.later("PUT", messageOf+key, `{"text":"x"}`)
		require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpMessage, i+1))
	}
	s.desk.Release(mockdesk.OpMessage)
	var stored []string
	for _, l := range c.Transcript() {
		stored = append(stored, l.Key)
	}
	assert.Equal(t, keys, stored)
}

func TestAWithdrawalOvertakesAHeldStart(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.desk.React(mockdesk.OpStart, mockdesk.Hold())
	got := s.later("PUT", pathOne, "{}")
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpStart, 1))
	assert.Equal(t, http.StatusNoContent, s.do("DELETE", pathOne, "").status)
	s.desk.Release(mockdesk.OpStart)
	assert.Equal(t, http.StatusGone, s.get(got).status)
	assert.Empty(t, s.desk.Conversations())
}

func TestHoldReplyParksAfterTheEffect(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.React(mockdesk.OpMessage, mockdesk.HoldReply())
	got := s.later("PUT", messageOf+"k1", `{"text":"Hello"}`)
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpMessage, 1))
	assert.Len(t, c.Transcript(), 1)
	assert.Empty(t, got)
	s.desk.Release(mockdesk.OpMessage)
	assert.Equal(t, http.StatusCreated, s.get(got).status)
	assert.Len(t, c.Transcript(), 1)
}

func TestAHeldEndIsEchoedAfterItsAnswer(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	st := s.listen(idOne, "0")
	s.desk.React(mockdesk.OpEnd, mockdesk.HoldReply())
	got := s.later("DELETE", pathOne, "")
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpEnd, 1))
	assert.Equal(t, mockdesk.Ended, c.State())
	assert.Equal(t, 1, c.Closures())
	assert.Empty(t, s.entries(journal.Frame, "conversation.ended"))
	s.desk.Release(mockdesk.OpEnd)
	assert.Equal(t, http.StatusNoContent, s.get(got).status)
	assert.Equal(t, "user", st.next()["by"])
}

func TestRefuseAndBodyHaveNoEffect(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.React(mockdesk.OpEnd, mockdesk.Refuse(503, "The desk is busy"))
	refused := s.do("DELETE", pathOne, "", "Origin", "http://page.example")
	assert.Equal(t, 503, refused.status)
	assert.Equal(t, "The desk is busy", refused.json(t)["title"])
	assert.Equal(t, "http://page.example", refused.header.Get("Access-Control-Allow-Origin"))

	s.desk.React(mockdesk.OpEnd, mockdesk.Body(200, "text/html", "<h1>Proxy</h1>"))
	odd := s.do("DELETE", pathOne, "")
	assert.Equal(t, 200, odd.status)
	assert.Equal(t, "text/html", odd.header.Get("Content-Type"))
	assert.Equal(t, "<h1>Proxy</h1>", odd.raw)
	assert.Equal(t, mockdesk.Waiting, c.State())
	assert.Equal(t, 2, c.Closures(), "refused ones count")
	s.desk.React(mockdesk.OpEnd, mockdesk.Accept())
	assert.Equal(t, http.StatusNoContent, s.do("DELETE", pathOne, "").status)
}

func TestBlackholeNeverAnswers(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.React(mockdesk.OpMessage, mockdesk.Blackhole())
	ctx, giveUp := context.WithCancel(s.ctx)
	got := s.laterIn(ctx, "PUT", messageOf+"k1", `{"text":"Hello"}`)
	s.entry("request", "PUT /v1/conversations/{id}/messages/{key}")
	s.desk.Release(mockdesk.OpMessage)
	assert.Empty(t, got, "not even by Release")
	assert.Zero(t, s.desk.Held(mockdesk.OpMessage))
	giveUp()
	require.Error(t, s.get(got).err)
	lost := s.entry("response", "PUT /v1/conversations/{id}/messages/{key}")
	assert.EqualValues(t, 0, data(t, lost)["status"])
	assert.Contains(t, lost.Note, "gave up")
	assert.Empty(t, c.Transcript())
}

func TestCutAndLoseReplyBreakTheConnection(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.ReactSequence(mockdesk.OpMessage, mockdesk.Cut(), mockdesk.LoseReply())
	require.Error(t, s.send(s.ctx, "PUT", messageOf+"k1", `{"text":"one"}`).err)
	assert.Empty(t, c.Transcript())
	require.Error(t, s.send(s.ctx, "PUT", messageOf+"k2", `{"text":"two"}`).err)
	assert.Len(t, c.Transcript(), 1)
	assert.Equal(t, http.StatusOK, s.do("PUT", messageOf+"k2", `{"text":"two"}`).status)
	responses := s.entries("response", "PUT /v1/conversations/{id}/messages/{key}")
	require.Len(t, responses, 3, "every request was seen once")
	assert.Contains(t, responses[0].Note, "before the desk did anything")
	assert.Contains(t, responses[1].Note, "in place of the answer 201")
}

func TestNoConnectionServesTwice(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 3 {
		reused := false
		ctx := httptrace.WithClientTrace(s.ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
		require.NoError(t, s.send(ctx, "GET", "/v1/availability", "").err)
		assert.False(t, reused, "a browser would repeat by itself what is cut on a connection that has served before")
	}
}

func TestALostEndIsStillEchoed(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	st := s.listen(idOne, "0")
	s.desk.ReactNext(mockdesk.OpEnd, 1, mockdesk.LoseReply())
	require.Error(t, s.send(s.ctx, "DELETE", pathOne, "").err)
	assert.Equal(t, "user", st.next()["by"])
	assert.Equal(t, http.StatusGone, s.do("DELETE", pathOne, "").status)
}

func TestDelayFollowsTheDesksClock(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.ReactSequence(mockdesk.OpMessage, mockdesk.Delay(10*time.Second), mockdesk.Delay(5*time.Second), mockdesk.Delay(10*time.Second))
	var got []<-chan answer
	for i, key := range []string{"k1", "k2", "k3"} {
		got = append(got, s.later("PUT", messageOf+key, `{"text":"x"}`))
		require.NoError(t, s.journal.WaitUntil(s.ctx, func() bool {
			return len(s.entries("request", "PUT /v1/conversations/{id}/messages/{key}")) == i+1
		}))
	}
	// A request is recorded and its delay set under one lock, which this passes.
	assert.Equal(t, 3, s.desk.Requests())
	s.clock.Advance(9 * time.Second)
	require.Len(t, c.Transcript(), 1, "the effect has happened when Advance returns")
	assert.Equal(t, http.StatusCreated, s.get(got[1]).status)
	assert.Empty(t, got[0])
	s.clock.Advance(time.Second)
	var keys []string
	for _, l := range c.Transcript() {
		keys = append(keys, l.Key)
	}
	assert.Equal(t, []string{"k2", "k1", "k3"}, keys)
	assert.Equal(t, http.StatusCreated, s.get(got[0]).status)
	assert.Equal(t, http.StatusCreated, s.get(got[2]).status)
}

func TestHowReactionsFollowOneAnother(t *testing.T) {
	t.Parallel()
	s := open(t)
	ask := func(want ...int) {
		t.Helper()
		for _, status := range want {
			assert.Equal(t, status, s.do("GET", "/v1/availability", "").status)
		}
	}
	refuse := func(status int) mockdesk.Reaction { return mockdesk.Refuse(status, "No") }
	s.desk.React(mockdesk.OpAvailability, refuse(500))
	s.desk.ReactNext(mockdesk.OpAvailability, 2, refuse(501))
	s.desk.ReactNext(mockdesk.OpAvailability, 1, refuse(502))
	ask(502, 501, 501, 500, 500)
	s.desk.ReactSequence(mockdesk.OpAvailability, refuse(503), mockdesk.Accept(), refuse(504))
	ask(503, 200, 504, 200, 200)
	s.desk.ReactNext(mockdesk.OpAvailability, 0, refuse(505))
	ask(200)
	s.desk.ReactNext(mockdesk.OpAvailability, 9, refuse(505))
	s.desk.React(mockdesk.OpAvailability, mockdesk.Accept())
	ask(200)
	s.desk.React(mockdesk.OpAvailability, refuse(500))
	s.desk.Release(mockdesk.OpAvailability)
	ask(200)
	assert.Len(t, s.desk.Queries(), 13, "refused queries count")
}

func TestReactionsToTheStream(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	s.desk.React(mockdesk.OpEvents, mockdesk.Hold())
	dialed := make(chan *websocket.Conn, 1)
	go func() {
		conn, _, err := s.dial(pathOne + "/events")
		assert.NoError(t, err)
		dialed <- conn
	}()
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpEvents, 1))
	assert.Zero(t, s.desk.Sockets())
	s.desk.Release(mockdesk.OpEvents)
	require.NoError(t, s.desk.WaitSockets(s.ctx, 1))
	require.NoError(t, (<-dialed).Close())
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))

	for _, r := range []mockdesk.Reaction{mockdesk.Cut(), mockdesk.LoseReply()} {
		s.desk.ReactNext(mockdesk.OpEvents, 1, r)
		_, _, err := s.dial(pathOne + "/events")
		require.Error(t, err)
		require.NotErrorIs(t, err, websocket.ErrBadHandshake)
	}
	s.desk.ReactNext(mockdesk.OpEvents, 1, mockdesk.Body(200, "application/json", "{"))
	assert.Equal(t, "{", s.do("GET", pathOne+"/events", "").raw)
	s.listen(idOne, "0")
}

func TestAHeldStreamOfAClientThatLeftOpensNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	s.desk.React(mockdesk.OpEvents, mockdesk.Hold())
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.desk.URL(), "http://"))
	require.NoError(t, err)
	_, err = conn.Write([]byte("GET " + pathOne + "/events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
	require.NoError(t, err)
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpEvents, 1))
	require.NoError(t, conn.Close())
	s.desk.Release(mockdesk.OpEvents)
	// Whether the server sees the departure first or opens a socket into the void, none stays open.
	s.entry("response", "GET /v1/conversations/{id}/events")
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))
}

func TestKeptCountsTheRequestsWhoseClientStillWaits(t *testing.T) {
	t.Parallel()
	for name, reaction := range map[string]mockdesk.Reaction{"held": mockdesk.Hold(), "never answered": mockdesk.Blackhole(), "delayed": mockdesk.Delay(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			desk, err := mockdesk.Open(mockdesk.Options{})
			require.NoError(t, err)
			defer func() { _ = desk.Close() }()
			desk.React(mockdesk.OpAvailability, reaction)
			ctx, giveUp := context.WithCancel(t.Context())
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, desk.URL()+"/v1/availability", nil)
			require.NoError(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if response, err := http.DefaultClient.Do(request); err == nil {
					_ = response.Body.Close()
				}
			}()
			assert.Eventually(t, func() bool {
				return slices.Equal(desk.Traffic().Kept, []string{"GET " + desk.URL() + "/v1/availability"})
			}, 5*time.Second, time.Millisecond)
			giveUp()
			<-done
			assert.Eventually(t, func() bool { return len(desk.Traffic().Kept) == 0 }, 5*time.Second, time.Millisecond)
		})
	}
}

func TestTrafficTellsWhatMoves(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	before := s.desk.Traffic()
	assert.Equal(t, [2]int{}, [2]int{before.Frames, before.Sockets})
	soon, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	require.ErrorIs(t, s.desk.WaitTraffic(soon, before), context.DeadlineExceeded, "nothing has moved")

	s.listen(idOne, "0")
	require.NoError(t, s.desk.WaitTraffic(s.ctx, before))
	opened := s.desk.Traffic()
	assert.Equal(t, 1, opened.Sockets)
	_, err := c.Notice("frames are no move")
	require.NoError(t, err)
	require.NoError(t, s.desk.WaitSent(s.ctx))
	again, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	require.ErrorIs(t, s.desk.WaitTraffic(again, opened), context.DeadlineExceeded)
	assert.Equal(t, 2, s.desk.Traffic().Frames)

	s.desk.React(mockdesk.OpAvailability, mockdesk.Blackhole())
	got := s.later("GET", "/v1/availability", "")
	require.NoError(t, s.desk.WaitTraffic(s.ctx, opened))
	kept := s.desk.Traffic()
	assert.Equal(t, []string{"GET " + s.desk.URL() + "/v1/availability"}, kept.Kept)
	c.CutSockets()
	require.NoError(t, s.desk.WaitTraffic(s.ctx, kept))
	require.NoError(t, s.desk.Close())
	require.ErrorIs(t, s.desk.WaitTraffic(s.ctx, s.desk.Traffic()), mockdesk.ErrClosed)
	require.Error(t, s.get(got).err)
}
