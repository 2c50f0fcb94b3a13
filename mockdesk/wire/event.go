package wire

import (
	"bytes"
	"encoding/json"
	"fmt"

	"deskcheck/mockdesk/packed"
)

// rule is how an event of one type goes out.
type rule struct {
	feed int
	when *expression
	sets []binding
	said *Said
	// id and name are those of a server-sent event.
	id, name *sentence
	where    string
}

// Frame is an event as it goes out on one feed.
type Frame struct {
	// Feed is the number of the feed.
	Feed int
	// Raw is what is sent.
	Raw []byte
	// ID and Event are those of a server-sent event, empty for none.
	ID, Event string

	markup, json bool
}

// Value is the frame as templates write it into an answer: JSON as it is, XML as markup, anything else as a text.
func (f Frame) Value() any {
	switch {
	case f.json:
		return json.RawMessage(f.Raw)
	case f.markup:
		return Markup(f.Raw)
	}
	return string(f.Raw)
}

// IsJSON says whether what is sent is JSON.
func (f Frame) IsJSON() bool { return f.json }

// Words says what a wire has for events of a type.
type Words int

// The values of Words.
const (
	NoWords Words = iota // the file does not mention it
	Silent               // the file says that it is not told
	Told                 // there are words
)

// Speaks says whether the wire has words for events of a type.
func (w *Wire) Speaks(event string) Words {
	rules, named := w.events[event]
	switch {
	case named && len(rules) == 0:
		return Silent
	case named || len(w.anyEvent) > 0:
		return Told
	}
	return NoWords
}

// Frames words an event. keep is called with the values that the wire keeps from now on, before the words that may use them are made. The scope has event, type, cursor
// and what else the guide says. The error names the place in the wire file; the frames of the other rules come with it.
func (w *Wire) Frames(s *Scope, event string, keep func(map[string]any)) (frames []Frame, err error) {
	rules, named := w.events[event]
	if !named {
		rules = w.anyEvent
	}
	for _, r := range rules {
		frame, said, failed := r.frame(s, keep)
		switch {
		case failed != nil:
			err = failed
		case said:
			frames = append(frames, frame)
		}
	}
	return frames, err
}

func (r *rule) frame(s *Scope, keep func(map[string]any)) (f Frame, said bool, err error) {
	if r.when != nil {
		v, err := r.when.run(s)
		if err != nil {
			return f, false, fmt.Errorf("%s: when: %w", r.where, err)
		}
		if v != true {
			return f, false, nil
		}
	}
	kept, err := evaluate(r.sets, s)
	if err != nil {
		return f, false, err
	}
	if len(kept) > 0 {
		keep(kept)
	}
	f = Frame{Feed: r.feed, markup: r.said.markup, json: r.said.json}
	if f.Raw, err = r.said.write(s); err != nil {
		return f, false, err
	}
	if f.ID, err = r.id.text(s); err != nil {
		return f, false, fmt.Errorf("%s: id: %w", r.where, err)
	}
	if f.Event, err = r.name.text(s); err != nil {
		return f, false, fmt.Errorf("%s: name: %w", r.where, err)
	}
	f.ID, f.Event = oneLine(f.ID), oneLine(f.Event)
	return f, true, nil
}

// The fields of a frame that is written down.
const (
	frameFeed = iota + 1
	frameRaw
	frameID
	frameEvent
	frameMarkup
	frameJSON
)

// Append writes the frame down, for ReadFrame to read. What is sent is kept byte for byte.
func (f Frame) Append(dst []byte) []byte {
	dst = packed.Int(dst, frameFeed, f.Feed)
	dst = packed.Bytes(dst, frameRaw, f.Raw)
	dst = packed.Text(dst, frameID, f.ID)
	dst = packed.Text(dst, frameEvent, f.Event)
	dst = packed.Truth(dst, frameMarkup, f.markup)
	return packed.Truth(dst, frameJSON, f.json)
}

// ReadFrame reads what Append has written. The error says that it is damaged.
func ReadFrame(raw []byte) (Frame, error) {
	f := Frame{Raw: []byte{}}
	for field, err := range packed.Fields(raw) {
		if err != nil {
			return f, err
		}
		switch field.Number {
		case frameFeed:
			f.Feed = field.Int
		case frameRaw:
			f.Raw = bytes.Clone(field.Bytes)
		case frameID:
			f.ID = field.Text()
		case frameEvent:
			f.Event = field.Text()
		case frameMarkup:
			f.markup = field.Int != 0
		case frameJSON:
			f.json = field.Int != 0
		}
	}
	return f, nil
}
