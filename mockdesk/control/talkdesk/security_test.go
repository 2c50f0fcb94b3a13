package talkdesk_test

import (
	"net/http"
	"strings"
	"testing"

	"deskcheck/mockdesk/control/talkdesk"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var bearer = []string{"Authorization", "Bearer " + token}

func TestWhoMayCall(t *testing.T) {
	s := open(t, func(o *talkdesk.Options) { o.Console = http.NotFoundHandler() })
	doc, err := document()
	require.NoError(t, err)
	free := map[string]bool{"/healthz": true, "/readyz": true, "/openapi.yaml": true, "/openapi.json": true}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if free[path] {
				continue
			}
			s.refused(http.StatusUnauthorized, method, path, "{}")
			s.refused(http.StatusUnauthorized, method, path, "{}", "Authorization", "Bearer "+token+"x")
			s.refused(http.StatusForbidden, method, path, "{}", append([]string{"Origin", "https://evil.example"}, bearer...)...)
			s.refused(http.StatusForbidden, method, path, "{}", append([]string{"Host", "evil.example"}, bearer...)...)
		}
	}
}

func TestBadBodiesNameTheField(t *testing.T) {
	s := open(t)
	const base = "/v1/tenants/default"
	for _, c := range []struct{ method, path, body, field, detail string }{
		{"POST", "/conversations", `{`, "", "The body is not JSON"},
		{"POST", "/conversations", ``, "", "The body is missing"},
		{"POST", "/conversations", `{}`, "email", "email: expected"},
		{"POST", "/conversations", `{"emial":"x","email":"x"}`, "emial", "did you mean email?"},
		{"POST", "/conversations", `{"email":"x","subject":7}`, "subject", "subject: expected a text or null"},
		{"POST", "/conversations/@last/say", `{"text":7}`, "text", "text: expected a text"},
		{"PUT", "/touchpoints/Web", `{"active":"no"}`, "active", "active: expected true or false"},
		{"POST", "/fail-files", `{"reason":""}`, "reason", "reason: expected why the files are not taken"},
		{"POST", "/emit", `{"method":"post"}`, "method", "method: expected a method such as POST"},
		{"POST", "/emit", `{"headers":{"A":7}}`, "headers.A", "headers.A: expected a text or null"},
		{"POST", "/faults", `{"kind":"refuse","operation":"say"}`, "operation", "operation: expected one of token, certs, start"},
		{"POST", "/faults", `{"kind":"explode","operation":"start"}`, "kind", "kind: expected one of accept, refuse"},
		{"POST", "/faults/rules", `{"rules":[{"fault":{"kind":"drop"}}]}`, "rules[0].fault.kind", "expected one of accept, status"},
		{"POST", "/clock/advance", `{"by":"soon"}`, "by", "by: expected"},
		{"POST", "/journal/wait", `{"match":"kind =="}`, "match", "match:"},
	} {
		p := s.refused(http.StatusBadRequest, c.method, base+c.path, c.body, bearer...)
		assert.Contains(t, p.Detail, c.detail, "%s %s", c.path, c.body)
		if c.field != "" && assert.NotEmpty(t, p.Errors, c.body) {
			assert.Equal(t, c.field, p.Errors[0].Field, c.body)
		}
	}
	s.refused(http.StatusRequestEntityTooLarge, "POST", base+"/emit", `{"text":"`+strings.Repeat("x", 2<<20)+`"}`, bearer...)
	s.refused(http.StatusNotFound, "GET", base+"/nothing", "", bearer...)
	for _, path := range []string{"/conversations/@last/send-file", "/conversations/@last/send-file?name=" + strings.Repeat("x", 256), "/conversations/@last/send-file?name=a&author=" + strings.Repeat("x", 201)} {
		s.refused(http.StatusBadRequest, "POST", base+path, "", bearer...)
	}
	for _, query := range []string{"/conversations?limit=0", "/conversations?order=up", "/deliveries?limit=x", "/journal?limit=1001"} {
		s.refused(http.StatusBadRequest, "GET", base+query, "", bearer...)
	}
}
