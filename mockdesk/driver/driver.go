// Package driver is the contract by which a desk that is not the kit's own is played: what a vendor's sandbox offers, so that scenarios can act as its agents and see what it
// knows. openapi.yaml describes it over HTTP, GUIDE.md explains it to those who implement it. A Mock keeps it over the mock desk, in this process; a Server offers that over
// HTTP; a Remote keeps it over whatever answers at an address.
package driver

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"deskcheck/mockdesk"
)

// Contract and Version are what a driver says that it keeps. The version changes when a driver of the one before would be misunderstood.
const (
	Contract = "deskcheck.driver"
	Version  = 1
)

// Desk is a desk as one scenario has it in its hands. Its methods are safe for use by many goroutines.
type Desk interface {
	// Capabilities are what it can do and tell.
	Capabilities() Capabilities
	// Place is where the integration finds it.
	Place() Place
	// Do has it do something, and comes back when that has happened and State shows it. The error is an *Error.
	Do(ctx context.Context, act Act) (Done, error)
	// State is what it knows by now.
	State() State
	// Err is what has broken, nil while nothing has: then State shows nothing new any more. It is an *Error.
	Err() error
	// Traffic waits until nothing is left to be sent and says what is on its way. The error is an *Error, of the kind Cannot if the desk cannot tell.
	Traffic(ctx context.Context) (Traffic, error)
	// Moved waits until a socket was opened or closed, or a request kept or let go, since t. Its error is the context's, or an *Error.
	Moved(ctx context.Context, t Traffic) error
	// Close ends the scenario at the desk.
	Close() error
}

// Capabilities are what a driver can do and tell.
type Capabilities struct {
	// Contract and Version are what it keeps.
	Contract string `json:"contract"`
	Version  int    `json:"version"`
	// Name and Software are what the desk is called, and in which version it runs.
	Name     string `json:"name"`
	Software string `json:"software,omitempty"`
	// Parallel is how many scenarios it plays at once without one hearing of another; 0 is one.
	Parallel int `json:"parallel,omitempty"`
	// Verbs are what it can be told to do, with the variants of each that has some.
	Verbs map[Verb][]string `json:"verbs"`
	// Reads are what it tells.
	Reads []Read `json:"reads"`
	// Routes are where clients ask the desk for what, as far as that is known.
	Routes []Route `json:"routes,omitempty"`
}

// Route is one request that clients of the desk make, by its meaning.
type Route struct {
	// Means is a meaning of the mock desk's wires, such as "end" or "events".
	Means string `json:"means"`
	// Method is that of HTTP; Path is the address below that of the desk, in which {name} stands for one part.
	Method string `json:"method"`
	Path   string `json:"path"`
}

// Has says whether the driver has a verb in a variant, which is empty for a verb without any.
func (c Capabilities) Has(verb Verb, variant string) bool {
	variants, has := c.Verbs[verb]
	return has && (variant == "" || slices.Contains(variants, variant))
}

// Tells says whether the driver has a read.
func (c Capabilities) Tells(r Read) bool { return slices.Contains(c.Reads, r) }

// Means gives the meaning of a request, empty if no route is it. The path is the one below the desk's address.
func (c Capabilities) Means(method, path string) string {
	parts := strings.Split(path, "/")
	for _, r := range c.Routes {
		pattern := strings.Split(r.Path, "/")
		if r.Method != method || len(pattern) != len(parts) {
			continue
		}
		fits := true
		for i, part := range pattern {
			fits = fits && (part == parts[i] || strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}"))
		}
		if fits {
			return r.Means
		}
	}
	return ""
}

// Place is where the integration finds the desk of a scenario.
type Place struct {
	// URL and SocketURL are where clients find it over HTTP and over WebSocket, without a slash at the end; SocketURL may be empty.
	URL       string `json:"url"`
	SocketURL string `json:"socketUrl,omitempty"`
	// Origins are how further addresses of the desk begin, such as "https://media.vendor.example/".
	Origins []string `json:"origins,omitempty"`
	// Env is what the integration is told besides, such as a key of the sandbox that is meant for browsers. It stands in reports.
	Env map[string]any `json:"env,omitempty"`
	// Allowed is what the desk grants to the pages of other origins; nil if it does not say.
	Allowed *Allowed `json:"allowed,omitempty"`
}

// Bases are how the addresses of the desk begin, each with a scheme and without a slash at the end. Sockets are where HTTP is if nothing else is said.
func (p Place) Bases() []string {
	sockets := p.SocketURL
	if sockets == "" {
		sockets = "ws" + strings.TrimPrefix(p.URL, "http")
	}
	all := []string{p.URL, sockets}
	for _, origin := range p.Origins {
		all = append(all, strings.TrimSuffix(origin, "/"))
	}
	return all
}

// Allowed is what a desk grants to the pages of other origins, each a list with commas.
type Allowed struct {
	Methods string `json:"methods"`
	Headers string `json:"headers"`
}

// Agent is a person at the desk.
type Agent struct {
	// ID and Name are who it is. A driver whose agents are its own keeps the id beside them, and tells of the agent by it.
	ID   string `json:"id"`
	Name string `json:"name"`
	// AvatarURL is where a picture is, empty for none.
	AvatarURL string `json:"avatarUrl,omitempty"`
}

// Rules are what the desk says of files.
type Rules = mockdesk.UploadRules

// Act is one thing that the desk is told to do. Which fields a verb takes stands in the document; the others are left out.
type Act struct {
	// Verb is what, Variant which of its kinds.
	Verb    Verb   `json:"-"`
	Variant string `json:"variant,omitempty"`
	// Session is the conversation that it is about, Agent who does it, To the agent to whom the user is handed over.
	Session string `json:"session,omitempty"`
	Agent   *Agent `json:"agent,omitempty"`
	To      *Agent `json:"to,omitempty"`
	// Text is what is said, Items the parts of what is more than text.
	Text  string          `json:"text,omitempty"`
	Items []mockdesk.Item `json:"items,omitempty"`
	// UpTo is the cursor up to which an agent has read, 0 for all.
	UpTo int `json:"upTo,omitempty"`
	// Position, Seconds and Queue are what a waiting user is told.
	Position int    `json:"position,omitempty"`
	Seconds  int    `json:"seconds,omitempty"`
	Queue    string `json:"queue,omitempty"`
	// Reason is why, in a sentence for the user.
	Reason string `json:"reason,omitempty"`
	// File is the key of a file that the user has sent.
	File string `json:"file,omitempty"`
	// Rules are what the desk takes from now on.
	Rules *Rules `json:"rules,omitempty"`
	// Status is that of a refusal; Ms is how long a request is delayed, in milliseconds.
	Status int `json:"status,omitempty"`
	Ms     int `json:"ms,omitempty"`
	// After is how many of the requests that come next are answered as usual before this holds, Times for how many it then holds, 0 for all.
	After int `json:"after,omitempty"`
	Times int `json:"times,omitempty"`
	// Event and Fields are an event that is told whatever the state; Raw is a text that is no event at all.
	Event  string         `json:"event,omitempty"`
	Fields map[string]any `json:"fields,omitempty"`
	Raw    string         `json:"raw,omitempty"`
	// Name, Type and Content are a file that the desk is to serve.
	Name    string `json:"name,omitempty"`
	Type    string `json:"type,omitempty"`
	Content []byte `json:"content,omitempty"`
}

// String names the act as the contract does: the verb, and its variant in parentheses.
func (a Act) String() string { return named(a.Verb, a.Variant) }

func named(verb Verb, variant string) string {
	if variant == "" {
		return string(verb)
	}
	return fmt.Sprintf("%s(%s)", verb, variant)
}

// Done is what a driver says of an act that it has carried out.
type Done struct {
	// Revision is that of a state which shows the act.
	Revision int `json:"revision"`
	// URL is where a file is served.
	URL string `json:"url,omitempty"`
}

// State is what the desk knows of a scenario. What a driver does not tell is left out.
type State struct {
	// Revision is higher whenever something has changed.
	Revision int `json:"revision"`
	// Sessions are all conversations that were ever opened, in order of arrival.
	Sessions []Session `json:"sessions"`
	// Queries are the queues about which availability was asked, in order; an empty name is a question without one.
	Queries []string `json:"queries,omitempty"`
	// BlankLines is how many lines without a word the desk was asked to take.
	BlankLines int `json:"blankLines,omitempty"`
	// Held is how many requests of an operation are held back, and Kept how many requests wait for an answer in all because the desk was told so.
	Held map[string]int `json:"held,omitempty"`
	Kept int            `json:"kept,omitempty"`
	// Rules are what conversations open with.
	Rules *Rules `json:"rules,omitempty"`
}

// Session is a conversation as the desk knows it.
type Session struct {
	// ID is what it is called in acts; State is waiting, active or ended.
	ID    string         `json:"id"`
	State mockdesk.State `json:"state"`
	// Key is what opens the conversation to whoever knows it, which a page must not show; empty if nothing does.
	Key string `json:"key,omitempty"`
	// Context is what the integration handed over.
	Context json.RawMessage `json:"context,omitempty"`
	// Agents are those who are in it.
	Agents []Agent `json:"agents,omitempty"`
	// Transcript is what was said, in order.
	Transcript []Line `json:"transcript,omitempty"`
	// Typing is whether the agents see the user type, Read the cursor up to which the user has read.
	Typing bool `json:"typing,omitempty"`
	Read   int  `json:"read,omitempty"`
	// Closures is how often the desk was asked to end it, Listeners how many connections bring its events now.
	Closures  int `json:"closures,omitempty"`
	Listeners int `json:"listeners,omitempty"`
	// Files are those that the user has sent, Screens the requests to see the user's screen.
	Files   []File   `json:"files,omitempty"`
	Screens []Screen `json:"screens,omitempty"`
}

// Line is something that was said.
type Line struct {
	// Cursor is its place among the events of the conversation, higher for each.
	Cursor int `json:"cursor"`
	// Role is user, agent or desk; Name is who spoke.
	Role string `json:"role"`
	Name string `json:"name,omitempty"`
	Text string `json:"text"`
}

// File is a file that the user has sent.
type File struct {
	// Key is what it is called in acts; Name and Type are what the integration said of it.
	Key  string `json:"key"`
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
	// Size is in bytes, SHA256 in hexadecimal.
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Outcome is stored, checking or failed.
	Outcome string `json:"outcome"`
}

// Screen is a request to see the user's screen, and what the integration has said of it, in order.
type Screen struct {
	ID   string                 `json:"id"`
	Said []mockdesk.ScreenState `json:"said,omitempty"`
}

// Traffic is what a desk knows of what is on its way between it and its clients at one moment.
type Traffic struct {
	// Frames is how many frames were written to the sockets that are open now, Sockets how many those are.
	Frames  int `json:"frames"`
	Sockets int `json:"sockets"`
	// Kept are the requests that are kept without an answer, each by its method and address.
	Kept []string `json:"kept,omitempty"`
	// Moves is another one whenever a socket was opened or closed, or a request kept or let go.
	Moves int `json:"moves"`
}
