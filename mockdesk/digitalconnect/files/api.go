package files

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// The operations, by the names that faults are played on and journals read.
const (
	OpUploadLink   = "upload-link"
	OpUpload       = "upload"
	OpCreate       = "create"
	OpAttachment   = "attachment"
	OpDownloadLink = "download-link"
	OpDownload     = "download"
	OpList         = "attachments"
	OpDelete       = "delete-attachment"
)

// maxBody is the most bytes of a body for the API.
const maxBody = 1 << 20

// Call is a request that was recognized by its method and path, before its body is read. It has its effect by Do.
type Call struct {
	// Operation is one of the operations, empty for a method that a path does not have.
	Operation string
	// Limit is the most bytes that its body may have.
	Limit int64

	store *Store
	r     *http.Request
	// scope is what the client needs, empty for the storage.
	scope string
	// id is the attachment in the path; do has the effect, with Store.mu held.
	id string
	do func(c *Call, body []byte) Reply
}

// Do does what was asked and returns the answer. body is the whole body of the request, within Limit.
func (c *Call) Do(body []byte) Reply {
	if c.scope != "" {
		if refusal := c.store.options.Refuse(c.r, c.scope); refusal != nil {
			return *refusal
		}
	}
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return c.do(c, body)
}

// TooLarge is the answer to a body that is over Limit.
func (c *Call) TooLarge() Reply {
	if c.Operation == OpUpload {
		return storageProblem(http.StatusBadRequest, "EntityTooLarge", "The upload is larger than the storage takes.")
	}
	return refused(http.StatusRequestEntityTooLarge, "TOO-LARGE", "The body is too large.")
}

// route is what a method of a path means.
type route struct {
	method, operation, scope string
	do                       func(*Call, []byte) Reply
}

// The paths of the API below Prefix: of all attachments, of upload links, of one attachment, and of its download link.
var (
	ofAll      = []route{{http.MethodGet, OpList, ScopeRead, (*Call).list}, {http.MethodPost, OpCreate, ScopeWrite, (*Call).create}}
	ofUploads  = []route{{http.MethodPost, OpUploadLink, ScopeRequest, (*Call).uploadLink}}
	ofOne      = []route{{http.MethodGet, OpAttachment, ScopeRead, (*Call).get}, {http.MethodDelete, OpDelete, ScopeWrite, (*Call).remove}}
	ofDownload = []route{{http.MethodGet, OpDownloadLink, ScopeDownload, (*Call).downloadLink}}
)

// API recognizes a request for the attachments API; nil is one for something else.
func (s *Store) API(r *http.Request) *Call {
	rest, is := strings.CutPrefix(r.URL.EscapedPath(), Prefix)
	if !is || rest != "" && rest[0] != '/' {
		return nil
	}
	segments := strings.Split(strings.TrimPrefix(rest, "/"), "/")
	id, err := url.PathUnescape(segments[0])
	switch {
	case err != nil:
		return nil
	case rest == "":
		return s.call(r, "", ofAll)
	case rest == "/upload-link":
		return s.call(r, "", ofUploads)
	case len(segments) == 1 && id != "":
		return s.call(r, id, ofOne)
	case len(segments) == 2 && id != "" && segments[1] == "download-link":
		return s.call(r, id, ofDownload)
	}
	return nil
}

// call picks the route of a path by the method.
func (s *Store) call(r *http.Request, id string, routes []route) *Call {
	at := slices.IndexFunc(routes, func(t route) bool { return t.method == r.Method })
	c := &Call{Limit: maxBody, store: s, r: r, id: id}
	if at < 0 {
		var allow []string
		for _, t := range routes {
			allow = append(allow, t.method)
		}
		c.do = func(*Call, []byte) Reply { return wrongMethod(strings.Join(allow, ", ")) }
		return c
	}
	c.Operation, c.scope, c.do = routes[at].operation, routes[at].scope, routes[at].do
	return c
}

// read takes a body in that is one JSON object, with its keys exactly as they are and each of them once; the refusal says what it is instead.
func read(r *http.Request, body []byte) (map[string]jsontext.Value, *Reply) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		rep := refused(http.StatusBadRequest, "NOT-JSON", "The body is announced as "+media+"; send application/json.")
		return nil, &rep
	}
	var fields map[string]jsontext.Value
	err := json.Unmarshal(body, &fields)
	if err == nil && fields == nil {
		err = errors.New("it is null")
	}
	if err != nil {
		rep := refused(http.StatusBadRequest, "NOT-JSON", "The body is not a JSON object with each key once.")
		rep.Notes = []string{"The body cannot be read: " + err.Error() + "."}
		return nil, &rep
	}
	return fields, nil
}

func (c *Call) uploadLink(body []byte) Reply {
	fields, refusal := read(c.r, body)
	if refusal != nil {
		return *refusal
	}
	u := &upload{}
	if raw, given := fields["allowed_mime_types"]; given {
		if err := json.Unmarshal(raw, &u.types); err != nil || u.types == nil {
			return badField("allowed_mime_types", "must be a list of strings")
		}
	}
	id := uuid.NewString()
	c.store.uploads[id] = u
	return ok(map[string]string{"request_id": id, "url": c.store.sign(link{path: "/uploads/" + id, upload: u})})
}

func (c *Call) create(body []byte) Reply {
	fields, refusal := read(c.r, body)
	if refusal != nil {
		return *refusal
	}
	var name, request string
	if err := json.Unmarshal(fields["name"], &name); err != nil || name == "" || !utf8.ValidString(name) {
		return badField("name", "must be a string that is not empty")
	}
	if err := json.Unmarshal(fields["request_id"], &request); err != nil {
		return badField("request_id", "must be a string")
	}
	a := Attachment{Name: name, Created: true}
	if raw, given := fields["metadata"]; given {
		if err := json.Unmarshal(raw, &a.Metadata); err != nil || a.Metadata == nil {
			return badField("metadata", "must be an object")
		}
	}
	u := c.store.uploads[request]
	switch {
	case u == nil:
		return badField("request_id", "is not one that an upload link was given with")
	case u.made != nil && u.made.Name == name && c.store.find(u.made.ID) != nil:
		rep := answered(u.made)
		rep.Notes = []string{"The attachment has been made already; the same one is answered."}
		return rep
	case u.made != nil:
		return badField("request_id", "has been used for another attachment")
	case u.content == nil:
		return badField("request_id", "is of an upload that has not arrived")
	case slices.ContainsFunc(c.store.kept, func(k *stored) bool { return k.Created && k.Name == name }):
		return refused(http.StatusConflict, "NAME", "There is an attachment of this name.", problemField{Name: "name", Description: "is taken"})
	}
	a.Type = u.mediaType()
	u.made = c.store.keep(a, u.content)
	return answered(u.made)
}

func (c *Call) get([]byte) Reply {
	found := c.store.find(c.id)
	if found == nil {
		return unknown()
	}
	return answered(found)
}

func (c *Call) remove([]byte) Reply {
	found := c.store.find(c.id)
	if found == nil {
		return unknown()
	}
	c.store.kept = slices.DeleteFunc(c.store.kept, func(a *stored) bool { return a == found })
	return Reply{Status: http.StatusNoContent, Attachment: new(found.copied())}
}

func (c *Call) downloadLink([]byte) Reply {
	found := c.store.find(c.id)
	if found == nil {
		return unknown()
	}
	rep := ok(map[string]any{"url": c.store.sign(link{path: "/downloads/" + found.ID, download: found.ID}), "expire_time": int(c.store.options.LinkLife.Seconds())})
	rep.Attachment = new(found.copied())
	return rep
}

func unknown() Reply {
	return refused(http.StatusNotFound, "UNKNOWN", "There is no attachment of this id.")
}

// answered is an attachment as the API gives it.
func answered(a *stored) Reply {
	rep := ok(a.resource())
	rep.Attachment = new(a.copied())
	return rep
}

// resource is an attachment as it stands in answers.
func (a *stored) resource() map[string]any {
	self := Prefix + "/" + url.PathEscape(a.ID)
	told := map[string]any{
		"id": a.ID, "name": a.Name, "state": a.State, "size": a.Size, "type": a.Type, "provider": "mock",
		"_links": map[string]any{"self": href(self), "download_link": href(self + "/download-link")},
	}
	if a.Metadata != nil {
		told["metadata"] = a.Metadata
	}
	return told
}

func href(path string) map[string]string { return map[string]string{"href": path} }
