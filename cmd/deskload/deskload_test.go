package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/standalone"
)

// TestMain makes this binary the bare server where launchEcho runs it as that.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == echoRole {
		os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const folder = "../../fixtures/bench/desk"

// brief is a spell that is long enough for something to happen.
const brief = 100 * time.Millisecond

// deskOfTest is the desk that is loaded, within this process.
func deskOfTest(t *testing.T) (*server, *client.Tenant) {
	t.Helper()
	config, err := standalone.Load(filepath.Join(folder, "desk.yaml"))
	require.NoError(t, err)
	config.Listen.Wire, config.Listen.Control, config.Control.TokenEnv = "127.0.0.1:0", "127.0.0.1:0", tokenVariable
	desk, err := standalone.Start(config, standalone.Options{Environment: func(string) string { return tokenValue }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, desk.Stop(context.Background())) })
	bare := func(address string) string { return strings.TrimPrefix(address, "http://") }
	return &server{name: "the desk", opens: true, wire: bare(desk.Wire("default").URL), control: bare(desk.ControlURL())}, client.New(desk.ControlURL(), tokenValue, nil).Tenant("default")
}

// echoing is a bare server that counts the frames that it reads.
func echoing(t *testing.T, before func()) (*server, *atomic.Int64) {
	t.Helper()
	var frames atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, frame, err := conn.ReadMessage()
			if err != nil {
				return
			}
			frames.Add(1)
			before()
			if conn.WriteMessage(kind, frame) != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return &server{name: "a bare server", wire: strings.TrimPrefix(s.URL, "http://")}, &frames
}

func TestEveryLineCountsOnce(t *testing.T) {
	v, frames := echoing(t, func() {})
	all, err := converseWith(t.Context(), v, 7)
	require.NoError(t, err)
	defer hangUp(all)
	lines, took, err := flood(all, 3, brief)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, took, brief)
	assert.Positive(t, lines)
	assert.Equal(t, frames.Load(), int64(lines))
	said := 0
	for _, c := range all {
		assert.Positive(t, c.said, "every conversation has its turn")
		said += c.said
	}
	assert.Equal(t, lines, said)
}

func TestLinesOfTheDeskCountOnce(t *testing.T) {
	v, desk := deskOfTest(t)
	all, err := converseWith(t.Context(), v, 5)
	require.NoError(t, err)
	defer hangUp(all)
	lines, _, err := flood(all, 5, brief)
	require.NoError(t, err)
	page, err := desk.Conversations(t.Context(), client.ConversationQuery{})
	require.NoError(t, err)
	require.Len(t, page.Conversations, 5)
	kept := 0
	for _, one := range page.Conversations {
		kept += one.Lines
	}
	assert.Equal(t, lines*framesOfLine, kept, "a line of the user and one of the agent for each that was counted")
}

func TestConversationsComeAndGo(t *testing.T) {
	v, desk := deskOfTest(t)
	for number := range 3 {
		require.NoError(t, come(t.Context(), v, number))
	}
	page, err := desk.Conversations(t.Context(), client.ConversationQuery{State: "ended"})
	require.NoError(t, err)
	require.Len(t, page.Conversations, 3)
	for _, one := range page.Conversations {
		assert.Equal(t, linesOfComer*framesOfLine, one.Lines)
	}
	heap, err := v.heap(t.Context())
	require.NoError(t, err)
	assert.Greater(t, heap, 100e3, "bytes")
}

func TestAnotherAnswerIsAnError(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			if _, _, err := conn.ReadMessage(); err != nil || conn.WriteMessage(websocket.TextMessage, []byte("no")) != nil {
				return
			}
		}
	}))
	defer s.Close()
	v := &server{name: "one that says no", wire: strings.TrimPrefix(s.URL, "http://")}
	all, err := converseWith(t.Context(), v, 1)
	require.NoError(t, err)
	defer hangUp(all)
	_, _, err = flood(all, 1, time.Minute)
	require.ErrorContains(t, err, "conversation 0, line 0: expected the frame")
	_, err = pace(all, 1, 1000, time.Second)
	require.ErrorContains(t, err, "expected the frame")
	v.opens = true
	_, err = converseWith(t.Context(), v, 1)
	require.ErrorContains(t, err, "expected a frame that begins with "+opened)
}

// TestAStallIsChargedToAllThatWereDue has a server answer nothing until long after the last line was due. The talker was busy with the first line all the while, and the others have waited since
// they were due; measured from when they were said, all but the first would have taken next to nothing.
func TestAStallIsChargedToAllThatWereDue(t *testing.T) {
	const rate, spell = 100, 250 * time.Millisecond
	over := make(chan struct{})
	stall := sync.OnceFunc(func() { time.AfterFunc(2*spell, func() { close(over) }) })
	v, frames := echoing(t, func() {
		stall()
		<-over
	})
	all, err := converseWith(t.Context(), v, 1)
	require.NoError(t, err)
	defer hangUp(all)
	latency, err := pace(all, 1, rate, spell)
	require.NoError(t, err)
	assert.Equal(t, frames.Load(), latency.TotalCount())
	assert.Equal(t, int64(rate*spell/time.Second)+1, latency.TotalCount())
	assert.GreaterOrEqual(t, float64(latency.Min()), 0.99*float64(spell.Microseconds()), "but for what the histogram rounds")
}

// TestNothingIsSaidBeforeItsTime holds the moments at which lines fall due against the rate.
func TestNothingIsSaidBeforeItsTime(t *testing.T) {
	due := make(chan time.Time, 11)
	began := time.Now()
	strike(due, 1000)
	assert.GreaterOrEqual(t, time.Since(began), 10*time.Millisecond)
	last := time.Time{}
	for at := range due {
		if !last.IsZero() {
			assert.Equal(t, time.Millisecond, at.Sub(last))
		}
		last = at
	}
}

func TestStubsAreCountedHoweverTheyAreConnected(t *testing.T) {
	for name, fresh := range map[string]bool{"kept": false, "fresh": true} {
		t.Run(name, func(t *testing.T) {
			var requests, connections atomic.Int64
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				fmt.Fprintf(w, "{\"queue\": %q, \"status\": \"online\"}\n", strings.Split(r.URL.Path, "/")[2])
			}))
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			s.Start()
			defer s.Close()
			answers, _, err := ask(&server{wire: strings.TrimPrefix(s.URL, "http://")}, 3, fresh, brief)
			require.NoError(t, err)
			assert.Equal(t, requests.Load(), int64(answers))
			if fresh {
				assert.Equal(t, requests.Load(), connections.Load())
			} else {
				assert.Equal(t, int64(3), connections.Load())
			}
		})
	}
}

func TestStubsOfTheDeskAreCounted(t *testing.T) {
	v, desk := deskOfTest(t)
	answers, _, err := ask(v, 2, false, brief)
	require.NoError(t, err)
	assert.Positive(t, answers)
	state, err := desk.Describe(t.Context())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, state.Journal.Last, 2*answers, "a request and a response for each")
}

func TestAnotherStubIsAnError(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, _, err := ask(&server{wire: strings.TrimPrefix(s.URL, "http://")}, 1, false, time.Minute)
	require.ErrorContains(t, err, `expected 200 with {"queue":"queue-0","status":"online"}, found 404`)
}

func TestTheBareServerIsAProcess(t *testing.T) {
	v, err := launchEcho(t.Context())
	require.NoError(t, err)
	before, err := v.worked()
	require.NoError(t, err)
	all, err := converseWith(t.Context(), v, 2)
	require.NoError(t, err)
	lines, _, err := flood(all, 2, brief)
	require.NoError(t, err)
	assert.Positive(t, lines)
	hangUp(all)
	after, err := v.worked()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, after, before)
	memory, err := v.memory()
	require.NoError(t, err)
	assert.Greater(t, memory, 1e6, "bytes")
	require.NoError(t, v.stop())
}

func TestAServerThatDoesNotServeIsAnError(t *testing.T) {
	s := settings{deskcheck: "/bin/false", folder: folder}
	_, err := launchDesk(t.Context(), s, t.TempDir())
	require.ErrorContains(t, err, "the desk has ended before it served")
	s.deskcheck = "/nowhere/deskcheck"
	_, err = launchDesk(t.Context(), s, t.TempDir())
	require.ErrorContains(t, err, "start the desk")
}

func TestSettingsAreChecked(t *testing.T) {
	for args, want := range map[string]string{
		"--rounds 0":          "--rounds: expected 1 or more, found 0",
		"--only sockets,stab": `there is no "stab"; there are [sockets stubs churn]`,
		"--minutes 0":         "expected more than nothing",
		"more":                `expected flags alone, found "more"`,
		"--nothing":           "unknown flag",
	} {
		var errs bytes.Buffer
		assert.Equal(t, exitUsage, execute(t.Context(), strings.Fields(args), io.Discard, &errs), args)
		assert.Contains(t, errs.String(), want)
	}
	s, err := readSettings([]string{"--quick"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, 3, s.rounds)
	assert.Equal(t, time.Minute, s.churn)
	s, err = readSettings([]string{"--quick", "--minutes", "4", "--rounds", "9"}, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, 9, s.rounds)
	assert.Equal(t, 4*time.Minute, s.churn)
	assert.Equal(t, exitDone, execute(t.Context(), []string{"--help"}, io.Discard, io.Discard))
}

func TestTheTableTellsWhatIsMissed(t *testing.T) {
	var out bytes.Buffer
	b := &bench{}
	less := func(_, ratio float64) bool { return ratio <= 2 }
	b.compare("stones", grouped, []float64{1000, 3000, 2000}, []float64{1000, 1000, 1000}, "ratio at most 2", less)
	b.compare("more stones", grouped, []float64{1234567}, nil, "", nil)
	b.tellChurn(churned(100, 104), 5)
	b.tellChurn(churned(100, 106), 5)
	b.table.render(&out)
	text := out.String()
	assert.Regexp(t, `stones +2,000 +1,000 +2\.00 \(1\.00 to 3\.00\) +ratio at most 2 +met`, text)
	assert.Contains(t, text, "1,234,567")
	assert.Regexp(t, `memory in the end .*104\.0 MiB +100\.0 MiB +1\.04 .*met`, text)
	assert.Regexp(t, `memory in the end .*106\.0 MiB +100\.0 MiB +1\.06 .*missed`, text)
	assert.Equal(t, 2, strings.Count(text, "missed"), "the heap is judged as the memory is")
}

func TestWhatOthersHadIsAShare(t *testing.T) {
	assert.InDelta(t, 0.1, processors{all: 100, kept: 10}.keptSince(processors{all: 50, kept: 5}), 1e-9)
	assert.InDelta(t, 0.4, processors{all: 100, idle: 40}.idleSince(processors{all: 50, idle: 20}), 1e-9)
	assert.Zero(t, processors{all: 50, kept: 5}.keptSince(processors{all: 50, kept: 5}), "no time has passed")
	now, err := timeOfProcessors()
	require.NoError(t, err)
	assert.Greater(t, now.all, now.kept)
	var out bytes.Buffer
	b, quiet := &bench{settings: settings{conversations: targetOpen}}, visit{frames: 1, memory: 1, work: 1, latency: hdrhistogram.New(shortest, longest, digits)}
	lent := quiet
	lent.kept = 0.184
	halved, wanting := quiet, quiet
	halved.frames, wanting.frames = 0.5, 0.49
	b.tellSockets([]visit{lent}, []visit{halved}, []visit{quiet})
	b.tellSockets([]visit{wanting}, []visit{wanting}, []visit{quiet})
	b.table.render(&out)
	assert.Regexp(t, `the same, nothing saved \(--ephemeral\) .*0\.50 .* met`, out.String())
	assert.Equal(t, 2, strings.Count(out.String(), "missed"), "each of the desks is held against the bare server")
	assert.Regexp(t, `\(steal\) +18 % +0 %`, out.String())
}

// churned are samples of a desk whose memory, in MiB, was so much after the warm-up and in the end.
func churned(warm, end float64) []sample {
	all := make([]sample, 20)
	for i := range all {
		size := warm
		if i >= 16 {
			size = end
		}
		all[i] = sample{memory: size * (1 << 20), heap: size * (1 << 19)}
	}
	return all
}
