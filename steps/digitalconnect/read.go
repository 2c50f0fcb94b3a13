package digitalconnect

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

var readSteps = []definition{
	define(`the agent reads "([^"]*)" from (?P<user>[A-Z]\w*)`, func(p *Player) any { return p.agentReads }),
	define(`the agent reads from (?P<user>[A-Z]\w*)`, func(p *Player) any {
		return func(name string, text *godog.DocString) error { return p.agentReads(text.Content, name) }
	}),
	define(`the agent reads "([^"]*)" from (?P<user>[A-Z]\w*) once`, func(p *Player) any { return p.agentReadsOnce }),
	define(`the agent reads "([^"]*)" from each user once`, func(p *Player) any { return p.agentReadsFromEach }),
	define(`the agent has read "([^"]*)" once`, func(p *Player) any { return p.hasReadOnce }),
	define(`the agent reads "([^"]*)" from (?P<user>[A-Z]\w*) twice`, func(p *Player) any { return p.agentReadsTwice }),
	define(`the agent has read nothing from (?P<user>[A-Z]\w*) but what (?:s?he|they) said`, func(p *Player) any { return p.readsNothingElse }),
	define(`the agent has read "([^"]*)" before "([^"]*)"`, func(p *Player) any { return p.readBefore }),
	define(`the agent reads the (\d+) lines from (?P<user>[A-Z]\w*) in their order`, func(p *Player) any { return p.readsLines }),
	define(`the agent reads the lines of each user in their order`, func(p *Player) any { return p.readsLinesOfEach }),
	define(`the agent has read (nothing|1 message) from (?P<user>[A-Z]\w*) since then`, func(p *Player) any { return p.hasReadSince }),
	define(`the agent sees the argument "([^"]*)" with "([^"]*)"`, func(p *Player) any { return p.seesArgument }),
	define(`the agent does not see the argument "([^"]*)"`, func(p *Player) any { return p.seesNoArgument }, "The flow has a variable for it, and does not expose it."),
	define(`every argument is one of the flow`, func(p *Player) any { return p.allMapped }),
	define(`no argument of (?P<user>[A-Z]\w*)'s start holds a secret`, func(p *Player) any { return p.noSecretArgument }),
}

// written are the texts that a user has sent to the agent, in the order in which Talkdesk took them.
func (p *Player) written(name string) []string {
	var all []string
	g := p.guests[name]
	for _, id := range g.conversations {
		for _, m := range p.talkdesk.Conversation(id).Snapshot().Messages {
			if m.From == digitalconnect.FromContact && m.Text != nil {
				all = append(all, *m.Text)
			}
		}
	}
	return all
}

func count(all []string, text string) int {
	n := 0
	for _, one := range all {
		if one == text {
			n++
		}
	}
	return n
}

func (p *Player) agentReads(text, name string) error {
	if _, err := p.conversation(name); err != nil {
		return err
	}
	err := p.Until(func() bool { return count(p.written(name), text) > 0 }, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("the message %q of %s at Talkdesk, as it was written, within %s", text, name, p.Deadlines.Event), Recorded: "the agent has read " + expect.Short(p.written(name)), Hint: p.trouble(p.mark)}
	}
	return err
}

func (p *Player) agentReadsOnce(text, name string) error {
	if err := p.agentReads(text, name); err != nil {
		return err
	}
	p.pass(p.hush())
	return p.hasReadOnce(text)
}

func (p *Player) agentReadsTwice(text, name string) error {
	err := p.Until(func() bool { return count(p.written(name), text) > 1 }, p.Deadlines.Event)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	p.pass(p.hush())
	if n := count(p.written(name), text); n != 2 {
		return &steps.Failure{Expected: fmt.Sprintf("the message %q twice at Talkdesk, as %s has said it twice", text, name), Recorded: fmt.Sprintf("it is there %d times", n), Hint: p.trouble(p.mark)}
	}
	return nil
}

func (p *Player) readsNothingElse(name string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.pass(p.hush())
	for _, text := range p.written(name) {
		if !slices.Contains(g.uttered, text) {
			return &steps.Failure{Expected: "nothing but what " + name + " has said", Recorded: fmt.Sprintf("the agent has read %q", text)}
		}
	}
	return nil
}

func (p *Player) agentReadsFromEach(text string) error {
	for _, g := range p.order {
		if err := p.agentReads(text+", says "+g.name, g.name); err != nil {
			return err
		}
	}
	p.pass(p.hush())
	for _, g := range p.order {
		if err := p.hasReadOnce(text + ", says " + g.name); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) hasReadOnce(text string) error {
	n := 0
	for _, g := range p.order {
		n += count(p.written(g.name), text)
	}
	if n != 1 {
		return &steps.Failure{Expected: fmt.Sprintf("the message %q once at Talkdesk", text), Recorded: fmt.Sprintf("it is there %d times", n)}
	}
	return nil
}

func (p *Player) readBefore(one, other string) error {
	for _, g := range p.order {
		all := p.written(g.name)
		if a, b := slices.Index(all, one), slices.Index(all, other); a >= 0 && b > a {
			return nil
		}
	}
	return &steps.Failure{Requirements: []string{"DC-CONV-15"}, Expected: fmt.Sprintf("%q before %q", one, other), Recorded: "the agent has read them in another order"}
}

func (p *Player) readsLines(n int, name string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	if len(g.said) != n {
		return acts("compare lines", fmt.Errorf("%s has said %d in a row, not %d", name, len(g.said), n))
	}
	return p.readsInOrder(g)
}

func (p *Player) readsInOrder(g *guest) error {
	if err := p.agentReads(g.said[len(g.said)-1], g.name); err != nil {
		return err
	}
	var got []string
	// The last line may have overtaken others, which then come late.
	err := p.Until(func() bool { got = p.linesOf(g.said, p.written(g.name)); return len(got) >= len(g.said) }, p.Deadlines.Event)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if !slices.Equal(got, g.said) {
		return &steps.Failure{Expected: fmt.Sprintf("the %d lines of %s, each once and in their order", len(g.said), g.name), Recorded: expect.Short(got)}
	}
	return nil
}

// linesOf are those among all that are among the lines.
func (p *Player) linesOf(lines, all []string) []string {
	var got []string
	for _, text := range all {
		if slices.Contains(lines, text) {
			got = append(got, text)
		}
	}
	return got
}

func (p *Player) readsLinesOfEach() error {
	for _, g := range p.order {
		if err := p.readsInOrder(g); err != nil {
			return blaming(err, "DC-MSG-03")
		}
	}
	return nil
}

// blaming has a failure that blames nothing in particular blame a requirement: its scenario is about others as well.
func blaming(err error, requirement string) error {
	failure, is := errors.AsType[*steps.Failure](err)
	if !is || len(failure.Requirements) > 0 {
		return err
	}
	told := *failure
	told.Requirements = []string{requirement}
	return &told
}

func (p *Player) hasReadSince(what, name string) error {
	want := 0
	if what != "nothing" {
		want = 1
	}
	p.pass(p.hush())
	got := p.calls(p.mark, "message")
	if len(got) != want {
		return &steps.Failure{Expected: what + " from " + name, Recorded: fmt.Sprintf("there were %d message calls", len(got)), Entry: lastOf(got)}
	}
	return nil
}

func (p *Player) seesArgument(argument, value string) error {
	for _, g := range p.order {
		if err := p.claimed(g.name); err != nil {
			return err
		}
		c, err := p.conversation(g.name)
		if err != nil {
			return err
		}
		exposed := c.Snapshot().Exposed
		if got, has := exposed[argument]; !has || got != value {
			return &steps.Failure{Expected: fmt.Sprintf("the argument %q with %q before the agent", argument, value), Recorded: "the agent sees " + expect.Short(exposed)}
		}
	}
	return nil
}

func (p *Player) seesNoArgument(argument string) error {
	for _, g := range p.order {
		c, err := p.conversation(g.name)
		if err != nil {
			return err
		}
		if _, has := c.Snapshot().Exposed[argument]; has {
			return acts("look at the agent's view", fmt.Errorf("it shows %q, which the flow does not expose", argument))
		}
	}
	return nil
}

func (p *Player) allMapped() error {
	for _, g := range p.order {
		c, err := p.conversation(g.name)
		if err != nil {
			return err
		}
		if unmapped := c.Snapshot().Unmapped; len(unmapped) > 0 {
			return &steps.Failure{Requirements: []string{"DC-ARG-02"}, Expected: "the names of the flow's arguments, letter by letter", Recorded: "the flow has no " + expect.Short(unmapped)}
		}
	}
	return nil
}

func (p *Player) noSecretArgument(name string) error {
	c, err := p.startOf(name)
	if err != nil {
		return err
	}
	if leaked := p.leaked(string(c.Body)); leaked != "" {
		return &steps.Failure{Requirements: []string{"DC-ARG-06"}, Expected: "arguments that anybody at the desk may read", Recorded: "they hold " + leaked, Entry: c.entry.Seq}
	}
	return nil
}
