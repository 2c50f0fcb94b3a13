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

func TestLeaseWaitsForATab(t *testing.T) {
	pool, err := Launch(bounded(t), Options{Tabs: 1})
	require.NoError(t, err)
	defer pool.Close()
	first, err := pool.Lease(bounded(t))
	require.NoError(t, err)
	_, err = pool.Lease(within(t, 50*time.Millisecond))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "all 1 are in use")

	next := make(chan *Tab)
	ctx := bounded(t)
	go func() {
		tab, err := pool.Lease(ctx)
		assert.NoError(t, err)
		next <- tab
	}()
	first.Release()
	first.Release()
	second := <-next
	assert.Same(t, first.session, second.session, "a healthy tab is used again")
	require.ErrorIs(t, first.Open(bounded(t), "http://localhost/", nil), ErrReleased)
	require.ErrorIs(t, first.Check(bounded(t)), ErrReleased)
	_, err = first.Screenshot(bounded(t))
	require.ErrorIs(t, err, ErrReleased)

	require.NoError(t, pool.Close())
	require.NoError(t, pool.Close())
	wantLost(t, second, BrowserGone, "closed")
	second.Release()
	_, err = pool.Lease(bounded(t))
	require.ErrorIs(t, err, ErrClosed)
}

func TestBrowserThatDies(t *testing.T) {
	pool, err := Launch(bounded(t), Options{Tabs: 2})
	require.NoError(t, err)
	defer pool.Close()
	assert.NotEmpty(t, pool.Installation().Version)

	kill := func() {
		t.Helper()
		pids, err := pool.Pids(bounded(t))
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pids[0], syscall.SIGKILL))
	}
	origin := serve(t, script(""), nil)
	one, err := pool.Lease(bounded(t))
	require.NoError(t, err)
	require.NoError(t, one.Open(bounded(t), origin+"/", newRecord().add))
	waiting := make(chan error, 1)
	go func() { waiting <- one.Evaluate(context.Background(), "new Promise(() => {})", nil) }()
	kill()
	wantLost(t, one, BrowserGone, "")
	var lost *LostError
	require.ErrorAs(t, <-waiting, &lost)

	two, err := pool.Lease(bounded(t))
	require.NoError(t, err, "a new browser takes over")
	require.NoError(t, two.Open(bounded(t), origin+"/", newRecord().add))
	assert.Equal(t, "2", eval(t, two, "1+1"))
	one.Release()
	kill()
	wantLost(t, two, BrowserGone, "")
	two.Release()
	for range 2 {
		_, err = pool.Lease(bounded(t))
		require.ErrorIs(t, err, ErrBrowserDied)
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	// The profile is made in the temporary directory, so here it is one of the test's own.
	t.Setenv("TMPDIR", t.TempDir())
	pool, err := Launch(bounded(t), Options{})
	require.NoError(t, err)
	tab, err := pool.Lease(bounded(t))
	require.NoError(t, err)
	require.NoError(t, tab.Open(bounded(t), serve(t, script(""), nil)+"/", newRecord().add))
	require.Error(t, tab.Evaluate(within(t, 50*time.Millisecond), "for (;;);", nil))
	pids, err := pool.Pids(bounded(t))
	require.NoError(t, err)
	require.NoError(t, pool.Close())
	for _, pid := range pids {
		// The children follow their browser by themselves; one that is dead and not yet collected counts as gone.
		assert.Eventually(t, func() bool {
			stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
			return err != nil || strings.Contains(string(stat), ") Z ")
		}, 5*time.Second, 10*time.Millisecond, "process %d is still there", pid)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestFind(t *testing.T) {
	found, err := Find(t.Context(), "", false)
	require.NoError(t, err)
	assert.NotEmpty(t, found.Path)
	assert.NotEmpty(t, found.Kind)
	assert.Contains(t, found.Version, "Chrom")
	same, err := Find(t.Context(), found.Path, false)
	require.NoError(t, err)
	assert.Equal(t, found, same)
	_, err = Find(t.Context(), filepath.Join(t.TempDir(), "no-browser"), false)
	require.ErrorIs(t, err, ErrNoBrowser)
	if found.Kind == "headless-shell" {
		_, err = Find(t.Context(), found.Path, true)
		require.ErrorIs(t, err, ErrNoBrowser)
		require.ErrorContains(t, err, "headed")
	}
	t.Setenv("PATH", t.TempDir())
	_, err = Find(t.Context(), "", false)
	require.ErrorIs(t, err, ErrNoBrowser)
	require.ErrorContains(t, err, "chromium-headless-shell")
	_, err = Launch(bounded(t), Options{})
	require.ErrorIs(t, err, ErrNoBrowser)
}

func TestLaunchFails(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "chromium")
	require.NoError(t, os.WriteFile(broken, []byte("#!/bin/sh\necho no library found >&2\nexit 1\n"), 0o700))
	_, err := Launch(bounded(t), Options{Path: broken})
	require.Error(t, err)
	require.ErrorContains(t, err, broken)
	require.ErrorContains(t, err, "no library found")
	_, err = Launch(bounded(t), Options{Tabs: -1})
	require.Error(t, err)
}
