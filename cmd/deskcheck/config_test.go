package main

import (
	"os"
	"path/filepath"
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
	const missing = "error: bad.yaml:2:9: integration.file: src/desk.ts does not exist\nfix:   name what is there: paths begin at the folder of the configuration; \"deskcheck config schema\" describes every key\n"
	assert.Equal(t, 2, b.does("config", "check", "bad.yaml"))
	assert.Equal(t, missing, b.stderr.String())
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("config", "check", "-c", "bad.yaml"), "named as run names it")
	assert.Equal(t, missing, b.stderr.String())
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("run", "-c", "bad.yaml"))
	assert.Equal(t, missing, b.stderr.String())
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("run", "-c", "bad.yaml", "--integration", "src/desk.ts"), "what the flag says is not of the file, whatever that says")
	assert.Equal(t, "error: --integration: src/desk.ts does not exist\n", strings.Split(b.stderr.String(), "fix:")[0])
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("run", "-c", "bad.yaml", "--integration", "other.ts"))
	assert.Equal(t, "error: --integration: other.ts does not exist\n", b.stderr.String())
	assert.Equal(t, 2, b.does("config", "check", "absent.yaml"))
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("config", "check", "-c", "bad.yaml", "absent.yaml"))
	assert.Equal(t, "error: two files are named, bad.yaml and absent.yaml\nfix:   check one after the other\n", b.stderr.String())

	b.stdout.Reset()
	assert.Zero(t, b.does("config", "schema"))
	assert.Equal(t, string(deskcheck.ConfigSchema()), b.stdout.String())
}

// Each contract has a file to begin with, which is fine once what it names is there.
func TestEveryContractHasAStarter(t *testing.T) {
	for contract, test := range map[string]struct{ blank, subject, says string }{
		"ai-chat":         {"", "integration", "no integration is configured"},
		"agent-manager":   {"dist/index.html", "agent desk", "it certifies dist against cx-2024"},
		"digital-connect": {"connector", "connector", "it certifies ./connector against dc-2026.1"},
	} {
		b := newBench(t)
		assert.Zero(t, b.does("config", "init", "--contract", contract))
		assert.Equal(t, "wrote deskcheck.yaml; name your "+test.subject+" in it, then: deskcheck run\n", b.stdout.String())
		if test.blank != "" {
			assert.Equal(t, 2, b.does("config", "check"), "%s: what is to be filled in is told", contract)
			assert.Contains(t, b.stderr.String(), filepath.Dir(test.blank))
			require.NoError(t, os.MkdirAll(filepath.Dir(test.blank), 0o700))
			require.NoError(t, os.WriteFile(test.blank, nil, 0o700))
		}
		b.stdout.Reset()
		assert.Zero(t, b.does("config", "check"), b.stderr.String())
		assert.Contains(t, b.stdout.String(), test.says)
	}
	b := newBench(t)
	assert.Equal(t, 2, b.does("config", "init", "--contract", "chat"))
	assert.Equal(t, "error: --contract: there is no contract \"chat\"\nfix:   use one of agent-manager, ai-chat, digital-connect\n", b.stderr.String())
	assert.NoFileExists(t, defaultConfig)
}

// withWhatIsOffered is the text of a starter without the # before what it offers.
func withWhatIsOffered(text string) string {
	var lines []string
	instead := false // of what stands above: only one of them can be
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "# A ") && strings.Contains(line, ", instead") {
			instead = true
		}
		offered := strings.TrimPrefix(line, "# ")
		if key, _, found := strings.Cut(strings.TrimLeft(offered, " -"), ":"); offered != line && found && (!strings.ContainsAny(key, " .#") || strings.HasPrefix(offered, "  ")) && !instead {
			line = offered
		}
		if line == "" {
			instead = false
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// What the starters offer behind a # has to work once the # is taken away.
func TestTheStartersOfferWhatWorks(t *testing.T) {
	newBench(t)
	load := func(text string) deskcheck.Config {
		require.NoError(t, os.WriteFile(defaultConfig, []byte(withWhatIsOffered(text)), 0o600))
		c, err := deskcheck.Load(defaultConfig)
		require.NoError(t, err, withWhatIsOffered(text))
		all, err := deskcheck.ReadTraceability(deskcheck.Config{Contract: c.Contract, Dialect: c.Dialect})
		require.NoError(t, err)
		var known []string
		for _, one := range all.Capabilities() {
			known = append(known, one.Name)
		}
		assert.Subset(t, known, c.Claims)
		assert.Subset(t, all.IDs(), []string{c.Select[0], strings.TrimPrefix(c.Tags, "not @"), c.KnownFailing[0].Requirement})
		return c
	}
	c := load(starter)
	assert.Equal(t, "src/desk.ts", c.Integration.File)
	assert.Equal(t, []string{"FLOW-03", "availability"}, c.Select)
	assert.Equal(t, "FLOW-03", c.KnownFailing[0].Requirement)

	c = load(starterOfDesks)
	assert.Equal(t, "/desk", c.AgentDesk.Mount)
	assert.Equal(t, "assets/config.json", c.AgentDesk.Replace[0].Path)
	assert.NotEmpty(t, c.UIMap)

	c = load(starterOfConnectors)
	assert.Equal(t, "${api}", c.Connector.Env["TALKDESK_API_URL"])
	assert.Equal(t, "${webhook.secret}", c.Connector.Env["WEBHOOK_SECRET"])
	assert.Equal(t, "basic", c.Connector.WebhookAuth)
	assert.Equal(t, []string{"Intent", "Reason"}, c.Connector.Arguments)
	assert.Equal(t, "/driver", c.EndUser.Driver)
	assert.Equal(t, "#input", c.EndUser.Page.Selectors["input"])
}
