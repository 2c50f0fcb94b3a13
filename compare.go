package deskcheck

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"deskcheck/fixtures"
	"deskcheck/reports"
)

// Comparison is what Compare found: where the two hosts differ in what crosses between a chat and an integration.
type Comparison struct {
	// Integration is what ran on both, Hosts are their names: what a diff takes away and what it puts there.
	Integration string    `json:"integration"`
	Hosts       [2]string `json:"hosts"`
	// Scenarios are those that were selected, in the order of the features.
	Scenarios []ComparedScenario `json:"scenarios"`
	// Alike, Explained and Different count the scenarios without a difference, with documented ones only, and with others; NotCompared those that one host cannot carry.
	Alike       int `json:"alike"`
	Explained   int `json:"explained"`
	Different   int `json:"different"`
	NotCompared int `json:"notCompared"`
	// OK says that every difference is documented, and that there was something to compare.
	OK bool `json:"ok"`
}

// ComparedScenario is one scenario on both hosts.
type ComparedScenario struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// NotCompared says why it was not; the lists are empty then.
	NotCompared string `json:"notCompared,omitempty"`
	// Lists are those that differ.
	Lists []ComparedList `json:"lists,omitempty"`
	// Explained says that every difference is a documented one.
	Explained bool `json:"explained,omitempty"`
}

// ComparedList is one list of crossings with its differences.
type ComparedList struct {
	// What the list holds, such as "the chat calls".
	What string `json:"what"`
	// Lines are those that differ, with their surroundings.
	Lines []ComparedLine `json:"lines"`
}

// ComparedLine is one line of a diff.
type ComparedLine struct {
	// Mark is "-" for what only the first host did, "+" for what only the second did, " " for what both did and "…" between two places.
	Mark string `json:"mark"`
	Text string `json:"text"`
	// Quirk is the ID of the documented difference that explains it.
	Quirk string `json:"quirk,omitempty"`
}

// Compare runs the same scenarios with the same integration on both hosts and says where the calls, the callbacks and the events differ. Errors are those of Run.
func Compare(ctx context.Context, c Config, progress Progress) (*Comparison, error) {
	if c.Contract != contractAIChat {
		return nil, &UserError{Err: fmt.Errorf("compare shows where two hosts of the contract ai-chat differ, and the contract %s has no hosts", c.Contract), Fix: "use \"deskcheck run\""}
	}
	quirks, err := fixtures.ReadQuirks(hostCarbon)
	if err != nil {
		return nil, err
	}
	hosts := [2]string{hostEmulated, hostCarbon}
	var results [2]*reports.Result
	// One order for both, so that a difference can be looked for again.
	if c.Seed == 0 {
		c.Seed = 1
	}
	for i, host := range hosts {
		c.Host = host
		if results[i], err = Run(ctx, c, progress); err != nil {
			return nil, err
		}
	}
	comparison := &Comparison{Integration: c.Integration.String(), Hosts: hosts}
	for _, first := range results[0].Scenarios {
		at := slices.IndexFunc(results[1].Scenarios, func(s reports.Scenario) bool { return s.ID == first.ID })
		if at < 0 || first.Verdict == reports.NotRun {
			continue
		}
		comparison.add(compareScenario(first, results[1].Scenarios[at], quirks))
	}
	comparison.OK = comparison.Different == 0 && comparison.Alike+comparison.Explained > 0
	return comparison, nil
}

func (c *Comparison) add(s ComparedScenario) {
	c.Scenarios = append(c.Scenarios, s)
	switch {
	case s.NotCompared != "":
		c.NotCompared++
	case len(s.Lists) == 0:
		c.Alike++
	case s.Explained:
		c.Explained++
	default:
		c.Different++
	}
}

// compareScenario compares what was recorded of a scenario on each host.
func compareScenario(first, second reports.Scenario, quirks fixtures.HostQuirks) ComparedScenario {
	s := ComparedScenario{ID: first.ID, Name: first.Name}
	for _, one := range []reports.Scenario{first, second} {
		if one.Verdict == reports.NotApplicable || one.Verdict == reports.NotRun {
			s.NotCompared = one.Reason
			return s
		}
	}
	before, after := linesOf(first.Evidence.Entries, quirks.Internals, first.Scripted), linesOf(second.Evidence.Entries, quirks.Internals, first.Scripted)
	s.Explained = true
	if first.Verdict != second.Verdict {
		s.Lists = append(s.Lists, ComparedList{What: "the verdict", Lines: []ComparedLine{
			{Mark: "-", Text: verdictLine(first)}, {Mark: "+", Text: verdictLine(second)},
		}})
		s.Explained = false
	}
	for _, what := range before.and(after) {
		lines := diff(before.lines[what], after.lines[what])
		if len(lines) == 0 {
			continue
		}
		for i := range lines {
			if lines[i].Mark != "-" && lines[i].Mark != "+" {
				continue
			}
			lines[i].Quirk = explain(quirks.Differences, first.Name, lines[i])
			s.Explained = s.Explained && lines[i].Quirk != ""
		}
		s.Lists = append(s.Lists, ComparedList{What: what, Lines: lines})
	}
	return s
}

func verdictLine(s reports.Scenario) string {
	return strings.TrimSuffix(fmt.Sprintf("%s: %s", s.Verdict, s.Reason), ": ")
}

// explain finds the documented difference that a line is.
func explain(known []fixtures.Difference, scenario string, line ComparedLine) string {
	for _, d := range known {
		if len(d.Scenarios) > 0 && !slices.Contains(d.Scenarios, scenario) {
			continue
		}
		for _, pattern := range d.Lines {
			// They were compiled when the file was read.
			if regexp.MustCompile(pattern).MatchString(line.Mark + " " + line.Text) {
				return d.ID
			}
		}
	}
	return ""
}

// diff gives the lines that differ and two around them, none if there are none.
func diff(before, after []string) []ComparedLine {
	text := func(lines []string) string {
		if len(lines) == 0 {
			return ""
		}
		return strings.Join(lines, "\n") + "\n"
	}
	old := text(before)
	unified, err := udiff.ToUnifiedDiff("", "", old, udiff.Lines(old, text(after)), 2)
	if err != nil {
		// Only edits that do not fit their text could do that, and these were made from it.
		panic(fmt.Sprintf("compare two lists: %v", err))
	}
	var lines []ComparedLine
	for i, hunk := range unified.Hunks {
		if i > 0 {
			lines = append(lines, ComparedLine{Mark: "…"})
		}
		for _, line := range hunk.Lines {
			mark := map[udiff.OpKind]string{udiff.Delete: "-", udiff.Insert: "+", udiff.Equal: " "}[line.Kind]
			lines = append(lines, ComparedLine{Mark: mark, Text: strings.TrimSuffix(line.Content, "\n")})
		}
	}
	return lines
}
