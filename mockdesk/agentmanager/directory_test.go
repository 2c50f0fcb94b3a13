package agentmanager_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"deskcheck/mockdesk/agentmanager"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lookUp asks a server for what no document has, as a page of another origin would.
func lookUp(t *testing.T, server http.Handler, path, userID string) (*http.Response, object) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/base"+path+"?userId="+userID, nil)
	r.Header.Set("Origin", "https://desk.invalid")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	var answer object
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return w.Result(), answer
}

func TestDirectory(t *testing.T) {
	s := newStage(t)
	list, err := s.AddList("mail", "Letters")
	require.NoError(t, err)
	server := agentmanager.NewServer(s.Manager, agentmanager.ServerOptions{Base: "/base"})
	t.Cleanup(server.Close)

	response, _ := lookUp(t, server, agentmanager.DirectoryPath, s.Agent("amy").ID())
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "amy has no session yet")
	amy := s.connect("amy")
	response, found := lookUp(t, server, agentmanager.DirectoryPath, amy.id())
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "https://desk.invalid", response.Header.Get("Access-Control-Allow-Origin"))
	assert.Len(t, found["agents"], 4)
	assert.Equal(t, "sales", found["queues"].([]any)[0].(object)["name"])
	assert.Equal(t, list.ID(), found["lists"].([]any)[0].(object)["id"])

	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/base"+agentmanager.DirectoryPath, nil))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
}

func TestConversationsToMonitor(t *testing.T) {
	s, amy, topic, _ := talk(t)
	server := agentmanager.NewServer(s.Manager, agentmanager.ServerOptions{Base: "/base"})
	t.Cleanup(server.Close)
	response, _ := lookUp(t, server, agentmanager.ConversationsPath, amy.id())
	assert.Equal(t, http.StatusForbidden, response.StatusCode, "amy supervises no team")

	sue := s.connect("sue")
	_, found := lookUp(t, server, agentmanager.ConversationsPath, sue.id())
	require.Len(t, found["conversations"], 1)
	one := found["conversations"].([]any)[0].(object)
	assert.Equal(t, topic["conversationId"], one["conversationId"])
	assert.Equal(t, topic["topicData"].(object)["customer"], one["customer"])
	agents := one["agents"].([]any)
	require.Len(t, agents, 1)
	assert.Equal(t, "Amy Adams", agents[0].(object)["name"])
	assert.Equal(t, "PRIMARY", agents[0].(object)["role"])

	// What is listed is all that JoinAsSilentMonitor needs; what is monitored already is listed no more.
	sue.monitors(object{"conversationId": one["conversationId"], "topicData": one})
	sue.take()
	_, found = lookUp(t, server, agentmanager.ConversationsPath, sue.id())
	assert.Empty(t, found["conversations"])
	amy.leave(topic)
	assert.Empty(t, s.violations())
}
