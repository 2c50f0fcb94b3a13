package mockdesk_test

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// These measure what the native wire costs: they use nothing that a desk without wire files would not have, so that the figures of two versions can be set beside each other.

type bench struct {
	desk *mockdesk.Desk
	c    *mockdesk.Conversation
	ada  *mockdesk.Agent
	conn *websocket.Conn
}

func newBench(b *testing.B) *bench {
	b.Helper()
	d, err := mockdesk.Open(mockdesk.Options{Journal: journal.New()})
	require.NoError(b, err)
	b.Cleanup(func() { _ = d.Close() })
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPut, d.URL()+"/v1/conversations/"+idOne, strings.NewReader(`{"user":{"name":"Mia"}}`))
	require.NoError(b, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	c, err := d.NextConversation(b.Context())
	require.NoError(b, err)
	conn, _, err := websocket.DefaultDialer.DialContext(b.Context(), d.SocketURL()+"/v1/conversations/"+idOne+"/events?cursor=0", nil)
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	_, _, err = conn.ReadMessage()
	require.NoError(b, err)
	ada := d.Agent("a1", "Ada")
	_, err = ada.Join(c)
	require.NoError(b, err)
	_, _, err = conn.ReadMessage()
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	before := worked(b)
	b.Cleanup(func() { b.ReportMetric(float64((worked(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op") })
	return &bench{desk: d, c: c, ada: ada, conn: conn}
}

// worked is the time that the processors have spent on this program, client and desk together. On a busy machine it says more than the clock on the wall.
func worked(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkAgentSays is a line of an agent, from the act to the client.
func BenchmarkAgentSays(b *testing.B) {
	s := newBench(b)
	for b.Loop() {
		_, err := s.ada.Say(s.c, "It covers two months.")
		require.NoError(b, err)
		_, _, err = s.conn.ReadMessage()
		require.NoError(b, err)
	}
}

// BenchmarkAgentSaysMany is the same with a hundred lines under way at a time, so that it is the desk's work that counts and not the way.
func BenchmarkAgentSaysMany(b *testing.B) {
	s := newBench(b)
	for b.Loop() {
		for range 100 {
			_, err := s.ada.Say(s.c, "It covers two months.")
			require.NoError(b, err)
		}
		for range 100 {
			_, _, err := s.conn.ReadMessage()
			require.NoError(b, err)
		}
	}
}

// BenchmarkUserSays is a line of the user: a request, its answer, and the line as it comes back.
func BenchmarkUserSays(b *testing.B) {
	s := newBench(b)
	n := 0
	for b.Loop() {
		n++
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPut, fmt.Sprintf("%s/v1/conversations/%s/messages/k%d", s.desk.URL(), idOne, n), strings.NewReader(`{"text":"Why did my bill double?"}`))
		require.NoError(b, err)
		response, err := http.DefaultClient.Do(r)
		require.NoError(b, err)
		require.NoError(b, response.Body.Close())
		require.Equal(b, http.StatusCreated, response.StatusCode)
		_, _, err = s.conn.ReadMessage()
		require.NoError(b, err)
	}
}

// BenchmarkUserTypes is a hundred frames of the client, until the desk has taken the last.
func BenchmarkUserTypes(b *testing.B) {
	s := newBench(b)
	for b.Loop() {
		for i := range 100 {
			require.NoError(b, s.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"typing","typing":%t}`, i%2 == 0)))
		}
		// A frame that nothing fits is answered, after those before it.
		require.NoError(b, s.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"mark"}`)))
		_, _, err := s.conn.ReadMessage()
		require.NoError(b, err)
	}
}

// BenchmarkIdleSocket is what a socket costs in memory on which nothing happens, with its client, which is a bare connection.
func BenchmarkIdleSocket(b *testing.B) {
	s := newBench(b)
	request := "GET /v1/conversations/" + idOne + "/events HTTP/1.1\r\nHost: desk\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	const sockets = 400
	for b.Loop() {
		before := inUse()
		open := s.desk.Sockets()
		conns := make([]net.Conn, sockets)
		for i := range conns {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.desk.URL(), "http://"))
			require.NoError(b, err)
			_, err = conn.Write([]byte(request))
			require.NoError(b, err)
			conns[i] = conn
		}
		require.NoError(b, s.desk.WaitSockets(b.Context(), open+sockets))
		require.NoError(b, s.desk.WaitSent(b.Context()))
		b.ReportMetric(float64(inUse()-before)/sockets, "B/socket")
		for _, conn := range conns {
			require.NoError(b, conn.Close())
		}
		require.NoError(b, s.desk.WaitSockets(b.Context(), open))
	}
}

// BenchmarkTalk is fifty lines of the user over a socket, each of which an agent answers, until the last answer has come. The journal is bounded and looks for secrets, as that of a desk which
// stands alone.
func BenchmarkTalk(b *testing.B) {
	w, err := wire.Load("../fixtures/bench/desk/load.wire.yaml")
	require.NoError(b, err)
	j := journal.NewBounded(20_000)
	j.Filter(journal.NewRedactor().Redact)
	d, err := mockdesk.Open(mockdesk.Options{Journal: j, Wire: w})
	require.NoError(b, err)
	b.Cleanup(func() { _ = d.Close() })
	conn, _, err := websocket.DefaultDialer.DialContext(b.Context(), d.SocketURL()+"/talk", nil)
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	require.NoError(b, conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"open"}`)))
	c, err := d.NextConversation(b.Context())
	require.NoError(b, err)
	ada := d.Agent("a1", "Ada")
	_, err = ada.Join(c)
	require.NoError(b, err)
	for range 2 {
		_, _, err = conn.ReadMessage()
		require.NoError(b, err)
	}
	heard := make(chan struct{}, 1)
	c.OnUser(func(bool) {
		select {
		case heard <- struct{}{}:
		default:
		}
	})
	go func() {
		cursor := 0
		for range heard {
			for now := c.Hear(cursor); now.Said; now = c.Hear(cursor) {
				cursor = now.Line.Cursor
				if _, err := ada.Say(c, now.Line.Text); err != nil {
					return
				}
			}
		}
	}()
	b.ReportAllocs()
	before := worked(b)
	for b.Loop() {
		for range 50 {
			require.NoError(b, conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"say","text":"Why did my bill double this month, and who can tell me?"}`)))
		}
		for range 50 {
			_, _, err := conn.ReadMessage()
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64((worked(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}
