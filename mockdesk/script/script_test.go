package script_test

import (
	"strings"
	"testing"

	"deskcheck/mockdesk/script"

	"github.com/stretchr/testify/assert"
)

func FuzzParse(f *testing.F) {
	f.Add("agent: zoe\nsteps:\n  - join\n  - say: hello\n  - answer: [{when: 'order (\\d+)', say: 'I see $1'}]\n  - end\n", "order 7")
	f.Add("steps:\n  - wait: 3s\n  - transfer: {to: sam}\n", "")
	f.Add("steps: [&a {say: x}, *a]\n", "x")
	f.Fuzz(func(t *testing.T, text, line string) {
		s, err := script.Parse("fuzz.yaml", []byte(text), func(id string) bool { return id != "nobody" })
		if err != nil {
			assert.True(t, strings.HasPrefix(err.Error(), "fuzz.yaml:"), "%v", err)
			return
		}
		assert.NotContains(t, s.Agents(), "nobody")
		for _, step := range s.Steps {
			assert.NotEmpty(t, step.Verb)
			for _, rule := range step.Rules {
				rule.Answer(line)
			}
		}
	})
}
