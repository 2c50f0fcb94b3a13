package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPageVanishesWithoutAWord(t *testing.T) {
	gone, words := make(chan struct{}), make(chan string, 10)
	tab := lease(t, shared)
	origin := serve(t, script(`addEventListener('pagehide', () => navigator.sendBeacon('/bye', 'pagehide'));
addEventListener('visibilitychange', () => navigator.sendBeacon('/bye', 'hidden')); fetch('/held');`), map[string]http.HandlerFunc{
		"/held": func(_ http.ResponseWriter, r *http.Request) {
			words <- "held"
			<-r.Context().Done()
			close(gone)
		},
		"/bye": func(http.ResponseWriter, *http.Request) { words <- "bye" },
	})
	require.NoError(t, tab.Open(bounded(t), origin+"/", newRecord().add))
	require.Equal(t, "held", <-words)
	require.NoError(t, tab.Vanish(bounded(t)))
	select {
	case <-gone:
	case <-time.After(30 * time.Second):
		t.Fatal("what it had open has not broken")
	}
	lost := new(LostError)
	require.ErrorAs(t, tab.Reason(), &lost)
	assert.Equal(t, Crashed, lost.Kind)
	require.Error(t, tab.Vanish(bounded(t)))
	tab.Release()
	assert.Empty(t, words, "and nobody was told")

	next := lease(t, shared)
	require.NoError(t, next.Open(bounded(t), serve(t, script(""), nil)+"/", newRecord().add), "the browser goes on")
}

func TestCookiesAreThoseThatARequestWouldCarry(t *testing.T) {
	tab := lease(t, shared)
	origin := serve(t, script("document.cookie = 'seen=1'"), map[string]http.HandlerFunc{"/set": func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "hidden", Value: "2", HttpOnly: true, Path: "/files"})
	}})
	require.NoError(t, tab.Open(bounded(t), origin+"/", newRecord().add))
	require.NoError(t, tab.Evaluate(bounded(t), "fetch('/set').then((r) => r.text())", nil))
	names := func(address string) (all []string) {
		t.Helper()
		found, err := tab.Cookies(bounded(t), address)
		require.NoError(t, err)
		for _, one := range found {
			all = append(all, one.Name+"="+one.Value)
		}
		return all
	}
	assert.Equal(t, []string{"seen=1"}, names(origin+"/"))
	assert.ElementsMatch(t, []string{"seen=1", "hidden=2"}, names(origin+"/files/a"))
	assert.Empty(t, names("https://storage.example/"))
	tab.Release()
	_, err := tab.Cookies(bounded(t), origin)
	require.ErrorIs(t, err, ErrReleased)
}
