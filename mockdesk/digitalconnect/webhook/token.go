package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tokenMargin is how long before its end a token is not used any more.
const tokenMargin = 10 * time.Second

// tokens are the access tokens that a sender has for connectors with OAuth2.
type tokens struct {
	transport http.RoundTripper
	now       func() time.Time

	mu   sync.Mutex
	held map[string]*token
}

// token is one access token.
type token struct {
	// turn holds one value while somebody looks at the token: one of those who need it fetches it, while the others wait.
	turn   chan struct{}
	access string
	// until is when it is not used any more, zero for never.
	until time.Time
}

// get returns an access token that is not about to end. Its error says why there is none, without the secret.
func (t *tokens) get(ctx context.Context, a Auth) (string, error) {
	t.mu.Lock()
	key := strings.Join(slices.Concat([]string{a.TokenURL, a.User, a.Secret}, a.Scopes), "\x00")
	held := t.held[key]
	if held == nil {
		held = &token{turn: make(chan struct{}, 1)}
		t.held[key] = held
	}
	t.mu.Unlock()
	select {
	case held.turn <- struct{}{}:
		defer func() { <-held.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("%w: waiting for a token of the connector's: %w", ErrNotMade, context.Cause(ctx))
	}
	if held.access != "" && (held.until.IsZero() || t.now().Before(held.until)) {
		return held.access, nil
	}
	// A token endpoint that redirects gets no credentials elsewhere.
	client := &http.Client{Transport: t.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	config := clientcredentials.Config{ClientID: a.User, ClientSecret: a.Secret, TokenURL: a.TokenURL, Scopes: a.Scopes, AuthStyle: oauth2.AuthStyleInHeader}
	got, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return "", fmt.Errorf("%w: the connector's token endpoint %s gave no token: %w", ErrNotMade, a.TokenURL, tokenFailure(ctx, err))
	}
	held.access, held.until = got.AccessToken, time.Time{}
	if !got.Expiry.IsZero() {
		// The library counts from real time, the scenario by a clock of its own.
		held.until = t.now().Add(time.Until(got.Expiry) - tokenMargin)
	}
	return held.access, nil
}

// tokenFailure is what is wrong, without the body of the answer, which may be long or hold anything.
func tokenFailure(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if refused, is := errors.AsType[*oauth2.RetrieveError](err); is && refused.Response != nil {
		return fmt.Errorf("status %d %s", refused.Response.StatusCode, refused.ErrorCode)
	}
	return err
}
