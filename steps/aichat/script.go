package aichat

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// The scripted integration is the kit's own (fixtures/integrations/probe): it does what a scenario says, so that the host can be tried alone.
var scriptSteps = []definition{
	define(`the scripted integration resolves "([^"]*)" with (.+)`, func(p *Player) any { return p.willResolve }),
	define(`the scripted integration rejects "([^"]*)" with "([^"]*)"`, func(p *Player) any { return p.willReject }),
	define(`the scripted integration has no "([^"]*)"`, func(p *Player) any { return p.willBeAbsent }),
	define(`the scripted integration keeps its promise of "([^"]*)" twice, with (\S+) and with (\S+)`, func(p *Player) any { return p.willResolveTwice }),
	define(`the scripted integration waits before it resolves "([^"]*)" with (.+)`, func(p *Player) any { return p.willWait }),
	define(`the scripted integration waits no longer`, func(p *Player) any { return func() error { return p.call("deskcheckProbe.go", "on") } }),
	define(`the scripted integration stores (a (?:cycle|BigInt|Date|Map|function|class instance|value of 6 MB))`, func(p *Player) any { return p.scriptedStores }),
	define(`the scripted integration writes on the state that (its factory was given|"persistedState" gives)`, func(p *Player) any { return p.scriptedWrites }),
	define(`the scripted integration never settles "([^"]*)"`, func(p *Player) any { return p.willHang }),
	define(`the scripted integration says "([^"]*)" while it ends`, func(p *Player) any { return p.willSayAtEnd }),
	define(`the scripted integration reports "([^"]*)" and then rejects "startChat"`, func(p *Player) any { return p.willReportAndReject }),
	define(`the scripted integration reports that its last line failed, by the id (beside|within) the line`, func(p *Player) any { return p.reportsLastLine }),
	define(`the scripted integration calls "([^"]*)" with (\[.*\])`, func(p *Player) any { return p.scriptedCallsWith }),
}

// wills are told to the scripted integration before or after the page is open.
func (p *Player) will(method string, behaviour map[string]any) error {
	// A page that is loaded again begins with what was said last.
	p.page.Probe = slices.DeleteFunc(p.page.Probe, func(one pageProbe) bool { return one.Method == method })
	p.page.Probe = append(p.page.Probe, pageProbe{Method: method, Behaviour: behaviour})
	if !p.open {
		return nil
	}
	if err := p.site.configure(p.page); err != nil {
		return &steps.HarnessError{Doing: "tell the scripted integration what to do", Err: err}
	}
	if p.release != nil {
		return nil
	}
	return p.call("deskcheckProbe.will", method, behaviour)
}

func (p *Player) willResolve(method, value string) error {
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return &steps.HarnessError{Doing: "read the value " + value, Err: err}
	}
	return p.will(method, map[string]any{"resolve": v})
}

func (p *Player) willBeAbsent(method string) error {
	return p.will(method, map[string]any{"absent": true})
}

// willResolveTwice is a promise of its own make that calls back twice.
func (p *Player) willResolveTwice(method, first, second string) error {
	return p.will(method, map[string]any{"twice": []any{expect.Decode(json.RawMessage(first)), expect.Decode(json.RawMessage(second))}})
}

func (p *Player) willWait(method, value string) error {
	return p.will(method, map[string]any{"resolve": expect.Decode(json.RawMessage(value)), "after": "on"})
}

// scriptedStores has the scripted integration store what JSON cannot say.
func (p *Player) scriptedStores(what string) error {
	return p.call("deskcheckProbe.store", what)
}

func (p *Player) scriptedWrites(on string) error {
	return p.call("deskcheckProbe.write", on == "its factory was given")
}

func (p *Player) willReject(method, message string) error {
	return p.will(method, map[string]any{"reject": message})
}

func (p *Player) willHang(method string) error { return p.will(method, map[string]any{"hang": true}) }

func (p *Player) willSayAtEnd(text string) error {
	return p.will("endChat", map[string]any{"calls": []any{[]any{"sendMessageToUser", []any{text}}}})
}

func (p *Player) willReportAndReject(text string) error {
	report := map[string]any{"type": errorConnecting, "messageToUser": text}
	return p.will("startChat", map[string]any{"calls": []any{[]any{"setErrorStatus", []any{report}}}, "reject": "no desk"})
}

// reportsLastLine names the line by the id that the integration was given for it, or by the one that the message itself has.
func (p *Player) reportsLastLine(where string) error {
	calls := p.calls("sendMessageToAgent")
	if len(calls) == 0 {
		return &steps.HarnessError{Doing: "report a line as failed", Err: errors.New("the user has not said anything to the agent")}
	}
	args, _ := expect.Decode(argumentsOf(calls[len(calls)-1])).([]any)
	id := args[1]
	if where == "within" {
		message, _ := args[0].(map[string]any)
		id = message["id"]
	}
	return p.scriptedCalls("setErrorStatus", []any{map[string]any{"type": errorUserMessage, "messageID": id}})
}

func (p *Player) scriptedCallsWith(callback, args string) error {
	var list []any
	if err := json.Unmarshal([]byte(args), &list); err != nil {
		return &steps.HarnessError{Doing: "read the arguments " + args, Err: err}
	}
	said, _ := p.inDialect(list).([]any)
	return p.scriptedCalls(callback, said)
}

// scriptedCalls has the scripted integration make a callback and waits until the host has answered it.
func (p *Player) scriptedCalls(callback string, args []any) error {
	// What is on its way to the screen is not news.
	if err := p.Rest(); err != nil {
		return err
	}
	mark := p.Journal.Len()
	p.before[p.widget] = p.screen(p.widget)
	if err := p.call("deskcheckProbe.call", callback, args); err != nil {
		return err
	}
	_, err := p.Await(mark, func(e journal.Entry) bool { return e.Kind == journal.Returned && e.Name == callback }, p.Deadlines.Ending+time.Second)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: callback + " to return", Recorded: "it never did"}
	}
	return err
}
