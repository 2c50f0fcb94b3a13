package deskcheck

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"deskcheck/fixtures"
	"deskcheck/fixtures/connectors/reference"
	mock "deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/edge"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/browser"
	"deskcheck/steps/connector"
	"deskcheck/steps/digitalconnect"
	"deskcheck/steps/intercept"
)

// digitalConnectStaging finds the connector under test, and how it is run.
func digitalConnectStaging(c Config) (*staging, error) {
	stage, about, err := c.connectorStage("")
	if err != nil {
		return nil, err
	}
	if len(c.Claims) > 0 {
		stage.Claims = c.Claims
	}
	ready := &staging{
		about: about, workers: c.Workers, tabs: c.tabs(),
		stage: func(pool *browser.Pool) player {
			if pool != nil {
				stage.Lease = pool.Lease
			}
			return stage
		},
		pause: func(hold func(context.Context, steps.Scenario, steps.Performance)) { stage.Pause = hold },
		close: func() {},
	}
	if !stage.Connector.Live() || stage.Connector.Listen != "" {
		ready.workers = 1 // There is one connector, and one place to listen for it.
	}
	return ready, nil
}

// rehearseConnectors prepares what the trials of broken connectors share.
func rehearseConnectors(c Config) rehearsal {
	return func(b fixtures.BrokenIntegration) func(*browser.Pool) (player, reports.Integration, error) {
		return func(pool *browser.Pool) (player, reports.Integration, error) {
			stage, about, err := c.connectorStage(b.File)
			if err != nil {
				return nil, about, err
			}
			stage.Lease = pool.Lease
			return stage, about, nil
		}
	}
}

// brokenConnectors are the mistakes of the reference connector, as broken integrations are.
func brokenConnectors() ([]fixtures.BrokenIntegration, error) {
	var all []fixtures.BrokenIntegration
	for _, m := range reference.Mistakes() {
		all = append(all, fixtures.BrokenIntegration{File: m.Name, Breaks: m.Breaks, With: m.With, How: m.How})
	}
	return all, nil
}

// connectorStage is what the scenarios of a connector are played on. mistake is one that the embedded reference is to make, empty for none.
func (c Config) connectorStage(mistake string) (*digitalconnect.Stage, reports.Integration, error) {
	source, err := fixtures.ReadFile("connectors/account.yaml")
	if err != nil {
		return nil, reports.Integration{}, fmt.Errorf("the embedded account: %w", err)
	}
	account, err := mock.ParseAccount("connectors/account.yaml", source)
	if err != nil {
		return nil, reports.Integration{}, fmt.Errorf("the embedded account: %w", err)
	}
	holds, err := holdsIn(c)
	if err != nil {
		return nil, reports.Integration{}, err
	}
	stage := &digitalconnect.Stage{Account: account, Holds: holds, Name: c.connectorName()}
	about := reports.Integration{Source: c.Connector.String()}
	if c.Connector.embedded() {
		// It has them all: what it does not do of one is a mistake.
		if stage.Claims, err = capabilitiesOf(c.Contract); err != nil {
			return nil, reports.Integration{}, err
		}
		stage.Connector, about.Digest, err = referenceConnector(mistake)
		about.Source = "connectors/reference"
	} else {
		stage.Connector, about.Digest, err = c.connectorOf()
	}
	if err != nil {
		return nil, about, err
	}
	if stage.Connector.Authority, err = c.Connector.authority(); err != nil {
		return nil, about, &UserError{Err: fmt.Errorf("connector.authority: %w", err)}
	}
	if stage.Connector.Authority == nil {
		if stage.Connector.Authority, err = edge.NewAuthority(); err != nil {
			return nil, about, &EnvironmentError{Err: err}
		}
	}
	account.Settings.EventTypeCase = stage.Connector.EventTypes
	return stage, about, nil
}

// capabilitiesOf are all capabilities of a contract.
func capabilitiesOf(contract string) ([]string, error) {
	requirements, err := fixtures.Requirements(contract)
	if err != nil {
		return nil, fmt.Errorf("read the requirements of %s: %w", contract, err)
	}
	var all []string
	for _, r := range requirements {
		if !slices.Contains(all, r.Capability) {
			all = append(all, r.Capability)
		}
	}
	return all, nil
}

// ReferenceCommand is the command that runs the embedded reference connector (fixtures/connectors/reference), such as {"/usr/bin/deskcheck", "connector"}: each scenario of digital-connect
// starts it as a process if no connector is configured. It is for the program that uses the package to set, once and before anything runs; without it such a run is refused. The package
// does not take the program that it is part of for it, which may well be one that runs the kit whenever it is started.
var ReferenceCommand []string

// referenceConnector is the reference, as a program of its own.
func referenceConnector(mistake string) (digitalconnect.Connector, string, error) {
	if len(ReferenceCommand) == 0 {
		return digitalconnect.Connector{}, "", &EnvironmentError{Err: errors.New("nothing says how the embedded reference connector is started"), Fix: "set deskcheck.ReferenceCommand, or configure a connector of your own"}
	}
	digest, err := digestOfFile(ReferenceCommand[0])
	env := map[string]string{
		"CONNECTOR_TYPE": "${type}", "CONNECTOR_ACCOUNT": "${account}", "CONNECTOR_CLIENT_ID": "${client.id}", "CONNECTOR_CLIENT_SECRET": "${client.secret}", "CONNECTOR_REGION": "${region}",
		"CONNECTOR_TOUCHPOINT_ID": "${touchpoint}", "CONNECTOR_LISTEN": "127.0.0.1:${port}", "CONNECTOR_IDLE_END": "${idle-end}", "CONNECTOR_PRIVATE_KEY_FILE": "${key}", "CONNECTOR_KEY_ID": "${key.id}",
		"CONNECTOR_WEBHOOK_AUTH": webhookBasic, "CONNECTOR_WEBHOOK_USER": "${webhook.user}", "CONNECTOR_WEBHOOK_SECRET": "${webhook.secret}", "CONNECTOR_MISTAKE": mistake,
		// It begins anew with each scenario and lives for less than a second, of which it is to spend little on what it has no use for: the machine's own certificates, which are hundreds, programs
		// that libraries of the kit look for, and collecting garbage that fits in memory.
		"SSL_CERT_DIR": "${dir}", "PATH": "", "GOGC": "off", "GOMEMLIMIT": "128MiB",
	}
	selectors := map[string]browser.Target{}
	for name, css := range reference.Selectors() {
		selectors[name] = browser.Target{CSS: css}
	}
	return digitalconnect.Connector{
		Program: connector.Program{Command: slices.Clone(ReferenceCommand), Env: env, Ready: "/health"},
		Webhook: "/hook", WebhookAuth: webhookBasic, Intercept: intercept.ByProxy, EventTypes: eventsUpper,
		Driver: "/driver", Page: &digitalconnect.Page{URL: "/", Selectors: selectors},
	}, digest, err
}

// connectorOf is the connector that the configuration names.
func (c Config) connectorOf() (digitalconnect.Connector, string, error) {
	d := c.Connector
	program := connector.Program{Command: d.Command, Dir: d.Dir, Env: d.Env, Ready: d.Ready, ReadyWithin: d.ReadyWithin}
	sum := sha256.New()
	for _, f := range d.Files {
		text := f.Text
		if f.File != "" {
			raw, err := os.ReadFile(f.File)
			if err != nil {
				return digitalconnect.Connector{}, "", &UserError{Err: fmt.Errorf("read the text of %s: %w", f.Path, err)}
			}
			text = string(raw)
		}
		program.Files = append(program.Files, connector.File{Path: f.Path, Text: text})
		_, _ = fmt.Fprintln(sum, f.Path, text) // A hash takes everything.
	}
	one := digitalconnect.Connector{
		Program: program, URL: d.URL, Webhook: d.Webhook, WebhookAuth: d.WebhookAuth, Intercept: intercept.Mode(d.Intercept), Listen: d.Listen, EventTypes: d.EventTypes, IdleEnd: d.IdleEnd,
		Driver: c.EndUser.Driver,
	}
	if page := c.EndUser.Page; page.URL != "" {
		one.Page = &digitalconnect.Page{URL: page.URL, Selectors: page.targets(), Ask: page.Ask}
	}
	if len(d.Command) > 0 {
		if path, err := exec.LookPath(d.Command[0]); err == nil {
			if digest, err := digestOfFile(path); err == nil {
				_, _ = fmt.Fprintln(sum, digest) // As above.
			}
		}
	}
	_, _ = fmt.Fprintln(sum, d.String()) // As above.
	return one, hex.EncodeToString(sum.Sum(nil)), nil
}

// digestOfFile is the SHA-256 of a file, in hex.
func digestOfFile(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // The user's own program, or this one.
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	defer func() { _ = file.Close() }() // Nothing was written to it.
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// connectorName is what reports call the connector.
func (c Config) connectorName() string {
	switch d := c.Connector; {
	case len(d.Command) > 0:
		return filepath.Base(d.Command[0])
	case d.URL != "":
		return d.URL
	}
	return "reference"
}
