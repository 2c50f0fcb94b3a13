package mockdesk

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnOutboxGivesInOrderAndDoesNotGrow has sockets posted and taken again and again while some always wait: each comes once, in the order in which they were posted, and the room that those
// taken had is used again.
func TestAnOutboxGivesInOrderAndDoesNotGrow(t *testing.T) {
	t.Parallel()
	var o outbox
	all := make([]*socket, 100)
	for i := range all {
		all[i] = &socket{number: i}
	}
	posted, taken, most := 0, 0, 0
	post := func(n int) {
		for range n {
			o.add(all[posted%len(all)])
			posted++
		}
	}
	post(7)
	for round := range 10_000 {
		post(round%9 + 1)
		most = max(most, o.waiting())
		room := make([]*socket, round%5+5)
		for _, s := range o.take(room[:min(len(room), o.waiting()-1)]) {
			require.Equal(t, taken%len(all), s.number)
			require.False(t, s.posted)
			taken++
		}
		require.Equal(t, posted-taken, o.waiting())
	}
	assert.LessOrEqual(t, cap(o.sockets), 4*most, "for %d that have waited at most", most)
	room := make([]*socket, o.waiting()+1)
	assert.Len(t, o.take(room), posted-taken, "no more than there are")
	assert.Empty(t, o.take(room))
}
