package deskcheck

import (
	"slices"

	"deskcheck/fixtures"
	"deskcheck/steps"
)

// ScenarioInfo is a scenario as it is written.
type ScenarioInfo struct {
	Selectable
	// Line is where it stands in its file.
	Line int
	// Steps are its sentences with their keywords, in order.
	Steps []string
}

// Scenarios lists the scenarios of the configuration's contract that its selection leaves, in the order of the features. Its errors are those of Select.
func Scenarios(c Config) ([]ScenarioInfo, error) {
	c = c.withDefaults()
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	if err != nil {
		return nil, err
	}
	all, err := scenarios(c, catalogue)
	if err != nil {
		return nil, err
	}
	kept, err := choose(all, catalogue.Requirements, c)
	if err != nil {
		return nil, err
	}
	return infosOf(kept, catalogue.Requirements), nil
}

// infosOf describes scenarios as they are written.
func infosOf(all []steps.Scenario, catalogue []fixtures.Requirement) []ScenarioInfo {
	list := make([]ScenarioInfo, 0, len(all))
	described := selectables(all, catalogue)
	for i, s := range all {
		one := ScenarioInfo{Selectable: described[i], Line: s.Line}
		for _, step := range s.Steps {
			one.Steps = append(one.Steps, step.Keyword+" "+step.Text)
		}
		list = append(list, one)
	}
	return list
}

// Requirements lists the requirements that a dialect of the ai-chat contract has, in the catalogue's order. The catalogue is embedded and tested: there is no error to handle.
func Requirements(dialect string) []fixtures.Requirement {
	return requirementsIn(contractAIChat, dialect)
}

// requirementsIn lists the requirements that a dialect of a contract has.
func requirementsIn(contract, dialect string) []fixtures.Requirement {
	all, err := fixtures.Requirements(contract)
	if err != nil {
		panic(err)
	}
	return slices.DeleteFunc(all, func(r fixtures.Requirement) bool { return !r.Holds(dialect) })
}
