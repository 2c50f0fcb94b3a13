package main

import (
	"fmt"
	"path"
	"strings"

	"deskcheck"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

const explainLong = `Explains one requirement: what it demands and how firmly, where it is written, how deskcheck sees it, which scenarios prove it, how real
integrations get it wrong, and which broken integrations show that the scenarios can fail.`

func (p *program) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "explain ID",
		Short:   "Explain a requirement",
		Long:    explainLong,
		Example: "  deskcheck explain FLOW-03\n  deskcheck explain AM-TASK-02",
		Args:    arguments(1, 1, "the ID of one requirement, such as FLOW-03"),
		ValidArgsFunction: p.completing(func(t deskcheck.Traceability) []cobra.Completion {
			var ids []cobra.Completion
			for _, r := range t.Requirements {
				ids = append(ids, cobra.CompletionWithDesc(r.ID, r.Statement))
			}
			return ids
		}),
		RunE: func(_ *cobra.Command, args []string) error {
			config, err := deskcheck.Config{Contract: deskcheck.ContractOf(args[0])}.ForReading()
			if err != nil {
				return err
			}
			t, err := p.traceability(config)
			if err != nil {
				return err
			}
			e, err := t.Explain(args[0])
			if err != nil {
				return err
			}
			p.explain(t, e)
			return nil
		},
	}
}

// labelColumns is the width of the labels on the left.
const labelColumns = 13

func (p *program) explain(t deskcheck.Traceability, e deskcheck.Explanation) {
	r := e.Requirement
	level := r.Level
	// Nobody must take what is ours for the documents' word.
	switch {
	case r.Derived:
		level += " (derived)"
	case r.Assumed:
		level += " (assumed)"
	case r.Safety:
		level += " (safety)"
	}
	p.printf("%s  %s\n\n", p.paint(p.out, r.ID, text.Bold), level)
	p.printf("%s\n\n", p.indented(r.Statement, 0))
	line := func(label, words string) {
		if words != "" {
			padded := fmt.Sprintf("%-*s", labelColumns, label)
			p.printf("%s%s\n", p.paint(p.out, padded, text.Bold), p.indented(words, labelColumns))
		}
	}
	lines := func(label string, all []string, none string) {
		if len(all) == 0 {
			all = []string{none}
		}
		for _, words := range all {
			line(label, words)
			label = ""
		}
	}
	line("binds", strings.Join(r.Binds, ", "))
	line("capability", r.Capability)
	line("dialects", strings.Join(r.Dialects, ", "))
	source := strings.Join(r.Sources, "; ")
	if r.Derived {
		source += " (inferred from the contract's purpose: you may contest it)"
	}
	if r.Assumed {
		source += " (nothing public demands it: it can only warn)"
	}
	line("source", source)
	line("seen by", r.Observe)
	lines("gone wrong", r.Breaks, "")
	var scenarios, broken []string
	for _, s := range e.Scenarios {
		scenarios = append(scenarios, s.ID+"  "+s.Name)
	}
	lines("scenarios", scenarios, "none")
	for _, b := range e.Broken {
		broken = append(broken, path.Base(b.File)+": "+b.How)
	}
	for _, b := range e.AlsoBroken {
		broken = append(broken, path.Base(b.File)+": falls with "+b.Breaks)
	}
	nothing := "no broken " + t.Subject()
	if other := t.Others(r); other != "" {
		nothing = "nothing: it binds " + other + ", and deskcheck's own is held to it by its tests"
	}
	lines("broken by", broken, nothing)
	if len(e.Scenarios) > 0 {
		line("try", "deskcheck run "+r.ID+deskcheck.ContractFlag(t.Contract)+" --headed")
	}
}
