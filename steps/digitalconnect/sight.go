package digitalconnect

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/enduser"
	"deskcheck/steps/expect"
)

var sightSteps = []definition{
	define(`(?P<user>[A-Z]\w*) sees "([^"]*)"`, func(p *Player) any {
		return func(name, text string) error { return p.sees(name, text, "", "") }
	}),
	define(`(?P<user>[A-Z]\w*) sees "([^"]*)" from the agent`, func(p *Player) any {
		return func(name, text string) error { return p.sees(name, text, enduser.OfAgent, "") }
	}),
	define(`(?P<user>[A-Z]\w*) sees "([^"]*)" from "([^"]*)"`, func(p *Player) any {
		return func(name, text, author string) error { return p.sees(name, text, enduser.OfAgent, author) }
	}),
	define(`(?P<user>[A-Z]\w*) gets to see "([^"]*)"`, func(p *Player) any { return p.getsToSee }, "However long the page takes to find its link again."),
	define(`(?P<user>[A-Z]\w*) has seen "([^"]*)" once`, func(p *Player) any { return p.hasSeenOnce }),
	define(`(?P<user>[A-Z]\w*) has seen 1 message from the agent since then`, func(p *Player) any { return p.hasSeenOne }),
	define(`(?P<user>[A-Z]\w*) does not see "([^"]*)"`, func(p *Player) any { return p.doesNotSee }),
	define(`(?P<user>[A-Z]\w*) sees no "([^"]*)"`, func(p *Player) any { return p.seesNo }, "Not anywhere in what is shown."),
	define(`(?P<user>[A-Z]\w*) sees the (\d+) lines of the agent in their order`, func(p *Player) any { return p.seesLines }),
	define(`each user sees the lines of the agent in their order`, func(p *Player) any { return p.eachSeesLines }),
	define(`each user sees the messages of their own in order, once`, func(p *Player) any { return p.eachSeesLines }),
	define(`(?P<user>[A-Z]\w*) is told that the conversation is over`, func(p *Player) any { return p.toldOver }),
	define(`(?P<user>[A-Z]\w*) is told (?:that no agent can be had|that something went wrong)`, func(p *Player) any { return p.toldTrouble }, "In whatever words: by a notice, by the bot, or by the state of the chat, once Talkdesk has refused for the last time."),
	define(`(?P<user>[A-Z]\w*) is told nothing more`, func(p *Player) any { return p.toldNothing }),
	define(`(?P<user>[A-Z]\w*) has seen nothing of it`, func(p *Player) any { return p.seenNothing }),
	define(`(?P<user>[A-Z]\w*) can still talk to the agent`, func(p *Player) any { return p.stillTalks }, "A word goes through in each direction."),
}

// seen are the sights of a user after a mark of the journal, in the order in which they appeared.
func (p *Player) seen(name string, mark int) []enduser.Sight {
	g := p.guests[name]
	if g == nil {
		return nil
	}
	return slices.DeleteFunc(g.user.Seen(), func(s enduser.Sight) bool { return s.Entry <= mark })
}

// texts are what a user has been shown as messages after a mark.
func (p *Player) texts(name string, mark int) []string {
	all := []string{}
	for _, s := range p.seen(name, mark) {
		if s.Kind == enduser.Text {
			all = append(all, s.Text)
		}
	}
	return all
}

func (p *Player) getsToSee(name, text string) error {
	err := p.Until(func() bool { return count(p.texts(name, 0), text) > 0 }, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("%q before %s within %s", text, name, p.Deadlines.Start), Recorded: fmt.Sprintf("%s sees %s", name, expect.Short(p.texts(name, p.mark)))}
	}
	return err
}

func (p *Player) sees(name, text string, from enduser.Side, author string) error {
	if _, err := p.guest(name); err != nil {
		return err
	}
	found := func() (s enduser.Sight, ok bool) {
		for _, s := range p.seen(name, 0) {
			if s.Kind == enduser.Text && strings.TrimSpace(s.Text) == strings.TrimSpace(text) {
				return s, true
			}
		}
		return enduser.Sight{}, false
	}
	err := p.Until(func() bool { _, ok := found(); return ok }, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("%q before %s within %s", text, name, p.Deadlines.Event), Recorded: fmt.Sprintf("%s sees %s", name, expect.Short(p.texts(name, p.mark))), Hint: p.trouble(p.mark)}
	}
	if err != nil {
		return err
	}
	s, _ := found()
	if from != "" && s.From != from && s.From != "" {
		return &steps.Failure{Expected: fmt.Sprintf("%q as something that the agent has said", text), Recorded: "it is shown as said by the " + string(s.From), Entry: s.Entry}
	}
	if author != "" && s.Author != author {
		return &steps.Failure{Requirements: []string{"DC-MSG-10"}, Expected: fmt.Sprintf("the name %q beside it", author), Recorded: fmt.Sprintf("the name is %q", s.Author), Entry: s.Entry}
	}
	return nil
}

func (p *Player) hasSeenOnce(name, text string) error {
	p.pass(p.hush())
	if n := count(p.texts(name, 0), text); n != 1 {
		return &steps.Failure{Expected: fmt.Sprintf("%q once before %s", text, name), Recorded: fmt.Sprintf("it was shown %d times", n)}
	}
	return nil
}

func (p *Player) hasSeenOne(name string) error {
	p.pass(p.hush())
	var all []string
	for _, s := range p.seen(name, p.mark) {
		if s.Kind == enduser.Text && s.From == enduser.OfAgent {
			all = append(all, s.Text)
		}
	}
	if len(all) != 1 {
		return &steps.Failure{Expected: "one message from the agent", Recorded: expect.Short(all)}
	}
	return nil
}

// unseen watches for a while, and fails once anything that a user is shown holds a text.
func (p *Player) unseen(name, text string, mark int) error {
	holds := func() (s enduser.Sight, found bool) {
		for _, s := range p.seen(name, mark) {
			if strings.Contains(s.Text, text) || strings.Contains(s.Author, text) || s.File != nil && strings.Contains(s.File.Name, text) {
				return s, true
			}
		}
		return enduser.Sight{}, false
	}
	p.Watch(func() bool { _, found := holds(); return found }, p.hush())
	if s, found := holds(); found {
		return &steps.Failure{Expected: fmt.Sprintf("nothing with %q before %s", text, name), Recorded: fmt.Sprintf("%s sees %q", name, expect.Clip(s.Text)), Entry: s.Entry}
	}
	return nil
}

func (p *Player) doesNotSee(name, text string) error { return p.unseen(name, text, 0) }

func (p *Player) seesNo(name, text string) error { return p.unseen(name, text, p.mark) }

func (p *Player) seesLines(name string, n int) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	if len(g.heard) != n {
		return acts("compare lines", fmt.Errorf("the agent has said %d in a row to %s, not %d", len(g.heard), name, n))
	}
	return p.seesInOrder(g)
}

func (p *Player) eachSeesLines() error {
	for _, g := range p.order {
		if err := p.seesInOrder(g); err != nil {
			return blaming(err, "DC-MSG-09")
		}
	}
	return nil
}

// seesInOrder waits until a user has seen all that the agent has said in a row, and wants it in order, each line once and none of anybody else's.
func (p *Player) seesInOrder(g *guest) error {
	lines := func() []string {
		return slices.DeleteFunc(p.texts(g.name, 0), func(text string) bool { return !strings.HasPrefix(text, "the agent's line ") })
	}
	var got []string
	err := p.Until(func() bool { got = lines(); return len(p.linesOf(g.heard, got)) >= len(g.heard) }, p.Deadlines.Start)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if got = lines(); !slices.Equal(got, g.heard) {
		return &steps.Failure{Expected: fmt.Sprintf("the %d lines for %s, each once and in their order", len(g.heard), g.name), Recorded: fmt.Sprintf("%s sees %d: %s", g.name, len(got), expect.Short(firstDifference(got, g.heard)))}
	}
	return nil
}

// firstDifference is the tail of a list from where it differs from another.
func firstDifference(got, want []string) []string {
	for i := range got {
		if i >= len(want) || got[i] != want[i] {
			return got[i:]
		}
	}
	return nil
}

// tells says whether a sight tells a user how the chat stands: a notice, a word of the bot, or a new state that is not the beginning of another attempt.
func tells(s enduser.Sight) bool {
	switch s.Kind {
	case enduser.Notice:
		return true
	case enduser.State:
		return s.State == enduser.Ended || s.State == enduser.WithBot
	case enduser.Text:
		return s.From == enduser.OfBot || s.From == enduser.OfSystem
	case enduser.Media:
	}
	return false
}

// mostLate is how many things that the users are told late are waited for at most: a connector may never stop telling.
const mostLate = 20

// settle waits until the users have been told all of what has been, and has the latest When begin there. A notice and a state that tell of one thing are two sights, and the second
// of them is no news of what is done next.
func (p *Player) settle() {
	toldAfter := func(mark int) func() bool {
		return func() bool {
			return slices.ContainsFunc(p.order, func(g *guest) bool { return len(p.seen(g.name, mark)) > 0 })
		}
	}
	for range mostLate {
		if !p.Watch(toldAfter(p.Journal.Len()), p.hush()) {
			break
		}
	}
	p.mark = p.Journal.Len()
}

// told waits until a user has been told something after an entry that after finds; it is asked anew whenever something has happened, since there may be a later one.
func (p *Player) told(name string, after func() int, what string) error {
	if _, err := p.guest(name); err != nil {
		return err
	}
	err := p.Until(func() bool {
		mark := after()
		return mark >= 0 && slices.ContainsFunc(p.seen(name, mark), tells)
	}, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("%s to be told %s within %s", name, what, p.Deadlines.Start), Recorded: fmt.Sprintf("since then %s was shown %s", name, expect.Short(p.texts(name, p.mark))), Hint: p.trouble(p.mark)}
	}
	return err
}

// toldTrouble looks behind the last refusal that the connector has met since the last When. A connector may also know by itself that something cannot be: where Talkdesk hears nothing of it, the last act of
// a user counts. What the user was shown of the wish for an agent, before the state of the chat said that one is looked for, tells no trouble, however late it is shown.
func (p *Player) toldTrouble(name string) error {
	const what = "that it did not work"
	err := p.Until(func() bool { return p.lastRefusal() >= 0 || len(p.calls(p.mark, "")) > 0 }, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		last := p.mark
		for _, act := range p.Journal.All(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Act && e.To == journal.Connector }) {
			last = act.Seq
		}
		return p.told(name, func() int { return last }, what)
	}
	if err != nil {
		return err
	}
	return p.told(name, func() int {
		mark := p.lastRefusal()
		if mark < 0 {
			return mark
		}
		for _, s := range p.seen(name, mark) {
			if s.Kind == enduser.State && s.State == enduser.Connecting {
				mark = s.Entry
			}
		}
		return mark
	}, what)
}

// lastRefusal is the entry after which the connector knew of the last refusal since the mark, by Talkdesk or by what stands in its place; -1 as long as there is none.
func (p *Player) lastRefusal() int {
	refusals := p.Journal.All(p.mark, func(e journal.Entry) bool {
		return e.Kind == journal.Response && e.To == journal.Connector && refuses(e) || e.Kind == journal.Refusal && e.From == journal.Connector
	})
	if len(refusals) == 0 {
		return -1
	}
	last := refusals[len(refusals)-1].Seq
	p.noting.Lock()
	defer p.noting.Unlock()
	if known, noted := p.knownAfter[last]; noted {
		return known
	}
	return last
}

// refuses says whether an answer of Talkdesk is no whole success of its operation.
func refuses(e journal.Entry) bool {
	status := statusOf(e)
	switch e.Operation {
	case "start", "message":
		return status != http.StatusCreated
	}
	return status/100 != 2
}

func (p *Player) toldOver(name string) error {
	return p.told(name, func() int {
		over := p.Journal.All(p.mark, func(e journal.Entry) bool {
			return e.Kind == journal.Request && e.To == journal.Connector && e.Operation == "conversation_ended" || e.Kind == journal.Response && e.To == journal.Connector && refuses(e)
		})
		if len(over) == 0 {
			return -1
		}
		return over[0].Seq
	}, "that the conversation is over")
}

func (p *Player) toldNothing(name string) error {
	p.pass(p.hush())
	for _, s := range p.seen(name, p.mark) {
		if tells(s) {
			return &steps.Failure{Expected: "nothing more to be told to " + name, Recorded: fmt.Sprintf("%s sees %q", name, expect.Clip(s.Text+s.State)), Entry: s.Entry}
		}
	}
	return nil
}

func (p *Player) seenNothing(name string) error {
	p.pass(p.hush())
	for _, s := range p.seen(name, p.mark) {
		if s.From == enduser.OfUser || s.Kind == enduser.State && s.State == enduser.WithAgent {
			continue // What the user said before is shown when it is shown.
		}
		return &steps.Failure{Expected: "nothing of it before " + name, Recorded: fmt.Sprintf("%s sees %s %q", name, s.Kind, expect.Clip(s.Text+s.State)), Entry: s.Entry}
	}
	return nil
}

func (p *Player) stillTalks(name string) error {
	p.rounds++
	there, back := fmt.Sprintf("There is still %s, number %d", name, p.rounds), fmt.Sprintf("And still an agent for %s, number %d", name, p.rounds)
	if err := p.says(name, there); err != nil {
		return err
	}
	if err := p.agentReads(there, name); err != nil {
		return err
	}
	if err := p.agentSays(back, name, agentName, agentType); err != nil {
		return err
	}
	return p.sees(name, back, "", "")
}
