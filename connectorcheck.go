package deskcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"deskcheck/mockdesk/edge"
	"deskcheck/steps/connector"
	"deskcheck/steps/intercept"
)

// The modes of interception that configurations are checked for.
const (
	interceptByProxy = string(intercept.ByProxy)
	interceptByName  = string(intercept.ByName)
	interceptByURL   = string(intercept.ByURL)
)

// connectorText is a text of the configuration in which names can stand.
type connectorText struct {
	key, text string
	// ofPage says that it is the address of the users' page, where the names of a user can stand.
	ofPage bool
}

// connectorTexts are all of them, in order.
func (c Config) connectorTexts() []connectorText {
	d := c.Connector
	var all []connectorText
	add := func(key, text string) { all = append(all, connectorText{key: connectorKey + "." + key, text: text}) }
	for i, word := range d.Command {
		add(fmt.Sprintf("command[%d]", i), word)
	}
	for name, text := range d.Env {
		add("env."+name, text)
	}
	for i, f := range d.Files {
		add(fmt.Sprintf("files[%d].text", i), f.Text)
	}
	add("dir", d.Dir)
	add("ready", d.Ready)
	add("webhook", d.Webhook)
	all = append(all, connectorText{key: userKey + ".driver", text: c.EndUser.Driver}, connectorText{key: userKey + ".page.url", text: c.EndUser.Page.URL, ofPage: true})
	slices.SortStableFunc(all, func(a, b connectorText) int { return strings.Compare(a.key, b.key) })
	return all
}

// connectorProblems finds keys of a connector that do not fit each other.
func (c Config) connectorProblems() []ConfigProblem {
	d := c.Connector
	if c.Contract != contractDigitalConnect || len(d.value()) == 0 {
		return nil
	}
	return slices.Concat(d.placeProblems(), d.addressProblems(), d.listProblems(), d.timeProblems(), c.nameProblems())
}

// problemOf is one about a key of the connector.
func problemOf(key, format string, args ...any) ConfigProblem {
	return ConfigProblem{Key: connectorKey + "." + key, Message: fmt.Sprintf(format, args...)}
}

// placeProblems are about how the connector is started, or reached, and how it is brought to the mock.
func (d Connector) placeProblems() []ConfigProblem {
	var problems []ConfigProblem
	add := func(key, message string) {
		problems = append(problems, ConfigProblem{Key: connectorKey + "." + key, Message: message})
	}
	started, runs := len(d.Command) > 0, d.URL != ""
	switch {
	case started && runs:
		add("url", "a command and an address exclude each other: the kit starts the connector, or it runs already; give one of them")
	case !started && !runs:
		add("command", "expected the command that starts the connector, or url: with the address where it runs already")
	}
	if runs {
		for key, given := range map[string]bool{"dir": d.Dir != "", "env": d.Env != nil, "files": d.Files != nil} {
			if given {
				add(key, "belongs to a connector that the kit starts, by command; one that runs already has its own")
			}
		}
		if d.Listen == "" {
			add("listen", "a connector that runs already must know where the kit listens: say where, such as 127.0.0.1:9090")
		}
	}
	byName := d.Intercept == interceptByName
	switch {
	case d.Listen == "" && byName && started:
		add("listen", "where the names of Talkdesk lead here the kit must listen where they lead: say where, such as 127.0.0.1:443")
	case d.Listen != "" && !byName && started && !runs:
		add("listen", "a connector that the kit starts is told where to find it, by ${proxy}, or ${identity}, ${api} and ${storage}: leave this out, so that scenarios can run side by side")
	}
	if d.Authority != (ConnectorAuthority{}) && d.Intercept == interceptByURL {
		add("authority", "nothing is encrypted with intercept: override; leave it out")
	}
	return problems
}

// addressProblems are about addresses.
func (d Connector) addressProblems() []ConfigProblem {
	var problems []ConfigProblem
	if d.URL != "" {
		if err := absolute(d.URL); err != nil {
			problems = append(problems, problemOf("url", "%v", err))
		}
	}
	if d.Listen != "" {
		host, port, err := net.SplitHostPort(d.Listen)
		number, notNumber := strconv.Atoi(port)
		if err != nil || notNumber != nil || net.ParseIP(host) == nil || number < 1 || number > 65535 {
			problems = append(problems, problemOf("listen", "%q is no address to listen at: expected an IP address and a port, such as 127.0.0.1:9090", d.Listen))
		}
	}
	if d.Webhook == "" {
		problems = append(problems, problemOf("webhook", "expected where the connector takes Talkdesk's events: a path such as /hook, or an http address"))
	}
	for _, at := range []struct{ key, address, example string }{{"ready", d.Ready, "/health"}, {"webhook", d.Webhook, "/hook"}} {
		if err := belowBase(at.address, at.example); err != nil {
			problems = append(problems, problemOf(at.key, "%v", err))
		}
	}
	if strings.Contains(d.Webhook, "?") {
		problems = append(problems, problemOf("webhook", "the base path of an integration has no query (DC-ACTION-25): leave out what follows the question mark"))
	}
	return problems
}

// absolute says by its error what is wrong with an http address.
func absolute(address string) error {
	if u, err := url.Parse(withoutNames(address)); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("%q is no http address, such as http://127.0.0.1:9080", address)
	}
	return nil
}

// belowBase says by its error what is wrong with an address that may be a path below the connector's own, such as the example; an empty one is none.
func belowBase(address, example string) error {
	if address == "" || strings.HasPrefix(address, "/") {
		return nil
	}
	if err := absolute(address); err != nil {
		return fmt.Errorf("expected a path that begins with a slash, such as %s, or an http address, found %q", example, address)
	}
	return nil
}

// withoutNames has a plain word in the place of each name.
func withoutNames(text string) string {
	for _, name := range connector.Used(text) {
		text = strings.ReplaceAll(text, "${"+name+"}", "1")
	}
	return text
}

// variableName is what a variable of an environment can be called.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// listProblems are about the environment, the files and the arguments.
func (d Connector) listProblems() []ConfigProblem {
	var problems []ConfigProblem
	for _, name := range slices.Sorted(maps.Keys(d.Env)) {
		if !variableName.MatchString(name) {
			problems = append(problems, problemOf("env."+name, "%q is no name of an environment variable, such as TALKDESK_ACCOUNT", name))
		}
	}
	seen := map[string]bool{}
	for i, f := range d.Files {
		at := fmt.Sprintf("files[%d].path", i)
		switch clean := filepath.ToSlash(filepath.Clean(f.Path)); {
		case !filepath.IsLocal(filepath.FromSlash(f.Path)) || clean == ".":
			problems = append(problems, problemOf(at, "%q is no path of a file below the folder ${dir}, such as config.json", f.Path))
		case seen[clean]:
			problems = append(problems, problemOf(at, "%s is made twice", clean))
		default:
			seen[clean] = true
		}
	}
	named := map[string]bool{}
	for i, name := range d.Arguments {
		if named[name] {
			problems = append(problems, problemOf(fmt.Sprintf("arguments[%d]", i), "%s is listed twice", name))
		}
		named[name] = true
	}
	return problems
}

func (d Connector) timeProblems() []ConfigProblem {
	if d.IdleEnd < 0 || d.IdleEnd > longestIdle {
		return []ConfigProblem{{Key: connectorKey + ".idle-end", Expected: "a duration up to 10m, such as 2s: a run waits for it", Found: d.IdleEnd.String()}}
	}
	if d.ReadyWithin < 0 || d.ReadyWithin > longestIdle {
		return []ConfigProblem{{Key: connectorKey + ".ready-within", Expected: "a duration up to 10m, such as 30s", Found: d.ReadyWithin.String()}}
	}
	return nil
}

// nameProblems finds names that stand for nothing, or for nothing in this configuration.
func (c Config) nameProblems() []ConfigProblem {
	var problems []ConfigProblem
	for _, t := range c.connectorTexts() {
		for _, name := range connector.Used(t.text) {
			if err := c.nameProblem(name, t.ofPage); err != nil {
				problems = append(problems, ConfigProblem{Key: t.key, Message: err.Error()})
			}
		}
	}
	return problems
}

// nameProblem says by its error why a name has no value.
func (c Config) nameProblem(name string, ofPage bool) error {
	if err := connector.Known(name); err != nil {
		return err
	}
	d := c.Connector
	var without string
	switch {
	case strings.HasPrefix(name, "user.") && !ofPage:
		without = "it is a user's, and stands in user.page.url alone"
	case (name == "port" || name == "dir") && len(d.Command) == 0:
		without = "it is for a connector that the kit starts"
	case name == "proxy" && d.Intercept != interceptByProxy:
		without = "there is a proxy with intercept: proxy alone"
	case name == "ca" && d.Intercept == interceptByURL:
		without = "nothing is encrypted with intercept: override"
	case name == "webhook.user" && d.WebhookAuth != webhookBasic:
		without = "there is one with webhook-auth: basic alone"
	case name == "webhook.secret" && d.WebhookAuth != webhookBasic && d.WebhookAuth != webhookAPIKey:
		without = "there is one with webhook-auth: basic or api-key"
	case name == "idle-end" && d.IdleEnd == 0:
		without = "connector.idle-end does not say it"
	default:
		return nil
	}
	return fmt.Errorf("${%s} has no value here: %s", name, without)
}

// connectorFiles finds what a connector needs of the machine and what is not there.
func (c Config) connectorFiles() []ConfigProblem {
	d := c.Connector
	if c.Contract != contractDigitalConnect || d.embedded() {
		return nil
	}
	problems := d.programProblems()
	for i, f := range d.Files {
		if f.File == "" {
			continue
		}
		key := fmt.Sprintf("files[%d].file", i)
		text, err := readSmall(f.File)
		if err != nil {
			problems = append(problems, problemOf(key, "%v", err))
		}
		for _, name := range connector.Used(text) {
			if err := c.nameProblem(name, false); err != nil {
				problems = append(problems, problemOf(key, "%s: %v", f.File, err))
			}
		}
	}
	if _, err := d.authority(); err != nil {
		problems = append(problems, problemOf("authority", "%v", err))
	}
	for _, t := range c.connectorTexts() {
		for _, name := range connector.Used(t.text) {
			variable, is := strings.CutPrefix(name, "env.")
			if _, set := os.LookupEnv(variable); is && !set {
				problems = append(problems, ConfigProblem{Key: t.key, Message: "the environment variable " + variable + " is not set: set it for the run"})
			}
		}
	}
	return problems
}

// largestFile bounds what is made for a connector: a configuration, a key, a list of certificates.
const largestFile = 1 << 20

// readSmall reads a file. What is no file must not even be opened: it may wait for ever there, or never end.
func readSmall(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s does not exist", path)
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is %s, not a file", path, fileKind(info))
	case info.Size() > largestFile:
		return "", fmt.Errorf("%s is larger than 1 MiB", path)
	}
	raw, err := os.ReadFile(path) //nolint:gosec // The user names their own file.
	return string(raw), err
}

// programProblems finds a folder or a program that is not there. A program without a slash is looked for when it is started.
func (d Connector) programProblems() []ConfigProblem {
	if len(d.Command) == 0 {
		return nil
	}
	if info, err := os.Stat(d.folder()); err != nil || !info.IsDir() {
		return []ConfigProblem{problemOf("dir", "%s is not there, or is no folder", d.folder())}
	}
	program := d.Command[0]
	if !hasSeparator(program) || len(connector.Used(program)) > 0 {
		return nil
	}
	if !filepath.IsAbs(program) {
		program = filepath.Join(d.folder(), program)
	}
	switch info, err := os.Stat(program); {
	case errors.Is(err, fs.ErrNotExist):
		return []ConfigProblem{problemOf("command[0]", "%s does not exist; build the connector first", program)}
	case err != nil:
		return []ConfigProblem{problemOf("command[0]", "%v", err)}
	case !info.Mode().IsRegular():
		return []ConfigProblem{{Key: connectorKey + ".command[0]", Expected: "a program", Found: "the " + strings.TrimPrefix(fileKind(info), "a ") + " " + program}}
	}
	return nil
}

// folder is where the connector is started.
func (d Connector) folder() string {
	if d.Dir == "" {
		return "."
	}
	return d.Dir
}

// authority reads the user's own certificate authority; nil if there is none.
func (d Connector) authority() (*edge.Authority, error) {
	if d.Authority == (ConnectorAuthority{}) {
		return nil, nil //nolint:nilnil // None is no mistake: one is made for the run.
	}
	certificate, err := readSmall(d.Authority.Certificate)
	if err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	key, err := readSmall(d.Authority.Key)
	if err != nil {
		return nil, fmt.Errorf("the key: %w", err)
	}
	return edge.ReadAuthority([]byte(certificate), []byte(key))
}
