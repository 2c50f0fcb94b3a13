package deskcheck_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck"
	"deskcheck/steps/uimap"
)

func TestUIMapOfTheConfiguration(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	const desk = "contract: agent-manager\nagent-desk:\n  dir: .\n"
	config := write("deskcheck.yaml", desk+"ui-map:\n  leave:\n    - press: Enter\n  barge in: none\n")
	c, err := deskcheck.Load(config)
	require.NoError(t, err)
	assert.Equal(t, uimap.Yes, c.UIMap.Has("leave"))
	assert.Equal(t, uimap.None, c.UIMap.Has("barge in"))
	assert.Equal(t, 5, c.UIMap.Line("leave"))

	write("map.yaml", "leave:\n  - press: Enter\n")
	c, err = deskcheck.Load(write("deskcheck.yaml", desk+"ui-map: map.yaml\n"))
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(folder, "map.yaml"), c.UIMap.Path())

	for text, want := range map[string]string{
		"ui-map:\n  leave:\n    - clik: a\n":                          "deskcheck.yaml:6:7: ui-map.leave[0].clik: unknown key; did you mean ui-map.leave[0].click?",
		"ui-map:\n  leave:\n    - click: { button: \"{custmer}\" }\n": "deskcheck.yaml:6:24: ui-map.leave[0].click.button: {custmer} is not filled in here",
		"ui-map: absent.yaml\n":                                       "deskcheck.yaml:4:9: ui-map: the UI map " + filepath.Join(folder, "absent.yaml") + " does not exist",
		"ui-map: [a]\n":                                               "deskcheck.yaml:4:9: ui-map: expected verbs and looks",
	} {
		_, err := deskcheck.Load(write("deskcheck.yaml", desk+text))
		var mistake *deskcheck.UserError
		require.ErrorAs(t, err, &mistake)
		require.ErrorContains(t, err, want)
	}
}
