package journal

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Redacted stands in the place of what a Redactor took out.
const Redacted = "[redacted]"

// secretNames are the names, as fold gives them, of fields, headers and query parameters whose values are secrets; secretEndings are those that longer names end with.
var (
	secretNames = []string{
		"authorization", "proxyauthorization", "cookie", "setcookie", "password", "passwd", "passphrase", "pwd", "secret", "token", "jwt", "credential", "credentials", "apikey",
		"privatekey", "accesskey", "cvv", "cvc", "cardnumber", "iban",
	}
	secretEndings = []string{"password", "passphrase", "secret", "token", "apikey", "privatekey", "accesskey", "credentials"}
)

// secretTexts are forms by which a text shows that it is a secret, wherever it stands: the scheme of an Authorization header, and a JSON Web Token.
var secretTexts = regexp.MustCompile(`(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/-]{8,}=*|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)

// formPair is a name and its value in a query or a form.
var formPair = regexp.MustCompile(`([A-Za-z0-9_.\[\]-]{2,64})=([^&\s"]+)`)

// textSigns are what a text holds, folded, that secretTexts finds something in.
var textSigns = []string{"bearer", "basic", "eyj"}

// Redactor replaces secrets in the data of entries.
type Redactor struct {
	// names are folded. signs are what a text with a secret in it holds one of: most entries hold none, and looking at each of their fields would cost more than all else.
	names []string
	signs *words
}

// NewRedactor makes one that knows the names of what is always taken for a secret (password, token, authorization, cookie and the like, also at the end of longer names), and these
// besides. Case, hyphens and underscores do not count.
func NewRedactor(names ...string) *Redactor {
	r := &Redactor{names: slices.Clone(secretNames)}
	for _, name := range names {
		r.names = append(r.names, fold(name))
	}
	r.signs = newWords(slices.Concat(r.names, textSigns))
	return r
}

var withoutHyphens = strings.NewReplacer("-", "", "_", "")

func fold(name string) string { return strings.ToLower(withoutHyphens.Replace(name)) }

// Redact returns the entry with its secrets replaced by Redacted.
func (r *Redactor) Redact(e Entry) Entry {
	e.Note = r.text(e.Note)
	if len(e.Data) == 0 || !r.signs.in(e.Data) {
		return e
	}
	var data any
	if err := json.Unmarshal(e.Data, &data); err != nil {
		// Payload makes only JSON; whoever appended something else gets nothing recorded rather than a secret.
		e.Data = Payload(Redacted)
		return e
	}
	if clean, changed := r.clean(data); changed {
		e.Data = Payload(clean)
	}
	return e
}

// clean returns the value without its secrets, and whether there were any.
func (r *Redactor) clean(value any) (any, bool) {
	changed := false
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			switch clean, dirty := r.clean(inner); {
			case r.Secret(name) && inner != nil && inner != "":
				v[name], changed = Redacted, true
			case dirty:
				v[name], changed = clean, true
			}
		}
	case []any:
		for i, inner := range v {
			if clean, dirty := r.clean(inner); dirty {
				v[i], changed = clean, true
			}
		}
	case string:
		clean := r.text(v)
		return clean, clean != v
	}
	return value, changed
}

// text replaces secrets within a text: JSON in it, pairs of a query or a form, and what looks like a secret by itself.
func (r *Redactor) text(s string) string {
	if !r.signs.in([]byte(s)) {
		return s
	}
	if inner := strings.TrimSpace(s); strings.HasPrefix(inner, "{") || strings.HasPrefix(inner, "[") {
		var value any
		if json.Unmarshal([]byte(inner), &value) == nil {
			if clean, changed := r.clean(value); changed {
				return string(Payload(clean))
			}
			return s
		}
	}
	if strings.Contains(s, "=") {
		s = formPair.ReplaceAllStringFunc(s, func(pair string) string {
			name, _, _ := strings.Cut(pair, "=")
			if r.Secret(name) {
				return name + "=" + Redacted
			}
			return pair
		})
	}
	return secretTexts.ReplaceAllString(s, Redacted)
}

// Secret says whether the value of a field, a header or a parameter of this name is taken for a secret.
func (r *Redactor) Secret(name string) bool {
	name = fold(name)
	return slices.Contains(r.names, name) || slices.ContainsFunc(secretEndings, func(end string) bool { return strings.HasSuffix(name, end) })
}
