package aichat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/expect"
)

// Screen sharing: the agent asks, the user answers, the integration captures and tells the desk. An integration may show the screen by other means than the browser's own
// capture; then what the desk was told counts alone.
var sharingSteps = []definition{
	define(`"([^"]*)" asks to see the screen`, func(p *Player) any { return p.asksForScreen }),
	define(`"([^"]*)" no longer asks to see the screen`, func(p *Player) any { return p.withdrawsScreen }),
	define(`"([^"]*)" stops the screen share`, func(p *Player) any { return p.agentStopsScreen }),
	define(`the desk asks to see the screen in conversation (\d+)`, func(p *Player) any { return p.deskAsksForScreen }),
	define(`the user shares the screen with "([^"]*)"`, func(p *Player) any { return p.isSharingWith }),
	define(`the user (agrees|declines) to share the screen`, func(p *Player) any { return p.answersSharing }),
	define(`the user closes the question with Escape`, func(p *Player) any { return p.escapes }),
	define(`the user stops sharing the screen`, func(p *Player) any { return p.stopsSharing }),
	define(`the user stops sharing in the browser's own bar`, func(p *Player) any { return p.stopsInBrowser }),
	define(`the scripted integration asks to see the screen`, func(p *Player) any { return p.scriptAsksForScreen }),

	define(`the user is asked for the screen`, func(p *Player) any { return p.isAskedForScreen }),
	define(`the user is no longer asked for the screen`, func(p *Player) any { return p.isAskedNoMore }),
	define(`the user sees that the screen is (no longer )?shared`, func(p *Player) any { return p.seesSharing }),
	define(`the desk is told within (\d+) seconds that the screen is (shared|not shared|no longer shared)`, func(p *Player) any { return p.deskToldOfScreen }),
	define(`the desk has not been told that the screen is shared`, func(p *Player) any { return p.deskNotToldOfScreen }),
	define(`the screen is not captured`, func(p *Player) any { return p.notCaptured }),
	define(`the screen is captured at most once at a time`, func(p *Player) any { return p.capturedOnce }),
	define(`no capture of the screen is left after (\d+) seconds?`, func(p *Player) any { return p.captureEnds }),
	define(`an integration that asks for the screen can be told to stop`, func(p *Player) any { return p.canBeToldToStop }),
	define(`"screenShareRequest" is answered with "([^"]*)"`, func(p *Player) any { return p.requestAnswered }),
	define(`"screenShareRequest" is refused`, func(p *Player) any { return p.requestRefused }),
}

func (p *Player) asksForScreen(name string) error {
	return p.acts(name, driver.Act{Verb: driver.AskScreenShare, Variant: "ask"})
}

func (p *Player) withdrawsScreen(name string) error {
	return p.acts(name, driver.Act{Verb: driver.AskScreenShare, Variant: "withdraw"})
}

func (p *Player) agentStopsScreen(name string) error {
	return p.acts(name, driver.Act{Verb: driver.AskScreenShare, Variant: "stop"})
}

// deskAsksForScreen puts a request on the wire that no agent of the conversation has made, whatever its state.
func (p *Player) deskAsksForScreen(n int) error {
	return p.sends(n, "screen.requested", map[string]any{"id": "s.stray", "agent": p.profile("Nobody")})
}

func (p *Player) isSharingWith(agent string) error {
	if b := p.screen(p.widget).Banner; b == nil || b.Busy {
		if err := p.isTalkingTo(agent); err != nil {
			return err
		}
	}
	if p.scripted {
		if err := p.scriptAsksForScreen(); err != nil {
			return err
		}
	} else if err := p.asksForScreen(agent); err != nil {
		return err
	}
	if err := p.answersSharing("agrees"); err != nil {
		return err
	}
	if err := p.seesSharing(""); err != nil || p.scripted {
		return err
	}
	return p.deskToldOfScreen(2, "shared")
}

// hasShareDialog tells the question for the screen from the other questions of the chat: the banner with the way out stands behind it, and nothing else can raise one while
// the user does nothing.
func hasShareDialog(s Screen) bool { return s.Dialog != nil }

func (p *Player) isAskedForScreen() error {
	err := p.Until(func() bool { return hasShareDialog(p.screen(p.widget)) }, p.Deadlines.Event)
	return p.absent(err, "screenShareRequest", "the chat to ask the user for the screen", func() string { return "the user sees " + p.screen(p.widget).describe() })
}

func (p *Player) isAskedNoMore() error {
	return p.seesWithin(p.widget, "no question any more", func(s Screen) bool { return !hasShareDialog(s) }, p.Deadlines.Event)
}

func (p *Player) answersSharing(answer string) error {
	if err := p.isAskedForScreen(); err != nil {
		return err
	}
	if err := p.click(map[string]string{"agrees": "confirm", "declines": "keep"}[answer]); err != nil {
		return err
	}
	return p.isAskedNoMore()
}

func (p *Player) escapes() error {
	if err := p.isAskedForScreen(); err != nil {
		return err
	}
	p.Act(journal.User, journal.Host, "presses Escape")
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.Tab.Press(ctx, "Escape"); err != nil {
		return p.unable("press Escape", err)
	}
	return p.isAskedNoMore()
}

func (p *Player) stopsSharing() error {
	if err := p.seesSharing(""); err != nil {
		return err
	}
	return p.click("stop sharing")
}

// stopsInBrowser ends the tracks as the browser's own bar does. Where there are none, the integration shows the screen in another way, and there is no such bar.
func (p *Player) stopsInBrowser() error {
	p.Act(journal.User, journal.Page, "stops the capture in the browser's own bar")
	var ended int
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.blame("stop the capture", p.Tab.Call(ctx, "deskcheck.capture.end", &ended)); err != nil {
		return err
	}
	if ended == 0 {
		return &steps.NotApplicable{Capability: "screen", Why: "it shows the screen in another way than by the browser's own capture"}
	}
	return nil
}

// scriptAsksForScreen has the scripted integration make the callback without waiting for the user.
func (p *Player) scriptAsksForScreen() error {
	mark := p.Journal.Len()
	p.before[p.widget] = p.screen(p.widget)
	if err := p.call("deskcheckProbe.begin", "screenShareRequest", []any{}); err != nil {
		return err
	}
	_, err := p.Await(mark, isCallback("screenShareRequest"), p.Deadlines.Sight)
	return err
}

func (p *Player) seesSharing(not string) error {
	want := not == ""
	return p.seesWithin(p.widget, fmt.Sprintf("a button to stop sharing: %t", want), func(s Screen) bool {
		return (s.Banner != nil && s.Banner.Sharing) == want
	}, p.Deadlines.Event)
}

// screens are the desk's requests of the newest conversation.
func (p *Player) screens() []driver.Screen {
	all := p.Desk.Conversations()
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1].Screens()
}

// meant are the words of the wire by which the desk learns of something. Which of the ways to say no an integration takes is its own affair.
var meant = map[string][]mockdesk.ScreenState{
	"shared":           {mockdesk.ScreenAccepted},
	"not shared":       {mockdesk.ScreenDeclined, mockdesk.ScreenCancelled, mockdesk.ScreenUnsupported},
	"no longer shared": {mockdesk.ScreenStopped, mockdesk.ScreenDeclined, mockdesk.ScreenCancelled},
}

func (p *Player) deskToldOfScreen(n int, what string) error {
	// Of several questions one is answered for all, and each is the integration's to answer as it likes otherwise.
	told := func() bool {
		return slices.ContainsFunc(p.screens(), func(s driver.Screen) bool {
			return len(s.Said) > 0 && slices.Contains(meant[what], s.Said[len(s.Said)-1])
		})
	}
	err := p.Until(told, seconds(n))
	return p.absent(err, "screenShareRequest", "the desk to be told that the screen is "+what, func() string {
		var words []string
		for _, s := range p.screens() {
			for _, word := range s.Said {
				words = append(words, string(word))
			}
		}
		if len(words) == 0 {
			return "it was told nothing of the screen"
		}
		return "it was told " + strings.Join(words, ", ")
	})
}

func (p *Player) deskNotToldOfScreen() error {
	if err := p.Rest(); err != nil {
		return err
	}
	for _, s := range p.screens() {
		if slices.Contains(s.Said, mockdesk.ScreenAccepted) {
			return &steps.Failure{Expected: "the desk not to be told that the screen is shared", Recorded: "it was told " + expect.Short(s.Said)}
		}
	}
	return nil
}

func isCapture(name string) journal.Match {
	return func(e journal.Entry) bool { return e.Kind == journal.Capture && e.Name == name }
}

// notCaptured wants no capture to have begun since the latest When, and none to begin in a while.
func (p *Player) notCaptured() error {
	if err := p.Pass(p.Deadlines.Silence); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(p.mark, isCapture("started")); ok {
		return &steps.Failure{Expected: "no capture of the screen", Recorded: "one has begun", Hint: "share on the answer “accepted” and on no other", Entry: e.Seq}
	}
	return nil
}

// capturing are the captures that go on.
func (p *Player) capturing() []journal.Entry {
	return slices.DeleteFunc(p.Journal.All(0, isCapture("started")), func(start journal.Entry) bool {
		_, over := p.Journal.Find(start.Seq, func(e journal.Entry) bool { return isCapture("stopped")(e) && e.Ref == start.Seq })
		return over
	})
}

func (p *Player) capturedOnce() error {
	if err := p.Pass(p.Deadlines.Silence); err != nil {
		return err
	}
	running := 0
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Capture }) {
		switch e.Name {
		case "started":
			running++
		case "stopped":
			running--
		}
		if running > 1 {
			return &steps.Failure{Expected: "one capture of the screen at a time", Recorded: "a second one has begun", Entry: e.Seq}
		}
	}
	return nil
}

func (p *Player) captureEnds(n int) error {
	err := p.Until(func() bool { return len(p.capturing()) == 0 }, seconds(n))
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("no capture of the screen after %s", time.Duration(n)*time.Second), Recorded: fmt.Sprintf("%d go on", len(p.capturing())), Hint: "stop every track of the stream", Entry: p.capturing()[0].Seq}
	}
	return err
}

// canBeToldToStop judges whoever asks for the screen by whether the chat can tell it to stop; who never asks has nothing to stop.
func (p *Player) canBeToldToStop() error {
	p.optional["screenShareRequest"] = "screen"
	_, err := p.Await(p.mark, isCallback("screenShareRequest"), p.Deadlines.Event)
	if err := p.absent(err, "screenShareRequest", "screenShareRequest to be called", p.callbacksSince); err != nil {
		return err
	}
	s, ok := p.factorySettlement()
	if !ok || s.Methods["screenShareStop"] != "function" {
		return &steps.Failure{Expected: "a method screenShareStop of an integration that asks for the screen", Recorded: "it is " + orElse(s.Methods["screenShareStop"], "absent"), Hint: "without it the user's button to stop has no effect on the capture"}
	}
	return nil
}

// answered gives what came of the latest screenShareRequest, waiting for it.
func (p *Player) answered(expected string) (settlement, journal.Entry, error) {
	calls := p.Journal.All(0, isCallback("screenShareRequest"))
	if len(calls) == 0 {
		return settlement{}, journal.Entry{}, &steps.Failure{Expected: expected, Recorded: "it was not called"}
	}
	last := calls[len(calls)-1]
	e, err := p.Await(last.Seq, func(e journal.Entry) bool { return e.Kind == journal.Returned && e.Ref == last.Seq }, p.Deadlines.Sight)
	if errors.Is(err, steps.ErrAbsent) {
		return settlement{}, last, &steps.Failure{Expected: expected, Recorded: "it is still open", Entry: last.Seq}
	}
	return settlementOf(e), e, err
}

func (p *Player) requestAnswered(state string) error {
	expected := "screenShareRequest to be answered with " + state
	s, e, err := p.answered(expected)
	if err != nil {
		return err
	}
	if got, _ := expect.Decode(s.Value).(string); s.Outcome != "fulfilled" || got != state {
		return &steps.Failure{Expected: expected, Recorded: "it " + s.String(), Entry: e.Seq}
	}
	return nil
}

func (p *Player) requestRefused() error {
	expected := "screenShareRequest to be refused"
	s, e, err := p.answered(expected)
	if err == nil && s.Outcome == "fulfilled" {
		return &steps.Failure{Expected: expected, Recorded: "it " + s.String(), Entry: e.Seq}
	}
	return err
}
