package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"
)

// shares deals conversations out among talkers, each with those of its own.
func shares(all []*conversation, talkers int) [][]*conversation {
	talkers = min(talkers, len(all))
	dealt := make([][]*conversation, talkers)
	for i, c := range all {
		dealt[i%talkers] = append(dealt[i%talkers], c)
	}
	return dealt
}

// repeat has n workers do something again and again for as long as the spell lasts, each going on once it is done, and returns how often it was done and how long that took.
func repeat(n int, spell time.Duration, do func(worker, turn int) error) (times int, took time.Duration, err error) {
	var over atomic.Bool
	timer := time.AfterFunc(spell, func() { over.Store(true) })
	defer timer.Stop()
	var group errgroup.Group
	var done atomic.Int64
	began := time.Now()
	for worker := range n {
		group.Go(func() error {
			turn := 0
			defer func() { done.Add(int64(turn)) }()
			for ; !over.Load(); turn++ {
				if err := do(worker, turn); err != nil {
					over.Store(true)
					return err
				}
			}
			return nil
		})
	}
	err = group.Wait()
	return int(done.Load()), time.Since(began), err
}

// flood has every talker say line after line, going round its conversations, and returns how many were answered and how long that took.
func flood(all []*conversation, talkers int, spell time.Duration) (lines int, took time.Duration, err error) {
	dealt := shares(all, talkers)
	return repeat(len(dealt), spell, func(talker, turn int) error {
		own := dealt[talker]
		return own[turn%len(own)].say()
	})
}

// The range of a latency that is told apart, in microseconds, and to how many figures.
const (
	shortest = 1
	longest  = 60_000_000
	digits   = 3
)

// beat is how often is looked whether lines fall due.
const beat = time.Millisecond

// pace has lines fall due at a steady rate, in lines a second, whatever becomes of those before them, and returns how long each took from when it was due until its answer was there, in
// microseconds. A line that has to wait for a talker has waited all the same: a server that stalls is charged for all that would have been said meanwhile.
func pace(all []*conversation, talkers int, rate float64, spell time.Duration) (*hdrhistogram.Histogram, error) {
	dealt := shares(all, talkers)
	due := make(chan time.Time, int(rate*spell.Seconds())+1)
	parts := make([]*hdrhistogram.Histogram, len(dealt))
	var failed atomic.Bool
	var group errgroup.Group
	for i, own := range dealt {
		parts[i] = hdrhistogram.New(shortest, longest, digits)
		group.Go(func() error {
			turn := 0
			for at := range due {
				if failed.Load() {
					continue
				}
				if err := own[turn%len(own)].say(); err != nil {
					failed.Store(true)
					return err
				}
				turn++
				if err := parts[i].RecordValue(max(time.Since(at).Microseconds(), shortest)); err != nil {
					return fmt.Errorf("a line took longer than can be measured: %w", err)
				}
			}
			return nil
		})
	}
	strike(due, rate)
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, part := range parts[1:] {
		parts[0].Merge(part)
	}
	return parts[0], nil
}

// strike fills a channel with the moments at which lines fall due, none before its time, and closes it.
func strike(due chan<- time.Time, rate float64) {
	defer close(due)
	interval := time.Duration(float64(time.Second) / rate)
	ticks := time.NewTicker(beat)
	defer ticks.Stop()
	next := time.Now()
	for struck := 0; struck < cap(due); {
		now := <-ticks.C
		for ; !next.After(now) && struck < cap(due); struck++ {
			due <- next
			next = next.Add(interval)
		}
	}
}
