package fault_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/fault"
)

// overTLS serves one fault on a server of its own, for which the client is told whether to speak HTTP/2.
func overTLS(t *testing.T, f fault.Fault, http2 bool) *httptest.Server {
	t.Helper()
	plan := newPlan(t, do(f, "always"))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plan.Next(fault.Arrival{Moment: fault.Request}).Serve(fault.Exchange{
			W: w, R: r, Effect: func() fault.Reply { return fault.Reply{Status: http.StatusOK, Body: []byte(healthy)} },
		})
	}))
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func TestAResetOverTLSIsNoOrderlyEnd(t *testing.T) {
	server := overTLS(t, fault.Fault{Kind: fault.Reset}, false)
	conn, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
	require.NoError(t, err)
	_, err = io.ReadAll(conn)
	assert.True(t, isReset(err), "%v", err)
}

func TestAResetOverHTTP2BreaksTheStream(t *testing.T) {
	server := overTLS(t, fault.Fault{Kind: fault.Reset}, true)
	_, err := server.Client().Get(server.URL)
	require.ErrorContains(t, err, "stream error", "a connection of many streams is not reset for one")
}

func TestAReplyThatIsNeverReadyIsLost(t *testing.T) {
	s := open(t)
	lost := make(chan string, 1)
	var told fault.Outcome
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.plan.Next(fault.Arrival{Moment: fault.Request}).Serve(fault.Exchange{
			W: w, R: r, Answering: func(o fault.Outcome) { told = o },
			Effect: func() fault.Reply {
				return fault.Reply{
					Status: http.StatusOK, Ready: func(context.Context) error { return errors.New("never") },
					After: func() { lost <- told.Note },
				}
			},
		})
	}))
	t.Cleanup(server.Close)
	_, err := server.Client().Get(server.URL)
	assert.True(t, isReset(err), "%v", err)
	assert.Contains(t, wait(s, lost), "the client had gone", "what is to follow a reply follows a lost one too")
}

func TestASlowDownloadEndsWithItsClientAndWithTheDesk(t *testing.T) {
	for name, end := range map[string]func(s *stage, c io.Closer){
		"client": func(_ *stage, c io.Closer) { _ = c.Close() },
		"desk":   func(s *stage, _ io.Closer) { s.close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, do(fault.Fault{Kind: fault.SlowDownload, Rate: 1}, "always"))
			conn, r := s.raw()
			s.head(r)
			end(s, conn)
			if name == "desk" {
				_, err := r.Peek(1)
				assert.True(t, isReset(err), "%v", err)
			}
		}) // That the handler has ended, TestMain sees.
	}
}

func TestASlowUploadEndsWithTheDesk(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.SlowUpload, Rate: 1}, "always"))
	got := make(chan answer, 1)
	go func() { got <- s.send(s.ctx, http.MethodPut, "some body") }()
	require.Eventually(t, func() bool { return len(s.journal()) == 1 }, patience, time.Millisecond)
	s.close()
	wait(s, got)
	assert.Zero(t, s.effects.Load())
}

func TestTheSocketIsToldAsItIsWritten(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Duplicate}, "only 1", out), do(fault.Fault{Kind: fault.Binary}, "only 2", out), do(fault.Fault{Kind: fault.Corrupt, How: fault.HowHeader}, "only 3", out))
	var told []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if !assert.NoError(t, err) {
			return
		}
		s.pumps <- start(fault.PumpOptions{
			Conn: conn, Plan: s.plan, Sending: func(m fault.Message) { told = append(told, fmt.Sprintf("%s %v", m.Data, m.Binary)) },
			Ended: func(e fault.End) { told = append(told, fmt.Sprintf("ended %d", e.Code)) },
		})
	}))
	t.Cleanup(server.Close)
	conn, _, err := websocket.DefaultDialer.DialContext(s.ctx, strings.Replace(server.URL, "http", "ws", 1), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	pump := wait(s, s.pumps)
	t.Cleanup(pump.Close)
	pump.Send(fault.Message{Data: []byte("one")})
	pump.Send(fault.Message{Data: []byte("two")})
	pump.Send(fault.Message{Binary: true, Data: []byte("three")})
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte("no one listens")))
	assert.ErrorContains(t, fails(t, conn), "RSV1")
	wait(s, pump.Done())
	assert.Equal(t, []string{"one false", "one false", "two true", "three true", "ended 1002"}, told)
}

func TestScopesInFiles(t *testing.T) {
	const source = `{"on":"frame","tenant":"t","conversation":"c","connection":2,"frame":"line","direction":"out"}`
	want := fault.Scope{On: fault.Frame, Tenant: "t", Conversation: "c", Connection: 2, Frame: "line", Direction: fault.Out}
	var fromJSON, fromYAML, again fault.Scope
	require.NoError(t, json.Unmarshal([]byte(source), &fromJSON))
	assert.Equal(t, want, fromJSON)
	require.NoError(t, yaml.Unmarshal([]byte(source), &fromYAML))
	assert.Equal(t, want, fromYAML)
	raw, err := json.Marshal(want)
	require.NoError(t, err)
	assert.JSONEq(t, source, string(raw))
	raw, err = yaml.Marshal(want)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(raw, &again))
	assert.Equal(t, want, again)
	assert.Equal(t, "on frame line going out in conversation c on socket 2 of tenant t", want.String())
	assert.Equal(t, "on PUT /x", fault.Scope{Route: "PUT /x"}.String())
	assert.Equal(t, "upload PUT /x", fault.Arrival{Moment: fault.Upload, Route: "PUT /x"}.String())
	for source, message := range map[string]string{`[1]`: "must be an object with fields, not [1]", `{"connection":"two"}`: `connection: must be a whole number, not "two"`} {
		require.ErrorContains(t, json.Unmarshal([]byte(source), &again), message)
	}
	require.ErrorContains(t, again.UnmarshalYAML([]byte("a: [")), "is no YAML")
}

func TestWhatIsShownOfALongMistakeIsItsBeginning(t *testing.T) {
	var f fault.Fault
	err := json.Unmarshal([]byte(`{"kind":"hang","kind":`+`["ä"`+strings.Repeat(`,"ä"`, 50)+`]`+`}`), &f)
	require.ErrorContains(t, err, `not ["ä","ä"`)
	assert.Less(t, len(err.Error()), 120)
}

func TestAtOnceIsWhetherTheEffectHappensBeforeAnyOneWaits(t *testing.T) {
	closed := make(chan struct{})
	close(closed)
	for _, e := range examples {
		if !slices.Contains(e.fault.Kind.Moments(), fault.Request) {
			continue
		}
		plan := newPlan(t, do(e.fault, "always"))
		decision := plan.Next(fault.Arrival{Moment: fault.Request})
		effects := 0
		func() {
			defer func() { _ = recover() }() // What cannot be reset panics.
			decision.Serve(fault.Exchange{W: newRecorder(), R: newRequest(t), Done: closed, Effect: func() fault.Reply {
				effects++
				return fault.Reply{Status: http.StatusOK}
			}})
		}()
		assert.Equal(t, decision.AtOnce(), effects == 1, e.says)
	}
}

// TestWhatIsParkedGoesOnInTheOrderInWhichItWasDecidedOn parks the second before the first.
func TestWhatIsParkedGoesOnInTheOrderInWhichItWasDecidedOn(t *testing.T) {
	s := open(t, do(fault.Fault{Kind: fault.Hold}, "always"))
	var order []string
	var served sync.WaitGroup
	first, second := s.plan.Next(fault.Arrival{Moment: fault.Request, Conversation: "first"}), s.plan.Next(fault.Arrival{Moment: fault.Request, Conversation: "second"})
	for i, d := range []fault.Decision{second, first} {
		served.Go(func() {
			d.Serve(fault.Exchange{W: newRecorder(), R: newRequest(t), Effect: func() fault.Reply {
				order = append(order, d.Arrival.Conversation)
				return fault.Reply{Status: http.StatusOK}
			}})
		})
		require.NoError(t, s.plan.WaitParked(s.ctx, fault.Scope{}, i+1))
	}
	require.NoError(t, s.plan.Release(1))
	served.Wait()
	assert.Equal(t, []string{"first", "second"}, order)
}

// TestWhatCameBeforeASilenceIsDoneBeforeTheEnd has the client end a socket on which the desk is silent.
func TestWhatCameBeforeASilenceIsDoneBeforeTheEnd(t *testing.T) {
	s := open(t)
	told := make(chan string, 9)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if !assert.NoError(t, err) {
			return
		}
		s.pumps <- start(fault.PumpOptions{
			Conn: conn, Plan: s.plan, Receive: func(m fault.Message) { told <- string(m.Data) }, Settle: func() { told <- "settled" }, Ended: func(fault.End) { told <- "ended" },
		})
	}))
	defer server.Close()
	conn, _, err := websocket.DefaultDialer.DialContext(s.ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	require.NoError(t, err)
	p := wait(s, s.pumps)
	defer p.Close()
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte("one")))
	assert.Equal(t, "one", wait(s, told))
	require.NoError(t, p.Play(fault.Fault{Kind: fault.Silence}))
	require.NoError(t, conn.Close())
	assert.Equal(t, "settled", wait(s, told))
	assert.Equal(t, "ended", wait(s, told))
}
