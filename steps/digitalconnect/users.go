package digitalconnect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/browser"
	"deskcheck/steps/enduser"
)

var userSteps = []definition{
	define(`(?P<user>[A-Z]\w*) asks for an agent( again)?`, func(p *Player) any {
		return func(name, again string) error { return p.asks(name, again, nil) }
	}),
	define(`(?P<user>[A-Z]\w*) asks for an agent with`, func(p *Player) any { return p.asksWith }, "A table of the arguments' names and values."),
	define(`(?P<user>[A-Z]\w*) asks for an agent with no arguments`, func(p *Player) any {
		return func(name string) error { return p.asks(name, "", map[string]string{}) }
	}),
	define(`(?P<user>[A-Z]\w*) says "([^"]*)"`, func(p *Player) any { return p.says }),
	define(`(?P<user>[A-Z]\w*) says`, func(p *Player) any {
		return func(name string, text *godog.DocString) error { return p.says(name, text.Content) }
	}),
	define(`(?P<user>[A-Z]\w*) says "([^"]*)" while nobody answers`, func(p *Player) any { return p.saysMeanwhile }, "While the reply to a call is held back."),
	define(`(?P<user>[A-Z]\w*) says (\d+) lines in a row`, func(p *Player) any { return p.saysLines }),
	define(`(?P<user>[A-Z]\w*) writes "([^"]*)" if (?:s?he|they) still can`, func(p *Player) any { return p.writesIfAble }),
	define(`(?P<user>[A-Z]\w*) types "([^"]*)" without sending it`, func(p *Player) any { return p.types }),
	define(`each user says "([^"]*)" at once`, func(p *Player) any { return p.eachSays }),
	define(`each user says (\d+) lines at once`, func(p *Player) any { return p.eachSaysLines }),
	define(`(?P<user>[A-Z]\w*) ends the chat`, func(p *Player) any { return p.ends }),
	define(`(?P<user>[A-Z]\w*)'s link is (interrupted|back)`, func(p *Player) any { return p.linkIs }, "As in a tunnel. Nobody tells the connector."),
	define(`(?P<user>[A-Z]\w*) is gone`, func(p *Player) any { return p.isGone }, "The link to the user is lost, and nobody says so."),
}

// guest is an end user of the connector.
type guest struct {
	name string
	user enduser.User
	// conversations are the ids of those that were started for the user, in order.
	conversations []string
	// asked is the length of the journal when the user asked for an agent last.
	asked int
	// uttered is all that the user has said.
	uttered []string
	// said are the lines that the user has said in a row since the last When.
	said []string
	// heard are the lines that the agent has said to the user in a row.
	heard []string
	// last is the body of the message that the user was delivered last as it is.
	last []byte
}

// addressFor is the e-mail address that a user gives.
func addressFor(name string) string { return strings.ToLower(name) + "@example.test" }

// arrive has a user come who gives an e-mail address, or none if it is empty.
func (p *Player) arrive(name, email string) error {
	if p.guests[name] != nil {
		return nil
	}
	user, err := p.users.Open(p.Context(), name, email)
	if err != nil {
		p.shut = err.Error()
		return p.blame("bring "+name+" to the chat", err)
	}
	g := &guest{name: name, user: user}
	p.guests[name] = g
	p.order = append(p.order, g)
	return nil
}

// guest finds a user who has come.
func (p *Player) guest(name string) (*guest, error) {
	if g := p.guests[name]; g != nil {
		return g, nil
	}
	return nil, &steps.HarnessError{Doing: "find " + name, Err: errors.New("nobody of this name has come: begin with a Given")}
}

func (p *Player) asks(name, again string, arguments map[string]string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.Act(journal.Party(name), journal.Connector, "asks for an agent")
	g.asked = p.Journal.Len()
	p.mu.Lock()
	p.asking = append(p.asking, asker{g.user, g.asked})
	p.mu.Unlock()
	err = g.user.RequestAgent(p.Context(), arguments)
	if hidden, is := errors.AsType[*browser.TargetError](err); is && again != "" {
		return &steps.Failure{Expected: "a way for " + name + " to ask for an agent again", Recorded: hidden.Error()}
	}
	return p.blame("ask for an agent", err)
}

// asker is a user who has asked for an agent, and how long the journal was then.
type asker struct {
	user  enduser.User
	asked int
}

// askers are the users who have asked for an agent since the last refusal of one.
func (p *Player) askers() []asker {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.asking
	p.asking = nil
	return all
}

func (p *Player) asksWith(name string, table *godog.Table) error {
	arguments := map[string]string{}
	for _, row := range table.Rows {
		if len(row.Cells) != 2 {
			return acts("read the table of arguments", fmt.Errorf("a row has a name and a value, not %d cells", len(row.Cells)))
		}
		arguments[row.Cells[0].Value] = row.Cells[1].Value
	}
	return p.asks(name, "", arguments)
}

func (p *Player) says(name, text string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.Act(journal.Party(name), journal.Connector, fmt.Sprintf("says %q", text))
	g.uttered = append(g.uttered, text)
	return p.blame("say something", g.user.Say(p.Context(), text))
}

// saysMeanwhile has a user say something while a reply is held back; it waits until it is.
func (p *Player) saysMeanwhile(name, text string) error {
	if err := p.says(name, text); err != nil {
		return err
	}
	return p.awaitHeld()
}

// line is one of several lines that somebody says in a row.
func line(who string, n, round int) string {
	return fmt.Sprintf("%s's line %d of round %d", who, n, round)
}

func (p *Player) saysLines(name string, n int) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.rounds++
	g.said = nil
	for i := range n {
		text := line(name, i+1, p.rounds)
		g.said = append(g.said, text)
		if err := p.says(name, text); err != nil {
			return err
		}
	}
	return nil
}

// writesIfAble has a user whom the chat may have closed to try and say something.
func (p *Player) writesIfAble(name, text string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.Act(journal.Party(name), journal.Connector, fmt.Sprintf("tries to say %q", text))
	if err := g.user.Say(p.Context(), text); err != nil && p.Context().Err() != nil {
		return p.blame("say something", err)
	}
	return nil
}

// typist is a user with a page, who can type without sending.
type typist interface {
	Type(ctx context.Context, text string) error
}

func (p *Player) types(name, text string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	typist, can := g.user.(typist)
	if !can {
		return &steps.NotApplicable{Why: "a user without a page types nothing that is not sent"}
	}
	p.Act(journal.Party(name), journal.Connector, fmt.Sprintf("types %q", text))
	return p.blame("type something", typist.Type(p.Context(), text))
}

// each has all users do something at the same time.
func (p *Player) each(do func(g *guest) error) error {
	errs := make([]error, len(p.order))
	var all sync.WaitGroup
	for i, g := range p.order {
		all.Go(func() { errs[i] = do(g) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (p *Player) eachSays(text string) error {
	return p.each(func(g *guest) error { return p.says(g.name, text+", says "+g.name) })
}

func (p *Player) eachSaysLines(n int) error {
	p.rounds++
	round := p.rounds
	return p.each(func(g *guest) error {
		g.said = nil
		for i := range n {
			g.said = append(g.said, line(g.name, i+1, round))
			if err := p.says(g.name, g.said[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *Player) ends(name string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.Act(journal.Party(name), journal.Connector, "ends the chat")
	return p.blame("end the chat", g.user.End(p.Context()))
}

func (p *Player) linkIs(name, how string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	one, can := g.user.(enduser.Interruptible)
	if !can {
		return &steps.NotApplicable{Why: "the user's link cannot be interrupted"}
	}
	p.Act(journal.Party(name), journal.Connector, "has a link that is "+how)
	if how == "back" {
		return p.blame("give "+name+" the link back", one.Resume(p.Context()))
	}
	return p.blame("interrupt the link to "+name, one.Interrupt(p.Context()))
}

func (p *Player) isGone(name string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.Act(journal.Party(name), journal.Connector, "is gone")
	return p.blame("lose the link to "+name, g.user.Drop(p.Context()))
}
