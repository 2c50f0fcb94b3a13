package aichat

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/wire"
	"deskcheck/steps"
	"deskcheck/steps/vocabulary"
)

func TestASelectionIsASchedule(t *testing.T) {
	for text, want := range map[string]fault.Schedule{
		"the next message":                        {Next: 1},
		"the next 1 message":                      {Next: 1},
		"the next 2 messages":                     {Next: 2},
		"every message":                           {},
		"every 2nd message":                       {Every: 2},
		"every 12th message":                      {Every: 12},
		"the 3rd message":                         {Only: 3},
		"the 21st message":                        {Only: 21},
		"every message from the 113th on":         {From: 113},
		"every 2nd message from the 3rd on":       {From: 3, Every: 2},
		"the next 2 messages from the 4th on":     {From: 4, Next: 2},
		"the next 999999999 availability queries": {Next: 999999999},
	} {
		s, err := readSelection(text, "")
		require.NoError(t, err, text)
		assert.Equal(t, want, s.schedule, text)
		assert.Zero(t, s.conversation)
	}
	for limits, want := range map[string]selection{
		"":                                 {},
		"for 30 seconds":                   {schedule: fault.Schedule{For: 30 * time.Second}},
		"in conversation 2":                {conversation: 2},
		"for 1 seconds, in conversation 2": {schedule: fault.Schedule{For: time.Second}, conversation: 2},
	} {
		s, err := readSelection("every message", limits)
		require.NoError(t, err, limits)
		assert.Equal(t, want.schedule, s.schedule, limits)
		assert.Equal(t, want.conversation, s.conversation, limits)
	}
}

func TestASelectionIsAScope(t *testing.T) {
	for text, want := range map[string]fault.Scope{
		"every message":                                 {Operation: "message"},
		"every new conversation":                        {Operation: "start"},
		"the next 2 availability queries":               {Operation: "availability"},
		"every request for events":                      {Operation: "events"},
		"every frame to the integration":                {On: fault.Frame, Direction: fault.Out},
		`every "agent.joined" frame to the integration`: {On: fault.Frame, Direction: fault.Out, Frame: "agent.joined"},
		`the next "typing" frame from the integration`:  {On: fault.Frame, Direction: fault.In, Frame: "typing"},
	} {
		s, err := readSelection(text, "")
		require.NoError(t, err, text)
		kind := fault.Accept
		rules, err := s.rules(fault.Fault{Kind: kind})
		require.NoError(t, err, text)
		require.Len(t, rules, 1, text)
		assert.Equal(t, want, rules[0].Scope, text)
	}

	s, err := readSelection("every new socket", "")
	require.NoError(t, err)
	for kind, on := range map[fault.Kind]fault.Moment{fault.Silence: fault.Open, fault.Reset: fault.Open, fault.Hang: fault.Upgrade} {
		rules, err := s.rules(fault.Fault{Kind: kind})
		require.NoError(t, err)
		assert.Equal(t, []fault.Rule{{Fault: fault.Fault{Kind: kind}, Scope: fault.Scope{On: on}}}, rules, "as soon as the fault can be played")
	}

	s, err = readSelection("every request", "for 5 seconds")
	require.NoError(t, err)
	rules, err := s.rules(fault.Fault{Kind: fault.Reset})
	require.NoError(t, err)
	require.Len(t, rules, len(requested), "one for each of them, so that no frame is meant")
	for i, op := range requested {
		assert.Equal(t, fault.Rule{Fault: fault.Fault{Kind: fault.Reset}, Schedule: fault.Schedule{For: 5 * time.Second}, Scope: fault.Scope{Operation: string(op)}}, rules[i])
	}
}

func TestASentenceSaysTheFaultAndItsParameters(t *testing.T) {
	for text, want := range map[string]fault.Fault{
		"the desk answers every message with status 503":                                    {Kind: fault.Status, Status: 503, Title: refusedBy},
		`the desk answers every message with status 200 and the page "<b>\"yes\"</b>"`:      {Kind: fault.Body, Status: 200, ContentType: "text/html", Text: `<b>\"yes\"</b>`},
		"the desk answers every message with status 429 and Retry-After 2":                  {Kind: fault.TooMany, For: 2 * time.Second},
		`the desk redirects every message to "https://elsewhere.test/in"`:                   {Kind: fault.Redirect, Location: "https://elsewhere.test/in"},
		"the desk holds every message":                                                      {Kind: fault.Hold},
		"the desk holds its reply to every message":                                         {Kind: fault.HoldReply},
		"the desk delays every message by 3 seconds":                                        {Kind: fault.Delay, For: 3 * time.Second},
		"the desk never answers every message":                                              {Kind: fault.Hang},
		"the desk cuts off every message":                                                   {Kind: fault.Reset},
		"the desk loses its reply to every message":                                         {Kind: fault.ResetAfter},
		"the desk cuts off its reply to every message after 7 bytes":                        {Kind: fault.Truncate, Bytes: 7},
		"the desk garbles its reply to every message":                                       {Kind: fault.Malformed},
		`the desk gives its reply to every message the type "text/html"`:                    {Kind: fault.ContentType, ContentType: "text/html"},
		"the desk keeps its reply to every message from the page":                           {Kind: fault.NoCORS},
		"the desk sends its reply to every message at 10 bytes a second":                    {Kind: fault.SlowDownload, Rate: 10},
		"the desk reads every upload at 1 byte a second":                                    {Kind: fault.SlowUpload, Rate: 1},
		"the desk closes the socket with code 1013 at every new socket":                     {Kind: fault.Close, Code: 1013},
		"the desk falls silent at the next frame to the integration":                        {Kind: fault.Silence},
		"the desk loses every frame to the integration":                                     {Kind: fault.Drop},
		"the desk doubles every frame to the integration":                                   {Kind: fault.Duplicate},
		"the desk sends every frame to the integration after the one behind it":             {Kind: fault.Reorder},
		"the desk spoils the utf-8 of every frame to the integration":                       {Kind: fault.Corrupt, How: fault.HowUTF8},
		"the desk blows up every frame to the integration to 100000 bytes":                  {Kind: fault.Oversize, Bytes: 100000},
		"the desk sends every frame to the integration as binary":                           {Kind: fault.Binary},
		"the desk doubles every frame to the integration, for 5 seconds, in conversation 1": {Kind: fault.Duplicate},
	} {
		desk, p := deskWithConversation(t)
		hear(t, p, text)
		standing := desk.Faults().List()
		require.Len(t, standing, 1, text)
		assert.Equal(t, want, standing[0].Rule.Fault, text)
		assert.Contains(t, text, p.faults[0].on.text)
	}
}

func TestAFaultMayBeForOneConversation(t *testing.T) {
	desk, p := deskWithConversation(t)
	hear(t, p, "the desk cuts off every message, in conversation 1")
	assert.Equal(t, fault.Scope{Operation: "message", Conversation: conversationID}, desk.Faults().List()[0].Rule.Scope)
}

func TestWhatMakesNoSenseIsToldBeforeItIsPlayed(t *testing.T) {
	for text, want := range map[string]string{
		"the desk answers the next message with status 200":                     "fault.status: must be a status from 400 to 599, not 200",
		"the desk answers every 2rd message with status 503":                    `"2rd" is no place; places are 1st, 2nd, 3rd, 4th and so on`,
		"the desk cuts off the 11st message":                                    `"11st" is no place`,
		"the desk cuts off the 0th message":                                     `"0th" is no place`,
		"the desk cuts off every message from the 2th on":                       `"2th" is no place`,
		"the desk answers the next 2 message with status 503":                   `"the next 2 message" is not how it is counted; say "the next message" or "the next 2 messages"`,
		"the desk cuts off every messages":                                      `say "the next message" or "the next 2 messages"`,
		"the desk cuts off the next 0 messages":                                 `faults are not played on a "0 messages", but on "message", "request", "new conversation"`,
		"the desk answers the next banana with status 503":                      `faults are not played on a "banana"`,
		"the desk delays every message by 0 seconds":                            "fault.for: must be a time above zero",
		"the desk doubles every message":                                        `that is not played on "message", but on "frame to the integration", "frame from the integration"`,
		"the desk closes the socket with code 1000 at the next ending":          `that is not played on "ending", but on "new socket", "frame to the integration", "frame from the integration"`,
		"the desk redirects every frame to the integration to \"/\"":            `that is not played on "frame to the integration", but on "message"`,
		"the desk closes the socket with code 70000 at every new socket":        "fault.code: must be a close code from 1 to 65535, not 70000",
		"the desk cuts off the next request":                                    `"the next request" counts requests of any kind`,
		"the desk cuts off the 2nd message from the 2nd on":                     "schedule.only: names one arrival",
		"the desk cuts off every message, for ever":                             `"for ever" is no limit; say it as in "for 30 seconds", "in conversation 2" or both in this order`,
		"the desk cuts off every message, in conversation 1, for 3 seconds":     "is no limit",
		"the desk cuts off every message, for 0 seconds":                        "is no limit",
		`the desk cuts off every "message" upload`:                              `only frames have a type, as in every "message" frame to the integration; "upload" has none`,
		"the desk gives its reply to every message the type \"no type at all\"": "fault.contentType: must be a media type",
	} {
		scenario := steps.Scenario{File: "mine/faults.feature", Steps: []steps.Step{{Text: text, Line: 7}}}
		problems := vocabulary.Unfit([]steps.Scenario{scenario}, Sentences(nil))
		require.Len(t, problems, 1, text)
		assert.Contains(t, problems[0], "mine/faults.feature:7: ‘"+text+"’: ")
		assert.Contains(t, problems[0], want)
	}
}

// Whatever the sentence says, what can never come on a wire is no fault of anybody's.
func TestWhatCannotComeOnAWireIsNotApplicable(t *testing.T) {
	for text, wires := range map[string][]string{
		"the desk cuts off every message":                                  {"native", "socket", "polling", "longpoll"},
		"the desk redirects every message to \"/\"":                        {"native", "polling", "longpoll"},
		"the desk doubles every frame to the integration":                  {"native", "socket"},
		"the desk falls silent at every new socket":                        {"native", "socket"},
		"the desk cuts off every question about the conversation":          {"native"},
		"the desk never answers every request for events":                  {"native", "socket", "polling", "longpoll"},
		"the desk redirects every request to \"/\"":                        {"native", "socket", "polling", "longpoll"},
		"the desk reads every upload at 5 bytes a second":                  {"native"},
		"the desk answers every new socket with status 503":                {"native", "socket"},
		"the desk answers every availability query with status 503":        {"native", "socket", "polling", "longpoll"},
		"the desk keeps its reply to every new conversation from the page": {"native", "polling", "longpoll"},
	} {
		for _, name := range []string{"native", "socket", "polling", "longpoll"} {
			spoken := wire.Native()
			if name != "native" {
				var err error
				spoken, err = wire.Load("../../fixtures/integrations/samples/wires/" + name + "/" + name + ".wire.yaml")
				require.NoError(t, err)
			}
			p := playerAt(t, mockdesk.Options{Wire: spoken})
			sentence, groups := fitting(t, text)
			err := say(p, sentence, groups)
			if slices.Contains(wires, name) {
				require.NoError(t, err, "%s on %s", text, name)
				assert.NotEmpty(t, mock(t, p).Faults().List())
				continue
			}
			var none *steps.NotApplicable
			require.ErrorAs(t, err, &none, "%s on %s", text, name)
			assert.Regexp(t, "^no such fault can be played on “every .*”: .* the wire "+name+" has n", none.Why)
			assert.Empty(t, mock(t, p).Faults().List())
		}
	}
}

func TestAScenarioWhoseFaultWasNotPlayedTellsNothing(t *testing.T) {
	p := playerAt(t, mockdesk.Options{})
	require.NoError(t, p.tried(nil), "it asked for none")
	for _, text := range []string{"the desk answers every availability query with status 503", "the desk cuts off every request"} {
		hear(t, p, text)
	}
	var none *steps.NotApplicable
	require.ErrorAs(t, p.tried(nil), &none)
	assert.Equal(t, `nothing came on which the fault on “every availability query” could be played`, none.Why)
	failure := &steps.Failure{Expected: "a", Recorded: "b"}
	require.Equal(t, failure, p.tried(failure), "it should have asked")

	ask(t, p, http.MethodPut, "/v1/conversations/"+conversationID)
	require.ErrorAs(t, p.tried(nil), &none, "one of the requests is enough for a fault on all, and the other fault is still to come")
	assert.Contains(t, none.Why, "every availability query")
	hear(t, p, "the desk answers every availability query with status 500")
	ask(t, p, http.MethodGet, "/v1/availability")
	require.ErrorAs(t, p.tried(nil), &none, "what is said later comes first and hides the one before")
	p.faults = p.faults[1:]
	require.NoError(t, p.tried(nil))

	hear(t, p, "the desk doubles every frame to the integration")
	for _, came := range []error{nil, failure} {
		require.ErrorAs(t, p.tried(came), &none, "nobody need have a socket")
		assert.Contains(t, none.Why, "“every frame to the integration”")
	}
	broken := &steps.HarnessError{Doing: "look", Err: errors.New("no")}
	require.Equal(t, broken, p.tried(broken), "what the kit could not do is told")
}

const conversationID = "conversation-0001"

// playerAt is a player who has nothing but a desk.
func playerAt(t *testing.T, o mockdesk.Options) *Player {
	t.Helper()
	desk, err := steps.OpenMock(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, desk.Close()) })
	return &Player{World: &steps.World{Desk: desk}, stage: &Stage{}}
}

// deskWithConversation is a player at a desk that has a conversation.
func deskWithConversation(t *testing.T) (*mockdesk.Desk, *Player) {
	t.Helper()
	p := playerAt(t, mockdesk.Options{})
	ask(t, p, http.MethodPut, "/v1/conversations/"+conversationID)
	require.Len(t, p.Desk.Conversations(), 1)
	return mock(t, p), p
}

// mock is the desk of the player.
func mock(t *testing.T, p *Player) *mockdesk.Desk {
	t.Helper()
	played, is := p.Desk.Desk.(*driver.Mock)
	require.True(t, is)
	return played.Mocked()
}

// ask makes a request to the desk, whatever becomes of it.
func ask(t *testing.T, p *Player, method, path string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, mock(t, p).URL()+path, strings.NewReader("{}"))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	if response, err := http.DefaultClient.Do(request); err == nil {
		require.NoError(t, response.Body.Close())
	}
}

// hear has the player carry out a sentence.
func hear(t *testing.T, p *Player, text string) {
	t.Helper()
	sentence, groups := fitting(t, text)
	require.NoError(t, sentence.check(groups), text)
	require.NoError(t, say(p, sentence, groups), text)
}

// fitting is the definition that a sentence fits, with what its groups find.
func fitting(t *testing.T, text string) (definition, []string) {
	t.Helper()
	var found []definition
	for _, d := range definitions {
		if d.expr().MatchString(text) {
			found = append(found, d)
		}
	}
	require.Len(t, found, 1, text)
	return found[0], found[0].expr().FindStringSubmatch(text)[1:]
}

// say carries a sentence out as a scenario does.
func say(p *Player, d definition, groups []string) error {
	given := make([]reflect.Value, len(groups))
	for i, g := range groups {
		given[i] = reflect.ValueOf(g)
	}
	err, _ := reflect.TypeAssert[error](reflect.ValueOf(d.bind(p)).Call(given)[0])
	return err
}
