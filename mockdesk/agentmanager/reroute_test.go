package agentmanager_test

import (
	"testing"
	"time"

	"deskcheck/mockdesk/agentmanager"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATransferTakesTheConversationFromOneAndGivesItToAnother(t *testing.T) {
	s, amy, topic, kim := talk(t)
	ben, cat := s.ready("ben"), s.ready("cat")
	amy.forget()
	amy.send("directTransferRequest", amy.request(topic, object{"mode": "queue", "queueName": "support", "note": "A lamp."}))
	assert.Equal(t, object{"requestAction": "transfer", "mode": "queue"}, amy.last("agentAssistanceRequestPlaced"))
	assert.Equal(t, "CHAT TRANSFERRED", amy.last("topicUnsubscription")["reason"])
	assert.Equal(t, "READY", amy.domainState())

	s.clock.Advance(5 * time.Second)
	assert.Len(t, ben.all("revokeTask"), 1, "RONA in the middle")
	offer := cat.last("taskRequest")
	assert.Equal(t, "DIRECT_TRANSFER", offer["taskDirection"])
	got := cat.take()
	assert.Equal(t, "PRIMARY", got["topicData"].(object)["topicParticipant"].(object)["role"])
	cat.says(got, "Your lamp is here.")
	assert.Len(t, kim.Received(), 1)
	assert.Empty(t, s.violations())

	amy.says(topic, "Still here.")
	assert.Equal(t, []string{"AM-REROUTE-06"}, s.violations())
	assert.Len(t, kim.Received(), 1)
}

func TestAConferenceLeavesTheAgentInIt(t *testing.T) {
	s, amy, topic, kim := talk(t)
	ben := s.ready("ben")
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "agent", "requestedAgentId": ben.id(), "offerToAgent": true}))
	amy.says(topic, "While I wait.")
	got := ben.take()
	amy.says(topic, "Together.")
	ben.says(got, "Hello.")
	assert.Len(t, kim.Received(), 3)
	assert.Len(t, ben.cim("AGENT_MESSAGE"), 2)
	assert.Len(t, got["topicData"].(object)["agentParticipants"], 2)
	subscribed := amy.cim("AGENT_SUBSCRIBED")
	assert.Equal(t, "ben", subscribed[len(subscribed)-1]["data"].(object)["agentParticipant"].(object)["participant"].(object)["keycloakUser"].(object)["username"])
	ben.leave(got)
	assert.Len(t, amy.cim("AGENT_UNSUBSCRIBED"), 1)
	assert.Empty(t, amy.all("topicUnsubscription"))
	assert.Empty(t, s.violations())
}

func TestAConversationHasFourAgentsAtMost(t *testing.T) {
	s, amy, topic, _ := talk(t)
	for _, name := range []string{"dan", "eve"} {
		_, err := s.AddAgent(agentmanager.Account{Username: name, Password: name + "-secret", FirstName: name})
		require.NoError(t, err)
	}
	for _, name := range []string{"ben", "cat", "dan"} {
		d := s.ready(name)
		amy.send("directConferenceRequest", amy.request(topic, object{"mode": "agent", "requestedAgentId": d.id(), "offerToAgent": true}))
		d.take()
	}
	eve := s.ready("eve")
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "agent", "requestedAgentId": eve.id(), "offerToAgent": true}))
	status, msg := amy.failure()
	assert.Equal(t, 409, status)
	assert.Contains(t, msg, "4 agents")
	assert.Empty(t, eve.all("taskRequest"))
	assert.Empty(t, s.violations())
}

func TestARequestToOneAgentEndsWithThatAgent(t *testing.T) {
	s, amy, topic, _ := talk(t)
	ben := s.ready("ben")
	s.ready("cat")
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "agent", "requestedAgentId": ben.id(), "offerToAgent": true}))
	s.clock.Advance(5 * time.Second)
	assert.Len(t, ben.all("taskRequest"), 1)
	gone := amy.cim("NO_AGENT_AVAILABLE")
	require.Len(t, gone, 1)
	assert.Equal(t, "AGENT", gone[0]["data"].(object)["requestType"].(object)["mode"])
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "agent", "requestedAgentId": "nobody", "offerToAgent": true}))
	status, _ := amy.failure()
	assert.Equal(t, 404, status)
}

func TestWhatIsWrongWithARequestIsNamed(t *testing.T) {
	s, amy, topic, _ := talk(t)
	s.customer("sales")
	other := amy.take()
	for name, tt := range map[string]struct {
		event, requirement string
		spoil              func(object)
	}{
		"a queue by its id":       {"directConferenceRequest", "AM-REROUTE-01", func(o object) { delete(o, "queueName"); o["queueId"] = "q" }},
		"no mode":                 {"directTransferRequest", "AM-REROUTE-02", func(o object) { delete(o, "mode") }},
		"an unknown queue":        {"directTransferRequest", "AM-REROUTE-02", func(o object) { o["queueName"] = "garden" }},
		"a conference in none":    {"directConferenceRequest", "AM-REROUTE-01", func(o object) { o["queueName"] = "garden" }},
		"a consult in none":       {"consultRequest", "AM-REROUTE-10", func(o object) { o["queueName"] = "garden" }},
		"a consult of no queue":   {"consultRequest", "AM-REROUTE-10", func(o object) { delete(o, "queueName") }},
		"no agent":                {"directTransferRequest", "AM-REROUTE-04", func(o object) { o["mode"] = "agent" }},
		"another's participant":   {"directTransferRequest", "AM-REROUTE-03", func(o object) { o["agentParticipant"] = amy.participant(topic["conversationId"].(string), "PRIMARY") }},
		"a participant elsewhere": {"directTransferRequest", "AM-REROUTE-03", func(o object) { o["agentParticipant"] = other["topicData"].(object)["topicParticipant"] }},
		"a session elsewhere":     {"directTransferRequest", "AM-REROUTE-03", func(o object) { o["channelSession"] = other["topicData"].(object)["channelSession"] }},
		"no consultation":         {"consultTransferRequest", "AM-REROUTE-10", func(o object) { o["conversationId"] = topic["conversationId"] }},
		"nobody to conference":    {"consultConferenceRequest", "AM-REROUTE-10", func(object) {}},
	} {
		t.Run(name, func(t *testing.T) {
			before, failed := len(s.violations()), len(amy.all("errors"))
			r := amy.request(topic, object{"mode": "queue", "queueName": "support"})
			tt.spoil(r)
			amy.send(tt.event, r)
			assert.Equal(t, []string{tt.requirement}, s.violations()[before:])
			assert.Len(t, amy.all("errors"), failed+1)
			assert.Empty(t, amy.all("topicUnsubscription"))
		})
	}
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "queue", "queueName": "support"}))
	before := len(s.violations())
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "queue", "queueName": "support"}))
	assert.Equal(t, []string{"AM-REROUTE-05"}, s.violations()[before:], "one at a time")
	assert.Len(t, amy.all("agentAssistanceRequestPlaced"), 1)
}

func TestAnAdviserTakesOverOrJoins(t *testing.T) {
	for name, tt := range map[string]struct {
		event string
		check func(t *testing.T, amy, ben *desk, c *agentmanager.Conversation)
	}{
		"takes over": {"consultTransferRequest", func(t *testing.T, amy, ben *desk, c *agentmanager.Conversation) {
			t.Helper()
			done := ben.last("consulTransferRequestSuccess")
			assert.Equal(t, done["task"], done["newTask"])
			assert.Equal(t, ben.id(), done["agentId"])
			media := done["newTask"].(object)["activeMedia"].([]any)[0].(object)
			assert.Equal(t, "CONSULT_TRANSFER", media["type"].(object)["direction"])
			assert.Equal(t, "ACTIVE", media["state"])
			assert.Equal(t, "CHAT TRANSFERRED", amy.last("topicUnsubscription")["reason"])
			assert.Empty(t, c.RoleOf(amy.agent))
			assert.Equal(t, "ACTIVE", ben.domainState())
		}},
		"joins": {"consultConferenceRequest", func(t *testing.T, amy, _ *desk, c *agentmanager.Conversation) {
			t.Helper()
			assert.Empty(t, amy.all("topicUnsubscription"))
			assert.Equal(t, agentmanager.RolePrimary, c.RoleOf(amy.agent))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, amy, topic, kim := talk(t)
			ben := s.ready("ben")
			c := conversationOf(t, s, topic)
			amy.send("consultRequest", amy.request(topic, object{"mode": "queue", "queueName": "support"}))
			assert.Equal(t, "consult", amy.last("agentAssistanceRequestPlaced")["requestAction"])
			assert.Equal(t, "CONSULT", ben.last("taskRequest")["taskDirection"])
			advice := ben.take()
			assert.Equal(t, agentmanager.RoleAssistant, c.RoleOf(ben.agent))
			assert.Equal(t, "consult", amy.last("agentAssignedForAssistance")["type"])
			ben.publish(advice, ben.message(advice, "WHISPER_MESSAGE", object{"type": "PLAIN", "markdownText": "Ask for the number."}))
			assert.Len(t, amy.cim("WHISPER_MESSAGE"), 1)
			assert.Empty(t, kim.Received(), "the customer does not hear it")
			assert.Empty(t, s.violations())
			ben.says(advice, "To the customer.")
			assert.Equal(t, []string{"AM-CIM-09"}, s.violations())

			amy.send(tt.event, amy.request(topic, object{"conversationId": c.ID(), "mode": "agent", "requestedAgentId": ben.id(), "offerToAgent": false}))
			changed := ben.cim("PARTICIPANT_ROLE_CHANGED")
			require.Len(t, changed, 1)
			assert.Equal(t, "PRIMARY", changed[0]["data"].(object)["conversationParticipant"].(object)["role"])
			tt.check(t, amy, ben, c)
			ben.says(advice, "Now I may.")
			assert.Len(t, kim.Received(), 1)
			assert.Len(t, s.violations(), 1)
		})
	}
}

func TestAMLeave02LeavingIsAnsweredWithAReason(t *testing.T) {
	for name, tt := range map[string]struct {
		wrapUp bool
		do     func(s *stage, amy *desk, topic object, kim *agentmanager.Customer)
		reason string
	}{
		"left":         {false, func(_ *stage, amy *desk, topic object, _ *agentmanager.Customer) { amy.leave(topic) }, "UNSUBSCRIBED"},
		"the customer": {false, func(_ *stage, _ *desk, _ object, kim *agentmanager.Customer) { _ = kim.Leave() }, "CUSTOMER_LEFT"},
		"the system": {false, func(s *stage, _ *desk, _ object, _ *agentmanager.Customer) {
			_ = s.Conversations()[0].Close("CLOSED_BY_ROUTINE")
		}, "CLOSED_BY_ROUTINE"},
		"left in a hurry": {true, func(_ *stage, amy *desk, topic object, _ *agentmanager.Customer) { amy.leave(topic); amy.leave(topic) }, "choosing leave without Wrap Up"},
		"with no wrap-up": {true, func(_ *stage, amy *desk, topic object, _ *agentmanager.Customer) {
			amy.leave(topic)
			amy.wrapUp(topic, nil)
		}, "choosing leave without Wrap Up"},
		"with a wrap-up": {true, func(_ *stage, amy *desk, topic object, _ *agentmanager.Customer) {
			amy.leave(topic)
			amy.wrapUp(topic, sold)
		}, "Wrap Up applied"},
		"too late": {true, func(s *stage, amy *desk, topic object, _ *agentmanager.Customer) {
			amy.leave(topic)
			s.clock.Advance(30 * time.Second)
		}, "wrap Up Timer Expired"},
		"after a customer": {true, func(_ *stage, amy *desk, topic object, kim *agentmanager.Customer) {
			_ = kim.Leave()
			amy.wrapUp(topic, sold)
		}, "Wrap Up applied"},
	} {
		t.Run(name, func(t *testing.T) {
			s, amy, topic, kim := talk(t, switched(func(s *agentmanager.Switches) { s.WrapUp = tt.wrapUp }))
			tt.do(s, amy, topic, kim)
			require.Len(t, amy.all("topicUnsubscription"), 1)
			assert.Equal(t, object{"task": "topicUnsubscription", "conversationId": topic["conversationId"], "reason": tt.reason, "statusCode": 200.0}, amy.last("topicUnsubscription"))
			assert.Equal(t, "READY", amy.domainState(), "the task is closed")
			assert.Equal(t, tt.wrapUp, len(amy.all("wrapupTimerStarted")) > 0)
			assert.Empty(t, s.violations())
			s.clock.Advance(time.Hour)
			assert.Len(t, amy.all("topicUnsubscription"), 1)
			if name == "the customer" || name == "the system" {
				assert.Equal(t, topic["conversationId"], amy.last("topicClosed")["conversationId"])
			}
			if name == "after a customer" {
				assert.Equal(t, agentmanager.StageClosed, s.Conversations()[0].Stage())
			}
			amy.says(topic, "Hello?")
			assert.Len(t, amy.all("errors"), 1)
		})
	}
}

var sold = object{"type": "WRAPUP", "wrapups": []any{object{"categoryName": "Sales", "value": "Sold"}}, "note": ""}

// wrapUp closes a wrap-up, with a body or without.
func (d *desk) wrapUp(topic object, body object) {
	d.t.Helper()
	var event any
	if body != nil {
		event = d.message(topic, "AGENT_MESSAGE", body)
	}
	d.send("closeWrapup", object{"cimEvent": event, "agentId": d.id(), "conversationId": topic["conversationId"], "roomInfo": topic["roomInfo"]})
}

func TestAWrapUpHasItsTimeAndItsRights(t *testing.T) {
	for dialect, want := range map[agentmanager.Dialect]any{agentmanager.CX2024: 30.0, agentmanager.Seed: "30000"} {
		s, amy, topic, _ := talk(t, func(o *agentmanager.Options) { o.Dialect = dialect }, switched(func(s *agentmanager.Switches) { s.WrapUp = true }))
		amy.wrapUp(topic, sold)
		assert.Equal(t, []string{"AM-CIM-21"}, s.violations(), "none was asked for")
		amy.leave(topic)
		assert.Equal(t, want, amy.last("wrapupTimerStarted")["duration"])
		changed := amy.cim("PARTICIPANT_ROLE_CHANGED")
		assert.Equal(t, "WRAP_UP", changed[0]["data"].(object)["conversationParticipant"].(object)["role"])
		assert.Empty(t, amy.all("topicUnsubscription"))
		amy.says(topic, "One more thing.")
		assert.Equal(t, []string{"AM-CIM-21", "AM-CIM-09"}, s.violations())
	}
}

func TestAnEventAfterTheEndBreaksWhatEndedIt(t *testing.T) {
	for name, tt := range map[string]struct {
		end    func(s *stage, amy *desk, topic object)
		breaks []string
	}{
		"left": {func(_ *stage, amy *desk, topic object) { amy.leave(topic) }, []string{"AM-LEAVE-04"}},
		"handed over": {func(_ *stage, amy *desk, topic object) {
			amy.send("directTransferRequest", amy.request(topic, object{"mode": "queue", "queueName": "support"}))
		}, []string{"AM-REROUTE-06"}},
		"taken away": {func(s *stage, _ *desk, _ object) { _ = s.Conversations()[0].Close("CLOSED_BY_ROUTINE") }, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s, amy, topic, _ := talk(t)
			tt.end(s, amy, topic)
			assert.Empty(t, s.violations())
			amy.says(topic, "One more thing.")
			assert.Equal(t, tt.breaks, s.violations())
			assert.Len(t, amy.all("errors"), 1)
		})
	}
}
