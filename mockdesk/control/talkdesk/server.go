// Package talkdesk is the control API of Talkdesk standing alone. openapi.yaml describes what is its own; the server checks what it is sent by that very document.
package talkdesk

import (
	_ "embed"
	"log/slog"
	"net/http"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/digitalconnect/standing"
)

//go:embed openapi.yaml
var openAPI []byte

// described is the document, which is the same for all servers.
var described = serving.NewDocument(openAPI, serving.Faults)

// Document returns the OpenAPI document of the control API, as YAML. The error is one of the program: the embedded document is none.
func Document() ([]byte, error) { return described.YAML() }

// Options are what a Server is made with.
type Options struct {
	serving.Access

	// Desk is the account.
	Desk *standing.Desk
	// Console serves what is neither of the API nor of its health: the console's page. Nil serves nothing.
	Console http.Handler
	// Metrics serves the metrics, and is told of the server's; nil makes ones of its own.
	Metrics *Metrics
	// Log receives what happens; nil is silent.
	Log *slog.Logger
	// Version is that of deskcheck.
	Version string
}

// Server is the control API as an http.Handler. Make one with New.
type Server struct {
	*serving.Server

	desk     *standing.Desk
	journals *serving.Journals
	metrics  *Metrics
	version  string
	started  time.Time
}

var _ http.Handler = (*Server)(nil)

// New makes a server. The error is one of the program: the embedded document is none.
func New(o Options) (*Server, error) {
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	s := &Server{desk: o.Desk, metrics: o.Metrics, version: o.Version, started: time.Now()}
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
func (s *Server) shift(c *serving.Call) (*standing.Shift, error) {
	return s.desk.Tenant(c.PathValue("tenant"))
}

// contract is what the server plays a part of.
const contract = "digital-connect"

// what is the server itself.
func (s *Server) what(*serving.Call) (*serving.Answer, error) {
	return serving.OK(api.Server{Contract: contract, Version: s.version, StartedAt: s.started, Wire: s.desk.Shift().Describe().Wire})
}
