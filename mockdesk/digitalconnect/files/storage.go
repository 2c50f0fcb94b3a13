package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// Storage recognizes a request for the storage; nil is one for a path that it does not have.
func (s *Store) Storage(r *http.Request) *Call {
	path, is := strings.CutPrefix(r.URL.EscapedPath(), s.base)
	if !is {
		return nil
	}
	c := &Call{store: s, r: r, id: path}
	var allow []string
	switch {
	case strings.HasPrefix(path, "/uploads/"):
		c.Operation, c.Limit, c.do, allow = OpUpload, s.options.MaxUpload, (*Call).upload, []string{http.MethodPut}
	case strings.HasPrefix(path, "/downloads/"):
		c.Operation, c.Limit, c.do, allow = OpDownload, 0, (*Call).download, []string{http.MethodGet, http.MethodHead}
	default:
		return nil
	}
	if !slices.Contains(allow, r.Method) {
		c.Operation, c.do = "", func(*Call, []byte) Reply {
			rep := storageProblem(http.StatusMethodNotAllowed, "MethodNotAllowed", "The link is for "+strings.Join(allow, " and ")+".")
			rep.Header.Set("Allow", strings.Join(allow, ", "))
			return rep
		}
	}
	return c
}

// signed finds the link that a request has come by; the refusal says why it leads nowhere.
func (c *Call) signed() (*link, *Reply) {
	l := c.store.signed[c.r.URL.Query().Get(Signature)]
	var rep Reply
	switch {
	case l == nil || l.path != c.id:
		rep = storageProblem(http.StatusForbidden, "SignatureDoesNotMatch", "The signature of the link is not one that was given for it.")
	case !c.store.now().Before(l.until):
		rep = storageProblem(http.StatusForbidden, "AccessDenied", "The link has expired.")
	default:
		return l, nil
	}
	return nil, &rep
}

// upload takes bytes in, once. The same bytes again are a repetition of what was lost on the way, and change nothing.
func (c *Call) upload(body []byte) Reply {
	l, refusal := c.signed()
	if refusal != nil {
		return c.told(*refusal)
	}
	u := l.upload
	if u.content != nil && !bytes.Equal(u.content, body) {
		return c.told(storageProblem(http.StatusForbidden, "AccessDenied", "The link has been used for another upload."))
	}
	digest := sha256.Sum256(body)
	rep := Reply{Status: http.StatusOK, Header: http.Header{"Etag": {`"` + hex.EncodeToString(digest[:16]) + `"`}}}
	rep.Uploaded = &Uploaded{Type: c.r.Header.Get("Content-Type"), Size: int64(len(body)), SHA256: hex.EncodeToString(digest[:])}
	if u.content != nil {
		rep.Notes = append(rep.Notes, "The same bytes were uploaded before.")
		return c.told(rep)
	}
	// Never nil, though there may be no byte: an empty file is a file.
	u.content, u.contentType = append([]byte{}, body...), rep.Uploaded.Type
	if media := mediaTypeOf(u.contentType); media != "" && len(u.types) > 0 && !slices.ContainsFunc(u.types, func(t string) bool { return covers(t, media) }) {
		rep.Notes = append(rep.Notes, "The upload is announced as "+u.contentType+", which is not among the types that the link was asked for: "+strings.Join(u.types, ", ")+".")
	}
	return c.told(rep)
}

// download gives bytes out.
func (c *Call) download([]byte) Reply {
	l, refusal := c.signed()
	if refusal != nil {
		return c.told(*refusal)
	}
	found := c.store.find(l.download)
	if found == nil {
		return c.told(storageProblem(http.StatusNotFound, "NoSuchKey", "The attachment has been deleted."))
	}
	rep := Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/octet-stream"}}, Body: found.content, Attachment: new(found.copied())}
	if _, _, err := mime.ParseMediaType(found.Type); err == nil {
		rep.Header.Set("Content-Type", found.Type)
	}
	// Names are data: what a header cannot carry is left out of it.
	if disposition := mime.FormatMediaType("attachment", map[string]string{"filename": found.Name}); disposition != "" {
		rep.Header.Set("Content-Disposition", disposition)
	}
	return c.told(rep)
}

// told adds what the storage has seen that it should not have.
func (c *Call) told(rep Reply) Reply {
	if len(c.r.Header["Authorization"]) > 0 {
		rep.Notes = append(rep.Notes, "The request to the storage carries an Authorization header (DC-ATT-09).")
	}
	return rep
}

// mediaType is what an upload is: what the client said when it uploaded, or the one type that it asked the link for.
func (u *upload) mediaType() string {
	switch {
	case u.contentType != "":
		return u.contentType
	case len(u.types) == 1 && !strings.Contains(u.types[0], "*"):
		return u.types[0]
	}
	return "application/octet-stream"
}

// mediaTypeOf is a content type without its parameters, empty if it cannot be read.
func mediaTypeOf(contentType string) string {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return media
}

// covers says whether a media type, or a pattern of them such as image/*, takes another in.
func covers(pattern, media string) bool {
	pattern = strings.ToLower(strings.TrimSpace(pattern))
	sort, all := strings.CutSuffix(pattern, "/*")
	return pattern == media || pattern == "*/*" || all && strings.HasPrefix(media, sort+"/")
}
