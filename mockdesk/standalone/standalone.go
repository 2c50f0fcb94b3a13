package standalone

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
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
	front

	tenants *tenant.Registry
	control *control.Server
	// store is nil where nothing is saved, driver if the desk is not offered to drivers.
	store  *store.Store
	driver *driver.Server

	wire        *http.Server
	split       *splitter
	certificate *tls.Certificate
	// stopped ends what watches files.
	stopped context.Context
	stop    context.CancelFunc
}

// Start listens and serves. Its error is a *Mistake where the configuration is wrong; otherwise it says what of the machine has failed, and names the address.
func Start(c Config, o Options) (*Server, error) {
	c = c.defaults()
	s := &Server{}
	if err := s.prepare(c.Listen, c.Control, o); err != nil {
		return nil, err
	}
	s.stopped, s.stop = context.WithCancel(context.Background())
	if err := s.openStore(c.Store); err != nil {
		return nil, err
	}
	wire, control, err := s.listen(c.Listen)
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
	s.log.Info("the desk is open", "wire", s.Wire(tenant.Default).URL, "control", s.ControlURL(), "tenants", len(s.tenants.List()))
	return s, nil
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
		if _, wrong := errors.AsType[*api.Refusal](err); wrong {
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
		Access: s.access(c.Control),
		Driver: offered, Tenants: s.tenants, Console: o.Console, Metrics: metrics, Log: s.log, Version: o.Version,
		Wire: func() api.WireAddresses { return s.Wire(tenant.Default) },
	})
	if err != nil {
		s.tenants.Close()
	}
	return err
}

func (s *Server) serve(wire, control net.Listener) {
	s.wire = &http.Server{Handler: s.tenants, ErrorLog: s.quietly(), ConnContext: mockdesk.WithConnection} //nolint:gosec // Slow and silent clients are among those that a desk is tried with; Stop ends them.
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
	s.serveControl(control, s.control)
}

// watchWire has a tenant speak its wire as the file says it, from each time on that it is saved; a file with mistakes changes nothing, and they are logged.
func (s *Server) watchWire(t Tenant) {
	if t.WireFile == "" {
		return
	}
	log := s.log.With("tenant", t.Name, "file", t.WireFile)
	watched, mistaken := false, false
	s.work.Go(func() {
		err := wire.Watch(s.stopped, t.WireFile, func(_ *wire.Wire, err error) {
			if !watched {
				watched = true
				log.Info("the wire is read again whenever it is saved")
			}
			if err != nil {
				mistaken = true
				log.Warn("the wire was saved with mistakes, the one before goes on", "error", err)
				return
			}
			fresh, err := s.speakAgain(t)
			switch {
			case err != nil:
				log.Warn("the wire was saved, but cannot be spoken", "error", err)
			case fresh:
				log.Info("the wire was saved, and is spoken")
			case mistaken: // The last that was said of the file is no longer so.
				log.Info("the wire has no mistakes any more, and is spoken as before")
			}
			mistaken = err != nil
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
	err := s.stopControl(ctx)
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
