package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// stubBody is how a stub answers, where each server writes JSON with blanks of its own.
var stubBody = strings.NewReplacer(" ", "", "\n", "")

// caller asks a stub again and again, over a connection for as long as the server keeps it. It is for one goroutine at a time.
type caller struct {
	wire, want string
	// fresh wants another connection for each request, whatever the server likes.
	fresh bool

	conn    net.Conn
	reader  *bufio.Reader
	request []byte
}

func newCaller(v *server, number int, fresh bool) *caller {
	queue := fmt.Sprintf("queue-%d", number)
	wish := ""
	if fresh {
		wish = "Connection: close\r\n"
	}
	return &caller{
		wire: v.wire, fresh: fresh, reader: bufio.NewReader(nil), want: `{"queue":"` + queue + `","status":"online"}`,
		request: fmt.Appendf(nil, "GET /queues/%s/availability HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n%s\r\n", queue, v.wire, wish),
	}
}

// call makes a request and reads the answer; any other than that of the stub is an error.
func (c *caller) call() error {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.wire, patience)
		if err != nil {
			return fmt.Errorf("call a stub: %w", err)
		}
		c.conn = conn
		c.reader.Reset(conn)
	}
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("call a stub: %w", err)
	}
	if _, err := c.conn.Write(c.request); err != nil {
		return fmt.Errorf("call a stub: %w", err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return fmt.Errorf("call a stub: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read what a stub answers: %w", err)
	}
	if said := stubBody.Replace(string(body)); response.StatusCode != http.StatusOK || said != c.want {
		return fmt.Errorf("call a stub: expected 200 with %s, found %s with %s", c.want, response.Status, said)
	}
	if response.Close || c.fresh {
		return c.hangUp()
	}
	return nil
}

// hangUp closes the connection, if there is one.
func (c *caller) hangUp() error {
	if c.conn == nil {
		return nil
	}
	conn := c.conn
	c.conn = nil
	return conn.Close()
}

// ask has callers make request after request for as long as the spell lasts, and returns how many were answered and how long that took.
func ask(v *server, callers int, fresh bool, spell time.Duration) (answers int, took time.Duration, err error) {
	all := make([]*caller, callers)
	for i := range all {
		all[i] = newCaller(v, i, fresh)
	}
	answers, took, err = repeat(callers, spell, func(worker, _ int) error { return all[worker].call() })
	for _, c := range all {
		_ = c.hangUp()
	}
	return answers, took, err
}
