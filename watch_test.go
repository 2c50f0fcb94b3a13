package deskcheck

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/reports"
)

// heard tells what a watch says, in order.
type heard struct{ events chan any }

type silence struct{}

func (silence) Started(int)                         {}
func (silence) Finished(reports.Scenario, int, int) {}

func (h heard) Begins(bool) Progress    { return silence{} }
func (h heard) Ended(r *reports.Result) { h.events <- r }
func (h heard) Unbundled(err error)     { h.events <- err }

func TestWatchRunsAgainWhatFailed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "desk.js")
	save := func(name string) {
		code := "export default () => ({ getName() { return " + name + "; }, async startChat() {}, async endChat() {}, async sendMessageToAgent() {} });\n"
		require.NoError(t, os.WriteFile(file, []byte(code), 0o600))
	}
	save("''")
	c := DefaultConfig()
	c.Integration.File, c.Select = file, []string{"NAME"}
	ctx, end := context.WithTimeout(t.Context(), 2*time.Minute)
	defer end()
	h := heard{make(chan any, 10)}
	over := make(chan error, 1)
	go func() { over <- Watch(ctx, c, h) }()

	first, _ := (<-h.events).(*reports.Result)
	require.NotNil(t, first)
	assert.Equal(t, reports.Failed, first.Verdict, "an empty name")
	save("'Desk' +")
	assert.Error(t, (<-h.events).(error), "it does not parse")
	save("'Desk'")
	second, _ := (<-h.events).(*reports.Result)
	require.NotNil(t, second)
	assert.Equal(t, reports.Passed, second.Verdict)
	assert.LessOrEqual(t, len(second.Scenarios), len(first.Scenarios))
	save("'Desk 2'")
	third, _ := (<-h.events).(*reports.Result)
	require.NotNil(t, third)
	assert.Len(t, third.Scenarios, len(first.Scenarios), "nothing had failed, so all of it ran")
	end()
	require.NoError(t, <-over)
}

func TestWatchOfWhatDoesNotChange(t *testing.T) {
	err := Watch(t.Context(), DefaultConfig(), heard{})
	assert.Equal(t, reports.ExitUserError, ExitCode(err))
}
