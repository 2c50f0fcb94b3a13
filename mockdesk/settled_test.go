package mockdesk_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"deskcheck/mockdesk"
)

const answering = `wire: 1
name: answering
routes:
  - on: SOCKET /talk
    socket:
      takes:
        - {name: open, when: body.t == "open", means: start, answers: {opened: {json: {t: opened}}}}
        - {name: say, when: body.t == "say", means: message, give: {text: body.text}, answers: {stored: {json: {t: stored, at: "${at}"}}}}
        - {name: look, when: body.t == "look", means: state, conversation: body.id, answers: {conversation-ended: {json: {t: over}}}}
events:
  agent.joined: none
  conversation.ended: none
  message: {when: event.author.role == "agent", json: {t: said, text: "${event.text}"}}
`

// answered opens a conversation at a desk that speaks answering.
func (s *stage) answered() (*talker, *mockdesk.Conversation) {
	s.t.Helper()
	k := s.talk("/talk")
	k.send(`{"t":"open"}`)
	k.hears(`{"t":"opened"}`)
	return k, s.next()
}

const oneLine = `{"t":"say","text":"Is anybody there?"}`

// TestAPongComesBehindWhatWasSaidBeforeThePing has many clients say a line and ping at the same moment, so that most lines are left for whoever is at it.
func TestAPongComesBehindWhatWasSaidBeforeThePing(t *testing.T) {
	t.Parallel()
	const clients, rounds = 100, 20
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, answering)})
	var all errgroup.Group
	for range clients {
		k, c := s.answered()
		came := make(chan string, 2*rounds)
		k.conn.SetPongHandler(func(string) error { came <- "pong"; return nil })
		all.Go(func() error {
			defer close(came)
			for n := 0; ; n++ {
				if _, _, err := k.conn.ReadMessage(); n == rounds {
					return nil // The client has closed the connection.
				} else if err != nil {
					return err
				}
				came <- "answer"
			}
		})
		all.Go(func() error {
			defer k.conn.Close()
			for round := range rounds {
				if err := k.conn.WriteMessage(websocket.TextMessage, []byte(oneLine)); err != nil {
					return err
				}
				if err := k.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience)); err != nil {
					return err
				}
				for _, want := range []string{"answer", "pong"} {
					if got := <-came; got != want {
						return fmt.Errorf("round %d: expected %s, found %q", round, want, got)
					}
				}
				if lines := len(c.Transcript()); lines != round+1 {
					return fmt.Errorf("round %d: the pong has come, and there are %d lines", round, lines)
				}
			}
			return nil
		})
	}
	require.NoError(t, all.Wait())
}

// TestAnAnswerComesBeforeTheEnd has many clients say something and goodbye at the same moment, who read until the desk says goodbye.
func TestAnAnswerComesBeforeTheEnd(t *testing.T) {
	t.Parallel()
	for _, lines := range []int{1, 5} {
		t.Run(strconv.Itoa(lines), func(t *testing.T) {
			t.Parallel()
			s := openWith(t, mockdesk.Options{Wire: tinyWire(t, answering)})
			begin := make(chan struct{})
			var all errgroup.Group
			for range 200 {
				k, _ := s.answered()
				all.Go(func() error {
					<-begin
					for range lines {
						if err := k.conn.WriteMessage(websocket.TextMessage, []byte(oneLine)); err != nil {
							return err
						}
					}
					goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
					if err := k.conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(patience)); err != nil {
						return err
					}
					for n := range lines {
						if _, _, err := k.conn.ReadMessage(); err != nil {
							return fmt.Errorf("answer %d of %d: %w", n+1, lines, err)
						}
					}
					_, _, err := k.conn.ReadMessage()
					if !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
						return fmt.Errorf("expected the desk's goodbye, found %w", err)
					}
					return nil
				})
			}
			close(begin)
			require.NoError(t, all.Wait())
		})
	}
}

// soon is a context for what must not come.
func (s *stage) soon() context.Context {
	ctx, cancel := context.WithTimeout(s.ctx, 50*time.Millisecond)
	s.t.Cleanup(cancel)
	return ctx
}

// TestNobodyWaitsForWhatAnotherHasRead has a client look at a conversation that is no longer in memory, and the file be slow.
func TestNobodyWaitsForWhatAnotherHasRead(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	saving := k.saving()
	reading, free := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(free) })
	read := saving.Read
	saving.Read = func(id string) (mockdesk.Record, error) {
		close(reading)
		<-free
		return read(id)
	}
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, answering), Saving: saving, Bounds: mockdesk.Bounds{Ended: 1}})
	t.Cleanup(release)
	k.desk = s.desk
	k.work()
	other, first := s.answered()
	_, second := s.answered()
	mia, c := s.answered()
	s.act(first.End(""))
	s.act(second.End(""))
	mia.send(oneLine) // The answer comes once all before it is saved, and the oldest put away.
	assert.Equal(t, "stored", mia.hear()["t"])
	other.send(`{"t":"look","id":"` + first.ID() + `"}`)
	<-reading

	mia.send(oneLine)
	assert.Equal(t, "stored", mia.hear()["t"])
	ada := s.desk.Agent("a1", "Ada")
	s.act(ada.Join(c))
	s.act(ada.Say(c, "Here I am"))
	mia.hears(`{"t":"said","text":"Here I am"}`)
	require.ErrorIs(t, s.desk.WaitDone(s.soon()), context.DeadlineExceeded, "one frame is not done")

	release()
	other.hears(`{"t":"over"}`)
	require.NoError(t, s.desk.WaitDone(s.ctx))
}

// TestAFrameHasTheMomentAtWhichItIsDone has a client say more than the desk remembers answers for, so that the last line is read long before it is taken.
func TestAFrameHasTheMomentAtWhichItIsDone(t *testing.T) {
	t.Parallel()
	const most = 64
	k := newKeeper(t)
	s := saved(t, k, mockdesk.Options{Wire: tinyWire(t, answering)})
	save := func() { k.desk.Saved(k.take(), nil) }
	mia := s.talk("/talk")
	mia.send(`{"t":"open"}`)
	c := s.next()
	save()
	mia.hears(`{"t":"opened"}`)
	for range most + 1 {
		mia.send(oneLine)
	}
	_, err := c.WaitLines(s.ctx, most, mockdesk.RoleUser)
	require.NoError(t, err)
	s.clock.Advance(time.Hour)
	save()
	for range most {
		mia.hear()
	}
	_, err = c.WaitLines(s.ctx, most+1, mockdesk.RoleUser)
	require.NoError(t, err)
	save()
	assert.Equal(t, s.clock.Now().Format("2006-01-02T15:04:05.000Z"), mia.hear()["at"])
}
