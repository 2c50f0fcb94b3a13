package socketio_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"deskcheck/mockdesk/socketio"
	"deskcheck/mockdesk/socketio/codec"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHandshake(t *testing.T) {
	s := start(t, socketio.Options{PingInterval: 300 * time.Millisecond, PingTimeout: 200 * time.Millisecond, MaxPayload: 5000})
	status, body := s.get("transport=polling")
	assert.Equal(t, http.StatusOK, status)
	id := sidOf(t, body)
	assert.JSONEq(t, `{"sid":"`+id+`","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":5000}`, body[1:])
	open := s.dial("").hear()
	other := sidOf(t, open)
	assert.NotEqual(t, id, other)
	assert.JSONEq(t, `{"sid":"`+other+`","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":5000}`, open[1:])
	sessions := s.server.Sessions()
	require.Len(t, sessions, 2)
	assert.Equal(t, id, sessions[0].ID())
	assert.Equal(t, socketio.WebSocket, sessions[1].Transport())
	assert.Equal(t, "websocket", sessions[1].Handshake().URL.Query().Get("transport"))
	alone := start(t, socketio.Options{Transports: []socketio.Transport{socketio.Polling}})
	_, body = alone.get("transport=polling")
	assert.Contains(t, body, `"upgrades":[]`)
}

func TestRequestsThatBreakARule(t *testing.T) {
	s := start(t, socketio.Options{Admit: func(r *http.Request) error {
		if r.Header.Get("Authorization") == "" && r.URL.Query().Has("strict") {
			return errors.New("show your token")
		}
		return nil
	}})
	p := s.joins()
	w := s.speaks()
	for _, c := range []struct {
		method, query string
		status, code  int
		message       string
		rule          socketio.Rule
	}{
		{"GET", "", 400, 0, "Transport unknown", socketio.UnknownTransport},
		{"GET", "transport=abc", 400, 0, "Transport unknown", socketio.UnknownTransport},
		{"GET", "transport=polling&sid=nobody", 400, 1, "Session ID unknown", socketio.UnknownSession},
		{"GET", "transport=polling&sid=", 400, 1, "Session ID unknown", socketio.UnknownSession},
		{"POST", "transport=polling&sid=nobody", 400, 1, "Session ID unknown", socketio.UnknownSession},
		{"POST", "transport=polling", 400, 2, "Bad handshake method", socketio.WrongMethod},
		{"PUT", "transport=polling", 400, 2, "Bad handshake method", socketio.WrongMethod},
		{"DELETE", "transport=polling&sid=" + p.id, 400, 2, "Bad handshake method", socketio.WrongMethod},
		{"GET", "transport=websocket", 400, 3, "Bad request", socketio.WrongTransport},
		{"GET", "transport=polling&sid=" + w.id, 400, 3, "Bad request", socketio.WrongTransport},
		{"POST", "transport=polling&sid=" + w.id, 400, 3, "Bad request", socketio.WrongTransport},
		{"GET", "transport=polling&strict", 403, 4, "show your token", socketio.Forbidden},
	} {
		before := len(s.crossings(breaks(c.rule)))
		status, body := s.do(c.method, c.query, "")
		assert.Equal(t, c.status, status, "%s %s", c.method, c.query)
		assert.JSONEq(t, refusal(c.code, c.message), body, "%s %s", c.method, c.query)
		all := s.crossings(breaks(c.rule))
		require.Len(t, all, before+1, "%s %s", c.method, c.query)
		assert.Equal(t, c.status, all[before].Status)
		assert.NotEmpty(t, all[before].Note)
	}
	for _, version := range []string{"?EIO=3&", "?EIO=abc&", "?"} {
		response, err := s.http.Get(s.url + "/socket.io/" + version + "transport=polling")
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.JSONEq(t, refusal(5, "Unsupported protocol version"), string(body), version)
	}
	p.say(`42["echo"]`)
	w.say(`420["echo",1]`)
	assert.Equal(t, `430[1]`, w.hear(), "no session was touched")
	assert.Len(t, s.server.Sessions(), 2)
}

func TestWebSocketsThatAreRefused(t *testing.T) {
	s := start(t, socketio.Options{})
	w := s.speaks()
	for _, query := range []string{"?EIO=4&transport=websocket&sid=nobody", "?EIO=3&transport=websocket", "?EIO=4&transport=polling", "?EIO=4&transport=websocket&sid=" + w.id} {
		_, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+s.url[len("http"):]+"/socket.io/"+query, nil)
		require.ErrorIs(t, err, websocket.ErrBadHandshake, query)
		assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/socket.io/?EIO=4&transport=websocket", nil)
	require.NoError(t, err)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	response, err := s.http.Do(r)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode, "an upgrade without a key")
	w.say(`420["echo",1]`)
	assert.Equal(t, `430[1]`, w.hear())
}

func TestPagesOfOtherOrigins(t *testing.T) {
	const page = "https://page.example"
	s := start(t, socketio.Options{AllowOrigin: func(origin string) bool { return origin == page }})
	for _, c := range []struct {
		method, origin, query string
		status                int
	}{{"OPTIONS", page, "transport=polling", 204}, {"GET", page, "transport=polling", 200}, {"GET", page, "transport=polling&sid=nobody", 400}, {"GET", "https://other.example", "transport=polling", 200}} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, s.url+"/socket.io/?EIO=4&"+c.query, nil)
		require.NoError(t, err)
		r.Header.Set("Origin", c.origin)
		r.Header.Set("Access-Control-Request-Headers", "authorization,x-other")
		response, err := s.http.Do(r)
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, c.status, response.StatusCode)
		h := response.Header
		assert.Equal(t, "Origin", h.Get("Vary"))
		if c.origin != page {
			assert.Empty(t, h.Get("Access-Control-Allow-Origin"))
			continue
		}
		assert.Equal(t, page, h.Get("Access-Control-Allow-Origin"), "not any: there may be credentials")
		assert.Equal(t, "true", h.Get("Access-Control-Allow-Credentials"))
		if c.method == "OPTIONS" {
			assert.Equal(t, "authorization,x-other", h.Get("Access-Control-Allow-Headers"))
			assert.Equal(t, "GET, POST", h.Get("Access-Control-Allow-Methods"))
		}
	}
}

func TestTwoPollsAtOnce(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	first := p.waits()
	status, _ := p.get("transport=polling&sid=" + p.id)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, heard{status: 200, body: "1"}, came(t, first))
	assert.Equal(t, 400, s.broken(socketio.TwoPolls).Status)
	assert.Equal(t, socketio.ForBreach, s.until(1, ends(p.id))[0].Reason)
	p.gone()
}

func TestTwoPostsAtOnce(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	body, write := io.Pipe()
	slow := make(chan int, 1)
	go func() {
		response, err := s.http.Post(s.url+"/socket.io/?EIO=4&transport=polling&sid="+p.id, "text/plain", body)
		if err != nil {
			slow <- 0
			return
		}
		_ = response.Body.Close()
		slow <- response.StatusCode
	}()
	_, err := io.WriteString(write, `42["echo"`)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return socketio.Posting(s.server, p.id) }, patience, time.Millisecond)
	status, _ := p.post(`42["echo"]`)
	assert.Equal(t, http.StatusBadRequest, status)
	require.NoError(t, write.Close())
	assert.Equal(t, http.StatusBadRequest, came(t, slow), "the session has ended")
	s.broken(socketio.TwoPosts)
	p.gone()
}

func TestBodiesThatBreakARule(t *testing.T) {
	for _, c := range []struct {
		body string
		rule socketio.Rule
	}{
		{"", socketio.MalformedPacket},
		{"abc", socketio.MalformedPacket},
		{"7", socketio.MalformedPacket},
		{"42[\"\xff\"]", socketio.MalformedPacket},
		{"42[\"echo\"]\x1e", socketio.MalformedPacket},
		{"42[\"echo\"]\x1eb###", socketio.MalformedPayload},
		{"0{}", socketio.WrongDirection},
		{"2", socketio.WrongDirection},
		{"2probe", socketio.WrongDirection},
		{"5", socketio.WrongDirection},
		{"6", socketio.WrongDirection},
		{"42[]", socketio.MalformedMessage},
		{"4", socketio.MalformedMessage},
		{"bAQID", socketio.MalformedMessage},
		{"44{\"message\":\"no\"}", socketio.WrongDirection},
		{"40", socketio.JoinedTwice},
		{"42/elsewhere,[\"echo\"]", socketio.NotJoined},
		{"43/elsewhere,1[]", socketio.NotJoined},
		{"41/elsewhere,", socketio.NotJoined},
	} {
		t.Run(c.body, func(t *testing.T) {
			s := start(t, socketio.Options{})
			p := s.joins()
			waiting := p.waits()
			status, answer := p.post(c.body)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.NotEmpty(t, answer)
			assert.Equal(t, heard{status: 200, body: "1"}, came(t, waiting))
			assert.NotEmpty(t, s.broken(c.rule).Note)
			p.gone()
		})
	}
}

func TestABinaryBody(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	response, err := s.http.Post(s.url+"/socket.io/?EIO=4&transport=polling&sid="+p.id, "application/octet-stream", strings.NewReader("4"))
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	s.broken(socketio.WrongContent)
	p.gone()
}

func TestABodyThatIsTooLarge(t *testing.T) {
	s := start(t, socketio.Options{MaxPayload: 1000})
	p := s.joins()
	status, _ := p.post(`42["echo","` + strings.Repeat("x", 1000) + `"]`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	assert.Equal(t, 413, s.broken(socketio.TooLarge).Status)
	p.say(`420["echo",1]`)
	assert.Equal(t, `430[1]`, p.hear(), "the session goes on")
}

func TestAPollThatIsGivenUp(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET /socket.io/?EIO=4&transport=polling&sid="+p.id+" HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return socketio.Polled(s.server, p.id) }, patience, time.Millisecond)
	require.NoError(t, conn.Close())
	assert.Equal(t, socketio.Lost, s.until(1, ends(p.id))[0].Reason)
	s.broken(socketio.LostTransport)
	p.gone()
}

func TestSeveralPacketsInABody(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	p.say(`420["echo","a"]`, `421["echo","b"]`, `452-2["echo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]`, "bAQI=", "bAw==")
	said := ""
	for !strings.Contains(said, "462-2") {
		said += "\x1e" + p.hear()
	}
	assert.Equal(t, "\x1e430[\"a\"]\x1e431[\"b\"]\x1e462-2[{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]\x1ebAw==\x1ebAQI=", said)
}

func TestAClientThatClosesItsSession(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	waiting := p.waits()
	p.say("1")
	assert.Equal(t, heard{status: 200, body: "6"}, came(t, waiting))
	assert.Equal(t, socketio.ByClient, s.until(1, ends(p.id))[0].Reason)
	p.gone()
	w := s.speaks()
	w.say("1")
	assert.Equal(t, websocket.CloseNoStatusReceived, w.closes())
	x := s.speaks()
	require.NoError(t, x.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Time{}))
	assert.Equal(t, websocket.CloseNoStatusReceived, x.closes(), "the goodbye is answered")
	for _, c := range s.until(3, ends("")) {
		assert.Equal(t, socketio.ByClient, c.Reason)
	}
}

func TestTheServerClosesASession(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	waiting := p.waits()
	s.session(p.id).Close()
	assert.Equal(t, heard{status: 200, body: "1"}, came(t, waiting))
	p.gone()

	p = s.joins()
	session := s.session(p.id)
	socket, ok := session.Socket("/")
	require.True(t, ok)
	require.NoError(t, socket.Emit("last"))
	session.Close()
	require.ErrorIs(t, socket.Emit("later"), socketio.ErrEnded)
	require.ErrorIs(t, session.SendRaw(codec.Frame{}), socketio.ErrEnded)
	p.say(`42["echo"]`)
	assert.Equal(t, "42[\"last\"]\x1e1", p.hear(), "the next poll is told")
	came(t, session.Done())
	p.gone()

	p = s.joins()
	session = s.session(p.id)
	session.Close()
	s.clock.Advance(30 * time.Second)
	came(t, session.Done())
	p.gone()

	w := s.speaks()
	socket, _ = s.session(w.id).Socket("/")
	require.NoError(t, socket.Emit("last"))
	s.session(w.id).Close()
	assert.Equal(t, `42["last"]`, w.hear(), "what was sent before is written")
	assert.Equal(t, websocket.CloseNoStatusReceived, w.closes())
}

func TestAClientThatDoesNotAnswerTheGoodbye(t *testing.T) {
	s := start(t, socketio.Options{})
	w := s.speaks()
	s.session(w.id).Close()
	raw := w.NetConn()
	_, err := io.ReadFull(raw, make([]byte, 2))
	require.NoError(t, err, "the close frame")
	s.clock.Advance(5 * time.Second)
	_, err = raw.Read(make([]byte, 1))
	require.Error(t, err)
	var late net.Error
	assert.False(t, errors.As(err, &late) && late.Timeout(), "the server ends the connection: %v", err)
}

func TestHeartbeats(t *testing.T) {
	s := start(t, socketio.Options{})
	p, w := s.joins(), s.speaks()
	for range 3 {
		waiting := p.waits()
		s.clock.Advance(25 * time.Second)
		assert.Equal(t, heard{status: 200, body: "2"}, came(t, waiting))
		assert.Equal(t, "2", w.hear())
		p.say("3")
		w.say("3", `420["echo"]`)
		assert.Equal(t, `430[]`, w.hear(), "the pong was taken before")
	}
	s.clock.Advance(25*time.Second - 1)
	assert.Len(t, s.server.Sessions(), 2, "both have always answered in time")
	w.say(`420["echo"]`)
	assert.Equal(t, `430[]`, w.hear(), "no ping comes early")
}

func TestAClientThatNeverAnswersAPing(t *testing.T) {
	s := start(t, socketio.Options{})
	p, w := s.joins(), s.speaks()
	waiting := p.waits()
	s.clock.Advance(25 * time.Second)
	assert.Equal(t, heard{status: 200, body: "2"}, came(t, waiting))
	waiting = p.waits()
	w.say(`420["echo"]`)
	assert.Equal(t, "2", w.hear())
	assert.Equal(t, `430[]`, w.hear())
	s.clock.Advance(20*time.Second - 1)
	assert.Len(t, s.server.Sessions(), 2)
	s.clock.Advance(1)
	assert.Empty(t, s.server.Sessions(), "what else a client says is no pong")
	assert.Equal(t, heard{status: 200, body: "1"}, came(t, waiting))
	assert.Equal(t, websocket.CloseNoStatusReceived, w.closes())
	for _, c := range s.until(2, ends("")) {
		assert.Equal(t, socketio.Silent, c.Reason)
	}
	p.gone()
}

func TestAPongThatNoPingAskedFor(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	p.say("3")
	s.broken(socketio.UnaskedPong)
	p.say(`420["echo"]`)
	assert.Equal(t, `430[]`, p.hear(), "the session goes on")
}

func TestKill(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	waiting := p.waits()
	s.session(p.id).Kill()
	require.ErrorIs(t, came(t, waiting).err, syscall.ECONNRESET)
	p.gone()

	p = s.joins()
	probe := s.dial("&sid=" + p.id)
	probe.say("2probe")
	assert.Equal(t, "3probe", probe.hear())
	s.session(p.id).Kill()
	_, _, err := probe.ReadMessage()
	require.ErrorIs(t, err, syscall.ECONNRESET)

	w := s.speaks()
	session := s.session(w.id)
	session.Kill()
	_, _, err = w.ReadMessage()
	require.ErrorIs(t, err, syscall.ECONNRESET)
	came(t, session.Done())
	session.Kill()
	session.Close()
	for _, c := range s.until(3, ends("")) {
		assert.Equal(t, socketio.Killed, c.Reason)
	}
	assert.Empty(t, s.crossings(func(c socketio.Crossing) bool { return c.Kind == socketio.Breached && c.Rule == socketio.LostTransport }), "the client lost nothing by itself")
}

// TestKillOverTLS shows that what is reset is the TCP connection below, and with HTTP/2 the stream.
func TestKillOverTLS(t *testing.T) {
	server := socketio.New(socketio.Options{})
	listener := httptest.NewUnstartedServer(server)
	listener.EnableHTTP2 = true
	listener.StartTLS()
	t.Cleanup(func() {
		server.Close()
		listener.Close()
	})
	roots := x509.NewCertPool()
	roots.AddCert(listener.Certificate())
	dialer := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: roots}}
	conn, response, err := dialer.DialContext(t.Context(), "wss"+listener.URL[len("https"):]+"/?EIO=4&transport=websocket", nil)
	require.NoError(t, err)
	_ = response.Body.Close()
	_, open, err := conn.ReadMessage()
	require.NoError(t, err)
	session, _ := server.Session(sidOf(t, string(open)))
	session.Kill()
	_, _, err = conn.ReadMessage()
	require.ErrorIs(t, err, syscall.ECONNRESET)

	answer, err := listener.Client().Get(listener.URL + "/?EIO=4&transport=polling")
	require.NoError(t, err)
	assert.Equal(t, 2, answer.ProtoMajor)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	_ = answer.Body.Close()
	id := sidOf(t, string(body))
	failed := make(chan error, 1)
	go func() {
		answer, err := listener.Client().Get(listener.URL + "/?EIO=4&transport=polling&sid=" + id)
		if err == nil {
			_ = answer.Body.Close()
		}
		failed <- err
	}()
	require.Eventually(t, func() bool { return socketio.Polled(server, id) }, patience, time.Millisecond)
	session, _ = server.Session(id)
	session.Kill()
	require.ErrorContains(t, came(t, failed), "stream error")
}

func TestAPostIsResetWithItsSession(t *testing.T) {
	s := start(t, socketio.Options{})
	p := s.joins()
	body, write := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		response, err := s.http.Post(s.url+"/socket.io/?EIO=4&transport=polling&sid="+p.id, "text/plain", body)
		if err == nil {
			_ = response.Body.Close()
		}
		failed <- err
	}()
	_, err := io.WriteString(write, `42["echo"`)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return socketio.Posting(s.server, p.id) }, patience, time.Millisecond)
	s.session(p.id).Kill()
	_ = write.Close()
	require.Error(t, came(t, failed))
}

func TestAServerThatWasClosed(t *testing.T) {
	s := start(t, socketio.Options{})
	w := s.speaks()
	p := s.joins()
	waiting := p.waits()
	s.server.Close()
	_, _, err := w.ReadMessage()
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.ErrorIs(t, came(t, waiting).err, syscall.ECONNRESET)
	status, _ := s.get("transport=polling")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	_, _, err = websocket.DefaultDialer.DialContext(t.Context(), "ws"+s.url[len("http"):]+"/socket.io/?EIO=4&transport=websocket", nil)
	require.Error(t, err)
}
