package deskcheck

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/steps/browser"
	"deskcheck/steps/connector"
)

func TestAConnectorsProgramIsAsItWasConfigured(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("b.json", []byte("${account}"), 0o600))
	d := Connector{
		Command: []string{"./connector"}, Env: map[string]string{"PORT": "${port}"}, Ready: "/health", ReadyWithin: time.Minute,
		Files: []ConnectorFile{{Path: "a.json", Text: "${region}"}, {Path: "b.json", File: "b.json"}},
	}
	p, err := d.program()
	require.NoError(t, err)
	assert.Equal(t, connector.Program{
		Command: []string{"./connector"}, Dir: ".", Env: map[string]string{"PORT": "${port}"}, Ready: "/health", ReadyWithin: time.Minute,
		Files: []connector.File{{Path: "a.json", Text: "${region}"}, {Path: "b.json", Text: "${account}"}},
	}, p)
	d.Files[1].File = "gone.json"
	_, err = d.program()
	require.EqualError(t, err, "read what is to be b.json: gone.json does not exist")
	assert.Equal(t, 2, ExitCode(err))
}

func TestThePartsOfAPageAreTargets(t *testing.T) {
	p := UserPage{Selectors: map[string]any{"input": "#input", "send": map[string]any{"button": "Send"}, "end": 5}}
	assert.Equal(t, map[string]browser.Target{"input": {CSS: "#input"}, "send": {Role: "button", Name: "Send"}}, p.targets())
}

func TestARunWithoutABrowserStartsNone(t *testing.T) {
	driven := Config{Contract: contractDigitalConnect, Connector: Connector{Command: []string{"x"}}, EndUser: EndUser{Driver: "/driver"}}
	assert.Zero(t, driven.tabs())
	driven.EndUser.Page.URL = "/chat"
	assert.Equal(t, tabsOfUsers, driven.tabs())
	assert.Equal(t, tabsOfUsers, Config{Contract: contractDigitalConnect}.tabs())

	pool, err := launch(t.Context(), Config{Browser: "no-such-browser"}, 0)
	require.NoError(t, err)
	require.Nil(t, pool)
	assert.Equal(t, browser.Installation{}, pool.Installation())
	assert.Zero(t, pool.Replaced())
	require.NoError(t, pool.Close())
	tab, release, err := (&performance{pool: pool}).lease(t.Context())
	require.NoError(t, err)
	assert.Nil(t, tab)
	release()
}
