package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/steps/bound"
)

// shared is the one browser of all tests that do not kill theirs.
var shared *Pool

func TestMain(m *testing.M) {
	pool, err := Launch(context.Background(), Options{Tabs: 4})
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests need a browser:", err)
		os.Exit(1)
	}
	shared = pool
	code := m.Run()
	if err := pool.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "close the browser:", err)
		code = 1
	}
	os.Exit(code)
}

// patience bounds every wait of a test; it is generous because two cores are shared with whatever else runs.
const patience = 20 * time.Second

func bounded(tb testing.TB) context.Context {
	tb.Helper()
	return within(tb, patience)
}

func within(tb testing.TB, d time.Duration) context.Context {
	tb.Helper()
	ctx, cancel := bound.WithTimeout(tb.Context(), d)
	tb.Cleanup(cancel)
	return ctx
}

// promptly wants something to end long before the bound of a call does, by which it would have ended as well.
func promptly(tb testing.TB, do func()) {
	tb.Helper()
	ctx := within(tb, callBound/3)
	do()
	assert.NoError(tb, ctx.Err(), "it ends by the bound of a call")
}

// serve answers the origin of a server of its own that gives the page at / and whatever the routes say.
func serve(tb testing.TB, page string, routes map[string]http.HandlerFunc) string {
	tb.Helper()
	mux := http.NewServeMux()
	for pattern, handler := range routes {
		mux.HandleFunc(pattern, handler)
	}
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	})
	server := httptest.NewServer(mux)
	tb.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// record collects what a page says and lets a test wait for it.
type record struct {
	mu      sync.Mutex
	all     []Message
	changed chan struct{}
}

func newRecord() *record { return &record{changed: make(chan struct{})} }

func (r *record) add(m Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, m)
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *record) messages() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Message(nil), r.all...)
}

// of answers the messages of a kind and, unless it is empty, a name.
func (r *record) of(kind, name string) []Message {
	var found []Message
	for _, m := range r.messages() {
		if m.Kind == kind && (name == "" || m.Name == name) {
			found = append(found, m)
		}
	}
	return found
}

// wait answers the first message of a kind and name, once it is there.
func (r *record) wait(tb testing.TB, kind, name string) Message {
	tb.Helper()
	ctx := bounded(tb)
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		if found := r.of(kind, name); len(found) > 0 {
			return found[0]
		}
		select {
		case <-changed:
		case <-ctx.Done():
			require.FailNow(tb, "the message never came", "%s %s; there are %s", kind, name, r)
		}
	}
}

func (r *record) String() string {
	var b strings.Builder
	for _, m := range r.messages() {
		fmt.Fprintf(&b, "\n  %d %s %s %s→%s %s %s %.300s", m.ID, m.Kind, m.Name, m.From, m.To, m.Requirement, m.Note, m.Data)
	}
	return b.String()
}

func (m Message) field(tb testing.TB, name string) any {
	tb.Helper()
	var data map[string]any
	require.NoError(tb, json.Unmarshal(m.Data, &data), "%s", m.Data)
	return data[name]
}

// lease answers a tab of the pool that is released when the test ends.
func lease(tb testing.TB, pool *Pool) *Tab {
	tb.Helper()
	tab, err := pool.Lease(bounded(tb))
	require.NoError(tb, err)
	tb.Cleanup(tab.Release)
	return tab
}

// show opens a page in a tab of the shared browser.
func show(tb testing.TB, page string, routes map[string]http.HandlerFunc) (*Tab, *record) {
	tb.Helper()
	tab := lease(tb, shared)
	seen := newRecord()
	require.NoError(tb, tab.Open(bounded(tb), serve(tb, page, routes)+"/", seen.add))
	return tab, seen
}

// eval evaluates in the page and answers the value as JSON text.
func eval(tb testing.TB, tab *Tab, js string) string {
	tb.Helper()
	var raw json.RawMessage
	require.NoError(tb, tab.Evaluate(bounded(tb), js, &raw), js)
	return string(raw)
}

func script(code string) string {
	return "<!doctype html><meta charset=utf-8><title>test</title><body><script>" + code + "</script>"
}
