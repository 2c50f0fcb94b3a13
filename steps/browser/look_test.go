package browser

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const plainPage = `<!doctype html><title>plain</title><button>Save</button><input aria-label="Name"><p>Words</p>`

func TestAWindowIsAlteredForOneLease(t *testing.T) {
	address := serve(t, plainPage, nil)
	pool, err := Launch(bounded(t), Options{Tabs: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	look := func(tab *Tab) (width int, dark bool) {
		require.NoError(t, tab.Evaluate(bounded(t), `innerWidth`, &width))
		require.NoError(t, tab.Evaluate(bounded(t), `matchMedia("(prefers-color-scheme: dark)").matches`, &dark))
		return width, dark
	}
	var first *session
	for range 2 {
		tab, err := pool.Lease(bounded(t))
		require.NoError(t, err)
		require.NoError(t, tab.Open(bounded(t), address, func(Message) {}))
		width, dark := look(tab)
		assert.Equal(t, 480, width)
		assert.False(t, dark)
		require.NoError(t, tab.Resize(bounded(t), 1000, 500))
		require.NoError(t, tab.PreferDark(bounded(t), true))
		width, dark = look(tab)
		assert.Equal(t, 1000, width)
		assert.True(t, dark)
		if first == nil {
			first = tab.session
		}
		assert.Same(t, first, tab.session, "the tab is not thrown away for it")
		tab.Release()
	}
}

func TestWhatAScreenReaderFinds(t *testing.T) {
	tab := lease(t, shared)
	require.NoError(t, tab.Open(bounded(t), serve(t, plainPage, nil), func(Message) {}))
	nodes, err := tab.Accessible(bounded(t))
	require.NoError(t, err)
	assert.Contains(t, nodes, Node{Role: "button", Name: "Save", Focusable: true})
	assert.Contains(t, nodes, Node{Role: "textbox", Name: "Name", Focusable: true})
	assert.Contains(t, nodes, Node{Role: "paragraph"})
}

func TestACharacterIsPressedWhereTheFocusIs(t *testing.T) {
	tab := lease(t, shared)
	require.NoError(t, tab.Open(bounded(t), serve(t, plainPage, nil), func(Message) {}))
	require.NoError(t, tab.Evaluate(bounded(t), `document.querySelector("input").focus(); globalThis.pressed = ""; addEventListener("keydown", (event) => { pressed += event.key })`, nil))
	for _, key := range []string{"a", "?", "é"} {
		require.NoError(t, tab.Press(bounded(t), key))
	}
	var entered, pressed string
	require.NoError(t, tab.Evaluate(bounded(t), `document.querySelector("input").value`, &entered))
	require.NoError(t, tab.Evaluate(bounded(t), `pressed`, &pressed))
	assert.Equal(t, "a?é", entered)
	assert.Equal(t, "a?é", pressed)
}
