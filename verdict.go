package deskcheck

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/browser"
)

// fails tells the verdicts that make a run not conformant.
func fails(v reports.Verdict) bool {
	return v == reports.Failed || v == reports.Untestable || v == reports.UnexpectedPass
}

// severity orders verdicts: of several about one thing, the one that stands first here counts.
var severity = []reports.Verdict{
	reports.Failed, reports.Untestable, reports.UnexpectedPass, reports.ExpectedFailure, reports.Warned, reports.Passed, reports.NotApplicable, reports.NotRun,
}

func worse(a, b reports.Verdict) reports.Verdict {
	if slices.Index(severity, b) < slices.Index(severity, a) {
		return b
	}
	return a
}

// record turns what was performed into the Result.
type record struct {
	config    Config
	catalogue fixtures.Catalogue
	byID      map[string]fixtures.Requirement
	known     map[string]string
	all       []steps.Scenario
	selected  map[string]bool
	findings  map[string]reports.Scenario
	result    *reports.Result
	misfits   misfits
	mu        sync.Mutex
	// seen says by what the integration was seen to have a capability.
	seen map[string]string
	// lacks names, by requirement, the capability for want of which it is not applicable.
	lacks map[string]string
}

func newRecord(c Config, catalogue fixtures.Catalogue, all, selected []steps.Scenario, about reports.Integration, with browser.Installation) *record {
	r := &record{
		config: c, catalogue: catalogue, all: all,
		byID: map[string]fixtures.Requirement{}, known: map[string]string{}, selected: map[string]bool{}, findings: map[string]reports.Scenario{}, seen: map[string]string{}, lacks: map[string]string{},
		result: &reports.Result{
			SchemaVersion: reports.SchemaVersion, Tool: reports.Tool{Name: "deskcheck", Version: Version()},
			Contract: c.Contract, Dialect: c.Dialect, Host: c.Host, Integration: about,
			Browser: reports.Browser{Kind: with.Kind, Version: with.Version, Path: with.Path},
			Seed:    c.Seed, Repeat: max(c.Repeat, 1), Workers: c.Workers, StartedAt: time.Now().UTC(), Selection: selectionOf(c),
		},
	}
	r.misfits.dialect = c.Dialect
	if r.result.Seed == 0 {
		r.result.Seed = time.Now().UnixNano() % 1_000_000
	}
	for _, q := range catalogue.Requirements {
		r.byID[q.ID] = q
	}
	for _, k := range c.KnownFailing {
		r.known[k.Requirement] = k.Reason
	}
	for _, s := range selected {
		r.selected[s.ID] = true
	}
	return r
}

func selectionOf(c Config) []string {
	selection := slices.Clone(c.Select)
	if c.Profile != "" {
		selection = append(selection, "--profile "+c.Profile)
	}
	if c.Tags != "" {
		selection = append(selection, "--tags "+c.Tags)
	}
	if c.Quick {
		selection = append(selection, reports.Quick)
	}
	for _, capability := range c.Capabilities {
		selection = append(selection, "--capability "+capability)
	}
	return selection
}

// ofTheUser stands in a check for what a scenario of the user's own is about, which is no requirement of the contract.
const ofTheUser = ""

// broken is the verdict on a requirement that does not hold: what a MUST demands fails, anything less warns. A MUST that nothing public demands is less, and a safety property
// that was seen to do harm is not.
func (r *record) broken(id string, harm bool) reports.Verdict {
	if id == ofTheUser {
		return reports.Failed
	}
	if q := r.byID[id]; q.Fails() || harm && q.Safety {
		if r.known[id] != "" {
			return reports.ExpectedFailure
		}
		return reports.Failed
	}
	return reports.Warned
}

// holds says whether a requirement is one, and holds in the dialect of the run.
func (r *record) holds(id string) bool {
	q := r.byID[id]
	return q.ID != "" && q.Holds(r.config.Dialect)
}

// untold says which event the wire had no words for, empty if it had some for all.
func untold(entries []journal.Entry) string {
	for _, e := range entries {
		if e.Untold != "" {
			return e.Untold
		}
	}
	return ""
}

// finding says what one performance shows of each requirement that it touches.
func (r *record) finding(s steps.Scenario, came steps.Performance, took time.Duration) reports.Scenario {
	f := r.judge(s, came, took)
	if !came.Scripted && came.Name != "" {
		r.learn(came)
	}
	r.mu.Lock()
	r.misfits.learn(came)
	r.mu.Unlock()
	return f
}

// judge is finding without learning anything of the integration.
func (r *record) judge(s steps.Scenario, came steps.Performance, took time.Duration) reports.Scenario {
	about := s.Requirements
	if s.Own {
		about = []string{ofTheUser}
	}
	f := reports.Scenario{
		ID: s.ID, Own: s.Own, Feature: s.Feature, File: s.File, Line: s.Line, Name: s.Name, Requirements: s.Requirements, DurationMs: ms(took), Runs: 1,
		Scripted: came.Scripted, Steps: stepsOf(came.Outcomes), Evidence: reports.Evidence{Entries: entriesOf(came.Entries), Image: came.Screenshot},
	}
	add := func(c reports.Check) {
		switch i := slices.IndexFunc(f.Checks, func(known reports.Check) bool { return known.Requirement == c.Requirement }); {
		case i < 0:
			f.Checks = append(f.Checks, c)
		case f.Checks[i].Hint == "" && f.Checks[i].Verdict == c.Verdict:
			f.Checks[i].Hint = c.Hint // What was seen first is told, with what the step knows to be looked at.
		}
	}
	var hostBroke string
	for _, e := range came.Entries {
		switch {
		case e.Kind != journal.Violation:
		case e.From == journal.Host, e.From == agentmanager.PartyManager:
			hostBroke = e.Note
		case came.Scripted && e.From == journal.Integration:
			// The kit's own integration does what the scenario says: that is nobody's fault.
		case r.holds(e.Requirement):
			add(reports.Check{Requirement: e.Requirement, Verdict: r.broken(e.Requirement, false), Expected: r.byID[e.Requirement].Statement, Recorded: orName(e), Entry: e.Seq})
		}
	}
	err := came.Err()
	var failure *steps.Failure
	var absent *steps.NotApplicable
	switch {
	case err == nil && hostBroke == "":
		for _, id := range about {
			add(reports.Check{Requirement: id, Verdict: reports.Passed})
		}
	case errors.As(err, &failure) && untold(came.Entries) != "":
		// The integration may have failed for want of what it was never told.
		for _, id := range about {
			add(reports.Check{Requirement: id, Verdict: reports.Untestable, Expected: failure.Expected, Recorded: untold(came.Entries), Hint: "give the wire these words, or leave the event out with none"})
		}
	case errors.As(err, &failure):
		blamed := slices.DeleteFunc(slices.Clone(failure.Requirements), func(id string) bool { return !r.holds(id) })
		if why := r.explains(f.Checks); len(blamed) == 0 && why != nil {
			why.Hint = failure.Hint
		} else if len(blamed) == 0 {
			blamed = about
		}
		for _, id := range blamed {
			add(reports.Check{Requirement: id, Verdict: r.broken(id, failure.Harm), Expected: failure.Expected, Recorded: failure.Recorded, Hint: failure.Hint, Entry: failure.Entry})
		}
	case errors.As(err, &absent):
		for _, id := range about {
			add(reports.Check{Requirement: id, Verdict: reports.NotApplicable, Recorded: absent.Error(), Lacks: absent.Capability})
		}
	default:
		recorded := hostBroke
		if err != nil {
			recorded = err.Error()
		}
		for _, id := range about {
			add(reports.Check{Requirement: id, Verdict: reports.Untestable, Expected: r.byID[id].Statement, Recorded: recorded})
		}
	}
	f.Verdict, f.Reason = reports.NotRun, ""
	for _, c := range f.Checks {
		if worse(f.Verdict, c.Verdict) != f.Verdict {
			f.Verdict = c.Verdict
			f.Reason = reasonOf(c)
		}
	}
	if fell(f.Verdict) || f.Verdict == reports.Untestable {
		f.Premises = r.premisesOf(s, came.Outcomes)
	}
	return f
}

// explains is the violation from which a failure of a desk or a connector follows, nil if there is none: a desk that sends what no manager takes cannot get any further, and shows nothing
// of what the scenario is about besides.
func (r *record) explains(violations []reports.Check) *reports.Check {
	i := slices.IndexFunc(violations, func(c reports.Check) bool { return r.byID[c.Requirement].Level == "MUST" })
	if i < 0 || r.config.Contract == contractAIChat {
		return nil
	}
	return &violations[i]
}

// fell tells the verdicts that say that a requirement does not hold.
func fell(v reports.Verdict) bool {
	return v == reports.Failed || v == reports.Warned || v == reports.ExpectedFailure
}

// premisesOf are the requirements, other than its own, that a scenario took for granted up to the step at which it ended.
func (r *record) premisesOf(s steps.Scenario, outcomes []steps.Outcome) []string {
	var ids []string
	for _, p := range r.catalogue.Premises {
		if !r.holds(p.Requirement) || slices.Contains(s.Requirements, p.Requirement) {
			continue
		}
		if slices.ContainsFunc(outcomes, func(o steps.Outcome) bool { return o.Ran && p.Of(o.Step.Text) }) {
			ids = append(ids, p.Requirement)
		}
	}
	return ids
}

func orName(e journal.Entry) string {
	if e.Note != "" {
		return e.Name + ": " + e.Note
	}
	return e.Name
}

func reasonOf(c reports.Check) string {
	if c.Verdict == reports.Passed {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(c.Requirement+": "+c.Recorded, ": "))
}

// learn keeps what the integration was seen to be called and to have.
func (r *record) learn(came steps.Performance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Integration.Name = came.Name
	if len(came.Methods) > len(r.result.Integration.Methods) {
		r.result.Integration.Methods = came.Methods
	}
	for capability, how := range came.Capabilities {
		if r.seen[capability] == "" || how < r.seen[capability] { // the same words whatever came first
			r.seen[capability] = how
		}
	}
}

func stepsOf(outcomes []steps.Outcome) []reports.Step {
	list := make([]reports.Step, 0, len(outcomes))
	for _, o := range outcomes {
		one := reports.Step{Keyword: o.Step.Keyword, Text: o.Step.Text, Argument: o.Step.Argument(), Status: "passed", DurationMs: ms(o.Duration), FirstEntry: o.First, LastEntry: o.Last,
			WaitedMs: ms(o.Spent.Waited), RestedMs: ms(o.Spent.Rested), PassedMs: ms(o.Spent.Passed)}
		switch {
		case !o.Ran:
			one.Status = "skipped"
		case o.Err != nil:
			one.Status = "failed"
		}
		list = append(list, one)
	}
	return list
}

func entriesOf(entries []journal.Entry) []reports.Entry {
	list := make([]reports.Entry, 0, len(entries))
	for _, e := range entries {
		list = append(list, reports.Entry{
			Seq: e.Seq, AtMs: ms(e.At), Kind: string(e.Kind), From: string(e.From), To: string(e.To), Name: e.Name, Ref: e.Ref, Chat: e.Chat, Widget: e.Widget,
			Requirement: e.Requirement, Note: e.Note, Data: e.Data,
		})
	}
	return list
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// add enters a finding; of repeated runs the worst is kept, and whether they differed.
func (r *record) add(f reports.Scenario) {
	before, again := r.findings[f.ID]
	if !again {
		r.findings[f.ID] = f
		return
	}
	kept := before
	if worse(before.Verdict, f.Verdict) != before.Verdict {
		kept = f
	}
	kept.Runs = before.Runs + 1
	kept.Differed = before.Differed || before.Verdict != f.Verdict
	kept.Rerun = before.Rerun || f.Rerun
	r.findings[f.ID] = kept
}

// finish draws the conclusion. problem is what ended the run early, nil if nothing did.
func (r *record) finish(problem error) *reports.Result {
	res := r.result
	res.DurationMs = time.Since(res.StartedAt).Milliseconds()
	for _, s := range r.all {
		if !r.selected[s.ID] {
			continue
		}
		f, ran := r.findings[s.ID]
		if !ran {
			f = reports.Scenario{
				ID: s.ID, Own: s.Own, Feature: s.Feature, File: s.File, Line: s.Line, Name: s.Name, Requirements: s.Requirements, Verdict: reports.NotRun,
				Reason: r.untried(), Steps: stepsOf(unplayed(s)),
			}
		}
		f.Evidence.Journal = "journals/" + strings.ReplaceAll(s.ID, "/", "-") + ".ndjson"
		res.Scenarios = append(res.Scenarios, f)
	}
	r.judgeRequirements()
	r.judgeFollowing()
	r.judgeKnown()
	r.judgeCapabilities()
	earned := r.judgeProfiles()
	res.Summary = reports.Count(res)
	conformant, ran := true, 0
	for _, s := range res.Scenarios {
		if s.Runs > 0 {
			ran++
		}
		conformant = conformant && !fails(s.Verdict) && s.Verdict != reports.NotRun && !s.Differed
	}
	for _, q := range res.Requirements {
		conformant = conformant && !fails(q.Verdict)
	}
	res.Verdict, res.ExitCode = reports.Passed, reports.ExitConformant
	if !conformant || ran == 0 || !earned {
		res.Verdict, res.ExitCode = reports.Failed, reports.ExitNotConformant
	}
	if res.Verdict == reports.Failed {
		res.LooksLike = r.misfits.say()
	}
	if problem != nil {
		res.Verdict, res.ExitCode, res.Problem = reports.Failed, reports.ExitEnvironment, problem.Error()
	}
	return res
}

// untried says why a scenario did not have its turn.
func (r *record) untried() string {
	if r.result.Stopped == "" {
		return "the run ended before its turn"
	}
	return "not tried because " + r.result.Stopped
}

func unplayed(s steps.Scenario) []steps.Outcome {
	outcomes := make([]steps.Outcome, 0, len(s.Steps))
	for _, step := range s.Steps {
		outcomes = append(outcomes, steps.Outcome{Step: step})
	}
	return outcomes
}

func (r *record) judgeRequirements() {
	for _, q := range r.catalogue.Requirements {
		one := reports.Requirement{
			ID: q.ID, Area: q.Area, Level: q.Level, Binds: q.Binds, Capability: q.Capability, Statement: q.Statement, Sources: q.Sources,
			Verdict: reports.NotRun, Reason: "no scenario of this run speaks of it",
		}
		switch {
		case q.Derived:
			one.Label = "derived"
		case q.Assumed:
			one.Label = "assumed"
		}
		if !q.Holds(r.config.Dialect) {
			one.Verdict, one.Reason = reports.NotApplicable, fmt.Sprintf("the dialect %s does not have it", r.config.Dialect)
		}
		if other := othersOf(r.config.Contract, q); one.Verdict == reports.NotRun && other != "" {
			one.Verdict, one.Reason = reports.NotApplicable, "it binds "+other+", which is the kit's own here"
		}
		if one.Verdict == reports.NotRun && q.ByReading {
			one.Verdict, one.Reason = reports.NotApplicable, q.Observe
		}
		first := true
		tried := r.triedOn(q)
		for _, s := range r.result.Scenarios {
			if s.Own { // what it shows is told there; the contract's verdict rests on the contract's scenarios
				continue
			}
			if first && slices.Contains(s.Requirements, q.ID) {
				one.Reason = "the scenarios that speak of it ended before they could tell"
			}
			for _, c := range s.Checks {
				if c.Requirement != q.ID {
					continue
				}
				if s.Scripted && c.Verdict == reports.Passed && tried == reports.NotApplicable {
					continue // the chat keeps its part, which does not say that the integration has the capability
				}
				one.Scenarios = append(one.Scenarios, s.ID)
				if next := worse(one.Verdict, c.Verdict); first || next != one.Verdict {
					one.Verdict, one.Reason = c.Verdict, c.Recorded
					r.lacks[q.ID] = c.Lacks
				}
				first = false
			}
		}
		r.result.Requirements = append(r.result.Requirements, one)
	}
}

// judgeFollowing says of requirements that do not hold which of them may do so only because of others. One that some scenario shows which took nothing for granted that is
// broken stands for itself. Of those that only explain each other, the one that explains most does.
func (r *record) judgeFollowing() {
	at := map[string]int{} // the broken ones, by ID
	var ids []string       // in the catalogue's order
	for i, q := range r.result.Requirements {
		if fell(q.Verdict) {
			at[q.ID] = i
			ids = append(ids, q.ID)
		}
	}
	// For each, and each scenario that shows it, the broken ones that were taken for granted there.
	grounds := map[string][][]string{}
	explains := map[string]int{} // in how many scenarios, whatever they show
	for _, s := range r.result.Scenarios {
		taken := slices.DeleteFunc(slices.Clone(s.Premises), func(id string) bool { return !slices.Contains(ids, id) })
		for _, c := range s.Checks {
			if s.Own || !fell(c.Verdict) {
				continue
			}
			others := without(taken, []string{c.Requirement})
			grounds[c.Requirement] = append(grounds[c.Requirement], others)
			for _, id := range others {
				explains[id]++
			}
		}
	}
	from := map[string][]string{} // of what is settled: itself, or what it follows from
	for _, id := range ids {
		if slices.ContainsFunc(grounds[id], func(taken []string) bool { return len(taken) == 0 }) {
			from[id] = []string{id}
		}
	}
	for len(from) < len(ids) {
		next := map[string][]string{} // so that it does not matter which is looked at first
		most := ""
		for _, id := range ids {
			if from[id] != nil {
				continue
			}
			if roots := rootsOf(grounds[id], from); roots != nil {
				next[id] = roots
			}
			if most == "" || explains[id] > explains[most] {
				most = id
			}
		}
		if len(next) == 0 {
			from[most] = []string{most}
		}
		for id, roots := range next {
			from[id], r.result.Requirements[at[id]].FollowsFrom = roots, roots
		}
	}
}

// rootsOf gives what a requirement follows from, each once and sorted, nil as long as some scenario took nothing for granted of which that is settled.
func rootsOf(grounds [][]string, from map[string][]string) []string {
	var roots []string
	for _, taken := range grounds {
		before := len(roots)
		for _, ground := range taken {
			roots = append(roots, from[ground]...)
		}
		if len(roots) == before {
			return nil
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// triedOn is the best that the scenarios with the integration under test show of a requirement that binds it; NotRun if there are none.
func (r *record) triedOn(q fixtures.Requirement) reports.Verdict {
	best := reports.NotRun
	for _, s := range r.result.Scenarios {
		for _, c := range s.Checks {
			if c.Requirement == q.ID && !s.Own && !s.Scripted && q.BindsSubject() {
				best = worse(best, c.Verdict)
			}
		}
	}
	return best
}

// complete says whether every scenario that speaks of a requirement was selected.
func (r *record) complete(id string) bool {
	return !slices.ContainsFunc(r.all, func(s steps.Scenario) bool { return slices.Contains(s.Requirements, id) && !r.selected[s.ID] })
}

// judgeKnown compares the declared failures with what was found. An entry that no longer fails is an error: the list has to shrink.
func (r *record) judgeKnown() {
	for _, k := range r.config.KnownFailing {
		for i := range r.result.Requirements {
			q := &r.result.Requirements[i]
			if q.ID != k.Requirement {
				continue
			}
			switch q.Verdict {
			case reports.Failed, reports.Warned:
				q.Verdict = reports.ExpectedFailure
			case reports.Passed:
				if !r.complete(k.Requirement) {
					break // it may fail in what was not selected
				}
				q.Verdict, q.Reason = reports.UnexpectedPass, "declared as known-failing, but it holds now: remove the entry"
			case reports.ExpectedFailure, reports.UnexpectedPass, reports.NotApplicable, reports.Untestable, reports.NotRun:
			}
			r.result.KnownFailing = append(r.result.KnownFailing, reports.KnownFailing{Requirement: k.Requirement, Reason: k.Reason, Verdict: q.Verdict})
		}
	}
}
