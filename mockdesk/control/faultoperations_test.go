package control_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/fault"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (s *stage) faultsArePlayed() {
	t := s.t
	one := s.take(api.NewTenant{Name: "faults"})
	refusal, err := one.AddFault(s.ctx, api.NewFault{Kind: "refuse", Operation: "start", When: &api.When{Next: 2}})
	require.NoError(t, err)
	assert.Equal(t, 503, refusal.Status)
	assert.Equal(t, 2, *refusal.Left)
	assert.Equal(t, `answer 503, for the next 2 of "start"`, refusal.Says)
	for range 2 {
		status, _ := s.user("faults", "PUT", "/v1/conversations/"+idOne, `{}`)
		assert.Equal(t, http.StatusServiceUnavailable, status)
	}
	s.begin("faults", idOne, `{}`)
	refusal, err = one.Fault(s.ctx, refusal.ID)
	require.NoError(t, err)
	assert.Equal(t, 2, refusal.Played)
	held, err := one.AddFault(s.ctx, api.NewFault{Kind: "hold", Operation: "message", When: &api.When{Conversation: idOne}})
	require.NoError(t, err)
	teapot, err := one.AddFault(s.ctx, api.NewFault{Kind: "body", Operation: "state", Status: 418, ContentType: "text/html", Body: "<h1>", When: &api.When{After: 1}})
	require.NoError(t, err)
	answered := make(chan int, 1)
	go func() {
		status, _ := s.user("faults", "PUT", "/v1/conversations/"+idOne+"/messages/k1", `{"text":"Hi"}`)
		answered <- status
	}()
	_, err = one.Wait(s.ctx, api.Wait{Match: `name == "fault.played" && data.fault == "` + held.ID + `"`})
	require.NoError(t, err)
	status, _ := s.user("faults", "GET", "/v1/conversations/"+idOne, "")
	assert.Equal(t, http.StatusOK, status)
	status, raw := s.user("faults", "GET", "/v1/conversations/"+idOne, "")
	assert.Equal(t, http.StatusTeapot, status)
	assert.Equal(t, "<h1>", raw)
	list, err := one.Faults(s.ctx)
	require.NoError(t, err)
	assert.Len(t, list.Faults, 2)
	assert.Equal(t, map[string]int{"message": 1}, list.Held)
	released, err := one.ReleaseFaults(s.ctx, "message")
	require.NoError(t, err)
	assert.Equal(t, api.Released{Released: 1, Removed: []string{held.ID}}, released)
	assert.Equal(t, http.StatusCreated, <-answered)
	require.NoError(t, one.RemoveFault(s.ctx, teapot.ID))
	problem(t, one.RemoveFault(s.ctx, teapot.ID), http.StatusNotFound, "no fault")
	_, err = one.AddFault(s.ctx, api.NewFault{Kind: "delay", Operation: "state", For: api.Duration(time.Second)})
	require.NoError(t, err)
	cleared, err := one.ClearFaults(s.ctx)
	require.NoError(t, err)
	assert.Len(t, cleared.Removed, 1)
	for _, wrong := range []api.NewFault{{Kind: "cut", Operation: "state", Status: 500}, {Kind: "delay", Operation: "state"}} {
		_, err = one.AddFault(s.ctx, wrong)
		problem(t, err, http.StatusBadRequest, "")
	}
	_, err = one.AddFault(s.ctx, api.NewFault{Kind: "refuze", Operation: "state"})
	assert.Contains(t, problem(t, err, http.StatusBadRequest, "kind: expected one of accept, refuse").Detail, "did you mean refuse?")
}

func (s *stage) rulesArePlayed() {
	t := s.t
	one := s.take(api.NewTenant{Name: "rules"})
	s.begin("rules", idOne, `{}`)
	state := "/v1/conversations/" + idOne
	added, err := one.AddRules(s.ctx,
		fault.Rule{Fault: fault.Fault{Kind: fault.TooMany, For: 30 * time.Second}, Schedule: fault.Schedule{Only: 2}, Scope: fault.Scope{Operation: "state", Conversation: idOne}},
		fault.Rule{Fault: fault.Fault{Kind: fault.Truncate, Bytes: 2}, Schedule: fault.Schedule{From: 3, Next: 1}},
		fault.Rule{Fault: fault.Fault{Kind: fault.Hold}, Scope: fault.Scope{On: fault.Request}},
	)
	require.NoError(t, err)
	require.Len(t, added, 3)
	assert.Equal(t, "answer 429 with 30 seconds to retry after, only 2, on state in conversation "+idOne, added[0].Says)
	assert.Equal(t, fault.Schedule{From: 3, Next: 1}, added[1].Rule.Schedule)
	assert.Equal(t, 1, *added[1].Left)
	answered := make(chan int, 1)
	go func() {
		status, _ := s.user("rules", "GET", state, "")
		answered <- status
	}()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		holding, err := one.Fault(s.ctx, added[2].ID)
		assert.NoError(c, err)
		assert.Equal(c, 1, holding.Held)
	}, patience, time.Millisecond)
	released, err := one.ReleaseFaults(s.ctx, "state")
	require.NoError(t, err)
	assert.Equal(t, api.Released{Released: 1, Removed: []string{added[2].ID}}, released, "what it holds is of that operation")
	assert.Equal(t, http.StatusOK, <-answered)
	status, _ := s.user("rules", "GET", state, "")
	assert.Equal(t, http.StatusTooManyRequests, status)
	response, err := http.Get(s.wire + "/@rules" + state)
	require.NoError(t, err)
	_, err = io.ReadAll(response.Body)
	require.Error(t, err, "the body breaks off")
	require.NoError(t, response.Body.Close())
	status, _ = s.user("rules", "GET", state, "")
	assert.Equal(t, http.StatusOK, status)
	list, err := one.Faults(s.ctx)
	require.NoError(t, err)
	assert.Empty(t, list.Faults, "the one was for one request alone, the other is spent")
	page, err := one.Journal(s.ctx, client.JournalQuery{Match: `name == "fault.played"`})
	require.NoError(t, err)
	assert.Len(t, page.Entries, 3)
	for want, wrong := range map[string]fault.Rule{
		"rules[0].fault.kind: expected one of accept, status": {Fault: fault.Fault{Kind: "melt"}},
		"[0].fault.bytes: must be a number from 1":            {Fault: fault.Fault{Kind: fault.Truncate}},
		"rules[0].scope.on: expected one of preflight":        {Fault: fault.Fault{Kind: fault.Delay, For: 1}, Scope: fault.Scope{On: "dusk"}},
		"[0].scope.connection: is known on":                   {Fault: fault.Fault{Kind: fault.NoCORS}, Scope: fault.Scope{Connection: 1}},
	} {
		_, err = one.AddRules(s.ctx, wrong)
		assert.Contains(t, problem(t, err, http.StatusBadRequest, "").Detail, want)
	}
}

// rulesArePlayedOnSockets adds a rule for every fault of sockets, as they are written in the document, and looks at some of them from a client.
func (s *stage) rulesArePlayedOnSockets() {
	t := s.t
	one := s.take(api.NewTenant{Name: "sockets"})
	s.begin("sockets", idOne, `{}`)
	out, in := fault.Scope{Frame: "message", Direction: fault.Out}, fault.Scope{On: fault.Frame, Direction: fault.In, Connection: 1}
	added, err := one.AddRules(s.ctx,
		fault.Rule{Fault: fault.Fault{Kind: fault.Drop}, Schedule: fault.Schedule{Only: 1}, Scope: out},
		fault.Rule{Fault: fault.Fault{Kind: fault.Duplicate}, Schedule: fault.Schedule{Only: 2}, Scope: out},
		fault.Rule{Fault: fault.Fault{Kind: fault.Reorder}, Schedule: fault.Schedule{Only: 3}, Scope: out},
		fault.Rule{Fault: fault.Fault{Kind: fault.Corrupt, How: fault.HowUTF8}, Schedule: fault.Schedule{Only: 5}, Scope: out},
		fault.Rule{Fault: fault.Fault{Kind: fault.Oversize, Bytes: 5000}, Schedule: fault.Schedule{Only: 6}, Scope: out},
		fault.Rule{Fault: fault.Fault{Kind: fault.Binary}, Schedule: fault.Schedule{Only: 7}, Scope: out},
		fault.Rule{Fault: fault.Fault{Kind: fault.Close, Code: 4001, Reason: "enough"}, Scope: in},
		fault.Rule{Fault: fault.Fault{Kind: fault.NoPong}},
		fault.Rule{Fault: fault.Fault{Kind: fault.Silence}, Scope: fault.Scope{On: fault.Open, Connection: 2}},
		fault.Rule{Fault: fault.Fault{Kind: fault.Reset}, Scope: fault.Scope{On: fault.Open, Connection: 3}},
		fault.Rule{Fault: fault.Fault{Kind: fault.Delay, For: time.Hour}, Scope: fault.Scope{Frame: "message", Connection: 4}},
	)
	require.NoError(t, err)
	require.Len(t, added, 11)
	dial := func() *websocket.Conn {
		conn, _, err := websocket.DefaultDialer.DialContext(s.ctx, strings.Replace(s.wire, "http", "ws", 1)+"/@sockets/v1/conversations/"+idOne+"/events", nil)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		return conn
	}
	conn := dial()
	_, _, err = conn.ReadMessage()
	require.NoError(t, err)
	for i := range 7 {
		_, err := one.Notice(s.ctx, idOne, api.NoticeAct{Text: strconv.Itoa(i + 1)})
		require.NoError(t, err)
	}
	var seen []string
	for range 7 {
		kind, raw, err := conn.ReadMessage()
		require.NoError(t, err)
		text := regexp.MustCompile(`"text":"(.)"`).FindSubmatch(raw)
		switch {
		case text == nil:
			seen = append(seen, "broken")
		case kind == websocket.BinaryMessage:
			seen = append(seen, "binary "+string(text[1]))
		case len(raw) == 5000:
			seen = append(seen, "large "+string(text[1]))
		default:
			seen = append(seen, string(text[1]))
		}
	}
	assert.Equal(t, []string{"2", "2", "4", "3", "broken", "large 6", "binary 7"}, seen)
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"typing","typing":true}`)))
	_, _, err = conn.ReadMessage()
	assert.True(t, websocket.IsCloseError(err, 4001), "%v", err)
	list, err := one.Faults(s.ctx)
	require.NoError(t, err)
	assert.Len(t, list.Faults, 5, "what is for one frame alone is over")
	page, err := one.Journal(s.ctx, client.JournalQuery{Match: `name == "fault.played"`})
	require.NoError(t, err)
	assert.Len(t, page.Entries, 7)
	_, err = one.AddRules(s.ctx, fault.Rule{Fault: fault.Fault{Kind: fault.Drop}, Scope: fault.Scope{Operation: "message"}})
	problem(t, err, http.StatusBadRequest, "[0].scope.operation: is known on")
}

// chanceIsReplayed has two tenants meet the same client, by the same seed and by another.
func (s *stage) chanceIsReplayed() {
	t := s.t
	chaos := fault.ChaosOptions{Share: 0.5, Faults: []fault.Weighted{
		{Fault: fault.Fault{Kind: fault.Status, Status: 503}, Weight: 2}, {Fault: fault.Fault{Kind: fault.ResetAfter}, Weight: 1}, {Fault: fault.Fault{Kind: fault.Drop}, Weight: 1},
	}}
	meets := func(name string, o fault.ChaosOptions) (seed uint64, played []string) {
		one := s.take(api.NewTenant{Name: name, Chaos: &o})
		now, err := one.Chaos(s.ctx)
		require.NoError(t, err)
		require.True(t, now.On)
		assert.Contains(t, now.Says, "chaos with seed "+strconv.FormatUint(now.Options.Seed, 10))
		for range 40 {
			r, err := http.NewRequestWithContext(s.ctx, http.MethodPut, s.wire+"/@"+name+"/v1/conversations/"+idOne, strings.NewReader("{}"))
			require.NoError(t, err)
			if response, err := http.DefaultClient.Do(r); err == nil {
				require.NoError(t, response.Body.Close())
			}
		}
		page, err := one.Journal(s.ctx, client.JournalQuery{Match: `name == "fault.played"`})
		require.NoError(t, err)
		for _, e := range page.Entries {
			played = append(played, e.Note)
		}
		after, err := one.Chaos(s.ctx)
		require.NoError(t, err)
		assert.Equal(t, len(played), after.Played)
		return now.Options.Seed, played
	}
	seed, first := meets("chance-1", chaos)
	require.NotEmpty(t, first)
	chaos.Seed = seed
	_, again := meets("chance-2", chaos)
	assert.Equal(t, first, again, "the seed that was told brings the same faults")
	chaos.Seed = seed + 1
	_, other := meets("chance-3", chaos)
	assert.NotEqual(t, first, other)

	one := s.client.Tenant("chance-1")
	_, err := one.Reset(s.ctx)
	require.NoError(t, err)
	now, err := one.Chaos(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, seed, now.Options.Seed, "as it was created")
	chaos.Seed = 7
	now, err = one.StartChaos(s.ctx, chaos)
	require.NoError(t, err)
	assert.Equal(t, uint64(7), now.Options.Seed)
	require.NoError(t, one.StopChaos(s.ctx))
	problem(t, one.StopChaos(s.ctx), http.StatusNotFound, "nothing is left to chance")
	now, err = one.Chaos(s.ctx)
	require.NoError(t, err)
	assert.Equal(t, api.Chaos{Says: "nothing is left to chance"}, now)
	for want, wrong := range map[string]fault.ChaosOptions{
		"share: ": {Share: 2, Faults: chaos.Faults},
		`faults[0].fault.kind: "hold" waits for a release`: {Share: 1, Faults: []fault.Weighted{{Fault: fault.Fault{Kind: fault.Hold}, Weight: 1}}},
		"scope.route: the wire native has no route":        {Share: 1, Faults: chaos.Faults[:1], Scope: fault.Scope{Route: "GET /nowhere"}},
	} {
		_, err = one.StartChaos(s.ctx, wrong)
		problem(t, err, http.StatusBadRequest, want)
	}
}
