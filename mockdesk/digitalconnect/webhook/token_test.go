package webhook_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/digitalconnect/webhook"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAuthentication(t *testing.T) {
	got := make(chan http.Header, 1)
	server := connector(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header })
	s := sender(t, webhook.Options{})
	for _, tt := range []struct {
		name   string
		auth   webhook.Auth
		header string
		want   string
	}{
		{"none", webhook.Auth{Type: webhook.None}, "Authorization", ""},
		{"basic", webhook.Auth{Type: webhook.Basic, User: "kit", Secret: "s:ü"}, "Authorization", "Basic a2l0OnM6w7w="},
		{"a key", webhook.Auth{Type: webhook.APIKey, Secret: "k-1"}, "X-Api-Key", "k-1"},
		{"a key elsewhere", webhook.Auth{Type: webhook.APIKey, Secret: "k-1", Header: "X-Key"}, "X-Key", "k-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, settled(t, s.Send(webhook.Event{Target: webhook.Target{BaseURL: server.URL, Auth: tt.auth}})).Err)
			assert.Equal(t, tt.want, (<-got).Get(tt.header))
		})
	}
}

// guarded is a connector whose webhook takes the tokens of its own token endpoint only, the newest at that.
func guarded(t *testing.T, tokens *atomic.Int32, scope *atomic.Value) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		user, secret, _ := r.BasicAuth()
		if user != "kit" || secret != "canary-secret" || r.PostFormValue("grant_type") != "client_credentials" {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"canary-secret is wrong"}`)
			return
		}
		scope.Store(r.PostFormValue("scope"))
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "t-" + strconv.Itoa(int(tokens.Add(1))), "token_type": "Bearer", "expires_in": 60})
	})
	mux.HandleFunc("POST /hook", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t-"+strconv.Itoa(int(tokens.Load())) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("POST /elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/token", http.StatusTemporaryRedirect)
	})
	return connector(t, mux.ServeHTTP).URL
}

func TestATokenIsFetchedOnceAndAgainWhenItEnds(t *testing.T) {
	var tokens atomic.Int32
	var scope atomic.Value
	address := guarded(t, &tokens, &scope)
	clock := mockdesk.NewManualClock(time.Now())
	s := sender(t, webhook.Options{Clock: clock})
	target := webhook.Target{BaseURL: address + "/hook", Auth: webhook.Auth{Type: webhook.OAuth2, User: "kit", Secret: "canary-secret", TokenURL: address + "/token", Scopes: []string{"a", "b"}}}
	var all []*webhook.Delivery
	for i := range 20 {
		all = append(all, s.Send(webhook.Event{Conversation: strconv.Itoa(i), Target: target}))
	}
	for _, d := range all {
		assert.Equal(t, http.StatusOK, settled(t, d).Status)
	}
	assert.EqualValues(t, 1, tokens.Load(), "they share it")
	assert.Equal(t, "a b", scope.Load())
	clock.Advance(time.Minute)
	assert.Equal(t, http.StatusOK, settled(t, s.Send(webhook.Event{Target: target})).Status)
	assert.EqualValues(t, 2, tokens.Load(), "by the clock of the scenario it has ended")
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	var tokens atomic.Int32
	var scope atomic.Value
	address := guarded(t, &tokens, &scope)
	s := sender(t, webhook.Options{})
	for _, tt := range []struct{ name, secret, path, err string }{
		{"the secret is wrong", "canary-secret-2", "/token", "gave no token: status 401 invalid_client"},
		{"it redirects", "canary-secret", "/elsewhere", "gave no token: status 307"},
		{"there is none", "canary-secret", "/nowhere", "gave no token: status 404"},
		{"it is the webhook", "canary-secret", "/hook", "gave no token: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := settled(t, s.Send(webhook.Event{Target: webhook.Target{BaseURL: address + "/hook", Auth: webhook.Auth{Type: webhook.OAuth2, User: "kit", Secret: tt.secret, TokenURL: address + tt.path}}}))
			require.ErrorIs(t, x.Err, webhook.ErrNotMade)
			require.ErrorContains(t, x.Err, tt.err)
			assert.NotContains(t, x.Undelivered, "canary")
			assert.Zero(t, tokens.Load())
		})
	}
}

// TestATokenEndpointThatHangs holds events no longer than their timeout, those that wait for the same token included.
func TestATokenEndpointThatHangs(t *testing.T) {
	server := connector(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	s := sender(t, webhook.Options{})
	target := webhook.Target{BaseURL: server.URL, Timeout: 50 * time.Millisecond, Auth: webhook.Auth{Type: webhook.OAuth2, TokenURL: server.URL}}
	first, second := s.Send(webhook.Event{Conversation: "a", Target: target}), s.Send(webhook.Event{Conversation: "b", Target: target})
	for _, d := range []*webhook.Delivery{first, second} {
		x := settled(t, d)
		require.ErrorIs(t, x.Err, webhook.ErrTimeout)
		assert.NotEmpty(t, x.Undelivered)
	}
}
