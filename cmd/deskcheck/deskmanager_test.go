package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/control/manager"
	"deskcheck/mockdesk/floor/floortest"
	"deskcheck/mockdesk/standalone"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newManagerBench is a bench with an agent manager that runs.
func newManagerBench(t *testing.T) (b *deskBench, base string) {
	t.Helper()
	running, err := standalone.StartManager(standalone.ManagerConfig{Base: "/agent-manager", Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}}, standalone.Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, running.Stop(ctx))
	})
	token, _ := running.Token()
	b = &deskBench{bench: newBench(t), t: t}
	b.environment = func(name string) string {
		return map[string]string{deskVariable: running.ControlURL(), tokenVariable: token}[name]
	}
	return b, running.Address().URL
}

// TestManagerVerbs holds a conversation by the verbs, with a desk on the real protocol.
func TestManagerVerbs(t *testing.T) {
	b, base := newManagerBench(t)
	assert.Equal(t, strings.TrimPrefix(`
agent  name       team                 is    domains          connected  conversations
amy    Amy Adams  team-one             AWAY  CHAT LOGOUT 0/5  no
ben    Ben Brown  team-one             AWAY  CHAT LOGOUT 0/5  no
sue    Sue Shaw   supervises team-one  AWAY  CHAT LOGOUT 0/5  no
`, "\n"), b.says(0, "agents"))
	amy := floortest.SignIn(t, base, "amy", "amy-secret")
	amy.Goes("READY")
	started := b.says(0, "customer", "start", "Kim", "--queue", "sales", "--says", "Where is my lamp?")
	id := regexp.MustCompile(`^(\S{36})  customer \S{36}\n$`).FindStringSubmatch(started)
	require.NotNil(t, id, started)
	assert.Regexp(t, id[1]+`  ACTIVE  sales  Kim +offered to amy +\d+  \d\d:\d\d:\d\d\n`, b.says(0, "conversations", "--state", "open"))
	topic := amy.Take()
	amy.Says(topic, "On its way.")
	assert.Contains(t, b.says(0, "wait", `to == "customer" && name == "AGENT_MESSAGE"`), "AGENT_MESSAGE")
	for _, verb := range []string{"deliver", "read", "fail"} {
		assert.Contains(t, b.says(0, "customer", verb, "kim"), id[1]+"  message ")
		amy.AwaitCIM("MESSAGE_DELIVERY_NOTIFICATION")
	}
	b.says(0, "customer", "type", "@last")
	b.says(0, "customer", "say", "kim", "--sample", "IMAGE")
	b.says(0, "customer", "say", "kim", "--body", `{"type":"PLAIN","markdownText":"By its body"}`)
	b.says(0, "customer", "reply", "kim", "Thank you!")
	b.says(0, "customer", "open", "kim", "WHATSAPP")
	b.says(0, "customer", "identify", "kim", "Kimberly", "--last-name", "Vale")
	b.says(0, "conversation", "data", "@last", `{"order":7}`)
	b.says(0, "conversation", "sla", "@last", "60")
	shown := b.says(0, "show", "@last")
	for _, want := range []string{"customer     Kimberly Vale (", "channels     WEB, WHATSAPP\n", "agents       amy (PRIMARY)\n", `data         {"order":7}`, "Where is my lamp?", "On its way.", "IMAGE: photo.png", "Thank you!"} {
		assert.Contains(t, shown, want)
	}
	b.says(0, "conversation", "sla", "@last", "0")
	b.says(0, "conversation", "suggest", "@last", "It is on its way.")
	assert.Contains(t, b.says(0, "customer", "samples"), "CAROUSEL")
	assert.Contains(t, b.says(0, "customer", "list"), "Kimberly Vale")
	b.says(0, "customer", "leave", "kimberly")
	assert.Contains(t, b.says(0, "customer", "again", "kimberly", "--says", "One more thing."), "-")
	assert.Equal(t, "  CLOSED\n", topicless(b.says(0, "close", "@last", "NIGHT")))
	assert.Contains(t, b.says(0, "--json", "conversations"), `"stage": "CLOSED"`)
}

// topicless is what stands after an id.
func topicless(text string) string { return text[36:] }

func TestManagerIsBent(t *testing.T) {
	b, base := newManagerBench(t)
	assert.Equal(t, "no faults\n", b.says(0, "faults"))
	assert.Equal(t, "logins are refused with 401\n", b.says(0, "refuse", "logins", "401"))
	b.says(0, "refuse", "handshakes", "--licence", "EXPIRED")
	b.says(0, "refuse", "states")
	assert.Equal(t, "logins are refused with 401\nhandshakes are refused: the licence is EXPIRED\nchanges of state are refused\nonCimEvent is withheld, 0 kept\n", b.says(0, "withhold", "onCimEvent"))
	b.says(0, "release", "onCimEvent")
	assert.Equal(t, "no faults\n", b.says(0, "heal"))
	assert.Equal(t, "cat is AWAY, CHAT LOGOUT 0/5\n", b.says(0, "add", "agent", "cat", "cat-secret", "--first-name", "Cat", "--team", "team-one"))
	assert.Contains(t, b.says(0, "add", "queue", "support", "--agents", "cat,ben"), "support  ")
	assert.Contains(t, b.says(0, "add", "list", "later"), "later  ")
	cat := floortest.SignIn(t, base, "cat", "cat-secret")
	assert.Equal(t, "cat is NOT_READY, CHAT INTERRUPTED 0/5\n", b.says(0, "agent", "domain", "cat", "mrd-chat", "INTERRUPTED"))
	b.says(0, "agent", "domain", "cat", "mrd-chat")
	b.says(0, "agent", "emit", "cat", "marvel", `{"a":1}`)
	assert.Equal(t, floortest.Object{"a": 1.0}, cat.Await("marvel"))
	made := strings.TrimSpace(b.says(0, "announcement", "make", "sue", "We close at five."))
	assert.Contains(t, b.says(0, "announcement", "list"), made+"  sue  We close at five.")
	b.says(0, "announcement", "withdraw", made)
	b.says(0, "agent", "force-out", "cat")
	cat.Await("ANNOUNCEMENT_DELETED")
	b.says(0, "advance", "5s")
	cat.Gone()
	for _, verb := range []string{"disconnect", "cut"} {
		ben := floortest.SignIn(t, base, "ben", "ben-secret")
		b.says(0, "agent", verb, "ben")
		ben.Gone()
	}
	assert.Equal(t, "default begins anew\n", b.says(0, "reset"))
	for want, args := range map[string][]string{
		"what runs there has no such verb":               {"say", "@last", "Hello"},
		"the status is no number":                        {"refuse", "logins", "soon"},
		"status: expected one of 400":                    {"refuse", "logins", "418"},
		"the payload is not JSON":                        {"agent", "emit", "ben", "x", "{"},
		"--body is not JSON":                             {"customer", "say", "@last", "--body", "{"},
		"what is known is no JSON object":                {"conversation", "data", "@last", "7"},
		`there is no agent "nobody"`:                     {"agent", "cut", "nobody"},
		"there is no customer yet; have a customer come": {"customer", "say", "@last", "Hello"},
		"--external and --list do not go together":       {"customer", "start", "Kim", "--external", "--list", "later"},
	} {
		b.says(2, args...)
		assert.Contains(t, b.stderr.String(), want)
	}
	chat := newDeskBench(t)
	chat.says(2, "customer", "list")
	assert.Contains(t, chat.stderr.String(), `start one with "deskcheck desk --contract agent-manager"`)
}

// TestEveryActOfAManagerHasAVerb holds the commands to the document: what the API can do to an agent manager can be done from the command line.
func TestEveryActOfAManagerHasAVerb(t *testing.T) {
	text, err := manager.Document()
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	verbs := map[string]string{
		"addAgent": "add agent", "addQueue": "add queue", "addList": "add list", "addCustomer": "customer start", "startAgain": "customer again", "say": "customer say", "reply": "customer reply", "type": "customer type",
		"deliver": "customer deliver", "open": "customer open", "identify": "customer identify", "leave": "customer leave", "forceOut": "agent force-out", "disconnect": "agent disconnect", "cut": "agent cut", "emit": "agent emit",
		"setDomain": "agent domain", "closeConversation": "close", "setData": "conversation data", "startSLA": "conversation sla", "suggest": "conversation suggest", "announce": "announcement make", "failLogins": "refuse logins",
		"refuseHandshakes": "refuse handshakes", "refuseStates": "refuse states", "withhold": "withhold", "resetTenant": "reset", "advanceClock": "advance", "waitForEntries": "wait", "countEntries": "count", "verifyEntries": "verify",
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

// serves runs a command line that serves until it has said all that there is to set, and gives what it printed.
func (b *bench) serves(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	b.startDesk, b.startManager, b.startTalkdesk = standalone.Start, standalone.StartManager, standalone.StartTalkdesk
	reader, writer := io.Pipe()
	b.out.Writer = writer
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int, 1)
	go func() {
		ended <- b.execute(ctx, append([]string{"desk", "--wire", "127.0.0.1:0", "--control", "127.0.0.1:0"}, args...))
		_ = writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
		if strings.Contains(lines.Text(), "export") {
			stop()
		}
	}
	return <-ended, strings.Join(all, "\n")
}

func TestManagerServesUntilItIsToldToStop(t *testing.T) {
	code, said := newBench(t).serves(t, "--contract", "agent-manager", "--base", "/agent-manager/")
	assert.Zero(t, code)
	for _, want := range []string{
		`(?m)^desks    http://127\.0\.0\.1:\d+/agent-manager +the base address, for an agent desk$`, `(?m)^sockets  ws://127\.0\.0\.1:\d+/agent-manager/socket\.io/ +Socket\.IO$`, `(?m)^token    [0-9a-f]{48}$`,
		`(?m)^saved    nowhere +all is forgotten when it stops$`, `(?m)^amy +amy-secret +Amy Adams, of team-one$`, `(?m)^sue +sue-secret +Sue Shaw, supervisor of team-one$`,
	} {
		assert.Regexp(t, want, said)
	}
	b := newBench(t)
	require.NoError(t, os.WriteFile("desk.yaml", []byte("contract: agent-manager\nagents:\n  - {username: zoe, password: zoes-own, first-name: Zoë}\n"), 0o600))
	code, said = b.serves(t, "--demo")
	assert.Zero(t, code, b.stderr.String())
	assert.Regexp(t, `(?m)^zoe +zoes-own +Zoë$`, said)
}

func TestManagerIsAskedForWrongly(t *testing.T) {
	for want, args := range map[string][]string{
		`no desk is played of the contract "pigeon"`:       {"--contract", "pigeon"},
		"--store is not for an agent manager":              {"--contract", "agent-manager", "--store", "x.db"},
		"--driver is not for an agent manager":             {"--contract", "agent-manager", "--driver"},
		"--base is for an agent manager":                   {"--base", "/x"},
		`the base path "x" does not begin with a slash`:    {"--contract", "agent-manager", "--base", "x"},
		"none.yaml does not exist":                         {"--contract", "agent-manager", "-c", "none.yaml"},
		"chat.yaml:1:11: contract: expected agent-manager": {"--contract", "agent-manager", "-c", "chat.yaml"},
		"chat.yaml:2:1: agents: unknown key":               {"-c", "chat.yaml"},
	} {
		b := newBench(t)
		require.NoError(t, os.WriteFile("chat.yaml", []byte("contract: ai-chat\nagents: []\n"), 0o600))
		code, _ := b.serves(t, args...)
		assert.Equal(t, 2, code, "%v", args)
		assert.Contains(t, b.stderr.String(), want, "%v", args)
	}
	b := newBench(t)
	assert.Zero(t, b.does("desk", "schema", "manager"))
	assert.Contains(t, b.stdout.String(), "not-ready-on-rona")
}
