package script_test

import (
	"strings"
	"testing"

	"deskcheck/mockdesk/script"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnswersSpeakOfGroupsThatThereAre holds what an answer fills in against the groups of its pattern.
func TestAnswersSpeakOfGroupsThatThereAre(t *testing.T) {
	const number = `order (?P<number>\d+)( please)?`
	for _, c := range []struct{ pattern, say, wrong string }{
		{number, "I look at order ${number}, $number, $1, ${2}$0.", ""},
		{number, "It costs $$5, or $$nothing, or 5$, or $ 5, or ${, or ${}.", ""},
		{number, "I look at order ${nummer}.", `script.yaml:4:12: steps[0].answer[0].say: ${nummer} stands for nothing: the pattern has no group "nummer"; write $$ for the character $ itself; did you mean ${number}?`},
		{number, "$nummer", "did you mean ${number}?"},
		{number, "$$$nummer", "$nummer stands for nothing"},
		{number, "It costs $5.", `$5 stands for nothing: the pattern has no group "5"; write $$ for the character $ itself`},
		{number, "${01}", `no group "01"`},
		{number, "the $1st", "did you mean ${1}st?"},
		{number, "$numbers", "did you mean ${number}s?"},
		{"hello", "$1", `no group "1"`},
		{"", "It costs $5, ${really}", ""},
	} {
		text := "steps:\n  - answer:\n    - done: true\n      say: '" + c.say + "'\n"
		if c.pattern != "" {
			text += "      pattern: '" + c.pattern + "'\n"
		}
		_, err := script.Parse("script.yaml", []byte(text), nil)
		if c.wrong == "" {
			require.NoError(t, err, c.say)
			continue
		}
		if assert.Error(t, err, c.say) {
			assert.ErrorContains(t, err, c.wrong)
		}
		s, err := script.ParseTaken("script.yaml", []byte(text), nil)
		require.NoError(t, err, "what was saved before goes on")
		assert.Len(t, s.Steps, 1)
	}
	s, err := script.Parse("script.yaml", []byte("steps: [{answer: [{pattern: '"+number+"', say: '$$ ${number}, $1, $0'}]}]\n"), nil)
	require.NoError(t, err)
	said, fits := s.Steps[0].Rules[0].Answer("My order 7 please.")
	assert.True(t, fits)
	assert.Equal(t, "$ 7, 7, order 7 please", said)
}

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
