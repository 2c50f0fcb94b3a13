package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Said is what a wire has the desk say: an answer, a frame, or an event.
type Said struct {
	status  int
	media   string
	with    []binding
	headers []named
	cookies []*sentence
	body    template
	markup  bool
	json    bool
	fields  []named
	where   string
}

// named is a sentence under a name: a header, or a field of a form.
type named struct {
	name string
	*sentence
}

// binding gives a name the value of an expression, or of a text with expressions in it.
type binding struct {
	name, where string
	value       interface{ result(s *Scope) (any, error) }
}

// result makes an expression do for a binding.
func (e *expression) result(s *Scope) (any, error) { return e.run(s) }

// bind evaluates bindings one after the other, each with those before it in scope.
func bind(bindings []binding, s *Scope) error {
	for _, b := range bindings {
		v, err := b.value.result(s)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", b.where, b.name, err)
		}
		s.Set(b.name, v)
	}
	return nil
}

// Reply is an answer over HTTP, or a frame, as it goes out.
type Reply struct {
	// Status is the HTTP status.
	Status int
	// Header are the headers that the wire sets, Content-Type among them.
	Header http.Header
	// Body is what is said, nil for nothing.
	Body []byte
}

// reply says it as an answer; fallback is the status if the wire does not give one. The error names the place in the wire file.
func (said *Said) reply(s *Scope, fallback int) (Reply, error) {
	r := Reply{Status: said.status, Header: http.Header{}}
	if r.Status == 0 {
		r.Status = fallback
	}
	s.Set("status", r.Status)
	body, err := said.write(s)
	if err != nil {
		return r, err
	}
	r.Body = body
	if said.media != "" {
		r.Header.Set("Content-Type", said.media)
	}
	for _, h := range said.headers {
		text, err := h.text(s)
		if err != nil {
			return r, fmt.Errorf("%s: header %s: %w", said.where, h.name, err)
		}
		r.Header.Set(h.name, oneLine(text))
	}
	for _, c := range said.cookies {
		text, err := c.text(s)
		if err != nil {
			return r, fmt.Errorf("%s: cookie: %w", said.where, err)
		}
		r.Header.Add("Set-Cookie", oneLine(text))
	}
	return r, nil
}

// oneLine keeps a value from ending the header that it stands in.
func oneLine(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
}

// write is the body alone.
func (said *Said) write(s *Scope) ([]byte, error) {
	if err := bind(said.with, s); err != nil {
		return nil, err
	}
	switch {
	case said.body != nil:
		raw, err := said.body.write(s.room[:0], s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", said.where, err)
		}
		s.room = raw
		// Events are kept for as long as their conversation is, so they are to be no longer than they need.
		return append(make([]byte, 0, len(raw)), raw...), nil
	case said.fields != nil:
		form := url.Values{}
		for _, f := range said.fields {
			text, err := f.text(s)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", said.where, f.name, err)
			}
			form.Set(f.name, text)
		}
		return []byte(form.Encode()), nil
	}
	return nil, nil
}
