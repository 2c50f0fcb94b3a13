package agentmanager

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/socketio"
	"deskcheck/mockdesk/socketio/codec"
)

// ServerOptions say where a manager is found and how its sockets behave; the zero value will do.
type ServerOptions struct {
	// Base is the path of the base address, such as /agent-manager; empty for the root. The login and the sockets are below it.
	Base string
	// Party is what the journal knows the desks of this server as; empty is PartyDesk.
	Party journal.Party
	// PingInterval and PingTimeout are the heartbeats of the sockets; 0 leaves them to the sockets' server.
	PingInterval, PingTimeout time.Duration
	// Heartbeats has the journal tell of pings and pongs, too.
	Heartbeats bool
}

// Server brings agent desks to a manager over the network: it serves the login and the directory over HTTP, and Socket.IO. It is an http.Handler for a whole origin. Make one with NewServer, and
// Close it.
type Server struct {
	manager *Manager
	base    string
	party   journal.Party
	sockets *socketio.Server
	// heartbeats says that pings and pongs are written down.
	heartbeats bool
	// open are the manager's sockets, by those of the network.
	open sync.Map
}

var _ http.Handler = (*Server)(nil)

// NewServer serves a manager. Heartbeats go by the time of the machine, not by the manager's clock: no client answers pings as fast as a scenario lets time pass.
func NewServer(m *Manager, o ServerOptions) *Server {
	s := &Server{manager: m, base: strings.TrimSuffix(o.Base, "/"), party: cmp.Or(o.Party, PartyDesk), heartbeats: o.Heartbeats}
	s.sockets = socketio.New(socketio.Options{
		PingInterval: o.PingInterval, PingTimeout: o.PingTimeout, Connect: s.connect, Event: s.event, Left: s.left, Watch: s.watch,
	})
	return s
}

// Close breaks all connections and waits until nothing of the server is left running; the manager is closed, too.
func (s *Server) Close() {
	s.manager.Close()
	s.sockets.Close()
}

// Traffic is what is on its way between the server and its desks now.
func (s *Server) Traffic() socketio.Traffic { return s.sockets.Traffic() }

// Moved waits until the traffic has changed since t, in other ways than by a frame. Its error is the context's.
func (s *Server) Moved(ctx context.Context, t socketio.Traffic) error { return s.sockets.Moved(ctx, t) }

// ServeHTTP serves one request; a socket may take as long as it likes.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimSuffix(r.URL.Path, "/"); path {
	case s.base + LoginPath:
		s.manager.serveLogin(s.party, w, r)
	case s.base + DirectoryPath, s.base + ConversationsPath:
		s.manager.serveDirectory(s.party, w, r, strings.TrimPrefix(path, s.base))
	case s.base + "/socket.io":
		s.sockets.ServeHTTP(w, r)
	default:
		s.lost(r)
		http.NotFound(w, r)
	}
}

// lost writes down a request for something that is not here; one that looks for the socket elsewhere has taken the wrong path.
func (s *Server) lost(r *http.Request) {
	seq := s.manager.record(journal.Entry{Kind: journal.Request, From: s.party, To: PartyManager, Name: r.Method + " " + r.URL.Path}, map[string]string{"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery})
	s.manager.record(journal.Entry{Kind: journal.Response, From: PartyManager, To: s.party, Name: r.Method + " " + r.URL.Path, Ref: seq}, map[string]int{"status": http.StatusNotFound})
	if strings.Contains(r.URL.Path, "/socket.io") {
		s.manager.record(journal.Entry{
			Kind: journal.Violation, From: s.party, To: journal.Kit, Name: r.URL.Path, Requirement: "AM-CONN-02",
			Note: fmt.Sprintf("The socket is looked for at %s; it is at %s/socket.io/.", r.URL.Path, s.base),
		}, nil)
	}
}

// connect is a client that wants to be let in.
func (s *Server) connect(j *socketio.Joining) {
	l := &network{joining: j}
	socket, refusal := s.manager.connect(s.party, j.Auth, l)
	if refusal != nil {
		_ = j.Refuse(refusal.Message, refusal.Data) // A client that has gone needs no answer.
		return
	}
	s.open.Store(l.socket, socket)
}

// socketOf is the manager's socket of one of the network, nil if it was never let in.
func (s *Server) socketOf(c *socketio.Socket) *Socket {
	found, _ := s.open.Load(c)
	socket, _ := found.(*Socket)
	return socket
}

func (s *Server) event(e *socketio.Event) {
	socket := s.socketOf(e.Socket)
	if socket == nil {
		return
	}
	var acknowledge func(any)
	if e.Asks() {
		acknowledge = func(answer any) { _ = e.Acknowledge(answer) } // A client that has gone needs no answer.
	}
	socket.Receive(e.Name, e.Args.Items, acknowledge)
}

func (s *Server) left(c *socketio.Socket, why socketio.Reason) {
	if socket := s.socketOf(c); socket != nil {
		s.open.Delete(c)
		socket.Gone(string(why))
	}
}

// rules are what a desk breaks by what its client does; other rules are broken by networks as well.
var rules = map[socketio.Rule]string{
	socketio.WrongVersion: "AM-CONN-01", socketio.MalformedPayload: "AM-CONN-01", socketio.MalformedPacket: "AM-CONN-01", socketio.MalformedMessage: "AM-CONN-01",
	socketio.WrongDirection: "AM-CONN-01", socketio.WrongContent: "AM-CONN-01", socketio.JoinedTwice: "AM-CONN-01", socketio.UnknownNamespace: "AM-CONN-03",
}

// watch writes down what becomes of connections. Events are written down where they are taken and sent.
func (s *Server) watch(c socketio.Crossing) {
	e := journal.Entry{From: s.party, To: PartyManager, Name: "session", Note: c.Note}
	data := map[string]any{"transport": c.Transport}
	switch c.Kind {
	case socketio.Opened:
		e.Kind = journal.Opened
		if session, found := s.sockets.Session(c.Session); found {
			data["path"], data["query"], data["origin"] = session.Handshake().URL.Path, session.Handshake().URL.RawQuery, session.Handshake().Header.Get("Origin")
		}
	case socketio.Upgraded:
		e.Kind, e.Name = journal.Frame, "upgrade"
	case socketio.Ended:
		e.Kind, e.Note = journal.Closed, string(c.Reason)
	case socketio.Breached:
		e.Kind, e.Name, data["rule"] = journal.Frame, "breach", c.Rule
		if requirement, is := rules[c.Rule]; is {
			e.Kind, e.To, e.Requirement = journal.Violation, journal.Kit, requirement
		}
	case socketio.Packet:
		if !s.heartbeats || c.Engine != codec.Ping && c.Engine != codec.Pong {
			return
		}
		e.Kind, e.Name = journal.Frame, c.Engine.String()
		if c.Direction == socketio.Out {
			e.From, e.To = PartyManager, s.party
		}
	case socketio.Withheld:
		return
	}
	s.manager.record(e, data)
}

// network is the Link of a client that came over the network.
type network struct {
	joining *socketio.Joining
	socket  *socketio.Socket
}

func (n *network) Open() (err error) {
	n.socket, err = n.joining.Accept()
	return err
}

// What cannot be sent to a client that has gone is lost, as it would be in life; Server.left says that it has gone.

func (n *network) Emit(event string, payload json.RawMessage) { _ = n.socket.Emit(event, payload) }

func (n *network) Ask(event string, payload json.RawMessage, replied func(json.RawMessage)) {
	_ = n.socket.Ask(event, []any{payload}, func(answer codec.Payload, err error) {
		if err == nil {
			reply := json.RawMessage("null")
			if len(answer.Items) > 0 {
				reply = answer.Items[0]
			}
			replied(reply)
		}
	})
}

func (n *network) Close() { n.socket.Disconnect() }

func (n *network) Cut() { n.socket.Session().Kill() }
