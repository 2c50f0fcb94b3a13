package agentmanager

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
)

var openingSteps = []definition{
	define(`the manager is found below "(/[^"]*)"`, func(p *Player) any { return p.below }),
	define(`the manager pings every (\d+) milliseconds`, func(p *Player) any { return p.pings }),
	define(`(conversations end with a wrap-up|wrap-ups are counted in milliseconds|events come as objects|events come as text|monitoring begins at once|monitoring begins with a task|an offer that runs out makes its agent not ready)`, func(p *Player) any { return p.switched }),
	define(`the desk of (?P<person>\w+) is open`, func(p *Player) any { return p.deskIsOpen }),
	define(`(?P<person>\w+) is signed in`, func(p *Player) any { return p.signedIn }),
	define(`(?P<person>\w+) is ready`, func(p *Player) any { return p.ready }),
	define(`(?P<person>\w+) has an offer from "([^"]*)"`, func(p *Player) any { return p.hasOffer }, "The customer is new, and begins a conversation for it."),
	define(`(?P<person>\w+) talks to "([^"]*)"`, func(p *Player) any { return p.talksTo }, "The customer is new; the agent is made ready, is offered the conversation and accepts it."),
	define(`(?P<person>\w+) monitors "([^"]*)" already`, func(p *Player) any { return p.monitorsAlready }),
}

func (p *Player) unmade(doing string) error {
	if p.manager != nil {
		return &steps.HarnessError{Doing: doing, Err: errors.New("the manager is running already: say this first")}
	}
	return nil
}

func (p *Player) below(base string) { p.base = base }

func (p *Player) pings(every string) error {
	n, err := strconv.Atoi(every)
	p.ping = time.Duration(n) * time.Millisecond
	return err
}

func (p *Player) switched(what string) error {
	if err := p.unmade("have it that " + what); err != nil {
		return err
	}
	s := p.options.Switches
	switch what {
	case "conversations end with a wrap-up":
		s.WrapUp = true
	case "wrap-ups are counted in milliseconds":
		s.WrapUpUnit = agentmanager.Milliseconds
	case "events come as objects":
		s.CIMEncoding = agentmanager.Object
	case "events come as text":
		s.CIMEncoding = agentmanager.Text
	case "monitoring begins at once":
		s.MonitorFlow = agentmanager.Direct
	case "monitoring begins with a task":
		s.MonitorFlow = agentmanager.Started
	case "an offer that runs out makes its agent not ready":
		s.NotReadyOnRONA = true
	}
	return nil
}

func (p *Player) deskIsOpen(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	return p.open(s)
}

// signedIn opens a desk, signs in, and waits until the manager has let it in.
func (p *Player) signedIn(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if s.page == nil {
		if err := p.open(s); err != nil {
			return err
		}
	}
	mark := p.Journal.Len()
	if err := p.signsIn(name); err != nil {
		return err
	}
	err = p.isLetIn(s, mark)
	if failure, failed := errors.AsType[*steps.Failure](err); failed {
		p.unstarted = failure.Recorded
	}
	return err
}

// isLetIn waits until the manager has taken a handshake of the desk.
func (p *Player) isLetIn(s *seat, mark int) error {
	_, err := p.Await(mark, func(e journal.Entry) bool {
		return e.Kind == journal.Opened && e.Name == "socket" && e.From == s.party
	}, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "a handshake that the manager takes", Recorded: p.lately(s, mark), Hint: p.trouble(s)}
	}
	if err != nil {
		return err
	}
	return p.Rest()
}

// ready has a person sign in, if need be, and go ready, in every domain of text.
func (p *Player) ready(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if s.page == nil || p.agent(name).State() == agentmanager.Away {
		if err := p.signedIn(name); err != nil {
			return err
		}
	}
	if err := p.setsState(name, "READY"); err != nil {
		return err
	}
	if err := p.becomes(s, name+" to be ready", func() bool { return p.agent(name).State() == agentmanager.Ready }); err != nil {
		return err
	}
	if p.options.Switches.ReadyDomains {
		return nil
	}
	return p.readyIn(s, "CHAT")
}

// readyIn has a person who is ready go ready in a domain as well, and waits until the desk has asked for it.
func (p *Player) readyIn(s *seat, domain string) error {
	if err := p.Rest(); err != nil { // The desk may let nobody do so before it has heard that the agent is ready.
		return err
	}
	mark := p.Journal.Len()
	if err := p.setsDomain(s.name, domain, "READY"); err != nil {
		return err
	}
	return p.becomes(s, fmt.Sprintf("%s to ask for READY in the domain %s", s.name, domain), func() bool {
		_, asked := p.Journal.Find(mark, isFrom(s, "changeAgentState"))
		return asked || p.domainState(s, domain) == string(agentmanager.DomainReady)
	})
}

// becomes waits until the manager knows something that the desk has to tell it.
func (p *Player) becomes(s *seat, what string, done func() bool) error {
	mark := p.Journal.Len()
	err := p.Until(done, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: what, Recorded: p.lately(s, mark), Hint: p.trouble(s)}
	}
	return err
}

func (p *Player) hasOffer(name, customer string) error {
	if err := p.made(name); err != nil {
		return err
	}
	if err := p.asksForHelp(customer); err != nil {
		return err
	}
	return p.offered(name, customer)
}

// made makes a person ready who is not.
func (p *Player) made(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if s.page != nil && p.agent(name).State() == agentmanager.Ready {
		return nil
	}
	return p.ready(name)
}

// offered waits until the manager has offered a customer's conversation to a person, which is the kit's own doing.
func (p *Player) offered(name, customer string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	err = p.Until(func() bool { return p.lastTo(s, "taskRequest", c.conversation.ID()) != nil }, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return acts("offer "+customer+" to "+name, errors.New("the manager has offered it to somebody else, or to nobody"))
	}
	if err != nil {
		return err
	}
	return p.Rest()
}

func (p *Player) talksTo(name, customer string) error {
	if err := p.hasOffer(name, customer); err != nil {
		return err
	}
	if err := p.accepts(name, customer); err != nil {
		return err
	}
	return p.isIn(name, customer, agentmanager.RolePrimary)
}

// isIn waits until a person is in a customer's conversation in one of some roles, and has been told of it.
func (p *Player) isIn(name, customer string, roles ...agentmanager.Role) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	err = p.becomes(s, fmt.Sprintf("%s to be in the conversation of %s", name, customer), func() bool { return slices.Contains(roles, c.conversation.RoleOf(p.agent(name))) })
	if err != nil {
		return err
	}
	return p.Rest()
}

func (p *Player) monitorsAlready(name, customer string) error {
	if s, err := p.seat(name); err != nil {
		return err
	} else if s.page == nil {
		if err := p.ready(name); err != nil {
			return err
		}
	}
	if err := p.monitors(name, customer); err != nil {
		return err
	}
	return p.isIn(name, customer, agentmanager.RoleMonitor, agentmanager.RoleAssistant)
}
