package deskcheck

import (
	"fmt"
	"slices"
	"strings"

	"deskcheck/fixtures"
)

// The contracts: what is certified against.
const (
	contractAIChat         = "ai-chat"
	contractAgentManager   = "agent-manager"
	contractDigitalConnect = "digital-connect"
)

// hostBrowser is the host of an agent desk: nothing stands between its page and the browser.
const hostBrowser = "browser"

// hostNone is the host of a connector: it has none.
const hostNone = "none"

// hostOf is the one host that a contract has, empty for ai-chat, which has several.
func hostOf(contract string) string {
	return map[string]string{contractAgentManager: hostBrowser, contractDigitalConnect: hostNone}[contract]
}

// workersOf is how many scenarios of a contract run side by side if nobody says: with a connector they wait more than they work, for what must not come and until it stops trying again.
func workersOf(contract string) int {
	if contract == contractDigitalConnect {
		return 6
	}
	return 4
}

// For gives the configuration another contract, with that contract's own defaults in place of those of the old one, and of a dialect and a host that it does not have.
func (c Config) For(contract string) Config {
	if c.Workers == workersOf(c.Contract) {
		c.Workers = 0
	}
	c.Contract = contract
	if known := DialectsOf(contract); known != nil && !slices.Contains(known, c.Dialect) {
		c.Dialect = ""
	}
	if only := hostOf(contract); only != "" || slices.Contains([]string{hostBrowser, hostNone}, c.Host) {
		c.Host = only
	}
	return c.withDefaults()
}

// DialectsOf are the names of the dialects of a contract, the default first.
func DialectsOf(contract string) []string {
	if contract == contractAIChat {
		return fixtures.Dialects()
	}
	return fixtures.DialectsOf(contract)
}

// contractProblems finds what does not fit the contract.
func (c Config) contractProblems() []ConfigProblem {
	var problems []ConfigProblem
	if known := DialectsOf(c.Contract); !slices.Contains(known, c.Dialect) {
		problems = append(problems, ConfigProblem{Key: "dialect", Expected: "one of the contract " + c.Contract + ": " + strings.Join(known, ", "), Found: c.Dialect})
	}
	only := hostOf(c.Contract)
	switch {
	case c.Contract == contractAgentManager && c.Host != only:
		problems = append(problems, ConfigProblem{Key: "host", Message: "an agent desk has a page of its own, and no chat that loads it: leave host out, and say with agent-desk where the page is"})
	case c.Contract == contractDigitalConnect && c.Host != only:
		problems = append(problems, ConfigProblem{Key: "host", Message: "a connector has no chat that loads it: leave host out, and say with connector how it is run"})
	case only == "" && slices.Contains([]string{hostBrowser, hostNone}, c.Host):
		problems = append(problems, ConfigProblem{Key: "host", Message: c.Host + " is the host of another contract: leave it out, or set contract (--contract)"})
	}
	return append(problems, c.strangers()...)
}

// strangers are the keys that are given and belong to another contract, in order, each with what to do about it.
func (c Config) strangers() []ConfigProblem {
	ofChats := "belongs to the contract ai-chat; an agent desk is named by agent-desk"
	if c.Contract == contractDigitalConnect {
		ofChats = "belongs to the contract ai-chat; a connector is named by connector"
	}
	var problems []ConfigProblem
	for _, part := range []struct {
		key, contract string
		given         bool
		message       string
	}{
		{"integration", contractAIChat, c.Integration != (Integration{}), ofChats},
		{"desk", contractAIChat, len(c.Desk.value()) > 0, ofChats},
		{pageKey, contractAIChat, len(c.Page.value()) > 0, ofChats},
		{agentDeskKey, contractAgentManager, len(c.AgentDesk.value()) > 0, "an agent desk is what the contract agent-manager certifies: set contract: agent-manager (--contract)"},
		{uiMapKey, contractAgentManager, c.UIMap != nil, "a UI map is for an agent desk: set contract: agent-manager (--contract)"},
		{connectorKey, contractDigitalConnect, len(c.Connector.value()) > 0, "a connector is what the contract digital-connect certifies: set contract: digital-connect (--contract)"},
		{userKey, contractDigitalConnect, len(c.EndUser.value()) > 0, "says how the users of a connector are played: set contract: digital-connect (--contract)"},
	} {
		if part.given && part.contract != c.Contract {
			problems = append(problems, ConfigProblem{Key: part.key, Message: part.message})
		}
	}
	return problems
}

// othersOf says whom a requirement binds where that is neither the object under test nor seen in a run, so that it has no scenario: the kit's own other side of the contract.
// It is empty for all others. A chat and its page are in every run of ai-chat, so that they have scenarios of their own.
func othersOf(contract string, r fixtures.Requirement) string {
	switch {
	case r.BindsSubject():
		return ""
	case contract == contractAgentManager:
		return "the agent manager"
	case contract == contractDigitalConnect && slices.Contains(r.Binds, "account"):
		return "whoever sets the account up"
	case contract == contractDigitalConnect:
		return "Talkdesk"
	}
	return ""
}

// ForReading is the configuration with the contract's own default for a dialect that is left out, for whoever reads a contract without certifying: ReadTraceability, Profiles. A
// contract or a dialect that does not exist is a *UserError with those that do.
func (c Config) ForReading() (Config, error) {
	if c.Contract == "" || c.Contract == contractAIChat {
		c = c.withDefaults()
		return c, c.Validate()
	}
	known := fixtures.DialectsOf(c.Contract)
	switch {
	case known == nil:
		return c, &UserError{Err: fmt.Errorf("--contract: there is no contract %s", quoteWord(c.Contract)), Fix: "use one of " + strings.Join(fixtures.Contracts(), ", ")}
	case c.Dialect == "":
		c.Dialect = known[0]
	case !slices.Contains(known, c.Dialect):
		return c, &UserError{Err: fmt.Errorf("--dialect: the contract %s has no dialect %s", c.Contract, quoteWord(c.Dialect)), Fix: "use one of " + strings.Join(known, ", ")}
	}
	return c.withDefaults(), nil
}

// ContractFlag is what a command line needs to be about a contract, with a blank before it; empty for the default one.
func ContractFlag(contract string) string {
	if contract == "" || contract == contractAIChat {
		return ""
	}
	return " --contract " + contract
}

// isRequirementOf says whether a contract has a requirement of an ID, whatever its case.
func isRequirementOf(contract, id string) bool {
	catalogue, err := fixtures.ReadCatalogue(contract)
	return err == nil && slices.ContainsFunc(catalogue.Requirements, func(r fixtures.Requirement) bool { return strings.EqualFold(r.ID, id) })
}

// ContractOf is the contract to which the ID of a requirement belongs by its area, ai-chat for one that belongs to none.
func ContractOf(id string) string {
	for _, name := range fixtures.Contracts() {
		catalogue, err := fixtures.ReadCatalogue(name)
		if err != nil {
			continue
		}
		for area := range catalogue.Areas {
			if strings.HasPrefix(strings.ToUpper(id), area+"-") {
				return name
			}
		}
	}
	return contractAIChat
}
