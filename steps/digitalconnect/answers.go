package digitalconnect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/steps"
)

var answerSteps = []definition{
	define(`the connector answers the event( with success| with a refusal| with 401 or 403)?`, func(p *Player) any { return p.answersLast }, "A refusal is a status from 400 to 499. Without more any status will do."),
	define(`every event was answered with success`, func(p *Player) any { return p.allSucceeded }),
	define(`every event was answered within (\d+) seconds?`, func(p *Player) any { return p.allWithin }),
	define(`no event has been delivered`, func(p *Player) any { return p.noneDelivered }),
}

func (p *Player) lastDelivery() (*digitalconnect.Delivery, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.deliveries) == 0 {
		return nil, &steps.HarnessError{Doing: "look at the last event", Err: errors.New("none was delivered")}
	}
	return p.deliveries[len(p.deliveries)-1], nil
}

// timeouts is how much longer than the execution timeout of an action the kit waits for what came of it.
const beyondTimeout = 2 * time.Second

// answered waits for what came of a delivery.
func (p *Player) answered(d *digitalconnect.Delivery) (int, error) {
	ctx, cancel := context.WithTimeout(p.Context(), p.timeout()+beyondTimeout)
	defer cancel()
	status, err := d.Wait(ctx)
	switch {
	case p.Context().Err() != nil:
		return 0, p.blame("wait for an answer", context.Cause(p.Context()))
	case err != nil:
		return 0, &steps.Failure{Requirements: p.blamedFor(d), Expected: fmt.Sprintf("an answer to the event %s within %s", d.Action(), p.timeout()), Recorded: err.Error()}
	}
	return status, nil
}

// blamedFor are the requirements that an event without an answer breaks: that it is answered at all, which whatever the scenario is about takes for granted.
func (p *Player) blamedFor(*digitalconnect.Delivery) []string { return nil }

// timeout is the execution timeout of the account's actions.
func (p *Player) timeout() time.Duration {
	return time.Duration(p.account.Integrations[0].Timeout) * time.Second
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
		return &steps.Failure{Expected: "the event to be answered" + how, Recorded: fmt.Sprintf("it was answered with %d", status), Entry: d.Entry()}
	}
	return nil
}

// all are the deliveries so far.
func (p *Player) allDeliveries() []*digitalconnect.Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*digitalconnect.Delivery(nil), p.deliveries...)
}

func (p *Player) allSucceeded() error {
	for _, d := range p.allDeliveries() {
		status, err := p.answered(d)
		if err != nil {
			return err
		}
		if status/100 != 2 {
			return &steps.Failure{Expected: "each event to be answered with success", Recorded: fmt.Sprintf("%s was answered with %d", d.Action(), status), Entry: d.Entry()}
		}
	}
	return nil
}

func (p *Player) allWithin(seconds int) error {
	most := time.Duration(seconds) * time.Second
	for _, d := range p.allDeliveries() {
		if _, err := p.answered(d); err != nil {
			return err
		}
		if took := d.Latency(); took > most {
			return &steps.Failure{Requirements: []string{"DC-ACTION-10"}, Expected: fmt.Sprintf("an answer to each event within %s", most), Recorded: fmt.Sprintf("%s took %s", d.Action(), took.Round(time.Millisecond)), Entry: d.Entry()}
		}
	}
	return nil
}

func (p *Player) noneDelivered() error {
	if all := p.allDeliveries(); len(all) > 0 {
		return acts("look at what was delivered", fmt.Errorf("%d events were", len(all)))
	}
	return nil
}
