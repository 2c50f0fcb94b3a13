package console_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deskcheck/features"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
	"deskcheck/steps"
	"deskcheck/steps/aichat"
	"deskcheck/steps/vocabulary"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

// parses puts a copied rule into a wire and reads it.
func parses(t *testing.T, rule string) {
	t.Helper()
	whole := "wire: 1\nname: copied\n"
	const below = "# Below the socket of a route:\n"
	switch {
	case strings.HasPrefix(rule, below):
		whole += "routes:\n  - on: SOCKET /v1/conversations/{id}/events\n    means: events\n    conversation: path.id\n    socket:\n      " +
			strings.ReplaceAll(strings.TrimPrefix(rule, below), "\n", "\n      ") + "\nevents: {message: none}\n"
	case strings.HasPrefix(rule, "routes:"):
		whole += rule + "\nevents: {message: none}\n"
	case strings.HasPrefix(rule, "events:"):
		whole += "routes:\n  - {on: GET /nothing, means: nothing}\n" + rule + "\n"
	default:
		assert.Regexp(t, "^# .* is nothing that a wire words[.]$", rule)
		return
	}
	_, err := wire.Parse("copied.wire.yaml", []byte(whole))
	assert.NoError(t, err, "%s", whole)
}

// shellReads has a shell read a copied command without running it.
func shellReads(t *testing.T, command string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-n", "-c", command).CombinedOutput()
	assert.NoError(t, err, "%s\n%s", command, out)
}

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
	for _, frame := range []string{`{"type":"typing","typing":true}`, `{"type":"read","upTo":1}`, `{"type":"user","id":"u1","locale":"de"}`, `{"type":"nonsense"}`} {
		require.NoError(t, socket.WriteMessage(websocket.TextMessage, []byte(frame)))
	}
	hears(t, socket, "error")
	require.Equal(t, http.StatusCreated, user.send(http.MethodPut, "/attachments/f1?name=a.txt", "text"))
	require.Equal(t, http.StatusNotFound, user.send(http.MethodPut, "/screens/s1", map[string]string{"state": "accepted"}))
	require.Equal(t, http.StatusNotFound, user.send(http.MethodPut, "/nonsense", map[string]string{}))
	require.Equal(t, http.StatusOK, user.send(http.MethodGet, "", nil))
	require.Equal(t, http.StatusOK, user.send(http.MethodGet, "/events?cursor=0", nil))
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
	assert.Empty(t, vocabulary.Unfit(own, aichat.Sentences(embedded)), "%s", strings.Join(scenarios, "\n"))
	for _, text := range texts {
		parses(t, text.Rule)
		shellReads(t, text.Curl)
	}

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
