package main

import (
	"encoding/json"
	"strings"
	"testing"

	"deskcheck"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestList(t *testing.T) {
	for _, subject := range subjects {
		if subject == "slow" { // it is about a run, see TestListSlow
			continue
		}
		b := newBench(t)
		assert.Zero(t, b.does("list", subject))
		golden(t, "list-"+subject+".txt", b.stdout.String())
		assert.NotEmpty(t, b.stderr.String(), "the count is not part of the list")
		for line := range strings.SplitSeq(b.stdout.String(), "\n") {
			assert.Equal(t, strings.TrimRight(line, " "), line, "no blanks at the end")
		}

		b = newBench(t)
		assert.Zero(t, b.does("list", subject, "--json"))
		var items []map[string]any
		require.NoError(t, json.Unmarshal(b.stdout.Bytes(), &items))
		assert.NotEmpty(t, items)
	}
}

func TestListQuiet(t *testing.T) {
	for args, want := range map[string]string{
		"list -q": "AVAIL-03\nFLOW-03\nFLOW-16\n", "list requirements --uncovered --quiet": "FLOW-16\n", "list features --quiet": "availability\nrequesting\n",
		"list integrations -q": "reference\nFLOW-03-waits-for-the-agent\nAVAIL-03-counts\n", "list capabilities -q": "avail\ncore\n",
	} {
		b := newBench(t)
		assert.Zero(t, b.does(strings.Fields(args)...), args)
		assert.Equal(t, want, b.stdout.String(), args)
		assert.Empty(t, b.stderr.String(), args)
	}
}

func TestListSlow(t *testing.T) {
	b := newBench(t)
	assert.Equal(t, 2, b.does("list", "slow"))
	assert.Equal(t, "error: deskcheck-report/results.json: no results of a run\nfix:   \"deskcheck run\" writes them; --report names their folder\n", b.stderr.String())

	b.result.Scenarios[0].DurationMs = 2000
	b.result.Scenarios[0].Steps = []reports.Step{{Keyword: "When", Text: "the user waits", Status: "passed", DurationMs: 1900, WaitedMs: 1890, PassedMs: 20000}}
	require.NoError(t, reports.Write("there", b.result))
	assert.Zero(t, b.does("list", "slow", "--report", "there"))
	assert.Equal(t, "      2s  ai-chat/requesting/7  The desk takes the session\n          1.9s: When the user waits\n          1,890 ms for something to be recorded, 10 ms of work; 20.0 s of the scenario's own time\n            passed\n", b.stdout.String())
}

func TestListSteps(t *testing.T) {
	for args, want := range map[string]string{
		"list steps typing":       "The agents act\n  \"<agent>\" stops typing\n      When \"Ann\" stops typing   # ai-chat/typing.feature:3\n",
		"list steps -q USER acts": "the user says \"<text>\"\nthe user says in quick succession\n",
		"list steps quick":        "The user acts\n  the user says in quick succession   (and a table below)\n      When the user says in quick succession   # ai-chat/user-to-agent.feature:9\n        | one |\n",
	} {
		b := newBench(t)
		assert.Zero(t, b.does(strings.Fields(args)...), args)
		assert.Equal(t, want, b.stdout.String(), args)
	}
	for args, want := range map[string]string{
		"list steps typign":       "error: no step speaks of \"typign\"; closest: typing, quick, stops\nfix:   \"deskcheck list steps\" prints them all\n",
		"list steps typing quick": "error: no step speaks of all of typing, quick\nfix:   drop a word\n",
		"list features user":      "error: list features takes no words, found \"user\"\nfix:   only steps can be searched; for the others, pipe the list into grep\n",
		"list steps -q --json":    "error: --quiet and --json exclude each other\n",
		"list steps --uncovered":  "error: --uncovered is for requirements, not for steps\n",
	} {
		b := newBench(t)
		assert.Equal(t, 2, b.does(strings.Fields(args)...), args)
		assert.Equal(t, want, b.stderr.String(), args)
	}
}

func TestListOfNothing(t *testing.T) {
	b := newBench(t)
	b.trace = func(deskcheck.Config) (deskcheck.Traceability, error) {
		s := sample()
		s.Requirements = s.Requirements[:2]
		return s, nil
	}
	assert.Zero(t, b.does("list", "--uncovered"))
	assert.Empty(t, b.stdout.String())
	assert.Equal(t, "each of the 2 requirements that a run can see has a scenario\n", b.stderr.String())
	b.stdout.Reset()
	assert.Zero(t, b.does("list", "--uncovered", "--json"))
	assert.Equal(t, "[]\n", b.stdout.String(), "an empty list is a list")
}

func TestListWrapsOnATerminalOnly(t *testing.T) {
	b := newBench(t)
	b.out.terminal, b.width = true, 80
	assert.Zero(t, b.does("list", "--no-color"))
	golden(t, "list-requirements-80.txt", b.stdout.String())
}
