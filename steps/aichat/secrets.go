package aichat

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/expect"
)

// Secret is a value that must not reach the page.
type Secret struct {
	// Name is what a report calls it. Value is never told.
	Name, Value string
}

// forms are the ways in which a text may carry the secret, by a word for each: as it is, and in the encodings in which values usually travel.
func (s Secret) forms() map[string]string {
	written, _ := json.Marshal(s.Value) // A string always encodes.
	all := map[string]string{
		"in a query": url.QueryEscape(s.Value), "in a path": url.PathEscape(s.Value), "in JSON": strings.Trim(string(written), `"`),
		"in base64": "", "as it is": s.Value,
	}
	delete(all, "in base64")
	// In a longer text, such as "user:secret", base64 depends on where the secret begins.
	for lead := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", lead) + s.Value))
		whole := (lead + len(s.Value)) * 8 / 6
		core := encoded[(lead*8+5)/6 : whole]
		all["in base64, "+string(rune('a'+lead))] = core
		all["in base64 for addresses, "+string(rune('a'+lead))] = strings.NewReplacer("+", "-", "/", "_").Replace(core)
	}
	return all
}

// in says how the text carries the secret, empty if it does not.
func (s Secret) in(text string) string {
	if strings.Contains(text, s.Value) {
		return "as it is"
	}
	for how, form := range s.forms() {
		if strings.Contains(text, form) {
			how, _, _ = strings.Cut(how, ",")
			return how
		}
	}
	return ""
}

// leaked is the verdict on a place in which one of the secrets stands, nil if none does.
func (p *Player) leaked(place, text string, entry int) error {
	for _, s := range p.stage.Secrets {
		if how := s.in(text); how != "" {
			return &steps.Failure{
				Expected: "no secret of the desk " + place, Recorded: s.Name + " stands there, " + how, Entry: entry,
				Hint: "whoever opens the page can read it: have a server of your own add the secret to the calls that need it",
			}
		}
	}
	return nil
}

// secretsAreKnown ends a scenario about secrets where nobody has said what they are.
func (p *Player) secretsAreKnown() error {
	if len(p.stage.Secrets) > 0 {
		return nil
	}
	return &steps.NotApplicable{Why: "nobody has said what must stay secret: name the environment variables that hold the desk's keys under secrets: in deskcheck.yaml"}
}

func (p *Player) noSecretInCode() error {
	return p.leaked("in the integration's code", string(p.stage.Integration.Code), 0)
}

// sends matches what the integration lets out: to the desk, and to the chat.
func sends(e journal.Entry) bool {
	switch e.Kind {
	case journal.Request, journal.Frame, journal.Opened, journal.Callback, journal.Settled:
		return e.From == journal.Integration
	default:
		return false
	}
}

func (p *Player) noSecretIn(place string, match journal.Match) error {
	if err := p.Rest(); err != nil {
		return err
	}
	for _, e := range p.Journal.All(0, match) {
		if err := p.leaked(place, e.Name+" "+string(e.Data)+" "+unquoted(e.Data), e.Seq); err != nil {
			return err
		}
	}
	return nil
}

// unquoted is a payload with what JSON has escaped put back, as far as it is text.
func unquoted(data json.RawMessage) string {
	var b strings.Builder
	var walk func(any)
	walk = func(v any) {
		switch value := v.(type) {
		case string:
			b.WriteString(value + "\n")
		case []any:
			for _, inner := range value {
				walk(inner)
			}
		case map[string]any:
			for key, inner := range value {
				b.WriteString(key + "\n")
				walk(inner)
			}
		}
	}
	walk(expect.Decode(data))
	return b.String()
}

func (p *Player) noSecretSent() error { return p.noSecretIn("in what the integration sends", sends) }

func (p *Player) noSecretOnConsole() error {
	return p.noSecretIn("on the console", func(e journal.Entry) bool { return e.Kind == journal.Console })
}

// storedByPage is everything that the page has stored under its origin as text: both storages and the cookies that scripts can read.
func (p *Player) storedByPage() (string, error) {
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	var stored string
	const js = `[...Object.entries(localStorage), ...Object.entries(sessionStorage)].map(([key, value]) => key + ' ' + value).join('\n') + '\n' + document.cookie`
	return stored, p.blame("read what the page has stored", p.Tab.Evaluate(ctx, js, &stored))
}

func (p *Player) noSecretStored() error {
	if err := p.Rest(); err != nil {
		return err
	}
	stored, err := p.storedByPage()
	if err != nil {
		return err
	}
	// Values are often JSON within JSON.
	return p.leaked("in what the page stores", stored+"\n"+strings.ReplaceAll(stored, `\"`, `"`), 0)
}
