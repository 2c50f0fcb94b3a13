package browser

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConsoleFloodIsCapped(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `(() => {
		const line = 'x'.repeat(1000);
		for (let i = 0; i < 50_000; i++) console.log(line, {i});
		console.error('y'.repeat(50_000_000));
		console.count('z');
	})()`, nil))
	lines := seen.of("console", "")
	assert.LessOrEqual(t, len(lines), 202)
	bytes := 0
	for _, m := range lines {
		bytes += len(m.Data)
	}
	assert.Less(t, bytes, 300<<10)
	assert.Equal(t, "flooded", lines[len(lines)-1].Name)
	assert.Len(t, seen.of("console", "flooded"), 1)
	assert.Equal(t, "2", eval(t, tab, "1+1"))
}

func TestTalkativeConsoleIsNoFlood(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `for (let i = 0; i < 5000; i++) console.debug('a step', {i}, 'x'.repeat(500))`, nil))
	assert.Empty(t, seen.of("console", "flooded"))
	dropped := seen.of("console", "dropped")
	require.Len(t, dropped, 1, "where the recording ends is told once")
	assert.Contains(t, dropped[0].Note, "left out")
	assert.LessOrEqual(t, len(seen.of("console", "")), 201)
	require.NoError(t, tab.Evaluate(bounded(t), `console.debug('one too many'); console.debug('and more')`, nil))
	assert.Len(t, seen.of("console", "flooded"), 1)
}

func TestOneHugeConsoleLine(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `console.warn('y'.repeat(50_000_000), 'second'); console.assert(true, 'no'); console.assert(false, 'yes'); console.log(new Error('with a stack'))`, nil))
	assert.Less(t, len(seen.of("console", "warn")[0].Data), 10<<10)
	assert.Contains(t, string(seen.of("console", "assert")[0].Data), "yes")
	assert.Contains(t, string(seen.of("console", "log")[0].Data), "with a stack")
	assert.Empty(t, seen.of("console", "flooded"))
}

func TestFloodOfCallbacks(t *testing.T) {
	tab, seen := show(t, script(fakeHost), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `begin((parameters) => {
		for (let i = 0; i < 100_000; i++) parameters.callback.agentTyping(i % 2 === 0);
		return {};
	}); 0`, nil))
	assert.Equal(t, "100000", eval(t, tab, "rawCallback.heard.length"), "the page still answers, and the calls went through")
	flood := seen.of("violation", "flood")
	require.Len(t, flood, 1)
	assert.Contains(t, flood[0].Note, "5000 entries")
	all := seen.messages()
	assert.Len(t, all, 5001)
	assert.Equal(t, flood[0].ID, all[len(all)-1].ID, "nothing comes after the flood")
	kept := tab.session
	tab.Release()
	select {
	case <-kept.lost:
	case <-bounded(t).Done():
		require.Fail(t, "a tab that was flooded must not be used again")
	}
}

func TestFloodOfBytes(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `for (let i = 0; i < 1000; i++) deskcheck.record({kind: 'event', name: 'big', data: 'x'.repeat(100_000)})`, nil))
	assert.Contains(t, seen.of("violation", "flood")[0].Note, "MiB")
	bytes := 0
	for _, m := range seen.messages() {
		bytes += len(m.Data)
	}
	assert.Less(t, bytes, 9<<20)
}

func TestFloodOfErrors(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `(async () => {
		for (let i = 0; i < 5000; i++) { setTimeout(() => { throw new Error('again ' + i); }); Promise.reject(new Error('and again')); }
		await new Promise((r) => setTimeout(r, 50));
	})()`, nil))
	assert.LessOrEqual(t, len(seen.of("error", "")), 201)
	assert.Len(t, seen.of("error", "flooded"), 1)
}

func TestEndlessLoop(t *testing.T) {
	looping, _ := show(t, script(""), nil)
	other, otherSeen := show(t, script("let n = 0; setInterval(() => n++, 1)"), nil)
	promptly(t, func() {
		require.ErrorIs(t, looping.Evaluate(within(t, 300*time.Millisecond), `for (;;);`, nil), context.DeadlineExceeded)
	})

	err := looping.Check(within(t, 200*time.Millisecond))
	var lost *LostError
	require.ErrorAs(t, err, &lost)
	assert.Equal(t, Unresponsive, lost.Kind)
	<-looping.Lost()
	require.ErrorAs(t, looping.Evaluate(bounded(t), "1", nil), &lost)

	assert.Equal(t, "2", eval(t, other, "1+1"), "the other tab's page is another process's")
	require.NoError(t, other.Check(bounded(t)))
	before, err := shared.Pids(bounded(t))
	require.NoError(t, err)

	promptly(t, looping.Release)
	looping.pool.work.Wait()
	after, err := shared.Pids(bounded(t))
	require.NoError(t, err)
	gone := 0
	for _, pid := range before {
		if !slices.Contains(after, pid) {
			gone++
		}
	}
	assert.GreaterOrEqual(t, gone, 1, "the looping process is gone: %v, %v", before, after)
	assert.Equal(t, "2", eval(t, other, "1+1"))
	assert.Empty(t, otherSeen.of("error", ""))
}

func TestLoopIsNoticedAtRelease(t *testing.T) {
	tab, _ := show(t, script(""), nil)
	// It catches its own end, so it cannot be stopped by stopping the script.
	require.Error(t, tab.Evaluate(within(t, 100*time.Millisecond), `for (;;) { try { for (;;); } finally { continue; } }`, nil))
	promptly(t, tab.Release)
	var lost *LostError
	require.ErrorAs(t, tab.Reason(), &lost)
	assert.Equal(t, Unresponsive, lost.Kind)
	require.ErrorIs(t, tab.Evaluate(bounded(t), "1", nil), ErrReleased)
}

func TestLoopWhileLoading(t *testing.T) {
	tab := lease(t, shared)
	err := tab.Open(within(t, 700*time.Millisecond), serve(t, script("for (;;);"), nil)+"/", newRecord().add)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Contains(t, err.Error(), "loop")
}

func TestDialogsAnswerAtOnce(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	assert.JSONEq(t, `[null,false,null,null]`, eval(t, tab, `[alert('a'), confirm('b'), prompt('c', 'd'), print()]`))
	for name, text := range map[string]any{"alert": "a", "confirm": "b", "prompt": "c"} {
		assert.Equal(t, text, seen.of("dialog", name)[0].field(t, "text"))
	}
	assert.Len(t, seen.of("dialog", "print"), 1)
	// A frame brings the browser's own dialogs.
	assert.JSONEq(t, `[null,false,null]`, eval(t, tab, `(() => {
		const frame = document.createElement('iframe');
		document.body.append(frame);
		const w = frame.contentWindow;
		return [w.alert('from a frame'), w.confirm('sure?'), w.prompt('who?')];
	})()`))
	alerts := seen.of("dialog", "alert")
	require.Len(t, alerts, 2, "%s", seen)
	assert.Equal(t, "from a frame", alerts[1].field(t, "text"))
	assert.Zero(t, alerts[1].ID)
}

func TestPopups(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	assert.Equal(t, "true", eval(t, tab, `open('/elsewhere', 'w', 'popup') === null`))
	assert.JSONEq(t, `{"url":"/elsewhere","target":"w","features":"popup"}`, string(seen.of("popup", "open")[0].Data))
	require.NoError(t, tab.Evaluate(bounded(t), `Object.assign(document.body.appendChild(document.createElement('a')), {href: '/linked', target: '_blank'}).click()`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	popups := seen.of("popup", "open")
	require.Len(t, popups, 2, "%s", seen)
	assert.Contains(t, string(popups[1].Data), "/linked")

	// The window itself is closed again: wait until only the tab's own page is left in its context.
	ctx := bounded(t)
	for {
		all, err := cdp.Call(ctx, tab.session.process.browser, target.GetTargets, target.GetTargetsParams{})
		require.NoError(t, err)
		left := slices.DeleteFunc(all.TargetInfos, func(i *target.Info) bool { return i.BrowserContextID != tab.session.contextID || i.Type != "page" })
		if len(left) == 1 {
			break
		}
	}
	assert.NoError(t, tab.Reason())
}

func TestWindowClose(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `window.close()`, nil))
	assert.Len(t, seen.of("navigation", "close"), 1)
	require.NoError(t, tab.Reason())
	// The browser's own close, taken from a frame.
	_ = tab.Evaluate(bounded(t), `(() => { const f = document.createElement('iframe'); document.body.append(f); f.contentWindow.close.call(window); })()`, nil)
	wantLost(t, tab, Closed, "")
}

func TestTabClosedUnderUs(t *testing.T) {
	tab, _ := show(t, script(""), nil)
	_, err := cdp.Call(bounded(t), tab.session.process.browser, target.CloseTarget, target.CloseTargetParams{TargetID: tab.session.target.TargetID})
	require.NoError(t, err)
	wantLost(t, tab, Closed, "")
}

// wantLost waits until the tab is lost and checks how.
func wantLost(t *testing.T, tab *Tab, kind LostKind, detail string) {
	t.Helper()
	select {
	case <-tab.Lost():
	case <-bounded(t).Done():
		require.FailNow(t, "the tab was not lost")
	}
	var lost *LostError
	require.ErrorAs(t, tab.Reason(), &lost)
	assert.Equal(t, kind, lost.Kind, "%v", lost)
	assert.Contains(t, lost.Detail, detail)
	require.ErrorAs(t, tab.Evaluate(bounded(t), "1", nil), &lost)
	require.ErrorAs(t, tab.Click(bounded(t), "x", 0), &lost)
}

func TestLeavingThePage(t *testing.T) {
	for name, c := range map[string]struct{ js, want string }{
		"location": {`location = '/elsewhere?a=1'`, "/elsewhere?a=1"},
		"link":     {`Object.assign(document.body.appendChild(document.createElement('a')), {href: '/linked'}).click()`, "/linked"},
		"form":     {`Object.assign(document.body.appendChild(document.createElement('form')), {action: '/form', method: 'post'}).submit()`, "/form"},
		"reload":   {`location.reload()`, "/"},
		"refresh":  {`document.head.append(Object.assign(document.createElement('meta'), {httpEquiv: 'refresh', content: '0;url=/meta'}))`, "/meta"},
		"blank":    {`location = 'about:blank'`, "about:blank"},
	} {
		t.Run(name, func(t *testing.T) {
			tab, seen := show(t, script(""), nil)
			// The answer and the loss come in either order.
			var lost *LostError
			if err := tab.Evaluate(bounded(t), "void ("+c.js+")", nil); err != nil {
				require.ErrorAs(t, err, &lost)
			}
			wantLost(t, tab, Navigated, c.want)
			m := seen.wait(t, "navigation", "away")
			assert.Equal(t, true, m.field(t, "kept"))
			assert.Contains(t, m.field(t, "url"), c.want)
			// The page was kept, so its evidence is still there.
			shot, err := tab.Screenshot(bounded(t))
			require.NoError(t, err)
			assert.Equal(t, "\x89PNG", string(shot[:4]))
		})
	}
}

func TestHistoryCannotBeKeptBack(t *testing.T) {
	// history.go is the one way that a page cannot be kept from leaving, so a page that made itself a history is caught by the browser's events.
	tab, _ := show(t, script(""), nil)
	assert.Equal(t, "1", eval(t, tab, "history.length"), "the pages before are not to be gone back to")
	_, err := cdp.Call(bounded(t), tab.session.target, page.Navigate, page.NavigateParams{URL: "about:blank"})
	require.NoError(t, err)
	wantLost(t, tab, Navigated, "about:blank")
}

func TestLeavingWhileLoading(t *testing.T) {
	tab := lease(t, shared)
	seen := newRecord()
	err := tab.Open(bounded(t), serve(t, script("location = '/elsewhere'"), nil)+"/", seen.add)
	if err == nil {
		// The page may have become ready before it was noticed.
		<-tab.Lost()
		err = tab.Reason()
	}
	var lost *LostError
	require.ErrorAs(t, err, &lost)
	assert.Equal(t, Navigated, lost.Kind)
	assert.Contains(t, lost.Detail, "/elsewhere")
}

func TestDocumentWrittenAnew(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `document.write('<p id=p>written</p><input id=i>'); document.close();
		deskcheck.ui = {find: (n) => document.getElementById(n), look: () => document.body.textContent + i.value}; setTimeout(() => { throw new Error('after'); })`, nil))
	assert.Contains(t, string(seen.wait(t, "error", "uncaught").Data), "after")
	require.NoError(t, tab.Type(bounded(t), "i", "typed", 0))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	screens := seen.of("screen", "")
	assert.Equal(t, `"writtentyped"`, string(screens[len(screens)-1].Data))
	require.NoError(t, tab.Reason())
	_ = tab.Evaluate(bounded(t), "void (location = '/elsewhere')", nil)
	wantLost(t, tab, Navigated, "/elsewhere")
}

func TestMovesWithinThePageAreOnlyRecorded(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `location.hash = 'a'; history.pushState({}, '', '/pushed'); history.replaceState({}, '', '/replaced'); history.back()`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	assert.GreaterOrEqual(t, len(seen.of("navigation", "within")), 3, "%s", seen)
	require.NoError(t, tab.Evaluate(bounded(t), `location = 'mailto:a@example.org'`, nil))
	assert.Len(t, seen.of("navigation", "other"), 1)
	require.NoError(t, tab.Reason())
	assert.Equal(t, "2", eval(t, tab, "1+1"))
}

func TestCrash(t *testing.T) {
	tab, _ := show(t, script(""), nil)
	waiting := make(chan error, 1)
	go func() { waiting <- tab.Evaluate(context.Background(), "new Promise(() => {})", nil) }()
	// A crashed page never answers its crash.
	ctx := bounded(t)
	go func() { _, _ = cdp.Call(ctx, tab.session.target, page.Crash, cdp.Empty{}) }()
	wantLost(t, tab, Crashed, "")
	var lost *LostError
	require.ErrorAs(t, <-waiting, &lost, "who waits for the page is told at once")
	tab.Release()
	again, _ := show(t, script(""), nil)
	assert.Equal(t, "2", eval(t, again, "1+1"))
}

func TestCrashByAddress(t *testing.T) {
	tab, _ := show(t, script(""), nil)
	_, _ = cdp.Call(within(t, time.Second), tab.session.target, page.Navigate, page.NavigateParams{URL: "chrome://crash"})
	wantLost(t, tab, Crashed, "")
}

func TestBrokenPrimordials(t *testing.T) {
	tab, seen := show(t, script(fakeHost+`
		document.body.insertAdjacentHTML('beforeend', '<button id=b>press</button><input id=i>');
		globalThis.clicks = 0;
		b.onclick = () => clicks++;
		const elements = {b, i};
		deskcheck.ui = {find: (name) => elements[name], look: () => ({clicks})};
		const rubbish = function () { return 'rubbish'; };
		const names = Object.getOwnPropertyNames, define = Object.defineProperty;
		const prototypes = [Array.prototype, String.prototype, Map.prototype, Set.prototype, WeakMap.prototype, Promise.prototype, RegExp.prototype, EventTarget.prototype,
			MessagePort.prototype, MutationObserver.prototype, Element.prototype, Performance.prototype, Error.prototype, Function.prototype, Date.prototype];
		const globals = ['Promise', 'JSON', 'Proxy', 'Reflect', 'Map', 'Set', 'WeakMap', 'Date', 'TypeError', 'Math', 'Array', 'String', 'Number', 'RegExp', 'MutationObserver',
			'MessageChannel', 'WebSocket', 'fetch', 'setTimeout', 'setInterval', 'clearTimeout', 'requestAnimationFrame', 'performance', 'Object'];
		for (let p = 0; p < prototypes.length; p++) {
			const keys = names(prototypes[p]);
			for (let k = 0; k < keys.length; k++) {
				try { define(prototypes[p], keys[k], {value: rubbish, configurable: true, writable: true}); } catch {}
			}
		}
		try { define(Array.prototype, Symbol.iterator, {value: rubbish}); } catch {}
		for (let g = 0; g < globals.length; g++) define(globalThis, globals[g], {value: rubbish, configurable: true, writable: true});
	`), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `void (async () => {
		const made = await begin(async (parameters) => { parameters.callback.agentTyping(true); return {async startChat(m) { return m; }}; });
		globalThis.echo = (text) => made.startChat({text});
		echo('hi');
	})()`, nil))
	wantData(t, `{"outcome":"fulfilled","value":{"text":"hi"}}`, seen.wait(t, "settled", "startChat"))
	assert.Len(t, seen.of("callback", "agentTyping"), 1, "%s", seen)
	var echoed struct{ Text string }
	require.NoError(t, tab.Call(bounded(t), "echo", &echoed, "again"))
	assert.Equal(t, "again", echoed.Text)
	require.NoError(t, tab.Click(bounded(t), "b", 0))
	require.NoError(t, tab.Type(bounded(t), "i", "text", 0))
	require.NoError(t, tab.Jump(bounded(t), time.Minute))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	screens := seen.of("screen", "")
	assert.JSONEq(t, `{"clicks":1}`, string(screens[len(screens)-1].Data))
}

func TestStubbornPage(t *testing.T) {
	tab, seen := show(t, script(`addEventListener('beforeunload', (e) => { e.preventDefault(); e.returnValue = 'stay'; });
		document.body.insertAdjacentHTML('beforeend', '<button id=b>press</button>');
		deskcheck.ui = {find: (n) => document.getElementById(n), look: () => 0};`), nil)
	// Only a page that the user has touched may ask.
	require.NoError(t, tab.Click(bounded(t), "b", 0))
	require.NoError(t, tab.Reload(bounded(t)))
	assert.Len(t, seen.of("dialog", "beforeunload"), 1, "%s", seen)
	require.NoError(t, tab.Click(bounded(t), "b", 0))
	next := newRecord()
	require.NoError(t, tab.Open(bounded(t), serve(t, script(`deskcheck.record({kind: 'event', name: 'next'})`), nil)+"/", next.add))
	assert.Len(t, next.messages(), 1, "%s", next)
	assert.Len(t, seen.of("dialog", "beforeunload"), 1, "the scenario before hears nothing any more")
}

func TestSlowServer(t *testing.T) {
	tab := lease(t, shared)
	stop := make(chan struct{})
	address := serve(t, "", map[string]http.HandlerFunc{"/slow": func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}})
	err := tab.Open(within(t, 200*time.Millisecond), address+"/slow", newRecord().add)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	close(stop)
	for bad, want := range map[string]string{
		strings.Replace(address, "http", "ftp", 1): "http address",
		"http://localhost:1/":                      "ERR_",
		address + "/missing":                       "status 404",
	} {
		err := tab.Open(bounded(t), bad, newRecord().add)
		require.Error(t, err)
		assert.Contains(t, err.Error(), want)
	}
	// The tab is still good.
	require.NoError(t, tab.Open(bounded(t), serve(t, script(""), nil)+"/", newRecord().add))
}

func TestRedirectToAnotherOrigin(t *testing.T) {
	other := serve(t, script(""), nil)
	tab := lease(t, shared)
	address := serve(t, "", map[string]http.HandlerFunc{"/go": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other+"/", http.StatusFound) }})
	err := tab.Open(bounded(t), address+"/go", newRecord().add)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "another origin")
}
