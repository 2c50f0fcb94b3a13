package deskcheck

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/aichat"
	"deskcheck/steps/browser"
)

// SelftestOptions say what Selftest runs.
type SelftestOptions struct {
	// Contract is the one whose checks are tried; empty is ai-chat.
	Contract string
	// Workers is how many scenarios run side by side, 0 for the default.
	Workers int
	// Dialects are those of the contract in which they are tried, empty for all.
	Dialects []string
	// Quick has each mistake tried in one dialect only, the first of them in which it is one, since what the steps do is the same in all, and no further than until all that
	// it breaks has fallen.
	Quick bool
	// Select holds requirement IDs and files of broken integrations or desks: only those that break one of them, or are one of them, run. Empty means all.
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
	// File is its path below fixtures/integrations/broken or fixtures/desks/broken, How the mistake in a sentence.
	File, How string
	// Names are the requirements of the dialect that it declares to break, Failed those that the kit found broken; Missing and Surplus are the difference.
	Names, Failed, Missing, Surplus []string
	// Scenarios is how many scenarios it ran, at most all those of its requirements, without those in which the kit's scripted integration takes its place.
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
	c := Config{Contract: o.Contract, Workers: o.Workers, Browser: o.Browser}.withDefaults()
	broken, err := brokenOf(c.Contract, o.Select)
	if err != nil {
		return SelftestResult{}, err
	}
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	if err != nil {
		return SelftestResult{}, err
	}
	if len(o.Dialects) == 0 {
		o.Dialects = DialectsOf(c.Contract)
	}
	trials, err := trialsOf(ctx, c, o.Dialects, o.Quick, broken, catalogue)
	if err != nil {
		return SelftestResult{}, err
	}
	pool, err := launch(ctx, c, c.tabs())
	if err != nil {
		return SelftestResult{}, err
	}
	defer func() { _ = pool.Close() }() // As in Run.

	// Rows run side by side, and the scenarios of a row one after the other: a row is a run of its own. The longest begin first, so that none is left over for one tab at the end.
	longestFirst := slices.Clone(trials)
	slices.SortStableFunc(longestFirst, func(a, b trial) int { return len(b.selected) - len(a.selected) })
	result := SelftestResult{Rows: make([]SelftestRow, len(trials)), Uncovered: map[string][]string{}, OK: true}
	var mu sync.Mutex
	var failure error
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(c.Workers, len(trials)) {
		workers.Go(func() {
			for i := range next {
				t := longestFirst[i]
				row, err := selftestRow(ctx, pool, t, catalogue)
				mu.Lock()
				if err != nil && failure == nil {
					failure = err
				}
				result.Rows[t.place] = row
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
	// place is that of its row in the result.
	place  int
	config Config
	// quick ends it as soon as all that must fall has fallen.
	quick bool
	// names are the requirements of the dialect that must fall, all the scenarios of the dialect, selected those that try the integration for these requirements.
	names         []string
	all, selected []steps.Scenario
	// ready makes it ready for the pages of a browser, and says what reports say of it.
	ready func(*browser.Pool) (player, reports.Integration, error)
}

// rehearsal makes broken ones ready to be played, in one dialect.
type rehearsal func(b fixtures.BrokenIntegration) func(*browser.Pool) (player, reports.Integration, error)

// rehearse prepares what the trials of a dialect share.
func rehearse(ctx context.Context, c Config) (rehearsal, error) {
	switch c.Contract {
	case contractAgentManager:
		return rehearseDesks(ctx, c)
	case contractDigitalConnect:
		return rehearseConnectors(c), nil
	}
	shared, err := stageOf(c, aichat.Bundle{})
	if err != nil {
		return nil, err
	}
	return func(b fixtures.BrokenIntegration) func(*browser.Pool) (player, reports.Integration, error) {
		return func(*browser.Pool) (player, reports.Integration, error) {
			bundle, about, err := bundleEmbedded("integrations/broken/"+b.File, b.File)
			stage := *shared
			stage.Integration = bundle
			return &stage, about, err
		}
	}, nil
}

// trialsOf prepares the trials, the rows of one integration next to each other, or one row for each if it is to be quick.
func trialsOf(ctx context.Context, c Config, dialects []string, quick bool, broken []fixtures.BrokenIntegration, catalogue fixtures.Catalogue) ([]trial, error) {
	all, rehearsals := map[string][]steps.Scenario{}, map[string]rehearsal{} // by dialect
	for _, c.Dialect = range dialects {
		var err error
		if all[c.Dialect], err = scenarios(c, catalogue); err != nil {
			return nil, err
		}
		if rehearsals[c.Dialect], err = rehearse(ctx, c); err != nil {
			return nil, err
		}
	}
	var trials []trial
	for _, b := range broken {
		for _, c.Dialect = range dialects {
			if !b.BreaksIn(c.Dialect, catalogue.Requirements) {
				continue
			}
			one := trial{broken: b, quick: quick, place: len(trials), config: c, all: all[c.Dialect], ready: rehearsals[c.Dialect](b)}
			for _, r := range catalogue.Requirements {
				if r.Holds(c.Dialect) && (r.ID == b.Breaks || slices.Contains(b.With, r.ID)) {
					one.names = append(one.names, r.ID)
				}
			}
			slices.Sort(one.names)
			for _, s := range one.all {
				if !aichat.Scripted(s) && slices.ContainsFunc(s.Requirements, func(id string) bool { return slices.Contains(one.names, id) }) {
					one.selected = append(one.selected, s)
				}
			}
			trials = append(trials, one)
			if quick {
				break
			}
		}
	}
	return trials, nil
}

// BrokenFile finds the broken integration or desk of a contract that a word names by its file, with or without the folders before and the ending; the answer is the file below
// fixtures/integrations/broken or fixtures/desks/broken.
func BrokenFile(contract, word string) (string, bool) {
	all, err := brokenFor(contract)
	if err != nil {
		return "", false // who runs them is told
	}
	for _, b := range all {
		if stem := strings.TrimSuffix(b.File, path.Ext(b.File)); strings.EqualFold(stem, strings.TrimSuffix(path.Base(filepath.ToSlash(word)), path.Ext(b.File))) {
			return b.File, true
		}
	}
	return "", false
}

// brokenOf lists the broken integrations that break one of the requirements, or are one of the files, all if none is named.
func brokenOf(contract string, ids []string) ([]fixtures.BrokenIntegration, error) {
	all, err := brokenFor(contract)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return all, nil
	}
	kept := slices.DeleteFunc(slices.Clone(all), func(b fixtures.BrokenIntegration) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, b.Breaks) || id == b.File })
	})
	if len(kept) == 0 {
		return nil, &UserError{Err: fmt.Errorf("no integration breaks %s", strings.Join(ids, ", ")), Fix: `"deskcheck list integrations` + ContractFlag(contract) + `" prints them all`}
	}
	return kept, nil
}

// brokenFor lists what is broken on purpose under a contract.
func brokenFor(contract string) ([]fixtures.BrokenIntegration, error) {
	folder, list := "integrations", fixtures.Broken
	switch contract {
	case contractAgentManager:
		folder, list = "desks", fixtures.BrokenDesks
	case contractDigitalConnect:
		folder, list = "connectors", brokenConnectors
	}
	all, err := list()
	if err != nil {
		return nil, brokenHeader(folder, err)
	}
	return all, nil
}

// brokenHeader is the error for a broken integration whose header cannot be read. The files are part of the build, so it is whoever wrote the file that reads this.
func brokenHeader(folder string, err error) error {
	return &UserError{Err: fmt.Errorf("fixtures/%s/broken/%w", folder, err), Fix: `mend the file, then "make build": it is part of the program`}
}

func selftestRow(ctx context.Context, pool *browser.Pool, t trial, catalogue fixtures.Catalogue) (SelftestRow, error) {
	began := time.Now()
	row := SelftestRow{Dialect: t.config.Dialect, File: t.broken.File, How: t.broken.How, Names: t.names}
	stage, about, err := t.ready(pool)
	if err != nil {
		return row, fmt.Errorf("selftest: %w", err)
	}
	p := &performance{stage: stage, pool: pool, config: t.config, record: newRecord(t.config, catalogue, t.all, t.selected, about, pool.Installation())}
	for _, s := range t.selected {
		if t.quick && len(without(row.Names, row.Failed)) == 0 {
			break
		}
		_, finding, err := p.one(ctx, s)
		if err != nil {
			return row, err
		}
		row.Scenarios++
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
