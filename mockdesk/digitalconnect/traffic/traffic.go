// Package traffic judges recorded exchanges: what a connector said to Talkdesk, and what it answered to webhooks, read from files in place of a run. It is for connectors that no kit can stand before. The
// rules are those of a run (package rules), so that what a run has recorded can be judged once more.
package traffic

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk/digitalconnect/rules"
)

// File is what one file has recorded.
type File struct {
	// Name is the file as the user named it.
	Name string

	// exchanges are in the order of the file, their At since the moment since.
	exchanges []*exchange
	since     time.Time
	// journals are what runs have saved, one after the other; their times tell of no moment, so that each is a recording by itself.
	journals [][]*exchange
	// left are exchanges that cannot be judged.
	left []LeftOut
}

// LeftOut is an exchange that cannot be judged, and why.
type LeftOut struct {
	// Place is where it stands, such as "log.har:120".
	Place string `json:"place"`
	Why   string `json:"why"`
}

// exchange is one that was recorded.
type exchange struct {
	rules.Exchange

	place string
	// hidden says that the credentials of the request were taken out before it was recorded: the value of the header, or the whole of it.
	hidden bool
	// size is how many bytes the body of the request had, 0 if only the body tells; cut says why it was not recorded whole, empty if it was.
	size int
	cut  string
}

// Most is how large a file may be, in bytes.
const Most = 512 << 20

// Read reads a recording: a HAR 1.2 document, or lines of JSON, each an exchange (fixtures/schemas/exchange.schema.json) or an entry of a journal that a run has saved. Its error names the file, the line,
// and the field; it may hold several.
func Read(name string, source []byte) (*File, error) {
	source = withoutMark(source)
	if isHAR(source) {
		return readHAR(name, source)
	}
	return readLines(name, source)
}

// withoutMark is a text without the byte order mark that some write before it.
func withoutMark(source []byte) []byte {
	return []byte(strings.TrimPrefix(string(source), "\ufeff"))
}

// recording is exchanges of one time, in the order in which they were answered.
type recording struct {
	exchanges []*exchange
}

// join puts together what tells when it was recorded: what one connector said may be in one file, and what it heard in another.
func join(files []*File) []*recording {
	var all []*recording
	var together *recording
	var since time.Time
	for _, f := range files {
		if !f.since.IsZero() && (since.IsZero() || f.since.Before(since)) {
			since = f.since
		}
	}
	for _, f := range files {
		for _, j := range f.journals {
			all = append(all, &recording{exchanges: j})
		}
		if len(f.exchanges) > 0 && together == nil {
			together = &recording{}
			all = append(all, together)
		}
		for _, x := range f.exchanges {
			moved := *x
			moved.At += f.since.Sub(since)
			together.exchanges = append(together.exchanges, &moved)
		}
	}
	for _, r := range all {
		slices.SortStableFunc(r.exchanges, func(a, b *exchange) int { return int(a.At + a.Took - b.At - b.Took) })
	}
	return all
}

// problem is a mistake in a recording, with its place.
func problem(name string, line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", name, line, fmt.Sprintf(format, args...))
}

// setURL takes a whole URL apart. Its error says what is wrong with it.
func (x *exchange) setURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("expected a whole URL, found one of %d characters that is none", len(address))
	}
	x.Host, x.Path, x.Query = withoutPort(u.Host), u.EscapedPath(), u.RawQuery
	if x.Path == "" {
		x.Path = "/"
	}
	return nil
}

// withoutPort is a host in lower case, without a port that goes without saying.
func withoutPort(host string) string {
	host = strings.ToLower(host)
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
}

// mostMilliseconds is about thirty years, beyond which a number is nonsense and a duration would overflow.
const mostMilliseconds = 1e12

// milliseconds is a duration of a file; what some write for "unknown", which is below zero, is none.
func milliseconds(ms float64) time.Duration {
	return time.Duration(min(max(ms, 0), mostMilliseconds) * float64(time.Millisecond))
}
