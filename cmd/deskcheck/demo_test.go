package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/standalone"
	"deskcheck/steps/browser"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// demo runs "deskcheck desk --demo" and gives where console and chat are, by what it prints, and what ends it.
func demo(t *testing.T, b *bench) (console, chat string, end func() int) {
	t.Helper()
	read, write := io.Pipe()
	b.out.Writer = write
	b.startDesk = standalone.Start
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- b.execute(ctx, []string{"desk", "--demo", "--wire", "127.0.0.1:0", "--control", "127.0.0.1:0"})
		_ = write.Close()
	}()
	end = func() int {
		cancel()
		return <-code
	}
	lines := bufio.NewScanner(read)
	at := regexp.MustCompile(`^(play both sides: open|the chat by itself is at) (http://\S+)$`)
	for chat == "" && lines.Scan() {
		if found := at.FindStringSubmatch(lines.Text()); found != nil {
			if console == "" {
				console = found[2]
			} else {
				chat = found[2]
			}
		}
	}
	require.NotEmpty(t, chat, "%v %s", lines.Err(), b.stderr.String())
	go func() { _, _ = io.Copy(io.Discard, read) }()
	return console, chat, end
}

// twoTabs gives the tabs of two people, bounded by the context.
func twoTabs(t *testing.T) (ctx context.Context, user, agent *browser.Tab) {
	t.Helper()
	pool, err := browser.Launch(t.Context(), browser.Options{Tabs: 2})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	lease := func() *browser.Tab {
		tab, err := pool.Lease(ctx)
		require.NoError(t, err)
		t.Cleanup(tab.Release)
		return tab
	}
	return ctx, lease(), lease()
}

// consoleDriver has the kit's hand find elements of a page by selector.
const consoleDriver = `globalThis === top && (deskcheck.ui = { widgets: 1, look: () => null, find: (selector) => document.querySelector(selector) })`

// TestDemoIsPlayedFromBothSides has one person be the user in the chat and the agent in the console.
func TestDemoIsPlayedFromBothSides(t *testing.T) {
	console, chat, end := demo(t, newBench(t))
	ctx, user, agent := twoTabs(t)
	require.NoError(t, user.Open(ctx, chat, func(browser.Message) {}))
	require.NoError(t, agent.OpenWith(ctx, console, consoleDriver, func(browser.Message) {}))
	require.NoError(t, agent.Resize(ctx, 1600, 900))
	sees := func(tab *browser.Tab, text string) {
		t.Helper()
		require.NoError(t, tab.Evaluate(ctx, fmt.Sprintf(`new Promise((resolve) => {
			const look = () => document.body.innerText.includes(%q) && resolve();
			new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
			look();
		})`, text), nil), text)
	}

	var beside string
	require.NoError(t, agent.Evaluate(ctx, `document.querySelector("#chat-frame").src`, &beside))
	assert.Equal(t, chat, beside)
	sees(agent, "Be the user")
	require.NoError(t, user.Type(ctx, "message input", "I would like an agent", 0))
	require.NoError(t, user.Press(ctx, "Enter"))
	require.NoError(t, user.Click(ctx, "request agent", 0))
	sees(agent, "Guest ")
	require.NoError(t, agent.Press(ctx, "n"))
	sees(agent, "waiting")
	require.NoError(t, agent.Press(ctx, "a"))
	sees(user, "Ada")
	require.NoError(t, agent.Type(ctx, "#message", "Hello from the console", 0))
	require.NoError(t, agent.Press(ctx, "Enter"))
	sees(user, "Hello from the console")
	require.NoError(t, user.Type(ctx, "message input", "Hello from the chat", 0))
	require.NoError(t, user.Press(ctx, "Enter"))
	sees(agent, "Hello from the chat")
	assert.Equal(t, 0, end())
}

// TestTheChatTakesNoKeysFromThePageAround has the chat in a frame ask its user something while a line is written beside the frame. The page around is of the chat's own origin, because the kit's
// hands do not reach into another.
func TestTheChatTakesNoKeysFromThePageAround(t *testing.T) {
	console, chat, end := demo(t, newBench(t))
	ctx, user, agent := twoTabs(t)
	require.NoError(t, user.OpenWith(ctx, chat+"style.css", consoleDriver, func(browser.Message) {}))
	require.NoError(t, user.Resize(ctx, 900, 700))
	require.NoError(t, agent.OpenWith(ctx, console, consoleDriver, func(browser.Message) {}))
	require.NoError(t, agent.Resize(ctx, 1600, 900))
	// until waits for something in the page or in its frame.
	until := func(tab *browser.Tab, condition string) {
		t.Helper()
		require.NoError(t, tab.Evaluate(ctx, `new Promise((resolve) => {
			const look = () => { try { if (`+condition+`) return resolve(); } catch {} requestAnimationFrame(look); };
			look();
		})`, nil), condition)
	}
	part := func(name string) string { return `frames[0].document.querySelector('[data-part="` + name + `"]')` }
	require.NoError(t, user.Evaluate(ctx, `document.body.innerHTML = '<input id="draft"><iframe src="/" width="400" height="600"></iframe>'`, nil))
	until(user, `!`+part("message input")+`.disabled`)
	require.NoError(t, user.Evaluate(ctx, part("message input")+`.focus()`, nil))
	for _, key := range append(strings.Split("agent", ""), "Enter") {
		require.NoError(t, user.Press(ctx, key))
	}
	until(user, `!`+part("request agent")+`.disabled`)
	require.NoError(t, user.Evaluate(ctx, part("request agent")+`.click()`, nil))
	until(agent, `document.querySelector("#list-waiting button")`)
	require.NoError(t, agent.Press(ctx, "n"))
	until(agent, `!document.querySelector("#join").disabled`)
	require.NoError(t, agent.Press(ctx, "a"))
	until(agent, `document.activeElement.id === "message"`)

	require.NoError(t, user.Type(ctx, "#draft", "in the middle of a w", 0))
	require.NoError(t, agent.Click(ctx, "#ask-screen", 0))
	until(user, part("dialog")+`.checkVisibility()`)
	for _, key := range []string{"o", "r", "d", "Space"} {
		require.NoError(t, user.Press(ctx, key))
	}
	var draft string
	require.NoError(t, user.Evaluate(ctx, `document.querySelector("#draft").value`, &draft))
	assert.Equal(t, "in the middle of a word ", draft)

	// Who goes to the chat is at its question.
	require.NoError(t, user.Press(ctx, "Tab"))
	until(user, `document.activeElement.matches("iframe") && frames[0].document.activeElement === `+part("keep"))
	require.NoError(t, user.Press(ctx, "Enter"))
	until(agent, `document.querySelector("#log").innerText.includes("The user does not show the screen")`)
	assert.Equal(t, 0, end())
}

// TestOnlyWhoSitsAtAScreenGetsABrowser looks at when the demo opens the console by itself.
func TestOnlyWhoSitsAtAScreenGetsABrowser(t *testing.T) {
	for _, one := range []struct {
		terminal bool
		display  string
		opened   bool
	}{{true, ":0", true}, {true, "", false}, {false, ":0", false}} {
		b := newBench(t)
		opened := make(chan string, 1)
		b.open = func(address string) error {
			opened <- address
			return nil
		}
		b.out.terminal = one.terminal
		b.environment = func(name string) string { return map[string]string{"DISPLAY": one.display, "NO_COLOR": "1"}[name] }
		console, _, end := demo(t, b)
		assert.Equal(t, 0, end())
		close(opened)
		if one.opened {
			assert.Equal(t, console, <-opened)
		} else {
			assert.Empty(t, opened)
		}
	}
}
