package deskcheck

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/mattn/go-shellwords"
)

// connectorKey is the key of the configuration that says how the connector is run.
const connectorKey = "connector"

// Connector says how the connector under test is run, or where it runs already; its zero value is the embedded reference. In the command, the environment, the texts of files and all
// addresses ${name} stands for a value: see connector.Names.
type Connector struct {
	// Command is the program with its arguments, started anew for each scenario in the folder Dir; or URL is where the connector runs already.
	Command []string
	Dir     string
	URL     string
	// Listen is where the kit listens for a connector that runs already, or whose names lead here: see intercept.Options.
	Listen string
	// Env is its environment, beside what every process needs. Files are made for it before it starts.
	Env   map[string]string
	Files []ConnectorFile
	// Ready is the address that answers 2xx once it can be talked to, and ReadyWithin how long that may take; Webhook is where it takes events.
	Ready       string
	ReadyWithin time.Duration
	Webhook     string
	// WebhookAuth is how events show who they are from: "none", "basic" or "api-key".
	WebhookAuth string
	// Intercept is how it is brought to the mock: a mode of package intercept. Authority is who signs the certificates, if it is not to be one that is made for the run.
	Intercept string
	Authority ConnectorAuthority
	// EventTypes is the spelling of event types: "upper" or "lower".
	EventTypes string
	// IdleEnd is how long it keeps the conversation of a user who is gone, 0 if nobody has said.
	IdleEnd time.Duration
	// Arguments are the names of the arguments that it hands over.
	Arguments []string
}

// ConnectorFile is a file that is made for a connector: Text is what it says, or File the path of a file that says it.
type ConnectorFile struct{ Path, Text, File string }

// ConnectorAuthority is a certificate authority of the user's own: the paths of its certificate and of its private key.
type ConnectorAuthority struct{ Certificate, Key string }

// The words that a connector's configuration chooses from, the default first, and the longest time that a user who is gone may keep a conversation.
const (
	webhookNone   = "none"
	webhookBasic  = "basic"
	webhookAPIKey = "api-key"
	eventsUpper   = "upper"
	longestIdle   = 10 * time.Minute
)

// At is the configuration for a connector at another place: an http address where it runs already, or a command line, whose words may be in quotes. What says how to talk to it stays.
// The error says what is wrong with the line.
func (d Connector) At(place string) (Connector, error) {
	d.Command, d.URL, d.Dir = nil, "", ""
	if isAddress(place) {
		d.URL, d.Env, d.Files = place, nil, nil
		return d, nil
	}
	words, err := shellwords.Parse(place)
	if err == nil && len(words) == 0 {
		err = fmt.Errorf("expected a command line or the http address of a connector that runs already, found %q", place)
	}
	if err != nil {
		return d, &UserError{Err: fmt.Errorf("--connector: %w", err), Fix: "write it as in a shell, without pipes and variables; what needs those belongs into a script"}
	}
	d.Command = words
	if d.Intercept != interceptByName {
		d.Listen = ""
	}
	return d, nil
}

// embedded says that it is the reference connector that ships with the kit.
func (d Connector) embedded() bool { return len(d.Command) == 0 && d.URL == "" }

// String names it as a run does when it begins.
func (d Connector) String() string {
	return cmp.Or(strings.Join(d.Command, " "), d.URL, "the embedded reference connector: none is configured")
}

// value returns the connector as the schema sees it.
func (d Connector) value() map[string]any {
	value := map[string]any{}
	for key, text := range map[string]string{
		"url": d.URL, "listen": d.Listen, "dir": d.Dir, "ready": d.Ready, "webhook": d.Webhook, "webhook-auth": d.WebhookAuth, "intercept": d.Intercept, "event-types": d.EventTypes,
		"idle-end": inWordsOf(d.IdleEnd), "ready-within": inWordsOf(d.ReadyWithin),
	} {
		if text != "" {
			value[key] = text
		}
	}
	for key, words := range map[string][]string{"command": d.Command, "arguments": d.Arguments} {
		if words != nil {
			value[key] = itemsOf(words)
		}
	}
	if d.Env != nil {
		env := map[string]any{}
		for name, text := range d.Env {
			env[name] = text
		}
		value["env"] = env
	}
	var files []any
	for _, f := range d.Files {
		files = append(files, f.value())
	}
	if files != nil {
		value["files"] = files
	}
	if d.Authority != (ConnectorAuthority{}) {
		value["authority"] = map[string]any{"certificate": d.Authority.Certificate, "key": d.Authority.Key}
	}
	return value
}

func (f ConnectorFile) value() map[string]any {
	if f.File != "" {
		return map[string]any{"path": f.Path, "file": f.File}
	}
	return map[string]any{"path": f.Path, "text": f.Text}
}

func itemsOf(words []string) []any {
	list := make([]any, 0, len(words))
	for _, word := range words {
		list = append(list, word)
	}
	return list
}

// inWordsOf is a duration as a configuration says it, empty for none.
func inWordsOf(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// connectorOf reads a validated value. What is no duration is a problem.
func connectorOf(value any) (Connector, []ConfigProblem) {
	root, _ := value.(map[string]any)
	d := Connector{
		Command: textsOf(root["command"]), Dir: textOf(root["dir"]), URL: textOf(root["url"]), Listen: textOf(root["listen"]), Ready: textOf(root["ready"]), Webhook: textOf(root["webhook"]),
		WebhookAuth: textOf(root["webhook-auth"]), Intercept: textOf(root["intercept"]), EventTypes: textOf(root["event-types"]), Arguments: textsOf(root["arguments"]),
	}
	var problems []ConfigProblem
	for key, into := range map[string]*time.Duration{"idle-end": &d.IdleEnd, "ready-within": &d.ReadyWithin} {
		said, has := root[key]
		if !has {
			continue
		}
		var err error
		if *into, err = time.ParseDuration(textOf(said)); err != nil {
			problems = append(problems, ConfigProblem{Key: connectorKey + "." + key, Expected: expectedAt(connectorKey + "." + key), Found: textOf(said)})
		}
	}
	if env, is := root["env"].(map[string]any); is {
		d.Env = map[string]string{}
		for name, text := range env {
			d.Env[name] = textOf(text)
		}
	}
	files, _ := root["files"].([]any)
	for _, item := range files {
		one, _ := item.(map[string]any)
		d.Files = append(d.Files, ConnectorFile{Path: textOf(one["path"]), Text: textOf(one["text"]), File: textOf(one["file"])})
	}
	authority, _ := root["authority"].(map[string]any)
	d.Authority = ConnectorAuthority{Certificate: textOf(authority["certificate"]), Key: textOf(authority["key"])}
	return d, problems
}

// withDefaults fills in what is left out of a connector that is none of the kit's.
func (d Connector) withDefaults() Connector {
	if len(d.value()) == 0 {
		return d
	}
	d.WebhookAuth, d.Intercept, d.EventTypes = cmp.Or(d.WebhookAuth, webhookNone), cmp.Or(d.Intercept, interceptByProxy), cmp.Or(d.EventTypes, eventsUpper)
	return d
}

// resolved makes the relative paths of a file relative to its folder: a connector that says no other begins there.
func (d Connector) resolved(join func(string) string) Connector {
	if len(d.Command) > 0 {
		d.Dir = join(cmp.Or(d.Dir, "."))
	}
	files := make([]ConnectorFile, 0, len(d.Files))
	for _, f := range d.Files {
		if f.File != "" {
			f.File = join(f.File)
		}
		files = append(files, f)
	}
	if d.Files != nil {
		d.Files = files
	}
	for _, path := range []*string{&d.Authority.Certificate, &d.Authority.Key} {
		if *path != "" {
			*path = join(*path)
		}
	}
	d.Env = maps.Clone(d.Env)
	return d
}
