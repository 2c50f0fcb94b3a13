package deskcheck_test

import (
	"testing"

	"deskcheck"
	"deskcheck/fixtures"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func small() deskcheck.Traceability {
	t := deskcheck.Traceability{
		Requirements: []fixtures.Requirement{
			{ID: "AVAIL-03", Area: "AVAIL", Level: "MUST", Capability: "avail"}, {ID: "AVAIL-11", Area: "AVAIL", Level: "MUST", Capability: "avail"},
			{ID: "FLOW-03", Area: "FLOW", Level: "MUST", Capability: "core"}, {ID: "FLOW-16", Area: "FLOW", Level: "MUST", Capability: "core"},
		},
		Broken: []fixtures.BrokenIntegration{{File: "FLOW-03-waits.js", Breaks: "FLOW-03"}, {File: "AVAIL-03-counts.js", Breaks: "AVAIL-03", With: []string{"FLOW-03"}}},
	}
	for _, s := range scenarios {
		t.Scenarios = append(t.Scenarios, deskcheck.ScenarioInfo{Selectable: s})
	}
	return t
}

func TestExplain(t *testing.T) {
	e, err := small().Explain("flow-03")
	require.NoError(t, err)
	assert.Equal(t, "FLOW-03", e.Requirement.ID)
	require.Len(t, e.Scenarios, 1)
	assert.Equal(t, "ai-chat/requesting/7", e.Scenarios[0].ID)
	assert.Equal(t, []fixtures.BrokenIntegration{{File: "FLOW-03-waits.js", Breaks: "FLOW-03"}}, e.Broken)
	assert.Equal(t, "AVAIL-03-counts.js", e.AlsoBroken[0].File)

	_, err = small().Explain("FLO-3")
	require.EqualError(t, err, `there is no requirement "FLO-3"; closest: FLOW-03, FLOW-16, AVAIL-03; "deskcheck list requirements" prints them all`)
	assert.Equal(t, 2, deskcheck.ExitCode(err))

	other := small()
	other.Contract = "digital-connect"
	_, err = other.Explain("DC-MSG-7")
	require.ErrorContains(t, err, `; "deskcheck list requirements --contract digital-connect" prints them all`)
}

func TestTraceabilityLists(t *testing.T) {
	assert.Equal(t, []string{"AVAIL-03", "FLOW-03"}, small().Breakable())
	assert.Empty(t, small().Proving("FLOW-16"))
	assert.Equal(t, []deskcheck.CapabilityInfo{{Name: "avail", Requirements: 2, Scenarios: 3, Shows: []string{"it has areAnyAgentsOnline"}}, {Name: "core", Requirements: 2, Scenarios: 3}}, small().Capabilities())
	features := small().Features()
	require.Len(t, features, 3)
	assert.Equal(t, deskcheck.FeatureInfo{Word: "requesting", Name: "Requesting", File: "ai-chat/requesting.feature", Scenarios: 2, Requirements: []string{"AVAIL-11", "FLOW-03"}}, features[1],
		"in the catalogue's order, and without tags that are no requirements")
}
