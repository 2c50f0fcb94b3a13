package aichat

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestASecretIsFoundInEveryUsualForm(t *testing.T) {
	t.Parallel()
	secret := Secret{Name: "DESK_KEY", Value: `s3cr&t "k/y"+1`}
	written, _ := json.Marshal(secret.Value)
	for name, text := range map[string]string{
		"as it is": "const key = '" + secret.Value + "'", "in JSON": `{"key":` + string(written) + `}`,
		"in a query": "?key=" + url.QueryEscape(secret.Value), "in a path": "/v1/" + url.PathEscape(secret.Value) + "/x",
	} {
		assert.NotEmpty(t, secret.in(text), name)
	}
	for _, user := range []string{"", "a", "ab", "abc", "desk:"} {
		for _, end := range []string{"", "x", "xy", "xyz"} {
			all := []byte(user + secret.Value + end)
			assert.NotEmpty(t, secret.in("Basic "+base64.StdEncoding.EncodeToString(all)), "%q %q", user, end)
			assert.NotEmpty(t, secret.in(base64.RawURLEncoding.EncodeToString(all)), "%q %q", user, end)
		}
	}
	for _, text := range []string{"", "s3cr", "secret", "DESK_KEY", base64.StdEncoding.EncodeToString([]byte("something else that is long"))} {
		assert.Empty(t, secret.in(text), text)
	}
}

func TestWhatFailsForWantOfNode(t *testing.T) {
	t.Parallel()
	for text, fails := range map[string]bool{
		"ReferenceError: process is not defined": true, "Buffer is not defined": true, "require is not defined": true,
		"desk is not defined": false, "process failed": false, "subprocess is not defined": false,
	} {
		assert.Equal(t, fails, nodeOnly.MatchString(text), text)
	}
}
