package agentmanager

import (
	"reflect"
	"sync"

	"deskcheck/steps"
	"deskcheck/steps/vocabulary"
)

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
		{"The stage: who works where, and how the manager is", "text", openingSteps},
		{"Signing in", "text", loginSteps},
		{"The connection of a desk", "text", connectionSteps},
		{"People act at their desks", "text", peopleSteps},
		{"People try what a desk need not let them do", "text", tryingSteps},
		{"Customers act", "customer", customerSteps},
		{"Work comes", "text", comingSteps},
		{"The manager acts", "event", managerSteps},
		{"Pushes", "event", pushSteps},
		{"Events of a conversation", "event", eventSteps},
		{"Several people look after one customer", "text", colleagueSteps},
		{"Time passes", "name", timeSteps},
		{"What a desk has sent", "event", sentSteps},
		{"How a desk asks for states and takes offers", "event", askedSteps},
		{"What people see", "text", sightSteps},
		{"What people see of states and conversations", "text", standingSteps},
		{"What a desk has published", "text", publishedSteps},
		{"What people see of a conversation", "text", shownSteps},
		{"What customers have received", "text", receivedSteps},
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
