package recording

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"deskcheck/mockdesk/journal"
)

// placeholder stands for a secret. The same secret always has the same one, so that what was seen to go to and fro still shows.
var placeholder = regexp.MustCompile(`redacted-[0-9]+`)

// besides are names of secrets that a desk's wire has beside the usual ones.
var besides = []string{"session", "sessionid", "sid", "ticket", "auth", "authkey", "xapikey", "signature", "sig", "otp", "csrf", "xcsrf", "nonce"}

// opaque are words that may be secrets by their looks alone: long and of letters and digits.
var opaque = regexp.MustCompile(`[A-Za-z0-9_~+=-]{16,}(?:\.[A-Za-z0-9_~+=-]{4,})*`)

// shortestSecret is how long a secret has to be, in bytes, to be looked for within other texts.
const shortestSecret = 8

// secrets replaces what must not be kept. It is not safe for use by many goroutines.
type secrets struct {
	names *journal.Redactor
	known map[string]string
	// long are the known ones that are looked for everywhere.
	long []string
}

func newSecrets() *secrets {
	return &secrets{names: journal.NewRedactor(besides...), known: map[string]string{}}
}

// hide gives the placeholder of a secret.
func (s *secrets) hide(secret string) string {
	if found := placeholder.FindString(secret); found == secret {
		return secret
	}
	name, found := s.known[secret]
	if !found {
		name = fmt.Sprintf("redacted-%d", len(s.known)+1)
		s.known[secret] = name
		if len(secret) >= shortestSecret {
			s.long = append(s.long, secret)
		}
	}
	return name
}

// redact returns the crossing without its secrets.
func (s *secrets) redact(c Crossing) Crossing {
	c.Headers = s.headers(c.Headers)
	c.Path = s.path(c.Path)
	c.Query = s.form(c.Query)
	c.Body = s.body(c.Headers["Content-Type"], c.Body)
	c.ID = s.text(c.ID)
	c.Note = s.text(c.Note)
	return c
}

func (s *secrets) headers(all map[string]string) map[string]string {
	clean := make(map[string]string, len(all))
	for name, value := range all {
		switch {
		case name == "Cookie" || name == "Set-Cookie":
			clean[name] = s.cookies(value)
		case s.secret(name) && value != "":
			scheme, rest, several := strings.Cut(value, " ")
			if !several {
				scheme, rest = "", value
			} else {
				scheme += " "
			}
			clean[name] = scheme + s.hide(rest)
		default:
			clean[name] = s.text(value)
		}
	}
	return clean
}

func (s *secrets) secret(name string) bool { return s.names.Secret(name) }

// cookiePair is a cookie with its value, in either direction.
var cookiePair = regexp.MustCompile(`([^=;,\s]+)=([^;,]*)`)

// attributes of Set-Cookie are no cookies.
var attributes = []string{"path", "domain", "expires", "max-age", "samesite"}

func (s *secrets) cookies(line string) string {
	return cookiePair.ReplaceAllStringFunc(line, func(pair string) string {
		name, value, _ := strings.Cut(pair, "=")
		if value == "" || slices.Contains(attributes, strings.ToLower(name)) {
			return pair
		}
		return name + "=" + s.hide(value)
	})
}

func (s *secrets) path(escaped string) string {
	segments := strings.Split(escaped, "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			plain = segment
		}
		if clean := s.text(plain); clean != plain {
			segments[i] = url.PathEscape(clean)
		}
	}
	return strings.Join(segments, "/")
}

// form redacts a query or a body that is a form, and leaves alone what holds no secret.
func (s *secrets) form(raw string) string {
	tree, err := formTree(raw)
	if err != nil {
		return s.text(raw)
	}
	if !s.clean("", tree) {
		return raw
	}
	pairs := make([]string, 0, len(tree.members))
	for _, m := range tree.members {
		pairs = append(pairs, url.QueryEscape(m.name)+"="+url.QueryEscape(m.value.text))
	}
	return strings.Join(pairs, "&")
}

func (s *secrets) body(contentType, raw string) string {
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		return s.form(raw)
	}
	tree, err := parseTree(raw)
	if err != nil {
		return s.markup(raw)
	}
	if !s.clean("", tree) {
		return raw
	}
	return tree.json()
}

// element is an element of XML with nothing but a text in it, and attribute an attribute.
var (
	element   = regexp.MustCompile(`<([A-Za-z_][\w.:-]*)([^<>]*)>([^<>]+)</`)
	attribute = regexp.MustCompile(`([A-Za-z_][\w.:-]*)="([^"]*)"`)
)

func (s *secrets) markup(raw string) string {
	raw = attribute.ReplaceAllStringFunc(raw, func(one string) string {
		parts := attribute.FindStringSubmatch(one)
		if parts[2] != "" && s.secret(parts[1]) {
			return parts[1] + `="` + s.hide(parts[2]) + `"`
		}
		return one
	})
	raw = element.ReplaceAllStringFunc(raw, func(one string) string {
		parts := element.FindStringSubmatch(one)
		if s.secret(parts[1]) {
			return "<" + parts[1] + parts[2] + ">" + s.hide(parts[3]) + "</"
		}
		return one
	})
	return s.text(raw)
}

// clean redacts a tree and says whether there was a secret in it; name is the field that the tree is the value of.
func (s *secrets) clean(name string, n *node) bool {
	switch {
	case n.inner != nil:
		dirty := s.clean(name, n.inner)
		if dirty {
			n.text = n.inner.json()
		}
		return dirty
	case n.kind == list || n.kind == object:
		dirty := false
		for _, m := range n.members {
			if n.kind == list {
				m.name = name
			}
			dirty = s.clean(m.name, m.value) || dirty
		}
		return dirty
	case n.kind == null || n.kind == truth || n.text == "":
		return false
	}
	clean := s.text(n.text)
	if s.secret(name) && placeholder.FindString(clean) != clean {
		clean = s.hide(n.text)
	}
	if clean == n.text {
		return false
	}
	n.kind, n.text = text, clean
	return true
}

// text redacts what is known for a secret, and what looks like one.
func (s *secrets) text(plain string) string {
	for _, secret := range s.long {
		plain = strings.ReplaceAll(plain, secret, s.known[secret])
	}
	return opaque.ReplaceAllStringFunc(plain, func(word string) string {
		if placeholder.MatchString(word) || !looksRandom(word) {
			return word
		}
		return s.hide(word)
	})
}

// looksRandom says whether a long word is all digits or has them between its letters, as random ids and tokens do, and words do not.
func looksRandom(word string) bool {
	digits, changes := 0, 0
	before := rune(0)
	for _, r := range word {
		if unicode.IsDigit(r) {
			digits++
		}
		if before != 0 && unicode.IsDigit(r) != unicode.IsDigit(before) {
			changes++
		}
		before = r
	}
	return digits == len(word) || digits >= 3 && changes >= 3
}

// headersOf are the headers of a message that are kept.
func headersOf(all http.Header) map[string]string {
	kept := map[string]string{}
	for name, values := range all {
		if !slices.Contains(connectionHeaders, name) {
			kept[name] = strings.Join(values, ", ")
		}
	}
	return kept
}

// connectionHeaders are about one connection, or about the browser, and say nothing of a wire.
var connectionHeaders = []string{
	"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Content-Length", "Date", "Dnt", "Pragma", "Priority", "Referer", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile",
	"Sec-Ch-Ua-Platform", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Gpc", "Sec-Websocket-Accept", "Sec-Websocket-Extensions", "Sec-Websocket-Key", "Sec-Websocket-Version",
	"Transfer-Encoding", "Upgrade", "User-Agent", "X-Forwarded-For",
}

// isText says whether bytes can be kept as a text.
func isText(raw []byte) bool { return bytes.IndexByte(raw, 0) < 0 && utf8.Valid(raw) }
