package reports

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// paint colours text if it is true. It uses the sixteen colours that every terminal theme defines, so that it is legible on light and on dark.
type paint bool

func (p paint) in(s string, colors ...text.Color) string {
	if !p || s == "" {
		return s
	}
	return text.Escape(s, text.Colors(colors).EscapeSeq())
}

func (p paint) bold(s string) string  { return p.in(s, text.Bold) }
func (p paint) faint(s string) string { return p.in(s, text.Faint) }

// verdict gives s the colour of the verdict, and whatever style is asked for beside it.
func (p paint) verdict(v Verdict, s string, style ...text.Color) string {
	color := text.Faint
	switch v {
	case Passed:
		color = text.FgGreen
	case Failed, UnexpectedPass, Untestable:
		color = text.FgRed
	case Warned:
		color = text.FgYellow
	case ExpectedFailure:
		color = text.FgMagenta
	case NotApplicable, NotRun:
	}
	return p.in(s, append(style, color)...)
}

// cell is s in exactly width columns of a terminal: cut with an ellipsis or padded with spaces.
func cell(s string, width int) string { return text.Pad(text.Snip(s, width, "…"), width, ' ') }

// fitIDs lists as many IDs as fit into width columns and counts the others.
func fitIDs(ids []string, width int) string {
	for n := len(ids); n > 0; n-- {
		s := strings.Join(ids[:n], " ")
		if n < len(ids) {
			s += fmt.Sprintf(" +%d", len(ids)-n)
		}
		if len(s) <= width {
			return s
		}
	}
	return strings.Join(ids, " ")
}

// hang writes the plain text s behind the label, wrapped to width columns, every further line indented to where s began. The label may be coloured.
func hang(label, s string, width int) string {
	indent := text.StringWidthWithoutEscSequences(label)
	var b strings.Builder
	for i, line := range wrap(s, max(width-indent, 24)) {
		if i > 0 {
			label = strings.Repeat(" ", indent)
		}
		b.WriteString(strings.TrimRight(label+line, " ") + "\n")
	}
	return b.String()
}

// wrap breaks text into lines of at most width columns, between words where it can. Lines that fit are kept as they are: they may be aligned on purpose.
func wrap(s string, width int) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(strings.ReplaceAll(visible(s), "\t", "    "), "\n "), "\n") {
		if text.StringWidth(line) <= width {
			lines = append(lines, line)
			continue
		}
		current := ""
		for word := range strings.FieldsSeq(line) {
			if current != "" && text.StringWidth(current)+1+text.StringWidth(word) <= width {
				current += " " + word
				continue
			}
			if current != "" {
				lines = append(lines, current)
			}
			for text.StringWidth(word) > width {
				head := text.Trim(word, width)
				if head == "" { // a single character wider than the line: nothing can be cut
					break
				}
				lines, word = append(lines, head), word[len(head):]
			}
			current = word
		}
		if current != "" {
			lines = append(lines, current)
		}
	}
	return lines
}
