package tenant

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheAudienceIsHeardInItsOrder(t *testing.T) {
	a := newAudience()
	all := make([]*player, 50)
	for i := range all {
		all[i] = &player{}
		a.add(all[i], true)
		a.add(all[i], true)
	}
	assert.Empty(t, a.wake, "somebody hears them next")
	require.Equal(t, len(all), a.latest(), "each is there once")
	// Somebody always waits, for ever: the room stays what it was.
	for range 10_000 {
		for _, want := range all {
			p := a.take(a.latest())
			require.Same(t, want, p)
			a.add(p, false)
		}
	}
	assert.LessOrEqual(t, cap(a.players), 4*len(all))
	assert.Len(t, a.wake, 1)
	// Who comes later is left to others, even where these have taken some before.
	latest := a.latest()
	late := &player{}
	a.add(late, true)
	require.Same(t, all[0], a.take(a.latest()))
	for range all[1:] {
		require.NotNil(t, a.take(latest))
	}
	assert.Nil(t, a.take(latest))
	assert.Same(t, late, a.take(a.latest()))
	assert.Nil(t, a.take(a.latest()))
}
