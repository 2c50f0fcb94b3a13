package agentmanager

import (
	"errors"
	"fmt"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

var askedSteps = []definition{
	define(`(?P<person>\w+)'s desk gives no reason for (READY|NOT_READY|LOGOUT)`, func(p *Player) any { return p.givesNoReason }, "A reason that is left out is none, and so is null."),
	define(`(?P<person>\w+)'s desk gives none but a full reason for (NOT_READY|LOGOUT)`, func(p *Player) any { return p.givesFullReason }, "A full reason has an id and a name."),
	define(`(?P<person>\w+)'s desk asks for (READY|NOT_READY) in the domain (?P<domain>[A-Z]+)`, func(p *Player) any { return p.asksInDomain }),
	define(`each "([^"]*)" of (?P<person>\w+)'s desk has a participant of its own`, func(p *Player) any { return p.newParticipants }, "Participants are told apart by their ids."),
	define(`(?P<person>\w+) is let into the conversation of "([^"]*)"`, func(p *Player) any { return p.isLetInto }, "The manager has taken what the desk said of the agent."),
}

// asksState waits until a desk has asked for a state, and gives the entry and its reason.
func (p *Player) asksState(name, state string) (e journal.Entry, reason any, err error) {
	s, err := p.seat(name)
	if err != nil {
		return e, nil, err
	}
	e, err = p.Await(p.mark, func(e journal.Entry) bool {
		if !isFrom(s, "changeAgentState")(e) {
			return false
		}
		change, _ := payload(e).(map[string]any)
		asked, _ := change["state"].(map[string]any)
		reason = asked["reasonCode"]
		return asked["name"] == state
	}, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		err = &steps.Failure{Expected: "changeAgentState with a state named " + state, Recorded: p.lately(s, p.mark), Hint: p.trouble(s)}
	}
	return e, reason, err
}

func (p *Player) givesNoReason(name, state string) error {
	e, reason, err := p.asksState(name, state)
	if err == nil && reason != nil {
		err = &steps.Failure{Expected: "no reason for " + state, Recorded: "reasonCode is " + expect.Short(reason), Entry: e.Seq}
	}
	return err
}

func (p *Player) givesFullReason(name, state string) error {
	e, reason, err := p.asksState(name, state)
	if err != nil || reason == nil {
		return err
	}
	object, _ := reason.(map[string]any)
	if called, _ := object["name"].(string); called == "" || object["id"] == nil {
		return &steps.Failure{Expected: "null, or an object with an id and a name, as the reason for " + state, Recorded: "reasonCode is " + expect.Short(reason), Entry: e.Seq}
	}
	return nil
}

// asksInDomain asks for the id that the last presence has for a domain's name.
func (p *Player) asksInDomain(name, state, domain string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	id, err := p.domainID(s, domain)
	if err != nil {
		return err
	}
	return p.sendsPattern(name, "changeAgentState", map[string]any{"action": "agentMRDState", "state": state, "mrdId": id})
}

// domainPlace is how an agent stands in the domain of a name, as a desk was last told; nil if it never was.
func (p *Player) domainPlace(s *seat, name string) map[string]any {
	presence, _ := p.lastTo(s, "agentPresence", "").(map[string]any)
	body, _ := presence["agentPresence"].(map[string]any)
	places, _ := body["agentMrdStates"].([]any)
	for _, one := range places {
		place, _ := one.(map[string]any)
		if domain, _ := place["mrd"].(map[string]any); domain["name"] == name {
			return place
		}
	}
	return nil
}

// domainState is the state in that domain, empty if the desk was never told.
func (p *Player) domainState(s *seat, name string) string {
	state, _ := p.domainPlace(s, name)["state"].(string)
	return state
}

// domainID is the id of that domain.
func (p *Player) domainID(s *seat, name string) (any, error) {
	domain, _ := p.domainPlace(s, name)["mrd"].(map[string]any)
	if domain == nil {
		return nil, acts("find the domain "+name, fmt.Errorf("no agentPresence has told %s of it", s.name))
	}
	return domain["id"], nil
}

func (p *Player) isLetInto(name, customer string) error {
	return p.isIn(name, customer, agentmanager.RolePrimary)
}

func (p *Player) newParticipants(event, name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	seen := map[any]int{}
	for _, e := range p.Journal.All(0, isFrom(s, event)) {
		sent, _ := payload(e).(map[string]any)
		participant, _ := sent["topicParticipant"].(map[string]any)
		id, is := participant["id"].(string)
		if !is || id == "" {
			return &steps.Failure{Expected: "an id of the participant in each " + event, Recorded: "the id is " + expect.Short(participant["id"]), Entry: e.Seq}
		}
		if before := seen[id]; before > 0 {
			return &steps.Failure{Expected: "a new id of the participant in each " + event, Recorded: fmt.Sprintf("entry %d has %q as well", before, id), Entry: e.Seq}
		}
		seen[id] = e.Seq
	}
	return nil
}
