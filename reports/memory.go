package reports

import (
	"fmt"
	"slices"
	"strings"
)

// memory knows which findings were told already, and at which scenario: one mistake of an integration is recorded in a hundred scenarios, and says the same in each.
type memory struct {
	findings map[memorised]string
	// causes are findings whatever the requirement: a scenario that fails on its way to its own requirement fails by what others failed by.
	causes map[cause]string
}

type memorised struct{ requirement, expected, recorded string }

type cause struct{ expected, recorded, kind, name string }

func newMemory() memory {
	return memory{map[memorised]string{}, map[cause]string{}}
}

// divide tells the findings of a scenario that are new from those that were told at an earlier one; of these it makes a line.
func (m memory) divide(s Scenario) (fresh []Check, again string) {
	var told []string
	for _, c := range findingsIn(s) {
		expected, recorded := oneLine(c.Expected), oneLine(c.Recorded)
		one := memorised{c.Requirement, expected, recorded}
		if at, known := m.findings[one]; known && at != s.ID {
			told = append(told, strings.TrimSpace(oneLine(c.Requirement)+" again, see "+oneLine(at)))
			continue
		}
		same, caused := causeOf(s, c)
		if at, known := m.causes[same]; caused && known && at != s.ID {
			told = append(told, fmt.Sprintf("%s: expected %s, recorded %s, as in %s", oneLine(c.Requirement), clause(expected), clause(recorded), oneLine(at)))
			continue
		}
		// What is not told in full here, or says nothing that could be the same, has yet to be told elsewhere.
		if len(fresh) < findingsInFull && expected+recorded != "" {
			m.findings[one] = s.ID
			if caused {
				m.causes[same] = s.ID
			}
		}
		fresh = append(fresh, c)
	}
	return fresh, first(distinct(told), findingsInFull, "; ")
}

// causeOf is the finding without its requirement. Only one that points at an entry has it: of absences and counts the words alone do not say that they are the same.
func causeOf(s Scenario, c Check) (cause, bool) {
	i := slices.IndexFunc(s.Evidence.Entries, func(e Entry) bool { return c.Entry > 0 && e.Seq == c.Entry })
	if i < 0 || c.Expected == "" || c.Recorded == "" {
		return cause{}, false
	}
	return cause{oneLine(c.Expected), oneLine(c.Recorded), s.Evidence.Entries[i].Kind, s.Evidence.Entries[i].Name}, true
}
