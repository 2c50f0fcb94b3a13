// Package rules judges what a connector says to Talkdesk, and what it answers to webhooks, from the exchanges alone: pure rules over a list, the same while a run goes on and over a saved file. A rule
// that needs what is not known (About) is left out, and one that goes by the order of things says what it takes for granted. Never is normal life a breach: an answer that was a fault, a repeated
// request, requests side by side.
package rules

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The parties of an exchange: whom a connector called, or the webhook sender that called it.
const (
	Identity = "identity"
	API      = "api"
	Storage  = "storage"
	Webhook  = "webhook"
)

// Exchange is one request and what came of it.
type Exchange struct {
	// Seq numbers the exchange for whoever reads about it; rules do not go by it.
	Seq int
	// Party is Identity, API, Storage or Webhook; empty for a host that is none of Talkdesk's.
	Party string
	// Method, Host (without a default port), Path (as it was sent, with its escapes) and Query (without the question mark) are those of the request.
	Method, Host, Path, Query string
	// Header and Body are those of the request.
	Header http.Header
	Body   []byte
	// Status is that of the answer, 0 if there was none; ResponseHeader and ResponseBody are the rest of it.
	Status         int
	ResponseHeader http.Header
	ResponseBody   []byte
	// At is when the request came, since whatever moment all exchanges are measured from; Took is the time from then to the end of the answer.
	At, Took time.Duration
}

// answered is when the answer was complete.
func (x Exchange) answered() time.Duration { return x.At + x.Took }

// Breach is one rule seen broken by one exchange. It holds no secret.
type Breach struct {
	// Requirement is its ID.
	Requirement string
	// Expected and Recorded say in a sentence what should have been and what was.
	Expected, Recorded string
	// Pointer is the JSON Pointer of what is wrong within the body, or the name of a header or parameter; empty for the whole.
	Pointer string
}

// String is the breach in one line.
func (b Breach) String() string {
	at := ""
	if b.Pointer != "" {
		at = " at " + b.Pointer
	}
	return b.Requirement + at + ": expected " + b.Expected + "; recorded " + b.Recorded
}

// Client is an OAuth client as far as it is known.
type Client struct {
	ID string
	// Secrets are all that must not be seen anywhere: its secret, or parts of its private key.
	Secrets []string
	// Scopes are what it was granted; nil is unknown.
	Scopes []string
	// Keys are its public keys in PEM by kid; nil is unknown.
	Keys map[string]string
}

// Hook is the webhook of an integration as far as it is known.
type Hook struct {
	// URL is its base path. Auth is none, basic or api-key; empty, and oauth2, are left out of DC-ACTION-17.
	URL, Auth string
	// User and Secret are its credentials; Header carries an API key, X-API-Key if it is empty.
	User, Secret, Header string
	// Timeout is the execution timeout; 0 is ten seconds.
	Timeout time.Duration
}

// About is what is known beside the exchanges. What is empty is unknown, and rules that need it are left out.
type About struct {
	// Account and Region are those that the connector is configured with; they say which hosts are right (DC-AUTH-01, DC-AUTH-18). Leave them empty where the connector was given other addresses.
	Account, Region string
	// TokenURLs are the addresses of the token operation, for the audience of assertions: the real one, and that by which the connector reaches it, which may be another.
	TokenURLs []string
	// Clients are those of the account.
	Clients []Client
	// Touchpoint is the id that the connector is configured with; FriendlyNames are what people call the touchpoints.
	Touchpoint    string
	FriendlyNames []string
	// Arguments are the names of the Studio arguments.
	Arguments []string
	// Hook is the integration's webhook.
	Hook Hook
	// SeesStorage says that exchanges with the storage are among those that are judged.
	SeesStorage bool
	// Users is how many end users take part; some rules can tell only then what is too much.
	Users int
}

// Judge holds exchanges against the rules, in the order in which they were answered. It is safe for use by many goroutines. Make one with New.
type Judge struct {
	about About

	mu      sync.Mutex
	secrets []string
	tokens  map[string]*token
	// assertions are the jti by client of assertions that were taken.
	assertions map[string]bool
	calls      calls
	chats      map[string]*chat
	starts     []*chat
	keys       map[string]*keyed
	files      files
	hooks      hooks
}

// New makes a judge that has seen nothing.
func New(about About) *Judge {
	j := &Judge{about: about, tokens: map[string]*token{}, assertions: map[string]bool{}, chats: map[string]*chat{}, keys: map[string]*keyed{}, files: newFiles()}
	for _, c := range about.Clients {
		for _, secret := range c.Secrets {
			j.addSecret(secret)
		}
	}
	j.addSecret(about.Hook.Secret)
	return j
}

// leastSecret is how long a secret must be for a text that holds it to be no accident.
const leastSecret = 8

// addSecret has the judge look out for a text; j.mu is held, or nobody else knows the judge yet.
func (j *Judge) addSecret(secret string) {
	if len(secret) >= leastSecret && !slices.Contains(j.secrets, secret) {
		j.secrets = append(j.secrets, secret)
	}
}

// secretIn says whether one of the secrets is in a text; j.mu is held.
func (j *Judge) secretIn(text string) bool {
	return slices.ContainsFunc(j.secrets, func(secret string) bool { return strings.Contains(text, secret) })
}

// secretInHeader says whether one of the secrets is in the values of a header; j.mu is held.
func (j *Judge) secretInHeader(header http.Header) bool {
	for _, values := range header {
		if slices.ContainsFunc(values, j.secretIn) {
			return true
		}
	}
	return false
}

// verdict gathers the breaches of one exchange.
type verdict struct {
	found []Breach
}

func (v *verdict) breach(requirement, pointer, expected, recorded string) {
	v.found = append(v.found, Breach{Requirement: requirement, Pointer: pointer, Expected: expected, Recorded: recorded})
}

// Request judges one request of the connector's, once it has been answered or is known to get no answer. The breaches are in the order of the rules.
func (j *Judge) Request(x Exchange) []Breach {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := &verdict{}
	j.hosts(v, x)
	j.leaks(v, x)
	switch x.Party {
	case Identity:
		j.identity(v, x)
	case API:
		j.api(v, x)
	case Storage:
		j.storage(v, x)
	}
	return v.found
}

// Delivery judges one webhook delivery and what the connector answered, once it is known. Deliveries that were given up because the run ended are not to be shown.
func (j *Judge) Delivery(x Exchange) []Breach {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := &verdict{}
	j.delivery(v, x)
	return v.found
}

// End judges what only all exchanges together show; nothing is to be judged after it.
func (j *Judge) End() []Breach {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := &verdict{}
	j.calls.end(v)
	j.hooks.end(v)
	return v.found
}
