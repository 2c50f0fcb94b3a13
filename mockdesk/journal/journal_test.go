package journal_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/journal"
)

func named(name string) journal.Match { return func(e journal.Entry) bool { return e.Name == name } }

func TestWaitSeesWhatWasThereBeforeAndWhatComesLater(t *testing.T) {
	j := journal.New()
	j.Append(journal.Entry{Name: "early"})
	early, err := j.Wait(t.Context(), 0, named("early"))
	require.NoError(t, err)
	assert.Equal(t, 1, early.Seq)

	got := make(chan journal.Entry, 1)
	go func() {
		late, err := j.Wait(context.Background(), early.Seq, named("late"))
		if err == nil {
			got <- late
		}
	}()
	j.Append(journal.Entry{Name: "between"})
	j.Append(journal.Entry{Name: "late"})
	select {
	case late := <-got:
		assert.Equal(t, 3, late.Seq)
	case <-time.After(5 * time.Second):
		t.Fatal("the waiter was never woken")
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := journal.New().Wait(ctx, 0, named("never"))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestMarkHidesWhatCameBefore(t *testing.T) {
	j := journal.New()
	j.Append(journal.Entry{Name: "x"})
	mark := j.Len()
	_, found := j.Find(mark, named("x"))
	assert.False(t, found)
	j.Append(journal.Entry{Name: "x"})
	assert.Len(t, j.All(mark, named("x")), 1)
}

func TestOrderedSortsByMomentAndKeepsArrivalWithinOne(t *testing.T) {
	j := journal.New()
	now := time.Now()
	j.AppendAt(journal.Entry{Name: "second"}, now)
	j.AppendAt(journal.Entry{Name: "third"}, now)
	j.AppendAt(journal.Entry{Name: "first"}, now.Add(-time.Hour))
	var names []string
	for _, e := range j.Ordered() {
		names = append(names, e.Name)
		assert.GreaterOrEqual(t, e.At, time.Duration(0))
	}
	assert.Equal(t, []string{"first", "second", "third"}, names)
}

func TestAMomentInTheFutureIsTakenAsNow(t *testing.T) {
	j := journal.New()
	e := j.AppendAt(journal.Entry{Name: "ahead"}, time.Now().Add(time.Hour))
	assert.Less(t, e.At, time.Minute)
}

func TestAppendFromManyGoroutinesLosesNothing(t *testing.T) {
	j := journal.New()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 20 {
				j.Append(journal.Entry{Name: "n"})
			}
		})
	}
	wg.Wait()
	all := j.Since(0)
	require.Len(t, all, 1000)
	for i, e := range all {
		assert.Equal(t, i+1, e.Seq)
	}
}

func TestPayloadNeverFails(t *testing.T) {
	assert.JSONEq(t, `{"a":1}`, string(journal.Payload(map[string]int{"a": 1})))
	assert.Contains(t, string(journal.Payload(make(chan int))), "unmarshallable")
}
