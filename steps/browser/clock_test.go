package browser

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJumpFiresTimersInOrder(t *testing.T) {
	tab, _ := show(t, script(`
		globalThis.log = [];
		const at = (name) => () => { log.push(name); Promise.resolve().then(() => log.push(name + ' micro')); };
		setTimeout(at('c'), 30_000);
		setTimeout(at('a'), 10_000);
		setTimeout(at('b'), 10_000);
		setTimeout(at('late'), 90_000);
		const every = setInterval(() => { log.push('tick'); if (log.filter((x) => x === 'tick').length === 2) clearInterval(every); }, 15_000);
		setTimeout(() => clearTimeout(never), 5_000);
		const never = setTimeout(at('never'), 5_001);
		setTimeout((a, b) => log.push(a + b), 20_000, 'with ', 'arguments');
		setTimeout('log.push("text")', 21_000);
	`), nil)
	require.NoError(t, tab.Jump(bounded(t), time.Minute))
	assert.JSONEq(t, `["a","a micro","b","b micro","tick","with arguments","text","c","c micro","tick"]`, eval(t, tab, "log"))
	require.NoError(t, tab.Jump(bounded(t), 30*time.Second))
	assert.Contains(t, eval(t, tab, "log"), "late micro")
}

func TestJumpGivesTheEventLoopATurn(t *testing.T) {
	tab, _ := show(t, script(`
		globalThis.log = [];
		const {port1, port2} = new MessageChannel();
		port1.onmessage = () => log.push('message');
		setTimeout(() => { log.push('first'); port2.postMessage(0); }, 1000);
		setTimeout(() => log.push('second'), 2000);
		(async () => {
			await new Promise((r) => setTimeout(r, 3000)); log.push('third');
			await new Promise((r) => setTimeout(r, 3000)); log.push('nested');
			await new Promise((r) => setTimeout(r, 3000)); log.push('nested twice');
			await new Promise((r) => setTimeout(r, 3000)); log.push('too late');
		})();
	`), nil)
	require.NoError(t, tab.Jump(bounded(t), 10*time.Second))
	assert.JSONEq(t, `["first","message","second","third","nested","nested twice"]`, eval(t, tab, "log"))
	assert.JSONEq(t, `1`, eval(t, tab, "deskcheck.clock.pending().length"))
	require.NoError(t, tab.Jump(bounded(t), 2*time.Second))
	assert.Contains(t, eval(t, tab, "log"), "too late")
}

func TestClocksAgree(t *testing.T) {
	tab, _ := show(t, script(""), nil)
	var times struct{ Date, Performance, Clock, Real float64 }
	read := func() {
		require.NoError(t, tab.Evaluate(bounded(t), `({date: Date.now(), performance: performance.timeOrigin + performance.now(), clock: deskcheck.clock.now(), real: 0})`, &times))
	}
	read()
	assert.InDelta(t, float64(time.Now().UnixMilli()), times.Date, 1000)
	for _, jump := range []time.Duration{time.Second, 90 * time.Minute, 0} {
		before := times
		require.NoError(t, tab.Jump(bounded(t), jump))
		read()
		assert.InDelta(t, before.Date+float64(jump.Milliseconds()), times.Date, 1000)
		assert.InDelta(t, times.Date, times.Performance, 20)
		assert.InDelta(t, times.Date, times.Clock, 20)
	}
	assert.JSONEq(t, `[true,true,true,true,true,"Date",1970,0,true,true]`, eval(t, tab, `(() => {
		const now = Date.now();
		const near = (x) => Math.abs(x - now) < 50;
		class Mine extends Date {}
		return [near(new Date().getTime()), near(+new Mine()), new Mine() instanceof Mine, new Date() instanceof Date, near(Date.parse(Date()) + 500) || true, Date.name,
			new Date(0).getUTCFullYear(), Date.UTC(1970, 0), new Date().constructor === Date, near(new Date(new Date().toISOString()).getTime())];
	})()`))
}

func TestAnimationFramesTellThePagesTime(t *testing.T) {
	tab, _ := show(t, script(""), nil)
	require.NoError(t, tab.Jump(bounded(t), time.Hour))
	assert.Equal(t, "true", eval(t, tab, `new Promise((resolve) => requestAnimationFrame((at) => resolve(Math.abs(at - performance.now()) < 200)))`))
	assert.Equal(t, `"kept"`, eval(t, tab, `new Promise((resolve) => { cancelAnimationFrame(requestAnimationFrame(() => resolve('cancelled ran'))); requestAnimationFrame(() => requestAnimationFrame(() => resolve('kept'))); })`))
}

func TestAbortSignalTimeout(t *testing.T) {
	tab, _ := show(t, script(`globalThis.signal = AbortSignal.timeout(20_000); globalThis.fired = ''; signal.onabort = () => fired = signal.reason.name;`), nil)
	require.NoError(t, tab.Jump(bounded(t), 19*time.Second))
	assert.Equal(t, `""`, eval(t, tab, "fired"))
	require.NoError(t, tab.Jump(bounded(t), 2*time.Second))
	assert.Equal(t, `"TimeoutError"`, eval(t, tab, "fired"))
	var thrown *ScriptError
	require.ErrorAs(t, tab.Evaluate(bounded(t), "AbortSignal.timeout(-1)", nil), &thrown)
}

// slowRequests are for a page that sends requests nobody answers and notes what it is told about them.
const slowRequests = `
	globalThis.log = [];
	globalThis.ask = (url, timeout, body) => {
		const r = new XMLHttpRequest();
		for (const type of ['readystatechange', 'load', 'error', 'abort', 'timeout', 'loadend']) r.addEventListener(type, () => log.push(type + ' ' + r.readyState + ' ' + r.status));
		if (body) for (const type of ['load', 'error', 'abort', 'timeout', 'loadend']) r.upload.addEventListener(type, () => log.push('upload ' + type));
		r.open(body ? 'POST' : 'GET', url);
		r.ontimeout = () => log.push('ontimeout');
		r.timeout = timeout;
		r.send(body);
		log.length = 0;
		return r;
	};`

func TestRequestTimeout(t *testing.T) {
	letGo := make(chan struct{})
	defer close(letGo)
	tab, seen := show(t, script(slowRequests), socketServer(t, 0, letGo))
	require.NoError(t, tab.Evaluate(bounded(t), `globalThis.r = ask('/held', 10_000); setTimeout(() => log.push('after'), 10_500); 0`, nil))
	assert.Equal(t, "10000", eval(t, tab, "r.timeout"))
	require.NoError(t, tab.Jump(bounded(t), 9*time.Second))
	assert.Equal(t, "[]", eval(t, tab, "log"))
	require.NoError(t, tab.Jump(bounded(t), time.Minute))
	assert.JSONEq(t, `["readystatechange 4 0","timeout 4 0","ontimeout","loadend 4 0","after"]`, eval(t, tab, "log"), "in the order of the page's time")
	assert.Equal(t, "4", eval(t, tab, "r.readyState"))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	assert.Equal(t, "0", eval(t, tab, "deskcheck.clock.pending().length"))

	// A native one says the same: here it is taken from a frame, where no clock is changed.
	native := eval(t, tab, `(async () => {
		const own = XMLHttpRequest;
		globalThis.XMLHttpRequest = document.body.appendChild(document.createElement('iframe')).contentWindow.XMLHttpRequest;
		const r = ask('/held', 30);
		globalThis.XMLHttpRequest = own;
		await new Promise((resolve) => { r.onloadend = resolve; });
		return log;
	})()`)
	assert.JSONEq(t, `["readystatechange 4 0","timeout 4 0","ontimeout","loadend 4 0"]`, native)
	assert.Empty(t, seen.of("error", ""))
}

func TestRequestTimeoutOfARetry(t *testing.T) {
	letGo := make(chan struct{})
	defer close(letGo)
	tab, _ := show(t, script(slowRequests), socketServer(t, 0, letGo))
	// Each try begins when the one before has ended, so the third ends after 3 × (5 + 2) seconds.
	require.NoError(t, tab.Evaluate(bounded(t), `
		const began = Date.now();
		globalThis.ends = [];
		const r = new XMLHttpRequest();
		const again = () => { r.open('GET', '/held'); r.timeout = 5000; r.send(); };
		r.onloadend = () => { ends.push(Math.round((Date.now() - began) / 1000)); if (ends.length < 3) setTimeout(again, 2000); };
		again();`, nil))
	require.NoError(t, tab.Jump(bounded(t), time.Minute))
	assert.JSONEq(t, `[5,12,19]`, eval(t, tab, "ends"))
}

func TestRequestTimeoutInParticular(t *testing.T) {
	letGo := make(chan struct{})
	tab, _ := show(t, script(slowRequests), socketServer(t, 0, letGo))
	jump := func(d time.Duration) {
		require.NoError(t, tab.Jump(bounded(t), d))
	}
	begin := func(js string) {
		require.NoError(t, tab.Evaluate(bounded(t), js+"; 0", nil))
	}

	begin(`globalThis.r = ask('/held', 0)`)
	jump(time.Hour)
	assert.Equal(t, "[]", eval(t, tab, "log"), "no time-out")
	begin(`r.timeout = 30 * 60_000`)
	jump(0)
	assert.Contains(t, eval(t, tab, "log"), "ontimeout", "it counts from the sending")

	begin(`globalThis.r = ask('/held', 10_000); r.timeout = 20_000`)
	jump(15 * time.Second)
	assert.Equal(t, "[]", eval(t, tab, "log"), "it was raised")
	begin(`r.abort(); log.push('then')`)
	jump(time.Minute)
	assert.JSONEq(t, `["readystatechange 4 0","abort 4 0","loadend 4 0","then"]`, eval(t, tab, "log"))

	begin(`globalThis.r = ask('/held', 10_000); r.open('GET', '/held'); log.length = 0`)
	require.NoError(t, tab.Settle(bounded(t), Traffic{}), "opened anew, nothing is in flight")
	jump(time.Minute)
	assert.Equal(t, "[]", eval(t, tab, "log"), "opened anew, it has no time-out until it is sent")

	assert.JSONEq(t, `["InvalidAccessError","InvalidAccessError",200,5,4294967295,"TypeError"]`, eval(t, tab, `(() => {
		const caught = (fn) => { try { return fn(); } catch (e) { return e.name; } };
		const r = new XMLHttpRequest();
		r.timeout = 5;
		const kept = r.timeout;
		const first = caught(() => r.open('GET', '/quick', false));
		r.timeout = 0;
		r.open('GET', '/quick', false);
		const second = caught(() => { r.timeout = 1; });
		r.send();
		const s = new XMLHttpRequest();
		s.timeout = -1;
		return [first, second, r.status, kept, s.timeout, caught(() => XMLHttpRequest.prototype.timeout)];
	})()`))

	begin(`globalThis.r = ask('/held', 10_000)`)
	close(letGo)
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	assert.Contains(t, eval(t, tab, "log"), "load 4 200")
	begin(`log.length = 0`)
	jump(time.Minute)
	assert.Equal(t, "[]", eval(t, tab, "log"), "it had ended in time")
}

func TestTimeFlowsWithoutJumps(t *testing.T) {
	tab, _ := show(t, script(""), nil)
	assert.JSONEq(t, `[true,true,3]`, eval(t, tab, `(async () => {
		const began = performance.now();
		await new Promise((r) => setTimeout(r, 50));
		const waited = performance.now() - began;
		let ticks = 0;
		await new Promise((r) => { const i = setInterval(() => { if (++ticks === 3) { clearInterval(i); r(); } }, 5); });
		return [waited >= 49, waited < 5000, ticks];
	})()`))
	// After a jump what is left of a timer runs in real time.
	require.NoError(t, tab.Evaluate(bounded(t), `globalThis.done = new Promise((r) => setTimeout(() => r('rang'), 10_030)); 0`, nil))
	require.NoError(t, tab.Jump(bounded(t), 10*time.Second))
	assert.Equal(t, `"rang"`, eval(t, tab, "done"))
}

func TestTimerErrorsAreThePages(t *testing.T) {
	tab, seen := show(t, script(`setTimeout(() => { throw new Error('in a timer'); }, 5000); setTimeout(() => globalThis.went = 'on', 5001)`), nil)
	require.NoError(t, tab.Jump(bounded(t), 6*time.Second))
	assert.Contains(t, string(seen.wait(t, "error", "uncaught").Data), "in a timer")
	assert.Equal(t, `"on"`, eval(t, tab, "went"))
}

func TestEndlessTimersDoNotHoldAJump(t *testing.T) {
	tab, _ := show(t, script(`
		globalThis.n = 0;
		setInterval(() => n++, 0);
		(function again() { n++; setTimeout(again); })();
		for (let i = 0; i < 2000; i++) setTimeout(() => n++, 1000 + i);`), nil)
	require.NoError(t, tab.Jump(bounded(t), 30*time.Minute))
}

func TestJumpsOneAfterAnother(t *testing.T) {
	tab, _ := show(t, script(`globalThis.log = []; setTimeout(() => log.push(1), 1000); setTimeout(() => log.push(2), 2000); setTimeout(() => log.push(3), 3000);`), nil)
	assert.JSONEq(t, `[1,2,3]`, eval(t, tab, `Promise.all([deskcheck.clock.jump(1500), deskcheck.clock.jump(1000), deskcheck.clock.jump(1000)]).then(() => log)`))
}

// socketServer answers sockets with so many frames, and holds requests to /held until told to let go.
func socketServer(t *testing.T, frames int, letGo <-chan struct{}) map[string]http.HandlerFunc {
	t.Helper()
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	var open sync.WaitGroup
	t.Cleanup(open.Wait)
	return map[string]http.HandlerFunc{
		"/socket": func(w http.ResponseWriter, r *http.Request) {
			open.Add(1) // Before the connection is taken over: the server waits for nobody who has one.
			socket, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				open.Done()
				return
			}
			go func() {
				defer open.Done()
				defer socket.Close()
				for range frames {
					if socket.WriteMessage(websocket.TextMessage, []byte("frame")) != nil {
						return
					}
				}
				// Until the page goes.
				_, _, _ = socket.ReadMessage()
			}()
		},
		"/held": func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-letGo:
			case <-r.Context().Done():
			}
			_, _ = w.Write([]byte("let go"))
		},
		"/quick": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("quick")) },
	}
}

func TestSettleWaitsForFramesAndRequests(t *testing.T) {
	letGo := make(chan struct{})
	tab, seen := show(t, script(`
		globalThis.log = [];
		globalThis.begin = () => {
			const socket = new WebSocket('ws://' + location.host + '/socket');
			socket.onmessage = () => { log.push('frame'); deskcheck.record({kind: 'event', name: 'frame'}); };
			fetch('/quick').then((r) => r.text()).then((t) => log.push(t));
			const request = new XMLHttpRequest();
			request.open('GET', '/quick');
			request.onload = () => log.push('xhr ' + request.responseText);
			request.send();
		};
		globalThis.hold = () => fetch('/held').then((r) => r.text()).then((t) => log.push(t));`), socketServer(t, 3, letGo))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	require.NoError(t, tab.Evaluate(bounded(t), "begin()", nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{Frames: 3}))
	assert.Len(t, seen.of("event", "frame"), 3, "the sink has what the page had recorded")
	assert.Equal(t, "5", eval(t, tab, "log.length"), "%s", eval(t, tab, "log"))

	origin := strings.Trim(eval(t, tab, "location.origin"), `"`)
	require.NoError(t, tab.Evaluate(bounded(t), "void hold()", nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{Frames: 3, Held: []string{"GET " + origin + "/held"}}), "one held request is told")
	err := tab.Settle(within(t, 200*time.Millisecond), Traffic{Frames: 3, Held: []string{"PUT " + origin + "/held", "GET " + origin + "/given-up"}})
	require.Error(t, err, "what is held is another request, which the page may have given up")
	assert.Contains(t, err.Error(), "1 requests in flight (0 of them held): GET /held")
	err = tab.Settle(within(t, 200*time.Millisecond), Traffic{Frames: 4})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "3 of 4 frames dispatched, 1 requests in flight (0 of them held): GET /held")
	close(letGo)
	require.NoError(t, tab.Settle(bounded(t), Traffic{Frames: 3}))
	assert.Contains(t, eval(t, tab, "log"), "let go")

	ws := "ws://" + strings.Trim(eval(t, tab, "location.host"), `"`)
	require.NoError(t, tab.Settle(bounded(t), Traffic{Frames: 3, Servers: []string{ws}, Sockets: 1}), "the socket is open at both ends")
	require.NoError(t, tab.Settle(bounded(t), Traffic{Frames: 3, Servers: []string{"ws://127.0.0.1:9"}}), "sockets to others do not count")
	err = tab.Settle(within(t, 200*time.Millisecond), Traffic{Servers: []string{ws}})
	require.Error(t, err, "the other end has closed it, which the page has not seen")
	assert.Contains(t, err.Error(), "1 sockets have been closed at the other end")

	assert.JSONEq(t, `[true,true,3,"WebSocket",true]`, eval(t, tab, `(() => {
		const s = new WebSocket('ws://' + location.host + '/socket');
		class Mine extends WebSocket {}
		return [s instanceof WebSocket, s.constructor === WebSocket, WebSocket.CLOSED, WebSocket.name, new Mine(s.url) instanceof Mine];
	})()`))
}

func TestSocketsThatFailAreBalancedByOnesThatSucceed(t *testing.T) {
	routes := socketServer(t, 0, nil)
	took := make(chan struct{}, 10)
	routes["/steady"] = func(w http.ResponseWriter, r *http.Request) {
		took <- struct{}{}
		routes["/socket"](w, r)
	}
	tab, seen := show(t, script(`globalThis.fails = (n) => n > 0 && new Promise((done) => { new WebSocket('ws://127.0.0.1:9/').onclose = done; }).then(() => fails(n - 1));`), routes)
	steady := "ws://" + strings.Trim(eval(t, tab, "location.host"), `"`) + "/steady"
	require.NoError(t, tab.Evaluate(bounded(t), "fails(8)", nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	assert.Empty(t, took, "without an address there is none")
	require.NoError(t, tab.Settle(bounded(t), Traffic{Steady: steady}))
	require.NoError(t, tab.Evaluate(bounded(t), "fails(8)", nil))
	for range 2 {
		select {
		case <-took:
		case <-bounded(t).Done():
			require.Fail(t, "no socket came")
		}
	}
	require.NoError(t, tab.Settle(bounded(t), Traffic{Steady: steady}))
	assert.Empty(t, seen.of("error", ""), "the page sees nothing of it")
	assert.Empty(t, took)
}

func TestSettleWaitsForDueTimers(t *testing.T) {
	tab, _ := show(t, script(`globalThis.n = 0; globalThis.begin = () => { (function again() { if (++n < 20) setTimeout(again, 0); })(); }; setTimeout(() => {}, 60_000);`), nil)
	require.NoError(t, tab.Evaluate(bounded(t), "begin()", nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	assert.Equal(t, "true", eval(t, tab, "n >= 5"))
}

func TestFailedFetchStaysThePages(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `void fetch('http://localhost:1/')`, nil))
	assert.Contains(t, string(seen.wait(t, "error", "unhandledrejection").Data), "Failed to fetch")
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	require.NoError(t, tab.Evaluate(bounded(t), `fetch('http://localhost:1/').catch(() => {})`, nil))
	assert.Len(t, seen.of("error", ""), 1)
	var thrown *ScriptError
	require.ErrorAs(t, tab.Evaluate(bounded(t), `fetch('http://[bad')`, nil), &thrown)
	assert.Contains(t, thrown.Error(), "TypeError")
}
