package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// echoRole is the argument that makes this program the bare server.
const echoRole = "echo"

// echo sends every frame back that it reads, with nothing of a desk: no journal, no conversation. It is as good as a server with this library gets.
func echo(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // It has been answered already.
	}
	defer func() { _ = conn.Close() }()
	for {
		kind, frame, err := conn.ReadMessage()
		if err != nil || conn.WriteMessage(kind, frame) != nil {
			return
		}
	}
}

// serveEcho is the bare server as a process: it says where it is and serves until ctx ends.
func serveEcho(ctx context.Context, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("the bare server cannot listen: %w", err)
	}
	if _, err := fmt.Fprintf(out, "wire http://%s\n", listener.Addr()); err != nil {
		return errors.Join(fmt.Errorf("the bare server cannot say where it is: %w", err), listener.Close())
	}
	server := &http.Server{Handler: http.HandlerFunc(echo), ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the bare server serves no more: %w", err)
	}
	return nil
}
