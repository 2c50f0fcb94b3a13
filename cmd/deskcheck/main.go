// Command deskcheck certifies the integration between a chat and a service desk. It turns flags into a deskcheck.Config and results into exit
// codes; everything else is in the package deskcheck.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"deskcheck"
	"deskcheck/fixtures/connectors/reference"
	"deskcheck/mockdesk/standalone"
	"deskcheck/reports"
)

func main() {
	// A reader that goes away must not kill a run. Taken and left unread, the signal becomes an error of the write; ignored, it would be so for the browser too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(context.Background())
	deskcheck.ReferenceCommand = referenceCommand()
	os.Exit(newProgram(sync.OnceFunc(func() { endInOrder(cancel) })).execute(ctx, os.Args[1:]))
}

// referenceCommand runs the reference connector by this very program, nil if that cannot be found.
func referenceCommand() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, connectorVerb}
}

// endInOrder makes the first signal cancel; from then on a second one kills.
func endInOrder(cancel func()) {
	wanted := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		wanted = append(wanted, syscall.SIGHUP)
	}
	came := make(chan os.Signal, 1)
	signal.Notify(came, wanted...)
	go func() {
		<-came
		signal.Stop(came)
		cancel()
	}()
}

// newProgram connects the commands to the real world; tests connect them to another. listen is called before the work that a signal can end in order: whatever comes
// before would not notice, so there a signal kills as it does any program.
func newProgram(listen func()) *program {
	return &program{
		out:         stream{Writer: os.Stdout, terminal: isTerminal(os.Stdout)},
		err:         stream{Writer: os.Stderr, terminal: isTerminal(os.Stderr)},
		in:          input{Reader: os.Stdin, terminal: isTerminal(os.Stdin)},
		width:       terminalWidth(os.Stdout),
		environment: os.Getenv,
		heed:        listen,
		run: func(ctx context.Context, c deskcheck.Config, progress deskcheck.Progress) (*reports.Result, error) {
			listen()
			return deskcheck.Run(ctx, c, progress)
		},
		watch: func(ctx context.Context, c deskcheck.Config, w deskcheck.Watcher) error {
			listen()
			return deskcheck.Watch(ctx, c, w)
		},
		selftest: func(ctx context.Context, o deskcheck.SelftestOptions) (deskcheck.SelftestResult, error) {
			listen()
			return deskcheck.Selftest(ctx, o)
		},
		compare: func(ctx context.Context, c deskcheck.Config, progress deskcheck.Progress) (*deskcheck.Comparison, error) {
			listen()
			return deskcheck.Compare(ctx, c, progress)
		},
		matrix: func(ctx context.Context, o deskcheck.MatrixOptions) (*reports.Matrix, error) {
			listen()
			return deskcheck.Matrix(ctx, o)
		},
		tryUIMap: func(ctx context.Context, c deskcheck.Config, found func(deskcheck.UIMapFinding)) (*deskcheck.UIMapCheck, error) {
			listen()
			return deskcheck.CheckUIMap(ctx, c, found)
		},
		doctor: func(ctx context.Context, c deskcheck.Config) []deskcheck.DoctorLine {
			listen()
			return deskcheck.Doctor(ctx, c)
		},
		startDesk: func(c standalone.Config, o standalone.Options) (*standalone.Server, error) {
			listen()
			return standalone.Start(c, o)
		},
		startManager: func(c standalone.ManagerConfig, o standalone.Options) (*standalone.Manager, error) {
			listen()
			return standalone.StartManager(c, o)
		},
		startTalkdesk: func(c standalone.TalkdeskConfig, o standalone.Options) (*standalone.Talkdesk, error) {
			listen()
			return standalone.StartTalkdesk(c, o)
		},
		connector: func(ctx context.Context, environment func(string) string, out, err io.Writer) int {
			listen()
			return reference.Main(ctx, environment, out, err)
		},
		open:      openInBrowser,
		trace:     deskcheck.ReadTraceability,
		steps:     deskcheck.Steps,
		preflight: reports.Preflight,
		write:     reports.Write, writeMatrix: reports.WriteMatrix,
		statements: func(dialect string) map[string]string {
			statements := map[string]string{}
			for _, r := range deskcheck.Requirements(dialect) {
				statements[r.ID] = r.Statement
			}
			return statements
		},
	}
}
