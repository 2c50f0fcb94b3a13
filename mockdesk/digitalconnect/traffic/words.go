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
	return fmt.Sprintf("%s: expected %s, found %s", dotted(semantic.JSONPointer), wanted(semantic.GoType), found(semantic.JSONKind))
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
		return "a whole number"
	case reflect.Float64:
		return "a number"
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
		return "a number"
	case 't', 'f':
		return "true or false"
	case '[':
		return "a list"
	case '{':
		return "an object"
	}
	return "null"
}
