package main

import (
	"context"
	"strconv"

	"deskcheck"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

const uiMapLong = `Works on UI maps, which say how a person does things in an agent desk that deskcheck has never seen: a verb is a short list of actions,
a look is where something is read.

A map of a few verbs is enough to begin with, in deskcheck.yaml:
  contract: agent-manager
  agent-desk:
    url: http://localhost:4200/?manager=${manager}
  ui-map:
    sign in:
      - fill: { label: User name }
        with: "{username}"
      - fill: { label: Password }
        with: "{password}"
      - click: { button: Sign in }
    accept offer:
      - click: { button: "Accept {customer}" }
    offers: "#offers li"

"deskcheck ui-map check" then tries each of it on the desk and says which work. What is left out makes the scenarios that need it
untestable; "transfer: none" says that the desk has no such thing.`

const uiMapCheckLong = `Opens the agent desk in a browser, serves an agent manager to it, and goes through a story in which everything that the map tells has its
turn: amy signs in, goes ready, takes conversations and hands them over; sue supervises her from a second tab, ben helps from a third.
A verb works if what it is for arrives at the agent manager, a look if it shows what the manager knows.

Exit codes:
  0   all that the map tells works, or has no turn
  1   something fails
  2   your mistake: the configuration, the map
  3   the environment failed`

func (p *program) uiMapCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "ui-map",
		Short:   "Check how a person does things in an agent desk, and describe it",
		Long:    uiMapLong,
		Example: "  deskcheck ui-map print > ui-map.yaml\n  deskcheck ui-map schema\n  deskcheck ui-map check -c deskcheck.yaml",
		RunE:    subcommandsOnly,
	}
	f := &runFlags{config: deskcheck.DefaultConfig()}
	check := &cobra.Command{
		Use:               "check",
		Short:             "Try each verb and each look on the desk, and say which work",
		Long:              uiMapCheckLong,
		Example:           "  deskcheck ui-map check\n  deskcheck ui-map check -c desk/deskcheck.yaml",
		Args:              arguments(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := p.configuration(c, f, nil)
			if err != nil {
				return err
			}
			return p.uiMapCheck(c.Context(), config)
		},
	}
	check.Flags().SortFlags = false
	check.Flags().StringVarP(&f.path, "config", "c", "", "read this `FILE`; default: ./deskcheck.yaml if it exists")
	check.Flags().StringVar(&f.config.Browser, "browser", "", "use the Chromium at this `PATH`")
	c.AddCommand(
		check,
		&cobra.Command{
			Use:               "print",
			Short:             "Print the map of the reference desk, to begin with",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(*cobra.Command, []string) error { return p.print(deskcheck.ReferenceUIMap()) },
		},
		&cobra.Command{
			Use:               "schema",
			Short:             "Print the JSON Schema of UI maps, which describes every verb, look and action",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(*cobra.Command, []string) error { return p.print(deskcheck.UIMapSchema()) },
		},
	)
	return c
}

func (p *program) uiMapCheck(ctx context.Context, config deskcheck.Config) error {
	tell := func(one deskcheck.UIMapFinding) {
		if p.err.terminal {
			p.sayf("%-9s  %s", one.Outcome, one.Name)
		}
	}
	found, err := p.tryUIMap(ctx, config, tell)
	if err != nil {
		return err
	}
	p.printf("%s on %s\n\n", found.Path, found.Desk)
	counts := map[any]int{}
	rows := make([]table.Row, 0, len(found.Findings))
	for _, one := range found.Findings {
		counts[one.Outcome]++
		line := ""
		if one.Line > 0 {
			line = strconv.Itoa(one.Line)
		}
		rows = append(rows, table.Row{one.Name, line, string(one.Outcome), one.Detail})
	}
	p.grid([]string{"verb or look", "line", "result", "what was found"}, rows)
	p.printf("\n%d work, %d fail, %d were not tried, %d the desk does not have\n", counts[deskcheck.UIMapWorks], counts[deskcheck.UIMapFails], counts[deskcheck.UIMapUntried], counts[deskcheck.UIMapLacking])
	if counts[deskcheck.UIMapFails] > 0 {
		return exitError(1)
	}
	return nil
}
