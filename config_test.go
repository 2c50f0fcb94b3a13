package deskcheck_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"deskcheck"
	"deskcheck/fixtures"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inFolder makes a folder with one configuration file the working directory, so that messages have short paths.
func inFolder(t *testing.T, text string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("deskcheck.yaml", []byte(text), 0o600))
	return "deskcheck.yaml"
}

func TestLoadReadsEveryKey(t *testing.T) {
	path := inFolder(t, `
contract: ai-chat
dialect: ai-chat
host: emulated
integration:
  file: src/desk.ts
  export: createDesk
select: [FLOW-03, availability]
tags: "@FLOW-03 and not @JOIN-01"
only-capabilities: [core]
capabilities: [core, avail]
workers: 2
seed: 42
repeat: 3
quick: true
fail-fast: true
headed: true
slow-mo: 250ms
browser: tools/chromium
report: out
known-failing:
  - requirement: FLOW-04
    reason: the desk has no queue
`)
	c, err := deskcheck.Load(path)
	require.NoError(t, err)
	assert.Equal(t, deskcheck.Config{
		Contract: "ai-chat", Dialect: "ai-chat", Host: "emulated",
		Integration: deskcheck.Integration{File: "src/desk.ts", Export: "createDesk"},
		Select:      []string{"FLOW-03", "availability"}, Tags: "@FLOW-03 and not @JOIN-01",
		Capabilities: []string{"core"}, Claims: []string{"core", "avail"},
		Workers: 2, Seed: 42, Repeat: 3, Quick: true, FailFast: true, Headed: true, SlowMo: 250 * time.Millisecond,
		Browser: "tools/chromium", Report: "out",
		KnownFailing: []deskcheck.KnownFailing{{Requirement: "FLOW-04", Reason: "the desk has no queue", Line: 22}},
		Path:         path,
	}, c)
}

func TestLoadFillsIn(t *testing.T) {
	for name, text := range map[string]string{
		"an empty file": "", "comments": "# nothing yet\n", "a document mark": "---\n", "a byte order mark": "\ufeffworkers: 4\n",
		"lists emptied by commenting out": "known-failing:\n#  - requirement: X\nselect:\nworkers: 4\n", "Windows lines": "workers: 4\r\nrepeat: 1\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := inFolder(t, text)
			c, err := deskcheck.Load(path)
			require.NoError(t, err)
			want := deskcheck.DefaultConfig()
			want.Path = path
			assert.Equal(t, want, c)
		})
	}
}

func TestLoadResolvesPathsAgainstTheFilesFolder(t *testing.T) {
	inFolder(t, "")
	absolute := filepath.Join(t.TempDir(), "desk.js")
	require.NoError(t, os.Mkdir("ci", 0o700))
	write := func(text string) string {
		path := filepath.Join("ci", "deskcheck.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	c, err := deskcheck.Load(write("integration: {file: ../src/desk.ts}\nreport: out\nbrowser: ./chromium\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join("src", "desk.ts"), filepath.Join("ci", "out"), filepath.Join("ci", "chromium")}, []string{c.Integration.File, c.Report, c.Browser})

	c, err = deskcheck.Load(write("integration: {bundle: '" + absolute + "', global: Desk}\nbrowser: chromium\n"))
	require.NoError(t, err)
	assert.Equal(t, absolute, c.Integration.Bundle, "an absolute path stays")
	assert.Equal(t, "chromium", c.Browser, "a bare name is a command, not a file")
	assert.Equal(t, "deskcheck-report", c.Report, "the default belongs to the working directory")
}

func TestLoadNamesEveryMistake(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"an unknown key", "workers: 4\nintgration:\n  file: a.ts\n", []string{`deskcheck.yaml:2:1: intgration: unknown key; did you mean integration?`}},
		{"an unknown key below", "integration:\n  fil: a.ts\n", []string{`deskcheck.yaml:2:3: integration.fil: unknown key; did you mean integration.file?`}},
		{"a key like no other", "zzzzzzzzzzzzzz: 1\n", []string{`deskcheck.yaml:1:1: zzzzzzzzzzzzzz: unknown key`}},
		{"a key that is a number", "1: x\n", []string{`deskcheck.yaml:1:1: 1: unknown key`}},
		{"a text for a number", "workers: four\n", []string{`deskcheck.yaml:1:10: workers: expected a whole number from 1 to 64, found the text "four"`}},
		{"a number too small", "workers: 0\n", []string{`deskcheck.yaml:1:10: workers: expected a whole number from 1 to 64, found the number 0`}},
		{"a number too large", "repeat: 1001\n", []string{`deskcheck.yaml:1:9: repeat: expected a whole number from 1 to 1000, found the number 1001`}},
		{"a fraction", "workers: 1.5\n", []string{`deskcheck.yaml:1:10: workers: expected a whole number from 1 to 64, found the number 1.5`}},
		{"no number at all", "workers: .nan\n", []string{`deskcheck.yaml:1:10: workers: expected a whole number from 1 to 64, found the text "NaN"`}},
		{"a key without a value", "workers:\nrepeat: 1\n", []string{`deskcheck.yaml:1:1: workers: expected a whole number from 1 to 64, found nothing`}},
		{"a negative seed", "seed: -1\n", []string{`deskcheck.yaml:1:7: seed: expected a whole number, 0 or more, found the number -1`}},
		{"a text for a switch", "headed: 'yes'\n", []string{`deskcheck.yaml:1:9: headed: expected true or false, found the text "yes"`}},
		{"a duration without a unit", "slow-mo: 250\n", []string{`deskcheck.yaml:1:10: slow-mo: expected a duration from 0 to 1m, such as 250ms or 1.5s, found the number 250`}},
		{"a duration too long", "slow-mo: 2m\n", []string{`deskcheck.yaml:1:10: slow-mo: expected a duration from 0 to 1m, such as 250ms or 1.5s, found 2m0s`}},
		{"a dialect of another version", "dialect: teams\n", []string{`deskcheck.yaml:1:10: dialect: expected ai-chat, orchestrate or web-chat, or of agent-manager: cx-2024, seed or legacy-2023, or of digital-connect: dc-2026.1, found the text "teams"`}},
		{"a dialect misspelt", "dialect: ai_chat\n", []string{`deskcheck.yaml:1:10: dialect: expected ai-chat, orchestrate or web-chat, or of agent-manager: cx-2024, seed or legacy-2023, or of digital-connect: dc-2026.1, found the text "ai_chat"; did you mean ai-chat?`}},
		{"a text for a list", "select: FLOW-03\n", []string{`deskcheck.yaml:1:9: select: expected a list, such as [FLOW-03, availability], found the text "FLOW-03"`}},
		{"an item of another type", "select:\n  - FLOW-03\n  - 7\n", []string{`deskcheck.yaml:3:5: select[1]: expected a requirement ID, an area, a feature or a scenario, found the number 7`}},
		{"an item without a value", "workers: 4\nselect: [ ~, FLOW-03 ]\n", []string{`deskcheck.yaml:2:11: select[0]: expected a requirement ID, an area, a feature or a scenario, found nothing`}},
		{"an unknown capability", "capabilities: [core, availability]\n", []string{`deskcheck.yaml:1:22: capabilities[1]: expected a capability, as "deskcheck list capabilities" prints them, found the text "availability"`}},
		{"a capability of another version", "capabilities: [video]\n", []string{`deskcheck.yaml:1:16: capabilities[0]: expected a capability, as "deskcheck list capabilities" prints them, found the text "video"`}},
		{"a capability misspelt", "only-capabilities: [cor]\n", []string{`deskcheck.yaml:1:21: only-capabilities[0]: expected a capability, as "deskcheck list capabilities" prints them, found the text "cor"; did you mean core?`}},
		{"a text for a mapping", "integration: src/desk.ts\n", []string{`deskcheck.yaml:1:14: integration: expected file: or bundle: below it, found the text "src/desk.ts"`}},
		{"an integration left empty", "workers: 4\nintegration:\n", []string{`deskcheck.yaml:2:1: integration: expected file: or bundle: below it, found nothing`}},
		{"an integration without keys", "integration: {}\n", []string{`deskcheck.yaml:1:14: integration: expected file: or bundle: below it, found nothing`}},
		{"an integration of nothing", "integration: {file: ''}\n", []string{`deskcheck.yaml:1:21: integration.file: expected the path of a .js, .mjs, .ts or .tsx file, found an empty text`}},
		{"binary data", "workers: !!binary aGVsbG8=\n", []string{`deskcheck.yaml:1:18: workers: expected a whole number from 1 to 64, found binary data`}},
		{"a file and a bundle", "integration:\n  file: a.ts\n  bundle: b.js\n  global: B\n", []string{`deskcheck.yaml:3:11: integration.bundle: a source file and a bundle exclude each other; give one of them`}},
		{"a bundle without a global", "integration:\n  bundle: b.js\n", []string{`deskcheck.yaml:2:3: integration.global: expected the name of the global variable in which the bundle leaves its factory, found nothing`}},
		{"a global without a bundle", "integration: {global: B}\n", []string{`deskcheck.yaml:1:14: integration.bundle: expected the path of the script that leaves its factory in B, found nothing`}},
		{"an export of a bundle", "integration: {bundle: b.js, global: B, export: x}\n", []string{`deskcheck.yaml:1:48: integration.export: an export belongs to a source file; a bundle leaves its factory in a global variable`}},
		{"an export of nothing", "integration: {export: x}\n", []string{`deskcheck.yaml:1:14: integration.file: expected the path of the file that exports x, found nothing`}},
		{"a tag expression", "tags: '@FLOW-03 && @JOIN-01'\n", []string{`deskcheck.yaml:1:7: tags: tag expression "@FLOW-03 && @JOIN-01", column 10: expected "and", "or" or ")", found "&&"; write "and"`}},
		{"an entry without its reason", "known-failing:\n  - requirement: FLOW-03\n", []string{`deskcheck.yaml:2:5: known-failing[0].reason: expected a reason, a sentence for whoever reads the report, found nothing`}},
		{"a blank reason", "known-failing:\n  - requirement: FLOW-03\n    reason: ' '\n", []string{`deskcheck.yaml:3:13: known-failing[0].reason: expected a reason, a sentence for whoever reads the report, found an empty text`}},
		{"an entry without its keys", "known-failing: [FLOW-03]\n", []string{`deskcheck.yaml:1:17: known-failing[0]: expected an entry with requirement: and reason:, found the text "FLOW-03"`}},
		{"no requirement", "known-failing:\n  - {requirement: FLOW-99, reason: x}\n", []string{`deskcheck.yaml:2:19: known-failing[0].requirement: FLOW-99 is not a requirement of ai-chat; closest: FLOW-09, FLOW-01, FLOW-02`}},
		{"a requirement twice", "known-failing:\n  - {requirement: FLOW-03, reason: x}\n  - {requirement: FLOW-03, reason: y}\n", []string{`deskcheck.yaml:3:19: known-failing[1].requirement: FLOW-03 is declared twice, first at line 2`}},
		{"a requirement in small letters", "known-failing:\n  - {requirement: flow-03, reason: x}\n", []string{`deskcheck.yaml:2:19: known-failing[0].requirement: expected a requirement ID, such as FLOW-03, found the text "flow-03"`}},
		{"several, in the order of the file", "workers: 0\nheadd: true\nrepeat: x\n", []string{
			`deskcheck.yaml:1:10: workers: expected a whole number from 1 to 64, found the number 0`, `deskcheck.yaml:2:1: headd: unknown key; did you mean headed?`,
			`deskcheck.yaml:3:9: repeat: expected a whole number from 1 to 1000, found the text "x"`,
		}},
		{"through an alias", "a: &a {fil: x}\nintegration: *a\n", []string{`deskcheck.yaml:1:1: a: unknown key`, `deskcheck.yaml:2:14: integration.fil: unknown key; did you mean integration.file?`}},
		{"a key twice", "workers: 1\nrepeat: 2\nworkers: 3\n", []string{`deskcheck.yaml:3:1: mapping key "workers" already defined at [1:1]`}},
		{"an open bracket", "select: [FLOW-03\nworkers: 1\n", []string{`deskcheck.yaml:2:1: ',' or ']' must be specified`}},
		{"a tab", "integration:\n\tfile: a.ts\n", []string{`deskcheck.yaml:2:1: a tab where YAML allows only spaces`}},
		{"an unquoted tag", "tags: @FLOW-03\n", []string{`deskcheck.yaml:1:7: '@' is a reserved character`}},
		{"an alias to nothing", "workers: *w\n", []string{`deskcheck.yaml:1:11: could not find alias "w"`}},
		{"a list as the whole", "- workers\n", []string{`deskcheck.yaml:1:1: expected keys with values, such as workers: 4, found a list`}},
		{"a text as the whole", "hello\n", []string{`deskcheck.yaml:1:1: expected keys with values, such as workers: 4, found the text "hello"`}},
		{"two documents", "workers: 1\n---\nworkers: 2\n", []string{`deskcheck.yaml:2:1: a second document begins here; a configuration is one document`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := deskcheck.Load(inFolder(t, test.text))
			var user *deskcheck.UserError
			require.ErrorAs(t, err, &user)
			assert.Equal(t, strings.Join(test.want, "\n"), user.Err.Error())
			assert.Equal(t, 2, deskcheck.ExitCode(err))
		})
	}
}

func TestLoadOfWhatIsNoConfiguration(t *testing.T) {
	inFolder(t, "")
	require.NoError(t, os.Mkdir("folder", 0o700))
	require.NoError(t, os.WriteFile("binary", []byte("\x00\xff"), 0o600))
	require.NoError(t, os.WriteFile("large", make([]byte, 128<<10+1), 0o600))
	for path, want := range map[string]string{
		"absent.yaml": `absent.yaml does not exist; "deskcheck config init" writes one`, "folder": "folder is a folder, not a configuration file; name the file in it",
		os.DevNull: os.DevNull + " is a device, not a configuration file; write the configuration into a file and name that",
		"binary":   "binary is not a text file in UTF-8", "large": "large is larger than 128 KiB: that is no configuration",
	} {
		_, err := deskcheck.Load(path)
		require.EqualError(t, err, want)
		assert.Equal(t, 2, deskcheck.ExitCode(err))
	}
}

func TestAFixFollowsWhereYAMLNeedsOne(t *testing.T) {
	_, err := deskcheck.Load(inFolder(t, "tags: @FLOW-03\n"))
	require.EqualError(t, err, `deskcheck.yaml:1:7: '@' is a reserved character; put the text in quotes, such as tags: "@FLOW-03"`)
	for text, fix := range map[string]string{
		"workers: [1\nrepeat: 2\n":     "mend the YAML there or just before it: close brackets and quotes, and give what is of one level one indentation",
		"browser: \"x\nrepeat: 2\n":    "mend the YAML there or just before it: close brackets and quotes, and give what is of one level one indentation",
		"workers: 1\n  repeat: 2\n":    "mend the YAML there or just before it: close brackets and quotes, and give what is of one level one indentation",
		"workers: 1\nworkers: 2\n":     "leave one of the two out",
		"tags: *w\n":                   "begin the value that is meant with an anchor, such as &name, or put the text in quotes",
		"integration:\n\tfile: a.ts\n": "indent with spaces",
	} {
		_, err := deskcheck.Load(inFolder(t, text))
		var user *deskcheck.UserError
		require.ErrorAs(t, err, &user, text)
		assert.Equal(t, fix, user.Fix, text)
	}
}

// TestWhatAFileNamesIsToldWithItsPlace has configurations name what is not there, and one that is mistaken in another way.
func TestWhatAFileNamesIsToldWithItsPlace(t *testing.T) {
	const paths = `name what is there: paths begin at the folder of the configuration; "deskcheck config schema" describes every key`
	for _, test := range []struct{ text, want string }{
		{"integration:\n  file: nope.ts\n", "deskcheck.yaml:2:9: integration.file: nope.ts does not exist"},
		{"integration: {bundle: nope.js, global: D}\n", "deskcheck.yaml:1:23: integration.bundle: nope.js does not exist"},
		{"features: nope\n", "deskcheck.yaml:1:11: features: nope does not exist"},
		{"browser: tools/nope\n", "deskcheck.yaml:1:10: browser: tools/nope does not exist"},
		{"desk:\n  wire: nope.yaml\n", "deskcheck.yaml:2:9: desk.wire: the wire nope.yaml does not exist"},
		{"desk:\n  wire: .\n", "deskcheck.yaml:2:9: desk.wire: the wire . is no file"},
		{"secrets: [PATH, DESK_TEST_UNSET]\n", "deskcheck.yaml:1:17: secrets[1]: the environment variable DESK_TEST_UNSET is not set: set it to the secret for the run, as it was for the build"},
		{"contract: agent-manager\nagent-desk: {dir: nope}\n", "deskcheck.yaml:2:19: agent-desk.dir: nope does not exist; build the desk first"},
		{"contract: digital-connect\nconnector:\n  command: [./nope]\n  webhook: /hook\n  ready: /health\nuser: {driver: /users}\n", "deskcheck.yaml:3:13: connector.command[0]: nope does not exist; build the connector first"},
		{"workers: 2\nfeatures: nope\nintegration: {file: nope.ts}\n", "deskcheck.yaml:2:11: features: nope does not exist\ndeskcheck.yaml:3:21: integration.file: nope.ts does not exist"},
	} {
		c, err := deskcheck.Load(inFolder(t, test.text))
		require.NoError(t, err, test.text)
		var user *deskcheck.UserError
		require.ErrorAs(t, c.Validate(), &user, test.text)
		assert.Equal(t, test.want, user.Err.Error())
		assert.Equal(t, paths, user.Fix)
	}
}

func TestValidate(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("folder", 0o700))
	for _, name := range []string{"file", "data.json", "desk.cjs", "huge.js"} {
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	require.NoError(t, os.Truncate("huge.js", 64<<20+1))
	require.NoError(t, deskcheck.DefaultConfig().Validate())
	for _, test := range []struct {
		want   string
		change func(*deskcheck.Config)
	}{
		{"integration.file: desk.ts does not exist", func(c *deskcheck.Config) { c.Integration.File = "desk.ts" }},
		{"integration.file: expected a file, found the folder folder", func(c *deskcheck.Config) { c.Integration.File = "folder" }},
		{"integration.bundle: desk.js does not exist", func(c *deskcheck.Config) { c.Integration = deskcheck.Integration{Bundle: "desk.js", Global: "D"} }},
		{"integration.file: expected a .js, .mjs, .ts or .tsx file, found data.json", func(c *deskcheck.Config) { c.Integration.File = "data.json" }},
		{"integration.file: expected a .js, .mjs, .ts or .tsx file, found http://localhost/a.html; serve a page that has the integration on it, and give its address as the host (--host http://localhost:8080/page.html)", func(c *deskcheck.Config) {
			c.Integration.File = "http://localhost/a.html"
		}},
		{"integration.file: expected a .js, .mjs, .ts or .tsx file, found desk.cjs", func(c *deskcheck.Config) { c.Integration.File = "desk.cjs" }},
		{"integration.file: expected a file, found the device " + os.DevNull, func(c *deskcheck.Config) { c.Integration.File = os.DevNull }},
		{"integration.bundle: expected a file, found the device " + os.DevNull, func(c *deskcheck.Config) { c.Integration = deskcheck.Integration{Bundle: os.DevNull, Global: "D"} }},
		{"integration.bundle: huge.js is larger than 64 MiB: that is no integration", func(c *deskcheck.Config) { c.Integration = deskcheck.Integration{Bundle: "huge.js", Global: "D"} }},
		{"browser: ./chromium does not exist", func(c *deskcheck.Config) { c.Browser = "./chromium" }},
		{"report: expected a folder, found the file file", func(c *deskcheck.Config) { c.Report = "file" }},
		{"workers: expected a whole number from 1 to 64, found the number 65", func(c *deskcheck.Config) { c.Workers = 65 }},
		{"slow-mo: expected a duration from 0 to 1m, such as 250ms or 1.5s, found -1s", func(c *deskcheck.Config) { c.SlowMo = -time.Second }},
		{"select[0]: expected a requirement ID, an area, a feature or a scenario, found an empty text", func(c *deskcheck.Config) { c.Select = []string{""} }},
		{"known-failing[0].reason: expected a reason, a sentence for whoever reads the report, found an empty text", func(c *deskcheck.Config) {
			c.KnownFailing = []deskcheck.KnownFailing{{Requirement: "FLOW-03"}}
		}},
		{"known-failing[1].requirement: FLOW-03 is declared twice", func(c *deskcheck.Config) {
			c.KnownFailing = []deskcheck.KnownFailing{{Requirement: "FLOW-03", Reason: "x"}, {Requirement: "FLOW-03", Reason: "x"}}
		}},
		{`dialect: expected ai-chat, orchestrate or web-chat, or of agent-manager: cx-2024, seed or legacy-2023, or of digital-connect: dc-2026.1, found the text "webchat"; did you mean web-chat?`, func(c *deskcheck.Config) { c.Dialect = "webchat" }},
	} {
		c := deskcheck.DefaultConfig()
		test.change(&c)
		err := c.Validate()
		require.EqualError(t, err, test.want)
		assert.Equal(t, 2, deskcheck.ExitCode(err))
	}
}

// The schema has words of its own for what other parts know too; they must not drift apart.
func TestTheSchemaKnowsWhatTheCatalogueKnows(t *testing.T) {
	var schema struct {
		Schema     string                     `json:"$schema"`
		Properties map[string]json.RawMessage `json:"properties"`
		Defs       struct {
			Capability struct {
				Enum []string `json:"enum"`
			} `json:"capability"`
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(deskcheck.ConfigSchema(), &schema))
	assert.Equal(t, "https://json-schema.org/draft/2020-12/schema", schema.Schema)
	var covered []string
	for _, contract := range []string{"ai-chat", "agent-manager", "digital-connect"} {
		trace, err := deskcheck.ReadTraceability(deskcheck.DefaultConfig().For(contract))
		require.NoError(t, err)
		for _, c := range trace.Capabilities() {
			if !slices.Contains(covered, c.Name) {
				covered = append(covered, c.Name)
			}
		}
	}
	assert.ElementsMatch(t, covered, schema.Defs.Capability.Enum, "what cannot be seen to be kept must not be accepted")
	for key, raw := range schema.Properties {
		var property struct {
			Title        string `json:"title"`
			Description  string `json:"description"`
			ErrorMessage string `json:"errorMessage"`
		}
		require.NoError(t, json.Unmarshal(raw, &property))
		assert.NotEmpty(t, property.Title, key)
		assert.NotEmpty(t, property.Description, key)
		assert.True(t, strings.HasPrefix(property.ErrorMessage, "expected "), key)
	}
}

func TestExitCode(t *testing.T) {
	assert.Equal(t, 0, deskcheck.ExitCode(nil))
	assert.Equal(t, 2, deskcheck.ExitCode(errors.Join(errors.New("x"), &deskcheck.UserError{Err: errors.New("y")})))
	assert.Equal(t, 3, deskcheck.ExitCode(&deskcheck.EnvironmentError{Err: errors.New("y"), Fix: "z"}))
	assert.Equal(t, 3, deskcheck.ExitCode(errors.New("unforeseen")))
}

func TestClosest(t *testing.T) {
	names := []string{"requirements", "features", "integrations", "features"}
	assert.Equal(t, []string{"features", "integrations"}, deskcheck.Closest("Featurs", names, 2), "each once, whatever the case")
	assert.Empty(t, deskcheck.Closest("x", nil, 3))
	near, ok := deskcheck.Near("requiremnts", names)
	assert.True(t, ok)
	assert.Equal(t, "requirements", near)
	_, ok = deskcheck.Near("zzz", slices.Clone(names))
	assert.False(t, ok)
}

func TestSecretsAreReadFromTheEnvironment(t *testing.T) {
	t.Setenv("DESK_TEST_KEY", "a value that is long enough")
	t.Setenv("DESK_TEST_SHORT", "short")
	path := inFolder(t, "secrets: [DESK_TEST_KEY]\n")
	c, err := deskcheck.Load(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"DESK_TEST_KEY"}, c.Secrets)
	require.NoError(t, c.Validate())

	for text, says := range map[string]string{
		"secrets: [DESK_TEST_UNSET]\n":        "secrets[0]: the environment variable DESK_TEST_UNSET is not set",
		"secrets: [DESK_TEST_SHORT]\n":        "fewer than 8 bytes",
		"secrets: [\"sk-live-1234567890\"]\n": "expected the name of an environment variable",
		"secrets: DESK_TEST_KEY\n":            "expected a list of names of environment variables",
	} {
		c, err := deskcheck.Load(inFolder(t, text))
		if err == nil {
			err = c.Validate()
		}
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), says)
		assert.NotContains(t, err.Error(), "a value that is long enough")
	}
}

// TestEveryCapabilityCanBeClaimed has the capabilities of each contract be words that a configuration knows.
func TestEveryCapabilityCanBeClaimed(t *testing.T) {
	for _, contract := range fixtures.Contracts() {
		all, err := deskcheck.ReadTraceability(deskcheck.Config{Contract: contract})
		require.NoError(t, err)
		c := deskcheck.DefaultConfig().For(contract)
		for _, one := range all.Capabilities() {
			c.Claims, c.Capabilities = append(c.Claims, one.Name), append(c.Capabilities, one.Name)
		}
		require.NotEmpty(t, c.Claims)
		assert.NoError(t, c.Validate(), contract)
	}
}
