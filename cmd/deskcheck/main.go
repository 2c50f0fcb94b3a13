// Command deskcheck certifies the integration between a chat and a service desk. It turns flags into a deskcheck.Config and results into exit
// codes; everything else is in the package deskcheck.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"deskcheck"
	"deskcheck/reports"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the run in order; from then on a second one kills.
	context.AfterFunc(ctx, stop)
	os.Exit(newProgram().execute(ctx, os.Args[1:]))
}

// newProgram connects the commands to the real world; tests connect them to another.
func newProgram() *program {
	return &program{
		out:         stream{Writer: os.Stdout, terminal: isTerminal(os.Stdout)},
		err:         stream{Writer: os.Stderr, terminal: isTerminal(os.Stderr)},
		width:       terminalWidth(os.Stdout),
		environment: os.Getenv,
		run:         deskcheck.Run,
		selftest:    deskcheck.Selftest,
		doctor:      deskcheck.Doctor,
		trace:       deskcheck.ReadTraceability,
		write:       reports.Write,
		statements: func(dialect string) map[string]string {
			statements := map[string]string{}
			for _, r := range deskcheck.Requirements(dialect) {
				statements[r.ID] = r.Statement
			}
			return statements
		},
	}
}
