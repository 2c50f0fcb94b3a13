package recording

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// teller words something that the desk says: it has an example of each, and gives what stands in the place of what was said this time.
type teller struct {
	*inference

	// examples are what was said, each as its leaves.
	examples [][]leaf
	// place is the expression for the whole in the leaves.
	place string
	// special words a value by what it is in this place; it gives nothing where it does not know.
	special func(l leaf, values []*node) (template string, optional bool)
	// whole words an object as a whole; it gives nothing where that has to be worded field by field.
	whole func(place, name string, n *node, optional bool) string
	// listed says whether a list is that of the news.
	listed func(place string) bool
	// unknown are the places whose values differ, and nobody knows why, with what was said first.
	unknown []string
}

// write words a tree.
func (t *teller) write(n *node) string { return t.under(t.place, "", "", n) }

func (t *teller) under(place, name, parent string, n *node) string {
	switch {
	case n == nil:
		return "null"
	case n.inner != nil:
		return "{$json: " + t.under("parse("+place+` ?? "null")`, name, parent, n.inner) + "}"
	case n.kind == object:
		var fields []string
		for _, m := range n.members {
			fields = append(fields, t.field(below(place, m.name), name, m))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	case n.kind == list && t.listed(place):
		return flowText("${events}")
	case n.kind == list:
		var items []string
		for i, m := range n.members {
			items = append(items, t.under(fmt.Sprintf("%s[%d]", place, i), name, parent, m.value))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	word, _ := t.scalar(leaf{place: place, name: name, parent: parent, value: n})
	return word
}

func (t *teller) field(place, parent string, m member) string {
	value, optional := "", m.optional
	if m.name == "to" && m.value.get("id") != nil {
		optional = true // nobody may know yet to whom
	}
	switch {
	case t.whole != nil && (m.value.kind == object || m.value.kind == list && !t.listed(place)):
		value = t.whole(place, m.name, m.value, m.optional)
	case m.value.kind != object && m.value.kind != list && m.value.inner == nil:
		value, optional = t.scalar(leaf{place: place, name: m.name, parent: parent, value: m.value})
		optional = optional || m.optional
	}
	if value == "" {
		value = t.under(place, m.name, parent, m.value)
	}
	name := m.name
	if optional {
		name += "?"
	}
	return flowKey(name) + ": " + value
}

// scalar words one value.
func (t *teller) scalar(l leaf) (template string, optional bool) {
	var values []*node
	for _, example := range t.examples {
		if v, ok := at(example, l.place); ok {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		values = []*node{l.value}
	}
	if t.special != nil {
		if word, optional := t.special(l, values); word != "" {
			return word, optional
		}
	}
	if word := t.common(l, values); word != "" {
		return word, false
	}
	if !same(values) {
		t.unknown = append(t.unknown, l.place)
	}
	return literal(l.value), false
}

func same(values []*node) bool {
	return !slices.ContainsFunc(values, func(v *node) bool { return v.text != values[0].text || v.kind != values[0].kind })
}

// common words what means the same wherever it stands: values of the conversation, and times.
func (t *teller) common(l leaf, values []*node) string {
	id, before := idIn(values[0].text)
	if r := t.values[id]; r != nil && t.isKept(r) && !slices.ContainsFunc(values, func(v *node) bool {
		other, _ := idIn(v.text)
		return t.values[other] != r
	}) {
		return flowText(escaped(before) + "${" + t.valueOf(r) + "}")
	}
	if stamp.MatchString(l.value.text) && l.value.kind == text {
		return flowText("${at}")
	}
	if n, err := strconv.ParseInt(l.value.text, 10, 64); err == nil && isMillis(n) {
		return flowText("${millis}")
	}
	if placeholder.MatchString(l.value.text) && id != "" {
		return flowText(escaped(before) + "${random(16)}")
	}
	return ""
}

// isKept says whether the desk has a value for each conversation: those of its own choice, and those by which a conversation is named.
func (i *inference) isKept(r *role) bool { return r == i.id || r.names || !r.fromClient }

// valueOf is the expression for a value of the conversation.
func (i *inference) valueOf(r *role) string {
	if r == i.id {
		return "conversation.id"
	}
	return "values." + r.name
}

var stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$`)

// isMillis says whether a number is a time of these years, in milliseconds.
func isMillis(n int64) bool {
	const around = 20 * 365 * 24 * time.Hour
	return time.Since(time.UnixMilli(n)).Abs() < around && n > biggestCount*100
}

// literal is what was said, as a template that says it again.
func literal(n *node) string {
	if n.kind == text {
		return flowText(escaped(n.text))
	}
	return n.json()
}

// escaped is a text as a template has it.
func escaped(s string) string { return strings.ReplaceAll(s, "${", "$${") }

var (
	plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$`)
	plainKey  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*\??$`)
)

// yamlWords mean something else in YAML than their letters.
var yamlWords = []string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"}

// flowText is a text in YAML between braces.
func flowText(s string) string {
	switch {
	case plainText.MatchString(s) && !slices.Contains(yamlWords, strings.ToLower(s)):
		return s
	case strings.Contains(s, `"`) && !strings.ContainsAny(s, "'\\\n\r\t") && !control.MatchString(s):
		return "'" + s + "'"
	}
	return quoted(s)
}

// control are characters that YAML wants escaped.
var control = regexp.MustCompile(`[\x00-\x1f\x7f-\x9f\x{2028}\x{2029}\x{feff}]`)

func flowKey(s string) string {
	if plainKey.MatchString(s) && !slices.Contains(yamlWords, strings.ToLower(s)) {
		return s
	}
	return quoted(s)
}

// answerTeller words the answers of a take.
func (i *inference) answerTeller(t *take) *teller {
	one := &teller{inference: i, place: "body", listed: func(place string) bool {
		return t.list != nil && (*t.list == "" && place == "body" || *t.list != "" && place == below("body", *t.list))
	}}
	var asks []*ask
	for _, a := range t.worked() {
		asks = append(asks, a)
		one.examples = append(one.examples, a.answer.leaves())
	}
	status := i.statusWords(t)
	one.whole = func(_, _ string, n *node, _ bool) string { return ownWords(n) }
	one.special = func(l leaf, values []*node) (string, bool) {
		if word := status(l); word != "" {
			return word, false
		}
		if t.means == "state" && slices.Contains([]string{"waiting", "active"}, l.value.text) {
			return flowText("${conversation.state}"), false
		}
		if word := i.countWord(t, l, values); word != "" {
			return word, false
		}
		if from := echoed(asks, l, values); from != "" {
			if from == t.key {
				from = "result.key"
			}
			return flowText("${" + from + "}"), false
		}
		return "", false
	}
	return one
}

// ownWords gives what an answer says of a conversation in the same words as the desk itself; nothing for all else.
func ownWords(n *node) string {
	has := func(n *node, words []string, must string) bool {
		return n.get(must) != nil && !slices.ContainsFunc(n.members, func(m member) bool { return !slices.Contains(words, m.name) })
	}
	switch {
	case n.kind == object && has(n, []string{"allowed", "multiple", "types", "maxBytes", "maxFiles"}, "allowed"):
		return flowText("${conversation.uploads}")
	case n.kind == list && len(n.members) > 0 && has(n.members[0].value, []string{"id", "name", "avatarUrl"}, "id"):
		return flowText("${conversation.agents}")
	}
	return ""
}

// echoed is the place in the requests whose value the answers repeat, empty if there is none: in all of them, and of a value that is not the same in all or that is an id.
func echoed(asks []*ask, l leaf, values []*node) string {
	if len(values) != len(asks) || len(asks) == 0 {
		return ""
	}
	if id, _ := idIn(values[0].text); id == "" && (same(values) || len(asks) < 2) {
		if !correlates(l) || !asks[0].isFrame {
			return ""
		}
	}
	for _, candidate := range asks[0].leaves {
		all := true
		for n, a := range asks {
			v, ok := at(a.leaves, candidate.place)
			all = all && ok && v.text == values[n].text
		}
		if all && candidate.value.text != "" {
			return candidate.place
		}
	}
	return ""
}

// countWord words a number that says how far the conversation has come.
func (i *inference) countWord(t *take, l leaf, values []*node) string {
	if t.list != nil && l.place == t.upTo {
		return flowText("${cursor}")
	}
	name := i.cursor[strings.LastIndexAny(i.cursor, ".")+1:]
	if name == "" || l.name != name || l.value.kind != number || same(values) && values[0].text == "0" {
		return ""
	}
	if t.means == "message" || t.means == "attachment" {
		return flowText("${result.cursor}")
	}
	return flowText("${conversation.cursor}")
}

// statusWords words whether agents are there.
func (i *inference) statusWords(t *take) func(leaf) string {
	if t.means != "availability" {
		return func(leaf) string { return "" }
	}
	place := statusLeaf(t)
	return func(l leaf) string {
		switch {
		case l.place != place && l.value.kind == number && waitingNames.MatchString(l.name):
			return flowText("${result.waiting}")
		case l.place != place:
			return ""
		case l.value.kind == truth:
			return flowText(`${result.status == "online"}`)
		}
		pair := availabilityWords[availabilityRank(l.value.text)]
		if pair[0] == "online" {
			return flowText("${result.status}")
		}
		return flowText(fmt.Sprintf(`${result.status == "online" ? %q : %q}`, alike(pair[0], l.value.text), alike(pair[1], l.value.text)))
	}
}

var waitingNames = regexp.MustCompile(`(?i)wait|queue|length|ahead`)

// alike writes a word in capitals where the example is.
func alike(word, example string) string {
	switch {
	case example == strings.ToUpper(example):
		return strings.ToUpper(word)
	case example[:1] == strings.ToUpper(example[:1]):
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return word
}

// eventTeller words the news of a group.
func (i *inference) eventTeller(g *group) *teller {
	one := &teller{inference: i, place: "event", listed: func(string) bool { return false }}
	for _, n := range g.news {
		one.examples = append(one.examples, n.leaves)
	}
	who := "event.agent"
	if g.event == "message" {
		who = "event.author"
	}
	one.special = func(l leaf, values []*node) (string, bool) {
		if l.place == i.kindAt {
			return "", false
		}
		if l.place == i.cursor {
			return flowText("${cursor}"), false
		}
		if word, optional := i.ofEvent(g, l, values); word != "" {
			return word, optional
		}
		switch is := func(known map[string]bool) bool {
			return !slices.ContainsFunc(values, func(v *node) bool { return v.text != "" && !known[v.text] }) && known[l.value.text]
		}; {
		case is(i.agentNames):
			return flowText("${" + who + ".name}"), g.event == "message"
		case is(i.agentIDs) && idEndings.MatchString(l.name):
			return flowText("${" + who + ".id}"), g.event == "message"
		case avatarNames.MatchString(l.name) && l.value.kind == text:
			return flowText("${" + who + ".avatarUrl}"), true
		}
		return "", false
	}
	one.whole = func(_, name string, n *node, optional bool) string { return i.person(g, who, name, n, optional) }
	return one
}

// person words an object that is an agent, or the author of a line, in the desk's own words, which are the same.
func (i *inference) person(g *group, who, name string, n *node, optional bool) string {
	if n.kind != object || slices.ContainsFunc(n.members, func(m member) bool { return !slices.Contains([]string{"id", "name", "avatarUrl", "role"}, m.name) }) {
		return ""
	}
	id := n.get("id")
	if id == nil || n.get("name") == nil || !i.agentIDs[id.text] {
		return ""
	}
	switch {
	case g.event == "agent.transferring" && (name == "from" || name == "to"):
		return flowText("${event." + name + "}")
	case g.event == "message" && n.get("role") == nil && optional:
		return flowText(`${event.author.role == "agent" ? {"id": event.author.id, "name": event.author.name} : nil}`)
	case g.event == "message" && optional:
		return flowText(`${event.author.role == "agent" ? event.author : nil}`)
	case g.event == "message" && n.get("role") == nil:
		return ""
	}
	return flowText("${" + who + "}")
}

var (
	formatNames   = regexp.MustCompile(`(?i)^(format|html|is_?html|rich|markup|content_?type|mime_?type|media_?type)$`)
	positionNames = regexp.MustCompile(`(?i)pos|place|rank|ahead|number`)
	waitNames     = regexp.MustCompile(`(?i)wait|eta|estimat|sec|min|dauer|time`)
	reasonNames   = regexp.MustCompile(`(?i)reason|detail|why|text|message|notice|note`)
)

// ofEvent words what belongs to one kind of event.
func (i *inference) ofEvent(g *group, l leaf, values []*node) (template string, optional bool) {
	switch g.event {
	case "message":
		return i.ofMessage(g, l, values)
	case "message.failed":
		if i.keys[l.value.text] {
			return flowText("${event.key}"), false
		}
	case "agent.typing":
		if l.value.kind == truth {
			return flowText("${event.typing}"), false
		}
	case "queue.updated":
		return ofQueue(l)
	case "conversation.ended":
		if l.value.text == "agent" {
			return flowText("${event.by}"), false
		}
	}
	if slices.Contains([]string{"queue.closed", "conversation.ended", "message.failed", "transfer.failed"}, g.event) && reasonNames.MatchString(l.name) && l.value.kind == text {
		return flowText("${event.reason}"), true
	}
	return "", false
}

func ofQueue(l leaf) (template string, optional bool) {
	switch {
	case l.value.kind == number && positionNames.MatchString(l.name):
		if strings.EqualFold(l.name, "ahead") {
			return flowText("${event.position == nil ? nil : event.position - 1}"), true
		}
		return flowText("${event.position}"), true
	case l.value.kind == number && waitNames.MatchString(l.name):
		switch name := strings.ToLower(l.name); {
		case strings.Contains(name, "min"):
			return flowText("${event.waitSeconds == nil ? nil : ceil(event.waitSeconds / 60)}"), true
		case strings.Contains(name, "milli") || strings.HasSuffix(name, "ms"):
			return flowText("${event.waitSeconds == nil ? nil : event.waitSeconds * 1000}"), true
		}
		return flowText("${event.waitSeconds}"), true
	case l.value.kind == text && strings.EqualFold(l.name, "queue"):
		return flowText("${event.queue}"), true
	case l.value.kind == text && reasonNames.MatchString(l.name):
		return flowText("${event.notice}"), true
	}
	return "", false
}

// ofMessage words what belongs to a line.
func (i *inference) ofMessage(g *group, l leaf, values []*node) (template string, optional bool) {
	for _, line := range append(linesOf("agent"), linesOf("user")...) {
		if before, after, said := strings.Cut(l.value.text, line); said {
			return flowText(escaped(before) + "${event.text}" + escaped(after)), false
		}
	}
	if word := i.byAuthor(g, l); word != "" {
		return word, false
	}
	if formatNames.MatchString(l.name) {
		switch {
		case l.value.kind == truth:
			return flowText(`${event.format == "html"}`), false
		case l.value.text == "text":
			return flowText("${event.format}"), false
		case strings.EqualFold(l.value.text, "plain") || l.value.text == "text/plain":
			return flowText(fmt.Sprintf(`${event.format == "html" ? %q : %q}`, strings.Replace(l.value.text, "plain", "html", 1), l.value.text)), false
		}
	}
	if !i.agentIDs[l.value.text] && idNames.MatchString(l.name) && len(values) > 1 && !same(values) && i.values[l.value.text] == nil {
		return flowText("${event.id}"), false
	}
	return "", false
}

// byAuthor words what depends on whose line it is, and on nothing else; empty for all else.
func (i *inference) byAuthor(g *group, l leaf) string {
	words := map[string]string{}
	for _, n := range g.news {
		v, ok := at(n.leaves, l.place)
		who := n.author()
		if !ok || who == "" {
			continue
		}
		if before, seen := words[who]; v.kind != text || seen && before != v.text {
			return ""
		}
		words[who] = v.text
	}
	if !isWord(words["agent"]) || i.agentNames[words["agent"]] || i.agentIDs[words["agent"]] {
		return ""
	}
	if words["agent"] == "agent" && roleNames.MatchString(l.name) {
		return flowText("${event.author.role}")
	}
	otherwise, template := words["agent"], quoted(words["agent"])
	differ := false
	for _, who := range []string{"user", "desk"} {
		if words[who] != "" && words[who] != otherwise {
			template, differ = fmt.Sprintf("event.author.role == %q ? %q : %s", who, words[who], template), true
		}
	}
	if !differ {
		return ""
	}
	return flowText("${" + template + "}")
}

var roleNames = regexp.MustCompile(`(?i)role|author|sender|from|by|party|side|type`)
