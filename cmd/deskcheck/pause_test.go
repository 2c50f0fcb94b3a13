package main

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"deskcheck"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func failedScenario() reports.Scenario {
	return reports.Scenario{
		ID: "requesting/7", Name: "The desk takes the session", Verdict: reports.Failed, Runs: 1,
		Checks:   []reports.Check{{Requirement: "FLOW-03", Verdict: reports.Failed, Expected: "that startChat settles", Recorded: "it hangs", Entry: 2}},
		Evidence: reports.Evidence{Entries: []reports.Entry{{Seq: 1, Kind: "act", From: "user", To: "host", Name: "clicks"}, {Seq: 2, AtMs: 12, Kind: "call", From: "host", To: "integration", Name: "startChat"}}},
	}
}

// pauseBench is a bench at a terminal whose run fails once; keys writes to its terminal.
func pauseBench(t *testing.T) (b *bench, keys *io.PipeWriter) {
	t.Helper()
	b = newBench(t)
	b.in.terminal, b.out.terminal = true, true
	b.in.Reader, keys = io.Pipe()
	t.Cleanup(func() { _ = keys.Close() })
	b.run = func(ctx context.Context, c deskcheck.Config, p deskcheck.Progress) (*reports.Result, error) {
		b.ran = &c
		if looks, ok := p.(deskcheck.Pausing); ok {
			looks.Paused(ctx, failedScenario())
		}
		return b.result, ctx.Err()
	}
	return b, keys
}

func TestPauseWaitsForEnter(t *testing.T) {
	b, keys := pauseBench(t)
	done := make(chan int, 1)
	said := make(chan bool, 1)
	b.err.Writer = &watched{to: &b.stderr, words: "Enter goes on", seen: said}
	go func() { done <- b.does("run", "--pause-on-failure", "--no-color") }()
	<-said
	select {
	case <-done:
		t.Fatal("it did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	_, err := keys.Write([]byte("\n"))
	require.NoError(t, err)
	assert.Zero(t, <-done)
	assert.Equal(t, 1, b.ran.Workers)
	assert.True(t, b.ran.Headed)
	for _, part := range []string{"The desk takes the session", "it hangs", "the journal, 2 entries", "user → host", "▸", "startChat"} {
		assert.Contains(t, b.stdout.String(), part)
	}
}

func TestPauseEndsWithTheRunOrTheInput(t *testing.T) {
	b, _ := pauseBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	said := make(chan bool, 1)
	b.err.Writer = &watched{to: &b.stderr, words: "Enter goes on", seen: said}
	done := make(chan int, 1)
	go func() { done <- b.execute(ctx, []string{"run", "--pause-on-failure"}) }()
	<-said
	cancel()
	assert.Equal(t, 3, <-done)

	b, keys := pauseBench(t)
	require.NoError(t, keys.Close())
	assert.Zero(t, b.does("run", "--pause-on-failure"), "nobody can press Enter")
	assert.Contains(t, b.stderr.String(), "the input has ended")
}

func TestPauseNeedsATerminal(t *testing.T) {
	for words, change := range map[string]func(*bench){
		"no terminal": func(b *bench) { b.in.terminal = false }, "there is no terminal": func(b *bench) { b.out.terminal = false },
	} {
		b, _ := pauseBench(t)
		change(b)
		assert.Equal(t, 2, b.does("run", "--pause-on-failure"))
		assert.Contains(t, b.stderr.String(), words)
		assert.Nil(t, b.ran)
	}
	for _, args := range [][]string{{"--workers", "3"}, {"--watch"}, {"--headed=false"}} {
		b, _ := pauseBench(t)
		assert.Equal(t, 2, b.does(append([]string{"run", "--pause-on-failure"}, args...)...), args)
		assert.Contains(t, b.stderr.String(), "error: --pause-on-failure")
		assert.Nil(t, b.ran)
	}
}

func TestRunsWithoutPauseDoNotPause(t *testing.T) {
	b, _ := pauseBench(t)
	assert.Zero(t, b.does("run"))
	assert.NotContains(t, b.stderr.String(), "Enter")
}

// watched tells when some words were written.
type watched struct {
	to    *bytes.Buffer
	words string
	seen  chan bool
}

func (w *watched) Write(text []byte) (int, error) {
	n, err := w.to.Write(text)
	if bytes.Contains(text, []byte(w.words)) {
		w.seen <- true
	}
	return n, err
}
