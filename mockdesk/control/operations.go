package control

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/tenant"
	"deskcheck/mockdesk/wire"
)

// operations are those of the document, in its order.
func (s *Server) operations() []operation {
	const (
		base         = "/v1/tenants/{tenant}"
		conversation = base + "/conversations/{conversation}"
	)
	get := func(id, path string, handle func(*call) (*answer, error)) operation {
		return operation{id: id, method: http.MethodGet, path: path, handle: handle}
	}
	remove := func(id, path string, handle func(*call) (*answer, error)) operation {
		return operation{id: id, method: http.MethodDelete, path: path, handle: handle}
	}
	post := func(id, path, schema string, optional bool, handle func(*call) (*answer, error)) operation {
		return operation{id: id, method: http.MethodPost, path: path, schema: schema, optional: optional, handle: handle}
	}
	put := func(id, path, schema string, handle func(*call) (*answer, error)) operation {
		return operation{id: id, method: http.MethodPut, path: path, schema: schema, handle: handle}
	}
	all := []operation{
		get("getHealth", "/healthz", func(*call) (*answer, error) { return ok(api.Health{Status: "ok"}) }),
		get("getReadiness", "/readyz", s.getReadiness),
		get("getMetrics", "/metrics", s.getMetrics),
		get("getDocument", "/openapi.yaml", func(*call) (*answer, error) {
			return &answer{status: http.StatusOK, contentType: "application/yaml", raw: openAPI}, nil
		}),
		get("getDocumentAsJSON", "/openapi.json", getDocumentAsJSON),
		get("getServer", "/v1/server", func(*call) (*answer, error) {
			return ok(api.Server{Version: s.Version, StartedAt: s.started, Wire: s.Wire()})
		}),
		get("listTenants", "/v1/tenants", s.listTenants),
		post("createTenant", "/v1/tenants", "NewTenant", true, s.createTenant),
		get("getTenant", base, func(c *call) (*answer, error) { return ok(c.tenant.Describe()) }),
		remove("dropTenant", base, s.dropTenant),
		post("resetTenant", base+"/reset", "", true, s.resetTenant),
		get("getAvailability", base+"/availability", func(c *call) (*answer, error) { return ok(c.tenant.Availability()) }),
		put("setAvailability", base+"/availability", "AvailabilityRule", with(func(c *call, rule api.AvailabilityRule) (*answer, error) {
			return ok(c.tenant.SetAvailability(rule))
		})),
		get("getUploads", base+"/uploads", func(c *call) (*answer, error) { return ok(c.tenant.Uploads()) }),
		put("setUploads", base+"/uploads", "UploadSettings", with(func(c *call, settings api.UploadSettings) (*answer, error) {
			c.tenant.SetUploads(settings)
			return ok(c.tenant.Uploads())
		})),
		get("listAgents", base+"/agents", func(c *call) (*answer, error) { return ok(api.AgentList{Agents: c.tenant.Agents()}) }),
		get("getAgent", base+"/agents/{agent}", func(c *call) (*answer, error) { return reply(c.tenant.Agent(c.PathValue("agent"))) }),
		put("putAgent", base+"/agents/{agent}", "AgentProfile", with(func(c *call, profile api.AgentProfile) (*answer, error) {
			return reply(c.tenant.PutAgent(c.PathValue("agent"), profile))
		})),
		remove("removeAgent", base+"/agents/{agent}", func(c *call) (*answer, error) { return noContent(c.tenant.RemoveAgent(c.PathValue("agent"))) }),
		post("comeOnline", base+"/agents/{agent}/online", "", true, func(c *call) (*answer, error) {
			return reply(c.tenant.SetOnline(c.PathValue("agent"), true))
		}),
		post("goOffline", base+"/agents/{agent}/offline", "", true, func(c *call) (*answer, error) {
			return reply(c.tenant.SetOnline(c.PathValue("agent"), false))
		}),
		get("listConversations", base+"/conversations", listConversations),
		get("getConversation", conversation, within(func(_ *call, one *mockdesk.Conversation) (*answer, error) { return ok(tenant.View(one)) })),
		get("listLines", conversation+"/lines", within(listLines)),
		put("changeUploads", conversation+"/uploads", "UploadRules", playing((*tenant.Tenant).ChangeUploads)),
		post("sendFile", conversation+"/send-file", "", true, within(sendFile)),
		get("listFaults", base+"/faults", func(c *call) (*answer, error) { return ok(c.tenant.Faults()) }),
		post("addFault", base+"/faults", "NewFault", false, with(addFault)),
		post("addRules", base+"/faults/rules", "NewRules", false, with(addRules)),
		remove("clearFaults", base+"/faults", func(c *call) (*answer, error) { return ok(c.tenant.ClearFaults()) }),
		get("getFault", base+"/faults/{fault}", func(c *call) (*answer, error) { return reply(c.tenant.Fault(c.PathValue("fault"))) }),
		remove("removeFault", base+"/faults/{fault}", func(c *call) (*answer, error) { return noContent(c.tenant.RemoveFault(c.PathValue("fault"))) }),
		post("releaseFaults", base+"/faults/release", "Release", true, with(func(c *call, r api.Release) (*answer, error) {
			return ok(c.tenant.ReleaseFaults(r.Operation))
		})),
		get("getChaos", base+"/chaos", func(c *call) (*answer, error) { return ok(c.tenant.Chaos()) }),
		put("startChaos", base+"/chaos", "ChaosOptions", with(func(c *call, o fault.ChaosOptions) (*answer, error) { return reply(c.tenant.StartChaos(o)) })),
		remove("stopChaos", base+"/chaos", func(c *call) (*answer, error) { return noContent(c.tenant.StopChaos()) }),
		get("getClock", base+"/clock", func(c *call) (*answer, error) { return ok(c.tenant.Clock()) }),
		post("advanceClock", base+"/clock/advance", "Advance", false, with(func(c *call, a api.Advance) (*answer, error) {
			return reply(c.tenant.Advance(c.Context(), time.Duration(a.By)))
		})),
		get("queryJournal", base+"/journal", queryJournal),
		get("getEntry", base+"/journal/{seq}", getEntry),
		{id: "followJournal", method: http.MethodGet, path: base + "/journal/follow", stream: s.followJournal},
		post("waitForEntries", base+"/journal/wait", "Wait", false, with(s.waitForEntries)),
		post("countEntries", base+"/journal/count", "Count", false, with(countEntries)),
		post("verifyEntries", base+"/journal/verify", "Verify", false, with(verifyEntries)),
		get("getWire", base+"/wire", func(c *call) (*answer, error) { return ok(c.tenant.Wire()) }),
		put("setWire", base+"/wire", "", setWire),
		get("listScripts", base+"/scripts", func(c *call) (*answer, error) { return ok(api.ScriptList{Scripts: c.tenant.Scripts()}) }),
		get("getScript", base+"/scripts/{script}", func(c *call) (*answer, error) { return reply(c.tenant.Script(c.PathValue("script"))) }),
		put("putScript", base+"/scripts/{script}", "", putScript),
		remove("removeScript", base+"/scripts/{script}", func(c *call) (*answer, error) { return noContent(c.tenant.RemoveScript(c.PathValue("script"))) }),
	}
	for _, a := range acts {
		all = append(all, post(a.id, conversation+"/"+a.verb, a.schema, a.optional, a.handle))
	}
	return all
}

// acts are what an agent or the desk does in a conversation, by the verb that ends the path.
var acts = []struct {
	verb, id, schema string
	optional         bool
	handle           func(*call) (*answer, error)
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
func with[T any](handle func(*call, T) (*answer, error)) func(*call) (*answer, error) {
	return func(c *call) (*answer, error) {
		body, err := into[T](c)
		if err != nil {
			return nil, err
		}
		return handle(c, body)
	}
}

// within finds the conversation for a handler.
func within(handle func(*call, *mockdesk.Conversation) (*answer, error)) func(*call) (*answer, error) {
	return func(c *call) (*answer, error) {
		one, err := c.tenant.Conversation(c.PathValue("conversation"))
		if err != nil {
			return nil, err
		}
		return handle(c, one)
	}
}

// playing makes a handler of an act.
func playing[T any](act func(*tenant.Tenant, *mockdesk.Conversation, T) (api.Acted, error)) func(*call) (*answer, error) {
	return within(func(c *call, one *mockdesk.Conversation) (*answer, error) {
		body, err := into[T](c)
		if err != nil {
			return nil, err
		}
		return reply(act(c.tenant, one, body))
	})
}

func (s *Server) getReadiness(*call) (*answer, error) {
	if !s.ready.Load() {
		return nil, problem(http.StatusServiceUnavailable, "not-ready", "The desks take no requests", "The server is starting or stopping; ask again, or start it.")
	}
	return ok(api.Health{Status: "ready"})
}

func getDocumentAsJSON(*call) (*answer, error) {
	raw, err := DocumentJSON()
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK, contentType: "application/json", raw: raw}, nil
}

// whole reads a whole number of the query.
func whole(c *call, name string, least, most, otherwise int) (int, error) {
	given := c.URL.Query().Get(name)
	if given == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < least || n > most {
		return 0, invalid(fmt.Sprintf("%s: expected a whole number from %d to %d, found %q.", name, least, most, given))
	}
	return n, nil
}

const (
	mostLimit    = 1000
	defaultLimit = 100
	mostSeq      = 1 << 53
)

func limitOf(c *call) (int, error) { return whole(c, "limit", 1, mostLimit, defaultLimit) }

func (s *Server) listTenants(c *call) (*answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return nil, err
	}
	page := api.TenantPage{Tenants: []api.Tenant{}}
	after := c.URL.Query().Get("cursor")
	for _, t := range s.Tenants.List() {
		if t.Name() <= after {
			continue
		}
		if len(page.Tenants) == limit {
			page.Next = page.Tenants[limit-1].Name
			break
		}
		page.Tenants = append(page.Tenants, t.Describe())
	}
	return ok(page)
}

func (s *Server) createTenant(c *call) (*answer, error) {
	spec, err := into[api.NewTenant](c)
	if err != nil {
		return nil, err
	}
	t, err := s.Tenants.Create(spec)
	if err != nil {
		return nil, err
	}
	c.tenant = t
	return &answer{status: http.StatusCreated, location: "/v1/tenants/" + t.Name(), value: t.Describe()}, nil
}

func (s *Server) dropTenant(c *call) (*answer, error) {
	name := c.tenant.Name()
	c.tenant = nil // What is dropped is not saved any more.
	return noContent(s.Tenants.Drop(name))
}

func (s *Server) resetTenant(c *call) (*answer, error) {
	t, err := s.Tenants.Reset(c.tenant.Name())
	if err != nil {
		return nil, err
	}
	c.tenant = t
	return ok(t.Describe())
}

func listConversations(c *call) (*answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return nil, err
	}
	query := c.URL.Query()
	q := tenant.ConversationQuery{State: query.Get("state"), Queue: query.Get("queue"), Cursor: query.Get("cursor"), Limit: limit}
	switch q.State {
	case "", string(mockdesk.Waiting), string(mockdesk.Active), string(mockdesk.Ended):
	default:
		return nil, invalid(fmt.Sprintf("state: expected one of waiting, active, ended, found %q.", q.State))
	}
	switch order := query.Get("order"); order {
	case "", "oldest":
	case "newest":
		q.Newest = true
	default:
		return nil, invalid(fmt.Sprintf("order: expected oldest or newest, found %q.", order))
	}
	return reply(c.tenant.Conversations(q))
}

func listLines(c *call, one *mockdesk.Conversation) (*answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return nil, err
	}
	after, err := whole(c, "after", 0, mostSeq, 0)
	if err != nil {
		return nil, err
	}
	return ok(tenant.Lines(one, after, limit))
}

// mostName and mostWords are how long the name of a file and the words that go with it may be, in characters.
const (
	mostName  = 255
	mostWords = 20000
)

func sendFile(c *call, one *mockdesk.Conversation) (*answer, error) {
	query := c.URL.Query()
	name, words := query.Get("name"), query.Get("text")
	if n := len([]rune(name)); n == 0 || n > mostName {
		return nil, invalid(fmt.Sprintf("name: expected what the user sees as the name of the file, 1 to %d characters.", mostName))
	}
	if len([]rune(words)) > mostWords {
		return nil, invalid(fmt.Sprintf("text: expected at most %d characters.", mostWords))
	}
	content, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, tenant.MostFile))
	if err != nil {
		return nil, tooLarge(err, tenant.MostFile)
	}
	mediaType := c.Header.Get("Content-Type")
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return reply(c.tenant.SendFile(one, query.Get("agent"), name, mediaType, words, content))
}

func addFault(c *call, spec api.NewFault) (*answer, error) {
	f, err := c.tenant.AddFault(spec)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusCreated, location: "/v1/tenants/" + url.PathEscape(c.tenant.Name()) + "/faults/" + f.ID, value: f}, nil
}

func addRules(c *call, given api.NewRules) (*answer, error) {
	added, err := c.tenant.AddRules(given.Rules)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusCreated, value: api.AddedFaults{Faults: added}}, nil
}

func putScript(c *call) (*answer, error) {
	source, err := c.source(mostScript)
	if err != nil {
		return nil, err
	}
	return reply(c.tenant.PutScript(c.PathValue("script"), source))
}

func setWire(c *call) (*answer, error) {
	source, err := c.source(wire.MostFile)
	if err != nil {
		return nil, err
	}
	return reply(c.tenant.SetWire(source))
}

// source is a body that is a text of at most so many bytes.
func (c *call) source(most int) (string, error) {
	text, err := io.ReadAll(http.MaxBytesReader(c.w, c.Body, int64(most)))
	if err != nil {
		return "", tooLarge(err, most)
	}
	return string(text), nil
}

// gone is the problem of a request whose tenant has ended meanwhile.
func gone(cause error) *api.Problem {
	status, kind := http.StatusGone, "gone"
	if errors.Is(cause, tenant.ErrStopped) {
		status, kind = http.StatusServiceUnavailable, "stopping"
	}
	return problem(status, kind, "The tenant has ended", cause.Error()+"; what was asked of it has come to nothing.")
}
