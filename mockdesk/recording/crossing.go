package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Kind says what a Crossing is.
type Kind string

// The kinds of crossing. A Request is answered by a Response; one that asks for a WebSocket and gets one is followed by its Frames; server-sent events are Events between the head of
// their answer and its end. Closed ends sockets and such answers. A Mark is no crossing: it says which step of the recording begins.
const (
	Request  Kind = "request"
	Response Kind = "response"
	Frame    Kind = "frame"
	Event    Kind = "event"
	Closed   Kind = "closed"
	Mark     Kind = "mark"
)

// Side is one of the two between whom something crosses.
type Side string

// The two sides of the recorder.
const (
	Client Side = "client"
	Desk   Side = "desk"
)

// Crossing is one line of a traffic file. All that it holds is redacted before it is written.
type Crossing struct {
	// At is the time since the recording began, in milliseconds.
	At   int64 `json:"at"`
	Kind Kind  `json:"kind"`
	// Exchange numbers the requests from 1, and what belongs to one has its number. It is 0 for marks.
	Exchange int `json:"exchange,omitempty"`
	// From is who sent a frame, or ended what was open.
	From Side `json:"from,omitempty"`
	// Step is the step that a mark begins.
	Step string `json:"step,omitempty"`
	// Method, Path (still escaped) and Query are those of a request.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	Query  string `json:"query,omitempty"`
	// Status is that of an answer, 0 if there was none.
	Status int `json:"status,omitempty"`
	// Headers are those of a request or an answer, by their canonical names; several of one name are joined with ", ".
	Headers map[string]string `json:"headers,omitempty"`
	// Body is a body, a frame or the data of a server-sent event. It is not there for bytes that are no text.
	Body string `json:"body,omitempty"`
	// ID and Name are those of a server-sent event.
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	// Bytes is how many bytes a body had of which not all is kept.
	Bytes int64 `json:"bytes,omitempty"`
	// Code is that with which a socket was closed.
	Code int `json:"code,omitempty"`
	// Note says what went wrong.
	Note string `json:"note,omitempty"`
}

// Traffic is what has crossed, in its order. It is written as it grows, so that nothing is lost with the process. Its methods are safe for use by many goroutines.
type Traffic struct {
	secrets *secrets
	began   time.Time

	mu      sync.Mutex
	to      io.Writer
	all     []Crossing
	failed  error
	changed chan struct{}
}

// NewTraffic begins a recording. Each crossing is written to the writer, a line of JSON each, before the next is taken.
func NewTraffic(to io.Writer) *Traffic {
	return &Traffic{secrets: newSecrets(), began: time.Now(), to: to, changed: make(chan struct{})}
}

// Append redacts a crossing, takes its time and keeps it.
func (t *Traffic) Append(c Crossing) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c = t.secrets.redact(c)
	c.At = time.Since(t.began).Milliseconds()
	t.all = append(t.all, c)
	close(t.changed)
	t.changed = make(chan struct{})
	line, err := encode(c)
	if err == nil {
		_, err = t.to.Write(line)
	}
	if t.failed == nil && err != nil {
		t.failed = fmt.Errorf("keep the traffic: %w", err)
	}
}

// Mark says that a step of the recording begins, by its name.
func (t *Traffic) Mark(step string) { t.Append(Crossing{Kind: Mark, Step: step}) }

// All is what has crossed so far, and a channel that is closed when there is more.
func (t *Traffic) All() ([]Crossing, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clip(t.all), t.changed
}

// Err is the first error of the writer, nil if all was kept.
func (t *Traffic) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

func encode(c Crossing) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return nil, fmt.Errorf("encode a crossing: %w", err)
	}
	return b.Bytes(), nil
}

// longestCrossing is how long a line of a traffic file may be, in bytes: a body that is kept, with all of it escaped, and headers.
const longestCrossing = 8 * mostKept

// ReadTraffic reads a traffic file; path is its name, for messages. A last line that breaks off, as a process leaves it that was killed, is left out. The error names line and field.
func ReadTraffic(path string, from io.Reader) ([]Crossing, error) {
	var all []Crossing
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longestCrossing)
	var broken error
	for n := 1; lines.Scan(); n++ {
		if broken != nil {
			return nil, broken
		}
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		c, err := decode(lines.Bytes())
		if err != nil {
			broken = fmt.Errorf("%s:%d: %w", path, n, err)
			continue
		}
		all = append(all, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: read the traffic: %w", path, err)
	}
	if broken != nil && len(all) == 0 {
		return nil, broken
	}
	return all, nil
}

func decode(line []byte) (Crossing, error) {
	var c Crossing
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return c, fmt.Errorf("%s: expected %s, found a %s", wrong.Field, wrong.Type, wrong.Value)
		}
		return c, fmt.Errorf("it is no line of traffic: %w", err)
	}
	switch c.Kind {
	case Request, Response, Frame, Event, Closed:
		if c.Exchange < 1 {
			return c, fmt.Errorf("exchange: expected a number from 1, found %d", c.Exchange)
		}
	case Mark:
		if !known(c.Step) {
			return c, fmt.Errorf("step: there is no step %q", c.Step)
		}
	default:
		return c, fmt.Errorf("kind: expected request, response, frame, event, closed or mark, found %q", c.Kind)
	}
	return c, nil
}
