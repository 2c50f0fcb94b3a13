package digitalconnect_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
)

// TestManyConversationsKeepTheirOrder has 200 conversations at once, spoken in from both sides: each side gets what was said in its own, all of it and in order.
func TestManyConversationsKeepTheirOrder(t *testing.T) {
	const many, turns = 200, 5
	s := newStage(t, settings(func(o *digitalconnect.Settings) { o.ActionsPerSecond = 10_000 }))
	s.signIn()
	var talking sync.WaitGroup
	for i := range many {
		talking.Go(func() {
			a, err := s.call(http.MethodPost, api+conversations, "application/json", fmt.Sprintf(`{"touchpoint_id":%q,"contact_person":{"email":"user-%d@example.test"}}`, touchpoint, i), "Authorization", "Bearer "+s.token)
			if !assert.NoError(t, err) || !assert.Equal(t, http.StatusCreated, a.status) {
				return
			}
			c := s.mock.Conversation(a.member("id"))
			var both sync.WaitGroup
			both.Go(func() {
				for turn := range turns {
					a, err := s.call(http.MethodPost, api+conversations+"/"+url.PathEscape(c.ID())+"/messages", "application/json", fmt.Sprintf(`{"content":"user-%d turn %d"}`, i, turn), "Authorization", "Bearer "+s.token)
					if assert.NoError(t, err) {
						assert.Equal(t, http.StatusCreated, a.status)
					}
				}
			})
			both.Go(func() {
				for turn := range turns {
					_, err := c.Say(digitalconnect.Message{Text: new(fmt.Sprintf("agent-%d turn %d", i, turn))})
					assert.NoError(t, err)
				}
			})
			both.Wait()
			assert.NoError(t, c.End())
		})
	}
	talking.Wait()
	require.Len(t, s.mock.Conversations(), many)
	for _, c := range s.mock.Conversations() {
		for _, d := range c.Deliveries() {
			require.Equal(t, http.StatusNoContent, s.delivered(d))
		}
		seen := c.Snapshot()
		i := strings.TrimSuffix(strings.TrimPrefix(seen.Email, "user-"), "@example.test")
		var fromUser, atUser []string
		for _, line := range seen.Messages {
			if line.From == digitalconnect.FromContact {
				fromUser = append(fromUser, *line.Text)
			}
		}
		for _, e := range s.heardOf(c.ID()) {
			var payload struct{ Content string }
			_ = json.Unmarshal(e.Payload, &payload) // the end has none
			atUser = append(atUser, e.EventType+payload.Content)
		}
		var wantUser, wantAgent []string
		for turn := range turns {
			wantUser, wantAgent = append(wantUser, fmt.Sprintf("user-%s turn %d", i, turn)), append(wantAgent, fmt.Sprintf("MESSAGE_CREATEDagent-%s turn %d", i, turn))
		}
		assert.Equal(t, wantUser, fromUser)
		assert.Equal(t, append(wantAgent, "CONVERSATION_ENDED"), atUser)
	}
	assert.Empty(t, s.violations())
	assert.Empty(t, s.mock.Judgement())
	answered := map[int]bool{}
	for _, e := range s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Response }) {
		answered[e.Ref] = true
	}
	for _, e := range s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Request }) {
		assert.True(t, answered[e.Seq], "%d %s has its answer", e.Seq, e.Name)
	}
}
