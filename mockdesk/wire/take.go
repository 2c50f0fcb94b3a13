package wire

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Take is what a route or a frame means, and what is answered.
type Take struct {
	// Name is what the journal calls it: the method and the path of a route, the name of a frame.
	Name string
	// Means is what the desk is asked.
	Means Meaning
	// Where is the place in the wire file.
	Where string

	wire     *Wire
	body     BodyKind
	lets     []binding
	when     *expression
	source   string
	checks   []check
	about    *finder
	gives    map[string]*expression
	sets     []binding
	answers  map[string]*Said
	fallback map[string]*Said
}

// check is a condition that a request has to meet.
type check struct {
	that *expression
	say  *sentence
}

// finder says how a request names its conversation: by its id, or by a value that is kept for it.
type finder struct {
	by string
	*expression
}

// Applies says whether the Take is for this request or frame. It sets what the wire computes first, also for the methods below. The error is a sentence for the client.
func (t *Take) Applies(s *Scope) (bool, error) {
	if err := bind(t.lets, s); err != nil {
		return false, err
	}
	if t.when == nil {
		return true, nil
	}
	v, err := t.when.run(s)
	if err != nil {
		return false, fmt.Errorf("%s: when: %w", t.Where, err)
	}
	return v == true, nil
}

// About is what the request calls its conversation; by names the kept value that it is found by, and is empty for its id. Both are empty if it names none.
func (t *Take) About(s *Scope) (by, name string, err error) {
	if t.about == nil {
		return "", "", nil
	}
	v, err := t.about.run(s)
	if err != nil {
		return "", "", fmt.Errorf("%s: conversation: %w", t.Where, err)
	}
	name, err = textOf(v)
	return t.about.by, name, err
}

// NamesConversation says whether the request says which conversation it is about.
func (t *Take) NamesConversation() bool { return t.about != nil }

// Check holds the request against the wire's own conditions; the error is a sentence for the client.
func (t *Take) Check(s *Scope) error {
	for _, c := range t.checks {
		if v, err := c.that.run(s); err == nil && v == true {
			continue
		}
		say, err := c.say.text(s)
		if err != nil {
			return fmt.Errorf("%s: say: %w", t.Where, err)
		}
		return errors.New(say)
	}
	return nil
}

// Given is what a request gives its meaning.
type Given struct {
	values []variable
	take   *Take
}

// Given takes the values of the meaning from the request. The error is a sentence for the client that names what is missing or of a wrong type.
func (t *Take) Given(s *Scope) (Given, error) {
	g := Given{take: t}
	if len(t.gives) > 0 {
		g.values = make([]variable, 0, len(t.gives))
	}
	for name, in := range grammars[t.Means].inputs {
		give := t.gives[name]
		if give == nil {
			continue
		}
		v, err := give.run(s)
		if err != nil {
			return g, fmt.Errorf("the %s cannot be told: %w", give.label(name), err)
		}
		strict := t.body == JSONBody && give.head == "body"
		v, fits := in.kind.take(v, strict)
		switch {
		case !fits:
			return g, fmt.Errorf("the %s must be %s", give.label(name), in.kind)
		case v == nil && in.required:
			return g, fmt.Errorf("the %s must be %s", give.label(name), in.kind)
		case v != nil:
			g.values = append(g.values, variable{name, v})
		}
	}
	return g, nil
}

// take makes a value fit the kind; where everything is a text, the text of a number or a truth value does too.
func (k kindOf) take(v any, strict bool) (any, bool) {
	if v == nil {
		return nil, true
	}
	text, isText := v.(string)
	switch k {
	case aText:
		if !isText && !strict {
			if n, whole := v.(int); whole {
				return strconv.Itoa(n), true
			}
		}
		return v, isText || !strict && isWhole(v)
	case aNumber:
		if isText && !strict {
			if text == "" {
				return nil, true
			}
			n, err := strconv.Atoi(text)
			return n, err == nil
		}
		if f, ok := v.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int(f), true
		}
		return v, isWhole(v)
	case aTruth:
		if isText && !strict {
			truth, err := strconv.ParseBool(text)
			return truth, err == nil
		}
		_, ok := v.(bool)
		return v, ok
	case anyJSON:
		_, ok := v.(map[string]any)
		return v, ok
	}
	return nil, false
}

func isWhole(v any) bool {
	_, ok := v.(int)
	return ok
}

// Text returns a text that was given, empty if none was.
func (g Given) Text(name string) string {
	text, _ := g.Value(name).(string)
	return text
}

// Number returns a whole number that was given, and whether one was.
func (g Given) Number(name string) (n int, given bool) {
	n, given = g.Value(name).(int)
	return n, given
}

// Truth returns a truth value that was given, false if none was.
func (g Given) Truth(name string) bool { return g.Value(name) == true }

// Value returns a value that was given as it came, nil if none was.
func (g Given) Value(name string) any {
	for _, v := range g.values {
		if v.name == name {
			return v.value
		}
	}
	return nil
}

// Label names a value as whoever sent it calls it, such as field "text".
func (g Given) Label(name string) string {
	if g.take == nil || g.take.gives[name] == nil {
		return fmt.Sprintf("value %q", name)
	}
	return g.take.gives[name].label(name)
}

// Sets are the values that the wire keeps for the conversation from now on.
func (t *Take) Sets(s *Scope) (map[string]any, error) { return evaluate(t.sets, s) }

func evaluate(sets []binding, s *Scope) (map[string]any, error) {
	if len(sets) == 0 {
		return nil, nil //nolint:nilnil // No values is a map without any.
	}
	kept := make(map[string]any, len(sets))
	for _, b := range sets {
		v, err := b.value.result(s)
		if err != nil {
			return nil, fmt.Errorf("%s: set %s: %w", b.where, b.name, err)
		}
		kept[b.name] = v
	}
	return kept, nil
}

// Speaks says whether an answer to an outcome says or changes anything.
func (t *Take) Speaks(outcome string) bool { return len(t.sets) > 0 || t.said(outcome) != nil }

// Answers says whether the wire has words of its own for an outcome.
func (t *Take) Answers(outcome string) bool { return t.said(outcome) != nil }

func (t *Take) said(outcome string) *Said {
	if said, ok := t.answers[outcome]; ok {
		return said
	}
	_, problem := status[Problem(outcome)]
	if said, ok := t.answers["*"]; ok && problem {
		return said
	}
	if said, ok := t.fallback[outcome]; ok {
		return said
	}
	if problem {
		return t.fallback["*"]
	}
	return nil
}

// Answer words an outcome. The scope has what came of it; title and detail are those of a problem. The second result is false if the wire has no words for it.
// The error names the place in the wire file.
func (t *Take) Answer(s *Scope, outcome string, code int) (Reply, bool, error) {
	said := t.said(outcome)
	if said == nil {
		return Reply{}, false, nil
	}
	if code == 0 {
		code = statusOf(outcome)
	}
	s.Set("outcome", outcome)
	r, err := said.reply(s, code)
	return r, true, err
}

// Plain words a problem for a wire that has no words for it: a status and a JSON object.
func Plain(problem Problem, code int, title, detail string) Reply {
	if code == 0 {
		code = status[problem]
	}
	body := AppendString([]byte(`{"error":`), string(problem))
	body = AppendString(append(body, `,"title":`...), title)
	body = AppendString(append(body, `,"detail":`...), detail)
	return Reply{Status: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: append(body, '}')}
}

// missing are the inputs that a meaning cannot do without and that nothing gives.
func (t *Take) missing() []string {
	var names []string
	for name, in := range grammars[t.Means].inputs {
		if in.required && t.gives[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// outcomesOf are those that a meaning may come to, problems included.
func outcomesOf(m Meaning) []string {
	all := append([]string{"*"}, grammars[m].outcomes...)
	for _, p := range sortedKeys(status) {
		all = append(all, string(p))
	}
	return all
}

// unlikely explains why a Take is not for a request.
func (t *Take) unlikely() string { return "when is not true: " + strings.TrimSpace(t.source) }
