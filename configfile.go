package deskcheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// mostProblems is how many mistakes are told: who mends these sees the others then.
const mostProblems = 20

// largestConfig bounds what is read; a configuration is some dozens of lines, and the parser needs seconds for very many keys.
const largestConfig = 128 << 10

func readConfigFile(path string) ([]byte, error) {
	// What is no file may wait for ever where it is opened, or never end where it is read.
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &UserError{Err: fmt.Errorf("%s does not exist", path), Fix: `"deskcheck config init" writes one`}
	case err != nil:
		return nil, &UserError{Err: fmt.Errorf("the configuration cannot be read: %w", err)}
	case info.IsDir():
		return nil, &UserError{Err: fmt.Errorf("%s is a folder, not a configuration file", path), Fix: "name the file in it"}
	case !info.Mode().IsRegular():
		return nil, &UserError{Err: fmt.Errorf("%s is %s, not a configuration file", path, fileKind(info)), Fix: "write the configuration into a file and name that"}
	}
	file, err := os.Open(path) //nolint:gosec // The user names their own file.
	if err != nil {
		return nil, &UserError{Err: fmt.Errorf("the configuration cannot be read: %w", err)}
	}
	defer func() { _ = file.Close() }() // nothing was written to it
	text, err := io.ReadAll(io.LimitReader(file, largestConfig+1))
	switch {
	case err != nil:
		return nil, &UserError{Err: fmt.Errorf("the configuration cannot be read: %w", err)}
	case len(text) > largestConfig:
		return nil, &UserError{Err: fmt.Errorf("%s is larger than 128 KiB: that is no configuration", path)}
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return nil, &UserError{Err: fmt.Errorf("%s is not a text file in UTF-8", path)}
	}
	return text, nil
}

// fileKind words what stands under a name.
func fileKind(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return "a file"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// CheckBaseline says by a *UserError whether WriteBaseline could not change the configuration file at path, before a run is made for it.
func CheckBaseline(path string) error {
	text, err := os.ReadFile(path) //nolint:gosec // The user names their own file.
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = nil
	case err != nil:
		return &UserError{Err: fmt.Errorf("the configuration cannot be read: %w", err)}
	}
	doc, err := parseConfig(path, text)
	if err != nil {
		return err
	}
	c, err := doc.config()
	if err != nil {
		return err
	}
	// Whether the list can be edited is tried with an entry that it cannot have.
	trial := []KnownFailing{{Requirement: "TRIAL-00", Reason: "trial"}}
	if _, err := editKnownFailing(doc, text, c.KnownFailing, nil, trial); err != nil {
		return &UserError{
			Err: fmt.Errorf("%s: the list known-failing stands in a form that --baseline write cannot edit without harm", path),
			Fix: "write known-failing: as a plain list, each entry on lines of its own that begin with a dash",
		}
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".deskcheck-*.yaml")
	if err != nil {
		return &UserError{Err: fmt.Errorf("--baseline write cannot write %s: %w", path, err), Fix: "make its folder writable, or name another file with -c"}
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// mostNodes is how many keys, values and items a configuration may have once its aliases are followed.
const mostNodes = 200_000

// weigh counts the nodes below one, those behind aliases as often as they are used, and stops counting beyond mostNodes. sizes remembers the anchors that were seen.
func weigh(node ast.Node, sizes map[string]int) int {
	total := 1
	add := func(n int) { total = min(total+n, mostNodes+1) }
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, entry := range n.Values {
			add(weigh(entry, sizes))
		}
	case *ast.MappingValueNode:
		add(weigh(n.Key, sizes))
		add(weigh(n.Value, sizes))
	case *ast.MappingKeyNode:
		add(weigh(n.Value, sizes))
	case *ast.SequenceNode:
		for _, item := range n.Values {
			add(weigh(item, sizes))
		}
	case *ast.AnchorNode:
		add(weigh(n.Value, sizes))
		sizes[n.Name.GetToken().Value] = total
	case *ast.AliasNode:
		add(sizes[n.Value.GetToken().Value])
	case *ast.TagNode:
		add(weigh(n.Value, sizes))
	}
	return total
}

// place is a position in the file, both from 1.
type place struct{ line, column int }

// configDocument is a parsed file: its value for the schema, and where each key and value stands for the messages.
type configDocument struct {
	path   string
	root   *ast.MappingNode
	value  any
	keys   map[string]place
	values map[string]place
}

func parseConfig(path string, text []byte) (*configDocument, error) {
	doc := &configDocument{path: path, value: map[string]any{}, keys: map[string]place{}, values: map[string]place{}}
	file, err := parser.ParseBytes(bytes.TrimPrefix(text, []byte("\ufeff")), parser.ParseComments)
	if err != nil {
		return nil, doc.syntaxError(err)
	}
	if len(file.Docs) > 1 {
		problem := ConfigProblem{Message: "a second document begins here; a configuration is one document"}
		if start := file.Docs[1].Start; start != nil {
			problem.Line, problem.Column = start.Position.Line, start.Position.Column
		}
		return nil, doc.userError([]ConfigProblem{problem})
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return doc, nil
	}
	if weigh(file.Docs[0].Body, map[string]int{}) > mostNodes {
		return nil, doc.userError([]ConfigProblem{{Message: fmt.Sprintf("with its aliases followed it has more than %d values: that is no configuration", mostNodes)}})
	}
	switch body := file.Docs[0].Body.(type) {
	case *ast.CommentGroupNode, *ast.NullNode:
		return doc, nil
	case *ast.MappingNode:
		doc.root = body
	default:
		at := body.GetToken().Position
		return nil, doc.userError([]ConfigProblem{{Line: at.Line, Column: at.Column, Expected: "keys with values, such as workers: 4", Found: found(plain(body))}})
	}
	var value any
	if err := yaml.NodeToValue(doc.root, &value); err != nil {
		return nil, doc.syntaxError(err)
	}
	doc.value = finite(value)
	// An integration that is named and then left out is not meant to be the embedded reference.
	if root, ok := doc.value.(map[string]any); ok {
		if integration, ok := root["integration"].(map[string]any); ok && len(integration) == 0 {
			root["integration"] = nil
		}
	}
	doc.locate("", doc.root)
	return doc, nil
}

// syntaxError words an error of the YAML library; its own text spans lines and repeats the source.
func (d *configDocument) syntaxError(err error) error {
	problem := ConfigProblem{Message: err.Error()}
	if located, ok := errors.AsType[yaml.Error](err); ok {
		problem.Message = located.GetMessage()
		if token := located.GetToken(); token != nil {
			problem.Line, problem.Column = token.Position.Line, token.Position.Column
		}
	}
	fix := ""
	if strings.Contains(problem.Message, "reserved character") {
		fix = `put the text in quotes, such as tags: "@FLOW-03"`
	}
	if strings.Contains(problem.Message, "'\t'") {
		problem.Message = "a tab where YAML allows only spaces"
		fix = "indent with spaces"
	}
	problem.File = d.path
	return &UserError{Err: &ConfigError{Problems: []ConfigProblem{problem}}, Fix: fix}
}

// userError puts the mistakes at their places and in the order of the file.
func (d *configDocument) userError(problems []ConfigProblem) error {
	for i := range problems {
		p := &problems[i]
		p.File = d.path
		if p.Line == 0 {
			p.Line, p.Column = d.find(p)
		}
	}
	slices.SortStableFunc(problems, func(a, b ConfigProblem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return &UserError{Err: &ConfigError{Problems: problems}, Fix: `"deskcheck config schema" describes every key`}
}

// find returns where a mistake stands: at the key if the key is unknown, else at its value, or at the nearest value around it when there is none.
func (d *configDocument) find(p *ConfigProblem) (line, column int) {
	if p.Message == unknownKey {
		if at, ok := d.keys[p.Key]; ok {
			return at.line, at.column
		}
	}
	for key := p.Key; ; {
		if at, ok := d.values[key]; ok {
			return at.line, at.column
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return 1, 1
		}
		key = key[:cut]
	}
}

// locate records where the keys and values below a node stand. An alias stands where it is used; what it points at is not followed.
func (d *configDocument) locate(path string, node ast.Node) {
	switch n := node.(type) {
	case *ast.MappingNode:
		for i, entry := range n.Values {
			at := entry.Key.GetToken().Position
			if i == 0 && path != "" {
				d.values[path] = place{at.Line, at.Column}
			}
			name := entry.Key.GetToken().Value
			if path != "" {
				name = path + "." + name
			}
			d.keys[name] = place{at.Line, at.Column}
			d.locate(name, entry.Value)
		}
		if len(n.Values) == 0 || n.IsFlowStyle {
			d.values[path] = place{n.Start.Position.Line, n.Start.Position.Column}
		}
	case *ast.SequenceNode:
		d.values[path] = place{n.Start.Position.Line, n.Start.Position.Column}
		for i, item := range n.Values {
			d.locate(fmt.Sprintf("%s[%d]", path, i), item)
		}
	case *ast.AnchorNode:
		d.locate(path, n.Value)
	case *ast.TagNode:
		d.locate(path, n.Value)
	case *ast.NullNode:
		// An absent value has a token somewhere behind it; the key, where there is one, is what the user can see.
		d.values[path] = place{n.Token.Position.Line, n.Token.Position.Column}
		if at, ok := d.keys[path]; ok {
			d.values[path] = at
		}
	default:
		at := node.GetToken().Position
		d.values[path] = place{at.Line, at.Column}
	}
}

// config turns the validated value into a Config, with its paths resolved and its defaults filled in.
func (d *configDocument) config() (Config, error) {
	root, _ := d.value.(map[string]any)
	integration, _ := root["integration"].(map[string]any)
	c := Config{
		Contract: textOf(root["contract"]), Dialect: textOf(root["dialect"]), Host: textOf(root["host"]),
		Integration: Integration{File: textOf(integration["file"]), Export: textOf(integration["export"]), Bundle: textOf(integration["bundle"]), Global: textOf(integration["global"])},
		Select:      textsOf(root["select"]), Tags: textOf(root["tags"]), Profile: textOf(root["profile"]), Features: textOf(root["features"]),
		Capabilities: textsOf(root["only-capabilities"]), Claims: textsOf(root["capabilities"]), Secrets: textsOf(root["secrets"]),
		Workers: int(numberOf(root["workers"])), Seed: numberOf(root["seed"]), Repeat: int(numberOf(root["repeat"])),
		FailFast: root["fail-fast"] == true, Headed: root["headed"] == true,
		Browser: textOf(root["browser"]), Report: textOf(root["report"]), Path: d.path,
	}
	desk, _ := root["desk"].(map[string]any)
	c.Desk = Desk{Hosts: textsOf(desk["hosts"])}
	page, _ := root["page"].(map[string]any)
	c.Page = Page{Factory: textOf(page["factory"]), Env: textOf(page["env"]), Ask: textOf(page["ask"])}
	if page != nil {
		c.Page.Line, c.Page.Column = d.find(&ConfigProblem{Key: pageKey})
	}
	selectors, _ := page["selectors"].(map[string]any)
	for name, selector := range selectors {
		if c.Page.Selectors == nil {
			c.Page.Selectors = map[string]string{}
		}
		c.Page.Selectors[name] = textOf(selector)
	}
	if s := textOf(root["slow-mo"]); s != "" {
		var err error
		if c.SlowMo, err = time.ParseDuration(s); err != nil {
			return Config{}, d.userError([]ConfigProblem{{Key: "slow-mo", Expected: expectedAt("slow-mo"), Found: found(s)}})
		}
	}
	known, _ := root["known-failing"].([]any)
	for i, item := range known {
		entry, _ := item.(map[string]any)
		line, _ := d.find(&ConfigProblem{Key: fmt.Sprintf("known-failing[%d].requirement", i)})
		c.KnownFailing = append(c.KnownFailing, KnownFailing{Requirement: textOf(entry["requirement"]), Reason: strings.TrimSpace(textOf(entry["reason"])), Line: line})
	}
	return c.resolved(filepath.Dir(d.path)).withDefaults(), nil
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

func textsOf(v any) []string {
	items, _ := v.([]any)
	var words []string
	for _, item := range items {
		words = append(words, textOf(item))
	}
	return words
}

// numberOf accepts what YAML makes of a whole number; 4.0 is one by JSON Schema too.
func numberOf(v any) int64 {
	switch n := v.(type) {
	case uint64:
		return int64(n) //nolint:gosec // The schema allows nothing so large.
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// finite replaces numbers that JSON does not have by their text, because the schema's validator knows JSON only.
func finite(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = finite(v[key])
		}
	case []any:
		for i := range v {
			v[i] = finite(v[i])
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	}
	return value
}

func plain(node ast.Node) any {
	var value any
	if err := yaml.NodeToValue(node, &value); err != nil {
		return nil
	}
	return value
}

const unknownKey = "unknown key"

// schemaTwice is the schema compiled to validate, and as data to word what was expected.
type schemaTwice struct {
	compiled *jsonschema.Schema
	data     map[string]any
}

var configSchema = sync.OnceValues(compileConfigSchema)

func compileConfigSchema() (schema schemaTwice, err error) {
	text := ConfigSchema()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return schema, fmt.Errorf("parse the schema of the configuration: %w", err)
	}
	// A relative name would be looked up in the working directory, which may be gone.
	const name = "urn:deskcheck:config.schema.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, parsed); err != nil {
		return schema, fmt.Errorf("read the schema of the configuration: %w", err)
	}
	if schema.compiled, err = compiler.Compile(name); err != nil {
		return schema, fmt.Errorf("compile the schema of the configuration: %w", err)
	}
	return schema, json.Unmarshal(text, &schema.data)
}

// schemaProblems validates a value; the error is one of ours, not the user's.
func schemaProblems(value any) ([]ConfigProblem, error) {
	schema, err := configSchema()
	if err != nil {
		return nil, err
	}
	err = schema.compiled.Validate(value)
	if err == nil {
		return nil, nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil, fmt.Errorf("validate the configuration: %w", err)
	}
	var problems []ConfigProblem
	var walk func(*jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 {
			problems = append(problems, problemsOf(e, value)...)
		}
		for _, cause := range e.Causes {
			walk(cause)
		}
	}
	walk(invalid)
	return problems, nil
}

// problemsOf words one leaf of a validation error.
func problemsOf(e *jsonschema.ValidationError, value any) []ConfigProblem {
	key, at := "", value
	for _, part := range e.InstanceLocation {
		switch v := at.(type) {
		case []any:
			index, _ := strconv.Atoi(part)
			key, at = fmt.Sprintf("%s[%s]", key, part), v[index]
		case map[string]any:
			key, at = below(key, part), v[part]
		}
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		var problems []ConfigProblem
		known := keysAt(key)
		for _, name := range k.Properties {
			p := ConfigProblem{Key: below(key, name), Message: unknownKey}
			// Who has so many has not mistyped them, and comparing costs.
			if len(k.Properties) <= mostProblems {
				if near, ok := Near(name, known); ok {
					p.Meant = below(key, near)
				}
			}
			problems = append(problems, p)
		}
		return problems
	case *kind.Required:
		var problems []ConfigProblem
		for _, name := range k.Missing {
			problems = append(problems, ConfigProblem{Key: below(key, name), Expected: expectedAt(below(key, name)), Found: found(nil)})
		}
		return problems
	case *kind.Enum:
		p := ConfigProblem{Key: key, Expected: expectedAt(key), Found: found(at)}
		if word, ok := at.(string); ok {
			if near, ok := Near(word, textsOf(k.Want)); ok {
				p.Meant = near
			}
		}
		return []ConfigProblem{p}
	}
	return []ConfigProblem{{Key: key, Expected: expectedAt(key), Found: found(at)}}
}

func below(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// schemaAt returns the part of the schema that describes the value at a key path.
func schemaAt(key string) map[string]any {
	schema, err := configSchema()
	if err != nil {
		return nil
	}
	node := schema.data
	for part := range strings.FieldsFuncSeq(key, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		next, isKey := node["properties"].(map[string]any)
		if isKey {
			node, _ = next[part].(map[string]any)
		} else {
			node, _ = node["items"].(map[string]any)
		}
		if ref, ok := node["$ref"].(string); ok {
			definitions, _ := schema.data["$defs"].(map[string]any)
			node, _ = definitions[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		}
	}
	return node
}

// expectedAt returns what the schema says should stand at a key path. Editors show the same text.
func expectedAt(key string) string {
	return strings.TrimPrefix(textOf(schemaAt(key)["errorMessage"]), "expected ")
}

func keysAt(key string) []string {
	properties, _ := schemaAt(key)["properties"].(map[string]any)
	var keys []string
	for name := range properties {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return keys
}

// found words a value for a message.
func found(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		if strings.TrimSpace(v) == "" {
			return "an empty text"
		}
		if short := []rune(v); len(short) > 60 {
			v = string(short[:60]) + "…"
		}
		return "the text " + strconv.Quote(v)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return "a list"
	case map[string]any:
		return "keys with values"
	case []byte:
		return "binary data"
	}
	return fmt.Sprintf("the number %v", value)
}
