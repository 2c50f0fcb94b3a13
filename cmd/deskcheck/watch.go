package main

import (
	"errors"

	"deskcheck"
	"deskcheck/reports"

	"github.com/spf13/cobra"
)

// watchAll runs again and again until the user ends it.
func (p *program) watchAll(c *cobra.Command, f *runFlags, config deskcheck.Config) error {
	if f.baseline != "" {
		return &deskcheck.UserError{Err: errors.New("--watch and --baseline exclude each other: a baseline is of one whole run")}
	}
	return p.watch(c.Context(), config, &watching{program: p, config: config, quiet: f.quiet})
}

// watching tells of a watch on the terminal.
type watching struct {
	*program

	config deskcheck.Config
	quiet  bool
	text   *reports.Text
}

// Begins tells of a round as of a run.
func (w *watching) Begins(again bool) deskcheck.Progress {
	if again && !w.quiet {
		w.printf("\nchanged: running what failed\n")
	}
	w.text = w.teller(w.config, w.quiet)
	return w.text
}

// Ended sums up and says what it waits for.
func (w *watching) Ended(result *reports.Result) {
	report := w.config.Report
	if err := w.write(report, result); err != nil {
		w.printError(err)
		report = ""
	}
	w.text.Summary(result, report)
	w.sayf("watching %s; Ctrl-C ends it", w.config.Integration)
}

// Unbundled says what is wrong with the files.
func (w *watching) Unbundled(err error) {
	w.printError(err)
	w.sayf("watching %s; Ctrl-C ends it", w.config.Integration)
}
