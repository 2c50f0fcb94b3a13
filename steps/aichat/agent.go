package aichat

import (
	"errors"
	"fmt"
	"strings"

	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
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
func (p *Player) agent(name string) driver.Agent {
	return driver.Agent{ID: agentID(name), Name: name, AvatarURL: p.pictures[name]}
}

// conversation gives the conversation of the latest request, waiting for one that the integration may still be opening.
func (p *Player) conversation() (steps.Conversation, error) {
	err := p.Until(func() bool {
		all := p.Desk.Conversations()
		return len(all) > p.requested && !all[len(all)-1].Over()
	}, p.Deadlines.Start)
	all := p.Desk.Conversations()
	if errors.Is(err, steps.ErrAbsent) {
		return steps.Conversation{}, &steps.Failure{Expected: "an open conversation at the desk", Recorded: fmt.Sprintf("%d conversations, none of them open", len(all)), Hint: p.trouble()}
	}
	if err != nil {
		return steps.Conversation{}, err
	}
	return all[len(all)-1], nil
}

// numbered gives conversation n of the scenario, from 1, in whatever state.
func (p *Player) numbered(n int) (steps.Conversation, error) {
	all := p.Desk.Conversations()
	if n > len(all) {
		return steps.Conversation{}, &steps.Failure{Expected: fmt.Sprintf("a conversation %d at the desk", n), Recorded: fmt.Sprintf("%d conversations", len(all)), Hint: p.trouble()}
	}
	return all[n-1], nil
}

// acts does something in the agent's newest conversation.
func (p *Player) acts(name string, act driver.Act) error {
	c, err := p.conversationOf(name)
	if err != nil {
		return err
	}
	err = c.Does(p.agent(name), act)
	if isRefused(err) {
		return &steps.Failure{Expected: fmt.Sprintf("a conversation at the desk in which %s can act", name), Recorded: err.Error(), Hint: p.trouble()}
	}
	return err
}

// conversationOf gives the newest conversation of an agent.
func (p *Player) conversationOf(name string) (steps.Conversation, error) {
	if c, known := p.with[name]; known {
		return c, nil
	}
	c, err := p.conversation()
	if err == nil {
		p.with[name] = c
	}
	return c, err
}

// isRefused says that the state of things at the desk forbids what it was to do.
func isRefused(err error) bool {
	of, ok := errors.AsType[*driver.Error](err)
	return ok && of.Kind == driver.Refused
}

func (p *Player) joins(name string) error {
	delete(p.with, name)
	p.joined[name] = p.Journal.Len()
	return p.acts(name, driver.Act{Verb: driver.AgentAccept})
}

func (p *Player) joinsWithPicture(name, picture string) error {
	p.pictures[name] = picture
	return p.joins(name)
}

func (p *Player) joinsAndSays(name, text string) error {
	if err := p.joins(name); err != nil {
		return err
	}
	return p.agentSays(name, text)
}

func (p *Player) agentSays(name, text string) error {
	return p.acts(name, driver.Act{Verb: driver.AgentSay, Variant: "text", Text: unescape(text)})
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
	return p.acts(name, driver.Act{Verb: driver.AgentSay, Variant: "html", Text: html})
}

// onOff are the variants of driver.AgentTyping.
var onOff = map[bool]string{true: "on", false: "off"}

func (p *Player) agentTypes(name string, on bool) error {
	return p.acts(name, driver.Act{Verb: driver.AgentTyping, Variant: onOff[on]})
}

func (p *Player) agentLeaves(name string) error {
	return p.acts(name, driver.Act{Verb: driver.AgentLeave})
}

func (p *Player) agentEnds(name string) error {
	return p.acts(name, driver.Act{Verb: driver.AgentClose})
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
	return unplayed("close the conversation", c.Plays(driver.Act{Verb: driver.DeskClose}))
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
	args, _ := expect.Decode(argumentsOf(e)).([]any)
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
