package reports

import (
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
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
	// A part of the contract, or of a run, earns nothing, unless that was the question.
	if len(r.Profiles) == 0 || (len(r.Selection) > 0 || r.Stopped != "") && r.Profile == "" && !slices.ContainsFunc(r.Profiles, func(p Profile) bool { return p.Earned }) {
		return
	}
	b.WriteString("\n" + t.paint.bold("profiles") + "\n")
	var names []string
	for _, p := range r.Profiles {
		names = append(names, p.Name)
	}
	label := t.labels(names)
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
		b.WriteString(hang("  "+mark(Passed)+" "+label("earned"), strings.Join(earned, ", "), t.columns.total))
	}
	for _, p := range r.Profiles {
		if slices.Contains(earned, p.Name) || slices.Contains(untried, p.Name) {
			continue
		}
		v := Failed
		if p.Earned {
			v = Warned
		}
		b.WriteString(hang("  "+mark(v)+" "+label(p.Name), profileInWords(p), t.columns.total))
	}
	if len(untried) > 0 {
		b.WriteString(hang("  "+mark(NotRun)+" "+label("not run"), strings.Join(untried, ", "), t.columns.total))
	}
	t.listClaims(b, r)
}

// leastLabel is how many columns the names at the left of a list take at least.
const leastLabel = 10

// labels gives names at the left of a list one width, in which the longest has its place, and two blanks behind it.
func (t *Text) labels(names []string) func(name string) string {
	width := leastLabel
	for _, name := range names {
		width = max(width, text.StringWidth(name))
	}
	return func(name string) string { return t.paint.bold(cell(name, width+len("  "))) }
}

// listClaims tells where what is claimed and what was seen differ.
func (t *Text) listClaims(b *strings.Builder, r *Result) {
	if !slices.ContainsFunc(r.Capabilities, func(c Capability) bool { return c.Claimed }) {
		return
	}
	heading := "\n" + t.paint.bold("capabilities") + "\n"
	var names []string
	for _, c := range r.Capabilities {
		names = append(names, c.Name)
	}
	label := t.labels(names)
	for _, c := range r.Capabilities {
		if c.Claimed != c.Seen {
			b.WriteString(heading)
			heading = ""
		}
		switch {
		case c.Claimed && !c.Seen:
			b.WriteString(hang("  "+t.paint.verdict(Failed, Failed.Mark())+" "+label(c.Name), "claimed, and not seen", t.columns.total))
		case c.Seen && !c.Claimed:
			b.WriteString(hang("  "+t.paint.verdict(Warned, Warned.Mark())+" "+label(c.Name), "not claimed, and tested all the same: "+oneLine(c.How), t.columns.total))
		}
	}
}
