package enduser_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/browser"
	"deskcheck/steps/enduser"
)

// pool is the browser of all tests, started for the first that needs it.
var pool = sync.OnceValues(func() (*browser.Pool, error) { return browser.Launch(context.Background(), browser.Options{Tabs: 2}) })

func TestMain(m *testing.M) {
	code := m.Run()
	if p, err := pool(); err == nil {
		_ = p.Close()
	}
	os.Exit(code)
}

// site serves testdata/chat.html, and remembers what the page did.
type site struct {
	url  string
	page string
	did  chan string
	// answers, if it is not nil, may take a request for itself.
	answers func(http.ResponseWriter, *http.Request) bool
}

func serveChat(t *testing.T) *site {
	t.Helper()
	raw, err := os.ReadFile("testdata/chat.html")
	require.NoError(t, err)
	s := &site{did: make(chan string, 100), page: string(raw)}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.answers != nil && s.answers(w, r):
	case r.URL.Path == "/did":
		raw, _ := io.ReadAll(r.Body)
		s.did <- string(raw)
	case r.URL.Path == "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, s.page)
	default:
		http.NotFound(w, r)
	}
}

// next is what the page did next.
func (s *site) next(t *testing.T) string {
	t.Helper()
	select {
	case one := <-s.did:
		return one
	case <-time.After(patience):
		t.Fatal("the page did nothing")
		return ""
	}
}

func css(selector string) browser.Target { return browser.Target{CSS: selector} }

func selectors() map[string]browser.Target {
	return map[string]browser.Target{
		"input": css("#input"), "send": {Role: "button", Name: "Send"}, "agent": css("#agent"), "end": css("#end"), "confirm end": css("#yes"), "file": css("#attach"),
		"message": css(".bubble"), "from user": css(".user"), "from agent": css(".agent"), "from bot": css(".bot"), "author": css(".name"), "attachment": css(".att"),
		"notice": css(".notice"), "connecting": css("#connecting"), "with agent": css("#with-agent"), "ended": css("#ended"),
		"name": css("#name"), "email": css("#email"), "start": css("#start"), "argument Intent": css("#intent"), "argument Reason": {Role: "combobox", Name: "Reason"},
	}
}

// visit is a user at a site, with the tab in hand.
type visit struct {
	enduser.User

	t       *testing.T
	ctx     context.Context
	journal *journal.Journal
	tab     *browser.Tab
	// heard are the messages of the page, left is closed when the user's tab goes.
	heard *heard
	left  chan struct{}
}

type heard struct {
	journal *journal.Journal
	mu      sync.Mutex
	all     []browser.Message
}

func (h *heard) add(m browser.Message) {
	h.mu.Lock()
	h.all = append(h.all, m)
	h.mu.Unlock()
	h.journal.Append(journal.Entry{Kind: journal.Kind(m.Kind), From: journal.Party(m.From), To: journal.Party(m.To), Name: m.Name, Requirement: m.Requirement, Note: m.Note, Data: m.Data})
}

// pageAt is a Page for an address.
func pageAt(t *testing.T, address string, v *visit) *enduser.Page {
	t.Helper()
	v.t, v.journal, v.left = t, journal.New(), make(chan struct{})
	v.heard = &heard{journal: v.journal}
	return &enduser.Page{
		Address: func(string, string) (string, error) { return address, nil }, Selectors: selectors(), Journal: v.journal, Life: t.Context(),
		Lease: func(ctx context.Context) (*browser.Tab, error) {
			p, err := pool()
			if err != nil {
				return nil, err
			}
			v.tab, err = p.Lease(ctx)
			return v.tab, err
		},
		Opened: func(_ string, tab *browser.Tab) func(browser.Message) {
			assert.Same(t, v.tab, tab)
			return v.heard.add
		},
		Closed: func(*browser.Tab) { close(v.left) },
	}
}

func (v *visit) open(p *enduser.Page, name, email string) error {
	v.t.Helper()
	var cancel context.CancelFunc
	v.ctx, cancel = contextOf(v.t)
	v.t.Cleanup(cancel)
	var err error
	if v.User, err = p.Open(v.ctx, name, email); err == nil {
		v.t.Cleanup(v.Close)
	}
	return err
}

// visiting is Ann at a site, by all selectors but those that change takes away.
func visiting(t *testing.T, s *site, change func(*enduser.Page)) *visit {
	t.Helper()
	v := &visit{}
	p := pageAt(t, s.url+"/", v)
	if change != nil {
		change(p)
	}
	require.NoError(t, v.open(p, "Ann", "ann@example.test"))
	return v
}

func (v *visit) run(js string) {
	v.t.Helper()
	require.NoError(v.t, v.tab.Evaluate(v.ctx, js, nil))
}

// await waits for so many sights, and gives them as "from author: text" and the like.
func (v *visit) await(count int) []string {
	v.t.Helper()
	var words []string
	err := v.journal.WaitUntil(v.ctx, func() bool { return len(v.Seen()) >= count })
	for _, s := range v.Seen() {
		word := string(s.Kind) + " " + string(s.From) + " " + s.Author + ": " + s.Text
		if s.File != nil {
			word += s.File.Name + " " + s.File.URL
		}
		word += s.State
		if s.Changed {
			word += " (changed)"
		}
		words = append(words, word)
	}
	require.NoError(v.t, err, "%q", words)
	return words
}

func TestAPagesUserActsAndSees(t *testing.T) {
	s := serveChat(t)
	s.answers = func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/files/a.txt":
			http.Redirect(w, r, "/kept/a.txt", http.StatusFound)
		case "/kept/a.txt":
			w.Header().Set("Content-Disposition", "attachment")
			_, _ = io.WriteString(w, r.UserAgent()+" "+r.Header.Get("Cookie"))
		default:
			return false
		}
		return true
	}
	v := visiting(t, s, nil)
	assert.Equal(t, "start Ann ann@example.test", s.next(t))
	v.await(2)
	require.NoError(t, v.Say(v.ctx, " <b>Hi</b> & \"you\" "))
	assert.Equal(t, ` say  <b>Hi</b> & "you" `, " "+s.next(t))
	require.NoError(t, v.Upload(v.ctx, enduser.File{Name: "ü b.txt", Content: []byte("bytes")}))
	assert.Equal(t, "file ü b.txt text/plain bytes", s.next(t))
	require.NoError(t, v.RequestAgent(v.ctx, map[string]string{"Reason": "double charge", "Intent": "billing"}))
	assert.Equal(t, "agent billing d", s.next(t))
	v.await(4)
	v.run(`state('with-agent'); document.cookie = 'session=1'; bubble('agent', 'Dana', 'Two\n lines', {name: 'a.txt', url: '/files/a.txt'})`)
	v.await(7)
	v.run(`notice('Dana has left')`)
	require.NoError(t, v.End(v.ctx))
	assert.Equal(t, "end", s.next(t))
	words := v.await(9)
	assert.Equal(t, []string{
		"state  : bot", "text bot Assistant: Hello Ann", "text user You:  <b>Hi</b> & \"you\" ", "state  : connecting",
		"text agent Dana: Two\n lines", "file agent Dana: a.txt " + s.url + "/files/a.txt", "state  : agent", "notice system : Dana has left", "state  : ended",
	}, words)
	entries := v.journal.Since(0)
	for _, seen := range v.Seen() {
		e := entries[seen.Entry-1]
		assert.Equal(t, journal.Entry{Seq: seen.Entry, At: seen.At, Kind: journal.Screen, From: "connector", To: "Ann", Name: string(seen.Kind), Data: e.Data}, e)
	}

	got, err := v.Fetch(v.ctx, *v.Seen()[5].File)
	require.NoError(t, err)
	assert.Equal(t, "deskcheck-end-user session=1", string(got.Content), "a link is opened as the page would")
	assert.Equal(t, s.url+"/kept/a.txt", got.URL)
	var blob string
	require.NoError(t, v.tab.Evaluate(v.ctx, `URL.createObjectURL(new Blob(['in the page'], {type: 'text/plain'}))`, &blob))
	got, err = v.Fetch(v.ctx, enduser.FileSight{Name: "b.txt", URL: blob})
	require.NoError(t, err)
	assert.Equal(t, enduser.Fetched{URL: blob, Status: 200, Type: "text/plain", Content: []byte("in the page")}, got)
	_, err = v.Fetch(v.ctx, enduser.FileSight{Name: "c.txt"})
	require.ErrorContains(t, err, "have Ann open c.txt: it was seen without a link")
	require.NoError(t, v.Err())
	v.Close()
	<-v.left
	assert.NoError(t, v.Err())
}

func TestLinesAreSeenOnceHoweverThePageDrawsThem(t *testing.T) {
	s := serveChat(t)
	v := visiting(t, s, nil)
	v.run(`bubble('agent', 'Dana', 'One'); bubble('agent', 'Dana', 'One')`)
	v.await(4)
	v.run(`at('log').innerHTML = at('log').innerHTML`)
	v.run(`keep(); const all = at('log').innerHTML; at('log').innerHTML = ''; new Promise(drawn => setTimeout(() => drawn(at('log').innerHTML = all), 20))`)
	v.run(`bubble('agent', 'Dana', 'Two')`)
	v.await(5)
	require.NoError(t, v.tab.Reload(v.ctx))
	v.run(`who.hidden = true; bubble('agent', 'Dana', ''); bubble('agent', 'Dana', 'Three')`)
	v.await(7)
	v.run(`document.querySelectorAll('.words')[3].textContent = 'not empty any more'`)
	words := v.await(8)
	assert.Equal(t, []string{
		"state  : bot", "text bot Assistant: Hello Ann", "text agent Dana: One", "text agent Dana: One", "text agent Dana: Two",
		"text agent Dana: ", "text agent Dana: Three", "text agent Dana: not empty any more (changed)",
	}, words)
	require.NoError(t, v.Err())
}

func TestChatsAreLaidOutInManyWays(t *testing.T) {
	s := serveChat(t)
	v := visiting(t, s, func(p *enduser.Page) {
		p.Selectors["from agent"], p.Selectors["text"] = css("my-chat >>> .agent"), css("my-chat >>> .text")
		delete(p.Selectors, "message")
		delete(p.Selectors, "connecting")
	})
	for state, shown := range map[string]bool{enduser.WithBot: false, enduser.Connecting: false, enduser.WithAgent: true, enduser.Ended: true} {
		assert.Equal(t, shown, v.Shows(state), state)
	}
	v.await(1)
	v.run(`customElements.define('my-chat', class extends HTMLElement {
connectedCallback() {
	this.attachShadow({mode: 'open'}).innerHTML = '<div class="side agent"><h6>Dana</h6><p class="text">In <b>bold</b>\n and  <i>italic</i>,<br>two lines</p><p class=text>and two parts</p></div>';
}
});
document.body.prepend(document.createElement('my-chat'));`)
	v.run(`at('log').insertAdjacentHTML('beforeend', '<div class="bubble user">plain <span style="display:none">hidden</span> <em>words</em> <span style="white-space:pre">  kept </span></div>')`)
	words := v.await(3)
	assert.Equal(t, []string{"text bot Assistant: Hello Ann", "text agent : In bold and italic,\ntwo lines\nand two parts", "text user : plain words   kept "}, words)
}

func TestATextThatRunsIsSeen(t *testing.T) {
	s := serveChat(t)
	hostile := []string{`<img src=x onerror="deskcheckRan()">`, `<iframe srcdoc="<script>deskcheckRan()</` + `script>"></iframe>`, `<details open ontoggle="deskcheckRan()">`}
	v := visiting(t, s, nil)
	ran := func(e journal.Entry) bool { return e.Kind == journal.Violation }
	for i, text := range hostile {
		v.run("bubble('agent', 'Dana', " + quoted(text) + ")")
		v.await(3 + i)
	}
	assert.Empty(t, v.journal.All(0, ran), "text is text")
	for _, text := range hostile {
		mark := v.journal.Len()
		v.run("at('log').insertAdjacentHTML('beforeend', " + quoted(`<div class="bubble agent">`+text+`</div>`) + ")")
		e, err := v.journal.Wait(v.ctx, mark, ran)
		require.NoError(t, err, text)
		assert.Equal(t, "DC-MSG-11", e.Requirement)
		assert.Equal(t, enduser.Probe, e.Name)
	}
	mark := v.journal.Len()
	v.run(`alert('hacked'); deskcheckRan = () => {}; deskcheckRan()`)
	for _, kind := range []journal.Kind{journal.Dialog, journal.Violation} {
		_, err := v.journal.Wait(v.ctx, mark, func(e journal.Entry) bool { return e.Kind == kind })
		require.NoError(t, err, kind)
	}
	// The page cannot make up what is seen.
	mark = v.journal.Len()
	v.run(`globalThis.deskcheck.record`)
	s.page = `<!doctype html><script>document.title = String(globalThis.deskcheck.record)</script>`
	require.NoError(t, v.tab.Reload(v.ctx))
	var title string
	require.NoError(t, v.tab.Evaluate(v.ctx, "document.title", &title))
	assert.Equal(t, "undefined", title)
	_, err := v.journal.Wait(v.ctx, mark, func(e journal.Entry) bool { return e.Name == "deskcheck" })
	require.NoError(t, err)
}

func quoted(text string) string {
	return "`" + strings.NewReplacer("`", "\\`", "</script", "<\\/script").Replace(text) + "`"
}

func TestAUserCanAskInWords(t *testing.T) {
	s := serveChat(t)
	v := visiting(t, s, func(p *enduser.Page) {
		p.Ask = []string{"help", "with {Intent}"}
		for _, part := range []string{"agent", "send", "argument Intent"} {
			delete(p.Selectors, part)
		}
	})
	s.next(t)
	v.await(2)
	require.NoError(t, v.RequestAgent(v.ctx, map[string]string{"Intent": "billing\nand more"}))
	assert.Equal(t, "say help", s.next(t))
	assert.Equal(t, "say with billing\nand more", s.next(t))
	words := v.await(5)
	assert.Equal(t, []string{"text user You: help", "text bot Assistant: What with?", "text user You: with billing\nand more"}, words[2:], "the bot is let speak")
}

func TestAUserVanishes(t *testing.T) {
	s := serveChat(t)
	v := visiting(t, s, nil)
	assert.Equal(t, "start Ann ann@example.test", s.next(t))
	require.NoError(t, v.Drop(v.ctx))
	<-v.left
	select {
	case said := <-s.did:
		t.Errorf("nobody was to be told, and somebody was: %s", said)
	default:
	}
	require.NoError(t, v.Err(), "it was meant to be")
	require.Error(t, v.Say(v.ctx, "Hello?"))
}

func TestAUsersLinkIsInterrupted(t *testing.T) {
	s := serveChat(t)
	s.answers = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/hang" {
			<-r.Context().Done()
		}
		return r.URL.Path == "/hang"
	}
	v := visiting(t, s, nil)
	v.await(2)
	link, can := v.User.(enduser.Interruptible)
	require.True(t, can)
	v.run(`fetch('/hang').catch(() => notice('cut off')), fetch('/').then(() => notice('there'))`)
	v.await(3)
	require.NoError(t, link.Interrupt(v.ctx))
	assert.Equal(t, "notice system : cut off", v.await(4)[3], "what is under way fails")
	v.run(`fetch('/').catch(() => notice('away'))`)
	assert.Equal(t, "notice system : away", v.await(5)[4], "and what follows")
	require.NoError(t, link.Resume(v.ctx))
	v.run(`fetch('/').then(() => notice('back'))`)
	assert.Equal(t, "notice system : back", v.await(6)[5])
	require.NoError(t, v.Err())
}

func TestWhatAPageDoesNotHaveIsNoVerdict(t *testing.T) {
	s := serveChat(t)
	v := visiting(t, s, func(p *enduser.Page) {
		p.Selectors = map[string]browser.Target{"from bot": css(".bot"), "end": css("#no-such-button")}
		p.Input = 300 * time.Millisecond
	})
	for says, act := range map[string]func() error{
		`the connector's page has no input: user.page.selectors has no "input" (where the user types)`: func() error { return v.Say(v.ctx, "Hello") },
		`user.page.selectors has no "file" (what is clicked to choose a file`:                          func() error { return v.Upload(v.ctx, enduser.File{Name: "a"}) },
		`user.page.selectors has no "agent"`:                                                           func() error { return v.RequestAgent(v.ctx, nil) },
	} {
		err := act()
		absent := new(steps.NotApplicable)
		require.ErrorAs(t, err, &absent)
		assert.Contains(t, absent.Why, says)
	}
	err := v.End(v.ctx)
	missing := new(browser.TargetError)
	require.ErrorAs(t, err, &missing)
	broken := new(steps.HarnessError)
	require.ErrorAs(t, err, &broken)
	assert.Contains(t, err.Error(), "have Ann end the conversation: click #no-such-button: no element fits")
}

func TestArgumentsAndFilesThatCannotBeGivenAreToldSo(t *testing.T) {
	v := visiting(t, serveChat(t), nil)
	err := v.RequestAgent(v.ctx, map[string]string{"Mood": "bad"})
	require.EqualError(t, err, `the connector's page has no way to give the argument Mood: user.page.selectors has no "argument Mood", and user.page.ask no {Mood}`)
	err = v.Upload(v.ctx, enduser.File{Name: "../a.txt"})
	require.EqualError(t, err, `have Ann send ../a.txt: "../a.txt" is no name that a file can have on the user's disk`)
}

func TestAPageThatCannotBeHadIsToldSo(t *testing.T) {
	s := serveChat(t)
	v := &visit{}
	p := pageAt(t, s.url+"/nowhere", v)
	err := v.open(p, "Ann", "")
	status := new(browser.StatusError)
	require.ErrorAs(t, err, &status)
	assert.Equal(t, http.StatusNotFound, status.Status)
	require.ErrorContains(t, err, "let Ann in: open "+s.url+"/nowhere")
	<-v.left

	p = pageAt(t, "", v)
	p.Address = func(string, string) (string, error) { return "", assert.AnError }
	require.ErrorIs(t, v.open(p, "Ann", ""), assert.AnError)

	v = visiting(t, s, func(p *enduser.Page) { p.Selectors["notice"] = css("p[") })
	e := await(t, v.journal, "the end of what can be seen", func(e journal.Entry) bool { return e.Kind == journal.Told })
	assert.Contains(t, e.Note, "the page cannot be looked at by its selectors: ")
	assert.Contains(t, e.Note, "'p[' is not a valid selector")
	require.Error(t, v.Err())

	v = visiting(t, s, nil)
	v.run(`setTimeout(() => { location = 'http://127.0.0.1:1/elsewhere'; })`)
	e = await(t, v.journal, "the end of what can be seen", func(e journal.Entry) bool { return e.Kind == journal.Told })
	assert.Contains(t, e.Note, "the page is gone: ")
}

func TestPartsOfAPage(t *testing.T) {
	for _, name := range enduser.Parts() {
		assert.True(t, enduser.IsPart(name))
	}
	assert.True(t, enduser.IsPart("argument Intent"))
	for _, name := range []string{"argument ", "argument", "banner", ""} {
		assert.False(t, enduser.IsPart(name), name)
	}
}
