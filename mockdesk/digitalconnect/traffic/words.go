package traffic

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The kinds of values that one word does not tell apart.
const (
	aNumber      = "a number"
	aWholeNumber = "a whole number"
)

// typeProblem words a value of the wrong kind, with the path of its field.
func typeProblem(err error) string {
	if syntax, is := errors.AsType[*jsontext.SyntacticError](err); is {
		return fmt.Sprintf("%s: %v", dotted(syntax.JSONPointer), plainly(syntax))
	}
	semantic, is := errors.AsType[*json.SemanticError](err)
	switch {
	case !is:
		return ": " + err.Error()
	case semantic.Err != nil && !errors.Is(semantic.Err, strconv.ErrRange) && !errors.Is(semantic.Err, strconv.ErrSyntax):
		return fmt.Sprintf("%s: %v", dotted(semantic.JSONPointer), semantic.Err)
	}
	there, expected := found(semantic.JSONKind), wanted(semantic.GoType)
	if there == aNumber && (expected == aNumber || expected == aWholeNumber) {
		there = "one that is too large, or not whole"
	}
	return fmt.Sprintf("%s: expected %s, found %s", dotted(semantic.JSONPointer), expected, there)
}

// dotted is the path of a field as people write it.
func dotted(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		b.WriteString("." + token)
	}
	return b.String()
}

// wanted words the kind of value that a type takes.
func wanted(t reflect.Type) string {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return "another value"
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Int, reflect.Int64:
		return aWholeNumber
	case reflect.Float64:
		return aNumber
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}

// found words the kind of a value that is there.
func found(k jsontext.Kind) string {
	switch k {
	case '"':
		return "a text"
	case '0':
		return aNumber
	case 't', 'f':
		return "true or false"
	case '[':
		return "a list"
	case '{':
		return "an object"
	}
	return "null"
}
