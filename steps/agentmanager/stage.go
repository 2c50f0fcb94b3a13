// Package agentmanager gives meaning to the sentences of the agent-manager features: it plays the Agent Manager, the customers and the people who work at the desks, and asks
// the journal what the desk under test did.
package agentmanager

import (
	"context"
	"errors"
	"fmt"
	"time"

	messages "github.com/cucumber/messages/go/v21"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
	"deskcheck/steps/uimap"
)

// Stage is what all scenarios of a run share.
type Stage struct {
	// Desk is the agent desk under test.
	Desk Desk
	// Map says how a person does things in it; nil if nobody has said.
	Map *uimap.Map
	// Dialect is the dialect of the run.
	Dialect agentmanager.Dialect
	// Holds says whether a requirement holds in that dialect; nil takes all of them to.
	Holds func(requirement string) bool
	// Claims are the capabilities that the desk claims to have: one that is missing is then a failure.
	Claims []string
	// Lease gives a scenario another tab, beside the one that it begins with.
	Lease func(context.Context) (*browser.Tab, error)
	// Pause, if set, hears of each performance while the pages still stand as they were at its end, and holds them there until it comes back.
	Pause func(ctx context.Context, s steps.Scenario, came steps.Performance)
}

// Paced says that scenarios may let time run ahead: the manager is the kit's own.
func (st *Stage) Paced() bool { return true }

// Perform runs a scenario, beginning in the tab. It never fails as a function: whatever happens is in the Performance. The tab is not released; others that the scenario has
// leased are.
func (st *Stage) Perform(ctx context.Context, tab *browser.Tab, s steps.Scenario, deadlines steps.Deadlines) steps.Performance {
	run := ctx
	ctx, cancel := bound.WithTimeoutCause(run, deadlines.Scenario, fmt.Errorf("the scenario did not end within %s", deadlines.Scenario))
	defer cancel()
	p := newPlayer(ctx, st, tab, deadlines)
	defer p.close()

	previous := messages.PickleStepType_UNKNOWN
	var spent []steps.Spent
	before := func(_ int, step steps.Step) {
		spent = append(spent, p.Spent())
		if step.Type == messages.PickleStepType_ACTION && previous != messages.PickleStepType_ACTION {
			p.mark = p.Journal.Len()
		}
		previous = step.Type
	}
	register := func(book steps.Book) {
		for _, g := range vocabularyGroups() {
			for _, d := range g.steps {
				book.Step(d.expr(), d.bind(p))
			}
		}
	}
	result := steps.Performance{Outcomes: steps.Play(ctx, s, register, before, p.Journal.Len)}
	spent = append(spent, p.Spent())
	for i := range len(spent) - 1 {
		result.Outcomes[i].Spent = spent[i+1].Minus(spent[i])
	}
	p.closing(&result)
	result.Name = p.title
	result.Started, result.Unstarted = p.began(), p.unstarted
	result.Capabilities = p.sightings()
	result.Entries = p.Journal.Since(0)
	lost, is := errors.AsType[*browser.LostError](result.Err())
	result.BrowserDied = is && lost.Kind == browser.BrowserGone
	if result.Err() != nil && !result.BrowserDied {
		result.Screenshot = p.picture(ctx)
	}
	if st.Pause != nil && !result.BrowserDied {
		began := time.Now()
		st.Pause(run, s, result) // as long as the run goes on, however long the scenario may take
		result.Paused = time.Since(began)
	}
	return result
}

// closing looks once more when all steps have passed: whether everything has arrived, and whether anything was seen that no scenario allows.
func (p *Player) closing(result *steps.Performance) {
	if result.Err() != nil || len(p.seats) == 0 {
		return
	}
	last := &result.Outcomes[len(result.Outcomes)-1]
	last.Err = p.Rest()
	if last.Err == nil {
		last.Err = p.secrets()
	}
	result.AtTheEnd = last.Err != nil
}

// picture shows all desks side by side, nil if none can be pictured.
func (p *Player) picture(ctx context.Context) []byte {
	ctx, cancel := bound.WithTimeout(ctx, p.Deadlines.Input)
	defer cancel()
	var shots [][]byte
	for _, s := range p.order {
		if s.page == nil {
			continue
		}
		// A page that is lost cannot be pictured; the verdict does not depend on it.
		if shot, err := s.page.Tab.Screenshot(ctx); err == nil {
			shots = append(shots, shot)
		}
	}
	return browser.SideBySide(shots)
}
