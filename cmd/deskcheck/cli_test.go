package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskcheck"
	"deskcheck/fixtures"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// bench is a program whose world is made of values: no browser, no terminal, two scenarios.
type bench struct {
	*program

	stdout, stderr bytes.Buffer
	// ran is the configuration that the fake run got, result and failure what it answers.
	ran     *deskcheck.Config
	result  *reports.Result
	failure error
	// report is the folder that the fake writer got.
	report string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	t.Chdir(t.TempDir())
	b := &bench{result: &reports.Result{
		Contract: "ai-chat", Dialect: "ai-chat", Verdict: reports.Passed, StartedAt: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
		Requirements: []reports.Requirement{{ID: "FLOW-03", Level: "MUST", Verdict: reports.Passed}},
		Scenarios:    []reports.Scenario{{ID: "ai-chat/requesting/7", Name: "The desk takes the session", Verdict: reports.Passed, Runs: 1}},
	}}
	b.program = &program{
		out: stream{Writer: &b.stdout}, err: stream{Writer: &b.stderr}, width: 100,
		environment: func(string) string { return "" },
		statements:  func(string) map[string]string { return nil },
		run: func(_ context.Context, c deskcheck.Config, p deskcheck.Progress) (*reports.Result, error) {
			b.ran = &c
			if b.result != nil {
				p.Started(len(b.result.Scenarios))
				for i, s := range b.result.Scenarios {
					p.Finished(s, i+1, len(b.result.Scenarios))
				}
			}
			return b.result, b.failure
		},
		compare: func(_ context.Context, c deskcheck.Config, _ deskcheck.Progress) (*deskcheck.Comparison, error) {
			b.ran = &c
			return sampleComparison(), b.failure
		},
		watch: func(_ context.Context, c deskcheck.Config, w deskcheck.Watcher) error {
			b.ran = &c
			w.Begins(false).Started(1)
			w.Unbundled(errors.New("desk.ts:3: unexpected end"))
			w.Begins(true).Started(1)
			w.Ended(b.result)
			return nil
		},
		preflight: reports.Preflight,
		write: func(dir string, _ *reports.Result) error {
			b.report = dir
			return nil
		},
		steps: func(deskcheck.Config) ([]deskcheck.StepInfo, error) {
			return []deskcheck.StepInfo{
				{Group: "The user acts", Form: `the user says "<text>"`, Example: `When the user says "Hello"`, File: "ai-chat/user-to-agent.feature", Line: 7},
				{Group: "The user acts", Form: "the user says in quick succession", Argument: "a table", Example: "When the user says in quick succession\n  | one |", File: "ai-chat/user-to-agent.feature", Line: 9},
				{Group: "The agents act", Form: `"<agent>" stops typing`, Example: `When "Ann" stops typing`, File: "ai-chat/typing.feature", Line: 3},
			}, nil
		},
		trace: func(deskcheck.Config) (deskcheck.Traceability, error) { return sample(), nil },
	}
	return b
}

func sample() deskcheck.Traceability {
	scenario := func(id, name, feature, file string, capability string, tags ...string) deskcheck.ScenarioInfo {
		return deskcheck.ScenarioInfo{Selectable: deskcheck.Selectable{ID: id, Name: name, Feature: feature, File: file, Tags: tags, Capabilities: []string{capability}}}
	}
	return deskcheck.Traceability{
		Requirements: []fixtures.Requirement{
			{
				ID: "AVAIL-03", Area: "AVAIL", Level: "MUST", Binds: []string{"integration"}, Dialects: []string{"ai-chat"}, Capability: "avail", Sources: []string{"types"},
				Statement: "The answer is true, false or null.", Observe: "the result of the call", Breaks: []string{"a head-count"},
			},
			{
				ID: "FLOW-03", Area: "FLOW", Level: "MUST", Derived: true, Binds: []string{"host", "integration"}, Dialects: []string{"ai-chat", "web-chat"}, Capability: "core", Sources: []string{"derived"},
				Statement: "startChat settles as soon as the desk has taken the session on. It waits neither for an agent nor for the end of the chat, however long either takes.",
				Observe:   "the session is accepted, the agent comes 30 s later", Breaks: []string{"It awaits the agent.", "It awaits the loop that receives events."},
			},
			{ID: "FLOW-16", Area: "FLOW", Level: "SHOULD", Binds: []string{"host"}, Dialects: []string{"ai-chat"}, Capability: "core", Statement: "The old chat is ended first.", Observe: "the calls", Sources: []string{"code"}},
		},
		Scenarios: []deskcheck.ScenarioInfo{
			scenario("ai-chat/availability/5", "Agents are online", "Asking for agents", "ai-chat/availability.feature", "avail", "@AVAIL-03"),
			scenario("ai-chat/requesting/7", "The desk takes the session", "Requesting an agent", "ai-chat/requesting.feature", "core", "@FLOW-03"),
		},
		Broken: []fixtures.BrokenIntegration{
			{File: "FLOW-03-waits-for-the-agent.js", Breaks: "FLOW-03", With: []string{"JOIN-06"}, How: "It awaits the agent before it returns."},
			{File: "AVAIL-03-counts.js", Breaks: "AVAIL-03", With: []string{"FLOW-03"}, How: "It answers with a number."},
		},
		Profiles: []fixtures.Profile{
			{Name: "core", Description: "A whole conversation.", Capabilities: []string{"core"}, Dialects: []string{"ai-chat"}},
			{Name: "avail", Description: "It says whether agents are there.", Capabilities: []string{"core", "avail"}, Dialects: []string{"ai-chat"}},
			{Name: "files", Description: "It takes files.", Capabilities: []string{"core", "files"}, Dialects: []string{"ai-chat"}},
		},
	}
}

// does runs a command line.
func (b *bench) does(args ...string) int { return b.execute(context.Background(), args) }

// golden compares with a file in testdata, which go test -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(testdata, name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// testdata is found before a test changes its folder.
var testdata = func() string {
	path, err := filepath.Abs("testdata")
	if err != nil {
		panic(err)
	}
	return path
}()

func TestHelp(t *testing.T) {
	for name, args := range map[string][]string{
		"help-root.txt": {}, "help-run.txt": {"run", "--help"}, "help-list.txt": {"help", "list"}, "help-config.txt": {"config"}, "help-selftest.txt": {"selftest", "--help"},
	} {
		b := newBench(t)
		assert.Zero(t, b.does(args...), name)
		assert.Empty(t, b.stderr.String(), name)
		golden(t, name, b.stdout.String())
	}
}

func TestEveryCommandTeaches(t *testing.T) {
	b := newBench(t)
	for _, c := range b.root().Commands() {
		assert.NotEmpty(t, c.Short, c.Name())
		if c.Name() != "help" && c.Name() != "version" && c.Name() != "completion" {
			assert.NotEmpty(t, c.Example, c.Name())
			assert.NotEmpty(t, c.Long, c.Name())
		}
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	for _, test := range []struct{ args, want, fix string }{
		{"rn", `there is no command "deskcheck rn"; did you mean "deskcheck run"?`, `see "deskcheck --help"`},
		{"zzzzzzzz", `there is no command "deskcheck zzzzzzzz"`, `see "deskcheck --help"`},
		{"config chekc", `there is no command "deskcheck config chekc"; did you mean "deskcheck config check"?`, `see "deskcheck config --help"`},
		{"completion bsh", `there is no command "deskcheck completion bsh"; did you mean "deskcheck completion bash"?`, `see "deskcheck completion --help"`},
		{"help rn", `there is no command "deskcheck rn"; did you mean "deskcheck run"?`, `see "deskcheck --help"`},
		{"run --integraton x", `unknown flag --integraton; did you mean --integration?`, `see "deskcheck run --help"`},
		{"run -integration x", `unknown flag -integration; did you mean --integration?`, `see "deskcheck run --help"`},
		{"run -z", `unknown flag -z`, `see "deskcheck run --help"`},
		{"--integration x", `unknown flag --integration; it belongs to "deskcheck run"`, `see "deskcheck --help"`},
		{"list --workers 3", `unknown flag --workers; it belongs to "deskcheck run"`, `see "deskcheck list --help"`},
		{"run --workers four", `--workers: expected a whole number, found "four"`, `see "deskcheck run --help"`},
		{"run --workers 0", `--workers: expected a whole number from 1 to 64, found the number 0`, ``},
		{"run --slow-mo 3", `--slow-mo: expected a duration, such as 250ms or 1.5s, found "3"`, `see "deskcheck run --help"`},
		{"run --headed=maybe", `--headed: expected true or false, found "maybe"`, `see "deskcheck run --help"`},
		{"run --report", `--report needs a value`, `see "deskcheck run --help"`},
		{"run --integration nope.ts", `--integration: nope.ts does not exist`, ``},
		{"run --global Desk", `--bundle: expected the path of the script that leaves its factory in Desk, found nothing`, ``},
		{"run --export make", `--integration: expected the path of the file that exports make, found nothing`, ``},
		{"run --integration=", `--integration: expected a file, found nothing`, `give it a value or leave the flag out`},
		{"run --bundle= --global=", "--bundle: expected a file, found nothing\nerror: --global: expected the name of a global variable, found nothing", `give it a value or leave the flag out`},
		{"run --export=", `--export: expected the name of an export, found nothing`, `give it a value or leave the flag out`},
		{"run --config=", `--config: expected a file, found nothing`, `give it a value or leave the flag out`},
		{"run --report /dev/null/x", `report folder /dev/null/x: mkdir /dev/null: not a directory`, `choose another folder with --report, or move away what stands in the way`},
		{"run --bundle a.js", `--global: expected the name of the global variable in which the bundle leaves its factory, found nothing`, ``},
		{"run --integration a.ts --bundle b.js --global B", `--bundle: a source file and a bundle exclude each other; give one of them`, ``},
		{"run --dialect orchestra", `--dialect: expected ai-chat, orchestrate or web-chat, found the text "orchestra"; did you mean orchestrate?`, ``},
		{"run --tags @a,and", `--tags: tag expression "@a and", column 7: expected a tag such as @FLOW-03, "not" or "(", found the end`, ``},
		{"run --baseline wrte", `--baseline: expected write, found "wrte"`, ``},
		{"run --baseline write --fail-fast", `--baseline write needs a whole run, and --fail-fast ends it early`, `drop one of them`},
		{"run -c nope.yaml", `nope.yaml does not exist`, `"deskcheck config init" writes one`},
		{"list featurs", `there is no subject "featurs"; did you mean features?`, `list one of requirements, features, integrations, capabilities, profiles, steps, slow`},
		{"list features capabilities", `list features takes no words, found "capabilities"`, `only steps can be searched; for the others, pipe the list into grep`},
		{"list features --uncovered", `--uncovered is for requirements, not for features`, ``},
		{"list --quiet --json", `--quiet and --json exclude each other`, ``},
		{"list --contract chat", `--contract: expected ai-chat, the only contract in this version, found the text "chat"`, ``},
		{"explain", `deskcheck explain needs the ID of one requirement, such as FLOW-03`, `see "deskcheck explain --help"`},
		{"explain FLO-3", `there is no requirement "FLO-3"; closest: FLOW-03, FLOW-16, AVAIL-03`, `"deskcheck list requirements" prints them all`},
		{"selftest FLOW-16", `no broken integration violates "FLOW-16"; closest: FLOW-03, AVAIL-03`, `"deskcheck list integrations" prints them all`},
		{"version now", `deskcheck version takes no arguments, found "now"`, `see "deskcheck version --help"`},
	} {
		t.Run(test.args, func(t *testing.T) {
			b := newBench(t)
			args := strings.Fields(test.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], ",", " ")
			}
			assert.Equal(t, 2, b.does(args...))
			want := "error: " + test.want + "\n"
			if test.fix != "" {
				want += "fix:   " + test.fix + "\n"
			}
			assert.Equal(t, want, b.stderr.String())
			assert.Empty(t, b.stdout.String())
			assert.Nil(t, b.ran, "nothing runs after a mistake")
		})
	}
}

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
		"--seed", "7", "--fail-fast", "--headed", "--slow-mo", "100ms", "--report", "out"))
	want := deskcheck.DefaultConfig()
	want.Integration = deskcheck.Integration{File: "desk.ts", Export: "make"}
	want.Select, want.Capabilities = []string{"FLOW-03", "availability"}, []string{"core", "avail"}
	want.Workers, want.Repeat, want.Seed, want.SlowMo = 8, 3, 7, 100*time.Millisecond
	want.FailFast, want.Headed, want.Report, want.Path = true, true, "out", defaultConfig
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

func TestList(t *testing.T) {
	for _, subject := range subjects {
		if subject == "slow" { // it is about a run, see TestListSlow
			continue
		}
		b := newBench(t)
		assert.Zero(t, b.does("list", subject))
		golden(t, "list-"+subject+".txt", b.stdout.String())
		assert.NotEmpty(t, b.stderr.String(), "the count is not part of the list")
		for line := range strings.SplitSeq(b.stdout.String(), "\n") {
			assert.Equal(t, strings.TrimRight(line, " "), line, "no blanks at the end")
		}

		b = newBench(t)
		assert.Zero(t, b.does("list", subject, "--json"))
		var items []map[string]any
		require.NoError(t, json.Unmarshal(b.stdout.Bytes(), &items))
		assert.NotEmpty(t, items)
	}
}

func TestListQuiet(t *testing.T) {
	for args, want := range map[string]string{
		"list -q": "AVAIL-03\nFLOW-03\nFLOW-16\n", "list requirements --uncovered --quiet": "FLOW-16\n", "list features --quiet": "availability\nrequesting\n",
		"list integrations -q": "reference\nFLOW-03-waits-for-the-agent\nAVAIL-03-counts\n", "list capabilities -q": "avail\ncore\n",
	} {
		b := newBench(t)
		assert.Zero(t, b.does(strings.Fields(args)...), args)
		assert.Equal(t, want, b.stdout.String(), args)
		assert.Empty(t, b.stderr.String(), args)
	}
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

func TestListSlow(t *testing.T) {
	b := newBench(t)
	assert.Equal(t, 2, b.does("list", "slow"))
	assert.Equal(t, "error: deskcheck-report/results.json: no results of a run\nfix:   \"deskcheck run\" writes them; --report names their folder\n", b.stderr.String())

	b.result.Scenarios[0].DurationMs = 2000
	b.result.Scenarios[0].Steps = []reports.Step{{Keyword: "When", Text: "the user waits", Status: "passed", DurationMs: 1900, WaitedMs: 1890, PassedMs: 20000}}
	require.NoError(t, reports.Write("there", b.result))
	assert.Zero(t, b.does("list", "slow", "--report", "there"))
	assert.Equal(t, "      2s  ai-chat/requesting/7  The desk takes the session\n          1.9s: When the user waits\n          1,890 ms for something to be recorded, 10 ms of work; 20.0 s of the scenario's own time\n            passed\n", b.stdout.String())
}

func TestListSteps(t *testing.T) {
	for args, want := range map[string]string{
		"list steps typing":       "The agents act\n  \"<agent>\" stops typing\n      When \"Ann\" stops typing   # ai-chat/typing.feature:3\n",
		"list steps -q USER acts": "the user says \"<text>\"\nthe user says in quick succession\n",
		"list steps quick":        "The user acts\n  the user says in quick succession   (and a table below)\n      When the user says in quick succession   # ai-chat/user-to-agent.feature:9\n        | one |\n",
	} {
		b := newBench(t)
		assert.Zero(t, b.does(strings.Fields(args)...), args)
		assert.Equal(t, want, b.stdout.String(), args)
	}
	for args, want := range map[string]string{
		"list steps typign":       "error: no step speaks of \"typign\"; closest: typing, quick, stops\nfix:   \"deskcheck list steps\" prints them all\n",
		"list steps typing quick": "error: no step speaks of all of typing, quick\nfix:   drop a word\n",
		"list features user":      "error: list features takes no words, found \"user\"\nfix:   only steps can be searched; for the others, pipe the list into grep\n",
		"list steps -q --json":    "error: --quiet and --json exclude each other\n",
		"list steps --uncovered":  "error: --uncovered is for requirements, not for steps\n",
	} {
		b := newBench(t)
		assert.Equal(t, 2, b.does(strings.Fields(args)...), args)
		assert.Equal(t, want, b.stderr.String(), args)
	}
}

func TestListOfNothing(t *testing.T) {
	b := newBench(t)
	b.trace = func(deskcheck.Config) (deskcheck.Traceability, error) {
		s := sample()
		s.Requirements = s.Requirements[:2]
		return s, nil
	}
	assert.Zero(t, b.does("list", "--uncovered"))
	assert.Empty(t, b.stdout.String())
	assert.Equal(t, "each of the 2 requirements that a run can see has a scenario\n", b.stderr.String())
	b.stdout.Reset()
	assert.Zero(t, b.does("list", "--uncovered", "--json"))
	assert.Equal(t, "[]\n", b.stdout.String(), "an empty list is a list")
}

func TestListWrapsOnATerminalOnly(t *testing.T) {
	b := newBench(t)
	b.out.terminal, b.width = true, 80
	assert.Zero(t, b.does("list", "--no-color"))
	golden(t, "list-requirements-80.txt", b.stdout.String())
}

func TestExplain(t *testing.T) {
	for name, id := range map[string]string{"explain-FLOW-03.txt": "flow-03", "explain-FLOW-16.txt": "FLOW-16"} {
		b := newBench(t)
		assert.Zero(t, b.does("explain", id))
		golden(t, name, b.stdout.String())
	}
}

func TestSelftest(t *testing.T) {
	b := newBench(t)
	var options deskcheck.SelftestOptions
	result := deskcheck.SelftestResult{OK: true, Rows: []deskcheck.SelftestRow{
		{Dialect: "ai-chat", File: "FLOW-03-waits-for-the-agent.js", OK: true, Names: []string{"FLOW-03", "JOIN-06"}, Failed: []string{"FLOW-03", "JOIN-06"}, DurationMs: 1234},
	}}
	b.selftest = func(_ context.Context, o deskcheck.SelftestOptions) (deskcheck.SelftestResult, error) {
		options = o
		return result, nil
	}
	assert.Zero(t, b.does("selftest", "flow-03", "--workers", "2"))
	assert.Equal(t, []string{"FLOW-03"}, options.Select)
	assert.Equal(t, 2, options.Workers)
	golden(t, "selftest-passed.txt", b.stdout.String())
	assert.Empty(t, b.stderr.String())

	b.stdout.Reset()
	result.OK, result.Uncovered = false, map[string][]string{"web-chat": {"FLOW-16"}}
	result.Rows = append(result.Rows, deskcheck.SelftestRow{Dialect: "orchestrate", File: "AVAIL-03-counts.js", Missing: []string{"AVAIL-03"}, Surplus: []string{"FLOW-01", "FLOW-02"}, Failed: []string{"FLOW-01", "FLOW-02"}, DurationMs: 80})
	assert.Equal(t, 1, b.does("selftest"))
	golden(t, "selftest-failed.txt", b.stdout.String())
}

func TestDoctor(t *testing.T) {
	b := newBench(t)
	lines := []deskcheck.DoctorLine{{Name: "ports", State: "ok", Detail: "the loopback can be listened on"}, {Name: "fonts", State: "warn", Detail: "none for emoji", Fix: "install one"}}
	var config deskcheck.Config
	b.doctor = func(_ context.Context, c deskcheck.Config) []deskcheck.DoctorLine {
		config = c
		return lines
	}
	assert.Zero(t, b.does("doctor", "--browser", "chromium"))
	assert.Equal(t, "chromium", config.Browser)
	assert.Equal(t, "ok    ports  the loopback can be listened on\nwarn  fonts  none for emoji\n             fix: install one\n\nthis machine can certify\n", b.stdout.String())

	b.stdout.Reset()
	lines = []deskcheck.DoctorLine{{Name: "browser", State: "fail", Detail: "none found", Fix: "install one"}}
	assert.Equal(t, 3, b.does("doctor"))
	assert.Equal(t, "fail  browser  none found\n               fix: install one\n\nthis machine cannot certify yet: 1 line failed\n", b.stdout.String())
}

func TestConfigCommands(t *testing.T) {
	b := newBench(t)
	assert.Zero(t, b.does("config", "init"))
	assert.Equal(t, "wrote deskcheck.yaml; name your integration in it, then: deskcheck run\n", b.stdout.String())
	c, err := deskcheck.Load(defaultConfig)
	require.NoError(t, err)
	want := deskcheck.DefaultConfig()
	want.Path = defaultConfig
	assert.Equal(t, want, c, "as written it changes nothing")

	assert.Equal(t, 2, b.does("config", "init"), "never over an existing file")
	assert.Equal(t, "error: deskcheck.yaml exists already and is left as it is\nfix:   \"deskcheck config check deskcheck.yaml\" tells whether it is fine\n", b.stderr.String())

	b.stdout.Reset()
	assert.Zero(t, b.does("config", "check"))
	assert.Equal(t, "deskcheck.yaml is fine, but no integration is configured: it certifies the embedded reference integration against ai-chat, with no known failures\n", b.stdout.String())

	b.stderr.Reset()
	require.NoError(t, os.WriteFile("bad.yaml", []byte("integration:\n  file: src/desk.ts\nknown-failing:\n  - {requirement: FLOW-03, reason: x}\n"), 0o600))
	assert.Equal(t, 2, b.does("config", "check", "bad.yaml"))
	assert.Equal(t, "error: integration.file: src/desk.ts does not exist\n", b.stderr.String())
	assert.Equal(t, 2, b.does("config", "check", "absent.yaml"))

	b.stdout.Reset()
	assert.Zero(t, b.does("config", "schema"))
	assert.Equal(t, string(deskcheck.ConfigSchema()), b.stdout.String())
}

// What the starter offers behind a # has to work once the # is taken away.
func TestTheStarterOffersWhatWorks(t *testing.T) {
	newBench(t)
	var lines []string
	instead := false // of what stands above: only one of them can be
	for line := range strings.SplitSeq(starter, "\n") {
		if strings.HasPrefix(line, "# A script that you built") || strings.HasPrefix(line, "# A page of your own") {
			instead = true
		}
		offered := strings.TrimPrefix(line, "# ")
		if key, _, found := strings.Cut(strings.TrimLeft(offered, " -"), ":"); offered != line && found && !strings.ContainsAny(key, " .#") && !instead {
			line = offered
		}
		if line == "" {
			instead = false
		}
		lines = append(lines, line)
	}
	require.NoError(t, os.WriteFile(defaultConfig, []byte(strings.Join(lines, "\n")), 0o600))
	c, err := deskcheck.Load(defaultConfig)
	require.NoError(t, err, strings.Join(lines, "\n"))
	assert.Equal(t, "src/desk.ts", c.Integration.File)
	assert.Equal(t, []string{"FLOW-03", "availability"}, c.Select)
	assert.Equal(t, "FLOW-03", c.KnownFailing[0].Requirement)
}

func TestVersion(t *testing.T) {
	b := newBench(t)
	assert.Zero(t, b.does("version"))
	assert.True(t, strings.HasPrefix(b.stdout.String(), "deskcheck "+deskcheck.Version()+" (go"), b.stdout.String())
	b.stdout.Reset()
	assert.Zero(t, b.does("version", "--json"))
	var v map[string]string
	require.NoError(t, json.Unmarshal(b.stdout.Bytes(), &v))
	assert.Equal(t, reports.SchemaVersion, v["resultsSchema"])
}

func TestCompletion(t *testing.T) {
	for args, want := range map[string]string{
		"run F": "FLOW-03 FLOW", "run r": "requesting", "run --capability ": "avail core", "run --dialect ": "ai-chat orchestrate web-chat", "run --baseline ": "write",
		"explain AV": "AVAIL-03\tThe answer is true, false or null.", "selftest ": "AVAIL-03 FLOW-03", "list f": "features", "run --no": "--no-color",
	} {
		b := newBench(t)
		assert.Zero(t, b.does(append([]string{"__complete"}, strings.Split(args, " ")...)...), args)
		lines := strings.Split(strings.TrimSpace(b.stdout.String()), "\n")
		got := strings.Join(lines[:len(lines)-1], " ")
		if strings.Contains(args, "--no") || strings.Contains(args, "list") {
			assert.Contains(t, got, want, args)
			continue
		}
		assert.Equal(t, want, got, args)
	}
}
