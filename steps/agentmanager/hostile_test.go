package agentmanager_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	manager "deskcheck/mockdesk/agentmanager"
	"deskcheck/steps"
	"deskcheck/steps/agentmanager"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
	"deskcheck/steps/uimap"
)

// button is a page on which one can sign in by a button, which does what the script says.
func button(script string) agentmanager.Desk {
	return agentmanager.Desk{Files: fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>Hostile</title><button>Go</button><script>" + script + "</script>")}}}
}

// Whatever a desk does, it ends in a verdict or in what the kit could not do, in a time that can be waited for.
func TestAHostileDeskHasItsVerdict(t *testing.T) {
	pool, err := browser.Launch(t.Context(), browser.Options{Tabs: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	drawn, err := uimap.ParseText("map.yaml", []byte("sign in:\n  - click: { button: Go }\n"))
	require.NoError(t, err)
	story, err := steps.Parse(fstest.MapFS{"f/hostile.feature": {Data: []byte("Feature: f\n\n  @AM-LOGIN-01\n  Scenario: s\n    Given the desk of amy is open\n    When amy signs in\n    Then amy's desk is let in\n")}}, "f")
	require.NoError(t, err)
	gone := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(gone.Close)

	for name, c := range map[string]struct {
		desk                    agentmanager.Desk
		expected, says, harness string
	}{
		"its page is not there":    {agentmanager.Desk{URL: gone.URL}, "the page of the desk", "404", ""},
		"its script fails":         {agentmanager.Desk{Files: fstest.MapFS{"index.html": {Data: []byte("<!doctype html><script>noSuchFunction()</script>")}}}, "a page on which a person can work", "button", ""},
		"its page is an empty one": {agentmanager.Desk{Files: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}}, "", "", "no element fits"},
		"it does nothing":          {button(""), "a handshake that the manager takes", "nothing", ""},
		"it opens without end": {
			button("document.querySelector('button').onclick = async () => { for (;;) await fetch(deskcheckEnv.manager.url + '/socket.io/?EIO=4&transport=polling'); }"),
			"waits a while before it tries again", "more than", "",
		},
		"it asks without end": {
			button("document.querySelector('button').onclick = async () => { for (;;) await Promise.all(Array.from({ length: 100 }, () => fetch(deskcheckEnv.manager.url + '/agent/login'))); }"),
			"comes to rest", "more than", "",
		},
		"it never gives the page its turn": {button("document.querySelector('button').onclick = () => setTimeout(() => { for (;;); })"), "a page that stays and answers", "lost", ""},
	} {
		t.Run(name, func(t *testing.T) {
			tab, err := pool.Lease(t.Context())
			require.NoError(t, err)
			defer tab.Release()
			stage := &agentmanager.Stage{Desk: c.desk, Map: drawn, Dialect: manager.CX2024, Lease: pool.Lease}
			late, cancel := bound.WithTimeout(t.Context(), steps.Default.Scenario)
			defer cancel()
			err = stage.Perform(t.Context(), tab, story[0], steps.Default).Err()
			require.NoError(t, late.Err(), "it ends by the bound of all scenarios")
			if c.harness != "" {
				var kit *steps.HarnessError
				require.ErrorAs(t, err, &kit)
				assert.ErrorContains(t, err, c.harness)
				return
			}
			var verdict *steps.Failure
			require.ErrorAs(t, err, &verdict)
			assert.Contains(t, verdict.Expected, c.expected)
			assert.Contains(t, verdict.Recorded, c.says)
		})
	}
}
