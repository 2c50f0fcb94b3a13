package edge

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

const (
	// clockSkew is how far back a certificate begins to hold: a client's clock may be behind.
	clockSkew = time.Hour
	// lifetime is how long one holds: longer than any run, and short enough to be of no use to anybody later.
	lifetime = 7 * 24 * time.Hour
)

// Authority is a certificate authority. It issues a certificate for each name that is asked for. One of NewAuthority lives as long as the process, and its key is never written
// anywhere; one of ReadAuthority is the user's own. Its methods are safe for use by many goroutines.
type Authority struct {
	key         crypto.Signer
	certificate *x509.Certificate

	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

// NewAuthority makes an authority with a key of its own. An error is one of the machine's source of random numbers.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the run's certificate authority: %w", err)
	}
	template, err := newTemplate("deskcheck, made for one run")
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of the run's authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of the run's authority: %w", err)
	}
	return &Authority{key: key, certificate: certificate, issued: map[string]*tls.Certificate{}}, nil
}

// ReadAuthority takes an authority of the user's own: its certificate and its private key (PKCS #8, PKCS #1 or SEC 1), both in PEM. The error says what is wrong with which.
func ReadAuthority(certificate, key []byte) (*Authority, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of an authority with its key: %w", err)
	}
	parsed, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, fmt.Errorf("read the certificate of an authority: %w", err)
	}
	signer, canSign := pair.PrivateKey.(crypto.Signer)
	switch {
	case !parsed.IsCA || parsed.KeyUsage != 0 && parsed.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, fmt.Errorf("the certificate of %s is not one of an authority: make one that may sign others (CA:TRUE, keyCertSign)", parsed.Subject)
	case time.Now().After(parsed.NotAfter):
		return nil, fmt.Errorf("the certificate of the authority %s has expired on %s", parsed.Subject, parsed.NotAfter.Format(time.DateOnly))
	case !canSign:
		return nil, fmt.Errorf("the key of the authority %s cannot sign", parsed.Subject)
	}
	return &Authority{key: signer, certificate: parsed, issued: map[string]*tls.Certificate{}}, nil
}

// newTemplate is what the certificates of the authority have in common.
func newTemplate(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("draw a serial number for the certificate of %s: %w", name, err)
	}
	now := time.Now()
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-clockSkew), NotAfter: now.Add(lifetime)}, nil
}

// Pool holds the authority's certificate, for a client that is to trust it.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// PEM is the authority's certificate as a file holds it, for a client that is to trust it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// KeyHash is the SHA-256 of the authority's public key (SubjectPublicKeyInfo) in base64: the form in which a browser is told of a key to trust (RFC 7469, section 2.4).
func (a *Authority) KeyHash() string {
	sum := sha256.Sum256(a.certificate.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Certificate is the one for a host name, with the authority's behind it. It is issued at the first call for a name. An error names the name.
func (a *Authority) Certificate(name string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.issued[name]; known != nil {
		return known, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key for %s: %w", name, err)
	}
	template, err := newTemplate(name)
	if err != nil {
		return nil, err
	}
	template.DNSNames, template.KeyUsage, template.ExtKeyUsage = []string{name}, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", name, err)
	}
	a.issued[name] = &tls.Certificate{Certificate: [][]byte{raw, a.certificate.Raw}, PrivateKey: key}
	return a.issued[name], nil
}

// server is what a connection is served with that was made to a name, and for no other.
func (a *Authority) server(name string) *tls.Config {
	return a.Server(func(asked string) error {
		if asked != name {
			return fmt.Errorf("the connection is for %s, and the client wants a certificate of %q", name, asked)
		}
		return nil
	})
}

// Server is what connections are served with by the names that clients ask for (SNI): each gets a certificate of its name, but for those that refused gives an error for.
func (a *Authority) Server(refused func(name string) error) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// A socket begins as a request of HTTP/1.1, and one connection per request is what a desk can cut.
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			name := strings.ToLower(hello.ServerName)
			if err := refused(name); err != nil {
				return nil, err
			}
			return a.Certificate(name)
		},
	}
}
