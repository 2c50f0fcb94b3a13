package floor

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/managerapi"
	"deskcheck/mockdesk/control/named"
	"deskcheck/mockdesk/journal"
)

// last names the newest of customers and conversations, and begin is how there come to be some.
const (
	last  = named.Last
	begin = "have a customer come"
)

// bodyOf makes a body of words; the error names the field by its name at the place where the words stand.
func bodyOf(w managerapi.Words) (agentmanager.Body, error) {
	given := 0
	for _, there := range []bool{w.Text != "", len(w.Body) > 0, w.Sample != ""} {
		if there {
			given++
		}
	}
	if given != 1 {
		return nil, api.Refuse(api.Invalid, "expected one of text, body and sample, found %d of them", given)
	}
	switch {
	case w.Text != "":
		return agentmanager.Plain(w.Text), nil
	case w.Sample != "":
		body, err := agentmanager.Sample(w.Sample)
		if err != nil {
			return nil, api.Refuse(api.Invalid, "sample: %s", err)
		}
		return body, nil
	}
	var body agentmanager.Body
	if err := json.Unmarshal(w.Body, &body); err != nil {
		return nil, api.Refuse(api.Invalid, "body: expected an object: %s", err)
	}
	return body, nil
}

// Samples are a body of each type.
func Samples() []managerapi.Sample {
	all := []managerapi.Sample{}
	for _, kind := range agentmanager.BodyTypes() {
		body, _ := agentmanager.Sample(kind) // The type is one of those that there are.
		all = append(all, managerapi.Sample{Type: kind, Body: journal.Payload(body)})
	}
	return all
}

func personOf(p managerapi.Person) agentmanager.Person {
	return agentmanager.Person{FirstName: p.FirstName, LastName: p.LastName, Anonymous: p.Anonymous}
}

// requestOf makes a request of what the API has, and says what it names that there is not.
func (s *Shift) requestOf(r managerapi.Request) (agentmanager.Request, error) {
	made := agentmanager.Request{Queue: r.Queue, Channel: r.Channel, Routing: agentmanager.Routing(r.Routing), List: r.List}
	if made.Routing == agentmanager.PullMode && r.List == "" {
		return made, api.Refuse(api.Invalid, "list: a request of the routing PULL waits in a list; name one")
	}
	if r.Says == nil {
		return made, nil
	}
	var err error
	made.Says, err = bodyOf(*r.Says)
	return made, err
}

// AddCustomer has a customer come and begin a conversation.
func (s *Shift) AddCustomer(given managerapi.NewCustomer) (managerapi.Customer, error) {
	request, err := s.requestOf(given.Request)
	if err != nil {
		return managerapi.Customer{}, err
	}
	c := s.manager.Customer(personOf(given.Person))
	if err := s.start(c, request); err != nil {
		return managerapi.Customer{}, err
	}
	return s.customerOf(c), nil
}

// start begins a customer's conversation, and keeps both.
func (s *Shift) start(c *agentmanager.Customer, r agentmanager.Request) error {
	if len(s.manager.Conversations()) >= mostConversations {
		return api.Refuse(api.TooMuch, "there were %d conversations already; reset the agent manager", mostConversations)
	}
	conversation, err := c.Start(r)
	if err != nil {
		return refused(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conversations[c] == nil {
		s.customers = append(s.customers, c)
	}
	s.conversations[c] = conversation
	return nil
}

// Customers are all customers, in the order in which they came.
func (s *Shift) Customers() []managerapi.Customer {
	s.mu.Lock()
	customers := slices.Clone(s.customers)
	s.mu.Unlock()
	all := []managerapi.Customer{}
	for _, c := range customers {
		all = append(all, s.customerOf(c))
	}
	return all
}

// Customer is one of them, by id, an unambiguous beginning of it, the first name, or @last.
func (s *Shift) Customer(name string) (managerapi.Customer, error) {
	c, err := s.customer(name)
	if err != nil {
		return managerapi.Customer{}, err
	}
	return s.customerOf(c), nil
}

func (s *Shift) conversationOf(c *agentmanager.Customer) *agentmanager.Conversation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conversations[c]
}

func (s *Shift) customerOf(c *agentmanager.Customer) managerapi.Customer {
	in := s.conversationOf(c).Snapshot()
	v := managerapi.Customer{ID: c.ID(), Person: managerapi.Person(in.Person), Conversation: in.ID, Received: []managerapi.Received{}}
	for _, r := range c.Received() {
		text, _ := r.Body["markdownText"].(string)
		v.Received = append(v.Received, managerapi.Received{Name: r.Name, Message: r.MessageID, Text: text, Body: journal.Payload(r.Body)})
	}
	return v
}

// customer finds a customer.
func (s *Shift) customer(name string) (*agentmanager.Customer, error) {
	s.mu.Lock()
	customers := slices.Clone(s.customers)
	s.mu.Unlock()
	return named.Pick("customer", begin, name, customers, (*agentmanager.Customer).ID, func(c *agentmanager.Customer) string { return s.conversationOf(c).Snapshot().Person.FirstName })
}

// Conversation is one of the conversations, by id, an unambiguous beginning of it, or @last.
func (s *Shift) Conversation(name string) (managerapi.Conversation, error) {
	c, err := s.conversation(name)
	if err != nil {
		return managerapi.Conversation{}, err
	}
	return conversationOf(c.Snapshot()), nil
}

func (s *Shift) conversation(name string) (*agentmanager.Conversation, error) {
	return named.Pick("conversation", begin, name, s.manager.Conversations(), (*agentmanager.Conversation).ID, nil)
}

// Conversations are all conversations, the newest first if that is wanted; stage is empty for any, or open or closed, or one of the contract's.
func (s *Shift) Conversations(stage string, newest bool, limit int) []managerapi.Conversation {
	all := []managerapi.Conversation{}
	conversations := s.manager.Conversations()
	if newest {
		slices.Reverse(conversations)
	}
	for _, c := range conversations {
		now := c.Snapshot()
		closed := now.Stage == agentmanager.StageClosed
		if stage == "" || stage == string(now.Stage) || stage == "open" && !closed || stage == "closed" && closed {
			all = append(all, conversationOf(now))
		}
		if len(all) == limit {
			break
		}
	}
	return all
}

func conversationOf(s agentmanager.ConversationSnapshot) managerapi.Conversation {
	c := managerapi.Conversation{
		ID: s.ID, Stage: string(s.Stage), Routing: string(s.Routing), Queue: s.Queue, BeganAt: time.UnixMilli(s.Began).UTC(), Customer: managerapi.ConversationOf{ID: s.Customer.ID(), Person: managerapi.Person(s.Person)},
		Sessions: []managerapi.Session{}, Agents: []managerapi.Participant{}, Offered: orNone(s.Offered), Waits: s.Waits, Events: s.Events, Data: journal.Payload(s.Data),
	}
	if s.SLA != nil {
		c.SLA = journal.Payload(s.SLA)
	}
	for _, one := range s.Sessions {
		c.Sessions = append(c.Sessions, managerapi.Session(one))
	}
	for _, p := range s.Participants {
		c.Agents = append(c.Agents, managerapi.Participant{Agent: p.Username, Role: string(p.Role), Task: string(p.Task)})
	}
	return c
}

// Events are those of a conversation after the first so many, at most limit of them.
func (s *Shift) Events(name string, after, limit int) (managerapi.EventPage, error) {
	c, err := s.conversation(name)
	if err != nil {
		return managerapi.EventPage{}, err
	}
	page := managerapi.EventPage{Events: []managerapi.Event{}}
	for i, raw := range c.History(after) {
		if i == limit {
			page.Next = after + limit
			break
		}
		page.Events = append(page.Events, eventOf(after+i+1, raw))
	}
	return page, nil
}

// eventOf reads what a transcript shows out of an event.
func eventOf(number int, raw json.RawMessage) managerapi.Event {
	var e struct {
		Name    string `json:"name"`
		At      int64  `json:"timestamp"`
		Emitter *struct {
			Type string `json:"type"`
			Name string `json:"senderName"`
		} `json:"eventEmitter"`
		Data json.RawMessage `json:"data"`
	}
	_ = json.Unmarshal(raw, &e) // What desks publish was held against its schema.
	v := managerapi.Event{Number: number, Name: e.Name, At: time.UnixMilli(e.At).UTC(), Event: raw}
	if e.Emitter != nil {
		v.From, v.Sender = e.Emitter.Type, e.Emitter.Name
	}
	var said struct {
		ID     string `json:"id"`
		Header struct {
			Answers string `json:"originalMessageId"`
		} `json:"header"`
		Body agentmanager.Body `json:"body"`
	}
	if json.Unmarshal(e.Data, &said) == nil && said.Body != nil {
		v.Message, v.Answers, v.Text = said.ID, said.Header.Answers, textOf(said.Body)
	}
	return v
}

// textOf is what a body says in words: its text, or what it is and what it is called.
func textOf(b agentmanager.Body) string {
	if text, _ := b["markdownText"].(string); text != "" && b["type"] == "PLAIN" {
		return text
	}
	parts := []string{fmt.Sprint(b["type"])}
	for _, field := range []string{"caption", "markdownText", "notificationType", "status", "mediaUrl"} {
		if text, _ := b[field].(string); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ": ")
}

// doing has a customer do something that may say a message.
func (s *Shift) doing(name string, act func(*agentmanager.Customer) (message string, err error)) (managerapi.Acted, error) {
	c, err := s.customer(name)
	if err != nil {
		return managerapi.Acted{}, err
	}
	message, err := act(c)
	if err != nil {
		return managerapi.Acted{}, refused(err)
	}
	return managerapi.Acted{Customer: c.ID(), Conversation: s.conversationOf(c).ID(), Message: message}, nil
}

// Start has a customer whose conversation is over begin another.
func (s *Shift) Start(name string, r managerapi.Request) (managerapi.Acted, error) {
	request, err := s.requestOf(r)
	if err != nil {
		return managerapi.Acted{}, err
	}
	return s.doing(name, func(c *agentmanager.Customer) (string, error) {
		if at := s.conversationOf(c); at.Stage() != agentmanager.StageClosed {
			return "", fmt.Errorf("the customer is in conversation %s: %w", at.ID(), errNotOver)
		}
		return "", s.start(c, request)
	})
}

// Say has a customer say something.
func (s *Shift) Say(name string, w managerapi.Words) (managerapi.Acted, error) {
	body, err := bodyOf(w)
	if err != nil {
		return managerapi.Acted{}, err
	}
	return s.doing(name, func(c *agentmanager.Customer) (string, error) { return c.Say(body) })
}

// Reply has a customer answer a message of an agent.
func (s *Shift) Reply(name string, r managerapi.Reply) (managerapi.Acted, error) {
	body, err := bodyOf(r.Words)
	if err != nil {
		return managerapi.Acted{}, err
	}
	return s.doing(name, func(c *agentmanager.Customer) (string, error) {
		if to := messageOf(c, r.To); to != "" {
			return c.Reply(to, body)
		}
		return "", unreached(r.To)
	})
}

// messageOf finds a message of an agent that has reached a customer, by its id, or the last for an empty one or @last; empty if there is none.
func messageOf(c *agentmanager.Customer, id string) string {
	for _, r := range slices.Backward(c.Received()) {
		if r.Name == "AGENT_MESSAGE" && (id == "" || id == last || r.MessageID == id) {
			return r.MessageID
		}
	}
	return ""
}

// unreached says that a message is not one that has reached a customer.
func unreached(id string) error {
	if id == "" || id == last {
		return errors.New("no agent's message has reached the customer yet; wait for one")
	}
	return fmt.Errorf("no agent's message %q has reached the customer; look at what has", id)
}

// Type has a customer type.
func (s *Shift) Type(name string) (managerapi.Acted, error) {
	return s.doing(name, func(c *agentmanager.Customer) (string, error) { return "", c.Type() })
}

// Deliver says what became of an agent's message.
func (s *Shift) Deliver(name string, d managerapi.Delivery) (managerapi.Acted, error) {
	return s.doing(name, func(c *agentmanager.Customer) (string, error) {
		message := messageOf(c, d.Message)
		if message == "" {
			return "", unreached(d.Message)
		}
		return message, c.Delivery(message, d.Status)
	})
}

// Open has a customer write through another channel as well.
func (s *Shift) Open(name, channel string) (managerapi.Acted, error) {
	return s.doing(name, func(c *agentmanager.Customer) (string, error) { return "", c.Open(channel) })
}

// Identify says who a customer really is.
func (s *Shift) Identify(name string, p managerapi.Person) (managerapi.Acted, error) {
	return s.doing(name, func(c *agentmanager.Customer) (string, error) { return "", c.Identify(personOf(p)) })
}

// Leave has a customer leave, which ends the conversation.
func (s *Shift) Leave(name string) (managerapi.Acted, error) {
	return s.doing(name, func(c *agentmanager.Customer) (string, error) { return "", c.Leave() })
}
