package main

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"deskcheck"
	"deskcheck/reports"

	"github.com/jedib0t/go-pretty/v6/text"
)

// matrixAll plays the whole matrix and says where it is written.
func (p *program) matrixAll(f *selftestFlags, options deskcheck.MatrixOptions) error {
	if err := matrixFolder(reports.PreflightMatrix(f.report)); err != nil {
		return err
	}
	live := p.err.terminal && p.environment("TERM") != "dumb"
	var shown time.Time
	options.Progress = func(now deskcheck.MatrixProgress) {
		if live && (now.Done == now.Total || time.Since(shown) > time.Second/4) {
			shown = time.Now()
			_, _ = fmt.Fprintf(p.err, "\r\x1b[K%s", clipped(matrixLine(now), p.width-1))
		}
	}
	result, err := p.matrix(f.context, options)
	if live {
		_, _ = fmt.Fprint(p.err, "\r\x1b[K")
	}
	if result == nil {
		if f.context.Err() != nil {
			return &deskcheck.EnvironmentError{Err: errors.New("interrupted before anything ran")}
		}
		return err
	}
	p.matrixText(result)
	if written := p.writeMatrix(f.report, result); written != nil {
		return &deskcheck.EnvironmentError{Err: written}
	}
	p.printf("report: %s\n", filepath.Join(f.report, reports.MatrixPage))
	if err != nil {
		return err
	}
	return exitError(result.ExitCode)
}

// matrixFolder says beforehand why the matrix could not be written.
func matrixFolder(err error) error {
	if err == nil {
		return nil
	}
	return &deskcheck.UserError{Err: err, Fix: "choose another folder with --report, or move away what stands in the way"}
}

// matrixLine is the line that says how far it has come.
func matrixLine(now deskcheck.MatrixProgress) string {
	line := fmt.Sprintf("%d of %s, %d of %s", now.RowsDone, plural(now.Rows, "integration"), now.Done, plural(now.Total, "scenario"))
	if now.Shared > 0 {
		line += fmt.Sprintf(" (%d known from one that began alike)", now.Shared)
	}
	if now.Done < now.Total {
		line += ", " + leftIn(now.Left) + " left"
	}
	return line
}

// leftIn is a duration as one says it who does not know better.
func leftIn(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return fmt.Sprintf("about %d s", int(d.Round(time.Second).Seconds()))
	case d < 90*time.Minute:
		return fmt.Sprintf("about %d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("about %.1f h", d.Hours())
}

func clipped(words string, width int) string {
	if runes := []rune(words); width > 0 && len(runes) > width {
		return string(runes[:width])
	}
	return words
}

// matrixText prints what is not as it should be, and the verdict.
func (p *program) matrixText(m *reports.Matrix) {
	rows, odd := 0, 0
	for _, d := range m.Dialects {
		for _, row := range d.Integrations {
			rows++
			troubles := row.Troubles()
			if len(troubles) == 0 {
				continue
			}
			odd++
			p.printf("%s in %s names %s\n", p.paint(p.out, strings.TrimSuffix(row.File, path.Ext(row.File)), text.Bold), d.Dialect, strings.Join(row.Names, " "))
			for _, trouble := range troubles {
				p.matrixTrouble(trouble)
			}
		}
	}
	if odd > 0 {
		p.printf("\n")
	}
	for _, d := range m.Dialects {
		if len(d.KilledByNone) > 0 {
			p.printf("%s: killed by none: %s\n", d.Dialect, strings.Join(d.KilledByNone, " "))
		}
	}
	verdict := "failed"
	switch {
	case m.OK:
		verdict = "passed"
	case !m.Complete:
		verdict = "incomplete"
	}
	p.printf("matrix: %s (%s of broken integrations, %d not as named)\n", verdict, plural(rows, "trial"), odd)
}

// matrixTrouble prints requirements that did not become what the header says, and what to look at.
func (p *program) matrixTrouble(t reports.MatrixTrouble) {
	words := strings.Join(t.Requirements, " ")
	switch t.Outcome {
	case reports.MatrixMissed:
		words = "named, but not killed: " + words
	case reports.MatrixSurplus:
		words = "killed, but not named: " + words
	case reports.MatrixUntestable:
		words = "untestable: " + words
	case reports.MatrixKilled, reports.MatrixFollows, reports.MatrixOpen:
	}
	p.printf("  %s\n", p.indented(words, 4))
	if e := t.Evidence; e != nil {
		at := ""
		if e.Step != "" {
			at = " at \"" + e.Step + "\""
		}
		p.printf("    %s\n", p.indented(fmt.Sprintf("in %s, such as %s%s: %s", plural(len(t.Scenarios), "scenario"), e.Scenario, at, strings.Join(strings.Fields(e.Recorded), " ")), 4))
	}
	if advice := t.Cause.Advice(); advice != "" {
		p.printf("    %s\n", p.indented(advice, 4))
	}
}
