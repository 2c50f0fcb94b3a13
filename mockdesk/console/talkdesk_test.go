package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"deskcheck/mockdesk/console"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/control/talkdesk"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/standing"
	"deskcheck/mockdesk/standalone"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// connector is a connector that is nothing but calls and a webhook.
type connector struct {
	t      *testing.T
	wire   string
	token  string
	events chan map[string]any
}

// startTalkdesk opens Talkdesk at free ports, with its console and a connector.
func startTalkdesk(t *testing.T) (*desk, *standing.Desk, *connector) {
	t.Helper()
	c := &connector{t: t, events: make(chan map[string]any, 100)}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		_ = json.NewDecoder(r.Body).Decode(&event) // What is no event is heard as none.
		w.WriteHeader(http.StatusNoContent)
		c.events <- event
	}))
	account, err := digitalconnect.ParseAccount("account.yaml", []byte(strings.Replace(string(standalone.AccountHere()), "http://127.0.0.1:9080/hook", hook.URL, 1)))
	require.NoError(t, err)
	d := &desk{}
	controls, wires := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	d.url, d.wire = "http://"+controls.Addr().String()+"/", "http://"+wires.Addr().String()
	c.wire = d.wire
	alone, err := standing.New(standing.Options{Account: account, Addresses: digitalconnect.Addresses{Identity: d.wire, API: d.wire, Storage: d.wire}})
	require.NoError(t, err)
	page, err := console.Handler(console.Options{Page: console.Talkdesk})
	require.NoError(t, err)
	control, err := talkdesk.New(talkdesk.Options{Access: serving.Access{Token: token, OpenConsole: true}, Desk: alone, Console: page, Version: "test"})
	require.NoError(t, err)
	control.SetReady(true)
	d.serve(controls, control)
	d.serve(wires, alone)
	t.Cleanup(func() {
		alone.Close()
		for _, server := range d.servers {
			_ = server.Close()
		}
		hook.CloseClientConnections()
		hook.Close()
	})
	return d, alone, c
}

// calls makes a request, and gives the status and the body of the answer.
func (c *connector) calls(path, contentType, body string) (status int, answer map[string]any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(bounded(c.t), http.MethodPost, c.wire+path, strings.NewReader(body))
	require.NoError(c.t, err)
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer "+c.token)
	if path == "/oauth/token" {
		r.SetBasicAuth("desk-client", "desk-client-secret-of-nobody")
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer response.Body.Close()
	_ = json.NewDecoder(response.Body).Decode(&answer) // Not every answer has a body.
	return response.StatusCode, answer
}

// asks has a user ask for an agent, after a few words with the assistant.
func (c *connector) asks(email string) string {
	c.t.Helper()
	_, answer := c.calls("/oauth/token", "application/x-www-form-urlencoded", "grant_type=client_credentials")
	c.token, _ = answer["access_token"].(string)
	status, answer := c.calls("/digital-connect/conversations", "application/json", `{"touchpoint_id":"3f0c1c1e-0000-4000-8000-000000000001","contact_person":{"email":"`+email+`"},"subject":"Lamp",
		"context_parameters":{"Intent":"billing","Reason":"broken","Colour":"red"},
		"previous_messages":[{"type":"USER","content":"my lamp <b>broke</b>","created_at":"2025-01-01T00:00:00.000Z"},{"type":"EXTERNAL","content":"a person will help","created_at":"2025-01-01T00:00:01.000Z"}]}`)
	require.Equal(c.t, http.StatusCreated, status)
	id, _ := answer["id"].(string)
	return id
}

func (c *connector) says(id, text string) int {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"content": text})
	require.NoError(c.t, err)
	status, _ := c.calls("/digital-connect/conversations/"+url.PathEscape(id)+"/messages", "application/json", string(body))
	return status
}

func (c *connector) hears(kind string) map[string]any {
	c.t.Helper()
	select {
	case event := <-c.events:
		require.Equal(c.t, kind, event["event_type"])
		return event
	case <-bounded(c.t).Done():
		c.t.Fatalf("the connector was not told %s", kind)
		return nil
	}
}

// TestAnAgentIsPlayed holds a conversation between the page and a connector, by keys.
func TestAnAgentIsPlayed(t *testing.T) {
	d, alone, c := startTalkdesk(t)
	p := d.open(t, "")
	p.reads("#wire-url", d.wire)
	p.reads("#wire-hint", "client desk-client")
	id := c.asks("ann@example.test")
	p.reads("#list-open", "ann@example.test")
	p.presses("j")
	p.reads("#caller", "ann@example.test")
	p.reads("#exposed", "billing")
	p.clicks("#known summary")
	p.reads("#context-text", "Colour")
	p.reads("#log .before", "my lamp <b>broke</b>")
	p.reads("#log .note", "Handed over to the agent")
	require.Equal(t, http.StatusCreated, c.says(id, "Hello <i>there</i>"))
	p.reads("#log", "Hello <i>there</i>")
	p.presses("m")
	p.types("#message", "Which one?")
	p.presses("Enter")
	payload, _ := c.hears("MESSAGE_CREATED")["payload"].(map[string]any)
	assert.Equal(t, "Which one?", payload["content"])
	p.reads("#log .own", "Which one?")
	p.sees(`/^#\d+$/.test(document.querySelector("#log .own .trace").textContent)`)
	p.gives(`(() => {
		const files = new DataTransfer();
		files.items.add(new File(["1 kg of apples"], "bill.txt", { type: "text/plain" }));
		const input = document.querySelector("#file-input");
		input.files = files.files;
		input.dispatchEvent(new Event("change"));
	})()`, nil)
	payload, _ = c.hears("MESSAGE_CREATED")["payload"].(map[string]any)
	assert.Len(t, payload["attachments"], 1)
	p.reads("#log .own .file", "bill.txt")
	var text string
	p.gives(`fetch(document.querySelector("#log .file").href).then((answer) => answer.text())`, &text)
	assert.Equal(t, "1 kg of apples", text)
	p.presses("Escape")
	p.clicks("#emit")
	p.sees(`document.activeElement.id === "field-text"`)
	p.clicks("#form-submit")
	assert.Equal(t, id, c.hears("MESSAGE_CREATED")["conversation_id"])
	p.presses("Escape", "e")
	c.hears("CONVERSATION_ENDED")
	p.reads("#state", "ended by agent")
	p.reads("#list-ended", "ann@example.test")
	p.sees(`document.querySelector("#message").disabled && document.querySelector("#end").disabled`)
	p.presses("c")
	p.sees(`document.activeElement.id === "field-email"`)
	p.presses("Enter")
	c.hears("CONVERSATION_STARTED")
	p.reads("#facts", "started by an agent")
	p.sees(`document.activeElement.id === "message"`)
	p.clicks("#end-silently")
	p.reads("#count-ended", "2")
	assert.Equal(t, 2, alone.Shift().Describe().Conversations.Ended)
	assert.Empty(t, c.events)
}

// TestTalkdeskIsBent flips the switches, and reads the journal.
func TestTalkdeskIsBent(t *testing.T) {
	d, alone, c := startTalkdesk(t)
	p := d.open(t, "")
	id := c.asks("ann@example.test")
	p.reads("#list-open", "ann@example.test")
	p.presses("4")
	p.clicks(`[data-operation="message"] [data-kind="unauthorized"]`)
	p.sees(`document.querySelector('[data-operation="message"] [data-kind="unauthorized"]').getAttribute("aria-checked") === "true"`)
	assert.Equal(t, http.StatusUnauthorized, c.says(id, "lost"))
	p.clicks(`[data-operation="message"] [data-kind="refuse"]`)
	p.sees(`document.querySelector('[data-operation="message"] [data-kind="refuse"]').getAttribute("aria-checked") === "true"`)
	assert.Equal(t, http.StatusServiceUnavailable, c.says(id, "lost"))
	p.reads("#broken", "1 fault")
	p.presses("h")
	p.reads("#broken", "No faults")
	assert.Equal(t, http.StatusCreated, c.says(id, "here"))
	p.clicks(`[data-touchpoint]`)
	p.sees(`document.querySelector("[data-touchpoint]").getAttribute("aria-checked") === "true"`)
	assert.False(t, alone.Shift().Account().Touchpoints[0].Active)
	p.clicks("#fail-files")
	p.sees(`document.querySelector("#form").open`)
	p.clicks("#form-submit")
	p.sees(`document.querySelector("#said").textContent.startsWith("The files of the next message")`)
	assert.Equal(t, http.StatusPartialContent, c.says(id, "a file"))
	p.clicks("#revoke")
	p.sees(`document.querySelector("#said").textContent.startsWith("No token is good")`)
	assert.Equal(t, http.StatusUnauthorized, c.says(id, "lost"))
	status, _ := c.calls("/oauth/token", "application/json", "{}")
	assert.NotEqual(t, http.StatusOK, status)
	p.presses("3")
	p.reads("#rows", "DC-AUTH")
	p.presses("/")
	p.types("#search", "MOCK-401")
	p.sees(`document.querySelectorAll(".row").length > 0`)
	p.clicks(".row")
	p.sees(`!document.querySelector("#detail").hidden`)
	p.clicks(`[data-view="curl"]`)
	p.reads("#detail-text", d.wire+"/digital-connect/conversations/")
	nodes, err := p.tab.Accessible(bounded(t))
	require.NoError(t, err)
	for _, node := range nodes {
		if slices.Contains(controls, node.Role) || node.Focusable && node.Role != "RootWebArea" {
			assert.NotEmpty(t, node.Name, "a %s has no name", node.Role)
		}
	}
	_, err = alone.Reset()
	require.NoError(t, err)
	p.reads("#notices", "The desk has begun anew")
	p.reads("#shown", "0 entries")
	require.NoError(t, p.tab.Resize(bounded(t), 400, 800))
	for _, pane := range []string{"journal", "faults", "transcript", "conversations"} {
		p.clicks(`#panes [data-shows="` + pane + `"]`)
		var wide int
		p.gives(`document.documentElement.scrollWidth`, &wide)
		assert.LessOrEqual(t, wide, 400, pane)
	}
}
