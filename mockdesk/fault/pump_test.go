package fault_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/fault"
)

var (
	out = fault.Scope{On: fault.Frame, Direction: fault.Out}
	in  = fault.Scope{On: fault.Frame, Direction: fault.In}
)

// say has the desk send frames.
func say(p *pump, lines ...string) {
	for _, l := range lines {
		p.Send(text(l))
	}
}

// tell has the client send frames.
func tell(t *testing.T, conn *websocket.Conn, lines ...string) {
	t.Helper()
	for _, l := range lines {
		require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(l)))
	}
}

// heard reads so many frames.
func heard(t *testing.T, conn *websocket.Conn, n int) []string {
	t.Helper()
	var all []string
	for range n {
		_, line := read(t, conn)
		all = append(all, line)
	}
	return all
}

// received takes so many frames from the desk's side.
func (s *stage) received(n int) []string {
	s.t.Helper()
	var all []string
	for range n {
		all = append(all, string(wait(s, s.came).Data))
	}
	return all
}

// fails reads until the connection fails.
func fails(t *testing.T, conn *websocket.Conn) error {
	t.Helper()
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return err
		}
	}
}

// end waits for the end of a socket, and that nothing of it is left.
func (s *stage) end(p *pump) fault.End {
	s.t.Helper()
	e := wait(s, s.ended)
	wait(s, p.Done())
	assert.Empty(s.t, s.ended, "told once")
	return e
}

func TestFramesCrossAHealthySocket(t *testing.T) {
	s := open(t)
	conn, pump := s.socket()
	say(pump, "one", "two")
	assert.Equal(t, []string{"one", "two"}, heard(t, conn, 2))
	tell(t, conn, "three", "four")
	assert.Equal(t, []string{"three", "four"}, s.received(2))
	assert.Equal(t, 1, wait(s, s.sent))
	require.NoError(t, conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4001, "enough"), time.Time{}))
	closing := &websocket.CloseError{}
	require.ErrorAs(t, fails(t, conn), &closing)
	assert.Equal(t, 4001, closing.Code, "the goodbye is answered")
	assert.Equal(t, fault.End{ByClient: true, Code: 4001, Reason: "enough"}, s.end(pump))
	assert.Empty(t, s.journal())
}

func TestCloseWithACode(t *testing.T) {
	for _, c := range []struct {
		code int
		sees int
	}{{1000, 1000}, {1001, 1001}, {1011, 1011}, {1013, 1013}, {3000, 3000}, {4999, 4999}, {1005, 1005}, {1006, 1006}, {1015, 1006}} {
		f := fault.Fault{Kind: fault.Close, Code: c.code}
		if c.sees == c.code && c.code < 1005 || c.code > 1006 && c.code != 1015 {
			f.Reason = "so it goes"
		}
		for name, rule := range map[string]fault.Rule{
			"at once": do(f, "always", fault.Scope{On: fault.Open}), "in place of a frame": do(f, "only 2", out), "when a frame comes": do(f, "only 1", in),
		} {
			t.Run(f.String()+" "+name, func(t *testing.T) {
				s := open(t, rule)
				conn, pump := s.socket()
				say(pump, "one")
				if rule.Scope == in {
					heard(t, conn, 1) // What is on its way when the socket closes may be lost with it.
					tell(t, conn, "hello")
				}
				say(pump, "two")
				err := fails(t, conn)
				closing := &websocket.CloseError{}
				require.ErrorAs(t, err, &closing, "an orderly end: %v", err)
				assert.Equal(t, c.sees, closing.Code)
				if f.Reason != "" {
					assert.Equal(t, f.Reason, closing.Text)
				}
				_ = conn.Close()
				assert.Equal(t, fault.End{Code: c.code, Reason: f.Reason}, s.end(pump))
				assert.Empty(t, s.came, "the frame had no effect")
			})
		}
	}
}

func TestCloseWithACodeThatNoOneMaySend(t *testing.T) {
	for _, code := range []int{1, 999, 1004, 1016, 2999, 5000, 65535} {
		s := open(t)
		conn, pump := s.socket()
		require.NoError(t, pump.Play(fault.Fault{Kind: fault.Close, Code: code, Reason: "odd"}))
		frame := make([]byte, 7)
		_, err := io.ReadFull(conn.NetConn(), frame)
		require.NoError(t, err)
		assert.Equal(t, []byte{0x88, 5}, frame[:2], "a close frame")
		assert.EqualValues(t, code, binary.BigEndian.Uint16(frame[2:]))
		assert.Equal(t, "odd", string(frame[4:]))
	}
}

func TestTheDeskEndsAConnectionWhoseClientDoesNotAnswer(t *testing.T) {
	s := open(t)
	conn, pump := s.socket()
	require.NoError(t, pump.Play(fault.Fault{Kind: fault.Close, Code: 1001}))
	raw := conn.NetConn()
	_, err := io.ReadFull(raw, make([]byte, 4))
	require.NoError(t, err)
	assert.Equal(t, 1001, wait(s, s.ended).Code)
	require.Eventually(t, func() bool {
		s.clock.Advance(time.Second)
		select {
		case <-pump.Done():
			return true
		default:
			return false
		}
	}, patience, time.Millisecond)
	_, err = raw.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "an orderly end")
	assert.GreaterOrEqual(t, s.clock.Now().Sub(morning), 5*time.Second)
}

func TestResetOfASocket(t *testing.T) {
	for name, rule := range map[string]fault.Rule{
		"at once": do(fault.Fault{Kind: fault.Reset}, "always", fault.Scope{On: fault.Open}), "in place of a frame": do(fault.Fault{Kind: fault.Reset}, "always", out),
		"when a frame comes": do(fault.Fault{Kind: fault.Reset}, "always", in),
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, rule)
			conn, pump := s.socket()
			if rule.Scope == in {
				tell(t, conn, "hello")
			} else {
				say(pump, "hello")
			}
			err := fails(t, conn)
			assert.True(t, isReset(err), "a reset and not an end: %v", err)
			e := s.end(pump)
			assert.Equal(t, 1006, e.Code)
			assert.False(t, e.ByClient)
			assert.Empty(t, s.came)
		})
	}
}

func TestCutAndPlayAtAnyTime(t *testing.T) {
	for name, act := range map[string]func(*pump) error{
		"cut":  func(p *pump) error { p.Cut(); return nil },
		"play": func(p *pump) error { return p.Play(fault.Fault{Kind: fault.Reset}) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			conn, pump := s.socket()
			require.NoError(t, act(pump))
			assert.True(t, isReset(fails(t, conn)))
			assert.Equal(t, 1006, s.end(pump).Code)
			pump.Close()
		})
	}
	s := open(t)
	_, pump := s.socket()
	require.ErrorContains(t, pump.Play(fault.Fault{Kind: fault.Drop}), `playing on socket 1: scope.on: a fault of kind "drop" is not played on "open"`)
}

func TestSilenceLeavesTheConnectionHalfOpen(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Silence}, "only 2", out))
	conn, pump := s.socket()
	say(pump, "one", "two", "three")
	assert.Equal(t, []string{"one"}, heard(t, conn, 1))
	require.Eventually(t, func() bool { return len(s.journal()) == 1 }, patience, time.Millisecond)
	tell(t, conn, "hello")
	require.NoError(t, conn.WriteControl(websocket.PingMessage, []byte("?"), time.Time{}))
	require.NoError(t, conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Time{}))
	require.NoError(t, conn.NetConn().SetReadDeadline(time.Now().Add(moment)))
	_, err := conn.NetConn().Read(make([]byte, 1))
	var late net.Error
	require.ErrorAs(t, err, &late)
	assert.True(t, late.Timeout(), "neither a frame, nor a pong, nor an answer to the goodbye, nor an end: %v", err)
	assert.Empty(t, s.came)
	assert.Empty(t, s.ended, "a silent desk notices nothing")
	pump.Close()
	require.NoError(t, conn.NetConn().SetReadDeadline(time.Now().Add(patience)))
	_, err = conn.NetConn().Read(make([]byte, 1))
	assert.True(t, isReset(err), "%v", err)
	assert.Equal(t, 1006, s.end(pump).Code)
}

func TestNoPong(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.NoPong}, "only 2"))
	conn, pump := s.socket()
	var pongs []string
	conn.SetPongHandler(func(payload string) error {
		pongs = append(pongs, payload)
		return nil
	})
	for _, payload := range []string{"a", "b", "c"} {
		require.NoError(t, conn.WriteControl(websocket.PingMessage, []byte(payload), time.Time{}))
		tell(t, conn, payload)
		s.received(1)
		say(pump, payload)
		heard(t, conn, 1)
	}
	assert.Equal(t, []string{"a", "c"}, pongs)
	assert.Equal(t, []string{"rule 1, play 1: leave the ping without a pong (ping going in in conversation c1 on socket 1)"}, s.journal())
}

func TestFramesThatTheDeskSends(t *testing.T) {
	const line = `{"said":"schön"}`
	for _, c := range []struct {
		fault    fault.Fault
		schedule string
		sees     []string
	}{
		{fault.Fault{Kind: fault.Drop}, "only 2", []string{"1", "3"}},
		{fault.Fault{Kind: fault.Duplicate}, "only 2", []string{"1", "2", "2", "3"}},
		{fault.Fault{Kind: fault.Reorder}, "only 1", []string{"2", "1", "3"}},
		{fault.Fault{Kind: fault.Reorder}, "only 2", []string{"1", "3", "2"}},
		{fault.Fault{Kind: fault.Reorder}, "next 2", []string{"2", "1", "3"}},
		{fault.Fault{Kind: fault.Oversize, Bytes: 9}, "only 2", []string{"1", "2        ", "3"}},
		{fault.Fault{Kind: fault.Oversize, Bytes: 1}, "only 2", []string{"1", "2", "3"}},
		{fault.Fault{Kind: fault.Corrupt}, "only 2", []string{"1", "\ufffd", "3"}},
	} {
		t.Run(c.fault.String()+" "+c.schedule, func(t *testing.T) {
			s := open(t, do(c.fault, c.schedule, out))
			conn, pump := s.socket()
			say(pump, "1", "2", "3")
			assert.Equal(t, c.sees, heard(t, conn, len(c.sees)))
			for range 3 {
				wait(s, s.sent)
			}
			assert.Empty(t, s.sent, "each is told once")
		})
	}
	t.Run("corrupt text is lawful text", func(t *testing.T) {
		s := open(t, do(fault.Fault{Kind: fault.Corrupt}, "always", out))
		conn, pump := s.socket()
		say(pump, line)
		_, got := read(t, conn)
		assert.True(t, utf8.ValidString(got))
		assert.Equal(t, line[:len(line)/2]+"\ufffd", got)
		say(pump, "öl")
		_, got = read(t, conn)
		assert.Equal(t, "\ufffd", got, "cut between letters, not within one")
	})
	t.Run("corrupt UTF-8 is none", func(t *testing.T) {
		s := open(t, do(fault.Fault{Kind: fault.Corrupt, How: fault.HowUTF8}, "always", out))
		conn, pump := s.socket()
		say(pump, line)
		kind, got := read(t, conn)
		assert.Equal(t, websocket.TextMessage, kind)
		assert.False(t, utf8.ValidString(got))
	})
	for _, size := range []int{5, 126, 70_000} {
		s := open(t, do(fault.Fault{Kind: fault.Corrupt, How: fault.HowHeader}, "only 1", out))
		conn, pump := s.socket()
		say(pump, strings.Repeat("x", size))
		assert.ErrorContains(t, fails(t, conn), "RSV1 set, RSV2 set, RSV3 set", "the client must fail the connection")
		assert.Equal(t, fault.End{ByClient: true, Code: 1002, Reason: "RSV1 set, RSV2 set, RSV3 set"}, s.end(pump))
	}
	t.Run("the broken frame is whole", func(t *testing.T) {
		s := open(t, do(fault.Fault{Kind: fault.Corrupt, How: fault.HowHeader}, "only 1", out))
		conn, pump := s.socket()
		say(pump, "hello")
		frame := make([]byte, 7)
		_, err := io.ReadFull(conn.NetConn(), frame)
		require.NoError(t, err)
		assert.Equal(t, "\xf1\x05hello", string(frame))
	})
	t.Run("binary for text", func(t *testing.T) {
		s := open(t, do(fault.Fault{Kind: fault.Binary}, "only 1", out))
		conn, pump := s.socket()
		say(pump, line, line)
		kind, got := read(t, conn)
		assert.Equal(t, websocket.BinaryMessage, kind)
		assert.JSONEq(t, line, got)
		kind, _ = read(t, conn)
		assert.Equal(t, websocket.TextMessage, kind)
	})
	t.Run("over the client's limit", func(t *testing.T) {
		s := open(t, do(fault.Fault{Kind: fault.Oversize, Bytes: 1 << 20}, "always", out))
		conn, pump := s.socket()
		conn.SetReadLimit(1 << 16)
		say(pump, line)
		require.ErrorIs(t, fails(t, conn), websocket.ErrReadLimit)
	})
}

func TestFramesThatTheClientSends(t *testing.T) {
	for _, c := range []struct {
		fault    fault.Fault
		schedule string
		sees     []string
	}{
		{fault.Fault{Kind: fault.Drop}, "only 2", []string{"1", "3"}},
		{fault.Fault{Kind: fault.Duplicate}, "only 2", []string{"1", "2", "2", "3"}},
		{fault.Fault{Kind: fault.Reorder}, "only 1", []string{"2", "1", "3"}},
		{fault.Fault{Kind: fault.Corrupt}, "only 2", []string{"1", "\ufffd", "3"}},
		{fault.Fault{Kind: fault.Corrupt, How: fault.HowUTF8}, "only 2", []string{"1", "\xff", "3"}},
		{fault.Fault{Kind: fault.Drop}, "every 2", []string{"1", "3"}},
	} {
		t.Run(c.fault.String()+" "+c.schedule, func(t *testing.T) {
			s := open(t, do(c.fault, c.schedule, in))
			conn, _ := s.socket()
			tell(t, conn, "1", "2", "3")
			assert.Equal(t, c.sees, s.received(len(c.sees)))
		})
	}
	t.Run("binary for text", func(t *testing.T) {
		s := open(t, do(fault.Fault{Kind: fault.Binary}, "always", in))
		conn, _ := s.socket()
		tell(t, conn, "1")
		assert.True(t, wait(s, s.came).Binary)
	})
	for f, code := range map[fault.Fault]int{
		{Kind: fault.Oversize, Bytes: 1 << 20}:      websocket.CloseMessageTooBig,
		{Kind: fault.Corrupt, How: fault.HowHeader}: websocket.CloseProtocolError,
	} {
		s := open(t, do(f, "always", in))
		conn, pump := s.socket()
		tell(t, conn, "1", "2")
		closing := &websocket.CloseError{}
		require.ErrorAs(t, fails(t, conn), &closing)
		assert.Equal(t, code, closing.Code)
		assert.Equal(t, code, s.end(pump).Code)
		assert.Empty(t, s.came)
	}
}

func TestADelayedFrameHoldsUpWhatIsBehindIt(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Delay, For: time.Minute}, "only 2", fault.Scope{On: fault.Frame}))
	conn, pump := s.socket()
	say(pump, "1", "2", "3")
	assert.Equal(t, []string{"1"}, heard(t, conn, 1))
	require.NoError(t, conn.NetConn().SetReadDeadline(time.Now().Add(moment)))
	_, err := conn.NetConn().Read(make([]byte, 1))
	var late net.Error
	require.ErrorAs(t, err, &late, "nothing yet")
	require.NoError(t, conn.NetConn().SetReadDeadline(time.Now().Add(patience)))
	s.clock.Advance(time.Minute)
	assert.Equal(t, []string{"2", "3"}, heard(t, conn, 2))

	s = open(t, do(fault.Fault{Kind: fault.Delay, For: time.Minute}, "only 2", in))
	conn, pump = s.socket()
	tell(t, conn, "1", "2", "3")
	assert.Equal(t, []string{"1"}, s.received(1))
	require.Eventually(t, func() bool { return len(s.journal()) == 1 }, patience, time.Millisecond)
	assert.Empty(t, s.came)
	s.clock.Advance(time.Minute)
	assert.Equal(t, []string{"2", "3"}, s.received(2))
	require.NoError(t, pump.Play(fault.Fault{Kind: fault.Close, Code: 1001}))
	assert.Equal(t, 1001, wait(s, s.ended).Code)
}

func TestAGoodbyeDoesNotWaitBehindADelayedFrame(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Delay, For: time.Hour}, "always", out))
	conn, pump := s.socket()
	say(pump, "1")
	require.Eventually(t, func() bool { return len(s.journal()) == 1 }, patience, time.Millisecond)
	require.NoError(t, pump.Play(fault.Fault{Kind: fault.Close, Code: 1012}))
	closing := &websocket.CloseError{}
	require.ErrorAs(t, fails(t, conn), &closing)
	assert.Equal(t, 1012, closing.Code)
	assert.Equal(t, 1012, s.end(pump).Code)
}

func TestWhatIsNoFrameEndsTheSocket(t *testing.T) {
	s := open(t)
	conn, pump := s.socket()
	tell(t, conn, strings.Repeat("x", 1<<20)) // More than is read before the desk gives up, so that an end at once would be a reset.
	closing := &websocket.CloseError{}
	require.ErrorAs(t, fails(t, conn), &closing)
	assert.Equal(t, websocket.CloseMessageTooBig, closing.Code)
	_ = conn.Close()
	assert.Equal(t, fault.End{Code: 1009, Note: "a frame of more than 1024 bytes came"}, s.end(pump))

	conn, pump = s.socket()
	_, err := io.WriteString(conn.NetConn(), "no frame at all")
	require.NoError(t, err)
	require.ErrorAs(t, fails(t, conn), &closing)
	assert.Equal(t, websocket.CloseProtocolError, closing.Code)
	_ = conn.Close()
	assert.Equal(t, 1002, s.end(pump).Code)

	conn, pump = s.socket()
	require.NoError(t, conn.NetConn().Close())
	assert.Equal(t, fault.End{ByClient: true, Code: 1006, Note: "the connection ended without a close frame"}, s.end(pump))
}

func TestAFloodOfPingsIsAnsweredAndForgotten(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Delay, For: time.Hour}, "only 1", out))
	conn, pump := s.socket()
	say(pump, "held up")
	require.Eventually(t, func() bool { return len(s.journal()) == 1 }, patience, time.Millisecond)
	for range 100 {
		require.NoError(t, conn.WriteControl(websocket.PingMessage, nil, time.Time{}))
	}
	tell(t, conn, "marker")
	s.received(1)
	pongs := 0
	conn.SetPongHandler(func(string) error { pongs++; return nil })
	s.clock.Advance(time.Hour)
	wait(s, s.sent)
	say(pump, "after")
	assert.Equal(t, []string{"held up", "after"}, heard(t, conn, 2))
	assert.Equal(t, 16, pongs)
}

func TestClosingAPumpWhoseClientReadsNothing(t *testing.T) {
	s := open(t)
	_, pump := s.socket()
	for range 64 {
		pump.Send(text(strings.Repeat("x", 1<<20)))
	}
	wait(s, s.sent)
	pump.Close()
	assert.Equal(t, 1006, s.end(pump).Code)
}

func TestErrorsAreTold(t *testing.T) {
	var field *fault.FieldError
	_, err := fault.NewPlan(open(t).clock, nil).Add(fault.Rule{})
	require.ErrorAs(t, err, &field)
	assert.Equal(t, "fault.kind", field.Field)
}
