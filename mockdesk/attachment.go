package mockdesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"deskcheck/mockdesk/journal"
)

const (
	// defaultMaxFile is the largest file that a desk takes unless it is told otherwise, in bytes.
	defaultMaxFile = 64 << 20
	// mostUpload is how much of a body the desk reads before it breaks the connection, in bytes, so that a client can be told that less would have been enough.
	mostUpload = 256 << 20
	// longestName is the longest name of a file that the desk keeps, in characters.
	longestName = 255
)

// UploadRules are what the desk says of files that the user may send.
type UploadRules struct {
	// Allowed says whether the user may send files now.
	Allowed bool `json:"allowed"`
	// Multiple says whether more than one file may go with a line.
	Multiple bool `json:"multiple"`
	// Types lists the types as the accept attribute of an HTML input does: media types, with * for all of a sort, and endings with their dot. Empty is any.
	Types string `json:"types,omitempty"`
	// MaxBytes is the largest size of one file.
	MaxBytes int64 `json:"maxBytes"`
	// MaxFiles is how many files may go with a line, 0 for any number.
	MaxFiles int `json:"maxFiles,omitempty"`
}

// What has become of an Attachment.
const (
	Stored   = "stored"   // the desk has it
	Checking = "checking" // the desk has it and is looking whether it may be kept
	Failed   = "failed"   // it was looked at and thrown away
)

// Attachment is a file that the user has sent.
type Attachment struct {
	// Key is what the client called it, Name and Type what the client said of the file; Type is empty if it said nothing.
	Key, Name, Type string
	// Size is in bytes; SHA256 is the digest of the content in hexadecimal. The content itself is not kept.
	Size   int64
	SHA256 string
	// Outcome is Stored, Checking or Failed.
	Outcome string
	// Cursor is the place of its event in the conversation's stream, At when the desk took it, by the desk's clock.
	Cursor int
	At     time.Time
}

// SetUploads sets the rules of all conversations that open from now on. Until then a desk takes files of all types, several at once, up to 64 MiB each.
func (d *Desk) SetUploads(rules UploadRules) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.uploads = rules
}

// Uploads are the rules that conversations open with.
func (d *Desk) Uploads() UploadRules {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.uploads
}

// EnforceUploads sets whether the desk refuses files that are against its rules, as it does at first, or takes them all the same.
func (d *Desk) EnforceUploads(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lenient = !on
}

// CheckUploads sets whether files that arrive from now on are Checking until FinishCheck, or Stored at once.
func (d *Desk) CheckUploads(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.checksUploads = on
}

// SetUploads changes the rules of the conversation, tells the client, and returns the event's cursor; ErrEnded after the end.
func (c *Conversation) SetUploads(rules UploadRules) (int, error) {
	return c.act(journal.Desk, "uploads.changed", "The desk changes which files it takes.", c.mustGoOn, func() map[string]any {
		c.uploads = rules
		return map[string]any{"uploads": rules}
	})
}

// Uploads are the rules of the conversation now.
func (c *Conversation) Uploads() UploadRules {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.uploads
}

// Attachments are the files that the user has sent, in the order in which they arrived whole.
func (c *Conversation) Attachments() []Attachment {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return slices.Clone(c.attachments)
}

// WaitAttachments waits until at least n files have arrived and returns all so far. Its error says how many there are and wraps the context's, or ErrClosed.
func (c *Conversation) WaitAttachments(ctx context.Context, n int) ([]Attachment, error) {
	var all []Attachment
	err := c.desk.await(ctx, func() bool {
		all = slices.Clone(c.attachments)
		return len(all) >= n
	})
	if err != nil {
		return all, fmt.Errorf("waiting for %d files in conversation %s, there are %d: %w", n, c.id, len(all), err)
	}
	return all, nil
}

// FinishCheck ends the check of a file: it is Stored if reason is empty, and Failed for that reason otherwise. It returns the event's cursor. The error says so if no file
// of that key is being checked, and wraps ErrEnded after the end.
func (c *Conversation) FinishCheck(key, reason string) (int, error) {
	at := -1
	allowed := func() error {
		at = slices.IndexFunc(c.attachments, func(a Attachment) bool { return a.Key == key && a.Outcome == Checking })
		if at < 0 {
			return fmt.Errorf("no file with the key %q is being checked", key)
		}
		return c.mustGoOn()
	}
	return c.act(journal.Desk, "attachment.checked", "The desk has looked at a file.", allowed, func() map[string]any {
		fields := map[string]any{"id": key, "outcome": Stored}
		c.attachments[at].Outcome = Stored
		if reason != "" {
			fields["outcome"], fields["reason"] = Failed, reason
			c.attachments[at].Outcome = Failed
		}
		return fields
	})
}

// uploaded is the body of an upload once it was read: all that is kept of it.
type uploaded struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// readUpload takes the file in and keeps its size and digest. The journal gets them in place of the content.
func (x *exchange) readUpload() error {
	digest := sha256.New()
	size, err := io.Copy(digest, http.MaxBytesReader(x.w, x.r.Body, mostUpload))
	if err != nil {
		return fmt.Errorf("reading the upload: %w", err)
	}
	x.upload = uploaded{Name: x.r.URL.Query().Get("name"), Type: x.r.Header.Get("Content-Type"), Size: size, SHA256: hex.EncodeToString(digest.Sum(nil))}
	x.body = journal.Payload(x.upload)
	return nil
}

// attachmentReceipt is the answer to an upload.
type attachmentReceipt struct {
	Key     string `json:"key"`
	Cursor  int    `json:"cursor"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Outcome string `json:"outcome"`
}

func receiptOf(status int, a Attachment) reply {
	return jsonReply(status, attachmentReceipt{a.Key, a.Cursor, a.Size, a.SHA256, a.Outcome})
}

// statusOf is the answer's status for a file that the desk has already, or has just taken if fresh.
func statusOf(a Attachment, fresh bool) int {
	switch {
	case a.Outcome == Checking:
		return http.StatusAccepted
	case fresh:
		return http.StatusCreated
	}
	return http.StatusOK
}

func (d *Desk) takeAttachment(x *exchange) reply {
	id, key := x.r.PathValue("id"), x.r.PathValue("key")
	if !conversationID.MatchString(id) {
		return badID(x)
	}
	if !messageKey.MatchString(key) {
		return badKey(x)
	}
	name := x.upload.Name
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > longestName {
		return invalid(x, fmt.Sprintf(`The parameter "name" must be the file's name, 1 to %d characters in UTF-8, percent-encoded.`, longestName))
	}
	c := d.byID[id]
	switch {
	case d.withdrawn[id]:
		return gone(x)
	case c == nil:
		return unknown(x)
	}
	if at := slices.IndexFunc(c.attachments, func(a Attachment) bool { return a.Key == key }); at >= 0 {
		return receiptOf(statusOf(c.attachments[at], false), c.attachments[at])
	}
	if c.state == Ended {
		return gone(x)
	}
	if rep, refused := d.refuseUpload(x, c); refused {
		return rep
	}
	a := Attachment{Key: key, Name: name, Type: x.upload.Type, Size: x.upload.Size, SHA256: x.upload.SHA256, Outcome: Stored, Cursor: len(c.log) + 1, At: d.clock.Now()}
	if d.checksUploads {
		a.Outcome = Checking
	}
	c.attachments = append(c.attachments, a)
	author := map[string]any{"role": RoleUser}
	if c.user.Name != "" {
		author["name"] = c.user.Name
	}
	c.append("attachment", map[string]any{"id": key, "author": author, "name": a.Name, "mediaType": a.Type, "size": a.Size, "sha256": a.SHA256, "outcome": a.Outcome})
	return receiptOf(statusOf(a, true), a)
}

// refuseUpload holds a file against the rules of its conversation; d.mu is held.
func (d *Desk) refuseUpload(x *exchange, c *Conversation) (reply, bool) {
	if d.lenient {
		return reply{}, false
	}
	switch rules := c.uploads; {
	case !rules.Allowed:
		return problemReply(x.r, http.StatusForbidden, "uploads-off", "The desk takes no files now", `Wait for an event "uploads.changed" that allows them.`), true
	case x.upload.Size > rules.MaxBytes:
		return problemReply(x.r, http.StatusRequestEntityTooLarge, "too-large", "The file is too large", fmt.Sprintf("It may have %d bytes at most.", rules.MaxBytes)), true
	case !rules.takes(x.upload.Name, x.upload.Type):
		return problemReply(x.r, http.StatusUnsupportedMediaType, "unsupported-type", "The desk does not take files of this type", "It takes "+rules.Types+"."), true
	}
	return reply{}, false
}

// takes says whether a file of that name and media type is among the Types.
func (r UploadRules) takes(name, contentType string) bool {
	if strings.TrimSpace(r.Types) == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = "" // none, or none that anybody could read
	}
	for word := range strings.SplitSeq(r.Types, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		sort, all := strings.CutSuffix(word, "/*")
		switch {
		case word == "":
		case strings.HasPrefix(word, "."):
			if strings.EqualFold(path.Ext(name), word) {
				return true
			}
		case all && strings.HasPrefix(media, sort+"/"), word == media, word == "*/*":
			return true
		}
	}
	return false
}

func badKey(x *exchange) reply {
	return invalid(x, `The "key" in the path must have 1 to 64 characters of A-Z, a-z, 0-9, "_" and "-".`)
}
