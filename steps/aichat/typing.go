package aichat

import (
	"errors"
	"fmt"
	"strings"

	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/expect"
)

// Who types, on both sides.
var typingSteps = []definition{
	define(`"([^"]*)" types before joining`, func(p *Player) any { return p.typesEarly }),
	define(`the user types "([^"]*)" and does not send it`, func(p *Player) any { return p.userTypes }),
	define(`the user sees that an agent types`, func(p *Player) any { return p.seesTyping }),
	define(`the user sees within (\d+) seconds that nobody types`, func(p *Player) any { return p.seesNoTyping }),
	define(`no agent is said to type before "agentJoined"`, func(p *Player) any { return p.notTypingEarly }),
	define(`the desk sees that the user types`, func(p *Player) any { return p.deskSeesTyping }),
	define(`the desk sees that the user no longer types`, func(p *Player) any { return p.deskSeesNoTyping }),
	define(`the host calls "userTyping" with true, true, false and false`, func(p *Player) any { return p.invokesTyping }),
	define(`each "([^"]*)" has returned a promise and thrown nothing`, func(p *Player) any { return p.eachPromises }),
}

// typesEarly has an agent begin to type who has yet to join.
func (p *Player) typesEarly(name string) error {
	agent := p.agent(name)
	return p.inQueue(driver.Act{Verb: driver.AgentTyping, Variant: "on", Agent: &agent})
}

// userTypes strikes a key for each character.
func (p *Player) userTypes(text string) error {
	if err := p.sees(p.widget, "the user to be able to type", func(s Screen) bool { return s.Input.Enabled && s.Dialog == nil }); err != nil {
		return err
	}
	p.Act(journal.User, journal.Host, "types "+quote(text))
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.Tab.Keys(ctx, "message input", text, p.widget); err != nil {
		return p.unable("type a message", err)
	}
	return p.sees(p.widget, "the words in the input", func(s Screen) bool { return strings.Contains(s.Input.Text, text) })
}

// seesTyping looks at the indicator: how an integration words its calls is not the user's concern.
func (p *Player) seesTyping() error {
	err := p.Until(func() bool { return p.screen(p.widget).Typing }, p.Deadlines.Event)
	return p.absent(err, "agentTyping", "the user to see that an agent types", func() string { return "the user sees " + p.screen(p.widget).describe() })
}

func (p *Player) seesNoTyping(n int) error {
	return p.seesWithin(p.widget, fmt.Sprintf("the sign that an agent types to be gone within %d seconds", n), func(s Screen) bool { return !s.Typing }, seconds(n))
}

// notTypingEarly looks at the latest chat. That nobody types may be said at any time.
func (p *Player) notTypingEarly() error {
	if err := p.Rest(); err != nil {
		return err
	}
	mark := 0
	if starts := p.calls("startChat"); len(starts) > 0 {
		mark = starts[len(starts)-1].Seq
	}
	joined, ok := p.Journal.Find(mark, isCallback("agentJoined"))
	for _, e := range p.Journal.All(mark, isCallback("agentTyping")) {
		args, _ := expect.Decode(argumentsOf(e)).([]any)
		if (!ok || e.Seq < joined.Seq) && (len(args) == 0 || args[0] != false) {
			return &steps.Failure{Expected: "no agentTyping before agentJoined", Recorded: expect.Clip(string(argumentsOf(e))), Entry: e.Seq, Hint: "the chat ignores it then: say it again when the agent has joined"}
		}
	}
	return nil
}

func (p *Player) deskSeesTyping() error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	err = p.Until(c.UserTypes, p.Deadlines.Event)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	// The wire takes such notes on a socket, and an integration need not have one.
	if _, opened := p.Journal.Find(0, isKind(journal.Opened)); !opened {
		return p.without("typing", "it has opened no socket, on which alone the desk takes such a note")
	}
	return &steps.Failure{Expected: "the desk to be told that the user types", Recorded: "it was not", Hint: p.trouble()}
}

func (p *Player) deskSeesNoTyping() error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	return p.deskComes(p.Deadlines.Event, "the desk to be told that the user no longer types", func() bool { return !c.UserTypes() }, func() string { return "for the desk, the user still types" })
}

// invokesTyping calls as a host may, and a little more often.
func (p *Player) invokesTyping() error {
	p.mark = p.Journal.Len()
	for _, typing := range []any{true, true, false, false} {
		if err := p.invoke("userTyping", []any{typing}); err != nil {
			return err
		}
	}
	return nil
}

// eachPromises looks at the calls since the latest When; that a promise is still pending, or was rejected, is no matter here.
func (p *Player) eachPromises(method string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	for _, call := range p.Journal.All(p.mark, isCall(method)) {
		s, e, settled := p.settlementOfCall(call)
		if settled && (s.Sync || s.Outcome == "threw") {
			return &steps.Failure{Expected: method + " to return a promise", Recorded: "it " + s.String() + ", at once", Entry: e.Seq}
		}
	}
	return nil
}
