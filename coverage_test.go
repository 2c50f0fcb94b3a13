package deskcheck

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/features"
	"deskcheck/fixtures"
	"deskcheck/steps"
	"deskcheck/steps/digitalconnect"
)

// TestTraceability wants the three ways to be walkable in each dialect: from each requirement to a scenario, from each scenario to a requirement, and from each MUST that
// binds the integration or its page to a broken integration that shows that its scenarios can fail.
func TestTraceability(t *testing.T) {
	for _, c := range everyDialect(t) {
		dialect := c.Dialect
		t.Run(c.Contract+"/"+dialect, func(t *testing.T) {
			trace, err := ReadTraceability(c)
			require.NoError(t, err)
			ids := trace.IDs()
			for _, s := range trace.Scenarios {
				proves := slices.ContainsFunc(s.Tags, func(tag string) bool { return slices.Contains(ids, tag[1:]) })
				assert.True(t, proves, "%s:%d: the scenario %q proves no requirement of the dialect", s.File, s.Line, s.Name)
			}
			assert.Empty(t, trace.Uncovered(), "requirements without a scenario")
			for _, r := range trace.Requirements {
				assert.False(t, r.ByReading && len(trace.Proving(r.ID)) > 0, "%s has a scenario although no run can see it", r.ID)
				if r.WantsBroken(dialect) {
					explained, err := trace.Explain(r.ID)
					require.NoError(t, err)
					covered := slices.ContainsFunc(explained.Broken, func(b fixtures.BrokenIntegration) bool { return b.BreaksIn(dialect, trace.Requirements) })
					assert.True(t, covered, "no %s breaks %s", trace.Subject(), r.ID)
				}
			}
		})
	}
}

// certifiable are the contracts whose features have been begun: a folder below features is all that it takes, so that from its first file on everything here is asked of it. Of the
// others the catalogue can be read.
func certifiable(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, contract := range fixtures.Contracts() {
		_, err := os.Stat(filepath.Join("features", contract))
		if err == nil {
			all = append(all, contract)
			continue
		}
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	require.Contains(t, all, contractAIChat)
	require.Contains(t, all, contractAgentManager)
	return all
}

// everyDialect has a configuration for each dialect of each contract that can be certified.
func everyDialect(t *testing.T) []Config {
	t.Helper()
	var all []Config
	for _, contract := range certifiable(t) {
		for _, dialect := range DialectsOf(contract) {
			c := DefaultConfig().For(contract)
			c.Dialect = dialect
			all = append(all, c)
		}
	}
	return all
}

// TestEveryScenarioHasADialect wants each scenario to be chosen in one dialect at least, and each of its tags to mean something.
func TestEveryScenarioHasADialect(t *testing.T) {
	for _, contract := range certifiable(t) {
		all, err := steps.Parse(features.FS, contract)
		require.NoError(t, err)
		require.NotEmpty(t, all, "the features of %s are not embedded: see features/features.go", contract)
		catalogue, err := fixtures.Requirements(contract)
		require.NoError(t, err)
		chosen := map[string]bool{}
		for _, dialect := range DialectsOf(contract) {
			for _, s := range inDialect(all, catalogue, dialect) {
				chosen[s.ID] = true
			}
		}
		for _, s := range all {
			assert.True(t, chosen[s.ID], "%s:%d: no dialect has the scenario %q", s.File, s.Line, s.Name)
			for _, tag := range s.Tags {
				dialect, narrows := strings.CutPrefix(tag, dialectTag)
				known := slices.ContainsFunc(catalogue, func(r fixtures.Requirement) bool { return "@"+r.ID == tag })
				known = known || contract == contractDigitalConnect && tag == digitalconnect.PageTag
				assert.True(t, known || narrows && slices.Contains(DialectsOf(contract), dialect), "%s:%d: the tag %s is neither a requirement nor a dialect", s.File, s.Line, tag)
			}
		}
	}
}

// TestFeaturesSpeakNoDialect keeps the words of one dialect out of what holds in all: the steps translate them (fixtures/dialects).
func TestFeaturesSpeakNoDialect(t *testing.T) {
	files, err := fs.Glob(features.FS, "ai-chat/*.feature")
	require.NoError(t, err)
	for _, file := range files {
		source, err := fs.ReadFile(features.FS, file)
		require.NoError(t, err)
		for _, word := range []string{"human_agent:", "agent:pre:", "estimatedWaitTime", "positionInQueue", "estimated_wait_time", "position_in_queue", "skipConnectHumanAgentCard"} {
			assert.False(t, bytes.Contains(source, []byte(word)), "%s: write %s in the words that all dialects share", file, word)
		}
	}
}

// TestEveryPremiseIsSaid wants each sentence that takes something for granted to be one that some scenario says.
func TestEveryPremiseIsSaid(t *testing.T) {
	all, err := steps.Parse(features.FS, "ai-chat")
	require.NoError(t, err)
	catalogue, err := fixtures.ReadCatalogue("ai-chat")
	require.NoError(t, err)
	for _, p := range catalogue.Premises {
		for _, sentence := range p.Sentences() {
			said := slices.ContainsFunc(all, func(s steps.Scenario) bool {
				return slices.ContainsFunc(s.Steps, func(step steps.Step) bool { return sentence.MatchString(step.Text) })
			})
			assert.True(t, said, "premise %s: no scenario says %s", p.Requirement, sentence)
		}
	}
}
