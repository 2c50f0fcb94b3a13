package mockdesk_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
)

const uploadRoute = "PUT /v1/conversations/{id}/attachments/{key}"

func (s *stage) upload(key, name, contentType, body string) answer {
	s.t.Helper()
	return s.do("PUT", uploadPath(key, name), body, "Content-Type", contentType)
}

func uploadPath(key, name string) string {
	return "/v1/conversations/" + idOne + "/attachments/" + key + "?name=" + url.QueryEscape(name)
}

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func TestAFileArrivesOnceAndIsNotKeptInTheJournal(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	st := s.listen(idOne, "0")
	const name = "a \"strange\" / \\ \u202egnp.exe שלום 👋\n.png"
	body := "\x00\xff\xfe binary" + strings.Repeat("x", 200_000)

	first := s.upload("f1", name, "image/png", body)
	assert.Equal(t, http.StatusCreated, first.status)
	assert.JSONEq(t, `{"key":"f1","cursor":1,"size":200010,"sha256":"`+digest(body)+`","outcome":"stored"}`, first.raw)
	again := s.upload("f1", "other", "text/plain", "other")
	assert.Equal(t, http.StatusOK, again.status)
	assert.JSONEq(t, first.raw, again.raw)
	empty := s.upload("f2", name, "", "")
	assert.Equal(t, http.StatusCreated, empty.status, "a file may be empty, and two may have one name")

	event := st.next()
	assert.Equal(t, "attachment", event["type"])
	assert.Equal(t, name, event["name"])
	assert.Equal(t, digest(body), event["sha256"])
	all, err := c.WaitAttachments(s.ctx, 2)
	require.NoError(t, err)
	assert.Equal(t, mockdesk.Attachment{Key: "f1", Name: name, Type: "image/png", Size: 200_010, SHA256: digest(body), Outcome: mockdesk.Stored, Cursor: 1, At: s.clock.Now()}, all[0])
	assert.Equal(t, digest(""), all[1].SHA256)

	request := s.entry(journal.Request, uploadRoute)
	assert.Equal(t, map[string]any{"name": name, "type": "image/png", "size": 200010.0, "sha256": digest(body)}, data(t, request)["body"])
	assert.Less(t, len(request.Data), 2000)
}

func TestFilesAgainstTheRules(t *testing.T) {
	t.Parallel()
	rules := mockdesk.UploadRules{Allowed: true, Types: " image/*, .PDF ,text/plain", MaxBytes: 10}
	for name, c := range map[string]struct {
		change func(*mockdesk.UploadRules)
		file   string
		media  string
		body   string
		want   int
	}{
		"of a sort":          {nil, "a", "image/webp", "x", http.StatusCreated},
		"of a type":          {nil, "a", "text/plain;charset=utf-8", "x", http.StatusCreated},
		"with an ending":     {nil, "a.Pdf", "", "x", http.StatusCreated},
		"of exactly the max": {nil, "a.pdf", "", "0123456789", http.StatusCreated},
		"of another type":    {nil, "a.exe", "application/x-msdownload", "x", http.StatusUnsupportedMediaType},
		"without a type":     {nil, "a", "", "x", http.StatusUnsupportedMediaType},
		"with a broken type": {nil, "a", "image", "x", http.StatusUnsupportedMediaType},
		"too large":          {nil, "a.pdf", "", "0123456789a", http.StatusRequestEntityTooLarge},
		"uploads off":        {func(r *mockdesk.UploadRules) { r.Allowed = false }, "a.pdf", "", "x", http.StatusForbidden},
		"any type":           {func(r *mockdesk.UploadRules) { r.Types = " " }, "a", "", "x", http.StatusCreated},
		"without a name":     {nil, "", "image/png", "x", http.StatusBadRequest},
		"a long name":        {nil, strings.Repeat("ü", 255), "image/png", "x", http.StatusCreated},
		"too long a name":    {nil, strings.Repeat("ü", 256), "image/png", "x", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			with := rules
			if c.change != nil {
				c.change(&with)
			}
			s.desk.SetUploads(with)
			conversation := s.start(idOne)
			got := s.upload("f1", c.file, c.media, c.body)
			assert.Equal(t, c.want, got.status, got.raw)
			assert.Len(t, conversation.Attachments(), map[bool]int{true: 1}[c.want == http.StatusCreated])
			if c.want != http.StatusCreated && c.want != http.StatusBadRequest {
				s.desk.EnforceUploads(false)
				assert.Equal(t, http.StatusCreated, s.upload("f1", c.file, c.media, c.body).status, "a lenient desk takes it")
			}
		})
	}
}

func TestRulesThatChange(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.desk.SetUploads(mockdesk.UploadRules{MaxBytes: 5})
	c := s.start(idOne)
	st := s.listen(idOne, "0")
	assert.Equal(t, http.StatusForbidden, s.upload("f1", "a", "", "x").status)
	cursor, err := c.SetUploads(mockdesk.UploadRules{Allowed: true, MaxBytes: 5, Types: ".txt", MaxFiles: 2})
	require.NoError(t, err)
	event := st.next()
	assert.EqualValues(t, cursor, event["cursor"])
	assert.Equal(t, map[string]any{"allowed": true, "multiple": false, "types": ".txt", "maxBytes": 5.0, "maxFiles": 2.0}, event["uploads"])
	assert.Equal(t, http.StatusCreated, s.upload("f1", "a.txt", "", "x").status)
	assert.Equal(t, mockdesk.UploadRules{Allowed: true, MaxBytes: 5, Types: ".txt", MaxFiles: 2}, c.Uploads())
	assert.Equal(t, map[string]any{"allowed": true, "multiple": false, "types": ".txt", "maxBytes": 5.0, "maxFiles": 2.0},
		s.do("PUT", "/v1/conversations/"+idOne, "").json(t)["uploads"], "who asks again gets the rules of now")
	assert.Equal(t, mockdesk.UploadRules{MaxBytes: 5}, s.desk.Uploads())
}

func TestFilesThatAreLookedAt(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.CheckUploads(true)
	assert.Equal(t, http.StatusAccepted, s.upload("good", "a", "", "x").status)
	assert.Equal(t, http.StatusAccepted, s.upload("bad", "b", "", "y").status)
	assert.Equal(t, http.StatusAccepted, s.upload("bad", "b", "", "y").status, "it is still being looked at")
	st := s.listen(idOne, "2")
	_, err := c.FinishCheck("good", "")
	require.NoError(t, err)
	_, err = c.FinishCheck("bad", "It holds a virus.")
	require.NoError(t, err)
	_, err = c.FinishCheck("bad", "")
	require.ErrorContains(t, err, "no file with the key")

	event := st.next()
	assert.Equal(t, []any{"attachment.checked", "good", "stored", nil}, []any{event["type"], event["id"], event["outcome"], event["reason"]})
	event = st.next()
	assert.Equal(t, []any{"bad", "failed", "It holds a virus."}, []any{event["id"], event["outcome"], event["reason"]})
	assert.Equal(t, "failed", s.upload("bad", "b", "", "y").json(t)["outcome"])
}

func TestUploadsThatFindNoConversation(t *testing.T) {
	t.Parallel()
	s := open(t)
	assert.Equal(t, http.StatusNotFound, s.upload("f1", "a", "", "x").status)
	c := s.start(idOne)
	assert.Equal(t, http.StatusBadRequest, s.upload("no key!", "a", "", "x").status)
	assert.Equal(t, http.StatusCreated, s.upload("f1", "a", "", "x").status)
	_, err := c.End("")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, s.upload("f1", "a", "", "x").status, "repeating what has arrived is no harm")
	assert.Equal(t, http.StatusGone, s.upload("f2", "a", "", "x").status)
}

func TestAnUploadThatBreaksOffHasNoEffect(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	at, err := url.Parse(s.desk.URL())
	require.NoError(t, err)
	// Byte by byte: a client of net/http decides by itself how much it sends before it gives up.
	var dialer net.Dialer
	conn, err := dialer.DialContext(s.ctx, "tcp", at.Host)
	require.NoError(t, err)
	_, err = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nthe first half", uploadPath("f1", "a"), at.Host)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	e := s.entry(journal.Request, uploadRoute)
	assert.Equal(t, "The body never came to its end.", e.Note)
	assert.Empty(t, c.Attachments())
}

func TestFaultsOfUploads(t *testing.T) {
	t.Parallel()
	s := open(t)
	c := s.start(idOne)
	s.desk.React(mockdesk.OpAttachment, mockdesk.Hold())
	got := s.later("PUT", uploadPath("f1", "a"), "x")
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpAttachment, 1))
	assert.Empty(t, c.Attachments())
	s.desk.Release(mockdesk.OpAttachment)
	assert.Equal(t, http.StatusCreated, s.get(got).status)
	s.desk.ReactNext(mockdesk.OpAttachment, 1, mockdesk.LoseReply())
	assert.True(t, reset(s.get(s.later("PUT", uploadPath("f2", "b"), "y")).err))
	assert.Len(t, c.Attachments(), 2)
}
