package deskcheck

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/steps"
)

// needsNpm skips a test of the real chat where npm is missing, but not in CI, where nothing may be skipped in silence.
func needsNpm(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil && os.Getenv("CI") == "" {
		t.Skip("the real chat was not tried: there is no npm here")
	}
}

func TestEveryQuirkTouchesAScenario(t *testing.T) {
	c := DefaultConfig()
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	require.NoError(t, err)
	all, err := scenarios(c, catalogue)
	require.NoError(t, err)
	quirks, err := fixtures.Quirks(hostCarbon)
	require.NoError(t, err)
	for _, q := range quirks {
		for _, name := range q.Scenarios {
			assert.True(t, slices.ContainsFunc(all, func(s steps.Scenario) bool { return s.Name == name }), "%s names no scenario: %s", q.ID, name)
		}
		for _, sentence := range q.Sentences {
			assert.True(t, slices.ContainsFunc(all, func(s steps.Scenario) bool {
				return slices.ContainsFunc(s.Steps, func(step steps.Step) bool { return step.Text == sentence })
			}), "%s names no sentence: %s", q.ID, sentence)
		}
	}
}

func TestCarbonWithoutNpm(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	_, err := carbonChat(context.Background(), func(string) {})
	environment := (*EnvironmentError)(nil)
	require.ErrorAs(t, err, &environment)
	assert.Equal(t, 3, ExitCode(err))
	assert.Contains(t, err.Error(), "no npm here; apt-get install npm")
}

func TestCarbonSpeaksOneDialect(t *testing.T) {
	c := DefaultConfig()
	c.Host, c.Dialect = hostCarbon, "web-chat"
	problems, err := c.crossProblems()
	require.NoError(t, err)
	require.NotEmpty(t, problems)
	assert.Equal(t, "host", problems[0].Key)
	assert.Contains(t, problems[0].Message, "speaks the dialect ai-chat only, not web-chat")
}
