package socketio

import (
	"net"
	"net/http"
)

// reset ends a connection with RST, which clients see as a failure of the network.
func reset(conn net.Conn) {
	below := conn
	for {
		over, wrapped := below.(interface{ NetConn() net.Conn })
		if !wrapped {
			break
		}
		below = over.NetConn()
	}
	if tcp, ok := below.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	// Not by way of TLS, whose goodbye would make an orderly end of it.
	_ = below.Close()
}

// resetRequest resets the connection of a request in place of answering it.
func resetRequest(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// HTTP/2 has streams in place of connections; this resets the stream.
		panic(http.ErrAbortHandler)
	}
	reset(conn)
}
