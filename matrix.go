package deskcheck

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	messages "github.com/cucumber/messages/go/v21"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/aichat"
)

// MatrixOptions say what Matrix runs.
type MatrixOptions struct {
	// Workers is how many scenarios run side by side, 0 for the default.
	Workers int
	// Dialects are those in which the integrations are tried, empty for all.
	Dialects []string
	// Select holds requirement IDs and files of broken integrations: only those that break one of them, or are one of them, run. Empty means all.
	Select []string
	// Browser is the path of the browser's executable, empty to look for one.
	Browser string
	// Progress, if set, hears of each scenario when it is done; calls do not overlap.
	Progress func(MatrixProgress)
}

// MatrixProgress is how far a matrix has come.
type MatrixProgress struct {
	// Done of Total pairs of an integration and a scenario are known, Shared of them because another scenario began in the same way and ended there.
	Done, Total, Shared int
	// RowsDone of Rows integrations are.
	RowsDone, Rows int
	// Left is how long the rest may take, judged by what went before.
	Left time.Duration
}

// Matrix plays every scenario of a dialect against every broken integration that is a mistake there, and says which requirement each was seen to break: the proof that every
// check can fail, and that none fails for another's sake. Where Selftest looks at the scenarios of the requirements that an integration names, this looks at all. Its errors
// are those of Run; with an *EnvironmentError in the middle the matrix holds what ran.
//
// Two kinds of scenarios are not played. Those with the scripted integration never load the broken one. And a scenario that begins, to the letter, like one in which this
// integration failed already fails in the same place for the same reason (see sharedFailures); whom that blames is its own.
func Matrix(ctx context.Context, o MatrixOptions) (*reports.Matrix, error) {
	c := Config{Workers: o.Workers, Browser: o.Browser}.withDefaults()
	broken, err := brokenOf(c.Contract, o.Select)
	if err != nil {
		return nil, err
	}
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	if err != nil {
		return nil, err
	}
	if len(o.Dialects) == 0 {
		o.Dialects = Dialects()
	}
	trials, err := trialsOf(ctx, c, o.Dialects, false, broken, catalogue)
	if err != nil {
		return nil, err
	}
	pool, err := launch(ctx, c, 1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = pool.Close() }() // As in Run.
	with := pool.Installation()
	m := &matrix{catalogue: catalogue, workers: c.Workers, progress: o.Progress, began: time.Now(), result: &reports.Matrix{
		Tool: reports.Tool{Name: "deskcheck", Version: Version()}, Contract: c.Contract, Browser: reports.Browser{Kind: with.Kind, Version: with.Version, Path: with.Path},
		Workers: c.Workers, StartedAt: time.Now().UTC(), Selection: o.Select,
	}}
	for _, t := range trials {
		m.rows = append(m.rows, newMatrixRow(t, &performance{pool: pool, config: t.config}))
	}
	problem := m.play(ctx)
	m.result.Browser.Replaced = pool.Replaced()
	m.finish(o, problem)
	return m.result, problem
}

// matrix is one that is being played.
type matrix struct {
	catalogue fixtures.Catalogue
	workers   int
	progress  func(MatrixProgress)
	began     time.Time
	result    *reports.Matrix
	rows      []*matrixRow

	mu  sync.Mutex
	now MatrixProgress
}

// matrixRow is one broken integration in one dialect.
type matrixRow struct {
	trial
	performance *performance
	// ready bundles the integration, at its first turn; failed is why it could not.
	ready  sync.Once
	failed error
	// queue are the scenarios that load the integration, prefixes their beginnings by ID.
	queue    []steps.Scenario
	prefixes map[string][]string
	shared   sharedFailures

	// The rest is guarded by the matrix.
	began time.Time
	took  time.Duration
	left  int
	reuse int
	seen  []reports.MatrixSight
}

func newMatrixRow(t trial, p *performance) *matrixRow {
	row := &matrixRow{trial: t, performance: p, prefixes: map[string][]string{}}
	for _, s := range t.all {
		if !aichat.Scripted(s) {
			row.queue = append(row.queue, s)
			row.prefixes[s.ID] = prefixesOf(s)
		}
	}
	row.queue = apart(row.queue, row.prefixes)
	row.left = len(row.queue)
	return row
}

// apart orders scenarios so that those that begin alike do not stand together: side by side, none would know of the other's failure yet.
func apart(queue []steps.Scenario, prefixes map[string][]string) []steps.Scenario {
	before, turn := map[string]int{}, map[string]int{}
	for _, s := range queue {
		first := prefixes[s.ID][0]
		turn[s.ID] = before[first]
		before[first]++
	}
	queue = slices.Clone(queue)
	slices.SortStableFunc(queue, func(a, b steps.Scenario) int { return turn[a.ID] - turn[b.ID] })
	return queue
}

// play plays all rows in one queue. It gives what ended it early, nil if nothing did.
func (m *matrix) play(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	m.now.Rows = len(m.rows)
	for _, row := range m.rows {
		m.now.Total += len(row.queue)
	}
	type turn struct {
		row *matrixRow
		s   steps.Scenario
	}
	work := make(chan turn)
	go func() {
		defer close(work)
		for _, row := range m.rows {
			for _, s := range row.queue {
				select {
				case work <- turn{row, s}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	var workers sync.WaitGroup
	for range m.workers {
		workers.Go(func() {
			for t := range work {
				if err := m.one(ctx, t.row, t.s); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	workers.Wait()
	cause := context.Cause(ctx)
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return &EnvironmentError{Err: errors.New("the matrix was interrupted"), Fix: "run it again; what had run by then is in the report"}
	}
	return cause
}

// one finds out what one scenario shows of one integration.
func (m *matrix) one(ctx context.Context, row *matrixRow, s steps.Scenario) error {
	m.mu.Lock()
	if row.began.IsZero() {
		row.began = time.Now()
	}
	m.mu.Unlock()
	row.ready.Do(func() {
		stage, about, err := row.trial.ready(row.performance.pool)
		row.failed = err
		row.performance.stage = stage
		row.performance.record = newRecord(row.config, m.catalogue, row.all, nil, about, row.performance.pool.Installation())
	})
	if row.failed != nil {
		return row.failed
	}
	came, again := row.shared.find(s, row.prefixes[s.ID])
	if !again {
		var err error
		if came, _, _, err = row.performance.perform(ctx, s); err != nil {
			return err
		}
		row.shared.keep(row.prefixes[s.ID], came)
	}
	sights := sightsOf(row.performance.record, s, came)

	m.mu.Lock()
	defer m.mu.Unlock()
	row.seen = append(row.seen, sights...)
	row.left--
	m.now.Done++
	if again {
		row.reuse++
		m.now.Shared++
	}
	if row.left == 0 {
		row.took = time.Since(row.began)
		m.now.RowsDone++
	}
	m.now.Left = time.Duration(float64(time.Since(m.began)) / float64(m.now.Done) * float64(m.now.Total-m.now.Done))
	if m.progress != nil {
		m.progress(m.now)
	}
	return nil
}

// sightsOf are the requirements that a scenario shows to be broken, or cannot tell about.
func sightsOf(r *record, s steps.Scenario, came steps.Performance) []reports.MatrixSight {
	// These are blamed by a check of their own: by a step that says whom, or by the schema of what crossed.
	blamed := map[string]bool{}
	if failure, ok := errors.AsType[*steps.Failure](came.Err()); ok {
		for _, id := range failure.Requirements {
			blamed[id] = true
		}
	}
	for _, e := range came.Entries {
		blamed[e.Requirement] = true
	}
	step, settingUp := "", false
	for _, o := range came.Outcomes {
		if o.Err != nil && !came.AtTheEnd {
			step, settingUp = strings.TrimSpace(o.Step.Keyword+" "+o.Step.Text), o.Step.Type == messages.PickleStepType_CONTEXT
			break
		}
	}
	var sights []reports.MatrixSight
	found := r.finding(s, came, 0)
	for _, check := range found.Checks {
		switch check.Verdict {
		case reports.Failed, reports.Warned, reports.Untestable:
			sights = append(sights, reports.MatrixSight{
				Requirement: check.Requirement, Untestable: check.Verdict == reports.Untestable, Blamed: blamed[check.Requirement], SettingUp: settingUp,
				Scenario: s.ID, Name: s.Name, Tags: s.Requirements, Premises: found.Premises, Step: step, Expected: check.Expected, Recorded: check.Recorded,
			})
		case reports.Passed, reports.ExpectedFailure, reports.UnexpectedPass, reports.NotApplicable, reports.NotRun:
		}
	}
	return sights
}

// finish enters what was seen into the result, and judges it.
func (m *matrix) finish(o MatrixOptions, problem error) {
	if problem != nil {
		m.result.Problem = problem.Error()
		if environment := (*EnvironmentError)(nil); errors.As(problem, &environment) {
			m.result.Problem = environment.Err.Error()
		}
	}
	for _, dialect := range o.Dialects {
		d := reports.MatrixDialect{Dialect: dialect}
		for _, row := range m.rows {
			if row.config.Dialect != dialect {
				continue
			}
			d.Scenarios, d.Scripted = len(row.all), len(row.all)-len(row.queue)
			done := len(row.queue) - row.left
			one := reports.MatrixRow{
				File: row.broken.File, Breaks: row.broken.Breaks, How: row.broken.How, Names: row.names, Scenarios: len(row.queue), Played: done - row.reuse, Shared: row.reuse,
				Complete: row.left == 0, DurationMs: row.took.Milliseconds(),
			}
			order := map[string]int{}
			for i, s := range row.all {
				order[s.ID] = i
			}
			slices.SortStableFunc(row.seen, func(a, b reports.MatrixSight) int { return order[a.Scenario] - order[b.Scenario] })
			one.Enter(row.seen)
			d.Integrations = append(d.Integrations, one)
		}
		wanted := uncovered(m.catalogue.Requirements, nil, o.Select, dialect)
		for _, id := range uncovered(m.catalogue.Requirements, nil, nil, dialect) {
			// Of a selection that names files, what these are about.
			if !slices.Contains(wanted, id) && slices.ContainsFunc(d.Integrations, func(row reports.MatrixRow) bool { return row.Breaks == id }) {
				wanted = append(wanted, id)
			}
		}
		for _, r := range m.catalogue.Requirements {
			if r.Holds(dialect) {
				d.Requirements = append(d.Requirements, reports.MatrixRequirement{ID: r.ID, Area: r.Area, Level: r.Level, Binds: r.Binds, Statement: r.Statement, Wanted: slices.Contains(wanted, r.ID)})
			}
		}
		m.result.Dialects = append(m.result.Dialects, d)
	}
	m.result.DurationMs = time.Since(m.result.StartedAt).Milliseconds()
	m.result.Judge()
}
