package standalone

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"

	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/talkdesk"
	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/standing"
	"deskcheck/mockdesk/edge"
)

// TalkdeskConfig is what Talkdesk is played with.
type TalkdeskConfig struct {
	Listen  Listen
	Control Control
	// Account is the path of the account file, empty for an account that is there without one.
	Account string
	// Proxy is the address of a proxy under which the real names of Talkdesk lead to the mock, with TLS; empty for none: the connector is given base URLs then.
	Proxy string
	// Beside starts a connector once its Talkdesk is listened for, and gives the base URL of its webhook, which the first touchpoint's integration then calls; nil starts none.
	Beside func(account *digitalconnect.Account, addresses digitalconnect.Addresses) (webhook string, err error)
}

// accountHere is the account that is there without a file.
//
//go:embed account.yaml
var accountHere []byte

// AccountHere is the account file of the account that is there without one: an example to begin with.
func AccountHere() []byte { return slices.Clone(accountHere) }

// LoadAccount reads an account file; an empty path is the account that is there without one. The error is a *Mistake.
func LoadAccount(path string) (*digitalconnect.Account, error) {
	if path == "" {
		return digitalconnect.ParseAccount("account.yaml", accountHere)
	}
	source, err := os.ReadFile(path) //nolint:gosec // The user names their own file.
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, mistake("leave -c out to play an account that is there without one", "%s does not exist", path)
	case err != nil:
		return nil, mistake("name an account file that can be read", "the account file cannot be read: %w", err)
	}
	account, err := digitalconnect.ParseAccount(path, source)
	_, syntax := errors.AsType[*document.SyntaxError](err)
	_, wrong := errors.AsType[*document.Error](err)
	if syntax || wrong {
		return nil, inFile(err, `"deskcheck desk schema account" describes every key`)
	}
	return account, err
}

// Talkdesk is Talkdesk as it runs. Make one with StartTalkdesk, and Stop it.
type Talkdesk struct {
	front

	account *digitalconnect.Account
	own     bool
	desk    *standing.Desk
	control *talkdesk.Server
	wire    *http.Server
	proxy   *edge.Edge
	trust   []byte
}

// StartTalkdesk listens and serves. Its error is a *Mistake where the configuration is wrong; otherwise it says what of the machine has failed, and names the address.
func StartTalkdesk(c TalkdeskConfig, o Options) (*Talkdesk, error) {
	c.Listen, c.Control = c.Listen.defaults(), c.Control.defaults()
	account, err := LoadAccount(c.Account)
	if err != nil {
		return nil, err
	}
	s := &Talkdesk{account: account, own: c.Account != ""}
	if err := s.prepare(c.Listen, c.Control, o); err != nil {
		return nil, err
	}
	if c.Proxy != "" {
		if err := c.Listen.mayListen("--proxy", c.Proxy); err != nil {
			return nil, err
		}
	}
	wire, control, err := s.listen(c.Listen)
	if err != nil {
		return nil, err
	}
	if err := s.furnish(c, o); err != nil {
		return nil, errors.Join(err, wire.Close(), control.Close())
	}
	s.wire = &http.Server{Handler: s.desk, ErrorLog: s.quietly(), ReadHeaderTimeout: patientHeaders}
	s.run("Talkdesk", func() error { return s.wire.Serve(wire) })
	s.serveControl(control, s.control)
	s.log.Info("Talkdesk is open; nothing is saved", "account", account.Name, "api", s.Account().APIURL, "control", s.ControlURL())
	return s, nil
}

// furnish makes the account, what leads to it and its control API.
func (s *Talkdesk) furnish(c TalkdeskConfig, o Options) error {
	metrics := talkdesk.NewMetrics()
	at := "http://" + net.JoinHostPort(s.wireHost, strconv.Itoa(s.wirePort))
	addresses := digitalconnect.Addresses{Identity: at, API: at, Storage: at}
	if c.Proxy != "" {
		addresses = digitalconnect.Addresses{}
	}
	if c.Beside != nil {
		if err := s.beside(c, addresses); err != nil {
			return err
		}
	}
	var err error
	if s.desk, err = standing.New(standing.Options{Account: s.account, Addresses: addresses, Observe: metrics.Observe, Log: s.log}); err != nil {
		return &Mistake{Err: err}
	}
	if c.Proxy != "" {
		err = s.lead(c.Proxy)
	}
	if err == nil {
		s.control, err = talkdesk.New(talkdesk.Options{Access: s.access(c.Control), Desk: s.desk, Console: o.Console, Metrics: metrics, Log: s.log, Version: o.Version})
	}
	if err != nil {
		s.close()
	}
	return err
}

// beside starts the connector beside, and has the webhooks of the first touchpoint go there.
func (s *Talkdesk) beside(c TalkdeskConfig, addresses digitalconnect.Addresses) error {
	hook, err := c.Beside(s.account, addresses)
	if err != nil {
		return err
	}
	for i := range s.account.Integrations {
		if one := &s.account.Integrations[i]; one.Name == s.account.Touchpoints[0].Integration {
			one.BasePath = hook
		}
	}
	return nil
}

// lead has the real names lead to the mock for whoever uses the proxy.
func (s *Talkdesk) lead(address string) error {
	authority, err := edge.NewAuthority()
	if err != nil {
		return fmt.Errorf("make a certificate authority: %w", err)
	}
	a := s.Account()
	var names []edge.Name
	for _, at := range []string{a.IdentityURL, a.APIURL, a.StorageURL} {
		name, err := edge.ParseName(at[len("https://"):])
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	if s.proxy, err = edge.OpenAt(authority, names, address); err != nil {
		if refused, is := errors.AsType[*net.OpError](err); is { // without the word for the edge, which nobody knows
			err = refused
		}
		return occupied(fmt.Errorf("the proxy cannot listen on %s: %w", address, err), "--proxy")
	}
	s.trust = authority.PEM()
	s.proxy.Lead(s.desk, func(r edge.Refusal) {
		s.log.Warn("the connector asks the proxy for a name that is none of Talkdesk's, and is turned away", "address", r.Address)
	})
	return nil
}

// Account is what a connector is configured with.
func (s *Talkdesk) Account() talkdeskapi.Account { return s.desk.Shift().Account() }

// Secret is that of the first client of the account that is there without a file, which is nobody's; those of an account file are left there, and the answer is empty.
func (s *Talkdesk) Secret() string {
	if s.own {
		return ""
	}
	return s.account.Clients[0].Secret
}

// Proxy is where the proxy is, for HTTPS_PROXY, and the certificate that its clients are to trust, in PEM; empty where there is none.
func (s *Talkdesk) Proxy() (address string, trust []byte) {
	if s.proxy == nil {
		return "", nil
	}
	return "http://" + s.proxy.Addr(), s.trust
}

// close ends the proxy and the mock.
func (s *Talkdesk) close() {
	if s.proxy != nil {
		_ = s.proxy.Close() // Its error is always nil.
	}
	s.desk.Close()
}

// Stop ends Talkdesk in order: it is not ready any more, waits and streams are told, deliveries are given up, requests of the control API are answered as long as ctx lasts. The error says what did not end
// in time.
func (s *Talkdesk) Stop(ctx context.Context) error {
	s.control.SetReady(false)
	s.log.Info("Talkdesk closes")
	s.close()
	err := s.stopControl(ctx)
	err = errors.Join(err, s.wire.Close())
	s.work.Wait()
	return err
}

// Address is the base URL of the API.
func (s *Talkdesk) Address() api.WireAddresses { return s.desk.Shift().Describe().Wire }
