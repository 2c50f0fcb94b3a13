package browser

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const chooser = `<!doctype html><meta charset=utf-8><body>
<button id=attach onclick="picker.click()">Attach</button><button id=idle>Idle</button><input id=picker type=file multiple hidden accept="image/*">
<script>
globalThis.chosen = [];
picker.onchange = async (e) => { for (const file of picker.files) chosen.push([file.name, file.type, await file.text(), e.isTrusted]); };
deskcheck.ui = {find: (name) => document.getElementById(name), look: () => ({})};
</script>`

func TestChooseFilesIsAUsersChoice(t *testing.T) {
	folder := t.TempDir()
	paths := make([]string, 0, 2)
	for _, name := range []string{"one.txt", `the "second" \ שלום 👋.png`} {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte("in "+name), 0o600))
		paths = append(paths, path)
	}
	tab, _ := show(t, chooser, nil)
	require.NoError(t, tab.ChooseFiles(bounded(t), "attach", 0, paths...))
	require.NoError(t, tab.Settle(bounded(t), Traffic{}))
	var got [][]any
	require.NoError(t, tab.Evaluate(bounded(t), "(async () => { while (chosen.length < 2) await new Promise(requestAnimationFrame); return chosen; })()", &got))
	assert.Equal(t, [][]any{
		{"one.txt", "text/plain", "in one.txt", true},
		{`the "second" \ שלום 👋.png`, "image/png", `in the "second" \ שלום 👋.png`, true},
	}, got)

	require.NoError(t, tab.Evaluate(bounded(t), "picker.multiple = false", nil))
	require.ErrorIs(t, tab.ChooseFiles(bounded(t), "attach", 0, paths...), ErrOneFile)
	require.NoError(t, tab.ChooseFiles(bounded(t), "attach", 0, paths[1]), "the tab can choose again")
	require.ErrorContains(t, tab.ChooseFiles(within(t, time.Second), "idle", 0, paths[0]), "no file chooser opened")
	assert.ErrorContains(t, tab.ChooseFiles(within(t, time.Second), "nothing", 0, paths[0]), "there is no such element")
}
