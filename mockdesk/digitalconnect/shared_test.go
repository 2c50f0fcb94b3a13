package digitalconnect_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/digitalconnect"
)

// TestOneAddress has identity, API and storage at one address, where paths tell whom a request is for.
func TestOneAddress(t *testing.T) {
	const at = "http://127.0.0.1:8470"
	s := newStage(t, func(o *digitalconnect.Options) {
		o.Addresses = digitalconnect.Addresses{Identity: at, API: at, Storage: at}
	})
	s.signIn()
	a := s.do(http.MethodPost, "/digital-connect/conversations", aStart)
	require.Equal(t, http.StatusCreated, a.status, a.text)
	link := s.do(http.MethodPost, "/attachments/2023-03/upload-link", `{"allowed_mime_types":["application/pdf"]}`)
	require.Equal(t, http.StatusOK, link.status, link.text)
	u, err := url.Parse(link.member("url"))
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8470", u.Host)
	put, err := s.call(http.MethodPut, u.String(), "application/pdf", "12345")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, put.status, put.text)
	for _, path := range []string{"/oauth/nothing", "/uploads/none", "/nothing"} {
		missed, err := s.call(http.MethodGet, "http://any.test"+path, "", "")
		require.NoError(t, err)
		assert.GreaterOrEqual(t, missed.status, 400, path)
		assert.NotEqual(t, http.StatusMisdirectedRequest, missed.status, path)
	}
	var parties []string
	for _, e := range s.journal.Since(0) {
		if e.Kind == "request" {
			parties = append(parties, string(e.To))
		}
	}
	assert.Equal(t, []string{"identity", "api", "api", "storage", "identity", "storage", "api"}, parties)
	_, err = digitalconnect.New(digitalconnect.Options{Account: sampleAccount(t), Addresses: digitalconnect.Addresses{Identity: at, API: at}})
	require.ErrorContains(t, err, "identity and api are both at 127.0.0.1:8470; give each a host of its own, or all three the same")
}
