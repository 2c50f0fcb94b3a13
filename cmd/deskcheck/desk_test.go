package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/standalone"
	"deskcheck/mockdesk/wire"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// deskBench is a bench with a desk that runs.
type deskBench struct {
	*bench

	desk *standalone.Server
	t    *testing.T
}

func newDeskBench(t *testing.T) *deskBench {
	t.Helper()
	b := newBench(t)
	desk, err := standalone.Start(standalone.Config{Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}}, standalone.Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, desk.Stop(ctx))
	})
	token, _ := desk.Token()
	b.environment = func(name string) string {
		return map[string]string{deskVariable: desk.ControlURL(), tokenVariable: token}[name]
	}
	return &deskBench{b, desk, t}
}

// says runs a verb and gives what it prints.
func (b *deskBench) says(code int, args ...string) string {
	b.t.Helper()
	b.stdout.Reset()
	b.stderr.Reset()
	assert.Equal(b.t, code, b.does(append([]string{"desk"}, args...)...), "%v: %s", args, b.stderr.String())
	return b.stdout.String()
}

// user sends a request of a user.
func (b *deskBench) user(path, body string) {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPut, b.desk.Wire("default").URL+path, strings.NewReader(body))
	require.NoError(b.t, err)
	response, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	require.NoError(b.t, response.Body.Close())
}

func TestDeskVerbs(t *testing.T) {
	b := newDeskBench(t)
	const id = "conversation-0001"
	b.user("/v1/conversations/"+id, `{"queue":"billing","user":{"name":"Mia"}}`)
	require.NoError(t, os.WriteFile("photo.png", []byte("png"), 0o600))
	require.NoError(t, os.WriteFile("script.yaml", []byte("steps: [join]\n"), 0o600))
	require.NoError(t, os.WriteFile("wrong.yaml", []byte("steps:\n  - joyn\n"), 0o600))
	require.NoError(t, os.WriteFile("plain.yaml", []byte("tls: {off: true}\n"), 0o600))
	require.NoError(t, os.WriteFile("empty.yaml", []byte("steps: []\n"), 0o600))
	assert.Equal(t, "ben is offline\n", b.says(0, "offline", "ben"))
	assert.Equal(t, "ben is online\n", b.says(0, "online", "ben"))
	assert.Regexp(t, `(?m)^ada    Ada   online`, b.says(0, "agents"))
	assert.Equal(t, id+"  ada  event 1\n", b.says(0, "join", "@last"))
	assert.Equal(t, id+"  ada  event 2\n", b.says(0, "say", "conv", "Hello, Mia"))
	assert.Equal(t, id+"  ada  event 3\n", b.says(0, "type", "@last"))
	assert.Equal(t, id+"  ada  event 4\n", b.says(0, "type", "@last", "--stop"))
	assert.Equal(t, id+"  ada  event 5\n", b.says(0, "read", "@last"))
	assert.Equal(t, id+"  ada  event 6\n", b.says(0, "transfer", "@last", "ben"))
	assert.Equal(t, id+"  ben  event 7\n", b.says(0, "join", "@last", "ben"))
	assert.Equal(t, id+"  ada  event 8\n", b.says(0, "leave", "@last", "ada"))
	assert.Equal(t, id+"  ben  event 9\n", b.says(0, "ask-screen", "@last"))
	assert.Regexp(t, id+`  ben  event 10  http://.*/v1/media/1-[0-9a-f]{16}\.png`, b.says(0, "send-file", "@last", "photo.png", "--text", "Look"))
	assert.Equal(t, id+"  event 11\n", b.says(0, "notice", "@last", "Be nice"))
	assert.Regexp(t, `(?s)user         Mia.*agents       Ben \(ben\).*    2  Ada +Hello, Mia`, b.says(0, "show", "@last"))
	assert.Contains(t, b.says(0, "show", "@last", "--json"), `"text": "Hello, Mia"`)
	assert.Regexp(t, "conversation-0001  active  billing  Mia   ben", b.says(0, "conversations"))
	assert.Equal(t, "f1  answer 503, for the next 2 of \"message\"\n", b.says(0, "fault", "add", "refuse", "message", "--next", "2"))
	assert.Contains(t, b.says(0, "faults"), "answer 503")
	assert.Empty(t, b.says(0, "fault", "remove", "f1"))
	assert.Equal(t, "released 0, removed 0 faults\n", b.says(0, "fault", "release"))
	require.NoError(t, os.WriteFile("rules.yaml", []byte("- fault: {kind: truncate, bytes: 10}\n  schedule: every 2\n  scope: {operation: state}\n- fault: {kind: hang}\n"), 0o600))
	assert.Equal(t, "f2  reset the connection after 10 bytes of the body, every 2, on state\nf3  never answer, for every request\n", b.says(0, "fault", "rules", "rules.yaml"))
	assert.Equal(t, "released 0, removed 2 faults\n", b.says(0, "fault", "clear"))
	require.NoError(t, os.WriteFile("rules.yaml", []byte("- fault: {kind: truncate}\n"), 0o600))
	assert.Empty(t, b.says(2, "fault", "rules", "rules.yaml"))
	assert.Contains(t, b.stderr.String(), "[0].fault.bytes: must be a number from 1")
	assert.Contains(t, b.stderr.String(), "rules.yaml:1:")
	require.NoError(t, os.WriteFile("rules.yaml", []byte("- fault: {kind: drop}\n"), 0o600))
	assert.Equal(t, "f4  lose the frame, always, anywhere\n", b.says(0, "fault", "rules", "rules.yaml"))
	assert.Equal(t, "released 0, removed 1 fault\n", b.says(0, "fault", "clear"))
	require.NoError(t, os.WriteFile("silent.wire.yaml", []byte("wire: 1\nname: silent\nroutes: [{on: POST /start, means: start}]\nevents: {}\n"), 0o600))
	require.NoError(t, os.WriteFile("rules.yaml", []byte("- fault: {kind: hang}\n- fault:\n    kind: no-pong\n"), 0o600))
	require.NoError(t, os.WriteFile("chaos.yaml", []byte("share: 1\nfaults:\n  - {fault: {kind: no-pong}, weight: 1}\n"), 0o600))
	assert.NotEmpty(t, b.says(0, "wire", "set", "silent.wire.yaml"))
	assert.Empty(t, b.says(2, "fault", "rules", "rules.yaml"))
	assert.Contains(t, b.stderr.String(), `rules.yaml:3:11: [1].fault.kind: "no-pong" is played on sockets there, and the wire silent has none`)
	assert.Empty(t, b.says(2, "chaos", "start", "chaos.yaml"))
	assert.Contains(t, b.stderr.String(), `chaos.yaml:3:20: faults[0].fault.kind: "no-pong" is played on sockets there`)
	require.NoError(t, os.WriteFile("native.wire.yaml", wire.NativeFile(), 0o600))
	assert.NotEmpty(t, b.says(0, "wire", "set", "native.wire.yaml"))
	require.NoError(t, os.WriteFile("chaos.yaml", []byte("share: 1\nfaults:\n  - {fault: {kind: drop}, weight: 1}\nscope: {direction: out}\n"), 0o600))
	assert.Equal(t, "nothing is left to chance\n", b.says(0, "chaos", "show"))
	assert.Regexp(t, `^chaos with seed \d+: on 1 of arrivals on going out: 1 × lose the frame\n$`, b.says(0, "chaos", "start", "chaos.yaml"))
	assert.Contains(t, b.says(0, "chaos", "start", "chaos.yaml", "--seed", "42", "--share", "0.5"), "chaos with seed 42: on 0.5 of")
	assert.Contains(t, b.says(0, "chaos", "show", "--json"), `"seed": 42`)
	assert.Empty(t, b.says(0, "chaos", "stop"))
	b.says(2, "chaos", "stop")
	require.NoError(t, os.WriteFile("chaos.yaml", []byte("share: 7\n"), 0o600))
	b.says(2, "chaos", "start", "chaos.yaml")
	assert.Contains(t, b.stderr.String(), "chaos.yaml:1:8: share: must be above 0")
	assert.Regexp(t, `^\d{4}-`, b.says(0, "advance", "30s"))
	assert.Regexp(t, `agent +> desk +message +Ada says something\.`, b.says(0, "journal", "--match", `name == "message"`))
	assert.Contains(t, b.says(0, "wait", `name == "agent.joined"`, "--count", "2"), "Ben joins.")
	assert.Equal(t, "2\n", b.says(0, "count", `name == "agent.joined"`))
	assert.Contains(t, b.says(0, "verify", `name == "agent.joined"`), "found 2")
	assert.Contains(t, b.says(1, "verify", `name == "agent.joined"`, "--most", "1"), "expected at most 1 entry")
	assert.Contains(t, b.says(1, "wait", `kind == "act" && name == "x"`, "--timeout", "10ms"), "closest is")
	assert.Equal(t, "script.yaml is fine\n", b.says(0, "script", "check", "script.yaml"))
	assert.Contains(t, b.says(0, "script", "add", "joiner", "script.yaml"), "joiner plays from now on, 1 step")
	assert.Contains(t, b.says(0, "script", "list"), "joiner")
	assert.Empty(t, b.says(0, "script", "remove", "joiner"))
	assert.Equal(t, id+"  ben  event 12\n", b.says(0, "end", "@last"))
	b.says(2, "say", "@last", "Are you there?")
	assert.Contains(t, b.stderr.String(), `to send it whatever the state, emit it ("deskcheck desk emit", Emit in Go)`)
	assert.Regexp(t, `^one  http://.*/@one  ws://.*/@one\n$`, b.says(0, "tenant", "add", "one"))
	assert.Contains(t, b.says(0, "tenant", "list"), "/@one")
	assert.Empty(t, b.says(0, "conversations", "--tenant", "one"))
	assert.Empty(t, b.says(0, "tenant", "drop", "one"))
	assert.Equal(t, "default is as it was created\n", b.says(0, "reset"))
	b.startDesk, b.startTalkdesk = standalone.Start, standalone.StartTalkdesk
	for _, mistake := range []struct {
		code int
		want string
		args []string
	}{
		{2, "there is no conversation yet", []string{"join", "@last"}},
		{2, `no tenant "nobody"`, []string{"agents", "--tenant", "nobody"}},
		{2, "wrong.yaml:2:5: steps[0]", []string{"script", "add", "x", "wrong.yaml"}},
		{2, "the desk was given no token, or another than its own", []string{"agents", "--token", "wrong"}},
		{2, "conversations: expected the name of one, found an empty text\nfix:   look whether the variable is set", []string{"show", ""}},
		{2, "conversations: expected the name of one, found an empty text", []string{"say", "", "Hello"}},
		{2, "scripts: expected the name of one", []string{"script", "remove", ""}},
		{2, "tenants: expected the name of one", []string{"tenant", "drop", ""}},
		{2, "tenants: expected the name of one", []string{"agents", "--tenant", ""}},
		{2, "queue-update needs something to tell\nfix:   add --position, --wait or --notice", []string{"queue-update", "@last"}},
		{2, "unknown name nam", []string{"count", "nam"}},
		{2, `expected a duration`, []string{"advance", "soon"}},
		{2, `deskcheck desk say needs a conversation and a text`, []string{"say", "x"}},
		{2, `there is no command "deskcheck desk sya"; did you mean "deskcheck desk say"?`, []string{"sya"}},
		{3, "does not answer", []string{"agents", "--desk", "http://127.0.0.1:1"}},
		{2, "error: \"nonsense\" is no address of a desk's control API: expected one such as http://127.0.0.1:8471\nfix:   give the one that the desk has printed, with --desk or in DESKCHECK_DESK\n", []string{"agents", "--desk", "nonsense"}},
		{2, `"127.0.0.1:8471" is no address`, []string{"join", "@last", "--desk", "127.0.0.1:8471"}},
		{2, "error: --wire: \"nonsense\" is no address: expected a host and a port, such as 127.0.0.1:8470\nfix:   ", []string{"--ephemeral", "--wire", "nonsense"}},
		{2, `error: --control: "127.0.0.1:99999" is no address: there is no port 99999`, []string{"--ephemeral", "--control", "127.0.0.1:99999"}},
		{2, `error: --proxy: "nonsense" is no address`, []string{"--contract", "digital-connect", "--proxy", "nonsense"}},
		{2, "error: the script none.yaml does not exist\nfix:   name a file that is there", []string{"script", "add", "x", "none.yaml"}},
		{2, "error: the chaos none.yaml does not exist\nfix:   name a file that is there", []string{"chaos", "start", "none.yaml"}},
		{2, "error: the chaos . is no file\nfix:   name a file that is there", []string{"chaos", "start", "."}},
		{2, "error: the file of rules none.yaml does not exist\nfix:   name a file that is there", []string{"fault", "rules", "none.yaml"}},
		{2, "error: the wire none.yaml does not exist\nfix:   name the file of a wire", []string{"wire", "set", "none.yaml"}},
		{2, "none.png: no such file or directory\nfix:   name a file that is there", []string{"send-file", "@last", "none.png"}},
		{2, "empty.yaml:1:8: steps: expected a list of steps, such as - join, found an empty list", []string{"script", "check", "empty.yaml"}},
		{2, "error: the text is empty: expected what the agent says\nfix:   give it in quotes", []string{"say", "@last", ""}},
		{2, `--seed: expected a whole number from 1, found "abc"`, []string{"chaos", "start", "chaos.yaml", "--seed", "abc"}},
		{2, `--seed: expected a whole number from 1, found "0"`, []string{"chaos", "start", "chaos.yaml", "--seed", "0"}},
		{2, `--share: expected a number above 0, found "0"`, []string{"chaos", "start", "chaos.yaml", "--share", "0"}},
		{2, `--share: expected a number above 0, found "half"`, []string{"chaos", "start", "chaos.yaml", "--share", "half"}},
		{2, `--next: expected a whole number from 1, found "0"`, []string{"fault", "add", "refuse", "message", "--next", "0"}},
		{2, `--next: expected a whole number from 1, found "-1"`, []string{"fault", "add", "refuse", "message", "--next=-1"}},
		{2, `--status: expected a whole number from 1, found "0"`, []string{"fault", "add", "refuse", "message", "--status", "0"}},
		{2, `--count: expected a whole number from 1, found "0"`, []string{"wait", "true", "--count", "0"}},
		{2, `--limit: expected a whole number from 1, found "0"`, []string{"journal", "--limit", "0"}},
		{2, `--limit: expected a whole number from 1, found "0"`, []string{"conversations", "--limit", "0"}},
		{2, `--position: expected a whole number from 1, found "0"`, []string{"queue-update", "@last", "--position", "0"}},
		{2, `--max-bytes: expected a whole number from 1, found "0"`, []string{"change-uploads", "@last", "--max-bytes", "0"}},
		{2, "error: --certificate-out nodir/c.pem: there is no folder nodir\nfix:   name a file in a folder that is there", []string{"--ephemeral", "--certificate-out", "nodir/c.pem"}},
		{2, "error: --certificate-out: the wire has no certificate, since its TLS is off\nfix:   leave it out", []string{"-c", "plain.yaml", "--ephemeral", "--certificate-out", "c.pem"}},
		{2, "error: --certificate-out .: that is a folder\nfix:   ", []string{"--ephemeral", "--certificate-out", "."}},
		{2, `expected debug, info, warn or error`, []string{"--log-level", "loud"}},
		{2, `nope.yaml does not exist`, []string{"-c", "nope.yaml"}},
		{2, `there is no schema "x"`, []string{"schema", "x"}},
	} {
		b.says(mistake.code, mistake.args...)
		assert.Contains(t, b.stderr.String(), mistake.want, mistake.args)
	}
	assert.Contains(t, b.says(0, "schema"), "urn:deskcheck:schema:desk:1")
	assert.Contains(t, b.says(0, "schema", "script"), "urn:deskcheck:schema:script:1")
}

// TestADeskWhereAnotherIs names every address that is taken, and the flags of these.
func TestADeskWhereAnotherIs(t *testing.T) {
	b := newBench(t)
	b.startDesk, b.startTalkdesk = standalone.Start, standalone.StartTalkdesk
	var taken []string
	for range 2 {
		there, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = there.Close() })
		taken = append(taken, there.Addr().String())
	}
	const fix, free = "fix:   end what listens there, most likely another desk, or choose another address with ", "127.0.0.1:0"
	for _, test := range []struct {
		args []string
		says []string
	}{
		{[]string{"--ephemeral", "--wire", taken[0], "--control", taken[1]}, []string{"error: the wire cannot listen on " + taken[0], "error: the control API cannot listen on " + taken[1], fix + "--wire and --control; port 0 takes a free one\n"}},
		{[]string{"--ephemeral", "--wire", taken[0], "--control", free}, []string{"error: the wire cannot listen on " + taken[0], fix + "--wire; "}},
		{[]string{"--ephemeral", "--wire", free, "--control", taken[0]}, []string{"error: the control API cannot listen on " + taken[0], fix + "--control; "}},
		{[]string{"--contract", "digital-connect", "--wire", free, "--control", free, "--proxy", taken[0]}, []string{"error: the proxy cannot listen on " + taken[0] + ": listen tcp ", fix + "--proxy; "}},
	} {
		b.stderr.Reset()
		assert.Equal(t, 3, b.does(append([]string{"desk"}, test.args...)...))
		for _, says := range test.says {
			assert.Contains(t, b.stderr.String(), says)
		}
	}
}

func TestDeskServesUntilItIsToldToStop(t *testing.T) {
	b := newBench(t)
	b.startDesk = standalone.Start
	reader, writer := io.Pipe()
	b.out.Writer = writer
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan int, 1)
	go func() {
		ended <- b.execute(ctx, []string{"desk", "--wire", "127.0.0.1:0", "--control", "127.0.0.1:0", "--certificate-out", "desk.pem", "--log-json"})
		_ = writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if strings.Contains(lines.Text(), "export") {
			stop()
		}
	}
	assert.Zero(t, <-ended)
	assert.Regexp(t, `(?m)^wire     http://127\.0\.0\.1:\d+ +the tenant default$`, strings.Join(said, "\n"))
	assert.Regexp(t, `(?m)^token    [0-9a-f]{48}$`, strings.Join(said, "\n"))
	assert.FileExists(t, "desk.pem")
	assert.Contains(t, b.stderr.String(), `"msg":"the desk closes"`)
}

// fence finds the blocks of commands in the written page, with the word that says who runs them, and the file of YAML.
var fence = regexp.MustCompile("(?s)```(sh [a-z]+|yaml)\n(.*?)```")

// writtenPage runs the blocks of a written page that are for somebody, in a folder of their own with the files of the page in it, and gives what they print and how many they are.
func (b *deskBench) writtenPage(page, environment string, whose ...string) (said string, commands int) {
	b.t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(b.t, err)
	self, err := os.Executable()
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile("deskcheck", []byte("#!/bin/sh\nexec "+self+" \"$@\"\n"), 0o700))
	script := &bytes.Buffer{}
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		switch _, who, _ := strings.Cut(block[1], " "); {
		case who == "":
			name, _, _ := strings.Cut(strings.TrimPrefix(block[2], "# "), "\n")
			require.NoError(b.t, os.WriteFile(name, []byte(block[2]), 0o600))
		case slices.Contains(whose, who):
			script.WriteString(block[2])
			commands += strings.Count(block[2], "\n")
		}
	}
	folder, err := os.Getwd()
	require.NoError(b.t, err)
	shell := exec.Command("bash", "-euc", script.String())
	shell.Env = append(os.Environ(), asProgram+"=1", "PATH="+folder+":"+os.Getenv("PATH"), environment, deskVariable+"="+b.environment(deskVariable), tokenVariable+"="+b.environment(tokenVariable))
	output, err := shell.CombinedOutput()
	require.NoError(b.t, err, "%s", output)
	return string(output), commands
}

func TestTheWrittenPageOfTheDesk(t *testing.T) {
	page, err := filepath.Abs(filepath.Join("..", "..", "mockdesk", "control", "README.md"))
	require.NoError(t, err)
	for _, by := range []string{"cli", "curl"} {
		t.Run(by, func(t *testing.T) {
			b := newDeskBench(t)
			said, commands := b.writtenPage(page, "WIRE="+b.desk.Wire("default").URL, by, "user")
			require.Greater(t, commands, 10)
			assert.Contains(t, said, "Hello, how can I help?")
			config, err := standalone.Load("desk.yaml")
			require.NoError(t, err)
			assert.Equal(t, "checkout", config.Tenants[0].Name)
		})
	}
}

func TestTheWrittenPageOfTheManager(t *testing.T) {
	page, err := filepath.Abs(filepath.Join("..", "..", "mockdesk", "control", "manager", "README.md"))
	require.NoError(t, err)
	b, base := newManagerBench(t)
	said, commands := b.writtenPage(page, "WIRE="+base, "cli")
	require.Greater(t, commands, 10)
	assert.Contains(t, said, "IMAGE: photo.png")
	assert.Contains(t, said, "handshakes are refused: the licence is EXPIRED")
	config, err := standalone.LoadManager("desk.yaml")
	require.NoError(t, err)
	assert.Equal(t, "zoe", config.Agents[0].Username)
}

func TestTheWireOfADesk(t *testing.T) {
	b := newDeskBench(t)
	native := b.says(0, "wire", "show")
	assert.Equal(t, string(wire.NativeFile()), native)
	require.NoError(t, os.WriteFile("other.wire.yaml", []byte(strings.Replace(native, "name: native", "name: other", 1)), 0o600))
	assert.Equal(t, "the desk speaks the wire other from now on\n", b.says(0, "wire", "set", "other.wire.yaml"))
	assert.Contains(t, b.says(0, "wire", "show"), "name: other")
	require.NoError(t, os.WriteFile("wrong.wire.yaml", []byte("wire: 1\nname: wrong\nrouts: []\n"), 0o600))
	b.says(2, "wire", "set", "wrong.wire.yaml")
	assert.Contains(t, b.stderr.String(), "wrong.wire.yaml:3:1: routs: unknown key")
	assert.Contains(t, b.says(0, "wire", "show"), "name: other", "what is wrong changes nothing")
}
