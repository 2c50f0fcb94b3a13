package deskcheck

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/traffic"
	"deskcheck/mockdesk/journal"
	"deskcheck/reports"
)

// TrafficCheck says which recordings of a connector are to be judged, and what is known beside them.
type TrafficCheck struct {
	// Files are the recordings: HAR 1.2, lines of JSON as TrafficSchema describes them, or journals that a run has saved. "-" is Stdin.
	Files []string
	Stdin io.Reader
	// Account is the account file, empty for none: rules that need it are left out then.
	Account string
	// Users is how many end users took part, 0 for unknown.
	Users int
}

// TrafficSchema is the JSON Schema of a line of a recording.
func TrafficSchema() []byte {
	schema, err := fixtures.ReadFile("schemas/exchange.schema.json")
	if err != nil {
		panic(fmt.Sprintf("the schema of recordings is not embedded: %v", err))
	}
	return schema
}

// CheckTraffic judges recorded exchanges of a connector by the rules that a run goes by, for connectors that no kit can stand before. Its errors are *UserErrors: a file that cannot be read or is no
// recording, with file, line and field; an account file with mistakes; recordings in which nothing is Talkdesk's. Of several files one may be empty, as the journal of a scenario is in which nothing
// could be played: it is among what was not judged.
func CheckTraffic(c TrafficCheck) (*reports.Traffic, error) {
	about := rules.About{}
	if c.Account != "" {
		account, err := readAccount(c.Account)
		if err != nil {
			return nil, err
		}
		about = account.About()
	}
	about.Users = c.Users
	var files []*traffic.File
	var empty []traffic.LeftOut
	var mistakes, misshapen []error
	for i, name := range c.Files {
		if slices.Contains(c.Files[:i], name) {
			return nil, &UserError{Err: fmt.Errorf("%s is named twice", name)}
		}
		file, err := c.read(name)
		_, user := errors.AsType[*UserError](err)
		switch {
		case err == nil:
			files = append(files, file)
		case errors.Is(err, errNothingInIt) && len(c.Files) > 1:
			empty = append(empty, traffic.LeftOut{Place: shownAs(name), Why: errNothingInIt.Error()})
		case user:
			mistakes = append(mistakes, err)
		default:
			misshapen = append(misshapen, err)
		}
	}
	if len(misshapen) > 0 {
		mistakes = append(mistakes, &UserError{Err: withoutSecrets(errors.Join(misshapen...)), Fix: `"deskcheck check-traffic --schema" describes a line; a HAR document is taken as it is`})
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	judged := traffic.Judge(files, about)
	judged.Left = append(empty, judged.Left...)
	if len(judged.Exchanges) == 0 {
		return nil, nothingJudged(c.Files, judged)
	}
	return trafficReport(c, judged)
}

// readAccount reads an account file.
func readAccount(file string) (*digitalconnect.Account, error) {
	const describes = `"deskcheck desk schema account" describes every key`
	source, err := os.ReadFile(file) //nolint:gosec // The user names their own file.
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UserError{Err: fmt.Errorf("--account: %s does not exist", file), Fix: "name the account file, or leave --account out: the rules that need it are left out then; " + describes}
	}
	if err != nil {
		return nil, &UserError{Err: fmt.Errorf("--account: the file cannot be read: %w", err), Fix: "name the account file; " + describes}
	}
	account, err := digitalconnect.ParseAccount(file, source)
	if err != nil {
		return nil, &UserError{Err: fmt.Errorf("--account: %w", err), Fix: describes}
	}
	return account, nil
}

// errNothingInIt is the error of a recording that is empty.
var errNothingInIt = errors.New("there is nothing in it")

// shownAs is what a recording is called in messages.
func shownAs(name string) string {
	if name == "-" {
		return "stdin"
	}
	return name
}

// read reads one recording. The error is a *UserError for a file that cannot be read, and errNothingInIt for an empty one; every other is about what stands in it.
func (c TrafficCheck) read(name string) (*traffic.File, error) {
	from, shown := c.Stdin, shownAs(name)
	if name != "-" {
		file, err := openRecording(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // nothing was written to it
		from = file
	}
	source, err := io.ReadAll(io.LimitReader(from, traffic.Most+1))
	switch {
	case err != nil:
		return nil, &UserError{Err: fmt.Errorf("the recording cannot be read: %w", err), Fix: "name a file that can be"}
	case len(source) > traffic.Most:
		return nil, &UserError{Err: fmt.Errorf("%s is larger than %d MiB", shown, traffic.Most>>20), Fix: "split it: several files are one recording"}
	case strings.TrimSpace(string(source)) == "":
		return nil, fmt.Errorf("%s: %w", shown, errNothingInIt)
	}
	return traffic.Read(shown, source)
}

// openRecording opens the file of a recording. The error is a *UserError.
func openRecording(name string) (*os.File, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &UserError{Err: fmt.Errorf("the recording %s does not exist", name), Fix: "name a HAR document, lines of JSON, or a journal that a run has saved in deskcheck-report/journals"}
	case err == nil && info.IsDir():
		return nil, &UserError{Err: fmt.Errorf("%s is a folder", name), Fix: "name the recordings in it"}
	}
	file, err := os.Open(name) //nolint:gosec // The user names their own file.
	if err != nil {
		return nil, &UserError{Err: fmt.Errorf("the recording cannot be read: %w", err), Fix: "name a file that can be"}
	}
	return file, nil
}

// withoutSecrets words the mistakes of a recording without what looks like a secret in them.
func withoutSecrets(err error) error {
	redactor := journal.NewRedactor("client_assertion", "signature")
	var all []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		all = append(all, errors.New(redactor.Redact(journal.Entry{Note: line}).Note))
	}
	return errors.Join(all...)
}

// nothingJudged says that there was nothing to judge, which is never a pass.
func nothingJudged(files []string, j *traffic.Judgement) error {
	seen := "no exchange that can be judged"
	if hosts := j.Hosts(); len(hosts) > 0 {
		seen = "the hosts " + strings.Join(hosts[:min(len(hosts), 10)], ", ")
	}
	if len(j.Left) > 0 {
		seen += fmt.Sprintf("; what was left out: %s: %s", j.Left[0].Place, j.Left[0].Why)
		if len(j.Left) > 1 {
			seen += fmt.Sprintf(" (and %d more)", len(j.Left)-1)
		}
	}
	return &UserError{
		Err: fmt.Errorf("nothing in %s is between a connector and Talkdesk: it has %s", strings.Join(files, ", "), seen),
		Fix: `record the connector's requests to Talkdesk with their real hosts, or say with "party" in each line whom they went to`,
	}
}

// trafficReport gives each requirement its verdict, as a run would: a MUST that does not hold fails, unless nothing public demands it; everything else warns.
func trafficReport(c TrafficCheck, j *traffic.Judgement) (*reports.Traffic, error) {
	catalogue, err := fixtures.ReadCatalogue(contractDigitalConnect)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	t := &reports.Traffic{
		SchemaVersion: reports.SchemaVersion, Tool: reports.Tool{Name: "deskcheck", Version: Version()}, Contract: contractDigitalConnect, Dialect: fixtures.DialectsOf(contractDigitalConnect)[0],
		Files: c.Files, Verdict: reports.Passed, ExitCode: reports.ExitConformant, Exchanges: j.Exchanges, Elsewhere: j.Elsewhere, CredentialsTakenOut: j.Hidden, Unjudged: []reports.TrafficUnjudged{}, Said: map[string]int{}, LiveOnly: []string{},
	}
	for _, u := range j.Left {
		t.Unjudged = append(t.Unjudged, reports.TrafficUnjudged{Place: u.Place, Why: u.Why})
	}
	for said, n := range j.Events {
		t.Said[j.Covered(said)] += n
	}
	for _, r := range catalogue.Requirements {
		at := slices.IndexFunc(j.Findings, func(f traffic.Finding) bool { return f.ID == r.ID })
		switch {
		case at >= 0:
			t.Requirements = append(t.Requirements, trafficRequirement(r, j.Findings[at]))
		case r.BindsSubject():
			t.LiveOnly = append(t.LiveOnly, r.ID)
		}
	}
	if t.Count()[reports.TrafficFailed] > 0 {
		t.Verdict, t.ExitCode = reports.Failed, reports.ExitNotConformant
	}
	return t, nil
}

// trafficRequirement is one requirement with its verdict.
func trafficRequirement(r fixtures.Requirement, f traffic.Finding) reports.TrafficRequirement {
	q := reports.TrafficRequirement{ID: r.ID, Level: r.Level, Capability: r.Capability, Statement: r.Statement, Verdict: reports.TrafficPassed, Reason: f.Missing, Exchanges: f.Tried, Breaches: []reports.TrafficBreach{}}
	if r.Assumed {
		q.Label = "assumed"
	}
	for _, b := range f.Breaches {
		q.Breaches = append(q.Breaches, reports.TrafficBreach(b))
	}
	switch {
	case len(f.Breaches) > 0 && r.Fails():
		q.Verdict = reports.TrafficFailed
	case len(f.Breaches) > 0:
		q.Verdict = reports.TrafficWarned
	case f.Missing != "":
		q.Verdict = reports.TrafficLeftOut
	case f.Tried == 0:
		q.Verdict = reports.TrafficNotSeen
	}
	return q
}
