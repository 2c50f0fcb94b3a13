package digitalconnect

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"

	"deskcheck/mockdesk/digitalconnect"
)

// keyID is what the client's key is called.
const keyID = "kit-key-1"

// withKey makes a key for the client, of which Talkdesk knows the public half; the connector is given the other in a file, and no secret.
func (p *Player) withKey() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return acts("make a key", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return acts("write the key", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return acts("write the key", err)
	}
	dir, err := os.MkdirTemp("", "deskcheck-key-")
	if err != nil {
		return acts("make a place for the key", err)
	}
	p.cleanUp = append(p.cleanUp, func() { _ = os.RemoveAll(dir) }) // What is left of a key of no one harms nobody.
	file := filepath.Join(dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return acts("write the key", err)
	}
	p.key = string(text)
	p.values["key"], p.values["key.id"] = file, keyID
	return p.setting(func(a *digitalconnect.Account) {
		a.Clients[0].Keys = []digitalconnect.Key{{ID: keyID, PublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))}}
	})
}
