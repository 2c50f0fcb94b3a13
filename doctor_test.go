package deskcheck

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A machine with nothing but the headless shell can certify, but cannot show it.
func TestDoctorWantsAFullBrowserForAHeadedRun(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere browsers are found outside PATH")
	}
	shell := filepath.Join(t.TempDir(), "chromium-headless-shell")
	require.NoError(t, os.WriteFile(shell, []byte("#!/bin/sh\necho Chromium 1\n"), 0o700))
	t.Setenv("PATH", filepath.Dir(shell))
	for name, c := range map[string]Config{"looked for": {Headed: true}, "named": {Headed: true, Browser: shell}} {
		lines := Doctor(t.Context(), c)
		last := lines[len(lines)-1]
		assert.Equal(t, "browser", last.Name, name)
		assert.Equal(t, stateFail, last.State, name)
		assert.Contains(t, last.Fix, "apt-get install chromium on Debian", name)
	}
}

// A connector's users who come by a driver alone need no browser.
func TestDoctorWantsNoBrowserWithoutAPage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	c := DefaultConfig().For(contractDigitalConnect)
	c.Connector, c.EndUser = Connector{Command: []string{"./connector"}}, EndUser{Driver: "/driver"}
	lines := Doctor(t.Context(), c)
	last := lines[len(lines)-1]
	assert.Equal(t, "browser", last.Name)
	assert.Equal(t, stateOK, last.State)
	assert.Contains(t, last.Detail, "none is needed")

	if runtime.GOOS != "linux" {
		return // elsewhere browsers are found outside PATH
	}
	c.EndUser.Page.URL = "/chat"
	lines = Doctor(t.Context(), c)
	assert.Equal(t, stateFail, lines[len(lines)-1].State)
}

func TestBrowserFix(t *testing.T) {
	assert.Contains(t, browserFix(true), "install chromium on Debian")
	assert.Contains(t, browserFix(false), "install chromium-headless-shell")
}
