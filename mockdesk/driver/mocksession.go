package driver

import (
	"errors"

	"deskcheck/mockdesk"
)

// sessionVerbs are those about one conversation. Their errors are those of the mock desk.
var sessionVerbs = map[Verb]func(*mockdesk.Conversation, Act) error{
	AgentAccept: byAgent(func(a *mockdesk.Agent, c *mockdesk.Conversation, _ Act) error { return last(a.Join(c)) }),
	AgentSay:    byAgent(say),
	AgentTyping: byAgent(types),
	AgentRead: byAgent(func(a *mockdesk.Agent, c *mockdesk.Conversation, act Act) error {
		if act.UpTo > 0 {
			return last(c.Emit(mockdesk.Event{Type: "messages.read", Data: map[string]any{"upTo": act.UpTo}}))
		}
		return last(a.Read(c))
	}),
	AgentLeave:     byAgent(func(a *mockdesk.Agent, c *mockdesk.Conversation, _ Act) error { return last(a.Leave(c)) }),
	AgentClose:     byAgent(func(a *mockdesk.Agent, c *mockdesk.Conversation, _ Act) error { return last(a.End(c)) }),
	Transfer:       transfer,
	AskScreenShare: byAgent(askScreen),
	Queue:          queue,
	DeskSay: func(c *mockdesk.Conversation, act Act) error {
		switch act.Variant {
		case "text":
			return last(c.Notice(act.Text))
		case "items":
			return last(c.Post(act.Items...))
		}
		return unknownVariant(act)
	},
	DeskClose: func(c *mockdesk.Conversation, act Act) error { return last(c.End(act.Reason)) },
	EchoClosure: func(c *mockdesk.Conversation, act Act) error {
		mode, known := map[string]mockdesk.EchoMode{"before": mockdesk.Before, "after": mockdesk.After}[act.Variant]
		if !known {
			return unknownVariant(act)
		}
		c.EchoEnd(mode)
		return nil
	},
	ExpireSession: func(c *mockdesk.Conversation, _ Act) error { return c.Expire() },
	BounceMessage: func(c *mockdesk.Conversation, act Act) error { return last(c.Bounce(act.Text, act.Reason)) },
	FileResult: func(c *mockdesk.Conversation, act Act) error {
		switch {
		case act.Variant == "ok":
			return last(c.FinishCheck(act.File, ""))
		case act.Variant == "fail" && act.Reason == "":
			return errors.New("reason: expected why the file is thrown away")
		case act.Variant == "fail":
			return last(c.FinishCheck(act.File, act.Reason))
		}
		return unknownVariant(act)
	},
	Emit: func(c *mockdesk.Conversation, act Act) error {
		if act.Event == "" {
			return errors.New("event: expected what the event is called")
		}
		return last(c.Emit(mockdesk.Event{Type: act.Event, Data: act.Fields}))
	},
	Garble: func(c *mockdesk.Conversation, act Act) error {
		c.Garble(act.Raw)
		return nil
	},
}

// last leaves the cursor of an event out.
func last(_ int, err error) error { return err }

// byAgent has an act be done by its agent.
func byAgent(do func(*mockdesk.Agent, *mockdesk.Conversation, Act) error) func(*mockdesk.Conversation, Act) error {
	return func(c *mockdesk.Conversation, act Act) error {
		if act.Agent == nil || act.Agent.ID == "" || act.Agent.Name == "" {
			return errors.New("agent: expected who does it, with id and name")
		}
		return do(agentOf(act.Agent), c, act)
	}
}

func agentOf(a *Agent) *mockdesk.Agent {
	return &mockdesk.Agent{ID: a.ID, Name: a.Name, AvatarURL: a.AvatarURL}
}

func say(a *mockdesk.Agent, c *mockdesk.Conversation, act Act) error {
	switch act.Variant {
	case "text":
		return last(a.Say(c, act.Text))
	case "html":
		return last(a.SayHTML(c, act.Text))
	case "items":
		return last(a.Send(c, act.Items...))
	}
	return unknownVariant(act)
}

// types has an agent type who need not have joined: some desks show that early.
func types(a *mockdesk.Agent, c *mockdesk.Conversation, act Act) error {
	if act.Variant != "on" && act.Variant != "off" {
		return unknownVariant(act)
	}
	_, err := a.Typing(c, act.Variant == "on")
	if !errors.Is(err, mockdesk.ErrNotJoined) || c.State() != mockdesk.Waiting {
		return err
	}
	return last(c.Emit(mockdesk.Event{Type: "agent.typing", Data: map[string]any{"agent": map[string]any{"id": a.ID, "name": a.Name}, "typing": act.Variant == "on"}}))
}

func transfer(c *mockdesk.Conversation, act Act) error {
	switch act.Variant {
	case "begin":
		return byAgent(func(a *mockdesk.Agent, c *mockdesk.Conversation, act Act) error {
			var to *mockdesk.Agent
			if act.To != nil {
				to = agentOf(act.To)
			}
			return last(a.Transfer(c, to))
		})(c, act)
	case "fail":
		return last(c.FailTransfer(act.Reason))
	}
	return unknownVariant(act)
}

func askScreen(a *mockdesk.Agent, c *mockdesk.Conversation, act Act) error {
	switch act.Variant {
	case "ask":
		return last(a.AskScreen(c))
	case "withdraw":
		return last(a.WithdrawScreen(c))
	case "stop":
		return last(a.StopScreen(c))
	}
	return unknownVariant(act)
}

func queue(c *mockdesk.Conversation, act Act) error {
	switch act.Variant {
	case "position":
		return last(c.QueueUpdate(mockdesk.QueueInfo{Position: &act.Position}))
	case "wait":
		return last(c.QueueUpdate(mockdesk.QueueInfo{WaitSeconds: &act.Seconds}))
	case "close":
		return last(c.CloseQueue(act.Reason))
	case "move":
		return last(c.Reroute(act.Queue, act.Position))
	}
	return unknownVariant(act)
}

// State implements Desk. Its revision is always 0: what is told here is told by the desk itself.
func (m *Mock) State() State {
	rules := m.desk.Uploads()
	s := State{Sessions: []Session{}, BlankLines: m.desk.BlankLines(), Kept: len(m.desk.Traffic().Kept), Rules: &rules}
	for _, q := range m.desk.Queries() {
		s.Queries = append(s.Queries, q.Queue)
	}
	for _, op := range everything {
		if held := m.desk.Held(op); held > 0 {
			if s.Held == nil {
				s.Held = map[string]int{}
			}
			s.Held[string(op)] = held
		}
	}
	for _, c := range m.desk.Conversations() {
		s.Sessions = append(s.Sessions, session(c))
	}
	return s
}

func session(c *mockdesk.Conversation) Session {
	now := c.Snapshot()
	s := Session{
		ID: now.ID, Key: now.ID, State: now.State, Context: now.Context, Typing: now.UserTypes, Read: now.UserRead, Closures: now.Closures, Listeners: c.Listeners(),
	}
	for _, a := range now.Agents {
		s.Agents = append(s.Agents, Agent(a))
	}
	for _, l := range c.Transcript() {
		s.Transcript = append(s.Transcript, Line{Cursor: l.Cursor, Role: l.Role, Name: l.Name, Text: l.Text})
	}
	for _, a := range now.Attachments {
		s.Files = append(s.Files, File{Key: a.Key, Name: a.Name, Type: a.Type, Size: a.Size, SHA256: a.SHA256, Outcome: a.Outcome})
	}
	for _, screen := range c.Screens() {
		s.Screens = append(s.Screens, Screen{ID: screen.ID, Said: screen.Said})
	}
	return s
}
