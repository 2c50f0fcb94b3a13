package webhook

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scripted is a connector in the time of the test: it takes so long to take the event, and then so long to send its head, and its body.
type scripted struct{ taking, head, body time.Duration }

func (c scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	wait := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
	if err := wait(c.taking); err != nil {
		return nil, err
	}
	httptrace.ContextClientTrace(r.Context()).WroteRequest(httptrace.WroteRequestInfo{})
	if err := wait(c.head); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(readerFunc(func([]byte) (int, error) {
		if err := wait(c.body); err != nil {
			return 0, err
		}
		return 0, io.EOF
	}))}, nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestTheTimeoutRunsFromTheLastByteOfTheEventToTheLastOfTheAnswer(t *testing.T) {
	for _, tt := range []struct {
		name      string
		connector scripted
		timeout   time.Duration
		latency   time.Duration
		late      bool
	}{
		{"at once", scripted{}, 0, 0, false},
		{"just within 10 s", scripted{head: 9 * time.Second, body: 999 * time.Millisecond}, 0, 9999 * time.Millisecond, false},
		{"the head is late", scripted{head: 11 * time.Second}, 0, 10 * time.Second, true},
		{"the body is late", scripted{head: 6 * time.Second, body: 5 * time.Second}, 0, 10 * time.Second, true},
		{"the event takes its time, which is not the connector's", scripted{taking: 8 * time.Second, head: 9 * time.Second}, 0, 9 * time.Second, false},
		{"it is not taken at all", scripted{taking: time.Hour}, 0, 10 * time.Second, true},
		{"a timeout of 5 s", scripted{head: 6 * time.Second}, LeastTimeout, 5 * time.Second, true},
		{"a timeout of 30 s", scripted{head: 29 * time.Second}, MostTimeout, 29 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(Options{Transport: tt.connector})
				d := s.Send(Event{Body: bytes.Repeat([]byte("x"), 10), Target: Target{BaseURL: "http://connector.test", Timeout: tt.timeout}})
				_, err := d.Wait(t.Context())
				assert.Equal(t, tt.latency, d.Latency())
				if tt.late {
					require.ErrorIs(t, err, ErrTimeout)
				} else {
					require.NoError(t, err)
				}
				s.Close()
			})
		})
	}
}
