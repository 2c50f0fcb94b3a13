package rules_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/digitalconnect/rules"
)

func TestTokenRules(t *testing.T) {
	const form = "grant_type=client_credentials"
	check(t, []verdict{
		{requirement: "DC-AUTH-01", keeps: list(token()), breaks: list(token(host("us.talkdeskid.com")))},
		{requirement: "DC-AUTH-01", name: "path", breaks: list(token(path("/oauth/access_token")))},
		{requirement: "DC-AUTH-01", name: "method", breaks: list(token(method(http.MethodGet)))},
		{requirement: "DC-AUTH-01", name: "host of the API", breaks: list(token(host(apiHost), party(rules.API)))},
		{requirement: "DC-AUTH-01", name: "certs", keeps: list(token(method(http.MethodGet), path("/oauth/certs"), body("")))},
		{requirement: "DC-AUTH-02", keeps: list(token(header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"))), breaks: list(token(header("Content-Type", "application/json"), body(`{"grant_type":"client_credentials"}`)))},
		{requirement: "DC-AUTH-02", name: "query", breaks: list(token(query(form), body("")))},
		{requirement: "DC-AUTH-02", name: "other grant", breaks: list(token(body("grant_type=password")))},
		{requirement: "DC-AUTH-02", name: "twice", breaks: list(token(body(form + "&" + form)))},
		{requirement: "DC-AUTH-03", breaks: list(token(header("Authorization", ""), body(form+"&client_id=kit-client&client_secret="+secret)))},
		{requirement: "DC-AUTH-03", name: "nothing", breaks: list(token(header("Authorization", "")))},
		{requirement: "DC-AUTH-03", name: "id beside Basic", keeps: list(token(body(form + "&client_id=kit-client")))},
		{requirement: "DC-AUTH-05", keeps: list(token(body(form+"&scope=digital-connect:read+digital-connect:write")), token(body(form+"&scope="))), breaks: list(token(body(form + "&scope=digital-connect:read,digital-connect:write")))},
		{requirement: "DC-AUTH-05", name: "without write", breaks: list(token(body(form + "&scope=digital-connect:read")))},
		{requirement: "DC-AUTH-05", name: "beyond the grant", breaks: list(token(body(form + "&scope=digital-connect:write+attachments:read")))},
		{
			requirement: "DC-AUTH-05", name: "unknown grant", keeps: list(token(body(form + "&scope=digital-connect:write+attachments:read"))),
			about: func(a *rules.About) { a.Clients[0].Scopes = nil },
		},
		{requirement: "DC-AUTH-08", keeps: list(start(), start(header("Authorization", "bearer "+accessToken))), breaks: list(start(header("Authorization", "Basic "+accessToken)))},
		{requirement: "DC-AUTH-08", name: "none", breaks: list(start(header("Authorization", "")))},
		{requirement: "DC-AUTH-08", name: "no scheme", breaks: list(start(header("Authorization", accessToken)))},
		{
			requirement: "DC-AUTH-09", keeps: list(token(), start(at(600*time.Second)), message(at(601*time.Second))), breaks: list(token(), start(), message(at(602*time.Second))),
		},
		{requirement: "DC-AUTH-09", name: "a token from before", keeps: list(start(), message(at(time.Hour)))},
		{requirement: "DC-AUTH-18", breaks: list(start(host("api.talkdeskapp.eu")))},
		{requirement: "DC-AUTH-18", name: "identity", breaks: list(token(host("acme.talkdeskid.eu")))},
		{requirement: "DC-AUTH-18", name: "other addresses", keeps: list(start(host("127.0.0.1:4711"))), about: func(a *rules.About) { a.Account, a.Region = "", "" }},
		{
			requirement: "DC-AUTH-19", keeps: list(token(host("acme.talkdeskid.eu")), start(host("api.talkdeskapp.eu"))), breaks: list(start(host("api.talkdeskapp.com"))),
			about: func(a *rules.About) { a.Region = "EU" },
		},
	})
}

func TestSecretsStayHome(t *testing.T) {
	check(t, []verdict{
		{requirement: "DC-AUTH-16", name: "address", keeps: list(token(), start(), message()), breaks: list(token(), start(), message(query("access_token="+accessToken)))},
		{requirement: "DC-AUTH-16", name: "path", breaks: list(start(), message(path("/digital-connect/"+secret), method(http.MethodGet)))},
		{requirement: "DC-AUTH-16", name: "answer to a webhook", breaks: list(token(), start(), delivery(created, answered(http.StatusOK, `{"token":"`+accessToken+`"}`)))},
		{requirement: "DC-AUTH-16", name: "header of an answer to a webhook", breaks: list(start(), delivery(created, func(x *rules.Exchange) { x.ResponseHeader = http.Header{"X-Debug": {secret}} }))},
		{requirement: "DC-AUTH-16", name: "message", breaks: list(token(), start(), message(body(`{"content":"401 for `+accessToken+`"}`)))},
		{requirement: "DC-AUTH-16", name: "dialogue before", breaks: list(start(body(`{"touchpoint_id":"tp-1","contact_person":{"email":"ann@example.test"},"previous_messages":[{"type":"user","content":"` + secret + `","created_at":""}]}`)))},
		{requirement: "DC-AUTH-16", name: "other host", breaks: list(token(), start(host("telemetry.example"), party("")))},
		{requirement: "DC-AUTH-16", name: "other host by Basic", breaks: list(start(host("telemetry.example"), party(""), header("Authorization", basic("kit-client", secret))))},
		{requirement: "DC-AUTH-16", name: "nothing secret to another host", keeps: list(start(host("telemetry.example"), party(""), header("Authorization", "Bearer of-the-telemetry")))},
		{requirement: "DC-ARG-06", keeps: list(start()), breaks: list(start(body(`{"touchpoint_id":"tp-1","contact_person":{"email":"ann@example.test"},"context_parameters":{"Intent":"Bearer ` + secret + `"}}`)))},
	})
}

func TestCountsOfTokens(t *testing.T) {
	refused := func(moment time.Duration) rules.Exchange {
		return token(answered(http.StatusUnauthorized, `{"error":"invalid_client"}`), at(moment))
	}
	var kept, wasteful []rules.Exchange
	kept = append(kept, token(), start())
	wasteful = append(wasteful, token(), start())
	for i := range 20 {
		moment := time.Duration(i) * time.Second
		kept = append(kept, message(at(moment)))
		wasteful = append(wasteful, token(at(moment)), message(at(moment)))
	}
	check(t, []verdict{
		{requirement: "DC-AUTH-10", keeps: kept, breaks: wasteful},
		{requirement: "DC-AUTH-10", name: "revoked", keeps: append(wasteful, message(answered(http.StatusUnauthorized, "{}")))},
		{
			requirement: "DC-AUTH-14", keeps: list(refused(0), refused(time.Second), refused(2*time.Second), refused(12*time.Second)), breaks: list(refused(0), refused(1), refused(2), refused(3), refused(4)),
			about: func(a *rules.About) { a.Users = 1 },
		},
		{requirement: "DC-AUTH-14", name: "of two users", keeps: list(refused(0), refused(1), refused(2), refused(3), refused(4)), about: func(a *rules.About) { a.Users = 2 }},
		{requirement: "DC-AUTH-14", name: "of nobody knows how many", keeps: list(refused(0), refused(1), refused(2), refused(3), refused(4))},
	})
}

// pair is a key of a client.
func pair(t *testing.T) (*ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	raw, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))
}

// assertion signs claims.
func assertion(t *testing.T, key any, algorithm jose.SignatureAlgorithm, kid string, claims map[string]any) string {
	t.Helper()
	o := (&jose.SignerOptions{}).WithType("JWT")
	if kid != "" {
		o = o.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, o)
	require.NoError(t, err)
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(t, err)
	return text
}

func TestAssertions(t *testing.T) {
	key, public := pair(t)
	other, _ := pair(t)
	now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	const tokenURL = "https://acme.talkdeskid.com/oauth/token"
	claims := func(name string, value any) map[string]any {
		all := map[string]any{"iss": "kit-client", "sub": "kit-client", "aud": tokenURL, "jti": "1", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
		if name != "" {
			all[name] = value
		}
		if value == nil {
			delete(all, name)
		}
		return all
	}
	signed := func(name string, value any) string {
		return assertion(t, key, jose.ES256, "key-1", claims(name, value))
	}
	for _, one := range []struct{ name, text, pointer string }{
		{"right", signed("", nil), ""},
		{"several audiences", signed("aud", []string{"other", tokenURL}), ""},
		{"clocks a little apart", signed("iat", now.Add(30*time.Second).Unix()), ""},
		{"audience of the API", signed("aud", "https://api.talkdeskapp.com"), "aud"},
		{"milliseconds", signed("exp", now.Add(5*time.Minute).UnixMilli()), "exp"},
		{"over", signed("exp", now.Add(-2*time.Minute).Unix()), "exp"},
		{"no end", signed("exp", nil), "exp"},
		{"end as a text", signed("exp", "soon"), "client_assertion"},
		{"made tomorrow", signed("iat", now.Add(24*time.Hour).Unix()), "iat"},
		{"not made", signed("iat", nil), "iat"},
		{"no issuer", assertion(t, key, jose.ES256, "key-1", map[string]any{"sub": "x", "aud": tokenURL, "jti": "1", "iat": now.Unix(), "exp": now.Unix()}), "iss"},
		{"of another", signed("sub", "someone"), "sub"},
		{"without an id", signed("jti", nil), "jti"},
		{"without a kid", assertion(t, key, jose.ES256, "", claims("", nil)), "kid"},
		{"another kid", assertion(t, key, jose.ES256, "key-2", claims("", nil)), "kid"},
		{"another key", assertion(t, other, jose.ES256, "key-1", claims("", nil)), "client_assertion"},
		{"shared secret", assertion(t, []byte("kit_secret-canary-kit_secret-canary"), jose.HS256, "key-1", claims("", nil)), "client_assertion"},
		{"no token", "nothing", "client_assertion"},
	} {
		t.Run(one.name, func(t *testing.T) {
			a, found := rules.ReadAssertion(one.text, []string{"http://127.0.0.1:4711/oauth/token", tokenURL}, now, func(client string) map[string]string {
				if client != "kit-client" {
					return map[string]string{}
				}
				return map[string]string{"key-1": public}
			})
			if one.pointer == "" {
				assert.Empty(t, found)
				assert.Equal(t, rules.Assertion{Client: "kit-client", ID: "1", Expires: now.Add(5 * time.Minute).Local()}, a)
				return
			}
			var pointers []string
			for _, b := range found {
				assert.Equal(t, "DC-AUTH-04", b.Requirement)
				pointers = append(pointers, b.Pointer)
			}
			assert.Contains(t, pointers, one.pointer, "%v", found)
		})
	}
}

func TestAssertedTokens(t *testing.T) {
	key, public := pair(t)
	asked := func(jti string, aud string) rules.Exchange {
		now := time.Now()
		text := assertion(t, key, jose.ES256, "key-1", map[string]any{"iss": "kit-client", "sub": "kit-client", "aud": aud, "jti": jti, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()})
		form := url.Values{"grant_type": {"client_credentials"}, "client_assertion_type": {rules.AssertionType}, "client_assertion": {text}}
		return token(header("Authorization", ""), body(form.Encode()))
	}
	const tokenURL = "https://acme.talkdeskid.com/oauth/token"
	known := func(a *rules.About) { a.Clients[0].Keys = map[string]string{"key-1": public} }
	lost := asked("2", tokenURL)
	lost.Status, lost.ResponseBody = 0, nil
	check(t, []verdict{
		{requirement: "DC-AUTH-04", keeps: list(asked("1", tokenURL), asked("2", tokenURL)), breaks: list(asked("1", "https://api.talkdeskapp.com")), about: known},
		{requirement: "DC-AUTH-04", name: "used again", keeps: list(lost, asked("2", tokenURL)), breaks: list(asked("1", tokenURL), asked("1", tokenURL)), about: known},
		{requirement: "DC-AUTH-04", name: "type", breaks: list(token(header("Authorization", ""), body("grant_type=client_credentials&client_assertion=x&client_assertion_type=jwt")))},
		{requirement: "DC-AUTH-04", name: "unknown keys", keeps: list(asked("1", tokenURL))},
	})
}

func TestParseKey(t *testing.T) {
	_, public := pair(t)
	_, err := rules.ParseKey([]byte(public))
	require.NoError(t, err)
	_, err = rules.ParseKey([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	require.ErrorContains(t, err, "private key")
	_, err = rules.ParseKey([]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
	require.ErrorContains(t, err, "cannot be read")
	_, err = rules.ParseKey([]byte("AAAA"))
	require.ErrorContains(t, err, "PEM")
}
