// Package digitalconnect is Talkdesk Digital Connect as a connector meets it: the identity server that gives tokens, the API by which conversations are started, carried on and ended, the attachments and
// their storage, and the sender of webhooks; and on the other side the agents, whom a test or a person plays through Go.
//
// One mock is one account, set up as its account file says (Account). It is an http.Handler for all three hosts, which it tells apart by their names (Addresses), and every crossing is an entry of its
// journal: requests and responses, webhooks and their answers, what agents do, the faults that are played, and each rule that is seen broken (package rules), right before the answer to the request that
// broke it.
//
// # A conversation
//
//	          start (201)                    message, Say
//	connector ------------->  +------+  <------------------+
//	                          | open |                     |
//	agent     ------------->  +------+  -------------------+
//	          StartOutward       |
//	                             |  DELETE by the connector (204; conversation_ended with ended_after_delete)
//	                             |  End by the agent (conversation_ended), EndSilently (no event)
//	                             v
//	                         +-------+
//	                         | ended |  message: 409 and code 3016011; DELETE: the same; Say, End: ErrOver
//	                         +-------+
//
// conversation_started is sent for conversations that an agent starts, and for no other (G-02). The events of one conversation leave in the order in which things happened, one at a time.
//
// # A request
//
// Who asks is found first (401, 403), then whether there is such a thing (404), then whether the body can be understood (400), then whether its idempotency key is known (the first reply again, or 409
// for another body), and then whether it can be done (404, 409). A path that is none is answered with 404, a method that a path has not with 405, by whomever.
//
// # What is assumed
//
// Where no public document says what Talkdesk does, the account's settings say what the mock does. The codes of its errors begin with MOCK, but for the one of an ended conversation, which was seen in life.
package digitalconnect
