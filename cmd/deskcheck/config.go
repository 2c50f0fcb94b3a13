package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"deskcheck"
	"deskcheck/fixtures"

	"github.com/spf13/cobra"
)

// The files that config init writes, one for each contract.
var (
	//go:embed starter.yaml
	starter string
	//go:embed starter-agent-manager.yaml
	starterOfDesks string
	//go:embed starter-digital-connect.yaml
	starterOfConnectors string

	starters = map[string]string{contractChat: starter, contractManager: starterOfDesks, contractConnector: starterOfConnectors}
)

const configLong = `Works on deskcheck.yaml, which says what "deskcheck run" certifies and how.

Editors complete and check it by its JSON Schema: write the schema beside the file,
  deskcheck config schema > deskcheck.schema.json
and begin the file with
  # yaml-language-server: $schema=deskcheck.schema.json`

func (p *program) configCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "config",
		Short:   "Write, check and describe deskcheck.yaml",
		Long:    configLong,
		Example: "  deskcheck config init\n  deskcheck config init --contract digital-connect\n  deskcheck config check\n  deskcheck config schema > deskcheck.schema.json",
		RunE:    subcommandsOnly,
	}
	yamlFiles := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	check := &cobra.Command{
		Use:               "check [FILE]",
		Short:             "Check a configuration without running anything",
		Args:              arguments(0, 1, "one file"),
		ValidArgsFunction: yamlFiles,
	}
	named := check.Flags().StringP("config", "c", "", "check this `FILE`, as run names it")
	check.RunE = func(_ *cobra.Command, args []string) error {
		switch {
		case *named == "":
			return p.configCheck(fileOf(args))
		case len(args) > 0:
			return &deskcheck.UserError{Err: fmt.Errorf("two files are named, %s and %s", *named, args[0]), Fix: "check one after the other"}
		}
		return p.configCheck(*named)
	}
	begin := &cobra.Command{
		Use:               "init [FILE]",
		Short:             "Write a commented deskcheck.yaml; never over an existing file",
		Args:              arguments(0, 1, "one file"),
		ValidArgsFunction: yamlFiles,
	}
	contract := begin.Flags().String("contract", contractChat, "write one for the contract `NAME`: ai-chat, agent-manager or digital-connect")
	begin.RunE = func(_ *cobra.Command, args []string) error { return p.configInit(fileOf(args), *contract) }
	_ = begin.RegisterFlagCompletionFunc("contract", cobra.FixedCompletions(fixtures.Contracts(), cobra.ShellCompDirectiveNoFileComp))
	c.AddCommand(
		begin,
		check,
		&cobra.Command{
			Use:               "schema",
			Short:             "Print the JSON Schema of deskcheck.yaml",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(*cobra.Command, []string) error {
				_, err := p.out.Write(deskcheck.ConfigSchema())
				return err
			},
		},
	)
	return c
}

func fileOf(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return defaultConfig
}

func (p *program) configInit(path, contract string) error {
	text, known := starters[contract]
	if !known {
		return &deskcheck.UserError{Err: fmt.Errorf("--contract: there is no contract %q", contract), Fix: "use one of " + strings.Join(fixtures.Contracts(), ", ")}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // The user names their own file, and others may read it.
	if errors.Is(err, fs.ErrExist) {
		return &deskcheck.UserError{Err: fmt.Errorf("%s exists already and is left as it is", path), Fix: fmt.Sprintf("\"deskcheck config check %s\" tells whether it is fine", path)}
	}
	if err != nil {
		return &deskcheck.UserError{Err: fmt.Errorf("the configuration cannot be written: %w", err)}
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return &deskcheck.EnvironmentError{Err: fmt.Errorf("write %s: %w", path, err)}
	}
	p.printf("wrote %s; name your %s in it, then: deskcheck run%s\n", path, deskcheck.Traceability{Contract: contract}.Subject(), flagFor(path))
	return nil
}

// flagFor returns how run must be told of a file that it does not find by itself.
func flagFor(path string) string {
	if path == defaultConfig {
		return ""
	}
	return " -c " + path
}

func (p *program) configCheck(path string) error {
	config, err := deskcheck.Load(path)
	if err == nil {
		err = config.Validate()
	}
	if err != nil {
		return err
	}
	known := "no known failures"
	if n := len(config.KnownFailing); n > 0 {
		known = plural(n, "known failure")
	}
	if what, ours := config.IsOurs(); ours {
		p.printf("%s is fine, but no %s is configured: it certifies the embedded reference %s against %s, with %s\n", path, what, what, config.Dialect, known)
		return nil
	}
	p.printf("%s is fine: it certifies %s against %s, with %s\n", path, config.What(), config.Dialect, known)
	return nil
}
