package steps

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowDesk takes a while of real time for each advance, as anything does on a busy machine.
type slowDesk struct {
	takes    time.Duration
	advanced time.Duration
}

func (*slowDesk) Paced() bool { return true }

func (*slowDesk) Err() error { return nil }

func (d *slowDesk) Advance(ms int) error {
	<-time.After(d.takes)
	d.advanced += time.Duration(ms) * time.Millisecond
	return nil
}

// TestTimePassesOnce wants four seconds to be four seconds of the clocks, which flow meanwhile as well, however long the machine takes to let them pass; a guest that is
// waited for has all of its time beside what the kit itself takes.
func TestTimePassesOnce(t *testing.T) {
	for _, takes := range []time.Duration{0, 30 * time.Millisecond, 700 * time.Millisecond, 5 * time.Second} {
		t.Run(takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				desk := &slowDesk{takes: takes}
				scene := NewScene(t.Context(), "integration", Default)
				scene.Face(desk)
				began := time.Now()
				require.NoError(t, scene.Pass(4*time.Second))
				passed := desk.advanced + time.Since(began)
				assert.GreaterOrEqual(t, passed, 4*time.Second)
				assert.LessOrEqual(t, passed, 4*time.Second+takes, "only what the last advance takes may come on top")

				desk.advanced = 0
				require.ErrorIs(t, scene.Elapse(func() bool { return false }, 4*time.Second), ErrAbsent)
				assert.Equal(t, 4*time.Second, desk.advanced)
			})
		})
	}
}
