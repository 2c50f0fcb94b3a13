package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/backgroundservice"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"deskcheck/steps/bound"
)

// The hosts of the push service, and where it says that it sends pushes through.
const (
	installationsHost = "firebaseinstallations.googleapis.com"
	registrationsHost = "fcmregistrations.googleapis.com"
	pushEndpoint      = "https://fcm.googleapis.com/fcm/send/"
)

// pushBound is how long a worker has for a push, in real time: it may keep itself busy with one for minutes.
const pushBound = 2 * time.Second

// PushOptions say how pushes are stood in for.
type PushOptions struct {
	// Token is what the push service answers to who registers.
	Token string
	// Denied has the user refuse notifications, Unreachable has the service be out of reach.
	Denied, Unreachable bool
}

// Push stands in for all that pushes to a page take, since a browser of the kit reaches no push service: the user's permission, the page's subscription, and Firebase, where
// the page trades that for a token. It is for one goroutine at a time.
type Push struct {
	session *session
	options PushOptions

	mu sync.Mutex
	// changed is closed, and made anew, whenever something below has changed.
	changed chan struct{}
	// subscribed are the scopes of the workers that are to be pushed to.
	subscribed map[string]bool
	// registered are the workers by the scope, versions what runs them.
	registered map[string]serviceworker.RegistrationID
	versions   map[serviceworker.RegistrationID]*serviceworker.Version
	// ended is how many pushes each worker is done with.
	ended map[serviceworker.RegistrationID]int
	// workers are the workers that are watched.
	workers map[target.ID]*worker
}

// worker is a service worker whose notifications are recorded.
type worker struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// StandInForPush stands in for pushes in the pages that are opened from now on until the tab is released. What the page asks of the push service comes to the sink of Open as
// requests to the party "push service", and each notification as a message of the kind notification: its name is the title, {"options"} the rest.
func (t *Tab) StandInForPush(ctx context.Context, o PushOptions) (*Push, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	s := t.session
	p := &Push{
		session: s, options: o, changed: make(chan struct{}), subscribed: map[string]bool{}, registered: map[string]serviceworker.RegistrationID{},
		versions: map[serviceworker.RegistrationID]*serviceworker.Version{}, ended: map[serviceworker.RegistrationID]int{}, workers: map[target.ID]*worker{},
	}
	s.mu.Lock()
	s.push = p
	s.mu.Unlock()
	setting := browser.PermissionSettingGranted
	if o.Denied {
		setting = browser.PermissionSettingDenied
	}
	permission := browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: "notifications"}, Setting: setting, BrowserContextID: s.contextID}
	patterns := []*fetch.RequestPattern{{URLPattern: "https://" + installationsHost + "/*"}, {URLPattern: "https://" + registrationsHost + "/*"}}
	observed := backgroundservice.ServiceNamePushMessaging
	err := together(
		func() error { return only(cdp.Call(ctx, s.process.browser, browser.SetPermission, permission)) },
		func() error { return only(call(ctx, s.life, s, fetch.Enable, fetch.EnableParams{Patterns: patterns})) },
		func() error { return only(call(ctx, s.life, s, serviceworker.Enable, cdp.Empty{})) },
		func() error {
			return only(call(ctx, s.life, s, backgroundservice.StartObserving, backgroundservice.StartObservingParams{Service: observed}))
		},
		func() error {
			return only(call(ctx, s.life, s, backgroundservice.SetRecording, backgroundservice.SetRecordingParams{Service: observed, ShouldRecord: true}))
		},
	)
	if err != nil {
		return nil, fmt.Errorf("stand in for pushes: %w", err)
	}
	return p, nil
}

// script has a page find the stand-in.
func (p *Push) script() string {
	raw, _ := json.Marshal(map[string]any{"endpoint": pushEndpoint + p.options.Token, "denied": p.options.Denied}) // Texts always marshal.
	return p.session.handed("globalThis === top && deskcheck.kit.standIn(" + string(raw) + ")")
}

// Deliver pushes a text to the workers of the page that have subscribed, and returns when they are done with it and the notifications that they have shown were told. Where none
// has subscribed nothing happens, as with a token that is given back: then delivered is false.
func (p *Push) Deliver(ctx context.Context, payload string) (delivered bool, err error) {
	p.session.mu.Lock()
	ended := p.session.push != p
	p.session.mu.Unlock()
	if ended {
		return false, fmt.Errorf("push to a page: %w", ErrReleased)
	}
	for _, scope := range p.scopes() {
		if err := p.deliver(ctx, scope, payload); err != nil {
			return delivered, fmt.Errorf("push to the worker of %s: %w", scope, err)
		}
		delivered = true
	}
	return delivered, nil
}

// scopes are those of the workers that have subscribed and are still there.
func (p *Push) scopes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []string
	for scope, on := range p.subscribed {
		if _, there := p.registered[scope]; on && there {
			found = append(found, scope)
		}
	}
	slices.Sort(found)
	return found
}

func (p *Push) deliver(ctx context.Context, scope, payload string) error {
	w, id, err := p.started(ctx, scope)
	if err != nil {
		return err
	}
	p.mu.Lock()
	before := p.ended[id]
	p.mu.Unlock()
	message := serviceworker.DeliverPushMessageParams{Origin: originOf(scope), RegistrationID: id, Data: payload}
	if _, err := call(ctx, p.session.life, p.session, serviceworker.DeliverPushMessage, message); err != nil {
		return err
	}
	bounded, cancel := bound.WithTimeout(ctx, pushBound)
	defer cancel()
	// A worker that is still busy with it has had its time.
	_ = p.wait(bounded, func() bool { return p.ended[id] > before })
	return p.notify(ctx, w)
}

// wait waits until something holds, which is asked with p.mu held.
func (p *Push) wait(ctx context.Context, holds func() bool) error {
	for {
		p.mu.Lock()
		ok, changed := holds(), p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-p.session.lost:
			return p.session.lostReason()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// started is the worker of a scope, once it runs and its notifications are recorded.
func (p *Push) started(ctx context.Context, scope string) (*worker, serviceworker.RegistrationID, error) {
	p.mu.Lock()
	id := p.registered[scope]
	p.mu.Unlock()
	if _, err := call(ctx, p.session.life, p.session, serviceworker.StartWorker, serviceworker.StartWorkerParams{ScopeURL: scope}); err != nil {
		return nil, id, err
	}
	var runs target.ID
	err := p.wait(ctx, func() bool {
		v := p.versions[id]
		if v == nil || v.RunningStatus != serviceworker.VersionRunningStatusRunning || v.TargetID == "" {
			return false
		}
		runs = v.TargetID
		return true
	})
	if err != nil {
		return nil, id, fmt.Errorf("it does not start: %w", err)
	}
	w, err := p.watch(ctx, runs)
	return w, id, err
}

// recordNotifications has a worker keep what it shows.
const recordNotifications = `{
	const shown = [];
	const { defineProperty } = Object;
	const { stringify } = JSON;
	const text = (value) => { try { return stringify(value) ?? null; } catch { return null; } };
	const showNotification = (title, options) => {
		shown[shown.length] = { title: String(title), options: text(options) };
		return Promise.resolve();
	};
	defineProperty(showNotification, 'name', { value: 'showNotification', configurable: true });
	defineProperty(ServiceWorkerRegistration.prototype, 'showNotification', { value: showNotification, writable: true, enumerable: true, configurable: true });
	defineProperty(Notification, 'permission', { value: 'granted', enumerable: true, configurable: true });
	defineProperty(self, '%s', { value: () => shown.splice(0) });
}`

// watch attaches to a worker, once.
func (p *Push) watch(ctx context.Context, id target.ID) (*worker, error) {
	if w := p.workers[id]; w != nil {
		return w, nil
	}
	w := &worker{}
	w.ctx, w.cancel = chromedp.NewContext(p.session.process.ctx, chromedp.WithTargetID(id))
	attached := make(chan error, 1)
	go func() { attached <- chromedp.Do(w.ctx) }() // As for a tab, its life is bound to the context of its first command.
	select {
	case err := <-attached:
		if err != nil {
			w.cancel()
			return nil, fmt.Errorf("watch a service worker: %w", err)
		}
	case <-ctx.Done():
		go w.cancel()
		return nil, fmt.Errorf("watch a service worker: %w", ctx.Err())
	}
	p.workers[id] = w
	if _, err := w.evaluate(ctx, fmt.Sprintf(recordNotifications, p.session.process.binding)); err != nil {
		return nil, fmt.Errorf("watch a service worker: %w", err)
	}
	return w, nil
}

func (w *worker) evaluate(ctx context.Context, js string) (json.RawMessage, error) {
	result, err := cdp.Call(ctx, chromedp.FromContext(w.ctx).Target, runtime.Evaluate, runtime.EvaluateParams{Expression: js, ReturnByValue: new(true)})
	if err != nil {
		return nil, err
	}
	if thrown := result.ExceptionDetails; thrown != nil {
		return nil, &ScriptError{Text: thrownText(thrown)}
	}
	return json.RawMessage(result.Result.Value), nil
}

// notify tells of the notifications that a worker has shown.
func (p *Push) notify(ctx context.Context, w *worker) error {
	bounded, cancel := bound.WithTimeout(ctx, pushBound)
	defer cancel()
	raw, err := w.evaluate(bounded, "self['"+p.session.process.binding+"']()")
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil // It loops, and shows nothing.
	}
	if err != nil {
		return fmt.Errorf("read what it has shown: %w", err)
	}
	var shown []struct{ Title, Options string }
	if err := json.Unmarshal(raw, &shown); err != nil {
		return fmt.Errorf("read what it has shown: %w", err)
	}
	for _, n := range shown {
		m := Message{Kind: "notification", Name: n.Title, From: "page", To: "user", Note: "shown by a service worker", At: time.Now()}
		if json.Valid([]byte(n.Options)) {
			m.Data = payload(map[string]any{"options": json.RawMessage(n.Options)})
		}
		p.session.tell(m)
	}
	return nil
}

// hearPush takes an event of the browser in that is about pushes; others it leaves alone.
func (s *session) hearPush(event any) {
	s.mu.Lock()
	p := s.push
	s.mu.Unlock()
	if p == nil {
		return
	}
	switch e := event.(type) {
	case *fetch.EventRequestPaused:
		go p.serve(e)
	case *serviceworker.EventWorkerRegistrationUpdated:
		p.learn(func() {
			for _, r := range e.Registrations {
				if !r.IsDeleted {
					p.registered[r.ScopeURL] = r.RegistrationID
				} else if p.registered[r.ScopeURL] == r.RegistrationID {
					delete(p.registered, r.ScopeURL)
				}
			}
		})
	case *serviceworker.EventWorkerVersionUpdated:
		p.learn(func() {
			for _, v := range e.Versions {
				p.versions[v.RegistrationID] = v
			}
		})
	case *backgroundservice.EventBackgroundServiceEventReceived:
		if e.BackgroundServiceEvent.EventName == "Push event completed" {
			p.learn(func() { p.ended[e.BackgroundServiceEvent.ServiceWorkerRegistrationID]++ })
		}
	}
}

// learn changes what is known.
func (p *Push) learn(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	close(p.changed)
	p.changed = make(chan struct{})
}

// subscribes is told by a page that its worker is to be pushed to, or no longer.
func (s *session) subscribes(data json.RawMessage) {
	s.mu.Lock()
	p := s.push
	s.mu.Unlock()
	var said struct {
		Scope string
		On    bool
	}
	if p == nil || json.Unmarshal(data, &said) != nil {
		return
	}
	p.learn(func() { p.subscribed[said.Scope] = said.On })
}

// serve answers a request to the push service as Firebase does.
func (p *Push) serve(e *fetch.EventRequestPaused) {
	address, err := url.Parse(e.Request.URL)
	if err != nil {
		address = &url.URL{Path: e.Request.URL}
	}
	p.tell(e.Request, address)
	if err := p.answer(e, address); err != nil && p.session.life.Err() == nil {
		p.session.process.logf("answer in the name of the push service: %v", err)
	}
}

func (p *Push) tell(r *network.Request, address *url.URL) {
	if r.Method == http.MethodOptions {
		return // The browser's own question.
	}
	var body []byte
	for _, part := range r.PostDataEntries {
		body = append(body, part.Bytes...)
	}
	p.session.inbox.put(func() {
		p.session.tell(Message{
			Kind: "request", Name: r.Method + " " + address.Path, From: "page", To: "push service", At: time.Now(),
			Data: payload(map[string]any{"host": "https://" + address.Host, "method": r.Method, "path": address.Path, "body": recorded(body)}),
		})
	})
}

func (p *Push) answer(e *fetch.EventRequestPaused, address *url.URL) error {
	ctx, s := context.Background(), p.session
	if p.options.Unreachable && e.Request.Method != http.MethodOptions {
		return only(call(ctx, s.life, s, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonInternetDisconnected}))
	}
	answer := fetch.FulfillRequestParams{RequestID: e.RequestID, ResponseCode: 200, ResponseHeaders: []*fetch.HeaderEntry{
		{Name: "Access-Control-Allow-Origin", Value: "*"}, {Name: "Access-Control-Allow-Headers", Value: "*"}, {Name: "Access-Control-Allow-Methods", Value: "GET, POST, PATCH, DELETE"},
		{Name: "Content-Type", Value: "application/json"},
	}}
	if e.Request.Method != http.MethodOptions {
		answer.Body = p.body(e.Request.Method, address)
	}
	return only(call(ctx, s.life, s, fetch.FulfillRequest, answer))
}

// body is what the push service says to a request.
func (p *Push) body(method string, address *url.URL) []byte {
	said := map[string]any{}
	auth := map[string]string{"token": "installation-token", "expiresIn": "604800s"}
	switch {
	case method == http.MethodDelete:
	case address.Host == registrationsHost:
		said = map[string]any{"token": p.options.Token}
	case strings.HasSuffix(address.Path, "/authTokens:generate"):
		said = map[string]any{"token": auth["token"], "expiresIn": auth["expiresIn"]}
	default:
		said = map[string]any{"name": path.Join(address.Path, "installation"), "fid": "dGhlLWtpdHMtZGV2aWNlLg", "refreshToken": "refresh-token", "authToken": auth}
	}
	raw, _ := json.Marshal(said) // Texts always marshal.
	return raw
}

// endPush ends what StandInForPush has begun, with the workers of the page; without it nothing is done.
func (s *session) endPush(ctx context.Context) error {
	s.mu.Lock()
	p := s.push
	s.push = nil
	s.mu.Unlock()
	if p == nil {
		return nil
	}
	p.unwatch()
	return errors.Join(
		together(
			func() error {
				return only(cdp.Call(ctx, s.process.browser, browser.ResetPermissions, browser.ResetPermissionsParams{BrowserContextID: s.contextID}))
			},
			func() error { return only(call(ctx, s.life, s, fetch.Disable, cdp.Empty{})) },
			func() error {
				return only(call(ctx, s.life, s, backgroundservice.StopObserving, backgroundservice.StopObservingParams{Service: backgroundservice.ServiceNamePushMessaging}))
			},
			func() error { return s.clear(ctx, p.origin(), "service_workers") },
		),
		only(call(ctx, s.life, s, serviceworker.Disable, cdp.Empty{})),
	)
}

// unwatch lets go of the workers.
func (p *Push) unwatch() {
	for _, w := range p.workers {
		w.cancel()
	}
}

// origin is that of the page.
func (p *Push) origin() string {
	p.session.mu.Lock()
	defer p.session.mu.Unlock()
	return p.session.previous
}
