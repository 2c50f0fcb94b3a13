package browser

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// form is a page with a driver that finds elements by id and tells what was clicked and typed.
const form = `<!doctype html><meta charset=utf-8><style>body{margin:0} button,input,textarea{width:120px;height:30px;display:block}</style><body>
<button id=send>Send</button><input id=line><textarea id=area></textarea><div id=rich contenteditable style="width:200px;height:60px"></div>
<script>
globalThis.events = [];
for (const type of ['mousemove', 'mouseover', 'pointerdown', 'mousedown', 'mouseup', 'click', 'keydown', 'keyup', 'input']) {
	document.addEventListener(type, (e) => { if (e.target.id) events.push(type + ' ' + e.target.id + (e.key ? ' ' + e.key : '')); if (!e.isTrusted) events.push('untrusted'); }, true);
}
deskcheck.ui = {find: (name) => document.getElementById(name), look: () => ({line: line.value, area: area.value})};
globalThis.value = (id) => document.getElementById(id).value;
</script>`

func TestClickIsAMouse(t *testing.T) {
	tab, _ := show(t, form, nil)
	require.NoError(t, tab.Click(bounded(t), "send", 0))
	// The browser may add a movement of its own after a layout, over whatever is where the mouse was before.
	assert.JSONEq(t, `["mouseover send","mousemove send","pointerdown send","mousedown send","mouseup send","click send"]`,
		eval(t, tab, "events.filter((e) => !/^mouse(over|move) (?!send$)/.test(e)).filter((e, i, all) => e !== all[i - 1])"))
	require.NoError(t, tab.Click(bounded(t), "send", 0))
	assert.Equal(t, "2", eval(t, tab, "events.filter((e) => e === 'click send').length"))
}

// The mark for spectators is drawn by the browser, above the page: the click lands as it would without, and the page has no part in it.
func TestAMarkedClickIsStillAClick(t *testing.T) {
	tab, _ := show(t, form, nil)
	before := tab.pool.options
	t.Cleanup(func() { tab.pool.options = before })
	tab.pool.options.Headed, tab.pool.options.SlowMo = true, time.Millisecond // as in a headed run, but for the window
	elements := eval(t, tab, "document.querySelectorAll('*').length")
	require.NoError(t, tab.Click(bounded(t), "send", 0))
	assert.Equal(t, "1", eval(t, tab, "events.filter((e) => e === 'click send').length"))
	assert.Equal(t, elements, eval(t, tab, "document.querySelectorAll('*').length"))
}

func TestTypeAndPress(t *testing.T) {
	tab, seen := show(t, form, nil)
	const text = "héllo 👩‍👩‍👧 שלום مرحبا\n第二行 \"quoted\" \\ </script>"
	require.NoError(t, tab.Type(bounded(t), "area", text, 0))
	var value string
	require.NoError(t, tab.Call(bounded(t), "value", &value, "area"))
	assert.Equal(t, text, value)
	assert.Contains(t, eval(t, tab, "events"), "keydown area Enter", "a line break is typed")
	require.NoError(t, tab.Press(bounded(t), "Shift+Enter"))
	require.NoError(t, tab.Press(bounded(t), "ArrowLeft"))
	require.NoError(t, tab.Press(bounded(t), "Backspace"))
	require.NoError(t, tab.Evaluate(bounded(t), "area.value", &value))
	assert.Equal(t, text[:len(text)-1]+"\n", value)
	require.NoError(t, tab.Press(bounded(t), "Escape"))
	assert.Contains(t, eval(t, tab, "events"), "keydown area Escape")
	assert.NotContains(t, eval(t, tab, "events"), "untrusted")

	require.NoError(t, tab.Type(bounded(t), "line", "one\nline", 0))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	screens := seen.of("screen", "")
	assert.Contains(t, string(screens[len(screens)-1].Data), `"line":"one line"`, "typing changes the screen though not the document")
	require.NoError(t, tab.Type(bounded(t), "rich", "rich\ntext", 0))
	require.NoError(t, tab.Evaluate(bounded(t), "rich.innerText", &value))
	assert.Contains(t, value, "rich\n")

	require.ErrorContains(t, tab.Press(bounded(t), "Hyper+Enter"), "Hyper is no modifier")
	require.ErrorContains(t, tab.Press(bounded(t), "F99"), "no such key")
	require.NoError(t, tab.Evaluate(bounded(t), "send.onmousedown = (e) => e.preventDefault(); document.activeElement.blur()", nil))
	assert.ErrorContains(t, tab.Type(bounded(t), "send", "x", 0), "the focus is on <body>, not in <button#send>")
}

func TestAFieldThatIsDrawnAnewIsClickedAgain(t *testing.T) {
	tab, _ := show(t, form, nil)
	require.NoError(t, tab.Evaluate(bounded(t), "const drawn = line; drawn.addEventListener('click', () => drawn.replaceWith(drawn.cloneNode()))", nil))
	require.NoError(t, tab.Type(bounded(t), "line", "hello", 0))
	assert.Equal(t, `"hello"`, eval(t, tab, "document.getElementById('line').value"))
	require.NoError(t, tab.Evaluate(bounded(t), "document.addEventListener('click', (e) => e.target.replaceWith(e.target.cloneNode()))", nil))
	require.ErrorContains(t, tab.Type(bounded(t), "line", "hello", 0), "the focus is on <body>, not in <input#line>", "it has an end")
}

func TestKeysAreStruckOneByOne(t *testing.T) {
	tab, _ := show(t, form, nil)
	require.NoError(t, tab.Keys(bounded(t), "line", "Hi é", 0))
	assert.JSONEq(t, `["keydown line H","input line","keyup line H","keydown line i","input line","keyup line i","keydown line  ","input line","keyup line  ","keydown line é","input line","keyup line é"]`,
		eval(t, tab, "events.filter((e) => /^(key|input)/.test(e))"))
	assert.JSONEq(t, `"Hi é"`, eval(t, tab, "line.value"))
	assert.NotContains(t, eval(t, tab, "events"), "untrusted")
}

func TestClickSaysWhatIsInTheWay(t *testing.T) {
	for name, c := range map[string]struct{ js, target, want string }{
		"absent":    {``, "nobody", "there is no such element"},
		"hidden":    {`send.style.display = 'none'`, "send", "<button#send> is hidden"},
		"invisible": {`send.style.visibility = 'hidden'`, "send", "<button#send> is hidden"},
		"disabled":  {`send.disabled = true`, "send", "<button#send> is disabled"},
		"aria":      {`send.setAttribute('aria-disabled', 'true')`, "send", "<button#send> is disabled"},
		"inert":     {`document.body.inert = true`, "send", "is inert because of <body>"},
		"covered": {`document.body.append(Object.assign(document.createElement('div'), {className: 'veil x', style: 'position:fixed;inset:0;background:#000'}))`,
			"send", "<button#send> is covered by <div.veil>"},
		"moving":    {`send.animate([{transform: 'none'}, {transform: 'translateX(500px)'}], {duration: 3000, iterations: Infinity}).ready.then(() => 0)`, "send", "still moving"},
		"no size":   {`send.style.cssText = 'width:0;height:0;padding:0;border:0'`, "send", "has no size"},
		"driver":    {`deskcheck.ui = {find() { throw new Error('lost its way'); }, look: () => 0}`, "send", "looking for it threw Error: lost its way"},
		"nonsense":  {`deskcheck.ui = {find: () => 'text', look: () => 0}`, "send", "not an element"},
		"no driver": {`deskcheck.ui = null`, "send", "has no driver"},
	} {
		t.Run(name, func(t *testing.T) {
			tab, _ := show(t, form, nil)
			require.NoError(t, tab.Evaluate(bounded(t), c.js, nil))
			err := tab.Click(within(t, 250*time.Millisecond), c.target, 0)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, `click "`+c.target+`"`)
			if name == "covered" {
				require.ErrorContains(t, err, `the user saw {"line":"","area":""}`)
			}
			assert.NotContains(t, eval(t, tab, "events"), "click")
			assert.NoError(t, tab.Reason())
		})
	}
}

func TestClickWaits(t *testing.T) {
	for name, js := range map[string]string{
		"appears":   `const button = send; button.remove(); setTimeout(() => document.body.prepend(button), 60)`,
		"enabled":   `send.disabled = true; setTimeout(() => send.disabled = false, 60)`,
		"uncovered": `const veil = document.body.appendChild(Object.assign(document.createElement('div'), {style: 'position:fixed;inset:0'})); setTimeout(() => veil.style.pointerEvents = 'none', 60)`,
		"stands":    `send.animate([{transform: 'translateX(300px)'}, {transform: 'none'}], {duration: 120})`,
		"by hand":   `let x = 300; (function step() { send.style.marginLeft = x + 'px'; if ((x -= 30) >= 0) requestAnimationFrame(step); })()`,
		"scrolled":  `document.body.prepend(Object.assign(document.createElement('div'), {style: 'height:5000px'}))`,
		"driver":    `const ui = deskcheck.ui; deskcheck.ui = null; setTimeout(() => deskcheck.ui = ui, 60)`,
		"half":      `document.body.append(Object.assign(document.createElement('div'), {style: 'position:fixed;left:40px;top:0;width:500px;height:500px'}))`,
	} {
		t.Run(name, func(t *testing.T) {
			tab, _ := show(t, form, nil)
			require.NoError(t, tab.Evaluate(bounded(t), "{"+js+"}", nil))
			require.NoError(t, tab.Click(bounded(t), "send", 0))
			assert.Contains(t, eval(t, tab, "events"), "click send")
		})
	}
}

func TestClickInShadowRoots(t *testing.T) {
	tab, _ := show(t, `<!doctype html><body><div id=outer></div><script>
		globalThis.clicks = 0;
		const root = outer.attachShadow({mode: 'closed'});
		root.innerHTML = '<section></section>';
		const inner = root.firstChild.attachShadow({mode: 'open'});
		inner.innerHTML = '<button>deep</button><input>';
		inner.firstChild.onclick = () => clicks++;
		deskcheck.ui = {find: (n) => n === 'host' ? outer : inner.querySelector(n), look: () => 0};
	</script>`, nil)
	require.NoError(t, tab.Click(bounded(t), "button", 0))
	require.NoError(t, tab.Type(bounded(t), "input", "typed", 0))
	assert.JSONEq(t, `[1,"typed"]`, eval(t, tab, "[clicks, deskcheck.ui.find('input').value]"))
	require.NoError(t, tab.Click(bounded(t), "host", 0))
}

func TestEvaluateAndCall(t *testing.T) {
	tab, _ := show(t, script(`globalThis.deep = {er: {echo(...args) { return {args, self: this === deep.er}; }, async later(x) { return x; }, fails() { throw new RangeError('out'); }}}`), nil)
	var got struct {
		Args []json.RawMessage
		Self bool
	}
	require.NoError(t, tab.Call(bounded(t), "deep.er.echo", &got, "a\u2028b", 1.5, nil, map[string]any{"__proto__": 1}))
	assert.True(t, got.Self)
	var first string
	require.NoError(t, json.Unmarshal(got.Args[0], &first))
	assert.Equal(t, "a\u2028b", first)
	assert.JSONEq(t, `{"__proto__":1}`, string(got.Args[3]))
	var later string
	require.NoError(t, tab.Call(bounded(t), "deep.er.later", &later, "x"))
	assert.Equal(t, "x", later)
	require.NoError(t, tab.Call(bounded(t), "deep.er.later", nil))

	var thrown *ScriptError
	require.ErrorAs(t, tab.Call(bounded(t), "deep.er.fails", nil), &thrown)
	assert.Contains(t, thrown.Text, "RangeError: out")
	require.ErrorContains(t, tab.Call(bounded(t), "deep.er.missing", nil), "deep.er.missing cannot be called: it is undefined")
	require.ErrorContains(t, tab.Call(bounded(t), "no.such.thing", nil), "no is undefined")
	require.ErrorContains(t, tab.Call(bounded(t), "deep.er.echo", nil, func() {}), "cannot be told as JSON")
	require.ErrorAs(t, tab.Evaluate(bounded(t), "throw 'text'", nil), &thrown)
	assert.Contains(t, thrown.Text, "text")
	require.ErrorAs(t, tab.Evaluate(bounded(t), "Promise.reject(new Error('later'))", nil), &thrown)
	assert.Contains(t, thrown.Text, "later")
	require.ErrorAs(t, tab.Evaluate(bounded(t), "syntax error here", nil), &thrown)
	untouched := 5
	require.NoError(t, tab.Evaluate(bounded(t), "undefined", &untouched))
	assert.Equal(t, 5, untouched)
	require.Error(t, tab.Evaluate(bounded(t), "NaN", &untouched))
	require.Error(t, tab.Evaluate(bounded(t), "'text'", &untouched))
	require.Error(t, tab.Evaluate(bounded(t), "(() => { const a = {}; a.a = a; return a; })()", &got))
	require.NoError(t, tab.Evaluate(bounded(t), "window", nil))
	shot, err := tab.Screenshot(bounded(t))
	require.NoError(t, err)
	assert.Equal(t, "\x89PNG", string(shot[:4]))
}
