package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"deskcheck"
	"deskcheck/mockdesk/console"
	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/standalone"
)

// contractTalkdesk is the one of connectors.
const contractTalkdesk = "digital-connect"

// talkdeskConfig is what the flags say. The file is the account, and nothing else.
func (f deskFlags) talkdeskConfig() (standalone.TalkdeskConfig, error) {
	var c standalone.TalkdeskConfig
	for flag, given := range map[string]bool{"--store": f.store != "", "--driver": f.driver, "--base": f.base != ""} {
		if given {
			return c, &deskcheck.UserError{Err: fmt.Errorf("%s is not for Talkdesk", flag), Fix: "leave it out: Talkdesk is held in memory, and served at the root"}
		}
	}
	switch {
	case f.certificate != "" && f.proxy == "":
		return c, &deskcheck.UserError{Err: errors.New("--certificate-out is for --proxy: base URLs are served over plain HTTP"), Fix: "leave it out, or add --proxy"}
	case f.proxy != "" && f.demo:
		return c, &deskcheck.UserError{Err: errors.New("--demo and --proxy do not go together"), Fix: "leave one of them out"}
	case f.config == "" && f.contract == "":
		return c, &deskcheck.UserError{Err: errors.New(defaultDeskConfig + " says nothing of Talkdesk"), Fix: "use --contract " + contractTalkdesk + ", and name an account file with -c"}
	}
	if err := f.mayWriteCertificate(); err != nil {
		return c, err
	}
	f.override(&c.Listen, &c.Control)
	c.Account, c.Proxy = f.config, f.proxy
	return c, nil
}

// serveTalkdesk serves Talkdesk until it is told to stop.
func (p *program) serveTalkdesk(ctx context.Context, f deskFlags, log *slog.Logger) error {
	config, err := f.talkdeskConfig()
	if err != nil {
		return err
	}
	page, err := console.Handler(console.Options{Page: console.Talkdesk})
	if err != nil {
		return err
	}
	var beside *connectorBeside
	if f.demo {
		beside = &connectorBeside{log: log}
		defer beside.close()
		config.Beside = beside.start
	}
	running, err := p.startTalkdesk(config, standalone.Options{Environment: p.environment, Log: log, Version: deskcheck.Version(), Console: page})
	if err != nil {
		return deskMistake(err)
	}
	_, trust := running.Proxy()
	if err = f.writeCertificate(trust); err == nil {
		p.tellTalkdesk(running, f)
		p.showConnector(beside, running)
	}
	return stay(ctx, running, err)
}

// tellTalkdesk says where things are, and what a connector is to be configured with.
func (p *program) tellTalkdesk(t *standalone.Talkdesk, f deskFlags) {
	a := t.Account()
	for _, remark := range a.Remarks {
		p.sayf("remark: %s", remark)
	}
	lines := [][3]string{{"control", t.ControlURL(), "its document is at /openapi.yaml"}, {"console", t.ControlURL() + "/", "for a browser on this machine"}}
	token, made := t.Token()
	if made {
		lines = append(lines, [3]string{"token", token})
	}
	lines = append(lines, [3]string{"saved", "nowhere", storeNote("")})
	p.deskLines(lines)
	p.printf("\nwhat a connector is configured with:\n")
	p.deskLines(p.connectorSettings(t, a, f))
	p.tellVerbs(t)
}

// connectorSettings are what a connector is configured with, a line each.
func (p *program) connectorSettings(t *standalone.Talkdesk, a talkdeskapi.Account, f deskFlags) [][3]string {
	secret, hint := t.Secret(), "nobody's: the account is there without a file"
	if secret == "" {
		secret, hint = "as in "+f.config, "it is told nobody else" //nolint:gosec // A hint at where it stands.
	}
	if !a.Clients[0].Secret {
		secret, hint = "none", "the client signs with the key "+strings.Join(a.Clients[0].Keys, ", ")
	}
	lines := [][3]string{{"account", a.Account}, {"region", a.Region}, {"client", a.Clients[0].ID}, {"secret", secret, hint}}
	for _, one := range a.Touchpoints {
		state := one.Name
		if !one.Active {
			state = strings.TrimSpace(state + " (inactive)")
		}
		lines = append(lines, [3]string{"touch", one.ID, state})
	}
	lines = append(lines, [3]string{"identity", a.IdentityURL, "in place of its real name"}, [3]string{"api", a.APIURL, "the same"})
	if address, _ := t.Proxy(); address != "" {
		lines[len(lines)-2][2], lines[len(lines)-1][2] = "by the proxy", "the same"
		lines = append(lines, [3]string{"proxy", address, "HTTPS_PROXY; SSL_CERT_FILE is what --certificate-out writes"})
	}
	for _, i := range a.Integrations {
		lines = append(lines, [3]string{"webhook", i.BasePath, "what Talkdesk calls, with the authentication " + i.Auth})
	}
	return lines
}

// deskLines says where several things are, in columns.
func (p *program) deskLines(lines [][3]string) {
	width := 0
	for _, line := range lines {
		width = max(width, len(line[1]))
	}
	for _, line := range lines {
		p.deskLine(line[0], fmt.Sprintf("%-*s", width+2, line[1]), line[2])
	}
}
