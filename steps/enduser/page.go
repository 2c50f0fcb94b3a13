package enduser

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
)

// Probe is a global function of each page that a text from elsewhere must not get to call. Whoever sends hostile text has it call this; then the journal has a Violation of that name.
const Probe = "deskcheckRan"

// injection is the requirement that a call of Probe breaks.
const injection = "DC-MSG-11"

// parts are the parts of a page that a selector can be given for, each with what it is.
var parts = map[string]string{
	"input": "where the user types", "send": "the button that sends; without it the user presses Enter",
	"agent": "the button that asks for an agent", "end": "the button that ends the conversation", "confirm end": "the yes to the question whether to end it, if there is one",
	"file": "what is clicked to choose a file: the input, its label, or a button", "send file": "the button that sends the file that was chosen, if there is one",
	"message": "each bubble", "from user": "the user's bubbles", "from agent": "the agent's bubbles", "from bot": "the bot's bubbles",
	"author": "the name inside of a bubble", "text": "the words inside of a bubble; without it all but the name and the files", "attachment": "a file inside of a bubble",
	"notice": "what the connector says of the conversation", "connecting": "what is there only while the user waits for an agent", "with agent": "what is there only while an agent is",
	"ended": "what is there only when the conversation is over",
	"name":  "the field for the user's name, if there is one before the chat", "email": "the one for the e-mail address", "start": "the button that begins the chat, if there is one",
}

// argumentPart begins the name of the part that is the field of an argument.
const argumentPart = "argument "

// Parts are the names of the parts that selectors can be given for, in order; besides there is "argument NAME", the field in which the user gives the argument of that name.
func Parts() []string { return slices.Sorted(maps.Keys(parts)) }

// IsPart says whether a page can have a part of a name.
func IsPart(name string) bool {
	argument, is := strings.CutPrefix(name, argumentPart)
	return parts[name] != "" || is && strings.TrimSpace(argument) != ""
}

// Page lets users in at a connector's web page, each in a tab of their own. Its methods are safe for use by many goroutines.
type Page struct {
	// Address gives the address of the page for a user.
	Address func(name, email string) (string, error)
	// Selectors are where its parts are, by the names of Parts; what has none cannot be used or seen.
	Selectors map[string]browser.Target
	// Ask is what the user says, line by line, to be offered an agent; {NAME} stands for the value of an argument.
	Ask []string
	// Journal is what users see entered into; Life ends what goes on for them.
	Journal *journal.Journal
	Life    context.Context
	// Lease gives a tab, which is released when the user is closed.
	Lease func(context.Context) (*browser.Tab, error)
	// Opened is told of the tab of a user before its page is opened, and gives what hears all else that the page says. Closed is told before the tab is gone.
	Opened func(name string, tab *browser.Tab) func(browser.Message)
	Closed func(tab *browser.Tab)
	// Links is what requests for files go through; nil for the network without a proxy.
	Links http.RoundTripper
	// Boot is how long the page may take to load, Input how long a part may take to be there; 0 for those of steps.Default.
	Boot, Input time.Duration
}

//go:embed watch.js
var watchScript string

// script is what runs in a document before its own scripts. In frames there is only the probe, which calls that of the page.
func (p *Page) script() (string, error) {
	config, err := json.Marshal(map[string]any{"selectors": p.Selectors, "probe": Probe, "requirement": injection})
	if err != nil {
		return "", fmt.Errorf("write down the selectors: %w", err)
	}
	return "if (globalThis === top && globalThis.deskcheck) {\n(() => {\n'use strict';\nconst deskcheckUser = " + string(config) + ";\n" + watchScript +
		"})();\n} else if (globalThis !== top) {\nglobalThis." + Probe + " = () => { try { top." + Probe + "(); } catch { /* it is another site's */ } };\n}\n//# sourceURL=deskcheck:user.js\n", nil
}

// visitor is a user of a Page.
type visitor struct {
	sights

	page *Page
	name string
	tab  *browser.Tab
	// dir holds the files that the user sends; empty while there are none.
	dir string

	seeing sync.Mutex
	// lines are what stands in each place, by its ID.
	lines   map[string]line
	bubbles transcript
	notices transcript
	state   string

	leaving sync.Once
	gone    chan struct{}
}

// Open implements Opener. The page is loaded when it returns.
func (p *Page) Open(ctx context.Context, name, email string) (User, error) {
	doing := "let " + name + " in"
	failed := func(err error) (User, error) { return nil, &steps.HarnessError{Doing: doing, Err: err} }
	address, err := p.Address(name, email)
	if err != nil {
		return failed(fmt.Errorf("the address of the page: %w", err))
	}
	script, err := p.script()
	if err != nil {
		return failed(err)
	}
	tab, err := p.Lease(ctx)
	if err != nil {
		return failed(err)
	}
	v := &visitor{
		page: p, name: name, tab: tab, lines: map[string]line{}, notices: transcript{forgets: true}, gone: make(chan struct{}),
		sights: sights{journal: p.Journal, party: journal.Party(name)},
	}
	hear := func(browser.Message) {}
	if p.Opened != nil {
		hear = p.Opened(name, tab)
	}
	booting, cancel := bound.WithTimeout(ctx, cmp.Or(p.Boot, steps.Default.Boot))
	defer cancel()
	err = tab.OpenRoaming(booting, address, script, func(m browser.Message) {
		if m.Kind != string(journal.Screen) {
			hear(m)
			return
		}
		v.sees(m)
	})
	if err == nil {
		err = v.begin(ctx, email)
	}
	if err != nil {
		v.Close()
		return failed(err)
	}
	go v.watch()
	return v, nil
}

// watch ends what is seen with the tab.
func (v *visitor) watch() {
	select {
	case <-v.tab.Lost():
		select {
		case <-v.gone:
		default:
			v.broken(fmt.Errorf("the page is gone: %w", v.tab.Reason()))
		}
	case <-v.gone:
	case <-v.page.Life.Done():
	}
}

// begin fills in who the user is, where the page asks.
func (v *visitor) begin(ctx context.Context, email string) error {
	for _, field := range []struct{ part, value string }{{"name", v.name}, {"email", email}} {
		if v.has(field.part) && field.value != "" {
			if err := v.do(ctx, func(ctx context.Context) error { return v.tab.FillAt(ctx, v.part(field.part), field.value) }); err != nil {
				return err
			}
		}
	}
	return v.clickIf(ctx, "start")
}

// sees takes in what the page tells of what it shows.
func (v *visitor) sees(m browser.Message) {
	v.seeing.Lock()
	defer v.seeing.Unlock()
	if m.Name == "line" {
		var l line
		if err := json.Unmarshal(m.Data, &l); err != nil {
			v.broken(fmt.Errorf("what the page shows cannot be read: %w", err))
			return
		}
		v.lines[l.ID] = l
		return
	}
	var look struct {
		Lines, Notices           string
		Ended, Connecting, Agent bool
		Problem                  string
	}
	if err := json.Unmarshal(m.Data, &look); err != nil || look.Problem != "" {
		v.broken(fmt.Errorf("the page cannot be looked at by its selectors: %s", cmp.Or(look.Problem, string(m.Data))))
		return
	}
	for _, s := range v.bubbles.look(v.all(look.Lines)) {
		v.add(s, nil)
	}
	for _, s := range v.notices.look(v.all(look.Notices)) {
		v.add(Sight{Kind: Notice, From: OfSystem, Text: s.Text, Changed: s.Changed}, nil)
	}
	if state := v.stateOf(look.Ended, look.Connecting, look.Agent); state != v.state {
		v.state = state
		if state != "" {
			v.add(Sight{Kind: State, State: state}, nil)
		}
	}
}

// all are the lines of some IDs.
func (v *visitor) all(ids string) []line {
	var all []line
	for id := range strings.FieldsSeq(ids) {
		all = append(all, v.lines[id])
	}
	return all
}

// stateOf is where the conversation stands, as far as the page shows it; empty where it does not.
func (v *visitor) stateOf(ended, connecting, agent bool) string {
	switch {
	case ended:
		return Ended
	case connecting:
		return Connecting
	case agent:
		return WithAgent
	case v.Shows(WithBot):
		return WithBot
	}
	return ""
}

// Shows implements User.
func (v *visitor) Shows(state string) bool {
	switch state {
	case Ended:
		return v.has("ended")
	case Connecting:
		return v.has("connecting")
	case WithAgent:
		return v.has("with agent")
	}
	return v.has("with agent") && v.has("connecting")
}

func (v *visitor) has(part string) bool {
	_, has := v.page.Selectors[part]
	return has
}

func (v *visitor) part(name string) browser.Target { return v.page.Selectors[name] }

// do is one act in the time that a part may take to be there.
func (v *visitor) do(ctx context.Context, act func(context.Context) error) error {
	ctx, cancel := bound.WithTimeout(ctx, cmp.Or(v.page.Input, steps.Default.Input))
	defer cancel()
	return act(ctx)
}

// needs says that a part which an act takes has no selector.
func (v *visitor) needs(part string) error {
	if v.has(part) {
		return nil
	}
	return &steps.NotApplicable{Why: fmt.Sprintf("the connector's page has no %s: user.page.selectors has no %q (%s)", part, part, parts[part])}
}

func (v *visitor) click(ctx context.Context, part string) error {
	return v.do(ctx, func(ctx context.Context) error { return v.tab.ClickAt(ctx, v.part(part)) })
}

func (v *visitor) clickIf(ctx context.Context, part string) error {
	if !v.has(part) {
		return nil
	}
	return v.click(ctx, part)
}

// acted is the error of an act.
func (v *visitor) acted(doing string, err error) error {
	if err == nil {
		return nil
	}
	if _, absent := errors.AsType[*steps.NotApplicable](err); absent {
		return err
	}
	return &steps.HarnessError{Doing: "have " + v.name + " " + doing, Err: err}
}

// Say implements User.
func (v *visitor) Say(ctx context.Context, text string) error {
	return v.acted("say something", v.say(ctx, text))
}

func (v *visitor) say(ctx context.Context, text string) error {
	if err := v.needs("input"); err != nil {
		return err
	}
	if err := v.do(ctx, func(ctx context.Context) error { return v.tab.FillAt(ctx, v.part("input"), text) }); err != nil {
		return err
	}
	if v.has("send") {
		return v.click(ctx, "send")
	}
	return v.do(ctx, func(ctx context.Context) error { return v.tab.Press(ctx, "Enter") })
}

// Type types into the input, and sends nothing.
func (v *visitor) Type(ctx context.Context, text string) error {
	if err := v.needs("input"); err != nil {
		return v.acted("type something", err)
	}
	return v.acted("type something", v.do(ctx, func(ctx context.Context) error { return v.tab.FillAt(ctx, v.part("input"), text) }))
}

// Screenshot is a PNG of the page.
func (v *visitor) Screenshot(ctx context.Context) ([]byte, error) {
	return v.tab.Screenshot(ctx)
}

// Upload implements User. The browser tells the type of a file by the end of its name; File.Type is not used.
func (v *visitor) Upload(ctx context.Context, f File) error {
	return v.acted("send "+f.Name, v.upload(ctx, f))
}

func (v *visitor) upload(ctx context.Context, f File) error {
	if err := v.needs("file"); err != nil {
		return err
	}
	if f.Name == "" || f.Name != filepath.Base(f.Name) {
		return fmt.Errorf("%q is no name that a file can have on the user's disk", f.Name)
	}
	if v.dir == "" {
		var err error
		if v.dir, err = os.MkdirTemp("", "deskcheck-user-"); err != nil {
			return fmt.Errorf("make a folder for the user's files: %w", err)
		}
	}
	path := filepath.Join(v.dir, f.Name)
	if err := os.WriteFile(path, f.Content, 0o600); err != nil {
		return fmt.Errorf("write the user's file: %w", err)
	}
	if err := v.do(ctx, func(ctx context.Context) error { return v.tab.UploadAt(ctx, v.part("file"), path) }); err != nil {
		return err
	}
	return v.clickIf(ctx, "send file")
}

// RequestAgent implements User: it fills in the arguments, says what there is to say, and presses the button.
func (v *visitor) RequestAgent(ctx context.Context, arguments map[string]string) error {
	return v.acted("ask for an agent", v.requestAgent(ctx, arguments))
}

func (v *visitor) requestAgent(ctx context.Context, arguments map[string]string) error {
	if len(v.page.Ask) == 0 {
		if err := v.needs("agent"); err != nil {
			return err
		}
	}
	var said []string
	for _, name := range slices.Sorted(maps.Keys(arguments)) {
		said = append(said, "{"+name+"}", arguments[name])
		if v.has(argumentPart + name) {
			if err := v.fill(ctx, v.part(argumentPart+name), arguments[name]); err != nil {
				return err
			}
			continue
		}
		if !strings.Contains(strings.Join(v.page.Ask, "\n"), "{"+name+"}") {
			return &steps.NotApplicable{Why: fmt.Sprintf("the connector's page has no way to give the argument %s: user.page.selectors has no %q, and user.page.ask no {%s}", name, argumentPart+name, name)}
		}
	}
	for _, text := range v.page.Ask {
		mark := len(v.Seen())
		if err := v.say(ctx, strings.NewReplacer(said...).Replace(text)); err != nil {
			return err
		}
		v.heard(ctx, mark)
	}
	return v.clickIf(ctx, "agent")
}

// heard waits until the bot has answered what the user said after so many sights, if it does in time: some bots take the next line for an answer to a question that they have not asked
// yet.
func (v *visitor) heard(ctx context.Context, mark int) {
	ctx, cancel := bound.WithTimeout(ctx, cmp.Or(v.page.Input, steps.Default.Input))
	defer cancel()
	// A bot that does not answer is no reason not to go on.
	_ = v.page.Journal.WaitUntil(ctx, func() bool {
		return slices.ContainsFunc(v.Seen()[mark:], func(s Sight) bool { return s.Kind != Text || s.From == OfBot })
	})
}

// fill puts a value into a field, or chooses it from a list.
func (v *visitor) fill(ctx context.Context, field browser.Target, value string) error {
	return v.do(ctx, func(ctx context.Context) error {
		if err := v.tab.AwaitAt(ctx, field, false); err != nil {
			return err
		}
		found, err := v.tab.SeeAt(ctx, field)
		if err != nil {
			return err
		}
		if len(found) > 0 && (strings.HasPrefix(found[0].Snippet, "<select") || found[0].Role == "listbox" || found[0].Role == "radiogroup") {
			return v.tab.ChooseAt(ctx, field, value)
		}
		return v.tab.FillAt(ctx, field, value)
	})
}

// End implements User.
func (v *visitor) End(ctx context.Context) error {
	err := v.needs("end")
	if err == nil {
		err = v.click(ctx, "end")
	}
	if err == nil {
		err = v.clickIf(ctx, "confirm end")
	}
	return v.acted("end the conversation", err)
}

// Drop implements User.
func (v *visitor) Drop(ctx context.Context) error {
	v.leave()
	return v.acted("vanish", v.tab.Vanish(ctx))
}

// Interrupt implements Interruptible.
func (v *visitor) Interrupt(ctx context.Context) error {
	return v.acted("lose the link", v.tab.BreakLink(ctx))
}

// Resume implements Interruptible.
func (v *visitor) Resume(ctx context.Context) error {
	return v.acted("have the link back", v.tab.MendLink(ctx))
}

// leave says that the user's tab is going.
func (v *visitor) leave() {
	v.leaving.Do(func() {
		close(v.gone)
		if v.page.Closed != nil {
			v.page.Closed(v.tab)
		}
	})
}

// Close implements User.
func (v *visitor) Close() {
	v.leave()
	v.tab.Release()
	if v.dir != "" {
		_ = os.RemoveAll(v.dir) // What is left is in the folder for such things.
		v.dir = ""
	}
}

// inPage are the schemes of links that lead nowhere but within the page.
var inPage = []string{"blob:", "data:"}

// Fetch implements User. The link is followed with the page's cookies, as a click would.
func (v *visitor) Fetch(ctx context.Context, f FileSight) (Fetched, error) {
	doing := "open " + f.Name
	if slices.ContainsFunc(inPage, func(scheme string) bool { return strings.HasPrefix(f.URL, scheme) }) {
		got, err := v.fetchInPage(ctx, f.URL)
		return got, v.acted(doing, err)
	}
	var cookies []*http.Cookie
	if f.URL != "" {
		var err error
		if cookies, err = v.tab.Cookies(ctx, f.URL); err != nil {
			return Fetched{}, v.acted(doing, err)
		}
	}
	return fetch(ctx, v.page.Links, "", f, v.name, cookies...)
}

func (v *visitor) fetchInPage(ctx context.Context, address string) (Fetched, error) {
	quoted, err := json.Marshal(address)
	if err != nil {
		return Fetched{}, fmt.Errorf("write down the link: %w", err)
	}
	var got struct{ Type, Content string }
	js := `fetch(` + string(quoted) + `).then((r) => r.blob()).then((b) => new Promise((done) => {
const reader = new FileReader();
reader.onload = () => done({type: b.type, content: reader.result.slice(reader.result.indexOf(',') + 1)});
reader.readAsDataURL(b);
}))`
	if err := v.tab.Evaluate(ctx, js, &got); err != nil {
		return Fetched{}, err
	}
	content, err := base64.StdEncoding.DecodeString(got.Content)
	if err != nil {
		return Fetched{}, fmt.Errorf("read what the page holds: %w", err)
	}
	return Fetched{URL: address, Status: http.StatusOK, Type: got.Type, Content: content}, nil
}
