package deskcheck

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/reports"
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
	_, err := carbonChat().script(context.Background(), func(string) {})
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

// tour is a walk through the chat with every part that both drivers have. Its sentences see what they did.
const tour = `Feature: The driver
  Scenario: A tour
    Given a scripted integration
    And the chat is open
    When the user asks for an agent
    Then the user sees the connect card
    When the user requests an agent
    Then the user sees the waiting banner
    And the user cannot type a message
    When the scripted integration calls "agentJoined" with [{"id": "ann", "nickname": "Ann", "user_type": "human"}]
    Then the user sees that "Ann" has joined
    And the user sees "Ann" in the banner
    When the user says "Hello"
    Then the host calls "sendMessageToAgent" once
    When the scripted integration calls "sendMessageToUser" with ["Good morning", "ann"]
    Then the user reads "Good morning"
    When the page suspends the conversation
    Then the user sees no banner
    When the page resumes the conversation
    And the user ends the chat
    Then the user sees that the chat has ended
    And the user sees that the assistant is back
`

// TestDrivers does the same in both chats, through the one interface.
func TestDrivers(t *testing.T) {
	t.Parallel()
	needsNpm(t)
	for _, host := range []string{hostEmulated, hostCarbon} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(folder, "tour.feature"), []byte(tour), 0o600))
			c := DefaultConfig()
			c.Host, c.Features, c.Select, c.Workers = host, folder, []string{"A tour"}, 1
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
			defer cancel()
			result, err := Run(ctx, c, quiet{})
			require.NoError(t, err)
			ran := 0
			for _, s := range result.Scenarios {
				if s.Own {
					ran++
					assert.Equal(t, reports.Passed, s.Verdict, s.Reason)
				}
			}
			assert.Equal(t, 1, ran)
		})
	}
}
