package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"deskcheck"

	"github.com/jedib0t/go-pretty/v6/text"
)

// listSteps prints the vocabulary, or what of it speaks of all the words.
func (p *program) listSteps(f listFlags, asked []string) error {
	if err := f.check("steps"); err != nil {
		return err
	}
	all, err := p.steps(f.config)
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(slices.Clone(all), func(s deskcheck.StepInfo) bool { return !s.Speaks(asked) })
	if len(found) == 0 {
		return nothingSpeaks(all, asked, f.config.Contract)
	}
	switch {
	case f.json:
		encoder := json.NewEncoder(p.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(found)
	case f.quiet:
		for _, s := range found {
			p.printf("%s\n", s.Form)
		}
		return nil
	}
	group, words := "", ""
	for _, s := range found {
		if s.Group != group {
			if group != "" {
				p.printf("\n")
			}
			group = s.Group
			p.printf("%s\n", p.paint(p.out, group, text.Bold))
		}
		// Said once for all that have them in common.
		if explained := strings.Join(s.Words, "\n"); explained != "" && explained != words {
			words = explained
			for _, line := range s.Words {
				p.printf("  %s\n", p.paint(p.out, p.indented(line, 2), text.Faint))
			}
		}
		form := s.Form
		if s.Argument != "" {
			form += "   (and " + s.Argument + " below)"
		}
		p.printf("  %s\n", p.indented(form, 4))
		first, below, _ := strings.Cut(s.Example, "\n")
		p.printf("%s\n", p.paint(p.out, fmt.Sprintf("      %s   # %s:%d", first, s.File, s.Line), text.Faint))
		// One that was searched for is shown whole.
		if below != "" && len(asked) > 0 {
			p.printf("%s\n", p.paint(p.out, "      "+strings.ReplaceAll(below, "\n", "\n      "), text.Faint))
		}
	}
	p.sayf("\n%s; <agent> is yours to fill in, {a|b} is a choice, [a] may be left out. \"deskcheck run --features DIR\" runs features that say them", plural(len(found), "step"))
	return nil
}

// nothingSpeaks says which of the words nobody says, and what comes near.
func nothingSpeaks(all []deskcheck.StepInfo, words []string, contract string) error {
	var vocabulary []string
	for _, s := range all {
		for word := range strings.FieldsFuncSeq(strings.ToLower(s.Form), func(r rune) bool { return r < 'a' || r > 'z' }) {
			if len(word) > 3 && !slices.Contains(vocabulary, word) {
				vocabulary = append(vocabulary, word)
			}
		}
	}
	for _, word := range words {
		if !slices.ContainsFunc(all, func(s deskcheck.StepInfo) bool { return s.Speaks([]string{word}) }) {
			return &deskcheck.UserError{Err: fmt.Errorf("no step speaks of %q; closest: %s", word, strings.Join(deskcheck.Closest(word, vocabulary, 3), ", ")), Fix: `"deskcheck list steps` + deskcheck.ContractFlag(contract) + `" prints them all`}
		}
	}
	return &deskcheck.UserError{Err: fmt.Errorf("no step speaks of all of %s", strings.Join(words, ", ")), Fix: "drop a word"}
}
