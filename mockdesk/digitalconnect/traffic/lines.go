package traffic

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/har"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
)

var schema = sync.OnceValues(func() (*document.Schema, error) {
	text, err := fixtures.ReadFile("schemas/exchange.schema.json")
	if err != nil {
		return nil, err
	}
	return document.Compile("exchange.schema.json", text)
})

// line is a line of a file: an exchange, or an entry of a journal.
type line struct {
	// At, Ms, Party, Request and Response are those of an exchange.
	At       string    `json:"at"`
	Ms       float64   `json:"ms"`
	Party    string    `json:"party"`
	Request  *request  `json:"request"`
	Response *response `json:"response"`

	// The others are those of an entry.
	Seq  int            `json:"seq"`
	AtMs *float64       `json:"atMs"`
	Kind string         `json:"kind"`
	From string         `json:"from"`
	To   string         `json:"to"`
	Ref  int            `json:"ref"`
	Note string         `json:"note"`
	Data jsontext.Value `json:"data"`
}

type request struct {
	Method  string         `json:"method"`
	Host    string         `json:"host"`
	Path    string         `json:"path"`
	Query   string         `json:"query"`
	Headers headers        `json:"headers"`
	Body    jsontext.Value `json:"body"`
	Size    int            `json:"size"`
}

type response struct {
	Status  int            `json:"status"`
	Headers headers        `json:"headers"`
	Body    jsontext.Value `json:"body"`
	Size    int            `json:"size"`
	Ms      *float64       `json:"ms"`
}

// headers are names with a value, or with several.
type headers map[string]values

type values []string

// UnmarshalJSON reads a text, or a list of them.
func (v *values) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*v = values{one}
		return nil
	}
	var several []string
	if err := json.Unmarshal(raw, &several); err != nil {
		return errors.New("expected a text, or a list of texts")
	}
	*v = several
	return nil
}

// evidence has bodies keep what they have twice, which is a breach to be found and no mistake of the file.
var evidence = json.JoinOptions(jsontext.AllowDuplicateNames(true))

// readLines reads a file of lines. Lines with nothing in them are passed over.
func readLines(name string, source []byte) (*File, error) {
	f := &File{Name: name}
	j := saved{open: map[int]*exchange{}}
	var problems []error
	number := 0
	for text := range bytes.Lines(source) {
		number++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if err := f.addLine(&j, text, number); err != nil {
			problems = append(problems, err)
		}
		if len(problems) == document.MostProblems {
			break
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	j.close(f)
	return f, nil
}

// addLine adds what one line has.
func (f *File) addLine(j *saved, text []byte, number int) error {
	var l line
	if text[0] == '[' {
		return problem(f.Name, number, `expected one exchange a line, found a list; "jq -c '.[]' FILE" writes its items on lines of their own`)
	}
	if err := json.Unmarshal(text, &l, evidence); err != nil {
		if syntax, is := errors.AsType[*jsontext.SyntacticError](err); is {
			return fmt.Errorf("%s:%d:%d: expected one exchange a line as JSON: %w", f.Name, number, syntax.ByteOffset+1, plainly(syntax))
		}
		return problem(f.Name, number, "%s", strings.TrimPrefix(typeProblem(err), "."))
	}
	if l.Kind != "" {
		return j.add(f, l, number)
	}
	if err := f.check(text, number); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, l.At)
	if err != nil {
		return problem(f.Name, number, "at: expected a time such as 2026-01-02T03:04:05.678Z, found %q", l.At)
	}
	x := &exchange{place: f.Name + ":" + strconv.Itoa(number)}
	x.Seq, x.Party, x.Took = number, l.Party, milliseconds(l.Ms)
	if l.Response == nil {
		l.Response = &response{}
	}
	x.take(*l.Request, *l.Response)
	f.add(x, at)
	return nil
}

// check holds an exchange against its schema.
func (f *File) check(text []byte, number int) error {
	s, err := schema()
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal(text, &value, evidence); err != nil {
		return problem(f.Name, number, "%v", err)
	}
	wrong, err := s.Problems(value)
	if err != nil {
		return err
	}
	var problems []error
	for _, p := range wrong {
		if strings.HasPrefix(p.Found, "the text ") {
			p.Found = "a text" // which may be a secret in the wrong place
		}
		problems = append(problems, errors.New(f.Name+":"+strconv.Itoa(number)+": "+p.String()))
	}
	return errors.Join(problems...)
}

// take takes a request and its answer over.
func (x *exchange) take(q request, a response) {
	x.Method, x.Host, x.Path, x.Query, x.Header = q.Method, withoutPort(q.Host), q.Path, q.Query, q.Headers.header()
	x.answer(a)
	var whole bool
	if x.Body, whole = body(q.Body, q.Size); !whole {
		x.size, x.cut = q.Size, "the body of its request was not recorded whole"
	}
}

// answer takes an answer over. Of the body of one that is cut nothing is known.
func (x *exchange) answer(a response) {
	x.Status, x.ResponseHeader = a.Status, a.Headers.header()
	var whole bool
	if x.ResponseBody, whole = body(a.Body, a.Size); !whole {
		x.ResponseBody = nil
	}
}

func (h headers) header() http.Header {
	all := http.Header{}
	for name, several := range h {
		for _, value := range several {
			all.Add(name, value)
		}
	}
	return all
}

// inBase64 is what a text begins with that stands for bytes.
const inBase64 = "base64: "

// body is a body as it was sent: JSON as it stands in the line, a text as it is, bytes from base64. size is how many bytes it had where the line has not all of them; it is not whole then.
func body(raw jsontext.Value, size int) (sent []byte, whole bool) {
	var text string
	if len(raw) == 0 || raw.Kind() != '"' || json.Unmarshal(raw, &text) != nil {
		return raw, true
	}
	if encoded, is := strings.CutPrefix(text, inBase64); is {
		if sent, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return sent, true
		}
	}
	return []byte(text), size == 0 || size == len(text)
}

// formOf is a form whose text was not recorded.
func formOf(params []*har.Param) []byte {
	form := url.Values{}
	for _, p := range params {
		if p != nil {
			form.Add(p.Name, p.Value)
		}
	}
	return []byte(form.Encode())
}
