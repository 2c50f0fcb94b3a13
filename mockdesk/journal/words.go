package journal

import (
	"bytes"
	"unicode/utf8"
)

// words finds any of several words in a text in one pass, as an automaton (of Aho and Corasick) that reads byte after byte. Case, hyphens and underscores do not count. What it is asked
// about is every entry of a journal.
type words struct {
	// next has, for each state, the state after each byte. State 0 is the beginning.
	next [][256]uint16
	// always says that there is a word without letters.
	always bool
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
	return w
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
	var all byte
	state := uint16(0)
	for _, c := range text {
		all |= c
		if state = w.next[state][c]; state == ending {
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
