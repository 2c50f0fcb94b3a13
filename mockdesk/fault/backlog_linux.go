package fault

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// backlog asks the system what of a connection the client has not taken yet.
type backlog struct {
	conn syscall.RawConn
	// ask is count, made once: one is asked for every frame.
	ask   func(fd uintptr)
	bytes int
}

func (b *backlog) watch(conn net.Conn) {
	tcp, is := tcpOf(conn)
	if !is {
		return
	}
	if raw, err := tcp.SyscallConn(); err == nil {
		b.conn, b.ask = raw, b.count
	}
}

func (b *backlog) count(fd uintptr) {
	var err error
	if b.bytes, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err != nil {
		b.bytes = -1
	}
}

// isNone says that the client has taken everything, so that a small frame can be written without waiting for it; false where that is not known. It is for one goroutine at a time.
func (b *backlog) isNone() bool {
	if b.conn == nil {
		return false
	}
	b.bytes = -1
	return b.conn.Control(b.ask) == nil && b.bytes == 0
}
