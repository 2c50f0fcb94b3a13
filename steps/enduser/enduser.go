// Package enduser is the end user's side of a connector: the person who talks to a bot, asks for an agent, and chats with them. A User acts there and tells what was seen, either
// through the HTTP interface that a vendor puts in front of the connector (Driver; openapi.yaml describes it, GUIDE.md explains it), or at its page in a browser (Page).
package enduser

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"deskcheck/mockdesk/journal"
)

// Opener lets people in at a connector.
type Opener interface {
	// Open has a new end user come to the bot. Name is also the party as which the journal knows the user; email may be empty for a user who gives none. The error is a
	// *steps.HarnessError, or a *steps.NotApplicable where the connector has no such thing.
	Open(ctx context.Context, name, email string) (User, error)
}

// User is one end user. What the user sees is appended to the journal as it comes: an entry of the kind Screen, from the connector to the user, named by the Kind of the Sight that
// is its data. The methods are for one goroutine at a time, but for Seen, Shows and Err. The errors of acts are as those of Opener.Open; below a HarnessError there may be a *Refused. What the
// user does is not entered: that is the step's to say.
type User interface {
	// Say says a line to whoever listens: the bot, or the agent.
	Say(ctx context.Context, text string) error
	// Upload sends a file.
	Upload(ctx context.Context, f File) error
	// RequestAgent asks for an agent, with the values of arguments by name. It returns when that is asked; what comes of it is seen.
	RequestAgent(ctx context.Context, arguments map[string]string) error
	// End ends the conversation, as the user politely does.
	End(ctx context.Context) error
	// Drop has the user be gone without a word, as when the device dies.
	Drop(ctx context.Context) error
	// Fetch gets a file that was seen, as the user does who clicks it, at the time of the click. An answer that is none is no error: its status is in Fetched.
	Fetch(ctx context.Context, f FileSight) (Fetched, error)
	// Seen is all that was seen so far, in order.
	Seen() []Sight
	// Shows says whether a user who is in a state, such as WithAgent, can be seen to be: at a page that has no part for it nobody need wait for it.
	Shows(state string) bool
	// Err says why nothing more can be seen; nil as long as it can. The journal has an entry of the kind Told from then on.
	Err() error
	// Close ends what was opened for the user, and every wait. It is no act of the user.
	Close()
}

// Interruptible is a User whose link can be lost for a while, as in a tunnel: nobody says so, and what is said to the user meanwhile is there when the link is back.
type Interruptible interface {
	// Interrupt takes the link away, Resume gives it back. Their errors are as those of the acts of User.
	Interrupt(ctx context.Context) error
	Resume(ctx context.Context) error
}

// Kind says what sort of thing was seen.
type Kind string

// The kinds of Sight.
const (
	// Text is a line that was said, Media a file; both have an author's side.
	Text  Kind = "text"
	Media Kind = "file"
	// Notice is what the connector says of the conversation, such as that it has ended.
	Notice Kind = "notice"
	// State is where the conversation stands.
	State Kind = "state"
)

// Side says whose a line is.
type Side string

// The sides; empty where nobody says.
const (
	OfUser   Side = "user"
	OfBot    Side = "bot"
	OfAgent  Side = "agent"
	OfSystem Side = "system"
)

// The states of a conversation, as a user can tell them apart.
const (
	// WithBot is before an agent is asked for, and after; Connecting is while one is asked for; WithAgent while one is there; Ended when the conversation is over.
	WithBot    = "bot"
	Connecting = "connecting"
	WithAgent  = "agent"
	Ended      = "ended"
)

// Sight is one thing that a user saw. It is the data of an entry of the journal.
type Sight struct {
	Kind Kind `json:"kind"`
	// From is whose it is, Author the name that stands with it; empty where none does.
	From   Side   `json:"from,omitempty"`
	Author string `json:"author,omitempty"`
	// Text is what a Text or a Notice says.
	Text string `json:"text,omitempty"`
	// File is set for Media.
	File *FileSight `json:"file,omitempty"`
	// State is set for State: one of the states above.
	State string `json:"state,omitempty"`
	// Changed says that this stands in the place of what was seen before: the same line, with other words. It is not another one.
	Changed bool `json:"changed,omitempty"`

	// At is when it was seen, and Entry the Seq of its entry.
	At    time.Duration `json:"-"`
	Entry int           `json:"-"`
}

// FileSight is a file as a user sees it.
type FileSight struct {
	Name string `json:"name,omitempty"`
	// Type is its media type, Size its number of bytes, as far as they are told.
	Type string   `json:"type,omitempty"`
	Size *float64 `json:"size,omitempty"`
	// URL is where it can be had; empty if it cannot.
	URL string `json:"url,omitempty"`
}

// File is a file that a user sends.
type File struct {
	Name, Type string
	Content    []byte
}

// Fetched is what came of following the link of a file.
type Fetched struct {
	// URL is where it was found in the end, Status that of HTTP.
	URL    string
	Status int
	// Type is the media type that the answer names, Disposition its Content-Disposition.
	Type, Disposition string
	Content           []byte
}

// mostFetched is the largest file that is read, in bytes.
const mostFetched = 64 << 20

// Refused is what a connector's user driver answers to an act that it does not do.
type Refused struct {
	Method, Path string
	Status       int
	// Body is how its answer begins.
	Body string
}

// Error tells the request and its answer.
func (r *Refused) Error() string {
	return fmt.Sprintf("%s %s was answered %d: %s", r.Method, r.Path, r.Status, r.Body)
}

// Breach says that a user driver has told of what a user sees in another way than its contract says. Nothing is known of what the user sees from then on, so that nothing can be said of it
// either: neither that something was not shown, nor that it was. Who does not answer at all has not broken it: the connector may have ended.
type Breach struct {
	// Err says what was expected, and what was found.
	Err error
}

// Error is that of Err.
func (b *Breach) Error() string { return b.Err.Error() }

// Unwrap gives Err.
func (b *Breach) Unwrap() error { return b.Err }

// sights are what a user has seen.
type sights struct {
	journal *journal.Journal
	party   journal.Party

	mu  sync.Mutex
	all []Sight
	err error
}

// add appends one to the journal; data, if it is not nil, stands there in its place.
func (s *sights) add(one Sight, data []byte) {
	e := journal.Entry{Kind: journal.Screen, From: connector, To: s.party, Name: string(one.Kind), Data: data}
	if data == nil {
		e.Data = journal.Payload(one)
	}
	// Whoever is woken by the entry is to find the sight.
	s.mu.Lock()
	defer s.mu.Unlock()
	e = s.journal.Append(e)
	one.At, one.Entry = e.At, e.Seq
	s.all = append(s.all, one)
}

// broken notes that nothing more can be seen.
func (s *sights) broken(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = err
	s.journal.Append(journal.Entry{Kind: journal.Told, From: connector, To: journal.Kit, Name: "events", Note: "nothing more can be seen of what " + string(s.party) + " sees: " + err.Error()})
}

// Seen implements User.
func (s *sights) Seen() []Sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// Err implements User.
func (s *sights) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// connector is the party under test.
const connector journal.Party = "connector"
