package standing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/faults"
	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/webhook"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

const (
	// defaultJournal is how many entries are kept if nothing else was said.
	defaultJournal = 20_000
	// mostAdvance is how far time can be advanced at once.
	mostAdvance = 720 * time.Hour
	// mostEmitted is how many calls that were made by hand are remembered.
	mostEmitted = 1000
)

// Shift is an account from one reset to the next. All its methods are safe for use by many goroutines; their errors are *api.Refusal.
type Shift struct {
	desk     *Desk
	journal  *journal.Journal
	clock    *mockdesk.AdvancingClock
	talkdesk *digitalconnect.Talkdesk
	faults   *faults.Set
	// ctx ends with the shift.
	ctx context.Context
	end context.CancelCauseFunc

	mu       sync.Mutex
	advanced time.Duration
	// emitted are the calls that were made by hand, in order.
	emitted []*emitted
	// inactive are touchpoints that take no conversations.
	inactive map[string]bool
}

// open makes a shift.
func (d *Desk) open() (*Shift, error) {
	s := &Shift{desk: d, inactive: map[string]bool{}}
	o := d.options
	s.journal = journal.NewBounded(cmp.Or(o.Journal.Limit, defaultJournal))
	s.journal.Observe(o.Observe)
	// The mock itself leaves the secrets of the account out, whatever is said here.
	if len(o.Journal.Redact) > 0 {
		s.journal.Filter(journal.NewRedactor(o.Journal.Redact...).Redact)
	}
	s.clock = mockdesk.NewAdvancingClock()
	if o.Clock.Mode == api.ManualClock {
		start := time.Now()
		if o.Clock.Start != nil {
			start = *o.Clock.Start
		}
		s.clock = mockdesk.NewManualClock(start)
	}
	for _, t := range o.Account.Touchpoints {
		s.inactive[t.ID] = t.Status != digitalconnect.StatusActive
	}
	var err error
	s.talkdesk, err = digitalconnect.New(digitalconnect.Options{Account: o.Account, Journal: s.journal, Clock: s.clock, Addresses: o.Addresses, Transport: o.Transport})
	if err != nil {
		return nil, &api.Refusal{Kind: api.Invalid, Detail: err.Error(), Err: err}
	}
	s.faults = faults.New(s.talkdesk.Faults, playable)
	s.ctx, s.end = context.WithCancelCause(context.Background())
	return s, nil
}

// close ends the shift for a reason that those are told who wait.
func (s *Shift) close(why error) {
	s.end(why)
	s.talkdesk.Close()
}

// playable says why a rule can never be played on requests of connectors: they open no sockets, and have the operations of Talkdesk.
func playable(r fault.Rule) error {
	ours := []fault.Moment{fault.Upload, fault.Request}
	moments := r.Fault.Kind.Moments()
	if r.Scope.On != "" {
		moments = []fault.Moment{r.Scope.On}
	}
	switch {
	case r.Scope.Tenant != "":
		return cannot("scope.tenant", "there is one tenant, and its rules are for it")
	case !slices.ContainsFunc(moments, func(m fault.Moment) bool { return slices.Contains(ours, m) }):
		return cannot("fault.kind", "%q is played on sockets and pages there, and connectors have neither", string(r.Fault.Kind))
	case r.Scope.Operation != "" && !slices.Contains(digitalconnect.Operations(), r.Scope.Operation):
		return cannot("scope.operation", "expected one of %v, found %q", digitalconnect.Operations(), r.Scope.Operation)
	}
	return nil
}

func cannot(field, format string, args ...any) error {
	return &fault.FieldError{Field: field, Err: fmt.Errorf(format, args...)}
}

// What serving.Source wants: whose journal is read.

// Name is that of the tenant.
func (s *Shift) Name() string { return Default }

// Context ends with the shift; its cause is api.ErrReset or api.ErrStopped.
func (s *Shift) Context() context.Context { return s.ctx }

// Journal is everything that has crossed and was done.
func (s *Shift) Journal() *journal.Journal { return s.journal }

// Entries are those with a Seq above after that are kept.
func (s *Shift) Entries(_ context.Context, after int) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		for _, e := range s.journal.Since(after) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// FirstEntry is the Seq of the oldest that is kept.
func (s *Shift) FirstEntry(context.Context) (int, error) { return s.journal.First(), nil }

// Saved returns at once: nothing is.
func (s *Shift) Saved(context.Context) error { return nil }

// Describe is the shift as a whole.
func (s *Shift) Describe() talkdeskapi.Tenant {
	o := s.desk.options
	t := talkdeskapi.Tenant{
		Name: Default, CreatedAt: s.desk.created, Wire: api.WireAddresses{URL: s.talkdesk.Addresses().API}, Account: o.Account.Name, Faults: len(s.faults.List().Faults), Clock: s.Clock(),
		Journal: api.JournalState{First: s.journal.First(), Last: s.journal.Len(), Limit: cmp.Or(o.Journal.Limit, defaultJournal)},
	}
	for _, c := range s.talkdesk.Conversations() {
		if c.Snapshot().State == digitalconnect.Open {
			t.Conversations.Open++
		} else {
			t.Conversations.Ended++
		}
	}
	if err := s.talkdesk.Err(); err != nil {
		t.Mistake = err.Error()
	}
	return t
}

// Clock is what time it is.
func (s *Shift) Clock() api.Clock {
	s.mu.Lock()
	defer s.mu.Unlock()
	return api.Clock{Now: s.clock.Now(), Mode: cmp.Or(s.desk.options.Clock.Mode, api.RealClock), Advanced: api.Duration(s.advanced)}
}

// Advance lets time pass at once: tokens and links grow old. The execution timeout of webhooks goes by real time.
func (s *Shift) Advance(by time.Duration) (api.Clock, error) {
	if by < 0 || by > mostAdvance {
		return api.Clock{}, api.Refuse(api.Invalid, "by: expected a duration from 0 to 720h, found %s", by)
	}
	s.journal.Append(journal.Entry{Kind: journal.Clock, From: journal.Kit, To: digitalconnect.API, Name: "advance", Note: fmt.Sprintf("Time passes: %s.", by)})
	s.clock.Advance(by)
	s.mu.Lock()
	s.advanced += by
	s.mu.Unlock()
	return s.Clock(), nil
}

// Faults are those that are played on what the connector asks.
func (s *Shift) Faults() *faults.Set { return s.faults }

// refused makes an *api.Refusal of an error of the mock: what it does not say to be unknown or out of time is wrong in itself.
func refused(err error) error {
	if err == nil {
		return nil
	}
	kind := api.Invalid
	switch {
	case errors.Is(err, digitalconnect.ErrClosed), errors.Is(err, webhook.ErrClosed):
		kind = api.Closed
	case errors.Is(err, digitalconnect.ErrUnknown):
		kind = api.Unknown
	case errors.Is(err, digitalconnect.ErrOver), errors.Is(err, digitalconnect.ErrInactive), errors.Is(err, digitalconnect.ErrRefused):
		kind = api.Conflict
	}
	return &api.Refusal{Kind: kind, Detail: err.Error(), Err: err}
}
