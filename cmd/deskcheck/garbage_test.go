package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// collectedAt is how often garbage is collected now, in per cent of what is in use.
func collectedAt() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func TestPercentOf(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		inUse, room uint64
		percent     int
	}{
		{inUse: 0, room: roomy, percent: 800},
		{inUse: 10 * mib, room: roomy, percent: 800},
		{inUse: 256 * mib, room: roomy, percent: 800},
		{inUse: 512 * mib, room: roomy, percent: 400},
		{inUse: 1024 * mib, room: roomy, percent: 200},
		{inUse: 8192 * mib, room: roomy, percent: 200},
		{inUse: 100 * mib, room: 512 * mib, percent: 512},
		{inUse: 100 * mib, room: 0, percent: 200},
	} {
		assert.Equal(t, c.percent, percentOf(c.inUse, c.room), "%d MiB in use, room for %d", c.inUse/mib, c.room/mib)
	}
	assert.Positive(t, room())
	assert.LessOrEqual(t, room(), uint64(roomy))
}

// TestCollectionsFollowWhatIsInUse is about a setting of the whole process, so it runs beside no other.
func TestCollectionsFollowWhatIsInUse(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	runtime.GC()
	asBefore := tuneCollections(800 << 20)
	assert.EqualValues(t, seldomest, collectedAt())

	follows := func(inUse string, fits func(percent uint64) bool) {
		t.Helper()
		require.Eventually(t, func() bool { runtime.GC(); return fits(collectedAt()) }, 10*time.Second, time.Millisecond, inUse)
	}
	large := make([]byte, 200<<20)
	follows("a quarter of the room", func(percent uint64) bool { return percent <= 400 && percent > usual })
	larger := make([]byte, 600<<20)
	follows("all of it", func(percent uint64) bool { return percent == usual })
	runtime.KeepAlive(large)
	runtime.KeepAlive(larger)
	follows("little again", func(percent uint64) bool { return percent == seldomest })

	asBefore()
	assert.EqualValues(t, 100, collectedAt())
	again := make([]byte, 400<<20)
	looked := make(chan bool)
	afterCollection(func() { close(looked) })
	runtime.GC()
	<-looked
	assert.EqualValues(t, 100, collectedAt(), "nobody tunes what has ended")
	runtime.KeepAlive(again)
}

func TestWhoSaysHowOftenIsLeftAlone(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	for name, want := range map[string]uint64{"GOGC": 100, "GOMEMLIMIT": 100, "": seldomest} {
		p := &program{environment: func(asked string) string {
			if asked == name {
				return "50"
			}
			return ""
		}}
		runtime.GC()
		asBefore := p.collectSeldom()
		assert.Equal(t, want, collectedAt(), name)
		asBefore()
		assert.EqualValues(t, 100, collectedAt(), name)
	}
}
