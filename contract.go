package deskcheck

import (
	"fmt"
	"slices"
	"strings"

	"deskcheck/fixtures"
)

// contractAIChat is the contract that can be certified in this version; of the others the catalogue can be read.
const contractAIChat = "ai-chat"

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
