package deskcheck

import (
	"context"
	"errors"
	"fmt"

	"deskcheck/fixtures"
	manager "deskcheck/mockdesk/agentmanager"
	"deskcheck/steps"
	"deskcheck/steps/agentmanager"
	"deskcheck/steps/uimap"
)

// UIMapFinding says what came of trying a verb or a look of a UI map.
type UIMapFinding = agentmanager.Tried

// The outcomes of a UIMapFinding.
const (
	UIMapWorks   = agentmanager.Works
	UIMapFails   = agentmanager.Fails
	UIMapUntried = agentmanager.Untried
	UIMapLacking = agentmanager.Lacking
)

// UIMapCheck is what CheckUIMap found.
type UIMapCheck struct {
	// Path is the file of the map, Desk the agent desk that it was tried on.
	Path, Desk string
	// Findings are in the order of a manual, verbs before looks.
	Findings []UIMapFinding
}

// CheckUIMap tries each verb and each look of the configuration's UI map on the agent desk that it names, in a story of two agents, a supervisor and their customers, and judges by
// what arrives at the agent manager. tell, if set, hears of each finding as it comes. The error is a *UserError where there is no map, and an *EnvironmentError where the
// environment failed.
func CheckUIMap(ctx context.Context, c Config, tell func(UIMapFinding)) (*UIMapCheck, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Contract != contractAgentManager {
		return nil, &UserError{Err: fmt.Errorf("a UI map belongs to an agent desk, and the contract is %s", c.Contract), Fix: "write contract: agent-manager into deskcheck.yaml, or name the file that says so with --config"}
	}
	desk, about, err := c.agentDesk(ctx, nil)
	if err != nil {
		return nil, err
	}
	drawn, err := c.uiMap()
	if err != nil {
		return nil, err
	}
	if drawn == nil {
		return nil, &UserError{Err: errors.New("there is no UI map: nobody has said how a person does things in " + c.AgentDesk.String()), Fix: `add ui-map: to deskcheck.yaml; "deskcheck ui-map print" prints one to begin with`}
	}
	c.Workers = 1
	pool, err := launch(ctx, c, tabsOfDesks)
	if err != nil {
		return nil, err
	}
	defer func() { _ = pool.Close() }() // What was found is known by then.
	tab, err := pool.Lease(ctx)
	if err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("open a tab: %w", err), Fix: `"deskcheck doctor" says what is wrong with the browser`}
	}
	defer tab.Release()
	stage := &agentmanager.Stage{Desk: desk, Map: drawn, Dialect: manager.Dialect(c.Dialect), Lease: pool.Lease}
	findings, err := stage.Rehearse(ctx, tab, steps.Default, tell)
	if err != nil {
		return nil, &EnvironmentError{Err: err}
	}
	return &UIMapCheck{Path: drawn.Path(), Desk: about.Source, Findings: findings}, nil
}

// ReferenceUIMap is the map of the embedded reference desk, as YAML with comments.
func ReferenceUIMap() []byte {
	raw, err := fixtures.ReadFile(referenceDesk + "/ui-map.yaml")
	if err != nil {
		panic(err) // it is embedded
	}
	return raw
}

// UIMapSchema is the JSON Schema of UI maps.
func UIMapSchema() []byte { return uimap.Schema() }
