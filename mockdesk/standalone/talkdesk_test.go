package standalone_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/standalone"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startTalkdesk serves Talkdesk on free ports.
func startTalkdesk(t *testing.T, c standalone.TalkdeskConfig) (*standalone.Talkdesk, *client.Talkdesk) {
	t.Helper()
	c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
	running, err := standalone.StartTalkdesk(c, standalone.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, running.Stop(context.Background())) })
	token, _ := running.Token()
	return running, client.New(running.ControlURL(), token, nil).Talkdesk()
}

// askToken asks for a token as a connector does, and gives the status.
func askToken(t *testing.T, with *http.Client, identity, secret string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, identity+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("desk-client", secret)
	response, err := with.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestTalkdeskByBaseURLs(t *testing.T) {
	running, talkdesk := startTalkdesk(t, standalone.TalkdeskConfig{})
	a := running.Account()
	assert.Equal(t, "acme", a.Account)
	assert.Equal(t, a.APIURL, a.IdentityURL)
	assert.Empty(t, a.Remarks, "the account that is there without a file has all that files need")
	assert.Len(t, a.Clients[0].Scopes, 6)
	assert.Equal(t, http.StatusOK, askToken(t, http.DefaultClient, a.IdentityURL, running.Secret()))
	assert.Equal(t, http.StatusOK, askToken(t, http.DefaultClient, strings.Replace(a.IdentityURL, "127.0.0.1", "localhost", 1), running.Secret()))
	assert.Equal(t, http.StatusUnauthorized, askToken(t, http.DefaultClient, a.IdentityURL, "wrong"))
	page, err := talkdesk.Journal(t.Context(), client.JournalQuery{Match: `kind == "response" && from == "identity"`})
	require.NoError(t, err)
	assert.Len(t, page.Entries, 3)
	address, _ := running.Proxy()
	assert.Empty(t, address)
}

// TestTalkdeskByItsNames has a connector with the real names written into it, by the proxy, also after a reset.
func TestTalkdeskByItsNames(t *testing.T) {
	running, talkdesk := startTalkdesk(t, standalone.TalkdeskConfig{Proxy: "127.0.0.1:0"})
	address, trust := running.Proxy()
	at, err := url.Parse(address)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(trust))
	transport := &http.Transport{Proxy: http.ProxyURL(at), TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	with := &http.Client{Transport: transport}
	assert.Equal(t, http.StatusOK, askToken(t, with, "https://acme.talkdeskid.com", running.Secret()))
	_, err = talkdesk.Reset(t.Context())
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, askToken(t, with, "https://acme.talkdeskid.com", running.Secret()))
	count, err := talkdesk.Count(t.Context(), api.Count{Match: `kind == "request" && data.host == "acme.talkdeskid.com"`})
	require.NoError(t, err)
	assert.Equal(t, 1, count.Count, "the journal has begun anew")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://elsewhere.test/", nil)
	require.NoError(t, err)
	_, err = with.Do(r)
	require.Error(t, err)
}

func TestTheAccountFile(t *testing.T) {
	source, err := fixtures.ReadFile("connectors/account.yaml")
	require.NoError(t, err)
	write := func(text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "account.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	running, _ := startTalkdesk(t, standalone.TalkdeskConfig{Account: write(strings.Replace(string(source), "message_created: active", "message_created: draft", 1))})
	assert.Empty(t, running.Secret(), "what stands in a file of the user's is not told")
	require.Len(t, running.Account().Remarks, 2)
	assert.Contains(t, strings.Join(running.Account().Remarks, "\n"), "draft")
	for text, want := range map[string]string{
		strings.Replace(string(source), "region: US", "region: MARS", 1):                        "account.yaml:3:9: region",
		strings.Replace(string(source), "integration: connector", "integration: conector", 1):   `there is no integration "conector"`,
		strings.Replace(string(source), "http://127.0.0.1:9080/hook", "127.0.0.1:9080/hook", 1): "base_path",
		"account: [\n": "account.yaml:",
	} {
		_, err := standalone.StartTalkdesk(standalone.TalkdeskConfig{Account: write(text)}, standalone.Options{})
		var wrong *standalone.Mistake
		require.ErrorAs(t, err, &wrong, text)
		assert.ErrorContains(t, err, want)
	}
	_, err = standalone.LoadAccount("none.yaml")
	require.ErrorContains(t, err, "none.yaml does not exist")
	for _, c := range []standalone.TalkdeskConfig{{Listen: standalone.Listen{Wire: "0.0.0.0:0"}}, {Proxy: "0.0.0.0:0"}} {
		_, err := standalone.StartTalkdesk(c, standalone.Options{})
		require.ErrorContains(t, err, "is not of the loopback")
	}
}

// TestTalkdeskHasAConnectorBeside has webhooks go where the connector that was started says, and stops in order while someone follows.
func TestTalkdeskHasAConnectorBeside(t *testing.T) {
	heard := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			EventType string `json:"event_type"`
		}
		_ = json.NewDecoder(r.Body).Decode(&event) // What is no event is heard as none.
		w.WriteHeader(http.StatusNoContent)
		heard <- event.EventType
	}))
	t.Cleanup(hook.Close)
	config := standalone.TalkdeskConfig{Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}}
	config.Beside = func(a *digitalconnect.Account, at digitalconnect.Addresses) (string, error) {
		assert.Equal(t, "acme", a.Name)
		assert.NotEmpty(t, at.API)
		return hook.URL, nil
	}
	running, err := standalone.StartTalkdesk(config, standalone.Options{})
	require.NoError(t, err)
	token, _ := running.Token()
	talkdesk := client.New(running.ControlURL(), token, nil).Talkdesk()
	_, err = talkdesk.Start(t.Context(), talkdeskapi.NewConversation{Email: "ann@example.test"})
	require.NoError(t, err)
	assert.Equal(t, "CONVERSATION_STARTED", <-heard)
	began, followed := make(chan struct{}), make(chan error, 1)
	go func() {
		followed <- talkdesk.Follow(t.Context(), client.Follow{Began: func() { close(began) }}, func(api.Entry) error { return nil })
	}()
	<-began
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, running.Stop(ctx))
	require.ErrorContains(t, <-followed, "the server stops")
	config.Beside = func(*digitalconnect.Account, digitalconnect.Addresses) (string, error) {
		return "", errors.New("it does not run")
	}
	_, err = standalone.StartTalkdesk(config, standalone.Options{})
	require.ErrorContains(t, err, "it does not run")
}
