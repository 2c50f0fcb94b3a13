package agentmanager_test

import (
	"encoding/json"
	"testing"
	"time"

	"deskcheck/mockdesk/agentmanager"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// talk is a stage with a customer in a conversation with amy.
func talk(t *testing.T, change ...func(*agentmanager.Options)) (s *stage, amy *desk, topic object, kim *agentmanager.Customer) {
	t.Helper()
	s = newStage(t, change...)
	amy = s.ready("amy")
	if amy.domainState() != "READY" {
		amy.domain("READY")
	}
	kim, _ = s.customer("sales")
	return s, amy, amy.take(), kim
}

func TestAMCIM25AMessageComesToEveryone(t *testing.T) {
	s, amy, topic, kim := talk(t)
	ben := s.connect("ben")
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "queue", "queueName": "support"}))
	ben.goes("READY")
	ben.take()
	id := amy.says(topic, "Hello, both.")
	for _, d := range []*desk{amy, ben} {
		got := d.cim("AGENT_MESSAGE")
		require.Len(t, got, 1, "once, to the sender as well")
		assert.Equal(t, id, got[0]["data"].(object)["id"])
		assert.Equal(t, "amy", got[0]["data"].(object)["header"].(object)["sender"].(object)["senderName"])
		assert.IsType(t, "", d.last("onCimEvent")["cimEvent"], "as text")
	}
	require.Len(t, kim.Received(), 1)

	amy.publish(topic, amy.message(topic, "AGENT_MESSAGE", object{"type": "PLAIN"}))
	status, _ := amy.failure()
	assert.Equal(t, 400, status)
	assert.Len(t, ben.cim("AGENT_MESSAGE"), 1, "what is invalid goes nowhere")
	assert.Equal(t, []string{"AM-CIM-08"}, s.violations())
}

func TestTheSeedSendsEventsAsObjects(t *testing.T) {
	_, amy, topic, _ := talk(t, func(o *agentmanager.Options) { o.Dialect = agentmanager.Seed })
	amy.says(topic, "Hello.")
	assert.IsType(t, object{}, amy.last("onCimEvent")["cimEvent"])
	assert.Len(t, amy.cim("AGENT_MESSAGE"), 1)
}

func TestEveryTypeOfMessageCrossesBothWays(t *testing.T) {
	s, amy, topic, kim := talk(t)
	for _, kind := range agentmanager.BodyTypes() {
		body, err := agentmanager.Sample(kind)
		require.NoError(t, err)
		_, err = kim.Say(body)
		require.NoError(t, err, kind)
		said := amy.cim("CUSTOMER_MESSAGE")
		assert.Equal(t, kind, said[len(said)-1]["data"].(object)["body"].(object)["type"])
		amy.publish(topic, amy.message(topic, "AGENT_MESSAGE", body))
		got := kim.Received()
		require.NotEmpty(t, got)
		assert.Equal(t, kind, got[len(got)-1].Body["type"])
	}
	assert.Len(t, kim.Received(), len(agentmanager.BodyTypes()))
	assert.Empty(t, s.violations())

	_, err := agentmanager.Sample("POEM")
	require.ErrorContains(t, err, "PLAIN")
	_, err = kim.Say(agentmanager.Body{"type": "PLAIN"})
	require.ErrorContains(t, err, "markdownText")
	_, err = kim.Say(agentmanager.Body{"type": "POEM"})
	require.Error(t, err)
}

func TestWhatIsWrongWithAMessageIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		requirement string
		spoil       func(envelope, event object)
	}{
		"no conversation":        {"AM-CIM-01", func(o, _ object) { delete(o, "conversationId") }},
		"a bare message":         {"AM-CIM-01", func(o, _ object) { clear(o); o["header"], o["body"] = object{}, object{} }},
		"another agent":          {"AM-CIM-01", func(o, _ object) { o["agentId"] = "someone" }},
		"text":                   {"AM-CIM-03", func(o, e object) { o["cimEvent"] = string(must(json.Marshal(e))) }},
		"seconds":                {"AM-CIM-02", func(_, e object) { e["timestamp"] = 1772355600 }},
		"a date":                 {"AM-CIM-02", func(_, e object) { e["timestamp"] = "2026-03-01T09:00:00Z" }},
		"no type":                {"AM-CIM-02", func(_, e object) { delete(e, "type") }},
		"an activity":            {"AM-CIM-04", func(_, e object) { e["type"] = "ACTIVITY" }},
		"a name of the manager":  {"AM-CIM-04", func(_, e object) { e["name"] = "CUSTOMER_MESSAGE" }},
		"an empty id":            {"AM-CIM-05", func(_, e object) { e["data"].(object)["id"] = "" }},
		"no header":              {"AM-CIM-05", func(_, e object) { delete(e["data"].(object), "header") }},
		"the customer as sender": {"AM-CIM-06", func(_, e object) { headerOf(e)["sender"] = object{"id": "c", "type": "CUSTOMER", "senderName": "Kim"} }},
		"another sender":         {"AM-CIM-06", func(_, e object) { headerOf(e)["sender"].(object)["id"] = "someone" }},
		"no customer":            {"AM-CIM-07", func(_, e object) { delete(headerOf(e), "customer") }},
		"another customer":       {"AM-CIM-07", func(_, e object) { headerOf(e)["customer"] = object{"_id": "someone"} }},
		"another session":        {"AM-CIM-07", func(_, e object) { headerOf(e)["channelSessionId"] = "elsewhere" }},
		"another conversation":   {"AM-CIM-07", func(_, e object) { headerOf(e)["conversationId"] = "elsewhere" }},
		"an unknown type":        {"AM-CIM-08", func(_, e object) { e["data"].(object)["body"] = object{"type": "POEM"} }},
		"mediaURL":               {"AM-CIM-08", func(_, e object) { e["data"].(object)["body"] = object{"type": "URL", "mediaURL": "https://a.invalid"} }},
		"a wrap-up in one line":  {"AM-CIM-08", func(_, e object) { e["data"].(object)["body"] = object{"type": "WRAPUP", "wrapups": "Sales"} }},
		"a reply to nothing":     {"AM-CIM-12", func(_, e object) { headerOf(e)["intent"] = "REPLY_TO" }},
		"a reply to a guess":     {"AM-CIM-12", func(_, e object) { headerOf(e)["intent"], headerOf(e)["originalMessageId"] = "REPLY_TO", "guess" }},
		"an unknown place":       {"AM-CIM-09", func(o, _ object) { o["conversationId"] = "elsewhere" }},
	} {
		t.Run(name, func(t *testing.T) {
			s, amy, topic, kim := talk(t)
			event := amy.message(topic, "AGENT_MESSAGE", object{"type": "PLAIN", "markdownText": "Hello."})
			envelope := object{"cimEvent": event, "agentId": amy.id(), "conversationId": topic["conversationId"], "roomInfo": topic["roomInfo"]}
			tt.spoil(envelope, event)
			amy.send("publishCimEvent", envelope)
			if assert.Contains(t, s.violations(), tt.requirement) {
				for _, id := range s.violations() {
					assert.Equal(t, tt.requirement, id)
				}
			}
			assert.Len(t, amy.all("errors"), 1)
			assert.Empty(t, kim.Received())
		})
	}
}

func headerOf(event object) object { return event["data"].(object)["header"].(object) }

func TestAParticipantAsSenderIsTolerated(t *testing.T) {
	s, amy, topic, kim := talk(t)
	event := amy.message(topic, "AGENT_MESSAGE", object{"type": "PLAIN", "markdownText": "Hello."})
	headerOf(event)["sender"] = amy.participant(topic["conversationId"].(string), "PRIMARY")
	amy.publish(topic, event)
	assert.Empty(t, s.violations())
	assert.Len(t, kim.Received(), 1)
	assert.Equal(t, "AGENT", amy.cim("AGENT_MESSAGE")[0]["data"].(object)["header"].(object)["sender"].(object)["type"])
}

func TestIDsAreNewButForRepliesAndMessagesSentAgain(t *testing.T) {
	s, amy, topic, kim := talk(t)
	asked, err := kim.Say(agentmanager.Plain("And my chair?"))
	require.NoError(t, err)
	same := func(id string, body string) object {
		e := amy.message(topic, "AGENT_MESSAGE", object{"type": "PLAIN", "markdownText": body})
		e["data"].(object)["id"] = id
		return e
	}
	reply := amy.message(topic, "AGENT_MESSAGE", object{"type": "PLAIN", "markdownText": "It follows."})
	headerOf(reply)["intent"], headerOf(reply)["originalMessageId"] = "REPLY_TO", asked
	amy.publish(topic, reply)
	amy.publish(topic, same(asked, "It follows, as the guide says it."))
	assert.Empty(t, s.violations(), "a reply has either form")
	assert.Len(t, kim.Received(), 2)

	require.NoError(t, s.Withhold("onCimEvent"))
	id := amy.says(topic, "Bye.")
	echoes := len(amy.cim("AGENT_MESSAGE"))
	s.clock.Advance(30 * time.Second)
	amy.publish(topic, same(id, "Bye."))
	assert.Len(t, amy.cim("AGENT_MESSAGE"), echoes, "still withheld")
	require.NoError(t, s.Release("onCimEvent"))
	assert.Len(t, amy.cim("AGENT_MESSAGE"), echoes+2)
	assert.Len(t, kim.Received(), 3, "the customer reads it once")
	assert.Empty(t, s.violations())

	amy.publish(topic, same(id, "Something else."))
	event := same("fresh", "An event that was there before.")
	event["id"] = amy.cim("AGENT_MESSAGE")[0]["id"]
	amy.publish(topic, event)
	assert.Equal(t, []string{"AM-CIM-05", "AM-CIM-05"}, s.violations())
	assert.Len(t, kim.Received(), 3)
}

func TestACustomerRepliesToAnAgent(t *testing.T) {
	s, amy, topic, kim := talk(t)
	said := amy.says(topic, "Which lamp?")
	_, err := kim.Reply(said, agentmanager.Plain("The green one."))
	require.NoError(t, err)
	got := headerOf(amy.cim("CUSTOMER_MESSAGE")[0])
	assert.Equal(t, "REPLY_TO", got["intent"])
	assert.Equal(t, said, got["originalMessageId"])
	_, err = kim.Reply(said, agentmanager.Body{"type": "PLAIN"})
	require.Error(t, err)
	assert.Empty(t, s.violations())
}

func TestTypingAndReceipts(t *testing.T) {
	s, amy, topic, kim := talk(t)
	asked, err := kim.Say(agentmanager.Plain("Hello?"))
	require.NoError(t, err)
	amy.publish(topic, amy.message(topic, "TYPING_INDICATOR", object{"type": "NOTIFICATION", "notificationType": "TYPING_STARTED"}))
	amy.publish(topic, amy.message(topic, "MESSAGE_DELIVERY_NOTIFICATION", object{"type": "DELIVERYNOTIFICATION", "messageId": asked, "status": "READ", "reasonCode": 200}))
	assert.Equal(t, []string{"TYPING_INDICATOR", "MESSAGE_DELIVERY_NOTIFICATION"}, []string{kim.Received()[0].Name, kim.Received()[1].Name})
	assert.Empty(t, s.violations())

	amy.publish(topic, amy.message(topic, "TYPING_INDICATOR", object{"type": "NOTIFICATION", "notificationType": "TYPING"}))
	amy.publish(topic, amy.message(topic, "MESSAGE_DELIVERY_NOTIFICATION", object{"type": "DELIVERYNOTIFICATION", "messageId": asked, "status": "DELIVERED", "reasonCode": "200"}))
	assert.Equal(t, []string{"AM-CIM-19", "AM-CIM-18"}, s.violations())
	assert.Empty(t, amy.all("errors"), "both are a SHOULD")

	require.NoError(t, kim.Type())
	assert.Len(t, amy.cim("TYPING_INDICATOR"), 3)
	said := amy.says(topic, "Good morning.")
	require.NoError(t, kim.Delivery(said, "READ"))
	require.NoError(t, kim.Delivery(said, "FAILED"))
	notes := amy.cim("MESSAGE_DELIVERY_NOTIFICATION")
	last := notes[len(notes)-1]["data"].(object)
	assert.Equal(t, said, last["body"].(object)["messageId"])
	assert.Equal(t, "SYSTEM", last["header"].(object)["sender"].(object)["type"])
}

func TestWhatTheSystemTells(t *testing.T) {
	s, amy, topic, kim := talk(t)
	c := conversationOf(t, s, topic)
	require.NoError(t, c.SetData(map[string]any{"order": 7}))
	require.NoError(t, c.StartSLA(30, "start_timer"))
	amy.publish(topic, object{"id": "sla", "name": "RESET_AGENT_SLA", "type": "NOTIFICATION", "timestamp": s.clock.Now().UnixMilli(), "data": nil})
	require.NoError(t, c.StopSLA())
	require.NoError(t, c.Suggest(agentmanager.Plain("Try again.")))
	require.NoError(t, kim.Identify(agentmanager.Person{FirstName: "Kimberly", LastName: "Vale"}))
	require.NoError(t, kim.Open("WHATSAPP"))
	require.Error(t, kim.Open("FAX"))
	_, err := kim.Say(agentmanager.Plain("From my telephone."))
	require.NoError(t, err)
	for _, name := range []string{
		"CONVERSATION_DATA_CHANGED", "AGENT_SLA_STARTED", "RESET_AGENT_SLA", "AGENT_SLA_STOPPED", "BOT_SUGGESTION", "ASSOCIATED_CUSTOMER_CHANGED", "CHANNEL_SESSION_STARTED", "CUSTOMER_MESSAGE",
	} {
		assert.Len(t, amy.cim(name), 1, name)
	}
	assert.Equal(t, "WHATSAPP", amy.cim("CUSTOMER_MESSAGE")[0]["channelSession"].(object)["channel"].(object)["name"])
	amy.says(topic, "To the first channel, which the topic has.")
	assert.Equal(t, "WEB", amy.cim("AGENT_MESSAGE")[0]["channelSession"].(object)["channel"].(object)["name"])
	assert.Empty(t, s.violations())
}

func TestACustomerWhoEndsOneOfTwoChannels(t *testing.T) {
	s, amy, topic, kim := talk(t)
	require.Error(t, kim.End("WEB"), "the only one")
	require.NoError(t, kim.Open("WHATSAPP"))
	require.Error(t, kim.End("FAX"))
	require.NoError(t, kim.End("WEB"))
	require.Error(t, kim.End("WEB"), "twice")
	ended := amy.cim("CHANNEL_SESSION_ENDED")
	require.Len(t, ended, 1)
	assert.Equal(t, "WEB", ended[0]["data"].(object)["channel"].(object)["name"])
	assert.Equal(t, agentmanager.StageActive, conversationOf(t, s, topic).Stage())
	require.Error(t, s.Customer(agentmanager.Person{FirstName: "Lou"}).End("WEB"), "before any conversation")
}

// conversationOf is the conversation of a topic, which is the only one of the stage's customers.
func conversationOf(t *testing.T, s *stage, topic object) *agentmanager.Conversation {
	t.Helper()
	for _, c := range s.Conversations() {
		if c.ID() == topic["conversationId"] {
			return c
		}
	}
	t.Fatalf("there is no conversation %v", topic["conversationId"])
	return nil
}

func TestHoldingAndResuming(t *testing.T) {
	s, amy, topic, _ := talk(t)
	c := conversationOf(t, s, topic)
	pause := object{"participantId": amy.id(), "conversationId": c.ID(), "roomInfo": topic["roomInfo"], "duration": 60, "state": "ON_HOLD"}
	resume := object{"participantId": amy.id(), "conversationId": c.ID(), "roomInfo": topic["roomInfo"], "state": "ACTIVE"}
	amy.send("pauseConversation", pause)
	assert.Equal(t, agentmanager.StageHold, c.Stage())
	details := amy.cim("CONVERSATION_PAUSED")[0]["data"].(object)["holdTimerDetails"].(object)
	assert.InDelta(t, 60, details["totalDuration"], 0)
	amy.send("resumeConversation", resume)
	assert.Equal(t, agentmanager.StageActive, c.Stage())
	amy.send("pauseConversation", pause)
	s.clock.Advance(time.Minute)
	assert.Equal(t, agentmanager.StageActive, c.Stage(), "by itself, when the time is over")
	assert.Len(t, amy.cim("CONVERSATION_RESUMED"), 2)
	assert.Empty(t, s.violations())

	amy.send("resumeConversation", resume)
	status, _ := amy.failure()
	assert.Equal(t, 409, status)
	delete(pause, "state")
	amy.send("pauseConversation", pause)
	assert.Equal(t, []string{"AM-CIM-23"}, s.violations())
}

func TestEventsOutOfOrderArePlayed(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	require.NoError(t, d.agent.Emit("somethingElse", []byte(`{"a":[1]}`)))
	assert.Equal(t, object{"a": []any{1.0}}, d.last("somethingElse"))
	made, err := s.Announce(s.Agent("sue"), "Lunch is ready.")
	require.NoError(t, err)
	assert.Equal(t, "Lunch is ready.", d.last("ANNOUNCEMENT_CREATED")["announcementText"])
	require.NoError(t, s.Withdraw(made.ID))
	assert.Equal(t, made.ID, d.last("ANNOUNCEMENT_DELETED")["id"])
	require.Error(t, s.Withdraw(made.ID))
	require.NoError(t, d.agent.Disconnect())
	assert.True(t, d.closed)
	d.socket.Gone("server disconnect")
	require.ErrorIs(t, d.agent.Emit("somethingElse", []byte(`{}`)), agentmanager.ErrAway)
	require.ErrorIs(t, d.agent.Disconnect(), agentmanager.ErrAway)
}
