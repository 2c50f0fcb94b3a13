package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deskcheck"
	"deskcheck/fixtures"
	"deskcheck/mockdesk/console"
	"deskcheck/mockdesk/standalone"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const deskLong = `Runs the mock desk by itself: a service desk that can be programmed, watched and broken while an integration talks to its wire.

The wire listens on one port, plain and with TLS, and the control API on another, both on loopback only unless told otherwise. A server holds many desks, each a
tenant of its own; the one called default is always there. The control port also serves the console, a page on which to watch conversations and journal, to play the
agents and to break the desk; ? lists its keys. Results go to standard output, logs to standard error. Ctrl-C ends it in order.

What happens is saved in .deskcheck/desk.db below the folder in which the desk is started, or where --store or desk.yaml says: after a restart, and after a crash as well, every conversation goes on
where it was. What a client was told is in the file before it is told. --ephemeral saves nothing, and neither does --demo unless --store is given; "deskcheck desk reset" empties a desk, and with --store removes the file of one that does not run.

With --contract agent-manager it plays the Agent Manager to an agent desk instead: desks sign in below --base, over HTTP and Socket.IO, with the user names and passwords that are printed. Customers and
what goes wrong are played by the verbs "customer", "agent", "refuse" and their like, and in the console. It is held in memory: nothing is saved.

With --contract digital-connect it plays Talkdesk to a connector: the identity server, the API, files and their storage at the wire's address, and webhooks to where the account file of -c says. What a connector
is to be configured with is printed. The agents are played by the verbs "say", "send-file", "end" and "start", and in the console; --demo runs the reference connector beside it. Nothing is saved.

The other verbs speak to a desk that runs. They find it at --desk or DESKCHECK_DESK, and send the token of --token or DESKCHECK_DESK_TOKEN. A CONVERSATION is its id, an unambiguous beginning
of it, or @last for the newest.

They end with 0 if they did what they say, 1 if what was waited for or verified is not so, 2 if the desk refuses, and 3 if it cannot be reached.`

const deskExample = `  deskcheck desk                              serve one desk on loopback
  deskcheck desk --demo                       with a chat beside its console: play both sides
  deskcheck desk -c desk.yaml                 serve what a file says
  deskcheck desk join @last                   an agent joins the newest conversation
  deskcheck desk say @last "How can I help?"
  deskcheck desk wait 'kind == "request" && data.body.text != nil'
  deskcheck desk --contract agent-manager     what an agent desk signs in to
  deskcheck desk --contract digital-connect --demo   Talkdesk, with a connector to it`

// defaultStore is where the desk is saved if nothing else was said, below the working directory.
const defaultStore = ".deskcheck/desk.db"

// defaultDeskConfig is the file that "deskcheck desk" reads if it is there.
const defaultDeskConfig = "desk.yaml"

// deskFlags are those of the desk that is served.
type deskFlags struct {
	config, contract, base, wire, control, tokenEnv, logLevel, certificate, store, proxy string
	expose, logJSON, demo, driver, ephemeral                                             bool
}

func (p *program) deskCommand() *cobra.Command {
	f := deskFlags{}
	c := &cobra.Command{
		Use:     "desk",
		Short:   "Run the mock desk by itself, and play its agents",
		Long:    deskLong,
		Example: deskExample,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return p.serveDesk(c.Context(), f) },
	}
	flags := pflag.NewFlagSet("desk", pflag.ContinueOnError)
	flags.StringVarP(&f.config, "config", "c", "", "read `FILE`; desk.yaml is read if it is there. With digital-connect it is the account file")
	flags.StringVar(&f.contract, "contract", "", "what is played a part of, `NAME`: ai-chat, agent-manager or digital-connect; as the file says, or ai-chat")
	flags.StringVar(&f.base, "base", "", "the `PATH` below which agent desks sign in, such as /agent-manager; the root if nothing else is said")
	flags.StringVar(&f.wire, "wire", "", "the `ADDRESS` of the wire; "+standalone.DefaultWire+" if nothing else is said")
	flags.StringVar(&f.control, "control", "", "the `ADDRESS` of the control API; "+standalone.DefaultControl+" if nothing else is said")
	flags.BoolVar(&f.expose, "expose", false, "allow addresses beyond the loopback")
	flags.StringVar(&f.tokenEnv, "token-env", "", "take the token from the environment variable `NAME`")
	flags.StringVar(&f.certificate, "certificate-out", "", "write the certificate of the wire to `FILE`, for clients that are to trust it")
	flags.StringVar(&f.logLevel, "log-level", "info", "log from `LEVEL` on: debug, info, warn or error")
	flags.BoolVar(&f.demo, "demo", false, "show a chat beside the console, with the reference integration, so that one person can play user and agent; of an agent manager, have a customer come whenever an agent is ready; of Talkdesk, run the reference connector beside it")
	flags.StringVar(&f.proxy, "proxy", "", "of Talkdesk, the `ADDRESS` of a proxy that has its real names lead here, with TLS, for connectors that take no base URLs")
	flags.StringVar(&f.store, "store", "", "save the desk in `FILE`; "+defaultStore+" if nothing else is said")
	flags.BoolVar(&f.ephemeral, "ephemeral", false, "save nothing: all is forgotten when the desk stops")
	flags.BoolVar(&f.driver, "driver", false, "offer the desk by the driver contract as well, as a vendor's sandbox may: for desk.driver in deskcheck.yaml")
	flags.BoolVar(&f.logJSON, "log-json", false, "log as JSON")
	addGroups(c, flagGroup{"Serving", flags})
	p.addDeskVerbs(c)
	return c
}

// file is the file of settings that is read, empty for none.
func (f deskFlags) file() string {
	if f.config != "" {
		return f.config
	}
	if _, err := os.Stat(defaultDeskConfig); err == nil {
		return defaultDeskConfig
	}
	return ""
}

// deskConfig reads the file and puts what flags say over it.
func (f deskFlags) deskConfig() (standalone.Config, error) {
	var c standalone.Config
	if path := f.file(); path != "" {
		var err error
		if c, err = standalone.Load(path); err != nil {
			return c, err
		}
	}
	f.override(&c.Listen, &c.Control)
	return c, f.choose(&c.Store)
}

// override puts what flags say over where is listened and who may call.
func (f deskFlags) override(l *standalone.Listen, c *standalone.Control) {
	l.Wire, l.Control = cmp.Or(f.wire, l.Wire), cmp.Or(f.control, l.Control)
	c.TokenEnv = cmp.Or(f.tokenEnv, c.TokenEnv)
	l.Expose = l.Expose || f.expose
}

// choose says where the desk is saved.
func (f deskFlags) choose(s *standalone.Store) error {
	switch {
	case f.store != "" && f.ephemeral:
		return &deskcheck.UserError{Err: errors.New("--store says where the desk is saved, and --ephemeral that it is not"), Fix: "leave one of them out"}
	case f.store != "":
		s.File = f.store
	case f.ephemeral || f.demo || s.Off:
		s.File = ""
	case s.File == "":
		s.File = defaultStore
	}
	return nil
}

// makeStoreFolder makes the folder of the default store, which version control is to leave alone. Other folders are the user's to make.
func makeStoreFolder(file string) error {
	if file != defaultStore {
		return nil
	}
	folder := filepath.Dir(file)
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, ".gitignore"), []byte("*\n"), 0o600)
	}
	if err != nil {
		return &deskcheck.UserError{Err: fmt.Errorf("the folder in which the desk is saved cannot be made: %w", err), Fix: "start it in a folder that can be written to, name a file with --store, or save nothing with --ephemeral"}
	}
	return nil
}

// logger is where the desk tells what happens.
func (p *program) logger(f deskFlags) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return nil, &deskcheck.UserError{Err: fmt.Errorf("--log-level: expected debug, info, warn or error, found %q", f.logLevel)}
	}
	options := &slog.HandlerOptions{Level: level}
	if f.logJSON {
		return slog.New(slog.NewJSONHandler(p.err, options)), nil
	}
	return slog.New(slog.NewTextHandler(p.err, options)), nil
}

// graceful is how long a desk that is told to stop may take to answer what it has begun to.
const graceful = 5 * time.Second

// serveDesk serves what the flags or the file say is to be played.
func (p *program) serveDesk(ctx context.Context, f deskFlags) error {
	log, err := p.logger(f)
	if err != nil {
		return err
	}
	contract := f.contract
	if file := f.file(); contract == "" && file != "" {
		contract = standalone.ContractOf(file)
	}
	switch contract {
	case contractManager:
		return p.serveManager(ctx, f, log)
	case contractTalkdesk:
		return p.serveTalkdesk(ctx, f, log)
	case "", contractChat:
		return p.serveChatDesk(ctx, f, log)
	}
	return &deskcheck.UserError{Err: fmt.Errorf("no desk is played of the contract %q", contract), Fix: "use " + contractChat + ", " + contractManager + " or " + contractTalkdesk}
}

// standing is what serves until it is told to stop.
type standing interface {
	Failed() <-chan error
	Stop(ctx context.Context) error
}

// stay waits until ctx ends or what stands can serve no more, and stops it in order. An error from before stops it at once.
func stay(ctx context.Context, desk standing, err error) error {
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-desk.Failed():
		}
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
	defer cancel()
	err = errors.Join(err, desk.Stop(ending))
	if _, told := errors.AsType[*deskcheck.EnvironmentError](err); err == nil || told {
		return err
	}
	return &deskcheck.EnvironmentError{Err: err}
}

// noProxy is for what is served by base URLs alone.
func noProxy() error {
	return &deskcheck.UserError{Err: errors.New("--proxy is for Talkdesk"), Fix: "leave it out, or add --contract " + contractTalkdesk}
}

func (p *program) serveChatDesk(ctx context.Context, f deskFlags, log *slog.Logger) error {
	switch {
	case f.base != "":
		return &deskcheck.UserError{Err: errors.New("--base is for an agent manager"), Fix: "leave it out, or add --contract " + contractManager}
	case f.proxy != "":
		return noProxy()
	}
	if err := f.mayWriteCertificate(); err != nil {
		return err
	}
	config, err := f.deskConfig()
	if err != nil {
		return deskMistake(err)
	}
	if f.certificate != "" && config.TLS.Off {
		return &deskcheck.UserError{Err: errors.New("--certificate-out: the wire has no certificate, since its TLS is off"), Fix: "leave it out, or take off: true out of tls in the configuration"}
	}
	defer p.collectSeldom()()
	if err := makeStoreFolder(config.Store.File); err != nil {
		return err
	}
	var beside *chatBeside
	if f.demo {
		if beside, err = newChatBeside(); err != nil {
			return &deskcheck.EnvironmentError{Err: err}
		}
		defer beside.close()
	}
	page, err := console.Handler(console.Options{Chat: beside.address()})
	if err != nil {
		return err
	}
	desk, err := p.startDesk(config, standalone.Options{Environment: p.environment, Log: log, Version: deskcheck.Version(), Console: page, Driver: f.driver})
	if err != nil {
		return deskMistake(err)
	}
	if err = beside.serve(desk.Wire("default")); err == nil {
		err = f.writeCertificate(desk.Certificate())
	}
	if err == nil {
		p.tellDesk(desk)
		p.showDemo(beside, desk)
	}
	return stay(ctx, desk, err)
}

// fixOfCertificate is the next step where a certificate cannot be written.
const fixOfCertificate = "name a file in a folder that is there and can be written to, or leave --certificate-out out"

// mayWriteCertificate says before anything is served whether there is a folder for the certificate.
func (f deskFlags) mayWriteCertificate() error {
	if f.certificate == "" {
		return nil
	}
	folder := filepath.Dir(f.certificate)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return &deskcheck.UserError{Err: fmt.Errorf("--certificate-out %s: there is no folder %s", f.certificate, folder), Fix: fixOfCertificate}
	}
	if info, err := os.Stat(f.certificate); err == nil && info.IsDir() {
		return &deskcheck.UserError{Err: fmt.Errorf("--certificate-out %s: that is a folder", f.certificate), Fix: fixOfCertificate}
	}
	return nil
}

// writeCertificate writes the certificate to where it is wanted, if it is.
func (f deskFlags) writeCertificate(certificate []byte) error {
	if f.certificate == "" {
		return nil
	}
	if err := os.WriteFile(f.certificate, certificate, 0o644); err != nil { //nolint:gosec // A certificate is there to be read by others.
		return &deskcheck.EnvironmentError{Err: fmt.Errorf("--certificate-out: %w", err), Fix: fixOfCertificate}
	}
	return nil
}

// deskLine says where something is.
func (p *program) deskLine(what, where, note string) {
	p.printf("%s\n", strings.TrimRight(fmt.Sprintf("%-9s%-44s%s", what, where, note), " "))
}

// tellVerbs says how another shell finds what runs. A token that whoever starts it has chosen is not printed.
func (p *program) tellVerbs(runs interface {
	ControlURL() string
	Token() (token string, made bool)
	TokenVariable() string
}) {
	token, made := runs.Token()
	if !made {
		token = "$" + runs.TokenVariable()
	}
	p.printf("\nfor the verbs, in another shell:\n  export %s=%s %s=%s\n", deskVariable, runs.ControlURL(), tokenVariable, token)
}

// tellDesk says where things are.
func (p *program) tellDesk(desk *standalone.Server) {
	one, of := desk.Wire("default"), desk.Wire("NAME")
	line := p.deskLine
	line("wire", one.URL, "the tenant default")
	if one.TLSURL != "" {
		line("", one.TLSURL, "the same; see the certificate")
	}
	line("", of.URL, "a tenant by path")
	line("", of.NameURL, "a tenant by host name")
	line("control", desk.ControlURL(), "its document is at /openapi.yaml")
	if at := desk.DriverURL(); at != "" {
		line("driver", at, "for desk.driver in deskcheck.yaml")
	}
	line("console", desk.ControlURL()+"/", "for a browser on this machine")
	token, made := desk.Token()
	if made {
		line("token", token, "")
	}
	line("saved", cmp.Or(desk.File(), "nowhere"), storeNote(desk.File()))
	if sum := desk.Fingerprint(); sum != "" {
		p.printf("%-9s%s\n", "sha-256", sum)
	}
	p.tellVerbs(desk)
}

// storeNote says what becomes of the desk when it stops.
func storeNote(file string) string {
	if file == "" {
		return "all is forgotten when it stops"
	}
	return "conversations go on after a restart"
}

// deskMistake makes an error of the desk one of the command line.
func deskMistake(err error) error {
	if _, told := errors.AsType[*deskcheck.UserError](err); told {
		return err
	}
	if wrong, ok := errors.AsType[*standalone.Mistake](err); ok {
		return &deskcheck.UserError{Err: wrong.Err, Fix: wrong.Fix}
	}
	if taken, ok := errors.AsType[*standalone.Occupied](err); ok {
		return &deskcheck.EnvironmentError{Err: taken.Err, Fix: taken.Fix}
	}
	return &deskcheck.EnvironmentError{Err: err}
}

func (p *program) deskSchemaCommand() *cobra.Command {
	schemas := []cobra.Completion{"desk", "manager", "account", "script"}
	return &cobra.Command{
		Use:               "schema [desk|manager|account|script]",
		Short:             "Print the JSON Schema of desk.yaml, of that of an agent manager, of an account file of Talkdesk, or of a script",
		Args:              arguments(0, 1, "desk, manager, account or script"),
		ValidArgsFunction: cobra.FixedCompletions(schemas, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			name := strings.Join(args, "")
			if name == "" {
				name = "desk"
			}
			if !slices.Contains(schemas, name) {
				return &deskcheck.UserError{Err: fmt.Errorf("there is no schema %q", name), Fix: "print one of " + strings.Join(schemas, ", ")}
			}
			text, err := fixtures.ReadFile("schemas/" + name + ".schema.json")
			if err != nil {
				return err
			}
			_, err = p.out.Write(text)
			return err
		},
	}
}
