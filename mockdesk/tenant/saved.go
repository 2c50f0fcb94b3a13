package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
	theater "deskcheck/mockdesk/script"
	"deskcheck/mockdesk/store"
)

// savedState is the state of a tenant as it is stored: its own, a savedTenant, and that of its desk.
type savedState struct {
	Tenant json.RawMessage `json:"tenant"`
	Desk   json.RawMessage `json:"desk,omitempty"`
}

// savedTenant is what a tenant has beside its desk and its journal.
type savedTenant struct {
	Spec     api.NewTenant                   `json:"spec"`
	Created  time.Time                       `json:"created"`
	Began    time.Time                       `json:"began"`
	Advanced time.Duration                   `json:"advanced,omitempty"`
	Agents   []savedAgent                    `json:"agents"`
	Mode     api.AvailabilityMode            `json:"mode"`
	Modes    map[string]api.AvailabilityMode `json:"modes,omitempty"`
	Queues   []string                        `json:"queues,omitempty"`
	Uploads  api.UploadSettings              `json:"uploads"`
	Wire     string                          `json:"wire,omitempty"`
	Scripts  map[string]string               `json:"scripts,omitempty"`
	Stored   int64                           `json:"stored,omitempty"`
	Faults   map[fault.ID]api.NewFault       `json:"faults,omitempty"`
	// Chaos begins anew with its seed.
	Chaos *fault.ChaosOptions `json:"chaos,omitempty"`
}

// savedAgent is an agent as it is saved.
type savedAgent struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	AvatarURL string   `json:"avatarUrl,omitempty"`
	Online    bool     `json:"online"`
	Queues    []string `json:"queues,omitempty"`
}

// state is the tenant's own state as it is now; scripts wait meanwhile, so that it is not written down here.
func (t *Tenant) state() savedTenant {
	// A desk that closes forgets its chaos before it is saved for the last time.
	if chaos := t.Chaos().Options; t.ctx.Err() == nil {
		t.keeper.chaos = chaos
	}
	given := t.faults.Given()
	t.mu.Lock()
	defer t.mu.Unlock()
	s := savedTenant{
		Spec: t.spec, Created: t.created, Began: t.began, Advanced: t.advanced, Mode: t.mode, Modes: maps.Clone(t.modes), Queues: slices.Clone(t.queues), Uploads: t.uploads, Wire: t.wire, Stored: t.stored,
		Scripts: map[string]string{}, Faults: given, Chaos: t.keeper.chaos,
	}
	for _, a := range t.agents {
		s.Agents = append(s.Agents, savedAgent{a.id, a.name, a.avatarURL, a.online, a.queues})
	}
	for name, one := range t.scripts {
		s.Scripts[name] = one.source
	}
	return s
}

// saved is a tenant as it is read from the store.
type saved struct {
	savedTenant

	desk    json.RawMessage
	records []mockdesk.Record
	media   []mockdesk.SavedMedium
	// entry is the Seq of the last entry of its journal, oldest that of the first that is kept.
	entry, oldest int
}

// read reads a tenant from the store.
func (r *Registry) read(ctx context.Context, name string, state json.RawMessage) (*saved, error) {
	var whole savedState
	s := &saved{}
	if err := json.Unmarshal(state, &whole); err != nil {
		return nil, fmt.Errorf("its state is not as it is saved: %w", err)
	}
	if err := json.Unmarshal(whole.Tenant, &s.savedTenant); err != nil {
		return nil, fmt.Errorf("its state is not as it is saved: %w", err)
	}
	s.desk = whole.Desk
	conversations, err := r.options.Store.Conversations(ctx, name, false)
	if err != nil {
		return nil, err
	}
	for _, c := range conversations {
		record := recordOf(c)
		if !c.Over {
			if record.Events, err = r.events(ctx, name, c.ID); err != nil {
				return nil, err
			}
		}
		s.records = append(s.records, record)
	}
	media, err := r.options.Store.Media(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, m := range media {
		s.media = append(s.media, mockdesk.SavedMedium(m))
	}
	s.oldest, s.entry, err = r.options.Store.Span(ctx, name)
	return s, err
}

func recordOf(c store.Conversation) mockdesk.Record {
	return mockdesk.Record{ID: c.ID, Ordinal: c.Ordinal, Over: c.Over, State: c.State, Note: c.Note}
}

func (r *Registry) events(ctx context.Context, tenant, conversation string) ([]mockdesk.SavedEvent, error) {
	found, err := r.options.Store.Events(ctx, tenant, conversation)
	if err != nil {
		return nil, err
	}
	events := make([]mockdesk.SavedEvent, 0, len(found))
	for _, e := range found {
		events = append(events, mockdesk.SavedEvent{Cursor: e.Cursor, Name: e.Name, Body: e.Body})
	}
	return events, nil
}

// readBack reads one conversation for the desk.
func (t *Tenant) readBack(id string) (mockdesk.Record, error) {
	ctx := context.Background()
	c, there, err := t.keeper.store.Conversation(ctx, t.spec.Name, id)
	if err != nil {
		return mockdesk.Record{}, err
	}
	if !there {
		return mockdesk.Record{}, fmt.Errorf("the desk's file has no conversation %q of the tenant %s", id, t.spec.Name)
	}
	record := recordOf(c)
	record.Events, err = t.registry.events(ctx, t.spec.Name, id)
	return record, err
}

// used is when the tenant was made, or a conversation was opened at it last.
func (s *saved) used() time.Time {
	latest := s.Created
	for _, r := range s.records {
		var opened struct {
			OpenedAt time.Time `json:"openedAt"`
		}
		if json.Unmarshal(r.State, &opened) == nil && opened.OpenedAt.After(latest) {
			latest = opened.OpenedAt
		}
	}
	return latest
}

// isAsBefore says whether a tenant that is to be as the spec says was made so.
func (s *saved) isAsBefore(spec api.NewTenant) bool {
	// Both encode: one was decoded from JSON, the other from YAML of the same shape.
	before, _ := json.Marshal(s.Spec)
	now, _ := json.Marshal(spec)
	return string(before) == string(now)
}

// recall puts agents, rules, scripts and faults as they were when the process ended.
func (t *Tenant) recall(s *saved) error {
	t.mu.Lock()
	t.queues, t.stored = s.Queues, s.Stored
	for _, a := range s.Agents {
		t.agents = append(t.agents, &agent{id: a.ID, name: a.Name, avatarURL: a.AvatarURL, online: a.Online, queues: a.Queues})
	}
	t.mu.Unlock()
	t.SetAvailability(api.AvailabilityRule{Mode: s.Mode, Queues: s.Modes})
	t.SetUploads(s.Uploads)
	if s.Chaos != nil {
		if _, err := t.StartChaos(*s.Chaos); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Scripts)) {
		if _, err := t.putScript(name, s.Scripts[name], theater.ParseTaken); err != nil {
			return err
		}
	}
	return nil
}

// Restore makes the tenants that the store has, and those of the specs that it does not have. A tenant that was made with the same spec is as it was when the process ended. One
// whose spec has changed keeps its conversations, its journal, its clock and its faults, and for the rest is as the spec says now. A tenant that no spec is for is as it was, unless
// nothing was opened at it for longer than the age of Bounds: it is dropped. The error names the tenant, and is an *api.Refusal where its spec is wrong.
func (r *Registry) Restore(ctx context.Context, specs []api.NewTenant) error {
	states := map[string]json.RawMessage{}
	if r.options.Store != nil {
		var err error
		if states, err = r.options.Store.Tenants(ctx); err != nil {
			return err
		}
	}
	for _, spec := range specs {
		if err := checkName("name", spec.Name); err != nil {
			return err
		}
		if err := r.restore(ctx, spec.Name, &spec, states[spec.Name]); err != nil {
			return fmt.Errorf("tenant %s: %w", spec.Name, err)
		}
		delete(states, spec.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(states)) {
		if err := r.restore(ctx, name, nil, states[name]); err != nil {
			return fmt.Errorf("tenant %s: %w", name, err)
		}
	}
	return nil
}

// restore makes one tenant, as it is saved, as a spec says, or both.
func (r *Registry) restore(ctx context.Context, name string, spec *api.NewTenant, state json.RawMessage) error {
	var before *saved
	if state != nil {
		var err error
		if before, err = r.read(ctx, name, state); err != nil {
			return err
		}
		if age := r.options.Bounds.Age; spec == nil && age > 0 && time.Since(before.used()) > age {
			return r.options.Store.Write(name, store.Change{Dropped: true}).Wait(ctx)
		}
		if spec == nil {
			spec = &before.Spec
		}
	}
	t, err := r.open(*spec, before)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.tenants[name] = t
	r.mu.Unlock()
	t.begin()
	return t.Saved(ctx)
}
