package rules

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// AssertionType is what client_assertion_type must be (DC-AUTH-04).
const AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	// longestAssertion is how far from now an assertion may end. The samples say five minutes; what is an hour away is milliseconds taken for seconds, or a key given away.
	longestAssertion = time.Hour
	// clocksDiffer is how much two clocks may be apart.
	clocksDiffer = time.Minute
)

// algorithms are those by which assertions may be signed: none with a shared secret, and never "none".
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}

// ParseKey reads a public key in PEM, of RSA or an elliptic curve. The error says what it is instead.
func ParseKey(text []byte) (any, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the public key is not in PEM; it begins with -----BEGIN PUBLIC KEY-----")
	}
	if strings.Contains(block.Type, "PRIVATE") {
		return nil, errors.New("this is a private key; the account has the public one, which begins with -----BEGIN PUBLIC KEY-----")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the public key cannot be read: %w", err)
	}
	switch key.(type) {
	case *ecdsa.PublicKey, *rsa.PublicKey:
		return key, nil
	}
	return nil, fmt.Errorf("a key of the kind %T signs no assertion; use one of RSA or an elliptic curve", key)
}

// Assertion is what a client_assertion says.
type Assertion struct {
	// Client is the issuer, ID the jti. Until Audience and Keys have been looked at, nothing of it is proven.
	Client, ID string
	// Expires is when it ends.
	Expires time.Time
}

// claims are those of an assertion; numbers that are no numbers are told.
type claims struct {
	Issuer   string       `json:"iss"`
	Subject  string       `json:"sub"`
	Audience jwt.Audience `json:"aud"`
	ID       string       `json:"jti"`
	IssuedAt *float64     `json:"iat"`
	Expires  *float64     `json:"exp"`
}

// ReadAssertion reads a client_assertion as of now and says all that is wrong with it (DC-AUTH-04): its header, its claims, and its signature by the keys of the client whom it names (in PEM by kid; nil leaves
// the signature out). audiences are the addresses of the token operation, one of which it must be for; none leaves that out. Whether its jti was used before is the caller's to know.
func ReadAssertion(assertion string, audiences []string, now time.Time, keysOf func(client string) map[string]string) (Assertion, []Breach) {
	v := &verdict{}
	wrong := func(pointer, expected, recorded string) { v.breach("DC-AUTH-04", pointer, expected, recorded) }
	token, err := jwt.ParseSigned(assertion, algorithms)
	if err != nil {
		wrong("client_assertion", "a signed JWT, by ES256 or another algorithm with a private key", "one that cannot be taken: "+strings.TrimPrefix(err.Error(), "go-jose/go-jose: "))
		return Assertion{}, v.found
	}
	var c claims
	if err := token.UnsafeClaimsWithoutVerification(&c); err != nil {
		recorded := "claims that cannot be read"
		if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			recorded = kind.Field + " as " + kind.Value
		}
		wrong("client_assertion", "claims in JSON, with exp and iat as numbers of seconds", recorded)
		return Assertion{}, v.found
	}
	checkClaims(wrong, c, audiences, now)
	checkSignature(wrong, token, keysOf(c.Issuer))
	a := Assertion{Client: c.Issuer, ID: c.ID}
	if c.Expires != nil {
		a.Expires = time.Unix(int64(*c.Expires), 0)
	}
	return a, v.found
}

func checkClaims(wrong func(pointer, expected, recorded string), c claims, audiences []string, now time.Time) {
	switch {
	case c.Issuer == "":
		wrong("iss", "the client id", "nothing")
	case c.Subject != c.Issuer:
		wrong("sub", "the client id, as in iss", shown(c.Subject))
	}
	if len(audiences) > 0 && !slices.ContainsFunc(audiences, func(one string) bool { return slices.Contains(c.Audience, one) }) {
		wrong("aud", "the token URL, "+strings.Join(audiences, " or "), shown(strings.Join(c.Audience, ", ")))
	}
	if c.ID == "" {
		wrong("jti", "an id of its own", "nothing")
	}
	seconds := func(at *float64) string { return strconv.FormatFloat(*at, 'f', -1, 64) }
	unix := float64(now.Unix())
	switch {
	case c.Expires == nil:
		wrong("exp", "when it ends, in seconds", "nothing")
	case *c.Expires < unix-clocksDiffer.Seconds():
		wrong("exp", "a time that has not passed", seconds(c.Expires))
	case *c.Expires > unix+longestAssertion.Seconds():
		wrong("exp", "a time within an hour, in seconds", seconds(c.Expires))
	}
	switch {
	case c.IssuedAt == nil:
		wrong("iat", "when it was made, in seconds", "nothing")
	case *c.IssuedAt > unix+clocksDiffer.Seconds():
		wrong("iat", "a time that has passed, in seconds", seconds(c.IssuedAt))
	}
}

func checkSignature(wrong func(pointer, expected, recorded string), token *jwt.JSONWebToken, keys map[string]string) {
	kid := token.Headers[0].KeyID
	if kid == "" {
		wrong("kid", "the id of the key, in the header", "nothing")
	}
	if keys == nil {
		return
	}
	text, known := keys[kid]
	if !known {
		if kid != "" {
			wrong("kid", "one of the client's keys: "+strings.Join(sorted(keys), ", "), shown(kid))
		}
		return
	}
	key, err := ParseKey([]byte(text))
	if err == nil {
		err = token.Claims(key)
	}
	if err != nil {
		wrong("client_assertion", "a signature by the client's key "+kid, "one that does not hold")
	}
}
