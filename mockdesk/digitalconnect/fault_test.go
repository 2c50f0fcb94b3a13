package digitalconnect_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

// play has a fault happen at the next request for an operation.
func (s *stage) play(operation string, f fault.Fault) fault.ID {
	s.t.Helper()
	schedule, err := fault.ParseSchedule("next 1")
	require.NoError(s.t, err)
	id, err := s.mock.Faults().Add(fault.Rule{Fault: f, Schedule: schedule, Scope: fault.Scope{Operation: operation}})
	require.NoError(s.t, err)
	return id
}

// answersToStart are the answers to starts so far.
func (s *stage) answersToStart() []journal.Entry {
	return s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Response && e.Operation == digitalconnect.OpStart })
}

func TestFaultsThatAnswer(t *testing.T) {
	for _, one := range []struct {
		name   string
		fault  fault.Fault
		status int
		// opened says whether the conversation was started all the same.
		opened bool
		check  func(*testing.T, answer)
	}{
		{"status", fault.Fault{Kind: fault.Status, Status: 503}, 503, false, func(t *testing.T, a answer) {
			t.Helper()
			assert.Empty(t, fixtures.CheckDigitalConnect("error", []byte(a.text)), "in the shape of the API")
			assert.Equal(t, "MOCK-503", a.member("code"))
		}},
		{"too many", fault.Fault{Kind: fault.TooMany, For: 2 * time.Second}, 429, false, func(t *testing.T, a answer) {
			t.Helper()
			assert.Equal(t, "2", a.header.Get("Retry-After"))
		}},
		{"malformed", fault.Fault{Kind: fault.Malformed}, 201, true, func(t *testing.T, a answer) { t.Helper(); assert.Nil(t, a.body) }},
		{"wrong type", fault.Fault{Kind: fault.ContentType, ContentType: "text/html"}, 201, true, func(t *testing.T, a answer) {
			t.Helper()
			assert.Equal(t, "text/html", a.header.Get("Content-Type"))
		}},
		{"redirect", fault.Fault{Kind: fault.Redirect, Location: "https://elsewhere.test/"}, 307, false, func(t *testing.T, a answer) {
			t.Helper()
			assert.Equal(t, "https://elsewhere.test/", a.header.Get("Location"))
		}},
		{"body", fault.Fault{Kind: fault.Body, Status: 206, ContentType: "application/json", Text: `{"a":1}`}, 206, false, func(t *testing.T, a answer) { t.Helper(); assert.Equal(t, `{"a":1}`, a.text) }},
	} {
		t.Run(one.name, func(t *testing.T) {
			s := newStage(t)
			s.signIn()
			s.play(digitalconnect.OpStart, one.fault)
			a := s.do(http.MethodPost, conversations, aStart, "x-idempotency-key", "k")
			assert.Equal(t, one.status, a.status)
			one.check(t, a)
			assert.Equal(t, one.opened, len(s.mock.Conversations()) == 1)
			again := s.do(http.MethodPost, conversations, aStart, "x-idempotency-key", "k")
			assert.Equal(t, http.StatusCreated, again.status)
			assert.Len(t, s.mock.Conversations(), 1, "the same transfer")
			assert.Empty(t, s.violations())
			played := s.await("fault.played", journal.Act)
			assert.Less(t, played.Seq, s.answersToStart()[0].Seq)
		})
	}
}

func TestFaultsThatLoseTheAnswer(t *testing.T) {
	for _, one := range []struct {
		name   string
		fault  fault.Fault
		opened bool
		note   string
	}{
		{"before the effect", fault.Fault{Kind: fault.Reset}, false, "before the desk did anything"},
		{"after the effect", fault.Fault{Kind: fault.ResetAfter}, true, "the desk did as asked"},
		{"within the answer", fault.Fault{Kind: fault.Truncate, Bytes: 5}, true, "the connection was reset after 5"},
	} {
		t.Run(one.name, func(t *testing.T) {
			s := newStage(t, func(o *digitalconnect.Options) { o.Users = 1 })
			s.signIn()
			s.play(digitalconnect.OpStart, one.fault)
			_, err := s.call(http.MethodPost, api+conversations, "application/json", aStart, "Authorization", "Bearer "+s.token)
			require.Error(t, err)
			assert.Equal(t, one.opened, len(s.mock.Conversations()) == 1)
			assert.Contains(t, s.answersToStart()[0].Note, one.note)
			assert.Equal(t, http.StatusCreated, s.do(http.MethodPost, conversations, aStart).status)
			assert.Empty(t, s.violations(), "whoever has no answer asks again")
		})
	}
}

func TestFaultsThatTakeTime(t *testing.T) {
	s := newStage(t)
	s.signIn()
	s.play(digitalconnect.OpStart, fault.Fault{Kind: fault.Delay, For: 3 * time.Second})
	answered := make(chan answer, 1)
	go func() { answered <- s.do(http.MethodPost, conversations, aStart) }()
	s.await("fault.played", journal.Act)
	assert.Empty(t, s.mock.Conversations())
	s.clock.Advance(3 * time.Second)
	assert.Equal(t, http.StatusCreated, (<-answered).status)

	id := s.play(digitalconnect.OpStart, fault.Fault{Kind: fault.HoldReply})
	go func() { answered <- s.do(http.MethodPost, conversations, aStart) }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, s.mock.Faults().WaitParked(ctx, fault.Scope{}, 1))
	assert.Len(t, s.mock.Conversations(), 2, "it is done already")
	require.NoError(t, s.mock.Faults().Release(id))
	assert.Equal(t, http.StatusCreated, (<-answered).status)

	s.play(digitalconnect.OpStart, fault.Fault{Kind: fault.Hang})
	impatient, giveUp := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(impatient, http.MethodPost, api+conversations, strings.NewReader(aStart))
	require.NoError(t, err)
	gone := make(chan error, 1)
	go func() {
		response, err := s.client.Do(r)
		if err == nil {
			_ = response.Body.Close()
		}
		gone <- err
	}()
	require.NoError(t, s.journal.WaitUntil(ctx, func() bool {
		return len(s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Request && e.Operation == digitalconnect.OpStart })) == 3
	}))
	giveUp()
	require.ErrorIs(t, <-gone, context.Canceled)
	require.NoError(t, s.journal.WaitUntil(ctx, func() bool { return len(s.answersToStart()) == 3 }))
	assert.Contains(t, s.answersToStart()[2].Note, "the desk was told never to answer")
}

// TestClientThatHasGone has a start take effect after its client has given up, who then asks again.
func TestClientThatHasGone(t *testing.T) {
	s := newStage(t, func(o *digitalconnect.Options) { o.Users = 1 })
	s.signIn()
	id := s.play(digitalconnect.OpStart, fault.Fault{Kind: fault.HoldReply})
	impatient, giveUp := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(impatient, http.MethodPost, api+conversations, strings.NewReader(aStart))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/json")
	noticed := make(chan struct{})
	var once sync.Once
	s.watch = func(r *http.Request) { once.Do(func() { context.AfterFunc(r.Context(), func() { close(noticed) }) }) }
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	gone := make(chan error, 1)
	go func() {
		response, err := s.client.Do(r)
		if err == nil {
			_ = response.Body.Close()
		}
		gone <- err
	}()
	require.NoError(t, s.mock.Faults().WaitParked(ctx, fault.Scope{}, 1))
	giveUp()
	require.ErrorIs(t, <-gone, context.Canceled)
	select {
	case <-noticed:
	case <-ctx.Done():
		require.FailNow(t, "the mock never saw that its client had gone")
	}
	require.NoError(t, s.mock.Faults().Release(id))
	answered := s.await("POST "+conversations, journal.Response)
	assert.InDelta(t, 0, data(t, answered)["status"], 0)
	assert.Equal(t, "The client had gone before the answer 201.", answered.Note)
	assert.Equal(t, http.StatusCreated, s.do(http.MethodPost, conversations, aStart).status)
	assert.Len(t, s.mock.Conversations(), 2)
	assert.Empty(t, s.violations(), "whoever has no answer asks again")
}

func TestFaultsOfEveryOperation(t *testing.T) {
	s := newStage(t)
	c := s.start()
	id := s.upload("a.pdf", "x")
	link := s.do(http.MethodGet, "/attachments/2023-03/"+id+"/download-link", "").member("url")
	upload := s.do(http.MethodPost, "/attachments/2023-03/upload-link", "{}").member("url")
	in := api + conversations + "/" + c.ID()
	for _, one := range []struct{ operation, method, address, body string }{
		{digitalconnect.OpToken, "POST", identity + "/oauth/token", ""}, {digitalconnect.OpCerts, "GET", identity + "/oauth/certs", ""}, {digitalconnect.OpStart, "POST", api + conversations, aStart},
		{digitalconnect.OpMessage, "POST", in + "/messages", `{"content":"x"}`}, {digitalconnect.OpEnd, "DELETE", in, ""}, {digitalconnect.OpUploadLink, "POST", api + "/attachments/2023-03/upload-link", "{}"},
		{digitalconnect.OpUpload, "PUT", upload, "x"}, {digitalconnect.OpCreate, "POST", api + "/attachments/2023-03", "{}"}, {digitalconnect.OpAttachment, "GET", api + "/attachments/2023-03/" + id, ""},
		{digitalconnect.OpDownloadLink, "GET", api + "/attachments/2023-03/" + id + "/download-link", ""}, {digitalconnect.OpDownload, "GET", link, ""},
		{"attachments", "GET", api + "/attachments/2023-03", ""}, {"delete-attachment", "DELETE", api + "/attachments/2023-03/" + id, ""},
	} {
		assert.Contains(t, digitalconnect.Operations(), one.operation)
		s.play(one.operation, fault.Fault{Kind: fault.Status, Status: 503})
		a, err := s.call(one.method, one.address, "application/json", one.body, "Authorization", "Bearer "+s.token)
		require.NoError(t, err)
		assert.Equal(t, http.StatusServiceUnavailable, a.status, one.operation)
		a, err = s.call(one.method, one.address, "application/json", one.body, "Authorization", "Bearer "+s.token)
		require.NoError(t, err)
		assert.NotEqual(t, http.StatusServiceUnavailable, a.status, one.operation)
	}
	assert.Len(t, digitalconnect.Operations(), 13)
}

func TestFaultOfOneConversation(t *testing.T) {
	s := newStage(t)
	first, second := s.start(), s.start()
	_, err := s.mock.Faults().Add(fault.Rule{Fault: fault.Fault{Kind: fault.Status, Status: 500}, Scope: fault.Scope{Operation: "message", Conversation: second.ID()}})
	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, s.say(first, `{"content":"x"}`).status)
	assert.Equal(t, http.StatusInternalServerError, s.say(second, `{"content":"x"}`).status)
	assert.Empty(t, second.Snapshot().Messages)
}

func TestTokenRefusedOnPurpose(t *testing.T) {
	s := newStage(t)
	s.play(digitalconnect.OpToken, fault.Fault{Kind: fault.Status, Status: 401})
	a := s.askToken(map[string][]string{})
	assert.Equal(t, http.StatusUnauthorized, a.status)
	assert.Equal(t, "invalid_client", a.member("error"))
	assert.Empty(t, fixtures.CheckDigitalConnect("token-error", []byte(a.text)))
}

func TestAdopt(t *testing.T) {
	s := newStage(t)
	near, far := net.Pipe()
	s.mock.Adopt(far)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, identity+"/oauth/certs", nil)
	require.NoError(t, err)
	response, err := transport.RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
	s.mock.Close()
	_, err = near.Read(make([]byte, 1))
	require.Error(t, err, "the mock has ended its connections")
	near, far = net.Pipe()
	s.mock.Adopt(far)
	_, err = near.Read(make([]byte, 1))
	require.Error(t, err, "and takes no more")
}
