package deskcheck

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"deskcheck/fixtures"
	manager "deskcheck/mockdesk/agentmanager"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/agentmanager"
	"deskcheck/steps/browser"
	"deskcheck/steps/uimap"
)

// tabsOfDesks is how many people work side by side in a scenario of agent desks, at most.
const tabsOfDesks = 3

// agentManagerStaging finds the agent desk under test, and how a person does things in it.
func agentManagerStaging(ctx context.Context, c Config, progress Progress) (*staging, error) {
	desk, about, err := c.agentDesk(ctx, progress)
	if err != nil {
		return nil, err
	}
	drawn, err := c.uiMap()
	if err != nil {
		return nil, err
	}
	holds, err := holdsIn(c)
	if err != nil {
		return nil, err
	}
	stage := &agentmanager.Stage{Desk: desk, Dialect: manager.Dialect(c.Dialect), Map: drawn, Holds: holds, Claims: c.Claims}
	return &staging{
		about: about, workers: c.Workers, tabs: c.tabs(),
		stage: func(pool *browser.Pool) player {
			stage.Lease = pool.Lease
			return stage
		},
		pause: func(hold func(context.Context, steps.Scenario, steps.Performance)) { stage.Pause = hold },
		close: func() {},
	}, nil
}

// rehearseDesks prepares what the trials of broken desks share in a dialect.
func rehearseDesks(ctx context.Context, c Config) (rehearsal, error) {
	drawn, err := c.uiMap()
	if err != nil {
		return nil, err
	}
	holds, err := holdsIn(c)
	if err != nil {
		return nil, err
	}
	return func(b fixtures.BrokenIntegration) func(*browser.Pool) (player, reports.Integration, error) {
		return func(pool *browser.Pool) (player, reports.Integration, error) {
			desk, about, err := embeddedDesk(ctx, "desks/broken/"+b.File, func(string) {})
			return &agentmanager.Stage{Desk: desk, Map: drawn, Dialect: manager.Dialect(c.Dialect), Holds: holds, Lease: pool.Lease}, about, err
		}
	}, nil
}

// tabs is how many tabs a scenario of the contract may take at once; 0 where it needs no browser.
func (c Config) tabs() int {
	switch {
	case c.Contract == contractAgentManager:
		return tabsOfDesks
	case c.Contract != contractDigitalConnect:
		return 1
	case c.Connector.embedded() || c.EndUser.Page.URL != "":
		return tabsOfUsers
	}
	return 0
}

// tabsOfUsers is how many end users of a connector chat side by side in a scenario, at most.
const tabsOfUsers = 4

// agentDesk is the desk that the configuration names, ready to be opened.
func (c Config) agentDesk(ctx context.Context, progress any) (agentmanager.Desk, reports.Integration, error) {
	d := c.AgentDesk
	switch {
	case d.URL != "":
		body, err := fetchPage(ctx, plainText.Replace(d.URL))
		if err != nil {
			return agentmanager.Desk{}, reports.Integration{}, &UserError{Err: err, Fix: "open the address in a browser on this machine, and give that of the desk's page"}
		}
		sum := sha256.Sum256(body)
		return agentmanager.Desk{URL: d.URL}, reports.Integration{Source: d.URL, Digest: hex.EncodeToString(sum[:])}, nil
	case d.Dir != "":
		replace := map[string]string{}
		for _, r := range d.Replace {
			text := r.Text
			if r.File != "" {
				raw, err := os.ReadFile(r.File)
				if err != nil {
					return agentmanager.Desk{}, reports.Integration{}, &UserError{Err: fmt.Errorf("read what replaces %s: %w", r.Path, err)}
				}
				text = string(raw)
			}
			replace[strings.TrimPrefix(r.Path, "/")] = text
		}
		files := os.DirFS(d.Dir)
		digest, err := digestOf(files)
		if err != nil {
			return agentmanager.Desk{}, reports.Integration{}, &UserError{Err: fmt.Errorf("read the desk in %s: %w", d.Dir, err)}
		}
		return agentmanager.Desk{Files: files, Mount: d.Mount, Replace: replace}, reports.Integration{Source: d.Dir, Digest: digest}, nil
	}
	tell := func(string) {}
	if hears, ok := progress.(Preparing); ok {
		tell = hears.Preparing
	}
	return embeddedDesk(ctx, referenceDesk+"/main.js", tell)
}

// embeddedDesk is a desk that ships with the kit, made from its entry file.
func embeddedDesk(ctx context.Context, entry string, tell func(string)) (agentmanager.Desk, reports.Integration, error) {
	files, err := deskFiles(ctx, entry, tell)
	if err != nil {
		return agentmanager.Desk{}, reports.Integration{}, err
	}
	digest, err := digestOf(files)
	return agentmanager.Desk{Files: files, Replace: map[string]string{"config.json": deskConfiguration}}, reports.Integration{Source: entry, Digest: digest}, err
}

// deskConfiguration is the configuration of the kit's own desks. The project of their pushes is one of no one's: where a scenario stands in for pushes it is answered, and elsewhere
// nobody has granted notifications.
const deskConfiguration = `{"manager": "${manager}", "push": {"projectId": "desk", "appId": "1:1:web:1", "apiKey": "key", "vapidKey": "BAAA"}, "autoAnswer": false}`

// digestOf is the SHA-256 of all files of a folder with their names, in hex.
func digestOf(files fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		one := sha256.Sum256(raw)
		_, err = fmt.Fprintf(sum, "%s %x\n", path, one)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// uiMap is how a person does things in the desk under test; nil where nobody has said. The embedded reference has a map of its own.
func (c Config) uiMap() (*uimap.Map, error) {
	if c.UIMap != nil || !c.AgentDesk.embedded() {
		return c.UIMap, nil
	}
	return uimap.ParseText(referenceDesk+"/ui-map.yaml", ReferenceUIMap())
}
