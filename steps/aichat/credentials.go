package aichat

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskcheck/steps"
	"deskcheck/steps/bound"
)

// credentialName matches what keys and passwords are called. A token by itself may be a short-lived handle, which is what should be stored.
var credentialName = regexp.MustCompile(`(?i)(api[_-]?key|secret|passw(or)?d|passphrase|private[_-]?key|refresh[_-]?token|access[_-]?key|client[_-]?credential)`)

// credentialMakes are keys that can be told by their looks.
var credentialMakes = []struct {
	what string
	expr *regexp.Regexp
}{
	{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)},
	{"a cloud access key", regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"an API key", regexp.MustCompile(`\b([sr]k_live_[0-9A-Za-z]{16,}|AIza[0-9A-Za-z_-]{35}|gh[pousr]_[0-9A-Za-z]{36,}|xox[abprs]-[0-9A-Za-z-]{10,})`)},
	{"a user name with its password", regexp.MustCompile(`(?i)\bbasic [a-z0-9+/]{8,}={0,2}$|\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@`)},
}

// jsonWebToken matches one; its middle part says how long it lasts.
var jsonWebToken = regexp.MustCompile(`\beyJ[\w-]{5,}\.(eyJ[\w-]{5,})\.[\w-]+`)

// longLived is from when on a token counts as one that opens more than a session.
const longLived = 24 * time.Hour

// credentialIn says in words what secret a value holds, empty if none is seen. Where is the place of the value; a text that is JSON itself is looked into. It knows secrets by what
// they are called and how they look: one that is called otherwise and looks like a handle cannot be told from one.
func credentialIn(where string, value any, now time.Time) string {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if text, ok := v[key].(string); ok && text != "" && credentialName.MatchString(key) {
				return fmt.Sprintf("%s.%s is called a secret and has %d characters", where, key, len(text))
			}
			if found := credentialIn(where+"."+key, v[key], now); found != "" {
				return found
			}
		}
	case []any:
		for i, item := range v {
			if found := credentialIn(fmt.Sprintf("%s[%d]", where, i), item, now); found != "" {
				return found
			}
		}
	case string:
		return credentialInText(where, v, now)
	}
	return ""
}

func credentialInText(where, text string, now time.Time) string {
	var inner any
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		if json.Unmarshal([]byte(text), &inner) == nil {
			return credentialIn(where, inner, now)
		}
	}
	for _, known := range credentialMakes {
		if known.expr.MatchString(text) {
			return where + " holds " + known.what
		}
	}
	for _, found := range jsonWebToken.FindAllStringSubmatch(text, -1) {
		raw, err := base64.RawURLEncoding.DecodeString(found[1])
		var claims struct {
			Expires float64 `json:"exp"`
		}
		if err != nil || json.Unmarshal(raw, &claims) != nil {
			continue
		}
		if ends := time.Unix(int64(claims.Expires), 0); claims.Expires == 0 || ends.Sub(now) > longLived {
			return where + " holds a token that lasts for more than a day"
		}
	}
	return ""
}

// noCredentialStored looks through all that the page has stored, the chat's own part included: that is where persisted state lies.
func (p *Player) noCredentialStored() error {
	if err := p.Rest(); err != nil {
		return err
	}
	var stored map[string]any
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	js := `({sessionStorage: {...sessionStorage}, localStorage: {...localStorage}, cookie: document.cookie})`
	if err := p.Tab.Evaluate(ctx, js, &stored); err != nil {
		return p.blame("read what the page has stored", err)
	}
	if found := credentialIn("the browser", stored, time.Now()); found != "" {
		return &steps.Failure{Expected: "no secret in what is stored in the browser", Recorded: found, Hint: "store the handle of the session, and have your own server keep the rest"}
	}
	return nil
}
