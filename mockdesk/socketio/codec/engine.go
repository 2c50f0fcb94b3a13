// Package codec turns the bytes of Engine.IO 4 and Socket.IO protocol 5 into packets and back. It has no state but that of an Assembler, and knows no connection.
//
// A Frame is what a WebSocket carries in one frame. Polling carries several in one body, its payload. A frame holds one EnginePacket; one of type Message holds a Packet of
// Socket.IO, or one of the attachments that follow it.
package codec

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"
)

const (
	// separator stands between the packets of a payload (RS, the record separator of ASCII). In JSON it is always escaped.
	separator = '\x1e'
	// binaryMark begins a binary packet in a payload, in Base64.
	binaryMark = 'b'
)

// EngineType is the type of a packet of Engine.IO: the digit that it begins with.
type EngineType byte

// The types of Engine.IO 4, with who sends them.
const (
	Open    EngineType = '0' // server: the handshake
	Close   EngineType = '1' // both: the session ends
	Ping    EngineType = '2' // server: the heartbeat; client: the probe of an upgrade
	Pong    EngineType = '3' // client: the heartbeat; server: the probe of an upgrade
	Message EngineType = '4' // both
	Upgrade EngineType = '5' // client: the probed transport takes over
	Noop    EngineType = '6' // server: ends a poll that has nothing to say
)

var engineNames = map[EngineType]string{Open: "open", Close: "close", Ping: "ping", Pong: "pong", Message: "message", Upgrade: "upgrade", Noop: "noop"}

// String is the name that the protocol gives to the type.
func (t EngineType) String() string {
	if name, known := engineNames[t]; known {
		return name
	}
	return fmt.Sprintf("unknown type %q", rune(t))
}

// Frame is a frame as a WebSocket carries it, text or binary.
type Frame struct {
	// Binary is whether it is a binary frame.
	Binary bool
	// Data is the payload of the frame.
	Data []byte
}

// EnginePacket is a packet of Engine.IO.
type EnginePacket struct {
	Type EngineType
	// Binary is whether Data is binary; only messages are.
	Binary bool
	// Data is what stands behind the type; it is UTF-8 unless it is binary.
	Data []byte
}

// Frame is the packet as a WebSocket carries it: a binary message as it is, anything else behind its type.
func (p EnginePacket) Frame() Frame {
	if p.Binary {
		return Frame{Binary: true, Data: p.Data}
	}
	return Frame{Data: append([]byte{byte(p.Type)}, p.Data...)}
}

// DecodeEngine reads the packet in a frame. The error says what is wrong with it.
func DecodeEngine(f Frame) (EnginePacket, error) {
	if f.Binary {
		return EnginePacket{Type: Message, Binary: true, Data: f.Data}, nil
	}
	if len(f.Data) == 0 {
		return EnginePacket{}, errors.New("a packet is empty: it begins with its type, a digit from 0 to 6")
	}
	if !utf8.Valid(f.Data) {
		return EnginePacket{}, errors.New("a packet of text is not in UTF-8")
	}
	p := EnginePacket{Type: EngineType(f.Data[0]), Data: f.Data[1:]}
	if _, known := engineNames[p.Type]; !known {
		first, _ := utf8.DecodeRune(f.Data)
		return EnginePacket{}, fmt.Errorf("a packet begins with %q, which is no type: types are the digits from 0 to 6", first)
	}
	return p, nil
}

// EncodePayload is the frames as the body of a poll carries them. What stands in the frames is not looked at.
func EncodePayload(frames []Frame) []byte {
	var body []byte
	for i, f := range frames {
		if i > 0 {
			body = append(body, separator)
		}
		if f.Binary {
			body = base64.StdEncoding.AppendEncode(append(body, binaryMark), f.Data)
		} else {
			body = append(body, f.Data...)
		}
	}
	return body
}

// DecodePayload is the frames in the body of a poll. The error says which of them cannot be read, counted from 1.
func DecodePayload(body []byte) ([]Frame, error) {
	parts := bytes.Split(body, []byte{separator})
	frames := make([]Frame, 0, len(parts))
	for i, part := range parts {
		if len(part) == 0 || part[0] != binaryMark {
			frames = append(frames, Frame{Data: part})
			continue
		}
		data, err := base64.StdEncoding.Strict().DecodeString(string(part[1:]))
		if at := bytes.IndexAny(part, "\r\n"); err == nil && at > 0 {
			// The decoder skips the ends of lines, which have no place here.
			err = base64.CorruptInputError(at - 1)
		}
		if err != nil {
			return nil, fmt.Errorf("packet %d of %d is marked as binary, but not in Base64: %w", i+1, len(parts), err)
		}
		frames = append(frames, Frame{Binary: true, Data: data})
	}
	return frames, nil
}
