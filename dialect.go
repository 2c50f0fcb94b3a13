package deskcheck

import (
	"fmt"
	"slices"
	"strings"

	"deskcheck/fixtures"
	"deskcheck/steps"
)

// Dialects are the names of the dialects that an integration can be certified for, the default first.
func Dialects() []string { return DialectsOf(contractAIChat) }

// dialectTag narrows a scenario to a dialect; of several, one that fits is enough.
const dialectTag = "@dialect:"

// inDialect keeps the scenarios that say something about a dialect: at least one of their requirements holds there, and no tag such as @dialect:web-chat narrows them to
// others. What they are kept for, and judged by, is those of their requirements that hold.
func inDialect(all []steps.Scenario, catalogue []fixtures.Requirement, dialect string) []steps.Scenario {
	holds := map[string]bool{}
	for _, r := range catalogue {
		holds[r.ID] = r.Holds(dialect)
	}
	var kept []steps.Scenario
	for _, s := range all {
		narrowed := slices.DeleteFunc(slices.Clone(s.Tags), func(tag string) bool { return !strings.HasPrefix(tag, dialectTag) })
		if len(narrowed) > 0 && !slices.Contains(narrowed, dialectTag+dialect) {
			continue
		}
		s.Tags = slices.DeleteFunc(slices.Clone(s.Tags), func(tag string) bool {
			held, isRequirement := holds[strings.TrimPrefix(tag, "@")]
			return isRequirement && !held
		})
		s.Requirements = slices.DeleteFunc(slices.Clone(s.Requirements), func(id string) bool { return !holds[id] })
		if len(s.Requirements) > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}

// holdsIn says of each requirement whether it holds in the dialect of a configuration.
func holdsIn(c Config) (func(id string) bool, error) {
	requirements, err := fixtures.Requirements(c.Contract)
	if err != nil {
		return nil, fmt.Errorf("read the requirements of %s: %w", c.Contract, err)
	}
	return func(id string) bool {
		i := slices.IndexFunc(requirements, func(r fixtures.Requirement) bool { return r.ID == id })
		return i < 0 || requirements[i].Holds(c.Dialect)
	}, nil
}
