package browser

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/edge"
	"deskcheck/mockdesk/journal"
)

// vendor is a browser in which chat.vendor.example leads through an edge of each tab's own.
type vendor struct {
	pool      *Pool
	authority *edge.Authority

	mu    sync.Mutex
	edges []*edge.Edge
}

// launchVendor has the browser trust one authority, and the edges serve another, if that is not nil.
func launchVendor(t *testing.T, served *edge.Authority, direct ...string) *vendor {
	t.Helper()
	authority, err := edge.NewAuthority()
	require.NoError(t, err)
	v := &vendor{authority: authority}
	if served == nil {
		served = authority
	}
	open := func() (Proxy, error) {
		e, err := edge.Open(served, []edge.Name{{Host: "chat.vendor.example"}})
		v.mu.Lock()
		defer v.mu.Unlock()
		v.edges = append(v.edges, e)
		return e, err
	}
	v.pool, err = Launch(bounded(t), Options{Tabs: 2, Network: Network{Proxy: open, TrustedKey: authority.KeyHash(), Direct: direct}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, v.pool.Close()) })
	return v
}

// opened are the addresses of all edges so far.
func (v *vendor) opened() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []string
	for _, e := range v.edges {
		all = append(all, e.Addr())
	}
	return all
}

// leads has the tab's edge lead to a desk of its own.
func leads(t *testing.T, tab *Tab) (*mockdesk.Desk, *journal.Journal) {
	t.Helper()
	record := journal.New()
	desk, err := mockdesk.Open(mockdesk.Options{Journal: record})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, desk.Close()) })
	through, ok := tab.Proxy().(*edge.Edge)
	require.True(t, ok)
	through.Lead(desk, func(r edge.Refusal) {
		record.Append(journal.Entry{Kind: journal.Refusal, From: journal.Page, To: journal.Kit, Name: r.Address})
	})
	return desk, record
}

func named(record *journal.Journal, kind journal.Kind) []string {
	names := []string{}
	for _, e := range record.All(0, func(e journal.Entry) bool { return e.Kind == kind }) {
		names = append(names, e.Name)
	}
	return names
}

// fetches gives the status, or what the page is told in its place.
const fetches = `(address) => fetch(address).then((r) => String(r.status), (e) => String(e))`

const available = "https://chat.vendor.example/v1/availability"

func TestANameLeadsEachTabToItsOwnDesk(t *testing.T) {
	v := launchVendor(t, nil)
	origin := serve(t, script("globalThis.ask = "+fetches+`;
		globalThis.connect = (address) => new Promise((done) => { const s = new WebSocket(address); s.onopen = () => done('open'); s.onerror = () => done('error'); });`), nil)
	var records []*journal.Journal
	for range 2 {
		tab := lease(t, v.pool)
		desk, record := leads(t, tab)
		records = append(records, record)
		require.NoError(t, tab.Open(bounded(t), origin+"/", newRecord().add))
		assert.Equal(t, `"200"`, eval(t, tab, "ask('"+available+"')"))
		assert.Equal(t, `"200"`, eval(t, tab, "ask('http://chat.vendor.example/v1/availability')"))
		assert.Equal(t, `"200"`, eval(t, tab, "ask('"+desk.URL()+"/v1/availability')"), "the loopback is reached as ever")
		const events = "chat.vendor.example/v1/conversations/conversation-0001/events"
		assert.Equal(t, `"201"`, eval(t, tab, "fetch('https://chat.vendor.example/v1/conversations/conversation-0001', {method: 'PUT'}).then((r) => String(r.status))"))
		assert.Equal(t, `"open"`, eval(t, tab, "connect('wss://"+events+"')"))
		assert.Equal(t, `"open"`, eval(t, tab, "connect('ws://"+events+"')"))

		assert.Equal(t, `"TypeError: Failed to fetch"`, eval(t, tab, "ask('https://telemetry.example/beat')"))
		assert.Equal(t, `"TypeError: Failed to fetch"`, eval(t, tab, "ask('http://10.0.0.7/beat')"))
		assert.Equal(t, `"error"`, eval(t, tab, "connect('ws://telemetry.example/beat')"))
		assert.Equal(t, []string{"https://telemetry.example", "http://10.0.0.7/beat", "ws://telemetry.example"}, named(record, journal.Refusal))
	}
	for _, record := range records {
		assert.Len(t, named(record, journal.Opened), 2)
		assert.Equal(t, 3, strings.Count(strings.Join(named(record, journal.Request), "\n"), "GET /v1/availability"), "each desk has what its own tab asked")
	}
}

// TestRestIsSeenUnderTheNames has the page rest although a request is kept waiting, and not while a socket is open that the desk knows to be closed.
func TestRestIsSeenUnderTheNames(t *testing.T) {
	v := launchVendor(t, nil)
	tab := lease(t, v.pool)
	desk, _ := leads(t, tab)
	require.NoError(t, tab.Open(bounded(t), serve(t, script("globalThis.ask = "+fetches), nil)+"/", newRecord().add))
	const conversation = "chat.vendor.example/v1/conversations/conversation-0001"
	assert.Equal(t, "201", eval(t, tab, "fetch('https://"+conversation+"', {method: 'PUT'}).then((r) => r.status)"))
	assert.Equal(t, `"open"`, eval(t, tab, "new Promise((done) => { const s = new WebSocket('wss://"+conversation+"/events'); s.onopen = () => done('open'); })"))
	require.NoError(t, desk.WaitSockets(bounded(t), 1))
	require.NoError(t, desk.WaitSent(bounded(t)))
	names := []string{"wss://chat.vendor.example/"}
	require.NoError(t, tab.Settle(bounded(t), Traffic{Frames: 1, Servers: names, Sockets: 1}))
	require.Error(t, tab.Settle(within(t, patience/50), Traffic{Frames: 1, Servers: names}), "the page has not seen the end of its socket")

	desk.React(mockdesk.OpAvailability, mockdesk.Blackhole())
	require.NoError(t, tab.Evaluate(bounded(t), "void ask('"+available+"')", nil))
	require.Error(t, tab.Settle(within(t, patience/50), Traffic{}), "a request is on its way")
	for ctx := bounded(t); len(desk.Traffic().Kept) == 0; {
		require.NoError(t, desk.WaitTraffic(ctx, desk.Traffic()))
	}
	assert.NoError(t, tab.Settle(bounded(t), Traffic{Held: desk.Traffic().Kept}), "which the desk keeps: %v", desk.Traffic().Kept)
}

func TestTheDesksCutReachesThePage(t *testing.T) {
	v := launchVendor(t, nil)
	tab := lease(t, v.pool)
	desk, record := leads(t, tab)
	require.NoError(t, tab.Open(bounded(t), serve(t, script("globalThis.ask = "+fetches), nil)+"/", newRecord().add))
	for _, scheme := range []string{"https", "http"} {
		address := scheme + "://chat.vendor.example/v1/availability"
		before := len(named(record, journal.Request))
		assert.Equal(t, `"200"`, eval(t, tab, "ask('"+address+"')"))
		desk.ReactNext(mockdesk.OpAvailability, 1, mockdesk.Cut())
		assert.Equal(t, `"TypeError: Failed to fetch"`, eval(t, tab, "ask('"+address+"')"))
		assert.Len(t, named(record, journal.Request)[before:], 2, "the browser does not send it again behind the page's back")
		assert.Equal(t, `"200"`, eval(t, tab, "ask('"+address+"')"))
	}
}

func TestOnlyTheRunsOwnAuthorityIsTrusted(t *testing.T) {
	stranger, err := edge.NewAuthority()
	require.NoError(t, err)
	v := launchVendor(t, stranger)
	tab := lease(t, v.pool)
	_, record := leads(t, tab)
	certificate, err := stranger.Certificate("localhost")
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Access-Control-Allow-Origin", "*") }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	require.NoError(t, tab.Open(bounded(t), serve(t, script("globalThis.ask = "+fetches), nil)+"/", newRecord().add))
	assert.Equal(t, `"TypeError: Failed to fetch"`, eval(t, tab, "ask('"+available+"')"), "the certificate is for the name, and of an authority that nobody knows")
	assert.Equal(t, `"TypeError: Failed to fetch"`, eval(t, tab, "ask('"+strings.Replace(server.URL, "127.0.0.1", "localhost", 1)+"')"), "and so it is without the proxy")
	assert.Empty(t, named(record, journal.Request))
}

// TestAPageThatIsGivenBackAsksNobodyAnyMore has a page ask again as soon as it has an answer, whatever it is: the next scenario's desk has the same name.
func TestAPageThatIsGivenBackAsksNobodyAnyMore(t *testing.T) {
	v := launchVendor(t, nil)
	origin := serve(t, script(`(async () => { for (;;) { try { await fetch('`+available+`?queue=before'); } catch {} } })()`), nil)
	quiet := serve(t, script("globalThis.ask = "+fetches), nil)
	for range 5 {
		tab, err := v.pool.Lease(bounded(t))
		require.NoError(t, err)
		before, record := leads(t, tab)
		require.NoError(t, tab.Open(bounded(t), origin+"/", newRecord().add))
		_, err = record.Wait(bounded(t), 0, func(e journal.Entry) bool { return e.Kind == journal.Request })
		require.NoError(t, err)
		require.NoError(t, before.Close())
		tab.Release()

		tab, err = v.pool.Lease(bounded(t))
		require.NoError(t, err)
		desk, _ := leads(t, tab)
		require.NoError(t, tab.Open(bounded(t), quiet+"/", newRecord().add))
		assert.Equal(t, `"200"`, eval(t, tab, "ask('"+available+"?queue=now')"))
		for _, query := range desk.Queries() {
			assert.Equal(t, "now", query.Queue)
		}
		tab.Release()
	}
	assert.Less(t, len(v.opened()), 6, "tabs are used again")
}

// TestAPageOnAnotherMachineIsReachedDirectly has the loopback reached like any other machine, which takes no network.
func TestAPageOnAnotherMachineIsReachedDirectly(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(script("globalThis.ask = " + fetches)))
	}))
	t.Cleanup(server.Close)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = other.Close() })

	v := launchVendor(t, nil, "<-loopback>", server.Listener.Addr().String())
	tab := lease(t, v.pool)
	_, record := leads(t, tab)
	require.NoError(t, tab.Open(bounded(t), server.URL+"/", newRecord().add))
	assert.Equal(t, `"200"`, eval(t, tab, "ask('/again')"))
	assert.Equal(t, `"200"`, eval(t, tab, "ask('"+available+"')"))
	assert.Equal(t, `"TypeError: Failed to fetch"`, eval(t, tab, "ask('http://"+other.Addr().String()+"/')"), "another port of the same machine is another host")
	assert.Equal(t, []string{"http://" + other.Addr().String() + "/"}, named(record, journal.Refusal))
}

func TestProxiesEndWithTheirTabs(t *testing.T) {
	v := launchVendor(t, nil)
	tab, err := v.pool.Lease(bounded(t))
	require.NoError(t, err)
	other := lease(t, v.pool)
	leads(t, tab)
	addresses := v.opened()
	require.Len(t, addresses, 2)
	require.NoError(t, tab.Open(bounded(t), serve(t, script(""), nil)+"/", newRecord().add))
	_ = tab.Evaluate(bounded(t), "location.href = '/elsewhere'", nil) // the page may be gone before it has answered
	<-tab.Lost()
	tab.Release()
	v.pool.work.Wait()
	assert.True(t, refusesConnections(addresses[0]), "the tab was thrown away")
	assert.False(t, refusesConnections(addresses[1]), "the other one is in use")
	other.Release()
	require.NoError(t, v.pool.Close())
	assert.True(t, refusesConnections(addresses[1]))
}

func refusesConnections(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err != nil
}

func TestATabWithoutItsProxyIsNone(t *testing.T) {
	pool, err := Launch(bounded(t), Options{Network: Network{Proxy: func() (Proxy, error) { return nil, errors.New("no port is free") }}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	_, err = pool.Lease(bounded(t))
	assert.ErrorContains(t, err, "open the proxy of a tab: no port is free")
}
