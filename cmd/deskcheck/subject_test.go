package main

import (
	"errors"
	"os"
	"strings"
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A green run of the embedded reference must not be taken for one of the user's integration.
func TestRunOpensWithWhatItCertifies(t *testing.T) {
	const embedded = "certifying the embedded reference integration: none is configured"
	for _, test := range []struct {
		name, file, args, want string
	}{
		{"nothing", "", "run", embedded},
		{"a file as init writes it", starter, "run", embedded},
		{"a flag", "", "run --integration desk.ts", "certifying desk.ts (default export)"},
		{"the file", "integration: {file: desk.ts, export: make}", "run", "certifying desk.ts (export make)"},
		{"a bundle", "", "run --bundle desk.js --global Desk", "certifying desk.js (global Desk)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			require.NoError(t, os.WriteFile("desk.ts", nil, 0o600))
			require.NoError(t, os.WriteFile("desk.js", nil, 0o600))
			if test.file != "" {
				require.NoError(t, os.WriteFile(defaultConfig, []byte(test.file), 0o600))
			}
			assert.Zero(t, b.does(strings.Fields(test.args)...), b.stderr.String())
			first, _, _ := strings.Cut(b.stdout.String(), "\n")
			assert.Equal(t, test.want, first)

			b.stdout.Reset()
			assert.Zero(t, b.does(append(strings.Fields(test.args), "--quiet")...))
			assert.NotContains(t, b.stdout.String(), "certifying")
		})
	}
}

func TestConfigCheckSaysWhatWouldBeCertified(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.WriteFile("desk.ts", nil, 0o600))
	for text, want := range map[string]string{
		starter: "deskcheck.yaml is fine, but no integration is configured: it certifies the embedded reference integration against ai-chat, with no known failures\n",
		"integration: {file: desk.ts}\nknown-failing: [{requirement: FLOW-03, reason: x}]\n": "deskcheck.yaml is fine: it certifies desk.ts (default export) against ai-chat, with 1 known failure\n",
		"host: http://localhost:8080/chat.html\ndialect: orchestrate\n":                      "deskcheck.yaml is fine: it certifies http://localhost:8080/chat.html against orchestrate, with no known failures\n",
		"integration: {bundle: desk.ts, global: Desk}":                                       "deskcheck.yaml is fine: it certifies desk.ts (global Desk) against ai-chat, with no known failures\n",
	} {
		b.stdout.Reset()
		require.NoError(t, os.WriteFile(defaultConfig, []byte(text), 0o600))
		assert.Zero(t, b.does("config", "check"), b.stderr.String())
		assert.Equal(t, want, b.stdout.String())
	}
}

// What is embedded was written by whoever builds: a header that cannot be read is their mistake, not the machine's.
func TestABrokenFileOfTheBuildIsTheUsersMistake(t *testing.T) {
	for _, args := range []string{"selftest", "list", "explain FLOW-03"} {
		b := newBench(t)
		b.trace = func(deskcheck.Config) (deskcheck.Traceability, error) {
			return deskcheck.Traceability{}, errors.New("read the broken integrations: FLOW-03-waits.js:2: it breaks nothing")
		}
		assert.Equal(t, 2, b.does(strings.Fields(args)...), args)
		assert.Equal(t, "error: read the broken integrations: FLOW-03-waits.js:2: it breaks nothing\nfix:   mend the file, then \"make build\": it is part of the program\n", b.stderr.String())
	}
}
