package deskcheck

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/fixtures/connectors/reference"
	"deskcheck/reports"
	"deskcheck/steps/browser"
)

// hostileKey is the variable by which the test's own program is run as a hostile connector, hostileAt the one that says where it listens.
const (
	hostileKey = "DESKCHECK_TEST_HOSTILE"
	hostileAt  = "DESKCHECK_TEST_AT"
	// hostileTells names the file into which it writes its secrets, a line each.
	hostileTells = "DESKCHECK_TEST_TELLS"
	// doesWell is the one that is not hostile.
	doesWell = "does well"
)

// hostileConnectors lists what connectors do to Talkdesk and to the kit, and what has to come of it in the scenario where an agent's words are shown to a user. Each is the reference, behind
// a front that does one thing in its own way.
var hostileConnectors = []struct {
	name string
	// health answers whether it is ready, event takes an event, driver what users do, sights tells what they see, asked hears that they ask for an agent, before is what comes before the connector
	// starts a conversation; nil for what the reference does.
	health, event, driver, sights, asked http.HandlerFunc
	before                               func()
	// output is what it prints, and ends whether it goes at once.
	output  string
	ends    bool
	verdict reports.Verdict
	says    []string
}{
	{name: doesWell, verdict: reports.Passed},
	{name: "never becomes ready", health: answering(http.StatusServiceUnavailable, "text/plain", "warming up"), output: "no database", verdict: reports.Untestable, says: []string{"not ready", "503", "no database"}},
	{name: "ends as soon as it is started", ends: true, output: "no licence was found", verdict: reports.Untestable, says: []string{"exit status 7", "no licence was found"}},
	{name: "ends at the first event", event: func(http.ResponseWriter, *http.Request) { die("an event took it down") }, verdict: reports.Failed, says: []string{"exit status 7", "an event took it down"}},
	{name: "answers events with a page", event: answering(http.StatusOK, "text/html", "<h1>Welcome</h1>"), output: "POST /hook fits no route", verdict: reports.Failed, says: []string{"DC-ACTION-08"}},
	{name: "leads events elsewhere", event: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, verdict: reports.Failed, says: []string{"DC-ACTION-08", "302"}},
	{name: "leads events round in a circle", event: func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusPermanentRedirect)
	}, verdict: reports.Failed, says: []string{"DC-ACTION-08", "308"}},
	// Whose time is over first, the answer's or that of what the user is to see, is the machine's.
	{name: "lets events hang", event: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, verdict: reports.Failed, says: []string{"message_created", "answer"}},
	{name: "cuts events off", event: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, verdict: reports.Failed, says: []string{"DC-ACTION-08"}},
	{name: "answers events without end", event: func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write(make([]byte, 1<<20)) // It ends with the request.
		}
	}, verdict: reports.Failed, says: []string{"DC-ACTION-08"}},
	{name: "has a page for a user driver", driver: answering(http.StatusOK, "text/html", "<h1>Welcome</h1>"), verdict: reports.Untestable, says: []string{"let Ann in", "200"}},
	{name: "has a user driver that leads elsewhere", driver: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, verdict: reports.Untestable, says: []string{"let Ann in", "302"}},
	{name: "has a user driver that fails", driver: answering(http.StatusInternalServerError, "application/json", `{"error": "no users today"}`), verdict: reports.Untestable, says: []string{"let Ann in", "500", "no users today"}},
	{name: "tells of users in 30 MB", driver: answering(http.StatusOK, "application/json", `{"user": "`+strings.Repeat("x", 30<<20)+`"}`), verdict: reports.Untestable, says: []string{"let Ann in"}},
	{name: "tells of what users see under a name of its own", sights: answering(http.StatusOK, "application/json", `{"evts": []}`), verdict: reports.Untestable, says: []string{"see what Ann sees", "it has no events", "driver check"}},
	{name: "numbers what users see in words", sights: answering(http.StatusOK, "application/json", `{"events": [{"seq": "one", "kind": "text", "from": "bot", "text": "Hello"}]}`), verdict: reports.Untestable, says: []string{"see what Ann sees", "seq", "driver check"}},
	{name: "does not tell what users see", sights: answering(http.StatusInternalServerError, "text/plain", "out of order"), verdict: reports.Untestable, says: []string{"see what Ann sees", "500", "out of order"}},
	{name: "has nothing where events are delivered", event: http.NotFound, verdict: reports.Failed, says: []string{"404", "connector.webhook"}},
	{name: "calls nobody", asked: func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(os.Stderr, "the name was not found")
		w.WriteHeader(http.StatusNoContent)
	}, verdict: reports.Failed, says: []string{"nothing has come from the connector", "HTTPS_PROXY", "the name was not found"}},
	{name: "says its secrets and goes", output: allSecrets, ends: true, verdict: reports.Untestable, says: []string{"exit status 7"}},
	{name: "says its secrets to everybody", event: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Secret", secrets())
		http.Error(w, secrets(), http.StatusTeapot)
	}, verdict: reports.Failed, says: []string{"DC-AUTH-16"}},
	{name: "dies with its secrets on its lips", event: func(http.ResponseWriter, *http.Request) { die(secrets()) }, verdict: reports.Failed, says: []string{"exit status 7"}},
	{name: "has a user driver that says its secrets", driver: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, secrets(), http.StatusTeapot) }, verdict: reports.Untestable, says: []string{"418"}},
	{name: "prints without end", output: strings.Repeat("a line that says nothing\n", 1<<20), verdict: reports.Passed},
	{name: "sends 30 MB", before: func() { starts(`{"subject": "` + strings.Repeat("x", 30<<20) + `"}`) }, verdict: reports.Failed, says: []string{"DC-CONV", "a longer one"}},
	{name: "sends keys twice", before: func() {
		starts(`{"touchpoint_id": "` + os.Getenv("CONNECTOR_TOUCHPOINT_ID") + `", "contact_person": {"email": "a@example.test", "email": "b@example.test"}}`)
	}, verdict: reports.Failed, says: []string{"DC-CONV"}},
	{name: "sends keys in another case", before: func() {
		starts(`{"Touchpoint_ID": "` + os.Getenv("CONNECTOR_TOUCHPOINT_ID") + `", "contact_person": {"email": "a@example.test"}}`)
	}, verdict: reports.Failed, says: []string{"DC-CONV"}},
	{name: "sends no JSON", before: func() { starts("\x00\xff{{{") }, verdict: reports.Failed, says: []string{"DC-CONV"}},
}

// answering gives what always answers the same.
func answering(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // Whoever asked is gone.
	}
}

// allSecrets stands for the connector's secrets in what it prints.
const allSecrets = "all my secrets"

// secrets are those that the connector has been given, by itself and as they travel, on one line.
func secrets() string {
	secret := os.Getenv("CONNECTOR_CLIENT_SECRET")
	return strings.Join([]string{secret, base64.StdEncoding.EncodeToString([]byte(os.Getenv("CONNECTOR_CLIENT_ID") + ":" + secret)), os.Getenv("CONNECTOR_WEBHOOK_SECRET")}, " ")
}

// die ends the connector with its last words.
func die(words string) {
	_, _ = fmt.Fprintln(os.Stderr, words)
	os.Exit(7)
}

// starts has the connector send a start of its own, and ends it where that cannot be said.
func starts(body string) {
	identity, api := "https://"+os.Getenv("CONNECTOR_ACCOUNT")+".talkdeskid.com", "https://api.talkdeskapp.com"
	asks := func(address, contentType, body string, prove func(*http.Request)) []byte {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(body))
		if err != nil {
			die(err.Error())
		}
		r.Header.Set("Content-Type", contentType)
		prove(r)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err) // Talkdesk may hang up on 30 MB.
			return nil
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			die(err.Error())
		}
		return answer
	}
	var token struct {
		Token string `json:"access_token"`
	}
	answer := asks(identity+"/oauth/token", "application/x-www-form-urlencoded", "grant_type=client_credentials", func(r *http.Request) {
		r.SetBasicAuth(os.Getenv("CONNECTOR_CLIENT_ID"), os.Getenv("CONNECTOR_CLIENT_SECRET"))
	})
	if err := json.Unmarshal(answer, &token); err != nil {
		die("no token: " + string(answer))
	}
	asks(api+"/digital-connect/conversations", "application/json", body, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token.Token) })
}

// runHostileConnector is the program of a hostile connector.
func runHostileConnector(name string) {
	for _, h := range hostileConnectors {
		if h.name != name {
			continue
		}
		if err := os.WriteFile(os.Getenv(hostileTells), []byte(secrets()), 0o600); err != nil {
			die(err.Error())
		}
		_, _ = fmt.Fprintln(os.Stderr, strings.ReplaceAll(h.output, allSecrets, secrets()))
		if h.ends {
			os.Exit(7)
		}
		inner := startInner()
		mux := http.NewServeMux()
		mux.Handle("/", inner)
		for path, handler := range map[string]http.HandlerFunc{"/health": h.health, "/hook": h.event, "/driver/": h.driver, "GET /driver/users/{user}/events": h.sights, "POST /driver/users/{user}/agent": h.asked} {
			if handler != nil {
				mux.Handle(path, handler)
			}
		}
		if h.before != nil {
			mux.HandleFunc("POST /driver/users/{user}/agent", func(w http.ResponseWriter, r *http.Request) {
				h.before()
				inner.ServeHTTP(w, r)
			})
		}
		server := &http.Server{Addr: os.Getenv(hostileAt), Handler: mux, ReadHeaderTimeout: time.Minute}
		die(server.ListenAndServe().Error())
	}
	die("there is no hostile connector " + name)
}

// startInner starts the reference connector behind the front, and gives the way to it.
func startInner() http.Handler {
	reader, writer := io.Pipe()
	go func() {
		os.Exit(reference.Main(context.Background(), os.Getenv, writer, os.Stderr))
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		die(err.Error())
	}
	_, address, _ := strings.Cut(strings.TrimSpace(line), " on ")
	u, err := url.Parse(address)
	if err != nil {
		die(err.Error())
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.FlushInterval = -1
	proxy.Transport = &http.Transport{Proxy: nil}
	return proxy
}

// connectorTrial plays the scenario in which an agent's words are shown to a user, on the reference connector or on a hostile one, and gives what came of it. Nothing that is reported of it
// may have a secret in it.
func connectorTrial(t *testing.T, hostile string) reports.Scenario {
	t.Helper()
	return connectorTrialOf(t, hostile, "DC-MSG-09", "What the agent writes is shown")
}

// connectorTrialOf is connectorTrial in the scenario of a requirement whose name begins so.
func connectorTrialOf(t *testing.T, hostile, requirement, name string) reports.Scenario {
	t.Helper()
	c := Config{Contract: contractDigitalConnect}.withDefaults()
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	require.NoError(t, err)
	all, err := scenarios(c, catalogue)
	require.NoError(t, err)
	subject := scenarioOf(t, all, requirement, name)
	stage, about, err := c.connectorStage("")
	require.NoError(t, err)
	p := &stage.Connector.Program
	p.Command, p.Env = ReferenceCommand[:1], maps.Clone(p.Env)
	if hostile == "never becomes ready" {
		p.ReadyWithin = time.Second
	}
	tells := filepath.Join(t.TempDir(), "secrets")
	maps.Copy(p.Env, map[string]string{hostileKey: hostile, hostileTells: tells, hostileAt: "127.0.0.1:${port}", "CONNECTOR_LISTEN": "127.0.0.1:0"})
	stage.Connector.Page, stage.Connector.Driver = nil, "/driver"
	ctx, cancel := context.WithTimeout(t.Context(), trialBound)
	defer cancel()
	one := &performance{stage: stage, config: c, record: newRecord(c, catalogue, all, all, about, (*browser.Pool)(nil).Installation())}
	_, finding, err := one.one(ctx, subject)
	require.NoError(t, err)
	one.record.add(finding)
	keepsSecrets(t, one.record.finish(nil), tells)
	return finding
}

// keepsSecrets looks for the secrets that a connector has told in all that is reported of it.
func keepsSecrets(t *testing.T, r *reports.Result, tells string) {
	t.Helper()
	told, err := os.ReadFile(tells)
	require.NoError(t, err)
	var shown strings.Builder
	text := reports.NewText(&shown, reports.TextOptions{Width: 200})
	for _, finding := range r.Scenarios {
		text.Finished(finding, 1, 1)
	}
	text.Summary(r, "report")
	said := map[string]string{"the terminal": shown.String()}
	dir := t.TempDir()
	require.NoError(t, reports.Write(dir, r))
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		said[path] = string(raw)
		return err
	}))
	assert.Greater(t, len(said), 4, "a terminal, a page, JSON, JUnit and a journal")
	for where, text := range said {
		for secret := range strings.FieldsSeq(string(told)) {
			assert.NotContains(t, text, secret, where)
		}
	}
}

// TestNothingIsCertifiedThatCannotBeSeen has a user driver that cannot be read where users must not see something: that they have not is not known.
func TestNothingIsCertifiedThatCannotBeSeen(t *testing.T) {
	for hostile, want := range map[string]reports.Verdict{doesWell: reports.Passed, "tells of what users see under a name of its own": reports.Untestable} {
		finding := connectorTrialOf(t, hostile, "DC-ACTION-14", "A message of a conversation that nobody knows")
		assert.Equal(t, want, finding.Verdict, saidOf(finding))
	}
}

// TestUnstartableConnectors shows that a run does not try every scenario with a connector that none can begin with, and names the file that says how it is run.
func TestUnstartableConnectors(t *testing.T) {
	c := Config{Contract: contractDigitalConnect, Connector: Connector{Command: []string{"false"}, Webhook: "/hook"}, EndUser: EndUser{Driver: "/driver"}, Path: "shop/deskcheck.yaml", Report: t.TempDir()}.withDefaults()
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err, "it is a verdict on the connector")
	assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
	assert.Contains(t, result.Stopped, "nothing can be learnt of the connector: the connector cannot be run: start the connector false: it ended before it was ready (exit status 1)")
	assert.Contains(t, result.Stopped, "(see connector and user in shop/deskcheck.yaml)")
	assert.Greater(t, reports.Count(result).Scenarios[reports.NotRun], len(result.Scenarios)*9/10)
	var shown strings.Builder
	reports.NewText(&shown, reports.TextOptions{}).Summary(result, "")
	assert.NotContains(t, shown.String(), "not earned", "what was not tried is not told of each profile")
	assert.Equal(t, 2, strings.Count(shown.String(), "exit status 1"), "it is told once, and in the verdict")
	assert.Contains(t, shown.String(), "as above")
}

// TestHostileConnectors runs each beside one that does well, which must not notice.
func TestHostileConnectors(t *testing.T) {
	for _, h := range hostileConnectors {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			var beside, finding reports.Scenario
			var wg sync.WaitGroup
			wg.Go(func() { beside = connectorTrial(t, doesWell) })
			finding = connectorTrial(t, h.name)
			wg.Wait()
			assert.Equal(t, reports.Passed, beside.Verdict, saidOf(beside))
			assert.Equal(t, h.verdict, finding.Verdict, saidOf(finding))
			for _, want := range h.says {
				assert.Contains(t, saidOf(finding), want)
			}
			if h.verdict == reports.Failed && h.output != "" {
				assert.True(t, slices.ContainsFunc(finding.Evidence.Entries, func(e reports.Entry) bool {
					return e.Kind == "console" && e.From == "connector" && string(e.Data) == strconv.Quote(h.output)
				}), "what it printed is among the evidence")
			}
			t.Logf("%s: %s (%.0f ms)", finding.Verdict, saidOf(finding), finding.DurationMs)
		})
	}
}
