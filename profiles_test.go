package deskcheck

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/aichat"
	"deskcheck/steps/browser"
)

// profiled runs scenarios in thought: one per requirement of the profiles core and avail, with what came of each.
func profiled(t *testing.T, c Config, outcomes map[string]error, seen map[string]string, left ...string) map[string]reports.Profile {
	t.Helper()
	catalogue, err := fixtures.ReadCatalogue("ai-chat")
	require.NoError(t, err)
	var all []steps.Scenario
	for _, q := range catalogue.Requirements {
		all = append(all, scenarioFor("x/"+q.ID, q.ID))
	}
	r := newRecord(c, catalogue, all, all, reports.Integration{}, browser.Installation{})
	for _, id := range left {
		delete(r.selected, "x/"+id)
	}
	for _, s := range all {
		if r.selected[s.ID] {
			p := came(outcomes[s.Requirements[0]])
			p.Name, p.Capabilities = "desk", seen
			r.add(r.finding(s, p, 0))
		}
	}
	res := r.finish(nil)
	profiles := map[string]reports.Profile{}
	for _, p := range res.Profiles {
		profiles[p.Name] = p
	}
	profiles[""] = reports.Profile{Earned: res.ExitCode == 0}
	return profiles
}

func TestProfilesAreEarned(t *testing.T) {
	c := DefaultConfig()
	seen := map[string]string{"avail": "it has areAnyAgentsOnline"}
	broken := &steps.Failure{Expected: "a", Recorded: "b"}
	lacking := &steps.NotApplicable{Capability: "avail", Why: "it has no method areAnyAgentsOnline"}

	p := profiled(t, c, nil, seen)
	assert.True(t, p["core"].Earned)
	assert.True(t, p["avail"].Earned)
	assert.Empty(t, p["avail"].Reason)
	assert.False(t, p["full"].Earned, "banner was not seen")
	assert.Contains(t, p["full"].Reason, "it calls updateAgentAvailability")

	p = profiled(t, c, map[string]error{"AVAIL-03": broken}, seen)
	assert.True(t, p["core"].Earned, "it does not rest on availability")
	assert.False(t, p["avail"].Earned)
	assert.Equal(t, []string{"AVAIL-03"}, p["avail"].Failed)
	assert.Equal(t, "AVAIL-03 did not hold", p["avail"].Reason)

	p = profiled(t, c, map[string]error{"FLOW-03": broken}, seen)
	assert.False(t, p["avail"].Earned, "every profile rests on the core")

	p = profiled(t, c, map[string]error{"AVAIL-05": broken}, seen)
	assert.True(t, p["avail"].Earned, "a SHOULD does not keep it")
	assert.Equal(t, []string{"AVAIL-05"}, p["avail"].Warned)

	p = profiled(t, c, map[string]error{"AVAIL-03": lacking, "AVAIL-04": lacking}, nil)
	assert.False(t, p["avail"].Earned)
	assert.Contains(t, p["avail"].Reason, "the capability avail was not seen")
	assert.True(t, p["core"].Earned)

	p = profiled(t, c, map[string]error{"FLOW-03": lacking}, seen)
	assert.True(t, p["core"].Earned, "what is not applicable for want of another capability says nothing against it")

	p = profiled(t, c, nil, seen, "AVAIL-03")
	assert.False(t, p["avail"].Earned)
	assert.True(t, p["avail"].NotRun)
	assert.Contains(t, p["avail"].Reason, "1 of its ")

	p = profiled(t, c, map[string]error{"AVAIL-03": &steps.HarnessError{Doing: "x", Err: assert.AnError}}, seen)
	assert.False(t, p["avail"].Earned, "what could not be tested was not shown")

	c.KnownFailing = []KnownFailing{{Requirement: "AVAIL-03", Reason: "soon"}}
	p = profiled(t, c, map[string]error{"AVAIL-03": broken}, seen)
	assert.False(t, p["avail"].Earned, "a declared failure is a failure")
	assert.True(t, p[""].Earned, "though it does not fail the run")
}

func TestARunAboutAProfileFailsUnlessItIsEarned(t *testing.T) {
	c := DefaultConfig()
	c.Profile = "avail"
	seen := map[string]string{"avail": "it has areAnyAgentsOnline"}
	assert.True(t, profiled(t, c, nil, seen)[""].Earned)
	assert.False(t, profiled(t, c, nil, nil)[""].Earned, "everything held, but the capability is not there")
}

func TestSelectByProfile(t *testing.T) {
	c := DefaultConfig()
	c.Profile = "avail"
	all, err := Scenarios(c)
	require.NoError(t, err)
	for _, s := range all {
		assert.NotEqual(t, []string{"@AVAIL-02"}, s.Tags, "it binds the host alone")
	}
	c.Profile = "avial"
	err = c.Validate()
	require.EqualError(t, err, `profile: the dialect ai-chat has no profile "avial"; closest: avail, full, read; "deskcheck list profiles" prints them all`)
	assert.Equal(t, 2, ExitCode(err))
}

func TestCapabilitiesClaimedAndSeen(t *testing.T) {
	c := DefaultConfig()
	c.Claims = []string{"banner"}
	catalogue, err := fixtures.ReadCatalogue("ai-chat")
	require.NoError(t, err)
	all := []steps.Scenario{scenarioFor("x/1", "AVAIL-03")}
	r := newRecord(c, catalogue, all, all, reports.Integration{}, browser.Installation{})
	p := came(nil)
	p.Name, p.Capabilities = "desk", map[string]string{"avail": "it has areAnyAgentsOnline"}
	r.add(r.finding(scenarioFor("x/1", "AVAIL-03"), p, 0))
	res := r.finish(nil)
	assert.Contains(t, res.Capabilities, reports.Capability{Name: "avail", Seen: true, How: "it has areAnyAgentsOnline"})
	assert.Contains(t, res.Capabilities, reports.Capability{Name: "banner", Claimed: true})
	assert.Equal(t, []string{"it has areAnyAgentsOnline"}, aichat.Shows("avail"))
}
