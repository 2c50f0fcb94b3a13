// Package expect holds what was recorded against what a scenario expects, and words it for people.
package expect

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

// Fits tells whether a recorded JSON value has all that a pattern asks for, and if not, where it differs. An object of the pattern may have fewer keys than the value,
// a list fewer items at its end; "<string>", "<number>", "<any>" stand for any value of that sort.
func Fits(pattern, value any, at string) (string, bool) {
	switch want := pattern.(type) {
	case string:
		switch want {
		case "<any>":
			return "", true
		case "<string>":
			if _, ok := value.(string); ok {
				return "", true
			}
			return differs(at, "a string", value)
		case "<number>":
			if _, ok := value.(float64); ok {
				return "", true
			}
			return differs(at, "a number", value)
		}
	case map[string]any:
		have, ok := value.(map[string]any)
		if !ok {
			return differs(at, "an object", value)
		}
		keys := make([]string, 0, len(want))
		for key := range want {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			inner, present := have[key]
			if !present {
				return fmt.Sprintf("%s has no %q: it is %s", at, key, Short(value)), false
			}
			if why, ok := Fits(want[key], inner, at+"."+key); !ok {
				return why, false
			}
		}
		return "", true
	case []any:
		have, ok := value.([]any)
		if !ok || len(have) < len(want) {
			return differs(at, fmt.Sprintf("a list of at least %d", len(want)), value)
		}
		for i := range want {
			if why, ok := Fits(want[i], have[i], fmt.Sprintf("%s[%d]", at, i)); !ok {
				return why, false
			}
		}
		return "", true
	}
	if pattern == value {
		return "", true
	}
	return differs(at, Short(pattern), value)
}

func differs(at, want string, value any) (string, bool) {
	return fmt.Sprintf("%s is %s, not %s", at, Short(value), want), false
}

// Short renders a value for a sentence.
func Short(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // It is for people.
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return Clip(strings.TrimSpace(b.String()))
}

// Clip keeps a quotation readable; the whole stands in the journal.
func Clip(s string) string {
	const most = 160
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Decode reads recorded JSON; what is absent reads as nil.
func Decode(raw json.RawMessage) any {
	var v any
	if len(raw) > 0 {
		// Data was written by our own recorder or desk; if it were not JSON it would show as nil in the failure.
		_ = json.Unmarshal(raw, &v)
	}
	return v
}
