package mockdesk_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
)

func TestALineMayFailAfterItWasAccepted(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	_, err := c.Bounce("Hello", "")
	require.ErrorIs(t, err, mockdesk.ErrNoLine)
	require.Equal(t, http.StatusCreated, s.do(http.MethodPut, "/v1/conversations/"+idOne+"/messages/k1", `{"text":"Hello"}`).status)
	st := s.listen(idOne, "1")
	cursor, err := c.Bounce("Hello", "the mailbox is full")
	require.NoError(t, err)
	assert.Equal(t, 2, cursor)
	assert.Equal(t, map[string]any{"cursor": 2.0, "type": "message.failed", "at": "2026-03-01T09:00:00.000Z", "key": "k1", "reason": "the mailbox is full"}, st.next())
	_, err = c.End("")
	require.NoError(t, err)
	_, err = c.Bounce("Hello", "")
	require.ErrorIs(t, err, mockdesk.ErrEnded)
}

func TestGarbleReachesWhoeverListens(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	c.Garble(`{"cursor":`)
	path := "/v1/conversations/" + idOne + "/events"
	assert.Equal(t, `{"cursor":`, s.do(http.MethodGet, path, "").raw, "the next poll")
	assert.JSONEq(t, `{"events":[],"cursor":0}`, s.do(http.MethodGet, path, "").raw, "and only that one")

	conn, _, err := s.dial(path + "?cursor=0")
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, c.WaitSocket(s.ctx))
	c.Garble("<html>")
	_, hello, err := conn.ReadMessage()
	require.NoError(t, err)
	assert.Contains(t, string(hello), "hello")
	_, frame, err := conn.ReadMessage()
	require.NoError(t, err)
	assert.Equal(t, "<html>", string(frame))
	require.NoError(t, s.desk.WaitSent(s.ctx))
	assert.Equal(t, 2, s.desk.Traffic().Frames)
}
