package fault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
)

var choices = []fault.Weighted{{drop, 3}, {double, 1}, {fault.Fault{Kind: fault.Status, Status: 503}, 1}}

func chaotic(t require.TestingT, o fault.ChaosOptions) *fault.Plan {
	c, err := fault.NewChaos(o, &strings.Builder{})
	require.NoError(t, err)
	p := fault.NewPlan(mockdesk.NewManualClock(morning), nil)
	p.SetChaos(c)
	return p
}

func frameOf(conversation string) fault.Arrival {
	return fault.Arrival{Moment: fault.Frame, Conversation: conversation, Direction: fault.Out}
}

func TestChaosPrintsItsSeed(t *testing.T) {
	var printed strings.Builder
	c, err := fault.NewChaos(fault.ChaosOptions{Share: 0.5, Faults: choices}, &printed)
	require.NoError(t, err)
	assert.NotZero(t, c.Seed())
	assert.Equal(t, fmt.Sprintf("chaos with seed %d: on 0.5 of arrivals anywhere: 3 × lose the frame, 1 × double the frame, 1 × answer 503\n", c.Seed()), printed.String())
	other, err := fault.NewChaos(fault.ChaosOptions{Share: 0.5, Faults: choices}, &printed)
	require.NoError(t, err)
	assert.NotEqual(t, c.Seed(), other.Seed())
	_, err = fault.NewChaos(fault.ChaosOptions{Seed: 7, Share: 0.5, Faults: choices}, brokenWriter{})
	require.ErrorContains(t, err, "printing the seed 7 of chaos: no paper")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no paper") }

func TestTheSameSeedGivesTheSameFaultsHoweverConversationsInterleave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := fault.ChaosOptions{Seed: rapid.Uint64Range(1, 1<<63).Draw(t, "seed"), Share: rapid.Float64Range(0.1, 1).Draw(t, "share"), Faults: choices}
		one, two := chaotic(t, o), chaotic(t, o)
		order := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 60).Draw(t, "order")
		in, sorted := map[string][]fault.Fault{}, map[string][]fault.Fault{}
		for _, c := range order {
			in[c] = append(in[c], one.Next(frameOf(c)).Fault)
		}
		for _, c := range []string{"c", "b", "a"} {
			for range in[c] {
				sorted[c] = append(sorted[c], two.Next(frameOf(c)).Fault)
			}
			if in[c] == nil {
				delete(sorted, c)
			}
		}
		assert.Equal(t, in, sorted)
	})
}

func TestOtherSeedsGiveOtherFaults(t *testing.T) {
	draw := func(seed uint64) []fault.Kind {
		return plays(chaotic(t, fault.ChaosOptions{Seed: seed, Share: 0.5, Faults: choices}), 200, frameOf("a"))
	}
	first := draw(1)
	assert.Equal(t, first, draw(1))
	assert.NotEqual(t, first, draw(2))
}

func TestChaosByOrderKnowsConversationsByTheirPlace(t *testing.T) {
	for byOrder, same := range map[bool]bool{true: true, false: false} {
		o := fault.ChaosOptions{Seed: 5, Share: 0.5, Faults: choices, ByOrder: byOrder}
		one, two := chaotic(t, o), chaotic(t, o)
		for _, ids := range [][2]string{{"a", "x"}, {"b", "y"}} {
			assert.Equal(t, same, assert.ObjectsAreEqual(plays(one, 100, frameOf(ids[0])), plays(two, 100, frameOf(ids[1]))), "by order: %v", byOrder)
		}
	}
}

func TestChaosKeepsToItsShareItsWeightsAndItsScope(t *testing.T) {
	o := fault.ChaosOptions{Seed: 1, Share: 0.2, Faults: choices[:2]}
	counts := map[fault.Kind]int{}
	for _, k := range plays(chaotic(t, o), 10_000, frameOf("a")) {
		counts[k]++
	}
	assert.InDelta(t, 8000, counts[fault.Accept], 200)
	assert.InDelta(t, 1500, counts[fault.Drop], 150, "three of four")
	assert.InDelta(t, 500, counts[fault.Duplicate], 100)
	o.Share, o.Scope = 1, fault.Scope{Conversation: "a"}
	p := chaotic(t, o)
	assert.NotContains(t, plays(p, 100, frameOf("a")), fault.Accept)
	assert.Equal(t, fault.Accept, p.Next(frameOf("b")).Fault.Kind)
	assert.Equal(t, fault.Accept, p.Next(fault.Arrival{Moment: fault.Request, Conversation: "a"}).Fault.Kind, "no choice can be played there")
}

func TestRulesComeBeforeChaos(t *testing.T) {
	p := chaotic(t, fault.ChaosOptions{Seed: 1, Share: 1, Faults: []fault.Weighted{{drop, 1}}})
	_, err := p.AddScript(do(pass, "next 1"), do(double, "next 1"))
	require.NoError(t, err)
	assert.Equal(t, []fault.Kind{fault.Accept, fault.Duplicate, fault.Drop}, plays(p, 3, frameOf("a")))
	p.SetChaos(nil)
	assert.Equal(t, fault.Accept, p.Next(frameOf("a")).Fault.Kind)
}

func TestChaosInFiles(t *testing.T) {
	const source = `{"seed": 7, "share": 0.25, "faults": [{"fault": {"kind": "drop"}, "weight": 3}], "scope": {"direction": "out"}, "byOrder": true}`
	want := fault.ChaosOptions{Seed: 7, Share: 0.25, Faults: []fault.Weighted{{drop, 3}}, Scope: fault.Scope{Direction: fault.Out}, ByOrder: true}
	var fromJSON, fromYAML, again fault.ChaosOptions
	require.NoError(t, json.Unmarshal([]byte(source), &fromJSON))
	assert.Equal(t, want, fromJSON)
	require.NoError(t, yaml.Unmarshal([]byte(source), &fromYAML))
	assert.Equal(t, want, fromYAML)
	raw, err := json.Marshal(want)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &again))
	assert.Equal(t, want, again)
	for source, message := range map[string]string{
		`[]`:                        `must be an object with fields, not []`,
		`{"share": 0}`:              `share: must be above 0 and up to 1, such as 0.1 for a tenth of what arrives, not 0`,
		`{"share": 1.5}`:            `share: must be above 0`,
		`{"share": "a"}`:            `share: must be a number, not "a"`,
		`{"seed": -1}`:              `seed: must be a whole number from 0, not -1`,
		`{"share": 1}`:              `faults: is empty; name at least one fault to choose from`,
		`{"shar": 1}`:               `shar: a chaos has no such field; it has "seed", "share", "faults", "scope", "byOrder"`,
		`{"share": 1, "faults": 3}`: `faults: must be a list, not 3`,
		`{"share": 1, "faults": [{"fault": {"kind": "drop"}}]}`:                                       `faults[0].weight: must be a number from 1`,
		`{"share": 1, "faults": [{"fault": {"kind": "hold"}, "weight": 1}]}`:                          `faults[0].fault.kind: "hold" waits for a release`,
		`{"share": 1, "faults": [{"fault": {"kind": "dorp"}, "weight": 1}]}`:                          `faults[0].fault.kind: there is no kind "dorp"`,
		`{"share": 1, "faults": [{"fault": {"kind": "drop"}, "weight": 1, "wait": 2}]}`:               `faults[0].wait: a choice has no such field; it has "fault", "weight"`,
		`{"share": 1, "faults": [{"fault": {"kind": "drop"}, "weight": 1}], "scope": {"on": "open"}}`: `scope.on: a fault of kind "drop" is not played on "open"`,
	} {
		var o fault.ChaosOptions
		require.ErrorContains(t, json.Unmarshal([]byte(source), &o), message, source)
	}
}

func TestChaosInAFile(t *testing.T) {
	const source = "# as it goes\nseed: 7\nshare: 0.25\nfaults:\n  - fault: {kind: drop}\n    weight: 3\nscope: {direction: out}\n"
	o, err := fault.ParseChaos("chaos.yaml", []byte(source))
	require.NoError(t, err)
	assert.Equal(t, fault.ChaosOptions{Seed: 7, Share: 0.25, Faults: []fault.Weighted{{drop, 3}}, Scope: fault.Scope{Direction: fault.Out}}, o)
	for wrong, want := range map[string]string{
		"share: 2\nfaults: [{fault: {kind: drop}, weight: 1}]":                                              "chaos.yaml:1:8: share: must be above 0",
		"share: 1\nfaults:\n  - fault: {kind: drop}\n    weight: 1\n  - fault: {kind: hold}\n    weight: 1": `chaos.yaml:5:19: faults[1].fault.kind: "hold" waits`,
		"share: 1\nfaults:\n  - fault: {kind: melt}\n    weight: 1":                                         "chaos.yaml:3:19: faults[0].fault.kind: there is no kind",
		"share: 1":       "chaos.yaml:1:",
		"":               "chaos.yaml:1: chaos is an object",
		"- 1":            "chaos.yaml:1:1: must be an object",
		"a: &x 1\nb: *x": "chaos.yaml:2:4: aliases are not taken",
		"a: [":           "chaos.yaml:1:",
	} {
		_, err := fault.ParseChaos("chaos.yaml", []byte(wrong))
		require.ErrorContains(t, err, want, wrong)
	}
}

// TestSeedsAreMadeUpForEveryone keeps a seed within what every reader of JSON takes for the same number.
func TestSeedsAreMadeUpForEveryone(t *testing.T) {
	for range 100 {
		c, err := fault.NewChaos(fault.ChaosOptions{Share: 1, Faults: choices}, io.Discard)
		require.NoError(t, err)
		assert.Less(t, c.Seed(), uint64(1)<<53)
		assert.Equal(t, c.Seed(), c.Options().Seed)
	}
}
