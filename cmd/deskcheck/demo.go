package main

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"time"

	"deskcheck"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/standalone"
)

// chatBeside is the chat that stands beside the console in a demo. Where there is no demo it is nil, and its methods do nothing.
type chatBeside struct {
	listener net.Listener
	server   *http.Server
}

// newChatBeside listens, so that the chat's address is known before the console that shows it.
func newChatBeside() (*chatBeside, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the chat on the loopback: %w", err)
	}
	return &chatBeside{listener: listener}, nil
}

// address is where the chat is. It is on localhost and the desk on 127.0.0.1, so that the integration crosses origins and sites as it would in life.
func (c *chatBeside) address() string {
	if c == nil {
		return ""
	}
	_, port, _ := net.SplitHostPort(c.listener.Addr().String()) // It is an address of TCP.
	return "http://localhost:" + port + "/"
}

// serve has the chat talk to the desk whose wire that is.
func (c *chatBeside) serve(wire api.WireAddresses) error {
	if c == nil {
		return nil
	}
	page, err := deskcheck.DemoChat(wire.URL, wire.SocketURL)
	if err != nil {
		return err
	}
	c.server = &http.Server{Handler: page, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = c.server.Serve(c.listener) }() // Ends with http.ErrServerClosed.
	return nil
}

func (c *chatBeside) close() {
	_ = c.listener.Close()
	if c.server != nil {
		_ = c.server.Close()
	}
}

// showDemo says what a newcomer does first, and opens the console where somebody sits in front of a screen.
func (p *program) showDemo(beside *chatBeside, desk *standalone.Server) {
	if beside == nil {
		return
	}
	address := desk.ControlURL() + "/"
	p.printf("\nplay both sides: open %s\n  1. in the chat at the right, write that you want an agent, and request one\n  2. press n to look at who waits, a to join, and write\n  3. press 4 to break the desk, h to heal it, ? for all keys\n", address)
	p.printf("the chat by itself is at %s\n", beside.address())
	if p.out.terminal && p.hasDisplay() {
		_ = p.open(address) // The address is printed for whoever has to open it by hand.
	}
}

// hasDisplay says whether a browser could be shown to whoever started the program.
func (p *program) hasDisplay() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return p.environment("SSH_CONNECTION") == ""
	}
	return p.environment("DISPLAY") != "" || p.environment("WAYLAND_DISPLAY") != ""
}

// openInBrowser has the desktop show an address in the user's browser.
func openInBrowser(address string) error {
	opener := []string{"xdg-open"}
	switch runtime.GOOS {
	case "darwin":
		opener = []string{"open"}
	case "windows":
		opener = []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	command := exec.Command(opener[0], append(opener[1:], address)...) //nolint:gosec // The address is our own.
	if err := command.Start(); err != nil {
		return fmt.Errorf("open %s in a browser: %w", address, err)
	}
	return command.Process.Release()
}
