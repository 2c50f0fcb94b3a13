// Package fault is what can go wrong at a desk, and plays it: on requests, on upgrades, and on the frames of open sockets.
//
// A Fault says what goes wrong, a Schedule when, a Scope where; together they are a Rule. A Plan holds the rules of one desk in an order and decides, with Next, what becomes
// of each Arrival. It is deterministic: the same arrivals meet the same faults. Chance has its place in Chaos, which a plan has only if it is given one, and which prints the
// seed that brings the same faults back. All time is desk time, told by a Clock.
//
// Decision.Serve plays what was decided on a request, Decision.Reads on the body that it uploads, Decision.Writes on an answer without an end, Decision.Answer on a frame that
// asks for an operation, and a Pump plays it on the frames of an open socket as such. Handlers know nothing of faults: they give Serve an effect, and a Pump functions that give
// and take frames.
//
// Rules are written in Go, JSON or YAML:
//
//	# faults.yaml
//	- fault: {kind: status, status: 503}
//	  schedule: next 2
//	  scope: {operation: message}
//	- fault: {kind: drop}
//	  schedule: every 2, until released
//	  scope: {direction: out, conversation: conversation-0001}
//
// # The faults
//
// A reset is a TCP segment with RST: the client's system says "connection reset", a browser ERR_CONNECTION_RESET and, of a socket, close code 1006. Where the table says that
// the desk did "the effect", it did all that a healthy one does, except that the client was not told so. Of frames, the third column says what the client sees of one that
// the desk sends, and the fourth what the desk did with one that came.
//
//	fault         | played on                          | the client sees                                                     | the desk did
//	accept        | everything                         | a healthy desk                                                      | as a healthy desk does
//	status        | request, upgrade, ask              | the status, in the protocol's own shape                             | nothing
//	body          | request, upgrade, ask              | the status with that very body                                      | nothing
//	hold          | request, upgrade, ask              | nothing until the release, then the answer                          | nothing until the release
//	hold-reply    | request, upgrade, ask              | nothing until the release, then the answer                          | the effect, at once
//	delay         | request, upgrade, ask, frame       | the answer, or the frame and all behind it, later                   | nothing until then, nor with what is behind a frame
//	hang          | request, upgrade, ask              | nothing, on a connection that stays                                 | nothing
//	reset         | request, upgrade, open, ask, frame | a reset                                                             | nothing
//	reset-after   | request, upgrade, ask              | a reset in place of the answer                                      | the effect
//	truncate      | request                            | the full Content-Length, some of the body, a reset                  | the effect
//	malformed     | request                            | a whole answer: half of the body and a byte that is no UTF-8        | the effect
//	content-type  | request                            | the right body under the wrong Content-Type                         | the effect
//	no-cors       | preflight, request                 | an answer that a browser keeps from the page                        | the effect, unless the browser asked first
//	too-many      | request, upgrade                   | 429 with Retry-After                                                | nothing
//	redirect      | request, upgrade                   | a redirect                                                          | nothing
//	slow-download | request                            | the head at once, the body at the rate                              | the effect
//	slow-upload   | upload                             | a body that is taken at the rate                                    | the effect, once the body has come
//	close         | open, frame                        | the close code and its reason                                       | closed the socket, nothing with the frame
//	silence       | open, frame                        | no frame, pong, goodbye or end, until it ends the connection itself | nothing any more
//	no-pong       | ping                               | no pong                                                             | nothing
//	drop          | frame                              | nothing of the frame                                                | nothing with the frame
//	duplicate     | frame                              | the frame twice                                                     | what the frame asks for, twice
//	reorder       | frame                              | the next frame first; of all frames: 2 1 4 3                        | the same, in that order
//	corrupt       | frame                              | text: half of it and U+FFFD; utf-8: half and 0xFF; header: RSV bits | took it so; header: closed with 1002
//	oversize      | frame                              | the frame with spaces behind it, up to the size                     | closed with 1009
//	binary        | frame                              | a binary frame with the same payload                                | took it as a binary frame
//
// # Streams, polls, and requests that mean nothing
//
// Server-sent events are one answer to one request, and have its faults; what is called a frame here is one of a WebSocket, so that drop, reorder and their kind are never played
// on them. Of what alters an answer, truncate resets the connection after so many bytes of the stream, slow-download lets its bytes pass at the rate, malformed breaks each event
// (half of it, a byte that is no UTF-8, and the empty line behind it), and content-type and no-cors change the head. A poll that is held is altered when it is answered.
//
// A request that no route takes meets faults as any other, but for those whose scope names an operation; its route is the method and the path as it came. Its body is not read,
// so that slow-upload shows on routes alone. An upgrade that is let pass is no answer: what alters one is not played on it.
//
// # How sockets close
//
// Close sends one close frame with the code and the reason, whatever the code is, and ends the connection once the client has answered, or after 5 s of desk time. Three codes
// stand for what no frame may say. 1005 is a close frame without a code, so that the client sees 1005. 1006 and 1015 are an orderly end of the connection (a FIN) without a close
// frame, which clients report as 1006; a Reset is a RST, and they report that as 1006 too.
//
// # Which rule plays
//
// A rule counts the arrivals on which its fault can be played and that fit its scope. At most one rule plays on an arrival: the first in the order of the plan that is due.
// What is added later stands before what was added earlier; the rules of one AddScript keep their order. "next 2" is used up by plays alone, so that a rule that stands before
// it does not use it up; "from", "only" and "every" count all arrivals since the rule was added.
package fault
