package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"deskcheck"
	"deskcheck/fixtures"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const listLong = `Lists what the contract demands and what deskcheck has for it.

  requirements   what the contract demands, with the number of scenarios that prove each (this is the default)
  features       what a selection can name, with the requirements each feature proves
  integrations   the reference, and the broken ones that "deskcheck selftest" runs
  capabilities   the parts of the contract, for --capability and for capabilities: in deskcheck.yaml
  profiles       what an integration can earn, for --profile
  schemas        what "deskcheck validate" holds payloads against, of every contract
  steps [WORD…]  the sentences of which features are made, for --features; with words, those that speak of all of them
  slow           the ten slowest scenarios of the last run, and what each waited for

On a terminal the last column wraps to the width; in a pipe every row is one line, for grep.`

const listExample = `  deskcheck list
  deskcheck list requirements --uncovered
  deskcheck list requirements --quiet | grep ^FLOW
  deskcheck list features --json
  deskcheck list --contract agent-manager
  deskcheck list steps typing`

// subjects are what list knows, in the order of its help.
var subjects = []string{"requirements", "features", "integrations", "capabilities", "profiles", "schemas", "steps", "slow"}

type listFlags struct {
	config                 deskcheck.Config
	uncovered, quiet, json bool
}

func (p *program) listCommand() *cobra.Command {
	f := listFlags{config: deskcheck.DefaultConfig()}
	c := &cobra.Command{
		Use:     "list [SUBJECT] [WORD…]",
		Short:   "List requirements, features, profiles and what else there is",
		Long:    listLong,
		Example: listExample,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return subjects, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			subject := subjects[0]
			if len(args) > 0 {
				subject = args[0]
			}
			if !c.Flags().Changed("dialect") {
				f.config.Dialect = ""
			}
			var err error
			if f.config, err = f.config.ForReading(); err != nil {
				return flagNames(c.Flags(), err)
			}
			if len(args) > 1 && subject != "steps" && slices.Contains(subjects, subject) {
				return &deskcheck.UserError{Err: fmt.Errorf("list %s takes no words, found %q", subject, args[1]), Fix: "only steps can be searched; for the others, pipe the list into grep"}
			}
			if subject == "schemas" {
				if c.Flags().Changed("dialect") {
					return &deskcheck.UserError{Err: errors.New("--dialect is not for schemas: their names say where one belongs to a dialect")}
				}
				return p.listSchemas(f, c.Flags().Changed("contract"))
			}
			if subject == "slow" {
				return p.listSlow(f)
			}
			if subject == "steps" {
				return p.listSteps(f, args[1:])
			}
			return p.list(subject, f)
		},
	}
	flags := pflag.NewFlagSet("list", pflag.ContinueOnError)
	flags.BoolVar(&f.uncovered, "uncovered", false, "only requirements that no scenario proves, though a run could see them")
	flags.StringVar(&f.config.Contract, "contract", f.config.Contract, "the `NAME` of the contract: ai-chat, agent-manager or digital-connect")
	flags.StringVar(&f.config.Dialect, "dialect", f.config.Dialect, "the `NAME` of the dialect: ai-chat, orchestrate or web-chat, or one of the contract's")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "bare IDs, one a line")
	flags.BoolVar(&f.json, "json", false, "everything, as JSON")
	flags.StringVar(&f.config.Report, "report", f.config.Report, "the `DIR` of the run's report, for slow")
	addGroups(c, flagGroup{"Flags", flags})
	return c
}

func (p *program) list(subject string, f listFlags) error {
	if !slices.Contains(subjects, subject) {
		text := fmt.Sprintf("there is no subject %q", subject)
		if near, ok := deskcheck.Near(subject, subjects); ok {
			text += "; did you mean " + near + "?"
		}
		return &deskcheck.UserError{Err: errors.New(text), Fix: "list one of " + strings.Join(subjects, ", ")}
	}
	if err := f.check(subject); err != nil {
		return err
	}
	t, err := p.traceability(f.config)
	if err != nil {
		return err
	}
	return p.listing(f, map[string]func(deskcheck.Traceability, listFlags) listing{
		"requirements": requirementListing, "features": featureListing, "integrations": integrationListing, "capabilities": capabilityListing, "profiles": profileListing,
	}[subject](t, f))
}

// listing prints a subject in the form that the flags ask for.
func (p *program) listing(f listFlags, l listing) error {
	switch {
	case f.quiet:
		for _, id := range l.ids {
			p.printf("%s\n", id)
		}
	case f.json:
		encoder := json.NewEncoder(p.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(l.items)
	default:
		if len(l.rows) > 0 {
			t := p.table(l.header...)
			for _, row := range l.rows {
				t.AppendRow(row)
			}
			p.render(t, len(l.header), l.width())
			p.sayf("")
		}
		p.sayf("%s", l.note)
	}
	return nil
}

// listSchemas lists the schemas of all contracts, or of the one that was asked for.
func (p *program) listSchemas(f listFlags, ofOne bool) error {
	if err := f.check("schemas"); err != nil {
		return err
	}
	all, err := fixtures.Schemas()
	if err != nil {
		return err
	}
	l := listing{header: []string{"schema", "of what"}, items: []any{}}
	for _, s := range all {
		if !ofOne || s.Contract == f.config.Contract {
			of := s.Description
			if s.Title != path.Base(s.Name) { // where the title is no more than the name, it says nothing
				of = s.Title + ". " + of
			}
			l.add(s.Name, s, s.Name, of)
		}
	}
	l.note = fmt.Sprintf("%d schemas; \"deskcheck validate --schema NAME FILE\" holds a payload against one, and the end of a name will do where it means that one alone", len(l.rows))
	return p.listing(f, l)
}

// check refuses flags that do not go together.
func (f listFlags) check(subject string) error {
	if f.quiet && f.json {
		return &deskcheck.UserError{Err: errors.New("--quiet and --json exclude each other")}
	}
	if f.uncovered && subject != "requirements" {
		return &deskcheck.UserError{Err: fmt.Errorf("--uncovered is for requirements, not for %s", subject)}
	}
	return nil
}

// listing is a subject in the three forms of output.
type listing struct {
	ids    []string
	items  []any
	header []string
	rows   []table.Row
	note   string
}

// add appends one item; the last cell is the one that wraps.
func (l *listing) add(id string, item any, cells ...any) {
	l.ids, l.items, l.rows = append(l.ids, id), append(l.items, item), append(l.rows, cells)
}

// width returns the columns that all cells but the last take, with the gaps between them.
func (l *listing) width() int {
	width := 0
	for column := range len(l.header) - 1 {
		widest := len([]rune(l.header[column]))
		for _, row := range l.rows {
			widest = max(widest, len([]rune(fmt.Sprint(row[column]))))
		}
		width += widest + 2
	}
	return width
}

// requirementItem is a requirement as --json prints it.
type requirementItem struct {
	ID         string   `json:"id"`
	Area       string   `json:"area"`
	Level      string   `json:"level"`
	Derived    bool     `json:"derived"`
	Assumed    bool     `json:"assumed"`
	Safety     bool     `json:"safety"`
	Binds      []string `json:"binds"`
	Dialects   []string `json:"dialects"`
	Capability string   `json:"capability"`
	Statement  string   `json:"statement"`
	Observe    string   `json:"observe"`
	Sources    []string `json:"sources"`
	Breaks     []string `json:"breaks"`
	Scenarios  []string `json:"scenarios"`
}

func requirementListing(t deskcheck.Traceability, f listFlags) listing {
	l := listing{header: []string{"ID", "level", "binds", "scenarios", "statement"}, items: []any{}}
	bare := t.Uncovered()
	uncovered := len(bare)
	for _, r := range t.Requirements {
		scenarios := []string{}
		for _, s := range t.Proving(r.ID) {
			scenarios = append(scenarios, s.ID)
		}
		if f.uncovered && !slices.ContainsFunc(bare, func(u fixtures.Requirement) bool { return u.ID == r.ID }) {
			continue
		}
		short := r.Level
		if r.Derived || r.Assumed {
			short += "*"
		}
		l.add(r.ID, requirementItem{r.ID, r.Area, r.Level, r.Derived, r.Assumed, r.Safety, orEmpty(r.Binds), orEmpty(r.Dialects), r.Capability, r.Statement, r.Observe, orEmpty(r.Sources), orEmpty(r.Breaks), scenarios},
			r.ID, short, strings.Join(r.Binds, ", "), len(scenarios), r.Statement)
	}
	marked := "derived, not written"
	if slices.ContainsFunc(t.Requirements, func(r fixtures.Requirement) bool { return r.Assumed }) {
		marked = "assumed: nothing public demands them, so that they can only warn"
	}
	left := fmt.Sprintf("%d of them without a scenario", uncovered)
	if n := unseen(t); n > 0 {
		left = fmt.Sprintf("%d that no run can see (\"deskcheck explain\" says why), %d of the others without a scenario", n, uncovered)
	}
	l.note = fmt.Sprintf("%d requirements, %s; * marks those that are %s", len(t.Requirements), left, marked)
	if f.uncovered && uncovered == 0 {
		l.note = fmt.Sprintf("each of the %d requirements that a run can see has a scenario", len(t.Requirements)-unseen(t))
	}
	return l
}

// unseen counts the requirements that no run can see.
func unseen(t deskcheck.Traceability) int {
	n := 0
	for _, r := range t.Requirements {
		if r.ByReading || t.Others(r) != "" {
			n++
		}
	}
	return n
}

func featureListing(t deskcheck.Traceability, _ listFlags) listing {
	l := listing{header: []string{"feature", "scenarios", "title", "requirements"}, items: []any{}}
	type item struct {
		Word         string   `json:"word"`
		Name         string   `json:"name"`
		File         string   `json:"file"`
		Scenarios    int      `json:"scenarios"`
		Requirements []string `json:"requirements"`
	}
	for _, feature := range t.Features() {
		l.add(feature.Word, item{feature.Word, feature.Name, feature.File, feature.Scenarios, orEmpty(feature.Requirements)},
			feature.Word, feature.Scenarios, feature.Name, strings.Join(feature.Requirements, " "))
	}
	l.note = fmt.Sprintf("%d features, %d scenarios; \"deskcheck run FEATURE\" runs one", len(l.rows), len(t.Scenarios))
	return l
}

func integrationListing(t deskcheck.Traceability, _ listFlags) listing {
	l := listing{header: []string{t.Subject(), "breaks", "with", "how"}, items: []any{}}
	type item struct {
		File   string   `json:"file"`
		Breaks string   `json:"breaks,omitempty"`
		With   []string `json:"with"`
		How    string   `json:"how"`
	}
	const keeps = "keeps everything; the model to copy, and what \"deskcheck run\" certifies by default"
	l.add("reference", item{File: t.Reference(), With: []string{}, How: keeps}, "reference", "", "", keeps)
	for _, b := range t.Broken {
		name := strings.TrimSuffix(path.Base(b.File), path.Ext(b.File))
		l.add(name, item{b.File, b.Breaks, orEmpty(b.With), b.How}, name, b.Breaks, strings.Join(b.With, " "), b.How)
	}
	l.note = fmt.Sprintf("1 reference, %d broken on purpose; \"deskcheck selftest\" runs them", len(t.Broken))
	return l
}

func capabilityListing(t deskcheck.Traceability, _ listFlags) listing {
	l := listing{header: []string{"capability", "requirements", "scenarios", article(t.Subject()) + " has it when"}, items: []any{}}
	type item struct {
		Name         string   `json:"name"`
		Requirements int      `json:"requirements"`
		Scenarios    int      `json:"scenarios"`
		Shows        []string `json:"shows"`
	}
	for _, c := range t.Capabilities() {
		shows := strings.Join(c.Shows, ", or ")
		switch {
		case c.Name == "core":
			shows = "always: it is not optional"
		case shows == "":
			shows = "its requirements hold"
		}
		l.add(c.Name, item{c.Name, c.Requirements, c.Scenarios, orEmpty(c.Shows)}, c.Name, c.Requirements, c.Scenarios, shows)
	}
	l.note = fmt.Sprintf("%d capabilities; \"deskcheck run --capability NAME\" runs the scenarios of one; all requirements are counted here, of which profiles have those that bind the %s", len(l.rows), t.Subject())
	return l
}

func profileListing(t deskcheck.Traceability, f listFlags) listing {
	l := listing{header: []string{"profile", "requirements", "scenarios", article(t.Subject()) + " with it"}, items: []any{}}
	type item struct {
		Name         string   `json:"name"`
		Description  string   `json:"description"`
		Capabilities []string `json:"capabilities"`
		Requirements int      `json:"requirements"`
		Scenarios    int      `json:"scenarios"`
	}
	for _, p := range t.ProfileInfos(f.config.Dialect) {
		l.add(p.Name, item{p.Name, p.Description, orEmpty(p.Capabilities), p.Requirements, p.Scenarios}, p.Name, p.Requirements, p.Scenarios, p.Description)
	}
	l.note = fmt.Sprintf("%d profiles; \"deskcheck run --profile NAME\" runs what one rests on, and a whole run says which are earned", len(l.rows))
	return l
}

// article puts the indefinite article before what is certified.
func article(subject string) string {
	if strings.ContainsRune("aeiou", rune(subject[0])) {
		return "an " + subject
	}
	return "a " + subject
}

// orEmpty keeps an absent list a list in JSON.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
