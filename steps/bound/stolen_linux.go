package bound

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"
)

// tick is the unit in which the kernel counts the time of processors (USER_HZ, 100 a second on every architecture that Go knows).
const tick = 10 * time.Millisecond

// fresh is how old what was read may be when a wait begins: most waits end before their bound, and cost less than reading does. One that gets a little more is none the worse.
const fresh = 250 * time.Millisecond

var last struct {
	sync.Mutex
	at    time.Time
	taken time.Duration
	each  []time.Duration
}

// stolen is how long processors were away, by the kernel's count of stolen time: between two readings what the one had stolen that lost most.
func stolen(now bool) time.Duration {
	last.Lock()
	defer last.Unlock()
	if age := time.Since(last.at); !now && age >= 0 && age < fresh {
		return last.taken
	}
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return last.taken
	}
	each := steals(raw)
	if len(each) == len(last.each) {
		most := time.Duration(0)
		for i := range each {
			most = max(most, each[i]-last.each[i])
		}
		last.taken += most
	}
	last.at, last.each = time.Now(), each
	return last.taken
}

// steals reads what each processor had stolen: the eighth number of each line that is about one of them.
func steals(stat []byte) []time.Duration {
	var each []time.Duration
	for line := range bytes.Lines(stat) {
		fields := bytes.Fields(line)
		if len(fields) < 9 || !bytes.HasPrefix(fields[0], []byte("cpu")) || len(fields[0]) == len("cpu") {
			continue
		}
		ticks, err := strconv.ParseInt(string(fields[8]), 10, 64)
		if err != nil {
			return nil
		}
		each = append(each, time.Duration(ticks)*tick)
	}
	return each
}
