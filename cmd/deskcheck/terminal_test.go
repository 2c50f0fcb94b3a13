package main

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/assert"
)

func TestListsEndAtTheEdgeOfTheTerminal(t *testing.T) {
	for _, width := range []int{80, 100, 120} {
		for _, subject := range []string{"requirements", "features"} {
			b := newBench(t)
			b.out.terminal, b.width = true, width
			assert.Zero(t, b.does("list", subject))
			assert.Contains(t, b.stdout.String(), "\x1b[1m", "the header is bold")
			for line := range strings.SplitSeq(b.stdout.String(), "\n") {
				assert.LessOrEqual(t, text.StringWidthWithoutEscSequences(line), width, line)
			}
		}
	}
}

func TestColourOnATerminalOnly(t *testing.T) {
	for _, test := range []struct {
		name        string
		terminal    bool
		environment map[string]string
		args        []string
		want        bool
	}{
		{"a terminal", true, nil, nil, true},
		{"a pipe", false, nil, nil, false},
		{"NO_COLOR", true, map[string]string{"NO_COLOR": "1"}, nil, false},
		{"NO_COLOR without a value", true, map[string]string{"NO_COLOR": ""}, nil, true},
		{"a dumb terminal", true, map[string]string{"TERM": "dumb"}, nil, false},
		{"--no-color", true, nil, []string{"--no-color"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.out.terminal, b.err.terminal = test.terminal, test.terminal
			b.environment = func(name string) string { return test.environment[name] }
			assert.Zero(t, b.does(append([]string{"explain", "FLOW-03"}, test.args...)...))
			assert.Equal(t, 2, b.does(append([]string{"explain", "X"}, test.args...)...))
			assert.Equal(t, test.want, strings.Contains(b.stdout.String(), "\x1b["))
			assert.Equal(t, test.want, strings.Contains(b.stderr.String(), "\x1b["))
		})
	}
}
