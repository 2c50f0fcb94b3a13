package journal

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// words finds any of several words in a text in one pass, as an automaton (of Aho and Corasick) that reads byte after byte. Case, hyphens and underscores do not count. What it is asked
// about is every entry of a journal.
type words struct {
	// always says that there is a word without letters.
	always bool
	// next has, while it is made, the state after each byte for each state. State 0 is the beginning.
	next [][256]uint16
	// kind numbers the bytes that no word tells apart, kinds is how many there are; after has, for each state times kinds, the state times kinds after each kind of byte. That is a tenth
	// of next: whoever looks at every entry finds all of it near at hand.
	kind  [256]uint8
	kinds int
	after []uint32
}

// ending is the state in which a word has ended; nothing follows it.
const ending = 1

// newWords makes one for words that are folded; one without letters is in every text.
func newWords(folded []string) *words {
	w := &words{next: make([][256]uint16, ending+1)}
	for _, word := range folded {
		w.always = w.always || word == ""
		w.add(word)
	}
	w.link()
	for state := range w.next {
		next := &w.next[state]
		for c := byte('a'); c <= 'z'; c++ {
			next[c-'a'+'A'] = next[c]
		}
		next['-'], next['_'] = uint16(state), uint16(state)
	}
	w.condense()
	return w
}

// condense makes of next what is looked at later.
func (w *words) condense() {
	numbers := map[string]uint8{}
	var examples []byte
	column := make([]byte, 0, 2*len(w.next))
	for c := range w.kind {
		column = column[:0]
		for state := range w.next {
			column = binary.NativeEndian.AppendUint16(column, w.next[state][c])
		}
		number, known := numbers[string(column)]
		if !known {
			number = uint8(len(examples)) //nolint:gosec // There are no more kinds than bytes.
			numbers[string(column)] = number
			examples = append(examples, byte(c))
		}
		w.kind[c] = number
	}
	w.kinds = len(examples)
	for state := range w.next {
		for _, c := range examples {
			w.after = append(w.after, uint32(w.next[state][c])*uint32(w.kinds)) //nolint:gosec // There are at most 256 kinds.
		}
	}
	w.next = nil
}

// add makes the states of a word.
func (w *words) add(word string) {
	state := 0
	for i, c := range []byte(word) {
		switch next := int(w.next[state][c]); {
		case next == ending:
			return // A shorter one is in it.
		case i == len(word)-1:
			w.next[state][c] = ending
		case next == 0:
			w.next[state][c] = uint16(len(w.next)) //nolint:gosec // Words are names of fields: there are never so many.
			state = len(w.next)
			w.next = append(w.next, [256]uint16{})
		default:
			state = next
		}
	}
}

// link has the automaton go on, where a word breaks off, with the longest beginning of another that ends there: states nearer to the beginning first.
func (w *words) link() {
	instead := make([]uint16, len(w.next))
	var queue []uint16
	for _, state := range w.next[0] {
		if state > ending {
			queue = append(queue, state)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		state := queue[0]
		other := instead[state]
		for c := range w.next[state] {
			next, elsewhere := &w.next[state][c], w.next[other][c]
			switch {
			case *next == 0 || elsewhere == ending:
				*next = elsewhere
			case *next != ending:
				instead[*next] = elsewhere
				queue = append(queue, *next)
			}
		}
	}
}

// in says whether one of the words is in a text.
func (w *words) in(text []byte) bool {
	if w.always {
		return true
	}
	// Each byte waits for the state after the one before, so two halves are read side by side. A word that begins in the first may end in the second.
	found := uint32(ending * w.kinds) //nolint:gosec // There are at most 256 kinds.
	half := len(text) / 2
	first, second := text[:half], text[half:]
	var all byte
	var state, later uint32
	for i, c := range first {
		c2 := second[i]
		all |= c | c2
		state, later = w.after[int(state)+int(w.kind[c])], w.after[int(later)+int(w.kind[c2])]
		if state == found || later == found {
			return true
		}
	}
	for _, c := range second[half:] {
		all |= c
		if later = w.after[int(later)+int(w.kind[c])]; later == found {
			return true
		}
	}
	for i := 0; state != 0 && i < len(second); i++ {
		if state = w.after[int(state)+int(w.kind[second[i]])]; state == found {
			return true
		}
	}
	// A letter beyond ASCII may be one of ASCII in another case.
	return all >= utf8.RuneSelf && w.inFolded(text)
}

// inFolded is in for a text with letters beyond ASCII.
func (w *words) inFolded(text []byte) bool {
	folded := bytes.ToLower(text)
	return !bytes.Equal(folded, text) && w.in(folded)
}
