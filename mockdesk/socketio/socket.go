package socketio

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"deskcheck/mockdesk/socketio/codec"
)

// state is how far a socket is in its namespace.
type state int

const (
	joining state = iota
	joined
	left
)

// Socket is a client in a namespace. Its methods may be called from any goroutine.
type Socket struct {
	session       *Session
	id, namespace string

	// The session's lock guards the rest. replies are waited for, by acknowledgement id.
	state   state
	nextID  uint64
	replies map[uint64]func(codec.Payload, error)
}

// ID is the id that the client knows the socket by.
func (c *Socket) ID() string { return c.id }

// Namespace is where the socket is; it begins with a slash.
func (c *Socket) Namespace() string { return c.namespace }

// Session is the session that carries the socket.
func (c *Socket) Session() *Session { return c.session }

// Emit sends an event. The arguments are anything that codec.Compose takes; its errors, and ErrEnded, come back wrapped.
func (c *Socket) Emit(event string, args ...any) error {
	return c.emit(event, args, nil)
}

// Ask sends an event that asks for an acknowledgement. replied is called once, as the functions of Options are: with what the client answers, or with ErrEnded if the socket
// leaves before. The arguments and the error are those of Emit; replied is not called if there is one.
func (c *Socket) Ask(event string, args []any, replied func(codec.Payload, error)) error {
	return c.emit(event, args, replied)
}

func (c *Socket) emit(event string, args []any, replied func(codec.Payload, error)) error {
	data, attachments, err := codec.Compose(append([]any{event}, args...)...)
	if err != nil {
		return fmt.Errorf("emit %q: %w", event, err)
	}
	p := codec.Packet{Type: codec.Event, Namespace: c.namespace, Data: data, Attachments: attachments}
	if len(attachments) > 0 {
		p.Type = codec.BinaryEvent
	}
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.state != joined {
		return fmt.Errorf("emit %q in %s: %w", event, c.namespace, ErrEnded)
	}
	if replied != nil {
		id := c.nextID
		c.nextID++
		c.replies[id] = replied
		p.ID = &id
	}
	c.send(p)
	return nil
}

// send has a packet written; the session's lock is held.
func (c *Socket) send(p codec.Packet) {
	told := &Crossing{Kind: Packet, Direction: Out, Engine: codec.Message, Packet: &p, Socket: c.id, Namespace: c.namespace, ID: p.ID}
	if name, args, ok := p.Event(); ok {
		told.Event, told.Args = name, args
	} else if args, ok := p.Reply(); ok {
		told.Args = args
	}
	var all []outgoing
	for _, f := range p.Frames() {
		all = append(all, outgoing{frame: f, told: told})
		told = nil
	}
	c.session.queue(all...)
}

// Disconnect has the socket leave its namespace, and the client told so by a DISCONNECT. The session goes on.
func (c *Socket) Disconnect() {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.state != joined {
		return
	}
	c.send(codec.Packet{Type: codec.Disconnect, Namespace: c.namespace})
	c.session.late[c.namespace] = true
	c.leave(Disconnected)
}

// leave takes the socket out of its namespace; the session's lock is held.
func (c *Socket) leave(reason Reason) {
	if c.state == left {
		return
	}
	was, s := c.state, c.session
	c.state = left
	delete(s.sockets, c.namespace)
	for _, id := range slices.Sorted(maps.Keys(c.replies)) {
		replied := c.replies[id]
		s.job(func() { replied(codec.Payload{}, ErrEnded) })
	}
	c.replies = nil
	if was == joined && s.server.o.Left != nil {
		s.job(func() { s.server.o.Left(c, reason) })
	}
}

// receive takes an event or an acknowledgement; the session's lock is held.
func (c *Socket) receive(p *codec.Packet) (rule Rule, note string) {
	s := c.session
	if name, args, ok := p.Event(); ok {
		if s.server.o.Event != nil {
			e := &Event{Socket: c, Name: name, Args: args, id: p.ID}
			s.job(func() { s.server.o.Event(e) })
		}
		return "", ""
	}
	replied, waits := c.replies[*p.ID]
	if !waits {
		return UnknownAck, fmt.Sprintf("An acknowledgement came in %s with id %d, which nothing waits for.", c.namespace, *p.ID)
	}
	delete(c.replies, *p.ID)
	args, _ := p.Reply()
	s.job(func() { replied(args, nil) })
	return "", ""
}

// Event is what a client has emitted.
type Event struct {
	// Socket is who has.
	Socket *Socket
	// Name and Args are what.
	Name string
	Args codec.Payload

	id       *uint64
	answered atomic.Bool
}

// Asks says whether the client asked for an acknowledgement.
func (e *Event) Asks() bool { return e.id != nil }

// Acknowledge answers an event that asks for it, once. The arguments are those of Socket.Emit. The error says that the client did not ask, that it was answered before, that
// JSON cannot say the arguments, or wraps ErrEnded.
func (e *Event) Acknowledge(args ...any) error {
	data, attachments, err := codec.Compose(args...)
	switch {
	case err != nil:
		return fmt.Errorf("acknowledge %q: %w", e.Name, err)
	case e.id == nil:
		return fmt.Errorf("acknowledge %q: the client did not ask for it", e.Name)
	case e.answered.Swap(true):
		return fmt.Errorf("acknowledge %q: it was acknowledged before", e.Name)
	}
	p := codec.Packet{Type: codec.Ack, Namespace: e.Socket.namespace, ID: e.id, Data: data, Attachments: attachments}
	if len(attachments) > 0 {
		p.Type = codec.BinaryAck
	}
	s := e.Socket.session
	s.mu.Lock()
	if e.Socket.state != joined {
		s.mu.Unlock()
		return fmt.Errorf("acknowledge %q in %s: %w", e.Name, e.Socket.namespace, ErrEnded)
	}
	kept := s.withheld != 0
	if kept {
		s.withheld = max(s.withheld-1, -1)
	} else {
		e.Socket.send(p)
	}
	transport := s.transport
	s.mu.Unlock()
	if kept {
		c := s.crossingOf(&p, Out)
		c.Kind, c.Event = Withheld, e.Name
		s.tell(c, transport)
	}
	return nil
}

// Joining is a client that wants to join a namespace. Exactly one of Accept and Refuse counts, the first; either may be called later, from any goroutine.
type Joining struct {
	// Namespace is where it wants to be.
	Namespace string
	// Auth is the object that the client gave with it, nil if it gave none.
	Auth json.RawMessage

	socket *Socket
}

// Session is the session of the client.
func (j *Joining) Session() *Session { return j.socket.session }

// Accept lets the client join, tells it so, and gives its socket. The error is ErrEnded, wrapped: it has gone, or was refused.
func (j *Joining) Accept() (*Socket, error) {
	c := j.socket
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.state != joining {
		return nil, fmt.Errorf("let a client join %s: %w", j.Namespace, ErrEnded)
	}
	c.state = joined
	c.session.joined = true
	data, _ := json.Marshal(map[string]string{"sid": c.id})
	c.send(codec.Packet{Type: codec.Connect, Namespace: c.namespace, Data: data})
	return c, nil
}

// Refuse answers with a CONNECT_ERROR that has the message and, unless it is nil, the data, which clients find at err.data. The error says that JSON cannot say the data, or is
// ErrEnded, wrapped: the client has gone, or was accepted.
func (j *Joining) Refuse(message string, data any) error {
	body, err := refusal(message, data)
	if err != nil {
		return fmt.Errorf("refuse a client in %s: %w", j.Namespace, err)
	}
	c := j.socket
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.state != joining {
		return fmt.Errorf("refuse a client in %s: %w", j.Namespace, ErrEnded)
	}
	c.send(codec.Packet{Type: codec.ConnectError, Namespace: c.namespace, Data: body})
	c.leave(Disconnected)
	return nil
}

// refusal is the payload of a CONNECT_ERROR.
func refusal(message string, data any) (json.RawMessage, error) {
	return json.Marshal(struct {
		Message string `json:"message"`
		Data    any    `json:"data,omitempty"`
	}{message, data})
}

// join begins to let a client join, or answers that there is no such namespace; s.mu is held.
func (s *Session) join(p *codec.Packet) (rule Rule, note string) {
	c := &Socket{session: s, id: rand.Text(), namespace: p.Namespace, replies: map[uint64]func(codec.Payload, error){}}
	j := &Joining{Namespace: p.Namespace, Auth: p.Data, socket: c}
	if !slices.Contains(s.server.o.Namespaces, p.Namespace) {
		body, _ := refusal("Invalid namespace", nil)
		c.send(codec.Packet{Type: codec.ConnectError, Namespace: p.Namespace, Data: body})
		return UnknownNamespace, "There is no namespace " + p.Namespace + "."
	}
	s.sockets[p.Namespace] = c
	delete(s.late, p.Namespace)
	s.job(func() {
		if s.server.o.Connect != nil {
			s.server.o.Connect(j)
		} else {
			// A client that has gone meanwhile needs no answer.
			_, _ = j.Accept()
		}
	})
	return "", ""
}
