package fault

import (
	"bytes"
	"encoding/binary"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// Write writes what there is to be written, on the goroutine of the caller, as long as that need not wait for the client or for a fault; the rest is left to the goroutine that writes. It
// never blocks. Who has a client's answer at hand spares it, and everyone else, the time until another goroutine has its turn.
func (p *Pump) Write() {
	if !p.tryWrite() {
		p.Wake()
	}
}

// tryWrite is Write, and says whether all is written.
func (p *Pump) tryWrite() bool {
	if !p.writing.TryLock() {
		return false
	}
	defer p.writing.Unlock()
	return p.writeSome(mostAtOnce)
}

// flush writes what there is to be written as Write does, for the reader, once whoever is at it is done with that. A client that takes nothing is not read meanwhile.
func (p *Pump) flush() {
	if p.delays.Load() || !p.o.Plan.isEmpty() {
		return
	}
	p.writing.Lock()
	written := p.writeSome(mostFlushed)
	p.writing.Unlock()
	if !written {
		p.Wake()
	}
}

// writeSome writes up to so many frames, as far as that need not wait, and says whether all are written; writing is held.
func (p *Pump) writeSome(most int) bool {
	for range most {
		if p.demands.Load() || p.isHalted() || p.held != nil || p.large != nil || !p.o.Plan.isEmpty() || !p.backlog.hasRoom() {
			return false
		}
		m, there := p.next()
		switch {
		case !there:
			return true
		case len(m.Data) > smallFrame || p.isHalted() || !p.o.Plan.isEmpty():
			// A fault may have come before this message was said, and after it was looked for.
			parked := m
			p.large = &parked
			return false
		}
		err := p.put(m)
		p.sent()
		p.failed(err)
	}
	return false
}

const (
	// smallFrame is the size up to which a frame has room in the buffer of a connection that holds nothing, in bytes.
	smallFrame = 2 << 10
	// mostAtOnce is how many frames are written by whoever has them at hand, who has other things to do.
	mostAtOnce = 8
	// mostFlushed is how many are by whoever has not.
	mostFlushed = 256
)

// write is the goroutine that writes; writing is held when it begins.
func (p *Pump) write() {
	for {
		goodbye, ends := p.writeAll()
		if goodbye != nil && p.large != nil {
			p.large = nil
			p.sent()
		}
		p.writing.Unlock()
		switch {
		case goodbye != nil:
			p.takeLeave(*goodbye)
			return
		case ends:
			return
		}
		<-p.wake
		p.writing.Lock()
		for p.writeSome(mostFlushed) {
			p.writing.Unlock()
			<-p.wake
			p.writing.Lock()
		}
	}
}

// writeAll writes what there is to be written, and says how the socket is to end, nil if it is not, and whether the connection is no longer of use. A failed write has nothing more written:
// the reader notices too, and it knows whether the client had said goodbye.
func (p *Pump) writeAll() (goodbye *End, gone bool) {
	for {
		control, goodbye := p.control()
		var err error
		switch {
		case goodbye != nil:
			return goodbye, false
		case control != nil:
			p.backlog.wrote(len(control.payload))
			err = p.o.Conn.WriteControl(control.kind, []byte(control.payload), time.Time{})
		default:
			if m, there := p.next(); there {
				p.held, err = p.play(m, p.held)
				break
			}
			return nil, p.isGone()
		}
		p.failed(err)
	}
}

// failed has nothing more written where a write has failed.
func (p *Pump) failed(err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop()
}

// control is a ping or a pong.
type control struct {
	kind    int
	payload string
}

// control takes the control frame that is to be written next, nil for none, and says how the socket is to end, nil if it is not.
func (p *Pump) control() (*control, *End) {
	if !p.demands.Load() {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closing != nil || p.halted.Load():
		return nil, p.closing
	case len(p.pongs) > 0:
		pong := p.pongs[0]
		p.pongs = p.pongs[1:]
		return &control{websocket.PongMessage, pong}, nil
	case p.ping:
		p.ping = false
		return &control{kind: websocket.PingMessage}, nil
	}
	p.demands.Store(false)
	return nil, nil
}

// next is what is to be written next.
func (p *Pump) next() (Message, bool) {
	if m := p.large; m != nil {
		p.large = nil
		return *m, true
	}
	if p.o.Next == nil {
		return Message{}, false
	}
	return p.o.Next()
}

// play writes a frame as the plan has it, and returns what is held back until the next one was written. Faults that end the socket leave the frame unwritten.
func (p *Pump) play(m Message, held []Message) ([]Message, error) {
	if p.isHalted() {
		p.sent()
		return held, nil
	}
	d := p.ask(Frame, Out, func() string { return m.Name })
	f := d.Fault
	var err error
	switch {
	case p.playOnSocket(f), f.Kind == Drop, f.Kind == Delay && !p.delay(d, Out):
		p.sent()
		return held, nil
	case f.Kind == Reorder && held == nil:
		p.sent()
		return []Message{m}, nil
	case f.Kind == Duplicate:
		if err = p.put(m); err == nil {
			err = p.put(m)
		}
	case f.Kind == Corrupt && f.How == HowHeader:
		err = p.putBroken(m)
	default:
		err = p.put(altered(m, f))
	}
	for _, later := range held {
		if err == nil {
			err = p.put(later)
		}
	}
	p.sent()
	return nil, err
}

// delay waits for the time of the fault, and says whether frames still matter: what is behind a delayed frame waits too, since a connection keeps its order. A goodbye does
// not wait.
func (p *Pump) delay(d Decision, way Direction) bool {
	tell := func(bool) {}
	if way == Out && p.o.Delayed != nil {
		tell = p.o.Delayed
	}
	if way == Out {
		p.delays.Store(true)
		defer p.delays.Store(false)
	}
	return waitTelling(p.o.Plan.clock, d.at.Add(d.Fault.For), tell, p.halt, nil) == nil
}

// sent tells that nothing is left to be done for a message.
func (p *Pump) sent() {
	if p.o.Sent != nil {
		p.o.Sent(p.written)
	}
	clear(p.written)
	p.written = p.written[:0]
}

// put writes a frame.
func (p *Pump) put(m Message) error {
	if !p.sending(m) {
		return nil
	}
	kind := websocket.TextMessage
	if m.Binary {
		kind = websocket.BinaryMessage
	}
	p.backlog.wrote(len(m.Data))
	if err := p.o.Conn.WriteMessage(kind, m.Data); err != nil {
		return err
	}
	p.written = append(p.written, m)
	return nil
}

// putBroken writes a frame with the reserved bits set, which the library would never do.
func (p *Pump) putBroken(m Message) error {
	if !p.sending(m) {
		return nil
	}
	opcode := byte(websocket.TextMessage)
	if m.Binary {
		opcode = websocket.BinaryMessage
	}
	p.backlog.wrote(len(m.Data))
	if _, err := p.o.Conn.NetConn().Write(frameOf(finalBit|reservedBits|opcode, m.Data)); err != nil {
		return err
	}
	p.written = append(p.written, m)
	return nil
}

// sending tells what is about to be written, and says whether it still may be.
func (p *Pump) sending(m Message) bool {
	if p.hasEnded() {
		return false
	}
	if p.o.Sending != nil {
		p.o.Sending(m)
	}
	return true
}

// frameOf is a frame as a server writes it, with the given first byte.
func frameOf(first byte, payload []byte) []byte {
	frame := []byte{first}
	switch n := len(payload); {
	case n <= shortFrame:
		frame = append(frame, byte(n))
	case n <= mediumFrame:
		frame = binary.BigEndian.AppendUint16(append(frame, shortFrame+1), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, shortFrame+2), uint64(n))
	}
	return append(frame, payload...)
}

// altered is the frame as a fault that changes it makes it; others leave it as it is.
func altered(m Message, f Fault) Message {
	switch f.Kind {
	case Corrupt:
		return corrupted(m, f)
	case Oversize:
		// Spaces behind it leave JSON what it was: the size alone is wrong.
		m.Data = append(bytes.Clone(m.Data), bytes.Repeat([]byte(" "), max(f.Bytes-len(m.Data), 0))...)
	case Binary:
		m.Binary = true
	default:
	}
	return m
}

// corrupted is the frame cut in the middle and ended with what does not belong there.
func corrupted(m Message, f Fault) Message {
	half := m.Data[:len(m.Data)/2]
	for len(half) > 0 && !utf8.Valid(half) && utf8.Valid(m.Data) {
		half = half[:len(half)-1]
	}
	if f.How == HowUTF8 {
		m.Data = append(bytes.Clone(half), brokenByte)
	} else {
		m.Data = utf8.AppendRune(bytes.Clone(half), utf8.RuneError)
	}
	return m
}

// takeLeave says goodbye and waits until the client has ended the connection, or its time is over; then the desk does. The client's own goodbye is answered.
func (p *Pump) takeLeave(e End) {
	if endsWithFrame(e.Code) {
		_ = p.o.Conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(e.Code, e.Reason), time.Time{})
	} else {
		p.hangUp()
	}
	select {
	case <-p.gone:
	case <-p.heard:
	}
	p.leave()
}

// hangUp ends the connection in an orderly way, in the direction to the client.
func (p *Pump) hangUp() {
	if half, ok := p.o.Conn.NetConn().(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = p.o.Conn.NetConn().Close()
}
