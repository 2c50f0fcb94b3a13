package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kind says what a node of a tree is.
type kind int

const (
	null kind = iota
	truth
	number
	text
	list
	object
)

// node is a value of JSON whose fields keep their order: a person who reads a wire looks for them where the desk has them.
type node struct {
	kind kind
	// text is a text, or a number or a truth value as it was written.
	text string
	// members are the fields of an object or the items of a list, whose names are empty.
	members []member
	// inner is the JSON that a text holds, nil for other texts.
	inner *node
}

type member struct {
	name  string
	value *node
	// optional says that not all examples have it.
	optional bool
}

// deepest is how many levels a tree may have; what is deeper is taken for a text.
const deepest = 32

// parseTree reads JSON. The error says that it is none.
func parseTree(raw string) (*node, error) {
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	n, err := readNode(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one value")
	}
	return n, nil
}

func readNode(d *json.Decoder, depth int) (*node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	switch v := token.(type) {
	case json.Delim:
		if depth == deepest {
			return nil, errors.New("it has too many levels")
		}
		return readMembers(d, v, depth)
	case string:
		return textNode(v), nil
	case json.Number:
		return &node{kind: number, text: v.String()}, nil
	case bool:
		return &node{kind: truth, text: strconv.FormatBool(v)}, nil
	}
	return &node{}, nil
}

func readMembers(d *json.Decoder, open json.Delim, depth int) (*node, error) {
	n := &node{kind: list}
	if open == '{' {
		n.kind = object
	}
	for d.More() {
		name := ""
		if n.kind == object {
			token, err := d.Token()
			if err != nil {
				return nil, fmt.Errorf("read JSON: %w", err)
			}
			name, _ = token.(string)
		}
		value, err := readNode(d, depth+1)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, member{name: name, value: value})
	}
	if _, err := d.Token(); err != nil { // the end of it
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return n, nil
}

// textNode is a text, and the JSON that it may hold.
func textNode(s string) *node {
	n := &node{kind: text, text: s}
	if trimmed := strings.TrimSpace(s); strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		if inner, err := parseTree(trimmed); err == nil {
			n.inner = inner
		}
	}
	return n
}

// formTree reads a body of the type application/x-www-form-urlencoded.
func formTree(raw string) (*node, error) {
	n := &node{kind: object}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fmt.Errorf("read a form: %w", err)
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, fmt.Errorf("read a form: %w", err)
		}
		n.members = append(n.members, member{name: name, value: textNode(value)})
	}
	return n, nil
}

// write is the tree as JSON.
func (n *node) write(to *bytes.Buffer) {
	switch n.kind {
	case null:
		to.WriteString("null")
	case truth, number:
		to.WriteString(n.text)
	case text:
		to.WriteString(quoted(n.text))
	case list, object:
		brackets := "[]"
		if n.kind == object {
			brackets = "{}"
		}
		to.WriteByte(brackets[0])
		for i, m := range n.members {
			if i > 0 {
				to.WriteByte(',')
			}
			if n.kind == object {
				to.WriteString(quoted(m.name) + ":")
			}
			m.value.write(to)
		}
		to.WriteByte(brackets[1])
	}
}

func (n *node) json() string {
	var b bytes.Buffer
	n.write(&b)
	return b.String()
}

// quoted is a text in double quotes, as JSON has it and YAML reads it.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// get is a field of an object, nil if it has none of that name.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	i := slices.IndexFunc(n.members, func(m member) bool { return m.name == name })
	if i < 0 || n.kind != object {
		return nil
	}
	return n.members[i].value
}

// leaf is a value that is no list and no object, and where it stands.
type leaf struct {
	// place is the expression of a wire that reads it.
	place string
	// name is the last name of the place, and parent the one before it.
	name, parent string
	value        *node
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// words of expressions that cannot be written behind a point.
var reserved = []string{"in", "not", "and", "or", "true", "false", "nil", "let", "if", "else", "matches", "contains", "startsWith", "endsWith"}

// below is the expression for a field of a place.
func below(place, name string) string {
	if identifier.MatchString(name) && !slices.Contains(reserved, name) {
		return place + "." + name
	}
	return place + "[" + quoted(name) + "]"
}

// leaves lists what stands in a tree, those within texts that hold JSON too; place is the expression for the tree itself.
func (n *node) leaves(place string) []leaf { return n.under(place, "", "") }

func (n *node) under(place, name, parent string) []leaf {
	if n == nil {
		return nil
	}
	if n.inner != nil {
		return n.inner.under("parse("+place+` ?? "null")`, name, parent)
	}
	if n.kind != list && n.kind != object {
		return []leaf{{place: place, name: name, parent: parent, value: n}}
	}
	var all []leaf
	for i, m := range n.members {
		if n.kind == list {
			all = append(all, m.value.under(fmt.Sprintf("%s[%d]", place, i), name, parent)...)
		} else {
			all = append(all, m.value.under(below(place, m.name), m.name, name)...)
		}
	}
	return all
}

// at is the value at a place among leaves.
func at(all []leaf, place string) (*node, bool) {
	for _, l := range all {
		if l.place == place {
			return l.value, true
		}
	}
	return nil, false
}

// merged is the tree that has the fields of all trees; those that not all have are optional. Of lists and scalars it has the first that says something.
func merged(trees []*node) *node {
	first := trees[0]
	for _, t := range trees {
		if first.kind == null || first.kind == list && len(first.members) == 0 {
			first = t
		}
	}
	if inner := innerOf(trees); len(inner) == len(trees) {
		return &node{kind: text, text: first.text, inner: merged(inner)}
	}
	if first.kind != object {
		return first
	}
	whole := &node{kind: object}
	for _, t := range trees {
		if t.kind != object {
			continue
		}
		for i, m := range t.members {
			if whole.get(m.name) != nil {
				continue
			}
			var same []*node
			for _, other := range trees {
				if v := other.get(m.name); v != nil {
					same = append(same, v)
				}
			}
			at := min(i, len(whole.members))
			whole.members = slices.Insert(whole.members, at, member{name: m.name, value: merged(same), optional: len(same) < len(trees)})
		}
	}
	return whole
}

func innerOf(trees []*node) []*node {
	var inner []*node
	for _, t := range trees {
		if t.inner != nil {
			inner = append(inner, t.inner)
		}
	}
	return inner
}
