package reports

import (
	"slices"
	"strings"
)

// profileInWords is what a run says of a profile, in a line.
func profileInWords(p Profile) string {
	switch {
	case p.Earned && len(p.Warned) > 0:
		return "earned, with warnings: " + strings.Join(p.Warned, " ")
	case p.Earned:
		return "earned"
	case p.NotRun:
		return "not run: " + oneLine(p.Reason)
	default:
		return "not earned: " + oneLine(p.Reason)
	}
}

// profileTone is the class that gives a profile its colour.
func profileTone(p Profile) string {
	switch {
	case p.Earned:
		return "v-passed"
	case p.NotRun:
		return "v-not-run"
	default:
		return "v-failed"
	}
}

// listProfiles says which profiles are earned, which are not and why, and what of the integration's claims was not as it was seen.
func (t *Text) listProfiles(b *strings.Builder, r *Result) {
	// A part of the contract earns nothing, unless that was the question.
	if len(r.Profiles) == 0 || len(r.Selection) > 0 && r.Profile == "" && !slices.ContainsFunc(r.Profiles, func(p Profile) bool { return p.Earned }) {
		return
	}
	b.WriteString("\n" + t.paint.bold("profiles") + "\n")
	var earned, untried []string
	for _, p := range r.Profiles {
		switch {
		case p.Earned && len(p.Warned) == 0:
			earned = append(earned, p.Name)
		case p.NotRun && p.Name != r.Profile:
			untried = append(untried, p.Name)
		}
	}
	mark := func(v Verdict) string { return t.paint.verdict(v, v.Mark()) }
	if len(earned) > 0 {
		b.WriteString(hang("  "+mark(Passed)+" "+t.paint.bold(cell("earned", 12)), strings.Join(earned, ", "), t.columns.total))
	}
	for _, p := range r.Profiles {
		if slices.Contains(earned, p.Name) || slices.Contains(untried, p.Name) {
			continue
		}
		v := Failed
		if p.Earned {
			v = Warned
		}
		b.WriteString(hang("  "+mark(v)+" "+t.paint.bold(cell(p.Name, 12)), profileInWords(p), t.columns.total))
	}
	if len(untried) > 0 {
		b.WriteString(hang("  "+mark(NotRun)+" "+t.paint.bold(cell("not run", 12)), strings.Join(untried, ", "), t.columns.total))
	}
	t.listClaims(b, r)
}

// listClaims tells where what is claimed and what was seen differ.
func (t *Text) listClaims(b *strings.Builder, r *Result) {
	if !slices.ContainsFunc(r.Capabilities, func(c Capability) bool { return c.Claimed }) {
		return
	}
	heading := "\n" + t.paint.bold("capabilities") + "\n"
	for _, c := range r.Capabilities {
		if c.Claimed != c.Seen {
			b.WriteString(heading)
			heading = ""
		}
		switch {
		case c.Claimed && !c.Seen:
			b.WriteString(hang("  "+t.paint.verdict(Failed, Failed.Mark())+" "+t.paint.bold(cell(c.Name, 12)), "claimed, and not seen", t.columns.total))
		case c.Seen && !c.Claimed:
			b.WriteString(hang("  "+t.paint.verdict(Warned, Warned.Mark())+" "+t.paint.bold(cell(c.Name, 12)), "not claimed, and tested all the same: "+oneLine(c.How), t.columns.total))
		}
	}
}
