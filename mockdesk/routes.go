package mockdesk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/websocket"
)

const routeList = "GET /v1/availability, GET, PUT and DELETE /v1/conversations/{id}, PUT /v1/conversations/{id}/messages/{key}, PUT /v1/conversations/{id}/attachments/{key}, PUT /v1/conversations/{id}/screens/{screen}, GET /v1/conversations/{id}/events, GET /v1/media/{id}"

var (
	// A conversation's id is all that stands between it and a stranger, so it must be long enough not to be guessed.
	conversationID = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
	messageKey     = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// method is what a route does with one HTTP method. Both functions are called with Desk.mu held: arrived for every request, whatever the reaction to it; effect
// when the request is let through. read takes the body in, without the lock; nil keeps it as it is.
type method struct {
	op      Operation
	arrived func(*exchange)
	effect  func(*exchange) reply
	read    func(*exchange) error
}

func (d *Desk) routes() map[string]map[string]method {
	return map[string]map[string]method{
		"/v1/availability": {http.MethodGet: {op: OpAvailability, arrived: d.queried, effect: d.tellAvailability}},
		"/v1/conversations/{id}": {
			http.MethodGet:    {op: OpState, effect: d.tellState},
			http.MethodPut:    {op: OpStart, effect: d.start},
			http.MethodDelete: {op: OpEnd, arrived: d.closure, effect: d.endByUser},
		},
		"/v1/conversations/{id}/messages/{key}":    {http.MethodPut: {op: OpMessage, effect: d.takeMessage}},
		"/v1/conversations/{id}/attachments/{key}": {http.MethodPut: {op: OpAttachment, effect: d.takeAttachment, read: (*exchange).readUpload}},
		"/v1/conversations/{id}/events":            {http.MethodGet: {op: OpEvents, effect: d.events}},
		"/v1/media/{id}":                           {http.MethodGet: {op: OpMedium, effect: d.serveMedium}},
		"/v1/conversations/{id}/screens/{screen}":  {http.MethodPut: {op: OpScreen, effect: d.takeScreen}},
	}
}

func (d *Desk) queried(x *exchange) {
	d.queries = append(d.queries, Query{Queue: x.r.URL.Query().Get("queue"), At: d.clock.Now()})
	d.broadcast()
}

func (d *Desk) tellAvailability(x *exchange) reply {
	queue := x.r.URL.Query().Get("queue")
	status, set := d.queues[queue]
	if !set {
		status = d.availability
	}
	waiting := 0
	for _, c := range d.conversations {
		if c.state == Waiting && (queue == "" || c.queue == queue) {
			waiting++
		}
	}
	return jsonReply(http.StatusOK, struct {
		Status  Availability `json:"status"`
		Waiting int          `json:"waiting"`
	}{status, waiting})
}

// opening is the body of the request that opens a conversation.
type opening struct {
	Queue   string          `json:"queue"`
	Context json.RawMessage `json:"context"`
	User    User            `json:"user"`
}

// openedReply is the answer to it. The cursor is where the stream begins, also when the conversation has come further: a client that repeats its request misses nothing.
type openedReply struct {
	ID     string `json:"id"`
	State  State  `json:"state"`
	Cursor int    `json:"cursor"`
	// Uploads are the rules for files as they are by now.
	Uploads UploadRules `json:"uploads"`
}

func (d *Desk) start(x *exchange) reply {
	id := x.r.PathValue("id")
	if !conversationID.MatchString(id) {
		return badID(x)
	}
	var o opening
	var parts struct {
		Summary string `json:"summary"`
		Reason  string `json:"reason"`
	}
	if err := decode(x.body, &o); err != nil {
		return invalid(x, "Body: "+err.Error()+".")
	}
	if len(o.Context) > 0 && string(o.Context) != "null" {
		if err := decode(o.Context, &parts); err != nil {
			return invalid(x, `Field "context": `+err.Error()+".")
		}
	} else {
		o.Context = nil
	}
	c := d.byID[id]
	switch {
	case d.withdrawn[id] || (c != nil && c.state == Ended):
		return gone(x)
	case c != nil:
		return jsonReply(http.StatusOK, openedReply{ID: id, State: c.state, Uploads: c.uploads})
	}
	c = &Conversation{
		desk: d, id: id, queue: o.Queue, context: o.Context, user: o.User, state: Waiting, openedAt: d.clock.Now(), uploads: d.uploads,
		agents: map[string]map[string]any{}, keys: map[string]int{}, sockets: map[*socket]struct{}{},
	}
	d.byID[id] = c
	d.conversations = append(d.conversations, c)
	c.watch()
	d.broadcast()
	return jsonReply(http.StatusCreated, openedReply{ID: id, State: c.state, Uploads: c.uploads})
}

// standing is how far a conversation has come and who is in it.
type standing struct {
	ID     string           `json:"id"`
	State  State            `json:"state"`
	Cursor int              `json:"cursor"`
	Agents []map[string]any `json:"agents"`
	// Uploads are the rules for files as they are by now.
	Uploads UploadRules `json:"uploads"`
}

func (d *Desk) tellState(x *exchange) reply {
	id := x.r.PathValue("id")
	if !conversationID.MatchString(id) {
		return badID(x)
	}
	c := d.byID[id]
	switch {
	case d.withdrawn[id] || (c != nil && c.state == Ended):
		return gone(x)
	case c == nil:
		return unknown(x)
	}
	s := standing{ID: id, State: c.state, Cursor: len(c.log), Agents: []map[string]any{}, Uploads: c.uploads}
	for _, agent := range slices.Sorted(maps.Keys(c.agents)) {
		s.Agents = append(s.Agents, c.agents[agent])
	}
	return jsonReply(http.StatusOK, s)
}

func (d *Desk) closure(x *exchange) {
	if c := d.byID[x.r.PathValue("id")]; c != nil {
		c.closures++
		d.broadcast()
	}
}

func (d *Desk) endByUser(x *exchange) reply {
	id := x.r.PathValue("id")
	if !conversationID.MatchString(id) {
		return badID(x)
	}
	c := d.byID[id]
	switch {
	case d.withdrawn[id] || (c != nil && c.state == Ended):
		return gone(x)
	case c == nil:
		// The request that opens it may still be on its way and must then find the door closed.
		d.withdrawn[id] = true
		return reply{status: http.StatusNoContent}
	}
	return c.userEnd(reply{status: http.StatusNoContent})
}

// receipt is the answer to a message.
type receipt struct {
	Key    string `json:"key"`
	Cursor int    `json:"cursor"`
}

func (d *Desk) takeMessage(x *exchange) reply {
	id, key := x.r.PathValue("id"), x.r.PathValue("key")
	if !conversationID.MatchString(id) {
		return badID(x)
	}
	if !messageKey.MatchString(key) {
		return badKey(x)
	}
	var m struct {
		Text string `json:"text"`
	}
	if err := decode(x.body, &m); err != nil {
		return invalid(x, "Body: "+err.Error()+".")
	}
	if strings.TrimSpace(m.Text) == "" {
		return invalid(x, `The field "text" must be a string that is not blank.`)
	}
	c := d.byID[id]
	switch {
	case d.withdrawn[id]:
		return gone(x)
	case c == nil:
		return unknown(x)
	}
	if cursor, stored := c.keys[key]; stored {
		return jsonReply(http.StatusOK, receipt{key, cursor})
	}
	if c.state == Ended {
		return gone(x)
	}
	c.userTypes = false // Whoever has sent the line has stopped typing it.
	c.append("message", c.say(Line{Key: key, Role: RoleUser, Name: c.user.Name, Text: m.Text}, "text"))
	c.keys[key] = len(c.log)
	return jsonReply(http.StatusCreated, receipt{key, len(c.log)})
}

func (d *Desk) events(x *exchange) reply {
	id := x.r.PathValue("id")
	if !conversationID.MatchString(id) {
		return badID(x)
	}
	c := d.byID[id]
	switch {
	case d.withdrawn[id]:
		return gone(x)
	case c == nil:
		return unknown(x)
	}
	cursor := 0
	if given := x.r.URL.Query().Get("cursor"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 0 || n > len(c.log) {
			return invalid(x, fmt.Sprintf(`The parameter "cursor" must be a whole number from 0 to %d, the last cursor of this conversation.`, len(c.log)))
		}
		cursor = n
	}
	if websocket.IsWebSocketUpgrade(x.r) {
		if offered := websocket.Subprotocols(x.r); len(offered) > 0 && !slices.Contains(offered, subprotocol) {
			return invalid(x, `The header "Sec-WebSocket-Protocol" must name `+subprotocol+` or be left out.`)
		}
		cuts := c.cuts
		return reply{status: http.StatusSwitchingProtocols, upgrade: func(x *exchange) { d.upgrade(x, c, cursor, cuts) }}
	}
	c.watch()
	missed := []json.RawMessage{}
	for _, e := range c.log[cursor:] {
		missed = append(missed, e.raw)
	}
	return jsonReply(http.StatusOK, struct {
		Events []json.RawMessage `json:"events"`
		Cursor int               `json:"cursor"`
	}{missed, len(c.log)})
}

func invalid(x *exchange, detail string) reply {
	return problemReply(x.r, http.StatusBadRequest, "invalid", "The request is not as the wire describes it", detail)
}

func badID(x *exchange) reply {
	return invalid(x, `The "id" in the path must have 16 to 64 characters of A-Z, a-z, 0-9, "_" and "-"; take a random UUID.`)
}

func unknown(x *exchange) reply {
	return problemReply(x.r, http.StatusNotFound, "unknown-conversation", "There is no such conversation", "Open it first, with PUT /v1/conversations/{id}.")
}

func gone(x *exchange) reply {
	return problemReply(x.r, http.StatusGone, "conversation-ended", "The conversation is over", "It has ended, was withdrawn or has expired; open another one under a new id.")
}

// decode reads one JSON object into v, an empty body as an empty object. Fields that v does not have are ignored, so that the wire can grow.
// Its errors are sentences for the client that name the field.
func decode(raw []byte, v any) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nil
	}
	if raw[0] != '{' {
		return errors.New("it must be a JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(v); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("the field %q must not be a %s", wrong.Field, wrong.Value)
		}
		return fmt.Errorf("it is not JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}
