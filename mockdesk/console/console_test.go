package console_test

import (
	"fmt"
	"net/http"
	"testing"

	"deskcheck/mockdesk/control/api"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	mia = "mia-0123456789abcdef"
	ono = "ono-0123456789abcdef"
)

// TestAConversationIsHeld plays both sides: the agent with mouse and keyboard on the page, the user over the wire.
func TestAConversationIsHeld(t *testing.T) {
	d := startDesk(t, nil)
	p := d.open(t, "")
	p.reads("#no-conversations", d.wire+"/@default")

	user := d.asks(t, mia, "Mia")
	socket := user.listens()
	user.says("Is anyone there?")
	p.reads("#list-waiting", "Mia")
	p.reads("#list-waiting .fresh", "1 new")
	p.sees(`/^\d+:\d\d$/.test(document.querySelector("#list-waiting .since").textContent)`)
	p.clicks(`[data-id^="mia"]`)
	p.reads("#log", "Is anyone there?")
	p.sees(`document.querySelector("#context-text").textContent.includes("why the bill doubled")`)
	p.sees(`document.querySelector("#message").disabled`)

	p.clicks("#join")
	require.Equal(t, "Ada", hears(t, socket, "agent.joined")["agent"].(map[string]any)["name"])
	p.reads("#present", "Ada (you)")
	p.types("#message", "Hello Mia,")
	require.Equal(t, true, hears(t, socket, "agent.typing")["typing"])
	p.presses("Shift+Enter")
	p.types("#message", "what can I do?")
	p.presses("Enter")
	require.Equal(t, "Hello Mia,\nwhat can I do?", hears(t, socket, "message")["text"])
	p.reads("#log .own", "what can I do?")
	p.sees(`document.querySelector("#message").value === ""`)

	require.NoError(t, socket.WriteJSON(map[string]any{"type": "typing", "typing": true}))
	p.reads("#user-types", "Mia is typing")
	require.NoError(t, socket.WriteJSON(map[string]any{"type": "read", "upTo": 4}))
	p.reads("#log .own", "✓ read")

	p.clicks("#read")
	hears(t, socket, "messages.read")
	p.clicks("#ask-screen")
	request := hears(t, socket, "screen.requested")["id"].(string)
	p.reads("#sharing", "asked for the screen")
	user.put("/screens/"+request, map[string]string{"state": "accepted"})
	p.reads("#log", "The user shows the screen")
	p.clicks("#stop-screen")
	hears(t, socket, "screen.stopped")
	p.clicks("#ask-screen")
	request = hears(t, socket, "screen.requested")["id"].(string)
	user.put("/screens/"+request, map[string]string{"state": "declined"})
	p.reads("#log > :last-child", "The user does not show the screen")

	p.clicks("#end")
	p.clicks("#form-submit")
	require.Equal(t, "agent", hears(t, socket, "conversation.ended")["by"])
	p.reads("#state", "ended by agent")
	p.reads("#list-ended", "Mia")
	p.sees(`document.querySelector("#message").disabled && document.querySelector("#end").disabled`)
	p.reads("#log > :last-child", "Ended by the agent")
	var wide bool
	p.gives(`[...document.querySelectorAll("#list-ended .about")].some((about) => about.scrollWidth > about.clientWidth)`, &wide)
	assert.False(t, wide, "all of it is seen")
}

func TestAFileIsSent(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	socket := user.listens()
	p := d.open(t, "selected="+mia)
	p.clicks("#join")
	p.sees(`!document.querySelector("#file").disabled`)
	// The chooser of the browser itself is no part of the page.
	p.gives(`(() => {
		const files = new DataTransfer();
		files.items.add(new File(["1 kg of apples"], "in voice.txt", { type: "text/plain" }));
		const input = document.querySelector("#file-input");
		input.files = files.files;
		input.dispatchEvent(new Event("change"));
	})()`, nil)
	item := hears(t, socket, "message")["items"].([]any)[0].(map[string]any)
	require.Equal(t, "in voice.txt", item["name"])
	response, err := http.Get(item["url"].(string))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, response.Header.Get("Content-Type"), "text/plain")
	p.sees(`document.querySelector("#log .own .file").href === ` + quoted(item["url"].(string)))
	p.sees(`document.querySelector("#log .own .text").innerText === "in voice.txt"`)

	require.Equal(t, http.StatusCreated, user.send(http.MethodPut, "/attachments/f1?name=a.txt", "text"))
	p.reads("#log .from-user", "a.txt")
	p.clicks("#log .from-user .trace")
	p.reads("#detail-title", "/attachments/")
}

// TestTheDeskSpeaks tries what is done in the desk's own name.
func TestTheDeskSpeaks(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	socket := user.listens()
	p := d.open(t, "selected="+mia)
	p.clicks(".more summary")
	p.clicks("#queue-update")
	p.types("#field-wait", "90")
	p.clicks("#form-submit")
	told := hears(t, socket, "queue.updated")
	require.InDelta(t, 2, told["position"], 0)
	require.InDelta(t, 90, told["waitSeconds"], 0)
	p.reads("#log", "place 2, 90 s to wait")
	p.clicks("#notice")
	p.types("#field-text", "All lines are busy.")
	p.clicks("#form-submit")
	require.Equal(t, "desk", hears(t, socket, "message")["author"].(map[string]any)["role"])
	p.clicks("#emit")
	p.types("#field-data", `{"text": "no author"}`)
	p.clicks("#form-submit")
	p.reads("#form .problem", "This is no JSON")
	p.sees(`document.activeElement.id === "field-data" && document.activeElement.value.includes("no author")`)
	p.gives(`document.querySelector("#field-data").value = ""`, nil)
	p.types("#field-data", `["no object"]`)
	p.sees(`document.querySelector("#form .problem").textContent === ""`)
	p.clicks("#form-submit")
	p.reads("#form .problem", "This is no JSON object")
	p.gives(`document.querySelector("#field-data").value = ""`, nil)
	p.types("#field-data", `{"text": "no author"}`)
	p.clicks("#form-submit")
	require.Equal(t, "no author", hears(t, socket, "message")["text"])
	p.clicks("#cut-sockets")
	p.reads("#facts", "0 sockets")
}

// TestTwoAgentsInTwoTabs hands a user over from one tab to the other.
func TestTwoAgentsInTwoTabs(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	socket := user.listens()
	ada, ben := d.open(t, "me=ada&selected="+mia), d.open(t, "me=ben")
	ada.clicks("#join")
	ben.reads("#list-active", "with Ada")
	ada.types("#message", "I hand you over to Ben.")
	ada.presses("Enter")
	hears(t, socket, "message")
	ada.clicks("#transfer")
	ada.gives(`document.querySelector("#field-to").value = "ben"`, nil)
	ada.clicks("#form-submit")
	require.Equal(t, "Ben", hears(t, socket, "agent.transferring")["to"].(map[string]any)["name"])

	ben.clicks(`[data-id^="mia"]`)
	ben.reads("#present", "Ada, handing over")
	ben.sees(`!document.querySelector("#log .own")`)
	places := `JSON.stringify([...document.querySelectorAll(".deeds button")].map((button) => [button.id, button.offsetLeft, button.offsetTop]))`
	var handing, handed string
	ada.sees(`!document.querySelector("#fail-transfer").hidden`)
	ada.gives(places, &handing)
	ben.clicks("#join")
	hears(t, socket, "agent.joined")
	ada.reads("#log", "Ben has joined")
	ada.sees(`document.querySelector("#fail-transfer").hidden`)
	ada.gives(places, &handed)
	assert.JSONEq(t, handing, handed, "what can be done keeps its place: a click goes where its button was")
	ada.clicks("#leave")
	hears(t, socket, "agent.left")
	ben.reads("#present", "Ben (you)")
	ben.sees(`document.querySelectorAll("#present li").length === 1`)
	ben.types("#message", "Ben here.")
	ben.presses("Enter")
	require.Equal(t, "Ben", hears(t, socket, "message")["author"].(map[string]any)["name"])
	ada.reads("#log", "Ben here.")
	ada.sees(`document.querySelector("#message").disabled`)
}

// TestTheLinkComesBack takes the desk away and brings the same one back: nothing is missing and nothing is there twice.
func TestTheLinkComesBack(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	user.says("Before")
	p := d.open(t, "selected="+mia)
	p.reads("#log", "Before")
	d.hangUp()
	p.sees(`document.body.dataset.link === "lost"`)
	p.reads("#outage", "The desk does not answer. What you see is how it was.")
	p.reads("#log", "Before")
	c, err := d.tenant(t).Conversation(mia)
	require.NoError(t, err)
	_, err = c.Notice("Meanwhile")
	require.NoError(t, err)
	d.pickUp(t)
	p.clicks("#again")
	p.sees(`document.body.dataset.link === "live"`)
	p.reads("#log", "Meanwhile")
	user.says("After")
	p.reads("#log", "After")
	p.sees(`document.querySelector("#outage").hidden`)
	var seqs []int
	p.sees(fmt.Sprintf(`document.querySelector("#shown").textContent.startsWith("%d ")`, d.tenant(t).Journal().Len()))
	p.gives(`import("/record.js").then((record) => record.all().map((entry) => entry.seq))`, &seqs)
	expected := make([]int, d.tenant(t).Journal().Len())
	for i := range expected {
		expected[i] = i + 1
	}
	assert.Equal(t, expected, seqs)
	var times int
	p.gives(`document.querySelector("#log").innerText.split("Before").length - 1`, &times)
	assert.Equal(t, 1, times)
}

// TestTheDeskComesBackWithoutItsPast wants the console to say so and to begin anew, by itself.
func TestTheDeskComesBackWithoutItsPast(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia").says("Before")
	p := d.open(t, "selected="+mia)
	p.reads("#log", "Before")
	d.stop()
	p.sees(`document.body.dataset.link === "lost"`)
	p.reads("#log", "Before")
	fresh := startDesk(t, d)
	fresh.asks(t, ono, "Ono").says("Anew")
	p.reads("#notices", "The desk has begun anew")
	p.reads("#list-waiting", "Ono")
	p.sees(`!document.body.innerText.includes("Mia")`)
	p.clicks(`[data-id^="ono"]`)
	p.reads("#log", "Anew")
	p.sees(fmt.Sprintf(`document.querySelector("#shown").textContent.startsWith("%d ")`, fresh.tenant(t).Journal().Len()))
}

// TestATenantIsReset wants what was of before to go from the page.
func TestATenantIsReset(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia")
	p := d.open(t, "selected="+mia)
	p.reads("#caller", "Mia")
	_, err := d.tenants.Reset("default")
	require.NoError(t, err)
	p.reads("#notices", "The desk has begun anew")
	p.reads("#caller", "No conversation")
	p.reads("#shown", "0 entries")
}

// TestAStrangerIsAskedForTheToken has the desk trust no page.
func TestAStrangerIsAskedForTheToken(t *testing.T) {
	d := startDesk(t, nil)
	d.control.OpenConsole = false
	d.asks(t, mia, "Mia")
	p := d.shows(t, "")
	p.reads("#outage", "The desk wants its token.")
	p.clicks("#unlock")
	p.types("#field-token", "not the token of the desk")
	p.presses("Enter")
	p.sees(`!document.querySelector("#form").open && document.body.dataset.link === "lost"`)
	p.clicks("#unlock")
	p.types("#field-token", token)
	p.presses("Enter")
	p.reads("#list-waiting", "Mia")
	p.sees(`document.body.dataset.link === "live"`)
}

func TestATenantIsMadeAndChosen(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia")
	p := d.open(t, "selected="+mia)
	p.gives(`(() => { const list = document.querySelector("#tenant"); list.value = "+"; list.dispatchEvent(new Event("change")); })()`, nil)
	p.types("#field-name", "night-shift")
	p.clicks("#form-submit")
	p.reads("#notices", d.wire+"/@night-shift")
	p.sees(`document.querySelector("#tenant").value === "night-shift" && !document.body.innerText.includes("Mia")`)
	_, err := d.tenants.Get("night-shift")
	require.NoError(t, err)
	p.gives(`(() => { const list = document.querySelector("#tenant"); list.value = "default"; list.dispatchEvent(new Event("change")); })()`, nil)
	p.reads("#list-waiting", "Mia")
}

// TestFaultsAreSwitches breaks the desk by mouse and heals it with one key.
func TestFaultsAreSwitches(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	p := d.open(t, "")
	p.presses("4")
	p.clicks(`[data-operation="message"] [data-kind="refuse"]`)
	p.reads("#broken", "1 fault")
	require.Equal(t, http.StatusServiceUnavailable, user.send(http.MethodPut, "/messages/k1", map[string]string{"text": "Hello?"}))

	// Another switch of the same row takes the place of the first.
	p.clicks(`[data-operation="message"] [data-kind="hold"]`)
	p.sees(`document.querySelector('[data-operation="message"] [data-kind="refuse"]').ariaChecked === "false"`)
	p.sees(`document.querySelector('[data-operation="message"] [data-kind="hold"]').ariaChecked === "true"`)
	status := make(chan int, 1)
	go func() { status <- user.send(http.MethodPut, "/messages/k1", map[string]string{"text": "Hello?"}) }()
	p.reads("#broken", "1 held")
	p.clicks(`[data-operation="message"] .release`)
	require.Equal(t, http.StatusCreated, <-status)
	p.reads("#broken", "No faults")

	_, err := d.tenant(t).AddFault(api.NewFault{Kind: "cut", Operation: "start", When: &api.When{Next: 2}})
	require.NoError(t, err)
	p.clicks(`[data-operation="end"] [data-kind="blackhole"]`)
	p.reads("#other-faults", "2 left")
	p.presses("h")
	p.reads("#broken", "No faults")
	require.Empty(t, d.tenant(t).Faults().Faults)
	p.sees(`document.querySelector("#others").hidden`)
}

func TestTheClockIsAdvanced(t *testing.T) {
	d := startDesk(t, nil)
	user := d.asks(t, mia, "Mia")
	user.listens()
	p := d.open(t, "")
	p.clicks(`[data-advance="5m"]`)
	p.sees(`document.querySelector("#list-waiting .since").textContent.startsWith("5:")`)
	p.sees(`document.querySelector("#list-waiting .since").classList.contains("long")`)
}
