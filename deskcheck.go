// Package deskcheck certifies an integration between a chat and a service desk against the documented contract: it runs the scenarios of the features in a real
// browser, with a mock desk on the other side, and says per requirement whether the contract is kept.
package deskcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"deskcheck/features"
	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/aichat"
	"deskcheck/steps/browser"
)

// Progress hears of a run while it goes on. Its methods may be called from several goroutines.
type Progress interface {
	// Started is called once, with the number of scenarios to run (repeats counted).
	Started(total int)
	// Finished is called after each scenario, with how many are done.
	Finished(s reports.Scenario, done, total int)
}

// Preparing is what a Progress may be too, to hear in a few words of what a run has to do before it begins and what takes long.
type Preparing interface {
	Preparing(what string)
}

// Pausing is what a Progress may be too, to look at failures: Paused is called with each scenario that fails the run, while its page and its desk still stand as they were
// then, and holds them there until it comes back. It has to come back when ctx ends.
type Pausing interface {
	Paused(ctx context.Context, s reports.Scenario)
}

// Run certifies what the configuration names. The Result is the verdict on the integration; the error says that no verdict could be had: a *UserError for
// what the user has to change, an *EnvironmentError for what the machine lacks. When the environment fails in the middle, both are given: the Result holds what ran.
func Run(ctx context.Context, c Config, progress Progress) (*reports.Result, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	if err != nil {
		return nil, err
	}
	all, err := scenarios(c, catalogue)
	if err != nil {
		return nil, err
	}
	selected, err := choose(all, catalogue.Requirements, c)
	if err != nil {
		return nil, err
	}
	ready, err := c.staging(ctx, progress)
	if err != nil {
		return nil, err
	}
	defer ready.close()
	c.Workers = ready.workers
	pool, err := launch(ctx, c, ready.tabs)
	if err != nil {
		return nil, err
	}
	defer func() { _ = pool.Close() }() // The verdict is in; a browser that does not end cleanly is killed by its pool.

	r := newRecord(c, catalogue, all, selected, ready.about, pool.Installation())
	r.result.Desk = ready.desk
	stage := ready.stage(pool)
	if pausing, ok := progress.(Pausing); ok {
		ready.pause(func(ctx context.Context, s steps.Scenario, came steps.Performance) {
			if f := r.judge(s, came, 0); fails(f.Verdict) && ctx.Err() == nil {
				pausing.Paused(ctx, f)
			}
		})
	}
	problem := (&performance{stage: stage, pool: pool, config: c, record: r, progress: progress, quirks: ready.quirks}).play(ctx, selected)
	r.result.Browser.Replaced = pool.Replaced()
	return r.finish(problem), problem
}

// scenarios reads the embedded features of the contract and keeps what the dialect has of them, and behind them the user's own.
func scenarios(c Config, catalogue fixtures.Catalogue) ([]steps.Scenario, error) {
	all, err := steps.Parse(features.FS, c.Contract)
	if err != nil {
		return nil, fmt.Errorf("the embedded features: %w", err)
	}
	ours := inDialect(all, catalogue.Requirements, c.Dialect)
	if c.Features == "" {
		return ours, nil
	}
	own, err := ownScenarios(c.Features, c.Contract, all)
	return slices.Concat(ours, own), err
}

// choose keeps the scenarios that the user selected.
func choose(all []steps.Scenario, catalogue []fixtures.Requirement, c Config) ([]steps.Scenario, error) {
	kept, err := Select(selectables(all, catalogue), c)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, k := range kept {
		wanted[k.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(s steps.Scenario) bool { return !wanted[s.ID] }), nil
}

func selectables(all []steps.Scenario, catalogue []fixtures.Requirement) []Selectable {
	capability := map[string]string{}
	for _, r := range catalogue {
		capability[r.ID] = r.Capability
	}
	list := make([]Selectable, 0, len(all))
	for _, s := range all {
		one := Selectable{ID: s.ID, Feature: s.Feature, File: s.File, Name: s.Name, Tags: s.Tags}
		for _, id := range s.Requirements {
			if c := capability[id]; c != "" && !slices.Contains(one.Capabilities, c) {
				one.Capabilities = append(one.Capabilities, c)
			}
		}
		list = append(list, one)
	}
	return list
}

// secretsOf reads what the integration must not hold. The kit's own integrations have no desk with secrets; the broken ones among them carry the canary.
func secretsOf(c Config) []aichat.Secret {
	var secrets []aichat.Secret
	for _, name := range c.Secrets {
		secrets = append(secrets, aichat.Secret{Name: name, Value: os.Getenv(name)})
	}
	if len(secrets) == 0 && c.Integration == (Integration{}) && !c.HasOwnPage() {
		secrets = append(secrets, aichat.Secret{Name: "the kit's canary", Value: canarySecret})
	}
	return secrets
}

// canarySecret plays the secret of a desk in the kit's own integrations.
const canarySecret = "canary-7c1f94e2ab53d860-of-no-desk" //nolint:gosec // A word to look for, and the key to nothing.

// launch starts the browser of a run; each scenario may take so many tabs. Where they need none there is no browser: the pool is nil, which all but a lease can be asked of.
func launch(ctx context.Context, c Config, tabs int) (*browser.Pool, error) {
	if tabs == 0 {
		return nil, nil //nolint:nilnil // See above.
	}
	found, err := browser.Find(ctx, c.Browser, c.Headed)
	if err != nil {
		return nil, &EnvironmentError{Err: err, Fix: browserFix(c.Headed)}
	}
	network, err := c.network()
	if err != nil {
		return nil, &EnvironmentError{Err: err}
	}
	pool, err := browser.Launch(ctx, browser.Options{Path: found.Path, Headed: c.Headed, Tabs: c.Workers * tabs, SlowMo: c.SlowMo, Network: network})
	if err != nil {
		return nil, &EnvironmentError{Err: err, Fix: "run `deskcheck doctor` to see what is wrong with the browser"}
	}
	return pool, nil
}

// performance plays the scenarios of a run on several tabs.
type performance struct {
	stage    player
	pool     *browser.Pool
	config   Config
	record   *record
	progress Progress
	// quirks are those of the host.
	quirks []fixtures.Quirk
}

// notCarried stands for the performance of a scenario that the host cannot carry.
func notCarried(s steps.Scenario, why string) steps.Performance {
	outcomes := make([]steps.Outcome, 0, len(s.Steps))
	for _, step := range s.Steps {
		outcomes = append(outcomes, steps.Outcome{Step: step})
	}
	outcomes[0].Err = &steps.NotApplicable{Why: why}
	return steps.Performance{Outcomes: outcomes, Scripted: true} // nothing was learnt of the integration
}

// quirkOf finds the quirk of the host for which a scenario cannot be carried out on it.
func quirkOf(quirks []fixtures.Quirk, s steps.Scenario) (fixtures.Quirk, bool) {
	sentences := make([]string, 0, len(s.Steps))
	for _, step := range s.Steps {
		sentences = append(sentences, step.Text)
	}
	for _, q := range quirks {
		if q.Touches(s.Name, sentences) {
			return q, true
		}
	}
	return fixtures.Quirk{}, false
}

// play runs every scenario as often as told. It gives the error that ended the run early, nil if all ran.
func (p *performance) play(ctx context.Context, selected []steps.Scenario) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := p.order(selected)
	total := len(queue)
	p.progress.Started(total)

	work := make(chan steps.Scenario)
	go func() {
		defer close(work)
		for _, s := range queue {
			select {
			case work <- s:
			case <-ctx.Done():
				return
			}
		}
	}()
	var mu sync.Mutex
	done, unstarted := 0, 0
	var workers sync.WaitGroup
	for range min(p.config.Workers, total) {
		workers.Go(func() {
			for s := range work {
				came, finding, err := p.one(ctx, s)
				if err != nil {
					stop(err)
					return
				}
				mu.Lock()
				done++
				switch {
				case came.Scripted:
				case came.Started:
					unstarted = math.MinInt // so each scenario has something to tell
				case came.Unstarted != "":
					if unstarted++; unstarted == startAttempts {
						stop(fmt.Errorf("%w: %s", unstartedBy[p.config.Contract], came.Unstarted+p.config.whereConnector()))
					}
				}
				p.record.add(finding)
				p.progress.Finished(finding, done, total)
				mu.Unlock()
				if p.config.FailFast && fails(finding.Verdict) {
					stop(errFailFast)
				}
			}
		})
	}
	workers.Wait()
	cause := context.Cause(ctx)
	switch {
	case cause == nil:
		return nil
	case errors.Is(cause, errFailFast), errors.Is(cause, errUnstarted), errors.Is(cause, errNobodyIn), errors.Is(cause, errNotReady):
		p.record.result.Stopped = cause.Error()
		return nil
	case errors.Is(cause, context.Canceled), errors.Is(cause, context.DeadlineExceeded):
		return &EnvironmentError{Err: errors.New("the run was interrupted"), Fix: "run it again; what had run by then is in the report"}
	}
	return cause
}

// What ends a run early with a verdict.
var (
	errFailFast  = errors.New("a scenario failed")
	errUnstarted = errors.New("the chat cannot begin with this integration")
	errNobodyIn  = errors.New("nobody can sign in at this desk")
	errNotReady  = errors.New("nothing can be learnt of the connector")
)

// unstartedBy is the verdict on what cannot begin, by contract.
var unstartedBy = map[string]error{contractAIChat: errUnstarted, contractAgentManager: errNobodyIn, contractDigitalConnect: errNotReady}

// whereConnector says where the connector was configured, if it is a connector and a file has said so.
func (c Config) whereConnector() string {
	if c.Contract != contractDigitalConnect || c.Path == "" {
		return ""
	}
	return " (see connector and user in " + c.Path + ")"
}

// startAttempts is how many scenarios must find that the chat cannot begin with the integration, and none that it can, before the others are not tried any more: they would
// all say the same, and an integration that hangs takes seconds to say it.
const startAttempts = 8

// order shuffles the scenarios by the seed, so that one that leans on another is found out, and the repeats with them.
func (p *performance) order(selected []steps.Scenario) []steps.Scenario {
	var queue []steps.Scenario
	random := rand.New(rand.NewPCG(uint64(p.record.result.Seed), 0)) //nolint:gosec // An order, not a secret.
	for range max(p.config.Repeat, 1) {
		round := slices.Clone(selected)
		random.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		queue = append(queue, round...)
	}
	return queue
}

// one runs a scenario and says what it shows. Its error ends the run.
func (p *performance) one(ctx context.Context, s steps.Scenario) (steps.Performance, reports.Scenario, error) {
	if q, ok := quirkOf(p.quirks, s); ok {
		came := notCarried(s, fmt.Sprintf("the host %s cannot show it (%s): %s", p.config.Host, q.ID, q.What))
		return came, p.record.finding(s, came, 0), nil
	}
	came, took, rerun, err := p.perform(ctx, s)
	if err != nil {
		return came, reports.Scenario{}, err
	}
	finding := p.record.finding(s, came, took)
	finding.Rerun = rerun
	return came, finding, nil
}

// deadlines gives the real chat, which is some ten times the work of ours, its time, and a desk whose time does not run ahead its own.
func (p *performance) deadlines() steps.Deadlines {
	d := steps.Default
	if p.config.Host == hostCarbon {
		d = d.Slower(4)
	}
	if !p.stage.Paced() {
		d = d.InRealTime()
	}
	return d
}

// guarded keeps a panic of the kit's own from taking the other scenarios, and what was found so far, with it.
func (p *performance) guarded(ctx context.Context, tab *browser.Tab, s steps.Scenario) (came steps.Performance, err error) {
	defer steps.Recovered("play the scenario "+s.ID, &err)
	return p.stage.Perform(ctx, tab, s, p.deadlines()), nil
}

// pageIsGone looks whether the user's page can still be had once a scenario could not be played, nil if it can, or if there is none: without its server all the others would
// only say the same.
func (p *performance) pageIsGone(ctx context.Context, problem error) error {
	var failure *steps.Failure
	var absent *steps.NotApplicable
	if problem == nil || !p.config.HasOwnPage() || errors.As(problem, &failure) || errors.As(problem, &absent) {
		return nil
	}
	if _, err := fetchPage(ctx, p.config.Host); err != nil && ctx.Err() == nil {
		return &EnvironmentError{Err: fmt.Errorf("the page was there when the run began: %w", err), Fix: "start its server again and repeat the run; what had run by then is in the report"}
	}
	return nil
}

// lease gives the tab in which a scenario begins, and what gives it back; none in a run without a browser. Its error ends the run.
func (p *performance) lease(ctx context.Context) (*browser.Tab, func(), error) {
	if p.pool == nil {
		return nil, func() {}, nil
	}
	tab, err := p.pool.Lease(ctx)
	switch {
	case err == nil:
		return tab, tab.Release, nil
	case ctx.Err() != nil:
		return nil, nil, context.Cause(ctx)
	}
	return nil, nil, &EnvironmentError{Err: err, Fix: "run `deskcheck doctor`; if the browser keeps dying, look at the memory of the machine or lower --workers"}
}

// perform plays a scenario on a tab of the pool, a second time if the browser died under it: that says nothing about the integration, unless it happens again.
func (p *performance) perform(ctx context.Context, s steps.Scenario) (came steps.Performance, took time.Duration, rerun bool, err error) {
	for {
		tab, release, err := p.lease(ctx)
		if err != nil {
			return came, 0, rerun, err
		}
		began := time.Now()
		came, err = p.guarded(ctx, tab, s)
		took = time.Since(began) - came.Paused
		release()
		if err != nil {
			return came, took, rerun, &EnvironmentError{Err: err, Fix: "this is a fault of deskcheck: please report it with the lines above"}
		}
		switch {
		case ctx.Err() != nil && came.Err() != nil:
			return came, took, rerun, context.Cause(ctx)
		case !came.BrowserDied:
			return came, took, rerun, cmp.Or(p.pageIsGone(ctx, came.Err()), p.deskIsGone(ctx, came.Err()))
		case rerun:
			return came, took, rerun, &EnvironmentError{Err: fmt.Errorf("the browser died twice under the scenario %s: %w", s.ID, came.Err()), Fix: "run `deskcheck doctor`; look at the memory of the machine"}
		}
		rerun = true
	}
}
