package mockdesk_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
)

func TestTheStreamSendsWhatWasMissedThenWhatComes(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	position, wait := 2, 90
	_, err := c.QueueUpdate(mockdesk.QueueInfo{Position: &position, WaitSeconds: &wait, Notice: "Soon."})
	require.NoError(t, err)
	st := s.listen(idOne, "0")
	assert.Equal(t, map[string]any{"cursor": 1.0, "type": "queue.updated", "at": "2026-03-01T09:00:00.000Z", "position": 2.0, "waitSeconds": 90.0, "notice": "Soon."}, st.next())

	ada := s.desk.Agent("a1", "Ada")
	ada.AvatarURL = "https://desk.example/ada.png"
	for _, act := range []func() (int, error){
		func() (int, error) { return ada.Join(c) },
		func() (int, error) { return ada.Typing(c, true) },
		func() (int, error) { return ada.Say(c, "Hello") },
		func() (int, error) { return ada.SayHTML(c, "<b>Hi</b>") },
		func() (int, error) { return c.Notice("Recorded.") },
	} {
		_, err := act()
		require.NoError(t, err)
	}
	profile := map[string]any{"id": "a1", "name": "Ada", "avatarUrl": "https://desk.example/ada.png"}
	joined := st.next()
	assert.Equal(t, "agent.joined", joined["type"])
	assert.Equal(t, profile, joined["agent"])
	typing := st.next()
	assert.Equal(t, "agent.typing", typing["type"])
	assert.Equal(t, true, typing["typing"])
	assert.Equal(t, profile, typing["agent"])
	text, html, notice := st.next(), st.next(), st.next()
	assert.Equal(t, map[string]any{"cursor": 4.0, "type": "message", "at": "2026-03-01T09:00:00.000Z", "id": "m.4",
		"author": map[string]any{"role": "agent", "id": "a1", "name": "Ada"}, "text": "Hello", "format": "text"}, text)
	assert.Equal(t, "html", html["format"])
	assert.Equal(t, map[string]any{"role": "desk"}, notice["author"])

	resumed := s.listen(idOne, "5")
	assert.EqualValues(t, 6, resumed.next()["cursor"])
	_, err = ada.End(c)
	require.NoError(t, err)
	for _, st := range []*stream{st, resumed} {
		ended := st.next()
		assert.Equal(t, "conversation.ended", ended["type"])
		assert.Equal(t, "agent", ended["by"])
		assert.NotContains(t, ended, "reason")
	}
	require.NoError(t, s.desk.WaitSent(s.ctx))
	assert.Equal(t, 2+7+2, s.desk.Traffic().Frames, "two hellos, all seven events once and the last two again")
	assert.Equal(t, 2, s.desk.Sockets(), "the desk leaves it to the client to close")
}

func TestResumeAfterTheConnectionWasCut(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	st := s.listen(idOne, "0")
	require.NoError(t, c.WaitSocket(s.ctx))
	_, err := c.Notice("one")
	require.NoError(t, err)
	assert.EqualValues(t, 1, st.next()["cursor"])

	c.CutSockets()
	assert.Zero(t, s.desk.Sockets())
	assert.Zero(t, c.Sockets())
	assert.True(t, reset(st.broken()), "a cut is no orderly close")
	_, err = c.Notice("two")
	require.NoError(t, err)

	again := s.listen(idOne, "1")
	missed := again.next()
	assert.EqualValues(t, 2, missed["cursor"])
	assert.Equal(t, "two", missed["text"])
	require.NoError(t, s.desk.WaitSockets(s.ctx, 1))
	c.CutSockets()
	c.CutSockets()
}

func TestASocketThatIsOpeningWhileSocketsAreCutIsCutToo(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.React(mockdesk.OpEvents, mockdesk.HoldReply())
	broke := make(chan error, 1)
	go func() {
		// The reset may overtake the answer to the handshake.
		conn, _, err := s.dial("/v1/conversations/" + idOne + "/events?cursor=0")
		if err == nil {
			_, _, err = conn.ReadMessage()
		}
		broke <- err
	}()
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpEvents, 1))
	c.CutSockets()
	s.desk.Release(mockdesk.OpEvents)
	require.Error(t, <-broke)
	assert.Zero(t, s.desk.Sockets())
	s.listen(idOne, "0")
}

func TestTheHelloCarriesTheCursorAsked(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	_, err := c.Notice("one")
	require.NoError(t, err)
	conn, _, err := s.dial("/v1/conversations/" + idOne + "/events?cursor=1")
	require.NoError(t, err, "a client may leave the subprotocol out")
	defer conn.Close()
	_, raw, err := conn.ReadMessage()
	require.NoError(t, err)
	assert.JSONEq(t, `{"type":"hello","conversation":"conversation-0001","cursor":1}`, string(raw))
}

func TestHandshakesThatFail(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	_, response, err := s.dial("/v1/conversations/"+idTwo+"/events", "deskcheck.native.v1")
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	_, response, err = s.dial("/v1/conversations/"+idOne+"/events", "other")
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	half := s.do("GET", "/v1/conversations/"+idOne+"/events", "", "Connection", "Upgrade", "Upgrade", "websocket")
	assert.Equal(t, http.StatusBadRequest, half.status)
	assert.Contains(t, half.json(t)["type"], "handshake")
	s.desk.ReactNext(mockdesk.OpEvents, 1, mockdesk.Refuse(503, "Busy"))
	_, response, err = s.dial("/v1/conversations/" + idOne + "/events")
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	assert.Zero(t, s.desk.Sockets())
}

func TestFramesOfTheClient(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	st := s.listen(idOne, "0")
	require.NoError(t, st.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"typing","typing":true}`)))
	taken := s.entry("frame", "typing")
	assert.Equal(t, journal.Integration, taken.From)
	assert.Equal(t, journal.Desk, taken.To)
	assert.Equal(t, map[string]any{"type": "typing", "typing": true}, data(t, taken)["body"])
	assert.Empty(t, taken.Note)

	for _, c := range []struct {
		kind  int
		frame string
		says  string
	}{
		{websocket.TextMessage, `{"type":"message","text":"x"}`, "HTTP"},
		{websocket.TextMessage, `{"type":"typing"}`, `"typing"`},
		{websocket.TextMessage, `{"typing":1}`, "JSON object"},
		{websocket.TextMessage, `[`, "JSON object"},
		{websocket.BinaryMessage, `{"type":"typing","typing":true}`, "binary"},
	} {
		require.NoError(t, st.conn.WriteMessage(c.kind, []byte(c.frame)))
		got := st.next()
		assert.Equal(t, "error", got["type"])
		assert.NotEmpty(t, got["title"])
		assert.Contains(t, got["detail"], c.says)
	}
	noted := s.journal.All(0, func(e journal.Entry) bool {
		return e.Kind == journal.Frame && e.From == journal.Integration && e.Note != ""
	})
	assert.Len(t, noted, 5)
	require.NoError(t, s.desk.WaitSent(s.ctx))
	assert.Equal(t, 1, s.desk.Traffic().Frames, "errors are not events")

	require.NoError(t, st.conn.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", 64<<10+1))))
	require.Error(t, st.broken())
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))
	assert.EqualValues(t, websocket.CloseMessageTooBig, data(t, s.entry("closed", "socket"))["code"])
}

func TestTheClientCloses(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	polite := s.listen(idOne, "0")
	require.NoError(t, polite.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4001, "enough"), time.Now().Add(patience)))
	assert.True(t, websocket.IsCloseError(polite.broken(), 4001), "the close is echoed")
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))
	closed := s.entry("closed", "socket")
	assert.Equal(t, journal.Integration, closed.From)
	assert.EqualValues(t, 4001, data(t, closed)["code"])
	assert.Equal(t, "enough", data(t, closed)["reason"])
	assert.Equal(t, s.entry("opened", "socket").Seq, closed.Ref)

	rude := s.listen(idOne, "0")
	require.NoError(t, rude.conn.NetConn().Close())
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))
	assert.EqualValues(t, 1006, data(t, s.entries("closed", "socket")[1])["code"])
}

func TestPingsFollowTheDesksClock(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	st := s.listen(idOne, "0")
	pings := make(chan struct{}, 10)
	st.conn.SetPingHandler(func(string) error { pings <- struct{}{}; return nil })
	go func() { _, _, _ = st.conn.ReadMessage() }()
	for range 3 {
		s.clock.Advance(25 * time.Second)
		select {
		case <-pings:
		case <-s.ctx.Done():
			t.Fatal("no ping came")
		}
	}
	s.clock.Advance(24 * time.Second)
	assert.Empty(t, pings)
	assert.Equal(t, 1, s.desk.OpenConversations(), "a conversation with a socket is not abandoned")
}

func TestEmitReachesEverySocketWhateverTheState(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	st := s.listen(idOne, "0")
	s.do("DELETE", "/v1/conversations/"+idOne, "")
	assert.Equal(t, "conversation.ended", st.next()["type"])
	cursor, err := c.Emit(mockdesk.Event{Type: "agent.joined", Data: map[string]any{"agent": map[string]any{"id": "late"}}})
	require.NoError(t, err)
	assert.Equal(t, 2, cursor)
	late := st.next()
	assert.Equal(t, "agent.joined", late["type"])
	assert.EqualValues(t, 2, late["cursor"])
	_, err = c.Emit(mockdesk.Event{Type: "bare"})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"cursor": 3.0, "type": "bare", "at": "2026-03-01T09:00:00.000Z"}, st.next())
	assert.EqualValues(t, 2, s.listen(idOne, "1").next()["cursor"], "what was emitted is kept")
	assert.Empty(t, c.Transcript())
	assert.Equal(t, mockdesk.Ended, c.State())

	_, err = c.Emit(mockdesk.Event{Type: "x", Data: map[string]any{"cursor": 7}})
	require.ErrorContains(t, err, `"cursor"`)
	_, err = c.Emit(mockdesk.Event{Type: "x", Data: map[string]any{"f": func() {}}})
	assert.ErrorContains(t, err, "plain JSON")
}

func TestTheUsersOwnEndIsEchoedAsTold(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]mockdesk.EchoMode{"before": mockdesk.Before, "after": mockdesk.After, "never": mockdesk.Never} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			c := s.start(idOne)
			st := s.listen(idOne, "0")
			c.EchoEnd(mode)
			assert.Equal(t, http.StatusNoContent, s.do("DELETE", "/v1/conversations/"+idOne, "").status)
			if mode == mockdesk.Before {
				assert.Equal(t, 2, s.desk.Traffic().Frames, "the event was written by the time of the answer")
			}
			if mode == mockdesk.Never {
				require.NoError(t, c.WaitState(s.ctx, mockdesk.Ended))
				_, err := c.Emit(mockdesk.Event{Type: "mark"})
				require.NoError(t, err)
				assert.Equal(t, "mark", st.next()["type"])
				return
			}
			ended := st.next()
			assert.Equal(t, "conversation.ended", ended["type"])
			assert.Equal(t, "user", ended["by"])
			answered, frame := s.entry("response", "DELETE /v1/conversations/{id}").Seq, s.entry("frame", "conversation.ended").Seq
			assert.Equal(t, mode == mockdesk.Before, frame < answered)
		})
	}
}

func TestASocketThatTakesNothingHoldsUpWhoeverWaitsForIt(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	deaf := s.listen(idOne, "0")
	c.EchoEnd(mockdesk.Before)
	long := strings.Repeat("x", 1<<20)
	for range 16 {
		_, err := c.Notice(long)
		require.NoError(t, err)
	}
	over, cancel := context.WithCancel(s.ctx)
	cancel()
	require.ErrorIs(t, s.desk.WaitSent(over), context.Canceled)

	ctx, giveUp := context.WithCancel(s.ctx)
	got := s.laterIn(ctx, "DELETE", "/v1/conversations/"+idOne, "")
	require.NoError(t, c.WaitState(s.ctx, mockdesk.Ended))
	giveUp()
	require.Error(t, s.get(got).err)
	assert.Contains(t, s.entry("response", "DELETE /v1/conversations/{id}").Note, "had gone")
	for {
		if frame := deaf.next(); frame["type"] == "conversation.ended" {
			break
		}
	}
	require.NoError(t, s.desk.WaitSent(s.ctx), "the rest goes out once the client reads")
}

func TestAConversationNobodyAsksAfterIsAbandoned(t *testing.T) {
	t.Parallel()
	s := open(t)
	alone, polled, watched := s.start(idOne), s.start(idTwo), s.start("conversation-0003")
	st := s.listen(watched.ID(), "0")
	s.clock.Advance(40 * time.Second)
	s.do("GET", "/v1/conversations/"+idTwo+"/events", "")
	s.clock.Advance(20 * time.Second)
	assert.Equal(t, "abandoned", alone.EndedBy())
	assert.Equal(t, mockdesk.Waiting, polled.State())
	assert.Equal(t, mockdesk.Waiting, watched.State())
	s.clock.Advance(40 * time.Second)
	assert.Equal(t, "abandoned", polled.EndedBy())
	assert.Equal(t, mockdesk.Waiting, watched.State())

	require.NoError(t, st.conn.Close())
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))
	s.clock.Advance(59 * time.Second)
	assert.Equal(t, mockdesk.Waiting, watched.State())
	s.clock.Advance(time.Second)
	assert.Equal(t, "abandoned", watched.EndedBy())
	events := s.do("GET", "/v1/conversations/"+watched.ID()+"/events", "").json(t)["events"].([]any)
	require.Len(t, events, 1)
	assert.Equal(t, "abandoned", events[0].(map[string]any)["by"])
	assert.Equal(t, http.StatusGone, s.do("PUT", "/v1/conversations/"+idOne, "{}").status)
}

func TestSteadyTakesASocketAndSaysNothing(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(mockdesk.Steady))
	defer server.Close()
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	require.NoError(t, err)
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte("anyone there?")))
	require.NoError(t, conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(patience)))
	_, raw, err := conn.ReadMessage()
	assert.True(t, websocket.IsCloseError(err, websocket.CloseNormalClosure), "%s %v", raw, err)
	require.NoError(t, conn.Close())
}
