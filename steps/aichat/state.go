package aichat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/expect"
)

// What the integration has stored through the chat. The recorder looks at it at every crossing (steps/browser/page/7-state.js); here it is asked for.
var stateSteps = []definition{
	define(`what is stored is data that JSON can carry`, func(p *Player) any { return p.noViolationOf("STATE-02", "a state that is the same after a reload") }),
	define(`what is stored is nobody's living object`, func(p *Player) any {
		return p.noViolationOf("STATE-03", "objects that are stored and not used any further")
	}),
	define(`what was read of the state has not been written on`, func(p *Player) any { return p.noViolationOf("STATE-04", "a stored state that is only read") }),
	define(`what is stored is small`, func(p *Player) any { return p.noViolationOf("STATE-05", "a state of less than 64 KiB") }),
	define(`what is stored has not grown with the last (\d+) lines`, func(p *Player) any { return p.stateHasNotGrown }),
	define(`nothing of the conversation is stored`, func(p *Player) any { return p.nothingStored }),
	define(`the stored state is (\{.*\})`, func(p *Player) any { return p.storedIs }),
	define(`nothing is stored`, func(p *Player) any { return func() error { return p.storedIs("") } }),
	define(`no secret is stored in the browser`, func(p *Player) any { return p.noCredentialStored }),
	define(`a breach of "([^"]*)" is recorded`, func(p *Player) any { return p.breachIsRecorded }),
	define(`no breach is recorded`, func(p *Player) any { return p.noBreachIsRecorded }),
}

// storedState is the state as it is stored now, nil if there is none.
func (p *Player) storedState() (any, error) {
	var stored struct {
		JSON string `json:"json"`
		Size int    `json:"size"`
	}
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.Tab.Call(ctx, "deskcheck.kit.stored", &stored, p.widget); err != nil {
		return nil, p.blame("read the stored state", err)
	}
	return expect.Decode(json.RawMessage(stored.JSON)), nil
}

func (p *Player) storedIs(want string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	got, err := p.storedState()
	if err != nil {
		return err
	}
	if want == "" && got != nil || want != "" && !sameJSON(want, got) {
		return &steps.Failure{Expected: "the stored state to be " + orElse(want, "empty"), Recorded: expect.Short(got)}
	}
	return nil
}

// nothingStored looks for the conversations of the desk in what is stored: an integration may keep other things, but the key to a chat that is over opens nothing any more.
func (p *Player) nothingStored() error {
	trace := ""
	err := p.Until(func() bool {
		trace = ""
		state, err := p.storedState()
		if err != nil {
			return false
		}
		text := short2(state)
		for _, c := range p.Desk.Conversations() {
			if c.Key() != "" && strings.Contains(text, c.Key()) {
				trace = c.Key()
			}
		}
		return trace == ""
	}, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "nothing of a conversation that is over in what is stored", Recorded: "the conversation " + trace + " is still there", Hint: "clear it with updatePersistedState({}, false)"}
	}
	return err
}

// short2 is a value as JSON, whole.
func short2(value any) string { return string(journal.Payload(value)) }

// growth is what a number may grow by in a line: a counter of the lines does not make a state grow, nor does an entry that takes the place of another.
const growth = 4

// stateHasNotGrown compares what was stored before the last n lines came with what is stored now.
func (p *Player) stateHasNotGrown(n int) error {
	if err := p.Rest(); err != nil {
		return err
	}
	boundary, found := p.Journal.Find(0, func(e journal.Entry) bool {
		return isCallback("sendMessageToUser")(e) && strings.Contains(string(e.Data), quotedLine(p.said-n+1))
	})
	if !found {
		return &steps.Failure{Expected: fmt.Sprintf("the line %s at the host", numberedLine(p.said-n+1)), Recorded: "it never came", Hint: p.trouble()}
	}
	updates := p.Journal.All(0, func(e journal.Entry) bool {
		return e.Kind == journal.Returned && e.Name == "updatePersistedState" && e.Widget == p.widget
	})
	var before, now int
	for _, e := range updates {
		now = sizeStored(e)
		if e.Seq < boundary.Seq {
			before = now
		}
	}
	if now-before > n*growth {
		return &steps.Failure{Expected: fmt.Sprintf("a stored state that stays as it is while %d lines come", n), Recorded: fmt.Sprintf("it grew from %d to %d characters", before, now), Entry: updates[len(updates)-1].Seq}
	}
	return nil
}

func quotedLine(n int) string { return `"` + numberedLine(n) + `"` }

func sizeStored(e journal.Entry) int {
	var data struct {
		Stored int `json:"stored"`
	}
	// The recorder is ours; what it did not write reads as nothing.
	_ = json.Unmarshal(e.Data, &data)
	return data.Stored
}

// breachIsRecorded shows that the kit sees what the scripted integration does wrong: what that does is nobody's fault, so it is no verdict.
func (p *Player) breachIsRecorded(requirement string) error {
	_, err := p.Await(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Violation && e.Requirement == requirement }, p.Deadlines.Sight)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "a breach of " + requirement + " in the record", Recorded: "there is none"}
	}
	return err
}

func (p *Player) noBreachIsRecorded() error {
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Violation }); ok {
		return &steps.Failure{Expected: "no breach in the record", Recorded: orElse(e.Note, e.Name), Entry: e.Seq}
	}
	return nil
}
