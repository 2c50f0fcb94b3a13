package browser

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A tag is the page's to choose: what it claims to be must neither hide what it has nor spoil the entry.
func TestForgedTagsHideNothing(t *testing.T) {
	tab, seen := show(t, script(fakeHost+`globalThis.forged = (tag, more) => Object.assign({[Symbol.toStringTag]: tag, nickname: 'Ann'}, more);`), nil)
	for name, c := range map[string]struct{ js, want string }{
		"array":          {`forged('ProfileArray')`, `{"nickname":"Ann"}`},
		"buffer":         {`forged('ArrayBuffer', {byteLength: NaN})`, `{"nickname":"Ann","byteLength":{"$type":"number","value":"NaN"}}`},
		"file list":      {`forged('FileList', {length: Infinity})`, `{"nickname":"Ann","length":{"$type":"number","value":"Infinity"}}`},
		"event":          {`forged('ProfileEvent')`, `{"nickname":"Ann"}`},
		"document":       {`forged('Document')`, `{"nickname":"Ann"}`},
		"window":         {`forged('Window')`, `{"nickname":"Ann"}`},
		"error":          {`forged('Error', {message: 'not one'})`, `{"nickname":"Ann","message":"not one"}`},
		"expression":     {`forged('RegExp', {toString: undefined})`, `{"nickname":"Ann"}`},
		"promise":        {`forged('Promise')`, `{"nickname":"Ann"}`},
		"element":        {`forged('XElement')`, `{"nickname":"Ann"}`},
		"endless list":   {`new Proxy([], {get: (_, k) => k === 'length' ? Infinity : 'x'.repeat(40_000)})`, ""},
		"true array":     {`[new Uint8Array(5), new Float64Array(2), new ArrayBuffer(3), new BigInt64Array(1)]`, `[{"$type":"Uint8Array","bytes":5},{"$type":"Float64Array","bytes":16},{"$type":"ArrayBuffer","bytes":3},{"$type":"BigInt64Array","bytes":8}]`},
		"true files":     {`(() => { const i = document.createElement('input'); i.type = 'file'; return i.files; })()`, `[]`},
		"true event":     {`[new Event('x'), new MessageEvent('y'), document, window]`, `[{"$type":"Event"},{"$type":"MessageEvent"},{"$type":"HTMLDocument"},{"$type":"Window"}]`},
		"true others":    {`[/a/g, Promise.resolve(1)]`, `[{"$type":"regexp","value":"/a/g"},{"$type":"promise"}]`},
		"own byteLength": {`Object.defineProperty(new Uint8Array(5), 'byteLength', {value: NaN})`, `{"$type":"Uint8Array","bytes":5}`},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(seen.messages())
			eval(t, tab, `deskcheck.record({kind: 'event', name: 'value', data: `+c.js+`})`)
			all := seen.messages()
			require.Len(t, all, before+1, "%s", seen)
			last := all[before]
			assert.Equal(t, "event", last.Kind)
			assert.True(t, json.Valid(last.Data), "%.300s", last.Data)
			if c.want != "" {
				assert.JSONEq(t, c.want, string(last.Data))
			}
		})
	}
	require.NoError(t, tab.Evaluate(bounded(t), `begin((parameters) => { parameters.callback.agentTyping('no boolean', {[Symbol.toStringTag]: 'SomeArray'}); return {}; }); 0`, nil))
	wantData(t, `{"args":["no boolean",{"$type":"SomeArray"}]}`, seen.wait(t, "callback", "agentTyping"))
}

func TestUnreadableMessageIsHandedOver(t *testing.T) {
	var got []Message
	s := &session{process: &process{}, stamp: "12", lastID: 7, baseID: 3, sink: func(m Message) { got = append(got, m) }}
	s.process.logf = func(string, ...any) {}
	s.receive(`{"s":"12","k":"callback","n":"agentTyping","id":5,"ts":1,"d":{"bytes":NaN}}`)
	require.Len(t, got, 1)
	assert.Equal(t, 8, got[0].ID)
	assert.Equal(t, []string{"violation", "unreadable", "integration", ""}, []string{got[0].Kind, got[0].Name, got[0].From, got[0].Requirement})
	assert.Contains(t, got[0].Note, "agentTyping")
	s.receive(`{"s":"13","k":"callback","d":NaN}`)
	assert.Len(t, got, 1, "what another document says is not this one's")
}

// set is a host page that has been set up, so that the kit's hand is shut; what is evaluated by the page's own script runs as an integration would.
const set = `deskcheck.ui = {find: () => null, look: () => 'seen'}; deskcheck.page = {echo: (x) => x}; globalThis.run = (f) => f();`

func TestHandIsShutToThePage(t *testing.T) {
	for name, js := range map[string]string{
		"record":   `deskcheck.record({kind: 'callback', name: 'agentJoined', from: 'integration', to: 'host'})`,
		"later":    `setTimeout(() => deskcheck.record({kind: 'callback', name: 'agentJoined', from: 'integration', to: 'host'}))`,
		"attempt":  `deskcheck.attempt(77)`,
		"scripts":  `deskcheck.integrationScripts([])`,
		"kit":      `deskcheck.kit.retire()`,
		"clock":    `deskcheck.clock.jump(1e15)`,
		"ui":       `deskcheck.ui = {find: () => document.body, look: () => 'forged'}`,
		"page":     `deskcheck.page = null`,
		"reading":  `deskcheck.ui.look = () => 'forged'`,
		"guess":    `deskcheck.hand('binding').record({kind: 'callback', name: 'agentJoined'})`,
		"all":      `Object.values(deskcheck)`,
		"inline":   `document.body.append(Object.assign(document.createElement('script'), {textContent: "deskcheck.record({kind: 'callback', name: 'agentJoined', from: 'integration', to: 'host'})"}))`,
		"shadowed": `document.body.append(Object.assign(document.createElement('script'), {textContent: "globalThis.globalThis = {deskcheck: {record() {}}}; var that = deskcheck.record"}))`,
	} {
		t.Run(name, func(t *testing.T) {
			tab, seen := show(t, script(set+`globalThis.attack = () => {`+js+`}`), nil)
			require.NoError(t, tab.Evaluate(bounded(t), `setTimeout(() => { try { attack(); } catch {} }); 0`, nil))
			require.NoError(t, tab.Settle(bounded(t), Traffic{}))
			reached := seen.of("violation", "deskcheck")
			require.NotEmpty(t, reached, "%s", seen)
			assert.Equal(t, "integration", reached[0].From)
			assert.Empty(t, reached[0].Requirement)
			assert.Contains(t, reached[0].Note, "reached for deskcheck.")
			assert.Empty(t, seen.of("callback", ""), "nothing was forged")

			// Go has it all, as ever.
			require.NoError(t, tab.Evaluate(bounded(t), `deskcheck.record({kind: 'event', name: 'still'})`, nil))
			assert.Zero(t, seen.wait(t, "event", "still").Attempt)
			assert.Equal(t, "true", eval(t, tab, `deskcheck.screen() === '"seen"'`), "the eyes are the host's")
			var echoed string
			require.NoError(t, tab.Call(bounded(t), "deskcheck.page.echo", &echoed, "echo"))
			assert.Equal(t, "echo", echoed)
			require.NoError(t, tab.Jump(bounded(t), time.Second))
			var list []string
			require.NoError(t, tab.Call(bounded(t), "deskcheck.tampered", &list))
			assert.Empty(t, list)
		})
	}
}

func TestHandIsOpenUntilThePageStands(t *testing.T) {
	tab, seen := show(t, script(`const {record} = deskcheck; deskcheck.attempt(2); record({kind: 'event', name: 'one'}); `+set+` record({kind: 'event', name: 'two'}); Object.freeze(deskcheck)`), nil)
	assert.Equal(t, 2, seen.wait(t, "event", "one").Attempt)
	seen.wait(t, "event", "two")
	assert.Empty(t, seen.of("violation", ""))
	assert.Equal(t, "3", eval(t, tab, "const a = 1; a + 2"))
	require.NoError(t, tab.Reload(bounded(t)))
	assert.Empty(t, seen.of("violation", ""))
}

func TestTamperingIsNamed(t *testing.T) {
	for js, want := range map[string]string{
		`Object.prototype.x = 'polluted'`:                                                        "Object.prototype.x",
		`Object.prototype.get = () => 1; Object.prototype.set = () => 1`:                         "Object.prototype.get,Object.prototype.set",
		`Object.defineProperty(Object.prototype, 'get', {value() {}})`:                           "Object.prototype.get",
		`Object.defineProperty(Object.prototype, 'then', {value() {}, configurable: true})`:      "Object.prototype.then",
		`Array.prototype.contains = () => true`:                                                  "Array.prototype.contains",
		`Object.freeze = Object.keys = Object.assign = () => { throw new Error('') }`:            "Object.assign,Object.freeze,Object.keys",
		`Promise.prototype.then = function () {}`:                                                "Promise.prototype.then",
		`globalThis.console = undefined`:                                                         "console",
		`globalThis.performance = undefined`:                                                     "performance",
		`globalThis.WeakMap = globalThis.AbortController = globalThis.queueMicrotask = class {}`: "AbortController,WeakMap,queueMicrotask",
		// What polyfills and instrumentation do.
		`Object.defineProperty(Array.prototype, 'newest', {value() {}, configurable: true, writable: true})`: "",
		`Object.defineProperty(Object.prototype, 'tidy', {value() {}, configurable: true, writable: true})`:  "",
		`Promise.prototype.lastly = function () {}; String.prototype.shout = function () {}`:                 "",
		`const log = console.log; console.log = (...a) => log.apply(console, a)`:                             "",
		`Promise.try2 = () => {}; Object.entries2 = () => {}`:                                                "",
	} {
		t.Run(js, func(t *testing.T) {
			tab, seen := show(t, script(fakeHost+`document.body.insertAdjacentHTML('beforeend', '<button id=b>press</button>');
				deskcheck.ui = {find: () => b, look: () => ({text: 'seen'})};`), nil)
			require.NoError(t, tab.Evaluate(bounded(t), `setTimeout(() => { `+js+` }); 0`, nil))
			require.NoError(t, tab.Evaluate(bounded(t), "new Promise((done) => setTimeout(done, 1))", nil))
			var list []string
			require.NoError(t, tab.Call(bounded(t), "deskcheck.tampered", &list))
			assert.Equal(t, want, strings.Join(list, ","))
			// The kit itself goes on.
			require.NoError(t, tab.Settle(bounded(t), Traffic{}))
			require.NoError(t, tab.Click(bounded(t), "b", 0))
			require.NoError(t, tab.Evaluate(bounded(t), `void (async () => { (await begin(async (parameters) => { parameters.callback.agentTyping(true); return {startChat() {}}; })).startChat({}); })()`, nil))
			seen.wait(t, "settled", "startChat")
			accused := seen.of("violation", "tampered")
			if want == "" {
				assert.Empty(t, accused)
				return
			}
			require.Len(t, accused, 1, "%s", seen)
			assert.Equal(t, "integration", accused[0].From)
			assert.Contains(t, accused[0].Note, list[0])
		})
	}
}
