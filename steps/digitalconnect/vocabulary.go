package digitalconnect

import (
	"reflect"
	"regexp"
	"sync"

	"deskcheck/steps"
	"deskcheck/steps/vocabulary"
)

// definition is one sentence and what it does.
type definition struct {
	// expr compiles its expression.
	expr func() *regexp.Regexp
	// bind gives the function for a player; its parameters are the groups of expr, then the doc string or table.
	bind func(*Player) any
	// words explain what the sentence does not say of its parameters, each a line.
	words []string
}

func define(expr string, bind func(*Player) any, words ...string) definition {
	return definition{expr: vocabulary.Expression(expr), bind: bind, words: words}
}

// group is a titled part of the vocabulary, as vocabulary.Group has it.
type group struct {
	title string
	kind  string
	steps []definition
}

// vocabularyGroups is all that can be said: a table of steps that is not entered here has no meaning. The groups are in the order in which someone who writes a scenario looks
// for it: the stage, then who acts, then who is asked.
func vocabularyGroups() []group {
	return []group{
		{"The stage: the account, the connector, and who talks to whom", "text", openingSteps},
		{"What goes wrong at Talkdesk", "text", faultSteps},
		{"Users act", "text", userSteps},
		{"The agent acts", "text", agentSteps},
		{"Talkdesk delivers what it likes", "text", deliverySteps},
		{"What the connector has asked for and started", "text", askedSteps},
		{"What the agent has got", "text", readSteps},
		{"How the connector has answered", "text", answerSteps},
		{"What users see", "text", sightSteps},
		{"Files", "file", fileSteps},
		{"Secrets and harm", "text", harmSteps},
	}
}

// sentences is the vocabulary without examples.
var sentences = sync.OnceValue(func() []vocabulary.Sentence {
	var groups []vocabulary.Group
	for _, g := range vocabularyGroups() {
		one := vocabulary.Group{Title: g.title, Kind: g.kind}
		for _, d := range g.steps {
			one.Steps = append(one.Steps, vocabulary.Step{Expr: d.expr(), Function: reflect.TypeOf(d.bind(&Player{})), Words: d.words})
		}
		groups = append(groups, one)
	}
	return vocabulary.Of(groups, vocabulary.Names{})
})

// Sentences lists the whole vocabulary in groups, each sentence with an example from the scenarios that use it.
func Sentences(scenarios []steps.Scenario) []vocabulary.Sentence {
	return vocabulary.WithExamples(sentences(), scenarios)
}
