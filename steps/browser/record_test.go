package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wantData compares a recorded call or its end, apart from how long it took and which factory call it belongs to; both must be told.
func wantData(t *testing.T, want string, m Message) {
	t.Helper()
	var data map[string]any
	require.NoError(t, json.Unmarshal(m.Data, &data), "%s", m.Data)
	assert.Contains(t, data, "instance")
	delete(data, "instance")
	if m.Ref != 0 {
		assert.Contains(t, data, "ms")
		delete(data, "ms")
	}
	got, err := json.Marshal(data)
	require.NoError(t, err)
	assert.JSONEq(t, want, string(got))
}

// fakeHost is the least a host page does: it wraps a factory, gives it a callback object of a class, and calls the integration.
const fakeHost = `
class Callback {
  constructor() { this.heard = []; }
  agentJoined(profile) { this.heard.push(profile); return Promise.resolve('joined'); }
  agentTyping(on) { this.heard.push(on); }
  sendMessageToUser() { return Promise.reject(new Error('the chat has ended')); }
  explode() { throw new RangeError('boom'); }
}
globalThis.rawCallback = new Callback();
globalThis.begin = (factory) => {
  const make = deskcheck.wrapFactory(factory, {
    widget: 0,
    known: ['agentJoined', 'agentTyping', 'agentReadMessages', 'sendMessageToUser', 'explode'],
    others: ['setUsername'],
  });
  return make({callback: rawCallback, instance: {id: 7}});
};`

func TestMessagesComeInOrderWithTimes(t *testing.T) {
	before := time.Now()
	tab, seen := show(t, script(`
		for (let i = 0; i < 50; i++) deskcheck.record({kind:'event', name:'e'+i, from:'host', to:'page', ref:i, widget:1, note:'n', requirement:'X-01', data:{i}});
		deskcheck.attempt(3);
		Promise.resolve().then(() => deskcheck.record({kind:'event', name:'micro'}));`), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `deskcheck.record({kind:'event', name:'last'})`, nil))
	after := time.Now()

	all := seen.messages()
	require.Len(t, all, 52, "%s", seen)
	for i, m := range all {
		assert.Equal(t, i+1, m.ID)
		assert.False(t, m.At.Before(before.Add(-5*time.Millisecond)) || m.At.After(after.Add(5*time.Millisecond)), "%v is not between %v and %v", m.At, before, after)
		if i > 0 {
			assert.False(t, m.At.Before(all[i-1].At), "time ran backwards at %d", i)
		}
	}
	first := all[0]
	first.At = time.Time{}
	assert.Equal(t, Message{ID: 1, Kind: "event", Name: "e0", From: "host", To: "page", Note: "n", Requirement: "X-01", Widget: 1, Data: json.RawMessage(`{"i":0}`)}, first)
	assert.Equal(t, "micro", all[50].Name)
	assert.Equal(t, 3, all[50].Attempt)
	assert.Equal(t, "last", all[51].Name, "what was recorded before Evaluate returned was handed over by then")
}

func TestTimesAgreeWithGo(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	before := time.Now()
	require.NoError(t, tab.Evaluate(bounded(t), `deskcheck.clock.jump(3_600_000).then(() => deskcheck.record({kind:'event', name:'after an hour'}))`, nil))
	after := time.Now()
	at := seen.wait(t, "event", "after an hour").At
	assert.False(t, at.Before(before.Add(-2*time.Millisecond)) || at.After(after.Add(2*time.Millisecond)), "%v should lie between %v and %v", at, before, after)
}

func TestFactoryAndMethodsAreRecorded(t *testing.T) {
	tab, seen := show(t, script(fakeHost), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `(async () => {
		class Base { #secret = 5; inherited(a) { return this.#secret + a; } get size() { return 1; } }
		class Integration extends Base {
			constructor(callback) { super(); this.callback = callback; this.plain = 3; }
			async startChat(message) { await null; return {ok: message.text}; }
			fails() { return Promise.reject(new TypeError('no desk')); }
			throws() { throw new Error('at once'); }
			lazy() { return {then(resolve) { resolve('foreign'); }}; }
		}
		const made = await begin(async (parameters) => new Integration(parameters.callback));
		globalThis.made = made;
		globalThis.results = [await made.startChat({text: 'hi'}), made.inherited(2), await made.lazy(), made.plain, made.size, Object.keys(made).join(),
			made instanceof Integration, made.startChat === made.startChat, 'startChat' in made, made.missing];
		await made.fails().catch(() => {});
		try { made.throws(); } catch {}
	})()`, nil))
	assert.JSONEq(t, `[{"ok":"hi"},7,"foreign",3,1,"callback,plain",true,true,true,null]`, eval(t, tab, "results"))

	factory := seen.of("call", "factory")[0]
	assert.Equal(t, "host", factory.From)
	assert.Equal(t, "integration", factory.To)
	assert.Contains(t, fmt.Sprint(factory.field(t, "callbacks")), "agentJoined")
	settled := seen.of("settled", "factory")[0]
	assert.Equal(t, factory.ID, settled.Ref)
	assert.Equal(t, "fulfilled", settled.field(t, "outcome"))
	assert.Nil(t, settled.field(t, "sync"))
	methods := settled.field(t, "methods").(map[string]any)
	assert.Equal(t, "function", methods["startChat"])
	assert.Equal(t, "function", methods["inherited"])
	assert.Equal(t, "number", methods["plain"])
	assert.Equal(t, "accessor", methods["size"])
	assert.NotContains(t, methods, "toString")

	start, ended := seen.of("call", "startChat")[0], seen.of("settled", "startChat")[0]
	wantData(t, `{"args":[{"text":"hi"}]}`, start)
	assert.Equal(t, start.ID, ended.Ref)
	wantData(t, `{"outcome":"fulfilled","value":{"ok":"hi"}}`, ended)
	wantData(t, `{"outcome":"fulfilled","value":7,"sync":true}`, seen.of("settled", "inherited")[0])
	wantData(t, `{"outcome":"fulfilled","value":"foreign"}`, seen.of("settled", "lazy")[0])
	rejected := seen.of("settled", "fails")[0]
	assert.Equal(t, "rejected", rejected.field(t, "outcome"))
	assert.Equal(t, "no desk", rejected.field(t, "error").(map[string]any)["message"])
	assert.Equal(t, "threw", seen.of("settled", "throws")[0].field(t, "outcome"))
}

func TestFactoryThatFails(t *testing.T) {
	tab, seen := show(t, script(fakeHost), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `(async () => {
		try { begin(() => { throw new Error('at once'); }); } catch (e) { console.log('caught', e.message); }
		await begin(() => Promise.reject(new Error('later'))).catch(() => {});
		globalThis.plain = begin(() => ({startChat() {}})) ;
		globalThis.nothing = begin(() => undefined);
	})()`, nil))
	settled := seen.of("settled", "factory")
	require.Len(t, settled, 4, "%s", seen)
	assert.Equal(t, "threw", settled[0].field(t, "outcome"))
	assert.Equal(t, "rejected", settled[1].field(t, "outcome"))
	wantData(t, `{"outcome":"fulfilled","type":"object","methods":{"startChat":"function"},"sync":true}`, settled[2])
	wantData(t, `{"outcome":"fulfilled","type":"undefined","value":{"$type":"undefined"},"sync":true}`, settled[3])
	assert.Len(t, seen.of("console", "log"), 1)
}

func TestCallbacksAreRecorded(t *testing.T) {
	tab, seen := show(t, script(fakeHost), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `(async () => {
		let callback;
		await begin((parameters) => { callback = parameters.callback; return {}; });
		globalThis.cb = callback;
		globalThis.results = [await callback.agentJoined({id: 'a'}), callback.agentTyping(true), Object.keys(callback).length, JSON.stringify(callback),
			'agentJoined' in callback, typeof Object.getPrototypeOf(callback).agentJoined, callback.agentJoined === callback.agentJoined, String(callback)];
		await callback.sendMessageToUser({text: 'x'}).catch((e) => results.push(e.message));
		try { callback.explode(); } catch (e) { results.push(e.name); }
	})()`, nil))
	assert.JSONEq(t, `["joined",null,0,"{}",true,"function",true,"[object Object]","the chat has ended","RangeError"]`, eval(t, tab, "results"))
	assert.JSONEq(t, `[{"id":"a"},true]`, eval(t, tab, "rawCallback.heard"), "the host's own object ran, as itself")

	joined, returned := seen.of("callback", "agentJoined")[0], seen.of("returned", "agentJoined")[0]
	assert.Equal(t, "integration", joined.From)
	assert.Equal(t, "host", joined.To)
	wantData(t, `{"args":[{"id":"a"}]}`, joined)
	assert.Equal(t, joined.ID, returned.Ref)
	wantData(t, `{"outcome":"fulfilled","value":"joined"}`, returned)
	wantData(t, `{"outcome":"fulfilled","sync":true}`, seen.of("returned", "agentTyping")[0])
	assert.Equal(t, "rejected", seen.of("returned", "sendMessageToUser")[0].field(t, "outcome"))
	assert.Equal(t, "threw", seen.of("returned", "explode")[0].field(t, "outcome"))
	assert.Empty(t, seen.of("violation", ""), "%s", seen)
	assert.Empty(t, seen.of("error", ""), "%s", seen)

	// A rejection that the integration ignores stays the page's unhandled rejection.
	require.NoError(t, tab.Evaluate(bounded(t), `void cb.sendMessageToUser({})`, nil))
	assert.Contains(t, string(seen.wait(t, "error", "unhandledrejection").Data), "the chat has ended")
}

func TestDetachedCallbackIsAViolation(t *testing.T) {
	tab, seen := show(t, script(fakeHost), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `(async () => {
		await begin((parameters) => {
			const { agentJoined } = parameters.callback;
			try { agentJoined({id: 'a'}); } catch (e) { globalThis.thrown = e instanceof TypeError && e.message; }
			return {};
		});
	})()`, nil))
	assert.Contains(t, eval(t, tab, "thrown"), "agentJoined must be called on the callback object")
	violation := seen.of("violation", "agentJoined")[0]
	assert.Equal(t, "CB-01", violation.Requirement)
	wantData(t, `{"args":[{"id":"a"}]}`, violation)
	assert.Empty(t, seen.of("callback", ""))
	assert.JSONEq(t, `[]`, eval(t, tab, "rawCallback.heard"))
}

func TestUnknownCallbackNames(t *testing.T) {
	tab, seen := show(t, script(fakeHost), nil)
	require.NoError(t, tab.Evaluate(bounded(t), `(async () => {
		await begin((parameters) => {
			const { callback } = parameters;
			callback.agentJoind?.({});
			callback.agentJoind?.({});
			callback.setUsername?.('x');
			callback.agentReadMessages?.();
			'somethingElse' in callback;
			callback.zzzzqqqq;
			callback.then; callback.toJSON; callback.constructor; callback[Symbol.iterator]; callback.hasOwnProperty('x');
			globalThis.all = [callback.agentJoind, callback.setUsername, callback.zzzzqqqq].every((x) => x === undefined);
			return {};
		});
	})()`, nil))
	assert.Equal(t, "true", eval(t, tab, "all"))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	assert.Empty(t, seen.of("violation", ""), "to look is allowed: %s", seen)
	var probes []string
	for _, m := range seen.of("probe", "") {
		probes = append(probes, m.Name)
	}
	assert.Equal(t, []string{"agentJoind", "setUsername", "agentReadMessages", "somethingElse", "zzzzqqqq"}, probes)
}

// missingCallbacks shows a page whose integration does something with its callback object.
func missingCallbacks(t *testing.T, body string) (*Tab, *record) {
	t.Helper()
	code := "globalThis.run = (callback) => {\n" + body + "\n};"
	tab, seen := show(t, "<!doctype html><body><script>"+fakeHost+"</script><script src=/integration.js></script>", map[string]http.HandlerFunc{
		"/integration.js": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(code))
		},
	})
	require.NoError(t, tab.Evaluate(bounded(t), `void begin((parameters) => { run(parameters.callback); return {}; })`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	return tab, seen
}

func TestLookingForACallbackIsNoCall(t *testing.T) {
	for name, js := range map[string]string{
		"typeof":           `for (let i = 0; i < 3; i++) if (typeof callback.agentLeft === 'function') callback.agentLeft(1);`,
		"truth":            `if (callback.agentLeft) callback.agentLeft(1);`,
		"optional call":    `callback.agentLeft?.(1); callback?.agentLeft?.(1); callback['agentLeft']?.(1); callback.agentLeft?.call(callback, 1);`,
		"taken out":        `const { agentLeft } = callback; if (agentLeft) agentLeft();`,
		"in a store":       `callback.__v_skip; callback.__v_isReactive; callback['__v_raw'];`,
		"as an argument":   `String(callback.agentLeft); [callback.agentLeft]; (callback.agentLeft);`,
		"by Reflect":       `Reflect.get(callback, 'agentLeft');`,
		"before a bracket": `const list = [callback[['agentLeft'][0]]]; void (list);`,
	} {
		t.Run(name, func(t *testing.T) {
			_, seen := missingCallbacks(t, js)
			assert.Empty(t, seen.of("violation", ""), "%s", seen)
			assert.NotEmpty(t, seen.of("probe", ""))
		})
	}
}

func TestCallingAMissingCallback(t *testing.T) {
	for name, js := range map[string]string{
		"caught":            `try { callback.agentJoind({}); } catch {}`,
		"after a look":      `if (typeof callback.agentJoind === 'function') 0; try { callback.agentJoind({}); } catch {}`,
		"in a promise":      `(async () => { await callback.agentJoind({}); })().catch(() => {});`,
		"optional object":   `try { callback?.agentJoind({}); } catch {}`,
		"of a private":      `class C { #to = callback; tell() { this.#to.agentJoind ( {} ); } } try { new C().tell(); } catch {}`,
		"by its name":       `const name = 'agentJoind'; try { callback[name]({}); } catch {}`,
		"by a composed one": `try { callback['agent' + ["Joind"][0]] /* ] */ ({}); } catch {}`,
		"through call":      `try { callback.agentJoind.call(callback, {}); } catch {}`,
		"over lines":        "try { callback // here\n  .agentJoind\n  /* and */ ({}); } catch {}",
		"uncaught":          `setTimeout(() => callback.agentJoind({}));`,
		"taken out":         `const { agentJoind } = callback; setTimeout(() => agentJoind({}));`,
		"rejected":          `const { agentJoind } = callback; Promise.resolve().then(() => agentJoind({}));`,
		"told":              `const { agentJoind } = callback; try { agentJoind({}); } catch (error) { console.warn('not told', error); }`,
		"in the dark":       `Error.stackTraceLimit = 0; Error.prepareStackTrace = () => 'nothing'; try { callback.agentJoind({}); } catch {}`,
		"not by a script":   `eval('setTimeout(() => callback.agentJoind({}))');`,
	} {
		t.Run(name, func(t *testing.T) {
			tab, seen := missingCallbacks(t, js)
			require.NoError(t, tab.Jump(bounded(t), time.Second))
			require.NoError(t, tab.Settle(bounded(t), Traffic{}))
			violations := seen.of("violation", "")
			require.Len(t, violations, 1, "%s", seen)
			assert.Equal(t, "CB-04", violations[0].Requirement)
			assert.Equal(t, "agentJoind", violations[0].Name)
			assert.Contains(t, violations[0].Note, "callback.agentJoind was called, but no chat has a callback of that name; did you mean agentJoined?")
			assert.Equal(t, seen.wait(t, "probe", "agentJoind").ID, violations[0].Ref)
		})
	}
	t.Run("of another dialect", func(t *testing.T) {
		_, seen := missingCallbacks(t, `try { callback.setUsername('x'); } catch {}`)
		violations := seen.of("violation", "setUsername")
		require.Len(t, violations, 1, "%s", seen)
		assert.Contains(t, violations[0].Note, "ask whether it is there")
		assert.Contains(t, violations[0].field(t, "at"), "/integration.js:2:")
	})
	t.Run("by a method", func(t *testing.T) {
		tab, seen := show(t, script(fakeHost), nil)
		require.NoError(t, tab.Evaluate(bounded(t), `(async () => {
			const made = await begin((parameters) => ({ startChat: async () => { await parameters.callback.agentJoind({}); } }));
			await made.startChat().catch(() => {});
		})()`, nil))
		assert.Len(t, seen.of("violation", "agentJoind"), 1, "%s", seen)
	})
}

func TestSnapshotsOfStrangeValues(t *testing.T) {
	tab, seen := show(t, script(""), nil)
	for name, c := range map[string]struct{ js, want string }{
		"cycle":          {`(() => { const a = {n: 1}; a.self = a; return a; })()`, `{"n":1,"self":{"$type":"cycle"}}`},
		"twice":          {`(() => { const a = {n: 1}; return [a, a]; })()`, `[{"n":1},{"n":1}]`},
		"numbers":        {`[1.5, NaN, Infinity, -0, 10n]`, `[1.5,{"$type":"number","value":"NaN"},{"$type":"number","value":"Infinity"},0,{"$type":"bigint","value":"10"}]`},
		"undefined":      {`[undefined, {a: undefined, b: null}]`, `[{"$type":"undefined"},{"b":null}]`},
		"holes":          {`[,1]`, `[{"$type":"undefined"},1]`},
		"functions":      {`[function named() {}, Symbol('s')]`, `[{"$type":"function","name":"named"},{"$type":"symbol","value":"Symbol(s)"}]`},
		"date":           {`[new Date(0), new Date(NaN)]`, `[{"$type":"date","value":"1970-01-01T00:00:00.000Z"},{"$type":"date","value":null}]`},
		"throwing":       {`({get a() { throw new Error('no'); }, b: 1})`, `{"a":{"$type":"threw","message":"Error: no"},"b":1}`},
		"revoked proxy":  {`(() => { const {proxy, revoke} = Proxy.revocable({}, {}); revoke(); return [proxy]; })()`, `[{"$type":"unreadable","message":"TypeError: Cannot perform 'IsArray' on a proxy that has been revoked"}]`},
		"hostile proxy":  {`new Proxy({}, {ownKeys() { throw 'x'; }, get() { throw 'y'; }})`, `{"$type":"unreadable","message":"y"}`},
		"null prototype": {`Object.assign(Object.create(null), {a: 1})`, `{"a":1}`},
		"instance":       {`new (class Thing { constructor() { this.a = 1; } })()`, `{"a":1}`},
		"toJSON":         {`({a: 1, toJSON() { return 'lie'; }})`, `{"a":1,"toJSON":{"$type":"function","name":"toJSON"}}`},
		"file":           {`new File(['abc'], 'a.txt', {type: 'text/plain'})`, `{"$type":"file","name":"a.txt","size":3,"type":"text/plain"}`},
		"blob":           {`new Blob(['abcd'], {type: 'image/png'})`, `{"$type":"blob","size":4,"type":"image/png"}`},
		"element":        {`Object.assign(document.createElement('button'), {id: 'send', className: 'big red'})`, `{"$type":"element","value":"button#send.big"}`},
		"collections":    {`[new Map([['a', {b: 1}]]), new Set([1])]`, `[{"$type":"map","entries":[["a",{"b":1}]]},{"$type":"set","values":[1]}]`},
		"promise":        {`Promise.resolve(1)`, `{"$type":"promise"}`},
		"window":         {`window`, `{"$type":"Window"}`},
		"forged tag":     {`({[Symbol.toStringTag]: 'File', a: 1})`, `{"a":1}`},
		"bytes":          {`new Uint8Array(5)`, `{"$type":"Uint8Array","bytes":5}`},
		"surrogate":      {`'\ud800'`, `"\ud800"`},
		"own $type":      {`({$type: 'mine'})`, `{"$type":"mine"}`},
	} {
		t.Run(name, func(t *testing.T) {
			id := eval(t, tab, `deskcheck.record({kind: 'event', name: 'value', data: `+c.js+`})`)
			all := seen.of("event", "value")
			last := all[len(all)-1]
			assert.Equal(t, id, strconv.Itoa(last.ID))
			assert.JSONEq(t, c.want, string(last.Data))
		})
	}

	t.Run("error", func(t *testing.T) {
		eval(t, tab, `deskcheck.record({kind: 'event', name: 'error', data: Object.assign(new TypeError('bad'), {code: 'E1'})})`)
		m := seen.of("event", "error")[0]
		assert.Equal(t, "error", m.field(t, "$type"))
		assert.Equal(t, "TypeError", m.field(t, "name"))
		assert.Equal(t, "bad", m.field(t, "message"))
		assert.Equal(t, "E1", m.field(t, "code"))
		assert.Contains(t, m.field(t, "stack"), "TypeError: bad")
	})
	t.Run("large", func(t *testing.T) {
		eval(t, tab, `deskcheck.record({kind: 'event', name: 'large', data: ['x'.repeat(5_000_000), 'after', Array.from({length: 100_000}, (_, i) => i)]})`)
		m := seen.of("event", "large")[0]
		assert.Less(t, len(m.Data), 66<<10)
		assert.Contains(t, m.Note, "cut")
		assert.Contains(t, string(m.Data), "… (5000000 characters)")
		assert.True(t, json.Valid(m.Data))
		eval(t, tab, `deskcheck.record({kind: 'event', name: 'deep', data: (() => { let a = {}; for (let i = 0; i < 10_000; i++) a = {a}; return a; })()})`)
		eval(t, tab, `deskcheck.record({kind: 'event', name: 'endless', data: new Proxy([], {get: (_, k) => k === 'length' ? 1e9 : 'item'})})`)
		assert.Less(t, len(seen.of("event", "deep")[0].Data), 1000)
		assert.Less(t, len(seen.of("event", "endless")[0].Data), 70<<10)
	})
	t.Run("no kind", func(t *testing.T) {
		var script *ScriptError
		assert.ErrorAs(t, tab.Evaluate(bounded(t), `deskcheck.record({kind: '$ready'})`, nil), &script)
	})
}

func TestNothingOfTheBindingIsVisible(t *testing.T) {
	tab, _ := show(t, script(`globalThis.atStart = Object.getOwnPropertyNames(globalThis).filter((n) => /^binding/.test(n))`), nil)
	assert.JSONEq(t, `[]`, eval(t, tab, "atStart"))
	assert.JSONEq(t, `[[],"undefined"]`, eval(t, tab, `(() => {
		const frame = document.createElement('iframe');
		document.body.append(frame);
		return [Object.getOwnPropertyNames(frame.contentWindow).filter((n) => /^binding/.test(n)), typeof frame.contentWindow.deskcheck];
	})()`))
	assert.JSONEq(t, `[false,false,true]`, eval(t, tab, `(() => {
		globalThis.deskcheck.extra = 1;
		globalThis.deskcheck = null;
		const d = Object.getOwnPropertyDescriptor(globalThis, 'deskcheck');
		return [d.writable, d.enumerable, deskcheck.extra === undefined];
	})()`))
}

func TestErrorsAreAttributed(t *testing.T) {
	page := `<!doctype html><body><script type=module>
		import {bad, refused, reject} from '/integration.js';
		import {hostBad} from '/host.js';
		globalThis.run = {bad, refused, reject, hostBad};
	</script><script src=/missing.js></script>`
	serveScript := func(code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(code))
		}
	}
	tab, seen := show(t, page, map[string]http.HandlerFunc{
		"/integration.js": serveScript(`export function bad() { setTimeout(() => { throw new Error('integration failed'); }); }
			export function reject() { Promise.reject(new Error('integration rejected')); }
			export function refused() { Promise.reject(new Error('no answer from http://127.0.0.1:9999 today')); }`),
		"/host.js": serveScript(`export function hostBad() { setTimeout(() => { throw new Error('host failed'); }); }`),
	})
	missing := seen.wait(t, "error", "resource")
	assert.Contains(t, string(missing.Data), "could not load script")
	assert.Equal(t, "script", missing.field(t, "element"))
	assert.Equal(t, "page", missing.From, "nobody knows whose it is")
	require.NoError(t, tab.Evaluate(bounded(t), `run.bad()`, nil))
	bad := seen.wait(t, "error", "uncaught")
	assert.Equal(t, "integration", bad.From)
	assert.Equal(t, "Error: integration failed", bad.field(t, "message"))
	assert.Contains(t, bad.field(t, "stack"), "/integration.js")
	require.NoError(t, tab.Evaluate(bounded(t), `run.reject()`, nil))
	assert.Equal(t, "integration", seen.wait(t, "error", "unhandledrejection").From)
	require.NoError(t, tab.Evaluate(bounded(t), `run.hostBad()`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	all := seen.of("error", "uncaught")
	assert.Equal(t, "host", all[len(all)-1].From)

	// An address in the message is no script.
	require.NoError(t, tab.Evaluate(bounded(t), `run.refused()`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	all = seen.of("error", "unhandledrejection")
	assert.Equal(t, "integration", all[len(all)-1].From, "%s", seen)

	require.NoError(t, tab.Evaluate(bounded(t), `new Promise((r) => { const i = new Image(); i.onerror = r; document.body.append(i); i.src = '/no-avatar.png'; }); 0`, nil))
	require.NoError(t, tab.Evaluate(bounded(t), `new Promise((r) => { const s = document.createElement('script'); s.onerror = r; s.src = '/integration-part.js'; document.body.append(s); }).then(() => 0)`, nil))
	resources := seen.of("error", "resource")
	from := map[any]string{}
	for _, m := range resources {
		from[m.field(t, "element")] = m.From
	}
	assert.Equal(t, map[any]string{"img": "page", "script": "integration"}, from)
}

func TestScreenIsRecordedWhenItChanges(t *testing.T) {
	tab, seen := show(t, `<!doctype html><body><p id=p>one</p><input id=i><div id=host></div><script>
		let root;
		globalThis.looks = 0;
		deskcheck.ui = {find: () => null, look: () => { looks++; return {text: p.textContent, input: i.value, inner: root?.textContent ?? ''}; }};
	</script>`, nil)
	assert.JSONEq(t, `{"text":"one","input":"","inner":""}`, string(seen.wait(t, "screen", "screen").Data))
	require.NoError(t, tab.Evaluate(bounded(t), `p.textContent = 'two'; p.className = 'a'; p.textContent = 'three'`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	require.NoError(t, tab.Evaluate(bounded(t), `p.className = 'b'`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	all := seen.of("screen", "")
	require.Len(t, all, 2, "%s", seen)
	assert.JSONEq(t, `{"text":"three","input":"","inner":""}`, string(all[1].Data))
	assert.Equal(t, "user", all[1].To)

	require.NoError(t, tab.Evaluate(bounded(t), `root = host.attachShadow({mode: 'closed'}); root.innerHTML = '<b>deep</b>'`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	require.NoError(t, tab.Evaluate(bounded(t), `root.firstChild.textContent = 'deeper'`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	all = seen.of("screen", "")
	assert.JSONEq(t, `{"text":"three","input":"","inner":"deeper"}`, string(all[len(all)-1].Data))
	require.NoError(t, tab.Evaluate(bounded(t), `deskcheck.ui = {find() {}, look() { throw new Error('blind'); }}`, nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	all = seen.of("screen", "")
	assert.JSONEq(t, `{"$type":"threw","message":"Error: blind"}`, string(all[len(all)-1].Data))
}
