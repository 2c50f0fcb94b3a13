package wire

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"deskcheck/fixtures/document"
)

// item is a value of the file with its place.
type item struct {
	c   *compiler
	key string
	v   any
}

func (i item) get(name string) item {
	m, _ := i.v.(map[string]any)
	return item{i.c, document.Below(i.key, name), m[name]}
}

func (i item) has(name string) bool {
	m, _ := i.v.(map[string]any)
	_, has := m[name]
	return has
}

// names are the keys of a mapping in the order of the file.
func (i item) names() []string {
	m, _ := i.v.(map[string]any)
	names := sortedKeys(m)
	slices.SortStableFunc(names, func(a, b string) int {
		at, other := i.c.doc.KeyAt(document.Below(i.key, a)), i.c.doc.KeyAt(document.Below(i.key, b))
		if at.Line != other.Line {
			return at.Line - other.Line
		}
		return at.Column - other.Column
	})
	return names
}

func (i item) items() []item {
	values, _ := i.v.([]any)
	all := make([]item, len(values))
	for n, v := range values {
		all[n] = item{i.c, fmt.Sprintf("%s[%d]", i.key, n), v}
	}
	return all
}

func (i item) text() string {
	text, _ := i.v.(string)
	return text
}

func (i item) texts() []string {
	var all []string
	for _, one := range i.items() {
		all = append(all, one.text())
	}
	return all
}

func (i item) number() int {
	switch n := i.v.(type) {
	case uint64:
		return int(n) //nolint:gosec // The schema allows nothing so large.
	case int64:
		return int(n)
	case float64:
		return int(n)
	}
	return 0
}

func (i item) duration() time.Duration {
	if i.v == nil {
		return 0
	}
	d, err := time.ParseDuration(i.text())
	if err != nil || d <= 0 {
		i.fail("expected a duration above zero, such as 25s, found " + document.Found(i.v))
	}
	return d
}

// where is the place of the item for the messages of a desk that runs.
func (i item) where() string {
	place := i.c.doc.At(i.key)
	return fmt.Sprintf("%s:%d", i.c.doc.Path, place.Line)
}

func (i item) fail(message string) {
	i.c.note(document.Problem{Key: i.key, Message: message})
}

// unknown reports a word that is none of the known ones.
func (i item) unknown(what, word string, known []string) {
	p := document.Problem{Key: i.key, Message: fmt.Sprintf("%q is no %s; there are %s", word, what, strings.Join(known, ", "))}
	if near, ok := document.Near(word, known); ok {
		p.Message, p.Meant = fmt.Sprintf("%q is no %s", word, what), near
	}
	i.c.note(p)
}

// expression compiles a bare expression; truth values and numbers stand for themselves.
func (i item) expression(names terms) *expression {
	source := i.text()
	switch v := i.v.(type) {
	case nil:
		return nil
	case bool, uint64, int64, float64:
		source = fmt.Sprint(v)
	}
	e, at, err := compileExpression(source, names)
	if err != nil {
		i.fail(fmt.Sprintf("the expression %s is wrong at character %d: %v", strconv.Quote(source), at+1, err))
		return &expression{}
	}
	return e
}

// sentence compiles a text with expressions in it.
func (i item) sentence(names terms) *sentence {
	text := i.text()
	if i.v != nil && text == "" {
		if _, isText := i.v.(string); !isText {
			text = fmt.Sprint(i.v)
		}
	}
	t := &sentence{}
	pieces, sources, at, err := cutTemplate(text)
	if err != nil {
		i.fail(err.Error())
		return &sentence{pieces: []string{""}}
	}
	t.pieces = pieces
	for n, source := range sources {
		e, within, err := compileExpression(source, names)
		if err != nil {
			i.fail(fmt.Sprintf("the expression %s is wrong at character %d of the text: %v", strconv.Quote(source), at[n]+within+1, err))
			e = &expression{}
		}
		t.values = append(t.values, e)
	}
	return t
}

// json compiles a structure whose texts may hold expressions.
func (i item) json(names terms) template {
	switch v := i.v.(type) {
	case string:
		t := i.sentence(names)
		switch {
		case len(t.values) == 0:
			return fixed(AppendString(nil, t.pieces[0]))
		case t.single():
			return value{t.values[0]}
		}
		return quoted{t}
	case []any:
		l := make(list, 0, len(v))
		for _, one := range i.items() {
			l = append(l, one.json(names))
		}
		return l
	case map[string]any:
		if len(v) == 1 && i.has("$json") {
			return quoted{i.get("$json").json(names)}
		}
		o := make(object, 0, len(v))
		for _, name := range i.names() {
			f := field{template: i.get(name).json(names)}
			if name != "..." {
				plain, optional := strings.CutSuffix(name, "?")
				f.name, f.optional = string(append(AppendString(nil, plain), ':')), optional
			}
			o = append(o, f)
		}
		return o
	}
	raw, err := json.Marshal(i.v)
	if err != nil {
		i.fail("this cannot be written as JSON: " + err.Error())
	}
	return fixed(raw)
}

// bindings compiles names with expressions, or with templates, in the order of the file. Each may name those before it.
func (i item) bindings(names terms, templates bool) ([]binding, terms) {
	var all []binding
	known := names.clone()
	for _, name := range i.names() {
		one := i.get(name)
		b := binding{name: name, where: one.where()}
		if templates {
			b.value = one.sentence(known)
		} else {
			b.value = one.expression(known)
		}
		all = append(all, b)
		known.bind(name)
	}
	return all, known
}

// fresh reports names of let that hide others.
func (i item) fresh(names []string) {
	for _, name := range i.names() {
		if slices.Contains(names, name) {
			i.get(name).fail("the name is taken; choose another")
		}
	}
}

// said compiles what the desk says.
func (i item) said(names terms) *Said {
	said := &Said{where: i.where(), status: i.get("status").number()}
	if i.has("with") {
		said.with, names = i.get("with").bindings(names, true)
	}
	body, wide := i, names
	if i.has("shape") {
		name := i.get("shape").text()
		shape, known := i.c.shapes[name]
		if !known {
			i.get("shape").unknown("shape", name, sortedKeys(i.c.shapes))
			return said
		}
		body, wide = shape, names.shared(i.c)
	}
	for key, media := range mediaTypes {
		if !body.has(key) {
			continue
		}
		if said.media != "" {
			body.fail("it says something as json, xml, text or form: choose one")
		}
		said.media = media
		body.get(key).into(said, key, wide)
	}
	if body.key != i.key {
		body.dress(said, wide)
	}
	i.dress(said, names)
	return said
}

// dress compiles what goes around a body.
func (i item) dress(said *Said, names terms) {
	if i.has("type") {
		said.media = i.get("type").text()
	}
	if said.status == 0 {
		said.status = i.get("status").number()
	}
	headers := i.get("headers")
	for _, name := range headers.names() {
		said.headers = append(said.headers, named{name, headers.get(name).sentence(names)})
	}
	for _, cookie := range i.get("cookies").items() {
		said.cookies = append(said.cookies, cookie.sentence(names))
	}
}

func (i item) into(said *Said, kind string, names terms) {
	switch kind {
	case "json":
		said.body, said.json = i.json(names), true
	case "xml":
		t := i.sentence(names)
		t.escape = escapeXML
		said.body, said.markup = t, true
		i.wellFormed(t)
	case "text":
		said.body = i.sentence(names)
	case "form":
		for _, name := range i.names() {
			said.fields = append(said.fields, named{name, i.get(name).sentence(names)})
		}
	}
}

// wellFormed holds a template for XML against XML, with a word in the place of every expression.
func (i item) wellFormed(t *sentence) {
	decoder := xml.NewDecoder(strings.NewReader(strings.Join(t.pieces, "x")))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			i.fail("it is not XML: " + err.Error())
			return
		}
	}
}

// answers compiles what is answered, by outcome of a meaning; one without outcomes of its own has only the problems.
func (i item) answers(names terms, m Meaning, outcomes []string) map[string]*Said {
	all := map[string]*Said{}
	for _, name := range i.names() {
		one := i.get(name)
		if !slices.Contains(outcomes, name) {
			one.unknown("outcome", name, outcomes)
			continue
		}
		all[name] = one.said(names.knowing("result", resultOf(m, name)))
	}
	return all
}
