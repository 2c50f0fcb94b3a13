package browser

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACaptureOfTheScreenIsRecordedFromItsStartToItsEnd(t *testing.T) {
	tab, seen := show(t, script(``), nil)
	run := func(js string) (answer string) {
		require.NoError(t, tab.Evaluate(bounded(t), `(async () => { `+js+` })()`, &answer))
		return answer
	}
	assert.Equal(t, "live video browser", run(`
		globalThis.stream = await navigator.mediaDevices.getDisplayMedia({video: true});
		const [track] = stream.getTracks();
		return track.readyState + ' ' + track.kind + ' ' + track.getSettings().displaySurface;`))
	started := seen.wait(t, "capture", "started")
	assert.JSONEq(t, `{"capture":1,"options":{"video":true}}`, string(started.Data))

	run(`globalThis.copy = stream.clone(); stream.getTracks()[0].stop(); return ''`)
	assert.Empty(t, seen.of("capture", "stopped"), "its copy still shows the screen")
	run(`copy.getTracks()[0].stop(); copy.getTracks()[0].stop(); return ''`)
	stopped := seen.wait(t, "capture", "stopped")
	assert.Equal(t, started.ID, stopped.Ref)
	assert.Len(t, seen.of("capture", "stopped"), 1)

	assert.Equal(t, "ended", run(`
		const [track] = (await navigator.mediaDevices.getDisplayMedia()).getTracks();
		const ended = new Promise((resolve) => { track.onended = (event) => resolve(event.type); });
		deskcheck.capture.end();
		return ended;`), "the user's stop in the browser's bar tells the page")
	assert.Len(t, seen.of("capture", "stopped"), 2)
	assert.Equal(t, "user", seen.of("capture", "stopped")[1].From)

	assert.Equal(t, "NotAllowedError", run(`
		deskcheck.capture.refuse(1);
		return navigator.mediaDevices.getDisplayMedia().then(() => 'a stream', (error) => error.name);`))
	assert.Len(t, seen.of("capture", "refused"), 1)
	assert.Len(t, seen.of("capture", "started"), 2)
}
