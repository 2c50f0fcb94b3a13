package deskcheck

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/reports"
)

// pageServer serves the pages of fixtures/pages, with the reference integration as a script and as a module beside them.
func pageServer(t *testing.T) *httptest.Server {
	t.Helper()
	script := func(format api.Format) []byte {
		options := buildOptions()
		options.EntryPoints, options.AbsWorkingDir, options.Plugins = []string{"/integrations/reference/index.ts"}, "/", []api.Plugin{embeddedFiles()}
		options.Format, options.GlobalName = format, "reference"
		result := api.Build(options)
		require.Empty(t, result.Errors)
		return result.OutputFiles[0].Contents
	}
	mux := http.NewServeMux()
	serve := func(path string, code []byte) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(code)
		})
	}
	serve("/reference.js", script(api.FormatIIFE))
	serve("/reference.mjs", script(api.FormatESModule))
	serve("/chat.bundle.js", chatScript(t))
	mux.Handle("/", http.FileServer(http.Dir("fixtures/pages")))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// chatScript is a chat of the page's own, to which the kit is unknown.
func chatScript(t *testing.T) []byte {
	t.Helper()
	options := buildOptions()
	options.EntryPoints, options.Format = []string{"fixtures/pages/chat.js"}, api.FormatIIFE
	options.Define["globalThis.deskcheck"] = "undefined"
	result := api.Build(options)
	require.Empty(t, result.Errors)
	return result.OutputFiles[0].Contents
}

// parts are where that chat has what the kit speaks of.
func parts() map[string]any {
	selectors := map[string]any{
		"message input": map[string]any{"textbox": "", "within": "#chat"}, "request agent": `#chat [data-part="request agent"]`, "banner": "#chat .banner", "agent": "#chat .from-agent .text",
		"user": "#chat .from-user .text", "assistant": "#chat .from-assistant .text", "joined": "#chat .is-joined", "ended": "#chat .is-ended", "error": "#chat .is-error", "waiting": "#chat .banner.busy",
	}
	for _, part := range []string{"launcher", "banner button", "dialog", "confirm", "keep", "send"} {
		selectors[part] = `#chat [data-part="` + part + `"]`
	}
	return selectors
}

// certifies runs some scenarios on a page.
func certifies(t *testing.T, c Config) *reports.Result {
	t.Helper()
	// Laid over what is complete without a page, as flags are.
	laid := DefaultConfig()
	laid.Host, laid.Page, laid.Select, laid.Report, laid.Workers = c.Host, c.Page, c.Select, t.TempDir(), workersBesideOthers
	if c.Dialect != "" {
		laid.Dialect = c.Dialect
	}
	result, err := Run(context.Background(), laid, silence{})
	require.NoError(t, err)
	return result
}

func wrong(result *reports.Result) string {
	var b strings.Builder
	for _, s := range result.Scenarios {
		if s.FailsRun() {
			b.WriteString(s.ID + " " + string(s.Verdict) + ": " + s.Reason + "\n")
		}
	}
	return b.String()
}

// failureOf is what the checks of a requirement recorded that did not pass.
func failureOf(result *reports.Result, requirement string) string {
	for _, s := range result.Scenarios {
		for _, c := range s.Checks {
			if c.Requirement == requirement && c.Verdict == reports.Failed {
				return c.Recorded
			}
		}
	}
	return ""
}

func TestPageOfTheUsers(t *testing.T) {
	t.Parallel()
	server := pageServer(t)
	some := []string{"FLOW-03", "MSG-01", "LIFE-02", "CB-04"}
	for _, one := range []struct {
		name   string
		config Config
	}{
		{"whose configuration is that of watsonx Orchestrate Chat, and whose vendor cannot be reached", Config{Host: server.URL + "/orchestrate.html", Dialect: "orchestrate", Select: some}},
		{"that puts its configuration together piece by piece", Config{Host: server.URL + "/piecemeal.html", Page: Page{Factory: "window.myChat.config.nested.serviceDeskFactory"}, Select: some}},
		{"that configures an element whose script never comes", Config{Host: server.URL + "/elements.html", Select: some}},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			result := certifies(t, one.config)
			assert.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
			assert.Equal(t, one.config.Host, result.Host)
			assert.Equal(t, one.config.Host, result.Integration.Source)
			assert.NotEmpty(t, result.Integration.Digest)
		})
	}
}

func TestSampleOfTheDocumentsOnItsPage(t *testing.T) {
	t.Parallel()
	result := certifies(t, Config{Host: pageServer(t).URL + "/sample.html", Dialect: "orchestrate", Select: []string{"FLOW-03", "NAME-01"}})
	assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
	verdicts := map[string]reports.Verdict{}
	for _, q := range result.Requirements {
		verdicts[q.ID] = q.Verdict
	}
	assert.Equal(t, reports.Failed, verdicts["FLOW-03"])
	assert.Equal(t, reports.Passed, verdicts["NAME-01"])
	assert.Empty(t, result.Stopped)
}

func TestPageWithoutFactory(t *testing.T) {
	t.Parallel()
	server := pageServer(t)
	for _, one := range []struct {
		name, page, dialect, factory string
		says                         []string
	}{
		{"nowhere", "none", "orchestrate", "", []string{"the page hands over no factory", "window.wxOConfiguration.serviceDesk.customFactory", "page.factory"}},
		{"under another dialect's key", "orchestrate", "web-chat", "", []string{"window.watsonAssistantChatOptions.serviceDeskFactory", "there is a factory in wxOConfiguration.serviceDesk.customFactory", "--dialect orchestrate"}},
		{"for the AI chat", "none", "ai-chat", "", []string{"<cds-aichat-container>", "config.serviceDeskFactory"}},
		{"where the dialect has it, and not where it is told", "orchestrate", "orchestrate", "wxOConfig.serviceDesk.customFactory", []string{"there is a factory in wxOConfiguration.serviceDesk.customFactory, where the dialect orchestrate reads it: leave page.factory out"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			result := certifies(t, Config{Host: server.URL + "/" + one.page + ".html", Dialect: one.dialect, Page: Page{Factory: one.factory}, Select: []string{"NAME-01"}})
			assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
			for _, words := range one.says {
				assert.Contains(t, failureOf(result, "FACT-01"), words)
			}
		})
	}
}

func TestPageThatIsNone(t *testing.T) {
	server := pageServer(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	away := httptest.NewServer(http.RedirectHandler(server.URL+"/none.html", http.StatusFound))
	t.Cleanup(away.Close)
	for _, one := range []struct {
		name   string
		config Config
		says   string
	}{
		{"nobody answers", Config{Host: gone.URL + "/"}, "cannot be had"},
		{"it is not found", Config{Host: server.URL + "/nothing.html"}, "status 404"},
		{"it is a script", Config{Host: server.URL + "/reference.js"}, "no page"},
		{"it is somewhere else", Config{Host: away.URL + "/"}, "another origin"},
		{"it is no http address", Config{Host: "ftp://localhost/page.html"}, "http address"},
		{"it is a file", Config{Host: "page.html"}, "http address"},
		{"there is an integration too", Config{Host: server.URL + "/none.html", Integration: Integration{File: "page_test.go"}}, "brings its integration"},
		{"there is no page", Config{Page: Page{Factory: "desk.factory"}}, "--host URL"},
	} {
		t.Run(one.name, func(t *testing.T) {
			_, err := Run(context.Background(), one.config.withDefaults(), silence{})
			require.ErrorContains(t, err, one.says)
			assert.Equal(t, reports.ExitUserError, ExitCode(err))
		})
	}
}

// TestChatOfThePage drives a chat that the page brings itself. Each look at it and each act is an exchange with the browser that waits for the page's turn, so nothing runs beside it:
// among many busy tabs its scenarios would come near the time that a scenario has.
func TestChatOfThePage(t *testing.T) {
	server := pageServer(t)
	c := Config{Host: server.URL + "/chat.html", Dialect: "orchestrate", Page: Page{Ask: "An agent, please", Selectors: parts()}, Select: []string{"FLOW-03", "MSG-01", "LIFE-02", "CB-04", "SEND-01"}}
	result := certifies(t, c)
	assert.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
	assert.Contains(t, c.Subject(), "the page's own")

	t.Run("what has no selector is untestable, and named", func(t *testing.T) {
		delete(c.Page.Selectors, "banner button")
		c.Select = []string{"interaction-flow/79"}
		result := certifies(t, c)
		assert.Equal(t, reports.ExitNotConformant, result.ExitCode)
		assert.Positive(t, result.Summary.Scenarios[reports.Untestable])
		assert.Zero(t, result.Summary.Scenarios[reports.Failed])
		assert.Contains(t, wrong(result), `page.selectors has no "banner button"`)
	})
}

// TestPageThatGoes wants a run whose server ends to end with it, as what it is: nothing was learnt of the integration.
func TestPageThatGoes(t *testing.T) {
	t.Parallel()
	server := pageServer(t)
	var asked atomic.Int32
	leaving := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/orchestrate.html" && asked.Add(1) > 3 {
			panic(http.ErrAbortHandler)
		}
		response, err := http.Get(server.URL + r.URL.Path) //nolint:noctx // It is a loopback server of the test's.
		if err != nil {
			panic(err)
		}
		defer func() { _ = response.Body.Close() }()
		w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
		_, _ = io.Copy(w, response.Body)
	}))
	t.Cleanup(leaving.Close)
	c := DefaultConfig()
	c.Host, c.Dialect, c.Report, c.Workers, c.Repeat, c.Select = leaving.URL+"/orchestrate.html", "orchestrate", t.TempDir(), 1, 20, []string{"NAME-01"}
	result, err := Run(t.Context(), c, silence{})
	require.ErrorContains(t, err, "the page was there when the run began: the page "+c.Host+" cannot be had")
	assert.Equal(t, reports.ExitEnvironment, ExitCode(err))
	assert.NotEmpty(t, result.Scenarios)
}
