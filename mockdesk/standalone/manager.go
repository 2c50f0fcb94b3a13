package standalone

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/manager"
	"deskcheck/mockdesk/control/managerapi"
	"deskcheck/mockdesk/floor"
)

// Manager is an agent manager that runs. Make one with StartManager, and Stop it.
type Manager struct {
	front

	base    string
	floor   *floor.Floor
	control *manager.Server
	wire    *http.Server
}

// StartManager listens and serves. Its error is a *Mistake where the configuration is wrong; otherwise it says what of the machine has failed, and names the address.
func StartManager(c ManagerConfig, o Options) (*Manager, error) {
	c.Listen, c.Control = c.Listen.defaults(), c.Control.defaults()
	c.Base = strings.TrimSuffix(c.Base, "/")
	if c.Base != "" && !strings.HasPrefix(c.Base, "/") {
		return nil, mistake("write it as in /agent-manager", "the base path %q does not begin with a slash", c.Base)
	}
	s := &Manager{base: c.Base}
	if err := s.prepare(c.Listen, c.Control, o); err != nil {
		return nil, err
	}
	wire, control, err := s.listen(c.Listen)
	if err != nil {
		return nil, err
	}
	if err := s.furnish(c, o); err != nil {
		return nil, errors.Join(err, wire.Close(), control.Close())
	}
	s.wire = &http.Server{Handler: s.floor, ErrorLog: s.quietly()} //nolint:gosec // Desks may be slow, and their sockets silent; Stop ends them.
	s.run("the agent manager", func() error { return s.wire.Serve(wire) })
	s.serveControl(control, s.control)
	s.log.Info("the agent manager is open; nothing is saved", "desks", s.Address().URL, "control", s.ControlURL(), "dialect", s.floor.Shift().Describe().Dialect)
	return s, nil
}

// furnish makes the floor and its control API.
func (s *Manager) furnish(c ManagerConfig, o Options) error {
	metrics := manager.NewMetrics()
	var err error
	s.floor, err = floor.New(c.floor(), floor.Options{Observe: metrics.Observe, Address: s.Address, Log: s.log})
	if err != nil {
		return &Mistake{Err: err}
	}
	s.control, err = manager.New(manager.Options{Access: s.access(c.Control), Floor: s.floor, Console: o.Console, Metrics: metrics, Log: s.log, Version: o.Version, Wire: s.Address})
	if err != nil {
		s.floor.Close()
	}
	return err
}

// Address is where desks find the manager: the base address of the login, and where the sockets are.
func (s *Manager) Address() api.WireAddresses {
	at := net.JoinHostPort(s.wireHost, strconv.Itoa(s.wirePort)) + s.base
	return api.WireAddresses{URL: "http://" + at, SocketURL: "ws://" + at + "/socket.io/"}
}

// People are those who can sign in from the start, with their passwords.
func (s *Manager) People() []managerapi.NewAgent { return s.floor.Config().Agents }

// Stop ends the manager in order: it is not ready any more, waits and streams are told, sockets are closed, requests of the control API are answered as long as ctx lasts. The error says
// what did not end in time.
func (s *Manager) Stop(ctx context.Context) error {
	s.control.SetReady(false)
	s.log.Info("the agent manager closes")
	s.floor.Close()
	err := s.stopControl(ctx)
	err = errors.Join(err, s.wire.Close())
	s.work.Wait()
	return err
}
