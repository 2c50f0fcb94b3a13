package agentmanager_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAMLogin07AGrantedLoginGivesTheWholeUser(t *testing.T) {
	s := newStage(t)
	user := s.login("sue")
	assert.Equal(t, "sue", user["username"])
	assert.Equal(t, []any{"agent", "supervisor"}, user["roles"])
	assert.Equal(t, []any{object{"teamId": "team-1", "teamName": "team-1"}}, user["supervisedTeams"])
	assert.Contains(t, user, "userTeam")
	assert.NotEmpty(t, user["permittedResources"].(object)["Resources"])
	again := s.login("sue")
	assert.Equal(t, user["id"], again["id"])
	assert.NotEqual(t, user["attributes"], again["attributes"], "each login has a mark of its own")
	assert.Empty(t, s.violations())
}

func TestAMLogin08APageOfAnotherOriginMayAsk(t *testing.T) {
	s := newStage(t)
	r := httptest.NewRequest(http.MethodOptions, agentmanager.LoginPath, nil)
	r.Header.Set("Origin", "https://desk.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "content-type")
	w := httptest.NewRecorder()
	s.ServeLogin(w, r)
	assert.Equal(t, http.StatusNoContent, w.Code)
	assert.Equal(t, "https://desk.example", w.Header().Get("Access-Control-Allow-Origin"))
	assert.Contains(t, w.Header().Get("Access-Control-Allow-Methods"), "POST")
	assert.Equal(t, "content-type", w.Header().Get("Access-Control-Allow-Headers"))

	r = httptest.NewRequest(http.MethodPost, agentmanager.LoginPath, strings.NewReader(`{"username":"amy","password":"amy-secret"}`))
	r.Header.Set("Origin", "https://desk.example")
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	w = httptest.NewRecorder()
	s.ServeLogin(w, r)
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "https://desk.example", w.Header().Get("Access-Control-Allow-Origin"))
}

func TestALoginThatCannotBe(t *testing.T) {
	for name, tt := range map[string]struct {
		contentType, body string
		status            int
		violation         bool
	}{
		"nobody":              {"application/json", `{"username":"zoe","password":"x"}`, 401, false},
		"a wrong password":    {"application/json", `{"username":"amy","password":"x"}`, 401, false},
		"another's token":     {"application/json", `{"username":"amy","password":"","authToken":"ben-token","authWithSSO":true}`, 401, false},
		"an empty password":   {"application/json", `{"username":"amy","password":""}`, 400, true},
		"no password":         {"application/json", `{"username":"amy"}`, 400, true},
		"a number":            {"application/json", `{"username":"amy","password":7}`, 400, true},
		"other keys":          {"application/json", `{"user":"amy","pass":"amy-secret"}`, 400, true},
		"a form":              {"application/x-www-form-urlencoded", `username=amy&password=amy-secret`, 400, true},
		"no JSON":             {"application/json", `{"username"`, 400, true},
		"nothing":             {"application/json", ``, 400, true},
		"a list":              {"application/json", `[]`, 400, true},
		"too much":            {"application/json", `{"username":"` + strings.Repeat("a", 70<<10) + `"}`, 400, false},
		"a token":             {"application/json", `{"username":"ben","password":"","authToken":"ben-token","authWithSSO":true}`, 200, false},
		"what others need":    {"application/json", `{"username":"amy","password":"amy-secret","roles":["agent"],"finesseUrl":""}`, 200, false},
		"no type":             {"", `{"username":"amy","password":"amy-secret"}`, 400, true},
		"a type of its own":   {"text/json", `{"username":"amy","password":"amy-secret"}`, 400, true},
		"a type with a space": {"application/json ;charset=utf-8", `{"username":"amy","password":"amy-secret"}`, 200, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			r := httptest.NewRequest(http.MethodPost, agentmanager.LoginPath, strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			w := httptest.NewRecorder()
			s.ServeLogin(w, r)
			assert.Equal(t, tt.status, w.Code, w.Body)
			assert.Equal(t, tt.violation, len(s.violations()) > 0)
			for _, id := range s.violations() {
				assert.Equal(t, "AM-LOGIN-02", id)
			}
			if tt.status != http.StatusOK {
				assert.Empty(t, fixtures.CheckAgentManager("", "login/failure", w.Body.Bytes()))
			}
		})
	}
}

func TestEveryRefusalOfALoginHasItsBody(t *testing.T) {
	s := newStage(t)
	for _, f := range []agentmanager.LoginFailure{agentmanager.InvalidAttribute, agentmanager.UnknownUser, agentmanager.TimedOut, agentmanager.NoLicence, agentmanager.Failed} {
		require.NoError(t, s.FailLogins(f))
		status, body := s.post(object{"username": "amy", "password": "amy-secret"})
		assert.Equal(t, int(f), status)
		assert.InDelta(t, float64(f), body["statusCode"], 0, "the public desks read the body")
		if f == agentmanager.InvalidAttribute {
			assert.Contains(t, body["msg"].(object)["error"], "validation")
		}
	}
	require.NoError(t, s.FailLogins(0))
	status, _ := s.post(object{"username": "amy", "password": "amy-secret"})
	assert.Equal(t, http.StatusOK, status)
}

func TestLoginsTakeNothingButPOST(t *testing.T) {
	s := newStage(t)
	w := httptest.NewRecorder()
	s.ServeLogin(w, httptest.NewRequest(http.MethodGet, agentmanager.LoginPath, nil))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, "POST, OPTIONS", w.Header().Get("Allow"))
}

func TestAHandshakeIsTakenFromUsersThatWereIssued(t *testing.T) {
	s := newStage(t)
	issued := s.login("amy")
	text, err := json.Marshal(issued)
	require.NoError(t, err)
	forged := object{"id": "someone", "username": "amy", "roles": []any{}, "permittedResources": object{}}
	unissued := object{"id": s.Agent("ben").ID(), "username": "ben"}
	short := object{"id": issued["id"], "username": "amy", "attributes": issued["attributes"]}
	for name, tt := range map[string]struct {
		auth       any
		refused    bool
		violations []string
	}{
		"an object":          {object{"agent": issued, "fcm": ""}, false, []string{}},
		"its text":           {object{"agent": string(text), "fcm": nil}, false, []string{}},
		"keys for push":      {object{"agent": issued, "fcm": object{"desktopFcmKey": "k", "mobileFcmKey": nil}}, false, []string{}},
		"no fcm":             {object{"agent": issued}, false, []string{"AM-CONN-05"}},
		"half a user":        {object{"agent": short, "fcm": ""}, false, []string{"AM-LOGIN-04"}},
		"forged":             {object{"agent": forged, "fcm": ""}, true, []string{"AM-LOGIN-04"}},
		"signed in nowhere":  {object{"agent": unissued, "fcm": ""}, true, []string{"AM-LOGIN-04"}},
		"no agent":           {object{"fcm": ""}, true, []string{"AM-CONN-03"}},
		"encoded twice":      {object{"agent": string(must(json.Marshal(string(text)))), "fcm": ""}, true, []string{"AM-CONN-04"}},
		"[object Object]":    {object{"agent": "[object Object]", "fcm": ""}, true, []string{"AM-CONN-04"}},
		"the whole answer":   {object{"agent": object{"data": object{"keycloak_User": issued}}, "fcm": ""}, true, []string{"AM-CONN-04"}},
		"the user name only": {object{"agent": "amy", "fcm": ""}, true, []string{"AM-CONN-04"}},
		"nothing":            {nil, true, []string{"AM-CONN-03", "AM-CONN-05"}},
		"a list":             {[]any{}, true, []string{"AM-CONN-03"}},
	} {
		t.Run(name, func(t *testing.T) {
			mark := s.journal.Len()
			raw := json.RawMessage(nil)
			if tt.auth != nil {
				raw = must(json.Marshal(tt.auth))
			}
			_, refusal := s.Connect(raw, &desk{stage: s, t: t})
			require.Equal(t, tt.refused, refusal != nil, "%v", refusal)
			if refusal != nil {
				assert.Equal(t, agentmanager.LoginFailed, refusal.Message)
			}
			broken := []string{}
			for _, e := range s.journal.All(mark, func(e journal.Entry) bool { return e.Kind == journal.Violation }) {
				broken = append(broken, e.Requirement)
			}
			assert.Equal(t, tt.violations, broken)
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestALicenceRefusesAHandshakeButNotForGood(t *testing.T) {
	s := newStage(t)
	user := s.login("amy")
	auth := must(json.Marshal(object{"agent": user, "fcm": ""}))
	require.NoError(t, s.RefuseHandshakes(agentmanager.LicenceRefusal("EXPIRED")))
	_, refusal := s.Connect(auth, &desk{stage: s, t: t})
	require.NotNil(t, refusal)
	assert.NotEqual(t, agentmanager.LoginFailed, refusal.Message)
	require.NoError(t, s.RefuseHandshakes(nil))
	_, refusal = s.Connect(auth, &desk{stage: s, t: t})
	assert.Nil(t, refusal)
}

func TestAMConn11ASecondConnectionRemovesTheFirst(t *testing.T) {
	s := newStage(t)
	first := s.connect("amy")
	second := s.reconnect(first.user, "")
	assert.Equal(t, first.id(), first.last("socketSessionRemoved")["agentId"])
	assert.True(t, first.closed)
	assert.Equal(t, "socketSessionRemoved", first.events()[len(first.events())-1], "nothing follows it")
	assert.False(t, second.closed)
	assert.Empty(t, second.all("socketSessionRemoved"))

	first.goes("READY")
	assert.Equal(t, agentmanager.NotReady, first.agent.State(), "what a removed socket says has no effect")
	first.socket.Gone("transport close")
	second.goes("READY")
	assert.Equal(t, agentmanager.Ready, second.agent.State(), "the end of the first is not the end of the second")
}

func TestAMConn12TheFirstEvents(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	assert.Equal(t, []string{"onChannelTypes", "agentPresence"}, d.events())
	assert.Equal(t, "WEB", d.all("onChannelTypes")[0].([]any)[0].(object)["name"])
}

func TestAMFCM03WhatIsPushedWhileASocketIsDown(t *testing.T) {
	s := newStage(t)
	d := s.reconnect(s.login("amy"), "token-1")
	d.goes("READY")
	d.socket.Gone("transport close")
	_, c := s.customer("sales")
	require.NotEmpty(t, s.pushes)
	p := s.pushes[len(s.pushes)-1]
	assert.Equal(t, "token-1", p.Token)
	assert.Equal(t, "taskRequest", p.Data.Event)
	assert.Equal(t, c.ID(), p.Data.ConversationID)
	assert.Contains(t, p.Data.Payload, c.ID())

	require.NoError(t, d.agent.SetDomain("mrd-chat", agentmanager.DomainUnknown))
	assert.Equal(t, "agentPresence", s.pushes[len(s.pushes)-1].Data.Event)
	count := len(s.pushes)
	s.reconnect(d.user, "token-1")
	assert.Len(t, s.pushes, count, "nothing is pushed to a desk that is connected")
}

func TestEventsMayCarryFieldsOfALaterVersion(t *testing.T) {
	s := newStage(t)
	require.NoError(t, s.AddFields(object{"later": object{"kind": "unknown"}, "action": "overwritten"}))
	amy := s.connect("amy")
	presence := amy.last("agentPresence")
	assert.Equal(t, object{"kind": "unknown"}, presence["later"])
	assert.NotEqual(t, "overwritten", presence["action"])
	assert.IsType(t, []any{}, amy.all("onChannelTypes")[0], "what is no object stays as it is")
	require.NoError(t, s.AddFields(nil))
	amy.goes("READY")
	assert.NotContains(t, amy.last("agentPresence"), "later")
}
