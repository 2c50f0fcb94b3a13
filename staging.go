package deskcheck

import (
	"context"
	"fmt"
	"io/fs"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/aichat"
	"deskcheck/steps/browser"
)

// player plays the scenarios of a contract.
type player interface {
	// Perform runs a scenario, beginning in the tab; it is nil in a run without a browser. It never fails as a function: whatever happens is in the Performance. The tab is not
	// released.
	Perform(ctx context.Context, tab *browser.Tab, s steps.Scenario, deadlines steps.Deadlines) steps.Performance
	// Paced says whether scenarios may let time run ahead.
	Paced() bool
}

// staging is a contract made ready for a run.
type staging struct {
	// stage gives what scenarios are played on in a browser, which is nil in a run without one.
	stage func(*browser.Pool) player
	// about is what is under test, desk what plays the desk of it, nil where the contract has none.
	about reports.Integration
	desk  *reports.Desk
	// quirks are those of the host.
	quirks []fixtures.Quirk
	// workers is how many scenarios may run side by side, tabs how many each may take; 0 for a contract whose scenarios need no browser, so that none is started.
	workers, tabs int
	// pause has the stage hold each performance at its end; close ends what was begun for the run.
	pause func(hold func(context.Context, steps.Scenario, steps.Performance))
	close func()
}

// staging makes the contract of the configuration ready.
func (c Config) staging(ctx context.Context, progress Progress) (*staging, error) {
	switch c.Contract {
	case contractAgentManager:
		return agentManagerStaging(ctx, c, progress)
	case contractDigitalConnect:
		return digitalConnectStaging(c)
	}
	return aiChatStaging(ctx, c, progress)
}

// aiChatStaging bundles the integration, finds its desk and its host.
func aiChatStaging(ctx context.Context, c Config, progress Progress) (*staging, error) {
	bundle, about, err := subject(ctx, c)
	if err != nil {
		return nil, err
	}
	stage, err := stageOf(c, bundle)
	if err != nil {
		return nil, err
	}
	if err := driven(ctx, &c, &stage.Desks); err != nil {
		return nil, err
	}
	quirks, err := fixtures.Quirks(c.hostFolder())
	if err != nil {
		return nil, err
	}
	ready := &staging{about: about, desk: deskOf(c, stage.Desks), quirks: quirks, workers: c.Workers, tabs: c.tabs(), close: func() {}}
	if c.Host == hostCarbon {
		library, err := serveCarbonChat(ctx, progress)
		if err != nil {
			return nil, err
		}
		ready.close = library.Close
		stage.ChatURL = library.URL
	}
	ready.stage = playedOn(stage)
	ready.pause = func(hold func(context.Context, steps.Scenario, steps.Performance)) { stage.Pause = hold }
	return ready, nil
}

// playedOn is a stage that needs no more of the browser than the tab that each scenario is given.
func playedOn(p player) func(*browser.Pool) player { return func(*browser.Pool) player { return p } }

// stageOf gathers what all scenarios share.
func stageOf(c Config, bundle aichat.Bundle) (*aichat.Stage, error) {
	host, err := fs.Sub(fixtures.FS(), "hosts/"+c.hostFolder())
	if err != nil {
		return nil, fmt.Errorf("the embedded host page: %w", err)
	}
	probe, err := fs.ReadFile(fixtures.FS(), "integrations/probe/probe.js")
	if err != nil {
		return nil, fmt.Errorf("the embedded scripted integration: %w", err)
	}
	script, err := bundleHost(c.hostFolder())
	if err != nil {
		return nil, err
	}
	own, err := ownPage(c)
	if err != nil {
		return nil, err
	}
	holds, err := holdsIn(c)
	if err != nil {
		return nil, err
	}
	spoken, err := wireOf(c)
	if err != nil {
		return nil, err
	}
	return &aichat.Stage{Desks: steps.Desks{Wire: spoken}, Host: host, HostScript: script, Probe: probe, Integration: bundle, Dialect: c.Dialect, Holds: holds, Claims: c.Claims, Secrets: secretsOf(c), Own: own}, nil
}
