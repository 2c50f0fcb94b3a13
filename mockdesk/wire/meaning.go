package wire

import (
	"net/http"
	"slices"
)

// Meaning is what a request or a frame of a client asks of the desk. A wire maps its routes and frames to meanings.
type Meaning string

// The meanings.
const (
	Availability Meaning = "availability" // are agents there?
	Start        Meaning = "start"        // ask for a human
	Message      Meaning = "message"      // the user says something
	Attachment   Meaning = "attachment"   // the user sends a file
	Screen       Meaning = "screen"       // the answer to an agent who asks to see the screen
	Typing       Meaning = "typing"       // the user types, or has stopped
	Read         Meaning = "read"         // the user has read everything up to a cursor
	User         Meaning = "user"         // something about the user has changed
	Acknowledge  Meaning = "acknowledge"  // the client has handled everything up to a cursor
	End          Meaning = "end"          // the user ends the conversation, or withdraws
	State        Meaning = "state"        // how far has it come?
	Medium       Meaning = "medium"       // fetch a file that an agent has published
	Events       Meaning = "events"       // what has happened?
	Nothing      Meaning = "nothing"      // a heartbeat, say: it is answered and has no effect
)

// kindOf is the type of a value that a meaning takes.
type kindOf string

const (
	aText   kindOf = "a text"
	aNumber kindOf = "a whole number"
	aTruth  kindOf = "true or false"
	anyJSON kindOf = "an object"
)

// input is a value that a meaning takes from the request.
type input struct {
	kind     kindOf
	required bool
}

// grammar is what can be said of one meaning: what it takes, what may come of it beside problems, and whether it is about a conversation.
type grammar struct {
	inputs map[string]input
	// outcomes are those of success; the first is the usual one.
	outcomes []string
	// result are the fields of what the desk has to say with one of them.
	result []string
	// about says that the meaning needs a conversation to be about.
	about bool
}

var userInputs = map[string]input{"name": {kind: aText}, "user": {kind: aText}, "session": {kind: aText}, "locale": {kind: aText}}

// grammars has every meaning.
var grammars = map[Meaning]grammar{
	Availability: {inputs: map[string]input{"queue": {kind: aText}}, outcomes: []string{"told"}, result: []string{"status", "waiting"}},
	Start: {inputs: map[string]input{
		"queue": {kind: aText}, "context": {kind: anyJSON},
		"name": userInputs["name"], "user": userInputs["user"], "session": userInputs["session"], "locale": userInputs["locale"],
	}, outcomes: []string{"opened", "open"}},
	Message: {inputs: map[string]input{"key": {kind: aText}, "text": {kind: aText, required: true}}, outcomes: []string{"stored", "stored-already"},
		result: []string{"key", "cursor"}, about: true},
	Attachment: {inputs: map[string]input{"key": {kind: aText}, "name": {kind: aText, required: true}, "type": {kind: aText}},
		outcomes: []string{"stored", "checking", "stored-already"}, result: []string{"key", "cursor", "size", "sha256", "outcome"}, about: true},
	Screen: {inputs: map[string]input{"screen": {kind: aText, required: true}, "state": {kind: aText, required: true}}, outcomes: []string{"noted"},
		result: []string{"id", "state"}, about: true},
	Typing:      {inputs: map[string]input{"typing": {kind: aTruth, required: true}}, outcomes: []string{"noted"}, about: true},
	Read:        {inputs: map[string]input{"upTo": {kind: aNumber, required: true}}, outcomes: []string{"noted"}, about: true},
	User:        {inputs: userInputs, outcomes: []string{"noted"}, about: true},
	Acknowledge: {inputs: map[string]input{"upTo": {kind: aNumber, required: true}}, outcomes: []string{"noted"}, about: true},
	End:         {outcomes: []string{"ended", "withdrawn"}, about: true},
	State:       {outcomes: []string{"told"}, about: true},
	Medium:      {inputs: map[string]input{"medium": {kind: aText, required: true}}, outcomes: []string{"served"}},
	Events:      {inputs: map[string]input{"after": {kind: aNumber}}, outcomes: []string{"events", "nothing"}, about: true},
	Nothing:     {outcomes: []string{"noted"}},
}

// Problem is an outcome that is no success.
type Problem string

// The problems. Any request or frame may come to one of the first group; the others belong to the meaning that their name speaks of.
const (
	Invalid             Problem = "invalid"              // a value is missing or wrong
	UnknownConversation Problem = "unknown-conversation" // nobody has opened this conversation
	ConversationEnded   Problem = "conversation-ended"   // it is over, was withdrawn, or has expired
	TooLarge            Problem = "too-large"            // the body is over the wire's limit, or the file over the desk's
	Refused             Problem = "refused"              // the desk was told to decline
	UnknownRoute        Problem = "unknown-route"        // no route fits the request
	MethodNotAllowed    Problem = "method-not-allowed"   // a route has the path, but not the method
	UnknownFrame        Problem = "unknown-frame"        // nothing fits the frame
	Handshake           Problem = "handshake"            // a WebSocket handshake is not complete
	Broken              Problem = "broken"               // the wire itself failed: an expression had an error

	UploadsOff      Problem = "uploads-off"      // the desk takes no files now
	UnsupportedType Problem = "unsupported-type" // the desk takes no files of this type
	UnknownScreen   Problem = "unknown-screen"   // nobody has asked for the screen under this id
	UnknownMedium   Problem = "unknown-medium"   // the desk serves no such file
)

// status has every problem, with the HTTP status that says it unless the wire has another.
var status = map[Problem]int{
	Invalid: http.StatusBadRequest, UnknownConversation: http.StatusNotFound, ConversationEnded: http.StatusGone, TooLarge: http.StatusRequestEntityTooLarge,
	Refused: http.StatusServiceUnavailable, UnknownRoute: http.StatusNotFound, MethodNotAllowed: http.StatusMethodNotAllowed, UnknownFrame: http.StatusBadRequest,
	Handshake: http.StatusBadRequest, Broken: http.StatusInternalServerError, UploadsOff: http.StatusForbidden, UnsupportedType: http.StatusUnsupportedMediaType,
	UnknownScreen: http.StatusNotFound, UnknownMedium: http.StatusNotFound,
}

// statusOf is the status of an outcome in a wire that does not say one.
func statusOf(outcome string) int {
	if s, problem := status[Problem(outcome)]; problem {
		return s
	}
	return http.StatusOK
}

// eventTypes are the events that a desk sends, as NATIVE-WIRE.md describes them, each with its fields.
var eventTypes = map[string][]string{
	"queue.updated":      {"position", "waitSeconds", "notice", "queue"},
	"queue.closed":       {"reason"},
	"agent.joined":       {"agent"},
	"agent.left":         {"agent"},
	"agent.transferring": {"from", "to"},
	"transfer.failed":    {"from", "reason"},
	"agent.typing":       {"agent", "typing"},
	"message":            {"id", "author", "text", "format", "items"},
	"uploads.changed":    {"uploads"},
	"attachment":         {"id", "author", "name", "mediaType", "size", "sha256", "outcome"},
	"attachment.checked": {"id", "outcome", "reason"},
	"message.failed":     {"key", "reason"},
	"messages.read":      {"upTo"},
	"screen.requested":   {"id", "agent"},
	"screen.withdrawn":   {"id", "agent"},
	"screen.stopped":     {"id", "agent"},
	"conversation.ended": {"by", "reason"},
}

// Meanings are all meanings, in alphabetical order.
func Meanings() []Meaning { return sortedKeys(grammars) }

// Problems are all problems, in alphabetical order.
func Problems() []Problem { return sortedKeys(status) }

// EventTypes are the types of all events that a desk sends of itself, in alphabetical order.
func EventTypes() []string { return sortedKeys(eventTypes) }

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
