package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mark is the sign that stands before the verdict's word, so that no report depends on colour alone. Every mark is one column wide.
func (v Verdict) Mark() string {
	switch v {
	case Passed:
		return "✓"
	case Failed:
		return "✗"
	case Warned:
		return "!"
	case ExpectedFailure:
		return "~"
	case UnexpectedPass:
		return "+"
	case NotApplicable:
		return "–"
	case Untestable:
		return "?"
	case NotRun:
	}
	return "·"
}

// FailsRun says whether a scenario or a requirement with this verdict keeps the run from passing.
func (v Verdict) FailsRun() bool {
	return v == Failed || v == UnexpectedPass || v == Untestable
}

// FailsRun says whether this scenario keeps the run from passing: by its verdict, or because its runs disagreed.
func (s Scenario) FailsRun() bool { return s.Verdict.FailsRun() || s.Differed }

// Count tallies the scenarios and the requirements of r by verdict. All verdicts are present, with 0 where none has it.
func Count(r *Result) Summary {
	s := Summary{Scenarios: map[Verdict]int{}, Requirements: map[Verdict]int{}}
	for _, v := range Verdicts {
		s.Scenarios[v], s.Requirements[v] = 0, 0
	}
	for _, sc := range r.Scenarios {
		if !sc.Own {
			s.Scenarios[sc.Verdict]++
			continue
		}
		if s.Own == nil {
			s.Own = map[Verdict]int{}
			for _, v := range Verdicts {
				s.Own[v] = 0
			}
		}
		s.Own[sc.Verdict]++
	}
	for _, req := range r.Requirements {
		s.Requirements[req.Verdict]++
	}
	return s
}

// outcome is the verdict of the run in one sentence without its full stop, the same in every report.
func outcome(r *Result) string {
	if r.Problem != "" {
		return "the environment failed the run: " + strings.TrimRight(r.Problem, ". \n")
	}
	if len(r.Scenarios) == 0 {
		return "no scenario ran"
	}
	c := Count(r)
	words := map[Verdict]string{UnexpectedPass: "passed unexpectedly"}
	order := []Verdict{Failed, UnexpectedPass, Untestable}
	if r.Verdict == Passed {
		order = []Verdict{Passed, Warned, ExpectedFailure, NotApplicable, NotRun}
	}
	var parts []string
	for _, v := range order {
		n := c.Requirements[v]
		if n == 0 {
			continue
		}
		of := ""
		if len(parts) == 0 {
			of = " of " + plural(len(r.Requirements), "requirement")
		}
		parts = append(parts, thousands(n)+of+" "+cmp.Or(words[v], string(v)))
	}
	if failed := c.Own[Failed] + c.Own[Untestable] + c.Own[UnexpectedPass]; failed > 0 {
		parts = append(parts, fmt.Sprintf("%d of your %s did not pass", failed, plural(total(c.Own), "scenario")))
	}
	for _, p := range r.Profiles {
		if p.Name == r.Profile && !p.Earned {
			parts = append(parts, "the profile "+p.Name+" is not earned")
		}
	}
	if ids := outside(r); len(ids) > 0 {
		parts = append(parts, "failed outside the catalogue: "+first(ids, 5, " "))
	}
	if n := differing(r); n > 0 {
		parts = append(parts, plural(n, "scenario")+" differed between runs")
	}
	if n := c.Scenarios[NotRun]; n > 0 && r.Stopped != "" {
		parts = append(parts, plural(n, "scenario")+" not tried because "+r.Stopped)
	}
	if len(parts) == 0 { // no requirement says it, so a scenario has to
		for _, v := range append(order, NotRun) {
			if n := c.Scenarios[v]; n > 0 && len(parts) == 0 {
				parts = append(parts, thousands(n)+" of "+plural(len(r.Scenarios), "scenario")+" "+cmp.Or(words[v], string(v)))
			}
		}
	}
	if len(parts) == 0 {
		return "no requirement was spoken of"
	}
	if slices.Contains(r.Selection, Quick) {
		parts = append(parts, "a scenario for each, and no profile is earned by a quick run")
	}
	return strings.Join(parts, ", ")
}

func total(of map[Verdict]int) int {
	n := 0
	for _, count := range of {
		n += count
	}
	return n
}

func differing(r *Result) int {
	n := 0
	for _, s := range r.Scenarios {
		if s.Differed {
			n++
		}
	}
	return n
}

// plural counts things: 1 scenario, 2 scenarios.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%s %ss", thousands(n), thing)
}
