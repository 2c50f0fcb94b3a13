// Package managerapi holds what crosses the control API of an Agent Manager standing alone, besides what deskcheck/mockdesk/control/api has for every contract: one type for each
// schema of its openapi.yaml, shared by server and client.
package managerapi

import (
	"encoding/json"
	"time"

	"deskcheck/mockdesk/control/api"
)

// Tenant is a manager as a whole.
type Tenant struct {
	Name          string            `json:"name"`
	CreatedAt     time.Time         `json:"createdAt"`
	Wire          api.WireAddresses `json:"wire"`
	Dialect       string            `json:"dialect"`
	Timing        Timing            `json:"timing"`
	Agents        int               `json:"agents"`
	Connected     int               `json:"connected"`
	Conversations StageCounts       `json:"conversations"`
	Journal       api.JournalState  `json:"journal"`
	Clock         api.Clock         `json:"clock"`
}

// StageCounts is how many conversations there are, open and closed.
type StageCounts struct {
	Open   int `json:"open"`
	Closed int `json:"closed"`
}

// TenantPage is all tenants: there is one.
type TenantPage struct {
	Tenants []Tenant `json:"tenants"`
}

// Timing is how long things take on the manager's clock.
type Timing struct {
	RONA    api.Duration `json:"rona"    yaml:"rona"`
	TTL     api.Duration `json:"ttl"     yaml:"ttl"`
	WrapUp  api.Duration `json:"wrapUp"  yaml:"wrap-up"`
	Away    api.Duration `json:"away"    yaml:"away"`
	Goodbye api.Duration `json:"goodbye" yaml:"goodbye"`
}

// NewAgent is a person who is to be able to sign in; it also stands in desk.yaml.
type NewAgent struct {
	Username   string   `json:"username"             yaml:"username"`
	Password   string   `json:"password"             yaml:"password"`
	Token      string   `json:"token,omitempty"      yaml:"token"`
	FirstName  string   `json:"firstName,omitempty"  yaml:"first-name"`
	LastName   string   `json:"lastName,omitempty"   yaml:"last-name"`
	Team       string   `json:"team,omitempty"       yaml:"team"`
	Supervises []string `json:"supervises,omitempty" yaml:"supervises"`
}

// Agent is a person who can sign in, as the manager sees them. A State of AWAY is that of one who is not signed in.
type Agent struct {
	Username      string        `json:"username"`
	ID            string        `json:"id"`
	Name          string        `json:"name"`
	Team          string        `json:"team,omitempty"`
	Supervises    []string      `json:"supervises"`
	State         string        `json:"state"`
	Reason        string        `json:"reason,omitempty"`
	Connected     bool          `json:"connected"`
	Domains       []AgentDomain `json:"domains"`
	Offers        []string      `json:"offers"`
	Conversations []string      `json:"conversations"`
}

// AgentDomain is a person in one media routing domain.
type AgentDomain struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	State    string `json:"state"`
	Tasks    int    `json:"tasks"`
	MaxTasks int    `json:"maxTasks"`
}

// AgentList is all people.
type AgentList struct {
	Agents []Agent `json:"agents"`
}

// DomainState is a state that the system sets; empty takes it back.
type DomainState struct {
	Domain string `json:"domain"`
	State  string `json:"state"`
}

// Emission is an event for a desk that is held against no schema.
type Emission struct {
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// NewQueue is a queue with the user names of those who work for it; none is everyone. It also stands in desk.yaml.
type NewQueue struct {
	Name   string   `json:"name"             yaml:"name"`
	Agents []string `json:"agents,omitempty" yaml:"agents"`
}

// Queue is a queue that there is, and how many wait in it.
type Queue struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Agents  []string `json:"agents"`
	Waiting int      `json:"waiting"`
}

// QueueList is all queues.
type QueueList struct {
	Queues []Queue `json:"queues"`
}

// NewList is a list of requests that agents take out of it themselves; it also stands in desk.yaml.
type NewList struct {
	Name        string `json:"name"                  yaml:"name"`
	Description string `json:"description,omitempty" yaml:"description"`
}

// List is a list that there is, and how many wait in it.
type List struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Waiting     int    `json:"waiting"`
}

// ListList is all lists.
type ListList struct {
	Lists []List `json:"lists"`
}

// Domain is a media routing domain: a kind of work, of which an agent can do so much at a time. It also stands in desk.yaml.
type Domain struct {
	ID            string `json:"id"                      yaml:"id"`
	Name          string `json:"name"                    yaml:"name"`
	Description   string `json:"description,omitempty"   yaml:"description"`
	Interruptible bool   `json:"interruptible,omitempty" yaml:"interruptible"`
	MaxTasks      int    `json:"maxTasks"                yaml:"max-tasks"`
}

// DomainList is all domains.
type DomainList struct {
	Domains []Domain `json:"domains"`
}

// Channel is a kind of channel that customers come by, and the domain that its work counts in. It also stands in desk.yaml.
type Channel struct {
	Name   string `json:"name"   yaml:"name"`
	Domain string `json:"domain" yaml:"domain"`
}

// ChannelList is all channels.
type ChannelList struct {
	Channels []Channel `json:"channels"`
}

// Person is who a customer is.
type Person struct {
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName,omitempty"`
	Anonymous bool   `json:"anonymous,omitempty"`
}

// Words are what a message says: a text, a body as the contract has it, or the sample of a type.
type Words struct {
	Text   string          `json:"text,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Sample string          `json:"sample,omitempty"`
}

// Request is how a customer comes. An empty Queue lets every agent have it, an empty Channel is the first, an empty Routing is PUSH.
type Request struct {
	Queue   string `json:"queue,omitempty"`
	Channel string `json:"channel,omitempty"`
	Routing string `json:"routing,omitempty"`
	List    string `json:"list,omitempty"`
	Says    *Words `json:"says,omitempty"`
}

// NewCustomer is a customer who begins a conversation.
type NewCustomer struct {
	Person
	Request
}

// Customer is one who has begun a conversation, and what has reached them.
type Customer struct {
	ID string `json:"id"`
	Person

	Conversation string     `json:"conversation"`
	Received     []Received `json:"received"`
}

// Received is an event of an agent that has reached a customer.
type Received struct {
	Name    string          `json:"name"`
	Message string          `json:"message"`
	Text    string          `json:"text,omitempty"`
	Body    json.RawMessage `json:"body"`
}

// CustomerList is all customers.
type CustomerList struct {
	Customers []Customer `json:"customers"`
}

// Reply answers a message of an agent, by its id.
type Reply struct {
	To string `json:"to"`
	Words
}

// Delivery is what became of an agent's message; an empty Message is the last that has reached the customer.
type Delivery struct {
	Message string `json:"message,omitempty"`
	Status  string `json:"status"`
}

// NewSession is another channel by which a customer writes.
type NewSession struct {
	Channel string `json:"channel"`
}

// Acted is what came of an act of a customer: where it was, and the message that it has said.
type Acted struct {
	Customer     string `json:"customer"`
	Conversation string `json:"conversation"`
	Message      string `json:"message,omitempty"`
}

// Conversation is a customer, the agents who look after them, and how far it is.
type Conversation struct {
	ID       string          `json:"id"`
	Stage    string          `json:"stage"`
	Routing  string          `json:"routing"`
	Queue    string          `json:"queue,omitempty"`
	BeganAt  time.Time       `json:"beganAt"`
	Customer ConversationOf  `json:"customer"`
	Sessions []Session       `json:"sessions"`
	Agents   []Participant   `json:"agents"`
	Offered  []string        `json:"offered"`
	Waits    bool            `json:"waits"`
	Events   int             `json:"events"`
	Data     json.RawMessage `json:"data"`
	SLA      json.RawMessage `json:"sla,omitempty"`
}

// ConversationOf is the customer of a conversation.
type ConversationOf struct {
	ID string `json:"id"`
	Person
}

// Session is a channel that a customer uses.
type Session struct {
	ID      string `json:"id"`
	Channel string `json:"channel"`
	Active  bool   `json:"active"`
}

// Participant is an agent in a conversation.
type Participant struct {
	Agent string `json:"agent"`
	Role  string `json:"role"`
	Task  string `json:"task"`
}

// ConversationList is conversations.
type ConversationList struct {
	Conversations []Conversation `json:"conversations"`
}

// Event is an event of a conversation, as its agents get it. Of a message there are the id, the words and what it answers; Event has the whole.
type Event struct {
	Number  int             `json:"number"`
	Name    string          `json:"name"`
	At      time.Time       `json:"at"`
	From    string          `json:"from,omitempty"`
	Sender  string          `json:"sender,omitempty"`
	Message string          `json:"message,omitempty"`
	Answers string          `json:"answers,omitempty"`
	Text    string          `json:"text,omitempty"`
	Event   json.RawMessage `json:"event"`
}

// EventPage is a page of the events of a conversation; a Next of 0 is the last page.
type EventPage struct {
	Events []Event `json:"events"`
	Next   int     `json:"next,omitempty"`
}

// Closing is why a conversation is closed by the system.
type Closing struct {
	Reason string `json:"reason,omitempty"`
}

// SLA is the time within which an agent should answer, and what desks do with it.
type SLA struct {
	Seconds int    `json:"seconds"`
	Action  string `json:"action,omitempty"`
}

// Suggestions are answers that a bot suggests to the agents.
type Suggestions struct {
	Answers []Words `json:"answers"`
}

// NewAnnouncement is what a supervisor tells everyone who is signed in.
type NewAnnouncement struct {
	Supervisor string `json:"supervisor"`
	Text       string `json:"text"`
}

// Announcement is one that was not taken back.
type Announcement struct {
	ID         string `json:"id"`
	Supervisor string `json:"supervisor"`
	Text       string `json:"text"`
}

// AnnouncementList is all announcements.
type AnnouncementList struct {
	Announcements []Announcement `json:"announcements"`
}

// Faults are what the manager does out of order.
type Faults struct {
	// Logins is the statusCode that every login is refused with, 0 for none.
	Logins     int         `json:"logins,omitempty"`
	Handshakes *Handshakes `json:"handshakes,omitempty"`
	States     bool        `json:"states"`
	Withheld   []Withheld  `json:"withheld"`
}

// Logins is the statusCode that every login is refused with.
type Logins struct {
	Status int `json:"status"`
}

// Handshakes are refused with a message and data, or for want of a licence, in which case Licence is its status.
type Handshakes struct {
	Message string          `json:"message,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Licence string          `json:"licence,omitempty"`
}

// Withheld is an event that is kept back, and how many of it wait to be sent.
type Withheld struct {
	Event string `json:"event"`
	Kept  int    `json:"kept"`
}

// Sample is a type of message, and a body that has all that the type must have.
type Sample struct {
	Type string          `json:"type"`
	Body json.RawMessage `json:"body"`
}

// SampleList is a sample of each type.
type SampleList struct {
	Samples []Sample `json:"samples"`
}
