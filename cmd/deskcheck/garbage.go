package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// How much garbage a desk may gather before it is collected, in per cent of what is in use: as much as seldomest while that is little, less and less the more it is, so that no more gathers than
// there is room for, and never less than usual. Under load a desk makes far more garbage than it keeps; while it is collected everything that makes some has to help, and with thousands of
// conversations the answers of that moment are a tenth of a second late.
const (
	seldomest = 800
	usual     = 200
	// roomy is how much may gather where there is plenty of memory, in bytes; elsewhere it is one part in share of all that there is.
	roomy = 2 << 30
	share = 4
)

// collectSeldom has garbage collected seldom, unless the user has said how often by the variables that all programs in Go know.
func (p *program) collectSeldom() (asBefore func()) {
	if p.environment("GOGC") != "" || p.environment("GOMEMLIMIT") != "" {
		return func() {}
	}
	return tuneCollections(room())
}

// tuneCollections sets how often garbage is collected, and again after each collection, until asBefore is called. room is in bytes.
func tuneCollections(room uint64) (asBefore func()) {
	percent := percentOf(inUse(), room)
	before := debug.SetGCPercent(percent)
	var mu sync.Mutex
	ended := false
	var look func()
	look = func() {
		mu.Lock()
		defer mu.Unlock()
		if ended {
			return
		}
		// To set it halts the program for a moment, so it is not done for nothing.
		if now := percentOf(inUse(), room); now != percent {
			percent = now
			debug.SetGCPercent(now)
		}
		afterCollection(look)
	}
	afterCollection(look)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		ended = true
		debug.SetGCPercent(before)
	}
}

// afterCollection calls do once the next collection is over: what nobody holds is gone then, and says so.
func afterCollection(do func()) {
	runtime.AddCleanup(new(*byte), func(do func()) { do() }, do)
}

// percentOf is how much garbage may gather beside what is in use, where there is room for so many bytes of it.
func percentOf(inUse, room uint64) int {
	return int(min(seldomest, max(usual, room*100/max(inUse, 1))))
}

// inUse is how much the last collection has left, in bytes.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// room is for how much garbage there is memory, in bytes: what the container or the machine has, and is not to be used up.
func room() uint64 {
	most := uint64(roomy)
	for _, of := range []memlimit.Provider{memlimit.FromCgroup, memlimit.FromSystem} {
		// Who sets no limit has none to say.
		if limit, err := of(); err == nil {
			most = min(most, limit/share)
		}
	}
	return most
}
