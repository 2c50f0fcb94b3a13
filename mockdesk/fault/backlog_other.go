//go:build !linux

package fault

import "net"

// backlog knows of no connection what the client has not taken yet.
type backlog struct{}

func (*backlog) watch(net.Conn) {}

func (*backlog) hasRoom() bool { return false }

func (*backlog) wrote(int) {}
