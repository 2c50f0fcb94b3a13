package fault_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
)

// TestMain fails if a goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	// patience bounds every wait for what must come.
	patience = 20 * time.Second
	// moment is how long is listened for what must not come.
	moment = 50 * time.Millisecond
	// healthy is what the desk answers when nothing goes wrong, greeting the first frame on a socket.
	healthy = `{"said":"The desk is well and took note"}`
	page    = "http://page.example"
)

var morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// stage is a small desk with real connections: an effect that is counted, and a socket behind /events.
type stage struct {
	t      *testing.T
	ctx    context.Context
	clock  *mockdesk.AdvancingClock
	plan   *fault.Plan
	addr   string
	client *http.Client
	done   chan struct{}
	close  func()

	effects atomic.Int32
	pumps   chan *pump
	came    chan fault.Message
	// sent has how many frames were written for each message.
	sent    chan int
	delayed chan bool
	ended   chan fault.End

	mu       sync.Mutex
	played   []fault.Played
	outcomes []fault.Outcome
	kept     []bool
}

func open(t *testing.T, rules ...fault.Rule) *stage {
	t.Helper()
	s := &stage{
		t: t, clock: mockdesk.NewManualClock(morning), done: make(chan struct{}),
		pumps: make(chan *pump, 9), came: make(chan fault.Message, 99), sent: make(chan int, 99), delayed: make(chan bool, 9), ended: make(chan fault.End, 9),
	}
	s.plan = fault.NewPlan(s.clock, func(p fault.Played) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.played = append(s.played, p)
	})
	s.close = sync.OnceFunc(func() { close(s.done) })
	_, err := s.plan.AddScript(rules...)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	server := &http.Server{Handler: s}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	transport := &http.Transport{}
	s.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.ctx = ctx
	t.Cleanup(func() {
		s.close()
		s.plan.Clear()
		cancel()
		transport.CloseIdleConnections()
		assert.NoError(t, server.Close())
		<-served
		for len(s.pumps) > 0 {
			(<-s.pumps).Close()
		}
	})
	return s
}

// ServeHTTP is how a desk uses the package.
func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := fault.Arrival{Moment: fault.Upload, Operation: "message", Route: r.Method + " " + r.URL.Path, Conversation: r.URL.Query().Get("c")}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	body, err := io.ReadAll(s.plan.Next(a).Reads(r, s.done))
	if err != nil {
		return
	}
	x := fault.Exchange{
		W: w, R: r, Done: s.done,
		Effect: func() fault.Reply {
			s.effects.Add(1)
			return fault.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(healthy), After: func() {}}
		},
		Answering: func(o fault.Outcome) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.outcomes = append(s.outcomes, o)
		},
		Keeping: func(kept bool) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.kept = append(s.kept, kept)
		},
	}
	a.Moment = fault.Request
	switch {
	case r.Method == http.MethodOptions:
		a.Moment = fault.Preflight
	case websocket.IsWebSocketUpgrade(r):
		a.Moment = fault.Upgrade
		x.Effect = func() fault.Reply {
			s.effects.Add(1)
			return fault.Reply{Upgrade: func() { s.upgrade(w, r) }}
		}
	case len(body) > 0:
		x.Effect = func() fault.Reply {
			s.effects.Add(1)
			return fault.Reply{Status: http.StatusNoContent}
		}
	}
	s.plan.Next(a).Serve(x)
}

func (s *stage) upgrade(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s.pumps <- start(fault.PumpOptions{
		Conn: conn, Limit: 1 << 10, Plan: s.plan, Where: fault.Arrival{Conversation: r.URL.Query().Get("c"), Connection: 1},
		Name:    func(m fault.Message) string { return strings.SplitN(string(m.Data), " ", 2)[0] },
		Receive: func(m fault.Message) { s.came <- m },
		Sent:    func(written []fault.Message) { s.sent <- len(written) },
		Delayed: func(delayed bool) { s.delayed <- delayed },
		Ended:   func(e fault.End) { s.ended <- e },
	})
}

// pump is a pump with a queue of what is to be written.
type pump struct {
	*fault.Pump

	gone chan struct{}

	mu    sync.Mutex
	queue []fault.Message
	// meanwhile, if it is not nil, happens once, before the pump has the next message.
	meanwhile func()
}

func start(o fault.PumpOptions) *pump {
	p := &pump{gone: make(chan struct{})}
	o.Next = func() (fault.Message, bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.queue) == 0 {
			return fault.Message{}, false
		}
		if p.meanwhile != nil {
			p.meanwhile()
			p.meanwhile = nil
		}
		m := p.queue[0]
		p.queue = p.queue[1:]
		return m, true
	}
	o.Gone = func() { close(p.gone) }
	p.Pump = fault.Start(o)
	return p
}

func (p *pump) Send(m fault.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, m)
	p.Wake()
}

// Done is closed when nothing of the pump is left.
func (p *pump) Done() <-chan struct{} { return p.gone }

func (p *pump) Close() {
	p.Cut()
	<-p.gone
}

// answer is what a client has of its request.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (s *stage) send(ctx context.Context, method, body string) answer {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.addr+"/messages?c=c1", strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	r.Header.Set("Origin", page)
	response, err := s.client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(raw), err}
}

func (s *stage) get() answer { return s.send(s.ctx, http.MethodGet, "") }

func (s *stage) later() <-chan answer {
	got := make(chan answer, 1)
	go func() { got <- s.get() }()
	return got
}

// raw sends a request on a bare connection and returns it with a reader.
func (s *stage) raw() (*net.TCPConn, *bufio.Reader) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, "GET /messages?c=c1 HTTP/1.1\r\nHost: desk\r\n\r\n")
	require.NoError(s.t, err)
	return conn.(*net.TCPConn), bufio.NewReader(conn)
}

// head reads the head of an answer from a bare connection.
func (s *stage) head(r *bufio.Reader) *http.Response {
	s.t.Helper()
	response, err := http.ReadResponse(r, nil)
	require.NoError(s.t, err)
	return response
}

func (s *stage) dial() (*websocket.Conn, *http.Response, error) {
	conn, response, err := websocket.DefaultDialer.DialContext(s.ctx, "ws://"+s.addr+"/events?c=c1", nil)
	if err == nil {
		s.t.Cleanup(func() { _ = conn.Close() })
		require.NoError(s.t, conn.SetReadDeadline(time.Now().Add(patience)))
	}
	return conn, response, err
}

// socket opens a socket and gives both of its ends.
func (s *stage) socket() (*websocket.Conn, *pump) {
	s.t.Helper()
	conn, _, err := s.dial()
	require.NoError(s.t, err)
	pump := wait(s, s.pumps)
	s.t.Cleanup(pump.Close)
	return conn, pump
}

func (s *stage) journal() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, p := range s.played {
		all = append(all, p.String())
	}
	return all
}

func (s *stage) outcome() fault.Outcome {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.NotEmpty(s.t, s.outcomes)
	return s.outcomes[len(s.outcomes)-1]
}

// wait takes what must come.
func wait[T any](s *stage, from <-chan T) T {
	s.t.Helper()
	select {
	case v := <-from:
		return v
	case <-s.ctx.Done():
		require.FailNow(s.t, "nothing came")
		panic("unreachable")
	}
}

// waitKept waits until requests were told n times to be kept or no longer kept.
func (s *stage) waitKept(n int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.kept) >= n
	}, patience, time.Millisecond)
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

// read reads one frame.
func read(t *testing.T, conn *websocket.Conn) (kind int, text string) {
	t.Helper()
	kind, raw, err := conn.ReadMessage()
	require.NoError(t, err)
	return kind, string(raw)
}

func text(words string) fault.Message {
	return fault.Message{Name: strings.SplitN(words, " ", 2)[0], Data: []byte(words)}
}

func do(f fault.Fault, schedule string, scope ...fault.Scope) fault.Rule {
	s, err := fault.ParseSchedule(schedule)
	if err != nil {
		panic(err)
	}
	r := fault.Rule{Fault: f, Schedule: s}
	if len(scope) > 0 {
		r.Scope = scope[0]
	}
	return r
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func newRequest(t *testing.T) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
}
