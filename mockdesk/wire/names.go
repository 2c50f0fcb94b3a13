package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"deskcheck/fixtures/document"
)

// known is what is known of the fields of a value. Of nil nothing is: any field may be asked of it.
type known struct {
	// what is what messages call a field.
	what string
	// fields are all that there are; each is what is known of the items of a list.
	fields map[string]*known
	each   *known
}

func knownFields(what string, fields ...string) *known {
	k := &known{what: what, fields: map[string]*known{}}
	for _, name := range fields {
		k.fields[name] = nil
	}
	return k
}

// having says what is known of a field's own fields.
func (k *known) having(field string, inner *known) *known {
	k.fields[field] = inner
	return k
}

// miss says that a field is none of those that there are.
func (k *known) miss(field string) error {
	all := slices.Sorted(maps.Keys(k.fields))
	if near, ok := document.Near(field, all); ok {
		return fmt.Errorf("%q is no %s; did you mean %s?", field, k.what, near)
	}
	if len(all) == 0 {
		return fmt.Errorf("%q is no %s; there is none", field, k.what)
	}
	return fmt.Errorf("%q is no %s; there are %s", field, k.what, strings.Join(all, ", "))
}

// What is known of values that are the same in every file.
var (
	ofAgent   = knownFields("field of an agent", "id", "name", "avatarUrl")
	ofAuthor  = knownFields("field of an author", "role", "id", "name")
	ofUploads = knownFields("field of uploads", "allowed", "multiple", "maxBytes", "types", "maxFiles")
	ofUser    = knownFields("field of a user", "name", "id", "session", "locale")

	ofConversation = knownFields("field of conversation", "id", "state", "queue", "cursor", "endedBy", "acknowledged").
			having("agents", &known{what: "field of a list of agents", each: ofAgent}).having("uploads", ofUploads).having("user", ofUser)
	ofRequest = knownFields("field of request", "method", "path", "query")
	ofUpload  = knownFields("field of upload", "name", "type", "size", "sha256")
	ofSocket  = knownFields("field of socket", "number")

	// inEvents has the fields of events that have fields themselves. What is in a line's items depends on their kinds, and on whoever sends them.
	inEvents = map[string]*known{"agent": ofAgent, "from": ofAgent, "to": ofAgent, "author": ofAuthor, "uploads": ofUploads}

	// Of several events, and of several meanings, each field is known that one of them has.
	anyEvent  = eventFields("any event", slices.Concat(slices.Collect(maps.Values(eventTypes))...))
	anyResult = func() *known {
		all := knownFields("field of any result")
		for _, g := range grammars {
			for _, name := range g.result {
				all.fields[name] = nil
			}
		}
		return all
	}()
	// A problem comes of nothing that the desk has done.
	problemResult = knownFields("field of the result of a problem")
)

func eventFields(event string, fields []string) *known {
	k := knownFields("field of "+event, fields...)
	for name := range k.fields {
		k.fields[name] = inEvents[name]
	}
	return k
}

// resultOf is what is known of the result of an outcome.
func resultOf(m Meaning, outcome string) *known {
	if _, problem := status[Problem(outcome)]; problem || outcome == "*" {
		return problemResult
	}
	return knownFields("field of the result of "+string(m), grammars[m].result...)
}

// terms are what an expression can name.
type terms struct {
	list []string
	// fields is what is known of the fields of each, nil where nobody looks for those that cannot be there.
	fields map[string]*known
}

// naming has the names with what is known of them wherever they stand. What depends on a route, an outcome or an event is for those who compile these.
func (c *compiler) naming(list []string) terms {
	if c.taken {
		return terms{list: list}
	}
	return terms{list, map[string]*known{
		"request": ofRequest, "upload": ofUpload, "socket": ofSocket, "conversation": ofConversation, "path": c.params, "values": knownFields("kept value", c.keeps...),
	}}
}

// and has further names, each once.
func (n terms) and(more ...string) terms {
	n.list = slices.Clone(n.list)
	for _, name := range more {
		if !slices.Contains(n.list, name) {
			n.list = append(n.list, name)
		}
	}
	return n
}

// knowing has more known of a name.
func (n terms) knowing(name string, k *known) terms {
	if n.fields == nil {
		return n
	}
	n.fields = maps.Clone(n.fields)
	n.fields[name] = k
	return n
}

// clone is for bind to change.
func (n terms) clone() terms { return terms{slices.Clone(n.list), maps.Clone(n.fields)} }

// bind adds a name of the file's own. It hides what else has the name, and nothing is known of it.
func (n *terms) bind(name string) {
	n.list = append(n.list, name)
	delete(n.fields, name)
}

// shared has what is known in a shape. Several routes and events may say it, so that each may leave out what another one has.
func (n terms) shared(c *compiler) terms {
	n.fields = maps.Clone(n.fields)
	for name, wide := range map[string]*known{"path": c.params, "result": anyResult, "event": anyEvent} {
		if n.fields[name] != nil {
			n.fields[name] = wide
		}
	}
	return n
}

// check says whether an expression asks for a field that cannot be there; at is where in the source.
func (n terms) check(tree ast.Node) (at int, err error) {
	r := &reader{names: n, items: map[*ast.PointerNode]*known{}}
	ast.Walk(&tree, &pointers{r})
	ast.Walk(&tree, r)
	return r.at, r.err
}

// reader looks up the fields that an expression names.
type reader struct {
	names terms
	// items is what is known of the items of lists, where an expression does something for each.
	items map[*ast.PointerNode]*known
	err   error
	at    int
}

// Visit implements ast.Visitor.
func (r *reader) Visit(node *ast.Node) {
	member, ok := (*node).(*ast.MemberNode)
	if !ok || r.err != nil {
		return
	}
	field, ok := member.Property.(*ast.StringNode)
	if !ok {
		return // What is computed is known when it is.
	}
	k := r.known(member.Node)
	if k == nil {
		return
	}
	if _, has := k.fields[field.Value]; !has {
		r.err, r.at = k.miss(field.Value), field.Location().From
	}
}

// known is what is known of the value of an expression.
func (r *reader) known(node ast.Node) *known {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		if slices.Contains(r.names.list, n.Value) { // What is not has a message of its own.
			return r.names.fields[n.Value]
		}
	case *ast.PointerNode:
		return r.items[n]
	case *ast.ChainNode:
		return r.known(n.Node)
	case *ast.MemberNode:
		k := r.known(n.Node)
		if k == nil {
			return nil
		}
		if field, ok := n.Property.(*ast.StringNode); ok {
			return k.fields[field.Value]
		}
		return k.each
	case *ast.BinaryNode:
		// What stands in for nothing is a list or an object with nothing in it, as a rule, and has no other fields then.
		if n.Operator == "??" && isEmpty(n.Right) {
			return r.known(n.Left)
		}
	case *ast.BuiltinNode:
		switch n.Name {
		case "filter":
			return r.known(n.Arguments[0])
		case "find", "findLast":
			if list := r.known(n.Arguments[0]); list != nil {
				return list.each
			}
		}
	}
	return nil
}

// isEmpty says whether an expression is a list or an object with nothing in it, or nil.
func isEmpty(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.NilNode:
		return true
	case *ast.ArrayNode:
		return len(n.Nodes) == 0
	case *ast.MapNode:
		return len(n.Pairs) == 0
	}
	return false
}

// pointers finds out what the items are for each of which something is done. Those of a list within another are visited before, and stay as they were found.
type pointers struct{ *reader }

// Visit implements ast.Visitor.
func (p *pointers) Visit(node *ast.Node) {
	does, ok := (*node).(*ast.BuiltinNode)
	if !ok || len(does.Arguments) < 2 {
		return
	}
	each, ok := does.Arguments[1].(*ast.PredicateNode)
	if !ok {
		return
	}
	var item *known
	if list := p.known(does.Arguments[0]); list != nil {
		item = list.each
	}
	ast.Walk(&each.Node, marker{p.items, item})
}

// marker notes what is known of the items that an expression speaks of.
type marker struct {
	items map[*ast.PointerNode]*known
	item  *known
}

// Visit implements ast.Visitor.
func (m marker) Visit(node *ast.Node) {
	pointer, ok := (*node).(*ast.PointerNode)
	if !ok {
		return
	}
	if _, found := m.items[pointer]; found {
		return
	}
	if m.items[pointer] = m.item; pointer.Name != "" { // the index, say
		m.items[pointer] = nil
	}
}
