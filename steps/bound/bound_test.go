package bound

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ends tells when a context ends.
func ends(t *testing.T, ctx context.Context) time.Duration {
	t.Helper()
	began := time.Now()
	<-ctx.Done()
	return time.Since(began).Round(time.Millisecond)
}

func TestTimeThatWasTakenAwayDoesNotCount(t *testing.T) {
	none := func(time.Duration) time.Duration { return 0 }
	for name, test := range map[string]struct {
		// taken is what was taken after a time.
		taken func(time.Duration) time.Duration
		want  time.Duration
	}{
		"nothing is taken":       {none, time.Second},
		"half is taken":          {func(after time.Duration) time.Duration { return after / 2 }, 2 * time.Second},
		"nine tenths are taken":  {func(after time.Duration) time.Duration { return after * 9 / 10 }, 10 * time.Second},
		"it is taken once":       {func(after time.Duration) time.Duration { return min(after, 3*time.Second) }, 4 * time.Second},
		"everything is taken":    {func(after time.Duration) time.Duration { return after }, 20 * time.Second},
		"more than all is taken": {func(after time.Duration) time.Duration { return 2 * after }, 20 * time.Second},
		"it is taken at the end": {func(after time.Duration) time.Duration { return max(0, min(after-900*time.Millisecond, time.Second)) }, 2 * time.Second},
		"it is taken too late":   {func(after time.Duration) time.Duration { return max(0, after-time.Second) }, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				m := machine{taken: func(bool) time.Duration { return test.taken(time.Since(began)) }}
				ctx, cancel := m.withTimeout(t.Context(), time.Second)
				defer cancel()
				assert.InDelta(t, test.want, ends(t, ctx), float64(2*time.Millisecond))
				assert.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
			})
			synctest.Test(t, func(t *testing.T) {
				began, cause := time.Now(), errors.New("it took too long")
				m := machine{taken: func(bool) time.Duration { return test.taken(time.Since(began)) }}
				ctx, cancel := m.withTimeoutCause(t.Context(), time.Second, cause)
				defer cancel()
				assert.InDelta(t, test.want, ends(t, ctx), float64(2*time.Millisecond))
				assert.ErrorIs(t, context.Cause(ctx), cause)
			})
		})
	}
}

// TestItIsAContextLikeAnyOther holds it to what those who derive from a context rely on.
func TestItIsAContextLikeAnyOther(t *testing.T) {
	type key struct{}
	outermost := errors.New("the run was given up")
	for name, test := range map[string]struct {
		end  func(parent context.CancelCauseFunc, self context.CancelFunc)
		want error
		// cause is that of what is derived.
		cause error
	}{
		"it runs out":     {func(context.CancelCauseFunc, context.CancelFunc) {}, context.DeadlineExceeded, context.DeadlineExceeded},
		"it is cancelled": {func(_ context.CancelCauseFunc, self context.CancelFunc) { self() }, context.Canceled, context.Canceled},
		"its parent ends": {func(parent context.CancelCauseFunc, _ context.CancelFunc) { parent(outermost) }, context.Canceled, outermost},
		"it ends twice":   {func(parent context.CancelCauseFunc, self context.CancelFunc) { self(); self(); parent(outermost) }, context.Canceled, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, abandon := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
				defer abandon(nil)
				ctx, cancel := WithTimeout(parent, time.Second)
				defer cancel()
				derived, end := context.WithCancel(ctx)
				defer end()
				within, endWithin := WithTimeout(derived, time.Minute)
				defer endWithin()
				called := 0
				context.AfterFunc(ctx, func() { called++ })
				stop := context.AfterFunc(ctx, func() { called += 100 })
				assert.True(t, stop())
				assert.Equal(t, "value", within.Value(key{}))
				require.NoError(t, ctx.Err())

				test.end(abandon, cancel)
				<-within.Done()
				synctest.Wait()
				for _, one := range []context.Context{ctx, derived, within} {
					assert.ErrorIs(t, one.Err(), test.want)
					if test.cause != nil {
						assert.ErrorIs(t, context.Cause(one), test.cause)
					}
				}
				assert.Equal(t, 1, called)
				late := make(chan bool)
				assert.False(t, context.AfterFunc(ctx, func() { close(late) })())
				<-late
			})
		})
	}
	t.Run("its parent has ended", func(t *testing.T) {
		parent, abandon := context.WithCancel(t.Context())
		abandon()
		ctx, cancel := WithTimeout(parent, time.Hour)
		defer cancel()
		<-ctx.Done()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
	})
}

func BenchmarkWithTimeout(b *testing.B) {
	for name, begin := range map[string]func(context.Context, time.Duration) (context.Context, context.CancelFunc){"bound": WithTimeout, "context": context.WithTimeout} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, cancel := begin(b.Context(), time.Minute)
				cancel()
			}
		})
	}
}
