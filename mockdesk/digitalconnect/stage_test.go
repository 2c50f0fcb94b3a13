package digitalconnect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
)

// The names of the account in testdata, as a connector knows them.
const (
	identity   = "http://acme.talkdeskid.com"
	api        = "http://api.talkdeskapp.com"
	storage    = "http://attachments.storage.test"
	touchpoint = "3f0c1c1e-0000-4000-8000-000000000001"
	secret     = "kit_secret-canary"
)

// sampleAccount is the account in testdata.
func sampleAccount(t *testing.T) *digitalconnect.Account {
	t.Helper()
	source, err := os.ReadFile("testdata/account.yaml")
	require.NoError(t, err)
	a, err := digitalconnect.ParseAccount("account.yaml", source)
	require.NoError(t, err)
	return a
}

// stage is a mock, with a client that calls it by the real names, and a connector that is told its events.
type stage struct {
	t       *testing.T
	mock    *digitalconnect.Talkdesk
	clock   *mockdesk.AdvancingClock
	journal *journal.Journal
	client  *http.Client
	token   string

	mu     sync.Mutex
	events []heard
	// hook answers events in the place of 204; watch sees requests before the mock does.
	hook  http.HandlerFunc
	watch func(*http.Request)
}

// heard is an event that the connector was told.
type heard struct {
	path, contentType string
	EventType         string          `json:"event_type"`
	ConversationID    string          `json:"conversation_id"`
	Timestamp         string          `json:"timestamp"`
	Payload           json.RawMessage `json:"payload"`
}

// RoundTrip is the way of events to the connector.
func (s *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	e := heard{path: r.URL.EscapedPath(), contentType: r.Header.Get("Content-Type")}
	_ = json.Unmarshal(body, &e) // what is no event stays empty
	s.mu.Lock()
	s.events = append(s.events, e)
	hook := s.hook
	s.mu.Unlock()
	w := httptest.NewRecorder()
	if hook != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
		hook(w, r)
	} else {
		w.WriteHeader(http.StatusNoContent)
	}
	return w.Result(), r.Context().Err()
}

// heardOf are the events of a conversation so far.
func (s *stage) heardOf(conversation string) []heard {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []heard
	for _, e := range s.events {
		if e.ConversationID == conversation {
			all = append(all, e)
		}
	}
	return all
}

// set changes the options of a stage before its mock is made.
type set func(*digitalconnect.Options)

// account changes the account.
func account(change func(*digitalconnect.Account)) set {
	return func(o *digitalconnect.Options) { change(o.Account) }
}

// settings changes the settings.
func settings(change func(*digitalconnect.Settings)) set {
	return func(o *digitalconnect.Options) { change(&o.Account.Settings) }
}

func newStage(t *testing.T, with ...set) *stage {
	t.Helper()
	s := &stage{t: t, clock: mockdesk.NewManualClock(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)), journal: journal.New()}
	o := digitalconnect.Options{Account: sampleAccount(t), Journal: s.journal, Clock: s.clock, Transport: s, Addresses: digitalconnect.Addresses{Storage: storage}, Touchpoint: touchpoint}
	for _, one := range with {
		one(&o)
	}
	mock, err := digitalconnect.New(o)
	require.NoError(t, err)
	s.mock = mock
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		watch := s.watch
		s.mu.Unlock()
		if watch != nil {
			watch(r)
		}
		mock.ServeHTTP(w, r)
	}))
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, server.Listener.Addr().String())
	}}
	s.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		mock.Close()
		transport.CloseIdleConnections()
		server.Close()
		assert.NoError(t, mock.Err(), "a mistake of the mock's own")
	})
	return s
}

// answer is what was answered.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

// text is a member of the body.
func (a answer) member(name string) string {
	text, _ := a.body[name].(string)
	return text
}

// call makes a request; body is sent as it is.
func (s *stage) call(method, address, contentType, body string, header ...string) (answer, error) {
	r, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := s.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{status: response.StatusCode}, err
	}
	a := answer{status: response.StatusCode, header: response.Header, text: string(raw)}
	_ = json.Unmarshal(raw, &a.body) // not every body is JSON
	return a, nil
}

// askToken asks for a token by Basic.
func (s *stage) askToken(form url.Values) answer {
	s.t.Helper()
	form.Set("grant_type", "client_credentials")
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, identity+"/oauth/token", strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.SetBasicAuth("kit-client", secret)
	a, err := s.call(r.Method, r.URL.String(), "application/x-www-form-urlencoded", form.Encode(), "Authorization", r.Header.Get("Authorization"))
	require.NoError(s.t, err)
	return a
}

// signIn gets a token for the calls to come.
func (s *stage) signIn() {
	s.t.Helper()
	a := s.askToken(url.Values{})
	require.Equal(s.t, http.StatusOK, a.status, a.text)
	s.token = a.member("access_token")
}

// do calls the API with the token.
func (s *stage) do(method, path, body string, header ...string) answer {
	s.t.Helper()
	contentType := ""
	if body != "" {
		contentType = "application/json"
	}
	a, err := s.call(method, api+path, contentType, body, append([]string{"Authorization", "Bearer " + s.token}, header...)...)
	require.NoError(s.t, err)
	return a
}

const aStart = `{"touchpoint_id":"` + touchpoint + `","contact_person":{"email":"ann@example.test"}}`

// start has the connector start a conversation.
func (s *stage) start() *digitalconnect.Conversation {
	s.t.Helper()
	if s.token == "" {
		s.signIn()
	}
	a := s.do(http.MethodPost, "/digital-connect/conversations", aStart)
	require.Equal(s.t, http.StatusCreated, a.status, a.text)
	c := s.mock.Conversation(a.member("id"))
	require.NotNil(s.t, c)
	return c
}

// say has the connector send a message.
func (s *stage) say(c *digitalconnect.Conversation, body string, header ...string) answer {
	s.t.Helper()
	return s.do(http.MethodPost, "/digital-connect/conversations/"+url.PathEscape(c.ID())+"/messages", body, header...)
}

// delivered waits for an event and gives the status of its answer.
func (s *stage) delivered(d *digitalconnect.Delivery) int {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	status, err := d.Wait(ctx)
	require.NoError(s.t, err)
	return status
}

// await waits for an entry of a name and a kind.
func (s *stage) await(name string, kind journal.Kind) journal.Entry {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	e, err := s.journal.Wait(ctx, 0, func(e journal.Entry) bool { return e.Name == name && e.Kind == kind })
	require.NoError(s.t, err, "%s %s", kind, name)
	return e
}

// violations are the requirements that were seen broken, in order.
func (s *stage) violations() []string {
	var all []string
	for _, e := range s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Violation }) {
		all = append(all, e.Requirement)
	}
	return all
}
