package agentmanager_test

import (
	"encoding/json"
	"testing"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAMTask08AnOfferIsTakenInTimeOrRunsOut(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	_, taken := s.customer("sales")
	offer := d.last("taskRequest")
	assert.Equal(t, "RESERVED", offer["taskState"].(object)["name"])
	assert.Equal(t, "INBOUND", offer["taskDirection"])
	assert.Equal(t, "sales", offer["queue"].(object)["name"])
	assert.Nil(t, offer["note"])
	s.clock.Advance(4 * time.Second)
	d.take()
	s.clock.Advance(time.Minute)
	assert.Empty(t, d.all("revokeTask"), "the timer was stopped")
	assert.Equal(t, agentmanager.RolePrimary, taken.RoleOf(d.agent))

	_, lost := s.customer("sales")
	offer = d.last("taskRequest")
	s.clock.Advance(5 * time.Second)
	revoke := d.last("revokeTask")
	assert.Equal(t, object{"conversationId": lost.ID(), "taskId": offer["taskId"], "reason": "RONA"}, revoke)
	assert.Equal(t, agentmanager.Ready, d.agent.State(), "the agent stays ready")
}

func TestTheSeedRevokesByTheConversationAlone(t *testing.T) {
	s := newStage(t, func(o *agentmanager.Options) { o.Dialect = agentmanager.Seed })
	d := s.ready("amy")
	d.domain("READY")
	_, c := s.customer("sales")
	s.clock.Advance(5 * time.Second)
	assert.Equal(t, object{"conversationId": c.ID()}, d.last("revokeTask"))
}

func TestRONACanTakeTheAgentToNotReady(t *testing.T) {
	s := newStage(t, switched(func(s *agentmanager.Switches) { s.NotReadyOnRONA = true }))
	amy, ben := s.ready("amy"), s.ready("ben")
	s.customer("sales")
	s.clock.Advance(5 * time.Second)
	assert.Equal(t, agentmanager.NotReady, amy.agent.State())
	assert.Equal(t, "RONA", amy.presence()["state"].(object)["reasonCode"].(object)["name"])
	assert.Len(t, ben.all("taskRequest"), 1)
	assert.Len(t, amy.all("taskRequest"), 1, "who is not ready is offered nothing")
}

func TestAMReroute09OffersGoRoundUntilTheTimeToLiveEnds(t *testing.T) {
	s := newStage(t)
	amy, ben, cat := s.ready("amy"), s.ready("ben"), s.ready("cat")
	_, c := s.customer("sales")
	topic := amy.take()
	for _, d := range []*desk{amy, ben, cat} {
		d.forget()
	}
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "queue", "queueName": "support", "note": "Please help."}))
	assert.Equal(t, object{"requestAction": "conference", "mode": "queue"}, amy.last("agentAssistanceRequestPlaced"))

	var tasks []any
	for i, d := range []*desk{ben, cat, ben, cat} {
		offer := d.last("taskRequest")
		assert.Equal(t, "DIRECT_CONFERENCE", offer["taskDirection"])
		assert.Equal(t, "Please help.", offer["note"])
		assert.Equal(t, "amy", offer["requestedBy"])
		assert.NotContains(t, tasks, offer["taskId"], "each offer is a task of its own")
		tasks = append(tasks, offer["taskId"])
		assert.Len(t, d.all("taskRequest"), 1+i/2)
		s.clock.Advance(5 * time.Second)
		assert.Len(t, d.all("revokeTask"), 1+i/2)
	}
	gone := amy.cim("NO_AGENT_AVAILABLE")
	require.Len(t, gone, 1)
	assert.Equal(t, "DIRECT_CONFERENCE", gone[0]["data"].(object)["requestType"].(object)["direction"])
	assert.Empty(t, amy.all("topicUnsubscription"), "the one who asked is still in it")
	s.clock.Advance(time.Hour)
	assert.Len(t, ben.all("taskRequest"), 2)
	assert.Len(t, amy.cim("NO_AGENT_AVAILABLE"), 1)
	assert.Equal(t, agentmanager.StageActive, c.Stage())
}

func TestARequestWaitsForAnAgent(t *testing.T) {
	s := newStage(t)
	amy := s.ready("amy")
	s.customer("sales")
	topic := amy.take()
	amy.send("directConferenceRequest", amy.request(topic, object{"mode": "queue", "queueName": "support"}))
	waiting := amy.cim("TASK_ENQUEUED")
	require.Len(t, waiting, 1)
	assert.Equal(t, "support", waiting[0]["data"].(object)["queue"].(object)["name"])
	s.clock.Advance(10 * time.Second)
	ben := s.ready("ben")
	ben.take()
	assert.Len(t, amy.cim("AGENT_SUBSCRIBED"), 2, "amy's own, and ben's")
	s.clock.Advance(time.Minute)
	assert.Empty(t, amy.cim("NO_AGENT_AVAILABLE"))
}

func TestAMTask10TakingAnOfferOpensTheConversation(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	_, c := s.customer("sales")
	offer := d.last("taskRequest")
	d.forget()
	sub := d.subscription(offer)
	d.send("topicSubscription", sub)
	topic := d.last("onTopicData")
	data := topic["topicData"].(object)
	assert.Equal(t, c.ID(), topic["conversationId"])
	assert.Equal(t, offer["taskId"], topic["taskId"])
	assert.Equal(t, "Kim", data["customer"].(object)["firstName"])
	assert.Equal(t, sub["topicParticipant"].(object)["id"], data["topicParticipant"].(object)["id"])
	said := 0
	for _, e := range data["topicEvents"].([]any) {
		if e.(object)["name"] == "CUSTOMER_MESSAGE" {
			said++
			assert.Equal(t, "Where is my lamp?", e.(object)["data"].(object)["body"].(object)["markdownText"])
		}
	}
	assert.Equal(t, 1, said)
	require.Len(t, d.cim("AGENT_SUBSCRIBED"), 1)
	for _, h := range d.heard {
		assert.Equal(t, h.event == "onTopicData", h.replied != nil, "%s: only onTopicData is to be acknowledged", h.event)
		if h.replied != nil {
			h.replied(json.RawMessage(`{"status":"ok"}`))
			assert.Empty(t, s.violations())
			h.replied(json.RawMessage(`null`))
			assert.Equal(t, []string{"AM-TASK-11"}, s.violations())
		}
	}
}

func TestAMTask17OffersGoToThoseWhoAreReady(t *testing.T) {
	s := newStage(t, func(o *agentmanager.Options) {
		o.Domains = []agentmanager.Domain{{ID: "mrd-chat", Name: "CHAT", MaxTasks: 2}, {ID: "mrd-voice", Name: "VOICE", MaxTasks: 1}}
	})
	amy, ben, cat := s.connect("amy"), s.ready("ben"), s.ready("cat")
	ben.domain("NOT_READY")
	require.NoError(t, cat.agent.SetDomain("mrd-chat", agentmanager.DomainInterrupted))
	s.customer("sales")
	for _, d := range []*desk{amy, ben, cat} {
		assert.Empty(t, d.all("taskRequest"))
	}
	amy.goes("READY")
	require.Len(t, amy.all("taskRequest"), 1, "as soon as amy is ready")
	amy.take()
	s.customer("sales")
	require.Len(t, amy.all("taskRequest"), 2, "ACTIVE below the maximum")
	amy.take()
	s.customer("sales")
	assert.Len(t, amy.all("taskRequest"), 2, "BUSY")
	amy.leave(amy.last("onTopicData"))
	assert.Len(t, amy.all("taskRequest"), 3, "ACTIVE again")
	s.customer("sales")
	assert.Len(t, amy.all("taskRequest"), 3, "what is offered takes room, too")
	ben.domain("READY")
	assert.Len(t, ben.all("taskRequest"), 1)
}

func TestOffersGoToWhoeverHasWaitedLongest(t *testing.T) {
	s := newStage(t)
	amy, ben := s.ready("amy"), s.ready("ben")
	for range 4 {
		s.customer("sales")
	}
	assert.Len(t, amy.all("taskRequest"), 2)
	assert.Len(t, ben.all("taskRequest"), 2)
}

func TestAMTask18WhatCannotBeTakenIsRefused(t *testing.T) {
	s := newStage(t)
	amy, ben := s.ready("amy"), s.connect("ben")
	s.customer("sales")
	offer := amy.last("taskRequest")
	refused := func(d *desk, payload object, requirement ...string) {
		t.Helper()
		before, topics := len(s.violations()), len(d.all("onTopicData"))
		d.send("topicSubscription", payload)
		status, _ := d.failure()
		assert.Contains(t, []int{400, 403, 409}, status)
		assert.Equal(t, "topicSubscription", d.last("errors")["task"])
		assert.Len(t, d.all("onTopicData"), topics)
		broken := append([]string{}, s.violations()[before:]...)
		assert.ElementsMatch(t, requirement, broken)
	}
	with := func(d *desk, f func(object)) object {
		sub := d.subscription(offer)
		f(sub)
		return sub
	}
	refused(ben, ben.subscription(offer), "AM-TASK-02")
	refused(amy, with(amy, func(o object) { o["taskId"] = "nothing:here" }), "AM-TASK-02")
	refused(amy, with(amy, func(o object) { o["taskId"] = o["conversationId"] }), "AM-TASK-02")
	refused(amy, with(amy, func(o object) { o["conversationId"] = "elsewhere" }), "AM-TASK-02")
	refused(amy, with(amy, func(o object) { delete(o, "roomInfo") }), "AM-TASK-03")
	refused(amy, with(amy, func(o object) { o["agentId"] = ben.id() }), "AM-TASK-03")
	refused(amy, object{"conversationId": offer["conversationId"], "taskId": offer["taskId"]}, "AM-TASK-03")
	refused(amy, with(amy, func(o object) { delete(o["topicParticipant"].(object), "participant") }), "AM-TASK-04")
	refused(amy, with(amy, func(o object) { o["topicParticipant"].(object)["participant"].(object)["id"] = ben.id() }), "AM-TASK-04")
	refused(amy, with(amy, func(o object) { o["topicParticipant"].(object)["conversationId"] = "elsewhere" }), "AM-TASK-04")
	refused(amy, with(amy, func(o object) { o["topicParticipant"].(object)["role"] = "ASSISTANT" }), "AM-TASK-05")
	sub := amy.subscription(offer)
	amy.send("topicSubscription", sub)
	require.Len(t, amy.all("onTopicData"), 1)
	refused(amy, sub, "AM-TASK-02")

	s.customer("sales")
	offer = amy.last("taskRequest")
	refused(amy, with(amy, func(o object) { o["topicParticipant"].(object)["id"] = sub["topicParticipant"].(object)["id"] }), "AM-TASK-04")
	late := amy.subscription(offer)
	s.clock.Advance(5 * time.Second)
	refused(amy, late) // It may have crossed with revokeTask: whether it broke AM-TASK-09 is for those to say who know when the desk had that.
}

func TestOlderDesksAreUnderstood(t *testing.T) {
	s := newStage(t, func(o *agentmanager.Options) { o.Dialect = agentmanager.Legacy2023 })
	d := s.ready("amy")
	s.customer("sales")
	sub := d.subscription(d.last("taskRequest"))
	delete(sub, "roomInfo")
	p := sub["topicParticipant"].(object)
	p["topicId"] = p["conversationId"]
	delete(p, "conversationId")
	d.send("topicSubscription", sub)
	topic := d.last("onTopicData")
	ben := s.ready("ben")
	queue := ben.all("agentPresence")
	require.NotEmpty(t, queue)
	sales := topic["topicData"].(object)["channelSession"].(object)["channel"].(object)["channelConfig"].(object)["routingPolicy"].(object)["routingObjectId"]
	d.send("directTransferRequest", d.request(topic, object{"mode": "queue", "queueId": sales}))
	assert.Equal(t, "CHAT TRANSFERRED", d.last("topicUnsubscription")["reason"])
	ben.take()
	assert.Empty(t, s.violations())
}

func TestACustomerWhoLeavesTakesTheOfferAlong(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	kim, c := s.customer("sales")
	require.NoError(t, kim.Leave())
	assert.Equal(t, "CANCELLED", d.last("revokeTask")["reason"])
	assert.Equal(t, agentmanager.StageClosed, c.Stage())
	s.clock.Advance(time.Minute)
	assert.Len(t, d.all("taskRequest"), 1)
	require.ErrorIs(t, kim.Type(), agentmanager.ErrOver)
	require.ErrorIs(t, c.Close("late"), agentmanager.ErrOver)
}

func TestAnOfferGoesToTheNextWhenItsAgentSignsOut(t *testing.T) {
	s := newStage(t)
	amy, ben := s.ready("amy"), s.ready("ben")
	_, c := s.customer("sales")
	require.Len(t, amy.all("taskRequest"), 1)
	amy.goes("LOGOUT")
	assert.Equal(t, c.ID(), ben.last("taskRequest")["conversationId"])
	amy.socket.Gone("client disconnect")
	amy = s.reconnect(amy.user, "")
	amy.goes("READY")
	s.clock.Advance(5 * time.Second)
	assert.Len(t, amy.all("taskRequest"), 1, "the next is amy again")
}

func TestAReconnectedDeskGetsItsConversationsBack(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	kim, c := s.customer("sales")
	d.take()
	d.socket.Gone("transport close")
	_, err := kim.Say(agentmanager.Plain("Hello?"))
	require.NoError(t, err)
	back := s.reconnect(d.user, "")
	topic := back.last("onTopicData")
	assert.Equal(t, c.ID(), topic["conversationId"])
	events := topic["topicData"].(object)["topicEvents"].([]any)
	assert.Equal(t, "Hello?", events[len(events)-1].(object)["data"].(object)["body"].(object)["markdownText"])
	assert.Empty(t, s.violations())
}

func TestTwoConversationsAreKeptApart(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	_, first := s.customer("sales")
	firstOffer := d.last("taskRequest")
	kim, second := s.customer("sales")
	topic := d.take()
	assert.Equal(t, second.ID(), topic["conversationId"])
	d.says(topic, "You are second.")
	assert.Len(t, kim.Received(), 1)
	d.send("topicSubscription", d.subscription(firstOffer))
	assert.Equal(t, first.ID(), d.last("onTopicData")["conversationId"])
	d.leave(topic)
	assert.Equal(t, agentmanager.RolePrimary, first.RoleOf(d.agent))
	d.says(d.last("onTopicData"), "And you are first.")
	assert.Empty(t, s.violations())
}

func TestUnknownEventsAreRefusedAndNamesThatAreNearlyRightAreHinted(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	d.send("rejectTask", object{"conversationId": "c"})
	status, msg := d.failure()
	assert.Equal(t, 404, status)
	assert.Contains(t, msg, "rejectTask")
	assert.Empty(t, s.violations())
	d.send("topicUnsubscription_", object{"conversationId": "c", "agentId": d.id()})
	_, msg = d.failure()
	assert.Contains(t, msg, "is called topicUnsubscription")
	d.send("joinAsSilentMonitor", object{})
	assert.Equal(t, []string{"AM-LEAVE-01", "AM-MON-01"}, s.violations())
}

func TestWhatIsNoPayloadIsRefused(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	for _, event := range []string{"changeAgentState", "topicSubscription", "publishCimEvent", "topicUnsubscription", "JoinAsBargin", "deletePullModeRequest", "directTransferRequest"} {
		for _, raw := range []string{`null`, `7`, `"text"`, `[]`, `{}`, `{"agentId":{}}`} {
			before := len(d.all("errors"))
			d.socket.Receive(event, []json.RawMessage{json.RawMessage(raw)}, nil)
			assert.Len(t, d.all("errors"), before+1, "%s %s", event, raw)
		}
		d.socket.Receive(event, nil, nil)
	}
	for _, id := range s.violations() {
		assert.NotEmpty(t, id)
	}
}

func TestADeskThatAsksForAnAcknowledgementGetsOne(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	var answers []any
	d.socket.Receive("changeAgentState", []json.RawMessage{must(json.Marshal(object{"agentId": d.id(), "action": "agentState", "state": object{"name": "READY", "reasonCode": nil}}))}, func(a any) { answers = append(answers, a) })
	assert.Equal(t, []any{map[string]string{"status": "ok"}}, answers)
}

func TestEveryEventIsInTheJournal(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	_, c := s.customer("sales")
	topic := d.take()
	d.says(topic, "Hello.")
	entries := s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Frame && e.From == agentmanager.PartyManager })
	assert.Len(t, entries, len(d.heard))
	for i, e := range entries {
		assert.Equal(t, d.heard[i].event, e.Name)
	}
	sent := s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Frame && e.From == agentmanager.PartyDesk })
	var names []string
	for _, e := range sent {
		names = append(names, e.Name)
	}
	assert.Equal(t, []string{"CONNECT", "changeAgentState", "topicSubscription", "publishCimEvent"}, names)
	assert.Equal(t, c.ID(), sent[3].Conversation)
}

func TestATaskOfAnyDirectionThatIsOffered(t *testing.T) {
	for _, direction := range []agentmanager.Direction{
		agentmanager.Inbound, agentmanager.Outbound, agentmanager.Consult, agentmanager.ConsultTransfer, agentmanager.ConsultConference, agentmanager.DirectTransfer, agentmanager.DirectConference,
	} {
		s := newStage(t)
		d := s.ready("amy")
		c, err := s.Customer(agentmanager.Person{FirstName: "Kim"}).Start(agentmanager.Request{Direction: direction})
		require.NoError(t, err)
		assert.Equal(t, string(direction), d.last("taskRequest")["taskDirection"])
		d.take()
		want := agentmanager.RolePrimary
		if direction == agentmanager.Consult {
			want = agentmanager.RoleAssistant
		}
		assert.Equal(t, want, c.RoleOf(d.agent), direction)
		assert.Empty(t, s.violations())
	}
	s := newStage(t)
	for _, direction := range []agentmanager.Direction{agentmanager.SilentMonitoring, "SIDEWAYS"} {
		_, err := s.Customer(agentmanager.Person{FirstName: "Kim"}).Start(agentmanager.Request{Direction: direction})
		require.ErrorContains(t, err, string(direction))
	}
}

func TestAConversationThatIsGivenIsTakenUnasked(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	c, err := s.Customer(agentmanager.Person{FirstName: "Kim"}).Start(agentmanager.Request{Routing: agentmanager.ExternalMode})
	require.NoError(t, err)
	require.ErrorIs(t, c.Give(s.Agent("ben")), agentmanager.ErrAway)
	require.NoError(t, c.Give(d.agent))
	assert.Equal(t, "STARTED", d.last("taskRequest")["taskState"].(object)["name"])
	d.take()
	assert.Equal(t, agentmanager.RolePrimary, c.RoleOf(d.agent))
	assert.Empty(t, s.violations())
	require.ErrorContains(t, c.Give(d.agent), "already")
}

func TestWhatIsSentAsItIsIsNeverWithheld(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	s.customer("sales")
	require.NoError(t, s.Withhold("onTopicData"))
	d.send("topicSubscription", d.subscription(d.last("taskRequest")))
	assert.Empty(t, d.all("onTopicData"))
	require.NoError(t, d.agent.Emit("onTopicData", json.RawMessage(`{"topicData": null}`)))
	assert.Equal(t, []any{object{"topicData": nil}}, d.all("onTopicData"))
	require.NoError(t, s.Release("onTopicData"))
	assert.Len(t, d.all("onTopicData"), 2)
}
