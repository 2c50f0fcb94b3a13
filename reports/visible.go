package reports

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible makes the characters readable that would otherwise steer a terminal or turn a line around: escapes, other controls and bidirectional overrides
// become \u001b and the like. Line feeds and tabs stay. What an integration sent is shown, never obeyed.
func visible(s string) string {
	clean := func(r rune) bool { return r == '\n' || r == '\t' || !steers(r) }
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case clean(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// steers tells the characters that act instead of being seen. The joiners inside emoji and scripts that need them stay.
func steers(r rune) bool {
	switch {
	case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control, unicode.Noncharacter_Code_Point), r == '\u2028', r == '\u2029', r == '\ufeff', r == '\u200b':
		return true
	default:
		return r >= 0xe0000 && r <= 0xe007f
	}
}

// oneLine is visible text with every run of white space made one space.
func oneLine(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// clause is a text as a part of a sentence that goes on after it.
func clause(s string) string { return strings.TrimSuffix(oneLine(s), ".") }

// byTime returns a copy of the entries in the order in which they happened; entries of one moment keep their order of arrival.
func byTime(entries []Entry) []Entry {
	ordered := slices.Clone(entries)
	slices.SortStableFunc(ordered, func(a, b Entry) int { return cmp.Compare(a.AtMs, b.AtMs) })
	return ordered
}

// around returns the entries that explain the one with the given Seq: up to before ahead of it and after behind it. Without such an entry (an absence was found)
// it returns the last ones up to the end of the step that failed. What the user saw changing is left out: it repeats what the other entries cause.
func around(s Scenario, seq, before, after int) []Entry {
	var ordered []Entry
	for _, e := range byTime(s.Evidence.Entries) {
		if e.Kind != "screen" || e.Seq == seq {
			ordered = append(ordered, e)
		}
	}
	at := slices.IndexFunc(ordered, func(e Entry) bool { return e.Seq == seq })
	if seq == 0 || at < 0 {
		end := len(ordered)
		if step, ok := failedStep(s); ok && step.LastEntry > 0 {
			if i := slices.IndexFunc(ordered, func(e Entry) bool { return e.Seq == step.LastEntry }); i >= 0 {
				end = i + 1
			}
		}
		return ordered[max(0, end-before-after):end]
	}
	return ordered[max(0, at-before):min(len(ordered), at+after+1)]
}

// failedStep is the step at which the scenario failed.
func failedStep(s Scenario) (Step, bool) {
	for _, step := range s.Steps {
		if step.Status == "failed" {
			return step, true
		}
	}
	return Step{}, false
}

// compact is a payload on one line. A payload that is no JSON is given back as the JSON string of its text, so that a reader never meets broken JSON.
func compact(data json.RawMessage) json.RawMessage {
	if len(data) == 0 {
		return nil
	}
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		quoted, _ := json.Marshal(string(data)) // a string always marshals
		return quoted
	}
	return b.Bytes()
}

// milliseconds writes a duration as people read it: 4 ms, 1,234 ms, 12.4 s.
func milliseconds(ms float64) string {
	if ms >= 10_000 {
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
	}
	return thousands(int(math.Round(ms))) + " ms"
}

// thousands writes a count with a comma between thousands.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// round cuts a duration in milliseconds to microseconds: what lies below is noise that makes files differ.
func round(ms float64) float64 {
	if math.IsNaN(ms) || math.IsInf(ms, 0) {
		return 0
	}
	return math.Round(ms*1000) / 1000
}
