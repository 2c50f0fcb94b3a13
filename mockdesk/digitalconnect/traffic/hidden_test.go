package traffic_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/digitalconnect/rules"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func itoa(n int) string { return strconv.Itoa(n) }

// takenOut replaces every secret of a recording, as its owner would before it is handed on.
func takenOut(source []byte, mask string) []byte {
	return []byte(strings.NewReplacer(
		"Basic a2l0LWNsaWVudDpraXRfc2VjcmV0LWNhbmFyeQ==", "Basic "+mask, "Bearer tok-canary-1", "Bearer "+mask, "Bearer tok-canary-2", "Bearer "+mask,
		"tok-canary-1", mask, "tok-canary-2", mask, "sig-canary", url.QueryEscape(mask),
	).Replace(string(source)))
}

// TestWhatWasTakenOutIsNotWrong goes through the words that tools write in the place of secrets.
func TestWhatWasTakenOutIsNotWrong(t *testing.T) {
	for _, mask := range []string{"[redacted]", "[REDACTED]", "<hidden>", "***", "********", "xxxxxxxx", "redacted", "{masked}", "•••••"} {
		t.Run(mask, func(t *testing.T) {
			source := takenOut(good(t).source(), mask)
			require.NotContains(t, string(source), "canary")
			j := judge(t, source, about(t))
			assert.Empty(t, broken(j))
			assert.Equal(t, 30, j.Hidden, "each token request and each call")
			assert.NotContains(t, tried(j), "DC-AUTH-09", "which token was used cannot be told")
			assert.Subset(t, tried(j), []string{"DC-AUTH-03", "DC-AUTH-08"}, "the scheme can")
		})
	}
}

// TestHeadersThatWereTakenOut has the whole header missing, or masked with its scheme: an answer that only a client with a token gets says that there was one.
func TestHeadersThatWereTakenOut(t *testing.T) {
	for name, change := range map[string]func(object){
		"missing": func(h object) { delete(h, "Authorization") },
		"masked":  func(h object) { h["Authorization"] = "[redacted]" },
	} {
		t.Run(name, func(t *testing.T) {
			l := good(t)
			for _, x := range l.all {
				if h, has := request(x)["headers"].(object); has {
					change(h)
				}
			}
			if name == "masked" {
				delete(headers(l.find("PUT", "/r-1", 1)), "Authorization")
				for _, x := range l.all {
					if request(x)["host"] == "connector.test" {
						delete(request(x), "headers")
					}
				}
			}
			late := l.find("POST", "c-3/messages", 1)
			headers(late)["Authorization"] = "Bearer tok-canary-2" // which was refused, so that a missing header would be a real one
			j := judge(t, l.source(), about(t))
			assert.Empty(t, broken(j))
			assert.NotContains(t, tried(j), "DC-AUTH-03")
			assert.Equal(t, 1, finding(t, j, "DC-AUTH-08").Tried, "of the one whose header is there")
		})
	}
}

// TestASchemeCanBeWrongBesideAMask does not let a mask hide what can be seen.
func TestASchemeCanBeWrongBesideAMask(t *testing.T) {
	l := good(t)
	headers(l.find("POST", "/messages", 1))["Authorization"] = "Basic [redacted]"
	assert.Equal(t, []string{"DC-AUTH-08"}, broken(judge(t, l.source(), about(t))))
	l = good(t)
	headers(l.find("PUT", "/r-1", 1))["Authorization"] = "Bearer [redacted]"
	assert.Equal(t, []string{"DC-ATT-09"}, broken(judge(t, l.source(), about(t))))
	l = good(t)
	x := l.find("POST", "/token", 1)
	delete(headers(x), "Authorization")
	request(x)["body"] = "grant_type=client_credentials&client_id=kit-client&client_secret=[redacted]"
	assert.Equal(t, []string{"DC-AUTH-03"}, broken(judge(t, l.source(), about(t))))
}

func TestAnAssertionThatWasTakenOut(t *testing.T) {
	l := good(t)
	x := l.find("POST", "/token", 1)
	delete(headers(x), "Authorization")
	request(x)["body"] = "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=%5Bredacted%5D"
	j := judge(t, l.source(), about(t))
	assert.Empty(t, broken(j))
	assert.NotContains(t, tried(j), "DC-AUTH-04")
	request(x)["body"] = "grant_type=client_credentials&client_assertion_type=jwt&client_assertion=[redacted]"
	assert.Equal(t, []string{"DC-AUTH-04"}, broken(judge(t, l.source(), about(t))))
}

// TestAnAssertionIsForTheTokenOperation knows the real one, and that which the recording shows.
func TestAnAssertionIsForTheTokenOperation(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	known := about(t)
	known.Clients[0].Keys = map[string]string{"key-1": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "key-1"}}, nil)
	require.NoError(t, err)
	for _, tt := range []struct {
		host, party, audience string
		broken                []string
	}{
		{"acme.talkdeskid.com", "", "https://acme.talkdeskid.com/oauth/token", nil},
		{"127.0.0.1:8080", "identity", "http://127.0.0.1:8080/oauth/token", nil},
		{"127.0.0.1:8080", "identity", "https://acme.talkdeskid.com/oauth/token", nil},
		{"acme.talkdeskid.com", "", "https://api.talkdeskapp.com", []string{"DC-AUTH-04"}},
	} {
		now := time.Now()
		assertion, err := jwt.Signed(signer).Claims(jwt.Claims{
			Issuer: "kit-client", Subject: "kit-client", Audience: jwt.Audience{tt.audience}, ID: "j-1", IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute)),
		}).Serialize()
		require.NoError(t, err)
		l := good(t)
		x := l.find("POST", "/token", 1)
		delete(headers(x), "Authorization")
		request(x)["host"] = tt.host
		if tt.party != "" {
			x["party"] = tt.party
		}
		request(x)["body"] = url.Values{
			"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion},
		}.Encode()
		j := judge(t, l.source(), known)
		assert.Equal(t, tt.broken, broken(j))
		assert.Contains(t, tried(j), "DC-AUTH-04")
		assert.NotContains(t, j.Covered("see "+assertion), assertion)
	}
}

// TestCredentialsOfWebhooks tells those that were left out of the recording from those that were left out of the call.
func TestCredentialsOfWebhooks(t *testing.T) {
	known := about(t)
	known.Hook.Auth, known.Hook.User, known.Hook.Secret = "basic", "kit", "hook-canary"
	assert.Empty(t, broken(judge(t, good(t).source(), known)), "no delivery has any: they were left out of the recording")

	l := good(t)
	for i, x := range l.all {
		if request(x)["path"] == "/hook" {
			request(x)["headers"] = object{"Authorization": []string{"Basic [redacted]", "Basic a2l0Omhvb2stY2FuYXJ5"}[i%2], "Content-Type": "application/json"}
		}
	}
	j := judge(t, l.source(), known)
	assert.Empty(t, broken(j))
	assert.Contains(t, tried(j), "DC-ACTION-08")
	assert.NotContains(t, tried(j), "DC-ACTION-17", "none was without")
	x := l.find("POST", "/hook", 1)
	headers(x)["Authorization"] = "Basic bm9ib2R5OngK"
	assert.Equal(t, []string{"DC-ACTION-17"}, broken(judge(t, l.source(), known)))
	response(x)["status"] = 401
	j = judge(t, l.source(), known)
	assert.Empty(t, broken(j))
	assert.Contains(t, tried(j), "DC-ACTION-17")
}

// TestSecretsAreLearnedFromTheRecording needs no account file to see where a secret went.
func TestSecretsAreLearnedFromTheRecording(t *testing.T) {
	for _, secret := range []string{"kit_secret-canary", "tok-canary-2"} {
		l := good(t)
		body(l.find("POST", "/messages", 5))["content"] = "see " + secret
		j := judge(t, l.source(), rules.About{})
		assert.Equal(t, []string{"DC-AUTH-16"}, broken(j))
	}
	j := judge(t, takenOut(good(t).source(), "[redacted]"), rules.About{})
	assert.Contains(t, finding(t, j, "DC-AUTH-16").Missing, "a secret to look for")
}

// TestWithoutAnAccount names what would have been needed.
func TestWithoutAnAccount(t *testing.T) {
	j := judge(t, good(t).source(), rules.About{})
	assert.Empty(t, broken(j))
	var missing []string
	for _, f := range j.Findings {
		if f.Missing != "" {
			assert.Zero(t, f.Tried)
			missing = append(missing, f.ID)
		}
	}
	assert.Equal(t, []string{"DC-AUTH-01", "DC-AUTH-14", "DC-AUTH-18", "DC-AUTH-19", "DC-ACTION-17", "DC-ACTION-23", "DC-CONV-02", "DC-TOUCH-03", "DC-ARG-01", "DC-ARG-02"}, missing)
}

// TestNoSecretIsTold puts secrets wherever a rule repeats what it found.
func TestNoSecretIsTold(t *testing.T) {
	for _, secret := range []string{"kit_secret-canary", "tok-canary-1", "kit secret/canary", `kit"secret\canary`, "kit-canary-ü"} {
		known := about(t)
		known.Clients[0].Secrets = append(known.Clients[0].Secrets, secret)
		l := good(t)
		first := l.find("POST", "/conversations", 1)
		body(first)["touchpoint_id"], body(first)[secret] = secret, secret
		request(l.find("POST", "/token", 1))["body"] = "grant_type=client_credentials&scope=" + url.QueryEscape(secret)
		request(l.find("POST", "/messages", 1))["path"] = "/digital-connect/" + url.PathEscape(secret) + "/messages"
		headers(l.find("POST", "/messages", 2))["Authorization"] = secret
		headers(l.find("POST", "/messages", 3))["Content-Type"] = secret
		x := l.find("POST", "/hook", 1)
		x["response"] = object{"status": 302, "headers": object{"Location": "/" + secret, "Content-Type": secret}, "body": secret}
		body(l.find("POST", "/hook", 3))["payload"].(object)["author"] = object{"name": "x", "type": secret}
		j := judge(t, l.source(), known)
		assert.Greater(t, len(broken(j)), 4)
		text, err := json.Marshal(j.Findings)
		require.NoError(t, err)
		quoted, err := json.Marshal(secret)
		require.NoError(t, err)
		for _, form := range []string{secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret)} {
			assert.NotContains(t, string(text), form)
		}
		for said := range j.Events {
			assert.NotContains(t, j.Covered(said), secret)
		}
	}
}
