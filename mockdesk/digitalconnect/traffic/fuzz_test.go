package traffic_test

import (
	"bytes"
	"os"
	"testing"

	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/traffic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzRead has whatever is read be judged, or be a mistake with a word to it, and never a crash.
func FuzzRead(f *testing.F) {
	source, err := os.ReadFile("testdata/good.ndjson")
	require.NoError(f, err)
	for line := range bytes.Lines(source) {
		f.Add(line)
	}
	for _, source := range []string{
		`{"at":"2026-01-02T03:04:05Z","ms":1,"request":{"method":"POST","host":"api.talkdeskapp.com","path":"/digital-connect/conversations/%zz/messages","query":"%zz","headers":{"Authorization":"Bearer"},"body":null}}`,
		`{"seq":1,"atMs":1e300,"kind":"request","from":"connector","to":"identity","data":{"method":"POST","path":"/oauth/token","body":"%"}}`,
		`{"log":{"entries":[{"startedDateTime":"2026-01-02T03:04:05Z","time":-1,"request":{"method":"","url":"x"},"response":{}}]}}`,
		`{"at":"2026-01-02T03:04:05Z","ms":1e999999999,"request":{"method":"POST","host":"connector.test","path":"/hook","body":{"event_type":"MESSAGE_CREATED","conversation_id":"c","timestamp":"x","payload":{"id":1e999999999}}}}`,
		`{"at":"2026-01-02T03:04:05Z","ms":1e300,"request":{"method":"DELETE","host":"api.talkdeskapp.com","path":"/digital-connect/conversations/c","body":1e999999999}}`,
		"{}", "[", "\ufeff", "null",
	} {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		file, err := traffic.Read("x", source)
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		j := traffic.Judge([]*traffic.File{file}, rules.About{Account: "acme", Region: "US", Users: 1, Hook: rules.Hook{URL: "http://connector.test/hook", Auth: "basic", User: "u", Secret: "secret-canary"}})
		assert.Len(t, j.Findings, len(traffic.Judged()))
	})
}
