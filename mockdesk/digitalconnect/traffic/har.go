package traffic

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/cdproto/har"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// isHAR says whether a text is a HAR document: an object with a log, which no exchange has.
func isHAR(source []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(source))
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return false
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return false
		}
		if name.String() == "log" {
			return true
		}
		if d.SkipValue() != nil {
			return false
		}
	}
	return false
}

// lineAt is the line of an offset, from 1.
func lineAt(source []byte, offset int64) int {
	return bytes.Count(source[:min(offset, int64(len(source)))], []byte("\n")) + 1
}

// readHAR reads a HAR document. The entries are read one by one, so that what is wrong has a line.
func readHAR(name string, source []byte) (*File, error) {
	f := &File{Name: name}
	d := jsontext.NewDecoder(bytes.NewReader(source))
	line, counted := 1, int64(0)
	err := walkHAR(d, func(entry jsontext.Value, number int) error {
		// The decoder stands behind the entry; it begins so many bytes before.
		begins := d.InputOffset() - int64(len(entry))
		line, counted = line+bytes.Count(source[counted:begins], []byte("\n")), begins
		return f.addHAR(entry, line, number)
	})
	if syntax, is := errors.AsType[*jsontext.SyntacticError](err); is {
		return nil, problem(name, lineAt(source, syntax.ByteOffset), "this is no HAR document: %v", plainly(syntax))
	}
	if err != nil {
		return nil, problem(name, line, "%v", err)
	}
	return f, nil
}

// plainly is an error of the JSON library without its prefix and the offset, which the line stands for.
func plainly(err *jsontext.SyntacticError) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends in the middle")
	case err.Err != nil:
		return err.Err
	}
	return err
}

// walkHAR hands on each entry of a document, counted from 0.
func walkHAR(d *jsontext.Decoder, entry func(jsontext.Value, int) error) error {
	found := false
	err := members(d, func(name string) error {
		if name != "log" {
			return d.SkipValue()
		}
		return members(d, func(name string) error {
			switch {
			case name != "entries":
				return d.SkipValue()
			case d.PeekKind() != '[':
				return errors.New("log.entries: expected a list of entries")
			}
			found = true
			if _, err := d.ReadToken(); err != nil {
				return err
			}
			for number := 0; d.PeekKind() != ']'; number++ {
				value, err := d.ReadValue()
				if err == nil {
					err = entry(value, number)
				}
				if err != nil {
					return err
				}
			}
			_, err := d.ReadToken()
			return err
		})
	})
	if err == nil && !found {
		err = errors.New("log.entries: expected a list of entries, found nothing")
	}
	if err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document; give one HAR document a file")
	}
	return nil
}

// members calls do with the name of each member of the object that comes next; do reads its value.
func members(d *jsontext.Decoder, do func(name string) error) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '{' {
		return errors.New("log: expected an object")
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err == nil {
			err = do(name.String())
		}
		if err != nil {
			return err
		}
	}
	_, err = d.ReadToken()
	return err
}

// addHAR adds an entry. Its error names the field.
func (f *File) addHAR(raw jsontext.Value, line, number int) error {
	at := "log.entries[" + strconv.Itoa(number) + "]"
	var e har.Entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("%s%s", at, typeProblem(err))
	}
	switch {
	case e.Request == nil:
		return fmt.Errorf("%s.request: expected the request, found nothing", at)
	case e.Response == nil:
		return fmt.Errorf("%s.response: expected the response, found nothing", at)
	case e.Request.Method == "":
		return fmt.Errorf("%s.request.method: expected a method, found nothing", at)
	}
	started, err := time.Parse(time.RFC3339Nano, e.StartedDateTime)
	if err != nil {
		return fmt.Errorf("%s.startedDateTime: expected a time such as 2026-01-02T03:04:05.678Z, found %q", at, e.StartedDateTime)
	}
	x := &exchange{place: f.Name + ":" + strconv.Itoa(line)}
	x.Seq, x.Method = number+1, e.Request.Method
	if err := x.setURL(e.Request.URL); err != nil {
		return fmt.Errorf("%s.request.url: %w", at, err)
	}
	x.Header, x.ResponseHeader = headerOf(e.Request.Headers), headerOf(e.Response.Headers)
	x.Status = int(e.Response.Status)
	x.Took = milliseconds(e.Time)
	if t := e.Timings; t != nil && t.Wait >= 0 && t.Receive >= 0 && t.Wait+t.Receive > 0 {
		// From the last byte of the request to the last of the answer: connecting and sending is not the connector's time.
		started = started.Add(x.Took - milliseconds(t.Wait+t.Receive))
		x.Took = milliseconds(t.Wait + t.Receive)
	}
	x.bodies(e.Request, e.Response)
	f.add(x, started)
	return nil
}

// add adds an exchange of a known moment.
func (f *File) add(x *exchange, at time.Time) {
	if f.since.IsZero() {
		f.since = at
	}
	x.At = at.Sub(f.since)
	f.exchanges = append(f.exchanges, x)
}

// bodies takes the bodies over.
func (x *exchange) bodies(request *har.Request, response *har.Response) {
	size := max(int(request.BodySize), length(x.Header))
	switch {
	case request.PostData != nil && request.PostData.Text != "":
		x.Body, x.size = []byte(request.PostData.Text), size
	case request.PostData != nil && len(request.PostData.Params) > 0:
		x.Body = formOf(request.PostData.Params)
	case size > 0:
		x.size, x.cut = size, "the body of its request was not recorded"
	}
	if response.Content != nil {
		x.ResponseBody = response.Content.Text
	}
}

// length is what a header says that the body has, 0 if it says nothing.
func length(h http.Header) int {
	n, err := strconv.Atoi(h.Get("Content-Length"))
	if err != nil {
		return 0
	}
	return n
}

// headerOf is a header; the pseudo headers of HTTP/2, which some tools write down, are none.
func headerOf(pairs []*har.NameValuePair) http.Header {
	h := http.Header{}
	for _, p := range pairs {
		if p != nil && !strings.HasPrefix(p.Name, ":") {
			h.Add(p.Name, p.Value)
		}
	}
	return h
}
