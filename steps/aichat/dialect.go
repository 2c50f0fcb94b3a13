package aichat

import (
	"errors"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
)

var errNoEvent = errors.New("the dialect has no such event")

var dialectSteps = []definition{
	define(`the chat is an early web chat`, func(p *Player) any { return p.isEarlyWebChat }),
	define(`every error that was reported is of type 1 or 2`, func(p *Player) any { return p.noViolationOf("ERR-14", "objects whose type is 1 or 2") }),
}

// isEarlyWebChat has the page be the web chat as its starter kit of 2023 has it: most callbacks return nothing, and it can neither reconnect nor keep a state.
func (p *Player) isEarlyWebChat() error {
	p.page.Dialect = "web-chat-early"
	return nil
}

// dialect is the dialect of the page, or the form of it that the scenario asks for.
func (p *Player) dialect() fixtures.Dialect {
	d, err := fixtures.ReadDialect(p.page.Dialect)
	if err != nil {
		// The dialects are embedded and tested, and the name comes from a checked configuration.
		panic(err)
	}
	return d
}

// inDialect puts what a feature writes into the words of the page's dialect.
func (p *Player) inDialect(value any) any {
	said, _ := p.dialect().Says(value)
	return said
}

// event is what the page's dialect calls an event. A scenario that listens for what the dialect does not publish is a mistake of the kit's.
func (p *Player) event(name string) (string, error) {
	if full := p.dialect().Events[name]; full != "" {
		return full, nil
	}
	return "", &steps.HarnessError{Doing: "listen for the event " + name, Err: errNoEvent}
}

// isEvent matches an event by its name in the dialect.
func isEvent(name string) journal.Match {
	return func(e journal.Entry) bool { return e.Kind == journal.Event && e.Name == name }
}
