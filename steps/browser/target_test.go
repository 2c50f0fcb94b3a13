package browser

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// office is a page as an agent desk might be, with what makes elements hard to find.
const office = `<!doctype html><meta charset=utf-8><style>body{margin:0} button,input,textarea,select{min-width:90px;height:24px}</style><body>
<label>User name <input id=user value=old></label> <label for=pass>Password</label><input id=pass type=password>
<textarea id=note aria-label="Note">one
two</textarea><div id=rich contenteditable role=textbox aria-label=Rich style="width:200px;height:60px">old <b>text</b></div>
<button id=send aria-label="Send &quot;it&quot; {now} [a+b]">→</button><button id=rtl>שלום עולם</button>
<button class=twice>Same</button><button class=twice>Same</button><button style="display:none">Same again</button><button>Same again</button>
<select id=queue aria-label=Queue><option value=q1>Sales<option value=q2>  After
 sales <option value=q3 disabled>Closed</select>
<div role=listbox aria-label=Reasons id=reasons><div role=option>Lunch</div><div role=option>Tea</div></div>
<div role=radiogroup aria-label=Channel><label><input type=radio name=c>WEB</label><label><input type=radio name=c>SMS</label></div>
<button role=combobox id=custom aria-label=Language>choose</button>
<section aria-label=Offers><ul><li>Ann <b>Lee</b></li><li>Bob Ray</li><li hidden>Nobody</li></ul></section>
<div role=dialog aria-label=Transfer><button id=inner>Same</button></div>
<x-outer></x-outer><x-closed></x-closed><x-parsed><template shadowrootmode=open><button id=parsed>Parsed</button></template></x-parsed>
<script>
globalThis.events = [];
for (const type of ['click', 'input', 'change', 'keydown']) addEventListener(type, (e) => events.push(type + ' ' + (e.composedPath()[0].id || e.composedPath()[0].textContent || e.composedPath()[0].tagName) + (e.isTrusted ? '' : ' by script')), true);
const outer = document.querySelector('x-outer').attachShadow({mode: 'open'});
outer.innerHTML = '<p>In the <slot>shade</slot></p><x-inner></x-inner>';
outer.querySelector('x-inner').attachShadow({mode: 'open'}).innerHTML = '<button id=deep data-conversation="a>>>b\'c">Deep</button>';
document.querySelector('x-closed').attachShadow({mode: 'closed'}).innerHTML = '<button id=closed>Behind the door</button>';
custom.onclick = () => document.body.insertAdjacentHTML('beforeend', '<div role=listbox><div role=option id=german>Deutsch</div></div>');
</script>`

func byName(role, name string) Target { return Target{Role: role, Name: name} }

func TestATargetIsWhatAUserWouldLookFor(t *testing.T) {
	tab, _ := show(t, office, nil)
	dialog := byName("dialog", "Transfer")
	for want, target := range map[string]Target{
		"user":   byName("label", "User name"),
		"pass":   byName("label", "Password"),
		"send":   byName("button", `Send "it" {now} [a+b]`),
		"rtl":    byName("button", "שלום עולם"),
		"queue":  byName("combobox", "Queue"),
		"inner":  {Role: "button", Name: "Same", Within: &dialog},
		"deep":   byName("button", "Deep"),
		"parsed": {CSS: "x-parsed >>> button"},
		"custom": byName("combobox", "Language"),
	} {
		require.NoError(t, tab.ClickAt(bounded(t), target), want)
		assert.Contains(t, eval(t, tab, "events"), `"click `+want+`"`)
	}
	require.NoError(t, tab.ClickAt(bounded(t), Target{CSS: `x-outer >>> x-inner >>> [data-conversation='a>>>b\'c']`}))
	require.NoError(t, tab.ClickAt(bounded(t), Target{Role: "button", Pattern: "^BEHIND", Flags: "i"}))
	assert.Contains(t, eval(t, tab, "events"), `"click X-CLOSED"`, "what is behind the door is the host's, for those outside")
	require.NoError(t, tab.ClickAt(bounded(t), byName("button", "Same again")), "a hidden twin is not in the way")
	require.NoError(t, tab.ClickAt(bounded(t), byName("text", "Ann Lee")))
	assert.NotContains(t, eval(t, tab, "events"), "by script")
}

func TestFillTypeAndChooseAtATarget(t *testing.T) {
	tab, _ := show(t, office, nil)
	const text = "{braces} שלום \"quoted\"\nnext"
	require.NoError(t, tab.FillAt(bounded(t), byName("label", "User name"), "new"))
	require.NoError(t, tab.TypeAt(bounded(t), byName("textbox", "User name"), "er"))
	require.NoError(t, tab.FillAt(bounded(t), byName("label", "Note"), text))
	require.NoError(t, tab.FillAt(bounded(t), byName("textbox", "Rich"), "fresh"))
	require.NoError(t, tab.FillAt(bounded(t), byName("label", "Password"), ""))
	assert.JSONEq(t, `["newer","fresh",""]`, eval(t, tab, "[user.value, rich.innerText, pass.value]"))
	var note string
	require.NoError(t, tab.Evaluate(bounded(t), "note.value", &note))
	assert.Equal(t, text, note)
	require.NoError(t, tab.FillAt(bounded(t), byName("label", "Note"), ""))
	assert.JSONEq(t, `""`, eval(t, tab, "note.value"))

	require.NoError(t, tab.ChooseAt(bounded(t), byName("combobox", "Queue"), "After sales"))
	assert.JSONEq(t, `["q2",["input queue by script","change queue by script"]]`, eval(t, tab, "[queue.value, events.filter((e) => e.includes('queue'))]"))
	require.NoError(t, tab.ChooseAt(bounded(t), byName("combobox", "Queue"), "q1"))
	require.ErrorContains(t, tab.ChooseAt(bounded(t), byName("combobox", "Queue"), "Closed"), "disabled")
	require.ErrorContains(t, tab.ChooseAt(bounded(t), byName("combobox", "Queue"), "None"), `has no option "None" but "Sales", "After sales", "Closed"`)
	require.NoError(t, tab.ChooseAt(bounded(t), byName("listbox", "Reasons"), "Tea"))
	require.NoError(t, tab.ChooseAt(bounded(t), byName("radiogroup", "Channel"), "SMS"))
	require.NoError(t, tab.ChooseAt(bounded(t), byName("combobox", "Language"), "Deutsch"))
	assert.Contains(t, eval(t, tab, "events"), "click Tea")
	assert.Contains(t, eval(t, tab, "events"), "click german")
	assert.JSONEq(t, "true", eval(t, tab, "document.querySelectorAll('[type=radio]')[1].checked"))
}

func texts(elements []Element) []string {
	var all []string
	for _, e := range elements {
		all = append(all, e.Text)
	}
	return all
}

func TestSeeAtTellsWhatAUserReads(t *testing.T) {
	tab, _ := show(t, office, nil)
	offers := byName("region", "Offers")
	seen, err := tab.SeeAt(bounded(t), Target{Role: "listitem", Within: &offers})
	require.NoError(t, err)
	assert.Equal(t, []string{"Ann Lee", "Bob Ray"}, texts(seen))
	seen, err = tab.SeeAt(bounded(t), Target{CSS: "x-outer"})
	require.NoError(t, err)
	assert.Equal(t, []string{"In the shade\nDeep"}, texts(seen))
	seen, err = tab.SeeAt(bounded(t), Target{CSS: "#user, #pass, #queue"})
	require.NoError(t, err)
	assert.Equal(t, []string{"old", "", "Sales"}, texts(seen))
	seen, err = tab.SeeAt(bounded(t), Target{CSS: "body"})
	require.NoError(t, err)
	assert.Contains(t, seen[0].Text, "Behind the door")
	assert.NotContains(t, seen[0].Text, "Nobody")
	assert.NotContains(t, seen[0].Text, "attachShadow")
	seen, err = tab.SeeAt(bounded(t), byName("button", "Nobody"))
	require.NoError(t, err)
	assert.Empty(t, seen)
	_, err = tab.SeeAt(bounded(t), Target{CSS: "a[["})
	require.ErrorContains(t, err, "not a valid selector")
	_, err = tab.SeeAt(bounded(t), Target{Role: "button", Pattern: "("})
	require.ErrorContains(t, err, "Invalid regular expression")
}

func TestATargetErrorSaysWhatThePageShows(t *testing.T) {
	for name, c := range map[string]struct {
		js     string
		target Target
		want   []string
	}{
		"none":        {"", byName("button", "Nobody"), []string{`click button "Nobody": no element fits (waited `, `; the page shows button "Send \"it\" {now} [a+b]", button "שלום עולם", button "Same"`}},
		"twice":       {"", Target{CSS: ".twice"}, []string{`2 elements fit`, `button "Same" <button class="twice">Same</button>, button "Same" <button`}},
		"wrong place": {"", Target{Role: "button", Name: "Deep", Within: &Target{Role: "dialog", Name: "Transfer"}}, []string{`button "Deep" within dialog "Transfer": no element fits`}},
		"hidden":      {`user.style.display = 'none'`, Target{CSS: "#user"}, []string{"<input#user> is hidden"}},
		"disabled":    {`send.disabled = true`, Target{CSS: "#send"}, []string{"<button#send> is disabled"}},
		"covered":     {`document.body.append(Object.assign(document.createElement('div'), {className: 'veil', style: 'position:fixed;inset:0;background:#000'}))`, Target{CSS: "#send"}, []string{"covered by <div.veil>"}},
		"moving":      {`send.animate([{transform: 'none'}, {transform: 'translateX(500px)'}], {duration: 3000, iterations: Infinity}).ready.then(() => 0)`, Target{CSS: "#send"}, []string{"still moving"}},
		"in a frame":  {`document.body.append(Object.assign(document.createElement('iframe'), {srcdoc: '<button>Framed</button>'}))`, byName("button", "Framed"), []string{"no element fits", "of what is in its frames (1) nothing can be reached"}},
		"in a closed root of the parser": {`document.body.setHTMLUnsafe('<x-shut><template shadowrootmode=closed><button>Shut</button></template></x-shut>')`, byName("button", "Shut"),
			[]string{"no element fits", "the page shows nothing that a user could act on"}},
	} {
		t.Run(name, func(t *testing.T) {
			tab, _ := show(t, office, nil)
			require.NoError(t, tab.Evaluate(bounded(t), c.js, nil))
			err := tab.ClickAt(within(t, 300*time.Millisecond), c.target)
			var problem *TargetError
			require.ErrorAs(t, err, &problem)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			assert.NotContains(t, eval(t, tab, "events"), "click")
		})
	}
}

func TestATargetIsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		js     string
		target Target
	}{
		"appears":            {`const button = send; button.remove(); setTimeout(() => document.body.prepend(button), 60)`, byName("button", `Send "it" {now} [a+b]`)},
		"is named":           {`send.setAttribute('aria-label', ''); setTimeout(() => send.setAttribute('aria-label', 'Late'), 60)`, byName("button", "Late")},
		"becomes the only":   {`setTimeout(() => document.querySelector('.twice').remove(), 60); document.querySelector('[role=dialog]').remove()`, byName("button", "Same")},
		"in a parsed shadow": {`setTimeout(() => document.querySelector('x-parsed').shadowRoot.append(Object.assign(document.createElement('button'), {textContent: 'Later'})), 60)`, byName("button", "Later")},
	} {
		t.Run(name, func(t *testing.T) {
			tab, _ := show(t, office, nil)
			require.NoError(t, tab.Evaluate(bounded(t), "{"+c.js+"}", nil))
			require.NoError(t, tab.ClickAt(bounded(t), c.target))
		})
	}
	tab, _ := show(t, office, nil)
	dialog := byName("dialog", "Transfer")
	require.ErrorContains(t, tab.AwaitAt(within(t, 200*time.Millisecond), dialog, true), `wait for dialog "Transfer" to vanish: it is still there`)
	require.NoError(t, tab.Evaluate(bounded(t), "setTimeout(() => document.querySelector('[role=dialog]').style.opacity = 0, 60)", nil))
	require.NoError(t, tab.AwaitAt(bounded(t), dialog, true))
	require.ErrorContains(t, tab.AwaitAt(within(t, 200*time.Millisecond), dialog, false), `wait for dialog "Transfer" to appear: what fits is hidden`)
	require.NoError(t, tab.Evaluate(bounded(t), "setTimeout(() => document.querySelector('[role=dialog]').style.opacity = 1, 60)", nil))
	require.NoError(t, tab.AwaitAt(bounded(t), dialog, false))
}

// The page must not find in its elements what other browsers do not have there.
func TestRolesAndNamesAreNotForThePage(t *testing.T) {
	tab, _ := show(t, office, nil)
	assert.JSONEq(t, "[false,false]", eval(t, tab, "['computedRole' in document.body, 'computedName' in document.body]"))
}

func BenchmarkClickAt(b *testing.B) {
	rows := strings.Repeat("<div><span>row</span><button>Go</button></div>", 1000)
	tab, _ := show(b, office+rows, nil)
	for b.Loop() {
		require.NoError(b, tab.ClickAt(bounded(b), byName("button", `Send "it" {now} [a+b]`)))
	}
}
