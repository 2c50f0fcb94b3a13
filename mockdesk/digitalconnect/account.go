package digitalconnect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/digitalconnect/webhook"
)

// The actions of an integration, which are also the events of a conversation (DC-ACTION-01).
const (
	ConversationStarted = "conversation_started"
	MessageCreated      = "message_created"
	ConversationEnded   = "conversation_ended"
)

// Actions are all that an integration must have, in the order in which a conversation meets them.
func Actions() []string { return []string{ConversationStarted, MessageCreated, ConversationEnded} }

// The states of an action: one that is a draft delivers nothing (DC-ACTION-02).
const (
	ActionActive = "active"
	ActionDraft  = "draft"
)

// The Connection Status of a touchpoint (DC-TOUCH-01).
const (
	StatusActive   = "active"
	StatusInactive = "inactive"
)

// GrantClientCredentials is the grant that a connector's OAuth client must have (DC-AUTH-22).
const GrantClientCredentials = "client_credentials"

// The scopes of Digital Connect and of attachments (DC-AUTH-05, DC-ATT-12).
const (
	ScopeRead            = "digital-connect:read"
	ScopeWrite           = "digital-connect:write"
	ScopeFilesRequest    = "attachments:request"
	ScopeFilesWrite      = "attachments:write"
	ScopeFilesRead       = "attachments:read"
	ScopeFilesDownload   = "attachments:download"
	leastTimeoutSeconds  = int(webhook.LeastTimeout / time.Second)
	mostTimeoutSeconds   = int(webhook.MostTimeout / time.Second)
	defaultActionTimeout = int(webhook.Timeout / time.Second)
)

// Account is what an administrator has set up for one Talkdesk account: the account file (section 4 of the contract), with the settings by which the mock can be had otherwise (section 2.4).
type Account struct {
	// Name is one DNS label, such as "acme"; Region is US, EU, CA or AU.
	Name   string `yaml:"account"`
	Region string `yaml:"region"`
	// The rest is what was made in the account; ids and names are unique within each list.
	Clients      []Client      `yaml:"oauth_clients"`
	Integrations []Integration `yaml:"integrations"`
	Flows        []Flow        `yaml:"flows"`
	Touchpoints  []Touchpoint  `yaml:"touchpoints"`
	// Settings are what the mock does where no document says what Talkdesk does.
	Settings Settings `yaml:"settings"`

	remarks []document.Problem
}

// Client is an OAuth client.
type Client struct {
	ID     string `yaml:"id"`
	Secret string `yaml:"secret"`
	// Grants are what the client may ask by; none stands for client_credentials.
	Grants []string `yaml:"grants"`
	// Scopes are all that the client was granted.
	Scopes []string `yaml:"scopes"`
	// Keys are the public keys by which the client signs assertions (DC-AUTH-04).
	Keys []Key `yaml:"keys"`
}

// Key is a public key of a client.
type Key struct {
	// ID is the kid that an assertion names.
	ID string `yaml:"kid"`
	// PublicKey is the key in PEM ("BEGIN PUBLIC KEY"), of RSA or an elliptic curve.
	PublicKey string `yaml:"public_key"`
}

// Integration is a custom integration with its three actions.
type Integration struct {
	Name string `yaml:"name"`
	// BasePath is the whole URL of the connector's webhook (DC-ACTION-03, DC-ACTION-25).
	BasePath string `yaml:"base_path"`
	// Auth is how Talkdesk makes itself known there; Headers are sent besides.
	Auth    Auth              `yaml:"auth"`
	Headers map[string]string `yaml:"headers"`
	// Actions are the state of each action by its name.
	Actions map[string]string `yaml:"actions"`
	// Timeout is the execution timeout in seconds, 5 to 30; 0 is that of the settings (DC-ACTION-09).
	Timeout int `yaml:"timeout_s"`
	// Schemas are input schemas by the names of their actions, where an administrator has changed those of the guide; an event that they do not allow is not delivered (DC-ACTION-26).
	Schemas map[string]map[string]any `yaml:"input_schemas"`
}

// Auth is the authentication of an integration (DC-ACTION-17).
type Auth struct {
	Type webhook.AuthType `yaml:"type"`
	// User is the user of basic or the client id of oauth2, Secret the password, the key or the client secret.
	User   string `yaml:"user"`
	Secret string `yaml:"secret"`
	// Header carries an API key; empty is X-API-Key.
	Header string `yaml:"header"`
	// TokenURL and Scopes are those of oauth2.
	TokenURL string   `yaml:"token_url"`
	Scopes   []string `yaml:"scopes"`
}

// Flow is a Studio flow.
type Flow struct {
	ID        string     `yaml:"id"`
	Arguments []Argument `yaml:"arguments"`
}

// Argument is a Studio argument: it sets a variable of its flow, which the agent sees if it is exposed (DC-ARG-04).
type Argument struct {
	Name     string `yaml:"name"`
	Variable string `yaml:"variable"`
	Expose   bool   `yaml:"expose"`
}

// Touchpoint is where conversations come in.
type Touchpoint struct {
	ID           string `yaml:"id"`
	FriendlyName string `yaml:"friendly_name"`
	// Integration and Flow name the one webhook set-up and the one flow that belong to it (DC-TOUCH-07); RoutingType goes with the flow (DC-TOUCH-08).
	Integration string `yaml:"integration"`
	RoutingType string `yaml:"routing_type"`
	Flow        string `yaml:"flow"`
	// Status is active or inactive.
	Status string `yaml:"status"`
	// Attachments are the limits of files; the zero value allows none.
	Attachments Attachments `yaml:"attachments"`
}

// Attachments are the limits of files at a touchpoint (DC-TOUCH-04 to DC-TOUCH-06).
type Attachments struct {
	// AgentCanSend says whether the agent may send files at all.
	AgentCanSend bool `yaml:"agent_can_send"`
	// MaxKB is how large a file may be, in units of Settings.KB bytes; a file of exactly that size may pass.
	MaxKB int `yaml:"max_kb"`
	// Extensions are allowed, in lower case and without the dot; none allows no file.
	Extensions []string `yaml:"extensions"`
}

// sort is what the account file is to whoever reads about its mistakes.
var sort = document.Sort{Name: "account file", Example: "account: acme", Most: 1 << 20}

var schema = sync.OnceValues(func() (*document.Schema, error) {
	raw, err := AccountSchema()
	if err != nil {
		return nil, err
	}
	return document.Compile("account.schema.json", raw)
})

// AccountSchema is the JSON Schema of the account file.
func AccountSchema() ([]byte, error) { return fixtures.ReadFile("schemas/account.schema.json") }

// ParseAccount reads an account file, in YAML or JSON, and holds it against its schema and every rule for administrators (the CFG rows of the contract, and its section 4). file is for the messages.
// The error is a *document.SyntaxError or a *document.Error, which has every mistake with file, line, column, key and rule; or that the kit's own schema cannot be read.
func ParseAccount(file string, source []byte) (*Account, error) {
	doc, err := sort.Parse(file, source)
	if err != nil {
		return nil, err
	}
	shape, err := schema()
	if err != nil {
		return nil, err
	}
	problems, err := shape.Problems(doc.Value)
	if err != nil {
		return nil, err
	}
	var a Account
	if len(problems) == 0 {
		if doc.Root != nil {
			if err := yaml.NodeToValue(doc.Root, &a); err != nil {
				return nil, fmt.Errorf("decode %s: %w", file, err)
			}
		}
		problems = a.problems()
	}
	if len(problems) > 0 {
		return nil, doc.Wrong(problems...)
	}
	a.remarks = doc.Wrong(a.oddities()...).Problems
	return &a, nil
}

// Remarks are what is allowed in the account file and seldom meant, a line each, in the order of the file: an action that is a draft (DC-ACTION-02), files allowed for a client that has no scope for
// them (DC-ATT-12). Of an account that was not parsed there are none.
func (a *Account) Remarks() []string {
	lines := make([]string, 0, len(a.remarks))
	for _, p := range a.remarks {
		lines = append(lines, p.String())
	}
	return lines
}

// Clone is a copy that shares nothing with the account that can be changed.
func (a *Account) Clone() *Account {
	c := *a
	c.Clients, c.Integrations, c.Flows, c.Touchpoints = slices.Clone(a.Clients), slices.Clone(a.Integrations), slices.Clone(a.Flows), slices.Clone(a.Touchpoints)
	for i := range c.Clients {
		one := &c.Clients[i]
		one.Grants, one.Scopes, one.Keys = slices.Clone(one.Grants), slices.Clone(one.Scopes), slices.Clone(one.Keys)
	}
	for i := range c.Integrations {
		one := &c.Integrations[i]
		one.Headers, one.Actions, one.Auth.Scopes, one.Schemas = maps.Clone(one.Headers), maps.Clone(one.Actions), slices.Clone(one.Auth.Scopes), maps.Clone(one.Schemas)
	}
	for i := range c.Flows {
		c.Flows[i].Arguments = slices.Clone(c.Flows[i].Arguments)
	}
	for i := range c.Touchpoints {
		c.Touchpoints[i].Attachments.Extensions = slices.Clone(c.Touchpoints[i].Attachments.Extensions)
	}
	return &c
}

// client finds a client by its id, nil if there is none.
func (a *Account) client(id string) *Client {
	return find(a.Clients, func(c *Client) bool { return c.ID == id })
}

// integration finds an integration by its name, nil if there is none.
func (a *Account) integration(name string) *Integration {
	return find(a.Integrations, func(i *Integration) bool { return i.Name == name })
}

// flow finds a flow by its id, nil if there is none.
func (a *Account) flow(id string) *Flow {
	return find(a.Flows, func(f *Flow) bool { return f.ID == id })
}

// touchpoint finds a touchpoint by its id, nil if there is none.
func (a *Account) touchpoint(id string) *Touchpoint {
	return find(a.Touchpoints, func(t *Touchpoint) bool { return t.ID == id })
}

func find[T any](all []T, is func(*T) bool) *T {
	for i := range all {
		if is(&all[i]) {
			return &all[i]
		}
	}
	return nil
}

// target is where the events of an integration go, with the timeout of actions that have none of their own, in seconds.
func (i *Integration) target(timeout int) webhook.Target {
	return webhook.Target{
		BaseURL: i.BasePath, Headers: i.Headers, Timeout: time.Duration(cmp.Or(i.Timeout, timeout)) * time.Second,
		Auth: webhook.Auth{Type: i.Auth.Type, User: i.Auth.User, Secret: i.Auth.Secret, Header: i.Auth.Header, TokenURL: i.Auth.TokenURL, Scopes: i.Auth.Scopes},
	}
}

// disallows says why the input schema that an administrator has given an action does not allow an event, empty if it does, or if there is none.
func (i *Integration) disallows(e webhook.Event) string {
	given, is := i.Schemas[e.Action]
	if !is {
		return ""
	}
	shape, err := compileInput(e.Action, given)
	if err != nil {
		return err.Error()
	}
	var value any
	if err := json.Unmarshal(e.Body, &value); err != nil {
		return "the event is no JSON: " + err.Error()
	}
	problems, err := shape.Problems(value)
	switch {
	case err != nil:
		return err.Error()
	case len(problems) > 0:
		return "the account's own input schema of " + e.Action + " does not allow it: " + problems[0].String()
	}
	return ""
}

// compileInput compiles an input schema.
func compileInput(action string, given map[string]any) (*document.Schema, error) {
	raw, err := json.Marshal(given)
	if err != nil {
		return nil, fmt.Errorf("the input schema of %s cannot be written as JSON: %w", action, err)
	}
	shape, err := document.Compile("input_schemas/"+action, raw)
	if err != nil {
		return nil, fmt.Errorf("the input schema of %s is none: %w", action, err)
	}
	return shape, nil
}
