package standalone

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"deskcheck/mockdesk/control/serving"
)

const (
	// shortestToken is how long a token must be, in characters, for nobody to guess it.
	shortestToken = 16
	// patientHeaders bounds how long a client of the control API may take to say what it wants.
	patientHeaders = 10 * time.Second
)

// front is what everything that stands alone has: two addresses, a token, and what serves behind them.
type front struct {
	log           *slog.Logger
	controlServer *http.Server
	work          sync.WaitGroup

	wireHost, controlHost string
	wirePort, controlPort int
	token                 string
	tokenMade             bool
	// tokenVariable is where the token comes from, empty if it was made.
	tokenVariable string
	failed        chan error
}

// prepare sees to it that the addresses may be listened on, and takes the token. The error is a *Mistake.
func (s *front) prepare(l Listen, c Control, o Options) error {
	s.log, s.failed = o.Log, make(chan error, 2)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := cmp.Or(l.mayListen("--wire", l.Wire), l.mayListen("--control", l.Control)); err != nil {
		return err
	}
	return s.takeToken(c.TokenEnv, o.Environment)
}

func (s *front) takeToken(name string, environment func(string) string) error {
	if name == "" {
		var random [24]byte
		_, _ = rand.Read(random[:]) // It never fails.
		s.token, s.tokenMade = hex.EncodeToString(random[:]), true
		return nil
	}
	s.token, s.tokenVariable = environment(name), name
	if len(s.token) < shortestToken {
		return mistake("set it to a longer one, or leave the name out to have one made", "the environment variable %s is to hold the token, and holds %d characters: expected at least %d", name, len(s.token), shortestToken)
	}
	return nil
}

// Occupied says that nothing can be listened at some addresses, most often because another desk is there.
type Occupied struct {
	// Err says at which, a line each.
	Err error
	// Fix is the next step, with the flags that say where to listen.
	Fix string
}

// Error returns what is wrong.
func (o *Occupied) Error() string { return o.Err.Error() }

// Unwrap returns the error below, for errors.Is and errors.As.
func (o *Occupied) Unwrap() error { return o.Err }

// occupied is the error of addresses at which nothing can be listened, of the flags that say them.
func occupied(err error, flags ...string) error {
	fix := "choose another address with " + strings.Join(flags, " and ") + "; port 0 takes a free one"
	if errors.Is(err, syscall.EADDRINUSE) {
		fix = "end what listens there, most likely another desk, or " + fix
	}
	return &Occupied{Err: err, Fix: fix}
}

// listen opens both addresses and remembers where they are. The error, an *Occupied, is about both.
func (s *front) listen(l Listen) (wire, control net.Listener, err error) {
	open := func(what, address string) (opened net.Listener, host string, port int, err error) {
		if opened, err = net.Listen("tcp", address); err != nil {
			return nil, "", 0, fmt.Errorf("%s cannot listen on %s: %w", what, address, err)
		}
		host, _, _ = net.SplitHostPort(address)
		at, _ := opened.Addr().(*net.TCPAddr) // It is of TCP.
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		return opened, host, at.Port, nil
	}
	var noWire, noControl error
	wire, s.wireHost, s.wirePort, noWire = open("the wire", l.Wire)
	control, s.controlHost, s.controlPort, noControl = open("the control API", l.Control)
	switch {
	case noWire != nil && noControl != nil:
		return nil, nil, occupied(errors.Join(noWire, noControl), "--wire", "--control")
	case noWire != nil:
		_ = control.Close()
		return nil, nil, occupied(noWire, "--wire")
	case noControl != nil:
		_ = wire.Close()
		return nil, nil, occupied(noControl, "--control")
	}
	return wire, control, nil
}

// access says who may call the control API.
func (s *front) access(c Control) serving.Access {
	return serving.Access{Token: s.token, Hosts: append(slices.Clone(c.Hosts), s.controlHost), OpenConsole: *c.OpenConsole}
}

// readying is a control API that can be told that the wire takes requests.
type readying interface {
	http.Handler

	SetReady(ready bool)
}

// serveControl serves the control API, which is ready from then on.
func (s *front) serveControl(at net.Listener, control readying) {
	s.controlServer = &http.Server{Handler: control, ErrorLog: s.quietly(), ReadHeaderTimeout: patientHeaders}
	s.run("the control API", func() error { return s.controlServer.Serve(at) })
	control.SetReady(true)
}

// stopControl answers what was asked of the control API, as long as ctx lasts. The error says what did not end in time.
func (s *front) stopControl(ctx context.Context) error {
	err := s.controlServer.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("requests of the control API did not end in time: %w", errors.Join(err, s.controlServer.Close()))
	}
	return err
}

// quietly logs what servers say of connections.
func (s *front) quietly() *log.Logger { return slog.NewLogLogger(s.log.Handler(), slog.LevelDebug) }

// run serves until it is stopped; any other end is a failure.
func (s *front) run(what string, serve func() error) {
	s.work.Go(func() {
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.fail(fmt.Errorf("%s serves no more: %w", what, err))
		}
	})
}

// fail notes that the desk can serve no more; the first reasons are enough.
func (s *front) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// Failed gives an error if the desk can serve no more.
func (s *front) Failed() <-chan error { return s.failed }

// ControlURL is where clients find the control API.
func (s *front) ControlURL() string {
	return "http://" + net.JoinHostPort(s.controlHost, strconv.Itoa(s.controlPort))
}

// Token is what a client must send; made says whether it was made at the start, and is to be told.
func (s *front) Token() (token string, made bool) { return s.token, s.tokenMade }

// TokenVariable is the environment variable from which the token was taken, empty if it was made.
func (s *front) TokenVariable() string { return s.tokenVariable }
