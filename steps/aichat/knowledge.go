package aichat

import (
	"errors"
	"fmt"
	"strings"

	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// What each side knows of the other: what was read, and who the user is.
var knowledgeSteps = []definition{
	define(`"([^"]*)" reads the messages`, func(p *Player) any { return p.agentReads }),
	define(`"([^"]*)" reads no further than "([^"]*)"`, func(p *Player) any { return p.agentReadsUpTo }),
	define(`the desk knows that the user has read "([^"]*)"`, func(p *Player) any { return p.deskKnowsRead }),
	define(`the page says that the (userID|sessionID|locale) is "([^"]*)"`, func(p *Player) any { return p.pageSaysUser }),
	define(`the page says again who the user is`, func(p *Player) any { return p.pageSaysAgain }),
	define(`the desk has been told "([^"]*)"`, func(p *Player) any { return p.deskWasTold }),
	define(`no call of "([^"]*)" has thrown or been rejected`, func(p *Player) any { return p.neverThrew }),
	define(`nothing that the desk was sent says "([^"]*)"`, func(p *Player) any { return p.deskWasNotSent }),
}

func (p *Player) agentReads(name string) error {
	return p.acts(name, driver.Act{Verb: driver.AgentRead})
}

// agentReadsUpTo has the desk report that an agent has read up to a line of the user, and nothing after it.
func (p *Player) agentReadsUpTo(name, text string) error {
	c, err := p.conversationOf(name)
	if err != nil {
		return err
	}
	cursor, err := p.cursorOf(c, text)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("a conversation at the desk in which %s can act", name), Recorded: "the desk has no line " + quote(text), Hint: p.trouble()}
	}
	if err != nil {
		return err
	}
	return p.acts(name, driver.Act{Verb: driver.AgentRead, UpTo: cursor})
}

// cursorOf waits for a line at the desk and gives its place in the conversation; steps.ErrAbsent if it does not come.
func (p *Player) cursorOf(c steps.Conversation, text string) (int, error) {
	cursor := 0
	err := p.Until(func() bool {
		for _, line := range c.Transcript() {
			if line.Text == text {
				cursor = line.Cursor
			}
		}
		return cursor > 0
	}, p.Deadlines.Event)
	return cursor, err
}

// deskKnowsRead wants the desk to have been told; whether an integration tells at all is up to it.
func (p *Player) deskKnowsRead(text string) error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	cursor, err := p.cursorOf(c, text)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.HarnessError{Doing: "find what the user is to have read", Err: fmt.Errorf("the desk has no line %s", quote(text))}
	}
	if err != nil {
		return err
	}
	err = p.Until(func() bool { return c.UserRead() >= cursor }, p.Deadlines.Event)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if c.UserRead() == 0 {
		return p.without("read", "it does not tell the desk what the user has read")
	}
	return &steps.Failure{Expected: fmt.Sprintf("the desk to know that the user has read up to its event %d", cursor), Recorded: fmt.Sprintf("it was told of event %d", c.UserRead())}
}

func (p *Player) pageSaysUser(field, value string) error {
	p.Act(journal.Page, journal.Host, field+" is "+value)
	return p.call("deskcheck.page.setState", map[string]any{field: value}, p.widget)
}

func (p *Player) pageSaysAgain() error {
	p.Act(journal.Page, journal.Host, "the user is the same")
	return p.call("deskcheck.page.setState", map[string]any{}, p.widget)
}

// deskWasTold looks for a word in all that the integration has sent, wherever it stands: what becomes of it is between the integration and its desk.
func (p *Player) deskWasTold(word string) error {
	err := p.Until(func() bool { _, ok := p.Journal.Find(0, saysToDesk(word)); return ok }, p.Deadlines.Event)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if _, opened := p.Journal.Find(0, isKind(journal.Opened)); !opened && p.Desk.OpenConversations() > 0 {
		return p.without("sync", "it has opened no socket, on which alone the desk takes such news")
	}
	return &steps.Failure{Expected: "the desk to be told " + quote(word), Recorded: "nothing of the kind was sent", Hint: p.trouble()}
}

func (p *Player) neverThrew(method string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	for _, call := range p.calls(method) {
		if s, e, settled := p.settlementOfCall(call); settled && s.Outcome != "fulfilled" {
			return &steps.Failure{Expected: method + " to bear being called", Recorded: "it " + s.String(), Entry: e.Seq}
		}
	}
	return nil
}

func isKind(kind journal.Kind) journal.Match {
	return func(e journal.Entry) bool { return e.Kind == kind }
}

// saysToDesk matches what the integration sends to the desk with a word in it.
func saysToDesk(word string) journal.Match {
	return func(e journal.Entry) bool {
		return e.From == journal.Integration && (e.Kind == journal.Request || e.Kind == journal.Frame) && strings.Contains(string(e.Data), word)
	}
}

// deskWasNotSent looks into every request and frame of the integration.
func (p *Player) deskWasNotSent(word string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(0, saysToDesk(word)); ok {
		return &steps.Failure{Expected: "nothing that says " + quote(word) + " at the desk", Recorded: e.Name + " " + expect.Clip(string(e.Data)), Entry: e.Seq}
	}
	return nil
}
