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
	require.Equal(t, len(all), a.size(), "each is there once")
	// Somebody always waits, for ever: the room stays what it was.
	for range 10_000 {
		for _, want := range all {
			p := a.take()
			require.Same(t, want, p)
			a.add(p, false)
		}
	}
	assert.LessOrEqual(t, cap(a.players), 4*len(all))
	assert.Len(t, a.wake, 1)
	for range all {
		require.NotNil(t, a.take())
	}
	assert.Nil(t, a.take())
	assert.Zero(t, a.size())
}
