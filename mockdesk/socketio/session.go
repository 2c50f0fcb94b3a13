package socketio

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"deskcheck/mockdesk/socketio/codec"
)

const (
	// farewell is how long a client has, in the server's time, to end a connection whose session has ended, before the server does.
	farewell = 5 * time.Second
	// pollFarewell is how long a session that was closed waits for the poll that tells the client.
	pollFarewell = 30 * time.Second
	// maxJobs is how many packets can wait for the functions of Options before no more are read.
	maxJobs = 64
	// maxAttachments is how many attachments a packet can have, and attachmentFactor how many times MaxPayload they may be together.
	maxAttachments, attachmentFactor = 256, 16
)

// ErrEnded says that a session has ended, or a socket is not in its namespace.
var ErrEnded = errors.New("there is no connection any more")

// Handshake is what is known of the request that opened a session.
type Handshake struct {
	// URL has the path and the query, and Header all headers.
	URL    *url.URL
	Header http.Header
	// RemoteAddr is the network address of the client.
	RemoteAddr string
}

func handshakeOf(r *http.Request) Handshake {
	u := *r.URL
	return Handshake{URL: &u, Header: r.Header.Clone(), RemoteAddr: r.RemoteAddr}
}

// Session is the session of Engine.IO that a client has: a transport, and the namespaces that it has joined over it. Its methods may be called from any goroutine.
type Session struct {
	server    *Server
	id        string
	handshake Handshake
	gone      chan struct{}
	// taking is held by whoever takes what the client sent, so that it is taken in order across an upgrade. The assembler is under it.
	taking    sync.Mutex
	assembler codec.Assembler

	mu        sync.Mutex
	transport Transport
	// out is what polling still has to carry; once there is a link it has its own.
	out []outgoing
	// poll is the GET that waits, post the POST that is being taken.
	poll, post *request
	// link is the WebSocket that carries the session, probe the one that may.
	link, probe *link
	// closing is whether the session ends with the next poll, ended whether it has.
	closing, ended bool
	// pinged is whether a ping waits for its pong, joined whether the client was ever in a namespace.
	pinged, joined bool
	// withheld is how many acknowledgements are kept, below zero for all.
	withheld                        int
	stopBeat, stopConnect, stopPoll func() bool

	sockets map[string]*Socket
	// late has the namespaces that the server has ended: what the client had sent before it knew still comes.
	late map[string]bool

	// unfinished says which packet still waits for attachments, empty for none.
	unfinished string

	jobs             []func()
	jobWake, jobRoom chan struct{}
}

// outgoing is a frame to be written, and what is told of it then.
type outgoing struct {
	frame codec.Frame
	// told is nil for an attachment, of which is told with its packet.
	told *Crossing
}

// control is a packet of Engine.IO to be written.
func control(t codec.EngineType, data string) outgoing {
	p := codec.EnginePacket{Type: t, Data: []byte(data)}
	return outgoing{frame: p.Frame(), told: &Crossing{Kind: Packet, Direction: Out, Engine: t, Note: data}}
}

// ID is the id of the session. It is a secret between client and server.
func (s *Session) ID() string { return s.id }

// Handshake is what is known of the request that opened the session.
func (s *Session) Handshake() Handshake { return s.handshake }

// Transport is what carries the session now.
func (s *Session) Transport() Transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transport
}

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.gone }

// Socket is the client in a namespace that it has joined; ok is false if it has not.
func (s *Session) Socket(namespace string) (socket *Socket, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	socket, ok = s.sockets[namespace]
	if !ok || socket.state != joined {
		return nil, false
	}
	return socket, true
}

// SendRaw writes frames as they are, whatever stands in them: over WebSocket each as one frame, in a poll each as one packet. The error is ErrEnded.
func (s *Session) SendRaw(frames ...codec.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.closing {
		return fmt.Errorf("send raw frames in session %s: %w", s.id, ErrEnded)
	}
	for _, f := range frames {
		s.queue(outgoing{frame: f, told: &Crossing{Kind: Packet, Direction: Out, Engine: engineTypeOf(f), Frame: &f}})
	}
	return nil
}

// engineTypeOf is the type that a client will take a frame for, 0 if it is empty.
func engineTypeOf(f codec.Frame) codec.EngineType {
	switch {
	case f.Binary:
		return codec.Message
	case len(f.Data) == 0:
		return 0
	}
	return codec.EngineType(f.Data[0])
}

// WithholdAcks keeps the next n acknowledgements that Event.Acknowledge gives in this session from being sent; below zero it keeps all, and 0 keeps no more.
func (s *Session) WithholdAcks(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.withheld = n
}

// Close ends the session in order, once what was sent before is written: by a close packet in the next poll, or by closing the WebSocket. Sockets have left when it returns.
func (s *Session) Close() {
	s.mu.Lock()
	if s.transport == Polling && s.poll == nil && !s.ended && !s.closing {
		s.closing = true
		s.stopPoll = s.server.clock.AfterFunc(pollFarewell, func() { s.end(ByServer, codec.Close, closeNoStatus) })
		s.leaveAll(ByServer)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.end(ByServer, codec.Close, closeNoStatus)
}

// Kill ends the session and resets the TCP connections that carry it, as a failing network does: the WebSockets, the poll that waits, and the POST that is being taken.
func (s *Session) Kill() { s.end(Killed, 0, 0) }

// begin sets the timers of a new session.
func (s *Session) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.beat()
	s.stopConnect = s.server.clock.AfterFunc(s.server.o.ConnectTimeout, func() {
		s.mu.Lock()
		late := !s.joined
		s.mu.Unlock()
		if late {
			s.fail(NoNamespace, 0, "The client has joined no namespace within "+s.server.o.ConnectTimeout.String()+".")
		}
	})
}

// beat has the next ping sent, and its pong waited for; s.mu is held.
func (s *Session) beat() {
	o := s.server.o
	s.stopBeat = s.server.clock.AfterFunc(o.PingInterval, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ended || s.closing {
			return
		}
		s.pinged = true
		s.queue(control(codec.Ping, ""))
		s.stopBeat = s.server.clock.AfterFunc(o.PingTimeout, func() { s.end(Silent, codec.Close, closeNoStatus) })
	})
}

// ponged takes a pong, and says whether it was asked for.
func (s *Session) ponged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.pinged || s.ended {
		return s.ended
	}
	s.pinged = false
	s.stopBeat()
	s.beat()
	return true
}

// queue has frames written; s.mu is held.
func (s *Session) queue(all ...outgoing) {
	if s.link != nil {
		s.link.queue(all...)
		return
	}
	s.out = append(s.out, all...)
	if s.poll != nil {
		s.poll.nudge()
	}
}

// tell tells of a crossing of this session.
func (s *Session) tell(c Crossing, transport Transport) {
	c.Session, c.Transport = s.id, transport
	s.server.watch(c)
}

// telling tells of a frame that is about to be written.
func (s *Session) telling(o outgoing, transport Transport) {
	if o.told != nil {
		s.tell(*o.told, transport)
	}
}

// breached records the breach of a rule.
func (s *Session) breached(rule Rule, status int, note string) {
	s.tell(Crossing{Kind: Breached, Rule: rule, Status: status, Note: note}, s.Transport())
}

// fail records the breach of a rule and ends the session for it. status is what the request that broke the rule is answered with, 0 if none did.
func (s *Session) fail(rule Rule, status int, note string) {
	if s.hasEnded() {
		return
	}
	s.breached(rule, status, note)
	code := closeBreach
	if rule == TooLarge {
		code = closeTooLarge
	}
	s.end(ForBreach, codec.Close, code)
}

// lost ends the session because its transport broke.
func (s *Session) lost(note string) {
	if !s.hasEnded() {
		s.breached(LostTransport, 0, note)
	}
	s.end(Lost, codec.Noop, closeNoStatus)
}

func (s *Session) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// end ends the session; only the first reason counts. last is the packet that ends a poll that waits, and code that of the close frame of a WebSocket; a code of 0 resets the
// connections.
func (s *Session) end(reason Reason, last codec.EngineType, code int) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	for _, stop := range []func() bool{s.stopBeat, s.stopConnect, s.stopPoll} {
		if stop != nil {
			stop()
		}
	}
	transport, unfinished := s.transport, s.unfinished
	s.leaveAll(reason)
	if code == 0 {
		s.reset()
	} else {
		s.sayGoodbye(last, code)
	}
	close(s.gone)
	s.mu.Unlock()
	s.server.forget(s)
	if unfinished != "" && reason != ForBreach {
		s.tell(Crossing{Kind: Breached, Rule: MissingAttachments, Note: "When the session ended, " + unfinished + "."}, transport)
	}
	s.tell(Crossing{Kind: Ended, Reason: reason}, transport)
}

// reset has every connection of the session reset; s.mu is held.
func (s *Session) reset() {
	for _, waiting := range []*request{s.poll, s.post} {
		if waiting != nil {
			waiting.killed = true
			waiting.nudge()
		}
	}
	for _, l := range []*link{s.link, s.probe} {
		if l != nil {
			l.cut()
		}
	}
}

// sayGoodbye has the client told of the end; s.mu is held.
func (s *Session) sayGoodbye(last codec.EngineType, code int) {
	if s.poll != nil {
		s.out = append(s.out, control(last, ""))
		s.poll.nudge()
	}
	for _, l := range []*link{s.link, s.probe} {
		if l != nil {
			l.close(code)
		}
	}
}

// leaveAll has every socket leave; s.mu is held.
func (s *Session) leaveAll(reason Reason) {
	for _, socket := range s.sockets {
		socket.leave(reason)
	}
}

// job has f done after everything else that the functions of Options are to do for this session; s.mu is held.
func (s *Session) job(f func()) {
	s.jobs = append(s.jobs, f)
	nudge(s.jobWake)
}

// doJobs is the goroutine that calls the functions of Options.
func (s *Session) doJobs() {
	for {
		s.mu.Lock()
		var next func()
		if len(s.jobs) > 0 {
			next = s.jobs[0]
			s.jobs = s.jobs[1:]
		}
		ended := s.ended
		s.mu.Unlock()
		switch {
		case next != nil:
			nudge(s.jobRoom)
			next()
		case ended:
			return
		default:
			select {
			case <-s.jobWake:
			case <-s.gone:
			}
		}
	}
}

// awaitRoom waits until what came can be followed by more.
func (s *Session) awaitRoom() {
	for {
		s.mu.Lock()
		full := len(s.jobs) >= maxJobs && !s.ended
		s.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-s.jobRoom:
		case <-s.gone:
		}
	}
}

// nudge tells whoever waits on wake to look; it never blocks.
func nudge(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
