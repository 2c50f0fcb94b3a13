package main

import (
	"context"
	"os"
	"testing"
	"time"

	"deskcheck"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// matrixBench is a bench whose matrix answers m and err, and whose options are kept.
func matrixBench(t *testing.T, m *reports.Matrix, err error) (*bench, *deskcheck.MatrixOptions) {
	t.Helper()
	b, got := newBench(t), &deskcheck.MatrixOptions{}
	b.matrix = func(_ context.Context, o deskcheck.MatrixOptions) (*reports.Matrix, error) {
		*got = o
		o.Progress(deskcheck.MatrixProgress{Done: 3, Total: 10, Shared: 1, RowsDone: 1, Rows: 2, Left: 3 * time.Minute})
		return m, err
	}
	b.writeMatrix = reports.WriteMatrix
	return b, got
}

func sampleMatrix() *reports.Matrix {
	row := reports.MatrixRow{File: "FLOW-03-waits-for-the-agent.js", Breaks: "FLOW-03", Names: []string{"FLOW-03"}, Complete: true}
	row.Enter([]reports.MatrixSight{
		{Requirement: "JOIN-06", Scenario: "joining/3", Tags: []string{"JOIN-06"}, SettingUp: true, Step: `Given the user is talking to "Ann"`, Recorded: "nobody"},
		{Requirement: "JOIN-07", Scenario: "joining/9", Tags: []string{"JOIN-07"}, SettingUp: true, Step: `Given the user is talking to "Ada"`, Recorded: "nobody"},
	})
	m := &reports.Matrix{Dialects: []reports.MatrixDialect{{
		Dialect: "ai-chat", Scenarios: 7, Integrations: []reports.MatrixRow{row},
		Requirements: []reports.MatrixRequirement{{ID: "FLOW-03", Area: "FLOW", Level: "MUST", Wanted: true}},
	}}}
	m.Judge()
	return m
}

func TestMatrix(t *testing.T) {
	b, got := matrixBench(t, sampleMatrix(), nil)
	assert.Equal(t, 1, b.does("selftest", "--matrix", "flow-03", "--dialect", "ai-chat", "--workers", "2", "--report", "out"))
	assert.Equal(t, []string{"FLOW-03"}, got.Select)
	assert.Equal(t, []string{"ai-chat"}, got.Dialects)
	assert.Equal(t, 2, got.Workers)
	golden(t, "matrix-failed.txt", b.stdout.String())
	assert.Empty(t, b.stderr.String(), "no progress in a pipe")
	for _, file := range []string{"out/matrix.html", "out/matrix.json"} {
		assert.FileExists(t, file)
	}
}

func TestMatrixTakesFiles(t *testing.T) {
	for _, word := range []string{"FLOW-03-waits-for-an-agent", "FLOW-03-waits-for-an-agent.js", "fixtures/integrations/broken/FLOW-03-waits-for-an-agent.js"} {
		b, got := matrixBench(t, &reports.Matrix{OK: true, Complete: true}, nil)
		assert.Zero(t, b.does("selftest", "--matrix", word))
		assert.Equal(t, []string{"FLOW-03-waits-for-an-agent.js"}, got.Select)
		assert.Equal(t, "matrix: passed (0 trials of broken integrations, 0 not as named)\nreport: deskcheck-report/matrix.html\n", b.stdout.String())
	}
}

func TestMatrixThatIsInterruptedReportsWhatRan(t *testing.T) {
	m := sampleMatrix()
	m.Problem = "the matrix was interrupted"
	m.Judge()
	b, _ := matrixBench(t, m, &deskcheck.EnvironmentError{Err: assert.AnError})
	b.err.terminal, b.width = true, 40
	assert.Equal(t, 3, b.does("selftest", "--matrix", "--no-color"))
	assert.Contains(t, b.stdout.String(), "matrix: incomplete (1 trial of broken integrations, 1 not as named)\nreport: deskcheck-report/matrix.html\n")
	assert.Contains(t, b.stderr.String(), "\r\x1b[K1 of 2 integrations, 3 of 10 scenarios \r\x1b[K", "cut to the width, and wiped")
	assert.FileExists(t, "deskcheck-report/matrix.html")
}

func TestMatrixRefusesWhatCannotWork(t *testing.T) {
	b, got := matrixBench(t, &reports.Matrix{}, nil)
	assert.Equal(t, 2, b.does("selftest", "--report", "out"))
	assert.Contains(t, b.stderr.String(), "--report")
	assert.Equal(t, 2, b.does("selftest", "--matrix", "--quick"))
	assert.Contains(t, b.stderr.String(), "--quick: the kill matrix tries each mistake in every dialect")
	require.NoError(t, os.Mkdir("out", 0o700))
	require.NoError(t, os.WriteFile("out/matrix.html", []byte("mine"), 0o600))
	assert.Equal(t, 2, b.does("selftest", "--matrix", "--report", "out"))
	assert.Contains(t, b.stderr.String(), "matrix.html was not written by deskcheck")
	assert.Nil(t, got.Progress, "nothing ran")
}

func TestMatrixProgressSaysWhatIsLeft(t *testing.T) {
	now := deskcheck.MatrixProgress{Done: 30, Total: 100, RowsDone: 1, Rows: 206}
	for left, words := range map[time.Duration]string{40 * time.Second: "about 40 s left", 20 * time.Minute: "about 20 min left", 100 * time.Minute: "about 1.7 h left"} {
		now.Left = left
		assert.Equal(t, "1 of 206 integrations, 30 of 100 scenarios, "+words, matrixLine(now))
	}
	now.Done = 100
	assert.NotContains(t, matrixLine(now), "left")
}
