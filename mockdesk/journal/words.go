package journal

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// words finds any of several words in a text in one pass, as an automaton (of Aho and Corasick) that reads byte after byte. Case, hyphens and underscores do not count. What it is asked
// about is every entry of a journal.
type words struct {
	// class is what a byte means to the automaton: the number of a letter of the words, in either case, or one of the two below.
	class [256]uint8
	width int
	// next is the state after a state and a class, at state*width+class; found says of a state that a word ends there. State 0 is the beginning.
	next  []int32
	found []bool
}

const (
	noLetter = 0
	skipped  = 1
)

// newWords makes one for words that are folded; one without letters is in every text.
func newWords(folded []string) *words {
	w := &words{width: 2, found: []bool{false}}
	w.class['-'], w.class['_'] = skipped, skipped
	for _, word := range folded {
		for _, c := range []byte(word) {
			if w.class[c] == noLetter {
				w.class[c] = uint8(w.width) //nolint:gosec // There are no more classes than bytes.
				w.width++
			}
		}
	}
	w.next = make([]int32, w.width)
	for _, word := range folded {
		w.add(word)
	}
	w.link()
	for c := byte('a'); c <= 'z'; c++ {
		w.class[c-'a'+'A'] = w.class[c]
	}
	return w
}

// add makes the states of a word.
func (w *words) add(word string) {
	state := 0
	for _, c := range []byte(word) {
		at := state*w.width + int(w.class[c])
		if w.next[at] == 0 {
			w.next[at] = int32(len(w.found)) //nolint:gosec // Words are names of fields: there are never so many.
			w.found = append(w.found, false)
			w.next = append(w.next, make([]int32, w.width)...)
		}
		state = int(w.next[at])
	}
	w.found[state] = true
}

// link has the automaton go on, where a word breaks off, with the longest beginning of another that ends there: states nearer to the beginning first.
func (w *words) link() {
	instead := make([]int32, len(w.found))
	var queue []int32
	for _, state := range w.next[:w.width] {
		if state != 0 {
			queue = append(queue, state)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		state, other := int(queue[0]), int(instead[queue[0]])
		w.found[state] = w.found[state] || w.found[other]
		for class := range w.width {
			at, elsewhere := state*w.width+class, w.next[other*w.width+class]
			if w.next[at] == 0 {
				w.next[at] = elsewhere
				continue
			}
			instead[w.next[at]] = elsewhere
			queue = append(queue, w.next[at])
		}
	}
}

// in says whether one of the words is in a text.
func (w *words) in(text []byte) bool {
	if slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf }) {
		text = bytes.ToLower(text) // A letter beyond ASCII may be one of ASCII in another case.
	}
	state := 0
	for _, c := range text {
		class := w.class[c]
		if class == skipped {
			continue
		}
		if state = int(w.next[state*w.width+int(class)]); w.found[state] {
			return true
		}
	}
	return false
}
