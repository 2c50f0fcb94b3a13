package wire

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Object is something whose fields an expression can name, and which makes them only when they are asked for.
type Object interface {
	// Field returns the value of a field, nil if there is none of that name.
	Field(name string) any
}

// Encoder is an Object that can be written out whole.
type Encoder interface {
	Object
	// Fields returns the fields as a JSON object.
	Fields() []byte
}

// Scope holds the values that expressions and templates name, for one request, frame or event. It is for one goroutine at a time.
type Scope struct {
	// vars are few, so that a list finds them sooner than a map would.
	vars   []variable
	source *Source
	clock  time.Time
	// budget is what is left of the work that the expressions of this scope may do.
	budget int
	// env is all of it as the machine of the expressions takes it, empty as long as none has run since the values changed.
	env map[string]any
	// room is where what is said is written, before it is known how long it is.
	room []byte
}

// mostRoom is how much room a scope keeps, in bytes.
const mostRoom = 16 << 10

// variable is a value under its name.
type variable struct {
	name  string
	value any
}

// mostWork bounds the steps of the expressions of one scope, and the length of the text that they make on the way.
const mostWork = 1 << 20

// scopes are kept between uses: there is one for every event and every frame.
var scopes = sync.Pool{New: func() any { return &Scope{env: map[string]any{}} }}

// NewScope returns a scope without values.
func NewScope() *Scope {
	s, _ := scopes.Get().(*Scope) // The pool holds nothing else.
	s.budget = mostWork
	return s
}

// Release gives the scope up for others to use. Nothing may use it afterwards; one that nobody releases does no harm.
func (s *Scope) Release() {
	clear(s.vars)
	clear(s.env)
	if cap(s.room) > mostRoom {
		s.room = nil
	}
	s.vars, s.source, s.clock = s.vars[:0], nil, time.Time{}
	scopes.Put(s)
}

// environment is the scope as the machine of the expressions takes it.
func (s *Scope) environment() map[string]any {
	if len(s.env) > 0 {
		return s.env
	}
	for _, v := range s.vars {
		s.env[v.name] = v.value
	}
	s.env[budgetName], s.env[clockName], s.env[requestName] = &s.budget, moment(s.clock), s.source
	return s.env
}

// clockName and requestName are where expressions find values that belong together and that few of them want.
const (
	clockName   = "_clock"
	requestName = "_request"
)

// holders says where a name is found that is no value of its own.
var holders = map[string]string{
	"at": clockName, "millis": clockName,
	"request": requestName, "path": requestName, "query": requestName, "header": requestName, "cookie": requestName, "base": requestName, "socket": requestName,
}

// Clock sets what at and millis are.
func (s *Scope) Clock(now time.Time) {
	s.clock = now
	clear(s.env)
}

// moment is a point in time.
type moment time.Time

// Field returns the moment as text or in milliseconds.
func (m moment) Field(name string) any {
	if name == "at" {
		return Stamp(time.Time(m))
	}
	return int(time.Time(m).UnixMilli())
}

// Stamp is a moment as the desk's own documents write it: RFC 3339 in UTC with milliseconds.
func Stamp(t time.Time) string { return string(AppendStamp(nil, t)) }

// AppendStamp writes a moment as Stamp does.
func AppendStamp(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z07:00")
}

// Source is where a request or a frame comes from: what is known of it beside its body.
type Source struct {
	// Request is the request, or that which opened the socket; Path are the parameters of its path.
	Request *http.Request
	Path    map[string]any
	// Base is the address of the desk, Socket the number of the socket, 0 for none.
	Base   string
	Socket int
}

// From sets where what is said comes from. Events come of no request: theirs has none.
func (s *Scope) From(source *Source) {
	s.source = source
	clear(s.env)
}

// Field returns a part of the request.
func (s *Source) Field(name string) any {
	if s == nil {
		return nil
	}
	switch name {
	case "base":
		return s.Base
	case "socket":
		return map[string]any{"number": s.Socket}
	}
	if s.Request == nil {
		return nil
	}
	switch name {
	case "request":
		return map[string]any{"method": s.Request.Method, "path": s.Request.URL.Path, "query": s.Request.URL.RawQuery}
	case "path":
		return s.Path
	case "query":
		return values(s.Request.URL.Query())
	case "header":
		return header(s.Request.Header)
	case "cookie":
		return cookies{s.Request}
	}
	return nil
}

// Set gives a name a value: nil, a truth value, a number, a text, a list or map of those, or an Object.
func (s *Scope) Set(name string, v any) {
	clear(s.env)
	for i := range s.vars {
		if s.vars[i].name == name {
			s.vars[i].value = v
			return
		}
	}
	s.vars = append(s.vars, variable{name, v})
}

// Get returns the value of a name, nil if it has none.
func (s *Scope) Get(name string) any {
	for i := range s.vars {
		if s.vars[i].name == name {
			return s.vars[i].value
		}
	}
	return nil
}

// held returns a value that a holder has.
func (s *Scope) held(holder, name string) any {
	if holder == clockName {
		return moment(s.clock).Field(name)
	}
	return s.source.Field(name)
}

// values are the parameters of a query or the fields of a form; the first of each name counts.
type values url.Values

// Field returns the first value of the name.
func (v values) Field(name string) any {
	if all := v[name]; len(all) > 0 {
		return all[0]
	}
	return nil
}

type header http.Header

// Field returns the first value of the header, whatever the case of its name.
func (h header) Field(name string) any {
	if all := http.Header(h).Values(name); len(all) > 0 {
		return all[0]
	}
	return nil
}

type cookies struct{ r *http.Request }

// Field returns the value of the cookie.
func (c cookies) Field(name string) any {
	if cookie, err := c.r.Cookie(name); err == nil {
		return cookie.Value
	}
	return nil
}

// at is the field or the item of a value, nil if there is none: on a wire, fields are often left out.
func at(v, key any) any {
	switch v := v.(type) {
	case map[string]any:
		if name, ok := key.(string); ok {
			return v[name]
		}
	case Object:
		if name, ok := key.(string); ok {
			return v.Field(name)
		}
	case []any:
		if i, ok := key.(int); ok {
			if i < 0 {
				i += len(v)
			}
			if i >= 0 && i < len(v) {
				return v[i]
			}
		}
	}
	return nil
}
