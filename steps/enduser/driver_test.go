package enduser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/enduser"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), patience)
}

// reads matches what a user reads.
func reads(text string) journal.Match {
	return func(e journal.Entry) bool {
		var s enduser.Sight
		return e.Kind == journal.Screen && json.Unmarshal(e.Data, &s) == nil && strings.Contains(s.Text, text)
	}
}

func TestADriversUserActsAndSees(t *testing.T) {
	b := &bot{}
	base := serve(t, b)
	d, through := driven(t, base)
	ctx, cancel := contextOf(t)
	defer cancel()
	ann, err := d.Open(ctx, "Ann", "ann@example.test")
	require.NoError(t, err)
	bob, err := d.Open(ctx, "Bob", "")
	require.NoError(t, err)

	require.NoError(t, ann.Say(ctx, " <b>Hi</b>\n“ü” "))
	await(t, d.Journal, "the line", reads(`{"text":" \u003cb\u003eHi`))
	require.NoError(t, ann.RequestAgent(ctx, map[string]string{"Intent": "billing"}))
	require.NoError(t, bob.RequestAgent(ctx, nil))
	require.NoError(t, ann.Upload(ctx, enduser.File{Name: `a"b.txt`, Type: "text/plain", Content: []byte("bytes")}))
	require.NoError(t, ann.Upload(ctx, enduser.File{Name: "b"}))
	require.NoError(t, ann.End(ctx))
	await(t, d.Journal, "the end", reads("end "))
	require.NoError(t, bob.Drop(ctx))
	through.Covers()

	b.mu.Lock()
	did := strings.Join(b.did, "\n")
	b.mu.Unlock()
	assert.Contains(t, did, "open Ann ann@example.test\nopen Bob \n")
	assert.Contains(t, did, `Ann/~1 say {"text":" \u003cb\u003eHi\u003c/b\u003e\n“ü” "}`)
	assert.Contains(t, did, `Ann/~1 agent {"arguments":{"Intent":"billing"}}`)
	assert.Contains(t, did, `Bob/~1 agent {"arguments":{}}`)
	assert.Contains(t, did, "Bob/~1 drop")
	assert.Contains(t, did, "Ann/~1 files a\"b.txt text/plain bytes\nAnn/~1 files b application/octet-stream \n")

	seen := ann.Seen()
	require.Len(t, seen, 6)
	assert.Equal(t, enduser.Sight{Kind: enduser.Text, From: enduser.OfBot, Text: "Hello Ann", At: seen[0].At, Entry: seen[0].Entry}, seen[0])
	assert.Equal(t, "a.txt", seen[3].File.Name)
	assert.InDelta(t, 1.5, *seen[3].File.Size, 0)
	entries := d.Journal.Since(0)
	for _, s := range seen {
		e := entries[s.Entry-1]
		assert.Equal(t, journal.Entry{Seq: s.Entry, At: s.At, Kind: journal.Screen, From: "connector", To: "Ann", Name: string(s.Kind), Data: e.Data}, e)
	}
	assert.Contains(t, string(entries[seen[1].Entry-1].Data), "more than it should", "what a driver tells is kept as it is")
	for _, s := range bob.Seen() {
		assert.NotContains(t, s.Text, "Ann")
	}

	got, err := ann.Fetch(ctx, *seen[3].File)
	require.NoError(t, err)
	assert.Equal(t, enduser.Fetched{URL: base + "/kept/a.txt", Status: 200, Type: "text/plain", Disposition: "attachment; filename=a.txt", Content: []byte("kept for deskcheck-end-user")}, got)
	got, err = ann.Fetch(ctx, enduser.FileSight{Name: "b", URL: "/driver/kept/b.txt"})
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, got.Status, "a link that leads nowhere is an answer")
	for says, f := range map[string]enduser.FileSight{"it was seen without a link": {Name: "c"}, "its link is none": {Name: "c", URL: "http://[::"}, "connection refused": {Name: "c", URL: "http://127.0.0.1:1/"}} {
		_, err = ann.Fetch(ctx, f)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "have Ann open c: ")
	}
	require.NoError(t, ann.Err())
	ann.Close()
	ann.Close()
	bob.Close()
	assert.NoError(t, bob.Err(), "who is closed is not broken")
}

func TestADriversUserIsCutOffForAWhile(t *testing.T) {
	b := &bot{}
	d, _ := driven(t, serve(t, b))
	ctx, cancel := contextOf(t)
	defer cancel()
	ann, err := d.Open(ctx, "Ann", "")
	require.NoError(t, err)
	t.Cleanup(ann.Close)
	await(t, d.Journal, "the greeting", reads("Hello Ann"))
	link, can := ann.(enduser.Interruptible)
	require.True(t, can)
	require.NoError(t, link.Interrupt(ctx))
	b.add("Ann/~1", map[string]any{"kind": "text", "from": "agent", "text": "Meanwhile"})
	assert.Len(t, ann.Seen(), 1, "nobody asks, so nothing is seen")
	require.NoError(t, link.Resume(ctx))
	await(t, d.Journal, "what was said meanwhile", reads("Meanwhile"))
	assert.Len(t, ann.Seen(), 2, "what was seen before is not seen again")
	assert.NoError(t, ann.Err())
}

func TestWhatADriverDoesNotDoIsNoVerdict(t *testing.T) {
	b := &bot{without: "files"}
	d, _ := driven(t, serve(t, b))
	ctx, cancel := contextOf(t)
	defer cancel()
	ann, err := d.Open(ctx, "Ann", "")
	require.NoError(t, err)
	defer ann.Close()
	err = ann.Upload(ctx, enduser.File{Name: "a.txt", Content: []byte("a")})
	absent := new(steps.NotApplicable)
	require.ErrorAs(t, err, &absent)
	assert.Equal(t, `the connector's user driver has no such thing: POST /users/Ann%2F~1/files was answered 501: {"error":"there is no way to do files"}`, absent.Why)

	b.mu.Lock()
	delete(b.events, "Ann/~1")
	b.mu.Unlock()
	err = ann.Say(ctx, "Hello?")
	broken := new(steps.HarnessError)
	require.ErrorAs(t, err, &broken)
	refused := new(enduser.Refused)
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusNotFound, refused.Status)
	require.EqualError(t, err, `have Ann say something: the connector's user driver: POST /users/Ann%2F~1/say was answered 404: {"error":"there is no user Ann/~1"}`)
}

func TestADriverThatIsBrokenIsToldSo(t *testing.T) {
	large := strings.Repeat("x", 9<<20)
	for name, one := range map[string]struct {
		path   string
		answer func(http.ResponseWriter)
		says   string
	}{
		"no user":      {"/users", says(201, `{"name":"Ann"}`), "let Ann in: the connector's user driver: the answer to POST /users is not as the contract says: it has no user"},
		"no JSON":      {"/users", says(201, `<p>`), "is not as the contract says: invalid character"},
		"status":       {"/users", says(200, `{"user":"a"}`), `POST /users was answered 200: {"user":"a"}`},
		"sent on":      {"/users", func(w http.ResponseWriter) { w.Header().Set("Location", "/login"); w.WriteHeader(http.StatusFound) }, "POST /users was answered 302: no content"},
		"large":        {"/users", says(201, large), "the answer to POST /users is over 8388608 bytes"},
		"failure":      {"/events", says(500, strings.Repeat("boom ", 100)), "/events?after=0&wait=200 was answered 500: boom boom"},
		"no events":    {"/events", says(200, `{}`), "is not as the contract says: it has no events"},
		"events' JSON": {"/events", says(200, `{"events":5}`), "is not as the contract says: events: expected a list, found a number"},
		"event's JSON": {"/events", says(200, `{"events":[{"seq":"1"}]}`), "an event after event 0 is not as the contract says: seq: expected a whole number, found a text: {\"seq\":\"1\"}"},
		"seq":          {"/events", says(200, `{"events":[{"seq":2,"kind":"notice"},{"seq":2,"kind":"notice"}]}`), "seq: expected a number above 2, found 2"},
		"kind":         {"/events", says(200, `{"events":[{"seq":2,"kind":"typing"}]}`), `kind: expected one of ["text" "file" "notice" "state"], found "typing"`},
		"from":         {"/events", says(200, `{"events":[{"seq":2,"kind":"text","from":"Dana"}]}`), `from: expected one of ["user" "bot" "agent" "system"], found "Dana"`},
		"nobody's":     {"/events", says(200, `{"events":[{"seq":2,"kind":"text","text":"a"}]}`), "from: expected whose it is"},
		"state":        {"/events", says(200, `{"events":[{"seq":2,"kind":"state","state":"open"}]}`), `state: expected one of ["bot" "connecting" "agent" "ended"], found "open"`},
		"file":         {"/events", says(200, `{"events":[{"seq":2,"kind":"file","from":"agent"}]}`), "file: expected the file"},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bot{answers: func(w http.ResponseWriter, r *http.Request) bool {
				broken := strings.HasSuffix(r.URL.Path, one.path)
				if broken {
					_, _ = io.Copy(io.Discard, r.Body)
					one.answer(w)
				}
				return broken
			}}
			d := &enduser.Driver{Base: serve(t, b) + "/", Journal: journal.New(), Life: t.Context(), Wait: 200 * time.Millisecond}
			ctx, cancel := contextOf(t)
			defer cancel()
			ann, err := d.Open(ctx, "Ann", "")
			if one.path == "/users" {
				require.ErrorContains(t, err, one.says)
				broken := new(steps.HarnessError)
				require.ErrorAs(t, err, &broken)
				return
			}
			require.NoError(t, err)
			defer ann.Close()
			e := await(t, d.Journal, "the end of what can be seen", func(e journal.Entry) bool { return e.Kind == journal.Told })
			assert.Contains(t, e.Note, one.says)
			require.ErrorContains(t, ann.Err(), one.says)
		})
	}
}

func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

func TestADriverThatDoesNotAnswerIsNotWaitedForForEver(t *testing.T) {
	held := make(chan struct{})
	b := &bot{answers: func(_ http.ResponseWriter, r *http.Request) bool {
		hangs := strings.HasSuffix(r.URL.Path, "/say")
		if hangs {
			_, _ = io.Copy(io.Discard, r.Body)
			select {
			case <-held:
			case <-r.Context().Done():
			}
		}
		return hangs
	}}
	base := serve(t, b)
	t.Cleanup(func() { close(held) })
	d := &enduser.Driver{Base: base, Journal: journal.New(), Life: t.Context(), Patience: 300 * time.Millisecond}
	ctx, cancel := contextOf(t)
	defer cancel()
	ann, err := d.Open(ctx, "Ann", "")
	require.NoError(t, err)
	defer ann.Close()
	require.ErrorContains(t, ann.Say(ctx, "Hello?"), "POST /users/Ann%2F~1/say was not answered within 300ms")
}

func TestADriverThatDoesNotWaitIsAskedInItsTime(t *testing.T) {
	asked := make(chan struct{}, 1000)
	b := &bot{answers: func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/events") {
			return false
		}
		asked <- struct{}{}
		says(200, `{"events":[]}`)(w)
		return true
	}}
	life, end := context.WithCancel(t.Context())
	d := &enduser.Driver{Base: serve(t, b), Journal: journal.New(), Life: life}
	ctx, cancel := contextOf(t)
	defer cancel()
	began := time.Now()
	ann, err := d.Open(ctx, "Ann", "")
	require.NoError(t, err)
	for range 4 {
		<-asked
	}
	assert.GreaterOrEqual(t, time.Since(began), 150*time.Millisecond, "between four questions are three pauses")
	end()
	ann.Close()
	assert.NoError(t, ann.Err(), "the scenario has ended")
}

func TestTheDocumentIsWhole(t *testing.T) {
	for _, word := range []string{"/users/{user}/say", "/users/{user}/files", "/users/{user}/agent", "/users/{user}/end", "/users/{user}/drop", "/users/{user}/events", "501", "404"} {
		assert.Contains(t, string(enduser.Guide()), strings.TrimPrefix(word, "/users"))
		assert.Contains(t, string(enduser.Document()), word)
	}
}
