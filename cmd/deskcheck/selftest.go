package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"deskcheck"
	"deskcheck/reports"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const selftestLong = `Shows that the checks can fail. Each broken integration violates one requirement on purpose, as a real one would; selftest runs it
against the scenarios of the requirements that its header names, the one that it breaks and those that must fall with it, and wants
exactly these to fail: nothing is said about scenarios that touch none of them. A check that cannot fail proves nothing, so a MUST that
binds the integration or its page and has no broken integration fails the selftest too.

With IDs, only the integrations that break these requirements run.`

func (p *program) selftestCommand() *cobra.Command {
	var options deskcheck.SelftestOptions
	c := &cobra.Command{
		Use:               "selftest [ID…]",
		Short:             "Show that each check can fail",
		Long:              selftestLong,
		Example:           "  deskcheck selftest\n  deskcheck selftest FLOW-03 JOIN-09",
		ValidArgsFunction: p.completing(func(t deskcheck.Traceability) []cobra.Completion { return t.Breakable() }),
		RunE: func(c *cobra.Command, args []string) error {
			return p.selftestAll(c, options, args)
		},
	}
	flags := pflag.NewFlagSet("selftest", pflag.ContinueOnError)
	flags.IntVar(&options.Workers, "workers", deskcheck.DefaultConfig().Workers, "run `N` scenarios side by side")
	flags.StringVar(&options.Browser, "browser", "", "the `PATH` of the Chromium to use; default: see \"deskcheck doctor\"")
	addGroups(c, flagGroup{"Flags", flags})
	return c
}

func (p *program) selftestAll(c *cobra.Command, options deskcheck.SelftestOptions, ids []string) error {
	config := deskcheck.DefaultConfig()
	config.Workers, config.Browser = options.Workers, options.Browser
	if err := flagNames(c.Flags(), config.Validate()); err != nil {
		return err
	}
	t, err := p.traceability(config)
	if err != nil {
		return err
	}
	breakable := t.Breakable()
	for _, id := range ids {
		i := slices.IndexFunc(breakable, func(known string) bool { return strings.EqualFold(known, id) })
		if i < 0 {
			return &deskcheck.UserError{
				Err: fmt.Errorf("no broken integration violates %q; closest: %s", id, strings.Join(deskcheck.Closest(id, breakable, 3), ", ")),
				Fix: `"deskcheck list integrations" prints them all`,
			}
		}
		options.Select = append(options.Select, breakable[i])
	}
	done := 0
	options.Progress = func(row deskcheck.SelftestRow) {
		done++
		if p.err.terminal {
			p.sayf("%s  %s", p.outcome(p.err, row), path.Base(row.File))
		}
	}
	result, err := p.selftest(c.Context(), options)
	if c.Context().Err() != nil {
		return &deskcheck.EnvironmentError{Err: fmt.Errorf("interrupted: %s done", plural(done, "broken integration"))}
	}
	if err != nil {
		return err
	}
	p.selftestTable(result)
	if !result.OK {
		return exitError(reports.ExitNotConformant)
	}
	return nil
}

func (p *program) outcome(s stream, row deskcheck.SelftestRow) string {
	if row.OK {
		return p.paint(s, "ok  ", text.FgGreen)
	}
	return p.paint(s, "fail", text.FgRed, text.Bold)
}

// selftestTable prints what failed, and below it each difference from what was to fail.
func (p *program) selftestTable(result deskcheck.SelftestResult) {
	t := p.table("", "integration", "time", "failed")
	l := listing{header: []string{"okay", "integration", "time", ""}}
	var complaints []string
	for _, row := range result.Rows {
		name := strings.TrimSuffix(path.Base(row.File), path.Ext(row.File))
		failed := strings.Join(row.Failed, " ")
		if failed == "" {
			failed = "nothing"
		}
		l.add(name, nil, "okay", name, milliseconds(row.DurationMs), failed)
		t.AppendRow([]any{p.outcome(p.out, row), name, milliseconds(row.DurationMs), failed})
		if len(row.Missing) > 0 {
			complaints = append(complaints, fmt.Sprintf("%s: named, but did not fail: %s", name, strings.Join(row.Missing, " ")))
		}
		if len(row.Surplus) > 0 {
			complaints = append(complaints, fmt.Sprintf("%s: failed, but is not named: %s", name, strings.Join(row.Surplus, " ")))
		}
	}
	for _, id := range result.Uncovered {
		complaints = append(complaints, id+": no broken integration violates it")
	}
	if len(result.Rows) > 0 {
		p.render(t, 4, l.width())
		p.printf("\n")
	}
	for _, c := range complaints {
		p.printf("%s\n", c)
	}
	if result.OK {
		p.printf("selftest: passed (%s, each failed exactly what it names)\n", plural(len(result.Rows), "broken integration"))
	} else {
		p.printf("selftest: failed (%s, %s)\n", plural(len(result.Rows), "broken integration"), plural(len(complaints), "complaint"))
	}
}
