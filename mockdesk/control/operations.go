package control

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/tenant"
	"deskcheck/mockdesk/wire"
)

// operations are those of the document, in its order.
func (s *Server) operations() []serving.Operation {
	const (
		base         = "/v1/tenants/{tenant}"
		conversation = base + "/conversations/{conversation}"
	)
	get := func(id, path string, handle handler) serving.Operation { return serving.Get(id, path, s.adapt(handle)) }
	remove := func(id, path string, handle handler) serving.Operation {
		return serving.Remove(id, path, s.adapt(handle))
	}
	post := func(id, path, schema string, optional bool, handle handler) serving.Operation {
		return serving.Post(id, path, schema, optional, s.adapt(handle))
	}
	put := func(id, path, schema string, handle handler) serving.Operation {
		return serving.Put(id, path, schema, s.adapt(handle))
	}
	all := []serving.Operation{
		serving.Metrics(s.metrics.registry),
		get("getServer", "/v1/server", func(*call) (*serving.Answer, error) {
			return serving.OK(api.Server{Contract: "ai-chat", Version: s.version, StartedAt: s.started, Wire: s.wire()})
		}),
		get("listTenants", "/v1/tenants", s.listTenants),
		post("createTenant", "/v1/tenants", "NewTenant", true, s.createTenant),
		get("getTenant", base, func(c *call) (*serving.Answer, error) { return serving.OK(c.tenant.Describe()) }),
		remove("dropTenant", base, s.dropTenant),
		post("resetTenant", base+"/reset", "", true, s.resetTenant),
		get("getAvailability", base+"/availability", func(c *call) (*serving.Answer, error) { return serving.OK(c.tenant.Availability()) }),
		put("setAvailability", base+"/availability", "AvailabilityRule", with(func(c *call, rule api.AvailabilityRule) (*serving.Answer, error) {
			return serving.OK(c.tenant.SetAvailability(rule))
		})),
		get("getUploads", base+"/uploads", func(c *call) (*serving.Answer, error) { return serving.OK(c.tenant.Uploads()) }),
		put("setUploads", base+"/uploads", "UploadSettings", with(func(c *call, settings api.UploadSettings) (*serving.Answer, error) {
			c.tenant.SetUploads(settings)
			return serving.OK(c.tenant.Uploads())
		})),
		get("listAgents", base+"/agents", func(c *call) (*serving.Answer, error) { return serving.OK(api.AgentList{Agents: c.tenant.Agents()}) }),
		get("getAgent", base+"/agents/{agent}", func(c *call) (*serving.Answer, error) { return serving.Reply(c.tenant.Agent(c.PathValue("agent"))) }),
		put("putAgent", base+"/agents/{agent}", "AgentProfile", with(func(c *call, profile api.AgentProfile) (*serving.Answer, error) {
			return serving.Reply(c.tenant.PutAgent(c.PathValue("agent"), profile))
		})),
		remove("removeAgent", base+"/agents/{agent}", func(c *call) (*serving.Answer, error) {
			return serving.NoContent(c.tenant.RemoveAgent(c.PathValue("agent")))
		}),
		post("comeOnline", base+"/agents/{agent}/online", "", true, func(c *call) (*serving.Answer, error) {
			return serving.Reply(c.tenant.SetOnline(c.PathValue("agent"), true))
		}),
		post("goOffline", base+"/agents/{agent}/offline", "", true, func(c *call) (*serving.Answer, error) {
			return serving.Reply(c.tenant.SetOnline(c.PathValue("agent"), false))
		}),
		get("listConversations", base+"/conversations", listConversations),
		get("getConversation", conversation, within(func(_ *call, one *mockdesk.Conversation) (*serving.Answer, error) {
			return serving.OK(tenant.View(one))
		})),
		get("listLines", conversation+"/lines", within(listLines)),
		put("changeUploads", conversation+"/uploads", "UploadRules", playing((*tenant.Tenant).ChangeUploads)),
		post("sendFile", conversation+"/send-file", "", true, within(sendFile)),
		get("listFaults", base+"/faults", func(c *call) (*serving.Answer, error) { return serving.OK(c.tenant.Faults()) }),
		post("addFault", base+"/faults", "NewFault", false, with(addFault)),
		post("addRules", base+"/faults/rules", "NewRules", false, with(addRules)),
		remove("clearFaults", base+"/faults", func(c *call) (*serving.Answer, error) { return serving.OK(c.tenant.ClearFaults()) }),
		get("getFault", base+"/faults/{fault}", func(c *call) (*serving.Answer, error) { return serving.Reply(c.tenant.Fault(c.PathValue("fault"))) }),
		remove("removeFault", base+"/faults/{fault}", func(c *call) (*serving.Answer, error) {
			return serving.NoContent(c.tenant.RemoveFault(c.PathValue("fault")))
		}),
		post("releaseFaults", base+"/faults/release", "Release", true, with(func(c *call, r api.Release) (*serving.Answer, error) {
			return serving.OK(c.tenant.ReleaseFaults(r.Operation))
		})),
		get("getChaos", base+"/chaos", func(c *call) (*serving.Answer, error) { return serving.OK(c.tenant.Chaos()) }),
		put("startChaos", base+"/chaos", "ChaosOptions", with(func(c *call, o fault.ChaosOptions) (*serving.Answer, error) {
			return serving.Reply(c.tenant.StartChaos(o))
		})),
		remove("stopChaos", base+"/chaos", func(c *call) (*serving.Answer, error) { return serving.NoContent(c.tenant.StopChaos()) }),
		get("getClock", base+"/clock", func(c *call) (*serving.Answer, error) { return serving.OK(c.tenant.Clock()) }),
		post("advanceClock", base+"/clock/advance", "Advance", false, with(func(c *call, a api.Advance) (*serving.Answer, error) {
			return serving.Reply(c.tenant.Advance(c.Context(), time.Duration(a.By)))
		})),
		get("getWire", base+"/wire", func(c *call) (*serving.Answer, error) { return serving.OK(c.tenant.Wire()) }),
		put("setWire", base+"/wire", "", setWire),
		get("listScripts", base+"/scripts", func(c *call) (*serving.Answer, error) { return serving.OK(api.ScriptList{Scripts: c.tenant.Scripts()}) }),
		get("getScript", base+"/scripts/{script}", func(c *call) (*serving.Answer, error) { return serving.Reply(c.tenant.Script(c.PathValue("script"))) }),
		put("putScript", base+"/scripts/{script}", "", putScript),
		remove("removeScript", base+"/scripts/{script}", func(c *call) (*serving.Answer, error) {
			return serving.NoContent(c.tenant.RemoveScript(c.PathValue("script")))
		}),
	}
	for _, a := range acts {
		all = append(all, post(a.id, conversation+"/"+a.verb, a.schema, a.optional, a.handle))
	}
	return append(all, s.journals.Operations(base+"/journal")...)
}

// acts are what an agent or the desk does in a conversation, by the verb that ends the path.
var acts = []struct {
	verb, id, schema string
	optional         bool
	handle           handler
}{
	{"join", "join", "JoinAct", true, playing((*tenant.Tenant).Join)},
	{"leave", "leave", "LeaveAct", true, playing((*tenant.Tenant).Leave)},
	{"say", "say", "SayAct", false, playing((*tenant.Tenant).Say)},
	{"type", "type", "TypeAct", true, playing((*tenant.Tenant).Type)},
	{"read", "read", "ReadAct", true, playing((*tenant.Tenant).Read)},
	{"transfer", "transfer", "TransferAct", true, playing((*tenant.Tenant).Transfer)},
	{"fail-transfer", "failTransfer", "FailTransferAct", true, playing((*tenant.Tenant).FailTransfer)},
	{"end", "end", "EndAct", true, playing((*tenant.Tenant).End)},
	{"ask-screen", "askScreen", "AskScreenAct", true, playing((*tenant.Tenant).AskScreen)},
	{"withdraw-screen", "withdrawScreen", "WithdrawScreenAct", true, playing((*tenant.Tenant).WithdrawScreen)},
	{"stop-screen", "stopScreen", "StopScreenAct", true, playing((*tenant.Tenant).StopScreen)},
	{"queue-update", "queueUpdate", "QueueUpdateAct", false, playing((*tenant.Tenant).QueueUpdate)},
	{"close-queue", "closeQueue", "CloseQueueAct", true, playing((*tenant.Tenant).CloseQueue)},
	{"reroute", "reroute", "RerouteAct", false, playing((*tenant.Tenant).Reroute)},
	{"notice", "notice", "NoticeAct", false, playing((*tenant.Tenant).Notice)},
	{"expire", "expire", "ExpireAct", true, playing((*tenant.Tenant).Expire)},
	{"emit", "emit", "EmitAct", false, playing((*tenant.Tenant).Emit)},
	{"bounce", "bounce", "BounceAct", false, playing((*tenant.Tenant).Bounce)},
	{"garble", "garble", "GarbleAct", false, playing((*tenant.Tenant).Garble)},
	{"cut-sockets", "cutSockets", "CutSocketsAct", true, playing((*tenant.Tenant).CutSockets)},
	{"echo-end", "echoEnd", "EchoEndAct", false, playing((*tenant.Tenant).EchoEnd)},
	{"finish-check", "finishCheck", "FinishCheckAct", false, playing((*tenant.Tenant).FinishCheck)},
}

// with reads the body for a handler.
func with[T any](handle func(*call, T) (*serving.Answer, error)) func(*call) (*serving.Answer, error) {
	return func(c *call) (*serving.Answer, error) {
		body, err := serving.Into[T](c.Call)
		if err != nil {
			return nil, err
		}
		return handle(c, body)
	}
}

// within finds the conversation for a handler.
func within(handle func(*call, *mockdesk.Conversation) (*serving.Answer, error)) func(*call) (*serving.Answer, error) {
	return func(c *call) (*serving.Answer, error) {
		one, err := c.tenant.Conversation(c.PathValue("conversation"))
		if err != nil {
			return nil, err
		}
		return handle(c, one)
	}
}

// playing makes a handler of an act.
func playing[T any](act func(*tenant.Tenant, *mockdesk.Conversation, T) (api.Acted, error)) func(*call) (*serving.Answer, error) {
	return within(func(c *call, one *mockdesk.Conversation) (*serving.Answer, error) {
		body, err := serving.Into[T](c.Call)
		if err != nil {
			return nil, err
		}
		return serving.Reply(act(c.tenant, one, body))
	})
}

func (s *Server) listTenants(c *call) (*serving.Answer, error) {
	limit, err := serving.Limit(c.Call)
	if err != nil {
		return nil, err
	}
	page := api.TenantPage{Tenants: []api.Tenant{}}
	after := c.URL.Query().Get("cursor")
	for _, t := range s.tenants.List() {
		if t.Name() <= after {
			continue
		}
		if len(page.Tenants) == limit {
			page.Next = page.Tenants[limit-1].Name
			break
		}
		page.Tenants = append(page.Tenants, t.Describe())
	}
	return serving.OK(page)
}

func (s *Server) createTenant(c *call) (*serving.Answer, error) {
	spec, err := serving.Into[api.NewTenant](c.Call)
	if err != nil {
		return nil, err
	}
	t, err := s.tenants.Create(spec)
	if err != nil {
		return nil, err
	}
	c.tenant = t
	return serving.Created("/v1/tenants/"+t.Name(), t.Describe())
}

func (s *Server) dropTenant(c *call) (*serving.Answer, error) {
	name := c.tenant.Name()
	c.tenant = nil // What is dropped is not saved any more.
	return serving.NoContent(s.tenants.Drop(name))
}

func (s *Server) resetTenant(c *call) (*serving.Answer, error) {
	t, err := s.tenants.Reset(c.tenant.Name())
	if err != nil {
		return nil, err
	}
	c.tenant = t
	return serving.OK(t.Describe())
}

func listConversations(c *call) (*serving.Answer, error) {
	limit, err := serving.Limit(c.Call)
	if err != nil {
		return nil, err
	}
	query := c.URL.Query()
	q := tenant.ConversationQuery{State: query.Get("state"), Queue: query.Get("queue"), Cursor: query.Get("cursor"), Limit: limit}
	switch q.State {
	case "", string(mockdesk.Waiting), string(mockdesk.Active), string(mockdesk.Ended):
	default:
		return nil, serving.Invalid(fmt.Sprintf("state: expected one of waiting, active, ended, found %q.", q.State))
	}
	switch order := query.Get("order"); order {
	case "", "oldest":
	case "newest":
		q.Newest = true
	default:
		return nil, serving.Invalid(fmt.Sprintf("order: expected oldest or newest, found %q.", order))
	}
	return serving.Reply(c.tenant.Conversations(q))
}

func listLines(c *call, one *mockdesk.Conversation) (*serving.Answer, error) {
	limit, err := serving.Limit(c.Call)
	if err != nil {
		return nil, err
	}
	after, err := serving.Whole(c.Call, "after", 0, serving.MostSeq, 0)
	if err != nil {
		return nil, err
	}
	return serving.OK(tenant.Lines(one, after, limit))
}

// mostName and mostWords are how long the name of a file and the words that go with it may be, in characters.
const (
	mostName  = 255
	mostWords = 20000
)

func sendFile(c *call, one *mockdesk.Conversation) (*serving.Answer, error) {
	query := c.URL.Query()
	name, words := query.Get("name"), query.Get("text")
	if n := len([]rune(name)); n == 0 || n > mostName {
		return nil, serving.Invalid(fmt.Sprintf("name: expected what the user sees as the name of the file, 1 to %d characters.", mostName))
	}
	if len([]rune(words)) > mostWords {
		return nil, serving.Invalid(fmt.Sprintf("text: expected at most %d characters.", mostWords))
	}
	content, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Body, tenant.MostFile))
	if err != nil {
		return nil, serving.TooLarge(err, tenant.MostFile)
	}
	mediaType := c.Header.Get("Content-Type")
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return serving.Reply(c.tenant.SendFile(one, query.Get("agent"), name, mediaType, words, content))
}

func addFault(c *call, spec api.NewFault) (*serving.Answer, error) {
	f, err := c.tenant.AddFault(spec)
	if err != nil {
		return nil, err
	}
	return serving.Created("/v1/tenants/"+url.PathEscape(c.tenant.Name())+"/faults/"+f.ID, f)
}

func addRules(c *call, given api.NewRules) (*serving.Answer, error) {
	added, err := c.tenant.AddRules(given.Rules)
	if err != nil {
		return nil, err
	}
	return serving.Created("", api.AddedFaults{Faults: added})
}

func putScript(c *call) (*serving.Answer, error) {
	source, err := c.source(mostScript)
	if err != nil {
		return nil, err
	}
	return serving.Reply(c.tenant.PutScript(c.PathValue("script"), source))
}

func setWire(c *call) (*serving.Answer, error) {
	source, err := c.source(wire.MostFile)
	if err != nil {
		return nil, err
	}
	return serving.Reply(c.tenant.SetWire(source))
}

// source is a body that is a text of at most so many bytes.
func (c *call) source(most int) (string, error) {
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Body, int64(most)))
	if err != nil {
		return "", serving.TooLarge(err, most)
	}
	return string(text), nil
}
