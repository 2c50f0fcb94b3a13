package standalone

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/store"
	"deskcheck/mockdesk/tenant"
	"deskcheck/mockdesk/wire"
)

const (
	// shortestToken is how long a token must be, in characters, for nobody to guess it.
	shortestToken = 16
	// patientHeaders bounds how long a client of the control API may take to say what it wants.
	patientHeaders = 10 * time.Second
	// farewell bounds how long the clients of the wire may take to end their sockets once they were told that the desk closes.
	farewell = 2 * time.Second
)

// Options are what the program around the desk gives it.
type Options struct {
	// Environment reads environment variables.
	Environment func(name string) string
	// Log receives what happens; nil is silent.
	Log *slog.Logger
	// Version is that of deskcheck.
	Version string
	// Console serves the console's page beside the control API; nil serves none.
	Console http.Handler
	// Driver offers the desk to drivers as well, each scenario as a tenant of its own.
	Driver bool
}

// Server is a desk that runs. Make one with Start, and Stop it.
type Server struct {
	tenants *tenant.Registry
	control *control.Server
	// store is nil where nothing is saved, driver if the desk is not offered to drivers.
	store  *store.Store
	driver *driver.Server
	log    *slog.Logger

	wire          *http.Server
	split         *splitter
	controlServer *http.Server
	work          sync.WaitGroup

	wireHost, controlHost string
	wirePort, controlPort int
	token                 string
	tokenMade             bool
	certificate           *tls.Certificate
	failed                chan error
	// stopped ends what watches files.
	stopped context.Context
	stop    context.CancelFunc
}

// Start listens and serves. Its error is a *Mistake where the configuration is wrong; otherwise it says what of the machine has failed, and names the address.
func Start(c Config, o Options) (*Server, error) {
	c = c.defaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, address := range []string{c.Listen.Wire, c.Listen.Control} {
		if err := c.Listen.mayListen(address); err != nil {
			return nil, err
		}
	}
	s := &Server{log: o.Log, failed: make(chan error, 2)}
	s.stopped, s.stop = context.WithCancel(context.Background())
	if err := s.takeToken(c.Control.TokenEnv, o.Environment); err != nil {
		return nil, err
	}
	if err := s.openStore(c.Store); err != nil {
		return nil, err
	}
	wire, control, err := s.listen(c)
	if err != nil {
		return nil, errors.Join(err, s.closeStore())
	}
	if err := s.furnish(c, o); err != nil {
		_, _ = wire.Close(), control.Close()
		return nil, errors.Join(err, s.closeStore())
	}
	s.serve(wire, control)
	for _, t := range c.Tenants {
		s.watchWire(t)
	}
	if s.store == nil {
		s.log.Info("nothing is saved, and of conversations that have ended only the newest are kept", "conversations", c.Memory.Conversations)
	}
	s.log.Info("the desk is open", "wire", s.Wire(tenant.Default).URL, "control", s.ControlURL(), "tenants", len(c.Tenants))
	return s, nil
}

func (s *Server) takeToken(name string, environment func(string) string) error {
	if name == "" {
		var random [24]byte
		_, _ = rand.Read(random[:]) // It never fails.
		s.token, s.tokenMade = hex.EncodeToString(random[:]), true
		return nil
	}
	s.token = environment(name)
	if len(s.token) < shortestToken {
		return mistake("set it to a longer one, or leave the name out to have one made", "the environment variable %s is to hold the token, and holds %d characters: expected at least %d", name, len(s.token), shortestToken)
	}
	return nil
}

// listen opens both addresses and remembers where they are.
func (s *Server) listen(c Config) (wire, control net.Listener, err error) {
	open := func(what, address, key string) (l net.Listener, host string, port int, err error) {
		if l, err = net.Listen("tcp", address); err != nil {
			return nil, "", 0, fmt.Errorf("%s cannot listen on %s, choose another address with --%s: %w", what, address, key, err)
		}
		host, _, _ = net.SplitHostPort(address)
		at, _ := l.Addr().(*net.TCPAddr) // It is of TCP.
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		return l, host, at.Port, nil
	}
	if wire, s.wireHost, s.wirePort, err = open("the wire", c.Listen.Wire, "wire"); err != nil {
		return nil, nil, err
	}
	if control, s.controlHost, s.controlPort, err = open("the control API", c.Listen.Control, "control"); err != nil {
		_ = wire.Close()
		return nil, nil, err
	}
	return wire, control, nil
}

// furnish makes the tenants and what serves them.
func (s *Server) furnish(c Config, o Options) error {
	if !c.TLS.Off {
		pair, err := c.TLS.certificate(s.wireHost)
		if err != nil {
			return err
		}
		s.certificate = &pair
	}
	metrics := control.NewMetrics()
	s.tenants = tenant.NewRegistry(tenant.Options{
		Addresses: s.Wire, Observe: metrics.Observe, Played: metrics.Played, Log: s.log, Store: s.store, Entries: c.Store.Entries, Failed: s.fail,
		Bounds: mockdesk.Bounds{Ended: c.Memory.Conversations, Saved: c.Store.Conversations, Age: time.Duration(c.Store.Age)},
	})
	var specs []api.NewTenant
	for _, t := range c.Tenants {
		specs = append(specs, t.NewTenant)
	}
	err := s.tenants.Restore(s.stopped, specs)
	if err != nil {
		s.tenants.Close()
		if _, wrong := errors.AsType[*tenant.Refusal](err); wrong {
			return &Mistake{Err: err}
		}
		return err
	}
	offered, err := s.offer(c, o)
	if err != nil {
		s.tenants.Close()
		return err
	}
	s.control, err = control.New(control.Options{
		Driver: offered, Tenants: s.tenants, Token: s.token, Hosts: append(c.Control.Hosts, s.controlHost), OpenConsole: *c.Control.OpenConsole, Console: o.Console, Metrics: metrics, Log: s.log, Version: o.Version,
		Wire: func() api.WireAddresses { return s.Wire(tenant.Default) },
	})
	if err != nil {
		s.tenants.Close()
	}
	return err
}

func (s *Server) serve(wire, control net.Listener) {
	errors := slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	s.wire = &http.Server{Handler: s.tenants, ErrorLog: errors, ConnContext: mockdesk.WithConnection} //nolint:gosec // Slow and silent clients are among those that a desk is tried with; Stop ends them.
	// No connection serves twice, for a browser would repeat a request unasked whose connection breaks under it.
	s.wire.SetKeepAlivesEnabled(false)
	s.split = split(wire)
	s.run("the wire", func() error { return s.wire.Serve(s.split.plain) })
	if s.certificate != nil {
		secure := tls.NewListener(s.split.secure, &tls.Config{Certificates: []tls.Certificate{*s.certificate}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12})
		s.run("the wire over TLS", func() error { return s.wire.Serve(secure) })
	} else {
		// Who begins with a handshake where there is none is let go.
		s.work.Go(func() {
			for {
				conn, err := s.split.secure.Accept()
				if err != nil {
					return
				}
				_ = conn.Close()
			}
		})
	}
	s.controlServer = &http.Server{Handler: s.control, ErrorLog: errors, ReadHeaderTimeout: patientHeaders}
	s.run("the control API", func() error { return s.controlServer.Serve(control) })
	s.control.SetReady(true)
}

// watchWire has a tenant speak its wire as the file says it, from each time on that it is saved; a file with mistakes changes nothing, and they are logged.
func (s *Server) watchWire(t Tenant) {
	if t.WireFile == "" {
		return
	}
	log := s.log.With("tenant", t.Name, "file", t.WireFile)
	watched := false
	s.work.Go(func() {
		err := wire.Watch(s.stopped, t.WireFile, func(_ *wire.Wire, err error) {
			if !watched {
				watched = true
				log.Info("the wire is read again whenever it is saved")
			}
			if err != nil {
				log.Warn("the wire was saved with mistakes, the one before goes on", "error", err)
				return
			}
			switch fresh, err := s.speakAgain(t); {
			case err != nil:
				log.Warn("the wire was saved, but cannot be spoken", "error", err)
			case fresh:
				log.Info("the wire was saved, and is spoken")
			}
		})
		if err != nil {
			log.Warn("the wire is not read again when it is saved", "error", err)
		}
	})
}

// speakAgain has the tenant speak the wire that its file holds now, and says whether that is another one.
func (s *Server) speakAgain(t Tenant) (fresh bool, err error) {
	source, err := readWire(t.WireFile)
	if err != nil {
		return false, err
	}
	now, err := s.tenants.Get(t.Name)
	if err != nil || now.Wire().Source == source {
		return false, err
	}
	_, err = now.Resave(source)
	return true, err
}

// run serves until it is stopped; any other end is a failure.
func (s *Server) run(what string, serve func() error) {
	s.work.Go(func() {
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.fail(fmt.Errorf("%s serves no more: %w", what, err))
		}
	})
}

// fail notes that the desk can serve no more; the first reasons are enough.
func (s *Server) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// openStore opens the file in which the desk is saved, if there is to be one.
func (s *Server) openStore(c Store) error {
	if c.File == "" {
		return nil
	}
	var err error
	if s.store, err = store.Open(c.File); err != nil {
		return &Mistake{Err: err, Fix: "--store names another file, --ephemeral saves nothing"}
	}
	return nil
}

// RemoveStore removes the file in which a desk was saved that does not run. The error is a *Mistake: there is none, or it is no file of a desk, or in use.
func RemoveStore(file string) error {
	if err := store.Remove(file); err != nil {
		return &Mistake{Err: err}
	}
	return nil
}

// closeStore closes that file. What could not be saved was told before.
func (s *Server) closeStore() error {
	if s.store == nil {
		return nil
	}
	lost := s.store.Err()
	if err := s.store.Close(); lost == nil {
		return err
	}
	return nil
}

// Failed gives an error if the desk can serve no more.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop ends the desk in order: it is not ready any more, waits and streams are told, the sockets of the wire are closed with 1001, requests of the control API are
// answered as long as ctx lasts, all else is closed. The error says what did
// not end in time.
func (s *Server) Stop(ctx context.Context) error {
	s.control.SetReady(false)
	s.log.Info("the desk closes")
	s.stop()
	if s.driver != nil {
		s.driver.Close()
	}
	parting, parted := context.WithTimeout(ctx, farewell)
	s.tenants.Shutdown(parting)
	parted()
	err := s.controlServer.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("requests of the control API did not end in time: %w", errors.Join(err, s.controlServer.Close()))
	}
	s.split.stop()
	_ = s.wire.Close()
	s.work.Wait()
	return errors.Join(err, s.closeStore())
}

// File is where the desk is saved, empty if it is not.
func (s *Server) File() string {
	if s.store == nil {
		return ""
	}
	return s.store.Path()
}

// Wire is where clients find the tenant of a name.
func (s *Server) Wire(name string) api.WireAddresses {
	at := net.JoinHostPort(s.wireHost, strconv.Itoa(s.wirePort))
	path, label := "/@"+name, name+"."
	if name == tenant.Default {
		path, label = "", ""
	}
	named := net.JoinHostPort(label+"localhost", strconv.Itoa(s.wirePort))
	w := api.WireAddresses{URL: "http://" + at + path, SocketURL: "ws://" + at + path, NameURL: "http://" + named, NameSocketURL: "ws://" + named}
	if s.certificate != nil {
		w.TLSURL, w.TLSSocketURL = "https://"+at+path, "wss://"+at+path
	}
	return w
}

// ControlURL is where clients find the control API.
func (s *Server) ControlURL() string {
	return "http://" + net.JoinHostPort(s.controlHost, strconv.Itoa(s.controlPort))
}

// Token is what a client must send; made says whether it was made at the start, and is to be told.
func (s *Server) Token() (token string, made bool) { return s.token, s.tokenMade }

// Fingerprint is that of the wire's certificate by SHA-256, empty without TLS.
func (s *Server) Fingerprint() string {
	if s.certificate == nil {
		return ""
	}
	return fingerprint(*s.certificate)
}

// Certificate is the wire's certificate in PEM, for clients that are to trust it; empty without TLS.
func (s *Server) Certificate() []byte {
	if s.certificate == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.certificate.Certificate[0]})
}
