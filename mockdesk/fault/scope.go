package fault

import (
	"fmt"
	"slices"
	"strings"
)

// Direction is which way a frame goes, as the desk sees it.
type Direction string

// The directions: In is from the client to the desk, Out from the desk to the client.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Arrival is what has come to the desk or is about to leave it, and where: what Plan.Next decides about. What is not known, or has no meaning at the moment, is empty.
type Arrival struct {
	// Moment is what it is.
	Moment Moment
	// Tenant is whose desk it is, where one process serves several.
	Tenant string
	// Route is the method and the pattern of the path of a request, such as PUT /v1/conversations/{id}; Operation is what it or a frame asks for, such as start. Other
	// arrivals on an open socket have neither.
	Route, Operation string
	// Conversation is the id of the conversation.
	Conversation string
	// Connection is the desk's number of the socket, from 1.
	Connection int
	// Frame is the type of a frame, such as typing, and Direction the way it goes.
	Frame     string
	Direction Direction
}

// String says what has come and where, such as "request start in conversation-1".
func (a Arrival) String() string {
	words := []string{string(a.Moment)}
	for _, w := range []string{a.Operation, a.Frame} {
		if w != "" {
			words = append(words, w)
		}
	}
	if a.Operation == "" && a.Route != "" {
		words = append(words, a.Route)
	}
	return Scope{Tenant: a.Tenant, Conversation: a.Conversation, Connection: a.Connection, Direction: a.Direction}.place(words)
}

// Scope is where a rule plays: each field that is set must be that of the arrival; the zero value is everywhere.
type Scope struct {
	// On is the moment. Left empty it is every moment at which the fault can be played.
	On Moment `json:"on,omitempty"`
	// The others are as in Arrival.
	Tenant       string    `json:"tenant,omitempty"`
	Route        string    `json:"route,omitempty"`
	Operation    string    `json:"operation,omitempty"`
	Conversation string    `json:"conversation,omitempty"`
	Connection   int       `json:"connection,omitempty"`
	Frame        string    `json:"frame,omitempty"`
	Direction    Direction `json:"direction,omitempty"`
}

// fits is whether the arrival is within the scope.
func (s Scope) fits(a Arrival) bool {
	return alike(s.On, a.Moment) && alike(s.Tenant, a.Tenant) && alike(s.Route, a.Route) && alike(s.Operation, a.Operation) &&
		alike(s.Conversation, a.Conversation) && alike(s.Connection, a.Connection) && alike(s.Frame, a.Frame) && alike(s.Direction, a.Direction)
}

func alike[T comparable](want, got T) bool {
	var anything T
	return want == anything || want == got
}

// String says where, such as "on request start, in conversation-1"; everywhere is "anywhere".
func (s Scope) String() string {
	var words []string
	if s.On != "" {
		words = append(words, string(s.On))
	}
	for _, w := range []string{s.Route, s.Operation, s.Frame} {
		if w != "" {
			words = append(words, w)
		}
	}
	if place := s.place(words); place != "" {
		return "on " + place
	}
	return "anywhere"
}

// place adds to the words where the scope is.
func (s Scope) place(words []string) string {
	add := func(format string, v any, set bool) {
		if set {
			words = append(words, fmt.Sprintf(format, v))
		}
	}
	add("going %s", s.Direction, s.Direction != "")
	add("in conversation %s", s.Conversation, s.Conversation != "")
	add("on socket %d", s.Connection, s.Connection != 0)
	add("of tenant %s", s.Tenant, s.Tenant != "")
	return strings.Join(words, " ")
}

// validate checks that there are arrivals within the scope on which a fault of the kind can be played. Its error is a *FieldError.
func (s Scope) validate(k Kind) error {
	moments := k.Moments()
	if s.On != "" && !slices.Contains(moments, s.On) {
		return wrong("on", "a fault of kind %q is not played on %q; it is played on %s", k, string(s.On), quoted(moments))
	}
	if s.On != "" {
		moments = []Moment{s.On}
	}
	if s.Connection < 0 {
		return wrong("connection", "must be the number of a socket, from 1, not %d", s.Connection)
	}
	if s.Direction != "" && s.Direction != In && s.Direction != Out {
		return wrong("direction", `must be "in" or "out", not %q`, string(s.Direction))
	}
	for _, f := range []struct {
		name  string
		set   bool
		known []Moment
	}{
		{"route", s.Route != "", []Moment{Preflight, Upload, Request, Upgrade}},
		{"operation", s.Operation != "", []Moment{Preflight, Upload, Request, Upgrade, Ask}},
		{"connection", s.Connection != 0, []Moment{Open, Ask, Ping, Frame}},
		{"frame", s.Frame != "", []Moment{Frame}},
		{"direction", s.Direction == In, []Moment{Ping, Frame}},
		{"direction", s.Direction == Out, []Moment{Frame}},
	} {
		if !f.set {
			continue
		}
		left := slices.DeleteFunc(slices.Clone(moments), func(m Moment) bool { return !slices.Contains(f.known, m) })
		if len(left) == 0 {
			return wrong(f.name, "is known on %s only, and what is left for a fault of kind %q is %s", quoted(f.known), k, quoted(moments))
		}
		moments = left
	}
	return nil
}

// members points to the fields by the names that they have in files.
func (s *Scope) members() []member {
	return []member{
		{"on", &s.On}, {"tenant", &s.Tenant}, {"route", &s.Route}, {"operation", &s.Operation}, {"conversation", &s.Conversation},
		{"connection", &s.Connection}, {"frame", &s.Frame}, {"direction", &s.Direction},
	}
}

// UnmarshalJSON reads a scope. Its error is a *FieldError; whether the scope suits a fault is checked with the rule.
func (s *Scope) UnmarshalJSON(data []byte) error {
	raw, err := membersOf(data)
	if err != nil {
		return err
	}
	var read Scope
	var names []string
	for _, m := range read.members() {
		if err := raw.take(m.name, m.value); err != nil {
			return err
		}
		names = append(names, m.name)
	}
	if err := raw.nothingElse("a scope", names...); err != nil {
		return err
	}
	*s = read
	return nil
}

// MarshalYAML writes what MarshalJSON writes, as YAML.
func (s Scope) MarshalYAML() ([]byte, error) { return toYAML(s) }

// UnmarshalYAML reads what UnmarshalJSON reads, as YAML.
func (s *Scope) UnmarshalYAML(data []byte) error { return fromYAML(data, s) }
