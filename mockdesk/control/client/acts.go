package client

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"deskcheck/mockdesk/control/api"
)

// Every act names its conversation by its id, an unambiguous beginning of it, or "@last", and returns the cursor of the event that it caused.

func (t *Tenant) act(ctx context.Context, conversation, verb string, body any) (api.Acted, error) {
	return post[api.Acted](ctx, t.client, t.conversation(conversation)+"/"+verb, body)
}

// Join has an agent join.
func (t *Tenant) Join(ctx context.Context, conversation string, act api.AgentAct) (api.Acted, error) {
	return t.act(ctx, conversation, "join", act)
}

// Leave has an agent leave.
func (t *Tenant) Leave(ctx context.Context, conversation string, act api.AgentAct) (api.Acted, error) {
	return t.act(ctx, conversation, "leave", act)
}

// Say has an agent say something.
func (t *Tenant) Say(ctx context.Context, conversation string, act api.SayAct) (api.Acted, error) {
	return t.act(ctx, conversation, "say", act)
}

// Type shows that an agent types, or has stopped.
func (t *Tenant) Type(ctx context.Context, conversation string, act api.TypeAct) (api.Acted, error) {
	return t.act(ctx, conversation, "type", act)
}

// Read marks what the user wrote as read.
func (t *Tenant) Read(ctx context.Context, conversation string, act api.AgentAct) (api.Acted, error) {
	return t.act(ctx, conversation, "read", act)
}

// Transfer begins to hand the user over.
func (t *Tenant) Transfer(ctx context.Context, conversation string, act api.TransferAct) (api.Acted, error) {
	return t.act(ctx, conversation, "transfer", act)
}

// FailTransfer lets the transfer come to nothing.
func (t *Tenant) FailTransfer(ctx context.Context, conversation string, act api.ReasonAct) (api.Acted, error) {
	return t.act(ctx, conversation, "fail-transfer", act)
}

// End ends the conversation.
func (t *Tenant) End(ctx context.Context, conversation string, act api.EndAct) (api.Acted, error) {
	return t.act(ctx, conversation, "end", act)
}

// AskScreen asks to see the user's screen.
func (t *Tenant) AskScreen(ctx context.Context, conversation string, act api.AgentAct) (api.Acted, error) {
	return t.act(ctx, conversation, "ask-screen", act)
}

// WithdrawScreen takes the latest open request for the screen back.
func (t *Tenant) WithdrawScreen(ctx context.Context, conversation string, act api.AgentAct) (api.Acted, error) {
	return t.act(ctx, conversation, "withdraw-screen", act)
}

// StopScreen ends the screen share that goes on.
func (t *Tenant) StopScreen(ctx context.Context, conversation string, act api.AgentAct) (api.Acted, error) {
	return t.act(ctx, conversation, "stop-screen", act)
}

// QueueUpdate tells the waiting user where they stand.
func (t *Tenant) QueueUpdate(ctx context.Context, conversation string, act api.QueueUpdateAct) (api.Acted, error) {
	return t.act(ctx, conversation, "queue-update", act)
}

// CloseQueue tells the waiting user that nobody will come.
func (t *Tenant) CloseQueue(ctx context.Context, conversation string, act api.ReasonAct) (api.Acted, error) {
	return t.act(ctx, conversation, "close-queue", act)
}

// Reroute moves the waiting user to another queue.
func (t *Tenant) Reroute(ctx context.Context, conversation string, act api.RerouteAct) (api.Acted, error) {
	return t.act(ctx, conversation, "reroute", act)
}

// Notice says something in the desk's own name.
func (t *Tenant) Notice(ctx context.Context, conversation string, act api.NoticeAct) (api.Acted, error) {
	return t.act(ctx, conversation, "notice", act)
}

// Expire forgets the conversation without a word.
func (t *Tenant) Expire(ctx context.Context, conversation string, act api.NoAct) (api.Acted, error) {
	return t.act(ctx, conversation, "expire", act)
}

// Emit sends an event of any kind.
func (t *Tenant) Emit(ctx context.Context, conversation string, act api.EmitAct) (api.Acted, error) {
	return t.act(ctx, conversation, "emit", act)
}

// Bounce says that a line of the user could not be delivered.
func (t *Tenant) Bounce(ctx context.Context, conversation string, act api.BounceAct) (api.Acted, error) {
	return t.act(ctx, conversation, "bounce", act)
}

// Garble sends something that is no event.
func (t *Tenant) Garble(ctx context.Context, conversation string, act api.GarbleAct) (api.Acted, error) {
	return t.act(ctx, conversation, "garble", act)
}

// CutSockets resets the connections of all sockets that are open.
func (t *Tenant) CutSockets(ctx context.Context, conversation string, act api.NoAct) (api.Acted, error) {
	return t.act(ctx, conversation, "cut-sockets", act)
}

// EchoEnd says when the user's own end comes back.
func (t *Tenant) EchoEnd(ctx context.Context, conversation string, act api.EchoEndAct) (api.Acted, error) {
	return t.act(ctx, conversation, "echo-end", act)
}

// FinishCheck ends the check of a file.
func (t *Tenant) FinishCheck(ctx context.Context, conversation string, act api.FinishCheckAct) (api.Acted, error) {
	return t.act(ctx, conversation, "finish-check", act)
}

// ChangeUploads changes the rules for files of the conversation, and tells the user.
func (t *Tenant) ChangeUploads(ctx context.Context, conversation string, rules api.UploadRules) (api.Acted, error) {
	return put[api.Acted](ctx, t.client, t.conversation(conversation)+"/uploads", rules)
}

// File is what an agent sends.
type File struct {
	// Name is what the user sees, Type the media type, empty if it is not known.
	Name, Type string
	// Agent is the id of who sends it, empty for the only one in the conversation; Text goes with it.
	Agent, Text string
	// Content is read to its end.
	Content io.Reader
}

// SendFile has an agent send a file.
func (t *Tenant) SendFile(ctx context.Context, conversation string, f File) (api.Acted, error) {
	query := url.Values{"name": {f.Name}}
	setText(query, "agent", f.Agent)
	setText(query, "text", f.Text)
	if f.Type == "" {
		f.Type = "application/octet-stream"
	}
	return exchange[api.Acted](ctx, t.client, request{method: http.MethodPost, path: t.conversation(conversation) + "/send-file", query: query, contentType: f.Type, body: f.Content})
}
