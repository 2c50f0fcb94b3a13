package tenant

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/faults"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

const (
	// defaultJournal is how many entries a journal keeps if nothing else was said.
	defaultJournal = 20000
	// mostAdvance is how much time can be let pass at once: what recurs on the clock is called as often as it would have been.
	mostAdvance = 720 * time.Hour
	// shortestPrefix is how much of a conversation's id must be given.
	shortestPrefix = 4
)

// Tenant is a desk of its own. All its methods are safe for use by many goroutines.
type Tenant struct {
	spec     api.NewTenant
	registry *Registry
	created  time.Time
	desk     *mockdesk.Desk
	journal  *journal.Journal
	limit    int
	clock    *mockdesk.AdvancingClock
	faults   *faults.Set
	// began is what its clock showed at first, keeps how many entries of the journal are kept in the store.
	began time.Time
	keeps int
	// keeper saves the tenant, nil if nothing does. stepping is held for reading while a script takes a step and notes that it has, and for writing while what is to be saved is
	// gathered: a script that goes on after the process ended neither repeats a step nor leaves one out.
	keeper   *keeper
	stepping sync.RWMutex
	// ctx ends when the tenant does, with the reason as its cause. work counts its goroutines.
	ctx  context.Context
	end  context.CancelCauseFunc
	work sync.WaitGroup
	// ending says that it is being dropped or reset; Registry.mu guards it.
	ending bool

	mu      sync.Mutex
	agents  []*agent
	mode    api.AvailabilityMode
	modes   map[string]api.AvailabilityMode
	queues  []string
	uploads api.UploadSettings
	// wire is the text of the wire file that the desk speaks by now.
	wire     string
	scripts  map[string]*script
	advanced time.Duration
	// stored is how many bytes of files the agents have sent.
	stored int64
	// seen is how many conversations the scripts have looked at, players those that are played; played is closed whenever either has gone on, nil while nobody waits for it.
	seen    int
	players map[*player]struct{}
	played  chan struct{}
	// settling says that somebody waits for played; it is changed with mu and read without. Whoever waits sets it first, and then looks how far the players are.
	settling atomic.Bool
	// audience has a lock of its own.
	audience *audience
}

// open makes a tenant that no one can find yet, or makes one again that was saved; begin has it live.
func (r *Registry) open(spec api.NewTenant, before *saved) (*Tenant, error) {
	spec.Availability = cmp.Or(spec.Availability, api.ByAgents)
	t := &Tenant{
		spec: spec, registry: r, created: time.Now(), limit: cmp.Or(spec.Journal.Limit, defaultJournal), keeps: cmp.Or(spec.Journal.Limit, r.options.Entries),
		modes: map[string]api.AvailabilityMode{}, queues: slices.Clone(spec.Queues), scripts: map[string]*script{}, players: map[*player]struct{}{}, audience: newAudience(),
	}
	t.faults = faults.New(func() *fault.Plan { return t.desk.Faults() }, func(rule fault.Rule) error { return t.desk.CheckRule(rule) })
	asBefore := before != nil && before.isAsBefore(spec)
	parse := wire.Parse
	if t.wire = spec.Wire; asBefore {
		t.wire, parse = before.Wire, wire.ParseTaken
	}
	spoken, err := compileWire(t.wire, parse)
	if err != nil {
		return nil, err
	}
	t.openJournal()
	if before != nil {
		t.created, t.advanced, t.began = before.Created, before.Advanced, before.Began
		t.journal.Continue(before.Created, before.entry)
	}
	t.openClock()
	t.openDesk(spoken)
	t.ctx, t.end = context.WithCancelCause(context.Background())
	if before != nil {
		err = t.restoreDesk(before)
	}
	switch {
	case err != nil:
	case asBefore:
		err = t.recall(before)
	default:
		err = t.furnish()
	}
	if err != nil {
		t.discard()
		return nil, err
	}
	return t, nil
}

func (t *Tenant) openJournal() {
	r := t.registry
	t.journal = journal.NewBounded(t.limit)
	t.journal.Observe(r.options.Observe)
	if !t.spec.Journal.Plain {
		t.journal.Filter(journal.NewRedactor(t.spec.Journal.Redact...).Redact)
	}
	if r.options.Store == nil {
		return
	}
	t.keeper = newKeeper(r.options.Store)
	t.journal.Continue(t.created, 0)
	t.journal.Observe(func(e journal.Entry) {
		r.options.Observe(e)
		t.keeper.nudge()
	})
}

// openClock makes the clock, and lets the time pass that was let pass before.
func (t *Tenant) openClock() {
	t.clock = mockdesk.NewAdvancingClock()
	if t.spec.Clock.Mode == api.ManualClock {
		if t.began.IsZero() {
			if t.began = time.Now(); t.spec.Clock.Start != nil {
				t.began = *t.spec.Clock.Start
			}
		}
		t.clock = mockdesk.NewManualClock(t.began)
	}
	t.clock.Advance(t.advanced)
}

func (t *Tenant) openDesk(spoken *wire.Wire) {
	addresses := t.registry.options.Addresses(t.spec.Name)
	o := mockdesk.Options{
		Journal: t.journal, Clock: t.clock, URL: addresses.URL, SocketURL: addresses.SocketURL, Wire: spoken, Played: t.notePlayed, Bounds: t.registry.options.Bounds,
	}
	if t.keeper != nil {
		o.Saving = &mockdesk.Saving{Changed: t.keeper.nudge, Read: t.readBack}
	}
	t.desk = mockdesk.New(o)
}

// restoreDesk has the desk and the faults go on where they were.
func (t *Tenant) restoreDesk(s *saved) error {
	t.keeper.entry, t.keeper.oldest, t.keeper.desk = s.entry, s.oldest, s.desk
	t.faults.Recall(s.Faults)
	return t.desk.Restore(s.desk, s.records, s.media)
}

// begin has the tenant live: it is saved from now on, and its scripts play.
func (t *Tenant) begin() {
	if t.keeper != nil {
		go t.keep()
	}
	t.resume()
	t.work.Go(t.playAll)
	t.work.Go(t.hearAll)
	t.desk.OnTurn(t.hearNow)
}

// furnish puts agents, rules and scripts as the tenant was created with.
func (t *Tenant) furnish() error {
	agents := t.spec.Agents
	if agents == nil {
		agents = []api.NewAgent{{ID: "ada", AgentProfile: api.AgentProfile{Name: "Ada"}}, {ID: "ben", AgentProfile: api.AgentProfile{Name: "Ben"}}}
	}
	for i, a := range agents {
		if slices.ContainsFunc(agents[:i], func(b api.NewAgent) bool { return a.ID == b.ID }) {
			return api.Refuse(api.Invalid, "agents[%d].id: there is an agent %q already", i, a.ID)
		}
		if _, err := t.PutAgent(a.ID, a.AgentProfile); err != nil {
			return err
		}
	}
	t.SetAvailability(api.AvailabilityRule{Mode: t.spec.Availability})
	uploads := api.UploadSettings{UploadRules: api.UploadRules{Allowed: true}}
	if t.spec.Uploads != nil {
		uploads = *t.spec.Uploads
	}
	t.SetUploads(uploads)
	for name, source := range t.spec.Scripts {
		if _, err := t.PutScript(name, source); err != nil {
			return err
		}
	}
	if t.spec.Chaos == nil {
		return nil
	}
	chaos, err := t.StartChaos(*t.spec.Chaos)
	// One that is reset meets the same faults again, also where the seed was made up.
	t.spec.Chaos = chaos.Options
	return err
}

// discard ends a tenant that has not begun.
func (t *Tenant) discard() {
	t.end(api.ErrDropped)
	_ = t.desk.Close() // It is always nil.
}

// close ends the tenant, which has begun, and saves it; cause is what its waits are told.
func (t *Tenant) close(cause error) {
	t.end(cause)
	_ = t.desk.Close() // It is always nil.
	t.work.Wait()
	t.stopPlaying()
	t.stopKeeping()
}

// shutdown ends the tenant as close does, and closes its sockets in order before.
func (t *Tenant) shutdown(ctx context.Context, cause error) {
	t.end(cause)
	_ = t.desk.Shutdown(ctx) // It is always nil.
	t.work.Wait()
	t.stopPlaying()
	t.stopKeeping()
}

// Name is what the tenant is called.
func (t *Tenant) Name() string { return t.spec.Name }

// Context ends when the tenant does; its cause is api.ErrDropped, api.ErrReset or api.ErrStopped.
func (t *Tenant) Context() context.Context { return t.ctx }

// Journal is the tenant's journal.
func (t *Tenant) Journal() *journal.Journal { return t.journal }

// Desk is the tenant's desk, to be looked at; acts go through the tenant.
func (t *Tenant) Desk() *mockdesk.Desk { return t.desk }

// Describe is the tenant as it is now.
func (t *Tenant) Describe() api.Tenant {
	d := api.Tenant{
		Name: t.spec.Name, CreatedAt: t.created, Wire: t.registry.options.Addresses(t.spec.Name), Availability: t.Availability(), Sockets: t.desk.Sockets(),
		Journal: t.describeJournal(), Faults: len(t.Faults().Faults), Scripts: len(t.Scripts()), Clock: t.Clock(),
	}
	for _, c := range t.desk.Conversations() {
		switch c.State() {
		case mockdesk.Waiting:
			d.Conversations.Waiting++
		case mockdesk.Active:
			d.Conversations.Active++
		case mockdesk.Ended:
			d.Conversations.Ended++
		}
	}
	return d
}

func (t *Tenant) describeJournal() api.JournalState {
	s := api.JournalState{First: t.journal.First(), Last: t.journal.Len(), Limit: t.limit}
	if t.keeper == nil {
		return s
	}
	s.Limit = t.keeps
	if first, err := t.FirstEntry(t.ctx); err == nil {
		s.First = first
	}
	return s
}

// Conversation finds one by its id, by an unambiguous beginning of it, or as @last, the newest, and has it in memory whole. The error is an *api.Refusal, or says why it cannot be read.
func (t *Tenant) Conversation(id string) (*mockdesk.Conversation, error) {
	c, err := t.findConversation(id)
	if err != nil {
		return nil, err
	}
	return c, t.desk.Fetch(c)
}

func (t *Tenant) findConversation(id string) (*mockdesk.Conversation, error) {
	if c := t.desk.Conversation(id); c != nil {
		return c, nil
	}
	all := t.desk.Conversations()
	if id == "@last" {
		if len(all) == 0 {
			return nil, api.Refuse(api.Unknown, "there is no conversation yet; a client opens one over the wire")
		}
		return all[len(all)-1], nil
	}
	var found []string
	var one *mockdesk.Conversation
	if len(id) >= shortestPrefix {
		for _, c := range all {
			if strings.HasPrefix(c.ID(), id) {
				found, one = append(found, c.ID()), c
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, api.Refuse(api.Unknown, "there is no conversation %q; give an id, its first %d characters or more, or @last for the newest%s", id, shortestPrefix, t.forgets())
	case 1:
		return one, nil
	}
	return nil, api.Refuse(api.Conflict, "%d conversations begin with %q, %s and %s among them; give more of the id", len(found), id, found[0], found[1])
}

// forgets says which conversations are not there any more, as the end of a sentence.
func (t *Tenant) forgets() string {
	b := t.registry.options.Bounds
	most := b.Ended
	if t.keeper != nil {
		most = b.Saved
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("; of those that have ended the newest %d are kept", most)
}

// Clock is what time it is.
func (t *Tenant) Clock() api.Clock {
	t.mu.Lock()
	defer t.mu.Unlock()
	mode := t.spec.Clock.Mode
	if mode == "" {
		mode = api.RealClock
	}
	return api.Clock{Now: t.clock.Now(), Mode: mode, Advanced: api.Duration(t.advanced)}
}

// Advance lets time pass at once. Scripts have first done what was due, so that what they wait for counts from the right moment. The error is an *api.Refusal or the context's.
func (t *Tenant) Advance(ctx context.Context, by time.Duration) (api.Clock, error) {
	if by < 0 || by > mostAdvance {
		return api.Clock{}, api.Refuse(api.Invalid, "by: expected a duration from 0 to %s, found %s", "720h", by)
	}
	if err := t.settle(ctx); err != nil {
		return api.Clock{}, err
	}
	t.journal.Append(journal.Entry{Kind: journal.Clock, From: journal.Kit, To: journal.Desk, Name: "advance", Note: fmt.Sprintf("Time passes: %s.", by)})
	t.clock.Advance(by)
	t.mu.Lock()
	t.advanced += by
	t.mu.Unlock()
	return t.Clock(), nil
}

// SetUploads sets the rules that conversations open with.
func (t *Tenant) SetUploads(s api.UploadSettings) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.UploadRules = withDefaults(s.UploadRules)
	if s.Enforce == nil {
		s.Enforce = new(true)
	}
	t.uploads = s
	t.desk.SetUploads(rulesOf(s.UploadRules))
	t.desk.EnforceUploads(*s.Enforce)
	t.desk.CheckUploads(s.Check)
}

// Uploads are the rules that conversations open with.
func (t *Tenant) Uploads() api.UploadSettings {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.uploads
}

func withDefaults(r api.UploadRules) api.UploadRules {
	if r.Multiple == nil {
		r.Multiple = new(true)
	}
	if r.MaxBytes == 0 {
		r.MaxBytes = 64 << 20
	}
	return r
}

func rulesOf(r api.UploadRules) mockdesk.UploadRules {
	r = withDefaults(r)
	return mockdesk.UploadRules{Allowed: r.Allowed, Multiple: *r.Multiple, Types: r.Types, MaxBytes: r.MaxBytes, MaxFiles: r.MaxFiles}
}
