package mockdesk_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
)

func TestAvailabilityByQueue(t *testing.T) {
	t.Parallel()
	s := open(t)
	assert.JSONEq(t, `{"status":"online","waiting":0}`, s.do("GET", "/v1/availability", "").raw)

	s.do("PUT", "/v1/conversations/"+idOne, `{"queue":"billing"}`)
	s.do("PUT", "/v1/conversations/"+idTwo, `{}`)
	s.desk.SetAvailability(mockdesk.Offline)
	s.desk.SetQueueAvailability("billing", mockdesk.Unknown)
	assert.JSONEq(t, `{"status":"unknown","waiting":1}`, s.do("GET", "/v1/availability?queue=billing", "").raw)
	assert.JSONEq(t, `{"status":"offline","waiting":0}`, s.do("GET", "/v1/availability?queue=travel", "").raw)
	assert.JSONEq(t, `{"status":"offline","waiting":2}`, s.do("GET", "/v1/availability", "").raw)

	var queues []string
	for _, q := range s.desk.Queries() {
		queues = append(queues, q.Queue)
		assert.Equal(t, s.clock.Now(), q.At)
	}
	assert.Equal(t, []string{"", "billing", "travel", ""}, queues)
}

func TestAConversationIsOpenedOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	body := `{"queue":"billing","context":{"summary":"A bill","reason":"angry","data":{"no":7}},"user":{"name":"Mia"},"more":1}`
	first := s.do("PUT", "/v1/conversations/"+idOne, body)
	assert.Equal(t, http.StatusCreated, first.status)
	assert.JSONEq(t, `{"id":"conversation-0001","state":"waiting","cursor":0,"uploads":{"allowed":true,"multiple":true,"maxBytes":67108864}}`, first.raw)

	c, err := s.desk.NextConversation(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, "billing", c.Queue())
	assert.Equal(t, "Mia", c.User().Name)
	assert.JSONEq(t, `{"summary":"A bill","reason":"angry","data":{"no":7}}`, string(c.Context()))
	assert.Equal(t, mockdesk.Waiting, c.State())

	_, err = s.desk.Agent("a1", "Ada").Join(c)
	require.NoError(t, err)
	again := s.do("PUT", "/v1/conversations/"+idOne, `{"queue":"other"}`)
	assert.Equal(t, http.StatusOK, again.status)
	assert.JSONEq(t, `{"id":"conversation-0001","state":"active","cursor":0,"uploads":{"allowed":true,"multiple":true,"maxBytes":67108864}}`, again.raw, "the stream begins at 0 for whoever repeats the request")
	assert.Len(t, s.desk.Conversations(), 1)
	assert.Equal(t, "billing", c.Queue())
}

func TestAnEmptyBodyOpensAConversation(t *testing.T) {
	t.Parallel()
	s := open(t)
	assert.Equal(t, http.StatusCreated, s.do("PUT", "/v1/conversations/"+idOne, "").status)
	assert.Equal(t, http.StatusCreated, s.do("PUT", "/v1/conversations/"+idTwo, `{"context":null,"user":null}`).status)
	for _, c := range s.desk.Conversations() {
		assert.Nil(t, c.Context())
		assert.Empty(t, c.Queue())
	}
	assert.Equal(t, 2, s.desk.OpenConversations())
}

func TestEndingAndWithdrawing(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	ended := s.do("DELETE", "/v1/conversations/"+idOne, "")
	assert.Equal(t, http.StatusNoContent, ended.status)
	assert.Empty(t, ended.raw)
	assert.Equal(t, mockdesk.Ended, c.State())
	assert.Equal(t, "user", c.EndedBy())
	assert.Equal(t, http.StatusGone, s.do("DELETE", "/v1/conversations/"+idOne, "").status)
	assert.Equal(t, http.StatusGone, s.do("PUT", "/v1/conversations/"+idOne, `{}`).status)
	assert.Equal(t, 2, c.Closures())
	assert.Zero(t, s.desk.OpenConversations())

	assert.Equal(t, http.StatusNoContent, s.do("DELETE", "/v1/conversations/"+idTwo, "").status, "withdrawn before it was opened")
	assert.Equal(t, http.StatusGone, s.do("PUT", "/v1/conversations/"+idTwo, `{}`).status)
	assert.Equal(t, http.StatusGone, s.do("DELETE", "/v1/conversations/"+idTwo, "").status)
	assert.Equal(t, http.StatusGone, s.do("PUT", "/v1/conversations/"+idTwo+"/messages/k", `{"text":"x"}`).status)
	assert.Equal(t, http.StatusGone, s.do("GET", "/v1/conversations/"+idTwo+"/events", "").status)
	assert.Len(t, s.desk.Conversations(), 1, "a withdrawn id is no conversation")
}

func TestAMessageIsStoredOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.do("PUT", "/v1/conversations/"+idOne, `{"user":{"name":"Mia"}}`)
	c, err := s.desk.NextConversation(s.ctx)
	require.NoError(t, err)
	path := "/v1/conversations/" + idOne + "/messages/"
	first := s.do("PUT", path+"k1", `{"text":" Hello "}`)
	assert.Equal(t, http.StatusCreated, first.status)
	assert.JSONEq(t, `{"key":"k1","cursor":1}`, first.raw)
	again := s.do("PUT", path+"k1", `{"text":"Hello"}`)
	assert.Equal(t, http.StatusOK, again.status)
	assert.JSONEq(t, `{"key":"k1","cursor":1}`, again.raw)
	assert.JSONEq(t, `{"key":"k2","cursor":2}`, s.do("PUT", path+"k2", `{"text":"There"}`).raw)

	_, err = c.End("closing time")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, s.do("PUT", path+"k1", `{"text":"Hello"}`).status, "what was stored stays acknowledged")
	assert.Equal(t, http.StatusGone, s.do("PUT", path+"k3", `{"text":"Too late"}`).status)

	assert.Equal(t, []mockdesk.Line{
		{Cursor: 1, Key: "k1", Role: "user", Name: "Mia", Text: " Hello ", At: s.clock.Now()},
		{Cursor: 2, Key: "k2", Role: "user", Name: "Mia", Text: "There", At: s.clock.Now()},
	}, c.Transcript())
	assert.JSONEq(t, `{"cursor":3,"events":[
		{"cursor":1,"type":"message","at":"2026-03-01T09:00:00.000Z","id":"k1","author":{"role":"user","name":"Mia"},"text":" Hello ","format":"text"},
		{"cursor":2,"type":"message","at":"2026-03-01T09:00:00.000Z","id":"k2","author":{"role":"user","name":"Mia"},"text":"There","format":"text"},
		{"cursor":3,"type":"conversation.ended","at":"2026-03-01T09:00:00.000Z","by":"desk","reason":"closing time"}]}`,
		s.do("GET", "/v1/conversations/"+idOne+"/events", "").raw)
}

func TestPollingFromACursor(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	assert.JSONEq(t, `{"events":[],"cursor":0}`, s.do("GET", "/v1/conversations/"+idOne+"/events", "").raw)
	for range 3 {
		_, err := c.Notice("Please wait.")
		require.NoError(t, err)
	}
	got := s.do("GET", "/v1/conversations/"+idOne+"/events?cursor=2", "").json(t)
	assert.EqualValues(t, 3, got["cursor"])
	require.Len(t, got["events"], 1)
	assert.EqualValues(t, 3, got["events"].([]any)[0].(map[string]any)["cursor"])
}

func TestEveryErrorIsAProblemDocument(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	conversation := "/v1/conversations/" + idOne
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"unknown route", "GET", "/v1/agents", "", 404, "PUT /v1/conversations/{id}/messages/{key}"},
		{"root", "GET", "/", "", 404, "GET /v1/availability"},
		{"unclean path", "GET", "/v1//availability", "", 404, "GET /v1/availability"},
		{"trailing slash", "GET", "/v1/availability/", "", 404, "GET /v1/availability"},
		{"wrong method", "POST", conversation, "{}", 405, "PUT, DELETE, OPTIONS"},
		{"short id", "PUT", "/v1/conversations/short", "{}", 400, `"id"`},
		{"long id", "PUT", "/v1/conversations/" + long, "{}", 400, `"id"`},
		{"strange id", "DELETE", "/v1/conversations/abcdefghijklmnop.q", "", 400, `"id"`},
		{"escaped slash in the id", "DELETE", "/v1/conversations/abcdefghijklmnop%2Fq", "", 400, `"id"`},
		{"id of a message", "PUT", "/v1/conversations/short/messages/k", `{"text":"x"}`, 400, `"id"`},
		{"id of a stream", "GET", "/v1/conversations/short/events", "", 400, `"id"`},
		{"strange key", "PUT", conversation + "/messages/a.b", `{"text":"x"}`, 400, `"key"`},
		{"long key", "PUT", conversation + "/messages/" + long, `{"text":"x"}`, 400, `"key"`},
		{"no JSON", "PUT", conversation, "{", 400, "not JSON"},
		{"no object", "PUT", conversation, "[]", 400, "JSON object"},
		{"null", "PUT", conversation, "null", 400, "JSON object"},
		{"two objects", "PUT", conversation, "{}{}", 400, "something follows"},
		{"queue of a wrong type", "PUT", conversation, `{"queue":1}`, 400, `"queue"`},
		{"user of a wrong type", "PUT", conversation, `{"user":{"name":[]}}`, 400, `"user.name"`},
		{"context of a wrong type", "PUT", conversation, `{"context":"x"}`, 400, `"context"`},
		{"summary of a wrong type", "PUT", conversation, `{"context":{"summary":1}}`, 400, `"summary"`},
		{"text of a wrong type", "PUT", conversation + "/messages/k", `{"text":1}`, 400, `"text"`},
		{"blank text", "PUT", conversation + "/messages/k", `{"text":" \n\t"}`, 400, `"text"`},
		{"no text", "PUT", conversation + "/messages/k", ``, 400, `"text"`},
		{"message to nowhere", "PUT", "/v1/conversations/" + idTwo + "/messages/k", `{"text":"x"}`, 404, "Open it first"},
		{"stream of nothing", "GET", "/v1/conversations/" + idTwo + "/events", "", 404, "Open it first"},
		{"cursor of letters", "GET", conversation + "/events?cursor=x", "", 400, `"cursor"`},
		{"cursor below zero", "GET", conversation + "/events?cursor=-1", "", 400, `"cursor"`},
		{"cursor ahead", "GET", conversation + "/events?cursor=1", "", 400, `"cursor"`},
		{"large body", "PUT", conversation + "/messages/k", `{"text":"` + strings.Repeat("x", 64<<10) + `"}`, 413, "65536"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.do(c.method, c.path, c.body, "Origin", "http://page.example")
			assert.Equal(t, c.status, got.status, got.raw)
			assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
			assert.Equal(t, "http://page.example", got.header.Get("Access-Control-Allow-Origin"), "the page must be able to read why")
			problem := got.json(t)
			assert.EqualValues(t, c.status, problem["status"])
			assert.Contains(t, problem["detail"], c.says)
			assert.Contains(t, problem["type"], "urn:deskcheck:problem:")
			assert.NotEmpty(t, problem["title"])
			assert.True(t, strings.HasPrefix(problem["instance"].(string), "/"))
		})
	}
	assert.Equal(t, "GET, PUT, DELETE, OPTIONS", s.do("PATCH", conversation, "").header.Get("Allow"))
	assert.Equal(t, "GET, OPTIONS", s.do("PUT", "/v1/availability", "").header.Get("Allow"))
	assert.Len(t, s.desk.Conversations(), 1, "none of it opened anything")
	assert.Empty(t, s.desk.Conversations()[0].Transcript())
}

func TestPreflightsAreAnsweredForEveryPath(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.desk.React(mockdesk.OpStart, mockdesk.Cut())
	for path, name := range map[string]string{
		"/v1/conversations/" + idOne: "OPTIONS /v1/conversations/{id}",
		"/v1/nowhere":                "OPTIONS /v1/nowhere",
	} {
		got := s.do("OPTIONS", path, "", "Origin", "http://page.example", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "content-type")
		assert.Equal(t, http.StatusNoContent, got.status)
		assert.Equal(t, "http://page.example", got.header.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, "GET, PUT, DELETE, OPTIONS", got.header.Get("Access-Control-Allow-Methods"))
		assert.Equal(t, "content-type", got.header.Get("Access-Control-Allow-Headers"))
		assert.Equal(t, "PUT", data(t, s.entry("request", name))["headers"].(map[string]any)["Access-Control-Request-Method"])
	}
	assert.Empty(t, s.do("GET", "/v1/availability", "").header.Get("Access-Control-Allow-Origin"), "nothing to allow without an origin")
}
