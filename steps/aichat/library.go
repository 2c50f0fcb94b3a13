package aichat

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Library serves one large script to the pages of all scenarios from one address, so that the browser fetches and compiles it once for each tab, not once for each page.
type Library struct {
	// URL is the address of the script.
	URL    string
	server *http.Server
}

// ServeLibrary serves a script on the loopback until Close. The address is on the site of the host pages: the cache of a browser is divided by site.
func ServeLibrary(code []byte) (*Library, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the chat's script on the loopback: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("read the port of the chat's script: %w", err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Type", "text/javascript; charset=utf-8")
		header.Set("Content-Length", strconv.Itoa(len(code)))
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		// Errors of a script from elsewhere have no words unless it is meant for everyone.
		header.Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write(code)
	})
	l := &Library{URL: "http://localhost:" + port + "/chat.js", server: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}}
	go func() { _ = l.server.Serve(listener) }() // Ends with http.ErrServerClosed.
	return l, nil
}

// Close ends the serving.
func (l *Library) Close() { _ = l.server.Close() }
