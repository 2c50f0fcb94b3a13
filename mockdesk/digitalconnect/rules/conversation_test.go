package rules_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"deskcheck/mockdesk/digitalconnect/rules"
)

// startWith is a start with a member more in its body.
func startWith(members string) rules.Exchange {
	return start(body(`{"touchpoint_id":"tp-1","contact_person":{"email":"ann@example.test"}` + members + `}`))
}

func TestStartRules(t *testing.T) {
	check(t, []verdict{
		{requirement: "DC-CONV-01", keeps: list(start()), breaks: list(start(path("/digital-connect/v1/conversations")))},
		{requirement: "DC-CONV-01", name: "type", breaks: list(start(header("Content-Type", "text/plain")))},
		{requirement: "DC-CONV-01", name: "no JSON", breaks: list(start(body("{")))},
		{requirement: "DC-CONV-01", name: "list", breaks: list(start(body("[]")))},
		{requirement: "DC-CONV-01", name: "same key twice", breaks: list(startWith(`,"subject":"a","subject":"b"`))},
		{requirement: "DC-CONV-02", breaks: list(start(body(`{"touchpoint_id":"+15550100","contact_person":{"email":"ann@example.test"}}`)))},
		{requirement: "DC-TOUCH-03", keeps: list(startWith("")), breaks: list(start(body(`{"touchpoint_id":"Web","contact_person":{"email":"ann@example.test"}}`))), also: []string{"DC-CONV-02"}},
		{
			requirement: "DC-CONV-02", name: "friendly name", keeps: list(startWith("")), breaks: list(start(body(`{"touchpoint_id":"Web","contact_person":{"email":"ann@example.test"}}`))),
			about: func(a *rules.About) { a.Touchpoint = "" }, also: []string{"DC-TOUCH-03"},
		},
		{requirement: "DC-CONV-02", name: "case of the key", breaks: list(start(body(`{"Touchpoint_ID":"tp-1","contact_person":{"email":"ann@example.test"}}`))), also: []string{"DC-CONV-20"}},
		{requirement: "DC-CONV-03", breaks: list(start(body(`{"touchpoint_id":"tp-1","contact_person":{"email":null}}`)))},
		{requirement: "DC-CONV-03", name: "nobody", breaks: list(start(body(`{"touchpoint_id":"tp-1"}`)))},
		{requirement: "DC-CONV-04", breaks: list(start(body(`{"touchpoint_id":"tp-1","contact_person":{"email":"anonymous"}}`)))},
		{requirement: "DC-CONV-05", keeps: list(startWith(`,"subject":""`)), breaks: list(startWith(`,"subject":null`))},
		{requirement: "DC-CONV-06", keeps: list(startWith(`,"context_parameters":null`), startWith(`,"context_parameters":{}`)), breaks: list(startWith(`,"context_parameters":[{"name":"Intent","value":"x"}]`))},
		{requirement: "DC-CONV-07", keeps: list(startWith(`,"previous_messages":[]`)), breaks: list(startWith(`,"previous_messages":[{"type":"assistant","content":"x","created_at":""}]`))},
		{requirement: "DC-CONV-07", name: "epoch", breaks: list(startWith(`,"previous_messages":[{"type":"user","content":"x","created_at":1735689600}]`))},
		{requirement: "DC-CONV-07", name: "no content", breaks: list(startWith(`,"previous_messages":[{"type":"user","created_at":""}]`))},
		{requirement: "DC-CONV-07", name: "no list", breaks: list(startWith(`,"previous_messages":null`))},
		{requirement: "DC-CONV-07", name: "no object", breaks: list(startWith(`,"previous_messages":["hi"]`))},
		{requirement: "DC-CONV-20", breaks: list(startWith(`,"channel":"web"`))},
		{requirement: "DC-CONV-20", name: "contact", breaks: list(start(body(`{"touchpoint_id":"tp-1","contact_person":{"email":"ann@example.test","name":"Ann"}}`)))},
		{requirement: "DC-ARG-01", breaks: list(startWith(`,"context_parameters":{"arguments":{"Intent":"x"}}`)), also: []string{"DC-ARG-03"}},
		{requirement: "DC-ARG-01", name: "beside", breaks: list(startWith(`,"Intent":"x"`)), also: []string{"DC-CONV-20"}},
		{requirement: "DC-ARG-01", name: "elsewhere", breaks: list(startWith(`,"arguments":{"Intent":"x"}`)), also: []string{"DC-CONV-20"}},
		{requirement: "DC-ARG-02", keeps: list(startWith(`,"context_parameters":{"Other":"x"}`)), breaks: list(startWith(`,"context_parameters":{"intent":"x"}`))},
		{requirement: "DC-ARG-03", breaks: list(startWith(`,"context_parameters":{"Intent":{"a":1}}`))},
		{requirement: "DC-ARG-07", breaks: list(start(), message(method(http.MethodPatch), path(rules.ConversationsPath+"/c-1")))},
		{requirement: "DC-ARG-08", breaks: list(startWith(`,"context_parameters":""`)), also: []string{"DC-CONV-06"}},
	})
}

func TestKeys(t *testing.T) {
	key := func(value string) change { return header("x-idempotency-key", value) }
	check(t, []verdict{
		{requirement: "DC-CONV-09", keeps: list(start(key("k-1"), answered(http.StatusServiceUnavailable, "{}")), start(key("k-1")), start(key("k-1"))), breaks: list(start(key("k-1")), start(key("k-1"), body(`{"touchpoint_id":"tp-1","contact_person":{"email":"ben@example.test"}}`)))},
		{requirement: "DC-MSG-05", keeps: list(start(), message(key("m-1")), message(key("m-1")), message(key("m-2"))), breaks: list(start(), message(key("m-1")), message(key("m-1"), body(`{"content":"Other"}`)))},
		{requirement: "DC-MSG-05", name: "of the start", breaks: list(start(key("k-1")), message(key("k-1")))},
	})
}

func TestIDs(t *testing.T) {
	in := func(segment string) rules.Exchange {
		return message(path(rules.ConversationsPath+"/"+segment+"/messages"), answered(http.StatusNotFound, "{}"))
	}
	const long = "a-very-long-id-0123456789"
	check(t, []verdict{
		{requirement: "DC-CONV-10", keeps: list(start(), message(), in("c-of-yesterday")), breaks: list(start(), in("c~1:50%25"))},
		{requirement: "DC-CONV-10", name: "escaped twice", breaks: list(start(), in("c~1:50%252525"))},
		{requirement: "DC-CONV-10", name: "no escape", breaks: list(start(), in("c~1:50%"))},
		{requirement: "DC-CONV-10", name: "case", breaks: list(start(), in("C~1:50%2525"))},
		{requirement: "DC-CONV-10", name: "cut off", breaks: list(start(answered(http.StatusCreated, `{"id":"`+long+`"}`)), in(long[:20]))},
		{requirement: "DC-CONV-15", breaks: list(start(), in("undefined"))},
	})
}

func TestOneStartATransfer(t *testing.T) {
	started := func(id, email string, changes ...change) rules.Exchange {
		return start(append([]change{body(`{"touchpoint_id":"tp-1","contact_person":{"email":"` + email + `"}}`), answered(http.StatusCreated, `{"id":"`+id+`"}`)}, changes...)...)
	}
	one := func(a *rules.About) { a.Users = 1 }
	ann := func(id string, moment time.Duration) rules.Exchange { return started(id, "ann@x.test", at(moment)) }
	ben := started("c-9", "ben@x.test")
	ended := call(http.MethodDelete, rules.ConversationsPath+"/c-1", "", answered(http.StatusNoContent, ""), at(time.Second))
	said := call(http.MethodPost, rules.ConversationsPath+"/c-1/messages", `{"content":"x"}`, answered(http.StatusCreated, "{}"))
	key := header("X-Idempotency-Key", "k")
	check(t, []verdict{
		{requirement: "DC-CONV-12", keeps: list(ann("c-1", 0), ended, ann("c-2", 2*time.Second)), breaks: list(ann("c-1", 0), ann("c-2", time.Second)), about: one},
		{requirement: "DC-CONV-12", name: "carried on", keeps: list(ann("c-1", 0), said, ann("c-2", time.Second)), about: one},
		{requirement: "DC-CONV-12", name: "a repetition", keeps: list(started("c-1", "ann@x.test", key), started("c-1", "ann@x.test", key, at(time.Second))), about: one},
		{requirement: "DC-CONV-12", name: "an answer that was lost", keeps: list(started("c-1", "ann@x.test", answered(0, "")), ann("c-2", time.Second)), about: one},
		{
			requirement: "DC-CONV-12", name: "an answer that could not be read", about: one,
			keeps: list(started("c-1", "ann@x.test", func(x *rules.Exchange) { x.ResponseHeader.Set("Content-Type", "text/html") }), ann("c-2", time.Second)),
		},
		{requirement: "DC-CONV-12", name: "several users", keeps: list(ben, ann("c-1", 0), ann("c-2", time.Second)), breaks: list(ben, ann("c-1", 0), ann("c-2", time.Second), ann("c-3", 2*time.Second))},
		{requirement: "DC-CONV-12", name: "one address for all", keeps: list(ann("c-1", 0), ann("c-2", time.Second), ann("c-3", 2*time.Second))},
		{requirement: "DC-CONV-12", name: "at once", keeps: list(ben, ann("c-1", 0), ann("c-2", 0), ann("c-3", 0))},
	})
}

func TestMessageRules(t *testing.T) {
	refused := message(answered(http.StatusConflict, `{"code":"3016011","message":"over"}`), at(time.Second))
	check(t, []verdict{
		{requirement: "DC-MSG-01", keeps: list(start(), message(), message(body(`{"attachments":[{"id":"a-1","name":"x.pdf","type":"application/pdf","size":5}]}`))), breaks: list(start(), message(header("Content-Type", "")))},
		{requirement: "DC-MSG-01", name: "text", breaks: list(start(), message(body(`{"text":"Hello"}`))), also: []string{"DC-CONV-20"}},
		{requirement: "DC-MSG-01", name: "null", breaks: list(start(), message(body(`{"content":null}`)))},
		{requirement: "DC-MSG-01", name: "path", breaks: list(start(), message(path("/digital-connect/messages")))},
		{requirement: "DC-MSG-06", breaks: list(start(), message(body(`{}`)))},
		{requirement: "DC-MSG-06", name: "blank", breaks: list(start(), message(body(`{"content":" \n"}`)))},
		{requirement: "DC-MSG-08", keeps: list(start(), message(), refused, message(at(1500*time.Millisecond))), breaks: list(start(), refused, message(at(4*time.Second)))},
	})
}

func TestEndRules(t *testing.T) {
	check(t, []verdict{
		{requirement: "DC-END-01", keeps: list(start(), end()), breaks: list(start(), end(body(`{"reason":"bye"}`)))},
		{requirement: "DC-END-01", name: "operation", breaks: list(start(), message(path(rules.ConversationsPath+"/c-1/end"), body("")))},
		{requirement: "DC-END-05", keeps: list(start(), end(), message(at(500*time.Millisecond))), breaks: list(start(), end(), message(at(3*time.Second)))},
		{requirement: "DC-END-05", name: "by the agent", keeps: list(start(), delivery(over), message(at(900*time.Millisecond))), breaks: list(start(), delivery(over), message(at(3*time.Second)))},
		{requirement: "DC-END-05", name: "an end that was refused", keeps: list(start(), end(answered(http.StatusServiceUnavailable, "{}")), message(at(3*time.Second)))},
		{requirement: "DC-END-05", name: "an end that nobody took", keeps: list(start(), delivery(over, answered(0, ""), took(10*time.Millisecond), func(x *rules.Exchange) { x.Body = []byte(strings.ReplaceAll(over, chatID, "elsewhere")) }), message(at(3*time.Second)))},
		{requirement: "DC-END-06", keeps: list(start(), end(at(0)), delivery(over, at(time.Millisecond))), breaks: list(start(), delivery(over), end(at(20*time.Millisecond)))},
		{requirement: "DC-END-06", name: "on its way", keeps: list(start(), delivery(over, took(time.Second)), end(at(500*time.Millisecond), answered(http.StatusConflict, "{}")))},
	})
}

func TestReadStart(t *testing.T) {
	s, problems := rules.ReadStart("application/json; charset=utf-8", []byte(goodStart))
	assert.Empty(t, problems)
	assert.Equal(t, "tp-1", s.TouchpointID)
	assert.Equal(t, "ann@example.test", s.Email)
	assert.Equal(t, map[string]any{"Intent": "billing"}, s.Arguments)
	assert.Equal(t, []rules.Previous{{Type: "USER", Content: "hi", CreatedAt: "now"}, {Type: "external", Content: "hello", CreatedAt: "now"}}, s.Previous)
	_, problems = rules.ReadStart("application/json", []byte(`{"touchpoint_id":7}`))
	assert.Equal(t, rules.Senseless, problems[0].Weight)
	assert.Equal(t, "/touchpoint_id", problems[0].Pointer)
}

func FuzzBodies(f *testing.F) {
	f.Add([]byte(goodStart))
	f.Add([]byte(`{"content":"x","attachments":[{"id":"a","name":"x.pdf","type":"application/pdf","size":"12"}]}`))
	f.Add([]byte(`{"attachments":[{"size":1e400}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		j := rules.New(about())
		for _, x := range list(start(body(string(text))), message(body(string(text))), token(body(string(text)), header("Content-Type", "application/x-www-form-urlencoded")), message(path("/"+string(text)))) {
			for _, b := range j.Request(x) {
				if b.Requirement == "" {
					t.Fatalf("a breach of no rule: %v", b)
				}
			}
		}
		_ = fmt.Sprint(j.Delivery(delivery(string(text))))
	})
}
