package deskcheck

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"deskcheck/steps"
)

// prefixesOf names what a scenario does up to and with each of its steps: two scenarios with the same name at i have done the same by then, to the letter. Whatever a step
// can know is in it: the sentences, their arguments with every cell and media type, and whether each sets up, acts or asks, which decides from where in the journal
// questions are answered. The scenario's title, tags and place are not: no step sees them.
func prefixesOf(s steps.Scenario) []string {
	names := make([]string, len(s.Steps))
	var b strings.Builder
	for i, step := range s.Steps {
		fmt.Fprintf(&b, "%s %q", step.Type, step.Text)
		if step.DocString != nil {
			fmt.Fprintf(&b, " doc %q %q", step.DocString.MediaType, step.DocString.Content)
		}
		if step.Table != nil {
			for _, row := range step.Table.Rows {
				b.WriteString(" row")
				for _, cell := range row.Cells {
					fmt.Fprintf(&b, " %q", cell.Value)
				}
			}
		}
		b.WriteByte('\n')
		names[i] = b.String()
	}
	return names
}

// sharedFailures are the performances of one integration that ended early, by what had been done by then. A scenario that begins in the same way would end in the same way, in
// the same place, so it need not be played: an integration that cannot be started is found out once for each way of starting a chat, not once for each scenario.
type sharedFailures struct {
	mu    sync.Mutex
	ended map[string]steps.Performance
}

// keep remembers a performance if others can end like it.
func (f *sharedFailures) keep(prefixes []string, came steps.Performance) {
	at, ok := endedAt(came)
	if !ok {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended == nil {
		f.ended = map[string]steps.Performance{}
	}
	f.ended[prefixes[at]] = came
}

// find gives the performance of a scenario that begins like one that ended early, with the scenario's own steps in it.
func (f *sharedFailures) find(s steps.Scenario, prefixes []string) (steps.Performance, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for at, prefix := range prefixes {
		came, ok := f.ended[prefix]
		if !ok {
			continue
		}
		outcomes := unplayed(s)
		for i := range at + 1 {
			outcomes[i] = came.Outcomes[i]
			outcomes[i].Step = s.Steps[i]
		}
		came.Outcomes, came.Screenshot = outcomes, nil
		return came, true
	}
	return steps.Performance{}, false
}

// endedAt is the step at which a performance ended with a finding about the integration. There is none where all steps passed, nor where it was the look at the end that found
// something: a scenario that goes on takes that look later. What failed the kit or the browser is no finding, and may not happen again.
func endedAt(came steps.Performance) (int, bool) {
	if came.AtTheEnd || came.BrowserDied {
		return 0, false
	}
	for i, o := range came.Outcomes {
		if o.Err == nil {
			continue
		}
		var failure *steps.Failure
		var absent *steps.NotApplicable
		return i, errors.As(o.Err, &failure) || errors.As(o.Err, &absent)
	}
	return 0, false
}
