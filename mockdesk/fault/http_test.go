package fault_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/fault"
)

func TestAHealthyDeskAnswersAndEndsTheConnection(t *testing.T) {
	s := open(t)
	conn, r := s.raw()
	response := s.head(r)
	assert.True(t, response.Close, "no connection serves twice")
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.JSONEq(t, healthy, string(body))
	_, err = conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "an orderly end, no reset")
	assert.EqualValues(t, 1, s.effects.Load())
	assert.Empty(t, s.journal())
}

func TestStatus(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Status, Status: 503, Title: "The desk is busy"}, "next 1"), do(fault.Fault{Kind: fault.Status, Status: 502}, "next 1"))
	got := s.get()
	assert.Equal(t, 503, got.status)
	assert.Equal(t, "The desk is busy\n", got.body)
	assert.Equal(t, "Bad Gateway\n", s.get().body)
	assert.Zero(t, s.effects.Load())
	assert.Equal(t, 200, s.get().status)
	assert.Equal(t, []string{
		`rule 1, play 1: answer 503 "The desk is busy" (request message in conversation c1)`, `rule 2, play 1: answer 502 (request message in conversation c1)`,
	}, s.journal())
}

func TestStatusInTheShapeOfTheProtocol(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Status, Status: 503}, "always"))
	w := newRecorder()
	s.plan.Next(fault.Arrival{Moment: fault.Request}).Serve(fault.Exchange{
		W: w, R: newRequest(t), Refusal: func(status int, title string) fault.Reply {
			return fault.Reply{Status: status, Header: http.Header{"Content-Type": {"application/problem+json"}}, Body: fmt.Appendf(nil, "{%q:%d}", title, status)}
		},
	})
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.JSONEq(t, `{"Service Unavailable":503}`, w.Body.String())
}

func TestBody(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Body, Status: 200, ContentType: "text/html", Text: "<h1>Proxy</h1>"}, "always"))
	got := s.get()
	assert.Equal(t, 200, got.status)
	assert.Equal(t, "text/html", got.header.Get("Content-Type"))
	assert.Equal(t, "<h1>Proxy</h1>", got.body)
	assert.Zero(t, s.effects.Load())
}

func TestHoldParksBeforeTheEffect(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Hold}, "until released"))
	got := s.later()
	require.NoError(t, s.plan.WaitParked(s.ctx, fault.Scope{Operation: "message"}, 1))
	assert.Zero(t, s.effects.Load())
	assert.Empty(t, got)
	require.Len(t, s.plan.List()[0].Parked, 1)
	require.NoError(t, s.plan.Release(1))
	assert.EqualValues(t, 1, s.effects.Load(), "the effect has happened when Release returns")
	assert.Equal(t, 200, wait(s, got).status)
	assert.Equal(t, 200, s.get().status, "released for good")
	assert.Empty(t, s.plan.List()[0].Parked)
	assert.Equal(t, []bool{true, false}, s.kept)
}

func TestAHeldRequestTakesEffectThoughTheClientIsGone(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Hold}, "always"))
	ctx, giveUp := context.WithCancel(s.ctx)
	got := make(chan answer, 1)
	go func() { got <- s.send(ctx, http.MethodGet, "") }()
	require.NoError(t, s.plan.WaitParked(s.ctx, fault.Scope{}, 1))
	giveUp()
	require.ErrorIs(t, wait(s, got).err, context.Canceled)
	s.waitKept(2)
	require.NoError(t, s.plan.Release(1))
	assert.EqualValues(t, 1, s.effects.Load())
	again := s.later()
	require.NoError(t, s.plan.WaitParked(s.ctx, fault.Scope{}, 1), "a rule for always goes on holding after a release")
	require.NoError(t, s.plan.Remove(1))
	assert.Equal(t, 200, wait(s, again).status, "what a rule parked goes on when it is removed")
}

func TestHoldReplyParksAfterTheEffect(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.HoldReply}, "next 1"))
	got := s.later()
	require.NoError(t, s.plan.WaitParked(s.ctx, fault.Scope{}, 1))
	assert.EqualValues(t, 1, s.effects.Load())
	assert.Empty(t, got)
	require.NoError(t, s.plan.Release(1))
	assert.JSONEq(t, healthy, wait(s, got).body)
	assert.EqualValues(t, 1, s.effects.Load())
}

func TestHoldForATimeEndsWithIt(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Hold}, "for 5s"))
	got := s.later()
	require.NoError(t, s.plan.WaitParked(s.ctx, fault.Scope{}, 1))
	s.clock.Advance(4 * time.Second)
	assert.Zero(t, s.effects.Load())
	s.clock.Advance(time.Second)
	assert.EqualValues(t, 1, s.effects.Load(), "the effect has happened when Advance returns")
	assert.Equal(t, 200, wait(s, got).status)
	assert.True(t, s.plan.List()[0].Over)
}

func TestDelayFollowsTheDesksClock(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Delay, For: 5 * time.Second}, "always"))
	got := s.later()
	s.waitKept(1)
	s.clock.Advance(5*time.Second - 1)
	assert.Zero(t, s.effects.Load())
	s.clock.Advance(1)
	assert.EqualValues(t, 1, s.effects.Load(), "the effect has happened when Advance returns")
	assert.Equal(t, 200, wait(s, got).status)
}

func TestHangNeverAnswers(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Hang}, "always"))
	conn, _ := s.raw()
	s.waitKept(1)
	s.clock.Advance(24 * time.Hour)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(moment)))
	_, err := conn.Read(make([]byte, 1))
	var late net.Error
	require.ErrorAs(t, err, &late)
	assert.True(t, late.Timeout(), "neither an answer nor an end")
	require.NoError(t, conn.Close())
	s.waitKept(2)
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.outcomes) == 1
	}, patience, time.Millisecond)
	assert.Contains(t, s.outcome().Note, "gave up")
	assert.Zero(t, s.effects.Load())
}

func TestResetBeforeAndAfterTheEffect(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Reset}, "next 1"), do(fault.Fault{Kind: fault.ResetAfter}, "next 1"))
	conn, _ := s.raw()
	_, err := conn.Read(make([]byte, 1))
	assert.True(t, isReset(err), "a reset and not an end: %v", err)
	assert.Zero(t, s.effects.Load())
	assert.Contains(t, s.outcome().Note, "before the desk did anything")
	conn, _ = s.raw()
	_, err = conn.Read(make([]byte, 1))
	assert.True(t, isReset(err), "a reset and not an end: %v", err)
	assert.EqualValues(t, 1, s.effects.Load())
	assert.Contains(t, s.outcome().Note, "in place of the answer 200")
}

func TestTruncate(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Truncate, Bytes: 7}, "next 1"), do(fault.Fault{Kind: fault.Truncate, Bytes: 1 << 20}, "next 1"))
	for _, want := range []string{healthy[:7], healthy[:len(healthy)-1]} {
		_, r := s.raw()
		response := s.head(r)
		assert.EqualValues(t, len(healthy), response.ContentLength, "the whole body is announced")
		got, err := io.ReadAll(response.Body)
		assert.Equal(t, want, string(got))
		assert.True(t, isReset(err), "a reset and not an end: %v", err)
	}
	assert.EqualValues(t, 2, s.effects.Load())
}

func TestTruncateOfAnAnswerWithoutABody(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Truncate, Bytes: 7}, "always"))
	got := s.send(s.ctx, http.MethodPut, "x")
	assert.Equal(t, 200, got.status, "there must be something to break")
	assert.Empty(t, got.body)
	require.Error(t, got.err)
}

func TestMalformed(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Malformed}, "always"))
	for method, body := range map[string]string{http.MethodGet: "", http.MethodPut: "x"} {
		got := s.send(s.ctx, method, body)
		require.NoError(t, got.err, "as HTTP the answer is whole")
		assert.Equal(t, 200, got.status)
		assert.False(t, utf8.ValidString(got.body), got.body)
	}
	assert.EqualValues(t, 2, s.effects.Load())
}

func TestContentType(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.ContentType, ContentType: "text/html"}, "always"))
	got := s.get()
	assert.Equal(t, "text/html", got.header.Get("Content-Type"))
	assert.JSONEq(t, healthy, got.body)
}

func TestNoCORS(t *testing.T) {
	s := open(t)
	const allowed = "Access-Control-Allow-Origin"
	assert.Equal(t, "*", s.get().header.Get(allowed))
	assert.Equal(t, "*", s.send(s.ctx, http.MethodOptions, "").header.Get(allowed))
	_, err := s.plan.Add(do(fault.Fault{Kind: fault.NoCORS}, "always"))
	require.NoError(t, err)
	got := s.get()
	assert.NotContains(t, got.header, allowed)
	assert.JSONEq(t, healthy, got.body, "the browser alone keeps it from the page")
	assert.NotContains(t, s.send(s.ctx, http.MethodOptions, "").header, allowed)
}

func TestTooMany(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.TooMany, For: 1500 * time.Millisecond}, "next 1"), do(fault.Fault{Kind: fault.TooMany, For: time.Minute, As: fault.AsDate}, "next 1"))
	got := s.get()
	assert.Equal(t, 429, got.status)
	assert.Equal(t, "2", got.header.Get("Retry-After"), "in whole seconds, never too early")
	assert.Equal(t, "Retry-After, Date", got.header.Get("Access-Control-Expose-Headers"), "pages of other origins may read them")
	s.clock.Advance(24 * time.Hour)
	got = s.get()
	assert.Equal(t, 429, got.status)
	assert.Equal(t, "Mon, 02 Mar 2026 09:01:00 GMT", got.header.Get("Retry-After"), "on the desk's clock")
	assert.Equal(t, "Mon, 02 Mar 2026 09:00:00 GMT", got.header.Get("Date"))
	assert.Zero(t, s.effects.Load())
}

func TestRedirect(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Redirect, Location: "/elsewhere"}, "next 1"), do(fault.Fault{Kind: fault.Redirect, Status: 301, Location: "http://other.example/"}, "next 1"))
	got := s.get()
	assert.Equal(t, 307, got.status)
	assert.Equal(t, "/elsewhere", got.header.Get("Location"))
	got = s.get()
	assert.Equal(t, 301, got.status)
	assert.Equal(t, "http://other.example/", got.header.Get("Location"))
}

func TestSlowDownload(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.SlowDownload, Rate: 10}, "always"))
	conn, r := s.raw()
	response := s.head(r)
	assert.EqualValues(t, len(healthy), response.ContentLength, "the head is not slow")
	s.clock.Advance(time.Second)
	first := make([]byte, 10)
	_, err := io.ReadFull(response.Body, first)
	require.NoError(t, err)
	assert.Equal(t, healthy[:10], string(first))
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(moment)))
	_, err = r.Peek(1)
	var late net.Error
	require.ErrorAs(t, err, &late, "no byte more than a second's worth")
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	s.clock.Advance(time.Hour)
	rest, err := io.ReadAll(io.LimitReader(r, int64(len(healthy)-10)))
	require.NoError(t, err)
	assert.Equal(t, healthy[10:], string(rest))
}

func TestSlowUpload(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.SlowUpload, Rate: 100 << 10}, "always"))
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.(*net.TCPConn).SetWriteBuffer(4<<10))
	body := bytes.Repeat([]byte("x"), 2<<20)
	wrote := make(chan error, 1)
	written := make(chan int, 1)
	go func() {
		_, err := fmt.Fprintf(conn, "PUT /messages HTTP/1.1\r\nHost: desk\r\nContent-Length: %d\r\n\r\n", len(body))
		wrote <- err
		// What cannot be written for a while stays unwritten: the desk takes no more.
		_ = conn.SetWriteDeadline(time.Now().Add(10 * moment))
		n, _ := conn.Write(body)
		written <- n
	}()
	require.NoError(t, wait(s, wrote))
	n := wait(s, written)
	assert.Less(t, n, len(body)/2, "the client is slowed down, not the answer alone")
	require.NoError(t, conn.SetWriteDeadline(time.Now().Add(patience)))
	go func() {
		_, err := conn.Write(body[n:])
		wrote <- err
	}()
	require.Eventually(t, func() bool {
		s.clock.Advance(10 * time.Second)
		return len(wrote) == 1
	}, patience, time.Millisecond)
	require.NoError(t, wait(s, wrote))
	s.clock.Advance(time.Hour)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	buffer := make([]byte, 12)
	_, err = io.ReadFull(conn, buffer)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 204", string(buffer))
	assert.GreaterOrEqual(t, s.clock.Now().Sub(morning), 20*time.Second, "two megabytes at a tenth of one a second")
}

func TestUpgradesAreRefusedAndDelayed(t *testing.T) {
	upgrades := fault.Scope{On: fault.Upgrade}
	s := open(t,
		do(fault.Fault{Kind: fault.Status, Status: 503}, "next 1", upgrades), do(fault.Fault{Kind: fault.Reset}, "next 1", upgrades),
		do(fault.Fault{Kind: fault.ResetAfter}, "next 1", upgrades), do(fault.Fault{Kind: fault.Delay, For: time.Minute}, "next 1", upgrades))
	assert.Equal(t, 200, s.get().status, "other requests are let be")
	_, response, err := s.dial()
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	assert.Equal(t, 503, response.StatusCode)
	for range 2 {
		_, _, err = s.dial()
		assert.True(t, isReset(err), "a reset in place of an answer: %v", err)
	}
	assert.Empty(t, s.pumps)
	opened := make(chan error, 1)
	go func() {
		_, _, err := s.dial()
		opened <- err
	}()
	s.waitKept(1)
	assert.Empty(t, opened)
	s.clock.Advance(time.Minute)
	require.NoError(t, wait(s, opened))
}

func TestTheDeskClosesWhileRequestsWait(t *testing.T) {
	for _, f := range []fault.Fault{{Kind: fault.Hold}, {Kind: fault.HoldReply}, {Kind: fault.Delay, For: time.Hour}, {Kind: fault.Hang}} {
		t.Run(string(f.Kind), func(t *testing.T) {
			s := open(t, do(f, "always"))
			got := s.later()
			s.waitKept(1)
			s.close()
			require.Error(t, wait(s, got).err)
			assert.Zero(t, s.outcome().Status)
			require.Eventually(t, func() bool { return len(s.plan.List()[0].Parked) == 0 }, patience, time.Millisecond)
		})
	}
}
