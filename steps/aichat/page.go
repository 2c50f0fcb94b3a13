package aichat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

var pageSteps = []definition{
	define(`the page vetoes the next "([^"]*)"`, func(p *Player) any { return p.pageVetoes }),
	define(`the page attaches (\{.*\}) to "([^"]*)"`, func(p *Player) any { return p.pageAttaches }),
	define(`the page rewrites "([^"]*)" to "([^"]*)" in "([^"]*)"`, func(p *Player) any { return p.pageRewrites }),
	define(`the page ends the conversation`, func(p *Player) any { return p.pageDoes("endConversation") }),
	define(`the page restarts the conversation`, func(p *Player) any { return p.pageDoes("restart") }),
	define(`the page replaces the factory`, func(p *Player) any { return p.pageReplacesFactory }),
	define(`the page suspends the conversation`, func(p *Player) any { return p.pageSuspends(true) }),
	define(`the page resumes the conversation`, func(p *Player) any { return p.pageSuspends(false) }),
	define(`the assistant hands over with`, func(p *Player) any { return p.assistantMessage }),
	define(`the assistant hands over to the queue "([^"]*)"`, func(p *Player) any { return p.handsOverTo }),
	define(`the assistant hands over without routing data`, func(p *Player) any { return p.handsOverBare }),
	define(`the page hears "([^"]*)" with`, func(p *Player) any { return p.pageHearsWith }),
	define(`the page hears "([^"]*)"`, func(p *Player) any { return p.pageHears }),
	define(`the page has heard "([^"]*)" (\d+) times?`, func(p *Player) any { return p.pageHasHeard }),
	define(`the page has not heard "([^"]*)"`, func(p *Player) any { return p.pageHasNotHeard }),
	define(`the page shows no error`, func(p *Player) any { return p.noError }),
}

func (p *Player) pageVetoes(event string) error {
	if event == "pre:endChat" {
		p.vetoes, p.vetoMark = 1, p.Journal.Len()
	}
	return p.call("deskcheck.page.veto", event, 1)
}

func (p *Player) pageAttaches(payload, event string) error {
	var v any
	if err := json.Unmarshal([]byte(payload), &v); err != nil {
		return &steps.HarnessError{Doing: "read the payload " + payload, Err: err}
	}
	return p.call("deskcheck.page.payload", event, v)
}

func (p *Player) pageRewrites(from, to, event string) error {
	return p.call("deskcheck.page.rewrite", event, from, to)
}

func (p *Player) pageDoes(function string) any {
	return func() error {
		p.Act(journal.Page, journal.Host, function)
		return p.call("deskcheck.page."+function, p.widget)
	}
}

func (p *Player) pageSuspends(on bool) any {
	return func() error {
		p.Act(journal.Page, journal.Host, fmt.Sprintf("suspend %t", on))
		if err := p.call("deskcheck.page.suspend", on, p.widget); err != nil {
			return err
		}
		return p.sees(p.widget, "the banner to follow the suspension", func(s Screen) bool { return (s.Banner == nil) == on })
	}
}

// pageReplacesFactory has the host build a new instance, and waits until it has.
func (p *Player) pageReplacesFactory() error {
	p.Act(journal.Page, journal.Host, "replaceFactory")
	p.replaced = p.Journal.Len()
	if err := p.call("deskcheck.page.replaceFactory", p.widget); err != nil {
		return err
	}
	_, err := p.Await(p.replaced, func(e journal.Entry) bool { return e.Kind == journal.Settled && e.Name == "factory" }, p.Deadlines.Factory+p.Deadlines.Ending)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "a second instance from the factory", Recorded: "the factory was not called, or never yielded", Hint: p.trouble()}
	}
	if err != nil {
		return err
	}
	return p.ready()
}

// assistantMessage sets what the assistant answers when the user asks for an agent.
func (p *Player) assistantMessage(doc *godog.DocString) error {
	var v any
	if err := json.Unmarshal([]byte(doc.Content), &v); err != nil {
		return &steps.HarnessError{Doing: "read the assistant's message", Err: err}
	}
	return p.call("deskcheck.page.setConnectMessage", v, p.widget)
}

func connectMessage(item map[string]any) map[string]any {
	item["response_type"] = "connect_to_agent"
	return map[string]any{"output": map[string]any{"generic": []any{item}}}
}

func (p *Player) handsOverTo(queue string) error {
	message := connectMessage(map[string]any{"transfer_info": map[string]any{"additional_data": map[string]any{"queue": queue}}})
	if err := p.call("deskcheck.page.setConnectMessage", message, p.widget); err != nil {
		return err
	}
	return p.asks()
}

func (p *Player) handsOverBare() error {
	if err := p.call("deskcheck.page.setConnectMessage", connectMessage(map[string]any{}), p.widget); err != nil {
		return err
	}
	return p.asks()
}

func (p *Player) pageHearsWith(name string, doc *godog.DocString) error {
	pattern, err := p.patternOf(doc)
	if err != nil {
		return err
	}
	event, err := p.event(name)
	if err != nil {
		return err
	}
	why := ""
	_, err = p.Await(p.mark, func(e journal.Entry) bool {
		if !isEvent(event)(e) {
			return false
		}
		var ok bool
		why, ok = expect.Fits(pattern, expect.Decode(e.Data), event)
		return ok
	}, p.Deadlines.Ending+time.Second)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the page to hear " + event + " with " + expect.Short(pattern), Recorded: orElse(why, "it was not published")}
	}
	return err
}

func (p *Player) pageHears(name string) error {
	event, err := p.event(name)
	if err != nil {
		return err
	}
	_, err = p.Await(p.mark, isEvent(event), p.Deadlines.Ending+time.Second)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the page to hear " + event, Recorded: "it was not published"}
	}
	return err
}

func (p *Player) pageHasHeard(name string, times int) error {
	event, err := p.event(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if all := p.Journal.All(0, isEvent(event)); len(all) != times {
		return &steps.Failure{Expected: fmt.Sprintf("the page to hear %s %d times", event, times), Recorded: fmt.Sprintf("%d times", len(all))}
	}
	return nil
}

func (p *Player) pageHasNotHeard(name string) error {
	event, err := p.event(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(p.mark, isEvent(event)); ok {
		return &steps.Failure{Expected: "no " + event, Recorded: "it was published", Entry: e.Seq}
	}
	return nil
}

// noError fails on an error of the integration's that nobody caught. Errors of the host are the kit's own and are reported as such.
func (p *Player) noError() error {
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool {
		return p.stage.Own == nil && e.Kind == journal.PageError && e.From == journal.Host && !p.leftUnhandled(e)
	}); ok {
		return &steps.HarnessError{Doing: "run the host page", Err: errors.New(textOf(e))}
	}
	// A picture that does not load is no error of a program.
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.PageError && e.Name != "resource" && !p.isOfOthers(e)
	}); ok {
		return &steps.Failure{Expected: "no uncaught error on the page", Recorded: expect.Clip(textOf(e)), Entry: e.Seq}
	}
	return nil
}

// leftUnhandled says that an error which the host threw came to light because the integration did not handle the rejection of its callback.
func (p *Player) leftUnhandled(e journal.Entry) bool {
	if e.Name != "unhandledrejection" {
		return false
	}
	_, found := p.Journal.Find(0, func(r journal.Entry) bool {
		if r.Kind != journal.Returned || r.Seq > e.Seq {
			return false
		}
		s := settlementOf(r)
		what, isError := s.isError()
		return s.Outcome == "rejected" && isError && strings.HasPrefix(textOf(e), strings.TrimSuffix(what, "…"))
	})
	return found
}

// patternOf reads an expected value, in the words of the page's dialect.
func (p *Player) patternOf(doc *godog.DocString) (any, error) {
	var v any
	if err := json.Unmarshal([]byte(doc.Content), &v); err != nil {
		return nil, &steps.HarnessError{Doing: "read the expected value " + doc.Content, Err: err}
	}
	return p.inDialect(v), nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
