package agentmanager

import (
	"encoding/json"
	"fmt"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
)

// deskEvent is what the manager does about an event of a desk.
type deskEvent struct {
	handle func(s *Socket, payload json.RawMessage) *refusal
	// own is the requirement that agentId is that of the session, empty where the event has none or the handler sees to it.
	own string
}

// deskEvents are all events that a desk can send.
var deskEvents = map[string]deskEvent{
	"changeAgentState":         {handle: taking((*Socket).changeState)},
	"topicSubscription":        {handle: taking((*Socket).subscribe), own: "AM-TASK-03"},
	"topicUnsubscription":      {handle: taking((*Socket).leave), own: "AM-LEAVE-01"},
	"publishCimEvent":          {handle: taking((*Socket).publish), own: "AM-CIM-01"},
	"closeWrapup":              {handle: taking((*Socket).closeWrapUp), own: "AM-CIM-21"},
	"directTransferRequest":    {handle: taking((*Socket).transfer)},
	"directConferenceRequest":  {handle: taking((*Socket).conference)},
	"consultRequest":           {handle: taking((*Socket).consult)},
	"consultTransferRequest":   {handle: taking((*Socket).consultTransfer)},
	"consultConferenceRequest": {handle: taking((*Socket).consultConference)},
	"pauseConversation":        {handle: taking((*Socket).pause)},
	"resumeConversation":       {handle: taking((*Socket).resume)},
	"JoinAsSilentMonitor":      {handle: taking((*Socket).monitor), own: "AM-MON-01"},
	"JoinAsBargin":             {handle: taking((*Socket).bargeIn)},
	"joinAsWhisper":            {handle: taking((*Socket).whisper)},
	"subscribePullModeList":    {handle: taking((*Socket).subscribeList), own: "AM-TASK-21"},
	"unsubscribePullModeList":  {handle: taking((*Socket).unsubscribeList), own: "AM-TASK-21"},
	"joinPullModeRequest":      {handle: taking((*Socket).joinRequest), own: "AM-TASK-21"},
	"deletePullModeRequest":    {handle: taking((*Socket).deleteRequest)},
}

// taking is a handler of the payload that the schema of its event describes.
func taking[T any](f func(*Socket, T) *refusal) func(*Socket, json.RawMessage) *refusal {
	return func(s *Socket, payload json.RawMessage) *refusal {
		var in T
		if err := json.Unmarshal(payload, &in); err != nil {
			return refuse(400, "", "the payload cannot be read: %v", err)
		}
		return f(s, in)
	}
}

// aliases are names that other documents have for an event, and that are taken for it.
var aliases = map[string]string{"JoinAsBargeIn": "JoinAsBargin", "joinAsBargeIn": "JoinAsBargin"}

// misnomers are names that a document has by mistake and no manager knows, with the right one and the requirement that says so.
var misnomers = map[string]struct{ right, requirement string }{
	"topicUnsubscription_": {"topicUnsubscription", "AM-LEAVE-01"},
	"joinAsSilentMonitor":  {"JoinAsSilentMonitor", "AM-MON-01"},
	"JoinAsWhisper":        {"joinAsWhisper", "AM-MON-12"},
	"JoinAsBargIn":         {"JoinAsBargin", "AM-MON-08"},
}

// Receive takes an event of the desk. Of its arguments the first counts; acknowledge is called once with an answer if the desk asked for one, and is nil otherwise.
func (s *Socket) Receive(event string, args []json.RawMessage, acknowledge func(answer any)) {
	m := s.manager
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	payload, note := json.RawMessage("null"), ""
	if len(args) > 0 {
		payload = args[0]
	}
	if len(args) > 1 {
		note = fmt.Sprintf("The event has %d arguments; only the first counts.", len(args))
	}
	said := event
	if right, alias := aliases[event]; alias {
		event, note = right, fmt.Sprintf("%s is taken for %s, as the public desks call it (AM-MON-08).", said, right)
	}
	conversation := conversationIn(payload)
	m.record(journal.Entry{Kind: journal.Frame, From: s.party, To: PartyManager, Name: said, Conversation: conversation, Note: s.annotate(event, payload, note)},
		frame{Socket: s.number, Agent: s.agent.user.ID, Ack: acknowledge != nil, Payload: payload})
	if s.over {
		return // The journal says that it came, and when.
	}
	if acknowledge != nil {
		defer acknowledge(map[string]string{"status": "ok"})
	}
	if r := s.take(event, conversation, payload); r != nil {
		s.fail(event, conversation, r)
		if event == "changeAgentState" {
			s.agent.presence(false, nil)
		}
	}
}

// conversationIn is the conversation that a payload names, empty if it names none.
func conversationIn(payload json.RawMessage) string {
	var in struct {
		ConversationID any `json:"conversationId"`
	}
	_ = json.Unmarshal(payload, &in) // What is no object names none.
	id, _ := in.ConversationID.(string)
	return id
}

// annotate adds to the note of an event what is tolerated in it.
func (s *Socket) annotate(event string, payload json.RawMessage, note string) string {
	if event != "changeAgentState" || note != "" {
		return note
	}
	var change struct {
		Action string                     `json:"action"`
		State  map[string]json.RawMessage `json:"state"`
	}
	if json.Unmarshal(payload, &change) != nil || change.Action != "agentState" {
		return note
	}
	if _, there := change.State["reasonCode"]; !there {
		return "The state has no reasonCode, which is taken for null (AM-STATE-04)."
	}
	return note
}

// take holds an event against its schema and the session, and handles it; m.mu is held.
func (s *Socket) take(event, conversation string, payload json.RawMessage) *refusal {
	e, known := deskEvents[event]
	if !known {
		if wrong, is := misnomers[event]; is {
			return refuse(404, wrong.requirement, "no manager knows %s; the event is called %s", event, wrong.right)
		}
		return refuse(404, "", "there is no event %s", event)
	}
	if r := s.check(event, conversation, payload); r != nil {
		return r
	}
	if s.agent.state == Logout && event != "changeAgentState" {
		return refuse(409, "", "the agent has signed out") // It may have crossed with a log-out that was forced.
	}
	var whose struct {
		AgentID string `json:"agentId"`
	}
	if e.own != "" && json.Unmarshal(payload, &whose) == nil && whose.AgentID != s.agent.user.ID {
		return refuse(403, e.own, "agentId is %q, and the agent who has signed in is %q", whose.AgentID, s.agent.user.ID)
	}
	return e.handle(s, payload)
}

// tolerated are the requirements that say how well something is done, not what it takes to do it: what breaks the form of an event in these only is let pass.
var tolerated = map[string]bool{"AM-CONN-05": true, "AM-CIM-18": true, "AM-CIM-19": true}

// check writes down every breach of the schema of an event; the first that is not tolerated is the refusal.
func (s *Socket) check(event, conversation string, payload json.RawMessage) *refusal {
	var first *refusal
	for _, b := range fixtures.CheckAgentManager(string(s.manager.options.Dialect), "desk/"+event, payload) {
		note := fmt.Sprintf("at %q: %s", b.Pointer, b.Message)
		s.violation(event, conversation, b.Requirement, note, b)
		if first == nil && !tolerated[b.Requirement] {
			first = refuse(400, "", "%s (%s)", note, b.Requirement)
		}
	}
	return first
}
