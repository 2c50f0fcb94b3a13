package driver_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/fault"
)

// TestTheMockDeskKeepsTheContract tries everything that the mock desk claims, which is all there is, and holds each request and answer against the document.
func TestTheMockDeskKeepsTheContract(t *testing.T) {
	s := open(t, time.Minute)
	can, err := s.client.Capabilities(t.Context())
	require.NoError(t, err)
	assert.Equal(t, driver.Reads(), can.Reads)
	outcomes := map[string]driver.Outcome{}
	require.NoError(t, s.client.Check(t.Context(), can, func(f driver.Finding) {
		assert.NotEqual(t, driver.Fails, f.Outcome, "%s: %s", f.What, f.Detail)
		assert.NotContains(t, outcomes, f.What, "each is told of once")
		outcomes[f.What] = f.Outcome
	}))
	for _, verb := range driver.Verbs() {
		for _, variant := range slices.Concat(driver.Variants(verb), []string{""})[:max(1, len(driver.Variants(verb)))] {
			name := driver.Act{Verb: verb, Variant: variant}.String()
			if verb != driver.FileResult && name != "askScreenShare(stop)" {
				assert.Equal(t, driver.Works, outcomes[name], name)
			}
		}
	}
	for _, r := range driver.Reads() {
		assert.Contains(t, outcomes, "read "+string(r))
	}
	doc, err := document()
	require.NoError(t, err)
	s.seen.mu.Lock() // A question whose answer nobody waits for any more may still be on its way.
	defer s.seen.mu.Unlock()
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			assert.True(t, s.seen.operations[op.OperationID], "%s was never tried", op.OperationID)
		}
	}
}

// TestTheDocumentAndTheGuideNameWhatThereIs holds the words of both against the code's.
func TestTheDocumentAndTheGuideNameWhatThereIs(t *testing.T) {
	doc, err := document()
	require.NoError(t, err)
	capabilities := doc.Components.Schemas["Capabilities"].Value
	reads := capabilities.Properties["reads"].Value.Items.Value.Enum
	for _, r := range driver.Reads() {
		assert.Contains(t, reads, string(r))
		assert.Contains(t, string(driver.Guide()), "`"+string(r)+"`")
	}
	assert.Len(t, reads, len(driver.Reads()))
	for _, verb := range driver.Verbs() {
		assert.Contains(t, string(driver.Document()), string(verb))
		row := regexp.MustCompile("(?m)^.*`" + string(verb) + "`.*$").FindString(string(driver.Guide()))
		assert.NotEmpty(t, row, verb)
		for _, variant := range driver.Variants(verb) {
			assert.Contains(t, string(driver.Guide()), "`"+variant+"`", "%s(%s)", verb, variant)
		}
	}
	_, found, _ := strings.Cut(string(driver.Document()), "propertyNames:\n            enum: [")
	named, _, _ := strings.Cut(found, "]")
	var verbs []string
	for _, verb := range driver.Verbs() {
		verbs = append(verbs, string(verb))
	}
	assert.ElementsMatch(t, verbs, strings.Split(named, ", "))
}

// TestActsAreSeenWhenTheyAreDone wants a state that shows an act when the act has come back, over HTTP as within the process.
func TestActsAreSeenWhenTheyAreDone(t *testing.T) {
	desk, err := mockdesk.Open(mockdesk.Options{})
	require.NoError(t, err)
	mock := driver.NewMock(desk, nil)
	t.Cleanup(func() { assert.NoError(t, mock.Close()) })
	for name, d := range map[string]driver.Desk{"in this process": mock, "over HTTP": open(t, time.Minute).begin()} {
		t.Run(name, func(t *testing.T) {
			id := session(t, d)
			now := func() driver.Session { return d.State().Sessions[0] }
			assert.Equal(t, []driver.Line{{Cursor: 1, Role: "user", Text: "Hello?"}}, now().Transcript)
			do(t, d, driver.Act{Verb: driver.AgentAccept, Session: id, Agent: ann()})
			assert.Equal(t, mockdesk.Active, now().State)
			assert.Equal(t, []driver.Agent{*ann()}, now().Agents)
			do(t, d, driver.Act{Verb: driver.AgentSay, Variant: "text", Session: id, Agent: ann(), Text: "Hi!"})
			assert.Equal(t, driver.Line{Cursor: 3, Role: "agent", Name: "Ann", Text: "Hi!"}, now().Transcript[1])
			do(t, d, driver.Act{Verb: driver.AgentLeave, Session: id, Agent: ann()})
			assert.Empty(t, now().Agents)
			rules := driver.Rules{Allowed: true, MaxBytes: 5}
			do(t, d, driver.Act{Verb: driver.FileRules, Variant: "set", Rules: &rules})
			assert.Equal(t, &rules, d.State().Rules)
			do(t, d, driver.Act{Verb: driver.DeskClose, Session: id})
			assert.Equal(t, mockdesk.Ended, now().State)

			_, err := d.Do(t.Context(), driver.Act{Verb: driver.AgentSay, Variant: "text", Session: id, Agent: ann(), Text: "Too late"})
			of := wrong(t, err, driver.Refused)
			assert.Equal(t, "agentSay(text)", of.What)
			_, err = d.Do(t.Context(), driver.Act{Verb: "dance", Session: id})
			assert.Equal(t, "driver verb missing: dance", wrong(t, err, driver.Cannot).Error())
			_, err = d.Do(t.Context(), driver.Act{Verb: driver.AgentSay, Variant: "loudly", Session: id, Agent: ann()})
			wrong(t, err, driver.Cannot)
			require.NoError(t, d.Err(), "a refusal breaks nothing")
		})
	}
}

// wrong wants an error of a kind.
func wrong(t *testing.T, err error, kind driver.Kind) *driver.Error {
	t.Helper()
	var of *driver.Error
	require.ErrorAs(t, err, &of)
	require.Equal(t, kind, of.Kind, "%v", err)
	return of
}

// TestRequestsAreAnsweredInTurn wants answers that are set for some requests to hold for those alone, the newest first.
func TestRequestsAreAnsweredInTurn(t *testing.T) {
	desk, err := mockdesk.Open(mockdesk.Options{})
	require.NoError(t, err)
	mock := driver.NewMock(desk, nil)
	t.Cleanup(func() { assert.NoError(t, mock.Close()) })
	do(t, mock, driver.Act{Verb: driver.AnswerQuery, Variant: driver.AnswerRefuse, Status: 503})
	do(t, mock, driver.Act{Verb: driver.AnswerQuery, Variant: driver.AnswerRefuse, Status: 500, After: 1, Times: 2})
	var statuses []int
	for range 5 {
		response, err := http.Get(desk.URL() + "/v1/availability")
		require.NoError(t, err)
		response.Body.Close()
		statuses = append(statuses, response.StatusCode)
	}
	assert.Equal(t, []int{200, 500, 500, 503, 503}, statuses)
	assert.Len(t, mock.State().Queries, 5)
	for _, act := range []driver.Act{
		{Verb: driver.AnswerQuery, Variant: driver.AnswerRefuse}, {Verb: driver.AnswerQuery, Variant: driver.AnswerRefuse, Status: 200},
		{Verb: driver.AnswerQuery, Variant: driver.AnswerCut, After: 1}, {Verb: driver.AnswerQuery, Variant: driver.AnswerCut, Times: -1}, {Verb: driver.AnswerQuery, Variant: driver.AnswerCut, Times: 1 << 40},
		{Verb: driver.AgentAccept, Session: "nobody", Agent: ann()}, {Verb: driver.FileRules, Variant: "set"},
	} {
		_, err := mock.Do(t.Context(), act)
		wrong(t, err, driver.Refused)
	}
}

// TestAStateIsToldWhenThereIsNews wants a request that waits to be woken by what happens, and otherwise to last as long as it was to.
func TestAStateIsToldWhenThereIsNews(t *testing.T) {
	s := open(t, time.Minute)
	d := s.begin()
	changes := make(chan driver.State, 100)
	d.Listen(func(now driver.State) { changes <- now })
	first := <-changes
	assert.Empty(t, first.Sessions)
	// Nobody has acted through this driver: the integration has.
	response, err := http.DefaultClient.Do(request(t, http.MethodPut, d.Place().URL+"/v1/conversations/0123456789abcdef"))
	require.NoError(t, err)
	response.Body.Close()
	select {
	case now := <-changes:
		require.Len(t, now.Sessions, 1)
		assert.Greater(t, now.Revision, first.Revision)
	case <-time.After(5 * time.Second):
		t.Fatal("nothing was told")
	}
}

func request(t *testing.T, method, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	return r
}

// TestScenariosDoNotHearOfEachOther wants each to have a desk of its own, and to be gone when it has ended.
func TestScenariosDoNotHearOfEachOther(t *testing.T) {
	s := open(t, time.Minute)
	one, other := s.begin(), s.begin()
	id := session(t, one)
	assert.Empty(t, other.State().Sessions)
	_, err := other.Do(t.Context(), driver.Act{Verb: driver.AgentAccept, Session: id, Agent: ann()})
	wrong(t, err, driver.Refused)
	place := one.Place().URL
	require.NoError(t, one.Close())
	require.NoError(t, one.Close(), "once is enough")
	_, err = http.DefaultClient.Do(request(t, http.MethodGet, place+"/v1/availability"))
	require.Error(t, err, "its desk is closed")
	require.NoError(t, other.Err())
}

// TestAForgottenScenarioEnds wants one that nobody asks after to be ended, and whoever comes back to be told.
func TestAForgottenScenarioEnds(t *testing.T) {
	s := open(t, time.Nanosecond)
	status, body := s.raw(http.MethodPost, "/scenarios", `{"name": "forgotten"}`)
	require.Equal(t, http.StatusCreated, status, body)
	id := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(body)[1]
	require.Eventually(t, func() bool {
		status, body = s.raw(http.MethodDelete, "/scenarios/"+id, "")
		return status == http.StatusNotFound
	}, 5*time.Second, time.Millisecond)
	assert.Contains(t, body, "urn:deskcheck:driver:unknown")
}

// TestTheServerSaysWhatIsWrong wants mistakes to be named, and a server that ends to let go of everybody who waits.
func TestTheServerSaysWhatIsWrong(t *testing.T) {
	s := open(t, time.Minute)
	d := s.begin()
	_, body := s.raw(http.MethodPost, "/scenarios", `{"name": "raw"}`)
	id := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(body)[1]
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/scenarios", `{"nam": "x"}`, 400, `unknown field \"nam\"`},
		{"POST", "/scenarios", `[`, 400, "not as the contract says"},
		{"GET", "/scenarios/" + id + "/state?after=x", "", 400, `after: expected a whole number, found \"x\"`},
		{"GET", "/scenarios/" + id + "/state?wait=99", "", 400, "wait: expected 0 to 30 seconds, found 99"},
		{"GET", "/scenarios/" + id + "/traffic?wait=-1", "", 400, "wait: expected"},
		{"POST", "/scenarios/" + id + "/acts/passTime", `{"ms": -1}`, 400, "ms: expected 0 or more"},
		{"POST", "/scenarios/" + id + "/acts/agentAccept", `{"session": 4}`, 400, "session"},
		{"POST", "/scenarios/" + id + "/acts/dance", `{}`, 501, "driver:cannot"},
		{"POST", "/scenarios/nobody/acts/agentAccept", `{}`, 404, `no scenario \"nobody\"`},
		{"GET", "/else", "", 404, "deskcheck driver print"},
	} {
		status, body := s.raw(c.method, c.path, c.body)
		assert.Equal(t, c.status, status, "%s %s: %s", c.method, c.path, body)
		assert.Contains(t, body, c.says)
	}
	s.server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for d.Err() == nil && ctx.Err() == nil {
		_, _ = d.Do(ctx, driver.Act{Verb: driver.LinkRestore})
	}
	require.Error(t, d.Err(), "whoever follows a scenario is told that it is gone")
	status, body := s.raw(http.MethodPost, "/scenarios", `{"name": "late"}`)
	assert.Equal(t, http.StatusConflict, status, body)
}

func TestFaultsArePlayedByRule(t *testing.T) {
	s := open(t, time.Minute)
	d := s.begin()
	on := func(kind fault.Kind, operation string) fault.Rule {
		return fault.Rule{Fault: fault.Fault{Kind: kind}, Scope: fault.Scope{Operation: operation}}
	}
	_, err := d.Do(t.Context(), driver.Act{Verb: driver.PlayFaults, Variant: "rules", Faults: []fault.Rule{on(fault.Reset, "acknowledge")}})
	assert.Contains(t, wrong(t, err, driver.Refused).Reason(), "acknowledge", "the native wire has no such frame")

	held := do(t, d, driver.Act{Verb: driver.PlayFaults, Variant: "rules", Faults: []fault.Rule{on(fault.Reset, "acknowledge"), on(fault.HoldReply, "availability")}})
	require.Len(t, held.Faults, 1, "what can never be played is left out")
	answered := make(chan int, 1)
	question := request(t, http.MethodGet, d.Place().URL+"/v1/availability")
	go func() {
		response, err := http.DefaultClient.Do(question)
		if !assert.NoError(t, err) {
			answered <- 0
			return
		}
		assert.NoError(t, response.Body.Close())
		answered <- response.StatusCode
	}()
	require.Eventually(t, func() bool {
		return slices.Equal(d.State().Faults, []driver.Fault{{ID: held.Faults[0], Played: 1}})
	}, time.Minute, 10*time.Millisecond)
	do(t, d, driver.Act{Verb: driver.AnswerQuery, Variant: driver.AnswerRelease})
	assert.Equal(t, http.StatusOK, <-answered, "what is held by a rule is let go by its operation")
	assert.Empty(t, d.State().Faults)

	do(t, d, driver.Act{Verb: driver.PlayFaults, Variant: "rules", Faults: []fault.Rule{on(fault.Reset, "message"), on(fault.Hang, "end")}})
	assert.Len(t, d.State().Faults, 2)
	do(t, d, driver.Act{Verb: driver.PlayFaults, Variant: "clear"})
	assert.Empty(t, d.State().Faults)
}
