package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"deskcheck"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/standalone"
	"deskcheck/mockdesk/wire"
	"deskcheck/reports"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExamplesWork runs every command line that the documents and the help show, with the real contract and without a browser: its flags have to parse, what it
// selects has to exist.
func TestExamplesWork(t *testing.T) {
	examples := map[string][]string{}
	for _, document := range []string{"README.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", document))
		require.NoError(t, err)
		lines := commandLines(string(text))
		require.NotEmpty(t, lines, document)
		examples[document] = lines
	}
	for _, c := range allCommands((&program{}).root()) {
		examples["help of "+c.CommandPath()] = commandLines("```sh\n" + c.Example + "\n```")
	}
	for where, lines := range examples {
		for _, line := range lines {
			t.Run(where+": "+line, func(t *testing.T) {
				if strings.Contains(line, "deskcheck desk") {
					runDeskExample(t, words(line)[1:])
					return
				}
				if strings.Contains(line, "deskcheck validate") {
					runValidateExample(t, words(line)[1:])
					return
				}
				if strings.Contains(line, "deskcheck wire record") {
					runRecordExample(t, words(line)[1:])
					return
				}
				b := newBench(t)
				b.trace = deskcheck.ReadTraceability
				b.run = func(_ context.Context, c deskcheck.Config, _ deskcheck.Progress) (*reports.Result, error) {
					_, err := deskcheck.Scenarios(c)
					return b.result, err
				}
				b.doctor = func(context.Context, deskcheck.Config) []deskcheck.DoctorLine { return nil }
				b.selftest = func(context.Context, deskcheck.SelftestOptions) (deskcheck.SelftestResult, error) {
					return deskcheck.SelftestResult{OK: true}, nil
				}
				b.matrix = func(context.Context, deskcheck.MatrixOptions) (*reports.Matrix, error) {
					return &reports.Matrix{OK: true, Complete: true}, nil
				}
				b.writeMatrix = func(string, *reports.Matrix) error { return nil }
				b.connector = func(context.Context, func(string) string, io.Writer, io.Writer) int { return 0 }
				b.environment = func(name string) string { return map[string]string{"DESK_TOKEN": "a-token-of-mine"}[name] }
				assert.Zero(t, b.does(onThisMachine(t, words(line)[1:])...), "%s", b.stderr.String())
			})
		}
	}
}

// runDeskExample runs a command line of the desk: one that serves is told to stop at once, the others find a conversation with an agent and a line in it.
func runDeskExample(t *testing.T, args []string) {
	t.Helper()
	b := newDeskBench(t)
	b.startDesk = func(c standalone.Config, o standalone.Options) (*standalone.Server, error) {
		c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
		return standalone.Start(c, o)
	}
	b.startManager = func(c standalone.ManagerConfig, o standalone.Options) (*standalone.Manager, error) {
		c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
		return standalone.StartManager(c, o)
	}
	t.Setenv(asProgram, "1") // The connector of a demo is a process of its own.
	b.startTalkdesk = func(c standalone.TalkdeskConfig, o standalone.Options) (*standalone.Talkdesk, error) {
		c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
		return standalone.StartTalkdesk(c, o)
	}
	b.user("/v1/conversations/conversation-0001", "{}")
	b.user("/v1/conversations/conversation-0001/messages/k1", `{"text":"Hello"}`)
	b.says(0, "join", "@last", "ada")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if len(args) == 1 || strings.HasPrefix(args[1], "-") {
		cancel()
	}
	assert.Zero(t, b.execute(ctx, onThisMachine(t, args)), "%s", b.stderr.String())
}

// runRecordExample runs a command line that records, and tells it to stop at once: it complains only of having nothing to tell.
func runRecordExample(t *testing.T, args []string) {
	t.Helper()
	b := newBench(t)
	if slices.Contains(args, "--from") {
		require.NoError(t, os.WriteFile(args[slices.Index(args, "--from")+1], []byte(`{"kind":"mark","step":"join"}`), 0o600))
	} else {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	b.in = input{Reader: strings.NewReader("")}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	args = onThisMachine(t, args)
	if at := slices.Index(args, "--integration"); at >= 0 {
		require.NoError(t, os.WriteFile(args[at+1], []byte("export default () => ({});\n"), 0o600))
	}
	assert.Equal(t, 2, b.execute(ctx, args))
	assert.Contains(t, b.stderr.String(), "error: no request has passed")
}

// runValidateExample runs a command line that validates: every file that it names, and the standard input, hold a payload that fits the schema.
func runValidateExample(t *testing.T, args []string) {
	t.Helper()
	b := newBench(t)
	at := slices.Index(args, "--schema")
	payload := map[string]string{
		"message_created": goodMessage, "start": `{"touchpoint_id":"t","contact_person":{"email":"a@b"}}`, "digital-connect/start": `{"touchpoint_id":"t","contact_person":{"email":"a@b"}}`,
		"digital-connect/message": `{"content":"hi"}`, "callbacks/agentJoined": `[{"id":"a","nickname":"Ada","user_type":"human"}]`,
	}[args[at+1]]
	require.NotEmpty(t, payload, "no payload is known for %s", args[at+1])
	b.in = input{Reader: strings.NewReader(payload)}
	for _, file := range args[at+2:] {
		if !strings.HasPrefix(file, "-") {
			payloadFile(t, file, payload)
		}
	}
	assert.Zero(t, b.does(args...), "%s%s", b.stdout.String(), b.stderr.String())
	says := "valid"
	if slices.Contains(args, "--print") {
		says = "$schema"
	}
	assert.Contains(t, b.stdout.String(), says)
}

func allCommands(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		all = append(all, allCommands(sub)...)
	}
	return all
}

var (
	fenced  = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```")
	inline  = regexp.MustCompile("`([^`\n]+)`")
	command = regexp.MustCompile(`^(bin/)?deskcheck( |$)`)
	// aside is what a line says to the reader, behind the command: a comment, or words some blanks away.
	aside = regexp.MustCompile(`\s+#.*$|\s{3,}.*$`)
)

// commandLines finds those of deskcheck in Markdown: the lines of blocks, and code within a sentence.
func commandLines(markdown string) []string {
	var lines []string
	add := func(line string) {
		if line = strings.TrimSpace(aside.ReplaceAllString(strings.TrimSpace(line), "")); command.MatchString(line) {
			lines = append(lines, line)
		}
	}
	for _, block := range fenced.FindAllStringSubmatch(markdown, -1) {
		for line := range strings.SplitSeq(block[1], "\n") {
			add(line)
		}
	}
	for _, code := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(markdown, ""), -1) {
		add(code[1])
	}
	return lines
}

// words splits as a shell does, as far as examples need it, and leaves out what is for another program.
func words(line string) []string {
	var all []string
	for _, word := range regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`).FindAllString(line, -1) {
		if word == "|" || word == ">" || word == "<" || word == "&&" {
			break
		}
		all = append(all, strings.Trim(word, `'"`))
	}
	return all
}

// onThisMachine puts something in the place of what an example takes for granted: the reader's files, their browser, and an ID for the word ID.
func onThisMachine(t *testing.T, args []string) []string {
	t.Helper()
	for i := range args {
		switch args[i] {
		case "ID":
			args[i] = "FLOW-03"
		case "URL":
			args[i] = "http://127.0.0.1:1"
		}
		switch {
		case i == 0:
		case args[i-1] == "--browser":
			args[i] = "chromium"
		case args[i-1] == "--features":
			require.NoError(t, os.MkdirAll(args[i], 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(args[i], "x.feature"), []byte("Feature: X\n  Scenario: Y\n    Given the chat is open\n"), 0o600))
		case slices.Contains([]string{"--integration", "--bundle", "-c"}, args[i-1]):
			require.NoError(t, os.MkdirAll(filepath.Dir(args[i]), 0o700))
			require.NoError(t, os.WriteFile(args[i], nil, 0o600))
		}
	}
	if len(args) > 2 && args[0] == "wire" && args[1] == "check" {
		require.NoError(t, os.WriteFile(args[2], wire.NativeFile(), 0o600))
	}
	if len(args) > 2 && args[0] == "driver" && args[1] == "check" {
		if args[2] = offered(t, nil, driver.AgentSay); slices.Contains(args, "digital-connect") {
			args[2] = drivesUsers(t, "/files")
		}
	}
	if args[0] == "check-traffic" {
		recorded(t, args[1:])
	}
	if len(args) > 1 && args[0] == "config" && args[1] == "check" {
		require.NoError(t, os.WriteFile(defaultConfig, nil, 0o600))
	}
	return args
}

// recorded writes the recordings that a command line names, and the account file. Of several files, the first has everything.
func recorded(t *testing.T, args []string) {
	t.Helper()
	from := filepath.Join(testdata, "..", "..", "..", "mockdesk", "digitalconnect", "traffic", "testdata")
	for _, name := range args {
		sample := "good" + filepath.Ext(name)
		switch filepath.Ext(name) {
		case ".yaml":
			sample = "account.yaml"
		case ".har", ".ndjson":
		default:
			continue
		}
		text, err := os.ReadFile(filepath.Join(from, sample))
		require.NoError(t, err)
		if name != args[slices.IndexFunc(args, func(a string) bool { return filepath.Ext(a) == filepath.Ext(name) })] {
			text = []byte(`{"log":{"entries":[]}}`)
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, text, 0o600))
	}
}

func TestCommandLines(t *testing.T) {
	markdown := "Run `deskcheck explain ID`, not `deskcheck.yaml`.\n```sh\nmake run   # bin/deskcheck run\nbin/deskcheck run 'a b' --tags \"@x\"  # or so\n  deskcheck list | grep x\ndeskcheck run      says more\n```\n"
	lines := commandLines(markdown)
	assert.Equal(t, []string{`bin/deskcheck run 'a b' --tags "@x"`, "deskcheck list | grep x", "deskcheck run", "deskcheck explain ID"}, lines)
	assert.Equal(t, []string{"bin/deskcheck", "run", "a b", "--tags", "@x"}, words(lines[0]))
	assert.Equal(t, []string{"deskcheck", "list"}, words(lines[1]))
}
