package reports

import (
	"cmp"
	"slices"
	"strings"
)

// outsideCatalogue is the statement of what a check names although the catalogue does not.
const outsideCatalogue = "The contract wants it, and no scenario of its own covers it yet."

// severity orders verdicts from the one that says most to the one that says least.
var severity = []Verdict{Failed, Untestable, UnexpectedPass, ExpectedFailure, Warned, Passed, NotApplicable, NotRun}

func worse(a, b Verdict) Verdict {
	if slices.Index(severity, b) < slices.Index(severity, a) {
		return b
	}
	return a
}

// told says whether there is something to tell about a check or a requirement with this verdict: neither did it hold, nor was it left out.
func (v Verdict) told() bool { return v != Passed && v != NotApplicable && v != NotRun }

// verdictOn is what the scenario itself says of one requirement. A scenario may fail through one requirement and prove another.
func verdictOn(s Scenario, requirement string) Verdict {
	v := NotRun
	for _, c := range s.Checks {
		if c.Requirement == requirement {
			v = worse(v, c.Verdict)
		}
	}
	return v
}

// blamed are the requirements to which a scenario owes its verdict. A violation on the way counts as well as a tag, and a tag that held does not.
// A scenario that nothing was found in is told by its tags.
func blamed(s Scenario) []string {
	var failed, other []string
	for _, c := range s.Checks {
		switch {
		case c.Requirement == "":
		case c.Verdict.FailsRun():
			failed = append(failed, c.Requirement)
		case c.Verdict.told():
			other = append(other, c.Requirement)
		}
	}
	switch {
	case len(failed) > 0:
		return distinct(failed)
	case len(other) > 0:
		return distinct(other)
	default:
		return s.Requirements
	}
}

// everyRequirement are the requirements of r, and behind them those that only checks name: a violation of the contract may come before its catalogue entry.
func everyRequirement(r *Result) []Requirement {
	all := slices.Clone(r.Requirements)
	catalogue := map[string]bool{}
	for _, q := range all {
		catalogue[q.ID] = true
	}
	at := map[string]int{}
	for _, s := range r.Scenarios {
		if s.Own {
			continue
		}
		for _, c := range s.Checks {
			if c.Requirement == "" || catalogue[c.Requirement] {
				continue
			}
			i, known := at[c.Requirement]
			if !known {
				i = len(all)
				at[c.Requirement] = i
				area := c.Requirement[:max(strings.LastIndexByte(c.Requirement, '-'), 0)]
				all = append(all, Requirement{ID: c.Requirement, Area: area, Label: "not in the catalogue", Statement: outsideCatalogue, Verdict: NotRun})
			}
			q := &all[i]
			if v := worse(q.Verdict, c.Verdict); v != q.Verdict {
				q.Verdict, q.Reason = v, ""
				if v.told() {
					q.Reason = c.Recorded
				}
			}
			if !slices.Contains(q.Scenarios, s.ID) {
				q.Scenarios = append(q.Scenarios, s.ID)
			}
		}
	}
	return all
}

// outside are the IDs of what fails the run although the catalogue does not have it.
func outside(r *Result) []string {
	var ids []string
	for _, q := range everyRequirement(r)[len(r.Requirements):] {
		if q.Verdict.FailsRun() {
			ids = append(ids, q.ID)
		}
	}
	return ids
}

// rootsFirst puts what may follow from something else behind what stands for itself, and of that first from what most may follow; otherwise the order stays.
func rootsFirst(all []Requirement) []Requirement {
	explains := map[string]int{}
	for _, q := range all {
		for _, id := range q.FollowsFrom {
			explains[id]++
		}
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Requirement) int {
		return cmp.Or(min(len(a.FollowsFrom), 1)-min(len(b.FollowsFrom), 1), explains[b.ID]-explains[a.ID])
	})
	return sorted
}

// follows says in words from what a requirement may follow, and that this is to be mended first.
func (q Requirement) follows() string {
	which := "that"
	if len(q.FollowsFrom) > 1 {
		which = "those"
	}
	return "may follow from " + strings.Join(q.FollowsFrom, ", ") + ": mend " + which + " first"
}

// found is what a run shows of a requirement that did not simply hold.
type found struct {
	// Reason is the verdict's own, empty where Recorded says it.
	Reason             string
	Expected, Recorded string
	// Hint is the next step, where the kit knows one.
	Hint string
	// Others counts the findings that say something else.
	Others int
	// Scenarios are those in which it did not hold; where there is none, all that spoke of it.
	Scenarios []string
}

// findingsByRequirement gathers what each requirement needs to be told, in one pass over the scenarios.
func findingsByRequirement(r *Result, requirements []Requirement) map[string]found {
	type key struct{ id, expected, recorded string }
	once := map[key]bool{}
	checks, in := map[string][]Check{}, map[string][]string{}
	for _, s := range r.Scenarios {
		if s.Own {
			continue
		}
		for _, c := range s.Checks {
			if !c.Verdict.told() {
				continue
			}
			if k := (key{c.Requirement, oneLine(c.Expected), oneLine(c.Recorded)}); !once[k] {
				once[k] = true
				checks[c.Requirement] = append(checks[c.Requirement], c)
			}
			if list := in[c.Requirement]; len(list) == 0 || list[len(list)-1] != s.ID {
				in[c.Requirement] = append(list, s.ID)
			}
		}
	}
	all := map[string]found{}
	for _, q := range requirements {
		f := found{Reason: q.Reason, Scenarios: in[q.ID]}
		if len(f.Scenarios) == 0 {
			f.Scenarios = distinct(q.Scenarios)
		}
		if of := checks[q.ID]; len(of) > 0 && q.Verdict.told() {
			// The reason repeats what one of the checks recorded: that one is the finding to show.
			c := of[max(0, slices.IndexFunc(of, func(c Check) bool { return c.Recorded == q.Reason && c.Verdict == q.Verdict }))]
			f.Expected, f.Recorded, f.Hint, f.Others = c.Expected, c.Recorded, c.Hint, len(of)-1
			if c.Recorded == q.Reason {
				f.Reason = ""
			}
			if oneLine(f.Expected) == oneLine(q.Statement) { // where nothing narrower is expected than the statement, it is said once
				f.Expected = ""
			}
		}
		all[q.ID] = f
	}
	return all
}

// first joins as many of the words as are asked for and counts the others.
func first(words []string, most int, between string) string {
	if len(words) <= most+1 { // naming the last takes no more room than counting it
		return strings.Join(words, between)
	}
	return strings.Join(words[:most], between) + " and " + thousands(len(words)-most) + " others"
}
