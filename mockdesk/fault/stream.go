package fault

import (
	"bytes"
	"io"
	"net/http"
)

// Stream is an answer without an end, such as server-sent events, that is about to begin.
type Stream struct {
	// W and R are those of the handler; the header of the answer is set, and not written yet.
	W http.ResponseWriter
	R *http.Request
	// Delayed is called with true when a fault begins to hold up what is written, and with false when its time has come, before the clock goes on. Nil is not called.
	Delayed func(bool)
	// Done is closed when the desk closes.
	Done <-chan struct{}
}

// Writes gives what the body of a stream is written to, a whole event at a time, as the fault that was decided on has it: of the faults that alter an answer, each is played on
// the stream. It changes the header where the fault lies there. What is written has left for the client when Write returns; an error says that the stream is over.
func (d Decision) Writes(x Stream) io.Writer {
	header := x.W.Header()
	out := &flushing{w: x.W, controller: http.NewResponseController(x.W)}
	switch d.Fault.Kind {
	case Truncate:
		return &breakingOff{w: x.W, out: out, left: d.Fault.Bytes}
	case SlowDownload:
		slow := &slowWriter{out: out, pace: newPace(d.plan.clock, d.Fault.Rate), gone: x.R.Context().Done(), done: x.Done}
		if x.Delayed != nil {
			slow.pace.tell = x.Delayed
		}
		return slow
	case Malformed:
		return spoiling{out}
	case ContentType:
		header.Set("Content-Type", d.Fault.ContentType)
	case NoCORS:
		header.Del("Access-Control-Allow-Origin")
	default:
	}
	return out
}

// flushing sends at once what is written.
type flushing struct {
	w          io.Writer
	controller *http.ResponseController
}

func (f *flushing) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	if err != nil {
		return n, err
	}
	return n, f.controller.Flush()
}

// breakingOff resets the connection after so many bytes.
type breakingOff struct {
	w    http.ResponseWriter
	out  io.Writer
	left int
}

func (b *breakingOff) Write(event []byte) (int, error) {
	n, err := b.out.Write(event[:min(b.left, len(event))])
	if b.left -= n; err == nil && b.left == 0 {
		abort(b.w)
		err = errEnded
	}
	return n, err
}

// slowWriter writes at a pace.
type slowWriter struct {
	out        io.Writer
	pace       *pace
	gone, done <-chan struct{}
}

func (s *slowWriter) Write(event []byte) (int, error) {
	for written := 0; written < len(event); {
		portion := event[written:min(len(event), written+s.pace.portion())]
		if err := s.pace.wait(len(portion), s.gone, s.done); err != nil {
			return written, err
		}
		n, err := s.out.Write(portion)
		if written += n; err != nil {
			return written, err
		}
	}
	return len(event), nil
}

// spoiling breaks every event: half of it, a byte that is no UTF-8, and its end.
type spoiling struct{ out io.Writer }

func (s spoiling) Write(event []byte) (int, error) {
	if _, err := s.out.Write(append(bytes.Clone(event[:len(event)/2]), brokenByte, '\n', '\n')); err != nil {
		return 0, err
	}
	return len(event), nil
}
