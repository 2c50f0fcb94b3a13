package digitalconnect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/rules"
)

const allScopes = "digital-connect:read digital-connect:write attachments:request attachments:write attachments:read attachments:download"

func TestDCAuth06NoScopeBringsAll(t *testing.T) {
	s := newStage(t)
	a := s.askToken(url.Values{})
	require.Equal(t, http.StatusOK, a.status, a.text)
	assert.Equal(t, allScopes, a.member("scope"))
	s.token = a.member("access_token")
	s.start()
	assert.Equal(t, http.StatusOK, s.do(http.MethodPost, "/attachments/2023-03/upload-link", `{"allowed_mime_types":["application/pdf"]}`).status)
	assert.Equal(t, allScopes, s.askToken(url.Values{"scope": {""}}).member("scope"), "an empty parameter is none")
	a = s.askToken(url.Values{"scope": {"digital-connect:write"}})
	assert.Equal(t, "digital-connect:write", a.member("scope"), "fewer are granted as they were asked for")
	s.token = a.member("access_token")
	assert.Equal(t, http.StatusForbidden, s.do(http.MethodPost, "/attachments/2023-03/upload-link", `{}`).status)
	assert.Empty(t, s.violations())
}

func TestDCAuth07TokenReply(t *testing.T) {
	for _, format := range []string{"opaque", "jwt", "alternate"} {
		s := newStage(t, settings(func(o *digitalconnect.Settings) { o.TokenFormat, o.ExpiresIn = format, 60 }))
		first, second := s.askToken(url.Values{}), s.askToken(url.Values{})
		for _, a := range []answer{first, second} {
			assert.Empty(t, fixtures.CheckDigitalConnect("token-reply", []byte(a.text)))
			assert.Equal(t, map[string]any{"access_token": a.member("access_token"), "token_type": "Bearer", "expires_in": 60.0, "scope": allScopes}, a.body, "nothing else, and no refresh_token")
			assert.Equal(t, "no-store", a.header.Get("Cache-Control"))
		}
		isJWT := func(a answer) bool { return strings.Count(a.member("access_token"), ".") == 2 }
		expected := map[string][2]bool{"opaque": {false, false}, "jwt": {true, true}, "alternate": {false, true}}[format]
		assert.Equal(t, expected, [2]bool{isJWT(first), isJWT(second)})
		assert.NotEqual(t, first.member("access_token"), second.member("access_token"))
	}
}

func TestTokenEndsByTheClock(t *testing.T) {
	s := newStage(t)
	c := s.start()
	s.clock.Advance(599 * time.Second)
	assert.Equal(t, http.StatusCreated, s.say(c, `{"content":"a"}`).status)
	s.clock.Advance(time.Second)
	a := s.say(c, `{"content":"b"}`)
	assert.Equal(t, http.StatusUnauthorized, a.status)
	assert.Equal(t, `Bearer error="invalid_token"`, a.header.Get("WWW-Authenticate"))
	assert.Empty(t, fixtures.CheckDigitalConnect("error", []byte(a.text)))
	assert.Empty(t, s.violations(), "the connector could not know how much time passed at the mock")
}

func TestRevokeTokens(t *testing.T) {
	s := newStage(t)
	c := s.start()
	s.signIn()
	assert.Equal(t, 2, s.mock.RevokeTokens())
	assert.Equal(t, 0, s.mock.RevokeTokens())
	assert.Equal(t, http.StatusUnauthorized, s.say(c, `{"content":"a"}`).status)
	s.signIn()
	assert.Equal(t, http.StatusCreated, s.say(c, `{"content":"a"}`).status)
}

func TestTokensAreShared(t *testing.T) {
	shared := digitalconnect.NewTokens()
	with := func(o *digitalconnect.Options) { o.Tokens = shared }
	first, second, third := newStage(t, with), newStage(t, with), newStage(t)
	first.signIn()
	second.token, third.token = first.token, first.token
	second.start()
	assert.Equal(t, http.StatusUnauthorized, third.do(http.MethodPost, "/digital-connect/conversations", aStart).status)
	assert.Empty(t, second.violations())
}

func TestTokenErrors(t *testing.T) {
	const form, right = "application/x-www-form-urlencoded", "grant_type=client_credentials"
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	good := basic("kit-client", secret)
	for _, one := range []struct {
		name, query, contentType, body, authorization string
		status                                        int
		code                                          string
		broken                                        []string
	}{
		{"right", "", form, right, good, 200, "", nil},
		{"form-encoded credentials", "", form, right, basic("kit%2Dclient", secret), 200, "", nil},
		{"secret in the body", "", form, right + "&client_id=kit-client&client_secret=" + secret, "", 200, "", []string{"DC-AUTH-03"}},
		{"JSON", "", "application/json", `{"grant_type":"client_credentials"}`, good, 400, "invalid_request", []string{"DC-AUTH-02"}},
		{"in the query", "?" + right, form, "", good, 400, "invalid_request", []string{"DC-AUTH-02", "DC-AUTH-02"}},
		{"beside a query", "?a=b", form, right, good, 200, "", []string{"DC-AUTH-02"}},
		{"grant twice", "", form, right + "&" + right, good, 400, "invalid_request", []string{"DC-AUTH-02"}},
		{"other grant", "", form, "grant_type=password", good, 400, "unsupported_grant_type", []string{"DC-AUTH-02"}},
		{"other client", "", form, right, basic("nobody", secret), 401, "invalid_client", nil},
		{"other secret", "", form, right, basic("kit-client", "wrong"), 401, "invalid_client", nil},
		{"nobody", "", form, right, "", 401, "invalid_client", []string{"DC-AUTH-03"}},
		{"two ways", "", form, right + "&client_secret=" + secret, good, 400, "invalid_request", []string{"DC-AUTH-03"}},
		{"scope", "", form, right + "&scope=admin", good, 400, "invalid_scope", []string{"DC-AUTH-05", "DC-AUTH-05"}},
		{"scopes with a comma", "", form, right + "&scope=digital-connect:read,digital-connect:write", good, 400, "invalid_scope", []string{"DC-AUTH-05"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			s := newStage(t)
			a, err := s.call(http.MethodPost, identity+"/oauth/token"+one.query, one.contentType, one.body, "Authorization", one.authorization)
			require.NoError(t, err)
			assert.Equal(t, one.status, a.status, a.text)
			assert.Equal(t, one.code, a.member("error"))
			assert.Equal(t, one.broken, s.violations())
			if one.code != "" {
				assert.NotEmpty(t, a.member("error_description"))
				assert.Empty(t, fixtures.CheckDigitalConnect("token-error", []byte(a.text)))
			}
			assert.Equal(t, one.status == 401, a.header.Get("WWW-Authenticate") != "")
		})
	}
	s := newStage(t, account(func(a *digitalconnect.Account) { a.Clients[0].Grants = []string{"authorization_code"} }))
	assert.Equal(t, "unauthorized_client", s.askToken(url.Values{}).member("error"))
}

func TestIdentityRoutes(t *testing.T) {
	s := newStage(t)
	for _, one := range []struct {
		method, path string
		status       int
	}{{"GET", "/oauth/certs", 200}, {"POST", "/oauth/certs", 405}, {"GET", "/oauth/token", 405}, {"POST", "/token", 404}} {
		a, err := s.call(one.method, identity+one.path, "", "")
		require.NoError(t, err)
		assert.Equal(t, one.status, a.status, one)
	}
	a, err := s.call(http.MethodGet, identity+"/oauth/certs", "", "")
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"keys": []any{}}, a.body)
	a, err = s.call(http.MethodPost, identity+"/oauth/token", "application/x-www-form-urlencoded", strings.Repeat("a", 70_000))
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.status)
}

// signer is a client that signs assertions.
type signer struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	public string
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	raw, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	return &signer{t: t, key: key, public: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))}
}

// form is a token request with an assertion; claims replace those that are right.
func (s *signer) form(claims map[string]any) url.Values {
	s.t.Helper()
	now := time.Now()
	all := map[string]any{"iss": "kit-client", "sub": "kit-client", "aud": "https://acme.talkdeskid.com/oauth/token", "jti": "1", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(all, claims)
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.key}, (&jose.SignerOptions{}).WithHeader("kid", "key-1"))
	require.NoError(s.t, err)
	text, err := jwt.Signed(signing).Claims(all).Serialize()
	require.NoError(s.t, err)
	return url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {rules.AssertionType}, "client_assertion": {text}}
}

func TestAssertions(t *testing.T) {
	signing, foreign := newSigner(t), newSigner(t)
	s := newStage(t, account(func(a *digitalconnect.Account) {
		a.Clients[0].Keys = []digitalconnect.Key{{ID: "key-1", PublicKey: signing.public}}
		a.Clients[0].Secret = ""
	}))
	ask := func(form url.Values) answer {
		a, err := s.call(http.MethodPost, identity+"/oauth/token", "application/x-www-form-urlencoded", form.Encode())
		require.NoError(t, err)
		return a
	}
	a := ask(signing.form(nil))
	require.Equal(t, http.StatusOK, a.status, a.text)
	s.token = a.member("access_token")
	s.start()
	s.clock.Advance(time.Hour)
	assert.Equal(t, http.StatusOK, ask(signing.form(map[string]any{"jti": "2"})).status, "the time of the mock is not that of the connector")
	assert.Empty(t, s.violations())
	for _, one := range []struct {
		name string
		form url.Values
		says string
	}{
		{"used again", signing.form(nil), "jti"},
		{"for another audience", signing.form(map[string]any{"jti": "3", "aud": "https://api.talkdeskapp.com"}), "aud"},
		{"in milliseconds", signing.form(map[string]any{"jti": "4", "exp": time.Now().Add(time.Minute).UnixMilli()}), "exp"},
		{"of another key", foreign.form(map[string]any{"jti": "5"}), "client_assertion"},
		{"of another client", signing.form(map[string]any{"jti": "6", "iss": "nobody", "sub": "nobody"}), "kid"},
	} {
		a := ask(one.form)
		assert.Equal(t, http.StatusUnauthorized, a.status, one.name)
		assert.Equal(t, "invalid_client", a.member("error"), one.name)
		assert.Contains(t, a.member("error_description"), one.says, one.name)
	}
	bad := signing.form(map[string]any{"jti": "7"})
	bad.Set("client_assertion_type", "jwt")
	assert.Equal(t, "invalid_request", ask(bad).member("error"))
	both := signing.form(map[string]any{"jti": "8"})
	assert.Equal(t, "invalid_request", s.askToken(both).member("error"), "two ways at once")
	other := signing.form(map[string]any{"jti": "9"})
	other.Set("client_id", "someone")
	assert.Equal(t, "invalid_client", ask(other).member("error"))
}
