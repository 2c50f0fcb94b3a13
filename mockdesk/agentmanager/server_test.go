package agentmanager_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// client is where the real client and the desk that is made with it are.
const client = "testdata/client"

// patience is how long anything may take before a test gives up.
const patience = 60 * time.Second

var install sync.Once

// needsClient has npm install the client, once. It skips a test where npm is missing, but not in CI, where nothing may be skipped in silence.
func needsClient(t *testing.T) {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("the real client was not tried: there is no npm here")
	}
	require.NoError(t, err)
	install.Do(func() {
		locked, err := os.Stat(filepath.Join(client, "package-lock.json"))
		require.NoError(t, err)
		if there, err := os.Stat(filepath.Join(client, "node_modules", ".package-lock.json")); err == nil && there.ModTime().After(locked.ModTime()) {
			return
		}
		cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
		cmd.Dir = client
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", said)
	})
}

// serve brings a stage's manager to the network, below a base path, and gives the base address. Its clock shows the real time until it is advanced.
func serve(t *testing.T, base string) (s *stage, address string) {
	t.Helper()
	s = newStage(t, func(o *agentmanager.Options) { o.Clock = mockdesk.NewAdvancingClock() })
	server := agentmanager.NewServer(s.Manager, agentmanager.ServerOptions{Base: base})
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		server.Close()
		web.CloseClientConnections()
		web.Close()
	})
	return s, web.URL + base
}

// realDesk is a desk on the real client, in Node.
type realDesk struct {
	t     *testing.T
	in    io.Writer
	mu    sync.Mutex
	heard []heard
	more  chan struct{}
}

// startDesk starts a desk that signs in.
func startDesk(t *testing.T, version, base, username, password string) *realDesk {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	cmd := exec.CommandContext(ctx, "node", "desk.mjs", version, base, username, password)
	cmd.Dir, cmd.Stderr = client, os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	d := &realDesk{t: t, in: in, more: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var h struct {
				Event   string
				Payload any
			}
			if assert.NoError(t, json.Unmarshal(lines.Bytes(), &h)) {
				d.hear(heard{event: h.Event, payload: h.Payload})
			}
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		<-done
		_ = cmd.Wait()
		cancel()
	})
	return d
}

func (d *realDesk) hear(h heard) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard = append(d.heard, h)
	close(d.more)
	d.more = make(chan struct{})
}

// waits gives the n-th such event, from 1, once it has come.
func (d *realDesk) waits(event string, n int) any {
	d.t.Helper()
	late := time.After(patience)
	for {
		d.mu.Lock()
		more, count := d.more, 0
		for _, h := range d.heard {
			if h.event == event {
				if count++; count == n {
					d.mu.Unlock()
					return h.payload
				}
			}
		}
		names := make([]string, 0, len(d.heard))
		for _, h := range d.heard {
			names = append(names, h.event)
		}
		d.mu.Unlock()
		select {
		case <-more:
		case <-late:
			require.FailNow(d.t, "too late", "%s never came for the %d. time; there were %v", event, n, names)
		}
	}
}

func (d *realDesk) does(act string, more object) {
	d.t.Helper()
	command := object{"do": act}
	maps.Copy(command, more)
	_, err := d.in.Write(append(must(json.Marshal(command)), '\n'))
	require.NoError(d.t, err)
}

// waitFor waits for an entry of the journal.
func (s *stage) waitFor(match journal.Match) journal.Entry {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	e, err := s.journal.Wait(ctx, 0, match)
	require.NoError(s.t, err)
	return e
}

func TestARealClientWorksWithTheManager(t *testing.T) {
	needsClient(t)
	for version, base := range map[string]string{"4.4.0": "/agent-manager", "newest": ""} {
		t.Run(version, func(t *testing.T) {
			s, address := serve(t, base)
			amy := startDesk(t, version, address, "amy", "amy-secret")
			assert.InDelta(t, http.StatusOK, amy.waits("login", 1), 0)
			amy.waits("connect", 1)
			assert.Equal(t, "NOT_READY", stateIn(amy.waits("agentPresence", 1)))
			amy.waits("onChannelTypes", 1)
			amy.does("ask", nil)
			assert.Equal(t, object{"status": "ok"}, amy.waits("acknowledged", 1))
			amy.does("state", object{"name": "READY"})
			assert.Equal(t, "READY", stateIn(amy.waits("agentPresence", 3)))

			kim, c := s.customer("sales")
			amy.waits("taskRequest", 1)
			amy.does("accept", nil)
			assert.Equal(t, c.ID(), amy.waits("onTopicData", 1).(object)["conversationId"])
			ack := s.waitFor(func(e journal.Entry) bool { return e.Name == "ack" })
			assert.Contains(t, string(ack.Data), `"status":"ok"`)
			amy.does("say", object{"text": "Good morning."})
			s.waitFor(func(e journal.Entry) bool {
				return e.To == agentmanager.PartyCustomer && e.Name == "AGENT_MESSAGE"
			})
			assert.Equal(t, "Good morning.", kim.Received()[0].Body["markdownText"])

			ben := startDesk(t, version, address, "ben", "ben-secret")
			ben.waits("agentPresence", 1)
			ben.does("state", object{"name": "READY"})
			ben.waits("agentPresence", 2)
			amy.does("transfer", object{"queue": "support"})
			amy.waits("agentAssistanceRequestPlaced", 1)
			assert.Equal(t, "CHAT TRANSFERRED", amy.waits("topicUnsubscription", 1).(object)["reason"])
			assert.Equal(t, "DIRECT_TRANSFER", ben.waits("taskRequest", 1).(object)["taskDirection"])
			ben.does("accept", nil)
			ben.waits("onTopicData", 1)
			ben.does("leave", nil)
			assert.Equal(t, "UNSUBSCRIBED", ben.waits("topicUnsubscription", 1).(object)["reason"])

			ben.does("state", object{"name": "LOGOUT"})
			ben.waits("agentPresence", 5)
			ben.does("close", nil)
			s.waitFor(func(e journal.Entry) bool { return e.Kind == journal.Closed && e.Name == "socket" })
			assert.Empty(t, s.violations())
		})
	}
}

func stateIn(presence any) any {
	return presence.(object)["agentPresence"].(object)["state"].(object)["name"]
}

func TestARealClientThatIsCutComesBackToItsConversation(t *testing.T) {
	needsClient(t)
	s, address := serve(t, "")
	amy := startDesk(t, "4.4.0", address, "amy", "amy-secret")
	amy.waits("agentPresence", 1)
	amy.does("state", object{"name": "READY"})
	amy.waits("agentPresence", 2)
	_, c := s.customer("sales")
	amy.waits("taskRequest", 1)
	amy.does("accept", nil)
	amy.waits("onTopicData", 1)

	require.NoError(t, s.Agent("amy").Cut())
	amy.waits("disconnect", 1)
	amy.waits("connect", 2)
	assert.Equal(t, c.ID(), amy.waits("onTopicData", 2).(object)["conversationId"])
	assert.Equal(t, "READY", stateIn(amy.waits("agentPresence", 4)))

	require.NoError(t, s.Agent("amy").Disconnect())
	assert.Equal(t, "io server disconnect", amy.waits("disconnect", 2))
	assert.Empty(t, s.violations())
}

func TestWithoutAClockOfItsOwnTheManagerGoesByTheMachines(t *testing.T) {
	s := newStage(t, func(o *agentmanager.Options) { o.Clock, o.Timing.RONA = nil, 20*time.Millisecond })
	s.ready("amy")
	_, c := s.customer("sales")
	revoked := s.waitFor(func(e journal.Entry) bool { return e.Name == "revokeTask" })
	assert.Equal(t, c.ID(), revoked.Conversation)
}

func TestASecondTabTakesTheSessionOver(t *testing.T) {
	needsClient(t)
	s, address := serve(t, "")
	first := startDesk(t, "newest", address, "amy", "amy-secret")
	first.waits("agentPresence", 1)
	second := startDesk(t, "newest", address, "amy", "amy-secret")
	second.waits("agentPresence", 1)
	assert.Equal(t, s.Agent("amy").ID(), first.waits("socketSessionRemoved", 1).(object)["agentId"])
	assert.Equal(t, "io server disconnect", first.waits("disconnect", 1))
	second.does("state", object{"name": "READY"})
	second.waits("agentPresence", 2)
}

func TestARealClientHearsWhyItIsRefused(t *testing.T) {
	needsClient(t)
	s, address := serve(t, "")
	require.NoError(t, s.RefuseHandshakes(agentmanager.LicenceRefusal("EXPIRED")))
	amy := startDesk(t, "newest", address, "amy", "amy-secret")
	refused := amy.waits("connect_error", 1).(object)
	assert.Equal(t, object{"content": object{"key": "LM", "licStatus": "EXPIRED"}}, refused["data"])
	nobody := startDesk(t, "newest", address, "zoe", "zoe-secret")
	assert.InDelta(t, http.StatusUnauthorized, nobody.waits("login", 1), 0)
}

func TestTheWrongWayToTheSocketIsNamed(t *testing.T) {
	s, address := serve(t, "/agent-manager")
	origin := address[:len(address)-len("/agent-manager")]
	for path, want := range map[string]string{"/socket.io/?EIO=4&transport=polling": "AM-CONN-02", "/agent-manager/socket.io/?EIO=3&transport=polling": "AM-CONN-01", "/favicon.ico": ""} {
		before := len(s.violations())
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+path, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.GreaterOrEqual(t, resp.StatusCode, 400)
		if want == "" {
			assert.Len(t, s.violations(), before)
			continue
		}
		assert.Equal(t, []string{want}, s.violations()[before:])
	}
	entries := s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Request })
	assert.True(t, slices.ContainsFunc(entries, func(e journal.Entry) bool { return e.Name == "GET /favicon.ico" }))
}

func TestHeartbeatsAreWrittenDownOnRequest(t *testing.T) {
	for _, tell := range []bool{true, false} {
		s := newStage(t)
		server := agentmanager.NewServer(s.Manager, agentmanager.ServerOptions{PingInterval: time.Millisecond, Heartbeats: tell})
		web := httptest.NewServer(server)
		ask := func(method, query, body string) string {
			r, err := http.NewRequestWithContext(t.Context(), method, web.URL+"/socket.io/?EIO=4&transport=polling"+query, strings.NewReader(body))
			require.NoError(t, err)
			resp, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			said, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			return string(said)
		}
		var opened struct{ SID string }
		require.NoError(t, json.Unmarshal([]byte(ask(http.MethodGet, "", "")[1:]), &opened))
		assert.Equal(t, "2", ask(http.MethodGet, "&sid="+opened.SID, ""))
		assert.Equal(t, "ok", ask(http.MethodPost, "&sid="+opened.SID, "3"))
		beats := s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Frame })
		if tell {
			require.GreaterOrEqual(t, len(beats), 2)
			assert.Equal(t, []any{"ping", agentmanager.PartyDesk, "pong", agentmanager.PartyDesk}, []any{beats[0].Name, beats[0].To, beats[1].Name, beats[1].From})
		} else {
			assert.Empty(t, beats)
		}
		server.Close()
		web.CloseClientConnections()
		web.Close()
	}
}
