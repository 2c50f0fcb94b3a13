package main

import (
	"context"
	"os"
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sampleComparison has a scenario of each sort, and differences that are documented only.
func sampleComparison() *deskcheck.Comparison {
	return &deskcheck.Comparison{
		Hosts: [2]string{"emulated", "carbon"}, Alike: 1, Explained: 1, NotCompared: 1, OK: true,
		Scenarios: []deskcheck.ComparedScenario{
			{ID: "name/8", Name: "Alike"},
			{ID: "joining/3", Name: "A difference that is known", Explained: true, Lists: []deskcheck.ComparedList{{What: "the chat calls", Lines: []deskcheck.ComparedLine{
				{Mark: " ", Text: "startChat → fulfilled"}, {Mark: "-", Text: "endChat → fulfilled", Quirk: "D-01"}, {Mark: "+", Text: "endChat … open", Quirk: "D-01"},
			}}}},
			{ID: "files/9", Name: "Not carried", NotCompared: "it takes no files"},
		},
	}
}

func TestCompare(t *testing.T) {
	b := newBench(t)
	assert.Zero(t, b.does("compare", "FLOW", "--json", "differences.json"))
	golden(t, "compare.txt", b.stdout.String())
	raw, err := os.ReadFile("differences.json")
	require.NoError(t, err)
	assert.Contains(t, string(raw), `"quirk": "D-01"`)
	assert.Equal(t, []string{"FLOW"}, b.ran.Select)

	b = newBench(t)
	b.compare = func(_ context.Context, _ deskcheck.Config, _ deskcheck.Progress) (*deskcheck.Comparison, error) {
		c := sampleComparison()
		c.Different, c.OK = 1, false
		return c, nil
	}
	assert.Equal(t, 1, b.does("compare"))
	assert.Equal(t, 2, b.does("compare", "--json", "no/such/folder/x.json"))
}
