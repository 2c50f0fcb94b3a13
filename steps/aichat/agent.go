package aichat

import (
	"errors"
	"fmt"
	"strings"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
)

var agentSteps = []definition{
	define(`"([^"]*)" joins`, func(p *Player) any { return p.joins }),
	define(`"([^"]*)" joins with the picture "([^"]*)"`, func(p *Player) any { return p.joinsWithPicture }),
	define(`"([^"]*)" joins and at once says "(.*)"`, func(p *Player) any { return p.joinsAndSays }),
	define(`"([^"]*)" says "(.*)"`, func(p *Player) any { return p.agentSays }),
	define(`"([^"]*)" says (\d+) (?:more )?numbered lines`, func(p *Player) any { return p.agentSaysLines }),
	define(`"([^"]*)" sends the HTML "(.*)"`, func(p *Player) any { return p.agentSendsHTML }),
	define(`"([^"]*)" types`, func(p *Player) any { return func(name string) error { return p.agentTypes(name, true) } }),
	define(`"([^"]*)" stops typing`, func(p *Player) any { return func(name string) error { return p.agentTypes(name, false) } }),
	define(`"([^"]*)" leaves`, func(p *Player) any { return p.agentLeaves }),
	define(`"([^"]*)" ends the conversation`, func(p *Player) any { return p.agentEnds }),
	define(`"([^"]*)" leaves, and with that the conversation ends`, func(p *Player) any { return p.agentLeavesAndEnds }),
	define(`the conversation is closed at the desk`, func(p *Player) any { return p.deskEnds }),
}

// agentID gives each name an id that an integration cannot take for the name.
func agentID(name string) string {
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(name))
	return fmt.Sprintf("agent-%s-7%d", letters, len(name))
}

// agent gives the agent of that name, who works at the scenario's desk.
func (p *Player) agent(name string) *mockdesk.Agent {
	if a, ok := p.agents[name]; ok {
		return a
	}
	a := p.Desk.Agent(agentID(name), name)
	p.agents[name] = a
	return a
}

// conversation gives the conversation of the latest request, waiting for one that the integration may still be opening.
func (p *Player) conversation() (*mockdesk.Conversation, error) {
	err := p.Until(func() bool {
		all := p.Desk.Conversations()
		return len(all) > p.requested && all[len(all)-1].State() != mockdesk.Ended
	}, p.Deadlines.Start)
	all := p.Desk.Conversations()
	if errors.Is(err, steps.ErrAbsent) {
		return nil, &steps.Failure{Expected: "an open conversation at the desk", Recorded: fmt.Sprintf("%d conversations, none of them open", len(all)), Hint: p.trouble()}
	}
	if err != nil {
		return nil, err
	}
	return all[len(all)-1], nil
}

// numbered gives conversation n of the scenario, from 1, in whatever state.
func (p *Player) numbered(n int) (*mockdesk.Conversation, error) {
	all := p.Desk.Conversations()
	if n > len(all) {
		return nil, &steps.Failure{Expected: fmt.Sprintf("a conversation %d at the desk", n), Recorded: fmt.Sprintf("%d conversations", len(all)), Hint: p.trouble()}
	}
	return all[n-1], nil
}

// acts does something in the agent's newest conversation.
func (p *Player) acts(name string, act func(*mockdesk.Agent, *mockdesk.Conversation) error) error {
	a := p.agent(name)
	c, known := p.with[name]
	if !known {
		var err error
		if c, err = p.conversation(); err != nil {
			return err
		}
		p.with[name] = c
	}
	if err := act(a, c); err != nil {
		return &steps.Failure{Expected: fmt.Sprintf("a conversation at the desk in which %s can act", name), Recorded: err.Error(), Hint: p.trouble()}
	}
	return nil
}

func (p *Player) joins(name string) error {
	delete(p.with, name)
	p.joined[name] = p.Journal.Len()
	return p.acts(name, func(a *mockdesk.Agent, c *mockdesk.Conversation) error { _, err := a.Join(c); return err })
}

func (p *Player) joinsWithPicture(name, picture string) error {
	p.agent(name).AvatarURL = picture
	return p.joins(name)
}

func (p *Player) joinsAndSays(name, text string) error {
	if err := p.joins(name); err != nil {
		return err
	}
	return p.agentSays(name, text)
}

func (p *Player) agentSays(name, text string) error {
	return p.acts(name, func(a *mockdesk.Agent, c *mockdesk.Conversation) error {
		_, err := a.Say(c, unescape(text))
		return err
	})
}

func numberedLine(n int) string { return fmt.Sprintf("line number %d", n) }

func (p *Player) agentSaysLines(name string, n int) error {
	for range n {
		p.said++
		if err := p.agentSays(name, numberedLine(p.said)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) agentSendsHTML(name, html string) error {
	return p.acts(name, func(a *mockdesk.Agent, c *mockdesk.Conversation) error { _, err := a.SayHTML(c, html); return err })
}

func (p *Player) agentTypes(name string, on bool) error {
	return p.acts(name, func(a *mockdesk.Agent, c *mockdesk.Conversation) error { _, err := a.Typing(c, on); return err })
}

func (p *Player) agentLeaves(name string) error {
	return p.acts(name, func(a *mockdesk.Agent, c *mockdesk.Conversation) error { _, err := a.Leave(c); return err })
}

func (p *Player) agentEnds(name string) error {
	return p.acts(name, func(a *mockdesk.Agent, c *mockdesk.Conversation) error { _, err := a.End(c); return err })
}

func (p *Player) agentLeavesAndEnds(name string) error {
	if err := p.agentLeaves(name); err != nil {
		return err
	}
	return p.deskEnds()
}

// deskEnds closes the conversation without an agent in it.
func (p *Player) deskEnds() error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	if _, err := c.End(""); err != nil {
		return &steps.HarnessError{Doing: "close the conversation", Err: err}
	}
	return nil
}

// announced gives the profile with which an agent of the desk was announced to the chat, empty if none came since the agent joined.
func (p *Player) announced(name string) map[string]any {
	mark, ok := p.joined[name]
	if !ok {
		return nil
	}
	e, _ := p.Journal.Find(mark, isCallback("agentJoined"))
	return profileIn(e)
}

func profileIn(e journal.Entry) map[string]any {
	args, _ := decode(argumentsOf(e)).([]any)
	if len(args) == 0 {
		return nil
	}
	profile, _ := args[0].(map[string]any)
	return profile
}

// called gives the name under which the chat knows an agent of the desk: an integration may add the company, or use another name altogether.
func (p *Player) called(name string) string {
	nickname, _ := p.announced(name)["nickname"].(string)
	return orElse(nickname, name)
}

// idsOf gives the ids with which agents were announced: by the desk's name for those who joined there, by nickname for any other.
func (p *Player) idsOf() map[string]string {
	ids := map[string]string{}
	for _, e := range p.Journal.All(0, isCallback("agentJoined")) {
		profile := profileIn(e)
		nickname, _ := profile["nickname"].(string)
		ids[nickname], _ = profile["id"].(string)
	}
	for name := range p.joined {
		if id, ok := p.announced(name)["id"].(string); ok {
			ids[name] = id
		}
	}
	return ids
}

func isCallback(name string) journal.Match {
	return func(e journal.Entry) bool { return e.Kind == journal.Callback && e.Name == name }
}
