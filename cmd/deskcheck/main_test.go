package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"deskcheck"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asProgram makes the test binary the program itself.
const asProgram = "DESKCHECK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	// A connector is given an environment of its own.
	if os.Getenv(asProgram) != "" || len(os.Args) > 1 && os.Args[1] == connectorVerb {
		main()
	}
	deskcheck.ReferenceCommand = referenceCommand()
	os.Exit(m.Run())
}

// itself runs the program as a process of its own.
func itself(t *testing.T, out io.Writer, args ...string) (code int, stderr string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("is about signals and devices")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	c.Dir, c.Stdout = t.TempDir(), out
	said, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	text, err := io.ReadAll(said)
	require.NoError(t, err)
	_ = c.Wait() // the code says it
	return c.ProcessState.ExitCode(), string(text)
}

func TestAReaderThatGoesAwayIsNoError(t *testing.T) {
	for _, args := range [][]string{{"list"}, {"list", "--json"}, {"config", "schema"}, {"--help"}} {
		reader, writer, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, reader.Close())
		code, stderr := itself(t, writer, args...)
		require.NoError(t, writer.Close())
		assert.Zero(t, code, args)
		assert.NotContains(t, stderr, "error", args)
	}
}

func TestAFullOutputIsTheEnvironmentsFault(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer func() { _ = full.Close() }()
	for _, args := range [][]string{{"list"}, {"list", "--json"}, {"list", "-q"}, {"config", "schema"}, {"version"}} {
		code, stderr := itself(t, full, args...)
		assert.Equal(t, 3, code, args)
		assert.Contains(t, stderr, "error: the output cannot be written: write /dev/stdout: no space left on device\n", args)
	}
}

// failing is an output that fails once it was written to.
type failing struct{ with error }

func (f failing) Write([]byte) (int, error) { return 0, f.with }

func TestARunSurvivesItsOutput(t *testing.T) {
	for _, test := range []struct {
		with       error
		code, want int
		stderr     string
	}{
		{syscall.EPIPE, 0, 0, ""},
		{syscall.EPIPE, 1, 1, ""},
		{errors.New("full"), 0, 3, "error: the output cannot be written: full\n"},
		{errors.New("full"), 1, 3, "error: the output cannot be written: full\n"},
	} {
		b := newBench(t)
		b.out.Writer, b.result.ExitCode = failing{test.with}, test.code
		assert.Equal(t, test.want, b.does("run"))
		assert.Equal(t, "deskcheck-report", b.report, "the report is written all the same")
		assert.Equal(t, test.stderr, b.stderr.String())
	}
}

// Signals are taken once something is under way that can end in order; before that they would be lost.
func TestTheFirstSignalEndsInOrder(t *testing.T) {
	for _, name := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM} {
		if signal.Ignored(name) {
			continue // as under nohup, where it stays so
		}
		ctx, cancel := context.WithCancel(t.Context())
		endInOrder(cancel)
		self, err := os.FindProcess(os.Getpid())
		require.NoError(t, err)
		if err := self.Signal(name); err != nil {
			t.Skip(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			require.Fail(t, "not heard", name.String())
		}
	}
}

func TestNothingRunsForAReportThatCannotBeWritten(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.Mkdir("mine", 0o700))
	require.NoError(t, os.WriteFile(filepath.Join("mine", "index.html"), []byte("mine"), 0o600))
	assert.Equal(t, 2, b.does("run", "--report", "mine"))
	assert.Equal(t, "error: report in mine: index.html was not written by deskcheck and is left alone\nfix:   choose another folder with --report, or move away what stands in the way\n", b.stderr.String())
	assert.Nil(t, b.ran)

	b = newBench(t)
	b.preflight = func(string) error { return &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC} }
	assert.Equal(t, 3, b.does("run"), "the user did not choose a full disk")
	assert.Nil(t, b.ran)
}

func TestNothingRunsForABaselineThatCannotBeWritten(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.WriteFile("anchor.yaml", []byte("known-failing: &k\n  - {requirement: FLOW-03, reason: x}\n"), 0o600))
	assert.Equal(t, 2, b.does("run", "--baseline", "write", "-c", "anchor.yaml"))
	assert.Contains(t, b.stderr.String(), "error: anchor.yaml: the list known-failing stands in a form that --baseline write cannot edit without harm\nfix:   ")
	assert.Nil(t, b.ran)
	assert.Zero(t, b.does("run", "-c", "anchor.yaml"), "a run alone may have it")
}

func TestErrorsOfOneSentenceAreOneError(t *testing.T) {
	b := newBench(t)
	b.result, b.failure = nil, &deskcheck.EnvironmentError{Err: fmt.Errorf("%w: nope cannot be run (%w); name another", errors.New("no browser found"), errors.New("exec: nope")), Fix: "install one"}
	assert.Equal(t, 3, b.does("run"))
	assert.Equal(t, "error: no browser found: nope cannot be run (exec: nope); name another\nfix:   install one\n", b.stderr.String())

	b = newBench(t)
	b.write = func(string, *reports.Result) error { return errors.New("no space left") }
	b.failure = &deskcheck.EnvironmentError{Err: errors.New("the browser died twice"), Fix: "run doctor"}
	assert.Equal(t, 3, b.does("run"))
	assert.Equal(t, "error: no space left\nerror: the browser died twice\nfix:   run doctor\n", b.stderr.String())

	b = newBench(t)
	b.result, b.failure = nil, &deskcheck.UserError{Err: errors.Join(errors.Join(errors.New("a:1: x"), errors.New("a:2: y")), errors.New("b:1: z")), Fix: "mend them"}
	assert.Equal(t, 2, b.does("run"))
	assert.Equal(t, "error: a:1: x\nerror: a:2: y\nerror: b:1: z\nfix:   mend them\n", b.stderr.String(), "those of several files, too")
}

func TestATagThatNobodyHasIsOfTheFlag(t *testing.T) {
	b := newBench(t)
	b.trace = deskcheck.ReadTraceability
	b.run = func(_ context.Context, c deskcheck.Config, _ deskcheck.Progress) (*reports.Result, error) {
		_, err := deskcheck.CompileTags(c.Tags, []string{"@NAME-01"})
		return nil, err
	}
	assert.Equal(t, 2, b.does("run", "--tags", "@NOPE-01"))
	assert.Equal(t, "error: --tags: tag expression \"@NOPE-01\", column 1: no scenario has the tag @NOPE-01; closest: @NAME-01\n", b.stderr.String())
}
