package traffic

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/journal"
)

// mask is what stands in the place of a secret that was taken out of a recording before it was saved: the kit's own word, and what other tools write.
var mask = regexp.MustCompile(`(?i)^(?:[\[<({*]*(?:redacted|masked|hidden|removed|filtered|omitted|sanitized)[\]>)}*]*|[*•x]{3,}|\.{3,})$`)

// isMasked says whether a value was taken out. A part of a URL or a form may have its brackets escaped.
func isMasked(value string) bool {
	if plain, err := url.QueryUnescape(value); err == nil {
		value = plain
	}
	return mask.MatchString(strings.TrimSpace(value))
}

// takenOut begins what stands for a token that was taken out, so that it can be told from others.
const takenOut = "taken out of the recording, "

// accessToken is the member of an answer that holds a token.
var accessToken = regexp.MustCompile(`("access_token"\s*:\s*")((?:[^"\\]|\\.)*)"`)

// unmask makes a recording fit to be judged where secrets were taken out of it: what is not known must not seem to be wrong. A token that was taken out is another one each time, and a webhook whose
// credentials were has the right ones.
func (r *recording) unmask(about rules.About) {
	authorized := false
	hookHeader := credentialsHeader(about.Hook)
	for _, x := range r.exchanges {
		authorized = authorized || x.Party == rules.Webhook && hookHeader != "" && x.Header.Get(hookHeader) != ""
	}
	for i, x := range r.exchanges {
		switch x.Party {
		case rules.Webhook:
			given := x.Header.Get(hookHeader)
			// Where no delivery at all has credentials, whoever recorded them has left them out.
			if hookHeader != "" && (given == "" && !authorized || given != "" && hasMask(given)) {
				x.hidden = true
				x.Header = x.Header.Clone()
				authorize(x.Header, about.Hook)
			}
		case rules.Identity, rules.API:
			x.hidden = hidesCredentials(x)
			x.ResponseBody = accessToken.ReplaceAllFunc(x.ResponseBody, func(member []byte) []byte {
				parts := accessToken.FindSubmatch(member)
				if !isMasked(string(parts[2])) {
					return member
				}
				return []byte(string(parts[1]) + takenOut + strconv.Itoa(i) + `"`)
			})
		}
	}
}

// hidesCredentials says whether the Authorization header of a request was taken out. Where the header is missing altogether it was, if the answer is one that Talkdesk gives only to those who have one.
func hidesCredentials(x *exchange) bool {
	given := x.Header.Get("Authorization")
	if given != "" {
		return hasMask(given)
	}
	form, err := url.ParseQuery(string(x.Body))
	asserted := err == nil && (form.Has("client_assertion") || form.Has("client_secret"))
	return x.Status/100 == 2 && !asserted
}

// hasMask says whether a header was taken out, or what follows its scheme.
func hasMask(value string) bool {
	_, rest, _ := strings.Cut(value, " ")
	return isMasked(value) || rest != "" && isMasked(rest)
}

// credentialsHeader is the header that carries the credentials of webhooks, empty if they have none that can be told.
func credentialsHeader(h rules.Hook) string {
	switch h.Auth {
	case "basic":
		return "Authorization"
	case "api-key":
		if h.Header != "" {
			return h.Header
		}
		return "X-API-Key"
	}
	return ""
}

// authorize sets the right credentials of a webhook.
func authorize(header http.Header, h rules.Hook) {
	if h.Auth == "basic" {
		request := http.Request{Header: header}
		request.SetBasicAuth(h.User, h.Secret)
		return
	}
	header.Set(credentialsHeader(h), h.Secret)
}

// counts says whether a breach is one of what was recorded, and not of what was taken out.
func (x *exchange) counts(b rules.Breach) bool {
	if !x.hidden {
		return b.Requirement != "DC-AUTH-04" || b.Pointer != "client_assertion" || !x.hidesAssertion()
	}
	switch b.Requirement {
	case "DC-AUTH-03":
		return b.Pointer != "Authorization"
	case "DC-AUTH-08":
		// A scheme that stands before the mask was recorded.
		scheme, rest, _ := strings.Cut(x.Header.Get("Authorization"), " ")
		return rest != "" && !isMasked(scheme)
	}
	return true
}

// hidesAssertion says whether the client_assertion of a token request was taken out.
func (x *exchange) hidesAssertion() bool {
	form, err := url.ParseQuery(string(x.Body))
	return err == nil && isMasked(form.Get("client_assertion"))
}

// learn adds to what is known what the exchanges tell by themselves: the secrets of clients, by which one sees where else these went, and where tokens were asked for.
func (r *recording) learn(about rules.About) rules.About {
	about.Clients, about.TokenURLs = slices.Clone(about.Clients), slices.Clone(about.TokenURLs)
	for _, x := range r.exchanges {
		about.SeesStorage = about.SeesStorage || x.Party == rules.Storage
		if x.Party != rules.Identity {
			continue
		}
		if rules.Party(x.Host) == "" && len(about.TokenURLs) > 0 {
			// The connector was given another address, which an assertion may be for.
			about.TokenURLs = append(about.TokenURLs, "http://"+x.Host+x.Path, "https://"+x.Host+x.Path)
		}
		if x.hidden {
			continue
		}
		for _, c := range credentialsIn(x) {
			known := slices.IndexFunc(about.Clients, func(k rules.Client) bool { return k.ID == c.ID })
			if known < 0 {
				about.Clients = append(about.Clients, c)
			} else if !slices.Contains(about.Clients[known].Secrets, c.Secrets[0]) {
				about.Clients[known].Secrets = append(slices.Clone(about.Clients[known].Secrets), c.Secrets...)
			}
		}
	}
	return about
}

// credentialsIn are the ids and secrets of clients in a token request, by HTTP Basic or in the body.
func credentialsIn(x *exchange) []rules.Client {
	var all []rules.Client
	form, _ := rules.ReadForm(x.Header, x.Query, x.Body)
	if form.HasBasic && form.Secret != "" {
		all = append(all, rules.Client{ID: form.User, Secrets: []string{form.Secret}})
	}
	if secret := form.Get("client_secret"); secret != "" && !isMasked(secret) {
		all = append(all, rules.Client{ID: form.Get("client_id"), Secrets: []string{secret}})
	}
	return all
}

// leastCovered is how long a secret is that is looked for in what is told; what is shorter stands in many a word.
const leastCovered = 4

// cover takes secrets out of what is told: those that are known, as they are and as URLs and HTTP Basic carry them, and what looks like one.
type cover struct {
	secrets  []string
	redactor *journal.Redactor
}

func newCover() *cover { return &cover{redactor: journal.NewRedactor("client_assertion", "signature")} }

// know adds what an account and a recording hold of secrets.
func (c *cover) know(about rules.About, r *recording) {
	for _, client := range about.Clients {
		for _, secret := range client.Secrets {
			c.add(secret, base64.StdEncoding.EncodeToString([]byte(client.ID+":"+secret)))
		}
	}
	c.add(about.Hook.Secret)
	for _, x := range r.exchanges {
		if _, value, is := strings.Cut(x.Header.Get("Authorization"), " "); is {
			c.add(value)
		} else {
			c.add(x.Header.Get("Authorization"))
		}
		var reply struct {
			AccessToken string `json:"access_token"`
		}
		if x.Party == rules.Identity && json.Unmarshal(x.ResponseBody, &reply) == nil {
			c.add(reply.AccessToken)
		}
		if form, err := url.ParseQuery(string(x.Body)); err == nil && x.Party == rules.Identity {
			c.add(form.Get("client_secret"), form.Get("client_assertion"))
		}
	}
}

func (c *cover) add(secrets ...string) {
	for _, secret := range secrets {
		quoted := strconv.Quote(secret)
		for _, form := range []string{secret, quoted[1 : len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret)} {
			if len(form) >= leastCovered && !isMasked(form) && !strings.HasPrefix(secret, takenOut) && !slices.Contains(c.secrets, form) {
				c.secrets = append(c.secrets, form)
			}
		}
	}
}

// text is a text without secrets.
func (c *cover) text(s string) string {
	for _, secret := range c.secrets {
		s = strings.ReplaceAll(s, secret, journal.Redacted)
	}
	return c.redactor.Redact(journal.Entry{Note: s}).Note
}
