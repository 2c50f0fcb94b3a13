package deskcheck

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/standalone"
	"deskcheck/reports"
	"deskcheck/steps"
)

// driverTokenKey is the variable that holds the token of every driver of the tests, driverToken. TestMain sets it, for all of them.
const (
	driverTokenKey = "DESKCHECK_TEST_DRIVER_TOKEN"
	driverToken    = "a-token-that-no-report-may-show"
)

// drivenConfig certifies against a mock desk that runs by itself and is driven over HTTP. between stands between the driver and the kit, nil for nothing.
func drivenConfig(t *testing.T, between func(http.Handler) http.Handler, selection ...string) Config {
	t.Helper()
	desk, err := standalone.Start(standalone.Config{
		Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}, TLS: standalone.TLS{Off: true}, Control: standalone.Control{TokenEnv: driverTokenKey},
	}, standalone.Options{Environment: os.Getenv, Version: "test", Driver: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, desk.Stop(t.Context())) })
	c := DefaultConfig()
	c.Desk = Desk{Driver: desk.DriverURL(), TokenEnv: driverTokenKey}
	if between != nil {
		at, err := url.Parse(desk.DriverURL())
		require.NoError(t, err)
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(at) }, ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}}
		stand := httptest.NewServer(between(proxy))
		t.Cleanup(stand.Close)
		c.Desk.Driver = stand.URL
	}
	c.Select, c.Report = selection, t.TempDir()
	return c
}

// claiming changes what a driver says of itself.
func claiming(change func(*driver.Capabilities)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/capabilities" {
				next.ServeHTTP(w, r)
				return
			}
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			var can driver.Capabilities
			_ = json.Unmarshal(recorder.Body.Bytes(), &can)
			change(&can)
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(can)
		})
	}
}

// TestTheReferenceIsCertifiedThroughADriver wants the verdict that the desk within the process gives, from what the browser shows and the driver tells, and a report that says so
// without the token.
func TestTheReferenceIsCertifiedThroughADriver(t *testing.T) {
	t.Parallel()
	c := drivenConfig(t, nil, "interaction-flow", "ENV-04", "LIFE-11", "SEND-03")
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	require.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
	assert.Equal(t, &reports.Desk{Kind: reports.DrivenDesk, Name: "deskcheck mock desk", Version: "test", URL: c.Desk.Driver}, result.Desk)
	kinds := map[string]int{}
	for _, s := range result.Scenarios {
		for _, e := range s.Evidence.Entries {
			kinds[e.Kind]++
		}
	}
	for _, kind := range []string{"request", "response", "opened", "frame", "closed", "told", "act"} {
		assert.Positive(t, kinds[kind], kind)
	}
	require.NoError(t, reports.Write(c.Report, result))
	assertNowhere(t, c.Report, driverToken)
}

// assertNowhere wants a text to stand in no file of a folder.
func assertNowhere(t *testing.T, folder, text string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		assert.NotContains(t, string(content), text, path)
		return err
	}))
	assert.Positive(t, files)
}

// TestWhatOnlyTheBrowserShowsIsSeen breaks the reference in ways that the desk behind a driver does not tell of.
func TestWhatOnlyTheBrowserShowsIsSeen(t *testing.T) {
	t.Parallel()
	c := drivenConfig(t, nil)
	for file, id := range map[string]string{"ENV-04-does": "ENV-04", "LIFE-11": "LIFE-11"} {
		t.Run(file, func(t *testing.T) {
			c.Integration.File, c.Select, c.Report = brokenFile(t, file), []string{id}, t.TempDir()
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
			i := slices.IndexFunc(result.Requirements, func(q reports.Requirement) bool { return q.ID == id })
			assert.Equal(t, reports.Failed, result.Requirements[i].Verdict, wrong(result))
		})
	}
}

// TestWhatADriverDoesNotDoIsUntestable has a driver leave verbs and reads out, take a claim back, lie, hang, dawdle, and answer with what is no answer. None of it is the
// integration's fault, and each is named.
func TestWhatADriverDoesNotDoIsUntestable(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	wrongly := map[string]http.HandlerFunc{
		"agentClose": func(w http.ResponseWriter, _ *http.Request) { // a claim taken back
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotImplemented)
			_, _ = io.WriteString(w, `{"type":"urn:deskcheck:driver:cannot","title":"no","status":501,"detail":"no"}`)
		},
		"agentLeave": func(w http.ResponseWriter, _ *http.Request) { // a lie
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"revision":0}`)
		},
		"setAgentsOnline": func(http.ResponseWriter, *http.Request) { <-hang },
		"queue": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<title>Sign in</title>")
		},
		"deskSay": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "boom "+r.Header.Get("Authorization"), http.StatusInternalServerError)
		},
	}
	between := func(next http.Handler) http.Handler {
		next = claiming(func(can *driver.Capabilities) {
			delete(can.Verbs, driver.AgentTyping)
			can.Reads = slices.DeleteFunc(can.Reads, func(r driver.Read) bool { return r == driver.Context })
			can.Routes = nil
		})(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			verb := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
			switch serve := wrongly[verb]; {
			case serve != nil:
				serve(w, r)
			case verb == string(driver.AgentSay): // slow, and no worse for it
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				<-time.After(300 * time.Millisecond)
				next.ServeHTTP(w, r)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
	c := drivenConfig(t, between, "typing/8", "ending/8", "ending/17", "availability/90", "requesting/139", "agent-to-user/123", "ending/140", "requesting/50", "interaction-flow/66")
	t.Cleanup(func() { close(hang) })
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
	told, passed := map[string]bool{}, 0
	for _, s := range result.Scenarios {
		assert.NotEqual(t, reports.Failed, s.Verdict, "%s: %s", s.ID, s.Reason)
		if s.Verdict == reports.Untestable {
			_, why, _ := strings.Cut(s.Reason, ": ")
			told[why] = true
		} else {
			passed++
		}
	}
	assert.Positive(t, passed)
	all := strings.Join(slices.Sorted(maps.Keys(told)), "\n")
	for _, why := range []string{
		"not observable: driver verb missing: agentTyping(on)", "not observable: driver verb missing: context", "not observable: driver verb missing: routes(end)",
		"not observable: driver verb missing: agentClose (it claims to have it, and says that it has not)",
		"agentLeave: it says that it has done so, and its state does not show it: the agent is still in the session",
		"setAgentsOnline(no): it gave no answer to POST", "was answered 200 with text/html: <title>Sign in</title>", "was answered 500 with text/plain: boom Bearer [token]",
	} {
		assert.Contains(t, all, why)
	}
	require.NoError(t, reports.Write(c.Report, result))
	assertNowhere(t, c.Report, driverToken)
}

// TestADeskInItsOwnTimeIsWaitedFor has a driver whose clock nobody can advance: what happens is seen, and what must not happen is waited for as long as that takes. Its deadlines are
// those of the contract in real time, so nothing runs beside it.
func TestADeskInItsOwnTimeIsWaitedFor(t *testing.T) {
	c := drivenConfig(t, claiming(func(can *driver.Capabilities) {
		delete(can.Verbs, driver.PassTime)
		can.Reads = slices.DeleteFunc(can.Reads, func(r driver.Read) bool { return r == driver.TrafficNow })
	}), "interaction-flow/56", "interaction-flow/66", "interaction-flow/72", "interaction-flow/86")
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	assert.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
	for _, s := range result.Scenarios {
		for _, step := range s.Steps {
			assert.Zero(t, step.PassedMs, "%s: no time runs ahead", s.ID)
		}
	}
	c.Select, c.Report = []string{"interaction-flow/56"}, t.TempDir()
	c.Integration.File = brokenFile(t, "JOIN-01")
	result, err = Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	assert.Equal(t, reports.Failed, result.Scenarios[0].Verdict, result.Scenarios[0].Reason)
}

func brokenFile(t *testing.T, id string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("fixtures", "integrations", "broken", id+"-*.js"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files[0]
}

// TestADriverThatIsGoneEndsTheRun is no verdict on anybody: neither before the first scenario nor in the middle.
func TestADriverThatIsGoneEndsTheRun(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	c := drivenConfig(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && r.URL.Path == "/scenarios" {
				gone.Store(true)
			}
			if gone.Load() {
				http.Error(w, "closed for the night", http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
		})
	}, "interaction-flow")
	result, err := Run(t.Context(), c, quiet{})
	var environment *EnvironmentError
	require.ErrorAs(t, err, &environment)
	assert.Contains(t, err.Error(), "closed for the night")
	assert.Contains(t, environment.Fix, "deskcheck driver check")
	require.NotNil(t, result)
	assert.Equal(t, reports.ExitEnvironment, result.ExitCode)
	_, err = Run(t.Context(), c, quiet{})
	require.ErrorAs(t, err, &environment, "before the first scenario, too")
}

// TestMistakesAboutDrivers are told at their places, and no message holds the token.
func TestMistakesAboutDrivers(t *testing.T) {
	t.Setenv("SHORT_TOKEN", "short")
	for text, says := range map[string]string{
		"driver: sandbox.vendor.example":                                   "expected an address that begins with http:// or https://",
		"driver: https://a:b@vendor.example":                               "must not hold a name or a password",
		"token-env: DRIVER_TOKEN":                                          "a token is for a driver",
		"{driver: 'http://vendor.example', token-env: DRIVER_TOKEN}":       "in the clear: use https://",
		"{driver: 'https://vendor.example', wire: acme.wire.yaml}":         "a wire is for the mock desk",
		"{driver: 'https://vendor.example', hosts: [chat.vendor.example]}": "the names lead to the mock desk",
		"{driver: 'https://vendor.example', token-env: 'not a name'}":      "expected the name of an environment variable",
		"{driver: 'https://vendor.example', token-env: NOT_SET_AT_ALL}":    "the environment variable NOT_SET_AT_ALL is not set",
		"{driver: 'https://vendor.example', token-env: SHORT_TOKEN}":       "has fewer than 8 bytes",
	} {
		file := filepath.Join(t.TempDir(), "deskcheck.yaml")
		if !strings.HasPrefix(text, "{") {
			text = "{" + strings.Replace(text, ": ", ": '", 1) + "'}"
		}
		require.NoError(t, os.WriteFile(file, []byte("desk: "+text+"\n"), 0o600))
		c, err := Load(file)
		if err == nil {
			err = c.Validate()
		}
		assert.ErrorContains(t, err, says, text)
		assert.NotContains(t, err.Error(), "short\"")
		assert.Equal(t, reports.ExitUserError, ExitCode(err))
	}
}

// TestReportsSayWhatTheDeskWas wants the desk of a run to be told apart, with the names that led to it.
func TestReportsSayWhatTheDeskWas(t *testing.T) {
	can := driver.Capabilities{Name: "Acme sandbox", Software: "2026.3"}
	for words, desk := range map[string]Desk{
		"the mock desk": {},
		"the mock desk as chat.vendor.example, media.vendor.example": {Hosts: []string{"chat.vendor.example", "media.vendor.example"}},
		"the mock desk with the wire acme.wire.yaml":                 {Wire: "acme.wire.yaml"},
		"Acme sandbox 2026.3, driven at https://vendor.example/d":    {Driver: "https://vendor.example/d", TokenEnv: "DRIVER_TOKEN"},
	} {
		assert.Equal(t, words, deskOf(Config{Desk: desk}, steps.Desks{Can: can}).String())
	}
}
