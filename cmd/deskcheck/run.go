package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"deskcheck"
	"deskcheck/reports"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultConfig is read without being asked for when it lies in the working directory.
const defaultConfig = "deskcheck.yaml"

const runLong = `Certifies an integration, or with --contract agent-manager an agent desk, or with --contract digital-connect a connector: runs the scenarios
of the contract against it, in a real browser where there is a page, and says per requirement whether it holds. Without one it certifies the
embedded reference, which must always pass.

A SELECTION is a requirement (FLOW-03), an area (FLOW), a feature (availability), a scenario's ID (the feature and the line at which it
stands there, such as name/8) or a part of its name. Several are joined by "or". --tags and --capability narrow further. What matches
nothing is an error: nothing run is never a success.

Everything can stand in deskcheck.yaml ("deskcheck config init" writes one, the one in this folder is found by itself). Flags win over
the file. Only there stands desk.hosts: names that lead to the mock desk, for an integration with hosts written into it.

In CI: run all of it, keep the report folder as an artifact, give junit.xml to your CI system. Do not leave out what fails: declare it
under known-failing with a reason ("--baseline write" does it for everything that fails now). It keeps running, stays visible as an
expected failure, and the day it holds again the run tells you to remove the entry.`

const runExample = `  deskcheck run
  deskcheck run --integration src/desk.ts
  deskcheck run --integration src/desk.ts --export createDesk FLOW-03 availability
  deskcheck run --bundle dist/desk.js --global AcmeDesk
  deskcheck run --contract agent-manager --dialect seed
  deskcheck run --tags "(@JOIN-01 or @JOIN-02) and not @LIFE-05"
  deskcheck run FLOW-03 --headed --slow-mo 500ms --workers 1
  deskcheck run -c ci/deskcheck.yaml --repeat 5 --quiet`

// runFlags are the flags of run. They are laid over the configuration file by apply, and only those that were given.
type runFlags struct {
	path, baseline string
	agentDesk      string
	connector      string
	config         deskcheck.Config
	quiet, watch   bool
	pause          bool
}

func (p *program) runCommand() *cobra.Command {
	f := &runFlags{config: deskcheck.DefaultConfig()}
	c := &cobra.Command{
		Use:     "run [SELECTION…]",
		Short:   "Certify an integration",
		Long:    runLong,
		Example: runExample,
		RunE:    func(c *cobra.Command, args []string) error { return p.runAll(c, f, args) },
	}
	what := pflag.NewFlagSet("what", pflag.ContinueOnError)
	what.StringVarP(&f.path, "config", "c", "", "read this `FILE`; default: ./deskcheck.yaml if it exists")
	what.StringVar(&f.config.Integration.File, "integration", "", "the `FILE` (.js .mjs .ts .tsx) that exports (parameters, env) => integration")
	what.StringVar(&f.config.Integration.Export, "export", "", "the `NAME` of that export; default: the default export")
	what.StringVar(&f.config.Integration.Bundle, "bundle", "", "a prebuilt script `FILE` instead")
	what.StringVar(&f.config.Integration.Global, "global", "", "the `NAME` of the global variable in which the script leaves the factory; needless if it registers the factory in the chat's configuration itself (orchestrate, web-chat)")
	what.StringVar(&f.config.Contract, "contract", f.config.Contract, "the `NAME` of the contract: ai-chat certifies an integration, agent-manager an agent desk, digital-connect a connector")
	what.StringVar(&f.agentDesk, "agent-desk", "", "the agent desk: the `PLACE` of its page, an http address or a folder of built files; default: the embedded reference desk")
	what.StringVar(&f.connector, "connector", "", "the connector: the `LINE` that starts it, or the http address where it runs already; deskcheck.yaml says how to talk to it; default: the embedded reference connector")
	what.StringVar(&f.config.Dialect, "dialect", f.config.Dialect, "the `NAME` of the chat: ai-chat, orchestrate (watsonx Orchestrate Chat) or web-chat (Watson Assistant web chat); of the contract agent-manager: cx-2024, seed or legacy-2023; of digital-connect: dc-2026.1")
	what.StringVar(&f.config.Host, "host", f.config.Host, "the `CHAT` that loads the integration: emulated is ours, carbon the real one (npm installs it once); the URL of a page of your own has it, and perhaps a chat, already")
	what.StringVar(&f.config.Features, "features", "", "a `DIR` with features of your own, to run as well; see \"deskcheck list steps\"")

	which := pflag.NewFlagSet("which", pflag.ContinueOnError)
	which.StringVar(&f.config.Tags, "tags", "", "only scenarios whose tags fit this `EXPRESSION` of @tags, and, or, not, parentheses")
	which.StringSliceVar(&f.config.Capabilities, "capability", nil, "only scenarios of these capabilities, `NAMES` joined by commas")

	which.StringVar(&f.config.Profile, "profile", "", "only what the profile `NAME` rests on, and fail unless it is earned; see \"deskcheck list profiles\"")

	which.BoolVar(&f.config.Quick, "quick", false, "only a scenario for each requirement, for a look while you work: no profile is earned by it")

	how := pflag.NewFlagSet("how", pflag.ContinueOnError)
	how.IntVar(&f.config.Workers, "workers", 0, "run `N` scenarios side by side; default: 4, with digital-connect 6")
	how.Int64Var(&f.config.Seed, "seed", 0, "fix the order to that of an earlier run, whose report names its seed `N`; 0 takes one from the clock")
	how.IntVar(&f.config.Repeat, "repeat", f.config.Repeat, "run each scenario `N` times; runs that disagree fail")
	how.BoolVar(&f.config.FailFast, "fail-fast", false, "stop at the first failure")
	how.BoolVar(&f.config.Headed, "headed", false, "show the browser")
	how.DurationVar(&f.config.SlowMo, "slow-mo", 0, "pause this `DURATION`, such as 500ms, before each act of the user")
	how.BoolVar(&f.pause, "pause-on-failure", false, "show the browser, one scenario at a time, and leave it as it is at each failure until you press Enter")
	how.BoolVar(&f.watch, "watch", false, "keep the browser open, and run again what failed whenever a file of the integration changes")
	how.StringVar(&f.config.Browser, "browser", "", "the `PATH` of the Chromium to use; default: see \"deskcheck doctor\"")

	out := pflag.NewFlagSet("out", pflag.ContinueOnError)
	out.StringVar(&f.config.Report, "report", f.config.Report, "write index.html, junit.xml, results.json and the journals into this `DIR`")
	out.StringVar(&f.baseline, "baseline", "", "`write` what fails now into the configuration file, as known-failing")
	out.BoolVarP(&f.quiet, "quiet", "q", false, "print only what fails, the verdict and the report")
	addGroups(c, flagGroup{"What to certify", what}, flagGroup{"Which scenarios", which}, flagGroup{"How to run", how}, flagGroup{"What comes out", out})
	p.completeRun(c)
	return c
}

// configuration reads the configuration file, given or found, and lays the flags over it.
func (p *program) configuration(c *cobra.Command, f *runFlags, args []string) (deskcheck.Config, error) {
	if err := emptyFlags(c.Flags()); err != nil {
		return deskcheck.Config{}, err
	}
	config, err := p.configFile(c, f)
	if err != nil {
		return config, err
	}
	if err := f.apply(c.Flags(), &config, args); err != nil {
		return config, err
	}
	return config, ofConnector(c.Flags(), flagNames(c.Flags(), config.Validate()))
}

// emptyFlags refuses flags whose value is empty, as an unset variable in a script leaves them: what they were to name would silently be something else.
func emptyFlags(flags *pflag.FlagSet) error {
	var problems []deskcheck.ConfigProblem
	for _, flag := range []struct{ name, expected string }{
		{"config", "a file"}, {"contract", "ai-chat, agent-manager or digital-connect"}, {"agent-desk", "an http address or a folder"}, {"connector", "a command line or an http address"}, {"host", "emulated or an http address"}, {"integration", "a file"}, {"export", "the name of an export"}, {"bundle", "a file"}, {"global", "the name of a global variable"}, {"profile", "the name of a profile"}, {"features", "a folder"},
	} {
		if given := flags.Lookup(flag.name); given != nil && given.Changed && flags.Lookup(flag.name).Value.String() == "" {
			problems = append(problems, deskcheck.ConfigProblem{Key: "--" + flag.name, Expected: flag.expected, Found: "nothing"})
		}
	}
	if problems == nil {
		return nil
	}
	return &deskcheck.UserError{Err: &deskcheck.ConfigError{Problems: problems}, Fix: "give it a value or leave the flag out"}
}

func (p *program) configFile(c *cobra.Command, f *runFlags) (deskcheck.Config, error) {
	path := f.path
	if !c.Flags().Changed("config") {
		if absent(defaultConfig) {
			return deskcheck.DefaultConfig(), nil
		}
		path = defaultConfig
		if !f.quiet {
			p.sayf("using %s in this folder", defaultConfig)
		}
	}
	config, err := deskcheck.Load(path)
	if err != nil && f.baseline != "" && absent(path) {
		// The baseline will create it.
		config, err = deskcheck.DefaultConfig(), nil
		config.Path = path
	}
	return config, err
}

func absent(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// contractGiven is the contract that the flags name, or mean by what is to be certified; empty if they do neither.
func (f *runFlags) contractGiven(given func(string) bool) string {
	switch {
	case given("contract"):
		return f.config.Contract
	case given("integration"):
	case given("agent-desk"):
		return contractManager
	case given("connector"):
		return contractConnector
	}
	return ""
}

// apply lays the flags that were given over the configuration. The error is a *UserError.
func (f *runFlags) apply(flags *pflag.FlagSet, config *deskcheck.Config, selection []string) error {
	given := flags.Changed
	if contract := f.contractGiven(given); contract != "" {
		*config = config.For(contract)
	}
	if given("connector") {
		var err error
		if config.Connector, err = config.Connector.At(f.connector); err != nil {
			return err
		}
	}
	if given("agent-desk") {
		config.AgentDesk = deskcheck.AgentDeskAt(f.agentDesk)
	}
	if given("integration") || given("bundle") {
		// Another integration: what the file says of its own does not belong to it.
		config.Integration = deskcheck.Integration{}
		if config.HasOwnPage() && !given("host") {
			config.Host = f.config.Host
		}
	}
	for name, set := range map[string]func(){
		"integration": func() { config.Integration.File = f.config.Integration.File },
		"export":      func() { config.Integration.Export = f.config.Integration.Export },
		"bundle":      func() { config.Integration.Bundle = f.config.Integration.Bundle },
		"global":      func() { config.Integration.Global = f.config.Integration.Global },
		"dialect":     func() { config.Dialect = f.config.Dialect },
		"host":        func() { config.Host = f.config.Host },
		"tags":        func() { config.Tags = f.config.Tags },
		"features":    func() { config.Features = f.config.Features },
		"profile":     func() { config.Profile = f.config.Profile },
		"capability":  func() { config.Capabilities = f.config.Capabilities },
		"workers":     func() { config.Workers = f.config.Workers },
		"seed":        func() { config.Seed = f.config.Seed },
		"repeat":      func() { config.Repeat = f.config.Repeat },
		"quick":       func() { config.Quick = f.config.Quick },
		"fail-fast":   func() { config.FailFast = f.config.FailFast },
		"headed":      func() { config.Headed = f.config.Headed },
		"slow-mo":     func() { config.SlowMo = f.config.SlowMo },
		"browser":     func() { config.Browser = f.config.Browser },
		"report":      func() { config.Report = f.config.Report },
	} {
		if given(name) {
			set()
		}
	}
	if !config.HasOwnPage() && (given("host") || given("integration") || given("bundle")) {
		// Another host: what the file says of its page does not belong to it.
		config.Page = deskcheck.Page{}
	}
	if len(selection) > 0 {
		config.Select = selection
	}
	return nil
}

// flagNames puts the flag in the place of the key where the value came from a flag, because that is what the user wrote.
func flagNames(flags *pflag.FlagSet, err error) error {
	var mistakes *deskcheck.ConfigError
	if !errors.As(err, &mistakes) {
		return err
	}
	// The integration is replaced as a whole: once a flag names it, all of it comes from flags.
	ofFlags := flags.Changed("integration") || flags.Changed("bundle")
	// One that is missing is missed by a flag that needs it.
	needs := flags.Changed("export") || flags.Changed("global")
	for i, p := range mistakes.Problems {
		key, _, _ := strings.Cut(p.Key, "[")
		part, ofIntegration := strings.CutPrefix(key, "integration.")
		name := map[string]string{"file": "integration", "only-capabilities": "capability"}[part]
		if name == "" {
			name = part
		}
		if flags.Changed(name) || ofIntegration && (ofFlags || needs && p.Found == "nothing") {
			mistakes.Problems[i].Key = "--" + name
			mistakes.Problems[i].File, mistakes.Problems[i].Line = "", 0
		}
	}
	return err
}

// ofConnector says where what a connector lacks is said, to whoever named one by a flag: most of it has no flag.
func ofConnector(flags *pflag.FlagSet, err error) error {
	user, is := errors.AsType[*deskcheck.UserError](err)
	mistakes, of := errors.AsType[*deskcheck.ConfigError](err)
	if !is || !of || user.Fix != "" || !flags.Changed("connector") {
		return err
	}
	for _, p := range mistakes.Problems {
		if key, _, _ := strings.Cut(p.Key, "."); key == "connector" || key == "user" {
			user.Fix = `this stands in deskcheck.yaml: "deskcheck config init --contract digital-connect" writes one to begin with, and "deskcheck config schema" describes every key`
			break
		}
	}
	return err
}

// ofTags puts the flag before what is wrong with its expression, as flagNames does before a run.
func ofTags(flags *pflag.FlagSet, err error) error {
	var user *deskcheck.UserError
	if flags.Changed("tags") && errors.As(err, &user) && strings.HasPrefix(user.Err.Error(), "tag expression ") {
		return &deskcheck.UserError{Err: fmt.Errorf("--tags: %w", user.Err), Fix: user.Fix}
	}
	return err
}

func (p *program) runAll(c *cobra.Command, f *runFlags, args []string) error {
	if c.Flags().Changed("baseline") && f.baseline != "write" {
		return &deskcheck.UserError{Err: fmt.Errorf("--baseline: expected write, found %q", f.baseline)}
	}
	config, err := p.configuration(c, f, args)
	if err != nil {
		return err
	}
	if f.baseline != "" && config.FailFast {
		return &deskcheck.UserError{Err: errors.New("--baseline write needs a whole run, and --fail-fast ends it early"), Fix: "drop one of them"}
	}
	if f.baseline != "" && config.Quick {
		return &deskcheck.UserError{Err: errors.New("--baseline write needs a whole run, and --quick leaves most of it out"), Fix: "drop one of them"}
	}
	if f.pause {
		if config, err = p.pausable(c.Flags(), f, config); err != nil {
			return err
		}
	}
	if err := p.writable(config, f.baseline != ""); err != nil {
		return err
	}
	if f.watch {
		return p.watchAll(c, f, config)
	}
	text := p.teller(config, f.quiet)
	ctx := c.Context()
	var progress deskcheck.Progress = text
	if f.pause {
		progress = &pausing{Text: text, program: p}
	}
	result, err := p.run(ctx, config, progress)
	if result != nil {
		if written := p.write(config.Report, result); written != nil {
			text.Summary(result, "")
			return errors.Join(&deskcheck.EnvironmentError{Err: written}, err)
		}
		text.Summary(result, config.Report)
	}
	switch {
	case ctx.Err() != nil:
		return p.interrupted(result)
	case err != nil:
		return ofTags(c.Flags(), err)
	case f.baseline != "":
		if err := p.baseline(config, result); err != nil {
			return err
		}
	}
	return exitError(result.ExitCode)
}

// teller tells of a run as it goes on.
func (p *program) teller(config deskcheck.Config, quiet bool) *reports.Text {
	return reports.NewText(p.out, reports.TextOptions{
		Color: p.colors(p.out), Quiet: quiet, Interactive: p.out.terminal && p.environment("TERM") != "dumb",
		Whole: !p.out.terminal, Width: p.width, Report: config.Report, Subject: config.Subject(), Statements: p.statements(config.Dialect),
	})
}

// writable says before a run whether what it finds can be written afterwards.
func (p *program) writable(config deskcheck.Config, baseline bool) error {
	err := p.preflight(config.Report)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EIO):
		return &deskcheck.EnvironmentError{Err: err, Fix: "make room, or choose another folder with --report"}
	case err != nil:
		return &deskcheck.UserError{Err: err, Fix: "choose another folder with --report, or move away what stands in the way"}
	case baseline:
		return deskcheck.CheckBaseline(baselinePath(config))
	}
	return nil
}

func baselinePath(config deskcheck.Config) string {
	if config.Path == "" {
		return defaultConfig
	}
	return config.Path
}

// interrupted ends a run that a signal ended: it can be neither conformant nor not.
func (p *program) interrupted(result *reports.Result) error {
	words := "interrupted before anything ran"
	if result != nil {
		ran := 0
		for _, s := range result.Scenarios {
			if s.Verdict != reports.NotRun {
				ran++
			}
		}
		words = fmt.Sprintf("interrupted: %d of %d scenarios ran", ran, len(result.Scenarios))
	}
	return &deskcheck.EnvironmentError{Err: errors.New(words)}
}

// baseline declares what failed. The exit code stays that of the run: a declaration does not make the run that led to it conformant.
func (p *program) baseline(config deskcheck.Config, result *reports.Result) error {
	if result.ExitCode == reports.ExitEnvironment {
		return &deskcheck.EnvironmentError{Err: fmt.Errorf("no baseline written, because the run could not tell: %s", result.Problem)}
	}
	path := baselinePath(config)
	b, err := deskcheck.WriteBaseline(path, result)
	if err != nil {
		return err
	}
	if !b.Changed() {
		p.sayf("baseline: nothing to change in %s", path)
		return nil
	}
	verb := "changed"
	if b.Created {
		verb = "created"
	}
	p.sayf("baseline: %s %s", verb, path)
	for _, part := range []struct {
		words string
		ids   []string
	}{{"added, each needs its reason", b.Added}, {"removed, because they hold", b.Removed}, {"kept", b.Kept}} {
		if len(part.ids) > 0 {
			p.sayf("  %s: %s", part.words, strings.Join(part.ids, " "))
		}
	}
	return nil
}

// completeRun completes what can be known before a run.
func (p *program) completeRun(c *cobra.Command) {
	c.ValidArgsFunction = p.completing(func(t deskcheck.Traceability) []cobra.Completion { return deskcheck.Words(t.Selectables()) })
	complete := func(flag string, fn cobra.CompletionFunc) {
		if err := c.RegisterFlagCompletionFunc(flag, fn); err != nil {
			panic(err) // the flag is defined above
		}
	}
	complete("capability", p.completing(func(t deskcheck.Traceability) []cobra.Completion {
		var names []cobra.Completion
		for _, capability := range t.Capabilities() {
			names = append(names, capability.Name)
		}
		return names
	}))
	complete("profile", p.completing(func(t deskcheck.Traceability) []cobra.Completion {
		var names []cobra.Completion
		for _, profile := range t.ProfileInfos(deskcheck.DefaultConfig().Dialect) {
			names = append(names, cobra.CompletionWithDesc(profile.Name, profile.Description))
		}
		return names
	}))
	complete("dialect", cobra.FixedCompletions(deskcheck.Dialects(), cobra.ShellCompDirectiveNoFileComp))
	complete("host", cobra.FixedCompletions([]cobra.Completion{"emulated", "carbon", "http://localhost:"}, cobra.ShellCompDirectiveNoFileComp))
	complete("baseline", cobra.FixedCompletions([]cobra.Completion{"write"}, cobra.ShellCompDirectiveNoFileComp))
	for _, flag := range []string{"export", "global", "tags", "workers", "seed", "repeat", "slow-mo"} {
		complete(flag, cobra.NoFileCompletions)
	}
	folders := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	complete("report", folders)
	complete("features", folders)
}

// completing makes a completion of what the contract has.
func (p *program) completing(words func(deskcheck.Traceability) []cobra.Completion) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		t, err := p.traceability(deskcheck.DefaultConfig())
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		fitting := slices.DeleteFunc(words(t), func(word cobra.Completion) bool { return !strings.HasPrefix(word, begun) })
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// milliseconds rounds a duration for a table.
func milliseconds(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(10 * time.Millisecond).String()
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
