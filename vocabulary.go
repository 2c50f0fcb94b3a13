package deskcheck

import (
	"errors"
	"fmt"
	"strings"

	"deskcheck/features"
	"deskcheck/fixtures/document"
	"deskcheck/steps"
	"deskcheck/steps/agentmanager"
	"deskcheck/steps/aichat"
	"deskcheck/steps/digitalconnect"
	"deskcheck/steps/vocabulary"
)

// StepInfo is a sentence that a feature may say.
type StepInfo struct {
	// Group is who acts or who is asked.
	Group string `json:"group"`
	// Form is the sentence with its parameters named: <agent> is the writer's, {a|b} a choice, [a] may be left out. Argument is what stands below it, empty for nothing.
	Form     string `json:"form"`
	Argument string `json:"argument,omitempty"`
	// Example is the sentence as one of the kit's features says it, in File (below features/) at Line.
	Example string `json:"example"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	// Words explain what the form does not say of a parameter, each a line; none where it says enough.
	Words []string `json:"words,omitempty"`
}

// Steps lists the vocabulary of the contract in groups, in the order in which someone who writes a scenario looks for it.
func Steps(c Config) ([]StepInfo, error) {
	c = c.withDefaults()
	all, err := steps.Parse(features.FS, c.Contract)
	if err != nil {
		return nil, fmt.Errorf("the embedded features: %w", err)
	}
	var list []StepInfo
	for _, s := range vocabularyOf(c.Contract, all) {
		list = append(list, StepInfo{Group: s.Group, Form: s.Form, Argument: s.Argument, Example: s.Example, File: s.File, Line: s.Line, Words: s.Words})
	}
	return list, nil
}

// vocabularyOf is the vocabulary of a contract, with examples from scenarios of it.
func vocabularyOf(contract string, scenarios []steps.Scenario) []vocabulary.Sentence {
	switch contract {
	case contractAgentManager:
		return agentmanager.Sentences(scenarios)
	case contractDigitalConnect:
		return digitalconnect.Sentences(scenarios)
	}
	return aichat.Sentences(scenarios)
}

// shows says by what a capability of a contract would show, none where only its requirements tell.
func shows(contract, capability string) []string {
	switch contract {
	case contractAgentManager:
		return agentmanager.Shows(capability)
	case contractDigitalConnect:
		return digitalconnect.Shows(capability)
	}
	return aichat.Shows(capability)
}

// gherkinFix is the next step for whoever has written what is no feature.
const gherkinFix = `a feature is a line "Feature: …", below it "Scenario: …", and below that steps that begin with Given, When, Then, And or But`

// ownScenarios reads the user's own features and checks each sentence against the vocabulary. What is wrong is a *UserError with a line per mistake, which names file and line.
func ownScenarios(dir, contract string, embedded []steps.Scenario) ([]steps.Scenario, error) {
	own, err := steps.ParseOwn(dir)
	if err != nil {
		return nil, &UserError{Err: err, Fix: gherkinFix}
	}
	if len(own) == 0 {
		return nil, &UserError{Err: fmt.Errorf("%s holds no scenario: it needs a file that ends in .feature", dir), Fix: gherkinFix}
	}
	problems := vocabulary.Unfit(own, vocabularyOf(contract, embedded))
	if len(problems) == 0 {
		return own, nil
	}
	mistakes := make([]error, 0, len(problems))
	for _, problem := range problems[:min(len(problems), document.MostProblems)] {
		mistakes = append(mistakes, errors.New(problem))
	}
	if more := len(problems) - len(mistakes); more > 0 {
		mistakes = append(mistakes, fmt.Errorf("and %d more", more))
	}
	flag := ContractFlag(contract)
	return nil, &UserError{Err: errors.Join(mistakes...), Fix: `"deskcheck list steps` + flag + `" prints what can be said, "deskcheck list steps WORD` + flag + `" what speaks of a word`}
}

// Speaks says whether a step speaks of every one of the words; case does not count.
func (s StepInfo) Speaks(words []string) bool {
	text := strings.ToLower(strings.Join([]string{s.Group, s.Form, s.Argument, s.Example}, "\n"))
	for _, word := range words {
		if !strings.Contains(text, strings.ToLower(word)) {
			return false
		}
	}
	return true
}
