package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// FieldError is a mistake in one field of a fault, a schedule, a scope, a rule, a chaos, or a list of rules.
type FieldError struct {
	// Field is the path of the field, such as status, scope.on or [2].fault.kind; empty is the whole.
	Field string
	// Err says what is wrong and what would be right.
	Err error
}

// Error returns the path of the field and what is wrong with it.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Err.Error()
	}
	return e.Field + ": " + e.Err.Error()
}

// Unwrap returns the error below, for errors.Is and errors.As.
func (e *FieldError) Unwrap() error { return e.Err }

// wrong makes a FieldError; a field of "" is the whole.
func wrong(field, format string, args ...any) error {
	return &FieldError{Field: field, Err: fmt.Errorf(format, args...)}
}

// below puts the path of a field in front of the path of an error from within it.
func below(field string, err error) error {
	if err == nil {
		return nil
	}
	inner, ok := errors.AsType[*FieldError](err)
	switch {
	case !ok:
		return &FieldError{Field: field, Err: err}
	case inner.Field == "":
		return &FieldError{Field: field, Err: inner.Err}
	case strings.HasPrefix(inner.Field, "["):
		return &FieldError{Field: field + inner.Field, Err: inner.Err}
	}
	return &FieldError{Field: field + "." + inner.Field, Err: inner.Err}
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		raw, err := json.Marshal(m.value)
		if err != nil {
			return nil, wrong(m.name, "cannot be written: %w", err)
		}
		fmt.Fprintf(&b, "%q:", m.name)
		b.Write(raw)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// members are those of a JSON object that is being read; what take has taken is no longer there.
type members map[string]json.RawMessage

func membersOf(data []byte) (members, error) {
	var m members
	if err := json.Unmarshal(data, &m); err != nil || m == nil {
		return nil, wrong("", "must be an object with fields, not %s", shown(data))
	}
	return m, nil
}

// take reads the member into what v points to; one that is not there leaves it as it is.
func (m members) take(name string, v any) error {
	raw, there := m[name]
	if !there {
		return nil
	}
	delete(m, name)
	err := json.Unmarshal(raw, v)
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return wrong(name, "must be %s, not %s", typeName(mismatch.Type.Kind().String()), shown(raw))
	}
	return below(name, err)
}

// first is the name of a member that was not taken, the first by the alphabet, and whether there is one.
func (m members) first() (string, bool) {
	if len(m) == 0 {
		return "", false
	}
	return slices.Sorted(maps.Keys(m))[0], true
}

// nothingElse refuses what was not taken.
func (m members) nothingElse(what string, has ...string) error {
	name, left := m.first()
	if !left {
		return nil
	}
	return wrong(name, "%s has no such field; it has %s", what, quoted(has))
}

func typeName(kind string) string {
	switch kind {
	case "int":
		return "a whole number"
	case "string":
		return "text"
	case "bool":
		return "true or false"
	case "slice":
		return "a list"
	case "float64":
		return "a number"
	case "uint64":
		return "a whole number from 0"
	}
	return "something else"
}

// shown is the beginning of what was found in place of what was expected.
func shown(raw []byte) string {
	const most = 40
	text := strings.TrimSpace(string(raw))
	if text == "" {
		return "nothing"
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// duration is a time.Duration as files write it: 5s, 250ms, 1m30s.
type duration time.Duration

// MarshalJSON writes the text form.
func (d duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads the text form.
func (d *duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return wrong("", "must be a time with its unit such as 5s or 250ms, not %s", shown(data))
	}
	read, err := parseDuration(text)
	if err != nil {
		return err
	}
	*d = duration(read)
	return nil
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, wrong("", "must be a time above zero with its unit such as 5s or 250ms, not %q", text)
	}
	return d, nil
}

func toYAML(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return yaml.JSONToYAML(raw)
}

func fromYAML(data []byte, v json.Unmarshaler) error {
	raw, err := yaml.YAMLToJSON(data)
	if err != nil {
		return wrong("", "is no YAML: %w", err)
	}
	return v.UnmarshalJSON(bytes.TrimSpace(raw))
}
