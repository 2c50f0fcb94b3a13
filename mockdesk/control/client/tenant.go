package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
)

// Tenant is a desk of its own at the server.
type Tenant struct{ Faulty }

func (t *Tenant) conversation(id string) string {
	return t.path + "/conversations/" + url.PathEscape(id)
}

// Describe is the tenant as it is now.
func (t *Tenant) Describe(ctx context.Context) (api.Tenant, error) {
	return get[api.Tenant](ctx, t.client, t.path, nil)
}

// Drop ends the tenant.
func (t *Tenant) Drop(ctx context.Context) error { return remove(ctx, t.client, t.path) }

// Reset puts the tenant back as it was created.
func (t *Tenant) Reset(ctx context.Context) (api.Tenant, error) {
	return post[api.Tenant](ctx, t.client, t.path+"/reset", struct{}{})
}

// Availability is what the desk says of its agents.
func (t *Tenant) Availability(ctx context.Context) (api.AvailabilityState, error) {
	return get[api.AvailabilityState](ctx, t.client, t.path+"/availability", nil)
}

// SetAvailability sets what the desk says of its agents.
func (t *Tenant) SetAvailability(ctx context.Context, rule api.AvailabilityRule) (api.AvailabilityState, error) {
	return put[api.AvailabilityState](ctx, t.client, t.path+"/availability", rule)
}

// Uploads are the rules for files that conversations open with.
func (t *Tenant) Uploads(ctx context.Context) (api.UploadSettings, error) {
	return get[api.UploadSettings](ctx, t.client, t.path+"/uploads", nil)
}

// SetUploads sets the rules for files that conversations open with.
func (t *Tenant) SetUploads(ctx context.Context, s api.UploadSettings) (api.UploadSettings, error) {
	return put[api.UploadSettings](ctx, t.client, t.path+"/uploads", s)
}

func (t *Tenant) agent(id string) string { return t.path + "/agents/" + url.PathEscape(id) }

// Agents are all agents.
func (t *Tenant) Agents(ctx context.Context) ([]api.Agent, error) {
	list, err := get[api.AgentList](ctx, t.client, t.path+"/agents", nil)
	return list.Agents, err
}

// Agent is one of them.
func (t *Tenant) Agent(ctx context.Context, id string) (api.Agent, error) {
	return get[api.Agent](ctx, t.client, t.agent(id), nil)
}

// PutAgent adds an agent, or changes one.
func (t *Tenant) PutAgent(ctx context.Context, id string, p api.AgentProfile) (api.Agent, error) {
	return put[api.Agent](ctx, t.client, t.agent(id), p)
}

// RemoveAgent removes an agent.
func (t *Tenant) RemoveAgent(ctx context.Context, id string) error {
	return remove(ctx, t.client, t.agent(id))
}

// Online has an agent come online, Offline has one go.
func (t *Tenant) Online(ctx context.Context, id string) (api.Agent, error) {
	return post[api.Agent](ctx, t.client, t.agent(id)+"/online", struct{}{})
}

// Offline has an agent go.
func (t *Tenant) Offline(ctx context.Context, id string) (api.Agent, error) {
	return post[api.Agent](ctx, t.client, t.agent(id)+"/offline", struct{}{})
}

// ConversationQuery says which conversations are listed.
type ConversationQuery struct {
	Page

	// State and Queue are what they must be, empty for any.
	State, Queue string
	// Newest lists the newest first.
	Newest bool
}

// Conversations lists conversations.
func (t *Tenant) Conversations(ctx context.Context, q ConversationQuery) (api.ConversationPage, error) {
	query := q.query()
	setText(query, "state", q.State)
	setText(query, "queue", q.Queue)
	if q.Newest {
		query.Set("order", "newest")
	}
	return get[api.ConversationPage](ctx, t.client, t.path+"/conversations", query)
}

// Conversation is one of them, by its id, an unambiguous beginning of it, or "@last".
func (t *Tenant) Conversation(ctx context.Context, id string) (api.Conversation, error) {
	return get[api.Conversation](ctx, t.client, t.conversation(id), nil)
}

// Lines are what was said in a conversation after a cursor, at most limit of it (0 for the server's choice).
func (t *Tenant) Lines(ctx context.Context, id string, after, limit int) (api.LinePage, error) {
	query := url.Values{}
	setNumber(query, "after", after)
	setNumber(query, "limit", limit)
	return get[api.LinePage](ctx, t.client, t.conversation(id)+"/lines", query)
}

// Chaos is the chance by which faults are played.
func (t *Tenant) Chaos(ctx context.Context) (api.Chaos, error) {
	return get[api.Chaos](ctx, t.client, t.path+"/chaos", nil)
}

// StartChaos has faults played by chance; what comes back has the seed.
func (t *Tenant) StartChaos(ctx context.Context, o fault.ChaosOptions) (api.Chaos, error) {
	return put[api.Chaos](ctx, t.client, t.path+"/chaos", o)
}

// StopChaos leaves nothing to chance any more.
func (t *Tenant) StopChaos(ctx context.Context) error { return remove(ctx, t.client, t.path+"/chaos") }

// Wire is the protocol that the desk speaks.
func (t *Tenant) Wire(ctx context.Context) (api.Wire, error) {
	return get[api.Wire](ctx, t.client, t.path+"/wire", nil)
}

// SetWire has the desk speak another wire from now on; source is the text of a wire file.
func (t *Tenant) SetWire(ctx context.Context, source string) (api.Wire, error) {
	return exchange[api.Wire](ctx, t.client, request{method: http.MethodPut, path: t.path + "/wire", contentType: "application/yaml", body: strings.NewReader(source)})
}

// Scripts are all scripts.
func (t *Tenant) Scripts(ctx context.Context) ([]api.Script, error) {
	list, err := get[api.ScriptList](ctx, t.client, t.path+"/scripts", nil)
	return list.Scripts, err
}

// Script is one of them.
func (t *Tenant) Script(ctx context.Context, name string) (api.Script, error) {
	return get[api.Script](ctx, t.client, t.path+"/scripts/"+url.PathEscape(name), nil)
}

// PutScript adds a script, which is YAML, or replaces one.
func (t *Tenant) PutScript(ctx context.Context, name, source string) (api.Script, error) {
	return exchange[api.Script](ctx, t.client, request{method: http.MethodPut, path: t.path + "/scripts/" + url.PathEscape(name), contentType: "application/yaml", body: strings.NewReader(source)})
}

// RemoveScript has a script play no further conversation.
func (t *Tenant) RemoveScript(ctx context.Context, name string) error {
	return remove(ctx, t.client, t.path+"/scripts/"+url.PathEscape(name))
}
