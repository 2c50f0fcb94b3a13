package connector

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/journal"
)

// Values are what ${name} stands for, by the names of Names. env.NAME needs none: it is taken from the environment of the kit.
type Values map[string]string

// envPrefix begins the names of environment variables.
const envPrefix = "env."

// names are what can stand between the braces, each with what it means.
var names = map[string]string{
	"type": "what the connector connects to: talkdesk", "account": "the account name", "client.id": "the id of the OAuth client", "client.secret": "its secret",
	"region": "the region of the account, such as US", "touchpoint": "the id of the touchpoint",
	"identity": "the base URL of the identity server", "api": "the base URL of the API", "storage": "the base URL where files are stored",
	"proxy": "the address of the proxy, with intercept: proxy", "ca": "the file with the certificate to trust, with intercept: proxy or dns",
	"key": "the file with the private key of the client (PKCS #8, PEM)", "key.id": "the id of that key",
	"port": "the port of 127.0.0.1 to listen on", "dir": "the folder of the files that were written for this start",
	"webhook.user": "the user name that webhooks come with", "webhook.secret": "the password or the key that webhooks come with", "idle-end": "how long a user who is gone keeps the conversation",
	"user.name": "the name of the end user, in the address of the page alone", "user.email": "the e-mail address of the end user, in the address of the page alone",
}

// secretValues are the names of values that must not be seen.
var secretValues = []string{"client.secret", "webhook.secret"}

// Names are the names that ${name} may have, in order, besides env.NAME for an environment variable.
func Names() []string {
	all := make([]string, 0, len(names))
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Meaning says what a name of Names stands for, empty for what is none.
func Meaning(name string) string { return names[name] }

// place is where a value stands. Another dollar sign before it has it stand for itself.
var place = regexp.MustCompile(`\$?\$\{([^{}]*)\}`)

// Used lists the names that stand in a text, in the order of the text, each once.
func Used(text string) []string {
	var used []string
	for _, found := range place.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(found[0], "$$") && !slices.Contains(used, found[1]) {
			used = append(used, found[1])
		}
	}
	return used
}

// Known says whether a name can ever have a value; else the error says which was probably meant.
func Known(name string) error {
	if variable, is := strings.CutPrefix(name, envPrefix); is {
		if !variableName.MatchString(variable) {
			return fmt.Errorf("${%s}: %q is no name of an environment variable", name, variable)
		}
		return nil
	}
	if names[name] != "" {
		return nil
	}
	all := Names()
	if near, ok := document.Near(name, all); ok {
		return fmt.Errorf("there is no ${%s}; did you mean ${%s}? $${%s} stands for itself", name, near, name)
	}
	return fmt.Errorf("there is no ${%s}; there are %s and env.NAME; $${%s} stands for itself", name, strings.Join(all, ", "), name)
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Fill puts the values in place of their names; $${name} becomes ${name}. The error names the first that has no value.
func (v Values) Fill(text string) (string, error) {
	for _, name := range Used(text) {
		if _, err := v.of(name); err != nil {
			return "", err
		}
	}
	return place.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		value, _ := v.of(strings.TrimSuffix(strings.TrimPrefix(found, "${"), "}")) // It has one, see above.
		return value
	}), nil
}

func (v Values) of(name string) (string, error) {
	if err := Known(name); err != nil {
		return "", err
	}
	if variable, is := strings.CutPrefix(name, envPrefix); is {
		value, set := os.LookupEnv(variable)
		if !set {
			return "", fmt.Errorf("${%s}: the environment variable %s is not set", name, variable)
		}
		return value, nil
	}
	value, has := v[name]
	if !has {
		return "", fmt.Errorf("${%s} has no value in this run: it is %s", name, names[name])
	}
	return value, nil
}

// secrets are the texts that must not be seen in what the program prints: those that it names itself, values that are secret, and variables of the environment that are by their names.
func (v Values) secrets(p Program) []string {
	all := slices.Clone(p.Secrets)
	for _, name := range secretValues {
		all = append(all, v[name])
	}
	all = append(all, Basic(v["client.id"], v["client.secret"]), Basic(v["webhook.user"], v["webhook.secret"]))
	names := journal.NewRedactor()
	for _, text := range p.texts() {
		for _, name := range Used(text) {
			if variable, is := strings.CutPrefix(name, envPrefix); is && names.Secret(variable) {
				all = append(all, os.Getenv(variable))
			}
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	// The longest first, so that none is shown in part for a shorter one that it begins with.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// Basic is a name with its secret as HTTP Basic has them behind the word, empty without a secret: it tells whoever reads it as much as the secret does.
func Basic(name, secret string) string {
	if secret == "" {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(name + ":" + secret))
}

// texts are all in which names can stand.
func (p Program) texts() []string {
	all := slices.Concat(p.Command, []string{p.Dir, p.Ready})
	for _, text := range p.Env {
		all = append(all, text)
	}
	for _, f := range p.Files {
		all = append(all, f.Text)
	}
	return all
}
