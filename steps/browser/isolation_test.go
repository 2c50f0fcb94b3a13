package browser

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leave stores something in every place where a page can.
const leave = `(async () => {
	localStorage.setItem('left', '1');
	sessionStorage.setItem('left', '1');
	document.cookie = 'left=1';
	document.cookie = 'kept=1; max-age=10000';
	window.name = 'left';
	await new Promise((resolve, reject) => {
		const open = indexedDB.open('left', 1);
		open.onupgradeneeded = () => open.result.createObjectStore('s');
		open.onsuccess = () => resolve();
		open.onerror = reject;
	});
	await (await caches.open('left')).put('/left', new Response('left'));
	await navigator.serviceWorker.register('/worker.js');
	await navigator.serviceWorker.ready;
	await (await navigator.storage.getDirectory()).getFileHandle('left', {create: true});
})()`

// find tells what it finds in those places.
const find = `(async () => {
	const found = [];
	if (localStorage.length) found.push('local');
	if (sessionStorage.length) found.push('session');
	if (document.cookie) found.push('cookie ' + document.cookie);
	if (window.name) found.push('name ' + window.name);
	if ((await indexedDB.databases()).length) found.push('database');
	if ((await caches.keys()).length) found.push('cache');
	if ((await navigator.serviceWorker.getRegistrations()).length || navigator.serviceWorker.controller) found.push('worker');
	for await (const name of (await navigator.storage.getDirectory()).keys()) found.push('file ' + name);
	return found;
})()`

func workerRoutes(seenCookies *atomic.Int32) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/worker.js": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(`self.addEventListener('install', () => self.skipWaiting());
				self.addEventListener('activate', (e) => e.waitUntil(clients.claim()));
				self.addEventListener('fetch', (e) => { if (new URL(e.request.url).pathname === '/who') e.respondWith(new Response('worker')); });`))
		},
		"/who": func(w http.ResponseWriter, r *http.Request) {
			if len(r.Cookies()) > 0 {
				seenCookies.Add(1)
			}
			w.Header().Set("Set-Cookie", "http=only; HttpOnly; Path=/")
			_, _ = w.Write([]byte("server"))
		},
	}
}

func TestStorageOfScenariosIsApart(t *testing.T) {
	var cookies atomic.Int32
	first := serve(t, script(""), workerRoutes(&cookies))
	second := serve(t, script(""), workerRoutes(&cookies))
	tab := lease(t, shared)
	require.NoError(t, tab.Open(bounded(t), first+"/", newRecord().add))
	assert.JSONEq(t, `[]`, eval(t, tab, find))
	require.NoError(t, tab.Evaluate(bounded(t), leave, nil))
	assert.Equal(t, "8", eval(t, tab, find+".then((f) => f.length)"), "%s", eval(t, tab, find))
	assert.Equal(t, `"worker"`, eval(t, tab, "fetch('/who').then((r) => r.text())"))

	// A reload keeps it all.
	require.NoError(t, tab.Reload(bounded(t)))
	assert.Equal(t, "8", eval(t, tab, find+".then((f) => f.length)"), "%s", eval(t, tab, find))

	// Another origin on the same host, as scenarios have it, sees nothing; neither does the same one again.
	for _, origin := range []string{second, first, first, second} {
		require.NoError(t, tab.Open(bounded(t), origin+"/", newRecord().add))
		assert.JSONEq(t, `[]`, eval(t, tab, find))
		assert.Equal(t, `"server"`, eval(t, tab, "fetch('/who').then((r) => r.text())"))
		assert.Equal(t, "1", eval(t, tab, "history.length"))
		require.NoError(t, tab.Evaluate(bounded(t), leave, nil))
		require.NoError(t, tab.Reload(bounded(t)))
		assert.Equal(t, "8", eval(t, tab, find+".then((f) => f.length)"))
	}
	assert.Zero(t, cookies.Load(), "no cookie of an earlier scenario ever reached a server")
}

func TestTabsDoNotShareStorage(t *testing.T) {
	var cookies atomic.Int32
	origin := serve(t, script(""), workerRoutes(&cookies))
	one, other := lease(t, shared), lease(t, shared)
	require.NoError(t, one.Open(bounded(t), origin+"/", newRecord().add))
	require.NoError(t, one.Evaluate(bounded(t), leave, nil))
	require.NoError(t, other.Open(bounded(t), origin+"/", newRecord().add))
	assert.JSONEq(t, `[]`, eval(t, other, find))
	assert.Equal(t, `"server"`, eval(t, other, "fetch('/who').then((r) => r.text())"))
}

func TestReloadGoesOnInTheSameRecord(t *testing.T) {
	tab, seen := show(t, script(`deskcheck.record({kind: 'event', name: 'loaded', data: performance.getEntriesByType('navigation')[0].type});
		addEventListener('beforeunload', () => deskcheck.record({kind: 'event', name: 'goodbye', ref: 1}))`), nil)
	require.NoError(t, tab.Reload(bounded(t)))
	require.NoError(t, tab.Evaluate(bounded(t), `deskcheck.record({kind: 'event', name: 'after', ref: 1})`, nil))
	all := seen.messages()
	require.Len(t, all, 4, "%s", seen)
	var names []string
	for i, m := range all {
		names = append(names, m.Name)
		assert.Equal(t, i+1, m.ID, "numbers go on")
	}
	assert.Equal(t, []string{"loaded", "goodbye", "loaded", "after"}, names)
	assert.Equal(t, `"reload"`, string(all[2].Data))
	assert.Equal(t, 1, all[1].Ref)
	assert.Equal(t, 3, all[3].Ref, "references are raised with the numbers")
	assert.NoError(t, tab.Reason())
}

func TestTheClockGoesOnOverAReload(t *testing.T) {
	tab, _ := show(t, script(""), nil)
	before, err := strconv.ParseFloat(eval(t, tab, "Date.now()"), 64)
	require.NoError(t, err)
	require.NoError(t, tab.Jump(bounded(t), time.Hour))
	for range 2 {
		require.NoError(t, tab.Reload(bounded(t)))
		after, err := strconv.ParseFloat(eval(t, tab, "Date.now()"), 64)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, after, before+3_600_000)
		assert.Less(t, after, before+3_600_000+60_000)
		assert.Equal(t, "true", eval(t, tab, "performance.now() < 60000"), "the time since the document began begins anew")
	}
}

func TestThingsCanHappenWhileThePageIsAway(t *testing.T) {
	held := make(chan struct{})
	var loads atomic.Int32
	tab, seen := show(t, script(`deskcheck.record({kind: 'event', name: 'early'})`)+`<script src="/late.js"></script>`, map[string]http.HandlerFunc{
		"/late.js": func(w http.ResponseWriter, _ *http.Request) {
			if loads.Add(1) > 1 {
				<-held
			}
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(`deskcheck.record({kind: 'event', name: 'late'})`))
		},
	})
	require.NoError(t, tab.Evaluate(bounded(t), "globalThis.old = true", nil))
	require.NoError(t, tab.BeginReload(bounded(t)))
	assert.Equal(t, `"undefined"`, eval(t, tab, "typeof old"), "the document before has gone")
	assert.Equal(t, 1, strings.Count(seen.String(), "late"), "what is held back has not run")
	close(held)
	require.NoError(t, tab.FinishReload(bounded(t)))
	assert.Equal(t, 2, strings.Count(seen.String(), "late"))
	require.Error(t, tab.FinishReload(bounded(t)), "nothing was begun")
	require.NoError(t, tab.Reason())
}

func TestNothingOfAnEarlierPageReachesTheNextSink(t *testing.T) {
	noisy := script(`
		const speak = () => deskcheck.record({kind: 'event', name: 'noise'});
		setInterval(speak, 1);
		const {port1, port2} = new MessageChannel();
		port1.onmessage = () => { if (Math.random() < 0.05) speak(); port2.postMessage(0); };
		port2.postMessage(0);
		for (const type of ['pagehide', 'unload', 'visibilitychange', 'beforeunload']) addEventListener(type, speak);`)
	origin := serve(t, noisy, nil)
	tab := lease(t, shared)
	for range 5 {
		loud := newRecord()
		require.NoError(t, tab.Open(bounded(t), origin+"/", loud.add))
		loud.wait(t, "event", "noise")
		quiet := newRecord()
		require.NoError(t, tab.Open(bounded(t), serve(t, script(""), nil)+"/", quiet.add))
		heard := len(loud.messages())
		require.NoError(t, tab.Settle(bounded(t), Traffic{}))
		assert.Empty(t, quiet.messages(), "%s", quiet)
		assert.Len(t, loud.messages(), heard)
	}
	last := newRecord()
	require.NoError(t, tab.Open(bounded(t), origin+"/", last.add))
	last.wait(t, "event", "noise")
	tab.Release()
	heard := len(last.messages())
	again := lease(t, shared)
	require.NoError(t, again.Open(bounded(t), serve(t, script(""), nil)+"/", newRecord().add))
	assert.Len(t, last.messages(), heard, "after Release nothing is handed over")
}

func TestOriginsKeepTheRenderer(t *testing.T) {
	pool, err := Launch(bounded(t), Options{Tabs: 1})
	require.NoError(t, err)
	defer pool.Close()
	var before []int
	for i := range 6 {
		tab, err := pool.Lease(bounded(t))
		require.NoError(t, err)
		require.NoError(t, tab.Open(bounded(t), serve(t, script(""), nil)+"/", newRecord().add))
		tab.Release()
		now, err := pool.Pids(bounded(t))
		require.NoError(t, err)
		if i == 0 {
			before = now
		}
		assert.ElementsMatch(t, before, now, "a port of its own costs a scenario no process")
	}
}

func TestReleaseEndsThePagesConnectionsAndTimers(t *testing.T) {
	ended := make(chan struct{})
	var late atomic.Int32
	upgrader := websocket.Upgrader{}
	tab, _ := show(t, script(`
		globalThis.socket = new WebSocket('ws://' + location.host + '/socket');
		globalThis.opened = new Promise((resolve) => socket.onopen = resolve);
		socket.onclose = () => { setTimeout(() => fetch('/late'), 1); };
		setInterval(() => { if (socket.readyState > 1) fetch('/late'); }, 1);`), map[string]http.HandlerFunc{
		"/socket": func(w http.ResponseWriter, r *http.Request) {
			socket, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			_, _, _ = socket.ReadMessage()
			_ = socket.Close()
			close(ended)
		},
		"/late": func(http.ResponseWriter, *http.Request) { late.Add(1) },
	})
	require.NoError(t, tab.Evaluate(bounded(t), "opened.then(() => 0)", nil))
	tab.Release()
	select {
	case <-ended:
	case <-bounded(t).Done():
		require.Fail(t, "the socket stayed open after Release")
	}
	assert.Zero(t, late.Load())
}
