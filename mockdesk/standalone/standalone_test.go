package standalone_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/standalone"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const patience = time.Minute

// start serves on free ports, with what change makes of the configuration.
func start(t *testing.T, c standalone.Config) *standalone.Server {
	t.Helper()
	c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
	desk, err := standalone.Start(c, standalone.Options{Environment: func(string) string { return "a-token-of-the-environment" }, Version: "test"})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, desk.Stop(ctx))
	})
	return desk
}

func TestOnePortSpeaksPlainAndTLS(t *testing.T) {
	desk := start(t, standalone.Config{Tenants: []standalone.Tenant{{NewTenant: api.NewTenant{Name: "one", Availability: "unknown"}}}})
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(desk.Certificate()))
	trusting := &tls.Config{RootCAs: roots}
	transport := &http.Transport{TLSClientConfig: trusting, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		// What browsers do by themselves: everything below localhost is this machine.
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}}
	defer transport.CloseIdleConnections()
	caller := &http.Client{Transport: transport, Timeout: patience}
	one, whole := desk.Wire("one"), desk.Wire("default")
	for address, want := range map[string]string{
		whole.URL: "online", whole.TLSURL: "online", whole.NameURL: "online", one.URL: "unknown", one.TLSURL: "unknown", one.NameURL: "unknown", strings.Replace(one.NameURL, "http", "https", 1): "unknown",
	} {
		response, err := caller.Get(address + "/v1/availability")
		require.NoError(t, err, address)
		raw, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.JSONEq(t, `{"status":"`+want+`","waiting":0}`, string(raw), address)
	}
	for _, address := range []string{whole.SocketURL, whole.TLSSocketURL} {
		id := "conversation-" + strings.Repeat("x", len(address))
		r, err := http.NewRequest(http.MethodPut, whole.URL+"/v1/conversations/"+id, nil)
		require.NoError(t, err)
		response, err := caller.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		dialer := websocket.Dialer{TLSClientConfig: trusting}
		socket, _, err := dialer.Dial(address+"/v1/conversations/"+id+"/events", nil)
		require.NoError(t, err, address)
		require.NoError(t, socket.SetReadDeadline(time.Now().Add(patience)))
		_, hello, err := socket.ReadMessage()
		require.NoError(t, err)
		assert.Contains(t, string(hello), "hello")
		// Cutting it must be seen through TLS as well.
		control := client.New(desk.ControlURL(), first(desk.Token()), nil).Tenant("default")
		_, err = control.CutSockets(t.Context(), id, api.NoAct{})
		require.NoError(t, err)
		_, _, err = socket.ReadMessage()
		require.Error(t, err)
		_ = socket.Close() // It is broken already.
	}
}

func first(token string, _ bool) string { return token }

func TestStopping(t *testing.T) {
	c := standalone.Config{Control: standalone.Control{TokenEnv: "TOKEN"}, TLS: standalone.TLS{Off: true}}
	c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
	desk, err := standalone.Start(c, standalone.Options{Environment: func(string) string { return "a-token-of-the-environment" }})
	require.NoError(t, err)
	token, made := desk.Token()
	assert.Equal(t, "a-token-of-the-environment", token)
	assert.False(t, made)
	assert.Equal(t, "TOKEN", desk.TokenVariable())
	caller := client.New(desk.ControlURL(), token, nil)
	require.NoError(t, caller.Ready(t.Context()))
	silent, err := net.Dial("tcp", strings.TrimPrefix(desk.Wire("default").URL, "http://"))
	require.NoError(t, err)
	defer silent.Close()
	require.NoError(t, silent.SetDeadline(time.Now().Add(patience)))
	began := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- caller.Tenant("default").Follow(t.Context(), client.Follow{Began: func() { close(began) }}, func(api.Entry) error { return nil })
	}()
	<-began
	const conversation = "/v1/conversations/conversation-0001"
	opened, err := http.NewRequestWithContext(t.Context(), http.MethodPut, desk.Wire("default").URL+conversation, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(opened)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	socket, _, err := websocket.DefaultDialer.DialContext(t.Context(), desk.Wire("default").SocketURL+conversation+"/events", nil)
	require.NoError(t, err)
	defer socket.Close()
	closed := make(chan error, 1)
	go func() {
		var err error
		for err == nil {
			_, _, err = socket.ReadMessage()
		}
		closed <- err
	}()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, desk.Stop(ctx))
	assert.ErrorContains(t, <-closed, "close 1001 (going away): the desk closes", "sockets are closed in order")
	assert.ErrorContains(t, <-ended, "the server stops", "streams are told")
	_, err = silent.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	var away *client.Unreachable
	require.ErrorAs(t, caller.Health(t.Context()), &away)
}

func TestOnlyTheLoopbackUnlessTold(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.168.1.1:0", "desk.example:0"} {
		for _, listen := range []standalone.Listen{{Wire: address}, {Control: address}} {
			_, err := standalone.Start(standalone.Config{Listen: listen}, standalone.Options{})
			var wrong *standalone.Mistake
			require.ErrorAs(t, err, &wrong, address)
			assert.ErrorContains(t, err, "is not of the loopback")
			assert.Contains(t, wrong.Fix, "--expose")
		}
	}
	for flag, listen := range map[string]standalone.Listen{"--wire": {Wire: "nowhere"}, "--control": {Control: "nowhere"}} {
		_, err := standalone.Start(standalone.Config{Listen: listen}, standalone.Options{})
		require.ErrorContains(t, err, flag+`: "nowhere" is no address`)
	}
	for _, address := range []string{"127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:desk"} {
		_, err := standalone.Start(standalone.Config{Listen: standalone.Listen{Wire: address}}, standalone.Options{})
		var wrong *standalone.Mistake
		require.ErrorAs(t, err, &wrong, "that is of whoever wrote it, and no fault of the machine")
		assert.ErrorContains(t, err, "there is no port")
		assert.NotEmpty(t, wrong.Fix)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = standalone.Start(standalone.Config{Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: taken.Addr().String()}}, standalone.Options{})
	var occupied *standalone.Occupied
	require.ErrorAs(t, err, &occupied)
	require.ErrorContains(t, occupied, "the control API cannot listen on "+taken.Addr().String())
	assert.Equal(t, "end what listens there, most likely another desk, or choose another address with --control; port 0 takes a free one", occupied.Fix)
	var wrong *standalone.Mistake
	require.NotErrorAs(t, err, &wrong, "that is of the machine")
	_, err = standalone.Start(standalone.Config{Control: standalone.Control{TokenEnv: "SHORT"}}, standalone.Options{Environment: func(string) string { return "short" }})
	require.ErrorContains(t, err, "SHORT is to hold the token, and holds 5 characters")
}

// TestAWireIsReadAgainWhenItIsSaved saves the wire of a desk that runs: with another route, with a mistake, and well again.
func TestAWireIsReadAgainWhenItIsSaved(t *testing.T) {
	folder := t.TempDir()
	text := func(path string) string {
		return "wire: 1\nname: quick\nroutes:\n  - on: GET " + path + "\n    means: availability\n    answers:\n      told: {json: {is: \"${result.status}\"}}\nevents:\n  agent.joined: {json: {type: here}}\n"
	}
	file := filepath.Join(folder, "quick.wire.yaml")
	save := func(text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(file+".new", []byte(text), 0o600))
		require.NoError(t, os.Rename(file+".new", file))
	}
	save(text("/first"))
	path := filepath.Join(folder, "desk.yaml")
	require.NoError(t, os.WriteFile(path, []byte("tenants:\n  - name: default\n    wire: quick.wire.yaml\n"), 0o600))
	c, err := standalone.Load(path)
	require.NoError(t, err)
	c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
	logged := make(chan string, 10)
	desk, err := standalone.Start(c, standalone.Options{Environment: os.Getenv, Log: slog.New(slog.NewTextHandler(lines(logged), nil))})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, desk.Stop(ctx))
	})
	hears := func(words string) {
		t.Helper()
		for {
			select {
			case line := <-logged:
				if strings.Contains(line, words) {
					return
				}
			case <-time.After(patience):
				require.Fail(t, "the desk never said: "+words)
			}
		}
	}
	status := func(path string) int {
		t.Helper()
		response, err := http.Get(desk.Wire("default").URL + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	hears("whenever it is saved")
	assert.Equal(t, http.StatusOK, status("/first"))
	save(text("/second"))
	hears("is spoken")
	assert.Equal(t, http.StatusOK, status("/second"))
	assert.Equal(t, http.StatusNotFound, status("/first"))
	save("wire: 1\nname: quick\nrouts: []\n")
	hears("quick.wire.yaml:3:1: routs: unknown key")
	assert.Equal(t, http.StatusOK, status("/second"), "the one before goes on")
	save(text("/second"))
	hears("the wire has no mistakes any more, and is spoken as before")
	save(text("/second"))
	save(text("/third"))
	assert.Contains(t, <-logged, "the wire was saved, and is spoken", "it was said once that the mistake is mended")
	one := client.New(desk.ControlURL(), first(desk.Token()), nil).Tenant("default")
	_, err = one.Reset(t.Context())
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status("/third"), "a reset brings back what was saved last and was well")
}

// lines hands over what is written to it.
type lines chan string

func (l lines) Write(line []byte) (int, error) {
	l <- string(line)
	return len(line), nil
}

func TestTheFile(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	write("billing.yaml", "queue: biling\nsteps:\n  - join\n")
	write("greeter.yaml", "agent: zoe\nsteps:\n  - join\n")
	path := write("desk.yaml", `
listen: {wire: 127.0.0.1:0}
control: {hosts: [desk.example], open-console: false}
tenants:
  - name: checkout
    agents:
      - {id: zoe, name: Zoë, avatar-url: https://desk.example/zoe.png, queues: [billing]}
    queues: [billing]
    availability: online
    uploads: {allowed: true, max-bytes: 1000, types: .pdf}
    clock: {mode: manual, start: 2026-03-01T09:00:00Z}
    journal: {limit: 500, redact: [pin]}
    scripts: {greeter: greeter.yaml}
    chaos: chaos.yaml
`)
	write("chaos.yaml", "share: 0.5\nfaults:\n  - {fault: {kind: duplicate}, weight: 1}\n")
	c, err := standalone.Load(path)
	require.NoError(t, err)
	var log bytes.Buffer
	c.Listen.Control = "127.0.0.1:0"
	desk, err := standalone.Start(c, standalone.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, desk.Stop(context.Background())) })
	one := client.New(desk.ControlURL(), first(desk.Token()), nil).Tenant("checkout")
	described, err := one.Describe(t.Context())
	require.NoError(t, err)
	assert.Equal(t, api.Clock{Now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Mode: "manual"}, described.Clock)
	assert.Equal(t, 500, described.Journal.Limit)
	assert.Equal(t, "online", described.Availability.Says)
	agents, err := one.Agents(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []api.Agent{{ID: "zoe", Name: "Zoë", AvatarURL: "https://desk.example/zoe.png", Online: true, Queues: []string{"billing"}, Conversations: []string{}}}, agents)
	rules, err := one.Uploads(t.Context())
	require.NoError(t, err)
	assert.Equal(t, int64(1000), rules.MaxBytes)
	chaos, err := one.Chaos(t.Context())
	require.NoError(t, err)
	assert.Contains(t, chaos.Says, "on 0.5 of arrivals anywhere: 1 × double the frame")
	assert.Contains(t, log.String(), fmt.Sprintf("tenant=checkout seed=%d", chaos.Options.Seed))
	write("cruel.yaml", "share: 0.5\nfaults:\n  - {fault: {kind: hold}, weight: 1}\n")
	scripts, err := one.Scripts(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "greeter", scripts[0].Name)
	for text, want := range map[string]string{
		"lisen: {}\n":                                                   "desk.yaml:1:1: lisen: unknown key; did you mean listen?",
		"listen:\n  wire: 8470\n":                                       "desk.yaml:2:9: listen.wire: expected a host and a port",
		"tenants:\n  - agents: []\n":                                    "desk.yaml:2:5: tenants[0].name: expected",
		"tenants:\n  - name: a\n  - name: a\n":                          "desk.yaml:3:11: tenants[1].name: there is a tenant a already",
		"tenants:\n  - name: a\n    availability: onlin\n":              "did you mean online?",
		"tenants:\n  - name: a\n    clock: {start: noon}\n":             "expected a time as in RFC 3339",
		"tls: {key: k}\n":                                               "tls: expected certificate: and key:",
		"tenants:\n  - name: a\n    scripts: {greeter: greeter.yaml}\n": "greeter.yaml:1:8: agent: there is no agent zoe",
		"tenants:\n  - name: a\n    queues: [billing]\n    scripts: {billing: billing.yaml}\n":                `billing.yaml:1:8: queue: there is no queue "biling"; did you mean billing?`,
		"tenants:\n  - name: a\n    queues: [billing]\n    agents: [{id: x, queues: [billing, biling]}]\n":    `desk.yaml:4:40: tenants[0].agents[0].queues[1]: the tenant a has no queue "biling"; did you mean billing?`,
		"tenants:\n  - name: a\n    queues: [billing, returns]\n    agents: [{id: x, queues: [elsewhere]}]\n": `the tenant a has no queue "elsewhere"; its queues are billing, returns`,
		"tenants:\n  - name: a\n    scripts: {greeter: nowhere.yaml}\n":                                       "desk.yaml:3:24: tenants[0].scripts.greeter: the script " + filepath.Join(folder, "nowhere.yaml") + " does not exist",
		"tenants:\n  - name: a\n    wire: nowhere.yaml\n":                                                     "desk.yaml:3:11: tenants[0].wire: the wire " + filepath.Join(folder, "nowhere.yaml") + " does not exist",
		"tenants:\n  - name: a\n    wire: .\n":                                                                "desk.yaml:3:11: tenants[0].wire: the wire " + folder + " is no file",
		"tls: {certificate: c.pem, key: desk.yaml}\n":                                                         "desk.yaml:1:20: tls.certificate: " + filepath.Join(folder, "c.pem") + " does not exist",
		"listen: {control: '127.0.0.1:99999'}\n":                                                              `desk.yaml:1:19: listen.control: "127.0.0.1:99999" is no address: there is no port 99999`,
		"tenants:\n  - name: a\n    chaos: cruel.yaml\n":                                                      `cruel.yaml:3:20: faults[0].fault.kind: "hold" waits`,
		"tenants:\n  - name: a\n    chaos: nowhere.yaml\n":                                                    "desk.yaml:3:12: tenants[0].chaos: the chaos " + filepath.Join(folder, "nowhere.yaml") + " does not exist",
		"tenants:\n  - name: a\n    agents: [{id: x}, {id: x}]\n":                                             "there is an agent x already",
		"a: [\n":      "desk.yaml:",
		"- a\n":       "expected keys with values",
		"listen: 1\n": "desk.yaml:1:9: listen: expected wire:",
	} {
		_, err := standalone.Load(write("wrong.yaml", text))
		var wrong *standalone.Mistake
		require.ErrorAs(t, err, &wrong, text)
		assert.ErrorContains(t, err, strings.Replace(want, "desk.yaml", "wrong.yaml", 1), text)
		assert.NotEmpty(t, wrong.Fix, text)
	}
	_, err = standalone.Load(write("open.yaml", "tenants:\n  - name: a\n    agents: [{id: ada, queues: [biling]}]\n    scripts: {billing: billing.yaml}\n"))
	require.NoError(t, err, "a tenant that names no queues has any")
	_, err = standalone.Load(filepath.Join(folder, "none.yaml"))
	require.ErrorContains(t, err, "none.yaml does not exist")
}

func FuzzLoad(f *testing.F) {
	f.Add("listen: {wire: 127.0.0.1:0}\ntls: {key: k, certificate: c}\ntenants:\n  - name: a\n    agents: [{id: x}]\n")
	f.Add("tenants:\n  - name: a\n    wire: none.yaml\n    clock: {mode: manual, start: 2026-03-01T09:00:00Z}\n    journal: {limit: 500, redact: [pin]}\n")
	f.Add("control: &a {hosts: [*a]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "desk.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := standalone.Load(path); err != nil {
			var wrong *standalone.Mistake
			require.ErrorAs(t, err, &wrong, "whoever wrote the file is told what is wrong with it")
		}
	})
}
