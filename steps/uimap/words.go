package uimap

import "slices"

// verb is what a person can do in a desk, with the placeholders that its actions may use.
type verb struct {
	name, description string
	values            []string
}

// conversation are the values of all that is done with a conversation.
var conversation = []string{"customer", "conversation", "agent", "agent name", "queue"}

func about(more ...string) []string { return append(slices.Clone(conversation), more...) }

var verbs = []verb{
	{"sign in", "Signs the agent in.", []string{"username", "password"}},
	{"sign out", "Signs the agent out.", []string{"reason"}},
	{"set state", "Sets the agent's state: {state} is the word of the desk for it, where words: has one.", []string{"state", "reason"}},
	{"set MRD", "Sets the agent's state in the routing domain {mrd}.", []string{"mrd", "state"}},
	{"accept offer", "Accepts an offered conversation.", about()},
	{"send text", "Sends {text} into a conversation.", about("text")},
	{"reply to", "Answers {message}, which is the text of one, with {text}.", about("message", "text")},
	{"transfer", "Transfers a conversation to {queue}.", about("note")},
	{"conference", "Asks for another agent of {queue} to join.", about("note")},
	{"leave", "Leaves a conversation, or ends it.", about()},
	{"monitor", "Follows the conversation of {agent} unseen.", about()},
	{"barge in", "Takes part in a conversation that is monitored.", about()},
	{"open conversation", "Shows a conversation that the agent has.", about()},
	{"type", "Types {text} without sending it.", about("text")},
	{"whisper", "Sends {text} to the agents of a conversation only.", about("text")},
	{"join as whisper", "Joins a conversation to whisper in it.", about()},
	{"transfer to agent", "Transfers a conversation to {agent}.", about("note")},
	{"conference with agent", "Asks {agent} to join a conversation.", about("note")},
	{"consult", "Consults another agent of {queue}.", about("note")},
	{"consult transfer", "Transfers a conversation to {agent}, who is consulted.", about("note")},
	{"consult conference", "Makes {agent}, who is consulted, a full participant of a conversation.", about()},
	{"pause", "Puts a conversation on hold for {minutes}.", about("minutes")},
	{"resume", "Goes on with a conversation on hold.", about()},
	{"wrap up", "Files a conversation under {category} and {value}, with {note}.", about("category", "value", "note")},
	{"skip wrap-up", "Ends a conversation without filing it.", about()},
	{"join list", "Subscribes to the list {list} of requests.", []string{"list"}},
	{"leave list", "Unsubscribes from the list {list} of requests.", []string{"list"}},
	{"take request", "Takes a request from a list.", about("list")},
	{"delete request", "Deletes a request from a list.", about("list")},
	{"pick session", "Picks the customer's session on {channel}.", about("channel")},
	{"send file", "Sends the file at the path {file}.", about("file")},
}

// looks are what can be read in a desk; each may use the placeholders of a conversation, and {mrd}.
var looks = []verb{
	{"text", "What is visible; the whole page where it is left out.", about("mrd")},
	{"offers", "The offered conversations.", about("mrd")},
	{"state", "The agent's state.", about("mrd")},
	{"MRD state", "The agent's state in the routing domain {mrd}.", about("mrd")},
	{"conversations", "The conversations that the agent has, each once.", about("mrd")},
	{"messages", "The messages of the conversation that is open.", about("mrd")},
	{"whispers", "Those of the messages that are marked as whispers.", about("mrd")},
	{"participants", "Those who take part in the conversation that is open.", about("mrd")},
	{"monitored", "What can be monitored.", about("mrd")},
	{"failed messages", "Those of the messages that are marked as not delivered.", about("mrd")},
	{"typing", "What tells that the customer types.", about("mrd")},
	{"time to answer", "What tells how long there is to answer.", about("mrd")},
	{"on hold", "What tells that the conversation is on hold.", about("mrd")},
	{"time to wrap up", "What tells how long there is left to wrap up.", about("mrd")},
}

// optional are the values that may be empty, and that a caller may leave out: what is to be typed or chosen then is left out too.
var optional = []string{"reason", "note", "agent", "agent name", "queue"}

// actions are what a verb is made of.
var actions = []string{"click", "fill", "type", "choose", "press", "call", "upload"}

// Verbs are the names of everything that a map can say how to do, in the order in which a manual would have them.
func Verbs() []string { return names(verbs) }

// Looks are the names of everything that a map can say where to read.
func Looks() []string { return names(looks) }

func names(all []verb) []string {
	list := make([]string, len(all))
	for i, v := range all {
		list[i] = v.name
	}
	return list
}

// Values are the placeholders that a verb or a look may use, nil if it is neither.
func Values(name string) []string {
	for _, v := range slices.Concat(verbs, looks) {
		if v.name == name {
			return v.values
		}
	}
	return nil
}
