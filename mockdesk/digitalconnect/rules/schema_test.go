package rules_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect/rules"
)

// value is anything that may stand in the place of something else.
func value(likely ...any) *rapid.Generator[any] {
	odd := []any{nil, "", " ", "text", 5.0, -1.5, true, []any{}, []any{"a"}, map[string]any{}, map[string]any{"x": "y"}}
	return rapid.OneOf(rapid.SampledFrom(likely), rapid.SampledFrom(odd))
}

// object has some of the members, and sometimes one that nobody knows.
func object(members map[string]*rapid.Generator[any]) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		made := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if rapid.IntRange(0, 5).Draw(t, "has "+name) > 0 {
				made[name] = members[name].Draw(t, name)
			}
		}
		if rapid.IntRange(0, 8).Draw(t, "has more") == 0 {
			made["more"] = "x"
		}
		return made
	})
}

// several has up to two of an item.
func several(item *rapid.Generator[any]) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		items := rapid.SliceOfN(item, 0, 2).Draw(t, "items")
		return append([]any{}, items...)
	})
}

var (
	starts = object(map[string]*rapid.Generator[any]{
		"touchpoint_id": value("tp-1"), "subject": value("s"),
		"contact_person":     rapid.OneOf(object(map[string]*rapid.Generator[any]{"email": value("a@b.test", "a@b@c", "a b@c", "@b")}), value("a@b.test")),
		"context_parameters": rapid.OneOf(object(map[string]*rapid.Generator[any]{"Intent": value("billing")}), value("x")),
		"previous_messages": rapid.OneOf(several(rapid.OneOf(object(map[string]*rapid.Generator[any]{
			"type": value("user", "EXTERNAL", "assistant"), "content": value("hi"), "created_at": value("now"),
		}), value("hi"))), value("x")),
	})
	messages = object(map[string]*rapid.Generator[any]{
		"content": value("hi", "\u00a0", "\n\t"),
		"attachments": rapid.OneOf(several(rapid.OneOf(object(map[string]*rapid.Generator[any]{
			"id": value("a-1"), "name": value("x.pdf"), "type": value("application/pdf"), "size": value(5.0, "5", "5.5", "5 KB", "-5"),
		}), value("hi"))), value("x")),
	})
)

// TestReadersAgreeWithSchemas has the readers and the published schemas name the same requirements for the same bodies: what one is told of a body does not depend on who looks at it.
func TestReadersAgreeWithSchemas(t *testing.T) {
	problems := map[string]func([]byte) []rules.Problem{
		"start": func(body []byte) []rules.Problem { _, found := rules.ReadStart("application/json", body); return found },
		"message": func(body []byte) []rules.Problem {
			_, found := rules.ReadMessage("application/json", body)
			return found
		},
	}
	for name, bodies := range map[string]*rapid.Generator[any]{"start": starts, "message": messages} {
		rapid.Check(t, func(t *rapid.T) {
			body, err := json.Marshal(bodies.Draw(t, name))
			require.NoError(t, err)
			read, schema := map[string]bool{}, map[string]bool{}
			for _, p := range problems[name](body) {
				read[p.Requirement] = true
			}
			for _, b := range fixtures.CheckDigitalConnect(name, body) {
				schema[b.Requirement] = true
			}
			require.Equal(t, slices.Sorted(maps.Keys(schema)), slices.Sorted(maps.Keys(read)), "%s", body)
		})
	}
}
