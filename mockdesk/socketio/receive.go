package socketio

import (
	"encoding/json"
	"strings"

	"deskcheck/mockdesk/socketio/codec"
)

// take takes a frame that came by the transport that carries the session, and says whether the session goes on.
func (s *Session) take(f codec.Frame, transport Transport) bool {
	s.taking.Lock()
	defer s.taking.Unlock()
	if s.hasEnded() {
		return false
	}
	p, err := codec.DecodeEngine(f)
	if err != nil {
		s.fail(MalformedPacket, 0, sentence(err))
		return false
	}
	if p.Type == codec.Message {
		return s.takeMessage(p, transport)
	}
	s.tell(Crossing{Kind: Packet, Direction: In, Engine: p.Type, Note: noteOf(p)}, transport)
	switch p.Type {
	case codec.Pong:
		if !s.ponged() {
			s.breached(UnaskedPong, 0, "A pong came that no ping had asked for.")
		}
	case codec.Close:
		s.end(ByClient, codec.Noop, closeNoStatus)
	default:
		s.fail(WrongDirection, 0, "A packet "+p.Type.String()+" came, which a client may not send here.")
		return false
	}
	return true
}

// takeMessage takes a message: a packet of Socket.IO, or an attachment.
func (s *Session) takeMessage(m codec.EnginePacket, transport Transport) bool {
	p, complete, err := s.assembler.Add(m)
	s.mu.Lock()
	s.unfinished = s.assembler.Unfinished()
	s.mu.Unlock()
	switch {
	case err != nil:
		s.fail(MalformedMessage, 0, sentence(err)+" It was "+excerpt(m)+".")
		return false
	case !complete:
		return true
	}
	s.tell(s.crossingOf(&p, In), transport)
	s.mu.Lock()
	rule, note := s.receive(&p)
	s.mu.Unlock()
	switch rule {
	case "":
	case UnknownNamespace, UnknownAck:
		s.breached(rule, 0, note)
	default:
		s.fail(rule, 0, note)
		return false
	}
	s.awaitRoom()
	return true
}

// crossingOf is what is told of a packet of Socket.IO.
func (s *Session) crossingOf(p *codec.Packet, direction Direction) Crossing {
	c := Crossing{Kind: Packet, Direction: direction, Engine: codec.Message, Packet: p, Namespace: p.Namespace, ID: p.ID}
	if name, args, ok := p.Event(); ok {
		c.Event, c.Args = name, args
	} else if args, ok := p.Reply(); ok {
		c.Args = args
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if socket, ok := s.sockets[p.Namespace]; ok && socket.state == joined {
		c.Socket = socket.id
	}
	return c
}

// receive does what a packet of Socket.IO asks for, or gives the rule that it breaks; s.mu is held.
func (s *Session) receive(p *codec.Packet) (rule Rule, note string) {
	if s.ended || s.closing {
		return "", ""
	}
	socket, known := s.sockets[p.Namespace]
	switch {
	case p.Type == codec.ConnectError:
		return WrongDirection, "A packet CONNECT_ERROR came, which a client may not send."
	case p.Type == codec.Connect && known:
		return JoinedTwice, "A CONNECT came for " + p.Namespace + ", where the client is already."
	case p.Type == codec.Connect:
		return s.join(p)
	case known && p.Type == codec.Disconnect:
		socket.leave(LeftByClient)
		return "", ""
	case known && socket.state == joined:
		return socket.receive(p)
	case s.late[p.Namespace]:
		return "", ""
	}
	return NotJoined, "A packet " + p.Type.String() + " came for " + p.Namespace + ", which the client has not joined."
}

// sentence is an error as a sentence for a person.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// excerpt is the beginning of a message, for a person.
func excerpt(m codec.EnginePacket) string {
	const enough = 80
	if m.Binary {
		return "binary"
	}
	text := string(m.Data)
	if runes := []rune(text); len(runes) > enough {
		text = string(runes[:enough]) + "…"
	}
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// noteOf is what stands in a packet of Engine.IO that should hold nothing or little.
func noteOf(p codec.EnginePacket) string {
	if len(p.Data) == 0 {
		return ""
	}
	return excerpt(p)
}
