package standalone

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDeadlinesOfASplitConnectionHold sets deadlines for writing and takes them back: those that are left out are of no effect, the others are not.
func TestDeadlinesOfASplitConnectionHold(t *testing.T) {
	for name, set := range map[string]func(*begun) error{
		"for writing": func(b *begun) error { return b.SetWriteDeadline(time.Unix(1, 0)) },
		"for both":    func(b *begun) error { return b.SetDeadline(time.Unix(1, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer func() { _, _ = near.Close(), far.Close() }()
			b := &begun{Conn: near}
			require.NoError(t, b.SetWriteDeadline(time.Time{}))
			require.NoError(t, set(b))
			_, err := b.Write([]byte("late"))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			require.NoError(t, b.SetWriteDeadline(time.Time{}))
			read := make(chan error, 1)
			go func() {
				_, err := far.Read(make([]byte, 1))
				read <- err
			}()
			_, err = b.Write([]byte("x"))
			require.NoError(t, err)
			require.NoError(t, <-read)
		})
	}
}
