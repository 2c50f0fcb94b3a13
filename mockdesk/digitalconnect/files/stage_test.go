package files_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/digitalconnect/files"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stage is a store that is served over HTTP, and a client of it.
type stage struct {
	*files.Store

	t     *testing.T
	clock *mockdesk.AdvancingClock
	url   string
	// granted are the scopes that the client has, last what the latest request came to.
	granted []string
	last    atomic.Pointer[files.Reply]
	op      atomic.Value
}

// answer is what the client got.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal(a.body, &value), "%s", a.body)
	return value
}

// newStage serves a store whose storage is below a path of the same server, for a client that has all scopes.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, clock: mockdesk.NewManualClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), granted: []string{files.ScopeRequest, files.ScopeWrite, files.ScopeRead, files.ScopeDownload}}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(server.Close)
	s.url = server.URL
	var err error
	s.Store, err = files.New(files.Options{Clock: s.clock, StorageURL: server.URL + "/storage/", Refuse: s.refuse, MaxUpload: 1000})
	require.NoError(t, err)
	return s
}

func (s *stage) refuse(_ *http.Request, scope string) *files.Reply {
	if slices.Contains(s.granted, scope) {
		return nil
	}
	return &files.Reply{Status: http.StatusForbidden, Body: []byte("needs " + scope)}
}

// serve is what the mock's core does: it picks the side, reads the body within its bound, and sends the reply.
func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	call := s.API(r)
	if strings.HasPrefix(r.URL.Path, "/storage") {
		call = s.Storage(r)
	}
	if call == nil {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, call.Limit+1))
	if err != nil {
		return
	}
	var rep files.Reply
	if int64(len(body)) > call.Limit {
		rep = call.TooLarge()
	} else {
		rep = call.Do(body)
	}
	s.last.Store(&rep)
	s.op.Store(call.Operation)
	maps.Copy(w.Header(), rep.Header)
	w.WriteHeader(rep.Status)
	_, _ = w.Write(rep.Body)
}

// ask sends a request to a path of the API or to a whole URL; a body that starts with { or [ is announced as JSON. Headers are names and values in turn.
func (s *stage) ask(method, address, body string, headers ...string) answer {
	s.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = s.url + address
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, address, bytes.NewReader([]byte(body)))
	require.NoError(s.t, err)
	if strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	require.NoError(s.t, err)
	return answer{got.StatusCode, got.Header, content}
}

// place asks for a place to upload to.
func (s *stage) place() (request, address string) {
	s.t.Helper()
	a := s.ask(http.MethodPost, files.Prefix+"/upload-link", `{"allowed_mime_types":["application/pdf"]}`)
	require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
	told := a.json(s.t)
	return told["request_id"].(string), told["url"].(string)
}

// uploaded asks for a place and uploads a text to it.
func (s *stage) uploaded(content string) (request string) {
	s.t.Helper()
	request, address := s.place()
	require.Equal(s.t, http.StatusOK, s.ask(http.MethodPut, address, content, "Content-Type", "application/pdf").status)
	return request
}

// create makes an attachment of what was uploaded.
func (s *stage) create(name, request string) answer {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"name": name, "request_id": request})
	require.NoError(s.t, err)
	return s.ask(http.MethodPost, files.Prefix, string(body))
}

// made is an attachment that went the whole way.
func (s *stage) made(name, content string) (id string) {
	s.t.Helper()
	a := s.create(name, s.uploaded(content))
	require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
	return a.json(s.t)["id"].(string)
}

// link asks for a place to download from.
func (s *stage) link(id string) string {
	s.t.Helper()
	a := s.ask(http.MethodGet, files.Prefix+"/"+id+"/download-link", "")
	require.Equal(s.t, http.StatusOK, a.status, "%s", a.body)
	return a.json(s.t)["url"].(string)
}

// refused holds an answer against the error envelope.
func refused(t *testing.T, a answer, status int, contains string) {
	t.Helper()
	assert.Equal(t, status, a.status)
	assert.Equal(t, "application/json", a.header.Get("Content-Type"))
	told := a.json(t)
	assert.Regexp(t, "^MOCK-", told["code"])
	assert.Contains(t, told["message"], contains)
}
