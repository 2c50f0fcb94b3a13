package uimap_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/steps/browser"
	"deskcheck/steps/uimap"
)

func parse(t *testing.T, text string) *uimap.Map {
	t.Helper()
	m, err := uimap.ParseText("map.yaml", []byte(text))
	require.NoError(t, err)
	return m
}

const whole = `words:
  READY: Ready
  NOT_READY: Taking a break
sign in:
  - fill: { label: User name }
    with: "{username}"
  - click: { button: Sign in }
    wait: { region: Offers }
set state:
  - choose: { combobox: State }
    with: "{state}"
  - choose: { combobox: Reason }
    with: "{reason}"
accept offer:
  - click: { button: "Accept {customer}" }
    wait: { gone: { button: "Accept {customer}" } }
send text:
  - click: "#tabs >>> [data-conversation='{conversation}']"
  - fill: { textbox: "/^Message to {customer} \\d{1,3}$/i" }
    with: "{text}"
  - press: Enter
monitor:
  - call: myDesk.monitor
    with: ["{conversation}", "{{{customer}}}"]
leave:
  - click: { button: Sure }
    if: { button: Sure }
sign out:
  - type: { textbox: Why }
    with: "{reason}"
    if: { given: reason }
  - click: { button: Sign out }
barge in: none
offers: { listitem: "", within: { region: Offers } }
state: "#state"
whispers: none
`

const page = `<!doctype html><meta charset=utf-8><body><label>User name<input id=user></label><button id=in>Sign in</button>
<section aria-label=Offers id=offers hidden><ul><li>Ann "A" O'Neil {x} [1+1]</li></ul></section>
<select aria-label=State id=choice><option>Ready<option>Taking a break</select><span id=state>TAKING a break </span>
<div id=tabs></div><input id=text aria-label="message to Ann &quot;A&quot; O'Neil {x} [1+1] 12"><input aria-label="Message to Ann &quot;A&quot; O'Neil {x} 11 1">
<button id=accept aria-label="Accept Ann &quot;A&quot; O'Neil {x} [1+1]">ok</button><input id=why aria-label=Why><button>Sign out</button><button>Sign out</button>
<script>
globalThis.log = [];
document.getElementById('in').onclick = () => setTimeout(() => offers.hidden = false, 30);
accept.onclick = () => setTimeout(() => accept.remove(), 30);
tabs.attachShadow({mode: 'open'}).innerHTML = "<button data-conversation=\"1'\\2&quot;]{y}\">tab</button>";
tabs.shadowRoot.firstChild.onclick = () => log.push('tab');
text.onkeydown = (e) => { if (e.key === 'Enter') log.push('Enter ' + text.value); };
globalThis.myDesk = { monitor(...args) { log.push(args); } };
</script>`

func open(t *testing.T) *browser.Tab {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	pool, err := browser.Launch(t.Context(), browser.Options{Tabs: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	tab, err := pool.Lease(t.Context())
	require.NoError(t, err)
	t.Cleanup(tab.Release)
	require.NoError(t, tab.OpenRoaming(t.Context(), server.URL, "", func(browser.Message) {}))
	return tab
}

func value(t *testing.T, tab *browser.Tab, js string) string {
	t.Helper()
	var raw json.RawMessage
	require.NoError(t, tab.Evaluate(t.Context(), js, &raw))
	return string(raw)
}

func TestAMapDrivesAPage(t *testing.T) {
	m, tab := parse(t, whole), open(t)
	do := func(verb string, values map[string]string) error { return m.Do(t.Context(), tab, verb, values) }
	const customer, conversation = `Ann "A" O'Neil {x} [1+1]`, `1'\2"]{y}`
	both := map[string]string{"customer": customer, "conversation": conversation, "text": "{text} שלום {{customer}}"}

	require.NoError(t, do("sign in", map[string]string{"username": "{username}"}))
	assert.JSONEq(t, `"{username}"`, value(t, tab, "user.value"))
	seen, err := m.Look(t.Context(), tab, "offers", nil)
	require.NoError(t, err)
	assert.Equal(t, []string{customer}, seen)
	require.NoError(t, do("set state", map[string]string{"state": "NOT_READY"}), "nothing is chosen for a reason that is not given")
	assert.JSONEq(t, `"Taking a break"`, value(t, tab, "choice.value"))
	seen, err = m.Look(t.Context(), tab, "state", nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"NOT_READY"}, seen)
	can := func(verb string) bool {
		there, err := m.Can(t.Context(), tab, verb, both)
		require.NoError(t, err)
		return there
	}
	assert.True(t, can("accept offer"))
	require.NoError(t, do("accept offer", both))
	assert.False(t, can("accept offer"))
	assert.True(t, can("monitor"), "it acts on no element")
	assert.True(t, can("leave"), "what is not there is left out")
	assert.JSONEq(t, "true", value(t, tab, "document.getElementById('accept') === null"), "what was waited for has happened")
	require.NoError(t, do("send text", both))
	require.NoError(t, do("monitor", both))
	require.NoError(t, do("leave", both), "what is not there is left out")
	assert.JSONEq(t, `["tab","Enter {text} שלום {{customer}}",["1'\\2\"]{y}","{Ann \"A\" O'Neil {x} [1+1]}"]]`, value(t, tab, "log"))
	seen, err = m.Look(t.Context(), tab, "text", nil)
	require.NoError(t, err)
	require.Len(t, seen, 1)
	assert.Contains(t, seen[0], customer)
}

func TestWhatAMapDoesNotSay(t *testing.T) {
	m := parse(t, whole)
	assert.Equal(t, uimap.Yes, m.Has("sign in"))
	assert.Equal(t, uimap.Yes, m.Has("text"))
	assert.Equal(t, uimap.None, m.Has("barge in"))
	assert.Equal(t, uimap.Missing, m.Has("whisper"))
	assert.Equal(t, "Taking a break", m.Word("NOT_READY"))
	var missing *uimap.MissingError
	require.ErrorAs(t, m.Do(t.Context(), nil, "whisper", nil), &missing)
	require.EqualError(t, missing, `map.yaml: ui-map does not say "whisper"; add it, or write "whisper": none if the desk has no such thing`)
	require.EqualError(t, m.Do(t.Context(), nil, "barge in", nil), `map.yaml:33: the desk has no "barge in"`)
	_, err := m.Look(t.Context(), nil, "whispers", nil)
	require.ErrorAs(t, err, &missing)
	assert.True(t, missing.None)
	_, err = m.Can(t.Context(), nil, "whisper", nil)
	require.ErrorAs(t, err, &missing)
	_, err = m.Can(t.Context(), nil, "accept offer", nil)
	require.ErrorContains(t, err, "no value was given for {customer}")
	require.ErrorContains(t, m.Do(t.Context(), nil, "accept offer", nil), "map.yaml:15: accept offer: no value was given for {customer}")
}

func TestAFailureNamesVerbLineAndWhatWasFound(t *testing.T) {
	m, tab := parse(t, whole), open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	err := m.Do(ctx, tab, "sign out", nil)
	var several *uimap.SeveralError
	require.ErrorAs(t, err, &several)
	require.ErrorContains(t, err, `map.yaml:32: sign out: click button "Sign out": 2 elements fit`)
	assert.Len(t, several.Page.Fits, 2)
	assert.JSONEq(t, `""`, value(t, tab, "why.value"), "without a reason nothing is typed")

	ctx, cancel = context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	err = m.Do(ctx, tab, "accept offer", map[string]string{"customer": "Nobody"})
	var none *uimap.NoElementError
	require.ErrorAs(t, err, &none)
	require.ErrorContains(t, err, `map.yaml:15: accept offer: click button "Accept Nobody": no element fits`)
	require.ErrorContains(t, err, `button "Sign in"`)
	assert.Equal(t, 15, none.Line)
}

func TestMistakesInAMapAreNamedWithTheirLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"verb":           {"sign inn:\n  - press: Enter", "map.yaml:1:1: sign inn: unknown key; did you mean sign in?"},
		"look":           {"\nofers: li", "map.yaml:2:1: ofers: unknown key; did you mean offers?"},
		"action":         {"leave:\n  - clik: '#a'", "map.yaml:2:5: leave[0].clik: unknown key; did you mean leave[0].click?"},
		"role":           {"leave:\n  - click: { buton: a }", "leave[0].click.buton: unknown key; did you mean leave[0].click.button?"},
		"placeholder":    {"leave:\n  - click: { button: '{custmer}' }", "map.yaml:2:22: leave[0].click.button: {custmer} is not filled in here; what is: {customer}, {conversation}, {agent}, {agent name}, {queue}; did you mean {customer}?"},
		"other's":        {"sign in:\n  - fill: '#a'\n    with: '{customer}'", "map.yaml:3:11: sign in[0].with: {customer} is not filled in here"},
		"in within":      {"leave:\n  - click: { button: a, within: { dialog: '{x}' } }", "leave[0].click.within.dialog: {x} is not filled in here"},
		"in gone":        {"leave:\n  - click: a\n    wait: { gone: { dialog: '{x}' } }", "leave[0].wait.gone.dialog: {x} is not"},
		"in a pattern":   {"leave:\n  - click: { button: '/a{2}{x}/' }", "{x} is not filled in"},
		"open brace":     {"leave:\n  - click: { button: 'a{' }", "a brace that is not closed; {{ is a brace as such"},
		"close brace":    {"leave:\n  - click: { button: 'a}' }", "a brace without its opening one"},
		"two actions":    {"leave:\n  - click: a\n    press: Enter", "expected one of click, fill, type, choose, press, call, upload, found click and press"},
		"no action":      {"leave:\n  - with: a", "found none of them"},
		"two roles":      {"leave:\n  - click: { button: a, link: b }", "expected one role with a name, such as { button: Send }, found button and link"},
		"no role":        {"leave:\n  - click: { within: a }", "expected one role"},
		"no with":        {"leave:\n  - fill: '#a'", "fill needs with:"},
		"with a click":   {"leave:\n  - click: '#a'\n    with: x", "click takes no with:"},
		"list of with":   {"leave:\n  - fill: '#a'\n    with: [x, y]", "expected a text, found a list; only call takes several"},
		"empty selector": {"leave:\n  - click: ' '", "found an empty text"},
		"empty text":     {"leave:\n  - click: { text: '' }", "expected the text to look for"},
		"given":          {"sign out:\n  - press: Enter\n    if: { given: reasons }", "did you mean {reason}?"},
		"no list":        {"leave:\n  click: a", "leave: expected a list of actions, or none if the desk has no such thing, found keys with values"},
		"empty list":     {"leave: []", "expected a list of actions"},
		"another word":   {"leave: never", "expected a list of actions, or none"},
		"nothing":        {"leave:", "expected a list of actions"},
		"words":          {"words: [a]", "expected states with words"},
		"tab":            {"leave:\n\t- click: a", "map.yaml:2:1: a tab where YAML allows only spaces"},
		"no map":         {"- a", "expected keys with values, such as accept offer:"},
		"bad function":   {"leave:\n  - call: 'a b'", "expected a function such as myDesk.monitor"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := uimap.ParseText("map.yaml", []byte(c.text))
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "map.yaml:")
			assert.NotEmpty(t, uimap.Problems(err))
		})
	}
}

func TestAnchorsAliasesAndManyLines(t *testing.T) {
	m := parse(t, "leave: &leave\n  - click: { button: Sure }\nskip wrap-up: *leave\nresume:\n  - click: &go { button: Go on }\n    wait: { gone: *go }\n")
	assert.Equal(t, uimap.Yes, m.Has("skip wrap-up"))
	assert.Equal(t, 3, m.Line("skip wrap-up"))

	var long strings.Builder
	long.WriteString("leave:\n")
	for i := range 5000 {
		fmt.Fprintf(&long, "  - click: { button: \"Button %d of {customer}\" }\n    wait: \"#row-%d\"\n", i, i)
	}
	m = parse(t, long.String())
	assert.Equal(t, 1, m.Line("leave"))
	_, err := uimap.ParseText("map.yaml", []byte(long.String()+"  - click: { button: '{nobody}' }\n"))
	require.ErrorContains(t, err, "map.yaml:10002:")
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ui.yaml")
	_, err := uimap.Read(path)
	require.ErrorContains(t, err, path)
	require.NoError(t, os.WriteFile(path, []byte("sign in:\n  - press: Enter\n"), 0o600))
	m, err := uimap.Read(path)
	require.NoError(t, err)
	assert.Equal(t, path, m.Path())
}

// What the schema offers an editor is what is read, and nothing else.
func TestTheSchemaKnowsTheSameWords(t *testing.T) {
	var schema struct {
		Properties map[string]struct{ Description string }
		Defs       map[string]struct {
			Properties map[string]any
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(uimap.Schema(), &schema))
	want := append(append([]string{"words"}, uimap.Verbs()...), uimap.Looks()...)
	var got []string
	for name, property := range schema.Properties {
		got = append(got, name)
		assert.NotEmpty(t, property.Description, name)
		for _, value := range uimap.Values(name) {
			if _, isVerb := schema.Properties[name]; isVerb && strings.Contains(property.Description, "Filled in") {
				assert.Contains(t, property.Description, "{"+value+"}", name)
			}
		}
	}
	assert.ElementsMatch(t, want, got)
	assert.ElementsMatch(t, append([]string{"within"}, browser.Roles()...), keys(schema.Defs["target"].Properties))
	assert.ElementsMatch(t, append([]string{"within", "given"}, browser.Roles()...), keys(schema.Defs["condition"].Properties))
	assert.ElementsMatch(t, append([]string{"within", "gone"}, browser.Roles()...), keys(schema.Defs["wait"].Properties))
	assert.ElementsMatch(t, []string{"click", "fill", "type", "choose", "press", "call", "upload", "with", "if", "wait"}, keys(schema.Defs["action"].Properties))
}

func keys(properties map[string]any) []string {
	var all []string
	for name := range properties {
		all = append(all, name)
	}
	return all
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("leave:\n  - click: { button: '{customer}}}{{' }")
	f.Add("leave: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := uimap.ParseText("map.yaml", []byte(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		for _, verb := range uimap.Verbs() {
			m.Has(verb)
		}
	})
}

func TestTargetOf(t *testing.T) {
	for _, one := range []struct {
		value any
		want  browser.Target
	}{
		{"#chat >>> .send", browser.Target{CSS: "#chat >>> .send"}},
		{map[string]any{"button": "Send"}, browser.Target{Role: "button", Name: "Send"}},
		{map[string]any{"button": "/^Send (it|now)$/i", "within": map[string]any{"dialog": "Chat"}}, browser.Target{Role: "button", Pattern: "^Send (it|now)$", Flags: "i", Within: &browser.Target{Role: "dialog", Name: "Chat"}}},
		{map[string]any{"textbox": "", "within": "#chat"}, browser.Target{Role: "textbox", Within: &browser.Target{CSS: "#chat"}}},
	} {
		got, err := uimap.TargetOf(one.value)
		require.NoError(t, err)
		assert.Equal(t, one.want, got)
	}
	for wrong, value := range map[string]any{
		"found an empty text":                 " ",
		"expected one role with a name":       map[string]any{"within": "#chat"},
		"knob is no role":                     map[string]any{"knob": "Send"},
		"expected one role, found button and": map[string]any{"button": "Send", "link": "Send"},
		"within: expected a CSS selector":     map[string]any{"button": "Send", "within": 7},
		"expected the text to look for":       map[string]any{"text": ""},
	} {
		_, err := uimap.TargetOf(value)
		assert.ErrorContains(t, err, wrong)
	}
}
