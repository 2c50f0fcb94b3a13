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
