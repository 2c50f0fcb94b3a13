package control_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"deskcheck/mockdesk/control"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// refused sends a request past the client and gives the problem that it is answered with.
func (s *stage) refused(status int, method, path, body string, header ...string) api.Problem {
	s.t.Helper()
	response, raw := s.raw(method, s.base+path, body, header...)
	assert.Equal(s.t, status, response.StatusCode, "%s %s: %s", method, path, raw)
	assert.Equal(s.t, "application/problem+json", response.Header.Get("Content-Type"))
	assert.Empty(s.t, response.Header.Get("Access-Control-Allow-Origin"), "no page of another origin reads anything")
	var p api.Problem
	require.NoError(s.t, json.Unmarshal([]byte(raw), &p), raw)
	assert.Equal(s.t, status, p.Status)
	return p
}

var bearer = []string{"Authorization", "Bearer " + token}

func TestWhoMayCall(t *testing.T) {
	s := open(t)
	for _, header := range [][]string{
		{}, {"Authorization", "Bearer"}, {"Authorization", "Bearer "}, {"Authorization", "Bearer " + token + "x"}, {"Authorization", "Bearer " + token[1:]}, {"Authorization", "Basic " + token}, {"Authorization", token},
		{"Authorization", "bearer" + token}, {"X-Token", token},
	} {
		for _, path := range []string{"/v1/tenants", "/v1/server", "/metrics", "/v1/nothing", "/v1/tenants/default/journal/follow"} {
			p := s.refused(http.StatusUnauthorized, "GET", path, "", header...)
			assert.Equal(t, "urn:deskcheck:problem:unauthorized", p.Type)
			assert.NotContains(t, p.Detail, token)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/openapi.yaml", "/openapi.json"} {
		response, _ := s.raw("GET", s.base+path, "")
		assert.Equal(t, http.StatusOK, response.StatusCode, path)
	}
	response, _ := s.raw("GET", s.base+"/v1/tenants", "", bearer...)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "DENY", response.Header.Get("X-Frame-Options"))
}

func TestForeignOriginsAreRefused(t *testing.T) {
	s := open(t)
	port := s.base[strings.LastIndex(s.base, ":"):]
	for _, origin := range []string{"https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1" + port, "http://localhost" + port, "http://127.0.0.1" + port + ".evil.example"} {
		for _, path := range []string{"/v1/tenants", "/healthz", "/", "/v1/tenants/default/journal/follow"} {
			p := s.refused(http.StatusForbidden, "GET", path, "", append([]string{"Origin", origin}, bearer...)...)
			assert.Equal(t, "urn:deskcheck:problem:foreign-origin", p.Type)
		}
	}
	s.refused(http.StatusForbidden, "OPTIONS", "/v1/tenants", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	for _, site := range []string{"cross-site", "same-site"} {
		s.refused(http.StatusForbidden, "POST", "/v1/tenants", "{}", append([]string{"Sec-Fetch-Site", site}, bearer...)...)
		s.refused(http.StatusForbidden, "GET", "/v1/tenants", "", append([]string{"Sec-Fetch-Site", site, "Sec-Fetch-Mode", "navigate"}, bearer...)...)
	}
	list, err := s.client.Tenants(s.ctx, client.Page{})
	require.NoError(t, err)
	assert.Len(t, list.Tenants, 1, "nothing was made")
	response, _ := s.raw("GET", s.base+"/v1/tenants", "", append([]string{"Origin", s.base}, bearer...)...)
	assert.Equal(t, http.StatusOK, response.StatusCode, "its own origin")
}

func TestForeignHostsAreRefused(t *testing.T) {
	s := open(t, func(o *control.Options) { o.Hosts = []string{"desk.example"} })
	port := s.base[strings.LastIndex(s.base, ":"):]
	for _, host := range []string{"evil.example", "evil.example" + port, "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1" + port, "default.localhost" + port, "desk.example.evil.example"} {
		for _, path := range []string{"/v1/tenants", "/healthz", "/openapi.yaml", "/"} {
			p := s.refused(http.StatusForbidden, "GET", path, "", append([]string{"Host", host}, bearer...)...)
			assert.Equal(t, "urn:deskcheck:problem:foreign-host", p.Type)
		}
	}
	for _, host := range []string{"localhost" + port, "127.0.0.1" + port, "[::1]" + port, "desk.example", "DESK.example:80"} {
		response, _ := s.raw("GET", s.base+"/v1/tenants", "", append([]string{"Host", host}, bearer...)...)
		assert.Equal(t, http.StatusOK, response.StatusCode, host)
	}
}

func TestTheConsoleNeedsNoTokenOnLoopback(t *testing.T) {
	console := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("the console")) })
	s := open(t, func(o *control.Options) { o.Console = console })
	response, page := s.raw("GET", s.base+"/", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
	assert.Equal(t, http.StatusOK, response.StatusCode, "a link on another page may lead to it")
	assert.Equal(t, "the console", page)
	response, _ = s.raw("GET", s.base+"/v1/tenants", "", "Sec-Fetch-Site", "same-origin")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	response, _ = s.raw("POST", s.base+"/v1/tenants", "{}", "Sec-Fetch-Site", "same-origin", "Origin", s.base)
	assert.Equal(t, http.StatusCreated, response.StatusCode)
	s.refused(http.StatusUnauthorized, "GET", "/v1/tenants", "", "Sec-Fetch-Site", "none")
	closed := open(t, func(o *control.Options) { o.OpenConsole, o.Console, o.Hosts = false, console, []string{"desk.example"} })
	closed.refused(http.StatusUnauthorized, "GET", "/v1/tenants", "", "Sec-Fetch-Site", "same-origin")
	exposed := open(t, func(o *control.Options) { o.Console, o.Hosts = console, []string{"desk.example"} })
	exposed.refused(http.StatusUnauthorized, "GET", "/v1/tenants", "", "Sec-Fetch-Site", "same-origin", "Host", "desk.example")
}

func TestHostileBodies(t *testing.T) {
	s := open(t)
	for body, want := range map[string]string{
		`{`:                               "The body is not JSON",
		`[]`:                              "must be a JSON object",
		`null`:                            "must be a JSON object",
		`{"name":"x"} {"name":"y"}`:       "The body is not JSON",
		`{"nam":"x"}`:                     "nam: unknown key; did you mean name?",
		`{"name":7}`:                      "name: expected 1 to 63 characters",
		`{"name":"../../etc"}`:            "name: expected 1 to 63 characters",
		`{"name":"a/b"}`:                  "name: expected 1 to 63 characters",
		`{"journal":{"limit":1}}`:         "journal.limit: expected a whole number from 100 to 1000000",
		`{"agents":[{"id":"A B"}]}`:       "agents[0].id: expected 1 to 63 characters",
		`{"agents":[{"name":"x"}]}`:       "agents[0].id: expected",
		`{"clock":{"start":"yesterday"}}`: "The body cannot be read",
		`{"scripts":{"a":"steps: [x]"}}`:  "the script a is wrong",
		`{"scripts":{"A B":"steps: []"}}`: "script: expected 1 to 63 characters",
	} {
		p := s.refused(http.StatusBadRequest, "POST", "/v1/tenants", body, bearer...)
		assert.Contains(t, p.Detail, want, body)
	}
	s.refused(http.StatusBadRequest, "POST", "/v1/tenants/default/clock/advance", "", bearer...)
	s.refused(http.StatusBadRequest, "POST", "/v1/tenants/default/clock/advance", `{"by":"soon"}`, bearer...)
	s.refused(http.StatusBadRequest, "POST", "/v1/tenants/default/journal/wait", `{"match":"true","timeout":"11m"}`, bearer...)
	s.refused(http.StatusBadRequest, "POST", "/v1/tenants/default/journal/verify", `{"match":"true","least":3,"most":2}`, bearer...)
	s.refused(http.StatusBadRequest, "GET", "/v1/tenants/default/journal?limit=0", "", bearer...)
	s.refused(http.StatusBadRequest, "GET", "/v1/tenants/default/journal?match=(", "", bearer...)
	s.refused(http.StatusBadRequest, "GET", "/v1/tenants/default/conversations?state=lost", "", bearer...)
	s.refused(http.StatusBadRequest, "GET", "/v1/tenants/default/conversations?cursor=x", "", bearer...)
	s.refused(http.StatusRequestEntityTooLarge, "POST", "/v1/tenants", `{"name":"`+strings.Repeat("x", 10<<20)+`"}`, bearer...)
	deep := strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000)
	s.refused(http.StatusBadRequest, "POST", "/v1/tenants", deep, bearer...)
}

func TestUnknownPaths(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/v1", "/v1/nothing", "/v1/tenants/default/conversations/a%2Fb", "/v1/tenants/..%2Fdefault", "/v1/tenants/nobody", "/v1/tenants//agents", "/v1/tenants/default/../default", "/console.js"} {
		s.refused(http.StatusNotFound, "GET", path, "", bearer...)
	}
	response, _ := s.raw("PATCH", s.base+"/v1/tenants/default/clock", "", bearer...)
	assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
	assert.Equal(t, "GET", response.Header.Get("Allow"))
}

func TestUploadsAreBounded(t *testing.T) {
	s := open(t)
	one := s.take(api.NewTenant{Name: "uploads"})
	s.begin("uploads", idOne, `{}`)
	_, err := one.Join(s.ctx, idOne, api.AgentAct{})
	require.NoError(t, err)
	// Past the document: to hold so much against it takes long and tells nothing.
	plain := client.New(s.base, token, nil).Tenant("uploads")
	content := strings.Repeat("x", 10<<20+1)
	send := func(size int) error {
		_, err := plain.SendFile(s.ctx, idOne, client.File{Name: "<b>.html", Content: strings.NewReader(content[:size])})
		return err
	}
	problem(t, send(10<<20+1), http.StatusRequestEntityTooLarge, "send less")
	for range 6 {
		require.NoError(t, send(10<<20))
	}
	problem(t, send(10<<20), http.StatusConflict, "reset it")
	require.NoError(t, send(1<<20))
	s.refused(http.StatusBadRequest, "POST", "/v1/tenants/uploads/conversations/@last/send-file", "x", bearer...)
	s.refused(http.StatusBadRequest, "POST", "/v1/tenants/uploads/conversations/@last/send-file?name="+strings.Repeat("x", 256), "x", bearer...)
}
