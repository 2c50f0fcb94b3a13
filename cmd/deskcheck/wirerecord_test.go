package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"deskcheck/mockdesk/wire"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestARecordingFromTheCommandLine has a script do the steps: it speaks for both sides, and marks what has no line.
func TestARecordingFromTheCommandLine(t *testing.T) {
	desk := newDeskBench(t)
	b := newBench(t)
	read, write := io.Pipe()
	b.out.Writer = write
	b.in = input{Reader: strings.NewReader("")}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code := make(chan int, 1)
	go func() {
		code <- b.execute(ctx, []string{"wire", "record", "--to", desk.desk.Wire("default").URL, "--listen", "127.0.0.1:0"})
		_ = write.Close()
	}()
	printed := make(chan string, 1)
	address := make(chan string, 1)
	go func() {
		var all strings.Builder
		buffer := make([]byte, 4096)
		at := regexp.MustCompile(`recorder +(http://\S+)`)
		for {
			n, err := read.Read(buffer)
			all.Write(buffer[:n])
			if found := at.FindStringSubmatch(all.String()); found != nil && len(address) == 0 {
				address <- found[1]
				at = regexp.MustCompile(`^never$`)
			}
			if err != nil {
				printed <- all.String()
				return
			}
		}
	}()
	recorder := <-address
	marks := func(step string) { require.NoError(t, mark(ctx, recorder, step)) }
	ask := func(method, path, body string) {
		request, err := http.NewRequestWithContext(ctx, method, recorder+path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer a-canary-secret")
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	const one = "/v1/conversations/3f0c2f0e-5d0b-4b8e-9a65-0d8a3c1f7b11"
	ask("GET", "/v1/availability?queue=birds", "")
	marks("start")
	ask("PUT", one, `{"queue":"birds"}`)
	marks("user-says")
	ask("PUT", one+"/messages/k1-0042", `{"text":"The blue canary sings before breakfast"}`)
	marks("user-ends")
	ask("DELETE", one, "")
	marks("done")
	require.Zero(t, <-code, b.stderr.String())
	said := <-printed
	assert.Contains(t, said, "recorded.wire.yaml is the wire, a first one")
	assert.Contains(t, said, "  no words for agent.joined: the step join was not done\n")
	w, err := wire.Load("recorded.wire.yaml")
	require.NoError(t, err)
	assert.Equal(t, []string{"GET /v1/availability", "PUT /v1/conversations/{conversation}", "PUT /v1/conversations/{conversation}/messages/{message}", "DELETE /v1/conversations/{conversation}"}, w.RouteList())
	for _, file := range []string{"recorded.wire.yaml", "recorded.traffic.ndjson"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "a-canary-secret")
		assert.NotContains(t, string(text), "3f0c2f0e", "whoever knows the id has the conversation")
	}

	again := newBench(t)
	require.NoError(t, os.WriteFile("t.ndjson", []byte(`{"kind":"mark","step":"nap"}`), 0o600))
	assert.Equal(t, 2, again.does("wire", "record", "--from", "t.ndjson"))
	assert.Contains(t, again.stderr.String(), `error: t.ndjson:1: step: there is no step "nap"`)
}

// TestASignalEndsARecordingInOrder stops recorders in the middle, as a person does with Ctrl-C and a supervisor with SIGTERM: what has passed until then becomes a wire.
func TestASignalEndsARecordingInOrder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("is about signals")
	}
	desk := newDeskBench(t)
	for _, name := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := exec.CommandContext(ctx, os.Args[0], "wire", "record", "--to", desk.desk.Wire("default").URL, "--listen", "127.0.0.1:0")
		c.Env, c.Dir = append(os.Environ(), asProgram+"=1"), t.TempDir()
		out, err := c.StdoutPipe()
		require.NoError(t, err)
		keeps, err := c.StdinPipe() // Somebody is there, and presses no key.
		require.NoError(t, err)
		require.NoError(t, c.Start())
		said := bufio.NewReader(out)
		line, err := said.ReadString('\n')
		require.NoError(t, err)
		recorder := strings.Fields(line)[1]
		answer, err := http.Get(recorder + "/v1/availability?queue=birds") //nolint:noctx // The process ends it.
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.NoError(t, c.Process.Signal(name))
		rest, err := io.ReadAll(said)
		require.NoError(t, err)
		require.NoError(t, c.Wait(), "%s: %s", name, rest)
		_ = keeps.Close() // Wait has closed it.
		assert.Contains(t, string(rest), "recorded.wire.yaml is the wire, a first one")
		w, err := wire.Load(filepath.Join(c.Dir, "recorded.wire.yaml"))
		require.NoError(t, err)
		assert.Equal(t, []string{"GET /v1/availability"}, w.RouteList())
	}
}

func TestMistakesInRecording(t *testing.T) {
	for want, args := range map[string][]string{
		"error: it is not known where the desk is\nfix:   name it with --to":             {"wire", "record"},
		`error: --to: expected an address such as https://chat.vendor.example, found "x`: {"wire", "record", "--to", "x"},
		`error: --listen: "0.0.0.0:0" is no address of the loopback`:                     {"wire", "record", "--to", "http://127.0.0.1:1", "--listen", "0.0.0.0:0"},
		`error: there is no step "joyn"; closest: join`:                                  {"wire", "mark", "joyn"},
		"error: the traffic cannot be read":                                              {"wire", "record", "--from", "absent"},
		"error: --host: ":                                                                {"wire", "record", "--host", "chat.acme.example:0"},
	} {
		b := newBench(t)
		assert.Equal(t, 2, b.does(args...), "%v", args)
		assert.Contains(t, b.stderr.String(), want)
	}
	b := newBench(t)
	require.NoError(t, os.WriteFile("recorded.wire.yaml", nil, 0o600))
	assert.Equal(t, 2, b.does("wire", "record", "--to", "http://127.0.0.1:1"))
	assert.Contains(t, b.stderr.String(), "recorded.wire.yaml is there already")
	b = newBench(t)
	require.NoError(t, os.WriteFile("recorded.traffic.ndjson", nil, 0o600))
	assert.Equal(t, 2, b.does("wire", "record", "--to", "http://127.0.0.1:1"))
	assert.Contains(t, b.stderr.String(), "recorded.traffic.ndjson is there already, and nothing is written over\nfix:   make a wire of it with --from recorded.traffic.ndjson, ")
	assert.Equal(t, 3, b.does("wire", "mark", "join", "--recorder", (&url.URL{Scheme: "http", Host: "127.0.0.1:1"}).String()))
}
