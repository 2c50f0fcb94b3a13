package edge_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/edge"
	"deskcheck/mockdesk/journal"
)

// patience bounds every wait of a test.
const patience = 10 * time.Second

const conversation = "conversation-0001"

// scenario is a desk that an edge leads to, and what was refused.
type scenario struct {
	edge      *edge.Edge
	authority *edge.Authority
	desk      *mockdesk.Desk
	journal   *journal.Journal
	refused   *refusals
}

type refusals struct {
	mu  sync.Mutex
	all []string
}

func (r *refusals) add(one edge.Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, one.Address)
}

func (r *refusals) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.all...)
}

func openEdge(t *testing.T, authority *edge.Authority) *edge.Edge {
	t.Helper()
	e, err := edge.Open(authority, []edge.Name{{Host: "chat.vendor.example"}, {Host: "media.vendor.example", Port: 8443}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.Close()) })
	return e
}

func openDesk(t *testing.T) (*mockdesk.Desk, *journal.Journal) {
	t.Helper()
	record := journal.New()
	desk, err := mockdesk.Open(mockdesk.Options{Journal: record})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, desk.Close()) })
	return desk, record
}

func begin(t *testing.T) *scenario {
	t.Helper()
	authority, err := edge.NewAuthority()
	require.NoError(t, err)
	s := &scenario{edge: openEdge(t, authority), authority: authority, refused: &refusals{}}
	s.desk, s.journal = openDesk(t)
	s.edge.Lead(s.desk, s.refused.add)
	return s
}

// proxy is the edge as a client is told of it.
func (s *scenario) proxy(*http.Request) (*url.URL, error) {
	return &url.URL{Scheme: "http", Host: s.edge.Addr()}, nil
}

func (s *scenario) trust() *tls.Config {
	return &tls.Config{RootCAs: s.authority.Pool(), MinVersion: tls.VersionTLS12}
}

// client is one that trusts the authority, and nothing else.
func (s *scenario) client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{Proxy: s.proxy, TLSClientConfig: s.trust(), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// ask gives the status and the body of the answer.
func (s *scenario) ask(t *testing.T, method, address string) (int, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	response, err := s.client(t).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body), nil
}

// hosts are those that the journal names, in order.
func hosts(j *journal.Journal) []string {
	var all []string
	for _, e := range j.All(0, func(e journal.Entry) bool { return e.Kind == journal.Request }) {
		_, host, _ := strings.Cut(string(e.Data), `"host":"`)
		host, _, _ = strings.Cut(host, `"`)
		all = append(all, host)
	}
	return all
}

func TestNamesReachTheDeskOverEveryScheme(t *testing.T) {
	s := begin(t)
	var asked []string
	for _, origin := range []string{"https://chat.vendor.example", "http://chat.vendor.example", "https://media.vendor.example:8443", "http://media.vendor.example:8443"} {
		status, body, err := s.ask(t, http.MethodGet, origin+"/v1/availability?queue=billing")
		require.NoError(t, err, origin)
		assert.Equal(t, http.StatusOK, status)
		assert.JSONEq(t, `{"status":"online","waiting":0}`, body)
		asked = append(asked, origin)
	}
	response, err := http.Get(s.desk.URL() + "/v1/availability?queue=billing") //nolint:noctx // It is the desk of the test.
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, append(asked, ""), hosts(s.journal), "the journal names the host, and not the desk's own address")
	for _, query := range s.desk.Queries() {
		assert.Equal(t, "billing", query.Queue, "nothing of the address is lost")
	}
	assert.Empty(t, s.refused.list())
}

func (s *scenario) dial(t *testing.T, origin string) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{Proxy: s.proxy, TLSClientConfig: s.trust(), HandshakeTimeout: patience}
	conn, response, err := dialer.DialContext(t.Context(), origin+"/v1/conversations/"+conversation+"/events?cursor=0", nil)
	require.NoError(t, err, origin)
	defer response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	return conn
}

func (s *scenario) open(t *testing.T) *mockdesk.Conversation {
	t.Helper()
	status, _, err := s.ask(t, http.MethodPut, "https://chat.vendor.example/v1/conversations/"+conversation)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := s.desk.NextConversation(ctx)
	require.NoError(t, err)
	return c
}

func TestSocketsReachTheDesk(t *testing.T) {
	for _, origin := range []string{"wss://chat.vendor.example", "ws://media.vendor.example:8443"} {
		s := begin(t)
		c := s.open(t)
		conn := s.dial(t, origin)
		_, frame, err := conn.ReadMessage()
		require.NoError(t, err)
		assert.Contains(t, string(frame), `"hello"`)

		// Each frame comes as it is sent, and the client's go back.
		_, err = c.Emit(mockdesk.Event{Type: "queue.updated"})
		require.NoError(t, err)
		_, frame, err = conn.ReadMessage()
		require.NoError(t, err)
		assert.Contains(t, string(frame), `"queue.updated"`)
		require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"typing","typing":true}`)))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		require.NoError(t, s.journal.WaitUntil(ctx, c.UserTypes))

		// The desk's cut is the client's.
		c.CutSockets()
		_, _, err = conn.ReadMessage()
		assert.ErrorIs(t, err, syscall.ECONNRESET, "%s: %v", origin, err)
	}
}

func TestAnotherNameIsRefusedAndRecorded(t *testing.T) {
	s := begin(t)
	other, _ := openDesk(t)
	for _, one := range []struct{ address, refusal string }{
		{"https://telemetry.example/beat?key=1", "https://telemetry.example"},
		{"http://telemetry.example/beat?key=1", "http://telemetry.example/beat"},
		{"https://chat.vendor.example:8443/", "chat.vendor.example:8443"},
		{"https://media.vendor.example/", "https://media.vendor.example"},
		{"http://chat.vendor.example:8080/", "http://chat.vendor.example:8080/"},
		{"https://evil.chat.vendor.example/", "https://evil.chat.vendor.example"},
		{"http://10.0.0.7/", "http://10.0.0.7/"},
		// Whoever finds the proxy finds nothing else on this machine.
		{strings.Replace(other.URL(), "127.0.0.1", "localhost", 1) + "/v1/availability", strings.Replace(other.URL(), "127.0.0.1", "localhost", 1) + "/v1/availability"},
	} {
		before := len(s.refused.list())
		status, body, err := s.ask(t, http.MethodGet, one.address)
		if strings.HasPrefix(one.address, "https") {
			require.ErrorContains(t, err, "Forbidden", one.address)
		} else {
			require.NoError(t, err, one.address)
			assert.Equal(t, http.StatusForbidden, status)
			assert.Equal(t, one.refusal+" leads nowhere in this run", body)
		}
		assert.Equal(t, []string{one.refusal}, s.refused.list()[before:])
	}
	assert.Empty(t, hosts(s.journal), "nothing reached the desk")
	assert.Empty(t, other.Queries())
}

// tunnel opens one by hand.
func (s *scenario) tunnel(t *testing.T, target string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.edge.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
	require.NoError(t, err)
	line := make([]byte, len("HTTP/1.1 200 OK\r\n\r\n"))
	_, err = io.ReadFull(conn, line)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200 OK\r\n\r\n", string(line))
	return conn
}

func TestCertificatesAreForTheirNameAndTheRun(t *testing.T) {
	s := begin(t)
	certificateOf := func(name string, trust *tls.Config) (*tls.Conn, error) {
		trust.ServerName = name
		conn := tls.Client(s.tunnel(t, "chat.vendor.example:443"), trust)
		return conn, conn.HandshakeContext(t.Context())
	}
	conn, err := certificateOf("chat.vendor.example", s.trust())
	require.NoError(t, err)
	leaf := conn.ConnectionState().PeerCertificates[0]
	require.NoError(t, leaf.VerifyHostname("chat.vendor.example"))
	require.Error(t, leaf.VerifyHostname("media.vendor.example"), "it is for no other name")

	_, err = certificateOf("media.vendor.example", s.trust())
	require.Error(t, err, "a tunnel to one name has no certificate of another")
	_, err = certificateOf("chat.vendor.example", &tls.Config{MinVersion: tls.VersionTLS12})
	require.ErrorContains(t, err, "unknown authority", "whoever has not been told of the run's authority does not trust it")
	stranger, err := edge.NewAuthority()
	require.NoError(t, err)
	_, err = certificateOf("chat.vendor.example", &tls.Config{RootCAs: stranger.Pool(), MinVersion: tls.VersionTLS12})
	require.ErrorContains(t, err, "unknown authority", "each run has its own")
	assert.NotEqual(t, stranger.KeyHash(), s.authority.KeyHash())
	assert.Empty(t, hosts(s.journal))
}

func TestACutIsACut(t *testing.T) {
	for _, scheme := range []string{"https", "http"} {
		for reaction, fault := range map[string]mockdesk.Reaction{"cut": mockdesk.Cut(), "reply lost": mockdesk.LoseReply()} {
			s := begin(t)
			s.desk.React(mockdesk.OpAvailability, fault)
			_, _, err := s.ask(t, http.MethodGet, scheme+"://chat.vendor.example/v1/availability")
			assert.ErrorIs(t, err, syscall.ECONNRESET, "%s over %s: %v", reaction, scheme, err)
			assert.Len(t, hosts(s.journal), 1, "and is not tried again")
		}
	}
}

func TestAHangIsAHangAndTheDeskSeesWhoGoes(t *testing.T) {
	for _, scheme := range []string{"https", "http"} {
		s := begin(t)
		s.desk.React(mockdesk.OpAvailability, mockdesk.Blackhole())
		ctx, giveUp := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://chat.vendor.example/v1/availability", nil)
		require.NoError(t, err)
		client := s.client(t)
		over := make(chan error, 1)
		go func() {
			response, err := client.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			over <- err
		}()
		bound, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err = s.journal.Wait(bound, 0, func(e journal.Entry) bool { return e.Kind == journal.Request })
		require.NoError(t, err)
		kept := []string{"GET " + scheme + "://chat.vendor.example/v1/availability"}
		assert.Eventually(t, func() bool { return slices.Equal(kept, s.desk.Traffic().Kept) }, patience, time.Millisecond, "by the name under which the page knows it")
		select {
		case err := <-over:
			assert.Fail(t, "the request came to an end", "%v", err)
		default:
		}
		giveUp()
		require.ErrorIs(t, <-over, context.Canceled)
		gone, err := s.journal.Wait(bound, 0, func(e journal.Entry) bool { return e.Kind == journal.Response })
		require.NoError(t, err)
		assert.Contains(t, gone.Note, "the client gave up")
	}
}

// TestNothingOfOneScenarioReachesTheNext has a tunnel wait from one scenario to the next, as a browser's may.
func TestNothingOfOneScenarioReachesTheNext(t *testing.T) {
	s := begin(t)
	waiting := s.tunnel(t, "chat.vendor.example:80")
	idle, err := net.Dial("tcp", s.edge.Addr())
	require.NoError(t, err)
	defer idle.Close()
	require.NoError(t, idle.SetDeadline(time.Now().Add(patience)))

	next, record := openDesk(t)
	s.edge.Lead(next, s.refused.add)
	for _, conn := range []net.Conn{waiting, idle} {
		_, _ = io.WriteString(conn, "GET http://chat.vendor.example/v1/availability HTTP/1.1\r\nHost: chat.vendor.example\r\n\r\n")
		answer, err := io.ReadAll(conn)
		assert.Empty(t, answer)
		var late net.Error
		assert.False(t, errors.As(err, &late) && late.Timeout(), "it is closed")
	}
	status, _, err := s.ask(t, http.MethodGet, "https://chat.vendor.example/v1/availability")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, []string{"https://chat.vendor.example"}, hosts(record), "only what was asked since")
	assert.Empty(t, hosts(s.journal))

	s.edge.Leave()
	_, _, err = s.ask(t, http.MethodGet, "http://chat.vendor.example/v1/availability")
	require.Error(t, err, "between scenarios there is nothing")
	_, _, err = s.ask(t, http.MethodGet, "http://telemetry.example/")
	require.Error(t, err)
	assert.Empty(t, s.refused.list(), "and nobody to tell")
}

func TestScenariosSideBySideHaveTheirOwnDeskUnderOneName(t *testing.T) {
	authority, err := edge.NewAuthority()
	require.NoError(t, err)
	var all []*scenario
	for range 4 {
		s := &scenario{edge: openEdge(t, authority), authority: authority, refused: &refusals{}}
		s.desk, s.journal = openDesk(t)
		s.edge.Lead(s.desk, s.refused.add)
		all = append(all, s)
	}
	var work sync.WaitGroup
	for i, s := range all {
		work.Go(func() {
			for n := range 10 {
				status, _, err := s.ask(t, http.MethodGet, fmt.Sprintf("https://chat.vendor.example/v1/availability?queue=%d.%d", i, n))
				assert.NoError(t, err)
				assert.Equal(t, http.StatusOK, status)
			}
		})
	}
	work.Wait()
	for i, s := range all {
		var want, got []string
		for n := range 10 {
			want = append(want, fmt.Sprintf("%d.%d", i, n))
		}
		for _, query := range s.desk.Queries() {
			got = append(got, query.Queue)
		}
		assert.Equal(t, want, got)
	}
}

func TestWhoDoesNotSpeakToAProxyIsTold(t *testing.T) {
	for request, says := range map[string]string{
		"GET / HTTP/1.1\r\nHost: chat.vendor.example\r\n\r\n":      "400 Bad Request",
		"GET ftp://chat.vendor.example/ HTTP/1.1\r\n\r\n":          "400 Bad Request",
		"CONNECT chat.vendor.example HTTP/1.1\r\n\r\n":             "400 Bad Request",
		"GET http://a/" + strings.Repeat("a", 65<<10):              "414 Request URI Too Long",
		"CONNECT telemetry.example:443 HTTP/1.1\r\nA: b\r\n\r\n":   "403 Forbidden",
		"GET http://telemetry.example HTTP/1.1\r\nHost: t\r\n\r\n": "403 Forbidden",
	} {
		s := begin(t)
		conn, err := net.Dial("tcp", s.edge.Addr())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err, "%.40s", request)
		assert.Equal(t, "HTTP/1.1 "+says+"\r\n", line)
		require.NoError(t, conn.Close())
	}
}

func TestClosingLeavesNothing(t *testing.T) {
	s := begin(t)
	waiting := s.tunnel(t, "chat.vendor.example:443")
	require.NoError(t, s.edge.Close(), "returns although a client waits")
	_, err := waiting.Read(make([]byte, 1))
	require.Error(t, err)
	_, err = net.Dial("tcp", s.edge.Addr())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, s.edge.Close(), "a second time does nothing")
}

// TestAClosedDeskTakesNothingIn adopts in the moment after the desk has closed.
func TestAClosedDeskTakesNothingIn(t *testing.T) {
	s := begin(t)
	require.NoError(t, s.desk.Close())
	_, _, err := s.ask(t, http.MethodGet, "https://chat.vendor.example/v1/availability")
	require.Error(t, err)
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
}
