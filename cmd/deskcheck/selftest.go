package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

A mistake is tried in every dialect in which its requirement holds, against all scenarios of what its header names; --dialect chooses among
them. --quick has each tried in the first dialect only, and no further than until all that it breaks has fallen.

With IDs, only the integrations that break these requirements run; with files of broken integrations, only these.

--matrix runs each against every scenario of the dialect, whatever its header names, and writes the kill matrix: matrix.html and
matrix.json. A MUST that none breaks fails it, and so does an integration that breaks what it neither names
nor breaks by that: what only fell where a scenario takes for granted what is named, follows from it. All of it takes hours; interrupted,
it reports what ran, marked incomplete.`

// selftestFlags are the flags of selftest.
type selftestFlags struct {
	options deskcheck.SelftestOptions
	matrix  bool
	report  string
	context context.Context
}

func (p *program) selftestCommand() *cobra.Command {
	f := &selftestFlags{}
	c := &cobra.Command{
		Use:               "selftest [ID or file…]",
		Short:             "Show that each check can fail",
		Long:              selftestLong,
		Example:           "  deskcheck selftest\n  deskcheck selftest --contract agent-manager AM-TASK-02\n  deskcheck selftest FLOW-03 JOIN-09\n  deskcheck selftest --matrix --dialect ai-chat JOIN-01-calls-the-nickname-name.js",
		ValidArgsFunction: p.completing(func(t deskcheck.Traceability) []cobra.Completion { return t.Breakable() }),
		RunE: func(c *cobra.Command, args []string) error {
			f.context = c.Context()
			return p.selftestAll(c, f, args)
		},
	}
	flags := pflag.NewFlagSet("selftest", pflag.ContinueOnError)
	flags.StringVar(&f.options.Contract, "contract", deskcheck.DefaultConfig().Contract, "the `NAME` of the contract: ai-chat tries broken integrations, agent-manager broken agent desks, digital-connect broken connectors")
	flags.IntVar(&f.options.Workers, "workers", 0, "run `N` scenarios side by side; default: 4, with digital-connect 6")
	flags.StringSliceVar(&f.options.Dialects, "dialect", nil, "only in these dialects, `NAMES` joined by commas; default: in all")
	flags.BoolVar(&f.options.Quick, "quick", false, "each mistake in one dialect only, and only until all that it breaks has fallen")
	flags.StringVar(&f.options.Browser, "browser", "", "the `PATH` of the Chromium to use; default: see \"deskcheck doctor\"")
	flags.BoolVar(&f.matrix, "matrix", false, "against every scenario, and write the kill matrix")
	flags.StringVar(&f.report, "report", deskcheck.DefaultConfig().Report, "with --matrix: write matrix.html and matrix.json into this `DIR`")
	addGroups(c, flagGroup{"Flags", flags})
	return c
}

func (p *program) selftestAll(c *cobra.Command, f *selftestFlags, ids []string) error {
	options := f.options
	if c.Flags().Changed("report") && (!f.matrix || f.report == "") {
		return &deskcheck.UserError{Err: errors.New("--report: it is where --matrix writes, and names a folder"), Fix: "add --matrix and a folder, or leave it out"}
	}
	if f.matrix && options.Quick {
		return &deskcheck.UserError{Err: errors.New("--quick: the kill matrix tries each mistake in every dialect, and against every scenario"), Fix: "leave out --quick; --dialect has the matrix made of one dialect"}
	}
	if f.matrix && options.Contract != deskcheck.DefaultConfig().Contract {
		return &deskcheck.UserError{Err: errors.New("--matrix: there is a kill matrix of the contract ai-chat only"), Fix: "leave out --matrix or --contract"}
	}
	config := deskcheck.DefaultConfig().For(options.Contract)
	config.Browser = options.Browser
	if c.Flags().Changed("workers") {
		config.Workers = options.Workers
	}
	if err := flagNames(c.Flags(), config.Validate()); err != nil {
		return err
	}
	for _, name := range options.Dialects {
		if known := deskcheck.DialectsOf(options.Contract); !slices.Contains(known, name) {
			return &deskcheck.UserError{Err: fmt.Errorf("--dialect: there is no dialect %q; there are %s", name, strings.Join(known, ", "))}
		}
	}
	breakable, err := p.breakable(options.Contract, options.Dialects)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if file, ok := deskcheck.BrokenFile(options.Contract, id); ok {
			options.Select = append(options.Select, file)
			continue
		}
		i := slices.IndexFunc(breakable, func(known string) bool { return strings.EqualFold(known, id) })
		if i < 0 {
			return &deskcheck.UserError{
				Err: fmt.Errorf("no broken %s violates %q; closest: %s", deskcheck.Traceability{Contract: options.Contract}.Subject(), id, strings.Join(deskcheck.Closest(id, breakable, 3), ", ")),
				Fix: `"deskcheck list integrations` + deskcheck.ContractFlag(options.Contract) + `" prints them all`,
			}
		}
		options.Select = append(options.Select, breakable[i])
	}
	if f.matrix {
		return p.matrixAll(f, deskcheck.MatrixOptions{Workers: options.Workers, Dialects: options.Dialects, Select: options.Select, Browser: options.Browser})
	}
	done := 0
	options.Progress = func(row deskcheck.SelftestRow) {
		done++
		if p.err.terminal {
			p.sayf("%s  %s  %s", p.outcome(p.err, row), row.Dialect, path.Base(row.File))
		}
	}
	result, err := p.selftest(c.Context(), options)
	if c.Context().Err() != nil {
		return &deskcheck.EnvironmentError{Err: fmt.Errorf("interrupted: %s done", plural(done, "broken "+deskcheck.Traceability{Contract: options.Contract}.Subject()))}
	}
	if err != nil {
		return err
	}
	p.selftestTable(result, deskcheck.Traceability{Contract: options.Contract}.Subject())
	if !result.OK {
		return exitError(reports.ExitNotConformant)
	}
	return nil
}

// breakable lists the requirements that a broken integration violates in one of the dialects, in all if none is named.
func (p *program) breakable(contract string, dialects []string) ([]string, error) {
	if len(dialects) == 0 {
		dialects = deskcheck.DialectsOf(contract)
	}
	var ids []string
	config := deskcheck.DefaultConfig().For(contract)
	for _, config.Dialect = range dialects {
		t, err := p.traceability(config)
		if err != nil {
			return nil, err
		}
		for _, id := range t.Breakable() {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

func (p *program) outcome(s stream, row deskcheck.SelftestRow) string {
	if row.OK {
		return p.paint(s, "ok  ", text.FgGreen)
	}
	return p.paint(s, "fail", text.FgRed, text.Bold)
}

// selftestTable prints what failed of the broken subjects (integrations or agent desks), and below it each difference from what was to fail.
func (p *program) selftestTable(result deskcheck.SelftestResult, subject string) {
	t := p.table("", "dialect", subject, "time", "failed")
	l := listing{header: []string{"okay", "legacy-2023", subject, "time", ""}}
	var complaints []string
	for _, row := range result.Rows {
		name := strings.TrimSuffix(path.Base(row.File), path.Ext(row.File))
		failed := strings.Join(row.Failed, " ")
		if failed == "" {
			failed = "nothing"
		}
		l.add(name, nil, "okay", row.Dialect, name, milliseconds(row.DurationMs), failed)
		t.AppendRow([]any{p.outcome(p.out, row), row.Dialect, name, milliseconds(row.DurationMs), failed})
		if len(row.Missing) > 0 {
			complaints = append(complaints, fmt.Sprintf("%s in %s: named, but did not fail: %s", name, row.Dialect, strings.Join(row.Missing, " ")))
		}
		if len(row.Surplus) > 0 {
			complaints = append(complaints, fmt.Sprintf("%s in %s: failed, but is not named: %s", name, row.Dialect, strings.Join(row.Surplus, " ")))
		}
	}
	for _, dialect := range slices.Sorted(maps.Keys(result.Uncovered)) {
		for _, id := range result.Uncovered[dialect] {
			complaints = append(complaints, fmt.Sprintf("%s: no broken %s violates it in %s", id, subject, dialect))
		}
	}
	if len(result.Rows) > 0 {
		p.render(t, 5, l.width())
		p.printf("\n")
	}
	for _, c := range complaints {
		p.printf("%s\n", c)
	}
	if result.OK {
		p.printf("selftest: passed (%s of broken %ss, each failed exactly what it names)\n", plural(len(result.Rows), "trial"), subject)
	} else {
		p.printf("selftest: failed (%s of broken %ss, %s)\n", plural(len(result.Rows), "trial"), subject, plural(len(complaints), "complaint"))
	}
}
