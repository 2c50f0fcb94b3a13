package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Rule is one entry of a plan: what goes wrong, when, and where. In JSON and YAML it is an object such as
// {"fault": {"kind": "status", "status": 503}, "schedule": "next 2", "scope": {"operation": "message"}}; schedule and scope may be left out.
type Rule struct {
	Fault    Fault    `json:"fault"`
	Schedule Schedule `json:"schedule"`
	Scope    Scope    `json:"scope"`
}

// Validate checks that the rule can be played. Its error is a *FieldError.
func (r Rule) Validate() error {
	if err := r.Fault.Validate(); err != nil {
		return below("fault", err)
	}
	if err := r.Schedule.Validate(); err != nil {
		return below("schedule", err)
	}
	return below("scope", r.Scope.validate(r.Fault.Kind))
}

// String says the rule for a person: "answer 503, next 2, on message".
func (r Rule) String() string { return fmt.Sprintf("%s, %s, %s", r.Fault, r.Schedule, r.Scope) }

// UnmarshalJSON reads a rule and validates it. Its error is a *FieldError.
func (r *Rule) UnmarshalJSON(data []byte) error {
	raw, err := membersOf(data)
	if err != nil {
		return err
	}
	if _, there := raw["fault"]; !there {
		return wrong("fault", `is missing; it is an object such as {"kind": "hang"}`)
	}
	var read Rule
	for _, m := range []member{{"fault", &read.Fault}, {"schedule", &read.Schedule}, {"scope", &read.Scope}} {
		if err := raw.take(m.name, m.value); err != nil {
			return err
		}
	}
	if err := raw.nothingElse("a rule", "fault", "schedule", "scope"); err != nil {
		return err
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*r = read
	return nil
}

// Rules are several rules in an order.
type Rules []Rule

// UnmarshalJSON reads a list of rules and validates it. Its error is a *FieldError whose path begins with the place in the list, from 0.
func (r *Rules) UnmarshalJSON(data []byte) error {
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return wrong("", "must be a list of rules, not %s", shown(data))
	}
	read := make(Rules, len(raw))
	for i, one := range raw {
		if err := read[i].UnmarshalJSON(one); err != nil {
			return below(fmt.Sprintf("[%d]", i), err)
		}
	}
	*r = read
	return nil
}

// MarshalYAML writes what MarshalJSON writes, as YAML.
func (r Rule) MarshalYAML() ([]byte, error) { return toYAML(r) }

// UnmarshalYAML reads what UnmarshalJSON reads, as YAML.
func (r *Rule) UnmarshalYAML(data []byte) error { return fromYAML(data, r) }

// ParseRules reads a list of rules, as YAML or JSON. The error names the file as it is given here, the line, and the field.
func ParseRules(file string, source []byte) ([]Rule, error) {
	tree, body, err := parseOne(file, source, "rules are one document, a list")
	if err != nil {
		return nil, err
	}
	list, ok := body.(*ast.SequenceNode)
	if !ok {
		return nil, fmt.Errorf("%s:1: rules are a list of objects, each with a fault, a schedule and a scope", file)
	}
	var rules []Rule
	for i, node := range list.Values {
		var r Rule
		if err := r.UnmarshalYAML([]byte(node.String())); err != nil {
			return nil, located(file, tree, node, below(fmt.Sprintf("[%d]", i), err))
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// parseOne reads a file that is one document without aliases, and gives its body beside the whole, nil for one that is empty.
func parseOne(file string, source []byte, expected string) (*ast.File, ast.Node, error) {
	tree, err := parser.ParseBytes(source, 0)
	if err != nil {
		if positioned, ok := errors.AsType[yaml.Error](err); ok && positioned.GetToken() != nil {
			at := positioned.GetToken().Position
			return nil, nil, fmt.Errorf("%s:%d:%d: %s", file, at.Line, at.Column, positioned.GetMessage())
		}
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(tree.Docs) != 1 {
		return nil, nil, fmt.Errorf("%s: there are %d documents; %s", file, len(tree.Docs), expected)
	}
	body := tree.Docs[0].Body
	if body == nil {
		return tree, nil, nil
	}
	if alias := firstAlias(body); alias != nil {
		at := alias.GetToken().Position
		return nil, nil, fmt.Errorf("%s:%d:%d: aliases are not taken; write out what *%s stands for", file, at.Line, at.Column, alias.Value)
	}
	return tree, body, nil
}

// aliasFinder remembers the first alias that it meets.
type aliasFinder struct{ found *ast.AliasNode }

// Visit looks at one node and goes on below it.
func (a *aliasFinder) Visit(n ast.Node) ast.Visitor {
	if alias, ok := n.(*ast.AliasNode); ok && a.found == nil {
		a.found = alias
	}
	return a
}

// firstAlias is the first alias below the node. A few lines of aliases of aliases stand for more rules than fit into memory.
func firstAlias(n ast.Node) *ast.AliasNode {
	finder := &aliasFinder{}
	ast.Walk(finder, n)
	return finder.found
}

// Locate puts the place of a field in front of what a desk has found wrong with it: in the file of rules, or of chaos, that the desk was given.
func Locate(file string, source []byte, wrong *FieldError) error {
	tree, body, err := parseOne(file, source, "it is one document")
	if err != nil || body == nil {
		return wrong // It was read before, so that this is another file by now.
	}
	return located(file, tree, body, wrong)
}

// located puts the place of the field in front of the error: where the field stands, or the whole if it is not there.
func located(file string, tree *ast.File, whole ast.Node, err error) error {
	at := whole.GetToken().Position
	if wrong, ok := errors.AsType[*FieldError](err); ok {
		below := wrong.Field
		if !strings.HasPrefix(below, "[") {
			below = "." + below
		}
		if path, err := yaml.PathString("$" + below); err == nil {
			if node, err := path.FilterFile(tree); err == nil && node != nil {
				at = node.GetToken().Position
			}
		}
	}
	return fmt.Errorf("%s:%d:%d: %w", file, at.Line, at.Column, err)
}
