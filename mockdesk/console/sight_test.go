package console_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
