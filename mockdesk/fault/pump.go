package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// farewell is how long a client has, in desk time, to end the connection after the socket was closed, before the desk does.
	farewell = 5 * time.Second
	// brokenByte is no part of any text in UTF-8.
	brokenByte = 0xff
	// mostRoom is how large a buffer for reading is kept, in bytes.
	mostRoom = 1 << 16
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
	// Tag is the sender's own: the pump hands it back as it is.
	Tag any
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

// PumpOptions are what a pump is started with. None of its functions is called with a lock of the pump or of the plan held; each that is nil takes no notice.
type PumpOptions struct {
	// Conn is an open socket of the desk. From Start on it is the pump's alone.
	Conn *websocket.Conn
	// Limit is how many bytes a frame of the client may have; 0 is any number.
	Limit int64
	// Plan decides about the faults.
	Plan *Plan
	// Where is the tenant, the conversation and the number of the socket; the pump fills in the rest for each arrival. Concern changes the conversation.
	Where Arrival
	// Name gives the type of a frame that came.
	Name func(Message) string
	// Next gives what is to be written next, and false if there is nothing; it is asked again after each message and after Wake. A pump that can write no more, since it is
	// silent or the connection is broken, goes on asking, and what it is given is lost.
	Next func() (Message, bool)
	// Receive is called with each frame that came, as the faults make of it, one at a time. While it does not return nothing is read. Settle returns once all that Receive was given is done
	// with: it is called before a fault, or the client, can end the socket by what came after it.
	Receive func(Message)
	Settle  func()
	// Sending is called just before a frame is written, with what is written.
	Sending func(Message)
	// Sent is called once for each message that Next gave, before Next is called again, with the frames that were written for it, valid until it returns: none if it was lost
	// or is held back until another was written, which brings it along, and two if it was doubled.
	Sent func(written []Message)
	// Delayed is called with true when a fault begins to hold up what Next has given or would give, and with false when its time has come, before the clock goes on.
	Delayed func(bool)
	// Ended is called once, just before the client can know that the socket has ended if the desk ends it, and when the desk learns of it otherwise. Frames
	// that come or are written after it are not told, except one that is under way at that moment.
	Ended func(End)
	// Gone is called once, at the very last: the connection has ended, and nothing else is called any more.
	Gone func()
}

// Pump reads and writes one open socket, and plays on it what a Plan decides. One goroutine reads; another writes what nobody can write who has it at hand (Write), because it would
// have to wait. Callers never touch the connection. Make one with Start, and Cut it in the end: a silent one stays until then, or until the client ends the connection.
type Pump struct {
	o PumpOptions
	// wake has room for one token: there may be something to write. halt is closed when no more frames are written, gone when the connection is no longer of use.
	wake       chan struct{}
	halt, gone chan struct{}
	// heard is closed by the reader when the client has said goodbye.
	heard chan struct{}
	// working counts the goroutines that have not ended.
	working atomic.Int32
	// writing is held by whoever writes. It guards what follows: what Sent is told, frames that are held back until another was written, and one that Next has given and that is too large
	// to be written by whoever has it at hand.
	writing sync.Mutex
	// delays is whether they wait until the clock has gone on.
	delays  atomic.Bool
	written []Message
	held    []Message
	large   *Message
	// backlog says how much the client has not taken yet.
	backlog backlog

	mu sync.Mutex
	// where is PumpOptions.Where, with the conversation by the latest word.
	where Arrival
	pongs []string
	// ping is whether a ping is to be written.
	ping bool
	// closing is what Play, a fault, Goodbye or the client's goodbye has the writer end the socket with; limited is whether the time that there is for it runs, and stopFarewell ends it.
	closing      *End
	limited      atomic.Bool
	stopFarewell func() bool
	// ended is whether Ended was called, halted and cut whether halt and gone are closed. What is asked for every frame is read without the lock, and changed with it.
	ended, halted atomic.Bool
	silenced, cut atomic.Bool
	// demands is whether there are pongs, a ping or an end for the writer.
	demands atomic.Bool
}

// Start begins to read and write the socket. Faults for the moment Open are played before any frame is read or written.
func Start(o PumpOptions) *Pump {
	p := &Pump{
		o: o, where: o.Where, wake: make(chan struct{}, 1), halt: make(chan struct{}), gone: make(chan struct{}), heard: make(chan struct{}),
		stopFarewell: func() bool { return false },
	}
	p.backlog.watch(o.Conn.NetConn())
	p.writing.Lock() // No frame is written before it is known what becomes of the socket.
	o.Conn.SetReadLimit(o.Limit)
	o.Conn.SetPingHandler(p.pinged)
	// The goodbye is answered by the writer, like everything else that is written.
	o.Conn.SetCloseHandler(func(int, string) error { return nil })
	p.working.Store(2)
	go func() {
		defer p.finish()
		p.playOnSocket(p.ask(Open, "", nil).Fault)
		go func() {
			defer p.finish()
			p.read()
		}()
		p.write()
	}()
	return p
}

// finish is the end of a goroutine; the last one turns out the light.
func (p *Pump) finish() {
	if p.working.Add(-1) > 0 {
		return
	}
	p.Cut()
	if p.o.Gone != nil {
		p.o.Gone()
	}
}

// Wake has the pump ask for what is to be written next; it never blocks.
func (p *Pump) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Ping has a ping written as soon as the client takes it; one that is due while another waits is the same. It never blocks.
func (p *Pump) Ping() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ping = true
	p.demands.Store(true)
	p.Wake()
}

// Concern says which conversation the socket is about from now on.
func (p *Pump) Concern(conversation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.where.Conversation = conversation
}

// Goodbye ends the socket as the close frame says that it is given, calls Ended, and gives the client 5 s of desk time to end the connection. It never blocks. One that is silent
// stays as it is.
func (p *Pump) Goodbye(e End) {
	if p.isSilent() {
		return
	}
	p.end(e)
	p.mu.Lock()
	first := p.closing == nil
	if first {
		p.closing = &e
		p.stop()
	}
	p.mu.Unlock()
	if !first {
		return
	}
	p.limitFarewell()
}

// limitFarewell gives the client its time to end the connection, from the first call on.
func (p *Pump) limitFarewell() {
	if p.limited.Swap(true) {
		return
	}
	clock := p.o.Plan.clock
	stop := callAt(clock, clock.Now().Add(farewell), p.leave)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopFarewell = stop
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
	if p.isGone() {
		p.mu.Unlock()
		return
	}
	p.abandon()
	stopFarewell := p.stopFarewell
	p.mu.Unlock()
	stopFarewell()
	p.end(End{Code: websocket.CloseAbnormalClosure, Note: "the connection was reset"})
	reset(p.o.Conn.NetConn())
}

// ask asks the plan what becomes of an arrival. frame names the frame that arrives, nil for none; where the plan has no rules it is not called.
func (p *Pump) ask(m Moment, way Direction, frame func() string) Decision {
	if p.o.Plan.isEmpty() {
		return Decision{Fault: Fault{Kind: Accept}}
	}
	p.mu.Lock()
	a := p.where
	p.mu.Unlock()
	a.Moment, a.Direction = m, way
	if frame != nil {
		a.Frame = frame()
	}
	return p.o.Plan.Next(a)
}

// end notes that the socket has ended; only the first to say so is heard.
func (p *Pump) end(e End) {
	p.mu.Lock()
	first := !p.ended.Swap(true)
	p.mu.Unlock()
	if first && p.o.Ended != nil {
		p.o.Ended(e)
	}
}

func (p *Pump) hasEnded() bool { return p.ended.Load() }

// playOnSocket plays what ends or stills the whole socket, and says whether the fault is of that sort.
func (p *Pump) playOnSocket(f Fault) bool {
	switch f.Kind {
	case Reset:
		p.Cut()
	case Silence:
		p.silence()
	case Close:
		p.Goodbye(End{Code: f.Code, Reason: f.Reason})
	default:
		return false
	}
	return true
}

// silence has nothing read or written any more.
func (p *Pump) silence() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.silenced.Swap(true) {
		return
	}
	p.stop()
	// The reader would answer by itself what is against the protocol.
	_ = p.o.Conn.SetReadDeadline(time.Unix(1, 0))
}

// stop has no more frames written; p.mu is held.
func (p *Pump) stop() {
	if !p.halted.Swap(true) {
		p.demands.Store(true)
		close(p.halt)
		p.Wake()
	}
}

// abandon has everything end that still uses the connection; p.mu is held.
func (p *Pump) abandon() {
	p.stop()
	if !p.cut.Swap(true) {
		close(p.gone)
		p.Wake()
	}
}

// pinged answers a ping, unless a fault has it not answered. It is called by the reader.
func (p *Pump) pinged(payload string) error {
	// A client that has its pong can count on what it said before.
	p.settle()
	p.flush()
	if p.ask(Ping, In, nil).Fault.Kind == NoPong {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// A client may be told of the last of its pings only; one that sends many and reads nothing must not fill the memory.
	p.pongs = append(p.pongs[max(0, len(p.pongs)+1-maxPongs):], payload)
	p.demands.Store(true)
	p.Wake()
	return nil
}

// leave ends what still waits, without a reset if the connection has ended in order.
func (p *Pump) leave() {
	p.mu.Lock()
	p.abandon()
	stopFarewell := p.stopFarewell
	p.mu.Unlock()
	stopFarewell()
	_ = p.o.Conn.NetConn().Close()
}

// read is the reader goroutine.
func (p *Pump) read() {
	var held []Message
	for {
		kind, data, err := p.hear()
		switch {
		case p.isSilent():
			p.outlast()
			return
		case err != nil:
			p.readFailed(err)
			return
		}
		held = p.take(Message{Binary: kind == websocket.BinaryMessage, Data: data}, held)
	}
}

// rooms are buffers that frames are read into, for what is kept of a frame to be no longer than the frame.
var rooms = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// hear reads a frame.
func (p *Pump) hear() (kind int, data []byte, err error) {
	kind, r, err := p.o.Conn.NextReader()
	if err != nil {
		return kind, nil, err
	}
	room, _ := rooms.Get().(*bytes.Buffer) // The pool holds nothing else.
	if _, err = room.ReadFrom(r); err == nil {
		data = bytes.Clone(room.Bytes())
	}
	if room.Cap() <= mostRoom {
		room.Reset()
		rooms.Put(room)
	}
	return kind, data, err
}

func (p *Pump) isSilent() bool { return p.silenced.Load() }

func (p *Pump) isGone() bool { return p.cut.Load() }

func (p *Pump) isHalted() bool { return p.halted.Load() }

// outlast waits on a silent socket until the client ends the connection: what nobody holds any more is not to be kept.
func (p *Pump) outlast() {
	_ = p.o.Conn.SetReadDeadline(time.Time{})
	p.drain()
	p.settle()
	p.end(End{ByClient: true, Code: websocket.CloseAbnormalClosure, Note: "the client ended the connection on which the desk was silent"})
	p.leave()
}

// readFailed ends the socket for the reason that the reader was given.
func (p *Pump) readFailed(err error) {
	p.settle()
	closing, said := errors.AsType[*websocket.CloseError](err)
	_, broken := errors.AsType[*net.OpError](err)
	switch {
	case said && closing.Code != websocket.CloseAbnormalClosure:
		if !p.isSilent() {
			p.limitFarewell() // It may be that the client takes nothing any more.
			p.flush()
		}
		p.Goodbye(End{ByClient: true, Code: closing.Code, Reason: closing.Text})
		close(p.heard)
		return
	case errors.Is(err, websocket.ErrReadLimit):
		p.Goodbye(End{Code: websocket.CloseMessageTooBig, Note: fmt.Sprintf("a frame of more than %d bytes came", p.o.Limit)})
		p.drain()
	case said || broken:
		p.end(End{ByClient: true, Code: websocket.CloseAbnormalClosure, Note: "the connection ended without a close frame"})
	default:
		p.Goodbye(End{Code: websocket.CloseProtocolError, Note: "what came is no frame: " + err.Error()})
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
	if !p.o.Plan.isEmpty() {
		p.settle()
	}
	d := p.ask(Frame, In, func() string { return p.name(m) })
	f := d.Fault
	switch {
	case p.playOnSocket(f), f.Kind == Drop, f.Kind == Delay && !p.delay(d, In):
		return held
	case f.Kind == Reorder && held == nil:
		return []Message{m}
	case f.Kind == Duplicate:
		p.receive(m)
	case f.Kind == Oversize:
		p.Goodbye(End{Code: websocket.CloseMessageTooBig, Note: "a frame was taken as one over the limit"})
		return held
	case f.Kind == Corrupt && f.How == HowHeader:
		p.Goodbye(End{Code: websocket.CloseProtocolError, Note: "a frame was taken as one with a broken header"})
		return held
	}
	p.receive(altered(m, f))
	for _, later := range held {
		p.receive(later)
	}
	return nil
}

func (p *Pump) settle() {
	if p.o.Settle != nil {
		p.o.Settle()
	}
}

func (p *Pump) name(m Message) string {
	if p.o.Name == nil {
		return ""
	}
	return p.o.Name(m)
}

func (p *Pump) receive(m Message) {
	if p.o.Receive == nil || p.hasEnded() {
		return
	}
	p.o.Receive(m)
}
