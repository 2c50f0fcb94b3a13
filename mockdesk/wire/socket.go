package wire

import (
	"errors"
	"time"
)

// Socket is what a WebSocket of a wire does.
type Socket struct {
	// Subprotocols are those that a client may offer; none allows any.
	Subprotocols []string
	// Hello is said when the socket opens.
	Hello []*Said
	// Ping is how often the desk pings, as WebSockets do, 0 for never.
	Ping time.Duration
	// Silence is after how long without a frame of the client the desk closes the socket, 0 for never, and SilenceCode the code that it closes with.
	Silence     time.Duration
	SilenceCode int
	// Unfit answers a frame that nothing fits, and one that cannot be read.
	Unfit Take

	kind  BodyKind
	lets  []binding
	takes []*Take
}

// Hear finds out what a frame means, and sets what is known of it in the scope. Without a Take the error is a sentence for the client, and the problem says which.
func (k *Socket) Hear(s *Scope, text bool, data []byte) (*Take, Problem, error) {
	if !text {
		return nil, UnknownFrame, errors.New("the frame is binary; send a text frame")
	}
	body, err := ReadBody(k.kind, data)
	if err != nil {
		return nil, Invalid, errors.New("the frame cannot be read: " + err.Error())
	}
	s.Set("body", body)
	if err := bind(k.lets, s); err != nil {
		return nil, Invalid, err
	}
	var last error
	for _, t := range k.takes {
		ok, err := t.Applies(s)
		if err != nil {
			last = err
			continue
		}
		if ok {
			return t, "", nil
		}
	}
	if last != nil {
		return nil, Invalid, last
	}
	return nil, UnknownFrame, errors.New("no frame of the wire fits")
}

// Explain names the frames that a client may send, and why this one was none of them.
func (k *Socket) Explain() []NearMiss {
	all := make([]NearMiss, 0, len(k.takes))
	for _, t := range k.takes[:min(len(k.takes), 2*mostClosest)] {
		all = append(all, NearMiss{Name: t.Name, Why: t.unlikely()})
	}
	return all
}

// ReadsJSON says whether frames are read as JSON.
func (k *Socket) ReadsJSON() bool { return k.kind == JSONBody }

// Takes are the frames that a client may send.
func (k *Socket) Takes() []*Take { return k.takes }

// Write words something that is said on a socket or a stream of itself: a hello or a heartbeat.
func (said *Said) Write(s *Scope) ([]byte, error) { return said.write(s) }
