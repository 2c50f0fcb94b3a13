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
	// unasked is how many bytes more can be written before the system is asked again.
	unasked int
}

const (
	// certain is how many bytes have room in the buffer of a connection that holds nothing, with a small frame besides.
	certain = 4 << 10
	// beside is about what the system keeps of a frame beside its bytes.
	beside = 512
)

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

// hasRoom says that a small frame can be written without waiting for the client, which has taken everything or nearly so; false where that is not known. It is for one goroutine at a time.
func (b *backlog) hasRoom() bool {
	if b.unasked > 0 {
		return true
	}
	if b.conn == nil {
		return false
	}
	b.bytes = -1
	if b.conn.Control(b.ask) != nil || b.bytes != 0 {
		return false
	}
	b.unasked = certain
	return true
}

// wrote notes that a frame of so many bytes is written.
func (b *backlog) wrote(length int) { b.unasked -= length + beside }
