//go:build unix

package connector_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/steps/connector"
)

// roleKey is the variable that has the test binary play a connector.
const roleKey = "CONNECTOR_ROLE"

// roles are what the test binary can be, each a connector of some sort. It gives its exit code.
var roles = map[string]func() int{
	"healthy": func() int { return serve(http.HandlerFunc(environment), syscall.SIGTERM) },
	"stubborn": func() int {
		signal.Ignore(syscall.SIGTERM)
		return serve(http.HandlerFunc(environment), syscall.SIGUSR1)
	},
	"unhealthy": func() int {
		return serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not yet", http.StatusServiceUnavailable) }), syscall.SIGTERM)
	},
	"fails": func() int {
		fmt.Fprintln(os.Stderr, "cannot read the configuration")
		return 3
	},
	"talks": func() int {
		for i := range 300 {
			fmt.Fprintln(os.Stdout, "line", i)
		}
		fmt.Fprintln(os.Stderr, strings.Repeat("x", 10_000))
		fmt.Fprintln(os.Stderr, "secret", os.Getenv("A"), os.Getenv("B"), "Authorization: Bearer abcdefghijkl", "last")
		return 1
	},
	"robbed": func() int {
		response, err := http.Get(os.Getenv("THIEF") + "/" + os.Getenv("PORT"))
		if err != nil || response.Body.Close() != nil {
			return 2
		}
		return serve(http.HandlerFunc(environment), syscall.SIGTERM)
	},
	"kit": func() int {
		// A kit that is killed while its connector runs.
		p := connector.Program{Command: []string{os.Args[0]}, Ready: "/health", Env: map[string]string{roleKey: "stubborn", "PORT": "${port}"}}
		r, err := connector.Start(context.Background(), p, nil)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Fprintln(os.Stdout, r.Base())
		return 0
	},
	"parent": func() int {
		child := exec.Command(os.Args[0])
		child.Env = []string{roleKey + "=stubborn", "PORT=" + os.Getenv("PORT")}
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		wait := make(chan os.Signal, 1)
		signal.Notify(wait, syscall.SIGTERM)
		<-wait
		return 0
	},
}

func TestMain(m *testing.M) {
	if play := roles[os.Getenv(roleKey)]; play != nil {
		os.Exit(play())
	}
	os.Exit(m.Run())
}

// serve answers at PORT until a signal comes.
func serve(h http.Handler, end os.Signal) int {
	ctx, stop := signal.NotifyContext(context.Background(), end)
	defer stop()
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: h}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(os.Stdout, "ended when asked to")
	return 0
}

// environment tells what the process was given.
func environment(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" {
		return
	}
	wd, _ := os.Getwd()
	text, _ := os.ReadFile(os.Getenv("FILE"))
	fmt.Fprintf(w, "%s\n%s\n%s\n%s", strings.Join(os.Environ(), "\n"), wd, text, strings.Join(os.Args[1:], " "))
}

func as(t *testing.T, role string) connector.Program {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return connector.Program{
		Command: []string{self}, Dir: t.TempDir(), Ready: "/health", StopWithin: 10 * time.Second,
		Env: map[string]string{roleKey: role, "PORT": "${port}"},
	}
}

func start(t *testing.T, p connector.Program, v connector.Values) *connector.Running {
	t.Helper()
	r, err := connector.Start(t.Context(), p, v)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Stop() })
	return r
}

func get(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

func TestAConnectorIsGivenWhatWasMadeForItAndNothingElse(t *testing.T) {
	t.Setenv("KITS_OWN_SECRET", "never")
	t.Setenv("LICENCE", "l-1")
	p := as(t, "healthy")
	p.Command = append(p.Command, "--account=${account}", "--as-is=$${account}")
	p.Env["ACCOUNT"], p.Env["FILE"], p.Env["L"] = "${account}", "${dir}/conf/a.json", "${env.LICENCE}"
	p.Files = []connector.File{{Path: "conf/a.json", Text: `{"secret":"${client.secret}","shell":"$HOME $${HOME}"}`}}
	r := start(t, p, connector.Values{"account": "acme", "client.secret": "s-1"})
	told := get(t, r.Base()+"/")
	assert.Contains(t, told, "ACCOUNT=acme\n")
	assert.Contains(t, told, "L=l-1\n")
	assert.Contains(t, told, `{"secret":"s-1","shell":"$HOME ${HOME}"}`)
	assert.True(t, strings.HasSuffix(told, "--account=acme --as-is=${account}"), told)
	assert.Contains(t, told, "\n"+p.Dir+"\n")
	assert.Contains(t, told, "PATH=")
	assert.NotContains(t, told, "KITS_OWN_SECRET")

	_, port, err := net.SplitHostPort(strings.TrimPrefix(r.Base(), "http://"))
	require.NoError(t, err)
	assert.Contains(t, told, "PORT="+port+"\n")
	at, err := r.At("/driver?account=${account}")
	require.NoError(t, err)
	assert.Equal(t, r.Base()+"/driver?account=acme", at)
	at, err = r.At("http://127.0.0.1:1/x")
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:1/x", at)
	at, err = r.AtWith("/#${user.name}:${port}", connector.Values{"user.name": "Ann"})
	require.NoError(t, err)
	assert.Equal(t, r.Base()+"/#Ann:"+port, at)
	_, err = r.At("/${webhook.user}")
	require.EqualError(t, err, "${webhook.user} has no value in this run: it is the user name that webhooks come with")

	_, dir, _ := strings.Cut(told, "FILE=")
	dir, _, _ = strings.Cut(dir, "/conf")
	require.DirExists(t, dir)
	require.NoError(t, r.Stop())
	assert.NoDirExists(t, dir, "the files are removed with the connector")
	assert.Equal(t, []string{"ended when asked to"}, r.Output())
	assert.Equal(t, "exit status 0", r.How())
	require.NoError(t, r.Stop(), "a second time nothing happens")
}

func TestNothingOfAConnectorIsLeftBehind(t *testing.T) {
	for role, says := range map[string]string{"parent": "", "stubborn": "the connector did not end within 50ms of being asked to, and was killed"} {
		t.Run(role, func(t *testing.T) {
			p := as(t, role)
			p.StopWithin = 50 * time.Millisecond
			if says == "" {
				p.StopWithin = time.Minute // The parent ends at once; its child would not.
			}
			r := start(t, p, nil)
			if err := r.Stop(); says != "" {
				require.EqualError(t, err, says)
			} else {
				require.NoError(t, err)
			}
			require.Eventually(t, func() bool {
				conn, err := net.Dial("tcp", strings.TrimPrefix(r.Base(), "http://"))
				if err == nil {
					_ = conn.Close()
				}
				return err != nil
			}, 10*time.Second, time.Millisecond, "the child listens no more")
		})
	}
}

func TestAConnectorEndsWithAKitThatIsKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this system does not tell a process of the end of the one that started it")
	}
	kit := exec.Command(os.Args[0])
	kit.Env = []string{roleKey + "=kit"}
	told, err := kit.Output()
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSpace(string(told)), "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 10*time.Second, time.Millisecond, string(told))
}

func TestAConnectorThatCannotRunIsToldWithWhatItPrinted(t *testing.T) {
	missing := as(t, "healthy")
	missing.Command = []string{"./no-such-connector"}
	off := as(t, "healthy")
	off.Command = []string{"no-such-connector"}
	outside := as(t, "healthy")
	outside.Files = []connector.File{{Path: "../a", Text: "b"}}
	nowhere := as(t, "healthy")
	nowhere.Dir = filepath.Join(nowhere.Dir, "gone")
	unhealthy := as(t, "unhealthy")
	unhealthy.ReadyWithin = 500 * time.Millisecond
	misnamed := as(t, "healthy")
	misnamed.Env["X"] = "${acount}"
	worthless := as(t, "healthy")
	worthless.Files = []connector.File{{Path: "a", Text: "${ca}"}}
	unset := as(t, "healthy")
	unset.Command = append(unset.Command, "${env.DESKCHECK_NOT_SET}")
	for name, one := range map[string]struct {
		program connector.Program
		says    []string
	}{
		"no such file":          {missing, []string{"start the connector ./no-such-connector: the program ./no-such-connector cannot be started from the folder " + missing.Dir, "no such file"}},
		"not on the path":       {off, []string{"there is no program no-such-connector on the path"}},
		"no command":            {connector.Program{}, []string{"it has no command"}},
		"file outside":          {outside, []string{`the file "../a" would stand outside of its folder`}},
		"no folder":             {nowhere, []string{"its folder " + nowhere.Dir + " is not there"}},
		"ends":                  {as(t, "fails"), []string{"it ended before it was ready (exit status 3); the last that it printed:\n  cannot read the configuration"}},
		"never ready":           {unhealthy, []string{"it was not ready within 500ms: GET http://127.0.0.1:", "/health is answered 503 Service Unavailable"}},
		"misnamed":              {misnamed, []string{"env.X: there is no ${acount}; did you mean ${account}? $${acount} stands for itself"}},
		"without a value":       {worthless, []string{"the text of a: ${ca} has no value in this run: it is the file with the certificate to trust"}},
		"variable is not set":   {unset, []string{"command[1]: ${env.DESKCHECK_NOT_SET}: the environment variable DESKCHECK_NOT_SET is not set"}},
		"a name of its own":     {program("${nonsense-of-mine}"), []string{"there is no ${nonsense-of-mine}; there are account, api, ca,"}},
		"no environment's":      {program("${env.A B}"), []string{`${env.A B}: "A B" is no name of an environment variable`}},
		"somebody has its port": {robbed(t), []string{"it ended before it was ready (exit status 1): another program listens on its port by now; run it again"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := connector.Start(t.Context(), one.program, nil)
			of := new(connector.Error)
			require.ErrorAs(t, err, &of)
			for _, words := range one.says {
				assert.Contains(t, err.Error(), words)
			}
		})
	}
}

func program(word string) connector.Program { return connector.Program{Command: []string{"x", word}} }

// robbed is a program whose port the test takes before the program does.
func robbed(t *testing.T) connector.Program {
	t.Helper()
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		listener, err := net.Listen("tcp", "127.0.0.1:"+r.URL.Path[1:])
		if assert.NoError(t, err) {
			t.Cleanup(func() { _ = listener.Close() })
		}
	}))
	t.Cleanup(thief.Close)
	p := as(t, "robbed")
	p.Env["THIEF"] = thief.URL
	return p
}

func TestTheLastLinesAreKeptWithoutSecrets(t *testing.T) {
	t.Setenv("VENDOR_TOKEN", "of-the-vendor")
	p := as(t, "talks")
	p.Env["A"], p.Env["B"] = "${client.secret}", "${env.VENDOR_TOKEN}"
	p.Secrets = []string{"line 299"}
	_, err := connector.Start(t.Context(), p, connector.Values{"client.secret": "canary"})
	of := new(connector.Error)
	require.ErrorAs(t, err, &of)
	require.Len(t, of.Output, 200)
	assert.Equal(t, "line 102", of.Output[0])
	assert.Equal(t, "[redacted]", of.Output[197])
	assert.Len(t, of.Output[198], 4096, "a line has an end")
	assert.Equal(t, "secret [redacted] [redacted] Authorization: [redacted] last", of.Output[199])
	assert.NotContains(t, err.Error(), "line 286", "an error tells some of the last")
	assert.Contains(t, err.Error(), "line 290")
}

func TestTheStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(assert.AnError)
	_, err := connector.Start(ctx, as(t, "unhealthy"), nil)
	require.ErrorIs(t, err, assert.AnError)
}

func TestAConnectorThatRunsAlreadyIsAttachedTo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/up" {
			http.Redirect(w, r, "/up", http.StatusFound)
		}
	}))
	t.Cleanup(server.Close)
	r, err := connector.Attach(t.Context(), server.URL+"/", connector.Program{Ready: "/${account}"}, connector.Values{"account": "up"})
	require.NoError(t, err)
	assert.Equal(t, server.URL, r.Base())
	assert.Empty(t, r.Output())
	require.NoError(t, r.Stop())
	select {
	case <-r.Exited():
		t.Error("it has not ended")
	default:
	}
	_, err = connector.Attach(t.Context(), server.URL, connector.Program{}, nil)
	require.NoError(t, err, "where no address is given it is enough that something listens")

	_, err = connector.Attach(t.Context(), server.URL, connector.Program{Ready: "/down", ReadyWithin: time.Second}, nil)
	require.EqualError(t, err, "talk to the connector at "+server.URL+": it was not ready within 1s: GET "+server.URL+"/down is answered 302 Found")
	server.Close()
	_, err = connector.Attach(t.Context(), server.URL, connector.Program{ReadyWithin: 2 * time.Second}, nil)
	require.ErrorContains(t, err, "connection refused")
}

func TestNames(t *testing.T) {
	assert.Equal(t, []string{"account", "env.HOME", "a b", ""}, connector.Used("${account} $${port} ${env.HOME} ${account} ${a b} ${} ${open"))
	for _, name := range connector.Names() {
		require.NoError(t, connector.Known(name))
		assert.NotEmpty(t, connector.Meaning(name))
	}
	full, err := connector.Values{"port": "1"}.Fill("${port} $$${port} $${port} ${open")
	require.NoError(t, err)
	assert.Equal(t, "1 $${port} ${port} ${open", full)
}
