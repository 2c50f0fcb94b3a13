package aichat

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCredentialsAreToldFromHandles(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	token := func(claims string) string {
		encode := base64.RawURLEncoding.EncodeToString
		return encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(claims)) + ".c2lnbmF0dXJl"
	}
	for name, c := range map[string]struct {
		value any
		says  string
	}{
		"a handle":              {map[string]any{"conversation": "6f1c2f0e-5d0b-4b8e-9a65-0d8a3c1f7b11", "cursor": 4.0, "token": "short-lived"}, ""},
		"words":                 {map[string]any{"text": "The secret of a good password is its length"}, ""},
		"an empty secret":       {map[string]any{"secret": ""}, ""},
		"a key by its name":     {map[string]any{"desk": map[string]any{"apiKey": "abc"}}, "desk.apiKey is called a secret"},
		"a refresh token":       {map[string]any{"refresh_token": "abc"}, "refresh_token"},
		"inside of JSON":        {map[string]any{"SESSION": `{"state":{"client-secret":"x"}}`}, "SESSION.state.client-secret"},
		"in a list":             {[]any{"a", "sk_live_0123456789abcdef0123"}, "[1] holds an API key"},
		"a private key":         {"-----BEGIN RSA PRIVATE KEY-----\nabc", "a private key"},
		"a password in a URL":   {"https://desk:geheim@desk.example/v1", "a user name with its password"},
		"a URL":                 {"https://desk.example:8443/v1/@me", ""},
		"a token for an hour":   {token(fmt.Sprintf(`{"exp":%d}`, now.Add(time.Hour).Unix())), ""},
		"a token for a week":    {token(fmt.Sprintf(`{"exp":%d}`, now.Add(7*24*time.Hour).Unix())), "more than a day"},
		"a token without end":   {"Bearer " + token(`{"sub":"me"}`), "more than a day"},
		"what looks like one":   {"eyJhbGciOi.eyJ-not-json.x", ""},
		"text that is not JSON": {"{not json", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := credentialIn("it", c.value, now)
			if c.says == "" {
				assert.Empty(t, found)
				return
			}
			assert.Contains(t, found, c.says)
		})
	}
}
