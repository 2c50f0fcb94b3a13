package deskcheck

import (
	"bytes"
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

// The lists that are compared, each in its own order: how the lists interleave depends on how fast the desk is, in either chat.
const (
	listCalls     = "the chat calls"
	listCallbacks = "the integration calls back"
	listEvents    = "the page hears"
)

var lists = []string{listCalls, listCallbacks, listEvents}

// linesOf gives the lines of each list.
func linesOf(entries []reports.Entry, internals []string) map[string][]string {
	c := crossings{known: map[string]string{}, count: map[string]int{}, internals: internals}
	ends := map[int]reports.Entry{}
	for _, e := range entries {
		if e.Kind == "settled" || e.Kind == "returned" {
			ends[e.Ref] = e
		}
	}
	lines := map[string][]string{}
	for _, e := range entries {
		var data map[string]any
		// What the recorder wrote is JSON; an entry without data has none.
		_ = json.Unmarshal(e.Data, &data)
		who := e.Name
		if e.Widget > 0 {
			who = fmt.Sprintf("chat %d: %s", e.Widget+1, e.Name)
		}
		switch e.Kind {
		case "call":
			lines[listCalls] = append(lines[listCalls], c.crossing(who, data, c.outcome(ends[e.Seq], e.Name != "factory"))...)
		case "callback":
			lines[listCallbacks] = append(lines[listCallbacks], c.crossing(who, data, c.outcome(ends[e.Seq], false))...)
		case "event":
			// The others are remarks of our own host.
			if strings.Contains(e.Name, ":") || e.Name == "userDefinedResponse" {
				lines[listEvents] = append(lines[listEvents], who)
				lines[listEvents] = append(lines[listEvents], leaves(who, "", c.normal("", data))...)
			}
		}
	}
	return lines
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
	if !ok || !strings.HasSuffix(who, "factory") {
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
	var data map[string]any
	_ = json.Unmarshal(e.Data, &data) // as above
	how, _ := data["outcome"].(string)
	if how == "threw" {
		how = "rejected" // for whoever awaits it is the same
	}
	line := " → " + how
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
		value = hours.ReplaceAllStringFunc(value, func(s string) string { return c.placeholder("time", s) })
		value = ports.ReplaceAllString(value, "$1:<port>")
		return uuids.ReplaceAllStringFunc(value, func(s string) string { return c.placeholder("id", s) })
	case float64:
		// Milliseconds of this century, or a property that is known to hold them.
		if slices.Contains(timeKeys, key) || value > 1e12 && value < 1e13 {
			return "<time>"
		}
		return value
	}
	return v
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
