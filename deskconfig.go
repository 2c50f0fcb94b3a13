package deskcheck

import (
	"fmt"
	"net/url"

	"deskcheck/mockdesk/edge"
	"deskcheck/steps/browser"
)

// Desk is what plays the desk, and what it is told beside what each scenario has it do.
type Desk struct {
	// Hosts are names that lead to the scenario's desk, each a host name, with a port or for the ports of http and https, as edge.ParseName reads them. Once there are any, the
	// page reaches nothing else beyond the loopback. Empty for none.
	Hosts []string
	// Wire is the file of the wire that the desk speaks; empty for the native one.
	Wire string
	// Driver is the address at which a desk that is not the kit's is played, by the contract of package driver; empty for the mock desk. TokenEnv names the environment variable
	// with the token that it asks for; empty for none.
	Driver, TokenEnv string
}

// value returns the desk as the schema sees it.
func (d Desk) value() map[string]any {
	value := map[string]any{}
	if d.Hosts != nil {
		hosts := []any{}
		for _, host := range d.Hosts {
			hosts = append(hosts, host)
		}
		value["hosts"] = hosts
	}
	for key, text := range map[string]string{"wire": d.Wire, "driver": d.Driver, "token-env": d.TokenEnv} {
		if text != "" {
			value[key] = text
		}
	}
	return value
}

// names reads the hosts; those that cannot be read are left out, because Validate has told of them.
func (d Desk) names() []edge.Name {
	var names []edge.Name
	for _, host := range d.Hosts {
		if name, err := edge.ParseName(host); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// deskProblems finds names that cannot lead to the desk.
func (c Config) deskProblems() []ConfigProblem {
	problems := c.driverProblems()
	var before []edge.Name
	for i, host := range c.Desk.Hosts {
		key := fmt.Sprintf("desk.hosts[%d]", i)
		name, err := edge.ParseName(host)
		if err != nil {
			problems = append(problems, ConfigProblem{Key: key, Message: err.Error()})
			continue
		}
		for _, other := range before {
			if name.Overlaps(other) {
				problems = append(problems, ConfigProblem{Key: key, Message: fmt.Sprintf("%s is listed already, as %s", name, other)})
				break
			}
		}
		if page, ok := c.pageName(); ok && name.Overlaps(page) {
			problems = append(problems, ConfigProblem{Key: key, Message: fmt.Sprintf("%s is where the page itself comes from (%s), so it cannot be the desk's", name, c.Host)})
		}
		before = append(before, name)
	}
	return problems
}

// pageName is where a page of the user's own comes from; false if the page is the kit's.
func (c Config) pageName() (edge.Name, bool) {
	if !c.HasOwnPage() {
		return edge.Name{}, false
	}
	u, err := url.Parse(c.Host)
	if err != nil {
		return edge.Name{}, false
	}
	return edge.NameOf(u), true
}

// network has the desk's names lead from each tab to the desk of its scenario, with certificates of an authority made for this browser; without names it is the machine's.
func (c Config) network() (browser.Network, error) {
	names := c.Desk.names()
	if len(names) == 0 {
		return browser.Network{}, nil
	}
	authority, err := edge.NewAuthority()
	if err != nil {
		return browser.Network{}, err
	}
	network := browser.Network{
		Proxy:      func() (browser.Proxy, error) { return edge.Open(authority, names) },
		TrustedKey: authority.KeyHash(),
	}
	if page, ok := c.pageName(); ok {
		network.Direct = []string{page.String()}
	}
	return network, nil
}
