package mockdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
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
	patience = 20 * time.Second
	idOne    = "conversation-0001"
	idTwo    = "conversation-0002"
)

// stage is a desk with a journal, and a client of its own beside it.
type stage struct {
	t       *testing.T
	desk    *mockdesk.Desk
	journal *journal.Journal
	clock   *mockdesk.AdvancingClock
	http    *http.Client
	ctx     context.Context
}

func open(t *testing.T) *stage {
	t.Helper()
	return openWith(t, mockdesk.Options{})
}

// openWith opens a desk with a journal and a clock that stands still, whatever the options say of them.
func openWith(t *testing.T, o mockdesk.Options) *stage {
	t.Helper()
	clock := mockdesk.NewManualClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	j := journal.New()
	o.Journal, o.Clock = j, clock
	d, err := mockdesk.Open(o)
	require.NoError(t, err)
	transport := &http.Transport{}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(func() {
		cancel()
		transport.CloseIdleConnections()
		assert.NoError(t, d.Close())
	})
	return &stage{t: t, desk: d, journal: j, clock: clock, http: &http.Client{Transport: transport}, ctx: ctx}
}

type answer struct {
	status int
	header http.Header
	raw    string
	err    error
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	require.NoError(t, a.err)
	fields := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(a.raw), &fields), a.raw)
	return fields
}

func (s *stage) send(ctx context.Context, method, path, body string, header ...string) answer {
	r, err := http.NewRequestWithContext(ctx, method, s.desk.URL()+path, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := s.http.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, raw: string(raw), err: err}
}

func (s *stage) do(method, path, body string, header ...string) answer {
	s.t.Helper()
	a := s.send(s.ctx, method, path, body, header...)
	require.NoError(s.t, a.err)
	return a
}

// later sends a request whose answer is not expected yet.
func (s *stage) later(method, path, body string) <-chan answer {
	return s.laterIn(s.ctx, method, path, body)
}

func (s *stage) laterIn(ctx context.Context, method, path, body string) <-chan answer {
	got := make(chan answer, 1)
	go func() { got <- s.send(ctx, method, path, body) }()
	return got
}

func (s *stage) get(got <-chan answer) answer {
	s.t.Helper()
	select {
	case a := <-got:
		return a
	case <-s.ctx.Done():
		require.FailNow(s.t, "no answer came")
		return answer{}
	}
}

func (s *stage) start(id string) *mockdesk.Conversation {
	s.t.Helper()
	require.Equal(s.t, http.StatusCreated, s.do("PUT", "/v1/conversations/"+id, `{}`).status)
	c, err := s.desk.NextConversation(s.ctx)
	require.NoError(s.t, err)
	require.Equal(s.t, id, c.ID())
	return c
}

// stream is an open event stream as a client has it.
type stream struct {
	s    *stage
	conn *websocket.Conn
}

func (s *stage) dial(path string, subprotocols ...string) (*websocket.Conn, *http.Response, error) {
	dialer := websocket.Dialer{Subprotocols: subprotocols}
	return dialer.DialContext(s.ctx, s.desk.SocketURL()+path, http.Header{"Origin": {"http://page.example:8080"}})
}

// listen opens a stream and takes its hello.
func (s *stage) listen(id, cursor string) *stream {
	s.t.Helper()
	conn, response, err := s.dial("/v1/conversations/"+id+"/events?cursor="+cursor, "deskcheck.native.v1")
	require.NoError(s.t, err)
	require.Equal(s.t, "deskcheck.native.v1", response.Header.Get("Sec-WebSocket-Protocol"))
	s.t.Cleanup(func() { _ = conn.Close() })
	st := &stream{s: s, conn: conn}
	hello := st.next()
	require.Equal(s.t, "hello", hello["type"])
	require.Equal(s.t, id, hello["conversation"])
	return st
}

func (st *stream) next() map[string]any {
	st.s.t.Helper()
	require.NoError(st.s.t, st.conn.SetReadDeadline(time.Now().Add(patience)))
	kind, raw, err := st.conn.ReadMessage()
	require.NoError(st.s.t, err)
	require.Equal(st.s.t, websocket.TextMessage, kind)
	frame := map[string]any{}
	require.NoError(st.s.t, json.Unmarshal(raw, &frame))
	return frame
}

// broken reads until the connection fails and gives the error.
func (st *stream) broken() error {
	st.s.t.Helper()
	require.NoError(st.s.t, st.conn.SetReadDeadline(time.Now().Add(patience)))
	for {
		if _, _, err := st.conn.ReadMessage(); err != nil {
			return err
		}
	}
}

func (s *stage) entries(kind journal.Kind, name string) []journal.Entry {
	return s.journal.All(0, func(e journal.Entry) bool { return e.Kind == kind && e.Name == name })
}

func (s *stage) entry(kind journal.Kind, name string) journal.Entry {
	s.t.Helper()
	e, err := s.journal.Wait(s.ctx, 0, func(e journal.Entry) bool { return e.Kind == kind && e.Name == name })
	require.NoError(s.t, err, "no entry %s %s", kind, name)
	return e
}

func data(t *testing.T, e journal.Entry) map[string]any {
	t.Helper()
	fields := map[string]any{}
	require.NoError(t, json.Unmarshal(e.Data, &fields))
	return fields
}

func reset(err error) bool {
	var closed *websocket.CloseError
	return err != nil && !errors.As(err, &closed) || errors.As(err, &closed) && closed.Code == websocket.CloseAbnormalClosure
}
