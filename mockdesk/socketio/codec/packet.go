package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Type is the type of a packet of Socket.IO: the digit that it begins with.
type Type byte

// The types of protocol 5. BinaryEvent and BinaryAck are an Event and an Ack with attachments.
const (
	Connect      Type = '0'
	Disconnect   Type = '1'
	Event        Type = '2'
	Ack          Type = '3'
	ConnectError Type = '4'
	BinaryEvent  Type = '5'
	BinaryAck    Type = '6'
)

var typeNames = map[Type]string{
	Connect: "CONNECT", Disconnect: "DISCONNECT", Event: "EVENT", Ack: "ACK", ConnectError: "CONNECT_ERROR", BinaryEvent: "BINARY_EVENT", BinaryAck: "BINARY_ACK",
}

// String is the name that the protocol gives to the type.
func (t Type) String() string {
	if name, known := typeNames[t]; known {
		return name
	}
	return fmt.Sprintf("unknown type %q", rune(t))
}

func (t Type) isEvent() bool  { return t == Event || t == BinaryEvent }
func (t Type) isAck() bool    { return t == Ack || t == BinaryAck }
func (t Type) isBinary() bool { return t == BinaryEvent || t == BinaryAck }

// Main is the namespace that is meant where none is named.
const Main = "/"

const (
	// maxID is the greatest acknowledgement id: the greatest integer that a client in JavaScript can count to.
	maxID = 1<<53 - 1
	// maxDigits is how many digits maxID has.
	maxDigits = 16
)

// Packet is a packet of Socket.IO.
type Packet struct {
	Type Type
	// Namespace begins with a slash; Main is the main one.
	Namespace string
	// ID is the acknowledgement id: in an event the one that is asked for, in an acknowledgement the one that is given. Nil is none.
	ID *uint64
	// Data is the payload as JSON, with a placeholder for each attachment; nil if there is none.
	Data json.RawMessage
	// Attachments are what the placeholders stand for, by their number.
	Attachments [][]byte
}

// Frames is the packet as Engine.IO carries it: a message, and one for each attachment.
func (p Packet) Frames() []Frame {
	text := []byte{byte(Message), byte(p.Type)}
	if p.Type.isBinary() {
		text = append(strconv.AppendInt(text, int64(len(p.Attachments)), 10), '-')
	}
	if p.Namespace != Main && p.Namespace != "" {
		text = append(append(text, p.Namespace...), ',')
	}
	if p.ID != nil {
		text = strconv.AppendUint(text, *p.ID, 10)
	}
	frames := []Frame{{Data: append(text, p.Data...)}}
	for _, a := range p.Attachments {
		frames = append(frames, Frame{Binary: true, Data: a})
	}
	return frames
}

// Decode reads the text of a packet, as it stands in a message of Engine.IO, and how many attachments are to follow it. The error says what the protocol has against it.
func Decode(text []byte) (p Packet, attachments int, err error) {
	if len(text) == 0 {
		return Packet{}, 0, errors.New("a packet of Socket.IO is empty: it begins with its type, a digit from 0 to 6")
	}
	p.Type = Type(text[0])
	if _, known := typeNames[p.Type]; !known {
		first, _ := utf8.DecodeRune(text)
		return Packet{}, 0, fmt.Errorf("a packet of Socket.IO begins with %q, which is no type: types are the digits from 0 to 6", first)
	}
	rest := text[1:]
	if p.Type.isBinary() {
		if attachments, rest, err = takeCount(rest); err != nil {
			return Packet{}, 0, fmt.Errorf("%s: %w", p.Type, err)
		}
	}
	p.Namespace, rest = takeNamespace(rest)
	if p.ID, rest, err = takeID(rest); err != nil {
		return Packet{}, 0, fmt.Errorf("%s: %w", p.Type, err)
	}
	if len(rest) > 0 {
		p.Data = rest
	}
	if err := p.check(); err != nil {
		return Packet{}, 0, fmt.Errorf("%s: %w", p.Type, err)
	}
	return p, attachments, nil
}

// digits counts the digits that text begins with.
func digits(text []byte) int {
	n := bytes.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if n < 0 {
		return len(text)
	}
	return n
}

// takeCount takes the number of attachments and the dash behind it.
func takeCount(text []byte) (count int, rest []byte, err error) {
	n := digits(text)
	if n == 0 || n == len(text) || text[n] != '-' {
		return 0, nil, errors.New("the number of attachments is missing: digits and a dash stand behind the type")
	}
	count, err = strconv.Atoi(string(text[:n]))
	if err != nil {
		return 0, nil, fmt.Errorf("the number of attachments: %w", err)
	}
	return count, text[n+1:], nil
}

// takeNamespace takes the namespace and the comma behind it; nothing but the end may stand in place of the comma.
func takeNamespace(text []byte) (namespace string, rest []byte) {
	if len(text) == 0 || text[0] != '/' {
		return Main, text
	}
	before, after, _ := bytes.Cut(text, []byte(","))
	return string(before), after
}

func takeID(text []byte) (id *uint64, rest []byte, err error) {
	n := digits(text)
	if n == 0 {
		return nil, text, nil
	}
	value, err := strconv.ParseUint(string(text[:n]), 10, 64)
	if err != nil || value > maxID {
		return nil, nil, fmt.Errorf("the acknowledgement id %s is greater than %d", shortened(text[:n]), uint64(maxID))
	}
	return &value, text[n:], nil
}

// shortened keeps a number that no one can mean from filling a line.
func shortened(number []byte) string {
	if len(number) <= maxDigits {
		return string(number)
	}
	return string(number[:maxDigits]) + "…"
}

// check says what the protocol has against the id and the payload.
func (p Packet) check() error {
	if p.Data != nil && !json.Valid(p.Data) {
		return errors.New("the payload is no JSON")
	}
	switch {
	case p.Type.isEvent():
		return checkEvent(p.Data)
	case p.Type.isAck():
		if p.ID == nil {
			return errors.New("the acknowledgement id is missing")
		}
		if begins(p.Data) != '[' {
			return errors.New("the payload must be an array, possibly empty")
		}
		return nil
	case p.ID != nil:
		return errors.New("an acknowledgement id has no place here")
	case p.Type == Disconnect && p.Data != nil:
		return errors.New("a payload has no place here")
	case p.Type == Connect && p.Data != nil && begins(p.Data) != '{':
		return errors.New("the payload, if there is one, must be an object")
	case p.Type == ConnectError && begins(p.Data) != '{':
		return errors.New("the payload must be an object with a message")
	}
	return nil
}

// begins is the first character of a JSON text, 0 if there is none.
func begins(data []byte) byte {
	if data = bytes.TrimLeft(data, " \t\r\n"); len(data) > 0 {
		return data[0]
	}
	return 0
}

func checkEvent(data []byte) error {
	var items []json.RawMessage
	if begins(data) != '[' || json.Unmarshal(data, &items) != nil || len(items) == 0 {
		return errors.New("the payload must be an array that is not empty")
	}
	if _, named := nameOf(items[0]); !named {
		return errors.New("the first element of the payload must be the name of the event, a string or a number")
	}
	return nil
}

// nameOf reads the name of an event. Clients may emit numbers; their name is the number as it was written.
func nameOf(item json.RawMessage) (name string, ok bool) {
	if json.Unmarshal(item, &name) == nil && begins(item) == '"' {
		return name, true
	}
	number := json.Number("")
	if begins(item) != '"' && begins(item) != 'n' && json.Unmarshal(item, &number) == nil {
		return number.String(), true
	}
	return "", false
}

// Event is the name of the event and its arguments; ok is false if the packet is no event.
func (p Packet) Event() (name string, args Payload, ok bool) {
	if !p.Type.isEvent() {
		return "", Payload{}, false
	}
	all := p.payload()
	if len(all.Items) == 0 {
		return "", Payload{}, false
	}
	name, ok = nameOf(all.Items[0])
	return name, Payload{Items: all.Items[1:], Attachments: all.Attachments}, ok
}

// Reply is what an acknowledgement carries; ok is false if the packet is none.
func (p Packet) Reply() (args Payload, ok bool) {
	if !p.Type.isAck() {
		return Payload{}, false
	}
	return p.payload(), true
}

func (p Packet) payload() Payload {
	all := Payload{Attachments: p.Attachments}
	// What is no array has no elements; Decode lets none through.
	_ = json.Unmarshal(p.Data, &all.Items)
	return all
}
