// Package script reads scripts, in which agents play themselves: YAML with a JSON Schema, whose mistakes are told with their lines. Playing them is for the tenant.
package script

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
)

// sort is what a script is to whoever reads about its mistakes.
var sort = document.Sort{Name: "script", Example: "steps: [join]", Most: 128 << 10}

var schema = sync.OnceValues(func() (*document.Schema, error) {
	text, err := fixtures.ReadFile("schemas/script.schema.json")
	if err != nil {
		return nil, err
	}
	return document.Compile("script.schema.json", text)
})

// Script is what agents do in a conversation.
type Script struct {
	// Queue is the one whose conversations are played, empty for all.
	Queue string
	// Agent is who acts where a step names none; empty leaves it to the tenant.
	Agent string
	// Steps are taken one after the other.
	Steps []Step

	agents []use
}

// Step is one thing that happens. Verb says which of the other fields it has.
type Step struct {
	// Verb is wait, join, leave, read, end, ask-screen, say, type, answer, transfer, notice or queue.
	Verb string
	// Agent is who acts, Script.Agent where the step names none.
	Agent string
	// Text and Format are what is said, by say and notice, or to go with queue.
	Text, Format string
	// For is how long to wait or type, or what the queue tells; To is who takes over.
	For time.Duration
	To  string
	// Position is what the queue tells, 0 for nothing.
	Position int
	// Rules are how lines are answered.
	Rules []Rule
}

// Rule answers lines of the user.
type Rule struct {
	// Pattern is what a line must fit, nil for every line.
	Pattern *regexp.Regexp
	// Say is the answer, empty for none; Agent and Format are as those of a Step.
	Say, Agent, Format string
	// Done goes on with the next step, End ends the conversation.
	Done, End bool
}

// Answer is what the rule says to a line, and whether the line fits.
func (r Rule) Answer(line string) (string, bool) {
	if r.Pattern == nil {
		return r.Say, true
	}
	found := r.Pattern.FindStringSubmatchIndex(line)
	if found == nil {
		return "", false
	}
	return string(r.Pattern.ExpandString(nil, r.Say, line, found)), true
}

// use is where an agent is named.
type use struct {
	id  string
	key string
}

// Parse reads a script; path is what its messages call it. The error is a *document.Error, or a *document.SyntaxError around one, with every mistake that was found. knows says
// whether there is an agent of that id; nil takes all. queues are those of which the script may name one; none leaves them open.
func Parse(path string, text []byte, knows func(id string) bool, queues ...string) (*Script, error) {
	return parse(path, text, knows, &reader{queues: queues})
}

// ParseTaken reads a script that has been played before. It lets answers speak of groups that their pattern does not have: earlier versions did, and what was saved with one goes on.
func ParseTaken(path string, text []byte, knows func(id string) bool, queues ...string) (*Script, error) {
	return parse(path, text, knows, &reader{queues: queues, taken: true})
}

func parse(path string, text []byte, knows func(id string) bool, r *reader) (*Script, error) {
	if int64(len(text)) > sort.Most {
		return nil, &document.Error{Problems: []document.Problem{{File: path, Message: fmt.Sprintf("it is larger than %d KiB: that is no script", sort.Most>>10)}}}
	}
	doc, err := sort.Parse(path, text)
	if err != nil {
		return nil, err
	}
	shape, err := schema()
	if err != nil {
		return nil, err
	}
	problems, err := shape.Problems(doc.Value)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, doc.Wrong(problems...)
	}
	s := r.script(doc.Value)
	if knows != nil {
		for _, a := range s.agents {
			if !knows(a.id) {
				r.wrong(a.key, "there is no agent "+a.id+"; add them first, or name another")
			}
		}
	}
	if len(r.problems) > 0 {
		return nil, doc.Wrong(r.problems...)
	}
	return s, nil
}

// Agents are the ids of those whom the script names, each once.
func (s *Script) Agents() []string {
	ids := []string{}
	for _, a := range s.agents {
		if !slices.Contains(ids, a.id) {
			ids = append(ids, a.id)
		}
	}
	return ids
}

// reader turns what the schema has allowed into a Script, and gathers what only Go can find.
type reader struct {
	problems []document.Problem
	result   Script
	queues   []string
	// taken says that the script was taken before.
	taken bool
}

func (r *reader) wrong(key, message string) {
	r.problems = append(r.problems, document.Problem{Key: key, Message: message})
}

func (r *reader) script(value any) *Script {
	root, _ := value.(map[string]any)
	r.result.Queue, _ = root["queue"].(string)
	if queue := r.result.Queue; queue != "" && len(r.queues) > 0 && !slices.Contains(r.queues, queue) {
		p := document.Problem{Key: "queue", Message: fmt.Sprintf("there is no queue %q; there are %s", queue, strings.Join(r.queues, ", "))}
		if near, ok := document.Near(queue, r.queues); ok {
			p.Message, p.Meant = fmt.Sprintf("there is no queue %q", queue), near
		}
		r.problems = append(r.problems, p)
	}
	r.result.Agent = r.agent(root, "agent", "")
	steps, _ := root["steps"].([]any)
	for i, step := range steps {
		key := fmt.Sprintf("steps[%d]", i)
		if len(r.result.Steps) > 0 && r.result.Steps[len(r.result.Steps)-1].Verb == "end" {
			r.wrong(key, "the conversation has ended before this step; leave it out")
			break
		}
		r.result.Steps = append(r.result.Steps, r.step(key, step))
	}
	return &r.result
}

// agent reads the id of an agent below a key, and notes that it was named.
func (r *reader) agent(from map[string]any, name, key string) string {
	id, _ := from[name].(string)
	if id != "" {
		r.result.agents = append(r.result.agents, use{id, document.Below(key, name)})
	}
	return id
}

func (r *reader) step(key string, value any) Step {
	if verb, ok := value.(string); ok {
		return Step{Verb: verb, Agent: r.result.Agent}
	}
	s := Step{Agent: r.result.Agent}
	fields, _ := value.(map[string]any)
	for s.Verb = range fields {
		break // The schema allows one.
	}
	below := document.Below(key, s.Verb)
	detail, _ := fields[s.Verb].(map[string]any)
	plain, _ := fields[s.Verb].(string)
	if id := r.agent(detail, "agent", below); id != "" {
		s.Agent = id
	}
	text := func(name string) string {
		word, _ := detail[name].(string)
		return word
	}
	switch s.Verb {
	case "join", "leave", "read", "end", "ask-screen":
		s.Agent = r.agent(fields, s.Verb, key)
	case "wait":
		s.For = r.duration(below, plain)
	case "type":
		s.For = r.duration(below, plain+text("for"))
	case "say", "notice":
		s.Text, s.Format = plain+text("text"), text("format")
	case "transfer":
		s.To = r.agent(detail, "to", below)
		if plain != "" {
			s.To = r.agent(fields, "transfer", key)
		}
	case "queue":
		s.Position, s.Text = number(detail["position"]), text("notice")
		if wait := text("wait"); wait != "" {
			s.For = r.duration(document.Below(below, "wait"), wait)
		}
	case "answer":
		s.Rules = r.rules(below, fields["answer"], s.Agent)
	}
	return s
}

func (r *reader) rules(key string, value any, agent string) []Rule {
	list, _ := value.([]any)
	var rules []Rule
	for i, item := range list {
		below := fmt.Sprintf("%s[%d]", key, i)
		fields, _ := item.(map[string]any)
		rule := Rule{Agent: agent, Done: fields["done"] == true, End: fields["end"] == true}
		rule.Say, _ = fields["say"].(string)
		rule.Format, _ = fields["format"].(string)
		if id := r.agent(fields, "agent", below); id != "" {
			rule.Agent = id
		}
		if pattern, ok := fields["pattern"].(string); ok {
			var err error
			if rule.Pattern, err = regexp.Compile(pattern); err != nil {
				r.wrong(document.Below(below, "pattern"), err.Error())
			} else if !r.taken {
				r.groups(document.Below(below, "say"), rule)
			}
		}
		switch {
		case rule.Say == "" && !rule.Done && !rule.End:
			r.wrong(below, "the rule does nothing; give it say:, done: or end:")
		case rule.Done && rule.End:
			r.wrong(below, "the rule both ends the conversation and goes on; leave one of end: and done: out")
		}
		rules = append(rules, rule)
	}
	return rules
}

// spoken finds what an answer has filled in, as regexp.Expand does: a dollar for two of them, and the groups $name and ${name}. A dollar before anything else is one.
var spoken = regexp.MustCompile(`\$(?:\$|\{([\pL\p{Nd}_]+)\}|([\pL\p{Nd}_]+))`)

// groups reports what an answer would leave empty because its pattern has no such group.
func (r *reader) groups(key string, rule Rule) {
	has := []string{"0"}
	for i, name := range rule.Pattern.SubexpNames()[1:] {
		has = append(has, strconv.Itoa(i+1))
		if name != "" {
			has = append(has, name)
		}
	}
	for _, found := range spoken.FindAllStringSubmatch(rule.Say, -1) {
		name := found[1] + found[2]
		if name == "" || slices.Contains(has, name) {
			continue
		}
		p := document.Problem{Key: key, Message: fmt.Sprintf("%s stands for nothing: the pattern has no group %q; write $$ for the character $ itself", found[0], name)}
		p.Meant = meant(name, found[1] != "", has[1:])
		r.problems = append(r.problems, p)
	}
}

// meant is what was probably to be filled in, empty if nothing comes near: without braces a name takes in all that follows it.
func meant(name string, braces bool, has []string) string {
	for _, one := range slices.Backward(has) {
		if rest, begins := strings.CutPrefix(name, one); begins && !braces {
			return "${" + one + "}" + rest
		}
	}
	if _, err := strconv.Atoi(name); err == nil {
		return "" // One number is as near as any other.
	}
	if near, ok := document.Near(name, has); ok {
		return "${" + near + "}"
	}
	return ""
}

// longest is how long a step may take.
const longest = 24 * time.Hour

func (r *reader) duration(key, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err == nil && d > longest {
		err = errors.New("longer than " + longest.String())
	}
	if err != nil {
		r.wrong(key, "no step takes so long, or the duration cannot be read: "+err.Error())
	}
	return d
}

// number accepts what YAML makes of a whole number; what is too large for one is the largest place that there can be.
func number(value any) int {
	switch n := value.(type) {
	case uint64:
		return int(min(n, math.MaxInt32))
	case float64:
		return int(min(n, math.MaxInt32))
	}
	return 0
}
