package agentmanager

import "fmt"

var standingSteps = []definition{
	define(`(?P<person>\w+) does not see the domain (?P<domain>[A-Z]+) as (READY|ACTIVE)`, func(p *Player) any { return p.seesNoDomain }),
	define(`(?P<person>\w+) sees (\d+) conversations? with "([^"]*)"`, func(p *Player) any { return p.seesConversations }),
}

func (p *Player) seesNoDomain(name, domain, state string) error {
	expected := fmt.Sprintf("the domain %s as anything but %s", domain, state)
	return p.sees(name, "MRD state", map[string]string{"mrd": domain}, expected, func(found []string) bool { return len(found) > 0 && !isState(found, state) })
}

func (p *Player) seesConversations(name string, n int, customer string) error {
	who, err := p.offerOf(customer)
	if err != nil {
		return err
	}
	return p.sees(name, "conversations", nil, fmt.Sprintf("%d conversations with %s", n, who), func(found []string) bool { return holding(found, who) == n })
}
