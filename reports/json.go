package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// writeResults writes r as results.json: indented, keys in the order of the struct, counts with every verdict, no null where a list is meant.
// r must come from settle. The schema is fixtures/schemas/results.schema.json.
func writeResults(w io.Writer, r *Result) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("results.json: %w", err)
	}
	return nil
}

// writeJournal writes one entry a line, in the order of arrival, as the schema's journalEntry describes it.
func writeJournal(w io.Writer, entries []Entry) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, e := range entries {
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("journal entry %d: %w", e.Seq, err)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// settle returns a copy of r as the writers take it: lists instead of nil, all verdicts counted, durations to the microsecond, payloads that are certainly JSON,
// and the files of each scenario's evidence named. r itself is left alone.
func settle(r *Result) *Result {
	c := *r
	c.SchemaVersion, c.Tool.Name = SchemaVersion, "deskcheck"
	c.StartedAt = r.StartedAt.UTC()
	c.Summary = Count(r)
	c.Selection = list(r.Selection)
	c.Integration.Methods = list(r.Integration.Methods)
	c.KnownFailing = list(r.KnownFailing)
	c.Capabilities = list(r.Capabilities)
	c.Profiles = list(slices.Clone(r.Profiles))
	for i := range c.Profiles {
		p := &c.Profiles[i]
		p.Capabilities, p.Failed, p.Warned = list(p.Capabilities), list(p.Failed), list(p.Warned)
	}
	c.Requirements = list(slices.Clone(r.Requirements))
	for i := range c.Requirements {
		q := &c.Requirements[i]
		q.Binds, q.Sources, q.Scenarios = list(q.Binds), list(q.Sources), distinct(q.Scenarios)
	}
	c.Scenarios = list(slices.Clone(r.Scenarios))
	stems := stems(c.Scenarios)
	for i := range c.Scenarios {
		s := &c.Scenarios[i]
		s.DurationMs = round(s.DurationMs)
		s.Requirements, s.Checks = list(s.Requirements), list(s.Checks)
		s.Steps = list(slices.Clone(s.Steps))
		for j := range s.Steps {
			step := &s.Steps[j]
			step.DurationMs, step.WaitedMs, step.RestedMs, step.PassedMs = round(step.DurationMs), round(step.WaitedMs), round(step.RestedMs), round(step.PassedMs)
		}
		s.Evidence.Journal, s.Evidence.Screenshot = "journals/"+stems[i]+".ndjson", ""
		if len(s.Evidence.Image) > 0 {
			s.Evidence.Screenshot = "screenshots/" + stems[i] + ".png"
		}
		s.Evidence.Entries = slices.Clone(s.Evidence.Entries)
		for j := range s.Evidence.Entries {
			e := &s.Evidence.Entries[j]
			e.AtMs, e.Data = round(e.AtMs), compact(e.Data)
		}
	}
	return &c
}

// list is the same list, but never nil: JSON has no use for a null list.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// distinct is the list without repetitions, in its order: a scenario may speak of a requirement more than once.
func distinct(l []string) []string {
	once := []string{}
	for _, s := range l {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}
