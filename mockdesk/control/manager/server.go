// Package manager is the control API of an Agent Manager standing alone. openapi.yaml describes what is its own; the server checks what it is sent by that very document.
package manager

import (
	_ "embed"
	"log/slog"
	"net/http"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/floor"
)

//go:embed openapi.yaml
var openAPI []byte

// described is the document, which is the same for all servers.
var described = serving.NewDocument(openAPI)

// Document returns the OpenAPI document of the control API, as YAML. The error is one of the program: the embedded document is none.
func Document() ([]byte, error) { return described.YAML() }

// Options are what a Server is made with.
type Options struct {
	serving.Access

	// Floor is the agent manager.
	Floor *floor.Floor
	// Console serves what is neither of the API nor of its health: the console's page. Nil serves nothing.
	Console http.Handler
	// Metrics serves the metrics, and is told of the server's; nil makes ones of its own.
	Metrics *Metrics
	// Log receives what happens; nil is silent.
	Log *slog.Logger
	// Version is that of deskcheck.
	Version string
	// Wire says where desks find the agent manager.
	Wire func() api.WireAddresses
}

// Server is the control API as an http.Handler. Make one with New.
type Server struct {
	*serving.Server

	floor    *floor.Floor
	journals *serving.Journals
	metrics  *Metrics
	version  string
	started  time.Time
	wire     func() api.WireAddresses
}

// New makes a server. The error is one of the program: the embedded document is none.
func New(o Options) (*Server, error) {
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	s := &Server{floor: o.Floor, metrics: o.Metrics, version: o.Version, started: time.Now(), wire: o.Wire}
	s.journals = serving.NewJournals(func(c *serving.Call) (serving.Source, error) { return s.shift(c) })
	var err error
	s.Server, err = serving.New(serving.Options{Access: o.Access, Document: described, Operations: s.operations(), Console: o.Console, Log: o.Log})
	if err != nil {
		return nil, err
	}
	o.Metrics.gauges(s)
	return s, nil
}

// shift is what a request is about.
func (s *Server) shift(c *serving.Call) (*floor.Shift, error) {
	return s.floor.Tenant(c.PathValue("tenant"))
}

// contract is what the server plays a part of.
const contract = agentmanager.Contract
