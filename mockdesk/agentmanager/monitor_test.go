package agentmanager_test

import (
	"testing"

	"deskcheck/mockdesk/agentmanager"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// monitors has a supervisor ask to monitor a conversation.
func (d *desk) monitors(topic object) {
	d.t.Helper()
	d.send("JoinAsSilentMonitor", object{
		"topicParticipant": d.participant(topic["conversationId"].(string), "SILENT_MONITOR"), "agentId": d.id(), "channelSession": topic["topicData"].(object)["channelSession"],
	})
}

// stepsIn has a monitor ask for another role.
func (d *desk) stepsIn(event string, topic object) {
	d.t.Helper()
	d.send(event, object{"participantId": d.id(), "conversationId": topic["conversationId"], "roomInfo": topic["roomInfo"]})
}

func TestAMMon05MonitoringBeginsInEitherWay(t *testing.T) {
	t.Run("started", func(t *testing.T) {
		s, amy, topic, _ := talk(t)
		sue := s.connect("sue")
		sue.monitors(topic)
		offer := sue.last("taskRequest")
		assert.Equal(t, "STARTED", offer["taskState"].(object)["name"])
		assert.Equal(t, "SILENT_MONITOR", offer["taskDirection"])
		assert.Empty(t, sue.all("onTopicData"))
		got := sue.take()
		assert.Equal(t, "SILENT_MONITOR", got["topicData"].(object)["topicParticipant"].(object)["role"])
		assert.Equal(t, "NOT_READY", sue.domainState(), "who only listens has no task")
		subscribed := amy.cim("AGENT_SUBSCRIBED")
		assert.Equal(t, "SILENT_MONITOR", subscribed[len(subscribed)-1]["data"].(object)["agentParticipant"].(object)["role"])
		assert.Empty(t, s.violations())
	})
	t.Run("direct", func(t *testing.T) {
		s, _, topic, _ := talk(t, func(o *agentmanager.Options) { o.Dialect = agentmanager.Seed })
		sue := s.connect("sue")
		sue.monitors(topic)
		assert.Empty(t, sue.all("taskRequest"))
		assert.Equal(t, topic["conversationId"], sue.last("onTopicData")["conversationId"])
		assert.Empty(t, s.violations())
	})
}

func TestAMMon03MonitoringIsForSupervisorsOfTheTeam(t *testing.T) {
	s, amy, topic, kim := talk(t)
	sue, ben, cat := s.connect("sue"), s.connect("ben"), s.ready("cat")
	refused := func(d *desk, topic object, status int, words string) {
		t.Helper()
		before := len(d.all("errors"))
		d.monitors(topic)
		require.Len(t, d.all("errors"), before+1)
		got, msg := d.failure()
		assert.Equal(t, status, got)
		assert.Contains(t, msg, words)
		assert.Equal(t, "JoinAsSilentMonitor", d.last("errors")["task"])
		assert.Empty(t, d.all("taskRequest"))
		assert.Empty(t, d.all("onTopicData"))
	}
	refused(ben, topic, 403, "supervises no team")
	assert.Equal(t, []string{"AM-MON-04"}, s.violations())

	_, err := s.AddList("later", "")
	require.NoError(t, err)
	other := s.Customer(agentmanager.Person{FirstName: "Lee"})
	external, err := other.Start(agentmanager.Request{Routing: agentmanager.ExternalMode})
	require.NoError(t, err)
	refused(sue, object{"conversationId": external.ID(), "topicData": object{"channelSession": object{"id": external.SessionIDs()[0], "conversationId": external.ID()}}}, 409, "not pushed")

	amy.send("directTransferRequest", amy.request(topic, object{"mode": "agent", "requestedAgentId": cat.id(), "offerToAgent": true}))
	refused(sue, topic, 409, "not active")
	cat.take()
	refused(sue, topic, 403, "no agent of conversation")
	require.NoError(t, kim.Leave())
	refused(sue, topic, 409, "not active")
	gone := object{"conversationId": "nowhere", "topicData": object{"channelSession": object{"id": "x", "conversationId": "nowhere"}}}
	refused(sue, gone, 404, "no conversation")
}

func TestAConversationHasOneMonitorAndFourAgents(t *testing.T) {
	s, _, topic, _ := talk(t)
	sue := s.connect("sue")
	sue.monitors(topic)
	sue.take()
	sue.monitors(topic)
	_, msg := sue.failure()
	assert.Contains(t, msg, "already")
	_, err := s.AddAgent(agentmanager.Account{Username: "tom", Password: "tom-secret", FirstName: "Tom", Supervises: []string{"team-1"}})
	require.NoError(t, err)
	tom := s.connect("tom")
	tom.monitors(topic)
	_, msg = tom.failure()
	assert.Contains(t, msg, "monitored already")
}

func TestAMonitorWhispersAndNothingElse(t *testing.T) {
	s, amy, topic, kim := talk(t)
	sue := s.connect("sue")
	sue.monitors(topic)
	got := sue.take()
	asked, err := kim.Say(agentmanager.Plain("Hello?"))
	require.NoError(t, err)
	assert.Len(t, sue.cim("CUSTOMER_MESSAGE"), 1, "the monitor hears everything")
	sue.publish(got, sue.message(got, "WHISPER_MESSAGE", object{"type": "PLAIN", "markdownText": "Be kind."}))
	assert.Len(t, amy.cim("WHISPER_MESSAGE"), 1)
	assert.Empty(t, s.violations())

	sue.says(got, "I am here.")
	sue.publish(got, sue.message(got, "TYPING_INDICATOR", object{"type": "NOTIFICATION", "notificationType": "TYPING_STARTED"}))
	sue.publish(got, sue.message(got, "MESSAGE_DELIVERY_NOTIFICATION", object{"type": "DELIVERYNOTIFICATION", "messageId": asked, "status": "READ", "reasonCode": 200}))
	sue.stepsIn("JoinAsBargin", object{"conversationId": "elsewhere", "roomInfo": got["roomInfo"]})
	assert.Equal(t, []string{"AM-MON-06", "AM-MON-06", "AM-MON-06", "AM-MON-09"}, s.violations())
	assert.Len(t, sue.all("errors"), 4)
	assert.Empty(t, kim.Received())
}

func TestAMMon10BargingInMakesAPrimaryAgent(t *testing.T) {
	for _, event := range []string{"JoinAsBargin", "JoinAsBargeIn", "joinAsBargeIn"} {
		for _, whispers := range []bool{false, true} {
			s, amy, topic, kim := talk(t)
			c := conversationOf(t, s, topic)
			sue := s.connect("sue")
			sue.monitors(topic)
			got := sue.take()
			if whispers {
				sue.stepsIn("joinAsWhisper", got)
				assert.Equal(t, agentmanager.RoleAssistant, c.RoleOf(sue.agent))
			}
			sue.stepsIn(event, got)
			for _, d := range []*desk{amy, sue} {
				changed := d.cim("PARTICIPANT_ROLE_CHANGED")
				require.NotEmpty(t, changed)
				data := changed[len(changed)-1]["data"].(object)
				assert.Equal(t, "PRIMARY", data["conversationParticipant"].(object)["role"])
				assert.Equal(t, sue.id(), data["conversationParticipant"].(object)["participant"].(object)["id"])
				assert.Equal(t, "BARGE_IN", data["metadata"].(object)["direction"])
			}
			sue.says(got, "Let me help.")
			sue.publish(got, sue.message(got, "WHISPER_MESSAGE", object{"type": "PLAIN", "markdownText": "And you listen."}))
			assert.Len(t, kim.Received(), 1)
			assert.Empty(t, s.violations(), event)

			sue.stepsIn("JoinAsBargin", got)
			amy.stepsIn("JoinAsBargin", topic)
			amy.stepsIn("joinAsWhisper", topic)
			assert.Equal(t, []string{"AM-MON-09", "AM-MON-09", "AM-MON-12"}, s.violations())
		}
	}
}

func TestTheMonitorIsDroppedWithTheLastPrimaryAgent(t *testing.T) {
	s, amy, topic, _ := talk(t)
	sue := s.connect("sue")
	sue.monitors(topic)
	sue.take()
	amy.leave(topic)
	assert.Equal(t, "PRIMARY_AGENT_LEFT", sue.last("topicUnsubscription")["reason"])
	assert.Empty(t, s.violations())
}

func TestAWhisperNeedsSomeoneWhoHearsIt(t *testing.T) {
	s, amy, topic, _ := talk(t)
	amy.publish(topic, amy.message(topic, "WHISPER_MESSAGE", object{"type": "PLAIN", "markdownText": "Hm."}))
	assert.Equal(t, []string{"AM-CIM-09"}, s.violations())
}

func TestPullingRequestsOutOfLists(t *testing.T) {
	s := newStage(t)
	list, err := s.AddList("later", "Call back")
	require.NoError(t, err)
	_, err = s.AddList("later", "")
	require.Error(t, err)
	amy, ben := s.connect("amy"), s.connect("ben")
	kim := s.Customer(agentmanager.Person{FirstName: "Kim"})
	pull := agentmanager.Request{Routing: agentmanager.PullMode, List: "later"}
	c, err := kim.Start(pull)
	require.NoError(t, err)
	payload := func(d *desk) object {
		return object{"topicParticipant": d.participant(list.ID(), "PRIMARY"), "agentId": d.id(), "listId": list.ID(), "list": object{"id": list.ID(), "name": "later", "description": ""}}
	}
	amy.send("subscribePullModeList", payload(amy))
	ben.send("subscribePullModeList", payload(ben))
	assert.Equal(t, "later", amy.all("onPullModeSubscribedList")[0].([]any)[0].(object)["name"])
	requests := amy.all("addPullModeSubscribedListRequests")[0].([]any)
	require.Len(t, requests, 1)
	id := requests[0].(object)["id"]

	lee := s.Customer(agentmanager.Person{FirstName: "Lee"})
	_, err = lee.Start(pull)
	require.NoError(t, err)
	assert.Equal(t, "PULL_MODE_LIST_REQUEST_RECEIVED", ben.last("onPullModeSubscribedListRequest")["type"])
	join := func(d *desk, id any, conversation string) {
		d.send("joinPullModeRequest", object{"topicParticipant": d.participant(conversation, "PRIMARY"), "agentId": d.id(), "channelSession": requests[0].(object)["channelSession"], "requestId": id})
	}
	join(amy, id, c.ID())
	topic := amy.last("onTopicData")
	amy.says(topic, "Hello.")
	assert.Len(t, kim.Received(), 1)
	assert.Contains(t, ben.last("onPullModeSubscribedListRequest")["pullModeEvent"], `"closing"`)
	join(ben, id, c.ID())
	status, _ := ben.failure()
	assert.Equal(t, 404, status)
	assert.Empty(t, s.violations(), "it may have crossed")

	back := s.reconnect(ben.user, "")
	assert.Len(t, back.all("pullModeSubscribedListRequests")[0], 1)
	rest := back.all("pullModeSubscribedListRequests")[0].([]any)[0].(object)["id"]
	back.send("deletePullModeRequest", rest)
	assert.Equal(t, agentmanager.StageClosed, s.Conversations()[1].Stage())
	back.send("unsubscribePullModeList", payload(back))
	assert.Equal(t, list.ID(), back.all("removePullModeSubscribedListRequests")[0])
	assert.Empty(t, s.violations())
	back.send("unsubscribePullModeList", payload(back))
	wrong := payload(back)
	wrong["listId"] = "none"
	back.send("subscribePullModeList", wrong)
	assert.Equal(t, []string{"AM-TASK-21", "AM-TASK-21"}, s.violations())
}

func TestWhatTheKitCannotPlay(t *testing.T) {
	s := newStage(t)
	_, err := agentmanager.New(agentmanager.Options{Dialect: "cx-1999"})
	require.ErrorContains(t, err, "cx-2024")
	_, err = s.AddAgent(agentmanager.Account{Username: "amy", Password: "x"})
	require.ErrorContains(t, err, "already")
	_, err = s.AddAgent(agentmanager.Account{Username: "zoe"})
	require.ErrorContains(t, err, "password")
	_, err = s.AddQueue("sales")
	require.ErrorContains(t, err, "already")
	_, err = s.AddQueue("garden", "nobody")
	require.ErrorContains(t, err, "nobody")
	kim := s.Customer(agentmanager.Person{FirstName: "Kim"})
	for _, r := range []agentmanager.Request{{Queue: "garden"}, {Channel: "FAX"}, {Routing: agentmanager.PullMode}, {Says: agentmanager.Body{}}} {
		_, err = kim.Start(r)
		require.Error(t, err)
	}
	_, err = kim.Start(agentmanager.Request{})
	require.NoError(t, err)
	_, err = kim.Start(agentmanager.Request{})
	require.ErrorContains(t, err, "leave it first")
	s.Close()
	require.ErrorIs(t, kim.Leave(), agentmanager.ErrClosed)
}
