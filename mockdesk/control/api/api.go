// Package api holds what crosses the control API of a desk standing alone, as openapi.yaml describes it: one type for each of its schemas, shared by server and client.
package api

import (
	"encoding/json"
	"fmt"
	"time"

	"deskcheck/mockdesk/fault"
)

// Duration is a length of time that is written as in Go, such as "30s".
type Duration time.Duration

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it; the error says what a duration looks like.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("expected a duration such as 250ms or 30s, found %q", text)
	}
	*d = Duration(parsed)
	return nil
}

// Health is the answer of the health checks.
type Health struct {
	Status string `json:"status"`
}

// Server is what runs.
type Server struct {
	Contract  string        `json:"contract"`
	Version   string        `json:"version"`
	StartedAt time.Time     `json:"startedAt"`
	Wire      WireAddresses `json:"wire"`
}

// WireAddresses are where a client finds a desk. One without sockets has no SocketURL.
type WireAddresses struct {
	URL           string `json:"url"`
	SocketURL     string `json:"socketUrl,omitempty"`
	TLSURL        string `json:"tlsUrl,omitempty"`
	TLSSocketURL  string `json:"tlsSocketUrl,omitempty"`
	NameURL       string `json:"nameUrl,omitempty"`
	NameSocketURL string `json:"nameSocketUrl,omitempty"`
}

// NewTenant is what a tenant is created with; it also stands in desk.yaml.
type NewTenant struct {
	Name         string            `json:"name,omitempty"         yaml:"name"`
	Agents       []NewAgent        `json:"agents,omitempty"       yaml:"agents"`
	Queues       []string          `json:"queues,omitempty"       yaml:"queues"`
	Availability AvailabilityMode  `json:"availability,omitempty" yaml:"availability"`
	Uploads      *UploadSettings   `json:"uploads,omitempty"      yaml:"uploads"`
	Clock        NewClock          `json:"clock,omitzero"         yaml:"clock"`
	Journal      JournalSettings   `json:"journal,omitzero"       yaml:"journal"`
	Scripts      map[string]string `json:"scripts,omitempty"      yaml:"-"`
	// Wire is the text of a wire file, empty for the native wire.
	Wire string `json:"wire,omitempty" yaml:"-"`
	// Chaos is played from the start, nil for none.
	Chaos *fault.ChaosOptions `json:"chaos,omitempty" yaml:"-"`
}

// Chaos is the chance by which a tenant plays faults.
type Chaos struct {
	On bool `json:"on"`
	// Options have the seed, also where it was made up; nil while nothing is left to chance.
	Options *fault.ChaosOptions `json:"options,omitempty"`
	Played  int                 `json:"played"`
	Says    string              `json:"says"`
}

// NewClock is what a tenant's clock is made with.
type NewClock struct {
	Mode  ClockMode  `json:"mode,omitempty"  yaml:"mode"`
	Start *time.Time `json:"start,omitempty" yaml:"start"`
}

// ClockMode says whether time passes by itself.
type ClockMode string

// The values of ClockMode.
const (
	RealClock   ClockMode = "real"
	ManualClock ClockMode = "manual"
)

// JournalSettings are how a tenant's journal is kept.
type JournalSettings struct {
	Limit  int      `json:"limit,omitempty"  yaml:"limit"`
	Redact []string `json:"redact,omitempty" yaml:"redact"`
	Plain  bool     `json:"plain,omitempty"  yaml:"plain"`
}

// Tenant is a desk of its own.
type Tenant struct {
	Name          string            `json:"name"`
	CreatedAt     time.Time         `json:"createdAt"`
	Wire          WireAddresses     `json:"wire"`
	Availability  AvailabilityState `json:"availability"`
	Conversations StateCounts       `json:"conversations"`
	Sockets       int               `json:"sockets"`
	Journal       JournalState      `json:"journal"`
	Faults        int               `json:"faults"`
	Scripts       int               `json:"scripts"`
	Clock         Clock             `json:"clock"`
}

// StateCounts is how many conversations there are, by state.
type StateCounts struct {
	Waiting int `json:"waiting"`
	Active  int `json:"active"`
	Ended   int `json:"ended"`
}

// JournalState is what a journal holds.
type JournalState struct {
	First int `json:"first"`
	Last  int `json:"last"`
	Limit int `json:"limit"`
}

// TenantPage is a page of tenants.
type TenantPage struct {
	Tenants []Tenant `json:"tenants"`
	Next    string   `json:"next,omitempty"`
}

// AvailabilityMode is how the desk answers when it is asked whether agents are there.
type AvailabilityMode string

// ByAgents follows the agents; the other modes are the words that the wire says.
const ByAgents AvailabilityMode = "agents"

// AvailabilityRule sets what the desk says of its agents.
type AvailabilityRule struct {
	Mode   AvailabilityMode            `json:"mode"`
	Queues map[string]AvailabilityMode `json:"queues,omitempty"`
}

// AvailabilityState is what the desk says of its agents, and why.
type AvailabilityState struct {
	Mode   AvailabilityMode `json:"mode"`
	Says   string           `json:"says"`
	Queues []QueueState     `json:"queues"`
}

// QueueState is what the desk says of one queue.
type QueueState struct {
	Name    string           `json:"name"`
	Mode    AvailabilityMode `json:"mode"`
	Says    string           `json:"says"`
	Waiting int              `json:"waiting"`
}

// UploadRules are the rules for the files of a conversation. What is nil takes its default.
type UploadRules struct {
	Allowed  bool   `json:"allowed"            yaml:"allowed"`
	Multiple *bool  `json:"multiple,omitempty" yaml:"multiple"`
	Types    string `json:"types,omitempty"    yaml:"types"`
	MaxBytes int64  `json:"maxBytes,omitempty" yaml:"max-bytes"`
	MaxFiles int    `json:"maxFiles,omitempty" yaml:"max-files"`
}

// UploadSettings are the rules that conversations open with, and how they are applied.
type UploadSettings struct {
	UploadRules `yaml:",inline"`

	Enforce *bool `json:"enforce,omitempty" yaml:"enforce"`
	Check   bool  `json:"check,omitempty"   yaml:"check"`
}

// NewAgent is an agent that a tenant is created with; a nil Online is true.
type NewAgent struct {
	AgentProfile `yaml:",inline"`

	ID string `json:"id" yaml:"id"`
}

// AgentProfile is what an agent is.
type AgentProfile struct {
	Name      string   `json:"name,omitempty"      yaml:"name"`
	AvatarURL string   `json:"avatarUrl,omitempty" yaml:"avatar-url"`
	Online    *bool    `json:"online,omitempty"    yaml:"online"`
	Queues    []string `json:"queues,omitempty"    yaml:"queues"`
}

// Agent is a person at the desk.
type Agent struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	AvatarURL     string   `json:"avatarUrl,omitempty"`
	Online        bool     `json:"online"`
	Queues        []string `json:"queues"`
	Conversations []string `json:"conversations"`
}

// AgentList is all agents of a tenant.
type AgentList struct {
	Agents []Agent `json:"agents"`
}

// ConversationSummary is a conversation in a list.
type ConversationSummary struct {
	ID       string    `json:"id"`
	State    string    `json:"state"`
	EndedBy  string    `json:"endedBy,omitempty"`
	Queue    string    `json:"queue,omitempty"`
	OpenedAt time.Time `json:"openedAt"`
	User     string    `json:"user,omitempty"`
	Lines    int       `json:"lines"`
	Agents   []string  `json:"agents"`
}

// ConversationPage is a page of conversations.
type ConversationPage struct {
	Conversations []ConversationSummary `json:"conversations"`
	Next          string                `json:"next,omitempty"`
}

// Conversation is everything of a conversation but what was said before its last line.
type Conversation struct {
	ID               string          `json:"id"`
	State            string          `json:"state"`
	EndedBy          string          `json:"endedBy,omitempty"`
	Queue            string          `json:"queue,omitempty"`
	OpenedAt         time.Time       `json:"openedAt"`
	Lines            int             `json:"lines"`
	LastLine         *Line           `json:"lastLine,omitempty"`
	Agents           []Person        `json:"agents"`
	TransferringFrom string          `json:"transferringFrom,omitempty"`
	Context          json.RawMessage `json:"context,omitempty"`
	User             User            `json:"user"`
	UserTypes        bool            `json:"userTypes"`
	UserRead         int             `json:"userRead"`
	Sockets          int             `json:"sockets"`
	Closures         int             `json:"closures"`
	Uploads          UploadRules     `json:"uploads"`
	Attachments      []Attachment    `json:"attachments"`
	Screens          []Screen        `json:"screens"`
}

// Person is an agent as a conversation has them.
type Person struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	AvatarURL string `json:"avatarUrl,omitempty"`
}

// User is what the client told of the user.
type User struct {
	Name    string `json:"name"`
	ID      string `json:"id"`
	Session string `json:"session"`
	Locale  string `json:"locale"`
}

// Attachment is a file that the user has sent.
type Attachment struct {
	Key     string    `json:"key"`
	Name    string    `json:"name"`
	Type    string    `json:"type,omitempty"`
	Size    int64     `json:"size"`
	SHA256  string    `json:"sha256"`
	Outcome string    `json:"outcome"`
	Cursor  int       `json:"cursor"`
	At      time.Time `json:"at"`
}

// Screen is a request to see the user's screen.
type Screen struct {
	ID    string   `json:"id"`
	Agent string   `json:"agent,omitempty"`
	State string   `json:"state"`
	Said  []string `json:"said"`
}

// Line is something that was said.
type Line struct {
	Cursor int       `json:"cursor"`
	Key    string    `json:"key"`
	Role   string    `json:"role"`
	Agent  string    `json:"agent,omitempty"`
	Name   string    `json:"name,omitempty"`
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
}

// LinePage is a page of lines; a Next of 0 is the last page.
type LinePage struct {
	Lines []Line `json:"lines"`
	Next  int    `json:"next,omitempty"`
}
