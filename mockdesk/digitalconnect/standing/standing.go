// Package standing is Talkdesk standing alone: one account with its clock and its journal, made again whenever it is reset, and what a person does at the agent's side. Everything is held in memory.
package standing

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
)

// Default is the name of the account as a tenant: there is one at a server.
const Default = "default"

// Options are what the program around an account gives it. Only the account is needed.
type Options struct {
	// Account is what was set up. It is not changed.
	Account *digitalconnect.Account
	// Addresses are what the connector calls; what is empty has the real name of the account's region.
	Addresses digitalconnect.Addresses
	// Clock and Journal are how time passes, and how the journal is kept.
	Clock   api.NewClock
	Journal api.JournalSettings
	// Transport carries webhooks; nil is one of each mock's own.
	Transport http.RoundTripper
	// Observe is called with each entry of the journal; it must not block, nor call the account. Nil is not called.
	Observe func(journal.Entry)
	// Log receives what happens; nil is silent.
	Log *slog.Logger
}

// Desk is the account for as long as it runs, through all its resets. It is an http.Handler for identity, API and storage. Make one with New, and Close it.
type Desk struct {
	options Options
	created time.Time

	mu  sync.RWMutex
	now *Shift
}

var _ http.Handler = (*Desk)(nil)

// New begins. The error is an *api.Refusal: something in the options does not fit.
func New(o Options) (*Desk, error) {
	if o.Observe == nil {
		o.Observe = func(journal.Entry) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Desk{options: o, created: time.Now()}
	var err error
	if d.now, err = d.open(); err != nil {
		return nil, err
	}
	return d, nil
}

// Shift is what goes on now: it lasts until the next reset.
func (d *Desk) Shift() *Shift {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.now
}

// Tenant is the shift as a tenant of that name. The error is an *api.Refusal.
func (d *Desk) Tenant(name string) (*Shift, error) {
	if name != Default {
		return nil, api.Refuse(api.Unknown, "there is no tenant %q: Talkdesk has one here, called %s", name, Default)
	}
	return d.Shift(), nil
}

// Reset begins anew: there are no conversations, no tokens and no faults, and touchpoints are as the account has them. The error is an *api.Refusal.
func (d *Desk) Reset() (*Shift, error) {
	next, err := d.open()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	before := d.now
	over := errors.Is(context.Cause(before.ctx), api.ErrStopped)
	if !over {
		d.now = next
	}
	d.mu.Unlock()
	if over {
		next.close(api.ErrStopped)
		return nil, api.Refuse(api.Closed, "Talkdesk has ended here")
	}
	before.close(api.ErrReset)
	d.options.Log.Info("Talkdesk has begun anew")
	return next, nil
}

// Close ends deliveries and connections, and waits until nothing is left running.
func (d *Desk) Close() { d.Shift().close(api.ErrStopped) }

// ServeHTTP serves the connector.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.Shift().talkdesk.ServeHTTP(w, r) }

// Adopt serves a connection that someone else has accepted, and closes it.
func (d *Desk) Adopt(conn net.Conn) { d.Shift().talkdesk.Adopt(conn) }
