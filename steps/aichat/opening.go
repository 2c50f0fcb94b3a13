package aichat

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/expect"
)

var openingSteps = []definition{
	define(scriptedSentence, func(p *Player) any { return p.isScripted }),
	define(`the page listens to every event`, func(p *Player) any { return p.pageListens }),
	define(`the page takes (\d+) milliseconds over every event`, func(p *Player) any { return p.pageListensFor }),
	define(`the host rejects call (\d+) of "([^"]*)"`, func(p *Player) any { return p.hostRejects }),
	define(`two chats on one page`, func(p *Player) any { return p.twoChats }),
	define(`the chat is closed`, func(p *Player) any { return p.chatIsClosed }),
	define(`the chat is open ?`, func(p *Player) any { return p.chatIsOpen }),
	define(`the chat is open with (\w+) set to (\w+)`, func(p *Player) any { return p.chatIsOpenWith }),
	define(`the chat is open without the (parameter|callbacks|method) "([^"]*)"`, func(p *Player) any { return p.chatIsOpenWithout }),
	define(`the user opens the chat`, func(p *Player) any { return p.userOpens }),
	define(`the user is waiting for an agent`, func(p *Player) any { return p.isWaiting }),
	define(`the user is talking to "([^"]*)"`, func(p *Player) any { return p.isTalkingTo }),
	define(`the user of chat (\d+) is talking to "([^"]*)"`, func(p *Player) any { return p.userOfIsTalkingTo }),
}

// scriptedSentence has the kit's own integration in the place of the one under test.
const scriptedSentence = `a scripted integration`

// Scripted says of a scenario that it tries the host with the kit's scripted integration, and so says nothing about the one under test.
func Scripted(s steps.Scenario) bool {
	return slices.ContainsFunc(s.Steps, func(step steps.Step) bool { return step.Text == scriptedSentence })
}

func (p *Player) isScripted() error {
	p.scripted = true
	p.page.Integration = pageIntegration{Module: "/probe.js", Export: "default"}
	return nil
}

func (p *Player) pageListens() error {
	p.page.Listeners = "async"
	return nil
}

// pageListensFor has the page be that slow, in the scenario's own time.
func (p *Player) pageListensFor(ms int) error {
	p.page.ListenersTake = ms
	return p.pageListens()
}

func (p *Player) hostRejects(n int, callback string) error {
	p.page.Reject = &pageReject{Callback: callback, Nth: n}
	return nil
}

func (p *Player) twoChats() error {
	p.page.Widgets = 2
	return p.chatIsOpen()
}

func (p *Player) chatIsClosed() error {
	p.page.Open = false
	return p.load()
}

func (p *Player) chatIsOpenWith(option, value string) error {
	var v any = value
	if n, err := strconv.Atoi(value); err == nil {
		v = n
	} else if b, err := strconv.ParseBool(value); err == nil {
		v = b
	}
	p.page.Options[option] = v
	return p.chatIsOpen()
}

func (p *Player) chatIsOpenWithout(what, names string) error {
	list := strings.Split(names, ", ")
	switch what {
	case "parameter":
		p.page.Without.Parameters = list
	case "callbacks":
		p.page.Without.Callbacks = list
	case "method":
		p.page.Without.Methods = list
	}
	return p.chatIsOpen()
}

// load brings the host page into the tab, once.
func (p *Player) load() error {
	if p.open {
		return nil
	}
	var err error
	if p.site, err = p.stage.serve(p.page, p.Desk); err != nil {
		return &steps.HarnessError{Doing: "serve the host page", Err: err}
	}
	p.Page.Steady = "ws" + strings.TrimPrefix(p.site.url, "http") + "steady"
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Boot)
	defer cancel()
	p.open = true
	if own := p.stage.Own; own != nil {
		script, err := own.injected(p.page, p.site)
		if err != nil {
			return &steps.HarnessError{Doing: "prepare the page", Err: err}
		}
		return p.blame("open the page", p.Tab.OpenWith(ctx, own.URL, script, p.Record))
	}
	return p.blame("open the host page", p.Tab.Open(ctx, p.site.url, p.Record))
}

// chatIsOpen opens the page with the chat on it and waits until the user could type.
func (p *Player) chatIsOpen() error {
	if err := p.load(); err != nil {
		return err
	}
	if p.drivesPagesChat() {
		seen := func() bool { s := p.screen(p.widget); return s.Open || s.Launcher || s.Failure != "" }
		// A chat that shows neither is what ready tells of.
		if err := p.Until(seen, p.Deadlines.Factory); err != nil && !errors.Is(err, steps.ErrAbsent) {
			return err
		}
		p.page.Open = !p.screen(p.widget).Launcher
	}
	if !p.page.Open && !p.screen(p.widget).Open {
		if err := p.click("launcher"); err != nil {
			return err
		}
	}
	return p.ready()
}

// ready waits for the integration to be built and the chat to be usable.
func (p *Player) ready() error {
	for widget := range max(p.page.Widgets, 1) {
		err := p.Until(func() bool {
			s := p.screen(widget)
			return s.Failure != "" || s.Open && s.Input.Enabled && !s.Loading
		}, p.Deadlines.Factory)
		s := p.screen(widget)
		recorded := s.Failure
		if errors.Is(err, steps.ErrAbsent) {
			recorded = "the factory is still pending; the user sees " + s.describe()
		} else if err != nil {
			return err
		}
		if recorded != "" {
			p.unstarted = recorded
			return &steps.Failure{Requirements: p.bootRequirement(), Expected: "an integration that the chat can load and build", Recorded: recorded, Hint: p.trouble()}
		}
	}
	return nil
}

// bootRequirement names what an integration that the chat cannot start with breaks: it could not be reached, could not be built, or has no usable name. One that cannot be built in
// want of what the scenario withholds breaks what the scenario is about, and nothing is named.
func (p *Player) bootRequirement() []string {
	if _, called := p.Journal.Find(0, isCall("factory")); !called {
		return []string{"FACT-01"}
	}
	s, settled := p.factorySettlement()
	switch {
	case settled && s.Outcome != "fulfilled" && len(p.page.Without.Parameters)+len(p.page.Without.Callbacks) > 0:
		return nil
	case !settled || s.Outcome != "fulfilled":
		return []string{"FACT-05"}
	case s.Type != "object":
		return []string{"FACT-03"}
	}
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Settled && e.Name == "getName" }); ok {
		if name, _ := expect.Decode(settlementOf(e).Value).(string); name != "" && settlementOf(e).Sync {
			return []string{"NAME-02"}
		}
	}
	return []string{"NAME-01"}
}

func (p *Player) userOpens() error {
	if !p.open {
		p.page.Open = true
	}
	if err := p.load(); err != nil {
		return err
	}
	if !p.page.Open {
		if err := p.click("launcher"); err != nil {
			return err
		}
	}
	// Whatever comes of it is for the sentences that follow: a factory may fail or hang.
	_, err := p.Await(0, func(e journal.Entry) bool {
		return e.Kind == journal.Call && e.Name == "factory" || e.Kind == journal.Screen && screenOf(e).Failure != ""
	}, p.Deadlines.Factory)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the chat to call the factory", Recorded: "it never did", Hint: p.trouble()}
	}
	if err == nil && !p.page.Open {
		return p.sees(p.widget, "a chat that opens", func(s Screen) bool { return s.Open })
	}
	return err
}

func (p *Player) isWaiting() error {
	if err := p.chatIsOpen(); err != nil {
		return err
	}
	if err := p.requestsAnAgent(); err != nil {
		if _, _, answered := p.lastSettlement("areAnyAgentsOnline"); answered && !p.offered() {
			return p.blaming(err, "AVAIL-03") // startChat had no chance
		}
		return err
	}
	if err := p.settles("startChat", "fulfilled", p.Deadlines.Start); err != nil {
		return p.blaming(err, "FLOW-03")
	}
	return p.seesWithin(p.widget, "the user to wait for an agent", func(s Screen) bool { return s.Banner != nil }, p.Deadlines.Sight)
}

func (p *Player) isTalkingTo(agent string) error {
	if err := p.isWaiting(); err != nil {
		return err
	}
	return p.blaming(p.connects(agent), "FLOW-09")
}

// connects has the agent join whom the user waits for.
func (p *Player) connects(agent string) error {
	if p.scripted {
		profile := map[string]any{"id": strings.ToLower(agent), "nickname": agent, "user_type": "human"}
		if err := p.scriptedCalls("agentJoined", []any{profile}); err != nil {
			return err
		}
	} else if err := p.joins(agent); err != nil {
		return p.blaming(err, "ENV-02")
	}
	return p.seesWithin(p.widget, "the user to be connected to "+agent, func(s Screen) bool {
		return s.Input.Enabled && s.Banner != nil && (p.drivesPagesChat() || strings.Contains(s.Banner.Line1+s.Banner.Line2, p.called(agent)))
	}, p.Deadlines.Event)
}

// blaming lays a failure of what a scenario takes for granted to the requirement that grants it: what the scenario is about was not tried. Where something is kept from the
// integration, that it does without is what the scenario is about.
func (p *Player) blaming(err error, requirement string) error {
	if without := p.page.Without; len(without.Parameters)+len(without.Callbacks)+len(without.Methods) > 0 {
		return err
	}
	if failure := (*steps.Failure)(nil); errors.As(err, &failure) && len(failure.Requirements) == 0 {
		failure.Requirements = []string{requirement}
	}
	return err
}

func (p *Player) userOfIsTalkingTo(chat int, agent string) error {
	p.widget = chat - 1
	// That each of two chats has its agent is what such a scenario is about.
	if err := p.isWaiting(); err != nil {
		return err
	}
	return p.connects(agent)
}
