package agentmanager

import (
	"encoding/json"
	"testing"

	"deskcheck/mockdesk/journal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the manager sends against its own schemas is its mistake: it stands in the journal, and tests hear of it.
func TestAMistakeOfTheManagersOwnIsWrittenDown(t *testing.T) {
	j := journal.New()
	var told error
	m, err := New(Options{Journal: j, Mistake: func(err error) { told = err }})
	require.NoError(t, err)
	m.checkOwn("manager/topicUnsubscription", json.RawMessage(`{"conversationId":"v1","reason":"UNSUBSCRIBED"}`))
	assert.Zero(t, j.Len())
	m.checkOwn("manager/topicUnsubscription", json.RawMessage(`{"conversationId":"v1"}`))
	require.Equal(t, 1, j.Len())
	e := j.Since(0)[0]
	assert.Equal(t, journal.Violation, e.Kind)
	assert.Equal(t, PartyManager, e.From)
	assert.Equal(t, "AM-LEAVE-02", e.Requirement)
	require.Error(t, told)
	assert.Contains(t, told.Error(), "reason")
}

func TestATaskMakesNoMoveThatItsMachineDoesNotHave(t *testing.T) {
	for from := range taskMoves {
		for _, to := range []TaskState{Queued, Reserved, Begun, Active, WrapUp, Closed} {
			possible := false
			for _, s := range taskMoves[from] {
				possible = possible || s == to
			}
			work := &task{state: from}
			if possible {
				assert.NotPanics(t, func() { work.move(to, "") }, "%s to %s", from, to)
			} else {
				assert.Panics(t, func() { work.move(to, "") }, "%s to %s", from, to)
			}
		}
	}
}
