package enduser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/control/serving/servingtest"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps/enduser"
)

// patience is how long anything may take in a test.
const patience = 30 * time.Second

// bot is a small connector behind a user driver: it says what users said in return, and has a file at hand.
type bot struct {
	t *testing.T
	// without are paths below a user that it does not have.
	without string
	// answers, if it is not nil, may take a request for itself.
	answers func(http.ResponseWriter, *http.Request) bool

	mu      sync.Mutex
	changed chan struct{}
	events  map[string][]map[string]any
	did     []string
}

// serve gives the bot an address below a path.
func serve(t *testing.T, b *bot) string {
	t.Helper()
	b.t, b.changed, b.events = t, make(chan struct{}), map[string][]map[string]any{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /driver/users", b.open)
	mux.HandleFunc("POST /driver/users/{user}/{act}", b.act)
	mux.HandleFunc("GET /driver/users/{user}/events", b.tell)
	mux.HandleFunc("GET /driver/kept/a.txt", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Disposition", "attachment; filename=a.txt")
		fmt.Fprint(w, "kept for "+r.UserAgent())
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.answers == nil || !b.answers(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL + "/driver"
}

func fail(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why})
}

func (b *bot) note(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.did = append(b.did, what)
}

func (b *bot) add(user string, event map[string]any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	event["seq"] = len(b.events[user])*2 + 1
	b.events[user] = append(b.events[user], event)
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *bot) open(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Name, Email string }
	assert.NoError(b.t, json.NewDecoder(r.Body).Decode(&asked))
	b.note("open " + asked.Name + " " + asked.Email)
	user := asked.Name + "/~1" // A path has to be escaped.
	b.mu.Lock()
	b.events[user] = []map[string]any{}
	b.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"user": user})
	b.add(user, map[string]any{"kind": "text", "from": "bot", "text": "Hello " + asked.Name})
}

func (b *bot) knows(w http.ResponseWriter, user string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.events[user] == nil {
		fail(w, http.StatusNotFound, "there is no user "+user)
	}
	return b.events[user] != nil
}

func (b *bot) act(w http.ResponseWriter, r *http.Request) {
	user, act := r.PathValue("user"), r.PathValue("act")
	switch {
	case !b.knows(w, user):
		return
	case act == b.without:
		fail(w, http.StatusNotImplemented, "there is no way to do "+act)
		return
	}
	var said string
	switch act {
	case "files":
		file, header, err := r.FormFile("file")
		if !assert.NoError(b.t, err) {
			return
		}
		raw, _ := io.ReadAll(file)
		said = fmt.Sprintf("files %s %s %s", header.Filename, header.Header.Get("Content-Type"), raw)
		b.add(user, map[string]any{"kind": "file", "from": "agent", "author": "Dana", "file": map[string]any{"name": "a.txt", "size": 1.5, "url": "kept/a.txt"}})
	default:
		raw, _ := io.ReadAll(r.Body)
		said = fmt.Sprintf("%s %s", act, raw)
		b.add(user, map[string]any{"kind": "text", "from": "user", "text": said, "token": "more than it should"})
	}
	b.note(user + " " + said)
	w.WriteHeader(http.StatusNoContent)
}

func (b *bot) tell(w http.ResponseWriter, r *http.Request) {
	user := r.PathValue("user")
	if !b.knows(w, user) {
		return
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	wait, _ := strconv.Atoi(r.URL.Query().Get("wait"))
	over := time.After(time.Duration(wait) * time.Millisecond)
	for {
		b.mu.Lock()
		news, changed := []map[string]any{}, b.changed
		for _, e := range b.events[user] {
			if seq, _ := e["seq"].(int); seq > after {
				news = append(news, e)
			}
		}
		b.mu.Unlock()
		select {
		case <-over:
		case <-r.Context().Done():
			return
		default:
			if len(news) == 0 {
				select {
				case <-changed:
				case <-over:
					over = time.After(0)
				case <-r.Context().Done():
					return
				}
				continue
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"events": news})
		return
	}
}

// driven gives a driver for a base, which holds all that crosses against the document.
func driven(t *testing.T, base string) (*enduser.Driver, *servingtest.Checked) {
	t.Helper()
	doc, err := servingtest.Parse(enduser.Document(), nil)
	require.NoError(t, err)
	through := servingtest.NewChecked(t, doc, base)
	through.Unread = []string{"sendFile"}
	return &enduser.Driver{Base: base, Journal: journal.New(), Life: t.Context(), Transport: through, Wait: 200 * time.Millisecond, Patience: patience}, through
}

// await waits for what a user sees.
func await(t *testing.T, j *journal.Journal, what string, m journal.Match) journal.Entry {
	t.Helper()
	ctx, cancel := contextOf(t)
	defer cancel()
	e, err := j.Wait(ctx, 0, m)
	require.NoError(t, err, what)
	return e
}

// peeked is the body of a request, which can be read again.
func peeked(r *http.Request) string {
	raw, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(raw))
	return string(raw)
}
