package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"deskcheck/steps/bound"
)

// session is a tab in a browser context of its own, so its page has a renderer process and a storage that no other tab shares. It outlives the scenarios that
// lease it, for as long as it behaves: starting a renderer is what costs.
type session struct {
	process   *process
	target    *chromedp.Target
	contextID cdp.BrowserContextID
	close     func() // closes the tab and its context; waits for both, at most a few seconds
	inbox     *inbox
	// proxy is what it reaches the network through, nil for none.
	proxy Proxy

	// life ends when the tab is lost for its scenario, body when no page is left that could answer.
	life, body       context.Context
	endLife, endBody context.CancelFunc
	lost             chan struct{}

	// handing is held while a message is handed over, so that none is handed over after the sink was taken away.
	handing sync.Mutex

	mu      sync.Mutex
	reason  *LostError
	sink    func(Message)
	stamp   string // of the document whose messages count
	awaited *arrival
	// reloading is the document of a reload that was begun and is not finished; passedTime is what was jumped on the page's clock since it was opened.
	reloading  *arrival
	passedTime time.Duration
	lastID     int // of the last message handed over
	baseID     int // what the IDs of the present document are raised by
	flooded    bool
	altered    bool            // see alter
	origins    map[string]bool // origins opened in this tab before
	previous   string          // the origin whose storage is still to be cleared
	// scripts are what runs in the documents of the scenario before their own scripts.
	scripts []page.ScriptIdentifier
	// roams says that the page may go from one document of its origin to another.
	roams bool
	// chooser is told of the file chooser that the page opens, if anybody is about to use one.
	chooser chan<- *page.EventFileChooserOpened
	// traffic is what the browser tells of requests and sockets, nil while nobody wants to know.
	traffic *traffic
	// push stands in for pushes, nil while nobody wants any.
	push *Push
}

// arrival is a document that was asked for and has not come, or is not ready yet.
type arrival struct {
	origin string
	// reload says that the document before belongs to the same scenario, so what it still says counts.
	reload  bool
	greeted bool
	loader  cdp.LoaderID
	commits map[cdp.LoaderID]string
	begun   chan struct{} // closed when it is greeted
	done    chan error
}

func (a *arrival) finish(err error) {
	select {
	case a.done <- err:
	default:
	}
}

// attach makes a tab.
func (p *process) attach(ctx context.Context) (*session, error) {
	proxy, err := p.network.open()
	if err != nil {
		return nil, err
	}
	s, err := p.attachThrough(ctx, proxy)
	if err != nil && proxy != nil {
		_ = proxy.Close() // nothing has gone through it
	}
	return s, err
}

// attachThrough makes a tab behind a proxy, if there is one.
func (p *process) attachThrough(ctx context.Context, proxy Proxy) (*session, error) {
	tab, closeTab := chromedp.NewContext(p.ctx, chromedp.WithNewBrowserContext(p.network.through(proxy)))
	attached := make(chan error, 1)
	// The tab's life is bound to the context of its first command, so the bound of the attachment is kept from outside.
	go func() { attached <- chromedp.Do(tab) }()
	ctx, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	select {
	case err := <-attached:
		if err != nil {
			go closeTab()
			return nil, fmt.Errorf("open a tab: %w", err)
		}
	case <-ctx.Done():
		go closeTab()
		return nil, fmt.Errorf("open a tab: %w", ctx.Err())
	}
	driver := chromedp.FromContext(tab)
	s := &session{
		process: p, target: driver.Target, contextID: driver.BrowserContextID, close: sync.OnceFunc(closeTab),
		inbox: newInbox(), proxy: proxy, lost: make(chan struct{}), origins: make(map[string]bool),
	}
	s.life, s.endLife = context.WithCancel(context.Background())
	s.body, s.endBody = context.WithCancel(context.Background())
	if err := chromedp.Listen(tab, s.hear); err != nil {
		go closeTab()
		return nil, fmt.Errorf("listen to a tab: %w", err)
	}
	if err := s.prepare(ctx); err != nil {
		go closeTab()
		return nil, fmt.Errorf("prepare a tab: %w", err)
	}
	go s.inbox.run()
	p.add(s)
	return s, nil
}

// prepare turns off what the driver turned on and we do not need, because every event costs, and installs the page script. The Runtime domain must stay on: without
// it the browser forgets the binding when a page gets another process.
func (s *session) prepare(ctx context.Context) error {
	quiet := []func() error{
		func() error { return only(cdp.Call(ctx, s.target, css.Disable, cdp.Empty{})) },
		func() error { return only(cdp.Call(ctx, s.target, network.Disable, cdp.Empty{})) },
		func() error { return only(cdp.Call(ctx, s.target, log.Disable, cdp.Empty{})) },
		func() error {
			return only(cdp.Call(ctx, s.target, page.SetLifecycleEventsEnabled, page.SetLifecycleEventsEnabledParams{}))
		},
		func() error {
			return only(cdp.Call(ctx, s.target, target.SetAutoAttach, target.SetAutoAttachParams{Flatten: new(true)}))
		},
		func() error {
			return only(cdp.Call(ctx, s.target, target.SetDiscoverTargets, target.SetDiscoverTargetsParams{}))
		},
		// Each tab has a window of its own, and only one window can have the focus; pages and their frameworks ask for it.
		func() error {
			return only(cdp.Call(ctx, s.target, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
		},
		func() error {
			return only(cdp.Call(ctx, s.process.browser, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDeny, BrowserContextID: s.contextID}))
		},
		func() error {
			return only(cdp.Call(ctx, s.target, runtime.AddBinding, runtime.AddBindingParams{Name: s.process.binding}))
		},
		func() error {
			return only(cdp.Call(ctx, s.target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: s.process.script}))
		},
	}
	if err := together(quiet...); err != nil {
		return err
	}
	// Only after CSS, which depends on it.
	return only(cdp.Call(ctx, s.target, dom.Disable, cdp.Empty{}))
}

func only[R any](_ R, err error) error { return err }

// together runs independent commands at once and answers their errors.
func together(commands ...func() error) error {
	errs := make([]error, len(commands))
	var wg sync.WaitGroup
	for i, command := range commands {
		wg.Go(func() { errs[i] = command() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// call runs one command on the tab, bounded by ctx, by callBound and by until: the tab's life, or its body for what must still work in a page that was kept from
// leaving. When the tab is lost meanwhile, that is the error.
func call[P, R any](ctx, until context.Context, s *session, command cdp.Command[P, R], params P) (R, error) {
	bounded, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	defer context.AfterFunc(until, cancel)()
	if script, ok := any(&params).(*runtime.EvaluateParams); ok {
		script.Expression = s.handed(script.Expression)
	}
	result, err := cdp.Call(bounded, s.target, command, params)
	if err == nil {
		return result, nil
	}
	// The command can fail before anyone has told the session why.
	switch {
	case s.process.dead():
		s.lose(BrowserGone, s.process.endWords())
	case errors.Is(err, chromedp.ErrTargetDetached):
		s.lose(Closed, "")
	case strings.Contains(err.Error(), "navigated or closed"), strings.Contains(err.Error(), "context was destroyed"):
		// The browser has told of the navigation before; it only waits to be taken in.
		_ = s.passed(bounded)
		if s.mayRoam() {
			err = fmt.Errorf("%w: %w", ErrMovedOn, err)
		}
	}
	if reason := s.lostReason(); reason != nil && until.Err() != nil {
		return result, reason
	}
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return result, fmt.Errorf("%s: the page gave no answer in %v: %w", command.Method, callBound, err)
	}
	return result, fmt.Errorf("%s: %w", command.Method, err)
}

// handed gives an expression of ours the kit's whole hand under the name deskcheck: what the page finds by that name is shut once its host has been set up. The word that
// opens it is the name of the binding, which no script of the page can know, and the name deskcheck is the expression's own, which none can take. It is done here, where
// all commands pass, so that no expression can go without.
func (s *session) handed(expression string) string {
	return `{const deskcheck=this.deskcheck?.hand?.("` + s.process.binding + `");` + expression + "\n}"
}

// lose ends the tab's use for its scenario; only the first reason counts, but a page that was kept from leaving can still crash.
func (s *session) lose(kind LostKind, detail string) {
	if kind == Closed && s.process.ending() {
		// A browser that ends closes its tabs one by one before it is gone.
		kind, detail = BrowserGone, s.process.endWords()
	}
	s.mu.Lock()
	first := s.reason == nil
	if first {
		s.reason = &LostError{Kind: kind, Detail: detail}
	}
	awaited := s.awaited
	s.mu.Unlock()
	if kind != Navigated {
		s.endBody()
	}
	if !first {
		return
	}
	s.endLife()
	close(s.lost)
	if awaited != nil {
		awaited.finish(s.reason)
	}
}

// lostReason is why the tab is lost, or nil. Its static type is error, so that a caller can return it as one.
func (s *session) lostReason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == nil {
		return nil
	}
	return s.reason
}

// hear gets every event of the tab, in order, on the goroutine that reads from the browser: it must not wait for anything.
func (s *session) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventBindingCalled:
		if e.Name == s.process.binding {
			s.inbox.put(func() { s.receive(e.Payload) })
		}
	case *page.EventFrameStartedNavigating:
		if s.isMain(e.FrameID) && e.NavigationType != page.FrameStartedNavigatingNavigationTypeSameDocument && e.NavigationType != page.FrameStartedNavigatingNavigationTypeHistorySameDocument {
			s.inbox.put(func() { s.leaves(e.URL) })
		}
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			s.inbox.put(func() { s.commits(e.Frame.LoaderID, e.Frame.URL) })
		}
	case *page.EventJavascriptDialogOpening:
		// The page stands still until it is answered.
		go s.answer(e)
		s.inbox.put(func() {
			s.report("dialog", string(e.Type), "shown by the browser itself and closed at once", map[string]any{"text": e.Message})
		})
	case *page.EventWindowOpen:
		s.inbox.put(func() {
			s.report("popup", "open", "the window was closed at once", map[string]any{"url": e.URL, "target": e.WindowName})
		})
	case *page.EventFileChooserOpened:
		s.chooses(e)
	case *page.EventFrameStoppedLoading:
		if s.isMain(e.FrameID) && s.mayRoam() {
			go s.stays()
		}
	case *inspector.EventTargetCrashed:
		s.lose(Crashed, "")
	case *inspector.EventDetached:
		s.lose(Closed, e.Reason)
	default:
		s.hearTraffic(event)
		s.hearPush(event)
	}
}

// isMain tells the frame of the page itself from those in it: it has the target's own id.
func (s *session) isMain(id cdp.FrameID) bool { return string(id) == string(s.target.TargetID) }

// answer closes a dialog as a user does who wants none: a page that asks whether it may be left is left.
func (s *session) answer(e *page.EventJavascriptDialogOpening) {
	accept := e.Type == page.DialogTypeBeforeunload || e.Type == page.DialogTypeAlert
	if _, err := call(context.Background(), s.body, s, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: accept}); err != nil && s.body.Err() == nil {
		s.process.logf("answer a dialog: %v", err)
	}
}

// mayRoam says whether the page may go from one document of its origin to another.
func (s *session) mayRoam() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roams
}

// stays tells the page that the browser has nothing more to load: a document that it was on its way to, and that is no page, as a file to download, has not come.
func (s *session) stays() {
	if err := s.evaluate(context.Background(), s.life, "deskcheck?.kit.stays()", nil); err != nil && s.life.Err() == nil && !errors.Is(err, ErrMovedOn) {
		s.process.logf("tell a page that it stays: %v", err)
	}
}

// unasked says whether it is of the page's own accord, and against what it may, that the main frame goes to an address.
func (s *session) unasked(address string) bool {
	return s.sink != nil && (s.awaited == nil || s.awaited.greeted) && (!s.roams || originOf(address) != s.previous)
}

// leaves is told that the main frame begins to go to another document. If nobody asked for that, the tab is lost, and the page is stopped where it is.
func (s *session) leaves(address string) {
	s.mu.Lock()
	unasked := s.unasked(address)
	s.mu.Unlock()
	if !unasked {
		return
	}
	s.lose(Navigated, address)
	go func() {
		if _, err := call(context.Background(), s.body, s, page.StopLoading, cdp.Empty{}); err != nil && s.body.Err() == nil {
			s.process.logf("stop a page that leaves: %v", err)
		}
	}()
}

// commits is told that the main frame shows another document now.
func (s *session) commits(loader cdp.LoaderID, address string) {
	s.mu.Lock()
	awaited := s.awaited
	unasked := s.unasked(address)
	if awaited != nil && !awaited.greeted {
		awaited.commits[loader] = address
	}
	s.mu.Unlock()
	if unasked {
		s.lose(Navigated, address)
		return
	}
	if awaited != nil {
		s.checkCommit(awaited)
	}
}

// checkCommit ends the wait for a document when another one came in its place, as after a redirect to another origin.
func (s *session) checkCommit(awaited *arrival) {
	s.mu.Lock()
	address, committed := awaited.commits[awaited.loader]
	s.mu.Unlock()
	if committed && awaited.loader != "" && originOf(address) != awaited.origin {
		awaited.finish(fmt.Errorf("the server sent the page on to %s, which is another origin than %s", address, awaited.origin))
	}
}

// originOf is scheme, host and port of an address, or the address itself when it has none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// wireMessage is a message as the page script writes it; see page/3-record.js.
type wireMessage struct {
	Stamp       string          `json:"s"`
	Kind        string          `json:"k"`
	Name        string          `json:"n"`
	From        string          `json:"f"`
	To          string          `json:"t"`
	ID          int             `json:"id"`
	Ref         int             `json:"ref"`
	Attempt     int             `json:"c"`
	Widget      int             `json:"w"`
	Time        float64         `json:"ts"`
	Note        string          `json:"note"`
	Requirement string          `json:"req"`
	Data        json.RawMessage `json:"d"`
}

// receive takes one message of the page: those for the kit itself begin with $, the others go to the sink if they are of the present document. One that cannot be read is
// never dropped in silence, because it may hide what the integration did: it stands in the record as a breach that no requirement names, which fails the scenario.
func (s *session) receive(raw string) {
	var w wireMessage
	if err := json.Unmarshal([]byte(raw), &w); err != nil {
		s.process.logf("a message of the page script cannot be read: %v: %.200s", err, raw)
		s.unreadable(raw, err)
		return
	}
	switch w.Kind {
	case "$hello":
		s.greet(w)
		return
	case "$ready":
		s.ready(w)
		return
	case "$push":
		s.subscribes(w.Data)
		return
	case "$left":
		if s.isPresent(w.Stamp) {
			s.lose(Navigated, w.url())
		}
		return
	}
	m := Message{
		ID: w.ID, Ref: w.Ref, Kind: w.Kind, Name: w.Name, From: w.From, To: w.To, Note: w.Note, Requirement: w.Requirement,
		Attempt: w.Attempt, Widget: w.Widget, At: time.UnixMicro(int64(w.Time * 1000)), Data: w.Data,
	}
	s.hand(w.Stamp, m)
}

// unreadable hands over what stands for a message that cannot be read. The page numbers its entries in order, so the number of the one that is missing is the next.
func (s *session) unreadable(raw string, problem error) {
	s.mu.Lock()
	// Every message begins with its stamp; see page/3-record.js.
	stamp := s.stamp
	present := stamp != "" && strings.HasPrefix(raw, `{"s":`+quote(stamp)+`,`)
	id := s.lastID - s.baseID + 1
	s.mu.Unlock()
	if !present {
		return
	}
	note := fmt.Sprintf("the page recorded something that cannot be read: %v: %.200s", problem, strings.ToValidUTF8(raw, "?"))
	s.hand(stamp, Message{ID: id, Kind: "violation", Name: "unreadable", From: "integration", To: "page", Note: note, At: time.Now()})
}

func (w wireMessage) url() string {
	var data struct{ URL string }
	// Without an address the empty one is all that there is to tell.
	_ = json.Unmarshal(w.Data, &data)
	return data.URL
}

func (s *session) isPresent(stamp string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stamp == stamp
}

// greet is the first word of a document. The awaited one is known by its origin: a scenario's origin is its own, and where an origin is used again the tab is emptied
// first, so no earlier document can be taken for it. So is one to which a page that may roam goes on.
func (s *session) greet(w wireMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	origin := originOf(w.url())
	switch {
	case s.awaited != nil && !s.awaited.greeted && origin == s.awaited.origin:
		s.awaited.greeted = true
		close(s.awaited.begun)
	case (s.awaited == nil || s.awaited.greeted) && s.sink != nil && s.roams && origin == s.previous:
	default:
		return
	}
	s.stamp = w.Stamp
	s.baseID = s.lastID
}

// ready is told when the document has run its scripts.
func (s *session) ready(w wireMessage) {
	s.mu.Lock()
	awaited := s.awaited
	if awaited == nil || s.stamp != w.Stamp {
		s.mu.Unlock()
		return
	}
	s.awaited = nil
	s.mu.Unlock()
	var data struct{ Status int }
	if err := json.Unmarshal(w.Data, &data); err == nil && data.Status >= 400 {
		awaited.finish(&StatusError{Status: data.Status})
		return
	}
	awaited.finish(nil)
}

// hand gives a message of the document with a stamp to the sink, with an ID that no document of the scenario has used before. It is dropped when that is not the present
// document, which is asked here, under the lock, because the next scenario may take the tab at any moment.
func (s *session) hand(stamp string, m Message) {
	s.handing.Lock()
	defer s.handing.Unlock()
	s.mu.Lock()
	if s.stamp != stamp {
		s.mu.Unlock()
		return
	}
	sink := s.sink
	s.flooded = s.flooded || m.Kind == "violation" && m.Name == "flood"
	m.ID += s.baseID
	if m.Ref != 0 {
		m.Ref += s.baseID
	}
	s.lastID = max(s.lastID, m.ID)
	s.mu.Unlock()
	if sink != nil {
		sink(m)
	}
}

// report gives the sink a message about something that only the browser saw. It has no ID, since nothing can refer to it.
func (s *session) report(kind, name, note string, data map[string]any) {
	raw, err := json.Marshal(data)
	if err != nil {
		s.process.logf("a %s of the browser cannot be told: %v", kind, err)
	}
	s.tell(Message{Kind: kind, Name: name, From: "page", To: "user", Note: note, At: time.Now(), Data: raw})
}

// tell gives the sink a message of the browser's own.
func (s *session) tell(m Message) {
	s.handing.Lock()
	defer s.handing.Unlock()
	s.mu.Lock()
	sink := s.sink
	if s.awaited != nil && !s.awaited.greeted && !s.awaited.reload {
		// It is a document of an earlier scenario that says this, on its way out.
		sink = nil
	}
	s.mu.Unlock()
	if sink != nil {
		sink(m)
	}
}

// detach takes the sink away: after it has returned nothing more is handed over.
func (s *session) detach() {
	s.handing.Lock()
	defer s.handing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sink = nil
	s.stamp = ""
	s.awaited = nil
	s.roams = false
}

// passed waits until everything that the page has said so far was handed over.
func (s *session) passed(ctx context.Context) error {
	select {
	case <-s.inbox.passed():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
