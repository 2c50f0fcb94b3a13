package enduser_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/steps/enduser"
)

// check tries a driver, and gives what came of each thing.
func check(t *testing.T, b *bot) map[string]enduser.Finding {
	t.Helper()
	ctx, cancel := contextOf(t)
	defer cancel()
	all := map[string]enduser.Finding{}
	require.NoError(t, enduser.Check(ctx, serve(t, b), func(f enduser.Finding) { all[f.What] = f }))
	return all
}

func TestADriverIsTried(t *testing.T) {
	found := check(t, &bot{without: "files"})
	for _, what := range []string{
		"POST /users", "POST /users, a second one beside the first", "an unknown user is answered 404, with an error in words", "GET /users/{user}/events", "events waits for news",
		"POST /users/{user}/say", "what follows a line is told", "users do not hear of each other", "POST /users/{user}/end", "POST /users/{user}/drop",
	} {
		assert.Equal(t, enduser.Finding{What: what, Outcome: enduser.Works}, found[what])
		delete(found, what)
	}
	assert.Equal(t, map[string]enduser.Finding{
		"POST /users/{user}/files": {What: "POST /users/{user}/files", Outcome: enduser.Untried, Detail: "the connector does not have it, as the driver says"},
		"POST /users/{user}/agent": {What: "POST /users/{user}/agent", Outcome: enduser.Untried, Detail: "it would call Talkdesk, which is not there"},
	}, found)
}

func TestWhatIsWrongWithADriverIsFound(t *testing.T) {
	for what, one := range map[string]struct {
		answers func(*bot) func(http.ResponseWriter, *http.Request) bool
		says    string
	}{
		"an unknown user is answered 404, with an error in words": {answering("/say", "nobody", says(404, "no such user")), `expected {"error": "…"}, found no such user`},
		"events waits for news":                                   {answering("/events", "wait=1000", says(200, `{"events":[]}`)), "it was to wait 1s for news and answered after"},
		"GET /users/{user}/events":                                {answering("/events", "", says(200, `{"events":[{"seq":0}]}`)), "seq: expected a number above 0"},
		"POST /users/{user}/say":                                  {answering("/say", "Ann", says(200, `{}`)), "was answered 200: {}"},
		"POST /users/{user}/drop":                                 {answering("/drop", "", says(500, `boom`)), "was answered 500: boom"},
		"users do not hear of each other":                         {crossed, "of one user tells what another has said"},
		"POST /users, a second one beside the first":              {answering("/users", "Bob", says(503, `one at a time`)), "was answered 503: one at a time"},
	} {
		t.Run(what, func(t *testing.T) {
			b := &bot{}
			b.answers = one.answers(b)
			found := check(t, b)
			assert.Equal(t, enduser.Fails, found[what].Outcome, "%v", found)
			assert.Contains(t, found[what].Detail, one.says)
		})
	}
	b := &bot{}
	b.answers = answering("/users", "", says(404, "not here"))(b)
	err := enduser.Check(t.Context(), serve(t, b), func(f enduser.Finding) { t.Errorf("%v", f) })
	require.EqualError(t, err, "POST /users was answered 404: not here")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, enduser.Check(ctx, "http://127.0.0.1:1", func(enduser.Finding) {}), context.Canceled)
}

// answering answers requests to a path by itself whose address, or whose body, holds a word.
func answering(path, word string, answer func(http.ResponseWriter)) func(*bot) func(http.ResponseWriter, *http.Request) bool {
	return func(*bot) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, path) || !strings.Contains(r.URL.String()+peeked(r), word) {
				return false
			}
			answer(w)
			return true
		}
	}
}

// crossed has all users hear what one says.
func crossed(b *bot) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/say") {
			b.add("Bob/~1", map[string]any{"kind": "text", "from": "bot", "text": peeked(r)})
		}
		return false
	}
}
