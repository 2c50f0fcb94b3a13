package console_test

import (
	"net/http"
	"slices"
	"testing"

	"deskcheck/mockdesk/console"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/manager"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/floor"
	"deskcheck/mockdesk/floor/floortest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startManager opens an agent manager at free ports, with its console.
func startManager(tb testing.TB) (*desk, *floor.Floor) {
	tb.Helper()
	d := &desk{}
	controls, wires := listen(tb, "127.0.0.1:0"), listen(tb, "127.0.0.1:0")
	d.url, d.wire = "http://"+controls.Addr().String()+"/", "http://"+wires.Addr().String()
	address := func() api.WireAddresses { return api.WireAddresses{URL: d.wire, SocketURL: d.wire} }
	f, err := floor.New(floor.Config{}, floor.Options{Address: address})
	require.NoError(tb, err)
	page, err := console.Handler(console.Options{Page: console.Manager})
	require.NoError(tb, err)
	control, err := manager.New(manager.Options{Access: serving.Access{Token: token, OpenConsole: true}, Floor: f, Console: page, Version: "test", Wire: address})
	require.NoError(tb, err)
	control.SetReady(true)
	d.serve(controls, control)
	d.serve(wires, f)
	tb.Cleanup(func() {
		f.Close()
		for _, server := range d.servers {
			_ = server.Close()
		}
	})
	return d, f
}

// TestACustomerIsPlayed holds a conversation between the page and a desk on the real protocol, by keys alone.
func TestACustomerIsPlayed(t *testing.T) {
	d, _ := startManager(t)
	p := d.open(t, "")
	p.reads("#list-people", "Amy Adams")
	p.reads(`[data-username="amy"] .badge`, "AWAY")
	p.reads("#wire-url", d.wire)
	amy := floortest.SignIn(t, d.wire, "amy", "amy-secret")
	amy.Goes("READY")
	p.reads(`[data-username="amy"] .badge`, "READY")
	p.reads(`[data-username="amy"] .about`, "CHAT READY 0/5")
	p.presses("c")
	p.sees(`document.activeElement.id === "field-firstName"`)
	p.presses("Enter")
	p.reads("#caller", "Kim")
	p.reads("#facts", "offered to amy")
	p.sees(`document.activeElement.id === "message"`)
	topic := amy.Take()
	p.reads("#present", "amy · PRIMARY")
	amy.Says(topic, "It is on its way. <b>Soon.</b>")
	p.reads("#log .from-agent", "It is on its way. <b>Soon.</b>")
	p.types("#message", "Thank you")
	p.presses("Enter")
	p.reads("#log", "Thank you")
	amy.AwaitCIM("CUSTOMER_MESSAGE")
	p.presses("Escape", "r")
	receipt := amy.AwaitCIM("MESSAGE_DELIVERY_NOTIFICATION")
	assert.Equal(t, "READ", receipt["data"].(floortest.Object)["body"].(floortest.Object)["status"])
	p.presses("t")
	amy.AwaitCIM("TYPING_INDICATOR")
	p.presses("s")
	p.sees(`document.querySelector("#form").open && document.activeElement.id === "field-sample"`)
	p.presses("Enter")
	for amy.AwaitCIM("CUSTOMER_MESSAGE")["data"].(floortest.Object)["body"].(floortest.Object)["type"] != "IMAGE" {
		continue
	}
	p.reads("#log", "IMAGE: photo.png")
	p.presses("l")
	p.reads("#state", "CLOSED")
	p.reads("#list-closed", "Kim")
	p.sees(`document.querySelector("#message").disabled`)
	p.clicks("#return")
	p.sees(`document.querySelector("#form").open`)
	p.clicks("#form-submit")
	p.reads("#count-open", "1")
	amy.Take()
}

// TestTheManagerIsBent flips the switches, and moves an agent from outside.
func TestTheManagerIsBent(t *testing.T) {
	d, f := startManager(t)
	p := d.open(t, "")
	p.presses("4")
	for fault, want := range map[string]func() bool{
		"logins-401":             func() bool { return f.Shift().Faults().Logins == 401 },
		"handshakes-licence":     func() bool { return f.Shift().Faults().Handshakes.Licence == "EXPIRED" },
		"states-refuse":          func() bool { return f.Shift().Faults().States },
		"withhold-agentPresence": func() bool { return len(f.Shift().Faults().Withheld) == 1 },
	} {
		p.clicks(`[data-fault="` + fault + `"]`)
		p.sees(`document.querySelector('[data-fault="` + fault + `"]').getAttribute("aria-checked") === "true"`)
		assert.True(t, want(), fault)
	}
	p.reads("#broken", "4 faults")
	status, _ := floortest.Login(t, d.wire, "amy", "amy-secret")
	assert.Equal(t, http.StatusUnauthorized, status)
	p.presses("h")
	p.reads("#broken", "No faults")
	amy := floortest.SignIn(t, d.wire, "amy", "amy-secret")
	p.clicks(`[data-fault="withhold-agentPresence"]`)
	p.sees(`document.querySelector('[data-fault="withhold-agentPresence"]').getAttribute("aria-checked") === "true"`)
	amy.Send("changeAgentState", floortest.Object{"agentId": "nobody", "action": "agentState", "state": floortest.Object{"name": "READY", "reasonCode": nil}})
	p.presses("3")
	p.reads("#rows", "AM-STATE-02")
	p.presses("h")
	p.clicks(`[data-username="amy"] summary`)
	p.clicks(`[data-username="amy"] [aria-label^="Log out"]`)
	p.reads(`[data-username="amy"] .badge`, "LOGOUT")
	amy.Await("agentPresence")
	amy.Leave()
	p.presses("4")
	p.clicks("#announce")
	p.sees(`document.activeElement.id === "field-supervisor"`)
	p.types("#field-text", "We close at five.")
	p.clicks("#form-submit")
	p.reads("#announcements", "sue: We close at five.")
	require.NoError(t, p.tab.Resize(bounded(t), 400, 800))
	for _, pane := range []string{"journal", "faults", "transcript", "conversations"} {
		p.clicks(`#panes [data-shows="` + pane + `"]`)
		var wide int
		p.gives(`document.documentElement.scrollWidth`, &wide)
		assert.LessOrEqual(t, wide, 400, pane)
	}
}

// TestTheManagersJournal filters, searches and shows payloads, and survives a reset.
func TestTheManagersJournal(t *testing.T) {
	d, f := startManager(t)
	p := d.open(t, "")
	amy := floortest.SignIn(t, d.wire, "amy", "amy-secret")
	amy.Goes("READY")
	p.reads("#rows", "changeAgentState")
	p.clicks(`[data-family="requests"]`)
	p.sees(`[...document.querySelectorAll(".row .kind")].every((kind) => ["request", "response"].includes(kind.textContent))`)
	p.clicks(`[data-family="requests"]`)
	p.presses("/")
	p.types("#search", "changeAgentState")
	p.sees(`document.querySelectorAll(".row").length === 1`)
	p.clicks(".row")
	p.reads("#detail-text", `"READY"`)
	p.clicks(`[data-view="wait"]`)
	p.reads("#detail-text", "deskcheck desk wait --after")
	p.clicks(`[data-view="curl"]`)
	p.reads("#detail-text", "Authorization: Bearer $DESKCHECK_DESK_TOKEN")
	nodes, err := p.tab.Accessible(bounded(t))
	require.NoError(t, err)
	named := 0
	for _, node := range nodes {
		if slices.Contains(controls, node.Role) || node.Focusable && node.Role != "RootWebArea" {
			named++
			assert.NotEmpty(t, node.Name, "a %s has no name", node.Role)
		}
	}
	require.Greater(t, named, 30)
	_, err = f.Reset()
	require.NoError(t, err)
	p.reads("#notices", "The desk has begun anew")
	p.reads(`[data-username="amy"] .badge`, "AWAY")
	p.reads("#shown", "0 entries")
}
