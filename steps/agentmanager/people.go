package agentmanager

import (
	"maps"

	"deskcheck/steps/bound"
)

var peopleSteps = []definition{
	define(`(?P<person>\w+) signs in`, func(p *Player) any { return p.signsIn }),
	define(`(?P<person>\w+) signs in with the password "([^"]*)"`, func(p *Player) any { return p.signsInWith }),
	define(`(?P<person>\w+) signs out`, func(p *Player) any { return p.verb("sign out") }),
	define(`(?P<person>\w+) signs out because of "([^"]*)"`, func(p *Player) any { return p.signsOut }),
	define(`(?P<person>\w+) sets the state to (READY|NOT_READY)`, func(p *Player) any { return p.setsState }),
	define(`(?P<person>\w+) sets the state to (NOT_READY) because of "([^"]*)"`, func(p *Player) any { return p.setsStateBecause }),
	define(`(?P<person>\w+) sets the domain (?P<domain>[A-Z]+) to (READY|NOT_READY)`, func(p *Player) any { return p.setsDomain }),
	define(`(?P<person>\w+) accepts "([^"]*)"`, func(p *Player) any { return p.accepts }),
	define(`(?P<person>\w+) says "([^"]*)" to "([^"]*)"`, func(p *Player) any { return p.says }),
	define(`(?P<person>\w+) types "([^"]*)" to "([^"]*)" without sending it`, func(p *Player) any { return p.typesTo }),
	define(`(?P<person>\w+) answers "([^"]*)" of "([^"]*)" with "([^"]*)"`, func(p *Player) any { return p.answers }),
	define(`(?P<person>\w+) transfers "([^"]*)" to the queue "(?P<queue>[^"]*)"`, func(p *Player) any { return p.toQueue("transfer") }),
	define(`(?P<person>\w+) shares "([^"]*)" with the queue "(?P<queue>[^"]*)"`, func(p *Player) any { return p.toQueue("conference") }),
	define(`(?P<person>\w+) transfers "([^"]*)" to the agent (?P<person>\w+)`, func(p *Player) any { return p.toAgent("transfer to agent") }),
	define(`(?P<person>\w+) shares "([^"]*)" with the agent (?P<person>\w+)`, func(p *Player) any { return p.toAgent("conference with agent") }),
	define(`(?P<person>\w+) consults the queue "(?P<queue>[^"]*)" about "([^"]*)"`, func(p *Player) any { return p.consults }),
	define(`(?P<person>\w+) hands "([^"]*)" over to the consulted (?P<person>\w+)`, func(p *Player) any { return p.toAgent("consult transfer") }),
	define(`(?P<person>\w+) leaves "([^"]*)"`, func(p *Player) any { return p.about("leave") }),
	define(`(?P<person>\w+) monitors "([^"]*)"`, func(p *Player) any { return p.monitors }),
	define(`(?P<person>\w+) whispers "([^"]*)" about "([^"]*)"`, func(p *Player) any { return p.whispers }),
	define(`(?P<person>\w+) joins "([^"]*)" to whisper`, func(p *Player) any { return p.about("join as whisper") }),
	define(`(?P<person>\w+) barges in on "([^"]*)"`, func(p *Player) any { return p.about("barge in") }),
	define(`(?P<person>\w+) pauses "([^"]*)" for (\d+) minutes?`, func(p *Player) any { return p.pauses }),
	define(`(?P<person>\w+) resumes "([^"]*)"`, func(p *Player) any { return p.about("resume") }),
	define(`(?P<person>\w+) files "([^"]*)" under "([^"]*)" as "([^"]*)" with the note "([^"]*)"`, func(p *Player) any { return p.wrapsUp }, "What the desk calls the category and the value stands among the words of the UI map."),
	define(`(?P<person>\w+) leaves "([^"]*)" without a wrap-up`, func(p *Player) any { return p.about("skip wrap-up") }),
	define(`(?P<person>\w+) joins the list "(?P<list>[^"]*)"`, func(p *Player) any { return p.list("join list") }),
	define(`(?P<person>\w+) leaves the list "(?P<list>[^"]*)"`, func(p *Player) any { return p.list("leave list") }),
	define(`(?P<person>\w+) takes the request of "([^"]*)"`, func(p *Player) any { return p.about("take request") }),
	define(`(?P<person>\w+) deletes the request of "([^"]*)"`, func(p *Player) any { return p.about("delete request") }),
	define(`(?P<person>\w+) turns to the conversation of "([^"]*)"`, func(p *Player) any { return p.about("open conversation") }),
	define(`(?P<person>\w+) picks the session by "([^"]*)" of "([^"]*)"`, func(p *Player) any { return p.picks }),
	define(`(?P<person>\w+) reloads the desk`, func(p *Player) any { return p.reloads }),
}

func (p *Player) signsIn(name string) error { return p.signsInWith(name, p.password) }

func (p *Player) signsInWith(name, password string) error {
	return p.does(name, "sign in", map[string]string{"username": name, "password": password})
}

// verb is a verb about nothing but the person.
func (p *Player) verb(verb string) any {
	return func(name string) error { return p.does(name, verb, map[string]string{}) }
}

// about is a verb about a customer's conversation.
func (p *Player) about(verb string) any {
	return func(name, customer string) error { return p.with(name, verb, customer, nil) }
}

// with carries out a verb about a customer's conversation, with more values.
func (p *Player) with(name, verb, customer string, values map[string]string) error {
	all, err := p.valuesOf(customer, values)
	if err != nil {
		return err
	}
	return p.does(name, verb, all)
}

// valuesOf are the values of a verb about a customer's conversation, and more.
func (p *Player) valuesOf(customer string, more map[string]string) (map[string]string, error) {
	c, err := p.customer(customer)
	if err != nil {
		return nil, err
	}
	all := map[string]string{"customer": c.visible(), "conversation": c.conversation.ID(), "queue": c.queue}
	maps.Copy(all, more)
	return all, nil
}

func (p *Player) signsOut(name, reason string) error {
	return p.does(name, "sign out", map[string]string{"reason": reason})
}

func (p *Player) setsState(name, state string) error { return p.setsStateBecause(name, state, "") }

func (p *Player) setsStateBecause(name, state, reason string) error {
	return p.does(name, "set state", map[string]string{"state": p.word(state), "reason": reason})
}

// word is what the desk calls something of the protocol.
func (p *Player) word(of string) string {
	if p.stage.Map == nil {
		return of
	}
	return p.stage.Map.Word(of)
}

func (p *Player) setsDomain(name, domain, state string) error {
	return p.does(name, "set MRD", map[string]string{"mrd": domain, "state": p.word(state)})
}

// accepts takes an offer, unless the desk says that it does so by itself.
func (p *Player) accepts(name, customer string) error {
	if p.answersItself() {
		return p.wasAccepted(name, customer)
	}
	return p.with(name, "accept offer", customer, nil)
}

func (p *Player) says(name, text, customer string) error {
	return p.with(name, "send text", customer, map[string]string{"text": text})
}

func (p *Player) typesTo(name, text, customer string) error {
	return p.with(name, "type", customer, map[string]string{"text": text})
}

func (p *Player) answers(name, message, customer, text string) error {
	return p.with(name, "reply to", customer, map[string]string{"message": message, "text": text})
}

func (p *Player) toQueue(verb string) any {
	return func(name, customer, queue string) error {
		return p.with(name, verb, customer, map[string]string{"queue": queue})
	}
}

func (p *Player) toAgent(verb string) any {
	return func(name, customer, agent string) error {
		return p.with(name, verb, customer, map[string]string{"agent": agent, "agent name": fullName(agent)})
	}
}

func (p *Player) consults(name, queue, customer string) error {
	return p.with(name, "consult", customer, map[string]string{"queue": queue})
}

func (p *Player) monitors(name, customer string) error { return p.with(name, "monitor", customer, nil) }

func (p *Player) whispers(name, text, customer string) error {
	return p.with(name, "whisper", customer, map[string]string{"text": text})
}

func (p *Player) wrapsUp(name, customer, category, value, note string) error {
	return p.with(name, "wrap up", customer, map[string]string{"category": p.word(category), "value": p.word(value), "note": note})
}

func (p *Player) pauses(name, customer, minutes string) error {
	return p.with(name, "pause", customer, map[string]string{"minutes": minutes})
}

func (p *Player) list(verb string) any {
	return func(name, list string) error { return p.does(name, verb, map[string]string{"list": list}) }
}

func (p *Player) picks(name, channel, customer string) error {
	return p.with(name, "pick session", customer, map[string]string{"channel": channel})
}

func (p *Player) reloads(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	p.Act(s.party, s.party, "reloads the desk")
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Boot)
	defer cancel()
	if err := s.page.Tab.Reload(ctx); err != nil {
		return p.blame("reload the desk", err)
	}
	return p.Rest()
}

// fullName is the visible name of someone of the cast.
func fullName(name string) string {
	for _, a := range castOf {
		if a.Username == name {
			return a.FirstName + " " + a.LastName
		}
	}
	return name
}
