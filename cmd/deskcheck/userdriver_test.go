package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drivesUsers is a small user driver. without is what it does not have.
func drivesUsers(t *testing.T, without string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := func(status int, body any) {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body)
		}
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, without):
			answer(http.StatusNotImplemented, map[string]string{"error": "not here"})
		case path == "/users":
			answer(http.StatusCreated, map[string]string{"user": "u"})
		case !strings.HasPrefix(path, "/users/u/"):
			answer(http.StatusNotFound, map[string]string{"error": "nobody of that name"})
		case !strings.HasSuffix(path, "/events"):
			w.WriteHeader(http.StatusNoContent)
		case r.URL.Query().Get("after") == "0":
			answer(http.StatusOK, json.RawMessage(`{"events":[{"seq":1,"kind":"text","from":"bot","text":"Hello"}]}`))
		default:
			wait, _ := time.ParseDuration(r.URL.Query().Get("wait") + "ms")
			select {
			case <-time.After(min(wait, 2*time.Second)):
			case <-r.Context().Done():
			}
			answer(http.StatusOK, json.RawMessage(`{"events":[]}`))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestUserDriverCommands(t *testing.T) {
	b := newBench(t)
	for subject, want := range map[string][]byte{"print": deskcheck.UserDriverDocument(), "guide": deskcheck.UserDriverGuide()} {
		b.stdout.Reset()
		assert.Zero(t, b.does("driver", subject, "--contract", "digital-connect"))
		assert.Equal(t, string(want), b.stdout.String())
	}
	b.stdout.Reset()
	address := drivesUsers(t, "/files")
	require.Zero(t, b.does("driver", "check", address, "--contract", "digital-connect"), b.stderr.String())
	golden(t, "userdriver-check.txt", b.stdout.String())

	b.stdout.Reset()
	assert.Equal(t, 3, b.does("driver", "check", drivesUsers(t, "/none")+"/x", "--contract", "digital-connect"), "nobody is let in")
	assert.Contains(t, b.stderr.String(), `POST /users was answered 404: {"error":"nobody of that name"}`)
	b.stderr.Reset()
	assert.Equal(t, 3, b.does("driver", "check", "http://127.0.0.1:1/driver", "--contract", "digital-connect"))
	assert.Contains(t, b.stderr.String(), "error: nothing listens at http://127.0.0.1:1/driver: ")
	assert.Contains(t, b.stderr.String(), "\nfix:   start the connector first, or mend the address\n")
	for says, args := range map[string][]string{
		`"ftp://x" is no http address`:           {"driver", "check", "ftp://x", "--contract", "digital-connect"},
		"a user driver is asked without a token": {"driver", "check", address, "--contract", "digital-connect", "--token-env", "X"},
		"nothing is driven in agent-manager":     {"driver", "guide", "--contract", "agent-manager"},
		"nothing is driven in digital":           {"driver", "check", address, "--contract", "digital"},
	} {
		b.stderr.Reset()
		assert.Equal(t, 2, b.does(args...), args)
		assert.Contains(t, b.stderr.String(), says)
	}
}

func TestRunNamesAConnector(t *testing.T) {
	const file = "contract: digital-connect\nconnector: {command: [./a], webhook: /hook, intercept: override, env: {P: '${port}'}}\nuser: {driver: /driver}\n"
	b := newBench(t)
	require.NoError(t, os.WriteFile(defaultConfig, []byte(file), 0o600))
	for _, name := range []string{"a", "b c"} {
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	first := func() string {
		line, _, _ := strings.Cut(b.stdout.String(), "\n")
		b.stdout.Reset()
		return line
	}
	assert.Zero(t, b.does("run"), b.stderr.String())
	assert.Equal(t, "certifying ./a, for dc-2026.1", first())
	assert.Zero(t, b.does("run", "--connector", `"./b c" --port ${port}`), b.stderr.String())
	assert.Equal(t, "certifying ./b c --port ${port}, for dc-2026.1", first())
	assert.Equal(t, map[string]string{"P": "${port}"}, b.ran.Connector.Env)
	assert.Equal(t, 2, b.does("run", "--connector", "http://127.0.0.1:9080"))
	assert.Contains(t, b.stderr.String(), "connector.listen: a connector that runs already must know where the kit listens")
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("run", "--connector", `"open`))
	assert.Contains(t, b.stderr.String(), "--connector: ")
	b.stdout.Reset()
	assert.Zero(t, b.does("config", "check"), b.stderr.String())
	assert.Equal(t, "deskcheck.yaml is fine: it certifies ./a against dc-2026.1, with no known failures\n", first()+"\n")

	for text, want := range map[string]string{
		"contract: digital-connect\n":                     "no connector is configured: it certifies the embedded reference connector against dc-2026.1",
		"contract: agent-manager\n":                       "no agent desk is configured: it certifies the embedded reference agent desk against cx-2024",
		"contract: agent-manager\nagent-desk: {dir: .}\n": "deskcheck.yaml is fine: it certifies . against cx-2024",
	} {
		require.NoError(t, os.WriteFile("index.html", nil, 0o600))
		require.NoError(t, os.WriteFile(defaultConfig, []byte(text), 0o600))
		assert.Zero(t, b.does("config", "check"), b.stderr.String())
		assert.Contains(t, first(), want)
	}
	require.NoError(t, os.Remove(defaultConfig))
	assert.Zero(t, b.does("run", "--contract", "digital-connect"), b.stderr.String())
	assert.Equal(t, "certifying the embedded reference connector: none is configured, for dc-2026.1", first())
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("run", "--connector", "./a"))
	assert.Contains(t, b.stderr.String(), "connector.webhook: expected where the connector takes Talkdesk's events", fmt.Sprint(b.ran))
	assert.Contains(t, b.stderr.String(), "\nfix:   this stands in deskcheck.yaml: \"deskcheck config init --contract digital-connect\" writes one to begin with")
}
