package rules

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Form is a token request as it was sent.
type Form struct {
	// Values are those of the body, nil if it is no form.
	Values url.Values
	// User and Secret are those of HTTP Basic, decoded once as RFC 6749 (2.3.1) has them written; HasBasic says whether there are any.
	User, Secret string
	HasBasic     bool
}

// Get is a parameter; what was sent empty was not sent (RFC 6749, 3.2).
func (f Form) Get(name string) string { return f.Values.Get(name) }

// ReadForm reads a token request and says what is wrong with how it is sent (DC-AUTH-02, DC-AUTH-03).
func ReadForm(header http.Header, query string, body []byte) (Form, []Problem) {
	r := &reader{}
	f := Form{}
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		r.wrong(Senseless, "DC-AUTH-02", "Content-Type", "application/x-www-form-urlencoded", shown(header.Get("Content-Type")))
	} else if f.Values, err = url.ParseQuery(string(body)); err != nil {
		r.wrong(Senseless, "DC-AUTH-02", "", "a form", "a body that is none")
	}
	if query != "" {
		r.wrong(Mild, "DC-AUTH-02", "", "no query: parameters are in the body", "a query with "+strings.Join(parameterNames(query), ", "))
	}
	if f.Values != nil {
		r.parameters(f.Values)
	}
	f.User, f.Secret, f.HasBasic = basicOf(header)
	r.credentials(f)
	return f, r.problems
}

func (r *reader) parameters(values url.Values) {
	for _, name := range sorted(values) {
		if len(values[name]) > 1 {
			r.wrong(Senseless, "DC-AUTH-02", name, "each parameter once (RFC 6749, 3.2)", "several")
		}
	}
	if grant := values.Get("grant_type"); grant != "client_credentials" {
		r.wrong(Senseless, "DC-AUTH-02", "grant_type", "client_credentials", shown(grant))
	}
}

// credentials is DC-AUTH-03: a secret travels by HTTP Basic. Whoever signs an assertion needs none.
func (r *reader) credentials(f Form) {
	asserted := f.Get("client_assertion") != "" || f.Get("client_assertion_type") != ""
	switch {
	case f.Get("client_secret") != "":
		r.wrong(Mild, "DC-AUTH-03", "client_secret", "the id and the secret by HTTP Basic", "the secret in the body")
	case !f.HasBasic && !asserted:
		r.wrong(Senseless, "DC-AUTH-03", "Authorization", "the id and the secret by HTTP Basic", "no credentials that can be read")
	case asserted && f.Get("client_assertion_type") != AssertionType:
		r.wrong(Senseless, "DC-AUTH-04", "client_assertion_type", AssertionType, shown(f.Get("client_assertion_type")))
	case asserted && f.Get("client_assertion") == "":
		r.wrong(Senseless, "DC-AUTH-04", "client_assertion", "a signed JWT", "nothing")
	}
}

// parameterNames are the names in a query, which may hold secrets beside them.
func parameterNames(query string) []string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return []string{"what cannot be read"}
	}
	return sorted(values)
}

// basicOf is what an Authorization header of HTTP Basic says. The id and the secret are form-encoded before they are joined; with the characters that need no encoding both ways agree.
func basicOf(header http.Header) (user, secret string, is bool) {
	request := http.Request{Header: header}
	if user, secret, is = request.BasicAuth(); !is {
		return "", "", false
	}
	if decoded, err := url.QueryUnescape(user); err == nil {
		user = decoded
	}
	if decoded, err := url.QueryUnescape(secret); err == nil {
		secret = decoded
	}
	return user, secret, true
}

// token is an access token that the identity server gave.
type token struct {
	// until is when it is over for whoever got it: its life from when the answer was complete, and what a request may need to arrive.
	until time.Duration
	life  time.Duration
}

// onItsWay is how long a request may have been on its way when it comes: rules that go by what a connector knows already allow for it.
const onItsWay = time.Second

// TokenPath is where tokens are asked for, at the identity host (DC-AUTH-01).
const TokenPath = "/oauth/token" //nolint:gosec // It is a path.

// identity judges a request to the identity host.
func (j *Judge) identity(v *verdict, x Exchange) {
	if x.Method == http.MethodGet && x.Path == "/oauth/certs" {
		return
	}
	if x.Method != http.MethodPost || x.Path != TokenPath {
		v.breach("DC-AUTH-01", "", "POST "+TokenPath+" at the identity host", x.Method+" "+x.Path)
		return
	}
	form, problems := ReadForm(x.Header, x.Query, x.Body)
	for _, p := range problems {
		v.found = append(v.found, p.Breach)
	}
	client := form.User
	if form.Get("client_assertion") != "" && form.Get("client_assertion_type") == AssertionType {
		client = j.assertion(v, x, form.Get("client_assertion"))
	}
	j.scope(v, form, client)
	j.calls.token(v, x, j.issued(x), j.about.Users)
}

// assertion is DC-AUTH-04. It takes for granted that a jti was used only where the request was answered with a token: one that was refused or lost may be sent again as it was. The time of an assertion
// is not judged here: exchanges tell how much time passed, not what a clock said.
func (j *Judge) assertion(v *verdict, x Exchange, assertion string) string {
	a, breaches := ReadAssertion(assertion, j.about.TokenURLs, time.Now(), j.keysOf)
	for _, b := range breaches {
		if b.Pointer != "exp" && b.Pointer != "iat" || b.Recorded == "nothing" {
			v.found = append(v.found, b)
		}
	}
	if a.ID == "" {
		return a.Client
	}
	if j.assertions[a.Client+" "+a.ID] {
		v.breach("DC-AUTH-04", "jti", "an id that was not used before", "one that an earlier token was given for")
	}
	if x.Status == http.StatusOK {
		j.assertions[a.Client+" "+a.ID] = true
	}
	return a.Client
}

// keysOf are the keys of a client, nil if they are not known.
func (j *Judge) keysOf(id string) map[string]string {
	i := slices.IndexFunc(j.about.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return j.about.Clients[i].Keys
}

// scope is DC-AUTH-05.
func (j *Judge) scope(v *verdict, form Form, client string) {
	asked := form.Get("scope")
	if asked == "" {
		return
	}
	if strings.Contains(asked, ",") {
		v.breach("DC-AUTH-05", "scope", "scopes with spaces between them", "commas in "+shown(asked))
		return
	}
	scopes := strings.Fields(asked)
	if !slices.Contains(scopes, "digital-connect:write") {
		v.breach("DC-AUTH-05", "scope", "digital-connect:write among the scopes", shown(asked))
	}
	i := slices.IndexFunc(j.about.Clients, func(c Client) bool { return c.ID == client })
	if i < 0 || j.about.Clients[i].Scopes == nil {
		return
	}
	for _, one := range scopes {
		if !slices.Contains(j.about.Clients[i].Scopes, one) {
			v.breach("DC-AUTH-05", "scope", "scopes of the client's grant: "+strings.Join(j.about.Clients[i].Scopes, " "), shown(one))
		}
	}
}

// issued remembers a token that was given, and returns its life.
func (j *Judge) issued(x Exchange) time.Duration {
	if x.Status != http.StatusOK {
		return 0
	}
	var reply struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if json.Unmarshal(x.ResponseBody, &reply) != nil || reply.AccessToken == "" {
		return 0
	}
	life := time.Duration(reply.ExpiresIn * float64(time.Second))
	j.tokens[reply.AccessToken] = &token{until: x.answered() + life + onItsWay, life: life}
	j.addSecret(reply.AccessToken)
	return life
}

// longestScheme is how long the name of a scheme may be; what is longer is something else, which is not repeated.
const longestScheme = 12

// bearer is the token of an Authorization header. The error says what there is in its place, without repeating it.
func bearer(header http.Header) (string, error) {
	scheme, value, parted := strings.Cut(header.Get("Authorization"), " ")
	switch {
	case scheme == "":
		return "", errors.New("no Authorization header")
	case strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(value) == "":
		return "", errors.New("the scheme without a token")
	case strings.EqualFold(scheme, "Bearer"):
		return strings.TrimSpace(value), nil
	case !parted || len(scheme) > longestScheme:
		return "", errors.New("a header without a scheme")
	}
	return "", errors.New("the scheme " + shown(scheme))
}

// authorized is DC-AUTH-08 and DC-AUTH-09. An expired token is one whose whole life, as the answer told it, has passed since that answer was complete, and a second beside: a request may have been on its
// way. Tokens that the judge has not seen given, and clocks that a kit advances, are nobody's breach.
func (j *Judge) authorized(v *verdict, x Exchange) {
	text, err := bearer(x.Header)
	if err != nil {
		v.breach("DC-AUTH-08", "Authorization", "Bearer and the token", err.Error())
		return
	}
	if known := j.tokens[text]; known != nil && x.At > known.until {
		v.breach("DC-AUTH-09", "Authorization", "a token within the "+known.life.String()+" of its life", "one that was over "+(x.At-known.until+onItsWay).Round(time.Millisecond).String()+" before")
	}
}

// leaks is DC-AUTH-16 for what a connector sends: no secret in an address, and none to a host that is none of Talkdesk's. What is in the bodies of calls of the API is judged with these.
func (j *Judge) leaks(v *verdict, x Exchange) {
	if j.secretIn(x.Path) || j.secretIn(x.Query) {
		v.breach("DC-AUTH-16", "", "no secret in an address", "a secret in the address of "+x.Method+" at "+x.Host)
	}
	if x.Party == Identity || x.Party == API || x.Party == Storage {
		return
	}
	_, password, _ := basicOf(x.Header)
	if j.secretIn(string(x.Body)) || j.secretInHeader(x.Header) || j.secretIn(password) {
		v.breach("DC-AUTH-16", "", "secrets for Talkdesk only", "a secret sent to "+x.Host)
	}
}
