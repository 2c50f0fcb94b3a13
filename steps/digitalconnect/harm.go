package digitalconnect

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/connector"
	"deskcheck/steps/enduser"
)

var harmSteps = []definition{
	define(`no secret was said to anybody but Talkdesk`, func(p *Player) any { return p.keptSecrets }, "Neither the client's secret, nor its key, nor a token: not to the user, not in an answer to an event, not in an address, not to another host."),
	define(`nothing of it has run in (?P<user>[A-Z]\w*)'s page`, func(p *Player) any { return p.ranNothing }),
	define(`the file has run nothing in (?P<user>[A-Z]\w*)'s page`, func(p *Player) any { return p.ranNothing }),
	define(`nothing but the file was touched`, func(p *Player) any { return p.touchedNothing }),
}

// leak is a secret that was seen where it does not belong.
type leak struct {
	what string
	// kind, from and to are those of the entry that held it.
	kind     journal.Kind
	from, to journal.Party
	name     string
}

// secretNames are the secrets by what they are called.
func (p *Player) secretNames() map[string]string {
	all := map[string]string{}
	if p.talkdesk != nil {
		for _, secret := range p.talkdesk.Secrets() {
			all[secret] = "a token, or the secret of the client"
		}
	}
	if client := p.account.Clients[0]; client.Secret != "" {
		all[connector.Basic(client.ID, client.Secret)] = "the secret of the client"
	}
	if p.key != "" {
		all[p.key] = "the private key"
	}
	return all
}

// conceal takes the secrets out of what a person reads, and those by which events are delivered.
func (p *Player) conceal(text string) string {
	hidden := append(slices.Collect(maps.Keys(p.secretNames())), p.values["client.secret"], webhookSecret, connector.Basic(webhookUser, webhookSecret))
	slices.SortFunc(hidden, func(a, b string) int { return len(b) - len(a) }) // None is shown in part for a shorter one that it begins with.
	for _, secret := range hidden {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, journal.Redacted)
		}
	}
	return text
}

// leaked says which secret a text holds, empty if none.
func (p *Player) leaked(text string) string {
	for secret, what := range p.secretNames() {
		if secret != "" && strings.Contains(text, secret) {
			return what
		}
	}
	return ""
}

// redact keeps secrets out of the journal, and remembers those that were said to anybody but Talkdesk. It is the filter of the journal.
func (p *Player) redact(e journal.Entry) journal.Entry {
	for _, secret := range []string{webhookSecret, connector.Basic(webhookUser, webhookSecret)} {
		if !strings.Contains(string(e.Data), secret) && !strings.Contains(e.Name, secret) && !strings.Contains(e.Note, secret) {
			continue
		}
		e.Data, e.Name, e.Note = json.RawMessage(strings.ReplaceAll(string(e.Data), secret, journal.Redacted)), strings.ReplaceAll(e.Name, secret, journal.Redacted), strings.ReplaceAll(e.Note, secret, journal.Redacted)
	}
	for secret, what := range p.secretNames() {
		if secret == "" {
			continue
		}
		quoted, _ := json.Marshal(secret) // A text can always be encoded.
		inner := strings.Trim(string(quoted), `"`)
		if !strings.Contains(string(e.Data), inner) && !strings.Contains(e.Name, secret) && !strings.Contains(e.Note, secret) {
			continue
		}
		if e.From == journal.Connector && e.Kind != journal.Request || e.Kind == journal.Screen || e.Kind == journal.Refusal || strings.Contains(e.Name, secret) {
			p.mu.Lock()
			p.leaks = append(p.leaks, leak{what: what, kind: e.Kind, from: e.From, to: e.To, name: strings.ReplaceAll(e.Name, secret, "[secret]")})
			p.mu.Unlock()
		}
		e.Data = json.RawMessage(strings.ReplaceAll(string(e.Data), inner, "[secret]"))
		e.Name, e.Note = strings.ReplaceAll(e.Name, secret, "[secret]"), strings.ReplaceAll(e.Note, secret, "[secret]")
	}
	return e
}

func (p *Player) keptSecrets() error {
	p.pass(p.hush())
	return p.secretsKept()
}

// secretsKept fails a connector that has said a secret to anybody but Talkdesk.
func (p *Player) secretsKept() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.leaks) == 0 {
		return nil
	}
	l := p.leaks[0]
	return &steps.Failure{Requirements: []string{"DC-AUTH-16"}, Expected: "secrets and tokens said to Talkdesk alone", Recorded: fmt.Sprintf("%s stood in %s %s from %s to %s", l.what, l.kind, l.name, l.from, l.to)}
}

func (p *Player) ranNothing(name string) error {
	if !p.paged {
		return &steps.NotApplicable{Why: "the user has no page: without one nothing can run in it (user.page)"}
	}
	ran := func() (journal.Entry, bool) {
		return p.Journal.Find(0, func(e journal.Entry) bool {
			return e.Kind == journal.Violation && e.Name == enduser.Probe || e.Kind == journal.Dialog && string(e.From) == name
		})
	}
	p.Watch(func() bool { _, has := ran(); return has }, p.hush())
	if e, has := ran(); has {
		return &steps.Failure{Requirements: []string{"DC-MSG-11"}, Expected: "hostile text that stays text", Recorded: "it has run: " + e.Name, Entry: e.Seq}
	}
	return nil
}

// wasHere is where a file would be if its name had been taken for a path.
const wasHere = "/tmp/deskcheck-was-here.pdf"

func (p *Player) touchedNothing() error {
	if _, err := os.Stat(wasHere); !errors.Is(err, os.ErrNotExist) {
		_ = os.Remove(wasHere) // For the next scenario.
		return &steps.Failure{Requirements: []string{"DC-ATT-10"}, Expected: "a name of a file to be no path", Recorded: "the connector has written " + wasHere}
	}
	if !slices.ContainsFunc(p.order, func(g *guest) bool { return g.user != nil }) {
		return acts("look what was touched", errors.New("nobody has come"))
	}
	return nil
}
