// Package socketio is a Socket.IO server for pages that have the real client, and for whoever plays a service to them: it speaks Engine.IO 4 and Socket.IO protocol 5, is
// strict about both, tells of everything that crosses, and breaks on purpose what a network and a server break by accident. It knows nothing of desks.
//
//	server := socketio.New(socketio.Options{Connect: connect, Event: event, Watch: record, Clock: clock})
//	mux.Handle("/socket.io/", server)
//
// # The protocol in one page
//
// Engine.IO carries text and bytes between a page and a server; what it carries is a session. Socket.IO has its own packets in there: events, in namespaces, with
// acknowledgements.
//
// Every request has the query EIO=4&transport=polling or websocket, and from the second on sid, the id of the session. A session begins with a GET, or with a WebSocket. Both
// answer with a packet "open": the id, the transports that it could change to, and, in milliseconds and bytes, what the client must know.
//
//	GET ?EIO=4&transport=polling
//	0{"sid":"…","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}
//
// The packets of Engine.IO are a digit and what belongs to it. On a WebSocket each is a frame of text, and bytes are a binary frame without a digit. In the body of a poll or a
// POST they stand one behind the other, with the character U+001E between them, and bytes are a "b" and Base64.
//
//	0 open     from the server, first
//	1 close    from either side: the session ends
//	2 ping     from the server, every pingInterval; from a client only "2probe"
//	3 pong     from the client, within pingTimeout, or the session ends; from the server only "3probe"
//	4 message  from either side: a packet of Socket.IO, or an attachment of one
//	5 upgrade  from the client, on a WebSocket that was probed
//	6 noop     from the server: ends a poll that has nothing to say
//
// Polling is one GET at a time, which the server holds until there is something to say, and one POST at a time, which it answers with "ok". To change to a WebSocket the client
// opens one with the id of its session and sends "2probe"; the server answers "3probe" there and ends the poll with "6"; the client polls no more and sends "5". From then on the
// session is the WebSocket's, and what polling had not carried yet comes first.
//
// A packet of Socket.IO is a digit, for attachments their number and a dash, the namespace and a comma unless it is the main one, "/", the acknowledgement id if there is one, and
// JSON. An attachment is a message of bytes behind the packet; in the JSON stands a placeholder with its number.
//
//	0 CONNECT        0/admin,{"token":"a"}      the client asks to join, with an object if it likes; the answer has the id of its socket: 0/admin,{"sid":"…"}
//	1 DISCONNECT     1/admin,                   either side leaves the namespace; nobody answers
//	2 EVENT          2/admin,7["name",1,"b"]    the name and the arguments; with an id, here 7, an acknowledgement is asked for
//	3 ACK            3/admin,7["done"]          answers the event that had the id, once
//	4 CONNECT_ERROR  4/admin,{"message":"no"}   the server refuses a CONNECT; data may stand beside the message
//	5 BINARY_EVENT   51-["name",{"_placeholder":true,"num":0}]
//	6 BINARY_ACK     61-7[{"_placeholder":true,"num":0}]
//
// A page that has lost its session opens another: nothing is kept for it.
//
// # What clients must not do
//
// Each breach of a Rule is told to Options.Watch. These requests are answered with a status, and with a code and a message as JSON, and touch no session:
//
//	unknown-transport  400, 0  the transport is none that the server speaks
//	unknown-session    400, 1  no session has this id, or it has ended
//	wrong-method       400, 2  not GET for the first request, or neither GET nor POST
//	wrong-transport    400, 3  not the transport of the session, as a poll after the upgrade; a second WebSocket; no upgrade where one is needed
//	forbidden          403, 4  Options.Admit refused; its error is the message
//	wrong-version      400, 5  EIO is not 4
//
// These end the session. A request that does it is answered with 400, a poll that waits with "1", and a WebSocket is closed with 1002:
//
//	two-polls          a GET while another waits
//	two-posts          a POST while another is taken
//	wrong-content      a POST of bytes, which version 4 has not
//	malformed-payload  a body that cannot be taken apart
//	malformed-packet   no packet of Engine.IO, no UTF-8, or no frame of a WebSocket
//	wrong-direction    a packet that only the server may send, or not then
//	malformed-message  no packet of Socket.IO, a payload that its type must not have (as auth that is a string), or attachments that do not fit it
//	not-joined         a packet for a namespace that the client has not joined, or not yet
//	joined-twice       a CONNECT for a namespace where the client is
//	no-namespace       nothing joined within Options.ConnectTimeout
//	too-large          a frame over maxPayload: closed with 1009; a POST over it is answered with 413 alone, and the session goes on
//	lost-transport     a poll given up, a POST that does not come to its end, a WebSocket that ends without a close frame
//
// These are only recorded, or answered within the session:
//
//	unknown-namespace    answered with CONNECT_ERROR "Invalid namespace"
//	unknown-ack          an acknowledgement that nothing waits for
//	unasked-pong         a pong without a ping
//	failed-probe         a WebSocket that was to take over and did not; it is closed, and polling goes on
//	missing-attachments  the session ended before all attachments of a packet had come
//
// A client that does not answer a ping in time is no breach: it may be gone. Its session ends for the Reason Silent. What comes for a namespace that the server has just ended was
// on its way, and has no effect. Where the protocol documents leave open what to do, the server does as the reference implementation does.
//
// # Faults
//
// Session.Kill resets the TCP connections of a session, Session.Close closes it in order, Socket.Disconnect ends a namespace, Session.WithholdAcks keeps acknowledgements from being
// sent, and Session.SendRaw sends whatever it is given. Who answers a Joining late, or never, holds up a client that connects.
//
// All time-outs are by Options.Clock. A clock that is advanced by more than pingInterval and pingTimeout at once leaves no client the time to answer its ping.
package socketio
