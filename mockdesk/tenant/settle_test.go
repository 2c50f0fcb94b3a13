package tenant

import (
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
)

const talk = `wire: 1
name: talk
routes:
  - on: SOCKET /talk
    socket:
      takes:
        - {name: open, when: body.t == "open", means: start, answers: {opened: {json: {t: opened}}}}
        - {name: say, when: body.t == "say", means: message, give: {text: body.text}}
events:
  agent.joined: none
  message: {when: event.author.role == "agent", json: {t: said, text: "${event.text}"}}
`

// counted is a listener whose connections tell of every time that somebody wants to read from them: what was read before has then been handed on.
type counted struct {
	net.Listener

	wanted chan net.Conn
}

func (l counted) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &countedConn{conn, l.wanted}, err
}

type countedConn struct {
	net.Conn

	wanted chan net.Conn
}

func (c *countedConn) Read(to []byte) (int, error) {
	c.wanted <- c
	return c.Conn.Read(to)
}

// TestTimePassesAfterWhatWasReadIsDone has a line be read while somebody is at the lines of others, and time pass before it is done.
func TestTimePassesAfterWhatWasReadIsDone(t *testing.T) {
	const patience = 20 * time.Second
	r := NewRegistry(Options{
		Addresses: func(string) api.WireAddresses { return api.WireAddresses{} }, Observe: func(journal.Entry) {}, Played: func(string, mockdesk.Operation) {},
		Log: slog.New(slog.DiscardHandler), Failed: func(error) {},
	})
	defer r.Close()
	one, err := r.Create(api.NewTenant{
		Name: "one", Clock: api.NewClock{Mode: api.ManualClock}, Wire: talk, Scripts: map[string]string{"late": "steps:\n  - join\n  - answer:\n      - {pattern: later, done: true}\n  - wait: 5s\n  - say: done\n"},
	})
	require.NoError(t, err)
	wanted := make(chan net.Conn, 99)
	server := httptest.NewUnstartedServer(one.Desk())
	server.Listener = counted{server.Listener, wanted}
	server.Config.ConnContext = mockdesk.WithConnection
	server.Start()
	defer server.Close()
	defer server.CloseClientConnections()
	dial := func() *websocket.Conn {
		conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"/talk", nil)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"open"}`)))
		_, _, err = conn.ReadMessage()
		require.NoError(t, err)
		return conn
	}
	busy, late := dial(), dial()
	require.NoError(t, one.settle(t.Context()))
	entered, leave := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(leave) })
	defer release()
	one.Desk().OnTurn(func() {
		select {
		case entered <- struct{}{}:
		case <-leave:
		}
		<-leave
		one.hearNow()
	})
	require.NoError(t, busy.WriteMessage(websocket.TextMessage, []byte(`{"t":"say","text":"hello"}`)))
	<-entered
	for len(wanted) > 0 {
		<-wanted
	}
	require.NoError(t, late.WriteMessage(websocket.TextMessage, []byte(`{"t":"say","text":"later"}`)))
	<-wanted // The line was read, and is left for whoever is at it.
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = one.Advance(soon, 6*time.Second)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, one.Desk().WaitSent(soon), context.DeadlineExceeded)
	release()
	_, err = one.Advance(t.Context(), 6*time.Second)
	require.NoError(t, err)
	_, said, err := late.ReadMessage()
	require.NoError(t, err)
	assert.JSONEq(t, `{"t":"said","text":"done"}`, string(said))
}
