package console_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"deskcheck/mockdesk/console"
	"deskcheck/mockdesk/control/api"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTextOfOthersStaysText has everything that comes from outside be markup.
func TestTextOfOthersStaysText(t *testing.T) {
	d := startDesk(t, nil)
	const evil = `<img src=x onerror="window.struck = true"><b>bold</b>`
	_, err := d.tenant(t).PutAgent("eve", api.AgentProfile{Name: evil})
	require.NoError(t, err)
	user := d.asks(t, mia, evil)
	user.says(evil + " said")
	p := d.open(t, "me=eve&selected="+mia)
	p.reads("#caller", evil)
	p.reads("#list-waiting", evil)
	p.reads("#log", evil+" said")
	p.clicks("#join")
	p.reads("#present", evil)
	p.sees(`document.activeElement.id === "message"`)
	p.presses("Escape", "3", "ArrowUp")
	for _, view := range []string{"payload", "curl", "scenario", "rule"} {
		p.clicks(fmt.Sprintf(`[data-view="%s"]`, view))
	}
	_, err = d.tenant(t).AddFault(api.NewFault{Kind: "refuse", Operation: "start", Title: evil, When: &api.When{Next: 1}})
	require.NoError(t, err)
	p.presses("4")
	var struck, elements bool
	p.gives(`window.struck === true`, &struck)
	p.gives(`document.querySelector("main :is(img, b:not(.meta b, .operation b, .blank b)), #notices img") !== null`, &elements)
	assert.False(t, struck)
	assert.False(t, elements)
}

// TestKeysSuffice takes a user from the queue to the end without a mouse.
func TestKeysSuffice(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, ono, "Ono")
	user := d.asks(t, mia, "Mia")
	socket := user.listens()
	p := d.open(t, "")
	p.reads("#list-waiting", "Mia")
	p.presses("n")
	p.reads("#caller", "Ono")
	p.presses("j")
	p.reads("#caller", "Mia")
	p.presses("a")
	hears(t, socket, "agent.joined")
	p.sees(`document.activeElement.id === "message" && !document.activeElement.disabled`)
	// Letters are a text now, not keys.
	p.presses("h", "e", "l", "l", "o", "Enter")
	require.Equal(t, "hello", hears(t, socket, "message")["text"])
	p.presses("Escape")
	p.sees(`document.activeElement.id === "log"`)
	p.presses("r")
	hears(t, socket, "messages.read")
	p.presses("t", "Enter")
	hears(t, socket, "agent.transferring")
	p.presses("/")
	p.sees(`document.activeElement.id === "search"`)
	p.presses("o", "p", "e", "n", "e", "d", "Escape")
	p.sees(`document.activeElement.id === "rows"`)
	p.reads("#shown", "of")
	p.presses("ArrowUp")
	p.reads("#detail-title", "opened")
	p.presses("c")
	p.reads("#detail-text", "curl")
	p.presses("1")
	p.sees(`document.activeElement.dataset.id.startsWith("mia")`)
	p.presses("?")
	p.sees(`document.querySelector("#help").open`)
	p.presses("Escape")
	p.sees(`!document.querySelector("#help").open`)
	p.presses("e", "Enter")
	hears(t, socket, "conversation.ended")

	p.presses("?")
	p.clicks("#single")
	p.presses("Escape")
	p.sees(`!document.querySelector("#help").open`)
	p.presses("4")
	p.sees(`document.body.dataset.aside === "journal"`)
}

// controls are the roles that a person operates.
var controls = []string{"button", "textbox", "searchbox", "combobox", "switch", "checkbox", "listbox", "option", "link", "spinbutton", "DisclosureTriangle", "log", "Iframe"}

// TestScreenReadersFindTheirWay walks what a screen reader is told: landmarks, and a name for everything that can be operated or reached.
func TestScreenReadersFindTheirWay(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia").says("Hello")
	p := d.open(t, "selected="+mia)
	p.reads("#log", "Hello")
	p.clicks("#join")
	p.sees(`document.activeElement.id === "message"`)
	p.presses("Escape", "3", "ArrowUp")
	for _, state := range []func(){func() {}, func() { p.presses("4") }, func() { p.presses("t") }} {
		state()
		nodes, err := p.tab.Accessible(bounded(t))
		require.NoError(t, err)
		var roles []string
		named := 0
		for _, node := range nodes {
			roles = append(roles, node.Role)
			if slices.Contains(controls, node.Role) || node.Focusable && node.Role != "RootWebArea" {
				named++
				assert.NotEmpty(t, node.Name, "a %s has no name", node.Role)
			}
		}
		require.Greater(t, named, 3)
		if slices.Contains(roles, "dialog") {
			continue // what lies behind it is not told of
		}
		require.Greater(t, named, 40)
		for _, landmark := range []string{"banner", "main", "navigation", "region", "log", "heading"} {
			assert.Contains(t, roles, landmark)
		}
	}
	var live string
	p.gives(`document.querySelector("#log").getAttribute("aria-live")`, &live)
	assert.Equal(t, "polite", live)
}

func TestThePageAllowsNothingForeign(t *testing.T) {
	page, err := console.Handler(console.Options{Chat: "http://localhost:4711/a?b=<&c"})
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	policy := answer.Header().Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-src http://localhost:4711", "frame-ancestors 'none'"} {
		assert.Contains(t, policy, rule)
	}
	assert.NotContains(t, policy, "unsafe")
	assert.Contains(t, answer.Body.String(), `content="http://localhost:4711/a?b=&lt;&amp;c"`)
	assert.NotRegexp(t, `<script(?: type="module")?>|\son\w+=|style=`, answer.Body.String())

	for _, wrong := range []string{"localhost:4711", "ftp://localhost/", "http://"} {
		_, err := console.Handler(console.Options{Chat: wrong})
		require.ErrorContains(t, err, "no http address")
	}
}

// TestNoMarkupIsMadeOfText looks for every way of the page's scripts to turn a text into elements or into code.
func TestNoMarkupIsMadeOfText(t *testing.T) {
	ways := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc`)
	require.Regexp(t, ways, "element.innerHTML = text")
	found := 0
	require.NoError(t, fs.WalkDir(os.DirFS("page"), ".", func(name string, _ fs.DirEntry, err error) error {
		require.NoError(t, err)
		if filepath.Ext(name) != ".js" {
			return nil
		}
		found++
		raw, err := os.ReadFile(filepath.Join("page", name))
		require.NoError(t, err)
		assert.NotRegexp(t, ways, string(raw), name)
		return nil
	}))
	require.Greater(t, found, 10)
}

// TestANarrowPageShowsOnePaneAtATime looks at a page that is as wide as a telephone, and at whether anything is out of its reach.
func TestANarrowPageShowsOnePaneAtATime(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia").says("Hello")
	p := d.open(t, "")
	require.NoError(t, p.tab.Resize(bounded(t), 400, 800))
	seen := func() string {
		var panes string
		p.gives(`[...document.querySelectorAll(".pane")].filter((pane) => pane.checkVisibility()).map((pane) => pane.id).join()`, &panes)
		return panes
	}
	assert.Equal(t, "conversations", seen())
	p.clicks(`[data-id^="mia"]`)
	p.reads("#log", "Hello")
	assert.Equal(t, "transcript", seen())
	for _, pane := range []string{"journal", "faults", "conversations", "transcript"} {
		p.clicks(`#panes [data-shows="` + pane + `"]`)
		assert.Equal(t, pane, seen())
		var wide int
		p.gives(`document.documentElement.scrollWidth`, &wide)
		assert.LessOrEqual(t, wide, 400, pane)
	}
	require.NoError(t, p.tab.Resize(bounded(t), 1280, 800))
	assert.Equal(t, "conversations,transcript,faults", seen())
}
