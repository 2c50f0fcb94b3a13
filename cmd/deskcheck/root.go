package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"

	"deskcheck"
	"deskcheck/mockdesk/standalone"
	"deskcheck/reports"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

// program is the command line with everything that it reaches for.
type program struct {
	out, err    stream
	in          input
	width       int
	environment func(string) string
	noColor     bool
	// heed has the first signal from now on end what goes on in order, where the work is done by a command itself.
	heed func()

	run       func(context.Context, deskcheck.Config, deskcheck.Progress) (*reports.Result, error)
	watch     func(context.Context, deskcheck.Config, deskcheck.Watcher) error
	selftest  func(context.Context, deskcheck.SelftestOptions) (deskcheck.SelftestResult, error)
	compare   func(context.Context, deskcheck.Config, deskcheck.Progress) (*deskcheck.Comparison, error)
	matrix    func(context.Context, deskcheck.MatrixOptions) (*reports.Matrix, error)
	tryUIMap  func(context.Context, deskcheck.Config, func(deskcheck.UIMapFinding)) (*deskcheck.UIMapCheck, error)
	startDesk func(standalone.Config, standalone.Options) (*standalone.Server, error)
	// startManager is to an agent manager what startDesk is to the desk of a chat.
	startManager func(standalone.ManagerConfig, standalone.Options) (*standalone.Manager, error)
	// startTalkdesk is to Talkdesk what startDesk is to the desk of a chat.
	startTalkdesk func(standalone.TalkdeskConfig, standalone.Options) (*standalone.Talkdesk, error)
	// connector runs the reference connector, and gives its exit code.
	connector func(ctx context.Context, environment func(string) string, out, err io.Writer) int
	open      func(address string) error
	doctor    func(context.Context, deskcheck.Config) []deskcheck.DoctorLine
	trace     func(deskcheck.Config) (deskcheck.Traceability, error)
	steps     func(deskcheck.Config) ([]deskcheck.StepInfo, error)
	preflight func(dir string) error
	write     func(dir string, result *reports.Result) error
	// writeMatrix is to matrix what write is to run.
	writeMatrix func(dir string, m *reports.Matrix) error
	statements  func(dialect string) map[string]string

	// reading begins what lines reads.
	reading sync.Once
	read    chan string

	// entered is set once a command's own code runs: errors before that are of the command line.
	entered bool
}

// exitError ends a command that has said everything already.
type exitError int

// Error implements error; it is never printed.
func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

const exitCodes = `Exit codes:
  0   conformant
  1   not conformant; also when a failure that is declared as known does not occur
  2   your mistake: a flag, the configuration, the selection, a file
  3   the environment failed: no browser, a port, a full disk, an interrupt`

const rootLong = `deskcheck certifies the integration between a chat and a service desk. It loads the integration into a chat page in a real browser,
plays the user and the agents, lets it talk to a mock desk, records every crossing, and says per requirement whether it keeps the
contract.`

const rootExample = `  deskcheck run                              certify the embedded reference: is this machine fit?
  deskcheck run --integration src/desk.ts    certify yours
  deskcheck run FLOW-03 --headed             watch one requirement
  deskcheck explain FLOW-03                  what it demands, and how integrations get it wrong`

// execute runs a command line and returns its exit code.
func (p *program) execute(ctx context.Context, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			p.sayf("error: deskcheck itself failed: %v\n%s", r, debug.Stack())
			code = reports.ExitEnvironment
		}
	}()
	printed := &output{to: p.out.Writer}
	p.out.Writer = printed
	defer func() {
		p.out.Writer = printed.to
		if printed.failed != nil && code != reports.ExitUserError {
			p.printError(fmt.Errorf("the output cannot be written: %w", printed.failed))
			code = reports.ExitEnvironment
		}
	}()
	root := p.root() //nolint:contextcheck // Cobra carries the context to the commands.
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	var exit exitError
	switch {
	case err == nil:
		return reports.ExitConformant
	case errors.As(err, &exit):
		return int(exit)
	case !p.entered:
		err = usageError(cmd, err)
	}
	p.printError(err)
	return deskcheck.ExitCode(err)
}

// traceability reads what the contract has. It is embedded: what is wrong with it is wrong in a file of whoever builds deskcheck, which is a user's mistake like any other.
func (p *program) traceability(config deskcheck.Config) (deskcheck.Traceability, error) {
	t, err := p.trace(config)
	if err != nil && deskcheck.ExitCode(err) != reports.ExitUserError {
		err = &deskcheck.UserError{Err: err, Fix: `mend the file, then "make build": it is part of the program`}
	}
	return t, err
}

// output is where results go. Its writes never fail, so that nothing that is under way ends for want of a listener; what failed is told at the end.
type output struct {
	to   io.Writer
	mu   sync.Mutex
	gone bool
	// failed is why the output could not be written. It stays nil when the reader closed the pipe, who wants no more of it: that is no error.
	failed error
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone {
		return len(text), nil
	}
	if _, err := o.to.Write(text); err != nil {
		o.gone = true
		if !errors.Is(err, syscall.EPIPE) {
			o.failed = err
		}
	}
	return len(text), nil
}

// apart gives the errors of which err is the list, a line each; one that only names several in its sentence is one.
func apart(err error) []error {
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	all := several.Unwrap()
	lines := make([]string, 0, len(all))
	var each []error
	for _, one := range all {
		lines = append(lines, one.Error())
		each = append(each, apart(one)...)
	}
	if err.Error() != strings.Join(lines, "\n") {
		return []error{err}
	}
	return each
}

// printError prints what is wrong, a line per mistake, and the next step.
func (p *program) printError(err error) {
	if several := apart(err); len(several) > 1 {
		for _, one := range several {
			p.printError(one)
		}
		return
	}
	fix := ""
	var user *deskcheck.UserError
	var environment *deskcheck.EnvironmentError
	switch {
	case errors.As(err, &user):
		err, fix = user.Err, user.Fix
	case errors.As(err, &environment):
		err, fix = environment.Err, environment.Fix
	}
	for _, mistake := range apart(err) {
		p.sayf("%s %v", p.paint(p.err, "error:", text.FgRed, text.Bold), mistake)
	}
	if fix != "" {
		p.sayf("%s   %s", p.paint(p.err, "fix:", text.Bold), fix)
	}
}

// sayf tells something that is neither a result nor an error.
func (p *program) sayf(format string, args ...any) { _, _ = fmt.Fprintf(p.err, format+"\n", args...) }

// printf prints a part of the result.
func (p *program) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format, args...) }

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "deskcheck",
		Short:         "Certifies the integration between a chat and a service desk",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			p.entered = true
		},
	}
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.PersistentFlags().BoolVar(&p.noColor, "no-color", false, "no colours; NO_COLOR in the environment does the same")
	root.PersistentFlags().BoolP("help", "h", false, "this help")
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(p.usage)
	root.SetHelpFunc(p.help)
	root.SetHelpCommand(p.helpCommand())
	root.AddGroup(&cobra.Group{ID: "certify", Title: "Certify:"}, &cobra.Group{ID: "look", Title: "Look things up:"}, &cobra.Group{ID: "desk", Title: "The desk:"}, &cobra.Group{ID: "setup", Title: "Set up:"})
	for group, commands := range map[string][]*cobra.Command{
		"certify": {p.runCommand(), p.selftestCommand(), p.compareCommand(), p.checkTrafficCommand()},
		"look":    {p.listCommand(), p.explainCommand(), p.validateCommand()},
		"desk":    {p.deskCommand(), p.wireCommand(), p.driverCommand(), p.uiMapCommand()},
		"setup":   {p.configCommand(), p.doctorCommand(), p.versionCommand()},
	} {
		for _, c := range commands {
			c.GroupID = group
		}
		root.AddCommand(commands...)
	}
	root.AddCommand(p.connectorCommand())
	root.SetCompletionCommandGroupID("setup")
	root.SetHelpCommandGroupID("setup")
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Short, c.Long = "Make your shell complete deskcheck", "Prints a script that makes your shell complete commands, flags, requirements, features and capabilities."
			c.Args, c.RunE = nil, subcommandsOnly
		}
	}
	return root
}

// helpCommand replaces cobra's, which answers an unknown topic with exit code 0.
func (p *program) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Explain a command",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(found, append(rest, args...)[0])
			}
			return found.Help()
		},
	}
}
