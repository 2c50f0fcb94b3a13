// Package faults has faults set, listed and taken away over a control API: rules of a plan, each with how it was asked for.
package faults

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
)

// mostFaults is how many faults may be set at once; mostSpent is how many are remembered after they have played as often as they were to.
const (
	mostFaults = 500
	mostSpent  = 500
)

// Set are the faults of a plan that were asked for over the API, each as it was asked for. It is safe for use by many goroutines. Make one with New.
type Set struct {
	plan  func() *fault.Plan
	check func(fault.Rule) error

	mu    sync.Mutex
	given map[fault.ID]api.NewFault
}

// New makes an empty set. plan is whose rules they become, which nobody else takes away; check says why a rule that makes sense can never be played, as a *fault.FieldError or nil.
func New(plan func() *fault.Plan, check func(fault.Rule) error) *Set {
	return &Set{plan: plan, check: check, given: map[fault.ID]api.NewFault{}}
}

// Given are the faults as they were asked for, by their rules: what is to be remembered beside what the plan remembers.
func (l *Set) Given() map[fault.ID]api.NewFault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.given)
}

// Recall has a set that is still empty be what Given told of another, whose plan has gone on in this one's.
func (l *Set) Recall(given map[fault.ID]api.NewFault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.given = maps.Clone(given)
	if l.given == nil {
		l.given = map[fault.ID]api.NewFault{}
	}
}

// kinds has the kinds that are called otherwise in NewFault than in rules.
var kinds = map[string]fault.Kind{"refuse": fault.Status, "blackhole": fault.Hang, "lose-reply": fault.ResetAfter, "cut": fault.Reset}

// fields are those that a kind has beside kind, operation and when.
var fields = map[string][]string{"refuse": {"status", "title"}, "body": {"status", "contentType", "body"}, "delay": {"for"}}

// fits says which fields do not belong to the kind, or are missing.
func fits(f api.NewFault) error {
	given := map[string]bool{"status": f.Status != 0, "title": f.Title != "", "contentType": f.ContentType != "", "body": f.Body != "", "for": f.For != 0}
	for _, field := range []string{"status", "title", "contentType", "body", "for"} {
		if given[field] && !slices.Contains(fields[f.Kind], field) {
			return api.Refuse(api.Invalid, "%s: a fault of the kind %s has no such field; leave it out", field, f.Kind)
		}
	}
	if f.Kind == "delay" && f.For <= 0 {
		return api.Refuse(api.Invalid, "for: expected how long to delay, such as 5s")
	}
	return nil
}

// ruleOf gives the rule that a fault stands for, with the defaults of what was left out, which it puts in.
func ruleOf(f *api.NewFault) fault.Rule {
	kind, otherwise := kinds[f.Kind]
	if !otherwise {
		kind = fault.Kind(f.Kind)
	}
	switch kind {
	case fault.Status:
		f.Status = cmp.Or(f.Status, http.StatusServiceUnavailable)
	case fault.Body:
		f.Status, f.ContentType = cmp.Or(f.Status, http.StatusOK), cmp.Or(f.ContentType, "text/html")
	default:
	}
	r := fault.Rule{
		Fault: fault.Fault{Kind: kind, Status: f.Status, Title: f.Title, ContentType: f.ContentType, Text: f.Body, For: time.Duration(f.For)},
		Scope: fault.Scope{Operation: f.Operation},
	}
	if when := f.When; when != nil {
		r.Schedule.Next, r.Scope.Conversation = when.Next, when.Conversation
		if when.After > 0 {
			r.Schedule.From = when.After + 1
		}
	}
	return r
}

// Add sets a fault. The error is an *api.Refusal.
func (l *Set) Add(spec api.NewFault) (api.Fault, error) {
	if err := fits(spec); err != nil {
		return api.Fault{}, err
	}
	rule := ruleOf(&spec)
	added, err := l.addRules([]asked{{rule, spec}})
	if err != nil {
		return api.Fault{}, err
	}
	return added[0], nil
}

// AddRules sets rules: all of them before those that are set, in the order given, or none. The error is an *api.Refusal that names the rule by its place in the list, from 0.
func (l *Set) AddRules(rules []fault.Rule) ([]api.Fault, error) {
	var all []asked
	for _, r := range rules {
		all = append(all, asked{r, api.NewFault{Kind: string(r.Fault.Kind), Operation: r.Scope.Operation}})
	}
	return l.addRules(all)
}

// asked is a rule, and how it was asked for.
type asked struct {
	rule  fault.Rule
	given api.NewFault
}

func (l *Set) addRules(all []asked) ([]api.Fault, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if set := len(l.set()); set+len(all) > mostFaults {
		return nil, api.Refuse(api.TooMuch, "there are %d faults already; remove some first", set)
	}
	var rules []fault.Rule
	for i, a := range all {
		if err := l.check(a.rule); err != nil {
			return nil, api.Refuse(api.Invalid, "rules[%d].%s", i, err)
		}
		rules = append(rules, a.rule)
	}
	ids, err := l.plan().AddScript(rules...)
	if wrong, ok := errors.AsType[*fault.FieldError](err); ok {
		return nil, api.Refuse(api.Invalid, "rules%s", wrong)
	}
	if err != nil {
		return nil, err
	}
	for i, a := range all {
		l.given[ids[i]] = a.given
	}
	l.forgetSpent()
	var added []api.Fault
	for _, s := range l.standing() {
		if slices.Contains(ids, s.ID) {
			added = append(added, l.describe(s))
		}
	}
	return added, nil
}

// standing are the rules that were asked for here, in the order in which they are asked; l.mu is held.
func (l *Set) standing() []fault.Standing {
	return slices.DeleteFunc(l.plan().List(), func(s fault.Standing) bool {
		_, ours := l.given[s.ID]
		return !ours
	})
}

// set are those that play again; l.mu is held.
func (l *Set) set() []fault.Standing {
	return slices.DeleteFunc(l.standing(), func(s fault.Standing) bool { return s.Over })
}

// forgetSpent removes the oldest of those that do not play again and hold nothing, as far as there are too many; l.mu is held.
func (l *Set) forgetSpent() {
	spent := slices.DeleteFunc(l.standing(), func(s fault.Standing) bool { return !s.Over || len(s.Parked) > 0 })
	slices.SortFunc(spent, func(a, b fault.Standing) int { return cmp.Compare(a.ID, b.ID) })
	for _, s := range spent[:max(0, len(spent)-mostSpent)] {
		delete(l.given, s.ID)
		_ = l.plan().Remove(s.ID) // It is there: rules of ours are removed under l.mu only.
	}
}

func faultID(id fault.ID) string { return mockdesk.FaultName(id) }

// describe tells of a rule; l.mu is held.
func (l *Set) describe(s fault.Standing) api.Fault {
	d := api.Fault{ID: faultID(s.ID), NewFault: l.given[s.ID], Rule: s.Rule, Played: s.Played, Held: len(s.Parked), Says: says(s.Rule)}
	if next := s.Rule.Schedule.Next; next > 0 {
		d.Left = new(next - s.Played)
	}
	return d
}

// says is the rule in words: those of the fault, and which requests it is for.
func says(r fault.Rule) string {
	when := r.Schedule
	where := r.Scope
	where.Operation, where.Conversation = "", ""
	if where != (fault.Scope{}) || r.Scope.Operation == "" && onSockets(r.Fault.Kind) || when.Only+when.Every > 0 || when.For > 0 || when.UntilReleased {
		return r.String()
	}
	which := "every request"
	if when.Next > 0 {
		which = fmt.Sprintf("the next %d", when.Next)
	}
	if when.From > 1 {
		which += fmt.Sprintf(" after %d", when.From-1)
	}
	if r.Scope.Conversation != "" {
		which += " of conversation " + r.Scope.Conversation
	}
	if r.Scope.Operation != "" {
		which += fmt.Sprintf(" of %q", r.Scope.Operation)
	}
	return fmt.Sprintf("%s, for %s", r.Fault, which)
}

// onSockets is whether a fault can be played on sockets that ask for nothing.
func onSockets(k fault.Kind) bool {
	return slices.ContainsFunc(k.Moments(), func(m fault.Moment) bool { return m == fault.Open || m == fault.Ping || m == fault.Frame })
}

// List is those that are set, and the requests that are held.
func (l *Set) List() api.FaultList {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := api.FaultList{Faults: []api.Fault{}, Held: map[string]int{}}
	for _, s := range l.standing() {
		for _, a := range s.Parked {
			list.Held[a.Operation]++
		}
		if !s.Over {
			list.Faults = append(list.Faults, l.describe(s))
		}
	}
	return list
}

// Get describes one, also one that has played as often as it was to. The error is an *api.Refusal.
func (l *Set) Get(id string) (api.Fault, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.standing() {
		if faultID(s.ID) == id {
			return l.describe(s), nil
		}
	}
	return api.Fault{}, noFault(id)
}

func noFault(id string) error {
	return api.Refuse(api.Unknown, "there is no fault %q; list those that are set", id)
}

// Remove has a fault play no more, and lets the requests go on that it holds. The error is an *api.Refusal.
func (l *Set) Remove(id string) error {
	gone := l.remove(func(s fault.Standing) bool { return faultID(s.ID) == id && (!s.Over || len(s.Parked) > 0) })
	if len(gone.Removed) == 0 {
		return noFault(id)
	}
	return nil
}

// Release lets the requests of an operation go on that faults hold, of all operations if it is empty, and removes the faults that hold such requests.
func (l *Set) Release(operation string) api.Released {
	return l.remove(func(s fault.Standing) bool {
		holds := s.Rule.Fault.Kind == fault.Hold || s.Rule.Fault.Kind == fault.HoldReply
		of := func(a fault.Arrival) bool { return a.Operation == operation }
		return holds && (!s.Over || len(s.Parked) > 0) && (operation == "" || s.Rule.Scope.Operation == operation || slices.ContainsFunc(s.Parked, of))
	})
}

// Clear removes all faults and lets the requests go on that they hold.
func (l *Set) Clear() api.Released {
	return l.remove(func(s fault.Standing) bool { return !s.Over || len(s.Parked) > 0 })
}

// remove takes faults away and lets go on what they hold, in the order of arrival.
func (l *Set) remove(which func(fault.Standing) bool) api.Released {
	gone := api.Released{Removed: []string{}}
	var ids []fault.ID
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.standing() {
		if !which(s) {
			continue
		}
		ids = append(ids, s.ID)
		delete(l.given, s.ID)
		gone.Removed = append(gone.Removed, faultID(s.ID))
		gone.Released += len(s.Parked)
	}
	_ = l.plan().Remove(ids...) // They are there: rules of ours are removed under l.mu only.
	return gone
}
