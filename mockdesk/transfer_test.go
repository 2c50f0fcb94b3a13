package mockdesk_test

import (
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
)

func TestATransferIsToldAndOverWhenAnotherAgentJoins(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	st := s.listen(idOne, "0")
	ada, bea := s.desk.Agent("a1", "Ada"), s.desk.Agent("b2", "Bea")
	_, err := ada.Transfer(c, bea)
	require.ErrorIs(t, err, mockdesk.ErrNotJoined)
	_, err = c.Reroute("night shift", 3)
	require.NoError(t, err)
	assert.Equal(t, "night shift", c.Queue())
	moved := st.next()
	assert.Equal(t, "queue.updated", moved["type"])
	assert.Equal(t, "night shift", moved["queue"])
	assert.EqualValues(t, 3, moved["position"])

	_, err = ada.Join(c)
	require.NoError(t, err)
	_, err = c.FailTransfer("")
	require.ErrorIs(t, err, mockdesk.ErrNoTransfer)
	_, err = ada.Transfer(c, bea)
	require.NoError(t, err)
	_, err = ada.Transfer(c, nil)
	require.ErrorIs(t, err, mockdesk.ErrTransferring)
	_, err = bea.Join(c)
	require.NoError(t, err)
	_, err = c.FailTransfer("")
	require.ErrorIs(t, err, mockdesk.ErrNoTransfer, "she is there")
	_, err = bea.Transfer(c, nil)
	require.NoError(t, err)
	_, err = c.FailTransfer("Nobody answered.")
	require.NoError(t, err)
	_, err = c.Reroute("night shift", 1)
	require.ErrorIs(t, err, mockdesk.ErrNotWaiting)

	st.next() // Ada joins.
	known := st.next()
	assert.Equal(t, "agent.transferring", known["type"])
	assert.Equal(t, map[string]any{"id": "a1", "name": "Ada"}, known["from"])
	assert.Equal(t, map[string]any{"id": "b2", "name": "Bea"}, known["to"])
	st.next() // Bea joins.
	assert.NotContains(t, st.next(), "to")
	failed := st.next()
	assert.Equal(t, "transfer.failed", failed["type"])
	assert.Equal(t, map[string]any{"id": "b2", "name": "Bea"}, failed["from"])
	assert.Equal(t, "Nobody answered.", failed["reason"])
}

func TestWhatTheDeskLearnsOfTheUser(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.do("PUT", "/v1/conversations/"+idOne, `{"user":{"name":"Mia","id":"u1","locale":"de"}}`)
	c, err := s.desk.NextConversation(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, mockdesk.User{Name: "Mia", ID: "u1", Locale: "de"}, c.User())
	st := s.listen(idOne, "0")
	told := 0
	tell := func(frame string) {
		t.Helper()
		told++
		require.NoError(t, st.conn.WriteMessage(websocket.TextMessage, []byte(frame)))
		require.NoError(t, s.journal.WaitUntil(s.ctx, func() bool {
			return len(s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Frame && e.From == journal.Integration })) == told
		}))
	}

	tell(`{"type":"user","id":"u2","session":"s1"}`)
	assert.Equal(t, mockdesk.User{Name: "Mia", ID: "u2", Session: "s1", Locale: "de"}, c.User(), "what a frame leaves out stays")
	tell(`{"type":"user","id":7}`)
	assert.Equal(t, "error", st.next()["type"])
	assert.Equal(t, "u2", c.User().ID)

	tell(`{"type":"typing","typing":true}`)
	assert.True(t, c.UserTypes())
	tell(`{"type":"typing","typing":false}`)
	assert.False(t, c.UserTypes())
	tell(`{"type":"typing","typing":true}`)
	s.do("PUT", "/v1/conversations/"+idOne+"/messages/k1", `{"text":"Hello"}`)
	assert.False(t, c.UserTypes(), "a line that was sent is typed no more")
	assert.Equal(t, "message", st.next()["type"])

	tell(`{"type":"read","upTo":1}`)
	tell(`{"type":"read","upTo":0}`)
	assert.Equal(t, 1, c.UserRead(), "what was read stays read")
	tell(`{"type":"read","upTo":2}`)
	assert.Contains(t, st.next()["detail"], "from 0 to 1")
	tell(`{"type":"read"}`)
	assert.Contains(t, st.next()["detail"], `"upTo"`)
	assert.Equal(t, 1, c.UserRead())

	tell(`{"type":"typing","typing":true}`)
	_, err = c.End("")
	require.NoError(t, err)
	assert.False(t, c.UserTypes(), "nobody types where nobody talks")
}
