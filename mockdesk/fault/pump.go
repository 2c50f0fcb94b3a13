package fault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

const (
	// farewell is how long a client has, in desk time, to end the connection after the socket was closed, before the desk does.
	farewell = 5 * time.Second
	// brokenByte is no part of any text in UTF-8.
	brokenByte = 0xff
	// maxPongs is how many pings can wait for their pongs.
	maxPongs = 16
	// reservedBits are those of a frame's header that stand for extensions, of which none is negotiated.
	reservedBits = 0x70
	finalBit     = 0x80
	// shortFrame and mediumFrame are the lengths up to which a frame's header gives the length in 7 and in 16 bits; above, it takes 64.
	shortFrame, mediumFrame = 125, 1<<16 - 1
)

// Message is a text or binary frame.
type Message struct {
	// Name is the type of the frame by the protocol, such as typing.
	Name string
	// Binary is whether it is a binary frame.
	Binary bool
	// Data is the payload.
	Data []byte
}

// End is how a socket came to its end.
type End struct {
	// ByClient is whether the client ended it rather than the desk.
	ByClient bool
	// Code and Reason are those of the close frame. Without one Code is 1006, and 1005 if there was one without a code.
	Code   int
	Reason string
	// Note says in a sentence what the code does not.
	Note string
}

// PumpOptions are what a pump is started with.
type PumpOptions struct {
	// Conn is an open socket of the desk. From Start on it is the pump's alone; its read limit is set by whoever opened it.
	Conn *websocket.Conn
	// Plan decides about the faults.
	Plan *Plan
	// Where is the tenant, the conversation and the number of the socket; the pump fills in the rest for each arrival.
	Where Arrival
	// Name gives the type of a frame that came; nil gives none.
	Name func(data []byte) string
	// Receive is called with each frame that came, as the faults make of it, one at a time. Nil takes no notice.
	Receive func(Message)
	// Sending is called just before a frame is written, with what is written; nil takes no notice.
	Sending func(Message)
	// Sent is called with each Message that was given to Send once nothing of it is left to be written: it was written, or lost to a fault. What is lost with the
	// socket is not told. Nil takes no notice.
	Sent func(Message)
	// Ended is called once, just before the client can know that the socket has ended if the desk ends it, and when the desk learns of it otherwise. Frames
	// that come or are written after it are not told, except one that is under way at that moment. Nil takes no notice.
	Ended func(End)
}

// Pump reads and writes one open socket, and plays on it what a Plan decides. One goroutine reads and one writes; callers never touch the connection. Make one with Start, and
// Cut or Close it.
type Pump struct {
	o     PumpOptions
	clock Clock
	// wake has room for one token: there may be something to write. halt is closed when no more frames are written, gone when the connection is no longer of use.
	wake       chan struct{}
	halt, gone chan struct{}
	// heard is closed by the reader when the client has said goodbye.
	heard    chan struct{}
	work     sync.WaitGroup
	finished chan struct{}

	mu    sync.Mutex
	queue []Message
	pongs []string
	// closing is what Play, a fault or the client's goodbye has the writer end the socket with.
	closing *End
	// ended is whether Ended was called, halted and cut whether halt and gone are closed.
	ended, halted, silenced, cut bool
}

// Start begins to read and write the socket. Faults for the moment Open are played before any frame is read or written.
func Start(o PumpOptions) *Pump {
	p := &Pump{
		o: o, clock: o.Plan.clock, wake: make(chan struct{}, 1),
		halt: make(chan struct{}), gone: make(chan struct{}), heard: make(chan struct{}), finished: make(chan struct{}),
	}
	o.Conn.SetPingHandler(p.pinged)
	// The goodbye is answered by the writer, like everything else that is written.
	o.Conn.SetCloseHandler(func(int, string) error { return nil })
	p.work.Go(func() {
		p.playOnSocket(o.Plan.Next(p.arrival(Open, "", "")).Fault)
		p.work.Go(p.read)
		p.write()
	})
	go func() {
		p.work.Wait()
		p.Cut()
		close(p.finished)
	}()
	return p
}

// Send queues a frame; it never blocks. What is queued when the socket ends is lost.
func (p *Pump) Send(m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, m)
	p.nudge()
}

// Play plays Close, Reset or Silence on the socket now, whatever the plan says; other kinds are played on frames, by the plan. It calls Ended itself if it ends the socket.
// The error says what is wrong with the fault.
func (p *Pump) Play(f Fault) error {
	if err := (Rule{Fault: f, Scope: Scope{On: Open}}).Validate(); err != nil {
		return fmt.Errorf("playing on socket %d: %w", p.o.Where.Connection, err)
	}
	p.playOnSocket(f)
	return nil
}

// Cut resets the connection at once. It may be called from within the functions of PumpOptions, and calls Ended itself if nothing ended the socket before.
func (p *Pump) Cut() {
	p.mu.Lock()
	if p.cut {
		p.mu.Unlock()
		return
	}
	p.abandon()
	p.mu.Unlock()
	p.end(End{Code: websocket.CloseAbnormalClosure, Note: "the connection was reset"})
	reset(p.o.Conn.NetConn())
}

// Done is closed when the connection has ended and all goroutines of the pump have.
func (p *Pump) Done() <-chan struct{} { return p.finished }

// Close cuts the socket and waits until all goroutines of the pump have ended. It must not be called from within the functions of PumpOptions.
func (p *Pump) Close() {
	p.Cut()
	<-p.finished
}

// arrival is what is asked of the plan.
func (p *Pump) arrival(m Moment, frame string, way Direction) Arrival {
	a := p.o.Where
	a.Moment, a.Frame, a.Direction = m, frame, way
	return a
}

// nudge tells the writer to look; it never blocks.
func (p *Pump) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// end notes that the socket has ended; only the first to say so is heard.
func (p *Pump) end(e End) {
	p.mu.Lock()
	first := !p.ended
	p.ended = true
	p.mu.Unlock()
	if first && p.o.Ended != nil {
		p.o.Ended(e)
	}
}

func (p *Pump) hasEnded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// playOnSocket plays what ends or stills the whole socket, and says whether the fault is of that sort.
func (p *Pump) playOnSocket(f Fault) bool {
	switch f.Kind {
	case Reset:
		p.Cut()
	case Silence:
		p.silence()
	case Close:
		p.goodbye(End{Code: f.Code, Reason: f.Reason})
	default:
		return false
	}
	return true
}

// silence has nothing read or written any more.
func (p *Pump) silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silenced {
		return
	}
	p.silenced = true
	p.stop()
}

// stop has no more frames written; p.mu is held.
func (p *Pump) stop() {
	if !p.halted {
		p.halted = true
		close(p.halt)
	}
}

// abandon has everything end that still uses the connection; p.mu is held.
func (p *Pump) abandon() {
	p.stop()
	if !p.cut {
		p.cut = true
		close(p.gone)
	}
}

// goodbye ends the socket and has the writer say so to the client.
func (p *Pump) goodbye(e End) {
	p.end(e)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing == nil {
		p.closing = &e
		p.stop()
	}
}

// pinged answers a ping, unless a fault has it not answered. It is called by the reader.
func (p *Pump) pinged(payload string) error {
	if p.o.Plan.Next(p.arrival(Ping, "", In)).Fault.Kind == NoPong {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// A client may be told of the last of its pings only; one that sends many and reads nothing must not fill the memory.
	p.pongs = append(p.pongs[max(0, len(p.pongs)+1-maxPongs):], payload)
	p.nudge()
	return nil
}

// write is the writer goroutine. A failed write ends it without a word: the reader notices too, and it knows whether the client had said goodbye.
func (p *Pump) write() {
	var held []Message
	for {
		next, something := p.choose()
		if !something {
			select {
			case <-p.wake:
				continue
			case <-p.halt:
			}
			p.takeLeave()
			return
		}
		var err error
		switch {
		case next.pong != nil:
			err = p.o.Conn.WriteControl(websocket.PongMessage, []byte(*next.pong), time.Time{})
		default:
			held, err = p.play(next.message, held)
		}
		if err != nil {
			return
		}
	}
}

// outgoing is one thing to write.
type outgoing struct {
	pong    *string
	message Message
}

// choose takes what is to be written next, if anything, and says whether there is any.
func (p *Pump) choose() (outgoing, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.halted:
	case len(p.pongs) > 0:
		pong := p.pongs[0]
		p.pongs = p.pongs[1:]
		return outgoing{pong: &pong}, true
	case len(p.queue) > 0:
		m := p.queue[0]
		p.queue = p.queue[1:]
		return outgoing{message: m}, true
	}
	return outgoing{}, false
}

// play writes a frame as the plan has it, and returns what is held back until the next one was written. Faults that end the socket leave the frame unwritten.
func (p *Pump) play(m Message, held []Message) ([]Message, error) {
	d := p.o.Plan.Next(p.arrival(Frame, m.Name, Out))
	f := d.Fault
	if p.playOnSocket(f) {
		return held, nil
	}
	var err error
	switch {
	case f.Kind == Drop:
		p.sent(m)
		return held, nil
	case f.Kind == Delay && !p.delay(d):
		return held, nil
	case f.Kind == Reorder && held == nil:
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
	p.sent(m)
	for _, later := range held {
		if err == nil {
			err = p.put(later)
		}
		p.sent(later)
	}
	return nil, err
}

// delay waits for the time of the fault, and says whether frames still matter: what is behind a delayed frame waits too, since a connection keeps its order. A goodbye does
// not wait.
func (p *Pump) delay(d Decision) bool {
	return waitUntil(p.clock, d.at.Add(d.Fault.For), p.halt, nil) == nil
}

func (p *Pump) sent(m Message) {
	if p.o.Sent != nil {
		p.o.Sent(m)
	}
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
	return p.o.Conn.WriteMessage(kind, m.Data)
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
	_, err := p.o.Conn.NetConn().Write(frameOf(finalBit|reservedBits|opcode, m.Data))
	return err
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

// takeLeave says goodbye, if that is how the socket ends, and gives the client the time to end the connection; then the desk does. The client's own goodbye is answered.
func (p *Pump) takeLeave() {
	p.mu.Lock()
	closing := p.closing
	p.mu.Unlock()
	if closing == nil {
		return // It was cut, or it is silent.
	}
	if endsWithFrame(closing.Code) {
		_ = p.o.Conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closing.Code, closing.Reason), time.Time{})
	} else {
		p.hangUp()
	}
	_ = waitUntil(p.clock, p.clock.Now().Add(farewell), p.gone, p.heard)
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

// leave ends what still waits, without a reset if the connection has ended in order.
func (p *Pump) leave() {
	p.mu.Lock()
	p.abandon()
	p.mu.Unlock()
	_ = p.o.Conn.NetConn().Close()
}

// read is the reader goroutine.
func (p *Pump) read() {
	var held []Message
	for {
		kind, data, err := p.o.Conn.ReadMessage()
		if p.isSilent() {
			<-p.gone
			return
		}
		if err != nil {
			p.readFailed(err)
			return
		}
		m := Message{Binary: kind == websocket.BinaryMessage, Data: data}
		if p.o.Name != nil {
			m.Name = p.o.Name(data)
		}
		held = p.take(m, held)
	}
}

func (p *Pump) isSilent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.silenced
}

// readFailed ends the socket for the reason that the reader was given.
func (p *Pump) readFailed(err error) {
	closing, said := errors.AsType[*websocket.CloseError](err)
	_, broken := errors.AsType[*net.OpError](err)
	switch {
	case said && closing.Code != websocket.CloseAbnormalClosure:
		p.goodbye(End{ByClient: true, Code: closing.Code, Reason: closing.Text})
		close(p.heard)
		return
	case errors.Is(err, websocket.ErrReadLimit):
		p.goodbye(End{Code: websocket.CloseMessageTooBig, Note: "a frame over the limit came"})
		p.drain()
	case said || broken:
		p.end(End{ByClient: true, Code: websocket.CloseAbnormalClosure, Note: "the connection ended without a close frame"})
	default:
		p.goodbye(End{Code: websocket.CloseProtocolError, Note: "what came is no frame: " + err.Error()})
		p.drain()
	}
	p.leave()
}

// drain reads what the client still sends, until it ends the connection: an end with something left unread would be a reset, which overtakes the goodbye.
func (p *Pump) drain() {
	_, _ = io.Copy(io.Discard, p.o.Conn.NetConn())
}

// take hands on a frame that came as the plan has it, and returns what is held back until the next one was.
func (p *Pump) take(m Message, held []Message) []Message {
	if p.hasEnded() {
		return held
	}
	d := p.o.Plan.Next(p.arrival(Frame, m.Name, In))
	f := d.Fault
	if p.playOnSocket(f) {
		return held
	}
	switch {
	case f.Kind == Drop, f.Kind == Delay && !p.delay(d):
		return held
	case f.Kind == Reorder && held == nil:
		return []Message{m}
	case f.Kind == Duplicate:
		p.receive(m)
	case f.Kind == Oversize:
		p.goodbye(End{Code: websocket.CloseMessageTooBig, Note: "a frame was taken as one over the limit"})
		return held
	case f.Kind == Corrupt && f.How == HowHeader:
		p.goodbye(End{Code: websocket.CloseProtocolError, Note: "a frame was taken as one with a broken header"})
		return held
	}
	p.receive(altered(m, f))
	for _, later := range held {
		p.receive(later)
	}
	return nil
}

func (p *Pump) receive(m Message) {
	if p.o.Receive != nil && !p.hasEnded() {
		p.o.Receive(m)
	}
}
