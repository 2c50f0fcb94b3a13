package mockdesk

import (
	"encoding/json"
	"maps"
	"slices"

	"deskcheck/mockdesk/wire"
)

// view is a conversation as the expressions of a wire see it; d.mu is held while they run.
type view struct{ c *Conversation }

// Field implements wire.Object.
func (v view) Field(name string) any {
	c := v.c
	switch name {
	case "id":
		return c.id
	case "state":
		return string(c.state)
	case "queue":
		return c.queue
	case "cursor":
		return len(c.log)
	case "endedBy":
		return c.endedBy
	case "acknowledged":
		return c.acknowledged
	case "uploads":
		return c.uploads.fields()
	case "user":
		return map[string]any{"name": c.user.Name, "id": c.user.ID, "session": c.user.Session, "locale": c.user.Locale}
	case "agents":
		all := []any{}
		for _, id := range slices.Sorted(maps.Keys(c.agents)) {
			all = append(all, c.agents[id])
		}
		return all
	}
	return nil
}

// fields are the rules as events and expressions have them.
func (r UploadRules) fields() map[string]any {
	fields := map[string]any{"allowed": r.Allowed, "multiple": r.Multiple, "maxBytes": int(r.MaxBytes)}
	if r.Types != "" {
		fields["types"] = r.Types
	}
	if r.MaxFiles != 0 {
		fields["maxFiles"] = r.MaxFiles
	}
	return fields
}

var _ wire.Encoder = (*eventView)(nil)

// eventView is an event's fields as the expressions of a wire see them.
type eventView struct {
	fields map[string]any
	// raw are the fields as JSON, nil as long as nobody has asked for them; parsed is what raw says.
	raw    json.RawMessage
	parsed map[string]any
}

// plain says whether a map has no values but those that are the same once they are encoded.
func plain(m map[string]any) bool {
	for _, v := range m {
		switch v.(type) {
		case nil, string, bool, int:
		default:
			return false
		}
	}
	return true
}

// Fields implements wire.Encoder.
func (v *eventView) Fields() []byte {
	if v.raw == nil {
		// Who words an event without having encoded it first has made its fields of plain values, which always encode.
		v.raw, _ = wire.Encode(v.fields)
	}
	return v.raw
}

// Field implements wire.Object. Whatever is no plain value is taken from the event as it was encoded.
func (v *eventView) Field(name string) any {
	switch field := v.fields[name].(type) {
	case nil, string, bool, int:
		return field
	case map[string]any:
		if plain(field) {
			return field
		}
	}
	if v.parsed == nil {
		body, err := wire.ReadBody(wire.JSONBody, v.Fields())
		parsed, isObject := body.(map[string]any)
		if err != nil || !isObject {
			return nil
		}
		v.parsed = parsed
	}
	return v.parsed[name]
}
