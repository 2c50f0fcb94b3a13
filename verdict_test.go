package deskcheck

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/browser"
)

// A small contract: two MUSTs, a SHOULD, one that another dialect has, and two of other areas.
var small = fixtures.Catalogue{Requirements: []fixtures.Requirement{
	{ID: "FLOW-01", Area: "FLOW", Level: "MUST", Dialects: []string{"ai-chat"}},
	{ID: "FLOW-02", Area: "FLOW", Level: "MUST", Dialects: []string{"ai-chat"}, Derived: true},
	{ID: "FLOW-03", Area: "FLOW", Level: "SHOULD", Dialects: []string{"ai-chat"}},
	{ID: "FLOW-04", Area: "FLOW", Level: "MUST", Dialects: []string{"web-chat"}},
	{ID: "ERR-01", Area: "ERR", Level: "MUST", Dialects: []string{"ai-chat"}, Statement: "a type is a number"},
	{ID: "TYPE-08", Area: "TYPE", Level: "SHOULD", Dialects: []string{"ai-chat"}},
	{ID: "FLOW-05", Area: "FLOW", Level: "MUST", Dialects: []string{"ai-chat"}, Assumed: true},
	{ID: "FLOW-06", Area: "FLOW", Level: "SHOULD", Dialects: []string{"ai-chat"}, Safety: true},
}}

func scenarioFor(id string, requirements ...string) steps.Scenario {
	return steps.Scenario{ID: id, Feature: "f", Name: id, Requirements: requirements, Steps: []steps.Step{{Keyword: "Then", Text: "it holds"}}}
}

func came(err error, entries ...journal.Entry) steps.Performance {
	return steps.Performance{Outcomes: []steps.Outcome{{Step: steps.Step{Keyword: "Then", Text: "it holds"}, Ran: true, Err: err}}, Entries: entries}
}

func smallRecord(c Config, all ...steps.Scenario) *record {
	return newRecord(c, small, all, all, reports.Integration{}, browser.Installation{})
}

func requirement(t *testing.T, r *reports.Result, id string) reports.Requirement {
	t.Helper()
	for _, q := range r.Requirements {
		if q.ID == id {
			return q
		}
	}
	t.Fatalf("no requirement %s in the result", id)
	return reports.Requirement{}
}

func TestVerdictsOfOneScenario(t *testing.T) {
	s := scenarioFor("f/1", "FLOW-01", "FLOW-03")
	violation := journal.Entry{Seq: 7, Kind: journal.Violation, From: journal.Integration, Requirement: "FLOW-02", Name: "agentJoined", Note: "no id"}
	beyond := journal.Entry{Seq: 7, Kind: journal.Violation, From: journal.Integration, Requirement: "ERR-01", Name: "setErrorStatus"}
	mild := journal.Entry{Seq: 7, Kind: journal.Violation, From: journal.Integration, Requirement: "TYPE-08", Name: "sendMessageToUser"}
	ours := journal.Entry{Seq: 8, Kind: journal.Violation, From: journal.Host, Note: "the host was wrong"}
	cases := []struct {
		name    string
		came    steps.Performance
		verdict reports.Verdict
		checks  map[string]reports.Verdict
	}{
		{"what nothing public demands does not hold", came(&steps.Failure{Requirements: []string{"FLOW-05"}}), reports.Warned, map[string]reports.Verdict{"FLOW-05": reports.Warned}},
		{"a SHOULD for safety does not hold", came(&steps.Failure{Requirements: []string{"FLOW-06"}}), reports.Warned, map[string]reports.Verdict{"FLOW-06": reports.Warned}},
		{"a SHOULD for safety does not hold, with harm", came(&steps.Failure{Requirements: []string{"FLOW-03", "FLOW-06"}, Harm: true}), reports.Failed, map[string]reports.Verdict{"FLOW-03": reports.Warned, "FLOW-06": reports.Failed}},
		{"all steps pass", came(nil), reports.Passed, map[string]reports.Verdict{"FLOW-01": reports.Passed, "FLOW-03": reports.Passed}},
		{"a step fails", came(&steps.Failure{Expected: "a", Recorded: "b"}), reports.Failed, map[string]reports.Verdict{"FLOW-01": reports.Failed, "FLOW-03": reports.Warned}},
		{"a step fails on one requirement", came(&steps.Failure{Requirements: []string{"FLOW-03"}}), reports.Warned, map[string]reports.Verdict{"FLOW-03": reports.Warned}},
		{"a violation beside passing steps", came(nil, violation), reports.Failed, map[string]reports.Verdict{"FLOW-01": reports.Passed, "FLOW-02": reports.Failed, "FLOW-03": reports.Passed}},
		{"a violation of what no scenario is about", came(nil, beyond), reports.Failed, map[string]reports.Verdict{"FLOW-01": reports.Passed, "ERR-01": reports.Failed, "FLOW-03": reports.Passed}},
		{"a violation of a SHOULD that no scenario is about", came(nil, mild), reports.Warned, map[string]reports.Verdict{"FLOW-01": reports.Passed, "TYPE-08": reports.Warned, "FLOW-03": reports.Passed}},
		{"a violation of the kit's own host", came(nil, ours), reports.Untestable, map[string]reports.Verdict{"FLOW-01": reports.Untestable, "FLOW-03": reports.Untestable}},
		{"the capability is missing", came(&steps.NotApplicable{Capability: "avail"}), reports.NotApplicable, map[string]reports.Verdict{"FLOW-01": reports.NotApplicable, "FLOW-03": reports.NotApplicable}},
		{"the kit fails", came(&steps.HarnessError{Doing: "click", Err: errors.New("no")}), reports.Untestable, map[string]reports.Verdict{"FLOW-01": reports.Untestable, "FLOW-03": reports.Untestable}},
		{"an error that nobody foresaw", came(errors.New("what")), reports.Untestable, map[string]reports.Verdict{"FLOW-01": reports.Untestable, "FLOW-03": reports.Untestable}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			f := smallRecord(DefaultConfig(), s).finding(s, tc.came, time.Millisecond)
			assert.Equal(t, tc.verdict, f.Verdict)
			got := map[string]reports.Verdict{}
			for _, c := range f.Checks {
				got[c.Requirement] = c.Verdict
			}
			assert.Equal(t, tc.checks, got)
		})
	}
}

func TestVerdictOfARun(t *testing.T) {
	one, two := scenarioFor("f/1", "FLOW-01"), scenarioFor("f/2", "FLOW-02")
	failure := &steps.Failure{Expected: "a", Recorded: "b"}
	run := func(c Config, problem error, findings ...steps.Performance) *reports.Result {
		all := []steps.Scenario{one, two}
		r := smallRecord(c, all...)
		for i, f := range findings {
			r.add(r.finding(all[i%2], f, time.Millisecond))
		}
		return r.finish(problem)
	}
	known := DefaultConfig()
	known.KnownFailing = []KnownFailing{{Requirement: "FLOW-02", Reason: "later"}}

	t.Run("everything passes", func(t *testing.T) {
		r := run(DefaultConfig(), nil, came(nil), came(nil))
		assert.Equal(t, reports.Passed, r.Verdict)
		assert.Equal(t, reports.ExitConformant, r.ExitCode)
		assert.Equal(t, "derived", requirement(t, r, "FLOW-02").Label)
		assert.Equal(t, "assumed", requirement(t, r, "FLOW-05").Label)
		assert.Equal(t, reports.NotApplicable, requirement(t, r, "FLOW-04").Verdict)
		assert.Equal(t, reports.NotRun, requirement(t, r, "FLOW-03").Verdict)
	})
	t.Run("one fails", func(t *testing.T) {
		r := run(DefaultConfig(), nil, came(nil), came(failure))
		assert.Equal(t, reports.ExitNotConformant, r.ExitCode)
		assert.Equal(t, reports.Failed, requirement(t, r, "FLOW-02").Verdict)
	})
	t.Run("one never had its turn", func(t *testing.T) {
		r := run(DefaultConfig(), nil, came(nil))
		assert.Equal(t, reports.ExitNotConformant, r.ExitCode)
		assert.Equal(t, reports.NotRun, r.Scenarios[1].Verdict)
	})
	t.Run("nothing ran", func(t *testing.T) {
		assert.Equal(t, reports.ExitNotConformant, run(DefaultConfig(), nil).ExitCode)
	})
	t.Run("the environment failed", func(t *testing.T) {
		r := run(DefaultConfig(), errors.New("no browser"), came(nil), came(nil))
		assert.Equal(t, reports.ExitEnvironment, r.ExitCode)
		assert.Equal(t, "no browser", r.Problem)
	})
	t.Run("a known failure", func(t *testing.T) {
		r := run(known, nil, came(nil), came(failure))
		assert.Equal(t, reports.ExitConformant, r.ExitCode)
		assert.Equal(t, reports.ExpectedFailure, requirement(t, r, "FLOW-02").Verdict)
		assert.Equal(t, reports.ExpectedFailure, r.Scenarios[1].Verdict)
	})
	t.Run("a known failure that holds", func(t *testing.T) {
		r := run(known, nil, came(nil), came(nil))
		assert.Equal(t, reports.ExitNotConformant, r.ExitCode)
		assert.Equal(t, reports.UnexpectedPass, requirement(t, r, "FLOW-02").Verdict)
		require.Len(t, r.KnownFailing, 1)
		assert.Equal(t, reports.UnexpectedPass, r.KnownFailing[0].Verdict)
	})
	t.Run("a known failure passes in a part of its scenarios", func(t *testing.T) {
		all := []steps.Scenario{scenarioFor("f/1", "FLOW-02"), scenarioFor("f/2", "FLOW-02")}
		r := newRecord(known, small, all, all[:1], reports.Integration{}, browser.Installation{})
		r.add(r.finding(all[0], came(nil), time.Millisecond))
		result := r.finish(nil)
		assert.Equal(t, reports.ExitConformant, result.ExitCode)
		assert.Equal(t, reports.Passed, requirement(t, result, "FLOW-02").Verdict, "it may fail in what was not selected")
	})
	t.Run("a scenario ends before it can tell", func(t *testing.T) {
		s := scenarioFor("f/1", "FLOW-01", "FLOW-03")
		r := smallRecord(DefaultConfig(), s)
		r.add(r.finding(s, came(&steps.Failure{Requirements: []string{"FLOW-01"}}), time.Millisecond))
		q := requirement(t, r.finish(nil), "FLOW-03")
		assert.Equal(t, reports.NotRun, q.Verdict)
		assert.Contains(t, q.Reason, "before they could tell")
	})
	t.Run("a known failure does not excuse the kit", func(t *testing.T) {
		r := run(known, nil, came(nil), came(errors.New("what")))
		assert.Equal(t, reports.ExitNotConformant, r.ExitCode)
	})
	t.Run("runs that differ", func(t *testing.T) {
		r := run(DefaultConfig(), nil, came(nil), came(nil), came(&steps.NotApplicable{Capability: "core"}), came(nil))
		assert.True(t, r.Scenarios[0].Differed)
		assert.Equal(t, 2, r.Scenarios[0].Runs)
		assert.Equal(t, reports.ExitNotConformant, r.ExitCode)
	})
}

// TestHostPassesForItselfOnly shows that the chat's keeping its part of a requirement is no pass for an integration that lacks the capability.
func TestHostPassesForItselfOnly(t *testing.T) {
	both := fixtures.Catalogue{Requirements: []fixtures.Requirement{
		{ID: "SCREEN-01", Area: "SCREEN", Level: "MUST", Dialects: []string{"ai-chat"}, Binds: []string{"integration", "host"}},
	}}
	onHost, onIntegration := scenarioFor("screen/1", "SCREEN-01"), scenarioFor("screen/2", "SCREEN-01")
	ofHost := came(nil)
	ofHost.Scripted = true
	for name, tc := range map[string]struct {
		integration error
		want        reports.Verdict
	}{
		"without the capability": {&steps.NotApplicable{Capability: "screen"}, reports.NotApplicable},
		"with it":                {nil, reports.Passed},
		"broken":                 {&steps.Failure{Expected: "a", Recorded: "b"}, reports.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			all := []steps.Scenario{onHost, onIntegration}
			r := newRecord(DefaultConfig(), both, all, all, reports.Integration{}, browser.Installation{})
			r.add(r.finding(onHost, ofHost, time.Millisecond))
			r.add(r.finding(onIntegration, came(tc.integration), time.Millisecond))
			assert.Equal(t, tc.want, requirement(t, r.finish(nil), "SCREEN-01").Verdict)
		})
	}
}

// TestWhatFollows wants a requirement to follow from another only if that explains every scenario that shows it, and of two that explain each other the one that explains most to stand for itself.
func TestWhatFollows(t *testing.T) {
	contract := fixtures.Catalogue{}
	for _, id := range []string{"FLOW-01", "FLOW-02", "FLOW-03", "FLOW-05", "MSG-01", "MSG-02", "MSG-03", "MSG-04"} {
		contract.Requirements = append(contract.Requirements, fixtures.Requirement{ID: id, Level: "MUST", Dialects: []string{"ai-chat"}})
	}
	var all []steps.Scenario
	premises := map[string][]string{}
	add := func(id string, about string, taken ...string) {
		all = append(all, scenarioFor(id, about))
		premises[id] = taken
	}
	add("start/1", "FLOW-01")
	add("join/1", "FLOW-02", "FLOW-01")            // follows
	add("join/2", "FLOW-02", "FLOW-01", "FLOW-05") // FLOW-05 holds
	add("read/1", "FLOW-03", "FLOW-02")            // follows, through what follows itself
	add("say/1", "MSG-01", "FLOW-01")              // follows here
	add("say/2", "MSG-01", "FLOW-05")              // and stands for itself here
	add("type/1", "MSG-02", "MSG-03")              // each explains
	add("type/2", "MSG-03", "MSG-02")              // the other
	add("type/3", "MSG-04", "MSG-02")              // and one of them explains more
	held := scenarioFor("hold/1", "FLOW-05")
	r := newRecord(DefaultConfig(), contract, append(all, held), append(all, held), reports.Integration{}, browser.Installation{})
	for _, s := range all {
		f := r.finding(s, came(&steps.Failure{Expected: "a", Recorded: "b"}), time.Millisecond)
		f.Premises = premises[s.ID]
		r.add(f)
	}
	r.add(r.finding(held, came(nil), time.Millisecond))
	result := r.finish(nil)
	for id, want := range map[string][]string{"FLOW-01": nil, "FLOW-02": {"FLOW-01"}, "FLOW-03": {"FLOW-01"}, "FLOW-05": nil, "MSG-01": nil, "MSG-02": nil, "MSG-03": {"MSG-02"}, "MSG-04": {"MSG-02"}} {
		assert.Equal(t, want, requirement(t, result, id).FollowsFrom, id)
	}
}

func TestPremisesOfAScenario(t *testing.T) {
	catalogue, err := fixtures.ReadCatalogue("ai-chat")
	require.NoError(t, err)
	r := newRecord(DefaultConfig(), catalogue, nil, nil, reports.Integration{}, browser.Installation{})
	s := steps.Scenario{ID: "f/1", Requirements: []string{"FLOW-03"}, Steps: []steps.Step{{Text: `the user is talking to "Ann"`}, {Text: "the page shows no error"}, {Text: `the user reads "Hello"`}}}
	fallen := steps.Performance{Outcomes: []steps.Outcome{{Step: s.Steps[0], Ran: true}, {Step: s.Steps[1], Ran: true, Err: &steps.Failure{}}, {Step: s.Steps[2]}}}
	f := r.finding(s, fallen, 0)
	assert.Contains(t, f.Premises, "FLOW-09")
	assert.NotContains(t, f.Premises, "FLOW-03", "that is what it is about")
	assert.NotContains(t, f.Premises, "MSG-01", "it did not come so far")
	fallen.Outcomes[1].Err = nil
	assert.Empty(t, r.finding(s, fallen, 0).Premises, "it passed")
}
