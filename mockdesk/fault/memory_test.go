package fault_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
)

// TestAPlanGoesOnElsewhere has rules that have come some way go on in another plan, through JSON.
func TestAPlanGoesOnElsewhere(t *testing.T) {
	clock := mockdesk.NewManualClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	plan := fault.NewPlan(clock, nil)
	refuse := fault.Fault{Kind: fault.Status, Status: 503}
	message := fault.Arrival{Moment: fault.Request, Operation: "message"}
	state := fault.Arrival{Moment: fault.Request, Operation: "state"}
	ids, err := plan.AddScript(
		fault.Rule{Fault: refuse, Schedule: fault.Schedule{Next: 2}, Scope: fault.Scope{Operation: "message"}},
		fault.Rule{Fault: refuse, Schedule: fault.Schedule{For: time.Minute}, Scope: fault.Scope{Operation: "state"}},
		fault.Rule{Fault: refuse, Schedule: fault.Schedule{UntilReleased: true}, Scope: fault.Scope{Operation: "end"}},
		fault.Rule{Fault: fault.Fault{Kind: fault.Hold}, Schedule: fault.Schedule{For: time.Hour}, Scope: fault.Scope{Operation: "start"}},
	)
	require.NoError(t, err)
	before := plan.Changes()
	assert.Equal(t, fault.Status, plan.Next(message).Fault.Kind)
	assert.Greater(t, plan.Changes(), before, "counting is a change")
	require.NoError(t, plan.Release(ids[2]))
	clock.Advance(30 * time.Second)
	raw, err := json.Marshal(plan.Remember())
	require.NoError(t, err)

	var m fault.Memory
	require.NoError(t, json.Unmarshal(raw, &m))
	next := fault.NewPlan(clock, nil)
	require.NoError(t, next.Recall(m))
	assert.Equal(t, plan.List(), next.List())
	assert.Equal(t, fault.Status, next.Next(message).Fault.Kind)
	assert.Equal(t, fault.Accept, next.Next(message).Fault.Kind, "it has played twice, once there and once here")
	assert.Equal(t, fault.Status, next.Next(state).Fault.Kind)
	assert.Equal(t, fault.Accept, next.Next(fault.Arrival{Moment: fault.Request, Operation: "end"}).Fault.Kind, "it was released")
	clock.Advance(30 * time.Second)
	assert.Equal(t, fault.Accept, next.Next(state).Fault.Kind, "its time began there")
	clock.Advance(time.Hour)
	assert.Equal(t, fault.Accept, next.Next(fault.Arrival{Moment: fault.Request, Operation: "start"}).Fault.Kind)
	id, err := next.Add(fault.Rule{Fault: refuse})
	require.NoError(t, err)
	assert.Equal(t, ids[3]+1, id, "no id is given twice")

	m.Rules[1].Rule.Fault.Status = 1
	empty := fault.NewPlan(clock, nil)
	var wrong *fault.FieldError
	require.ErrorAs(t, empty.Recall(m), &wrong)
	assert.Equal(t, "rules[1].fault.status", wrong.Field)
	assert.Empty(t, empty.List(), "all or nothing")
}
