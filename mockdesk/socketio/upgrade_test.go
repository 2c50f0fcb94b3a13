package socketio_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/socketio"
	"deskcheck/mockdesk/socketio/codec"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUpgrade(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	waiting := p.waits()
	w := s.dial("&sid=" + p.id)
	w.say("2probe")
	assert.Equal(t, "3probe", w.hear())
	assert.Equal(t, heard{status: 200, body: "6"}, came(t, waiting), "the poll that waits is ended")
	assert.Equal(t, "6", p.hear(), "and any other")
	p.say(`420["echo","by polling still"]`)
	s.until(1, func(c socketio.Crossing) bool { return c.Direction == socketio.Out && c.ID != nil || c.Event == "echo" })
	w.say("5", `421["echo","by websocket"]`)
	assert.Contains(t, []string{`430["by polling still"]`}, w.hear(), "what polling had not carried yet")
	assert.Equal(t, `431["by websocket"]`, w.hear())
	assert.Equal(t, socketio.WebSocket, s.session(p.id).Transport())
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		status, body := s.do(method, "transport=polling&sid="+p.id, "")
		assert.Equal(t, http.StatusBadRequest, status)
		assert.JSONEq(t, refusal(3, "Bad request"), body)
	}
	assert.Len(t, s.crossings(func(c socketio.Crossing) bool { return c.Kind == socketio.Upgraded && c.Session == p.id }), 1)
	s.clock.Advance(10 * time.Second)
	w.say(`422["echo"]`)
	assert.Equal(t, `432[]`, w.hear(), "the upgrade is waited for no longer")
}

func TestAnUpgradeWhileNoPollWaits(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	w := s.dial("&sid=" + p.id)
	w.say("2probe", "5")
	assert.Equal(t, "3probe", w.hear())
	s.until(1, func(c socketio.Crossing) bool { return c.Kind == socketio.Upgraded })
	require.NoError(t, s.session(p.id).SendRaw(codec.Frame{Data: []byte("4x")}))
	assert.Equal(t, "4x", w.hear())
}

func TestProbesThatFail(t *testing.T) {
	for name, say := range map[string][]string{
		"an upgrade without a probe": {"5"},
		"a message":                  {`42["echo"]`},
		"a ping of another kind":     {"2"},
		"a message after the probe":  {"2probe", `42["echo"]`},
		"two probes":                 {"2probe", "2probe"},
		"no packet":                  {"hello"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, socketio.Options{})
			p := s.joins()
			w := s.dial("&sid=" + p.id)
			w.say(say...)
			assert.Equal(t, websocket.CloseNoStatusReceived, w.closes())
			assert.NotEmpty(t, s.broken(socketio.FailedProbe).Note)
			p.say(`420["echo"]`)
			assert.Equal(t, `430[]`, p.hear(), "the session stays with polling")
			again := s.dial("&sid=" + p.id)
			again.say("2probe")
			assert.Equal(t, "3probe", again.hear(), "another may try")
		})
	}
}

func TestAnUpgradeThatDoesNotCome(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	w := s.dial("&sid=" + p.id)
	w.say("2probe")
	assert.Equal(t, "3probe", w.hear())
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+s.url[len("http"):]+"/socket.io/?EIO=4&transport=websocket&sid="+p.id, nil)
	require.ErrorIs(t, err, websocket.ErrBadHandshake, "one probe at a time")
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	s.clock.Advance(10 * time.Second)
	assert.Equal(t, websocket.CloseNoStatusReceived, w.closes())
	assert.Contains(t, s.until(1, breaks(socketio.FailedProbe))[0].Note, "10s")
	p.say(`420["echo"]`)
	assert.Equal(t, `430[]`, p.hear())
}

func TestFramesThatBreakARule(t *testing.T) {
	large := strings.Repeat("x", 2000)
	for name, c := range map[string]struct {
		raw  []byte
		code int
		rule socketio.Rule
	}{
		"too large":                 {masked(0x81, large), websocket.CloseMessageTooBig, socketio.TooLarge},
		"no UTF-8":                  {masked(0x81, "42[\"\xff\"]"), websocket.CloseProtocolError, socketio.MalformedPacket},
		"an unknown opcode":         {masked(0x83, "4"), websocket.CloseProtocolError, socketio.MalformedPacket},
		"reserved bits":             {masked(0xf1, "4"), websocket.CloseProtocolError, socketio.MalformedPacket},
		"no mask":                   {[]byte{0x81, 1, '4'}, websocket.CloseProtocolError, socketio.MalformedPacket},
		"an unknown type":           {masked(0x81, "9"), websocket.CloseProtocolError, socketio.MalformedPacket},
		"nothing":                   {masked(0x81, ""), websocket.CloseProtocolError, socketio.MalformedPacket},
		"an unasked binary":         {masked(0x82, "\x01"), websocket.CloseProtocolError, socketio.MalformedMessage},
		"a ping of Engine.IO":       {masked(0x81, "2"), websocket.CloseProtocolError, socketio.WrongDirection},
		"an event not JSON":         {masked(0x81, `42["a"`), websocket.CloseProtocolError, socketio.MalformedMessage},
		"a packet for a attachment": {append(masked(0x81, `451-["a",{"_placeholder":true,"num":0}]`), masked(0x81, `42["a"]`)...), websocket.CloseProtocolError, socketio.MalformedMessage},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, socketio.Options{MaxPayload: 1000})
			w := s.speaks()
			_, err := w.NetConn().Write(c.raw)
			require.NoError(t, err)
			assert.Equal(t, c.code, w.closes())
			assert.NotEmpty(t, s.broken(c.rule).Note)
			assert.Equal(t, socketio.ForBreach, s.until(1, ends(w.id))[0].Reason)
		})
	}
}

// masked is a frame as a client writes it, with a mask of zeros.
func masked(first byte, payload string) []byte {
	frame := []byte{first}
	if len(payload) < 126 {
		frame = append(frame, 0x80|byte(len(payload)))
	} else {
		frame = append(frame, 0x80|126, byte(len(payload)>>8), byte(len(payload)))
	}
	return append(append(frame, 0, 0, 0, 0), payload...)
}
