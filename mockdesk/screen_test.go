package mockdesk_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
)

func TestAScreenIsAskedForAnsweredAndStopped(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	ada := s.desk.Agent("a1", "Ada")
	_, err := ada.WithdrawScreen(c)
	require.ErrorIs(t, err, mockdesk.ErrNoScreen)
	cursor, err := ada.AskScreen(c)
	require.NoError(t, err)
	assert.Equal(t, 1, cursor)
	assert.Contains(t, s.do("GET", "/v1/conversations/"+idOne+"/events?cursor=0", "").raw, `"type":"screen.requested"`)
	_, err = ada.StopScreen(c)
	require.ErrorIs(t, err, mockdesk.ErrNoScreen, "nothing is shared yet")

	path := "/v1/conversations/" + idOne + "/screens/" + c.Screens()[0].ID
	for range 2 {
		assert.JSONEq(t, `{"id":"s.1","state":"accepted"}`, s.do("PUT", path, `{"state":"accepted"}`).raw)
	}
	_, err = ada.StopScreen(c)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"s.1","state":"ended"}`, s.do("PUT", path, `{"state":"stopped"}`).raw, "what is over stays over")
	assert.Equal(t, []mockdesk.Screen{{ID: "s.1", Agent: "a1", State: mockdesk.ScreenEnded, Said: []mockdesk.ScreenState{mockdesk.ScreenAccepted, mockdesk.ScreenStopped}}}, c.Screens())

	_, err = ada.AskScreen(c)
	require.NoError(t, err)
	_, err = ada.WithdrawScreen(c)
	require.NoError(t, err)
	late := "/v1/conversations/" + idOne + "/screens/" + c.Screens()[1].ID
	assert.JSONEq(t, `{"id":"`+c.Screens()[1].ID+`","state":"withdrawn"}`, s.do("PUT", late, `{"state":"accepted"}`).raw)

	s.do("DELETE", "/v1/conversations/"+idOne, "")
	assert.Equal(t, http.StatusGone, s.do("PUT", path, `{"state":"stopped"}`).status)
	_, err = ada.AskScreen(c)
	require.ErrorIs(t, err, mockdesk.ErrEnded)
}

func TestWhatTheDeskDoesNotTakeForAnAnswer(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	_, err := s.desk.Agent("a1", "Ada").AskScreen(c)
	require.NoError(t, err)
	for _, tt := range []struct {
		path, body string
		status     int
		says       string
	}{
		{idOne + "/screens/s.1", `{"state":"perhaps"}`, http.StatusBadRequest, "accepted, declined, cancelled, unsupported, stopped"},
		{idOne + "/screens/s.1", `{}`, http.StatusBadRequest, "state"},
		{idOne + "/screens/s.1", `[]`, http.StatusBadRequest, "object"},
		{idOne + "/screens/s.9", `{"state":"accepted"}`, http.StatusNotFound, "unknown-screen"},
		{idTwo + "/screens/s.1", `{"state":"accepted"}`, http.StatusNotFound, "unknown-conversation"},
		{"short/screens/s.1", `{"state":"accepted"}`, http.StatusBadRequest, "16 to 64"},
	} {
		a := s.do("PUT", "/v1/conversations/"+tt.path, tt.body)
		assert.Equal(t, tt.status, a.status, tt)
		assert.Contains(t, a.raw, tt.says)
	}
	assert.Equal(t, mockdesk.ScreenAsked, c.Screens()[0].State)
	assert.Empty(t, c.Screens()[0].Said)
}
