package mockdesk_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
)

func TestWhatTheStateForbids(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	ada, bob := s.desk.Agent("a1", "Ada"), s.desk.Agent("b2", "Bob")
	acts := map[string]func() (int, error){
		"leave": func() (int, error) { return ada.Leave(c) },
		"say":   func() (int, error) { return ada.Say(c, "x") },
		"html":  func() (int, error) { return ada.SayHTML(c, "x") },
		"type":  func() (int, error) { return ada.Typing(c, true) },
		"read":  func() (int, error) { return ada.Read(c) },
		"end":   func() (int, error) { return ada.End(c) },
	}
	for name, act := range acts {
		_, err := act()
		require.ErrorIs(t, err, mockdesk.ErrNotJoined, name)
		require.ErrorContains(t, err, "Emit", name)
	}
	_, err := c.CloseQueue("too late in the day")
	require.NoError(t, err)
	cursor, err := ada.Join(c)
	require.NoError(t, err)
	assert.Equal(t, 2, cursor)
	assert.Equal(t, mockdesk.Active, c.State())
	_, err = s.desk.Agent("a1", "Ada").Join(c)
	require.ErrorIs(t, err, mockdesk.ErrAlreadyJoined)
	_, err = c.QueueUpdate(mockdesk.QueueInfo{})
	require.ErrorIs(t, err, mockdesk.ErrNotWaiting)
	_, err = c.CloseQueue("x")
	require.ErrorIs(t, err, mockdesk.ErrNotWaiting)

	_, err = bob.Join(c)
	require.NoError(t, err)
	_, err = ada.Leave(c)
	require.NoError(t, err)
	assert.Equal(t, mockdesk.Active, c.State())
	_, err = ada.Say(c, "x")
	require.ErrorIs(t, err, mockdesk.ErrNotJoined)
	_, err = bob.End(c)
	require.NoError(t, err)
	assert.Equal(t, "agent", c.EndedBy())
	acts["join"] = func() (int, error) { return ada.Join(c) }
	acts["bob"] = func() (int, error) { return bob.Say(c, "x") }
	acts["queue"] = func() (int, error) { return c.QueueUpdate(mockdesk.QueueInfo{}) }
	acts["close"] = func() (int, error) { return c.CloseQueue("x") }
	acts["notice"] = func() (int, error) { return c.Notice("x") }
	acts["desk"] = func() (int, error) { return c.End("x") }
	for name, act := range acts {
		_, err := act()
		require.ErrorIs(t, err, mockdesk.ErrEnded, name)
	}
	assert.Len(t, s.do("GET", "/v1/conversations/"+idOne+"/events", "").json(t)["events"], 5, "what was forbidden left no trace")
}

func TestReadGoesUpToTheUsersLastLine(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	ada := s.desk.Agent("a1", "Ada")
	st := s.listen(idOne, "0")
	_, err := ada.Join(c)
	require.NoError(t, err)
	_, err = ada.Read(c)
	require.NoError(t, err)
	s.do("PUT", "/v1/conversations/"+idOne+"/messages/k", `{"text":"Hello"}`)
	_, err = ada.Say(c, "Hi")
	require.NoError(t, err)
	_, err = ada.Read(c)
	require.NoError(t, err)
	st.next()
	assert.EqualValues(t, 0, st.next()["upTo"])
	st.next()
	st.next()
	read := st.next()
	assert.Equal(t, "messages.read", read["type"])
	assert.EqualValues(t, 3, read["upTo"])
}

func TestWaitingForWhatTheClientDoes(t *testing.T) {
	t.Parallel()
	s := open(t)
	go s.send(s.ctx, "PUT", "/v1/conversations/"+idOne, `{}`)
	c, err := s.desk.NextConversation(s.ctx)
	require.NoError(t, err)
	go func() {
		s.send(s.ctx, "PUT", "/v1/conversations/"+idOne+"/messages/k1", `{"text":"one"}`)
		s.send(s.ctx, "PUT", "/v1/conversations/"+idOne+"/messages/k2", `{"text":"two"}`)
		s.send(s.ctx, "DELETE", "/v1/conversations/"+idOne, "")
	}()
	line, err := c.WaitLine(s.ctx, func(l mockdesk.Line) bool { return l.Text == "two" })
	require.NoError(t, err)
	assert.Equal(t, "k2", line.Key)
	lines, err := c.WaitLines(s.ctx, 2, "user")
	require.NoError(t, err)
	assert.Len(t, lines, 2)
	lines, err = c.WaitLines(s.ctx, 1, "")
	require.NoError(t, err)
	assert.Len(t, lines, 2)
	require.NoError(t, c.WaitState(s.ctx, mockdesk.Ended))
}

func TestWaitsEndWithTheirContextAndSayWhatThereWas(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.desk.NextConversation(over)
	require.ErrorIs(t, err, context.Canceled)
	_, err = c.WaitLine(over, func(mockdesk.Line) bool { return true })
	require.ErrorIs(t, err, context.Canceled)
	_, err = c.WaitLines(over, 1, "user")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "there are 0")
	require.ErrorIs(t, c.WaitState(over, mockdesk.Active), context.Canceled)
	require.ErrorIs(t, c.WaitSocket(over), context.Canceled)
	require.ErrorIs(t, s.desk.WaitSockets(over, 1), context.Canceled)
	require.ErrorIs(t, s.desk.WaitHeld(over, mockdesk.OpStart, 1), context.Canceled)
	assert.NoError(t, s.desk.WaitSockets(over, 0), "what is so already needs no waiting")
	assert.NoError(t, s.desk.WaitSent(over))

	_, err = c.End("")
	require.NoError(t, err)
	assert.ErrorContains(t, c.WaitState(s.ctx, mockdesk.Active), "is ended already")
}

func TestWaitsEndWhenTheDeskCloses(t *testing.T) {
	t.Parallel()
	s := open(t)
	ended := make(chan error, 1)
	go func() {
		_, err := s.desk.NextConversation(s.ctx)
		ended <- err
	}()
	require.NoError(t, s.desk.Close())
	assert.ErrorIs(t, <-ended, mockdesk.ErrClosed)
}

func TestEveryWaiterGetsAConversationOfItsOwn(t *testing.T) {
	t.Parallel()
	s := open(t)
	got := make(chan string, 2)
	for range 2 {
		go func() {
			if c, err := s.desk.NextConversation(s.ctx); err == nil {
				got <- c.ID()
			}
		}()
	}
	assert.Equal(t, http.StatusCreated, s.do("PUT", "/v1/conversations/"+idOne, "").status)
	assert.Equal(t, http.StatusCreated, s.do("PUT", "/v1/conversations/"+idTwo, "").status)
	assert.ElementsMatch(t, []string{idOne, idTwo}, []string{<-got, <-got})
}
