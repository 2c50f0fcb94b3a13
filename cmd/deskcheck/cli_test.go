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
		heed:        func() {},
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
		tryUIMap: func(_ context.Context, c deskcheck.Config, _ func(deskcheck.UIMapFinding)) (*deskcheck.UIMapCheck, error) {
			b.ran = &c
			return &deskcheck.UIMapCheck{}, b.failure
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
				{Group: "Faults", Form: "the desk cuts off <which>", Words: []string{"<which> is every message."}, Example: "Given the desk cuts off every message", File: "ai-chat/faults.feature", Line: 5},
				{Group: "Faults", Form: "the desk holds <which>", Words: []string{"<which> is every message."}, Example: "Given the desk holds every message", File: "ai-chat/faults.feature", Line: 6},
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
		{"run --dialect orchestra", `--dialect: expected ai-chat, orchestrate or web-chat, or of agent-manager: cx-2024, seed or legacy-2023, or of digital-connect: dc-2026.1, found the text "orchestra"; did you mean orchestrate?`, ``},
		{"run --tags @a,and", `--tags: tag expression "@a and", column 7: expected a tag such as @FLOW-03, "not" or "(", found the end`, ``},
		{"run --baseline wrte", `--baseline: expected write, found "wrte"`, ``},
		{"run --baseline write --fail-fast", `--baseline write needs a whole run, and --fail-fast ends it early`, `drop one of them`},
		{"run --baseline write --quick", `--baseline write needs a whole run, and --quick leaves most of it out`, `drop one of them`},
		{"run --quick --profile core", `--quick: a quick run earns no profile, and one that names a profile fails unless it is earned; leave one of them out`, ``},
		{"run -c nope.yaml", `nope.yaml does not exist`, `"deskcheck config init" writes one`},
		{"list featurs", `there is no subject "featurs"; did you mean features?`, `list one of requirements, features, integrations, capabilities, profiles, schemas, steps, slow`},
		{"list features capabilities", `list features takes no words, found "capabilities"`, `only steps can be searched; for the others, pipe the list into grep`},
		{"list features --uncovered", `--uncovered is for requirements, not for features`, ``},
		{"list --quiet --json", `--quiet and --json exclude each other`, ``},
		{"list --contract chat", `--contract: there is no contract "chat"`, `use one of agent-manager, ai-chat, digital-connect`},
		{"list --contract agent-manager --dialect web-chat", `--dialect: the contract agent-manager has no dialect "web-chat"`, `use one of cx-2024, seed, legacy-2023`},
		{"explain", `deskcheck explain needs the ID of one requirement, such as FLOW-03`, `see "deskcheck explain --help"`},
		{"explain FLO-3", `there is no requirement "FLO-3"; closest: FLOW-03, FLOW-16, AVAIL-03`, `"deskcheck list requirements" prints them all`},
		{"selftest FLOW-16", `no broken integration violates "FLOW-16"; closest: FLOW-03, AVAIL-03`, `"deskcheck list integrations" prints them all`},
		{"selftest --contract digital-connect DC-NONE-01", `no broken connector violates "DC-NONE-01"; closest: FLOW-03, AVAIL-03`, `"deskcheck list integrations --contract digital-connect" prints them all`},
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
	assert.False(t, options.Quick)
	assert.Equal(t, 1, b.does("selftest", "--quick"))
	assert.True(t, options.Quick)
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

	assert.Zero(t, b.does("doctor", "--contract", "digital-connect"), b.stderr.String())
	assert.Equal(t, "digital-connect", config.Contract)

	b.stdout.Reset()
	lines = []deskcheck.DoctorLine{{Name: "browser", State: "fail", Detail: "none found", Fix: "install one"}}
	assert.Equal(t, 3, b.does("doctor"))
	assert.Equal(t, "fail  browser  none found\n               fix: install one\n\nthis machine cannot certify yet: 1 line failed\n", b.stdout.String())
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
