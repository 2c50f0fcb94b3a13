package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"deskcheck/mockdesk/control/api"
)

// ErrTooSlow ends a stream whose reader was so slow that the journal has dropped what it was to get next.
var ErrTooSlow = errors.New("the journal has dropped entries that this reader had not taken yet")

// longestEvent is the longest line of a stream that is read, in bytes.
const longestEvent = 4 << 20

// Follow is what a stream is asked for.
type Follow struct {
	JournalQuery

	// FromStart begins with the oldest entry that is kept; otherwise a stream without After begins with what happens from now on.
	FromStart bool
	// Resume is the sequence number of the last entry that was seen, 0 for none.
	Resume int
	// Began is called once the server follows; what happens after that is not missed. Nil is not called.
	Began func()
	// Missed is called with what the journal no longer keeps. Nil is not called.
	Missed func(api.Missed)
}

// Follow calls each with every entry that matches until it returns an error, which is returned, or the stream ends. Then the error is the context's, ErrTooSlow, or says why the server has
// ended it.
func (t *Recorded) Follow(ctx context.Context, f Follow, each func(api.Entry) error) error {
	query := f.query()
	if f.FromStart {
		query.Set("after", "0")
	}
	header := http.Header{"Accept": {"text/event-stream"}}
	if f.Resume > 0 {
		header.Set("Last-Event-ID", strconv.Itoa(f.Resume))
	}
	response, err := t.client.send(ctx, request{method: http.MethodGet, path: t.path + "/journal/follow", query: query, header: header})
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // The stream has ended, or nobody reads on.
	if f.Began != nil {
		f.Began()
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, longestEvent)
	name, data := "", ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "data":
			data = value
		case "":
			if err := f.take(name, data, each); err != nil {
				return err
			}
			name, data = "", ""
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &Unreachable{t.client.base, errors.Join(errors.New("the stream broke off"), lines.Err())}
}

// take handles one event; an empty name is a comment.
func (f Follow) take(name, data string, each func(api.Entry) error) error {
	switch name {
	case "entry":
		var e api.Entry
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return fmt.Errorf("an entry of the stream is not what the API describes: %w", err)
		}
		return each(e)
	case "missed":
		var m api.Missed
		if err := json.Unmarshal([]byte(data), &m); err != nil {
			return fmt.Errorf("an event of the stream is not what the API describes: %w", err)
		}
		if f.Missed != nil {
			f.Missed(m)
		}
	case "dropped":
		return ErrTooSlow
	case "end":
		var end struct {
			Reason string `json:"reason"`
		}
		_ = json.Unmarshal([]byte(data), &end) // Without a reason the sentence says as much.
		return fmt.Errorf("the stream has ended: %s", end.Reason)
	}
	return nil
}
