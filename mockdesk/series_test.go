package mockdesk

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestASeriesKeepsEverythingWhereItIs holds a series against a list, over all sizes of blocks: what is in it, from anywhere on, and that nothing moves while it grows.
func TestASeriesKeepsEverythingWhereItIs(t *testing.T) {
	t.Parallel()
	var s series[int]
	var want []int
	var places []*int
	for i := range 5 * fullBlock {
		before := s
		s.add(i)
		want, places = append(want, i), append(places, s.at(i))
		assert.Equal(t, i, before.length, "a copy is as it was")
		for j := range before.length {
			if before.at(j) != places[j] || s.at(j) != places[j] || *s.at(j) != j {
				t.Fatalf("item %d is elsewhere, or another, after %d were added", j, i+1)
			}
		}
	}
	assert.Equal(t, want, s.list(0, s.length))
	for first := range s.length + 1 {
		var got []int
		r := rest[int]{s, first}
		for v := range r.all() {
			got = append(got, *v)
		}
		assert.ElementsMatch(t, want[first:], got)
		assert.Equal(t, got, s.list(first, s.length))
	}
	for v := range s.from(3) {
		assert.Equal(t, 3, *v)
		break
	}
	assert.Nil(t, s.list(7, 7))
	assert.Equal(t, []int{7}, s.list(7, 8))
	items := 0
	for _, block := range s.blocks {
		items += len(block)
		assert.LessOrEqual(t, len(block), fullBlock)
	}
	assert.Less(t, items-s.length, fullBlock, "no more room is kept than there may be need of")
}
