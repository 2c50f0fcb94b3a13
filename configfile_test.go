package deskcheck

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskcheck/fixtures/document"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// loads reads a configuration that the attacker wrote, and wants an answer soon.
func loads(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deskcheck.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	type answer struct {
		config Config
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		c, err := Load(path)
		answered <- answer{c, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil {
			assert.Equal(t, 2, ExitCode(a.err))
		}
		return a.config, a.err
	case <-time.After(time.Minute):
		require.FailNow(t, "the configuration is still being read")
		return Config{}, nil
	}
}

func TestAliasesThatMultiplyAreRefused(t *testing.T) {
	for _, form := range []string{"list", "mapping"} {
		var text strings.Builder
		text.WriteString("a: &a [x,x,x,x,x,x,x,x,x]\n")
		for level := 'b'; level <= 'j'; level++ {
			var items []string
			for i := range 9 {
				item := fmt.Sprintf("*%c ", level-1)
				if form == "mapping" {
					item = fmt.Sprintf("k%d: %s", i, item)
				}
				items = append(items, item)
			}
			brackets := map[string]string{"list": "[%s]", "mapping": "{%s}"}[form]
			fmt.Fprintf(&text, "%c: &%[1]c "+brackets+"\n", level, strings.Join(items, ","))
		}
		const refused = "with its aliases followed it has more than 200000 values: that is no configuration"
		_, err := loads(t, text.String())
		require.ErrorContains(t, err, refused)
		_, err = loads(t, "- "+strings.ReplaceAll(text.String(), "\n", "\n  ")+"\n")
		require.ErrorContains(t, err, refused, "whatever the root is")
	}
	c, err := loads(t, "report: &r out\nselect: [FLOW-03, *r, *r]\n")
	require.NoError(t, err, "aliases as such are fine")
	assert.Equal(t, []string{"FLOW-03", "out", "out"}, c.Select)
	_, err = loads(t, "select: &s [FLOW-03, *s]\n")
	require.Error(t, err, "one that holds itself")
}

func TestOfVeryManyMistakesTheFirstAreTold(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&text, "k%d: 1\n", i)
	}
	_, err := loads(t, text.String())
	var mistakes *ConfigError
	require.ErrorAs(t, err, &mistakes)
	assert.Len(t, mistakes.Problems, 5000)
	lines := strings.Split(mistakes.Error(), "\n")
	require.Len(t, lines, 21)
	assert.Contains(t, lines[0], "deskcheck.yaml:1:1: k0: unknown key")
	assert.Equal(t, "and 4980 more", lines[20])
	assert.Len(t, mistakes.Unwrap(), 21)
}

func TestConfigurationsNeedNoWorkingDirectory(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	require.NoError(t, os.Remove(folder))
	if _, err := os.Getwd(); err == nil {
		t.Skip("this system keeps the working directory")
	}
	_, err := document.Compile("config.schema.json", ConfigSchema())
	require.NoError(t, err)
}

func TestCheckBaseline(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "deskcheck.yaml")
	require.NoError(t, CheckBaseline(path), "what is not there will be made")
	for text, editable := range map[string]bool{
		"": true, "workers: 2\n": true, "known-failing:\n": true, "known-failing: []\n": true,
		"known-failing:\n  - requirement: FLOW-03\n    reason: x\n": true, "known-failing: [{requirement: FLOW-03, reason: x}]\n": true,
		"known-failing: &k\n  - requirement: FLOW-03\n    reason: x\n": false, "{workers: 2}\n": false,
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		err := CheckBaseline(path)
		assert.Equal(t, editable, err == nil, "%q: %v", text, err)
		if err != nil {
			assert.Equal(t, 2, ExitCode(err))
			require.ErrorContains(t, err, "cannot edit without harm")
		}
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, text, string(left))
	}
	err := CheckBaseline(filepath.Join(folder, "absent", "deskcheck.yaml"))
	require.ErrorContains(t, err, "--baseline write cannot write")
	assert.Equal(t, 2, ExitCode(err))
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "it leaves nothing")
}

func FuzzLoad(f *testing.F) {
	f.Add("integration: {file: ./desk.js, export: create}\nhost: emulated\nselect: [FLOW-03]\ndesk: {hosts: [chat.vendor.example], wire: w.yaml}\n")
	f.Add("page: {factory: window.make}\nselectors: {input: '#x'}\nknown-failing: [{requirement: FLOW-03, reason: r}]\nrepeat: 1e9\n")
	f.Add("integration: &a {file: *a}\nworkers: 0x10\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "deskcheck.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := Load(path); err != nil {
			assert.Equal(t, reports.ExitUserError, ExitCode(err), "whoever wrote the file is told what is wrong with it: %v", err)
		}
	})
}
