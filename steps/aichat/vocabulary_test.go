package aichat

import (
	"slices"
	"strings"
	"testing"

	messages "github.com/cucumber/messages/go/v21"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/features"
	"deskcheck/steps"
	"deskcheck/steps/vocabulary"
)

func TestEverySentenceFitsExactlyOneDefinition(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "ai-chat")
	require.NoError(t, err)
	assert.Empty(t, vocabulary.Unfit(scenarios, Sentences(nil)))
	assert.GreaterOrEqual(t, len(scenarios), 90)
}

// awaited are the forms whose feature is still to come.
var awaited = []string{`no call of "<agent>" has thrown or been rejected`}

// Whoever writes a feature of their own finds each sentence with a form to fill in and an example that works: it stands in one of ours.
func TestEveryDefinitionHasAFormAndAnExample(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "ai-chat")
	require.NoError(t, err)
	forms := map[string]bool{}
	for _, s := range Sentences(scenarios) {
		assert.NotEmpty(t, s.Group)
		if slices.Contains(awaited, s.Form) {
			continue
		}
		assert.NotEmpty(t, s.File, "no feature says %q: use it or remove it", s.Form)
		assert.NotRegexp(t, `[\\^$*+…]|\(\?`, s.Form, "it is to be read by people")
		assert.False(t, forms[s.Form+s.Argument], "%q stands there twice", s.Form)
		forms[s.Form+s.Argument] = true
		first, below, _ := strings.Cut(s.Example, "\n")
		_, said, _ := strings.Cut(first, " ")
		assert.True(t, s.Fits(said), said)
		assert.Equal(t, s.Argument != "", below != "", s.Form)
	}
}

func TestForms(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "ai-chat")
	require.NoError(t, err)
	all := map[string]vocabulary.Sentence{}
	for _, s := range Sentences(scenarios) {
		all[s.Form] = s
	}
	for _, form := range []string{
		`"<agent>" says "<text>"`, `"<method>" {settles|is fulfilled|is rejected} within <seconds> seconds`, `the user can[not] type a message`, `the desk says that agents are {online|offline|undeterminable}`,
		`the desk has {no|<number>} [open ]conversation[s]`, `"<callback>" is called within <seconds> seconds with`, `the chat is open`, `the page attaches <JSON> to "<event>"`,
		`the desk answers <which> with status <status>[, <limits>]`, `the desk sends its reply to <which> at <bytes> byte[s] a second[, <limits>]`,
	} {
		assert.Contains(t, all, form)
	}
	assert.Equal(t, "a doc string", all["the user says"].Argument)
	assert.Equal(t, "a table", all["the user says in quick succession"].Argument)
}

func TestUnfit(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "ai-chat")
	require.NoError(t, err)
	s := steps.Scenario{File: "mine/refund.feature", Steps: []steps.Step{
		{Text: `"Ann" says "hello"`, Line: 3}, {Text: `"Ann" shouts "hello"`, Line: 4}, {Text: "the user says", Line: 5}, {Text: `the user closes the page`, Line: 6, Table: &messages.PickleTable{}},
	}}
	problems := vocabulary.Unfit([]steps.Scenario{s, s}, Sentences(scenarios))
	require.Len(t, problems, 3, "each once")
	assert.Contains(t, problems[0], `mine/refund.feature:4: no step fits ‘"Ann" shouts "hello"’; closest: "<agent>" says "<text>" · `)
	assert.Equal(t, `mine/refund.feature:5: ‘the user says’ wants a doc string below it, and has nothing`, problems[1])
	assert.Equal(t, `mine/refund.feature:6: ‘the user closes the page’ wants nothing below it, and has a table`, problems[2])

	two := Sentences(nil)
	problems = vocabulary.Unfit([]steps.Scenario{{File: "f", Steps: []steps.Step{{Text: "the user closes the page", Line: 1}}}}, append(two, two...))
	assert.Equal(t, []string{`f:1: ‘the user closes the page’ could be 2 steps: the user closes the page · the user closes the page`}, problems)
}
