package deskcheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"deskcheck/fixtures/document"
	"deskcheck/reports"

	"github.com/goccy/go-yaml/ast"
)

// Baseline says what WriteBaseline did to the list of known failures.
type Baseline struct {
	// Path is the file, Created whether it was not there before. With nothing to write it is neither created nor touched.
	Path    string
	Created bool
	// Added, Removed and Kept are requirement IDs.
	Added, Removed, Kept []string
}

// Changed says whether the file was written.
func (b Baseline) Changed() bool { return len(b.Added)+len(b.Removed) > 0 }

// WriteBaseline makes the list known-failing in the configuration file at path say what failed in the result: requirements that failed are
// added, entries that hold again are removed, entries that failed as declared or did not run stay with their reasons. Everything else in
// the file stays byte for byte as it was. A file that is not there is created. It refuses with a *UserError, and leaves the file alone,
// when the list stands in a form that it cannot edit.
func WriteBaseline(path string, result *reports.Result) (Baseline, error) {
	text, err := os.ReadFile(path) //nolint:gosec // The user names their own file.
	created := errors.Is(err, fs.ErrNotExist)
	if err != nil && !created {
		return Baseline{}, &UserError{Err: fmt.Errorf("the configuration cannot be read: %w", err)}
	}
	if created {
		text = []byte("# What may fail for now. \"deskcheck config schema\" describes every key of this file.\n")
	}
	doc, err := parseConfig(path, text)
	if err != nil {
		return Baseline{}, err
	}
	before, err := doc.config()
	if err != nil {
		return Baseline{}, err
	}
	b := Baseline{Path: path, Created: created}
	verdicts := map[string]reports.Verdict{}
	for _, r := range result.Requirements {
		verdicts[r.ID] = r.Verdict
	}
	declared := map[string]bool{}
	for _, k := range before.KnownFailing {
		declared[k.Requirement] = true
		if verdicts[k.Requirement] == reports.UnexpectedPass {
			b.Removed = append(b.Removed, k.Requirement)
		} else {
			b.Kept = append(b.Kept, k.Requirement)
		}
	}
	var added []KnownFailing
	for _, r := range result.Requirements {
		if r.Verdict == reports.Failed && !declared[r.ID] {
			reason := fmt.Sprintf("seen by --baseline write on %s, not yet explained: %s", result.StartedAt.Format("2006-01-02"), r.Reason)
			added = append(added, KnownFailing{Requirement: r.ID, Reason: strings.Join(strings.Fields(reason), " ")})
			b.Added = append(b.Added, r.ID)
		}
	}
	if !b.Changed() {
		b.Created = false
		return b, nil
	}
	edited, err := editKnownFailing(doc, text, before.KnownFailing, b.Removed, added)
	if err != nil {
		return Baseline{}, err
	}
	if err := replaceFile(path, edited); err != nil {
		return Baseline{}, &EnvironmentError{Err: fmt.Errorf("the baseline cannot be written: %w", err)}
	}
	return b, nil
}

// editKnownFailing changes the list in the text of a document. The syntax tree says where things stand; the text is cut and joined at
// those lines, because printing the tree would lay out anew what the user wrote.
func editKnownFailing(doc *configDocument, text []byte, before []KnownFailing, removed []string, added []KnownFailing) ([]byte, error) {
	after := slices.DeleteFunc(slices.Clone(before), func(k KnownFailing) bool { return slices.Contains(removed, k.Requirement) })
	after = append(after, added...)
	e := newLineEditor(text)
	ok := e.edit(doc.Root, removed, after, added)
	edited := e.text()
	// Reading it back is the proof; whatever the layout was, a file that would say something else is not written.
	if !ok || !saysSame(doc, edited, after) {
		return nil, &UserError{
			Err: fmt.Errorf("%s: the list known-failing stands in a form that cannot be edited without harm", doc.Path),
			Fix: "write it yourself:\n" + strings.Join(append([]string{"known-failing:"}, entryLines(after, 2)...), "\n"),
		}
	}
	return edited, nil
}

func saysSame(doc *configDocument, edited []byte, after []KnownFailing) bool {
	got, err := parseConfig(doc.Path, edited)
	if err != nil {
		return false
	}
	c, err := got.config()
	same := func(a, b KnownFailing) bool { return a.Requirement == b.Requirement && a.Reason == b.Reason }
	if err != nil || !slices.EqualFunc(c.KnownFailing, after, same) {
		return false
	}
	rest := func(value any) map[string]any {
		root, _ := value.(map[string]any)
		root = maps.Clone(root)
		delete(root, "known-failing")
		return root
	}
	return reflect.DeepEqual(rest(doc.Value), rest(got.Value))
}

// lineEditor holds a text as lines, counted from 1 as the syntax tree counts them.
type lineEditor struct {
	lines []string
	eol   string
	bom   bool
}

func newLineEditor(text []byte) *lineEditor {
	e := &lineEditor{eol: "\n", bom: bytes.HasPrefix(text, []byte("\ufeff"))}
	if bytes.Contains(text, []byte("\r\n")) {
		e.eol = "\r\n"
	}
	body := strings.TrimPrefix(string(text), "\ufeff")
	e.lines = strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	for i := range e.lines {
		e.lines[i] = strings.TrimSuffix(e.lines[i], "\r")
	}
	if len(e.lines) == 1 && e.lines[0] == "" {
		e.lines = nil
	}
	return e
}

func (e *lineEditor) text() []byte {
	text := strings.Join(e.lines, e.eol) + e.eol
	if e.bom {
		text = "\ufeff" + text
	}
	return []byte(text)
}

// edit returns false when it does not know the form of the list.
func (e *lineEditor) edit(root *ast.MappingNode, removed []string, after, added []KnownFailing) bool {
	if root != nil && root.IsFlowStyle {
		return false
	}
	var entry *ast.MappingValueNode
	end := len(e.lines) + 1 // the line behind the list
	if root != nil {
		for i, value := range root.Values {
			if value.Key.GetToken().Value != "known-failing" {
				continue
			}
			entry = value
			if i+1 < len(root.Values) {
				end = root.Values[i+1].Key.GetToken().Position.Line
			}
		}
	}
	if entry == nil {
		if len(e.lines) > 0 && strings.TrimSpace(e.lines[len(e.lines)-1]) != "" {
			e.lines = append(e.lines, "")
		}
		e.lines = append(e.lines, "known-failing:")
		e.lines = append(e.lines, entryLines(after, 2)...)
		return true
	}
	colon := entry.Start.Position
	switch list := entry.Value.(type) {
	case *ast.NullNode:
		return e.replaceValue(colon.Line, colon.Column, colon.Line, colon.Column+len(list.Token.Value)+1, after)
	case *ast.SequenceNode:
		if list.IsFlowStyle {
			return e.replaceValue(colon.Line, colon.Column, list.End.Position.Line, list.End.Position.Column, after)
		}
		if len(after) == 0 {
			return e.replaceBlock(list, colon.Line, colon.Column, end)
		}
		return e.editBlock(list, end, removed, added)
	}
	return false
}

// replaceValue puts a block list in the place of a value that ends at a line and column; a comment behind the value stays.
func (e *lineEditor) replaceValue(line, colon, endLine, endColumn int, after []KnownFailing) bool {
	if endLine > len(e.lines) {
		return false
	}
	head := []rune(e.lines[line-1])[:colon]
	tail := []rune(e.lines[endLine-1])
	comment := strings.TrimSpace(string(tail[min(endColumn, len(tail)):]))
	if i := strings.IndexByte(comment, '#'); i > 0 {
		comment = comment[i:]
	}
	if comment != "" && !strings.HasPrefix(comment, "#") {
		return false
	}
	first := string(head)
	if len(after) == 0 {
		first += " []"
	}
	if comment != "" {
		first += " " + comment
	}
	e.lines = slices.Replace(e.lines, line-1, endLine, append([]string{first}, entryLines(after, 2)...)...)
	return true
}

// replaceBlock empties a block list; comments within it stay where they are.
func (e *lineEditor) replaceBlock(list *ast.SequenceNode, line, colon, end int) bool {
	for i := range slices.Backward(list.Entries) {
		first, last := e.entryRange(list, i, end)
		e.lines = slices.Delete(e.lines, first-1, last)
	}
	key := []rune(e.lines[line-1])
	e.lines[line-1] = string(key[:colon]) + " []" + string(key[colon:])
	return true
}

// editBlock removes entries from a block list and puts the added ones behind its last.
func (e *lineEditor) editBlock(list *ast.SequenceNode, end int, removed []string, added []KnownFailing) bool {
	dash := list.Entries[0].Start.Position.Column
	_, last := e.entryRange(list, len(list.Entries)-1, end)
	// From the end to the beginning, so that the lines before keep their numbers.
	e.lines = slices.Insert(e.lines, last, entryLines(added, dash-1)...)
	for i, entry := range slices.Backward(list.Entries) {
		requirement := textOf(requirementOf(entry.Value))
		if slices.Contains(removed, requirement) {
			first, last := e.entryRange(list, i, end)
			e.lines = slices.Delete(e.lines, first-1, last)
		}
	}
	return true
}

func requirementOf(entry ast.Node) any {
	value, _ := document.Plain(entry).(map[string]any)
	return value["requirement"]
}

// entryRange returns the first and last line of an entry, without the blank lines and comments that follow it.
func (e *lineEditor) entryRange(list *ast.SequenceNode, i, end int) (first, last int) {
	first = list.Entries[i].Start.Position.Line
	last = end - 1
	if i+1 < len(list.Entries) {
		last = list.Entries[i+1].Start.Position.Line - 1
	}
	for last > first {
		line := strings.TrimSpace(e.lines[last-1])
		if line != "" && line[0] != '#' {
			break
		}
		last--
	}
	return first, last
}

// entryLines renders entries as a block list.
func entryLines(entries []KnownFailing, indent int) []string {
	var lines []string
	pad := strings.Repeat(" ", indent)
	for _, k := range entries {
		lines = append(lines, pad+"- requirement: "+k.Requirement, pad+"  reason: "+quoteYAML(k.Reason))
	}
	return lines
}

// quoteYAML quotes a text of one line. Every JSON text is a double-quoted YAML text.
func quoteYAML(s string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSpace(b.String())
}

// replaceFile writes beside the file and renames, so that a reader never sees half of it. A link is followed, not replaced.
func replaceFile(path string, text []byte) error {
	mode := fs.FileMode(0o644)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		if info, err := os.Stat(path); err == nil {
			mode = info.Mode().Perm()
		}
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".deskcheck-*.yaml")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // after the rename there is nothing left to remove
	if _, err = temporary.Write(text); err == nil {
		err = temporary.Chmod(mode)
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
