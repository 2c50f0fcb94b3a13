package rules

import (
	"cmp"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"deskcheck/fixtures"
)

// What is asked of answers to webhooks (DC-ACTION-09, DC-ACTION-10).
const (
	defaultTimeout = 10 * time.Second
	promptly       = time.Second
	mostTaken      = 1 << 20 // bytes of an event
	mostSlow       = 20      // one in so many may be slower
)

// hooks counts answers to webhooks.
type hooks struct {
	answered, slow int
	slowest        time.Duration
}

// event is what every webhook body has.
type event struct {
	ConversationID string `json:"conversation_id"`
}

// delivery judges a webhook delivery and its answer. Which of the rules count goes by what was sent: an event as its schema has it, about a conversation that the connector knows, at its URL and with right
// credentials, is to be taken; what is otherwise is to be refused, or left to the connector.
func (j *Judge) delivery(v *verdict, x Exchange) {
	j.leakInAnswer(v, x)
	if !j.about.Hook.Admits(x.Header) {
		if x.Status != 0 && x.Status != http.StatusUnauthorized && x.Status != http.StatusForbidden {
			v.breach("DC-ACTION-17", "", "401 or 403 for a call without the right credentials", strconv.Itoa(x.Status))
		}
		return
	}
	if x.Method != http.MethodPost {
		if x.Status/100 == 2 {
			v.breach("DC-ACTION-24", "", "404 or 405 for "+x.Method, strconv.Itoa(x.Status))
		}
		return
	}
	if len(x.Body) > mostTaken {
		return // No document says how much an event may be; whether to take so much is the connector's to say.
	}
	action := Action(x.Body)
	if action == "" {
		if x.Status/100 == 2 || x.Status/100 == 5 {
			v.breach("DC-ACTION-13", "", "a 4xx for a body that no schema allows", strconv.Itoa(x.Status))
		}
		return
	}
	var e event
	if json.Unmarshal(x.Body, &e) != nil {
		return
	}
	if action == eventStarted && j.chats[e.ConversationID] == nil {
		// The connector has it from here.
		j.chats[e.ConversationID] = &chat{id: e.ConversationID, answered: x.answered(), outbound: true}
	}
	c := j.chats[e.ConversationID]
	if c == nil || x.Status/100 == 4 && c.mayBeUnknown(action) {
		return
	}
	j.answer(v, x)
	if action == eventEnded && x.Status/100 == 2 {
		c.told = true
		c.end(x.answered(), eventEnded)
	}
}

// mayBeUnknown says whether a connector may have no such conversation any more, or may never have taken it on: it is over, or an agent has started it and the connector has said nothing in it. Only
// that it takes the start of it is asked then.
func (c *chat) mayBeUnknown(action string) bool {
	return action != eventStarted && (c.over || c.refused || c.outbound && c.messages == 0)
}

// eventStarted is the action that tells of a conversation which an agent started.
const eventStarted = "conversation_started"

// Action is the action whose schema allows the body of a webhook, empty if none does.
func Action(body []byte) string {
	for _, action := range []string{eventStarted, "message_created", eventEnded} {
		if len(fixtures.CheckDigitalConnect(action, body)) == 0 {
			return action
		}
	}
	return ""
}

// answer judges the answer to an event that must be taken.
func (j *Judge) answer(v *verdict, x Exchange) {
	timeout := cmp.Or(j.about.Hook.Timeout, defaultTimeout)
	switch {
	case x.Took >= timeout:
		v.breach("DC-ACTION-09", "", "an answer within "+timeout.String(), "none by then")
		return
	case x.Status == 0:
		v.breach("DC-ACTION-08", "", "a 2xx", "a connection that was closed without an answer")
		return
	case j.onlySlash(x):
		v.breach("DC-ACTION-23", "", "a 2xx at the URL with a slash as at that without", strconv.Itoa(x.Status))
	case x.Status/100 != 2:
		v.breach("DC-ACTION-08", "", "a 2xx", strconv.Itoa(x.Status))
		if asksAgain(x) {
			v.breach("DC-ACTION-19", "", "no answer that hopes for the event to come again: nothing says that it will", strconv.Itoa(x.Status))
		}
	case len(strings.TrimSpace(string(x.ResponseBody))) > 0 && !isJSON(x.ResponseBody):
		v.breach("DC-ACTION-08", "", "no body, or one in JSON", "a body of "+shown(x.ResponseHeader.Get("Content-Type"))+" that is no JSON")
	}
	j.hooks.answered++
	j.hooks.slowest = max(j.hooks.slowest, x.Took)
	if x.Took >= promptly {
		j.hooks.slow++
	}
}

// asksAgain says whether an answer asks for the event to be sent another time. A 500 says no more than that something broke.
func asksAgain(x Exchange) bool {
	return x.Status == http.StatusServiceUnavailable || x.Status == http.StatusTooManyRequests || x.ResponseHeader.Get("Retry-After") != ""
}

// onlySlash says whether an event was sent to the configured URL but for a slash at its end, and got no 2xx there.
func (j *Judge) onlySlash(x Exchange) bool {
	hook, err := url.Parse(j.about.Hook.URL)
	if err != nil || j.about.Hook.URL == "" || x.Status/100 == 2 {
		return false
	}
	path := cmp.Or(hook.EscapedPath(), "/")
	return x.Path != path && strings.TrimSuffix(x.Path, "/") == strings.TrimSuffix(path, "/")
}

func isJSON(body []byte) bool {
	var value any
	return json.Unmarshal(body, &value) == nil
}

// Admits says whether a call has the credentials that the integration is configured with. Where these are not known, or cannot be told by looking (oauth2), every call has.
func (h Hook) Admits(header http.Header) bool {
	switch h.Auth {
	case "basic":
		request := http.Request{Header: header}
		user, secret, is := request.BasicAuth()
		return is && same(user, h.User) && same(secret, h.Secret)
	case "api-key":
		return same(header.Get(cmp.Or(h.Header, "X-API-Key")), h.Secret)
	}
	return true
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// leakInAnswer is DC-AUTH-16 for what a connector answers.
func (j *Judge) leakInAnswer(v *verdict, x Exchange) {
	if j.secretIn(string(x.ResponseBody)) || j.secretInHeader(x.ResponseHeader) {
		v.breach("DC-AUTH-16", "", "no secret in the answer to a webhook", "a secret")
	}
}

// end is DC-ACTION-10, for the 95th of a hundred answers, and at least two that are slow: one may be the machine's.
func (h *hooks) end(v *verdict) {
	if h.slow > 1 && h.slow*mostSlow > h.answered {
		v.breach("DC-ACTION-10", "", "95 of 100 answers within "+promptly.String(), fmt.Sprintf("%d of %d that took longer, the slowest %s", h.slow, h.answered, h.slowest.Round(time.Millisecond)))
	}
}
