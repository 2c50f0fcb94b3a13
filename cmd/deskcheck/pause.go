package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"sync"

	"deskcheck"
	"deskcheck/reports"

	"github.com/spf13/pflag"
)

// input is where the user's keys come from.
type input struct {
	io.Reader

	terminal bool
}

// lines reads the input by lines, from the first call on, in the background: a read of a terminal cannot be ended. What nobody takes is kept, within reason. The channel is
// closed at the end of the input.
func (p *program) lines() <-chan string {
	p.reading.Do(func() {
		p.read = make(chan string, 64)
		go func() {
			defer close(p.read)
			scanner := bufio.NewScanner(p.in)
			for scanner.Scan() {
				select {
				case p.read <- scanner.Text():
				default: // nobody has asked for so many
				}
			}
		}()
	})
	return p.read
}

// pausable makes a configuration fit for pauses: a visible browser, one scenario at a time, and somebody who can press Enter.
func (p *program) pausable(flags *pflag.FlagSet, f *runFlags, config deskcheck.Config) (deskcheck.Config, error) {
	switch {
	case f.watch:
		return config, &deskcheck.UserError{Err: errors.New("--pause-on-failure and --watch exclude each other: a change would end the pause"), Fix: "drop one of them"}
	case flags.Changed("workers") && config.Workers != 1:
		return config, &deskcheck.UserError{Err: errors.New("--pause-on-failure runs one scenario at a time, and --workers asks for more"), Fix: "leave --workers out"}
	case flags.Changed("headed") && !config.Headed:
		return config, &deskcheck.UserError{Err: errors.New("--pause-on-failure shows the browser, and --headed=false hides it"), Fix: "drop one of them"}
	case !p.in.terminal || !p.out.terminal:
		return config, &deskcheck.UserError{Err: errors.New("--pause-on-failure waits for Enter, and there is no terminal to press it in"), Fix: "run it in a terminal, or leave it out: the report has a picture of each failure and its journal"}
	}
	config.Workers, config.Headed = 1, true
	p.lines() // what is typed before a pause is not meant for it
	return config, nil
}

// pausing tells of a run that waits at its failures.
type pausing struct {
	*reports.Text

	program *program
	// over says that nobody can press Enter any more.
	over sync.Once
}

// Paused tells of the failure, and waits.
func (w *pausing) Paused(ctx context.Context, s reports.Scenario) {
	w.Text.Paused(s)
	for early := true; early; { // what was typed before was not meant for this pause
		select {
		case _, early = <-w.program.lines():
		default:
			early = false
		}
	}
	w.program.sayf("the browser stays as it is; Enter goes on, Ctrl-C ends the run")
	select {
	case <-ctx.Done():
	case _, more := <-w.program.lines():
		if !more {
			w.over.Do(func() { w.program.sayf("the input has ended: the run goes on without pauses") })
		}
	}
}
