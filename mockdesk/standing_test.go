package mockdesk_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
)

func TestAClientThatComesBackLearnsWhatIsStillThere(t *testing.T) {
	t.Parallel()
	s := open(t)
	assert.Equal(t, http.StatusNotFound, s.do("GET", "/v1/conversations/"+idOne, "").status)
	assert.Equal(t, http.StatusBadRequest, s.do("GET", "/v1/conversations/short", "").status)
	c := s.start(idOne)
	assert.JSONEq(t, `{"id":"conversation-0001","state":"waiting","cursor":0,"agents":[],"uploads":{"allowed":true,"multiple":true,"maxBytes":67108864}}`, s.do("GET", "/v1/conversations/"+idOne, "").raw)
	bob, ann := s.desk.Agent("b", "Bob"), s.desk.Agent("a", "Ann")
	for _, agent := range []*mockdesk.Agent{bob, ann} {
		_, err := agent.Join(c)
		require.NoError(t, err)
	}
	assert.JSONEq(t, `{"id":"conversation-0001","state":"active","cursor":2,"agents":[{"id":"a","name":"Ann"},{"id":"b","name":"Bob"}],"uploads":{"allowed":true,"multiple":true,"maxBytes":67108864}}`, s.do("GET", "/v1/conversations/"+idOne, "").raw)
	_, err := ann.Leave(c)
	require.NoError(t, err)
	assert.JSONEq(t, `{"id":"conversation-0001","state":"active","cursor":3,"agents":[{"id":"b","name":"Bob"}],"uploads":{"allowed":true,"multiple":true,"maxBytes":67108864}}`, s.do("GET", "/v1/conversations/"+idOne, "").raw)
	_, err = bob.End(c)
	require.NoError(t, err)
	assert.Equal(t, http.StatusGone, s.do("GET", "/v1/conversations/"+idOne, "").status)
	s.do("DELETE", "/v1/conversations/"+idTwo, "")
	assert.Equal(t, http.StatusGone, s.do("GET", "/v1/conversations/"+idTwo, "").status, "withdrawn")
}

func TestAnExpiredConversationIsForgottenWithoutAWord(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	stream := s.listen(idOne, "0")
	require.NoError(t, c.Expire())
	require.Error(t, stream.broken(), "the socket is cut")
	assert.Equal(t, mockdesk.Ended, c.State())
	assert.Equal(t, mockdesk.Expired, c.EndedBy())
	require.ErrorIs(t, c.Expire(), mockdesk.ErrEnded)
	for _, request := range [][2]string{{"GET", ""}, {"PUT", ""}, {"DELETE", ""}, {"PUT", "/messages/k"}, {"GET", "/events?cursor=0"}} {
		assert.Equal(t, http.StatusGone, s.do(request[0], "/v1/conversations/"+idOne+request[1], `{"text":"x"}`).status, "%s %s", request[0], request[1])
	}
}
