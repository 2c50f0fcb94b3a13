package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"deskcheck"
	"deskcheck/reports"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const compareLong = `Runs the same scenarios with the same integration in both chats, the emulated one and the real one, and shows where what crossed differs:
what the chat called, what the integration called back, what the page heard. Ids and times are replaced by their number in the order of
appearance. "-" is what only the emulated chat did, "+" what only the real one did. Differences that are documented carry the ID under
which fixtures/hosts/carbon/quirks.yaml explains them; any other ends with exit code 1: the emulation is not true there.

Without an integration it is the embedded reference that runs. A SELECTION is as in "deskcheck run". The real chat comes with npm, once.`

// compareFlags are the flags of compare.
type compareFlags struct {
	run  runFlags
	json string
}

func (p *program) compareCommand() *cobra.Command {
	f := &compareFlags{run: runFlags{config: deskcheck.DefaultConfig()}}
	c := &cobra.Command{
		Use:     "compare [SELECTION…]",
		Short:   "Compare the emulated chat with the real one",
		Long:    compareLong,
		Example: "  deskcheck compare\n  deskcheck compare FLOW joining --json differences.json\n  deskcheck compare --integration src/desk.ts interaction-flow",
		RunE:    func(c *cobra.Command, args []string) error { return p.compareAll(c, f, args) },
	}
	flags := pflag.NewFlagSet("compare", pflag.ContinueOnError)
	flags.StringVarP(&f.run.path, "config", "c", "", "read this `FILE`; default: ./deskcheck.yaml if it exists")
	flags.StringVar(&f.run.config.Integration.File, "integration", "", "the `FILE` (.js .mjs .ts .tsx) that exports (parameters, env) => integration")
	flags.StringVar(&f.run.config.Tags, "tags", "", "only scenarios whose tags fit this `EXPRESSION` of @tags, and, or, not, parentheses")
	flags.IntVar(&f.run.config.Workers, "workers", f.run.config.Workers, "run `N` scenarios side by side")
	flags.StringVar(&f.run.config.Browser, "browser", "", "the `PATH` of the Chromium to use; default: see \"deskcheck doctor\"")
	flags.StringVar(&f.json, "json", "", "write all of it into this `FILE` too")
	addGroups(c, flagGroup{"Flags", flags})
	c.ValidArgsFunction = p.completing(func(t deskcheck.Traceability) []cobra.Completion { return deskcheck.Words(t.Selectables()) })
	return c
}

func (p *program) compareAll(c *cobra.Command, f *compareFlags, args []string) error {
	f.run.quiet = true
	config, err := p.configuration(c, &f.run, args)
	if err != nil {
		return err
	}
	comparison, err := p.compare(c.Context(), config, &counting{p: p})
	if c.Context().Err() != nil {
		return &deskcheck.EnvironmentError{Err: errors.New("interrupted: nothing was compared")}
	}
	if err != nil {
		return ofTags(c.Flags(), err)
	}
	if f.json != "" {
		raw, err := json.MarshalIndent(comparison, "", "  ")
		if err != nil {
			return fmt.Errorf("write the comparison: %w", err)
		}
		if err := os.WriteFile(f.json, append(raw, '\n'), 0o644); err != nil { //nolint:gosec // A report is there to be read.
			return &deskcheck.UserError{Err: fmt.Errorf("--json: %w", err)}
		}
	}
	p.showComparison(comparison)
	if !comparison.OK {
		return exitError(reports.ExitNotConformant)
	}
	return nil
}

// showComparison prints each scenario that differs, and the sum.
func (p *program) showComparison(c *deskcheck.Comparison) {
	for _, s := range c.Scenarios {
		if len(s.Lists) == 0 {
			continue
		}
		p.printf("%s  %s\n", p.paint(p.out, s.ID, text.Bold), s.Name)
		for _, list := range s.Lists {
			p.printf("  %s\n", list.What)
			for _, line := range list.Lines {
				p.printf("    %s\n", p.compared(line))
			}
		}
		p.printf("\n")
	}
	p.printf("%s compared, - %s and + %s: %d alike, %d with documented differences, %d with others", plural(c.Alike+c.Explained+c.Different, "scenario"),
		c.Hosts[0], c.Hosts[1], c.Alike, c.Explained, c.Different)
	if c.NotCompared > 0 {
		p.printf("; %d not compared, because one of the two cannot show them or the integration lacks what they are about", c.NotCompared)
	}
	p.printf("\n")
}

func (p *program) compared(line deskcheck.ComparedLine) string {
	words := line.Mark + " " + line.Text
	if line.Quirk != "" {
		return p.paint(p.out, words+"  ["+line.Quirk+"]", text.Faint)
	}
	switch line.Mark {
	case "-":
		return p.paint(p.out, words, text.FgRed)
	case "+":
		return p.paint(p.out, words, text.FgGreen)
	}
	return words
}

// counting tells on a terminal how far the runs are.
type counting struct {
	p  *program
	mu sync.Mutex
}

// Started says how much there is to run.
func (c *counting) Started(total int) { c.p.sayf("running %s", plural(total, "scenario")) }

// Preparing says what takes long.
func (c *counting) Preparing(what string) { c.p.sayf("%s", what) }

// Finished counts where somebody watches.
func (c *counting) Finished(_ reports.Scenario, done, total int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.p.err.terminal {
		_, _ = fmt.Fprintf(c.p.err, "\r%d of %d", done, total)
		if done == total {
			c.p.sayf("")
		}
	}
}
