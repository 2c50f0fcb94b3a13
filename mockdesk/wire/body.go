package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"
)

// BodyKind is how the body of a request or the text of a frame is to be read.
type BodyKind string

// The kinds of bodies.
const (
	JSONBody      BodyKind = "json"      // one JSON value; nothing is an empty object
	XMLBody       BodyKind = "xml"       // one XML element
	FormBody      BodyKind = "form"      // application/x-www-form-urlencoded
	TextBody      BodyKind = "text"      // a text
	MultipartBody BodyKind = "multipart" // multipart/form-data; one of its parts may be a file
	FileBody      BodyKind = "file"      // the bytes of a file
	NoBody        BodyKind = "none"      // whatever there is plays no part
)

// jsonSpace is what may stand before and behind a JSON value.
const jsonSpace = " \t\r\n"

// deepestXML bounds how far elements nest.
const deepestXML = 100

// ReadBody makes of a body what expressions know as body. Files and multipart bodies are for whoever takes them in. The error is a sentence for the client.
func ReadBody(kind BodyKind, raw []byte) (any, error) {
	switch kind {
	case JSONBody:
		if raw = bytes.Trim(raw, jsonSpace); len(raw) == 0 {
			return map[string]any{}, nil
		}
		return parseJSON(raw)
	case XMLBody:
		return parseXML(raw)
	case FormBody:
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return nil, fmt.Errorf("it is not an urlencoded form: %w", err)
		}
		return values(form), nil
	case TextBody:
		if !utf8.Valid(raw) {
			return nil, errors.New("it is not a text in UTF-8")
		}
		return string(raw), nil
	case MultipartBody, FileBody, NoBody:
	}
	return nil, nil //nolint:nilnil // Nothing is what expressions know of such a body.
}

// parseXML makes a map of an element: its attributes under @name, its text under text, and its children under their names, as lists where there are several of one name.
// An element that has neither attributes nor children is its text. The names are without their namespaces; the whole stands under the name of the root.
func parseXML(raw []byte) (any, error) {
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	var stack []*element
	var root map[string]any
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("it is not XML: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if root != nil {
				return nil, errors.New("it is not XML: something follows the element")
			}
			if len(stack) == deepestXML {
				return nil, fmt.Errorf("it has more than %d elements within each other", deepestXML)
			}
			stack = append(stack, newElement(t))
		case xml.EndElement:
			done := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if len(stack) == 0 {
				root = map[string]any{done.name: done.value()}
			} else {
				stack[len(stack)-1].add(done.name, done.value())
			}
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(t)
			}
		}
	}
	if root == nil {
		return nil, errors.New("it is not XML: there is no element")
	}
	return root, nil
}

// element is an XML element on the way to its end.
type element struct {
	name   string
	text   strings.Builder
	fields map[string]any
}

func newElement(t xml.StartElement) *element {
	e := &element{name: t.Name.Local, fields: map[string]any{}}
	for _, a := range t.Attr {
		e.fields["@"+a.Name.Local] = a.Value
	}
	return e
}

func (e *element) add(name string, v any) {
	switch before := e.fields[name].(type) {
	case nil:
		e.fields[name] = v
	case []any:
		e.fields[name] = append(before, v)
	default:
		e.fields[name] = []any{before, v}
	}
}

func (e *element) value() any {
	if len(e.fields) == 0 {
		return e.text.String()
	}
	e.fields["text"] = strings.TrimSpace(e.text.String())
	return e.fields
}
