package aichat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// What the user sees.
var sightSteps = []definition{
	define(`the user sees the connect card`, func(p *Player) any { return p.seesCard }),
	define(`the user can request an agent`, func(p *Player) any { return p.canRequest }),
	define(`the user sees that no agents are available`, func(p *Player) any { return p.seesKind("unavailable", "that no agents are available") }),
	define(`the user sees the waiting banner`, func(p *Player) any { return p.seesWaiting }),
	define(`the user is not left waiting`, func(p *Player) any { return p.waitsNoMore }),
	define(`the user sees no banner`, func(p *Player) any { return p.seesNoBanner }),
	define(`the user sees "([^"]*)" in the banner`, func(p *Player) any { return p.bannerHas }),
	define(`the user does not see "([^"]*)" in the banner`, func(p *Player) any { return p.bannerHasNot }),
	define(`the user can(not)? type a message`, func(p *Player) any { return p.canType }),
	define(`the user can cancel the request`, func(p *Player) any { return p.canCancel }),
	define(`the user sees that "([^"]*)" has (joined|left)`, func(p *Player) any { return p.seesAgent }),
	define(`the user sees that connecting failed`, func(p *Player) any { return p.seesConnectingFailed }),
	define(`the user sees that the chat has ended`, func(p *Player) any { return p.seesKind("ended", "that the chat has ended") }),
	define(`the user sees that the assistant is back`, func(p *Player) any { return p.seesKind("returned", "that the assistant is back") }),
	define(`the user sees that "([^"]*)" was not sent`, func(p *Player) any { return p.seesNotSent }),
	define(`the user sees that the connection is (lost|back)`, func(p *Player) any { return p.seesConnection }),
	define(`the user sees nothing new`, func(p *Player) any { return p.seesNothingNew }),
	define(`the user reads "([^"]*)"`, func(p *Player) any { return p.reads }),
	define(`the user has not read "([^"]*)"`, func(p *Player) any { return p.hasNotRead }),
	define(`the user has been told "([^"]*)"`, func(p *Player) any { return p.hasBeenTold }),
	define(`the user has not been told "([^"]*)"`, func(p *Player) any { return p.hasNotBeenTold }),
	define(`the user of chat (\d+) reads "([^"]*)" and not "([^"]*)"`, func(p *Player) any { return p.readsInChat }),
	define(`the user reads these agent lines`, func(p *Player) any { return p.readsExactly }),
	define(`the user reads the (\d+) numbered lines in order, each once`, func(p *Player) any { return p.readsNumbered }),
	define(`the user reads of the arrival of "([^"]*)" before "([^"]*)"`, func(p *Player) any { return p.arrivalBefore }),
	define(`the user reads "([^"]*)" before the end of the chat`, func(p *Player) any { return p.beforeTheEnd }),
	define(`the user is (not )?warned of leaving the page`, func(p *Player) any { return p.isWarned }),
}

func (p *Player) seesCard() error {
	return p.seesWithin(p.widget, "the connect card", func(s Screen) bool { return s.Card != nil && !s.Loading }, p.Deadlines.Ending+time.Second)
}

func (p *Player) canRequest() error {
	return p.sees(p.widget, "a button to request an agent", func(s Screen) bool { return s.Card != nil && s.Card.Enabled })
}

func (p *Player) seesKind(kind, expected string) any {
	return func() error {
		return p.seesWithin(p.widget, expected, func(s Screen) bool {
			return s.position(func(m Message) bool { return m.Kind == kind }) >= 0
		}, p.Deadlines.Ending+time.Second)
	}
}

func (p *Player) seesWaiting() error {
	return p.sees(p.widget, "the waiting banner", func(s Screen) bool { return s.Banner != nil && s.Banner.Busy })
}

// waitsNoMore wants the wait over in either way: connected, or told that it came to nothing.
func (p *Player) waitsNoMore() error {
	return p.sees(p.widget, "no waiting banner any more", func(s Screen) bool { return s.Banner == nil || !s.Banner.Busy })
}

func (p *Player) seesNoBanner() error {
	return p.sees(p.widget, "no banner", func(s Screen) bool { return s.Banner == nil })
}

func (p *Player) bannerHas(text string) error {
	return p.sees(p.widget, quote(text)+" in the banner", func(s Screen) bool {
		return s.Banner != nil && strings.Contains(s.Banner.Line1+" "+s.Banner.Line2, text)
	})
}

func (p *Player) bannerHasNot(text string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	if b := p.screen(p.widget).Banner; b != nil && strings.Contains(b.Line1+" "+b.Line2, text) {
		return &steps.Failure{Expected: "no " + quote(text) + " in the banner", Recorded: "the user sees " + p.screen(p.widget).describe()}
	}
	return nil
}

func (p *Player) canType(not string) error {
	want := not == ""
	return p.sees(p.widget, fmt.Sprintf("the input to be enabled: %t", want), func(s Screen) bool { return s.Input.Enabled == want })
}

func (p *Player) canCancel() error {
	return p.sees(p.widget, "a way to cancel the request", func(s Screen) bool { return s.Banner != nil && s.Banner.Button != "" })
}

func (p *Player) seesAgent(name, what string) error {
	return p.sees(p.widget, fmt.Sprintf("that %s has %s", name, what), func(s Screen) bool {
		return s.position(func(m Message) bool { return m.Kind == what && strings.Contains(m.Text, p.called(name)) }) >= 0
	})
}

func (p *Player) seesConnectingFailed() error {
	return p.sees(p.widget, "that connecting failed, and no banner", func(s Screen) bool {
		return s.Banner == nil && s.position(func(m Message) bool { return m.Kind == "error" }) >= 0
	})
}

func (p *Player) seesConnection(state string) error {
	kind := map[string]string{"lost": "disconnected", "back": "reconnected"}[state]
	return p.sees(p.widget, "that the connection is "+state, func(s Screen) bool {
		return s.Banner != nil && s.position(func(m Message) bool { return m.Kind == kind }) >= 0
	})
}

func (p *Player) seesNotSent(text string) error {
	return p.sees(p.widget, quote(text)+" marked as not sent", func(s Screen) bool {
		return s.position(func(m Message) bool { return m.From == "user" && m.Text == text && m.Status == "failed" }) >= 0
	})
}

// seesNothingNew compares with what the user saw before the scripted integration last spoke.
func (p *Player) seesNothingNew() error {
	if err := p.Pass(p.Deadlines.Silence); err != nil {
		return err
	}
	before, now := p.before[p.widget], p.screen(p.widget)
	if len(before.Messages) != len(now.Messages) || (before.Banner == nil) != (now.Banner == nil) || before.Typing != now.Typing || before.Input.Enabled != now.Input.Enabled {
		return &steps.Failure{Expected: "nothing new for the user", Recorded: "the user sees " + now.describe()}
	}
	return nil
}

func (p *Player) reads(text string) error { return p.readsIn(p.widget, text) }

func (p *Player) readsIn(widget int, text string) error {
	return p.sees(widget, "the agent's line "+quote(text), func(s Screen) bool { return slices.Contains(s.lines("agent"), text) })
}

func (p *Player) hasNotRead(text string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	if s := p.screen(p.widget); slices.Contains(s.lines("agent"), text) {
		return &steps.Failure{Expected: "no line " + quote(text), Recorded: "the user sees " + s.describe()}
	}
	return nil
}

// hasBeenTold wants a text to have been on the screen at any time and in any place: as a line, or as a note in the banner.
func (p *Player) hasBeenTold(text string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	_, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Screen && strings.Contains(string(e.Data), text) })
	if !ok {
		return &steps.Failure{Expected: "the user to have been told " + quote(text), Recorded: "it was never on the screen; now the user sees " + p.screen(p.widget).describe()}
	}
	return nil
}

func (p *Player) hasNotBeenTold(text string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Screen && strings.Contains(string(e.Data), text) }); ok {
		return &steps.Failure{Expected: "the user never to have been told " + quote(text), Recorded: "it was on the screen", Entry: e.Seq}
	}
	return nil
}

func (p *Player) readsInChat(chat int, text, other string) error {
	if err := p.readsIn(chat-1, text); err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if s := p.screen(chat - 1); slices.Contains(s.lines("agent"), other) {
		return &steps.Failure{Expected: fmt.Sprintf("chat %d without the other chat's line", chat), Recorded: "the user sees " + s.describe()}
	}
	return nil
}

func (p *Player) readsExactly(table *godog.Table) error { return p.readsList(column(table)) }

func (p *Player) readsNumbered(n int) error {
	want := make([]string, 0, n)
	for i := range n {
		want = append(want, numberedLine(i+1))
	}
	return p.readsList(want)
}

func (p *Player) readsList(want []string) error {
	err := p.Until(func() bool { return len(p.screen(p.widget).lines("agent")) >= len(want) }, seconds(60))
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if have := p.screen(p.widget).lines("agent"); !slices.Equal(have, want) {
		return &steps.Failure{Expected: fmt.Sprintf("these %d lines of the agent in order, each once: %s", len(want), expect.Short(want)), Recorded: fmt.Sprintf("%d: %s", len(have), firstDifference(want, have)), Hint: p.trouble()}
	}
	return nil
}

// firstDifference points at the place where two lists part.
func firstDifference(want, have []string) string {
	for i := range max(len(want), len(have)) {
		switch {
		case i >= len(have):
			return fmt.Sprintf("line %d %s is missing", i+1, quote(want[i]))
		case i >= len(want):
			return fmt.Sprintf("line %d %s is too much", i+1, quote(have[i]))
		case want[i] != have[i]:
			return fmt.Sprintf("line %d is %s, not %s", i+1, quote(have[i]), quote(want[i]))
		}
	}
	return "the same"
}

func (p *Player) arrivalBefore(name, text string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	s := p.screen(p.widget)
	joined := s.position(func(m Message) bool { return m.Kind == "joined" && strings.Contains(m.Text, p.called(name)) })
	line := s.position(func(m Message) bool { return m.From == "agent" && m.Text == text })
	if joined < 0 || line < 0 || joined > line {
		return &steps.Failure{Expected: "the arrival above the line", Recorded: "the user sees " + s.describe()}
	}
	return nil
}

func (p *Player) beforeTheEnd(text string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	s := p.screen(p.widget)
	line := s.position(func(m Message) bool { return m.From == "agent" && m.Text == text })
	end := s.position(func(m Message) bool { return m.Kind == "ended" })
	if line < 0 || end < 0 || line > end {
		return &steps.Failure{Expected: "the line above the end", Recorded: "the user sees " + s.describe()}
	}
	return nil
}

func (p *Player) isWarned(not string) error {
	return p.seesWithin(p.widget, fmt.Sprintf("a warning of leaving the page: %t", not == ""), func(s Screen) bool {
		return (s.position(func(m Message) bool { return m.Kind == "warning" }) >= 0) == (not == "")
	}, p.Deadlines.Sight)
}
