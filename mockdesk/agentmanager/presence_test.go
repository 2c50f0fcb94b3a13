package agentmanager_test

import (
	"testing"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAMState18ANewSessionIsNotReady(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	assert.Equal(t, "NOT_READY", d.presence()["state"].(object)["name"])
	assert.Equal(t, "NOT_READY", d.domainState())
	place := d.presence()["agentMrdStates"].([]any)[0].(object)
	assert.Equal(t, "LOGIN", place["previousState"], "it has passed through LOGIN")
	for _, p := range d.all("agentPresence") {
		assert.NotEqual(t, "LOGOUT", p.(object)["agentPresence"].(object)["state"].(object)["name"])
	}
}

func TestAMState08EveryChangeIsAnswered(t *testing.T) {
	s := newStage(t, switched(func(s *agentmanager.Switches) { s.ReadyDomains = false }))
	d := s.connect("amy")
	lunch := object{"id": "1", "name": "Lunch", "type": "NOT_READY"}
	for i, step := range []struct {
		action, state string
		reason        any
		changed       bool
		own, domain   string
	}{
		{"agentMRDState", "READY", nil, false, "NOT_READY", "NOT_READY"},
		{"agentState", "READY", nil, true, "READY", "NOT_READY"},
		{"agentState", "READY", nil, false, "READY", "NOT_READY"},
		{"agentMRDState", "NOT_READY", nil, false, "READY", "NOT_READY"},
		{"agentMRDState", "READY", nil, true, "READY", "READY"},
		{"agentMRDState", "READY", nil, false, "READY", "READY"},
		{"agentState", "NOT_READY", lunch, true, "NOT_READY", "NOT_READY"},
		{"agentState", "NOT_READY", lunch, false, "NOT_READY", "NOT_READY"},
		{"agentState", "NOT_READY", nil, true, "NOT_READY", "NOT_READY"},
		{"agentState", "READY", nil, true, "READY", "NOT_READY"},
		{"agentState", "LOGOUT", nil, true, "LOGOUT", "LOGOUT"},
		{"agentState", "READY", nil, false, "LOGOUT", "LOGOUT"},
	} {
		d.forget()
		if step.action == "agentState" {
			d.send("changeAgentState", object{"agentId": d.id(), "action": step.action, "state": object{"name": step.state, "reasonCode": step.reason}})
		} else {
			d.domain(step.state)
		}
		require.Len(t, d.all("agentPresence"), 1, "step %d has one answer", i)
		want := map[bool]string{true: "AGENT_STATE_CHANGED", false: "AGENT_STATE_UNCHANGED"}[step.changed]
		assert.Equal(t, want, d.last("agentPresence")["action"], "step %d", i)
		assert.Equal(t, step.own, d.presence()["state"].(object)["name"], "step %d", i)
		assert.Equal(t, step.domain, d.domainState(), "step %d", i)
	}
}

func TestAMState07AReadyDomainNeedsAReadyAgent(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	d.forget()
	d.domain("READY")
	assert.Equal(t, "AGENT_STATE_UNCHANGED", d.last("agentPresence")["action"])
	assert.Equal(t, "NOT_READY", d.domainState())
	assert.Equal(t, []string{"AM-STATE-06"}, s.violations(), "the desk should not have asked")
	assert.Empty(t, d.all("errors"), "it is a SHOULD")
}

func TestAMState10GoingNotReadyTakesTheDomainsAlong(t *testing.T) {
	s := newStage(t)
	free, busy := s.ready("amy"), s.ready("ben")
	s.customer("support")
	topic := busy.take()
	assert.Equal(t, "ACTIVE", busy.domainState())
	for d, want := range map[*desk]string{free: "NOT_READY", busy: "PENDING_NOT_READY"} {
		d.forget()
		d.goes("NOT_READY")
		assert.Len(t, d.all("agentPresence"), 1, "in the same presence")
		assert.Equal(t, "NOT_READY", d.presence()["state"].(object)["name"])
		assert.Equal(t, want, d.domainState())
		assert.Equal(t, []any{"mrd-chat"}, d.last("agentPresence")["mrdStateChanges"])
	}
	busy.leave(topic)
	assert.Equal(t, "NOT_READY", busy.domainState(), "once the task is closed")
}

func TestADomainFollowsItsTasks(t *testing.T) {
	s := newStage(t, func(o *agentmanager.Options) {
		o.Domains = []agentmanager.Domain{{ID: "mrd-chat", Name: "CHAT", MaxTasks: 2}}
	})
	d := s.ready("amy")
	assert.Equal(t, "READY", d.domainState())
	s.customer("sales")
	assert.Equal(t, "READY", d.domainState(), "an offer is not yet a task")
	first := d.take()
	assert.Equal(t, "ACTIVE", d.domainState())
	s.customer("sales")
	second := d.take()
	assert.Equal(t, "BUSY", d.domainState())
	d.leave(first)
	assert.Equal(t, "ACTIVE", d.domainState())
	d.domain("NOT_READY")
	assert.Equal(t, "PENDING_NOT_READY", d.domainState())
	d.domain("READY")
	assert.Equal(t, "ACTIVE", d.domainState())
	d.leave(second)
	assert.Equal(t, "READY", d.domainState())
	assert.Empty(t, s.violations())
}

func TestTheSystemSetsADomainAndTakesItBack(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	for _, state := range []agentmanager.DomainState{agentmanager.DomainInterrupted, agentmanager.DomainUnknown, agentmanager.DomainReserved, agentmanager.DomainBusy} {
		require.NoError(t, d.agent.SetDomain("mrd-chat", state))
		assert.Equal(t, string(state), d.domainState())
	}
	s.customer("sales")
	assert.Empty(t, d.all("taskRequest"), "nothing is offered in such a domain")
	require.NoError(t, d.agent.SetDomain("mrd-chat", ""))
	assert.Equal(t, "READY", d.domainState())
	assert.Len(t, d.all("taskRequest"), 1, "and then it is")
	require.Error(t, d.agent.SetDomain("voice", agentmanager.DomainUnknown))
	assert.ErrorIs(t, s.Agent("ben").SetDomain("mrd-chat", agentmanager.DomainUnknown), agentmanager.ErrAway)
}

func TestAChangeThatIsMalformedIsRefusedAndAnswered(t *testing.T) {
	s := newStage(t)
	for _, tt := range []struct {
		payload     object
		requirement string
	}{
		{object{"action": "AGENT_STATE", "state": object{"name": "READY", "reasonCode": nil}}, "AM-STATE-01"},
		{object{"action": "agentState", "state": "READY"}, "AM-STATE-01"},
		{object{"action": "agentState", "state": object{"name": "AWAY", "reasonCode": nil}}, "AM-STATE-01"},
		{object{"action": "agentState", "state": object{"name": "READY", "reasonCode": object{"id": "1", "name": "Lunch"}}}, "AM-STATE-03"},
		{object{"action": "agentState", "state": object{"name": "NOT_READY", "reasonCode": "Lunch"}}, "AM-STATE-04"},
		{object{"action": "agentMRDState", "state": object{"name": "READY"}, "mrdId": "mrd-chat"}, "AM-STATE-05"},
		{object{"action": "agentMRDState", "state": "READY", "mrdId": "CHAT"}, "AM-STATE-05"},
		{object{"action": "agentState", "state": object{"name": "READY"}, "agentId": "amy"}, "AM-STATE-02"},
	} {
		d := s.connect("amy")
		d.forget()
		if tt.payload["agentId"] == nil {
			tt.payload["agentId"] = d.id()
		}
		before := len(s.violations())
		d.send("changeAgentState", tt.payload)
		assert.Equal(t, []string{tt.requirement}, s.violations()[before:], "%v", tt.payload)
		assert.Equal(t, []string{"errors", "agentPresence"}, d.events())
		assert.Equal(t, "AGENT_STATE_UNCHANGED", d.last("agentPresence")["action"])
		assert.Equal(t, agentmanager.NotReady, d.agent.State())
	}
}

func TestAReasonThatIsLeftOutIsNoted(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	d.send("changeAgentState", object{"agentId": d.id(), "action": "agentState", "state": object{"name": "LOGOUT"}})
	assert.Equal(t, agentmanager.Logout, d.agent.State())
	assert.Empty(t, s.violations())
	e, found := s.journal.Find(0, func(e journal.Entry) bool { return e.Name == "changeAgentState" && e.Note != "" })
	require.True(t, found)
	assert.Contains(t, e.Note, "AM-STATE-04")
}

func TestSigningOutGivesTheDeskTimeToGo(t *testing.T) {
	s := newStage(t)
	polite, rude := s.connect("amy"), s.connect("ben")
	polite.goes("LOGOUT")
	rude.goes("LOGOUT")
	assert.Equal(t, "LOGOUT", polite.presence()["state"].(object)["name"])
	polite.socket.Gone("client disconnect")
	s.clock.Advance(4 * time.Second)
	assert.False(t, rude.closed)
	s.clock.Advance(time.Second)
	assert.True(t, rude.closed)
	assert.False(t, polite.closed, "it went by itself")
	again := s.reconnect(polite.user, "")
	assert.Equal(t, "NOT_READY", again.presence()["state"].(object)["name"])
}

func TestALostDeskStaysSignedInForAWhile(t *testing.T) {
	s := newStage(t)
	d := s.ready("amy")
	d.socket.Gone("transport close")
	s.clock.Advance(29 * time.Second)
	back := s.reconnect(d.user, "")
	assert.Equal(t, "READY", back.presence()["state"].(object)["name"], "as it was")
	back.socket.Gone("transport close")
	s.clock.Advance(31 * time.Second)
	assert.Equal(t, agentmanager.Away, back.agent.State())
	assert.Equal(t, "NOT_READY", s.reconnect(d.user, "").presence()["state"].(object)["name"], "a new session")
}

func TestASupervisorChangesTheStateOfTheTeam(t *testing.T) {
	s := newStage(t)
	sue, amy, cat := s.connect("sue"), s.ready("amy"), s.ready("cat")
	change := func(by, of *desk, state string) {
		by.send("changeAgentState", object{"agentId": of.id(), "action": "agentState", "state": object{"name": state, "reasonCode": nil}})
	}
	change(sue, amy, "NOT_READY")
	assert.Equal(t, agentmanager.NotReady, amy.agent.State())
	assert.Equal(t, "NOT_READY", amy.presence()["state"].(object)["name"])
	change(sue, amy, "LOGOUT")
	assert.Equal(t, "FORCED_LOGOUT_BY_SUPERVISOR", amy.presence()["state"].(object)["reasonCode"].(object)["name"])
	assert.Empty(t, s.violations())
	change(sue, cat, "LOGOUT")
	assert.Equal(t, agentmanager.Ready, cat.agent.State(), "cat is of another team")
	change(cat, sue, "LOGOUT")
	assert.Equal(t, []string{"AM-STATE-02", "AM-STATE-02"}, s.violations())
}

func TestAForcedLogoutTakesEverythingAway(t *testing.T) {
	s := newStage(t)
	amy, ben := s.ready("amy"), s.connect("ben")
	_, c := s.customer("sales")
	amy.take()
	ben.goes("READY")
	require.NoError(t, amy.agent.ForceLogout())
	assert.Equal(t, "LOGOUT", amy.presence()["state"].(object)["name"])
	assert.Equal(t, c.ID(), ben.last("taskRequest")["conversationId"], "ben is offered what amy had")
	assert.ErrorIs(t, amy.agent.ForceLogout(), agentmanager.ErrAway)
}

func TestNothingIsTakenAfterSigningOut(t *testing.T) {
	s, _, topic, _ := talk(t)
	sue := s.connect("sue")
	sue.monitors(topic)
	sue.goes("LOGOUT")
	sue.send("topicSubscription", sue.subscription(sue.last("taskRequest")))
	status, msg := sue.failure()
	assert.Equal(t, 409, status)
	assert.Contains(t, msg, "signed out")
	assert.Empty(t, sue.all("onTopicData"))
	sue.socket.Gone("client disconnect")
	back := s.reconnect(sue.user, "")
	back.send("topicSubscription", back.subscription(sue.last("taskRequest")))
	_, msg = back.failure()
	assert.Contains(t, msg, "not offered any more")
	assert.Empty(t, s.violations())
}

func TestStatesCanBeRefused(t *testing.T) {
	s := newStage(t)
	d := s.connect("amy")
	require.NoError(t, s.RefuseStates(true))
	d.goes("READY")
	assert.Equal(t, "AGENT_STATE_UNCHANGED", d.last("agentPresence")["action"])
	require.NoError(t, s.RefuseStates(false))
	d.goes("READY")
	assert.Equal(t, "AGENT_STATE_CHANGED", d.last("agentPresence")["action"])
}
