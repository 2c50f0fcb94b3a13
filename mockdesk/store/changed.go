package store

import (
	"cmp"
	"slices"
)

// changed are conversations by tenant and id, each with all that is new of it. Its room is used again and again: there are many changes a second.
type changed struct {
	of   map[string]map[string]*news
	pile pile
}

// news is what is new of a conversation.
type news struct {
	// forgotten says that all that came before is not to be kept.
	forgotten bool
	ordinal   int
	over      bool
	// state and note are nil if they have not changed.
	state, note []byte
	// first is the cursor of the first event that is new, 0 if there is none; events are where they are.
	first  int
	events chain
}

func newChanged() *changed { return &changed{of: map[string]map[string]*news{}} }

// add adds what came later. What is read is only valid for now.
func (c *changed) add(tenant string, p part) {
	all := c.of[tenant]
	if all == nil {
		all = map[string]*news{}
		c.of[tenant] = all
	}
	now := all[string(p.id)]
	if now == nil || p.forgotten {
		now = &news{forgotten: p.forgotten}
		all[string(p.id)] = now
	}
	if p.state != nil || p.note != nil {
		now.ordinal, now.over = p.ordinal, p.over
	}
	if p.state != nil {
		now.state = append(now.state[:0], p.state...)
	}
	if p.note != nil {
		now.note = append(now.note[:0], p.note...)
	}
	if now.first == 0 {
		now.first = p.first
	}
	if len(p.events) > 0 {
		c.pile.add(&now.events, p.events)
	}
}

// settle has the changes of so many rows, up to that of a number, go their way. Half of what it begins with has come again before it ends.
func (c *changed) settle(to, rows int) *settling {
	s := &settling{to: to, transactions: max(rows/2, 1), changed: c}
	for tenant, all := range c.of {
		for id, n := range all {
			s.waiting = append(s.waiting, owner{tenant, id, n})
		}
	}
	s.conversations = len(s.waiting)
	// Neighbours share pages.
	slices.SortFunc(s.waiting, func(a, b owner) int { return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.id, b.id)) })
	return s
}

// drop leaves out whatever there is of a tenant.
func (c *changed) drop(tenant string) { delete(c.of, tenant) }

// clear makes it empty.
func (c *changed) clear() {
	clear(c.of)
	c.pile.clear()
}

// blockSize is how much room a pile makes at once, in bytes.
const blockSize = 1 << 20

// pile holds bytes in chains of pieces, in the order in which they came: what is added to a chain moves nothing.
type pile struct {
	// blocks are full up to the one that is used; those after it are empty, as is all of it where pieces has none.
	blocks [][]byte
	used   int
	pieces []piece
	// room is for what is read.
	room []byte
}

// chain is the number of the first and the last of its pieces, from 1; the zero value has none.
type chain struct{ first, last int32 }

// piece is where bytes are, and the number of the next one, 0 for none.
type piece struct{ block, at, length, next int32 }

// add adds bytes to a chain.
func (p *pile) add(to *chain, raw []byte) {
	for p.used < len(p.blocks) && len(p.blocks[p.used])+len(raw) > cap(p.blocks[p.used]) {
		p.used++
	}
	if p.used == len(p.blocks) {
		p.blocks = append(p.blocks, make([]byte, 0, max(blockSize, len(raw))))
	}
	block := &p.blocks[p.used]
	p.pieces = append(p.pieces, piece{block: int32(p.used), at: int32(len(*block)), length: int32(len(raw))}) //nolint:gosec // It is bounded by mostUnsettled, and by what a client may say at once.
	*block = append(*block, raw...)
	number := int32(len(p.pieces)) //nolint:gosec // as above
	if to.first == 0 {
		to.first = number
	} else {
		p.pieces[to.last-1].next = number
	}
	to.last = number
}

// read gives the bytes of a chain; they are valid until the next time.
func (p *pile) read(c chain) []byte {
	p.room = p.room[:0]
	for number := c.first; number > 0; {
		one := p.pieces[number-1]
		p.room = append(p.room, p.blocks[one.block][one.at:one.at+one.length]...)
		number = one.next
	}
	return p.room
}

// clear makes it empty. Blocks that are larger than others are not kept, nor more than what is usual.
func (p *pile) clear() {
	p.blocks = slices.DeleteFunc(p.blocks, func(b []byte) bool { return cap(b) > blockSize })
	p.blocks = slices.Delete(p.blocks, min(len(p.blocks), mostBlocks), len(p.blocks))
	for i := range p.blocks {
		p.blocks[i] = p.blocks[i][:0]
	}
	p.used, p.pieces = 0, p.pieces[:0]
}

// mostBlocks is how many blocks are kept for later.
const mostBlocks = mostUnsettled / blockSize
