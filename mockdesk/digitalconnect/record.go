package digitalconnect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"deskcheck/mockdesk/digitalconnect/files"
	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/webhook"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

// maxRecorded is how much of a body the journal keeps, in bytes.
const maxRecorded = 64 << 10

// leastHidden is how long a secret must be to be looked for in everything that is recorded.
const leastHidden = 6

// hidden are the secrets of a mock, which no entry may hold wherever a connector has put them.
type hidden struct {
	mu      sync.Mutex
	secrets [][]byte
}

func (h *hidden) add(secret string) {
	if len(secret) < leastHidden {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secrets = append(h.secrets, []byte(secret))
}

// cover replaces every secret in a text.
func (h *hidden) cover(text []byte) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, secret := range h.secrets {
		if bytes.Contains(text, secret) {
			text = bytes.ReplaceAll(text, secret, []byte(journal.Redacted))
		}
	}
	return text
}

// hide has the secrets of the account hidden, also as HTTP Basic carries them.
func (t *Talkdesk) hide(o Options) {
	for _, c := range o.Account.Clients {
		t.hidden.add(c.Secret)
		if c.Secret != "" {
			t.hidden.add(base64.StdEncoding.EncodeToString([]byte(c.ID + ":" + c.Secret)))
		}
	}
	for _, i := range o.Account.Integrations {
		t.hidden.add(i.Auth.Secret)
	}
}

// requestData and responseData are the data of entries of requests and responses.
type requestData struct {
	Method  string            `json:"method"`
	Host    string            `json:"host"`
	Path    string            `json:"path"`
	Query   string            `json:"query,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
	// Size is that of the body in bytes where Body is not all of it, or not as it was.
	Size int `json:"size,omitempty"`
}

type responseData struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
	Size    int               `json:"size,omitempty"`
	// Ms is how long the connector took for a webhook, in milliseconds.
	Ms *float64 `json:"ms,omitempty"`
}

// record writes an entry down, without a secret.
func (t *Talkdesk) record(e journal.Entry, data any) int {
	if data != nil {
		e.Data = t.hidden.cover(journal.Payload(data))
	}
	e.Note, e.Name = string(t.hidden.cover([]byte(e.Note))), string(t.hidden.cover([]byte(e.Name)))
	return t.journal.Append(e).Seq
}

// to is whom a request went to.
func (x *exchange) to() journal.Party {
	if x.party == "" {
		return journal.Kit
	}
	return x.party
}

func (t *Talkdesk) recordRequest(x *exchange, note string) {
	body, size := recorded(hiddenFields(x.party, x.body))
	x.seq = t.record(
		journal.Entry{Kind: journal.Request, From: journal.Connector, To: x.to(), Name: x.name(), Operation: x.operation, Conversation: x.conversation, Note: note},
		requestData{Method: x.r.Method, Host: withoutPort(x.r.Host), Path: x.r.URL.EscapedPath(), Query: hiddenQuery(x.r.URL.RawQuery), Headers: hiddenHeaders(x.r.Header), Body: body, Size: size},
	)
}

// recordResponse judges the exchange and writes the answer down; a status of 0 stands for no answer at all, and the note says why. Breaches come first: whoever waits for the answer finds them.
func (t *Talkdesk) recordResponse(x *exchange, rep reply) {
	if rep.status >= http.StatusBadRequest && x.operation != "" {
		t.refusing(x.operation)
	}
	if rep.conversation != "" {
		x.conversation = rep.conversation
	}
	judged := t.exchanged(x, rep)
	t.violations(t.judge.Request(judged), x.seq, x.conversation, x.name())
	body, size := recorded(hiddenFields(x.party, rep.body))
	t.record(
		journal.Entry{Kind: journal.Response, From: x.to(), To: journal.Connector, Name: x.name(), Ref: x.seq, Operation: x.operation, Conversation: x.conversation, Note: rep.note},
		responseData{Status: rep.status, Headers: hiddenHeaders(judged.ResponseHeader), Body: body, Size: size},
	)
}

// violations writes breaches down.
func (t *Talkdesk) violations(found []rules.Breach, ref int, conversation, name string) {
	for _, b := range found {
		t.record(journal.Entry{
			Kind: journal.Violation, From: journal.Connector, To: journal.Kit, Name: name, Ref: ref, Conversation: conversation, Requirement: b.Requirement,
			Note: "Expected " + b.Expected + "; recorded " + b.Recorded + ".",
		}, map[string]string{"expected": b.Expected, "recorded": b.Recorded, "pointer": b.Pointer})
	}
}

// sent is a webhook that is on its way.
type sent struct {
	seq int
	at  time.Time
}

// sending writes an event down that is about to leave.
func (t *Talkdesk) sending(x webhook.Exchange) {
	body, size := recorded(x.Event.Body)
	u, _ := url.Parse(x.URL) // it was made from one
	one := &sent{at: time.Now()}
	one.seq = t.record(
		journal.Entry{Kind: journal.Request, From: Webhook, To: journal.Connector, Name: x.Method + " " + x.Event.Action, Operation: x.Event.Action, Conversation: x.Event.Conversation},
		requestData{Method: x.Method, Host: withoutPort(u.Host), Path: u.EscapedPath(), Query: u.RawQuery, Headers: hiddenHeaders(x.Header), Body: body, Size: size},
	)
	t.mu.Lock()
	t.requests[x.Delivery] = one
	t.mu.Unlock()
}

// heard judges and writes down what became of an event.
func (t *Talkdesk) heard(x webhook.Exchange) {
	t.mu.Lock()
	one := t.requests[x.Delivery]
	delete(t.requests, x.Delivery)
	closed := t.closed
	t.mu.Unlock()
	if one == nil {
		t.recordUndelivered(x.Event, x.Undelivered)
		return
	}
	u, _ := url.Parse(x.URL) // it was made from one
	at := one.at.Sub(t.started)
	name := x.Method + " " + x.Event.Action
	if !closed {
		t.violations(t.judge.Delivery(rules.Exchange{
			Seq: one.seq, Party: rules.Webhook, Method: x.Method, Host: withoutPort(u.Host), Path: u.EscapedPath(), Query: u.RawQuery, Header: x.Header, Body: x.Event.Body,
			Status: x.Status, ResponseHeader: x.AnswerHeader, ResponseBody: x.Answer, At: at, Took: x.Latency,
		}), one.seq, x.Event.Conversation, name)
	}
	note := x.Note
	if x.Err != nil {
		note = strings.TrimSpace(note + " " + x.Err.Error())
	}
	body, size := recorded(x.Answer)
	ms := float64(x.Latency.Microseconds()) / 1000
	t.record(
		journal.Entry{Kind: journal.Response, From: journal.Connector, To: Webhook, Name: name, Ref: one.seq, Operation: x.Event.Action, Conversation: x.Event.Conversation, Note: note},
		responseData{Status: x.Status, Headers: hiddenHeaders(x.AnswerHeader), Body: body, Size: size, Ms: &ms},
	)
}

// recordUndelivered writes down that an event never left.
func (t *Talkdesk) recordUndelivered(e webhook.Event, why string) {
	t.record(
		journal.Entry{Kind: journal.Act, From: Webhook, To: journal.Connector, Name: "undelivered " + e.Action, Operation: e.Action, Conversation: e.Conversation, Untold: why, Note: "The event was not delivered: " + why + "."},
		map[string]json.RawMessage{"body": bodyOf(e.Body)},
	)
}

func bodyOf(body []byte) json.RawMessage {
	raw, _ := recorded(body)
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// act writes down what a person at the agent's side did.
func (t *Talkdesk) act(name, conversation string, data any) {
	t.record(journal.Entry{Kind: journal.Act, From: journal.Agent, To: API, Name: name, Conversation: conversation}, data)
}

// notePlayed writes a play of a fault down, before its effects.
func (t *Talkdesk) notePlayed(p fault.Played) {
	a := p.Arrival
	t.record(
		journal.Entry{Kind: journal.Act, From: journal.Kit, To: API, Name: "fault.played", Conversation: a.Conversation, Operation: a.Operation, Note: "On purpose: " + p.Fault.String() + " (" + a.String() + ")."},
		map[string]string{"kind": string(p.Fault.Kind), "moment": string(a.Moment), "operation": a.Operation},
	)
}

// recorded is a body as the journal keeps it: JSON as it is, other text as a string, bytes in base64, of what is too long the beginning. size is that of the whole where the entry does not show it.
func recorded(body []byte) (raw json.RawMessage, size int) {
	switch {
	case len(body) == 0:
		return nil, 0
	case len(body) > maxRecorded && utf8.Valid(body):
		end := maxRecorded
		for end > maxRecorded-utf8.UTFMax && !utf8.RuneStart(body[end]) {
			end--
		}
		return journal.Payload(string(body[:end]) + "… (" + strconv.Itoa(len(body)) + " bytes in all)"), len(body)
	case len(body) > maxRecorded:
		return journal.Payload(fmt.Sprintf("base64, the first %d of %d bytes: %s", maxRecorded, len(body), base64.StdEncoding.EncodeToString(body[:maxRecorded]))), len(body)
	case json.Valid(body) && utf8.Valid(body):
		return json.RawMessage(body), 0
	case utf8.Valid(body):
		return journal.Payload(string(body)), 0
	}
	return journal.Payload("base64: " + base64.StdEncoding.EncodeToString(body)), len(body)
}

// secretHeaders are headers whose values are secrets; of those that begin with a scheme, the scheme is kept.
var secretHeaders = map[string]bool{"Authorization": true, "Proxy-Authorization": true, "Cookie": true, "Set-Cookie": true, "X-Api-Key": true}

// hiddenHeaders is a header for the journal, with its secrets replaced.
func hiddenHeaders(h http.Header) map[string]string {
	all := map[string]string{}
	for name, values := range h {
		value := strings.Join(values, ", ")
		if secretHeaders[name] && value != "" {
			scheme, _, is := strings.Cut(value, " ")
			value = journal.Redacted
			if is && strings.HasSuffix(name, "Authorization") {
				value = scheme + " " + value
			}
		}
		all[name] = value
	}
	return all
}

// secretParameters are secrets wherever they stand in a query or a form, and in replies of the identity server.
var secretParameters = []string{"client_secret", "client_assertion", "access_token", "refresh_token", "id_token", "assertion", "password", files.Signature}

var (
	parameter = regexp.MustCompile(`(?i)(^|[?&"\\])(` + strings.Join(secretParameters, "|") + `)=[^&"\\\s]*`)
	member    = regexp.MustCompile(`(?i)("(?:` + strings.Join(secretParameters, "|") + `)"\s*:\s*")(?:[^"\\]|\\.)*"`)
)

func hiddenQuery(query string) string {
	return parameter.ReplaceAllString(query, "${1}${2}="+url.QueryEscape(journal.Redacted))
}

// signature is that of a link in a text.
var signature = regexp.MustCompile(`(` + files.Signature + `)=[^&"\\\s]*`)

// hiddenFields is a body for the journal, with the secrets replaced that show by their names: those of the identity server, and at the API the signatures of links. What people write is left as it is.
func hiddenFields(party journal.Party, body []byte) []byte {
	switch {
	case !utf8.Valid(body):
	case party == Identity:
		body = parameter.ReplaceAll(body, []byte("${1}${2}="+journal.Redacted))
		body = member.ReplaceAll(body, []byte("${1}"+journal.Redacted+`"`))
	case party == API:
		body = signature.ReplaceAll(body, []byte("${1}="+journal.Redacted))
	}
	return body
}
