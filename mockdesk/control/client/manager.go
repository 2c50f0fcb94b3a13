package client

import (
	"context"
	"net/http"
	"net/url"

	"deskcheck/mockdesk/control/managerapi"
)

// Manager is the Agent Manager of a server of that contract.
type Manager struct{ Recorded }

// Manager is the one agent manager of a server, whether or not the server plays one; its methods tell.
func (c *Client) Manager() *Manager { return &Manager{c.recorded("default")} }

// Managers lists the tenants: there is one.
func (c *Client) Managers(ctx context.Context) ([]managerapi.Tenant, error) {
	page, err := get[managerapi.TenantPage](ctx, c, "/v1/tenants", nil)
	return page.Tenants, err
}

// Describe is the manager as it is now.
func (m *Manager) Describe(ctx context.Context) (managerapi.Tenant, error) {
	return get[managerapi.Tenant](ctx, m.client, m.path, nil)
}

// Reset has the manager begin anew.
func (m *Manager) Reset(ctx context.Context) (managerapi.Tenant, error) {
	return post[managerapi.Tenant](ctx, m.client, m.path+"/reset", struct{}{})
}

func (m *Manager) agent(username string) string {
	return m.path + "/agents/" + url.PathEscape(username)
}

// Agents are all people.
func (m *Manager) Agents(ctx context.Context) ([]managerapi.Agent, error) {
	list, err := get[managerapi.AgentList](ctx, m.client, m.path+"/agents", nil)
	return list.Agents, err
}

// Agent is one of them, by user name.
func (m *Manager) Agent(ctx context.Context, username string) (managerapi.Agent, error) {
	return get[managerapi.Agent](ctx, m.client, m.agent(username), nil)
}

// AddAgent adds a person who can sign in.
func (m *Manager) AddAgent(ctx context.Context, a managerapi.NewAgent) (managerapi.Agent, error) {
	return post[managerapi.Agent](ctx, m.client, m.path+"/agents", a)
}

// ForceOut logs a person out as a supervisor would.
func (m *Manager) ForceOut(ctx context.Context, username string) (managerapi.Agent, error) {
	return post[managerapi.Agent](ctx, m.client, m.agent(username)+"/force-out", struct{}{})
}

// Disconnect ends the socket of a person's desk in order.
func (m *Manager) Disconnect(ctx context.Context, username string) (managerapi.Agent, error) {
	return post[managerapi.Agent](ctx, m.client, m.agent(username)+"/disconnect", struct{}{})
}

// Cut breaks the connection of a person's desk without a word.
func (m *Manager) Cut(ctx context.Context, username string) (managerapi.Agent, error) {
	return post[managerapi.Agent](ctx, m.client, m.agent(username)+"/cut", struct{}{})
}

// Emit sends a person's desk any event.
func (m *Manager) Emit(ctx context.Context, username string, e managerapi.Emission) (managerapi.Agent, error) {
	return post[managerapi.Agent](ctx, m.client, m.agent(username)+"/emit", e)
}

// SetDomain has the system set a person's state in a domain.
func (m *Manager) SetDomain(ctx context.Context, username string, to managerapi.DomainState) (managerapi.Agent, error) {
	return post[managerapi.Agent](ctx, m.client, m.agent(username)+"/set-domain", to)
}

// Queues are all queues.
func (m *Manager) Queues(ctx context.Context) ([]managerapi.Queue, error) {
	list, err := get[managerapi.QueueList](ctx, m.client, m.path+"/queues", nil)
	return list.Queues, err
}

// AddQueue adds a queue.
func (m *Manager) AddQueue(ctx context.Context, q managerapi.NewQueue) (managerapi.Queue, error) {
	return post[managerapi.Queue](ctx, m.client, m.path+"/queues", q)
}

// Lists are all lists.
func (m *Manager) Lists(ctx context.Context) ([]managerapi.List, error) {
	list, err := get[managerapi.ListList](ctx, m.client, m.path+"/lists", nil)
	return list.Lists, err
}

// AddList adds a list.
func (m *Manager) AddList(ctx context.Context, l managerapi.NewList) (managerapi.List, error) {
	return post[managerapi.List](ctx, m.client, m.path+"/lists", l)
}

// Domains are the media routing domains.
func (m *Manager) Domains(ctx context.Context) ([]managerapi.Domain, error) {
	list, err := get[managerapi.DomainList](ctx, m.client, m.path+"/domains", nil)
	return list.Domains, err
}

// Channels are what customers come by.
func (m *Manager) Channels(ctx context.Context) ([]managerapi.Channel, error) {
	list, err := get[managerapi.ChannelList](ctx, m.client, m.path+"/channels", nil)
	return list.Channels, err
}

func (m *Manager) customer(name string) string {
	return m.path + "/customers/" + url.PathEscape(name)
}

// Customers are all customers.
func (m *Manager) Customers(ctx context.Context) ([]managerapi.Customer, error) {
	list, err := get[managerapi.CustomerList](ctx, m.client, m.path+"/customers", nil)
	return list.Customers, err
}

// AddCustomer has a customer come and begin a conversation.
func (m *Manager) AddCustomer(ctx context.Context, c managerapi.NewCustomer) (managerapi.Customer, error) {
	return post[managerapi.Customer](ctx, m.client, m.path+"/customers", c)
}

// Customer is one of them, by id, an unambiguous beginning of it, the first name, or "@last"; so are those of the acts below.
func (m *Manager) Customer(ctx context.Context, name string) (managerapi.Customer, error) {
	return get[managerapi.Customer](ctx, m.client, m.customer(name), nil)
}

// act has a customer do something.
func (m *Manager) act(ctx context.Context, name, verb string, body any) (managerapi.Acted, error) {
	return post[managerapi.Acted](ctx, m.client, m.customer(name)+"/"+verb, body)
}

// Start has a customer whose conversation is over begin another.
func (m *Manager) Start(ctx context.Context, name string, r managerapi.Request) (managerapi.Acted, error) {
	return m.act(ctx, name, "start", r)
}

// Say has a customer say something.
func (m *Manager) Say(ctx context.Context, name string, w managerapi.Words) (managerapi.Acted, error) {
	return m.act(ctx, name, "say", w)
}

// Reply has a customer answer a message of an agent.
func (m *Manager) Reply(ctx context.Context, name string, r managerapi.Reply) (managerapi.Acted, error) {
	return m.act(ctx, name, "reply", r)
}

// Type has a customer type.
func (m *Manager) Type(ctx context.Context, name string) (managerapi.Acted, error) {
	return m.act(ctx, name, "type", struct{}{})
}

// Deliver says what became of an agent's message.
func (m *Manager) Deliver(ctx context.Context, name string, d managerapi.Delivery) (managerapi.Acted, error) {
	return m.act(ctx, name, "deliver", d)
}

// Open has a customer write through another channel as well.
func (m *Manager) Open(ctx context.Context, name, channel string) (managerapi.Acted, error) {
	return m.act(ctx, name, "open", managerapi.NewSession{Channel: channel})
}

// Identify says who a customer really is.
func (m *Manager) Identify(ctx context.Context, name string, p managerapi.Person) (managerapi.Acted, error) {
	return m.act(ctx, name, "identify", p)
}

// Leave has a customer leave.
func (m *Manager) Leave(ctx context.Context, name string) (managerapi.Acted, error) {
	return m.act(ctx, name, "leave", struct{}{})
}

func (m *Manager) conversation(name string) string {
	return m.path + "/conversations/" + url.PathEscape(name)
}

// StageQuery says which conversations are listed.
type StageQuery struct {
	// Stage is open, closed, or one of the contract's; empty is any.
	Stage string
	// Newest lists the newest first.
	Newest bool
	// Limit is how many at most, 0 for the server's choice.
	Limit int
}

// Conversations lists conversations.
func (m *Manager) Conversations(ctx context.Context, q StageQuery) ([]managerapi.Conversation, error) {
	query := url.Values{}
	setText(query, "stage", q.Stage)
	setNumber(query, "limit", q.Limit)
	if q.Newest {
		query.Set("order", "newest")
	}
	list, err := get[managerapi.ConversationList](ctx, m.client, m.path+"/conversations", query)
	return list.Conversations, err
}

// Conversation is one of them, by its id, an unambiguous beginning of it, or "@last".
func (m *Manager) Conversation(ctx context.Context, name string) (managerapi.Conversation, error) {
	return get[managerapi.Conversation](ctx, m.client, m.conversation(name), nil)
}

// Events are those of a conversation after a number, at most limit of them (0 for the server's choice).
func (m *Manager) Events(ctx context.Context, name string, after, limit int) (managerapi.EventPage, error) {
	query := url.Values{}
	setNumber(query, "after", after)
	setNumber(query, "limit", limit)
	return get[managerapi.EventPage](ctx, m.client, m.conversation(name)+"/events", query)
}

// CloseConversation closes one as the system would, for a reason, which may be empty.
func (m *Manager) CloseConversation(ctx context.Context, name, reason string) (managerapi.Conversation, error) {
	return post[managerapi.Conversation](ctx, m.client, m.conversation(name)+"/close", managerapi.Closing{Reason: reason})
}

// SetData changes what is known of a conversation.
func (m *Manager) SetData(ctx context.Context, name string, data map[string]any) (managerapi.Conversation, error) {
	return put[managerapi.Conversation](ctx, m.client, m.conversation(name)+"/data", data)
}

// StartSLA starts the time within which an agent should answer.
func (m *Manager) StartSLA(ctx context.Context, name string, sla managerapi.SLA) (managerapi.Conversation, error) {
	return put[managerapi.Conversation](ctx, m.client, m.conversation(name)+"/sla", sla)
}

// StopSLA ends that time.
func (m *Manager) StopSLA(ctx context.Context, name string) (managerapi.Conversation, error) {
	return exchange[managerapi.Conversation](ctx, m.client, request{method: http.MethodDelete, path: m.conversation(name) + "/sla"})
}

// Suggest has a bot suggest answers.
func (m *Manager) Suggest(ctx context.Context, name string, answers ...managerapi.Words) (managerapi.Conversation, error) {
	return post[managerapi.Conversation](ctx, m.client, m.conversation(name)+"/suggest", managerapi.Suggestions{Answers: answers})
}

// Samples are a body of each type of message.
func (m *Manager) Samples(ctx context.Context) ([]managerapi.Sample, error) {
	list, err := get[managerapi.SampleList](ctx, m.client, m.path+"/samples", nil)
	return list.Samples, err
}

// Announcements are those that were not taken back.
func (m *Manager) Announcements(ctx context.Context) ([]managerapi.Announcement, error) {
	list, err := get[managerapi.AnnouncementList](ctx, m.client, m.path+"/announcements", nil)
	return list.Announcements, err
}

// Announce tells everyone who is signed in something in a supervisor's name.
func (m *Manager) Announce(ctx context.Context, a managerapi.NewAnnouncement) (managerapi.Announcement, error) {
	return post[managerapi.Announcement](ctx, m.client, m.path+"/announcements", a)
}

// Withdraw takes an announcement back.
func (m *Manager) Withdraw(ctx context.Context, id string) error {
	return remove(ctx, m.client, m.path+"/announcements/"+url.PathEscape(id))
}

// Faults are what is out of order.
func (m *Manager) Faults(ctx context.Context) (managerapi.Faults, error) {
	return get[managerapi.Faults](ctx, m.client, m.path+"/faults", nil)
}

// healing ends a fault, and gives those that are left.
func (m *Manager) healing(ctx context.Context, path string) (managerapi.Faults, error) {
	return exchange[managerapi.Faults](ctx, m.client, request{method: http.MethodDelete, path: m.path + "/faults" + path})
}

// Heal ends everything that is out of order.
func (m *Manager) Heal(ctx context.Context) (managerapi.Faults, error) { return m.healing(ctx, "") }

// FailLogins has every login refused with a status; 0 ends that.
func (m *Manager) FailLogins(ctx context.Context, status int) (managerapi.Faults, error) {
	if status == 0 {
		return m.healing(ctx, "/logins")
	}
	return put[managerapi.Faults](ctx, m.client, m.path+"/faults/logins", managerapi.Logins{Status: status})
}

// RefuseHandshakes has every handshake refused; nil ends that.
func (m *Manager) RefuseHandshakes(ctx context.Context, h *managerapi.Handshakes) (managerapi.Faults, error) {
	if h == nil {
		return m.healing(ctx, "/handshakes")
	}
	return put[managerapi.Faults](ctx, m.client, m.path+"/faults/handshakes", h)
}

// RefuseStates has every change of state refused, or no more.
func (m *Manager) RefuseStates(ctx context.Context, refuse bool) (managerapi.Faults, error) {
	if !refuse {
		return m.healing(ctx, "/states")
	}
	return put[managerapi.Faults](ctx, m.client, m.path+"/faults/states", struct{}{})
}

// Withhold keeps back every event of a name.
func (m *Manager) Withhold(ctx context.Context, event string) (managerapi.Faults, error) {
	return put[managerapi.Faults](ctx, m.client, m.path+"/faults/withheld/"+url.PathEscape(event), struct{}{})
}

// Release sends what was kept back of an event, and keeps it back no more.
func (m *Manager) Release(ctx context.Context, event string) (managerapi.Faults, error) {
	return m.healing(ctx, "/withheld/"+url.PathEscape(event))
}
