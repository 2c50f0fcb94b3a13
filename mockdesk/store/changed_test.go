package store

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChainsAreReadAsTheyWereAdded holds a pile against the same bytes kept by themselves, again and again in the same room, with pieces that fit a block and some that do not.
func TestChainsAreReadAsTheyWereAdded(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var p pile
	for round := range 4 {
		chains, want := make([]chain, 50), make([][]byte, 50)
		for turn := range 2_000 {
			n := random.IntN(3000) + 1
			if turn%500 == 0 {
				n += blockSize
			}
			raw := bytes.Repeat([]byte{byte(random.IntN(256))}, n)
			to := random.IntN(len(chains))
			p.add(&chains[to], raw)
			want[to] = append(want[to], raw...)
			clear(raw) // It is only valid for the call.
		}
		for i := range chains {
			require.True(t, bytes.Equal(want[i], p.read(chains[i])), "round %d, chain %d", round, i)
		}
		assert.Empty(t, p.read(chain{}))
		p.clear()
		assert.LessOrEqual(t, len(p.blocks), mostBlocks)
		for _, b := range p.blocks {
			assert.Equal(t, blockSize, cap(b), "large blocks are not kept")
		}
	}
}
