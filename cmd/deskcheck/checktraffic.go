package main

import (
	"errors"
	"fmt"
	"slices"

	"deskcheck"
	"deskcheck/reports"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const checkTrafficLong = `Judges recorded requests of a connector to Talkdesk Digital Connect, and its answers to webhooks, by the rules of a run. It is for a connector that no kit can
stand before, because it runs at its vendor's and cannot be led elsewhere: such a one is not certifiable live, and a recording shows a part of the contract only. Nothing is sent anywhere.

A FILE is one of these, and - is standard input:
  a HAR 1.2 document, as proxies and browsers save it
  lines of JSON, each an exchange; "--schema" describes it
  a journal that "deskcheck run" has saved, in deskcheck-report/journals

Several files are one recording, by one clock: what the connector sent may be in one, what it was sent in another. An empty one among them is told of, and the others are judged. The hosts of Talkdesk are known by their names, its storage by the links that
it gave, webhooks by what they say. What goes to other hosts is counted, and looked at for secrets only.

Secrets may be taken out of a recording, as in "Authorization: Bearer [redacted]": what is not known is not judged. None is ever printed.

Each requirement is one of these:
  failed     a MUST does not hold
  warned     a SHOULD does not hold, or a MUST that nothing public demands
  passed     it held wherever it was put to the test, as far as a recording shows it
  not seen   nothing in the recording put it to the test
  left out   it cannot be judged without something that is not known

Exit codes:
  0   nothing failed
  1   a requirement failed
  2   your mistake: a flag, a file that is no recording, one in which nothing is Talkdesk's`

const checkTrafficExample = `  deskcheck check-traffic --account account.yaml outgoing.har incoming.har
  deskcheck check-traffic --json recorded.ndjson > traffic.json
  deskcheck check-traffic deskcheck-report/journals/*.ndjson
  deskcheck check-traffic --schema`

type checkTrafficFlags struct {
	account             string
	users               int
	json, quiet, schema bool
}

func (p *program) checkTrafficCommand() *cobra.Command {
	f := checkTrafficFlags{}
	return with(&cobra.Command{
		Use:     "check-traffic FILE…",
		Short:   "Judge recorded exchanges of a connector with Talkdesk Digital Connect",
		Long:    checkTrafficLong,
		Example: checkTrafficExample,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"har", "ndjson", "jsonl"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(c *cobra.Command, args []string) error { return p.checkTraffic(c, f, args) },
	}, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.account, "account", "", "the `FILE` that says what the connector is configured with; without it, some rules are left out")
		flags.IntVar(&f.users, "users", 0, "`N` end users took part; without it, some rules are left out")
		flags.BoolVar(&f.json, "json", false, "print it as JSON, with every breach")
		flags.BoolVarP(&f.quiet, "quiet", "q", false, "print only what does not hold, and the last line")
		flags.BoolVar(&f.schema, "schema", false, "print the JSON Schema of a line, and stop")
	})
}

func (p *program) checkTraffic(c *cobra.Command, f checkTrafficFlags, args []string) error {
	switch {
	case f.schema && (len(args) > 0 || c.Flags().NFlag() > 1):
		return &deskcheck.UserError{Err: errors.New("--schema goes with nothing else"), Fix: helpFor(c)}
	case f.schema:
		return p.print(deskcheck.TrafficSchema())
	case f.json && f.quiet:
		return &deskcheck.UserError{Err: errors.New("--json and --quiet do not go together"), Fix: helpFor(c)}
	case f.users < 0:
		return &deskcheck.UserError{Err: fmt.Errorf("--users: expected a number of people, found %d", f.users), Fix: helpFor(c)}
	case len(args) == 0:
		return &deskcheck.UserError{Err: fmt.Errorf("%s needs a recording", c.CommandPath()), Fix: helpFor(c)}
	case slices.Contains(args, "-") && p.in.terminal:
		return &deskcheck.UserError{Err: errors.New("standard input is a terminal, which has no recording"), Fix: "name a file, or send one by a pipe"}
	}
	t, err := deskcheck.CheckTraffic(deskcheck.TrafficCheck{Files: args, Stdin: p.in, Account: f.account, Users: f.users})
	if err != nil {
		return err
	}
	if f.json {
		if err := reports.WriteTrafficJSON(p.out, t); err != nil {
			return err
		}
	} else {
		reports.WriteTrafficText(p.out, t, reports.TextOptions{Color: p.colors(p.out), Quiet: f.quiet, Whole: !p.out.terminal, Width: p.width})
	}
	if t.ExitCode != reports.ExitConformant {
		return exitError(t.ExitCode)
	}
	return nil
}
