package deskcheck

import (
	"fmt"
	"slices"
	"strings"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
	"deskcheck/reports"
	"deskcheck/steps"
)

// misfits gathers what an integration was seen to do that another dialect has and this one has not. Only what fails counts: an integration that asks before it calls, and
// so serves several chats, leaves no trace here.
type misfits struct {
	dialect string
	// seen maps a dialect to what fits it and not this one, each once.
	seen map[string][]string
}

// learn looks through what came of a scenario.
func (m *misfits) learn(came steps.Performance) {
	if came.Scripted {
		return
	}
	for _, e := range came.Entries {
		if e.From != journal.Integration {
			continue
		}
		switch e.Kind {
		case journal.Violation:
			m.violation(e)
		case journal.Settled, journal.PageError:
			// An integration that takes another chat's options apart says so in its error.
			if said := string(e.Data); strings.Contains(said, "TypeError") && (strings.Contains(said, "sessionHistoryKey") || strings.Contains(said, "agentAppInfo")) {
				m.fits("it needs the option agentAppInfo of startChat", func(d fixtures.Dialect) bool { return d.Name == "web-chat" })
			}
		default:
		}
	}
}

func (m *misfits) violation(e journal.Entry) {
	switch e.Requirement {
	case "CB-04":
		m.fits("it calls "+e.Name, func(d fixtures.Dialect) bool { return slices.Contains(d.Callbacks, e.Name) })
	case "BANNER-03":
		for _, word := range []string{"minutes", "position"} {
			m.fits("it writes "+word+" of the wait", func(d fixtures.Dialect) bool {
				return d.Words[word] != "" && strings.Contains(e.Note, d.Words[word]+"' exists")
			})
		}
	case "MSG-03":
		m.fits("it sends messages as objects", func(d fixtures.Dialect) bool { return d.Name != "orchestrate" })
	case "FACT-01":
		m.fits("it registers its factory there", func(d fixtures.Dialect) bool { return strings.HasSuffix(e.Note, "--dialect "+d.Name+")?") })
	}
}

// fits notes a sign for every other dialect that has it; a sign that fits this dialect too, or none, is none.
func (m *misfits) fits(sign string, has func(fixtures.Dialect) bool) {
	for _, name := range Dialects() {
		d, err := fixtures.ReadDialect(name)
		if err != nil || !has(d) {
			continue
		}
		if name == m.dialect {
			return
		}
		if m.seen == nil {
			m.seen = map[string][]string{}
		}
		if !slices.Contains(m.seen[name], sign) {
			m.seen[name] = append(m.seen[name], sign)
		}
	}
}

// say words it for the result: the dialects that the most signs fit, and the signs. It is nil where there is none.
func (m *misfits) say() *reports.LooksLike {
	var best []string
	for _, name := range Dialects() {
		switch n := len(m.seen[name]); {
		case n == 0:
		case len(best) == 0 || n > len(m.seen[best[0]]):
			best = []string{name}
		case n == len(m.seen[best[0]]):
			best = append(best, name)
		}
	}
	if len(best) == 0 {
		return nil
	}
	signs := slices.Sorted(slices.Values(m.seen[best[0]]))
	if more := len(signs) - 3; more > 0 {
		signs = append(signs[:3], fmt.Sprintf("and %d more", more))
	}
	return &reports.LooksLike{Dialects: best, Because: strings.Join(signs, ", ")}
}
