package fault_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
)

// TestFaultsOfAQuestion plays every kind that can be played on a frame that asks, and tells what the desk did, in order, until and after a release and a minute.
func TestFaultsOfAQuestion(t *testing.T) {
	for _, one := range []struct {
		fault       fault.Fault
		soon, later []string
	}{
		{fault.Fault{Kind: fault.Accept}, []string{"effect", "answer"}, nil},
		{fault.Fault{Kind: fault.Status, Status: 503, Title: "Busy"}, []string{"refuse 503 Busy"}, nil},
		{fault.Fault{Kind: fault.Body, Status: 200, Text: "{"}, []string{"say {"}, nil},
		{fault.Fault{Kind: fault.Hold}, nil, []string{"effect", "answer"}},
		{fault.Fault{Kind: fault.HoldReply}, []string{"effect"}, []string{"answer"}},
		{fault.Fault{Kind: fault.Delay, For: time.Minute}, nil, []string{"effect", "answer"}},
		{fault.Fault{Kind: fault.Hang}, nil, nil},
		{fault.Fault{Kind: fault.Reset}, []string{"break"}, nil},
		{fault.Fault{Kind: fault.ResetAfter}, []string{"effect", "break", "answer"}, nil},
	} {
		t.Run(string(one.fault.Kind), func(t *testing.T) {
			clock := mockdesk.NewManualClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
			plan := fault.NewPlan(clock, nil)
			id, err := plan.Add(do(one.fault, "always", fault.Scope{Operation: "typing", Connection: 3, On: fault.Ask}))
			require.NoError(t, err)
			var did []string
			note := func(what string) { did = append(did, what) }
			plan.Next(fault.Arrival{Moment: fault.Ask, Operation: "typing", Connection: 3}).Answer(fault.Question{
				Effect: func() func() {
					note("effect")
					return func() { note("answer") }
				},
				Refuse: func(status int, title string) {
					assert.Equal(t, 503, status)
					note("refuse 503 " + title)
				},
				Say:   func(text string) { note("say " + text) },
				Break: func() { note("break") },
			})
			assert.Equal(t, one.soon, did)
			did = nil
			require.NoError(t, plan.Release(id))
			clock.Advance(time.Minute)
			assert.Equal(t, one.later, did)
		})
	}
}

func TestRulesInJSON(t *testing.T) {
	var rules fault.Rules
	require.NoError(t, rules.UnmarshalJSON([]byte(`[{"fault":{"kind":"hang"}},{"fault":{"kind":"reset"},"schedule":"next 2"}]`)))
	assert.Equal(t, fault.Rules{{Fault: fault.Fault{Kind: fault.Hang}}, {Fault: fault.Fault{Kind: fault.Reset}, Schedule: fault.Schedule{Next: 2}}}, rules)
	require.EqualError(t, rules.UnmarshalJSON([]byte(`{}`)), "must be a list of rules, not {}")
	require.ErrorContains(t, rules.UnmarshalJSON([]byte(`[{"fault":{"kind":"hang"}},{"fault":{"kind":"hang","rate":1}}]`)), "[1].fault.rate: ")
}
