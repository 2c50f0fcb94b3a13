package standalone

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// tlsHandshake is the first byte of a connection that begins with a TLS handshake; no HTTP request begins with it.
const tlsHandshake = 0x16

// splitter takes the connections of one listener apart: those that begin with a TLS handshake, and all others.
type splitter struct {
	net.Listener

	plain, secure *branch
	done          chan struct{}
	work          sync.WaitGroup

	mu sync.Mutex
	// silent are connections from which nothing has come yet.
	silent map[net.Conn]struct{}
}

// branch is one of the two, as a listener.
type branch struct {
	conns chan net.Conn
	of    *splitter
}

func split(l net.Listener) *splitter {
	s := &splitter{Listener: l, done: make(chan struct{}), silent: map[net.Conn]struct{}{}}
	s.plain, s.secure = &branch{make(chan net.Conn), s}, &branch{make(chan net.Conn), s}
	s.work.Go(s.accept)
	return s
}

func (s *splitter) accept() {
	for {
		conn, err := s.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.silent[conn] = struct{}{}
		s.mu.Unlock()
		s.work.Go(func() { s.sort(conn) })
	}
}

// sort waits for the first byte, however long the client takes: slow clients are among those that a desk is tried with.
func (s *splitter) sort(conn net.Conn) {
	first := make([]byte, 1)
	n, err := conn.Read(first)
	s.mu.Lock()
	delete(s.silent, conn)
	s.mu.Unlock()
	if err != nil || n == 0 {
		_ = conn.Close()
		return
	}
	to := s.plain
	if first[0] == tlsHandshake {
		to = s.secure
	}
	select {
	case to.conns <- &begun{Conn: conn, first: first}:
	case <-s.done:
		_ = conn.Close()
	}
}

// stop closes the listener and the connections from which nothing has come.
func (s *splitter) stop() {
	close(s.done)
	_ = s.Close()
	s.mu.Lock()
	for conn := range s.silent {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// Accept implements net.Listener.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.of.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; the splitter is stopped by itself.
func (b *branch) Close() error { return nil }

// Addr implements net.Listener.
func (b *branch) Addr() net.Addr { return b.of.Addr() }

// begun is a connection whose first byte was read.
type begun struct {
	net.Conn

	first []byte
	// timed is whether a deadline for writing may be set.
	timed atomic.Bool
}

// SetWriteDeadline passes a deadline on. That there is none is only told where there may be one: it is said before every frame that is written.
func (b *begun) SetWriteDeadline(at time.Time) error {
	if at.IsZero() && !b.timed.Load() {
		return nil
	}
	b.timed.Store(!at.IsZero())
	return b.Conn.SetWriteDeadline(at)
}

// SetDeadline sets both deadlines.
func (b *begun) SetDeadline(at time.Time) error {
	b.timed.Store(!at.IsZero())
	return b.Conn.SetDeadline(at)
}

// Read gives the first byte again.
func (b *begun) Read(to []byte) (int, error) {
	if len(b.first) == 0 {
		return b.Conn.Read(to)
	}
	n := copy(to, b.first)
	b.first = b.first[n:]
	return n, nil
}

// NetConn lets whoever resets connections find the one below.
func (b *begun) NetConn() net.Conn { return b.Conn }
