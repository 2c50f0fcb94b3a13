package reports

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	flag.Parse()
	// The width of some characters depends on the locale of the terminal; the golden files are written for one.
	text.OverrideRuneWidthEastAsianWidth(false)
	os.Exit(m.Run())
}

// golden compares with a file in testdata; `go test ./reports -update` writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func tell(r *Result, o TextOptions) string {
	var b bytes.Buffer
	o.Statements = map[string]string{}
	for _, q := range r.Requirements {
		o.Statements[q.ID] = q.Statement
	}
	w := NewText(&b, o)
	w.Started(len(r.Scenarios))
	for i, s := range r.Scenarios {
		w.Finished(s, i+1, len(r.Scenarios))
	}
	w.Summary(r, "deskcheck-report")
	return b.String()
}

func TestLongNamesOfProfilesAreWhole(t *testing.T) {
	r := sample()
	r.Profiles = []Profile{{Name: "core", Earned: true}, {Name: "attachments-out", Reason: "ATT-01 did not hold"}, {Name: "files", Reason: "FILE-01 did not hold"}}
	shown := tell(r, TextOptions{})
	assert.Contains(t, shown, "  ✓ earned           core\n  ✗ attachments-out  not earned: ATT-01 did not hold\n  ✗ files            not earned: FILE-01 did not hold\n")
	r.Stopped = "a scenario failed"
	assert.Contains(t, tell(r, TextOptions{}), "not earned", "what is earned is told of a part, too")
	r.Profiles = r.Profiles[1:]
	assert.NotContains(t, tell(r, TextOptions{}), "not earned", "a run that has ended early says nothing of what it did not try")
	r.Profile = "files"
	assert.Contains(t, tell(r, TextOptions{}), "  ✗ files            not earned", "unless that was the question")
}

func TestTextGolden(t *testing.T) {
	golden(t, "text-120.txt", tell(sample(), TextOptions{}))
	golden(t, "text-80.txt", tell(sample(), TextOptions{Width: 80}))
	golden(t, "text-whole.txt", tell(sample(), TextOptions{Whole: true}))
	golden(t, "text-quiet.txt", tell(sample(), TextOptions{Quiet: true}))
	golden(t, "text-color.txt", tell(sample(), TextOptions{Color: true, Interactive: true}))
	golden(t, "text-passed.txt", tell(large(3, 1), TextOptions{}))
}

func TestTextStaysInItsColumns(t *testing.T) {
	for _, width := range []int{60, 80, 100, 120, 160} {
		for line := range strings.SplitSeq(tell(sample(), TextOptions{Width: width}), "\n") {
			if strings.Contains(line, "deskcheck-report/") || strings.HasPrefix(line, "verdict:") {
				continue // paths and the verdict are to be copied and found, so they are never broken
			}
			assert.LessOrEqual(t, text.StringWidth(line), width, line)
		}
	}
}

func TestTextObeysNothingItWasTold(t *testing.T) {
	for _, o := range []TextOptions{{}, {Quiet: true}} {
		out := tell(sample(), o)
		assert.NotContains(t, out, "\x1b", "no escape reaches the terminal unless colours were asked for")
		assert.NotContains(t, out, "\u202e")
		assert.NotContains(t, out, "\r")
	}
	out := tell(sample(), TextOptions{Color: true, Interactive: true})
	assert.NotContains(t, out, "\x1b[2J", "what an integration sent clears no screen")
	assert.NotContains(t, out, "\x1b]")
}

func TestTextEndsWithVerdictAndReport(t *testing.T) {
	for _, o := range []TextOptions{{}, {Quiet: true}, {Color: true}, {Interactive: true}} {
		lines := strings.Split(strings.TrimSuffix(tell(sample(), o), "\n"), "\n")
		assert.Contains(t, text.StripEscape(lines[len(lines)-2]), "verdict: failed · Acme Desk, src/acme.ts (3 of 15 requirements failed")
		assert.Equal(t, "report: deskcheck-report/index.html", lines[len(lines)-1])
	}
	assert.Equal(t, "verdict: passed · Acme Desk, src/acme.ts (15 of 15 requirements passed)\nreport: deskcheck-report/index.html\n", tell(large(2, 1), TextOptions{Quiet: true}))
	quick := large(2, 1)
	quick.Selection = []string{"core", Quick}
	assert.Contains(t, tell(quick, TextOptions{Quiet: true}), "(15 of 15 requirements passed, a scenario for each, and no profile is earned by a quick run)\n")
}

func TestTextWithoutAnything(t *testing.T) {
	var b bytes.Buffer
	w := NewText(&b, TextOptions{Quiet: true, Interactive: true})
	w.Started(0)
	w.Summary(&Result{Verdict: Failed, Problem: "no browser was found.\n"}, "")
	assert.Equal(t, "verdict: failed (the environment failed the run: no browser was found)\n", b.String())
	assert.Contains(t, tell(&Result{Verdict: Failed}, TextOptions{}), "verdict: failed (no scenario ran)")
}

// lines counts writes: each scenario must reach the writer whole, or two of them mix.
type lines struct{ whole, all int }

func (l *lines) Write(p []byte) (int, error) {
	l.all++
	if bytes.HasSuffix(p, []byte("\n")) {
		l.whole++
	}
	return len(p), nil
}

func TestTextFromSeveralGoroutines(t *testing.T) {
	l := &lines{}
	w := NewText(l, TextOptions{})
	scenarios := sampleScenarios()
	w.Started(200)
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() { w.Finished(scenarios[i%len(scenarios)], i, 200) })
	}
	wait.Wait()
	assert.Equal(t, 201, l.all)
	assert.Equal(t, l.all, l.whole)
}

func TestAround(t *testing.T) {
	s := sampleScenarios()[5]
	seqs := func(entries []Entry) (all []int) {
		for _, e := range entries {
			all = append(all, e.Seq)
		}
		return all
	}
	assert.Equal(t, []int{9, 10, 11}, seqs(around(s, 10, 1, 1)))
	assert.Equal(t, []int{1, 2, 4}, seqs(around(s, 2, 1, 1)), "what the user saw is left out")
	assert.Equal(t, []int{15, 16}, seqs(around(s, 0, 1, 1)), "an absence is seen at the end of the step that failed")
	assert.Equal(t, []int{15, 16}, seqs(around(s, 999, 1, 1)), "and so is an entry that is not there")
	assert.Empty(t, around(Scenario{}, 0, 5, 5))
}

func TestSmallWords(t *testing.T) {
	assert.Equal(t, []string{"0", "999", "1,000", "-1,234", "12,345,678"}, []string{thousands(0), thousands(999), thousands(1000), thousands(-1234), thousands(12345678)})
	assert.Equal(t, []string{"4 ms", "1,234 ms", "12.4 s"}, []string{milliseconds(3.6), milliseconds(1234), milliseconds(12400)})
	assert.Equal(t, []string{"FLOW-03 +2", "FLOW-03 FLOW-09"}, []string{fitIDs([]string{"FLOW-03", "FLOW-09", "MSG-01"}, 12), fitIDs([]string{"FLOW-03", "FLOW-09"}, 15)})
	assert.Equal(t, []string{"日本", "語"}, wrap("日本語", 5))
	assert.Equal(t, "日本…", strings.TrimSpace(cell("日本語語", 6)))
	assert.Equal(t, "a", clip("aé", 2))
	for _, v := range Verdicts {
		assert.Equal(t, 1, text.StringWidth(v.Mark()), v)
	}
}
