package webhook_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/digitalconnect/webhook"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// patience is what a test waits for what must come.
const patience = 20 * time.Second

// connector serves a handler, and hands on what it was asked.
func connector(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func sender(t *testing.T, o webhook.Options) *webhook.Sender {
	t.Helper()
	s := webhook.New(o)
	t.Cleanup(s.Close)
	return s
}

func settled(t *testing.T, d *webhook.Delivery) webhook.Exchange {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	status, err := d.Wait(ctx)
	x, known := d.Exchange()
	require.True(t, known, "the delivery is settled within %s", patience)
	assert.Equal(t, x.Status, status)
	assert.Equal(t, x.Err, err)
	assert.Equal(t, x.Status, d.Status())
	assert.Equal(t, x.Err, d.Err())
	assert.Equal(t, x.Latency, d.Latency())
	assert.Equal(t, x.Undelivered, d.Undelivered())
	return x
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnEventIsAPostOfJSON(t *testing.T) {
	var got *http.Request
	var body []byte
	server := connector(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	var heard []webhook.Exchange
	s := sender(t, webhook.Options{Heard: func(x webhook.Exchange) { heard = append(heard, x) }})
	d := s.Send(webhook.Event{Conversation: "c-1", Action: "message_created", Body: []byte(`{"a":"ü"}`), Target: webhook.Target{BaseURL: server.URL + "/hook", Headers: map[string]string{"X-Tenant": "acme"}}})
	x := settled(t, d)
	require.NoError(t, x.Err)
	assert.Equal(t, http.StatusNoContent, x.Status)
	assert.Empty(t, x.Undelivered)
	assert.Empty(t, x.Note)
	assert.Equal(t, http.MethodPost, got.Method)
	assert.Equal(t, "/hook", got.URL.Path, "the relative path is empty")
	assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
	assert.Equal(t, "acme", got.Header.Get("X-Tenant"))
	assert.Empty(t, got.Header.Get("Authorization"))
	assert.Empty(t, got.Header.Get("Accept-Encoding"), "what is recorded is what was sent")
	assert.Equal(t, `{"a":"ü"}`, string(body)) //nolint:testifylint // Byte for byte, not as JSON.
	require.Len(t, heard, 1)
	assert.Same(t, d, heard[0].Delivery)
	assert.Equal(t, 1, heard[0].Number)
	assert.Equal(t, server.URL+"/hook", heard[0].URL)
	assert.Equal(t, "application/json", heard[0].Header.Get("Content-Type"))
}

func TestAnEventMayHaveItsOwnHeadersMethodAndPath(t *testing.T) {
	got := make(chan *http.Request, 1)
	server := connector(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r
	})
	s := sender(t, webhook.Options{})
	target := webhook.Target{BaseURL: server.URL + "/hook", Auth: webhook.Auth{Type: webhook.Basic, User: "u", Secret: "p"}, Headers: map[string]string{"X-Tenant": "acme"}}
	for _, tt := range []struct {
		name  string
		event webhook.Event
		check func(*assert.Assertions, *http.Request)
	}{
		{"a charset", webhook.Event{Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}, func(is *assert.Assertions, r *http.Request) {
			is.Equal("application/json; charset=utf-8", r.Header.Get("Content-Type"))
		}},
		{"no credentials", webhook.Event{Header: http.Header{"authorization": nil}}, func(is *assert.Assertions, r *http.Request) {
			is.NotContains(r.Header, "Authorization")
			is.Equal("acme", r.Header.Get("X-Tenant"))
		}},
		{"others' credentials", webhook.Event{Header: http.Header{"Authorization": {"Bearer nobody"}}}, func(is *assert.Assertions, r *http.Request) {
			is.Equal("Bearer nobody", r.Header.Get("Authorization"))
		}},
		{"another method", webhook.Event{Method: http.MethodPut}, func(is *assert.Assertions, r *http.Request) { is.Equal(http.MethodPut, r.Method) }},
		{"a trailing slash", webhook.Event{Path: "/"}, func(is *assert.Assertions, r *http.Request) { is.Equal("/hook/", r.URL.Path) }},
		{"a method without a body", webhook.Event{Method: http.MethodGet}, func(is *assert.Assertions, r *http.Request) {
			is.Equal(http.MethodGet, r.Method)
			is.Zero(r.ContentLength)
			is.Empty(r.TransferEncoding)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.event.Target = target
			require.NoError(t, settled(t, s.Send(tt.event)).Err)
			tt.check(assert.New(t), <-got)
		})
	}
}

// TestWhatConnectorsAnswer is about answers that are not what they should be: each is a status, or a reason, and never more.
func TestWhatConnectorsAnswer(t *testing.T) {
	elsewhere := connector(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	for _, tt := range []struct {
		name    string
		answer  http.HandlerFunc
		timeout time.Duration
		status  int
		err     string
		is      error
		note    string
		body    int
	}{
		{name: "HTML", answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>sign in</html>") }, status: 200, body: 20},
		{name: "a failure", answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, status: 502},
		{
			name: "a redirect",
			answer: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL+"/login", http.StatusTemporaryRedirect)
			},
			status: 307, note: "The connector answered with a redirect to \"" + elsewhere.URL + "/login\", which is not followed.",
		},
		{
			name: "30 MB",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				for range 30 {
					if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<20)); err != nil {
						return
					}
				}
			},
			status: 200, note: "The answer is over 1048576 bytes; no more was read.", body: 1 << 20,
		},
		{
			name: "a megabyte to the byte", answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20)) },
			status: 200, body: 1 << 20,
		},
		{
			name: "half an answer",
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				_, _ = io.WriteString(w, "half")
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			},
			status: 200, err: "the connector did not answer: unexpected EOF", body: 4,
		},
		{name: "nothing: it closes the connection", answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, err: "the connector did not answer: EOF"},
		{
			name: "nothing: it hangs", answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, timeout: 50 * time.Millisecond,
			err: "the execution timeout ended after 50ms", is: webhook.ErrTimeout,
		},
		{
			name: "byte by byte", timeout: 50 * time.Millisecond,
			answer: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", strconv.Itoa(1<<20))
				tick := time.NewTicker(time.Millisecond)
				defer tick.Stop()
				for {
					_, _ = w.Write([]byte("x"))
					_ = http.NewResponseController(w).Flush()
					select {
					case <-tick.C:
					case <-r.Context().Done():
						return
					}
				}
			},
			status: 200, err: "the execution timeout ended after 50ms", is: webhook.ErrTimeout, body: -1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked atomic.Int32
			server := connector(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				tt.answer(w, r)
			})
			s := sender(t, webhook.Options{})
			x := settled(t, s.Send(webhook.Event{Body: []byte(`{}`), Target: webhook.Target{BaseURL: server.URL, Timeout: tt.timeout}}))
			assert.Equal(t, tt.status, x.Status)
			if tt.err == "" {
				require.NoError(t, x.Err)
			} else {
				require.EqualError(t, x.Err, tt.err)
			}
			if tt.is != nil {
				require.ErrorIs(t, x.Err, tt.is)
			}
			assert.Equal(t, tt.note, x.Note)
			assert.Empty(t, x.Undelivered, "it was sent")
			if tt.body >= 0 {
				assert.Len(t, x.Answer, tt.body)
			}
			assert.Positive(t, x.Latency)
			assert.EqualValues(t, 1, asked.Load(), "an event is sent at most once")
		})
	}
}

// TestAnEventIsNotRepeatedByTheTransport loses an answer after another on what might be the same connection, which is when Go's transport would try again.
func TestAnEventIsNotRepeatedByTheTransport(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		for _, body := range []string{"", "{}"} {
			t.Run(fmt.Sprintf("%s %q", method, body), func(t *testing.T) {
				var asked atomic.Int32
				server := connector(t, func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					if asked.Add(1) > 1 {
						panic(http.ErrAbortHandler)
					}
				})
				s := sender(t, webhook.Options{})
				event := webhook.Event{Method: method, Body: []byte(body), Header: http.Header{"X-Idempotency-Key": {"k"}}, Target: webhook.Target{BaseURL: server.URL}}
				require.NoError(t, settled(t, s.Send(event)).Err)
				require.Error(t, settled(t, s.Send(event)).Err)
				assert.EqualValues(t, 2, asked.Load())
			})
		}
	}
}

func TestEventsOfAConversationWaitForOneAnother(t *testing.T) {
	const conversations, events = 20, 15
	var mu sync.Mutex
	got, within := map[string][]string{}, map[string]int{}
	server := connector(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		conversation, number, _ := strings.Cut(string(body), "/")
		mu.Lock()
		within[conversation]++
		assert.Equal(t, 1, within[conversation], "one at a time")
		got[conversation] = append(got[conversation], number)
		mu.Unlock()
		mu.Lock()
		within[conversation]--
		mu.Unlock()
	})
	heard := map[string][]string{}
	s := sender(t, webhook.Options{Ceiling: conversations * events, Heard: func(x webhook.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		_, number, _ := strings.Cut(string(x.Event.Body), "/")
		heard[x.Event.Conversation] = append(heard[x.Event.Conversation], number)
	}})
	var all []*webhook.Delivery
	var want []string
	for i := range events {
		want = append(want, strconv.Itoa(i))
		for c := range conversations {
			id := fmt.Sprintf("c-%d", c)
			all = append(all, s.Send(webhook.Event{Conversation: id, Body: fmt.Appendf(nil, "%s/%d", id, i), Target: webhook.Target{BaseURL: server.URL}}))
		}
	}
	for _, d := range all {
		require.NoError(t, settled(t, d).Err)
	}
	require.Len(t, got, conversations)
	for id, order := range got {
		assert.Equal(t, want, order, id)
		assert.Equal(t, want, heard[id], id)
	}
}

func TestASlowAnswerHoldsNoOtherConversation(t *testing.T) {
	release := make(chan struct{})
	server := connector(t, func(_ http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); string(body) == "slow" {
			<-release
		}
	})
	target := webhook.Target{BaseURL: server.URL}
	s := sender(t, webhook.Options{})
	slow := s.Send(webhook.Event{Conversation: "a", Body: []byte("slow"), Target: target})
	behind := s.Send(webhook.Event{Conversation: "a", Body: []byte("behind"), Target: target})
	require.NoError(t, settled(t, s.Send(webhook.Event{Conversation: "b", Body: []byte("other"), Target: target})).Err)
	_, known := behind.Exchange()
	assert.False(t, known, "it waits behind the slow one")
	close(release)
	require.NoError(t, settled(t, slow).Err)
	require.NoError(t, settled(t, behind).Err)
}

// TestTheTimeoutOfOneIsNotThatOfTheNext has an event time out and the next of the conversation go out all the same.
func TestTheTimeoutOfOneIsNotThatOfTheNext(t *testing.T) {
	server := connector(t, func(_ http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); string(body) == "slow" {
			<-r.Context().Done()
		}
	})
	s := sender(t, webhook.Options{})
	slow := s.Send(webhook.Event{Body: []byte("slow"), Target: webhook.Target{BaseURL: server.URL, Timeout: 20 * time.Millisecond}})
	next := s.Send(webhook.Event{Body: []byte("next"), Target: webhook.Target{BaseURL: server.URL}})
	require.ErrorIs(t, settled(t, slow).Err, webhook.ErrTimeout)
	require.NoError(t, settled(t, next).Err)
}

func TestDCAction21WhatIsOverTheCeilingNeverLeaves(t *testing.T) {
	var asked atomic.Int32
	server := connector(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	clock := mockdesk.NewManualClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	s := sender(t, webhook.Options{Clock: clock})
	send := func(n int) (refused int) {
		var all []*webhook.Delivery
		for i := range n {
			all = append(all, s.Send(webhook.Event{Conversation: strconv.Itoa(i), Target: webhook.Target{BaseURL: server.URL}}))
		}
		for _, d := range all {
			x := settled(t, d)
			if x.Err == nil {
				continue
			}
			require.ErrorIs(t, x.Err, webhook.ErrCeiling)
			assert.Contains(t, x.Undelivered, "429 inside Talkdesk")
			assert.Zero(t, x.Status)
			assert.Empty(t, x.URL, "nothing was sent")
			refused++
		}
		return refused
	}
	assert.Equal(t, 10, send(60), "a second has 50")
	assert.EqualValues(t, 50, asked.Load())
	clock.Advance(100 * time.Millisecond)
	assert.Equal(t, 3, send(8), "a tenth of a second has 5")
	clock.Advance(time.Minute)
	assert.Equal(t, 1, send(51), "a minute's silence is no more than a second's")
	assert.EqualValues(t, 105, asked.Load())
}

func TestCloseEndsAll(t *testing.T) {
	arrived := make(chan struct{}, 1)
	server := connector(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	var heard atomic.Int32
	s := webhook.New(webhook.Options{Heard: func(webhook.Exchange) { heard.Add(1) }})
	target := webhook.Target{BaseURL: server.URL}
	underWay, behind := s.Send(webhook.Event{Body: []byte("{}"), Target: target}), s.Send(webhook.Event{Target: target})
	<-arrived
	s.Close()
	x, known := underWay.Exchange()
	require.True(t, known)
	require.ErrorIs(t, x.Err, webhook.ErrClosed)
	assert.Empty(t, x.Undelivered, "it had left")
	x, known = behind.Exchange()
	require.True(t, known)
	require.ErrorIs(t, x.Err, webhook.ErrClosed)
	assert.NotEmpty(t, x.Undelivered)
	after := settled(t, s.Send(webhook.Event{Target: target}))
	require.ErrorIs(t, after.Err, webhook.ErrClosed)
	assert.EqualValues(t, 3, heard.Load(), "each is heard of")
	s.Close()
}

func TestWaitEndsWithItsContext(t *testing.T) {
	server := connector(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	s := sender(t, webhook.Options{})
	d := s.Send(webhook.Event{Target: webhook.Target{BaseURL: server.URL}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.Wait(ctx)
	require.ErrorIs(t, err, context.Canceled)
	select {
	case <-d.Settled():
		t.Error("nothing has become of it yet")
	default:
	}
	assert.NoError(t, d.Err())
}

func TestWhatCannotBeSentSaysWhy(t *testing.T) {
	s := sender(t, webhook.Options{})
	closed := connector(t, func(http.ResponseWriter, *http.Request) {})
	address := closed.URL
	closed.Close()
	for _, tt := range []struct {
		name  string
		event webhook.Event
		err   string
		sent  bool
	}{
		{"no scheme", webhook.Event{Target: webhook.Target{BaseURL: "connector.test/hook"}}, `the event was not sent: the base URL "connector.test/hook" is not a whole URL`, false},
		{"no URL", webhook.Event{Target: webhook.Target{BaseURL: "http://%zz"}}, `the event was not sent: the base URL "http://%zz" is not a whole URL`, false},
		{"a bad method", webhook.Event{Method: "P OST", Target: webhook.Target{BaseURL: address}}, "the event was not sent: ", false},
		{"an unknown authentication", webhook.Event{Target: webhook.Target{BaseURL: address, Auth: webhook.Auth{Type: "oauth1"}}}, `there is no authentication "oauth1"`, false},
		{"nobody listens", webhook.Event{Target: webhook.Target{BaseURL: address}}, "the connector did not answer: ", true},
		{"a header that cannot be", webhook.Event{Header: http.Header{"X-A": {"a\r\nb"}}, Target: webhook.Target{BaseURL: address}}, "the connector did not answer: ", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := settled(t, s.Send(tt.event))
			require.ErrorContains(t, x.Err, tt.err)
			assert.Equal(t, tt.sent, x.Undelivered == "")
		})
	}
}

func TestNotMade(t *testing.T) {
	x := settled(t, webhook.NotMade(webhook.Event{Action: "message_created"}, "the action message_created is a draft"))
	require.ErrorIs(t, x.Err, webhook.ErrNotMade)
	assert.Equal(t, "the action message_created is a draft", x.Undelivered)
	assert.Equal(t, "message_created", x.Event.Action)
}
