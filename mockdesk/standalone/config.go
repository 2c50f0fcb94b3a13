// Package standalone runs the desk as a program of its own: the wire of all tenants on one port, the control API on another, as desk.yaml says.
package standalone

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/script"
	"deskcheck/mockdesk/tenant"
	"deskcheck/mockdesk/wire"

	"github.com/goccy/go-yaml"
)

// The addresses that are listened on if nothing else was said.
const (
	DefaultWire    = "127.0.0.1:8470"
	DefaultControl = "127.0.0.1:8471"
)

// Config is what desk.yaml says.
type Config struct {
	// Listen is where is listened.
	Listen Listen `yaml:"listen"`
	// TLS is the certificate of the wire.
	TLS TLS `yaml:"tls"`
	// Control is about who may call the control API.
	Control Control `yaml:"control"`
	// Store is where the desk is saved, and how much of it.
	Store Store `yaml:"store"`
	// Memory is how much is in memory of what is over.
	Memory Memory `yaml:"memory"`
	// Tenants are those that are there from the start.
	Tenants []Tenant `yaml:"tenants"`
}

// Listen is where is listened.
type Listen struct {
	// Wire and Control are addresses as net.Listen has them.
	Wire    string `yaml:"wire"`
	Control string `yaml:"control"`
	// Expose allows addresses beyond the loopback.
	Expose bool `yaml:"expose"`
}

// TLS is the certificate of the wire; one is made if no file is named.
type TLS struct {
	// Certificate and Key are files in PEM.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	// Off leaves only plain HTTP.
	Off bool `yaml:"off"`
}

// Control is about who may call the control API.
type Control struct {
	// TokenEnv is the environment variable that holds the token; empty has one made.
	TokenEnv string `yaml:"token-env"`
	// Hosts are names by which the API may be called, besides those of the loopback.
	Hosts []string `yaml:"hosts"`
	// OpenConsole says whether the console's own page needs no token on the loopback; nil is true.
	OpenConsole *bool `yaml:"open-console"`
}

// Store is where the desk is saved, so that every conversation goes on after a restart, and how much of it is kept.
type Store struct {
	// File is a SQLite file; empty saves nothing.
	File string `yaml:"file"`
	// Off has the command line save nothing either where no file is named.
	Off bool `yaml:"off"`
	// Conversations is how many that have ended are kept of each tenant, Entries how many entries of its journal; 0 is DefaultKept and the registry's own number.
	Conversations int `yaml:"conversations"`
	Entries       int `yaml:"entries"`
	// Age is for how long conversations that have ended are kept, by the clock of the machine, and tenants that were made over the API and are not used; 0 is DefaultAge.
	Age api.Duration `yaml:"age"`
}

// Memory is how much is in memory of what is over.
type Memory struct {
	// Conversations is how many that have ended are in memory of each tenant; 0 is DefaultEnded. Of others what is asked for is read back from the store; without one they are
	// forgotten.
	Conversations int `yaml:"conversations"`
}

// How much is kept if nothing else was said.
const (
	DefaultEnded = 1000
	DefaultKept  = 10_000
	DefaultAge   = 30 * 24 * time.Hour
)

// Tenant is one that is there from the start.
type Tenant struct {
	api.NewTenant `yaml:",inline"`

	// Scripts are files by the names of the scripts in them.
	Scripts map[string]string `yaml:"scripts"`
	// WireFile is the file of the wire that the tenant speaks, empty for the native one.
	WireFile string `yaml:"wire"`
	// ChaosFile is the file of the chance by which faults are played, empty for none.
	ChaosFile string `yaml:"chaos"`
}

// Mistake is something in what the user gave that keeps the desk from starting.
type Mistake struct {
	// Err says what is wrong.
	Err error
	// Fix is the next step, empty if there is none to give.
	Fix string
}

// Error returns what is wrong.
func (m *Mistake) Error() string { return m.Err.Error() }

// Unwrap returns the error below.
func (m *Mistake) Unwrap() error { return m.Err }

func mistake(fix, format string, args ...any) error {
	return &Mistake{Err: fmt.Errorf(format, args...), Fix: fix}
}

// sort is what desk.yaml is to whoever reads about its mistakes.
var sort = document.Sort{Name: "desk's configuration", Example: "listen: {wire: 127.0.0.1:8470}", Most: 256 << 10}

var schema = compiled("desk.schema.json", Schema)

// compiled compiles a schema when it is first needed.
func compiled(name string, text func() ([]byte, error)) func() (*document.Schema, error) {
	return sync.OnceValues(func() (*document.Schema, error) {
		raw, err := text()
		if err != nil {
			return nil, err
		}
		return document.Compile(name, raw)
	})
}

// Schema is the JSON Schema of desk.yaml.
func Schema() ([]byte, error) { return fixtures.ReadFile("schemas/desk.schema.json") }

// describes is the next step for whoever has a mistake in desk.yaml.
const describes = `"deskcheck desk schema" describes every key`

// Load reads desk.yaml. Its error is a *Mistake; for mistakes within the file it wraps a *document.Error that has all of them.
func Load(path string) (Config, error) {
	c, doc, err := load(path, schema, describes, Config.mistaken)
	if err != nil {
		return Config{}, err
	}
	return c, c.resolve(doc)
}

// load reads a file of settings, and holds it against its schema and against what check finds in it. The error is as Load's; describes is the next step for whoever has a mistake.
func load[T any](path string, shape func() (*document.Schema, error), describes string, check func(T) []document.Problem) (c T, doc *document.Document, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil, mistake("leave -c out to serve what is there without it on loopback", "%s does not exist", path)
	case err != nil:
		return c, nil, mistake("name a file that can be read", "the desk's configuration cannot be read: %w", err)
	case !info.Mode().IsRegular():
		return c, nil, mistake("name a file", "%s is no regular file", path)
	}
	text, err := sort.Read(path)
	if err != nil {
		return c, nil, &Mistake{Err: err}
	}
	if doc, err = sort.Parse(path, text); err != nil {
		return c, nil, inFile(err, describes)
	}
	valid, err := shape()
	if err != nil {
		return c, nil, err
	}
	problems, err := valid.Problems(doc.Value)
	if err != nil {
		return c, nil, err
	}
	if len(problems) == 0 && doc.Root != nil {
		if err := yaml.NodeToValue(doc.Root, &c); err != nil {
			return c, nil, fmt.Errorf("decode %s: %w", path, err)
		}
		problems = check(c)
	}
	if len(problems) > 0 {
		return c, nil, inFile(doc.Wrong(problems...), describes)
	}
	return c, doc, nil
}

// ContractOf is the contract that a file of settings says it is about, empty if it says nothing or cannot be read: reading it for a contract tells what is wrong.
func ContractOf(path string) string {
	text, err := sort.Read(path)
	if err != nil {
		return ""
	}
	doc, err := sort.Parse(path, text)
	if err != nil {
		return ""
	}
	top, _ := doc.Value.(map[string]any)
	contract, _ := top["contract"].(string)
	return contract
}

// inFile makes a Mistake of what is wrong with a file.
func inFile(err error, fix string) error {
	if syntax, ok := errors.AsType[*document.SyntaxError](err); ok && syntax.Fix != "" {
		fix = syntax.Fix
	}
	return &Mistake{Err: err, Fix: fix}
}

// mistaken finds what is no address, names that are taken twice, and those of queues that a tenant which names its queues does not have.
func (c Config) mistaken() []document.Problem {
	problems := c.Listen.misfits()
	names := map[string]bool{}
	for i, t := range c.Tenants {
		if names[t.Name] {
			problems = append(problems, document.Problem{Key: fmt.Sprintf("tenants[%d].name", i), Message: "there is a tenant " + t.Name + " already"})
		}
		names[t.Name] = true
		ids := map[string]bool{}
		for j, a := range t.Agents {
			if ids[a.ID] {
				problems = append(problems, document.Problem{Key: fmt.Sprintf("tenants[%d].agents[%d].id", i, j), Message: "there is an agent " + a.ID + " already"})
			}
			ids[a.ID] = true
			for k, queue := range a.Queues {
				if len(t.Queues) > 0 && !slices.Contains(t.Queues, queue) {
					problems = append(problems, noQueue(fmt.Sprintf("tenants[%d].agents[%d].queues[%d]", i, j, k), queue, t))
				}
			}
		}
	}
	return problems
}

// noQueue says that a queue is none of those of a tenant.
func noQueue(key, queue string, t Tenant) document.Problem {
	p := document.Problem{Key: key, Message: fmt.Sprintf("the tenant %s has no queue %q; its queues are %s", t.Name, queue, strings.Join(t.Queues, ", "))}
	if near, ok := document.Near(queue, t.Queues); ok {
		p.Message, p.Meant = fmt.Sprintf("the tenant %s has no queue %q", t.Name, queue), near
	}
	return p
}

// unread is why a file that a configuration names cannot be read: a mistake of the configuration, where others are of the file that is named.
type unread struct{ error }

// resolve takes relative paths from the folder of the file, and reads the files. The error is a *Mistake.
func (c *Config) resolve(doc *document.Document) error {
	folder := filepath.Dir(doc.Path)
	at := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(folder, *path)
		}
	}
	// Those that cannot be read are told together, at the keys that name them.
	var problems []document.Problem
	told := func(key string, err error) error {
		if missing, is := errors.AsType[unread](err); is {
			problems = append(problems, document.Problem{Key: key, Message: missing.Error()})
			return nil
		}
		return err
	}
	for key, path := range map[string]*string{"tls.certificate": &c.TLS.Certificate, "tls.key": &c.TLS.Key} {
		at(path)
		if _, err := os.Stat(*path); *path != "" && errors.Is(err, fs.ErrNotExist) {
			_ = told(key, unread{errors.New(*path + " does not exist")})
		}
	}
	at(&c.Store.File)
	for i := range c.Tenants {
		t := &c.Tenants[i]
		key := func(name string) string { return fmt.Sprintf("tenants[%d].%s", i, name) }
		var err error
		if at(&t.WireFile); t.WireFile != "" {
			if t.Wire, err = readWire(t.WireFile); told(key("wire"), err) != nil {
				return err
			}
		}
		if at(&t.ChaosFile); t.ChaosFile != "" {
			if t.Chaos, err = readChaos(t.ChaosFile); told(key("chaos"), err) != nil {
				return err
			}
		}
		for name, file := range t.Scripts {
			at(&file)
			source, err := readScript(file, t.knows, t.Queues)
			if told(key("scripts."+name), err) != nil {
				return err
			}
			if t.NewTenant.Scripts == nil {
				t.NewTenant.Scripts = map[string]string{}
			}
			t.NewTenant.Scripts[name] = source
		}
	}
	if len(problems) > 0 {
		return &Mistake{Err: doc.Wrong(problems...), Fix: "name what is there: paths begin at the folder of " + filepath.Base(doc.Path) + "; " + describes}
	}
	return nil
}

// knows says whether the tenant has an agent of that id.
func (t Tenant) knows(id string) bool {
	if t.Agents == nil {
		return id == "ada" || id == "ben"
	}
	return slices.ContainsFunc(t.Agents, func(a api.NewAgent) bool { return a.ID == id })
}

func readScript(file string, knows func(string) bool, queues []string) (string, error) {
	text, err := document.Sort{Name: "script", Most: 128 << 10}.Read(file)
	if err != nil {
		return "", unread{err}
	}
	if _, err := script.Parse(file, text, knows, queues...); err != nil {
		return "", inFile(err, `"deskcheck desk schema script" describes every key`)
	}
	return string(text), nil
}

func readWire(file string) (string, error) {
	text, err := wire.ReadFile(file)
	if err != nil {
		return "", unread{err}
	}
	// Of what was read and of nothing else: it may be saved again at this moment, and for a moment be empty.
	if _, err := wire.Parse(file, text); err != nil {
		return "", inFile(err, `"deskcheck wire schema" describes every key, "deskcheck wire guide" explains them`)
	}
	return string(text), nil
}

func readChaos(file string) (*fault.ChaosOptions, error) {
	text, err := document.Sort{Name: "chaos", Most: 128 << 10}.Read(file)
	if err != nil {
		return nil, unread{err}
	}
	o, err := fault.ParseChaos(file, text)
	if err != nil {
		return nil, &Mistake{Err: err, Fix: "chaos is such as {share: 0.1, faults: [{fault: {kind: reset}, weight: 1}]}"}
	}
	return &o, nil
}

// defaults fills in what was left out.
func (c Config) defaults() Config {
	c.Listen, c.Control = c.Listen.defaults(), c.Control.defaults()
	c.Store.Conversations, c.Store.Age = cmp.Or(c.Store.Conversations, DefaultKept), cmp.Or(c.Store.Age, api.Duration(DefaultAge))
	c.Memory.Conversations = cmp.Or(c.Memory.Conversations, DefaultEnded)
	if !slices.ContainsFunc(c.Tenants, func(t Tenant) bool { return t.Name == tenant.Default }) {
		c.Tenants = append([]Tenant{{NewTenant: api.NewTenant{Name: tenant.Default}}}, c.Tenants...)
	}
	return c
}

// defaults fills in what was left out.
func (l Listen) defaults() Listen {
	l.Wire, l.Control = cmp.Or(l.Wire, DefaultWire), cmp.Or(l.Control, DefaultControl)
	return l
}

// defaults fills in what was left out.
func (c Control) defaults() Control {
	if c.OpenConsole == nil {
		c.OpenConsole = new(true)
	}
	return c
}

// misfits finds what is no address. Whether one may be listened at is found later, because a flag may still allow it.
func (l Listen) misfits() []document.Problem {
	var problems []document.Problem
	for key, address := range map[string]string{"listen.wire": l.Wire, "listen.control": l.Control} {
		if address == "" {
			continue
		}
		if _, err := hostOf(address); err != nil {
			problems = append(problems, document.Problem{Key: key, Message: err.Error()})
		}
	}
	return problems
}

// hostOf is the host of an address to listen at. The error says why a text is none.
func hostOf(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%q is no address: expected a host and a port, such as 127.0.0.1:8470", address)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", fmt.Errorf("%q is no address: there is no port %s, expected one up to 65535, such as 127.0.0.1:8470", address, port)
	}
	return host, nil
}

// mayListen says whether an address, which a flag has said, is one of the loopback, or others were allowed.
func (l Listen) mayListen(flag, address string) error {
	host, err := hostOf(address)
	if err != nil {
		return mistake("give "+flag+" a host and a port, or leave it out", "%s: %w", flag, err)
	}
	ip := net.ParseIP(host)
	if l.Expose || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return mistake("listen on 127.0.0.1, or allow it with --expose (listen.expose in desk.yaml) where nobody else reaches this machine", "the address %s is not of the loopback: whoever reaches this machine would reach the desk", address)
}
