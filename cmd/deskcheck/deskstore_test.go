package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskcheck"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/standalone"
	"deskcheck/steps/browser"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serves runs "deskcheck desk" on free ports until end is called, which gives its exit code; said is what it printed by the time it was open.
func serves(t *testing.T, b *bench, args ...string) (said string, end func() int) {
	t.Helper()
	read, write := io.Pipe()
	b.out.Writer = write
	b.startDesk = standalone.Start
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- b.execute(ctx, append([]string{"desk", "--wire", "127.0.0.1:0", "--control", "127.0.0.1:0"}, args...))
		_ = write.Close()
	}()
	lines := bufio.NewScanner(read)
	var all []string
	for lines.Scan() && !strings.Contains(lines.Text(), "export") {
		all = append(all, lines.Text())
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	return strings.Join(all, "\n"), func() int {
		cancel()
		return <-code
	}
}

// benchHere is another bench in the folder of the one before.
func benchHere(t *testing.T) *bench {
	t.Helper()
	here, err := os.Getwd()
	require.NoError(t, err)
	b := newBench(t)
	t.Chdir(here)
	return b
}

// TestWhereADeskIsSaved starts desks in one folder, and looks at what is in it and at who is let in.
func TestWhereADeskIsSaved(t *testing.T) {
	b := newBench(t)
	said, end := serves(t, b, "--ephemeral")
	assert.Contains(t, said, "saved    nowhere")
	assert.Zero(t, end())
	assert.NoDirExists(t, ".deskcheck")
	require.NoError(t, os.WriteFile("desk.yaml", []byte("store: {off: true}\n"), 0o600))
	_, end = serves(t, benchHere(t))
	assert.Zero(t, end())
	assert.NoDirExists(t, ".deskcheck")
	require.NoError(t, os.Remove("desk.yaml"))
	said, end = serves(t, benchHere(t), "--demo")
	assert.Contains(t, said, "saved    nowhere")
	assert.Zero(t, end())
	assert.NoDirExists(t, ".deskcheck")
	said, end = serves(t, benchHere(t), "--demo", "--store", "demo.db")
	assert.Contains(t, said, "saved    demo.db")
	assert.Zero(t, end())
	help := benchHere(t)
	assert.Zero(t, help.does("desk", "--help"))
	assert.Contains(t, strings.Join(strings.Fields(help.stdout.String()), " "), "--ephemeral saves nothing, and neither does --demo unless --store is given")

	said, end = serves(t, benchHere(t))
	assert.Regexp(t, `(?m)^saved    \.deskcheck/desk\.db +conversations go on after a restart$`, said)
	ignored, err := os.ReadFile(".deskcheck/.gitignore")
	require.NoError(t, err)
	assert.Equal(t, "*\n", string(ignored))
	assert.FileExists(t, ".deskcheck/desk.db")
	refused := func(want string, args ...string) {
		t.Helper()
		other := benchHere(t)
		_, end := serves(t, other, args...)
		assert.Equal(t, 2, end())
		assert.Contains(t, other.stderr.String(), want)
	}
	refused("the desk's file .deskcheck/desk.db is in use by another process")
	assert.Equal(t, 2, benchHere(t).does("desk", "reset", "--store", ".deskcheck/desk.db"), "not while it runs")
	assert.Zero(t, end())
	refused("--store says where the desk is saved, and --ephemeral that it is not", "--store", "desk.db", "--ephemeral")

	db, err := sql.Open("sqlite", ".deskcheck/desk.db")
	require.NoError(t, err)
	_, err = db.Exec("PRAGMA user_version = 99")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	refused("was written by another version of deskcheck (its format is 99")
	require.NoError(t, os.WriteFile("desk.yaml", []byte("store:\n  file: mine.db\n  age: long\n"), 0o600))
	refused("desk.yaml:3:8: store.age: expected a duration")
	require.NoError(t, os.WriteFile("desk.yaml", []byte("store:\n  file: mine.db\n"), 0o600))
	said, end = serves(t, benchHere(t))
	assert.Contains(t, said, "saved    mine.db")
	assert.Zero(t, end())
	reset := benchHere(t)
	assert.Zero(t, reset.does("desk", "reset", "--store", "mine.db"), reset.stderr.String())
	assert.Equal(t, "mine.db is removed\n", reset.stdout.String())
	assert.NoFileExists(t, "mine.db")
	assert.Equal(t, 2, benchHere(t).does("desk", "reset", "--store", "mine.db"), "there is none")
}

// TestTheReferenceIntegrationGoesOnAfterARestart has a user talk to an agent in a browser while the desk is stopped and started again.
func TestTheReferenceIntegrationGoesOnAfterARestart(t *testing.T) {
	config := standalone.Config{Store: standalone.Store{File: filepath.Join(t.TempDir(), "desk.db")}, Control: standalone.Control{TokenEnv: "TOKEN"}, TLS: standalone.TLS{Off: true}}
	config.Listen.Wire, config.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
	const token = "a-token-of-the-environment"
	var desk *standalone.Server
	start := func() {
		var err error
		desk, err = standalone.Start(config, standalone.Options{Environment: func(string) string { return token }})
		require.NoError(t, err)
	}
	stop := func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, desk.Stop(ctx))
	}
	start()
	t.Cleanup(func() { stop() })
	config.Listen.Wire, config.Listen.Control = strings.TrimPrefix(desk.Wire("default").URL, "http://"), strings.TrimPrefix(desk.ControlURL(), "http://")
	agents := client.New(desk.ControlURL(), token, nil).Tenant("default")

	page, err := deskcheck.DemoChat(desk.Wire("default").URL, desk.Wire("default").SocketURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	chat := &http.Server{Handler: page, ReadHeaderTimeout: time.Minute}
	go func() { _ = chat.Serve(listener) }()
	t.Cleanup(func() { _ = chat.Close() })
	pool, err := browser.Launch(t.Context(), browser.Options{Tabs: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	user, err := pool.Lease(ctx)
	require.NoError(t, err)
	t.Cleanup(user.Release)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, user.Open(ctx, "http://localhost:"+port+"/", func(browser.Message) {}))
	writes := func(text string) {
		t.Helper()
		require.NoError(t, user.Type(ctx, "message input", text, 0))
		require.NoError(t, user.Press(ctx, "Enter"))
	}
	agentSays := func(text string) {
		t.Helper()
		_, err := agents.Say(ctx, "@last", api.SayAct{Text: text})
		require.NoError(t, err)
		require.NoError(t, user.Evaluate(ctx, fmt.Sprintf(`new Promise((resolve) => {
			const look = () => document.body.innerText.includes(%q) && resolve();
			new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
			look();
		})`, text), nil), text)
	}
	heard := func(match string) {
		t.Helper()
		_, err := agents.Wait(ctx, api.Wait{Match: match, Timeout: api.Duration(time.Minute)})
		require.NoError(t, err)
	}

	writes("I would like an agent")
	require.NoError(t, user.Click(ctx, "request agent", 0))
	heard(`kind == "opened"`)
	_, err = agents.Join(ctx, "@last", api.AgentAct{})
	require.NoError(t, err)
	agentSays("said before the restart")
	writes("written before the restart")
	heard(`kind == "response" && data.method == "PUT" && data.path contains "/messages/"`)

	stop()
	start()
	// Said while nobody listens: the client has to ask for what it has missed.
	agentSays("said after the restart")
	writes("written after the restart")
	heard(`kind == "request" && data.body.text == "written after the restart"`)
	agentSays("the last word")

	var seen string
	require.NoError(t, user.Evaluate(ctx, `document.body.innerText`, &seen))
	for _, line := range []string{"said before the restart", "written before the restart", "said after the restart", "written after the restart", "the last word"} {
		assert.Equal(t, 1, strings.Count(seen, line), "%q is there once", line)
	}
	said, err := agents.Lines(ctx, "@last", 0, 100)
	require.NoError(t, err)
	var texts []string
	for _, line := range said.Lines {
		texts = append(texts, line.Text)
	}
	assert.Equal(t, []string{"said before the restart", "written before the restart", "said after the restart", "written after the restart", "the last word"}, texts)
}
