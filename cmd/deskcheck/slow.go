package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"deskcheck"
	"deskcheck/reports"

	"github.com/jedib0t/go-pretty/v6/text"
)

// listSlow prints the slowest scenarios of the last run.
func (p *program) listSlow(f listFlags) error {
	if err := f.check("slow"); err != nil {
		return err
	}
	slow, err := reports.Slowest(f.config.Report, 10)
	if errors.Is(err, reports.ErrNoResults) {
		return &deskcheck.UserError{Err: err, Fix: `"deskcheck run" writes them; --report names their folder`}
	}
	if err != nil {
		return &deskcheck.UserError{Err: err}
	}
	if f.json {
		encoder := json.NewEncoder(p.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(slow)
	}
	for _, s := range slow {
		if f.quiet {
			p.printf("%s\n", s.ID)
			continue
		}
		p.printf("%s  %s  %s\n", p.paint(p.out, fmt.Sprintf("%8s", milliseconds(int64(s.DurationMs))), text.Bold), s.ID, s.Name)
		p.printf("          %s\n", p.indented(fmt.Sprintf("%s: %s %s", milliseconds(int64(s.Step.DurationMs)), s.Step.Keyword, s.Step.Text), 12))
		p.printf("          %s\n", p.paint(p.out, p.indented(s.Why, 12), text.Faint))
	}
	return nil
}
