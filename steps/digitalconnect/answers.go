package digitalconnect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/webhook"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
)

var answerSteps = []definition{
	define(`the connector answers the event( with success| with a refusal| with 401 or 403)?`, func(p *Player) any { return p.answersLast }, "A refusal is a status from 400 to 499. Without more any status will do."),
	define(`the connector answers the end of the conversation with success`, func(p *Player) any { return p.answersEnd }, "An end that Talkdesk has told of by itself."),
	define(`every event was answered with success`, func(p *Player) any { return p.allSucceeded }),
	define(`every event was answered within (\d+) seconds?`, func(p *Player) any { return p.allWithin }),
	define(`95 of 100 events were answered within (\d+) seconds?`, func(p *Player) any { return p.nearlyAllWithin }),
	define(`no event has been delivered`, func(p *Player) any { return p.noneDelivered }),
}

func (p *Player) lastDelivery() (delivery, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.deliveries) == 0 {
		return delivery{}, &steps.HarnessError{Doing: "look at the last event", Err: errors.New("none was delivered")}
	}
	return p.deliveries[len(p.deliveries)-1], nil
}

// timeouts is how much longer than the execution timeout of an action the kit waits for what came of it.
const beyondTimeout = 2 * time.Second

// answered waits for what came of a delivery.
func (p *Player) answered(d delivery) (int, error) {
	ctx, cancel := bound.WithTimeout(p.Context(), p.timeout()+beyondTimeout)
	defer cancel()
	status, err := d.Wait(ctx)
	switch {
	case p.Context().Err() != nil:
		return 0, p.blame("wait for an answer", context.Cause(p.Context()))
	case errors.Is(err, webhook.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return 0, &steps.Failure{Requirements: inTime, Expected: fmt.Sprintf("an answer to the event %s within %s", d.action, p.timeout()), Recorded: err.Error()}
	case err != nil:
		return 0, &steps.Failure{Requirements: p.about, Expected: "an answer to the event " + d.action, Recorded: err.Error()}
	}
	return status, nil
}

// inTime are the requirements that an answer breaks which does not come: what is not there within the execution timeout is not there within a second.
var inTime = []string{"DC-ACTION-09", "DC-ACTION-10"}

// entryOf is the entry of the journal that shows what was answered, 0 if there is none.
func (p *Player) entryOf(d delivery) int {
	x, _ := d.Exchange()
	e, _ := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.Response && e.From == journal.Connector && e.Operation == d.action && statusOf(e) == x.Status
	})
	return e.Seq
}

// timeout is the execution timeout of the account's actions.
func (p *Player) timeout() time.Duration {
	return time.Duration(cmp.Or(p.account.Integrations[0].Timeout, p.account.Settings.ActionTimeout, int(webhook.Timeout/time.Second))) * time.Second
}

func (p *Player) answersLast(how string) error {
	d, err := p.lastDelivery()
	if err != nil {
		return err
	}
	status, err := p.answered(d)
	if err != nil {
		return err
	}
	fits := map[string]bool{"": true, " with success": status/100 == 2, " with a refusal": status/100 == 4, " with 401 or 403": status == 401 || status == 403}[how]
	if !fits {
		var blamed []string
		if how == " with success" {
			blamed = p.about // That such events are taken is what the scenario says, whatever rule has been broken besides.
		}
		return &steps.Failure{Requirements: blamed, Expected: "the event to be answered" + how, Recorded: fmt.Sprintf("it was answered with %d", status), Entry: p.entryOf(d)}
	}
	return nil
}

func (p *Player) answersEnd() error {
	var answer journal.Entry
	err := p.Until(func() (found bool) {
		answer, found = p.Journal.Find(p.mark, func(e journal.Entry) bool {
			return e.Kind == journal.Response && e.From == journal.Connector && e.Operation == digitalconnect.ConversationEnded
		})
		return found
	}, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "an answer to the event conversation_ended", Recorded: "there is none"}
	}
	if err == nil && statusOf(answer)/100 != 2 {
		return &steps.Failure{Requirements: p.about, Expected: "success", Recorded: fmt.Sprintf("it was answered with %d", statusOf(answer)), Entry: answer.Seq}
	}
	return err
}

// allDeliveries are those so far.
func (p *Player) allDeliveries() []delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.deliveries)
}

func (p *Player) allSucceeded() error {
	for _, d := range p.allDeliveries() {
		status, err := p.answered(d)
		if err != nil {
			return err
		}
		if status/100 != 2 {
			return &steps.Failure{Requirements: p.about, Expected: "each event to be answered with success", Recorded: fmt.Sprintf("%s was answered with %d", d.action, status), Entry: p.entryOf(d)}
		}
	}
	return nil
}

func (p *Player) allWithin(seconds int) error {
	return p.within(seconds, 100, "an answer to each event")
}

// nearlyAllWithin is for scenarios of many events, among which one may be slow that the machine was busy for: DC-ACTION-10 asks for the 95th of a hundred.
func (p *Player) nearlyAllWithin(seconds int) error {
	return p.within(seconds, 95, "answers to 95 of 100 events")
}

// within has so many of 100 events be answered in time.
func (p *Player) within(seconds, of100 int, expected string) error {
	most := time.Duration(seconds) * time.Second
	all := p.allDeliveries()
	took := make([]time.Duration, len(all))
	for i, d := range all {
		if _, err := p.answered(d); err != nil {
			return err
		}
		took[i] = d.Latency()
	}
	if i := tooLate(took, most, of100); i >= 0 {
		return &steps.Failure{Requirements: []string{"DC-ACTION-10"}, Expected: fmt.Sprintf("%s within %s", expected, most), Recorded: fmt.Sprintf("%s took %s", all[i].action, took[i].Round(time.Millisecond)), Entry: p.entryOf(all[i])}
	}
	return nil
}

// tooLate is the place of the first answer that took longer than most and is one more than may be for so many of 100 to be in time, -1 if there is none. The part that may be late is rounded down.
func tooLate(took []time.Duration, most time.Duration, of100 int) int {
	late := len(took) * (100 - of100) / 100
	for i, one := range took {
		if one <= most {
			continue
		}
		if late--; late < 0 {
			return i
		}
	}
	return -1
}

func (p *Player) noneDelivered() error {
	if all := p.allDeliveries(); len(all) > 0 {
		return acts("look at what was delivered", fmt.Errorf("%d events were", len(all)))
	}
	return nil
}
