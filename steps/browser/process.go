package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"deskcheck/steps/bound"
)

// process is one browser process with the tabs in it. When it dies it is never started again: the pool makes another.
type process struct {
	ctx     context.Context
	stop    func()
	browser *chromedp.Browser
	version string
	// binding and script are what every tab of this browser is prepared with.
	binding, script string
	network         Network
	logf            func(string, ...any)
	written         writes

	mu       sync.Mutex
	sessions map[cdp.BrowserContextID]*session
	closing  bool
}

// startProcess starts a browser. Its life is its own: ctx bounds only the start.
func startProcess(ctx context.Context, found Installation, o Options) (*process, error) {
	p := &process{binding: newBinding(), network: o.Network, sessions: make(map[cdp.BrowserContextID]*session), logf: o.Logf}
	if p.logf == nil {
		p.logf = func(string, ...any) {}
	}
	var err error
	if p.script, err = pageScript(p.binding, o.Headed); err != nil {
		return nil, err
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), flags(found, o)...)
	root, stopBrowser := chromedp.NewContext(allocator, chromedp.WithLogf(p.logf), chromedp.WithErrorf(p.logf), chromedp.WithDebugf(p.written.notef))
	p.ctx = root
	p.stop = sync.OnceFunc(func() {
		p.mu.Lock()
		p.closing = true
		p.mu.Unlock()
		// A full browser is asked to end, because killed it leaves a lock in the temporary directory; the headless shell leaves nothing.
		if found.Kind != "headless-shell" && p.browser != nil && !p.dead() {
			asked, cancel := bound.WithTimeout(root, endBound)
			_ = chromedp.Cancel(asked) // what it does not do in time is done below
			cancel()
		}
		// Both wait until the process is gone and its profile directory is removed.
		stopBrowser()
		stopAllocator()
	})

	// The first command binds the browser's life to the context it is given, so it gets the browser's own and the bound is kept from outside.
	started := make(chan error, 1)
	go func() {
		version, err := chromedp.CallBrowser(root, browser.GetVersion, cdp.Empty{})
		p.version = strings.Replace(version.Product, "/", " ", 1)
		started <- err
	}()
	bounded, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	select {
	case err = <-started:
	case <-bounded.Done():
		p.stop()
		// It may have been about to start when it was stopped; only when it is through, nothing of it is left behind.
		select {
		case <-started: //nolint:errcheck // Why it did not start is known.
			stopAllocator()
		case <-time.After(endBound):
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("start %s: %w", found.Path, ctx.Err())
		}
		return nil, fmt.Errorf("start %s: it did not answer within %s", found.Path, callBound)
	}
	if err != nil {
		p.stop()
		if errors.Is(err, chromedp.ErrNoDisplay) {
			return nil, fmt.Errorf("start %s: a visible window needs a display, and neither DISPLAY nor WAYLAND_DISPLAY is set; run headless or start a display first", found.Path)
		}
		// What the browser printed follows on lines of its own, and there may be none.
		said := strings.TrimRight(strings.Replace(err.Error(), ":\n", ": ", 1), ": \n")
		return nil, fmt.Errorf("start %s: %s; run it by hand with --headless --dump-dom about:blank to see what it lacks", found.Path, said)
	}
	p.browser = chromedp.FromContext(root).Browser
	if err := p.prepare(bounded, found); err != nil {
		p.stop()
		return nil, fmt.Errorf("prepare %s: %w", found.Path, err)
	}
	go p.watchEnd()
	return p, nil
}

// flags are the command line. What matters is that a tab nobody looks at runs as fast as any, that a click counts even before the first picture of a page was drawn
// (without allow-pre-commit-input it is lost then), that no page is kept in memory after it was left, and that the browser asks nothing of the network or of the user.
func flags(found Installation, o Options) []chromedp.ExecAllocatorOption {
	list := []chromedp.ExecAllocatorOption{chromedp.ExecPath(found.Path), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck}
	for _, name := range []string{
		"allow-pre-commit-input", "disable-background-networking", "disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
		"disable-breakpad", "disable-client-side-phishing-detection", "disable-component-update", "disable-default-apps", "disable-dev-shm-usage", "disable-extensions",
		"disable-ipc-flooding-protection", "disable-prompt-on-repost", "disable-sync", "metrics-recording-only", "no-startup-window", "use-mock-keychain",
	} {
		list = append(list, chromedp.Flag(name, true))
	}
	list = append(list,
		chromedp.Flag("disable-features", "BackForwardCache,Translate,MediaRouter,OptimizationHints,DialMediaRouteProvider,RenderDocument"),
		chromedp.Flag("enable-blink-features", "ComputedAccessibilityInfo"), // tells the kit's script roles and names of elements (see page/7-target.js)
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("password-store", "basic"))
	list = append(list, o.Network.flags()...)
	if os.Getuid() == 0 {
		list = append(list, chromedp.NoSandbox)
	}
	if o.Headed {
		return append(list, chromedp.VisibleWindow, chromedp.WindowSize(1280, 900))
	}
	// Drawing is most of a page's cost when nothing but the processor draws it, so an unseen window has no more pixels than a chat needs. The other services of the
	// browser need no processes of their own for pages of the loopback, and a heap that starts small is cleaned before it is large; it may still grow to any size.
	// A user who wants no movement gets none: an animation that nobody watches only keeps the next act waiting.
	return append(list, chromedp.Headless, chromedp.WindowSize(480, 640), chromedp.Flag("force-prefers-reduced-motion", true),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-software-rasterizer", true), chromedp.Flag("in-process-gpu", true),
		chromedp.Flag("enable-features", "NetworkServiceInProcess2"), chromedp.Flag("js-flags", "--initial-heap-size=16"))
}

// prepare has the browser report on its pages and closes the empty one that it starts with, which would only cost memory. A full browser would end with its last window,
// so there the page stays.
func (p *process) prepare(ctx context.Context, found Installation) error {
	if err := chromedp.ListenBrowser(p.ctx, p.hear); err != nil {
		return err
	}
	pages := target.SetDiscoverTargetsParams{Discover: true, Filter: target.Filter{{Type: "page"}}}
	if _, err := cdp.Call(ctx, p.browser, target.SetDiscoverTargets, pages); err != nil {
		return err
	}
	if found.Kind != "headless-shell" {
		return nil
	}
	open, err := cdp.Call(ctx, p.browser, target.GetTargets, target.GetTargetsParams{})
	if err != nil {
		return err
	}
	for _, info := range open.TargetInfos {
		if info.Type != "page" {
			continue
		}
		if _, err := cdp.Call(ctx, p.browser, target.CloseTarget, target.CloseTargetParams{TargetID: info.TargetID}); err != nil {
			return err
		}
	}
	return nil
}

// hear runs on the goroutine that reads from the browser, so it must not wait for anything.
func (p *process) hear(event any) {
	switch e := event.(type) {
	case *target.EventTargetCreated:
		// A window that a page opened: its opener is told by another event, here it is closed.
		if s := p.session(e.TargetInfo.BrowserContextID); s != nil && e.TargetInfo.TargetID != s.target.TargetID {
			go p.closeTarget(e.TargetInfo.TargetID)
		}
	case *target.EventTargetDestroyed:
		if s := p.sessionOf(e.TargetID); s != nil {
			s.lose(Closed, "")
		}
	case *target.EventTargetCrashed:
		if s := p.sessionOf(e.TargetID); s != nil {
			s.lose(Crashed, e.Status)
		}
	}
}

func (p *process) closeTarget(id target.ID) {
	ctx, cancel := bound.WithTimeout(p.ctx, callBound)
	defer cancel()
	if _, err := cdp.Call(ctx, p.browser, target.CloseTarget, target.CloseTargetParams{TargetID: id}); err != nil {
		p.logf("close a window that a page opened: %v", err)
	}
}

// watchEnd tells every tab when the browser has ended.
func (p *process) watchEnd() {
	<-p.browser.LostConnection
	p.mu.Lock()
	var all []*session
	for _, s := range p.sessions {
		all = append(all, s)
	}
	p.mu.Unlock()
	for _, s := range all {
		s.lose(BrowserGone, p.endWords())
	}
}

// ending tells whether it was stopped by us.
func (p *process) ending() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// endWords says in what way the browser has ended.
func (p *process) endWords() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return "the pool was closed"
	}
	return "it ended by itself"
}

// dead tells whether the browser has ended.
func (p *process) dead() bool {
	select {
	case <-p.browser.LostConnection:
		return true
	default:
		return false
	}
}

func (p *process) session(id cdp.BrowserContextID) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions[id]
}

func (p *process) sessionOf(id target.ID) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		if s.target.TargetID == id {
			return s
		}
	}
	return nil
}

func (p *process) add(s *session) {
	p.mu.Lock()
	p.sessions[s.contextID] = s
	p.mu.Unlock()
	// It may have ended between the attachment and now, when nobody would have told the session.
	if p.dead() {
		s.lose(BrowserGone, p.endWords())
	}
}

// closeProxies closes those of the tabs that were not thrown away while the browser ran.
func (p *process) closeProxies() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		s.closeProxy()
	}
}

func (p *process) remove(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, s.contextID)
}

// pids lists the operating system's ids of the browser and its children, the browser first.
func (p *process) pids(ctx context.Context) ([]int, error) {
	ctx, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	info, err := cdp.Call(ctx, p.browser, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		return nil, fmt.Errorf("ask the browser for its processes: %w", err)
	}
	var ids []int
	for _, one := range info.ProcessInfo {
		if one.Type == "browser" {
			ids = append([]int{int(one.ID)}, ids...)
			continue
		}
		ids = append(ids, int(one.ID))
	}
	return ids, nil
}

// writes tells when a certain command has been written to the browser, so that the next can follow it without waiting for its answer. The browser answers a mouse
// movement only with the next frame, which would cost every click up to 16 ms; sent without order, the press could overtake the movement.
type writes struct {
	waiting atomic.Int32
	mu      sync.Mutex
	marks   map[chan struct{}][][]byte
}

// expect answers a channel that is closed once a command that contains all the parts was written, and a func that ends the watch.
func (w *writes) expect(parts ...string) (<-chan struct{}, func()) {
	seen := make(chan struct{})
	var wanted [][]byte
	for _, part := range parts {
		wanted = append(wanted, []byte(part))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.marks == nil {
		w.marks = make(map[chan struct{}][][]byte)
	}
	w.marks[seen] = wanted
	w.waiting.Add(1)
	return seen, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if _, ok := w.marks[seen]; ok {
			delete(w.marks, seen)
			w.waiting.Add(-1)
		}
	}
}

// notef is the driver's protocol log: it is called with every message, and on the goroutine that writes, just before the writing.
func (w *writes) notef(format string, args ...any) {
	if w.waiting.Load() == 0 || !strings.HasPrefix(format, "->") || len(args) != 1 {
		return
	}
	command, ok := args[0].([]byte)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
next:
	for seen, parts := range w.marks {
		for _, part := range parts {
			if !bytes.Contains(command, part) {
				continue next
			}
		}
		delete(w.marks, seen)
		w.waiting.Add(-1)
		close(seen)
	}
}
