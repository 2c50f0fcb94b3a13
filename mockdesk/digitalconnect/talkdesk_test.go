package digitalconnect_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/digitalconnect"
)

// TestConversation goes through a whole conversation, as the contract has it.
func TestConversation(t *testing.T) {
	s := newStage(t)
	s.signIn()
	a := s.do(http.MethodPost, "/digital-connect/conversations", `{"touchpoint_id":"`+touchpoint+`","contact_person":{"email":"ann@example.test"},"subject":"Lamp","context_parameters":{"Intent":"billing","Score":"7"},
		"previous_messages":[{"type":"USER","content":"hi","created_at":"2025-01-01T00:00:00.000Z"},{"type":"EXTERNAL","content":"hello","created_at":"2025-01-01T00:00:01.000Z"}]}`)
	require.Equal(t, http.StatusCreated, a.status, a.text)
	c := s.mock.Conversation(a.member("id"))
	require.NotNil(t, c)
	said := s.say(c, `{"content":"My lamp <is> broken & dark"}`)
	assert.Equal(t, http.StatusCreated, said.status)
	assert.Equal(t, c.ID(), said.member("id"), "the id of the conversation")
	assert.Len(t, said.member("created_at"), 24)
	sent, err := c.Say(digitalconnect.Message{Text: new("Which one?"), Author: digitalconnect.Author{Name: "Dana"}})
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, s.delivered(sent.Delivery))
	require.NoError(t, c.End())
	assert.Equal(t, http.StatusNoContent, s.delivered(c.Deliveries()[1]))
	events := s.heardOf(c.ID())
	require.Len(t, events, 2)
	assert.Equal(t, []string{"MESSAGE_CREATED", "CONVERSATION_ENDED"}, []string{events[0].EventType, events[1].EventType})
	assert.JSONEq(t, `{"id":"`+sent.ID+`","content":"Which one?","created_at":"2025-01-01T00:00:00.000Z","author":{"name":"Dana","type":"AGENT"}}`, string(events[0].Payload))
	late := s.say(c, `{"content":"Hello?"}`)
	assert.Equal(t, http.StatusConflict, late.status)
	assert.Equal(t, "3016011", late.member("code"))
	seen := c.Snapshot()
	assert.Equal(t, digitalconnect.Ended, seen.State)
	assert.Equal(t, digitalconnect.FromAgent, seen.EndedBy)
	assert.Len(t, seen.Messages, 2)
	assert.Len(t, seen.Previous, 2)
	assert.Empty(t, s.violations())
}
