package browser

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const login = `<!doctype html><meta charset=utf-8><title>login</title><body><button id=in>Sign in</button><script>
window.name = 'of the page';
sessionStorage.setItem('token', 't1');
deskcheck.record({kind: 'note', name: 'login'});
document.getElementById('in').onclick = () => { location = 'desk.html'; };
addEventListener('pagehide', () => deskcheck.record({kind: 'note', name: 'bye'}));
</script>`

const desk = `<!doctype html><meta charset=utf-8><title>desk</title><body><button id=out>Sign out</button><script>
deskcheck.record({kind: 'note', name: 'desk', data: {began: Date.now(), name: window.name, token: sessionStorage.getItem('token')}});
document.getElementById('out').onclick = () => { location = '/'; };
</script>`

// roam opens the login in a page that may roam; the desk is its next document.
func roam(t *testing.T, routes map[string]http.HandlerFunc) (*Tab, *record, string) {
	t.Helper()
	all := map[string]http.HandlerFunc{"/desk.html": html(desk)}
	maps.Copy(all, routes)
	origin := serve(t, login, all)
	tab, seen := lease(t, shared), newRecord()
	require.NoError(t, tab.OpenRoaming(bounded(t), origin+"/", "globalThis.ours = 1", seen.add))
	return tab, seen, origin
}

func html(page string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}
}

func TestAPageMayRoamWithinItsOrigin(t *testing.T) {
	tab, seen, _ := roam(t, nil)
	require.NoError(t, tab.ClickAt(bounded(t), byName("button", "Sign in")))
	require.NoError(t, tab.ClickAt(bounded(t), byName("button", "Sign out")), "the search goes on in the next document")
	require.NoError(t, tab.ClickAt(bounded(t), byName("button", "Sign in")))
	require.NoError(t, tab.AwaitAt(bounded(t), byName("button", "Sign out"), false))
	require.NoError(t, tab.Reason())
	assert.JSONEq(t, `[1,"of the page"]`, eval(t, tab, "[ours, window.name]"))

	last := 0
	for _, m := range seen.messages() {
		assert.Greater(t, m.ID, last, "IDs go on rising")
		last = m.ID
	}
	onward := seen.of("navigation", "onward")
	require.Len(t, onward, 3)
	assert.Contains(t, onward[0].field(t, "url"), "/desk.html")
	assert.Len(t, seen.of("note", "login"), 2)
	assert.Len(t, seen.of("note", "bye"), 2, "the last words of a document count")
	desks := seen.of("note", "desk")
	require.Len(t, desks, 2)
	assert.Equal(t, "t1", desks[0].field(t, "token"), "what is stored stays")
	assert.Equal(t, "of the page", desks[0].field(t, "name"))
}

func TestTheClockOfARoamingPageGoesOn(t *testing.T) {
	tab, seen, _ := roam(t, nil)
	require.NoError(t, tab.Jump(bounded(t), time.Hour))
	require.NoError(t, tab.ClickAt(bounded(t), byName("button", "Sign in")))
	require.NoError(t, tab.AwaitAt(bounded(t), byName("button", "Sign out"), false))
	began, _ := seen.wait(t, "note", "desk").field(t, "began").(float64)
	assert.InDelta(t, time.Now().Add(time.Hour).UnixMilli(), began, 60_000, "the first script of the document already knows")

	// The page goes on in the middle of a jump: the rest passes where it went.
	require.NoError(t, tab.Evaluate(bounded(t), "setTimeout(() => { location = '/'; }, 600000)", nil))
	require.NoError(t, tab.Jump(bounded(t), time.Hour))
	var now float64
	require.NoError(t, tab.Evaluate(bounded(t), "Date.now()", &now))
	assert.InDelta(t, time.Now().Add(2*time.Hour).UnixMilli(), now, 60_000)
	assert.JSONEq(t, `"login"`, eval(t, tab, "document.title"))
	require.NoError(t, tab.Reload(bounded(t)))
	require.NoError(t, tab.Evaluate(bounded(t), "Date.now()", &now))
	assert.InDelta(t, time.Now().Add(2*time.Hour).UnixMilli(), now, 60_000, "nor does a reload take it back or count it twice")
}

func TestARoamingPageIsAtRestWhenItHasArrived(t *testing.T) {
	release := make(chan struct{})
	tab, _, origin := roam(t, map[string]http.HandlerFunc{
		"/desk.html": func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
				html(desk)(w, r)
			case <-r.Context().Done():
			}
		},
		"/slow":    func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"/file":    func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Disposition", "attachment") },
		"/nothing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	})
	require.NoError(t, tab.Evaluate(bounded(t), "void fetch('/slow').catch(() => {})", nil))
	require.NoError(t, tab.Settle(bounded(t), Traffic{Held: []string{"GET " + origin + "/slow"}}))
	for _, path := range []string{"/file", "/nothing"} {
		require.NoError(t, tab.Evaluate(bounded(t), "location = '"+path+"'", nil))
		require.NoError(t, tab.Settle(bounded(t), Traffic{Held: []string{"GET " + origin + "/slow"}}), "%s is no page to go to", path)
	}

	require.NoError(t, tab.ClickAt(bounded(t), byName("button", "Sign in")))
	require.ErrorIs(t, tab.Settle(within(t, 200*time.Millisecond), Traffic{Held: []string{"GET " + origin + "/slow"}}), context.DeadlineExceeded)
	rest := make(chan error, 1)
	go func() { rest <- tab.Settle(bounded(t), Traffic{}) }()
	close(release)
	// The browser may have kept the question until there was a document to answer it.
	if err := <-rest; err != nil {
		require.ErrorIs(t, err, ErrMovedOn)
	}
	require.NoError(t, tab.Settle(bounded(t), Traffic{}), "what was in flight went with the document that had asked")
	assert.JSONEq(t, `"desk"`, eval(t, tab, "document.title"))
}

func TestLeavingTheOriginIsALoss(t *testing.T) {
	other := serve(t, desk, nil)
	for name, js := range map[string]string{
		"by script":    "location = '" + other + "'",
		"redirected":   "location = '/away'",
		"no server":    "location = 'http://localhost:1/'",
		"another name": "location = origin.replace('localhost', '127.0.0.1')",
	} {
		t.Run(name, func(t *testing.T) {
			tab, _, _ := roam(t, map[string]http.HandlerFunc{"/away": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusFound) }})
			// The page may go before it has answered.
			if err := tab.Evaluate(bounded(t), js, nil); err != nil {
				require.ErrorAs(t, err, new(*LostError))
			}
			<-tab.Lost()
			var lost *LostError
			require.ErrorAs(t, tab.Reason(), &lost)
			assert.Equal(t, Navigated, lost.Kind)
		})
	}
}

// A tab that has roamed is like new for the next page, which may not.
func TestRoamingIsForOnePageOnly(t *testing.T) {
	tab, _, origin := roam(t, nil)
	require.NoError(t, tab.Jump(bounded(t), time.Hour))
	seen := newRecord()
	require.NoError(t, tab.OpenRoaming(bounded(t), origin+"/desk.html", "", seen.add))
	first := seen.wait(t, "note", "desk")
	assert.Empty(t, first.field(t, "name"))
	assert.Nil(t, first.field(t, "token"), "the same origin again has nothing stored")
	began, _ := first.field(t, "began").(float64)
	assert.InDelta(t, time.Now().UnixMilli(), began, 60_000)

	require.NoError(t, tab.Open(bounded(t), origin+"/", newRecord().add))
	err := tab.Evaluate(bounded(t), "location = '/desk.html'", nil)
	if err != nil {
		require.NotErrorIs(t, err, ErrMovedOn)
	}
	<-tab.Lost()
}

// A page that goes on before it is ready is opened where it comes to rest.
func TestAPageMayGoOnAtOnce(t *testing.T) {
	origin := serve(t, `<!doctype html><script>sessionStorage.setItem('token', 't2'); location.replace('/desk.html')</script>`, map[string]http.HandlerFunc{"/desk.html": html(desk)})
	for range 2 {
		tab, seen := lease(t, shared), newRecord()
		require.NoError(t, tab.OpenRoaming(bounded(t), origin+"/", "", seen.add))
		require.NoError(t, tab.ClickAt(bounded(t), Target{CSS: "#out"}))
		assert.Equal(t, "t2", seen.wait(t, "note", "desk").field(t, "token"))
		tab.Release()
	}
}

func TestALongPollIsHeldLikeAFetch(t *testing.T) {
	answer := make(chan struct{})
	tab, _ := show(t, script(""), map[string]http.HandlerFunc{"/socket.io/": func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-answer:
		case <-r.Context().Done():
		}
	}})
	const poll = "/socket.io/?EIO=4&transport=polling&t=abc&sid=1"
	address := "GET "
	var origin string
	require.NoError(t, tab.Evaluate(bounded(t), "globalThis.ends = []; const x = new XMLHttpRequest(); x.open('GET', '"+poll+"'); x.onloadend = () => ends.push(x.status); x.send(); origin", &origin))
	address += origin + poll
	require.NoError(t, tab.Settle(bounded(t), Traffic{Held: []string{address}}))
	err := tab.Settle(within(t, 200*time.Millisecond), Traffic{Held: []string{address + "2"}})
	require.ErrorContains(t, err, "1 requests in flight (0 of them held): GET "+poll)
	require.NotErrorIs(t, err, ErrMovedOn)
	close(answer)
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	var ends []json.RawMessage
	require.NoError(t, tab.Evaluate(bounded(t), "ends", &ends))
	assert.Len(t, ends, 1, "what it answered has been seen")
}
