package tenant

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/journal"
)

// TestAnEntryIsEncodedAsItIs holds the short way against the long one, with all fields and with the fewest.
func TestAnEntryIsEncodedAsItIs(t *testing.T) {
	whole := savedEntry{
		Entry: journal.Entry{
			Seq: 7, At: 1234567890123, Kind: journal.Response, From: journal.Desk, To: journal.Integration, Name: `PUT "x"`, Ref: 6, Note: "Zürich <&>\n", Data: json.RawMessage(`{"a":[1,"b"]}`),
		},
		Conversation: "c-1", Operation: "message", Untold: "the wire has no words for it",
	}
	laidOut, told := whole, whole
	laidOut.Data = json.RawMessage("{\n  \"a\": 1\r\n}")
	told.Chat, told.Widget, told.Requirement = 1, 2, "FLOW-03"
	for _, s := range []savedEntry{whole, laidOut, told, {Entry: journal.Entry{Seq: 1, Kind: journal.Act, From: journal.Kit, To: journal.Desk, Name: "advance"}}} {
		want, err := json.Marshal(s)
		require.NoError(t, err)
		got, err := s.encode()
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(got))
		assert.NotContains(t, string(got), "\n", "it is one line")
		var back savedEntry
		require.NoError(t, json.Unmarshal(got, &back))
		assert.Equal(t, s.Seq, back.entry().Seq)
	}
}
