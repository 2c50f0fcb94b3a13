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
		return c.log.length
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

// fields are what an event says beside its cursor, its type and its time.
type fields interface {
	// field returns a value as expressions have it; if it is not plain, it has to be encoded and read for that.
	field(name string) (value any, plain bool)
	// encode writes all of them down as a JSON object. The error says which of them is no JSON value.
	encode(dst []byte) ([]byte, error)
	// length is about how many bytes that takes.
	length() int
}

// plainFields are fields by their names.
type plainFields map[string]any

func (p plainFields) field(name string) (value any, plain bool) {
	switch value := p[name].(type) {
	case nil, string, bool, int:
		return value, true
	case map[string]any:
		return value, isPlain(value)
	}
	return nil, false
}

// usualField is how long a field mostly is, in bytes.
const usualField = 64

func (p plainFields) length() int { return usualField * len(p) }

func (p plainFields) encode(dst []byte) ([]byte, error) {
	if len(p) == 0 {
		return append(dst, "{}"...), nil
	}
	return wire.AppendMap(dst, p)
}

// isPlain says whether a map has no values but those that are the same once they are encoded.
func isPlain(m map[string]any) bool {
	for _, v := range m {
		switch v.(type) {
		case nil, string, bool, int:
		default:
			return false
		}
	}
	return true
}

// said are the fields of a line of plain text or markup, which nearly all events are.
type said struct {
	key, text, format string
	// by is who has said it; authors has them as expressions do.
	by      author
	authors authors
}

// author is who says something.
type author struct{ role, agent, name string }

// authors are those who have said something, as expressions have them. The same few say nearly everything.
type authors map[author]map[string]any

// mostAuthors is how many are kept.
const mostAuthors = 200

// fields are an author's own, which do not change.
func (all authors) fields(one author) map[string]any {
	known := all[one]
	if known != nil {
		return known
	}
	known = map[string]any{"role": one.role}
	if one.agent != "" {
		known["id"] = one.agent
	}
	if one.name != "" {
		known["name"] = one.name
	}
	if len(all) >= mostAuthors {
		clear(all)
	}
	all[one] = known
	return known
}

func (s *said) field(name string) (value any, plain bool) {
	switch name {
	case "id":
		return s.key, true
	case "text":
		return s.text, true
	case "format":
		return s.format, true
	case "author":
		return s.authors.fields(s.by), true
	}
	return nil, true
}

func (s *said) length() int {
	const names = `{"author":{"id":"","name":"","role":""},"format":"","id":"","text":""}`
	return len(names) + len(s.by.agent) + len(s.by.name) + len(s.by.role) + len(s.format) + len(s.key) + len(s.text)
}

// encode writes what the map of plain would, in the same order.
func (s *said) encode(raw []byte) ([]byte, error) {
	raw = append(raw, `{"author":{`...)
	if s.by.agent != "" {
		raw = append(wire.AppendString(append(raw, `"id":`...), s.by.agent), ',')
	}
	if s.by.name != "" {
		raw = append(wire.AppendString(append(raw, `"name":`...), s.by.name), ',')
	}
	raw = wire.AppendString(append(raw, `"role":`...), s.by.role)
	raw = wire.AppendString(append(raw, `},"format":`...), s.format)
	raw = wire.AppendString(append(raw, `,"id":`...), s.key)
	raw = wire.AppendString(append(raw, `,"text":`...), s.text)
	return append(raw, '}'), nil
}

// plain is the same by names, for more to be added.
func (s *said) plain() plainFields {
	return plainFields{"id": s.key, "author": s.authors.fields(s.by), "text": s.text, "format": s.format}
}

var _ wire.Encoder = (*eventView)(nil)

// eventView is an event's fields as the expressions of a wire see them.
type eventView struct {
	fields fields
	// raw are the fields as JSON, nil as long as nobody has asked for them; parsed is what raw says.
	raw    json.RawMessage
	parsed map[string]any
}

// Fields implements wire.Encoder.
func (v *eventView) Fields() []byte {
	if v.raw == nil {
		// Who words an event without having encoded it first has made its fields of plain values, which always encode.
		v.raw, _ = v.fields.encode(nil)
	}
	return v.raw
}

// Field implements wire.Object. Whatever is no plain value is taken from the event as it was encoded.
func (v *eventView) Field(name string) any {
	if value, plain := v.fields.field(name); plain {
		return value
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
