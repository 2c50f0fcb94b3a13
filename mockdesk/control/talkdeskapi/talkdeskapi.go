// Package talkdeskapi holds what crosses the control API of Talkdesk standing alone, besides what deskcheck/mockdesk/control/api has for every contract: one type for each schema of its openapi.yaml,
// shared by server and client. No secret of the account is in any of them.
package talkdeskapi

import (
	"encoding/json"
	"time"

	"deskcheck/mockdesk/control/api"
)

// Tenant is the account as it is now.
type Tenant struct {
	Name          string            `json:"name"`
	CreatedAt     time.Time         `json:"createdAt"`
	Wire          api.WireAddresses `json:"wire"`
	Account       string            `json:"account"`
	Conversations Counts            `json:"conversations"`
	Journal       api.JournalState  `json:"journal"`
	Faults        int               `json:"faults"`
	Clock         api.Clock         `json:"clock"`
	// Mistake is one of the mock's own, such as an event that is not as its schema has it; empty if there was none.
	Mistake string `json:"mistake,omitempty"`
}

// Counts is how many conversations there are.
type Counts struct {
	Open  int `json:"open"`
	Ended int `json:"ended"`
}

// TenantPage is all tenants: there is one.
type TenantPage struct {
	Tenants []Tenant `json:"tenants"`
}

// Account is what a connector is configured with, and what was set up for it.
type Account struct {
	Account      string        `json:"account"`
	Region       string        `json:"region"`
	IdentityURL  string        `json:"identityUrl"`
	APIURL       string        `json:"apiUrl"`
	StorageURL   string        `json:"storageUrl"`
	Clients      []Client      `json:"clients"`
	Integrations []Integration `json:"integrations"`
	Touchpoints  []Touchpoint  `json:"touchpoints"`
	// Remarks are what is allowed in the account file and seldom meant.
	Remarks []string `json:"remarks"`
}

// Client is an OAuth client; Secret says whether it has one, Keys are the ids of its public keys.
type Client struct {
	ID     string   `json:"id"`
	Secret bool     `json:"secret"`
	Keys   []string `json:"keys"`
	Scopes []string `json:"scopes"`
}

// Integration is a custom integration; BasePath is the connector's webhook, Actions the state of each action.
type Integration struct {
	Name     string            `json:"name"`
	BasePath string            `json:"basePath"`
	Auth     string            `json:"auth"`
	Actions  map[string]string `json:"actions"`
}

// Touchpoint is where conversations come in.
type Touchpoint struct {
	ID          string     `json:"id"`
	Name        string     `json:"name,omitempty"`
	Integration string     `json:"integration"`
	Active      bool       `json:"active"`
	Arguments   []Argument `json:"arguments"`
	Files       Files      `json:"files"`
}

// Argument is what a connector may give as a context parameter; Exposed says whether the agent sees it.
type Argument struct {
	Name    string `json:"name"`
	Exposed bool   `json:"exposed"`
}

// Files are the limits of files at a touchpoint.
type Files struct {
	AgentCanSend bool     `json:"agentCanSend"`
	MaxKB        int      `json:"maxKb"`
	Extensions   []string `json:"extensions"`
}

// Status turns a touchpoint on or off.
type Status struct {
	Active bool `json:"active"`
}

// Revoked is how many tokens were taken back.
type Revoked struct {
	Revoked int `json:"revoked"`
}

// FileFailure is why files of the next message are not taken.
type FileFailure struct {
	Reason string `json:"reason"`
}

// NewConversation is one that an agent starts. An empty Touchpoint is the first that is active, an empty User is Agent, a nil Subject is null.
type NewConversation struct {
	Touchpoint string  `json:"touchpoint,omitempty"`
	Email      string  `json:"email"`
	User       string  `json:"user,omitempty"`
	Subject    *string `json:"subject,omitempty"`
}

// Summary is a conversation in a list.
type Summary struct {
	ID    string `json:"id"`
	State string `json:"state"`
	// EndedBy is contact or agent, empty while it is open.
	EndedBy string `json:"endedBy,omitempty"`
	// Outbound says that an agent has started it.
	Outbound   bool    `json:"outbound"`
	Touchpoint string  `json:"touchpoint"`
	Email      string  `json:"email"`
	Subject    *string `json:"subject"`
	Messages   int     `json:"messages"`
}

// Conversation is everything of a conversation: what the agent sees, and beside it what only the account knows.
type Conversation struct {
	Summary

	// Exposed are the arguments that the agent sees, Variables all that were set, Unmapped those that no argument of the flow has.
	Exposed   map[string]any `json:"exposed"`
	Variables map[string]any `json:"variables"`
	Unmapped  []string       `json:"unmapped"`
	// Previous is the dialogue before the hand-over, Said what came after, of both sides and in order.
	Previous []Previous `json:"previous"`
	Said     []Line     `json:"said"`
	// Deliveries are those of its events, in their order.
	Deliveries []Delivery `json:"deliveries"`
}

// Previous is a message from before the hand-over, as the connector gave it.
type Previous struct {
	Type      string `json:"type"`
	Content   string `json:"content"`
	CreatedAt string `json:"createdAt"`
}

// Line is a message. From is contact or agent; Partial says why some of its files were not taken.
type Line struct {
	ID         string  `json:"id"`
	From       string  `json:"from"`
	Author     string  `json:"author,omitempty"`
	AuthorType string  `json:"authorType,omitempty"`
	Text       *string `json:"text"`
	Files      []File  `json:"files"`
	Partial    string  `json:"partial,omitempty"`
	At         string  `json:"at"`
}

// File is one that was taken.
type File struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// List is conversations.
type List struct {
	Conversations []Summary `json:"conversations"`
}

// Words are what an agent says. A nil Text says nothing, which the contract allows; Author is by default Agent, of the type AGENT.
type Words struct {
	Text       *string `json:"text,omitempty"`
	Author     string  `json:"author,omitempty"`
	AuthorType string  `json:"authorType,omitempty"`
}

// Acted is what came of what an agent said.
type Acted struct {
	Conversation string   `json:"conversation"`
	Message      string   `json:"message"`
	Files        []File   `json:"files"`
	Delivery     Delivery `json:"delivery"`
}

// Delivery is an event on its way to the connector, or one that was not sent. State is waiting, answered, failed or undelivered; Why says why there is no whole answer.
type Delivery struct {
	State  string `json:"state"`
	Action string `json:"action,omitempty"`
	// Conversation is empty for calls that go with none.
	Conversation string  `json:"conversation,omitempty"`
	Status       int     `json:"status,omitempty"`
	Ms           float64 `json:"ms,omitempty"`
	Why          string  `json:"why,omitempty"`
	// Body is what was sent, Answer what came back, as texts.
	Body   string `json:"body,omitempty"`
	Answer string `json:"answer,omitempty"`
}

// DeliveryList is deliveries, in the order of their events.
type DeliveryList struct {
	Deliveries []Delivery `json:"deliveries"`
}

// Emission is a webhook call that nothing is checked of: Body as JSON as it is written, or Text as it is. A header that is null is taken away from those that a call has. An empty Method is POST, Path is put
// behind the base path, an empty Integration is the first, and events of a Conversation go out one at a time.
type Emission struct {
	Body         json.RawMessage    `json:"body,omitempty"`
	Text         *string            `json:"text,omitempty"`
	Headers      map[string]*string `json:"headers,omitempty"`
	Method       string             `json:"method,omitempty"`
	Path         string             `json:"path,omitempty"`
	Integration  string             `json:"integration,omitempty"`
	Conversation string             `json:"conversation,omitempty"`
}
