package deskcheck

import (
	"deskcheck/fixtures/document"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// configSort is what deskcheck.yaml is; a configuration is some dozens of lines.
var configSort = document.Sort{Name: "configuration", Example: "workers: 4", Most: 128 << 10}

func readConfigFile(path string) ([]byte, error) {
	// What is no file may wait for ever where it is opened, or never end where it is read.
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &UserError{Err: fmt.Errorf("%s does not exist", path), Fix: `"deskcheck config init" writes one`}
	case err != nil:
		return nil, &UserError{Err: fmt.Errorf("the configuration cannot be read: %w", err), Fix: "name a file that can be read"}
	case info.IsDir():
		return nil, &UserError{Err: fmt.Errorf("%s is a folder, not a configuration file", path), Fix: "name the file in it"}
	case !info.Mode().IsRegular():
		return nil, &UserError{Err: fmt.Errorf("%s is %s, not a configuration file", path, fileKind(info)), Fix: "write the configuration into a file and name that"}
	}
	text, err := configSort.Read(path)
	if err != nil {
		return nil, &UserError{Err: err}
	}
	return text, nil
}

// fileKind words what stands under a name.
func fileKind(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return "a file"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// CheckBaseline says by a *UserError whether WriteBaseline could not change the configuration file at path, before a run is made for it.
func CheckBaseline(path string) error {
	text, err := os.ReadFile(path) //nolint:gosec // The user names their own file.
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = nil
	case err != nil:
		return &UserError{Err: fmt.Errorf("the configuration cannot be read: %w", err)}
	}
	doc, err := parseConfig(path, text)
	if err != nil {
		return err
	}
	c, err := doc.config()
	if err != nil {
		return err
	}
	// Whether the list can be edited is tried with an entry that it cannot have.
	trial := []KnownFailing{{Requirement: "TRIAL-00", Reason: "trial"}}
	if _, err := editKnownFailing(doc, text, c.KnownFailing, nil, trial); err != nil {
		return &UserError{
			Err: fmt.Errorf("%s: the list known-failing stands in a form that --baseline write cannot edit without harm", path),
			Fix: "write known-failing: as a plain list, each entry on lines of its own that begin with a dash",
		}
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".deskcheck-*.yaml")
	if err != nil {
		return &UserError{Err: fmt.Errorf("--baseline write cannot write %s: %w", path, err), Fix: "make its folder writable, or name another file with -c"}
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// configDocument is a parsed configuration.
type configDocument struct{ *document.Document }

func parseConfig(path string, text []byte) (*configDocument, error) {
	doc, err := configSort.Parse(path, text)
	if err != nil {
		if syntax, ok := errors.AsType[*document.SyntaxError](err); ok {
			return nil, &UserError{Err: syntax.Err, Fix: syntax.Fix}
		}
		return nil, &UserError{Err: err, Fix: configFix}
	}
	// An integration that is named and then left out is not meant to be the embedded reference.
	if root, ok := doc.Value.(map[string]any); ok {
		if integration, ok := root["integration"].(map[string]any); ok && len(integration) == 0 {
			root["integration"] = nil
		}
	}
	return &configDocument{doc}, nil
}

const configFix = `"deskcheck config schema" describes every key`

// pathFix is the next step for whoever names in a configuration what is not there.
const pathFix = "name what is there: paths begin at the folder of the configuration; " + configFix

// placed gives the mistakes with their places in the file that the configuration was read from, in the order of the file and before all others, and says whether any is of that file:
// what a flag has said since is not. It reads the file again, because nobody needs the places of a configuration that is well.
func (c Config) placed(problems []ConfigProblem) (all []ConfigProblem, inFile bool) {
	if c.Path == "" {
		return problems, false
	}
	text, err := readConfigFile(c.Path)
	if err != nil {
		return problems, false
	}
	doc, err := parseConfig(c.Path, text)
	if err != nil {
		return problems, false
	}
	written, err := doc.config()
	if err != nil {
		return problems, false
	}
	now, then := c.value(), written.value()
	var others []ConfigProblem
	for _, p := range problems {
		if _, there := doc.Around(p.Key); there && p.File == "" && reflect.DeepEqual(valueAt(now, p.Key), valueAt(then, p.Key)) {
			all = append(all, p)
		} else {
			others = append(others, p)
		}
	}
	return append(doc.Wrong(all...).Problems, others...), len(all) > 0
}

// valueAt is what stands at a key path, nil for nothing.
func valueAt(value any, key string) any {
	for part := range strings.FieldsFuncSeq(key, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// userError puts the mistakes at their places and in the order of the file.
func (d *configDocument) userError(problems []ConfigProblem) error {
	return &UserError{Err: d.Wrong(problems...), Fix: configFix}
}

// config turns the validated value into a Config, with its paths resolved and its defaults filled in.
func (d *configDocument) config() (Config, error) {
	root, _ := d.Value.(map[string]any)
	integration, _ := root["integration"].(map[string]any)
	c := Config{
		Contract: textOf(root["contract"]), Dialect: textOf(root["dialect"]), Host: textOf(root["host"]),
		Integration: Integration{File: textOf(integration["file"]), Export: textOf(integration["export"]), Bundle: textOf(integration["bundle"]), Global: textOf(integration["global"])},
		Select:      textsOf(root["select"]), Tags: textOf(root["tags"]), Profile: textOf(root["profile"]), Features: textOf(root["features"]),
		Capabilities: textsOf(root["only-capabilities"]), Claims: textsOf(root["capabilities"]), Secrets: textsOf(root["secrets"]),
		Workers: int(numberOf(root["workers"])), Seed: numberOf(root["seed"]), Repeat: int(numberOf(root["repeat"])),
		FailFast: root["fail-fast"] == true, Quick: root["quick"] == true, Headed: root["headed"] == true,
		Browser: textOf(root["browser"]), Report: textOf(root["report"]), Path: d.Path,
	}
	desk, _ := root["desk"].(map[string]any)
	c.Desk = Desk{Hosts: textsOf(desk["hosts"]), Wire: textOf(desk["wire"]), Driver: textOf(desk["driver"]), TokenEnv: textOf(desk["token-env"])}
	c.AgentDesk = agentDeskOf(root[agentDeskKey])
	var problems []ConfigProblem
	if c.Connector, problems = connectorOf(root[connectorKey]); problems != nil {
		return Config{}, d.userError(problems)
	}
	c.EndUser = endUserOf(root[userKey])
	var err error
	if c.UIMap, err = d.uiMap(root[uiMapKey]); err != nil {
		return Config{}, err
	}
	page, _ := root["page"].(map[string]any)
	c.Page = Page{Factory: textOf(page["factory"]), Env: textOf(page["env"]), Ask: textOf(page["ask"])}
	if page != nil {
		at := d.At(pageKey)
		c.Page.Line, c.Page.Column = at.Line, at.Column
	}
	selectors, _ := page["selectors"].(map[string]any)
	for name, selector := range selectors {
		if c.Page.Selectors == nil {
			c.Page.Selectors = map[string]any{}
		}
		c.Page.Selectors[name] = selector
	}
	if s := textOf(root["slow-mo"]); s != "" {
		if c.SlowMo, err = time.ParseDuration(s); err != nil {
			return Config{}, d.userError([]ConfigProblem{{Key: "slow-mo", Expected: expectedAt("slow-mo"), Found: document.Found(s)}})
		}
	}
	known, _ := root["known-failing"].([]any)
	for i, item := range known {
		entry, _ := item.(map[string]any)
		line := d.At(fmt.Sprintf("known-failing[%d].requirement", i)).Line
		c.KnownFailing = append(c.KnownFailing, KnownFailing{Requirement: textOf(entry["requirement"]), Reason: strings.TrimSpace(textOf(entry["reason"])), Line: line})
	}
	return c.resolved(filepath.Dir(d.Path)).withDefaults(), nil
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

func textsOf(v any) []string {
	items, _ := v.([]any)
	var words []string
	for _, item := range items {
		words = append(words, textOf(item))
	}
	return words
}

// numberOf accepts what YAML makes of a whole number; 4.0 is one by JSON Schema too.
func numberOf(v any) int64 {
	switch n := v.(type) {
	case uint64:
		return int64(n) //nolint:gosec // The schema allows nothing so large.
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

var configSchema = sync.OnceValues(func() (*document.Schema, error) { return document.Compile("config.schema.json", ConfigSchema()) })

// schemaProblems validates a value; the error is one of ours, not the user's.
func schemaProblems(value any) ([]ConfigProblem, error) {
	schema, err := configSchema()
	if err != nil {
		return nil, err
	}
	return schema.Problems(value)
}

// expectedAt returns what the schema says should stand at a key path.
func expectedAt(key string) string {
	schema, err := configSchema()
	if err != nil {
		return ""
	}
	return schema.Expected(key)
}
