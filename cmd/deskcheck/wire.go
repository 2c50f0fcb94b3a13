package main

import (
	"fmt"
	"strings"

	"deskcheck"
	"deskcheck/mockdesk/wire"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

const wireLong = `Works on wire files, which say which protocol the mock desk speaks with your integration: which requests and frames mean what, and how
the desk words its answers and its events.

Begin with what your integration and your desk say to each other, or with the native wire:
  deskcheck wire record --to https://chat.acme.example --out acme.wire.yaml
  deskcheck wire print native > acme.wire.yaml
and have a run use it, in deskcheck.yaml:
  desk:
    wire: acme.wire.yaml`

func (p *program) wireCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "wire",
		Short:   "Check and describe the protocol that the desk speaks",
		Long:    wireLong,
		Example: "  deskcheck wire print native\n  deskcheck wire schema\n  deskcheck wire guide",
		RunE:    subcommandsOnly,
	}
	wireFiles := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	c.AddCommand(
		p.recordCommand(),
		p.markCommand(),
		&cobra.Command{
			Use:               "check FILE",
			Short:             "Check a wire file, and say what it offers and what could not be tested with it",
			Args:              arguments(1, 1, "one file"),
			ValidArgsFunction: wireFiles,
			RunE:              func(_ *cobra.Command, args []string) error { return p.wireCheck(args[0]) },
		},
		&cobra.Command{
			Use:               "print NAME",
			Short:             "Print a wire that deskcheck brings with it: native",
			Args:              arguments(1, 1, "the name of a wire"),
			ValidArgs:         []cobra.Completion{"native"},
			ValidArgsFunction: cobra.FixedCompletions([]cobra.Completion{"native"}, cobra.ShellCompDirectiveNoFileComp),
			RunE: func(_ *cobra.Command, args []string) error {
				if args[0] != "native" {
					return &deskcheck.UserError{Err: fmt.Errorf("there is no wire %q", args[0]), Fix: "deskcheck brings native with it"}
				}
				return p.print(wire.NativeFile())
			},
		},
		&cobra.Command{
			Use:               "schema",
			Short:             "Print the JSON Schema of wire files",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(*cobra.Command, []string) error { return p.print(wire.Schema()) },
		},
		&cobra.Command{
			Use:               "guide",
			Short:             "Print the guide to wire files",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(*cobra.Command, []string) error { return p.print(wire.Guide()) },
		},
	)
	return c
}

func (p *program) print(text []byte) error {
	_, err := p.out.Write(text)
	return err
}

func (p *program) wireCheck(path string) error {
	w, err := deskcheck.LoadWire(path)
	if err != nil {
		return err
	}
	profiles, err := deskcheck.WireProfiles(deskcheck.DefaultConfig(), w)
	if err != nil {
		return err
	}
	offer := w.Offer()
	p.printf("%s is fine: the wire %s\n\n", path, w.Name)
	p.grid([]string{"route or frame", "means", "answers"}, takeRows(offer))
	p.printf("\n")
	p.grid([]string{"events", ""}, []table.Row{
		{"told", listed(offer.Told)},
		{"left out on purpose", listed(offer.Silent)},
		{"without words", listed(offer.NoEvents)},
	})
	missing := make([]string, 0, len(offer.NoMeanings))
	for _, m := range offer.NoMeanings {
		missing = append(missing, string(m))
	}
	p.printf("\nnothing means: %s\n\n", listed(missing))
	p.grid([]string{"profile", "cannot be tested with this wire"}, profileRows(profiles))
	return nil
}

// grid prints a table with a header.
func (p *program) grid(header []string, rows []table.Row) {
	l := listing{header: header, rows: rows}
	t := p.table(header...)
	t.AppendRows(rows)
	p.render(t, len(header), l.width())
}

func takeRows(offer wire.Offer) []table.Row {
	rows := make([]table.Row, 0, len(offer.Takes))
	for _, one := range offer.Takes {
		means := string(one.Means)
		if one.As != "" {
			means += ", " + one.As
		}
		answers := "worded"
		if len(one.Unanswered) > 0 {
			answers = "nothing to say to " + strings.Join(one.Unanswered, ", ")
		}
		rows = append(rows, table.Row{one.On, means, answers})
	}
	return rows
}

func profileRows(profiles []deskcheck.WireProfile) []table.Row {
	rows := make([]table.Row, 0, len(profiles))
	for _, profile := range profiles {
		lacks := make([]string, 0, len(profile.Untestable))
		for _, u := range profile.Untestable {
			lacks = append(lacks, u.String())
		}
		rows = append(rows, table.Row{profile.Name, listed(lacks)})
	}
	return rows
}

// listed is a list as a cell has it.
func listed(words []string) string {
	if len(words) == 0 {
		return "–"
	}
	return strings.Join(words, ", ")
}
