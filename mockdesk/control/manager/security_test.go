package manager_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/manager"
	"deskcheck/mockdesk/floor"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var bearer = []string{"Authorization", "Bearer " + token}

// refused sends a request past the client and gives the problem that it is answered with.
func (s *stage) refused(status int, method, path, body string, header ...string) api.Problem {
	s.t.Helper()
	response, raw := s.send(method, path, body, header...)
	assert.Equal(s.t, status, response.StatusCode, "%s %s: %s", method, path, raw)
	assert.Equal(s.t, "application/problem+json", response.Header.Get("Content-Type"))
	var p api.Problem
	require.NoError(s.t, json.Unmarshal([]byte(raw), &p), raw)
	return p
}

func TestWhoMayCall(t *testing.T) {
	console := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("the console")) })
	s := open(t, floor.Config{}, func(o *manager.Options) { o.Console = console })
	doc, err := document()
	require.NoError(t, err)
	free := map[string]bool{"/healthz": true, "/readyz": true, "/openapi.yaml": true, "/openapi.json": true}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if free[path] {
				response, _ := s.send(method, path, "")
				assert.Equal(t, http.StatusOK, response.StatusCode, path)
				continue
			}
			s.refused(http.StatusUnauthorized, method, path, "{}")
			s.refused(http.StatusUnauthorized, method, path, "{}", "Authorization", "Bearer "+token+"x")
			s.refused(http.StatusForbidden, method, path, "{}", append([]string{"Origin", "https://evil.example"}, bearer...)...)
			s.refused(http.StatusForbidden, method, path, "{}", append([]string{"Host", "evil.example"}, bearer...)...)
		}
	}
	response, page := s.send("GET", "/", "")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "the console", page)
	response, _ = s.send("GET", "/v1/tenants", "", "Sec-Fetch-Site", "same-origin")
	assert.Equal(t, http.StatusOK, response.StatusCode, "the console's own page needs no token")
	people, err := s.manager.Agents(s.ctx)
	require.NoError(t, err)
	assert.Len(t, people, 3, "nobody was added")
}

func TestBadBodiesNameTheField(t *testing.T) {
	s := open(t, floor.Config{})
	const base = "/v1/tenants/default"
	for _, c := range []struct{ method, path, body, field, detail string }{
		{"POST", "/agents", `{`, "", "The body is not JSON"},
		{"POST", "/agents", `[]`, "", "must be a JSON object"},
		{"POST", "/agents", ``, "", "The body is missing"},
		{"POST", "/agents", `{"username":"x"}`, "password", "password: expected"},
		{"POST", "/agents", `{"username":"a b","password":"x"}`, "username", "username: expected 1 to 63 letters"},
		{"POST", "/agents", `{"usrname":"x","username":"x","password":"x"}`, "usrname", "did you mean username?"},
		{"POST", "/agents", `{"username":"x","password":"x","supervises":["a",7]}`, "supervises[1]", "supervises[1]: expected a text"},
		{"POST", "/agents/amy/set-domain", `{"domain":"mrd-chat","state":"TIRED"}`, "state", "state: expected a state of a domain"},
		{"POST", "/customers", `{}`, "firstName", "firstName: expected"},
		{"POST", "/customers", `{"firstName":"Kim","routing":"CARRY"}`, "routing", "routing: expected one of PUSH, PULL, EXTERNAL"},
		{"POST", "/customers", `{"firstName":"Kim","says":{"text":7}}`, "says.text", "says.text: expected a text"},
		{"POST", "/customers/@last/deliver", `{"status":"EATEN"}`, "status", "status: expected one of DELIVERED, READ, CONNECTED, FAILED"},
		{"PUT", "/faults/logins", `{"status":"401"}`, "status", "status: expected one of 400, 401"},
		{"PUT", "/conversations/@last/sla", `{"seconds":0}`, "seconds", "seconds: expected a whole number from 1 to 86400"},
		{"POST", "/conversations/@last/suggest", `{"answers":[]}`, "answers", "answers: expected"},
		{"POST", "/clock/advance", `{"by":"soon"}`, "by", "by: expected"},
		{"POST", "/journal/wait", `{"match":"kind =="}`, "match", "match:"},
	} {
		p := s.refused(http.StatusBadRequest, c.method, base+c.path, c.body, bearer...)
		assert.Contains(t, p.Detail, c.detail, "%s %s", c.path, c.body)
		if c.field != "" && assert.NotEmpty(t, p.Errors, c.body) {
			assert.Equal(t, c.field, p.Errors[0].Field, c.body)
		}
	}
	s.refused(http.StatusRequestEntityTooLarge, "POST", base+"/agents", `{"username":"`+strings.Repeat("x", 2<<20)+`"}`, bearer...)
	s.refused(http.StatusNotFound, "GET", base+"/nothing", "", bearer...)
	response, _ := s.send("PATCH", base+"/agents", "", bearer...)
	assert.Equal(t, "GET, POST", response.Header.Get("Allow"))
	for _, query := range []string{"/conversations?limit=0", "/conversations?order=up", "/conversations/@last/events?after=x", "/journal?limit=1001"} {
		s.refused(http.StatusBadRequest, "GET", base+query, "", bearer...)
	}
}
