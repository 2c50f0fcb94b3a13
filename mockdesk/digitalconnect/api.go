package digitalconnect

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"deskcheck/mockdesk/digitalconnect/files"
	"deskcheck/mockdesk/digitalconnect/rules"
)

// The codes of errors are the mock's own, and say so: but for the one of an ended conversation none is published.
const (
	codeBody         = "MOCK-400"
	codeUnauthorized = "MOCK-401"
	codeScope        = "MOCK-403"
	codeRoute        = "MOCK-404"
	codeTouchpoint   = "MOCK-404-TOUCHPOINT"
	codeConversation = "MOCK-404-CONVERSATION"
	codeMethod       = "MOCK-405"
	codeInactive     = "MOCK-409-INACTIVE"
	codeKey          = "MOCK-409-IDEMPOTENCY"
)

// envelope is the body of every error of the API.
type envelope struct {
	Code        string     `json:"code"`
	Message     string     `json:"message"`
	Description string     `json:"description,omitempty"`
	Fields      []badField `json:"fields,omitempty"`
}

type badField struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

func refusal(status int, code, message, description string, fields ...badField) reply {
	return jsonReply(status, envelope{Code: code, Message: message, Description: description, Fields: fields})
}

func unknownRoute(x *exchange) reply {
	rep := refusal(http.StatusNotFound, codeRoute, "There is no such resource", "The mock has no "+x.r.URL.EscapedPath()+" here.")
	rep.note = "The path is none of " + string(x.to()) + "."
	return rep
}

func wrongMethod(allow string) reply {
	rep := refusal(http.StatusMethodNotAllowed, codeMethod, "There is no such operation", "The methods here are "+allow+".")
	rep.header.Set("Allow", allow)
	return rep
}

// routeAPI finds out what is asked of the API.
func (t *Talkdesk) routeAPI(x *exchange) {
	if call := t.store.API(x.r); call != nil {
		t.routeFile(x, call)
		return
	}
	parts, err := segments(x.r)
	if err != nil || len(parts) < 2 || "/"+parts[0]+"/"+parts[1] != rules.ConversationsPath {
		x.effect = func(*exchange) reply { return unknownRoute(x) }
		return
	}
	switch {
	case len(parts) == 2:
		x.pattern = rules.ConversationsPath
		t.only(x, http.MethodPost, OpStart, t.start)
	case len(parts) == 3 && parts[2] != "":
		x.pattern, x.conversation = rules.ConversationsPath+"/{id}", parts[2]
		t.only(x, http.MethodDelete, OpEnd, t.end)
	case len(parts) == 4 && parts[2] != "" && parts[3] == "messages":
		x.pattern, x.conversation = rules.ConversationsPath+"/{id}/messages", parts[2]
		t.only(x, http.MethodPost, OpMessage, t.message)
	default:
		x.effect = func(*exchange) reply { return unknownRoute(x) }
	}
}

// only has one method of a path do something. The client must be allowed to write.
func (t *Talkdesk) only(x *exchange, method, operation string, do func(x *exchange, client string) reply) {
	x.pattern = x.r.Method + " " + x.pattern
	if x.r.Method != method {
		x.effect = func(*exchange) reply { return wrongMethod(method) }
		return
	}
	x.operation = operation
	x.effect = func(x *exchange) reply {
		client, refused := t.allowed(x.r, ScopeWrite)
		if refused != nil {
			return *refused
		}
		return do(x, client)
	}
}

// allowed finds the client whose token a request carries, and refuses one without, or without the scope.
func (t *Talkdesk) allowed(r *http.Request, scope string) (client string, refused *reply) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		rep := refusal(http.StatusUnauthorized, codeUnauthorized, "Unauthorized", "The Authorization header carries no bearer token.")
		rep.header.Set("WWW-Authenticate", "Bearer")
		return "", &rep
	}
	holder := t.tokens.holder(strings.TrimSpace(token), t.clock.Now())
	if holder == nil || t.account.client(holder.client) == nil {
		rep := refusal(http.StatusUnauthorized, codeUnauthorized, "Unauthorized", "The token is unknown, was revoked or has expired.")
		rep.header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return "", &rep
	}
	if !slices.Contains(holder.scopes, scope) {
		rep := refusal(http.StatusForbidden, codeScope, "Forbidden", "The token has no scope "+scope+".")
		rep.header.Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+scope+`"`)
		return "", &rep
	}
	return holder.client, nil
}

// newStore makes the attachments.
func (t *Talkdesk) newStore() (*files.Store, error) {
	return files.New(files.Options{
		Clock: t.clock, StorageURL: t.addresses.Storage,
		Refuse: func(r *http.Request, scope string) *files.Reply {
			_, refused := t.allowed(r, scope)
			if refused == nil {
				return nil
			}
			return &files.Reply{Status: refused.status, Header: refused.header, Body: refused.body}
		},
	})
}

// unfit refuses a body that has a problem of a weight which the settings do not let pass; nil lets it pass.
func (t *Talkdesk) unfit(problems []rules.Problem) *reply {
	var fields []badField
	for _, p := range problems {
		if p.Weight == rules.Senseless || p.Weight == rules.Invalid && t.settings.InvalidBodyFields == wordReject || p.Weight == rules.Undocumented && t.settings.UnknownBodyFields == wordReject {
			fields = append(fields, badField{Name: fieldName(p.Pointer), Description: "expected " + p.Expected + ", found " + p.Recorded})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	rep := refusal(http.StatusBadRequest, codeBody, "The request is not valid", fields[0].Name+": "+fields[0].Description+".", fields...)
	return &rep
}

// fieldName is a JSON Pointer as the API names fields.
func fieldName(pointer string) string {
	if name := strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", "."); name != "" {
		return name
	}
	return "body"
}

// kept is a reply that a key stands for, and the body that it was given to.
type kept struct {
	body  [sha256.Size]byte
	path  string
	reply reply
}

// once has an operation happen once for each idempotency key of a client (DC-CONV-11, G-10): the same request again gets the reply of the first that succeeded, another one with its key is refused. t.mu is
// held.
func (t *Talkdesk) once(x *exchange, client string, do func() reply) reply {
	key := x.r.Header.Get("X-Idempotency-Key")
	if key == "" {
		if t.settings.IdempotencyHeader == wordRequired {
			return refusal(http.StatusBadRequest, codeBody, "The request is not valid", "The header x-idempotency-key is missing.", badField{Name: "x-idempotency-key", Description: "expected a key"})
		}
		return do()
	}
	name := client + "\x00" + x.operation + "\x00" + key
	now := kept{body: sha256.Sum256(x.body), path: x.r.URL.EscapedPath()}
	if before := t.keys[name]; before != nil {
		if before.body != now.body || before.path != now.path {
			rep := refusal(http.StatusConflict, codeKey, "Conflict", "The idempotency key was used for another request.")
			rep.note = "The idempotency key came before, with another body or for another conversation."
			return rep
		}
		rep := before.reply
		rep.note, rep.after = "The idempotency key is known: the reply is that of the first request, and nothing else has happened.", nil
		return rep
	}
	rep := do()
	if rep.status/100 == 2 {
		now.reply = rep
		t.keys[name] = &now
	}
	return rep
}

// start is POST /digital-connect/conversations; t.mu is held.
func (t *Talkdesk) start(x *exchange, client string) reply {
	said, problems := rules.ReadStart(x.r.Header.Get("Content-Type"), x.body)
	if unfit := t.unfit(problems); unfit != nil {
		return *unfit
	}
	return t.once(x, client, func() reply {
		touchpoint := t.account.touchpoint(said.TouchpointID)
		switch {
		case touchpoint == nil:
			return refusal(http.StatusNotFound, codeTouchpoint, "There is no such touchpoint", "touchpoint_id names no touchpoint of the account.")
		case t.inactive[touchpoint.ID]:
			return refusal(t.settings.InactiveTouchpointStatus, codeInactive, "The touchpoint is inactive", "An inactive touchpoint takes no conversations.")
		}
		c := t.open(touchpoint, said.Email, said.Subject)
		c.assign(said.Arguments)
		c.previous = said.Previous
		rep := jsonReply(http.StatusCreated, map[string]string{"id": c.id})
		rep.conversation = c.id
		return rep
	})
}

// messageReply is the answer to a message: id is that of the CONVERSATION.
type messageReply struct {
	ID        string `json:"id"`
	CreatedAt string `json:"created_at,omitempty"`
	MessageID string `json:"message_id,omitempty"`
	Partial   string `json:"partial_fail_reason,omitempty"`
}

// message is POST /digital-connect/conversations/{id}/messages; t.mu is held.
func (t *Talkdesk) message(x *exchange, client string) reply {
	c := t.byID[x.conversation]
	if c == nil {
		return refusal(http.StatusNotFound, codeConversation, "There is no such conversation", "The id names no conversation of the account.")
	}
	said, problems := rules.ReadMessage(x.r.Header.Get("Content-Type"), x.body)
	if unfit := t.unfit(problems); unfit != nil {
		return *unfit
	}
	return t.once(x, client, func() reply {
		if c.state == Ended {
			return t.ended()
		}
		line := Line{From: FromContact, Text: said.Content, CreatedAt: t.timestamp()}
		var bad, notes []string
		for _, f := range said.Files {
			attachment, note, problem := t.accept(c.touchpoint, f)
			if problem != "" {
				bad = append(bad, problem)
				continue
			}
			if note != "" {
				notes = append(notes, note)
			}
			line.Files = append(line.Files, attachment)
		}
		partial := strings.Join(bad, " ")
		if partial != "" && len(line.Files) == 0 && line.Text == nil {
			return t.onlyBadFiles(c, partial, notes)
		}
		line.ID, line.Partial = newID(), partial
		c.lines = append(c.lines, line)
		rep := t.messageReply(c, line)
		rep.note = strings.Join(notes, " ")
		if t.settings.EchoContactMessages {
			rep.after = func() { t.echo(c, line) }
		}
		return rep
	})
}

// messageReply is 201, or 206 for a message of which not every file was taken.
func (t *Talkdesk) messageReply(c *Conversation, line Line) reply {
	status := http.StatusCreated
	if line.Partial != "" {
		status = http.StatusPartialContent
	}
	body := messageReply{ID: c.id, CreatedAt: line.CreatedAt, MessageID: line.ID, Partial: line.Partial}
	if t.settings.OmitOptionalReplyFields {
		body.CreatedAt, body.MessageID = "", ""
	}
	return jsonReply(status, body)
}

// onlyBadFiles is the answer to a message that is nothing but files of which none was taken: the agent sees no message.
func (t *Talkdesk) onlyBadFiles(c *Conversation, partial string, notes []string) reply {
	rep := t.messageReply(c, Line{ID: newID(), CreatedAt: t.timestamp(), Partial: partial})
	if t.settings.OnlyBadFilesStatus == http.StatusBadRequest {
		rep = refusal(http.StatusBadRequest, codeBody, "No file was taken", partial, badField{Name: "attachments", Description: partial})
	}
	rep.note = strings.Join(append(notes, "The agent sees no message."), " ")
	return rep
}

// ended is the refusal of what is asked of a conversation that has ended (DC-MSG-08).
func (t *Talkdesk) ended() reply {
	return refusal(t.settings.EndedError.Status, t.settings.EndedError.Code, "The conversation has ended", "Nothing can be sent to a conversation that has ended.")
}

// end is DELETE /digital-connect/conversations/{id}; t.mu is held.
func (t *Talkdesk) end(x *exchange, _ string) reply {
	c := t.byID[x.conversation]
	switch {
	case c == nil:
		return refusal(http.StatusNotFound, codeConversation, "There is no such conversation", "The id names no conversation of the account.")
	case c.state == Ended:
		return t.ended()
	}
	c.close(FromContact)
	rep := reply{status: t.settings.DeleteStatus, header: http.Header{}}
	if t.settings.EndedAfterDelete {
		rep.after = func() { t.emitEnded(c) }
	}
	return rep
}

// accept holds a file of a message against its touchpoint; t.mu is held. problem says why it is not taken, note what is odd about one that is.
func (t *Talkdesk) accept(touchpoint *Touchpoint, f rules.File) (attachment files.Attachment, note, problem string) {
	attachment, there := t.store.Get(f.ID)
	switch {
	case !there:
		return attachment, "", fmt.Sprintf("There is no attachment for the file %q.", f.Name)
	case attachment.State != files.Ready:
		return attachment, "", fmt.Sprintf("The attachment of the file %q is not ready.", f.Name)
	}
	if why := touchpoint.forbids(f.Name, attachment.Size, t.settings.KB); why != "" {
		return attachment, "", why
	}
	var notes []string
	if f.Size >= 0 && int64(f.Size) != attachment.Size {
		notes = append(notes, fmt.Sprintf("The size of the file %q is told as %v; %d bytes are stored.", f.Name, f.Size, attachment.Size))
	}
	if extensionDiffers(f.Name, f.Type) {
		notes = append(notes, fmt.Sprintf("The file %q is told to be %s, which its extension is not.", f.Name, f.Type))
	}
	return attachment, strings.Join(notes, " "), ""
}
