package reports

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// schema compiles the shipped schema, or the definition in it that the fragment names.
func schema(t *testing.T, fragment string) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile("../fixtures/schemas/results.schema.json")
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("results.json", doc))
	s, err := c.Compile("results.json" + fragment)
	require.NoError(t, err)
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, raw []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	assert.NoError(t, s.Validate(doc))
}

func written(t *testing.T, dir, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return raw
}

// tree lists all files below dir.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			all = append(all, filepath.ToSlash(name))
		}
		return err
	}))
	return all
}

func TestResultsKeepTheirSchema(t *testing.T) {
	s, entry := schema(t, ""), schema(t, "#/$defs/journalEntry")
	empty := &Result{Contract: "ai-chat", Verdict: Failed, ExitCode: ExitEnvironment, Problem: "no browser"}
	for name, r := range map[string]*Result{"sample": sample(), "passed": large(3, 2), "empty": empty} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, Write(dir, r))
			raw := written(t, dir, ResultsFile)
			validate(t, s, raw)
			assert.NotContains(t, string(raw), ": null")
			for _, sc := range settle(r).Scenarios {
				journal := written(t, dir, sc.Evidence.Journal)
				assert.Equal(t, len(sc.Evidence.Entries), bytes.Count(journal, []byte("\n")))
				for line := range bytes.Lines(journal) {
					validate(t, entry, line)
				}
			}
		})
	}
}

func TestSchemaIsStrict(t *testing.T) {
	s := schema(t, "")
	var b bytes.Buffer
	require.NoError(t, writeResults(&b, settle(sample())))
	for name, change := range map[string]func(map[string]any){
		"an unknown key":          func(m map[string]any) { m["more"] = 1 },
		"a missing key":           func(m map[string]any) { delete(m, "seed") },
		"a verdict of no kind":    func(m map[string]any) { m["verdict"] = "ok" },
		"passed with exit code 1": func(m map[string]any) { m["verdict"] = "passed" },
		"a count that is missing": func(m map[string]any) { delete(m["summary"].(map[string]any)["scenarios"].(map[string]any), "warned") },
		"a moment that is none":   func(m map[string]any) { m["startedAt"] = "yesterday" },
		"a journal outside":       func(m map[string]any) { evidence(m)["journal"] = "../../etc/passwd" },
		"an unknown key in a check": func(m map[string]any) {
			m["scenarios"].([]any)[5].(map[string]any)["checks"].([]any)[0].(map[string]any)["x"] = 1
		},
	} {
		var doc map[string]any
		require.NoError(t, json.Unmarshal(b.Bytes(), &doc))
		require.NoError(t, s.Validate(doc))
		change(doc)
		assert.Error(t, s.Validate(doc), name)
	}
}

func evidence(m map[string]any) map[string]any {
	return m["scenarios"].([]any)[0].(map[string]any)["evidence"].(map[string]any)
}

// Every field of the Result has its place in the schema and is required there unless it may be left out, so that nobody changes one and forgets the other.
func TestSchemaDescribesEveryField(t *testing.T) {
	raw, err := os.ReadFile("../fixtures/schemas/results.schema.json")
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(raw, &doc))
	describes(t, doc, doc, reflect.TypeFor[Result]())
	describes(t, doc, doc["$defs"].(map[string]any)["journalEntry"].(map[string]any), reflect.TypeFor[Entry]())
}

// describes compares the schema of an object with the struct that is written for it, and whatever lies in both.
func describes(t *testing.T, doc, schema map[string]any, of reflect.Type) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		schema = doc["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	switch {
	case of == reflect.TypeFor[time.Time](), of.Kind() == reflect.Map:
		return
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct:
		describes(t, doc, schema["items"].(map[string]any), of.Elem())
		return
	case of.Kind() != reflect.Struct:
		return
	}
	properties := schema["properties"].(map[string]any)
	var names, required []any
	for field := range of.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		names = append(names, name)
		if options != "omitempty" {
			required = append(required, name)
		}
		if property, ok := properties[name].(map[string]any); assert.True(t, ok, "%s.%s is not in the schema", of.Name(), name) {
			describes(t, doc, property, field.Type)
		}
	}
	assert.Len(t, properties, len(names), of.Name())
	assert.ElementsMatch(t, required, schema["required"], of.Name())
	assert.Equal(t, false, schema["additionalProperties"], of.Name())
}

func TestWriteIsStableAndLeavesItsArgumentAlone(t *testing.T) {
	dir, r := t.TempDir(), sample()
	require.NoError(t, Write(dir, r))
	first := map[string][]byte{}
	for _, name := range tree(t, dir) {
		first[name] = written(t, dir, name)
	}
	assert.Len(t, first, 3+len(r.Scenarios)+1, "three files, a journal each, one screenshot, nothing else")
	assert.Equal(t, sample(), r)
	require.NoError(t, Write(dir, r))
	for _, name := range tree(t, dir) {
		assert.Equal(t, string(first[name]), string(written(t, dir, name)), name)
	}
}

func TestWriteReplacesOnlyWhatIsOurs(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, Write(dir, sample()))
	foreign := []string{"notes.txt", "journals/mine.ndjson", "journals/ai-chat-old-1.txt", "screenshots/holiday.png"}
	for _, name := range foreign {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o644))
	}
	next := sample()
	next.Scenarios = next.Scenarios[:2]
	require.NoError(t, Write(dir, next))
	want := append([]string{IndexFile, JUnitFile, ResultsFile, "journals/ai-chat-factory-8.ndjson", "journals/ai-chat-factory-15.ndjson"}, foreign...)
	assert.ElementsMatch(t, want, tree(t, dir))
}

func TestWriteTouchesNothingOfOthers(t *testing.T) {
	for _, name := range []string{IndexFile, JUnitFile, ResultsFile, "journals/ai-chat-factory-8.ndjson", "screenshots/ai-chat-requesting-27.png"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("<h1>mine</h1>"), 0o644))
			err := Write(dir, sample())
			require.ErrorContains(t, err, name+" was not written by deskcheck")
			assert.Equal(t, "<h1>mine</h1>", string(written(t, dir, name)))
			assert.Equal(t, []string{name}, tree(t, dir), "nothing is written before everything may be")
		})
	}
}

// An earlier results.json may have been edited: it must not make us delete what lies elsewhere.
func TestLeftoversStayInTheirFolders(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "report")
	require.NoError(t, Write(dir, sample()))
	outside := filepath.Join(parent, "outside.ndjson")
	require.NoError(t, os.WriteFile(outside, []byte(`{"seq":1}`), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kept.ndjson"), []byte(`{"seq":1}`), 0o644))
	raw := string(written(t, dir, ResultsFile))
	raw = strings.Replace(raw, "journals/ai-chat-factory-8.ndjson", "../outside.ndjson", 1)
	raw = strings.Replace(raw, "journals/ai-chat-factory-15.ndjson", "journals/../kept.ndjson", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ResultsFile), []byte(raw), 0o644))
	require.NoError(t, Write(dir, large(1, 1)))
	assert.FileExists(t, outside)
	assert.Contains(t, tree(t, dir), "kept.ndjson")
}

func TestWriteStaysInsideItsFolder(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "report")
	require.NoError(t, os.MkdirAll(filepath.Join(parent, "elsewhere"), 0o755))
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.Symlink("../elsewhere", filepath.Join(dir, "journals")))
	require.Error(t, Write(dir, sample()))
	assert.Empty(t, tree(t, filepath.Join(parent, "elsewhere")))
}

func TestNamesOfEvidence(t *testing.T) {
	assert.Equal(t, "ai-chat-requesting-27", stem("ai-chat/requesting/27"))
	assert.Equal(t, "etc-passwd", stem("../../etc/passwd"))
	assert.Equal(t, "scenario", stem("///"))
	assert.Len(t, stem(strings.Repeat("long/", 100)+"27"), 120)
	assert.Equal(t, "s-ai-chat-requesting-27", Anchor("ai-chat/requesting/27"))
	got := stems([]Scenario{{ID: "a/b/1"}, {ID: "a-b/1"}, {ID: "A/B/1"}, {ID: "a/b/1/2"}})
	assert.Equal(t, []string{"a-b-1", "a-b-1-2", "A-B-1-3", "a-b-1-2-2"}, got)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), 4)
}

func TestBrokenPayloadsDoNotBreakTheReport(t *testing.T) {
	r := large(1, 1)
	r.Scenarios[0].Evidence.Entries[0].Data = json.RawMessage("{\"half\": \xff")
	r.Scenarios[0].Evidence.Entries[1].Data = json.RawMessage("")
	dir := t.TempDir()
	require.NoError(t, Write(dir, r))
	first, _, _ := bytes.Cut(written(t, dir, "journals/ai-chat-large-1.ndjson"), []byte("\n"))
	validate(t, schema(t, "#/$defs/journalEntry"), first)
}
