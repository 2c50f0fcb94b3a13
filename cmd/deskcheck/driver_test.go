package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// offered is the mock desk by the driver contract, with fewer verbs, at an address of its own. without may take requests for itself.
func offered(t *testing.T, without func(http.ResponseWriter, *http.Request) bool, verbs ...driver.Verb) string {
	t.Helper()
	can := driver.MockCapabilities("7.1", nil)
	can.Reads = []driver.Read{driver.Sessions, driver.Transcript, driver.AgentsIn}
	all := can.Verbs
	can.Verbs = map[driver.Verb][]string{}
	for _, verb := range verbs {
		can.Verbs[verb] = all[verb]
	}
	server := driver.NewServer(can, func(string) (*driver.Mock, error) {
		desk, err := mockdesk.Open(mockdesk.Options{})
		return driver.NewMock(desk, nil), err
	}, time.Minute)
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if without == nil || !without(w, r) {
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		server.Close()
		listening.Close()
	})
	return listening.URL
}

func TestDriverCommands(t *testing.T) {
	b := newBench(t)
	for subject, want := range map[string][]byte{"print": driver.Document(), "guide": driver.Guide()} {
		b.stdout.Reset()
		assert.Zero(t, b.does("driver", subject))
		assert.Equal(t, string(want), b.stdout.String())
	}
	b.stdout.Reset()
	address := offered(t, nil, driver.OpenSession, driver.AgentAccept, driver.AgentSay, driver.AgentClose, driver.FileResult)
	require.Zero(t, b.does("driver", "check", address), b.stderr.String())
	golden(t, "driver-check.txt", b.stdout.String())
}

func TestADriverThatIsBrokenIsToldSo(t *testing.T) {
	b := newBench(t)
	boom := offered(t, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/acts/agentSay") {
			return false
		}
		http.Error(w, "boom", http.StatusInternalServerError)
		return true
	}, driver.AgentAccept, driver.AgentSay, driver.LinkRestore)
	assert.Equal(t, 1, b.does("driver", "check", boom))
	assert.Contains(t, b.stdout.String(), "was answered 500 with text/plain: boom")
	assert.Contains(t, b.stdout.String(), "it takes a conversation, and the driver has no openSession")
	assert.Contains(t, b.stdout.String(), "linkRestore")

	page := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(page.Close)
	for address, says := range map[string]string{page.URL: "was answered 404 with text/plain", "http://127.0.0.1:1": "connection refused"} {
		b.stderr.Reset()
		assert.Equal(t, 3, b.does("driver", "check", address), address)
		assert.Contains(t, b.stderr.String(), says)
		assert.Contains(t, b.stderr.String(), "deskcheck driver guide")
	}
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("driver", "check", "sandbox.vendor.example"))
	assert.Contains(t, b.stderr.String(), "expected an address that begins with http:// or https://")
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("driver", "check", page.URL, "--token-env", "NOT_SET_AT_ALL"))
	assert.Contains(t, b.stderr.String(), "NOT_SET_AT_ALL is not set")
}
