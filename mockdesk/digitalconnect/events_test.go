package digitalconnect_test

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/webhook"
	"deskcheck/mockdesk/journal"
)

func TestDCAction01ThreeActions(t *testing.T) {
	for _, change := range [][2]string{{"message_created: active", "message-created: active"}, {"message_created: active", "MessageCreated: active"}, {"message_created: active, ", ""}, {"message_created: active", "message_created: active, x: active"}} {
		_, err := parse(t, change[0], change[1])
		require.ErrorContains(t, err, "DC-ACTION-01")
	}
}

func TestDCAction02DraftDeliversNothing(t *testing.T) {
	a, err := parse(t, "message_created: active", "message_created: draft")
	require.NoError(t, err)
	assert.Equal(t, []string{"acme.yaml:10:62: integrations[0].actions.message_created: the action is a draft, so none of its events will be delivered; publish it (DC-ACTION-02)"}, a.Remarks())
	s := newStage(t, account(func(o *digitalconnect.Account) { o.Integrations = a.Integrations }))
	c := s.start()
	sent, err := c.Say(digitalconnect.Message{Text: new("hello?")})
	require.NoError(t, err)
	_, err = sent.Delivery.Wait(t.Context())
	require.ErrorIs(t, err, webhook.ErrNotMade)
	e := s.await("undelivered message_created", journal.Act)
	assert.Equal(t, "the action message_created is not published (DC-ACTION-02)", e.Untold)
	assert.Equal(t, c.ID(), e.Conversation)
	require.NoError(t, c.End())
	s.delivered(c.Deliveries()[1])
	assert.Len(t, s.heardOf(c.ID()), 1, "the others are published")
}

func TestDCAction07EventsAreAsTheirSchemas(t *testing.T) {
	s := newStage(t)
	c := s.start()
	says := []digitalconnect.Message{
		{Text: new("plain")}, {Text: new("")}, {}, {Files: []digitalconnect.File{{Name: "a.pdf", Type: "application/pdf", Bytes: []byte("x")}}}, {Text: new("<b>&\u202e\u0000\U0001F600"), Author: digitalconnect.Author{Name: "Dana", Type: "BOT"}},
		{Text: new("two"), Files: []digitalconnect.File{{Name: "a.pdf"}, {Name: "b.png", Bytes: make([]byte, 2048)}}},
	}
	for _, one := range says {
		_, err := c.Say(one)
		require.NoError(t, err)
	}
	require.NoError(t, c.End())
	out, err := s.mock.StartOutward(digitalconnect.Outward{Touchpoint: touchpoint, Email: "ben@example.test", User: "Dana", Subject: new("Your order")})
	require.NoError(t, err)
	without, err := s.mock.StartOutward(digitalconnect.Outward{Touchpoint: touchpoint, Email: "ben@example.test"})
	require.NoError(t, err)
	for _, d := range slices.Concat(c.Deliveries(), out.Deliveries(), without.Deliveries()) {
		assert.Equal(t, http.StatusNoContent, s.delivered(d))
		x, _ := d.Exchange()
		assert.Empty(t, fixtures.CheckDigitalConnect(x.Event.Action, x.Event.Body))
		var e heard
		require.NoError(t, json.Unmarshal(x.Event.Body, &e))
		assert.Equal(t, strings.ToUpper(x.Event.Action), e.EventType)
		assert.Len(t, e.Timestamp, 24)
	}
	assert.Len(t, s.heardOf(c.ID()), len(says)+1)
	assert.JSONEq(t, `{"contact_person":{"email":"ben@example.test"},"user":{"name":"Dana"},"touchpoint":{"id":"`+touchpoint+`"},"subject":"Your order"}`, string(s.heardOf(out.ID())[0].Payload))
	assert.JSONEq(t, `{"contact_person":{"email":"ben@example.test"},"user":{"name":"Agent"},"touchpoint":{"id":"`+touchpoint+`"},"subject":null}`, string(s.heardOf(without.ID())[0].Payload))
	assert.Empty(t, s.violations())
}

func TestEventTypesInLowerCase(t *testing.T) {
	s := newStage(t, settings(func(o *digitalconnect.Settings) { o.EventTypeCase = "lower" }))
	c := s.start()
	require.NoError(t, c.End())
	s.delivered(c.Deliveries()[0])
	assert.Equal(t, "conversation_ended", s.heardOf(c.ID())[0].EventType)
}

func TestDCAction21CeilingLosesTheExcess(t *testing.T) {
	s := newStage(t, settings(func(o *digitalconnect.Settings) { o.ActionsPerSecond = 5 }))
	c := s.start()
	lost := 0
	for range 8 {
		sent, err := c.Say(digitalconnect.Message{Text: new("hi")})
		require.NoError(t, err)
		if _, err := sent.Delivery.Wait(t.Context()); err != nil {
			require.ErrorIs(t, err, webhook.ErrCeiling)
			lost++
		}
	}
	assert.Equal(t, 3, lost)
	assert.Len(t, s.heardOf(c.ID()), 5)
	assert.Contains(t, s.await("undelivered message_created", journal.Act).Untold, "429 inside Talkdesk")
	s.clock.Advance(time.Second)
	sent, err := c.Say(digitalconnect.Message{Text: new("hi")})
	require.NoError(t, err)
	s.delivered(sent.Delivery)
}

func TestDCAction25BasePath(t *testing.T) {
	for _, path := range []string{"http://connector.test/hook?token=1", "connector.test/hook", "/hook"} {
		_, err := parse(t, "http://connector.test/hook", path)
		require.ErrorContains(t, err, "DC-ACTION-25", path)
	}
}

func TestDCAction26SchemasOfConnections(t *testing.T) {
	for name, text := range map[string]string{
		"no title":                  `{type: object, properties: {a: {type: string}}}`,
		"no type":                   `{type: object, properties: {a: {title: A}}}`,
		"pair without null":         `{type: object, properties: {a: {type: [string, number], title: A}}}`,
		"nullable that is required": `{type: object, required: [a], properties: {a: {type: [string, "null"], title: A}}}`,
		"no schema":                 `{type: 7}`,
	} {
		_, err := parse(t, "name: ocp", "name: ocp\n    input_schemas: {conversation_ended: "+text+"}")
		require.ErrorContains(t, err, "DC-ACTION-26", name)
	}
	// A customer has marked what is optional as required: what lacks it is not delivered.
	a, err := parse(t, "name: ocp", "name: ocp\n    input_schemas: {message_created: {type: object, required: [payload], properties: {payload: {type: object, title: P, required: [content], properties: {content: {type: string, title: C}}}}}}")
	require.NoError(t, err)
	s := newStage(t, account(func(o *digitalconnect.Account) { o.Integrations = a.Integrations }))
	c := s.start()
	sent, err := c.Say(digitalconnect.Message{})
	require.NoError(t, err)
	assert.Contains(t, sent.Delivery.Undelivered(), "the account's own input schema of message_created does not allow it: payload.content")
	sent, err = c.Say(digitalconnect.Message{Text: new("hi")})
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, s.delivered(sent.Delivery))
}

func TestDCAuth22ClientOfAConnector(t *testing.T) {
	_, err := parse(t, "secret: kit_secret-canary", "secret: kit_secret-canary\n    grants: [authorization_code]")
	require.ErrorContains(t, err, "DC-AUTH-22")
	_, err = parse(t, `"digital-connect:read", `, "")
	require.ErrorContains(t, err, "DC-AUTH-22")
}

func TestDCAtt12ScopesOfFiles(t *testing.T) {
	a, err := parse(t, `, "attachments:request", "attachments:write", "attachments:read", "attachments:download"`, "")
	require.NoError(t, err, "the guide's own client has none")
	require.Len(t, a.Remarks(), 1)
	assert.Contains(t, a.Remarks()[0], "DC-ATT-12")
	s := newStage(t, account(func(o *digitalconnect.Account) { o.Clients = a.Clients }))
	s.signIn()
	for _, one := range [][3]string{{"POST", "/upload-link", "{}"}, {"POST", "", "{}"}, {"GET", "/x", ""}, {"GET", "/x/download-link", ""}} {
		got := s.do(one[0], "/attachments/2023-03"+one[1], one[2])
		assert.Equal(t, http.StatusForbidden, got.status, one)
		assert.Equal(t, "MOCK-403", got.member("code"))
	}
}

func TestEcho(t *testing.T) {
	s := newStage(t, settings(func(o *digitalconnect.Settings) { o.EchoContactMessages = true }))
	c := s.start()
	a := s.say(c, `{"content":"me"}`)
	s.await("POST message_created", journal.Response)
	var payload struct {
		ID      string `json:"id"`
		Content string `json:"content"`
		Author  struct{ Name, Type string }
	}
	require.NoError(t, json.Unmarshal(s.heardOf(c.ID())[0].Payload, &payload))
	assert.Equal(t, a.member("message_id"), payload.ID)
	assert.Equal(t, "me", payload.Content)
	assert.Equal(t, "USER", payload.Author.Type)
}

func TestEmit(t *testing.T) {
	s := newStage(t, account(func(a *digitalconnect.Account) {
		a.Integrations[0].Auth = digitalconnect.Auth{Type: webhook.Basic, User: "td", Secret: "hook-secret-canary"}
	}))
	s.hook = func(w http.ResponseWriter, r *http.Request) {
		user, password, is := r.BasicAuth()
		switch {
		case !is || user != "td" || password != "hook-secret-canary":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method != http.MethodPost:
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	}
	c := s.start()
	body := []byte(`{"event_type":"MESSAGE_CREATED","conversation_id":"` + c.ID() + `","timestamp":"","payload":{"id":"1","created_at":"","author":{"name":"","type":""}}}`)
	for _, one := range []struct {
		raw    digitalconnect.Raw
		status int
	}{
		{digitalconnect.Raw{Body: body}, 200},
		{digitalconnect.Raw{Body: body, Header: http.Header{"Authorization": nil}}, 401},
		{digitalconnect.Raw{Body: body, Header: http.Header{"Authorization": {"Basic eDp5"}}}, 401},
		{digitalconnect.Raw{Body: []byte("{"), Integration: "ocp"}, 200},
		{digitalconnect.Raw{Method: http.MethodGet}, 405},
		{digitalconnect.Raw{Body: body, Path: "/", Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}, 200},
	} {
		assert.Equal(t, one.status, s.delivered(s.mock.Emit(one.raw)))
	}
	assert.Equal(t, []string{"DC-ACTION-13"}, s.violations(), "the body that is no event was taken")
	assert.NotEmpty(t, s.mock.Emit(digitalconnect.Raw{Integration: "other"}).Undelivered())
	s.mock.Close()
	assert.NotEmpty(t, s.mock.Emit(digitalconnect.Raw{Body: body}).Undelivered())
	_, err := c.Say(digitalconnect.Message{})
	require.ErrorIs(t, err, digitalconnect.ErrClosed)
	require.ErrorIs(t, c.End(), digitalconnect.ErrClosed)
	_, err = s.mock.StartOutward(digitalconnect.Outward{Touchpoint: touchpoint})
	require.ErrorIs(t, err, digitalconnect.ErrClosed)
}

func TestAgentAfterTheEnd(t *testing.T) {
	s := newStage(t)
	c := s.start()
	require.NoError(t, c.EndSilently())
	assert.Empty(t, c.Deliveries(), "nobody is told")
	assert.Equal(t, http.StatusConflict, s.say(c, `{"content":"hello?"}`).status)
	_, err := c.Say(digitalconnect.Message{Text: new("hi")})
	require.ErrorIs(t, err, digitalconnect.ErrOver)
	require.ErrorIs(t, c.End(), digitalconnect.ErrOver)
	require.ErrorIs(t, c.EndSilently(), digitalconnect.ErrOver)
	_, err = s.mock.StartOutward(digitalconnect.Outward{Touchpoint: "other"})
	require.ErrorIs(t, err, digitalconnect.ErrUnknown)
	_, err = s.mock.File("other")
	require.ErrorIs(t, err, digitalconnect.ErrUnknown)
}

func TestSlowConnectorHoldsItsConversationOnly(t *testing.T) {
	s := newStage(t)
	slow, quick := s.start(), s.start()
	release := make(chan struct{})
	s.hook = func(w http.ResponseWriter, r *http.Request) {
		var e heard
		if json.NewDecoder(r.Body).Decode(&e) == nil && e.ConversationID == slow.ID() {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		w.WriteHeader(http.StatusAccepted)
	}
	first, err := slow.Say(digitalconnect.Message{Text: new("1")})
	require.NoError(t, err)
	second, err := slow.Say(digitalconnect.Message{Text: new("2")})
	require.NoError(t, err)
	other, err := quick.Say(digitalconnect.Message{Text: new("1")})
	require.NoError(t, err)
	assert.Equal(t, http.StatusAccepted, s.delivered(other.Delivery))
	assert.LessOrEqual(t, len(s.heardOf(slow.ID())), 1)
	close(release)
	s.delivered(first.Delivery)
	s.delivered(second.Delivery)
	assert.Len(t, s.heardOf(slow.ID()), 2)
}

func TestCloseEndsDeliveries(t *testing.T) {
	s := newStage(t)
	c := s.start()
	s.hook = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	sent, err := c.Say(digitalconnect.Message{Text: new("hi")})
	require.NoError(t, err)
	s.await("POST message_created", journal.Request)
	s.mock.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = sent.Delivery.Wait(ctx)
	require.ErrorIs(t, err, webhook.ErrClosed)
	assert.Empty(t, s.violations(), "the connector had no time to answer")
}

// Each requirement that binds Talkdesk or its account has a test that is named by it: TestDCAuth06… for DC-AUTH-06.
func TestEveryRequirementOfTalkdeskHasItsTest(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var tests []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			if f, isFunc := d.(*ast.FuncDecl); isFunc {
				tests = append(tests, strings.ToUpper(f.Name.Name))
			}
		}
	}
	all, err := fixtures.Requirements("digital-connect")
	require.NoError(t, err)
	bound := 0
	for _, r := range all {
		if r.BindsSubject() {
			continue
		}
		bound++
		name := "TEST" + strings.ReplaceAll(r.ID, "-", "")
		assert.True(t, slices.ContainsFunc(tests, func(test string) bool { return strings.HasPrefix(test, name) }), "no test is named by %s", r.ID)
	}
	assert.Equal(t, 20, bound)
}
