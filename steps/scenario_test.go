package steps

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parsed(t *testing.T, source string) []Scenario {
	t.Helper()
	all, err := Parse(fstest.MapFS{"desk/talking.feature": {Data: []byte(source)}}, "desk")
	require.NoError(t, err)
	return all
}

func TestScenariosKnowWhereTheyStand(t *testing.T) {
	all := parsed(t, `@DESK-01 @slow
Feature: Talking

  Background:
    Given a desk

  Rule: one at a time

    @DESK-02
    Scenario Outline: saying <word>
      When someone says "<word>"
      And listens

      Examples:
        | word |
        | yes  |
        | no   |

  @not-an-id @Desk-03 @DESK-4 @DESK-044
  Scenario: silence
    * nothing is said
`)
	require.Len(t, all, 3)
	no := all[1]
	assert.Equal(t, "talking/17", no.ID, "a row is a scenario of its own")
	assert.Equal(t, "saying no", no.Name)
	assert.Equal(t, "Talking", no.Feature)
	assert.Equal(t, "desk/talking.feature", no.File)
	assert.Equal(t, []string{"DESK-01", "DESK-02"}, no.Requirements)
	assert.Equal(t, []string{"@DESK-01", "@slow", "@DESK-02"}, no.Tags)
	var sentences []string
	for _, s := range no.Steps {
		sentences = append(sentences, s.Keyword+" "+s.Text)
	}
	assert.Equal(t, []string{"Given a desk", `When someone says "no"`, "And listens"}, sentences)
	assert.Equal(t, []string{"DESK-01"}, all[2].Requirements, "only what is spelled as an ID is one")
}

func TestFeaturesThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct{ source, says string }{
		"not Gherkin":    {"Feature: x\n  Scenario: y\n    Given x\n    Maybe it works\n", "talking.feature:4:5: not valid Gherkin"},
		"a wrong line":   {"Feature: x\n  Scenario: y\n    Given x\n    Maybe it works\n", `expected the end, a row of a table, """, a step, tags, "Examples:", "Scenario:", "Rule:" or a comment, found "Maybe it works"`},
		"a wrong begin":  {"Given x\n", `talking.feature:1:1: not valid Gherkin: expected the end, "# language:", tags, "Feature:" or a comment, found "Given x"`},
		"no end":         {"Feature: x\n  Scenario: y\n    Given x\n      \"\"\"\n      text\n", `talking.feature:6:0: not valid Gherkin: unexpected end of file, expected """ or a description`},
		"another table":  {"Feature: x\n  Scenario: y\n    Given x\n      | a |\n      | a | b |\n", "inconsistent cell count within the table"},
		"no steps":       {"Feature: x\n  Scenario: y\n    Maybe it works\n", "talking.feature:2: scenario \"y\" has no steps"},
		"nothing at all": {"", "holds no feature"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(fstest.MapFS{"desk/talking.feature": {Data: []byte(c.source)}}, "desk")
			assert.ErrorContains(t, err, c.says)
		})
	}
}
