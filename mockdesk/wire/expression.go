package wire

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
	strict "github.com/go-json-experiment/json"

	"deskcheck/fixtures/document"
)

const (
	// longestExpression bounds the source of one expression, in bytes.
	longestExpression = 4 << 10
	// longestText bounds a text that an expression makes, in bytes.
	longestText = 16 << 20

	budgetName = "_budget"
	fieldName  = "_field"
	stepName   = "_step"
)

// forbidden are the functions of the expression language that read the machine's clock or files, or can make much of little.
var forbidden = []string{"now", "date", "timezone", "repeat", "reduce", "replace", "toJSON", "fromJSON"}

// expression is a compiled expression. A plain path, such as body.user.name, is followed directly, also where it is compared with a text; everything else runs on the library's machine.
type expression struct {
	source string
	path   []any
	head   string
	holder string
	// word is what the value is compared with, nil if it is wanted itself.
	word *string
	code *vm.Program
}

// machines are kept between expressions: a new one costs more than most expressions do.
var machines = sync.Pool{New: func() any { return &vm.VM{} }}

// hiddenName is how the values begin that expressions are rewritten with, and that nobody names.
var hiddenName = regexp.MustCompile(`\b_(budget|field|step|clock|request)\b`)

// compileExpression compiles a source that may name the given values. Its error is a sentence; at is where in the source it is, from 0.
func compileExpression(source string, names terms) (e *expression, at int, err error) {
	if len(source) > longestExpression {
		return nil, 0, fmt.Errorf("the expression is longer than %d bytes; split it with let", longestExpression)
	}
	if hidden := hiddenName.FindString(source); hidden != "" {
		return nil, 0, fmt.Errorf("there is no value %q here", hidden)
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, columnOf(err), errors.New(messageOf(err))
	}
	if at, err := names.check(tree.Node); err != nil {
		return nil, at, err
	}
	node, word := comparison(tree.Node)
	if head, path, plain := plainPath(node); plain {
		if !slices.Contains(names.list, head) {
			return nil, 0, unknownName(head, names.list)
		}
		return &expression{source: source, head: head, holder: holders[head], path: path, word: word}, 0, nil
	}
	known := types.Map{budgetName: types.Any, clockName: types.Any, requestName: types.Any}
	for _, name := range names.list {
		known[name] = types.Any
	}
	guard := &guard{names: names.list}
	options := append([]expr.Option{expr.Env(known), expr.Patch(guard)}, functions...)
	code, err := expr.Compile(source, options...)
	if guard.err != nil {
		return nil, guard.at, guard.err
	}
	if err != nil {
		return nil, columnOf(err), errors.New(messageOf(err))
	}
	return &expression{source: source, code: code}, 0, nil
}

func unknownName(name string, names []string) error {
	if near, ok := document.Near(name, names); ok {
		return fmt.Errorf("there is no value %q here; did you mean %s?", name, near)
	}
	return fmt.Errorf("there is no value %q here; there are %s", name, strings.Join(names, ", "))
}

func columnOf(err error) int {
	if located, ok := errors.AsType[*file.Error](err); ok {
		return located.From
	}
	return 0
}

func messageOf(err error) string {
	if located, ok := errors.AsType[*file.Error](err); ok {
		return located.Message
	}
	return err.Error()
}

// comparison takes a comparison with a text apart, by which most frames are told from each other; of anything else it gives the whole.
func comparison(node ast.Node) (ast.Node, *string) {
	equals, ok := node.(*ast.BinaryNode)
	if !ok || equals.Operator != "==" {
		return node, nil
	}
	text, ok := equals.Right.(*ast.StringNode)
	if !ok {
		return node, nil
	}
	return equals.Left, &text.Value
}

// plainPath takes an expression that only names a value and fields of it apart.
func plainPath(node ast.Node) (head string, path []any, plain bool) {
	for {
		switch n := node.(type) {
		case *ast.IdentifierNode:
			slices.Reverse(path)
			return n.Value, path, true
		case *ast.ChainNode:
			node = n.Node
		case *ast.MemberNode:
			switch property := n.Property.(type) {
			case *ast.StringNode:
				path = append(path, property.Value)
			case *ast.IntegerNode:
				path = append(path, property.Value)
			default:
				return "", nil, false
			}
			node = n.Node
		default:
			return "", nil, false
		}
	}
}

// guard rewrites an expression: a field of nothing is nothing, and what is done for each item of a list is counted. It refuses what could run or grow without end.
type guard struct {
	names []string
	err   error
	at    int
}

// Visit implements ast.Visitor; the nodes below have been visited before.
func (g *guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if !slices.Contains(g.names, n.Value) {
			return // one of ours, a function, or unknown to the compiler too
		}
		if holder := holders[n.Value]; holder != "" {
			ast.Patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: fieldName}, Arguments: []ast.Node{&ast.IdentifierNode{Value: holder}, &ast.StringNode{Value: n.Value}}})
		}
	case *ast.MemberNode:
		ast.Patch(node, &ast.CallNode{Callee: &ast.IdentifierNode{Value: fieldName}, Arguments: []ast.Node{n.Node, n.Property}})
	case *ast.PredicateNode:
		n.Node = &ast.CallNode{Callee: &ast.IdentifierNode{Value: stepName}, Arguments: []ast.Node{&ast.IdentifierNode{Value: budgetName}, n.Node}}
	case *ast.CallNode:
		if _, named := n.Callee.(*ast.IdentifierNode); !named {
			g.refuse(n, "only the functions of the guide can be called, and values have none")
		}
	case *ast.VariableDeclaratorNode:
		g.refuse(n, "let within an expression is not allowed; use the key let")
	case *ast.BinaryNode:
		if n.Operator == ".." {
			g.refuse(n, "ranges are not allowed")
		}
	}
}

func (g *guard) refuse(n ast.Node, why string) {
	if g.err == nil {
		g.err, g.at = errors.New(why), n.Location().From
	}
}

// run evaluates the expression; errors are sentences.
func (e *expression) run(s *Scope) (any, error) {
	if e.code == nil {
		var v any
		if e.holder == "" {
			v = s.Get(e.head)
		} else {
			v = s.held(e.holder, e.head)
		}
		for _, key := range e.path {
			v = at(v, key)
		}
		if e.word != nil {
			text, ok := v.(string)
			return ok && text == *e.word, nil
		}
		return v, nil
	}
	machine, _ := machines.Get().(*vm.VM) // The pool holds nothing else.
	v, err := machine.Run(e.code, s.environment())
	machines.Put(machine)
	if err != nil {
		return nil, errors.New(messageOf(err))
	}
	if text, ok := v.(string); ok && len(text) > longestText {
		return nil, fmt.Errorf("the text has %d bytes, more than %d", len(text), longestText)
	}
	return v, nil
}

// label names where a value comes from in the words of whoever sent it, such as field "text"; fallback is what the meaning calls it.
func (e *expression) label(fallback string) string {
	var words []string
	for _, key := range e.path {
		words = append(words, fmt.Sprint(key))
	}
	name := strings.Join(words, ".")
	if e.code != nil || e.word != nil || name == "" {
		return fmt.Sprintf("value %q", fallback)
	}
	switch e.head {
	case "query":
		return fmt.Sprintf("parameter %q", name)
	case "path":
		return fmt.Sprintf("%q in the path", name)
	case "header", "cookie":
		return fmt.Sprintf("%s %q", e.head, name)
	}
	return fmt.Sprintf("field %q", name)
}

// functions is what expressions can do beside the operators and functions of the language.
var functions = append(disabled(),
	expr.Function(fieldName, func(params ...any) (any, error) { return at(params[0], params[1]), nil }, new(func(any, any) any)),
	expr.Function(stepName, func(params ...any) (any, error) { return step(params[0], params[1]) }, new(func(any, any) any)),
	function("json", func(v any) (any, error) {
		raw, err := appendJSON(nil, v)
		return string(raw), err
	}),
	function("parse", func(v any) (any, error) {
		text, ok := v.(string)
		if !ok {
			return nil, errors.New("parse takes a text that holds JSON")
		}
		return parseJSON([]byte(text))
	}),
	function("blank", func(v any) (any, error) {
		text, ok := v.(string)
		return !ok || strings.TrimSpace(text) == "", nil
	}),
	function("random", func(v any) (any, error) {
		n, ok := v.(int)
		if !ok || n < 1 || n > 64 {
			return nil, errors.New("random takes a number of bytes from 1 to 64")
		}
		return random(n), nil
	}),
	function("urlencode", func(v any) (any, error) { return url.QueryEscape(fmt.Sprint(v)), nil }),
	expr.Function("replace", func(params ...any) (any, error) {
		text, _ := params[0].(string)
		before, _ := params[1].(string)
		after, _ := params[2].(string)
		if before == "" || len(text)/len(before)*len(after) > longestText {
			return nil, errors.New("replace takes a text that is not empty, and makes none of more than 16 MiB")
		}
		return strings.ReplaceAll(text, before, after), nil
	}, new(func(string, string, string) string)),
	expr.Function("moment", func(params ...any) (any, error) {
		ms, ok := params[0].(int)
		layout, _ := params[1].(string)
		if !ok || len(layout) > 100 {
			return nil, errors.New("moment takes milliseconds since 1970 and a layout of Go, such as 2006-01-02")
		}
		return time.UnixMilli(int64(ms)).UTC().Format(layout), nil
	}, new(func(any, string) string)),
)

func function(name string, f func(any) (any, error)) expr.Option {
	return expr.Function(name, func(params ...any) (any, error) { return f(params[0]) }, new(func(any) any))
}

func disabled() []expr.Option {
	options := make([]expr.Option, 0, len(forbidden))
	for _, name := range forbidden {
		options = append(options, expr.DisableBuiltin(name))
	}
	return options
}

// random is as much as that of nobody's guessing, in hexadecimal.
func random(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// step counts a value that was made for an item of a list.
func step(budget, v any) (any, error) {
	left, _ := budget.(*int)
	if left == nil {
		return v, nil
	}
	*left--
	if text, ok := v.(string); ok {
		*left -= len(text)
	}
	if *left < 0 {
		return nil, fmt.Errorf("the expressions do more than %d steps", mostWork)
	}
	return v, nil
}

// parseJSON reads one JSON value. Whole numbers stay whole; those that no type can hold stay as they were written.
func parseJSON(raw []byte) (any, error) {
	var v any
	if !longNumber(raw) {
		// This takes half the time, and nothing but what all agree on. The desk is as generous as most are: of a name that is there twice the last one counts, and broken UTF-8 is made whole.
		if strict.Unmarshal(raw, &v) == nil {
			return settle(v), nil
		}
		v = nil
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, notJSON(raw, err)
		}
		return settle(v), nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return nil, notJSON(raw, err)
	}
	if decoder.InputOffset() < int64(len(bytes.TrimRight(raw, jsonSpace))) {
		return nil, errFollows
	}
	return settle(v), nil
}

var errFollows = errors.New("something follows the JSON value")

// longNumber finds numbers that a float64 may not hold. What only looks like one, within a text, does no harm. It is asked of every frame.
func longNumber(raw []byte) bool {
	digits := 0
	for _, c := range raw {
		switch {
		case c >= '0' && c <= '9', c == '.' && digits > 0:
			digits++
		case (c == 'e' || c == 'E') && digits > 0:
			return true
		default:
			digits = 0
		}
		if digits > 15 {
			return true
		}
	}
	return false
}

// notJSON says what is wrong with a text that is not one JSON value.
func notJSON(raw []byte, err error) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	var first json.RawMessage
	if decoder.Decode(&first) == nil {
		return errFollows
	}
	return fmt.Errorf("it is not JSON: %w", err)
}

// settle gives numbers types to calculate with.
func settle(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = settle(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = settle(inner)
		}
	case float64:
		if n := int(v); float64(n) == v && math.Abs(v) < 1<<53 {
			return n
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		if f, err := v.Float64(); err == nil && strings.ContainsAny(v.String(), ".eE") {
			return f
		}
	}
	return v
}
