package connector

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"deskcheck/mockdesk/journal"
)

const (
	// keptLines is how many lines of what a connector prints are kept.
	keptLines = 200
	// longestLine is how much of a line is kept, in bytes.
	longestLine = 4 << 10
)

// output keeps the last lines of what a connector prints, without secrets.
type output struct {
	secrets  *strings.Replacer
	redactor *journal.Redactor
	// done is closed when nothing more can come.
	done chan struct{}

	mu    sync.Mutex
	lines []Line
}

// Line is a line that a connector has printed.
type Line struct {
	// At is when it came.
	At time.Time
	// Text is the line without its end, secrets and what is beyond 4 KiB.
	Text string
}

func newOutput(secrets []string) *output {
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		pairs = append(pairs, secret, journal.Redacted)
	}
	return &output{secrets: strings.NewReplacer(pairs...), redactor: journal.NewRedactor(), done: make(chan struct{})}
}

// read takes lines in until there are no more.
func (o *output) read(from io.Reader) {
	defer close(o.done)
	reader := bufio.NewReaderSize(from, longestLine)
	for {
		line, err := reader.ReadSlice('\n')
		o.add(string(line))
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = reader.ReadSlice('\n') // The rest of a line that is too long.
		}
		if err != nil {
			return
		}
	}
}

func (o *output) add(line string) {
	line = strings.ToValidUTF8(strings.TrimRight(line, "\r\n"), "?")
	if line == "" {
		return
	}
	line = o.redactor.Redact(journal.Entry{Note: o.secrets.Replace(line)}).Note
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.lines) == keptLines {
		o.lines = o.lines[1:]
	}
	o.lines = append(o.lines, Line{At: time.Now(), Text: line})
}

// last are the lines that are kept.
func (o *output) last() []Line {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.lines)
}
