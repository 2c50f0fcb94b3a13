package manager

import (
	"net/http"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/managerapi"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/floor"
)

const base = "/v1/tenants/{tenant}"

// operations are those of the document, in its order.
func (s *Server) operations() []serving.Operation {
	all := []serving.Operation{
		serving.Metrics(s.metrics.registry),
		serving.Get("getServer", "/v1/server", func(*serving.Call) (*serving.Answer, error) {
			return serving.OK(api.Server{Contract: contract, Version: s.version, StartedAt: s.started, Wire: s.wire()})
		}),
		serving.Get("listTenants", "/v1/tenants", func(*serving.Call) (*serving.Answer, error) {
			return serving.OK(managerapi.TenantPage{Tenants: []managerapi.Tenant{s.floor.Shift().Describe()}})
		}),
		serving.Get("getTenant", base, serving.Telling(s.shift, (*floor.Shift).Describe)),
		serving.Post("resetTenant", base+"/reset", "", true, serving.About(s.shift, func(*serving.Call, *floor.Shift) (*serving.Answer, error) {
			fresh, err := s.floor.Reset()
			if err != nil {
				return nil, err
			}
			return serving.OK(fresh.Describe())
		})),
	}
	for _, more := range [][]serving.Operation{s.ofAgents(), s.ofPlaces(), s.ofCustomers(), s.ofConversations(), s.ofAnnouncements(), s.ofFaults(), s.ofClock(), s.journals.Operations(base + "/journal")} {
		all = append(all, more...)
	}
	return all
}

func (s *Server) ofAgents() []serving.Operation {
	const agents, agent = base + "/agents", base + "/agents/{agent}"
	return []serving.Operation{
		serving.Get("listAgents", agents, serving.Telling(s.shift, func(shift *floor.Shift) managerapi.AgentList { return managerapi.AgentList{Agents: shift.Agents()} })),
		serving.Post("addAgent", agents, "NewAgent", false, serving.Adding(s.shift, (*floor.Shift).AddAgent, func(a managerapi.Agent) string { return a.Username })),
		serving.Get("getAgent", agent, serving.Naming(s.shift, "agent", (*floor.Shift).Agent)),
		serving.Post("forceOut", agent+"/force-out", "", true, serving.Naming(s.shift, "agent", (*floor.Shift).ForceOut)),
		serving.Post("disconnect", agent+"/disconnect", "", true, serving.Naming(s.shift, "agent", (*floor.Shift).Disconnect)),
		serving.Post("cut", agent+"/cut", "", true, serving.Naming(s.shift, "agent", (*floor.Shift).Cut)),
		serving.Post("emit", agent+"/emit", "Emission", false, serving.Doing(s.shift, "agent", (*floor.Shift).Emit)),
		serving.Post("setDomain", agent+"/set-domain", "DomainState", false, serving.Doing(s.shift, "agent", (*floor.Shift).SetDomain)),
	}
}

// nowhere is where things are that have no path of their own.
func nowhere[T any](T) string { return "" }

func (s *Server) ofPlaces() []serving.Operation {
	return []serving.Operation{
		serving.Get("listQueues", base+"/queues", serving.Telling(s.shift, func(shift *floor.Shift) managerapi.QueueList { return managerapi.QueueList{Queues: shift.Queues()} })),
		serving.Post("addQueue", base+"/queues", "NewQueue", false, serving.Adding(s.shift, (*floor.Shift).AddQueue, nowhere)),
		serving.Get("listLists", base+"/lists", serving.Telling(s.shift, func(shift *floor.Shift) managerapi.ListList { return managerapi.ListList{Lists: shift.Lists()} })),
		serving.Post("addList", base+"/lists", "NewList", false, serving.Adding(s.shift, (*floor.Shift).AddList, nowhere)),
		serving.Get("listDomains", base+"/domains", serving.Telling(s.shift, func(shift *floor.Shift) managerapi.DomainList { return managerapi.DomainList{Domains: shift.Domains()} })),
		serving.Get("listChannels", base+"/channels", serving.Telling(s.shift, func(shift *floor.Shift) managerapi.ChannelList {
			return managerapi.ChannelList{Channels: shift.Channels()}
		})),
	}
}

func (s *Server) ofCustomers() []serving.Operation {
	const customers, customer = base + "/customers", base + "/customers/{customer}"
	return []serving.Operation{
		serving.Get("listCustomers", customers, serving.Telling(s.shift, func(shift *floor.Shift) managerapi.CustomerList {
			return managerapi.CustomerList{Customers: shift.Customers()}
		})),
		serving.Post("addCustomer", customers, "NewCustomer", false, serving.Adding(s.shift, (*floor.Shift).AddCustomer, func(c managerapi.Customer) string { return c.ID })),
		serving.Get("getCustomer", customer, serving.Naming(s.shift, "customer", (*floor.Shift).Customer)),
		serving.Post("startAgain", customer+"/start", "Request", true, serving.Doing(s.shift, "customer", (*floor.Shift).Start)),
		serving.Post("say", customer+"/say", "Words", false, serving.Doing(s.shift, "customer", (*floor.Shift).Say)),
		serving.Post("reply", customer+"/reply", "Reply", false, serving.Doing(s.shift, "customer", (*floor.Shift).Reply)),
		serving.Post("type", customer+"/type", "", true, serving.Naming(s.shift, "customer", (*floor.Shift).Type)),
		serving.Post("deliver", customer+"/deliver", "Delivery", false, serving.Doing(s.shift, "customer", (*floor.Shift).Deliver)),
		serving.Post("open", customer+"/open", "NewSession", false, serving.Doing(s.shift, "customer", func(shift *floor.Shift, name string, given managerapi.NewSession) (managerapi.Acted, error) {
			return shift.Open(name, given.Channel)
		})),
		serving.Post("identify", customer+"/identify", "Person", false, serving.Doing(s.shift, "customer", (*floor.Shift).Identify)),
		serving.Post("leave", customer+"/leave", "", true, serving.Naming(s.shift, "customer", (*floor.Shift).Leave)),
	}
}

func (s *Server) ofConversations() []serving.Operation {
	const conversations, conversation = base + "/conversations", base + "/conversations/{conversation}"
	return []serving.Operation{
		serving.Get("listConversations", conversations, serving.About(s.shift, listConversations)),
		serving.Get("getConversation", conversation, serving.Naming(s.shift, "conversation", (*floor.Shift).Conversation)),
		serving.Get("listEvents", conversation+"/events", serving.About(s.shift, listEvents)),
		serving.Post("closeConversation", conversation+"/close", "Closing", true, serving.Doing(s.shift, "conversation", (*floor.Shift).CloseConversation)),
		serving.Put("setData", conversation+"/data", "Data", serving.Doing(s.shift, "conversation", (*floor.Shift).SetData)),
		serving.Put("startSLA", conversation+"/sla", "SLA", serving.Doing(s.shift, "conversation", (*floor.Shift).StartSLA)),
		serving.Remove("stopSLA", conversation+"/sla", serving.Naming(s.shift, "conversation", (*floor.Shift).StopSLA)),
		serving.Post("suggest", conversation+"/suggest", "Suggestions", false, serving.Doing(s.shift, "conversation", (*floor.Shift).Suggest)),
		serving.Get("listSamples", base+"/samples", serving.Telling(s.shift, func(*floor.Shift) managerapi.SampleList { return managerapi.SampleList{Samples: floor.Samples()} })),
	}
}

func (s *Server) ofAnnouncements() []serving.Operation {
	const announcements = base + "/announcements"
	return []serving.Operation{
		serving.Get("listAnnouncements", announcements, serving.Telling(s.shift, func(shift *floor.Shift) managerapi.AnnouncementList {
			return managerapi.AnnouncementList{Announcements: shift.Announcements()}
		})),
		serving.Post("announce", announcements, "NewAnnouncement", false, serving.Adding(s.shift, (*floor.Shift).Announce, func(a managerapi.Announcement) string { return a.ID })),
		serving.Remove("withdraw", announcements+"/{announcement}", serving.About(s.shift, func(c *serving.Call, shift *floor.Shift) (*serving.Answer, error) {
			return serving.NoContent(shift.Withdraw(c.PathValue("announcement")))
		})),
	}
}

func (s *Server) ofFaults() []serving.Operation {
	const faults = base + "/faults"
	return []serving.Operation{
		serving.Get("getFaults", faults, serving.Telling(s.shift, (*floor.Shift).Faults)),
		serving.Remove("heal", faults, serving.Changing(s.shift, (*floor.Shift).Heal)),
		serving.Put("failLogins", faults+"/logins", "Logins", serving.Doing(s.shift, "", func(shift *floor.Shift, _ string, given managerapi.Logins) (managerapi.Faults, error) {
			return shift.FailLogins(given.Status)
		})),
		serving.Remove("healLogins", faults+"/logins", serving.Changing(s.shift, func(shift *floor.Shift) (managerapi.Faults, error) { return shift.FailLogins(0) })),
		serving.Put("refuseHandshakes", faults+"/handshakes", "Handshakes", serving.Doing(s.shift, "", func(shift *floor.Shift, _ string, given managerapi.Handshakes) (managerapi.Faults, error) {
			return shift.RefuseHandshakes(&given)
		})),
		serving.Remove("healHandshakes", faults+"/handshakes", serving.Changing(s.shift, func(shift *floor.Shift) (managerapi.Faults, error) { return shift.RefuseHandshakes(nil) })),
		serving.Put("refuseStates", faults+"/states", "", serving.Changing(s.shift, func(shift *floor.Shift) (managerapi.Faults, error) { return shift.RefuseStates(true) })),
		serving.Remove("healStates", faults+"/states", serving.Changing(s.shift, func(shift *floor.Shift) (managerapi.Faults, error) { return shift.RefuseStates(false) })),
		serving.Put("withhold", faults+"/withheld/{event}", "", serving.Naming(s.shift, "event", (*floor.Shift).Withhold)),
		serving.Remove("release", faults+"/withheld/{event}", serving.Naming(s.shift, "event", (*floor.Shift).Release)),
	}
}

func (s *Server) ofClock() []serving.Operation {
	return []serving.Operation{
		serving.Get("getClock", base+"/clock", serving.Telling(s.shift, (*floor.Shift).Clock)),
		serving.Post("advanceClock", base+"/clock/advance", "Advance", false, serving.Doing(s.shift, "", func(shift *floor.Shift, _ string, a api.Advance) (api.Clock, error) {
			return shift.Advance(time.Duration(a.By))
		})),
	}
}

// stages are what conversations can be listed by.
var stages = []string{"open", "closed", "ACTIVE", "ON_HOLD", "CUSTOMER_LEFT", "WRAP_UP", "CLOSED"}

func listConversations(c *serving.Call, shift *floor.Shift) (*serving.Answer, error) {
	limit, err := serving.Limit(c)
	if err != nil {
		return nil, err
	}
	stage, err := serving.OneOf(c, "stage", stages)
	if err != nil {
		return nil, err
	}
	order, err := serving.OneOf(c, "order", []string{"oldest", "newest"})
	if err != nil {
		return nil, err
	}
	return serving.OK(managerapi.ConversationList{Conversations: shift.Conversations(stage, order == "newest", limit)})
}

func listEvents(c *serving.Call, shift *floor.Shift) (*serving.Answer, error) {
	limit, err := serving.Limit(c)
	if err != nil {
		return nil, err
	}
	after, err := serving.Whole(c, "after", 0, serving.MostSeq, 0)
	if err != nil {
		return nil, err
	}
	return serving.Reply(shift.Events(c.PathValue("conversation"), after, limit))
}

var _ http.Handler = (*Server)(nil)
