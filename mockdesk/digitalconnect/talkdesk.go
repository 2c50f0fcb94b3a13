package digitalconnect

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/digitalconnect/files"
	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/webhook"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

// The parties of the journal, beside journal.Connector, journal.Agent and journal.Kit.
const (
	Identity = journal.Party(rules.Identity) // the identity server
	API      = journal.Party(rules.API)      // the REST API
	Storage  = journal.Party(rules.Storage)  // where files are
	Webhook  = journal.Party(rules.Webhook)  // the sender of events
)

// What keeps an act at the agent's side from being done. Errors of this package wrap one of these.
var (
	// ErrClosed says that the mock was closed.
	ErrClosed = errors.New("the mock is closed")
	// ErrOver says that the conversation has ended.
	ErrOver = errors.New("the conversation has ended")
	// ErrInactive says that the touchpoint is inactive (DC-TOUCH-01).
	ErrInactive = errors.New("the touchpoint is inactive")
	// ErrRefused says that the touchpoint does not allow the file (DC-TOUCH-04 to DC-TOUCH-06).
	ErrRefused = errors.New("the touchpoint does not allow it")
	// ErrUnknown says that there is no such touchpoint or integration in the account.
	ErrUnknown = errors.New("the account has no such thing")
)

// Addresses are the base URLs by which a connector reaches Talkdesk: a scheme, a host, and a port unless it is that of the scheme. Where all three are the same, the path of a request tells whom it is for,
// and its host tells nothing.
type Addresses struct{ Identity, API, Storage string }

// defaultStorage is where the storage is if nothing else was said: no document says where it is in life.
const defaultStorage = "https://attachments.storage.test"

// Options are what a mock is made with. Only the account is needed.
type Options struct {
	// Account is what was set up. It is not changed.
	Account *Account
	// Journal receives every crossing; nil records nothing. Its observer is called while the mock is locked, so it must not call the mock.
	Journal *journal.Journal
	// Clock is what lives of tokens and links and the ceiling of executions go by; nil is the time of the machine.
	Clock mockdesk.Clock
	// Addresses are what the connector calls; what is empty has the real name of the account's region.
	Addresses Addresses
	// Transport carries webhooks; nil is one of the mock's own.
	Transport http.RoundTripper
	// Tokens are what was issued, which several mocks may share that one connector calls in turn; nil is the mock's own.
	Tokens *Tokens
	// Touchpoint is the id that the connector is configured with, by which DC-CONV-02 is judged; empty is unknown.
	Touchpoint string
	// Refusing, if set, is called before an operation is refused, by its name; the refusal goes out when it comes back. The kit waits there until the user's side shows what it shows of the request itself.
	Refusing func(operation string)
	// Users is how many end users take part, by which some rules can tell what is too much; 0 is unknown.
	Users int
}

// Talkdesk is a running mock of one account: identity server, API, storage, webhooks, and the agents' side. Its methods are safe for use by many goroutines. Make one with New, and Close it.
type Talkdesk struct {
	account   *Account
	settings  Settings
	addresses Addresses
	hosts     map[string]journal.Party
	// shared says that all three are at one address.
	shared   bool
	clock    mockdesk.Clock
	journal  *journal.Journal
	tokens   *Tokens
	plan     *fault.Plan
	judge    *rules.Judge
	store    *files.Store
	sender   *webhook.Sender
	refusing func(operation string)
	hidden   *hidden
	started  time.Time

	done   chan struct{}
	conns  chan net.Conn
	server *http.Server
	work   sync.WaitGroup

	mu            sync.Mutex
	closed        bool
	err           error
	conversations []*Conversation
	byID          map[string]*Conversation
	keys          map[string]*kept
	assertions    map[string]time.Time
	// failFiles is why the next message is taken with 206, empty for one that is not.
	failFiles string
	// inactive are the touchpoints that take no conversations now.
	inactive map[string]bool
	// requests are the events that are on their way, by their deliveries.
	requests map[*webhook.Delivery]*sent
}

// New makes a mock without conversations. The error names what is wrong with the options.
func New(o Options) (*Talkdesk, error) {
	if o.Account == nil {
		return nil, errors.New("a mock of Talkdesk needs an account; parse one with ParseAccount")
	}
	a := o.Account.Clone()
	t := &Talkdesk{
		account: a, settings: a.Settings.filled(), clock: o.Clock, journal: o.Journal, tokens: o.Tokens, hidden: &hidden{}, started: time.Now(), done: make(chan struct{}), conns: make(chan net.Conn),
		byID: map[string]*Conversation{}, keys: map[string]*kept{}, assertions: map[string]time.Time{}, inactive: map[string]bool{}, requests: map[*webhook.Delivery]*sent{},
	}
	if t.clock == nil {
		t.clock = mockdesk.NewAdvancingClock()
	}
	if t.journal == nil {
		t.journal = journal.NewBounded(1)
	}
	if t.tokens == nil {
		t.tokens = NewTokens()
	}
	if err := t.address(o.Addresses); err != nil {
		return nil, err
	}
	for _, one := range a.Touchpoints {
		t.inactive[one.ID] = one.Status != StatusActive
	}
	t.refusing = func(string) {}
	if o.Refusing != nil {
		t.refusing = o.Refusing
	}
	t.plan = fault.NewPlan(t.clock, t.notePlayed)
	t.judge = rules.New(t.about(o))
	t.hide(o)
	var err error
	if t.store, err = t.newStore(); err != nil {
		return nil, err
	}
	t.sender = webhook.New(webhook.Options{Transport: o.Transport, Clock: t.clock, Ceiling: t.settings.ActionsPerSecond, Sending: t.sending, Heard: t.heard})
	t.server = &http.Server{Handler: t, ReadHeaderTimeout: time.Minute}
	t.work.Go(func() { _ = t.server.Serve(adopted{t}) }) // it ends with the mock
	return t, nil
}

// address fills in and checks the addresses.
func (t *Talkdesk) address(given Addresses) error {
	identity, api, known := rules.Hosts(t.account.Name, t.account.Region)
	if !known {
		return fmt.Errorf("there is no region %q; use one of %s", t.account.Region, strings.Join(rules.Regions(), ", "))
	}
	t.addresses = Addresses{
		Identity: cmp.Or(given.Identity, "https://"+identity), API: cmp.Or(given.API, "https://"+api), Storage: cmp.Or(given.Storage, defaultStorage),
	}
	t.hosts = map[string]journal.Party{}
	t.shared = t.addresses.Identity == t.addresses.API && t.addresses.API == t.addresses.Storage
	for _, one := range []struct {
		party   journal.Party
		address *string
	}{{Identity, &t.addresses.Identity}, {API, &t.addresses.API}, {Storage, &t.addresses.Storage}} {
		u, err := url.Parse(*one.address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return fmt.Errorf("the address %q of %s is not a scheme and a host; use one such as http://127.0.0.1:9080", *one.address, one.party)
		}
		*one.address = u.Scheme + "://" + u.Host
		host := withoutPort(u.Host)
		if other, taken := t.hosts[host]; taken && !t.shared {
			return fmt.Errorf("%s and %s are both at %s; give each a host of its own, or all three the same", other, one.party, host)
		}
		t.hosts[host] = one.party
	}
	return nil
}

// party is whom a request is for, empty for none.
func (t *Talkdesk) party(r *http.Request) journal.Party {
	switch path := r.URL.EscapedPath(); {
	case !t.shared:
		return t.hosts[withoutPort(r.Host)]
	case strings.HasPrefix(path, "/oauth/"):
		return Identity
	case strings.HasPrefix(path, "/uploads/"), strings.HasPrefix(path, "/downloads/"):
		return Storage
	}
	return API
}

// withoutPort is a host in lower case, without a port that goes without saying.
func withoutPort(host string) string {
	host = strings.ToLower(host)
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
}

// about is what the judge is to know.
func (t *Talkdesk) about(o Options) rules.About {
	about := t.account.About()
	about.TokenURLs, about.Touchpoint, about.SeesStorage, about.Users = t.tokenURLs(), o.Touchpoint, true, o.Users
	if identity, _, _ := rules.Hosts(t.account.Name, t.account.Region); t.hosts[identity] != Identity {
		about.Account, about.Region = "", ""
	}
	return about
}

// tokenURLs are the addresses of the token operation: the real one, and the one by which the connector reaches it.
func (t *Talkdesk) tokenURLs() []string {
	return slices.Compact(append(t.account.About().TokenURLs, t.addresses.Identity+rules.TokenPath))
}

// About is what a judge can know from the account alone: its name and region, its clients, the names of touchpoints and arguments, the webhook if there is one integration, and the touchpoint if there
// is one.
func (a *Account) About() rules.About {
	about := rules.About{Account: a.Name, Region: a.Region}
	if identity, _, known := rules.Hosts(a.Name, a.Region); known {
		about.TokenURLs = []string{"https://" + identity + rules.TokenPath}
	}
	for _, c := range a.Clients {
		one := rules.Client{ID: c.ID, Scopes: c.Scopes, Keys: c.keys()}
		if c.Secret != "" {
			one.Secrets = []string{c.Secret}
		}
		about.Clients = append(about.Clients, one)
	}
	for _, one := range a.Touchpoints {
		if one.FriendlyName != "" {
			about.FriendlyNames = append(about.FriendlyNames, one.FriendlyName)
		}
	}
	if len(a.Touchpoints) == 1 {
		about.Touchpoint = a.Touchpoints[0].ID
	}
	for _, f := range a.Flows {
		about.Arguments = append(about.Arguments, names(f.Arguments, func(a Argument) string { return a.Name })...)
	}
	// With several integrations there is no one webhook to judge by.
	if len(a.Integrations) == 1 {
		target := a.Integrations[0].target(a.Settings.filled().ActionTimeout)
		about.Hook = rules.Hook{URL: target.BaseURL, Auth: string(target.Auth.Type), User: target.Auth.User, Secret: target.Auth.Secret, Header: target.Auth.Header, Timeout: target.Timeout}
	}
	return about
}

// keys are the public keys of a client by kid.
func (o *Client) keys() map[string]string {
	all := map[string]string{}
	for _, k := range o.Keys {
		all[k.ID] = k.PublicKey
	}
	return all
}

// Faults are what goes wrong at the identity server, the API and the storage, by operation: those of Operations.
func (t *Talkdesk) Faults() *fault.Plan { return t.plan }

// Addresses are those by which the connector reaches the mock.
func (t *Talkdesk) Addresses() Addresses { return t.addresses }

// Err is the first mistake of the mock's own, such as an event that is not as its schema has it, nil if there was none: the run tells nothing about the connector then.
func (t *Talkdesk) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Judgement is what all exchanges together show, for when the run is over: each breach is also recorded.
func (t *Talkdesk) Judgement() []rules.Breach {
	found := t.judge.End()
	t.violations(found, 0, "", "judgement")
	return found
}

// Adopt serves a connection that someone else has accepted, in the clear or as a *tls.Conn, and closes it; a mock that is closed closes it at once.
func (t *Talkdesk) Adopt(conn net.Conn) {
	select {
	case t.conns <- conn:
	case <-t.done:
		_ = conn.Close()
	}
}

// adopted is the listener of connections that are handed over.
type adopted struct{ t *Talkdesk }

// Accept gives the next connection that is handed over.
func (a adopted) Accept() (net.Conn, error) {
	select {
	case conn := <-a.t.conns:
		return conn, nil
	case <-a.t.done:
		return nil, net.ErrClosed
	}
}

// Close does nothing: the mock's own end is that of the listener.
func (a adopted) Close() error { return nil }

// Addr is nowhere: who hands connections over has accepted them somewhere.
func (a adopted) Addr() net.Addr { return &net.TCPAddr{} }

// Close ends deliveries and connections, and returns when nothing of the mock is left running. Closing again does nothing.
func (t *Talkdesk) Close() {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		t.work.Wait()
		return
	}
	t.closed = true
	close(t.done)
	t.mu.Unlock()
	t.sender.Close()
	_ = t.server.Close() // what it says of connections is of no use any more
	t.work.Wait()
}

// enter counts a request; false says that the mock is closed.
func (t *Talkdesk) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.work.Add(1)
	return true
}
