package deskcheck

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
)

// plainIntegration is a factory body that the hostile ones get wrong in one place. It keeps the contract as far as FLOW-03 goes.
const plainIntegration = `
export default (parameters, env) => ({
  getName: () => 'hostile',
  async startChat() {
    START
    const reply = await fetch(env.desk.url + '/v1/conversations/' + crypto.randomUUID(), { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' });
    if (!reply.ok) throw new Error('refused');
  },
  async endChat() {},
  async sendMessageToAgent() {},
});`

// hostile lists what integrations do to the page that they live on, and what has to come of it in the scenario of FLOW-03.
var hostile = []struct {
	name string
	// start is put into startChat, or source is the whole file.
	start, source string
	// requirement is the one that fails, says a part of what is recorded.
	requirement, says string
}{
	{name: "exports an object", source: `export default {};`, requirement: "FACT-01", says: "not a factory function"},
	{name: "throws at import", source: `throw new Error('no licence'); export default () => ({});`, requirement: "FACT-01", says: "no licence"},
	{name: "throws in the factory", source: `export default () => { throw new Error('no key') };`, requirement: "FACT-05", says: "no key"},
	{name: "factory never settles", source: `export default () => new Promise(() => {});`, requirement: "FACT-05", says: "pending"},
	{name: "loops at import", source: `for (;;); export default () => ({});`, requirement: "FACT-01", says: "does not answer"},
	{name: "leaves at import", source: `location.href = 'http://localhost:9/elsewhere'; for (;;); export default () => ({});`, requirement: "FACT-01", says: "lost"},
	{name: "loops in the factory", source: `export default () => { for (;;); };`, requirement: "FACT-05", says: "does not answer"},
	{name: "startChat never settles", start: `await new Promise(() => {});`, requirement: "FLOW-03", says: ""},
	{name: "logs what went wrong, and no more", start: `try { parameters.desk.connect(); } catch (error) { console.error(error); } await new Promise(() => {});`, requirement: "FLOW-03", says: "the console says: TypeError: Cannot read properties of undefined"},
	{name: "has its desk written into it", start: `await fetch('http://127.0.0.1:9/v1/conversations', { method: 'POST' });`, requirement: "FLOW-03", says: "POST http://127.0.0.1:9/v1/conversations had no answer: this scenario's desk is at http://127.0.0.1:"},
	{name: "loops in startChat", start: `for (;;);`, requirement: "FLOW-03", says: "startChat"},
	{name: "floods the host", start: `for (let i = 0; i < 100000; i++) parameters.callback.agentTyping(true);`, requirement: "FLOW-03", says: "flood"},
	{name: "floods the console", start: `const big = 'x'.repeat(1 << 20); for (let i = 0; i < 50; i++) console.log(big);`, requirement: "FLOW-03", says: "console"},
	{name: "calls alert", start: `alert('hello');`, requirement: "FLOW-03", says: "alert"},
	{name: "closes the window", start: `window.close();`, requirement: "FLOW-03", says: "close"},
	{name: "navigates away", start: `location.href = 'http://localhost:9/elsewhere';`, requirement: "FLOW-03", says: "elsewhere"},
	{name: "opens a popup", start: `window.open('about:blank');`, requirement: "FLOW-03", says: "open"},
	{name: "replaces Promise", start: `globalThis.Promise = class { then() {} };`, requirement: "FLOW-03", says: "Promise"},
	{name: "replaces JSON", start: `globalThis.JSON = { parse: () => 1, stringify: () => '1' };`, requirement: "FLOW-03", says: "JSON"},
	{name: "eats memory", start: `const hoard = []; for (;;) hoard.push(new Array(1 << 24).fill(hoard.length));`, requirement: "FLOW-03", says: "lost"},
}

// trialBound ends the trial of a guest that hangs where no bound of the kit's own has ended it: far beyond what a scenario may take, so that no busy machine comes near it.
const trialBound = 5 * time.Minute

// TestHostileIntegrations runs each beside a scenario of the reference integration on another tab, which must not notice.
func TestHostileIntegrations(t *testing.T) {
	t.Parallel()
	pool := sharedPool(t)
	c := DefaultConfig()
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	require.NoError(t, err)
	all, err := scenarios(c, catalogue)
	require.NoError(t, err)
	subject := scenarioOf(t, all, "FLOW-03", "5.")
	neighbour := scenarioOf(t, all, "MSG-05", "A burst arrives")
	reference, _, err := bundleOf(Integration{})
	require.NoError(t, err)
	well, err := stageOf(c, reference)
	require.NoError(t, err)

	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			source := h.source
			if source == "" {
				source = strings.Replace(plainIntegration, "START", h.start, 1)
			}
			file := filepath.Join(t.TempDir(), "integration.js")
			require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
			bundle, about, err := bundleOf(Integration{File: file})
			require.NoError(t, err)
			stage, err := stageOf(c, bundle)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), trialBound)
			defer cancel()

			var beside reports.Scenario
			var besideErr error
			var wg sync.WaitGroup
			wg.Go(func() {
				p := &performance{stage: well, pool: pool, config: c, record: newRecord(c, catalogue, all, all, about, pool.Installation())}
				_, beside, besideErr = p.one(ctx, neighbour)
			})
			p := &performance{stage: stage, pool: pool, config: c, record: newRecord(c, catalogue, all, all, about, pool.Installation())}
			_, finding, err := p.one(ctx, subject)
			wg.Wait()
			require.NoError(t, err)
			require.NoError(t, besideErr)
			assert.Equal(t, reports.Passed, beside.Verdict, beside.Reason)
			assert.Equal(t, reports.Failed, finding.Verdict, finding.Reason)
			var said []string
			for _, check := range finding.Checks {
				if check.Requirement == h.requirement && check.Verdict == reports.Failed {
					said = append(said, check.Recorded+" "+check.Hint)
				}
			}
			require.NotEmpty(t, said, "%s did not fail; %s", h.requirement, finding.Reason)
			assert.Contains(t, strings.Join(said, "\n"), h.says)
			t.Logf("%s: %s (%.0f ms)", h.name, finding.Reason, finding.DurationMs)
		})
	}
}

func scenarioOf(t *testing.T, all []steps.Scenario, id, begins string) steps.Scenario {
	t.Helper()
	for _, s := range all {
		for _, tag := range s.Requirements {
			if tag == id && strings.HasPrefix(s.Name, begins) {
				return s
			}
		}
	}
	t.Fatalf("no scenario of %s begins with %q", id, begins)
	return steps.Scenario{}
}

// TestFilesThatAreNoIntegration want an exit code 2 and words that name the file.
func TestFilesThatAreNoIntegration(t *testing.T) {
	dir := t.TempDir()
	write := func(name, source string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
		return path
	}
	cases := []struct {
		name string
		in   Integration
		says []string
	}{
		{"missing", Integration{File: filepath.Join(dir, "missing.ts")}, []string{"missing.ts", "no such file"}},
		{"a folder", Integration{File: dir}, []string{"is a folder"}},
		{"does not parse", Integration{File: write("broken.ts", "export default (p) => {\n  return p.;\n}")}, []string{"broken.ts:2:11", "Expected identifier", "^"}},
		{"imports what is not there", Integration{File: write("imports.ts", "import x from 'no-such-package';\nexport default () => x;")}, []string{"imports.ts:1", "no-such-package"}},
		{"exports nothing", Integration{File: write("nothing.js", "console.log(1)")}, []string{"nothing.js", "exports nothing", "a default export"}},
		{"no default export", Integration{File: write("named.js", "export const createDesk = () => ({})")}, []string{"named.js", "createDesk", "--export"}},
		{"no such export", Integration{File: write("other.js", "export default () => ({})"), Export: "createDesk"}, []string{"createDesk", "default"}},
		{"has tags", Integration{File: write("tags.js", "<script>\n  const a = 1;\n</script>")}, []string{"tags.js:1:0", "The JSX syntax extension"}},
		{"missing bundle", Integration{Bundle: filepath.Join(dir, "gone.js"), Global: "Desk"}, []string{"gone.js"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := bundleOf(tc.in)
			require.Error(t, err)
			assert.Equal(t, reports.ExitUserError, ExitCode(err))
			for _, words := range tc.says {
				assert.Contains(t, err.Error(), words)
			}
		})
	}
}

// TestUnstartable shows that a run does not try every scenario with an integration that no chat can begin with, and says of each that it did not.
func TestUnstartable(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		source string
		// These are in the run, as often as they are here, nil for all.
		selected []string
		repeat   int
	}{
		"throws": {source: `export default () => { throw new Error('no key') };`, repeat: 1},
		"loops":  {source: `export default () => { for (;;); };`, repeat: 1},
		// Who names no secret has scenarios that end before they load the integration, and whatever the order they are among the first.
		"throws where it is loaded": {source: `export default () => { throw new Error('no key') };`, selected: []string{"ENV-03", "FLOW-03"}, repeat: 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "integration.js")
			require.NoError(t, os.WriteFile(file, []byte(tc.source), 0o600))
			c := DefaultConfig()
			c.Integration.File, c.Report, c.Select, c.Repeat = file, t.TempDir(), tc.selected, tc.repeat
			c.Workers = startAttempts // what hangs hangs in all of them at once
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err, "it is a verdict on the integration")
			assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
			assert.Contains(t, result.Stopped, "the chat cannot begin with this integration")
			if tc.repeat > 1 {
				return // each has been tried, some time
			}
			untried := 0
			for _, s := range result.Scenarios {
				if s.Verdict == reports.NotRun {
					untried++
					assert.Contains(t, s.Reason, result.Stopped)
				}
			}
			assert.Greater(t, untried, len(result.Scenarios)/2)
		})
	}
}

type quiet struct{}

func (quiet) Started(int)                         {}
func (quiet) Finished(reports.Scenario, int, int) {}
