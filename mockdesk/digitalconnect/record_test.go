package digitalconnect_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/webhook"
	"deskcheck/mockdesk/journal"
)

// data is the data of an entry.
func data(t *testing.T, e journal.Entry) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal(e.Data, &value), "%s", e.Data)
	return value
}

func TestEntries(t *testing.T) {
	s := newStage(t)
	s.hook = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ok":true}`))
	}
	c := s.start()
	s.say(c, `{"content":"hi"}`, "x-idempotency-key", "m-1")
	sent, err := c.Say(digitalconnect.Message{Text: new("hello")})
	require.NoError(t, err)
	s.delivered(sent.Delivery)

	asked := s.await("POST /oauth/token", journal.Request)
	assert.Equal(t, []any{journal.Connector, digitalconnect.Identity, "token"}, []any{asked.From, asked.To, asked.Operation})
	told := data(t, asked)
	assert.Equal(t, []any{"POST", "acme.talkdeskid.com", "/oauth/token", "grant_type=client_credentials", "Basic [redacted]"}, []any{told["method"], told["host"], told["path"], told["body"], told["headers"].(map[string]any)["Authorization"]})
	given := s.await("POST /oauth/token", journal.Response)
	assert.Equal(t, asked.Seq, given.Ref)
	assert.Equal(t, map[string]any{"access_token": "[redacted]", "token_type": "Bearer", "expires_in": 600.0, "scope": allScopes}, data(t, given)["body"])

	posted := s.await("POST /digital-connect/conversations/"+c.ID()+"/messages", journal.Request)
	assert.Equal(t, []any{journal.Connector, digitalconnect.API, "message", c.ID()}, []any{posted.From, posted.To, posted.Operation, posted.Conversation})
	headers := data(t, posted)["headers"].(map[string]any)
	assert.Equal(t, "Bearer [redacted]", headers["Authorization"])
	assert.Equal(t, "m-1", headers["X-Idempotency-Key"])
	assert.Equal(t, map[string]any{"content": "hi"}, data(t, posted)["body"])
	started := s.await("POST /digital-connect/conversations", journal.Response)
	assert.Equal(t, c.ID(), started.Conversation, "known from the answer on")

	act := s.await("say", journal.Act)
	event := s.await("POST message_created", journal.Request)
	reply := s.await("POST message_created", journal.Response)
	assert.Equal(t, []any{journal.Agent, c.ID()}, []any{act.From, act.Conversation})
	assert.Equal(t, []any{digitalconnect.Webhook, journal.Connector, "message_created", c.ID()}, []any{event.From, event.To, event.Operation, event.Conversation})
	assert.Equal(t, "/hook", data(t, event)["path"])
	assert.Equal(t, event.Seq, reply.Ref)
	assert.Less(t, act.Seq, event.Seq)
	assert.Equal(t, map[string]any{"ok": true}, data(t, reply)["body"])
	assert.InDelta(t, 200, data(t, reply)["status"], 0)
	assert.Contains(t, data(t, reply), "ms")
}

func TestViolationStandsBeforeTheAnswer(t *testing.T) {
	s := newStage(t)
	s.signIn()
	a := s.do(http.MethodPost, conversations, strings.Replace(aStart, `"contact_person"`, `"channel":"web","contact_person"`, 1))
	require.Equal(t, http.StatusCreated, a.status)
	broken := s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Violation })
	require.Len(t, broken, 1)
	request, response := s.await("POST "+conversations, journal.Request), s.await("POST "+conversations, journal.Response)
	assert.Equal(t, []any{journal.Connector, "DC-CONV-20", request.Seq, a.member("id")}, []any{broken[0].From, broken[0].Requirement, broken[0].Ref, broken[0].Conversation})
	assert.Equal(t, []int{request.Seq + 1, request.Seq + 2}, []int{broken[0].Seq, response.Seq})
	assert.Equal(t, "/channel", data(t, broken[0])["pointer"])
	assert.Contains(t, broken[0].Note, `recorded the field "channel"`)
}

// TestNoSecretIsWrittenDown has a connector put every secret everywhere.
func TestNoSecretIsWrittenDown(t *testing.T) {
	const hookSecret = "hook-secret-canary"
	signing := newSigner(t)
	s := newStage(t, account(func(a *digitalconnect.Account) {
		a.Clients[0].Keys = []digitalconnect.Key{{ID: "key-1", PublicKey: signing.public}}
		a.Integrations[0].Auth = digitalconnect.Auth{Type: webhook.APIKey, Secret: hookSecret}
	}))
	c := s.start()
	s.hook = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Debug", s.token)
		_, _ = fmt.Fprintf(w, "%s %s %s", secret, s.token, hookSecret)
	}
	assertion := signing.form(nil)
	_, err := s.call(http.MethodPost, identity+"/oauth/token", "application/x-www-form-urlencoded", assertion.Encode())
	require.NoError(t, err)
	_, err = s.call(http.MethodPost, identity+"/oauth/token?client_secret="+secret, "application/x-www-form-urlencoded", "grant_type=client_credentials&client_id=kit-client&client_secret=mistyped-secret")
	require.NoError(t, err)
	_, err = s.call(http.MethodPost, identity+"/oauth/token", "application/x-www-form-urlencoded", "grant_type=client_credentials", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("kit-client:another-secret")))
	require.NoError(t, err)
	s.do(http.MethodPost, conversations, `{"touchpoint_id":"`+touchpoint+`","contact_person":{"email":"ann@example.test"},"subject":"`+s.token+`","context_parameters":{"Intent":"`+secret+`"},"`+secret+`":1}`, "X-Other", secret)
	s.say(c, `{"content":"Bearer `+s.token+`","`+s.token+`":"x"}`)
	s.do(http.MethodGet, "/"+s.token+"?key="+secret, "")
	_, err = s.call(http.MethodPut, storage+"/uploads/1?X-Signature=abcdefgh", "text/plain", secret, "Authorization", "Bearer "+s.token)
	require.NoError(t, err)
	link := s.do(http.MethodPost, "/attachments/2023-03/upload-link", "{}").member("url")
	_, signature, _ := strings.Cut(link, "=")
	_, err = s.call(http.MethodPut, link, "text/plain", "x")
	require.NoError(t, err)
	sent, err := c.Say(digitalconnect.Message{Text: new("hi")})
	require.NoError(t, err)
	s.delivered(sent.Delivery)
	require.NotEmpty(t, s.violations())
	var written strings.Builder
	for _, e := range s.journal.Since(0) {
		fmt.Fprintf(&written, "%s %s %s %s\n", e.Name, e.Note, e.Untold, e.Data)
	}
	all := written.String()
	for name, one := range map[string]string{
		"client secret": secret, "token": s.token, "secret of the webhook": hookSecret, "assertion": url.QueryEscape(assertion.Get("client_assertion")), "mistyped secret": "mistyped-secret",
		"another secret, as Basic has it": base64.StdEncoding.EncodeToString([]byte("kit-client:another-secret")), "signature": signature, "other signature": "abcdefgh",
	} {
		assert.NotContains(t, all, one, name)
	}
	for _, requirement := range []string{"DC-AUTH-16", "DC-ARG-06", "DC-ATT-09"} {
		assert.Contains(t, s.violations(), requirement)
	}
	assert.Contains(t, all, "Basic [redacted]")
}

func TestBodiesThatAreNoJSON(t *testing.T) {
	s := newStage(t)
	s.signIn()
	link := s.do(http.MethodPost, "/attachments/2023-03/upload-link", "{}").member("url")
	_, err := s.call(http.MethodPut, link, "application/octet-stream", "\xff\xfe\x00")
	require.NoError(t, err)
	large := s.do(http.MethodPost, "/attachments/2023-03/upload-link", "{}").member("url")
	_, err = s.call(http.MethodPut, large, "text/plain", strings.Repeat("é", 100_000))
	require.NoError(t, err)
	uploads := s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Request && e.Operation == digitalconnect.OpUpload })
	require.Len(t, uploads, 2)
	assert.Equal(t, "base64: //4A", data(t, uploads[0])["body"])
	assert.InDelta(t, 3, data(t, uploads[0])["size"], 0)
	assert.InDelta(t, 200_000, data(t, uploads[1])["size"], 0)
	assert.Less(t, len(uploads[1].Data), 100_000)
}
