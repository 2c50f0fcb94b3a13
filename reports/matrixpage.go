package reports

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

// The files of a matrix, in the report's folder.
const (
	MatrixPage = "matrix.html"
	MatrixFile = "matrix.json"
)

//go:embed matrix.html.tmpl
var matrixTemplate string

//go:embed matrix.css
var matrixStyle string

var matrixPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("matrix").Funcs(template.FuncMap{
		"visible": visible, "ms": milliseconds, "float": func(n int64) float64 { return float64(n) }, "plural": plural, "thousands": thousands, "join": func(ids []string) string { return strings.Join(ids, " ") },
		"stem": matrixStem, "cell": matrixMark,
	}).Parse(matrixTemplate))
})

// matrixMark is the sign of an outcome. Each has a shape of its own, so that nothing depends on colour.
func matrixMark(o MatrixOutcome) string {
	switch o {
	case MatrixKilled:
		return "●"
	case MatrixMissed:
		return "○"
	case MatrixSurplus:
		return "▲"
	case MatrixFollows:
		return "↳"
	case MatrixUntestable:
		return "?"
	case MatrixOpen:
	}
	return "·"
}

// matrixStem is the name of an integration without the ending of its file.
func matrixStem(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }

type matrixView struct {
	*Matrix

	Word, Tone, Title string
	Style             template.CSS
	Outcomes          []matrixOutcomeView
	Parts             []matrixPart
}

type matrixOutcomeView struct {
	Outcome MatrixOutcome
	N       int
	Words   string
}

type matrixPart struct {
	MatrixDialect

	Areas   []matrixArea
	Columns []matrixColumn
	Lines   []matrixLine
	// Trouble are the integrations that did not break exactly what they name.
	Trouble []matrixLine
}

type matrixArea struct {
	Name string
	Span int
}

type matrixColumn struct {
	MatrixRequirement

	First, None bool // First of its area; None: a MUST that nothing killed
}

type matrixLine struct {
	MatrixRow

	Anchor string
	Cells  []matrixSquare
	Odd    []MatrixTrouble
}

type matrixSquare struct {
	Outcome MatrixOutcome // empty for nothing
	First   bool
	Title   string
}

// words says what each outcome means.
func (o MatrixOutcome) words() string {
	switch o {
	case MatrixKilled:
		return "killed, as named"
	case MatrixMissed:
		return "named, but not killed"
	case MatrixSurplus:
		return "killed, but not named"
	case MatrixFollows:
		return "follows from what is named"
	case MatrixUntestable:
		return "untestable"
	case MatrixOpen:
		return "named, not yet killed"
	}
	return ""
}

// view lays the matrix out for its page.
func (m *Matrix) view() matrixView {
	v := matrixView{Matrix: m, Word: "passed", Tone: "passed", Title: "Every check can fail, and none fails for another's sake", Style: template.CSS(pageStyle + matrixStyle)} //nolint:gosec // both are ours, embedded
	switch {
	case !m.Complete:
		v.Word, v.Tone, v.Title = "incomplete", "problem", "The matrix ended before everything had its turn"
	case !m.OK:
		v.Word, v.Tone, v.Title = "failed", "failed", "Not every broken integration breaks exactly what it names"
	}
	counts := map[MatrixOutcome]int{}
	for i, d := range m.Dialects {
		part := matrixPart{MatrixDialect: d}
		for _, q := range d.Requirements {
			if !q.Wanted && len(q.KilledBy) == 0 && !slices.Contains(q.Binds, "integration") && !slices.Contains(q.Binds, "page") {
				continue // it binds the host alone
			}
			column := matrixColumn{MatrixRequirement: q, None: slices.Contains(d.KilledByNone, q.ID)}
			if n := len(part.Areas); n > 0 && part.Areas[n-1].Name == q.Area {
				part.Areas[n-1].Span++
			} else {
				part.Areas = append(part.Areas, matrixArea{q.Area, 1})
				column.First = true
			}
			part.Columns = append(part.Columns, column)
		}
		for j, row := range d.Integrations {
			line := matrixLine{MatrixRow: row, Anchor: fmt.Sprintf("i-%d-%d", i, j), Odd: row.Troubles()}
			at := map[string]MatrixCell{}
			for _, cell := range row.Cells {
				counts[cell.Outcome]++
				at[cell.Requirement] = cell
			}
			for _, column := range part.Columns {
				square := matrixSquare{First: column.First}
				if cell, there := at[column.ID]; there {
					square.Outcome = cell.Outcome
					square.Title = fmt.Sprintf("%s, %s: %s", column.ID, matrixStem(row.File), cell.Outcome.words())
					if len(cell.From) > 0 {
						square.Title += " (" + strings.Join(cell.From, ", ") + ")"
					}
					if n := len(cell.Scenarios); n > 0 {
						square.Title += fmt.Sprintf(" (%s; %s)", cell.Scenarios[0], plural(n, "scenario"))
					}
				}
				line.Cells = append(line.Cells, square)
			}
			if len(line.Odd) > 0 {
				part.Trouble = append(part.Trouble, line)
			}
			part.Lines = append(part.Lines, line)
		}
		v.Parts = append(v.Parts, part)
	}
	for _, o := range []MatrixOutcome{MatrixKilled, MatrixFollows, MatrixMissed, MatrixSurplus, MatrixUntestable, MatrixOpen} {
		v.Outcomes = append(v.Outcomes, matrixOutcomeView{o, counts[o], o.words()})
	}
	return v
}

// settled is the matrix as the writers take it: lists instead of nil.
func (m *Matrix) settled() *Matrix {
	c := *m
	c.StartedAt, c.Selection, c.Dialects = m.StartedAt.UTC(), list(m.Selection), list(slices.Clone(m.Dialects))
	for i := range c.Dialects {
		d := &c.Dialects[i]
		d.KilledByNone, d.Requirements, d.Integrations = list(d.KilledByNone), list(slices.Clone(d.Requirements)), list(slices.Clone(d.Integrations))
		for j := range d.Requirements {
			d.Requirements[j].KilledBy, d.Requirements[j].Binds = list(d.Requirements[j].KilledBy), list(d.Requirements[j].Binds)
		}
		for j := range d.Integrations {
			row := &d.Integrations[j]
			row.Names, row.Cells = list(row.Names), list(slices.Clone(row.Cells))
			for k := range row.Cells {
				row.Cells[k].Scenarios = list(row.Cells[k].Scenarios)
			}
		}
	}
	return &c
}

func writeMatrixPage(w io.Writer, m *Matrix) error {
	if err := matrixPage().Execute(w, m.view()); err != nil {
		return fmt.Errorf("%s: %w", MatrixPage, err)
	}
	return nil
}

func writeMatrixFile(w io.Writer, m *Matrix) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return fmt.Errorf("%s: %w", MatrixFile, err)
	}
	return nil
}

// WriteMatrix writes matrix.html and matrix.json into the folder dir, beside what else is there; it makes the folder if need be. A file of someone else under one of these
// names is an error before anything is written. m must have been judged.
func WriteMatrix(dir string, m *Matrix) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a report is there for others to read
		return fmt.Errorf("report folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("report folder: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing was written through the handle itself
	m = m.settled()
	var page, data bytes.Buffer
	if err := writeMatrixPage(&page, m); err != nil {
		return err
	}
	if err := writeMatrixFile(&data, m); err != nil {
		return err
	}
	files := []file{{MatrixPage, page.Bytes()}, {MatrixFile, data.Bytes()}}
	for _, f := range files {
		if err := mayReplace(root, f.name); err != nil {
			return fmt.Errorf("report in %s: %w: move it away or choose another folder with --report", dir, err)
		}
	}
	for _, f := range files {
		if err := replace(root, f); err != nil {
			return fmt.Errorf("report in %s: %w", dir, err)
		}
	}
	return nil
}
