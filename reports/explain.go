package reports

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// How much of the journal stands around a finding, and how many findings of one scenario are told in full.
const (
	entriesBefore   = 5
	entriesAfter    = 3
	findingsInFull  = 4
	explanationWide = 110
	// payloadInFull bounds, in bytes, what the marked entry of an excerpt may carry: a flood stays in the journal.
	payloadInFull = 4000
)

// explanation is why a scenario did not pass, for a log: plain text.
func explanation(s Scenario) string {
	return explain(s, findingsIn(s), nil, TextOptions{}, false, explanationWide)
}

// findingsIn are the checks of a scenario that have something to tell.
func findingsIn(s Scenario) []Check {
	var findings []Check
	for _, c := range s.Checks {
		if c.Verdict.told() {
			findings = append(findings, c)
		}
	}
	return findings
}

// explain says why a scenario did not pass: where it stands, the step, and for each finding the requirement, what was expected, what was recorded around it,
// what to do, and at last the file to open. Below the findings stand the notes. An empty o.Report names the journal relative to the report.
func explain(s Scenario, findings []Check, notes []string, o TextOptions, p paint, width int) string {
	const indent = "    "
	var b strings.Builder
	b.WriteString(hang(indent, fmt.Sprintf("%s:%d · %s", featurePath(s), s.Line, oneLine(s.Name)), width))
	if step, ok := failedStep(s); ok {
		b.WriteString(hang(indent+p.faint("step")+"      ", strings.TrimSpace(step.Keyword)+" "+oneLine(step.Text), width))
	}
	// A finding says what was recorded, so the reason would only say it again.
	told := slices.ContainsFunc(findings, func(c Check) bool { return c.Recorded != "" })
	if s.Reason != "" && !told {
		b.WriteString(hang(indent+p.faint("reason")+"    ", s.Reason, width))
	}
	shown := map[int]bool{}
	for i, c := range findings {
		if i == findingsInFull {
			b.WriteString("\n" + hang(indent, fmt.Sprintf("and %s more: see the report", plural(len(findings)-i, "finding")), width))
			break
		}
		b.WriteString("\n" + finding(c, o, p, indent, width))
		// Findings at one entry (or the absences) share the picture around it.
		if !shown[c.Entry] && c.Verdict == Failed {
			shown[c.Entry] = true
			b.WriteString(excerpt(s, c.Entry, p, indent+"  ", max(width, o.Width)))
		}
	}
	if len(findings) == 0 && s.Verdict == Failed {
		b.WriteString(excerpt(s, 0, p, indent+"  ", max(width, o.Width)))
	}
	for _, note := range notes {
		b.WriteString("\n" + hang(indent, note, width))
	}
	if o.Report != "" {
		b.WriteString("\n" + hang(indent+p.faint("open")+"      ", path.Join(o.Report, IndexFile)+"#"+Anchor(s.ID), 1<<20))
		b.WriteString(hang(indent+"          ", path.Join(o.Report, JournalFile(s.ID)), 1<<20))
	} else if s.Evidence.Journal != "" {
		b.WriteString("\n" + hang(indent+p.faint("journal")+"   ", s.Evidence.Journal, 1<<20))
	}
	return b.String()
}

// brief is what there is to tell of a scenario that does not fail the run, in a sentence.
func brief(s Scenario) string {
	var told []string
	for _, c := range findingsIn(s) {
		if c.Expected != "" && c.Recorded != "" {
			told = append(told, fmt.Sprintf("%s: expected %s, recorded %s", oneLine(c.Requirement), clause(c.Expected), clause(c.Recorded)))
		}
	}
	if len(told) == 0 {
		return reason(s)
	}
	return first(distinct(told), findingsInFull, "; ")
}

// finding is one check that did not pass.
func finding(c Check, o TextOptions, p paint, indent string, width int) string {
	says := oneLine(o.Statements[c.Requirement])
	switch {
	case says == "":
		says = string(c.Verdict)
	case c.Verdict != Failed:
		says = string(c.Verdict) + ": " + says
	}
	var b strings.Builder
	if c.Requirement != "" { // a scenario of the user's own is about none
		b.WriteString(hang(indent+p.verdict(c.Verdict, cell(c.Requirement, max(10, len(c.Requirement)+2)), text.Bold), says, width))
	}
	expected := c.Expected
	if oneLine(expected) == oneLine(o.Statements[c.Requirement]) { // where nothing narrower is expected than the statement, it is said once
		expected = ""
	}
	for _, part := range []struct{ label, text string }{{"expected", expected}, {"recorded", c.Recorded}, {"hint", c.Hint}} {
		if part.text != "" {
			b.WriteString(hang(indent+p.faint(cell(part.label, 10)), part.text, width))
		}
	}
	return b.String()
}

// excerpt is the part of the journal around an entry as a table: when, between whom, what sort, which, and the beginning of its payload. The entry itself is marked
// and stands there in full, and so does what a violation was found in: that is what has to be mended.
func excerpt(s Scenario, seq int, p paint, indent string, width int) string {
	return rowsOf(around(s, seq, entriesBefore, entriesAfter), seq, p, indent, width)
}

// rowsOf are entries as the rows of a table, as excerpt describes it.
func rowsOf(entries []Entry, seq int, p paint, indent string, width int) string {
	if len(entries) == 0 {
		return ""
	}
	rows := make([][4]string, len(entries))
	var widths [4]int
	for i, e := range entries {
		rows[i] = [4]string{milliseconds(e.AtMs), oneLine(e.From) + " → " + oneLine(e.To), oneLine(e.Kind), oneLine(e.Name)}
		if e.From == e.To {
			rows[i][1] = oneLine(e.From)
		}
		for j, cell := range rows[i] {
			widths[j] = min(max(widths[j], text.StringWidth(cell)), 44)
		}
	}
	widths[3] = max(12, min(widths[3], width-len(indent)-8-widths[0]-widths[1]-widths[2]))
	whole := wholeEntries(entries, seq)
	var b strings.Builder
	b.WriteString("\n")
	for i, e := range entries {
		r := rows[i]
		mark := "  "
		if seq > 0 && e.Seq == seq {
			mark = "▸ "
		}
		line := indent + mark + strings.Repeat(" ", max(0, widths[0]-text.StringWidth(r[0]))) + r[0] + "  " + cell(r[1], widths[1]) + "  " + cell(r[2], widths[2]) + "  " + cell(r[3], widths[3])
		carried, below := tail(e), ""
		if rest := width - text.StringWidth(line) - 2; whole[e.Seq] && text.StringWidth(carried) > rest {
			below = hang(indent+"      ", carried, width)
		} else if rest >= 12 {
			line += "  " + text.Snip(carried, rest, "…")
		}
		for line := range strings.SplitSeq(strings.TrimRight(strings.TrimRight(line, " ")+"\n"+below, "\n"), "\n") {
			switch {
			case seq > 0 && e.Seq == seq, e.Kind == "violation", e.Kind == "error":
				line = p.verdict(Failed, line)
			case !whole[e.Seq]:
				line = p.faint(line)
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// wholeEntries are the entries that an excerpt shows uncut: the one that is marked, and if that is a violation, the one that it was found in.
func wholeEntries(entries []Entry, seq int) map[int]bool {
	whole := map[int]bool{}
	for _, e := range entries {
		if seq > 0 && e.Seq == seq {
			whole[seq] = true
			if e.Kind == "violation" && e.Ref > 0 {
				whole[e.Ref] = true
			}
		}
	}
	return whole
}

// tail is what an entry carries, shortest first: the requirement it breaks, the note, the payload.
func tail(e Entry) string {
	var parts []string
	for _, s := range []string{e.Requirement, e.Note, string(compact(e.Data))} {
		if s != "" {
			shown := clip(s, payloadInFull)
			if len(shown) < len(s) {
				shown += fmt.Sprintf("… (%s more bytes in the journal)", thousands(len(s)-len(shown)))
			}
			parts = append(parts, oneLine(shown))
		}
	}
	return strings.Join(parts, "  ")
}

// clip cuts s to at most n bytes, between characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 { // in the middle of a character
		n--
	}
	return s[:n]
}
