package mockdesk_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	d, err := mockdesk.Open(mockdesk.Options{Addr: ":0"})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(d.URL(), "http://127.0.0.1:"), d.URL())
	assert.Equal(t, strings.TrimPrefix(d.URL(), "http"), strings.TrimPrefix(d.SocketURL(), "ws"))
	assert.NotNil(t, d.Clock())
	_, err = mockdesk.Open(mockdesk.Options{Addr: strings.TrimPrefix(d.URL(), "http://")})
	assert.ErrorContains(t, err, "choose another address")
	response, err := http.Get(d.URL() + "/v1/availability")
	require.NoError(t, err, "a desk without a journal works")
	require.NoError(t, response.Body.Close())
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	_, err = net.Dial("tcp", strings.TrimPrefix(d.URL(), "http://"))
	assert.Error(t, err)
}

func TestCloseEndsWhateverHangs(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	st := s.listen(idOne, "0")
	// A client that fell silent in the middle of a body, and one that never said anything.
	half, err := net.Dial("tcp", strings.TrimPrefix(s.desk.URL(), "http://"))
	require.NoError(t, err)
	defer half.Close()
	_, err = half.Write([]byte("PUT " + pathOne + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"))
	require.NoError(t, err)
	silent, err := net.Dial("tcp", strings.TrimPrefix(s.desk.URL(), "http://"))
	require.NoError(t, err)
	defer silent.Close()
	// One that reads none of what the desk sends.
	deaf, _, err := s.dial(pathOne + "/events")
	require.NoError(t, err)
	defer deaf.Close()
	c := s.desk.Conversations()[0]
	long := strings.Repeat("x", 1<<20)
	for range 10 {
		_, err := c.Notice(long)
		require.NoError(t, err)
	}

	var got []<-chan answer
	s.desk.React(mockdesk.OpMessage, mockdesk.Hold())
	s.desk.React(mockdesk.OpAvailability, mockdesk.Blackhole())
	s.desk.React(mockdesk.OpEnd, mockdesk.HoldReply())
	s.desk.React(mockdesk.OpStart, mockdesk.Delay(time.Hour))
	got = append(got, s.later("PUT", messageOf+"k", `{"text":"x"}`), s.later("GET", "/v1/availability", ""),
		s.later("DELETE", pathOne, ""), s.later("PUT", "/v1/conversations/"+idTwo, "{}"))
	require.NoError(t, s.journal.WaitUntil(s.ctx, func() bool {
		return len(s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Request })) == 7
	}))

	began := time.Now()
	require.NoError(t, s.desk.Close())
	assert.Less(t, time.Since(began), time.Minute, "nothing that is held is waited for")
	for _, g := range got {
		require.Error(t, s.get(g).err)
	}
	require.Error(t, st.broken())
	assert.Zero(t, s.desk.Sockets())
	assert.Zero(t, s.desk.Requests())
	assert.Len(t, c.Transcript(), 10, "closing has no effect on what was parked")
	mark := s.journal.Len()
	s.clock.Advance(time.Hour)
	assert.Equal(t, mark, s.journal.Len(), "a closed desk is silent")
	assert.Equal(t, "user", c.EndedBy())
}

func TestManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	const clients, lines = 12, 15
	s := open(t)
	ada := s.desk.Agent("a1", "Ada")
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			path := fmt.Sprintf("/v1/conversations/conversation-%04d", i)
			if !assert.Equal(t, http.StatusCreated, s.send(s.ctx, "PUT", path, "{}").status) {
				return
			}
			conn, _, err := s.dial(path + "/events")
			if !assert.NoError(t, err) {
				return
			}
			defer conn.Close()
			for k := range lines {
				assert.Equal(t, http.StatusCreated, s.send(s.ctx, "PUT", fmt.Sprintf("%s/messages/k%d", path, k), `{"text":"x"}`).status)
				assert.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"typing","typing":true}`)))
			}
			assert.Equal(t, http.StatusNoContent, s.send(s.ctx, "DELETE", path, "").status)
			cursor := 0
			for {
				var frame struct {
					Cursor int    `json:"cursor"`
					Type   string `json:"type"`
				}
				if !assert.NoError(t, conn.ReadJSON(&frame)) {
					return
				}
				if frame.Type == "hello" {
					continue
				}
				cursor++
				assert.Equal(t, cursor, frame.Cursor, "no event is lost, repeated or out of order")
				if frame.Type == "conversation.ended" {
					return
				}
			}
		})
	}
	for range clients {
		c, err := s.desk.NextConversation(s.ctx)
		require.NoError(t, err)
		all.Go(func() {
			if _, err := ada.Join(c); !assert.NoError(t, err) {
				return
			}
			for range lines {
				if _, err := ada.Say(c, "y"); err != nil {
					assert.ErrorIs(t, err, mockdesk.ErrEnded)
				}
			}
			_, err := c.WaitLines(s.ctx, lines, "user")
			assert.NoError(t, err)
		})
	}
	all.Go(func() {
		for range 20 {
			s.desk.React(mockdesk.OpAvailability, mockdesk.Hold())
			got := s.later("GET", "/v1/availability", "")
			assert.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpAvailability, 1))
			s.desk.Release(mockdesk.OpAvailability)
			assert.Equal(t, http.StatusOK, (<-got).status)
			s.clock.Advance(2 * time.Second) // in all less than a conversation lasts whose client is slow to open its socket
		}
	})
	all.Wait()
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))
	assert.Zero(t, s.desk.OpenConversations())
}

func TestClosingUnderLoadLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := open(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := 0; ; k++ {
				path := fmt.Sprintf("/v1/conversations/conversation-%d-%04d", i, k)
				if s.send(s.ctx, "PUT", path, "{}").err != nil {
					return
				}
				conn, _, err := s.dial(path + "/events")
				if err != nil {
					return
				}
				all.Go(func() {
					defer conn.Close()
					for {
						if _, _, err := conn.ReadMessage(); err != nil {
							return
						}
					}
				})
			}
		})
	}
	require.NoError(t, s.journal.WaitUntil(s.ctx, func() bool { return s.desk.Sockets() >= 10 }))
	require.NoError(t, s.desk.Close())
	all.Wait()
	assert.Zero(t, s.desk.Sockets())
	assert.Zero(t, s.desk.Requests())
}

func TestWhatTheJournalSays(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.do("PUT", pathOne+"?trace=1", `{"queue":"billing"}`, "Origin", "http://page.example", "Content-Type", "application/json")
	c, err := s.desk.NextConversation(s.ctx)
	require.NoError(t, err)
	request, response := s.entry("request", "PUT /v1/conversations/{id}"), s.entry("response", "PUT /v1/conversations/{id}")
	assert.Equal(t, [2]journal.Party{journal.Integration, journal.Desk}, [2]journal.Party{request.From, request.To})
	assert.Equal(t, [2]journal.Party{journal.Desk, journal.Integration}, [2]journal.Party{response.From, response.To})
	assert.Equal(t, request.Seq, response.Ref)
	assert.JSONEq(t, `{"method":"PUT","path":"/v1/conversations/conversation-0001","query":"trace=1","body":{"queue":"billing"},
		"headers":{"Origin":"http://page.example","Content-Type":"application/json"}}`, string(request.Data))
	assert.JSONEq(t, `{"method":"PUT","path":"/v1/conversations/conversation-0001","status":201,"headers":{"Content-Type":"application/json"},
		"body":{"id":"conversation-0001","state":"waiting","cursor":0,"uploads":{"allowed":true,"multiple":true,"maxBytes":67108864}}}`, string(response.Data))

	st := s.listen(idOne, "0")
	opened := s.entry("opened", "socket")
	assert.Equal(t, s.entry("request", "GET /v1/conversations/{id}/events").Seq, opened.Ref)
	assert.EqualValues(t, 101, data(t, s.entry("response", "GET /v1/conversations/{id}/events"))["status"])
	assert.JSONEq(t, `{"conversation":"conversation-0001","socket":1,"cursor":0,"subprotocol":"deskcheck.native.v1","origin":"http://page.example:8080"}`, string(opened.Data))

	_, err = s.desk.Agent("a1", "Ada").Join(c)
	require.NoError(t, err)
	st.next()
	act, frame := s.entry("act", "agent.joined"), s.entry("frame", "agent.joined")
	assert.Less(t, act.Seq, frame.Seq)
	assert.Equal(t, [2]journal.Party{journal.Agent, journal.Desk}, [2]journal.Party{act.From, act.To})
	assert.Equal(t, [2]journal.Party{journal.Desk, journal.Integration}, [2]journal.Party{frame.From, frame.To})
	event := `{"cursor":1,"type":"agent.joined","at":"2026-03-01T09:00:00.000Z","agent":{"id":"a1","name":"Ada"}}`
	assert.JSONEq(t, `{"conversation":"conversation-0001","event":`+event+`}`, string(act.Data))
	assert.JSONEq(t, `{"conversation":"conversation-0001","socket":1,"body":`+event+`}`, string(frame.Data))
	assert.Equal(t, "Ada joins.", act.Note)
	_, err = c.Notice("x")
	require.NoError(t, err)
	assert.Equal(t, journal.Desk, s.entry("act", "message").From)

	c.CutSockets()
	closed := s.entry("closed", "socket")
	assert.Equal(t, journal.Desk, closed.From)
	assert.Equal(t, opened.Seq, closed.Ref)
	assert.JSONEq(t, `{"conversation":"conversation-0001","socket":1,"code":1006}`, string(closed.Data))

	s.do("PUT", messageOf+"k", "no json")
	assert.Equal(t, "no json", data(t, s.entry("request", "PUT /v1/conversations/{id}/messages/{key}"))["body"])
	s.do("PUT", messageOf+"k", `{"text":"`+strings.Repeat("é", 20<<10)+`"}`)
	bodies := s.entries("request", "PUT /v1/conversations/{id}/messages/{key}")
	assert.Less(t, len(bodies[1].Data), 17<<10)
	assert.Contains(t, data(t, bodies[1])["body"], "40971 bytes in all")
	s.do("POST", pathOne, "")
	s.entry("request", "POST /v1/conversations/{id}")
	s.do("GET", "/elsewhere", "")
	for _, e := range s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Response }) {
		assert.NotZero(t, e.Ref)
	}
	assert.Len(t, s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Request }), len(s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Response })))
}

func BenchmarkOpenAndClose(b *testing.B) {
	for b.Loop() {
		d, err := mockdesk.Open(mockdesk.Options{Journal: journal.New()})
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkALine(b *testing.B) {
	d, err := mockdesk.Open(mockdesk.Options{Journal: journal.New()})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	ctx := context.Background()
	put := func(path, body string) {
		r, _ := http.NewRequestWithContext(ctx, http.MethodPut, d.URL()+path, strings.NewReader(body))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		_ = response.Body.Close()
	}
	put(pathOne, "{}")
	n := 0
	for b.Loop() {
		n++
		put(fmt.Sprintf("%sk%d", messageOf, n), `{"text":"Hello"}`)
	}
}
