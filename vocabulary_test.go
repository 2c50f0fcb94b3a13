package deskcheck

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/reports"
	"deskcheck/steps"
)

// features writes feature files into a folder of their own.
func ownFeatures(t *testing.T, tree map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range tree {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

const refunds = "Feature: Refunds\n\n  @smoke @FLOW-03\n  Scenario: The greeting\n    Given the user is talking to \"Ann\"\n    Then the user reads \"Hello\"\n"

func TestOwnFeaturesStandBesideOurs(t *testing.T) {
	c := DefaultConfig()
	c.Features = ownFeatures(t, map[string]string{"billing/refund.feature": refunds, "README.md": "not a feature"})
	require.NoError(t, c.Validate())
	for _, word := range []string{"yours", "yours/billing", "refund", "Refunds", "billing/refund/4", "yours/billing/refund/4", "the greeting"} {
		c.Select = []string{word}
		found, err := Scenarios(c)
		require.NoError(t, err, word)
		require.Len(t, found, 1, word)
		assert.Equal(t, "yours/billing/refund/4", found[0].ID)
		assert.Equal(t, filepath.ToSlash(filepath.Join(c.Features, "billing", "refund.feature")), found[0].File)
	}
	c.Select, c.Tags = nil, "@smoke"
	found, err := Scenarios(c)
	require.NoError(t, err)
	assert.Len(t, found, 1, "tags need not be requirements")
	trace, err := ReadTraceability(DefaultConfig())
	require.NoError(t, err)
	for _, s := range trace.Proving("FLOW-03") {
		assert.NotEqual(t, "yours/billing/refund/4", s.ID, "a tag of theirs proves nothing")
	}
}

func TestMistakesInOwnFeatures(t *testing.T) {
	c := DefaultConfig()
	for _, test := range []struct {
		tree map[string]string
		want []string
	}{
		{map[string]string{"a.txt": ""}, []string{"holds no scenario: it needs a file that ends in .feature"}},
		{map[string]string{"a.feature": "Feature: A\n  Scenario: B\n    Given the chat is opened\n    When \"Ann\" sings\n"}, []string{"a.feature:3: no step fits ‘the chat is opened’; closest: the chat is open · ", "a.feature:4: no step fits"}},
		{map[string]string{"a.feature": "Feature: A\n  Scenario: B\n    Given the chat is open\n  Quatsch\n"}, []string{"a.feature:4:3: not valid Gherkin: "}},
		{map[string]string{"a.feature": "Feature: A\n  Scenario: B\n    Given the chat is open\n  Quatsch\n"}, []string{`or a comment, found "Quatsch"; a feature is a line "Feature: …"`}},
		{map[string]string{"a.txt": ""}, []string{`; a feature is a line "Feature: …"`}},
		{map[string]string{"a.feature": "Feature: A\n  Scenario: B\n"}, []string{`a.feature:2: scenario "B" has no steps`}},
		{map[string]string{"a.feature": "", "b.feature": "Feature: A\n  Scenario: B\n"}, []string{"a.feature: holds no feature", "b.feature:2: "}},
	} {
		c.Features = ownFeatures(t, test.tree)
		_, err := Scenarios(c)
		require.Error(t, err)
		assert.Equal(t, reports.ExitUserError, ExitCode(err))
		for _, want := range test.want {
			assert.Contains(t, err.Error(), want)
		}
	}
	c.Features = "nowhere"
	require.EqualError(t, c.Validate(), "features: nowhere does not exist")
}

func TestOwnScenariosSayNothingOfTheContract(t *testing.T) {
	own := steps.Scenario{ID: "yours/refund/4", File: "f/refund.feature", Name: "n", Own: true, Steps: []steps.Step{{Text: "x"}}}
	ours := scenarioFor("f/1", "FLOW-01")
	run := func(err error) *reports.Result {
		r := smallRecord(DefaultConfig(), ours, own)
		r.add(r.finding(ours, came(nil), 0))
		failure := came(err)
		r.add(r.finding(own, failure, 0))
		return r.finish(nil)
	}
	res := run(nil)
	assert.Equal(t, reports.ExitConformant, res.ExitCode)
	assert.Equal(t, 1, res.Summary.Own[reports.Passed])
	assert.Equal(t, 1, res.Summary.Scenarios[reports.Passed])

	res = run(&steps.Failure{Requirements: []string{"FLOW-01"}, Expected: "a", Recorded: "b"})
	assert.Equal(t, reports.ExitNotConformant, res.ExitCode, "one that fails fails the run")
	assert.Equal(t, reports.Passed, requirement(t, res, "FLOW-01").Verdict)
	assert.Equal(t, reports.Failed, res.Scenarios[1].Verdict)

	res = run(&steps.Failure{Expected: "a", Recorded: "b"})
	assert.Equal(t, reports.Failed, res.Scenarios[1].Verdict)
	assert.Equal(t, "b", res.Scenarios[1].Reason)
	res = run(&steps.NotApplicable{Capability: "files", Why: "x"})
	assert.Equal(t, reports.NotApplicable, res.Scenarios[1].Verdict)
	assert.Equal(t, reports.ExitConformant, res.ExitCode)
}
