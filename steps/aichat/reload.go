package aichat

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/expect"
)

// The page is loaded again: what was in its memory is gone, what it has stored is there, and the chat may go on where it was.
var reloadSteps = []definition{
	define(`the chat keeps its history`, func(p *Player) any { return p.keepsHistory }),
	define(`the page's session storage is (full|forbidden)`, func(p *Player) any { return p.storageIs }),
	define(`the user reloads the page`, func(p *Player) any { return p.reloads }),
	define(`the user reloads the page as soon as "([^"]*)" is called`, func(p *Player) any { return p.reloadsAt }),
	define(`the user begins to reload the page`, func(p *Player) any { return p.beginsToReload }),
	define(`the page is back`, func(p *Player) any { return p.pageIsBack }),
	define(`the stored session is of another version`, func(p *Player) any { return p.otherVersion }),
	define(`the desk forgets the conversation`, func(p *Player) any { return p.deskForgets }),
	define(`the desk holds everything but endings`, func(p *Player) any { return func() error { return p.Desk.Blackhole("hold") } }),
	define(`the desk answers everything from now on`, func(p *Player) any { return p.deskAnswers }),
	define(`"([^"]*)" is fulfilled with false or rejected within (\d+) seconds`, func(p *Player) any { return p.deniedWithin }),
	define(`the factory was given no persisted state`, func(p *Player) any { return func() error { return p.factoryGiven("") } }),
	define(`the factory was given the persisted state (\{.*\})`, func(p *Player) any { return p.factoryGiven }),
	define(`the user sees that the chat is reconnecting to "([^"]*)"`, func(p *Player) any { return p.seesReconnecting }),
	define(`the user sees that the chat has ended, and no name`, func(p *Player) any { return p.seesNamelessEnd }),
	define(`the user sees (no|one) greeting`, func(p *Player) any { return p.seesGreeting }),
	define(`the user sees not a single line`, func(p *Player) any { return p.seesNoLine }),
}

func (p *Player) keepsHistory() error {
	if p.open {
		return &steps.HarnessError{Doing: "keep the history of the chat", Err: errors.New("the chat is open already: say it before")}
	}
	p.page.History = true
	return nil
}

func (p *Player) storageIs(what string) error {
	if p.open {
		return &steps.HarnessError{Doing: "spoil the session storage", Err: errors.New("the chat is open already: say it before")}
	}
	p.page.storage = what
	return nil
}

// reloads has the user load the page again, and waits until the chat is there once more.
func (p *Player) reloads() error {
	if err := p.beginsToReload(); err != nil {
		return err
	}
	return p.pageIsBack()
}

// reloadsAt reloads without giving the integration any time after a callback: what it has not done by then it has not done in time.
func (p *Player) reloadsAt(callback string) error {
	_, err := p.Await(p.mark, isCallback(callback), p.Deadlines.Event)
	if err := p.absent(err, callback, callback+" to be called", p.callbacksSince); err != nil {
		return err
	}
	return p.reloads()
}

// beginsToReload takes the page away: the document is gone, and the one that comes after it does nothing before pageIsBack.
func (p *Player) beginsToReload() error {
	// What was done to the globals of the page goes with it.
	if err := p.manners(); err != nil {
		return err
	}
	p.Act(journal.User, journal.Host, "reloads the page")
	p.reloaded = p.Journal.Len()
	p.release = p.site.hold()
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Boot)
	defer cancel()
	return p.blame("reload the host page", p.Tab.BeginReload(ctx))
}

// pageIsBack lets the page do its work again, and waits for each chat that was open to be built anew.
func (p *Player) pageIsBack() error {
	if p.release == nil {
		return &steps.HarnessError{Doing: "bring the page back", Err: errors.New("it was never away: the user begins to reload the page before")}
	}
	p.release()
	p.release = nil
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Boot)
	defer cancel()
	if err := p.Tab.FinishReload(ctx); err != nil {
		return p.blame("reload the host page", err)
	}
	for widget := range max(p.page.Widgets, 1) {
		of := func(e journal.Entry) bool { return e.Widget == widget }
		built := func() bool {
			all := p.Journal.All(p.reloaded, func(e journal.Entry) bool { return of(e) && e.Kind == journal.Screen })
			if len(all) == 0 {
				return false
			}
			_, made := p.Journal.Find(p.reloaded, func(e journal.Entry) bool { return of(e) && e.Kind == journal.Settled && e.Name == "factory" })
			now := screenOf(all[len(all)-1])
			return now.Failure != "" || !now.Loading && (made || !now.Open)
		}
		err := p.Until(built, p.Deadlines.Factory)
		if errors.Is(err, steps.ErrAbsent) {
			return &steps.Failure{Requirements: []string{"FACT-05"}, Expected: "an integration that the reloaded chat can build", Recorded: "the factory is still pending", Hint: p.trouble()}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// otherVersion makes what the chat has stored look like that of another version of the chat. The emulated host keeps a number for it.
func (p *Player) otherVersion() error {
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	js := `(() => { for (const key of Object.keys(sessionStorage)) { const session = JSON.parse(sessionStorage[key]); session.version = -1; sessionStorage[key] = JSON.stringify(session); } })()`
	return p.blame("change the stored session", p.Tab.Evaluate(ctx, js, nil))
}

func (p *Player) deskForgets() error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	return unplayed("have the desk forget its conversation", c.Plays(driver.Act{Verb: driver.ExpireSession}))
}

// deskAnswers has the desk work as it should, and go on with what it has kept so far.
func (p *Player) deskAnswers() error {
	if err := p.Desk.Restore(); err != nil {
		return err
	}
	return p.Rest()
}

// deniedWithin wants a no in either way that the host understands.
func (p *Player) deniedWithin(method string, n int) error {
	if err := p.settles(method, "", seconds(n)); err != nil {
		return err
	}
	s, e, _ := p.lastSettlement(method)
	if value := strings.TrimSpace(string(s.Value)); s.Outcome == "fulfilled" && value != "false" {
		return &steps.Failure{Expected: method + " to be fulfilled with false, or rejected", Recorded: "it was fulfilled with " + orElse(expect.Clip(value), "undefined"), Entry: e.Seq}
	}
	return nil
}

// factoryGiven looks at what the latest call of the factory was given, as JSON or nothing.
func (p *Player) factoryGiven(want string) error {
	all := p.calls("factory")
	if len(all) == 0 {
		return &steps.Failure{Expected: "a call of the factory", Recorded: "there was none"}
	}
	call := all[len(all)-1]
	args, _ := expect.Decode(argumentsOf(call)).([]any)
	var parameters map[string]any
	if len(args) > 0 {
		parameters, _ = args[0].(map[string]any)
	}
	got, there := parameters["persistedState"]
	if want == "" && there || want != "" && !sameJSON(want, got) {
		return &steps.Failure{Expected: "the factory to be given " + orElse(want, "no persisted state"), Recorded: expect.Short(got), Entry: call.Seq}
	}
	return nil
}

func sameJSON(want string, got any) bool {
	var v any
	return json.Unmarshal([]byte(want), &v) == nil && reflect.DeepEqual(v, got)
}

func (p *Player) seesReconnecting(agent string) error {
	return p.sees(p.widget, "that the chat is reconnecting to "+agent+", with a way out", func(s Screen) bool {
		return !s.Input.Enabled && strings.Contains(strings.ToLower(s.Input.Placeholder), "reconnect") &&
			s.Banner != nil && s.Banner.Button != "" && strings.Contains(s.Banner.Line1+s.Banner.Line2, p.called(agent))
	})
}

func (p *Player) seesNamelessEnd() error {
	named := ""
	err := p.sees(p.widget, "that the chat has ended, without a name", func(s Screen) bool {
		i := s.position(func(m Message) bool { return m.Kind == "ended" })
		if i < 0 {
			return false
		}
		named = s.Messages[i].Author
		return named == ""
	})
	if f := (*steps.Failure)(nil); errors.As(err, &f) && named != "" {
		f.Recorded = "the line names " + named
	}
	return err
}

// greetings counts how often the user sees the line with which the assistant began.
func (p *Player) greetings(s Screen) (n int) {
	first := ""
	p.Journal.Find(0, func(e journal.Entry) bool {
		if isScreen(p.widget)(e) {
			if lines := screenOf(e).lines("assistant"); len(lines) > 0 {
				first = lines[0]
			}
		}
		return first != ""
	})
	for _, line := range s.lines("assistant") {
		if line == first {
			n++
		}
	}
	return n
}

func (p *Player) seesGreeting(count string) error {
	want := map[string]int{"no": 0, "one": 1}[count]
	if err := p.Rest(); err != nil {
		return err
	}
	if s := p.screen(p.widget); p.greetings(s) != want {
		return &steps.Failure{Expected: count + " greeting of the assistant", Recorded: fmt.Sprintf("%d; the user sees %s", p.greetings(s), s.describe())}
	}
	return nil
}

func (p *Player) seesNoLine() error {
	if err := p.Rest(); err != nil {
		return err
	}
	if s := p.screen(p.widget); len(s.Messages) > 0 {
		return &steps.Failure{Expected: "an empty conversation", Recorded: "the user sees " + s.describe()}
	}
	return nil
}
