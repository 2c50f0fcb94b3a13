package fault_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
)

var (
	drop      = fault.Fault{Kind: fault.Drop}
	double    = fault.Fault{Kind: fault.Duplicate}
	pass      = fault.Fault{Kind: fault.Accept}
	frameHere = fault.Arrival{Moment: fault.Frame, Tenant: "t", Conversation: "c", Connection: 1, Frame: "typing", Direction: fault.In}
)

func newPlan(t *testing.T, rules ...fault.Rule) *fault.Plan {
	t.Helper()
	p := fault.NewPlan(mockdesk.NewManualClock(morning), nil)
	_, err := p.AddScript(rules...)
	require.NoError(t, err)
	return p
}

// plays lets arrivals come and gives which kind was played on each.
func plays(p *fault.Plan, n int, a fault.Arrival) []fault.Kind {
	var kinds []fault.Kind
	for range n {
		kinds = append(kinds, p.Next(a).Fault.Kind)
	}
	return kinds
}

func TestWhatIsAddedLaterComesFirstAndWhatHeldBeforeHoldsAgain(t *testing.T) {
	p := newPlan(t, do(drop, "next 2"))
	_, err := p.Add(do(double, "next 1"))
	require.NoError(t, err)
	assert.Equal(t, []fault.Kind{fault.Duplicate, fault.Drop, fault.Drop, fault.Accept}, plays(p, 4, frameHere), "next counts what is left to the rule")
}

func TestAScriptReadsFromTopToBottom(t *testing.T) {
	p := newPlan(t, do(drop, "next 2"), do(double, "next 1"), do(pass, "next 1"), do(drop, "from 6"))
	assert.Equal(t, []fault.Kind{fault.Drop, fault.Drop, fault.Duplicate, fault.Accept, fault.Accept, fault.Drop, fault.Drop}, plays(p, 7, frameHere),
		"from counts every arrival, whoever played on it")
	var seen, played []int
	for _, r := range p.List() {
		seen, played = append(seen, r.Seen), append(played, r.Played)
	}
	assert.Equal(t, []int{7, 7, 7, 7}, seen)
	assert.Equal(t, []int{2, 1, 1, 2}, played)
}

func TestAcceptIsAnException(t *testing.T) {
	p := newPlan(t, do(drop, "always"))
	_, err := p.Add(do(pass, "only 2"))
	require.NoError(t, err)
	assert.Equal(t, []fault.Kind{fault.Drop, fault.Accept, fault.Drop}, plays(p, 3, frameHere))
}

func TestScopes(t *testing.T) {
	request := fault.Arrival{Moment: fault.Request, Tenant: "t", Route: "PUT /v1/x", Operation: "message", Conversation: "c"}
	slow := fault.Fault{Kind: fault.Delay, For: time.Second}
	for _, c := range []struct {
		scope   fault.Scope
		arrival fault.Arrival
		fits    bool
	}{
		{fault.Scope{}, request, true},
		{fault.Scope{}, frameHere, true},
		{fault.Scope{}, fault.Arrival{Moment: fault.Open}, false}, // Nothing is delayed there.
		{fault.Scope{On: fault.Request}, request, true},
		{fault.Scope{On: fault.Upgrade}, request, false},
		{fault.Scope{Tenant: "t"}, request, true},
		{fault.Scope{Tenant: "u"}, request, false},
		{fault.Scope{Route: "PUT /v1/x"}, request, true},
		{fault.Scope{Route: "GET /v1/x"}, request, false},
		{fault.Scope{Operation: "message"}, request, true},
		{fault.Scope{Operation: "message"}, frameHere, false},
		{fault.Scope{Conversation: "c"}, frameHere, true},
		{fault.Scope{Conversation: "d"}, frameHere, false},
		{fault.Scope{Connection: 1}, frameHere, true},
		{fault.Scope{Connection: 2}, frameHere, false},
		{fault.Scope{Frame: "typing"}, frameHere, true},
		{fault.Scope{Frame: "read"}, frameHere, false},
		{fault.Scope{Direction: fault.In}, frameHere, true},
		{fault.Scope{Direction: fault.Out}, frameHere, false},
		{fault.Scope{Tenant: "t", Conversation: "c", Frame: "typing", Direction: fault.In}, frameHere, true},
		{fault.Scope{Tenant: "t", Conversation: "c", Frame: "typing", Direction: fault.Out}, frameHere, false},
	} {
		p := newPlan(t, do(slow, "always", c.scope))
		assert.Equal(t, c.fits, p.Next(c.arrival).Rule != 0, "%s and %s", c.scope, c.arrival)
		seen := 0
		if c.fits {
			seen = 1
		}
		assert.Equal(t, seen, p.List()[0].Seen, "what does not fit is not counted")
	}
}

func TestRulesThatCanNeverPlay(t *testing.T) {
	p := newPlan(t)
	for want, r := range map[string]fault.Rule{
		`scope.on: a fault of kind "drop" is not played on "request"; it is played on "frame"`:                                                         do(drop, "always", fault.Scope{On: fault.Request}),
		`scope.operation: is known on "preflight", "upload", "request", "upgrade", "ask" only, and what is left for a fault of kind "drop" is "frame"`: do(drop, "always", fault.Scope{Operation: "x"}),
		`scope.frame: is known on "frame" only`:                             do(fault.Fault{Kind: fault.Hang}, "always", fault.Scope{Frame: "typing"}),
		`scope.direction: is known on "frame" only`:                         do(fault.Fault{Kind: fault.NoPong}, "always", fault.Scope{Direction: fault.Out}),
		`scope.connection: is known on "open", "ask", "ping", "frame" only`: do(fault.Fault{Kind: fault.NoCORS}, "always", fault.Scope{Connection: 1}),
		`scope.connection: must be the number of a socket, from 1`:          do(drop, "always", fault.Scope{Connection: -1}),
		`scope.direction: must be "in" or "out", not "up"`:                  do(drop, "always", fault.Scope{Direction: "up"}),
		`scope.frame: is known on "frame" only, and what is left for a`:     do(fault.Fault{Kind: fault.Delay, For: 1}, "always", fault.Scope{Operation: "x", Frame: "y"}),
		`fault.status: must be a status from 400 to 599, not 0`:             do(fault.Fault{Kind: fault.Status}, "always"),
		`schedule.next: must be a number from 1 to 1073741824, not -1`:      {Fault: drop, Schedule: fault.Schedule{Next: -1}},
	} {
		_, err := p.Add(r)
		require.ErrorContains(t, err, "adding a rule: "+want)
	}
	_, err := p.AddScript(do(drop, "always"), do(drop, "always", fault.Scope{On: fault.Open}))
	require.ErrorContains(t, err, "adding 2 rules: [1].scope.on: ")
	assert.Empty(t, p.List(), "all or none")
}

func TestIDsThatAreNotThere(t *testing.T) {
	p := newPlan(t, do(drop, "always"))
	require.EqualError(t, p.Remove(1, 7), "there is no rule 7 in the plan; List tells which there are")
	require.Error(t, p.Release(2))
	assert.Len(t, p.List(), 1, "nothing was done")
	require.NoError(t, p.Remove(1))
	require.Error(t, p.Remove(1))
	id, err := p.Add(do(drop, "always"))
	require.NoError(t, err)
	assert.EqualValues(t, 2, id, "a number is given once")
}

func TestReleaseEndsWhatIsUntilReleased(t *testing.T) {
	p := newPlan(t, do(drop, "until released"), do(double, "next 1"))
	assert.Equal(t, []fault.Kind{fault.Drop, fault.Drop}, plays(p, 2, frameHere))
	require.NoError(t, p.Release(1))
	assert.Equal(t, []fault.Kind{fault.Duplicate, fault.Accept}, plays(p, 2, frameHere))
	for _, r := range p.List() {
		assert.True(t, r.Over, r.Rule.String())
	}
}

func TestReleaseKeepsTheOrderOfArrivalAcrossRules(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Hold}, "every 2 until released"), do(fault.Fault{Kind: fault.HoldReply}, "until released"))
	var gots []<-chan answer
	for i := range 4 {
		gots = append(gots, s.later())
		require.NoError(t, s.plan.WaitParked(s.ctx, fault.Scope{}, i+1))
	}
	assert.EqualValues(t, 2, s.effects.Load())
	require.NoError(t, s.plan.Release(2, 1))
	assert.EqualValues(t, 4, s.effects.Load())
	for _, got := range gots {
		assert.Equal(t, 200, wait(s, got).status)
	}
}

func TestWaitParkedSaysHowManyThereAre(t *testing.T) {
	p := newPlan(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := p.WaitParked(ctx, fault.Scope{Operation: "start"}, 2)
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "waiting for 2 parked arrivals on start, there are 0: context canceled")
}

func TestClearLeavesNothing(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Hold}, "for 1h"), do(drop, "always"))
	got := s.later()
	require.NoError(t, s.plan.WaitParked(s.ctx, fault.Scope{}, 1))
	s.plan.Clear()
	assert.Equal(t, 200, wait(s, got).status)
	assert.Empty(t, s.plan.List())
	assert.Equal(t, 200, s.get().status)
	s.clock.Advance(2 * time.Hour)
}

func TestEveryPlayIsTold(t *testing.T) {
	var told []string
	p := fault.NewPlan(mockdesk.NewManualClock(morning), func(played fault.Played) {
		assert.Equal(t, morning, played.At)
		told = append(told, played.String())
	})
	_, err := p.AddScript(do(pass, "only 1"), do(drop, "every 2"))
	require.NoError(t, err)
	plays(p, 4, frameHere)
	const where = "(frame typing going in in conversation c on socket 1 of tenant t)"
	assert.Equal(t, []string{"rule 2, play 1: lose the frame " + where, "rule 2, play 2: lose the frame " + where}, told, "nothing goes wrong where all is let pass")
}

// TestSameArrivalsSameFaults draws scripts and arrivals, and wants two plans to agree however often they are asked.
func TestSameArrivalsSameFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fault.Rule {
			return fault.Rule{
				Fault: rapid.SampledFrom([]fault.Fault{drop, double, pass, {Kind: fault.Delay, For: time.Second}}).Draw(t, "fault"), Schedule: schedules().Draw(t, "schedule"),
				Scope: fault.Scope{Conversation: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "conversation")},
			}
		}), 0, 6).Draw(t, "rules")
		arrivals := rapid.SliceOfN(rapid.SampledFrom([]fault.Arrival{
			{Moment: fault.Frame, Conversation: "a"}, {Moment: fault.Frame, Conversation: "b"}, {Moment: fault.Request, Conversation: "a"},
		}), 0, 30).Draw(t, "arrivals")
		var runs [2][]fault.ID
		for i := range runs {
			p := fault.NewPlan(mockdesk.NewManualClock(morning), nil)
			_, err := p.AddScript(rules...)
			require.NoError(t, err)
			played := map[fault.ID]int{}
			for _, a := range arrivals {
				d := p.Next(a)
				runs[i] = append(runs[i], d.Rule)
				played[d.Rule]++
			}
			for _, r := range p.List() {
				assert.Equal(t, played[r.ID], r.Played)
				assert.LessOrEqual(t, r.Played, r.Seen)
				if r.Rule.Schedule.Next > 0 {
					assert.LessOrEqual(t, r.Played, r.Rule.Schedule.Next)
				}
			}
		}
		assert.Equal(t, runs[0], runs[1])
	})
}

func TestAPlanIsForManyGoroutines(t *testing.T) {
	p := newPlan(t, do(drop, "next 500"))
	var all sync.WaitGroup
	counts := make([]int, 8)
	for i := range counts {
		all.Go(func() {
			for range 250 {
				if p.Next(frameHere).Fault.Kind == fault.Drop {
					counts[i]++
				}
				id, err := p.Add(do(double, "always", fault.Scope{Conversation: "elsewhere"}))
				assert.NoError(t, err)
				assert.NotEmpty(t, p.List())
				assert.NoError(t, p.Release(id))
				assert.NoError(t, p.Remove(id))
			}
		})
	}
	all.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	assert.Equal(t, 500, total)
}
