// Command deskload loads the desk with conversations and requests and prints how it bears them, beside servers that do the same and less: a bare echo of frames, and a mock server
// of stubs. A figure that misses its target is told, and is no error: the exit code is only other than 0 when something could not be measured.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

// The exit codes.
const (
	exitDone  = 0
	exitUsage = 2
	exitError = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute does what the arguments say and returns the exit code.
func execute(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 1 && args[0] == echoRole {
		return tell(errs, serveEcho(ctx, out))
	}
	s, err := readSettings(args, errs)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return exitDone
	case err != nil:
		tell(errs, err)
		return exitUsage
	}
	b := &bench{settings: s, out: out, progress: func(format string, args ...any) { _, _ = fmt.Fprintf(errs, format+"\n", args...) }}
	return tell(errs, b.run(ctx))
}

// tell prints an error, if there is one, and returns the exit code for it.
func tell(errs io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	_, _ = fmt.Fprintf(errs, "deskload: %v\n", err) // There is no other place to tell it.
	return exitError
}

// settings say what is measured, with what.
type settings struct {
	// deskcheck is the binary whose desk is loaded, folder where the files are that it is run with, mockoon the script that starts the peer for stubs, empty for none.
	deskcheck, folder, mockoon string
	// conversations are open at once; talkers is how many of them are in the middle of an exchange at any moment, and callers how many requests are.
	conversations, talkers, callers int
	// rounds is how often the servers take turns, spell how long each is loaded for in a round.
	rounds int
	spell  time.Duration
	// churn is for how long conversations come and go.
	churn time.Duration
	// only are the sections that are measured.
	only []string
}

func readSettings(args []string, errs io.Writer) (settings, error) {
	s := settings{}
	quick, minutes := false, 10
	flags := pflag.NewFlagSet("deskload", pflag.ContinueOnError)
	flags.SetOutput(errs)
	flags.SortFlags = false
	flags.StringVar(&s.deskcheck, "deskcheck", "bin/deskcheck", "the `BINARY` whose desk is loaded")
	flags.StringVar(&s.folder, "folder", "fixtures/bench/desk", "the `FOLDER` of the files that the servers are run with")
	flags.StringVar(&s.mockoon, "mockoon", "", "the `SCRIPT` by which Node runs the peer for stubs; without it, stubs have no peer")
	flags.IntVar(&s.conversations, "conversations", 5000, "how many are open at once")
	flags.IntVar(&s.talkers, "talkers", 1000, "in how many of them a line is on its way at any moment")
	flags.IntVar(&s.callers, "callers", 64, "how many requests are on their way at any moment")
	flags.IntVar(&s.rounds, "rounds", 5, "how often the servers take turns")
	flags.DurationVar(&s.spell, "spell", 8*time.Second, "how long a server is loaded for in a round")
	flags.IntVar(&minutes, "minutes", minutes, "how many minutes conversations come and go")
	flags.BoolVar(&quick, "quick", false, "three rounds, and one minute of coming and going")
	flags.StringSliceVar(&s.only, "only", sections, "measure only these")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if quick && !flags.Changed("rounds") {
		s.rounds = 3
	}
	if quick && !flags.Changed("minutes") {
		minutes = 1
	}
	s.churn = time.Duration(minutes) * time.Minute
	return s, s.check(flags.Args())
}

// check says what of the settings cannot be.
func (s settings) check(left []string) error {
	if len(left) > 0 {
		return fmt.Errorf("expected flags alone, found %q; --help lists them", left[0])
	}
	for name, n := range map[string]int{"conversations": s.conversations, "talkers": s.talkers, "callers": s.callers, "rounds": s.rounds} {
		if n < 1 {
			return fmt.Errorf("--%s: expected 1 or more, found %d", name, n)
		}
	}
	if s.spell <= 0 || s.churn <= 0 {
		return errors.New("--spell and --minutes: expected more than nothing")
	}
	for _, one := range s.only {
		if !isSection(one) {
			return fmt.Errorf("--only: there is no %q; there are %v", one, sections)
		}
	}
	return nil
}
