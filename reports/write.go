package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// The files of a report, in its folder.
const (
	IndexFile   = "index.html"
	JUnitFile   = "junit.xml"
	ResultsFile = "results.json"
)

// signatures are the bytes that each of our files has near its beginning. A file without them belongs to someone else and is left alone.
var signatures = map[string][]byte{
	IndexFile:   []byte(`<meta name="generator" content="deskcheck">`),
	JUnitFile:   []byte(`<testsuites name="deskcheck"`),
	ResultsFile: []byte(`"name": "deskcheck"`),
	MatrixPage:  []byte(`<meta name="generator" content="deskcheck">`),
	MatrixFile:  []byte(`"name": "deskcheck"`),
	".ndjson":   []byte(`{"seq":`),
	".png":      []byte("\x89PNG"),
}

// Write writes the whole report of r into the folder dir, which it creates if needed: index.html, junit.xml, results.json, a journal per scenario below journals and the
// screenshots below screenshots. Each file appears at once or not at all. What an earlier run left is replaced or removed, as far as it is ours;
// a file of someone else under one of our names is an error before anything is written. r is not changed.
func Write(dir string, r *Result) error {
	settled := settle(r)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a report is there for others to read
		return fmt.Errorf("report folder: %w", err)
	}
	// A Root keeps every path inside the folder, whatever links lie in it.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("report folder: %w", err)
	}
	defer func() { _ = root.Close() }() // nothing was written through the handle itself
	files, err := contents(settled)
	if err != nil {
		return fmt.Errorf("report in %s: %w", dir, err)
	}
	for _, f := range files {
		if err := mayReplace(root, f.name); err != nil {
			return fmt.Errorf("report in %s: %w: move it away or choose another folder with --report", dir, err)
		}
	}
	stale := leftovers(root, files)
	for _, f := range files {
		if err := replace(root, f); err != nil {
			return fmt.Errorf("report in %s: %w", dir, err)
		}
	}
	for _, name := range stale {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("report in %s: remove what the last run left: %w", dir, err)
		}
	}
	return nil
}

// file is one file of the report, its name relative to the report's folder with forward slashes.
type file struct {
	name string
	body []byte
}

// contents makes all files of the report. results.json is last: once it is there, all it points at is there.
func contents(r *Result) ([]file, error) {
	var files []file
	add := func(name string, write func(io.Writer) error) error {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		files = append(files, file{name, b.Bytes()})
		return nil
	}
	for _, s := range r.Scenarios {
		if err := add(s.Evidence.Journal, func(w io.Writer) error { return writeJournal(w, s.Evidence.Entries) }); err != nil {
			return nil, err
		}
		if s.Evidence.Screenshot != "" {
			files = append(files, file{s.Evidence.Screenshot, s.Evidence.Image})
		}
	}
	err := errors.Join(
		add(JUnitFile, func(w io.Writer) error { return writeJUnit(w, r) }),
		add(IndexFile, func(w io.Writer) error { return writeHTML(w, r) }),
		add(ResultsFile, func(w io.Writer) error { return writeResults(w, r) }),
	)
	return files, err
}

// mayReplace says by its error why the name must not be written: because what stands there is not from us.
func mayReplace(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || !ours(root, name) {
		return fmt.Errorf("%s was not written by deskcheck and is left alone", name)
	}
	return nil
}

// ours tells our own files by how they begin. An empty journal is a journal.
func ours(root *os.Root, name string) bool {
	signature, known := signatures[name]
	if !known {
		if signature, known = signatures[path.Ext(name)]; !known {
			return false
		}
	}
	f, err := root.Open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // it was only read
	head := make([]byte, 1024)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) {
		return path.Ext(name) == ".ndjson"
	}
	return bytes.Contains(head[:n], signature)
}

// leftovers are the journals and screenshots that the results.json of an earlier run names and this run does not have.
func leftovers(root *os.Root, files []file) []string {
	raw, err := root.ReadFile(ResultsFile)
	if err != nil {
		return nil
	}
	var earlier struct {
		Scenarios []struct{ Evidence Evidence }
	}
	if json.Unmarshal(raw, &earlier) != nil {
		return nil
	}
	keep := map[string]bool{}
	for _, f := range files {
		keep[f.name] = true
	}
	var stale []string
	for _, s := range earlier.Scenarios {
		for _, name := range []string{s.Evidence.Journal, s.Evidence.Screenshot} {
			folder := path.Dir(name)
			// The file may have been edited: only names of our form are followed.
			if name == path.Clean(name) && (folder == "journals" || folder == "screenshots") && !keep[name] && ours(root, name) {
				stale = append(stale, name)
				keep[name] = true
			}
		}
	}
	return stale
}

// replace writes the file beside its place and renames it, so that a reader sees the old one or the new one and never half of one.
func replace(root *os.Root, f file) error {
	if err := root.MkdirAll(path.Dir(f.name), 0o755); err != nil {
		return err
	}
	temporary := path.Join(path.Dir(f.name), "."+path.Base(f.name)+"."+strconv.Itoa(os.Getpid())+".tmp")
	if err := root.WriteFile(temporary, f.body, 0o644); err != nil {
		_ = root.Remove(temporary) // the write's error says more
		return err
	}
	if err := root.Rename(temporary, f.name); err != nil {
		_ = root.Remove(temporary)
		return err
	}
	return nil
}

// Anchor is the fragment of index.html at which the scenario with this ID stands, without the hash sign.
func Anchor(scenario string) string { return "s-" + stem(scenario) }

// JournalFile is the file of the scenario's journal, relative to the report's folder.
func JournalFile(scenario string) string { return filepath.Join("journals", stem(scenario)+".ndjson") }

// stem makes a scenario's ID fit for a file name and a fragment: ai-chat/requesting/27 becomes ai-chat-requesting-27.
func stem(id string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		default:
			return '-'
		}
	}, id)
	s = strings.Trim(s, ".-")
	if len(s) > 120 {
		s = s[len(s)-120:] // the end has the line, which tells scenarios apart
	}
	if s == "" {
		s = "scenario"
	}
	return s
}

// stems are the stems of all scenarios, told apart by a number where two would share one, also on file systems that do not tell a from A.
func stems(scenarios []Scenario) []string {
	taken := map[string]bool{}
	all := make([]string, len(scenarios))
	for i, s := range scenarios {
		name := stem(s.ID)
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = stem(s.ID) + "-" + strconv.Itoa(n)
		}
		taken[strings.ToLower(name)] = true
		all[i] = name
	}
	return all
}
