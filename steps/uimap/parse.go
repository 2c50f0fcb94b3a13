package uimap

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
	"deskcheck/steps/browser"
)

// sort is what a map is that has a file of its own. A large desk has some hundred lines.
var sort = document.Sort{Name: "UI map", Example: "accept offer:", Most: 512 << 10}

const schemaName = "ui-map.schema.json"

// Schema returns the JSON Schema of a map.
func Schema() []byte {
	schema, err := fixtures.ReadFile("schemas/" + schemaName)
	if err != nil {
		panic(err) // it is embedded
	}
	return schema
}

var compiled = sync.OnceValues(func() (*document.Schema, error) { return document.Compile(schemaName, Schema()) })

// Read reads the map that has a file of its own. The error names file, line and key of each mistake.
func Read(path string) (*Map, error) {
	text, err := sort.Read(path)
	if err != nil {
		return nil, err
	}
	return ParseText(path, text)
}

// ParseText is Read for the text of a file.
func ParseText(path string, text []byte) (*Map, error) {
	doc, err := sort.Parse(path, text)
	if err != nil {
		return nil, err
	}
	return Parse(doc, "")
}

// Parse reads the map that stands at a key of a document, such as ui-map in deskcheck.yaml; the empty key is the whole of it. The error is a *document.Error.
func Parse(doc *document.Document, key string) (*Map, error) {
	root := doc.Value
	if key != "" {
		whole, _ := doc.Value.(map[string]any)
		root = whole[key]
	}
	schema, err := compiled()
	if err != nil {
		return nil, err
	}
	problems, err := schema.Problems(root)
	if err != nil {
		return nil, err
	}
	for i := range problems {
		problems[i].Key = below(key, problems[i].Key)
		if problems[i].Message == document.UnknownKey && problems[i].Meant != "" {
			problems[i].Meant = below(key, problems[i].Meant)
		}
	}
	p := &parser{doc: doc, problems: problems}
	m := &Map{path: doc.Path, words: map[string]string{}, verbs: map[string]doing{}, looks: map[string]sight{}}
	if len(problems) == 0 {
		entries, _ := root.(map[string]any)
		p.entries(m, key, entries)
	}
	if len(p.problems) > 0 {
		return nil, doc.Wrong(p.problems...)
	}
	return m, nil
}

func below(key, path string) string {
	if path == "" || key == "" {
		return key + path
	}
	return key + "." + path
}

// parser turns what fits the schema into a map, and collects what is wrong with it all the same.
type parser struct {
	doc      *document.Document
	problems []document.Problem
}

func (p *parser) wrongf(key, format string, args ...any) {
	p.problems = append(p.problems, document.Problem{Key: key, Message: fmt.Sprintf(format, args...)})
}

// none is the word for what a desk does not have.
const none = "none"

func (p *parser) entries(m *Map, key string, entries map[string]any) {
	said, _ := entries["words"].(map[string]any)
	for state, word := range said {
		m.words[state], _ = word.(string)
	}
	for name, value := range entries {
		at := document.Below(key, name)
		line := max(p.doc.KeyAt(at).Line, 1)
		switch {
		case name == "words":
		case slices.Contains(Looks(), name):
			look := sight{line: line, none: value == none}
			if !look.none {
				look.target = p.target(at, value, Values(name))
			}
			m.looks[name] = look
		default:
			m.verbs[name] = doing{line: line, none: value == none, actions: p.actions(at, value, Values(name))}
		}
	}
}

func (p *parser) actions(key string, value any, known []string) []action {
	list, _ := value.([]any)
	all := make([]action, 0, len(list))
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		said, _ := item.(map[string]any)
		all = append(all, p.action(at, said, known))
	}
	return all
}

func (p *parser) action(key string, said map[string]any, known []string) action {
	a := action{line: p.doc.At(key).Line}
	var found []string
	for _, name := range actions {
		if _, ok := said[name]; ok {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		p.wrongf(key, "expected one of %s, found %s", strings.Join(actions, ", "), orNone(strings.Join(found, " and ")))
		return a
	}
	a.kind = found[0]
	with, given := said["with"]
	at, word := document.Below(key, a.kind), said[a.kind]
	switch needs := a.kind != "click" && a.kind != "press" && a.kind != "call"; {
	case needs && !given:
		p.wrongf(key, "%s needs with:, which says what", a.kind)
	case (a.kind == "click" || a.kind == "press") && given:
		p.wrongf(document.Below(key, "with"), "%s takes no with:", a.kind)
	}
	if a.kind == "press" || a.kind == "call" {
		a.word, _ = word.(string)
		if a.word == "" {
			p.wrongf(at, "expected %s, found %s", map[string]string{"press": "a key such as Enter", "call": "a function such as myDesk.monitor"}[a.kind], document.Found(word))
		}
	} else {
		a.target = p.target(at, word, known)
	}
	a.with = p.with(document.Below(key, "with"), a.kind, with, known)
	if condition, ok := said["if"].(map[string]any); ok && condition["given"] != nil {
		a.given = p.given(document.Below(key, "if"), condition, known)
	} else if said["if"] != nil {
		a.condition = new(p.target(document.Below(key, "if"), said["if"], known))
	}
	if said["wait"] != nil {
		a.wait, a.gone = p.wait(document.Below(key, "wait"), said["wait"], known)
	}
	return a
}

func orNone(text string) string {
	if text == "" {
		return "none of them"
	}
	return text
}

func (p *parser) with(key, kind string, value any, known []string) []template {
	list, isList := value.([]any)
	switch {
	case value == nil:
		return nil
	case isList && kind != "call":
		p.wrongf(key, "expected a text, found a list; only call takes several")
		return nil
	case !isList:
		list = []any{value}
	}
	all := make([]template, len(list))
	for i, item := range list {
		all[i] = p.template(key, fmt.Sprint(item), false, known)
	}
	return all
}

func (p *parser) template(key, text string, pattern bool, known []string) template {
	t, err := parseTemplate(text, pattern, known)
	if err != nil {
		p.wrongf(key, "%v", err)
	}
	return t
}

func (p *parser) given(key string, condition map[string]any, known []string) string {
	name, _ := condition["given"].(string)
	if len(condition) > 1 {
		p.wrongf(key, "given: stands alone")
	}
	if !slices.Contains(known, name) {
		p.wrongf(document.Below(key, "given"), "%v", unknownName(name, known))
	}
	return name
}

func (p *parser) wait(key string, value any, known []string) (*target, bool) {
	if said, ok := value.(map[string]any); ok && said["gone"] != nil {
		if len(said) > 1 {
			p.wrongf(key, "gone: stands alone; what is within goes into its target")
		}
		return new(p.target(document.Below(key, "gone"), said["gone"], known)), true
	}
	return new(p.target(key, value, known)), false
}

// expression is a name in slashes, with flags behind them.
var expression = regexp.MustCompile(`(?s)^/(.+)/([isu]*)$`)

func (p *parser) target(key string, value any, known []string) target {
	t := target{line: p.doc.At(key).Line}
	if css, ok := value.(string); ok {
		if strings.TrimSpace(css) == "" {
			p.wrongf(key, "expected a CSS selector, or a role and a name, found an empty text")
		}
		t.css, t.name = true, p.template(key, css, false, known)
		return t
	}
	said, _ := value.(map[string]any)
	var roles []string
	for _, role := range browser.Roles() {
		if _, ok := said[role]; ok {
			roles = append(roles, role)
		}
	}
	if len(roles) != 1 {
		p.wrongf(key, "expected one role with a name, such as { button: Send }, found %s", orNone(strings.Join(roles, " and ")))
		return t
	}
	t.role = roles[0]
	at := document.Below(key, t.role)
	name := fmt.Sprint(said[t.role])
	if parts := expression.FindStringSubmatch(name); parts != nil {
		t.pattern, t.flags, name = true, parts[2], parts[1]
	}
	if t.role == "text" && name == "" {
		p.wrongf(at, "expected the text to look for, found an empty text")
	}
	t.name = p.template(at, name, t.pattern, known)
	if said["within"] != nil {
		t.within = new(p.target(document.Below(key, "within"), said["within"], known))
	}
	return t
}
