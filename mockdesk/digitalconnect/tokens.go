package digitalconnect

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Tokens are the access tokens that were issued. Mocks that one connector calls in turn share them, so that the token which it keeps is good at each of them. Make one with NewTokens.
type Tokens struct {
	mu     sync.Mutex
	issued map[string]*issued
	count  int
}

// issued is one token.
type issued struct {
	client  string
	scopes  []string
	expires time.Time
}

// NewTokens returns none.
func NewTokens() *Tokens { return &Tokens{issued: map[string]*issued{}} }

// issue makes a token. Its form is that of the settings: opaque, like a JWT, or one of each in turn.
func (s *Tokens) issue(client string, scopes []string, format string, now time.Time, life time.Duration) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	text := rand.Text() + rand.Text()
	if format == formatJWT || format == formatInTurn && s.count%2 == 0 {
		text = looksLikeJWT(client, now)
	}
	s.issued[text] = &issued{client: client, scopes: slices.Clone(scopes), expires: now.Add(life)}
	return text
}

// looksLikeJWT is a token that a connector may be tempted to read. What it says of its end is wrong on purpose: a token is opaque (DC-AUTH-17).
func looksLikeJWT(client string, now time.Time) string {
	part := func(v any) string {
		raw, _ := json.Marshal(v) // it is a map of texts and numbers
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	return part(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "mock"}) + "." +
		part(map[string]any{"sub": client, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(-time.Hour).Unix()}) + "." + base64.RawURLEncoding.EncodeToString([]byte(rand.Text()+rand.Text()))
}

// holder is whose token it is and what it may, nil if it was never issued, was revoked or has expired.
func (s *Tokens) holder(text string, now time.Time) *issued {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.issued[text]
	if found == nil || !now.Before(found.expires) {
		return nil
	}
	return found
}

// revoke takes back every token that is good now, and says how many these were.
func (s *Tokens) revoke(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for text, one := range s.issued {
		if now.Before(one.expires) {
			count++
		}
		delete(s.issued, text)
	}
	return count
}
