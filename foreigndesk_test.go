package deskcheck

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
)

// foreignDesk is the configuration of the desk that is not the kit's own, in a file of its own, with the newest client where npm would have put it. change may change its text.
func foreignDesk(t *testing.T, change func(string) string) Config {
	t.Helper()
	newest := npmBundle{
		what: "the newest Socket.IO client", name: "socketio-newest", folder: "desks", entry: `export { io } from "socket.io-client-newest";`, how: api.BuildOptions{Format: api.FormatESModule}, takes: "a few seconds",
		without: "the desk that is tried uses the real Socket.IO client",
	}
	client, err := newest.script(t.Context(), func(string) {})
	require.NoError(t, err)
	folder := t.TempDir()
	script := filepath.Join(folder, "socket.io.js")
	require.NoError(t, os.WriteFile(script, client, 0o600))
	raw, err := fixtures.ReadFile("desks/foreign/deskcheck.yaml")
	require.NoError(t, err)
	site, err := filepath.Abs("fixtures/desks/foreign/site")
	require.NoError(t, err)
	const installed = "../../../.tmp/desks/node_modules/socket.io-client-newest/dist/socket.io.esm.min.js"
	require.Contains(t, string(raw), installed)
	text := change(strings.NewReplacer("dir: site", "dir: "+site, installed, script).Replace(string(raw)))
	path := filepath.Join(folder, "deskcheck.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	c, err := Load(path)
	require.NoError(t, err)
	return c
}

func asItIs(text string) string { return text }

func withoutMap(text string) string {
	before, _, _ := strings.Cut(text, "ui-map:")
	return before
}

// TestForeignDesk certifies a desk that shares nothing with the kit's own by its UI map alone; "make thorough" does so with every scenario.
func TestForeignDesk(t *testing.T) {
	t.Parallel()
	c := foreignDesk(t, asItIs)
	if !*thorough {
		c.Select = []string{"login", "handover", "monitoring"}
	}
	certify(t, c, func(t *testing.T, s steps.Scenario, finding reports.Scenario) {
		t.Helper()
		assert.Contains(t, []reports.Verdict{reports.Passed, reports.NotApplicable, reports.Warned}, finding.Verdict, "%s\n%s: %s", s.Name, s.ID, finding.Reason)
	})
}

// rehearsed are the findings of a check, by verb.
func rehearsed(t *testing.T, c Config) map[string]UIMapFinding {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var told []UIMapFinding
	check, err := CheckUIMap(ctx, c, func(f UIMapFinding) { told = append(told, f) })
	require.NoError(t, err)
	assert.NotEmpty(t, told)
	found := map[string]UIMapFinding{}
	for _, f := range check.Findings {
		found[f.Name] = f
	}
	for _, f := range told {
		assert.Equal(t, f, found[f.Name], "what is told as it comes is what is found")
	}
	return found
}

// TestUIMapCheck sees that everything in the maps of both desks works, but for what they say that the desk does not have, or that has no turn.
func TestUIMapCheck(t *testing.T) {
	t.Parallel()
	desks := map[string]Config{"foreign": foreignDesk(t, asItIs)}
	if *thorough {
		desks["reference"] = DefaultConfig().For(contractAgentManager)
	}
	for name, c := range desks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			works := 0
			for _, f := range rehearsed(t, c) {
				assert.NotEqual(t, UIMapFails, f.Outcome, "%s: %s", f.Name, f.Detail)
				if f.Outcome == UIMapUntried {
					assert.Contains(t, f.Detail, "the rehearsal has no turn for it", f.Name)
				}
				if f.Outcome == UIMapWorks {
					works++
				}
			}
			assert.GreaterOrEqual(t, works, 26)
		})
	}
}

// brokenMap has a verb of each kind of mistake. What stands in front of it is the configuration of the foreign desk.
const brokenMap = `ui-map:
  sign in:
    - fill: .who
      with: "{username}"
    - fill: .key
      with: "{password}"
    - click: .go
  set state:
    - choose: .mood
      with: "{state}"
    - click: .set
  words: { READY: Available, NOT_READY: Away }
  set MRD:
    - click: .domains i
  accept offer:
    - click: ".inbox tr[data-conversation='{conversation}'] .take"
  send text:
    - click: chat-room >>> .saay
  transfer:
    - click: chat-room >>> .name
  monitor:
    - call: frontdesk.look
  barge in: none
  offers: .inbox tr td:first-child
  state: .me
  whispers: .aside
`

func TestUIMapCheckFindsWhatDoesNotWork(t *testing.T) {
	t.Parallel()
	c := foreignDesk(t, func(text string) string { return withoutMap(text) + brokenMap })
	start := c.UIMap.Line("sign in")
	found := rehearsed(t, c)
	for _, name := range []string{"sign in", "set state", "accept offer", "offers", "text"} {
		assert.Equal(t, UIMapWorks, found[name].Outcome, "%s: %s", name, found[name].Detail)
	}
	for name, want := range map[string]UIMapFinding{
		"set MRD":   {Line: start + 11, Outcome: UIMapFails, Detail: "4 elements fit"},
		"send text": {Line: start + 15, Outcome: UIMapFails, Detail: "click chat-room >>> .saay: no element fits"},
		"transfer":  {Line: start + 17, Outcome: UIMapFails, Detail: "expected directTransferRequest with"},
		"monitor":   {Line: start + 19, Outcome: UIMapFails, Detail: "frontdesk.look"},
		"state":     {Line: start + 23, Outcome: UIMapFails, Detail: `expected amy to see the state NOT_READY; visible is "Amy Adams"`},
		"barge in":  {Line: start + 21, Outcome: UIMapLacking},
		"whispers":  {Line: start + 24, Outcome: UIMapUntried, Detail: `it takes "whisper", which the map does not tell`},
		"leave":     {Outcome: UIMapUntried, Detail: "the map does not tell"},
	} {
		got := found[name]
		assert.Equal(t, want.Line, got.Line, name)
		assert.Equal(t, want.Outcome, got.Outcome, "%s: %s", name, got.Detail)
		assert.Contains(t, got.Detail, want.Detail, name)
	}
}

func TestUIMapCheckOfAPageThatDoesNotLoad(t *testing.T) {
	t.Parallel()
	c := foreignDesk(t, func(text string) string {
		return strings.Replace(text, "replace:\n", "replace:\n    - path: index.html\n      text: <script>throw new Error('no such build')</script>\n", 1)
	})
	found := rehearsed(t, c)
	assert.Equal(t, UIMapFails, found["sign in"].Outcome)
	assert.Contains(t, found["sign in"].Detail, "no such build")
	assert.Equal(t, UIMapUntried, found["accept offer"].Outcome)
	assert.Equal(t, `it takes "sign in", which fails`, found["set state"].Detail)
}

func TestUIMapCheckNeedsAMap(t *testing.T) {
	c := foreignDesk(t, withoutMap)
	var mistake *UserError
	_, err := CheckUIMap(t.Context(), c, nil)
	require.ErrorAs(t, err, &mistake)
	require.ErrorContains(t, err, "there is no UI map")
	_, err = CheckUIMap(t.Context(), DefaultConfig(), nil)
	require.ErrorAs(t, err, &mistake)
	require.ErrorContains(t, err, "the contract is ai-chat")
}
