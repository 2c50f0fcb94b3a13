package deskcheck

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/reports"
)

// wiredConfig is the configuration of a sample that speaks a wire of its own, for a run beside others with a report elsewhere.
func wiredConfig(t *testing.T, sample string) Config {
	t.Helper()
	c, err := Load(filepath.Join("fixtures", "integrations", "samples", "wires", sample, "deskcheck.yaml"))
	require.NoError(t, err)
	c.Report, c.Workers = t.TempDir(), workersBesideOthers
	return c
}

// TestIntegrationsEarnTheCoreOnWiresOfTheirOwn certifies integrations that know nothing of the native wire, whichever way their desk is asked and tells.
func TestIntegrationsEarnTheCoreOnWiresOfTheirOwn(t *testing.T) {
	t.Parallel()
	for sample, said := range map[string]string{"socket": "frame say", "polling": "request POST /api/lines", "longpoll": "request POST /chat"} {
		t.Run(sample, func(t *testing.T) {
			t.Parallel()
			c := wiredConfig(t, sample)
			c.Profile = "core"
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			require.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
			core := result.Profiles[slices.IndexFunc(result.Profiles, func(p reports.Profile) bool { return p.Name == "core" })]
			assert.True(t, core.Earned, core.Reason)
			assert.Empty(t, core.Warned)

			asked := wordsToDesk(result)
			assert.Contains(t, asked, said)
			for word := range asked {
				assert.NotContains(t, word, "/v1/", "the native wire is not spoken")
			}
		})
	}
}

// TestAWireIsHeldToItsFile has an integration speak to a desk that speaks another wire: it has to fail.
func TestAWireIsHeldToItsFile(t *testing.T) {
	t.Parallel()
	c := wiredConfig(t, "polling")
	c.Desk.Wire = wiredConfig(t, "longpoll").Desk.Wire
	c.Select = []string{"FLOW-03"}
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
	assert.Contains(t, wrong(result), "FLOW-03")
}

// TestWhatIsSaidOnOtherWiresIsHeard breaks the samples, each in a way that only shows in what their desk is asked: it has to be seen there as on the native wire.
func TestWhatIsSaidOnOtherWiresIsHeard(t *testing.T) {
	t.Parallel()
	for _, broken := range []struct{ breaks, sample, file, from, to string }{
		{"LIFE-11", "socket", "socket/index.js", "await within(LIMITS.resume, this.#ask('bye'", "this.#ask('bye', { request: this.#request }).catch(() => undefined);\n await within(LIMITS.resume, this.#ask('bye'"},
		{"MSG-05", "socket", "socket/index.js", "if (!(n > this.#seen)) return;\n    this.#seen = n;\n    this.#send({ t: 'seen', n });", ""},
		{"SEND-07", "polling", "chat.js", "    if (text.trim() === '') return;\n    this.#keys", "    this.#keys"},
		{"LIFE-08", "longpoll", "longpoll/index.js", "action: 'bye'", "action: 'status'"},
		{"LIFE-12", "polling", "http.js", "    clearTimeout(this.#timer);\n    this.#gone.abort();", ""},
	} {
		t.Run(broken.sample+" "+broken.breaks, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join("fixtures", "integrations", "samples", "wires"))))
			file := filepath.Join(folder, filepath.FromSlash(broken.file))
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Contains(t, string(source), broken.from)
			require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(source), broken.from, broken.to, 1)), 0o600))
			c, err := Load(filepath.Join(folder, broken.sample, "deskcheck.yaml"))
			require.NoError(t, err)
			c.Select, c.Report = []string{broken.breaks}, t.TempDir()
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
			assert.Contains(t, wrong(result), broken.breaks)
		})
	}
}

// TestWhatAWireCannotSayIsUntestable has an integration offer what its desk's wire has no words for, by a method and by a claim: neither is its fault.
func TestWhatAWireCannotSayIsUntestable(t *testing.T) {
	t.Parallel()
	sample, err := filepath.Abs("fixtures/integrations/samples/wires/socket/index.js")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "typing.js")
	source := fmt.Sprintf("import create from %q;\nexport default (parameters, env) => Object.assign(create(parameters, env), { userTyping: async () => {} });\n", sample)
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	c := wiredConfig(t, "socket")
	c.Integration.File, c.Claims, c.Select = file, []string{"typing"}, []string{"TYPING-01", "TYPING-02"}
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
	for _, s := range result.Scenarios {
		for _, check := range s.Checks {
			assert.NotEqual(t, reports.Failed, check.Verdict, "%s: %s", s.ID, check.Recorded)
		}
	}
	assert.Contains(t, wrong(result), "the wire socket has no typing, agent.typing")
}

// TestWhatOnlyACallbackShowsIsUntestableWithoutItsRoute takes the route for files out of the native wire, and has the reference, which declares files, speak it.
func TestWhatOnlyACallbackShowsIsUntestableWithoutItsRoute(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("mockdesk/wire/native.wire.yaml")
	require.NoError(t, err)
	begins, rest, found := strings.Cut(string(whole), "  - on: PUT /v1/conversations/{id}/attachments/{key}\n")
	require.True(t, found)
	_, goesOn, found := strings.Cut(rest, "\n  - on:")
	require.True(t, found)
	file := filepath.Join(t.TempDir(), "without.wire.yaml")
	require.NoError(t, os.WriteFile(file, []byte(begins+"  - on:"+goesOn), 0o600))
	c := DefaultConfig()
	c.Desk.Wire, c.Report, c.Workers, c.Select = file, t.TempDir(), workersBesideOthers, []string{"FILE-01", "FILE-06", "FILE-09", "SEND-07"}
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
	untestable := 0
	for _, s := range result.Scenarios {
		for _, check := range s.Checks {
			assert.NotEqual(t, reports.Failed, check.Verdict, "%s: %s", s.ID, check.Recorded)
			if check.Verdict == reports.Untestable {
				untestable++
				assert.Contains(t, check.Recorded, "has no attachment")
			}
		}
	}
	assert.Positive(t, untestable)
}

// TestAWireWithoutWordsForACoreEventLeavesItUntestable takes the words for an arrival, and for the end, out of a wire: what fails for want of them is nobody's fault, and still no pass.
func TestAWireWithoutWordsForACoreEventLeavesItUntestable(t *testing.T) {
	t.Parallel()
	for event, about := range map[string]string{"agent.joined": "JOIN-01", "conversation.ended": "LIFE-03"} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			c := wiredConfig(t, "polling")
			whole, err := os.ReadFile(c.Desk.Wire)
			require.NoError(t, err)
			var lines []string
			for line := range strings.Lines(string(whole)) {
				if !strings.HasPrefix(line, "  "+event+":") {
					lines = append(lines, line)
				}
			}
			require.Less(t, len(lines), strings.Count(string(whole), "\n"))
			c.Desk.Wire = filepath.Join(t.TempDir(), "without.wire.yaml")
			require.NoError(t, os.WriteFile(c.Desk.Wire, []byte(strings.Join(lines, "")), 0o600))
			c.Select = []string{about}
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
			untestable := 0
			for _, s := range result.Scenarios {
				for _, check := range s.Checks {
					assert.NotEqual(t, reports.Failed, check.Verdict, "%s: %s", s.ID, check.Recorded)
					if check.Verdict == reports.Untestable {
						untestable++
						assert.Equal(t, "the wire polling has no words for "+event, check.Recorded)
					}
				}
			}
			assert.Positive(t, untestable)
		})
	}
}

// wordsToDesk are the requests and frames by which scenarios asked something of their desk, by kind and name.
func wordsToDesk(result *reports.Result) map[string]bool {
	asked := map[string]bool{}
	for _, s := range result.Scenarios {
		for _, e := range s.Evidence.Entries {
			if e.To == "desk" && (e.Kind == "request" || e.Kind == "frame") && !strings.HasPrefix(e.Name, "OPTIONS ") {
				asked[e.Kind+" "+e.Name] = true
			}
		}
	}
	return asked
}
