package steps

import (
	"context"
	"testing"

	messages "github.com/cucumber/messages/go/v21"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// performed plays one scenario with the sentences that the tests below need, and answers how it went and what reached the steps.
func performed(t *testing.T, source string) ([]Outcome, []string) {
	t.Helper()
	var heard []string
	count := 0
	outcomes := Play(t.Context(), parsed(t, source)[0], func(b Book) {
		b.Step(`^it works$`, func() error { count += 2; return nil })
		b.Step(`^it fails$`, func() error { return &Failure{Expected: "a", Recorded: "b", Entry: 3} })
		b.Step(`^it panics$`, func() error { panic("no") })
		b.Step(`^it reads:$`, func(d *messages.PickleDocString) error { heard = append(heard, d.Content); return nil })
		b.Step(`^it sees:$`, func(table *messages.PickleTable) error {
			for _, row := range table.Rows {
				for _, cell := range row.Cells {
					heard = append(heard, cell.Value)
				}
			}
			return nil
		})
	}, func(_ int, s Step) { heard = append(heard, s.Text) }, func() int { return count })
	return outcomes, heard
}

func TestOutcomesOfSteps(t *testing.T) {
	outcomes, announced := performed(t, "Feature: f\n  Scenario: s\n    Given it works\n    When it fails\n    Then it works\n")
	require.Len(t, outcomes, 3)
	assert.NoError(t, outcomes[0].Err)
	assert.Equal(t, []int{1, 2}, []int{outcomes[0].First, outcomes[0].Last}, "the entries that came while it ran")
	var failure *Failure
	require.ErrorAs(t, outcomes[1].Err, &failure)
	assert.Equal(t, 3, failure.Entry)
	assert.Zero(t, outcomes[1].First, "nothing came while it ran")
	assert.False(t, outcomes[2].Ran, "what follows a failure is skipped")
	assert.NoError(t, outcomes[2].Err)
	assert.Equal(t, []string{"it works", "it fails"}, announced)
}

func TestStepsThatCannotRun(t *testing.T) {
	for sentence, says := range map[string]string{
		"it is not known": `no step definition fits: "it is not known"`,
		"it panics":       "no",
	} {
		t.Run(sentence, func(t *testing.T) {
			outcomes, _ := performed(t, "Feature: f\n  Scenario: s\n    Given "+sentence+"\n    Then it works\n")
			assert.True(t, outcomes[0].Ran)
			require.ErrorContains(t, outcomes[0].Err, says)
			assert.NotErrorAs(t, outcomes[0].Err, new(*Failure), "it says nothing about the integration")
			assert.False(t, outcomes[1].Ran)
		})
	}
}

func TestArgumentsReachTheStepUnchanged(t *testing.T) {
	_, heard := performed(t, `Feature: f
  Scenario: s
    Given it reads:
      """
      one \ two
        three | "four"
      \"\"\"
      """
    And it sees:
      | a \| b | c \\ d | e \n f |
`)
	assert.Equal(t, []string{"it reads:", "one \\ two\n  three | \"four\"\n\"\"\"", "it sees:", "a | b", `c \ d`, "e \n f"}, heard)
}

func TestPanicsOfTheKitAreItsOwn(t *testing.T) {
	work := func() (err error) {
		defer Recovered("look at the page", &err)
		panic(context.Canceled)
	}
	var harness *HarnessError
	require.ErrorAs(t, work(), &harness)
	assert.ErrorContains(t, harness, "look at the page: panic: context canceled")
	assert.NotErrorAs(t, error(harness), new(*Failure))
}
