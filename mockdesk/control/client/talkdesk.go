package client

import (
	"context"
	"net/http"
	"net/url"

	"deskcheck/mockdesk/control/talkdeskapi"
)

// Talkdesk is the account of a server of that contract.
type Talkdesk struct{ Faulty }

// Talkdesk is the one account of a server, whether or not the server plays one; its methods tell.
func (c *Client) Talkdesk() *Talkdesk { return &Talkdesk{Faulty{c.recorded("default")}} }

// Accounts lists the tenants: there is one.
func (c *Client) Accounts(ctx context.Context) ([]talkdeskapi.Tenant, error) {
	page, err := get[talkdeskapi.TenantPage](ctx, c, "/v1/tenants", nil)
	return page.Tenants, err
}

func (t *Talkdesk) conversation(id string) string {
	return t.path + "/conversations/" + url.PathEscape(id)
}

// Describe is the account as it is now.
func (t *Talkdesk) Describe(ctx context.Context) (talkdeskapi.Tenant, error) {
	return get[talkdeskapi.Tenant](ctx, t.client, t.path, nil)
}

// Reset has the account begin anew.
func (t *Talkdesk) Reset(ctx context.Context) (talkdeskapi.Tenant, error) {
	return post[talkdeskapi.Tenant](ctx, t.client, t.path+"/reset", struct{}{})
}

// Account is what a connector is configured with.
func (t *Talkdesk) Account(ctx context.Context) (talkdeskapi.Account, error) {
	return get[talkdeskapi.Account](ctx, t.client, t.path+"/account", nil)
}

// SetStatus turns a touchpoint on or off, by its id or its name.
func (t *Talkdesk) SetStatus(ctx context.Context, touchpoint string, active bool) (talkdeskapi.Touchpoint, error) {
	return put[talkdeskapi.Touchpoint](ctx, t.client, t.path+"/touchpoints/"+url.PathEscape(touchpoint), talkdeskapi.Status{Active: active})
}

// RevokeTokens takes back every token that is good now.
func (t *Talkdesk) RevokeTokens(ctx context.Context) (talkdeskapi.Revoked, error) {
	return post[talkdeskapi.Revoked](ctx, t.client, t.path+"/revoke-tokens", struct{}{})
}

// FailFiles has the files of the connector's next message not taken, for a reason.
func (t *Talkdesk) FailFiles(ctx context.Context, reason string) error {
	_, err := post[struct{}](ctx, t.client, t.path+"/fail-files", talkdeskapi.FileFailure{Reason: reason})
	return err
}

// StateQuery says which conversations are listed.
type StateQuery struct {
	// State is open or ended, empty for any.
	State string
	// Newest lists the newest first.
	Newest bool
	// Limit is how many at most, 0 for the server's choice.
	Limit int
}

// Conversations lists conversations.
func (t *Talkdesk) Conversations(ctx context.Context, q StateQuery) ([]talkdeskapi.Summary, error) {
	query := url.Values{}
	setText(query, "state", q.State)
	setNumber(query, "limit", q.Limit)
	if q.Newest {
		query.Set("order", "newest")
	}
	list, err := get[talkdeskapi.List](ctx, t.client, t.path+"/conversations", query)
	return list.Conversations, err
}

// Start has an agent start a conversation.
func (t *Talkdesk) Start(ctx context.Context, c talkdeskapi.NewConversation) (talkdeskapi.Conversation, error) {
	return post[talkdeskapi.Conversation](ctx, t.client, t.path+"/conversations", c)
}

// Conversation is one of them, by its id, an unambiguous beginning of it, the contact's e-mail address, or "@last".
func (t *Talkdesk) Conversation(ctx context.Context, id string) (talkdeskapi.Conversation, error) {
	return get[talkdeskapi.Conversation](ctx, t.client, t.conversation(id), nil)
}

// Say has an agent say something.
func (t *Talkdesk) Say(ctx context.Context, id string, w talkdeskapi.Words) (talkdeskapi.Acted, error) {
	return post[talkdeskapi.Acted](ctx, t.client, t.conversation(id)+"/say", w)
}

// SendFile has an agent send a file; its Agent is who sends it, empty for Agent.
func (t *Talkdesk) SendFile(ctx context.Context, id string, f File) (talkdeskapi.Acted, error) {
	query := url.Values{"name": {f.Name}}
	setText(query, "author", f.Agent)
	setText(query, "text", f.Text)
	if f.Type == "" {
		f.Type = "application/octet-stream"
	}
	return exchange[talkdeskapi.Acted](ctx, t.client, request{method: http.MethodPost, path: t.conversation(id) + "/send-file", query: query, contentType: f.Type, body: f.Content})
}

// End has the agent end a conversation.
func (t *Talkdesk) End(ctx context.Context, id string) (talkdeskapi.Conversation, error) {
	return post[talkdeskapi.Conversation](ctx, t.client, t.conversation(id)+"/end", struct{}{})
}

// EndSilently ends a conversation without telling the connector.
func (t *Talkdesk) EndSilently(ctx context.Context, id string) (talkdeskapi.Conversation, error) {
	return post[talkdeskapi.Conversation](ctx, t.client, t.conversation(id)+"/end-silently", struct{}{})
}

// File is the content of a file that was taken, by its id.
func (t *Talkdesk) File(ctx context.Context, id string) ([]byte, error) {
	return t.client.text(ctx, t.path+"/files/"+url.PathEscape(id))
}

// Emit makes a webhook call that nothing is checked of.
func (t *Talkdesk) Emit(ctx context.Context, e talkdeskapi.Emission) (talkdeskapi.Delivery, error) {
	return post[talkdeskapi.Delivery](ctx, t.client, t.path+"/emit", e)
}

// Deliveries are those of a conversation, of all for an empty one; at most the last limit of them, 0 for the server's choice.
func (t *Talkdesk) Deliveries(ctx context.Context, conversation string, limit int) ([]talkdeskapi.Delivery, error) {
	query := url.Values{}
	setText(query, "conversation", conversation)
	setNumber(query, "limit", limit)
	list, err := get[talkdeskapi.DeliveryList](ctx, t.client, t.path+"/deliveries", query)
	return list.Deliveries, err
}
