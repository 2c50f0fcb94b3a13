package journal

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestWordsAreFoundWhereTheyAre holds the automaton against looking for each of the words by itself, in texts made of parts of them.
func TestWordsAreFoundWhereTheyAre(t *testing.T) {
	folded := []string{"token", "secret", "cookie", "setcookie", "ecr", "tok", "bearer", "arearm"}
	pieces := []string{"to", "K", "en", "-", "_", "se", "CR", "et", "coo", "kie", "be", "are", "r", "m", "ar", " ", "ü", "\u212a", "e"}
	w := newWords(folded)
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 5_000 {
		var text strings.Builder
		for range random.IntN(8) {
			text.WriteString(pieces[random.IntN(len(pieces))])
		}
		plain := fold(text.String())
		want := slices.ContainsFunc(folded, func(word string) bool { return strings.Contains(plain, word) })
		assert.Equal(t, want, w.in([]byte(text.String())), text.String())
		if want {
			found++
		}
	}
	assert.Greater(t, found, 250)
	assert.True(t, newWords([]string{"token", ""}).in([]byte("x")), "a word without letters is in every text")
}
