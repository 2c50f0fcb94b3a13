package bound

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStolenTimeIsReadOfEachProcessor(t *testing.T) {
	assert.Equal(t, []time.Duration{4100 * time.Millisecond, 2 * time.Second}, steals([]byte("cpu  9 9 9 9 9 9 9 610 0 0\ncpu0 5 5 5 5 5 5 5 410 0 0\ncpu1 4 4 4 4 4 4 4 200 0 0\nintr 1 2 3 4 5 6 7 8 9 10\n")))
	assert.Empty(t, steals([]byte("cpu0 1 2 3 4\n")), "of a kernel that does not count it")
	assert.Empty(t, steals([]byte("cpu0 1 2 3 4 5 6 7 much 9 10\n")))

	raw, err := os.ReadFile("/proc/stat")
	require.NoError(t, err)
	assert.NotEmpty(t, steals(raw))
	first := stolen(true)
	assert.GreaterOrEqual(t, stolen(false), first)
}
