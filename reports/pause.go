package reports

import "fmt"

// Paused tells of a scenario that has failed and whose page still stands as it was then: why it failed, and the whole journal.
func (t *Text) Paused(s Scenario) {
	t.mu.Lock()
	defer t.mu.Unlock()
	entry := 0
	for _, c := range s.Checks {
		if c.Verdict.FailsRun() && c.Entry > 0 {
			entry = c.Entry
			break
		}
	}
	o := t.o
	o.Report = "" // it is not written yet
	width := max(t.columns.total, t.o.Width)
	t.print(t.line(s) + "\n" + explain(s, findingsIn(s), nil, o, t.paint, t.columns.total) +
		fmt.Sprintf("\n    the journal, %s\n", entriesCounted(len(s.Evidence.Entries))) + rowsOf(byTime(s.Evidence.Entries), entry, t.paint, "      ", width) + "\n")
}

func entriesCounted(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return thousands(n) + " entries"
}
