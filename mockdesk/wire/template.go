package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Markup is XML that is written as it is where other text is escaped.
type Markup string

// template writes something out. Errors are sentences.
type template interface {
	write(dst []byte, s *Scope) ([]byte, error)
}

// fixed is written as it is.
type fixed []byte

func (f fixed) write(dst []byte, _ *Scope) ([]byte, error) { return append(dst, f...), nil }

// value is the value of an expression, as JSON.
type value struct{ *expression }

func (v value) write(dst []byte, s *Scope) ([]byte, error) {
	got, err := v.run(s)
	if err != nil {
		return dst, err
	}
	return appendJSON(dst, got)
}

// sentence is a text with expressions in it: pieces has one more text than expressions.
type sentence struct {
	pieces []string
	values []*expression
	// escape writes a value into the text; nil writes it plainly.
	escape func(dst []byte, text string) []byte
}

func (t *sentence) write(dst []byte, s *Scope) ([]byte, error) {
	for i, piece := range t.pieces {
		dst = append(dst, piece...)
		if i == len(t.values) {
			break
		}
		v, err := t.values[i].run(s)
		if err != nil {
			return dst, err
		}
		if dst, err = t.appendText(dst, v); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (t *sentence) appendText(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return dst, nil
	case Markup:
		return append(dst, v...), nil
	case []any:
		if slices.ContainsFunc(v, func(item any) bool { _, markup := item.(Markup); return !markup }) {
			break
		}
		for _, item := range v {
			markup, _ := item.(Markup) // They all are.
			dst = append(dst, markup...)
		}
		return dst, nil
	}
	text, err := textOf(v)
	if err != nil {
		return dst, err
	}
	if t.escape != nil {
		return t.escape(dst, text), nil
	}
	return append(dst, text...), nil
}

// text is what the sentence says.
func (t *sentence) text(s *Scope) (string, error) {
	if len(t.values) == 0 {
		return t.pieces[0], nil
	}
	raw, err := t.write(nil, s)
	return string(raw), err
}

// result is the value of a text that is one expression and nothing else, with its type, and what the text says otherwise.
func (t *sentence) result(s *Scope) (any, error) {
	if t.single() {
		return t.values[0].run(s)
	}
	return t.text(s)
}

func (t *sentence) single() bool {
	return len(t.values) == 1 && t.pieces[0] == "" && t.pieces[1] == ""
}

// quoted is a template's text as a JSON string: a sentence, or JSON within a string.
type quoted struct{ template }

func (q quoted) write(dst []byte, s *Scope) ([]byte, error) {
	raw, err := q.template.write(nil, s)
	if err != nil {
		return dst, err
	}
	return AppendString(dst, string(raw)), nil
}

// list is a JSON array.
type list []template

func (l list) write(dst []byte, s *Scope) ([]byte, error) {
	dst = append(dst, '[')
	var err error
	for i, item := range l {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = item.write(dst, s); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// field is a key of a JSON object with its value.
type field struct {
	// name is the key as JSON with its colon; empty for the fields of another object, which are written in its place.
	name string
	// optional leaves the key out where there is nothing to say.
	optional bool
	template
}

// object is a JSON object, its fields in the order of the file.
type object []field

func (o object) write(dst []byte, s *Scope) ([]byte, error) {
	dst = append(dst, '{')
	start := len(dst)
	for _, f := range o {
		before := len(dst)
		if before > start {
			dst = append(dst, ',')
		}
		begin := len(dst) + len(f.name)
		var err error
		if dst, err = f.write(append(dst, f.name...), s); err != nil {
			return dst, err
		}
		switch said := dst[begin:]; {
		case f.name == "":
			if len(said) < 2 || said[0] != '{' {
				return dst, errors.New("... takes an object")
			}
			if len(said) == 2 {
				dst = dst[:before]
				continue
			}
			dst = append(dst[:begin], said[1:len(said)-1]...)
		case f.optional && saysNothing(said):
			dst = dst[:before]
		}
	}
	return append(dst, '}'), nil
}

func saysNothing(said []byte) bool {
	switch string(said) {
	case "null", `""`, "{}", "[]":
		return true
	}
	return false
}

// AppendMap writes a map as a JSON object, its fields in the order of their names. Its values are plain: truth values, numbers, texts, lists and maps of those, and JSON. The error says
// which is none.
func AppendMap(dst []byte, m map[string]any) ([]byte, error) {
	if m == nil {
		return append(dst, "null"...), nil
	}
	var room [usualFields]string
	names := room[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	var err error
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendJSON(append(AppendString(dst, name), ':'), m[name]); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// usualFields is how many most maps have; those that have more take longer.
const usualFields = 16

// appendJSON writes a value as JSON.
func appendJSON(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return AppendString(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case json.RawMessage:
		return append(dst, v...), nil
	case Markup:
		return AppendString(dst, string(v)), nil
	case Encoder:
		return append(dst, v.Fields()...), nil
	case []any:
		dst = append(dst, '[')
		var err error
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendJSON(dst, item); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		return AppendMap(dst, v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return dst, errors.New("JSON has no such number")
		}
	case Object:
		return dst, errors.New("this value cannot be written whole; name the fields of it that are wanted")
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return dst, fmt.Errorf("the value cannot be written as JSON: %w", err)
	}
	return append(dst, raw...), nil
}

// plainBytes are those that stand for themselves in a JSON string.
var plainBytes = func() (plain [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
	}
	return plain
}()

// AppendString writes a JSON string. Most texts need no escapes and are copied.
func AppendString(dst []byte, text string) []byte {
	for i := range len(text) {
		if !plainBytes[text[i]] {
			raw, _ := json.Marshal(text) // A string always has one.
			return append(dst, raw...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// textOf is a value within a text: texts as they are, numbers and truth values in their usual form, lists and objects as JSON.
func textOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case int:
		return strconv.Itoa(v), nil
	case Markup:
		return string(v), nil
	}
	raw, err := appendJSON(nil, v)
	return string(raw), err
}

func escapeXML(dst []byte, text string) []byte {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // A buffer takes everything.
	return append(dst, b.Bytes()...)
}

// cutTemplate takes a text apart at its ${expressions}; at tells where in the text each source begins. $${ stands for ${ itself.
func cutTemplate(text string) (pieces, sources []string, at []int, err error) {
	var piece strings.Builder
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "$${"):
			piece.WriteString("${")
			i += 3
		case strings.HasPrefix(text[i:], "${"):
			length := closing(text[i+2:])
			if length < 0 {
				return nil, nil, nil, errors.New("a ${ has no } to end it; write $${ for the characters themselves")
			}
			pieces = append(pieces, piece.String())
			piece.Reset()
			sources, at = append(sources, text[i+2:i+2+length]), append(at, i+2)
			i += length + 3
		default:
			piece.WriteByte(text[i])
			i++
		}
	}
	return append(pieces, piece.String()), sources, at, nil
}

// closing finds the brace that ends an expression, past those in texts and pairs within it.
func closing(source string) int {
	depth := 0
	var quote byte
	for i := 0; i < len(source); i++ {
		c := source[i]
		switch {
		case quote != 0:
			if c == '\\' && quote != '`' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '{':
			depth++
		case c == '}' && depth == 0:
			return i
		case c == '}':
			depth--
		}
	}
	return -1
}
