package main

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"

	"deskcheck"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/standalone"
)

// connectorBeside is the reference connector that runs beside Talkdesk in a demo. Where there is no demo it is nil, and its methods do nothing.
type connectorBeside struct {
	log *slog.Logger
	// page is the address of its chat.
	page    string
	process *exec.Cmd
	work    sync.WaitGroup
}

// start runs the connector for the first touchpoint of an account, and gives its webhook once it listens, on a free port. The error says what the account lacks, or why it does not run.
func (c *connectorBeside) start(a *digitalconnect.Account, at digitalconnect.Addresses) (webhook string, err error) {
	environment, err := connectorEnvironment(a, at)
	if err != nil {
		return "", err
	}
	command := referenceCommand()
	if command == nil {
		return "", errors.New("the program that is to run the reference connector cannot be found")
	}
	c.process = exec.Command(command[0], command[1:]...) //nolint:gosec // It is this very program.
	c.process.Env = append(os.Environ(), environment...)
	said, err := c.process.StdoutPipe()
	if err != nil {
		return "", fmt.Errorf("listen to the reference connector: %w", err)
	}
	complaints, err := c.process.StderrPipe()
	if err != nil {
		return "", fmt.Errorf("listen to the reference connector: %w", err)
	}
	if err := c.process.Start(); err != nil {
		return "", fmt.Errorf("start the reference connector: %w", err)
	}
	// What it says at its end, if it does not come to listen, is why.
	var last string
	c.work.Go(func() {
		lines := bufio.NewScanner(complaints)
		for lines.Scan() {
			last = lines.Text()
			c.log.Debug("the connector says", "line", last)
		}
	})
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if _, address, is := strings.Cut(lines.Text(), "listens on "); is {
			c.page = address + "/"
			return address + "/hook", nil
		}
	}
	c.work.Wait()
	return "", errors.Join(fmt.Errorf("the reference connector does not run: %s", last), c.process.Wait())
}

// connectorEnvironment is what the reference connector is set up with, by the names that the form of Talkdesk's partners has.
func connectorEnvironment(a *digitalconnect.Account, at digitalconnect.Addresses) ([]string, error) {
	lacks := func(what string) ([]string, error) {
		return nil, &deskcheck.UserError{Err: fmt.Errorf("the reference connector cannot be run for this account: %s", what), Fix: "leave --demo out, or -c"}
	}
	touchpoint, client := a.Touchpoints[0], a.Clients[0]
	if client.Secret == "" {
		return lacks("its first client has no secret")
	}
	env := []string{
		"CONNECTOR_TYPE=talkdesk", "CONNECTOR_ACCOUNT=" + a.Name, "CONNECTOR_REGION=" + a.Region, "CONNECTOR_CLIENT_ID=" + client.ID, "CONNECTOR_CLIENT_SECRET=" + client.Secret, "CONNECTOR_TOUCHPOINT_ID=" + touchpoint.ID,
		"CONNECTOR_IDENTITY_URL=" + at.Identity, "CONNECTOR_API_URL=" + at.API, "CONNECTOR_LISTEN=" + net.JoinHostPort("127.0.0.1", "0"), "CONNECTOR_MISTAKE=", "CONNECTOR_PRIVATE_KEY_FILE=",
	}
	for _, i := range a.Integrations {
		if i.Name != touchpoint.Integration {
			continue
		}
		switch kind := string(i.Auth.Type); kind {
		case "", "none":
		case "basic", "api-key":
			env = append(env, "CONNECTOR_WEBHOOK_AUTH="+kind, "CONNECTOR_WEBHOOK_USER="+i.Auth.User, "CONNECTOR_WEBHOOK_SECRET="+i.Auth.Secret)
		default:
			return lacks("it does not know webhooks that authenticate by " + kind)
		}
	}
	return env, nil
}

// close ends the connector, and returns when it has ended.
func (c *connectorBeside) close() {
	if c == nil || c.process == nil || c.process.Process == nil || c.page == "" {
		return
	}
	if c.process.Process.Signal(os.Interrupt) != nil {
		_ = c.process.Process.Kill() // Where there is no such signal; or it has ended.
	}
	c.work.Wait()
	_ = c.process.Wait() // It was told to end: how is nobody's business.
}

// showConnector says what a newcomer does first.
func (p *program) showConnector(beside *connectorBeside, t *standalone.Talkdesk) {
	if beside == nil {
		return
	}
	address := t.ControlURL() + "/"
	p.printf("\nplay both sides: open %s and, beside it, the chat at %s\n  1. in the chat, write, and ask for a person\n  2. in the console, choose the conversation, and answer with m\n  3. press 4 to break Talkdesk, h to heal it, ? for all keys\n", address, beside.page)
	if p.out.terminal && p.hasDisplay() {
		_ = p.open(address) // The addresses are printed for whoever has to open them by hand.
		_ = p.open(beside.page)
	}
}
