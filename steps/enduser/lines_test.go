package enduser

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// shown are lines from words such as "1:Hello 2:Bye", each an ID and a text.
func shown(words string) []line {
	var all []line
	for word := range strings.FieldsSeq(words) {
		id, text, _ := strings.Cut(word, ":")
		l := line{ID: id, From: OfAgent, Text: text}
		if name, is := strings.CutPrefix(text, "file="); is {
			l.Text = ""
			name, url, _ := strings.Cut(name, "@")
			l.Files = []FileSight{{Name: name, URL: url}}
		}
		all = append(all, l)
	}
	return all
}

func inWords(news []Sight) string {
	var all []string
	for _, s := range news {
		word := s.Text
		if s.Kind == Media {
			word = "file=" + s.File.Name + "@" + s.File.URL
		}
		if s.Changed {
			word += "!"
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

func TestWhatIsNewsIsWhatWasNotThere(t *testing.T) {
	for name, one := range map[string]struct {
		forgets bool
		// looks are what is there, each with what of it is news.
		looks [][2]string
	}{
		"lines are added":                    {false, [][2]string{{"1:a", "a"}, {"1:a 2:b", "b"}, {"1:a 2:b", ""}, {"1:a 2:b 3:c 4:d", "c d"}}},
		"twice is twice":                     {false, [][2]string{{"1:a", "a"}, {"1:a 2:a", "a"}, {"1:a 2:a 3:a", "a"}}},
		"in between":                         {false, [][2]string{{"1:a 2:c", "a c"}, {"1:a 3:b 2:c", "b"}}},
		"newest first":                       {false, [][2]string{{"1:a", "a"}, {"2:b 1:a", "b"}, {"3:a 2:b 1:a", "a"}}},
		"other words":                        {false, [][2]string{{"1:", ""}, {"1:Hel", "Hel!"}, {"1:Hello", "Hello!"}}},
		"drawn anew":                         {false, [][2]string{{"1:a 2:b", "a b"}, {"3:a 4:b", ""}, {"5:a 6:b 7:c", "c"}}},
		"drawn anew, with one more the same": {false, [][2]string{{"1:a 2:b", "a b"}, {"3:a 4:b 5:b", "b"}}},
		"drawn anew piece by piece":          {false, [][2]string{{"1:a 2:b", "a b"}, {"", ""}, {"3:a", ""}, {"3:a 4:b", ""}, {"3:a 4:b 5:c", "c"}}},
		"older ones scroll away":             {false, [][2]string{{"1:a 2:b", "a b"}, {"2:b 3:c", "c"}, {"4:a 2:b 3:c", ""}}},
		"the same later":                     {false, [][2]string{{"1:a 2:b", "a b"}, {"2:b", ""}, {"2:b 3:a", "a"}}},
		"another conversation":               {false, [][2]string{{"1:a 2:b", "a b"}, {"", ""}, {"3:x", "x"}, {"3:x 4:y", "y"}}},
		"one has moved":                      {false, [][2]string{{"1:a 2:b 3:c", "a b c"}, {"2:b 3:c 1:a", ""}, {"2:b 3:c 1:a 4:a", "a"}}},
		"files":                              {false, [][2]string{{"1:file=f@/1", "file=f@/1"}, {"1:file=f@/2", "file=f@/2!"}, {"2:file=f@/3", "file=f@/3!"}, {"2:file=g@/3", "file=g@/3"}}},
		"notices that come again":            {true, [][2]string{{"1:gone", "gone"}, {"", ""}, {"2:gone", "gone"}, {"3:gone", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			seen := transcript{forgets: one.forgets}
			for i, look := range one.looks {
				assert.Equal(t, look[1], inWords(seen.look(shown(look[0]))), "look %d", i)
			}
		})
	}
}

func TestALongConversationIsLookedAtQuickly(t *testing.T) {
	seen, all := transcript{}, []line{}
	for i := range 500 {
		all = append(all, line{ID: strconv.Itoa(i), Text: "line"})
		assert.Len(t, seen.look(all), 1)
	}
}
