package socketio_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/socketio"
	"deskcheck/mockdesk/socketio/codec"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// TestMain fails if a goroutine of the server outlives the tests. The browser's pool may close before the last word of a tab was read.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("deskcheck/steps/browser.(*inbox).run"))
}

const (
	// patience bounds every wait for what must come.
	patience = 30 * time.Second
)

var morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// stage is a server on a port of its own, whose clock stands still, and the record of what crossed.
type stage struct {
	t      *testing.T
	server *socketio.Server
	clock  *mockdesk.AdvancingClock
	url    string
	http   *http.Client

	mu      sync.Mutex
	record  []socketio.Crossing
	changed chan struct{}
	left    []socketio.Reason
}

// start opens a server that plays the part of echo, unless the options say otherwise.
func start(t *testing.T, o socketio.Options) *stage {
	t.Helper()
	s := &stage{t: t, clock: mockdesk.NewManualClock(morning), changed: make(chan struct{})}
	if o.Clock == nil {
		o.Clock = s.clock
	}
	if o.Event == nil {
		o.Event = answer
	}
	o.Watch = s.watch
	o.Left = func(_ *socketio.Socket, why socketio.Reason) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.left = append(s.left, why)
	}
	s.server = socketio.New(o)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.url = "http://" + listener.Addr().String()
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", s.server)
	server := &http.Server{Handler: mux}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	transport := &http.Transport{}
	s.http = &http.Client{Transport: transport, Timeout: patience}
	t.Cleanup(func() {
		s.server.Close()
		assert.Empty(t, s.server.Sessions())
		transport.CloseIdleConnections()
		assert.NoError(t, server.Close())
		<-served
	})
	return s
}

func (s *stage) watch(c socketio.Crossing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record = append(s.record, c)
	close(s.changed)
	s.changed = make(chan struct{})
}

// crossings are those recorded so far that fit.
func (s *stage) crossings(fits func(socketio.Crossing) bool) []socketio.Crossing {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.record), func(c socketio.Crossing) bool { return !fits(c) })
}

// until waits for so many crossings that fit, and gives them.
func (s *stage) until(n int, fits func(socketio.Crossing) bool) []socketio.Crossing {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if all := s.crossings(fits); len(all) >= n {
			return all
		}
		select {
		case <-changed:
		case <-deadline:
			require.FailNow(s.t, "it was not recorded", "%d of %d crossings; all:\n%+v", len(s.crossings(fits)), n, s.crossings(func(socketio.Crossing) bool { return true }))
		}
	}
}

// breaks fits the breach of a rule.
func breaks(rule socketio.Rule) func(socketio.Crossing) bool {
	return func(c socketio.Crossing) bool { return c.Kind == socketio.Breached && c.Rule == rule }
}

// ends fits the end of a session, or of any if it has no id.
func ends(id string) func(socketio.Crossing) bool {
	return func(c socketio.Crossing) bool { return c.Kind == socketio.Ended && (id == "" || c.Session == id) }
}

// broken waits for a rule to be broken and gives its one record; nothing else may have been broken.
func (s *stage) broken(rule socketio.Rule) socketio.Crossing {
	s.t.Helper()
	s.until(1, breaks(rule))
	all := s.crossings(func(c socketio.Crossing) bool { return c.Kind == socketio.Breached })
	require.Len(s.t, all, 1, "%+v", all)
	return all[0]
}

// get asks for what the query says, beside EIO=4, and gives the answer.
func (s *stage) get(query string) (status int, body string) {
	s.t.Helper()
	return s.do(http.MethodGet, query, "")
}

func (s *stage) do(method, query, body string) (status int, answer string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/socket.io/?EIO=4&"+query, strings.NewReader(body))
	require.NoError(s.t, err)
	response, err := s.http.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response.StatusCode, string(raw)
}

// refusal is how Engine.IO refuses a request.
func refusal(code int, message string) string {
	return fmt.Sprintf(`{"code":%d,"message":%q}`, code, message)
}

// poller is a client that polls, one request after the other, by hand.
type poller struct {
	*stage
	id string
}

// polls opens a session by polling.
func (s *stage) polls() *poller {
	s.t.Helper()
	status, body := s.get("transport=polling")
	require.Equal(s.t, http.StatusOK, status, body)
	return &poller{stage: s, id: sidOf(s.t, body)}
}

// sidOf is the id of the session that an open packet opens.
func sidOf(t *testing.T, open string) string {
	t.Helper()
	var handshake struct{ SID string }
	require.Equal(t, "0", open[:1], open)
	require.NoError(t, json.Unmarshal([]byte(open[1:]), &handshake), open)
	require.NotEmpty(t, handshake.SID)
	return handshake.SID
}

// joins is polls with the main namespace joined.
func (s *stage) joins() *poller {
	s.t.Helper()
	p := s.polls()
	p.say("40")
	require.Regexp(s.t, `^40\{"sid":"[A-Z0-9]+"\}$`, p.hear())
	return p
}

func (p *poller) post(body string) (status int, answer string) {
	p.t.Helper()
	return p.do(http.MethodPost, "transport=polling&sid="+p.id, body)
}

// say posts packets, which must be taken.
func (p *poller) say(packets ...string) {
	p.t.Helper()
	status, answer := p.post(strings.Join(packets, "\x1e"))
	require.Equal(p.t, http.StatusOK, status, answer)
	require.Equal(p.t, "ok", answer)
}

// hear polls once and gives what comes.
func (p *poller) hear() string {
	p.t.Helper()
	status, answer := p.get("transport=polling&sid=" + p.id)
	require.Equal(p.t, http.StatusOK, status, answer)
	return answer
}

// gone is whether the session is not known any more.
func (p *poller) gone() {
	p.t.Helper()
	status, answer := p.get("transport=polling&sid=" + p.id)
	assert.Equal(p.t, http.StatusBadRequest, status)
	assert.JSONEq(p.t, refusal(1, "Session ID unknown"), answer)
}

// heard is what came of a poll.
type heard struct {
	status int
	body   string
	err    error
}

// waits begins a poll, and returns once the server holds it.
func (p *poller) waits() <-chan heard {
	p.t.Helper()
	came := make(chan heard, 1)
	// On a connection of its own: the client of Go would send a request again if the connection of an earlier one were reset.
	alone := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	go func() {
		response, err := alone.Get(p.url + "/socket.io/?EIO=4&transport=polling&sid=" + p.id)
		if err != nil {
			came <- heard{err: err}
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		came <- heard{response.StatusCode, string(body), err}
	}()
	require.Eventually(p.t, func() bool { return socketio.Polled(p.server, p.id) }, patience, time.Millisecond, "the poll is held")
	return came
}

// speaker is a client with a WebSocket, by hand.
type speaker struct {
	*stage
	*websocket.Conn
	id string
}

// dial opens a WebSocket; query is what stands behind EIO and transport.
func (s *stage) dial(query string) *speaker {
	s.t.Helper()
	conn, response, err := websocket.DefaultDialer.DialContext(s.t.Context(), "ws"+s.url[len("http"):]+"/socket.io/?EIO=4&transport=websocket"+query, nil)
	require.NoError(s.t, err)
	_ = response.Body.Close()
	require.NoError(s.t, conn.SetReadDeadline(time.Now().Add(patience)))
	s.t.Cleanup(func() { _ = conn.Close() })
	return &speaker{stage: s, Conn: conn}
}

// speaks opens a session by WebSocket and joins the main namespace.
func (s *stage) speaks() *speaker {
	s.t.Helper()
	w := s.dial("")
	w.id = sidOf(s.t, w.hear())
	w.say("40")
	require.Regexp(s.t, `^40\{"sid":"[A-Z0-9]+"\}$`, w.hear())
	return w
}

// say sends a frame of text for each packet.
func (w *speaker) say(packets ...string) {
	w.t.Helper()
	for _, p := range packets {
		require.NoError(w.t, w.WriteMessage(websocket.TextMessage, []byte(p)))
	}
}

// hear reads the next frame.
func (w *speaker) hear() string {
	w.t.Helper()
	_, data, err := w.ReadMessage()
	require.NoError(w.t, err)
	return string(data)
}

// closes reads to the end, and gives the code of the close frame, or 1006 without one.
func (w *speaker) closes() int {
	w.t.Helper()
	for {
		_, _, err := w.ReadMessage()
		if closed, said := errors.AsType[*websocket.CloseError](err); said {
			return closed.Code
		} else if err != nil {
			require.NotErrorIs(w.t, err, os.ErrDeadlineExceeded)
			return websocket.CloseAbnormalClosure
		}
	}
}

// session is the session of the client at the server.
func (s *stage) session(id string) *socketio.Session {
	s.t.Helper()
	session, ok := s.server.Session(id)
	require.True(s.t, ok)
	return session
}

// came waits for a value.
func came[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

// answer is a server that does what its clients ask for.
func answer(e *socketio.Event) {
	socket := e.Socket
	session := socket.Session()
	switch e.Name {
	case "echo":
		_ = e.Acknowledge(e.Args.Values()...)
	case "ask-me":
		_ = socket.Ask("question", e.Args.Values(), func(reply codec.Payload, err error) {
			if err == nil {
				_ = socket.Emit("answered", reply.Values())
			}
		})
	case "kill-me":
		session.Kill()
	case "close-me":
		session.Close()
	case "disconnect-me":
		socket.Disconnect()
	case "withhold":
		session.WithholdAcks(1)
	case "raw":
		var text string
		if e.Args.Decode(0, &text) == nil {
			_ = session.SendRaw(codec.Frame{Data: []byte(text)})
		}
	}
}
