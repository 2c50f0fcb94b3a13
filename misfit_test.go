package deskcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/reports"
)

// certifyFile runs some scenarios with an integration of which only the body of its class is given; it extends the reference.
func certifyFile(t *testing.T, dialect, body string, selection ...string) *reports.Result {
	t.Helper()
	reference, err := filepath.Abs(filepath.Join("fixtures", "integrations", "reference", "index.ts"))
	require.NoError(t, err)
	source := "import { Chat, Integration } from '" + filepath.ToSlash(reference) + "';\n" + body
	file := filepath.Join(t.TempDir(), "integration.js")
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	c := DefaultConfig()
	c.Dialect, c.Select, c.Integration.File, c.Report = dialect, selection, file, t.TempDir()
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	return result
}

// TestLooksLike shows that an integration written for one chat and run in another is told so, and that one which asks before it calls is not.
func TestLooksLike(t *testing.T) {
	t.Parallel()
	const declares = "export default (p, env) => { const made = new Integration(p, env); p.callback.updateCapabilities({ allowFileUploads: true }); return made; };"
	const snake = `class Snake extends Chat {
	  waitingOf({ estimatedWaitTime, positionInQueue }) { return { estimated_wait_time: estimatedWaitTime, position_in_queue: positionInQueue }; }
	}
	export default (p, env) => new Integration(p, env, { Chat: Snake });`
	const agentInfo = `class Keyed extends Integration {
	  async startChat(message, options) { this.key = options.agentAppInfo.sessionHistoryKey; await super.startChat(message, options); }
	}
	export default (p, env) => new Keyed(p, env);`
	const asks = `export default (p, env) => { const made = new Integration(p, env); if (p.callback.updateCapabilities) p.callback.updateCapabilities({ allowFileUploads: false }); p.callback.screenShareEnded?.(); return made; };`
	const broken = "class Silent extends Chat { async onAgentJoined() {} }\nexport default (p, env) => new Integration(p, env, { Chat: Silent });"
	for _, tt := range []struct {
		name, dialect, source, selection string
		fits                             []string
		because                          string
	}{
		{"a callback of two others", "orchestrate", declares, "name", []string{"ai-chat", "web-chat"}, "it calls updateCapabilities"},
		{"the fields of the web chat", "ai-chat", snake, "BANNER-03", []string{"web-chat"}, "it writes minutes of the wait, it writes position of the wait"},
		{"the options of the web chat", "ai-chat", agentInfo, "FLOW-03", []string{"web-chat"}, "it needs the option agentAppInfo of startChat"},
		{"one that asks", "orchestrate", asks, "name", nil, ""},
		{"one that fails for another reason", "orchestrate", broken, "FLOW-09", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := certifyFile(t, tt.dialect, tt.source, tt.selection)
			if tt.fits == nil {
				assert.Nil(t, result.LooksLike)
				return
			}
			require.NotNil(t, result.LooksLike)
			assert.Equal(t, tt.fits, result.LooksLike.Dialects)
			assert.Equal(t, tt.because, result.LooksLike.Because)
			assert.Contains(t, result.LooksLike.Sentence("integration", tt.dialect), "certify it there with --dialect "+tt.fits[0])
		})
	}
}

// TestFactoryKeys shows that the page reads the key of its dialect, that a script may write its factory there itself, and that one which wrote it elsewhere learns where it
// was found.
func TestFactoryKeys(t *testing.T) {
	t.Parallel()
	for dialect, recorded := range map[string]string{
		"orchestrate": "",
		"web-chat": "watsonAssistantChatOptions.serviceDeskFactory is missing; there is a factory in wxOConfiguration.serviceDesk.customFactory, where the dialect orchestrate reads it: " +
			"is the integration written for that one (--dialect orchestrate)?",
	} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			c := DefaultConfig()
			c.Dialect, c.Select, c.Report = dialect, []string{"FACT-01"}, t.TempDir()
			c.Integration.Bundle = filepath.Join("fixtures", "integrations", "samples", "registers-for-orchestrate.js")
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			require.Len(t, result.Scenarios, 1)
			if recorded == "" {
				assert.Equal(t, reports.Passed, result.Verdict, result.Scenarios[0].Reason)
				return
			}
			assert.Contains(t, result.Scenarios[0].Reason, recorded)
			require.NotNil(t, result.LooksLike)
			assert.Equal(t, []string{"orchestrate"}, result.LooksLike.Dialects)
		})
	}
}

// TestPrintedSample shows that who starts from the sample as one guide prints it learns both of its mistakes at the first failure.
func TestPrintedSample(t *testing.T) {
	t.Parallel()
	c := DefaultConfig()
	c.Select, c.Report = []string{"FACT-02"}, t.TempDir()
	c.Integration.File = filepath.Join("fixtures", "integrations", "samples", "as-printed.js")
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	require.NotEmpty(t, result.Scenarios)
	assert.True(t, strings.HasPrefix(result.Scenarios[0].Reason, "NAME-01: getName: the integration has no method getName, which every chat asks for"), result.Scenarios[0].Reason)
	assert.Contains(t, result.Scenarios[0].Reason, "it also keeps the whole parameters object as its callback, and no callback can be called on that: keep parameters.callback")
}

// TestFactoryThatIsNoneYet shows that whoever came close to handing over a factory is told the step that is missing.
func TestFactoryThatIsNoneYet(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, global, source, says string }{
		"a class that is not on the window": {"desk.js", "Desk", "class Desk {}", "the script leaves no global Desk behind: it declares it with let, const or class, which no other script finds on window; add window.Desk = Desk"},
		"a global that is not there":        {"desk.js", "Desk", "window.Dest = () => ({});", "the script leaves no global Desk behind"},
		"the configuration in its place":    {"desk.mjs", "", "export default { serviceDeskFactory: () => ({}) };", "is an object, not a factory function; it has a function serviceDeskFactory: hand over that"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), tc.file)
			require.NoError(t, os.WriteFile(file, []byte(tc.source), 0o600))
			c := DefaultConfig()
			c.Select, c.Report = []string{"FACT-01"}, t.TempDir()
			if c.Integration.File = file; tc.global != "" {
				c.Integration = Integration{Bundle: file, Global: tc.global}
			}
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			require.NotEmpty(t, result.Scenarios)
			assert.True(t, strings.HasSuffix(result.Scenarios[0].Reason, tc.says), result.Scenarios[0].Reason)
		})
	}
}
