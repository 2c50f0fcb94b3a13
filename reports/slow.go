package reports

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Slow is a scenario with the step that took most of its time.
type Slow struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	DurationMs float64 `json:"durationMs"`
	// Step is the slowest of its steps, Why what it spent its time on.
	Step Step   `json:"step"`
	Why  string `json:"why"`
}

// ErrNoResults says that a report folder holds no results.json of ours.
var ErrNoResults = errors.New("no results of a run")

// Slowest reads the results of the last run from a report folder and gives its slowest scenarios, slowest first and at most limit of them. The error wraps ErrNoResults where
// there are none.
func Slowest(dir string, limit int) ([]Slow, error) {
	raw, err := os.ReadFile(filepath.Join(dir, ResultsFile)) //nolint:gosec // The user names their own folder.
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ResultsFile), ErrNoResults)
	}
	if err != nil {
		return nil, err
	}
	var r Result
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", filepath.Join(dir, ResultsFile), ErrNoResults, err)
	}
	ran := slices.DeleteFunc(r.Scenarios, func(s Scenario) bool { return s.DurationMs == 0 || len(s.Steps) == 0 })
	slices.SortStableFunc(ran, func(a, b Scenario) int { return cmp.Compare(b.DurationMs, a.DurationMs) })
	var all []Slow
	for _, s := range ran[:min(limit, len(ran))] {
		step := slices.MaxFunc(s.Steps, func(a, b Step) int { return cmp.Compare(a.DurationMs, b.DurationMs) })
		all = append(all, Slow{ID: s.ID, Name: s.Name, DurationMs: s.DurationMs, Step: step, Why: why(step)})
	}
	return all, nil
}

// why says what a step spent its time on.
func why(s Step) string {
	var parts []string
	if s.WaitedMs >= 1 {
		parts = append(parts, milliseconds(s.WaitedMs)+" for something to be recorded")
	}
	if s.RestedMs >= 1 {
		parts = append(parts, milliseconds(s.RestedMs)+" for the page to come to rest")
	}
	if rest := s.DurationMs - s.WaitedMs - s.RestedMs; rest >= 1 {
		parts = append(parts, milliseconds(rest)+" of work")
	}
	if len(parts) == 0 {
		parts = []string{"less than 1 ms"}
	}
	words := strings.Join(parts, ", ")
	if s.PassedMs > 0 {
		words += "; " + milliseconds(s.PassedMs) + " of the scenario's own time passed"
	}
	return words
}
