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
	"strings"
	"testing"

	"deskcheck/features"
	"deskcheck/mockdesk/console"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/aichat"

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
	p.clicks("#stop-screen")
	hears(t, socket, "screen.stopped")

	p.clicks("#end")
	p.clicks("#form-submit")
	require.Equal(t, "agent", hears(t, socket, "conversation.ended")["by"])
	p.reads("#state", "ended by agent")
	p.reads("#list-ended", "Mia")
	p.sees(`document.querySelector("#message").disabled && document.querySelector("#end").disabled`)
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
	p.reads("#notices .alert", "The fields are no JSON")
	p.clicks("#emit")
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
	ben.clicks("#join")
	hears(t, socket, "agent.joined")
	ada.reads("#log", "Ben has joined")
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

// TestAFullJournalStaysQuick loads ten thousand entries and looks at what is in the document.
func TestAFullJournalStaysQuick(t *testing.T) {
	const many = 10_000
	d := startDesk(t, nil)
	for i := range many {
		d.tenant(t).Journal().Append(journal.Entry{Kind: journal.Frame, From: journal.Desk, To: journal.Integration, Name: "message", Data: journal.Payload(map[string]any{"body": map[string]any{"text": fmt.Sprintf("line %d of many", i)}})})
	}
	p := d.open(t, "")
	p.reads("#shown", "10,000 entries")
	var rows int
	p.gives(`document.querySelectorAll(".row").length`, &rows)
	assert.Less(t, rows, 80)
	assert.Positive(t, rows)
	p.sees(`document.querySelector("#window").lastChild.textContent.includes("line 9999")`)
	p.types("#search", "4711")
	p.reads("#shown", "2 of 10,000") // by its number, and by its text
	p.presses("Escape", "End")
	p.reads("#detail-text", "line 4711 of many")
	p.gives(`(() => { const search = document.querySelector("#search"); search.value = ""; search.dispatchEvent(new Event("input")); })()`, nil)
	var took float64
	p.gives(`(() => {
		const began = performance.now();
		const rows = document.querySelector("#rows");
		for (let i = 0; i < 200; i++) { rows.scrollTop = i * 1300; rows.dispatchEvent(new Event("scroll")); rows.getBoundingClientRect(); }
		return performance.now() - began;
	})()`, &took)
	t.Logf("200 screens of the journal were drawn in %.0f ms", took)
	p.presses("Home")
	p.reads("#detail-title", "#1 ")
	p.presses("End")
	p.reads("#detail-title", "#10000 ")
}

func TestTheJournalIsFiltered(t *testing.T) {
	d := startDesk(t, nil)
	d.asks(t, mia, "Mia").says("first")
	d.asks(t, ono, "Ono").says("second")
	p := d.open(t, "selected="+ono)
	p.reads("#shown", "8 entries")
	p.clicks(`[data-family="requests"]`)
	p.reads("#shown", "8 entries")
	p.clicks(`[data-family="requests"]`)
	p.clicks(`[data-family="acts"]`)
	p.reads("#no-entries", "No entry passes the filters.")
	p.clicks(`[data-family="acts"]`)
	p.clicks("#here")
	p.reads("#shown", "4 of 8")
	p.types("#search", "second")
	p.reads("#shown", "1 of 8")
	p.gives(`(() => { const search = document.querySelector("#search"); search.value = "put -second"; search.dispatchEvent(new Event("input")); })()`, nil)
	p.reads("#shown", "3 of 8")
	// Whoever comes from the transcript gets the entry whatever the filters are.
	p.clicks("#log .trace")
	p.reads("#detail-title", "#7 ")
	p.reads("#detail-text", "second")
	p.clicks(`[data-view="answer"]`)
	p.reads("#detail-text", `"status": 201`)
	p.sees(`document.querySelector("#follow").getAttribute("aria-pressed") === "false"`)
}

// copied is an entry in the forms in which it can be taken along.
type copied struct{ Kind, Name, Curl, Scenario, Rule string }

// TestEntriesAreCopied takes the command and the scenario of an entry at their word.
func TestEntriesAreCopied(t *testing.T) {
	d := startDesk(t, nil)
	p := d.open(t, "")
	_, err := http.Get(d.wire + "/@default/v1/availability")
	require.NoError(t, err)
	user := d.asks(t, mia, "Mia")
	socket := user.listens()
	p.clicks(`[data-id^="mia"]`)
	p.clicks("#join")
	user.says("It's 24 €")
	p.types("#message", "Two\nlines")
	p.presses("Enter")
	hears(t, socket, "message")
	p.clicks("#read")
	hears(t, socket, "messages.read")
	p.clicks("#leave")
	hears(t, socket, "agent.left")
	p.clicks(`[data-advance="5s"]`)
	p.sees(`document.querySelector('[data-family="clock"]')`)
	require.Equal(t, http.StatusNoContent, user.send(http.MethodDelete, "", nil))
	p.reads("#state", "ended by user")

	var texts []copied
	p.gives(`Promise.all([import("/record.js"), import("/copies.js")]).then(([record, { copies }]) =>
		record.all().map((entry) => ({ kind: entry.kind, name: entry.name, curl: copies.curl(entry), scenario: copies.scenario(entry), rule: copies.rule(entry) })))`, &texts)
	require.Greater(t, len(texts), 15)
	dir := t.TempDir()
	var scenarios []string
	for i, text := range texts {
		assert.NotEmpty(t, text.Curl, "%s %s", text.Kind, text.Name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("entry-%02d.feature", i+1)), []byte(text.Scenario), 0o600))
		scenarios = append(scenarios, text.Scenario)
	}
	embedded, err := steps.Parse(features.FS, "ai-chat")
	require.NoError(t, err)
	own, err := steps.ParseOwn(dir)
	require.NoError(t, err)
	assert.Len(t, own, len(texts))
	assert.Empty(t, aichat.Unfit(own, aichat.Sentences(embedded)), "%s", strings.Join(scenarios, "\n"))

	last := scenarios[slices.IndexFunc(texts, func(text copied) bool {
		return text.Name == "DELETE /v1/conversations/{id}"
	})]
	for _, sentence := range []string{
		`And the assistant hands over to the queue "billing"`, `When the user requests an agent`, `"Ada" joins`, `the user says "It's 24 €"`, `"Ada" reads the messages`, `"Ada" leaves`, `5 seconds pass`,
		`the user ends the chat`, `Then the conversation is over at the desk within 5 seconds`,
	} {
		assert.Contains(t, last, sentence)
	}
	said := slices.IndexFunc(texts, func(text copied) bool {
		return text.Kind == "request" && strings.Contains(text.Name, "/messages/")
	})
	assert.Equal(t, "curl -i -X PUT '"+d.wire+"/@default/v1/conversations/"+mia+`/messages/k1' \
  -H 'Content-Type: application/json' \
  --data-raw '{"text":"It'\''s 24 €"}'`, texts[said].Curl)
	joined := slices.IndexFunc(texts, func(text copied) bool {
		return text.Kind == "act" && text.Name == "agent.joined"
	})
	assert.Contains(t, texts[joined].Curl, d.url+"v1/tenants/default/conversations/"+mia+"/join")
	assert.Contains(t, texts[joined].Curl, `{"agent":"ada"}`)

	assert.Equal(t, `routes:
  - on: PUT /v1/conversations/{id}/messages/{key}
    means: message
    body: json
    conversation: path.id
    give: {key: path.key, text: body.text}
    answers:
      stored:
        status: 201
        json:
          key: ${result.key}
          cursor: ${result.cursor}`, texts[said].Rule)
	assert.Equal(t, `events:
  "agent.joined":
    json:
      cursor: ${cursor}
      type: ${type}
      at: ${at}
      agent: ${event.agent}`, texts[joined].Rule)
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
