// Package agentmanager plays the Agent Manager to a custom agent desk: the service that an agent signs in to, that offers conversations, carries what is said in them, and holds
// agents, supervisors and queues together. It is the mock of the agent-manager contract, whose catalogue is fixtures/requirements/agent-manager.yaml.
//
// # The protocol on a page
//
// A desk posts a user name and a password to /agent/login and is given a user. It opens a Socket.IO connection whose auth holds that user, and gets onChannelTypes and
// agentPresence. From then on both sides send events of one argument each, which the schemas in fixtures/schemas/agent-manager describe.
//
//	changeAgentState       is answered with agentPresence          presence.go, domain.go
//	taskRequest            is answered with topicSubscription      routing.go, task.go, subscription.go
//	topicSubscription      is answered with onTopicData            topicdata.go
//	publishCimEvent        comes to everyone as onCimEvent         publish.go, cim.go
//	topicUnsubscription    is answered with the same name          leaving.go, wrapup.go
//	direct…Request, consult…Request                                reroute.go, consult.go
//	JoinAsSilentMonitor, joinAsWhisper, JoinAsBargin               monitor.go
//	pauseConversation, resumeConversation                          hold.go
//	…PullMode…                                                     pull.go
//
// What a desk sends is held against its schema and against the state of things. A breach is written to the journal as a violation of the requirement that it breaks. The
// desk is then answered with errors, and nothing else happens; only where the requirement says how well something is done, as for receipts and typing, is the breach let pass.
//
// # What no document has
//
// No document says how a desk learns whom it can ask for, or how a supervisor finds conversations. A desk that has no other source can ask this manager, by a convention of the
// kit's own: GET /agent/directory?userId=ID has the agents, queues and lists; GET /agent/conversations?userId=ID has the conversations that the user can monitor, each with
// conversationId, channelSession, customer and agents. ID is that of a user who is signed in. No requirement rests on either.
//
// # Who plays what
//
// The package is the manager, its router and its queues. Customers are played by whoever holds a Manager: Manager.Customer, Customer.Start, Customer.Say and so on. Agents and
// supervisors are played by desks, over a Link; Server brings desks in over the network.
//
// Where the documents and the public desks disagree, Switches say what is done, and each Dialect of the contract has its own.
package agentmanager
