package digitalconnect

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestBeforeInOrder holds what stands in a start to the order in which it was said, with times that can be of one moment, of several forms, or of none that is known.
func TestBeforeInOrder(t *testing.T) {
	const now, later, exact = "2026-01-01T10:00:00Z", "2026-01-01T10:00:00.250Z", "2026-01-01T11:00:00.5+01:00"
	line := func(text, at string) beforeLine { return beforeLine{Type: "user", Content: text, CreatedAt: at} }
	for name, c := range map[string]struct {
		lines []beforeLine
		wrong string
	}{
		"as said":                          {lines: []beforeLine{line("hello", now), line("one", now), line("two", later)}},
		"all of one moment":                {lines: []beforeLine{line("one", now), line("two", now)}},
		"times of several forms":           {lines: []beforeLine{line("one", now), line("two", later), line("bye", exact)}},
		"times of no form":                 {lines: []beforeLine{line("one", "just now"), line("two", "a moment ago")}},
		"a line that is not there":         {lines: []beforeLine{line("two", now)}},
		"a bot that repeats what it hears": {lines: []beforeLine{line("one", now), line("one", now), line("two", now), line("two", now)}},
		"a bot that has said it before":    {lines: []beforeLine{line("two", now), line("one", now), line("two", now)}},
		"reversed":                         {lines: []beforeLine{line("two", later), line("one", now)}, wrong: `"two" stands before "one"`},
		"reversed, of one moment":          {lines: []beforeLine{line("two", now), line("one", now)}, wrong: `"two" stands before "one"`},
		"the bot's reversed":               {lines: []beforeLine{line("bye", exact), line("hello", now), line("one", later)}, wrong: `"hello", of ` + now + `, stands after one of 2026-01-01T11:00:00.5+01:00`},
	} {
		t.Run(name, func(t *testing.T) {
			err := before{Messages: c.lines}.inOrder([]string{"one", "two", "one"}, 7)
			if c.wrong == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.wrong)
		})
	}
}
