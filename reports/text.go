package reports

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/text"
)

// TextOptions say for whom Text writes.
type TextOptions struct {
	// Color allows colours. Nothing is told by colour alone.
	Color bool
	// Quiet leaves only what failed and the last lines.
	Quiet bool
	// Interactive says that the writer is a terminal, in which a line of progress may be rewritten in place.
	Interactive bool
	// Whole says that the writer is no terminal but a file or a pipe: a scenario's line then begins with its ID and is cut nowhere, for grep.
	Whole bool
	// Width is the terminal's width in columns; 0 means unknown and is taken as 120.
	Width int
	// Report is the folder that the report will be written to, named beside each failure; empty means deskcheck-report.
	Report string
	// Subject is what the run certifies, said before it begins, such as "src/desk.ts (export default)"; empty says nothing.
	Subject string
	// Statements gives the statement of a requirement by its ID, shown at a failure; an ID that it lacks is shown alone.
	Statements map[string]string
}

// Text tells a terminal, a log or a pipe how a run goes: a line when a scenario has finished, an explanation where it failed, a summary at the end.
// Errors of its writer are ignored: a run does not fail because nobody listens.
type Text struct {
	mu       sync.Mutex
	w        io.Writer
	o        TextOptions
	paint    paint
	columns  columns
	told     memory
	failed   int
	progress bool // a line of progress stands on the screen
}

// columns are the widths of the parts of a scenario's line; 0 leaves a part out.
type columns struct{ total, feature, name, ids int }

// The parts of a scenario's line that never change their width: the mark and the longest verdict, and the time. Where the line is whole, an ID and requirements are
// padded to what most of them have.
const (
	verdictColumns = 18
	timeColumns    = 9
	wholeID        = 26
	wholeIDs       = 19
)

// The summary names everything that is to be mended. What the lines above it have told in full it repeats in short.
const (
	listed        = 5   // scenarios of one requirement
	reasonColumns = 240 // of what was expected or recorded
)

// NewText returns a Text that writes to w.
func NewText(w io.Writer, o TextOptions) *Text {
	if o.Width <= 0 {
		o.Width = 120
	}
	if o.Report == "" {
		o.Report = "deskcheck-report"
	}
	c := columns{total: min(max(o.Width, 60), 160)}
	switch rest := c.total - verdictColumns - timeColumns - 4*2; {
	case c.total >= 100:
		c.feature, c.ids = rest*3/10, 19
		c.name = rest - c.feature - c.ids
	case c.total >= 80:
		c.ids = 13
		c.name = rest + 2 - c.ids
	default:
		c.name = rest + 4
	}
	return &Text{w: w, o: o, paint: paint(o.Color), columns: c, told: newMemory()}
}

// Started says what is certified and how many scenarios will run.
func (t *Text) Started(total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.o.Quiet {
		return
	}
	begin := "running " + plural(total, "scenario") + "\n\n"
	if t.o.Subject != "" {
		begin = "certifying " + oneLine(t.o.Subject) + "\n" + begin
	}
	t.print(begin)
	t.showProgress(0, total)
}

// Preparing tells of what takes long before the first scenario runs.
func (t *Text) Preparing(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.o.Quiet {
		t.print(oneLine(what) + "\n")
	}
}

// Finished tells of a scenario that has ended, done of total so far. It may be called from several goroutines at once.
func (t *Text) Finished(s Scenario, done, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.FailsRun() {
		t.failed++
	}
	if !t.o.Quiet || s.FailsRun() {
		t.print(t.line(s) + t.notes(s))
	}
	t.showProgress(done, total)
}

// line is the one line of a scenario.
func (t *Text) line(s Scenario) string {
	duration := milliseconds(s.DurationMs)
	if s.Verdict == NotRun || s.Verdict == NotApplicable {
		duration = ""
	}
	if t.o.Whole {
		return fmt.Sprintf("%s  %-*s  %-*s  %*s  %s: %s\n", t.verdict(s.Verdict), wholeID, oneLine(s.ID), wholeIDs, strings.Join(blamed(s), " "),
			timeColumns, duration, oneLine(s.Feature), oneLine(s.Name))
	}
	c := t.columns
	parts := []string{t.verdict(s.Verdict)}
	if c.feature > 0 {
		parts = append(parts, cell(oneLine(s.Feature), c.feature))
	}
	name := cell(oneLine(s.Name), c.name)
	if s.FailsRun() {
		name = t.paint.bold(name)
	}
	parts = append(parts, name)
	if c.ids > 0 {
		parts = append(parts, cell(fitIDs(blamed(s), c.ids), c.ids))
	}
	parts = append(parts, t.paint.faint(fmt.Sprintf("%*s", timeColumns, duration)))
	return strings.TrimRight(strings.Join(parts, "  "), " ") + "\n"
}

// notes are the lines below a scenario that say more than its verdict.
func (t *Text) notes(s Scenario) string {
	var b strings.Builder
	note := func(s string) {
		b.WriteString(hang(strings.Repeat(" ", verdictColumns+2), s, t.columns.total))
	}
	if s.Rerun {
		note("run again: the browser died under it once")
	}
	if s.Differed {
		note(fmt.Sprintf("its %d runs disagreed; this is the worst of them", s.Runs))
	}
	switch {
	case s.FailsRun():
		fresh, again := t.told.divide(s)
		if again != "" && len(fresh) == 0 {
			note(again)
			break
		}
		var notes []string
		if again != "" {
			notes = []string{again}
		}
		b.WriteString("\n" + explain(s, fresh, notes, t.o, t.paint, t.columns.total) + "\n")
	case s.Verdict == Warned, s.Verdict == ExpectedFailure:
		note(brief(s))
	case s.Reason != "" && s.Verdict != Passed:
		note(s.Reason)
	}
	return b.String()
}

// verdict is the mark and the word in the verdict's colour, padded.
func (t *Text) verdict(v Verdict) string {
	return t.paint.verdict(v, cell(v.Mark()+" "+string(v), verdictColumns))
}

// print writes s where the line of progress stood.
func (t *Text) print(s string) {
	if t.progress {
		s = "\r\x1b[2K" + s
		t.progress = false
	}
	_, _ = io.WriteString(t.w, s)
}

// showProgress puts the line of progress below what was printed, on terminals only; at the end of the run there is none.
func (t *Text) showProgress(done, total int) {
	if !t.o.Interactive {
		return
	}
	if done >= total {
		t.print("")
		return
	}
	const bar = 24
	full := bar * done / max(total, 1)
	s := strings.Repeat("━", full) + t.paint.faint(strings.Repeat("─", bar-full)) + fmt.Sprintf("  %s of %s", thousands(done), thousands(total))
	if t.failed > 0 {
		s += " · " + t.paint.verdict(Failed, thousands(t.failed)+" failed")
	}
	t.print(s)
	t.progress = true
}

// Summary writes the counts, what failed or warned and why, what became of the declared failures, what was slow, and as the last two lines the verdict and
// the page to open. With Quiet it writes the last two alone. Where the integration seems to be
// written for another dialect, a line before them says so. reportDir is the folder in which the report was written; empty leaves the last line out.
func (t *Text) Summary(r *Result, reportDir string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	if !t.o.Quiet {
		b.WriteString("\n" + t.counts(r))
		t.listRequirements(&b, r)
		t.listScenarios(&b, r)
		t.listProfiles(&b, r)
		b.WriteString("\n")
	}
	about := r.Integration.title()
	if about != "" {
		about = " · " + about
	}
	if r.LooksLike != nil {
		fmt.Fprintf(&b, "dialect: %s\n", oneLine(r.LooksLike.Sentence(r.Subject(), r.Dialect)))
	}
	if r.Desk != nil && r.Desk.Kind != MockDesk {
		fmt.Fprintf(&b, "desk: %s\n", oneLine(r.Desk.String()))
	}
	fmt.Fprintf(&b, "verdict: %s%s (%s)\n", t.paint.verdict(r.Verdict, string(r.Verdict), text.Bold), about, oneLine(outcome(r)))
	if reportDir != "" {
		fmt.Fprintf(&b, "report: %s\n", path.Join(reportDir, IndexFile))
	}
	t.print(b.String())
}

// counts is the table of verdicts; verdicts that nothing has are left out.
func (t *Text) counts(r *Result) string {
	c := Count(r)
	var b strings.Builder
	row := func(label string, requirements, scenarios int) {
		fmt.Fprintf(&b, "%s%14s%13s\n", label, thousands(requirements), thousands(scenarios))
	}
	b.WriteString(t.paint.faint(fmt.Sprintf("%-*s%14s%13s", verdictColumns, "", "requirements", "scenarios")) + "\n")
	for _, v := range Verdicts {
		if c.Requirements[v]+c.Scenarios[v] > 0 {
			row(t.verdict(v), c.Requirements[v], c.Scenarios[v])
		}
	}
	row(cell("  all", verdictColumns), len(r.Requirements), total(c.Scenarios))
	if c.Own != nil {
		var parts []string
		for _, v := range Verdicts {
			if n := c.Own[v]; n > 0 {
				parts = append(parts, t.paint.verdict(v, v.Mark()+" "+thousands(n)+" "+string(v)))
			}
		}
		b.WriteString("\n" + t.paint.bold("your features") + "  " + strings.Join(parts, " · ") + "\n")
	}
	return b.String()
}

// listRequirements lists the requirements that did not simply pass, worst first, and the declared failures.
func (t *Text) listRequirements(b *strings.Builder, r *Result) {
	all := everyRequirement(r)
	findings, sorted := findingsByRequirement(r, all), rootsFirst(all)
	for _, v := range []Verdict{Failed, UnexpectedPass, Untestable, Warned} {
		var of []Requirement
		for _, q := range sorted {
			if q.Verdict == v {
				of = append(of, q)
			}
		}
		if len(of) == 0 {
			continue
		}
		b.WriteString("\n" + t.heading(v, string(v)))
		said := ""
		for _, q := range of {
			f := findings[q.ID]
			if says := f.Reason + f.Recorded + f.Hint; says != said {
				said = says
			} else if says != "" { // as where nothing can begin
				f.Reason, f.Recorded, f.Hint = "", "as above", ""
			}
			t.listRequirement(b, q, f)
		}
	}
	if len(r.KnownFailing) == 0 {
		return
	}
	b.WriteString("\n" + t.paint.bold("known failing") + "\n")
	for _, k := range r.KnownFailing {
		says := oneLine(k.Reason)
		if k.Verdict == UnexpectedPass {
			says += ": it holds now, remove the entry"
		}
		b.WriteString(hang("  "+t.paint.bold(cell(k.Requirement, 10))+"  "+t.verdict(k.Verdict)+"  ", says, t.columns.total))
	}
}

// listRequirement says of a requirement what it wants, what was seen instead, and where.
func (t *Text) listRequirement(b *strings.Builder, q Requirement, f found) {
	says := oneLine(q.Statement)
	if level := strings.Trim(q.Level+", "+q.Label, ", "); level != "" {
		says += " (" + level + ")"
	}
	b.WriteString(hang("  "+t.paint.bold(cell(q.ID, max(10, text.StringWidth(q.ID))))+"  ", says, t.columns.total))
	indent := strings.Repeat(" ", 14)
	if len(q.FollowsFrom) > 0 { // what it was seen by says little: other things have to be mended before
		b.WriteString(hang(indent, q.follows(), t.columns.total))
		return
	}
	for _, part := range []struct{ label, text string }{{"", f.Reason}, {"expected  ", f.Expected}, {"recorded  ", f.Recorded}, {"hint      ", f.Hint}} {
		if part.text != "" {
			b.WriteString(hang(indent+t.paint.faint(part.label), text.Snip(oneLine(clip(part.text, 2000)), reasonColumns, "…"), t.columns.total))
		}
	}
	if f.Others > 0 {
		b.WriteString(hang(indent, "and "+plural(f.Others, "other finding"), t.columns.total))
	}
	if len(f.Scenarios) > 0 {
		b.WriteString(hang(indent+t.paint.faint("in        "), first(f.Scenarios, listed, ", "), t.columns.total))
	}
}

// listScenarios lists the scenarios whose runs differed and those that took far longer than the others.
func (t *Text) listScenarios(b *strings.Builder, r *Result) {
	heading := "differed between runs"
	for _, s := range r.Scenarios {
		if s.Differed {
			if heading != "" {
				b.WriteString("\n" + t.heading(Failed, heading))
				heading = ""
			}
			b.WriteString(hang("  "+oneLine(s.ID)+"  ", s.Name, t.columns.total))
		}
	}
	slow := slowest(r.Scenarios)
	if len(slow) == 0 {
		return
	}
	b.WriteString("\n" + t.paint.bold("slow") + "\n")
	for _, s := range slow {
		b.WriteString(hang(fmt.Sprintf("  %10s  ", milliseconds(s.DurationMs)), oneLine(s.Name)+" ("+oneLine(s.ID)+")", t.columns.total))
	}
}

func (t *Text) heading(v Verdict, words string) string {
	return t.paint.verdict(v, words, text.Bold) + "\n"
}

// slowest returns up to five scenarios, slowest first, that took more than a second and more than five times what half of them need.
func slowest(scenarios []Scenario) []Scenario {
	var ran []Scenario
	for _, s := range scenarios {
		if s.DurationMs > 0 {
			ran = append(ran, s)
		}
	}
	slices.SortStableFunc(ran, func(a, b Scenario) int { return cmp.Compare(b.DurationMs, a.DurationMs) })
	if len(ran) == 0 {
		return nil
	}
	limit := max(1000, 5*ran[len(ran)/2].DurationMs)
	n := 0
	for n < min(5, len(ran)) && ran[n].DurationMs > limit {
		n++
	}
	return ran[:n]
}
