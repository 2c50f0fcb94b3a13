package console_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheEndOfTheTalkStaysInSight writes a long draft, which takes room away from the lines, and opens what lies below it.
func TestTheEndOfTheTalkStaysInSight(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	for i := range 30 {
		user.says(fmt.Sprintf("line %d", i+1))
	}
	p := d.open(t, "selected="+mia)
	p.reads("#log", "line 30")
	p.clicks("#join")
	p.sees(`document.activeElement.id === "message" && !document.activeElement.disabled`)
	below := `(() => { const log = document.querySelector("#log"); return log.scrollHeight - log.scrollTop - log.clientHeight })()`
	drawn := `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))).then(() => ` + below + `)`
	var hidden float64
	p.types("#message", strings.Repeat("a line of a draft\n", 7))
	p.clicks(".more summary")
	p.gives(drawn, &hidden)
	assert.Less(t, hidden, 2.0, "the newest line is in sight")
	user.says("line 31")
	p.reads("#log", "line 31")
	p.gives(drawn, &hidden)
	assert.Less(t, hidden, 2.0, "the newest line is in sight")

	// Who reads what was before is left there.
	p.gives(`document.querySelector("#log").scrollTop = 100`, nil)
	p.gives(drawn, nil)
	p.clicks(".more summary")
	user.says("line 32")
	p.reads("#log", "line 32")
	p.gives(drawn, nil)
	p.gives(`document.querySelector("#log").scrollTop`, &hidden)
	assert.InDelta(t, 100, hidden, 1)
}

// TestLinesAreTheirsWhoSitsHere has another agent sit down.
func TestLinesAreTheirsWhoSitsHere(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia")
	p := d.open(t, "me=ada&selected="+mia)
	p.clicks("#join")
	p.types("#message", "Ada here.")
	p.presses("Enter")
	p.reads("#log .own", "Ada (you)")
	p.gives(`(() => { const list = document.querySelector("#me"); list.value = "ben"; list.dispatchEvent(new Event("change")); })()`, nil)
	p.sees(`document.querySelector("#message").disabled`)
	p.sees(`!document.querySelector("#log .own") && document.querySelector("#log .from-agent b").textContent === "Ada"`)
	p.sees(`document.querySelector("#present").innerText === "Ada"`)
}

// TestWhatIsSoughtStandsInTheSearch leaves the search by the key at which a browser empties it.
func TestWhatIsSoughtStandsInTheSearch(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia").says("first")
	p := d.open(t, "")
	p.reads("#shown", "4 entries")
	p.types("#search", "first")
	p.reads("#shown", "1 of 4")
	p.presses("Escape")
	p.sees(`document.activeElement.id === "rows"`)
	var sought string
	p.gives(`document.querySelector("#search").value`, &sought)
	assert.Equal(t, "first", sought)
	p.reads("#shown", "1 of 4")
}

// TestACopyThatFailsIsSeen has a browser that lets no page copy.
func TestACopyThatFailsIsSeen(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia")
	p := d.open(t, "")
	p.gives(`navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"))`, nil)
	p.reads("#shown", "2 entries")
	p.presses("3", "ArrowUp", "y")
	p.reads("#notices", "copy it by hand")
	p.sees(`getSelection().toString().includes("status")`)
}

// TestRequestsAreToldApart looks at the names of a journal that has a chat beside it, on the screen of a laptop.
func TestRequestsAreToldApart(t *testing.T) {
	d := besideChat(t)
	user := d.asks(t, mia, "Mia")
	socket := user.listens()
	user.says("Hello Ada")
	hears(t, socket, "message")
	p := d.open(t, "selected="+mia)
	for _, width := range []int{1250, 1400, 1600, 1900} {
		require.NoError(t, p.tab.Resize(bounded(t), width, 900))
		p.reads("#rows", "“Hello Ada”")
		var cut []string
		p.gives(`[...document.querySelectorAll("#rows .name")].filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent)`, &cut)
		if width >= 1400 {
			assert.Empty(t, cut, "at %d", width)
		}
		var names []string
		p.gives(`[...document.querySelectorAll("#rows .is-request .name")].map((name) => name.innerText)`, &names)
		assert.Equal(t, []string{"PUT conversations/{id}", "GET …/events", "PUT …/messages “Hello Ada”"}, names)
	}
}

// TestNothingLiesWherePeopleWrite has notices come up beside a chat, and on a narrow page.
func TestNothingLiesWherePeopleWrite(t *testing.T) {
	d := besideChat(t)
	d.asks(t, mia, "Mia")
	p := d.open(t, "selected="+mia)
	p.reads("#caller", "Mia")
	p.gives(`import("/notices.js").then(({ announce }) => { for (const n of [1, 2, 3]) announce("Notice " + n + ", of which there is much to say in many words, and at http://127.0.0.1:8471/@night-shift"); })`, nil)
	const covered = `[...document.querySelectorAll(".notice")].flatMap((notice) => [...document.querySelectorAll("#chat, #composer, .deeds button, #rows")].filter((other) => other.checkVisibility()).filter((other) => {
		const [a, b] = [notice.getBoundingClientRect(), other.getBoundingClientRect()];
		return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
	}).map((other) => other.id))`
	for _, size := range [][2]int{{1900, 1000}, {1400, 900}, {1260, 800}, {900, 700}, {400, 800}} {
		require.NoError(t, p.tab.Resize(bounded(t), size[0], size[1]))
		for _, pane := range []string{"chat", "transcript"} {
			p.gives(fmt.Sprintf(`import("/panes.js").then(({ show }) => show(%q))`, pane), nil)
			var found []string
			p.gives(covered, &found)
			assert.Empty(t, found, "%d by %d, %s", size[0], size[1], pane)
		}
	}
}

// TestTheLayoutStandsStill presses what can be pressed, and looks at where all else is, beside a chat.
func TestTheLayoutStandsStill(t *testing.T) {
	d := besideChat(t)
	d.asks(t, mia, "Mia")
	p := d.open(t, "selected="+mia)
	require.NoError(t, p.tab.Resize(bounded(t), 1400, 900))
	p.reads("#shown", "2 entries")
	p.reads("#caller", "Mia")
	const places = `JSON.stringify([...document.querySelectorAll(".tools .switch")].map((one) => [one.textContent, one.getBoundingClientRect().x, one.getBoundingClientRect().width]))`
	var before, after string
	p.gives(places, &before)
	for _, one := range []string{`[data-family="requests"]`, `[data-family="sockets"]`, "#here"} {
		p.clicks(one)
		p.gives(places, &after)
		assert.JSONEq(t, before, after, one)
	}
	var empty float64
	p.gives(`document.querySelector("#composer").getBoundingClientRect().top - Math.max(...[...document.querySelectorAll("#transcript > .deeds button")].filter((one) => one.checkVisibility({ visibilityProperty: true })).map((one) => one.getBoundingClientRect().bottom))`, &empty)
	assert.Less(t, empty, 20.0, "no row of buttons is kept that is not there")

	// A pane that is alone has nothing to be parted from.
	var borders []string
	for _, width := range []int{900, 1200} {
		require.NoError(t, p.tab.Resize(bounded(t), width, 700))
		p.gives(`[...document.querySelectorAll("main > *")].filter((one) => /[1-9]/.test(getComputedStyle(one).borderWidth)).map((one) => one.id || one.className)`, &borders)
		assert.Empty(t, borders, "at %d", width)
	}
	require.NoError(t, p.tab.Resize(bounded(t), 420, 800))
	var right float64
	p.gives(`document.querySelector("#panes").lastElementChild.getBoundingClientRect().right`, &right)
	assert.LessOrEqual(t, right, 410.0, "the last tab is all there")
}

// TestTheChatMayAskForTheScreen wants the chat, which is of another origin, to be allowed what its page by itself would be.
func TestTheChatMayAskForTheScreen(t *testing.T) {
	d := besideChat(t)
	p := d.open(t, "")
	var may, others bool
	p.gives(`document.querySelector("#chat-frame").featurePolicy.allowsFeature("display-capture")`, &may)
	p.gives(`["camera", "microphone", "geolocation"].some((name) => document.querySelector("#chat-frame").featurePolicy.allowsFeature(name))`, &others)
	assert.True(t, may)
	assert.False(t, others)
}

// TestOnlyWhatIsSentIsAskedFor ends a conversation: a reason is the desk's to give.
func TestOnlyWhatIsSentIsAskedFor(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	socket := user.listens()
	p := d.open(t, "me=ada&selected="+mia)
	p.clicks("#join")
	p.sees(`document.activeElement.id === "message" && !document.activeElement.disabled`)
	p.clicks("#end")
	p.sees(`!document.querySelector("#field-reason").checkVisibility()`)
	p.gives(`(() => { const list = document.querySelector("#field-by"); list.value = "desk"; list.dispatchEvent(new Event("change", { bubbles: true })); })()`, nil)
	p.types("#field-reason", "We are closed.")
	p.clicks("#form-submit")
	ended := hears(t, socket, "conversation.ended")
	require.Equal(t, "desk", ended["by"])
	require.Equal(t, "We are closed.", ended["reason"])

	p.presses("Escape", "?")
	p.sees(`document.activeElement.textContent === "Close"`)
	p.presses("Space")
	p.sees(`!document.querySelector("#help").open`)
	var single bool
	p.gives(`document.querySelector("#single").checked`, &single)
	assert.True(t, single)
}

// TestTheChosenEntryStaysInSight makes the page lower.
func TestTheChosenEntryStaysInSight(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	for i := range 20 {
		user.says(fmt.Sprintf("line %d", i+1))
	}
	p := d.open(t, "")
	p.reads("#shown", "42 entries")
	p.presses("3", "End", "ArrowUp", "ArrowUp")
	p.reads("#detail-title", "#40 ")
	require.NoError(t, p.tab.Resize(bounded(t), 1280, 500))
	p.sees(`(() => {
		const [row, rows] = ["#row-40", "#rows"].map((one) => document.querySelector(one).getBoundingClientRect());
		return row.top >= rows.top - 1 && row.bottom <= rows.bottom + 1;
	})()`)
}
