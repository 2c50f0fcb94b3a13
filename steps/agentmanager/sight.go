package agentmanager

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
	"deskcheck/steps/uimap"
)

var sightSteps = []definition{
	define(`(?P<person>\w+) sees "([^"]*)"`, func(p *Player) any { return p.seesText }),
	define(`(?P<person>\w+) does not see "([^"]*)"`, func(p *Player) any { return p.seesNoText }),
	define(`(?P<person>\w+) sees an offer from "([^"]*)"`, func(p *Player) any { return p.seesOffer }),
	define(`(?P<person>\w+) sees no offer from "([^"]*)"`, func(p *Player) any { return p.seesNoOffer }),
	define(`(?P<person>\w+) sees (\d+) offers?`, func(p *Player) any { return p.seesOffers }),
	define(`(?P<person>\w+) sees the state (READY|NOT_READY)`, func(p *Player) any { return p.seesState }),
	define(`(?P<person>\w+) sees the domain (?P<domain>[A-Z]+) as ([A-Z_]+)`, func(p *Player) any { return p.seesDomain }),
	define(`(?P<person>\w+) sees "([^"]*)" in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesIn }),
	define(`(?P<person>\w+) sees "([^"]*)" (\d+) times? in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesTimesIn }),
	define(`(?P<person>\w+) does not see "([^"]*)" in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesNotIn }),
	define(`(?P<person>\w+) sees "([^"]*)" as a whisper in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesWhisper }),
	define(`(?P<person>\w+) sees (?P<person>\w+) among those in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesParticipant }),
	define(`(?P<person>\w+) does not see (?P<person>\w+) among those in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesNoParticipant }),
	define(`(?P<person>\w+) cannot monitor anything`, func(p *Player) any { return p.cannotMonitor }),
	define(`no error is uncaught on (?P<person>\w+)'s desk`, func(p *Player) any { return p.noError }),
}

// glance is how much time passes between two looks for what must appear.
const glance = 250 * time.Millisecond

// sees waits until what a look finds is as wanted: first in real time, as Scene.Until does, and then with time of the page passing between the looks.
func (p *Player) sees(name, look string, values map[string]string, expected string, fits func([]string) bool) error {
	var found []string
	see := func() (seen bool, err error) {
		if err = p.Rest(); err == nil {
			found, err = p.looks(name, look, values)
		}
		return err == nil && fits(found), err
	}
	seen, err := see()
	for end := time.Now().Add(p.Deadlines.Patience); !seen && err == nil && time.Now().Before(end); {
		p.Linger(time.Until(end))
		seen, err = see()
	}
	for passed := time.Duration(0); !seen && err == nil && passed < p.Deadlines.Sight; passed += glance {
		if err = p.Pass(glance); err == nil {
			seen, err = see()
		}
	}
	if !seen && err == nil {
		if err = p.Arrive(); err == nil {
			seen, err = see()
		}
	}
	if seen || err != nil {
		return err
	}
	s, err := p.working(name)
	if err != nil {
		return err
	}
	return &steps.Failure{Expected: name + " to see " + expected, Recorded: saw(found), Hint: p.trouble(s)}
}

func saw(found []string) string {
	if len(found) == 0 {
		return "nothing of the sort is visible"
	}
	quoted := make([]string, 0, len(found))
	for _, text := range found {
		quoted = append(quoted, fmt.Sprintf("%q", strings.Join(strings.Fields(text), " ")))
	}
	return "visible is " + expect.Clip(strings.Join(quoted, ", "))
}

// plain is a text as it is compared: white space is one blank, and case does not count.
func plain(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// holding counts the texts that hold another.
func holding(found []string, text string) (n int) {
	for _, one := range found {
		if strings.Contains(plain(one), plain(text)) {
			n++
		}
	}
	return n
}

func (p *Player) seesText(name, text string) error {
	return p.sees(name, "text", nil, fmt.Sprintf("%q", text), func(found []string) bool { return holding(found, text) > 0 })
}

func (p *Player) seesNoText(name, text string) error {
	return p.sees(name, "text", nil, fmt.Sprintf("no %q", text), func(found []string) bool { return holding(found, text) == 0 })
}

// offerOf is what shows that an offer is a customer's: the visible name.
func (p *Player) offerOf(customer string) (string, error) {
	c, err := p.customer(customer)
	if err != nil {
		return "", err
	}
	return c.visible(), nil
}

func (p *Player) seesOffer(name, customer string) error {
	if err := p.leavesOffers(); err != nil {
		return err
	}
	who, err := p.offerOf(customer)
	if err != nil {
		return err
	}
	return p.sees(name, "offers", nil, "an offer from "+who, func(found []string) bool { return holding(found, who) == 1 })
}

func (p *Player) seesNoOffer(name, customer string) error {
	who, err := p.offerOf(customer)
	if err != nil {
		return err
	}
	return p.sees(name, "offers", nil, "no offer from "+who, func(found []string) bool { return holding(found, who) == 0 })
}

func (p *Player) seesOffers(name string, n int) error {
	return p.sees(name, "offers", nil, fmt.Sprintf("%d offers", n), func(found []string) bool { return len(found) == n })
}

// isState says whether what is visible is a state. The map gives the contract's name where it has the desk's word for it, and what is visible where it has none.
func isState(found []string, state string) bool {
	return len(found) == 1 && (found[0] == state || plain(found[0]) == plain(strings.ReplaceAll(state, "_", " ")))
}

func (p *Player) seesState(name, state string) error {
	return p.sees(name, "state", nil, "the state "+state, func(found []string) bool { return isState(found, state) })
}

func (p *Player) seesDomain(name, domain, state string) error {
	return p.sees(name, "MRD state", map[string]string{"mrd": domain}, fmt.Sprintf("the domain %s as %s", domain, state), func(found []string) bool { return isState(found, state) })
}

// seesMessages looks at a customer's conversation.
func (p *Player) seesMessages(name, look, customer, expected string, fits func([]string) bool) error {
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	if p.stage.Map != nil && p.stage.Map.Has("open conversation") == uimap.Yes {
		err := p.with(name, "open conversation", customer, nil)
		if noWay(err) {
			return &steps.Failure{Expected: name + " to see " + expected + " in the conversation of " + c.visible(), Recorded: "the conversation cannot be opened: " + err.Error()}
		}
		if err != nil {
			return err
		}
	}
	values := map[string]string{"customer": c.visible(), "conversation": c.conversation.ID()}
	return p.sees(name, look, values, expected+" in the conversation of "+c.visible(), fits)
}

func (p *Player) seesIn(name, text, customer string) error {
	return p.seesMessages(name, "messages", customer, fmt.Sprintf("%q", text), func(found []string) bool { return holding(found, text) > 0 })
}

func (p *Player) seesTimesIn(name, text string, times int, customer string) error {
	return p.seesMessages(name, "messages", customer, fmt.Sprintf("%q %d times", text, times), func(found []string) bool { return holding(found, text) == times })
}

func (p *Player) seesNotIn(name, text, customer string) error {
	return p.seesTimesIn(name, text, 0, customer)
}

func (p *Player) seesWhisper(name, text, customer string) error {
	return p.seesMessages(name, "whispers", customer, fmt.Sprintf("%q marked as a whisper", text), func(found []string) bool { return holding(found, text) > 0 })
}

func (p *Player) seesParticipant(name, other, customer string) error {
	return p.seesMessages(name, "participants", customer, fullName(other), func(found []string) bool { return holding(found, fullName(other)) > 0 })
}

func (p *Player) seesNoParticipant(name, other, customer string) error {
	return p.seesMessages(name, "participants", customer, "no "+fullName(other), func(found []string) bool { return holding(found, fullName(other)) == 0 })
}

func (p *Player) canMonitor(name, customer string) error {
	who, err := p.offerOf(customer)
	if err != nil {
		return err
	}
	return p.sees(name, "monitored", nil, who+" among what can be monitored", func(found []string) bool { return holding(found, who) > 0 })
}

func (p *Player) cannotMonitor(name string) error {
	return p.sees(name, "monitored", nil, "nothing that can be monitored", func(found []string) bool { return len(found) == 0 })
}

func (p *Player) noError(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	e, found := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.PageError && e.Name != "resource" && isOn(s)(e)
	})
	if found {
		return &steps.Failure{Expected: "no uncaught error on the desk of " + name, Recorded: p.trouble(s), Entry: e.Seq}
	}
	return nil
}

// sightings say by what the desk was seen to have a capability.
func (p *Player) sightings() map[string]string {
	seen := map[string]string{}
	for _, o := range optional {
		if p.stage.Map == nil {
			break
		}
		if p.stage.Map.Has(o.verbs[0]) == uimap.Yes {
			seen[o.capability] = "its UI map has a way to " + o.verbs[0]
		}
	}
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool {
		return e.Kind == journal.Frame && strings.HasSuffix(string(e.From), "'s desk")
	}) {
		switch {
		case e.Name == "publishCimEvent" && strings.Contains(string(e.Data), `"MESSAGE_DELIVERY_NOTIFICATION"`):
			seen["read"] = Shows("read")[0]
		case e.Name == "CONNECT" && hasToken(payload(e)):
			seen["push"] = Shows("push")[0]
		}
	}
	return seen
}

// hasToken says whether a handshake tells where pushes go.
func hasToken(auth any) bool {
	object, _ := auth.(map[string]any)
	return slices.ContainsFunc(tokensIn(object["fcm"]), func(token string) bool { return token != "" })
}
