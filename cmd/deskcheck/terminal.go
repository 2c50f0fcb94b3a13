package main

import (
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-isatty"
)

// stream is one of the two outputs: results go to out, progress and errors to err.
type stream struct {
	io.Writer

	terminal bool
}

func isTerminal(f *os.File) bool { return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()) }

// colors says whether a stream may be coloured. NO_COLOR (https://no-color.org) counts when it is set to anything but the empty text.
func (p *program) colors(s stream) bool {
	return s.terminal && !p.noColor && p.environment("NO_COLOR") == "" && p.environment("TERM") != "dumb"
}

// paint colours words for a stream, or leaves them.
func (p *program) paint(s stream, words string, colors ...text.Color) string {
	if !p.colors(s) {
		return words
	}
	return text.Colors(colors).EscapeSeq() + words + text.Reset.EscapeSeq()
}

// table begins a table for out: no frame, so that what is copied or cut is only what was meant. On a terminal the last column wraps to the
// width; in a pipe every row stays on one line, for grep.
func (p *program) table(header ...string) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(p.out)
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	row := make(table.Row, 0, len(header))
	for _, h := range header {
		// Painted by itself: a style would paint the blanks behind it too, and they would reach beyond the edge of the terminal.
		if h != "" {
			h = p.paint(p.out, h, text.Bold)
		}
		row = append(row, h)
	}
	t.AppendHeader(row)
	return t
}

// render wraps the last column of a table to what the others leave of the terminal, and prints it. others is the width of those columns.
func (p *program) render(t table.Writer, columns, others int) {
	if p.out.terminal {
		t.SetColumnConfigs([]table.ColumnConfig{{Number: columns, WidthMax: max(p.width-others, 24), WidthMaxEnforcer: text.WrapSoft}})
	}
	t.Render()
}

// indented wraps words below a label, for a terminal or for the 100 columns of a file.
func (p *program) indented(words string, by int) string {
	wrapped := text.WrapSoft(words, max(p.width-by, 40))
	lines := strings.Split(wrapped, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", by))
}

// reflow wraps paragraphs to a width. Lines that begin with white space stay as they are.
func reflow(words string, width int) string {
	var out, paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, strings.Split(text.WrapSoft(strings.Join(paragraph, " "), width), "\n")...)
			paragraph = nil
		}
	}
	for line := range strings.SplitSeq(words, "\n") {
		if line == "" || line[0] == ' ' || line[0] == '\t' {
			flush()
			out = append(out, line)
			continue
		}
		paragraph = append(paragraph, line)
	}
	flush()
	for i := range out {
		out[i] = strings.TrimRight(out[i], " ")
	}
	return strings.Join(out, "\n")
}
