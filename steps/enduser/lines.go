package enduser

import "slices"

// line is what stands in one place of a page: a bubble, or a notice.
type line struct {
	// ID is the element's, which no other element of any document has.
	ID     string      `json:"id"`
	From   Side        `json:"from"`
	Author string      `json:"author"`
	Text   string      `json:"text"`
	Files  []FileSight `json:"files"`
}

// reads says whether a person who looks at two lines takes one for the other. Links do not show.
func (l line) reads(other line) bool {
	return l.From == other.From && l.Author == other.Author && l.Text == other.Text &&
		slices.EqualFunc(l.Files, other.Files, func(a, b FileSight) bool { return a.Name == b.Name })
}

// transcript is what a user has seen of lines, in order. What is drawn anew, after a reload most of all, is not news; what stands there twice is.
type transcript struct {
	// forgets says that lines which vanish are news when they come again, as notices are; lines of a conversation are not.
	forgets bool
	known   []line
}

// look takes in what is there now, and gives what is news. A line is known if its element is; otherwise if the lines before and after it, as far as they were seen before, leave a place
// for one that reads the same and whose element is gone.
func (t *transcript) look(now []line) []Sight {
	at := t.matched(now)
	var news []Sight
	for i, l := range now {
		if at[i] >= 0 {
			news = append(news, l.changes(t.known[at[i]])...)
		} else {
			news = append(news, l.sights()...)
		}
	}
	if t.forgets {
		t.known = slices.Clone(now)
	} else {
		t.known = t.merged(now, at)
	}
	return news
}

// matched gives for each line of now where it is known, -1 if it is not.
func (t *transcript) matched(now []line) []int {
	here, known := map[string]bool{}, map[string]int{}
	for _, l := range now {
		here[l.ID] = true
	}
	for i, l := range t.known {
		known[l.ID] = i
	}
	at := common(t.known, now, func(old, l line) bool { return old.ID == l.ID || !here[old.ID] && old.reads(l) })
	for i, l := range now {
		// An element that has moved is out of order, and the same all the same.
		if old, is := known[l.ID]; at[i] < 0 && is {
			at[i] = old
		}
	}
	return at
}

// merged is what is known after a look: lines that have vanished stay where they were.
func (t *transcript) merged(now []line, at []int) []line {
	taken := map[int]bool{}
	for _, old := range at {
		taken[old] = true
	}
	var all []line
	next := 0
	keep := func(end int) {
		for ; next < end; next++ {
			if !taken[next] {
				all = append(all, t.known[next])
			}
		}
	}
	for i, l := range now {
		// A new line comes after what has vanished before the next one that is known.
		end := len(t.known)
		for _, old := range at[i:] {
			if old >= next {
				end = old
				break
			}
		}
		keep(end)
		all = append(all, l)
	}
	keep(len(t.known))
	return all
}

// sights are what a new line shows: its words, or that it has none, and its files.
func (l line) sights() []Sight {
	var all []Sight
	if l.Text != "" || len(l.Files) == 0 {
		all = append(all, Sight{Kind: Text, From: l.From, Author: l.Author, Text: l.Text})
	}
	for _, f := range l.Files {
		all = append(all, Sight{Kind: Media, From: l.From, Author: l.Author, File: &f})
	}
	return all
}

// changes are what is different from what stood there before.
func (l line) changes(old line) []Sight {
	var all []Sight
	if l.Text != old.Text || l.Author != old.Author || l.From != old.From {
		all = append(all, Sight{Kind: Text, From: l.From, Author: l.Author, Text: l.Text, Changed: true})
	}
	for i, f := range l.Files {
		before := i < len(old.Files) && old.Files[i].Name == f.Name
		if !before || old.Files[i].URL != f.URL {
			all = append(all, Sight{Kind: Media, From: l.From, Author: l.Author, File: &f, Changed: before})
		}
	}
	return all
}

// common gives for each of b the index of one of a that is the same, -1 for none, so that the pairs are in order in both and as many as can be (the longest common subsequence).
func common(a, b []line, same func(a, b line) bool) []int {
	at := make([]int, 0, len(b))
	// What both begin with is in order already; mostly that is all but the last.
	for len(a) > 0 && len(b) > 0 && same(a[0], b[0]) {
		at = append(at, len(at))
		a, b = a[1:], b[1:]
	}
	return append(at, commonRest(a, b, len(at), same)...)
}

// commonRest is common where each index is so much higher.
func commonRest(a, b []line, before int, same func(a, b line) bool) []int {
	lengths := make([][]int, len(a)+1)
	lengths[len(a)] = make([]int, len(b)+1)
	for i := len(a) - 1; i >= 0; i-- {
		lengths[i] = make([]int, len(b)+1)
		for j := len(b) - 1; j >= 0; j-- {
			if same(a[i], b[j]) {
				lengths[i][j] = lengths[i+1][j+1] + 1
			} else {
				lengths[i][j] = max(lengths[i+1][j], lengths[i][j+1])
			}
		}
	}
	at := slices.Repeat([]int{-1}, len(b))
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case same(a[i], b[j]):
			at[j] = before + i
			i, j = i+1, j+1
		case lengths[i+1][j] >= lengths[i][j+1]:
			i++
		default:
			j++
		}
	}
	return at
}
