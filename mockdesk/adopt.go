package mockdesk

import (
	"net"
	"net/http"
)

// adopted is a listener whose connections someone else has accepted.
type adopted struct {
	conns chan net.Conn
	addr  net.Addr
	done  <-chan struct{}
}

// Accept gives the next connection that is handed over.
func (a adopted) Accept() (net.Conn, error) {
	select {
	case conn := <-a.conns:
		return conn, nil
	case <-a.done:
		return nil, net.ErrClosed
	}
}

// Close does nothing: the desk's own end is that of the listener.
func (a adopted) Close() error { return nil }

// Addr is where the desk listens itself.
func (a adopted) Addr() net.Addr { return a.addr }

// Adopt serves a connection that someone else has accepted, as one that came to the desk itself: in the clear, or, where it is a *tls.Conn, encrypted. The desk closes it,
// and what it does to a connection reaches the one below all wrapping that has a method NetConn. A desk that is closed
// closes it at once, and so does one that New has made: who listens for it has connections of their own.
func (d *Desk) Adopt(conn net.Conn) {
	if d.server == nil {
		reset(conn)
		return
	}
	select {
	case d.adopted.conns <- conn:
	case <-d.done:
		reset(conn)
	}
}

// origin is how the client that made the request calls the desk, with the scheme for http or for sockets, such as "https://chat.vendor.example".
func origin(r *http.Request, scheme string) string {
	if r.TLS != nil {
		scheme += "s"
	}
	return scheme + "://" + r.Host
}

// foreignOrigin is that where it is not the desk's own address, otherwise empty.
func (d *Desk) foreignOrigin(r *http.Request) string {
	if o := origin(r, "http"); o != d.URL() && r.Host != "" {
		return o
	}
	return ""
}

// reset closes a connection so that the other side sees it break rather than end.
func reset(conn net.Conn) {
	for {
		wrapped, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
