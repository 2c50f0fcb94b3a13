package digitalconnect

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"deskcheck/mockdesk/digitalconnect/rules"
)

// routeIdentity finds out what is asked of the identity server.
func (t *Talkdesk) routeIdentity(x *exchange) {
	x.limit = maxForm
	switch x.r.URL.EscapedPath() {
	case rules.TokenPath:
		x.pattern, x.operation, x.effect = x.name(), OpToken, t.token
		if x.r.Method != http.MethodPost {
			x.operation, x.effect = "", func(*exchange) reply { return wrongMethod(http.MethodPost) }
		}
	case "/oauth/certs":
		x.pattern, x.operation, x.effect = x.name(), OpCerts, func(*exchange) reply { return jsonReply(http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}) }
		if x.r.Method != http.MethodGet {
			x.operation, x.effect = "", func(*exchange) reply { return wrongMethod(http.MethodGet) }
		}
	default:
		x.effect = func(*exchange) reply { return unknownRoute(x) }
	}
}

// tokenReply is the answer to a token request (DC-AUTH-07). There is no refresh token for this grant.
type tokenReply struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

// token is POST /oauth/token (section 2.1, RFC 6749 section 4.4); t.mu is held. What the RFC lets a server take is taken, such as a secret in the body: the rules tell of it, and one mistake does not hide others.
func (t *Talkdesk) token(x *exchange) reply {
	form, problems := rules.ReadForm(x.r.Header, x.r.URL.RawQuery, x.body)
	if form.Values == nil {
		return tokenError(http.StatusBadRequest, "invalid_request", "The parameters are sent in the body, as application/x-www-form-urlencoded.")
	}
	for name, values := range form.Values {
		if len(values) > 1 {
			return tokenError(http.StatusBadRequest, "invalid_request", "The parameter "+name+" is given more than once.")
		}
	}
	switch grant := form.Get("grant_type"); {
	case grant == "":
		return tokenError(http.StatusBadRequest, "invalid_request", "The parameter grant_type is missing from the body.")
	case grant != GrantClientCredentials:
		return tokenError(http.StatusBadRequest, "unsupported_grant_type", "The mock knows client_credentials.")
	}
	client, refused := t.authenticate(form, problems)
	if refused != nil {
		return *refused
	}
	if !client.may(GrantClientCredentials) {
		return tokenError(http.StatusBadRequest, "unauthorized_client", "The client may not ask by client_credentials.")
	}
	scopes, unknown := scopesFor(client, form.Get("scope"))
	if unknown != "" {
		return tokenError(http.StatusBadRequest, "invalid_scope", "The client was not granted "+unknown+".")
	}
	now := t.clock.Now()
	text := t.tokens.issue(client.ID, scopes, t.settings.TokenFormat, now, time.Duration(t.settings.ExpiresIn)*time.Second)
	t.hidden.add(text)
	return noStore(jsonReply(http.StatusOK, tokenReply{AccessToken: text, TokenType: "Bearer", ExpiresIn: t.settings.ExpiresIn, Scope: strings.Join(scopes, " ")}))
}

// scopesFor are the scopes of a token: those that were asked for, or all of the client where nothing was (DC-AUTH-06). unknown is the first that the client was not granted.
func scopesFor(client *Client, asked string) (scopes []string, unknown string) {
	if scopes = strings.Fields(asked); len(scopes) == 0 {
		return client.Scopes, ""
	}
	for _, one := range scopes {
		if !slices.Contains(client.Scopes, one) {
			return nil, one
		}
	}
	return scopes, ""
}

// authenticate finds the client that asks, by HTTP Basic, by an assertion, or by the body; t.mu is held.
func (t *Talkdesk) authenticate(form rules.Form, problems []rules.Problem) (*Client, *reply) {
	if form.Get("client_assertion") != "" || form.Get("client_assertion_type") != "" {
		return t.asserted(form, problems)
	}
	id, secret := form.User, form.Secret
	if !form.HasBasic {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	client := t.account.client(id)
	switch {
	case form.HasBasic && form.Get("client_secret") != "":
		return nil, new(tokenError(http.StatusBadRequest, "invalid_request", "The client authenticates in two ways at once."))
	case id == "":
		return nil, new(unauthorized("The client does not authenticate; send its id and its secret by HTTP Basic."))
	case client == nil:
		return nil, new(unauthorized("There is no such client."))
	case client.Secret == "" || subtle.ConstantTimeCompare([]byte(client.Secret), []byte(secret)) != 1:
		return nil, new(unauthorized("The secret is not the client's."))
	}
	return client, nil
}

// asserted is private_key_jwt (DC-AUTH-04). The times of an assertion are held against the clock of the machine, which is the connector's as well: a scenario that lets time pass at the mock does not make a
// fresh assertion an old one.
func (t *Talkdesk) asserted(form rules.Form, problems []rules.Problem) (*Client, *reply) {
	if form.HasBasic || form.Get("client_secret") != "" {
		return nil, new(tokenError(http.StatusBadRequest, "invalid_request", "The client authenticates in two ways at once."))
	}
	for _, p := range problems {
		if p.Requirement == "DC-AUTH-04" {
			return nil, new(tokenError(http.StatusBadRequest, "invalid_request", "The parameter "+p.Pointer+" must be "+p.Expected+"."))
		}
	}
	now := time.Now()
	a, wrong := rules.ReadAssertion(form.Get("client_assertion"), t.tokenURLs(), now, func(id string) map[string]string {
		if c := t.account.client(id); c != nil {
			return c.keys()
		}
		return map[string]string{}
	})
	if len(wrong) > 0 {
		return nil, new(tokenError(http.StatusUnauthorized, "invalid_client", "The assertion is not valid: "+wrong[0].Pointer+" should be "+wrong[0].Expected+"."))
	}
	client := t.account.client(a.Client)
	if id := form.Get("client_id"); client == nil || id != "" && id != client.ID {
		return nil, new(tokenError(http.StatusUnauthorized, "invalid_client", "The assertion is of another client."))
	}
	if t.reused(a, now) {
		return nil, new(tokenError(http.StatusUnauthorized, "invalid_client", "The assertion was used before: its jti is not new."))
	}
	return client, nil
}

// reused says whether the jti of an assertion was seen before, and remembers it for as long as the assertion could be used again; t.mu is held.
func (t *Talkdesk) reused(a rules.Assertion, now time.Time) bool {
	for key, until := range t.assertions {
		if now.After(until) {
			delete(t.assertions, key)
		}
	}
	key := a.Client + " " + a.ID
	_, seen := t.assertions[key]
	t.assertions[key] = a.Expires.Add(2 * time.Minute)
	return seen
}

// RevokeTokens takes back every token that is good now, and says how many these were: the connector's next call gets 401 (DC-AUTH-12).
func (t *Talkdesk) RevokeTokens() int { return t.tokens.revoke(t.clock.Now()) }

// tokenError is an error of the token operation (RFC 6749, section 5.2); an empty code is that of a server's own trouble.
func tokenError(status int, code, description string) reply {
	if code == "" {
		code = "temporarily_unavailable"
	}
	return noStore(jsonReply(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description}))
}

// unauthorized is the answer to a client whose credentials are wrong.
func unauthorized(description string) reply {
	rep := tokenError(http.StatusUnauthorized, "invalid_client", description)
	rep.header.Set("WWW-Authenticate", `Basic realm="oauth"`)
	return rep
}

// noStore keeps caches from an answer with a token in it (RFC 6749, section 5.1).
func noStore(rep reply) reply {
	rep.header.Set("Cache-Control", "no-store")
	rep.header.Set("Pragma", "no-cache")
	return rep
}

// jsonReply is an answer in JSON.
func jsonReply(status int, value any) reply {
	body, err := json.Marshal(value)
	if err != nil {
		// The values are of this package and hold texts and numbers.
		panic("an answer cannot be written as JSON: " + err.Error())
	}
	return reply{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

// plain is an answer in words.
func plain(status int, text string) reply {
	return reply{status: status, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: []byte(text + "\n")}
}
