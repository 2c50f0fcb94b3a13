package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// benchPage is a page of about 30 KB with a driver, a timer and an integration's usual recording.
var benchPage = form + `<script>` + fakeHost + `
	setTimeout(() => deskcheck.record({kind: 'event', name: 'rang'}), 20_000);
	begin(async (parameters) => {
		for (let i = 0; i < 7; i++) parameters.callback.agentTyping(i % 2 === 0);
		return {startChat() {}};
	});
	</script>` + strings.Repeat("<p>Lorem ipsum dolor sit amet, consectetur adipiscing elit.</p>\n", 420)

// one is what a small scenario does with a tab.
func one(ctx context.Context, tab *Tab, address string) error {
	var heard int
	if err := tab.Open(ctx, address, func(Message) { heard++ }); err != nil {
		return err
	}
	if err := tab.Click(ctx, "send", 0); err != nil {
		return err
	}
	if err := tab.Type(ctx, "area", "hello", 0); err != nil {
		return err
	}
	return tab.Jump(ctx, 20*time.Second)
}

// run spreads n scenarios over so many tabs and answers the time of each.
func run(b *testing.B, tabs, n int, addresses []string, scenario func(context.Context, *Tab, string) error) []time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	work := make(chan int)
	var wg sync.WaitGroup
	for range tabs {
		wg.Go(func() {
			for i := range work {
				began := time.Now()
				tab, err := shared.Lease(b.Context())
				if err == nil {
					err = scenario(b.Context(), tab, addresses[i%len(addresses)])
					tab.Release()
				}
				if err != nil {
					b.Error(err)
				}
				took[i] = time.Since(began)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	return took
}

func BenchmarkScenario(b *testing.B) {
	benchmark(b, one)
}

// BenchmarkOpen is the navigation alone, each to an origin of its own.
func BenchmarkOpen(b *testing.B) {
	benchmark(b, func(ctx context.Context, tab *Tab, address string) error {
		return tab.Open(ctx, address, func(Message) {})
	})
}

func benchmark(b *testing.B, scenario func(context.Context, *Tab, string) error) {
	b.Helper()
	for _, tabs := range []int{1, 4} {
		b.Run(fmt.Sprintf("tabs=%d", tabs), func(b *testing.B) {
			// Origins that none of the tabs has seen, as scenarios have them.
			var addresses []string
			for range b.N {
				addresses = append(addresses, serve(b, benchPage, nil)+"/")
			}
			b.ResetTimer()
			took := run(b, tabs, b.N, addresses, scenario)
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
			b.ReportMetric(float64(took[0].Microseconds())/1000, "ms-min")
		})
	}
}

// BenchmarkClick and the like are the single acts on one page.
func BenchmarkActs(b *testing.B) {
	tab := lease(b, shared)
	ctx := b.Context()
	require.NoError(b, tab.Open(ctx, serve(b, form, nil)+"/", func(Message) {}))
	for name, act := range map[string]func() error{
		"Evaluate": func() error { return tab.Evaluate(ctx, "0", nil) },
		"Click":    func() error { return tab.Click(ctx, "send", 0) },
		"Type":     func() error { return tab.Type(ctx, "line", "x", 0) },
		"Press":    func() error { return tab.Press(ctx, "Enter") },
		"Jump":     func() error { return tab.Jump(ctx, time.Second) },
		"Settle":   func() error { return tab.Settle(ctx, Traffic{}) },
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				if err := act(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
