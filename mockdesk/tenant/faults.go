package tenant

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
)

// mostFaults is how many faults may be set at once; mostSpent is how many are remembered after they have played as often as they were to.
const (
	mostFaults = 500
	mostSpent  = 500
)

// faults is what a tenant's desk does wrong on purpose. The desk asks it while it is locked, so it calls no desk.
type faults struct {
	played  func(kind string, op mockdesk.Operation)
	journal *journal.Journal

	mu     sync.Mutex
	serial int
	set    []*fault
	spent  []*fault
}

type fault struct {
	id       string
	spec     api.NewFault
	reaction mockdesk.Reaction
	// passed is how many requests were let pass before it begins, plays how often it was played.
	passed, plays int
}

func newFaults(played func(string, mockdesk.Operation)) *faults { return &faults{played: played} }

// reactions make the reaction of a fault, by kind, with the defaults of what was left out.
var reactions = map[string]func(f *api.NewFault) mockdesk.Reaction{
	"accept":     func(*api.NewFault) mockdesk.Reaction { return mockdesk.Accept() },
	"hold":       func(*api.NewFault) mockdesk.Reaction { return mockdesk.Hold() },
	"hold-reply": func(*api.NewFault) mockdesk.Reaction { return mockdesk.HoldReply() },
	"blackhole":  func(*api.NewFault) mockdesk.Reaction { return mockdesk.Blackhole() },
	"lose-reply": func(*api.NewFault) mockdesk.Reaction { return mockdesk.LoseReply() },
	"cut":        func(*api.NewFault) mockdesk.Reaction { return mockdesk.Cut() },
	"refuse": func(f *api.NewFault) mockdesk.Reaction {
		f.Status = orElse(f.Status, http.StatusServiceUnavailable)
		f.Title = orElse(f.Title, http.StatusText(f.Status))
		return mockdesk.Refuse(f.Status, f.Title)
	},
	"body": func(f *api.NewFault) mockdesk.Reaction {
		f.Status, f.ContentType = orElse(f.Status, http.StatusOK), orElse(f.ContentType, "text/html")
		return mockdesk.Body(f.Status, f.ContentType, f.Body)
	},
	"delay": func(f *api.NewFault) mockdesk.Reaction { return mockdesk.Delay(time.Duration(f.For)) },
}

// fields are those that a kind has beside kind, operation and when.
var fields = map[string][]string{"refuse": {"status", "title"}, "body": {"status", "contentType", "body"}, "delay": {"for"}}

func orElse[T comparable](value, other T) T {
	var zero T
	if value == zero {
		return other
	}
	return value
}

// check says which fields do not belong to the kind, or are missing.
func check(f api.NewFault) error {
	given := map[string]bool{"status": f.Status != 0, "title": f.Title != "", "contentType": f.ContentType != "", "body": f.Body != "", "for": f.For != 0}
	for _, field := range []string{"status", "title", "contentType", "body", "for"} {
		if given[field] && !slices.Contains(fields[f.Kind], field) {
			return refuse(Invalid, "%s: a fault of the kind %s has no such field; leave it out", field, f.Kind)
		}
	}
	if f.Kind == "delay" && f.For <= 0 {
		return refuse(Invalid, "for: expected how long to delay, such as 5s")
	}
	if reactions[f.Kind] == nil {
		return refuse(Invalid, "kind: there is no fault of the kind %q", f.Kind)
	}
	return nil
}

// AddFault sets a fault. The error is a *Refusal.
func (t *Tenant) AddFault(spec api.NewFault) (api.Fault, error) {
	if err := check(spec); err != nil {
		return api.Fault{}, err
	}
	l := t.faults
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.set) >= mostFaults {
		return api.Fault{}, refuse(TooMuch, "there are %d faults already; remove some first", len(l.set))
	}
	l.serial++
	f := &fault{id: "f" + strconv.Itoa(l.serial), reaction: reactions[spec.Kind](&spec), spec: spec}
	l.set = append(l.set, f)
	return f.describe(), nil
}

// decide is asked by the desk for every request. What counts comes first, then what always holds, each in the order in which they were added.
func (l *faults) decide(op mockdesk.Operation, conversation string) (mockdesk.Reaction, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	chosen := -1
	for i, f := range l.set {
		if !f.concerns(op, conversation) {
			continue
		}
		if when := f.spec.When; when != nil && f.passed < when.After {
			f.passed++
			continue
		}
		if chosen < 0 || f.counts() && !l.set[chosen].counts() {
			chosen = i
		}
	}
	if chosen < 0 {
		return mockdesk.Reaction{}, false
	}
	f := l.set[chosen]
	f.plays++
	if f.counts() && f.plays == f.spec.When.Next {
		l.set = slices.Delete(l.set, chosen, chosen+1)
		l.spent = append(l.spent, f)
		l.spent = l.spent[max(0, len(l.spent)-mostSpent):]
	}
	l.played(f.spec.Kind, op)
	l.journal.Append(journal.Entry{
		Kind: journal.Act, From: journal.Desk, To: journal.Desk, Name: "fault.played", Conversation: conversation, Note: "On purpose: " + f.says() + ".",
		Data: journal.Payload(map[string]string{"fault": f.id, "kind": f.spec.Kind, "operation": string(op)}),
	})
	return f.reaction, true
}

func (f *fault) concerns(op mockdesk.Operation, conversation string) bool {
	return f.spec.Operation == string(op) && (f.spec.When == nil || f.spec.When.Conversation == "" || f.spec.When.Conversation == conversation)
}

// counts says whether the fault ends by itself.
func (f *fault) counts() bool { return f.spec.When != nil && f.spec.When.Next > 0 }

func (f *fault) describe() api.Fault {
	d := api.Fault{ID: f.id, NewFault: f.spec, Played: f.plays, Says: f.says()}
	if f.counts() {
		d.Left = new(f.spec.When.Next - f.plays)
	}
	return d
}

// says is the fault in words.
func (f *fault) says() string {
	what := map[string]string{
		"accept": "let it pass", "hold": "hold it before it has an effect", "hold-reply": "hold the answer", "blackhole": "never answer", "lose-reply": "do it and reset the connection", "cut": "reset the connection",
		"refuse": fmt.Sprintf("answer %d", f.spec.Status), "body": fmt.Sprintf("answer %d with %s", f.spec.Status, f.spec.ContentType), "delay": "wait " + time.Duration(f.spec.For).String(),
	}[f.spec.Kind]
	which := "every request"
	if when := f.spec.When; when != nil {
		if when.Next > 0 {
			which = fmt.Sprintf("the next %d", when.Next)
		}
		if when.After > 0 {
			which += fmt.Sprintf(" after %d", when.After)
		}
		if when.Conversation != "" {
			which += " of conversation " + when.Conversation
		}
	}
	return fmt.Sprintf("%s, for %s of %q", what, which, f.spec.Operation)
}

// Faults are those that are set, and the requests that are held.
func (t *Tenant) Faults() api.FaultList {
	list := api.FaultList{Faults: []api.Fault{}, Held: map[string]int{}}
	for _, op := range mockdesk.Operations() {
		if n := t.desk.Held(op); n > 0 {
			list.Held[string(op)] = n
		}
	}
	t.faults.mu.Lock()
	defer t.faults.mu.Unlock()
	for _, counted := range []bool{true, false} {
		for _, f := range t.faults.set {
			if f.counts() == counted {
				list.Faults = append(list.Faults, f.describe())
			}
		}
	}
	return list
}

// Fault describes one, also one that has played as often as it was to. The error is a *Refusal.
func (t *Tenant) Fault(id string) (api.Fault, error) {
	t.faults.mu.Lock()
	defer t.faults.mu.Unlock()
	for _, f := range slices.Concat(t.faults.set, t.faults.spent) {
		if f.id == id {
			return f.describe(), nil
		}
	}
	return api.Fault{}, noFault(id)
}

func noFault(id string) error {
	return refuse(Unknown, "there is no fault %q; list those that are set", id)
}

// RemoveFault has a fault play no more. The error is a *Refusal.
func (t *Tenant) RemoveFault(id string) error {
	if len(t.faults.remove(func(f *fault) bool { return f.id == id })) == 0 {
		return noFault(id)
	}
	return nil
}

// remove takes faults away and returns their ids.
func (l *faults) remove(which func(*fault) bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	removed := []string{}
	l.set = slices.DeleteFunc(l.set, func(f *fault) bool {
		if !which(f) {
			return false
		}
		removed = append(removed, f.id)
		return true
	})
	return removed
}

// ReleaseFaults lets the requests of an operation go on that faults hold, of all operations if it is empty, and removes the faults that hold such requests.
func (t *Tenant) ReleaseFaults(operation string) api.Released {
	removed := t.faults.remove(func(f *fault) bool {
		holds := f.spec.Kind == "hold" || f.spec.Kind == "hold-reply"
		return holds && (operation == "" || f.spec.Operation == operation)
	})
	return api.Released{Released: t.release(operation), Removed: removed}
}

// ClearFaults removes all faults and lets the requests go on that they hold.
func (t *Tenant) ClearFaults() api.Released {
	removed := t.faults.remove(func(*fault) bool { return true })
	return api.Released{Released: t.release(""), Removed: removed}
}

// release lets held requests go on and returns how many.
func (t *Tenant) release(operation string) int {
	released := 0
	for _, op := range mockdesk.Operations() {
		if operation == "" || string(op) == operation {
			released += t.desk.Release(op)
		}
	}
	return released
}
