package socketio

import (
	"time"

	"deskcheck/mockdesk/socketio/codec"
)

// Kind says what sort of thing a Crossing tells of.
type Kind string

// The kinds of crossing.
const (
	Opened   Kind = "opened"   // a session was opened
	Packet   Kind = "packet"   // a packet crossed; one with attachments is told once, whole
	Upgraded Kind = "upgraded" // a session has changed from polling to WebSocket
	Withheld Kind = "withheld" // an acknowledgement was asked for and given, but a fault kept it
	Breached Kind = "breached" // a client broke a Rule
	Ended    Kind = "ended"    // a session has ended, for a Reason
)

// Direction says which way a packet goes, as seen from the server.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Crossing is one thing that happened between a client and the server.
type Crossing struct {
	// At is the moment by the server's clock.
	At   time.Time
	Kind Kind
	// Session is the id of the session, empty for a request that belongs to none, and Transport what it crossed by, as far as that is known.
	Session   string
	Transport Transport
	// Direction and Engine are those of a packet.
	Direction Direction
	Engine    codec.EngineType
	// Packet is the packet of Socket.IO in a message, nil for other packets.
	Packet *codec.Packet
	// Frame is what Session.SendRaw sends, as it is, nil for everything else.
	Frame *codec.Frame
	// Socket is the id of the socket in Namespace, empty before it has joined.
	Socket, Namespace string
	// Event and Args are of an event or an acknowledgement, ID is the acknowledgement id, nil if there is none.
	Event string
	Args  codec.Payload
	ID    *uint64
	// Rule is what was broken, and Status what the request that broke it was answered with, 0 if it was not by a request.
	Rule   Rule
	Status int
	// Reason is why a session has ended.
	Reason Reason
	// Note is a sentence for a person.
	Note string
}

// Reason is why a session has ended, or a socket has left its namespace.
type Reason string

// The reasons. The last two are of a socket alone, whose session goes on.
const (
	ByClient     Reason = "closed by the client"
	ByServer     Reason = "closed by the server"
	Lost         Reason = "transport lost"
	Killed       Reason = "transport killed"
	Silent       Reason = "ping timeout"
	ForBreach    Reason = "broken rule"
	LeftByClient Reason = "left by the client"
	Disconnected Reason = "disconnected by the server"
)

// Rule names what a client did against the protocol.
type Rule string

// The rules that requests can break. The request is answered with the status and code that the package documentation lists, and no session is touched.
const (
	UnknownTransport Rule = "unknown-transport"
	UnknownSession   Rule = "unknown-session"
	WrongMethod      Rule = "wrong-method"
	WrongTransport   Rule = "wrong-transport"
	Forbidden        Rule = "forbidden"
	WrongVersion     Rule = "wrong-version"
)

// The rules whose breach ends the session.
const (
	TwoPolls         Rule = "two-polls"
	TwoPosts         Rule = "two-posts"
	WrongContent     Rule = "wrong-content"
	TooLarge         Rule = "too-large"
	MalformedPayload Rule = "malformed-payload"
	MalformedPacket  Rule = "malformed-packet"
	WrongDirection   Rule = "wrong-direction"
	MalformedMessage Rule = "malformed-message"
	NotJoined        Rule = "not-joined"
	JoinedTwice      Rule = "joined-twice"
	NoNamespace      Rule = "no-namespace"
	LostTransport    Rule = "lost-transport"
)

// The rules whose breach is answered, or only recorded, and the session goes on.
const (
	UnknownNamespace   Rule = "unknown-namespace"
	UnknownAck         Rule = "unknown-ack"
	UnaskedPong        Rule = "unasked-pong"
	FailedProbe        Rule = "failed-probe"
	MissingAttachments Rule = "missing-attachments"
)

// refusals are the codes and the words with which Engine.IO answers a request that breaks a rule.
var refusals = map[Rule]struct {
	code    int
	message string
}{
	UnknownTransport: {0, "Transport unknown"},
	UnknownSession:   {1, "Session ID unknown"},
	WrongMethod:      {2, "Bad handshake method"},
	WrongTransport:   {3, "Bad request"},
	Forbidden:        {4, "Forbidden"},
	WrongVersion:     {5, "Unsupported protocol version"},
}
