package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"deskcheck"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunExitCodes(t *testing.T) {
	failing := &reports.Result{ExitCode: 1, Verdict: reports.Failed}
	for _, test := range []struct {
		name    string
		result  *reports.Result
		failure error
		want    int
		stderr  string
	}{
		{"conformant", &reports.Result{Verdict: reports.Passed}, nil, 0, ""},
		{"not conformant", failing, nil, 1, ""},
		{"the selection", nil, &deskcheck.UserError{Err: errors.New("nothing matches"), Fix: "look"}, 2, "error: nothing matches\nfix:   look\n"},
		{"several mistakes", nil, &deskcheck.UserError{Err: errors.Join(errors.New("one"), errors.New("two"))}, 2, "error: one\nerror: two\n"},
		{"no browser", nil, &deskcheck.EnvironmentError{Err: errors.New("no browser"), Fix: "install one"}, 3, "error: no browser\nfix:   install one\n"},
		{"the environment in the middle", &reports.Result{ExitCode: 3, Verdict: reports.Failed}, &deskcheck.EnvironmentError{Err: errors.New("the browser died twice")}, 3, "error: the browser died twice\n"},
		{"what nobody foresaw", nil, errors.New("strange"), 3, "error: strange\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.result, b.failure = test.result, test.failure
			assert.Equal(t, test.want, b.does("run"))
			assert.Equal(t, test.stderr, b.stderr.String())
			if test.result != nil {
				assert.Equal(t, "deskcheck-report", b.report, "what is known is written, whatever ended the run")
				assert.Contains(t, b.stdout.String(), "verdict: ")
			}
		})
	}
}

func TestRunTellsOfItsOwnFailures(t *testing.T) {
	b := newBench(t)
	b.run = func(context.Context, deskcheck.Config, deskcheck.Progress) (*reports.Result, error) { panic("a bug") }
	assert.Equal(t, 3, b.does("run"))
	assert.Contains(t, b.stderr.String(), "error: deskcheck itself failed: a bug\n")
	assert.Contains(t, b.stderr.String(), "cli_test.go", "the stack says where")

	b = newBench(t)
	b.write = func(string, *reports.Result) error { return errors.New("report folder: no space left") }
	assert.Equal(t, 3, b.does("run"))
	assert.Equal(t, "error: report folder: no space left\n", b.stderr.String())
}

func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	b := newBench(t)
	b.run = func(context.Context, deskcheck.Config, deskcheck.Progress) (*reports.Result, error) {
		cancel()
		return &reports.Result{Verdict: reports.Failed, ExitCode: 3, Scenarios: []reports.Scenario{{ID: "a/b/1", Verdict: reports.Passed}, {ID: "a/b/2", Verdict: reports.NotRun}}}, ctx.Err()
	}
	assert.Equal(t, 3, b.execute(ctx, []string{"run"}))
	assert.Equal(t, "error: interrupted: 1 of 2 scenarios ran\n", b.stderr.String())
	assert.Equal(t, "deskcheck-report", b.report, "what ran is reported")
}

func TestRunTakesFlagsOverTheFile(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.WriteFile("desk.ts", nil, 0o600))
	require.NoError(t, os.WriteFile(defaultConfig, []byte("integration: {bundle: b.js, global: B}\nworkers: 2\nrepeat: 3\ntags: '@FLOW-03'\nselect: [AVAIL]\n"), 0o600))
	assert.Zero(t, b.does("run", "FLOW-03", "availability", "--integration", "desk.ts", "--export", "make", "--workers", "8", "--tags", "", "--capability", "core,avail",
		"--seed", "7", "--quick", "--fail-fast", "--headed", "--slow-mo", "100ms", "--report", "out"))
	want := deskcheck.DefaultConfig()
	want.Integration = deskcheck.Integration{File: "desk.ts", Export: "make"}
	want.Select, want.Capabilities = []string{"FLOW-03", "availability"}, []string{"core", "avail"}
	want.Workers, want.Repeat, want.Seed, want.SlowMo = 8, 3, 7, 100*time.Millisecond
	want.Quick, want.FailFast, want.Headed, want.Report, want.Path = true, true, true, "out", defaultConfig
	assert.Equal(t, want, *b.ran)
	assert.Equal(t, "using deskcheck.yaml in this folder\n", b.stderr.String())
}

// The page may be named by the file or by the flag, and what the file says of a page does not hold for what is none.
func TestRunTakesAPageFromEither(t *testing.T) {
	const address = "http://localhost:8080/chat.html"
	for _, test := range []struct {
		file, args string
		want       deskcheck.Config
	}{
		{"page: {env: myDesk}", "run --host " + address, deskcheck.Config{Host: address, Page: deskcheck.Page{Env: "myDesk", Line: 1, Column: 7}}},
		{"", "run --host " + address, deskcheck.Config{Host: address}},
		{"host: " + address + "\npage: {env: myDesk}", "run --host emulated", deskcheck.Config{Host: "emulated"}},
		{"host: " + address + "\npage: {env: myDesk}", "run --integration desk.ts", deskcheck.Config{Host: "emulated", Integration: deskcheck.Integration{File: "desk.ts"}}},
	} {
		b := newBench(t)
		require.NoError(t, os.WriteFile("desk.ts", nil, 0o600))
		require.NoError(t, os.WriteFile(defaultConfig, []byte(test.file), 0o600))
		require.Zero(t, b.does(strings.Fields(test.args)...), b.stderr.String())
		want := deskcheck.DefaultConfig()
		want.Host, want.Page, want.Integration, want.Path = test.want.Host, test.want.Page, test.want.Integration, defaultConfig
		assert.Equal(t, want, *b.ran)
	}
	b := newBench(t)
	require.NoError(t, os.WriteFile(defaultConfig, []byte("workers: 2\npage: {env: myDesk}\n"), 0o600))
	assert.Equal(t, 2, b.does("run"))
	assert.Contains(t, b.stderr.String(), "error: deskcheck.yaml:2:7: page: belongs to a page of your own, whose address is host: (--host URL)")
}

func TestRunFindsItsFile(t *testing.T) {
	b := newBench(t)
	assert.Zero(t, b.does("run"))
	assert.Equal(t, deskcheck.DefaultConfig(), *b.ran)

	b = newBench(t)
	require.NoError(t, os.WriteFile(defaultConfig, []byte("worker: 2\n"), 0o600))
	require.NoError(t, os.WriteFile("other.yaml", []byte("workers: 3\n"), 0o600))
	assert.Zero(t, b.does("run", "-c", "other.yaml"))
	assert.Equal(t, 3, b.ran.Workers)
	assert.Empty(t, b.stderr.String(), "a file that was named needs no line")
	assert.Equal(t, 2, b.does("run", "--quiet"))
	assert.Equal(t, "error: deskcheck.yaml:1:1: worker: unknown key; did you mean workers?\nfix:   \"deskcheck config schema\" describes every key\n", b.stderr.String())
}

func TestRunQuiet(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.WriteFile(defaultConfig, nil, 0o600))
	assert.Zero(t, b.does("run", "--quiet"))
	lines := strings.Split(strings.TrimSpace(b.stdout.String()), "\n")
	require.Len(t, lines, 2, b.stdout.String())
	assert.True(t, strings.HasPrefix(lines[0], "verdict: passed"), lines[0])
	assert.Equal(t, "report: deskcheck-report/index.html", lines[1])
	assert.Empty(t, b.stderr.String())
}

func TestRunBaseline(t *testing.T) {
	b := newBench(t)
	b.result.ExitCode, b.result.Verdict = 1, reports.Failed
	b.result.Requirements[0].Verdict, b.result.Requirements[0].Reason = reports.Failed, "it waited"
	assert.Equal(t, 1, b.does("run", "--baseline", "write"), "the run that led to the list is not conformant")
	assert.Equal(t, "baseline: created deskcheck.yaml\n  added, each needs its reason: FLOW-03\n", b.stderr.String())
	c, err := deskcheck.Load(defaultConfig)
	require.NoError(t, err)
	assert.Equal(t, "FLOW-03", c.KnownFailing[0].Requirement)

	b.stderr.Reset()
	b.result.ExitCode, b.result.Requirements[0].Verdict = 0, reports.ExpectedFailure
	assert.Zero(t, b.does("run", "--baseline", "write", "-q"))
	assert.Equal(t, "baseline: nothing to change in deskcheck.yaml\n", b.stderr.String())

	b.stderr.Reset()
	b.result.ExitCode, b.result.Requirements[0].Verdict = 1, reports.UnexpectedPass
	assert.Equal(t, 1, b.does("run", "--baseline", "write", "-q"))
	assert.Equal(t, "baseline: changed deskcheck.yaml\n  removed, because they hold: FLOW-03\n", b.stderr.String())

	b.stderr.Reset()
	b.result.Requirements[0].Verdict = reports.Failed
	assert.Equal(t, 1, b.does("run", "--baseline", "write", "-c", "new.yaml"))
	assert.FileExists(t, "new.yaml", "a file that was named and is not there is created")

	b.stderr.Reset()
	b.result.ExitCode, b.result.Problem = 3, "no browser"
	assert.Equal(t, 3, b.does("run", "--baseline", "write", "-c", "never.yaml"))
	assert.NoFileExists(t, "never.yaml")
}

func TestRunWatch(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.WriteFile("desk.ts", nil, 0o600))
	assert.Zero(t, b.does("run", "--integration", "desk.ts", "--watch"))
	assert.Equal(t, "error: desk.ts:3: unexpected end\nwatching desk.ts (default export); Ctrl-C ends it\nwatching desk.ts (default export); Ctrl-C ends it\n", b.stderr.String())
	assert.Contains(t, b.stdout.String(), "changed: running what failed\n")
	assert.Contains(t, b.stdout.String(), "verdict: passed")
	assert.Equal(t, "deskcheck-report", b.report)

	b = newBench(t)
	assert.Equal(t, 2, b.does("run", "--watch", "--baseline", "write"))
}
