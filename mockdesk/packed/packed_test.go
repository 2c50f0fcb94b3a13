package packed_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/packed"
)

func read(t *testing.T, raw []byte) []packed.Field {
	t.Helper()
	var all []packed.Field
	for f, err := range packed.Fields(raw) {
		require.NoError(t, err)
		all = append(all, f)
	}
	return all
}

func TestFieldsComeBackAsTheyWere(t *testing.T) {
	raw := packed.Text(nil, 1, "Zürich")
	raw = packed.Int(raw, 2, -7)
	raw = packed.Int(raw, 3, math.MaxInt)
	raw = packed.Truth(raw, 4, true)
	raw = packed.Bytes(raw, 500, []byte{0, 255})
	raw = packed.Text(raw, 1, "again")
	raw = packed.Item(raw, 1, "")
	assert.Equal(t, []packed.Field{
		{Number: 1, Bytes: []byte("Zürich")}, {Number: 2, Int: -7}, {Number: 3, Int: math.MaxInt}, {Number: 4, Int: 1}, {Number: 500, Bytes: []byte{0, 255}}, {Number: 1, Bytes: []byte("again")}, {Number: 1, Bytes: []byte{}},
	}, read(t, raw))
	assert.Equal(t, "Zürich", read(t, raw)[0].Text())
}

func TestWhatSaysNothingTakesNoRoom(t *testing.T) {
	assert.Empty(t, packed.Bytes(packed.Truth(packed.Int(packed.Text(nil, 1, ""), 2, 0), 3, false), 4, nil))
	assert.Empty(t, read(t, nil))
}

func TestWhatIsCutOffIsNoField(t *testing.T) {
	whole := packed.Text(packed.Int(nil, 1, 300), 2, "text")
	for length := range whole {
		var err error
		n := 0
		for _, wrong := range packed.Fields(whole[:length]) {
			n++
			err = wrong
		}
		if length == 0 || length == 3 {
			require.NoError(t, err, "it is cut between two fields")
			continue
		}
		require.ErrorContains(t, err, "the fields are damaged", "%d bytes", length)
		assert.LessOrEqual(t, n, 2)
	}
}

func FuzzFields(f *testing.F) {
	f.Add(packed.Text(packed.Int(nil, 1, 300), 2, "text"))
	f.Add([]byte{0x0d, 1, 2, 3, 4})
	f.Fuzz(func(_ *testing.T, raw []byte) {
		for _, err := range packed.Fields(raw) {
			if err != nil {
				return
			}
		}
	})
}
