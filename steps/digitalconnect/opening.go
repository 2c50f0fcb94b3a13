package digitalconnect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/enduser"
)

var openingSteps = []definition{
	define(`tokens live (\d+) seconds?`, func(p *Player) any { return p.tokensLive }),
	define(`tokens look like (JSON web tokens|random text)`, func(p *Player) any { return p.tokensLook }),
	define(`the client may "([^"]*)"`, func(p *Player) any { return p.clientMay }, "Scopes, with a space between them."),
	define(`the client may (not )?handle files`, func(p *Player) any { return p.clientFiles }),
	define(`the connector is set up with (a wrong secret|a private key)`, func(p *Player) any { return p.setUpWith }),
	define(`the region is (US|EU|CA|AU)`, func(p *Player) any { return p.regionIs }),
	define(`the connector is led to Talkdesk by its own names`, func(p *Player) any { return p.byOwnNames }, "Not for a connector that is given the addresses (connector.intercept: override)."),
	define(`an authority that nobody trusts has signed for Talkdesk`, func(p *Player) any { return p.untrusted }),
	define(`the touchpoint is off`, func(p *Player) any { return p.touchpointOff }),
	define(`Talkdesk does not know the touchpoint`, func(p *Player) any { return p.touchpointUnknown }),
	define(`the touchpoint takes files of up to (\d+) KB`, func(p *Player) any { return p.filesUpTo }),
	define(`ids of conversations are (full of reserved characters|as long as they may be|a single character)`, func(p *Player) any { return p.idsAre }),
	define(`replies carry no more than they must`, func(p *Player) any { return p.bareReplies }),
	define(`events are spelled in (upper|lower) case`, func(p *Player) any { return p.eventsSpelled }),
	define(`contacts hear what they wrote`, func(p *Player) any { return p.echoes }),
	define(`a conversation that the user ends is reported as ended`, func(p *Player) any { return p.endsReported }),
	define(`an end is answered with (200|204)`, func(p *Player) any { return p.endAnswered }),
	define(`users who are gone keep an agent for (\d+) seconds`, func(p *Player) any { return p.idleFor }, "For a connector that is told so (${idle-end}); any other has a time of its own (connector.idle-end)."),
	define(`the connector wants credentials of whoever delivers events`, func(p *Player) any { return p.wantsCredentials }),
	define(`(?P<user>[A-Z]\w*) talks to the bot`, func(p *Player) any { return p.talksToBot }),
	define(`(?P<user>[A-Z]\w*) talks to the bot, and has told no address`, func(p *Player) any { return p.talksUnknown }),
	define(`(?P<user>[A-Z]\w*) talks to an agent`, func(p *Player) any { return p.talksToAgent }, "The user has asked for one, and what they have said since has been read."),
	define(`(?P<user>[A-Z]\w*) and (?P<other>[A-Z]\w*) talk to agents`, func(p *Player) any { return p.bothTalkToAgents }),
	define(`(\d+) users talk to agents`, func(p *Player) any { return p.manyTalkToAgents }),
}

// setting changes the account before the connector runs.
func (p *Player) setting(change func(a *digitalconnect.Account)) error {
	if p.talkdesk != nil {
		return &steps.HarnessError{Doing: "set up the account", Err: errors.New("the connector runs already: what is set up comes before anybody talks to it")}
	}
	change(p.account)
	return nil
}

func (p *Player) tokensLive(seconds int) error {
	return p.setting(func(a *digitalconnect.Account) { a.Settings.ExpiresIn = seconds })
}

func (p *Player) tokensLook(sort string) error {
	format := "opaque"
	if sort == "JSON web tokens" {
		format = "jwt"
	}
	return p.setting(func(a *digitalconnect.Account) { a.Settings.TokenFormat = format })
}

func (p *Player) clientMay(scopes string) error {
	return p.setting(func(a *digitalconnect.Account) { a.Clients[0].Scopes = strings.Fields(scopes) })
}

// fileScopes are what a client needs for files (DC-ATT-12).
var fileScopes = []string{"attachments:request", "attachments:write", "attachments:read", "attachments:download"}

func (p *Player) clientFiles(not string) error {
	return p.setting(func(a *digitalconnect.Account) {
		c := &a.Clients[0]
		c.Scopes = slices.DeleteFunc(c.Scopes, func(s string) bool { return slices.Contains(fileScopes, s) })
		if not == "" {
			c.Scopes = append(c.Scopes, fileScopes...)
		}
	})
}

func (p *Player) regionIs(region string) error {
	if !p.stage.Connector.Live() {
		return &steps.NotApplicable{Why: "the connector runs already, with a region of its own: only one that the kit starts can be given another"}
	}
	return p.setting(func(a *digitalconnect.Account) { a.Region = region })
}

func (p *Player) setUpWith(what string) error {
	if !p.stage.Connector.Live() {
		return &steps.NotApplicable{Why: "the connector runs already, with a client of its own: only one that the kit starts can be given another"}
	}
	if what == "a wrong secret" {
		return p.setting(func(*digitalconnect.Account) { p.values["client.secret"] = "wrong-" + newSecret() })
	}
	return p.withKey()
}

func (p *Player) byOwnNames() error {
	if p.stage.Connector.Override() {
		return &steps.NotApplicable{Capability: "hosts", Why: "the connector is given the addresses of Talkdesk (connector.intercept: override), so that it makes none of its own"}
	}
	return nil
}

func (p *Player) untrusted() error {
	return p.setting(func(*digitalconnect.Account) { p.distrusted = true })
}

func (p *Player) touchpointOff() error {
	return p.setting(func(a *digitalconnect.Account) { a.Touchpoints[0].Status = digitalconnect.StatusInactive })
}

func (p *Player) touchpointUnknown() error {
	return p.setting(func(a *digitalconnect.Account) { a.Touchpoints[0].ID = "00000000-0000-4000-8000-00000000dead" })
}

func (p *Player) filesUpTo(kb int) error {
	return p.setting(func(a *digitalconnect.Account) { a.Touchpoints[0].Attachments.MaxKB = kb })
}

func (p *Player) idsAre(sort string) error {
	form := map[string]string{"full of reserved characters": "awkward", "as long as they may be": "long", "a single character": "short"}[sort]
	return p.setting(func(a *digitalconnect.Account) { a.Settings.ConversationIDs = form })
}

func (p *Player) bareReplies() error {
	return p.setting(func(a *digitalconnect.Account) { a.Settings.OmitOptionalReplyFields = true })
}

func (p *Player) eventsSpelled(letters string) error {
	return p.setting(func(a *digitalconnect.Account) { a.Settings.EventTypeCase = letters })
}

func (p *Player) echoes() error {
	return p.setting(func(a *digitalconnect.Account) { a.Settings.EchoContactMessages = true })
}

func (p *Player) endsReported() error {
	return p.setting(func(a *digitalconnect.Account) { a.Settings.EndedAfterDelete = true })
}

func (p *Player) endAnswered(status int) error {
	return p.setting(func(a *digitalconnect.Account) { a.Settings.DeleteStatus = status })
}

// idleFor has effect on a connector that takes the time from the kit.
func (p *Player) idleFor(seconds int) error {
	return p.setting(func(*digitalconnect.Account) {
		if p.stage.Connector.takesIdleEnd() {
			p.idle = time.Duration(seconds) * time.Second
		}
	})
}

func (p *Player) wantsCredentials() error {
	if p.stage.Connector.WebhookAuth == "" || p.stage.Connector.WebhookAuth == "none" {
		return &steps.NotApplicable{Capability: "webhook-auth", Why: "connector.webhook-auth says that it wants none"}
	}
	p.authenticated = true
	return nil
}

func (p *Player) talksToBot(name string) error {
	if err := p.ready(); err != nil {
		return err
	}
	return p.arrive(name, addressFor(name))
}

func (p *Player) talksUnknown(name string) error {
	if err := p.ready(); err != nil {
		return err
	}
	return p.arrive(name, "")
}

// greeting is what a user says first to an agent in scenarios that begin with one.
const greeting = "Good morning, this is "

func (p *Player) talksToAgent(name string) error {
	if err := p.talksToBot(name); err != nil {
		return err
	}
	if err := p.asks(name, "", nil); err != nil {
		return err
	}
	return p.settledWithAgent(name)
}

// settledWithAgent has a user who has asked for an agent say something that the agent reads: the connector knows the conversation from then on.
func (p *Player) settledWithAgent(name string) error {
	if err := p.startsFor(name); err != nil {
		return err
	}
	text := greeting + name
	if g := p.guests[name]; len(g.conversations) > 1 {
		text = fmt.Sprintf("%s for the time number %d", text, len(g.conversations))
	}
	if err := p.says(name, text); err != nil {
		return err
	}
	if err := p.agentReads(text, name); err != nil {
		return err
	}
	p.landed(name, text)
	return nil
}

// landed waits until a user sees what they have just said, and that there is an agent, so that neither is taken for what comes of the next step. A connector need not show it.
func (p *Player) landed(name, text string) {
	g := p.guests[name]
	p.Watch(func() bool {
		own, agent := false, !g.user.Shows(enduser.WithAgent)
		for _, s := range p.seen(name, g.asked) {
			own = own || s.Kind == enduser.Text && strings.TrimSpace(s.Text) == text
			agent = agent || s.Kind == enduser.State && s.State == enduser.WithAgent
		}
		return own && agent
	}, p.hush())
}

func (p *Player) bothTalkToAgents(one, other string) error {
	if err := p.talksToAgent(one); err != nil {
		return err
	}
	return p.talksToAgent(other)
}

// crowd are the names of users who come in numbers.
var crowd = []string{"Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana"}

func (p *Player) manyTalkToAgents(n int) error {
	if n > len(crowd) {
		return &steps.HarnessError{Doing: "bring users in", Err: fmt.Errorf("there are %d at most", len(crowd))}
	}
	for _, name := range crowd[:n] {
		if err := p.talksToAgent(name); err != nil {
			return err
		}
	}
	return nil
}

// underWay is how long after the end of a token a call still counts as one that was on its way, and somewhat more.
const underWay = 1250 * time.Millisecond

// expire waits until the token that the connector shows has run out, beyond doubt: the connector's clock is its own, so this takes as long as it takes.
func (p *Player) expire() error {
	life := time.Duration(p.account.Settings.ExpiresIn)*time.Second + underWay
	p.Journal.Append(journal.Entry{Kind: journal.Clock, From: journal.Kit, To: journal.Kit, Name: life.String() + " pass until the token has expired"})
	p.pass(life)
	return nil
}
