// Package digitalconnect gives meaning to the sentences of the digital-connect features: it plays Talkdesk Digital Connect, the agents and the end users, and asks the journal
// what the connector under test did.
package digitalconnect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	messages "github.com/cucumber/messages/go/v21"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
)

// Stage is what all scenarios of a run share.
type Stage struct {
	// Connector is how the connector under test is run.
	Connector Connector
	// Name is what reports call it.
	Name string
	// Account is what Talkdesk is set up with, before a scenario changes it.
	Account *digitalconnect.Account
	// Holds says whether a requirement holds in the dialect of the run; nil takes all of them to.
	Holds func(requirement string) bool
	// Claims are the capabilities that the connector claims to have: one that is missing is then a failure.
	Claims []string
	// Lease gives a scenario another tab, beside the one that it begins with; nil where users have no page.
	Lease func(context.Context) (*browser.Tab, error)
	// Pause, if set, hears of each performance while everything still stands as it was at its end, and holds it there until it comes back.
	Pause func(ctx context.Context, s steps.Scenario, came steps.Performance)
}

// longest is how long a scenario may take: what it waits for takes its real time, but none of it long.
const longest = 2 * time.Minute

// carried is how long a word may take from one side to the other. No document says how soon it has to be there; it is the kit's own, for a connector on a busy machine.
const carried = 5 * time.Second

// PageTag is the tag of scenarios about what users see, and what only a page can show: users come at the connector's page there, if it has one.
const PageTag = "@page"

// Paced says that time may not run ahead: the connector has a clock of its own.
func (st *Stage) Paced() bool { return false }

// Perform runs a scenario, beginning in the tab (nil where users have no page). It never fails as a function: whatever happens is in the Performance. The tab is not released;
// others that the scenario has leased are.
func (st *Stage) Perform(ctx context.Context, tab *browser.Tab, s steps.Scenario, deadlines steps.Deadlines) steps.Performance {
	run := ctx
	deadlines.Scenario, deadlines.Event = min(deadlines.Scenario, longest), max(deadlines.Event, carried)
	ctx, cancel := bound.WithTimeoutCause(run, deadlines.Scenario, fmt.Errorf("the scenario did not end within %s", deadlines.Scenario))
	defer cancel()
	p := newPlayer(ctx, st, tab, deadlines)
	defer p.close()
	p.about, p.paged = s.Requirements, st.Connector.Page != nil && (st.Connector.Driver == "" || slices.Contains(s.Tags, PageTag))

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
	p.explain(&result)
	if result.Err() != nil {
		p.quote()
	}
	result.Name = st.Name
	result.Started, result.Unstarted = p.began(result.Err())
	result.Capabilities = p.sightings()
	result.Entries = p.Journal.Since(0)
	if result.Err() != nil {
		result.Screenshot = p.picture(ctx)
	}
	if st.Pause != nil {
		began := time.Now()
		st.Pause(run, s, result) // as long as the run goes on, however long the scenario may take
		result.Paused = time.Since(began)
	}
	return result
}

// closing looks once more when all steps have passed: whether a secret was said, and whether the mock has kept its own rules.
func (p *Player) closing(result *steps.Performance) {
	if result.Err() != nil || p.talkdesk == nil {
		return
	}
	last := &result.Outcomes[len(result.Outcomes)-1]
	last.Err = p.Err()
	if last.Err == nil {
		last.Err = p.secretsKept()
	}
	result.AtTheEnd = last.Err != nil
}

// quote puts what the connector has printed into the journal, for whoever is to find out why it failed. It comes last, so that no step takes it for something that has happened.
func (p *Player) quote() {
	if p.run == nil || p.run.running == nil {
		return
	}
	for _, line := range p.run.running.Printed() {
		p.Journal.AppendAt(journal.Entry{Kind: journal.Console, From: journal.Connector, To: journal.Kit, Name: "printed", Data: journal.Payload(p.conceal(line.Text))}, line.At)
	}
}

// explain gives a failure the trouble that may be its cause, if it has no hint, and leaves no secret in any error.
func (p *Player) explain(result *steps.Performance) {
	for i := range result.Outcomes {
		o := &result.Outcomes[i]
		if failure, is := errors.AsType[*steps.Failure](o.Err); is {
			told := *failure
			if told.Hint == "" {
				told.Hint = p.trouble(p.mark)
			}
			told.Expected, told.Recorded, told.Hint = p.conceal(told.Expected), p.conceal(told.Recorded), p.conceal(told.Hint)
			o.Err = &told
			continue
		}
		if o.Err == nil || p.conceal(o.Err.Error()) == o.Err.Error() {
			continue
		}
		words := p.conceal(o.Err.Error())
		if absent, is := errors.AsType[*steps.NotApplicable](o.Err); is {
			o.Err = &steps.NotApplicable{Capability: absent.Capability, Why: p.conceal(absent.Why)}
			continue
		}
		o.Err = errors.New(words)
	}
}

// Shows says how a connector is seen to have a capability, a phrase for each way. It is empty for one that nothing shows but that its requirements hold.
func Shows(capability string) []string {
	return map[string][]string{
		"attachments-out": {"it asks for an upload link"},
		"attachments-in":  {"it asks for a download link"},
		"transcript":      {"a start carries previous_messages"},
		"arguments":       {"a start carries context_parameters"},
	}[capability]
}

// sightings says by what each capability was seen.
func (p *Player) sightings() map[string]string {
	seen := map[string]string{}
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Request && e.From == journal.Connector }) {
		switch e.Operation {
		case "upload-link":
			seen["attachments-out"] = Shows("attachments-out")[0]
		case "download-link":
			seen["attachments-in"] = Shows("attachments-in")[0]
		case "start":
			var body map[string]any
			_ = json.Unmarshal(callOf(e).Body, &body) // What is no object has nothing.
			for field, capability := range map[string]string{"previous_messages": "transcript", "context_parameters": "arguments"} {
				if body[field] != nil {
					seen[capability] = Shows(capability)[0]
				}
			}
		}
	}
	return seen
}

// picture shows the pages of all users side by side, nil if there are none or none can be pictured.
func (p *Player) picture(ctx context.Context) []byte {
	ctx, cancel := bound.WithTimeout(ctx, p.Deadlines.Input)
	defer cancel()
	var shots [][]byte
	for _, g := range p.order {
		page, is := g.user.(interface {
			Screenshot(ctx context.Context) ([]byte, error)
		})
		if !is {
			continue
		}
		// A page that is lost cannot be pictured; the verdict does not depend on it.
		if shot, err := page.Screenshot(ctx); err == nil {
			shots = append(shots, shot)
		}
	}
	return browser.SideBySide(shots)
}
