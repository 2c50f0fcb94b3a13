package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
)

// talk is a page that asks its desk for this and that, one after the other, and says when it has done so.
const talk = `<!doctype html><script type="module">
const ask = (path, init) => fetch('DESK' + path, init).then((r) => r.text()).catch(() => {});
await ask('/lines?draft=1', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{"text":"Hi"}'});
await ask('/form', {method: 'POST', body: 'a=b'});
await ask('/blind', {mode: 'no-cors'});
await ask('/cut');
await ask('/moved');
await fetch('/own');
await new Promise((done) => {
  const socket = new WebSocket('DESK'.replace('http', 'ws') + '/socket');
  socket.onopen = () => { socket.send('{"type":"typing","typing":true}'); socket.send('plain'); socket.close(); };
  socket.onclose = done;
});
console.log('done');
</script>`

// TestTheBrowserTellsOfTheTraffic wants each request, its answer and each frame to the addresses that are watched, and nothing of others.
func TestTheBrowserTellsOfTheTraffic(t *testing.T) {
	desk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Headers", "content-type")
		switch r.URL.Path {
		case "/socket":
			mockdesk.Steady(w, r)
		case "/cut":
			panic(http.ErrAbortHandler)
		case "/moved":
			http.Redirect(w, r, "/lines", http.StatusFound)
		case "/blind":
			w.WriteHeader(http.StatusTeapot)
		default:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{}`))
		}
	}))
	t.Cleanup(func() {
		desk.CloseClientConnections()
		desk.Close()
	})
	page := serve(t, strings.ReplaceAll(talk, "DESK", desk.URL), map[string]http.HandlerFunc{"/own": func(http.ResponseWriter, *http.Request) {}})
	tab, err := shared.Lease(bounded(t))
	require.NoError(t, err)
	t.Cleanup(tab.Release)
	require.NoError(t, tab.WatchTraffic(bounded(t), []string{desk.URL + "/", strings.Replace(desk.URL, "http", "ws", 1) + "/"}))
	seen := newRecord()
	require.NoError(t, tab.Open(bounded(t), page, seen.add))
	seen.wait(t, "closed", "GET /socket")

	var asked []string
	ids := map[int]string{}
	for _, m := range seen.of("request", "") {
		assert.Equal(t, "integration→desk", m.From+"→"+m.To)
		assert.Greater(t, m.ID, trafficIDs)
		asked = append(asked, m.Name)
		ids[m.ID] = m.Name
	}
	assert.ElementsMatch(t, []string{"OPTIONS /lines", "POST /lines", "POST /form", "GET /blind", "GET /cut", "GET /moved", "GET /lines"}, asked)
	line := seen.of("request", "POST /lines")[0]
	assert.Equal(t, map[string]any{"text": "Hi"}, line.field(t, "body"))
	assert.Equal(t, "draft=1", line.field(t, "query"))
	assert.Equal(t, desk.URL, line.field(t, "host"))
	assert.Equal(t, map[string]any{"Content-Type": "application/json"}, line.field(t, "headers"))
	assert.Equal(t, "a=b", seen.of("request", "POST /form")[0].field(t, "body"))
	assert.Equal(t, map[string]any{"Access-Control-Request-Headers": "content-type", "Access-Control-Request-Method": "POST"}, seen.of("request", "OPTIONS /lines")[0].field(t, "headers"))

	for name, status := range map[string]float64{"POST /lines": 200, "POST /form": 200, "GET /blind": 418, "GET /cut": 0, "GET /moved": 302, "GET /lines": 200, "OPTIONS /lines": 200} {
		answers := seen.of("response", name)
		if assert.Len(t, answers, 1, name) {
			assert.InDelta(t, status, answers[0].field(t, "status"), 0, name)
			assert.Equal(t, name, ids[answers[0].Ref], "it answers its request")
		}
	}
	assert.Contains(t, seen.of("response", "GET /cut")[0].Note, "net::ERR")
	blind, ok := seen.of("response", "GET /blind")[0].field(t, "headers").(map[string]any)
	require.True(t, ok)
	assert.Equal(t, "no-cors", blind["Sec-Fetch-Mode"])

	require.Len(t, seen.of("opened", "GET /socket"), 1)
	assert.Len(t, seen.of("frame", "typing"), 1)
	assert.Equal(t, "plain", seen.of("frame", "frame")[0].field(t, "body"))
}

// TestTrafficIsToldOnlyWhileItIsWatched wants a tab that was released to tell the next scenario nothing.
func TestTrafficIsToldOnlyWhileItIsWatched(t *testing.T) {
	pool, err := Launch(bounded(t), Options{Tabs: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	desk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Access-Control-Allow-Origin", "*") }))
	t.Cleanup(desk.Close)
	for _, watched := range []bool{true, false} {
		tab, err := pool.Lease(bounded(t))
		require.NoError(t, err)
		if watched {
			require.NoError(t, tab.WatchTraffic(bounded(t), []string{desk.URL}))
		}
		seen := newRecord()
		page := serve(t, `<!doctype html><script type="module">await fetch("`+desk.URL+`/ask"); console.log("done")</script>`, nil)
		require.NoError(t, tab.Open(bounded(t), page, seen.add))
		seen.wait(t, "console", "log")
		if watched {
			seen.wait(t, "response", "GET /ask")
		}
		assert.Equal(t, watched, len(seen.of("request", "")) > 0)
		tab.Release()
	}
}
