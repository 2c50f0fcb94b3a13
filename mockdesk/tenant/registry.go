// Package tenant holds many desks in one process, each isolated from the others: its own conversations, agents, journal, faults, scripts and clock. A test takes one and drops it.
package tenant

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"sync"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/store"
)

// Default is the name of the tenant that is always there; a client finds it at the root of the wire's address.
const Default = "default"

// mostTenants is how many tenants there may be at once.
const mostTenants = 1000

// name is what tenants, agents and scripts may be called: it fits into an address and a host name.
var name = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Options are what a Registry is made with.
type Options struct {
	// Addresses says where clients find the tenant of a name.
	Addresses func(name string) api.WireAddresses
	// Observe is called with every entry of every journal, in its order; it must not block nor call a tenant. Nil does nothing.
	Observe func(journal.Entry)
	// Played is called for every fault that is played, with its kind; it must not block. Nil does nothing.
	Played func(kind string, op mockdesk.Operation)
	// Log receives the seeds of chaos; nil is silent.
	Log *slog.Logger
	// Store is where tenants are saved; nil leaves them in memory only. Whoever opened it closes it, after the registry.
	Store *store.Store
	// Bounds are how much of conversations that have ended a tenant keeps, Entries how many entries of its journal are kept in the store unless it is made with a number of its own.
	Bounds  mockdesk.Bounds
	Entries int
	// Failed is called when something could not be saved, with an error that wraps ErrNotSaved; it must not block. Nil does nothing.
	Failed func(error)
}

// Registry is all tenants of a process. Make one with NewRegistry, and Close it.
type Registry struct {
	options Options

	mu      sync.Mutex
	tenants map[string]*Tenant
	closed  bool
}

// defaultEntries is how many entries of a journal are kept in a store if nothing else was said.
const defaultEntries = 200_000

// NewRegistry returns one without tenants.
func NewRegistry(o Options) *Registry {
	if o.Observe == nil {
		o.Observe = func(journal.Entry) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Played == nil {
		o.Played = func(string, mockdesk.Operation) {}
	}
	o.Entries = cmp.Or(o.Entries, defaultEntries)
	if o.Failed == nil {
		o.Failed = func(error) {}
	}
	return &Registry{options: o, tenants: map[string]*Tenant{}}
}

// Create makes a tenant, under a generated name if none is given. The error is an *api.Refusal.
func (r *Registry) Create(spec api.NewTenant) (*Tenant, error) {
	if spec.Name == "" {
		spec.Name = generated("t-")
	}
	if err := checkName("name", spec.Name); err != nil {
		return nil, err
	}
	t, err := r.open(spec, nil)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		err = api.Refuse(api.Closed, "the server stops, no tenant can be created any more")
	case r.tenants[spec.Name] != nil:
		err = api.Refuse(api.Conflict, "there is a tenant %q already; drop it first, or leave the name out to have one made up", spec.Name)
	case len(r.tenants) >= mostTenants:
		err = api.Refuse(api.TooMuch, "there are %d tenants already; drop those that are not needed any more", len(r.tenants))
	}
	if err != nil {
		t.discard()
		return nil, err
	}
	r.tenants[spec.Name] = t
	t.begin()
	return t, nil
}

// Get returns the tenant of a name. The error is an *api.Refusal.
func (r *Registry) Get(name string) (*Tenant, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.tenants[name]; t != nil {
		return t, nil
	}
	return nil, api.Refuse(api.Unknown, "there is no tenant %q; create it first, or list those that there are", name)
}

// List returns all tenants by name.
func (r *Registry) List() []*Tenant {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Tenant, 0, len(r.tenants))
	for _, t := range r.tenants {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *Tenant) int { return cmp.Compare(a.Name(), b.Name()) })
	return all
}

// Drop ends a tenant: its connections are closed and its waits end with api.ErrDropped. What was saved of it is gone when it returns. The error is an *api.Refusal, or wraps ErrNotSaved.
func (r *Registry) Drop(name string) error {
	if name == Default {
		return api.Refuse(api.Conflict, "the tenant %q cannot be dropped; reset it", name)
	}
	t, err := r.ending(name)
	if err != nil {
		return err
	}
	t.close(api.ErrDropped)
	err = r.erase(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	// Its name was taken for as long as something of it was left.
	delete(r.tenants, name)
	return err
}

// ending finds a tenant that nobody else has begun to drop or to reset, for the caller to do so.
func (r *Registry) ending(name string) (*Tenant, error) {
	t, err := r.Get(name)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.tenants[name] != t || t.ending {
		return nil, api.Refuse(api.Conflict, "the tenant %q was dropped or reset in the same moment; look again", name)
	}
	t.ending = true
	return t, nil
}

// erase removes what is saved of a tenant, whose keeper has ended.
func (r *Registry) erase(name string) error {
	if r.options.Store == nil {
		return nil
	}
	if err := r.options.Store.Write(name, store.Change{Dropped: true}).Wait(context.Background()); err != nil {
		return fmt.Errorf("%w: %w", ErrNotSaved, err)
	}
	return nil
}

// Reset puts a tenant back as it was created, and returns it. The error is an *api.Refusal, or wraps ErrNotSaved.
func (r *Registry) Reset(name string) (*Tenant, error) {
	old, err := r.ending(name)
	if err != nil {
		return nil, err
	}
	fresh, err := r.open(old.origin(), nil)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		old.ending = false
		return nil, err
	}
	old.close(api.ErrReset)
	err = r.erase(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		fresh.discard()
		return nil, api.Refuse(api.Closed, "the server stops, the tenant %q cannot be reset any more", name)
	}
	r.tenants[name] = fresh
	fresh.begin()
	return fresh, err
}

// Close ends all tenants at once, and refuses to create more.
func (r *Registry) Close() { r.endAll(func(t *Tenant) { t.close(api.ErrStopped) }) }

// Shutdown ends all tenants, and refuses to create more. Their sockets are closed in order, for as long as ctx lasts.
func (r *Registry) Shutdown(ctx context.Context) {
	r.endAll(func(t *Tenant) { t.shutdown(ctx, api.ErrStopped) })
}

func (r *Registry) endAll(end func(*Tenant)) {
	r.mu.Lock()
	r.closed = true
	var closing sync.WaitGroup
	for _, t := range r.tenants {
		if !t.ending {
			closing.Go(func() { end(t) })
		}
	}
	r.tenants = map[string]*Tenant{}
	r.mu.Unlock()
	closing.Wait()
}

// generated is a name that nobody has guessed.
func generated(prefix string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // It never fails.
	return prefix + hex.EncodeToString(random[:])
}

func checkName(field, value string) error {
	if !name.MatchString(value) {
		return api.Refuse(api.Invalid, "%s: expected 1 to 63 characters of a-z, 0-9 and hyphens between them, found %q", field, value)
	}
	return nil
}

// refused makes a Refusal of an error of the desk, with what to do about it.
func refused(err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*api.Refusal](err); known {
		return err
	}
	r := &api.Refusal{Kind: api.Conflict, Detail: err.Error(), Err: err}
	for _, closed := range []error{mockdesk.ErrClosed, context.Canceled} {
		if errors.Is(err, closed) {
			r.Kind = api.Closed
		}
	}
	return r
}
