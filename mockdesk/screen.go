package mockdesk

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// ErrNoScreen says that there is no request to see the screen in the state that the act needs: an open one to withdraw, an accepted one to stop.
var ErrNoScreen = errors.New("no request to see the screen is in that state")

// ScreenState is how far a request to see the user's screen has come.
type ScreenState string

// The states of a request to see the user's screen. What the client says are ScreenAccepted to ScreenStopped; the others come of the agent.
const (
	ScreenAsked       ScreenState = "asked"       // the agent waits for an answer
	ScreenAccepted    ScreenState = "accepted"    // the screen is shared
	ScreenDeclined    ScreenState = "declined"    // the user said no
	ScreenCancelled   ScreenState = "cancelled"   // the question was taken back before the user had answered
	ScreenUnsupported ScreenState = "unsupported" // it cannot be done here
	ScreenStopped     ScreenState = "stopped"     // it was shared and is no more, by the user
	ScreenWithdrawn   ScreenState = "withdrawn"   // the agent no longer asks
	ScreenEnded       ScreenState = "ended"       // it was shared and is no more, by the agent
)

// fromClient are the states that a client may name.
var fromClient = []ScreenState{ScreenAccepted, ScreenDeclined, ScreenCancelled, ScreenUnsupported, ScreenStopped}

// Screen is one request to see the user's screen.
type Screen struct {
	// ID is the desk's own, as the wire has it.
	ID string
	// Agent is the id of the agent who asked, empty for one that the desk was made to send.
	Agent string
	// State is how things stand as the desk sees it.
	State ScreenState
	// Said is what the client has said of it, in the order in which it came, repeats left out. It may say what no longer has an effect.
	Said []ScreenState
}

// Screens is every request to see the user's screen that was made in the conversation, in order.
func (c *Conversation) Screens() []Screen {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	all := make([]Screen, 0, len(c.screens))
	for _, s := range c.screens {
		one := *s
		one.Said = slices.Clone(s.Said)
		all = append(all, one)
	}
	return all
}

// AskScreen asks the user to share the screen. The desk allows it also to an agent who has not joined: what the chat makes of that is for the client to know.
func (a *Agent) AskScreen(c *Conversation) (int, error) {
	return c.act(journal.Agent, "screen.requested", a.Name+" asks to see the screen.", c.mustGoOn, func() fields {
		s := &Screen{ID: fmt.Sprintf("s.%d", c.log.length+1), Agent: a.ID, State: ScreenAsked}
		c.screens = append(c.screens, s)
		return plainFields{"id": s.ID, "agent": a.profile()}
	})
}

// WithdrawScreen takes the latest open request back; ErrNoScreen if there is none.
func (a *Agent) WithdrawScreen(c *Conversation) (int, error) {
	return a.closeScreen(c, "screen.withdrawn", a.Name+" no longer asks to see the screen.", ScreenAsked, ScreenWithdrawn)
}

// StopScreen ends the sharing that goes on; ErrNoScreen if nothing is shared.
func (a *Agent) StopScreen(c *Conversation) (int, error) {
	return a.closeScreen(c, "screen.stopped", a.Name+" stops the screen share.", ScreenAccepted, ScreenEnded)
}

func (a *Agent) closeScreen(c *Conversation, event, note string, from, to ScreenState) (int, error) {
	var found *Screen
	allowed := func() error {
		for _, s := range c.screens {
			if s.State == from {
				found = s
			}
		}
		if found == nil && c.state != Ended {
			return ErrNoScreen
		}
		return c.mustGoOn()
	}
	return c.act(journal.Agent, event, note, allowed, func() fields {
		found.State = to
		return plainFields{"id": found.ID, "agent": a.profile()}
	})
}

// takeScreen is what a client says has become of a request to see the screen.
func (d *Desk) takeScreen(x *exchange) outcome {
	screen, state := x.given.Text("screen"), ScreenState(x.given.Text("state"))
	if !slices.Contains(fromClient, state) {
		words := make([]string, 0, len(fromClient))
		for _, s := range fromClient {
			words = append(words, string(s))
		}
		return invalid("The " + x.given.Label("state") + " must be one of " + strings.Join(words, ", ") + ".")
	}
	if o, cannot := d.followed(x); cannot {
		return o
	}
	c := x.c
	i := slices.IndexFunc(c.screens, func(s *Screen) bool { return s.ID == screen })
	if i < 0 {
		return failed(wire.UnknownScreen, "There is no such request", "Take the id of the event screen.requested.")
	}
	if c.state == Ended {
		return gone()
	}
	c.screens[i].hear(state)
	d.touch(c, true)
	d.broadcast()
	return outcome{name: "noted", result: func() map[string]any { return map[string]any{"id": screen, "state": string(c.screens[i].State)} }}
}

// hear has a request go on by what the client says. What is over stays over.
func (s *Screen) hear(state ScreenState) {
	if !slices.Contains(s.Said, state) {
		s.Said = append(s.Said, state)
	}
	if s.State == ScreenAsked || s.State == ScreenAccepted {
		s.State = state
	}
}
