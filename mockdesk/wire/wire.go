// Package wire holds the protocol between an integration and a desk as data: a file says which requests and frames mean what to the desk, and how the desk words its answers and
// its events. GUIDE.md describes the format. Everything in a file is compiled when it is read; a file cannot reach the machine that it is read on.
package wire

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
)

//go:embed native.wire.yaml
var native []byte

// NativeFile is the file of the native wire, to begin with.
func NativeFile() []byte { return native }

// Native is the wire that the desk speaks unless it is told another.
func Native() *Wire { return compiledNative() }

var compiledNative = sync.OnceValue(func() *Wire {
	w, err := Parse("native.wire.yaml", native)
	if err != nil {
		panic(fmt.Sprintf("the native wire is broken: %v", err))
	}
	return w
})

// MostFile is how large a wire file may be, in bytes.
const MostFile = 512 << 10

// fileSort is what a wire file is.
var fileSort = document.Sort{Name: "wire", Example: "wire: 1", Most: MostFile}

// Wire is a protocol, compiled. It does not change and may be used by many goroutines.
type Wire struct {
	// Name is what the protocol is called, Title a sentence about it; Path is the file.
	Name, Title, Path string
	// Routes are its routes, in the order of the file.
	Routes []*Route
	// Feeds are the names of the streams of events, the first being the one that is meant where none is named.
	Feeds []string
	// BodyLimit and FrameLimit are the largest request body and frame of a client, in bytes. Files have limits of their own.
	BodyLimit, FrameLimit int64
	// Abandon is after how long a conversation that nobody asks after is given up.
	Abandon time.Duration
	// Headers are those that pages of other origins may send, Expose those that they may read, each as a list with commas; Credentials is whether they may have cookies.
	Headers, Expose string
	Credentials     bool
	// FoundBy names the kept values by which a conversation can be found.
	FoundBy []string

	id       *sentence
	keeps    []binding
	events   map[string][]*rule
	anyEvent []*rule
	answers  map[string]*Said
	lost     Take
}

// Parse compiles the text of a wire file; path is its name, for messages. The error is a *document.Error, or wraps one, and says of each mistake where it stands.
func Parse(path string, text []byte) (*Wire, error) { return parse(path, text, false) }

// ParseTaken compiles the text of a wire that a desk has spoken before. It asks nothing of fields that cannot be there: earlier versions did not, and what was saved with one goes on.
func ParseTaken(path string, text []byte) (*Wire, error) { return parse(path, text, true) }

func parse(path string, text []byte, taken bool) (*Wire, error) {
	doc, err := fileSort.Parse(path, text)
	if err != nil {
		return nil, err
	}
	schema, err := fileSchema()
	if err != nil {
		return nil, err
	}
	problems, err := schema.Problems(doc.Value)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, doc.Wrong(problems...)
	}
	c := &compiler{doc: doc, taken: taken, noted: map[document.Problem]bool{}}
	w := c.wire()
	if len(c.problems) > 0 {
		return nil, doc.Wrong(c.problems...)
	}
	return w, nil
}

// Load compiles a wire file. Its error is that of Parse, or says why the file cannot be read.
func Load(path string) (*Wire, error) {
	text, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// ReadFile reads a wire file, for Parse. Its error says why it cannot be read.
func ReadFile(path string) ([]byte, error) {
	return fileSort.Read(path)
}

// Schema is the JSON Schema (2020-12) of wire files.
func Schema() []byte {
	schema, err := fixtures.ReadFile("schemas/wire.schema.json")
	if err != nil {
		panic(fmt.Sprintf("the schema of wire files is not embedded: %v", err))
	}
	return schema
}

var fileSchema = sync.OnceValues(func() (*document.Schema, error) { return document.Compile("wire.schema.json", Schema()) })

// Unrouted words problems of requests that no route takes.
func (w *Wire) Unrouted() *Take { return &w.lost }

// NewID is an id for a conversation whose client does not choose one. The error names the place in the file.
func (w *Wire) NewID(s *Scope) (string, error) { return w.id.text(s) }

// Keeps are the values that are kept for a conversation from its beginning. The error names the place in the file.
func (w *Wire) Keeps(s *Scope) (map[string]any, error) { return evaluate(w.keeps, s) }

// StartRoute is the first route or frame by which a conversation is opened, for messages; empty if the wire has none.
func (w *Wire) StartRoute() string {
	for _, r := range w.Routes {
		if r.Means == Start {
			return r.On()
		}
		if r.Socket == nil {
			continue
		}
		for _, t := range r.Socket.takes {
			if t.Means == Start {
				return "the frame " + t.Name + " on " + strings.Replace(r.On(), SocketMethod, "the socket", 1)
			}
		}
	}
	return ""
}

//go:embed GUIDE.md
var guide []byte

// Guide is the guide to wire files, in Markdown.
func Guide() []byte { return guide }
