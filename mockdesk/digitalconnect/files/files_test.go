package files_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"deskcheck/mockdesk/digitalconnect/files"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFileGoesUpAndComesDown(t *testing.T) {
	s := newStage(t)
	request, address := s.place()
	assert.True(t, strings.HasPrefix(address, s.url+"/storage/uploads/"), address)
	assert.Equal(t, "upload-link", s.op.Load())

	up := s.ask(http.MethodPut, address, "%PDF-1.7 ü", "Content-Type", "application/pdf")
	assert.Equal(t, http.StatusOK, up.status)
	assert.Empty(t, up.body)
	assert.Equal(t, "upload", s.op.Load())
	digest := sha256.Sum256([]byte("%PDF-1.7 ü"))
	sum := hex.EncodeToString(digest[:])
	assert.Equal(t, &files.Uploaded{Type: "application/pdf", Size: 11, SHA256: sum}, s.last.Load().Uploaded)
	assert.Empty(t, s.last.Load().Notes)

	a := s.ask(http.MethodPost, files.Prefix, `{"name":"a.pdf","request_id":"`+request+`","metadata":{"k":"v","n":{"x":1}}}`)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	assert.Equal(t, "create", s.op.Load())
	told := a.json(t)
	id := told["id"].(string)
	assert.Equal(t, map[string]any{
		"id": id, "name": "a.pdf", "state": "ready", "size": 11.0, "type": "application/pdf", "provider": "mock", "metadata": map[string]any{"k": "v", "n": map[string]any{"x": 1.0}},
		"_links": map[string]any{"self": map[string]any{"href": files.Prefix + "/" + id}, "download_link": map[string]any{"href": files.Prefix + "/" + id + "/download-link"}},
	}, told)

	assert.Equal(t, told, s.ask(http.MethodGet, files.Prefix+"/"+id, "").json(t), "the same resource")
	assert.Equal(t, "attachment", s.op.Load())
	kept, found := s.Get(id)
	require.True(t, found)
	assert.Equal(t, sum, kept.SHA256)
	assert.True(t, kept.Created)
	assert.Equal(t, []files.Attachment{kept}, s.All())
	assert.Equal(t, &kept, s.last.Load().Attachment)

	l := s.ask(http.MethodGet, files.Prefix+"/"+id+"/download-link", "")
	assert.Equal(t, "download-link", s.op.Load())
	assert.InDelta(t, 600, l.json(t)["expire_time"], 0)
	down := s.ask(http.MethodGet, l.json(t)["url"].(string), "")
	assert.Equal(t, "download", s.op.Load())
	assert.Equal(t, http.StatusOK, down.status)
	assert.Equal(t, "%PDF-1.7 ü", string(down.body))
	assert.Equal(t, "application/pdf", down.header.Get("Content-Type"))
	assert.Equal(t, `attachment; filename=a.pdf`, down.header.Get("Content-Disposition"))
	assert.Empty(t, s.last.Load().Notes)
}

func TestDCATT12EachOperationHasItsScope(t *testing.T) {
	s := newStage(t)
	id, request := s.made("a.pdf", "x"), s.uploaded("y")
	for _, tt := range []struct{ method, path, body, scope string }{
		{http.MethodPost, "/upload-link", `{}`, files.ScopeRequest},
		{http.MethodPost, "", `{"name":"b.pdf","request_id":"` + request + `"}`, files.ScopeWrite},
		{http.MethodGet, "/" + id, "", files.ScopeRead},
		{http.MethodGet, "/" + id + "/download-link", "", files.ScopeDownload},
		{http.MethodGet, "", "", files.ScopeRead},
		{http.MethodDelete, "/" + id, "", files.ScopeWrite},
	} {
		t.Run(tt.method+tt.path, func(t *testing.T) {
			s.granted = nil
			a := s.ask(tt.method, files.Prefix+tt.path, tt.body)
			assert.Equal(t, http.StatusForbidden, a.status)
			assert.Equal(t, "needs "+tt.scope, string(a.body))
			assert.Len(t, s.All(), 1, "nothing has happened")
			s.granted = []string{tt.scope}
			a = s.ask(tt.method, files.Prefix+tt.path, tt.body)
			assert.Less(t, a.status, 300, "%s", a.body)
			if tt.method == http.MethodPost && tt.path == "" {
				s.granted = []string{files.ScopeWrite}
				require.Equal(t, http.StatusNoContent, s.ask(http.MethodDelete, files.Prefix+"/"+a.json(t)["id"].(string), "").status)
			}
		})
	}
}

func TestAnUploadLinkIsAskedForWithTypes(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct {
		name, body, err string
		headers         []string
	}{
		{"none", `{}`, "", nil},
		{"some", `{"allowed_mime_types":["image/*","text/plain"]}`, "", nil},
		{"an empty list", `{"allowed_mime_types":[]}`, "", nil},
		{"a charset", `{}`, "", []string{"Content-Type", "application/json; charset=utf-8"}},
		{"one that is no list", `{"allowed_mime_types":"image/png"}`, "allowed_mime_types must be a list of strings", nil},
		{"null", `{"allowed_mime_types":null}`, "allowed_mime_types must be a list of strings", nil},
		{"numbers", `{"allowed_mime_types":[1]}`, "allowed_mime_types must be a list of strings", nil},
		{"a list", `[]`, "not a JSON object", nil},
		{"no body", ``, "announced as", nil},
		{"null in place of an object", `null`, "not a JSON object", []string{"Content-Type", "application/json"}},
		{"half", `{"allowed_mime_types":`, "not a JSON object", nil},
		{"a key twice", `{"a":1,"a":2}`, "each key once", nil},
		{"not UTF-8", "{\"a\":\"\xff\"}", "not a JSON object", nil},
		{"a form", `{}`, "announced as application/x-www-form-urlencoded", []string{"Content-Type", "application/x-www-form-urlencoded"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := s.ask(http.MethodPost, files.Prefix+"/upload-link", tt.body, tt.headers...)
			if tt.err != "" {
				refused(t, a, http.StatusBadRequest, tt.err)
				return
			}
			assert.Equal(t, http.StatusOK, a.status, "%s", a.body)
		})
	}
}

func TestAnUploadIsMadeOnce(t *testing.T) {
	s := newStage(t)
	request, address := s.place()
	assert.Equal(t, http.StatusOK, s.ask(http.MethodPut, address, "one").status)
	assert.Equal(t, http.StatusOK, s.ask(http.MethodPut, address, "one").status, "a repetition of what may have been lost")
	assert.Equal(t, []string{"The same bytes were uploaded before."}, s.last.Load().Notes)
	a := s.ask(http.MethodPut, address, "other")
	assert.Equal(t, http.StatusForbidden, a.status)
	assert.Contains(t, string(a.body), "<Code>AccessDenied</Code><Message>The link has been used for another upload.")
	assert.Equal(t, "application/xml", a.header.Get("Content-Type"))
	id := s.create("a.pdf", request).json(t)["id"].(string)
	content, found := s.Content(id)
	require.True(t, found)
	assert.Equal(t, "one", string(content))
}

func TestTheStorageTakesSignedLinksOnly(t *testing.T) {
	s := newStage(t)
	_, up := s.place()
	_, other := s.place()
	id := s.made("a.pdf", "x")
	down := s.link(id)
	path := func(address string) string {
		before, _, _ := strings.Cut(address, "?")
		return before
	}
	query := func(address string) string {
		_, after, _ := strings.Cut(address, "?")
		return after
	}
	for _, tt := range []struct {
		name, method, address string
		status                int
	}{
		{"no signature", http.MethodPut, path(up), 403},
		{"another's signature", http.MethodPut, path(up) + "?" + query(other), 403},
		{"that of a download", http.MethodPut, path(up) + "?" + query(down), 403},
		{"that of an upload", http.MethodGet, path(down) + "?" + query(up), 403},
		{"none for a download", http.MethodGet, path(down), 403},
		{"a link made of the id", http.MethodGet, s.url + "/storage/downloads/" + id, 403},
		{"POST", http.MethodPost, up, 405},
		{"PUT to a download", http.MethodPut, down, 405},
		{"GET of an upload", http.MethodGet, up, 405},
		{"another path", http.MethodGet, s.url + "/storage/x", 404},
		{"HEAD", http.MethodHead, down, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.status, s.ask(tt.method, tt.address, "").status)
		})
	}
	assert.Equal(t, http.StatusOK, s.ask(http.MethodPut, up, "x").status, "what was refused has used nothing up")
}

// TestDCATT08LinksEnd goes by the store's clock.
func TestDCATT08LinksEnd(t *testing.T) {
	s := newStage(t)
	_, up := s.place()
	id := s.made("a.pdf", "x")
	down := s.link(id)
	s.clock.Advance(599 * time.Second)
	assert.Equal(t, http.StatusOK, s.ask(http.MethodGet, down, "").status)
	assert.Equal(t, http.StatusOK, s.ask(http.MethodGet, down, "").status, "a download may be repeated")
	s.clock.Advance(time.Second)
	for method, address := range map[string]string{http.MethodGet: down, http.MethodPut: up} {
		a := s.ask(method, address, "")
		assert.Equal(t, http.StatusForbidden, a.status)
		assert.Contains(t, string(a.body), "The link has expired.")
	}
	assert.Equal(t, http.StatusOK, s.ask(http.MethodGet, s.link(id), "").status, "a new link is a new life")
}

// TestDCATT09TheStorageTellsOfAToken does not refuse it, so that nothing else fails for it.
func TestDCATT09TheStorageTellsOfAToken(t *testing.T) {
	s := newStage(t)
	_, up := s.place()
	down := s.link(s.made("a.pdf", "x"))
	for method, address := range map[string]string{http.MethodGet: down, http.MethodPut: up} {
		assert.Equal(t, http.StatusOK, s.ask(method, address, "", "Authorization", "Bearer canary").status)
		require.Len(t, s.last.Load().Notes, 1)
		assert.Contains(t, s.last.Load().Notes[0], "DC-ATT-09")
		assert.NotContains(t, s.last.Load().Notes[0], "canary")
	}
}

func TestAnUploadHasABound(t *testing.T) {
	s := newStage(t)
	_, address := s.place()
	a := s.ask(http.MethodPut, address, strings.Repeat("x", 1001))
	assert.Equal(t, http.StatusBadRequest, a.status)
	assert.Contains(t, string(a.body), "EntityTooLarge")
	assert.Equal(t, http.StatusOK, s.ask(http.MethodPut, address, strings.Repeat("x", 1000)).status)
	a = s.ask(http.MethodPost, files.Prefix, `{"name":"`+strings.Repeat("x", 1<<20)+`"}`)
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.status)
}

func TestCreateHoldsItsBody(t *testing.T) {
	s := newStage(t)
	ready := s.uploaded("x")
	empty, _ := s.place()
	used := s.uploaded("y")
	require.Equal(t, http.StatusOK, s.create("used.pdf", used).status)
	for _, tt := range []struct {
		name, body, err string
		status          int
	}{
		{"no name", `{"request_id":"` + ready + `"}`, "name must be", 400},
		{"an empty name", `{"name":"","request_id":"` + ready + `"}`, "name must be", 400},
		{"a name that is no string", `{"name":7,"request_id":"` + ready + `"}`, "name must be", 400},
		{"a name in another case", `{"Name":"a.pdf","request_id":"` + ready + `"}`, "name must be", 400},
		{"no request id", `{"name":"a.pdf"}`, "request_id must be", 400},
		{"a request id that is no string", `{"name":"a.pdf","request_id":7}`, "request_id must be", 400},
		{"an unknown request id", `{"name":"a.pdf","request_id":"nobody"}`, "request_id is not one", 400},
		{"nothing was uploaded", `{"name":"a.pdf","request_id":"` + empty + `"}`, "has not arrived", 400},
		{"used for another", `{"name":"a.pdf","request_id":"` + used + `"}`, "has been used", 400},
		{"metadata is a list", `{"name":"a.pdf","request_id":"` + ready + `","metadata":[]}`, "metadata must be", 400},
		{"metadata is null", `{"name":"a.pdf","request_id":"` + ready + `","metadata":null}`, "metadata must be", 400},
		{"the name is taken", `{"name":"used.pdf","request_id":"` + ready + `"}`, "of this name", 409},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, s.ask(http.MethodPost, files.Prefix, tt.body), tt.status, tt.err)
			assert.Len(t, s.All(), 1)
		})
	}
	assert.Equal(t, http.StatusOK, s.create("a.pdf", ready).status, "what was refused has used nothing up")
}

// TestDCATT11ANameConflictIsSurvivable has three ways out: another name, the same file once more, and the deletion of the other.
func TestDCATT11ANameConflictIsSurvivable(t *testing.T) {
	s := newStage(t)
	first := s.uploaded("one")
	id := s.create("a.pdf", first).json(t)["id"]
	again := s.create("a.pdf", first)
	assert.Equal(t, http.StatusOK, again.status, "a create whose answer was lost may be repeated")
	assert.Equal(t, id, again.json(t)["id"])
	assert.Len(t, s.last.Load().Notes, 1)
	request := s.uploaded("two")
	refused(t, s.create("a.pdf", request), http.StatusConflict, "of this name")
	assert.Equal(t, http.StatusOK, s.create("a (2).pdf", request).status)
	assert.Equal(t, http.StatusOK, s.create("A.pdf", s.uploaded("three")).status, "names are compared as they are")
	s.Put("agent.pdf", "application/pdf", []byte("x"))
	assert.Equal(t, http.StatusOK, s.create("agent.pdf", s.uploaded("four")).status, "the agent's files are not in the way")
	require.Equal(t, http.StatusNoContent, s.ask(http.MethodDelete, files.Prefix+"/"+id.(string), "").status)
	assert.Equal(t, http.StatusOK, s.create("a.pdf", s.uploaded("five")).status)
	refused(t, s.create("a.pdf", first), http.StatusBadRequest, "has been used")
}

func TestTheTypeOfAnUpload(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct{ name, asked, announced, want, note string }{
		{"as it is announced", `["application/pdf"]`, "application/pdf", "application/pdf", ""},
		{"with a parameter", `["text/plain"]`, "text/plain; charset=utf-8", "text/plain; charset=utf-8", ""},
		{"of a sort", `["IMAGE/*"]`, "image/png", "image/png", ""},
		{"any", `["*/*"]`, "image/png", "image/png", ""},
		{"not asked for", `["application/pdf","image/png"]`, "text/html", "text/html", "among the types that the link was asked for: application/pdf, image/png"},
		{"not announced", `["application/pdf"]`, "", "application/pdf", ""},
		{"not announced, one of a sort", `["image/*"]`, "", "application/octet-stream", ""},
		{"not announced, one of two", `["image/png","image/gif"]`, "", "application/octet-stream", ""},
		{"nothing said at all", `[]`, "", "application/octet-stream", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			told := s.ask(http.MethodPost, files.Prefix+"/upload-link", `{"allowed_mime_types":`+tt.asked+`}`).json(t)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, told["url"].(string), strings.NewReader("x"))
			require.NoError(t, err)
			if tt.announced != "" {
				r.Header.Set("Content-Type", tt.announced)
			}
			got, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			_, _ = io.Copy(io.Discard, got.Body)
			got.Body.Close()
			require.Equal(t, http.StatusOK, got.StatusCode, "it is taken all the same")
			assert.Contains(t, strings.Join(s.last.Load().Notes, " "), tt.note)
			assert.Equal(t, tt.note == "", len(s.last.Load().Notes) == 0)
			assert.Equal(t, tt.want, s.create(tt.name, told["request_id"].(string)).json(t)["type"])
		})
	}
}

func TestWhatIsUnknown(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodGet, files.Prefix + "/nobody", 404, ""},
		{http.MethodGet, files.Prefix + "/nobody/download-link", 404, ""},
		{http.MethodDelete, files.Prefix + "/nobody", 404, ""},
		{http.MethodGet, files.Prefix + "/..%2f..%2fetc%2fpasswd", 404, ""},
		{http.MethodPatch, files.Prefix + "/nobody", 405, "GET, DELETE"},
		{http.MethodPut, files.Prefix, 405, "GET, POST"},
		{http.MethodGet, files.Prefix + "/upload-link", 405, "POST"},
		{http.MethodPost, files.Prefix + "/nobody/download-link", 405, "GET"},
	} {
		t.Run(tt.method+tt.path, func(t *testing.T) {
			a := s.ask(tt.method, tt.path, "")
			refused(t, a, tt.status, "There is no ")
			assert.Equal(t, tt.allow, a.header.Get("Allow"))
		})
	}
	for _, path := range []string{"/attachments", "/attachments/2023-04", "/attachments/2023-03x", files.Prefix + "/", files.Prefix + "/a/b", files.Prefix + "/a/download-link/b", files.Prefix + "//download-link"} {
		t.Run(path, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://api.test"+path, http.NoBody)
			require.NoError(t, err)
			assert.Nil(t, s.API(r), "it is not the attachments'")
		})
	}
}

func TestDeletedIsGone(t *testing.T) {
	s := newStage(t)
	id := s.made("a.pdf", "x")
	down := s.link(id)
	a := s.ask(http.MethodDelete, files.Prefix+"/"+id, "")
	assert.Equal(t, http.StatusNoContent, a.status)
	assert.Empty(t, a.body)
	assert.Equal(t, "delete-attachment", s.op.Load())
	refused(t, s.ask(http.MethodGet, files.Prefix+"/"+id, ""), http.StatusNotFound, "no attachment")
	refused(t, s.ask(http.MethodDelete, files.Prefix+"/"+id, ""), http.StatusNotFound, "no attachment")
	gone := s.ask(http.MethodGet, down, "")
	assert.Equal(t, http.StatusNotFound, gone.status)
	assert.Contains(t, string(gone.body), "NoSuchKey")
	_, found := s.Content(id)
	assert.False(t, found)
}

func TestTheList(t *testing.T) {
	s := newStage(t)
	for i := range 120 {
		s.Put(fmt.Sprintf("%d.png", i), map[bool]string{true: "image/png", false: "application/pdf"}[i%2 == 0], nil)
	}
	body := `{"name":"tagged.txt","request_id":"` + s.uploaded("x") + `","metadata":{"case":"7","n":1}}`
	require.Equal(t, http.StatusOK, s.ask(http.MethodPost, files.Prefix, body).status)
	for _, tt := range []struct {
		query        string
		total, count int
		first        string
	}{
		{"", 121, 50, "0.png"},
		{"?page=2", 121, 50, "50.png"},
		{"?page=3", 121, 21, "100.png"},
		{"?page=4", 121, 0, ""},
		{"?page=9223372036854775807", 121, 0, ""},
		{"?per_page=7&page=2", 121, 7, "7.png"},
		{"?per_page=100", 121, 100, "0.png"},
		{"?name=11.png", 1, 1, "11.png"},
		{"?name=11", 0, 0, ""},
		{"?types=image/png", 60, 50, "0.png"},
		{"?types=image/png,application/pdf", 121, 50, "0.png"},
		{"?types=image/png&types=text/plain", 60, 50, "0.png"},
		{"?state=ready", 121, 50, "0.png"},
		{"?state=pending", 0, 0, ""},
		{"?" + url.Values{"metadata[case]": {"7"}}.Encode(), 1, 1, "tagged.txt"},
		{"?" + url.Values{"metadata[n]": {"1"}}.Encode(), 1, 1, "tagged.txt"},
		{"?" + url.Values{"metadata[case]": {"8"}}.Encode(), 0, 0, ""},
		{"?unknown=1", 121, 50, "0.png"},
	} {
		t.Run(tt.query, func(t *testing.T) {
			a := s.ask(http.MethodGet, files.Prefix+tt.query, "")
			require.Equal(t, http.StatusOK, a.status)
			told := a.json(t)
			assert.InDelta(t, tt.total, told["total"], 0)
			assert.InDelta(t, tt.count, told["count"], 0)
			shown := told["_embedded"].(map[string]any)["attachments"].([]any)
			require.Len(t, shown, tt.count)
			if tt.first != "" {
				assert.Equal(t, tt.first, shown[0].(map[string]any)["name"])
			}
		})
	}
	for _, query := range []string{"?page=0", "?page=x", "?page=", "?page=-1", "?page=9223372036854775808", "?per_page=101", "?per_page=0"} {
		refused(t, s.ask(http.MethodGet, files.Prefix+query, ""), http.StatusBadRequest, "must be a whole number from 1")
	}
}

// TestHostileNames come back as they were sent, in JSON, and do no harm in a header.
func TestHostileNames(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{"../../x", `C:\x.exe`, "a\u202egpj.exe", strings.Repeat("n", 3000) + ".pdf", "a\r\nX-Injected: 1", `"quoted";.pdf`, "nul\x00.pdf", "тест 😀.pdf", " .pdf ", "<img src=x onerror=1>.pdf"} {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			for _, id := range []string{s.made(name, "x"), s.Put(name, "text/plain\r\nX-Injected: 1", []byte("x")).ID} {
				assert.Equal(t, name, s.ask(http.MethodGet, files.Prefix+"/"+id, "").json(t)["name"])
				down := s.ask(http.MethodGet, s.link(id), "")
				require.Equal(t, http.StatusOK, down.status)
				assert.Empty(t, down.header.Get("X-Injected"))
				_, parameters, err := mime.ParseMediaType(down.header.Get("Content-Disposition"))
				require.NoError(t, err)
				assert.Equal(t, name, parameters["filename"])
			}
		})
	}
}

func TestFilesOfTheAgentsSide(t *testing.T) {
	s := newStage(t)
	content := []byte("x")
	a := s.Put("a.png", "image/png", content)
	content[0] = 'y'
	assert.Equal(t, files.Attachment{ID: a.ID, Name: "a.png", Type: "image/png", State: files.Ready, Size: 1, SHA256: "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}, a)
	assert.NotEqual(t, a.ID, s.Put("a.png", "image/png", nil).ID, "one more of the same name is one more")
	assert.Equal(t, "x", string(s.ask(http.MethodGet, s.link(a.ID), "").body))
	_, found := s.Get("nobody")
	assert.False(t, found)
}

func TestAnEmptyFileIsAFile(t *testing.T) {
	s := newStage(t)
	id := s.made("empty.pdf", "")
	a, _ := s.Get(id)
	assert.Zero(t, a.Size)
	assert.Empty(t, s.ask(http.MethodGet, s.link(id), "").body)
}

func TestAStoreNeedsAStorageAndAJudge(t *testing.T) {
	refuse := func(*http.Request, string) *files.Reply { return nil }
	for address, fine := range map[string]bool{
		"https://attachments.storage.test": true, "http://127.0.0.1:1/x/": true, "": false, "storage.test": false, "https://": false, "https://a.test?x=1": false, "https://a.test#x": false, "http://%zz": false,
	} {
		_, err := files.New(files.Options{StorageURL: address, Refuse: refuse})
		if fine {
			assert.NoError(t, err, address)
		} else {
			assert.ErrorContains(t, err, fmt.Sprintf("%q", address))
		}
	}
	_, err := files.New(files.Options{StorageURL: "https://attachments.storage.test"})
	require.ErrorContains(t, err, "Refuse")
}

// TestManyAtOnce has a name made by one only, and no file take another's bytes.
func TestManyAtOnce(t *testing.T) {
	s := newStage(t)
	const clients = 50
	requests := make([]string, clients)
	for i := range requests {
		requests[i] = s.uploaded(strconv.Itoa(i))
	}
	create := func(name, request string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://api.test"+files.Prefix, http.NoBody)
		assert.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		return s.API(r).Do(fmt.Appendf(nil, `{"name":%q,"request_id":%q}`, name, request)).Status
	}
	var group sync.WaitGroup
	var won atomic.Int32
	for i, request := range requests {
		group.Go(func() {
			switch create("same.pdf", request) {
			case http.StatusOK:
				won.Add(1)
			case http.StatusConflict:
				assert.Equal(t, http.StatusOK, create(strconv.Itoa(i)+".pdf", request))
			default:
				assert.Fail(t, "neither made nor in conflict")
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 1, won.Load())
	require.Len(t, s.All(), clients)
	for _, a := range s.All() {
		content, _ := s.Content(a.ID)
		if a.Name != "same.pdf" {
			assert.Equal(t, strings.TrimSuffix(a.Name, ".pdf"), string(content))
		}
	}
}
