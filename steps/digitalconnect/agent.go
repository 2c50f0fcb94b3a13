package digitalconnect

import (
	"encoding/json"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/digitalconnect"
)

var agentSteps = []definition{
	define(`the agent says "([^"]*)" to (?P<user>[A-Z]\w*)`, func(p *Player) any {
		return func(text, name string) error { return p.agentSays(text, name, agentName, agentType) }
	}),
	define(`the agent says to (?P<user>[A-Z]\w*)`, func(p *Player) any {
		return func(name string, text *godog.DocString) error {
			return p.agentSays(text.Content, name, agentName, agentType)
		}
	}),
	define(`the agent called "([^"]*)" says "([^"]*)" to (?P<user>[A-Z]\w*)`, func(p *Player) any {
		return func(author, text, name string) error { return p.agentSays(text, name, author, agentType) }
	}),
	define(`an author of the type "([^"]*)" says "([^"]*)" to (?P<user>[A-Z]\w*)`, func(p *Player) any {
		return func(sort, text, name string) error { return p.agentSays(text, name, agentName, sort) }
	}),
	define(`the agent says (\d+) lines in a row to (?P<user>[A-Z]\w*)`, func(p *Player) any { return p.agentSaysLines }),
	define(`the agent says (\d+) lines to each user at once`, func(p *Player) any { return p.agentSaysToEach }),
	define(`the agent ends the conversation with (?P<user>[A-Z]\w*)`, func(p *Player) any { return p.agentEnds }),
	define(`an agent starts a conversation with "([^"]*)"`, func(p *Player) any {
		return func(email string) error { return p.agentStarts(email, p.account.Touchpoints[0].ID) }
	}),
	define(`an agent starts a conversation with (?P<user>[A-Z]\w*)'s address at the touchpoint "([^"]*)"`, func(p *Player) any { return p.agentStartsElsewhere }),
	define(`the agent of that conversation says "([^"]*)"`, func(p *Player) any { return p.outwardSays }),
}

// The agent who works in scenarios that do not name one.
const (
	agentName = "Dana"
	agentType = "AGENT"
)

// conversation is the one that a user has, or had last.
func (p *Player) conversation(name string) (*digitalconnect.Conversation, error) {
	g, err := p.guest(name)
	if err != nil {
		return nil, err
	}
	if len(g.conversations) == 0 {
		if err := p.startsFor(name); err != nil {
			return nil, err
		}
	}
	return p.talkdesk.Conversation(g.conversations[len(g.conversations)-1]), nil
}

func (p *Player) agentSays(text, name, author, sort string) error {
	c, err := p.conversation(name)
	if err != nil {
		return err
	}
	sent, err := c.Say(digitalconnect.Message{Text: &text, Author: digitalconnect.Author{Name: author, Type: sort}})
	if err != nil {
		return acts("have the agent say something", err)
	}
	p.delivered(sent.Delivery, digitalconnect.MessageCreated)
	return nil
}

func (p *Player) agentSaysLines(n int, name string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.rounds++
	g.heard = nil
	for i := range n {
		text := line("the agent", i+1, p.rounds) + " for " + name
		g.heard = append(g.heard, text)
		if err := p.agentSays(text, name, agentName, agentType); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) agentSaysToEach(n int) error {
	p.rounds++
	for i := range n {
		for _, g := range p.order {
			if i == 0 {
				g.heard = nil
			}
			text := line("the agent", i+1, p.rounds) + " for " + g.name
			g.heard = append(g.heard, text)
			if err := p.agentSays(text, g.name, agentName, agentType); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Player) agentEnds(name string) error {
	c, err := p.conversation(name)
	if err != nil {
		return err
	}
	if err := c.End(); err != nil {
		return acts("have the agent end the conversation", err)
	}
	p.delivered(lastEvent(c), digitalconnect.ConversationEnded)
	return nil
}

func (p *Player) agentStarts(email, touchpoint string) error {
	if err := p.ready(); err != nil {
		return err
	}
	subject := "About your order"
	c, err := p.talkdesk.StartOutward(digitalconnect.Outward{Touchpoint: touchpoint, Email: email, User: agentName, Subject: &subject})
	if err != nil {
		return acts("have an agent start a conversation", err)
	}
	p.outward = c
	p.delivered(lastEvent(c), digitalconnect.ConversationStarted)
	return nil
}

// elsewhere is the id of a conversation at a touchpoint that is none of the account's.
const elsewhere = "deskcheck-conversation-elsewhere"

func (p *Player) agentStartsElsewhere(name, touchpoint string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	raw, _ := json.Marshal(map[string]any{ // Texts can always be encoded.
		"event_type": p.eventType(digitalconnect.ConversationStarted), "conversation_id": elsewhere, "timestamp": p.clock.Now().UTC().Format(timeFormat),
		"payload": map[string]any{"contact_person": map[string]any{"email": p.addressOf(g)}, "user": map[string]any{"name": agentName}, "touchpoint": map[string]any{"id": touchpoint}, "subject": nil},
	})
	return p.emit(digitalconnect.Raw{Body: raw, Action: digitalconnect.ConversationStarted, Conversation: elsewhere})
}

func (p *Player) outwardSays(text string) error {
	if p.outward == nil {
		return p.emit(digitalconnect.Raw{Body: p.messageBody(elsewhere, text), Action: digitalconnect.MessageCreated, Conversation: elsewhere})
	}
	sent, err := p.outward.Say(digitalconnect.Message{Text: &text, Author: digitalconnect.Author{Name: agentName, Type: agentType}})
	if err != nil {
		return acts("have the agent say something", err)
	}
	p.delivered(sent.Delivery, digitalconnect.MessageCreated)
	return nil
}

// lastEvent is the last event of a conversation that was delivered.
func lastEvent(c *digitalconnect.Conversation) *digitalconnect.Delivery {
	all := c.Deliveries()
	return all[len(all)-1]
}

// delivery is an event that was delivered, or is on its way.
type delivery struct {
	*digitalconnect.Delivery
	// action is what it is called.
	action string
}

// body is what was delivered, nil while it is on its way.
func (d delivery) body() []byte {
	x, _ := d.Exchange()
	return x.Event.Body
}

// delivered notes a delivery, whose answer may be asked for.
func (p *Player) delivered(d *digitalconnect.Delivery, action string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deliveries = append(p.deliveries, delivery{d, action})
}

// pace is the time between two events of a load of so many a second.
func pace(perSecond int) time.Duration { return time.Second / time.Duration(perSecond) }
