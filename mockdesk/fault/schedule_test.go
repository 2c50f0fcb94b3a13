package fault_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
)

// on gives which of the first n arrivals a schedule plays on.
func on(t *testing.T, schedule string, n int) []int {
	t.Helper()
	s, err := fault.ParseSchedule(schedule)
	require.NoError(t, err)
	return playsOn(s, n)
}

func playsOn(s fault.Schedule, n int) []int {
	plan := fault.NewPlan(mockdesk.NewManualClock(morning), nil)
	if _, err := plan.Add(fault.Rule{Fault: fault.Fault{Kind: fault.Drop}, Schedule: s}); err != nil {
		panic(err)
	}
	var plays []int
	for i := range n {
		if plan.Next(fault.Arrival{Moment: fault.Frame}).Rule != 0 {
			plays = append(plays, i+1)
		}
	}
	return plays
}

func TestSchedules(t *testing.T) {
	for schedule, want := range map[string][]int{
		"always":                {1, 2, 3, 4, 5, 6, 7, 8},
		"next 2":                {1, 2},
		"from 3":                {3, 4, 5, 6, 7, 8},
		"only 3":                {3},
		"every 2":               {2, 4, 6, 8},
		"every 1":               {1, 2, 3, 4, 5, 6, 7, 8},
		"from 3 every 2":        {4, 6, 8},
		"every 2, from 3":       {4, 6, 8},
		"from 3 next 2":         {3, 4},
		"every 3 next 1":        {3},
		"from 2\tevery 3":       {4, 7},
		"next 2 for 1h":         {1, 2},
		"until released":        {1, 2, 3, 4, 5, 6, 7, 8},
		"from 7 for 5s":         {7, 8},
		"until released,from 8": {8},
	} {
		assert.Equal(t, want, on(t, schedule, 8), schedule)
	}
}

func TestSchedulesThatMakeNoSense(t *testing.T) {
	for text, want := range map[string]string{
		"":                  `a schedule is missing, such as "next 2" or "always"`,
		" , ":               `a schedule is missing`,
		"next":              `"next" must be followed by a number from 1 to 1073741824, such as "next 2", in "next"`,
		"next two":          `"next" must be followed by a number`,
		"next 0":            `"next" must be followed by a number`,
		"from -1":           `"from" must be followed by a number`,
		"every 99999999999": `"every" must be followed by a number`,
		"next 1 next 2":     `"next" is said twice in "next 1 next 2"`,
		"always next 2":     `"always" stands alone; leave it out of "always next 2"`,
		"next 2 always":     `"always" stands alone`,
		"for 5":             `"for" must be followed by a time above zero with its unit, such as "for 5s", in "for 5"`,
		"for":               `"for" must be followed by a time`,
		"for -5s":           `"for" must be followed by a time`,
		"until tomorrow":    `"until" must be followed by "released", in "until tomorrow"`,
		"until":             `"until" must be followed by "released"`,
		"nexxt 2":           `a schedule has no word "nexxt"; it has "always", "from", "only", "every", "next", "for" and "until released"`,
		"only 2 next 1":     `only: names one arrival; "from", "every" and "next" have no place beside it`,
	} {
		_, err := fault.ParseSchedule(text)
		require.ErrorContains(t, err, want, text)
	}
	for _, s := range []fault.Schedule{{From: -1}, {Next: -1}, {Every: -1}, {Only: -1}, {For: -1}} {
		require.Error(t, s.Validate(), "%+v", s)
	}
}

func TestScheduleInFiles(t *testing.T) {
	want := fault.Schedule{From: 3, Every: 2, Next: 4, For: 90 * time.Second, UntilReleased: true}
	for _, source := range []string{
		`"from 3 every 2 next 4 for 1m30s until released"`, `{"from":3,"every":2,"next":4,"for":"90s","untilReleased":true}`,
	} {
		var fromJSON, fromYAML fault.Schedule
		require.NoError(t, json.Unmarshal([]byte(source), &fromJSON))
		assert.Equal(t, want, fromJSON)
		require.NoError(t, yaml.Unmarshal([]byte(source), &fromYAML))
		assert.Equal(t, want, fromYAML)
	}
	raw, err := json.Marshal(want)
	require.NoError(t, err)
	assert.JSONEq(t, `{"from":3,"every":2,"next":4,"for":"1m30s","untilReleased":true}`, string(raw))
	raw, err = yaml.Marshal(map[string]fault.Schedule{"schedule": want})
	require.NoError(t, err)
	assert.Equal(t, "schedule: from 3 every 2 next 4 for 1m30s until released\n", string(raw))
	for source, message := range map[string]string{
		`3`: `must be text such as "next 2" or an object, not 3`, `null`: `must be text`, `{"nxt":2}`: `nxt: a schedule has no such field; it has "from", "only"`,
		`{"next":"two"}`: `next: must be a whole number, not "two"`, `{"next":-2}`: `next: must be a number from 1`, `{"for":5}`: `for: must be a time with its unit such as 5s or 250ms, not 5`,
		`{"for":"5"}`: `for: must be a time above zero`, `{"untilReleased":"yes"}`: `untilReleased: must be true or false, not "yes"`, `{"only":1,"next":1}`: `only: names one arrival`, `"nxt 2"`: `no word "nxt"`,
	} {
		var s fault.Schedule
		require.ErrorContains(t, json.Unmarshal([]byte(source), &s), message, source)
	}
}

func TestForBeginsWithTheRuleOrTheArrivalThatFromNames(t *testing.T) {
	clock := mockdesk.NewManualClock(morning)
	plan := fault.NewPlan(clock, nil)
	a := fault.Arrival{Moment: fault.Frame}
	_, err := plan.Add(do(fault.Fault{Kind: fault.Drop}, "for 5s"))
	require.NoError(t, err)
	clock.Advance(5*time.Second - 1)
	assert.Equal(t, fault.Drop, plan.Next(a).Fault.Kind)
	assert.False(t, plan.List()[0].Over)
	clock.Advance(1)
	assert.True(t, plan.List()[0].Over)
	assert.Equal(t, fault.Accept, plan.Next(a).Fault.Kind)

	_, err = plan.Add(do(fault.Fault{Kind: fault.Drop}, "from 2 for 5s"))
	require.NoError(t, err)
	clock.Advance(time.Hour)
	assert.Equal(t, fault.Accept, plan.Next(a).Fault.Kind)
	clock.Advance(time.Hour)
	assert.Equal(t, fault.Drop, plan.Next(a).Fault.Kind, "the second")
	clock.Advance(4 * time.Second)
	assert.Equal(t, fault.Drop, plan.Next(a).Fault.Kind)
	clock.Advance(time.Second)
	assert.Equal(t, fault.Accept, plan.Next(a).Fault.Kind)
}

// schedules draws any schedule that makes sense.
func schedules() *rapid.Generator[fault.Schedule] {
	return rapid.Custom(func(t *rapid.T) fault.Schedule {
		count := rapid.IntRange(0, 5)
		s := fault.Schedule{
			For:           time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "for")),
			UntilReleased: rapid.Bool().Draw(t, "until released"),
		}
		if rapid.Bool().Draw(t, "only one") {
			s.Only = count.Draw(t, "only")
		} else {
			s.From, s.Every, s.Next = count.Draw(t, "from"), count.Draw(t, "every"), count.Draw(t, "next")
		}
		return s
	})
}

func TestEveryScheduleReadsAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := schedules().Draw(t, "schedule")
		got, err := fault.ParseSchedule(want.String())
		require.NoError(t, err)
		assert.Equal(t, want, got)
		raw, err := json.Marshal(want)
		require.NoError(t, err)
		var again fault.Schedule
		require.NoError(t, json.Unmarshal(raw, &again))
		assert.Equal(t, want, again)
		raw, err = yaml.Marshal(want)
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(raw, &again))
		assert.Equal(t, want, again)
	})
}

// TestSchedulesPickWhatTheirWordsSay compares with another way to say it: all arrivals, filtered clause by clause.
func TestSchedulesPickWhatTheirWordsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := schedules().Draw(t, "schedule")
		const n = 40
		var want []int
		for i := 1; i <= n; i++ {
			want = append(want, i)
		}
		if s.Only > 0 {
			want = want[s.Only-1 : s.Only]
		}
		want = want[max(s.From, 1)-1:]
		if s.Only > 0 {
			want = []int{s.Only}
		}
		if s.Every > 0 {
			var kept []int
			for i := s.Every - 1; i < len(want); i += s.Every {
				kept = append(kept, want[i])
			}
			want = kept
		}
		if s.Next > 0 {
			want = want[:min(s.Next, len(want))]
		}
		assert.Equal(t, want, playsOn(s, n), s.String())
	})
}

func FuzzParseSchedule(f *testing.F) {
	for _, seed := range []string{"always", "next 2", "from 3, every 2 for 5s until released", "only 1", "next", "for 1h2m3.5s", "until released until released", "next 2\nalways"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := fault.ParseSchedule(text)
		if err != nil {
			return
		}
		require.NoError(t, s.Validate())
		again, err := fault.ParseSchedule(s.String())
		require.NoError(t, err, "%q is written as %q", text, s)
		assert.Equal(t, s, again)
	})
}

func ExampleParseSchedule() {
	s, err := fault.ParseSchedule("next 2, from 3, until released")
	fmt.Println(s, err)
	_, err = fault.ParseSchedule("next too")
	fmt.Println(err)
	// Output:
	// from 3 next 2 until released <nil>
	// "next" must be followed by a number from 1 to 1073741824, such as "next 2", in "next too"
}
