package match_test

import (
	"strings"
	"testing"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/match"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func entry(seq int, kind journal.Kind, name, data string) journal.Entry {
	return journal.Entry{Seq: seq, Kind: kind, From: journal.Integration, To: journal.Desk, Name: name, Conversation: "conversation-0001", Data: []byte(data)}
}

func TestMatches(t *testing.T) {
	e := entry(7, journal.Frame, "message", `{"text":"hello there","n":3,"author":{"role":"agent"},"items":[{"kind":"text"},{"kind":"file"}]}`)
	for source, want := range map[string]bool{
		`kind == "frame"`:                           true,
		`kind == "frame" && name == "typing"`:       false,
		`data.text contains "hello"`:                true,
		`data.author.role == "agent" and data.n>2`:  true,
		`data.nothing.at.all == 1`:                  false,
		`not (data.text startsWith "bye")`:          true,
		`any(data.items, .kind == "file")`:          true,
		`data.text matches "^h.*e$"`:                true,
		`conversation == "conversation-0001"`:       true,
		`seq == 7 && from == "integration"`:         true,
		`len(filter(data.items, .kind == "x")) > 0`: false,
		`data.n contains "text of a number"`:        false,
	} {
		x, err := match.Compile(source)
		require.NoError(t, err, source)
		assert.Equal(t, want, x.Matches(e), source)
	}
	x, err := match.Compile(`data.text == "x"`)
	require.NoError(t, err)
	assert.False(t, x.Matches(journal.Entry{Seq: 1, Kind: journal.Act}), "an entry without data")
}

func TestMistakesSayWhereTheyAre(t *testing.T) {
	for source, want := range map[string]string{
		`kind = "frame"`:                                       `line 1, column 6`,
		`kind == "frame" && nam == "x"`:                        `line 1, column 20: unknown name nam`,
		`kind`:                                                 `expected bool`,
		`len(1..1000000) > 3`:                                  `line 1, column 6: ranges are not allowed`,
		"kind == \"x\" &&\nlen(1..3) > 1":                      `line 2, column 6: ranges are not allowed`,
		`repeat("x", 100000) == name`:                          `repeat is not allowed`,
		`any(data, any(#, any(#, any(#, # == 1))))`:            `loops over lists stand more than 2 deep`,
		strings.Repeat(`kind == "x" && `, 100) + `kind == "y"`: `exceeds maximum`,
		strings.Repeat(" ", match.MostBytes) + "true":          `more than 4096 bytes`,
	} {
		_, err := match.Compile(source)
		var syntax *match.SyntaxError
		require.ErrorAs(t, err, &syntax, source)
		assert.ErrorContains(t, err, want, source)
	}
}

func TestClosest(t *testing.T) {
	x, err := match.Compile(`kind == "frame" && name == "message" && data.text == "hello"`)
	require.NoError(t, err)
	entries := []journal.Entry{
		entry(1, journal.Frame, "hello", `{}`),
		entry(2, journal.Frame, "message", `{"text":"hullo"}`),
		entry(3, journal.Request, "PUT /x", `{}`),
		entry(4, journal.Frame, "message", `{}`),
		entry(5, journal.Frame, "message", `{"text":"hello"}`),
		entry(6, journal.Frame, "typing", `{}`),
	}
	near := x.Closest(entries)
	require.Len(t, near, 3)
	assert.Equal(t, `#4 (frame message), which meets 2 of 3 conditions: data.text == "hello" does not hold: data.text is missing`, near[0].String())
	assert.Equal(t, `#2 (frame message), which meets 2 of 3 conditions: data.text == "hello" does not hold: data.text is "hullo"`, near[1].String())
	assert.Equal(t, 6, near[2].Entry.Seq)
	assert.Equal(t, `#6 (frame typing), which meets 1 of 3 conditions: name == "message" does not hold: name is "typing"; data.text == "hello" does not hold: data.text is missing`, near[2].String())
	assert.Empty(t, x.Closest(entries[2:3]), "what meets nothing is not close")
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{`kind == "x"`, `any(data.items, .kind in ["a"])`, `{`, `data?.a ?? 1 == 2`, `let a = data.x; a == 1`} {
		f.Add(seed)
	}
	e := entry(1, journal.Frame, "x", `{"items":[1,{"a":[]}]}`)
	f.Fuzz(func(_ *testing.T, source string) {
		if x, err := match.Compile(source); err == nil {
			x.Matches(e)
			x.Closest([]journal.Entry{e})
		}
	})
}
