package connector

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports that connectors are given: below those that systems give out by themselves, so that nothing on the machine takes one by chance between the look and the start.
const (
	firstPort = 20000
	lastPort  = 31999
	portTries = 200
)

// ports are those that connectors of this process have now.
var ports = struct {
	sync.Mutex
	taken map[int]bool
}{taken: map[int]bool{}}

// takePort gives a port of 127.0.0.1 that nothing listens on, to nobody else until it is given back.
func takePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	var last error
	for range portTries {
		port := firstPort + rand.IntN(lastPort-firstPort+1) //nolint:gosec // No secret.
		if ports.taken[port] {
			continue
		}
		if last = isFree(port); last == nil {
			ports.taken[port] = true
			return port, nil
		}
	}
	return 0, fmt.Errorf("there is no free port for the connector from %d to %d: %w", firstPort, lastPort, last)
}

func givePort(port int) {
	ports.Lock()
	defer ports.Unlock()
	delete(ports.taken, port)
}

// isFree says by its error why one cannot listen on a port.
func isFree(port int) error {
	listener, err := net.Listen("tcp4", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}

// loopback is where connectors of the kit listen.
const loopback = "127.0.0.1"

// errTaken says that somebody else has the port.
var errTaken = errors.New("another program listens on its port by now; run it again")
