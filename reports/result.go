// Package reports holds the Result of a run and its writers, one file per format. It knows nothing of how the result came about.
package reports

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"
)

// Verdict is what a run says of a scenario, a requirement or the whole. Its string form is the word that every report uses.
type Verdict string

// The verdicts, from design and contract: see each.
const (
	// Passed: the requirement held wherever it was tried.
	Passed Verdict = "passed"
	// Failed: a MUST was seen broken.
	Failed Verdict = "failed"
	// Warned: a SHOULD does not hold. It does not cost conformance.
	Warned Verdict = "warned"
	// ExpectedFailure: failed, and declared beforehand as known-failing. It does not fail the run.
	ExpectedFailure Verdict = "expected failure"
	// UnexpectedPass: declared as known-failing, but it holds now. It fails the run until the entry is removed.
	UnexpectedPass Verdict = "unexpected pass"
	// NotApplicable: the integration has not the capability, or the dialect has not the requirement.
	NotApplicable Verdict = "not applicable"
	// Untestable: the means to tell are missing. It fails the run: it is never a pass.
	Untestable Verdict = "untestable"
	// NotRun: it was not selected, or the run ended before its turn.
	NotRun Verdict = "not run"
)

// Verdicts lists all verdicts in the order in which reports count them.
var Verdicts = []Verdict{Passed, Failed, Warned, ExpectedFailure, UnexpectedPass, NotApplicable, Untestable, NotRun}

// SchemaVersion is the version of the results.json format; it changes when a reader of the old one could be misled.
const SchemaVersion = "1.0"

// The exit codes of a run, and so of the command.
const (
	ExitConformant    = 0
	ExitNotConformant = 1
	ExitUserError     = 2
	ExitEnvironment   = 3
)

// LooksLike says for which dialect an integration seems to be written, where it fails in the dialect of the run.
type LooksLike struct {
	// Dialects are the ones that fit equally well; Because says by what, such as "it calls updateCapabilities".
	Dialects []string `json:"dialects"`
	Because  string   `json:"because"`
}

// Sentence says it to the user, with the next step. subject is what was certified, as Result.Subject has it, dialect that of the run.
func (l LooksLike) Sentence(subject, dialect string) string {
	return fmt.Sprintf("the %s looks as if it were written for %s, not for %s: %s; certify it there with --dialect %s", subject, strings.Join(l.Dialects, " or "), dialect, l.Because, l.Dialects[0])
}

// Quick stands in the selection of a run that had a scenario for each requirement only.
const Quick = "--quick"

// Result is everything that a run found out. Written as JSON it is results.json (schema: fixtures/schemas/results.schema.json).
type Result struct {
	SchemaVersion string      `json:"schemaVersion"`
	Tool          Tool        `json:"tool"`
	Contract      string      `json:"contract"`
	Dialect       string      `json:"dialect"`
	Host          string      `json:"host"`
	Integration   Integration `json:"integration"`
	Browser       Browser     `json:"browser"`
	// Desk is what played the desk; nil where a run did not get that far.
	Desk       *Desk     `json:"desk,omitempty"`
	Seed       int64     `json:"seed"`
	Repeat     int       `json:"repeat"`
	Workers    int       `json:"workers"`
	StartedAt  time.Time `json:"startedAt"`
	DurationMs int64     `json:"durationMs"`
	// Selection is what the user asked for, empty for everything; Quick is among it after a quick run.
	Selection []string `json:"selection"`
	// Verdict is Passed or Failed.
	Verdict  Verdict `json:"verdict"`
	ExitCode int     `json:"exitCode"`
	// LooksLike says that the integration seems to be written for another dialect; nil if it does not, or if it passed.
	LooksLike *LooksLike `json:"looksLike,omitempty"`
	// Problem is why the environment failed the run, empty otherwise.
	Problem string `json:"problem,omitempty"`
	// Stopped is why a verdict ended the run before every scenario had its turn, a clause such as "a scenario failed"; empty otherwise.
	Stopped string  `json:"stopped,omitempty"`
	Summary Summary `json:"summary"`
	// Requirements are in the catalogue's order, every one of the contract's areas that this version covers.
	Requirements []Requirement `json:"requirements"`
	// Scenarios are in the order of the features.
	Scenarios []Scenario `json:"scenarios"`
	// KnownFailing are the declared entries and what became of each.
	KnownFailing []KnownFailing `json:"knownFailing"`
	// Capabilities are the parts of the contract that an integration may have, with what was claimed and what was seen.
	Capabilities []Capability `json:"capabilities"`
	// Profiles are those that the dialect has. Profile is the one that the run was asked about; empty for none.
	Profiles []Profile `json:"profiles"`
	Profile  string    `json:"profile,omitempty"`
}

// The contracts whose subject is not an integration.
const (
	contractDesks      = "agent-manager"
	contractConnectors = "digital-connect"
)

// Subject is what people call the object under test: "integration", "agent desk" or "connector".
func (r *Result) Subject() string {
	switch r.Contract {
	case contractDesks:
		return "agent desk"
	case contractConnectors:
		return "connector"
	}
	return "integration"
}

// Capability is an optional part of the contract.
type Capability struct {
	Name string `json:"name"`
	// Claimed says that the integration is declared to have it, Seen that it was seen to, How by what.
	Claimed bool   `json:"claimed"`
	Seen    bool   `json:"seen"`
	How     string `json:"how,omitempty"`
}

// Profile is a named part of the contract and whether the integration has earned it.
type Profile struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Capabilities are those that it takes, Requirements how many requirements it rests on.
	Capabilities []string `json:"capabilities"`
	Requirements int      `json:"requirements"`
	Earned       bool     `json:"earned"`
	// NotRun says that nothing stands against it but that not all of it was tried.
	NotRun bool `json:"notRun,omitempty"`
	// Reason is why it is not earned; empty where it is.
	Reason string `json:"reason,omitempty"`
	// Failed are the requirements that keep it from being earned by their verdict, Warned those that do not hold and do not count against it.
	Failed []string `json:"failed"`
	Warned []string `json:"warned"`
}

// Tool identifies this build of deskcheck.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Integration identifies what was certified.
type Integration struct {
	// Name is what its getName answered, empty if it never did.
	Name string `json:"name"`
	// Source is the entry file as the user gave it, or "embedded reference".
	Source string `json:"source"`
	// Export or global under which the factory was found.
	Export string `json:"export"`
	// Digest is the SHA-256, in hex, of the bundle that ran, of the HTML of a page of the user's own, of an agent desk, or of a connector: its program and what it is given, or its address.
	Digest string `json:"digest"`
	// Methods are the optional methods that it was seen to have.
	Methods []string `json:"methods"`
}

// title names the integration in a line: what it calls itself, and where it comes from.
func (i Integration) title() string {
	if first, _, _ := strings.Cut(i.Source, " "); i.Name == path.Base(first) {
		return oneLine(i.Source) // It is named after its program.
	}
	return strings.Trim(oneLine(clip(i.Name, 200))+", "+oneLine(i.Source), ", ")
}

// Browser identifies what ran the integration.
type Browser struct {
	Kind    string `json:"kind"`
	Version string `json:"version"`
	Path    string `json:"path"`
	// Replaced counts browsers that died and were started anew.
	Replaced int `json:"replaced"`
}

// The kinds of a Desk.
const (
	MockDesk   = "mock"   // the mock desk, which speaks its native wire
	WiredDesk  = "wire"   // the mock desk, which speaks a wire of the user's
	DrivenDesk = "driver" // a desk that is not the kit's
)

// Desk identifies what played the desk.
type Desk struct {
	// Kind is MockDesk, WiredDesk or DrivenDesk.
	Kind string `json:"kind"`
	// Wire is the wire file as the user gave it.
	Wire string `json:"wire,omitempty"`
	// Hosts are the names that led to it.
	Hosts []string `json:"hosts,omitempty"`
	// Name, Version and URL are what a driver calls its desk, the version that it runs in, and where the driver is.
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	URL     string `json:"url,omitempty"`
}

// String names it in a line, such as "Acme sandbox 2026.3, driven at https://sandbox.vendor.example/deskcheck".
func (d Desk) String() string {
	words := "the mock desk"
	switch d.Kind {
	case WiredDesk:
		words += " with the wire " + d.Wire
	case DrivenDesk:
		words = strings.TrimSpace(oneLine(clip(d.Name+" "+d.Version, 200))) + ", driven at " + d.URL
	}
	if len(d.Hosts) > 0 {
		words += " as " + strings.Join(d.Hosts, ", ")
	}
	return words
}

// Summary counts verdicts. Scenarios are those of the contract, Own those of the user's own features; it is nil where there are none.
type Summary struct {
	Scenarios    map[Verdict]int `json:"scenarios"`
	Requirements map[Verdict]int `json:"requirements"`
	Own          map[Verdict]int `json:"own,omitempty"`
}

// Requirement is a requirement of the contract with its verdict in this run.
type Requirement struct {
	ID    string `json:"id"`
	Area  string `json:"area"`
	Level string `json:"level"`
	// Label is "derived" for a requirement whose only source is inference, so that a vendor can contest it, "assumed" for one that nothing public demands, so that it can only warn;
	// empty otherwise.
	Label string `json:"label,omitempty"`
	// Binds names the sides that must keep it: integration, host, page; agent-desk, agent-manager; connector, digital-connect, account.
	Binds      []string `json:"binds"`
	Capability string   `json:"capability"`
	Statement  string   `json:"statement"`
	Sources    []string `json:"sources"`
	Verdict    Verdict  `json:"verdict"`
	// Reason says in a sentence why the verdict is not "passed"; empty for passed.
	Reason string `json:"reason,omitempty"`
	// Scenarios are the IDs of the scenarios that spoke of it.
	Scenarios []string `json:"scenarios"`
	// FollowsFrom are the requirements to mend first: where it does not hold, each scenario that shows it had taken one of them for granted, and they do not hold either.
	FollowsFrom []string `json:"followsFrom,omitempty"`
}

// Scenario is one scenario (one row of an outline) as it ran. With --repeat it stands once, with the worst of its runs.
type Scenario struct {
	// ID is stable between runs: feature file without its ending, a slash, the line of the scenario or row.
	ID string `json:"id"`
	// Own says that it comes from the user's own features, and says nothing of the contract.
	Own bool `json:"own,omitempty"`
	// Feature is the feature's name, File its path below features/, or as the user names it where it is their own.
	Feature string `json:"feature"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Name    string `json:"name"`
	// Requirements are the IDs that the scenario is tagged with.
	Requirements []string `json:"requirements"`
	Verdict      Verdict  `json:"verdict"`
	DurationMs   float64  `json:"durationMs"`
	// Runs is how often it ran, Differed whether its runs disagreed (a flake, which fails the run).
	Runs     int  `json:"runs"`
	Differed bool `json:"differed,omitempty"`
	// Scripted says that it tried the chat with the kit's scripted integration, and not the one under test.
	Scripted bool `json:"scripted,omitempty"`
	// Rerun says that the browser died under it once and that this is the second run.
	Rerun bool   `json:"rerun,omitempty"`
	Steps []Step `json:"steps"`
	// Checks are the requirement-by-requirement findings.
	Checks []Check `json:"checks"`
	// Premises are the other requirements that its sentences took for granted up to where it ended, known where it did not pass.
	Premises []string `json:"premises,omitempty"`
	Evidence Evidence `json:"evidence"`
	// Reason is why it did not pass, in a sentence; empty for passed.
	Reason string `json:"reason,omitempty"`
}

// Step is one Gherkin step as it went.
type Step struct {
	Keyword string `json:"keyword"`
	Text    string `json:"text"`
	// Argument is the doc string or table below it, as written.
	Argument string `json:"argument,omitempty"`
	// Status is passed, failed or skipped.
	Status     string  `json:"status"`
	DurationMs float64 `json:"durationMs"`
	// WaitedMs is the real time that it waited for something to be recorded, RestedMs that for the page to come to rest, and PassedMs how far it advanced the
	// scenario's own clock.
	WaitedMs float64 `json:"waitedMs,omitempty"`
	RestedMs float64 `json:"restedMs,omitempty"`
	PassedMs float64 `json:"passedMs,omitempty"`
	// FirstEntry and LastEntry bound the journal entries (by Seq) that were recorded while it ran; 0 if none.
	FirstEntry int `json:"firstEntry,omitempty"`
	LastEntry  int `json:"lastEntry,omitempty"`
}

// Check is one finding about one requirement in one scenario. In a scenario of the user's own, Requirement is empty for what that scenario is about.
type Check struct {
	Requirement string  `json:"requirement"`
	Verdict     Verdict `json:"verdict"`
	// Expected and Recorded say, for anything but a pass, what the contract wants and what the journal shows.
	Expected string `json:"expected,omitempty"`
	Recorded string `json:"recorded,omitempty"`
	// Hint is a next step for the integrator, when the kit knows one.
	Hint string `json:"hint,omitempty"`
	// Lacks is the capability for want of which it is not applicable; empty otherwise.
	Lacks string `json:"lacks,omitempty"`
	// Entry is the Seq of the journal entry that shows it, 0 if it is an absence.
	Entry int `json:"entry,omitempty"`
}

// Evidence says where the proof lies, relative to the report's directory.
type Evidence struct {
	// Journal is the file with the scenario's entries, one JSON object a line.
	Journal string `json:"journal"`
	// Screenshot is a PNG taken at the failure, empty otherwise.
	Screenshot string `json:"screenshot,omitempty"`
	// Entries holds the journal itself for the writers; it is left out of results.json because the file above has it.
	Entries []Entry `json:"-"`
	// Image is the PNG for the writers, left out of results.json for the same reason.
	Image []byte `json:"-"`
}

// Entry mirrors one journal entry (journal.Entry has the meaning of each field; At is in milliseconds here).
type Entry struct {
	Seq         int             `json:"seq"`
	AtMs        float64         `json:"atMs"`
	Kind        string          `json:"kind"`
	From        string          `json:"from"`
	To          string          `json:"to"`
	Name        string          `json:"name"`
	Ref         int             `json:"ref,omitempty"`
	Chat        int             `json:"chat,omitempty"`
	Widget      int             `json:"widget,omitempty"`
	Requirement string          `json:"requirement,omitempty"`
	Note        string          `json:"note,omitempty"`
	Data        json.RawMessage `json:"data,omitempty"`
}

// KnownFailing is a declared known failure and what became of it.
type KnownFailing struct {
	Requirement string  `json:"requirement"`
	Reason      string  `json:"reason"`
	Verdict     Verdict `json:"verdict"`
}
