package store

import (
	"fmt"
	"iter"

	"github.com/klauspost/compress/s2"

	"deskcheck/mockdesk/packed"
)

// The fields of a row of the log: parts, one for each time that something has changed of a conversation, and the entries of the journal.
const (
	rowParts   = 1
	rowEntries = 2
)

// The fields of a part. Those of the state are left out where it has not changed; the note is all that may have changed of it.
const (
	partID = iota + 1
	partForgotten
	partOrdinal
	partOver
	partState
	partNote
	partFirst
	partEvents
	onePart
)

// part is what has changed of a conversation.
type part struct {
	// id is only there in one that was read, and part of what is read like all else.
	id []byte
	// forgotten says that all that came before is not to be kept.
	forgotten bool
	ordinal   int
	over      bool
	// state and note are nil if they have not changed.
	state, note []byte
	// first is the cursor of the first event that is new, events are all of them; 0 and none if there is none.
	first  int
	events []byte
}

// append writes the part of the conversation of an id down; room is for use on the way.
func (p part) append(dst, room []byte, id string) (result, roomy []byte) {
	room = packed.Text(room[:0], partID, id)
	room = packed.Truth(room, partForgotten, p.forgotten)
	room = packed.Int(room, partOrdinal, p.ordinal)
	room = packed.Truth(room, partOver, p.over)
	room = packed.Bytes(room, partState, p.state)
	room = packed.Bytes(room, partNote, p.note)
	room = packed.Int(room, partFirst, p.first)
	room = packed.Bytes(room, partEvents, p.events)
	return packed.Bytes(dst, onePart, room), room
}

// readPart reads a part that was written down; it is part of what is read.
func readPart(raw []byte) (part, error) {
	p := part{}
	for f, err := range packed.Fields(raw) {
		if err != nil {
			return p, err
		}
		switch f.Number {
		case partID:
			p.id = f.Bytes
		case partForgotten:
			p.forgotten = f.Int != 0
		case partOrdinal:
			p.ordinal = f.Int
		case partOver:
			p.over = f.Int != 0
		case partState:
			p.state = f.Bytes
		case partNote:
			p.note = f.Bytes
		case partFirst:
			p.first = f.Int
		case partEvents:
			p.events = f.Bytes
		}
	}
	return p, nil
}

// parts are those that were written down one after the other.
func parts(raw []byte) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		for f, err := range packed.Fields(raw) {
			var p part
			if err == nil {
				p, err = readPart(f.Bytes)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// The fields of an event: those of each begin with its cursor.
const (
	eventCursor = iota + 1
	eventName
	eventBody
)

func appendEvent(dst []byte, e Event) []byte {
	dst = packed.Int(dst, eventCursor, e.Cursor)
	dst = packed.Text(dst, eventName, e.Name)
	return packed.Bytes(dst, eventBody, e.Body)
}

// readEvents adds the events of a conversation that were written down to others.
func readEvents(found []Event, conversation string, raw []byte) ([]Event, error) {
	for f, err := range packed.Fields(raw) {
		if err != nil {
			return nil, err
		}
		if f.Number == eventCursor {
			found = append(found, Event{Conversation: conversation, Cursor: f.Int})
			continue
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("an event of the conversation %s has no beginning", conversation)
		}
		switch last := &found[len(found)-1]; f.Number {
		case eventName:
			last.Name = f.Text()
		case eventBody:
			last.Body = f.Bytes
		}
	}
	return found, nil
}

// The fields of an entry: those of each begin with its number.
const (
	entrySeq = iota + 1
	entryBody
)

func appendEntry(dst []byte, e Entry) []byte {
	return packed.Bytes(packed.Int(dst, entrySeq, e.Seq), entryBody, e.Body)
}

// entries are those that were written down.
func entries(raw []byte) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		seq := 0
		for f, err := range packed.Fields(raw) {
			if f.Number == entrySeq && err == nil {
				seq = f.Int
				continue
			}
			if !yield(Entry{Seq: seq, Body: f.Bytes}, err) || err != nil {
				return
			}
		}
	}
}

// roomy is a buffer for compressing, and for what is read.
type roomy struct{ raw, small []byte }

// pack makes a row of parts and entries; it is valid until the next one.
func (r *roomy) pack(parts, entries []byte) []byte {
	r.raw = packed.Bytes(packed.Bytes(r.raw[:0], rowParts, parts), rowEntries, entries)
	return r.compress(r.raw)
}

// compress makes bytes small; they are valid until the next time.
func (r *roomy) compress(raw []byte) []byte {
	if most := s2.MaxEncodedLen(len(raw)); cap(r.small) < most {
		r.small = make([]byte, most)
	}
	return s2.Encode(r.small[:cap(r.small)], raw)
}

// unpack is what was compressed; it is valid until the next time.
func (r *roomy) unpack(small []byte) ([]byte, error) {
	var err error
	r.raw, err = s2.Decode(r.raw[:cap(r.raw)], small)
	return r.raw, err
}

// rowField is one of the two fields of a row that was unpacked, nil if it has none.
func rowField(raw []byte, number int) ([]byte, error) {
	for f, err := range packed.Fields(raw) {
		if err != nil {
			return nil, err
		}
		if f.Number == number {
			return f.Bytes, nil
		}
	}
	return nil, nil
}
