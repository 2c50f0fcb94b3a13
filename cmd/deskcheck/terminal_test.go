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
