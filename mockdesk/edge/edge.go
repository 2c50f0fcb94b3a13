// Package edge is the network that a tab sees, or a process: a proxy under which chosen names lead to a scenario's own desk, with certificates of an authority that was made for
// the run, and all others lead nowhere. So an integration that has the vendor's hosts written into it can be certified as it ships.
//
// The edge ends what is the network's part (the tunnel, the encryption) no further than it must: the desk is given the client's own connection. What the desk does to a
// connection (it cuts it, or leaves it without an answer) therefore happens to the client's, and the desk sees at once when the client goes.
package edge

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	portHTTP  = 80
	portHTTPS = 443
	// longestLine is how long the first line of a request may be, in bytes: longer than an address that a browser sends.
	longestLine = 64 << 10
	// handshake is how a TLS client's first byte is known (RFC 8446, section 5.1).
	handshake = 22
	// shortage is how long the edge waits when it could not accept a connection, as when files are short for a moment.
	shortage = 5 * time.Millisecond
)

// Desk takes connections in; *mockdesk.Desk is one.
type Desk interface {
	// Adopt serves a connection, which is the desk's from then on.
	Adopt(conn net.Conn)
}

// Refusal is a request for a name that leads nowhere.
type Refusal struct {
	// Address is what was asked for, as far as the edge can know it: "https://telemetry.example" where the request itself is encrypted, "http://telemetry.example/beat"
	// without its query where it is not, "telemetry.example:8443" where the port does not tell the scheme.
	Address string
}

// Edge is one proxy, for one tab or one process. Its methods are safe for use by many goroutines. Open one, and Close it.
type Edge struct {
	authority *Authority
	names     []Name
	listener  net.Listener
	work      sync.WaitGroup

	// done is closed by Close.
	done chan struct{}

	mu      sync.Mutex
	current *lead
	// conns are the connections that no desk has taken in yet.
	conns map[net.Conn]struct{}
}

// lead is where an edge leads.
type lead struct {
	desk    Desk
	refused func(Refusal)
}

// Open starts an edge for some names on a free port of 127.0.0.1. It refuses everything until Lead is called. The error is that of net.Listen.
func Open(authority *Authority, names []Name) (*Edge, error) {
	return OpenAt(authority, names, "127.0.0.1:0")
}

// OpenAt is Open at an address of the caller's, such as "127.0.0.1:8888".
func OpenAt(authority *Authority, names []Name, address string) (*Edge, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the edge cannot listen at %s: %w", address, err)
	}
	e := &Edge{authority: authority, names: slices.Clone(names), listener: listener, done: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	e.work.Go(e.accept)
	return e, nil
}

// Addr is where the proxy listens, such as "127.0.0.1:40125".
func (e *Edge) Addr() string { return e.listener.Addr().String() }

// Names are those that lead to the desk.
func (e *Edge) Names() []Name { return slices.Clone(e.names) }

// Lead has the names lead to a desk from now on, and to no other that they led to before: what is on its way through the edge is dropped. refused hears of every request for
// another name, before it is answered, from several goroutines; it must not call the edge.
func (e *Edge) Lead(desk Desk, refused func(Refusal)) {
	e.Leave()
	e.flush()
	e.turn(&lead{desk: desk, refused: refused})
}

// flush returns when every client is dropped that had connected before and was still waiting to be accepted: clients are accepted in the order in which they came, so one more
// is sent after them, and comes to its end as they did.
func (e *Edge) flush() {
	last, err := net.Dial("tcp", e.Addr())
	if err != nil {
		return // The edge is closed, and nobody waits.
	}
	_, _ = last.Read(make([]byte, 1)) // the end is all that comes
	_ = last.Close()
}

// Leave has the names lead nowhere, as before the first Lead. What a desk has taken in is the desk's to close.
func (e *Edge) Leave() { e.turn(nil) }

func (e *Edge) turn(to *lead) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current = to
	for conn := range e.conns {
		_ = conn.Close() // whoever serves it takes it off the list
	}
}

// Close ends the edge with all that is on its way through it, and returns when its goroutines have ended. Closing again does nothing. The error is always nil.
func (e *Edge) Close() error {
	e.mu.Lock()
	select {
	case <-e.done:
	default:
		close(e.done)
	}
	e.mu.Unlock()
	e.Leave()
	// What a listener says that is closed already is of no use.
	_ = e.listener.Close()
	e.work.Wait()
	return nil
}

func (e *Edge) accept() {
	for {
		conn, err := e.listener.Accept()
		if err != nil {
			select {
			case <-e.done:
				return
			case <-time.After(shortage):
				continue
			}
		}
		if to := e.enter(conn); to != nil {
			e.work.Go(func() { e.serve(conn, to) })
		}
	}
}

// enter notes a new connection and tells where it will lead; nil if nowhere, and it is closed then: the page that asks belongs to no scenario.
func (e *Edge) enter(conn net.Conn) *lead {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == nil {
		_ = conn.Close()
		return nil
	}
	e.conns[conn] = struct{}{}
	return e.current
}

// leave takes a connection off the list, and tells whether it may still be led to where it was when it came.
func (e *Edge) leave(conn net.Conn, to *lead) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.conns, conn)
	return e.current == to
}

// serve leads one connection to the desk, or refuses it.
func (e *Edge) serve(conn net.Conn, to *lead) {
	arrived, refusal, err := e.receive(conn)
	if refusal != nil && e.leads(to) {
		to.refused(*refusal)
		refuse(conn, http.StatusForbidden, refusal.Address+" leads nowhere in this run")
	}
	if !e.leave(conn, to) || refusal != nil || err != nil {
		_ = conn.Close()
		return
	}
	to.desk.Adopt(arrived)
}

func (e *Edge) leads(to *lead) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current == to
}

// receive reads what a client of the proxy asks for and gives the connection from where the desk is to read it, or says what is refused. An error says that the client
// has gone, or does not speak to a proxy; it has been answered.
func (e *Edge) receive(conn net.Conn) (net.Conn, *Refusal, error) {
	reader := bufio.NewReaderSize(conn, longestLine)
	line, err := reader.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		refuse(conn, http.StatusRequestURITooLong, "the address is too long")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the first line of a request: %w", err)
	}
	method, rest, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), " ")
	target, protocol, _ := strings.Cut(rest, " ")
	if method == http.MethodConnect {
		return e.tunnel(conn, reader, target)
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		refuse(conn, http.StatusBadRequest, "this is a proxy: ask it for http:// addresses, or for tunnels")
		return nil, nil, fmt.Errorf("the request for %q is none for a proxy", target)
	}
	if !e.has(u.Hostname(), orPort(u.Port(), portHTTP)) {
		return nil, &Refusal{Address: "http://" + u.Host + u.EscapedPath()}, nil
	}
	// The desk is to see the request as the vendor's server would.
	head := method + " " + u.RequestURI() + " " + protocol + "\r\n"
	return &ahead{Conn: conn, reader: io.MultiReader(strings.NewReader(head), reader)}, nil, nil
}

// tunnel opens the tunnel that a client asks for, and ends the encryption of what comes through it.
func (e *Edge) tunnel(conn net.Conn, reader *bufio.Reader, target string) (net.Conn, *Refusal, error) {
	for line := []byte(nil); len(line) != len("\r\n"); {
		var err error
		if line, err = reader.ReadSlice('\n'); err != nil {
			return nil, nil, fmt.Errorf("read the head of a request for a tunnel: %w", err)
		}
	}
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		refuse(conn, http.StatusBadRequest, "a tunnel leads to a host and a port")
		return nil, nil, fmt.Errorf("read where the tunnel is to lead: %w", err)
	}
	host = strings.ToLower(host)
	if !e.has(host, orPort(port, 0)) {
		return nil, &Refusal{Address: tunnelled(host, port)}, nil
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return nil, nil, fmt.Errorf("open the tunnel: %w", err)
	}
	first, err := reader.Peek(1)
	if err != nil {
		return nil, nil, fmt.Errorf("read from the tunnel: %w", err)
	}
	within := &ahead{Conn: conn, reader: reader}
	if first[0] != handshake {
		return within, nil, nil
	}
	return tls.Server(within, e.authority.server(host)), nil, nil
}

// tunnelled is what a client most likely asks for that wants a tunnel: it takes one for everything encrypted, and for sockets.
func tunnelled(host, port string) string {
	switch orPort(port, 0) {
	case portHTTPS:
		return "https://" + host
	case portHTTP:
		return "ws://" + host
	}
	return net.JoinHostPort(host, port)
}

func (e *Edge) has(host string, port int) bool {
	return slices.ContainsFunc(e.names, func(n Name) bool { return n.Has(strings.ToLower(host), port) })
}

// orPort reads a port, which a client may leave out.
func orPort(port string, otherwise int) int {
	number, err := strconv.Atoi(port)
	if err != nil {
		return otherwise
	}
	return number
}

// refuse answers that there is nothing to be had. Whoever does not read it has gone.
func refuse(conn net.Conn, status int, why string) {
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, http.StatusText(status), len(why), why)
}

// ahead is a connection of which something has been read already.
type ahead struct {
	net.Conn

	reader io.Reader
}

// Read gives what was read ahead first.
func (a *ahead) Read(into []byte) (int, error) { return a.reader.Read(into) }

// CloseWrite ends what is sent and leaves the other direction open, as a server does that wants its last answer to be read.
func (a *ahead) CloseWrite() error {
	if tcp, ok := a.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return errors.ErrUnsupported
}

// NetConn is the connection itself.
func (a *ahead) NetConn() net.Conn { return a.Conn }
