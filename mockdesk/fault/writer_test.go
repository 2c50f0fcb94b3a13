package fault_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/fault"
)

// putIn has a pump find messages when it asks for what is to be written, without telling it that they are there.
func putIn(p *pump, messages ...fault.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, messages...)
}

// in has something happen when the pump asks for its next message.
func (p *pump) in(meanwhile func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meanwhile = meanwhile
}

func TestWhoeverHasFramesAtHandWritesThem(t *testing.T) {
	s := open(t)
	conn, p := s.socket()
	putIn(p, text("one"), text("two"))
	p.Write()
	for _, want := range []string{"one", "two"} {
		_, got := read(t, conn)
		assert.Equal(t, want, got)
	}
	// More than is written at once, one that has no room, and those after it: all come, in their order.
	var want []string
	for i := range 30 {
		word := strconv.Itoa(i)
		if i%10 == 3 {
			word += strings.Repeat(".", 1<<16)
		}
		want = append(want, word)
		putIn(p, text(word))
	}
	p.Write()
	for _, word := range want {
		_, got := read(t, conn)
		require.Equal(t, word, got)
	}
	for range len(want) + 2 {
		assert.Equal(t, 1, wait(s, s.sent), "each is told once")
	}
}

// TestNobodyWaitsForAClientThatReadsNothing has a client read nothing until there is no room for more: whoever has frames for it at hand goes on all the same.
func TestNobodyWaitsForAClientThatReadsNothing(t *testing.T) {
	s := open(t)
	conn, p := s.socket()
	const frames = 3000
	filler := strings.Repeat(".", 2000)
	told := make(chan struct{})
	go func() {
		defer close(told)
		for range frames {
			<-s.sent
		}
	}()
	for i := range frames { // 6 MB, which no buffers of two connections take
		putIn(p, text(strconv.Itoa(i)+filler))
		p.Write()
	}
	for i := range frames {
		_, got := read(t, conn)
		require.Equal(t, strconv.Itoa(i)+filler, got)
	}
	<-told
}

// TestFaultsArePlayedOnFramesThatAreAtHand has a rule for them, which may take any time.
func TestFaultsArePlayedOnFramesThatAreAtHand(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Reorder}, "next 1", fault.Scope{On: fault.Frame, Direction: fault.Out}))
	conn, p := s.socket()
	putIn(p, text("one"), text("two"), text("three"))
	p.Write()
	for _, want := range []string{"two", "one", "three"} {
		_, got := read(t, conn)
		assert.Equal(t, want, got)
	}
}

// TestAFaultThatComesBeforeAMessageIsPlayedOnIt has the rule, or the silence, come after the pump has looked for one, and before there is the message.
func TestAFaultThatComesBeforeAMessageIsPlayedOnIt(t *testing.T) {
	t.Run("a rule", func(t *testing.T) {
		s := open(t)
		conn, p := s.socket()
		p.Rest()
		p.in(func() {
			_, err := s.plan.AddScript(do(fault.Fault{Kind: fault.Drop}, "next 1", fault.Scope{On: fault.Frame, Direction: fault.Out}))
			assert.NoError(t, err)
		})
		putIn(p, text("one"), text("two"))
		p.Write()
		_, got := read(t, conn)
		assert.Equal(t, "two", got)
		for _, written := range []int{0, 1} {
			assert.Equal(t, written, wait(s, s.sent))
		}
	})
	t.Run("the socket falls silent", func(t *testing.T) {
		s := open(t)
		conn, p := s.socket()
		p.Rest()
		p.in(func() { assert.NoError(t, p.Play(fault.Fault{Kind: fault.Silence})) })
		putIn(p, text("one"))
		p.Write()
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(moment)))
		_, _, err := conn.ReadMessage()
		var late net.Error
		require.ErrorAs(t, err, &late)
		assert.True(t, late.Timeout(), "nothing is heard of it: %v", err)
	})
}
