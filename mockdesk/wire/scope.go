package wire

import (
	"net/http"
	"net/url"
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
	vars map[string]any
	// budget is what is left of the work that the expressions of this scope may do.
	budget int
}

// mostWork bounds the steps of the expressions of one scope, and the length of the text that they make on the way.
const mostWork = 4 << 20

// NewScope returns a scope without values.
func NewScope() *Scope {
	s := &Scope{vars: make(map[string]any, 16), budget: mostWork}
	s.vars[budgetName] = &s.budget
	return s
}

// Set gives a name a value: nil, a truth value, a number, a text, a list or map of those, or an Object.
func (s *Scope) Set(name string, v any) { s.vars[name] = v }

// Get returns the value of a name, nil if it has none.
func (s *Scope) Get(name string) any { return s.vars[name] }

// Request sets what is known of a request before its body: request, query, header, cookie, and the parameters of its path.
func (s *Scope) Request(r *http.Request, path map[string]any) {
	s.Set("request", map[string]any{"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery})
	s.Set("path", path)
	s.Set("query", values(r.URL.Query()))
	s.Set("header", header(r.Header))
	s.Set("cookie", cookies{r})
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
