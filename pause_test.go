package deskcheck

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/reports"
)

// looker is a Progress that looks at failures.
type looker struct {
	silentProgress

	seen   []reports.Scenario
	during func()
}

func (l *looker) Paused(_ context.Context, s reports.Scenario) {
	l.seen = append(l.seen, s)
	l.during()
}

type silentProgress struct{ finished atomic.Int32 }

func (*silentProgress) Started(int) {}

func (p *silentProgress) Finished(reports.Scenario, int, int) { p.finished.Add(1) }

// A failure can be looked at while its page and its desk still stand; the scenario is finished, and the next begins, only when that is over. No display is needed for it.
func TestAFailureHoldsTheRun(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it needs the browser")
	}
	file := filepath.Join(t.TempDir(), "desk.js")
	require.NoError(t, os.WriteFile(file, []byte(`export default () => ({ getName: () => "Desk", startChat: async () => { throw new Error("no"); }, endChat: async () => {}, sendMessageToAgent: async () => {} });`), 0o600))
	l := &looker{}
	l.during = func() {
		assert.Equal(t, len(l.seen)-1, int(l.finished.Load()), "it is not finished while it is looked at")
	}
	result, err := Run(t.Context(), Config{Integration: Integration{File: file}, Select: []string{"FLOW-03", "NAME-02"}, Workers: 1, Seed: 1, Report: t.TempDir(), Dialect: "ai-chat", Host: "emulated"}.withDefaults(), l)
	require.NoError(t, err)
	failed := 0
	for _, s := range result.Scenarios {
		if s.Verdict == reports.Failed {
			failed++
		}
	}
	require.NotZero(t, failed)
	assert.Less(t, failed, len(result.Scenarios), "some pass, and are not paused at")
	require.Len(t, l.seen, failed)
	for _, s := range l.seen {
		assert.Equal(t, reports.Failed, s.Verdict)
		assert.NotEmpty(t, s.Evidence.Entries, "with its journal")
	}
}
