package agentmanager_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/agentmanager"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// nonsense is what fields are given that should hold something else.
var nonsense = []any{nil, true, 0, -1, 1e300, "", "x", "ünï€😀\u0000", []any{}, object{}, []any{nil}, object{"id": nil}, "READY", "PLAIN", 1772355600000}

// spoil replaces, doubles or drops something somewhere in a payload.
func spoil(r *rapid.T, v any) any {
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) == 0 || rapid.IntRange(0, 9).Draw(r, "here") == 0 {
			break
		}
		key := rapid.SampledFrom(keys).Draw(r, "key")
		v = maps.Clone(v)
		switch rapid.IntRange(0, 5).Draw(r, "how") {
		case 0:
			delete(v, key)
		case 1:
			v["more"] = v[key]
		default:
			v[key] = spoil(r, v[key])
		}
		return v
	case []any:
		if len(v) > 0 && rapid.Bool().Draw(r, "inside") {
			v = slices.Clone(v)
			i := rapid.IntRange(0, len(v)-1).Draw(r, "index")
			v[i] = spoil(r, v[i])
			return v
		}
	}
	return rapid.SampledFrom(nonsense).Draw(r, "nonsense")
}

// TestNothingThatADeskSendsIsTheManagersMistake sends events that were right until something in them was spoilt. Whatever comes of them, what the manager sends is as its schemas
// have it, and a change of state is answered.
func TestNothingThatADeskSendsIsTheManagersMistake(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s, amy, topic, kim := talk(t)
		defer s.Close()
		sue, ben := s.connect("sue"), s.ready("ben")
		asked, err := kim.Say(agentmanager.Plain("Hello?"))
		require.NoError(t, err)
		s.customer("sales")
		for range rapid.IntRange(1, 8).Draw(r, "times") {
			kind := rapid.SampledFrom(agentmanager.BodyTypes()).Draw(r, "type")
			body, err := agentmanager.Sample(kind)
			require.NoError(t, err)
			from := rapid.SampledFrom([]*desk{amy, ben, sue}).Draw(r, "who")
			name := rapid.SampledFrom([]string{"AGENT_MESSAGE", "WHISPER_MESSAGE", "TYPING_INDICATOR", "MESSAGE_DELIVERY_NOTIFICATION", "RESET_AGENT_SLA"}).Draw(r, "name")
			message := from.message(topic, name, body)
			message["data"].(object)["header"].(object)["originalMessageId"] = asked
			room, id := topic["roomInfo"], topic["conversationId"]
			events := map[string]object{
				"changeAgentState":      {"agentId": from.id(), "action": "agentState", "state": object{"name": "NOT_READY", "reasonCode": object{"id": "1", "name": "Lunch"}}},
				"publishCimEvent":       {"cimEvent": message, "agentId": from.id(), "conversationId": id, "roomInfo": room},
				"closeWrapup":           {"cimEvent": message, "agentId": from.id(), "conversationId": id, "roomInfo": room},
				"directTransferRequest": from.request(topic, object{"mode": "queue", "queueName": "support", "note": "x"}),
				"consultRequest":        from.request(topic, object{"mode": "agent", "requestedAgentId": ben.id(), "offerToAgent": true}),
				"pauseConversation":     {"participantId": from.id(), "conversationId": id, "roomInfo": room, "duration": 60, "state": "ON_HOLD"},
				"JoinAsSilentMonitor":   {"topicParticipant": from.participant(id.(string), "SILENT_MONITOR"), "agentId": from.id(), "channelSession": topic["topicData"].(object)["channelSession"]},
				"JoinAsBargin":          {"participantId": from.id(), "conversationId": id, "roomInfo": room},
				"topicUnsubscription":   {"conversationId": id, "agentId": from.id(), "roomInfo": room},
				"topicSubscription":     from.subscription(amy.last("taskRequest")),
			}
			event := rapid.SampledFrom(slices.Sorted(maps.Keys(events))).Draw(r, "event")
			var payload any
			require.NoError(t, json.Unmarshal(must(json.Marshal(events[event])), &payload))
			for range rapid.IntRange(0, 3).Draw(r, "spoils") {
				payload = spoil(r, payload)
			}
			before := len(from.all("agentPresence"))
			from.send(event, payload)
			if event == "changeAgentState" {
				require.Greater(t, len(from.all("agentPresence")), before)
			}
			require.Empty(t, s.Inconsistent())
		}
	})
}

// Each requirement that binds the manager has a test that is named by it: TestAMLogin07… for AM-LOGIN-07.
func TestEveryRequirementOfTheManagerHasItsTest(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var tests []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			if f, isFunc := d.(*ast.FuncDecl); isFunc {
				tests = append(tests, strings.ToUpper(f.Name.Name))
			}
		}
	}
	all, err := fixtures.Requirements(agentmanager.Contract)
	require.NoError(t, err)
	bound := 0
	for _, r := range all {
		if r.BindsSubject() {
			continue
		}
		bound++
		name := "TEST" + strings.ReplaceAll(r.ID, "-", "")
		assert.True(t, slices.ContainsFunc(tests, func(test string) bool { return strings.HasPrefix(test, name) }), "no test is named by %s", r.ID)
	}
	assert.Equal(t, 19, bound)
}
