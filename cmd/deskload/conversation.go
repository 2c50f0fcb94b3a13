package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"
)

// The frames that a conversation with a desk begins and ends with, and those that answer them.
const (
	opening = `{"t":"open"}`
	opened  = `{"t":"opened"`
	joined  = `{"t":"joined"}`
	bye     = `{"t":"bye"}`
	ended   = `{"t":"ended"}`
)

// dialer keeps no buffer for a socket that is silent.
var dialer = websocket.Dialer{HandshakeTimeout: patience, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10, WriteBufferPool: &sync.Pool{}}

// conversation is one with a server, from the client's side. It is for one goroutine at a time.
type conversation struct {
	conn   *websocket.Conn
	number int
	// said is how many lines have been said and answered.
	said  int
	frame []byte
	heard bytes.Buffer
}

// converse opens a conversation; number tells it from others.
func converse(ctx context.Context, v *server, number int) (*conversation, error) {
	conn, response, err := dialer.DialContext(ctx, "ws://"+v.wire+"/talk", http.Header{})
	if err != nil {
		return nil, fmt.Errorf("open conversation %d with %s: %w", number, v.name, err)
	}
	_ = response.Body.Close() // It has none.
	c := &conversation{conn: conn, number: number}
	if v.opens {
		err = c.open()
	}
	return c, err
}

// open has the desk take the socket for a conversation, which an agent joins at once.
func (c *conversation) open() error {
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(opening)); err != nil {
		return fmt.Errorf("open conversation %d: %w", c.number, err)
	}
	for _, want := range []string{opened, joined} {
		if err := c.hear(); err != nil {
			return err
		}
		if !bytes.HasPrefix(c.heard.Bytes(), []byte(want)) {
			return fmt.Errorf("conversation %d: expected a frame that begins with %s, found %s", c.number, want, &c.heard)
		}
	}
	return nil
}

// say says a line and waits for the answer, which is the line itself; any other is an error.
func (c *conversation) say() error {
	c.frame = fmt.Appendf(c.frame[:0], `{"t":"say","text":"Line %09d of conversation %06d: why did my bill double this month, and who can tell me?"}`, c.said, c.number)
	if err := c.conn.WriteMessage(websocket.TextMessage, c.frame); err != nil {
		return fmt.Errorf("conversation %d, line %d: %w", c.number, c.said, err)
	}
	if err := c.hear(); err != nil {
		return err
	}
	if !bytes.Equal(c.heard.Bytes(), c.frame) {
		return fmt.Errorf("conversation %d, line %d: expected the frame %s, found %s", c.number, c.said, c.frame, &c.heard)
	}
	c.said++
	return nil
}

// end ends the conversation and waits until the desk has said so.
func (c *conversation) end() error {
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(bye)); err != nil {
		return fmt.Errorf("end conversation %d: %w", c.number, err)
	}
	if err := c.hear(); err != nil {
		return err
	}
	if c.heard.String() != ended {
		return fmt.Errorf("conversation %d: expected the frame %s, found %s", c.number, ended, &c.heard)
	}
	return c.conn.Close()
}

// hear reads a frame.
func (c *conversation) hear() error {
	c.heard.Reset()
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("conversation %d: %w", c.number, err)
	}
	_, r, err := c.conn.NextReader()
	if err == nil {
		_, err = c.heard.ReadFrom(r)
	}
	if err != nil {
		return fmt.Errorf("conversation %d, waiting for a frame after line %d: %w", c.number, c.said, err)
	}
	return nil
}

// openers is how many conversations are being opened at any moment.
const openers = 64

// converseWith opens conversations with a server.
func converseWith(ctx context.Context, v *server, n int) ([]*conversation, error) {
	all := make([]*conversation, n)
	var group errgroup.Group
	group.SetLimit(openers)
	for i := range all {
		group.Go(func() (err error) {
			all[i], err = converse(ctx, v, i)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		hangUp(all)
		return nil, err
	}
	return all, nil
}

// hangUp closes the sockets of conversations.
func hangUp(all []*conversation) {
	for _, c := range all {
		if c != nil {
			_ = c.conn.Close()
		}
	}
}
