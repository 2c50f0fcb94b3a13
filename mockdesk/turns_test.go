package mockdesk_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

const talkative = `wire: 1
name: talkative
routes:
  - on: SOCKET /talk
    socket:
      takes:
        - {name: open, when: body.t == "open", means: start, answers: {opened: {json: {t: opened}}}}
        - {name: say, when: body.t == "say", means: message, give: {text: body.text, key: body.key}}
events:
  agent.joined: none
  message: {when: event.author.role == "agent", json: {t: said, text: "${event.text}"}}
`

// parrot says what users have said, as whoever plays scripts does: at once, wherever their frames are done.
type parrot struct {
	t    *testing.T
	desk *mockdesk.Desk
	ada  *mockdesk.Agent

	mu      sync.Mutex
	called  []*mockdesk.Conversation
	cursors map[*mockdesk.Conversation]int
}

func (p *parrot) listen(c *mockdesk.Conversation) {
	c.OnUser(func(turn bool) {
		assert.True(p.t, turn, "whoever takes the frame calls the parrot next")
		p.mu.Lock()
		defer p.mu.Unlock()
		p.called = append(p.called, c)
	})
}

func (p *parrot) turn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.called {
		for now := c.Hear(p.cursors[c]); now.Said; now = c.Hear(p.cursors[c]) {
			p.cursors[c] = now.Line.Cursor
			_, err := p.ada.Say(c, now.Line.Text)
			assert.NoError(p.t, err)
		}
	}
	p.called = nil
}

// TestFramesOfManySocketsAreDoneInTheirOrder has clients say line after line at the same time without waiting for answers, so that frames are left for whoever is at it, and answers for whoever
// delivers them.
func TestFramesOfManySocketsAreDoneInTheirOrder(t *testing.T) {
	t.Parallel()
	const clients, lines = 40, 50
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, talkative)})
	p := &parrot{t: t, desk: s.desk, ada: s.desk.Agent("a", "Ada"), cursors: map[*mockdesk.Conversation]int{}}
	s.desk.OnTurn(p.turn)
	conns := make([]*websocket.Conn, clients)
	for i := range conns {
		conn, _, err := s.dial("/talk")
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"open"}`)))
		_, _, err = conn.ReadMessage()
		require.NoError(t, err)
		c := s.next()
		s.act(p.ada.Join(c))
		p.listen(c)
		conns[i] = conn
	}
	var all errgroup.Group
	for i, conn := range conns {
		all.Go(func() error {
			for line := range lines {
				if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"t":"say","text":"%d of %d"}`, line, i)); err != nil {
					return err
				}
			}
			return nil
		})
		all.Go(func() error {
			for line := range lines {
				_, got, err := conn.ReadMessage()
				if err != nil {
					return err
				}
				if want := fmt.Sprintf(`{"t":"said","text":"%d of %d"}`, line, i); want != string(got) {
					return fmt.Errorf("expected %s, found %s", want, got)
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
	for _, c := range s.desk.Conversations() {
		asked := 0
		for _, l := range c.Transcript() {
			if l.Role == mockdesk.RoleUser {
				var line, client int
				_, err := fmt.Sscanf(l.Text, "%d of %d", &line, &client)
				require.NoError(t, err)
				require.Equal(t, asked, line, "what a client says is taken in its order")
				asked++
			}
		}
		assert.Equal(t, lines, asked)
	}
	assert.Len(t, s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Frame && e.Name == "say" }), clients*lines)
}

// TestAFaultOfOneFrameIsNoneOfThoseBehindIt has the first of several frames that come at once answered by a fault, and so without its effect.
func TestAFaultOfOneFrameIsNoneOfThoseBehindIt(t *testing.T) {
	t.Parallel()
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, talkative)})
	conn, _, err := s.dial("/talk")
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"open"}`)))
	c := s.next()
	s.play(fault.Fault{Kind: fault.Body, Status: 200, Text: "no"}, "next 1", fault.Scope{On: fault.Ask, Operation: string(mockdesk.OpMessage)})
	for _, text := range []string{"one", "two", "three"} {
		require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"say","text":"`+text+`"}`)))
	}
	lines, err := c.WaitLines(s.ctx, 2, mockdesk.RoleUser)
	require.NoError(t, err)
	assert.Equal(t, "two", lines[0].Text)
	assert.Equal(t, "three", lines[1].Text)
}

// TestWhatIsSaidBeforeTheEndIsHeard has clients say something and end the connection at once, in one of two ways, or has a fault end it by the frame that follows, while others keep the desk busy.
func TestWhatIsSaidBeforeTheEndIsHeard(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*stage, *websocket.Conn) error{
		"with a goodbye": func(_ *stage, conn *websocket.Conn) error {
			return conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(patience))
		},
		"without": func(_ *stage, conn *websocket.Conn) error { return conn.Close() },
		"by a fault": func(_ *stage, conn *websocket.Conn) error {
			return conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"close me"}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const clients, lines = 60, 10
			s := openWith(t, mockdesk.Options{Wire: tinyWire(t, talkative)})
			if name == "by a fault" { // Where there is a rule, frames are taken in another way.
				s.play(fault.Fault{Kind: fault.Close, Code: websocket.CloseInternalServerErr}, "always", fault.Scope{On: fault.Frame, Direction: fault.In, Frame: "unknown"})
			}
			var all errgroup.Group
			for range clients {
				all.Go(func() error {
					conn, _, err := s.dial("/talk")
					if err != nil {
						return err
					}
					defer conn.Close()
					if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"open"}`)); err != nil {
						return err
					}
					// What is left unread when a connection is closed makes a reset of it, which overtakes what was sent.
					if _, _, err := conn.ReadMessage(); err != nil {
						return err
					}
					for range lines {
						if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"say","text":"Is anybody there?"}`)); err != nil {
							return err
						}
					}
					if err := end(s, conn); err != nil {
						return err
					}
					if name != "without" {
						_ = conn.SetReadDeadline(time.Now().Add(patience))
						for err == nil {
							_, _, err = conn.ReadMessage()
						}
					}
					return nil
				})
			}
			require.NoError(t, all.Wait())
			for range clients {
				_, err := s.next().WaitLines(s.ctx, lines, mockdesk.RoleUser)
				require.NoError(t, err)
			}
		})
	}
}

// TestOnlyAKeyThatTheClientChoseMarksALine has a client choose the key that the desk gave to a line without one: it is another line, and the same one only if it comes again.
func TestOnlyAKeyThatTheClientChoseMarksALine(t *testing.T) {
	t.Parallel()
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, talkative)})
	conn, _, err := s.dial("/talk")
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"open"}`)))
	c := s.next()
	for _, line := range []string{`"text":"none"`, `"text":"chosen","key":"u.1"`, `"text":"again","key":"u.1"`, `"text":"last"`} {
		require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"say",`+line+`}`)))
	}
	lines, err := c.WaitLines(s.ctx, 3, mockdesk.RoleUser)
	require.NoError(t, err)
	require.NoError(t, s.desk.WaitDone(s.ctx))
	var said []string
	for _, l := range lines {
		said = append(said, l.Key+" "+l.Text)
	}
	assert.Equal(t, []string{"u.1 none", "u.1 chosen", "u.3 last"}, said)
	assert.Len(t, c.Transcript(), 3)
}
