package main

import (
	"context"
	"errors"
	"os"
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checked is a bench on which every check of a UI map finds the same.
func checked(t *testing.T, findings ...deskcheck.UIMapFinding) *bench {
	t.Helper()
	b := newBench(t)
	b.tryUIMap = func(_ context.Context, c deskcheck.Config, tell func(deskcheck.UIMapFinding)) (*deskcheck.UIMapCheck, error) {
		b.ran = &c
		for _, f := range findings {
			tell(f)
		}
		return &deskcheck.UIMapCheck{Path: "deskcheck.yaml", Desk: "dist", Findings: findings}, b.failure
	}
	return b
}

func TestUIMapCommands(t *testing.T) {
	works := deskcheck.UIMapFinding{Name: "sign in", Line: 4, Outcome: deskcheck.UIMapWorks}
	none := deskcheck.UIMapFinding{Name: "barge in", Line: 9, Outcome: deskcheck.UIMapLacking}
	b := checked(t, works, none, deskcheck.UIMapFinding{Name: "leave", Outcome: deskcheck.UIMapUntried, Detail: "the map does not tell how"},
		deskcheck.UIMapFinding{Name: "transfer", Line: 12, Outcome: deskcheck.UIMapFails, Detail: `line 13: click button "Transfer": no element fits (waited 5s); the page shows button "Leave"`})
	assert.Equal(t, 1, b.does("ui-map", "check"))
	golden(t, "ui-map-check.txt", b.stdout.String())
	assert.Empty(t, b.stderr.String(), "a pipe is told the result only")

	assert.Zero(t, checked(t, works, none).does("ui-map", "check"))

	b = checked(t, works)
	b.err.terminal = true
	assert.Zero(t, b.does("ui-map", "check"))
	assert.Equal(t, "works      sign in\n", b.stderr.String(), "someone who waits is told what comes")

	for subject, want := range map[string][]byte{"print": deskcheck.ReferenceUIMap(), "schema": deskcheck.UIMapSchema()} {
		b.stdout.Reset()
		assert.Zero(t, b.does("ui-map", subject))
		assert.Equal(t, string(want), b.stdout.String())
	}
}

func TestMistakesInUIMaps(t *testing.T) {
	b := checked(t)
	require.NoError(t, os.WriteFile("deskcheck.yaml", []byte("contract: agent-manager\nui-map:\n  leave:\n    - clik: \"#x\"\n"), 0o600))
	assert.Equal(t, 2, b.does("ui-map", "check"))
	assert.Contains(t, b.stderr.String(), "deskcheck.yaml:4:7: ui-map.leave[0].clik: unknown key; did you mean ui-map.leave[0].click?")
	assert.Nil(t, b.ran)

	b = checked(t)
	b.failure = &deskcheck.EnvironmentError{Err: errors.New("no browser"), Fix: "install one"}
	assert.Equal(t, 3, b.does("ui-map", "check"))
	assert.Contains(t, b.stderr.String(), "error: no browser\nfix:   install one\n")
}
