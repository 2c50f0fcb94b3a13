package agentmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

var comingSteps = []definition{
	define(`the desk (takes offers by itself|leaves it to people to take offers)`, func(p *Player) any { return p.takesOffers }, "A desk says that it does by the capability auto-answer."),
	define(`"([^"]*)" asks for help, for which agents are wanted as ([A-Z_]+)`, func(p *Player) any { return p.asksFor }, "The offer has that direction."),
	define(`"([^"]*)" is given to (?P<person>\w+)`, func(p *Player) any { return p.isGiven }, "The task of it is STARTED: nobody has to accept it."),
}

// autoAnswer is the capability of a desk that takes offers by itself.
const autoAnswer = "auto-answer"

// answersItself says whether the desk claims to take offers by itself.
func (p *Player) answersItself() bool { return slices.Contains(p.stage.Claims, autoAnswer) }

func (p *Player) takesOffers(how string) error {
	if how != "takes offers by itself" {
		return p.leavesOffers()
	}
	if !p.answersItself() {
		return &steps.NotApplicable{Capability: autoAnswer, Why: "the desk does not say that it takes offers by itself"}
	}
	return nil
}

// leavesOffers ends a scenario about offers that stand, where the desk says that with it none does.
func (p *Player) leavesOffers() error {
	if p.answersItself() {
		return &steps.NotApplicable{Why: "the desk says that it takes offers by itself (the capability " + autoAnswer + ")"}
	}
	return nil
}

// wasAccepted takes what a desk has done by itself for what follows the offer: who asks what the desk sends is to find it.
func (p *Player) wasAccepted(name, customer string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	offer, found := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.Frame && e.To == s.party && e.Name == "taskRequest" && e.Conversation == c.conversation.ID()
	})
	if found {
		p.mark = min(p.mark, offer.Seq)
	}
	return p.Rest()
}

func (p *Player) asksFor(name, direction string) error {
	return p.begins(called(name), agentmanager.Request{Direction: agentmanager.Direction(direction), Says: agentmanager.Plain("Hello, I need help.")})
}

func (p *Player) isGiven(customer, name string) error {
	if _, err := p.working(name); err != nil {
		return err
	}
	err := p.begins(called(customer), agentmanager.Request{Routing: agentmanager.ExternalMode, Says: agentmanager.Plain("Hello, I need help.")})
	if err != nil {
		return err
	}
	return p.done("give "+customer+" to "+name, p.customers[customer].conversation.Give(p.agent(name)))
}

// offerTo is the id of the task by which a customer was last offered to a desk.
func (p *Player) offerTo(s *seat, c *customer, name string) (any, error) {
	offer, _ := p.lastTo(s, "taskRequest", c.conversation.ID()).(map[string]any)
	if offer == nil {
		return nil, acts("find the task of "+name, fmt.Errorf("the manager has never offered it to %s", s.name))
	}
	return offer["taskId"], nil
}

// requestOf is the id of a customer's request in a list, as a desk was told of it.
func (p *Player) requestOf(s *seat, c *customer, name string) (any, error) {
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Frame && e.To == s.party }) {
		for _, request := range listed(e) {
			if session, _ := request["channelSession"].(map[string]any); session["conversationId"] == c.conversation.ID() {
				return request["id"], nil
			}
		}
	}
	return nil, acts("find the request of "+name, errors.New("the manager has told "+s.name+" of none"))
}

// listed are the requests in lists that an event of the manager tells of.
func listed(e journal.Entry) []map[string]any {
	var found []any
	switch told := payload(e).(type) {
	case []any:
		found = told
	case map[string]any:
		text, _ := told["pullModeEvent"].(string)
		found = []any{expect.Decode(json.RawMessage(text))}
	}
	var requests []map[string]any
	for _, one := range found {
		if request, is := one.(map[string]any); is && request["listId"] != nil {
			requests = append(requests, request)
		}
	}
	return requests
}
