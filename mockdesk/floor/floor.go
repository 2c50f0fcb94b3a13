// Package floor is an Agent Manager standing alone: its people, its customers, its clock and its journal, made again whenever it is reset. Everything is held in memory.
package floor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/managerapi"
	"deskcheck/mockdesk/journal"
)

// Default is the name of the floor as a tenant: there is one at a server.
const Default = "default"

// Config is what a floor is made with; the zero value has two agents, their supervisor, a queue and a list.
type Config struct {
	// Base is the path below which desks find the login and the sockets, such as /agent-manager; empty for the root.
	Base string
	// Dialect is the variant of the contract, empty for cx-2024; Switches change what the manager of the dialect does.
	Dialect  agentmanager.Dialect
	Switches func(*agentmanager.Switches)
	// Timing is how long things take; 0 leaves it to the manager.
	Timing managerapi.Timing
	// Clock and Journal are how time passes, and how the journal is kept.
	Clock   api.NewClock
	Journal api.JournalSettings
	// Domains and Channels are the kinds of work, and what customers come by; none leaves them to the manager.
	Domains  []managerapi.Domain
	Channels []managerapi.Channel
	// Agents, Queues and Lists are there from the start; nil has those of DefaultAgents, a queue sales and a list callbacks.
	Agents []managerapi.NewAgent
	Queues []managerapi.NewQueue
	Lists  []managerapi.NewList
	// Demo has a customer come whenever an agent is ready and has nothing to do.
	Demo bool
}

// DefaultAgents are two agents of a team and their supervisor.
func DefaultAgents() []managerapi.NewAgent {
	return []managerapi.NewAgent{
		{Username: "amy", Password: "amy-secret", FirstName: "Amy", LastName: "Adams", Team: "team-one"},
		{Username: "ben", Password: "ben-secret", FirstName: "Ben", LastName: "Brown", Team: "team-one"},
		{Username: "sue", Password: "sue-secret", FirstName: "Sue", LastName: "Shaw", Supervises: []string{"team-one"}},
	}
}

// defaults fills in what was left out.
func (c Config) defaults() Config {
	if c.Agents == nil {
		c.Agents = DefaultAgents()
	}
	if c.Queues == nil {
		c.Queues = []managerapi.NewQueue{{Name: "sales"}}
	}
	if c.Lists == nil {
		c.Lists = []managerapi.NewList{{Name: "callbacks", Description: "Customers who are to be called back"}}
	}
	return c
}

// Options are what the program around a floor gives it.
type Options struct {
	// Observe is called with each entry of the journal; it must not block, nor call the floor. Nil is not called.
	Observe func(journal.Entry)
	// Address says where desks find the floor; nil says nothing.
	Address func() api.WireAddresses
	// Log receives what happens; nil is silent.
	Log *slog.Logger
}

// Floor is the manager for as long as it runs, through all its resets. It is an http.Handler for the origin that desks sign in at. Make one with New, and Close it.
type Floor struct {
	config  Config
	options Options
	created time.Time

	mu  sync.RWMutex
	now *Shift
}

var _ http.Handler = (*Floor)(nil)

// New makes a floor. The error is an *api.Refusal: something in the configuration does not fit.
func New(c Config, o Options) (*Floor, error) {
	if o.Observe == nil {
		o.Observe = func(journal.Entry) {}
	}
	if o.Address == nil {
		o.Address = func() api.WireAddresses { return api.WireAddresses{} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f := &Floor{config: c.defaults(), options: o, created: time.Now()}
	var err error
	if f.now, err = f.begin(); err != nil {
		return nil, err
	}
	return f, nil
}

// Config is what the floor was made with, with what was left out.
func (f *Floor) Config() Config { return f.config }

// Shift is what goes on now: it lasts until the next reset.
func (f *Floor) Shift() *Shift {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.now
}

// Tenant is the shift as a tenant of that name. The error is an *api.Refusal.
func (f *Floor) Tenant(name string) (*Shift, error) {
	if name != Default {
		return nil, api.Refuse(api.Unknown, "there is no tenant %q: an agent manager has one, called %s", name, Default)
	}
	return f.Shift(), nil
}

// Reset begins anew: sockets are closed, and people, queues and lists are again as they were at the start. The error is an *api.Refusal.
func (f *Floor) Reset() (*Shift, error) {
	next, err := f.begin()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	before := f.now
	over := errors.Is(context.Cause(before.ctx), api.ErrStopped)
	if !over {
		f.now = next
	}
	f.mu.Unlock()
	if over {
		next.close(api.ErrStopped)
		return nil, api.Refuse(api.Closed, "the agent manager has ended")
	}
	before.close(api.ErrReset)
	f.options.Log.Info("the agent manager has begun anew")
	return next, nil
}

// Close ends all sockets and waits until nothing of the floor is left running.
func (f *Floor) Close() { f.Shift().close(api.ErrStopped) }

// ServeHTTP serves desks.
func (f *Floor) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.Shift().server.ServeHTTP(w, r) }

// begin makes a shift.
func (f *Floor) begin() (*Shift, error) {
	s, err := f.open()
	if err != nil {
		return nil, err
	}
	if err := s.furnish(); err != nil {
		s.close(api.ErrStopped)
		return nil, err
	}
	if f.config.Demo {
		s.play(&demo{shift: s})
	}
	return s, nil
}

// furnish adds those who are there from the start.
func (s *Shift) furnish() error {
	c := s.floor.config
	for i, a := range c.Agents {
		if _, err := s.AddAgent(a); err != nil {
			return fmt.Errorf("agents[%d]: %w", i, err)
		}
	}
	for i, q := range c.Queues {
		if _, err := s.AddQueue(q); err != nil {
			return fmt.Errorf("queues[%d]: %w", i, err)
		}
	}
	for i, l := range c.Lists {
		if _, err := s.AddList(l); err != nil {
			return fmt.Errorf("lists[%d]: %w", i, err)
		}
	}
	return nil
}
