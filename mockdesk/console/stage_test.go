package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/console"
	"deskcheck/mockdesk/control"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/tenant"
	"deskcheck/steps/browser"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// tabs is the one browser of all tests.
var tabs *browser.Pool

func TestMain(m *testing.M) {
	pool, err := browser.Launch(context.Background(), browser.Options{Tabs: 4})
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests need a browser:", err)
		os.Exit(1)
	}
	tabs = pool
	code := m.Run()
	if err := pool.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "close the browser:", err)
		code = 1
	}
	os.Exit(code)
}

// patience bounds every wait of a test; it is generous because two cores are shared with whatever else runs.
const patience = 30 * time.Second

func bounded(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	return ctx
}

// token is that of the control API.
const token = "a-token-of-a-test-0123456789"

// desk is a desk standing alone, with its console.
type desk struct {
	tenants *tenant.Registry
	control *control.Server
	// url is where the console is, wire where an integration finds the default tenant.
	url, wire string
	// addresses are those listened on, to be started on again.
	controlAddress, wireAddress string
	servers                     []*http.Server
}

// startDesk opens a desk at free ports, or where another was.
func startDesk(tb testing.TB, before *desk) *desk {
	tb.Helper()
	return startDeskWith(tb, before, console.Options{})
}

// besideChat opens a desk whose console has a chat beside it, of which nothing but an empty page is there.
func besideChat(tb testing.TB) *desk {
	tb.Helper()
	chat := httptest.NewServer(http.NotFoundHandler())
	tb.Cleanup(chat.Close)
	return startDeskWith(tb, nil, console.Options{Chat: strings.Replace(chat.URL, "127.0.0.1", "localhost", 1) + "/"})
}

func startDeskWith(tb testing.TB, before *desk, o console.Options) *desk {
	tb.Helper()
	d := &desk{controlAddress: "127.0.0.1:0", wireAddress: "127.0.0.1:0"}
	if before != nil {
		d.controlAddress, d.wireAddress = before.controlAddress, before.wireAddress
	}
	page, err := console.Handler(o)
	require.NoError(tb, err)
	controls, wires := listen(tb, d.controlAddress), listen(tb, d.wireAddress)
	d.controlAddress, d.wireAddress = controls.Addr().String(), wires.Addr().String()
	d.url, d.wire = "http://"+d.controlAddress+"/", "http://"+d.wireAddress
	addresses := func(name string) api.WireAddresses {
		return api.WireAddresses{URL: d.wire + "/@" + name, SocketURL: "ws://" + d.wireAddress + "/@" + name}
	}
	d.tenants = tenant.NewRegistry(tenant.Options{Addresses: addresses})
	_, err = d.tenants.Create(api.NewTenant{Name: "default"})
	require.NoError(tb, err)
	d.control, err = control.New(control.Options{Tenants: d.tenants, Access: serving.Access{Token: token, OpenConsole: true}, Console: page, Version: "test", Wire: func() api.WireAddresses { return addresses(tenant.Default) }})
	require.NoError(tb, err)
	d.control.SetReady(true)
	d.serve(controls, d.control)
	d.serve(wires, d.tenants)
	tb.Cleanup(d.stop)
	return d
}

func listen(tb testing.TB, address string) net.Listener {
	tb.Helper()
	listener, err := net.Listen("tcp", address)
	require.NoError(tb, err)
	return listener
}

func (d *desk) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler}
	d.servers = append(d.servers, server)
	go func() { _ = server.Serve(listener) }()
}

// stop ends the desk as a process that is killed.
func (d *desk) stop() {
	d.hangUp()
	d.tenants.Close()
}

// hangUp ends all connections and listens no more; the desk itself goes on.
func (d *desk) hangUp() {
	for _, server := range d.servers {
		_ = server.Close()
	}
	d.servers = nil
}

// pickUp listens again after hangUp.
func (d *desk) pickUp(tb testing.TB) {
	tb.Helper()
	d.serve(listen(tb, d.controlAddress), d.control)
	d.serve(listen(tb, d.wireAddress), d.tenants)
}

func (d *desk) tenant(tb testing.TB) *tenant.Tenant {
	tb.Helper()
	t, err := d.tenants.Get("default")
	require.NoError(tb, err)
	return t
}

// user plays a user over the native wire, as an integration does for one.
type user struct {
	tb   testing.TB
	desk *desk
	id   string
	keys int
}

// asks opens a conversation.
func (d *desk) asks(tb testing.TB, id, name string) *user {
	tb.Helper()
	u := &user{tb: tb, desk: d, id: id}
	u.put("", map[string]any{"user": map[string]any{"name": name}, "queue": "billing", "context": map[string]any{"summary": "Wants to know why the bill doubled."}})
	return u
}

func (u *user) put(path string, body any) {
	u.tb.Helper()
	status := u.send(http.MethodPut, path, body)
	require.Contains(u.tb, []int{http.StatusOK, http.StatusCreated}, status)
}

// send sends one request and gives the status of the answer.
func (u *user) send(method, path string, body any) int {
	u.tb.Helper()
	raw, err := json.Marshal(body)
	require.NoError(u.tb, err)
	request, err := http.NewRequestWithContext(bounded(u.tb), method, u.desk.wire+"/@default/v1/conversations/"+u.id+path, bytes.NewReader(raw))
	require.NoError(u.tb, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(u.tb, err)
	_, _ = io.Copy(io.Discard, response.Body)
	require.NoError(u.tb, response.Body.Close())
	return response.StatusCode
}

func (u *user) says(text string) {
	u.tb.Helper()
	u.keys++
	u.put(fmt.Sprintf("/messages/k%d", u.keys), map[string]string{"text": text})
}

// listens opens a socket, and gives the first event of each type that is wanted.
func (u *user) listens() *websocket.Conn {
	u.tb.Helper()
	conn, response, err := websocket.DefaultDialer.Dial("ws://"+u.desk.wireAddress+"/@default/v1/conversations/"+u.id+"/events?cursor=0", nil)
	require.NoError(u.tb, err)
	require.NoError(u.tb, response.Body.Close())
	u.tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// hears reads a socket until an event of the type comes, and gives it.
func hears(tb testing.TB, conn *websocket.Conn, kind string) map[string]any {
	tb.Helper()
	require.NoError(tb, conn.SetReadDeadline(time.Now().Add(patience)))
	for {
		var event map[string]any
		require.NoError(tb, conn.ReadJSON(&event), "waiting for %s", kind)
		if event["type"] == kind {
			return event
		}
	}
}

// page is a console in a tab.
type page struct {
	tb  testing.TB
	tab *browser.Tab
}

// driver has the kit's hand find elements by selector.
const driver = `globalThis === top && (deskcheck.ui = { widgets: 1, look: () => null, find: (selector) => document.querySelector(selector) })`

// open shows the console in a tab of its own, of the size of a desk's screen. The fragment says what is chosen, such as "me=ben".
func (d *desk) open(tb testing.TB, fragment string) *page {
	tb.Helper()
	p := d.shows(tb, fragment)
	p.sees(`document.body.dataset.link === "live"`)
	return p
}

// shows loads the page, whatever it has to say then.
func (d *desk) shows(tb testing.TB, fragment string) *page {
	tb.Helper()
	ctx := bounded(tb)
	tab, err := tabs.Lease(ctx)
	require.NoError(tb, err)
	tb.Cleanup(tab.Release)
	require.NoError(tb, tab.Resize(ctx, 1280, 800))
	p := &page{tb: tb, tab: tab}
	require.NoError(tb, tab.OpenWith(ctx, d.url+"#"+fragment, driver, func(m browser.Message) {
		if m.Kind == "error" || m.Kind == "console" && m.Name == "error" {
			tb.Logf("the page: %s %s %s", m.Kind, m.Note, m.Data)
		}
	}))
	return p
}

// sees waits until an expression holds in the page.
func (p *page) sees(expression string) {
	p.tb.Helper()
	wait := `new Promise((resolve) => {
		const look = () => { try { return Boolean(` + expression + `) } catch { return false } };
		if (look()) return resolve();
		const observer = new MutationObserver(() => { if (look()) { observer.disconnect(); resolve(); } });
		observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
		addEventListener("focusin", () => look() && resolve(), true);
	})`
	err := p.tab.Evaluate(bounded(p.tb), wait, nil)
	if err == nil {
		return
	}
	var text string
	_ = p.tab.Evaluate(p.tb.Context(), `document.body.innerText`, &text)
	require.NoError(p.tb, err, "the page never came to %s; it shows\n%s", expression, text)
}

// reads waits until an element shows a text.
func (p *page) reads(selector, text string) {
	p.tb.Helper()
	p.sees(fmt.Sprintf(`document.querySelector(%s).innerText.includes(%s)`, quoted(selector), quoted(text)))
}

func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// gives evaluates an expression.
func (p *page) gives(expression string, out any) {
	p.tb.Helper()
	require.NoError(p.tb, p.tab.Evaluate(bounded(p.tb), expression, out))
}

func (p *page) clicks(selector string) {
	p.tb.Helper()
	require.NoError(p.tb, p.tab.Click(bounded(p.tb), selector, 0))
}

func (p *page) types(selector, text string) {
	p.tb.Helper()
	require.NoError(p.tb, p.tab.Type(bounded(p.tb), selector, text, 0))
}

func (p *page) presses(keys ...string) {
	p.tb.Helper()
	for _, key := range keys {
		require.NoError(p.tb, p.tab.Press(bounded(p.tb), key))
	}
}
