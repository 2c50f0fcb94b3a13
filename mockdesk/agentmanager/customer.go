package agentmanager

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
)

// Person is who a customer is.
type Person struct {
	// FirstName is what the customer is called; LastName may be empty, and is then null on the wire.
	FirstName, LastName string
	// Anonymous says that nobody knows who it really is.
	Anonymous bool
}

// Customer is a person who writes to the agents, played by the kit. Its fields are guarded by the manager's lock.
type Customer struct {
	manager *Manager
	id      string
	// name is what the kit calls the customer, whoever it turns out to be.
	name         string
	person       Person
	conversation *Conversation
	// said are the ids of the customer's messages, received what has reached the customer.
	said     map[string]bool
	received []Received
}

// Received is an event of an agent that has reached the customer.
type Received struct {
	// Name is that of the event: AGENT_MESSAGE, TYPING_INDICATOR, MESSAGE_DELIVERY_NOTIFICATION.
	Name string
	// MessageID is the id of the message, Body what it says.
	MessageID string
	Body      Body
}

// session is a customer's connection through one channel.
type session struct {
	conversation *Conversation
	id           string
	kind         ChannelType
	active       bool
	since        int64
}

// Request is how a customer comes.
type Request struct {
	// Queue is the name of the queue that the request waits in; empty lets every agent have it.
	Queue string
	// Channel is the name of the type of channel; empty is the first that there is.
	Channel string
	// Routing is how the conversation gets to an agent; empty is PushMode. A request of PullMode waits in List, by name.
	Routing Routing
	List    string
	// Direction is what the task is for that is offered; empty is Inbound. Another one is as if agents had asked for it, who are not there.
	Direction Direction
	// Says is the customer's first message, nil for none.
	Says Body
}

// Customer makes a person who can start a conversation.
func (m *Manager) Customer(p Person) *Customer {
	return &Customer{manager: m, id: newID(), name: p.FirstName, person: p, said: map[string]bool{}}
}

// Start begins the customer's conversation, and looks for an agent. The error names a queue, a channel or a list that there is not, says what is wrong with the first message
// or the direction, or that the customer is in a conversation already.
func (c *Customer) Start(r Request) (*Conversation, error) {
	r.Routing, r.Direction = cmp.Or(r.Routing, PushMode), cmp.Or(r.Direction, Inbound)
	var kind ChannelType
	allowed := func() (err error) {
		kind, err = c.mayStart(r)
		return err
	}
	var started *Conversation
	err := c.manager.actIn(nil, PartyCustomer, "start", c.name+" starts a conversation.", allowed, func() { started = c.start(r, kind) })
	return started, err
}

// mayStart finds what a request names, and says why it cannot be made; m.mu is held.
func (c *Customer) mayStart(r Request) (ChannelType, error) {
	m := c.manager
	switch {
	case c.conversation != nil && c.conversation.stage != StageClosed:
		return ChannelType{}, fmt.Errorf("%s is in conversation %s already; leave it first", c.name, c.conversation.id)
	case r.Queue != "" && m.queueNamed(r.Queue) == nil:
		return ChannelType{}, fmt.Errorf("there is no queue %q; add it first", r.Queue)
	case r.Routing == PullMode && m.listNamed(r.List) == nil:
		return ChannelType{}, fmt.Errorf("there is no list %q; add it first", r.List)
	case !slices.Contains(offerable, r.Direction):
		return ChannelType{}, fmt.Errorf("a task of direction %q cannot be offered; use one of %v", r.Direction, offerable)
	case r.Says != nil:
		if err := c.check(r.Says); err != nil {
			return ChannelType{}, err
		}
	}
	return m.channelNamed(r.Channel)
}

// start is Start, with a request that can be made; m.mu is held.
func (c *Customer) start(r Request, kind ChannelType) *Conversation {
	m, id := c.manager, newID()
	conversation := &Conversation{
		manager: m, id: id, room: roomInfo{ID: "room-" + id, Mode: "CONTACT_CENTER"}, routing: r.Routing, queue: m.queueNamed(r.Queue), customer: c, stage: StageActive,
		published: map[string]publication{}, events: map[string]bool{}, departed: map[*Agent]string{}, data: map[string]any{},
	}
	c.conversation = conversation
	m.conversations = append(m.conversations, conversation)
	conversation.enter(kind)
	if r.Says != nil {
		c.say("CUSTOMER_MESSAGE", r.Says, "")
	}
	switch r.Routing {
	case PushMode:
		m.look(&request{conversation: conversation, direction: r.Direction, queue: conversation.queue}, m.options.Timing.TTL)
	case PullMode:
		m.listNamed(r.List).add(conversation)
	case ExternalMode:
	}
	return conversation
}

// channelNamed finds a type of channel; empty is the first.
func (m *Manager) channelNamed(name string) (ChannelType, error) {
	for _, kind := range m.options.Channels {
		if name == "" || kind.Name == name {
			return kind, nil
		}
	}
	return ChannelType{}, fmt.Errorf("there is no channel %q; use one that the manager was made with", name)
}

// enter opens a channel session in the conversation; m.mu is held.
func (c *Conversation) enter(kind ChannelType) {
	s := &session{conversation: c, id: newID(), kind: kind, active: true, since: c.manager.now()}
	c.sessions = append(c.sessions, s)
	c.happened("CHANNEL_SESSION_STARTED", s.wire())
}

// doing plays something that the customer does in a conversation that goes on.
func (c *Customer) doing(name, note string, do func()) error {
	return c.manager.actIn(c.current(), PartyCustomer, name, c.name+" "+note, func() error {
		if c.conversation == nil || c.conversation.stage == StageClosed || c.conversation.stage == StageCustomerLeft {
			return ErrOver
		}
		return nil
	}, do)
}

// current is the customer's conversation, nil before the first.
func (c *Customer) current() *Conversation {
	c.manager.mu.Lock()
	defer c.manager.mu.Unlock()
	return c.conversation
}

// check holds a body that the kit is to say against its schema.
func (c *Customer) check(b Body) error {
	breaches := fixtures.CheckAgentManager(string(c.manager.options.Dialect), "shapes/body", encode(b))
	if len(breaches) == 0 {
		return nil
	}
	return fmt.Errorf("the body cannot be said: at %q, %s; the samples have one of each type", breaches[0].Pointer, breaches[0].Message)
}

// Say says something, and gives the message's id. A body that is not as its type has it is an error.
func (c *Customer) Say(b Body) (messageID string, err error) {
	if err := c.check(b); err != nil {
		return "", err
	}
	err = c.doing("say", fmt.Sprintf("says something: %v.", b["type"]), func() { messageID = c.say("CUSTOMER_MESSAGE", b, "") })
	return messageID, err
}

// Reply answers a message of an agent, and gives the new message's id. Its errors are those of Say.
func (c *Customer) Reply(to string, b Body) (messageID string, err error) {
	if err := c.check(b); err != nil {
		return "", err
	}
	err = c.doing("reply", "replies to "+to+".", func() { messageID = c.say("CUSTOMER_MESSAGE", b, to) })
	return messageID, err
}

// Type tells the agents that the customer types.
func (c *Customer) Type() error {
	return c.doing("type", "types.", func() {
		c.say("TYPING_INDICATOR", Body{"type": "NOTIFICATION", "notificationType": "TYPING_STARTED"}, "")
	})
}

// Delivery says what became of an agent's message: DELIVERED, READ or CONNECTED by the customer, FAILED by the system.
func (c *Customer) Delivery(messageID, status string) error {
	return c.doing("delivery", "has message "+messageID+": "+status+".", func() {
		body := Body{"type": "DELIVERYNOTIFICATION", "messageId": messageID, "status": status, "reasonCode": 200}
		from := c.sender()
		if status == "FAILED" {
			from, body["reasonCode"] = *system(), 500
		}
		c.publish("MESSAGE_DELIVERY_NOTIFICATION", from, body, "")
	})
}

// say publishes something of the customer's; m.mu is held.
func (c *Customer) say(event string, b Body, original string) string {
	id := c.publish(event, c.sender(), b, original)
	c.said[id] = true
	return id
}

// publish spreads a message into the customer's conversation, and gives its id; m.mu is held.
func (c *Customer) publish(event string, from sender, b Body, original string) string {
	conversation := c.conversation
	s := conversation.session()
	h := header{
		Sender: from, ChannelData: s.data(), Language: map[string]any{}, Timestamp: c.manager.now(), Security: map[string]any{}, Stamps: []any{}, Entities: map[string]any{}, SessionID: s.id,
		ConversationID: conversation.id, Customer: c.wire(), RoomID: conversation.room.ID,
	}
	if original != "" {
		intent := "REPLY_TO"
		h.Intent, h.OriginalID = &intent, &original
	}
	msg := message{ID: newID(), Header: h, Body: b}
	conversation.spread(encode(conversation.event(event, &from, msg)))
	return msg.ID
}

// Open has the customer write through another channel as well. The error names a channel that there is not.
func (c *Customer) Open(channel string) error {
	kind, err := c.manager.channelNamed(channel)
	if err != nil {
		return err
	}
	return c.doing("open channel", "writes through "+channel+" as well.", func() { c.conversation.enter(kind) })
}

// End ends the customer's session through one channel, while others go on. The error says that none is open through it, or that it is the only one; use Leave for that.
func (c *Customer) End(channel string) error {
	var ending *session
	allowed := func() error {
		if c.conversation == nil {
			return ErrOver
		}
		open := slices.DeleteFunc(slices.Clone(c.conversation.sessions), func(s *session) bool { return !s.active })
		i := slices.IndexFunc(open, func(s *session) bool { return s.kind.Name == channel })
		if i < 0 || len(open) == 1 {
			return fmt.Errorf("%s has no session through %q beside another; open one with Open", c.name, channel)
		}
		ending = open[i]
		return nil
	}
	return c.manager.actIn(c.current(), PartyCustomer, "end channel", c.name+" stops writing through "+channel+".", allowed, func() {
		ending.active = false
		ending.conversation.happened("CHANNEL_SESSION_ENDED", ending.wire())
	})
}

// Leave ends the customer's sessions, and with them the conversation: offers are taken back, and the agents are out of it, or choose a wrap-up first.
func (c *Customer) Leave() error {
	return c.doing("leave", "leaves.", func() {
		conversation := c.conversation
		for _, s := range conversation.sessions {
			if s.active {
				s.active = false
				conversation.happened("CHANNEL_SESSION_ENDED", s.wire())
			}
		}
		conversation.stage = StageCustomerLeft
		conversation.end("CUSTOMER_LEFT")
	})
}

// Identify says who the customer really is: agents hear that the customer is another.
func (c *Customer) Identify(p Person) error {
	return c.doing("identify", "turns out to be "+p.FirstName+".", func() {
		c.person = p
		c.conversation.happened("ASSOCIATED_CUSTOMER_CHANGED", c.wire())
	})
}

// Received are the events of agents that have reached the customer, in their order.
func (c *Customer) Received() []Received {
	c.manager.mu.Lock()
	defer c.manager.mu.Unlock()
	return slices.Clone(c.received)
}

// got is what reaches the customer; m.mu is held.
func (c *Customer) got(event string, raw json.RawMessage) {
	var e struct {
		Data struct {
			ID   string `json:"id"`
			Body Body   `json:"body"`
		} `json:"data"`
	}
	_ = json.Unmarshal(raw, &e) // It was encoded here.
	c.received = append(c.received, Received{Name: event, MessageID: e.Data.ID, Body: e.Data.Body})
	c.manager.record(journal.Entry{Kind: journal.Event, From: PartyManager, To: PartyCustomer, Name: event, Conversation: c.conversation.id}, e.Data)
}

// ID is the id of the customer.
func (c *Customer) ID() string { return c.id }

func (c *Customer) wire() wireCustomer {
	w := wireCustomer{ID: c.id, FirstName: c.person.FirstName, Phone: []string{}, Anonymous: c.person.Anonymous}
	if c.person.LastName != "" {
		w.LastName = &c.person.LastName
	}
	return w
}

// sender is the customer as the sender of a message: what customers write comes from a connector.
func (c *Customer) sender() sender {
	return sender{ID: c.id, Type: "CONNECTOR", Name: c.person.FirstName, Detail: map[string]any{}}
}

func (s *session) data() channelData {
	c := s.conversation.customer.wire()
	return channelData{
		CustomerIdentifier: s.conversation.customer.id, ServiceIdentifier: "service-" + s.kind.ID, Priority: 1, FirstName: c.FirstName, LastName: c.LastName,
		Attributes: []attribute{{Key: "topic", Type: "String", Value: "a question"}},
	}
}

func (s *session) wire() wireSession {
	c, state := s.conversation, "STARTED"
	if !s.active {
		state = "ENDED"
	}
	return wireSession{
		ParticipantType: "ChannelSession", ID: s.id, Customer: c.customer.wire(), Suggestions: []wireCustomer{}, Data: s.data(), Presence: map[string]any{"value": "ONLINE"}, IsActive: s.active, Active: s.active,
		ConversationID: c.id, Room: c.room, State: sessionState{Name: state}, Direction: "INBOUND",
		Channel: channel{
			ID: "of-" + s.kind.ID, Name: s.kind.Name, ServiceIdentifier: "service-" + s.kind.ID, Type: s.kind,
			Config: channelConfig{ID: "config-" + s.kind.ID, Mode: "HYBRID", Policy: routingPolicy{
				Selection: "LONGEST_AVAILABLE", Mode: c.routing, ObjectID: c.queueID(), TTL: int(c.manager.options.Timing.TTL.Seconds()),
			}},
		},
	}
}

func (c *Conversation) queueID() string {
	if c.queue == nil {
		return ""
	}
	return c.queue.id
}

// participant is the customer as a participant, through a session.
func (s *session) participant() wireParticipant {
	return wireParticipant{ID: "customer-" + s.id, Type: "CUSTOMER", Role: RoleCustomer, Who: s.wire(), ConversationID: s.conversation.id, State: "SUBSCRIBED", JoiningTime: s.since, Active: s.active}
}
