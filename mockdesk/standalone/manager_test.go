package standalone_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/managerapi"
	"deskcheck/mockdesk/floor/floortest"
	"deskcheck/mockdesk/standalone"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startManager serves an agent manager on free ports.
func startManager(t *testing.T, c standalone.ManagerConfig) (*standalone.Manager, *client.Manager) {
	t.Helper()
	c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
	running, err := standalone.StartManager(c, standalone.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, running.Stop(context.Background())) })
	token, _ := running.Token()
	return running, client.New(running.ControlURL(), token, nil).Manager()
}

func TestTheFileOfAManager(t *testing.T) {
	folder := t.TempDir()
	write := func(text string) string {
		t.Helper()
		path := filepath.Join(folder, "desk.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	path := write(`
contract: agent-manager
base: /manager
dialect: seed
switches: {wrap-up: true, cim-encoding: string}
timing: {rona: 7s, wrap-up: 90s}
clock: {mode: manual, start: 2026-03-01T09:00:00Z}
journal: {limit: 500, redact: [pin]}
agents:
  - {username: zoe, password: zoes-own, first-name: Zoë, team: shop}
  - {username: max, password: maxs-own, supervises: [shop]}
queues:
  - {name: garden, agents: [zoe]}
lists:
  - {name: later}
domains:
  - {id: mrd-text, name: TEXT, max-tasks: 2}
channels:
  - {name: WEB, domain: mrd-text}
`)
	assert.Equal(t, "agent-manager", standalone.ContractOf(path))
	c, err := standalone.LoadManager(path)
	require.NoError(t, err)
	running, manager := startManager(t, c)
	assert.True(t, strings.HasSuffix(running.Address().URL, "/manager"))
	one, err := manager.Describe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "seed", one.Dialect)
	assert.Equal(t, managerapi.Timing{RONA: api.Duration(7 * time.Second), TTL: api.Duration(20 * time.Second), WrapUp: api.Duration(90 * time.Second), Away: api.Duration(30 * time.Second), Goodbye: api.Duration(5 * time.Second)}, one.Timing)
	assert.Equal(t, api.Clock{Now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Mode: "manual"}, one.Clock)
	assert.Equal(t, 500, one.Journal.Limit)
	people, err := manager.Agents(t.Context())
	require.NoError(t, err)
	require.Len(t, people, 2)
	assert.Equal(t, []managerapi.AgentDomain{{ID: "mrd-text", Name: "TEXT", State: "LOGOUT", MaxTasks: 2}}, people[0].Domains)
	for text, want := range map[string]string{
		"lisen: {}\n":                                "desk.yaml:1:1: lisen: unknown key; did you mean listen?",
		"contract: ai-chat\n":                        "desk.yaml:1:11: contract: expected agent-manager",
		"base: agents\n":                             "desk.yaml:1:7: base: expected a path such as /agent-manager",
		"timing:\n  rona: soon\n":                    "desk.yaml:2:9: timing.rona: expected a duration, such as 10s",
		"dialect: sed\n":                             "desk.yaml:1:10: dialect: expected cx-2024, seed or legacy-2023",
		"agents:\n  - username: zoe\n":               "desk.yaml:2:5: agents[0].password: expected",
		"queues:\n  - name: a\n  - name: a\n":        "desk.yaml:3:11: queues[1].name: there is a queue a already",
		"queues:\n  - {name: a, agents: [nobody]}\n": "desk.yaml:2:24: queues[0].agents[0]: there is no agent nobody",
		"channels:\n  - {name: WEB, domain: x}\n":    "channels[0].domain: there is no domain x",
		"a: [\n":                   "desk.yaml:",
		"switches: {wrap-up: 7}\n": "switches.wrap-up: expected true or false",
		"agents:\n  - {username: a, password: b}\n  - {username: a, password: b}\n": "agents[1].username: there is an agent a already",
	} {
		_, err := standalone.LoadManager(write(text))
		var wrong *standalone.Mistake
		require.ErrorAs(t, err, &wrong, text)
		assert.ErrorContains(t, err, want, text)
	}
	assert.Empty(t, standalone.ContractOf(filepath.Join(folder, "none.yaml")))
	_, err = standalone.Load(write("contract: agent-manager\n"))
	require.ErrorContains(t, err, "desk.yaml:1:11: contract: expected ai-chat")
	_, err = standalone.Load(write("contract: ai-chat\n"))
	require.NoError(t, err)
}

func TestAManagerIsOnlyOnTheLoopbackUnlessTold(t *testing.T) {
	for _, listen := range []standalone.Listen{{Wire: "0.0.0.0:0"}, {Control: "[::]:0"}} {
		_, err := standalone.StartManager(standalone.ManagerConfig{Listen: listen}, standalone.Options{})
		require.ErrorContains(t, err, "is not of the loopback")
	}
}

// TestAManagerStopsInOrder stops one while a desk is connected and someone follows.
func TestAManagerStopsInOrder(t *testing.T) {
	running, err := standalone.StartManager(standalone.ManagerConfig{Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}}, standalone.Options{})
	require.NoError(t, err)
	token, _ := running.Token()
	manager := client.New(running.ControlURL(), token, nil).Manager()
	amy := floortest.SignIn(t, running.Address().URL, "amy", "amy-secret")
	began, followed := make(chan struct{}), make(chan error, 1)
	go func() {
		followed <- manager.Follow(t.Context(), client.Follow{Began: func() { close(began) }}, func(api.Entry) error { return nil })
	}()
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, running.Stop(ctx))
	amy.Gone()
	require.ErrorContains(t, <-followed, "the server stops")
	var away *client.Unreachable
	_, err = manager.Agents(t.Context())
	require.ErrorAs(t, err, &away)
}

// TestTheDemoBringsCustomers has an agent be ready, take who comes, leave, and get the next.
func TestTheDemoBringsCustomers(t *testing.T) {
	running, manager := startManager(t, standalone.ManagerConfig{Demo: true})
	amy := floortest.SignIn(t, running.Address().URL, "amy", "amy-secret")
	advance := func() {
		t.Helper()
		_, err := manager.Advance(t.Context(), api.Duration(5*time.Second))
		require.NoError(t, err)
	}
	advance()
	customers, err := manager.Customers(t.Context())
	require.NoError(t, err)
	assert.Empty(t, customers, "nobody is ready")
	amy.Goes("READY")
	advance()
	first := amy.Take()
	advance()
	amy.Leaves(first)
	advance()
	advance()
	second := amy.Take()
	assert.NotEqual(t, first["conversationId"], second["conversationId"])
	customers, err = manager.Customers(t.Context())
	require.NoError(t, err)
	require.Len(t, customers, 2)
	over, err := manager.Conversation(t.Context(), customers[0].Conversation)
	require.NoError(t, err)
	assert.Equal(t, "CLOSED", over.Stage, "who is left alone leaves")
}
