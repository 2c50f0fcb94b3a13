package digitalconnect_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
)

const conversations = "/digital-connect/conversations"

func TestDCConv11SameKeySameConversation(t *testing.T) {
	s := newStage(t)
	s.signIn()
	first := s.do(http.MethodPost, conversations, aStart, "x-idempotency-key", "k-1")
	again := s.do(http.MethodPost, conversations, aStart, "X-Idempotency-Key", "k-1")
	assert.Equal(t, http.StatusCreated, again.status)
	assert.Equal(t, first.text, again.text)
	assert.Len(t, s.mock.Conversations(), 1)
	other := s.do(http.MethodPost, conversations, strings.Replace(aStart, "ann@", "ben@", 1), "x-idempotency-key", "k-1")
	assert.Equal(t, http.StatusConflict, other.status)
	assert.Equal(t, "MOCK-409-IDEMPOTENCY", other.member("code"))
	s.do(http.MethodPost, conversations, aStart, "x-idempotency-key", "k-2")
	s.do(http.MethodPost, conversations, aStart)
	assert.Len(t, s.mock.Conversations(), 3)
	c := s.mock.Conversations()[0]
	said := s.say(c, `{"content":"once"}`, "x-idempotency-key", "m-1")
	assert.Equal(t, said.text, s.say(c, `{"content":"once"}`, "x-idempotency-key", "m-1").text)
	assert.Equal(t, http.StatusConflict, s.say(c, `{"content":"other"}`, "x-idempotency-key", "m-1").status)
	assert.Len(t, c.Snapshot().Messages, 1)
}

func TestKeyOfWhatWasRefused(t *testing.T) {
	s := newStage(t)
	s.signIn()
	require.NoError(t, s.mock.SetStatus(touchpoint, false))
	assert.Equal(t, http.StatusConflict, s.do(http.MethodPost, conversations, aStart, "x-idempotency-key", "k-1").status)
	require.NoError(t, s.mock.SetStatus(touchpoint, true))
	assert.Equal(t, http.StatusCreated, s.do(http.MethodPost, conversations, aStart, "x-idempotency-key", "k-1").status, "only what was done is not done again")
	assert.Empty(t, s.violations())
}

func TestIdempotencyHeaderRequired(t *testing.T) {
	s := newStage(t, settings(func(o *digitalconnect.Settings) { o.IdempotencyHeader = "required" }))
	s.signIn()
	a := s.do(http.MethodPost, conversations, aStart)
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.Contains(t, a.text, "x-idempotency-key")
	assert.Equal(t, http.StatusCreated, s.do(http.MethodPost, conversations, aStart, "x-idempotency-key", "k").status)
}

// replies are held against their schemas wherever they are looked at.
func TestRefusals(t *testing.T) {
	s := newStage(t)
	c := s.start()
	in := conversations + "/" + c.ID()
	for _, one := range []struct {
		method, path, body string
		status             int
		code, says         string
	}{
		{"POST", conversations, `{`, 400, "MOCK-400", "no JSON"},
		{"POST", conversations, `{"contact_person":{"email":"a@b"}}`, 400, "MOCK-400", "touchpoint_id: expected a text, found nothing"},
		{"POST", conversations, `{"touchpoint_id":"x","contact_person":{}}`, 400, "MOCK-400", "contact_person.email"},
		{"POST", conversations, `{"touchpoint_id":"x","contact_person":{"email":"a@b"},"subject":null}`, 400, "MOCK-400", "subject"},
		{"POST", conversations, `{"touchpoint_id":"x","contact_person":{"email":"a@b"}}`, 404, "MOCK-404-TOUCHPOINT", ""},
		{"POST", conversations + "/", aStart, 404, "MOCK-404", ""},
		{"POST", in + "/messages", `{"content":5}`, 400, "MOCK-400", "content"},
		{"POST", in + "/messages", `[]`, 400, "MOCK-400", "an object"},
		{"POST", conversations + "/nobody/messages", `{"content":"x"}`, 404, "MOCK-404-CONVERSATION", ""},
		{"POST", in + "/messages/1", `{}`, 404, "MOCK-404", ""},
		{"DELETE", conversations + "/nobody", "", 404, "MOCK-404-CONVERSATION", ""},
		{"PATCH", in, `{"context_parameters":{}}`, 405, "MOCK-405", ""},
		{"GET", in, "", 405, "MOCK-405", ""},
		{"GET", conversations, "", 405, "MOCK-405", ""},
		{"POST", "/conversations", "{}", 404, "MOCK-404", ""},
	} {
		a := s.do(one.method, one.path, one.body)
		assert.Equal(t, one.status, a.status, "%s %s %s", one.method, one.path, a.text)
		assert.Equal(t, one.code, a.member("code"))
		assert.Contains(t, a.text, one.says)
		assert.Empty(t, fixtures.CheckDigitalConnect("error", []byte(a.text)))
	}
	assert.Contains(t, s.violations(), "DC-ARG-07")
	assert.Equal(t, "DELETE", s.do(http.MethodGet, in, "").header.Get("Allow"))
}

func TestWhoMayNot(t *testing.T) {
	s := newStage(t, account(func(a *digitalconnect.Account) { a.Clients[0].Scopes = []string{"digital-connect:read"} }))
	a := s.do(http.MethodPost, conversations, aStart)
	assert.Equal(t, http.StatusUnauthorized, a.status, "no token")
	s.signIn()
	a = s.do(http.MethodPost, conversations, aStart)
	assert.Equal(t, http.StatusForbidden, a.status)
	assert.Equal(t, "MOCK-403", a.member("code"))
	assert.Empty(t, fixtures.CheckDigitalConnect("error", []byte(a.text)))
	a, err := s.call(http.MethodPost, api+conversations, "application/json", aStart, "Authorization", "Basic "+s.token)
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, a.status)
	assert.Equal(t, []string{"DC-AUTH-08", "DC-AUTH-08"}, s.violations())
}

func TestReplies(t *testing.T) {
	s := newStage(t)
	s.signIn()
	a := s.do(http.MethodPost, conversations, aStart)
	assert.Empty(t, fixtures.CheckDigitalConnect("start-reply", []byte(a.text)))
	c := s.mock.Conversations()[0]
	a = s.say(c, `{"content":"hi"}`)
	assert.Empty(t, fixtures.CheckDigitalConnect("message-reply", []byte(a.text)))
	assert.Equal(t, c.Snapshot().Messages[0].ID, a.member("message_id"))
	ended := s.do(http.MethodDelete, conversations+"/"+c.ID(), "")
	assert.Equal(t, http.StatusNoContent, ended.status)
	assert.Empty(t, ended.text)
	assert.Equal(t, digitalconnect.FromContact, c.Snapshot().EndedBy)
	again := s.do(http.MethodDelete, conversations+"/"+c.ID(), "")
	assert.Equal(t, http.StatusConflict, again.status)
	assert.Equal(t, "3016011", again.member("code"))
	assert.Empty(t, s.heardOf(c.ID()), "no event for what the connector did itself")
	assert.Empty(t, s.violations())
}

func TestSettingsOfReplies(t *testing.T) {
	s := newStage(t, settings(func(o *digitalconnect.Settings) {
		o.OmitOptionalReplyFields, o.DeleteStatus, o.EndedAfterDelete, o.EndedError = true, 200, true, digitalconnect.EndedError{Status: 404, Code: "gone"}
	}))
	c := s.start()
	a := s.say(c, `{"content":"hi"}`)
	assert.Equal(t, map[string]any{"id": c.ID()}, a.body)
	ended := s.do(http.MethodDelete, conversations+"/"+c.ID(), "")
	assert.Equal(t, http.StatusOK, ended.status)
	assert.Empty(t, ended.text)
	s.await("POST conversation_ended", journal.Response)
	assert.Equal(t, "CONVERSATION_ENDED", s.heardOf(c.ID())[0].EventType)
	late := s.say(c, `{"content":"hi"}`)
	assert.Equal(t, http.StatusNotFound, late.status)
	assert.Equal(t, "gone", late.member("code"))
}

func TestUnknownAndInvalidFields(t *testing.T) {
	const unknown, invalid = `{"touchpoint_id":"` + touchpoint + `","contact_person":{"email":"a@b.test"},"channel":"web"}`, `{"touchpoint_id":"` + touchpoint + `","contact_person":{"email":"a@b.test"},"subject":null}`
	for _, one := range []struct {
		unknownFields, invalidFields string
		unknown, invalid             int
	}{{"", "", 201, 400}, {"warn", "warn", 201, 201}, {"reject", "reject", 400, 400}} {
		s := newStage(t, settings(func(o *digitalconnect.Settings) {
			o.UnknownBodyFields, o.InvalidBodyFields = one.unknownFields, one.invalidFields
		}))
		s.signIn()
		assert.Equal(t, one.unknown, s.do(http.MethodPost, conversations, unknown).status)
		assert.Equal(t, one.invalid, s.do(http.MethodPost, conversations, invalid).status)
		assert.Equal(t, []string{"DC-CONV-20", "DC-CONV-05"}, s.violations())
	}
}

func TestKeysAreTakenAsTheyAreWritten(t *testing.T) {
	s := newStage(t)
	s.signIn()
	a := s.do(http.MethodPost, conversations, strings.Replace(aStart, "touchpoint_id", "Touchpoint_ID", 1))
	assert.Equal(t, http.StatusBadRequest, a.status)
	a = s.do(http.MethodPost, conversations, `{"touchpoint_id":"`+touchpoint+`","touchpoint_id":"other","contact_person":{"email":"a@b.test"}}`)
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.Equal(t, []string{"DC-CONV-02", "DC-CONV-20", "DC-CONV-01", "DC-CONV-02"}, s.violations())
}

func TestIDsThatMustBeEscaped(t *testing.T) {
	for _, kind := range []string{"awkward", "long"} {
		s := newStage(t, settings(func(o *digitalconnect.Settings) { o.ConversationIDs = kind }))
		c := s.start()
		for _, sign := range []string{"~", ":", "%"} {
			assert.Contains(t, c.ID(), sign)
		}
		if kind == "long" {
			assert.Len(t, c.ID(), 255)
		}
		assert.Equal(t, http.StatusCreated, s.say(c, `{"content":"hi"}`).status)
		assert.Empty(t, s.violations())
		assert.Equal(t, http.StatusNotFound, s.do(http.MethodPost, conversations+"/"+c.ID()+"/messages", `{"content":"hi"}`).status, "unescaped")
		assert.Equal(t, http.StatusNotFound, s.do(http.MethodPost, conversations+"/"+url.PathEscape(c.ID()[:36])+"/messages", `{"content":"hi"}`).status, "cut off")
		assert.Equal(t, []string{"DC-CONV-10", "DC-CONV-10"}, s.violations())
		assert.Equal(t, http.StatusNoContent, s.do(http.MethodDelete, conversations+"/"+url.PathEscape(c.ID()), "").status)
	}
}

func TestLargeBodies(t *testing.T) {
	s := newStage(t)
	c := s.start()
	long := strings.Repeat("x", 10_000)
	assert.Equal(t, http.StatusCreated, s.say(c, `{"content":"`+long+`"}`).status)
	assert.Equal(t, long, *c.Snapshot().Messages[0].Text)
	a, err := s.call(http.MethodPost, api+conversations, "application/json", strings.Repeat("x", 30<<20), "Authorization", "Bearer "+s.token)
	if err == nil {
		// A client that has sent all it had before the connection was closed sees the answer.
		assert.Equal(t, http.StatusRequestEntityTooLarge, a.status)
		assert.Empty(t, fixtures.CheckDigitalConnect("error", []byte(a.text)))
	}
	var notes []string
	for _, e := range s.journal.Since(0) {
		notes = append(notes, e.Note)
	}
	assert.Contains(t, notes, "The body is over 1048576 bytes, which is all that the mock reads here.")
}

func TestHosts(t *testing.T) {
	s := newStage(t)
	a, err := s.call(http.MethodPost, "http://us.talkdeskid.com/oauth/token", "application/x-www-form-urlencoded", "grant_type=client_credentials")
	require.NoError(t, err)
	assert.Equal(t, http.StatusMisdirectedRequest, a.status)
	assert.Equal(t, []string{"DC-AUTH-01"}, s.violations())
	a, err = s.call(http.MethodPost, "http://ACME.talkdeskid.com:80/oauth/certs", "", "")
	require.NoError(t, err)
	assert.Equal(t, http.StatusMethodNotAllowed, a.status, "the same host")
	_, err = digitalconnect.New(digitalconnect.Options{})
	require.ErrorContains(t, err, "needs an account")
	for _, one := range []digitalconnect.Addresses{{API: "api.example"}, {API: "http://a.test", Storage: "http://a.test:80"}, {Identity: "http://a.test/x"}} {
		_, err = digitalconnect.New(digitalconnect.Options{Account: sampleAccount(t), Addresses: one})
		require.Error(t, err, "%+v", one)
	}
	wrong := sampleAccount(t)
	wrong.Region = "UK"
	_, err = digitalconnect.New(digitalconnect.Options{Account: wrong})
	require.ErrorContains(t, err, "use one of US, EU, CA, AU")
}
