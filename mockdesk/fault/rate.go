package fault

import (
	"errors"
	"io"
	"time"
)

// slicesPerSecond is into how many portions a second of slow transfer is cut: so many that it looks like a stream, so few that each is worth its packet.
const slicesPerSecond = 10

// errEnded says that a wait came to nothing because the one that waited for it is gone.
var errEnded = errors.New("the connection or the desk has ended")

// pace lets bytes pass at a rate of desk time: at no moment have more passed than the rate allows since the first was asked for, and after an advance of the clock as many
// may pass at once as it allows.
type pace struct {
	clock Clock
	rate  int
	began time.Time
	// tell is as in waitTelling.
	tell func(bool)
	// passed counts the bytes for which the wait is over.
	passed int
}

func newPace(clock Clock, rate int) *pace {
	return &pace{clock: clock, rate: rate, began: clock.Now(), tell: func(bool) {}}
}

// portion is how many bytes may pass together.
func (p *pace) portion() int { return max(p.rate/slicesPerSecond, 1) }

// wait returns when n more bytes may pass, or with errEnded when one of the channels is closed, of which either may be nil.
func (p *pace) wait(n int, gone, done <-chan struct{}) error {
	p.passed += n
	// In floating point: the product of a large body and a second overflows an int64 of nanoseconds.
	due := time.Duration(float64(p.passed) / float64(p.rate) * float64(time.Second))
	return waitTelling(p.clock, p.began.Add(due), p.tell, gone, done)
}

// callAt calls f once at the moment of desk time, at once if it has come. The returned stop reports whether it kept f from being called.
func callAt(clock Clock, at time.Time, f func()) (stop func() bool) {
	stop = clock.AfterFunc(at.Sub(clock.Now()), f)
	// The clock may have been advanced between the question and the answer; f would then be called too late.
	if !clock.Now().Before(at) && stop() {
		f()
	}
	return stop
}

// waitTelling returns when the moment of desk time has come, or with errEnded when one of the channels is closed, of which either may be nil. It calls tell with true before it
// waits, and with false when the moment has come, before the clock goes on, or the wait was for nothing.
func waitTelling(clock Clock, at time.Time, tell func(bool), gone, done <-chan struct{}) error {
	due := make(chan struct{})
	tell(true)
	stop := callAt(clock, at, func() {
		tell(false)
		close(due)
	})
	select {
	case <-due:
		return nil
	case <-gone:
	case <-done:
	}
	if stop() {
		tell(false)
	}
	return errEnded
}

// slowReader reads at a pace.
type slowReader struct {
	body       io.ReadCloser
	pace       *pace
	gone, done <-chan struct{}
}

// Read reads a portion at most, once its time has come.
func (s *slowReader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := s.body.Read(b[:min(len(b), s.pace.portion())])
	if n > 0 {
		if ended := s.pace.wait(n, s.gone, s.done); ended != nil {
			return 0, ended
		}
	}
	return n, err
}

// Close closes the body.
func (s *slowReader) Close() error { return s.body.Close() }
