// Package files is Talkdesk's attachments: the API with a dated path, by which a client asks for a place to upload to, makes an attachment of what it uploaded, and asks for a place to download from; and
// the storage behind it, which knows pre-signed URLs only. It knows nothing of conversations: whoever serves it authorizes requests, plays faults on them and writes them down.
package files

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"deskcheck/mockdesk"
)

// Prefix is where the API is below its host: the date is its version.
const Prefix = "/attachments/2023-03"

// Signature is the query parameter by which the storage knows a URL that it gave; its value is a secret.
const Signature = "X-Signature"

// The scopes of the operations (DC-ATT-12). Which scopes a list and a deletion need is not published: here they are those of reading and writing.
const (
	ScopeRequest  = "attachments:request"
	ScopeWrite    = "attachments:write"
	ScopeRead     = "attachments:read"
	ScopeDownload = "attachments:download"
)

// Ready is the state of an attachment whose bytes are there.
const Ready = "ready"

// The limits of a store that is given none: how long a link lives (DC-ATT-08), and how much is uploaded at most, in bytes.
const (
	LinkLife  = 600 * time.Second
	MaxUpload = 64 << 20
)

// Attachment is a file that Talkdesk has, as the API tells of it.
type Attachment struct {
	// ID is opaque. Name and Type are what the client said of the file; neither is ever used as a path.
	ID, Name, Type string
	// State is Ready.
	State string
	// Size is in bytes, SHA256 the digest in hexadecimal, both of the bytes that are stored.
	Size   int64
	SHA256 string
	// Metadata is what the client gave with it, nil if it gave none.
	Metadata map[string]json.RawMessage
	// Created says that a client made it through the API, and not the agent's side by Put.
	Created bool
}

// Options are what a Store is made of.
type Options struct {
	// Clock is what links end by; nil is real time.
	Clock mockdesk.Clock
	// StorageURL is the base URL by which the client reaches the storage, without a query; it may have a path.
	StorageURL string
	// Refuse says whether a request to the API may do what needs the scope: nil if it may, otherwise the answer that it gets (401 or 403). It is called when the request has its effect. The storage
	// asks nobody.
	Refuse func(r *http.Request, scope string) *Reply
	// LinkLife is how long links live, for uploads and downloads, 0 for LinkLife; MaxUpload is the most bytes of an upload, 0 for MaxUpload.
	LinkLife  time.Duration
	MaxUpload int64
}

// Store is the attachments of one account. Make one with New. It is safe for use by many goroutines.
type Store struct {
	options Options
	// base is the path of the storage's URL, without a slash at its end.
	base string
	now  func() time.Time

	mu sync.Mutex
	// kept are the attachments in the order in which they were made.
	kept []*stored
	// uploads are those that were asked for, by request id; signed are the links of the storage, by signature.
	uploads map[string]*upload
	signed  map[string]*link
}

// stored is an attachment with its bytes.
type stored struct {
	Attachment
	content []byte
}

// upload is a place that a client may upload to, once.
type upload struct {
	// types are the media types that the client announced.
	types []string
	// content is what was uploaded, nil until then; contentType is what the client said that it is.
	content     []byte
	contentType string
	// made is the attachment that was made of it, nil until then.
	made *stored
}

// link is a pre-signed URL. Either of upload and download is set.
type link struct {
	path     string
	until    time.Time
	upload   *upload
	download string
}

// New makes an empty store. Its error is of a storage URL that cannot be.
func New(o Options) (*Store, error) {
	storage, err := url.Parse(o.StorageURL)
	if err != nil || storage.Scheme == "" || storage.Host == "" || storage.RawQuery != "" || storage.Fragment != "" {
		return nil, fmt.Errorf("the address of the storage, %q, is not a URL with a scheme and a host and without a query; give one such as https://attachments.storage.test", o.StorageURL)
	}
	if o.Refuse == nil {
		return nil, errors.New("there is nobody to authorize requests for attachments; give a function Refuse")
	}
	o.LinkLife, o.MaxUpload = cmp.Or(o.LinkLife, LinkLife), cmp.Or(o.MaxUpload, MaxUpload)
	o.StorageURL = strings.TrimSuffix(o.StorageURL, "/")
	s := &Store{options: o, base: strings.TrimSuffix(storage.EscapedPath(), "/"), now: time.Now, uploads: map[string]*upload{}, signed: map[string]*link{}}
	if o.Clock != nil {
		s.now = o.Clock.Now
	}
	return s, nil
}

// Put keeps a file of the agent's side, whatever its name, and returns the attachment that it is.
func (s *Store) Put(name, contentType string, content []byte) Attachment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep(Attachment{Name: name, Type: contentType}, slices.Clone(content)).copied()
}

// Get returns the attachment with an id, and whether there is one.
func (s *Store) Get(id string) (Attachment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.find(id); found != nil {
		return found.copied(), true
	}
	return Attachment{}, false
}

// Content returns the bytes of the attachment with an id, and whether there is one.
func (s *Store) Content(id string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.find(id); found != nil {
		return slices.Clone(found.content), true
	}
	return nil, false
}

// All are the attachments in the order in which they were made.
func (s *Store) All() []Attachment {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Attachment, len(s.kept))
	for i, a := range s.kept {
		all[i] = a.copied()
	}
	return all
}

// keep makes an attachment; s.mu is held.
func (s *Store) keep(a Attachment, content []byte) *stored {
	digest := sha256.Sum256(content)
	a.ID, a.State, a.Size, a.SHA256 = uuid.NewString(), Ready, int64(len(content)), hex.EncodeToString(digest[:])
	kept := &stored{Attachment: a, content: content}
	s.kept = append(s.kept, kept)
	return kept
}

// find is the attachment with an id, nil if there is none; s.mu is held.
func (s *Store) find(id string) *stored {
	at := slices.IndexFunc(s.kept, func(a *stored) bool { return a.ID == id })
	if at < 0 {
		return nil
	}
	return s.kept[at]
}

func (a *stored) copied() Attachment {
	c := a.Attachment
	c.Metadata = maps.Clone(c.Metadata)
	return c
}

// sign makes a pre-signed URL of the storage; s.mu is held.
func (s *Store) sign(l link) (address string) {
	signature := rand.Text()
	l.until = s.now().Add(s.options.LinkLife)
	s.signed[signature] = &l
	return s.options.StorageURL + l.path + "?" + Signature + "=" + signature
}
