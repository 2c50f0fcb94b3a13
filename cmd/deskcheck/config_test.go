package main

import (
	"os"
	"strings"
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("config", "check", "-c", "bad.yaml"), "named as run names it")
	assert.Equal(t, "error: integration.file: src/desk.ts does not exist\n", b.stderr.String())
	assert.Equal(t, 2, b.does("config", "check", "absent.yaml"))
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("config", "check", "-c", "bad.yaml", "absent.yaml"))
	assert.Equal(t, "error: two files are named, bad.yaml and absent.yaml\nfix:   check one after the other\n", b.stderr.String())

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
