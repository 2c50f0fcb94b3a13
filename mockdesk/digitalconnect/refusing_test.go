package digitalconnect_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

// What waits before a refusal comes before it, whether the refusal is on purpose or Talkdesk's own; nobody is asked before anything else.
func TestARefusalWaits(t *testing.T) {
	var s *stage
	var refused []string
	s = newStage(t, func(o *digitalconnect.Options) {
		o.Refusing = func(operation string) {
			refused = append(refused, operation)
			s.journal.Append(journal.Entry{Kind: journal.Screen, Name: "shown"})
		}
	})
	s.start()
	assert.Empty(t, refused)
	s.play(digitalconnect.OpStart, fault.Fault{Kind: fault.Status, Status: http.StatusServiceUnavailable})
	for range 2 {
		mark := s.journal.Len()
		assert.GreaterOrEqual(t, s.do(http.MethodPost, conversations, aStart).status, 400)
		shown, _ := s.journal.Find(mark, func(e journal.Entry) bool { return e.Name == "shown" })
		answered, _ := s.journal.Find(mark, func(e journal.Entry) bool { return e.Kind == journal.Response })
		assert.Positive(t, shown.Seq)
		assert.Less(t, shown.Seq, answered.Seq)
		s.mock.RevokeTokens() // The next is refused for its token.
	}
	assert.Equal(t, []string{digitalconnect.OpStart, digitalconnect.OpStart}, refused)
}
