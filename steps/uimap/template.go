package uimap

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"deskcheck/fixtures/document"
)

// template is a text with placeholders: literals alternate with names, and begin and end it.
type template struct {
	literals []string
	names    []string
}

// quantifier is what may stand in the braces of a regular expression.
var quantifier = regexp.MustCompile(`^\d+(,\d*)?$`)

// parseTemplate reads a text in which {name} is filled in for each use, and {{ and }} are braces. In a pattern, braces around numbers are left as they are. known are the
// names that may be used; the error says which is meant.
func parseTemplate(text string, pattern bool, known []string) (template, error) {
	var t template
	var literal strings.Builder
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, "{{"), strings.HasPrefix(rest, "}}"):
			literal.WriteByte(text[i])
			i++
		case text[i] == '}' && !pattern:
			return t, errors.New("a brace without its opening one; }} is a brace as such")
		case text[i] == '{':
			end := strings.IndexByte(rest, '}')
			if end < 0 {
				return t, errors.New("a brace that is not closed; {{ is a brace as such")
			}
			name := rest[1:end]
			switch {
			case pattern && quantifier.MatchString(name):
				literal.WriteString(rest[:end+1])
			case slices.Contains(known, name):
				t.literals, t.names = append(t.literals, literal.String()), append(t.names, name)
				literal.Reset()
			default:
				return t, unknownName(name, known)
			}
			i += end
		default:
			literal.WriteByte(text[i])
		}
	}
	t.literals = append(t.literals, literal.String())
	return t, nil
}

// unknownName says of a placeholder that it is not filled in here.
func unknownName(name string, known []string) error {
	problem := fmt.Sprintf("{%s} is not filled in here; what is: {%s}", name, strings.Join(known, "}, {"))
	if near, ok := document.Near(name, known); ok {
		problem += fmt.Sprintf("; did you mean {%s}?", near)
	}
	return errors.New(problem)
}

// fill puts values in place of the names, each escaped for where it stands. What a value says is not looked at again: braces in it are braces.
func (t template) fill(values map[string]string, escape func(string) string) (string, error) {
	var b strings.Builder
	for i, name := range t.names {
		value, given := values[name]
		if !given && !slices.Contains(optional, name) {
			return "", fmt.Errorf("no value was given for {%s}", name)
		}
		b.WriteString(t.literals[i])
		b.WriteString(escape(value))
	}
	b.WriteString(t.literals[len(t.literals)-1])
	return b.String(), nil
}

// isBlank says whether a template is nothing but placeholders that may be empty, and are.
func (t template) isBlank(values map[string]string) bool {
	for _, name := range t.names {
		if !slices.Contains(optional, name) || values[name] != "" {
			return false
		}
	}
	return len(t.names) > 0 && strings.TrimSpace(strings.Join(t.literals, "")) == ""
}

func asIs(text string) string { return text }

// escapeCSS makes a text stand for itself in a selector, in quotes or without: whatever is no letter or digit is written by its number.
func escapeCSS(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '-' && i > 0, r > 0x7f, r >= '0' && r <= '9' && i > 0:
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "\\%x ", r)
		}
	}
	return b.String()
}

// escapePattern makes a text stand for itself in a regular expression of JavaScript.
func escapePattern(text string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(text), "/", `\/`)
}
