package aichat

import (
	"reflect"
	"regexp"
	"strings"
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

// vocabularyGroups is all that can be said: a table of steps that is not entered here has no meaning. The groups are in the order in which someone who writes a scenario looks for it: the stage, then who acts, then who is asked.
func vocabularyGroups() []group {
	return []group{
		{"The stage: the page, the chat, where the story begins", "agent", openingSteps},
		{"To whom the scenario applies", "name", capabilitySteps},
		{"The user acts", "text", userSteps},
		{"The agents act", "agent", agentSteps},
		{"The desk acts", "agent", deskSteps},
		{"Time passes", "name", timeSteps},
		{"The page acts, and what it hears", "event", pageSteps},
		{"The dialect", "name", dialectSteps},
		{"The scripted integration, in place of yours", "method", scriptSteps},
		{"The link to the desk", "event", linkSteps},
		{"Faults: what goes wrong at the desk, and when", "value", faultSteps},
		{"Transfers: who hands over, who is told", "agent", transferSteps},
		{"Typing: who types, who sees it", "agent", typingSteps},
		{"Sharing the screen: who asks, who answers, what is seen", "agent", sharingSteps},
		{"What agents send besides words", "text", richSteps},
		{"Files that the user chooses and sends", "name", fileSteps},
		{"What the desk does about files", "name", fileDeskSteps},
		{"What became of files", "name", fileChecks},
		{"Who has read, and who knows what", "agent", knowledgeSteps},
		{"Reloading the page: what goes, what comes back", "callback", reloadSteps},
		{"What is stored for the next page", "text", stateSteps},
		{"Deployment: secrets, the browser, another origin", "text", deploymentSteps},
		{"What the chat asked of the integration, and what came of it", "method", callSteps},
		{"What the integration called back", "callback", callbackSteps},
		{"Errors that the integration reported", "text", errorChecks},
		{"What the user sees", "text", sightSteps},
		{"What the user sees besides words", "text", richChecks},
		{"What the desk has seen", "text", deskChecks},
	}
}

// sentences is the vocabulary without examples.
var sentences = sync.OnceValue(func() []vocabulary.Sentence {
	groups := make([]vocabulary.Group, 0, len(vocabularyGroups()))
	for _, g := range vocabularyGroups() {
		one := vocabulary.Group{Title: g.title, Kind: g.kind}
		for _, d := range g.steps {
			one.Steps = append(one.Steps, vocabulary.Step{Expr: d.expr(), Function: reflect.TypeOf(d.bind(&Player{World: &steps.World{}, stage: &Stage{}})), Check: d.check, Words: d.words})
		}
		groups = append(groups, one)
	}
	return vocabulary.Of(groups, vocabulary.Names{Numbers: names, Quoted: quotedNames, Amend: amend})
})

// Sentences lists the whole vocabulary in groups, each sentence with an example from the scenarios that use it.
func Sentences(scenarios []steps.Scenario) []vocabulary.Sentence {
	return vocabulary.WithExamples(sentences(), scenarios)
}

// amend corrects a name that only what stands behind it tells.
var amend = strings.NewReplacer(`"<agent>" was not sent`, `"<text>" was not sent`, `"<callback>" and "<callback>" have different ids`, `"<agent>" and "<agent>" have different ids`)

// names give a parameter its name by the words that stand before it; the first that fits counts.
var names = []vocabulary.Name{
	{Before: regexp.MustCompile(`(?:within|pass(?:es)?|for|wait of|waits?) $`), Name: "seconds"},
	{Before: regexp.MustCompile(`conversation $`), Name: "conversation"},
	{Before: regexp.MustCompile(`chat $`), Name: "chat"},
	{Before: regexp.MustCompile(`position $`), Name: "position"},
	{Before: regexp.MustCompile(`with $`), Name: "status"},
}

// quotedNames do the same for what stands in quotes.
var quotedNames = []vocabulary.Name{
	{Before: regexp.MustCompile(`attaches <JSON> to "$`), Name: "event"},
	{Before: regexp.MustCompile(`rejects "<method>" with "$`), Name: "text"},
	{Before: regexp.MustCompile(`(?:integration calls|call <number> of) "$`), Name: "callback"},
	{Before: regexp.MustCompile(`(?:talking to|arrival of|knew|line "<text>" of|a line of|times that) "$`), Name: "agent"},
	{Before: regexp.MustCompile(`(?:reads of the arrival of|sees that) "$`), Name: "agent"},
	{Before: regexp.MustCompile(`(?:say|says|said|reads|read|told|received|text|sends the HTML|notice|message holds|line|puts|rewrites|to|and not) "$`), Name: "text"},
	{Before: regexp.MustCompile(`(?:host calls|host does not call|host has called|and then) "$`), Name: "method"},
	{Before: regexp.MustCompile(`(?:resolves|rejects|settles|is called|not after|between|and|only between|no two) "$`), Name: ""},
	{Before: regexp.MustCompile(`(?:hears|heard|vetoes the next|> to|in) "$`), Name: "event"},
	{Before: regexp.MustCompile(`queue "$`), Name: "queue"},
	{Before: regexp.MustCompile(`picture "$`), Name: "address"},
	{Before: regexp.MustCompile(`(?:file|files) "$`), Name: "file"},
	{Before: regexp.MustCompile(`waiting information has(?: no| a number)? "$`), Name: "field"},
	{Before: regexp.MustCompile(`banner|methods "$`), Name: "names"},
	{Before: regexp.MustCompile(`without the .* "$`), Name: "name"},
}
