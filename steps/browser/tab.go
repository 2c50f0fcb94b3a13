package browser

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"

	"deskcheck/steps/bound"
)

// Tab is the lease of one tab. Its methods are for one goroutine at a time, except Lost, Reason, Check and Release, which may be called from any. None of them may
// be called from the sink of Open, except Lost and Reason.
type Tab struct {
	pool     *Pool
	session  *session
	released atomic.Bool
	once     sync.Once
}

// Lost is closed when the tab can no longer be used for its scenario; Reason then tells why.
func (t *Tab) Lost() <-chan struct{} { return t.session.lost }

// Reason is a *LostError once the tab is lost, and nil before.
func (t *Tab) Reason() error { return t.session.lostReason() }

// usable is the error of a tab that must not be used any more.
func (t *Tab) usable() error {
	if t.released.Load() {
		return ErrReleased
	}
	return t.session.lostReason()
}

// collectEvery is after how many openings a tab throws away what the pages before left in memory. The engine itself would let it grow to some 130 MB a tab.
const collectEvery = 3

// blank is the address of the empty page.
const blank = "about:blank"

// storageTypes is what a page can leave behind, cookies and session storage apart.
const storageTypes = "cache_storage,file_systems,indexeddb,local_storage,service_workers,storage_buckets"

// Open shows the page at an http address, in a tab that has forgotten every scenario before: cookies, storage, workers, history and the window's name. From then on
// everything that the page's recorder sees is given to sink, one message at a time, in the order of the page and from one goroutine; sink must not block.
//
// It returns when the document has run its scripts (DOMContentLoaded), so globalThis.deskcheck and the host page's own hand are there. It fails when the server does not
// answer, answers with an error or sends the page on to another origin, when the page does not become ready before ctx ends (or in 30 s), and with a *LostError when
// the page leaves, crashes or closes meanwhile.
func (t *Tab) Open(ctx context.Context, address string, sink func(Message)) error {
	return t.OpenWith(ctx, address, "", sink)
}

// OpenWith is Open for a page that is not ours: script runs in it, and again after each reload, when globalThis.deskcheck is there and before any script of the page's own.
// It must look for itself whether it runs in the page or in a frame of it.
func (t *Tab) OpenWith(ctx context.Context, address, script string, sink func(Message)) error {
	return t.open(ctx, address, opening{script: script}, sink)
}

// OpenRoaming is OpenWith for a page that goes from one document of its origin to another by itself, as from its login to its desk: that is told as a navigation, and the
// messages of each document go to the same sink, with IDs that go on rising. What the page has stored stays, and its clock goes on. Only where it leaves its origin the tab
// is lost. What waits for something in a document when the page goes on fails with ErrMovedOn, but for what looks for a Target, which goes on with the search.
func (t *Tab) OpenRoaming(ctx context.Context, address, script string, sink func(Message)) error {
	return t.open(ctx, address, opening{script: script, roams: rand.Text()}, sink)
}

// StatusError says that there is no page to open: its server has answered with a failure.
type StatusError struct {
	// Status is that of HTTP.
	Status int
}

// Error names the status.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the server answered with status %d", e.Status)
}

// opening is how a page is opened: what runs in it before its own scripts, and the word by which its documents know each other if it may roam, empty if it may not.
type opening struct{ script, roams string }

func (t *Tab) open(ctx context.Context, address string, how opening, sink func(Message)) error {
	if err := t.usable(); err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("open %q: it must be an http address with a host", address)
	}
	if err := t.session.open(ctx, address, how, sink); err != nil {
		return fmt.Errorf("open %s: %w", address, err)
	}
	return nil
}

func (s *session) open(ctx context.Context, address string, how opening, sink func(Message)) error {
	ctx, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	origin := originOf(address)
	s.detach()
	for _, script := range s.scripts {
		s.removeScriptOf(ctx, script) // On a busy machine the page before may be slow to let go, which is no reason to lose the tab.
	}
	s.scripts = nil
	if how.roams != "" {
		if err := s.addScript(ctx, s.handed("globalThis === top && deskcheck.kit.roam("+quote(how.roams)+")")); err != nil {
			return err
		}
	}
	s.mu.Lock()
	previous := s.previous
	s.mu.Unlock()
	if s.origins[origin] {
		if err := s.forget(ctx, origin); err != nil {
			return fmt.Errorf("clear what an earlier page of this origin has left: %w", err)
		}
		script := page.AddScriptToEvaluateOnNewDocumentParams{Source: s.handed("globalThis === top && deskcheck.kit.forget()")}
		added, err := call(ctx, s.life, s, page.AddScriptToEvaluateOnNewDocument, script)
		if err != nil {
			return err
		}
		defer s.removeScript(added.Identifier)
		previous = ""
	}
	s.mu.Lock()
	pushes := s.push
	s.mu.Unlock()
	if pushes != nil {
		if err := s.addScript(ctx, pushes.script()); err != nil {
			return err
		}
	}
	if how.script != "" {
		if err := s.addScript(ctx, how.script); err != nil {
			return err
		}
	}
	// Cookies know no ports, so they would be seen by the next scenario's origin.
	if _, err := call(ctx, s.life, s, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		return err
	}

	awaited := &arrival{origin: origin, commits: make(map[cdp.LoaderID]string), begun: make(chan struct{}), done: make(chan error, 1)}
	s.mu.Lock()
	s.sink, s.awaited, s.reloading, s.lastID, s.baseID, s.passedTime = sink, awaited, nil, 0, 0, 0
	s.previous, s.roams = origin, how.roams != ""
	s.mu.Unlock()
	s.origins[origin] = true

	result, err := call(ctx, s.life, s, page.Navigate, page.NavigateParams{URL: address})
	switch {
	case err != nil:
		return err
	case result.ErrorText != "":
		return fmt.Errorf("%s; is the server running?", result.ErrorText)
	case result.IsDownload:
		return errors.New("the server sent a file to download, not a page")
	}
	s.mu.Lock()
	awaited.loader = result.LoaderID
	s.mu.Unlock()
	s.checkCommit(awaited)

	// The page before is gone by now, so what it left can be cleared while this one loads.
	cleared := make(chan error, 1)
	go func() {
		if previous == "" || previous == origin {
			cleared <- nil
			return
		}
		cleared <- s.clear(ctx, previous, storageTypes)
	}()
	if err := s.await(ctx, awaited); err != nil {
		return err
	}
	// Only now is the page the tab's active one for certain, and nothing of the page before it may be gone back to.
	if _, err := call(ctx, s.life, s, page.ResetNavigationHistory, cdp.Empty{}); err != nil {
		return err
	}
	if len(s.origins)%collectEvery == 0 {
		if _, err := call(ctx, s.life, s, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
			return err
		}
	}
	return <-cleared
}

// addScript has a script run in every document of the page that is being opened.
func (s *session) addScript(ctx context.Context, source string) error {
	added, err := call(ctx, s.life, s, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
	if err != nil {
		return err
	}
	s.scripts = append(s.scripts, added.Identifier)
	return nil
}

// removeScript takes a script away that was for one document, or one page, only. A tab that keeps it would empty its storage at every reload, so then it is lost.
func (s *session) removeScript(id page.ScriptIdentifier) {
	ctx, cancel := bound.WithTimeout(context.Background(), removeBound)
	defer cancel()
	s.removeScriptOf(ctx, id)
}

// removeScriptOf is removeScript with the time that ctx gives. A script that the browser does not find is gone: where a page gives its place to another at that moment, the
// browser hands what the first has not answered to the second, which then takes the script away again.
func (s *session) removeScriptOf(ctx context.Context, id page.ScriptIdentifier) {
	_, err := call(ctx, s.life, s, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams{Identifier: id})
	if err != nil && !strings.Contains(err.Error(), "Script not found") {
		s.lose(Unresponsive, "a script for the opening could not be removed: "+err.Error())
	}
}

// forget empties the tab of a page and clears all that its origin has stored, before the same origin is opened again.
func (s *session) forget(ctx context.Context, origin string) error {
	if _, err := call(ctx, s.life, s, page.Navigate, page.NavigateParams{URL: blank}); err != nil {
		return err
	}
	return s.clearAll(ctx, origin)
}

// clearAll clears all that an origin has stored, and the cache.
func (s *session) clearAll(ctx context.Context, origin string) error {
	return together(
		func() error { return s.clear(ctx, origin, "all") },
		func() error { return only(call(ctx, s.life, s, network.ClearBrowserCache, cdp.Empty{})) },
	)
}

func (s *session) clear(ctx context.Context, origin, types string) error {
	return only(call(ctx, s.life, s, storage.ClearDataForOrigin, storage.ClearDataForOriginParams{Origin: origin, StorageTypes: types}))
}

// await waits for a document to be ready.
func (s *session) await(ctx context.Context, awaited *arrival) error {
	select {
	case err := <-awaited.done:
		return err
	case <-s.lost:
		return s.lostReason()
	case <-ctx.Done():
		s.mu.Lock()
		greeted := awaited.greeted
		s.mu.Unlock()
		if greeted {
			return fmt.Errorf("the page began but its scripts did not come to an end; does one of them loop, or wait for a module that never comes?: %w", ctx.Err())
		}
		return fmt.Errorf("the page did not begin: %w", ctx.Err())
	}
}

// Jump lets d pass on the page's clock: timers that fall due run in order, with a turn of the event loop after each. Time of the desk, and real time, stay as they are.
// It returns when the last of them has run.
func (t *Tab) Jump(ctx context.Context, d time.Duration) error {
	s := t.session
	s.mu.Lock()
	goal := s.passedTime + d
	s.mu.Unlock()
	err := t.jump(ctx, milliseconds(d))
	for errors.Is(err, ErrMovedOn) && ctx.Err() == nil {
		// What is left passes in the document that the page went on to meanwhile.
		var passed float64
		if err = t.Evaluate(ctx, "deskcheck.kit.passed()", &passed); err == nil {
			err = t.jump(ctx, milliseconds(goal)-passed)
		}
	}
	if err != nil {
		return fmt.Errorf("let %v pass: %w", d, err)
	}
	s.mu.Lock()
	s.passedTime = goal
	s.mu.Unlock()
	return nil
}

// jump lets milliseconds pass on the clock of the present document.
func (t *Tab) jump(ctx context.Context, ms float64) error {
	return t.Evaluate(ctx, fmt.Sprintf("deskcheck.clock.jump(%g)", ms), nil)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// across does something with the present document, and does it again with the next where the page went on to that meanwhile.
func (t *Tab) across(ctx context.Context, do func() error) error {
	for {
		if err := do(); !errors.Is(err, ErrMovedOn) || ctx.Err() != nil {
			return err
		}
	}
}

// Traffic is what the other side knows of what is on its way to a page or from it.
type Traffic struct {
	// Frames is how many WebSocket frames were sent to it on the sockets that are open now.
	Frames int
	// Taken is how many frames the other side has taken from these sockets; nil if it does not say, and then what the page has sent may be on its way.
	Taken *int
	// Held are the requests (and connecting sockets) that are kept without an answer: method and address of each, such as "GET http://127.0.0.1:40123/v1/availability".
	Held []string
	// Servers are the beginnings of the addresses of the other side's sockets, such as "ws://127.0.0.1:40123/", Sockets is how many of them are open there; without Servers
	// they are not looked at.
	Servers []string
	Sockets int
	// Steady is the address of a socket that anyone may open, such as "ws://localhost:40124/steady". The page opens one now and then if others fail, since Chromium holds
	// the sockets of a page back if hardly any succeed. It may be empty.
	Steady string
}

// Settle returns when the page has come to rest: all frames were dispatched to it, it has seen the end of every socket that the other side has closed, nothing but what is
// held is in flight, no timer is due, and a few turns of the event loop brought nothing new. The error says what was missing. A page that goes on to another document comes
// to no rest before it is there: then the error wraps ErrMovedOn, and whoever wants to wait on asks the other side anew.
func (t *Tab) Settle(ctx context.Context, traffic Traffic) error {
	taken := "null"
	if traffic.Taken != nil {
		taken = strconv.Itoa(*traffic.Taken)
	}
	err := t.Evaluate(ctx, fmt.Sprintf("deskcheck.settled({frames:%d,held:%s,servers:%s,sockets:%d,taken:%s,steady:%s})",
		traffic.Frames, quoteAll(traffic.Held), quoteAll(traffic.Servers), traffic.Sockets, taken, quote(traffic.Steady)), nil)
	if err == nil {
		return nil
	}
	if ctx.Err() == nil {
		return fmt.Errorf("wait until the page has settled: %w", err)
	}
	var missing string
	if !t.ask("deskcheck.kit.unsettled()", &missing) {
		return fmt.Errorf("wait until the page has settled: it does not answer: %w", err)
	}
	return fmt.Errorf("wait until the page has settled: %s: %w", missing, err)
}

// ask evaluates something that explains a failure, when the caller's own time is over.
func (t *Tab) ask(js string, out any) bool {
	ctx, cancel := bound.WithTimeout(context.Background(), healthBound)
	defer cancel()
	return t.session.evaluate(ctx, t.session.body, js, out) == nil
}

// Unanswered is the last fetch of the page that had no answer, such as "GET https://desk.example/v1/availability"; empty if there was none, or the page does not say.
func (t *Tab) Unanswered() string {
	var request string
	if t.released.Load() || !t.ask("deskcheck.kit.unanswered()", &request) {
		return ""
	}
	return request
}

// Screenshot is a picture of the window as PNG. It also works for a page that was kept from leaving.
func (t *Tab) Screenshot(ctx context.Context) ([]byte, error) {
	if t.released.Load() {
		return nil, fmt.Errorf("take a screenshot: %w", ErrReleased)
	}
	shot, err := call(ctx, t.session.body, t.session, page.CaptureScreenshot, page.CaptureScreenshotParams{OptimizeForSpeed: new(true)})
	if err != nil {
		return nil, fmt.Errorf("take a screenshot: %w", err)
	}
	return shot.Data, nil
}

// Check asks the page for a sign of life. When it gives none before ctx ends the tab is lost as Unresponsive; nil means that it answers.
func (t *Tab) Check(ctx context.Context) error {
	if t.released.Load() {
		return ErrReleased
	}
	_, err := call(ctx, t.session.body, t.session, runtime.Evaluate, runtime.EvaluateParams{Expression: "0"})
	if errors.Is(err, context.DeadlineExceeded) {
		t.session.lose(Unresponsive, "it gave no sign of life in time; a script may be looping")
		return t.session.lostReason()
	}
	return err
}

// Release gives the tab back. A healthy one is kept for the next lease, any other is thrown away with its storage. It takes a hung page no more than two seconds of the
// caller's time; messages stop before it returns. Further calls do nothing.
func (t *Tab) Release() {
	t.once.Do(func() {
		t.released.Store(true)
		t.session.detach()
		t.pool.take(t.session, t.session.retire())
	})
}

// retire ends the page's timers and sockets and tells whether the tab may serve another scenario.
func (s *session) retire() bool {
	s.mu.Lock()
	good := s.reason == nil && !s.flooded
	s.mu.Unlock()
	if !good {
		return false
	}
	ctx, cancel := bound.WithTimeout(context.Background(), healthBound)
	defer cancel()
	if s.restore(ctx) != nil || s.unwatch(ctx) != nil || s.endPush(ctx) != nil {
		return false
	}
	result, err := call(ctx, s.life, s, runtime.Evaluate, runtime.EvaluateParams{Expression: "globalThis.deskcheck ? deskcheck.kit.retire() : true", ReturnByValue: new(true)})
	if err == nil && result.ExceptionDetails == nil && string(result.Result.Value) == "true" {
		return s.proxy == nil || s.empty() == nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		s.lose(Unresponsive, "it gave no sign of life when it was released")
	}
	return false
}

// empty leaves the page for none, with all that it has stored. Behind a proxy the next scenario's desk has the names of this one's, so nothing may be left that could still
// ask for them.
func (s *session) empty() error {
	s.mu.Lock()
	previous := s.previous
	s.previous = ""
	s.mu.Unlock()
	if previous == "" {
		return nil
	}
	// A page that has just answered goes as soon as the machine can make it.
	ctx, cancel := bound.WithTimeout(context.Background(), callBound)
	defer cancel()
	// The browser answers before the page is gone, which may still ask: only the word of the document that follows says that it is.
	awaited := &arrival{origin: blank, commits: make(map[cdp.LoaderID]string), begun: make(chan struct{}), done: make(chan error, 1)}
	s.mu.Lock()
	s.awaited = awaited
	s.mu.Unlock()
	if _, err := call(ctx, s.life, s, page.Navigate, page.NavigateParams{URL: blank}); err != nil {
		return err
	}
	if err := s.await(ctx, awaited); err != nil {
		return err
	}
	return s.clearAll(ctx, previous)
}

// closeProxy closes the proxy, if there is one.
func (s *session) closeProxy() {
	if s.proxy != nil {
		_ = s.proxy.Close() // the tab is gone: nobody misses what it cannot carry any more
	}
}

// discard throws the tab away with its browser context. A page that hangs is stopped first, because a browser waits for a page that it closes.
func (s *session) discard() {
	hung := false
	if reason := new(LostError); errors.As(s.lostReason(), &reason) {
		hung = reason.Kind == Unresponsive
	}
	s.lose(Closed, "it was thrown away")
	if hung && !s.process.dead() {
		ctx, cancel := bound.WithTimeout(context.Background(), discardBound)
		// Whether it obeys or not, it is closed next; a hung page never answers its crash.
		_, _ = cdp.Call(ctx, s.target, page.Crash, cdp.Empty{})
		cancel()
	}
	s.process.remove(s)
	s.mu.Lock()
	pushes := s.push
	s.mu.Unlock()
	if pushes != nil {
		pushes.unwatch()
	}
	s.close()
	s.closeProxy()
	s.inbox.close()
}
