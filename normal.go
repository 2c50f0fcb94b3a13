package deskcheck

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"deskcheck/reports"
)

// crossings is what crossed between a chat and an integration in one scenario, as lines that can be compared with those of another run: what is drawn anew every time, such
// as an id or an hour, is replaced by its number in the order of appearance.
type crossings struct {
	// known are the placeholders, by kind and value.
	known map[string]string
	count map[string]int
	// internals are the properties that a chat keeps for itself in what it hands around.
	internals []string
}

// The lists that are compared, each in its own order: how the lists interleave depends on how fast the desk, the network and the agents are, in either chat. So what the
// integration tells of a file, which comes with the answer to its upload, has a list for each file, and what the page hears of what the user says has its own, as has what it hears once it was sent.
const (
	listCalls     = "the chat calls"
	listCallbacks = "the integration calls back"
	listStored    = "the integration stores in the end"
	listFile      = "the integration tells of file "
	listSaid      = "the page hears of what the user says"
	listSent      = "the page hears of what was sent"
	listEvents    = "the page hears"
)

var listOrder = []string{listCalls, listCallbacks, listStored, listFile, listSaid, listSent, listEvents}

// list names a list: a second chat on the page has lists of its own, and of the lists of files each file has one.
type list struct {
	widget int
	what   string
	file   string
}

// listOf says where an entry is compared; false for one that is not. What an integration of its own stores while a chat goes on depends on how far its desk is by then, so of
// that only the last counts, unless the chat refuses it.
func listOf(e reports.Entry, fulfilled bool) (list, bool) {
	l := list{widget: e.Widget}
	switch e.Kind {
	case "call":
		l.what = listCalls
	case "callback":
		l.what = listCallbacks
		if e.Name == "updatePersistedState" && fulfilled {
			l.what = listStored
		}
		if e.Name == "setFileUploadStatus" {
			l.what = listFile
			if args, _ := dataOf(e)["args"].([]any); len(args) > 0 {
				l.file = asJSON(args[0])
			}
		}
	case "event":
		l.what = listEvents
		switch {
		case strings.HasSuffix(e.Name, ":pre:send"):
			l.what = listSaid
		case strings.HasSuffix(e.Name, ":send"):
			l.what = listSent
		}
		// The others are remarks of our own host.
		return l, strings.Contains(e.Name, ":") || e.Name == "userDefinedResponse"
	default:
		return l, false
	}
	return l, true
}

// lined are the lines of each list by its name, and the names in their order.
type lined struct {
	names []string
	lines map[string][]string
}

// linesOf gives the lines of each list.
func linesOf(entries []reports.Entry, internals []string, scripted bool) lined {
	ends := map[int]reports.Entry{}
	for _, e := range entries {
		if e.Kind == "settled" || e.Kind == "returned" {
			ends[e.Ref] = e
		}
	}
	var order []list
	in := map[list][]reports.Entry{}
	for _, e := range entries {
		l, compared := listOf(e, outcomeOf(ends[e.Seq]) == "fulfilled")
		if !compared {
			continue
		}
		if _, began := in[l]; !began {
			order = append(order, l)
		}
		if l.what == listStored && !scripted {
			in[l] = nil
		}
		in[l] = append(in[l], e)
	}
	slices.SortStableFunc(order, func(a, b list) int {
		return cmp.Or(cmp.Compare(a.widget, b.widget), cmp.Compare(slices.Index(listOrder, a.what), slices.Index(listOrder, b.what)))
	})
	// List by list, so that the numbers of what is drawn anew do not depend on how the lists interleave.
	c := crossings{known: map[string]string{}, count: map[string]int{}, internals: internals}
	written := lined{lines: map[string][]string{}}
	for _, l := range order {
		name := l.what
		if l.what == listFile {
			name += c.words(l.file)
		}
		if l.widget > 0 {
			name = fmt.Sprintf("chat %d: %s", l.widget+1, name)
		}
		written.names = append(written.names, name)
		for _, e := range in[l] {
			written.lines[name] = append(written.lines[name], c.entry(e, ends[e.Seq])...)
		}
	}
	return written
}

// and gives the names of both.
func (l lined) and(other lined) []string {
	all := slices.Clone(l.names)
	for _, name := range other.names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// dataOf gives what was recorded with an entry. What the recorder wrote is JSON; an entry without data has none.
func dataOf(e reports.Entry) map[string]any {
	var data map[string]any
	_ = json.Unmarshal(e.Data, &data)
	return data
}

// entry writes a call, a callback or an event.
func (c *crossings) entry(e, end reports.Entry) []string {
	data := dataOf(e)
	switch e.Kind {
	case "call":
		return c.crossing(e.Name, data, c.outcome(end, e.Name != "factory"))
	case "callback":
		return c.crossing(e.Name, data, c.outcome(end, false))
	}
	return append([]string{e.Name}, leaves(e.Name, "", c.normal("", data))...)
}

// crossing writes a call or a callback: how it ended, then a line for each value that was given, by its place.
func (c *crossings) crossing(who string, data map[string]any, outcome string) []string {
	args, _ := data["args"].([]any)
	for len(args) > 0 && isUndefined(args[len(args)-1]) {
		args = args[:len(args)-1]
	}
	lines := []string{who + outcome}
	for i, arg := range args {
		lines = append(lines, leaves(who, strconv.Itoa(i+1), c.normal("", c.parameters(who, arg)))...)
	}
	return lines
}

// parameters gives of what a factory is given the names and the stored state: the rest are the chat's own objects.
func (c *crossings) parameters(who string, arg any) any {
	given, ok := arg.(map[string]any)
	if !ok || who != "factory" {
		return arg
	}
	shown := map[string]any{}
	for key, value := range given {
		if key == "persistedState" {
			shown[key] = value
		} else {
			shown[key] = "<the chat's>"
		}
	}
	return shown
}

// leaves writes each value of a tree on a line of its own, with the way to it, so that a difference shows where it is.
func leaves(who, path string, v any) []string {
	var lines []string
	deeper := func(key string, inner any) {
		if path != "" {
			key = path + "." + key
		}
		lines = append(lines, leaves(who, key, inner)...)
	}
	switch value := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			deeper(key, value[key])
		}
		if len(value) > 0 {
			return lines
		}
	case []any:
		for i, inner := range value {
			deeper(strconv.Itoa(i), inner)
		}
		if len(value) > 0 {
			return lines
		}
	}
	if path == "" {
		return nil
	}
	return []string{"  " + who + " · " + path + ": " + asJSON(v)}
}

func isUndefined(v any) bool {
	object, ok := v.(map[string]any)
	return ok && object["$type"] == "undefined"
}

// outcome writes how a call ended. The words of an error are compared only where the integration chose them.
func (c *crossings) outcome(e reports.Entry, words bool) string {
	if e.Seq == 0 {
		return " … open"
	}
	data := dataOf(e)
	line := " → " + outcomeOf(e)
	if value, ok := data["value"]; ok && !isUndefined(value) {
		line += " " + c.text(value)
	}
	if problem, ok := data["error"].(map[string]any); ok && words {
		if message, _ := problem["message"].(string); message != "" {
			line += " " + c.text(message)
		}
	}
	return line
}

// outcomeOf is how a call ended: fulfilled or rejected, for whoever awaits it.
func outcomeOf(e reports.Entry) string {
	how, _ := dataOf(e)["outcome"].(string)
	if how == "threw" {
		return "rejected"
	}
	return how
}

// text writes a value as JSON, normalised.
func (c *crossings) text(v any) string { return asJSON(c.normal("", v)) }

func asJSON(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	// It was JSON before.
	_ = encoder.Encode(v)
	return strings.TrimSpace(b.String())
}

var (
	uuids = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	ports = regexp.MustCompile(`(127\.0\.0\.1|localhost):\d+`)
	hours = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
)

// timeKeys are the properties that hold a time, whatever it looks like.
var timeKeys = []string{"timestamp", "time", "lastModified"}

func (c *crossings) normal(key string, v any) any {
	switch value := v.(type) {
	case map[string]any:
		object := make(map[string]any, len(value))
		for _, k := range slices.Sorted(maps.Keys(value)) {
			if slices.Contains(c.internals, k) || isUndefined(value[k]) {
				continue
			}
			object[k] = c.normal(k, value[k])
		}
		// What a chat says of itself it says in its own words.
		if kind, _ := object["agent_message_type"].(string); kind != "" && !strings.HasPrefix(kind, "from_") {
			object["text"] = "<the chat's words>"
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, inner := range value {
			list[i] = c.normal(key, inner)
		}
		return list
	case string:
		if slices.Contains(timeKeys, key) {
			return c.placeholder("time", value)
		}
		return c.words(value)
	case float64:
		// Milliseconds of this century, or a property that is known to hold them.
		if slices.Contains(timeKeys, key) || value > 1e12 && value < 1e13 {
			return "<time>"
		}
		return value
	}
	return v
}

// words replaces what is drawn anew in a text.
func (c *crossings) words(text string) string {
	text = hours.ReplaceAllStringFunc(text, func(s string) string { return c.placeholder("time", s) })
	text = ports.ReplaceAllString(text, "$1:<port>")
	return uuids.ReplaceAllStringFunc(text, func(s string) string { return c.placeholder("id", s) })
}

func (c *crossings) placeholder(kind, value string) string {
	name, ok := c.known[kind+value]
	if !ok {
		c.count[kind]++
		name = fmt.Sprintf("<%s %d>", kind, c.count[kind])
		c.known[kind+value] = name
	}
	return name
}
