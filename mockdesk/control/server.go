// Package control is the API by which a desk standing alone is programmed, watched and broken. openapi.yaml describes what is its own; the server checks what it is sent by that very document.
package control

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/tenant"
)

// mostScript is the largest script, in bytes.
const mostScript = 128 << 10

// DriverPath is where drivers find the desk.
const DriverPath = "/driver"

// Options are what a Server is made with.
type Options struct {
	serving.Access

	// Tenants are the desks.
	Tenants *tenant.Registry
	// Console serves what is neither of the API nor of its health: the console's page. Nil serves nothing.
	Console http.Handler
	// Driver serves what is below DriverPath, for those who carry the token; nil serves nothing there.
	Driver http.Handler
	// Metrics serves the metrics, and is told of the server's; nil makes ones of its own.
	Metrics *Metrics
	// Log receives what happens; nil is silent.
	Log *slog.Logger
	// Version is that of deskcheck.
	Version string
	// Wire says where clients find the default tenant.
	Wire func() api.WireAddresses
}

// Server is the control API as an http.Handler. Make one with New.
type Server struct {
	*serving.Server

	tenants  *tenant.Registry
	metrics  *Metrics
	journals *serving.Journals
	version  string
	started  time.Time
	wire     func() api.WireAddresses
}

// New makes a server. The error is one of the program: the embedded document is none.
func New(o Options) (*Server, error) {
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	s := &Server{tenants: o.Tenants, metrics: o.Metrics, version: o.Version, started: time.Now(), wire: o.Wire}
	s.journals = serving.NewJournals(func(c *serving.Call) (serving.Source, error) { return s.tenants.Get(c.PathValue("tenant")) })
	beside := map[string]http.Handler{}
	if o.Driver != nil {
		beside[DriverPath] = o.Driver
	}
	var err error
	s.Server, err = serving.New(serving.Options{
		Access: o.Access, Document: described, Operations: s.operations(), Console: o.Console, Beside: beside, ProblemOf: notSaved, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	o.Metrics.gauges(s)
	return s, nil
}

// call is a request of an operation, with the tenant that it names.
type call struct {
	*serving.Call

	tenant *tenant.Tenant
}

// handler carries an operation out.
type handler func(*call) (*serving.Answer, error)

// adapt makes a handler one of any API: it finds the tenant, and sees to it that what was done is saved.
func (s *Server) adapt(handle handler) func(*serving.Call) (*serving.Answer, error) {
	return func(plain *serving.Call) (*serving.Answer, error) {
		c := &call{Call: plain}
		if name := c.PathValue("tenant"); strings.Contains(c.Pattern, "{tenant}") {
			var err error
			if c.tenant, err = s.tenants.Get(name); err != nil {
				return nil, err
			}
		}
		done, err := handle(c)
		if err != nil || c.tenant == nil {
			return done, err
		}
		// Nothing that the API has said is missing after the process was killed.
		return done, c.tenant.Saved(c.Context())
	}
}

// notSaved words that the store has failed.
func notSaved(err error) *api.Problem {
	if errors.Is(err, tenant.ErrNotSaved) {
		return serving.Problem(http.StatusInsufficientStorage, "not-saved", "The desk cannot save any more", err.Error())
	}
	return nil
}
