package reports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func pageOf(t *testing.T, r *Result) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, writeHTML(&b, settle(r)))
	return b.String()
}

var scripts = regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`)

func TestAPageOfAnAgentDeskSpeaksOfDesks(t *testing.T) {
	r := sample()
	r.Contract = "agent-manager"
	assert.Equal(t, "agent desk", r.Subject())
	r.Integration.Name, r.Integration.Source = "", ""
	r.Scenarios[0].Evidence.Entries = []Entry{
		{Seq: 2, AtMs: 2, Kind: "frame", From: "agent-manager", To: "sue's desk", Name: "taskRequest"},
		{Seq: 1, AtMs: 1, Kind: "act", From: "ben's desk", To: "ben's desk", Name: "opens the desk"},
		{Seq: 3, AtMs: 3, Kind: "event", From: "agent-manager", To: "customer", Name: "AGENT_MESSAGE"},
		{Seq: 4, AtMs: 4, Kind: "frame", From: "ben's desk", To: "agent-manager", Name: "ack"},
	}
	page := pageOf(t, r)
	var j pageJournal
	require.NoError(t, json.Unmarshal([]byte(scripts.FindAllStringSubmatch(page, -1)[0][2]), &j))
	assert.Equal(t, []string{"ben's desk", "sue's desk"}, j.Desks)
	assert.Contains(t, page, "What the agent desk has earned")
	title, _ := headline(r)
	assert.Contains(t, title, "The agent desk")

	r = sample()
	assert.Equal(t, "integration", r.Subject())
	assert.NotContains(t, pageOf(t, r), `"desks":`)
}

func TestAPageSaysWhatRan(t *testing.T) {
	for want, change := range map[string]func(*Result){
		"the bundle":                     func(*Result) {},
		"the page&#39;s HTML":            func(r *Result) { r.Host = "http://127.0.0.1:8080/chat" },
		"the desk":                       func(r *Result) { r.Contract = contractDesks },
		"the connector and its settings": func(r *Result) { r.Contract = contractConnectors },
	} {
		r := sample()
		change(r)
		page := pageOf(t, r)
		assert.Contains(t, page, "<dt>SHA-256 of "+want+"</dt>")
		assert.Contains(t, page, "<dt>Browser</dt>")
	}
	r := sample()
	r.Browser = Browser{}
	assert.NotContains(t, pageOf(t, r), "<dt>Browser</dt>", "nothing ran in one")
}

func TestPageHasNoMarkupButItsOwn(t *testing.T) {
	r := sample()
	for i := range r.Scenarios { // wherever a word from outside can stand, a hostile one stands
		s := &r.Scenarios[i]
		s.Name, s.Reason, s.Feature = s.Name+hostileMarkup, hostileMarkup, s.Feature+hostileMarkup
		s.Steps = append(s.Steps, Step{Keyword: hostileMarkup, Text: hostileMarkup, Argument: hostileMarkup, Status: "passed"})
		s.Evidence.Entries = append(s.Evidence.Entries, Entry{Seq: 99, Kind: hostileMarkup, From: hostileMarkup, To: hostileMarkup, Name: hostileMarkup, Note: hostileMarkup, Requirement: hostileMarkup})
	}
	r.Integration.Name, r.Integration.Source, r.Integration.Export, r.Integration.Methods = hostileMarkup, hostileMarkup, hostileMarkup, []string{hostileMarkup}
	r.Selection, r.KnownFailing[0].Reason, r.Requirements[0].Statement, r.Requirements[0].Sources = []string{hostileMarkup}, hostileMarkup, hostileMarkup, []string{hostileMarkup}
	page := pageOf(t, r)
	found := scripts.FindAllStringSubmatch(page, -1)
	withJournal := 0
	for _, s := range r.Scenarios {
		if len(s.Evidence.Entries) > 0 {
			withJournal++
		}
	}
	require.Len(t, found, withJournal+2, "one script of data per journal, one of what they share, and ours")
	for _, script := range found[:withJournal] {
		require.Equal(t, ` type="application/json"`, script[1])
		var j pageJournal
		require.NoError(t, json.Unmarshal([]byte(script[2]), &j))
	}
	require.Equal(t, ` type="application/json" id="shared"`, found[withJournal][1])
	require.NoError(t, json.Unmarshal([]byte(found[withJournal][2]), &[]string{}))
	shown := scripts.ReplaceAllString(page, "") // the data has the characters as they came; the script makes them visible
	for _, hostile := range []string{"<img src=x", "\x1b", "\u202e", "\x00"} {
		assert.NotContains(t, shown, hostile, "%q is in the page", hostile)
	}
	assert.NotContains(t, page, "<img src=x")
	sum := sha256.Sum256([]byte(found[withJournal+1][2]))
	assert.Contains(t, html.UnescapeString(page), "script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", "the page's policy admits its own script, and no other")
}

func TestPageNeedsNothingElse(t *testing.T) {
	page := pageOf(t, sample())
	assert.NotRegexp(t, `(?i)(src|href|action|poster|data)\s*=\s*["']?(https?:)?//`, page)
	assert.NotRegexp(t, `(?i)url\(|@import|<link|<iframe|<object|<base`, page)
	for _, address := range regexp.MustCompile(`https?://[^"'\s]*`).FindAllString(page, -1) {
		assert.Equal(t, "http://www.w3.org/2000/svg", address, "a name of SVG, never fetched")
	}
}

func TestPageShowsEverything(t *testing.T) {
	r := sample()
	page := pageOf(t, r)
	text := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, ""))
	for _, words := range []string{"Acme Desk does not keep the ai-chat contract", "3 of 15 requirements failed", "src/acme.ts", r.Integration.Digest, "20261121", "exit code 1", "derived", "the browser died under it once", "its runs differed", "run 20 times"} {
		assert.Contains(t, text, words)
	}
	for _, q := range r.Requirements {
		assert.Contains(t, page, `id="r-`+q.ID+`"`)
		assert.Contains(t, text, q.Statement)
		assert.Contains(t, text, q.Reason)
	}
	for _, s := range r.Scenarios {
		require.Contains(t, page, `id="`+Anchor(s.ID)+`"`)
		assert.Equal(t, s.FailsRun(), regexp.MustCompile(`id="`+Anchor(s.ID)+`"[^>]* open>`).MatchString(page), "what failed stands open: %s", s.ID)
		for _, step := range s.Steps {
			assert.Contains(t, text, step.Text)
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		assert.Contains(t, page, `id="`+link[1]+`"`)
	}
	assert.Contains(t, page, `src="data:image/png;base64,`)
	assert.Contains(t, pageOf(t, &Result{Verdict: Failed, Problem: "no browser"}), "The run could not tell")
}

func TestPageStaysSmall(t *testing.T) {
	page := pageOf(t, large(150, 12)) // 64 entries each
	assert.Less(t, len(page), 5<<20)

	r := large(60, 12)
	for i := range r.Scenarios {
		for j := range r.Scenarios[i].Evidence.Entries {
			r.Scenarios[i].Evidence.Entries[j].Data = json.RawMessage(`"` + strings.Repeat("é", 2<<10) + `"`)
		}
		r.Scenarios[i].Evidence.Image = make([]byte, 200<<10)
	}
	page = pageOf(t, r)
	assert.Less(t, len(page), payloadBudget+2*screenshotBudget+(1<<20), "large payloads are cut and further screenshots linked")
	assert.Contains(t, page, `<a href="screenshots/`)

	r = large(1, 3000)
	page = pageOf(t, r)
	assert.Less(t, len(page), 1<<20, "a flood is cut to what surrounds the finding")
}

func TestExcerptOfALongJournal(t *testing.T) {
	entries := byTime(talk(300))
	has := func(seq int) bool {
		for _, e := range excerptFor(entries, seq) {
			if e.Seq == seq {
				return len(excerptFor(entries, seq)) == entriesInPage
			}
		}
		return false
	}
	assert.True(t, has(1))
	assert.True(t, has(777))
	assert.True(t, has(len(entries)))
	assert.Len(t, excerptFor(entries, 0), entriesInPage)
	assert.Len(t, excerptFor(entries[:10], 3), 10)
}

// The page is opened in a browser, if one is installed: its script runs, draws the open diagrams, and nothing hostile has run.
func TestPageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a browser")
	}
	dir := t.TempDir()
	require.NoError(t, Write(dir, sample()))
	dom := opened(t, dir, "1280,900")
	assert.Contains(t, dom, `class="scripted"`)
	assert.NotContains(t, dom, "<title>owned")
	assert.Contains(t, dom, "<title>failed: Acme Desk does not keep the ai-chat contract</title>")
	// 16 of the failed scenario's 18 entries are drawn: the screen's and the console's are not, and the console's line is listed instead.
	drawn := dom[strings.Index(dom, `id="s-ai-chat-requesting-27"`):strings.Index(dom, `id="s-ai-chat-requesting-61"`)]
	assert.Equal(t, 16, strings.Count(drawn, `role="option"`))
	assert.Equal(t, 1, strings.Count(drawn, `aria-selected="true"`))
	assert.Contains(t, drawn, "session resumes")
	assert.NotContains(t, dom, "<img src=\"x\"")
}

// opened is the page in a browser's words, after its script has run in a window of the given size.
func opened(t *testing.T, dir, size string) string {
	t.Helper()
	var browser string
	for _, name := range []string{"chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("no browser is installed")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args := []string{"--headless", "--disable-gpu", "--dump-dom", "--window-size=" + size, "--user-data-dir=" + filepath.Join(dir, "profile"), "file://" + filepath.Join(dir, IndexFile)}
	if os.Geteuid() == 0 {
		args = append([]string{"--no-sandbox"}, args...) // Chromium refuses to run as root with it
	}
	command := exec.CommandContext(ctx, browser, args...)
	out, err := command.Output()
	require.NoError(t, err)
	return string(out)
}

// On a phone nothing of the drawing is clipped: steps fold, labels take the room there is, and the pills keep clear of the times.
func TestDiagramOnAPhone(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a browser")
	}
	r := sample()
	r.Scenarios = r.Scenarios[5:6]
	s := &r.Scenarios[0]
	s.Steps[3].Text = `"Ann" sends the HTML "See <a href='https://desk.example/orders'>your order</a> and more"`
	s.Evidence.Entries = append(s.Evidence.Entries,
		Entry{Seq: 19, AtMs: 5000, Kind: "request", From: "integration", To: "desk", Name: "GET /v1/conversations/{id}/events"},
		Entry{Seq: 20, AtMs: 5001, Kind: "event", From: "host", To: "page", Name: "human_agent:pre:startChat"})
	dir := t.TempDir()
	require.NoError(t, Write(dir, r))
	dom := opened(t, dir, "400,900")
	assert.Contains(t, dom, `class="heads narrow"`)
	assert.Contains(t, dom, ">GET /v1/conversations/{id}/events</text>")
	band := regexp.MustCompile(`(?s)<g class="band step-failed">.*?</g>`).FindString(dom)
	lines := regexp.MustCompile(`<text[^>]*>([^<]*)</text>`).FindAllStringSubmatch(band, -1)
	require.Greater(t, len(lines), 1, "the sentence takes a line more where it does not fit")
	var whole []string
	for _, line := range lines {
		whole = append(whole, html.UnescapeString(line[1]))
	}
	assert.Equal(t, "Then "+s.Steps[3].Text+" ✗", strings.Join(whole, " "))
	pills := regexp.MustCompile(`<rect class="note" x="([\d.]+)"`).FindAllStringSubmatch(dom, -1)
	require.NotEmpty(t, pills)
	for _, pill := range pills {
		x, err := strconv.ParseFloat(pill[1], 64)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, x, 50.0, "the times end at 44")
	}
}
