package browser

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fake writes a program of shell that stands in for a browser.
func fake(t *testing.T, lines string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	path := filepath.Join(t.TempDir(), "chromium")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o700))
	return path
}

func TestTheVersionIsTheFirstLine(t *testing.T) {
	version, err := askVersion(bounded(t), fake(t, "echo 'Chromium 1.2'; echo more"), versionBound)
	require.NoError(t, err)
	assert.Equal(t, "Chromium 1.2", version)
	version, err = askVersion(bounded(t), fake(t, "exit 7"), versionBound)
	require.NoError(t, err, "what it lacks is told when it starts")
	assert.Empty(t, version)
}

func TestAProgramThatDoesNotAnswerIsNoBrowser(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	// The shell waits for a child that holds the output open.
	path := fake(t, "sleep 1000 & echo $! > "+pid+"; wait")
	_, err := askVersion(bounded(t), path, 500*time.Millisecond)
	require.ErrorIs(t, err, ErrNoBrowser)
	require.ErrorContains(t, err, path+" did not print its --version within 500ms")
	raw, err := os.ReadFile(pid)
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	require.NoError(t, err)
	assert.Eventually(t, func() bool {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(child), "stat"))
		return err != nil && syscall.Kill(child, 0) != nil || strings.Contains(string(stat), ") Z ")
	}, patience, 10*time.Millisecond, "the child is still there")
}

func TestAProgramThatPrintsWithoutEndIsNoBrowser(t *testing.T) {
	_, err := Find(bounded(t), fake(t, "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"), false)
	require.ErrorIs(t, err, ErrNoBrowser)
	require.ErrorContains(t, err, "prints without end")
}

func TestFindEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(bounded(t))
	cancel()
	_, err := Find(ctx, fake(t, "sleep 1000"), false)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAStartThatIsCalledOffLeavesNothing(t *testing.T) {
	found, err := Find(t.Context(), "", false)
	require.NoError(t, err)
	t.Setenv("TMPDIR", t.TempDir())
	// The folder is made within the first millisecond and the program begins some later.
	for _, after := range []time.Duration{0, 200 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond} {
		pool, err := Launch(within(t, after), Options{Path: found.Path})
		if err == nil {
			require.NoError(t, pool.Close())
		}
		left, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
		require.NoError(t, err)
		assert.Empty(t, left, "called off after %s", after)
	}
}

func TestWhatAStartSaysIsOneSentence(t *testing.T) {
	_, err := Launch(bounded(t), Options{Path: fake(t, "exit 1")})
	require.ErrorContains(t, err, "failed to start; run it by hand")
	_, err = Launch(bounded(t), Options{Path: fake(t, "echo no library found >&2; exit 1")})
	require.ErrorContains(t, err, "failed to start: no library found; run it by hand")
}
