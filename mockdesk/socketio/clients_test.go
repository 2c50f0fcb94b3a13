package socketio_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/socketio"
	"deskcheck/steps/browser"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	soakFor     = flag.Duration("soak", 2*time.Second, "how long the real clients of the soak talk")
	soakClients = flag.Int("soak-clients", 30, "how many real clients the soak has")
)

// clients is where the real clients and what they play are.
const clients = "testdata/clients"

// versions are those of the client, as package.json calls them.
var versions = []string{"4.4.0", "newest"}

var install sync.Once

// needsClients has npm install the clients, once. It skips a test where npm is missing, but not in CI, where nothing may be skipped in silence.
func needsClients(t *testing.T) {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("the real clients were not tried: there is no npm here")
	}
	require.NoError(t, err)
	install.Do(func() {
		locked, err := os.Stat(filepath.Join(clients, "package-lock.json"))
		require.NoError(t, err)
		if there, err := os.Stat(filepath.Join(clients, "node_modules", ".package-lock.json")); err == nil && there.ModTime().After(locked.ModTime()) {
			return
		}
		cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
		cmd.Dir = clients
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", said)
	})
}

// saw is what a scenario saw in a client.
type saw struct {
	Name  string
	Saw   json.RawMessage
	Error string
}

// told is what every transport must carry, as scenarios.mjs gives it.
const told = `{"echoed":["ä€𐐷\u001e",{"deep":[1,null,true]},1.5],"question":"why","answered":["answer to why",42],"binary":["0102fa","between",""],"ordered":true}`

// expected is what each scenario must see.
var expected = map[string]string{
	"upgrading":                  `{"first":"polling","before":["before"],"second":"websocket","talk":` + told + `}`,
	"polling":                    `{"transport":"polling","talk":` + told + `}`,
	"websocket":                  `{"transport":"websocket","talk":` + told + `}`,
	"killed websocket":           `{"reason":"transport close","another":true,"talk":` + told + `}`,
	"killed polling":             `{"reason":"transport error","another":true,"talk":` + told + `}`,
	"refused":                    `{"message":"not today","data":{"code":17,"why":{"token":"secret"}},"connected":false}`,
	"unknown namespace":          `{"message":"Invalid namespace"}`,
	"two namespaces":             `{"one":true,"different":true,"auth":[{"token":"of the other"}],"reason":"io server disconnect","still":["here"]}`,
	"closed by the server":       `{"reason":"transport close","again":["again"]}`,
	"a withheld acknowledgement": `{"first":"none","second":[2]}`,
	"too large by websocket":     `{"reason":"transport close","again":["again"]}`,
	"too large by polling":       `{"reason":"transport error","again":["again"]}`,
	"auth as a string":           `{"reason":"transport close","joined":false}`,
	"raw":                        `{"words":"as it is","reason":"transport error"}`,
	"the heart goes on":          `{"connected":true}`,
}

// theatre is the servers that the scenarios are played with.
type theatre struct {
	main, beating *stage
	mu            sync.Mutex
	auth          map[string]json.RawMessage
}

func openTheatre(t *testing.T) *theatre {
	t.Helper()
	h := &theatre{auth: map[string]json.RawMessage{}}
	h.main = start(t, socketio.Options{Namespaces: []string{"/", "/other", "/refused"}, Connect: h.connect, Event: h.event, Clock: mockdesk.NewAdvancingClock()})
	h.beating = start(t, socketio.Options{Clock: mockdesk.NewAdvancingClock(), PingInterval: 50 * time.Millisecond, PingTimeout: patience})
	return h
}

func (h *theatre) connect(j *socketio.Joining) {
	if j.Namespace == "/refused" {
		_ = j.Refuse("not today", map[string]any{"code": 17, "why": j.Auth})
		return
	}
	if socket, err := j.Accept(); err == nil {
		h.mu.Lock()
		h.auth[socket.ID()] = j.Auth
		h.mu.Unlock()
	}
}

func (h *theatre) event(e *socketio.Event) {
	if e.Name != "auth" {
		answer(e)
		return
	}
	h.mu.Lock()
	auth := h.auth[e.Socket.ID()]
	h.mu.Unlock()
	_ = e.Acknowledge(auth)
}

func (h *theatre) addresses() string {
	return fmt.Sprintf(`{"url":%q,"beating":%q}`, h.main.url, h.beating.url)
}

// check compares what was seen with what must be, and what was recorded meanwhile.
func (h *theatre) check(t *testing.T, all []saw) {
	t.Helper()
	seen := map[string]bool{}
	for _, s := range all {
		seen[s.Name] = true
		if assert.Empty(t, s.Error, s.Name) {
			assert.JSONEq(t, expected[s.Name], string(s.Saw), s.Name)
		}
	}
	assert.Len(t, seen, len(expected), "every scenario was played")
	rules := map[socketio.Rule]int{}
	for _, c := range h.main.crossings(func(c socketio.Crossing) bool { return c.Kind == socketio.Breached }) {
		rules[c.Rule]++
	}
	for rule, times := range map[socketio.Rule]int{socketio.UnknownNamespace: 1, socketio.TooLarge: 2, socketio.MalformedMessage: 1} {
		assert.Equal(t, times, rules[rule], rule)
		delete(rules, rule)
	}
	// A client that ends while it polls, or probes, leaves what it began.
	for _, rule := range []socketio.Rule{socketio.LostTransport, socketio.FailedProbe, socketio.UnknownSession} {
		delete(rules, rule)
	}
	assert.Empty(t, rules, "the clients broke no other rule: %+v", rules)
	assert.Empty(t, h.beating.crossings(func(c socketio.Crossing) bool { return c.Kind == socketio.Breached && c.Rule == socketio.UnaskedPong }))
}

func TestRealClientInNode(t *testing.T) {
	needsClients(t)
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			h := openTheatre(t)
			h.check(t, lines(t, node(t, patience*4, "play.mjs", version, h.addresses())))
		})
	}
}

// node runs a script beside the clients and gives what it printed.
func node(t *testing.T, bound time.Duration, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Dir = clients
	var complained bytes.Buffer
	cmd.Stderr = &complained
	out, err := cmd.Output()
	require.NoError(t, err, "%s%s", out, complained.String())
	return out
}

func lines(t *testing.T, out []byte) []saw {
	t.Helper()
	var all []saw
	scanner := bufio.NewScanner(bytes.NewReader(out))
	for scanner.Scan() {
		var s saw
		require.NoError(t, json.Unmarshal(scanner.Bytes(), &s), scanner.Text())
		all = append(all, s)
	}
	return all
}

func TestRealClientOnAPage(t *testing.T) {
	needsClients(t)
	pool, err := browser.Launch(t.Context(), browser.Options{Tabs: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			h := openTheatre(t)
			all := make(chan saw, len(expected)+1)
			tab, err := pool.Lease(t.Context())
			require.NoError(t, err)
			defer tab.Release()
			require.NoError(t, tab.Open(t.Context(), servePage(t, version, h.addresses(), all), func(browser.Message) {}))
			var seen []saw
			for s := range all {
				seen = append(seen, s)
			}
			h.check(t, seen)
		})
	}
}

// servePage serves a page with a client, from an origin of its own, and gives its address. What the page saw comes through all, which is closed after the last or when it is late.
func servePage(t *testing.T, version, addresses string, all chan<- saw) string {
	t.Helper()
	done := sync.OnceFunc(func() { close(all) })
	late := time.AfterFunc(4*patience, done)
	mux := http.NewServeMux()
	for path, file := range map[string]string{"/{$}": "page.html", "/scenarios.mjs": "scenarios.mjs", "/socket.io.js": "node_modules/socket.io-client-" + version + "/dist/socket.io.js"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join(clients, filepath.FromSlash(file)))
		})
	}
	mux.HandleFunc("GET /addresses", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, addresses) })
	mux.HandleFunc("POST /saw", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var s saw
		if json.Unmarshal(body, &s) != nil {
			if late.Stop() {
				done()
			}
			return
		}
		all <- s
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: mux}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		assert.NoError(t, server.Close())
		<-served
	})
	return "http://" + listener.Addr().String() + "/"
}

// TestSoak has many real clients talk at once, by polling, by WebSocket and across upgrades: no event is lost, doubled or out of order either way.
func TestSoak(t *testing.T) {
	needsClients(t)
	var mu sync.Mutex
	counts := map[string]int{}
	var wrong []string
	s := start(t, socketio.Options{Clock: mockdesk.NewAdvancingClock(), PingInterval: 500 * time.Millisecond, PingTimeout: patience, Event: func(e *socketio.Event) {
		mu.Lock()
		defer mu.Unlock()
		id := e.Socket.ID()
		if e.Name == "last" {
			_ = e.Acknowledge(counts[id])
			return
		}
		var n int
		if err := e.Args.Decode(0, &n); err != nil || n != counts[id] {
			wrong = append(wrong, fmt.Sprintf("%s said %d after %d others", id, n, counts[id]))
		}
		counts[id]++
		_ = e.Socket.Emit("count", n)
		_ = e.Acknowledge(n)
	}})
	out := node(t, *soakFor+4*patience, "soak.mjs", "newest", s.url, strconv.Itoa(*soakClients), strconv.FormatInt(soakFor.Milliseconds(), 10))
	t.Logf("%s", out)
	var sum struct {
		Clients, Said, Acknowledged, Heard int
		Wrong                              []string
	}
	require.NoError(t, json.Unmarshal(out, &sum))
	assert.Empty(t, sum.Wrong)
	assert.Empty(t, wrong)
	assert.Equal(t, *soakClients, sum.Clients)
	assert.Positive(t, sum.Said)
	assert.Equal(t, sum.Said, sum.Acknowledged)
	assert.Equal(t, sum.Said, sum.Heard)
	total := 0
	for _, n := range counts {
		total += n
	}
	assert.Equal(t, sum.Said, total, "the server heard each once")
	pings := s.crossings(func(c socketio.Crossing) bool { return c.Direction == socketio.Out && c.Engine == '2' })
	assert.NotEmpty(t, pings, "hearts were beating meanwhile")
	upgrades := s.crossings(func(c socketio.Crossing) bool { return c.Kind == socketio.Upgraded })
	assert.GreaterOrEqual(t, len(upgrades), *soakClients/3, "a third of the clients upgraded")
	allowed := []socketio.Rule{socketio.LostTransport, socketio.UnknownSession, socketio.FailedProbe}
	assert.Empty(t, s.crossings(func(c socketio.Crossing) bool {
		return c.Kind == socketio.Breached && !slices.Contains(allowed, c.Rule)
	}))
}
