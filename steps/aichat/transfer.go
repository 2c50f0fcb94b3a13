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

// One agent hands the user over to another.
var transferSteps = []definition{
	define(`"([^"]*)" transfers the user to "([^"]*)"`, func(p *Player) any { return p.transfers }),
	define(`"([^"]*)" transfers the user to whoever is free`, func(p *Player) any { return func(name string) error { return p.transfers(name, "") } }),
	define(`"([^"]*)" takes over from "([^"]*)"`, func(p *Player) any { return p.takesOver }),
	define(`the transfer fails`, func(p *Player) any { return p.transferFails }),
	define(`the desk moves the request to the queue "([^"]*)"`, func(p *Player) any { return p.reroutes }),
	define(`the transfer is announced, and then the arrival of "([^"]*)"`, func(p *Player) any { return p.announcedThenArrived }),
	define(`the transfer was announced with the profile of "([^"]*)" or with none`, func(p *Player) any { return p.transferNames }),
	define(`the transfer was announced without a profile`, func(p *Player) any { return p.transferNamesNobody }),
	define(`the banner names "([^"]*)"`, func(p *Player) any { return p.bannerNames }),
	define(`"([^"]*)" is attributed to "([^"]*)"`, func(p *Player) any { return p.attributed }),
}

const beginTransfer = "beginTransferToAnotherAgent"

// transfers has an agent announce at the desk that another will take over; an empty name is nobody in particular.
func (p *Player) transfers(from, to string) error {
	act := driver.Act{Verb: driver.Transfer, Variant: "begin"}
	if to != "" {
		next := p.agent(to)
		act.To = &next
	}
	return p.acts(from, act)
}

// takesOver completes a transfer: the new agent joins, and the one before leaves unless that has happened.
func (p *Player) takesOver(name, before string) error {
	if err := p.joins(name); err != nil {
		return err
	}
	c, err := p.conversationOf(before)
	if err != nil || !c.Over() && !c.Has(p.agent(before)) {
		return err
	}
	return p.agentLeaves(before)
}

func (p *Player) transferFails() error {
	return p.inQueue(driver.Act{Verb: driver.Transfer, Variant: "fail", Reason: "nobody took over"})
}

func (p *Player) reroutes(queue string) error {
	return p.inQueue(driver.Act{Verb: driver.Queue, Variant: "move", Queue: queue, Position: 4})
}

// announcedThenArrived wants one announcement and, after it, one arrival: that of the agent who joined at the desk.
func (p *Player) announcedThenArrived(name string) error {
	if err := p.arrives(name); err != nil {
		return err
	}
	begun := p.Journal.All(0, isCallback(beginTransfer))
	if len(begun) == 0 {
		return p.absent(steps.ErrAbsent, beginTransfer, beginTransfer+" to be called", p.callbacksSince)
	}
	arrived, _ := p.Journal.Find(p.joined[name], isCallback("agentJoined"))
	if begun[0].Seq > arrived.Seq {
		return &steps.Failure{Expected: "the transfer to be announced before " + name + " arrives", Recorded: "the arrival came first", Entry: begun[0].Seq}
	}
	if len(begun) > 1 {
		return &steps.Failure{Expected: "one announcement of one transfer", Recorded: fmt.Sprintf("%d calls of %s", len(begun), beginTransfer), Entry: begun[1].Seq}
	}
	return nil
}

// arrives waits until the agent who has joined at the desk was announced to the chat.
func (p *Player) arrives(name string) error {
	_, err := p.Await(p.joined[name], isCallback("agentJoined"), p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "agentJoined to be called for " + name, Recorded: p.callbacksSince(), Hint: p.trouble()}
	}
	if err != nil {
		return err
	}
	return p.Rest()
}

// transferProfiles gives the profile of each announcement of a transfer, nil where it has none.
func (p *Player) transferProfiles() ([]map[string]any, []journal.Entry) {
	all := p.Journal.All(0, isCallback(beginTransfer))
	profiles := make([]map[string]any, 0, len(all))
	for _, e := range all {
		profiles = append(profiles, profileIn(e))
	}
	return profiles, all
}

// transferNames compares with how the new agent was introduced on arrival; what an integration calls its agents is its own affair.
func (p *Player) transferNames(name string) error {
	if err := p.arrives(name); err != nil {
		return err
	}
	want := p.announced(name)
	profiles, entries := p.transferProfiles()
	if len(profiles) == 0 {
		return p.absent(steps.ErrAbsent, beginTransfer, beginTransfer+" to be called", p.callbacksSince)
	}
	for i, profile := range profiles {
		if profile == nil || profile["id"] == want["id"] && !p.isAnothers(profile["nickname"], want) {
			continue
		}
		return &steps.Failure{
			Expected: fmt.Sprintf("the profile of %s, who has the id %s, or none", name, expect.Short(want["id"])), Recorded: expect.Short(profile), Entry: entries[i].Seq,
			Hint: "from here on the chat shows this profile as that of the agent",
		}
	}
	return nil
}

// isAnothers says whether a nickname is not this agent's but that of another who was introduced.
func (p *Player) isAnothers(nickname any, profile map[string]any) bool {
	if nickname == profile["nickname"] {
		return false
	}
	for _, e := range p.Journal.All(0, isCallback("agentJoined")) {
		if other := profileIn(e); other["id"] != profile["id"] && other["nickname"] == nickname {
			return true
		}
	}
	return false
}

func (p *Player) transferNamesNobody() error {
	if err := p.Rest(); err != nil {
		return err
	}
	profiles, entries := p.transferProfiles()
	if len(profiles) == 0 {
		return p.absent(steps.ErrAbsent, beginTransfer, beginTransfer+" to be called", p.callbacksSince)
	}
	for i, profile := range profiles {
		if profile != nil {
			return &steps.Failure{Expected: "no profile, since nobody knows yet who will come", Recorded: expect.Short(profile), Entry: entries[i].Seq}
		}
	}
	return nil
}

// bannerNames wants an agent in the banner, by whatever name the integration has given.
func (p *Player) bannerNames(name string) error {
	if err := p.arrives(name); err != nil {
		return err
	}
	return p.bannerHas(p.called(name))
}

// attributed wants a line to be the words of one agent: by the id that it carries or, where it carries none, because the chat takes that agent for the present one.
func (p *Player) attributed(text, name string) error {
	var line saying
	err := p.Until(func() bool {
		for _, s := range p.sayings() {
			if strings.Contains(s.words(), text) {
				line = s
				return true
			}
		}
		return false
	}, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the line " + quote(text), Recorded: "it never came", Hint: p.trouble()}
	}
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	want := p.idsOf()[name]
	if line.named && line.agentID != nil {
		if line.agentID != want {
			return &steps.Failure{Expected: fmt.Sprintf("%s with the id %s of %s", quote(text), expect.Short(want), name), Recorded: "the id " + expect.Short(line.agentID), Entry: line.entry.Seq}
		}
		return nil
	}
	if present := p.presentBefore(line.entry); present != want {
		return &steps.Failure{
			Expected: fmt.Sprintf("%s as the words of %s, who has the id %s", quote(text), name, expect.Short(want)),
			Recorded: "no id, so that the chat shows it as the words of the agent with the id " + expect.Short(present), Entry: line.entry.Seq,
		}
	}
	return nil
}

// presentBefore is the id of the agent whom the chat takes for the present one when an entry is recorded.
func (p *Player) presentBefore(limit journal.Entry) string {
	id := ""
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool {
		return e.Kind == journal.Callback && e.Seq < limit.Seq && e.Widget == limit.Widget
	}) {
		switch e.Name {
		case "agentLeftChat":
			id = ""
		case "agentJoined", beginTransfer:
			if profile := profileIn(e); profile != nil {
				id, _ = profile["id"].(string)
			}
		}
	}
	return id
}
