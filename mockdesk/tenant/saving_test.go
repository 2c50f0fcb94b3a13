package tenant

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/store"
)

// TestAnEntryIsReadAsItWas writes entries down, with all fields and with the fewest, and reads them.
func TestAnEntryIsReadAsItWas(t *testing.T) {
	whole := journal.Entry{
		Seq: 7, At: 1234567890123, Kind: journal.Response, From: journal.Desk, To: journal.Integration, Name: `PUT "x"`, Ref: 6, Chat: 1, Widget: 2, Conversation: "c-1", Operation: "message",
		Untold: "the wire has no words for it", Requirement: "FLOW-03", Note: "Zürich <&>\n", Data: json.RawMessage("{\n  \"a\": 1\r\n}"),
	}
	for _, e := range []journal.Entry{whole, {Seq: 1, Kind: journal.Act, From: journal.Kit, To: journal.Desk, Name: "advance"}} {
		raw := appendEntry([]byte("before"), e)[len("before"):]
		back, err := readEntry(store.Entry{Seq: e.Seq, Body: raw})
		require.NoError(t, err)
		assert.Equal(t, e, back)
		_, err = readEntry(store.Entry{Seq: e.Seq, Body: raw[:len(raw)-1]})
		require.ErrorContains(t, err, "of the journal: the fields are damaged")
	}
}

// TestANoteIsReadAsItWas writes down how far scripts have come, and reads it.
func TestANoteIsReadAsItWas(t *testing.T) {
	whole := savedPlayer{script: "echo", digest: "0123456789abcdef", next: 2, answering: true, heard: []string{"hello", "", "Zürich"}, cursor: 17, due: time.Date(2026, 3, 1, 9, 4, 10, 250, time.UTC), over: true}
	for _, one := range []savedPlayer{whole, {script: "echo"}} {
		note, err := one.pack()
		require.NoError(t, err)
		back, err := readPlayer(note)
		require.NoError(t, err)
		assert.Equal(t, one, back)
		_, err = readPlayer(note[:len(note)-1])
		require.Error(t, err)
	}
	nobody, err := readPlayer(noScript)
	require.NoError(t, err)
	assert.Empty(t, nobody.script)
}
