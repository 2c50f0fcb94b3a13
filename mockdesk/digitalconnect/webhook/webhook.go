// Package webhook sends Talkdesk's events to a connector, as the actions of a custom integration do: a POST of JSON to one URL, given up after the execution timeout, never repeated, its answer of no
// use but for its status. It knows nothing of conversations but that the events of one go out in order, one at a time.
package webhook

import (
	"net/http"
	"time"

	"deskcheck/mockdesk"
)

// The limits of an execution. Timeout is what an action has unless it is told otherwise, LeastTimeout and MostTimeout are what an administrator may choose from (DC-ACTION-09); Ceiling is how many
// executions an account has in a second (DC-ACTION-20, DC-ACTION-21).
const (
	Timeout      = 10 * time.Second
	LeastTimeout = 5 * time.Second
	MostTimeout  = 30 * time.Second
	Ceiling      = 50
)

// maxAnswer is how much of an answer is read, in bytes. Nothing in an answer is used, so whoever sends more is told.
const maxAnswer = 1 << 20

// AuthType is how Talkdesk makes itself known to a connector (DC-ACTION-17).
type AuthType string

// The ways that Connections offers and that a kit without a person at a login page can go.
const (
	None   AuthType = "none"    // no header
	Basic  AuthType = "basic"   // HTTP Basic, of User and Secret
	APIKey AuthType = "api-key" // the key Secret in the header Header
	OAuth2 AuthType = "oauth2"  // a bearer token that TokenURL gives for User and Secret, by client credentials
)

// Auth is the authentication of an integration; the zero value is none.
type Auth struct {
	Type AuthType
	// User is the user of Basic or the client id of OAuth2, Secret the password, the key or the client secret.
	User, Secret string
	// Header carries an API key; empty is X-API-Key.
	Header string
	// TokenURL and Scopes are those of OAuth2.
	TokenURL string
	Scopes   []string
}

// Target is where the events of an integration go.
type Target struct {
	// BaseURL is the base path of the integration: a whole URL, with a scheme.
	BaseURL string
	// Auth is sent with each event, and so are the Headers, by name.
	Auth    Auth
	Headers map[string]string
	// Timeout is the execution timeout, 0 for Timeout: how long the connector may take from the last byte of the event to the last of its answer.
	Timeout time.Duration
}

// Event is one execution of an action.
type Event struct {
	// Conversation orders: events of the same one are sent one after the other. Empty is a conversation, too.
	Conversation string
	// Action is the name of the action.
	Action string
	// Body is sent as it is.
	Body []byte
	// Header is set over what the sender and the Target set; a name without values takes that header away. May be nil: the content type is application/json then.
	Header http.Header
	// Method is POST if empty. Path is added to the base URL as it is, and is empty in life (DC-ACTION-03).
	Method, Path string
	Target       Target
}

// Exchange is what is known of an event on its way, and after.
type Exchange struct {
	// Delivery is the one that Send returned.
	Delivery *Delivery
	// Number counts the events of a Sender from 1 in the order of Send.
	Number int
	Event  Event
	// URL, Method and Header are what was sent, with credentials; nil and empty if nothing was.
	Method, URL string
	Header      http.Header
	// Status is that of the answer, 0 if there is none; AnswerHeader and Answer are its header and its body, up to a bound.
	Status       int
	AnswerHeader http.Header
	Answer       []byte
	// Latency is the time from the last byte of the event to the last of the answer, or to when it was given up.
	Latency time.Duration
	// Undelivered says why Talkdesk did not send the event, empty if it did, whether or not the connector could be reached. Err says why there is no whole answer, nil if there is one.
	Undelivered string
	Err         error
	// Note says in a sentence what is unusual about the answer, empty if nothing is.
	Note string
}

// Options are what a Sender is made of.
type Options struct {
	// Transport carries the events; nil is one of the sender's own, which asks no proxy and keeps no connection. Redirects are not followed whatever it is.
	Transport http.RoundTripper
	// Clock is what the ceiling and the lives of tokens go by; the execution timeout goes by real time. Nil is real time.
	Clock mockdesk.Clock
	// Ceiling is how many executions there may be in a second, 0 for Ceiling. It is a bucket of tokens that starts full and is filled evenly: so many at once, and then as many in a second.
	Ceiling int
	// Sending is called just before an event leaves, Heard when all that will be known of an event is known, also of one that never left; nil is not called. The calls for one conversation are in order.
	Sending, Heard func(Exchange)
}
