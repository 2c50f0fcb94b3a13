package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"deskcheck"
	"deskcheck/mockdesk/console"
	"deskcheck/mockdesk/standalone"
)

// The contracts of which a part is played.
const (
	contractChat    = "ai-chat"
	contractManager = "agent-manager"
)

// managerConfig reads the file and puts what flags say over it.
func (f deskFlags) managerConfig() (standalone.ManagerConfig, error) {
	var c standalone.ManagerConfig
	if f.proxy != "" {
		return c, noProxy()
	}
	for flag, given := range map[string]bool{"--store": f.store != "", "--driver": f.driver, "--certificate-out": f.certificate != ""} {
		if given {
			return c, &deskcheck.UserError{Err: fmt.Errorf("%s is not for an agent manager", flag), Fix: "leave it out: an agent manager is held in memory, and served over plain HTTP"}
		}
	}
	if path := f.file(); path != "" {
		var err error
		if c, err = standalone.LoadManager(path); err != nil {
			return c, err
		}
	}
	f.override(&c.Listen, &c.Control)
	if f.base != "" {
		c.Base = f.base
	}
	c.Demo = f.demo
	return c, nil
}

// serveManager serves an agent manager until it is told to stop.
func (p *program) serveManager(ctx context.Context, f deskFlags, log *slog.Logger) error {
	config, err := f.managerConfig()
	if err != nil {
		return deskMistake(err)
	}
	page, err := console.Handler(console.Options{Page: console.Manager})
	if err != nil {
		return err
	}
	running, err := p.startManager(config, standalone.Options{Environment: p.environment, Log: log, Version: deskcheck.Version(), Console: page})
	if err != nil {
		return deskMistake(err)
	}
	p.tellManager(running)
	return stay(ctx, running, nil)
}

// tellManager says where things are, and who can sign in.
func (p *program) tellManager(m *standalone.Manager) {
	at := m.Address()
	lines := [][3]string{
		{"desks", at.URL, "the base address, for an agent desk"}, {"login", at.URL + "/agent/login", "POST"}, {"sockets", at.SocketURL, "Socket.IO"},
		{"control", m.ControlURL(), "its document is at /openapi.yaml"}, {"console", m.ControlURL() + "/", "for a browser on this machine"},
	}
	token, made := m.Token()
	if made {
		lines = append(lines, [3]string{"token", token})
	}
	lines = append(lines, [3]string{"saved", "nowhere", storeNote("")})
	p.deskLines(lines)
	p.printf("\n")
	t := p.table("sign in as", "password", "who is")
	for _, a := range m.People() {
		who := strings.TrimSpace(a.FirstName + " " + a.LastName)
		switch {
		case len(a.Supervises) > 0:
			who += ", supervisor of " + strings.Join(a.Supervises, ", ")
		case a.Team != "":
			who += ", of " + a.Team
		}
		t.AppendRow([]any{a.Username, a.Password, who})
	}
	t.Render()
	p.tellVerbs(m)
}

var errNoManager = errors.New("what runs there plays no agent manager")
