package mockdesk

import (
	"iter"
	"math/bits"
)

// series is a list that grows at its end and is never changed otherwise. What it holds stays where it is: nothing is copied when there is no more room, and whoever has a copy of the series
// can read what was there then while it grows. The zero value is empty.
type series[T any] struct {
	// blocks are full length from the beginning: of 2, 4, 8, 16 and 32 items, and of fullBlock from then on.
	blocks [][]T
	length int
}

const (
	// fullBlock is how many items a block has, once there are many.
	fullBlock = 64
	// growing is how many blocks there are that are smaller, inGrowing how many items those have.
	growing   = 5
	inGrowing = fullBlock - 2
)

// place is where an item is: in which block, and where there.
func place(index int) (block, offset int) {
	if index >= inGrowing {
		index -= inGrowing
		return growing + index/fullBlock, index % fullBlock
	}
	// Those of the block with 2<<n items are, 2 added, those from 2<<n on.
	index += 2
	block = bits.Len(uint(index)) - 2
	return block, index - 2<<block
}

// at is an item; whoever asks does not change it.
func (s *series[T]) at(index int) *T {
	block, offset := place(index)
	return &s.blocks[block][offset]
}

// add adds an item.
func (s *series[T]) add(item T) {
	block, offset := place(s.length)
	if block == len(s.blocks) {
		s.blocks = append(s.blocks, make([]T, 2<<min(block, growing)))
	}
	s.blocks[block][offset] = item
	s.length++
}

// from gives the items from an index on.
func (s *series[T]) from(first int) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for i := first; i < s.length; i++ {
			if !yield(s.at(i)) {
				return
			}
		}
	}
}

// list is a copy of the items from an index on to before another, nil if there are none.
func (s *series[T]) list(first, end int) []T {
	if first >= end {
		return nil
	}
	items := make([]T, 0, end-first)
	for i := first; i < end; i++ {
		items = append(items, *s.at(i))
	}
	return items
}

// rest is a series from an item on.
type rest[T any] struct {
	series[T]

	first int
}

// all gives the items.
func (r *rest[T]) all() iter.Seq[*T] { return r.from(r.first) }
