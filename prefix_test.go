package deskcheck

import (
	"context"
	"errors"
	"testing"

	messages "github.com/cucumber/messages/go/v21"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/browser"
)

const (
	given = messages.PickleStepType_CONTEXT
	when  = messages.PickleStepType_ACTION
	then  = messages.PickleStepType_OUTCOME
)

func sentence(kind messages.PickleStepType, words string) steps.Step {
	return steps.Step{Keyword: "*", Type: kind, Text: words}
}

func table(rows ...[]string) *messages.PickleTable {
	t := &messages.PickleTable{}
	for _, row := range rows {
		r := &messages.PickleTableRow{}
		for _, cell := range row {
			r.Cells = append(r.Cells, &messages.PickleTableCell{Value: cell})
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// What a step can tell from another tells their names apart; what none can does not.
func TestPrefixesAreOfWhatAStepCanKnow(t *testing.T) {
	base := sentence(when, "the agents say")
	base.Table = table([]string{"a | b", "c"}, []string{"d"})
	last := func(s steps.Step) string {
		names := prefixesOf(steps.Scenario{Steps: []steps.Step{sentence(given, "the chat is open"), s}})
		return names[len(names)-1]
	}
	different := map[string]func(*steps.Step){
		"another sentence":              func(s *steps.Step) { s.Text = "the agents said" },
		"it asks instead of acts":       func(s *steps.Step) { s.Type = then },
		"no table":                      func(s *steps.Step) { s.Table = nil },
		"cells that look alike, joined": func(s *steps.Step) { s.Table = table([]string{"a", "b | c"}, []string{"d"}) },
		"cells in another row":          func(s *steps.Step) { s.Table = table([]string{"a | b", "c", "d"}) },
		"a doc string":                  func(s *steps.Step) { s.Table, s.DocString = nil, &messages.PickleDocString{Content: "a"} },
		"a doc string of another kind": func(s *steps.Step) {
			s.Table, s.DocString = nil, &messages.PickleDocString{Content: "a", MediaType: "json"}
		},
	}
	seen := map[string]string{last(base): "itself"}
	for what, change := range different {
		other := base
		change(&other)
		assert.Empty(t, seen[last(other)], what)
		seen[last(other)] = what
	}
	elsewhere := base
	elsewhere.Keyword, elsewhere.Line = "And", 99
	assert.Equal(t, last(base), last(elsewhere), "a resolved And is what it stands for, and no step knows its line")

	after := prefixesOf(steps.Scenario{Steps: []steps.Step{sentence(given, "the chat is closed"), base}})
	assert.NotEqual(t, last(base), after[1], "what went before counts")
}

func TestOnlyAFindingAboutTheIntegrationIsShared(t *testing.T) {
	three := []steps.Step{sentence(given, "one"), sentence(when, "two"), sentence(then, "three")}
	came := func(at int, err error) steps.Performance {
		outcomes := unplayed(steps.Scenario{Steps: three})
		outcomes[at].Err = err
		return steps.Performance{Outcomes: outcomes}
	}
	for what, p := range map[string]steps.Performance{
		"all passed":           came(0, nil),
		"the kit failed":       came(1, &steps.HarnessError{Doing: "x", Err: errors.New("y")}),
		"an undefined step":    came(1, steps.ErrUndefined),
		"the browser died":     {Outcomes: came(1, &steps.Failure{}).Outcomes, BrowserDied: true},
		"the look at the end":  {Outcomes: came(2, &steps.Failure{}).Outcomes, AtTheEnd: true},
		"the browser was lost": came(1, &steps.HarnessError{Err: &browser.LostError{Kind: "browser"}}),
	} {
		_, ok := endedAt(p)
		assert.False(t, ok, what)
	}
	for at, err := range []error{&steps.Failure{}, &steps.NotApplicable{Capability: "files"}} {
		got, ok := endedAt(came(at, err))
		assert.True(t, ok)
		assert.Equal(t, at, got)
	}
}

// A scenario is blamed for its own requirements, and keeps its own steps; those behind the failure were not run.
func TestASharedFailureBlamesEachScenariosOwn(t *testing.T) {
	one := steps.Scenario{ID: "a/1", Requirements: []string{"FLOW-03"}, Steps: []steps.Step{sentence(given, "the chat is open"), sentence(when, "x")}}
	two := steps.Scenario{ID: "a/2", Requirements: []string{"JOIN-01", "JOIN-02"}, Steps: []steps.Step{sentence(given, "the chat is open"), sentence(then, "y"), sentence(then, "z")}}
	three := steps.Scenario{ID: "a/3", Requirements: []string{"JOIN-01"}, Steps: []steps.Step{sentence(given, "the chat is closed"), sentence(when, "x")}}
	catalogue, err := fixtures.ReadCatalogue("ai-chat")
	require.NoError(t, err)
	r := newRecord(Config{}.withDefaults(), catalogue, nil, nil, reports.Integration{}, browser.Installation{})
	for named, want := range map[string][]string{"": {"JOIN-01", "JOIN-02"}, "FACT-05": {"FACT-05"}} {
		failure := &steps.Failure{Expected: "e", Recorded: "r"}
		if named != "" {
			failure.Requirements = []string{named}
		}
		came := steps.Performance{Outcomes: unplayed(one), Screenshot: []byte("png")}
		came.Outcomes[0].Ran, came.Outcomes[0].Err = true, failure
		var shared sharedFailures
		shared.keep(prefixesOf(one), came)

		again, ok := shared.find(two, prefixesOf(two))
		require.True(t, ok)
		assert.Nil(t, again.Screenshot)
		require.Len(t, again.Outcomes, 3)
		assert.False(t, again.Outcomes[1].Ran)
		assert.Equal(t, "z", again.Outcomes[2].Step.Text)
		var got []string
		for _, check := range r.finding(two, again, 0).Checks {
			assert.Equal(t, reports.Failed, check.Verdict)
			got = append(got, check.Requirement)
		}
		assert.Equal(t, want, got)
		_, ok = shared.find(three, prefixesOf(three))
		assert.False(t, ok, "it begins otherwise")
	}
}

func TestScenariosThatBeginAlikeStandApart(t *testing.T) {
	scenario := func(id, first string) steps.Scenario {
		return steps.Scenario{ID: id, Steps: []steps.Step{sentence(given, first)}}
	}
	queue := []steps.Scenario{scenario("1", "a"), scenario("2", "a"), scenario("3", "a"), scenario("4", "b"), scenario("5", "c"), scenario("6", "b")}
	prefixes := map[string][]string{}
	for _, s := range queue {
		prefixes[s.ID] = prefixesOf(s)
	}
	var ids []string
	for _, s := range apart(queue, prefixes) {
		ids = append(ids, s.ID)
	}
	assert.Equal(t, []string{"1", "4", "5", "2", "6", "3"}, ids)
}

// The proof that nothing is lost by not playing: what is taken over from a scenario that began alike is what playing it shows. It is tried with an integration that cannot be
// built and one that fails in the middle.
func TestWhatIsTakenOverIsWhatPlayingShows(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it needs the browser")
	}
	for file, words := range map[string][]string{"FACT-03-forgets-to-return.js": {"waiting"}, "FLOW-03-waits-for-an-agent.js": {"requesting"}} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			c := Config{Workers: 2, Dialect: "ai-chat"}.withDefaults()
			broken, err := brokenOf("ai-chat", []string{file})
			require.NoError(t, err)
			catalogue, err := fixtures.ReadCatalogue(c.Contract)
			require.NoError(t, err)
			trials, err := trialsOf(t.Context(), c, []string{c.Dialect}, false, broken, catalogue)
			require.NoError(t, err)
			require.Len(t, trials, 1)
			c.Select = words
			trials[0].all, err = choose(trials[0].all, catalogue.Requirements, c)
			require.NoError(t, err)

			pool, err := launch(t.Context(), c, 1)
			require.NoError(t, err)
			defer func() { assert.NoError(t, pool.Close()) }()
			row := newMatrixRow(trials[0], &performance{pool: pool, config: trials[0].config})
			require.NotEmpty(t, row.queue)
			m := &matrix{catalogue: catalogue, workers: 2, rows: []*matrixRow{row}, result: &reports.Matrix{}}
			require.NoError(t, m.play(t.Context()))
			assert.Positive(t, row.reuse, "%s: nothing was taken over, so nothing is proved", file)

			for _, s := range row.queue {
				came, ok := row.shared.find(s, prefixesOf(s))
				if !ok {
					continue
				}
				played, _, _, err := row.performance.perform(context.Background(), s)
				require.NoError(t, err)
				assert.Equal(t, verdictsOf(sightsOf(row.performance.record, s, played)), verdictsOf(sightsOf(row.performance.record, s, came)), "%s in %s", file, s.ID)
			}
		})
	}
}

// verdictsOf leaves out what may differ from one playing to the next: ports and times in what was recorded.
func verdictsOf(sights []reports.MatrixSight) []reports.MatrixSight {
	for i := range sights {
		sights[i].Recorded = ""
	}
	return sights
}

func TestMatrixEndsInOrder(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := &matrix{workers: 1, rows: []*matrixRow{{queue: []steps.Scenario{{ID: "a/1"}}, left: 1}}, result: &reports.Matrix{}}
	m.rows[0].ready.Do(func() { m.rows[0].failed = errors.New("it must not be played") })
	problem := m.play(ctx)
	if problem != nil { // the one scenario may have been handed out before the end was seen
		assert.Contains(t, []string{"the matrix was interrupted", "it must not be played"}, firstWords(problem))
	}
}

func firstWords(err error) string {
	if e := (*EnvironmentError)(nil); errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}
