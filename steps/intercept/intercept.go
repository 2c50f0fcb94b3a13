// Package intercept brings a connector that has the hosts of Talkdesk written into it to the mock: through a proxy, by names that were made to lead here, or by base URLs where the
// connector has some to set. What it leads to can be changed from scenario to scenario.
package intercept

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"deskcheck/mockdesk/edge"
)

// Mode says how a connector is brought to the mock.
type Mode string

// The modes. Names that are none of Talkdesk's lead nowhere in ByProxy and ByName, and that is told.
const (
	// ByProxy is for a connector that honours HTTPS_PROXY and trusts a certificate authority that it is told of.
	ByProxy Mode = "proxy"
	// ByName is for one whose names lead here already: by a hosts file, or by a container's DNS. It trusts the authority as well.
	ByName Mode = "dns"
	// ByURL is for one that takes base URLs; nothing is encrypted.
	ByURL Mode = "override"
)

// Modes are the modes, the one that wants least of a connector first.
func Modes() []Mode { return []Mode{ByProxy, ByURL, ByName} }

// Options say how to intercept.
type Options struct {
	Mode Mode
	// Identity, API and Storage are the host names of Talkdesk, such as "acme.talkdeskid.com".
	Identity, API, Storage string
	// Listen is where to listen, such as "127.0.0.1:8443": the proxy, the names (ByName, which needs it), or the first of three ports in a row for the base URLs. Empty for free ports
	// of 127.0.0.1.
	Listen string
	// Authority issues the certificates; nil for one of its own. Untrusted has them issued by another one, of which nobody is told: a connector that checks certificates sends nothing.
	Authority *edge.Authority
	Untrusted bool
}

// Heard is told of what a connector does that never reaches Talkdesk. Each function may be nil; they are called from several goroutines and must not call the Intercept.
type Heard struct {
	// Refused hears of each request for a name that leads nowhere, as edge.Refusal tells it.
	Refused func(address string)
	// Unsafe hears of each connection to a name whose encryption did not come about, when that was begun, and why not: the connector did not trust the certificate, most of all. Whoever has called
	// may have told others by then.
	Unsafe func(name string, began time.Time, why error)
}

// Intercept is the way from one connector to Talkdesk. Its methods are safe for use by many goroutines. Open one, and Close it.
type Intercept struct {
	options   Options
	dir, ca   string
	addresses [3]string
	// proxy is the edge of ByProxy, listeners are all others.
	proxy     *edge.Edge
	listeners []net.Listener
	// inner is where links lead that are opened through Transport.
	inner net.Listener
	links http.Transport
	work  sync.WaitGroup

	mu      sync.Mutex
	current *lead
	closed  bool
	// conns are the connections that no target has taken in yet.
	conns map[net.Conn]struct{}
}

// lead is where an Intercept leads.
type lead struct {
	to    edge.Desk
	heard Heard
}

// The places of the three services in a row.
const (
	identity = iota
	api
	storage
)

// Open begins to intercept. Everything is turned away until Lead is called. The error names the address that cannot be listened at, or what is missing.
func Open(o Options) (*Intercept, error) {
	i := &Intercept{options: o, conns: map[net.Conn]struct{}{}}
	err := i.open()
	if err != nil {
		_ = i.Close() // There is little to close, and nobody has come.
		return nil, err
	}
	return i, nil
}

func (i *Intercept) open() error {
	var err error
	if i.inner, err = i.listen("127.0.0.1:0"); err != nil {
		return err
	}
	i.serve(i.inner, i.plain)
	i.links.DialContext, i.links.DialTLSContext = i.dialer((&net.Dialer{}).DialContext), i.dialer((&tls.Dialer{}).DialContext)
	if i.options.Mode == ByURL {
		return i.byURL()
	}
	hosts := i.hosts()
	for n, host := range hosts {
		i.addresses[n] = "https://" + host
	}
	issuer := i.options.Authority
	if issuer == nil {
		if issuer, err = edge.NewAuthority(); err != nil {
			return err
		}
	}
	if err = i.tell(issuer); err != nil {
		return err
	}
	if i.options.Untrusted {
		if issuer, err = edge.NewAuthority(); err != nil {
			return err
		}
	}
	switch i.options.Mode {
	case ByProxy:
		return i.byProxy(issuer)
	case ByName:
		return i.byName(issuer)
	default:
		return fmt.Errorf("there is no way to intercept called %q; there are %q", i.options.Mode, Modes())
	}
}

func (i *Intercept) hosts() []string {
	return []string{i.options.Identity, i.options.API, i.options.Storage}
}

// tell writes the authority's certificate where the connector can be told of it.
func (i *Intercept) tell(a *edge.Authority) error {
	var err error
	if i.dir, err = os.MkdirTemp("", "deskcheck-authority-"); err != nil {
		return fmt.Errorf("make a folder for the certificate that the connector is to trust: %w", err)
	}
	i.ca = filepath.Join(i.dir, "ca.pem")
	if err := os.WriteFile(i.ca, a.PEM(), 0o600); err != nil {
		return fmt.Errorf("write the certificate that the connector is to trust: %w", err)
	}
	return nil
}

// byProxy listens as a proxy.
func (i *Intercept) byProxy(issuer *edge.Authority) error {
	names := make([]edge.Name, 0, len(i.hosts()))
	for _, host := range i.hosts() {
		name, err := edge.ParseName(host)
		if err != nil {
			return fmt.Errorf("the host %q: %w", host, err)
		}
		names = append(names, name)
	}
	address := i.options.Listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	var err error
	if i.proxy, err = edge.OpenAt(issuer, names, address); err != nil {
		return err
	}
	return nil
}

// adopter is what an edge leads to.
type adopter func(net.Conn)

// Adopt takes a connection.
func (a adopter) Adopt(conn net.Conn) { a(conn) }

// byName listens for encrypted connections, and tells by the name that each asks for whose it is.
func (i *Intercept) byName(issuer *edge.Authority) error {
	if i.options.Listen == "" {
		return errors.New("where names lead here it must be said where to listen, such as 127.0.0.1:443")
	}
	listener, err := i.listen(i.options.Listen)
	if err != nil {
		return err
	}
	config := issuer.Server(func(name string) error {
		if slices.Contains(i.hosts(), name) {
			return nil
		}
		i.refuses("https://" + name)
		return refusedName(name)
	})
	i.serve(listener, func(conn net.Conn) { i.shake(tls.Server(conn, config)) })
	return nil
}

// refusedName is the error of a handshake for a name that leads nowhere, which is no matter of trust.
type refusedName string

// Error names it.
func (n refusedName) Error() string { return fmt.Sprintf("%q leads nowhere in this run", string(n)) }

// byURL listens once for each service.
func (i *Intercept) byURL() error {
	host, first := "127.0.0.1", 0
	if at := i.options.Listen; at != "" {
		var err error
		if host, first, err = splitPort(at); err != nil {
			return err
		}
	}
	for n := range i.addresses {
		port := first
		if first > 0 {
			port += n
		}
		listener, err := i.listen(net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return err
		}
		i.addresses[n] = "http://" + reached(listener.Addr().String())
		i.serve(listener, i.plain)
	}
	return nil
}

// splitPort reads an address to listen at.
func splitPort(address string) (string, int, error) {
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no address to listen at, such as 127.0.0.1:9090: %w", address, err)
	}
	port, err := strconv.Atoi(digits)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no address to listen at: %s is no port", address, digits)
	}
	return host, port, nil
}

// reached is where to connect to reach what listens at an address, which may be all of the machine's.
func reached(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

func (i *Intercept) listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the kit cannot listen at %s for the connector: %w", address, err)
	}
	i.listeners = append(i.listeners, listener)
	return listener, nil
}

// shortage is how long to wait when a connection could not be accepted, as when files are short for a moment.
const shortage = 5 * time.Millisecond

// serve takes connections in until the listener is closed.
func (i *Intercept) serve(listener net.Listener, take func(net.Conn)) {
	i.work.Go(func() {
		for {
			conn, err := listener.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil:
				<-time.After(shortage)
			default:
				i.work.Go(func() { take(conn) })
			}
		}
	})
}

// Lead has the connector find a Talkdesk from now on, and no other that it found before: what is on its way is dropped. heard is told of what never gets there.
func (i *Intercept) Lead(to edge.Desk, heard Heard) {
	i.turn(nil)
	if i.proxy != nil {
		i.proxy.Lead(adopter(func(conn net.Conn) { i.work.Go(func() { i.shake(conn) }) }), func(r edge.Refusal) { i.refuses(r.Address) })
	}
	i.turn(&lead{to: to, heard: heard})
}

// Leave has the connector find nothing, as before the first Lead. What a Talkdesk has taken in is its own to close.
func (i *Intercept) Leave() {
	i.turn(nil)
	if i.proxy != nil {
		i.proxy.Leave()
	}
}

func (i *Intercept) turn(to *lead) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current = to
	for conn := range i.conns {
		_ = conn.Close() // Whoever serves it takes it off the list.
	}
}

// enter notes a new connection, and gives where it will lead; nil if nowhere, and it is closed then.
func (i *Intercept) enter(conn net.Conn) *lead {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil || i.closed {
		_ = conn.Close()
		return nil
	}
	i.conns[conn] = struct{}{}
	return i.current
}

// leave takes a connection off the list, and says whether it still leads to where it did when it came.
func (i *Intercept) leave(conn net.Conn, to *lead) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.conns, conn)
	return i.current == to
}

// plain hands a connection over as it is.
func (i *Intercept) plain(conn net.Conn) {
	to := i.enter(conn)
	if to == nil {
		return
	}
	if !i.leave(conn, to) {
		_ = conn.Close()
		return
	}
	to.to.Adopt(conn)
}

// handshake is how long a client may take to agree on the encryption.
const handshake = 10 * time.Second

// shake agrees on the encryption of a connection, if it has any, and hands it over. That is done here and not where requests are read, because what comes of it says whether the
// connector checks certificates.
func (i *Intercept) shake(conn net.Conn) {
	encrypted, is := conn.(*tls.Conn)
	if !is {
		i.plain(conn)
		return
	}
	to := i.enter(conn)
	if to == nil {
		return
	}
	began := time.Now()
	_ = conn.SetDeadline(began.Add(handshake)) // A connection that cannot have one is gone, as the handshake will tell.
	err := encrypted.Handshake()
	_ = conn.SetDeadline(time.Time{})
	switch stays := i.leave(conn, to); {
	case err != nil && stays:
		i.unsafe(to, encrypted, began, err)
		_ = conn.Close()
	case !stays:
		_ = conn.Close()
	default:
		to.to.Adopt(conn)
	}
}

// unsafe tells of a connection that was not to be.
func (i *Intercept) unsafe(to *lead, conn *tls.Conn, began time.Time, err error) {
	if _, refused := errors.AsType[refusedName](err); !refused && to.heard.Unsafe != nil {
		to.heard.Unsafe(conn.ConnectionState().ServerName, began, err)
	}
}

// refuses tells of a name that leads nowhere.
func (i *Intercept) refuses(address string) {
	i.mu.Lock()
	to := i.current
	i.mu.Unlock()
	if to != nil && to.heard.Refused != nil {
		to.heard.Refused(address)
	}
}

// Identity is the base URL by which the connector finds the identity server.
func (i *Intercept) Identity() string { return i.addresses[identity] }

// API is that of the API.
func (i *Intercept) API() string { return i.addresses[api] }

// Storage is that of where files are stored.
func (i *Intercept) Storage() string { return i.addresses[storage] }

// Values are what the connector can be told, by the names of package connector: identity, api, storage, and as far as the mode has them proxy and ca.
func (i *Intercept) Values() map[string]string {
	values := map[string]string{"identity": i.Identity(), "api": i.API(), "storage": i.Storage()}
	if i.ca != "" {
		values["ca"] = i.ca
	}
	if i.proxy != nil {
		values["proxy"] = "http://" + reached(i.proxy.Addr())
	}
	return values
}

// Environment is what has a process use the proxy and trust the authority by itself, by the variables that runtimes and clients commonly heed. It is empty for ByURL.
func (i *Intercept) Environment() map[string]string {
	all := map[string]string{}
	for variable, name := range map[string]string{
		"HTTPS_PROXY": "proxy", "https_proxy": "proxy", "SSL_CERT_FILE": "ca", "NODE_EXTRA_CA_CERTS": "ca", "REQUESTS_CA_BUNDLE": "ca", "CURL_CA_BUNDLE": "ca",
	} {
		if value := i.Values()[name]; value != "" {
			all[variable] = value
		}
	}
	if i.proxy != nil {
		maps.Copy(all, map[string]string{"NODE_USE_ENV_PROXY": "1"})
	}
	return all
}

// Transport reaches the services by the addresses that the connector knows them by, and everything else as it is, for an end user who opens a link. It lasts as long as the Intercept.
func (i *Intercept) Transport() http.RoundTripper { return &i.links }

// dialer gives what connects for Transport: the services are near, and take connections as they are.
func (i *Intercept) dialer(otherwise func(ctx context.Context, network, address string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, err := net.SplitHostPort(address); err == nil && slices.Contains(i.hosts(), strings.ToLower(host)) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", i.inner.Addr().String())
		}
		return otherwise(ctx, network, address)
	}
}

// Close ends what listens, with all that is on its way, and removes the files. Closing again does nothing.
func (i *Intercept) Close() error {
	i.mu.Lock()
	i.closed = true
	i.mu.Unlock()
	i.Leave()
	i.links.CloseIdleConnections()
	for _, listener := range i.listeners {
		_ = listener.Close() // What one says that is closed already is of no use.
	}
	var err error
	if i.proxy != nil {
		err = i.proxy.Close()
	}
	i.work.Wait()
	if i.dir != "" {
		err = errors.Join(err, os.RemoveAll(i.dir))
	}
	return err
}
