package reports

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorded is what a recording shows, with text that would steer a terminal.
func recorded() *Traffic {
	const hostile = "\x1b[2Jgone\r\n\u202efdp.exe"
	q := TrafficRequirement{ID: "DC-MSG-01", Level: "MUST", Statement: "It is " + hostile, Verdict: TrafficFailed, Exchanges: 9}
	for i := range 7 {
		q.Breaches = append(q.Breaches, TrafficBreach{Place: fmt.Sprintf("%s:%d", hostile, i), Request: "POST " + hostile, Pointer: "/" + hostile, Expected: hostile, Recorded: hostile})
	}
	return &Traffic{
		Files: []string{hostile + ".har"}, Verdict: Failed, Exchanges: map[string]int{"api": 1234}, Elsewhere: map[string]int{hostile: 1, "a.test": 2}, CredentialsTakenOut: 1,
		Unjudged: []TrafficUnjudged{{Place: hostile, Why: hostile}, {}, {}, {}, {}, {}}, Said: map[string]int{"event_type " + hostile: 1},
		Requirements: []TrafficRequirement{
			q, {ID: "DC-MSG-05", Level: "SHOULD", Label: "assumed", Statement: "A key.", Verdict: TrafficWarned, Breaches: []TrafficBreach{{Expected: "a key", Recorded: "none"}}},
			{ID: "DC-MSG-06", Level: "SHOULD", Statement: "A text.", Verdict: TrafficPassed}, {ID: "DC-MSG-08", Level: "MUST", Statement: "An end.", Verdict: TrafficNotSeen},
			{ID: "DC-CONV-02", Level: "MUST", Statement: "An id.", Verdict: TrafficLeftOut, Reason: "the touchpoint"},
		},
		LiveOnly: []string{"DC-MSG-11"},
	}
}

func TestTrafficText(t *testing.T) {
	var b bytes.Buffer
	WriteTrafficText(&b, recorded(), TextOptions{Whole: true})
	got := b.String()
	for _, steering := range []string{"\x1b", "\r", "\u202e"} {
		assert.NotContains(t, got, steering)
	}
	for _, want := range []string{
		"exchanges  1,234 (identity 0, api 1,234, storage 0, webhook 0)\n", "elsewhere  a.test 2, ", "taken out  1 exchange had no credentials in the recording", "and 1 more that cannot be judged\n",
		"and 2 exchanges more: --json has them all\n", "warned    DC-MSG-05     A key. (SHOULD, assumed)\n            all exchanges together\n              expected  a key\n              recorded  none\n",
		"left out  DC-CONV-02    needs the touchpoint (MUST)\n", "\ntraffic: failed (1 failed, 1 warned, 1 passed, 1 not seen, 1 left out); 1 more show in a live run only\n",
	} {
		assert.Contains(t, got, want)
	}
	assert.Equal(t, breachesInFull, strings.Count(got, "  recorded  ")-1, "of one requirement, besides the one of the other")

	b.Reset()
	WriteTrafficText(&b, recorded(), TextOptions{Quiet: true, Width: 60})
	assert.True(t, strings.HasPrefix(b.String(), "failed    DC-MSG-01"))
	assert.NotContains(t, b.String(), "DC-MSG-06")
	for line := range strings.Lines(b.String()) {
		assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 60, line)
	}
}

// Many files are counted: their names would be all that one sees.
func TestTrafficTextOfManyFiles(t *testing.T) {
	for files, want := range map[string]string{"a b c": "recording  a, b, c\n", "a b c d": "recording  4 files\n"} {
		var b bytes.Buffer
		r := recorded()
		r.Files = strings.Fields(files)
		WriteTrafficText(&b, r, TextOptions{Whole: true})
		assert.True(t, strings.HasPrefix(b.String(), want), b.String())
	}
}

func TestTrafficJSON(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, WriteTrafficJSON(&b, recorded()))
	assert.Equal(t, 7, strings.Count(b.String(), `"expected": "`)-1, "all of them")
	require.ErrorContains(t, WriteTrafficJSON(failing{}, recorded()), "write what the recording shows: ")
}

// failing is a writer whose disk is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }
