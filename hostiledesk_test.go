package deskcheck

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps/agentmanager"
	"deskcheck/steps/uimap"
)

// hostileDesks lists what desks do to their manager and to the page that they are, and what has to come of it where somebody takes a conversation: the verdict, and what it says. Each
// is the reference desk, with code that runs as soon as it is ready to work (desk and socket are at hand), or instead of what it does with an event (event and hear are).
var hostileDesks = []struct {
	name string
	// connected runs when the manager has let the desk in, guarded in place of each handler of an event.
	connected, guarded string
	verdict            reports.Verdict
	says               string
}{
	{name: "sends an event that there is none of", connected: `socket.emit('noSuchEvent', {});`, verdict: reports.Passed},
	{name: "sends events without fields", connected: `for (const event of ['changeAgentState', 'topicSubscription', 'publishCimEvent', 'topicUnsubscription', 'JoinAsBargin']) { socket.emit(event); socket.emit(event, null); socket.emit(event, {}); }`, verdict: reports.Failed, says: "AM-"},
	{name: "acknowledges what nobody asked", connected: `socket.io.engine.write('3999[{}]');`, verdict: reports.Passed},
	{name: "sends a frame that cannot be read", connected: `socket.io.engine.write('2{[');`, verdict: reports.Failed, says: "AM-CONN-01"},
	{name: "sends a frame of two megabytes", connected: `socket.emit('publishCimEvent', { x: 'x'.repeat(2 << 20) });`, verdict: reports.Failed},
	{name: "accepts a task of someone else", connected: `socket.emit('topicSubscription', { topicParticipant: {}, agentId: 'no-one', conversationId: 'none', taskId: 'none:none', roomInfo: null });`, verdict: reports.Failed, says: "AM-"},
	{name: "floods events", connected: `for (let i = 0; i < 10000; i++) socket.emit('publishCimEvent', { conversationId: 'none' });`, verdict: reports.Failed, says: "AM-"},
	{name: "throws in every handler", guarded: `throw new Error('no idea what to do');`, verdict: reports.Failed, says: "no idea what to do"},
	{name: "loops for ever", connected: `for (;;);`, verdict: reports.Failed, says: "loop"},
	{name: "navigates away", connected: `location.href = 'http://localhost:9/elsewhere';`, verdict: reports.Failed, says: "elsewhere"},
	{name: "closes itself", connected: `window.close();`, verdict: reports.Passed},
	{name: "opens dialogs", connected: `for (let i = 0; i < 20; i++) { alert('hello'); confirm('sure?'); prompt('who?'); }`, verdict: reports.Passed},
	{name: "fills its storage", connected: `try { for (let i = 0; ; i++) localStorage.setItem('k' + i, 'x'.repeat(1 << 18)); } catch { /* it is full */ }`, verdict: reports.Passed},
}

// hostileDesk bundles one of them.
func hostileDesk(t *testing.T, connected, guarded string) agentmanager.Desk {
	t.Helper()
	client, err := deskClient().script(t.Context(), func(string) {})
	require.NoError(t, err)
	source := `import { Connection, start } from '/desks/reference/desk.js';
class Hostile extends Connection {
  connected() { super.connected(); const { socket, desk } = this; void desk; if (!this.done) { this.done = true; ` + connected + ` } }
  guarded(event, hear) { if (event === 'connect' || !` + map[bool]string{true: "true", false: "false"}[guarded != ""] + `) return super.guarded(event, hear); return () => { ` + guarded + ` }; }
}
start({ Connection: Hostile });`
	options := buildOptions()
	options.Stdin = &api.StdinOptions{Contents: source, Sourcefile: "/hostile.js", ResolveDir: "/"}
	options.AbsWorkingDir = "/"
	options.Format = api.FormatIIFE
	options.Plugins = []api.Plugin{providedModule("socket.io-client", client), embeddedFiles()}
	built := api.Build(options)
	require.Empty(t, built.Errors)
	desk, _, err := embeddedDesk(t.Context(), referenceDesk+"/main.js", func(string) {})
	require.NoError(t, err)
	files, is := desk.Files.(fstest.MapFS)
	require.True(t, is)
	files["main.js"] = &fstest.MapFile{Data: built.OutputFiles[0].Contents}
	return desk
}

// deskTrial plays the scenario in which amy takes a conversation, and gives what came of it.
func deskTrial(t *testing.T, desk agentmanager.Desk, drawn *uimap.Map) reports.Scenario {
	t.Helper()
	pool := sharedPool(t)
	c := Config{Contract: contractAgentManager}.withDefaults()
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	require.NoError(t, err)
	all, err := scenarios(c, catalogue)
	require.NoError(t, err)
	subject := scenarioOf(t, all, "AM-FCM-02", "Without the permission")
	ctx, cancel := context.WithTimeout(t.Context(), trialBound)
	defer cancel()
	stage := &agentmanager.Stage{Desk: desk, Map: drawn, Dialect: "cx-2024", Lease: pool.Lease}
	p := &performance{stage: stage, pool: pool, config: c, record: newRecord(c, catalogue, all, all, reports.Integration{}, pool.Installation())}
	_, finding, err := p.one(ctx, subject)
	require.NoError(t, err)
	return finding
}

// saidOf is all that a finding says of its checks.
func saidOf(finding reports.Scenario) string {
	said := []string{finding.Reason}
	for _, check := range finding.Checks {
		if check.Verdict != reports.Passed {
			said = append(said, check.Requirement, check.Recorded, check.Hint)
		}
	}
	return strings.Join(said, "\n")
}

// TestHostileDesks runs each beside the reference desk on another tab, which must not notice.
func TestHostileDesks(t *testing.T) {
	t.Parallel()
	drawn, err := Config{Contract: contractAgentManager}.withDefaults().uiMap()
	require.NoError(t, err)
	well, _, err := embeddedDesk(t.Context(), referenceDesk+"/main.js", func(string) {})
	require.NoError(t, err)
	for _, h := range hostileDesks {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			desk := hostileDesk(t, h.connected, h.guarded)
			var beside, finding reports.Scenario
			var wg sync.WaitGroup
			wg.Go(func() { beside = deskTrial(t, well, drawn) })
			finding = deskTrial(t, desk, drawn)
			wg.Wait()
			assert.Equal(t, reports.Passed, beside.Verdict, saidOf(beside))
			assert.Equal(t, h.verdict, finding.Verdict, saidOf(finding))
			assert.Contains(t, saidOf(finding), h.says)
			t.Logf("%s: %s (%.0f ms)", finding.Verdict, saidOf(finding), finding.DurationMs)
		})
	}
}

// TestUIMapsThatFindNothing has a map name two elements, none, and a function of the page that throws or never comes back. It is the map that is wrong, not the desk, and the line is named.
func TestUIMapsThatFindNothing(t *testing.T) {
	t.Parallel()
	raw, err := fixtures.ReadFile(referenceDesk + "/ui-map.yaml")
	require.NoError(t, err)
	well, _, err := embeddedDesk(t.Context(), referenceDesk+"/main.js", func(string) {})
	require.NoError(t, err)
	for name, tc := range map[string]struct{ action, says string }{
		"two elements": {`click: "input"`, "input"},
		"no element":   {`click: { button: Enter the building }`, "Enter the building"},
		"throws":       {`call: noSuchFunction`, "noSuchFunction"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(string(raw), "  - click: { button: Sign in }\n", "  - "+tc.action+"\n", 1)
			require.NotEqual(t, string(raw), text)
			drawn, err := uimap.ParseText("ui-map.yaml", []byte(text))
			require.NoError(t, err)
			finding := deskTrial(t, well, drawn)
			assert.Equal(t, reports.Untestable, finding.Verdict, saidOf(finding))
			assert.Contains(t, saidOf(finding), tc.says)
			assert.Contains(t, saidOf(finding), "ui-map.yaml:")
		})
	}
}
