package aichat

import (
	"encoding/json"
	"errors"
	"time"

	"deskcheck/mockdesk/driver"
	"deskcheck/steps"
)

// How long a link may be lost or back before the integration has to have noticed, and how long one that is gone for good may be tried. The contract has no figures: one
// that polls or listens for a heartbeat learns of a loss late, and pausing longer after each failure is good manners.
const (
	lossNoticed     = 15 * time.Second
	recoveryNoticed = 30 * time.Second
	givesUp         = 10 * time.Minute
)

// What becomes of the link between the integration and its desk, and what the desk says that is no word of its wire.
var linkSteps = []definition{
	define(`the link to the desk is lost`, func(p *Player) any { return p.linkIsLost }),
	define(`the link to the desk is back`, func(p *Player) any { return p.linkIsBack }),
	define(`the link to the desk is lost and comes back (\d+) times`, func(p *Player) any { return p.linkFlaps }),
	define(`the desk could not deliver "([^"]*)" after all`, func(p *Player) any { return p.bounces }),
	define(`the desk sends what is no event: (.*)`, func(p *Player) any { return p.garbles }),
	define(`the desk sends the event "([^"]*)" with (\{.*\})`, func(p *Player) any { return p.sendsEvent }),
}

// linkIsLost leaves the desk out of reach for good: what is open breaks, and nothing gets through any more.
func (p *Player) linkIsLost() error {
	if err := errors.Join(p.Desk.Shut(), p.Desk.Break()); err != nil {
		return err
	}
	return p.Rest()
}

func (p *Player) linkIsBack() error {
	if err := p.Desk.Restore(); err != nil {
		return err
	}
	return p.Rest()
}

// linkFlaps waits each time until the integration has noticed: only then is there something to be reported.
func (p *Player) linkFlaps(n int) error {
	for range n {
		p.mark = p.Journal.Len()
		if err := p.linkIsLost(); err != nil {
			return err
		}
		if err := p.reportsLink("lost"); err != nil {
			return err
		}
		// Long enough for a few failures more.
		if err := p.Pass(seconds(2)); err != nil {
			return err
		}
		if err := p.linkIsBack(); err != nil {
			return err
		}
		if err := p.reportsLink("back"); err != nil {
			return err
		}
	}
	p.mark = 0
	return nil
}

func (p *Player) bounces(text string) error {
	return p.inQueue(driver.Act{Verb: driver.BounceMessage, Text: text, Reason: "the agent's mailbox is full"})
}

// garbles takes what is sent as it stands; the word "nothing" stands for an empty frame.
func (p *Player) garbles(raw string) error {
	if raw == "nothing" {
		raw = ""
	}
	if err := p.inQueue(driver.Act{Verb: driver.Garble, Raw: raw}); err != nil {
		return err
	}
	// One that polls comes for it later.
	return p.Pass(p.Deadlines.Event)
}

func (p *Player) sendsEvent(kind, fields string) error {
	var data map[string]any
	if err := json.Unmarshal([]byte(fields), &data); err != nil {
		return &steps.HarnessError{Doing: "read the fields " + fields, Err: err}
	}
	return p.sends(len(p.Desk.Conversations()), kind, data)
}
