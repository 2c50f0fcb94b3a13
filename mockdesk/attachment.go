package mockdesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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
	"deskcheck/mockdesk/wire"
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
	return c.act(journal.Desk, "uploads.changed", "The desk changes which files it takes.", c.mustGoOn, func() fields {
		c.uploads = rules
		return plainFields{"uploads": rules.fields()}
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
	err := c.await(ctx, func() bool {
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
	return c.act(journal.Desk, "attachment.checked", "The desk has looked at a file.", allowed, func() fields {
		told := plainFields{"id": key, "outcome": Stored}
		c.attachments[at].Outcome = Stored
		if reason != "" {
			told["outcome"], told["reason"] = Failed, reason
			c.attachments[at].Outcome = Failed
		}
		return told
	})
}

// uploaded is the body of an upload once it was read: all that is kept of it.
type uploaded struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// readFile takes a body in that is a file, and keeps its size and digest. The journal gets them in place of the content.
func (x *exchange) readFile() error {
	var err error
	if x.upload, err = digested(http.MaxBytesReader(x.w, x.r.Body, mostUpload)); err != nil {
		return err
	}
	x.upload.Type = x.r.Header.Get("Content-Type")
	x.tellUpload()
	return nil
}

func digested(content io.Reader) (uploaded, error) {
	digest := sha256.New()
	size, err := io.Copy(digest, content)
	if err != nil {
		return uploaded{}, fmt.Errorf("reading the upload: %w", err)
	}
	return uploaded{Size: size, SHA256: hex.EncodeToString(digest.Sum(nil))}, nil
}

// readMultipart takes a body in that has a file among its parts. The other parts are texts, and together no larger than a body may be.
func (x *exchange) readMultipart() error {
	x.r.Body = http.MaxBytesReader(x.w, x.r.Body, mostUpload)
	reader, err := x.r.MultipartReader()
	if err != nil {
		x.unread = fmt.Errorf("the body is not multipart/form-data: %w", err)
		_, drained := io.Copy(io.Discard, x.r.Body)
		return drained
	}
	texts, left := map[string]any{}, x.wire.BodyLimit
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading a part: %w", err)
		}
		if x.route.File != "" && part.FormName() == x.route.File {
			if x.upload, err = digested(part); err != nil {
				return err
			}
			x.upload.Name, x.upload.Type = part.FileName(), part.Header.Get("Content-Type")
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, left+1))
		if err != nil {
			return fmt.Errorf("reading a part: %w", err)
		}
		if left -= int64(len(text)); left < 0 {
			return &http.MaxBytesError{Limit: x.wire.BodyLimit}
		}
		texts[part.FormName()] = string(text)
	}
	x.scope.Set("body", texts)
	x.tellUpload()
	return nil
}

// tellUpload lets expressions and the journal know of the file.
func (x *exchange) tellUpload() {
	x.scope.Set("upload", map[string]any{"name": x.upload.Name, "type": x.upload.Type, "size": int(x.upload.Size), "sha256": x.upload.SHA256})
	told := x.upload
	if given, err := x.take.Given(x.scope); err == nil && given.Text("name") != "" {
		told.Name = given.Text("name")
	}
	x.body = journal.Payload(told)
}

func receiptOf(a Attachment, fresh bool) outcome {
	o := outcome{name: "stored-already", result: func() map[string]any {
		return map[string]any{"key": a.Key, "cursor": a.Cursor, "size": int(a.Size), "sha256": a.SHA256, "outcome": a.Outcome}
	}}
	switch {
	case a.Outcome == Checking:
		o.name = "checking"
	case fresh:
		o.name = "stored"
	}
	return o
}

func (d *Desk) takeAttachment(x *exchange) outcome {
	key, name := x.given.Text("key"), x.given.Text("name")
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > longestName {
		return invalid(fmt.Sprintf("The %s must be the file's name, 1 to %d characters in UTF-8.", x.given.Label("name"), longestName))
	}
	if o, cannot := d.followed(x); cannot {
		return o
	}
	c := x.c
	if at := slices.IndexFunc(c.attachments, func(a Attachment) bool { return a.Key == key && key != "" }); at >= 0 {
		return receiptOf(c.attachments[at], false)
	}
	if c.state == Ended {
		return gone()
	}
	a := Attachment{Key: key, Name: name, Type: x.given.Text("type"), Size: x.upload.Size, SHA256: x.upload.SHA256, Outcome: Stored, Cursor: c.log.length + 1, At: d.clock.Now()}
	if o, refused := d.refuseUpload(c, a); refused {
		return o
	}
	if a.Key == "" {
		// The dot keeps the desk's ids apart from those that clients may choose.
		a.Key = fmt.Sprintf("f.%d", a.Cursor)
	}
	if d.checksUploads {
		a.Outcome = Checking
	}
	c.attachments = append(c.attachments, a)
	d.touch(c, true)
	author := map[string]any{"role": RoleUser}
	if c.user.Name != "" {
		author["name"] = c.user.Name
	}
	c.append("attachment", plainFields{"id": a.Key, "author": author, "name": a.Name, "mediaType": a.Type, "size": int(a.Size), "sha256": a.SHA256, "outcome": a.Outcome})
	return receiptOf(a, true)
}

// refuseUpload holds a file against the rules of its conversation; d.mu is held.
func (d *Desk) refuseUpload(c *Conversation, a Attachment) (outcome, bool) {
	if d.lenient {
		return outcome{}, false
	}
	switch rules := c.uploads; {
	case !rules.Allowed:
		return failed(wire.UploadsOff, "The desk takes no files now", `Wait for an event "uploads.changed" that allows them.`), true
	case a.Size > rules.MaxBytes:
		return failed(wire.TooLarge, "The file is too large", fmt.Sprintf("It may have %d bytes at most.", rules.MaxBytes)), true
	case !rules.takes(a.Name, a.Type):
		return failed(wire.UnsupportedType, "The desk does not take files of this type", "It takes "+rules.Types+"."), true
	}
	return outcome{}, false
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
