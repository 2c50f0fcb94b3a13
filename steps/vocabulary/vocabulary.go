// Package vocabulary holds the sentences that the features of a contract may say: it checks a feature against them before anything is played, and writes them as a person reads
// them.
package vocabulary

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
	"github.com/cucumber/godog"

	"deskcheck/steps"
)

// Sentence is a step of the vocabulary as a reader of it needs it.
type Sentence struct {
	// Group is who acts or who is asked, such as "The user acts".
	Group string
	// Form is the sentence with its parameters named: <agent> is yours, {a|b} is a choice, [a] may be left out.
	Form string
	// Argument is what stands below the sentence: "a doc string", "a table" or nothing.
	Argument string
	// Example is the sentence as a feature has it, with its keyword and what stands below it.
	Example string
	// File and Line are where that stands, below features/; empty if no feature uses the sentence.
	File string
	Line int
	// Words explain what the form does not say of a parameter, each a line; none where it says enough.
	Words []string

	expr *regexp.Regexp
	// check says what is wrong with what the groups of expr have found, where that is not for expr to say.
	check func(groups []string) error
}

// Expression gives what compiles an expression of a whole sentence when it is first asked for it: a program that plays nothing need not wait for hundreds of them. It panics, when
// asked, if the expression cannot be compiled.
func Expression(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^(?:" + expr + ")$") })
}

// Fits says whether a text is the sentence.
func (s Sentence) Fits(text string) bool { return s.expr.MatchString(text) }

// Step is a sentence with a meaning.
type Step struct {
	Expr *regexp.Regexp
	// Function is the type of what carries it out: its parameters are the groups of Expr, then the doc string or the table.
	Function reflect.Type
	// Check, if there is one, says what is wrong with the groups of Expr, before anything is played.
	Check func(groups []string) error
	// Words explain what the sentence does not say of its parameters, each a line.
	Words []string
}

// Group is a titled part of a vocabulary. What stands in quotes there, and has no better name by the words before it, is a name of its Kind.
type Group struct {
	Title, Kind string
	Steps       []Step
}

// Name gives a parameter its name by the words that stand before it.
type Name struct {
	Before *regexp.Regexp
	Name   string
}

// Names are how a contract calls parameters. The first that fits counts; one that fits with an empty name leaves it to the next.
type Names struct {
	// Numbers are those of numbers, Quoted those of what stands in quotes.
	Numbers, Quoted []Name
	// Amend corrects a name that only what stands behind it tells; nil amends nothing.
	Amend *strings.Replacer
}

// Of is the vocabulary of some groups, without examples. To write an expression as a person reads it takes a millisecond.
func Of(groups []Group, names Names) []Sentence {
	var all []Sentence
	for _, g := range groups {
		for _, d := range g.Steps {
			all = append(all, Sentence{Group: g.Title, Form: formOf(d.Expr, g.Kind, names), Argument: argumentOf(d), Words: d.Words, expr: d.Expr, check: d.Check})
		}
	}
	return all
}

// WithExamples gives each sentence an example from the scenarios that use it.
func WithExamples(all []Sentence, scenarios []steps.Scenario) []Sentence {
	all = slices.Clone(all)
	for _, s := range scenarios {
		for _, step := range s.Steps {
			for i := range all {
				one := &all[i]
				// The shortest example says most; the first of them is the one.
				if !one.expr.MatchString(step.Text) || one.File != "" && len(one.Example) <= len(exampleOf(step)) {
					continue
				}
				one.Example, one.File, one.Line = exampleOf(step), s.File, step.Line
			}
		}
	}
	return all
}

func exampleOf(step steps.Step) string {
	keyword := step.Keyword
	if keyword == "And" || keyword == "But" || keyword == "*" {
		keyword = map[string]string{"Context": "Given", "Action": "When", "Outcome": "Then"}[string(step.Type)]
	}
	text := keyword + " " + step.Text
	switch {
	case step.DocString != nil:
		text += "\n  \"\"\"" + step.DocString.MediaType + "\n  " + strings.ReplaceAll(step.DocString.Content, "\n", "\n  ") + "\n  \"\"\""
	case step.Table != nil:
		text += "\n  " + strings.ReplaceAll(step.Argument(), "\n", "\n  ")
	}
	return text
}

// argumentOf says what a definition wants below its sentence. Its function takes the groups of the expression, and then that.
func argumentOf(d Step) string {
	function := d.Function
	if function.NumIn() <= d.Expr.NumSubexp() {
		return ""
	}
	switch function.In(function.NumIn() - 1) {
	case reflect.TypeFor[*godog.Table]():
		return "a table"
	default:
		return "a doc string"
	}
}

// formOf writes an expression as a person would say the sentence. kind names what stands in quotes and has no better name.
func formOf(expr *regexp.Regexp, kind string, names Names) string {
	tree, err := syntax.Parse(strings.TrimSuffix(strings.TrimPrefix(expr.String(), "^(?:"), ")$"), syntax.Perl)
	if err != nil {
		return expr.String() // it compiled, so it parses
	}
	f := form{kind: kind, names: names}
	f.write(tree)
	text := strings.TrimSuffix(f.text.String(), "[ ]")
	if names.Amend == nil {
		return text
	}
	return names.Amend.Replace(text)
}

// form is a sentence that is being written.
type form struct {
	text strings.Builder
	kind string
	// names are how the contract calls parameters.
	names Names
}

// write appends what a part of an expression stands for.
func (f *form) write(re *syntax.Regexp) {
	if choices, finite := spelled(re); finite && len(choices) > 1 && re.Op != syntax.OpConcat {
		open, shut := "{", "}"
		if i := slices.Index(choices, ""); i >= 0 {
			choices = slices.Delete(choices, i, i+1)
			open, shut = "[", "]"
		}
		f.text.WriteString(open + strings.Join(choices, "|") + shut)
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		f.text.WriteString(string(re.Rune))
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			f.write(sub)
		}
	case syntax.OpCapture:
		if re.Name != "" {
			f.text.WriteString("<" + re.Name + ">")
			return
		}
		if re.Sub[0].Op == syntax.OpAlternate {
			f.write(re.Sub[0])
			return
		}
		f.text.WriteString("<" + f.parameter(re.Sub[0]) + ">")
	case syntax.OpAlternate:
		f.text.WriteString("{")
		for i, sub := range re.Sub {
			if i > 0 {
				f.text.WriteString("|")
			}
			if sub.Op == syntax.OpLiteral {
				f.text.WriteString(string(sub.Rune))
				continue
			}
			f.text.WriteString("<" + f.parameter(sub) + ">")
		}
		f.text.WriteString("}")
	case syntax.OpQuest:
		f.text.WriteString("[")
		f.write(re.Sub[0])
		f.text.WriteString("]")
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL: // a full stop that was not escaped
		f.text.WriteString(".")
	default:
		f.text.WriteString("…")
	}
}

// mostChoices is how many ways of saying it are listed; beyond that a part is the writer's own.
const mostChoices = 40

// spelled lists the texts that a part of an expression matches, if they can be counted.
func spelled(re *syntax.Regexp) (choices []string, finite bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{string(re.Rune)}, true
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpCapture:
		return spelled(re.Sub[0])
	case syntax.OpQuest:
		inner, finite := spelled(re.Sub[0])
		return append(inner, ""), finite
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune) && len(choices) <= mostChoices; i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1] && len(choices) <= mostChoices; r++ {
				choices = append(choices, string(r))
			}
		}
		return choices, len(choices) <= 4 // the parser makes classes of what differs in a letter; others are meant as such
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			inner, finite := spelled(sub)
			if !finite {
				return nil, false
			}
			choices = append(choices, inner...)
		}
		return choices, len(choices) <= mostChoices
	case syntax.OpConcat:
		choices = []string{""}
		for _, sub := range re.Sub {
			inner, finite := spelled(sub)
			if !finite || len(inner)*len(choices) > mostChoices {
				return nil, false
			}
			var longer []string
			for _, head := range choices {
				for _, tail := range inner {
					longer = append(longer, head+tail)
				}
			}
			choices = longer
		}
		return choices, true
	default:
		return nil, false
	}
}

// parameter names a part of a sentence that its writer fills in, by what it takes and by what stands before it.
func (f *form) parameter(re *syntax.Regexp) string {
	before, pattern := f.text.String(), strings.TrimPrefix(re.String(), "(?-s:")
	switch {
	case strings.HasPrefix(pattern, `\{`), strings.HasPrefix(pattern, `\[`):
		return "JSON"
	case strings.HasPrefix(pattern, "[0-9]"):
		for _, n := range f.names.Numbers {
			if n.Before.MatchString(before) {
				return n.Name
			}
		}
		return "number"
	case !strings.HasSuffix(before, `"`):
		return "value"
	}
	for _, n := range f.names.Quoted {
		if n.Before.MatchString(before) && n.Name != "" {
			return n.Name
		}
	}
	return f.kind
}

// Unfit lists what is wrong with the sentences of scenarios before any of them is played: one that fits no definition, or several, one whose argument is not what
// its definition wants, and one whose words make no sense to it. Each names the file and the line, and for the first kind the closest sentences that there are.
func Unfit(scenarios []steps.Scenario, vocabulary []Sentence) []string {
	var problems []string
	once := map[string]bool{}
	for _, s := range scenarios {
		for _, step := range s.Steps {
			problem := unfit(step, vocabulary)
			at := fmt.Sprintf("%s:%d: ", s.File, step.Line)
			if problem != "" && !once[at+problem] { // the rows of an outline have their sentences in common
				once[at+problem] = true
				problems = append(problems, at+problem)
			}
		}
	}
	return problems
}

func unfit(step steps.Step, vocabulary []Sentence) string {
	var fitting []Sentence
	for _, one := range vocabulary {
		if one.expr.MatchString(step.Text) {
			fitting = append(fitting, one)
		}
	}
	has := ""
	switch {
	case step.DocString != nil:
		has = "a doc string"
	case step.Table != nil:
		has = "a table"
	}
	switch {
	case len(fitting) == 0:
		return fmt.Sprintf("no step fits ‘%s’; closest: %s", step.Text, strings.Join(closest(step.Text, vocabulary, 3), " · "))
	case len(fitting) > 1:
		return fmt.Sprintf("‘%s’ could be %d steps: %s · %s", step.Text, len(fitting), fitting[0].Form, fitting[1].Form)
	case has != fitting[0].Argument:
		return fmt.Sprintf("‘%s’ wants %s below it, and has %s", step.Text, cmp.Or(fitting[0].Argument, "nothing"), cmp.Or(has, "nothing"))
	}
	if check := fitting[0].check; check != nil {
		if err := check(fitting[0].expr.FindStringSubmatch(step.Text)[1:]); err != nil {
			return fmt.Sprintf("‘%s’: %s", step.Text, err)
		}
	}
	return ""
}

// own are the parts of a sentence that its writer filled in.
var own = regexp.MustCompile(`"[^"]*"|\d+|<[a-zA-Z]+>`)

// closest finds the sentences that come nearest to a text, whatever is filled in.
func closest(text string, vocabulary []Sentence, most int) []string {
	type scored struct {
		form     string
		distance int
	}
	plain := func(s string) string { return strings.ToLower(own.ReplaceAllString(s, "<>")) }
	wanted := plain(text)
	all := make([]scored, 0, len(vocabulary))
	for _, one := range vocabulary {
		first, _, _ := strings.Cut(one.Example, "\n")
		_, said, _ := strings.Cut(first, " ")
		near := levenshtein.Distance(wanted, plain(one.Form), nil)
		if said != "" {
			near = min(near, levenshtein.Distance(wanted, plain(said), nil))
		}
		all = append(all, scored{one.Form, near})
	}
	slices.SortStableFunc(all, func(a, b scored) int { return a.distance - b.distance })
	var forms []string
	for _, s := range all[:min(most, len(all))] {
		forms = append(forms, s.form)
	}
	return forms
}
