package digitalconnect

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
)

// operations are the calls that a connector makes, as sentences name them.
const operations = `token|start|message|end|upload-link|upload|create|download-link|download`

var faultSteps = []definition{
	define(`the next (?:(\d+) )?(?P<operation>`+operations+`) calls? (?:is|are) answered with (\d+)`, func(p *Player) any { return p.nextAnswered }),
	define(`the next (?P<operation>`+operations+`) call is answered with (\d+), to be tried after (\d+) seconds?`, func(p *Player) any { return p.nextTooMany }),
	define(`the next message call is answered with 206 for its files`, func(p *Player) any { return p.nextPartial }),
	define(`the next (?P<operation>`+operations+`) call is (cut off before it is taken|cut off after it was taken|answered with half a reply)`, func(p *Player) any { return p.nextCut }),
	define(`every (?P<operation>`+operations+`) call is answered with (\d+)`, func(p *Player) any { return p.everyAnswered }),
	define(`every (?P<operation>`+operations+`) call is answered with (a page of HTML|a redirect)`, func(p *Player) any { return p.everyOdd }),
	define(`every (?P<operation>`+operations+`) call is answered with (\d+) and repeats what it was sent`, func(p *Player) any { return p.everyRepeats }, "The answer quotes the token and the secret of the client, as careless servers do."),
	define(`every (?P<operation>`+operations+`) call takes (\d+) ms`, func(p *Player) any { return p.everySlow }),
	define(`(?P<operation>`+operations+`) calls take (\d+) ms and none by turns`, func(p *Player) any { return p.slowByTurns }),
	define(`the reply to the next (?P<operation>`+operations+`) is (lost|held back)`, func(p *Player) any { return p.replyIs }),
	define(`the reply is given`, func(p *Player) any { return p.replyGiven }),
	define(`the tokens are revoked`, func(p *Player) any { return p.revoked }),
	define(`the token of the connector has expired`, func(p *Player) any { return p.expire }, "This takes its time: the connector's clock is its own."),
	define(`the touchpoint is turned off`, func(p *Player) any { return p.turnedOff }),
	define(`the conversation with (?P<user>[A-Z]\w*) ends without a word`, func(p *Player) any { return p.endsSilently }),
	define(`(\d+) minutes pass at Talkdesk`, func(p *Player) any { return p.minutesPass }, "By Talkdesk's clock alone."),
}

// play has a fault played on an operation.
func (p *Player) play(operation string, schedule fault.Schedule, f fault.Fault) error {
	if err := p.ready(); err != nil {
		return err
	}
	id, err := p.talkdesk.Faults().Add(fault.Rule{Fault: f, Schedule: schedule, Scope: fault.Scope{Operation: operation}})
	if err != nil {
		return acts("play a fault", err)
	}
	p.held = append(p.held, id)
	return nil
}

// next is a schedule of the next arrivals.
func next(n int) fault.Schedule { return fault.Schedule{Next: n} }

func (p *Player) nextAnswered(count, operation string, status int) error {
	n := 1
	if count != "" {
		if _, err := fmt.Sscan(count, &n); err != nil {
			return acts("read the number "+count, err)
		}
	}
	return p.play(operation, next(n), fault.Fault{Kind: fault.Status, Status: status})
}

func (p *Player) nextTooMany(operation string, status, seconds int) error {
	if status != 429 {
		return acts("play a fault", fmt.Errorf("only 429 says when to try again, not %d", status))
	}
	return p.play(operation, next(1), fault.Fault{Kind: fault.TooMany, For: time.Duration(seconds) * time.Second})
}

func (p *Player) nextPartial() error {
	if err := p.ready(); err != nil {
		return err
	}
	p.talkdesk.FailFilesOfNextMessage("the files could not be taken")
	return nil
}

func (p *Player) nextCut(operation, how string) error {
	f := map[string]fault.Fault{
		"cut off before it is taken": {Kind: fault.Reset}, "cut off after it was taken": {Kind: fault.ResetAfter}, "answered with half a reply": {Kind: fault.Truncate, Bytes: 5},
	}[how]
	return p.play(operation, next(1), f)
}

func (p *Player) everyAnswered(operation string, status int) error {
	return p.play(operation, fault.Schedule{}, fault.Fault{Kind: fault.Status, Status: status})
}

func (p *Player) everyOdd(operation, what string) error {
	f := fault.Fault{Kind: fault.Body, Status: 200, ContentType: "text/html", Text: "<!doctype html><title>Back soon</title><h1>Back soon</h1>"}
	if what == "a redirect" {
		f = fault.Fault{Kind: fault.Redirect, Status: 302, Location: "/login"}
	}
	return p.play(operation, fault.Schedule{}, f)
}

// everyRepeats waits until there is a token to repeat.
func (p *Player) everyRepeats(operation string, status int) error {
	if err := p.ready(); err != nil {
		return err
	}
	return p.play(operation, fault.Schedule{}, fault.Fault{Kind: fault.Status, Status: status, Title: "refused: " + strings.Join(p.talkdesk.Secrets(), " ")})
}

func (p *Player) everySlow(operation string, ms int) error {
	return p.play(operation, fault.Schedule{}, fault.Fault{Kind: fault.Delay, For: time.Duration(ms) * time.Millisecond})
}

func (p *Player) slowByTurns(operation string, ms int) error {
	return p.play(operation, fault.Schedule{Every: 2}, fault.Fault{Kind: fault.Delay, For: time.Duration(ms) * time.Millisecond})
}

func (p *Player) replyIs(operation, how string) error {
	if how == "lost" {
		return p.play(operation, next(1), fault.Fault{Kind: fault.ResetAfter})
	}
	return p.play(operation, next(1), fault.Fault{Kind: fault.HoldReply})
}

// awaitHeld waits for the call whose reply is held back.
func (p *Player) awaitHeld() error {
	err := p.Until(func() bool {
		_, played := p.Journal.Find(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Act && e.Name == "fault.played" })
		return played
	}, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the call whose reply is held back", Recorded: p.lately(p.mark)}
	}
	return err
}

func (p *Player) replyGiven() error {
	if len(p.held) == 0 {
		return &steps.HarnessError{Doing: "give a reply", Err: errors.New("none is held back")}
	}
	if err := p.awaitHeld(); err != nil {
		return err
	}
	return acts("give the reply", p.talkdesk.Faults().Release(p.held[len(p.held)-1]))
}

func (p *Player) revoked() error {
	if err := p.ready(); err != nil {
		return err
	}
	p.talkdesk.RevokeTokens()
	return nil
}

func (p *Player) turnedOff() error {
	if err := p.ready(); err != nil {
		return err
	}
	return acts("turn the touchpoint off", p.talkdesk.SetStatus(p.account.Touchpoints[0].ID, false))
}

func (p *Player) endsSilently(name string) error {
	c, err := p.conversation(name)
	if err != nil {
		return err
	}
	return acts("end the conversation", c.EndSilently())
}

func (p *Player) minutesPass(minutes int) error {
	p.clock.Advance(time.Duration(minutes) * time.Minute)
	return nil
}
