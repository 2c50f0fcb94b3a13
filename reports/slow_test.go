package reports

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSlowest(t *testing.T) {
	dir := t.TempDir()
	_, err := Slowest(dir, 10)
	require.ErrorIs(t, err, ErrNoResults)

	r := sample()
	slow := &r.Scenarios[0]
	slow.DurationMs = 9000
	slow.Steps[1].DurationMs, slow.Steps[1].WaitedMs, slow.Steps[1].RestedMs, slow.Steps[1].PassedMs = 8000, 412, 20, 15000
	require.NoError(t, Write(dir, r))
	all, err := Slowest(dir, 3)
	require.NoError(t, err)
	require.Len(t, all, 3)
	assert.Equal(t, slow.ID, all[0].ID)
	assert.Equal(t, slow.Steps[1].Text, all[0].Step.Text)
	assert.Equal(t, "412 ms for something to be recorded, 20 ms for the page to come to rest, 7,568 ms of work; 15.0 s of the scenario's own time passed", all[0].Why)
	assert.GreaterOrEqual(t, all[1].DurationMs, all[2].DurationMs)
}
