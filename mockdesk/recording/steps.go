package recording

import (
	"slices"
	"strings"
)

// Step is one thing that is done while the traffic is recorded. What crosses from its mark to the next is what it has caused.
type Step struct {
	// Name is how marks call it.
	Name string
	// Who does it: the user, the agent, or the recorder by itself.
	Who string
	// Do says what to do.
	Do string
	// Line is the text that is to be said, by which the fields are found that carry it; empty for steps that say nothing.
	Line string
}

// The names of the steps that the inference asks for.
const (
	stepAvailability = "availability"
	stepStart        = "start"
	stepQueue        = "queue"
	stepJoin         = "join"
	stepUserSays     = "user-says"
	stepAgentSays    = "agent-says"
	stepNotice       = "notice"
	stepUserAgain    = "user-says-more"
	stepUserTypes    = "user-types"
	stepAgentTypes   = "agent-types"
	stepFails        = "line-fails"
	stepCut          = "cut"
	stepAgentAgain   = "agent-says-more"
	stepReload       = "reload"
	stepTransfer     = "transfer"
	stepLeaves       = "agent-leaves"
	stepAgentEnds    = "agent-ends"
	stepStartAgain   = "start-again"
	stepCloses       = "queue-closes"
	stepStartLast    = "start-once-more"
	stepUserEnds     = "user-ends"
)

// RecorderDoes is who of a step that the recorder does by itself.
const RecorderDoes = "recorder"

// Steps are all steps, in the order in which they are done. Each may be left out; what it would have shown is then missing in the wire.
func Steps() []Step {
	return []Step{
		{Name: stepAvailability, Who: "user", Do: "have the chat ask whether agents are there; most ask when they offer to connect you"},
		{Name: stepStart, Who: "user", Do: "request an agent"},
		{Name: stepQueue, Who: "agent", Do: "while the user waits, have the desk say where they stand or how long it takes"},
		{Name: stepJoin, Who: "agent", Do: "join the conversation"},
		{Name: stepUserSays, Who: "user", Do: "say", Line: "The blue canary sings before breakfast"},
		{Name: stepAgentSays, Who: "agent", Do: "say", Line: "Seven canaries crossed the river"},
		{Name: stepNotice, Who: "agent", Do: "have the desk say in its own name", Line: "A canary keeps watch over this conversation"},
		{Name: stepUserAgain, Who: "user", Do: "say", Line: "Two canaries are better than one"},
		{Name: stepUserTypes, Who: "user", Do: "type something, delete it, and send nothing"},
		{Name: stepAgentTypes, Who: "agent", Do: "type something and send nothing"},
		{Name: stepFails, Who: "agent", Do: "have the desk tell that a line of the user could not be delivered"},
		{Name: stepCut, Who: RecorderDoes, Do: "cuts what is open, to see how the integration comes back; wait until it is"},
		{Name: stepAgentAgain, Who: "agent", Do: "say", Line: "The last canary wears a hat"},
		{Name: stepReload, Who: "user", Do: "reload the page, if the chat goes on after that"},
		{Name: stepTransfer, Who: "agent", Do: "begin to hand the user over to somebody else"},
		{Name: stepLeaves, Who: "agent", Do: "leave the conversation, which goes on"},
		{Name: stepAgentEnds, Who: "agent", Do: "end the conversation"},
		{Name: stepStartAgain, Who: "user", Do: "request an agent again"},
		{Name: stepCloses, Who: "agent", Do: "have the desk say that nobody will come"},
		{Name: stepStartLast, Who: "user", Do: "request an agent once more"},
		{Name: stepUserEnds, Who: "user", Do: "end the chat, or withdraw the request"},
	}
}

// StepNames are the names of all steps, in their order.
func StepNames() []string {
	var names []string
	for _, s := range Steps() {
		names = append(names, s.Name)
	}
	return names
}

func known(step string) bool { return slices.Contains(StepNames(), step) }

// Seen says whether the line of a step, if it has one, is in what has crossed since its last mark.
func (s Step) Seen(crossings []Crossing) bool {
	if s.Line == "" {
		return false
	}
	for _, c := range slices.Backward(crossings) {
		if c.Kind == Mark && c.Step == s.Name {
			return false
		}
		if holds(c.Body, s.Line) {
			return true
		}
	}
	return false
}

// holds says whether a text has a line in it, also where it is a form.
func holds(text, line string) bool {
	return strings.Contains(text, line) || strings.Contains(text, strings.ReplaceAll(line, " ", "+")) || strings.Contains(text, strings.ReplaceAll(line, " ", "%20"))
}

// linesOf are the lines that are said in some steps.
func linesOf(who string) []string {
	var lines []string
	for _, s := range Steps() {
		if s.Line != "" && s.Who == who {
			lines = append(lines, s.Line)
		}
	}
	return lines
}
