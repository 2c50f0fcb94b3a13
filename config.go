package deskcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
	"deskcheck/steps/uimap"
)

// Config is everything that a run can be told, from flags or from deskcheck.yaml. Begin with DefaultConfig or Load.
type Config struct {
	// Contract and Dialect are what is certified against, Host the chat page that loads the integration.
	Contract, Dialect, Host string
	// AgentDesk is what the contract agent-manager certifies.
	AgentDesk AgentDesk
	// UIMap says how a person does things in it; nil if nobody has said.
	UIMap *uimap.Map
	// Connector is what the contract digital-connect certifies, EndUser how its end users are played.
	Connector Connector
	EndUser   EndUser
	// Page is what the kit is told of a page of the user's own, where Host is its address.
	Page Page
	// Desk is what plays the desk, and what it is told.
	Desk Desk
	// Integration is what is certified; its zero value is the embedded reference.
	Integration Integration
	// Select holds requirement IDs, areas, feature names, scenario IDs or parts of scenario names. One that fits is enough.
	Select []string
	// Tags is a tag expression (CompileTags), empty for all.
	Tags string
	// Capabilities selects scenarios that speak of one of these capabilities, empty for all.
	Capabilities []string
	// Profile selects the scenarios of the requirements that a profile rests on, and makes the run one about that profile; empty for all.
	Profile string
	// Quick keeps of what is selected a scenario for each requirement: a look, after which no profile is earned.
	Quick bool
	// Features is a folder with features of the user's own, which run beside the contract's and say nothing of it; empty for none.
	Features string
	// Claims are the capabilities that the integration says it has, empty if it says nothing and what is seen counts.
	Claims []string
	// Secrets are the names of environment variables that hold what must not reach the page: keys and passwords of the desk.
	Secrets []string
	// Workers is how many scenarios run side by side.
	Workers int
	// Seed fixes the order of the run; 0 takes one from the clock.
	Seed int64
	// Repeat is how often each scenario runs.
	Repeat int
	// FailFast ends the run at the first failure.
	FailFast bool
	// Headed shows the browser.
	Headed bool
	// SlowMo is the pause before each act of the user.
	SlowMo time.Duration
	// Browser is the path of the browser's executable, empty to look for one.
	Browser string
	// Report is the folder for the reports.
	Report string
	// KnownFailing are the failures declared beforehand.
	KnownFailing []KnownFailing
	// Path is the file that the configuration was read from, as the user gave it; empty for none. Relative paths in the file were resolved
	// against its folder.
	Path string
}

// Page says how a page of the user's own is to be driven.
type Page struct {
	// Factory is where the page keeps its factory, as a path below the window with dots; empty for where the dialect has it.
	Factory string
	// Env is the global variable in which the page finds its scenario's desk; empty for deskcheckEnv.
	Env string
	// Ask is what the user says to be offered an agent; empty if the page offers one by itself.
	Ask string
	// Selectors are where the parts of the page's own chat are, by the names of config.schema.json, each as uimap.TargetOf reads it. Without them the kit's chat is put on the page.
	Selectors map[string]any
	// Line and Column are where it stands in the configuration file, 0 if it comes from elsewhere.
	Line, Column int
}

// Integration says where the integration under test is found. Either File and Export, or Bundle and Global.
type Integration struct {
	// File is a source file, Export the name of its export that is the factory (empty: the default export).
	File, Export string
	// Bundle is a prebuilt classic script, Global the global variable in which it leaves the factory; without one, the script writes it into the chat's own configuration.
	Bundle, Global string
}

// String names it as a run does when it begins, such as "src/desk.ts (default export)".
func (i Integration) String() string {
	switch {
	case i.Bundle != "" && i.Global == "":
		return i.Bundle + " (registers itself)"
	case i.Bundle != "":
		return fmt.Sprintf("%s (global %s)", i.Bundle, i.Global)
	case i.File == "":
		return "the embedded reference integration: none is configured"
	case i.Export == "" || i.Export == "default":
		return i.File + " (default export)"
	}
	return fmt.Sprintf("%s (export %s)", i.File, i.Export)
}

// KnownFailing declares that a requirement fails today and may.
type KnownFailing struct {
	// Requirement is its ID, Reason why the failure is accepted for now.
	Requirement, Reason string
	// Line is where it stands in the configuration file, 0 if it comes from elsewhere.
	Line int
}

// The limits of the numbers in a Config are in config.schema.json alone; this one has no JSON type.
const longestSlowMo = time.Minute

// DefaultConfig returns the configuration of a run without flags and without a file: the embedded reference, everything selected.
func DefaultConfig() Config { return Config{}.withDefaults() }

// ConfigSchema returns the JSON Schema (2020-12) of deskcheck.yaml. Load validates by it and editors can complete by it.
func ConfigSchema() []byte {
	schema, err := fixtures.ReadFile("schemas/config.schema.json")
	if err != nil {
		panic(fmt.Sprintf("the schema of the configuration is not embedded: %v", err))
	}
	return schema
}

// Load reads a configuration file (YAML), validates it by ConfigSchema and by the checks that a schema cannot express, fills in what it
// leaves out and resolves its relative paths. Every error is a *UserError; for mistakes in the file it wraps a *ConfigError that has all of
// them with their place. Whether the files that it names exist, and whether a page that it describes has an address, is Validate's business,
// because a flag may still name others.
func Load(path string) (Config, error) {
	text, err := readConfigFile(path)
	if err != nil {
		return Config{}, err
	}
	doc, err := parseConfig(path, text)
	if err != nil {
		return Config{}, err
	}
	problems, err := schemaProblems(doc.Value)
	if err != nil {
		return Config{}, err
	}
	if len(problems) > 0 {
		return Config{}, doc.userError(problems)
	}
	c, err := doc.config()
	if err != nil {
		return Config{}, err
	}
	problems, err = c.crossProblems()
	if err != nil {
		return Config{}, err
	}
	if len(problems) > 0 {
		return Config{}, doc.userError(problems)
	}
	return c, nil
}

// Validate checks a configuration that was put together from a file and flags: its values, that they fit each other and that the files it
// names exist. It returns a *UserError around a *ConfigError, or nil.
func (c Config) Validate() error {
	problems, err := schemaProblems(c.value())
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		if problems, err = c.crossProblems(); err != nil {
			return err
		}
	}
	fix := configFix
	if len(problems) == 0 {
		wire, fixOfWire := c.wireProblems()
		problems = slices.Concat(c.pageWithoutAddress(), c.fileProblems(), c.secretProblems(), c.tokenProblems(), wire, c.agentDeskFiles(), c.connectorFiles())
		fix = pathFix
		if len(wire) > 0 && len(wire) == len(problems) && fixOfWire != "" {
			return &UserError{Err: &ConfigError{Problems: problems}, Fix: fixOfWire}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	problems, inFile := c.placed(problems)
	if !inFile {
		fix = ""
	}
	return &UserError{Err: &ConfigError{Problems: problems}, Fix: fix}
}

// withDefaults fills in what is left out.
func (c Config) withDefaults() Config {
	fill := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	fill(&c.Contract, contractAIChat)
	if dialects := DialectsOf(c.Contract); len(dialects) > 0 {
		fill(&c.Dialect, dialects[0])
	}
	fill(&c.Host, hostOf(c.Contract))
	c.Connector = c.Connector.withDefaults()
	fill(&c.Host, "emulated")
	fill(&c.Report, "deskcheck-report")
	if c.Workers == 0 {
		c.Workers = workersOf(c.Contract)
	}
	if c.Repeat == 0 {
		c.Repeat = 1
	}
	return c
}

// value returns the configuration as the schema sees it, so that flags meet the same rules as the file.
func (c Config) value() map[string]any {
	value := map[string]any{
		"contract": c.Contract, "dialect": c.Dialect, "host": c.Host, "tags": c.Tags, "profile": c.Profile, "features": c.Features,
		"select": itemsOf(c.Select), "only-capabilities": itemsOf(c.Capabilities), "capabilities": itemsOf(c.Claims), "secrets": itemsOf(c.Secrets),
		"workers": c.Workers, "repeat": c.Repeat, "seed": c.Seed, "report": c.Report,
	}
	if c.Browser != "" {
		value["browser"] = c.Browser
	}
	integration := map[string]any{}
	for key, path := range map[string]string{"file": c.Integration.File, "export": c.Integration.Export, "bundle": c.Integration.Bundle, "global": c.Integration.Global} {
		if path != "" {
			integration[key] = path
		}
	}
	value["integration"] = integration
	if page := c.Page.value(); len(page) > 0 {
		value["page"] = page
	}
	if desk := c.Desk.value(); len(desk) > 0 {
		value["desk"] = desk
	}
	for key, part := range map[string]map[string]any{agentDeskKey: c.AgentDesk.value(), connectorKey: c.Connector.value(), userKey: c.EndUser.value()} {
		if len(part) > 0 {
			value[key] = part
		}
	}
	var known []any
	for _, k := range c.KnownFailing {
		known = append(known, map[string]any{"requirement": k.Requirement, "reason": k.Reason})
	}
	if known != nil {
		value["known-failing"] = known
	}
	return value
}

// crossProblems finds what a schema cannot: keys that do not fit each other, and names that must exist.
func (c Config) crossProblems() ([]ConfigProblem, error) {
	problems := slices.Concat(c.contractProblems(), c.integrationProblems(), c.pageProblems(), c.deskProblems(), c.agentDeskProblems(), c.connectorProblems(), c.endUserProblems())
	if c.Host == hostCarbon && c.Dialect != "ai-chat" {
		problems = append(problems, ConfigProblem{Key: "host", Message: fmt.Sprintf("carbon is the AI chat itself and speaks the dialect ai-chat only, not %s; try that dialect on the host emulated", c.Dialect)})
	}
	if c.SlowMo < 0 || c.SlowMo > longestSlowMo {
		problems = append(problems, ConfigProblem{Key: "slow-mo", Expected: "a duration from 0 to 1m, such as 250ms or 1.5s", Found: c.SlowMo.String()})
	}
	if c.Tags != "" {
		if _, err := CompileTags(c.Tags, nil); err != nil {
			problems = append(problems, ConfigProblem{Key: "tags", Message: err.Error()})
		}
	}
	if c.Profile != "" {
		if _, err := profileNamed(c.withDefaults()); err != nil {
			problems = append(problems, ConfigProblem{Key: "profile", Message: err.Error()})
		} else if c.Quick {
			problems = append(problems, ConfigProblem{Key: "quick", Message: "a quick run earns no profile, and one that names a profile fails unless it is earned; leave one of them out"})
		}
	}
	requirements, err := fixtures.Requirements(c.Contract)
	if err != nil {
		return nil, fmt.Errorf("read the requirements of %s: %w", c.Contract, err)
	}
	var ids []string
	exists := map[string]bool{}
	for _, r := range requirements {
		ids = append(ids, r.ID)
		exists[r.ID] = true
	}
	first := map[string]KnownFailing{}
	for i, k := range c.KnownFailing {
		key := fmt.Sprintf("known-failing[%d].requirement", i)
		before, twice := first[k.Requirement]
		switch {
		case !exists[k.Requirement]:
			problems = append(problems, ConfigProblem{Key: key, Message: fmt.Sprintf("%s is not a requirement of %s; closest: %s",
				k.Requirement, c.Contract, strings.Join(Closest(k.Requirement, ids, 3), ", "))})
		case twice && before.Line > 0:
			problems = append(problems, ConfigProblem{Key: key, Message: fmt.Sprintf("%s is declared twice, first at line %d", k.Requirement, before.Line)})
		case twice:
			problems = append(problems, ConfigProblem{Key: key, Message: k.Requirement + " is declared twice"})
		default:
			first[k.Requirement] = k
		}
	}
	return problems, nil
}

func (c Config) integrationProblems() []ConfigProblem {
	i := c.Integration
	switch {
	case i.File != "" && i.Bundle != "":
		return []ConfigProblem{{Key: "integration.bundle", Message: "a source file and a bundle exclude each other; give one of them"}}
	case i.Bundle != "" && i.Export != "":
		return []ConfigProblem{{Key: "integration.export", Message: "an export belongs to a source file; a bundle leaves its factory in a global variable"}}
	case i.Bundle != "" && i.Global == "" && !c.registers():
		return []ConfigProblem{{Key: "integration.global", Expected: "the name of the global variable in which the bundle leaves its factory", Found: document.Found(nil)}}
	case i.Bundle == "" && i.Global != "":
		return []ConfigProblem{{Key: "integration.bundle", Expected: "the path of the script that leaves its factory in " + i.Global, Found: document.Found(nil)}}
	case i.File == "" && i.Export != "":
		return []ConfigProblem{{Key: "integration.file", Expected: "the path of the file that exports " + i.Export, Found: document.Found(nil)}}
	}
	return nil
}

// shortestSecret bounds from below what is looked for: shorter values stand in any page by chance.
const shortestSecret = 8

// secretProblems finds names that have no value to look for. The value itself is never part of a message.
func (c Config) secretProblems() []ConfigProblem {
	var problems []ConfigProblem
	for i, name := range c.Secrets {
		key := fmt.Sprintf("secrets[%d]", i)
		switch value, set := os.LookupEnv(name); {
		case !set:
			problems = append(problems, ConfigProblem{Key: key, Message: "the environment variable " + name + " is not set: set it to the secret for the run, as it was for the build"})
		case len(value) < shortestSecret:
			problems = append(problems, ConfigProblem{Key: key, Message: fmt.Sprintf("the value of %s has fewer than %d bytes: so short a text stands in any page by chance", name, shortestSecret)})
		}
	}
	return problems
}

// registers says whether the page of the dialect is configured through a global object, into which a script can write its factory itself.
func (c Config) registers() bool {
	d, err := fixtures.ReadDialect(c.Dialect)
	return err == nil && d.Configuration != ""
}

// largestScript bounds the integration's own file: what is larger does not get through a page in time.
const largestScript = 64 << 20

// fileProblems finds files that are named and are not there or not such as a run can use, before a browser is started for them. What is no file, such as a pipe or a
// device, must not even be opened: it may wait for ever there, or never end.
func (c Config) fileProblems() []ConfigProblem {
	var problems []ConfigProblem
	check := func(key, path, what string) {
		if path == "" {
			return
		}
		info, err := os.Stat(path)
		switch {
		case key == "integration.file" && (filepath.Ext(path) == ".html" || isAddress(path)):
			problems = append(problems, ConfigProblem{Key: key, Expected: "a .js, .mjs, .ts or .tsx file", Found: path + "; serve a page that has the integration on it, and give its address as the host (--host http://localhost:8080/page.html)"})
		case errors.Is(err, fs.ErrNotExist):
			problems = append(problems, ConfigProblem{Key: key, Message: path + " does not exist"})
		case err != nil:
			problems = append(problems, ConfigProblem{Key: key, Message: err.Error()})
		case !info.Mode().IsRegular():
			problems = append(problems, ConfigProblem{Key: key, Expected: what, Found: "the " + strings.TrimPrefix(fileKind(info), "a ") + " " + path})
		case key == "integration.file" && !slices.Contains([]string{".js", ".mjs", ".ts", ".tsx"}, filepath.Ext(path)):
			problems = append(problems, ConfigProblem{Key: key, Expected: "a .js, .mjs, .ts or .tsx file", Found: path})
		case key != "browser" && info.Size() > largestScript:
			problems = append(problems, ConfigProblem{Key: key, Message: path + " is larger than 64 MiB: that is no integration"})
		}
	}
	check("integration.file", c.Integration.File, "a file")
	check("integration.bundle", c.Integration.Bundle, "a file")
	if hasSeparator(c.Browser) {
		check("browser", c.Browser, "an executable")
	}
	if c.Features != "" {
		switch info, err := os.Stat(c.Features); {
		case errors.Is(err, fs.ErrNotExist):
			problems = append(problems, ConfigProblem{Key: "features", Message: c.Features + " does not exist"})
		case err != nil:
			problems = append(problems, ConfigProblem{Key: "features", Message: err.Error()})
		case !info.IsDir():
			problems = append(problems, ConfigProblem{Key: "features", Expected: "a folder with .feature files", Found: "the file " + c.Features})
		}
	}
	if info, err := os.Stat(c.Report); err == nil && !info.IsDir() {
		problems = append(problems, ConfigProblem{Key: "report", Expected: "a folder", Found: "the file " + c.Report})
	}
	return problems
}

// resolved makes the relative paths of a file relative to its folder instead of the working directory.
func (c Config) resolved(folder string) Config {
	for _, path := range []*string{&c.Integration.File, &c.Integration.Bundle, &c.Report, &c.Features, &c.Desk.Wire, &c.AgentDesk.Dir} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(folder, *path)
		}
	}
	for i, r := range c.AgentDesk.Replace {
		if r.File != "" && !filepath.IsAbs(r.File) {
			c.AgentDesk.Replace[i].File = filepath.Join(folder, r.File)
		}
	}
	c.Connector = c.Connector.resolved(func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(folder, path)
	})
	// A bare name is a command to be found in PATH, not a file beside the configuration.
	if hasSeparator(c.Browser) && !filepath.IsAbs(c.Browser) {
		c.Browser = filepath.Join(folder, c.Browser)
	}
	return c
}

func hasSeparator(path string) bool {
	return strings.ContainsRune(path, '/') || strings.ContainsRune(path, filepath.Separator)
}
