package mockdesk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// keeper saves a desk in memory, as a store would on disk.
type keeper struct {
	t    *testing.T
	desk *mockdesk.Desk
	wake chan struct{}
	// settles counts the calls of settled.
	settles int

	mu      sync.Mutex
	itself  json.RawMessage
	records map[string]mockdesk.Record
	media   []mockdesk.SavedMedium
	reads   int
}

func newKeeper(t *testing.T) *keeper {
	t.Helper()
	return &keeper{t: t, wake: make(chan struct{}, 1), records: map[string]mockdesk.Record{}}
}

// saving is what a desk is opened with to be saved by the keeper.
func (k *keeper) saving() *mockdesk.Saving {
	changed := func() {
		select {
		case k.wake <- struct{}{}:
		default:
		}
	}
	read := func(id string) (mockdesk.Record, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.reads++
		r, there := k.records[id]
		if !there {
			return r, fmt.Errorf("there is no %s", id)
		}
		return r, nil
	}
	return &mockdesk.Saving{Changed: changed, Read: read}
}

// take takes what has changed, and says up to which mark.
func (k *keeper) take() int {
	changes := k.desk.Changes()
	assert.NoError(k.t, changes.Encode())
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range changes.Forgotten {
		delete(k.records, id)
	}
	for _, r := range changes.Records {
		before := k.records[r.ID]
		if r.State == nil {
			r.State, r.Over = before.State, before.Over
		}
		r.Events = slices.Concat(before.Events, r.Events)
		for i := len(before.Events); i < len(r.Events); i++ {
			r.Events[i].Body = bytes.Clone(r.Events[i].Body)
		}
		k.records[r.ID] = r
	}
	k.media = append(k.media, changes.Media...)
	if changes.Desk != nil {
		k.itself = changes.Desk
	}
	return changes.Mark
}

// work saves whatever changes until the test is over.
func (k *keeper) work() {
	over := k.t.Context().Done()
	go func() {
		for {
			select {
			case <-k.wake:
				k.desk.Saved(k.take(), nil)
			case <-over:
				return
			}
		}
	}()
}

// settled has everything saved that has happened so far.
func (k *keeper) settled(s *stage) {
	k.t.Helper()
	k.settles++
	// An answer waits for everything before it.
	require.Equal(k.t, 201, s.do("PUT", fmt.Sprintf("/v1/conversations/settling-%010d", k.settles), `{}`).status)
}

// saved opens a desk that a keeper saves.
func saved(t *testing.T, k *keeper, o mockdesk.Options) *stage {
	t.Helper()
	o.Saving = k.saving()
	s := openWith(t, o)
	k.desk = s.desk
	return s
}

// again opens a desk that goes on where the keeper's was.
func (k *keeper) again(o mockdesk.Options) (*keeper, *stage) {
	k.t.Helper()
	next := newKeeper(k.t)
	k.mu.Lock()
	next.settles, next.itself, next.records, next.media = k.settles, k.itself, maps.Clone(k.records), k.media
	k.mu.Unlock()
	s := saved(k.t, next, o)
	var records []mockdesk.Record
	for _, r := range next.records {
		if r.Over {
			r.Events = nil // A store does not read what is not asked for.
		}
		records = append(records, r)
	}
	require.NoError(k.t, s.desk.Restore(next.itself, records, next.media))
	next.work()
	return next, s
}

var errFull = errors.New("the disk is full")

// TestWhatCannotBeSavedIsNeverSaid has every way of saying something to a client meet a disk that is full: the client must not be told.
func TestWhatCannotBeSavedIsNeverSaid(t *testing.T) {
	for _, one := range []struct {
		name, wire string
		// begin brings the client to where it can be told of something, while all is well; tell has the desk do something that the client would be told of, and gives all that
		// the client was told until its connection ended.
		begin func(s *stage) (tell func() []string)
	}{
		{"an answer", "", func(s *stage) func() []string {
			return func() []string { return heard(s.send(s.ctx, "PUT", "/v1/conversations/"+idOne, `{}`)) }
		}},
		{"an answer under a fault", "", func(s *stage) func() []string {
			s.desk.React(mockdesk.OpStart, mockdesk.Reaction{Kind: fault.ContentType, ContentType: "text/html"})
			return func() []string { return heard(s.send(s.ctx, "PUT", "/v1/conversations/"+idOne, `{}`)) }
		}},
		{"a withdrawal", "", func(s *stage) func() []string {
			return func() []string { return heard(s.send(s.ctx, "DELETE", "/v1/conversations/"+idOne, ``)) }
		}},
		{"an event on a socket", "", func(s *stage) func() []string {
			c := s.start(idOne)
			st := s.listen(idOne, "0")
			return func() []string {
				s.act(s.desk.Agent("a1", "Ada").Join(c))
				return framesUntilTheEnd(st.conn, s.desk)
			}
		}},
		{"a poll", "", func(s *stage) func() []string {
			c := s.start(idOne)
			return func() []string {
				s.act(s.desk.Agent("a1", "Ada").Join(c))
				return heard(s.send(s.ctx, "GET", "/v1/conversations/"+idOne+"/events", ""))
			}
		}},
		{"an acknowledgement on a socket", "sockets", func(s *stage) func() []string {
			conn, _, err := s.dial("/chat")
			require.NoError(s.t, err)
			_, _, err = conn.ReadMessage()
			require.NoError(s.t, err)
			return func() []string {
				require.NoError(s.t, conn.WriteMessage(websocket.TextMessage, []byte(`{"op":"connect","id":1}`)))
				return framesUntilTheEnd(conn, s.desk)
			}
		}},
		{"a server-sent event", "sse", func(s *stage) func() []string {
			opened := s.do("POST", "/sessions", `{}`)
			c := s.next()
			return func() []string {
				s.act(s.desk.Agent("a1", "Ada").Join(c))
				got := s.later("GET", "/sessions/"+opened.json(s.t)["session"].(string)+"/stream", "")
				s.hasListener()
				ctx, cancel := context.WithTimeout(s.ctx, time.Second)
				defer cancel()
				_ = s.desk.WaitSent(ctx) // What is never sent is what this is about.
				require.NoError(s.t, s.desk.Close())
				return []string{(<-got).raw}
			}
		}},
		{"a poll that is held", "longpoll", func(s *stage) func() []string {
			cookie, _, _ := strings.Cut(s.do("POST", "/chat", "action=open").header.Get("Set-Cookie"), ";")
			c := s.next()
			got := make(chan answer, 1)
			go func() { got <- s.send(s.ctx, "GET", "/poll", "", "Cookie", cookie) }()
			s.hasListener()
			return func() []string {
				s.act(s.desk.Agent("a1", "Ada").Join(c))
				return heard(<-got)
			}
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			for _, full := range []bool{true, false} {
				k := newKeeper(t)
				o := mockdesk.Options{}
				if one.wire != "" {
					w, err := wire.Load(filepath.Join("testdata", one.wire+".wire.yaml"))
					require.NoError(t, err)
					o.Wire = w
				}
				s := saved(t, k, o)
				stop := make(chan struct{})
				var saving sync.WaitGroup
				var begun bool
				var mu sync.Mutex
				saving.Go(func() {
					for {
						select {
						case <-k.wake:
						case <-stop:
							return
						}
						mark := k.take()
						mu.Lock()
						lost := full && begun
						mu.Unlock()
						if lost {
							s.desk.Saved(mark, errFull)
							return
						}
						s.desk.Saved(mark, nil)
					}
				})
				tell := one.begin(s)
				mu.Lock()
				begun = true
				mu.Unlock()
				told := strings.Join(tell(), "")
				if full {
					assert.Empty(t, told)
				} else {
					assert.NotEmpty(t, told, "where all is well the client is told")
				}
				close(stop)
				saving.Wait()
			}
		})
	}
}

// hasListener waits until a client listens.
func (s *stage) hasListener() {
	s.t.Helper()
	for {
		before := s.desk.Traffic()
		if s.desk.Listeners() > 0 {
			return
		}
		require.NoError(s.t, s.desk.WaitTraffic(s.ctx, before))
	}
}

// heard is what an answer said, nothing if none came.
func heard(a answer) []string {
	if a.err != nil {
		return nil
	}
	return []string{strconv.Itoa(a.status), a.raw}
}

// framesUntilTheEnd gives the frames that come until the desk, which closes once it has nothing more to say, has ended the socket.
func framesUntilTheEnd(conn *websocket.Conn, desk *mockdesk.Desk) []string {
	var frames []string
	// What is said was said long before.
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	if _, raw, err := conn.ReadMessage(); err == nil {
		frames = append(frames, string(raw))
	}
	_ = desk.Close() // It is always nil.
	return frames
}

// TestADeskGoesOnWhereItWas has a conversation with everything in it go on at another desk.
func TestADeskGoesOnWhereItWas(t *testing.T) {
	k := newKeeper(t)
	s := saved(t, k, mockdesk.Options{})
	k.work()
	require.Equal(t, 201, s.do("PUT", "/v1/conversations/"+idOne, `{"queue":"billing","context":{"n":12345678901234567890},"user":{"name":"Mia"}}`).status)
	c := s.next()
	s.desk.CheckUploads(true)
	ada, ben := s.desk.Agent("a1", "Ada"), s.desk.Agent("b1", "Ben")
	s.act(ada.Join(c))
	s.act(ada.SayHTML(c, "<b>Hello</b> & more"))
	require.Equal(t, 201, s.do("PUT", "/v1/conversations/"+idOne+"/messages/k1", `{"text":"My bill"}`).status)
	require.Equal(t, 202, s.upload("f1", "bill.pdf", "application/pdf", "content").status)
	s.act(ada.Transfer(c, ben))
	s.act(ada.AskScreen(c))
	require.Equal(t, 200, s.do("PUT", "/v1/conversations/"+idOne+"/screens/"+c.Screens()[0].ID, `{"state":"accepted"}`).status)
	st := s.listen(idOne, "6")
	require.NoError(t, st.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"read","upTo":2}`)))
	require.NoError(t, st.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"user","name":"Mia B."}`)))
	s.entry(journal.Frame, "user")
	address := s.desk.Publish("photo.png", "image/png", []byte("png"))
	s.play(fault.Fault{Kind: fault.Status, Status: 503}, "next 3", fault.Scope{Operation: "message"})
	require.Equal(t, 503, s.do("PUT", "/v1/conversations/"+idOne+"/messages/k2", `{"text":"lost"}`).status)
	require.Equal(t, 204, s.do("DELETE", "/v1/conversations/"+idTwo, "").status)
	c.SetNote(json.RawMessage(`{"step":3}`))
	k.settled(s)
	before, told, lines := c.Snapshot(), s.do("GET", "/v1/conversations/"+idOne+"/events", "").raw, c.Transcript()
	require.NoError(t, s.desk.Close())

	_, s = k.again(mockdesk.Options{})
	c = s.desk.Conversation(idOne)
	require.NotNil(t, c)
	after := c.Snapshot()
	before.Sockets = 0 // Its socket is not there any more.
	asJSON := func(v any) string {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		return string(raw)
	}
	assert.JSONEq(t, asJSON(before), asJSON(after))
	assert.JSONEq(t, asJSON(lines), asJSON(c.Transcript()))
	assert.Equal(t, told, s.do("GET", "/v1/conversations/"+idOne+"/events", "").raw, "byte for byte")
	assert.Equal(t, mockdesk.ScreenAccepted, c.Screens()[0].State)
	assert.JSONEq(t, `{"step":3}`, string(c.Note()))
	assert.Equal(t, 200, s.do("PUT", "/v1/conversations/"+idOne, `{}`).status, "it is open already")
	assert.Equal(t, 410, s.do("PUT", "/v1/conversations/"+idTwo, `{}`).status, "it was withdrawn")
	for _, want := range []int{503, 503, 201} {
		assert.Equal(t, want, s.do("PUT", "/v1/conversations/"+idOne+"/messages/k2", `{"text":"heard"}`).status, "the fault goes on where it was")
	}
	assert.Equal(t, 200, s.do("PUT", "/v1/conversations/"+idOne+"/messages/k1", `{"text":"My bill"}`).status, "it is there already")
	assert.Equal(t, "png", s.do("GET", strings.TrimPrefix(address, strings.Split(address, "/v1/")[0]), "").raw)
	ada, ben = s.desk.Agent("a1", "Ada"), s.desk.Agent("b1", "Ben")
	_, err := ada.Join(c)
	require.ErrorIs(t, err, mockdesk.ErrAlreadyJoined)
	s.act(ben.Join(c))
	assert.Empty(t, c.Snapshot().TransferringFrom)
	s.act(c.FinishCheck("f1", ""))
	s.clock.Advance(24 * time.Hour)
	assert.Equal(t, mockdesk.Abandoned, c.EndedBy(), "a client that does not come back is given up")
	next, err := s.desk.NextConversation(s.ctx)
	require.NoError(t, err)
	assert.Contains(t, next.ID(), "settling", "nobody has handed it out yet, and it is the only one without a note")
}

// TestKeptValuesGoOn has a wire find a conversation by what it has kept for it, and count on from there.
func TestKeptValuesGoOn(t *testing.T) {
	w, err := wire.Load(filepath.Join("testdata", "polling.wire.yaml"))
	require.NoError(t, err)
	k := newKeeper(t)
	s := saved(t, k, mockdesk.Options{Wire: w})
	k.work()
	opened := s.do("POST", "/api/cases", `{}`)
	require.Equal(t, 201, opened.status)
	bearer := []string{"Authorization", fmt.Sprint("Bearer ", opened.json(t)["token"])}
	assert.Contains(t, s.do("POST", "/api/lines", `<line id="k1">one</line>`, bearer...).raw, `number="1"`)
	c := s.next()
	s.act(s.desk.Agent("a1", "Ada").Join(c))
	s.act(s.desk.Agent("a1", "Ada").Say(c, "Hello"))
	told := s.do("GET", "/api/news", "", bearer...).raw
	assert.Contains(t, told, "Hello")
	require.NoError(t, s.desk.Close())
	_, s = k.again(mockdesk.Options{Wire: w})
	assert.Equal(t, told, s.do("GET", "/api/news", "", bearer...).raw)
	assert.Contains(t, s.do("POST", "/api/lines", `<line id="k2">two</line>`, bearer...).raw, `number="2"`)
}

// TestTheUsersEndIsToldAfterAll ends the desk between the answer to the user's end and the event that says so.
func TestTheUsersEndIsToldAfterAll(t *testing.T) {
	k := newKeeper(t)
	s := saved(t, k, mockdesk.Options{})
	k.work()
	s.start(idOne)
	s.desk.React(mockdesk.OpEnd, mockdesk.HoldReply())
	_ = s.later("DELETE", "/v1/conversations/"+idOne, "")
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpEnd, 1))
	k.settled(s)
	assert.Empty(t, s.do("GET", "/v1/conversations/"+idOne+"/events", "").json(t)["events"])
	require.NoError(t, s.desk.Close())
	_, s = k.again(mockdesk.Options{})
	events := s.do("GET", "/v1/conversations/"+idOne+"/events", "").json(t)["events"].([]any)
	require.Len(t, events, 1)
	assert.Equal(t, "conversation.ended", events[0].(map[string]any)["type"])
}

// TestWhatIsOverLeavesMemory ends more conversations than are to be in memory, and than are to be kept.
func TestWhatIsOverLeavesMemory(t *testing.T) {
	bounds := mockdesk.Bounds{Ended: 2, Saved: 4, Age: time.Hour}
	id := func(n int) string { return fmt.Sprintf("conversation-%04d", n) }
	talk := func(s *stage, n int) {
		require.Equal(t, 201, s.do("PUT", "/v1/conversations/"+id(n), `{}`).status)
		c := s.desk.Conversation(id(n))
		s.act(s.desk.Agent("a1", "Ada").Join(c))
		require.Equal(t, 201, s.do("PUT", "/v1/conversations/"+id(n)+"/messages/k1", `{"text":"one"}`).status)
		s.act(s.desk.Agent("a1", "Ada").End(c))
	}
	remembers := func(s *stage, n int) {
		t.Helper()
		assert.Equal(t, 410, s.do("PUT", "/v1/conversations/"+id(n), `{}`).status)
		assert.Equal(t, 200, s.do("PUT", "/v1/conversations/"+id(n)+"/messages/k1", `{"text":"one"}`).status, "it was taken before")
		assert.Len(t, s.do("GET", "/v1/conversations/"+id(n)+"/events", "").json(t)["events"], 3)
		assert.Len(t, s.desk.Conversation(id(n)).Transcript(), 1)
	}
	t.Run("saved", func(t *testing.T) {
		k := newKeeper(t)
		s := saved(t, k, mockdesk.Options{Bounds: bounds})
		k.work()
		for n := range 6 {
			talk(s, n)
		}
		k.settled(s)
		k.settled(s)
		assert.Zero(t, k.reads)
		assert.Equal(t, 1, s.desk.Conversation(id(2)).Snapshot().Lines, "a list needs no reading")
		assert.Zero(t, k.reads)
		s.desk.Conversation(id(2)).SetNote(json.RawMessage(`{"late":true}`))
		k.settled(s)
		remembers(s, 2)
		assert.Equal(t, 1, k.reads)
		require.NoError(t, s.desk.Fetch(s.desk.Conversation(id(5))))
		assert.Equal(t, 1, k.reads, "it is in memory")
		for _, gone := range []int{0, 1} {
			assert.Nil(t, s.desk.Conversation(id(gone)))
			assert.Equal(t, 404, s.do("GET", "/v1/conversations/"+id(gone)+"/events", "").status)
			k.mu.Lock()
			assert.NotContains(t, k.records, id(gone))
			k.mu.Unlock()
		}
		talk(s, 0)
		k.settled(s)
		require.NoError(t, s.desk.Close())
		_, s = k.again(mockdesk.Options{Bounds: bounds})
		remembers(s, 0)
		remembers(s, 5)
	})
	t.Run("in memory only", func(t *testing.T) {
		s := openWith(t, mockdesk.Options{Bounds: bounds})
		for n := range 6 {
			talk(s, n)
		}
		assert.Len(t, s.desk.Conversations(), 2)
		remembers(s, 4)
		assert.Equal(t, 404, s.do("GET", "/v1/conversations/"+id(3)+"/events", "").status)
	})
	t.Run("too old", func(t *testing.T) {
		k := newKeeper(t)
		s := saved(t, k, mockdesk.Options{Bounds: bounds})
		k.work()
		for n := range 3 {
			talk(s, n)
		}
		k.settled(s)
		require.NoError(t, s.desk.Close())
		aged := bounds
		aged.Age = time.Nanosecond
		k, s = k.again(mockdesk.Options{Bounds: aged})
		assert.Nil(t, s.desk.Conversation(id(0)))
		k.settled(s)
		k.mu.Lock()
		defer k.mu.Unlock()
		assert.Len(t, k.records, 2, "those that are open")
	})
	t.Run("unreadable", func(t *testing.T) {
		k := newKeeper(t)
		s := saved(t, k, mockdesk.Options{Bounds: bounds})
		k.work()
		for n := range 4 {
			talk(s, n)
		}
		k.settled(s)
		k.mu.Lock()
		delete(k.records, id(0))
		k.mu.Unlock()
		got := s.do("GET", "/v1/conversations/"+id(0)+"/events", "")
		assert.Equal(t, 500, got.status)
		assert.Contains(t, got.raw, "there is no "+id(0))
	})
}

// TestWhatIsNotAsItIsSavedIsRefused spoils what a desk is made again from.
func TestWhatIsNotAsItIsSavedIsRefused(t *testing.T) {
	state := json.RawMessage(`{"state":"waiting"}`)
	for want, one := range map[string]struct {
		itself json.RawMessage
		record mockdesk.Record
	}{
		"the desk is not as it is saved":                           {itself: json.RawMessage(`[]`)},
		"fault.status: must be a status":                           {itself: json.RawMessage(`{"faults":{"rules":[{"id":1,"rule":{"fault":{"kind":"status"}}}]}}`)},
		"the conversation c1 is not as a desk saves it":            {record: mockdesk.Record{ID: "c1", State: json.RawMessage(`[]`)}},
		"event 1 of the conversation c1 is not as a desk saves it": {record: mockdesk.Record{ID: "c1", State: state, Events: []mockdesk.SavedEvent{{Cursor: 1, Body: json.RawMessage(`[]`)}}}},
		"event 1 of the conversation c1 is missing":                {record: mockdesk.Record{ID: "c1", State: state, Events: []mockdesk.SavedEvent{{Cursor: 2, Body: nil}}}},
	} {
		k := newKeeper(t)
		s := saved(t, k, mockdesk.Options{})
		var records []mockdesk.Record
		if one.record.ID != "" {
			records = append(records, one.record)
		}
		require.ErrorContains(t, s.desk.Restore(one.itself, records, nil), want)
	}
}
