package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/control/talkdesk"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/standalone"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newTalkdeskBench is a bench with Talkdesk that runs, and a connector that takes every event.
func newTalkdeskBench(t *testing.T) (*deskBench, *standalone.Talkdesk) {
	t.Helper()
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(hook.Close)
	config := standalone.TalkdeskConfig{Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}}
	config.Beside = func(*digitalconnect.Account, digitalconnect.Addresses) (string, error) { return hook.URL, nil }
	running, err := standalone.StartTalkdesk(config, standalone.Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, running.Stop(ctx))
	})
	token, _ := running.Token()
	b := &deskBench{bench: newBench(t), t: t}
	b.environment = func(name string) string {
		return map[string]string{deskVariable: running.ControlURL(), tokenVariable: token}[name]
	}
	return b, running
}

// TestTalkdeskVerbs plays the agent by the verbs.
func TestTalkdeskVerbs(t *testing.T) {
	b, running := newTalkdeskBench(t)
	assert.Empty(t, b.says(0, "conversations"))
	assert.Contains(t, b.stderr.String(), "no conversations")
	assert.Regexp(t, `(?m)^api +`+regexp.QuoteMeta(running.Account().APIURL)+`$`, b.says(0, "account"))
	id := strings.Fields(b.says(0, "start", "ann@example.test", "--agent", "Dana", "--subject", "Your order"))[0]
	assert.Regexp(t, `^`+id+`  message \S{36}\n$`, b.says(0, "say", "@last", "It is on its way.", "--agent", "Dana"))
	require.NoError(t, os.WriteFile("bill.pdf", []byte("12345"), 0o600))
	assert.Regexp(t, `  message \S{36}  file \S+\n$`, b.says(0, "send-file", "ann@example.test", "bill.pdf", "--text", "Look"))
	assert.Regexp(t, id+`  open   ann@example.test  Your order         2\n`, b.says(0, "conversations"))
	shown := b.says(0, "show", id[:8])
	for _, want := range []string{"contact      ann@example.test\n", "subject      Your order\n", "Dana ", "It is on its way.", "Look [bill.pdf]"} {
		assert.Contains(t, shown, want)
	}
	assert.Equal(t, id+"  ended\n", b.says(0, "end", "@last"))
	b.says(0, "wait", `kind == "response" && to == "webhook"`, "--count", "4")
	assert.Regexp(t, `(?m)^conversation_ended +`+id+` +answered +204`, b.says(0, "deliveries", id))
	b.says(0, "start", "bob@example.test")
	assert.Contains(t, b.says(0, "end-silently", "@last"), "ended")
	assert.Contains(t, b.says(0, "conversations", "--state", "ended"), "ended by agent")
	assert.Contains(t, b.says(0, "webhook", `{"event_type":"PIGEON"}`), "it is on its way")
	b.says(0, "webhook", "no JSON")
	require.NoError(t, os.WriteFile("call.json", []byte(`{"text":"","method":"PUT"}`), 0o600))
	b.says(0, "webhook", "--from", "call.json")
	assert.Contains(t, b.says(0, "deliveries", "--limit", "3"), "raw")
	assert.Equal(t, "3f0c1c1e-0000-4000-8000-000000000001 is inactive\n", b.says(0, "touchpoint", "off", "Web"))
	b.says(0, "touchpoint", "on", "Web")
	assert.Equal(t, "0 tokens revoked\n", b.says(0, "revoke-tokens"))
	b.says(0, "fail-files", "It could not be scanned.")
	assert.Equal(t, "f1  answer 503, for the next 2 of \"message\"\n", b.says(0, "fault", "add", "refuse", "message", "--next", "2"))
	assert.Contains(t, b.says(0, "faults"), "answer 503")
	assert.Equal(t, "released 0, removed 1 fault\n", b.says(0, "fault", "clear"))
	b.says(0, "advance", "10m")
	assert.Contains(t, b.says(0, "journal", "--match", `name == "say"`), "agent")
	assert.Equal(t, "default begins anew\n", b.says(0, "reset"))
	require.NoError(t, os.WriteFile("wrong.json", []byte(`[]`), 0o600))
	for want, args := range map[string][]string{
		"what runs there has no such verb":                           {"join", "@last"},
		"there is no conversation yet; have a user of the connector": {"say", "@last", "Hello"},
		"email: expected the e-mail address of the contact":          {"start", ""},
		"expected either a body or --from":                           {"webhook"},
		"wrong.json is no call":                                      {"webhook", "--from", "wrong.json"},
		`there is no touchpoint "Sea"`:                               {"touchpoint", "off", "Sea"},
		"operation: expected one of token":                           {"fault", "add", "refuse", "state"},
	} {
		b.says(2, args...)
		assert.Contains(t, b.stderr.String(), want)
	}
	chat := newDeskBench(t)
	chat.says(2, "account")
	assert.Contains(t, chat.stderr.String(), `start one with "deskcheck desk --contract digital-connect"`)
}

// TestEveryActAtTalkdeskHasAVerb holds the commands to the document: what the API can do can be done from the command line.
func TestEveryActAtTalkdeskHasAVerb(t *testing.T) {
	text, err := talkdesk.Document()
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	verbs := map[string]string{
		"setStatus": "touchpoint on", "revokeTokens": "revoke-tokens", "failFiles": "fail-files", "startConversation": "start", "say": "say", "sendFile": "send-file", "end": "end", "endSilently": "end-silently", "emit": "webhook",
		"addFault": "fault add", "addRules": "fault rules", "releaseFaults": "fault release", "resetTenant": "reset", "advanceClock": "advance", "waitForEntries": "wait", "countEntries": "count", "verifyEntries": "verify",
	}
	root := newBench(t).root()
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if method == "GET" || method == "DELETE" {
				continue
			}
			verb := verbs[op.OperationID]
			if !assert.NotEmpty(t, verb, "%s %s has no verb", method, path) {
				continue
			}
			var found *cobra.Command
			found, rest, err := root.Find(append([]string{"desk"}, strings.Fields(verb)...))
			require.NoError(t, err)
			assert.Empty(t, rest, verb)
			assert.NotEqual(t, "desk", found.Name())
		}
	}
}

func TestTalkdeskServesUntilItIsToldToStop(t *testing.T) {
	code, said := newBench(t).serves(t, "--contract", "digital-connect")
	assert.Zero(t, code)
	for _, want := range []string{
		`(?m)^account  acme$`, `(?m)^client   desk-client$`, `(?m)^secret   desk-client-secret-of-nobody +nobody's`, `(?m)^touch    3f0c1c1e-0000-4000-8000-000000000001 +Web$`, `(?m)^api      http://127\.0\.0\.1:\d+ `,
		`(?m)^webhook  http://127\.0\.0\.1:9080/hook +what Talkdesk calls`, `(?m)^saved    nowhere +all is forgotten when it stops$`,
	} {
		assert.Regexp(t, want, said)
	}
	mine := accountText(t, "conversation_ended: active", "conversation_ended: draft")
	b := newBench(t)
	require.NoError(t, os.WriteFile("mine.yaml", mine, 0o600))
	code, said = b.serves(t, "--contract", "digital-connect", "-c", "mine.yaml", "--proxy", "127.0.0.1:0", "--certificate-out", "ca.pem")
	assert.Zero(t, code, b.stderr.String())
	assert.Regexp(t, `(?m)^secret   as in mine.yaml `, said)
	assert.NotContains(t, said, "desk-client-secret")
	assert.Regexp(t, `(?m)^api      https://api.talkdeskapp.com `, said)
	assert.Regexp(t, `(?m)^proxy    http://127\.0\.0\.1:\d+ `, said)
	assert.Regexp(t, `remark: mine.yaml:\d+:\d+: .*draft`, b.stderr.String())
	assert.FileExists(t, "ca.pem")
}

// accountText is the account that is there without a file, with something changed.
func accountText(t *testing.T, before, after string) []byte {
	t.Helper()
	b := newBench(t)
	assert.Zero(t, b.does("desk", "account", "--example"))
	changed := strings.Replace(b.stdout.String(), before, after, 1)
	require.NotEqual(t, b.stdout.String(), changed)
	return []byte(changed)
}

func TestTalkdeskIsAskedForWrongly(t *testing.T) {
	wrong := accountText(t, "region: US", "region: MARS")
	keys := accountText(t, "secret: desk-client-secret-of-nobody", "keys: [{kid: k1, public_key: "+publicKey+"}]")
	for want, args := range map[string][]string{
		"--store is not for Talkdesk":           {"--contract", "digital-connect", "--store", "x.db"},
		"--base is not for Talkdesk":            {"--contract", "digital-connect", "--base", "/x"},
		"--certificate-out is for --proxy":      {"--contract", "digital-connect", "--certificate-out", "x.pem"},
		"--demo and --proxy do not go together": {"--contract", "digital-connect", "--demo", "--proxy", "127.0.0.1:0"},
		"none.yaml does not exist":              {"--contract", "digital-connect", "-c", "none.yaml"},
		"wrong.yaml:3:9: region":                {"--contract", "digital-connect", "-c", "wrong.yaml"},
		"--proxy is for Talkdesk":               {"--proxy", "127.0.0.1:0"},
		"its first client has no secret":        {"--contract", "digital-connect", "--demo", "-c", "keys.yaml"},
		"is not of the loopback":                {"--contract", "digital-connect", "--proxy", "0.0.0.0:0"},
	} {
		b := newBench(t)
		require.NoError(t, os.WriteFile("wrong.yaml", wrong, 0o600))
		require.NoError(t, os.WriteFile("keys.yaml", keys, 0o600))
		code, _ := b.serves(t, args...)
		assert.Equal(t, 2, code, "%v %s", args, b.stderr.String())
		assert.Contains(t, b.stderr.String(), want, "%v", args)
	}
	b := newBench(t)
	assert.Zero(t, b.does("desk", "schema", "account"))
	assert.Contains(t, b.stdout.String(), "touchpoints")
}

// publicKey is one of an elliptic curve, as YAML.
const publicKey = `"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n"`

// TestTheDemoRunsAConnector has the reference connector run beside Talkdesk, and a user of it reach the agent.
func TestTheDemoRunsAConnector(t *testing.T) {
	t.Setenv(asProgram, "1")
	b := newBench(t)
	b.startTalkdesk = standalone.StartTalkdesk
	read, write := io.Pipe()
	b.out.Writer = write
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	code := make(chan int, 1)
	go func() {
		code <- b.execute(ctx, []string{"desk", "--contract", "digital-connect", "--demo", "--wire", "127.0.0.1:0", "--control", "127.0.0.1:0"})
		_ = write.Close()
	}()
	lines := bufio.NewScanner(read)
	at := regexp.MustCompile(`^play both sides: open (http://\S+) and, beside it, the chat at (http://\S+)$`)
	var console, chat string
	for chat == "" && lines.Scan() {
		if found := at.FindStringSubmatch(lines.Text()); found != nil {
			console, chat = found[1], found[2]
		}
	}
	require.NotEmpty(t, chat, "%v %s", lines.Err(), b.stderr.String())
	go func() { _, _ = io.Copy(io.Discard, read) }()
	for _, page := range []string{console, chat} {
		response, err := http.Get(page)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, http.StatusOK, response.StatusCode)
		assert.Contains(t, string(text), "<html")
	}
	cancel()
	assert.Zero(t, <-code)
	_, err := http.Get(chat)
	require.Error(t, err, "the connector has ended, too")
}
