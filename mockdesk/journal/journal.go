// Package journal is the ordered record of one scenario: every crossing of a boundary (host, integration, desk, user, agent) and what the page said beside it.
// It is the single source of truth: steps assert by reading it, reports draw it.
package journal

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Party is one of those between whom something crosses.
type Party string

// The parties of a hand-off, and the two that only watch: the page (the browser's own voice) and the kit.
const (
	User        Party = "user"
	Host        Party = "host"
	Integration Party = "integration"
	Desk        Party = "desk"
	Agent       Party = "agent"
	Page        Party = "page"
	Kit         Party = "kit"
	Connector   Party = "connector" // of the contract digital-connect
)

// Kind says what sort of crossing an Entry is.
type Kind string

// The kinds of entry. Call, Settled, Callback and Returned are the two directions between host and integration; Request to Closed are the wire; the rest is context.
const (
	Act        Kind = "act"          // a person did something: a click, a line said, a departure
	Call       Kind = "call"         // the host called a method of the integration (or the factory)
	Settled    Kind = "settled"      // what came of a Call: fulfilled, rejected or threw
	Callback   Kind = "callback"     // the integration called a callback of the host
	Returned   Kind = "returned"     // what came of a Callback
	Probe      Kind = "probe"        // the integration looked whether a callback of another dialect exists
	Request    Kind = "request"      // an HTTP request reached the desk
	Response   Kind = "response"     // the desk answered a Request
	Opened     Kind = "opened"       // a socket was opened
	Frame      Kind = "frame"        // a frame crossed a socket, either way
	Closed     Kind = "closed"       // a socket was closed, by whomever
	Event      Kind = "event"        // the host published an event to the page
	Screen     Kind = "screen"       // what the user sees has changed
	Console    Kind = "console"      // a line on the page's console, or one that a connector has printed
	PageError  Kind = "error"        // an uncaught error or an unhandled rejection in the page
	Dialog     Kind = "dialog"       // alert, confirm, prompt or print was called
	Navigation Kind = "navigation"   // the page tried to go elsewhere, or to close
	Popup      Kind = "popup"        // the page tried to open a window
	Refusal    Kind = "refusal"      // the page asked for a name that leads nowhere in this run, and was refused
	Capture    Kind = "capture"      // the screen is captured (started), no longer is (stopped), or the user refused it to the browser (refused)
	Notified   Kind = "notification" // the page, or its service worker, showed a notification
	Violation  Kind = "violation"    // a rule was seen broken where it happened; Requirement names it
	Clock      Kind = "clock"        // the scenario let time pass
	Told       Kind = "told"         // a desk that is not the kit's own said what it knows by now
)

// Entry is one crossing. Entries are immutable once appended.
type Entry struct {
	// Seq numbers the entries from 1 in the order in which they arrived.
	Seq int `json:"seq"`
	// At is the time since the scenario began, in nanoseconds of the one clock that all parties are measured by.
	At time.Duration `json:"at"`
	// Kind, From and To say what crossed between whom.
	Kind Kind  `json:"kind"`
	From Party `json:"from"`
	To   Party `json:"to"`
	// Name is the method, the callback, the route, the frame type, the event or the act.
	Name string `json:"name"`
	// Ref is the Seq of the entry that this one answers (Settled→Call, Returned→Callback, Response→Request), 0 if none.
	Ref int `json:"ref,omitempty"`
	// Chat is the host's number of the chat attempt during which this crossed, 0 while no chat runs.
	Chat int `json:"chat,omitempty"`
	// Widget tells two chats on one page apart, from 0.
	Widget int `json:"widget,omitempty"`
	// Conversation is the id of the conversation at the desk that this belongs to, empty for what belongs to none. What was recorded is read by people and by schemas that know
	// it from Data.
	Conversation string `json:"-"`
	// Operation is what a request or a frame of the client means to the desk, and so for the response to a request; empty for everything else.
	Operation string `json:"-"`
	// Untold says of an act why the client was not told what came of it: the wire has no words for the event. Empty for everything else.
	Untold string `json:"-"`
	// Requirement is the ID that a Violation breaks, empty for other kinds.
	Requirement string `json:"requirement,omitempty"`
	// Note is one sentence for a person, such as why the host ignored a callback.
	Note string `json:"note,omitempty"`
	// Data is the payload as JSON: arguments, results, bodies, frames.
	Data json.RawMessage `json:"data,omitempty"`
}

// Journal collects the entries of one scenario from several goroutines and lets others wait for them. The zero value is not usable; call New.
type Journal struct {
	mu      sync.Mutex
	start   time.Time
	entries tail
	// limit is how many entries are kept, 0 for all; dropped is how many are not any more.
	limit, dropped int
	// saves says that entries are kept until they are saved, saved up to which Seq they are.
	saves bool
	saved int
	// changed is closed at the next append, so that a waiter never polls; nil while nobody waits.
	changed  chan struct{}
	filter   func(Entry) Entry
	observer func(Entry)
}

// New returns an empty journal whose clock starts now.
func New() *Journal {
	return &Journal{start: time.Now()}
}

// NewBounded returns an empty journal that keeps the newest entries, limit of them and at least one, and drops what is older.
func NewBounded(limit int) *Journal {
	j := New()
	j.limit = max(limit, 1)
	return j
}

// Continue has a journal in which nothing was recorded yet go on where another ended: its clock started then, and last was its last Seq. What it records is kept, whatever its
// bound, until Saved.
func (j *Journal) Continue(start time.Time, last int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.start, j.dropped, j.saved, j.saves = start, last, last, true
}

// Saved says that the entries up to a Seq are saved elsewhere.
func (j *Journal) Saved(seq int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.saved = seq
	j.trim()
}

// trim drops what is over the bound; j.mu is held.
func (j *Journal) trim() {
	over := j.entries.length - j.limit
	if j.saves {
		over = min(over, j.saved-j.dropped)
	}
	if j.limit > 0 && over > 0 {
		j.entries.drop(over)
		j.dropped += over
	}
}

// Start is the moment that all Entry.At are measured from.
func (j *Journal) Start() time.Time { return j.start }

// Observe has f called with each entry after it was appended, in order, outside the journal's lock; it must be set before the first Append and must not block.
func (j *Journal) Observe(f func(Entry)) { j.observer = f }

// Filter has f change each entry before it is appended, to take out what must not be kept; it must be set before the first Append.
func (j *Journal) Filter(f func(Entry) Entry) { j.filter = f }

// Append adds an entry that happened now and returns it with Seq and At filled in. Data may be given as anything that json.Marshal takes through Payload.
func (j *Journal) Append(e Entry) Entry { return j.add(e, time.Now()) }

// AppendAt adds an entry that was seen by another clock-reader (the page) at the given moment. A moment in the future is an error of clocks between processes
// and is taken as now, so that nothing is ever recorded as later than its arrival.
func (j *Journal) AppendAt(e Entry, at time.Time) Entry {
	if now := time.Now(); at.After(now) {
		at = now
	}
	return j.add(e, at)
}

// add adds an entry that happened at a moment that is not in the future.
func (j *Journal) add(e Entry, at time.Time) Entry {
	if j.filter != nil {
		e = j.filter(e)
	}
	j.mu.Lock()
	e.Seq = j.dropped + j.entries.length + 1
	e.At = max(at.Sub(j.start), 0)
	j.entries.add(e)
	j.trim()
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
	observer := j.observer
	j.mu.Unlock()
	if observer != nil {
		observer(e)
	}
	return e
}

// Payload marshals v for Entry.Data. What cannot be marshalled becomes a JSON string that says so: a journal never loses an entry over its payload.
func Payload(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		raw, _ = json.Marshal("unmarshallable: " + err.Error())
	}
	return raw
}

// Len is the number of entries so far, dropped ones included; as a mark for Since it means "from here on".
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dropped + j.entries.length
}

// First is the Seq of the oldest entry that is kept, or that the next one will get while there is none.
func (j *Journal) First() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dropped + 1
}

// since returns a copy of the kept entries with Seq > mark; j.mu is held.
func (j *Journal) since(mark int) []Entry { return j.entries.from(max(mark-j.dropped, 0)) }

// Since returns a copy of the entries with Seq > mark in the order of arrival.
func (j *Journal) Since(mark int) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.since(mark)
}

// AppendSince adds the entries with Seq > mark to others, for those who ask again and again.
func (j *Journal) AppendSince(fresh []Entry, mark int) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries.appendFrom(fresh, max(mark-j.dropped, 0))
}

// Ordered returns a copy of all entries by the time at which they happened; entries of one moment keep their order of arrival.
func (j *Journal) Ordered() []Entry {
	all := j.Since(0)
	slices.SortStableFunc(all, func(a, b Entry) int { return int(a.At - b.At) })
	return all
}

// Match decides whether an entry is the one that is looked for.
type Match func(Entry) bool

// Find returns the first entry with Seq > mark that matches.
func (j *Journal) Find(mark int, m Match) (Entry, bool) {
	for _, e := range j.Since(mark) {
		if m(e) {
			return e, true
		}
	}
	return Entry{}, false
}

// All returns the entries with Seq > mark that match, in the order of arrival.
func (j *Journal) All(mark int, m Match) []Entry {
	var found []Entry
	for _, e := range j.Since(mark) {
		if m(e) {
			found = append(found, e)
		}
	}
	return found
}

// Wait returns the first entry with Seq > mark that matches, waiting for it until ctx ends. Its error is the context's.
func (j *Journal) Wait(ctx context.Context, mark int, m Match) (Entry, error) {
	for {
		j.mu.Lock()
		fresh := j.since(mark)
		mark = max(mark, j.dropped+j.entries.length)
		changed := j.next()
		j.mu.Unlock()
		for _, e := range fresh {
			if m(e) {
				return e, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Entry{}, ctx.Err()
		}
	}
}

// Changed is closed at the next append.
func (j *Journal) Changed() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.next()
}

// next is closed at the next append; j.mu is held.
func (j *Journal) next() <-chan struct{} {
	if j.changed == nil {
		j.changed = make(chan struct{})
	}
	return j.changed
}

// WaitUntil returns once done says so; done is asked again after every append. Its error is the context's.
func (j *Journal) WaitUntil(ctx context.Context, done func() bool) error {
	for {
		j.mu.Lock()
		changed := j.next()
		j.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
