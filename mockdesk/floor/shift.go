package floor

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
	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/managerapi"
	"deskcheck/mockdesk/journal"
)

const (
	// defaultJournal is how many entries are kept if nothing else was said.
	defaultJournal = 20_000
	// mostAdvance is how far time can be advanced at once.
	mostAdvance = 720 * time.Hour
	// mostAgents, mostPlaces and mostConversations are how many people, queues and lists each, and conversations there may be.
	mostAgents        = 1000
	mostPlaces        = 200
	mostConversations = 10_000
)

// Shift is a floor from one reset to the next. All its methods are safe for use by many goroutines; their errors are *api.Refusal.
type Shift struct {
	floor   *Floor
	journal *journal.Journal
	clock   *mockdesk.AdvancingClock
	manager *agentmanager.Manager
	server  *agentmanager.Server
	// ctx ends with the shift.
	ctx context.Context
	end context.CancelCauseFunc

	mu sync.Mutex
	// customers are all so far, in the order in which they came; conversations are theirs, the newest of each.
	customers     []*agentmanager.Customer
	conversations map[*agentmanager.Customer]*agentmanager.Conversation
	advanced      time.Duration
}

// open makes a shift in which nobody is.
func (f *Floor) open() (*Shift, error) {
	s := &Shift{floor: f, conversations: map[*agentmanager.Customer]*agentmanager.Conversation{}}
	s.ctx, s.end = context.WithCancelCause(context.Background())
	c := f.config
	s.journal = journal.NewBounded(cmp.Or(c.Journal.Limit, defaultJournal))
	s.journal.Observe(f.options.Observe)
	if !c.Journal.Plain {
		s.journal.Filter(journal.NewRedactor(c.Journal.Redact...).Redact)
	}
	s.clock = mockdesk.NewAdvancingClock()
	if c.Clock.Mode == api.ManualClock {
		start := time.Now()
		if c.Clock.Start != nil {
			start = *c.Clock.Start
		}
		s.clock = mockdesk.NewManualClock(start)
	}
	options := agentmanager.Options{
		Journal: s.journal, Clock: s.clock, Dialect: c.Dialect, Timing: timingOf(c.Timing),
		Mistake: func(err error) {
			f.options.Log.Error("the agent manager has made a mistake; please report it", "err", err)
		},
	}
	if c.Switches != nil {
		switches := agentmanager.SwitchesOf(cmp.Or(c.Dialect, agentmanager.CX2024))
		c.Switches(&switches)
		options.Switches = &switches
	}
	for _, d := range c.Domains {
		options.Domains = append(options.Domains, agentmanager.Domain(d))
	}
	for _, one := range c.Channels {
		if !slices.ContainsFunc(c.Domains, func(d managerapi.Domain) bool { return d.ID == one.Domain }) {
			return nil, api.Refuse(api.Invalid, "channel %s: there is no domain %q; list it among the domains", one.Name, one.Domain)
		}
		options.Channels = append(options.Channels, agentmanager.ChannelType{ID: "channel-" + one.Name, Name: one.Name, Interactive: true, Domain: one.Domain})
	}
	var err error
	if s.manager, err = agentmanager.New(options); err != nil {
		return nil, api.Refuse(api.Invalid, "%s", err)
	}
	s.server = agentmanager.NewServer(s.manager, agentmanager.ServerOptions{Base: c.Base})
	return s, nil
}

func timingOf(t managerapi.Timing) agentmanager.Timing {
	return agentmanager.Timing{RONA: time.Duration(t.RONA), TTL: time.Duration(t.TTL), WrapUp: time.Duration(t.WrapUp), Away: time.Duration(t.Away), Goodbye: time.Duration(t.Goodbye)}
}

// close ends the shift for a reason that those are told who wait.
func (s *Shift) close(why error) {
	s.end(why)
	s.server.Close()
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
func (s *Shift) Describe() managerapi.Tenant {
	o := s.manager.Options()
	t := managerapi.Tenant{
		Name: Default, CreatedAt: s.floor.created, Wire: s.floor.options.Address(), Dialect: string(o.Dialect),
		Timing:  managerapi.Timing{RONA: api.Duration(o.Timing.RONA), TTL: api.Duration(o.Timing.TTL), WrapUp: api.Duration(o.Timing.WrapUp), Away: api.Duration(o.Timing.Away), Goodbye: api.Duration(o.Timing.Goodbye)},
		Journal: api.JournalState{First: s.journal.First(), Last: s.journal.Len(), Limit: cmp.Or(s.floor.config.Journal.Limit, defaultJournal)}, Clock: s.Clock(),
	}
	for _, a := range s.manager.Agents() {
		t.Agents++
		if a.Snapshot().Connected {
			t.Connected++
		}
	}
	for _, c := range s.manager.Conversations() {
		if c.Stage() == agentmanager.StageClosed {
			t.Conversations.Closed++
		} else {
			t.Conversations.Open++
		}
	}
	return t
}

// Clock is what time it is.
func (s *Shift) Clock() api.Clock {
	s.mu.Lock()
	defer s.mu.Unlock()
	return api.Clock{Now: s.clock.Now(), Mode: cmp.Or(s.floor.config.Clock.Mode, api.RealClock), Advanced: api.Duration(s.advanced)}
}

// Advance lets time pass at once.
func (s *Shift) Advance(by time.Duration) (api.Clock, error) {
	if by < 0 || by > mostAdvance {
		return api.Clock{}, api.Refuse(api.Invalid, "by: expected a duration from 0 to 720h, found %s", by)
	}
	s.journal.Append(journal.Entry{Kind: journal.Clock, From: journal.Kit, To: agentmanager.PartyManager, Name: "advance", Note: fmt.Sprintf("Time passes: %s.", by)})
	s.clock.Advance(by)
	s.mu.Lock()
	s.advanced += by
	s.mu.Unlock()
	return s.Clock(), nil
}

// errNotOver keeps a customer from beginning a conversation beside another.
var errNotOver = errors.New("it goes on; have the customer leave it first")

// refused makes an *api.Refusal of an error of the manager: what it does not say to be out of time is wrong in itself.
func refused(err error) error {
	if err == nil {
		return nil
	}
	if _, told := errors.AsType[*api.Refusal](err); told {
		return err
	}
	kind := api.Invalid
	switch {
	case errors.Is(err, agentmanager.ErrClosed):
		kind = api.Closed
	case errors.Is(err, agentmanager.ErrOver), errors.Is(err, agentmanager.ErrAway), errors.Is(err, errNotOver):
		kind = api.Conflict
	}
	return &api.Refusal{Kind: kind, Detail: err.Error(), Err: err}
}
