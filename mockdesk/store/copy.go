package store

import "time"

const (
	// copyEvery is how often what was written is copied from SQLite's log into the file at most. A transaction that comes meanwhile may have to wait for the disk.
	copyEvery = 5 * time.Second
	// mostLog is how much of the log, in pages of 4 KiB, may be in use before it is begun anew, which the transactions wait for.
	mostLog = 32_000
	// longestLog is how long the log's file may stay once it is begun anew, in bytes. That is twice what mostLog comes to, so that it is hardly ever cut: the transaction which finds it longer
	// waits for as much as 100 ms until the file system has freed what is cut off, and so does everyone whose change came with it.
	longestLog = 2 * mostLog << 12
)

// copying has SQLite copy its log into the file. That writes to the disk and waits for it, so it is done beside the transactions, for none to wait. Only a log of which everything is
// copied is begun anew, and there is always more while transactions go on: once it is long, the little that is left is copied between two of them.
type copying struct {
	began time.Time
	// used receives how much of the log is in use once it is copied, nil while it is not being copied.
	used chan int
}

// copyLog is called by the goroutine that writes, between transactions.
func (s *Store) copyLog() {
	c := &s.copying
	if c.used == nil {
		if time.Since(c.began) >= copyEvery {
			c.began, c.used = time.Now(), make(chan int, 1)
			go func(used chan<- int) { used <- s.checkpoint() }(c.used)
		}
		return
	}
	select {
	case used := <-c.used:
		c.used = nil
		if used > mostLog {
			s.checkpoint()
		}
	default:
	}
}

// endCopying waits until nothing is being copied any more. Whoever closes the file has the rest copied.
func (s *Store) endCopying() {
	if s.copying.used != nil {
		<-s.copying.used
	}
}

// checkpoint copies the log and returns how much of it is in use, in pages. What cannot be copied, such as for want of room, stays in the log, is as safe there, and is tried again.
func (s *Store) checkpoint() (used int) {
	var busy, copied int
	_ = s.db.QueryRow("PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &used, &copied)
	return used
}
