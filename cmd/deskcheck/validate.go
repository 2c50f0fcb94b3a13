package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"deskcheck"
	"deskcheck/fixtures"
	"deskcheck/reports"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const validateLong = `Holds payloads against a schema of a contract: what an integration calls back with, what an agent desk emits, what a connector sends or
is sent. It says of each thing that is wrong where it stands, which rule it breaks, what was found, and what to do about it.

A file is one JSON document; - is the standard input. With --lines each line of a file is one (NDJSON).

The name of a schema is what "deskcheck list schemas" prints, or the end of it where that means one alone: message_created, desk/topicSubscription.
With --print the schema itself is printed, and nothing is held against it.

Exit codes: 0 every payload is valid, 1 at least one is not, 2 your mistake: no such schema, no such file, no JSON.`

const validateExample = `  deskcheck validate --schema message_created event.json
  deskcheck validate --schema start - < body.json
  deskcheck validate --schema digital-connect/message --lines sent.ndjson
  deskcheck validate --schema callbacks/agentJoined --json call.json
  deskcheck validate --schema message_created --print`

// mostPayload is how large a file of payloads may be, in bytes: what is larger is no payload that either side of a contract would take.
const mostPayload = 64 << 20

type validateFlags struct {
	schema             string
	lines, json, print bool
}

func (p *program) validateCommand() *cobra.Command {
	var f validateFlags
	c := &cobra.Command{
		Use:     "validate --schema NAME FILE…",
		Short:   "Hold payloads against a schema of a contract",
		Long:    validateLong,
		Example: validateExample,
		Args: func(c *cobra.Command, args []string) error {
			if f.print {
				return nil // what goes with it is told of below
			}
			return arguments(1, 1<<20, "a file with a payload, or - for the standard input")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if f.print && (len(args) > 0 || f.lines || f.json) {
				return &deskcheck.UserError{Err: errors.New("--print goes with --schema alone"), Fix: helpFor(c)}
			}
			if !c.Flags().Changed("schema") {
				return &deskcheck.UserError{Err: errors.New("--schema: expected the name of a schema, found nothing"), Fix: listsSchemas}
			}
			schema, err := schemaNamed(f.schema)
			if err != nil {
				return err
			}
			if f.print {
				return p.printSchema(schema)
			}
			return p.validate(schema, f, args)
		},
	}
	flags := pflag.NewFlagSet("validate", pflag.ContinueOnError)
	flags.StringVar(&f.schema, "schema", "", "the `NAME` of the schema, or the end of it")
	flags.BoolVar(&f.lines, "lines", false, "each line is a payload (NDJSON)")
	flags.BoolVar(&f.json, "json", false, "everything, as JSON")
	flags.BoolVar(&f.print, "print", false, "print the schema, and stop")
	addGroups(c, flagGroup{"Flags", flags})
	_ = c.RegisterFlagCompletionFunc("schema", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var names []cobra.Completion
		all, _ := fixtures.Schemas()
		for _, s := range all {
			names = append(names, cobra.CompletionWithDesc(s.Short, s.Title))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// The next steps after a file that cannot be read, and after a line that is no payload.
const (
	namesPayload  = "name the file of a payload, or - for the standard input"
	aPayloadALine = "with --lines each line is one JSON document"
)

const listsSchemas = `"deskcheck list schemas" prints them all`

// printSchema prints a schema as it stands in its file. One that has no file, because it is a set of rules, is a *deskcheck.UserError.
func (p *program) printSchema(schema fixtures.SchemaInfo) error {
	text, err := fixtures.ReadFile("schemas/" + schema.Name + ".schema.json")
	if errors.Is(err, fs.ErrNotExist) {
		return &deskcheck.UserError{Err: fmt.Errorf("--print: %s is no JSON Schema, but rules: %s", schema.Name, schema.Description), Fix: "hold a payload against it, and it says which rule is broken"}
	}
	if err != nil {
		return fmt.Errorf("read the schema %s: %w", schema.Name, err)
	}
	return p.print(text)
}

// schemaNamed finds the schema that a word means. A word that means none, or several, is a *deskcheck.UserError with the nearest names, or with those.
func schemaNamed(word string) (fixtures.SchemaInfo, error) {
	found, err := fixtures.SchemasNamed(word)
	if err != nil {
		return fixtures.SchemaInfo{}, err
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		all, err := fixtures.Schemas()
		if err != nil {
			return fixtures.SchemaInfo{}, err
		}
		var names []string
		for _, s := range all {
			names = append(names, s.Short)
			if s.Short != s.Name {
				names = append(names, s.Name)
			}
		}
		return fixtures.SchemaInfo{}, &deskcheck.UserError{Err: fmt.Errorf("--schema: there is no schema %q; closest: %s", word, strings.Join(deskcheck.Closest(word, names, 3), ", ")), Fix: listsSchemas}
	}
	var names []string
	for _, s := range found {
		names = append(names, s.Short)
	}
	return fixtures.SchemaInfo{}, &deskcheck.UserError{Err: fmt.Errorf("--schema: %q can mean %s", word, strings.Join(names, " or ")), Fix: "use one of these"}
}

// payloadResult is what became of one payload, as --json prints it.
type payloadResult struct {
	// File is the file as the user named it, Line the line with --lines, else 0.
	File     string             `json:"file"`
	Line     int                `json:"line,omitempty"`
	Schema   string             `json:"schema"`
	Valid    bool               `json:"valid"`
	Findings []fixtures.Finding `json:"findings"`
}

func (p *program) validate(schema fixtures.SchemaInfo, f validateFlags, files []string) error {
	results := []payloadResult{}
	var mistakes []error
	invalid := 0
	for _, file := range files {
		mistakes = append(mistakes, p.payloads(file, f.lines, func(line int, payload []byte) error {
			findings, err := fixtures.Validate(schema.Name, payload)
			if err != nil {
				return notJSON(file, line, f.lines, err)
			}
			for i := range findings {
				findings[i].Line += max(line-1, 0)
			}
			if len(findings) > 0 {
				invalid++
			}
			results = append(results, payloadResult{File: file, Line: line, Schema: schema.Name, Valid: len(findings) == 0, Findings: append([]fixtures.Finding{}, findings...)})
			return nil
		})...)
	}
	if f.json {
		encoder := json.NewEncoder(p.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(results); err != nil {
			return err
		}
	} else {
		for _, r := range results {
			p.payloadResult(r)
		}
		if len(mistakes) == 0 {
			p.sayf("%d valid, %d invalid, held against %s", len(results)-invalid, invalid, schema.Name)
		}
	}
	switch {
	case len(mistakes) > 0:
		return errors.Join(mistakes...)
	case invalid > 0:
		return exitError(reports.ExitNotConformant)
	}
	return nil
}

// payloads gives each payload of a file to check, with its line if it is one of many, else 0. It returns what is wrong with the file, or with its lines.
func (p *program) payloads(file string, lines bool, check func(line int, payload []byte) error) []error {
	source, err := p.payloadFile(file)
	if err == nil && !lines {
		err = check(0, source)
	}
	if err != nil {
		return []error{err}
	}
	if !lines {
		return nil
	}
	var mistakes []error
	number, some := 0, false
	for line := range bytes.Lines(source) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		some = true
		if err := check(number, line); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	if !some {
		mistakes = append(mistakes, &deskcheck.UserError{Err: fmt.Errorf("%s: there is no payload in it", file), Fix: aPayloadALine})
	}
	return mistakes
}

func (p *program) payloadFile(file string) ([]byte, error) {
	from := io.Reader(p.in)
	if file != "-" {
		info, err := os.Stat(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, &deskcheck.UserError{Err: fmt.Errorf("%s does not exist", file), Fix: namesPayload}
		case err != nil:
			return nil, &deskcheck.UserError{Err: fmt.Errorf("the payload cannot be read: %w", err), Fix: namesPayload}
		case info.IsDir():
			return nil, &deskcheck.UserError{Err: fmt.Errorf("%s is a folder", file), Fix: "name the files in it"}
		}
		opened, err := os.Open(file) //nolint:gosec // The user names their own file.
		if err != nil {
			return nil, &deskcheck.UserError{Err: fmt.Errorf("the payload cannot be read: %w", err), Fix: namesPayload}
		}
		defer func() { _ = opened.Close() }() // nothing was written to it
		from = opened
	}
	source, err := io.ReadAll(io.LimitReader(from, mostPayload+1))
	switch {
	case err != nil:
		return nil, &deskcheck.UserError{Err: fmt.Errorf("%s cannot be read: %w", file, err), Fix: namesPayload}
	case len(source) > mostPayload:
		return nil, &deskcheck.UserError{Err: fmt.Errorf("%s is larger than %d MiB: that is no payload", file, mostPayload>>20), Fix: namesPayload}
	}
	return source, nil
}

// notJSON words an error of Validate as file:line:column.
func notJSON(file string, line int, lines bool, err error) error {
	syntax, is := errors.AsType[*fixtures.NotJSON](err)
	if !is {
		return err
	}
	fix := "a payload is one JSON document: mend it there, or give --lines if each line is one"
	switch {
	case strings.Contains(syntax.Message, "a second document"):
		fix = "give each document a file of its own, or a line of its own with --lines"
	case lines:
		fix = aPayloadALine
	}
	return &deskcheck.UserError{Err: fmt.Errorf("%s:%d:%d: not JSON: %s", file, syntax.Line+max(line-1, 0), syntax.Column, syntax.Message), Fix: fix}
}

// payloadResult prints what became of one payload.
func (p *program) payloadResult(r payloadResult) {
	name := r.File
	if r.Line > 0 {
		name = fmt.Sprintf("%s:%d", r.File, r.Line)
	}
	if r.Valid {
		p.printf("%s  %s\n", p.paint(p.out, "valid  ", text.FgGreen), name)
		return
	}
	p.printf("%s  %s\n", p.paint(p.out, "invalid", text.FgRed, text.Bold), name)
	for _, f := range r.Findings {
		rule := f.Rule
		if f.Requirement != "" {
			rule += " (" + f.Requirement + ")"
		}
		p.printf("  %s:%d:%d  %s\n", r.File, f.Line, f.Column, or(f.Pointer, "the whole"))
		for _, part := range []struct{ label, words string }{{"rule", rule}, {"expected", f.Expected}, {"found", f.Found}, {"fix", f.Fix}} {
			p.printf("      %s%s\n", p.paint(p.out, fmt.Sprintf("%-10s", part.label), text.Faint), p.indented(part.words, 16))
		}
	}
}

func or(words, otherwise string) string {
	if words == "" {
		return otherwise
	}
	return words
}
