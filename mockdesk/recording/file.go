package recording

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"deskcheck/mockdesk/wire"
)

// Draft is a wire file that was made of traffic.
type Draft struct {
	// Text is the file. It is always one that wire.Parse takes.
	Text []byte
	// Open are the things that could not be found out, a sentence each; the file has them as comments that begin with TODO, in the same order.
	Open []string
}

// Infer makes a wire file of what has crossed; name is what the wire is called. The error says that nothing has crossed that could be worded.
func Infer(name string, crossings []Crossing) (Draft, error) {
	i := newInference(crossings)
	if len(i.asks) == 0 {
		return Draft{}, errors.New("no request has passed: point the integration to the recorder, and do what the steps say")
	}
	f := &file{inference: i, name: name}
	f.routes()
	f.events()
	f.leftOver()
	if !f.valid(f.pieces...) {
		// What one piece cannot be, the others need not suffer for.
		f.pieces = slices.DeleteFunc(f.pieces, func(p piece) bool {
			wrong := !f.valid(p)
			if wrong {
				f.todof("%s could not be worded: %s", p.about, f.why(p))
			}
			return wrong
		})
	}
	text := f.text(true, f.pieces...)
	if _, err := wire.Parse(name+".wire.yaml", text); err != nil {
		return Draft{}, fmt.Errorf("the recorded wire is not a wire: %w", err)
	}
	return Draft{Text: text, Open: f.open}, nil
}

// file is a wire file in the making.
type file struct {
	*inference

	name   string
	pieces []piece
	// open is what could not be found out.
	open []string
}

// piece is a route or the words of an event.
type piece struct {
	about   string
	isEvent bool
	lines   []string
}

func (f *file) todof(format string, args ...any) {
	f.open = append(f.open, oneLine(fmt.Sprintf(format, args...)))
}

func (f *file) valid(pieces ...piece) bool {
	_, err := wire.Parse("draft", f.text(false, pieces...))
	return err == nil
}

func (f *file) why(p piece) string {
	_, err := wire.Parse("draft", f.text(false, p))
	return err.Error()
}

// text is the file with some of its pieces, and with its comments or without.
func (f *file) text(comments bool, pieces ...piece) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if comments {
		line("# What passed between an integration and its desk, worded by \"deskcheck wire record\". \"deskcheck wire guide\" explains the format, and how to go on from here.")
	}
	line("wire: 1\nname: %s", flowText(f.name))
	f.origins(line)
	f.conversation(line)
	section := func(title string, isEvent bool) {
		some := slices.DeleteFunc(slices.Clone(pieces), func(p piece) bool { return p.isEvent != isEvent })
		if len(some) == 0 {
			// A wire has one at least.
			line("%s", map[bool]string{true: "\nevents: {}", false: "\nroutes:\n  - {on: GET /nothing, means: nothing}"}[isEvent])
			return
		}
		line("\n%s:", title)
		for n, p := range some {
			if n > 0 && !isEvent {
				line("")
			}
			line("%s", strings.Join(p.lines, "\n"))
		}
	}
	section("routes", false)
	section("events", true)
	if comments && len(f.open) > 0 {
		line("")
		for _, one := range f.open {
			line("# TODO %s", one)
		}
	}
	return []byte(b.String())
}

func (f *file) origins(line func(string, ...any)) {
	var parts []string
	if len(f.preflights) > 0 {
		parts = append(parts, "headers: ["+strings.Join(f.preflights, ", ")+"]")
	}
	if len(f.exposes) > 0 {
		parts = append(parts, "expose: ["+strings.Join(f.exposes, ", ")+"]")
	}
	if f.credentials {
		parts = append(parts, "credentials: true")
	}
	if len(parts) > 0 {
		line("\ncross-origin: {%s}", strings.Join(parts, ", "))
	}
}

// conversation says which values are kept.
func (f *file) conversation(line func(string, ...any)) {
	var values, found []string
	for _, r := range f.roles {
		if r == f.id || !f.isKept(r) {
			continue
		}
		values = append(values, fmt.Sprintf("    %s: ${random(16)}", r.name))
		if r.names {
			found = append(found, r.name)
		}
	}
	if len(values) == 0 {
		return
	}
	line("\nconversation:\n  values:\n%s", strings.Join(values, "\n"))
	if len(found) > 0 {
		line("  found-by: [%s]", strings.Join(found, ", "))
	}
}

// routes words all requests, and the frames below the socket that they are of.
func (f *file) routes() {
	for _, t := range f.takes {
		if t.isFrame || t.means == "" && !t.isSocket() {
			continue
		}
		p := piece{about: t.name(), lines: []string{"  - on: " + t.method + " " + t.pattern}}
		if t.isSocket() {
			p.lines = append(p.lines, f.socket(t)...)
		} else {
			p.lines = append(p.lines, indented(4, f.take(t, bodyOf(t)))...)
		}
		f.pieces = append(f.pieces, p)
	}
}

func indented(by int, lines []string) []string {
	all := make([]string, 0, len(lines))
	for _, l := range lines {
		all = append(all, strings.Repeat(" ", by)+l)
	}
	return all
}

// bodyOf is how the bodies of a take are read.
func bodyOf(t *take) string {
	for _, a := range t.asks {
		if a.media != noMedia {
			return string(a.media)
		}
	}
	return ""
}

// take words what a request or a frame means, and what is answered.
func (f *file) take(t *take, body string) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if body != "" {
		add("body: %s", body)
	}
	if t.tells != "" {
		add("when: %s", flowText(fmt.Sprintf("%s == %q", t.tells, t.is)))
	}
	add("means: %s", t.means)
	if t.means == wire.Events && !t.isFrame && !t.isSocket() {
		lines = append(lines, f.handsOut(t)...)
	}
	if t.about != nil {
		add("conversation: %s", f.naming(t.about))
	}
	if gives := f.gives(t); gives != "" {
		add("give: {%s}", gives)
	}
	if answers := f.answers(t); len(answers) > 0 {
		add("answers:")
		lines = append(lines, indented(2, answers)...)
	}
	return lines
}

func (f *file) naming(n *naming) string {
	if n.role == f.id {
		return flowText(n.expression)
	}
	return "{" + n.role.name + ": " + flowText(n.expression) + "}"
}

// held is how long an answer takes at least that the desk has held back, and pause how long a client waits at least that asks at intervals, in milliseconds; usualHold is for how many
// seconds a poll is held where none was seen to end without news.
const (
	held      = 1500
	pause     = 150
	usualHold = 20
)

// handsOut says how events reach the client: a desk whose client asks again at once holds its answers back until there is news.
func (f *file) handsOut(t *take) []string {
	if t.asks[0].exchange.isStream {
		return []string{"as: sse"}
	}
	pauses, gaps, hold := 0, 0, int64(0)
	var last *ask
	for _, a := range t.worked() {
		if took := a.answer.at - a.at; took >= held && (a.answer.body == nil || len(itemsAt(a.answer.body, *t.list)) == 0) {
			hold = max(hold, took)
		}
		if last != nil && last.chat == a.chat {
			gaps++
			if a.at-last.answer.at >= pause {
				pauses++
			}
		}
		last = a
	}
	if hold == 0 && pauses*2 > gaps {
		return nil
	}
	seconds := (hold + 999) / 1000
	if hold == 0 {
		seconds = usualHold
		f.todof("%s is held until there is news; for how long at most was not seen, and stands as %ds", t.name(), seconds)
	}
	return []string{"as: long-poll", fmt.Sprintf("hold: %ds", seconds)}
}

// socket words a socket with its frames.
func (f *file) socket(t *take) []string {
	var lines []string
	if t.about != nil {
		lines = append(lines, indented(4, f.take(t, ""))...)
	}
	var inner []string
	if protocols := t.asks[0].exchange.request.Headers["Sec-Websocket-Protocol"]; protocols != "" {
		inner = append(inner, "subprotocols: ["+protocols+"]")
	}
	inner = append(inner, f.hellos(t)...)
	var takes []string
	answered := false
	for _, frame := range f.takes {
		if !frame.isFrame || frame.pattern != t.pattern || frame.means == "" {
			continue
		}
		name := frame.is
		if name == "" {
			name = string(frame.means)
		}
		takes = append(takes, "  - name: "+flowText(name))
		takes = append(takes, indented(4, f.take(frame, ""))...)
		answered = answered || len(frame.worked()) > 0
	}
	if answered {
		inner = append(inner, "answers:", `  "*": `+f.refusal(t))
	}
	if len(takes) > 0 {
		inner = append(append(inner, "takes:"), takes...)
	}
	if len(inner) == 0 {
		return append(lines, "    socket: {}")
	}
	return append(append(lines, "    socket:"), indented(6, inner)...)
}

// refusal is how a frame is answered that the desk does not take: nobody has seen it, but that it names its question as other answers do is likely.
func (f *file) refusal(t *take) string {
	f.todof("how this desk says no to a frame on %s was not seen: the answers \"*\" of the socket are a guess", t.pattern)
	fields := []string{`error: "${outcome}"`, `detail: "${detail}"`}
	for _, frame := range f.takes {
		if !frame.isFrame || frame.pattern != t.pattern {
			continue
		}
		for _, a := range frame.worked() {
			for _, m := range a.answer.body.members {
				if v := a.body.get(m.name); correlates(leaf{name: m.name, value: m.value}) && v != nil && v.text == m.value.text {
					return "{json: {" + strings.Join(append([]string{flowKey(m.name) + `?: "${` + below("body", m.name) + `}"`}, fields...), ", ") + "}}"
				}
			}
		}
	}
	return "{json: {" + strings.Join(fields, ", ") + "}}"
}

func (f *file) hellos(t *take) []string {
	var trees []*node
	one := &teller{inference: f.inference, place: "hello", listed: func(string) bool { return false }}
	for _, a := range t.asks {
		for _, hello := range a.exchange.hellos {
			trees = append(trees, hello)
			one.examples = append(one.examples, hello.leaves("hello"))
		}
	}
	if len(trees) == 0 {
		return nil
	}
	name := f.cursor[strings.LastIndexAny(f.cursor, ".")+1:]
	one.special = func(l leaf, _ []*node) (string, bool) {
		switch {
		case l.value.kind == number && l.name == name:
			return flowText("${cursor}"), false
		case name != "" && l.value.kind == number && len(trees) > 1 && !same(valuesAt(one.examples, l.place)):
			return flowText("${socket.number}"), false
		}
		return "", false
	}
	return []string{"hello:", "  - json: " + one.write(merged(trees))}
}

func valuesAt(examples [][]leaf, place string) []*node {
	var values []*node
	for _, example := range examples {
		if v, ok := at(example, place); ok {
			values = append(values, v)
		}
	}
	return values
}

// events words the news.
func (f *file) events() {
	roles := f.rolesTold()
	for _, name := range f.order() {
		var rules []string
		for _, g := range f.groups {
			if g.event == name {
				rules = append(rules, f.rule(g, roles))
			}
		}
		p := piece{about: "the event " + name, isEvent: true}
		if len(rules) == 1 {
			p.lines = []string{"  " + name + ": " + rules[0]}
		} else {
			p.lines = append([]string{"  " + name + ":"}, indented(4, prefixed("- ", rules))...)
		}
		f.pieces = append(f.pieces, p)
	}
}

func prefixed(with string, lines []string) []string {
	all := make([]string, 0, len(lines))
	for _, l := range lines {
		all = append(all, with+l)
	}
	return all
}

// order names the events that are told, as they first came.
func (f *file) order() []string {
	var names []string
	for _, g := range f.groups {
		if g.event != "" && !slices.Contains(names, g.event) {
			names = append(names, g.event)
		}
	}
	return names
}

// rolesTold says whose lines each group of them has. A desk whose own lines were not seen has them told as an agent's.
func (f *file) rolesTold() map[*group][]string {
	told := map[*group][]string{}
	var agents *group
	seen := false
	for _, g := range f.groups {
		if g.event != "message" {
			continue
		}
		for _, n := range g.news {
			if who := n.author(); who != "" {
				told[g] = insert(told[g], who)
			}
		}
		seen = seen || slices.Contains(told[g], "desk")
		if slices.Contains(told[g], "agent") {
			agents = g
		}
	}
	if agents != nil && !seen {
		told[agents] = insert(told[agents], "desk")
	}
	return told
}

func (f *file) rule(g *group, roles map[*group][]string) string {
	one := f.eventTeller(g)
	var parts []string
	if g.event == "message" {
		if when := whenAuthor(roles[g]); when != "" {
			parts = append(parts, "when: "+flowText(when))
		}
	}
	if g.news[0].name != "" {
		parts = append(parts, "name: "+flowText(g.news[0].name))
	}
	var trees []*node
	for _, n := range g.news {
		trees = append(trees, n.tree)
	}
	if whole := merged(trees); whole.kind == text && whole.inner == nil {
		word, _ := one.scalar(leaf{place: "event", value: whole})
		parts = append(parts, "text: "+word)
	} else {
		parts = append(parts, "json: "+one.write(whole))
	}
	for _, place := range one.unknown {
		f.todof("the event %s had different values at %s; it always says the first of them", g.event, place)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// whenAuthor is the condition for lines of some authors, empty for all.
func whenAuthor(roles []string) string {
	switch strings.Join(roles, " ") {
	case "agent desk":
		return `event.author.role != "user"`
	case "agent desk user", "":
		return ""
	}
	conditions := make([]string, 0, len(roles))
	for _, r := range roles {
		conditions = append(conditions, fmt.Sprintf("event.author.role == %q", r))
	}
	return strings.Join(conditions, " or ")
}

// longestExample is how much of an example a comment has, in bytes.
const longestExample = 240

func example(raw string) string {
	if len(raw) > longestExample {
		raw = strings.ToValidUTF8(raw[:longestExample], "") + "…"
	}
	return raw
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// leftOver says what was not understood, and what was not seen.
func (f *file) leftOver() {
	for _, t := range f.takes {
		if t.means != "" || t.isSocket() {
			continue
		}
		a := t.asks[0]
		what := t.name()
		if a.body != nil {
			what += " with " + example(a.body.json())
		}
		if a.answer != nil {
			what += " was answered " + example(fmt.Sprintf("%d %s", a.answer.status, a.answer.raw))
		}
		f.todof("say what this means, first seen in the step %q: %s", a.step, what)
	}
	for _, g := range f.groups {
		if g.event == "" {
			f.todof("say which event this is, first seen in the step %q: %s", g.news[0].step, example(g.news[0].raw))
		}
	}
	for _, one := range told {
		if slices.Contains(f.order(), one.event) {
			continue
		}
		why := "the step " + one.step + " showed nothing new"
		if !slices.Contains(f.steps, one.step) {
			why = "the step " + one.step + " was not done"
		}
		f.todof("no words for %s: %s", one.event, why)
	}
	if !slices.Contains(f.order(), "message") {
		f.todof("no words for message: no line of an agent was seen")
	}
	for _, m := range []wire.Meaning{wire.Start, wire.Message, wire.End, wire.Events} {
		if !slices.ContainsFunc(f.takes, func(t *take) bool { return t.means == m }) {
			f.todof("nothing means %s", m)
		}
	}
}
