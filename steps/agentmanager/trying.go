package agentmanager

import (
	"errors"

	"deskcheck/steps/bound"
	"deskcheck/steps/uimap"
)

// A desk that keeps somebody from doing what is out of order may hide the way or bar it; one that leaves the way open must do nothing. What follows asks for neither.
var tryingSteps = []definition{
	define(`(?P<person>\w+) tries to set the state to (READY|NOT_READY)`, func(p *Player) any { return p.triesState }, "A desk that has no way to it now has nothing done."),
	define(`(?P<person>\w+) tries to set the domain (?P<domain>[A-Z]+) to (READY|NOT_READY)`, func(p *Player) any { return p.triesDomain }),
	define(`(?P<person>\w+) tries to accept "([^"]*)"`, func(p *Player) any { return p.triesAbout("accept offer") }),
	define(`(?P<person>\w+) tries to take the request of "([^"]*)"`, func(p *Player) any { return p.triesAbout("take request") }),
}

// attempts has a person do something if the desk lets it: what is not there, or cannot be used, is not done.
func (p *Player) attempts(name, verb string, values map[string]string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.can(verb); err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	there, err := p.stage.Map.Can(ctx, s.page.Tab, verb, values)
	if err != nil {
		return p.blame(name+" tries to "+verb, err)
	}
	if there {
		err = p.does(name, verb, values)
		if _, barred := errors.AsType[*uimap.NoElementError](err); !barred {
			return err
		}
	}
	p.Act(s.party, s.party, "finds no way to "+verb)
	return p.Rest()
}

func (p *Player) triesState(name, state string) error {
	return p.attempts(name, "set state", map[string]string{"state": p.word(state), "reason": ""})
}

func (p *Player) triesDomain(name, domain, state string) error {
	return p.attempts(name, "set MRD", map[string]string{"mrd": domain, "state": p.word(state)})
}

func (p *Player) triesAbout(verb string) any {
	return func(name, customer string) error {
		values, err := p.valuesOf(customer, nil)
		if err != nil {
			return err
		}
		return p.attempts(name, verb, values)
	}
}
