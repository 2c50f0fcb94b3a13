package deskcheck_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskcheck"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ran is a result with the verdicts of some requirements, "FLOW-03 failed" each.
func ran(verdicts ...string) *reports.Result {
	result := &reports.Result{StartedAt: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	for _, words := range verdicts {
		id, verdict, _ := strings.Cut(words, " ")
		result.Requirements = append(result.Requirements, reports.Requirement{ID: id, Verdict: reports.Verdict(verdict), Reason: "startChat\n  waited \"20 s\""})
	}
	return result
}

const newReason = `"seen by --baseline write on 2026-11-21, not yet explained: startChat waited \"20 s\""`

func TestWriteBaseline(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		verdicts            []string
	}{
		{
			"behind the last entry, everything else as it was",
			"# ours\nworkers:   2   # slow machine\n\nknown-failing:\n  # the queue\n  - requirement: FLOW-04   # ticket 7\n    reason: 'the desk has no queue'\n\n# the report\nreport: out\n",
			"# ours\nworkers:   2   # slow machine\n\nknown-failing:\n  # the queue\n  - requirement: FLOW-04   # ticket 7\n    reason: 'the desk has no queue'\n" +
				"  - requirement: FLOW-03\n    reason: " + newReason + "\n\n# the report\nreport: out\n",
			[]string{"FLOW-03 failed", "FLOW-04 expected failure"},
		},
		{
			"a list in the first column, at the end, without a last line break",
			"known-failing:\n- requirement: FLOW-04\n  reason: x",
			"known-failing:\n- requirement: FLOW-04\n  reason: x\n- requirement: FLOW-03\n  reason: " + newReason + "\n",
			[]string{"FLOW-03 failed"},
		},
		{
			"what holds again goes, its neighbours stay",
			"known-failing:\n  - requirement: FLOW-03\n    reason: a\n  # about FLOW-04\n  - reason: >\n      a long\n      story\n    requirement: FLOW-04\n  - {requirement: FLOW-05, reason: c} # last\nreport: out\n",
			"known-failing:\n  - requirement: FLOW-03\n    reason: a\n  # about FLOW-04\n  - {requirement: FLOW-05, reason: c} # last\nreport: out\n",
			[]string{"FLOW-03 expected failure", "FLOW-04 unexpected pass", "FLOW-05 expected failure"},
		},
		{
			"what did not run stays",
			"known-failing:\n  - requirement: FLOW-05\n    reason: c\n",
			"known-failing:\n  - requirement: FLOW-05\n    reason: c\n  - requirement: FLOW-03\n    reason: " + newReason + "\n",
			[]string{"FLOW-03 failed", "FLOW-05 not run"},
		},
		{
			"the last entry goes",
			"known-failing: # for now\n  # about FLOW-03\n  - requirement: FLOW-03\n    reason: a\nreport: out\n",
			"known-failing: [] # for now\n  # about FLOW-03\nreport: out\n",
			[]string{"FLOW-03 unexpected pass"},
		},
		{
			"one goes and one comes",
			"known-failing:\n  - requirement: FLOW-04\n    reason: a\n",
			"known-failing:\n  - requirement: FLOW-03\n    reason: " + newReason + "\n",
			[]string{"FLOW-03 failed", "FLOW-04 unexpected pass"},
		},
		{
			"an empty list",
			"known-failing: [] # none yet\nreport: out\n",
			"known-failing: # none yet\n  - requirement: FLOW-03\n    reason: " + newReason + "\nreport: out\n",
			[]string{"FLOW-03 failed"},
		},
		{
			"a key without a value",
			"known-failing:\n#  - requirement: FLOW-99\nreport: out\n",
			"known-failing:\n  - requirement: FLOW-03\n    reason: " + newReason + "\n#  - requirement: FLOW-99\nreport: out\n",
			[]string{"FLOW-03 failed"},
		},
		{
			"a key with null",
			"known-failing: null # none\n",
			"known-failing: # none\n  - requirement: FLOW-03\n    reason: " + newReason + "\n",
			[]string{"FLOW-03 failed"},
		},
		{
			"a list on one line becomes one of lines",
			"report: out\nknown-failing: [{requirement: FLOW-04, reason: \"a: b\"}]\n",
			"report: out\nknown-failing:\n  - requirement: FLOW-04\n    reason: \"a: b\"\n  - requirement: FLOW-03\n    reason: " + newReason + "\n",
			[]string{"FLOW-03 failed"},
		},
		{
			"no list yet",
			"# ours\nreport: out # here\n",
			"# ours\nreport: out # here\n\nknown-failing:\n  - requirement: FLOW-03\n    reason: " + newReason + "\n",
			[]string{"FLOW-03 failed"},
		},
		{"an empty file", "", "known-failing:\n  - requirement: FLOW-03\n    reason: " + newReason + "\n", []string{"FLOW-03 failed"}},
		{
			"Windows lines and a byte order mark",
			"\ufeffreport: out\r\nknown-failing:\r\n  - requirement: FLOW-04\r\n    reason: a\r\n",
			"\ufeffreport: out\r\nknown-failing:\r\n  - requirement: FLOW-04\r\n    reason: a\r\n  - requirement: FLOW-03\r\n    reason: " + newReason + "\r\n",
			[]string{"FLOW-03 failed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := inFolder(t, test.before)
			b, err := deskcheck.WriteBaseline(path, ran(test.verdicts...))
			require.NoError(t, err)
			assert.True(t, b.Changed())
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, test.after, string(text))
			_, err = deskcheck.Load(path)
			require.NoError(t, err, "what was written can be read")

			// The same failures again, now expected: nothing is left to write.
			for i, words := range test.verdicts {
				test.verdicts[i] = strings.NewReplacer(" failed", " expected failure", "unexpected pass", "passed").Replace(words)
			}
			b, err = deskcheck.WriteBaseline(path, ran(test.verdicts...))
			require.NoError(t, err)
			assert.False(t, b.Changed())
			again, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, test.after, string(again))
		})
	}
}

func TestWriteBaselineCreatesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deskcheck.yaml")
	b, err := deskcheck.WriteBaseline(path, ran("FLOW-03 passed", "FLOW-04 warned", "FLOW-05 untestable", "FLOW-06 not run"))
	require.NoError(t, err)
	assert.Equal(t, deskcheck.Baseline{Path: path}, b, "nothing failed")
	assert.NoFileExists(t, path)

	b, err = deskcheck.WriteBaseline(path, ran("FLOW-03 failed", "FLOW-04 failed"))
	require.NoError(t, err)
	assert.Equal(t, deskcheck.Baseline{Path: path, Created: true, Added: []string{"FLOW-03", "FLOW-04"}}, b)
	c, err := deskcheck.Load(path)
	require.NoError(t, err)
	require.Len(t, c.KnownFailing, 2)
	assert.Equal(t, `seen by --baseline write on 2026-11-21, not yet explained: startChat waited "20 s"`, c.KnownFailing[0].Reason)
}

func TestWriteBaselineSaysWhatItDid(t *testing.T) {
	path := inFolder(t, "known-failing:\n  - {requirement: FLOW-04, reason: a}\n  - {requirement: FLOW-05, reason: b}\n")
	b, err := deskcheck.WriteBaseline(path, ran("FLOW-03 failed", "FLOW-04 unexpected pass", "FLOW-05 expected failure"))
	require.NoError(t, err)
	assert.Equal(t, deskcheck.Baseline{Path: path, Added: []string{"FLOW-03"}, Removed: []string{"FLOW-04"}, Kept: []string{"FLOW-05"}}, b)
}

func TestWriteBaselineRefusesWhatItCannotEdit(t *testing.T) {
	for name, text := range map[string]string{
		"a file on one line": "{report: out}\n", "an alias": "report: &r [x]\nknown-failing: *r\n", "an anchor": "known-failing: &k\n  - {requirement: FLOW-04, reason: a}\n",
		"a text that looks like a comment": "known-failing:\n  - requirement: FLOW-04\n    reason: |\n      a\n      # b\n", "an end mark": "report: out\n...\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := inFolder(t, text)
			_, err := deskcheck.WriteBaseline(path, ran("FLOW-03 failed"))
			assert.Equal(t, 2, deskcheck.ExitCode(err))
			require.ErrorContains(t, err, "deskcheck.yaml: the list known-failing stands in a form that cannot be edited without harm; write it yourself:\nknown-failing:\n")
			require.ErrorContains(t, err, "  - requirement: FLOW-03\n    reason: "+newReason)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, text, string(after))
		})
	}
}

func TestWriteBaselineKeepsModeAndLink(t *testing.T) {
	path := inFolder(t, "report: out\n")
	require.NoError(t, os.Chmod(path, 0o640))
	require.NoError(t, os.Symlink(path, "link.yaml"))
	_, err := deskcheck.WriteBaseline("link.yaml", ran("FLOW-03 failed"))
	require.NoError(t, err)
	info, err := os.Lstat("link.yaml")
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&os.ModeSymlink)
	info, err = os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	files, err := filepath.Glob(".deskcheck-*")
	require.NoError(t, err)
	assert.Empty(t, files)
}
