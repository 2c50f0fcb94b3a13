package journal

// blockSize is how many entries a block of a tail has.
const blockSize = 128

// tail is a list of entries that grows at its end and is cut at its beginning. It is kept in blocks, so that nothing is moved when it grows, and what is cut off is freed.
type tail struct {
	// blocks are all full but the last; cut is how many entries of the first are cut off.
	blocks [][]Entry
	cut    int
	length int
	// spare is a block that was cut off, for the next that is needed: a journal that is full needs as many as it drops.
	spare []Entry
}

// add puts an entry at the end.
func (t *tail) add(e Entry) {
	last := len(t.blocks) - 1
	if last < 0 || len(t.blocks[last]) == blockSize {
		t.blocks = append(t.blocks, t.block())
		last++
	}
	t.blocks[last] = append(t.blocks[last], e)
	t.length++
}

// block is an empty one.
func (t *tail) block() []Entry {
	fresh := t.spare
	if t.spare = nil; fresh == nil {
		fresh = make([]Entry, 0, blockSize)
	}
	return fresh
}

// drop cuts off the first n entries, or all if there are no more than that.
func (t *tail) drop(n int) {
	n = min(n, t.length)
	t.cut, t.length = t.cut+n, t.length-n
	for t.cut >= blockSize {
		clear(t.blocks[0])
		t.spare, t.blocks[0] = t.blocks[0][:0], nil
		t.blocks = t.blocks[1:]
		t.cut -= blockSize
	}
}

// from returns a copy of the entries from an index on, nil if there are none.
func (t *tail) from(index int) []Entry {
	if index >= t.length {
		return nil
	}
	return t.appendFrom(make([]Entry, 0, t.length-index), index)
}

// appendFrom adds the entries from an index on to others.
func (t *tail) appendFrom(fresh []Entry, index int) []Entry {
	if index >= t.length {
		return fresh
	}
	at := t.cut + index
	fresh = append(fresh, t.blocks[at/blockSize][at%blockSize:]...)
	for _, block := range t.blocks[at/blockSize+1:] {
		fresh = append(fresh, block...)
	}
	return fresh
}
