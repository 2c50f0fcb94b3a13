package deskcheck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
)

// SelftestOptions say what Selftest runs.
type SelftestOptions struct {
	// Workers is how many scenarios run side by side, 0 for the default.
	Workers int
	// Dialects are those in which the integrations are tried, empty for all.
	Dialects []string
	// Select holds requirement IDs: only the integrations that break one of them run. Empty means all.
	Select []string
	// Browser is the path of the browser's executable, empty to look for one.
	Browser string
	// Progress, if set, hears of each integration when it is done; calls do not overlap.
	Progress func(SelftestRow)
}

// SelftestRow is what became of one broken integration in one dialect.
type SelftestRow struct {
	// Dialect is where it was tried.
	Dialect string
	// File is its path below fixtures/integrations/broken, How the mistake in a sentence.
	File, How string
	// Names are the requirements of the dialect that it declares to break, Failed those that the kit found broken; Missing and Surplus are the difference.
	Names, Failed, Missing, Surplus []string
	// Scenarios is how many scenarios it ran.
	Scenarios  int
	OK         bool
	DurationMs int64
}

// SelftestResult is what became of all of them.
type SelftestResult struct {
	Rows []SelftestRow
	// Uncovered are the MUSTs that bind the integration or its page and that no integration breaks, among those selected, by dialect.
	Uncovered map[string][]string
	OK        bool
}

// Selftest shows that the checks can fail: it runs every broken integration against the scenarios of the requirements that it names, in each dialect in which it is a
// mistake, and wants exactly those to fail. Its errors are those of Run.
func Selftest(ctx context.Context, o SelftestOptions) (SelftestResult, error) {
	c := Config{Workers: o.Workers, Browser: o.Browser}.withDefaults()
	broken, err := brokenOf(o.Select)
	if err != nil {
		return SelftestResult{}, err
	}
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	if err != nil {
		return SelftestResult{}, err
	}
	if len(o.Dialects) == 0 {
		o.Dialects = Dialects()
	}
	trials, err := trialsOf(c, o.Dialects, broken, catalogue)
	if err != nil {
		return SelftestResult{}, err
	}
	pool, err := launch(ctx, c)
	if err != nil {
		return SelftestResult{}, err
	}
	defer func() { _ = pool.Close() }() // As in Run.

	// Rows run side by side, and the scenarios of a row one after the other: a row is a run of its own.
	result := SelftestResult{Rows: make([]SelftestRow, len(trials)), Uncovered: map[string][]string{}, OK: true}
	var mu sync.Mutex
	var failure error
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(c.Workers, len(trials)) {
		workers.Go(func() {
			for i := range next {
				row, err := selftestRow(ctx, &performance{pool: pool, config: trials[i].config}, trials[i], catalogue)
				mu.Lock()
				if err != nil && failure == nil {
					failure = err
				}
				result.Rows[i] = row
				if o.Progress != nil && err == nil {
					o.Progress(row)
				}
				mu.Unlock()
			}
		})
	}
	for i := range trials {
		next <- i
	}
	close(next)
	workers.Wait()
	if failure != nil {
		return SelftestResult{}, failure
	}
	for _, dialect := range o.Dialects {
		if missing := uncovered(catalogue.Requirements, broken, o.Select, dialect); len(missing) > 0 {
			result.Uncovered[dialect] = missing
		}
	}
	for _, row := range result.Rows {
		result.OK = result.OK && row.OK
	}
	result.OK = result.OK && len(result.Uncovered) == 0 && len(result.Rows) > 0
	return result, nil
}

// trial is a broken integration in one of the dialects in which it is a mistake.
type trial struct {
	broken fixtures.BrokenIntegration
	config Config
	// names are the requirements of the dialect that must fall, all the scenarios of the dialect.
	names []string
	all   []steps.Scenario
}

func trialsOf(c Config, dialects []string, broken []fixtures.BrokenIntegration, catalogue fixtures.Catalogue) ([]trial, error) {
	var trials []trial
	for _, c.Dialect = range dialects {
		all, err := scenarios(c, catalogue)
		if err != nil {
			return nil, err
		}
		for _, b := range broken {
			if !b.BreaksIn(c.Dialect, catalogue.Requirements) {
				continue
			}
			one := trial{broken: b, config: c, all: all}
			for _, r := range catalogue.Requirements {
				if r.Holds(c.Dialect) && (r.ID == b.Breaks || slices.Contains(b.With, r.ID)) {
					one.names = append(one.names, r.ID)
				}
			}
			slices.Sort(one.names)
			trials = append(trials, one)
		}
	}
	// The rows of one integration stand together.
	slices.SortStableFunc(trials, func(a, b trial) int { return strings.Compare(a.broken.File, b.broken.File) })
	return trials, nil
}

// brokenOf lists the broken integrations that break one of the requirements, all if none is named.
func brokenOf(ids []string) ([]fixtures.BrokenIntegration, error) {
	all, err := fixtures.Broken()
	if err != nil {
		return nil, brokenHeader(err)
	}
	if len(ids) == 0 {
		return all, nil
	}
	kept := slices.DeleteFunc(slices.Clone(all), func(b fixtures.BrokenIntegration) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, b.Breaks) })
	})
	if len(kept) == 0 {
		return nil, &UserError{Err: fmt.Errorf("no integration breaks %s", strings.Join(ids, ", ")), Fix: `"deskcheck list integrations" prints them all`}
	}
	return kept, nil
}

// brokenHeader is the error for a broken integration whose header cannot be read. The files are part of the build, so it is whoever wrote the file that reads this.
func brokenHeader(err error) error {
	return &UserError{Err: fmt.Errorf("fixtures/integrations/broken/%w", err), Fix: `mend the file, then "make build": it is part of the program`}
}

func selftestRow(ctx context.Context, p *performance, t trial, catalogue fixtures.Catalogue) (SelftestRow, error) {
	began := time.Now()
	b, c := t.broken, t.config
	row := SelftestRow{Dialect: c.Dialect, File: b.File, How: b.How, Names: t.names}
	bundle, about, err := bundleEmbedded("integrations/broken/"+b.File, b.File)
	if err != nil {
		return row, fmt.Errorf("selftest: %w", err)
	}
	if p.stage, err = stageOf(c, bundle); err != nil {
		return row, err
	}
	selected := slices.DeleteFunc(slices.Clone(t.all), func(s steps.Scenario) bool {
		return !slices.ContainsFunc(s.Requirements, func(id string) bool { return slices.Contains(row.Names, id) })
	})
	p.record = newRecord(c, catalogue, t.all, selected, about, p.pool.Installation())
	row.Scenarios = len(selected)
	for _, s := range selected {
		_, finding, err := p.one(ctx, s)
		if err != nil {
			return row, err
		}
		for _, check := range finding.Checks {
			id := check.Requirement
			switch check.Verdict {
			case reports.Failed, reports.Warned:
			case reports.Untestable:
				id += " (untestable: " + check.Recorded + ")"
			case reports.Passed, reports.ExpectedFailure, reports.UnexpectedPass, reports.NotApplicable, reports.NotRun:
				continue
			}
			if !slices.Contains(row.Failed, id) {
				row.Failed = append(row.Failed, id)
			}
		}
	}
	slices.Sort(row.Failed)
	row.Missing, row.Surplus = without(row.Names, row.Failed), without(row.Failed, row.Names)
	row.OK = len(row.Missing) == 0 && len(row.Surplus) == 0
	row.DurationMs = time.Since(began).Milliseconds()
	return row, nil
}

// without gives the items of a that are not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// uncovered lists the MUSTs that want a broken integration and have none.
func uncovered(catalogue []fixtures.Requirement, broken []fixtures.BrokenIntegration, ids []string, dialect string) []string {
	var missing []string
	for _, r := range catalogue {
		selected := len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, r.ID) })
		covered := slices.ContainsFunc(broken, func(b fixtures.BrokenIntegration) bool {
			return b.Breaks == r.ID && (b.Dialect == "" || b.Dialect == dialect)
		})
		if r.WantsBroken(dialect) && selected && !covered {
			missing = append(missing, r.ID)
		}
	}
	return missing
}
