package agentmanager

import (
	"encoding/json"

	"deskcheck/mockdesk/journal"
)

// Link is the way from the manager to one connection of a desk. Its methods are called while the manager is locked: they must not block, and must not call the manager.
type Link interface {
	// Open tells the desk that its handshake was taken. It is called first, and an error says that the desk has gone meanwhile.
	Open() error
	// Emit sends an event of one argument.
	Emit(event string, payload json.RawMessage)
	// Ask sends one that asks for an acknowledgement. replied is called later, at most once, with the first argument of the acknowledgement.
	Ask(event string, payload json.RawMessage, replied func(json.RawMessage))
	// Close ends the connection from this side, and Cut breaks it without a word, as a network does.
	Close()
	Cut()
}

// Socket is a desk's connection, from the moment that its handshake was taken. Make one with Manager.Connect.
type Socket struct {
	manager *Manager
	// party is what the journal knows the desk as.
	party journal.Party
	agent *Agent
	link  Link
	// number tells the connections of a run apart in the journal.
	number int
	// over is set once the manager is done with it: nothing is sent, and nothing that comes has an effect.
	over bool
}

// frame is what the journal keeps of an event.
type frame struct {
	Socket  int             `json:"socket"`
	Agent   string          `json:"agent,omitempty"`
	Ack     bool            `json:"ack,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// held is an event that is kept back.
type held struct {
	socket       *Socket
	event        string
	conversation string
	payload      json.RawMessage
	replied      func(json.RawMessage)
}

// send sends an event that was checked, or keeps it back; m.mu is held.
func (s *Socket) send(h held) {
	m := s.manager
	if m.withheld[h.event] {
		m.heldBack = append(m.heldBack, h)
		return
	}
	s.deliver(h)
}

// deliver sends an event, whatever is kept back; m.mu is held.
func (s *Socket) deliver(h held) {
	m := s.manager
	if s.over {
		return
	}
	seq := m.record(journal.Entry{Kind: journal.Frame, From: PartyManager, To: s.party, Name: h.event, Conversation: h.conversation},
		frame{Socket: s.number, Agent: s.agent.user.ID, Ack: h.replied != nil, Payload: h.payload})
	if h.replied == nil {
		s.link.Emit(h.event, h.payload)
		return
	}
	s.link.Ask(h.event, h.payload, func(reply json.RawMessage) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.record(journal.Entry{Kind: journal.Frame, From: s.party, To: PartyManager, Name: "ack", Ref: seq, Conversation: h.conversation, Note: "The desk acknowledges " + h.event + "."},
			frame{Socket: s.number, Agent: s.agent.user.ID, Payload: reply})
		h.replied(reply)
	})
}

// close ends the connection from the manager's side; m.mu is held.
func (s *Socket) close() {
	if s.over {
		return
	}
	s.over = true
	s.link.Close()
}

// emit tells an agent's desk something. A desk whose socket is down is pushed what can be pushed; anything else is lost. m.mu is held.
func (a *Agent) emit(event, conversation string, payload any) {
	a.tell(event, conversation, payload, nil)
}

func (a *Agent) tell(event, conversation string, payload any, replied func(json.RawMessage)) {
	m, raw := a.manager, encode(payload)
	m.checkOwn("manager/"+event, raw)
	if a.socket == nil {
		a.push(event, conversation, raw)
		return
	}
	a.socket.send(held{socket: a.socket, event: event, conversation: conversation, payload: m.enriched(raw), replied: replied})
}

// fail answers an event of the desk with errors; m.mu is held.
func (s *Socket) fail(event, conversation string, r *refusal) {
	if r.requirement != "" {
		s.violation(event, conversation, r.requirement, r.reason, nil)
	}
	raw := encode(wireErrors{Task: event, Message: r.reason, Status: r.status, ConversationID: conversation})
	s.manager.checkOwn("manager/errors", raw)
	s.send(held{socket: s, event: "errors", conversation: conversation, payload: raw})
}

// violation writes down that the desk has broken a requirement; m.mu is held.
func (s *Socket) violation(event, conversation, requirement, note string, data any) {
	s.manager.record(journal.Entry{Kind: journal.Violation, From: s.party, To: journal.Kit, Name: event, Conversation: conversation, Requirement: requirement, Note: note}, data)
}

// Gone says that the connection has ended, for a reason that goes into the journal.
func (s *Socket) Gone(reason string) {
	m := s.manager
	m.mu.Lock()
	defer m.mu.Unlock()
	s.over = true
	m.record(journal.Entry{Kind: journal.Closed, From: s.party, To: PartyManager, Name: "socket", Note: reason}, frame{Socket: s.number, Agent: s.agent.user.ID})
	if s.agent.socket == s {
		s.agent.wentAway()
	}
}
