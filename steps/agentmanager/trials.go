package agentmanager

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// trials are the turns of a rehearsal: amy works at one desk, sue supervises at another, ben is consulted at a third.
var trials = []trial{
	{name: "sign in", prepare: (*rehearsal).opens, act: func(r *rehearsal) error { return r.signedIn("amy") }},
	{name: "state", needs: []string{"sign in"}, act: func(r *rehearsal) error { return r.seesState("amy", "NOT_READY") }},
	{name: "set state", needs: []string{"sign in"}, act: (*rehearsal).goesReady},
	{name: "MRD state", needs: []string{"set state"}, act: func(r *rehearsal) error { return r.seesDomain("amy", "MAIL", r.domainState("MAIL")) }},
	{name: "set MRD", needs: []string{"set state"}, act: (*rehearsal).turnsDomain},

	{name: "offers", needs: []string{"set state"}, prepare: (*rehearsal).asks, act: func(r *rehearsal) error { return r.seesOffer("amy", r.who) }},
	{name: "accept offer", needs: []string{"set state"}, prepare: (*rehearsal).asks, act: func(r *rehearsal) error { return r.accepted("amy", r.who) }},
	{name: "text", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: func(r *rehearsal) error { return r.seesText("amy", r.words()) }},
	{name: "messages", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: func(r *rehearsal) error { return r.seesIn("amy", r.words(), r.who) }},
	{name: "conversations", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: func(r *rehearsal) error {
		return r.seesMessages("amy", "conversations", r.who, "one conversation", func(found []string) bool { return holding(found, r.who) == 1 })
	}},
	{name: "typing", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: func(r *rehearsal) error {
		if err := r.customerTypes(r.who); err != nil {
			return err
		}
		return r.seesMessages("amy", "typing", r.who, "that the customer types", func(found []string) bool { return len(found) == 1 })
	}},
	{name: "time to answer", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: func(r *rehearsal) error {
		if err := r.sla(r.who, "begins"); err != nil {
			return err
		}
		return r.seesMessages("amy", "time to answer", r.who, "a time to answer", func(found []string) bool { return len(found) == 1 })
	}},
	{name: "open conversation", needs: []string{"accept offer", "messages"}, prepare: (*rehearsal).talksToTwo, act: (*rehearsal).turns},
	{name: "send text", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: func(r *rehearsal) error {
		return r.received(r.says("amy", "A new lamp is under way.", r.who), "A new lamp is under way.")
	}},
	{name: "reply to", needs: []string{"accept offer"}, prepare: (*rehearsal).asksAgain, act: (*rehearsal).replies},
	{name: "type", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: func(r *rehearsal) error {
		return r.then(r.typesTo("amy", "I am about to", r.who), "amy", "publishCimEvent", `{"conversationId": "%s", "cimEvent": {"name": "TYPING_INDICATOR"}}`)
	}},
	{name: "pick session", needs: []string{"send text"}, prepare: (*rehearsal).talksByTwoChannels, act: (*rehearsal).answersByTheSecond},
	{name: "pause", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: func(r *rehearsal) error {
		return r.then(r.with("amy", "pause", r.who, map[string]string{"minutes": "2"}), "amy", "pauseConversation", `{"conversationId": "%s"}`)
	}},
	{name: "resume", needs: []string{"pause"}, act: func(r *rehearsal) error {
		return r.then(r.with("amy", "resume", r.who, nil), "amy", "resumeConversation", `{"conversationId": "%s"}`)
	}},

	{name: "transfer", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: asksForQueue("transfer", "directTransferRequest")},
	{name: "transfer to agent", needs: []string{"accept offer"}, prepare: (*rehearsal).talksBesideBen, act: asksForBen("transfer to agent", "directTransferRequest")},
	{name: "conference", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: asksForQueue("conference", "directConferenceRequest")},
	{name: "conference with agent", needs: []string{"accept offer"}, prepare: (*rehearsal).talksBesideBen, act: asksForBen("conference with agent", "directConferenceRequest")},
	{name: "consult", needs: []string{"accept offer"}, prepare: (*rehearsal).talksBesideBen, act: asksForQueue("consult", "consultRequest")},
	{name: "consult transfer", needs: []string{"consult"}, prepare: (*rehearsal).benIsConsulted, act: func(r *rehearsal) error {
		return r.then(r.toBen("consult transfer"), "amy", "consultTransferRequest", `{"conversationId": "%s", "requestedAgentId": "${ben.id}"}`)
	}},

	{name: "monitored", needs: []string{"accept offer"}, prepare: (*rehearsal).talksBesideSue, act: func(r *rehearsal) error { return r.canMonitor("sue", r.who) }},
	{name: "monitor", needs: []string{"accept offer"}, prepare: (*rehearsal).talksBesideSue, act: func(r *rehearsal) error {
		return r.joins(r.monitors("sue", r.who), agentmanager.RoleMonitor)
	}},
	{name: "join as whisper", needs: []string{"monitor"}, prepare: (*rehearsal).isMonitored, act: func(r *rehearsal) error {
		return r.then(r.with("sue", "join as whisper", r.who, nil), "sue", "joinAsWhisper", `{"conversationId": "%s"}`)
	}},
	{name: "whisper", needs: []string{"monitor"}, prepare: (*rehearsal).isWhisperedIn, act: (*rehearsal).isWhispered},
	{name: "whispers", needs: []string{"whisper"}, act: func(r *rehearsal) error { return r.seesWhisper("amy", secretWords, r.who) }},
	{name: "barge in", needs: []string{"monitor"}, prepare: (*rehearsal).isMonitored, act: func(r *rehearsal) error {
		return r.joins(r.with("sue", "barge in", r.who, nil), agentmanager.RolePrimary)
	}},
	{name: "participants", needs: []string{"barge in"}, act: func(r *rehearsal) error { return r.seesParticipant("amy", "sue", r.who) }},

	{name: "leave", needs: []string{"accept offer"}, prepare: (*rehearsal).talks, act: (*rehearsal).leave},
	{name: "wrap up", needs: []string{"leave"}, act: func(r *rehearsal) error {
		values := map[string]string{"category": "Support", "value": "Solved", "note": "A new lamp is under way."}
		return r.then(r.with("amy", "wrap up", r.who, values), "amy", "closeWrapup", `{"conversationId": "%s", "cimEvent": {"data": {"body": {"type": "WRAPUP"}}}}`)
	}},
	{name: "skip wrap-up", needs: []string{"leave"}, prepare: (*rehearsal).hasLeft, act: func(r *rehearsal) error {
		return r.then(r.with("amy", "skip wrap-up", r.who, nil), "amy", "closeWrapup", `{"conversationId": "%s", "cimEvent": null}`)
	}},

	{name: "join list", needs: []string{"set state"}, act: func(r *rehearsal) error {
		return r.then(r.does("amy", "join list", map[string]string{"list": listsOf[0]}), "amy", "subscribePullModeList", `{"list": {"name": "`+listsOf[0]+`"}}`)
	}},
	{name: "take request", needs: []string{"join list"}, prepare: (*rehearsal).waitsInList, act: func(r *rehearsal) error {
		return r.then(r.inList("take request"), "amy", "joinPullModeRequest", `{"channelSession": {"conversationId": "%s"}}`)
	}},
	{name: "delete request", needs: []string{"join list"}, prepare: (*rehearsal).waitsInList, act: func(r *rehearsal) error {
		return r.then(r.inList("delete request"), "amy", "deletePullModeRequest", `"<string>"`)
	}},
	{name: "leave list", needs: []string{"join list"}, act: func(r *rehearsal) error {
		return r.then(r.does("amy", "leave list", map[string]string{"list": listsOf[0]}), "amy", "unsubscribePullModeList", `{"listId": "<string>"}`)
	}},
	{name: "sign out", needs: []string{"sign in"}, act: func(r *rehearsal) error {
		return r.then(r.does("amy", "sign out", map[string]string{}), "amy", "changeAgentState", `{"action": "agentState", "state": {"name": "LOGOUT"}}`)
	}},
}

// secretWords are what sue whispers.
const secretWords = "Offer her the large one."

func (r *rehearsal) opens() error { return r.deskIsOpen("amy") }

func (r *rehearsal) goesReady() error {
	if err := r.setsState("amy", "READY"); err != nil {
		return err
	}
	s, err := r.working("amy")
	if err != nil {
		return err
	}
	return r.becomes(s, "changeAgentState to READY", func() bool { return r.agent("amy").State() == agentmanager.Ready })
}

// turnsDomain sets the state of a domain in which nothing goes on, and sets it back.
func (r *rehearsal) turnsDomain() error {
	s, err := r.working("amy")
	if err != nil {
		return err
	}
	for _, state := range []string{"NOT_READY", "READY"} {
		if err := r.setsDomain("amy", "MAIL", state); err != nil {
			return err
		}
		if err := r.becomes(s, "changeAgentState to "+state+" in the domain MAIL", func() bool { return r.domainState("MAIL") == state }); err != nil {
			return err
		}
	}
	return nil
}

// domainState is the state of a routing domain as amy's desk was told last.
func (r *rehearsal) domainState(domain string) string {
	presence, _ := r.lastTo(r.seats["amy"], "agentPresence", "").(map[string]any)
	told, _ := presence["agentPresence"].(map[string]any)
	domains, _ := told["agentMrdStates"].([]any)
	for _, one := range domains {
		place, _ := one.(map[string]any)
		if mrd, _ := place["mrd"].(map[string]any); mrd["name"] == domain {
			return fmt.Sprint(place["state"])
		}
	}
	return ""
}

// then sees what a verb has sent; %s in the pattern is the conversation's id.
func (r *rehearsal) then(err error, name, event, pattern string) error {
	if err != nil {
		return err
	}
	if c := r.customers[r.who]; c != nil {
		pattern = strings.ReplaceAll(pattern, "%s", c.conversation.ID())
	}
	return r.sendsWith(name, event, &godog.DocString{Content: pattern})
}

// received sees that what was said has reached the customer.
func (r *rehearsal) received(err error, text string) error {
	if err != nil {
		return err
	}
	return r.hasReceived(r.who, text)
}

// joins sees that sue is in the conversation in a role.
func (r *rehearsal) joins(err error, role agentmanager.Role) error {
	if err != nil {
		return err
	}
	return r.isIn("sue", r.who, role)
}

// talksToTwo has amy in two conversations. The trial is about the first of them.
func (r *rehearsal) talksToTwo() error {
	if err := r.talks(); err != nil {
		return err
	}
	const second = "Dora"
	if err := r.asksWith(second, "The lamp of Dora is broken."); err != nil {
		return err
	}
	if err := r.offered("amy", second); err != nil {
		return err
	}
	return r.accepted("amy", second)
}

// turns opens one conversation after the other, and sees the messages of no other.
func (r *rehearsal) turns() error {
	for _, who := range []string{"Dora", r.who} {
		if err := r.with("amy", "open conversation", who, nil); err != nil {
			return err
		}
		c, err := r.customer(who)
		if err != nil {
			return err
		}
		values := map[string]string{"customer": c.visible(), "conversation": c.conversation.ID()}
		err = r.sees("amy", "messages", values, "the messages of "+who+" and of nobody else", func(found []string) bool {
			return holding(found, "The lamp of "+who) == 1 && holding(found, "The lamp of") == 1
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// asksAgain has the customer whom amy talks to say something more.
func (r *rehearsal) asksAgain() error {
	if err := r.talks(); err != nil {
		return err
	}
	return r.customerSays(r.who, question)
}

// question is what is answered.
const question = "Which one can you send?"

// replies sees that the answer names the message, in one of the two ways that there are.
func (r *rehearsal) replies() error {
	const answer = "The large one."
	if err := r.received(r.answers("amy", question, r.who, answer), answer); err != nil {
		return err
	}
	said := r.customers[r.who].said[question]
	ways := []any{
		expect.Decode(fmt.Appendf(nil, `{"cimEvent": {"data": {"id": %q}}}`, said)),
		expect.Decode(fmt.Appendf(nil, `{"cimEvent": {"data": {"header": {"intent": "REPLY_TO", "originalMessageId": %q}}}}`, said)),
	}
	_, named := r.Journal.Find(r.mark, func(e journal.Entry) bool {
		return isFrom(r.seats["amy"], "publishCimEvent")(e) && slices.ContainsFunc(ways, func(way any) bool {
			_, fits := expect.Fits(way, payload(e), e.Name)
			return fits
		})
	})
	if !named {
		return &steps.Failure{Expected: "a message that names the one that it answers", Recorded: "it was sent as a message of its own"}
	}
	return nil
}

// talksByTwoChannels has amy in a conversation whose customer writes by two channels.
func (r *rehearsal) talksByTwoChannels() error {
	if err := r.talks(); err != nil {
		return err
	}
	return r.customerOpens(r.who, secondChannel)
}

// secondChannel is one by which no customer begins.
const secondChannel = "WHATSAPP"

// answersByTheSecond picks the second channel, and sees that what is said then goes there.
func (r *rehearsal) answersByTheSecond() error {
	if err := r.picks("amy", secondChannel, r.who); err != nil {
		return err
	}
	c, err := r.customer(r.who)
	if err != nil {
		return err
	}
	sessions := c.conversation.SessionIDs()
	pattern := fmt.Sprintf(`{"cimEvent": {"data": {"header": {"channelSessionId": %q}}}}`, sessions[len(sessions)-1])
	return r.then(r.says("amy", "Can you send a picture?", r.who), "amy", "publishCimEvent", pattern)
}

// toQueue and toBen say to whom a verb hands over.
func (r *rehearsal) toQueue(verb string) error {
	return r.with("amy", verb, r.who, map[string]string{"queue": "Billing", "note": "She has waited long."})
}

func (r *rehearsal) toBen(verb string) error {
	return r.with("amy", verb, r.who, map[string]string{"agent": "ben", "agent name": fullName("ben")})
}

// asksForQueue and asksForBen see that a desk has asked for somebody else.
func asksForQueue(verb, event string) func(*rehearsal) error {
	return func(r *rehearsal) error {
		return r.then(r.toQueue(verb), "amy", event, `{"agentParticipant": {"conversationId": "%s"}, "mode": "queue", "queueName": "Billing"}`)
	}
}

func asksForBen(verb, event string) func(*rehearsal) error {
	return func(r *rehearsal) error {
		return r.then(r.toBen(verb), "amy", event, `{"agentParticipant": {"conversationId": "%s"}, "mode": "agent", "requestedAgentId": "${ben.id}"}`)
	}
}

// talksBesideBen has ben signed in.
func (r *rehearsal) talksBesideBen() error { return r.talksBeside("ben") }

// talksBesideSue has sue signed in.
func (r *rehearsal) talksBesideSue() error { return r.talksBeside("sue") }

func (r *rehearsal) talksBeside(name string) error {
	if err := r.talks(); err != nil {
		return err
	}
	if s := r.seats[name]; s != nil && s.page != nil {
		return nil
	}
	return r.signedIn(name)
}

// benIsConsulted waits until ben has accepted what amy consults about.
func (r *rehearsal) benIsConsulted() error {
	if err := r.talksBesideBen(); err != nil {
		return err
	}
	if err := r.setsState("ben", "READY"); err != nil {
		return err
	}
	if err := r.toQueue("consult"); err != nil {
		return err
	}
	if err := r.offered("ben", r.who); err != nil {
		return err
	}
	return r.accepted("ben", r.who)
}

// isMonitored has sue monitor amy.
func (r *rehearsal) isMonitored() error {
	if err := r.talksBesideSue(); err != nil {
		return err
	}
	return r.joins(r.monitors("sue", r.who), agentmanager.RoleMonitor)
}

// isWhisperedIn has sue where she can whisper: some desks let her do so at once, others want her to join for it.
func (r *rehearsal) isWhisperedIn() error {
	if err := r.isMonitored(); err != nil || r.found["join as whisper"].Outcome != Works {
		return err
	}
	return r.joins(r.with("sue", "join as whisper", r.who, nil), agentmanager.RoleAssistant)
}

// isWhispered sees that what sue whispers is for the agents only.
func (r *rehearsal) isWhispered() error {
	pattern := fmt.Sprintf(`{"conversationId": "%%s", "cimEvent": {"name": "WHISPER_MESSAGE", "data": {"body": {"markdownText": %q}}}}`, secretWords)
	if err := r.then(r.whispers("sue", secretWords, r.who), "sue", "publishCimEvent", pattern); err != nil {
		return err
	}
	return r.hasNotReceived(r.who, secretWords)
}

func (r *rehearsal) leave() error {
	return r.then(r.with("amy", "leave", r.who, nil), "amy", "topicUnsubscription", `{"conversationId": "%s"}`)
}

func (r *rehearsal) hasLeft() error {
	if err := r.talks(); err != nil {
		return err
	}
	return r.leave()
}

// waitsInList has a customer's request wait in the list that amy has joined.
func (r *rehearsal) waitsInList() error {
	if err := r.next(); err != nil {
		return err
	}
	return r.putsRequest(r.who, listsOf[0])
}

func (r *rehearsal) inList(verb string) error {
	return r.with("amy", verb, r.who, map[string]string{"list": listsOf[0]})
}
