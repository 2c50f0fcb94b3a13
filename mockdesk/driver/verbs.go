package driver

import (
	"fmt"
	"maps"
	"slices"
)

// Verb is something that a desk can be told to do.
type Verb string

// The verbs of agents, in a conversation.
const (
	AgentAccept    Verb = "agentAccept"
	AgentSay       Verb = "agentSay"
	AgentTyping    Verb = "agentTyping"
	AgentRead      Verb = "agentRead"
	AgentLeave     Verb = "agentLeave"
	AgentClose     Verb = "agentClose"
	Transfer       Verb = "transfer"
	AskScreenShare Verb = "askScreenShare"
)

// The verbs of the desk, in a conversation.
const (
	Queue         Verb = "queue"
	DeskSay       Verb = "deskSay"
	DeskClose     Verb = "deskClose"
	EchoClosure   Verb = "echoClosure"
	ExpireSession Verb = "expireSession"
	BounceMessage Verb = "bounceMessage"
	FileResult    Verb = "fileResult"
	Emit          Verb = "emit"
	Garble        Verb = "garble"
)

// The verbs of the desk as a whole.
const (
	SetAgentsOnline Verb = "setAgentsOnline"
	FileRules       Verb = "fileRules"
	Publish         Verb = "publish"
	LinkDrop        Verb = "linkDrop"
	LinkRestore     Verb = "linkRestore"
	Blackhole       Verb = "blackhole"
	PassTime        Verb = "passTime"
	OpenSession     Verb = "openSession"
)

// The verbs that say how the desk answers requests from now on.
const (
	AnswerQuery   Verb = "answerQuery"
	AcceptSession Verb = "acceptSession"
	AckMessage    Verb = "ackMessage"
	AckFile       Verb = "ackFile"
	AckEnd        Verb = "ackEnd"
	AckScreen     Verb = "ackScreen"
)

// The variants of the verbs that say how the desk answers.
const (
	AnswerOK        = "ok"
	AnswerRefuse    = "refuse"
	AnswerHold      = "hold"
	AnswerHoldReply = "holdReply"
	AnswerRelease   = "release"
	AnswerCut       = "cut"
	AnswerLose      = "loseReply"
	AnswerBlackhole = "blackhole"
	AnswerDelay     = "delay"
	AnswerGarble    = "garble"
	AnswerPage      = "errorPage"
)

var answers = []string{AnswerOK, AnswerRefuse, AnswerHold, AnswerHoldReply, AnswerRelease, AnswerCut, AnswerLose, AnswerBlackhole, AnswerDelay, AnswerGarble, AnswerPage}

// variants are all verbs with the variants that they have.
var variants = map[Verb][]string{
	AgentAccept: nil, AgentSay: {"text", "html", "items"}, AgentTyping: {"on", "off"}, AgentRead: nil, AgentLeave: nil, AgentClose: nil,
	Transfer: {"begin", "fail"}, AskScreenShare: {"ask", "withdraw", "stop"},
	Queue: {"position", "wait", "close", "move"}, DeskSay: {"text", "items"}, DeskClose: nil, EchoClosure: {"before", "after"}, ExpireSession: nil, BounceMessage: nil,
	FileResult: {"ok", "fail"}, Emit: nil, Garble: nil,
	SetAgentsOnline: {"yes", "no", "unknown"}, FileRules: {"set", "enforce", "lenient", "check"}, Publish: nil,
	LinkDrop: {"break", "shut"}, LinkRestore: nil, Blackhole: {"all", "hold"}, PassTime: nil, OpenSession: nil,
	AnswerQuery: answers, AcceptSession: answers, AckMessage: answers, AckFile: answers, AckEnd: answers, AckScreen: answers,
}

// Verbs are all verbs of the contract, by name.
func Verbs() []Verb { return slices.Sorted(maps.Keys(variants)) }

// Variants are those that a verb has, none if it is one thing alone.
func Variants(v Verb) []string { return slices.Clone(variants[v]) }

// Read is something that a desk can tell.
type Read string

// The reads. Sessions every driver has.
const (
	Sessions       Read = "sessions"
	Transcript     Read = "transcript"
	Context        Read = "context"
	AgentsIn       Read = "agents"
	UserTyping     Read = "typing"
	UserRead       Read = "read"
	Files          Read = "files"
	Screens        Read = "screens"
	Closures       Read = "closures"
	Listeners      Read = "listeners"
	Queries        Read = "queries"
	BlankLines     Read = "blankLines"
	Held           Read = "held"
	FileRulesNow   Read = "rules"
	TrafficNow     Read = "traffic"
	AllowedOrigins Read = "allowed"
)

var reads = []Read{
	Sessions, Transcript, Context, AgentsIn, UserTyping, UserRead, Files, Screens, Closures, Listeners, Queries, BlankLines, Held, FileRulesNow, TrafficNow, AllowedOrigins,
}

// Reads are all reads of the contract.
func Reads() []Read { return slices.Clone(reads) }

// Kind says what an Error means.
type Kind string

// The kinds of an Error.
const (
	// Cannot: the driver has no such verb or read.
	Cannot Kind = "cannot"
	// Refused: the driver has it, and the state of the conversation forbids it.
	Refused Kind = "refused"
	// Broken: the driver did not answer, or not as the contract says.
	Broken Kind = "broken"
)

// Error is why a desk did not do or tell something.
type Error struct {
	Kind Kind
	// What is the verb or the read, as Act.String has it.
	What string
	// Detail says why, and may be empty; Err is the error below, if there is one.
	Detail string
	Err    error
}

// Error says it in a clause.
func (e *Error) Error() string {
	detail := e.Detail
	if detail == "" && e.Err != nil {
		detail = e.Err.Error()
	}
	switch {
	case e.Kind == Cannot && detail == "":
		return "driver verb missing: " + e.What
	case e.Kind == Cannot:
		return fmt.Sprintf("driver verb missing: %s (%s)", e.What, detail)
	case e.Kind == Refused:
		return fmt.Sprintf("the desk refuses %s: %s", e.What, detail)
	}
	return fmt.Sprintf("the desk's driver is broken at %s: %s", e.What, detail)
}

// Unwrap gives the error below.
func (e *Error) Unwrap() error { return e.Err }
