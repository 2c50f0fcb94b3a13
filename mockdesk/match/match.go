// Package match finds entries of a journal by expressions of github.com/expr-lang/expr, such as `kind == "frame" && data.body.text contains "refund"`, and explains of entries that
// do not match what is missing. Expressions are bounded in size and work, and reach nothing but the entry.
package match

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"deskcheck/mockdesk/journal"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// The bounds of an expression, so that nobody can keep the desk busy with one: its length in bytes, its parts, and how deep loops over lists may stand in each other.
const (
	MostBytes = 4096
	mostNodes = 300
	mostLoops = 2
)

// NearMissCount is how many entries Closest tells of.
const NearMissCount = 3

// subject is what an expression sees.
type subject struct {
	Seq          int    `expr:"seq"`
	Kind         string `expr:"kind"`
	From         string `expr:"from"`
	To           string `expr:"to"`
	Name         string `expr:"name"`
	Note         string `expr:"note"`
	Ref          int    `expr:"ref"`
	Conversation string `expr:"conversation"`
	Requirement  string `expr:"requirement"`
	Data         any    `expr:"data"`
}

func subjectOf(e journal.Entry) subject {
	s := subject{
		Seq: e.Seq, Kind: string(e.Kind), From: string(e.From), To: string(e.To), Name: e.Name, Note: e.Note, Ref: e.Ref, Conversation: e.Conversation, Requirement: e.Requirement,
	}
	if len(e.Data) > 0 {
		// Data that is no JSON is not there: conditions on it fail and say so.
		_ = json.Unmarshal(e.Data, &s.Data)
	}
	return s
}

// SyntaxError says where an expression is wrong.
type SyntaxError struct {
	// Line and Column are from 1.
	Line, Column int
	// Message says what is wrong, without the place.
	Message string
}

// Error returns the place and what is wrong.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("the expression is wrong at line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Expression is a compiled expression. It may be used by many goroutines.
type Expression struct {
	source     string
	program    *vm.Program
	conditions []condition
}

// condition is one of the parts that must all hold, with the terms that it speaks of.
type condition struct {
	source  string
	program *vm.Program
	terms   []term
}

type term struct {
	source  string
	program *vm.Program
}

// Compile compiles an expression. Its error is a *SyntaxError.
func Compile(source string) (*Expression, error) {
	if len(source) > MostBytes {
		return nil, &SyntaxError{1, 1, fmt.Sprintf("it has more than %d bytes", MostBytes)}
	}
	program, err := compile(source, expr.AsBool())
	if err != nil {
		return nil, err
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, located(err)
	}
	if err := bounded(source, tree.Node); err != nil {
		return nil, err
	}
	x := &Expression{source: source, program: program}
	for _, node := range conjuncts(tree.Node) {
		c := condition{source: node.String()}
		if c.program, err = compile(c.source, expr.AsBool()); err != nil {
			return nil, fmt.Errorf("compile the part %s of the expression: %w", c.source, err)
		}
		for _, t := range termsOf(node) {
			if program, err := compile(t); err == nil {
				c.terms = append(c.terms, term{t, program})
			}
		}
		x.conditions = append(x.conditions, c)
	}
	return x, nil
}

func compile(source string, options ...expr.Option) (*vm.Program, error) {
	program, err := expr.Compile(source, append(options, expr.Env(subject{}), expr.MaxNodes(mostNodes))...)
	if err != nil {
		return nil, located(err)
	}
	return program, nil
}

func located(err error) error {
	if at, ok := errors.AsType[*file.Error](err); ok {
		return &SyntaxError{max(at.Line, 1), at.Column + 1, at.Message}
	}
	return &SyntaxError{1, 1, err.Error()}
}

// bounded refuses what could keep the desk busy.
func bounded(source string, tree ast.Node) error {
	var wrong error
	refuse := func(n ast.Node, message string) {
		if wrong == nil {
			before := []rune(source)[:n.Location().From]
			line := strings.Count(string(before), "\n")
			wrong = &SyntaxError{line + 1, len(before) - strings.LastIndex(string(before), "\n"), message}
		}
	}
	ast.Walk(&tree, visitor(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.BinaryNode:
			if n.Operator == ".." {
				refuse(n, "ranges are not allowed")
			}
		case *ast.BuiltinNode:
			if n.Name == "repeat" || n.Name == "now" {
				refuse(n, n.Name+" is not allowed")
			}
		}
	}))
	if loopsBeyond(tree, mostLoops) {
		refuse(tree, fmt.Sprintf("loops over lists stand more than %d deep in each other", mostLoops))
	}
	return wrong
}

// loopsBeyond says whether predicates, which are what loops run, stand deeper in each other than allowed.
func loopsBeyond(node ast.Node, allowed int) bool {
	beyond := false
	ast.Walk(&node, visitor(func(n ast.Node) {
		if p, ok := n.(*ast.PredicateNode); ok && !beyond {
			beyond = allowed == 0 || loopsBeyond(p.Node, allowed-1)
		}
	}))
	return beyond
}

type visitor func(ast.Node)

// Visit implements ast.Visitor.
func (v visitor) Visit(node *ast.Node) { v(*node) }

// conjuncts are the parts of an expression that must all hold.
func conjuncts(node ast.Node) []ast.Node {
	if n, ok := node.(*ast.BinaryNode); ok && (n.Operator == "&&" || n.Operator == "and") {
		return append(conjuncts(n.Left), conjuncts(n.Right)...)
	}
	return []ast.Node{node}
}

// termsOf are the parts of a condition that stand for something of the entry, such as data.body.text, the whole of each and in their order.
func termsOf(node ast.Node) []string {
	var found []string
	add := func(n ast.Node) {
		if s := n.String(); !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	var walk func(ast.Node)
	walk = func(n ast.Node) {
		switch n := n.(type) {
		case *ast.MemberNode, *ast.ChainNode, *ast.IdentifierNode:
			add(n)
		case *ast.PredicateNode, *ast.ConstantNode:
		case *ast.BinaryNode:
			walk(n.Left)
			walk(n.Right)
		case *ast.UnaryNode:
			walk(n.Node)
		case *ast.CallNode:
			for _, a := range n.Arguments {
				walk(a)
			}
		case *ast.BuiltinNode:
			for _, a := range n.Arguments {
				walk(a)
			}
		case *ast.ConditionalNode:
			walk(n.Cond)
			walk(n.Exp1)
			walk(n.Exp2)
		}
	}
	walk(node)
	return found
}

// String is the expression as it was written.
func (x *Expression) String() string { return x.source }

// Matches says whether the entry matches. One on which the expression cannot be evaluated, such as data.text of an entry without data, does not.
func (x *Expression) Matches(e journal.Entry) bool { return holds(x.program, subjectOf(e)) == nil }

var errDoesNotHold = errors.New("it does not hold")

// holds returns nil if the condition holds, errDoesNotHold if it does not, and another error if it cannot be evaluated.
func holds(program *vm.Program, s subject) error {
	result, err := expr.Run(program, s)
	if err != nil {
		return err
	}
	if result != true {
		return errDoesNotHold
	}
	return nil
}

// NearMiss is an entry that does not match, and why.
type NearMiss struct {
	// Entry is the one that came close.
	Entry journal.Entry
	// Held is how many conditions of the expression it meets, Of how many there are.
	Held, Of int
	// Failed are the conditions that it does not meet.
	Failed []Failed
}

// Failed is a condition that an entry does not meet.
type Failed struct {
	// Condition is the part of the expression.
	Condition string
	// Found are the things that it speaks of, with their values.
	Found []Found
	// Error says why it could not be evaluated, empty if it could.
	Error string
}

// Found is a part of an entry and its value there.
type Found struct {
	// Term is the part as the expression names it.
	Term string
	// Value is a JSON value; Missing says that there is none.
	Value   any
	Missing bool
}

// Closest returns the entries that meet most of the conditions without matching, at most NearMissCount of them, the closest first and the newest of those alike. Entries that meet none are
// not close.
func (x *Expression) Closest(entries []journal.Entry) []NearMiss {
	type scored struct{ index, held int }
	var best []scored
	for i, e := range slices.Backward(entries) {
		s := subjectOf(e)
		held := 0
		for _, c := range x.conditions {
			if holds(c.program, s) == nil {
				held++
			}
		}
		if held == 0 || held == len(x.conditions) {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, held, func(b scored, held int) int {
			if b.held >= held {
				return -1
			}
			return 1
		})
		if at < NearMissCount {
			best = slices.Insert(best, at, scored{i, held})
			best = best[:min(len(best), NearMissCount)]
		}
	}
	var all []NearMiss
	for _, b := range best {
		all = append(all, x.explain(entries[b.index], b.held))
	}
	return all
}

func (x *Expression) explain(e journal.Entry, held int) NearMiss {
	near := NearMiss{Entry: e, Held: held, Of: len(x.conditions)}
	s := subjectOf(e)
	for _, c := range x.conditions {
		err := holds(c.program, s)
		if err == nil {
			continue
		}
		f := Failed{Condition: c.source}
		if !errors.Is(err, errDoesNotHold) {
			f.Error = firstLine(err)
		}
		for _, t := range c.terms {
			value, err := expr.Run(t.program, s)
			f.Found = append(f.Found, Found{Term: t.source, Value: value, Missing: err != nil || value == nil})
		}
		near.Failed = append(near.Failed, f)
	}
	return near
}

// firstLine is an error of the expression library without the source that it repeats.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// String says in a sentence what came close and how it differed.
func (n NearMiss) String() string {
	var parts []string
	for _, f := range n.Failed {
		var found []string
		for _, t := range f.Found {
			found = append(found, t.String())
		}
		part := f.Condition + " does not hold"
		if len(found) > 0 {
			part += ": " + strings.Join(found, ", ")
		}
		parts = append(parts, part)
	}
	return fmt.Sprintf("#%d (%s %s), which meets %d of %d conditions: %s", n.Entry.Seq, n.Entry.Kind, n.Entry.Name, n.Held, n.Of, strings.Join(parts, "; "))
}

// String words the value.
func (f Found) String() string {
	if f.Missing {
		return f.Term + " is missing"
	}
	raw := []rune(string(journal.Payload(f.Value)))
	if len(raw) > 200 {
		raw = append(raw[:200], '…')
	}
	return f.Term + " is " + string(raw)
}
