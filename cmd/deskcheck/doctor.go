package main

import (
	"fmt"

	"deskcheck"
	"deskcheck/reports"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

const doctorLong = `Looks at everything that a run needs on this machine: the browser, its version, the ports, the fonts. Each line is ok, or says what to do.
A connector whose end users are played by a user driver alone needs no browser, and none is looked for.
A "warn" does not keep a run from being right; a "fail" does, and makes the exit code 3.`

func (p *program) doctorCommand() *cobra.Command {
	f := &runFlags{config: deskcheck.DefaultConfig()}
	c := &cobra.Command{
		Use:               "doctor",
		Short:             "Check that this machine can certify",
		Long:              doctorLong,
		Example:           "  deskcheck doctor\n  deskcheck doctor --browser /usr/bin/chromium",
		Args:              arguments(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := p.configuration(c, f, nil)
			if err != nil {
				return err
			}
			return p.examine(c, config)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVarP(&f.path, "config", "c", "", "read this `FILE`; default: ./deskcheck.yaml if it exists")
	c.Flags().StringVar(&f.config.Contract, "contract", f.config.Contract, "look for what certifying by the contract `NAME` needs: ai-chat, agent-manager or digital-connect")
	c.Flags().StringVar(&f.config.Browser, "browser", "", "look at the Chromium at this `PATH`")
	c.Flags().BoolVar(&f.config.Headed, "headed", false, "look for what a visible browser needs")
	return c
}

// stateColors are the colours of the three states.
var stateColors = map[string]text.Color{"ok": text.FgGreen, "warn": text.FgYellow, "fail": text.FgRed}

func (p *program) examine(c *cobra.Command, config deskcheck.Config) error {
	lines := p.doctor(c.Context(), config)
	widest, failed := 0, 0
	for _, l := range lines {
		widest = max(widest, len([]rune(l.Name)))
		if l.State == "fail" {
			failed++
		}
	}
	for _, l := range lines {
		indent := 4 + 2 + widest + 2
		p.printf("%s  %-*s  %s\n", p.paint(p.out, fmt.Sprintf("%-4s", l.State), stateColors[l.State]), widest, l.Name, p.indented(l.Detail, indent))
		if l.Fix != "" && l.State != "ok" {
			p.printf("%*s%s\n", indent, "", p.indented("fix: "+l.Fix, indent+5))
		}
	}
	switch failed {
	case 0:
		p.printf("\nthis machine can certify\n")
		return nil
	case 1:
		p.printf("\nthis machine cannot certify yet: 1 line failed\n")
	default:
		p.printf("\nthis machine cannot certify yet: %d lines failed\n", failed)
	}
	return exitError(reports.ExitEnvironment)
}
