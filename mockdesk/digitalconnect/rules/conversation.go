package rules

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// ConversationsPath is where conversations are started, at the API host (DC-CONV-01).
const ConversationsPath = "/digital-connect/conversations"

// chat is a conversation as the exchanges show it.
type chat struct {
	id, email string
	// answered is when its start was, messages how many messages were taken.
	answered time.Duration
	messages int
	// over says that one side has ended it and the connector knows; since is when it came to know, how says by what.
	over  bool
	since time.Duration
	how   string
	// told says that the connector has taken conversation_ended.
	told bool
	// refused says that a message was refused because the conversation has ended.
	refused bool
	// outbound says that an agent has started it.
	outbound bool
	// unsure says that the connector may not have been able to read the answer to its start.
	unsure bool
}

// end says that the connector knows that the conversation is over.
func (c *chat) end(at time.Duration, how string) {
	if !c.over {
		c.over, c.since, c.how = true, at, how
	}
}

// keyed is a request with an idempotency key that was seen.
type keyed struct {
	path string
	body [sha256.Size]byte
}

// api judges a request to the API host.
func (j *Judge) api(v *verdict, x Exchange) {
	if x.Path == TokenPath {
		v.breach("DC-AUTH-01", "", "POST "+TokenPath+" at the identity host", "the same at the API host")
		return
	}
	j.authorized(v, x)
	j.calls.api(x)
	rest, is := strings.CutPrefix(x.Path, ConversationsPath)
	switch {
	case !is:
		j.elsewhere(v, x)
	case rest == "" && x.Method == http.MethodPost:
		j.start(v, x)
	case strings.HasPrefix(rest, "/"):
		j.within(v, x, rest[1:])
	default:
		j.unknownCall(v, x)
	}
}

// elsewhere is a path that is none of conversations.
func (j *Judge) elsewhere(v *verdict, x Exchange) {
	if strings.HasPrefix(x.Path, "/attachments") {
		j.attachments(v, x)
		return
	}
	j.unknownCall(v, x)
}

// within is a path below that of conversations.
func (j *Judge) within(v *verdict, x Exchange, rest string) {
	segment, action, deeper := strings.Cut(rest, "/")
	switch {
	case !deeper && x.Method == http.MethodDelete:
		j.ended(v, x, segment)
	case deeper && action == "messages" && x.Method == http.MethodPost:
		j.message(v, x, segment)
	default:
		j.unknownCall(v, x)
	}
}

// unknownCall names the rule that a call comes nearest to which is no operation. A call that only reads is nobody's breach.
func (j *Judge) unknownCall(v *verdict, x Exchange) {
	recorded := x.Method + " " + x.Path
	path := strings.ToLower(x.Path)
	switch {
	case x.Method == http.MethodPatch || x.Method == http.MethodPut:
		if strings.Contains(path, "conversation") {
			v.breach("DC-ARG-07", "", "all arguments with the start: no operation changes a conversation", recorded)
		}
	case x.Method == http.MethodDelete || strings.HasSuffix(path, "/end") || strings.HasSuffix(path, "/close"):
		v.breach("DC-END-01", "", "DELETE "+ConversationsPath+"/{id}", recorded)
	case x.Method != http.MethodPost:
	case strings.Contains(path, "message"):
		v.breach("DC-MSG-01", "", "POST "+ConversationsPath+"/{id}/messages", recorded)
	case strings.Contains(path, "conversation"):
		v.breach("DC-CONV-01", "", "POST "+ConversationsPath, recorded)
	}
}

// start judges a start.
func (j *Judge) start(v *verdict, x Exchange) {
	r := &reader{operation: "DC-CONV-01"}
	said, object := r.start(x.Header.Get("Content-Type"), x.Body)
	for _, p := range r.problems {
		v.found = append(v.found, p.Breach)
	}
	j.touchpoint(v, said.TouchpointID)
	j.arguments(v, object)
	j.contents(v, object)
	replayed := j.key(v, x, "DC-CONV-09")
	var reply struct {
		ID string `json:"id"`
	}
	if x.Status != http.StatusCreated || json.Unmarshal(x.ResponseBody, &reply) != nil || reply.ID == "" || j.chats[reply.ID] != nil {
		return
	}
	c := &chat{id: reply.ID, email: said.Email, answered: x.answered(), unsure: !strings.HasPrefix(x.ResponseHeader.Get("Content-Type"), "application/json")}
	if !replayed {
		j.oncePerTransfer(v, x, c)
	}
	j.chats[c.id] = c
	j.starts = append(j.starts, c)
}

// touchpoint is DC-CONV-02, and DC-TOUCH-03 for the name of a touchpoint in the place of its id.
func (j *Judge) touchpoint(v *verdict, id string) {
	if id != j.about.Touchpoint && slices.Contains(j.about.FriendlyNames, id) {
		v.breach("DC-TOUCH-03", "/touchpoint_id", "the touchpoint by its id alone", "its friendly name, "+shown(id))
	}
	switch {
	case id == "":
	case j.about.Touchpoint != "" && id != j.about.Touchpoint:
		v.breach("DC-CONV-02", "/touchpoint_id", "the configured Touchpoint ID, "+j.about.Touchpoint, shown(id))
	case j.about.Touchpoint == "" && slices.Contains(j.about.FriendlyNames, id):
		v.breach("DC-CONV-02", "/touchpoint_id", "the id of the touchpoint", "its friendly name, "+shown(id))
	}
}

// arguments is DC-ARG-01 and DC-ARG-02, for the names that are known, and DC-ARG-06.
func (j *Judge) arguments(v *verdict, object map[string]any) {
	parameters, _ := object["context_parameters"].(map[string]any)
	for _, name := range j.about.Arguments {
		for _, key := range sorted(object) {
			if key == name {
				v.breach("DC-ARG-01", below("", key), "the argument in context_parameters", "the argument beside it")
			}
			if inner, is := object[key].(map[string]any); is && key != "context_parameters" && key != "contact_person" && has(inner, name) {
				v.breach("DC-ARG-01", below(below("", key), name), "the argument in context_parameters", "the argument in "+key)
			}
		}
		for _, key := range sorted(parameters) {
			if inner, is := parameters[key].(map[string]any); is && has(inner, name) {
				v.breach("DC-ARG-01", below(below("/context_parameters", key), name), "the argument in context_parameters itself", "the argument within "+key)
			}
			if key != name && strings.EqualFold(key, name) && !slices.Contains(j.about.Arguments, key) {
				v.breach("DC-ARG-02", below("/context_parameters", key), "the argument's name as it is in Studio: "+name, shown(key))
			}
		}
	}
	for _, key := range sorted(parameters) {
		text, err := json.Marshal(map[string]any{key: parameters[key]})
		if err == nil && j.secretIn(string(text)) {
			v.breach("DC-ARG-06", "/context_parameters", "no secret among the arguments", "a secret in one of them")
		}
	}
}

func has(object map[string]any, key string) bool {
	_, there := object[key]
	return there
}

// contents is DC-AUTH-16 for what people read: the subject, the dialogue before, a message.
func (j *Judge) contents(v *verdict, object map[string]any) {
	for _, key := range sorted(object) {
		if key == "context_parameters" {
			continue
		}
		text, err := json.Marshal(object[key])
		if err == nil && j.secretIn(string(text)) {
			v.breach("DC-AUTH-16", below("", key), "no secret where people read", "a secret")
		}
	}
}

// key is DC-CONV-09 and DC-MSG-05 as far as one can see it: a key that came with another body, or another address, before. Whether a repeated request has its first key cannot be judged here, since the
// same words may be meant twice. It says whether the very same request came before.
func (j *Judge) key(v *verdict, x Exchange, requirement string) (replayed bool) {
	key := x.Header.Get("X-Idempotency-Key")
	if key == "" {
		return false
	}
	now := &keyed{path: x.Path, body: sha256.Sum256(x.Body)}
	before := j.keys[key]
	if before == nil {
		j.keys[key] = now
		return false
	}
	if *before != *now {
		v.breach(requirement, "X-Idempotency-Key", "a new key for each transfer and each message", "the key of an earlier request that said something else")
		return false
	}
	return true
}

// oncePerTransfer is DC-CONV-12. One e-mail address is taken for one end user (DC-CONV-04), and so that this is safe the rule asks for more than one sign. With one user taking part: a second start when the
// first was answered, goes on, and was given no message. With several, or an unknown number: a third such start of one address, where there are other addresses, too.
func (j *Judge) oncePerTransfer(v *verdict, x Exchange, c *chat) {
	idle, others := 0, false
	for _, before := range j.starts {
		switch {
		case before.email != c.email:
			others = true
		case !before.over && !before.refused && !before.unsure && before.messages == 0 && before.answered < x.At:
			idle++
		}
	}
	if c.email != "" && (j.about.Users == 1 && idle >= 1 || others && idle >= 2) {
		v.breach("DC-CONV-12", "", "further turns in messages of the conversation", fmt.Sprintf("a new start, with %d conversations of the same contact open and without a message", idle))
	}
}

// message judges a message.
func (j *Judge) message(v *verdict, x Exchange, segment string) {
	r := &reader{operation: "DC-MSG-01"}
	said := r.message(x.Header.Get("Content-Type"), x.Body)
	for _, p := range r.problems {
		v.found = append(v.found, p.Breach)
	}
	if said.Content != nil && j.secretIn(*said.Content) {
		v.breach("DC-AUTH-16", "/content", "no secret where people read", "a secret")
	}
	j.key(v, x, "DC-MSG-05")
	j.inMessage(v, said.Files)
	c := j.named(v, segment)
	if c == nil {
		return
	}
	switch {
	case c.over && x.At > c.since+onItsWay:
		v.breach("DC-END-05", "", "no message after the end", "a message "+(x.At-c.since).Round(time.Millisecond).String()+" after "+c.how)
	case c.refused && x.At > c.since+onItsWay:
		v.breach("DC-MSG-08", "", "no message after one was refused because the conversation had ended", "another message")
	}
	switch {
	case x.Status == http.StatusCreated || x.Status == http.StatusPartialContent:
		c.messages++
	case x.Status/100 == 4 && IsEnded(x.ResponseBody) && !c.refused && !c.over:
		c.refused, c.since = true, x.answered()
	}
}

// IsEnded says whether an answer refuses because the conversation has ended (DC-MSG-08): by the one code that is known from the real service.
func IsEnded(body []byte) bool {
	var envelope struct {
		Code string `json:"code"`
	}
	return json.Unmarshal(body, &envelope) == nil && envelope.Code == "3016011"
}

// named finds the conversation of a path segment. It is DC-CONV-10 where the segment is plainly what a conversation's id has become, and DC-CONV-15 where there was none to use yet; an id that the judge
// never saw given may be from before.
func (j *Judge) named(v *verdict, segment string) *chat {
	id, err := url.PathUnescape(segment)
	if err != nil {
		v.breach("DC-CONV-10", "", "the id of the conversation, escaped for a path", "a path that cannot be unescaped")
		return nil
	}
	if c := j.chats[id]; c != nil {
		return c
	}
	switch strings.ToLower(id) {
	case "", "undefined", "null", "none", "nil", "nan", "{id}", "[object object]":
		v.breach("DC-CONV-15", "", "nothing said in a conversation until its start is answered", "a call for the conversation "+shown(id))
		return nil
	}
	for _, given := range sorted(j.chats) {
		if became(id, given) {
			v.breach("DC-CONV-10", "", "the id as it was given, escaped for a path", "what is left of it when it is not taken as it is")
			return nil
		}
	}
	return nil
}

// became says whether an id is what another becomes that was not escaped, was escaped twice, changed its case or was cut off.
func became(id, given string) bool {
	const leastPrefix = 8
	if unescaped, err := url.PathUnescape(given); err == nil && unescaped != given && (id == unescaped || id == strings.SplitN(unescaped, "/", 2)[0]) {
		return true
	}
	return id == url.PathEscape(given) || id == url.QueryEscape(given) || strings.EqualFold(id, given) || len(id) >= leastPrefix && strings.HasPrefix(given, id)
}

// ended judges a DELETE.
func (j *Judge) ended(v *verdict, x Exchange, segment string) {
	if len(x.Body) > 0 {
		v.breach("DC-END-01", "", "a DELETE without a body", fmt.Sprintf("one with %d bytes", len(x.Body)))
	}
	c := j.named(v, segment)
	if c == nil {
		return
	}
	// That the connector has answered the event says that it has heard it; a user who ends in the same moment may still have had a DELETE sent before.
	if c.told && x.At > c.since && c.how == eventEnded {
		v.breach("DC-END-06", "", "no DELETE for a conversation that has ended by "+eventEnded, "a DELETE "+(x.At-c.since).Round(time.Millisecond).String()+" after it was answered")
	}
	if x.Status/100 == 2 {
		c.end(x.answered(), "the DELETE")
	}
}

// eventEnded is the action that tells a connector of an end.
const eventEnded = "conversation_ended"
