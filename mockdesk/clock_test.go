package mockdesk_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"deskcheck/mockdesk"
)

var morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestAdvanceFiresInOrderEachAtItsMoment(t *testing.T) {
	t.Parallel()
	c := mockdesk.NewManualClock(morning)
	var fired []string
	note := func(name string) func() {
		return func() { fired = append(fired, name+" "+c.Now().Format("05")) }
	}
	c.AfterFunc(30*time.Second, note("c"))
	c.AfterFunc(10*time.Second, note("a"))
	c.AfterFunc(10*time.Second, note("b"))
	c.AfterFunc(50*time.Second, note("late"))
	var again func()
	again = func() { note("tick")(); c.AfterFunc(20*time.Second, again) }
	c.AfterFunc(20*time.Second, again)
	stop := c.AfterFunc(15*time.Second, note("never"))
	assert.True(t, stop())
	assert.False(t, stop())

	c.Advance(45 * time.Second)
	assert.Equal(t, []string{"a 10", "b 10", "tick 20", "c 30", "tick 40"}, fired)
	assert.Equal(t, morning.Add(45*time.Second), c.Now())
	c.Advance(-time.Hour)
	assert.Equal(t, morning.Add(45*time.Second), c.Now())
	c.AfterFunc(-time.Second, note("at once"))
	c.Advance(0)
	assert.Equal(t, "at once 45", fired[5])
}

func TestStopAfterFiring(t *testing.T) {
	t.Parallel()
	c := mockdesk.NewManualClock(morning)
	stop := c.AfterFunc(time.Second, func() {})
	c.Advance(time.Second)
	assert.False(t, stop())
}

func TestTimersFireByThemselvesInRealTime(t *testing.T) {
	t.Parallel()
	c := mockdesk.NewAdvancingClock()
	fired := make(chan string, 3)
	stop := c.AfterFunc(time.Millisecond, func() { fired <- "stopped" })
	stop()
	c.AfterFunc(20*time.Millisecond, func() { fired <- "second" })
	c.AfterFunc(2*time.Millisecond, func() { fired <- "first" })
	for _, want := range []string{"first", "second"} {
		select {
		case got := <-fired:
			assert.Equal(t, want, got)
		case <-time.After(patience):
			t.Fatal("a timer never fired")
		}
	}
}

func TestAdvanceBringsRealTimersForward(t *testing.T) {
	t.Parallel()
	c := mockdesk.NewAdvancingClock()
	before := c.Now()
	fired := make(chan time.Time, 2)
	c.AfterFunc(time.Hour, func() { fired <- c.Now() })
	c.AfterFunc(time.Hour+20*time.Millisecond, func() { fired <- c.Now() })
	c.Advance(time.Hour)
	assert.WithinDuration(t, before.Add(time.Hour), <-fired, time.Minute)
	select {
	case <-fired:
	case <-time.After(patience):
		t.Fatal("the rest of the wait did not pass in real time")
	}
}

func TestTheClockUnderLoad(t *testing.T) {
	t.Parallel()
	c := mockdesk.NewAdvancingClock()
	var all, fired sync.WaitGroup
	fired.Add(200)
	for i := range 20 {
		all.Go(func() {
			for k := range 10 {
				c.AfterFunc(time.Duration(i*k)*time.Second, fired.Done)
				c.AfterFunc(time.Hour, func() { t.Error("a stopped timer fired") })()
				c.Advance(10 * time.Second)
			}
		})
	}
	all.Wait()
	c.Advance(10 * time.Minute)
	fired.Wait()
}
